"""The book's exercises and their checks.

>>> from attnlib.exercises import check
>>> check("scores", ...)
scores: not attempted yet
"""

import difflib
import sys
from dataclasses import replace
from types import MappingProxyType

from attnlib.exercises import (
    a_real_model,
    cache_and_groups,
    context,
    counting,
    cross_attention,
    embeddings,
    long_texts,
    many_heads,
    masking,
    order,
    pieces,
    queries_and_keys,
    reading_heads,
    record,
    scaling,
    softmax,
    training,
    values,
)
from attnlib.exercises.checking import Exercise, Verdict
from attnlib.exercises.classes import HeadReport
from attnlib.exercises.own_head import try_head
from attnlib.exercises.own_multi_head import try_multi_head

__all__ = [
    "Exercise",
    "HeadReport",
    "Verdict",
    "chapters",
    "check",
    "exercises",
    "my_pieces",
    "try_head",
    "try_multi_head",
]

# In the order of the book.
_CHAPTERS = (
    embeddings,
    context,
    queries_and_keys,
    softmax,
    scaling,
    values,
    masking,
    many_heads,
    order,
    cross_attention,
    counting,
    training,
    a_real_model,
    reading_heads,
    cache_and_groups,
    long_texts,
)
_EXERCISES = MappingProxyType({each.id: each for part in _CHAPTERS for each in part.EXERCISES})
_PLACES = pieces.places(_CHAPTERS)


def exercises():
    """The exercises by id, in the order of the book: read-only.

    >>> exercises()["scores"].title
    'Every query meets every key'
    """
    return _EXERCISES


def chapters():
    """The exercises of each chapter, in the order of the book: a tuple by the chapter's name.

    A name is the chapter's title in lower case, without punctuation.

    >>> [exercise.id for exercise in chapters()["softmax"]]
    ['softmax-by-hand', 'softmax', 'tempered']
    """
    names = (part.__name__.rpartition(".")[2].replace("_", " ") for part in _CHAPTERS)
    return dict(zip(names, (part.EXERCISES for part in _CHAPTERS), strict=True))


def check(exercise_id, answer):
    """Check an answer; the `Verdict` is true when it is right.

    A wrong answer is shown a counterexample and a hint, a second one in a row a stronger
    hint as well. A stub that has not been filled in is "not attempted yet". Nothing that
    `answer` is or does raises an exception.

    The environment variable ATTNLIB_RECORD may name a file: each verdict is then written there
    as well, as `{"exercise": ..., "state": ..., "diagnosis": ..., "text": ...}`, one to a line.

    Raises `ValueError` if there is no exercise called `exercise_id`, and `OSError` if the file
    that ATTNLIB_RECORD names cannot be written.

    >>> check("softmax-by-hand", [0.1, 0.2, 0.7]).state
    'wrong'
    """
    if not isinstance(exercise_id, str) or exercise_id not in _EXERCISES:
        near = difflib.get_close_matches(str(exercise_id), _EXERCISES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        known = ", ".join(map(repr, _EXERCISES))
        raise ValueError(f"no exercise is called {exercise_id!r}; {hint}The exercises: {known}")
    verdict = _EXERCISES[exercise_id].check(answer)
    record.write(verdict)
    if not verdict.solved or exercise_id not in _PLACES:
        return verdict
    around = sys._getframe(1).f_globals  # the notebook, where what a piece uses is defined
    kept = pieces.keep(_PLACES, exercise_id, answer, around)
    return replace(verdict, message=f"{verdict.message} {kept}")


def my_pieces(before=None):
    """The pieces of a head by name, the reader's own where one is kept and right.

    Attributes: scores, softmax, scaled_scores, delta, causal_mask, masked_weights and head, the
    class made of them; with `before="head"` those that come before the head. attnlib's own
    stands in for what is missing; the text of what is returned says which is whose.

    >>> import numpy as np
    >>> my_pieces().softmax(np.array([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    return pieces.load(_PLACES, before)
