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

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from attnlib._arguments import check_count

THINGS = (
    *("fox", "moon", "owl", "king", "frog", "tree", "cat", "rose", "cup", "ship"),
    *("bell", "star", "key", "lamp", "snow", "bird", "corn", "drum", "leaf", "ring"),
)
ADJECTIVES = ("old", "tall", "shy", "wise")
VERBS = ("saw", "drew", "met", "hid")
SENSES = {  # who is about: the word with several senses, and what it then did
    "gardener": ("mole", "dug"),
    "chemist": ("mole", "reacted"),
    "doctor": ("mole", "itched"),
    "banker": ("bank", "lent"),
    "sailor": ("bank", "flooded"),
}
PEOPLE = tuple(SENSES)
DEEDS = tuple(deed for _, deed in SENSES.values())
MARKS = (".", "list:", "parrot:", "that")
WORDS = (*MARKS, *THINGS, *ADJECTIVES, *VERBS, *PEOPLE, "mole", "bank", *DEEDS)
ID = {word: i for i, word in enumerate(WORDS)}

LENGTHS = (6, 7, 8, 9)  # of a list
FIRST, BEFORE_PARROT, AFTER_PARROT = range(3)  # where the sentence about a person stands
LARGEST_SEED = 2**32 - 1
EXAM_TEXTS, EXAM_SEED = 96, 99  # on which readers and models are compared


class Draws:
    """A stream of random numbers from a `seed`, the same in Python and in JavaScript.

    `seed` is a whole number from 0 to `2**32 - 1`, else a `ValueError` or `TypeError`.

    Source: mulberry32, by Tommy Ettinger (2017), a generator with 32 bits of state.

    >>> draws = Draws(1)
    >>> round(draws(), 6), draws.below(10), draws.take(["a", "b", "c"])
    (0.627074, 0, 'b')
    """

    def __init__(self, seed):
        self._state = check_seed(seed)

    def __call__(self):
        """The next number, at least 0 and below 1, in steps of `2**-32`."""
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


class _Story:
    """The rules by which every text comes about, whoever decides: chance, or a text that is read.

    `choose(options)` decides what no word shows; `word(pool)` writes one of the words of a pool.
    Both have equally likely outcomes.
    """

    def __init__(self):
        self.rows = []  # (word, kind, clue)
        self.adjectives, self.things = list(ADJECTIVES), list(THINGS)

    def tell(self, n_words):
        """Writes at least `n_words` words."""
        when = self.choose((FIRST, BEFORE_PARROT, AFTER_PARROT))
        if when == FIRST:
            self.person()
        places = self.list_of_things()
        if when == BEFORE_PARROT:
            self.person()
        while len(self.rows) < n_words:
            self.parrot(places)
            if when == AFTER_PARROT:
                self.person()
                when = None

    def person(self):
        """A sentence whose last word only the person tells."""
        self.maybe_adjective()
        clue = len(self.rows)
        person = self.word(PEOPLE)
        ambiguous, deed = SENSES[person]
        self.word(VERBS)
        self.maybe_adjective()
        self.word((ambiguous,))
        self.word(("that",))
        self.word((deed,), "sense", clue)
        self.word((".",))

    def maybe_adjective(self):
        if self.choose((True, False)):
            self.adjectives.remove(self.word(self.adjectives))

    def list_of_things(self):
        """Writes a list; the places of its things and of the full stop after them."""
        self.word(("list:",))
        first = len(self.rows)
        for _ in range(self.choose(LENGTHS)):
            self.things.remove(self.word(self.things))
        self.word((".",))
        return range(first, len(self.rows))

    def parrot(self, places):
        """The list again, from somewhere in its first half on, to its end."""
        self.word(("parrot:",))
        words = [self.rows[place][0] for place in places]
        start = words.index(self.word(words[:-4], "start"))
        for word, place in zip(words[start + 1 :], places[start + 1 :], strict=True):
            self.word((word,), "" if word == "." else "copied", place)


class _Drawn(_Story):
    """A text that chance decides."""

    def __init__(self, draws):
        super().__init__()
        self.draws = draws

    def choose(self, options):
        return options[self.draws.below(len(options))]

    def word(self, pool, kind="", clue=-1):
        # A single word is no choice: it takes no number from the stream.
        word = pool[0] if len(pool) == 1 else self.choose(pool)
        self.rows.append((word, kind, clue))
        return word


def text(draws, n_words):
    """One text of the parrot's world, cut at `n_words`, from the stream `draws`: a `Text`.

    Raises `TypeError` and `ValueError` for anything but a positive whole number of words.

    >>> print(*text(Draws(7), 12).words)
    wise banker met tall bank that lent . list: star snow frog
    """
    n_words = _positive("n_words", n_words)
    story = _Drawn(draws)
    story.tell(n_words)
    return Text(*zip(*story.rows[:n_words], strict=True))


def _positive(name, count):
    if check_count(name, count) == 0:
        raise ValueError(f"{name} is 0, but at least 1 is needed")
    return int(count)


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
    texts = [text(draws, n_words + 1) for _ in range(_positive("n_texts", n_texts))]
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


class _Ended(Exception):
    """The words that are read end here, or go on otherwise."""


