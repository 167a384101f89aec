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


def solved_by(figure):
    """The ids of the challenges that the current state of `figure` solves."""
    return [
        challenge["id"]
        for challenge in figure.challenges
        if is_about(challenge, figure) and solved(challenge, figure.measure)
    ]
