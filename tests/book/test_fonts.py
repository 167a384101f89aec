"""The sans-serif letters of pages and figures, as `tools/subset_fonts.py` cuts them."""

import pytest
from fontTools.ttLib import TTFont

from tests.conftest import ROOT

WORDS = [
    *(ROOT / "attnlib" / "static").glob("attnlib*.js"),
    *(ROOT / "attnlib" / "figures").glob("*.py"),
    *(ROOT / "attnlib" / "questions").glob("*.py"),
]


@pytest.fixture(scope="module")
def inter():
    with TTFont(ROOT / "attnlib" / "static" / "fonts" / "inter-subset.woff2") as font:
        yield font


def breadths(font, text):
    glyphs = font.getBestCmap()
    return {font["hmtx"][glyphs[ord(letter)]][0] for letter in text}


def test_it_has_every_letter_that_figures_write(inter):
    """One that is missing is set in another font, and looked for at every step of a drag."""
    written = set("".join(path.read_text(encoding="utf-8") for path in WORDS))
    missing = {letter for letter in written if letter.isprintable()} - set(
        map(chr, inter.getBestCmap())
    )
    assert not missing


def test_numbers_keep_their_breadth_and_texts_their_own(inter):
    assert len(breadths(inter, "0123456789−+=÷×±")) == 1
    assert breadths(inter, "-") != breadths(inter, "0")


def test_it_is_still_heavy_and_light(inter):
    (weight,) = inter["fvar"].axes
    assert (weight.axisTag, weight.minValue, weight.maxValue) == ("wght", 100, 900)
