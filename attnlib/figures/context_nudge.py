"""ContextNudge: what a designed head adds to a word whose meaning is open."""

import numpy as np
import traitlets

from attnlib.figures import still
from attnlib.figures.challenges import Challenging
from attnlib.figures.embedding_space import cosine
from attnlib.world import SENSES

STRONGEST = 2.0
# Which senses the words whose meaning is open may take, as directions on the axes of SENSES.
MEANINGS = {
    "mole": {
        "animal": {"animal": 1},
        "amount of substance": {"chemistry": 1},
        "skin": {"medicine": 1},
    },
    "tower": {
        "some building": {"building": 1},
        "in Paris, full size": {"Paris": 1, "small": -0.6},
        "in Paris, small": {"Paris": 1, "small": 1},
    },
    "Harry": {"wizard": {"magic": 1}, "prince": {"royal": 1}},
    "was": {"the butler": {"butler": 1}, "the gardener": {"gardener": 1}},
}


def sense_vectors(word):
    """The senses of an open word: `{name: vector on the axes of SENSES}`."""
    return {
        name: np.array([float(direction.get(axis, 0)) for axis in SENSES.axes])
        for name, direction in MEANINGS[word].items()
    }


def stories():
    """Every phrase of SENSES with the place of the open word in it, and that word's senses."""
    told = {}
    for phrase in SENSES.sentences.values():
        words = SENSES.tokenize(phrase)
        token = max(i for i, word in enumerate(words) if word in MEANINGS)
        senses = {name: vector.tolist() for name, vector in sense_vectors(words[token]).items()}
        told[phrase] = {"words": words, "token": token, "senses": senses}
    return told


class ContextNudge(Challenging):
    """One open word, its phrase, and the step that a designed head adds to its vector.

    Parameters
    ----------
    story : one of the phrases of `world.SENSES`.
    removed : positions of words that are taken out; never the open word itself.
    strength : what the head adds is multiplied by this, 0 to 2.
    challenges : see `attnlib.figures.challenges`; conditions `measure` "cosine" (with a
        `sense`), "weight" (of a `word`) or "out" (how many words are taken out). Or the name of a
        chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `before`, `after` and
    `weights` are attnlib's own results for the current state.
    """

    title = traitlets.Unicode("What context adds").tag(sync=True)
    story = traitlets.Unicode(SENSES.sentences["the amount"]).tag(sync=True)
    removed = traitlets.List(traitlets.Int()).tag(sync=True)
    strength = traitlets.Float(1.0).tag(sync=True)
    stories = traitlets.Dict().tag(sync=True)
    axes = traitlets.List(traitlets.Unicode(), list(SENSES.axes)).tag(sync=True)
    vocabulary = traitlets.Dict().tag(sync=True)
    head = traitlets.Dict().tag(sync=True)

    def __init__(self, story=None, **traits):
        if story is not None:
            traits["story"] = story
        super().__init__(**traits)

    @traitlets.default("stories")
    def _all_stories(self):
        return stories()

    @traitlets.default("vocabulary")
    def _designed_vocabulary(self):
        return {word: list(vector) for word, vector in SENSES.vocabulary.items()}

    @traitlets.default("head")
    def _designed_head(self):
        head = SENSES.head("context")
        return {name: getattr(head, name).tolist() for name in ("w_q", "w_k", "w_v", "w_o")}

    @traitlets.validate("story")
    def _known_story(self, proposal):
        if proposal["value"] not in self.stories:
            raise ValueError(
                f"no story {proposal['value']!r}; there are: {', '.join(self.stories)}"
            )
        return proposal["value"]

    @traitlets.validate("removed")
    def _removable(self, proposal):
        words, token = self.stories[self.story]["words"], self.stories[self.story]["token"]
        for i in proposal["value"]:
            if i == token or not 0 <= i < len(words):
                raise ValueError(f"removed holds {i}; expected positions of {words} except {token}")
        return proposal["value"]

    @traitlets.observe("story")
    def _let_go_of_words_of_another_story(self, change):
        words, token = self.stories[self.story]["words"], self.stories[self.story]["token"]
        if any(i == token or i >= len(words) for i in self.removed):
            self.removed = []

    @traitlets.validate("strength")
    def _moderate(self, proposal):
        if not 0 <= proposal["value"] <= STRONGEST:
            raise ValueError(f"strength is {proposal['value']}; expected 0 to {STRONGEST:g}")
        return proposal["value"]

    @property
    def tokens(self):
        """The words that are left."""
        words = self.stories[self.story]["words"]
        return [word for i, word in enumerate(words) if i not in self.removed]

    @property
    def token(self):
        """The place of the open word among those that are left."""
        token = self.stories[self.story]["token"]
        return token - sum(i < token for i in self.removed)

    @property
    def trace(self):
        """The designed head's trace on the words that are left."""
        return SENSES.head("context").trace(SENSES.embed(self.tokens))

    @property
    def weights(self):
        """The open word's weights, one for each word that is left."""
        return self.trace.weights[self.token]

    @property
    def before(self):
        """The open word's vector from the table."""
        return SENSES.embed(self.tokens)[self.token]

    @property
    def after(self):
        """The same vector with what the head adds, times the strength."""
        return self.before + self.strength * self.trace.delta[self.token]

    def measure(self, condition):
        """What the state has of what `condition` measures; None for what is not there."""
        if condition["measure"] == "cosine":
            senses = self.stories[self.story]["senses"]
            vector = senses.get(condition["sense"])
            return None if vector is None else cosine(self.after, np.array(vector))
        if condition["measure"] == "out":
            return len(set(self.removed))
        if condition["word"] not in self.tokens:
            return None
        return float(self.weights[self.tokens.index(condition["word"])])

    def describe(self):
        word = self.tokens[self.token]
        lines = [f"ContextNudge: “{' '.join(self.tokens)}”; cosine of {word} with its senses"]
        for name, vector in self.stories[self.story]["senses"].items():
            pair = (cosine(v, np.array(vector)) for v in (self.before, self.after))
            before, after = (value + 0.0 for value in pair)
            lines.append(f"{name:>20} before {before:.2f} after {after:.2f}")
        return "\n".join(lines)

    def still(self):
        parts, *size = still.bars(self.tokens, self.weights)
        return still.figure(still.svg(parts, *size, self.describe()))
