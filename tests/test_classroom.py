"""A teacher's command: handouts without solutions, and a made-up class that is run and marked."""

import asyncio
import csv
import importlib.util
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from attnlib.classroom import handouts, kernel, marking, notebooks, report
from attnlib.classroom.__main__ import main
from attnlib.classroom.marking import NOT_ATTEMPTED, NOT_REACHED, SOLVED, WRONG, Mark, Result
from attnlib.exercises import chapters, check

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
CHAPTER = ROOT / "chapters" / "03_queries_and_keys.ipynb"
EXERCISES = ("scores", "strongest-key", "adjective-finder", "one-matrix", "bilinear")
HOSTILE = "=kim\n\x1b[31m<b>.ipynb"
CELL_SECONDS = 5

IMPORT = "from attnlib.exercises import check\n"
RIGHT = IMPORT + 'check("scores", lambda q, k: q @ k.T)'
TRANSPOSED = IMPORT + 'check("scores", lambda q, k: k @ q.T)'
SLIP = IMPORT + 'def my_scores(q, k:\n    return q @ k.T\ncheck("scores", my_scores)'
ENDLESS = 'def endless(*args):\n    while True:\n        pass\ncheck("strongest-key", endless)'
LOOP = "    while True:\n        time.sleep(0.1)\n"
STUBBORN = f"import time\ntry:\n{LOOP}except KeyboardInterrupt:\n{LOOP}"
DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
APART = "import os\nassert os.listdir() == os.listdir(os.environ['ATTNLIB_PIECES']) == []"
FORGED = "import os\nopen(os.environ['ATTNLIB_RECORD'], 'a').write('[3]\\nsolved\\n')\n"


def in_a_thread(call, *arguments):
    """The browser of other tests keeps an event loop in this thread, and two do not get along."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *arguments).result()


def stubs(edits=(), without=(), path=CHAPTER):
    """A chapter's title, setup and stubs, with some sources replaced and some cells left out."""
    notebook = nbformat.read(path, as_version=4)
    kept = [c for c in notebook.cells if c.id in ("title", "setup") or c.id.startswith("stub-")]
    notebook.cells = [cell for cell in kept if cell.id not in without]
    for cell in notebook.cells:
        cell.source = dict(edits).get(cell.id, cell.source)
    return notebook


def lying():
    """An untouched notebook whose stored output says otherwise."""
    notebook = stubs()
    (stub,) = (cell for cell in notebook.cells if cell.id == "stub-scores")
    stub.outputs[0].data["text/plain"] = "scores: solved."
    return notebook


def old():
    """As an older Jupyter saves it: cells without ids, and a kernel that only Kim has."""
    notebook = stubs({"stub-scores": TRANSPOSED})
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]
    notebook.metadata.kernelspec.name = "kims-own"
    return notebook


def essay():
    cells = [nbformat.v4.new_markdown_cell("# On moles"), nbformat.v4.new_code_cell("1 / 0")]
    return nbformat.v4.new_notebook(cells=cells)


def submissions():
    """The class's notebooks by their paths."""
    return {
        "right.ipynb": stubs({"setup": APART, "stub-scores": RIGHT}),
        "wrong.ipynb": stubs({"stub-scores": TRANSPOSED}),
        "forged.ipynb": stubs({"stub-scores": FORGED + RIGHT}),
        "old.ipynb": old(),
        "thoughts.ipynb": stubs({"stub-scores": RIGHT, "stub-strongest": TRANSPOSED}),
        "lying.ipynb": lying(),
        "slip.ipynb": stubs({"stub-scores": SLIP}),
        "endless.ipynb": stubs({"stub-strongest": ENDLESS}),
        "stubborn.ipynb": stubs({"stub-strongest": STUBBORN}),
        "dead.ipynb": stubs({"stub-design": "import os\nos._exit(1)"}),
        "deleted.ipynb": stubs(without=["stub-bilinear"]),
        "essay.ipynb": essay(),
        f"group 1/{HOSTILE}": stubs({"stub-scores": RIGHT}),
    }


