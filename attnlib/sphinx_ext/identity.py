"""The book's look: its tokens, fonts and page styles, added to the theme."""


def setup(app):
    app.add_css_file("tokens.css", priority=600)
    app.add_css_file("book.css", priority=610)
