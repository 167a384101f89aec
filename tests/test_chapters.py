"""The chapters' exercises: stubs run unfilled, folded solutions pass, and none is forgotten."""

import re
from pathlib import Path

import nbformat
import pytest

from attnlib.exercises import check, exercises

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
SOLUTION = re.compile(
    r"<details>\s*<summary>Solution</summary>.*?```python\n(.*?)```.*?</details>", re.DOTALL
)
CHECKED = re.compile(r'^check\("([\w-]+)", (.+)\)$', re.MULTILINE)
HEADING = re.compile(r"^### Exercise \d+: .+ \((★+), (\d+) minutes\)$", re.MULTILINE)


def read(chapter):
    return nbformat.read(chapter, as_version=4).cells


def stubs(chapter):
    """(id, what is checked, index of the cell) for every stub of a chapter."""
    found = []
    for index, cell in enumerate(read(chapter)):
        match = cell.cell_type == "code" and CHECKED.search(cell.source)
        if match:
            found.append((*match.groups(), index))
    return found


STUBS = [(chapter, *stub) for chapter in CHAPTERS for stub in stubs(chapter)]
by_id = pytest.mark.parametrize(
    ("chapter", "name", "answer", "index"), STUBS, ids=[stub[1] for stub in STUBS]
)


def test_every_exercise_stands_in_a_chapter_once():
    assert sorted(stub[1] for stub in STUBS) == sorted(exercises())


@by_id
def test_solution_passes_its_check(chapter, name, answer, index):
    cells = read(chapter)
    solution = SOLUTION.search(cells[index + 1].source)
    assert solution, f"no folded solution below the stub of {name}"
    namespace = {"check": check}
    exec("import numpy as np\nimport attnlib as al", namespace)
    exec(cells[index].source, namespace)
    exec(solution[1], namespace)
    verdict = check(name, eval(answer, namespace))
    assert verdict.solved, str(verdict)


@by_id
def test_stub_is_not_attempted(chapter, name, answer, index):
    (output,) = read(chapter)[index].outputs
    assert output.data["text/plain"] == f"{name}: not attempted yet"


def test_no_chapter_keeps_a_piece_of_a_head():
    """What one page keeps would change what another one shows."""
    for chapter in CHAPTERS:
        for cell in read(chapter):
            assert "my_head.py: piece" not in str(cell.get("outputs", "")), chapter.name


@by_id
def test_heading_gives_difficulty_and_minutes(chapter, name, answer, index):
    stars, minutes = HEADING.findall(read(chapter)[index - 1].source)[-1]
    exercise = exercises()[name]
    assert (len(stars), int(minutes)) == (exercise.stars, exercise.minutes)


def test_setup_cells_install_from_the_repository_the_configuration_names():
    url = re.search(r"^  url: (\S+)$", (ROOT / "_config.yml").read_text(), re.MULTILINE)[1]
    for notebook in (ROOT / "index.ipynb", *CHAPTERS, *(ROOT / "back").glob("*.ipynb")):
        first = next(cell for cell in read(notebook) if cell.cell_type == "code")
        assert first.id == "setup", notebook.name
        assert f"git+{url}" in first.source, notebook.name
