"""Attention gone wrong on purpose: one switch for each bug.

Every switch computes the wrong thing for real, in NumPy, so that its symptoms can be measured.
The figure BreakIt and the exercises of the chapter "Masking" read the bugs from here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

import attnlib as al

BUGS = {
    "axis": "softmax along the wrong axis",
    "unscaled": "no division by √d_head",
    "d_model": "√d_model for √d_head",
    "transposed": "w_k stored on its side and reshaped",
    "inverted": "the mask the wrong way round",
    "after": "zeros after softmax in place of −∞ before",
    "half": "−1e9 for −∞, in float16",
}
# Needs more than one head: the chapter "Many heads" adds it.
SPLIT_BUGS = {"reshape": "heads split by a reshape alone"}
# Needs a mask whose rows begin after the first key, as those of a window do: the clinic adds it.
WINDOW_BUGS = {"wide": "one key too many at the far end of the mask"}
EXCLUDE_EACH_OTHER = ({"unscaled", "d_model"}, {"after", "half"})  # two ways to do one step
HALF_HIDDEN = -1e9
FEWEST = 3  # tokens
TINY = 1e-9  # a score this small is 0 but for rounding
DEAD = 0.01  # a row whose largest derivative is below this learns next to nothing


@dataclass(frozen=True, eq=False)
class BrokenTrace:
    """What `trace` computed: `queries`, `scores`, before any mask, `weights` and `output`."""

    queries: Any
    scores: Any
    weights: Any
    output: Any


def trace(x, head, mask, bugs=()):
    """One head on `x`, `(n_tokens, d_model)`, with every bug of `bugs` in it.

    `mask` is `(n_tokens, n_tokens)`, True = may attend. Without bugs the result is that of
    `head.trace(x, mask=mask)`; `output` is the delta. Biases, `distance` and `scale` are left out.

    Raises `ValueError` for a bug that is not one of `BUGS`, `SPLIT_BUGS` or `WINDOW_BUGS`, or two
    that exclude each other.

    >>> x, head = np.eye(2), al.Head(*[np.eye(2)] * 4)
    >>> trace(x, head, al.causal_mask(2)).weights.round(2).tolist()
    [[1.0, 0.0], [0.33, 0.67]]
    >>> trace(x, head, al.causal_mask(2), bugs=["inverted"]).weights.round(2).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    check(bugs)
    w_k = head.w_k.T.reshape(head.w_k.shape) if "transposed" in bugs else head.w_k
    q, k, v = (x @ w for w in (head.w_q, w_k, head.w_v))
    if "reshape" in bugs:
        q, k, v = (_first_of_two(rows) for rows in (q, k, v))
    scores = al.scores(q, k, scale=1 / _divisor(head, bugs))
    keep = _widened(mask) if "wide" in bugs else mask
    keep = ~keep if "inverted" in bugs else keep
    axis = -2 if "axis" in bugs else -1
    if "half" in bugs:
        weights = _half_precision(scores, keep, axis)
    elif "after" in bugs:
        weights = np.where(keep, al.softmax(scores, axis=axis), 0.0)
    else:
        weights = al.softmax(np.where(keep, scores, -np.inf), axis=axis)
    return BrokenTrace(q, scores, weights, weights @ v @ head.w_o)


def check(bugs):
    """Raises `ValueError` unless `bugs` are known and can stand in one program.

    >>> check(["after", "half"])
    Traceback (most recent call last):
        ...
    ValueError: after and half do the same step: choose one of them
    """
    offered = BUGS | SPLIT_BUGS | WINDOW_BUGS
    for bug in bugs:
        if bug not in offered:
            known = ", ".join(offered)
            raise ValueError(f"no bug is called {bug!r}; there are: {known}")
    for pair in EXCLUDE_EACH_OTHER:
        if pair <= set(bugs):
            raise ValueError(f"{' and '.join(sorted(pair))} do the same step: choose one of them")


def _first_of_two(rows):
    """What a reshape without a transpose takes for the first of two heads that are alike."""
    side_by_side = np.concatenate([rows, rows], axis=-1)  # (n_tokens, 2 * width), as projected
    return side_by_side.reshape(2, *rows.shape)[0]