class _Read(_Story):
    """The rules, followed along the words of a text: how likely was each word before it came?

    What no word shows is tried out: `path` says which options to take; the others, where it ends,
    go to `waiting`. `likely`, `(n_words + 1, 44)`, gets for each place the probability of what came
    before it together with each word there, as far as this path adds to it.
    """

    def __init__(self, words, path, waiting, likely):
        super().__init__()
        self.words, self.path, self.waiting, self.likely = words, list(path), waiting, likely
        self.n_given, self.n_chosen, self.probability = len(path), 0, 1.0

    def choose(self, options):
        if self.n_chosen == len(self.path):
            self.waiting += [(*self.path, other) for other in range(1, len(options))]
            self.path.append(0)
        self.n_chosen += 1
        self.probability /= len(options)
        return options[self.path[self.n_chosen - 1]]

    def word(self, pool, kind="", clue=-1):
        place = len(self.rows)
        self.probability /= len(pool)
        if self.n_chosen >= self.n_given:  # before that, an earlier path has told
            for word in pool:
                self.likely[place][ID[word]] += self.probability
        if place == len(self.words) or self.words[place] not in pool:
            raise _Ended
        self.rows.append((self.words[place], kind, clue))
        return self.words[place]


def _next_at_each_place(words):
    """The probabilities of what comes at each place, and after the words: `(n_words + 1, 44)`."""
    likely, waiting = [[0.0] * len(WORDS) for _ in range(len(words) + 1)], [()]
    while waiting:
        with suppress(_Ended):
            _Read(words, waiting.pop(), waiting, likely).tell(len(words) + 1)
    likely = np.array(likely)
    total = likely.sum(axis=1, keepdims=True)
    if not total.all():
        n_right = int(np.argmin(total > 0)) - 1
        raise ValueError(
            f"no text of the parrot's world begins like this: after {' '.join(words[:n_right])!r} "
            f"no {words[n_right]!r} can follow"
        )
    return likely / total


def next_words(words):
    """How likely each of the 44 words is to follow `words`, the beginning of a text: `(44,)`.

    Nothing is estimated: all that the rules leave open is tried out, each with its probability.
    `words` is a list of words or a text with blanks between them.

    Raises `ValueError` for words with which no text begins.

    >>> likely = next_words("list: bell ring leaf frog star lamp")
    >>> {word: round(float(likely[ID[word]]), 3) for word in (".", "fox", "bell")}
    {'.': 0.25, 'fox': 0.054, 'bell': 0.0}
    """
    words = words.split() if isinstance(words, str) else list(words)
    ids(words)  # all of them are known
    return _next_at_each_place(words)[-1]


@dataclass(frozen=True)
class Guesses:
    """How good the guesses of the next words of some texts are.

    `loss` is the mean surprise, in nats, over all words, `settled_loss` over those that the text
    before them settles. `copying` and `sense` are the shares of copied words, and of deeds that the
    person tells, on which the likeliest word was the right one; NaN where there are no such words.
    """

    loss: float
    settled_loss: float
    copying: float
    sense: float


def judge(likely, batch):
    """How good guesses are: `likely` holds the probabilities of the 44 words as each answer.

    It is `(n_texts, n_words, 44)`, for the answers of the `batch`. The result is a `Guesses`.

    >>> texts = batch(Draws(99), 4, 32)
    >>> round(judge(np.full((4, 32, 44), 1 / 44), texts).loss, 3)
    3.784
    """
    given = np.take_along_axis(likely, batch.answers[..., None], axis=-1)[..., 0]
    with np.errstate(divide="ignore"):
        surprise = -np.log(given)
    means = (_mean(surprise, where) for where in (slice(None), batch.settled))
    return Guesses(*means, *right_shares(np.argmax(likely, axis=-1), batch))


def right_shares(guesses, batch):
    """The shares of copied words and of deeds that were guessed right; NaN where there are none."""
    right = guesses == batch.answers
    return tuple(_mean(right, batch.kinds == kind) for kind in ("copied", "sense"))


def _mean(values, where):
    chosen = values[where]
    return float(chosen.mean()) if chosen.size else math.nan


def bound(batch):
    """The guesses of a reader who knows the rules of this world: nobody's loss is smaller.

    >>> round(bound(batch(Draws(99), 4, 32)).settled_loss, 3)
    0.0
    """
    rows = np.concatenate([batch.ids, batch.answers[:, -1:]], axis=1)
    likely = [_next_at_each_place([WORDS[i] for i in row])[1:-1] for row in rows]
    return judge(np.stack(likely), batch)


def pair_probabilities(batch):
    """How often each word followed each word in the `batch`, as probabilities: `(44, 44)`.

    Row i is for what follows word i. Every pair is counted once more than it occurred, so that
    none is impossible. `judge(pair_probabilities(seen)[texts.ids], texts)` judges such a guess.

    >>> pairs = pair_probabilities(batch(Draws(1), 100, 32))
    >>> round(float(pairs[ID["parrot:"], ID["fox"]]), 3)
    0.061
    """
    counts = np.ones((len(WORDS), len(WORDS)))
    np.add.at(counts, (batch.ids, batch.answers), 1)
    return counts / counts.sum(axis=1, keepdims=True)
