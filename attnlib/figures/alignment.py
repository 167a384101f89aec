"""Alignment: one text asks, another answers."""

import numpy as np
import traitlets

from attnlib.attention import trace_attention
from attnlib.figures import still
from attnlib.figures.base import check_pair
from attnlib.figures.challenges import Challenging
from attnlib.world import PAD, PAIRS

HEAD = "find the same meaning"
MOST_TOKENS, MOST_PADDING = 16, 4  # as in Alignment.jsx
EQUAL = 1e-9  # weights closer than this are the same
FIRST = PAIRS.sentences["A creature, in French"]


class Alignment(Challenging):
    """Cross-attention of one text to another, by a designed head.

    Parameters
    ----------
    asks, answers : words of `attnlib.world.PAIRS`, at most 16 each: the text of the queries, and
        the text of the keys and values.
    padding : how many tokens that say nothing follow the text that answers, 0 to 4.
    hidden : whether a mask hides them.
    causal : whether keys at later places than the query's are hidden too: a mistake between two
        texts.
    values : whose values are mixed: "answers", or "asks", a mistake.
    query : the word that asks, by its place; `selected` is `[query, key]`, a cell that is
        explained, or None.
    orientation : "rows" or "columns", whichever are the queries.
    challenges : see `attnlib.figures.challenges`; a condition's `measure` is "padding" (the share
        of all weight that lies on padding), "second" (the second-largest weight of a `word` that
        asks), "words" (that answer, padding left out) or "own" (how many words receive a word of
        their own text). Or the name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `weights`, `outputs` and `received` are computed with attnlib.
    """

    title = traitlets.Unicode("Two texts").tag(sync=True)
    asks = traitlets.Unicode(FIRST[0]).tag(sync=True)
    answers = traitlets.Unicode(FIRST[1]).tag(sync=True)
    padding = traitlets.Int(0, min=0, max=MOST_PADDING).tag(sync=True)
    hidden = traitlets.Bool(True).tag(sync=True)
    causal = traitlets.Bool(False).tag(sync=True)
    values = traitlets.Enum(["answers", "asks"], "answers").tag(sync=True)
    query = traitlets.Int(1, min=0).tag(sync=True)
    selected = traitlets.Any(None, allow_none=True).tag(sync=True)
    orientation = traitlets.Enum(["rows", "columns"], "rows").tag(sync=True)
    axes = traitlets.List(traitlets.Unicode(), list(PAIRS.axes)).tag(sync=True)
    vocabulary = traitlets.Dict().tag(sync=True)
    sentences = traitlets.Dict().tag(sync=True)
    head = traitlets.Dict().tag(sync=True)

    def __init__(self, asks=None, answers=None, **traits):
        traits |= {k: v for k, v in (("asks", asks), ("answers", answers)) if v is not None}
        super().__init__(**traits)

    @traitlets.default("vocabulary")
    def _designed_vocabulary(self):
        return {word: list(vector) for word, vector in PAIRS.vocabulary.items()}

    @traitlets.default("sentences")
    def _designed_pairs(self):
        return {title: list(pair) for title, pair in PAIRS.sentences.items()}

    @traitlets.default("head")
    def _designed_head(self):
        head = PAIRS.head(HEAD)
        return {name: getattr(head, name).tolist() for name in ("w_q", "w_k", "w_v", "w_o")}

    @traitlets.validate("asks", "answers")
    def _known_words(self, proposal):
        words = PAIRS.tokenize(proposal["value"])
        if PAD in words:
            raise ValueError(f"{PAD!r} is no word of a text; set padding to how many follow it")
        if len(words) > MOST_TOKENS:
            raise ValueError(f"{len(words)} words; the figure draws at most {MOST_TOKENS}")
        return " ".join(words)

    @traitlets.validate("query")
    def _inside_the_text(self, proposal):
        if proposal["value"] >= len(self.asking):
            raise ValueError(
                f"query is {proposal['value']}; the text that asks has {len(self.asking)} words"
            )
        return proposal["value"]

    @traitlets.validate("selected")
    def _cell_that_exists(self, proposal):
        most = (len(self.asking), len(self.answering))
        return check_pair(proposal["value"], "query, key", most)

    @traitlets.observe("asks", "answers", "padding")
    def _stay_inside(self, change):
        if self.query >= len(self.asking):
            self.query = 0
        if self.selected and not (
            self.selected[0] < len(self.asking) and self.selected[1] < len(self.answering)
        ):
            self.selected = None

    @property
    def asking(self):
        """The words that ask."""
        return self.asks.split()

    @property
    def answering(self):
        """The words that answer, padding included."""
        return self.answers.split() + [PAD] * self.padding

    @property
    def mask(self):
        """Which query may attend to which key, `(n_queries, n_keys)`, True = may."""
        mask = np.ones((len(self.asking), len(self.answering)), dtype=bool)
        if self.hidden:
            mask &= np.array(self.answering) != PAD
        return mask & np.tri(*mask.shape, dtype=bool) if self.causal else mask

    def _trace(self):
        x, y = PAIRS.embed(self.asking), PAIRS.embed(self.answering)
        head = PAIRS.head(HEAD)
        return head, x, trace_attention(x @ head.w_q, y @ head.w_k, y @ head.w_v, self.mask)

    @property
    def weights(self):
        """The pattern, `(n_queries, n_keys)`."""
        return self._trace()[2].weights

    @property
    def outputs(self):
        """What each query receives, `(n_queries, d_model)`; None where the values do not fit.

        There is one weight for each key. The words that ask have values that fit only if they are
        as many.
        """
        head, x, trace = self._trace()
        if self.values == "answers":
            return trace.output @ head.w_o
        if len(self.asking) != len(self.answering):
            return None
        return trace.weights @ x @ head.w_v @ head.w_o

    @property
    def received(self):
        """The word of the two texts that is nearest, by cosine, to what each query receives.

        A list of `(word, cosine)`; None where the values do not fit.
        """
        if self.outputs is None:
            return None
        words = [w for w in dict.fromkeys(self.answers.split() + self.asking) if w != PAD]
        vectors, found = PAIRS.embed(words), []
        for output in self.outputs:
            lengths = np.linalg.norm(vectors, axis=-1) * np.linalg.norm(output)
            cosines = np.divide(
                vectors @ output, lengths, out=np.zeros(len(words)), where=lengths > 0
            )
            nearest = int(cosines.argmax())
            found.append((words[nearest], float(cosines[nearest])))
        return found

    def measure(self, condition):
        """What the state has of what `condition` measures; None where there is nothing."""
        what, weights = condition["measure"], self.weights
        if what == "padding":
            return float(weights[:, np.array(self.answering) == PAD].sum() / weights.sum())
        if what == "words":
            return len(self.answers.split())
        if what == "own":
            return (
                None if self.received is None else sum(w in self.asking for w, _ in self.received)
            )
        places = [i for i, word in enumerate(self.asking) if word == condition["word"]]
        if not places or len(self.answering) < 2:
            return None
        return float(max(np.sort(weights[i])[-2] for i in places))

    def _whom(self, row):
        top = [j for j, weight in enumerate(row) if weight > row.max() - EQUAL]
        *words, last = dict.fromkeys(self.answering[j] for j in top)
        if words and len(top) == (row > 0).sum():
            return "to all alike"
        return f"most to {', '.join(words)} and {last}" if words else f"most to {last}"

    def describe(self):
        lines = [f"Alignment: “{self.asks}” asks, “{self.answers}” answers"]
        for word, row in zip(self.asking, self.weights, strict=True):
            lines.append(f"   {word:<12} attends {self._whom(row):<20} {row.max():.2f}")
        return "\n".join(lines)

    def still(self):
        parts, *size = still.pattern(self.asking, self.weights, self.answering)
        return still.figure(still.svg(parts, *size, self.describe()))
