"""Numbers that a drag changes: drawn while they move, text when they rest or are let go."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from attnlib.figures import EmbeddingSpace, MaskLab, QueryKey, SoftmaxLab, ValueMixer
from tests.figures.driving import AT_REST, STATIC, centre, mouse_drag

STILL = "const now = performance.now(); performance.now = () => now;"
LATER = "const then = performance.now() + 1000; performance.now = () => then;"
ROOM = 3  # pixels around a box


@pytest.fixture
def hands(open_figure):
    figure = QueryKey(preset="nouns look for adjectives", selected=[3, 1])
    return open_figure(figure, viewport={"width": 1280, "height": 1200})


def grasp(hands, steps=(8, 16, 40)):
    """Take a cell of w_q and pull it, in no time; the pointer still holds it."""
    hands.settle()
    hands.page.evaluate(STILL)
    x, y = centre(hands.cell("w_q", "animal"))
    hands.page.mouse.move(x, y)
    hands.page.mouse.down()
    for step in steps:
        hands.page.mouse.move(x + step, y)
    hands.settle()


def moving(hands):
    return hands.root.locator(".al-moving")


def pictures(hands, places):
    """What is seen at `places`, as numbers."""
    shown = []
    for place in places:
        raw = hands.page.screenshot(clip=place)
        shown.append(np.asarray(Image.open(io.BytesIO(raw)).convert("L"), dtype=float))
    return shown


def off(some, others):
    """How much two lists of pictures differ, as a share of the ink of the first."""
    differences = sum(np.abs(a - b).sum() for a, b in zip(some, others, strict=True))
    return differences / sum(np.abs(a - np.median(a)).sum() for a in some)


def places_of(boxes):
    places = [box.bounding_box() for box in boxes.all()]
    return [
        {
            "x": place["x"] - ROOM,
            "y": place["y"] - ROOM,
            "width": place["width"] + 2 * ROOM,
            "height": place["height"] + 2 * ROOM,
        }
        for place in places
    ]


def test_what_is_drawn_is_what_is_then_written(hands):
    grasp(hands, steps=(8, 16, 20))
    places = places_of(moving(hands))
    another = pictures(hands, places)
    hands.page.mouse.up()
    grasp(hands)
    assert len(places) >= 6
    drawn = pictures(hands, places)
    hands.page.mouse.up()
    hands.settle()
    written = pictures(hands, places)
    assert moving(hands).count() == 0
    assert off(written, drawn) < 0.25
    assert off(written, another) > 0.5


def test_text_is_there_as_soon_as_the_pointer_lets_go(hands):
    before = hands.number("w_q", "animal")
    grasp(hands)
    assert moving(hands).count() > 0
    hands.page.mouse.up()
    assert moving(hands).count() == 0
    assert hands.number("w_q", "animal") == pytest.approx(before + 1)  # 40 pixels, 4 a tenth
    i, j = 3, 1
    strip = hands.root.locator(".al-strip").inner_text()
    values = hands.values()
    assert f"{np.dot(values['queries'][i], values['keys'][j]):.2f}" in strip
    assert f"= {values['weights'][i][j]:.2f}" in strip


def test_text_is_there_when_a_held_pointer_rests(hands):
    before = hands.number("w_q", "animal")
    grasp(hands)
    hands.page.evaluate(LATER)
    moving(hands).first.wait_for(state="detached")
    assert moving(hands).count() == 0
    assert hands.number("w_q", "animal") == pytest.approx(before + 1)
    hands.page.mouse.up()


def test_without_a_pointer_everything_is_text(hands):
    cell = hands.cell("w_q", "animal")
    before = hands.number("w_q", "animal")
    hands.page.evaluate(STILL)
    cell.focus()
    for n in range(1, 4):
        hands.page.keyboard.press("+")
        assert hands.number("w_q", "animal") == pytest.approx(before + n / 10)
    assert moving(hands).count() == 0


def test_a_number_that_outgrows_its_box_is_text_in_a_wider_one(hands):
    box = hands.cell("w_q", "animal").locator(".al-steady")
    width = box.bounding_box()["width"]
    grasp(hands, steps=(8, 16, 480))
    assert box.bounding_box()["width"] > width
    assert box.inner_text() == "14.5"
    hands.page.mouse.up()
    assert hands.number("w_q", "animal") == 14.5


def test_colours_chosen_by_the_system_are_not_drawn(open_figure):
    hands = open_figure(QueryKey(selected=[3, 1]), forced_colors="active")
    grasp(hands)
    assert moving(hands).count() == 0
    hands.page.mouse.up()


INKS = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const solid = [...data.keys()].filter((n) => n % 4 === 3 && data[n] === 255);
    return [...new Set(solid.map((n) => `rgb(${data.slice(n - 3, n).join(", ")})`))];
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_drawn_number_takes_the_colour_that_its_text_has(open_figure, theme):
    """The leak is good while nothing leaks, and bad from the first hidden cell on."""
    hands = open_figure(MaskLab(mask="everyone"), theme=theme, before=STILL)
    hands.settle()
    cells = hands.root.get_by_role("grid", name="mask, ").locator("td[data-at]")
    hands.page.mouse.move(*centre(cells.nth(1)))
    hands.page.mouse.down()
    for at in (2, 3, 4):
        hands.page.mouse.move(*centre(cells.nth(at)))
        hands.settle()
    assert moving(hands).count() > 0
    for box in moving(hands).all():
        colour = box.evaluate("box => getComputedStyle(box).color")
        assert box.locator("canvas").evaluate(INKS) == [colour]
    hands.page.mouse.up()


NOISE = """const read = CanvasRenderingContext2D.prototype.getImageData;
CanvasRenderingContext2D.prototype.getImageData = function (...box) {
    const image = read.apply(this, box);
    for (let n = 0; n < image.data.length; n += 7) image.data[n] ^= 1;
    return image;
};"""


def test_where_a_canvas_is_not_read_truly_everything_is_text(open_figure):
    """As in Tor Browser, whose `getImageData` answers with noise."""
    hands = open_figure(QueryKey(preset="nouns look for adjectives", selected=[3, 1]), before=NOISE)
    before = hands.number("w_q", "animal")
    grasp(hands)
    assert moving(hands).count() == 0
    assert hands.number("w_q", "animal") == pytest.approx(before + 1)
    hands.page.mouse.up()


END = "(node, kind) => node.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true }))"


def test_where_a_canvas_is_not_read_truly_no_noise_is_saved(open_figure):
    hands = open_figure(QueryKey(), before=NOISE)
    hands.button("Save PNG").click()
    hands.hears("Save the SVG")


@pytest.mark.parametrize("kind", ["dragstart", "pointercancel", "lostpointercapture"])
def test_a_drag_ends_however_the_browser_ends_it(hands, kind):
    """WebKit carries marked text away, and says so by `dragstart` alone."""
    cell = hands.cell("w_q", "animal")
    before = hands.number("w_q", "animal")
    grasp(hands)  # 40 pixels: 1
    goes_on = cell.evaluate(END, kind)
    assert goes_on == (kind != "dragstart")  # what is prevented takes no text with it
    if kind != "lostpointercapture":
        assert moving(hands).count() == 0
    x, y = centre(cell)
    hands.page.mouse.move(x + 160, y)
    hands.page.mouse.up()
    hands.settle()
    assert hands.number("w_q", "animal") == pytest.approx(before + 1)
    mouse_drag(hands.page, (x, y), (40, 0))
    assert hands.number("w_q", "animal") == pytest.approx(before + 2)


MARKING = "new Event('selectstart', { bubbles: true, cancelable: true })"


def test_a_drag_refuses_marking_and_no_longer_once_it_is_over(hands):
    grasp(hands)
    assert not hands.page.evaluate(f"document.body.dispatchEvent({MARKING})")
    hands.page.mouse.up()
    assert hands.page.evaluate(f"document.body.dispatchEvent({MARKING})")


DRAGGED = "[role=application], [role=grid], .al-track"
MARKED = "all => all.filter((node) => getComputedStyle(node).userSelect !== 'none').length"


@pytest.mark.parametrize("make", [EmbeddingSpace, MaskLab, QueryKey, SoftmaxLab, ValueMixer])
def test_no_text_is_marked_by_a_drag(open_figure, make):
    hands = open_figure(make())
    assert hands.root.locator(DRAGGED).count() > 0
    assert hands.root.locator(DRAGGED).evaluate_all(MARKED) == 0
    style = (STATIC / "figures.css").read_text(encoding="utf-8")
    assert len(re.findall(r"-webkit-user-select: ", style)) == len(
        re.findall(r"(?<!-webkit-)user-select: ", style)
    )


# The page's clock stands, and goes on when a test says so; its timers look at it.
HELD = """{
    let now = performance.now();
    performance.now = () => now;
    window.pass = (milliseconds) => (now += milliseconds);
}"""
# Longer than any timer here runs: those that are due by the page's clock have run.
PASSED = "ms => { pass(ms); return new Promise((done) => setTimeout(done, 600)); }"
DUE_AND_NEXT = """(cell, ms) => {
    pass(ms);
    cell.dispatchEvent(new KeyboardEvent("keydown", { key: "PageUp", bubbles: true }));
}"""
A_HESITATION = 100  # milliseconds between two steps of a slow hand


def names(hands):
    """The names of the pattern's cells, without a wait."""
    return hands.pattern_cells.evaluate_all("all => all.map((one) => one.ariaLabel)")


