"""What a reader has done, from page to page of a book that is opened from disk."""

import pytest

from tests.browsers.conftest import firefox_window
from tests.browsers.windows import eventually
from tests.conftest import refuse
from tools.firefox import NoFirefox

# A Firefox that is driven lets pages from disk share an origin; a reader's does not.
READERS_OWN = {
    "remote.prefs.recommended": False,
    "security.fileuri.strict_origin_policy": True,
}
CHAPTER = "chapters/03_queries_and_keys"
KEEP = "() => localStorage.setItem('attnlib:place', JSON.stringify(PLACE))".replace(
    "PLACE", '{ chapter: 3, anchor: "recap", heading: "Recap" }'
)
FOUND = "() => localStorage.getItem('attnlib:place') !== null"
ACCOUNT = "() => document.querySelector('.al-progress')?.innerText"
APART = "they cannot be counted here"


@pytest.fixture(scope="module")
def readers_own():
    try:
        with firefox_window(READERS_OWN) as window:
            yield window
    except NoFirefox as missing:
        refuse(str(missing))


def account_after(window, book, told):
    """What the landing page tells a reader who has left a chapter, once it holds `told`."""
    window.open(f"{book.as_uri()}/{CHAPTER}.html")
    window.run(KEEP)
    window.open(f"{book.as_uri()}/index.html")
    eventually(lambda: told in (window.run(ACCOUNT) or ""))
    return window.run(ACCOUNT)


def test_firefox_says_where_pages_keep_to_themselves(readers_own, noting_book):
    told = account_after(readers_own, noting_book, APART)
    assert not readers_own.run(FOUND)
    assert APART in told and "python -m http.server" in told
    assert "Save" not in told and "Go on here" not in told
    readers_own.open(f"{noting_book.as_uri()}/{CHAPTER}.html")
    assert readers_own.run(FOUND)


@pytest.mark.parametrize("browser_window", ["chromium", "webkit"], indirect=True)
def test_others_count_what_was_done(window, noting_book):
    go_on = "Go on here: 3 Queries and keys"
    told = account_after(window, noting_book, go_on)
    assert go_on in told and APART not in told
