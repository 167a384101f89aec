"""Challenges: tasks that a figure grades itself, from its state.

A challenge is a dictionary with an `id`, a `text`, the preset to `start` from, and
`conditions`. A condition names what the figure measures (each figure says how) and a bound,
`at_least` or `at_most`. js/src/parts/Challenges.jsx judges the same way.
"""


def holds(condition, value):
    """Whether the measured `value` satisfies `condition`; None, nothing to measure, does not."""
    if value is None:
        return False
    if "at_least" in condition:
        return value >= condition["at_least"]
    return value <= condition["at_most"]


def solved(challenge, measure):
    """Whether every condition of `challenge` holds for what `measure(condition)` gives."""
    return all(holds(condition, measure(condition)) for condition in challenge["conditions"])
