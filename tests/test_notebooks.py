"""Notebooks in git: text only, the same on every machine; and the tool that keeps them so."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import format_notebooks
import nbformat
import pytest
from nbconvert.exporters import ScriptExporter

ROOT = Path(__file__).resolve().parents[1]

LONGEST_CODE_CELL = 20  # lines
NOTEBOOKS = format_notebooks.notebooks()

# What differs from run to run or from machine to machine.
MACHINE_DEPENDENT = {
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{6,}\b"),
    "an absolute path": re.compile(
        r"(?<![\w.:/])/(?:home|root|Users|tmp|usr|opt|var)/\w|[A-Z]:\\\w"
    ),
    "a timing": re.compile(r"\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|seconds|s)\b(?! of)|it/s|Wall time"),
}


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def printed(cell):
    """Every text that a code cell stores as its output."""
    for output in cell.get("outputs", []):
        yield output.get("text") or output.get("data", {}).get("text/plain", "")


def dirty_notebook():
    """One of everything that must not reach git."""
    picture = {"image/png": "iVBORw0KGgo=", "text/html": "<b>x</b>", "text/plain": "<Figure>"}
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "a1"}, "text/plain": "W()"}
    code = nbformat.v4.new_code_cell("x = 1   \nx\n\n", id="kept-id", execution_count=7)
    code.metadata.update(tags=["hide-input"], collapsed=True, execution={"iopub.status.busy": "t"})
    code.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="one\n"),
        nbformat.v4.new_output("stream", name="stdout", text="two\n"),
        nbformat.v4.new_output("display_data", data=picture),
        nbformat.v4.new_output("display_data", data={"image/png": "iVBORw0KGgo="}),
        nbformat.v4.new_output("execute_result", data=widget, execution_count=7),
    ]
    text = nbformat.v4.new_markdown_cell("# Title  \n", id="other-id")
    notebook = nbformat.v4.new_notebook(cells=[code, text])
    text.id = code.id
    notebook.metadata.update(
        widgets={"application/vnd.jupyter.widget-state+json": {"state": {"a1": {}}}},
        kernelspec={"display_name": "my env", "language": "python", "name": "my-env"},
        language_info={"name": "python", "version": "3.11.7"},
    )
    return notebook


def test_the_book_has_notebooks():
    assert ROOT / "index.ipynb" in NOTEBOOKS
    assert any(path.parent.name == "chapters" for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
class TestEveryNotebook:
    def test_is_as_the_formatter_leaves_it(self, path):
        assert format_notebooks.process(path, check=True) is None

    def test_stores_text_alone(self, path):
        content = json.loads(path.read_text(encoding="utf-8"))
        assert set(content["metadata"]) == {"kernelspec", "language_info"}
        for cell in content["cells"]:
            assert cell.get("execution_count") is None
            for output in cell.get("outputs", []):
                assert set(output.get("data", {})) <= {"text/plain"}

    def test_prints_nothing_that_depends_on_the_machine(self, path):
        for cell in cells_of(path):
            for text in printed(cell):
                for what, pattern in MACHINE_DEPENDENT.items():
                    found = pattern.search(text)
                    assert not found, f"cell {cell.id} prints {what}: {found.group()!r}"

    def test_becomes_a_python_script(self, path):
        """What `jupyter nbconvert --to script` makes of it."""
        source, resources = ScriptExporter().from_filename(str(path))
        assert resources["output_extension"] == ".py"
        compile(source, path.stem, "exec")

    def test_has_short_code_cells(self, path):
        for cell in cells_of(path):
            if cell.cell_type == "code":
                assert len(cell.source.splitlines()) <= LONGEST_CODE_CELL, cell.id


class TestTheFormatter:
    def test_keeps_only_text(self):
        code, text = format_notebooks.clean(dirty_notebook()).cells
        assert code.source == "x = 1\nx"
        assert text.source == "# Title"
        assert code.execution_count is None
        assert code.metadata == {"tags": ["hide-input"]}
        assert [list(printed(code))] == [["one\ntwo\n", "<Figure>", "W()"]]
        assert all(set(output.get("data", {})) <= {"text/plain"} for output in code.outputs)

    def test_drops_widget_state_and_names_the_standard_kernel(self):
        metadata = format_notebooks.clean(dirty_notebook()).metadata
        assert metadata == format_notebooks.METADATA

    def test_keeps_ids_and_makes_double_ones_unique(self):
        cells = format_notebooks.clean(dirty_notebook()).cells
        assert [cell.id for cell in cells] == ["kept-id", "title"]

    def test_leaves_its_input_alone(self):
        notebook = dirty_notebook()
        format_notebooks.clean(notebook)
        assert notebook == dirty_notebook()

    def test_has_nothing_left_to_do_the_second_time(self):
        once = format_notebooks.formatted(nbformat.v4.writes(dirty_notebook()))
        assert format_notebooks.formatted(once) == once
        assert once.endswith("}\n")

    @pytest.mark.parametrize(
        ("output", "message"),
        [
            (nbformat.v4.new_output("error", ename="KeyError"), r"stores an error \(KeyError\)"),
            (nbformat.v4.new_output("stream", name="stderr", text="w"), "writes to standard error"),
        ],
    )
    def test_refuses_errors_and_warnings(self, output, message):
        notebook = dirty_notebook()
        notebook.cells[0].outputs = [output]
        with pytest.raises(format_notebooks.NotebookError, match=message):
            format_notebooks.clean(notebook)

    def test_check_changes_nothing_and_fails(self, tmp_path, capsys):
        path = tmp_path / "dirty.ipynb"
        path.write_text(nbformat.v4.writes(dirty_notebook()), encoding="utf-8")
        before = path.read_bytes()
        assert format_notebooks.main(["--check", str(path)]) == 1
        assert path.read_bytes() == before
        assert "not formatted" in capsys.readouterr().err
        assert format_notebooks.main([str(path)]) == 0
        assert format_notebooks.main(["--check", str(path)]) == 0

    @pytest.mark.parametrize("option", ["--check", "--execute"])
    @pytest.mark.parametrize(
        ("name", "complaint"),
        [
            ("mistyped.ipynb", "cannot be read: No such file or directory"),
            ("folder", "cannot be read: Is a directory"),
            ("words.md", "it is no notebook that Jupyter could open"),
            ("cells.ipynb", "it is no notebook that Jupyter could open"),
        ],
    )
    def test_a_path_that_holds_no_notebook_is_told(self, tmp_path, capsys, option, name, complaint):
        (tmp_path / "folder").mkdir()
        (tmp_path / "words.md").write_text("# Words", encoding="utf-8")
        (tmp_path / "cells.ipynb").write_text('{"cells": 3}', encoding="utf-8")
        assert format_notebooks.main([option, str(tmp_path / name)]) == 1
        assert capsys.readouterr().err == f"{tmp_path / name}: {complaint}\n"

    def test_a_cell_that_raises_is_told_without_the_tools_own_traceback(self, tmp_path, capsys):
        path = tmp_path / "raises.ipynb"
        cell = nbformat.v4.new_code_cell("1 / 0", id="raises")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        before = path.read_bytes()
        assert format_notebooks.main(["--execute", str(path)]) == 1
        said = capsys.readouterr().err
        assert "ZeroDivisionError" in said and "nbclient" not in said
        assert path.read_bytes() == before

    def test_execute_stores_fresh_text(self, tmp_path):
        path = tmp_path / "run.ipynb"
        cell = nbformat.v4.new_code_cell("print(6 * 7)", id="product")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        assert format_notebooks.main(["--execute", str(path)]) == 0
        assert list(printed(cells_of(path)[0])) == ["42\n"]

    def test_execute_does_not_meet_the_pieces_that_a_reader_has_kept(self, tmp_path, monkeypatch):
        monkeypatch.setenv("ATTNLIB_PIECES", str(tmp_path))
        (tmp_path / "my_head.py").write_text("")
        look = "import os\nprint(os.listdir(os.environ['ATTNLIB_PIECES']))"
        path = tmp_path / "tiny.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(look)]), path)
        assert format_notebooks.main(["--execute", str(path)]) == 0
        (cell,) = nbformat.read(path, as_version=4).cells
        assert cell.outputs[0].text == "[]\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<Foo object at 0x7f1b2c3d4e5f>", "a memory address"),
        ("saved to /home/ada/book.npz", "an absolute path"),
        ("took 12.5 ms", "a timing"),
    ],
)
def test_machine_dependent_text_is_recognised(text, what):
    assert MACHINE_DEPENDENT[what].search(text)


@pytest.mark.parametrize("text", ["0.25 seen", "w_q / w_k", "3 scores", "(2, 3)", "and/or"])
def test_honest_text_is_left_alone(text):
    assert not any(pattern.search(text) for pattern in MACHINE_DEPENDENT.values())


PICTURE = "display({'image/svg+xml': '<svg/>'}, raw=True)"
COMPARED = {  # a cell, what it stores, and whether that is right
    "equal": ("print(6 * 7)", "42\n", True),
    "other": ("print(6 * 7)", "43\n", False),
    "missing": ("print(6 * 7)", "", False),
    "drawn-afresh": (PICTURE, "", True),
}
KNOWN = {  # by a line in it, to be marked
    "of_a_real_model": "from attnlib import load_smollm2",
    "that_trains": "optimiser = torch.optim.Adam(weights)",
    "that_records": "recording = training.record(recipe)",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a run of nbval says that leaves out what needs a real model, and what trains."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    cells = []
    for name, (source, stored, _) in COMPARED.items():
        output = nbformat.v4.new_output("stream", name="stdout", text=stored)
        cell = nbformat.v4.new_code_cell(source, id=name, outputs=[output] if stored else [])
        cells.append(cell)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=format_notebooks.METADATA)
    nbformat.write(notebook, folder / "compared.ipynb")
    for name, line in KNOWN.items():
        notebook.cells = [nbformat.v4.new_code_cell(line)]
        nbformat.write(notebook, folder / f"{name}.ipynb")
    options = ["-rA", "-p", "no:cacheprovider", "-m", "not real_model and not slow"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", *options],
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.fixture(scope="module")
def outcomes(told):
    """What became of each cell: "PASSED" or "FAILED"."""
    said = re.findall(r"^([A-Z]+) compared\.ipynb::Cell (\d+)", told, re.M)
    return {name: dict((n, what) for what, n in said)[str(n)] for n, name in enumerate(COMPARED)}


class TestComparison:
    """nbval compares every stored text, although notebooks in git have no execution counts."""

    @pytest.mark.parametrize("name", COMPARED)
    def test_equal_text_passes_and_other_or_missing_text_fails(self, outcomes, name):
        assert outcomes[name] == ("PASSED" if COMPARED[name][2] else "FAILED")


@pytest.mark.parametrize("name", KNOWN)
def test_a_notebook_that_loads_a_real_model_or_trains_is_known_by_it(told, name):
    assert f"{len(KNOWN)} deselected" in told and f"{name}.ipynb::" not in told
