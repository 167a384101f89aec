"""Where the tests get a WebKit: WebKitGTK's, on a screen that nobody sees, with a mouse there."""

import os
import shutil
import subprocess
from contextlib import contextmanager

PACKAGES = {"WebKitWebDriver": "webkit2gtk-driver", "Xvfb": "xvfb", "xdotool": "xdotool"}
SIZE = "1600x1200x24"  # of the screen, and bits a pixel


class NoWebKit(LookupError):
    """WebKit, or what it needs, is not on this machine; the message says how to get it."""


def find():
    """The path of WebKit's driver; raises `NoWebKit` where it, or what it needs, is missing."""
    missing = [name for name in PACKAGES if shutil.which(name) is None]
    if missing:
        packages = " ".join(PACKAGES[name] for name in missing)
        raise NoWebKit(f"no WebKit: {', '.join(missing)} not found (apt install {packages})")
    return shutil.which("WebKitWebDriver")


@contextmanager
def screen():
    """A screen (X display) of its own; gives its name, such as ":99"."""
    told, tell = os.pipe()
    command = ["Xvfb", "-displayfd", str(tell), "-screen", "0", SIZE, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[tell], stderr=subprocess.DEVNULL)
    os.close(tell)
    try:
        with open(told) as number:
            yield f":{number.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def driver(port):
    """WebKit's driver (WebDriver) on `port`: gives its address, and the environment of its screen.

    Raises `NoWebKit` where it, or what it needs, is missing.
    """
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    path = find()
    with screen() as display:
        environment = os.environ | {"DISPLAY": display, "GDK_BACKEND": "x11"}
        server = subprocess.Popen([path, f"--port={port}"], env=environment, **quiet)
        try:
            yield f"http://127.0.0.1:{port}", environment
        finally:
            server.terminate()
            server.wait()
