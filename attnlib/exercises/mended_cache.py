"""The exercise "mend-the-cache": a class reads a text in parts, and is compared with the whole."""

from collections import deque
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import (
    NOT_ATTEMPTED,
    Attempt,
    Diagnosis,
    Exercise,
    describe,
    is_blank,
    numeric,
)
from attnlib.exercises.classes import not_a_class
from attnlib.exercises.drawing import Drawing
from attnlib.exercises.functions import (
    ArrayResult,
    Case,
    FunctionExercise,
    Raised,
    first_wrong,
    same,
    throughout,
)

SEED = 43
KEEPS = list | dict | set | deque | int | np.ndarray


# --- a text, handed over in parts


def hand_over(Cache, q, k, v, window, lengths, other):
    """What each `step` returned, for parts of these lengths.

    If `other` is given, `(q, k, v)` of another text, a second object reads it in between.
    """
    cache = Cache(window)
    beside = None if other is None else Cache(window)
    returned = []
    for start, end in pairwise(np.cumsum((0, *lengths)).tolist()):
        came = cache.step(q[start:end], k[start:end], v[start:end])
        returned.append(came.copy() if isinstance(came, np.ndarray) else came)
        if beside is not None:
            beside.step(*(each[start:end] for each in other))
    return returned


def whole_text(q, k, v, window, lengths, other):
    places = np.arange(len(q))
    return al.attention(al.rotate(q, places), al.rotate(k, places), v, window=window)


def rows_case(n, window, lengths, d_value=3, beside=False):
    rng = np.random.default_rng([SEED, n, window, *lengths])
    q, k, v = (rng.normal(0, size, (n, d)) for size, d in ((1.5, 4), (1.5, 4), (3, d_value)))
    other = tuple(rng.normal(0, 2, array.shape) for array in (q, k, v)) if beside else None
    part = [str(i) for i, length in enumerate(lengths) for _ in range(length)]
    sees = [f"{max(0, i - window + 1)} to {i}" for i in range(n)]
    labels = tuple(f"row {i}" for i in range(n))
    told = f"window = {window}, parts of {', '.join(map(str, lengths))}"
    told += ", and a second object reads another text in between" if beside else ""
    drawn = Drawing(told, labels, ("part", "sees rows"), tuple(zip(part, sees, strict=True)))
    columns = tuple(map(str, range(d_value)))
    facts = {"window": str(window), "before": str(window - 1)}
    return Case((q, k, v, window, lengths, other), labels, columns, (drawn,), facts)


def rows_cases():
    return [
        rows_case(6, 3, (1,) * 6),
        rows_case(8, 4, (1,) * 8, d_value=2),
        rows_case(4, 1, (1,) * 4),
        rows_case(8, 3, (2, 3, 1, 2)),
        rows_case(8, 3, (3, 1, 4)),
        rows_case(8, 3, (5, 1, 2)),
        rows_case(6, 1, (2, 4)),
        rows_case(5, 8, (2, 1, 2)),
        rows_case(20, 3, (1,) * 20),
        rows_case(6, 3, (1, 2, 1, 2), beside=True),
    ]


# --- what wrong caches give when rows come one at a time


def as_if(distance, sees):
    """The output if query i finds key j at `distance(i, j, window)`, and sees it or not."""

    def way(q, k, v, window):
        i, j = np.arange(len(q))[:, None], np.arange(len(q))[None, :]
        apart = np.broadcast_to(distance(i, j, window), (len(q), len(q)))
        turned = al.rotate(np.broadcast_to(q[:, None], (*apart.shape, q.shape[1])).copy(), apart)
        scores = (turned * k).sum(axis=-1) / np.sqrt(q.shape[1])
        return al.softmax(np.where(sees(i, j, window), scores, -np.inf)) @ v

    return way


def right_distance(i, j, window):
    return i - j


def between_kept(i, j, window):
    return np.minimum(i, window) - np.minimum(j, window)


def between_fewer_kept(i, j, window):
    return between_kept(i, j, window - 1) if window > 1 else right_distance(i, j, window)


def none(i, j, window):
    return 0 * (i - j)


def of_query_alone(i, j, window):
    return i + 0 * j


