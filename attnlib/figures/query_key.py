"""QueryKey, the flagship: two matrices turn words into queries and keys."""

import numpy as np
import traitlets

import attnlib as al
from attnlib.figures import still
from attnlib.figures.base import check_cell, check_numbers
from attnlib.figures.phrases import OnPhrase
from attnlib.world import PHRASES


def _presets(d_model, d_head):
    """The matrices the buttons load: `{name: {"w_q": rows, "w_k": rows}}`."""
    zero = np.zeros((d_model, d_head))
    pairs = {"all zero": (zero, zero), "identity": (np.eye(d_model, d_head),) * 2}
    if d_head == 2:
        heads = {name: PHRASES.head(name) for name in PHRASES.heads}
        pairs |= {name: (head.w_q, head.w_k) for name, head in heads.items()}
    return {n: {"w_q": w_q.tolist(), "w_k": w_k.tolist()} for n, (w_q, w_k) in pairs.items()}


class _Matrix(traitlets.TraitType):
    """A `(d_model, d_head)` matrix; arrives as nested lists, is read as a NumPy array."""

    info_text = "a matrix of numbers"

    def validate(self, obj, value):
        matrix = check_numbers(self.name, value, ndim=2)
        matrix.setflags(write=False)
        return matrix


def _matrix():
    return _Matrix().tag(
        sync=True,
        to_json=lambda value, _: value.tolist(),
        from_json=lambda value, _: value,
    )


class QueryKey(OnPhrase):
    """Queries, keys, scores and weights of one head on a phrase, live.

    Parameters
    ----------
    sentence : words of `attnlib.world.PHRASES`, at most 16.
    w_q, w_k : `(d_model, d_head)`, numbers between -1000 and 1000. With `d_head == 2` the
        queries and keys are drawn as arrows. To change both shapes at once, assign inside
        `with figure.hold_trait_notifications():`.
    preset : instead of the matrices, the name of a preset, such as "all zero".
    scaled, causal : divide the scores by the root of d_head; hide later words.
    orientation : "rows" or "columns", whichever are the queries.
    show : "dots", "weights" or "scores".
    selected : `[query, key]`, two positions, or None.
    challenges : see `attnlib.figures.challenges`; a condition has a `query` word and `keys`, or
        the `measure` "numbers" (of w_q and w_k together, those that are not 0). Or the name of a
        chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `trace` is attnlib's
    own result for the current state.
    """

    title = traitlets.Unicode("Queries and keys").tag(sync=True)
    w_q = _matrix()
    w_k = _matrix()
    scaled = traitlets.Bool(True).tag(sync=True)
    causal = traitlets.Bool(False).tag(sync=True)
    orientation = traitlets.Enum(["rows", "columns"], "rows").tag(sync=True)
    show = traitlets.Enum(["dots", "weights", "scores"], "dots").tag(sync=True)
    selected = traitlets.Any(None, allow_none=True).tag(sync=True)
    axes = traitlets.List(traitlets.Unicode(), list(PHRASES.axes)).tag(sync=True)
    presets = traitlets.Dict().tag(sync=True)

    def __init__(self, sentence=None, *, preset=None, **traits):
        if preset is not None:
            known = _presets(len(PHRASES.axes), 2)
            if preset not in known:
                raise ValueError(f"no preset is called {preset!r}; there are: {', '.join(known)}")
            traits = known[preset] | traits
        super().__init__(sentence, **traits)

    @traitlets.default("w_q")
    def _zero_w_q(self):
        return np.zeros((len(PHRASES.axes), 2))

    @traitlets.default("w_k")
    def _zero_w_k(self):
        return np.zeros((len(PHRASES.axes), 2))

    @traitlets.default("presets")
    def _presets_for_shape(self):
        return _presets(*self.w_q.shape)

    @traitlets.validate("w_q", "w_k")
    def _fitting_shapes(self, proposal):
        name, matrix = proposal["trait"].name, proposal["value"]
        if matrix.shape[0] != len(PHRASES.axes):
            raise ValueError(
                f"{name} has {matrix.shape[0]} rows "
                f"but embeddings have {len(PHRASES.axes)} (d_model)"
            )
        other = "w_k" if name == "w_q" else "w_q"
        if name in self._trait_values and other in self._trait_values:
            d_head = getattr(self, other).shape[1]
            if matrix.shape[1] != d_head:
                raise ValueError(
                    f"{name} has {matrix.shape[1]} columns but {other} has {d_head} (d_head)"
                )
        return matrix

    @traitlets.validate("selected")
    def _inside_pattern(self, proposal):
        return check_cell(proposal["value"], len(self.tokens))

    @traitlets.observe("sentence")
    def _selected_stays_inside(self, change):
        if self.selected is not None and max(self.selected) >= len(self.tokens):
            self.selected = None

    @traitlets.observe("w_q")
    def _presets_follow_shape(self, change):
        if "presets" in self._trait_values and np.shape(change["old"]) != self.w_q.shape:
            self.presets = _presets(*self.w_q.shape)

    @property
    def trace(self):
        """`attnlib.trace_attention` on the current state; the values are the embeddings."""
        x = PHRASES.embed(self.tokens)
        scale = None if self.scaled else 1.0
        return al.trace_attention(x @ self.w_q, x @ self.w_k, x, causal=self.causal, scale=scale)

    def measure(self, condition):
        """The total weight that `condition["query"]` gives to `condition["keys"]`.

        Where the query word stands twice, the total that is least favourable; None where it
        does not stand at all. For the measure "numbers", how many of w_q and w_k are not 0.
        """
        if condition.get("measure") == "numbers":
            return int(np.count_nonzero(self.w_q) + np.count_nonzero(self.w_k))
        totals = [
            float(
                sum(w for w, key in zip(row, self.tokens, strict=True) if key in condition["keys"])
            )
            for token, row in zip(self.tokens, self.trace.weights, strict=True)
            if token == condition["query"]
        ]
        if not totals:
            return None
        return min(totals) if "at_least" in condition else max(totals)

    def describe(self):
        weights = self.trace.weights
        width = max(map(len, self.tokens))
        head = " ".join(f"{token[:5]:>5}" for token in self.tokens)
        rows = [
            f"{token:>{width}}  " + " ".join(f"{weight + 0.0:5.2f}" for weight in row)
            for token, row in zip(self.tokens, weights, strict=True)
        ]
        first = f"QueryKey: weights of “{self.sentence}”; rows are queries, columns keys"
        return "\n".join([first, " " * (width + 2) + head, *rows])

    def still(self):
        parts, width, height = still.pattern(self.tokens, self.trace.weights)
        for n, name in enumerate(("w_q", "w_k")):
            values, colour = getattr(self, name), ("--al-query", "--al-key")[n]
            x0 = n * (still.LABEL + 44 * values.shape[1] + 20)
            parts += still.matrix(name, values, self.axes, x0, height + 10, colour)
            width = max(width, x0 + still.LABEL + 44 * values.shape[1] + 10)
        picture = still.svg(parts, width, height + 40 + 24 * len(self.axes), self.describe())
        return still.figure(picture)
