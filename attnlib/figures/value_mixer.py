"""ValueMixer: weights times values, what is added, and value maps of low rank."""

import numpy as np
import traitlets

from attnlib.figures import still
from attnlib.figures.base import Checked, check_numbers
from attnlib.figures.phrases import WithQuery
from attnlib.figures.seeded import normals
from attnlib.world import PHRASES

HEAD = "nouns look for adjectives"
VIEWS = ("mix", "rank")
D_MODEL, D_VALUE = len(PHRASES.axes), 2
RANDOM_SEED = 3
SUM_TOLERANCE = 1e-4


def _picks(*axes):
    """A `(d_model, 2)` matrix that reads two axes."""
    return np.eye(D_MODEL)[:, [PHRASES.axes.index(axis) for axis in axes]]


def presets():
    """Value matrices for the same weights: `{name: {"w_v": rows, "w_o": rows}}`."""
    describing = _picks("fits animals", "fits places")
    nouns = _picks("animal", "place")
    pairs = {
        "what describes": (describing, describing.T),
        "its opposite": (describing, -describing.T),
        "what describes, as animal and place": (describing, nouns.T),
        "who it is": (nouns, nouns.T),
        "nothing": (np.zeros_like(nouns), nouns.T),
    }
    return {n: {"w_v": w_v.tolist(), "w_o": w_o.tolist()} for n, (w_v, w_o) in pairs.items()}


def maps():
    """Square value maps for the view "rank", `(d_model, d_model)`, by name."""
    return {
        "random": normals(D_MODEL, D_MODEL, RANDOM_SEED).tolist(),
        "this chapter’s head": PHRASES.head(HEAD).ov.tolist(),
        "copy every axis": np.eye(D_MODEL).tolist(),
    }