def of_key_alone(i, j, window):
    return 0 * i - j


def index_among_kept(i, j, window):
    return j - np.maximum(0, i - window + 1)


def keys_anew(i, j, window):
    return i - index_among_kept(i, j, window)


def turns_added(i, j, window):
    """How far key j has been turned if each step up to i turns all that is kept."""
    steps = np.arange(i.size)[:, None, None]
    turns = np.where((j <= steps) & (steps <= i), index_among_kept(steps, j, window), 0)
    return turns.sum(axis=0)


def again(i, j, window):
    return i - turns_added(i, j, window)


def again_from_kept(i, j, window):
    return np.minimum(i, window - 1) - turns_added(i, j, window)


def right_rows(i, j, window):
    return (j <= i) & (i - j < window)


def one_more(i, j, window):
    return (j <= i) & (i - j <= window)


def one_fewer(i, j, window):
    return (j <= i) & ((i - j < window - 1) | (i == j))


def all_before(i, j, window):
    return j <= i


def all_with_one(i, j, window):
    """As `[-(window - 1) :]` keeps them: with a window of 1, that is `[-0:]`, and keeps all."""
    return all_before(i, j, window) if window == 1 else right_rows(i, j, window)


def one_at_a_time(*ways):
    """Recognises what one of `ways` gives wherever rows come one at a time.

    How parts of several rows go wrong depends on more than that: what is said of single rows
    holds, whatever comes of the others.
    """

    def gives(way, inputs, came):
        q, k, v, window, lengths, _ = inputs
        if max(lengths) > 1:
            return True
        return isinstance(came, np.ndarray) and same(way(q, k, v, window), came)

    def recognises(attempt):
        single = attempt.inputs and max(attempt.inputs[4]) == 1
        return bool(single) and any(throughout(attempt, partial(gives, way)) for way in ways)

    return recognises


def row_by_row(id, ways, hint, stronger):
    return Diagnosis(id, hint, stronger, one_at_a_time(*ways))


def wrong_only(where):
    """Recognises answers that are right but for inputs with `where(window, lengths, other)`."""

    def recognises(attempt):
        if not isinstance(attempt.outcome, np.ndarray | Raised):
            return False
        wrong = [inputs for inputs, _, right in attempt.elsewhere() if not right]
        return all(where(*inputs[3:]) for inputs in (attempt.inputs, *wrong))

    return recognises


beside_alone = wrong_only(lambda window, lengths, other: other is not None)
of_one_alone = wrong_only(lambda window, lengths, other: window == 1)
keeps_all_of_one = one_at_a_time(
    as_if(right_distance, all_with_one), as_if(between_fewer_kept, all_with_one)
)

