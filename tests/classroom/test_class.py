"""A made-up class is run and marked: each exercise gets its own truthful line."""

import asyncio

import nbformat
import pytest

from attnlib.classroom import folder, marking, notebooks, running
from attnlib.classroom.marking import Result
from attnlib.classroom.marks import NOT_REACHED, Mark
from attnlib.classroom.running import Terms
from attnlib.classroom.verdicts import NOT_ATTEMPTED, SOLVED, WRONG
from tests.classroom.submitting import (
    CHAPTER,
    EXERCISES,
    HALF,
    HOSTILE,
    IMPORT,
    RIGHT,
    TRANSPOSED,
    all_of,
    in_a_thread,
    reasons,
    sandbox_here,
    states,
    stubs,
    write,
)

SECONDS = 120
SOON = 5  # for a cell that never ends, among cells that take no time

SLIP = IMPORT + 'def my_scores(q, k:\n    return q @ k.T\ncheck("scores", my_scores)'
BILINEAR = IMPORT + 'check("bilinear", lambda w_q, w_k: w_q @ w_k.T)'
AWAIT = 'import asyncio\nawait asyncio.Event().wait()\ncheck("strongest-key", ...)'
APART = "import os\nassert os.listdir() == os.listdir(os.environ['ATTNLIB_PIECES']) == []"
FORGED = "import os\nopen(os.environ['ATTNLIB_RECORD'], 'a').write('[3]\\nsolved\\n')\n"
LEAVES = IMPORT + 'check("scores", lambda q, k: exit())'
WITH_NUMPY = IMPORT + 'check("scores", lambda q, k: np.einsum("id,jd->ij", q, k))'
TYPO = 'check("strongest-key", lambda weights, tokens: weight)'
MATRICES = 'w_q = np.eye(6, 2)\ncheck("adjective-finder", (w_q, w_q))'
FROM_BELOW = 'check("one-matrix", (w_q, w_k))'


def right():
    """A right answer in an empty folder; below, a stored output that lies."""
    notebook = stubs({"setup": APART, "stub-scores": RIGHT})
    (stub,) = (cell for cell in notebook.cells if cell.id == "stub-strongest")
    stub.outputs[0].data["text/plain"] = "strongest-key: solved."
    return notebook


def old():
    """As an older Jupyter saves it: cells without ids, and a kernel that only Kim has."""
    notebook = stubs({"stub-scores": FORGED + TRANSPOSED})
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]
    notebook.metadata.kernelspec.name = "kims-own"
    return notebook


def essay():
    cells = [nbformat.v4.new_markdown_cell("# On moles"), nbformat.v4.new_code_cell("1 / 0")]
    return nbformat.v4.new_notebook(cells=cells)


def half_an_emoji():
    """Half of an emoji in a text, in code, in an output and in the metadata."""
    code = f"# {HALF}\n{RIGHT}\nprint('\\ud83d')\n'\\ud83d'"
    notebook = stubs({"title": f"# Queries and keys {HALF}", "stub-scores": code})
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text=HALF)]
    notebook.metadata.author = HALF
    return notebook


def stopping():
    """A slip, a cell that ends the kernel, one that is gone, one that has lost its check."""
    edits = {
        "stub-scores": SLIP,
        "stub-strongest": 'import os\nos._exit(0)\ncheck("strongest-key", ...)',
        "stub-one-way": "w_q_one_way = None",
        "stub-bilinear": BILINEAR,
    }
    return stubs(edits, without=["stub-design"])


def leaving():
    """Ways to leave a cell, and a check that is not called; the last answer is right."""
    edits = {
        "stub-scores": LEAVES,
        "stub-strongest": 'quit()\ncheck("strongest-key", ...)',
        "stub-design": 'raise KeyboardInterrupt\ncheck("adjective-finder", ...)',
        "stub-one-way": 'if False:\n    check("one-matrix", ...)',
        "stub-bilinear": BILINEAR,
    }
    return stubs(edits)


