"""SoftmaxLab: softmax from four sides, as bars, along an axis, overflowing, saturated."""

import numpy as np
import traitlets

import attnlib as al
from attnlib.figures import still
from attnlib.figures.base import Checked, check_numbers
from attnlib.figures.challenges import Challenging
from attnlib.figures.seeded import normals

VIEWS = ("bars", "axis", "overflow", "saturation")
AXES = {"rows": -1, "columns": -2, "all": None}
WIDTHS = (4, 16, 64, 128, 512)
FEWEST, MOST = 2, 8  # scores
N_QUERIES, N_KEYS, KEYS_APART, DEAD = 200, 64, 1_000_000, 0.01  # as in SoftmaxLab.jsx
CLAIMS = {
    "bars": "Drag a score. The weights always share out 1.",
    "axis": "Choose the axis, and look which sums become 1.",
    "overflow": "Add the same number to every score, and watch the naive formula break.",
    "saturation": "Widen the head, and watch the weights freeze.",
}


class SoftmaxLab(Challenging):
    """Scores become weights, live.

    Parameters
    ----------
    scores : two to eight numbers between -1000 and 1000, one for each of `labels`. With three
        of them the weights are also a point in a triangle.
    temperature : between 0.05 and 20.
    views : which of "bars", "axis", "overflow" and "saturation" the reader may choose; the
        first is shown. `view` is the one that is open.
    grid, axis : the matrix of the view "axis", and "rows", "columns" or "all".
    shift : what the view "overflow" adds to every score, -150 to 150.
    d_head, seed : of the random head in the view "saturation".
    challenges : see `attnlib.figures.challenges`; conditions `measure` "weight" (of a `label`),
        "entropy" (in bits), "temperature", or, of the random head without division, "median"
        (of the rows' largest weights) and "dead" (share of rows). Or the name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `weights` is attnlib's own
    result for the current state.
    """

    title = traitlets.Unicode("Softmax").tag(sync=True)
    claim = traitlets.Unicode().tag(sync=True)
    views = traitlets.List(traitlets.Enum(VIEWS), list(VIEWS), minlen=1).tag(sync=True)
    view = traitlets.Enum(VIEWS).tag(sync=True)
    labels = traitlets.List(traitlets.Unicode(), ["fluffy", "blue", "verdant"]).tag(sync=True)
    scores = Checked([2.0, 1.0, 0.0]).tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    grid = Checked([[2.0, 0.0, 1.0, 0.0], [0.0, 3.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]).tag(
        sync=True
    )
    axis = traitlets.Enum(list(AXES), "rows").tag(sync=True)
    shift = traitlets.Float(0.0, min=-150, max=150).tag(sync=True)
    d_head = traitlets.Enum(WIDTHS, 64).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=1_000_000).tag(sync=True)

    @traitlets.default("view")
    def _first_view(self):
        return self.views[0]

    @traitlets.default("claim")
    def _claim_of_view(self):
        return CLAIMS[self.view]

    @traitlets.validate("scores")
    def _fitting_scores(self, proposal):
        scores = check_numbers("scores", proposal["value"], ndim=1)
        if not FEWEST <= len(scores) <= MOST:
            raise ValueError(f"{len(scores)} scores; the figure draws {FEWEST} to {MOST}")
        if len(scores) != len(self.labels):
            raise ValueError(f"{len(scores)} scores, but {len(self.labels)} labels: {self.labels}")
        return scores.tolist()

    @traitlets.validate("grid")
    def _fitting_grid(self, proposal):
        return check_numbers("grid", proposal["value"], ndim=2).tolist()

    @traitlets.validate("temperature")
    def _fitting_temperature(self, proposal):
        if not 0.05 <= proposal["value"] <= 20:
            raise ValueError(f"temperature is {proposal['value']}; expected 0.05 to 20")
        return proposal["value"]

    @property
    def weights(self):
        """Softmax of the scores at the temperature, one weight for each label."""
        return al.softmax(np.array(self.scores), temperature=self.temperature)

    @property
    def axis_weights(self):
        """Softmax of the grid along the chosen axis (or over all its numbers)."""
        grid = np.array(self.grid)
        if self.axis == "all":
            return al.softmax(grid.ravel()).reshape(grid.shape)
        return al.softmax(grid, axis=AXES[self.axis])

    @property
    def entropy(self):
        """The entropy of the weights, in bits."""
        seen = self.weights[self.weights > 0]
        return float(-(seen * np.log2(seen)).sum())

    def saturation(self, scale=None):
        """What becomes of the rows of a random head with 64 keys: `{"median": ..., "dead": ...}`.

        The median of the rows' largest weights, and the share of rows whose largest weight w
        hardly answers to its own score: its derivative, w (1 - w), is below 0.01. `scale` is
        that of `attnlib.scores`.
        """
        q = normals(N_QUERIES, self.d_head, self.seed)
        k = normals(N_KEYS, self.d_head, self.seed + KEYS_APART)
        top = al.softmax(al.scores(q, k, scale=scale)).max(axis=-1)
        return {"median": float(np.median(top)), "dead": float((top * (1 - top) < DEAD).mean())}

    def measure(self, condition):
        """What the state has of what `condition` measures; None for a label that is not there."""
        if condition["measure"] == "weight":
            if condition["label"] not in self.labels:
                return None
            return float(self.weights[self.labels.index(condition["label"])])
        if condition["measure"] in ("median", "dead"):
            return self.saturation(scale=1.0)[condition["measure"]]
        return {"entropy": self.entropy, "temperature": self.temperature}[condition["measure"]]

    def describe(self):
        if self.view == "axis":
            rows = "\n".join(" ".join(f"{w + 0.0:5.2f}" for w in row) for row in self.axis_weights)
            return f"SoftmaxLab: softmax along {self.axis}\n{rows}"
        if self.view == "saturation":
            plain, scaled = self.saturation(scale=1.0), self.saturation()
            return (
                f"SoftmaxLab: a random head with {N_KEYS} keys, d_head {self.d_head}\n"
                f"not divided: median largest weight {plain['median']:.2f}, "
                f"dead rows {plain['dead']:.1%}\n"
                f"divided by the root: median {scaled['median']:.2f}, "
                f"dead rows {scaled['dead']:.1%}"
            )
        pairs = zip(self.labels, self.scores, self.weights, strict=True)
        lines = [
            f"{label:>12} score {score:6.2f} weight {weight:.3f}" for label, score, weight in pairs
        ]
        return "\n".join([f"SoftmaxLab at temperature {self.temperature:g}", *lines])

    def still(self):
        if self.view == "axis":
            parts = still.matrix("scores", self.grid, self._queries(), 0, 0, "--al-ink")
            x = still.LABEL + 44 * len(self.grid[0]) + 20
            weights = self.axis_weights.round(2)
            parts += still.matrix("weights", weights, self._queries(), x, 0, "--al-weight")
            size = (x + still.LABEL + 44 * len(self.grid[0]), 30 + 24 * len(self.grid))
        elif self.view == "saturation":
            medians = [self.saturation(scale)["median"] for scale in (1.0, None)]
            parts, *size = still.bars(["not divided", "divided"], medians)
        else:
            parts, *size = still.bars(self.labels, self.weights)
        return still.figure(still.svg(parts, *size, self.describe()))

    def _queries(self):
        return [f"query {i + 1}" for i in range(len(self.grid))]
