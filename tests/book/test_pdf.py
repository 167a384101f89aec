"""The whole book as one PDF."""

import re

import pytest

from tests.conftest import ROOT

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))


@pytest.fixture(scope="module")
def pages(built_book, browser, tmp_path_factory):
    """The text of every page, and the reader of the file."""
    from pypdf import PdfReader

    from tools import book_pdf

    target = tmp_path_factory.mktemp("pdf") / "book.pdf"
    book_pdf.write(browser, target)
    reader = PdfReader(target)
    return reader, [page.extract_text() for page in reader.pages]


def outline(reader):
    """The titles of the outline's first level, each with its page from 1."""
    entries = [entry for entry in reader.outline if not isinstance(entry, list)]
    return {entry.title: reader.get_destination_page_number(entry) + 1 for entry in entries}


def test_contents_outline_and_pages_agree(pages):
    reader, texts = pages
    first_pages = outline(reader)
    for stem in CHAPTERS:
        number = int(stem[:2])
        (title,) = (title for title in first_pages if title.startswith(f"{number}. "))
        page = first_pages[title]
        assert re.search(rf"{re.escape(title)}\s+{page}\n", texts[1]), title
        assert title in texts[page - 1]


def test_running_heads_name_the_chapter(pages):
    reader, texts = pages
    first_pages = outline(reader)
    (title,) = (title for title in first_pages if title.startswith("6. "))
    assert all(title in texts[n] for n in range(first_pages[title] - 1, first_pages[title] + 8))


def test_answers_stand_in_the_appendix_alone(pages):
    reader, texts = pages
    appendix = outline(reader)["Solutions and answers"] - 1
    text = " ".join(" ".join(texts[:appendix]).split())
    solved = " ".join(" ".join(texts[appendix:]).split())
    for answer in (
        "mixed_and_delta = [1.1, 0.4, 1.5, 0.8]",  # a solution
        "Every word takes part with its weight",  # a prediction's answer
        "Every output is a sum of the two rows of w_o",  # a quiz's
    ):
        assert answer not in text and answer in solved


def test_every_link_inside_leads_somewhere(pages):
    reader, _ = pages
    names = set(reader.named_destinations)
    dangling = []
    for page in reader.pages:
        for note in page.get("/Annots", []) or []:
            target = note.get_object().get("/Dest")
            if isinstance(target, str) and target not in names:
                dangling.append(target)
    assert dangling == [] and len(names) > 100
