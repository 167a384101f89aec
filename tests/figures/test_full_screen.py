"""A figure alone on the screen, for a lecture room."""

import pytest

from attnlib.figures import Heads, QueryKey, SoftmaxLab, Training

SMALLEST_LETTER = 21.5  # CSS pixels at 1920 x 1080: 22, but for a rounding
# The size of every letter of a figure that is to be seen, with what it says.
LETTERS = """(figure) => {
    const walk = document.createTreeWalker(figure, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walk.nextNode()) {
        const { parentElement: holder, textContent } = walk.currentNode;
        if (!textContent.trim() || !holder.getBoundingClientRect().width) continue;
        if (holder.closest(".al-spoken")) continue;
        const scale = holder.closest("svg")?.getScreenCTM().a ?? 1;
        found.push([parseFloat(getComputedStyle(holder).fontSize) * scale, textContent]);
    }
    return found;
}"""


@pytest.mark.parametrize("figure", [QueryKey, Heads, SoftmaxLab, Training])
def test_a_figure_alone_is_read_from_the_last_row(open_figure, figure):
    hands = open_figure(figure(), viewport={"width": 1920, "height": 1080})
    hands.button("Full screen").click()
    hands.page.wait_for_function("document.fullscreenElement?.dataset.stage !== undefined")
    small = [letters for letters in hands.root.evaluate(LETTERS) if letters[0] < SMALLEST_LETTER]
    assert small == []
    hands.button("Leave full screen").click()
    hands.page.wait_for_function("document.fullscreenElement === null")
    assert hands.button("Full screen").evaluate("button => button === document.activeElement")


def test_a_link_opens_it_so_and_escape_leaves(open_figure):
    hands = open_figure(QueryKey(), viewport={"width": 1280, "height": 800})
    page = hands.page
    address = page.url.split("#")[0]
    page.goto("about:blank")
    page.goto(f"{address}#figure={QueryKey().key}&alone")
    page.locator("[data-stage]").wait_for()
    box = page.locator("[data-stage]").bounding_box()
    assert (box["width"], box["height"]) == (1280, 800)
    hands.button("Leave full screen").focus()
    page.keyboard.press("Escape")
    page.locator("[data-stage]").wait_for(state="detached")
    assert page.record.errors == []
