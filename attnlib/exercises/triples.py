"""Parts of a softmax as triples: how they are read, compared and drawn, and what spoils them."""

from dataclasses import dataclass
from functools import partial
from itertools import permutations

import numpy as np

from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis, describe, listed, numeric
from attnlib.exercises.drawing import close, decimals_for, matrix, number
from attnlib.exercises.functions import Raised, first_wrong, once_a_case, run, same, throughout

NAMES = ("top", "total", "output")
HIDDEN = -np.inf  # the score of a word that may not be seen
LARGE = 700  # e to the power of more than this is too much for float64
SPOILT = ("OverflowError", "ZeroDivisionError", "FloatingPointError")


# --- what is known after some of the scores


@dataclass(frozen=True, eq=False)
class Triple:
    """The largest score, the sum of exp(score - top) and the mixture of the values, as arrays."""

    top: np.ndarray
    total: np.ndarray
    output: np.ndarray

    @property
    def parts(self):
        return tuple(getattr(self, name) for name in NAMES)

    @property
    def numbers(self):
        return np.concatenate([part.ravel() for part in self.parts])

    @property
    def shapes(self):
        return tuple(part.shape for part in self.parts)

    @property
    def lost(self):
        """The names of the parts that are no numbers; a top of minus infinity is one."""
        parts = np.where(self.top == -np.inf, 0.0, self.top), self.total, self.output
        return [n for n, part in zip(NAMES, parts, strict=True) if not np.isfinite(part).all()]


@dataclass(frozen=True, eq=False)
class Triples:
    """Several triples, or one alone; equal to others where each part is, up to rounding."""

    triples: tuple[Triple, ...]
    alone: bool = False

    @property
    def form(self):
        return self.alone, tuple(each.shapes for each in self.triples)

    @property
    def lost(self):
        return any(each.lost for each in self.triples)

    def __eq__(self, other):
        pairs = zip(self.triples, other.triples, strict=False)
        return self.form == other.form and all(same(a.numbers, b.numbers) for a, b in pairs)


@dataclass(frozen=True)
class Unread:
    """What cannot be read as triples, in a few words."""

    kind: str


def sequence(value):
    """A list, a tuple or an array, as a list; raises `TypeError` for anything else."""
    if isinstance(value, np.ndarray) and value.ndim:
        return list(value)
    if not isinstance(value, list | tuple):
        raise TypeError(describe(value))
    return list(value)


def triple(value):
    """Raises `TypeError` with a description of what is no triple, or no part of one."""
    parts = sequence(listed(value))
    if len(parts) != len(NAMES):
        raise TypeError(describe(value))
    try:
        return Triple(*map(numeric, parts))
    except TypeError:
        wrong = next(part for part in parts if not is_array(part))
        raise TypeError(f"{describe(value)} with {describe(wrong)} in it") from None


def is_array(value, shape=None):
    try:
        return numeric(value).shape == shape or shape is None
    except TypeError:
        return False


def as_triples(value):
    """A list of triples, or one triple, as `Triples`; anything else as `Unread`."""
    try:
        items = sequence(value)
        if len(items) == len(NAMES) and any(is_array(item, ()) for item in items):
            return Triples((triple(items),), alone=True)
        return Triples(tuple(map(triple, items)))
    except TypeError as error:
        return Unread(str(error))


@dataclass(frozen=True)
class TriplesResult:
    """How triples (top, total, output) are read, compared and drawn; `after` names them."""

    after: str = ""

    read = staticmethod(as_triples)
    same = staticmethod(same)

    def wanted(self, expected):
        count = "one triple" if expected.alone else f"a list of {len(expected.triples)} triples"
        shape = expected.triples[0].output.shape
        return f"{count} (top, total, output): two numbers and an array of shape {shape}"

    def problem(self, result, expected):
        if isinstance(result, Unread):
            return "wrong-type"
        if result.form != expected.form:
            return "wrong-shape"
        return "not-finite" if result.lost else ""

    def facts(self, case, result, expected):
        """The first part that differs, as texts for messages and hints."""
        facts = {"wanted": self.wanted(expected), "came": "?", "your": "?", "part": "?"}
        facts |= dict.fromkeys(("returned", "expected"), "?")
        if result is None:
            return facts
        if isinstance(result, Unread):
            return facts | {"came": result.kind}
        if result.form != expected.form:
            return facts | {"came": self._form(result, expected)}
        i, part = first_wrong_part(result, expected)
        came, right = (getattr(each.triples[i], part) for each in (result, expected))
        at, decimals = first_wrong_number(came, right), decimals_for(came, right)
        part = f"{part}[{at[0]}]" if at else part
        return facts | {
            "your": f"{self._after(i, expected)}your {part}".capitalize(),
            "part": part,
            "returned": number(came[at], decimals),
            "expected": number(right[at], decimals),
        }

    def message(self, facts):
        return "{your} is {returned}, not {expected}.".format(**facts)

    def draw(self, case, result, expected):
        wanted = self._table("what was expected", expected, expected)
        if isinstance(result, Unread) or result.form != expected.form:
            return (wanted,)
        return self._table("what your function returned", result, expected), wanted

    def _after(self, i, expected):
        return "" if expected.alone else f"after {self.after} {i} "

    def _form(self, result, expected):
        if result.alone != expected.alone or len(result.triples) != len(expected.triples):
            return "one triple, alone" if result.alone else f"a list of {len(result.triples)}"
        return next(
            f"{self._after(i, expected)}the {name} with the shape {shape}, not {wanted}"
            for i, (came, right) in enumerate(zip(result.triples, expected.triples, strict=True))
            for name, shape, wanted in zip(NAMES, came.shapes, right.shapes, strict=True)
            if shape != wanted
        )

    def _table(self, caption, result, expected):
        came, right = (np.array([t.numbers for t in each.triples]) for each in (result, expected))
        rows = tuple(self._after(i, expected).strip() or "together" for i in range(len(came)))
        decimals = decimals_for(came, right)
        return matrix(caption, came, rows, names(right.shape[1] - 2), ~close(came, right), decimals)


