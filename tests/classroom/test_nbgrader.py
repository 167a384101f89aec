"""Assignments for nbgrader: what they hold, and what nbgrader itself makes of them."""

import html
import importlib.util
import os
import re
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path

import nbformat
import numpy as np
import pytest

import attnlib as al
from attnlib.classroom import notebooks
from attnlib.classroom.__main__ import main
from attnlib.classroom.assignments import assignment_of
from attnlib.classroom.grading import NotSolved, grade, part_of
from attnlib.classroom.handouts import HandoutError
from attnlib.exercises import exercises
from attnlib.exercises.checking import Verdict
from attnlib.exercises.classes import FAILED, LEFT_OUT, PASSED, HeadReport, Result
from attnlib.exercises.promises import PROMISES
from tests.classroom.submitting import CHAPTERS, ROOT, in_a_thread, stubs, write

MASKING = ROOT / "chapters" / "07_masking.ipynb"
NAME = "attention"
WORTH = {"causal-mask": 1, "masked-weights": 2, "leak": 2, "three-bugs": 3, "head": 3}
ZEROS_AFTER = """def my_masked_weights(scores, keep):
    return np.where(keep, al.softmax(scores), 0)"""
HALF_A_HEAD = """class Head(al.Head):
    def __call__(self, x, context=None, mask=None, causal=False):
        return super().__call__(x, context)"""
TALKATIVE = """import warnings

def my_causal_mask(n_queries, n_keys):
    warnings.warn("slow")
    return np.tri(n_queries, n_keys, n_keys - n_queries, dtype=bool)"""
# What each student writes, by exercise; where they write nothing, the stub stays, and
# `...` stands for the chapter's own solution.
RIGHT = dict.fromkeys(WORTH, ...)
STUDENTS = {
    "all-right": RIGHT,
    "untouched": {},
    "half-right": {"causal-mask": TALKATIVE, "three-bugs": ...},
    "zeros-after": {"masked-weights": ZEROS_AFTER},
    "half-a-head": {"head": HALF_A_HEAD},
    "broken": RIGHT
    | {"masked-weights": "import time\ntime.sleep(1e6)", "leak": "raise SystemExit"},
}
NO_NOTEBOOK = "no-notebook"
GRADING = (
    "--Execute.timeout=40",  # seconds after which nbgrader stops a cell
    "--OverwriteCells.add_missing_cells=True",  # or who deletes a test has no mark (teaching.md)
)


def marked(notebook):
    """The cells that nbgrader knows, by their id there."""
    known = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {cell.metadata.nbgrader.grade_id: cell for cell in known}


class TestAssignments:
    @pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
    def test_each_exercise_has_an_answer_and_a_locked_test_with_its_points(self, path):
        assignment, remark = assignment_of(notebooks.read(path))
        nbformat.validate(assignment)
        cells = marked(assignment)
        ids = [id for id in cells if not id.startswith("answer-")]
        assert [each for id in ids for each in (f"answer-{id}", id)] == list(cells)
        for id in ids:
            test = cells[id].metadata.nbgrader
            assert test.grade and test.locked and not test.solution
            assert test.points == exercises()[id].stars
            assert cells[f"answer-{id}"].metadata.nbgrader.solution
        points = sum(cells[id].metadata.nbgrader.points for id in ids)
        assert remark == f"{len(ids)} exercises, {points} points"
        assert not any("<summary>Solution" in cell.source for cell in assignment.cells)

    @pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
    def test_its_solutions_are_the_chapters(self, path):
        """Without nbgrader's two lines, each answer holds the code of the folded solution."""
        chapter = notebooks.read(path)
        folded = "\n".join(cell.source for cell in chapter.cells if "-" in cell.id)
        for id, cell in marked(assignment_of(chapter)[0]).items():
            if id.startswith("answer-"):
                inside = cell.source.partition("### BEGIN SOLUTION\n")[2]
                assert inside.partition("### END SOLUTION")[0].strip() in folded, id

    def test_a_stub_without_a_solution_or_a_check_is_told(self):
        with pytest.raises(HandoutError, match=r"^there is no solution below the stub 'from attn"):
            assignment_of(stubs())
        chapter = notebooks.read(MASKING)
        (stub,) = (cell for cell in chapter.cells if cell.id == "stub-leak")
        stub.source += "\nprint(3)"
        with pytest.raises(HandoutError, match="does not end with its check"):
            assignment_of(chapter)


