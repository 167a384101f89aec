"""Links into a page: what they name stands at the top, whatever grows on the way there."""

import json

import pytest

from attnlib.figures import QueryKey
from tests.book.test_pages import AT_REST, CLOSE, FRAMES, OFF, PHONE
from tests.conftest import new_page
from tests.figures.driving import Hands, document

SCREENS = {"desk": {"width": 1280, "height": 900}, "phone": PHONE}
FIGURE = "chapters/11_counting"


@pytest.fixture(scope="module", params=SCREENS)
def screen(request, browser):
    page = new_page(browser, viewport=SCREENS[request.param])
    yield page
    page.context.close()


def fresh(page, address):
    """Open `address` as a new tab does, and wait until nothing grows any more."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_function(AT_REST)
    page.evaluate(FRAMES)


def test_a_copied_link_opens_the_page_at_the_figure(screen, file_url):
    fresh(screen, f"{file_url}{FIGURE}.html")
    hands = Hands(screen, "Ledger")
    address = hands.copied("Copy link")
    fresh(screen, address)
    top = "root => root.closest('.al-host').getBoundingClientRect().top"
    padding = "parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop)"
    assert abs(hands.root.evaluate(top) - screen.evaluate(padding)) <= CLOSE
    assert hands.root.evaluate("root => root === document.activeElement")
    assert hands.spoken.startswith("This is the state that the link holds.")


def test_who_comes_back_is_where_they_were(screen, file_url):
    fresh(screen, f"{file_url}chapters/07_masking.html#keep-or-ignore")
    screen.evaluate("scrollBy(0, -500)")
    before = screen.evaluate("scrollY")
    screen.goto(f"{file_url}index.html")
    screen.go_back()
    screen.wait_for_function(AT_REST)
    screen.evaluate(FRAMES)
    assert abs(screen.evaluate("scrollY") - before) <= CLOSE


# After what browsers themselves wait for.
GROWS = """addEventListener("load", () => requestAnimationFrame(() => {
    if (%s) {
        dispatchEvent(new WheelEvent("wheel"));
        scrollTo(0, 0);
    }
    document.getElementById("grows").style.height = "3000px";
}))"""
BESIDE = """<style>html { overflow-anchor: none }</style><div id="grows"></div>
<h2 id="here">Here</h2><div style="height: 2000px"></div>"""


@pytest.mark.parametrize("acts", [False, True])
def test_what_grows_late_moves_nobody_but_who_has_not_gone_elsewhere(page_factory, tmp_path, acts):
    path = tmp_path / "page.html"
    path.write_text(document(QueryKey(), beside=BESIDE), encoding="utf-8")
    page = page_factory()
    page.add_init_script(GROWS % json.dumps(acts))
    fresh(page, f"{path.as_uri()}#here")
    if acts:
        assert page.evaluate("scrollY") == 0
    else:
        assert abs(page.evaluate(OFF, "here")) <= CLOSE
