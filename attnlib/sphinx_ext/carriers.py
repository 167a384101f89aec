"""Files that a page hands on, each with a script that carries it.

A page opened from disk may load scripts, but it reads no files, and its links download none. So
the font of saved pictures and the sources of pages also stand there in base64, as scripts:
js/src/core/carried.js.
"""

import base64
from pathlib import Path

CARRIED = ("_static/fonts/inter-subset.woff2", "_sources/**/*.ipynb", "_sources/**/*.md")


def write_carriers(app, exception):
    """Write, beside each file of `CARRIED`, the script that carries it."""
    if exception is not None or app.builder.format != "html":
        return
    for pattern in CARRIED:
        for path in Path(app.outdir).glob(pattern):
            text = base64.b64encode(path.read_bytes()).decode()
            carrier = path.with_name(f"{path.name}.js")
            carrier.write_text(f'globalThis.attnlibCarried = "{text}";\n', encoding="ascii")


def setup(app):
    # After Sphinx has copied the static files.
    app.connect("build-finished", write_carriers, priority=900)
