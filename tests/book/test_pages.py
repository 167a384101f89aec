"""The built book, page by page, from disk and over HTTP, as a reader's browser gets it."""

import gzip
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from fontTools.ttLib import TTFont

from attnlib.sphinx_ext.execution import open_cache
from tests.axe import OF_COLOUR, violations
from tests.conftest import new_page
from tests.figures.test_bundle import LARGEST

ROOT = Path(__file__).resolve().parents[2]
WIDGET = "application/vnd.jupyter.widget-view+json"
# Texts that begin or end outside the picture they are written in.
CUT_OFF = """(texts) => texts
    .filter((text) => {
        const here = text.getBoundingClientRect();
        const all = text.ownerSVGElement.getBoundingClientRect();
        return here.left < all.left - 0.5 || here.right > all.right + 0.5;
    })
    .map((text) => text.textContent)"""
# Code that is wider than its block, and formulas in a line that can neither be seen nor scrolled.
CUT_BY_A_PHONE = """() => {
    const code = ".cell_input, .highlight-bash, .highlight-pycon, .highlight-python";
    const wide = (one) => one.clientWidth && one.scrollWidth > one.clientWidth + 4;
    const formulas = [...document.querySelectorAll("main span.math")]
        .filter((one) => getComputedStyle(one).overflowX === "hidden");
    return [...document.querySelectorAll(`main :is(${code}) pre`), ...formulas]
        .filter(wide).map((one) => one.textContent);
}"""
# Fractions that do not stand one above the other.
FLAT = """() => {
    const box = (one) => one.getBoundingClientRect();
    const all = [...document.querySelectorAll("main mfrac")].filter((one) => box(one).height);
    const isFlat = ({ children: [above, below] }) => box(above).bottom > box(below).top + 1;
    return all.filter(isFlat).map((one) => one.textContent);
}"""
# Formulas in a line whose letters reach beyond what is shown of them.
FORMULAS_CUT = """() => {
    const right = (one) => one.getBoundingClientRect().right;
    const letters = (formula) => [...formula.querySelectorAll("mi, mo, mn, mtext")];
    return [...document.querySelectorAll("main span.math")]
        .filter((formula) => getComputedStyle(formula).overflowX !== "visible")
        .filter((formula) => Math.max(...letters(formula).map(right)) > right(formula) + 0.5)
        .map((formula) => formula.textContent);
}"""
FORMULAS_SEEN = """(selector) => [...document.querySelectorAll(selector)]
    .filter((one) => one.getBoundingClientRect().height).length"""
# What is certainly in a chapter for the rules on formulas to look at.
HOLDS = {
    "chapters/03_queries_and_keys": "main mfrac",
    "chapters/08_many_heads": "main span.math msubsup",
}
# Every figure is mounted, every font is there.
AT_REST = """
    document.fonts.status === "loaded" &&
    !document.querySelector('[data-attnlib-figure]:not([data-ready="true"])')
"""
# What is drawn before or after an element with the letters of icons; contents are folded up, too.
ICONS = """() => {
    document.querySelector(".bd-sidebar-secondary").classList.add("hide");
    return [...document.querySelectorAll("body *")]
        .flatMap((one) => ["::before", "::after"].map((part) => getComputedStyle(one, part)))
        .filter(({ fontFamily }) => fontFamily.includes("Font Awesome"))
        .map(({ content }) => content);
}"""
# For each element its width and height, or null where it is not shown.
SHOWN = """all => all.map((one) => {
    const { width, height } = one.getBoundingClientRect();
    return one.checkVisibility({ visibilityProperty: true }) ? [width, height] : null;
})"""
# Playwright does not hear of what browsers complain of in the window alone.
LISTENING = "window.complaints = []; addEventListener('error', (e) => complaints.push(e.message))"
SECTION = re.compile(r'<section[^>]* id="([^"]+)"')
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
ALL_OFF = f"""(ids) => ids.map((id) => {{
    location.hash = "";
    location.hash = id;
    return [id, ({OFF})(id)];
}})"""
CLOSE = 2  # pixels
# Two, and what was put off until after them.
FRAMES = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
    () => requestAnimationFrame(() => setTimeout(done)))))"""
NAME = "Attention, Hands On"
THEME = "document.documentElement.dataset.theme"
WIDTHS = (320, 360, 768, 1024, 1280)  # CSS pixels
PHONE = {"width": 360, "height": 740}
GENERATED = ("search", "genindex", "404")
# A link of a drawing has no address of its own that is text.
ADDRESSES = """links => links.map(
    (link) => new URL(link.getAttribute("href"), document.baseURI).href)"""


def documents():
    """The table of contents, flat: "index", "chapters/03_queries_and_keys", ..."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [toc["root"], *chapters]


