"""Drawings on a canvas: what SVG does by itself, they must be told."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from attnlib.figures import QueryKey
from tests.figures.driving import drawn, lies_on, lines_of, names_apart
from tests.figures.test_shared_rules import SVG, downloaded
from tests.figures.test_truth import random_state

INKS = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const counts = {};
    for (let n = 0; n < data.length; n += 4)
        if (data[n + 3] === 255) {
            const ink = data.slice(n, n + 3).join();
            counts[ink] = (counts[ink] ?? 0) + 1;
        }
    return Object.keys(counts).sort((a, b) => counts[b] - counts[a]);
}"""
TOKEN = """(canvas, name) => {
    const hex = getComputedStyle(canvas).getPropertyValue(name);
    return hex.match(/[0-9a-f]{2}/g).map((pair) => parseInt(pair, 16)).join();
}"""
WHICH = ["pattern", "plane"]


def opened(open_figure, **options):
    figure = QueryKey(preset="nouns look for adjectives", selected=[3, 1])
    hands = open_figure(figure, **options)
    hands.settle()
    return hands


NUMBERS = [[0, 3], [-3, 1.5], [-0.6, 0.6], [-1000, 1000], [0.1, -0.1], [0, 0]]


def test_cells_are_coloured_by_sign_and_size(open_figure):
    canvas = canvas_of(open_figure(QueryKey(w_q=NUMBERS)), "w_q")
    paints = (
        drawn(canvas)
        .locator("path")
        .evaluate_all(
            "all => all.map(one => [one.getAttribute('fill'), Number(one.getAttribute('opacity'))])"
        )
    )
    token = "(canvas, name) => getComputedStyle(canvas).getPropertyValue(`--al-${name}`).trim()"
    cell, positive, negative = (
        canvas.evaluate(token, name) for name in ("cell", "positive", "negative")
    )
    wanted = []
    for value in np.ravel(NUMBERS):
        strength = 0.45 * min(1, abs(value) / 3)
        wanted += [[cell, 1], [negative if value < 0 else positive, pytest.approx(strength)]]
    assert paints == wanted


def test_a_changed_number_has_the_colour_it_would_begin_with(open_figure):
    hands = open_figure(QueryKey(w_q=NUMBERS))
    hands.cell("w_q", "place").focus()
    hands.press("PageUp", "PageUp", "PageUp", "PageUp")
    hands.settle()
    changed = [[0, 3], [1, 1.5], *NUMBERS[2:]]
    pixels = "canvas => canvas.toDataURL()"
    after = canvas_of(hands, "w_q").evaluate(pixels)
    begun = open_figure(QueryKey(w_q=changed))
    begun.settle()
    assert after == canvas_of(begun, "w_q").evaluate(pixels)


def canvas_of(hands, which):
    beside = hands.matrix(which) if which in ("w_q", "w_k") else getattr(hands, which)
    return beside.locator("xpath=..").locator("canvas")


@pytest.mark.parametrize("which, token", [("pattern", "--al-weight"), ("plane", "--al-key")])
def test_drawings_follow_the_theme(open_figure, which, token):
    hands = opened(open_figure)
    canvas = canvas_of(hands, which)
    inks = []
    for theme in ("light", "dark", "light"):
        hands.page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)
        hands.settle()
        inks.append(canvas.evaluate(TOKEN, token))
        assert inks[-1] in canvas.evaluate(INKS)[:2]
    assert inks[0] == inks[2] != inks[1]


@pytest.mark.parametrize("which", WHICH)
def test_the_readers_own_colours_are_kept(open_figure, which):
    hands = opened(open_figure, forced_colors="active")
    canvas = canvas_of(hands, which)
    text = hands.root.evaluate("root => getComputedStyle(root).color")
    assert canvas.evaluate(INKS)[0] == ",".join(re.findall(r"\d+", text))


@pytest.mark.parametrize("which", WHICH)
def test_drawings_are_sharp_on_every_screen(open_figure, which):
    hands = opened(open_figure, device_scale_factor=3)
    dots = "canvas => canvas.width / canvas.getBoundingClientRect().width"
    assert canvas_of(hands, which).evaluate(dots) == pytest.approx(3, abs=0.02)


@pytest.mark.parametrize("which", WHICH)
def test_while_it_is_printed_a_drawing_in_svg_takes_its_place(open_figure, which):
    """What a PDF then shows: tests/book/test_paper.py."""
    hands = opened(open_figure)
    canvas = canvas_of(hands, which)
    drawing = canvas.locator("xpath=following-sibling::*[local-name()='svg']")
    for _ in range(2):
        hands.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert drawing.locator("path").count() > 0 and canvas.is_hidden()
        assert drawing.bounding_box() == canvas.bounding_box()
        hands.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert drawing.count() == 0 and canvas.is_visible()


