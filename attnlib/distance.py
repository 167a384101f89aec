"""How far apart two tokens stand: a number that each head adds to the score of each distance."""

from dataclasses import dataclass
from typing import Any

from array_api_compat import device as device_of

from attnlib._arguments import check_count, namespace
from attnlib.softmax import only_where


@dataclass(frozen=True, eq=False, repr=False)
class DistanceBias:
    """What a head adds to the score of a key that stands so many tokens before its query.

    `behind` is `(n_heads, n)`: column i is for keys i tokens before their query, the last column
    for all that are n - 1 tokens before it or more. `ahead`, `(n_heads, m)`, is for keys 1, ..., m
    or more tokens after it; without it, nothing is added there. For a single `Head` both have one
    axis, `(n,)` and `(m,)`. Scores get these numbers after they are scaled.

    Raises `TypeError` for anything but floating-point arrays of one library and dtype,
    `ValueError` for shapes that do not fit each other.

    Source: Raffel et al. (2020), "Exploring the limits of transfer learning with a unified
    text-to-text transformer", section 2.1: one learned number for each head and range of distances.

    >>> import numpy as np
    >>> bias = DistanceBias(np.array([[0.0, 3.0, -1.0]]))
    >>> bias
    DistanceBias(behind=(1, 3))
    >>> bias(4).tolist()
    [[[0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0], [-1.0, 3.0, 0.0, 0.0], [-1.0, -1.0, 3.0, 0.0]]]
    """

    behind: Any
    ahead: Any = None

    def __post_init__(self):
        namespace(**self.arrays())
        for name, array in self.arrays().items():
            if array.ndim not in (1, 2) or array.shape[-1] == 0:
                raise ValueError(
                    f"{name} has shape {tuple(array.shape)}, but (n_heads, n_distances) is "
                    "expected, or (n_distances,) for one head, with at least one distance"
                )
        if self.ahead is not None and self.ahead.shape[:-1] != self.behind.shape[:-1]:
            raise ValueError(
                f"behind has shape {tuple(self.behind.shape)} but ahead has shape "
                f"{tuple(self.ahead.shape)}: both need one row for each head"
            )

    def __call__(self, n_queries, n_keys=None):
        """What is added to the scores: `(n_heads, n_queries, n_keys)`.

        `n_keys` is `n_queries` unless given. Where they differ, the last query stands at the last
        key, as in `causal_mask`.
        """
        n_queries = check_count("n_queries", n_queries)
        n_keys = n_queries if n_keys is None else check_count("n_keys", n_keys)
        return added_to_scores(self, n_queries, n_keys)

    def of_head(self, head):
        """The numbers of one of the heads, for a `Head`."""
        return DistanceBias(*(array[head, :] for array in self.arrays().values()))

    def arrays(self):
        """`behind` and, where it is given, `ahead`, by their names."""
        arrays = {"behind": self.behind, "ahead": self.ahead}
        return {name: array for name, array in arrays.items() if array is not None}

    def __repr__(self):
        shapes = ", ".join(f"{name}={tuple(a.shape)}" for name, a in self.arrays().items())
        return f"DistanceBias({shapes})"


def added_to_scores(distance_bias, n_queries, n_keys):
    """The bias without checks of the counts, which would fix a compiler's symbolic ones."""
    behind, ahead = distance_bias.behind, distance_bias.ahead
    xp, device = namespace(behind=behind), device_of(behind)
    ahead = xp.zeros_like(behind[..., :1]) if ahead is None else ahead
    n_behind, n_ahead = behind.shape[-1], ahead.shape[-1]
    table = xp.concat([behind, ahead], axis=-1)  # 0, 1, ... before the query; 1, 2, ... after it
    query = xp.arange(n_keys - n_queries, n_keys, device=device)
    distance = query[:, None] - xp.arange(n_keys, device=device)[None, :]
    before = only_where(xp, distance < n_behind, distance, n_behind - 1)
    after = n_behind - 1 + only_where(xp, -distance < n_ahead, -distance, n_ahead)
    column = xp.reshape(xp.where(distance < 0, after, before), (-1,))
    chosen = xp.take(table, column, axis=-1)
    return xp.reshape(chosen, (*table.shape[:-1], n_queries, n_keys))