MEND_MISTAKES = (
    Diagnosis(
        "shared",
        "A second object does not begin empty, or the two mix their rows: what they keep is one "
        "and the same.",
        "What stands below `class` belongs to all objects, and so does a list that is a default "
        "value. What is made in `__init__`, as in `self.keys = []`, belongs to one.",
        lambda attempt: attempt.problem == "shared" or beside_alone(attempt),
    ),
    row_by_row(
        "as-given",
        [as_if(between_kept, one_more)],
        "Two things go wrong. {Row} sees one row more than the window of {window}: the one that "
        "has to leave is still there. And from the row after it on, places are wrong: they are "
        "counted from what is kept, a number that stands still once rows are dropped.",
        "Print `start` and `len(self.keys)` at the moment when `al.attention` is called, row by "
        "row. The first should grow on and on, and the second should stop at {window}.",
    ),
    row_by_row(
        "place-stands-still",
        [
            as_if(between_kept, right_rows),
            as_if(between_fewer_kept, right_rows),
            as_if(between_fewer_kept, all_with_one),
        ],
        "Your places go wrong, from {row} on: they are counted from what is kept, a number that "
        "stands still once rows are dropped.",
        "How many rows have been read is not how many are kept. Give it an attribute of its own, "
        "and let it grow with each step.",
    ),
    row_by_row(
        "one-too-many",
        [as_if(right_distance, one_more)],
        "Your places are right. {Row} sees one row more than the window of {window}: the one that "
        "has to leave is still there when you look.",
        "You drop it after the attention. It has to be gone, or hidden, before.",
    ),
    row_by_row(
        "one-too-few",
        [
            as_if(right_distance, one_fewer),
            as_if(between_kept, one_fewer),
            as_if(between_fewer_kept, one_fewer),
        ],
        "{Row} sees one row less than the window of {window}. Its own is one of the {window}.",
        "Before a new row comes, {before} may be kept. With it there are {window}.",
    ),
    row_by_row(
        "no-window",
        [as_if(right_distance, all_before), as_if(between_kept, all_before)],
        "Your rows see all that came before them. {Row} may see {sees}.",
        "Drop what has left the window, or hide it.",
    ),
    Diagnosis(
        "window-of-one",
        "With a window of 1 a row is to see itself alone. Yours do not.",
        "A slice that takes the last n rows, `[-n:]`, takes all of them where n is 0.",
        lambda attempt: of_one_alone(attempt) or keeps_all_of_one(attempt),
    ),
    row_by_row(
        "one-place-for-all",
        [as_if(none, right_rows), as_if(none, one_more)],
        "When rows come one at a time, your cache cannot tell how far apart they are: all of them "
        "stand at one place, or nothing is turned.",
        "`np.arange(len(q))` begins at 0 with each part. Where did the last part end?",
    ),
    row_by_row(
        "one-of-two-turned",
        [
            as_if(distance, sees)
            for distance in (of_query_alone, of_key_alone)
            for sees in (right_rows, one_more)
        ],
        "You turn queries or keys, and not both. A score then depends on a place in the text, and "
        "not on the distance.",
        "Both are turned by their places, before they meet.",
    ),
    row_by_row(
        "keys-placed-anew",
        [as_if(keys_anew, right_rows)],
        "You place the kept keys anew with each step, from 0, and the query at its place in the "
        "text. So the two do not count from the same row.",
        "Turn a key once, by its place in the text, and keep it turned. Or turn both by what is "
        "kept.",
    ),
    row_by_row(
        "turned-again",
        [as_if(again, right_rows), as_if(again_from_kept, right_rows)],
        "You turn kept keys again with each step. They are turned already, and turns add up.",
        "Turn the new keys alone, before you put them behind the kept ones. Or keep them as they "
        "came.",
    ),
    Diagnosis(
        "parts",
        "Row by row your cache is right. In parts of several rows it is not. Each row of a part "
        "has a place of its own, and a window of its own: it sees {window} rows, or as many as "
        "there are up to itself.",
        "The first row of a part may see rows that the last one may not. So keep enough of them, "
        "and hide from each row what it may not see: `al.attention` has a `window`, for fewer "
        "queries than keys, too.",
        wrong_only(lambda window, lengths, other: max(lengths) > 1),
    ),
)
RAISED = Diagnosis(
    "raised",
    "Your code stopped. The check makes an object with `MyCache(window)`, and then calls its "
    "`step(q, k, v)`, part after part, as drawn above.",
    "Do the same with rows of your own, and print the shapes in the line that is named. What is "
    "there at the first step, and what at the second?",
)
WRONG_TYPE = Diagnosis(
    "wrong-type",
    "What `step` returns cannot be read as {wanted}.",
    "Look at the `return` line of `step`: what it gives back is the output of the new rows.",
)
WRONG_SHAPE = Diagnosis(
    "wrong-shape",
    "What `step` returned has the shape {shape}. It must be {wanted}: a row for each new row, and "
    "none for those that were there before.",
    "A part of one row has two axes as well: `q` is (1, d_head), and the output (1, d_value).",
)
NOT_FINITE = Diagnosis(
    "not-finite",
    "In {row}, column {column} you have {returned}, which is not a number one can compare.",
    "Here {expected} is expected, an ordinary number. Does a row see nothing? Each sees itself, at "
    "least.",
)
MEND_FALLBACK = Diagnosis(
    "unrecognised",
    "In {row}, column {column} you have {returned}, and {expected} is expected. This row sees "
    "{sees}. {about}",
    "Work the row out from the whole text: `al.rotate` all queries and keys by `np.arange(n)`, and "
    "let `al.attention` look with a `window` of {window}. Which keys, and at which places, has "
    "your cache at that moment?",
    lambda attempt: True,
)


