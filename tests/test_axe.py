"""Of words that look alike, axe is shown two; what differs in anything is shown by itself."""

import pytest

from tests.axe import OF_COLOUR, violations

FINE = "<p>Dark words on white.</p>"
PAGE = """<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>
<div style="background: #fff; color: #222">{}</div></main></html>"""
DIM = {
    "colour": '<p style="color: #bbb">dim</p>',
    "ground": '<p style="background: #333">dim</p>',
    "a ground further out": '<div style="background: #333"><ul><li>dim</li></ul></div>',
    "opacity": '<p style="opacity: 0.4">dim</p>',
    "size": '<h2 style="color: #888; font-size: 32px">large</h2><p style="color: #888">dim</p>',
    "weight": '<b style="color: #888; font-size: 19px">bold</b>'
    '<p style="color: #888; font-size: 19px">dim</p>',
    "what lies behind": '<div style="position: relative"><b style="position: absolute; inset: 0; '
    'background: #333"></b><p style="position: relative">dim</p></div>',
    "another fill": '<p style="-webkit-text-fill-color: #ccc">dim</p>',
    "a field": '<input aria-label="field" value="dim" style="color: #bbb; background: #fff">',
}


# What axe passes over may be the first and the last of its kind.
PASSED_OVER = {
    "clipped": 'style="color: #bbb; position: absolute; clip-path: inset(50%)"',
    "off the page": 'style="color: #bbb; position: absolute; left: -99px"',
    "disabled": 'style="color: #bbb" aria-disabled="true"',
    "hidden from readers": 'style="color: #bbb" aria-hidden="true"',
}


@pytest.fixture
def shown(borrow_page, tmp_path):
    """`shown(html)` is a page that holds it."""

    def show(html):
        (tmp_path / "page.html").write_text(PAGE.format(html), encoding="utf-8")
        page = borrow_page()
        page.goto((tmp_path / "page.html").as_uri())
        return page

    return show


@pytest.mark.parametrize("only", [None, OF_COLOUR])
@pytest.mark.parametrize("name", DIM)
def test_one_dim_word_among_many_is_found(shown, name, only):
    found = violations(shown(20 * FINE + DIM[name] + 20 * FINE), only)
    assert [line.partition(" ")[0] for line in found] == ["color-contrast"]


@pytest.mark.parametrize("attributes", PASSED_OVER.values(), ids=PASSED_OVER)
def test_one_dim_word_among_those_that_axe_passes_over_is_found(shown, attributes):
    found = violations(shown(f"<p {attributes}>x</p>{DIM['colour']}<p {attributes}>x</p>"))
    assert [line.partition(" ")[0] for line in found] == ["color-contrast"]


def test_words_that_can_be_read_are_not(shown):
    assert violations(shown(20 * FINE)) == []


def test_the_other_rules_are_asked_too(shown):
    found = violations(
        shown(
            '<img src="data:,">' + '<p>A <a href="#x" style="color: #345; '
            'text-decoration: none">link</a> in text.</p>'
        )
    )
    assert sorted(line.partition(" ")[0] for line in found) == ["image-alt", "link-in-text-block"]