DOCUMENTS = documents()
PAGES = [*DOCUMENTS, *GENERATED]


def source_of(document):
    """The source file of a document."""
    return next(p for suffix in (".ipynb", ".md") if (p := ROOT / (document + suffix)).exists())


def source_text(document):
    """The Markdown of a document."""
    path = source_of(document)
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def title_of(document):
    """The first heading of a document's source."""
    return re.search(r"^# (.+)$", source_text(document), flags=re.MULTILINE).group(1).strip()


def title_on_page(document):
    """The title as its page has it: chapters carry their number."""
    chapter = re.match(r"chapters/0?(\d+)_", document)
    return f"{chapter[1]}. {title_of(document)}" if chapter else title_of(document)


def executed(document):
    """The cells of a notebook as a build ran them, this one or an earlier; none for Markdown."""
    path = source_of(document)
    if path.suffix == ".md":
        return []
    (folder,) = (ROOT / "_build" / ".jupyter_cache").iterdir()
    with open_cache(folder) as cached:
        _, notebook = cached.merge_match_into_notebook(nbformat.read(path, as_version=4))
    return notebook.cells


def outputs_with(document, mime):
    """How many outputs of a document's executed cells carry the MIME type `mime`."""
    outputs = [output for cell in executed(document) for output in cell.get("outputs", [])]
    return sum(mime in output.get("data", {}) for output in outputs)


def opened(make_page, address, **options):
    """A page opened at `address`, with its scripts and figures at rest."""
    page = make_page(**options)
    page.goto(address, wait_until="load")
    if options.get("java_script_enabled", True):
        page.wait_for_function(AT_REST)
    return page


def opened_below_its_figures(browser, book, address, name, **options):
    """A page opened in a fresh tab by a link to its last section but one, `page.link`, if any.

    `page.off` is how far from its place that is when nothing grows any more.
    """
    sections = SECTION.findall((book / f"{name}.html").read_text(encoding="utf-8"))[-2:]
    page = new_page(browser, **options)
    page.add_init_script(LISTENING)
    page.link = sections[0] if sections else None
    page.goto(f"{address}{name}.html" + (f"#{page.link}" if sections else ""), wait_until="load")
    page.wait_for_function(AT_REST)
    page.evaluate(FRAMES)
    page.off = page.evaluate(OFF, page.link) if sections else 0
    return page


@pytest.fixture(scope="module")
def from_disk(request, browser, built_book, file_url):
    """A document opened from disk once, for all tests that only look at it."""
    page = opened_below_its_figures(browser, built_book, file_url, request.param)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def over_http(request, browser, built_book, http_url):
    """A document opened once over HTTP, on a phone."""
    page = opened_below_its_figures(browser, built_book, http_url, request.param, viewport=PHONE)
    yield page
    page.context.close()


def each(documents, how="from_disk"):
    """A test that looks at such a page of each document; pytest runs those of one together."""
    both = [(document, document) for document in documents]
    return pytest.mark.parametrize(
        (how, "document"), both, indirect=[how], ids=documents, scope="module"
    )


every_document, every_page = each(DOCUMENTS), each(PAGES)
every_document_on_a_phone = each(DOCUMENTS, "over_http")
every_page_over_http = each(PAGES, "over_http")


def assert_anchors_land(page):
    """The one that the page was opened at, and then all of them, within the page at rest."""
    assert page.link and abs(page.off) <= CLOSE, page.link
    anchors = page.evaluate(ANCHORS)
    assert page.link in anchors
    assert [one for one in page.evaluate(ALL_OFF, anchors) if abs(one[1]) > CLOSE] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