class TestNamesInADrag:
    """They are for those who listen: written when the drag rests, and not for every step."""

    @pytest.fixture
    def held(self, hands):
        """A cell of w_q is chosen, and the clock stands, a while after whatever came before."""
        hands.cell("w_q", "animal").focus()
        hands.page.evaluate(HELD)
        hands.page.evaluate(PASSED, AT_REST)
        return hands

    def named(self, hands):
        """The numbers that w_q's first cell shows and is named by."""
        cell = hands.matrix("w_q").locator('[data-index="0,0"]')
        return cell.inner_text(), cell.get_attribute("aria-label").split(": ")[1]

    def test_they_wait_for_a_slow_hand_and_follow_when_it_rests(self, held):
        held.press("PageUp")
        assert self.named(held) == ("3.5", "3.50")
        for number in ("4.5", "5.5", "6.5"):
            held.page.evaluate(PASSED, A_HESITATION)
            held.press("PageUp")
            assert self.named(held) == (number, "3.50")
        held.page.evaluate(PASSED, AT_REST)
        assert self.named(held) == ("6.5", "6.50")

    def test_late_names_are_not_those_of_another_phrase(self, held):
        held.press("PageUp", "PageUp")
        held.menu("Phrase").select_option(index=1)
        now = names(held)
        held.page.evaluate(PASSED, AT_REST)
        assert names(held) == now

    def test_a_late_slider_is_not_that_of_another_cell(self, held):
        held.press("PageUp", "PageUp", "ArrowRight")
        held.page.evaluate(PASSED, AT_REST)
        slider = held.slider("w_q animal, 2")
        assert slider.input_value() == "0"
        assert slider.get_attribute("aria-valuetext") == "0.00"

    def test_a_late_name_does_not_come_after_a_new_one(self, held):
        """Where the page is busy, the next step comes before the timer that was due."""
        held.press("PageUp", "PageUp")
        held.cell("w_q", "animal").evaluate(DUE_AND_NEXT, AT_REST)
        held.page.evaluate(PASSED, AT_REST)
        assert self.named(held) == ("5.5", "5.50")
