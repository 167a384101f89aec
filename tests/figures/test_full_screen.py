"""A figure alone on the screen, for a lecture room."""

import pytest

from attnlib import figures
from tests.conftest import new_page
from tests.figures.driving import Hands, document, on_our_clock, overlap
from tests.figures.test_challenges import FIGURES

SMALLEST_LETTER = 21.5  # CSS pixels at 1920 x 1080: 22, but for a rounding
SCREEN = {"width": 1920, "height": 1080}
CHOSEN = {  # by chapter, or by view: with a cell chosen, so that its arithmetic is there
    "queries-and-keys": lambda: figures.QueryKey(
        preset="nouns look for adjectives", selected=[3, 1], challenges="queries-and-keys"
    ),
    "overflow": lambda: figures.SoftmaxLab(view="overflow", challenges="softmax"),
    "axis": lambda: figures.SoftmaxLab(view="axis", challenges="softmax"),
    "rank": lambda: figures.ValueMixer(view="rank", challenges="values"),
    "masking": lambda: figures.MaskLab(selected=[3, 6], challenges="masking"),
    "breaking": lambda: figures.BreakIt(bugs=["axis"], challenges="breaking"),
    "many-heads": lambda: figures.Heads(query=3, selected=[0, 1], challenges="many-heads"),
    "rotary": lambda: figures.OrderLab(view="rotary", challenges="order"),
    "GPT-2": lambda: figures.Ledger("GPT-2 small", challenges="counting"),
    "small": lambda: figures.Ledger("small enough for an evening"),
    "next word": lambda: figures.NextWord(cut=[4], layers=[20, 24]),
    "training": lambda: figures.Training(selected=3),
    "experiments": lambda: figures.Training(views=["experiments"], selected=3),
    "patterns": lambda: figures.Patterns(selected=[3, 1]),
    "cache": lambda: figures.CacheLab(
        8, bug="tile", selected=[0, 3], challenges="cache-and-groups"
    ),
    "tiles": lambda: figures.Tiles(order=[0, 1, 2], selected=[1, 4], challenges="long-texts"),
    "tiles of twelve": lambda: figures.Tiles(
        "a designed resting place", order=[2, 0, 5], window=2, kept=1, selected=[0, 3]
    ),
}
# All heads of a real model are more than a screen holds: they scroll in a box of their own.
SCROLLED = ("reading-heads",)
EVERY = {
    name: lambda name=name: FIGURES[name](challenges=name)
    for name in FIGURES
    if name not in SCROLLED
} | CHOSEN
# What is to be in one view; a figure that is not named here has its whole picture in it.
IN_VIEW = {
    "QueryKey": [".al-matrices", ".al-pattern", ".al-plane", ".al-strip"],
    "CacheLab": [".al-bands", ".al-bill", ".al-growth", ".al-compared"],
    "Heads": [".al-head-card .al-mask-grid", ".al-reads"],
    "ValueMixer": [".al-plane", ".al-rank-matrix", ".al-errors"],
    "Alignment": [".al-ribbons", ".al-mask-grid", ".al-received"],
    "BreakIt": [".al-switches", ".al-gauges", ".al-pattern", ".al-strip"],
    "MaskLab": [".al-mask table", ".al-leak-gauge"],
    "Training": [".al-curve-drawing", ".al-tile canvas", ".al-next", ".al-training .al-mask-grid"],
    "Patterns": [".al-map table", ".al-large-grid", ".al-edge"],
    "NextWord": [".al-tokens", ".al-guesses"],
    "Ledger": [".al-tower", ".al-ledger tr:nth-child(9)"],
}
# Every piece of text that is to be seen, line by line: its size on the screen, and its box.
LINES = """(figure) => {
    const walk = document.createTreeWalker(figure, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    const found = [];
    while (walk.nextNode()) {
        const { parentElement: holder, data } = walk.currentNode;
        if (!data.trim() || holder.closest(".al-spoken, option")) continue;
        if (!holder.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const scale = holder.closest("svg")?.getScreenCTM().a ?? 1;
        const size = parseFloat(getComputedStyle(holder).fontSize) * scale;
        range.selectNodeContents(walk.currentNode);
        for (const { left, right, top, bottom, width } of range.getClientRects())
            if (width) found.push({ text: data.trim(), size, left, right, top, bottom });
    }
    for (const canvas of figure.querySelectorAll(".al-plane-sheet canvas")) {
        const units = canvas.parentElement.querySelector("svg").viewBox.baseVal.width;
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        for (const name of canvas.drawIn(svg).querySelectorAll("text")) {
            const size = (name.getAttribute("font-size") * canvas.clientWidth) / units;
            found.push({ text: name.textContent, size });
        }
    }
    return found;
}"""
CUT_OFF = """(figure) => [...figure.querySelectorAll("*")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .filter((one) => one.checkVisibility() && !one.closest("select, .al-spoken"))
    .filter((one) => getComputedStyle(one).overflowX !== "visible")
    .map((one) => one.outerHTML.slice(0, 100))"""
