"""Small labelled tables, as aligned text and as HTML, for counterexamples.

A cell that differs from what was expected carries a sign of its own, so that the
difference does not depend on colour.
"""

from dataclasses import dataclass
from html import escape

import numpy as np

MOST_CELLS = 8  # rows or columns drawn before the rest is left out
MOST_DECIMALS = 8
LARGE = 1e6  # from here on numbers are written as powers of ten
TEXT_SIGN, HTML_SIGN = "<", "≠"

SCROLL_STYLE = "overflow-x:auto;max-width:100%;margin:0.6em 0"
TABLE_STYLE = "border-collapse:collapse;color:var(--al-ink, inherit)"
MARK_STYLE = "background:none;color:inherit;font-weight:bold;border-bottom:3px double currentColor"
CELL_STYLE = "padding:0.15em 0.6em;text-align:right;border:1px solid var(--al-line, currentColor)"
CAPTION_STYLE = "text-align:left;font-style:italic;color:var(--al-ink, inherit)"


@dataclass(frozen=True)
class Drawing:
    """A table of short texts with labelled rows and columns; `marked` cells differ."""

    caption: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    marked: frozenset[tuple[int, int]] = frozenset()

    def text(self):
        """The table as aligned columns, indented by two spaces."""
        if not self.rows:
            return self.caption
        table = [("", *self.columns)]
        for i, label in enumerate(self.rows):
            row = (self._signed(i, j) for j in range(len(self.columns)))
            table.append((label, *row))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [self.caption + (f" ({TEXT_SIGN} differs)" if self.marked else "")]
        for label, *cells in table:
            aligned = [label.ljust(widths[0])]
            aligned += [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
            lines.append("  " + "  ".join(aligned).rstrip())
        return "\n".join(lines)

    def html(self):
        """The table as HTML; every label and every cell is escaped."""
        if not self.rows:
            return f"<p>{escape(self.caption)}</p>"
        legend = f" ({HTML_SIGN} differs)" if self.marked else ""
        head = "".join(self._heading("col", column) for column in self.columns)
        body = "".join(
            f"<tr>{self._heading('row', label)}"
            + "".join(self._cell(i, j) for j in range(len(self.columns)))
            + "</tr>"
            for i, label in enumerate(self.rows)
        )
        return (
            f'<div class="al-check-scroll" style="{SCROLL_STYLE}" role="group" '
            f'tabindex="0" aria-label="{escape(self.caption)}">'
            f'<table class="al-check-matrix" style="{TABLE_STYLE}">'
            f'<caption style="{CAPTION_STYLE}">{escape(self.caption)}{legend}</caption>'
            f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def _signed(self, i, j):
        sign = TEXT_SIGN if (i, j) in self.marked else " "
        return f"{self.cells[i][j]} {sign}" if self.marked else self.cells[i][j]

    def _heading(self, scope, label):
        return f'<th scope="{scope}" style="{CELL_STYLE}">{escape(label)}</th>'

    def _cell(self, i, j):
        content = escape(self.cells[i][j])
        if (i, j) in self.marked:
            content = f'<mark style="{MARK_STYLE}">{content} {HTML_SIGN}</mark>'
        return f'<td style="{CELL_STYLE}">{content}</td>'


def number(value, decimals=2):
    """`value` as a short text: rounded, without a negative zero, large ones as powers."""
    if not np.isfinite(value):
        return str(float(value))
    if abs(value) >= LARGE:
        return f"{value:.2e}"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def decimals_for(*arrays):
    """Decimals at which the arrays are readable and, where two differ, seen to differ.

    0 for whole numbers, otherwise 2 or, for two arrays of one shape with closer
    numbers, as many as it takes (at most `MOST_DECIMALS`).
    """
    flat = [np.ravel(array) for array in arrays]
    moderate = np.concatenate([a[np.isfinite(a) & (np.abs(a) < LARGE)] for a in flat])
    if np.all(moderate == np.round(moderate)):
        return 0
    if len(flat) != 2 or np.shape(arrays[0]) != np.shape(arrays[1]):
        return 2
    unlike = ~close(*flat)
    for decimals in range(2, MOST_DECIMALS):
        pairs = zip(flat[0][unlike], flat[1][unlike], strict=True)
        if all(number(a, decimals) != number(b, decimals) for a, b in pairs):
            return decimals
    return MOST_DECIMALS


def total_of(weights):
    """The sum as a text: as many decimals as it takes where it is not 1, and looks like it."""
    total = np.sum(weights)
    return number(total, max(2, decimals_for(np.array([total]), np.ones(1))))


def close(array, other):
    """Where two arrays of one shape agree up to rounding (also in float32); NaN is NaN."""
    with np.errstate(all="ignore"):
        return np.isclose(array, other, rtol=1e-5, atol=1e-6, equal_nan=True)


def matrix(caption, values, rows=None, columns=None, marked=None, decimals=None):
    """A `Drawing` of a matrix; a vector is one row, a scalar one cell.

    `rows` and `columns` are labels (default: indices); `marked` is a boolean array of
    the shape of `values`. Only the first `MOST_CELLS` rows and columns are drawn, of a
    stack of matrices the first one: the caption then says so.
    """
    values = np.asarray(values)
    shape = values.shape
    while values.ndim > 2 and len(values):
        values = values[0]
    if values.ndim > 2 or values.size == 0:
        return Drawing(f"{caption}: nothing to draw, its shape is {shape}", (), (), ())
    values = np.atleast_2d(values)
    drawn = values[:MOST_CELLS, :MOST_CELLS]
    if drawn.size < np.prod(shape):
        caption = f"{caption}: the beginning of an array of shape {shape}"
    decimals = decimals_for(drawn) if decimals is None else decimals
    marked = np.zeros(values.shape, bool) if marked is None else np.atleast_2d(marked)
    return Drawing(
        caption,
        _labels(rows, len(drawn)),
        _labels(columns, drawn.shape[1]),
        tuple(tuple(number(value, decimals) for value in row) for row in drawn),
        frozenset((int(i), int(j)) for i, j in np.argwhere(marked[:MOST_CELLS, :MOST_CELLS])),
    )


def _labels(labels, count):
    fits = labels is not None and len(labels) >= count
    return tuple(str(label) for label in labels[:count]) if fits else tuple(map(str, range(count)))
