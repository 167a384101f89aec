"""The book on paper: PDFs as a browser prints them, turned into pictures and looked at."""

import io
import re
from contextlib import closing

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from attnlib.figures import (
    BreakIt,
    CacheLab,
    Heads,
    MaskLab,
    NextWord,
    Patterns,
    QueryKey,
    Tiles,
    Training,
    ValueMixer,
)
from tests.book.test_pages import AT_REST, DOCUMENTS, THEME
from tests.conftest import new_page
from tests.figures.driving import Hands, document

A4 = {"width": 794, "height": 1123}  # CSS pixels
MARGIN = 45
FINE, COARSE = 96, 24  # dots an inch
POINT = 72  # of an inch
BLOCK = 8  # pixels
WHITE = 255
DATE = re.compile(rb"D:\d{14}[-+Z\d']*")


def as_pdf(page):
    """The PDF that a browser makes of `page`, without the dates in it."""
    return DATE.sub(undated, page.pdf(format="A4", print_background=True))


def undated(date):
    return b"0" * len(date[0])


def rendered(pdf, dots=FINE):
    """The pages of a PDF as arrays of greys."""
    with closing(pypdfium2.PdfDocument(pdf)) as sheets:
        return [sheet.render(scale=dots / POINT, grayscale=True).to_numpy() for sheet in sheets]


