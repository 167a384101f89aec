"""What every browser test shares: a browser, pages that keep a record, the built book's address.

Without a Chromium (tools/chromium.py looks for it) the browser tests are skipped, except on CI,
where that is a failure.
"""

import functools
import http.server
import os
import socket
import threading
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import chromium

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
# Milliseconds. A wait ends when the thing is there: patience costs nothing, and on a machine with
# twenty times its load a blink takes seconds.
PATIENCE = 120_000
MANY_PAGES = 200
# What takes longest starts first, so that no process is left alone with it at the end.
LONGEST = (
    *(
        "13_real_model.ipynb",
        "14_reading_heads.ipynb",
        "16_long_texts.ipynb",
        "15_cache_and_groups.ipynb",
        "test_pages.py",
        "test_homes.py",
        "test_shared_rules.py",
    ),
    *("test_execution.py", "test_transformations.py", "test_processors.py", "test_kernel.py"),
    *("08_many_heads.ipynb", "test_class.py", "test_sandbox.py", "test_smollm2.py"),
    *("12_training.ipynb", "10_cross_attention.ipynb", "test_challenges.py", "test_notebooks.py"),
    *("11_counting.ipynb", "05_scaling.ipynb", "test_from_build.py"),
    *("departures.ipynb", "your_own_model.ipynb", "07_masking.ipynb", "09_order.ipynb"),
    *("test_training.py", "test_touch.py", "test_hands.py", "test_paper.py", "test_pdf.py"),
    *("test_tiles.py", "test_live_model.py", "test_parrot_runs.py"),
)


# What a test that asks for one of these fixtures, itself or through others, is marked with.
NEEDS = {
    "playwright": "browser",
    "built_book": "book",
    "tiny_book": "book",
    "small_book": "book",
    "smollm2": "real_model",
}


def pytest_collection_modifyitems(items):
    for item in items:
        for fixture in NEEDS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(NEEDS[fixture])
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


def pytest_fixture_setup(fixturedef, request):
    """Refuse what is asked for by `request.getfixturevalue`: no mark would tell of it."""
    mark = NEEDS.get(fixturedef.argname)
    if mark and not request._pyfuncitem.get_closest_marker(mark):
        why = f"take {fixturedef.argname} as an argument, so that `make check` leaves this out"
        pytest.fail(why, pytrace=False)


def refuse(why):
    """Skip a test for want of a browser; on CI, fail it."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(why)


@pytest.fixture(scope="session")
def playwright():
    """Playwright's synchronous interface."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromiums():
    """The Chromium that is running, and the pages whose tests are over, by their options."""
    running = SimpleNamespace(browser=None, idle=defaultdict(list))
    yield running
    if running.browser:
        running.browser.close()


@pytest.fixture(scope="module")
def browser(playwright, chromiums):
    """A Chromium, for several files in turn: one that has opened a thousand pages may give up.

    Skips without one, and fails on CI.
    """
    if chromiums.browser and chromiums.browser.opened > MANY_PAGES:
        chromiums.browser.close()
        chromiums.browser = None
        chromiums.idle.clear()
    if chromiums.browser is None:
        try:
            chromiums.browser = chromium.launch(playwright)
        except chromium.NoChromium as missing:
            refuse(str(missing))
        chromiums.browser.opened = 0
    return chromiums.browser


@pytest.fixture
def page_factory(browser):
    """A function that opens pages, each in a context of its own, closed after the test.

    `page_factory(**options)` takes the options of Playwright's `new_context` (viewport,
    color_scheme, java_script_enabled, has_touch, ...). The page keeps a record of what it did:
    `page.record.requests` (addresses), `.errors` (console errors and uncaught exceptions).
    """
    contexts = []

    def make(**options):
        page = new_page(browser, **options)
        contexts.append(page.context)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def borrow_page(browser, chromiums):
    """A function that lends pages for the time of a test: `borrow_page(**options)`.

    Options and record are those of `page_factory`. To make a page takes longer than most tests
    take with it, so one page serves many tests, and each finds it blank, with nothing
    stored and an empty record. Init scripts, routes and emulated media would stay: a test that
    needs them asks `page_factory` for a page of its own.
    """
    lent = []

    def lend(**options):
        idle = chromiums.idle[repr(sorted(options.items()))]
        page = idle.pop() if idle else new_page(browser, **options)
        lent.append((page, idle))
        return page

    yield lend
    for page, idle in lent:
        if cleared(page):
            idle.append(page)
        else:
            page.context.close()


def new_page(browser, **options):
    """A page in a context of its own, which keeps a record."""
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE)
    browser.opened += 1
    page.record = keep_record(page)
    page.record.viewport = page.viewport_size
    return page


def keep_record(page):
    """Note every request and every error of `page` from now on."""
    record = SimpleNamespace(requests=[], errors=[])
    page.on("request", lambda request: record.requests.append(request.url))
    page.on("pageerror", lambda error: record.errors.append(str(error)))
    page.on(
        "console",
        lambda message: record.errors.append(message.text) if message.type == "error" else None,
    )
    return record


# Chapters note where the reader is when they are left: what listens last forgets that, too.
FORGET = """() => {
    const forget = () => [localStorage, sessionStorage].forEach((kept) => kept.clear());
    addEventListener("visibilitychange", forget);
    forget();
}"""


def cleared(page):
    """Make `page` blank for the next test; false if it cannot be."""
    from playwright.sync_api import Error

    try:
        for other in page.context.pages[1:]:
            other.close()
        page.evaluate(FORGET)
        page.mouse.up()
        if page.viewport_size != page.record.viewport:
            page.set_viewport_size(page.record.viewport)
        page.goto("about:blank")  # the next test may open the same address
    except Error:
        return False
    page.record.requests.clear()
    page.record.errors.clear()
    return True


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each on standard error."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass


def free_port():
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(folder, handler=QuietHandler):
    """Serve `folder` over HTTP on a free port; gives the address, with a final slash."""
    bound = functools.partial(handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def built_book():
    """The folder of the built pages; fails without it, because `make test` builds it first."""
    if not (HTML / "index.html").exists():
        pytest.fail("the book is not built: run `make book` (or `make test`)", pytrace=False)
    return HTML


@pytest.fixture(scope="session")
def http_url(built_book):
    """The built book over HTTP: "http://127.0.0.1:<port>/"."""
    with serving(built_book) as address:
        yield address


@pytest.fixture(scope="session")
def file_url(built_book):
    """The built book from disk: "file:///.../_build/html/"."""
    return built_book.as_uri() + "/"


@pytest.fixture(params=["file", "http"])
def book_url(request, file_url, http_url):
    """Both homes of the built pages, one after the other; append "chapters/....html"."""
    return {"file": file_url, "http": http_url}[request.param]
