"""Attention over a part of the keys, and how parts are put together: the online softmax."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from array_api_compat import device as device_of

from attnlib._arguments import check_rows, is_compiling, namespace
from attnlib.attention import checked, in_blocks, method_for, rows_in_cache, without_autocast
from attnlib.softmax import only_where, widen

NAMES = ("output", "top", "total")  # of the arrays of a part


@dataclass(frozen=True, eq=False)
class Part:
    """Attention over some of the keys: what `partial_attention` found, or `merge` put together.

    `output`, `(..., n_queries, d_value)`, is each query's mixture of these values alone, by weights
    that sum to 1. `top`, `(..., n_queries)`, is its largest score, and `total`, `(..., n_queries)`,
    is the sum of `exp(score - top)`. So `log(total) + top` is the logarithm of the softmax's
    denominator. Where a query sees none of the keys, `output` is 0, `top` -inf and `total` 0.

    A part is made of arrays alone, so that one from another machine can be made anew:
    `Part(output, top, total)`.
    """

    output: Any
    top: Any
    total: Any


def partial_attention(q, k, v, mask=None, scale=None):
    """Attention over one tile: some of the keys with their values, as a `Part`.

    `q` is `(..., n_queries, d_head)`, `k` is `(..., n_keys, d_head)`, `v` is
    `(..., n_keys, d_value)`; `mask` and `scale` are those of `attention`. The part's `.output`,
    `(..., n_queries, d_value)`, is what `attention` gives for these keys; `.top` and `.total`,
    `(..., n_queries)`, are the largest score and the sum of `exp(score - top)`. By these, `merge`
    weighs a part against others. A query that sees no key of the tile, or a tile without keys, has
    the output 0, the top -inf and the total 0.

    Scores of float16 and bfloat16 are worked out in float32, and `.top` and `.total` stay so;
    `.output` has the dtype that came in. NaN and infinity go where they go in `attention`, and
    those who get NaN have it in all three. Gradients reach all three, and are finite for a tile
    without keys.

    Raises what `attention` raises.

    Source: Milakov and Gimelshein (2018), "Online normalizer calculation for softmax", section 3;
    for a tile of attention, Dao et al. (2022), "FlashAttention", section 3.1.

    >>> import numpy as np
    >>> k, v = np.array([[3.0], [3.0]]), np.array([[1.0], [5.0]])
    >>> part = partial_attention(np.array([[2.0]]), k, v)
    >>> part.output.tolist(), part.top.tolist(), part.total.tolist()
    ([[3.0]], [6.0], [2.0])
    """
    xp, how = checked(q, k, v, mask, False, scale)
    dtype, (q, k, v) = q.dtype, (widen(xp, array) for array in (q, k, v))
    with without_autocast(xp, q):
        tile = partial(_tile, method_for(xp, q, k, v, mask, how), xp, how)
        if is_compiling(xp):  # a loop over blocks would fix the number of tokens
            found = tile(q, k, v, mask)
        else:
            found = in_blocks(xp, tile, q, k, v, mask, how, rows_in_cache(q, k))
    return Part(xp.astype(found[..., :-2], dtype, copy=False), found[..., -2], found[..., -1])


def _tile(method, xp, how, q, k, v, mask):
    """Output, top and total of a tile side by side: `(..., n_queries, d_value + 2)`."""
    pattern, weights, output = method(xp, q, k, v, mask, how)
    shape = (*output.shape[:-1], 1)
    if k.shape[-2] == 0:
        none = xp.zeros(shape, dtype=output.dtype, device=device_of(output))
        return xp.concat([output, none - xp.inf, none], axis=-1)
    top = xp.max(pattern, axis=-1, keepdims=True)
    largest = xp.max(weights, axis=-1, keepdims=True)  # exp(0) / total
    total = only_where(xp, largest != 0, 1 / only_where(xp, largest != 0, largest, 1.0), 0.0)
    return xp.concat([output, xp.broadcast_to(top, shape), xp.broadcast_to(total, shape)], axis=-1)


def merge(*parts):
    """Parts of attention as one `Part`, exactly as if their keys had stood in one tile.

    The parts are those of the same queries over keys of their own. Their order does not matter, and
    merging may go on in steps: `merge(a, merge(b, c))` and `merge(c, a, b)` are the same but for
    rounding. The `.output` is that of `attention` over all keys; where no part has a key for a
    query, it is 0.

    A part counts by its share of the denominator, `total * exp(top - largest top)`. An empty part
    has none, and changes nothing. NaN in a part stays. Outputs of float16 and bfloat16 are weighed
    in float32 and rounded once in each call.

    Raises `TypeError` for what is no `Part`, and for parts of different libraries or dtypes;
    `ValueError` for no parts at all, for different shapes and for different devices.

    Source: Milakov and Gimelshein (2018), "Online normalizer calculation for softmax", equation 4;
    with outputs, Dao et al. (2022), "FlashAttention", algorithm 1, line 12.

    >>> import numpy as np
    >>> q, k, v = np.ones((1, 2)), np.eye(3, 2), np.array([[3.0], [6.0], [0.0]])
    >>> first, second = partial_attention(q, k[:2], v[:2]), partial_attention(q, k[2:], v[2:])
    >>> whole = partial_attention(q, k, v)
    >>> merge(second, first).output.round(3).tolist(), whole.output.round(3).tolist()
    ([[3.61]], [[3.61]])
    """
    xp = _check_parts(parts)
    top = xp.max(xp.stack([part.top for part in parts]), axis=0)
    reference = only_where(xp, top != -xp.inf, top, 0.0)  # -inf minus -inf is no number
    shares = [part.total * xp.exp(part.top - reference) for part in parts]
    total = sum(shares)
    whole = only_where(xp, total != 0, total, 1.0)
    output = sum(
        widen(xp, part.output) * (share / whole)[..., None]
        for part, share in zip(parts, shares, strict=True)
    )
    return Part(xp.astype(output, parts[0].output.dtype, copy=False), top, total)


def _check_parts(parts):
    """The namespace of the parts' arrays, once every part has been looked at."""
    if not parts:
        raise ValueError("merge got no parts: pass what al.partial_attention gave, one or more")
    for i, part in enumerate(parts):
        if not isinstance(part, Part):
            many = isinstance(part, (list, tuple))
            advice = "pass them one by one, merge(*parts)" if many else "pass one for each tile"
            raise TypeError(
                f"part {i} is a {type(part).__name__}, but a Part is expected, which "
                f"al.partial_attention gives: {advice}"
            )
    named = {f"parts[{i}].{n}": getattr(p, n) for i, p in enumerate(parts) for n in NAMES}
    xp = namespace(**{n: array for n, array in named.items() if n.endswith("output")})
    namespace(**{n: array for n, array in named.items() if not n.endswith("output")})
    expected = tuple(parts[0].output.shape)
    check_rows("parts[0].output", expected, "(..., n_queries, d_value)")
    for name, array in named.items():
        shape = expected if name.endswith("output") else expected[:-1]
        if tuple(array.shape) != shape:
            raise ValueError(
                f"{name} has shape {tuple(array.shape)}, but {shape} is expected: "
                f"parts[0].output has shape {expected}, and all are for the same queries"
            )
    return xp
