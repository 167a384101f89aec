"""Notebooks to hand out: without solutions and outputs, all of them or none."""

import json
import os

import nbformat
import pytest

from attnlib.classroom import handouts
from attnlib.classroom.__main__ import main
from tests.classroom.submitting import (
    CHAPTER,
    CHAPTERS,
    HALF,
    ROOT,
    in_a_thread,
    stubs,
    write,
)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_a_chapter_loses_its_solutions_and_outputs_and_nothing_else(path, tmp_path):
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


def test_it_says_what_it_wrote_and_overwrites_nothing(tmp_path, capsys):
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
        (["half.ipynb"], "the cell that begins '# Queries' holds half of a character"),
        (["half metadata.ipynb"], "its metadata hold half of a character"),
        (["no metadata.ipynb"], "no metadata.ipynb: not a notebook that Jupyter could open"),
        (["tags.ipynb"], "tags.ipynb: not a notebook that Jupyter could open"),
        (["deep.ipynb"], "deep.ipynb: not a notebook that Jupyter could open"),
        (["a"], "a cannot be read: "),
    ],
)
def test_what_cannot_be_handed_out_is_told_in_a_sentence(names, complaint, tmp_path, capsys):
    (tmp_path / "broken.ipynb").write_text("{")
    write(stubs({"title": f"# Queries\n{HALF}"}), tmp_path / "half.ipynb")
    for name, entries in {
        "half metadata.ipynb": {"metadata": {"author": HALF}},
        "no metadata.ipynb": {"metadata": None},
    }.items():
        notebook = stubs()
        notebook.update(entries)
        write(notebook, tmp_path / name)
    deep = json.dumps(stubs() | {"metadata": "deep"}).replace('"deep"', nested(900))
    (tmp_path / "deep.ipynb").write_text(deep)
    tags = stubs()
    tags.cells[2].metadata.tags = 3
    write(tags, tmp_path / "tags.ipynb")
    for name in ("a/one.ipynb", "b/one.ipynb"):
        write(stubs(), tmp_path / name)
    astray = stubs()
    folded = "Look:\n<details>\n<summary>Solution</summary>\n\n3\n\n</details>"
    astray.cells.insert(3, nbformat.v4.new_markdown_cell(folded))
    write(astray, tmp_path / "astray.ipynb")
    paths = [str(tmp_path / name) for name in names]
    assert in_a_thread(main, ["handout", *paths, "--to", str(tmp_path / "new")]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert complaint in said
    assert not (tmp_path / "new").exists()


def nested(n):
    return '{"a": ' * n + "3" + "}" * n


def test_a_disk_that_fills_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    write_bytes = type(tmp_path).write_bytes

    def full(path, content):
        if "04" in path.name:
            write_bytes(path, content[:10])
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(type(tmp_path), "write_bytes", full)
    chapters = [str(CHAPTER), str(ROOT / "chapters" / "04_softmax.ipynb")]
    assert in_a_thread(main, ["handout", *chapters, "--to", str(tmp_path / "new")]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert os.listdir(tmp_path / "new") == []
