"""What a page needs of a figure, and a page of its own for one."""

import base64
import json
from html import escape
from pathlib import Path

from attnlib.figures.tokens import STATIC

# Dark or light as the reader's system is, and as it changes.
THEME = """
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => (document.documentElement.dataset.theme = dark.matches ? "dark" : "light");
dark.addEventListener("change", follow);
follow();
"""
GROUND = """
body { margin: 0; background: var(--al-paper); color: var(--al-ink) }
main { max-width: 94rem; margin: 0 auto; padding: clamp(0px, 1vw, 1rem) }
main .al-figure { margin: 0 }
h1 { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
"""
# Nothing is asked for: whatever the model's tokens are, they stay on the reader's computer.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:"
)


def page_state(figure):
    """What a page needs to draw `figure`, as JSON that is safe inside a script element."""
    state = figure.get_state(figure.page_traits())
    text = json.dumps(state, separators=(",", ":"), default=_text_of)
    return text.replace("<", "\\u003c")


def _text_of(value):
    """Bytes as base64: JSON has none."""
    return base64.b64encode(value).decode("ascii")


def host(figure, width=""):
    """The figure's state, and the still picture that stands there until the script takes over.

    `width` is a class that the book's theme knows.
    """
    name = escape(type(figure).__name__)
    return (
        f'<div class="al-host {width}" data-host-of="{name}">'
        f'<script type="application/json">{page_state(figure)}</script>'
        f'<div class="al-still">{figure.still()}</div></div>'
    )


def _read(name):
    return (STATIC / name).read_text(encoding="utf-8")


def document(figure):
    """One HTML file that holds `figure`, alive: it needs no network and no file beside it."""
    title = escape(figure.title)
    # What would end the element may stand in the script's strings.
    code = _read(figure.script).replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><script>{THEME}</script>"
        f"<style>{_read('tokens.css')}{_read('figures.css')}{GROUND}</style></head>"
        f"<body><main><h1>{title}</h1>{host(figure)}</main>"
        f"<script data-attnlib-page>{code}</script></body></html>\n"
    )


def save(figure, path):
    """Write `document` to `path`; the path it was written to."""
    path = Path(path)
    if path.suffix not in (".html", ".htm"):
        raise ValueError(f"{str(path)!r} is no name of a page; expected one that ends in .html")
    path.write_text(document(figure), encoding="utf-8")
    return path