def _widened(mask):
    """Whoever may see a key may see the one before it: what `<=` for `<` makes of a window."""
    return mask | np.pad(mask[:, 1:], ((0, 0), (0, 1)))


def _divisor(head, bugs):
    d_model, d_head = head.w_q.shape
    if "unscaled" in bugs:
        return 1.0
    return np.sqrt(d_model if "d_model" in bugs else d_head)


def _half_precision(scores, keep, axis):
    """Softmax by its formula after -1e9 was added in float16, where that is -inf."""
    with np.errstate(over="ignore", invalid="ignore"):
        hidden = np.where(keep, 0, HALF_HIDDEN).astype(np.float16)
        scores = (scores.astype(np.float16) + hidden).astype(np.float64)
        powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
        weights = powers / powers.sum(axis=axis, keepdims=True)
    return weights.astype(np.float16).astype(np.float64)


@dataclass(frozen=True)
class Symptoms:
    """What can be measured of a pattern without knowing how it was made.

    `rows`, `columns`: the least and the largest sum of weights, over rows (columns) with
    anything to see. `leak`: the share of all weight that lies on keys the mask hides. `entropy`:
    bits a row, on average. `alive`: the share of rows whose largest derivative, w (1 - w), is at
    least `DEAD`, of the rows that have a choice. `nans`: cells that are no number. `past`: how
    far an output before the last token moves when the last token becomes the sum of them all.
    `ratio`: the least and the largest quotient of a score and what it should be, where that is
    not 0. `error`: how far a weight is from what it should be, at most. `touched`: how many
    queries change when the first token does. NaN is left out of
    `leak`, `past` and `error`; of the last two nothing but NaN may be left.
    """

    rows: tuple
    columns: tuple
    leak: float
    entropy: float
    alive: float
    nans: int
    past: float
    ratio: tuple
    error: float
    touched: int


def symptoms(x, head, mask, bugs=()):
    """The `Symptoms` of a head with `bugs`; the arguments are those of `trace`.

    Raises `ValueError` for fewer than three tokens, of which too little can be told.

    >>> x, head = np.eye(3), al.Head(*[np.eye(3)] * 4)
    >>> symptoms(x, head, al.causal_mask(3)).leak
    0.0
    >>> round(symptoms(x, head, al.causal_mask(3), bugs=["inverted"]).leak, 2)
    1.0
    """
    if len(x) < FEWEST:
        raise ValueError(f"x has {len(x)} tokens; expected at least {FEWEST}")
    traced = trace(x, head, mask, bugs)
    weights = traced.weights
    choice = mask.sum(axis=-1) > 1
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = (weights * (1 - weights)).max(axis=-1)
        bits = np.where(weights > 0, -weights * np.log2(np.where(weights > 0, weights, 1)), 0)
        bits = np.where(np.isnan(weights), np.nan, bits).sum(axis=-1)
    other_end = np.concatenate([x[:-1], x.sum(axis=0, keepdims=True)])
    moved = np.abs(trace(other_end, head, mask, bugs).output - traced.output)[:-1]
    other_start = np.concatenate([x[:1] + 1, x[1:]])
    touched = trace(other_start, head, mask, bugs).queries != traced.queries
    right = trace(x, head, mask)
    told = np.abs(right.scores) > TINY
    return Symptoms(
        rows=_extremes(weights.sum(axis=-1)[mask.any(axis=-1)]),
        columns=_extremes(weights.sum(axis=-2)[mask.any(axis=-2)]),
        leak=float(np.nansum(np.where(mask, 0, weights)) / (np.nansum(weights) or 1)),
        entropy=float(bits[mask.any(axis=-1)].mean()),
        alive=float((slopes[choice] >= DEAD).mean()) if choice.any() else np.nan,
        nans=int(np.isnan(weights).sum()),
        past=_largest_known(moved),
        ratio=_extremes(traced.scores[told] / right.scores[told]) if told.any() else (1.0, 1.0),
        error=_largest_known(np.abs(weights - right.weights)),
        touched=int(touched.any(axis=-1).sum()),
    )


def _largest_known(numbers):
    """The largest of those that are not NaN; NaN where all are."""
    known = numbers[~np.isnan(numbers)]
    return float(known.max()) if known.size else np.nan


def _extremes(numbers):
    """Least and largest."""
    return float(numbers.min()), float(numbers.max())
