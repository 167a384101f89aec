"""Challenges: tasks that a figure grades itself, from its state.

A challenge is a dictionary with an `id`, a `text`, the preset to `start` from, perhaps the
`sentence` it is about, and `conditions`. A condition names a `query` word, the `keys` it is
about, and `at_least` or `at_most`: bounds on the sum of the weights the query gives them.
"""


def measure(condition, tokens, weights):
    """The total weight `condition` speaks of, where it is least favourable; None if not there.

    `weights` is `(n_tokens, n_tokens)`; where the query word stands twice, both must hold.
    """
    totals = [
        float(sum(weights[i][j] for j, key in enumerate(tokens) if key in condition["keys"]))
        for i, token in enumerate(tokens)
        if token == condition["query"]
    ]
    if not totals:
        return None
    return min(totals) if "at_least" in condition else max(totals)


def holds(condition, value):
    """Whether the measured `value` satisfies `condition`."""
    if value is None:
        return False
    if "at_least" in condition:
        return value >= condition["at_least"]
    return value <= condition["at_most"]


def solved(challenge, tokens, weights):
    """Whether `weights` solve `challenge` for the sentence made of `tokens`."""
    here = challenge.get("sentence", " ".join(tokens)) == " ".join(tokens)
    return here and all(
        holds(condition, measure(condition, tokens, weights))
        for condition in challenge["conditions"]
    )
