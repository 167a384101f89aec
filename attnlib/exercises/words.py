"""Exercises answered with a word: the one among several vectors that is nearest to a target."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from attnlib.exercises.checking import Diagnosis, describe, numeric, quote
from attnlib.exercises.drawing import MOST_CELLS, Drawing, matrix, number
from attnlib.exercises.functions import (
    ARGUMENTS,
    NOT_A_FUNCTION,
    RAISED,
    WRONG_TYPE,
    mistake,
    same,
)

DECIMALS = 3
NOTHING = describe(None)


def dots(target, vectors):
    return {word: float(target @ vector) for word, vector in vectors.items()}


def cosines(target, vectors):
    lengths = {word: np.linalg.norm(target) * np.linalg.norm(v) for word, v in vectors.items()}
    return {word: dot / lengths[word] for word, dot in dots(target, vectors).items()}


def distances(target, vectors):
    return {word: float(np.linalg.norm(target - vector)) for word, vector in vectors.items()}


def largest(measure):
    return max(measure, key=measure.get)


def smallest(measure):
    return min(measure, key=measure.get)


def without(words, vectors):
    """`vectors` less the entries of `words`."""
    return {word: vector for word, vector in vectors.items() if word not in words}


@dataclass(frozen=True)
class WordResult:
    """How a word that a function returns is read, compared and drawn.

    `compared` takes the function's inputs to (target, vectors, words left out); `among` says
    where the word is from.
    """

    compared: Callable
    among: str

    same = staticmethod(same)

    def read(self, value):
        """`value` as a text, or else as an array of numbers."""
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
        return str(value) if isinstance(value, str) else numeric(value)

    def wanted(self, expected):
        return f"one text, {self.among}"

    def problem(self, result, expected):
        return "" if isinstance(result, str) else "wrong-type"

    def measures(self, case):
        """{measure: {word: number}}; the first one decides."""
        target, vectors, _ = self.compared(*case.inputs)
        return {
            "cosine": cosines(target, vectors),
            "dot product": dots(target, vectors),
            "distance": distances(target, vectors),
        }

    def is_opposed(self, case):
        """Whether all cosines that count are below 0, as a text: empty if not."""
        target, vectors, left_out = self.compared(*case.inputs)
        return "yes" if max(cosines(target, without(left_out, vectors)).values()) < 0 else ""

    def facts(self, case, result, expected):
        """Both words, and each one's cosine, dot product and distance, as texts for hints."""
        returned = result if isinstance(result, str) else describe_number(result)
        facts = {"wanted": self.wanted(expected), "returned": quote(returned)}
        facts |= {"expected": expected, "opposed": self.is_opposed(case)}
        for name, measure in self.measures(case).items():
            key = name.replace(" ", "_")
            facts[f"expected_{key}"] = number(measure[expected], DECIMALS)
            known = isinstance(result, str) and result in measure
            facts[f"returned_{key}"] = number(measure[result], DECIMALS) if known else "no number"
        return facts

    def message(self, facts):
        return "Your function returned '{returned}', not '{expected}'.".format(**facts)

    def draw(self, case, result, expected):
        """The nearest words with their measures; what came and what was expected among them."""
        measures = self.measures(case)
        order = sorted(measures["cosine"], key=measures["cosine"].get, reverse=True)
        named = {expected: "expected"}
        if isinstance(result, str) and result in order:
            named[result] = "yours"
        rest = [word for word in order if word not in named][: MOST_CELLS - len(named)]
        rows = tuple(word for word in order if word in named or word in rest)
        cells = tuple(
            (named.get(word, ""), *(number(each[word], DECIMALS) for each in measures.values()))
            for word in rows
        )
        marked = frozenset((i, 0) for i, word in enumerate(rows) if named.get(word) == "yours")
        caption = "the words, largest cosine first" + (
            "" if len(rows) == len(order) else f" ({len(rows)} of {len(order)})"
        )
        return (Drawing(caption, rows, ("answer", *measures), cells, marked),)


def describe_number(result):
    """A number as a short text, an array or nothing in words."""
    if isinstance(result, np.ndarray) and result.ndim == 0:
        return number(result, DECIMALS)
    return describe(result)


def drawn_words(caption, vectors, columns=None):
    """`Drawing`s of the vectors by word, as many as it takes to show every word."""
    items = list(vectors.items())
    parts = [items[i : i + MOST_CELLS] for i in range(0, len(items), MOST_CELLS)]
    return tuple(
        matrix(
            caption if len(parts) == 1 else f"{caption}, part {i} of {len(parts)}",
            np.array([vector for _, vector in part]),
            tuple(word for word, _ in part),
            columns,
        )
        for i, part in enumerate(parts, start=1)
    )


def note(text):
    """A `Drawing` that is one line of text."""
    return Drawing(text, (), (), ())


def word_mistake(id, would_give, hint, stronger):
    """A `mistake` of a function that should return a word."""
    return mistake(id, would_give, hint, stronger, read=WordResult(None, "").read)


def is_unknown(attempt):
    dictionaries = [each for each in attempt.inputs if isinstance(each, dict)]
    known = any(
        attempt.outcome in each for each in dictionaries if isinstance(attempt.outcome, str)
    )
    return isinstance(attempt.outcome, str) and not known


UNKNOWN_WORD = Diagnosis(
    "unknown-word",
    "You return the text '{returned}', which is none of the keys. Here '{expected}' is expected, "
    "spelled as it is in the dict.",
    "Return one of the keys of the dict as it is: no other spelling, nothing put before or after.",
    is_unknown,
)


def is_input(attempt):
    """Whether one of the words that were put in came out."""
    return isinstance(attempt.outcome, str) and attempt.outcome in [
        each for each in attempt.inputs if isinstance(each, str)
    ]


def is_first_guess(attempt):
    """Whether all cosines are below 0, and what came may be what the search began with."""
    if not attempt.facts.get("opposed") or attempt.problem not in ("", "wrong-type"):
        return False
    *asked, vectors = (each for each in attempt.inputs if isinstance(each, str | dict))
    first = next(word for word in vectors if word not in asked)
    begun = attempt.outcome if isinstance(attempt.outcome, str) else attempt.facts["returned"]
    return begun in (NOTHING, "", first)


BEGUN_AT_ZERO = Diagnosis(
    "begun-at-zero",
    "In this case every cosine is below 0. The largest of them still counts: '{expected}' has "
    "{expected_cosine}. With which number does your search for the largest begin?",
    "If the largest so far begins at 0, no negative cosine is ever larger. Begin lower than every "
    "cosine can be, or with the first word.",
    is_first_guess,
)
CHANGED_DICTIONARY = Diagnosis(
    "changed-inputs",
    "Your function changes {changed}, and whoever calls it with the same {changed} a second time "
    "gets another answer. Leave every entry as it came.",
    "`del`, `.pop` and assignments like `vectors[word] = ...` or `v /= length` write into what "
    "you were given. Go through the entries and skip the ones you do not want; put what you "
    "compute under a new name.",
)
OF_FORM = (RAISED, WRONG_TYPE, NOT_A_FUNCTION, ARGUMENTS, UNKNOWN_WORD)
