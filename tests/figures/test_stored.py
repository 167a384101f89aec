"""A figure in a notebook that is opened where no widget lives: no kernel, no network."""

from xml.etree import ElementTree

import nbformat
import pytest
from nbconvert import HTMLExporter

from attnlib import figures
from attnlib.figures import Prediction, QueryKey, Quiz
from tests.figures.test_shared_rules import EARLIER, STATES

PICTURE = "image/svg+xml"
DRAWN = {**EARLIER, **{name: STATES[name] for name in ("mix", "rank", "mask", "heads", "ledger")}}


def bundle_of(figure):
    data = figure._repr_mimebundle_()
    return data[0] if isinstance(data, tuple) else data


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_stored_that_needs_no_page_around_it(name):
    figure = DRAWN[name]()
    picture = bundle_of(figure)[PICTURE]
    root = ElementTree.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label").split() == figure.describe().split()
    assert root[0].get("fill") == "#fdfcf8"  # its own ground: the page around it may be dark
    assert "var(" not in picture and "color-mix" not in picture


def test_colours_are_mixed_as_browsers_mix_them():
    """45 % of #0d7268 in white."""
    picture = bundle_of(QueryKey(w_q=[[3, 0]] + [[0, 0]] * 5))[PICTURE]
    assert "#92c0bb" in picture


def test_questions_are_stored_as_text():
    for figure in (Quiz.of("masking"), Prediction.ask("queries-and-keys", "shares", [0.25] * 4)):
        assert set(bundle_of(figure)) & {PICTURE, "text/plain"} == {"text/plain"}


def test_an_exported_notebook_shows_the_picture():
    figure = figures.MaskLab()
    output = nbformat.v4.new_output("display_data", data=bundle_of(figure))
    cell = nbformat.v4.new_code_cell("figure", outputs=[output])
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert "data:image/svg+xml;base64," in page
    assert "widget-view+json" not in page
