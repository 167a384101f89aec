"""Patterns: layers by heads of any model, what they look at and what each edge adds."""

import base64
from typing import ClassVar

import numpy as np
import traitlets

from attnlib import head_scores
from attnlib.figures import pattern_bytes, real_model, still
from attnlib.figures.base import check_pair
from attnlib.figures.heads import Heads

MOST_BYTES = 200_000_000
STILL_TOKENS = 16
PACKED = ("_weights", "_added")
ORDERS = {  # of the small patterns, and what a reader reads of each
    "layers": "layers",
    "heads": "heads",
    "previous": "previous token",
    "first": "first token",
    "own": "the token itself",
    "same": "same token",
    "prefix": "prefix matching",
}


def _as_bytes(sent, _):
    """What a view sends: a view of memory."""
    return bytes(sent)


class Patterns(real_model.Answering):
    """The attention patterns of a model: all heads small, one of them large.

    Parameters
    ----------
    tokens : the text, a list of strings, one a query. Without any, the book's four designed heads
        are shown on a phrase of theirs.
    weights : `(n_layers, n_heads, n_queries, n_keys)`, rows sum to 1; an array or a tensor. Or
        what transformers returns as `attentions`: one `(batch, n_heads, n_queries, n_keys)` for
        each layer.
    key_tokens : the text that is read, if it is another one (cross-attention).
    batch : the text of a batch, if `weights` holds several.
    contributions : the length of what each edge adds, in the shape of `weights`.
    values : in place of it, what each key's value is once W_O has brought it back,
        `(n_layers, n_heads, n_keys, d_model)`; lengths are weights times those of `values`.
    show : "weights", "added" or "both".
    order : of the small patterns: "layers", "heads" (a line for each), or by a score, the largest
        first: "previous", "first", "own", "same", "prefix".
    small : "patterns", or "row", what each head gives to the keys of the query.
    chosen : `[layer, head]`, from 0, the large pattern.
    selected : `[query, key]`, the edge that is explained; or None.
    corner : `[query, key]`, the first of both that the large pattern shows, if not all fit.
    orientation : "rows" or "columns", whichever are the queries.
    challenges : see `attnlib.figures.challenges`; a condition's `measure` is of the edge that is
        `selected`: "weight", "query" or "key", its place, or "outdone", how many times as much the
        longest of its row adds. Or the name of a file of attnlib/questions.

    Numbers travel in bytes: a weight is off by at most 0.002, a length by 0.002 of the longest of
    its head. Wrong values raise `ValueError` or `TypeError` (for choices traitlets' `TraitError`).
    `weights`, `added` and `scores` are what the figure shows.
    """

    script = "attnlib-model.js"
    _model = None  # that reads another text

    title = traitlets.Unicode("What every head looks at").tag(sync=True)
    own_text = traitlets.Bool(False).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    key_tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    cross = traitlets.Bool(False).tag(sync=True)
    causal = traitlets.Bool(False).tag(sync=True)
    shape = traitlets.List(traitlets.Int(), minlen=2, maxlen=2).tag(sync=True)
    show = traitlets.Enum(["weights", "added", "both"], "weights").tag(sync=True)
    order = traitlets.Enum(list(ORDERS), "layers").tag(sync=True)
    small = traitlets.Enum(["patterns", "row"], "patterns").tag(sync=True)
    chosen = traitlets.List([0, 0]).tag(sync=True)
    selected = traitlets.Any(None, allow_none=True).tag(sync=True)
    corner = traitlets.List([0, 0]).tag(sync=True)
    orientation = traitlets.Enum(["rows", "columns"], "rows").tag(sync=True)
    longest = traitlets.List(traitlets.Float()).tag(sync=True)  # what a head's byte 255 stands for
    _ids = traitlets.List(traitlets.Int()).tag(sync=True)  # where pieces do not tell tokens apart
    _weights = traitlets.Bytes().tag(sync=True, from_json=_as_bytes)
    _added = traitlets.Bytes().tag(sync=True, from_json=_as_bytes)

    def __init__(
        self,
        tokens=None,
        weights=None,
        key_tokens=None,
        *,
        batch=None,
        contributions=None,
        values=None,
        **traits,
    ):
        if tokens is None and weights is None:
            tokens, weights, contributions = _designed()
        weights = pattern_bytes.as_weights(weights, batch)
        queries = _words("tokens", tokens, weights.shape[2], "queries")
        keys = queries
        if key_tokens is not None or weights.shape[2] != weights.shape[3]:
            keys = _words("key_tokens", key_tokens, weights.shape[3], "keys")
        lengths = pattern_bytes.as_contributions(weights, contributions, values)
        packed = _packed(weights, lengths)
        super().__init__(
            tokens=queries, key_tokens=keys, cross=key_tokens is not None, **packed, **traits
        )

    @classmethod
    def of_text(cls, model, text, **traits):
        """What the heads of `model`, an `al.Decoder` with its tokenizer, look at in `text`.

        A newline is put before the text, as everywhere in the book, and is the first of `tokens`.
        The lengths of what each edge adds are known: `show` may be "added" or "both". `traits` are
        the others of the figure, `show`, `order`, `chosen` and so on. Assign to `text` to see
        another one.

        If the model is of the size of SmolLM2, which a page can bring, `own_text` is True unless
        given: the figure has a box for texts of the reader's own, up to 64 tokens, and `text`,
        `tokens`, `weights` and `added` are those of the last.

        Raises `TypeError` for another kind of model and for a text that is no string, `ValueError`
        for a model without a tokenizer, for a text without words, and for one of more tokens than
        a page bears: 608 for SmolLM2.
        """
        reading = real_model.read(model, text, MOST_BYTES)
        traits.setdefault("own_text", real_model.is_smollm2(model))
        known = {"contributions": reading.lengths, "text": text, "_ids": reading.ids}
        figure = cls(reading.tokens, reading.weights, **known, **traits)
        figure._model = model
        return figure

    @classmethod
    def from_state(cls, state):
        """The figure that a saved widget state describes."""
        names = cls.page_traits()
        traits = {name: value for name, value in state.items() if name in names}
        for name in PACKED:
            if isinstance(traits.get(name), str):  # of a page: JSON has no bytes
                traits[name] = base64.b64decode(traits[name])
        figure = cls.__new__(cls)
        super(Patterns, figure).__init__(**traits)
        return figure

    @traitlets.validate("chosen")
    def _a_head(self, proposal):
        n_layers, n_heads = self.shape
        return _pair("chosen", proposal["value"], "layer, head", (n_layers, n_heads))

    @traitlets.validate("selected")
    def _an_edge(self, proposal):
        most = (len(self.tokens), len(self.key_tokens))
        return check_pair(proposal["value"], "query, key", most)

    @traitlets.validate("corner")
    def _a_corner(self, proposal):
        most = (len(self.tokens), len(self.key_tokens))
        return _pair("corner", proposal["value"], "query, key", most)

    @traitlets.validate("show")
    def _that_is_known(self, proposal):
        if proposal["value"] != "weights" and not self._added:
            raise ValueError(
                f"show is {proposal['value']!r}, but no lengths are known: pass contributions= "
                "or values="
            )
        return proposal["value"]

    @traitlets.validate("order")
    def _that_has_a_score(self, proposal):
        order = proposal["value"]
        if order not in ("layers", "heads") and self.scores.get(order) is None:
            known = ", ".join(name for name, score in self.scores.items() if score is not None)
            raise ValueError(
                f"order is {order!r}, which is no score of this text; "
                f"there are: {known or 'none, for a text that reads another'}"
            )
        return order

    @property
    def _shape(self):
        return (*self.shape, len(self.tokens), len(self.key_tokens))

    @property
    def weights(self):
        """The weights as shown, `(n_layers, n_heads, n_queries, n_keys)`, in steps of 1/255."""
        return pattern_bytes.unpack(self._weights, 1.0, self._shape, self.causal)

    @property
    def added(self):
        """The lengths as shown, in the shape of `weights`; None if they are not known."""
        if not self._added:
            return None
        longest = np.reshape(self.longest, (*self.shape, 1, 1))
        return pattern_bytes.unpack(self._added, longest, self._shape, self.causal)

    @property
    def scores(self):
        """Scores of all heads by `order`, `(n_layers, n_heads)` or None where none is defined."""
        if self.cross or len(self.tokens) < 2:
            return dict.fromkeys(list(ORDERS)[2:])
        weights, tokens = self.weights, self._numbers
        repeated = len(set(tokens)) < len(tokens)
        return {
            "previous": head_scores.previous_word_score(weights),
            "first": head_scores.first_token_score(weights),
            "own": head_scores.own_token_score(weights),
            "same": head_scores.same_token_score(weights, tokens) if repeated else None,
            "prefix": head_scores.prefix_matching_score(weights, tokens) if repeated else None,
        }

    def measure(self, condition):
        """What the selected edge has of what `condition` measures; None if no edge is."""
        what = condition["measure"]
        if self.selected is None or (what == "outdone" and not self._added):
            return None
        query, key = self.selected
        if what in ("query", "key"):
            return query if what == "query" else key
        if what == "weight":
            return float(self._of_chosen(self._weights)[query, key])
        row = self._of_chosen(self._added)[query]
        return float(row.max() / row[key]) if row[key] else None

    def _of_chosen(self, packed):
        """The numbers of the chosen head, `(n_queries, n_keys)`, as shares of its largest."""
        head = self.chosen[0] * self.shape[1] + self.chosen[1]
        size = len(packed) // (self.shape[0] * self.shape[1])
        own = packed[head * size : (head + 1) * size]
        return pattern_bytes.unpack(own, 1.0, (1, 1, *self._shape[2:]), self.causal)[0, 0]

    @property
    def _numbers(self):
        return np.unique(self._ids or self.tokens, return_inverse=True)[1]

    @traitlets.validate("own_text")
    def _of_smollm2(self, proposal):
        if proposal["value"] and not (self.text and self.shape == real_model.SHAPE):
            raise ValueError("own_text is for SmolLM2 alone: make the figure by Patterns.of_text")
        return proposal["value"]

    @traitlets.validate("text")
    def _that_is_read(self, proposal):
        text, model = proposal["value"], self._model
        if model is not None and real_model.encoded(model, text) != self._ids:
            self._show(real_model.read(model, text, MOST_BYTES))
        return text

    def _show(self, reading):
        """Another text in place of that on show; the head stays."""
        self.selected, self.corner = None, [0, 0]
        traits = {"tokens": reading.tokens, "key_tokens": reading.tokens, "_ids": reading.ids}
        for name, value in (traits | _packed(reading.weights, reading.lengths)).items():
            setattr(self, name, value)
        if self.order not in ("layers", "heads") and self.scores[self.order] is None:
            self.order = "layers"

    def _load(self, content):
        self._model = self._model or real_model.smollm2()
        return {}

    def _read(self, content):
        self._load(content)
        real_model.check_length(real_model.encoded(self._model, content["text"]))
        with self.hold_sync():  # one message: no view is half of another text
            self.text = content["text"]
        return {}

    answers: ClassVar = {"load": _load, "read": _read}

    def describe(self):
        n_layers, n_heads = self.shape
        read = f", reading {_told(self.key_tokens)}" if self.cross else ""
        layer, head = self.chosen
        return (
            f"Patterns: {n_layers} layers of {n_heads} heads on {_told(self.tokens)}{read}; "
            f"head {layer}.{head} large"
        )

    def still(self):
        layer, head = self.chosen
        n_queries, n_keys = (
            min(STILL_TOKENS, len(words)) for words in (self.tokens, self.key_tokens)
        )
        weights = self.weights[layer, head, :n_queries, :n_keys]
        queries, keys = map(_shown, (self.tokens[:n_queries], self.key_tokens[:n_keys]))
        parts, *size = still.pattern(queries, weights, keys)
        return still.figure(still.svg(parts, *size, self.describe()))


