"""The designed worlds: vocabularies whose vectors we chose by hand, with heads to match.

Real embeddings are learned, have hundreds of coordinates, and none of them has a name. In
these worlds every coordinate has one, so that a reader can see why two words agree, and
every number can be checked by hand. They were chosen, not learned: they say nothing about
what a trained model would do. Each story of the book has the smallest world that tells it:

    PHRASES      a fluffy blue creature: nouns, and the adjectives that fit them
    DIRECTIONS   king and queen, France and Paris: differences that carry meaning
    SENSES       mole, tower, Harry, the murderer: words whose meaning is open, and clues
    PAIRS        two texts that say the same: French and English, letters and sound
    STORY        half a page of text, for a tokenizer to learn from

Everything that needs these numbers (figures, chapters, exercises) reads them from here.
"""

import difflib
import textwrap
from dataclasses import dataclass, field

import numpy as np

from attnlib.head import Head

_WIDTH = 72  # characters of a line of a world's text


@dataclass(frozen=True)
class World:
    """A vocabulary on named axes.

    `vocabulary` gives each word one number for each of `axes`; `sentences` are examples by title
    (in PAIRS two texts each, the one that asks and the one that answers); `heads` describes
    designed heads: what asks (`w_q`) and what answers (`w_k`), each as
    `{axis: {coordinate: number}}`, which axes a word hands over, and how strongly. A world prints
    the names of what it holds.

    >>> World(axes=("warm", "wet"), vocabulary={"sun": (1.0, 0.0), "rain": (0.1, 1.0)})
    axes: 'warm', 'wet'
    vocabulary: 'sun', 'rain'
    """

    axes: tuple
    vocabulary: dict
    sentences: dict = field(default_factory=dict)
    heads: dict = field(default_factory=dict)

    def __repr__(self):
        names = ("axes", "vocabulary", "sentences", "heads")
        held = ((name, getattr(self, name)) for name in names)
        lines = (f"{name}: {', '.join(map(repr, each))}" for name, each in held if each)
        return "\n".join(textwrap.fill(line, _WIDTH, subsequent_indent="  ") for line in lines)

    def tokenize(self, text):
        """Split `text` into words of the vocabulary.

        Real tokenizers cut words into pieces; this one knows whole words only. Capital
        letters matter only where the vocabulary has them.

        Raises `ValueError` if there is no word, or one that the vocabulary lacks.

        >>> PHRASES.tokenize("A fluffy creature")
        ['a', 'fluffy', 'creature']
        """
        words = text.split()
        if not words:
            raise ValueError(f"no words in {text!r}: write at least one")
        return [self._known(word) for word in words]

    def _known(self, word):
        for spelling in (word, word.lower()):
            if spelling in self.vocabulary:
                return spelling
        near = difflib.get_close_matches(word, self.vocabulary, n=1)
        known = f"known words: {', '.join(self.vocabulary)}"
        hint = f"did you mean {near[0]!r}?" if near else known
        raise ValueError(f"{word!r} is not in the designed vocabulary; {hint}")

    def embed(self, words):
        """The embeddings of `words`: one row per word, `(n_tokens, d_model)` in float64.

        `words` is a sentence or a sequence of words; unknown ones raise `ValueError`.

        >>> PHRASES.embed("fluffy creature").tolist()
        [[0.1, 0.0, 1.0, 0.0, 0.0, 0.0], [1.0, 0.1, 0.0, 0.0, 0.1, 0.0]]
        """
        words = self.tokenize(words if isinstance(words, str) else " ".join(words))
        return np.array([self.vocabulary[word] for word in words])

    def head(self, name):
        """The designed head `name`.

        Returns an `attnlib.Head`; its `w_q` and `w_k` are `(d_model, d_head)`. Raises
        `ValueError` for a name that `heads` lacks.

        >>> PHRASES.head("nouns look for adjectives")
        Head(w_q=(6, 2), w_k=(6, 2), w_v=(6, 2), w_o=(2, 6))
        """
        if name not in self.heads:
            raise ValueError(
                f"no designed head is called {name!r}; there are: {', '.join(self.heads)}"
            )
        design = self.heads[name]
        d_head = 1 + max(d for w in ("w_q", "w_k") for row in design[w].values() for d in row)
        queries, keys = (self._into(design[w], d_head) for w in ("w_q", "w_k"))
        moved = [self.axes.index(axis) for axis in design["moves"]]
        values = np.eye(len(self.axes))[:, moved]  # copy these axes, and put them back
        return Head(queries, keys, values, values.T * design["strength"])

    def _into(self, design, d_head):
        """A `(d_model, d_head)` matrix from `{axis: {coordinate: number}}`."""
        matrix = np.zeros((len(self.axes), d_head))
        for axis, row in design.items():
            for coordinate, number in row.items():
                matrix[self.axes.index(axis), coordinate] = number
        return matrix


