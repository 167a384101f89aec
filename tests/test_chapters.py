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
MINUTES = re.compile(r"^\*About \d+ minutes to read, (\d+) more for the exercises", re.MULTILINE)
HEADING = re.compile(r"^### Exercise \d+: .+ \((★+), (\d+) minutes\)$", re.MULTILINE)


def read(chapter):
    return nbformat.read(chapter, as_version=4).cells


def text_of(chapter):
    return "\n\n".join(cell.source for cell in read(chapter) if cell.cell_type == "markdown")


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


class TestAnatomy:
    """What every chapter has (README.md, *A chapter*)."""

    every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)

    @every_chapter
    def test_begins_with_one_question_its_minutes_and_what_is_learned(self, chapter):
        opening = read(chapter)[0].source
        assert re.match(r"# [\w -]+\n\n\*\*[^*?]+\?\*\*\n", opening)
        assert MINUTES.search(opening)
        _, _, learned = opening.partition("When you are done you can\n\n")
        assert learned.count("\n- ") >= 2

    @every_chapter
    def test_promises_the_minutes_of_its_exercises(self, chapter):
        text = text_of(chapter)
        promised = int(MINUTES.search(text)[1])
        assert promised == sum(int(minutes) for _, minutes in HEADING.findall(text))

    @every_chapter
    def test_has_its_sections_in_order(self, chapter):
        text = text_of(chapter)
        goes_wrong, imagined, recap, reading = (
            re.search(f"^## {title}", text, re.MULTILINE).start()
            for title in (
                "What goes wrong$",
                "What (we imagined|the argument assumes)",
                "Recap$",
                "Words and further reading$",
            )
        )
        assert max(goes_wrong, imagined) < recap < reading
        assert re.findall(r"^(\d)\. ", text[recap:reading], re.MULTILINE) == list("12345")
        assert "../back/glossary.md#" in text[reading:] and "](https://" in text[reading:]

    @every_chapter
    def test_asks_before_it_shows_and_has_a_figure_with_challenges(self, chapter):
        code = [cell.source for cell in read(chapter) if cell.cell_type == "code"]
        assert sum("Prediction.ask(" in source for source in code) >= 2
        assert any("challenges=" in source for source in code)
        assert sum("Quiz.of(" in source for source in code) == 1
        assert len(HEADING.findall(text_of(chapter))) >= 3

    @every_chapter
    def test_no_cell_of_code_is_longer_than_twenty_lines(self, chapter):
        for cell in read(chapter):
            assert cell.cell_type != "code" or len(cell.source.splitlines()) <= 20, cell.source


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
