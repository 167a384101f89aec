"""Exercises answered with a function that examines black boxes, and says what each one hides."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from attnlib.exercises.checking import NOT_ATTEMPTED, Attempt, Exercise, describe, is_blank
from attnlib.exercises.drawing import Drawing
from attnlib.exercises.functions import Raised, describe_error, is_unfilled, misuse, run


@dataclass(frozen=True, eq=False)
class Box:
    """A function that hides something; `asked` grows with every question put to it."""

    hides: str
    ask: Callable
    asked: list


@dataclass(frozen=True, eq=False)
class Told:
    """What a box hides, what was said of it at first and again, and what it was asked at first."""

    hides: str
    said: tuple[str, str]
    asked: tuple

    @property
    def right(self):
        return set(self.said) == {self.hides}


@dataclass(frozen=True)
class BoxesExercise(Exercise):
    """An exercise answered with a function of a black box that returns one of `choices`.

    Every box is examined twice, the second time in the opposite order, so that a guess gives
    itself away. `boxes` makes new boxes; `facts` takes what was told of them to texts for hints.
    `label` is the heading above what the boxes hide.
    """

    parameter: str
    choices: tuple[str, ...]
    label: str
    boxes: Callable[[], list[Box]]
    facts: Callable[[tuple[Told, ...]], dict[str, str]]

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        boxes = self.boxes()
        if misused := misuse(answer, (self.parameter,), (boxes[0].ask,)):
            return misused
        first = [run(answer, (box.ask,)) for box in boxes]
        if is_unfilled(first[0]):
            return NOT_ATTEMPTED
        asked = [tuple(box.asked) for box in boxes]
        again = [run(answer, (box.ask,)) for box in reversed(boxes)][::-1]
        if problem := self._problem(first) or self._problem(again):
            return problem
        said = [(str(one.value), str(two.value)) for one, two in zip(first, again, strict=True)]
        hides = [box.hides for box in boxes]
        return self._judge(tuple(map(Told, hides, said, asked)))

    def _problem(self, outcomes):
        """An attempt with a problem if a call raised or returned no choice, else None."""
        for number, outcome in enumerate(outcomes):
            if outcome.error is not None:
                message = f"For box {number} your function raised {describe_error(outcome.error)}."
                raised = Raised.of(outcome.error)
                return Attempt(problem="raised", outcome=raised, message=message)
            if not isinstance(outcome.value, str) or outcome.value not in self.choices:
                wanted = " or ".join(f'"{choice}"' for choice in self.choices)
                came = f"For box {number} your function returned {describe(outcome.value)}"
                return Attempt(problem="wrong-type", message=f"{came}; expected {wanted}.")
        return None

    def _judge(self, told):
        right = sum(each.right for each in told)
        if right == len(told):
            return Attempt(solved=True, message=f"Right about all {right} boxes.")
        with np.errstate(all="ignore"):  # what a box was given may be enormous
            facts = self.facts(told)
        return Attempt(
            outcome=told,
            message=f"Right about {right} of {len(told)} boxes.",
            facts=facts,
            drawings=(self._draw(told),),
        )

    def _draw(self, told):
        said = (" and ".join(dict.fromkeys(each.said)) for each in told)
        return Drawing(
            "what the boxes hide, and what your function said",
            tuple(f"box {number}" for number in range(len(told))),
            (self.label, "you said"),
            tuple((each.hides, names) for each, names in zip(told, said, strict=True)),
            frozenset((number, 1) for number, each in enumerate(told) if not each.right),
        )
