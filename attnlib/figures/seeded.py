"""The random numbers of the figures: the same here and in js/src/core/mathematics.js."""

import numpy as np

_STEP = 0x6D2B79F5
_WORD = 2.0**32


def _uniforms(seed, n):
    """`n` numbers in [0, 1) by mulberry32 (T. Ettinger, 2017), from a seed of 32 bits."""
    with np.errstate(over="ignore"):
        state = np.uint32(seed) + np.arange(1, n + 1, dtype=np.uint32) * np.uint32(_STEP)
        mixed = (state ^ (state >> 15)) * (state | 1)
        mixed ^= mixed + (mixed ^ (mixed >> 7)) * (mixed | 61)
    return (mixed ^ (mixed >> 14)) / _WORD


def normals(rows, columns, seed):
    """Standard normal numbers, `(rows, columns)`, by Box and Muller's method."""
    uniforms = _uniforms(seed, 2 * rows * columns)
    radius = np.sqrt(-2 * np.log(1 - uniforms[0::2]))
    return (radius * np.cos(2 * np.pi * uniforms[1::2])).reshape(rows, columns)


def shuffled(items, seed):
    """`items` in an order that the seed decides, by Fisher and Yates's method."""
    order = list(items)
    uniforms = _uniforms(seed, len(order))
    for last, uniform in zip(range(len(order) - 1, 0, -1), uniforms, strict=False):
        other = int(uniform * (last + 1))
        order[last], order[other] = order[other], order[last]
    return order
