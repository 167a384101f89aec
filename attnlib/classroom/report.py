"""What a class made of its exercises, as tables for the eye and as CSV."""

import csv
import unicodedata
from collections import Counter

from attnlib.classroom.marking import NOT_ATTEMPTED, NOT_REACHED, SOLVED, WRONG
from attnlib.exercises import chapters

LONGEST_NAME = 48  # characters of a notebook's path that a table shows
LONGEST_LINE = 200  # characters of a note
GAP = "  "
COLUMNS = ("notebook", "chapter", "exercise", "state", "diagnosis")
NOT_RUN = "not run"
FORMULA = ("=", "+", "-", "@")  # what a spreadsheet takes for a calculation


def text(results):
    """The report on a class: a table for each chapter, notes, and a last line with counts."""
    parts = []
    for number, chapter in enumerate(chapters(), start=1):
        if of_chapter := [each for each in results if each.chapter == chapter and each.marks]:
            parts += [f"Chapter {number}, {chapter}", table(of_chapter)]
    foreign = [each for each in results if each.chapter is None and not each.failure]
    lists = {
        "Notes": [(each, "; ".join(each.notes)) for each in results if each.notes],
        "Nothing to check": [(each, "no exercise of the book in it") for each in foreign],
        "Could not be run": [(each, each.failure) for each in results if each.failure],
    }
    for title, entries in lists.items():
        if entries:
            lines = (f"{GAP}{shown(each.name)}: {shown(note)}" for each, note in entries)
            parts.append("\n".join([f"{title}:", *(clipped(line, LONGEST_LINE) for line in lines)]))
    return "\n\n".join([*parts, counts(results)])


def table(results):
    """The marks of a chapter, a row for each notebook; below, how many solved what, and what
    went wrong most often."""
    columns = list(zip(*(each.marks for each in results), strict=True))
    head = ["", *(column[0].exercise for column in columns)]
    rows = [[clipped(shown(each.name)), *map(cell, each.marks)] for each in results]
    below = [
        ["solved", *(f"{states(column)[SOLVED]} of {len(column)}" for column in columns)],
        ["most frequent mistake", *map(most_frequent, columns)],
    ]
    widths = [max(map(width, column)) for column in zip(head, *rows, *below, strict=True)]
    rule = ["-" * each for each in widths]
    lines = [head, rule, *rows, rule, *below]
    return "\n".join(GAP.join(map(padded, line, widths)).rstrip() for line in lines)


def cell(mark):
    return f"{mark.state}: {mark.diagnosis}" if mark.diagnosis else mark.state


def states(marks):
    return Counter(mark.state for mark in marks)


def most_frequent(marks):
    """The mistake that most of `marks` share, the first by name among equals, and how many."""
    mistakes = Counter(sorted(mark.diagnosis for mark in marks if mark.state == WRONG))
    return "".join(f"{name} ({count})" for name, count in mistakes.most_common(1))


def counts(results):
    """The last line."""
    found = states(mark for each in results for mark in each.marks)
    order = (SOLVED, WRONG, NOT_ATTEMPTED, NOT_REACHED)
    line = f"{counted(len(results), 'notebook')}: "
    line += ", ".join(f"{found[state]} {state}" for state in order)
    failed = sum(1 for each in results if each.failure)
    return line + (f"; {counted(failed, 'notebook')} could not be run" if failed else "") + "."


def counted(n, noun):
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def write_csv(results, file):
    """A row for each notebook and exercise; a notebook that was not run has one row.

    `file` is an open text file (`newline=""`).
    """
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for each in results:
        name = shown(each.name)
        name = f"./{name}" if name.startswith(FORMULA) else name
        marks = [(mark.exercise, mark.state, mark.diagnosis) for mark in each.marks]
        for row in marks or [("", NOT_RUN, "")]:
            writer.writerow((name, each.chapter or "", *row))


def shown(name):
    """`name` without characters that would steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


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
