"""Where the themes' HTML fails axe-core's rules, mend it.

The logo's landmark is mended in templates/navbar-logo.html.
"""

# docutils marks bibliography entries with a role that ARIA 1.3 has withdrawn, inside of a
# `role="list"`, whose children must be list items.
REPLACEMENTS = ((' role="doc-biblioentry"', ' role="listitem"'),)


def mend_body(app, pagename, templatename, context, doctree):
    """Replace, in a page's article, what the writers should have written."""
    for wrong, right in REPLACEMENTS:
        context["body"] = context.get("body", "").replace(wrong, right)


def setup(app):
    app.connect("html-page-context", mend_body)
