"""The address under which the book is published, each page's own, and the sitemap that lists them.

`html: baseurl:` in _config.yml names it. Without that it follows from the repository: GitHub
Pages publishes every repository at an address made of its owner and its name. Where neither is
known, pages name no address, and there is no sitemap.
"""

import re
from pathlib import Path
from xml.etree import ElementTree

REPOSITORY = re.compile(r"https?://github\.com/([\w-]+)/([\w.-]+?)(?:\.git)?/?")
SITEMAP = "sitemap.xml"
SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"


def on_pages(repository):
    """Where GitHub Pages publishes the repository at the URL `repository`; "" for other hosts."""
    found = REPOSITORY.fullmatch(repository)
    if not found:
        return ""
    owner, name = found[1].lower(), found[2]
    own_site = name.lower() == f"{owner}.github.io"
    return f"https://{owner}.github.io/" + ("" if own_site else f"{name}/")


def choose_address(app, config):
    """Settle `html_baseurl`, with its final slash, or "" where no address is known."""
    named = config.html_baseurl or on_pages(config.html_theme_options.get("repository_url", ""))
    config.html_baseurl = named and named.rstrip("/") + "/"


def published(app, pagename):
    """The public address of a page, None where the book has none.

    The landing page is what the bare address shows, so that is its name.
    """
    base = app.config.html_baseurl
    if not base:
        return None
    return base if pagename == app.config.root_doc else base + app.builder.get_target_uri(pagename)


def name_page(app, pagename, templatename, context, doctree):
    """Tell the theme, which writes the canonical link, the page's public address."""
    context["pageurl"] = published(app, pagename)


def write_sitemap(app, exception):
    """List every document of the book, also those that this build had no need to write again."""
    if exception is not None or app.builder.format != "html":
        return
    path = Path(app.outdir) / SITEMAP
    if not app.config.html_baseurl:
        path.unlink(missing_ok=True)
        return
    root = ElementTree.Element("urlset", xmlns=SCHEMA)
    for document in sorted(app.env.found_docs):
        entry = ElementTree.SubElement(root, "url")
        ElementTree.SubElement(entry, "loc").text = published(app, document)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def setup(app):
    app.connect("config-inited", choose_address)
    app.connect("html-page-context", name_page)
    app.connect("build-finished", write_sitemap)
