"""What figures on a phrase share: its words, and those that may be in it."""

import traitlets

from attnlib.figures.challenges import Challenging
from attnlib.world import PHRASES

MOST_TOKENS = 16


class OnPhrase(Challenging):
    """A figure on a `sentence`: 1 to 16 words of `attnlib.world.PHRASES`."""

    fewest_tokens = 1

    sentence = traitlets.Unicode(PHRASES.sentences["The fluffy blue creature"]).tag(sync=True)
    vocabulary = traitlets.Dict().tag(sync=True)
    sentences = traitlets.Dict(PHRASES.sentences).tag(sync=True)

    def __init__(self, sentence=None, **traits):
        if sentence is not None:
            traits["sentence"] = sentence
        super().__init__(**traits)

    @traitlets.default("vocabulary")
    def _designed_vocabulary(self):
        return {word: list(vector) for word, vector in PHRASES.vocabulary.items()}

    @traitlets.validate("sentence")
    def _known_words(self, proposal):
        words = PHRASES.tokenize(proposal["value"])
        if not self.fewest_tokens <= len(words) <= MOST_TOKENS:
            most = f"{self.fewest_tokens} to" if self.fewest_tokens > 1 else "at most"
            raise ValueError(f"{len(words)} words; the figure draws {most} {MOST_TOKENS}")
        return " ".join(words)

    @property
    def tokens(self):
        """The words of the sentence."""
        return self.sentence.split()


class WithQuery(OnPhrase):
    """A figure on a phrase of which one word asks, at the position `query`."""

    query = traitlets.Int(3, min=0).tag(sync=True)

    @traitlets.validate("query")
    def _inside_sentence(self, proposal):
        if proposal["value"] >= len(self.tokens):
            raise ValueError(
                f"query is {proposal['value']}; the phrase has {len(self.tokens)} words"
            )
        return proposal["value"]

    @traitlets.observe("sentence")
    def _query_stays_inside(self, change):
        if self.query >= len(self.tokens):
            self.query = 0
