"""The verdicts that a submission's checks wrote down."""

import json
import os
import stat
from dataclasses import dataclass

from attnlib.exercises import exercises

SOLVED, WRONG, NOT_ATTEMPTED = "solved", "wrong", "not attempted"
LONGEST_RECORD = 10_000_000  # bytes that are read of what a student's code can write


@dataclass(frozen=True)
class Verdict:
    """What `check` said: the state, the id of the mistake, and all of it as text."""

    exercise: str
    state: str
    diagnosis: str = ""
    text: str = ""


def read_record(path):
    """The last verdict on each exercise, by its id.

    The file lay open to the student's code: whatever is not a verdict is passed over.
    """
    verdicts = {}
    for line in lines_of(path):
        try:
            verdict = verdict_in(json.loads(line))
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        verdicts[verdict.exercise] = verdict
    return verdicts


def lines_of(path):
    """The lines of a file, and of nothing else: no link, no pipe, no more than so much."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return []
            return file.read(LONGEST_RECORD).decode(errors="replace").splitlines()
    except OSError:
        return []


def verdict_in(entry):
    """The `Verdict` in a line. Raises one of several exceptions if `check` never wrote it."""
    verdict = Verdict(*(entry[key] or "" for key in ("exercise", "state", "diagnosis", "text")))
    known = [diagnosis.id for diagnosis in exercises()[verdict.exercise].diagnoses]
    expected = known if verdict.state == WRONG else [""]
    if verdict.state not in (SOLVED, WRONG, NOT_ATTEMPTED) or verdict.diagnosis not in expected:
        raise ValueError("no state, or no mistake of this exercise")
    if not isinstance(verdict.text, str):
        raise TypeError("no text")
    return verdict
