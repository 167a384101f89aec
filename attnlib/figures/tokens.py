"""The colour tokens of the book, as attnlib/static/tokens.css declares them."""

import re
from importlib import resources

STATIC = resources.files("attnlib") / "static"

_DECLARATION = re.compile(r"(--al-[\w-]+):\s*(#[0-9a-f]{6});")


def tokens(theme="light"):
    """The colour tokens of `theme`, "light" or "dark": `{"--al-ink": "#1d2331", ...}`."""
    light, dark = (STATIC / "tokens.css").read_text(encoding="utf-8").split("html[data-theme", 1)
    return dict(_DECLARATION.findall({"light": light, "dark": dark}[theme]))
