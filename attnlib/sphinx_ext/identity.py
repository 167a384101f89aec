"""The book's look: its tokens, fonts and page styles, added to the theme; and its name."""


def name_once(app, pagename, templatename, context, doctree):
    """Titles end with the book's name; the landing page's is that name already."""
    if pagename == app.config.root_doc:
        context["docstitle"] = ""
        # The theme would leave its link to the landing page without a text.
        context["theme_logo"] = {**context["theme_logo"], "text": app.config.html_title}


def setup(app):
    app.connect("html-page-context", name_once)
    app.add_css_file("tokens.css", priority=600)
    app.add_css_file("book.css", priority=610)
