"""MaskLab: a mask is painted, and three ways to use it stand side by side."""

import numpy as np
import traitlets

import attnlib as al
from attnlib.figures import still
from attnlib.figures.base import Checked, check_cell
from attnlib.figures.challenges import Challenging
from attnlib.figures.seeded import normals
from attnlib.world import PHRASES, SENSES

WAYS = ("zero", "after", "infinity")
PRESETS = {  # may(query, key), for arrays of positions; the same in MaskLab.jsx
    "everyone": lambda i, j: (i == i) & (j == j),
    "causal": lambda i, j: j <= i,
    "window": lambda i, j: (j <= i) & (j >= i - 1),
    "only itself": lambda i, j: i == j,
    "first is padding": lambda i, j: (j <= i) & (j > 0),
}
RANDOM_TOKENS, RANDOM_SEED = 8, 7
SHORTEST, LONGEST = 10, 1_000_000


def _example(world, sentence, head):
    tokens = world.tokenize(sentence)
    scores = world.head(head).trace(world.embed(tokens)).scores
    return {"tokens": tokens, "scores": scores.tolist()}


def examples():
    """Phrases with their scores under a designed head, and random scores: by title."""
    creature, mole = PHRASES.sentences["The fluffy blue creature"], SENSES.sentences["the amount"]
    return {
        creature: _example(PHRASES, creature, "nouns look for adjectives"),
        mole: _example(SENSES, mole, "context"),
        "random scores": {
            "tokens": [f"word {n + 1}" for n in range(RANDOM_TOKENS)],
            "scores": normals(RANDOM_TOKENS, RANDOM_TOKENS, RANDOM_SEED).tolist(),
        },
    }


def preset(name, n):
    """The mask `name` for `n` tokens: boolean, True = may attend."""
    positions = np.arange(n)
    return np.broadcast_to(PRESETS[name](positions[:, None], positions[None, :]), (n, n))


def _window(width, n):
    """The mask with which each of `n` tokens sees `width`: itself and those before it."""
    return np.tri(n, dtype=bool) & ~np.tri(n, k=-width, dtype=bool)


def _unread(mask, layers):
    """How many words each word has not read, of itself and those before it, after `layers`."""
    ways = np.linalg.matrix_power(np.array(mask, dtype=float), layers)
    return int(np.tril(ways == 0).sum())


