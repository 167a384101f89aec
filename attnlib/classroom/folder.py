"""What lies in a folder of submissions: notebooks to run, and a reason for whatever is none."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
PACKED_BY_MAC = "__MACOSX"  # its archives keep a copy of each name there, and no notebook
FIRST_BYTES = 1 << 17  # of a file with another name, to see whether it is a notebook
KEYS = ('"cells"', '"nbformat"')  # one of them stands before what may be long
NOTEBOOK, IGNORED, UNREADABLE = "notebook", "ignored", "unreadable"


@dataclass(frozen=True)
class Found:
    """Something in the folder: its path there, what it is taken for, and why."""

    path: Path
    kind: str
    reason: str = ""


def found_in(folder):
    """A `Found` for all that lies below `folder`, sorted by path.

    A folder that holds something is not told itself; links are not followed, hidden folders
    not entered.
    """
    found, waiting = [], [Path()]
    while waiting:
        here = waiting.pop()
        try:
            names = os.listdir(folder / here)
        except OSError as error:
            found.append(Found(here, UNREADABLE, f"cannot be looked into: {error.strerror}"))
            continue
        if not names and here != Path():
            found.append(Found(here, IGNORED, "an empty folder"))
        for path in (here / name for name in names):
            each = seen(folder, path)
            waiting.append(path) if each is None else found.append(each)
    return sorted(found, key=lambda each: each.path)


def seen(folder, path):
    """What the `path` in `folder` is; None if it is a folder to look into."""
    if path.name.startswith(".") or path.name == PACKED_BY_MAC:
        return Found(path, IGNORED, "hidden: rename it if it is a submission")
    try:
        mode = os.lstat(folder / path).st_mode
        if stat.S_ISDIR(mode):
            return None
        if stat.S_ISLNK(mode):
            reason = "a link, and links are not followed: put the file itself there"
            return Found(path, UNREADABLE, reason)
        if not stat.S_ISREG(mode):
            return Found(path, UNREADABLE, "no file, but a pipe, a socket or a device")
        return taken_for(folder, path)
    except OSError as error:
        return Found(path, UNREADABLE, f"cannot be read: {error.strerror}")


def taken_for(folder, path):
    """A notebook under any name, as browsers and mail programs change it, or something else."""
    name = path.name.lower()
    if ".ipynb" in name and not name.endswith(ARCHIVES):
        return Found(path, NOTEBOOK)
    if name.endswith(ARCHIVES):
        return Found(path, UNREADABLE, "an archive: unpack it, and run the command again")
    with open(folder / path, "rb") as file:
        start = file.read(FIRST_BYTES)
    text = start.decode(json.detect_encoding(start), "replace").lstrip()
    if text.startswith("{") and any(key in text for key in KEYS):
        return Found(path, NOTEBOOK)
    return Found(path, IGNORED, "no notebook")
