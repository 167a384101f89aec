"""Tiles: the online softmax by hand, one tile of a row of scores at a time."""

from dataclasses import dataclass

import numpy as np
import traitlets

import attnlib as al
from attnlib.figures import still
from attnlib.figures.base import Checked, check_numbers, check_pair
from attnlib.figures.challenges import Challenging

FEWEST, MOST = 2, 12  # scores
N_VALUE = 2  # numbers of a value
COLUMNS = ("its maximum", "running maximum", "correction", "sum", "output 1", "output 2")
SIX = {
    "scores": [2.0, 1.0, 4.0, 0.0, 3.0, 1.0],
    "values": [[1.0, 0.0], [0.0, 2.0], [2.0, 1.0], [3.0, -1.0], [-1.0, 1.0], [0.0, 3.0]],
}
TWELVE = {
    "scores": [3.0, 1.0, 0.0, 1.0, 6.0, 2.0, 4.0, -1.0, 2.0, 0.0, 5.0, 3.0],
    "values": [*SIX["values"], *([b, a] for a, b in SIX["values"])],
}
RESTING = {  # the first key draws most of the weight and has nothing to give
    "scores": [6.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 3.0, 4.0],
    "values": [
        *([0.0, 0.0], [1.0, 2.0], [-2.0, 1.0], [2.0, -1.0], [0.0, 3.0], [-1.0, 1.0]),
        *([3.0, 0.0], [1.0, -2.0], [-1.0, 2.0], [2.0, 1.0], [-3.0, 2.0], [3.0, -1.0]),
    ],
}
ROWS = {
    "six scores": SIX,
    "six scores, 200 times": SIX | {"scores": [200 * score for score in SIX["scores"]]},
    "twelve scores": TWELVE,
    "a designed resting place": RESTING,
}


@dataclass(frozen=True)
class Line:
    """What is kept after a tile: the running maximum `top`, the sum `total`, `output` (2 numbers).

    `own` is the tile's own maximum, and `factor` what the sum before it was multiplied by.
    """

    tile: int
    own: float
    top: float
    factor: float
    total: float
    output: np.ndarray


def _factor(old, new):
    """The correction `exp(old - new)`; 1 where nothing rises, -inf and -inf included."""
    return 1.0 if old == new else float(np.exp(old - new))


