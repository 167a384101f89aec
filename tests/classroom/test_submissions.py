"""Which chapter a notebook is, and which cell answers which exercise."""

import nbformat
import pytest

from attnlib.classroom import notebooks
from attnlib.classroom.kernel import Trouble
from attnlib.classroom.marks import Story
from attnlib.classroom.submissions import Cell, Submission, submission_of
from attnlib.exercises import chapters
from tests.classroom.submitting import CHAPTERS, stubs


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_a_chapter_is_known_by_its_exercises_and_by_its_title(path):
    number = int(path.name.partition("_")[0])
    name = list(chapters())[number - 1]
    notebook = notebooks.read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    text = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    for cells in (code, text):
        assert notebooks.chapter_of(nbformat.v4.new_notebook(cells=cells)) == name


def test_a_borrowed_exercise_does_not_move_a_notebook():
    notebook = stubs({"setup": 'check(\n    exercise_id="softmax", answer=None)'})
    assert notebooks.chapter_of(notebook) == "queries and keys"


def test_the_exercises_say_more_than_the_title():
    title = nbformat.v4.new_markdown_cell("# Queries and keys")
    code = nbformat.v4.new_code_cell('check("softmax", None)')
    assert notebooks.chapter_of(nbformat.v4.new_notebook(cells=[title, code])) == "softmax"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_each_stub_is_known_by_its_heading_without_its_check(path):
    whole = stubs(path=path)
    ids = submission_of("kim", whole).exercises
    for cell in whole.cells:
        if cell.id.startswith("stub-"):
            cell.source = "mine = 1"
    cells = [cell for cell in submission_of("kim", whole).cells if cell.is_stub]
    assert [cell.unchecked for cell in cells] == ids


def absences(notebook):
    submission = submission_of("kim", notebook)
    return {id: submission.absence(id) for id in submission.exercises if submission.absence(id)}


def test_a_deleted_cell_and_a_deleted_check_are_told_apart():
    assert absences(stubs()) == {}
    assert absences(stubs(without=["stub-bilinear"])) == {"bilinear": "cell deleted"}
    assert absences(stubs({"stub-bilinear": "m = 1"})) == {"bilinear": "check deleted"}
    both = stubs({"stub-one-way": "m = 1"}, without=["stub-bilinear"])
    assert absences(both) == {"one-matrix": "check deleted", "bilinear": "cell deleted"}


def test_what_cannot_be_told_apart_is_not():
    headless = stubs({"stub-bilinear": "m = 1"}, without=["bilinear", "two-matrices-reading"])
    assert absences(headless) == {"bilinear": "no check"}
    untagged = stubs(without=["stub-bilinear"])
    for cell in untagged.cells:
        cell.metadata.tags = []
    assert absences(untagged) == {"bilinear": "no check"}


def test_three_cells_that_fail_alike_are_told_one_by_one_and_four_together():
    cells = [Cell(n, "1 / 0") for n in range(1, 5)]
    trouble = Trouble("raised", "stopped with ZeroDivisionError")
    stories = [Story(Submission("kim", None, (*cells[:n],)), n * (trouble,), {}) for n in (3, 4)]
    assert [len(list(story.notes_on_others())) for story in stories] == [3, 1]


@pytest.mark.parametrize("tags", [None, 3, "exercise", [[]], {"exercise": 1}])
def test_tags_of_any_kind_are_borne(tags):
    notebook = stubs()
    notebook.cells[2].metadata = {"tags": tags} if tags else None
    assert absences(notebook) == {}
