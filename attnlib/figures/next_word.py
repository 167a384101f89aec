"""NextWord: a real model's likeliest next tokens, before and after something is taken away."""

import base64
import json
from functools import cache
from importlib import resources
from typing import ClassVar, NamedTuple

import numpy as np
import traitlets

from attnlib.figures import real_model, still
from attnlib.figures.real_model import MOST_TOKENS, N_HEADS, N_LAYERS, START

MOST_CHARACTERS = 1000
SHOWN = 5
KEPT = 50  # of a run of the model's, the likeliest
KEPT_RECORDED = 10  # of a recorded run
LAST = (1, 2, 4, 8, 16)
RANGES = ((0, N_LAYERS - 1), *((first, first + 4) for first in range(0, N_LAYERS, 5)))
RECORDED = ("names", "capital", "keys", "skin", "chemistry", "letter")


class Prediction(NamedTuple):
    """A token that may come next: its id, what it writes, and its probability."""

    id: int
    piece: str
    p: float


def edges(tokens, layers, n):
    """The edges from the last of `n` tokens to each of `tokens`: a list of (layer, query, key)."""
    first, last = layers
    return [(layer, n - 1, key) for layer in range(first, last + 1) for key in tokens]


@cache
def recording(name):
    """The recorded runs of the text `name`, as `tools/record_next_word.py` wrote them."""
    folder = resources.files("attnlib") / "learned" / "next_word"
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


class NextWord(real_model.Answering):
    """What SmolLM2-135M expects after a text, and what it expects with something taken away.

    Parameters
    ----------
    text : at most 64 tokens, with the new line that the figure puts before every text.
    cut : tokens that the last one may not look at, a list of places; 0 is the new line. Another
        text keeps the places that it has.
    layers : `[first, last]`, the layers in which it may not, both within 0 to 29.
    silent : heads that add nothing, a list of `[layer, head]`.
    last : how many tokens each token may look at, itself included; 0 for all before it.
    sentences : the names of the recorded texts that the figure offers, of `RECORDED`.
    challenges : see `attnlib.figures.challenges`; a condition's `measure` is "probability" (of a
        `token`, as it is written after a space; 0 where it is none of the likeliest), "hidden"
        (tokens), "layers" (in which they are), "silent" (heads) or "last". Or a chapter's name.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `before` and `now` are the likeliest tokens: recorded runs where there
    are any, else of attnlib's own model, which is then loaded.
    """

    script = "attnlib-model.js"

    title = traitlets.Unicode("What comes next?").tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    cut = traitlets.List([]).tag(sync=True)
    layers = traitlets.List([0, N_LAYERS - 1]).tag(sync=True)
    silent = traitlets.List([]).tag(sync=True)
    last = traitlets.Int(0, min=0, max=MOST_TOKENS).tag(sync=True)
    recordings = traitlets.Dict().tag(sync=True)

    def __init__(self, text=None, sentences=RECORDED, **traits):
        traits.setdefault("recordings", _known(sentences))
        if text is not None:
            traits["text"] = text
        # What is hidden is checked against the text.
        text = traits.pop("text", None) or next(iter(traits["recordings"].values()))["text"]
        first = {name: traits.pop(name) for name in ("recordings", "challenges") if name in traits}
        super().__init__(text=text, **first)
        for name, value in traits.items():
            setattr(self, name, value)

    @traitlets.validate("text")
    def _a_text(self, proposal):
        text = proposal["value"]
        if not text.strip() or len(text) > MOST_CHARACTERS:
            raise ValueError(
                f"text has {len(text)} characters; expected 1 to {MOST_CHARACTERS}, not all spaces"
            )
        return text

    @traitlets.observe("text")
    def _stay_inside(self, change):
        if self._recording:
            n = len(self._recording["ids"])
            self.cut = [place for place in self.cut if place < n - 1]

    @traitlets.validate("cut")
    def _places(self, proposal):
        places = proposal["value"]
        n = len(self._recording["ids"]) if self._recording else MOST_TOKENS
        if not all(type(place) is int and 0 <= place < n - 1 for place in places):
            raise ValueError(f"cut is {places}; expected places from 0 to {n - 2}, before the last")
        return sorted(set(places))

    @traitlets.validate("layers")
    def _a_range(self, proposal):
        layers = list(proposal["value"])
        whole = len(layers) == 2 and all(type(layer) is int for layer in layers)
        if not whole or not 0 <= layers[0] <= layers[1] < N_LAYERS:
            raise ValueError(f"layers is {layers}; expected [first, last] within 0 to 29")
        return layers

    @traitlets.validate("silent")
    def _heads(self, proposal):
        heads = sorted({_a_head(pair) for pair in proposal["value"]})
        return [list(head) for head in heads]

    @property
    def _recording(self):
        found = [one for one in self.recordings.values() if one["text"] == self.text]
        return found[0] if found else None

    @property
    def before(self):
        """The likeliest tokens with nothing taken away: `Prediction`s, the likeliest first."""
        return self._run([], 0, [])

    @property
    def now(self):
        """The likeliest tokens of the current state: `Prediction`s, the likeliest first."""
        return self._run(self.cut, self.last, self.silent)

    def _run(self, cut, last, silent):
        place = place_of_run(self._recording, cut, self.layers, last, silent)
        if place is not None:
            return recorded_run(self._recording, place)
        ids = _encoded(START + self.text)
        return _ask(ids, edges(cut, self.layers, len(ids)), silent, last)

    def measure(self, condition):
        """What the state has of what `condition` measures."""
        what = condition["measure"]
        if what == "probability":
            of = {prediction.piece: prediction.p for prediction in self.now}
            return of.get(" " + condition["token"], 0.0)
        if what == "layers":
            return self.layers[1] - self.layers[0] + 1
        return (
            self.last if what == "last" else len({"hidden": self.cut, "silent": self.silent}[what])
        )

    def _load(self, content):
        real_model.smollm2()
        return {}

    def _encode(self, content):
        ids = _encoded(content["text"])
        return {"ids": ids, "pieces": real_model.pieces(real_model.smollm2(), ids)}

    def _predict(self, content):
        cut = [tuple(edge) for edge in content["cut"]]
        found = _ask(content["ids"], cut, content["silent"], content["last"])
        return {"top": [prediction._asdict() for prediction in found]}

    answers: ClassVar = {"load": _load, "encode": _encode, "run": _predict}

    def describe(self):
        taken = []
        if self.cut:
            first, last = self.layers
            places = ", ".join(map(str, self.cut))
            taken.append(f"tokens {places} hidden from the last in layers {first} to {last}")
        if self.silent:
            taken.append("heads " + ", ".join(f"{a}.{b}" for a, b in self.silent) + " silent")
        if self.last:
            taken.append(f"each token sees the last {self.last}")
        told = f"NextWord: “{self.text}”; {'; '.join(taken) or 'nothing taken away'}"
        if self._place is None:
            return told
        shown = ", ".join(f"{one.piece.strip()} {one.p:.2f}" for one in self.now[:SHOWN])
        return f"{told}. Likeliest next: {shown}"

    @property
    def _place(self):
        """Which recorded run this is, None if it is none."""
        return place_of_run(self._recording, self.cut, self.layers, self.last, self.silent)

    def still(self):
        if self._place is None:
            return still.figure(still.svg(*_words(self.describe()), self.describe()))
        shown = self.now[:SHOWN]
        parts = still.bars([one.piece.strip() for one in shown], [one.p for one in shown])
        return still.figure(still.svg(*parts, self.describe()))


