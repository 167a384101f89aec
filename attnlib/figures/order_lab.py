"""OrderLab: shuffled words, and positions as dials that turn."""

import numpy as np
import traitlets

import attnlib as al
from attnlib.figures import still
from attnlib.figures.base import Checked
from attnlib.figures.phrases import WithQuery
from attnlib.figures.seeded import normals
from attnlib.world import PHRASES

HEAD = "nouns look for adjectives"
VIEWS = ("shuffle", "rotary")
POSITIONS = ("none", "sinusoidal", "rotary")
LAST, D_HEAD, KEYS_APART = 60, 8, 1_000_000  # as in OrderLab.jsx
INK = "--al-ink"


class OrderLab(WithQuery):
    """What attention makes of another order of the same words.

    Parameters
    ----------
    views : "shuffle", "rotary" or both; `view` is the one that is open.
    sentence : words of `attnlib.world.PHRASES`, at most 16.
    query : the word whose weights are shown, by its place in the sentence.
    order : which word stands where, a permutation of 0 to n - 1; as written unless given.
    positions : "none", "sinusoidal" (added to the embeddings) or "rotary".
    at_query, at_key : where the two stand in the view "rotary", 0 to 60.
    alike, seed : whether the key of that view equals the query; both are random numbers.
    challenges : see `attnlib.figures.challenges`; `given` holds the `view`. A condition's
        `measure` is "moved", "words" (of the phrase), "score" or "distance". Or the name of a
        chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `weights`, `outputs`, `moved` and `score` are computed with attnlib.
    """

    title = traitlets.Unicode("Who came first?").tag(sync=True)
    views = traitlets.List(traitlets.Enum(VIEWS), list(VIEWS), minlen=1).tag(sync=True)
    view = traitlets.Enum(VIEWS).tag(sync=True)
    order = Checked().tag(sync=True)
    positions = traitlets.Enum(POSITIONS, "none").tag(sync=True)
    at_query = traitlets.Int(12, min=0, max=LAST).tag(sync=True)
    at_key = traitlets.Int(9, min=0, max=LAST).tag(sync=True)
    alike = traitlets.Bool(True).tag(sync=True)
    seed = traitlets.Int(4, min=0, max=999_999).tag(sync=True)
    axes = traitlets.List(traitlets.Unicode(), list(PHRASES.axes)).tag(sync=True)
    head = traitlets.Dict().tag(sync=True)

    @traitlets.default("view")
    def _first_view(self):
        return self.views[0]

    @traitlets.default("order")
    def _as_written(self):
        return list(range(len(self.tokens)))

    @traitlets.default("head")
    def _designed_head(self):
        head = PHRASES.head(HEAD)
        return {name: getattr(head, name).tolist() for name in ("w_q", "w_k", "w_v", "w_o")}

    @traitlets.validate("order")
    def _permutation(self, proposal):
        order, n = proposal["value"], len(self.tokens)
        whole = isinstance(order, list | tuple) and all(type(i) is int for i in order)
        if not whole or sorted(order) != list(range(n)):
            raise ValueError(f"order is {order!r}; expected the numbers 0 to {n - 1}, each once")
        return list(order)

    @traitlets.observe("sentence")
    def _nothing_of_another_sentence(self, change):
        if "order" in self._trait_values and len(self.order) != len(self.tokens):
            self.order = self._as_written()

    def _run(self, order):
        x, head = PHRASES.embed(self.tokens)[list(order)], PHRASES.head(HEAD)
        if self.positions == "sinusoidal":
            x = x + al.sinusoidal_positions(*x.shape)
        q, k = x @ head.w_q, x @ head.w_k
        if self.positions == "rotary":
            q, k = (al.rotate(rows, np.arange(len(x))) for rows in (q, k))
        return al.trace_attention(q, k, x @ head.w_v), head.w_o

    @property
    def weights(self):
        """The pattern of the words in their order."""
        return self._run(self.order)[0].weights

    @property
    def outputs(self):
        """What the words receive, in their order, `(n_tokens, d_model)`."""
        trace, w_o = self._run(self.order)
        return trace.output @ w_o

    @property
    def moved(self):
        """How far a word's output is from the one it has as written, at most."""
        trace, w_o = self._run(range(len(self.tokens)))
        return float(np.abs(self.outputs - (trace.output @ w_o)[list(self.order)]).max())

    @property
    def query_and_key(self):
        """The two vectors of the view "rotary" before they are turned, `(8,)` each."""
        q = normals(1, D_HEAD, self.seed)[0]
        return q, q if self.alike else normals(1, D_HEAD, self.seed + KEYS_APART)[0]

    @property
    def adds(self):
        """What each pair of coordinates adds to the score, `(4,)`."""
        turned = al.rotate(np.stack(self.query_and_key), np.array([self.at_query, self.at_key]))
        return (turned[0] * turned[1]).reshape(-1, 2).sum(axis=-1)

    @property
    def score(self):
        """The dot product of the turned query with the turned key."""
        return float(self.adds.sum())

    def measure(self, condition):
        """What the state has of what `condition` measures."""
        what = condition["measure"]
        if what == "words":
            return len(self.tokens)
        return abs(self.at_query - self.at_key) if what == "distance" else getattr(self, what)

    def describe(self):
        if self.view == "rotary":
            return (
                f"OrderLab: a query at {self.at_query}, a key at {self.at_key}, "
                f"score {self.score:.2f}"
            )
        words = " ".join(self.tokens[i] for i in self.order)
        return f"OrderLab: “{words}”, positions {self.positions}; outputs move by {self.moved:.2f}"

    def still(self):
        if self.view == "rotary":
            pairs = [f"pair {n + 1}" for n in range(D_HEAD // 2)]
            parts = still.matrix(
                "what each pair adds", self.adds[:, None].round(2), pairs, 0, 0, INK
            )
            return still.figure(still.svg(parts, 260, 30 + 24 * len(pairs), self.describe()))
        parts, *size = still.pattern([self.tokens[i] for i in self.order], self.weights)
        return still.figure(still.svg(parts, *size, self.describe()))
