"""Numbers and tables as text."""

import numpy as np
import pytest

from attnlib.exercises.drawing import Drawing, decimals_for, matrix, number


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1.005, 1, "1.0"),
        (-0.001, 2, "0.00"),
        (-0.0, 0, "0"),
        (-0.006, 2, "-0.01"),
        (999_999.0, 0, "999999"),
        (1e300, 2, "1.00e+300"),
        (-np.inf, 2, "-inf"),
        (np.nan, 2, "nan"),
    ],
)
def test_a_number_is_short(value, decimals, text):
    assert number(value, decimals) == text


def test_whole_numbers_have_no_decimals():
    assert decimals_for(np.array([[3.0, -1.0]]), np.array([np.nan, 1e9])) == 0


def test_two_arrays_get_the_decimals_at_which_they_are_seen_to_differ():
    a = np.array([0.25, 1.123])
    assert decimals_for(a, a) == 2
    assert decimals_for(a, a + 0.1) == 2
    assert decimals_for(a, a + np.array([0, 0.0004])) == 4
    assert decimals_for(a, a + np.array([0.1, 0.00004])) == 5


def test_a_matrix_is_aligned_and_its_differences_are_marked():
    marked = np.array([[False, True], [False, False]])
    drawing = matrix("scores", np.array([[1, -12], [3, 4]]), ("the", "creature"), "ab", marked)
    assert drawing.text().splitlines() == [
        "scores (< differs)",
        "              a      b",
        "  the       1    -12 <",
        "  creature  3      4",
    ]


def test_a_vector_is_one_row_and_a_scalar_one_cell():
    assert matrix("v", np.array([1.5, 2.0])).cells == (("1.50", "2.00"),)
    assert matrix("s", np.array(7)).cells == (("7",),)


def test_a_large_matrix_and_a_stack_are_drawn_in_part_and_say_so():
    drawing = matrix("m", np.arange(200).reshape(10, 20))
    assert len(drawing.rows) == len(drawing.columns) == 8
    assert drawing.cells[1][0] == "20" and "shape (10, 20)" in drawing.caption
    stack = matrix("s", np.arange(8).reshape(2, 2, 2))
    assert stack.cells == (("0", "1"), ("2", "3")) and "shape (2, 2, 2)" in stack.caption


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (0, 2, 2), (2, 0, 2)])
def test_an_empty_matrix_says_so(shape):
    drawing = matrix("m", np.zeros(shape))
    assert drawing.text() == f"m: nothing to draw, its shape is {shape}"
    assert drawing.html() == f"<p>m: nothing to draw, its shape is {shape}</p>"


def test_labels_cells_and_caption_are_escaped():
    html = Drawing("<a>", ("<b>",), ("<c>",), (("<d>",),), frozenset({(0, 0)})).html()
    for letter in "abcd":
        assert f"&lt;{letter}&gt;" in html and f"<{letter}>" not in html
