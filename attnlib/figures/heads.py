"""Heads: several heads on one phrase, what each adds, and two routes to their sum."""

import numpy as np
import traitlets

from attnlib.figures import still
from attnlib.figures.base import Checked, check_numbers, check_pair
from attnlib.figures.phrases import WithQuery
from attnlib.head import Head
from attnlib.world import PHRASES

STRONGEST = 3.0
STEPS = 4
MATRICES = ("w_q", "w_k", "w_v", "w_o")


class Heads(WithQuery):
    """The designed heads of PHRASES side by side.

    Parameters
    ----------
    sentence : words of `attnlib.world.PHRASES`, at most 16.
    query : the position of the word that asks.
    strengths : a factor for the w_o of each head, -3 to 3.
    selected : `[head, key]`, from 0, the cell of the query's line that is explained; or None.
    orientation : "rows" or "columns", whichever are the queries.
    step : how far the walk along the two routes is shown, 1 to 4.
    challenges : see `attnlib.figures.challenges`; a condition's `measure` is "length" (of what
        a `head`, counted from 1, adds to the query), "total" or "axis" (of the sum, on an `axis`).
        Or the name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `traces`, `deltas` and `total` are attnlib's own for the state.
    """

    title = traitlets.Unicode("Several heads, one phrase").tag(sync=True)
    strengths = Checked([1.0] * len(PHRASES.heads)).tag(sync=True)
    selected = traitlets.Any(None, allow_none=True).tag(sync=True)
    orientation = traitlets.Enum(["rows", "columns"], "rows").tag(sync=True)
    step = traitlets.Int(1, min=1, max=STEPS).tag(sync=True)
    axes = traitlets.List(traitlets.Unicode(), list(PHRASES.axes)).tag(sync=True)
    heads = traitlets.Dict().tag(sync=True)

    @traitlets.default("heads")
    def _designed_heads(self):
        return {
            name: {w: getattr(PHRASES.head(name), w).tolist() for w in MATRICES}
            for name in PHRASES.heads
        }

    @traitlets.validate("strengths")
    def _one_a_head(self, proposal):
        strengths = check_numbers("strengths", proposal["value"], ndim=1)
        if len(strengths) != len(self.heads):
            raise ValueError(f"{len(strengths)} strengths, but {len(self.heads)} heads")
        if np.abs(strengths).max() > STRONGEST:
            raise ValueError(f"strengths must lie between -{STRONGEST:g} and {STRONGEST:g}")
        return strengths.tolist()

    @traitlets.validate("selected")
    def _cell_that_exists(self, proposal):
        most = (len(self.heads), len(self.tokens))
        return check_pair(proposal["value"], "head, key", most)

    @traitlets.observe("sentence")
    def _key_stays_inside(self, change):
        if self.selected and self.selected[1] >= len(self.tokens):
            self.selected = None

    @property
    def traces(self):
        """`attnlib.Head.trace` of every head, its w_o times its strength."""
        x, traces = PHRASES.embed(self.tokens), []
        for head, strength in zip(self.heads.values(), self.strengths, strict=True):
            w_q, w_k, w_v, w_o = (np.array(head[name]) for name in MATRICES)
            traces.append(Head(w_q, w_k, w_v, strength * w_o).trace(x))
        return traces

    @property
    def deltas(self):
        """What each head adds to the word that asks, `(n_heads, d_model)`."""
        return np.array([trace.delta[self.query] for trace in self.traces])

    @property
    def added(self):
        """The length of what each word adds, by head, `(n_heads, n_queries, n_keys)`."""
        lengths = []
        for head, strength, trace in zip(
            self.heads.values(), self.strengths, self.traces, strict=True
        ):
            reach = np.linalg.norm(trace.values @ (strength * np.array(head["w_o"])), axis=-1)
            lengths.append(trace.weights * reach)
        return np.array(lengths)

    @property
    def total(self):
        """What all heads together add to the word that asks."""
        return self.deltas.sum(axis=0)

    def measure(self, condition):
        """What the state has of what `condition` measures."""
        if condition["measure"] == "length":
            return float(np.linalg.norm(self.deltas[condition["head"] - 1]))
        if condition["measure"] == "total":
            return float(np.linalg.norm(self.total))
        return float(self.total[self.axes.index(condition["axis"])])

    def describe(self):
        word = self.tokens[self.query]
        lines = [f"Heads: what each adds to {word} in “{self.sentence}”"]
        for name, delta in zip(self.heads, self.deltas, strict=True):
            lines.append(f"   {name:<26} a vector of length {np.linalg.norm(delta):.2f}")
        return "\n".join([*lines, f"   together: {np.linalg.norm(self.total):.2f}"])

    def still(self):
        lengths = np.linalg.norm(self.deltas, axis=-1)
        parts, *size = still.bars([f"head {n + 1}" for n in range(len(lengths))], lengths)
        return still.figure(still.svg(parts, *size, self.describe()))
