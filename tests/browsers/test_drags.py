"""Drags with a real mouse in Chromium, Firefox and WebKit.

Each is done again: a drag that the browser takes for one of its own stops the next.
"""

import numpy as np
import pytest

from attnlib.figures import EmbeddingSpace, MaskLab, SoftmaxLab
from tests.browsers.reader import CELL, PLANE, designed
from tests.browsers.windows import becomes

PIXELS = 40  # a drag of a matrix cell by 1
# Where a plane shows `word`, or the tip that it holds.
HELD = """(plane, word) => {
    const { x, y, width } = plane.getBoundingClientRect();
    if (!word) {
        const tip = plane.heldTip();
        return [tip.x, tip.y].map((at) => (at * width) / plane.viewBox.baseVal.width);
    }
    const group = [...plane.querySelectorAll("g")].findLast((one) => one.textContent === word);
    const box = group.querySelector("line").getBoundingClientRect();
    return [box.x + box.width / 2 - x, box.y + box.height / 2 - y];
}"""
# Where the corner `which` of a triangle is in the window, or, beyond its corners, the point in it.
CORNER = """(plane, which) => {
    plane.scrollIntoView({ block: "center", behavior: "instant" });
    const box = plane.querySelector("polygon").getBoundingClientRect();
    const point = plane.querySelector(":scope > line").getBoundingClientRect();
    return [
        [box.x + box.width / 2, box.top],
        [box.left, box.bottom],
        [box.right, box.bottom],
        [point.x + point.width / 2, point.y + point.height / 2],
    ][which];
}"""


AGAIN = range(1, 4)


@pytest.fixture(autouse=True)
def nothing_is_selected(window):
    yield
    assert window.run("() => getSelection().toString()") == ""


@pytest.mark.parametrize("name", ["w_q place, 1", "w_k fits animals, 2"])
def test_a_cell(window, reader, name):
    before = reader.cell(name)
    for n in AGAIN:
        window.drag(reader.middle(CELL, f"{name}:"), (PIXELS, 0))
        becomes(lambda: reader.cell(name), before + n)


def held(reader, word):
    """Where the plane shows a word, or the tip that it holds, from its corner."""
    return np.array(reader.ask(HELD, PLANE, "", word))


@pytest.mark.parametrize(
    "make, word, by",
    [(designed, None, (0, 12)), (lambda: EmbeddingSpace(word="man"), "king", (-20, 10))],
    ids=["an arrow", "a word"],
)
def test_what_a_plane_holds(window, open_figures, make, word, by):
    (reader,) = open_figures(make())
    for _ in AGAIN:
        box, at = reader.box(PLANE), held(reader, word)
        window.drag(np.add(at, [box["x"], box["y"]]), by)
        becomes(lambda: held(reader, word), at + by, within=1.5)


def test_a_score(window, open_figures):
    (reader,) = open_figures(SoftmaxLab())
    slider, name = '[role="slider"]', "score of blue"
    value = "(one) => Number(one.getAttribute('aria-valuenow'))"
    for share in (0.75, 0.25, 0.6):
        box = reader.box(slider, name)
        middle = reader.middle(slider, name)
        window.drag(middle, ((share - 0.5) * box["width"], 0))
        becomes(lambda: reader.ask(value, slider, name), 12 * share - 6, within=0.11)


def test_a_point_of_the_triangle(window, open_figures):
    (reader,) = open_figures(SoftmaxLab())
    for corner in (2, 1, 0):
        start, goal = (reader.ask(CORNER, PLANE, "", which) for which in (3, corner))
        window.drag(start, [0.95 * (b - a) for a, b in zip(start, goal, strict=True)])
        becomes(lambda: np.argmax(reader.values()["weights"]), corner)


def test_a_mask(window, open_figures):
    (reader,) = open_figures(MaskLab(mask="everyone"))
    for key in ("fluffy", "creature", "the"):
        names = [f"query {query}, key {key}:" for query in ("a", "fluffy", "blue")]
        reader.box('[role="grid"]', "mask, ")
        places = [reader.middle(CELL, name) for name in names]
        window.move(*places[0])
        window.down()
        for place, name in zip(places, names, strict=True):
            window.move(*place)  # a system may leave out what it was on the way
            assert reader.finds(CELL, f"{name} hidden"), name
        window.up()
