"""Nothing a page needs comes from elsewhere, and nothing it does not need is shipped."""

import shutil
from pathlib import Path

TEMPLATES = Path(__file__).with_name("templates")
STATIC = Path(__file__).resolve().parents[1] / "static"

# Shipped by the themes, asked for by no page of this book.
NEEDLESS = (
    "scripts/fontawesome.js",
    "**/*.map",
    "**/*.ttf",
    "**/*.LICENSE.txt",
    "**/*macros.html",
    "locales",
    "*.mo",
)

# Where pages are opened from disk, browsers refuse `fetch`, and with it Sphinx's excerpts of
# search results. The results themselves come from a script and stay.
NO_EXCERPTS_FROM_DISK = (
    'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
)


def add_paths(app, config):
    """Let this package's templates and static files take part in the build."""
    config.templates_path.insert(0, str(TEMPLATES))
    config.html_static_path.append(str(STATIC))


def mend_search(app, pagename, templatename, context, doctree):
    """Keep the search page silent when it is opened from disk."""
    if pagename == "search":
        app.add_js_file(None, body=NO_EXCERPTS_FROM_DISK)


def prune(app, exception):
    """Remove what no page asks for from the built `_static` folder."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for pattern in NEEDLESS:
        for path in list(static.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def setup(app):
    # Jupyter Book sets this value of sphinx_comments, which the book does not load.
    app.add_config_value("comments_config", {}, "")
    app.connect("config-inited", add_paths)
    app.connect("html-page-context", mend_search)
    # After the themes, which copy their files at the end of a build.
    app.connect("build-finished", prune, priority=900)
