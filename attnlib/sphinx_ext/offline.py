"""Nothing a page needs comes from elsewhere, and nothing it does not need is shipped."""


def setup(app):
    pass
