"""The designed world: a vocabulary whose vectors we chose by hand.

Real embeddings are learned, have hundreds of coordinates, and none of them has a
name. Here every coordinate has one, so that a reader can see why two words agree:

    animal          the word names an animal
    place           the word names a place
    fits animals    the word describes animals
    fits places     the word describes places
    action          the word says what happens
    small word      the word holds the sentence together (articles, prepositions)

Most words live on one axis; the smaller second numbers are there so that no two
words are the same (*blue* fits animals and, less well, places). The numbers were
chosen, not learned: they make examples that can be checked by hand, and they say
nothing about what a trained model would do. Everything that needs them (the
figures, the chapters, the exercises) reads them from here.
"""

import difflib

import numpy as np

AXES = ("animal", "place", "fits animals", "fits places", "action", "small word")

VOCABULARY = {
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
}

SENTENCES = {
    "The fluffy blue creature": "a fluffy blue creature roamed the verdant forest",
    "The same words, another order": "the verdant forest roamed a fluffy blue creature",
    "Two animals": "a small old owl watched a hungry fox",
    "A fox and a garden": "the sleepy fox crossed the ancient garden",
}

# Hand-made heads: which axis feeds which of the two coordinates of a query or a key.
STRENGTH = 2.5
_NOUNS = {"animal": 0, "place": 1}
_ADJECTIVES = {"fits animals": 0, "fits places": 1}
HEADS = {
    "nouns look for adjectives": (_NOUNS, _ADJECTIVES),
    "adjectives look for nouns": (_ADJECTIVES, _NOUNS),
    "actions look for animals": ({"action": 0}, {"animal": 0}),
}


def head(name):
    """The designed head `name` of `HEADS`: `(w_q, w_k)`, each `(d_model, 2)`.

    Raises `ValueError` for a name that `HEADS` lacks.
    """
    if name not in HEADS:
        raise ValueError(f"no designed head is called {name!r}; there are: {', '.join(HEADS)}")
    matrices = []
    for axes in HEADS[name]:
        matrix = np.zeros((len(AXES), 2))
        for axis, column in axes.items():
            matrix[AXES.index(axis), column] = STRENGTH
        matrices.append(matrix)
    return tuple(matrices)


def tokenize(text):
    """Split `text` into the words of the vocabulary, in lower case.

    Real tokenizers cut words into pieces; this one knows whole words only.

    Raises `ValueError` if there is no word, or one that the vocabulary lacks.
    """
    words = text.lower().split()
    if not words:
        raise ValueError(f"no words in {text!r}: write at least one, e.g. 'fluffy creature'")
    for word in words:
        if word not in VOCABULARY:
            near = difflib.get_close_matches(word, VOCABULARY, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known words: {', '.join(VOCABULARY)}"
            raise ValueError(f"{word!r} is not in the designed vocabulary; {hint}")
    return words


def embed(words):
    """The embeddings of `words`: one row per word, `(n_tokens, d_model)` in float64.

    `words` is a sentence or a sequence of words; unknown ones raise `ValueError`.
    """
    words = tokenize(words if isinstance(words, str) else " ".join(words))
    return np.array([VOCABULARY[word] for word in words])
