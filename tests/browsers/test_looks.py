"""What is seen of the figures in Chromium, Firefox and WebKit, where they are known to differ."""

import numpy as np
import pytest

from attnlib.figures import Alignment, Ledger
from tests.browsers.conftest import firefox_window, open_page
from tests.browsers.reader import CELL, designed
from tests.browsers.windows import becomes
from tests.conftest import refuse
from tests.figures.test_moving import STILL, off
from tools.firefox import NoFirefox

TOWER = "svg[role=img]"
NEAR = 40  # of a colour to another: as far as a rim may be from its ink
AROUND = 2  # pixels around a box, in which its rim may lie, too
RIM = 6  # pixels, from there inwards
COLOUR = """(one, name) => {
    const hex = getComputedStyle(one).getPropertyValue(name);
    return hex.match(/[0-9a-f]{2}/g).map((pair) => parseInt(pair, 16));
}"""


def rim_of(reader, selector, ink):
    """How much of each side of an element's rim has the colour `ink`: top, right, bottom, left."""
    colour, box = reader.ask(COLOUR, selector, "", ink), reader.box(selector)
    room = {"x": -AROUND, "y": -AROUND, "width": 2 * AROUND, "height": 2 * AROUND}
    pixels = reader.window.picture({side: box[side] + room[side] for side in box})
    inked = np.linalg.norm(pixels - colour, axis=-1) < NEAR
    inside = inked[RIM:-RIM], inked[:, RIM:-RIM]
    sides = inside[1][:RIM].any(0), inside[0][:, -RIM:].any(1)
    sides += inside[1][-RIM:].any(0), inside[0][:, :RIM].any(1)
    return [side.mean() for side in sides]


@pytest.mark.parametrize(
    "make, table, row",
    [
        (lambda: Alignment(query=1), "what each word receives", 2),
        (lambda: Ledger(opened="attention: w_q"), "the tally", 2),
    ],
    ids=["the word that asks", "the line that is open"],
)
def test_the_chosen_row_has_a_rim(open_figures, make, table, row):
    (reader,) = open_figures(make())
    rows = f'table[aria-label="{table}"] tbody tr:nth-child({{}})'
    assert min(rim_of(reader, rows.format(row), "--al-query")) > 0.9
    assert min(rim_of(reader, rows.format(row + 2), "--al-query")) < 0.5


def test_the_lines_of_the_tally_are_underlined_like_links(open_figures):
    (reader,) = open_figures(Ledger())
    style = """(one) => {
        const { textDecorationLine, textDecorationStyle } = getComputedStyle(one);
        return [textDecorationLine, textDecorationStyle];
    }"""
    assert reader.ask(style, "button", "attention: w_q") == ["underline", "dotted"]


def test_the_tower_of_the_tally_is_as_large_as_it_is_drawn(open_figures):
    (reader,) = open_figures(Ledger())
    size = "({ viewBox: { baseVal } }) => [baseVal.width, baseVal.height]"
    (width, height), box = reader.ask(size, TOWER), reader.box(TOWER)
    assert min(box["width"] / width, box["height"] / height) > 0.9


@pytest.fixture(scope="module")
def resisting(playwright):
    """A Firefox that resists fingerprinting, as Tor Browser does: a canvas answers with noise."""
    try:
        with firefox_window({"privacy.resistFingerprinting": True}) as window:
            yield window
    except NoFirefox as missing:
        refuse(str(missing))


def assert_drawn_as_written(reader):
    """A line of arithmetic looks in a drag as it looks when it is over, and not as before."""
    window, strip = reader.window, reader.box("ol", "score: ")
    before = window.picture(strip)
    x, y = reader.middle(CELL, "w_q animal, 1:")
    asked = reader.values()["queries"][3][0]
    window.run(f"() => {{ {STILL} }}")
    window.move(x, y)
    window.down()
    for by in (8, 16, 40):
        window.move(x + by, y)
    becomes(lambda: reader.values()["queries"][3][0], asked + 1)
    reader.settle()
    drawn = window.picture(strip)
    window.up()
    reader.rest()
    written = window.picture(strip)
    # A panel off the grid of pixels made 0.34 in Firefox, noise in place of letters 1.17.
    assert off([written], [drawn]) < 0.5
    assert off([written], [before]) > 0.1


def test_numbers_are_in_a_drag_what_they_are_when_it_is_over(reader):
    assert_drawn_as_written(reader)


def test_also_where_a_canvas_answers_with_noise(resisting, tmp_path):
    (reader,) = open_page(resisting, tmp_path, designed())
    assert_drawn_as_written(reader)