class TestGrades:
    def test_what_is_solved_earns_all_and_what_is_wrong_nothing_but_the_hint(self, capsys):
        assert grade("scores", lambda q, k: q @ k.T, points=1) is None
        assert capsys.readouterr().out.startswith("scores: solved.")
        with pytest.raises(NotSolved, match=r"(?s)^scores: not yet\..*what was expected.*Hint: "):
            grade("scores", lambda q, k: k @ q.T, points=1)
        with pytest.raises(NotSolved, match=r"^scores: not attempted yet$"):
            grade("scores", ..., points=1)

    def test_a_promise_that_cannot_be_tried_costs_no_points(self):
        asked = [promise for promise in PROMISES if not promise.beyond]
        results = tuple(map(Result, asked, (PASSED, FAILED, LEFT_OUT)))
        drawings = (HeadReport("head", ("asked", "beyond"), results),)
        assert part_of(Verdict("head", True, False, drawings=drawings)) == 1 / 2

    def test_a_part_of_the_promises_earns_a_part_of_the_points(self, capsys):
        namespace = {"al": al}
        exec(HALF_A_HEAD, namespace)
        earned = grade("head", namespace["Head"], points=3)
        kept, asked = re.search(r"(\d+) of (\d+) promises kept", capsys.readouterr().out).groups()
        assert earned == round(3 * int(kept) / int(asked), 2) and 0 < earned < 3

    def test_what_an_answer_says_aside_costs_no_points(self, capsys):
        """nbgrader takes anything on stderr for an error."""

        def scores(q, k):
            warnings.warn("slow", stacklevel=1)
            print("here", file=sys.stderr)
            return q @ k.T

        assert grade("scores", scores, points=1) is None
        assert capsys.readouterr().err == ""


needs_nbgrader = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None,
    reason="nbgrader is not installed: pip install -c constraints.txt nbgrader==0.9.6",
)


