"""What a class made of its exercises, as tables for the eye and as CSV."""

import csv
import textwrap
import unicodedata
from collections import Counter
from itertools import groupby

from attnlib.classroom.marks import STATES
from attnlib.classroom.verdicts import SOLVED, WRONG
from attnlib.exercises import chapters

LONGEST_NAME = 48  # characters of a notebook's path that a table shows
LONGEST_LINE = 200  # characters of a note
GAP = "  "
COLUMNS = ("notebook", "chapter", "exercise", "state", "diagnosis")
NOT_RUN, NOTHING = "not run", "nothing to check"
FORMULA = ("=", "+", "-", "@")  # what a spreadsheet takes for a calculation


def text(results):
    """The report on a class: a table for each chapter, lists, and a last line with counts."""
    parts = []
    for number, chapter in enumerate(chapters(), start=1):
        if of_chapter := [each for each in results if each.chapter == chapter and each.marks]:
            parts += [f"Chapter {number}, {chapter}", table(of_chapter)]
    parts += [listed(title, entries) for title, entries in lists(results).items()]
    return "\n\n".join([*parts, counts(results)])


def lists(results):
    """What is told beside the tables: by title, pairs of a result and a sentence about it."""
    told = {
        "Notes": [(each, note) for each in results for note in each.notes],
        "Nothing to check": [(each, each.ignored) for each in results if each.ignored],
        "Could not be run": [(each, each.failure) for each in results if each.failure],
    }
    return {title: entries for title, entries in told.items() if entries}


def listed(title, entries):
    """A list of notes by name: one beside its name, more of them below it."""
    lines = [f"{title}:"]
    for name, group in groupby(entries, key=lambda entry: entry[0].name):
        notes = [shortened(note) for _, note in group]
        if len(notes) == 1:
            lines.append(f"{GAP}{shown(name)}: {notes[0]}")
        else:
            lines += [f"{GAP}{shown(name)}:", *(2 * GAP + note for note in notes)]
    return "\n".join(lines)


def table(results):
    """The marks of a chapter, a row for each notebook; below, how many solved what, and what
    went wrong most often."""
    head = ["", *(mark.exercise for mark in results[0].marks)]
    rows = [[clipped(shown(each.name)), *map(cell, each.marks)] for each in results]
    below = [[title, *cells] for title, cells in summary(results).items()]
    widths = [max(map(width, column)) for column in zip(head, *rows, *below, strict=True)]
    rule = ["-" * each for each in widths]
    lines = [head, rule, *rows, rule, *below]
    return "\n".join(GAP.join(map(padded, line, widths)).rstrip() for line in lines)


def summary(results):
    """For each exercise of a chapter, how many solved it, and the most frequent mistake."""
    columns = list(zip(*(each.marks for each in results), strict=True))
    return {
        "solved": [f"{states(column)[SOLVED]} of {len(column)}" for column in columns],
        "most frequent mistake": [most_frequent(column) for column in columns],
    }


def cell(mark):
    return shown(clipped(f"{mark.state}: {mark.reason}")) if mark.reason else mark.state


def states(marks):
    return Counter(mark.state for mark in marks)


def most_frequent(marks):
    """The mistake that most of `marks` share, the first by name among equals, and how many."""
    mistakes = Counter(sorted(mark.reason for mark in marks if mark.state == WRONG))
    return "".join(f"{name} ({count})" for name, count in mistakes.most_common(1))


def counts(results):
    """The last line."""
    found = states(mark for each in results for mark in each.marks)
    marked = sum(1 for each in results if each.marks)
    line = f"{counted(marked, 'notebook')}: "
    line += ", ".join(f"{found[state]} {state}" for state in STATES)
    failed = sum(1 for each in results if each.failure)
    return line + (f"; {failed} more could not be run" if failed else "") + "."


def counted(n, noun):
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def write_csv(results, file):
    """A row for each notebook and exercise; a notebook that was not run has one row.

    `file` is an open text file (`newline=""`).
    """
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for each in results:
        marks = [(mark.exercise, mark.state, mark.reason) for mark in each.marks]
        reason = each.failure or each.ignored
        for row in marks or [("", NOT_RUN if each.failure else NOTHING, reason)]:
            writer.writerow([harmless(entry) for entry in (each.name, each.chapter or "", *row)])


def harmless(entry):
    """`entry` as a spreadsheet takes it for a text: a path stays one."""
    entry = shown(entry)
    return f"./{entry}" if entry.startswith(FORMULA) else entry


def shown(name):
    """`name` without characters that would steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def shortened(note):
    """`note` on one line, cut between two words when it is too long."""
    return shown(textwrap.shorten(note, LONGEST_LINE, placeholder=" ..."))


def clipped(line, longest=LONGEST_NAME):
    """`line`, or its beginning and its end when it is too long."""
    if len(line) <= longest:
        return line
    half = (longest - 3) // 2
    return f"{line[:half]}...{line[-half:]}"


def width(line):
    """Columns on a terminal, where Chinese characters take two and accents none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    return len(line) + wide - sum(unicodedata.combining(c) > 0 for c in line)


def padded(line, columns):
    return line + " " * (columns - width(line))
