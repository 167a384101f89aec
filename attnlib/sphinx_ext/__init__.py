"""The book's own Sphinx extension: execution, mathematics, offline pages, figures, identity, links.

Nothing here runs when `attnlib` is imported; Jupyter Book loads it by name (_config.yml). A part
that is imported alone brings nothing of the others, which import the theme, fonts and databases.
"""

from importlib import import_module

PARTS = (
    "execution",
    "mathml",
    "offline",
    "icons",
    "accessibility",
    "identity",
    "figures",
    "reading",
    "reference",
    "whole",
    "carriers",
    "address",
    "sharing",
    "not_found",
    "smollm2",
)


def setup(app):
    """Register every part with the Sphinx application `app`."""
    for part in PARTS:
        import_module(f".{part}", __name__).setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
