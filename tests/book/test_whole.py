"""The picture of the whole transformer, chapter numbers, and the landing page's account."""

import json
import re

import pytest
from playwright.sync_api import expect

from attnlib.sphinx_ext import whole
from tests.conftest import ROOT
from tests.figures.test_python import luminance

CHAPTERS = {int(path.stem[:2]): path.stem for path in (ROOT / "chapters").glob("*.ipynb")}
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
# The colours of each box and of its number, as "#rrggbb".
FILLS = """(links) => links.map((link) => ["rect", ".al-whole-number"].map((part) => {
    const parts = getComputedStyle(link.querySelector(part)).fill.match(/[0-9]+/g);
    return `#${parts.map((n) => Number(n).toString(16).padStart(2, "0")).join("")}`;
}))"""
# Of each box, in units of the drawing: how far the digits' middle is from its own, its left and
# right, and those of what is written on it. Digits reach from their line 0.73 of their size up.
PLACES = """(links) => links.map((link) => {
    const rect = link.querySelector("rect").getBBox();
    const texts = [...link.querySelectorAll("text")]
        .filter((text) => getComputedStyle(text).display !== "none");
    const [moved] = texts.map((text) => new DOMMatrix(getComputedStyle(text).transform));
    const digits = texts[0].getBBox(), size = parseFloat(getComputedStyle(texts[0]).fontSize);
    const line = Number(texts[0].getAttribute("y")) + moved.f;
    const middle = [
        digits.x + digits.width / 2 + moved.e - rect.x - rect.width / 2,
        line - 0.365 * size - rect.y - rect.height / 2,
    ];
    const ends = texts.map((text) => {
        const { x, width } = text.getBBox(), by = text === texts[0] ? moved.e : 0;
        return [x + by, x + width + by];
    });
    return [middle, [rect.x, rect.x + rect.width], ends];
})"""


@pytest.fixture(params=CHAPTERS, ids=CHAPTERS.values())
def chapter(request):
    return request.param


def test_every_chapter_has_its_box():
    assert sorted(box.chapter for box in whole.BOXES) == sorted(CHAPTERS)


def test_no_box_lies_on_another_and_all_lie_in_the_picture():
    for n, one in enumerate(whole.BOXES):
        assert one.x >= 0 and one.x + one.width <= whole.WIDTH
        assert one.y >= 0 and one.y + one.height <= whole.HEIGHT
        for other in whole.BOXES[n + 1 :]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            above = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert beside or above, (one, other)


def test_chapters_show_where_the_reader_is(built_book, chapter):
    page = (built_book / "chapters" / f"{CHAPTERS[chapter]}.html").read_text(encoding="utf-8")
    marked = re.findall(r'<a [^>]*aria-label="Chapter (\d+)[^>]*aria-current="page"', page)
    assert marked == [str(chapter)]
    article = page[page.index("<article") :]
    places = [article.index(part) for part in ("</h1>", 'class="al-whole al-whole-small"', "<h2")]
    assert places == sorted(places)


def test_titles_sidebar_and_tab_carry_the_chapters_number(built_book, chapter):
    page = (built_book / "chapters" / f"{CHAPTERS[chapter]}.html").read_text(encoding="utf-8")
    assert re.search(rf"<title>{chapter}\. \w", page)
    assert re.search(rf'<h1><span class="section-number">{chapter}\. </span>', page)
    for number in CHAPTERS:
        assert re.search(rf'<a class="[^"]*reference internal[^>]*>\s*{number}\. \w', page)