class TestContents:
    def test_the_table_of_contents_is_read(self):
        assert DOCUMENTS[0] == "index"
        assert "chapters/03_queries_and_keys" in DOCUMENTS

    def test_a_guess_is_right_within_a_fifth_of_the_number(self, built_book):
        html = "".join(one.read_text("utf-8") for one in (built_book / "chapters").glob("*.html"))
        states = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
        asked = [one for one in map(json.loads, states) if one.get("kind") == "number"]
        for one in asked:
            off = max(abs(one["answer"]) / 5, 0.02)  # the least that two digits tell apart
            assert one["tolerance"] <= off, one["question"]
        assert len(asked) > 10

    @every_document
    def test_every_page_exists_with_its_title(self, from_disk, document):
        heading = from_disk.locator("main article h1").first
        title = title_on_page(document)
        assert heading.inner_text().rstrip("#").strip() == title
        assert title in from_disk.title()
        assert from_disk.title().count(NAME) == 1

    @every_document
    def test_every_page_has_its_figures(self, from_disk, document):
        figures = from_disk.locator("[data-attnlib-figure]")
        assert figures.count() == outputs_with(document, WIDGET)
        ready = from_disk.locator('[data-attnlib-figure][data-ready="true"]')
        assert ready.count() == figures.count()

    @every_page
    def test_the_scripts_of_its_figures_are_small(self, from_disk, document):
        scripts = from_disk.locator("script[data-attnlib-page]")
        sources = scripts.evaluate_all("all => all.map(({ src }) => new URL(src).pathname)")
        assert sources or document == "404"
        assert sum(len(gzip.compress(Path(name).read_bytes())) for name in sources) <= LARGEST

    @every_document
    def test_all_that_a_cell_prints_is_seen(self, from_disk, document):
        """On a desk no line goes on beyond the edge; on a phone tables may."""
        printed = from_disk.locator(".cell_output .output:has(pre), .cell_output .output pre")
        cut = printed.evaluate_all(
            "all => all.filter((one) => one.scrollWidth > one.clientWidth)"
            ".map((one) => one.textContent)"
        )
        assert cut == []

    @every_document
    def test_no_table_goes_on_beyond_the_edge(self, from_disk, document):
        cut = from_disk.locator(".pst-scrollable-table-container").evaluate_all(
            "all => all.filter((one) => one.scrollWidth > one.clientWidth)"
            ".map((one) => one.textContent)"
        )
        assert cut == []

    @every_document
    def test_what_a_cell_prints_is_one_output(self, from_disk, document):
        assert from_disk.locator(".output.stream + .output.stream").count() == 0

    @every_document
    def test_every_link_inside_the_book_leads_somewhere(self, from_disk, file_url, document):
        links = from_disk.eval_on_selector_all("a[href]", ADDRESSES)
        inside = {link for link in links if link.startswith(file_url)}
        assert inside
        for link in inside:
            path = link.removeprefix(file_url).partition("#")[0].partition("?")[0]
            assert (ROOT / "_build" / "html" / path).exists(), link


TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Resolves when half a second has brought no further request: Playwright's own "networkidle" may
# miss the moment on a busy machine, and then waits for ever.
ASKS_FOR_NOTHING_MORE = """new Promise((resolve) => {
  const count = () => performance.getEntriesByType("resource").length;
  const look = (before) => (count() === before ? resolve() : setTimeout(look, 500, count()));
  look(-1);
})"""


def assert_keeps_to_itself(page, book_url, name):
    """The page, scrolled to its end, asked for nothing outside the book and logged no error."""
    page.evaluate(ASKS_FOR_NOTHING_MORE)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.evaluate(TWO_FRAMES)  # whatever hears of the scroll has heard of it
    page.evaluate(ASKS_FOR_NOTHING_MORE)
    inside = (book_url, "data:", "blob:")
    assert page.record.requests[0] == f"{book_url}{name}.html"
    assert [url for url in page.record.requests if not url.startswith(inside)] == []
    assert page.record.errors == [] and page.evaluate("complaints") == []


class TestEveryPage:
    @every_document
    def test_every_anchor_lands_and_the_page_keeps_its_width(self, from_disk, document):
        assert_anchors_land(from_disk)

    @every_document_on_a_phone
    def test_every_anchor_lands_on_a_phone(self, over_http, document):
        over_http.set_viewport_size(PHONE)
        assert_anchors_land(over_http)

    @every_page
    def test_from_disk_asks_for_nothing_outside_and_logs_no_error(
        self, from_disk, file_url, document
    ):
        assert_keeps_to_itself(from_disk, file_url, document)

    @every_page_over_http
    def test_does_not_scroll_sideways(self, over_http, document):
        for width in WIDTHS:
            over_http.set_viewport_size({"width": width, "height": 700})
            over_http.evaluate(TWO_FRAMES)  # figures take their new widths
            assert over_http.evaluate("document.documentElement.scrollWidth") <= width

    @every_page_over_http
    def test_no_code_and_no_formula_is_cut_on_a_phone(self, over_http, document):
        over_http.set_viewport_size({"width": 360, "height": 700})
        assert over_http.evaluate(CUT_BY_A_PHONE) == []

    @every_page_over_http
    def test_over_http_asks_for_nothing_outside_and_logs_no_error(
        self, over_http, http_url, document
    ):
        """On a narrow screen that became a wide one."""
        over_http.set_viewport_size({"width": WIDTHS[-1], "height": 720})
        assert_keeps_to_itself(over_http, http_url, document)

    @every_page
    def test_has_no_accessibility_violation(self, from_disk, document):
        assert from_disk.evaluate(THEME) == "light"
        assert violations(from_disk) == []

    @every_page
    def test_has_colours_that_can_be_read_in_the_dark(self, from_disk, document):
        from_disk.emulate_media(color_scheme="dark")
        from_disk.wait_for_function(f"{THEME} === 'dark'")
        found = violations(from_disk, only=OF_COLOUR)
        from_disk.emulate_media(color_scheme="light")
        from_disk.wait_for_function(f"{THEME} === 'light'")
        assert found == []


