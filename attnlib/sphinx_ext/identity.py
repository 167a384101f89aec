"""The book's look: its tokens, fonts and page styles, added to the theme; and its name."""


def name_once(app, pagename, templatename, context, doctree):
    """Titles end with the book's name; the landing page's is that name already."""
    if pagename == app.config.root_doc:
        context["docstitle"] = ""


def setup(app):
    app.connect("html-page-context", name_once)
    app.add_css_file("tokens.css", priority=600)
    app.add_css_file("book.css", priority=610)