# Most words live on one axis; the smaller second numbers are there so that no two words are
# the same (*blue* fits animals and, less well, places). 2.5 makes creature give 0.96 of its
# weight to its adjectives: decided, and still soft enough to watch it change.
_ASK = 2.5
_NOUNS = {"animal": {0: _ASK}, "place": {1: _ASK}}
_ADJECTIVES = {"fits animals": {0: _ASK}, "fits places": {1: _ASK}}
_DESCRIBES = {"moves": ("fits animals", "fits places"), "strength": 1.0}
_NAMES = {"moves": ("animal", "place"), "strength": 1.0}

PHRASES = World(
    axes=("animal", "place", "fits animals", "fits places", "action", "small word"),
    vocabulary={
        # animals
        "creature": (1.0, 0.1, 0.0, 0.0, 0.1, 0.0),
        "fox": (0.9, 0.0, 0.1, 0.0, 0.2, 0.0),
        "owl": (0.9, 0.0, 0.0, 0.0, 0.1, 0.1),
        "mole": (0.8, 0.1, 0.0, 0.0, 0.0, 0.0),
        # places
        "forest": (0.1, 1.0, 0.0, 0.0, 0.0, 0.0),
        "garden": (0.0, 0.9, 0.0, 0.1, 0.0, 0.0),
        "tower": (0.0, 0.8, 0.0, 0.0, 0.0, 0.1),
        "river": (0.0, 0.9, 0.0, 0.0, 0.2, 0.0),
        # adjectives
        "fluffy": (0.1, 0.0, 1.0, 0.0, 0.0, 0.0),
        "blue": (0.0, 0.0, 0.9, 0.4, 0.0, 0.0),
        "hungry": (0.1, 0.0, 0.9, 0.0, 0.2, 0.0),
        "sleepy": (0.0, 0.0, 0.9, 0.2, 0.1, 0.0),
        "verdant": (0.0, 0.1, 0.0, 1.0, 0.0, 0.0),
        "misty": (0.0, 0.1, 0.0, 0.9, 0.0, 0.1),
        "ancient": (0.0, 0.0, 0.2, 0.9, 0.0, 0.0),
        "small": (0.0, 0.0, 0.8, 0.6, 0.0, 0.1),
        "old": (0.0, 0.0, 0.7, 0.7, 0.0, 0.0),
        # actions
        "roamed": (0.1, 0.1, 0.0, 0.0, 1.0, 0.0),
        "crossed": (0.0, 0.2, 0.0, 0.0, 0.9, 0.0),
        "watched": (0.2, 0.0, 0.0, 0.0, 0.9, 0.0),
        "slept": (0.2, 0.0, 0.0, 0.0, 0.8, 0.1),
        # small words
        "a": (0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
        "an": (0.0, 0.0, 0.0, 0.0, 0.0, 0.9),
        "the": (0.1, 0.1, 0.0, 0.0, 0.0, 1.0),
        "and": (0.0, 0.0, 0.1, 0.0, 0.1, 0.9),
        "in": (0.0, 0.2, 0.0, 0.0, 0.0, 0.9),
        "near": (0.0, 0.3, 0.0, 0.0, 0.1, 0.8),
    },
    sentences={
        "The fluffy blue creature": "a fluffy blue creature roamed the verdant forest",
        "The same words, another order": "the verdant forest roamed a fluffy blue creature",
        "Two animals": "a small old owl watched a hungry fox",
        "A fox and a garden": "the sleepy fox crossed the ancient garden",
    },
    heads={
        "nouns look for adjectives": {"w_q": _NOUNS, "w_k": _ADJECTIVES, **_DESCRIBES},
        "adjectives look for nouns": {"w_q": _ADJECTIVES, "w_k": _NOUNS, **_NAMES},
        "actions look for animals": {
            "w_q": {"action": {0: _ASK}},
            "w_k": {"animal": {0: _ASK, 1: 0.0}},
            **_NAMES,
        },
        # Every word asks, small words answer, and hand over nothing: a head at rest.
        "rest on small words": {
            "w_q": {axis: {0: _ASK} for axis in ("animal", "place", "action", "small word")},
            "w_k": {"small word": {0: _ASK, 1: 0.0}},
            **_DESCRIBES,
        },
    },
)

#: Gender and number are directions here, exact to a tenth and not more: king to queen is
#: (0, 0, 1.7, 0), man to woman (0, 0, 1.8, 0). Countries differ by their own axis, and a
#: capital is its country plus one step on the axis *capital*.
DIRECTIONS = World(
    axes=("person", "royal", "gender", "plural", "capital", "France", "Italy", "Japan"),
    vocabulary={
        "man": (1.0, 0.0, -0.9, 0.0, 0.0, 0.0, 0.0, 0.0),
        "woman": (1.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0),
        "king": (0.9, 1.0, -0.8, 0.0, 0.0, 0.0, 0.0, 0.0),
        "queen": (0.9, 1.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0),
        "men": (1.0, 0.0, -0.8, 1.0, 0.0, 0.0, 0.0, 0.0),
        "women": (1.0, 0.1, 0.8, 1.0, 0.0, 0.0, 0.0, 0.0),
        "kings": (0.9, 1.1, -0.8, 0.9, 0.0, 0.0, 0.0, 0.0),
        "queens": (0.9, 1.0, 0.8, 1.0, 0.0, 0.0, 0.0, 0.0),
        "child": (1.1, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0),
        "France": (0.0, 0.0, 0.0, 0.0, 0.1, 1.4, 0.1, 0.0),
        "Paris": (0.1, 0.1, 0.0, 0.0, 1.0, 1.3, 0.1, 0.0),
        "Italy": (0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 1.4, 0.0),
        "Rome": (0.1, 0.1, 0.0, 0.0, 1.0, 0.1, 1.3, 0.0),
        "Japan": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.5),
        "Tokyo": (0.1, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.4),
    },
)

