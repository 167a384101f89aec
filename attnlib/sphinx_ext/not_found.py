"""404.html: what GitHub Pages shows for an address that leads nowhere.

It stands in for any address, however deep, so it can ask for nothing that lies beside it. Its
styles are in it, and its links start from the path of the published address. Opened by its own
name, from disk or anywhere else, it knows where it is, and a script shortens them.
"""

import base64
from urllib.parse import urlsplit

from attnlib.sphinx_ext.offline import STATIC
from attnlib.sphinx_ext.whole import chapters_of

PAGE = "404"


def contents(app):
    """What templates/404.html needs: where links start, the chapters, colours and the icon."""
    address = app.builder.get_target_uri
    return {
        "start": urlsplit(app.config.html_baseurl).path,
        "home": address(app.config.root_doc),
        "search": address("search"),
        "chapters": [
            (number, title, address(docname))
            for number, (docname, title) in sorted(chapters_of(app.env).items())
        ],
        "tokens": (STATIC / "tokens.css").read_text(encoding="utf-8"),
        "icon": base64.b64encode((STATIC / "favicon.svg").read_bytes()).decode(),
    }


def collect(app):
    """The page, for Sphinx to write beside the landing page."""
    return [(PAGE, contents(app), f"{PAGE}.html")]


def setup(app):
    app.connect("html-collect-pages", collect)