@every_document
class TestMathematics:
    def test_is_drawn_and_no_tex_is_left(self, from_disk, document):
        sizes = from_disk.eval_on_selector_all(
            "main math",
            "all => all.filter(one => !one.closest('details:not([open]), .toggle-hidden'))"
            ".map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])",
        )
        assert all(width > 0 and height > 0 for width, height in sizes)
        assert not re.search(r"\\[a-zA-Z]{2,}|\$\$", prose_of(from_disk))
        assert from_disk.evaluate(FLAT) == [], "fractions whose parts stand side by side"
        assert from_disk.evaluate(FORMULAS_CUT) == []
        assert from_disk.evaluate(FORMULAS_SEEN, HOLDS.get(document, "main")) > 0

    def test_text_and_formulas_are_there_without_javascript(
        self, from_disk, borrow_page, file_url, document
    ):
        without = opened(borrow_page, f"{file_url}{document}.html", java_script_enabled=False)
        assert without.locator("main article h1").first.is_visible()
        formulas = without.eval_on_selector_all("main math", SHOWN)
        assert len(formulas) == from_disk.locator("main .math math").count()
        assert all(size[0] > 0 and size[1] > 0 for size in formulas if size)
        paragraphs = without.eval_on_selector_all("main section > p", SHOWN)
        assert all(size and size[0] > 0 and size[1] > 0 for size in paragraphs)
        assert without.eval_on_selector_all(".al-host svg text", CUT_OFF) == []


def prose_of(page):
    """The visible words of the page's article, code left out."""
    return page.evaluate(
        """() => {
            const article = document.querySelector("main article").cloneNode(true);
            article.querySelectorAll("pre, code, script, style").forEach((one) => one.remove());
            return article.textContent;
        }"""
    )


def test_formulas_use_the_shipped_font(borrow_page, file_url):
    page = opened(borrow_page, f"{file_url}chapters/03_queries_and_keys.html")
    assert page.locator("main math").count() > 0
    assert page.evaluate("document.fonts.check('16px \"Book Math\"')")
    assert any("stix-two-math" in url for url in page.record.requests)


def test_the_icons_that_pages_show_are_in_the_shipped_fonts(borrow_page, file_url):
    page = opened(borrow_page, f"{file_url}chapters/03_queries_and_keys.html")
    icons = page.evaluate(ICONS)
    shown = {ord(icon.strip('"')) for icon in icons if icon not in ("none", "normal")}
    assert shown
    folder = ROOT / "_build/html/_static/vendor/fontawesome/webfonts"
    held = {code for font in folder.glob("*.woff2") for code in TTFont(font).getBestCmap() or {}}
    assert shown <= held