def write(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = nbformat.v4.writes(notebook)  # as it is: nbformat.write would mend it
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """A folder with a class's notebooks, and what does not belong there."""
    folder = tmp_path_factory.mktemp("class")
    for name, notebook in submissions().items():
        write(notebook, folder / name)
    (folder / "broken.ipynb").write_text('{"cells": [', encoding="utf-8")
    (folder / "list.ipynb").write_text("[]", encoding="utf-8")
    (folder / "binary.ipynb").write_bytes(b"\xff\xfe\x00")
    (folder / "folder.ipynb").mkdir()
    # A module of a student's must not stand in for attnlib in the kernels of the others.
    (folder / "attnlib.py").write_text("raise SystemExit\n", encoding="utf-8")
    write(stubs(), folder / ".ipynb_checkpoints" / "right-checkpoint.ipynb")
    (folder / "._right.ipynb").write_bytes(b"\x00\x05\x16\x07")
    return folder


@pytest.fixture(scope="module")
def results(classroom):
    """What became of each notebook of the class, by its path."""
    seen = []
    found = in_a_thread(asyncio.run, marking.mark_all(classroom, 4, CELL_SECONDS, seen.append))
    assert sorted(each.name for each in seen) == [each.name for each in found]
    return {each.name: each for each in found}


def states(result):
    return {mark.exercise: mark.state for mark in result.marks}


def all_of(state, **others):
    return dict.fromkeys(EXERCISES, state) | {k.replace("_", "-"): v for k, v in others.items()}


class TestTheClass:
    def test_every_notebook_is_found_and_what_is_hidden_is_not(self, results):
        assert set(results) == {*submissions(), "broken.ipynb", "list.ipynb", "binary.ipynb"}

    def test_a_right_answer_is_solved_in_an_empty_folder(self, results):
        assert results["right.ipynb"] == Result(
            "right.ipynb",
            "queries and keys",
            (Mark("scores", SOLVED), *(Mark(id, NOT_ATTEMPTED) for id in EXERCISES[1:])),
        )

    @pytest.mark.parametrize("name", ["wrong.ipynb", "old.ipynb"])
    def test_a_wrong_answer_has_its_diagnosis(self, results, name):
        assert results[name].marks[0] == Mark("scores", WRONG, "transposed")
        assert states(results[name]) == all_of(NOT_ATTEMPTED, scores=WRONG)

    def test_stored_outputs_count_for_nothing(self, results):
        assert states(results["lying.ipynb"]) == all_of(NOT_ATTEMPTED)

    def test_the_last_verdict_counts(self, results):
        assert results["thoughts.ipynb"].marks[0] == Mark("scores", WRONG, "transposed")
        assert states(results["thoughts.ipynb"])["strongest-key"] == NOT_REACHED

    def test_nonsense_among_the_verdicts_is_passed_over(self, results):
        assert states(results["forged.ipynb"]) == all_of(NOT_ATTEMPTED, scores=SOLVED)

    def test_a_slip_takes_no_other_exercise_with_it(self, results):
        assert states(results["slip.ipynb"]) == all_of(NOT_ATTEMPTED, scores=NOT_REACHED)
        assert results["slip.ipynb"].notes == ("code cell 2 stopped with SyntaxError",)

    def test_an_endless_loop_is_stopped_and_the_rest_is_run(self, results):
        assert states(results["endless.ipynb"]) == all_of(NOT_ATTEMPTED, strongest_key=NOT_REACHED)
        assert results["endless.ipynb"].notes == ("code cell 3 was stopped after 5 s",)

    def test_a_loop_that_needs_a_second_word_is_stopped_too(self, results):
        assert states(results["stubborn.ipynb"])["one-matrix"] == NOT_ATTEMPTED
        assert results["stubborn.ipynb"].notes[0] == "code cell 3 was stopped after 5 s"

    def test_a_loop_that_cannot_be_stopped_ends_the_run(self, tmp_path, monkeypatch):
        monkeypatch.setattr(kernel, "YIELDING", 1.0)
        write(stubs({"stub-strongest": DEAF}), tmp_path / "deaf.ipynb")
        run = marking.mark_all(tmp_path, 1, CELL_SECONDS, lambda result: None)
        (deaf,) = in_a_thread(asyncio.run, run)
        assert states(deaf) == all_of(NOT_REACHED, scores=NOT_ATTEMPTED)
        note, gone = deaf.notes
        assert note.startswith("code cell 3 ran for more than 5 s and did not let itself be stop")
        assert gone == 'no check of "strongest-key" in it'

    def test_a_kernel_that_dies_ends_the_run(self, results):
        expected = all_of(NOT_REACHED, scores=NOT_ATTEMPTED, strongest_key=NOT_ATTEMPTED)
        assert states(results["dead.ipynb"]) == expected
        assert results["dead.ipynb"].notes[0].startswith("code cell 4 ended the kernel")
        assert results["dead.ipynb"].failure == ""

    def test_a_deleted_stub_is_not_reached(self, results):
        assert states(results["deleted.ipynb"]) == all_of(NOT_ATTEMPTED, bilinear=NOT_REACHED)
        assert results["deleted.ipynb"].notes == ('no check of "bilinear" in it',)

    def test_a_notebook_of_something_else_is_not_run(self, results):
        assert results["essay.ipynb"] == Result("essay.ipynb")

    @pytest.mark.parametrize("name", ["broken.ipynb", "list.ipynb", "binary.ipynb"])
    def test_a_file_that_is_no_notebook_has_a_reason_of_one_line(self, results, name):
        failure = results[name].failure
        assert failure.startswith("not a notebook that Jupyter could open: ")
        assert "\n" not in failure and results[name].marks == ()

    def test_nothing_is_written_into_the_folder(self, results, classroom):
        names = {path.name for path in classroom.rglob("*") if path.is_file()}
        assert "my_head.py" not in names
        assert len(names) == len(submissions()) + 6


class TestTheReport:
    def test_rows_are_notebooks_and_columns_exercises(self, results):
        lines = report.text(list(results.values())).splitlines()
        assert lines[0] == "Chapter 3, queries and keys"
        assert lines[2].split() == list(EXERCISES)
        (row,) = (line for line in lines if line.startswith("wrong.ipynb"))
        assert re.split(r"\s{2,}", row) == ["wrong.ipynb", "wrong: transposed"] + 4 * [
            "not attempted"
        ]

    def test_below_stands_what_the_class_gets_wrong(self, results):
        lines = report.text(list(results.values())).splitlines()
        (solved,) = (line for line in lines if line.startswith("solved "))
        assert re.split(r"\s{2,}", solved)[1:] == ["3 of 12"] + 4 * ["0 of 12"]
        (mistake,) = (line for line in lines if line.startswith("most frequent mistake"))
        assert re.split(r"\s{2,}", mistake)[1:] == ["transposed (3)"]

    def test_the_last_line_counts(self, results):
        marks = [mark.state for each in results.values() for mark in each.marks]
        n = {state: marks.count(state) for state in (SOLVED, WRONG, NOT_ATTEMPTED, NOT_REACHED)}
        assert (n[SOLVED], n[WRONG], sum(n.values())) == (3, 3, 60)
        assert report.text(list(results.values())).splitlines()[-1] == (
            f"16 notebooks: 3 solved, 3 wrong, {n[NOT_ATTEMPTED]} not attempted, "
            f"{n[NOT_REACHED]} not reached; 3 notebooks could not be run."
        )

    def test_a_hostile_name_steers_no_terminal_and_no_spreadsheet(self, results, tmp_path):
        text = report.text(list(results.values()))
        assert r"group 1/=kim\n\x1b[31m<b>.ipynb" in text
        assert all(line.isprintable() for line in text.splitlines())
        with (tmp_path / "class.csv").open("w+", newline="") as file:
            report.write_csv([Result("=1+1.ipynb"), Result("\udcff.ipynb")], file)
            file.seek(0)
            assert [row[0] for row in csv.reader(file)][1:] == ["./=1+1.ipynb", r"\udcff.ipynb"]

    def test_the_csv_has_a_row_for_each_exercise(self, results, tmp_path):
        with (tmp_path / "class.csv").open("w+", newline="") as file:
            report.write_csv(results.values(), file)
            file.seek(0)
            rows = list(csv.reader(file))
        assert rows[0] == ["notebook", "chapter", "exercise", "state", "diagnosis"]
        assert ["wrong.ipynb", "queries and keys", "scores", "wrong", "transposed"] in rows
        assert ["broken.ipynb", "", "", "not run", ""] in rows
        assert len(rows) == 1 + 12 * 5 + 4

    def test_wide_letters_and_long_names_keep_the_columns(self):
        marks = (Mark("scores", SOLVED),)
        names = ("名前.ipynb", "é.ipynb", "x" * 80 + ".ipynb")
        lines = report.table([Result(name, "softmax", marks) for name in names]).splitlines()
        starts = {report.width(line[: line.index("solved")]) for line in lines[2:5]}
        assert starts == {report.LONGEST_NAME - 1 + len(report.GAP)}


class TestTheCommand:
    def test_check_prints_the_report_and_writes_the_csv(self, tmp_path, capsys):
        write(stubs({"stub-scores": RIGHT}), tmp_path / "class" / "kim.ipynb")
        arguments = ["check", str(tmp_path / "class"), "--csv", str(tmp_path / "class.csv")]
        assert in_a_thread(main, arguments) == 0
        printed = capsys.readouterr()
        assert "1 notebook: 1 solved, 0 wrong, 4 not attempted, 0 not reached." in printed.out
        assert printed.err == "[1/1] kim.ipynb\n"
        assert "kim.ipynb,queries and keys,scores,solved," in (tmp_path / "class.csv").read_text()
        with pytest.raises(SystemExit):
            in_a_thread(main, arguments)
        assert "class.csv exists, and nothing is overwritten" in capsys.readouterr().err

    def test_one_file_that_cannot_be_run_is_told_by_the_status(self, tmp_path, capsys):
        (tmp_path / "broken.ipynb").write_text("{")
        assert in_a_thread(main, ["check", str(tmp_path)]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "Could not be run:" and lines[1].startswith("  broken.ipynb: not a note")

    def test_a_folder_without_notebooks_is_no_success(self, tmp_path, capsys):
        assert in_a_thread(main, ["check", str(tmp_path)]) == 1
        assert capsys.readouterr().out.startswith("0 notebooks: ")

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["check", "nowhere"], "nowhere is no folder; give the one with the notebooks"),
            (["check", ".", "--jobs", "0"], "0 given, a number above 0 expected"),
            (["check", ".", "--timeout", "inf"], "inf given, a number above 0 expected"),
            (["check", ".", "--timeout", "soon"], "invalid float value: 'soon'"),
            (["check", ".", "--csv", "no/such.csv"], "there is no folder no to write it into"),
        ],
    )
    def test_bad_arguments_are_told(self, arguments, complaint, capsys):
        with pytest.raises(SystemExit):
            main(arguments)
        assert complaint in capsys.readouterr().err

    def test_help_warns_that_students_code_is_run(self, capsys):
        with pytest.raises(SystemExit):
            in_a_thread(main, ["check", "--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert "runs what the students wrote" in text
        assert "a machine or a container that you can lose" in text

    def test_what_is_not_installed_is_named_with_what_to_do(self, monkeypatch, capsys, tmp_path):
        found = importlib.util.find_spec
        gone = {"nbformat", "jupyter_client"}
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name in gone else found(name)
        )
        with pytest.raises(SystemExit):
            in_a_thread(main, ["check", str(tmp_path)])
        said = capsys.readouterr().err
        assert "jupyter_client and nbformat not found" in said
        assert "pip install jupyter-client nbformat" in said


class TestHandouts:
    @pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
    def test_a_chapter_loses_its_solutions_and_outputs_and_nothing_else(self, path, tmp_path):
        handouts.hand_out([path], tmp_path / "new")
        handout = nbformat.read(tmp_path / "new" / path.name, as_version=4)
        nbformat.validate(handout)
        source = nbformat.read(path, as_version=4)
        kept = [cell for cell in source.cells if not cell.id.startswith("solution-")]
        assert len(kept) < len(source.cells)
        assert not any("<summary>Solution" in cell.source for cell in handout.cells)
        assert not any(cell.get("outputs") for cell in handout.cells)
        for cell in kept:
            if cell.cell_type == "code":
                cell.outputs = []
        assert handout == source | {"cells": kept}

    def test_nothing_in_a_handout_is_attempted(self, tmp_path):
        handouts.hand_out([CHAPTER], tmp_path)
        write(stubs(path=tmp_path / CHAPTER.name), tmp_path / "class" / "kim.ipynb")
        (result,) = in_a_thread(
            asyncio.run, marking.mark_all(tmp_path / "class", 1, 20, lambda result: None)
        )
        assert states(result) == all_of(NOT_ATTEMPTED) and result.notes == ()

    def test_it_says_what_it_wrote_and_overwrites_nothing(self, tmp_path, capsys):
        assert in_a_thread(main, ["handout", str(CHAPTER), "--to", str(tmp_path)]) == 0
        target = tmp_path / CHAPTER.name
        assert capsys.readouterr().out == f"{target}: 5 solutions removed\n"
        before = target.read_bytes()
        other = ROOT / "chapters" / "04_softmax.ipynb"
        assert in_a_thread(main, ["handout", str(other), str(CHAPTER), "--to", str(tmp_path)]) == 1
        assert f"{target} exists, and nothing is overwritten" in capsys.readouterr().err
        assert target.read_bytes() == before and list(tmp_path.iterdir()) == [target]

    @pytest.mark.parametrize(
        ("names", "complaint"),
        [
            (["no.ipynb"], "no.ipynb cannot be read: No such file"),
            (["broken.ipynb"], "broken.ipynb: not a notebook that Jupyter could open"),
            (["a/one.ipynb", "b/one.ipynb"], "two of the notebooks are called one.ipynb"),
            (["astray.ipynb"], "the cell that begins 'Look:' holds a solution"),
        ],
    )
    def test_what_cannot_be_handed_out_is_told(self, names, complaint, tmp_path, capsys):
        (tmp_path / "broken.ipynb").write_text("{")
        for name in ("a/one.ipynb", "b/one.ipynb"):
            write(stubs(), tmp_path / name)
        astray = stubs()
        folded = "Look:\n<details>\n<summary>Solution</summary>\n\n3\n\n</details>"
        astray.cells.insert(3, nbformat.v4.new_markdown_cell(folded))
        write(astray, tmp_path / "astray.ipynb")
        paths = [str(tmp_path / name) for name in names]
        assert in_a_thread(main, ["handout", *paths, "--to", str(tmp_path / "new")]) == 1
        assert complaint in capsys.readouterr().err
        assert not (tmp_path / "new").exists()


class TestChapters:
    @pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
    def test_a_chapter_is_known_by_its_exercises_and_by_its_title(self, path):
        number = int(path.name.partition("_")[0])
        name = list(chapters())[number - 1]
        notebook = notebooks.read(path)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        text = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
        for cells in (code, text):
            assert notebooks.chapter_of(nbformat.v4.new_notebook(cells=cells)) == name

    def test_a_borrowed_exercise_does_not_move_a_notebook(self):
        notebook = stubs({"setup": 'check(\n    exercise_id="softmax", answer=None)'})
        assert notebooks.chapter_of(notebook) == "queries and keys"


class TestTheRecord:
    def test_check_writes_each_verdict(self, tmp_path, monkeypatch):
        monkeypatch.setenv("ATTNLIB_PIECES", str(tmp_path))
        monkeypatch.setenv("ATTNLIB_RECORD", str(tmp_path / "record"))
        check("bilinear", None)
        check("bilinear", lambda w_q, w_k: w_k @ w_q.T)
        check("bilinear", lambda w_q, w_k: w_q @ w_k.T)
        entries = [json.loads(line) for line in (tmp_path / "record").read_text().splitlines()]
        assert [entry["state"] for entry in entries] == [NOT_ATTEMPTED, WRONG, SOLVED]
        assert [entry["exercise"] for entry in entries] == ["bilinear"] * 3
        assert entries[0]["diagnosis"] is entries[2]["diagnosis"] is None
        assert entries[1]["diagnosis"] == "transposed"

    def test_a_record_that_cannot_be_written_is_an_error(self, tmp_path, monkeypatch):
        monkeypatch.setenv("ATTNLIB_RECORD", str(tmp_path / "none" / "record"))
        with pytest.raises(FileNotFoundError, match="record"):
            check("bilinear", None)

    @pytest.mark.parametrize(
        "line",
        [
            "", "{", "3", "[]", "[" * 100_000, '{"exercise": "scores"}',
            '{"exercise": ["scores"], "state": "solved", "diagnosis": null}',
            '{"exercise": "mine", "state": "solved", "diagnosis": null}',
            '{"exercise": "scores", "state": "perfect", "diagnosis": null}',
            '{"exercise": "scores", "state": "solved", "diagnosis": "transposed"}',
            '{"exercise": "scores", "state": "wrong", "diagnosis": null}',
            '{"exercise": "scores", "state": "wrong", "diagnosis": ["transposed"]}',
        ],
    )  # fmt: skip
    def test_what_is_no_verdict_is_passed_over(self, line, tmp_path):
        good = '{"exercise": "scores", "state": "wrong", "diagnosis": "transposed"}'
        (tmp_path / "record").write_text(f"{good}\n{line}\n")
        assert marking.read_record(tmp_path / "record") == {
            "scores": Mark("scores", WRONG, "transposed")
        }