def without_imports():
    """The cell that imports NumPy is gone, the one that makes w_q stands too low."""
    edits = {
        "stub-scores": WITH_NUMPY,
        "stub-strongest": TYPO,
        "stub-design": MATRICES,
        "stub-one-way": FROM_BELOW,
        "predict-verdant": "w_q, w_k = 1, 2",
    }
    notebook = stubs(edits, given=["predict-verdant"])
    (moved,) = (cell for cell in notebook.cells if cell.id == "predict-verdant")
    notebook.cells.remove(moved)
    notebook.cells.append(moved)
    return notebook


def submissions():
    """The class's notebooks by their paths."""
    return {
        "right.ipynb": right(),
        "old.ipynb": old(),
        "thoughts.ipynb": stubs({"stub-scores": RIGHT, "stub-strongest": TRANSPOSED}),
        "stopping.ipynb": stopping(),
        "leaving.ipynb": leaving(),
        "without imports.ipynb": without_imports(),
        "emoji.ipynb.txt": half_an_emoji(),
        "essay.ipynb": essay(),
        f"group 1/{HOSTILE}": stubs({"stub-scores": RIGHT}),
    }


def run(root, jobs, seconds, report=lambda result: None):
    terms = Terms(sandbox_here(), seconds)
    marked = marking.mark_all(root, folder.found_in(root), jobs, terms, report)
    return {each.name: each for each in in_a_thread(asyncio.run, marked)}


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    root = tmp_path_factory.mktemp("class")
    for name, notebook in submissions().items():
        write(notebook, root / name)
    (root / "broken.ipynb").write_text('{"cells": [', encoding="utf-8")
    # A module of a student's must not stand in for attnlib in the kernels of the others.
    (root / "attnlib.py").write_text("raise SystemExit\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def results(classroom):
    """What became of each thing in the class's folder, by its path."""
    seen = []
    results = run(classroom, 4, SECONDS, seen.append)
    assert {each.name for each in seen} == {*submissions(), "broken.ipynb"}
    return results


class TestTheClass:
    def test_whatever_is_in_the_folder_has_a_result(self, results):
        assert set(results) == {*submissions(), "broken.ipynb", "attnlib.py"}
        assert results["attnlib.py"] == Result("attnlib.py", ignored="no notebook")
        assert results["broken.ipynb"].failure.startswith("not a notebook that Jupyter could open")

    def test_a_right_answer_is_solved_in_an_empty_folder_and_outputs_count_for_nothing(
        self, results
    ):
        assert results["right.ipynb"] == Result(
            "right.ipynb",
            "queries and keys",
            (Mark("scores", SOLVED), *(Mark(id, NOT_ATTEMPTED) for id in EXERCISES[1:])),
        )

    def test_a_wrong_answer_has_its_diagnosis_and_nonsense_in_the_record_is_passed_over(
        self, results
    ):
        assert results["old.ipynb"].marks[0] == Mark("scores", WRONG, "transposed")
        assert states(results["old.ipynb"]) == all_of(NOT_ATTEMPTED, scores=WRONG)
        assert results["old.ipynb"].notes == ()

    def test_the_last_verdict_counts(self, results):
        assert results["thoughts.ipynb"].marks[0] == Mark("scores", WRONG, "transposed")
        assert results["thoughts.ipynb"].marks[1] == Mark(
            "strongest-key", NOT_REACHED, "check deleted"
        )

    def test_each_reason_why_no_check_ran_is_told_and_the_rest_is_run(self, results):
        stopping = results["stopping.ipynb"]
        assert stopping.marks == (
            Mark("scores", NOT_REACHED, "SyntaxError"),
            Mark("strongest-key", NOT_REACHED, "kernel ended"),
            Mark("adjective-finder", NOT_REACHED, "cell deleted"),
            Mark("one-matrix", NOT_REACHED, "check deleted"),
            Mark("bilinear", SOLVED),
        )
        slip, *others = stopping.notes
        assert slip.startswith("scores: its cell stopped with SyntaxError: ")
        assert slip.endswith(" (line 2)")
        assert others == [
            "strongest-key: its cell ended its kernel",
            "adjective-finder: its cell is gone",
            "one-matrix: its cell no longer calls `check`",
        ]

    def test_an_answer_that_leaves_is_wrong_and_no_other_is_blamed(self, results):
        leaving = results["leaving.ipynb"]
        assert leaving.marks == (
            Mark("scores", WRONG, "raised"),
            Mark("strongest-key", NOT_REACHED, "exit()"),
            Mark("adjective-finder", NOT_REACHED, "KeyboardInterrupt"),
            Mark("one-matrix", NOT_REACHED, "check not run"),
            Mark("bilinear", SOLVED),
        )
        assert leaving.notes == (
            "strongest-key: its cell called exit()",
            "adjective-finder: its cell stopped with KeyboardInterrupt",
            "one-matrix: its cell ran to the end, and `check` did not",
        )

    def test_a_name_that_a_deleted_cell_was_to_define_makes_no_answer_wrong(self, results):
        told = results["without imports.ipynb"]
        assert told.marks == (
            Mark("scores", NOT_REACHED, "needs np"),
            Mark("strongest-key", WRONG, "raised"),
            Mark("adjective-finder", NOT_REACHED, "needs np"),
            Mark("one-matrix", NOT_REACHED, "needs w_q"),
            Mark("bilinear", NOT_ATTEMPTED),
        )
        note = "scores: it needs `np`, which no cell above it defines: is that cell gone, or below?"
        assert told.notes[0] == note

    def test_half_an_emoji_ends_nothing(self, results):
        emoji = results["emoji.ipynb.txt"]
        assert states(emoji) == all_of(NOT_ATTEMPTED, scores=SOLVED)
        assert emoji.notes == (
            "code cell 2, '# \ufffd', holds half of a character: it ran with a \ufffd there",
        )

    def test_a_notebook_of_something_else_is_not_run(self, results):
        ignored = "no exercise of the book in it"
        assert results["essay.ipynb"] == Result("essay.ipynb", ignored=ignored)

    def test_nothing_is_written_into_the_folder(self, results, classroom):
        names = {path.name for path in classroom.rglob("*") if path.is_file()}
        assert "my_head.py" not in names
        assert len(names) == len(submissions()) + 2


class TestTime:
    def test_a_cell_that_never_ends_is_stopped_and_the_rest_is_run(self, tmp_path):
        """All other cells take no time, on any machine."""
        edits = dict.fromkeys(("stub-scores", "stub-design", "stub-one-way"), "pass")
        edits |= {"stub-strongest": AWAIT, "stub-bilinear": '1 / 0\ncheck("bilinear", ...)'}
        write(stubs(edits), tmp_path / "kim.ipynb")
        (result,) = run(tmp_path, 1, SOON).values()
        assert set(states(result).values()) == {NOT_REACHED}
        assert reasons(result)["strongest-key"] == "too long"
        assert reasons(result)["bilinear"] == "ZeroDivisionError"
        assert f"strongest-key: its cell was stopped after {SOON} s" in result.notes

    def test_a_notebook_of_many_such_cells_ends_too(self, tmp_path, monkeypatch):
        monkeypatch.setattr(running, "PATIENCE", 0.2)
        write(stubs({"stub-strongest": AWAIT}), tmp_path / "kim.ipynb")
        (result,) = run(tmp_path, 1, SOON).values()
        assert reasons(result)["bilinear"] == "not run"
        assert result.notes[-1].startswith("nothing was run from code cell ")


class TestTheNet:
    def test_an_error_of_our_own_takes_one_notebook_alone(self, tmp_path, monkeypatch):
        def read(path):
            raise KeyError("kim") if path.name == "kim.ipynb" else ValueError("lee")

        monkeypatch.setattr(notebooks, "read", read)
        for name in ("kim.ipynb", "lee.ipynb"):
            (tmp_path / name).write_bytes(CHAPTER.read_bytes())
        results = run(tmp_path, 1, SOON)
        assert results["kim.ipynb"].failure == "could not be marked: KeyError: 'kim'"
        assert results["lee.ipynb"].failure == "lee"
