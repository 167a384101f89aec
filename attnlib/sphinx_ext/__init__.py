"""The book's own Sphinx extension: execution, mathematics, offline pages, figures, identity, links.

Nothing here runs when `attnlib` is imported; Jupyter Book loads it by name (_config.yml).
"""

from . import (
    accessibility,
    address,
    carriers,
    execution,
    figures,
    icons,
    identity,
    mathml,
    not_found,
    offline,
    reading,
    reference,
    sharing,
    smollm2,
    whole,
)

PARTS = (
    execution,
    mathml,
    offline,
    icons,
    accessibility,
    identity,
    figures,
    reading,
    reference,
    whole,
    carriers,
    address,
    sharing,
    not_found,
    smollm2,
)


def setup(app):
    """Register every part with the Sphinx application `app`."""
    for part in PARTS:
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
