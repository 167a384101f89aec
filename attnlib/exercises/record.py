"""Verdicts, written down as they come, for whoever runs other people's notebooks."""

import json
import os

FILE = "ATTNLIB_RECORD"  # environment variable; without it nothing is written


def write(verdict):
    """Append the verdict, a line of JSON, to the file that ATTNLIB_RECORD names.

    Raises `OSError` if that file cannot be written.
    """
    if not (path := os.environ.get(FILE)):
        return
    entry = {
        "exercise": verdict.exercise,
        "state": verdict.state,
        "diagnosis": verdict.hint,
        "text": repr(verdict),
    }
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