ABOVE, BESIDE = 4, 1  # pixels of a line's box that are not its letters'


def alone(open_figure, figure, **options):
    """`figure` on a page, alone on the screen."""
    return fill_the_screen(open_figure(figure, viewport=SCREEN, **options))


def fill_the_screen(hands):
    hands.button("Full screen").click()
    hands.page.wait_for_function("document.fullscreenElement?.dataset.stage !== undefined")
    hands.page.wait_for_function("innerWidth === 1920 && innerHeight === 1080")
    hands.settle()
    return hands


def letters_of(line):
    across = {"left": line["left"] + BESIDE, "right": line["right"] - BESIDE}
    return line | across | {"top": line["top"] + ABOVE, "bottom": line["bottom"] - ABOVE}


@pytest.fixture(scope="module", params=EVERY)
def lecture(request, browser, tmp_path_factory):
    """Each figure alone on the screen, once for all tests that only look at it."""
    figure = EVERY[request.param]()
    path = tmp_path_factory.mktemp("lecture") / "page.html"
    path.write_text(on_our_clock(document(figure)), encoding="utf-8")
    page = new_page(browser, viewport=SCREEN)
    page.goto(path.as_uri())
    yield fill_the_screen(Hands(page, type(figure).__name__))
    page.context.close()


class TestFromTheLastRow:
    def test_it_is_read(self, lecture):
        small = [line for line in lecture.root.evaluate(LINES) if line["size"] < SMALLEST_LETTER]
        assert small == []

    def test_nothing_is_cut_off_and_no_text_lies_on_another(self, lecture):
        assert lecture.root.evaluate(CUT_OFF) == []
        assert lecture.root.evaluate("root => root.scrollWidth - root.clientWidth") == 0
        lines = [letters_of(line) for line in lecture.root.evaluate(LINES) if "left" in line]
        for n, line in enumerate(lines):
            assert line["left"] >= 0 and line["right"] <= SCREEN["width"], line
            for other in lines[n + 1 :]:
                assert not overlap(line, other), (line, other)

    def test_what_is_changed_and_what_answers_are_in_one_view(self, lecture):
        assert lecture.root.evaluate("root => root.scrollTop") == 0
        for part in IN_VIEW.get(lecture.kind, ["[data-picture]"]):
            for one in lecture.root.locator(part).all():
                box = one.bounding_box()
                assert box["y"] + box["height"] <= SCREEN["height"], part


@pytest.mark.parametrize(
    "figure, parts",
    [
        (lambda: figures.Ledger(), [".al-walk-up", ".al-ledger tr:last-child"]),
        (lambda: figures.ValueMixer(views=["mix"]), [".al-matrix"]),
        (
            lambda: FIGURES["reading-heads"](challenges="reading-heads"),
            [".al-map", ".al-large-grid", ".al-edge"],
        ),
    ],
    ids=["a short tally and what it comes to", "both maps of the values", "a real model's heads"],
)
def test_as_its_chapter_has_it_this_too_is_in_view(open_figure, figure, parts):
    hands = alone(open_figure, figure())
    for part in parts:
        for one in hands.root.locator(part).all():
            box = one.bounding_box()
            assert box["y"] + box["height"] <= SCREEN["height"], part


