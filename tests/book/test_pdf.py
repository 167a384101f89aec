"""The whole book as one PDF."""

import re
from types import SimpleNamespace

import pypdfium2
import pytest
from bs4 import BeautifulSoup, SoupStrainer

from tests.conftest import ROOT
from tools import book_pdf

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))


@pytest.fixture(scope="module")
def book(built_book, browser, tmp_path_factory):
    """The book as PDF: the text of every page, and the first pages of what the outline names."""
    target = tmp_path_factory.mktemp("pdf") / "book.pdf"
    book_pdf.write(browser, target)
    with pypdfium2.PdfDocument(target) as pdf:
        texts = [page.get_textpage().get_text_bounded() for page in pdf]
        return SimpleNamespace(texts=texts, first=book_pdf.outline(pdf))


def test_contents_outline_and_pages_agree(book):
    for stem in CHAPTERS:
        (title,) = (title for title in book.first if title.startswith(f"{int(stem[:2])}. "))
        page = book.first[title]
        assert re.search(rf"{re.escape(title)}\s+{page}\b", book.texts[1]), title
        assert title in book.texts[page - 1]


def test_running_heads_name_the_chapter(book):
    first, after = (book.first[title] for title in ("6. Values", "7. Masking"))
    for page in book.texts[first - 1 : after - 1]:
        assert "6. Values" in page


def test_a_long_list_begins_below_its_title(book):
    """Each of its entries ends with a last paragraph; none of them is the end of a section."""
    assert book.texts[book.first["Bibliography"] - 1].count("doi:") > 5


def test_answers_stand_in_the_appendix_alone(book):
    start = book.first["Solutions and answers"] - 1
    before, appendix = (
        "".join("".join(texts).split()) for texts in (book.texts[:start], book.texts[start:])
    )
    for answer in (
        "mixed_and_delta = [1.1, 0.4, 1.5, 0.8]",  # a solution
        "Every word takes part with its weight",  # the answer to a prediction
        "Every output is a sum of the two rows of w_o",  # and to a question of a quiz
    ):
        letters = "".join(answer.split())
        assert letters not in before and letters in appendix, answer


@pytest.fixture(scope="module")
def document(book):
    """What was printed, as HTML."""
    return BeautifulSoup(book_pdf.DOCUMENT.read_text(encoding="utf-8"), "html.parser")


def test_every_link_of_the_document_leads_somewhere(document):
    ids = {tagged["id"] for tagged in document.select("[id]")}
    targets = [link["href"][1:] for link in document.select('a[href^="#"]') if link["href"] != "#"]
    assert len(targets) > 300 and set(targets) <= ids
    parts = re.findall(r"url\(#([^)]+)\)", str(document))  # of drawings, which name their own
    assert len(parts) > 10 and set(parts) <= ids


def test_the_lines_that_make_figures_are_not_printed(document, built_book):
    printed = {code.get_text() for code in document.select("pre")}
    for stem in CHAPTERS:
        page = (built_book / "chapters" / f"{stem}.html").read_text(encoding="utf-8")
        folds = BeautifulSoup(page, "html.parser", parse_only=SoupStrainer("details"))
        hidden = folds.select("details.hide pre")
        assert hidden and printed.isdisjoint(code.get_text() for code in hidden), stem
