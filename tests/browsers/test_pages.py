"""Pages of the built book in Firefox and WebKit. In Chromium: tests/book/test_pages.py."""

import pytest

from tests.book.test_pages import (
    AT_REST,
    DOCUMENTS,
    FLAT,
    FORMULAS_CUT,
    FORMULAS_SEEN,
    HOLDS,
    title_on_page,
)
from tests.conftest import serving

CHAPTERS = [document for document in DOCUMENTS if document.startswith("chapters/")]
TITLES = """() => [...document.querySelectorAll("main h1")]
    .filter((one) => one.getBoundingClientRect().height > 10)
    .map((one) => one.innerText)"""
# No window of WebKit's is as narrow as a phone; a frame is.
PHONE = """<!doctype html><title>A phone</title>
<iframe style="width: 360px; height: 740px; border: 0"></iframe>
<script>frames[0].location = location.search.slice(1)</script>"""
READY = f"document.querySelector('main [data-attnlib-figure]') && {AT_REST}"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
others = pytest.mark.parametrize("browser_window", ["firefox", "webkit"], indirect=True)


@others
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_opens_from_disk_and_shows_its_formulas(window, noting_book, chapter):
    window.open(f"{noting_book.as_uri()}/{chapter}.html")
    assert window.until(f"() => {READY}")
    (title,) = window.run(TITLES)
    assert title.startswith(title_on_page(chapter))
    assert window.run(FLAT) == [], "fractions whose parts stand side by side"
    assert window.run(FORMULAS_CUT) == []
    formula = HOLDS.get(chapter, "main")
    assert window.run(FORMULAS_SEEN, formula) > 0
    assert window.run("() => noted") == []


@pytest.fixture(scope="session")
def phone(noting_book):
    """The address of a page that shows another, named after "?", as wide as a phone."""
    (noting_book / "phone.html").write_text(PHONE, encoding="utf-8")
    with serving(noting_book) as address:
        yield f"{address}phone.html"


@others
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_fits_a_phone(window, phone, chapter):
    window.open(f"{phone}?{chapter}.html")
    assert window.until("(ready) => frames[0].eval(ready)", READY)
    assert window.run("(sideways) => frames[0].eval(sideways)", SIDEWAYS) <= 0
    assert window.run("() => frames[0].noted") == []
