"""Where the tests get a Firefox: the published one, told what to do over WebDriver BiDi."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

NAMES = ("firefox-esr", "firefox")
HOW_TO_GET_ONE = "no Firefox found: install one (apt install firefox-esr), or name it in $FIREFOX"
PATIENCE = 60  # seconds, for a start on a busy machine
PAUSE = 0.05


class NoFirefox(LookupError):
    """There is no Firefox on this machine; the message says how to get one."""


def find():
    """The path of a Firefox: $FIREFOX, then the PATH.

    Raises `NoFirefox` where there is none, or where $FIREFOX is no program.
    """
    named = os.environ.get("FIREFOX")
    path = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
    if path is None:
        raise NoFirefox(f"FIREFOX={named} is no program" if named else HOW_TO_GET_ONE)
    return path


@contextmanager
def launched(preferences=None):
    """A headless Firefox with a profile of its own: gives the address of its WebDriver BiDi.

    `preferences` are those of about:config, `{name: value}`.
    """
    path = find()
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as profile:
        wanted = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in (preferences or {}).items()
        ]
        Path(profile, "user.js").write_text("".join(wanted), encoding="utf-8")
        command = [path, "--headless", "--no-remote", "--profile", profile]
        browser = subprocess.Popen(
            [*command, "--remote-debugging-port=0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield address_of(browser, Path(profile, "WebDriverBiDiServer.json"))
        finally:
            browser.terminate()
            browser.wait()


def address_of(browser, told):
    """What Firefox writes into the file `told` when it listens."""
    end = time.monotonic() + PATIENCE
    while browser.poll() is None and time.monotonic() < end:
        if told.exists() and (text := told.read_text(encoding="utf-8")):
            there = json.loads(text)
            return f"ws://{there['ws_host']}:{there['ws_port']}/session"
        time.sleep(PAUSE)
    raise RuntimeError(f"{browser.args[0]} did not start: it ended, or took over {PATIENCE} s")