# A word whose meaning is *open* asks; a *clue* answers; the axes of meaning are what moves.
# With 2.5 on both sides a clue outweighs a plain word about 500 to 1. A strength of 5 makes
# what is added the larger part of the sum, so that the meaning is settled by one step.
_MEANINGS = (
    "animal", "chemistry", "medicine", "building", "Paris", "small",
    "magic", "royal", "butler", "gardener",
)  # fmt: skip


def _sense_vectors(words):
    """Rows on the axes of SENSES from `{word: {axis: number}}`."""
    axes = ("open", "clue", "small word", *_MEANINGS)
    return {word: tuple(row.get(axis, 0.0) for axis in axes) for word, row in words.items()}


SENSES = World(
    axes=("open", "clue", "small word", *_MEANINGS),
    vocabulary=_sense_vectors(
        {
            # words whose meaning is open
            "mole": {"open": 1.0, "animal": 0.4, "chemistry": 0.4, "medicine": 0.4},
            "tower": {"open": 1.0, "building": 0.6},
            "Harry": {"open": 1.0, "magic": 0.3, "royal": 0.3},
            "was": {"open": 1.0, "small word": 0.2, "butler": 0.2, "gardener": 0.2},
            # clues
            "shrew": {"clue": 1.0, "animal": 1.0},
            "American": {"clue": 0.2, "animal": 0.1},
            "carbon": {"clue": 0.9, "chemistry": 1.0},
            "dioxide": {"clue": 1.0, "chemistry": 1.0},
            "biopsy": {"clue": 1.0, "medicine": 1.0},
            "Eiffel": {"clue": 1.0, "Paris": 1.0, "small": -0.6},
            "miniature": {"clue": 1.0, "small": 2.0},
            "wizard": {"clue": 1.0, "magic": 1.0},
            "Queen": {"clue": 1.0, "royal": 1.0},
            "Sussex": {"clue": 0.9, "royal": 0.9},
            "William": {"clue": 0.9, "royal": 0.9},
            "monogram": {"clue": 1.0, "butler": 1.0},
            # words that give nothing away
            "butler": {"butler": 0.6},
            "gardener": {"gardener": 0.6},
            "slept": {"clue": 0.1},
            "knife": {"clue": 0.2},
            "murderer": {"clue": 0.1, "butler": 0.1, "gardener": 0.1},
            "greeted": {"clue": 0.1},
            "take": {"small word": 0.7},
            "one": {"small word": 0.8},
            "a": {"small word": 1.0},
            "the": {"small word": 1.0},
            "of": {"small word": 0.9},
            "on": {"small word": 0.9},
            "and": {"small word": 0.9},
        }
    ),
    sentences={
        "the animal": "American shrew mole",
        "the amount": "one mole of carbon dioxide",
        "the skin": "take a biopsy of the mole",
        "a tower": "the tower",
        "the Eiffel tower": "the Eiffel tower",
        "a miniature": "the miniature Eiffel tower",
        "the wizard": "the wizard greeted Harry",
        "the prince": "the Queen and William greeted Harry on Sussex",
        "the mystery": "the gardener slept the butler slept a monogram on the knife "
        "the murderer was",
    },
    heads={
        "context": {
            "w_q": {"open": {0: _ASK}},
            "w_k": {"clue": {0: _ASK}},
            "moves": _MEANINGS,
            "strength": 5.0,
        }
    },
)

