"""What a shared link shows elsewhere: the page's title, how it begins, and a picture.

Chats and other sites read these tags from a page's head (https://ogp.me), and search engines
the description. All of it is written when the book is built; nothing is asked for.
"""

import re
from html import escape
from itertools import takewhile
from pathlib import Path

from docutils import nodes
from markupsafe import Markup
from sphinx.errors import ConfigError
from sphinx.util.images import get_image_size

from attnlib.sphinx_ext.address import published

LENGTH = 200  # characters of a description; previews cut longer ones in the middle of a sentence
SENTENCE_ENDS = re.compile(r"(?<=[.?!])\s+(?![a-z])")
BRACED = re.compile(r"\{([\w√]+)\}")
TEX = re.compile(r"[\\{}]")


def plain(text):
    """The words of a text node; of a short formula, the way one types it: √d_head."""
    words = text.astext()
    if isinstance(text.parent, nodes.math):
        words = words.replace(r"\text", "").replace(r"\sqrt", "√")
        while BRACED.search(words):
            words = BRACED.sub(r"\1", words)
    return words


def opening(doctree):
    """The text of the paragraphs that follow a page's title, up to whatever else comes."""
    _, *parts = next(doctree.findall(nodes.section), [None])
    first = takewhile(lambda part: isinstance(part, nodes.paragraph), parts)
    words = ("".join(map(plain, part.findall(nodes.Text))) for part in first)
    return " ".join(" ".join(words).split())


def description(doctree):
    """The first sentence of a page, a chapter's question, and those after it that fit.

    It ends before a formula that needs to be set.
    """
    kept, *more = SENTENCE_ENDS.split(opening(doctree))
    for sentence in more:
        if TEX.search(sentence) or len(kept) + 1 + len(sentence) > LENGTH:
            break
        kept += f" {sentence}"
    return kept


def described(app, doctree):
    """The description of a page; a page without a text of its own has the landing page's."""
    own = description(doctree) if doctree else ""
    return own or description(app.env.get_doctree(app.config.root_doc))


def picture(app, pathto):
    """The tags of the book's picture: its address, absolute where one is known, size and words."""
    if not app.config.attnlib_picture:
        return {}
    path = Path(app.srcdir, app.config.attnlib_picture)
    width, height = get_image_size(path)
    shipped = f"_static/{path.name}"
    base = app.config.html_baseurl
    return {
        "og:image": base + shipped if base else pathto(shipped, True),
        "og:image:width": width,
        "og:image:height": height,
        "og:image:alt": app.config.attnlib_picture_alt,
    }


def tags(app, pagename, context, doctree):
    """The properties of a page, by their Open Graph names, and those that have others."""
    address = published(app, pagename)
    text = described(app, doctree)
    shown = picture(app, context["pathto"])
    properties = {
        "og:type": "article" if doctree and pagename != app.config.root_doc else "website",
        "og:site_name": app.config.html_title,
        "og:title": Markup(context.get("title") or app.config.html_title).striptags(),
        "og:description": text,
        **({"og:url": address} if address else {}),
        **shown,
    }
    return properties, {
        "description": text,
        "twitter:card": "summary_large_image" if shown else "summary",
    }


def add_tags(app, pagename, templatename, context, doctree):
    """Put the tags into the page's head, where the theme puts other metadata."""
    for attribute, named in zip(
        ("property", "name"), tags(app, pagename, context, doctree), strict=True
    ):
        for name, content in named.items():
            tag = f'\n<meta {attribute}="{name}" content="{escape(str(content))}" />'
            context["metatags"] = context.get("metatags", "") + tag


def ship_picture(app, config):
    """Let the picture be copied to the static files; refuse a name that leads to none."""
    if not config.attnlib_picture:
        return
    path = Path(app.srcdir, config.attnlib_picture)
    if get_image_size(path) is None:
        raise ConfigError(
            f"attnlib_picture is {config.attnlib_picture!r}, and {path} is no picture that can be "
            "read. Name a PNG or JPEG file, as seen from the book's folder."
        )
    config.html_static_path.append(str(path))


def setup(app):
    app.add_config_value("attnlib_picture", "", "html", [str])
    app.add_config_value("attnlib_picture_alt", "", "html", [str])
    app.connect("config-inited", ship_picture)
    app.connect("html-page-context", add_tags)