@pytest.mark.parametrize("figure", [figures.SoftmaxLab, figures.ContextNudge])
def test_where_everything_fits_there_is_no_scrollbar(open_figure, figure):
    hands = alone(open_figure, figure())
    assert hands.root.evaluate("root => root.scrollHeight - root.clientHeight") == 0


def test_the_button_leaves_and_the_focus_comes_back(open_figure):
    hands = alone(open_figure, figures.QueryKey())
    hands.button("Leave full screen").click()
    hands.page.wait_for_function("document.fullscreenElement === null")
    assert hands.button("Full screen").evaluate("button => button === document.activeElement")


@pytest.fixture
def by_link(open_figure):
    """`by_link(figure)`: hands on a figure that a link opened alone."""

    def open_(figure):
        hands = open_figure(figure, viewport={"width": 1280, "height": 800})
        address = hands.page.url.split("#")[0]
        hands.page.goto("about:blank")
        hands.page.goto(f"{address}#figure={figure.key}&alone")
        hands.page.locator("[data-stage]").wait_for()
        return hands

    return open_


def test_a_link_opens_it_so_and_escape_leaves(by_link):
    hands = by_link(figures.QueryKey())
    box = hands.page.locator("[data-stage]").bounding_box()
    assert (box["width"], box["height"]) == (1280, 800)
    assert hands.copied("Copy link").endswith("&alone")
    hands.button("Leave full screen").focus()
    hands.press("Escape")
    hands.page.locator("[data-stage]").wait_for(state="detached")
    hands.button("Full screen").wait_for()
    assert "alone" not in hands.copied("Copy link")
    assert hands.page.record.errors == []


class TestEscapeWhileTyping:
    """It ends the typing alone; the next one leaves."""

    def test_in_a_cell(self, by_link):
        hands = by_link(figures.QueryKey(preset="identity"))
        hands.cell("w_q", "animal").focus()
        hands.press("7", "Escape")
        hands.settle()
        assert hands.number("w_q", "animal") == 1
        assert hands.page.locator("[data-stage]").count() == 1
        hands.press("Escape")
        hands.page.locator("[data-stage]").wait_for(state="detached")

    def test_in_a_size(self, by_link):
        hands = by_link(figures.Ledger())
        layers = hands.root.get_by_role("textbox", name="layers")
        layers.focus()
        hands.press("7", "Escape")
        assert layers.input_value() == "96"
        assert hands.page.locator("[data-stage]").count() == 1
        hands.press("Escape")
        hands.page.locator("[data-stage]").wait_for(state="detached")


REFUSED = "Element.prototype.requestFullscreen = () => Promise.reject(new TypeError());"


def test_where_the_screen_is_refused_the_window_is_covered_each_time_and_the_focus_goes_back(
    open_figure,
):
    hands = open_figure(figures.QueryKey(), viewport={"width": 1280, "height": 800}, before=REFUSED)
    for _ in range(2):
        hands.button("Full screen").click()
        box = hands.page.locator("[data-stage]:popover-open").bounding_box()
        assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 1280, 800)
        hands.cell("w_q", "animal").focus()
        hands.press("Escape")
        hands.page.locator("[data-stage]").wait_for(state="detached")
        assert hands.button("Full screen").evaluate("button => button === document.activeElement")
    assert hands.page.record.errors == []


def test_where_the_browser_ends_it_the_figure_is_as_it_was(open_figure):
    hands = open_figure(figures.QueryKey())
    hands.button("Full screen").click()
    hands.page.wait_for_function("document.fullscreenElement !== null")
    hands.page.evaluate("document.exitFullscreen()")
    hands.page.locator("[data-stage]").wait_for(state="detached")
    hands.button("Full screen").wait_for()