def coarse(picture):
    """The mean grey of each block: letters on paper and on a screen differ by a pixel."""
    picture = picture.astype(float)
    height, width = (side // BLOCK * BLOCK for side in picture.shape)
    blocks = picture[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return blocks.mean(axis=(1, 3))


LIGHT = (
    "document.documentElement.dataset.theme = 'light'; delete document.body.dataset.jpThemeLight"
)
THEMES = {
    "light": LIGHT,
    "dark": "document.documentElement.dataset.theme = 'dark'",
    "JupyterLab's dark": "document.body.dataset.jpThemeLight = 'false'",
}
# How many boxes are wider inside than they are, while the page is laid out for paper.
COUNT_CUT = """() => {
    const scrolls = ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1;
    matchMedia("print").addEventListener("change", ({ matches }) => {
        if (!matches) return;
        document.body.style.width = "700px";
        window.cut = [...document.querySelectorAll(".al-scroll")].filter(scrolls).length;
        document.body.style.width = "";
    });
}"""
FIGURES = {
    "QueryKey": lambda: QueryKey(preset="nouns look for adjectives", selected=[3, 1]),
    "ValueMixer": ValueMixer,
    "MaskLab": MaskLab,
    "Training": Training,
    "CacheLab": lambda: CacheLab(7, window=3, bug="offset"),
    "Patterns": Patterns,
    "NextWord": lambda: NextWord(cut=[4], layers=[20, 24]),
    "Tiles": lambda: Tiles("a designed resting place", order=[2, 0, 5], window=2, kept=1),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_on_paper_what_it_is_on_a_white_screen(page_factory, tmp_path, name):
    path = tmp_path / "page.html"
    path.write_text(document(FIGURES[name]()), encoding="utf-8")
    page = page_factory(viewport=A4)
    page.goto(path.as_uri())
    hands = Hands(page, name)
    on_paper = {}
    for theme, put_on in THEMES.items():
        page.evaluate(f"{LIGHT}; {put_on}")
        hands.settle()
        (paper,) = rendered(as_pdf(page))
        on_paper[theme] = coarse(paper)
    page.evaluate(LIGHT)
    page.emulate_media(media="print")
    hands.settle()
    screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    on_screen = coarse(screen)
    for theme, paper in on_paper.items():
        height = min(len(paper), len(on_screen))
        assert np.abs(paper[:height] - on_screen[:height]).max() < 50, theme


@pytest.mark.parametrize(
    "make",
    [QueryKey, Heads, BreakIt, Training, Patterns, NextWord, CacheLab, Tiles],
    ids=lambda make: make.__name__,
)
def test_from_a_wide_window_paper_is_as_wide_as_from_a_narrow_one(page_factory, tmp_path, make):
    """Columns that stand side by side on the screen would be cut off."""
    path = tmp_path / "page.html"
    path.write_text(document(make()), encoding="utf-8")
    cut = []
    for width in (1280, A4["width"]):
        page = page_factory(viewport={"width": width, "height": A4["height"]})
        page.goto(path.as_uri())
        Hands(page, make.__name__).settle()
        page.evaluate(COUNT_CUT)
        as_pdf(page)
        cut.append(page.evaluate("window.cut"))
    assert cut == [0, 0]


CHAPTERS = [name for name in DOCUMENTS if name.startswith("chapters/")]
BORDER = 8  # pixels at 24 dots an inch: less than the margin


def edges(picture):
    """What is within `BORDER` of the edges."""
    sides = picture[:BORDER], picture[-BORDER:], picture[:, :BORDER], picture[:, -BORDER:]
    return np.concatenate([side.ravel() for side in sides])


@pytest.fixture(scope="module")
def reader(browser):
    """A page of somebody who reads in the dark."""
    page = new_page(browser, color_scheme="dark")
    yield page
    page.context.close()


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_ink_on_white_from_the_dark_as_from_the_light(reader, file_url, name):
    pdfs = {}
    reader.goto(f"{file_url}{name}.html")
    for theme in ("dark", "light"):
        reader.emulate_media(color_scheme=theme)
        reader.wait_for_function(f"{THEME} === '{theme}'")
        reader.wait_for_function(AT_REST)
        pdfs[theme] = as_pdf(reader)
        assert reader.evaluate(THEME) == theme
    sheets = rendered(pdfs["light"], dots=COARSE)
    assert len(sheets) > 5
    for sheet in sheets:
        assert (edges(sheet) == WHITE).all()
        assert sheet.mean() > 0.8 * WHITE
    assert np.median(np.concatenate([sheet.ravel() for sheet in sheets])) == WHITE
    assert min(sheet.min() for sheet in sheets) < 0.3 * WHITE
    if pdfs["dark"] != pdfs["light"]:  # equal files look alike
        np.testing.assert_array_equal(rendered(pdfs["dark"], dots=COARSE), sheets)


FRAMES = """() => [...document.querySelectorAll("article div.cell_input")].map((frame) => {
    const { scrollWidth, clientWidth } = frame.querySelector("pre");
    const { overflowX } = getComputedStyle(frame.querySelector("pre"));
    return [scrollWidth > clientWidth, overflowX, getComputedStyle(frame).breakInside].join();
})"""


def test_on_paper_code_keeps_its_frame_and_the_ends_of_its_lines(reader, file_url):
    """What scrolls would go to the next page in one piece, and leave an empty frame behind."""
    reader.goto(f"{file_url}{CHAPTERS[6]}.html")
    reader.emulate_media(media="print")
    reader.set_viewport_size({"width": A4["width"] - 2 * MARGIN, "height": A4["height"]})
    widths = reader.eval_on_selector_all(
        "article pre", "all => all.map((one) => [one.scrollWidth, one.clientWidth])"
    )
    frames = set(reader.evaluate(FRAMES))
    folded = reader.locator("article details.hide:not([open])")
    seen = [one.is_visible() for one in folded.all()]
    reader.emulate_media(media="screen")
    assert seen and not any(seen)  # paper cannot be unfolded
    assert len(widths) > 20
    assert [pair for pair in widths if pair[0] > pair[1]] == []
    assert frames == {"false,visible,avoid"}


TOGETHER = {
    "a pattern and its account": (13, "Head 16.0: queries in rows", "Choose a cell of the large"),
    "a shape and its parameters": (14, "Left empty, key/value heads", "8,030,261,248 parameters"),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_a_page_ends_where_a_part_of_a_figure_ends(reader, file_url, name):
    chapter, *texts = TOGETHER[name]
    reader.goto(f"{file_url}{CHAPTERS[chapter]}.html")
    reader.wait_for_function(AT_REST)
    with closing(pypdfium2.PdfDocument(as_pdf(reader))) as sheets:
        told = [sheet.get_textpage().get_text_bounded() for sheet in sheets]
    first, second = ([n for n, sheet in enumerate(told) if text in sheet][:1] for text in texts)
    assert first == second != []
