"""Rule 11 of figures: they take the room there is."""

import pytest

from tests.conftest import ROOT

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
BAR = 48  # CSS pixels of the page's own bar, which stays at the top
WIDEST = 1504  # 94 rem
HEIGHTS = """(figures) => figures.map((figure) => {
    const { left, right, width } = figure.getBoundingClientRect();
    const patterns = figure.querySelector(".al-head-cards"); // what follows is read, step by step
    const work = (patterns ?? figure.querySelector("[data-picture]")).getBoundingClientRect();
    return { name: figure.dataset.attnlibFigure, left, right, width, height: work.height };
})"""


def test_what_is_changed_and_what_answers_are_in_one_view(borrow_page, file_url):
    page = borrow_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{file_url}chapters/03_queries_and_keys.html")
    figure = page.locator('[data-attnlib-figure="QueryKey"][data-ready="true"]')
    parts = [
        figure.locator(part).bounding_box()
        for part in (".al-matrices", ".al-pattern", ".al-plane", ".al-strip")
    ]
    top = min(part["y"] for part in parts)
    assert max(part["y"] + part["height"] for part in parts) - top <= 800 - BAR
    hidden = figure.locator(".al-pattern .al-scroll")
    assert hidden.evaluate("pattern => pattern.scrollWidth - pattern.clientWidth") == 0


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_working_part_of_a_figure_is_in_one_view(borrow_page, file_url, chapter):
    page = borrow_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{file_url}chapters/{chapter}.html")
    page.locator(".full-width [data-ready]").first.wait_for()
    column = page.locator(".bd-article").bounding_box()["width"]
    for figure in page.locator(".full-width .al-figure").evaluate_all(HEIGHTS):
        assert figure["height"] <= 900 - BAR, figure
        assert column < figure["width"] <= WIDEST and figure["right"] <= 1440, figure
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# What scrolls sideways inside a figure: the last words of a pattern are hidden.
CUT_OFF = """(figures) => figures
    .flatMap((figure) => [...figure.querySelectorAll(".al-scroll")])
    .filter((pattern) => pattern.checkVisibility())
    .filter((pattern) => pattern.scrollWidth > pattern.clientWidth)
    .map((pattern) => pattern.closest(".al-figure").dataset.attnlibFigure)"""


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_pattern_of_a_wide_figure_is_cut_off(borrow_page, file_url, chapter):
    page = borrow_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{file_url}chapters/{chapter}.html")
    page.locator(".full-width [data-ready]").first.wait_for()
    assert page.locator(".full-width .al-figure").evaluate_all(CUT_OFF) == []


@pytest.mark.parametrize("width", [1199, 1200, 1920, 2560])
def test_no_width_of_a_window_makes_the_page_scroll_sideways(borrow_page, file_url, width):
    page = borrow_page(viewport={"width": width, "height": 900})
    page.goto(f"{file_url}chapters/03_queries_and_keys.html")
    page.locator('[data-attnlib-figure="QueryKey"][data-ready="true"]').wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# What is seen at the middle of the bar, beside its buttons: the bar, or what covers it.
AT_THE_TOP = """([x, y]) => {
    const seen = document.elementFromPoint(x, y);
    return seen.closest(".bd-header-article, .bd-sidebar-secondary, .al-figure").classList[0];
}"""


def test_a_figure_goes_below_the_bar_and_below_the_contents_that_open(borrow_page, file_url):
    page = borrow_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{file_url}chapters/03_queries_and_keys.html")
    figure = page.locator('.full-width [data-attnlib-figure="QueryKey"][data-ready="true"]')
    figure.evaluate("one => scrollBy({ top: one.getBoundingClientRect().top + 200 })")
    contents = page.locator(".bd-sidebar-secondary")
    page.wait_for_function("document.querySelector('.bd-sidebar-secondary.hide')")
    right = figure.bounding_box()["x"] + figure.bounding_box()["width"] - 20
    assert page.evaluate(AT_THE_TOP, [400, BAR / 2]) == "bd-header-article"
    assert page.evaluate(AT_THE_TOP, [right, BAR / 2]) == "bd-sidebar-secondary"
    contents.hover(position={"x": 60, "y": BAR / 2})
    last = contents.get_by_role("link").last
    last.hover()
    assert page.evaluate("document.querySelector('.bd-sidebar-secondary a:hover')?.href")
