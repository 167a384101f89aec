"""Links into a page: what they name stands at the top, whatever grows on the way there."""

import json
import re

import pytest

from attnlib.figures import QueryKey
from tests.book.test_pages import AT_REST, DOCUMENTS
from tests.conftest import new_page
from tests.figures.driving import Hands, document

SCREENS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}
CLOSE = 2  # pixels
# Playwright does not hear of what browsers complain of in the window alone.
LISTENING = "window.complaints = []; addEventListener('error', (e) => complaints.push(e.message))"
ANCHORS = """() => [...document.querySelectorAll("main article [id]")]
    .filter((one) => one.getClientRects().length && !one.closest(".al-figure, svg, math, button"))
    .map((one) => one.id)"""
# Pixels from an anchor to where it should be: at the top, or as near as the page goes.
OFF = """(id) => {
    const page = document.documentElement;
    const margin = parseFloat(getComputedStyle(page).scrollPaddingTop) || 0;
    const wanted = document.getElementById(id).getBoundingClientRect().top + scrollY - margin;
    const most = page.scrollHeight - innerHeight;
    return scrollY - Math.max(0, Math.min(most, wanted));
}"""
# Two, and what was put off until after them.
FRAMES = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
    () => requestAnimationFrame(() => setTimeout(done)))))"""
ALL_OFF = f"""(ids) => ids.map((id) => {{
    location.hash = "";
    location.hash = id;
    return [id, ({OFF})(id)];
}})"""


SECTION = re.compile(r'<section[^>]* id="([^"]+)"')
FIGURE = "chapters/11_counting"


@pytest.fixture(scope="module", params=SCREENS)
def screen(request, browser):
    page = new_page(browser, viewport=SCREENS[request.param])
    page.add_init_script(LISTENING)
    yield page
    page.context.close()


def fresh(page, address):
    """Open `address` as a new tab does, and wait until nothing grows any more."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_function(AT_REST)
    page.evaluate(FRAMES)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_anchor_lands_and_the_page_keeps_its_width(screen, built_book, file_url, name):
    """One in a fresh tab, below the figures; then all of them, within the page at rest."""
    far = SECTION.findall((built_book / f"{name}.html").read_text(encoding="utf-8"))[-2:][0]
    fresh(screen, f"{file_url}{name}.html#{far}")
    assert abs(screen.evaluate(OFF, far)) <= CLOSE, far
    anchors = screen.evaluate(ANCHORS)
    assert far in anchors
    assert [one for one in screen.evaluate(ALL_OFF, anchors) if abs(one[1]) > CLOSE] == []
    assert screen.evaluate("document.documentElement.scrollWidth") <= screen.viewport_size["width"]
    assert screen.evaluate("complaints") == []


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
