"""The book's look: its tokens, fonts and page styles, added to the theme."""

import base64
from pathlib import Path

FONT = "fonts/inter-subset.woff2"


def ship_font_as_script(app, exception):
    """Write Inter beside its file as a script: js/src/core/picture.js puts it into saved pictures.

    Of a page opened from disk, a script may load other scripts but not read a font.
    """
    if exception is not None or app.builder.format != "html":
        return
    font = Path(app.outdir) / "_static" / FONT
    text = base64.b64encode(font.read_bytes()).decode()
    font.with_suffix(".js").write_text(f'globalThis.attnlibFont = "{text}";\n', encoding="ascii")


def setup(app):
    app.add_css_file("tokens.css", priority=600)
    app.add_css_file("book.css", priority=610)
    # After Sphinx has copied the static files.
    app.connect("build-finished", ship_font_as_script, priority=900)
