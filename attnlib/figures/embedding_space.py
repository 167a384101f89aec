"""EmbeddingSpace: words as points, their neighbours, and the directions between them."""

import numpy as np
import traitlets

from attnlib.figures import still
from attnlib.figures.base import check_numbers
from attnlib.figures.challenges import Challenging
from attnlib.world import DIRECTIONS

SHOWN = 3  # neighbours in the text
UNIT = 90  # pixels of the still picture for a step of 1
MIDDLE = 190  # pixels of the still picture
LINE = 13  # pixels between lines
NEAR = 60  # pixels: names that begin nearer to one another stand on lines of their own


def apart(places):
    """Where the names of words begin that stand at `places`: beside them, none on another."""
    names = {}
    for word, (x, y) in sorted(places.items(), key=lambda place: place[1][::-1]):
        beside = max(a for a, b in places.values() if 0 <= a - x < 16 and abs(b - y) < LINE)
        at = [beside + 7, y + 4]
        while any(abs(at[0] - a) < NEAR and abs(at[1] - b) < LINE for a, b in names.values()):
            at[1] += LINE / 4
        names[word] = tuple(at)
    return names


def cosine(a, b):
    """The cosine of the angle between two vectors; 0 where one of them is zero."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths else 0.0


class EmbeddingSpace(Challenging):
    """Words of a designed world in the plane of two of its axes.

    Parameters
    ----------
    vectors : `{word: numbers}`, one number for each of `axes`; those of `world.DIRECTIONS`
        unless given.
    across, up : the two axes that are looked along.
    word : whose neighbours are listed.
    analogy : three words `[a, b, c]`; the figure shows `a - b + c`.
    similarity : "cosine" or "dot".
    challenges : see `attnlib.figures.challenges`; conditions `measure` "cosine" (of two
        `words`), "length" (of a `word`), "answer" (1 if `word` is nearest to the sum, inputs left
        out), "winner" (1 if it is nearest of all) or "moved" (how many words, `but` for some, are
        not where `vocabulary`, those of `world.DIRECTIONS`, has them). Or the name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was.
    """

    title = traitlets.Unicode("Words in space").tag(sync=True)
    axes = traitlets.List(traitlets.Unicode(), list(DIRECTIONS.axes)).tag(sync=True)
    vectors = traitlets.Dict().tag(sync=True)
    across = traitlets.Unicode("gender").tag(sync=True)
    up = traitlets.Unicode("royal").tag(sync=True)
    word = traitlets.Unicode("king").tag(sync=True)
    analogy = traitlets.List(traitlets.Unicode(), ["king", "man", "woman"]).tag(sync=True)
    similarity = traitlets.Enum(["cosine", "dot"], "cosine").tag(sync=True)
    vocabulary = traitlets.Dict({w: list(v) for w, v in DIRECTIONS.vocabulary.items()}).tag(
        sync=True
    )

    @traitlets.default("vectors")
    def _designed_vectors(self):
        return {word: list(vector) for word, vector in self.vocabulary.items()}

    @traitlets.validate("vectors")
    def _fitting_vectors(self, proposal):
        vectors = {
            word: check_numbers(f"the vector of {word!r}", vector, ndim=1).tolist()
            for word, vector in proposal["value"].items()
        }
        for word, vector in vectors.items():
            if len(vector) != len(self.axes):
                raise ValueError(f"{word!r} has {len(vector)} numbers but {len(self.axes)} axes")
        for word in (self.word, *self.analogy):
            if word not in vectors:
                raise ValueError(f"no vector for {word!r}, which `word` or `analogy` names")
        return vectors

    @traitlets.validate("across", "up")
    def _known_axis(self, proposal):
        if proposal["value"] not in self.axes:
            raise ValueError(f"no axis is called {proposal['value']!r}; there are: {self.axes}")
        return proposal["value"]

    @traitlets.validate("word", "analogy")
    def _known_words(self, proposal):
        words = proposal["value"]
        for word in [words] if isinstance(words, str) else words:
            if word not in self.vectors:
                raise ValueError(
                    f"{word!r} has no vector here; there are: {', '.join(self.vectors)}"
                )
        if proposal["trait"].name == "analogy" and len(words) != 3:
            raise ValueError(f"analogy needs three words [a, b, c], not {words!r}")
        return words

    @property
    def target(self):
        """The vector a - b + c of the analogy."""
        a, b, c = (np.array(self.vectors[word]) for word in self.analogy)
        return a - b + c

    def nearest(self, target, but=()):
        """`(word, similarity)` for all words except those in `but`, most similar first."""
        measure = cosine if self.similarity == "cosine" else np.dot
        pairs = [
            (word, float(measure(np.array(vector), target)))
            for word, vector in self.vectors.items()
            if word not in but
        ]
        return sorted(pairs, key=lambda pair: -pair[1])

    def measure(self, condition):
        """What the state has of what `condition` measures."""
        if condition["measure"] == "cosine":
            return cosine(*(np.array(self.vectors[word]) for word in condition["words"]))
        if condition["measure"] == "length":
            return float(np.linalg.norm(self.vectors[condition["word"]]))
        if condition["measure"] == "moved":
            return sum(
                self.vectors.get(word) != vector
                for word, vector in self.vocabulary.items()
                if word not in condition["but"]
            )
        but = self.analogy if condition["measure"] == "answer" else ()
        return float(self.nearest(self.target, but)[0][0] == condition["word"])

    def describe(self):
        near = self.nearest(np.array(self.vectors[self.word]), but=[self.word])[:SHOWN]
        sums = self.nearest(self.target)[:SHOWN]
        a, b, c = self.analogy
        return "\n".join(
            f"{title}: " + ", ".join(f"{word} {value:.2f}" for word, value in pairs)
            for title, pairs in (
                (f"EmbeddingSpace: nearest to {self.word} by {self.similarity}", near),
                (f"nearest to {a} - {b} + {c}", sums),
            )
        )

    def still(self):
        across, up = self.axes.index(self.across), self.axes.index(self.up)
        parts = [
            f'<path d="M10 {MIDDLE}H370M{MIDDLE} 10V370" style="stroke:var(--al-line)"/>',
            still.text(12, MIDDLE - 6, f"{self.across} →", "start", "--al-muted"),
            still.text(MIDDLE + 6, 16, f"{self.up} ↑", "start", "--al-muted"),
        ]
        places = {
            word: (MIDDLE + vector[across] * UNIT, MIDDLE - vector[up] * UNIT)
            for word, vector in self.vectors.items()
        }
        for x, y in places.values():
            parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="4" style="fill:var(--al-query)"/>')
        parts += [still.text(*at, word, "start") for word, at in apart(places).items()]
        return still.figure(still.svg(parts, 400, 380, self.describe()))
