"""Challenges: tasks that a figure grades itself, from its state.

A challenge is a dictionary with an `id`, a `title` of a few words (the others are folded under
theirs while one is open), a `text`, what it starts from (`start`, in words, and
where that is not the figure's own beginning `setting`, a dictionary of its fields), and
`conditions`. A condition names what the figure measures (each figure says how) and bounds,
`at_least`, `at_most` or both. `given` holds the fields that must be as it says: they are what the
challenge is about, and may not be changed to solve it. `afterwards` says what was learned.
js/src/parts/Challenges.jsx judges the same way.
"""

from math import inf

import traitlets

from attnlib.figures import questions
from attnlib.figures.base import Figure


def holds(condition, value):
    """Whether the measured `value` satisfies `condition`; None, nothing to measure, does not."""
    if value is None:
        return False
    return condition.get("at_least", -inf) <= value <= condition.get("at_most", inf)


def solved(challenge, measure):
    """Whether every condition of `challenge` holds for what `measure(condition)` gives."""
    return all(holds(condition, measure(condition)) for condition in challenge["conditions"])


def is_about(challenge, figure):
    """Whether `figure` is in the state that `challenge` is about: every field that is given."""
    given = challenge.get("given", {})
    return all(getattr(figure, name) == value for name, value in given.items())


class Challenging(Figure):
    """A figure with challenges.

    `challenges` are given as a list of them, or by the name of the chapter whose they are. A
    subclass has `measure`, which gives the number that a condition is about.
    """

    challenges = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, **traits):
        if isinstance(traits.get("challenges"), str):
            traits["challenges"] = questions.load(traits["challenges"])["challenge"]
        super().__init__(**traits)

    @property
    def solved(self):
        """The ids of the challenges that the current state solves."""
        return [
            challenge["id"]
            for challenge in self.challenges
            if is_about(challenge, self) and solved(challenge, self.measure)
        ]

    def measure(self, condition):
        """What `condition` is about, as a number; None where there is nothing to measure."""
        raise NotImplementedError(f"{type(self).__name__} must say what it measures")
