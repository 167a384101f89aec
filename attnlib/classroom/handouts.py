"""Notebooks to hand out: chapters without solutions and outputs."""

import copy
import os
import re
from pathlib import Path

from attnlib.classroom import notebooks

SUMMARY = "<summary>Solution</summary>"
SOLUTION = re.compile(rf"\s*<details>\s*{SUMMARY}.*</details>\s*", re.DOTALL)


class HandoutError(ValueError):
    """Why a notebook cannot be handed out, and what to do."""


def without_solutions(notebook):
    """A copy of `notebook` without outputs and folded solutions, and a few words about it.

    A solution is a Markdown cell, folded as a whole, right below a stub (tag `exercise`).
    Raises `HandoutError` if another cell holds a folded solution.
    """
    handout = copy.deepcopy(notebook)
    above = [None, *handout.cells]
    handout.cells = [
        cell
        for previous, cell in zip(above, handout.cells, strict=False)
        if not is_solution(cell, previous)
    ]
    for cell in handout.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        elif SUMMARY in cell.source:
            start = cell.source.strip().splitlines()[0]
            raise HandoutError(
                f"the cell that begins {start!r} holds a solution, but is no solution folded as a "
                "whole right below a stub: move it there, or delete it"
            )
    n_removed = len(notebook.cells) - len(handout.cells)
    return handout, "1 solution removed" if n_removed == 1 else f"{n_removed} solutions removed"


def is_solution(cell, previous):
    below_stub = previous is not None and "exercise" in previous.metadata.get("tags", [])
    return below_stub and cell.cell_type == "markdown" and bool(SOLUTION.fullmatch(cell.source))


def hand_out(paths, folder, prepare=without_solutions):
    """Write each notebook of `paths` into `folder`, as `prepare` makes it; a line about each.

    Nothing at all is written if one of them cannot be, or is there already. Raises
    `HandoutError`, or `OSError` if the folder cannot be written.
    """
    folder, handouts = Path(folder), {}
    for path in map(Path, paths):
        target = folder / path.name
        if target in handouts:
            raise HandoutError(f"two of the notebooks are called {path.name}: rename one")
        if target.exists():
            raise HandoutError(f"{target} exists, and nothing is overwritten: move it away")
        try:
            handouts[target] = handout_of(path, prepare)
        except OSError as error:
            raise HandoutError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise HandoutError(f"{path}: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    write({target: content for target, (content, _) in handouts.items()})
    return [f"{target}: {remark}" for target, (_, remark) in handouts.items()]


def handout_of(path, prepare):
    """The bytes of the handout of the notebook at `path`, and a few words about it."""
    notebook = notebooks.read(path)
    notebooks.encoded(notebook)  # what Jupyter could not open has no parts to rely on
    handout, remark = prepare(notebook)
    return notebooks.encoded(handout), remark


def write(files):
    """Write all files or, if one of them cannot be, none: beside, and then under their names."""
    beside = {target: target.with_name(f".{target.name}.new") for target in files}
    try:
        for target, content in files.items():
            beside[target].write_bytes(content)
        for target in files:
            os.replace(beside[target], target)
    finally:
        for each in beside.values():
            each.unlink(missing_ok=True)
