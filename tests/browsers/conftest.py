"""A window of each browser in turn, and pages that note their errors.

A browser that is not found is skipped with a word on how to get it; on CI that is a failure.
"""

import shutil
from contextlib import ExitStack, closing, contextmanager
from functools import cache, partial

import pytest

from tests.browsers.reader import Reader, designed
from tests.browsers.windows import ChromiumWindow, FirefoxWindow, WebKitWindow
from tests.conftest import free_port, refuse
from tests.figures.driving import document
from tools import chromium, firefox, webkit

# Errors, also those that are only reported to the window, and files that are missing.
NOTE_ERRORS = """<head><script>
window.noted = [];
const note = (event) => noted.push(`${event.message ?? event.reason ?? event.target.outerHTML}`);
for (const kind of ["error", "unhandledrejection"]) addEventListener(kind, note, true);
console.error = (...told) => noted.push(told.join(" "));
</script>"""


def noting(html):
    """`html` with a script at its beginning that notes every error in `window.noted`."""
    assert html.count("<head>") == 1
    return html.replace("<head>", NOTE_ERRORS)


@contextmanager
def chromium_window(playwright):
    with closing(chromium.launch(playwright)) as browser:
        yield ChromiumWindow(browser)


@contextmanager
def firefox_window(preferences=None):
    with firefox.launched(preferences) as address, closing(FirefoxWindow(address)) as window:
        yield window


@contextmanager
def webkit_window():
    with (
        webkit.driver(free_port()) as (address, environment),
        closing(WebKitWindow(address, environment)) as window,
    ):
        yield window


BROWSERS = {
    "chromium": chromium_window,
    "firefox": lambda playwright: firefox_window(),
    "webkit": lambda playwright: webkit_window(),
}
MISSING = (chromium.NoChromium, firefox.NoFirefox, webkit.NoWebKit)


@pytest.fixture(scope="session")
def opened(playwright):
    """`opened(name)` gives the window of a browser, which stays: a start takes seconds."""
    with ExitStack() as stack:
        yield cache(lambda name: stack.enter_context(BROWSERS[name](playwright)))


@pytest.fixture(scope="session", params=BROWSERS)
def browser_window(request, opened):
    """A window of each browser in turn, for all tests."""
    try:
        return opened(request.param)
    except MISSING as missing:
        refuse(str(missing))


@pytest.fixture
def window(browser_window):
    """The window as a test finds it: with nothing remembered."""
    yield browser_window
    browser_window.run("() => localStorage.clear()")


def open_page(window, folder, *figures):
    """Open a page that holds `figures` in `window`; gives a `Reader` of each."""
    page = folder / "page.html"
    page.write_text(noting(document(*figures)), encoding="utf-8")
    window.open(page.as_uri())
    return [Reader(window, type(figure).__name__) for figure in figures]


@pytest.fixture
def open_figures(window, tmp_path):
    """`open_figures(*figures)` opens a page that holds them, and gives a `Reader` of each."""
    return partial(open_page, window, tmp_path)


@pytest.fixture
def reader(open_figures):
    """A reader of QueryKey on "a fluffy blue creature ...", creature and fluffy chosen."""
    return open_figures(designed())[0]


@pytest.fixture(scope="session")
def noting_book(built_book, tmp_path_factory):
    """The folder of a copy of the built book whose chapters note their errors."""
    copy = tmp_path_factory.mktemp("book") / "html"
    shutil.copytree(built_book, copy)
    for page in (copy / "chapters").glob("*.html"):
        page.write_text(noting(page.read_text(encoding="utf-8")), encoding="utf-8")
    return copy
