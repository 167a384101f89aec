"""Exercises answered with a few numbers that the reader worked out by hand.

The verdict marks the numbers that are wrong and does not show the right ones.
"""

from dataclasses import dataclass

import numpy as np

from attnlib.exercises.checking import (
    NOT_ATTEMPTED,
    Attempt,
    Diagnosis,
    Exercise,
    describe,
    is_blank,
    listed,
    numeric,
)
from attnlib.exercises.drawing import Drawing, number

ROUNDING = 1e-9  # so that an error of exactly the tolerance is forgiven


@dataclass(frozen=True)
class ByHandExercise(Exercise):
    """An exercise answered with one number for each of `labels`, near `expected`."""

    labels: tuple[str, ...]
    expected: tuple[float, ...]
    tolerance: float
    decimals: int = 3

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        wanted = f"{len(self.labels)} numbers: {', '.join(self.labels)}"
        facts = {"wanted": wanted, "count": str(len(self.labels))}
        try:
            numbers = numeric(listed(answer))
        except TypeError:
            message = f"What came is {describe(answer)}; expected {wanted}."
            return Attempt(problem="wrong-type", message=message, facts=facts)
        if numbers.size != len(self.labels):
            message = f"What came has the shape {numbers.shape}; expected {wanted}."
            return Attempt(problem="wrong-count", message=message, facts=facts)
        return self._judge(numbers.ravel(), facts)

    def _judge(self, numbers, facts):
        wrong = ~near(numbers, self.expected, self.tolerance)
        drawing = Drawing(
            "what you gave",
            self.labels,
            ("yours",),
            tuple((number(value, self.decimals),) for value in numbers),
            frozenset((int(i), 0) for i in np.flatnonzero(wrong)),
        )
        if not wrong.any():
            message = f"All {len(numbers)} numbers are right to within {self.tolerance:g}."
            return Attempt(solved=True, message=message, drawings=(drawing,))
        first = np.flatnonzero(wrong)[0]
        with np.errstate(all="ignore"):
            total = numbers.sum()
        facts |= {
            "label": self.labels[first],
            "returned": number(numbers[first], self.decimals),
            "total": number(total, self.decimals),
        }
        count = f"{wrong.sum()} of your {len(numbers)} numbers"
        message = f"{count} {'is' if wrong.sum() == 1 else 'are'} not right yet."
        return Attempt(outcome=numbers, message=message, facts=facts, drawings=(drawing,))


def near(numbers, others, tolerance):
    """Where numbers differ from others by no more than `tolerance`."""
    with np.errstate(all="ignore"):
        return np.abs(numbers - np.asarray(others)) <= tolerance + ROUNDING


def by_hand_mistake(id, gives, tolerance, hint, stronger):
    """A diagnosis that fits numbers near `gives`; goes after `OF_FORM`."""

    def fits(attempt):
        return bool(near(attempt.outcome, gives, tolerance).all())

    return Diagnosis(id, hint, stronger, fits)


OF_FORM = (
    Diagnosis(
        "wrong-type",
        "Write the {count} numbers themselves, in square brackets, with commas between them.",
        "Nothing but {count} numbers belongs between the brackets: no `...`, no text, no percent "
        "sign, and a point for the decimals.",
    ),
    Diagnosis(
        "wrong-count",
        "The exercise asks for {count} numbers. Another count came.",
        "Write one pair of square brackets around all {count} numbers, in this order.",
    ),
)
