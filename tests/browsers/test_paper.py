"""The book on paper, as Chromium and Firefox print it. WebKitGTK's driver cannot print."""

from contextlib import closing

import numpy as np
import pypdfium2
import pytest

from tests.book.test_pages import AT_REST, THEME
from tests.book.test_paper import COARSE, POINT, WHITE, edges

CHAPTER = "chapters/03_queries_and_keys"
FINE = 2  # pixels a point
HEADING = range(16 * FINE, 30 * FINE)  # the height of its letters; text has 13 points, figures more


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


def height_of_last(sheet):
    """How high the ink is that stands last on a sheet, down from the row without any above it."""
    dark = sheet.render(scale=FINE, grayscale=True).to_numpy() < 0.4 * WHITE
    rows = np.flatnonzero(dark.any(axis=1))
    gaps = np.flatnonzero(np.diff(rows) > 1)
    return len(rows) - (gaps[-1] + 1 if len(gaps) else 0)


@pytest.mark.parametrize("browser_window", ["chromium", "firefox"], indirect=True)
def test_no_heading_stands_last_on_a_sheet(window, noting_book):
    window.open(f"{noting_book.as_uri()}/chapters/12_training.html")
    assert window.until(f"() => {AT_REST}")
    with closing(pypdfium2.PdfDocument(window.pdf())) as pdf:
        last = [height_of_last(sheet) for sheet in pdf]
    assert len(last) > 5
    assert [number for number, height in enumerate(last, start=1) if height in HEADING] == []
