"""Pages of their own for figures, without building the book."""

import pytest

from tests.conftest import ROOT, new_page, serving
from tests.figures.driving import Hands, document, link, on_our_clock


@pytest.fixture
def open_figure(borrow_page, page_factory, tmp_path):
    """`open_figure(figure, ...)` opens a page that holds the figure, and gives `Hands` on it.

    `state` opens it by a link, `theme` is "light" or "dark", `beside` is HTML below it, `before`
    is JavaScript that runs before the page's own; the rest are the options of `page_factory`.
    """

    def open_(figure, state=None, theme="light", beside="", before="", **options):
        path = tmp_path / "page.html"
        html = on_our_clock(document(figure, theme=theme, beside=beside))
        path.write_text(html, encoding="utf-8")
        page = page_factory(**options) if before else borrow_page(**options)
        if before:
            page.add_init_script(before)
        page.goto(path.as_uri() + (link(figure.key, state) if state else ""))
        return Hands(page, type(figure).__name__)

    return open_


@pytest.fixture(scope="module")
def lasting(browser, tmp_path_factory):
    """`lasting(figure, ...)` gives `Hands` on a page that lasts for the whole file, at its start.

    Pages cost more than most tests. The rest are options of Playwright's `new_context`; the same
    figure with the same options gives the same page.
    """
    opened, folder = {}, tmp_path_factory.mktemp("lasting")

    def open_(figure, **options):
        html = on_our_clock(document(figure))
        which = (html, repr(sorted(options.items())))
        if which not in opened:
            path = folder / f"{len(opened)}.html"
            path.write_text(html, encoding="utf-8")
            page = new_page(browser, **options)
            page.goto(path.as_uri())
            opened[which] = Hands(page, type(figure).__name__)
        opened[which].begin_again()
        return opened[which]

    yield open_
    for hands in opened.values():
        hands.page.context.close()


@pytest.fixture(scope="module")
def core(browser):
    """Calls functions of js/src/core in a browser: `core(module, function, lists of arguments)`."""
    context = browser.new_context()
    page = context.new_page()
    with serving(ROOT / "js" / "src" / "core") as address:
        page.goto(f"{address}bugs.js")
        yield lambda module, name, calls: page.evaluate(
            """async ([url, name, calls]) => {
                const module = await import(url);
                return calls.map((values) => module[name](...values));
            }""",
            [f"{address}{module}.js", name, calls],
        )
        context.close()
