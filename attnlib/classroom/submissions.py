"""A student's notebook: its code cells, and which exercise each of them answers."""

import ast
import re
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

from attnlib.classroom import notebooks
from attnlib.exercises import chapters

HEADING = re.compile(r"^#{2,3}\s+(?:Exercise (\d{1,2})\b)?", re.MULTILINE)
STUB = "exercise"  # the tag of a cell that a student fills in
BOOKS = frozenset({"np", "al"})  # what chapters import first, under these names


@dataclass(frozen=True)
class Cell:
    """A code cell, the exercises that it checks, and the one that it answers without a check."""

    number: int  # among the code cells that are not empty, from 1
    source: str
    checks: tuple[str, ...] = ()
    unchecked: str = ""
    is_stub: bool = False
    is_mended: bool = False  # it held half of a character

    @property
    def beginning(self):
        return notebooks.beginning(self)

    def names(self, context):
        """The names that the cell defines (`ast.Store`) or uses (`ast.Load`), of its own level
        and inside; none if it is no Python."""
        found = set()
        for node in ast.walk(tree_of(self.source)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, context):
                found.add(node.id)
            elif context is ast.Store and isinstance(node, ast.alias):
                found.add(node.asname or node.name.partition(".")[0])
            elif context is ast.Store and isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
        return found


@dataclass(frozen=True)
class Submission:
    """A notebook of a student: its path in the folder, its chapter, its code."""

    name: str
    chapter: str | None
    cells: tuple[Cell, ...]

    @property
    def exercises(self):
        return [each.id for each in chapters()[self.chapter]]

    def absence(self, exercise):
        """Why no cell checks the exercise, in a few words; "" if one does."""
        if any(exercise in cell.checks for cell in self.cells):
            return ""
        if any(cell.unchecked == exercise for cell in self.cells):
            return "check deleted"
        loose = any(cell.is_stub and not cell.checks and not cell.unchecked for cell in self.cells)
        is_tagged = any(cell.is_stub for cell in self.cells)
        return "cell deleted" if is_tagged and not loose else "no check"


def submission_of(name, notebook):
    """The `Submission` that a notebook is."""
    chapter = notebooks.chapter_of(notebook)
    ids = [each.id for each in chapters()[chapter]] if chapter else []
    cells, section = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section = section_below(cell.source, section, ids)
        elif cell.cell_type == "code" and cell.source.strip():
            cells.append(read_cell(len(cells) + 1, cell, section))
            section = "" if cells[-1].is_stub else section  # a heading has one stub
    return Submission(name, chapter, tuple(cells))


def read_cell(number, cell, section):
    """A code cell as it is run, in the section of an exercise."""
    source = notebooks.whole(cell.source)
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    is_stub = isinstance(tags, list) and STUB in tags
    checks = tuple(notebooks.checked(source))
    unchecked = section if is_stub and section not in checks else ""
    return Cell(number, source, checks, unchecked, is_stub, source != cell.source)


def section_below(text, section, ids):
    """The exercise whose section goes on below a Markdown cell, or ""."""
    for number in HEADING.findall(text):
        section = ids[int(number) - 1] if number and 0 < int(number) <= len(ids) else ""
    return section


def tree_of(source):
    """The syntax tree of a cell, with its `%` and `!` lines; an empty one if it is no Python."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except Exception:  # a cell can hold anything
        return ast.Module([], [])