# As soon as there are drawings: the browser has told none of them its size yet.
AT_ONCE = """
const blank = () => document.createElementNS("http://www.w3.org/2000/svg", "svg");
window.sizesIn = (root) => [...root.querySelectorAll("canvas")]
    .map((canvas) => canvas.drawIn(blank()).getAttribute("viewBox"));
new MutationObserver(() => {
    if (document.querySelector("canvas")?.drawIn) window.first ??= sizesIn(document);
}).observe(document, { subtree: true, childList: true, attributes: true });"""


def test_a_picture_may_be_asked_for_before_the_first_frame(open_figure):
    """It need not be complete, but it is no error, and has its size."""
    hands = open_figure(QueryKey(preset="nouns look for adjectives"), before=AT_ONCE)
    first, then = hands.root.evaluate("root => [window.first, sizesIn(root)]")
    assert first == then and len(first) >= 2
    assert hands.page.record.errors == []


def test_the_saved_picture_holds_the_drawings(open_figure):
    hands = opened(open_figure)
    root = ElementTree.fromstring(downloaded(hands, "SVG"))
    colour = {name: hands.root.evaluate(TOKEN, f"--al-{name}") for name in ("weight", "query")}
    filled = {}
    for path in root.iter(f"{SVG}path"):
        fill = ",".join(str(int(pair, 16)) for pair in re.findall("[0-9a-f]{2}", path.get("fill")))
        filled.setdefault(fill, []).append(path.get("d"))
    dots = max(filled[colour["weight"]], key=len)
    assert dots.count("M") == len(hands.values()["weights"]) ** 2
    marks = "".join(filled[colour["query"]])
    assert marks.count("M") == len(hands.values()["queries"])


# The middle and the width of each dot of a weight.
DOTS = """svg => {
    const ink = getComputedStyle(svg).getPropertyValue("--al-weight").trim();
    const path = svg.querySelector(`path[fill="${ink}"]`);
    return path.getAttribute("d").match(/M[^M]+/g).map((dot) => {
        path.setAttribute("d", dot);
        const { x, y, width, height } = path.getBoundingClientRect();
        return [x + width / 2, y + height / 2, width];
    });
}"""


def test_in_svg_each_dot_stands_in_the_middle_of_its_cell(open_figure):
    """The least weights have one that is seen, too."""
    hands = open_figure(QueryKey(w_q=NUMBERS, w_k=NUMBERS, causal=True))
    cells = hands.pattern_cells.evaluate_all(
        """all => all.map((one) => {
            const { x, y, width, height } = one.getBoundingClientRect();
            return [one.getAttribute("aria-label"), x + width / 2, y + height / 2];
        })"""
    )
    dots = np.array(drawn(canvas_of(hands, "pattern")).evaluate(DOTS))
    wanted = np.array([place for told, *place in cells if "−∞" not in told])
    np.testing.assert_allclose(dots[:, :2], wanted, atol=0.6)
    assert min(dots[:, 2]) > 2  # pixels


def test_names_in_the_plane_keep_off_one_another_and_off_the_tips(open_figure):
    """Chosen arrows have a name in any case, others where there is room."""
    figure = QueryKey(preset="nouns look for adjectives", selected=[3, 1])
    hands, seen = open_figure(figure), 0
    start = {"sentence": figure.sentence, "selected": figure.selected}
    for seed in (None, *range(12), 43, 53, 113):  # in the last three no place is free
        state = start if seed is None else random_state(seed)
        if seed is not None:
            hands.open_link(state)
        words = state["sentence"].split()
        chosen = {words[n] for n in (*state["selected"], min(3, len(words) - 1))}
        sheet = drawn(canvas_of(hands, "plane"))
        names = names_apart(sheet.locator("text"), hands.plane, but=chosen)
        assert chosen <= {name["word"] for name in names}
        box = hands.plane.bounding_box()
        arrows = sheet.locator('path[fill="none"][stroke-dasharray="none"]').all()
        for x, y in np.concatenate([lines_of(path) for path in arrows])[:, 2:]:
            tip = box["x"] + x * box["width"] / 300, box["y"] + y * box["height"] / 300
            for name in names:
                assert name["word"] in chosen or not lies_on(name, *tip), (name, seed)
        seen += len(names)
    assert seen > 30


def test_a_page_that_was_printed_from_the_dark_is_dark_again(open_figure):
    """Browsers may say twice that they are about to print."""
    page = open_figure(QueryKey(), theme="dark").page
    for event, theme in (("before", "light"), ("before", "light"), ("after", "dark")):
        page.evaluate(f"dispatchEvent(new Event('{event}print'))")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
