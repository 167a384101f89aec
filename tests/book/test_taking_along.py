"""What readers take from a page: pictures in the page's own font, notebooks, examples that run."""

import json

import pytest

from tests.book.test_pages import opened, source_of
from tests.figures.driving import Hands

CHAPTER = "chapters/03_queries_and_keys"
# Of every text as long as the page has it: how far it is from that by the picture's own font.
STRETCHED = """() => [...document.querySelectorAll("text[textLength]")].map((text) => {
    const wanted = text.textLength.baseVal.value;
    text.removeAttribute("textLength");
    return [text.textContent, Math.abs(text.getComputedTextLength() - wanted)];
})"""


def taken(page, act):
    """The file that `act` downloads: its name and its path."""
    with page.expect_download() as download:
        act()
    return download.value.suggested_filename, download.value.path()


def test_a_saved_picture_has_the_pages_font_and_no_controls(borrow_page, file_url, tmp_path):
    page = opened(borrow_page, f"{file_url}{CHAPTER}.html")
    hands = Hands(page)
    _, path = taken(page, hands.button("Save SVG").click)
    picture = tmp_path / "picture.svg"
    picture.write_bytes(path.read_bytes())
    page.goto(picture.as_uri())
    page.wait_for_function("document.fonts.status === 'loaded'")
    lengths = page.evaluate(STRETCHED)
    words = [text for text, _ in lengths]
    assert {"creature", "asks,", "answers"} <= set(words)
    assert [one for one in lengths if one[1] > 0.5] == []
    assert not {"Arrow keys move", "animal, 1"} & set(words)


def test_words_of_a_saved_picture_stand_apart(borrow_page, file_url):
    page = opened(borrow_page, f"{file_url}{CHAPTER}.html")
    _, path = taken(page, Hands(page).button("Save SVG").click)
    page.set_content(path.read_text(encoding="utf-8"))
    find = (
        "(word) => [...document.querySelectorAll('text')].findLast((t) => t.textContent === word)"
    )
    asks = page.evaluate_handle(find, "asks,")
    begins = float(asks.evaluate("text => text.getAttribute('x')"))
    ends = asks.evaluate(
        """({ previousElementSibling: before }) => before.x.baseVal[0].value
            + before.textLength.baseVal.value"""
    )
    assert 2 < begins - ends < 6


def test_the_notebook_is_saved_and_not_shown(borrow_page, book_url):
    page = opened(borrow_page, f"{book_url}{CHAPTER}.html")
    page.get_by_role("button", name="Download this page").click()
    name, path = taken(page, page.locator("a.btn-download-source-button").click)
    assert name == "03_queries_and_keys.ipynb"
    stored = json.loads(source_of(CHAPTER).read_text(encoding="utf-8"))["cells"]
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert [cell["source"] for cell in cells] == [cell["source"] for cell in stored]


@pytest.fixture
def reference(page_factory, http_url):
    page = page_factory(permissions=["clipboard-read", "clipboard-write"])
    return opened(lambda: page, f"{http_url}back/reference.html")


def test_examples_are_copied_without_prompts_and_outputs(reference):
    example = reference.locator("div.highlight", has_text=">>> ").first
    example.hover()
    example.get_by_role("button").click()
    reference.wait_for_function("navigator.clipboard.readText().then((text) => text !== '')")
    copied = reference.evaluate("navigator.clipboard.readText()").strip().splitlines()
    lines = example.locator("pre").inner_text().splitlines()
    assert copied == [line[4:] for line in lines if line.startswith((">>> ", "... "))]
    assert len(copied) < len(lines)
