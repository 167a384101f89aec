"""Pages to hand back: what they say, and that nothing a student wrote is more than text there."""

import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from attnlib.classroom.feedback import write_pages
from attnlib.classroom.marking import Result
from attnlib.classroom.marks import NOT_REACHED, Mark
from attnlib.classroom.verdicts import NOT_ATTEMPTED, SOLVED, WRONG
from attnlib.exercises import check
from tests.classroom.submitting import EXERCISES, HOSTILE

SCRIPT = "<script>alert(1)</script>\n</pre>\x1b[31m\udcff"
GONE = "its cell is gone"


class Reader(HTMLParser):
    """The tags of a page, its text and its links."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.links = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name == "href"]

    def handle_data(self, text):
        self.text += text


def marks(*first):
    return first + tuple(Mark(id, NOT_ATTEMPTED) for id in EXERCISES[len(first) :])


@pytest.fixture(scope="module")
def results():
    wrong = repr(check("scores", lambda q, k: k @ q.T))
    chapter = "queries and keys"
    left = Mark("adjective-finder", NOT_ATTEMPTED, text=repr(check("adjective-finder", ...)))
    gone = Mark("strongest-key", NOT_REACHED, "cell deleted", notes=(GONE,))
    return [
        Result("kim.ipynb", chapter, marks(Mark("scores", WRONG, "transposed", wrong), gone, left)),
        Result(f"group 1/{HOSTILE}", chapter, marks(Mark("scores", SOLVED, "", SCRIPT))),
        Result("é" * 120 + ".ipynb", chapter, marks()),
        Result("é" * 120 + ".IPYNB", chapter, marks()),
        Result("é" * 120 + ".Ipynb", chapter, marks()),
        Result("index", chapter, marks(), ("a note",)),
        Result("=1+1.ipynb", failure="an empty file <b>"),
    ]


@pytest.fixture(scope="module")
def pages(results, tmp_path_factory):
    """The pages as read, by their path in the folder."""
    folder = tmp_path_factory.mktemp("feedback") / "new"
    assert write_pages(results, folder) == folder / "index.html"
    files = [path for path in folder.rglob("*") if path.is_file()]
    read = {path.relative_to(folder): path.read_text(encoding="utf-8") for path in files}
    return {str(path): Reader(page) for path, page in read.items()}


def test_a_student_reads_what_was_right_the_counterexample_and_the_hint(pages):
    text = pages["kim.ipynb.html"].text
    assert "Solved: 0 of 5 exercises." in text
    assert "Exercise 1 ★: Every query meets every key" in text
    assert "Not yet. (transposed)" in text
    assert "what your function returned" in text and "Hint: " in text
    assert f"Not judged. (cell deleted){GONE}" in text
    assert "Not attempted: the stub is as it was." in text and "not attempted yet" not in text


def test_the_class_has_a_page_that_leads_to_each_of_them(pages):
    index = pages["index.html"]
    assert "Chapter 3, queries and keys" in index.text and "1 of 6" in index.text
    assert "transposed (1)" in index.text and "index: a note" in index.text
    linked = {str(Path(unquote(link, errors="surrogateescape"))) for link in index.links}
    assert linked == set(pages) - {"index.html"} and len(linked) == 6
    assert "=1+1.ipynb: an empty file <b>" in index.text


def test_what_a_student_wrote_is_text(pages):
    for page in pages.values():
        assert not {"script", "b"} & set(page.tags)
    hostile = pages[f"group 1/{HOSTILE}.html"]
    assert "<script>alert(1)</script>\n</pre>\\x1b[31m\\udcff" in hostile.text
    assert "\x1b" not in hostile.text


def test_names_are_no_longer_than_a_file_may_be_called(pages):
    assert all(len(os.fsencode(Path(path).name)) <= 255 for path in pages)
    assert sum("é" in path for path in pages) == 3


def test_each_page_says_its_language_and_how_wide_it_is(pages):
    assert all({"html", "title", "meta", "h1"} <= set(page.tags) for page in pages.values())