class TestPicture:
    def test_it_leads_to_every_chapter_without_javascript_and_by_keyboard(
        self, page_factory, file_url
    ):
        page = page_factory(java_script_enabled=False)
        page.goto(f"{file_url}index.html")
        links = page.locator(".al-whole a")
        targets = [link.get_attribute("href") for link in links.all()]
        assert sorted(targets) == sorted(f"chapters/{stem}.html" for stem in CHAPTERS.values())
        page.get_by_role("link", name="Chapter 6, Values").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/chapters/06_values.html")

    @pytest.mark.parametrize("viewport", [None, PHONE], ids=["desk", "phone"])
    def test_no_word_is_cut_off(self, borrow_page, file_url, viewport):
        page = borrow_page(**({"viewport": viewport} if viewport else {}))
        page.goto(f"{file_url}index.html")
        outside = page.locator(".al-whole svg").evaluate(
            """(svg) => {
                const frame = svg.getBoundingClientRect();
                return [...svg.querySelectorAll("text")]
                    .map((text) => [text.textContent, text.getBoundingClientRect()])
                    .filter(([, { left, right, width }]) =>
                        width && (left < frame.left - 0.5 || right > frame.right + 0.5))
                    .map(([words]) => words);
            }"""
        )
        assert outside == []

    @pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
    @pytest.mark.parametrize("name", ["index", "chapters/08_many_heads"])
    def test_numbers_and_words_stand_in_their_boxes(self, borrow_page, file_url, name, viewport):
        """A number without a word in the middle, both with room around them."""
        page = borrow_page(viewport=viewport)
        page.goto(f"{file_url}{name}.html")
        page.evaluate("document.fonts.ready")
        boxes = page.locator(".al-whole a").evaluate_all(PLACES)
        assert len(boxes) == len(whole.BOXES)
        for middle, box, texts in boxes:
            for left, right in texts:
                assert box[0] + 3 <= left and right <= box[1] - 3, (middle, box, texts)
            assert len(texts) == 2 or max(map(abs, middle)) <= 2, (middle, box, texts)

    def test_every_number_is_read_on_its_box(self, borrow_page, file_url):
        """Where the reader is, too: there the box is full."""
        page = borrow_page(viewport=DESK)
        page.goto(f"{file_url}chapters/08_many_heads.html")
        for theme in ("light", "dark"):
            page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)
            fills = page.locator(".al-whole a").evaluate_all(FILLS)
            assert len({box for box, _ in fills}) == 2
            for pair in fills:
                dark, light = sorted(luminance(colour) for colour in pair)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (theme, pair)


def kept_in(page):
    """Everything that the page's storage holds of the book."""
    return page.evaluate(
        """Object.fromEntries(Object.entries(localStorage)
            .filter(([key]) => key.startsWith("attnlib:")))"""
    )


def account_in(built_book):
    """What the landing page is told of the chapters."""
    text = (built_book / "index.html").read_text(encoding="utf-8")
    found = re.search(r'al-reading-host"><script type="application/json">(.*?)</script>', text)
    return json.loads(found[1])


# How broad the line is around the label of what has the focus, which itself is not to be seen.
RIM = "(input) => getComputedStyle(input.closest('label')).outlineWidth"
# A heading stands at a height of the window, as a share of it.
SCROLLED = """(heading, height) => {
    const top = heading.getBoundingClientRect().top - height * innerHeight;
    scrollBy({ top, behavior: "instant" });
}"""


@pytest.mark.parametrize("name", ["index", "chapters/06_values", "chapters/12_training"])
def test_it_is_as_wide_as_it_was_drawn(borrow_page, file_url, name):
    """No figure's styles reach it."""
    page = borrow_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{file_url}{name}.html")
    box = page.locator("nav.al-whole svg").bounding_box()
    assert box["width"] > 380 and 2 < box["width"] / box["height"] < 4


def begin(page, file_url):
    """A guess in a chapter, and a heading further down."""
    page.goto(f"{file_url}chapters/06_values.html")
    prediction = page.locator('[data-attnlib-figure="Prediction"]').first
    prediction.get_by_role("textbox").fill("0.9")
    prediction.get_by_role("button", name="That is my guess").click()
    page.locator("#added-not-put-in-its-place h2").scroll_into_view_if_needed()


