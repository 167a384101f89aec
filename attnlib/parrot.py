"""The parrot's world: short random texts in which some words can be known, and others cannot.

A text holds a list of things, a parrot that repeats the list from some place on, and one sentence
with a *mole* or a *bank*, whose sense the person before it decides:

    list: bell ring leaf frog star lamp . wise doctor drew tall mole that itched . parrot: ring leaf

Chapter 12 trains a model to guess the next word of such texts. A word is `settled` when the text
before it settles it: a copied word (with the full stop that ends the copy), and what the mole or
the bank did. Nobody can know the things of the list, who comes, or where the parrot starts.

Everything is drawn from a seed, with whole numbers of 32 bits, so that the same texts come out in
Python and in the page's JavaScript.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from attnlib._arguments import check_count

THINGS = tuple(
    "fox moon owl king frog tree cat rose cup ship bell star key lamp snow bird corn drum "
    "leaf ring".split()
)
ADJECTIVES = ("old", "tall", "shy", "wise")
VERBS = ("saw", "drew", "met", "hid")
SENSES = (  # who is about, the word with two senses, and what it then does
    ("gardener", "mole", "dug"),
    ("chemist", "mole", "reacted"),
    ("doctor", "mole", "itched"),
    ("banker", "bank", "lent"),
    ("sailor", "bank", "flooded"),
)
PEOPLE, _, DEEDS = zip(*SENSES, strict=True)
MARKS = (".", "list:", "parrot:", "that")
WORDS = (*MARKS, *THINGS, *ADJECTIVES, *VERBS, *PEOPLE, "mole", "bank", *DEEDS)
ID = {word: i for i, word in enumerate(WORDS)}

FEWEST_THINGS, MOST_THINGS = 6, 9
FIRST, BEFORE_PARROT, AFTER_PARROT = range(3)  # where the sentence about a person stands
LARGEST_SEED = 2**32 - 1


class Draws:
    """A stream of random numbers from a `seed`, the same in Python and in JavaScript.

    `seed` is a whole number from 0 to 2**32 - 1, else a `ValueError` or `TypeError`.

    Source: mulberry32, by Tommy Ettinger (2017), a generator with 32 bits of state.

    >>> draws = Draws(1)
    >>> round(draws(), 6), draws.below(10), draws.take(["a", "b", "c"])
    (0.627074, 0, 'b')
    """

    def __init__(self, seed):
        self._state = check_seed(seed)

    def __call__(self):
        """The next number, at least 0 and below 1, in steps of 2**-32."""
        self._state = (self._state + 0x6D2B79F5) & LARGEST_SEED
        bits = self._state
        bits = ((bits ^ (bits >> 15)) * (bits | 1)) & LARGEST_SEED
        bits ^= (bits + (bits ^ (bits >> 7)) * (bits | 61)) & LARGEST_SEED
        return (bits ^ (bits >> 14)) / 2**32

    def below(self, n):
        """A whole number from 0 to n - 1, each as likely as the others."""
        return int(self() * n)

    def take(self, pool):
        """One element of the list `pool`, which is removed from it."""
        return pool.pop(self.below(len(pool)))


def check_seed(seed):
    """`seed` as a Python int from 0 to 2**32 - 1."""
    number = check_count("seed", seed)
    if number > LARGEST_SEED:
        raise ValueError(f"seed is {number}, but a whole number from 0 to {LARGEST_SEED} is needed")
    return number


@dataclass(frozen=True)
class Text:
    """Some `words`, and what kind of guess each of them is.

    `kinds` says for each word: "start" (where the parrot begins), "copied" (a thing it repeats),
    "sense" (what the mole or the bank did), or "". `clues` says where the clue to a settled word
    stands: the place in the list of what is copied, the place of the person; -1 for the others.
    """

    words: tuple
    kinds: tuple
    clues: tuple

    @property
    def settled(self):
        """For each word, whether the text before it settles it."""
        return tuple(clue >= 0 for clue in self.clues)


class _Writer:
    """Writes one text, word by word, in the order in which `draws` decides."""

    def __init__(self, draws):
        self.draws, self.rows = draws, []
        self.adjectives, self.verbs, self.things = list(ADJECTIVES), list(VERBS), list(THINGS)

    def put(self, word, kind="", clue=-1):
        self.rows.append((word, kind, clue))

    def maybe_adjective(self):
        if self.draws() < 0.5:
            self.put(self.draws.take(self.adjectives))

    def person(self):
        """A sentence whose last word only the person tells."""
        self.maybe_adjective()
        person, ambiguous, deed = SENSES[self.draws.below(len(SENSES))]
        clue = len(self.rows)
        self.put(person)
        self.put(self.draws.take(self.verbs))
        self.maybe_adjective()
        for word, kind, place in ((ambiguous, "", -1), ("that", "", -1), (deed, "sense", clue)):
            self.put(word, kind, place)
        self.put(".")

    def list_of_things(self):
        """Writes a list; the places of its things and of the full stop after them."""
        self.put("list:")
        first = len(self.rows)
        for _ in range(FEWEST_THINGS + self.draws.below(MOST_THINGS - FEWEST_THINGS + 1)):
            self.put(self.draws.take(self.things))
        self.put(".")
        return range(first, len(self.rows))

    def parrot(self, places):
        """The list again, from somewhere in its first half on, to its end."""
        self.put("parrot:")
        start = self.draws.below(len(places) - 4)
        self.put(self.rows[places[start]][0], "start")
        for place in places[start + 1 :]:
            word = self.rows[place][0]
            self.put(word, "" if word == "." else "copied", place)


def text(draws, n_words):
    """One text of the parrot's world, cut at `n_words`, from the stream `draws`: a `Text`.

    >>> print(*text(Draws(7), 12).words)
    wise banker met tall bank that lent . list: star snow frog
    """
    n_words = check_count("n_words", n_words)
    writer = _Writer(draws)
    when = draws.below(3)
    if when == FIRST:
        writer.person()
    places = writer.list_of_things()
    if when == BEFORE_PARROT:
        writer.person()
    while len(writer.rows) < n_words:
        writer.parrot(places)
        if when == AFTER_PARROT:
            writer.person()
            when = None
    return Text(*zip(*writer.rows[:n_words], strict=True))


@dataclass(frozen=True, eq=False)
class Batch:
    """Texts to train on: `ids` and the word that follows each, `answers`, `(n_texts, n_words)`.

    `settled` is boolean: whether the text before an answer settles it. `kinds` are the kinds of
    the answers, as in `Text`. All are NumPy arrays.
    """

    ids: Any
    answers: Any
    settled: Any
    kinds: Any


def batch(draws, n_texts, n_words):
    """The next `n_texts` texts of the stream, with an answer for each of their `n_words` words.

    >>> batch(Draws(1), 16, 32).answers.shape
    (16, 32)
    """
    texts = [text(draws, n_words + 1) for _ in range(check_count("n_texts", n_texts))]
    words = np.array([[ID[word] for word in each.words] for each in texts])
    settled = np.array([each.settled[1:] for each in texts])
    kinds = np.array([each.kinds[1:] for each in texts])
    return Batch(words[:, :-1], words[:, 1:], settled, kinds)


def ids(words):
    """The numbers of `words`, a list of words or a text with blanks between them: `(n_words,)`.

    Raises `ValueError` for a word that the parrot's world does not have.

    >>> ids("list: bell ring").tolist()
    [1, 14, 23]
    """
    words = words.split() if isinstance(words, str) else list(words)
    for word in words:
        if word not in ID:
            raise ValueError(f"{word!r} is not a word of the parrot's world: {', '.join(WORDS)}")
    return np.array([ID[word] for word in words], dtype=np.int64)
