"""What a teacher reads: tables, notes and CSV of made-up results."""

import csv
import re

import pytest

from attnlib.classroom import report
from attnlib.classroom.marking import Result
from attnlib.classroom.marks import NOT_REACHED, Mark
from attnlib.classroom.verdicts import NOT_ATTEMPTED, SOLVED, WRONG
from tests.classroom.submitting import EXERCISES, HOSTILE

LONG = "one-matrix: its cell stopped with ValueError: " + "a word and another, " * 20


def marks(*first):
    rest = (Mark(id, NOT_ATTEMPTED) for id in EXERCISES[len(first) :])
    return (*(Mark(id, *mark) for id, mark in zip(EXERCISES, first, strict=False)), *rest)


RESULTS = [
    Result("ann.ipynb", "queries and keys", marks((SOLVED,), (WRONG, "raised"))),
    Result("bob.ipynb", "queries and keys", marks((WRONG, "transposed"))),
    Result("eve.ipynb", "queries and keys", marks((WRONG, "transposed")), ("a", LONG)),
    Result(
        "kim.ipynb",
        "queries and keys",
        marks((NOT_REACHED, "needs np"), (NOT_REACHED, "too long")),
        ("scores: it needs `np`",),
    ),
    Result(f"group 1/{HOSTILE}", "queries and keys", marks((SOLVED,))),
    Result("essay.ipynb", ignored="no exercise of the book in it"),
    Result("broken.ipynb", failure="an empty file"),
]


@pytest.fixture(scope="module")
def lines():
    return report.text(RESULTS).splitlines()


def row(lines, start):
    (found,) = (line for line in lines if line.startswith(start))
    return re.split(r"\s{2,}", found)


def test_rows_are_notebooks_and_columns_exercises(lines):
    assert lines[0] == "Chapter 3, queries and keys"
    assert lines[2].split() == list(EXERCISES)
    assert row(lines, "bob.ipynb") == ["bob.ipynb", "wrong: transposed"] + 4 * ["not attempted"]
    assert row(lines, "kim.ipynb")[1:3] == ["not reached: needs np", "not reached: too long"]


def test_below_stands_what_the_class_gets_wrong(lines):
    assert row(lines, "solved ")[1:] == ["2 of 5"] + 4 * ["0 of 5"]
    assert row(lines, "most frequent mistake")[1:] == ["transposed (2)", "raised (1)"]


def test_of_mistakes_that_are_as_frequent_the_first_by_name_is_told():
    wrong = [Mark("scores", WRONG, reason) for reason in ("raised", "axis")]
    assert report.most_frequent(wrong) == "axis (1)"


def test_notes_stand_below_their_name_and_are_cut_between_words(lines):
    start = lines.index("Notes:")
    assert lines[start + 1 : start + 3] == ["  eve.ipynb:", "    a"]
    assert lines[start + 4] == "  kim.ipynb: scores: it needs `np`"
    cut = lines[start + 3].removeprefix("    ")
    assert len(cut) <= report.LONGEST_LINE and cut.endswith((" word ...", " and ...", ", ..."))
    assert LONG.startswith(cut.removesuffix(" ..."))


def test_whatever_is_no_notebook_has_its_line(lines):
    start = lines.index("Nothing to check:")
    assert lines[start + 1] == "  essay.ipynb: no exercise of the book in it"
    assert lines[start + 3 : start + 5] == ["Could not be run:", "  broken.ipynb: an empty file"]


def test_the_last_line_counts(lines):
    assert lines[-1] == (
        "5 notebooks: 2 solved, 3 wrong, 18 not attempted, 2 not reached; 1 more could not be run."
    )


def test_a_hostile_name_steers_no_terminal_and_no_spreadsheet(lines, tmp_path):
    assert any(r"group 1/=kim\n\x1b[31m<b>.ipynb" in line for line in lines)
    assert all(line.isprintable() for line in lines)
    odd = Result("\udcff.ipynb", "softmax", (Mark("softmax", NOT_REACHED, "=1+1\n\udcff"),))
    rows = csv_of([Result("=1+1.ipynb", ignored="x"), odd], tmp_path)
    assert [each[0] for each in rows[1:]] == ["./=1+1.ipynb", r"\udcff.ipynb"]
    assert [report.harmless(f"{sign}1") for sign in "=+-@"] == ["./=1", "./+1", "./-1", "./@1"]
    assert rows[2][4] == r"./=1+1\n\udcff"
    assert "not reached: =1+1\\n\\udcff" in report.text([odd])


def csv_of(results, folder):
    with (folder / "class.csv").open("w+", encoding="utf-8", newline="") as file:
        report.write_csv(results, file)
        file.seek(0)
        return list(csv.reader(file))


def test_the_csv_has_a_row_for_each_exercise_and_for_each_other_thing(tmp_path):
    rows = csv_of(RESULTS, tmp_path)
    assert rows[0] == ["notebook", "chapter", "exercise", "state", "diagnosis"]
    assert ["bob.ipynb", "queries and keys", "scores", "wrong", "transposed"] in rows
    assert ["kim.ipynb", "queries and keys", "scores", "not reached", "needs np"] in rows
    assert ["broken.ipynb", "", "", "not run", "an empty file"] in rows
    assert ["essay.ipynb", "", "", "nothing to check", "no exercise of the book in it"] in rows
    assert len(rows) == 1 + 5 * 5 + 2


@pytest.mark.parametrize(
    ("letters", "columns"), [("abc", 3), ("名前", 4), ("e\N{COMBINING ACUTE ACCENT}", 1), ("", 0)]
)
def test_letters_take_the_columns_that_a_terminal_gives_them(letters, columns):
    assert report.width(letters) == columns


def test_wide_letters_and_long_names_keep_the_columns():
    names = ("名前.ipynb", "e\N{COMBINING ACUTE ACCENT}.ipynb", "x" * 80 + ".ipynb")
    results = [Result(name, "softmax", (Mark("scores", SOLVED),)) for name in names]
    lines = report.table(results).splitlines()
    starts = {report.width(line[: line.index("solved")]) for line in lines[2:5]}
    assert starts == {report.LONGEST_NAME - 1 + len(report.GAP)}
