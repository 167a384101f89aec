"""The book on paper, as Chromium and Firefox print it. WebKitGTK's driver cannot print."""

from contextlib import closing

import pypdfium2
import pytest

from tests.book.test_pages import AT_REST, THEME
from tests.book.test_paper import COARSE, POINT, WHITE, edges

CHAPTER = "chapters/03_queries_and_keys"


@pytest.mark.parametrize("browser_window", ["chromium", "firefox"], indirect=True)
def test_a_chapter_is_ink_on_white_from_the_dark(window, noting_book):
    window.open(f"{noting_book.as_uri()}/{CHAPTER}.html")
    assert window.until(f"() => {AT_REST}")
    window.run(f"() => {{ {THEME} = 'dark' }}")
    with closing(pypdfium2.PdfDocument(window.pdf())) as pdf:
        sheets = [sheet.render(scale=COARSE / POINT, grayscale=True).to_numpy() for sheet in pdf]
    assert len(sheets) > 5
    for sheet in sheets:
        assert (edges(sheet) == WHITE).all()
        assert sheet.mean() > 0.8 * WHITE
    assert min(sheet.min() for sheet in sheets) < 0.3 * WHITE
    assert window.run("() => noted") == []