def _designed():
    """A phrase, and what the book's four designed heads make of it."""
    heads = Heads()
    weights = np.array([[trace.weights for trace in heads.traces]])
    return heads.tokens, weights, heads.added[None]


def _packed(weights, lengths):
    """The traits that carry the numbers."""
    if weights.size * (1 if lengths is None else 2) > MOST_BYTES:
        raise ValueError(
            f"{weights.shape} are {weights.size:,} weights, more than a page bears "
            f"({MOST_BYTES:,}): pass some of the layers, such as weights[:6]"
        )
    causal = pattern_bytes.is_causal(weights)
    traits = {"shape": list(weights.shape[:2]), "causal": causal}
    traits["_weights"] = pattern_bytes.pack(weights, 1.0, causal)
    if lengths is not None:
        longest = lengths.max(axis=(-2, -1), keepdims=True)
        traits["longest"] = longest.ravel().tolist()
        traits["_added"] = pattern_bytes.pack(lengths, longest, causal)
    return traits


def _words(name, tokens, count, kind):
    """`tokens` as a list of strings, one for each of the `count` queries or keys."""
    if tokens is None:
        raise ValueError(
            f"weights has {count} keys and another number of queries: pass {name}, the text that "
            "is read"
        )
    if isinstance(tokens, str):
        raise TypeError(
            f"{name} is one string; expected a list with a string for each token, such as "
            "tokenizer.convert_ids_to_tokens(ids)"
        )
    words = list(tokens.tolist() if hasattr(tokens, "tolist") else tokens)
    if strange := [word for word in words if not isinstance(word, str)]:
        raise TypeError(
            f"{name} holds {strange[0]!r}; expected strings, such as "
            "tokenizer.convert_ids_to_tokens(ids)"
        )
    if len(words) != count:
        raise ValueError(
            f"{name} has {len(words)} tokens but weights has {count} {kind}; special tokens and "
            "padding count too"
        )
    return [str(word) for word in words]


def _pair(name, pair, names, most):
    pair = list(pair)
    if len(pair) != 2 or not all(
        type(i) is int and 0 <= i < n for i, n in zip(pair, most, strict=True)
    ):
        raise ValueError(f"{name} is {pair}; expected [{names}] below {most[0]} and {most[1]}")
    return pair


def _shown(tokens):
    """Tokens as they are read: white space has a sign, as in js/src/core/patterns.js."""
    return [token.replace("\n", "¶").replace("\t", "→").strip() or "·" for token in tokens]


def _told(words):
    text = " ".join(_shown(words[:STILL_TOKENS]))
    return f"“{text}”" if len(words) <= STILL_TOKENS else f"{len(words)} tokens, “{text} …”"