def first_wrong_part(result, expected):
    """Which triple, and the name of its part: the first that is not a number, or else differs."""
    wrong = [
        (name not in came.lost, i, name)
        for i, (came, right) in enumerate(zip(result.triples, expected.triples, strict=True))
        for name in NAMES
        if not same(getattr(came, name), getattr(right, name))
    ]
    return min(wrong, key=lambda each: each[:2])[1:]


def first_wrong_number(came, right):
    """As `functions.first_wrong`, where minus infinity may be right."""
    infinite = np.isneginf(came) & np.isneginf(right)
    return first_wrong(np.where(infinite, 0.0, came), np.where(infinite, 0.0, right))


def names(d):
    return ("top", "total", *(f"output {i}" for i in range(d)))


# --- mistakes in some parts of the triples


def triple_mistake(id, ways, hint, stronger):
    """A diagnosis that fits where `way(*inputs)` gives the triples that came.

    A part that it gives as None or NaN may be anything, and triples that came with no number in
    them tell nothing. A mistake that can be made in several ways has a tuple of functions.
    """
    ways = ways if isinstance(ways, tuple) else (ways,)

    @once_a_case
    def given_by(way, inputs):
        return run(way, inputs).value

    def agrees(way, inputs, came):
        if not isinstance(came, Triples):
            return None
        given = given_by(way, inputs)
        if given is None:
            return None
        alone, given = not isinstance(given, list), given if isinstance(given, list) else [given]
        if alone != came.alone or len(given) != len(came.triples):
            return False
        pairs = [(g, c) for g, c in zip(given, came.triples, strict=True) if not c.lost]
        return all(alike(g, c) for g, c in pairs) if pairs else None

    def fits(attempt):
        return any(throughout(attempt, partial(agrees, way)) for way in ways)

    return Diagnosis(id, hint, stronger, fits)


def alike(given, came):
    return all(
        part is None or np.isnan(part).any() or same(np.asarray(part, float), own)
        for part, own in zip(given, came.parts, strict=True)
    )


def another_order(reference, corners=()):
    """The diagnosis for right parts in the wrong order; `reference` gives triples as they are.

    In `corners` the order may be right: see `functions.also_right_in`.
    """
    orders = [order for order in permutations(range(len(NAMES))) if order != (0, 1, 2)]

    def reordered(order):
        def change(given):
            return tuple(given[i] for i in order)

        def way(*inputs):
            given = reference(*inputs)
            return list(map(change, given)) if isinstance(given, list) else change(given)

        return way

    return triple_mistake(
        "another-order",
        functions.also_right_in(corners, reference, tuple(map(reordered, orders))),
        "Your three parts stand in another order. Expected is (top, total, output).",
        "The largest score comes first, then the sum, and the array comes last.",
    )


def is_spoilt(outcome):
    if isinstance(outcome, Raised):
        return outcome.kind in SPOILT
    return isinstance(outcome, Triples) and outcome.lost


def spoilt_where(id, holds, hint, stronger, spoilt=is_spoilt):
    """A diagnosis for what is spoilt where `holds(*inputs)`, and right elsewhere, or spoilt too."""

    def fits(attempt):
        if not attempt.inputs or not holds(*attempt.inputs) or not spoilt(attempt.outcome):
            return False
        return all(
            right or holds(*inputs) or is_spoilt(came)
            for inputs, came, right in attempt.elsewhere()
        )

    return Diagnosis(id, hint, stronger, fits)


def is_triples(outcome):
    return isinstance(outcome, Triples)


NOT_TRIPLES = Diagnosis(
    "wrong-type",
    "Where a triple is expected, what came is {came}.",
    "Look at what you return. Expected is {wanted}, in this order.",
)
OTHER_FORM = Diagnosis(
    "wrong-shape",
    "You return {came}. Expected is {wanted}.",
    "Print what you return, and its shape part by part. Expected is {wanted}.",
)
LOST = Diagnosis(
    "not-finite",
    "{your} is {returned}, which is not a number one can go on with. Here {expected} is expected.",
    "Look for a division by 0, for e to the power of a large number, and for infinity less "
    "infinity. Print every factor of this {part}.",
)
OF_TRIPLES = (
    functions.RAISED,
    NOT_TRIPLES,
    OTHER_FORM,
    LOST,
    functions.NOT_A_FUNCTION,
    functions.ARGUMENTS,
)


def state_of(scores, values):
    """Top, total and output of scores with their values, all at once."""
    top = scores.max()
    if top == -np.inf:
        return top, np.float64(0.0), np.zeros(values.shape[1])
    powers = np.exp(scores - top)
    return top, powers.sum(), powers @ values / powers.sum()
