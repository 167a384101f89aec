"""The book on paper: PDFs as a browser prints them, turned into pictures and looked at."""

import io
from contextlib import closing

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from attnlib.figures import MaskLab, QueryKey, ValueMixer
from tests.book.test_pages import opened
from tests.figures.driving import Hands, document

A4 = {"width": 794, "height": 1123}  # CSS pixels
FINE, COARSE = 96, 24  # dots an inch
POINT = 72  # of an inch
BLOCK = 8  # pixels
WHITE = 255


def printed(page, **options):
    """The pages of the PDF that a browser makes of `page`, as grey pictures, 96 dots an inch."""
    return pictures(page.pdf(format="A4", **{"print_background": True, **options}), FINE)


def pictures(pdf, dots):
    """The pages of a PDF as arrays of greys."""
    with closing(pypdfium2.PdfDocument(pdf)) as sheets:
        return [sheet.render(scale=dots / POINT, grayscale=True).to_numpy() for sheet in sheets]


def coarse(picture):
    """The mean grey of each block: letters on paper and on a screen differ by a pixel."""
    picture = picture.reshape(picture.shape[:2]).astype(float)
    height, width = (side // BLOCK * BLOCK for side in picture.shape)
    blocks = picture[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return blocks.mean(axis=(1, 3))


FIGURES = {
    "QueryKey": lambda: QueryKey(preset="nouns look for adjectives", selected=[3, 1]),
    "ValueMixer": ValueMixer,
    "MaskLab": MaskLab,
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_is_on_paper_what_it_is_on_a_white_screen(page_factory, tmp_path, name, theme):
    path = tmp_path / "page.html"
    path.write_text(document(FIGURES[name](), theme=theme), encoding="utf-8")
    page = page_factory(viewport=A4)
    page.goto(path.as_uri())
    hands = Hands(page, name)
    hands.settle()
    (paper,) = printed(page)
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.emulate_media(media="print")
    hands.settle()
    screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    on_paper, on_screen = coarse(paper), coarse(screen)
    height = min(len(on_paper), len(on_screen))
    assert np.abs(on_paper[:height] - on_screen[:height]).max() < 50


class TestChapters:
    @pytest.fixture(scope="class")
    def dark(self, browser, file_url):
        context = browser.new_context(color_scheme="dark")
        yield lambda document: opened(context.new_page, f"{file_url}{document}.html")
        context.close()