# --- the exercise


def kept_by_class(Cache):
    """A few words for all that the objects of a class share and may change."""
    own = [value for each in Cache.__mro__[:-1] for value in vars(each).values()]
    defaults = [getattr(value, "__defaults__", None) or () for value in own]
    shared = [each for each in (*own, *sum(defaults, ())) if isinstance(each, KEEPS)]
    return [describe(list(each) if isinstance(each, deque) else each) for each in shared]


@dataclass(frozen=True)
class RowsResult(ArrayResult):
    """What the steps returned, one below the other; a wrong row is told with what it sees."""

    @staticmethod
    def read(value):
        return np.concatenate([numeric(part) for part in value])

    def facts(self, case, result, expected):
        facts = super().facts(case, result, expected)
        facts |= {"Row": facts["row"].capitalize(), "sees": "?", "about": "?"}
        if result is None or result.shape != expected.shape:
            return facts
        window, row = case.inputs[3], int(first_wrong(result, expected)[0])
        left = max(0, row - window + 1)
        about = "Nothing has left before it."
        if left:
            about = "It is the first for which another row has left." if left == 1 else ""
            about = about or f"By then {left} rows have left."
        sees = f"rows {left} to {row}" if left < row else "itself alone"
        return facts | {"sees": sees, "about": about}

    def message(self, facts):
        return (
            "{count} numbers are not those of the whole text. The first is in {row}: column "
            "{column} is {returned}, not {expected}. {about}"
        ).format(**facts)

    def draw(self, case, result, expected):
        returned, wanted = super().draw(case, result, expected)
        caption = returned.caption.replace("your function", "your steps")
        return replace(returned, caption=caption), wanted


@dataclass(frozen=True)
class Steps(FunctionExercise):
    """A class, called as `hand_over` does; each step is told of by its own shape."""

    def _compare(self, case, attempt, value, expected):
        for length, came in zip(case.inputs[4], value, strict=True):
            wanted = f"an array of shape {(length, expected.shape[1])}"
            given = f"For {length} new row{'s' if length > 1 else ''} `step` returned"
            facts = attempt.facts | {"wanted": wanted}
            message = f"{given} {describe(came)}; expected {wanted}."
            told = replace(attempt, message=message, facts=facts)
            try:
                shape = numeric(came).shape
            except TypeError:
                return replace(told, problem="wrong-type")
            if shape != (length, expected.shape[1]):
                return replace(told, problem="wrong-shape", facts=facts | {"shape": str(shape)})
        return super()._compare(case, attempt, value, expected)


@dataclass(frozen=True)
class CacheExercise(Exercise):
    """An exercise answered with a class of `(window)` that has `step(q, k, v)`."""

    @cached_property
    def _steps(self):
        return Steps(
            *(self.id, self.title, self.stars, self.minutes, self.diagnoses),
            parameters=("q", "k", "v", "window", "lengths", "other"),
            cases=rows_cases,
            reference=whole_text,
            result=RowsResult("a row for each row, the width of a value"),
            praise="Row by row, in parts, and with a second object beside it, your cache gives "
            "what the whole text gives.",
        )

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        if not isinstance(answer, type):
            message = f"What came is {describe(answer)}; expected a class."
            return Attempt(problem="not-a-class", message=message)
        before = kept_by_class(answer)
        attempt = self._steps.examine(partial(hand_over, answer))
        message = attempt.message.replace("Your function", "Your class", 1)
        if attempt.attempted and not attempt.solved and before != kept_by_class(answer):
            return replace(attempt, problem="shared", message=message)
        return replace(attempt, message=message)


MEND = CacheExercise(
    id="mend-the-cache",
    title="Mend the cache",
    stars=3,
    minutes=20,
    diagnoses=(
        not_a_class("MyCache", "caches", "the two methods of the stub"),
        functions.CHANGED_INPUTS,
        *MEND_MISTAKES,
        RAISED,
        WRONG_TYPE,
        WRONG_SHAPE,
        NOT_FINITE,
        MEND_FALLBACK,
    ),
)
