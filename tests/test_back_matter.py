"""The pages behind the chapters keep what they promise, and agree with what they tell about."""

import re
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from attnlib.bugs import BUGS, SPLIT_BUGS, WINDOW_BUGS

ROOT = Path(__file__).resolve().parents[1]
BACK = ROOT / "back"
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
MINUTES = re.compile(r"\*About (\d+) minutes to read, (\d+) more for the exercises\.")
BUGS_IN_THE_CLINIC = 17, "seventeen"


def text_of(path):
    """A page's Markdown."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def sections(notebook):
    """`{heading: (its text, its code)}` for every section of a notebook."""
    found, heading = {}, None
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "markdown" and (match := re.match(r"## (.+)", cell.source)):
            heading = match[1]
        text, code = found.setdefault(heading, ("", ""))
        is_code = cell.cell_type == "code"
        found[heading] = (text, code + cell.source) if is_code else (text + cell.source, code)
    found.pop(None)
    return found


def test_the_clinic_reproduces_its_bugs_with_symptom_test_and_mend():
    bugs = {k: v for k, v in sections(BACK / "clinic.ipynb").items() if "**Symptom.**" in v[0]}
    number, in_words = BUGS_IN_THE_CLINIC
    assert len(bugs) == number
    assert f"{in_words} bugs with symptom" in text_of(ROOT / "index.ipynb")
    assert text_of(BACK / "clinic.ipynb").lower().count(f"{in_words} bugs") == 2
    for heading, (text, code) in bugs.items():
        assert "**Mend.**" in text, heading
        assert code.count("\nassert ") >= 2, heading  # without the bug, and with it
    everything = "".join(code for _, code in bugs.values())
    for bug in BUGS | SPLIT_BUGS | WINDOW_BUGS:
        assert f'"{bug}"' in everything, bug


def test_the_clinic_leads_from_symptoms_to_every_bug():
    text = text_of(BACK / "clinic.ipynb")
    anchors = re.findall(r"\[(\d+)\]\(#([\w-]+)\)", text)
    headings = [h for h, (t, _) in sections(BACK / "clinic.ipynb").items() if "**Symptom.**" in t]
    slugs = [heading.lower().replace(" ", "-") for heading in headings]
    assert {slug for _, slug in anchors} == set(slugs)
    assert all(slugs.index(slug) + 1 == int(n) for n, slug in anchors)


def test_every_departure_is_demonstrated():
    found = sections(BACK / "departures.ipynb")
    assert len(found) == 20  # the teachers' page says so
    for heading, (text, code) in found.items():
        assert "**You may have read:**" in text and "**This book:**" in text, heading
        assert re.search(r"\bassert\b|raise AssertionError", code), heading
        assert re.search(r"\]\(\.\./chapters/\d\d_\w+\.ipynb", text), heading


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[path.stem for path in CHAPTERS])
def test_the_teachers_page_has_the_minutes_of_every_chapter(chapter):
    text = text_of(chapter)
    title = re.search(r"^# (.+)$", text, re.MULTILINE)[1]
    number = int(chapter.stem[:2])
    minutes = " | ".join(MINUTES.search(text).groups())
    row = f"| [{number} {title}](../chapters/{chapter.name}) | {minutes} |"
    assert row in text_of(BACK / "teaching.md")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[path.stem for path in CHAPTERS])
def test_the_teachers_page_says_what_each_chapter_says_it_builds_on(chapter):
    needs = re.search(r"^\*About .+\*$", text_of(chapter), re.MULTILINE)[0]
    links = {int(number) for number in re.findall(r"\]\((\d\d)_\w+\.ipynb\)", needs)}
    row = re.search(
        rf"\({re.escape(f'../chapters/{chapter.name}')}\) .+", text_of(BACK / "teaching.md")
    )
    builds_on = row[0].split(" | ")[3]
    before = {number for number in links if number < int(chapter.stem[:2])}
    assert {int(number) for number in re.findall(r"\d+", builds_on)} == before


def test_the_words_of_the_glossary_stand_in_order_and_once():
    words = re.findall(r"^## (.+)$", text_of(BACK / "glossary.md"), re.MULTILINE)
    assert words == sorted(set(words))


@pytest.mark.parametrize("page", ["chapters/01_embeddings.ipynb", "back/teaching.md"])
def test_reader_and_teacher_begin_one_click_from_the_landing_page(page):
    assert f"]({page})" in text_of(ROOT / "index.ipynb")


def test_contributors_begin_one_click_from_the_landing_page():
    assert "](back/contributing.md)" in text_of(ROOT / "index.ipynb")
    begins, ends = re.findall(r'"(<!-- .+ -->)"', text_of(BACK / "contributing.md"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 0 < readme.index(begins) < readme.index("## Change it") < readme.index(ends)


def test_the_citation_names_this_version_and_repository():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"]
    assert citation["repository-code"] == config["repository"]["url"]
    assert citation["authors"] == [{"name": config["author"]}]
    assert {"MIT", "CC-BY-4.0"} == set(citation["license"])


def test_every_source_has_an_identifier_that_stays():
    entries = (ROOT / "references.bib").read_text(encoding="utf-8").split("\n@")
    assert len(entries) > 30
    for entry in entries:
        assert re.search(r"^\s*(doi|url)\s*=\s*\{[^}]+\}", entry, re.MULTILINE), entry[:60]