class TestReading:
    def test_search_finds_a_word(self, borrow_page, book_url):
        page = opened(borrow_page, f"{book_url}search.html?q=glossary")
        result = page.locator("#search-results a", has_text="Glossary").first
        result.wait_for()
        assert page.record.errors == []
        result.click()
        page.wait_for_url(re.compile(r"back/glossary\.html"))

    def test_search_opens_from_the_keyboard(self, borrow_page, book_url):
        page = opened(borrow_page, f"{book_url}index.html")
        page.keyboard.press("Control+k")
        page.keyboard.type("query")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"search\.html\?q=query"))
        page.locator("#search-results li").first.wait_for()

    def test_there_is_one_search_box(self, borrow_page, file_url):
        page = opened(borrow_page, f"{file_url}index.html")
        boxes = page.locator("input[type=search]").all()
        assert len([box for box in boxes if box.is_visible()]) == 0
        buttons = page.get_by_role("button", name="Search").all()
        assert len([button for button in buttons if button.is_visible()]) == 1

    @every_document
    def test_next_and_previous_walk_the_whole_book(self, from_disk, file_url, document):
        where = DOCUMENTS.index(document)
        before, after = DOCUMENTS[:where][-1:], DOCUMENTS[where + 1 :][:1]
        for name, wanted in (("a.left-prev", before), ("a.right-next", after)):
            links = from_disk.locator(name)
            found = links.evaluate_all("all => all.map((link) => link.href)")
            assert found == [f"{file_url}{one}.html" for one in wanted]
            assert all(link.is_visible() for link in links.all())

    def test_next_and_previous_are_followed(self, borrow_page, file_url):
        page = opened(borrow_page, f"{file_url}{DOCUMENTS[0]}.html")
        page.locator("a.right-next").click()
        page.wait_for_url(f"{file_url}{DOCUMENTS[1]}.html")
        page.locator("a.left-prev").click()
        page.wait_for_url(f"{file_url}{DOCUMENTS[0]}.html")

    def test_the_colours_chosen_are_asked_for_before_anything_is_seen_but_not_at_once(
        self, built_book
    ):
        """From disk, the first script of all may ask too early: Chromium then keeps nothing."""
        for document in (*DOCUMENTS, "search", "genindex"):
            page = (built_book / f"{document}.html").read_text(encoding="utf-8")
            places = ["<script src=", 'dataset.mode = localStorage.getItem("mode")', "<body"]
            places = [page.index(part) for part in places]
            assert places == sorted(places), document
            assert "localStorage" not in page[: places[0]], document

    def test_dark_mode_is_chosen_and_remembered(self, borrow_page, http_url):
        page = opened(borrow_page, f"{http_url}index.html", color_scheme="light")
        assert page.evaluate(THEME) == "light"
        button = page.locator("button.theme-switch-button").first
        for _ in range(3):  # it turns through light, dark and automatic
            button.click()
            if page.evaluate(THEME) == "dark":
                break
        assert page.evaluate(THEME) == "dark"
        page.goto(f"{http_url}chapters/03_queries_and_keys.html")
        assert page.evaluate(THEME) == "dark"

    def test_print_leaves_out_the_frame(self, page_factory, file_url):
        page = opened(page_factory, f"{file_url}chapters/03_queries_and_keys.html")
        page.emulate_media(media="print")
        for frame in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".header-article"):
            assert not page.locator(frame).first.is_visible(), frame
        headings = page.locator("main h1").all()
        assert [heading.is_visible() for heading in headings].count(True) == 1


class TestRunningAChapter:
    CHAPTER = "chapters/03_queries_and_keys"

    def test_the_notebook_can_be_downloaded(self, borrow_page, http_url):
        page = opened(borrow_page, f"{http_url}{self.CHAPTER}.html")
        link = page.locator("a.btn-download-source-button").first.get_attribute("href")
        notebook = page.request.get(f"{http_url}chapters/{link}")
        assert notebook.ok
        sources = [cell["source"] for cell in json.loads(notebook.body())["cells"]]
        stored = json.loads(source_of(self.CHAPTER).read_text(encoding="utf-8"))["cells"]
        assert sources == [cell["source"] for cell in stored]

    def test_launch_links_follow_the_configured_repository(self, borrow_page, file_url):
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        repository = config["repository"]["url"].removeprefix("https://github.com/")
        branch = config["repository"]["branch"]
        page = opened(borrow_page, f"{file_url}{self.CHAPTER}.html")
        links = page.eval_on_selector_all("a[href]", ADDRESSES)
        colab = f"https://colab.research.google.com/github/{repository}/blob/{branch}"
        assert f"{colab}/{self.CHAPTER}.ipynb" in links
        binder = f"https://mybinder.org/v2/gh/{repository}/{branch}?urlpath=lab/tree/"
        assert any(link.startswith(binder) and link.endswith("keys.ipynb") for link in links)


@pytest.mark.parametrize(("width", "screens"), [(1440, 1), (1280, 1), (360, 2.5)])
def test_what_changed_since_2017_is_seen_at_a_glance(borrow_page, file_url, width, screens):
    page = borrow_page(viewport={"width": width, "height": 900})
    page.goto(f"{file_url}back/since_2017.html")
    page.evaluate("document.fonts.ready")
    table = page.locator("#what-changed-since-2017 table")
    box = table.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= 900 * screens
    frame = table.locator("xpath=..")
    assert frame.evaluate("one => one.scrollWidth <= one.clientWidth")