class Tiles(Challenging):
    """Attention of one query, tile by tile.

    Parameters
    ----------
    scores : two to twelve numbers between -1000 and 1000.
    values : a vector of two numbers for each score; where they are not given, or the number of
        scores changes, the figure's own. Or `row`, the name of one of `figure.rows`, for both.
    tile : how many keys a tile has, 1 to 12; the last one may have fewer.
    order : the tiles taken so far, by their numbers from 0.
    maximum : "running", what is subtracted before exp, or "none", nothing.
    correction : "both", or "sum" for the bug that leaves the output as it was.
    window, kept : which keys the query, at the last of them, sees, as in `attnlib.window_mask`;
        without a window (None) all.
    selected : None, or `[line, column]` of the ledger.
    challenges : see `attnlib.figures.challenges`; conditions `measure` "left" (tiles not taken),
        "uncorrected" and "corrected" (tiles after the first with the correction 1, and with another
        one), "difference" (of the result from the row at once, once all tiles are taken), "sound"
        (lines before the first that holds infinity or NaN), "changed" (the largest change of a
        weight from those of `scores`), "read" (keys) or "moved" (the output by the window). Or the
        name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `trace` is computed with attnlib.
    """

    script = "attnlib-long.js"
    title = traitlets.Unicode("One tile at a time").tag(sync=True)
    rows = traitlets.Dict(ROWS).tag(sync=True)
    scores = Checked(SIX["scores"]).tag(sync=True)
    values = Checked().tag(sync=True)
    tile = traitlets.Int(2, min=1, max=MOST).tag(sync=True)
    order = Checked([0]).tag(sync=True)
    maximum = traitlets.Enum(["running", "none"], "running").tag(sync=True)
    correction = traitlets.Enum(["both", "sum"], "both").tag(sync=True)
    window = traitlets.Int(None, allow_none=True, min=1, max=MOST).tag(sync=True)
    kept = traitlets.Int(0, min=0, max=MOST).tag(sync=True)
    selected = traitlets.Any(None, allow_none=True).tag(sync=True)

    def __init__(self, row=None, **traits):
        if row is not None:
            traits = self._row(row) | traits
        super().__init__(**traits)

    @classmethod
    def _row(cls, name):
        if name not in ROWS:
            raise ValueError(f"no row is called {name!r}; there are: {', '.join(ROWS)}")
        return ROWS[name]

    @traitlets.default("values")
    def _own_values(self):
        return TWELVE["values"][: len(self.scores)]

    @traitlets.validate("scores")
    def _fitting_scores(self, proposal):
        scores = check_numbers("scores", proposal["value"], ndim=1)
        if not FEWEST <= len(scores) <= MOST:
            raise ValueError(f"{len(scores)} scores; the figure draws {FEWEST} to {MOST}")
        return scores.tolist()

    @traitlets.validate("values")
    def _fitting_values(self, proposal):
        values = check_numbers("values", proposal["value"], ndim=2)
        if values.shape != (len(self.scores), N_VALUE):
            expected = (len(self.scores), N_VALUE)
            raise ValueError(
                f"values has shape {values.shape}; expected {expected}, one row for each score "
                "(assign scores first)"
            )
        return values.tolist()

    @traitlets.validate("order")
    def _tiles_that_exist(self, proposal):
        order, n = proposal["value"], len(self.tiles)
        known = isinstance(order, list | tuple) and all(
            type(tile) is int and 0 <= tile < n for tile in order
        )
        if not known or len(set(order)) < len(order):
            raise ValueError(
                f"order is {order!r}; expected different tiles, whole numbers from 0 to {n - 1}"
            )
        return list(order)

    @traitlets.validate("selected")
    def _inside_ledger(self, proposal):
        return check_pair(proposal["value"], "line, column", (len(self.order), len(COLUMNS)))

    @traitlets.observe("scores", "tile", "order")
    def _what_is_gone_is_let_go(self, change):
        if len(self.values) != len(self.scores):
            self.values = TWELVE["values"][: len(self.scores)]
        if self.order and max(self.order) >= len(self.tiles):
            self.order = [tile for tile in self.order if tile < len(self.tiles)]
        if self.selected is not None and self.selected[0] >= len(self.order):
            self.selected = None

    @property
    def tiles(self):
        """The keys of each tile, a slice."""
        n = len(self.scores)
        return [slice(start, min(start + self.tile, n)) for start in range(0, n, self.tile)]

    @property
    def mask(self):
        """Which keys the query sees: booleans, `(n,)`."""
        n = len(self.scores)
        if self.window is None:
            return np.ones(n, dtype=bool)
        return al.window_mask(1, n, window=self.window, kept=self.kept)[0]

    def _part(self, tile):
        """The tile as attnlib's part of attention: the query is 1, and the keys are the scores."""
        q, k, v = np.ones((1, 1)), np.array(self.scores)[:, None], np.array(self.values)
        return al.partial_attention(q, k[tile], v[tile], self.mask[None, tile], scale=1.0)

    @property
    def trace(self):
        """A `Line` for each tile of `order`: the ledger.

        The running maximum and the correction are those of `attnlib.merge`; without one of them,
        or with the correction of the sum alone, the ledger goes wrong as real code does.
        """
        return self._without_maximum() if self.maximum == "none" else self._merged()

    def _merged(self):
        """Lines by `attnlib.merge`; with the bug, the outputs before it are not corrected."""
        lines, whole, uncorrected = [], None, np.zeros(N_VALUE)
        for n in self.order:
            part = self._part(self.tiles[n])
            old = -np.inf if whole is None else whole.top[0]
            whole = part if whole is None else al.merge(whole, part)
            own, top = float(part.top[0]), float(whole.top[0])
            uncorrected = uncorrected + part.output[0] * part.total[0] * _factor(own, top)
            output = whole.output[0] * whole.total[0] if self.correction == "both" else uncorrected
            lines.append(Line(n, own, top, _factor(old, top), float(whole.total[0]), output))
        return lines

    def _without_maximum(self):
        """Lines of plain sums of `exp(score)`, which overflow where float64 does."""
        scores, values = np.where(self.mask, self.scores, -np.inf), np.array(self.values)
        lines, total, output = [], 0.0, np.zeros(N_VALUE)
        with np.errstate(over="ignore", invalid="ignore"):
            for n in self.order:
                tile = self.tiles[n]
                powers = np.exp(scores[tile])
                total = total + powers.sum()
                output = output + (powers[:, None] * values[tile]).sum(axis=0)
                own = float(scores[tile].max())
                lines.append(Line(n, own, 0.0, 1.0, float(total), output))
        return lines

    @property
    def result(self):
        """Output over sum after the tiles taken so far, two numbers; NaN where they fail."""
        if not self.order:
            return np.full(N_VALUE, np.nan)
        last = self.trace[-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            return last.output / last.total

    @property
    def weights(self):
        """The weights of the whole row at once, `(n,)`; 0 where the window hides a key."""
        return al.softmax(np.where(self.mask, self.scores, -np.inf))

    @property
    def output(self):
        """The output of the whole row at once, two numbers."""
        return self.weights @ np.array(self.values)

    def measure(self, condition):
        """What the state has of what `condition` measures; None where there is nothing yet."""
        left = len(self.tiles) - len(self.order)
        return {
            "left": lambda: left,
            "uncorrected": lambda: sum(line.factor == 1 for line in self.trace[1:]),
            "corrected": lambda: sum(line.factor != 1 for line in self.trace[1:]),
            "difference": lambda: None if left else _gap(self.result, self.output),
            "sound": self._sound_lines,
            "changed": lambda: self._changed_from(condition["scores"]),
            "read": lambda: int(self.mask.sum()),
            "moved": lambda: _gap(self.output, al.softmax(np.array(self.scores)) @ self.values),
        }[condition["measure"]]()

    def _sound_lines(self):
        """How many lines come before the first that holds what is no finite number."""
        sound = [np.isfinite([line.total, *line.output]).all() for line in self.trace]
        return len(sound) if all(sound) else sound.index(False)

    def _changed_from(self, scores):
        if len(scores) != len(self.scores):
            return None
        return _gap(self.weights, al.softmax(np.array(scores, dtype=float)))

    def describe(self):
        head = f"Tiles: {len(self.scores)} scores in tiles of {self.tile}"
        if self.window is not None:
            head += f", window {self.window}, {self.kept} kept"
        lines = [
            f"tile {line.tile + 1:>2}: maximum {_told(line.top)}, correction "
            f"{_told(line.factor)}, sum {_told(line.total)}, output {_pair(line.output)}"
            for line in self.trace
        ]
        if self.order:
            lines.append(f"output over sum {_pair(self.result)}")
        return "\n".join([head, *lines, f"the whole row at once {_pair(self.output)}"])

    def still(self):
        rows = np.column_stack([self.scores, self.values]).T
        names = ["score", "value 1", "value 2"]
        parts = still.matrix("a row of scores", rows, names, 0, 0, "--al-ink")
        for n, tile in enumerate(self.tiles):
            parts += self._bracket(n, tile)
        told = self.describe().splitlines()
        parts += [still.text(8, 150 + 20 * n, line, "start") for n, line in enumerate(told)]
        width = max(still.LABEL + 44 * len(self.scores), 620)
        return still.figure(still.svg(parts, width, 150 + 20 * len(told), self.describe()))

    def _bracket(self, n, tile):
        """What stands below a tile: a bar as long as it, full if it is taken, and its number."""
        x, width = still.LABEL + 44 * tile.start + 2, 44 * (tile.stop - tile.start) - 6
        colour = "--al-weight" if n in self.order else "--al-line"
        bar = f'<rect x="{x}" y="98" width="{width}" height="6" rx="3" style="fill:var({colour})"/>'
        name = f"tile {n + 1}" if self.tile > 1 else str(n + 1)
        return [bar, still.text(x + width / 2, 122, name)]


def _gap(one, other):
    """The largest distance of two numbers at one place."""
    return float(np.abs(one - other).max())


def _told(number):
    """A number as the figure writes it, without the signs that no font has."""
    if np.isnan(number):
        return "not a number"
    if np.isinf(number):
        return "infinity" if number > 0 else "minus infinity"
    return f"{number:.1e}" if abs(number) >= 1e4 else f"{round(number, 3) + 0.0:.3f}"


def _pair(numbers):
    return f"({', '.join(map(_told, numbers))})"
