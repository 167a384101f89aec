"""Where the tests, the benchmark and the picture of the README get their browser."""

import os
import shutil
from pathlib import Path

# The first is Chromium without its windows: the same engine, a quarter less of the processor.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
HOW_TO_GET_ONE = (
    "no Chromium found: install one (apt install chromium, or "
    ".venv/bin/python -m playwright install chromium), or name it in $CHROMIUM"
)


class NoChromium(LookupError):
    """There is no Chromium on this machine; the message says how to get one."""


def find(playwright):
    """The path of a Chromium: $CHROMIUM, then the PATH, then Playwright's own.

    Raises `NoChromium` where there is none, or where $CHROMIUM is no program.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        path = shutil.which(named)
        if path is None:
            raise NoChromium(f"CHROMIUM={named} is no program")
        return path
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    own = playwright.chromium.executable_path
    if on_path is None and not Path(own).exists():
        raise NoChromium(HOW_TO_GET_ONE)
    return on_path or own


def launch(playwright):
    """A headless Chromium that asks nothing of the network by itself."""
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*QUIET, *(["--no-sandbox"] if as_root else [])]
    return playwright.chromium.launch(executable_path=find(playwright), args=arguments)