class ValueMixer(WithQuery):
    """Values are mixed by weight, and the mixture is added to the word that asks.

    Parameters
    ----------
    sentence : words of `attnlib.world.PHRASES`, at most 16.
    query : the position of the word that asks.
    shares : weights of the reader's own, one a word, summing to 1; None for the designed head's.
    w_v, w_o : value down, `(d_model, 2)`, and value up, `(2, d_model)`.
    residual : whether delta is added to the embedding, or stands alone.
    across, up : the axes of the plane in which delta is drawn.
    views : "mix", "rank" or both; `view` is the one that is open.
    map, rank, cut : of the view "rank": the square map, the rank kept (0 to d_model), and "svd"
        or "first" (the first axes only).
    challenges : see `attnlib.figures.challenges`; `given` holds the `view`. A condition's
        `measure` is "delta" or "after" (on an `axis`), "weight" (of a `word`), "touched" (how far
        a weight is from the head's, at most), "reach" (the length of the longest value), "error"
        or "stored". Or the name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `weights`, `mixed`, `delta` and `after` follow the state.
    """

    title = traitlets.Unicode("Mix the values").tag(sync=True)
    views = traitlets.List(traitlets.Enum(VIEWS), list(VIEWS), minlen=1).tag(sync=True)
    view = traitlets.Enum(VIEWS).tag(sync=True)
    shares = traitlets.Any(None, allow_none=True).tag(sync=True)
    w_v = Checked(presets()["what describes"]["w_v"]).tag(sync=True)
    w_o = Checked(presets()["what describes"]["w_o"]).tag(sync=True)
    residual = traitlets.Bool(True).tag(sync=True)
    across = traitlets.Enum(list(PHRASES.axes), "animal").tag(sync=True)
    up = traitlets.Enum(list(PHRASES.axes), "fits animals").tag(sync=True)
    map = traitlets.Enum(list(maps()), "random").tag(sync=True)
    rank = traitlets.Int(2, min=0, max=D_MODEL).tag(sync=True)
    cut = traitlets.Enum(["svd", "first"], "svd").tag(sync=True)
    axes = traitlets.List(traitlets.Unicode(), list(PHRASES.axes)).tag(sync=True)
    head = traitlets.Dict().tag(sync=True)
    presets = traitlets.Dict(presets()).tag(sync=True)
    maps = traitlets.Dict(maps()).tag(sync=True)

    @traitlets.default("view")
    def _first_view(self):
        return self.views[0]

    @traitlets.default("head")
    def _designed_head(self):
        head = PHRASES.head(HEAD)
        return {"w_q": head.w_q.tolist(), "w_k": head.w_k.tolist()}

    @traitlets.validate("shares")
    def _shares_sum_to_one(self, proposal):
        if proposal["value"] is None:
            return None
        shares = check_numbers("shares", proposal["value"], ndim=1)
        if len(shares) != len(self.tokens):
            raise ValueError(f"{len(shares)} shares, but {len(self.tokens)} words")
        if (shares < 0).any() or abs(shares.sum() - 1) > SUM_TOLERANCE:
            raise ValueError(f"shares must be at least 0 and sum to 1, not {shares.sum():g}")
        return shares.tolist()

    @traitlets.validate("w_v", "w_o")
    def _fitting_shapes(self, proposal):
        name = proposal["trait"].name
        shape = {"w_v": (D_MODEL, D_VALUE), "w_o": (D_VALUE, D_MODEL)}[name]
        matrix = check_numbers(name, proposal["value"], ndim=2)
        if matrix.shape != shape:
            raise ValueError(f"{name} has shape {matrix.shape}; expected {shape}")
        return matrix.tolist()

    @traitlets.observe("sentence")
    def _nothing_of_another_sentence(self, change):
        if self.shares is not None and len(self.shares) != len(self.tokens):
            self.shares = None

    @property
    def x(self):
        """The embeddings, `(n_tokens, d_model)`."""
        return PHRASES.embed(self.tokens)

    @property
    def weights(self):
        """The weights of the word that asks: the reader's, or attnlib's for the designed head."""
        return self._heads_weights if self.shares is None else np.array(self.shares)

    @property
    def _heads_weights(self):
        return PHRASES.head(HEAD).trace(self.x).weights[self.query]

    @property
    def mixed(self):
        """The weighted sum of the values, `(2,)`."""
        return self.weights @ (self.x @ np.array(self.w_v))

    @property
    def delta(self):
        """What the head adds, `(d_model,)`."""
        return self.mixed @ np.array(self.w_o)

    @property
    def after(self):
        """The embedding and delta, or delta alone without the residual."""
        return self.delta + self.residual * self.x[self.query]

    @property
    def factors(self):
        """Value down and value up of the rank kept, for the chosen map."""
        full = np.array(self.maps[self.map])
        if self.cut == "first":
            return full[:, : self.rank], np.eye(D_MODEL)[: self.rank]
        u, singular, v = np.linalg.svd(full)
        return u[:, : self.rank] * singular[: self.rank], v[: self.rank]

    @property
    def error(self):
        """The root of the sum of squares that the product of the factors is off by."""
        down, up = self.factors
        return float(np.linalg.norm(np.array(self.maps[self.map]) - down @ up))

    def measure(self, condition):
        """What the state has of what `condition` measures; None for a word that is not there."""
        what = condition["measure"]
        if what in ("delta", "after"):
            return float(getattr(self, what)[self.axes.index(condition["axis"])])
        if what == "weight":
            there = condition["word"] in self.tokens
            return float(self.weights[self.tokens.index(condition["word"])]) if there else None
        if what == "touched":
            return float(np.abs(self.weights - self._heads_weights).max())
        if what == "reach":
            return float(np.linalg.norm(self.x @ np.array(self.w_v), axis=-1).max())
        return {"error": self.error, "stored": 2 * D_MODEL * self.rank}[what]

    def describe(self):
        if self.view == "rank":
            return f"ValueMixer: the map “{self.map}” at rank {self.rank}, error {self.error:.2f}"
        word = self.tokens[self.query]
        lines = [f"ValueMixer: what “{self.sentence}” adds to {word}"]
        rows = zip(self.axes, self.delta + 0.0, self.after + 0.0, strict=True)
        lines += [f"{axis:>14} delta {d:5.2f} after {a:5.2f}" for axis, d, a in rows]
        return "\n".join(lines)

    def still(self):
        if self.view == "rank":
            down, up = self.factors
            name = f"{self.map}, rank {self.rank}"
            product = (down @ up).round(1) + 0.0
            parts = still.matrix(name, product, self.axes, 0, 0, "--al-value")
            return still.figure(still.svg(parts, 360, 180, self.describe()))
        parts, *size = still.bars(self.tokens, self.weights)
        return still.figure(still.svg(parts, *size, self.describe()))
