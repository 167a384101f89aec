"""Ship the twenty icons that the pages show, not the theme's two thousand.

The theme draws icons with three fonts, 300 KB. After every build they are cut down to the icons
whose names (`fa-rocket`) stand in a page or a script.
"""

import logging
import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset

THEME_STATIC = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
FONTS = "vendor/fontawesome/webfonts"
STYLES = "styles/pydata-sphinx-theme.css"

NAME = re.compile(r"\bfa-[a-z0-9-]+")
# An icon that a style sheet shows by itself, such as the arrow of contents that are folded up.
SHOWN = re.compile(r'content:"\\([0-9a-f]{4})";font-family:Font Awesome')
RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:{1,2}before,?)+)\{content:"\\([0-9a-f]+)')


def names_used(folder):
    """Every icon name, or what looks like one, in the pages and scripts under `folder`."""
    files = [path for suffix in ("html", "js") for path in folder.rglob(f"*.{suffix}")]
    return {name for path in files for name in NAME.findall(path.read_text(encoding="utf-8"))}


def code_points(styles):
    """The code point of every icon name that the style sheet text `styles` defines."""
    return {
        name: int(code, 16)
        for selectors, code in RULE.findall(styles)
        for name in NAME.findall(selectors)
    }


def shown_by_styles(folder):
    """The code points of icons that the style sheets under `folder` show without a name."""
    sheets = (path.read_text(encoding="utf-8") for path in folder.rglob("*.css"))
    return {int(code, 16) for sheet in sheets for code in SHOWN.findall(sheet)}


def cut(source, target, kept):
    """Write to `target` the glyphs of the font `source` for the code points `kept`."""
    options = subset.Options(flavor="woff2", layout_features=[], hinting=False)
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=kept)
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def ship_used_icons(app, exception):
    """Replace the built icon fonts by what the pages use, cut from the theme's own files."""
    if exception is not None or app.builder.format != "html":
        return
    built = Path(app.outdir)
    target = built / "_static" / FONTS
    if not target.is_dir():
        return
    known = code_points((THEME_STATIC / STYLES).read_text(encoding="utf-8"))
    kept = {known[name] for name in names_used(built) & known.keys()} | shown_by_styles(built)
    for font in target.glob("*.woff2"):
        cut(THEME_STATIC / FONTS / font.name, font, kept)


def setup(app):
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # else a line for every table
    # After the theme has copied its fonts.
    app.connect("build-finished", ship_used_icons, priority=900)