class TestAccount:
    @pytest.fixture
    def come_back(self, page_factory, file_url):
        """`come_back(read)`: the landing page of one who made a guess, then did `read(page)`."""

        def come(read=lambda page: None):
            page = page_factory()
            begin(page, file_url)
            read(page)
            page.goto(f"{file_url}index.html")
            return page

        return come

    @pytest.fixture
    def page(self, come_back):
        return come_back()

    def test_it_counts_what_was_done_and_leads_to_where_it_stopped(self, page):
        account = page.locator(".al-progress")
        expect(account.get_by_text("predictions made")).to_contain_text("1 of ")
        account.get_by_text("Chapter by chapter").click()
        values = account.get_by_role("listitem").filter(has_text="Values").inner_text()
        assert "1 of 4 predictions" in values and "0 of 4 challenges" in values
        go_on = account.get_by_role("link", name="Go on here: 6 Values")
        assert re.search(r"chapters/06_values\.html#[\w-]+$", go_on.get_attribute("href"))
        go_on.click()
        page.wait_for_url("**/06_values.html#*")
        assert page.record.errors == []

    @pytest.mark.parametrize(("height", "back"), [(0.2, 0), (0.6, 1), (None, None)])
    def test_it_leads_to_the_heading_that_was_read(self, come_back, file_url, height, back):
        """The last one in the upper part of the window; at the chapter's top, to the chapter."""
        texts, title = [], "Added, not put in its place"

        def read(page):
            page.goto(f"{file_url}chapters/06_values.html")
            page.evaluate("document.fonts.ready")
            headings = page.locator(".bd-article :is(h1, h2, h3)")
            texts[:] = [text.removesuffix("#") for text in headings.all_inner_texts()]
            if height:
                headings.nth(texts.index(title)).evaluate(SCROLLED, height)

        page = come_back(read)
        go_on = page.get_by_role("link", name="Go on here: ")
        place = texts.index(title)
        inside = f", {texts[place - back]}" if height else ""
        expect(go_on).to_have_text(f"Go on here: 6 Values{inside}")
        target = go_on.get_attribute("href").partition("#")[2]
        go_on.click()
        page.wait_for_url("**/06_values.html*")
        found = page.locator(f"section[id='{target}'] :is(h2, h3)")
        assert bool(target) == bool(height)
        assert not target or found.first.inner_text().removesuffix("#") == texts[place - back]

    def test_it_hears_what_another_page_keeps(self, page_factory, file_url):
        page = page_factory()
        page.goto(f"{file_url}index.html")
        expect(page.get_by_text("will be counted here")).to_be_visible()
        other = page.context.new_page()
        other.goto(f"{file_url}chapters/06_values.html")
        guess = other.locator('[data-attnlib-figure="Prediction"]').first
        guess.get_by_role("textbox").fill("0.9")
        guess.get_by_role("button", name="That is my guess").click()
        expect(page.get_by_role("link", name="Go on here: ")).to_have_text("Go on here: 6 Values")

    def test_it_counts_again_when_the_reader_comes_back_to_it(self, page):
        """As a browser shows a page that it had put aside whole: nothing is loaded again."""
        expect(page.get_by_role("link", name="Go on here: ")).to_be_visible()
        page.evaluate("localStorage.clear(); dispatchEvent(new PageTransitionEvent('pageshow'))")
        expect(page.get_by_text("will be counted here")).to_be_visible()

    def test_what_is_counted_is_what_the_figures_keep(self, page, built_book):
        (kept,) = (key for key in kept_in(page) if key.endswith(":guess"))
        predictions = [each["predictions"] for each in account_in(built_book)]
        assert [kept.removeprefix("attnlib:") in each for each in predictions] == [
            number == 6 for number in sorted(CHAPTERS)
        ]

    @pytest.mark.parametrize(
        ("chapter", "done", "leads_to"), [(6, 1, 6), (6, None, 7), (max(CHAPTERS), None, None)]
    )
    def test_where_no_place_is_known_it_leads_on_from_the_last_chapter_begun(
        self, borrow_page, file_url, built_book, chapter, done, leads_to
    ):
        page = borrow_page()
        page.goto(f"{file_url}index.html")
        for key in account_in(built_book)[chapter - 1]["predictions"][:done]:
            page.evaluate("key => localStorage.setItem(`attnlib:${key}`, 0)", key)
        page.reload()
        target = page.get_by_role("link", name="Go on here: ").get_attribute("href")
        assert target == f"chapters/{CHAPTERS[leads_to or chapter]}.html"

    def test_a_file_carries_it_to_another_browser(self, page, page_factory, file_url, tmp_path):
        with page.expect_download() as saving:
            page.get_by_role("button", name="Save", exact=True).click()
        file = tmp_path / "kept.json"
        saving.value.save_as(file)
        other = page_factory()
        other.goto(f"{file_url}index.html")
        assert "will be counted here" in other.locator(".al-progress").inner_text()
        load = other.get_by_label("Load", exact=True)
        load.focus()
        assert load.evaluate(RIM) == "3px"
        load.set_input_files(file)
        other.get_by_text("Loaded from kept.json").wait_for()
        assert kept_in(other) == kept_in(page)
        assert other.get_by_role("link", name="Go on here: 6 Values").count() == 1

    @pytest.mark.parametrize(
        "content", ["", "[]", '{"book": "Another"}', '{"book": "Attention, Hands On"}', "\0\xff"]
    )
    def test_other_files_are_refused_with_a_sentence(self, page, tmp_path, content):
        file, before = tmp_path / "other.json", kept_in(page)
        file.write_text(content, encoding="utf-8")
        page.get_by_label("Load", exact=True).set_input_files(file)
        page.get_by_text("other.json was not loaded").wait_for()
        assert kept_in(page) == before and page.record.errors == []
