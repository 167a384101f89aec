"""A page that served one test serves the next as if it were new."""

import pytest

from tests.conftest import cleared, new_page

# As a chapter keeps its reader's place.
LEAVING = "addEventListener('visibilitychange', () => { localStorage.place = 4; })"
HEARD = "addEventListener('mousemove', (event) => { window.buttons = event.buttons; })"


@pytest.fixture
def address(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<title>A page</title><body style='margin: 50px'><p>Some words.</p>")
    return path.as_uri()


def test_nothing_is_left_of_what_a_test_did(browser, address):
    page = new_page(browser)
    page.goto(f"{address}#here")
    page.evaluate("localStorage.a = 1; sessionStorage.b = 2; window.c = 3; console.error('oh')")
    page.evaluate(LEAVING)
    page.mouse.down()
    page.context.new_page().goto(address)
    assert page.record.errors == ["oh"]
    assert cleared(page)
    page.goto(address)
    assert page.context.pages == [page]
    assert page.record.errors == [] and page.record.requests == [address]
    assert page.evaluate("[localStorage.length, sessionStorage.length, window.c ?? 0]") == [0, 0, 0]
    page.evaluate(HEARD)
    page.mouse.move(60, 70)
    page.wait_for_function("window.buttons === 0")
    page.context.close()


def test_a_page_without_scripts_is_lent_again_too(browser, address):
    page = new_page(browser, java_script_enabled=False)
    page.goto(address)
    assert cleared(page)
    page.context.close()


def test_a_page_that_is_gone_is_not_lent_again(browser, address):
    page = new_page(browser)
    page.goto(address)
    page.close()
    assert not cleared(page)


def test_a_page_gets_its_size_back(browser, address):
    small, smaller = {"width": 320, "height": 640}, {"width": 300, "height": 200}
    page = new_page(browser, viewport=small)
    page.goto(address)
    page.set_viewport_size(smaller)
    assert cleared(page)
    assert page.viewport_size == small
    page.context.close()


def test_a_page_is_lent_to_one_at_a_time(borrow_page):
    small = {"width": 320, "height": 640}
    first, second = borrow_page(viewport=small), borrow_page(viewport=small)
    assert first is not second
    assert first.viewport_size == small