def run_nbgrader(course, command, *options):
    """Run one of nbgrader's commands on the assignment; its exit status and what it says."""
    bin = str(Path(sys.executable).parent)  # nbgrader calls alembic by its name
    environment = os.environ | {"PATH": bin + os.pathsep + os.environ["PATH"]}
    line = [sys.executable, "-m", "nbgrader", command, NAME, "--course-dir", str(course)]
    done = subprocess.run(
        [*line, *options], cwd=course, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one assignment, generated, filled in by a class, graded and answered."""
    course = tmp_path_factory.mktemp("course")
    write_source(course)
    assert run_nbgrader(course, "generate_assignment")[0] == 0
    for student, answers in STUDENTS.items():
        write(handed_in(course, student, answers), submission_of(course, student))
    submission_of(course, NO_NOTEBOOK).parent.mkdir(parents=True)
    submission_of(course, NO_NOTEBOOK).write_text('{"cells": [')
    status, said = run_nbgrader(course, "autograde", *GRADING)
    assert status == 1 and f"for student '{NO_NOTEBOOK}'" in said  # and none of the others
    assert said.count("There was an error processing assignment '") == 1, said
    assert run_nbgrader(course, "generate_feedback")[0] == 0
    return course


def write_source(course):
    """The chapter's title, import and exercises: all of it would take a minute to run."""
    chapter = notebooks.read(MASKING)
    kept = ("title", "setup", "stub-", "solution-", "exercise-")
    chapter.cells = [cell for cell in chapter.cells if cell.id.startswith(kept)]
    chapter.cells.insert(1, nbformat.v4.new_code_cell("import numpy as np\nimport attnlib as al"))
    path = course / "masking.ipynb"
    nbformat.write(chapter, path)
    folder = course / "source" / NAME
    assert in_a_thread(main, ["handout", str(path), "--nbgrader", str(folder)]) == 0


def submission_of(course, student):
    return course / "submitted" / student / NAME / "masking.ipynb"


def handed_in(course, student, answers):
    """The released notebook with a student's answers."""
    notebook = nbformat.read(course / "release" / NAME / "masking.ipynb", as_version=4)
    cells = marked(notebook)
    solved = marked(nbformat.read(course / "source" / NAME / "masking.ipynb", as_version=4))
    for exercise, answer in answers.items():
        solution = solved[f"answer-{exercise}"].source
        cells[f"answer-{exercise}"].source = solution if answer is ... else answer
    if student == "zeros-after":
        cells["masked-weights"].source = "10"  # the test of an answer that is wrong
    if student == "broken":
        notebook.cells.remove(cells["causal-mask"])  # the test of one that is right
    return notebook


@pytest.fixture(scope="module")
def scores(course):
    """`{student: {exercise: points}}`, as the gradebook has them."""
    with sqlite3.connect(course / "gradebook.db") as gradebook:
        rows = gradebook.execute(
            "select submitted_assignment.student_id, base_cell.name, grade.auto_score from grade "
            "join base_cell on base_cell.id = grade.cell_id "
            "join submitted_notebook on submitted_notebook.id = grade.notebook_id "
            "join submitted_assignment "
            "on submitted_assignment.id = submitted_notebook.assignment_id"
        ).fetchall()
    found = {}
    for student, exercise, points in rows:
        found.setdefault(student, {})[exercise] = points
    return found


def feedback_for(course, student):
    """The text of a student's feedback page."""
    page = (course / "feedback" / student / NAME / "masking.html").read_text(encoding="utf-8")
    body = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", body))


@needs_nbgrader
def test_the_release_holds_no_solution(course):
    released = nbformat.read(course / "release" / NAME / "masking.ipynb", as_version=4)
    cells = marked(released)
    assert cells["answer-leak"].source == (
        "def my_leak(weights, keep):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    )
    assert not any("SOLUTION" in cell.source for cell in released.cells)


@needs_nbgrader
@pytest.mark.parametrize(
    ("student", "earned"),
    [
        ("all-right", WORTH),
        ("untouched", {}),
        ("half-right", {"causal-mask": 1, "three-bugs": 3}),
        ("zeros-after", {}),
        ("broken", {"causal-mask": 1, "three-bugs": 3, "head": 3}),
    ],
)
def test_points_are_those_of_what_is_solved(student, earned, scores):
    assert scores[student] == dict.fromkeys(WORTH, 0) | earned


@needs_nbgrader
def test_promises_kept_are_a_part_of_the_points(course, scores):
    namespace = {"al": al}
    exec(HALF_A_HEAD, namespace)
    earned = grade("head", namespace["Head"], points=WORTH["head"])
    assert 0 < earned < WORTH["head"]
    assert scores["half-a-head"] == dict.fromkeys(WORTH, 0) | {"head": earned}
    assert re.search(r"head: not yet\..*promises kept", feedback_for(course, "half-a-head"))


@needs_nbgrader
def test_what_is_no_notebook_is_named_and_holds_up_nobody(course, scores):
    assert not any(scores.get(NO_NOTEBOOK, {}).values())
    assert {path.name for path in (course / "feedback").iterdir()} == set(STUDENTS)


@needs_nbgrader
def test_feedback_says_what_is_solved_and_what_was_not_attempted(course):
    right, untouched = (feedback_for(course, name) for name in ("all-right", "untouched"))
    for exercise in WORTH:
        assert f"{exercise}: solved." in right
        assert f"{exercise}: not attempted yet" in untouched
        assert f"{exercise}: solved." not in untouched


@needs_nbgrader
def test_feedback_holds_the_hint_for_the_very_mistake(course):
    namespace = {"al": al, "np": np}
    exec(ZEROS_AFTER, namespace)
    with pytest.raises(NotSolved) as raised:
        grade("masked-weights", namespace["my_masked_weights"], points=2)
    hint = str(raised.value).partition("Hint: ")[2].splitlines()[0]
    assert hint and hint in feedback_for(course, "zeros-after")


@needs_nbgrader
def test_feedback_tells_the_cells_that_broke(course):
    page = feedback_for(course, "broken")
    assert "No reply from kernel before timeout" in page
    assert "This cell (id:causal-mask) was missing from the submission" in page