# A word has the same meaning in both languages, and the head asks for it: with 5 on both sides
# a word outweighs one of another meaning about 300 to 1. *the* is one row of the table, wherever
# it stands. A vocal sound fades in and out, so some slices of sound are of two kinds.
_SAME = 5.0
_SAID = (
    "creature", "fox", "owl", "forest", "fluffy", "blue", "verdant", "small", "roam", "sleep",
    "see", "not", "the", "a", "and", "f", "o", "k", "s",
)  # fmt: skip
_MEDIA = ("English", "French", "letter", "sound")
PAD = "<pad>"


def _said_in(medium, words):
    """Rows on the axes of PAIRS from `{word: {meaning: number}}`, all in one medium."""
    rows = {word: {**row, medium: 1.0} for word, row in words.items()}
    return {w: tuple(row.get(axis, 0.0) for axis in (*_SAID, *_MEDIA)) for w, row in rows.items()}


_MEANING = {axis: {d: _SAME} for d, axis in enumerate(_SAID)}

PAIRS = World(
    axes=(*_SAID, *_MEDIA),
    vocabulary=_said_in(
        "English",
        {
            "creature": {"creature": 1.0},
            "fox": {"fox": 1.0},
            "owl": {"owl": 1.0},
            "forest": {"forest": 1.0},
            "fluffy": {"fluffy": 1.0},
            "blue": {"blue": 1.0},
            "verdant": {"verdant": 1.0, "forest": 0.1},
            "small": {"small": 1.0},
            "roamed": {"roam": 1.0},
            "sleep": {"sleep": 1.0},
            "slept": {"sleep": 1.0},
            "saw": {"see": 1.0},
            "did": {"sleep": 0.1, "not": 0.1},
            "not": {"not": 1.0},
            "the": {"the": 1.0},
            "a": {"a": 1.0, "the": 0.2},
            "and": {"and": 1.0},
        },
    )
    | _said_in(
        "French",
        {
            "créature": {"creature": 1.0},
            "renard": {"fox": 1.0},
            "hibou": {"owl": 1.0},
            "forêt": {"forest": 1.0},
            "duveteuse": {"fluffy": 1.0},
            "bleue": {"blue": 1.0},
            "verdoyante": {"verdant": 1.0, "forest": 0.1},
            "petit": {"small": 1.0},
            "parcourait": {"roam": 1.0},
            "dormait": {"sleep": 1.0},
            "vit": {"see": 1.0},
            "ne": {"not": 0.9},
            "pas": {"not": 1.0},
            "la": {"the": 1.0},
            "le": {"the": 1.0},
            "un": {"a": 1.0, "the": 0.2},
            "une": {"a": 1.0, "the": 0.2},
            "et": {"and": 1.0},
        },
    )
    | _said_in(
        "letter",
        {"f": {"f": 1.0}, "o": {"o": 1.0}, "x": {"k": 0.8, "s": 0.8}},
    )
    | _said_in(
        "sound",
        {
            "t0": {},
            "t1": {"f": 0.9},
            "t2": {"f": 1.0, "o": 0.1},
            "t3": {"f": 0.4, "o": 0.7},
            "t4": {"o": 1.0},
            "t5": {"o": 1.0},
            "t6": {"o": 0.3, "k": 0.8},
            "t7": {"k": 0.9, "s": 0.4},
            "t8": {"s": 1.0},
            "t9": {"s": 0.9},
        },
    )
    | {PAD: (0.0,) * len((*_SAID, *_MEDIA))},
    sentences={
        "A creature, in French": (
            "la créature bleue et duveteuse parcourait la forêt verdoyante",
            "the fluffy blue creature roamed the verdant forest",
        ),
        "A fox, in French": ("le renard ne dormait pas", "the fox did not sleep"),
        "An owl, in English": ("a small owl saw the fox", "un petit hibou vit le renard"),
        "A spoken word": ("f o x", "t0 t1 t2 t3 t4 t5 t6 t7 t8 t9"),
    },
    heads={
        "find the same meaning": {
            **{"w_q": _MEANING, "w_k": _MEANING},
            **{"moves": (*_SAID, *_MEDIA), "strength": 1.0},
        }
    },
)

#: The text from which the tokenizer of the first chapter learns its pieces.
STORY = """\
A fluffy blue creature roamed the verdant forest. The forest was old, older than the oldest
tower, and the creature was fluffier than any fox. It roamed slowly. It had roamed the garden
before, and the river before the garden, looking for other fluffy creatures.
There were none. There were foxes, hungry foxes and hungrier foxes, and the hungriest fox of all
slept near the tower. There were owls, small owls and smaller owls, watching. The creature watched
the owls watching. It was the bluest creature in the forest, bluer than the river, and it was
lonely: the loneliest, bluest, fluffiest creature that had ever roamed a forest.
One misty morning it crossed the river and found another forest. There, under the tallest tree,
slept a creature as blue and as fluffy as itself. It was roaming in its sleep.
"""