class MaskLab(Challenging):
    """Zero before softmax, zero after, minus infinity before: what each lets through.

    Parameters
    ----------
    example : the phrase, one of `figure.examples`.
    mask : `(n_tokens, n_tokens)` booleans, True = may attend; or the name of a preset:
        "everyone", "causal", "window" (itself and the word before), "only itself" or
        "first is padding" (causal, and nobody may attend to the first word).
    orientation, selected : as in `QueryKey`.
    tokens_long, bytes : of the bill, 10 to 1,000,000 tokens and 1, 2 or 4 bytes a number.
    challenges : see `attnlib.figures.challenges`; conditions `measure` "leak" (of a `way`:
        "zero", "after", "infinity"), "empty" (queries that see nothing), "weight" (of a `query`
        on a `key`, with minus infinity), "hidden" (cells), "future" (open cells after the query),
        "gain" (how much more weight "zero" gives a hidden key than it had without a mask, at
        most), "unread" (pairs of a word and itself or a word before it that it has not read after
        so many `layers`, each with this mask) or "differs" (cells, from a window of so many words:
        each sees itself and those before it). Or the name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `weights(way)` and `leak(way)` are computed with attnlib.
    """

    title = traitlets.Unicode("Three ways to mask").tag(sync=True)
    example = traitlets.Unicode(PHRASES.sentences["The fluffy blue creature"]).tag(sync=True)
    mask = Checked().tag(sync=True)
    selected = traitlets.Any(None, allow_none=True).tag(sync=True)
    orientation = traitlets.Enum(["rows", "columns"], "rows").tag(sync=True)
    tokens_long = traitlets.Int(1000, min=SHORTEST, max=LONGEST).tag(sync=True)
    bytes = traitlets.Enum([4, 2, 1], 2).tag(sync=True)
    examples = traitlets.Dict().tag(sync=True)

    def __init__(self, example=None, **traits):
        if example is not None:
            traits["example"] = example
        super().__init__(**traits)

    @traitlets.default("examples")
    def _designed_examples(self):
        return examples()

    @traitlets.default("mask")
    def _causal(self):
        return preset("causal", len(self.tokens)).tolist()

    @traitlets.validate("example")
    def _known_example(self, proposal):
        if proposal["value"] not in self.examples:
            known = ", ".join(map(repr, self.examples))
            raise ValueError(f"no example {proposal['value']!r}; there are: {known}")
        return proposal["value"]

    @traitlets.validate("mask")
    def _fitting_mask(self, proposal):
        n, mask = len(self.tokens), proposal["value"]
        if isinstance(mask, str):
            if mask not in PRESETS:
                raise ValueError(f"no mask is called {mask!r}; there are: {', '.join(PRESETS)}")
            return preset(mask, n).tolist()
        try:
            mask = np.array(mask)
        except ValueError as error:
            raise ValueError("mask must be rows of booleans, all of one length") from error
        if mask.ndim == 0:
            raise ValueError(f"mask is {mask}; expected rows of booleans, True = may attend")
        if mask.dtype != bool:
            raise ValueError(f"mask has dtype {mask.dtype}; expected booleans, True = may attend")
        if mask.shape != (n, n):
            raise ValueError(f"mask has shape {mask.shape}; the phrase has {n} tokens: ({n}, {n})")
        return mask.tolist()

    @traitlets.observe("example")
    def _mask_fits_the_example(self, change):
        if "mask" in self._trait_values and len(self.mask) != len(self.tokens):
            self.mask = "causal"
        if self.selected is not None and max(self.selected) >= len(self.tokens):
            self.selected = None

    @traitlets.validate("selected")
    def _inside_pattern(self, proposal):
        return check_cell(proposal["value"], len(self.tokens))

    @property
    def tokens(self):
        """The words of the example."""
        return self.examples[self.example]["tokens"]

    @property
    def scores(self):
        """The scores of the example before any mask."""
        return np.array(self.examples[self.example]["scores"])

    def weights(self, way):
        """The weights that "zero", "after" or "infinity" gives."""
        keep = np.array(self.mask)
        if way == "after":
            kept = np.where(keep, al.softmax(self.scores), 0.0)
            with np.errstate(invalid="ignore"):
                return kept / kept.sum(axis=-1, keepdims=True)
        hidden = {"zero": 0.0, "infinity": -np.inf}[way]
        return al.softmax(np.where(keep, self.scores, hidden))

    def leak(self, way):
        """The share of all weight that lies on hidden keys; NaN left out."""
        weights = self.weights(way)
        return float(np.nansum(np.where(self.mask, 0, weights)) / (np.nansum(weights) or 1))

    def measure(self, condition):
        """What the state has of what `condition` measures; None for words that are not there."""
        if condition["measure"] == "leak":
            return self.leak(condition["way"])
        if condition["measure"] == "empty":
            return int((~np.array(self.mask).any(axis=-1)).sum())
        if condition["measure"] == "hidden":
            return int((~np.array(self.mask)).sum())
        if condition["measure"] == "gain":
            gained = self.weights("zero") - al.softmax(self.scores)
            return float(np.where(self.mask, 0, gained).max())
        if condition["measure"] == "future":
            return int(np.triu(self.mask, k=1).sum())
        if condition["measure"] == "unread":
            return _unread(self.mask, condition["layers"])
        if condition["measure"] == "differs":
            return int((_window(condition["window"], len(self.tokens)) != self.mask).sum())
        words = condition["query"], condition["key"]
        if not set(words) <= set(self.tokens):
            return None
        return float(self.weights("infinity")[tuple(map(self.tokens.index, words))])

    def describe(self):
        hidden = int((~np.array(self.mask)).sum())
        lines = [f"MaskLab: “{' '.join(self.tokens)}”, {hidden} of {len(self.mask) ** 2} hidden"]
        lines += [f"   {way:>8}: leak {self.leak(way):.2f}" for way in WAYS]
        return "\n".join(lines)

    def still(self):
        parts, *size = still.pattern(self.tokens, self.weights("infinity"))
        return still.figure(still.svg(parts, *size, self.describe()))