def _words(words):
    return [still.text(0, 16, words, "start")], 640, 24


def _known(names):
    unknown = [name for name in names if name not in RECORDED]
    if unknown or not names:
        raise ValueError(
            f"sentences are {list(names)!r}; there are recordings of {', '.join(RECORDED)}"
        )
    return {name: recording(name) for name in names}


def _a_head(pair):
    head = tuple(pair)
    whole = len(head) == 2 and all(type(part) is int for part in head)
    if not whole or not (0 <= head[0] < N_LAYERS and 0 <= head[1] < N_HEADS):
        raise ValueError(f"silent has {pair}; expected [layer, head] below 30 and 9")
    return head


def _encoded(text):
    """The ids of `text`, which begins with its new line; at most `MOST_TOKENS`."""
    ids = real_model.ids_of(real_model.smollm2(), text)
    real_model.check_length(ids)
    return ids


def _ask(ids, cut, silent, last):
    """The `KEPT` likeliest tokens after `ids`, as the model says now."""
    silent = [tuple(head) for head in silent]
    model = real_model.smollm2()
    logits = model(np.array(ids), cut=cut, silent=silent, last=last or None)[-1]
    logits = np.asarray(logits, dtype=float)
    p = np.exp(logits - logits.max())
    p /= p.sum()
    order = np.argsort(-p, kind="stable")[:KEPT].tolist()
    written = zip(order, real_model.pieces(model, order), strict=True)
    return [Prediction(i, piece, float(p[i])) for i, piece in written]


def place_of_run(recording, cut, layers, last, silent):
    """Which run of `recording` this is; None if it is none, as js/src/core/recorded.js counts."""
    if recording is None or silent or (cut and last) or len(cut) > 1:
        return None
    n = len(recording["ids"])
    if last and last < n:
        return 1 + LAST.index(last) if last in LAST else None
    if not cut:
        return 0
    if tuple(layers) not in RANGES:
        return None
    return 1 + len(LAST) + cut[0] * len(RANGES) + RANGES.index(tuple(layers))


def recorded_run(recording, place):
    """The predictions of a recorded run: its likeliest, then those of the untouched text."""
    order = np.frombuffer(base64.b64decode(recording["order"]), "<u2")
    shares = np.frombuffer(base64.b64decode(recording["probabilities"]), "<f4")
    order = order.reshape(-1, KEPT_RECORDED)
    shares = shares.reshape(len(order), 2 * KEPT_RECORDED)[place]
    named = dict(zip([*order[0], *order[place]], [*shares[KEPT_RECORDED:], *shares], strict=False))
    found = sorted(named.items(), key=lambda one: -one[1])
    pieces = recording["vocabulary"]
    return [Prediction(int(i), pieces[str(i)], float(p)) for i, p in found]
