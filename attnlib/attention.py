"""Scaled dot-product attention, the pattern it is made of, and the causal mask."""

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import array_api_compat.numpy
from array_api_compat import device as device_of
from array_api_compat import is_torch_namespace

from attnlib._arguments import (
    check_causal,
    check_count,
    check_flag,
    check_number,
    check_shapes,
    check_sink,
    check_softcap,
    check_window,
    is_compiling,
    known,
    namespace,
)
from attnlib._masks import check_mask
from attnlib.softmax import only_where, widen, widened_dtype
from attnlib.softmax import weights as softmax_weights

# Queries that are worked on at a time: fewer starve the matrix product, more fall out of
# the processor's cache (64, 128 and 256 were timed at 4,096 tokens; 128 was fastest).
BLOCK = 128
FEWEST_ROWS = 32
CELLS_IN_CACHE = 2**18  # of a pattern that is gone over several times


@dataclass(frozen=True, eq=False)
class How:
    """How scores become weights: the checked arguments of `attention` after its mask.

    `sink` is an array that broadcasts to the scores of one key; a `window` is causal.
    """

    causal: bool
    scale: float
    softcap: float | None = None
    sink: Any = None
    window: int | None = None
    kept: int = 0


@dataclass(frozen=True, eq=False)
class Trace:
    """What `trace_attention` computed on its way.

    `scores` and `weights` are `(..., n_queries, n_keys)`, `output` is `(..., n_queries, d_value)`.
    """

    scores: Any
    weights: Any
    output: Any


def scores(q, k, scale=None):
    """How well each query agrees with each key: `q @ k.T * scale`.

    `q` is `(..., n_queries, d_head)`, `k` is `(..., n_keys, d_head)`; the result is
    `(..., n_queries, n_keys)`, in the dtype and on the device that came in. Leading axes
    broadcast. `scale` is `1/sqrt(d_head)` unless given.

    Raises `TypeError` for anything but floating-point arrays of one library and dtype (or a
    scale that is no number), `ValueError` for shapes that do not fit.

    Source: Vaswani et al. (2017), "Attention is all you need", equation 1: the argument of the
    softmax.

    >>> import numpy as np
    >>> scores(np.array([[2.0, 0.0, 0.0, 0.0]]), np.eye(4)).tolist()
    [[1.0, 0.0, 0.0, 0.0]]
    """
    xp = namespace(q=q, k=k)
    check_shapes(xp, q.shape, k.shape)
    with without_autocast(xp, q):
        result = _scores(widen(xp, q), widen(xp, k), _scale(q, scale))
    return xp.astype(result, q.dtype, copy=False)


def causal_mask(n_queries, n_keys=None, *, xp=array_api_compat.numpy, device=None):
    """Which keys each query may attend to when none may look ahead: boolean, True = may.

    The result is `(n_queries, n_keys)`; `n_keys` is `n_queries` unless given. With fewer
    queries than keys the last query is aligned with the last key, as when the earlier keys
    come from a cache. It is a NumPy array unless another namespace is given (`xp=torch`).

    Raises `TypeError` for counts that are not whole, `ValueError` for negative ones and for
    more queries than keys.

    Source: Vaswani et al. (2017), section 3.2.3.

    >>> causal_mask(2, 3).tolist()
    [[True, True, False], [True, True, True]]
    """
    return past_of(xp, *_check_causal_counts(n_queries, n_keys), device)


def window_mask(n_queries, n_keys=None, *, window, kept=0, xp=array_api_compat.numpy, device=None):
    """Which keys each query may attend to when it looks no further back: boolean, True = may.

    Each query sees the last `window` keys, its own included, and the first `kept`; none that come
    after it. The result is `(n_queries, n_keys)`, aligned and made as that of `causal_mask`.

    Raises `TypeError` for counts that are not whole, `ValueError` for negative ones, for a window
    of 0, and for more queries than keys.

    Source: Beltagy et al. (2020), "Longformer: The long-document transformer", section 3.1, the
    window; Xiao et al. (2024), "Efficient streaming language models with attention sinks", section
    3, the first keys that are kept.

    >>> window_mask(4, window=2).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    >>> window_mask(1, 5, window=2, kept=1).astype(int).tolist()
    [[1, 0, 0, 1, 1]]
    """
    n_queries, n_keys = _check_causal_counts(n_queries, n_keys)
    window, kept = check_window(window, kept)
    return past_of(xp, n_queries, n_keys, device, window, kept)


def _check_causal_counts(n_queries, n_keys):
    n_queries = check_count("n_queries", n_queries)
    n_keys = n_queries if n_keys is None else check_count("n_keys", n_keys)
    check_causal(n_queries, n_keys)
    return n_queries, n_keys


def past_of(xp, n_queries, n_keys, device, window=None, kept=0):
    """`causal_mask`, or `window_mask`, without checks, which would fix a compiler's symbols."""
    query = xp.arange(n_keys - n_queries, n_keys, device=device)[:, None]
    key = xp.arange(n_keys, device=device)[None, :]
    if window is None:
        return key <= query
    return (key <= query) & ((query - key < window) | (key < kept))


def trace_attention(
    q, k, v, mask=None, causal=False, scale=None, softcap=None, sink=None, *, window=None, kept=0
):
    """Attention with every step kept: `.scores`, `.weights` and `.output`.

    Arguments, errors and output are those of `attention`. The scores are those that the softmax
    gets, after `softcap`; they are `-inf` where the mask hides a key, and the weights are 0 there.
    With a `sink`, which is not among the scores, a row of weights sums to less than 1.

    Source: Vaswani et al. (2017), equation 1.

    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> trace = trace_attention(x, x, x, causal=True)
    >>> trace.weights.round(2).tolist()
    [[1.0, 0.0], [0.33, 0.67]]
    """
    how = {"softcap": softcap, "sink": sink, "window": window, "kept": kept}
    return biased_trace(q, k, v, mask, causal, scale, **how)


def biased_trace(q, k, v, mask=None, causal=False, scale=None, bias=None, **how):
    """`trace_attention` with a `bias` that broadcasts to the scores, to which it is added."""
    xp, how = checked(q, k, v, mask, causal, scale, **how)
    dtype, (q, k, v, bias) = q.dtype, _widened(xp, q, k, v, bias)
    with without_autocast(xp, q):
        method = method_for(xp, q, k, v, mask, how)
        steps = method(xp, q, k, v, mask, how, bias=bias)
    return Trace(*(xp.astype(step, dtype, copy=False) for step in steps))


def weights_and_output(q, k, v, mask=None, causal=False, scale=None, bias=None, **how):
    """The last two steps of `biased_trace`, in half the memory: the scores' is used again."""
    xp, how = checked(q, k, v, mask, causal, scale, **how)
    dtype, (q, k, v, bias) = q.dtype, _widened(xp, q, k, v, bias)
    steps = None
    with without_autocast(xp, q):
        if is_torch_namespace(xp):
            from attnlib._fused import fused_pattern  # imports torch, so only for tensors

            steps = fused_pattern(q, k, v, mask, how, bias)
        if steps is None:
            method = method_for(xp, q, k, v, mask, how)
            _, *steps = method(xp, q, k, v, mask, how, bias=bias, overwrite=True)
    return tuple(xp.astype(step, dtype, copy=False) for step in steps)


def _widened(xp, *arrays):
    return (None if array is None else widen(xp, array) for array in arrays)


def attention(
    q, k, v, mask=None, causal=False, scale=None, softcap=None, sink=None, *, window=None, kept=0
):
    """Each query's mixture of the values: `softmax(q @ k.T * scale) @ v`.

    `q` is `(..., n_queries, d_head)`, `k` is `(..., n_keys, d_head)`, `v` is
    `(..., n_keys, d_value)`; the output is `(..., n_queries, d_value)`, in the dtype and on the
    device that came in. Leading axes broadcast. `scale` is `1/sqrt(d_head)` unless given.

    `mask` is boolean, True = may attend, and broadcasts to `(..., n_queries, n_keys)`.
    `causal=True` hides from each query the keys after it (see `causal_mask`). Given both, a key
    must be allowed by both. `window=w` hides all but the last w of these, the query's own key
    included, and the first `kept` (see `window_mask`); it is causal by itself.

    `softcap`, a number, bounds the scores before anything is hidden: they become
    `softcap * tanh(scores / softcap)`. `sink` is one more score in each softmax's denominator, that
    of a key without a value: a number, or one for each head, an array that broadcasts to the
    leading axes, `(n_heads,)` for `q` of `(..., n_heads, n_queries, d_head)`.

    Stated results:

    - A query with nothing to attend to gets the output 0, and finite gradients.
    - NaN or infinity reaches nobody to whom it is hidden, nor their gradients. Under a mask,
      those who may see it get NaN; without one it goes where arithmetic takes it.
    - float16 and bfloat16 are computed in float32 and rounded once, at the end. PyTorch's autocast
      changes nothing: the dtype that came in goes out.

    The full pattern is never held in memory: PyTorch's own kernel does the work for tensors,
    a block of queries at a time for everything else, and gradients compute it again. With a window,
    a block meets the keys that it can see: work and memory grow with n_queries times `window`. A
    mask would have a cell for each pair. `trace_attention` keeps the pattern.

    Transformations give the same numbers: gradients of gradients, forward mode, `torch.func`
    (`vmap`, `jvp`, `hessian`), `torch.compile` and `torch.export` with any number of tokens, fake
    and meta tensors; JAX's `grad`, `jit` and `vmap`. They may hold the pattern.

    Raises `TypeError` for anything but floating-point arrays of one library and dtype (masked,
    sparse, nested and dask arrays too), and for masks that are not boolean; `ValueError` for
    shapes that do not fit, for different devices, for causal attention with more queries than
    keys, and for a `softcap` or a `window` that is not positive.

    Source: Vaswani et al. (2017), equation 1; by blocks, Rabe and Staats (2021),
    "Self-attention does not need O(n^2) memory"; softcap, Gemma Team (2024), "Gemma 2", section 2;
    sink, OpenAI (2025), "gpt-oss-120b and gpt-oss-20b model card", section 2.3, after Miller
    (2023), "Attention is off by one", where it is 0; window, Beltagy et al. (2020), "Longformer".

    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> attention(x, x, x, causal=True).round(2).tolist()
    [[1.0, 0.0], [0.33, 0.67]]
    """
    options = {"softcap": softcap, "sink": sink, "window": window, "kept": kept}
    xp, how = checked(q, k, v, mask, causal, scale, **options)
    dtype, (q, k, v) = q.dtype, _widened(xp, q, k, v)
    output = None
    with without_autocast(xp, q):
        if is_torch_namespace(xp):
            from attnlib._fused import fused_attention  # imports torch, so only for tensors

            output = fused_attention(q, k, v, mask, how)
        if output is None:
            output = written_out(xp, q, k, v, mask, how)
    return xp.astype(output, dtype, copy=False)


def written_out(xp, q, k, v, mask, how, wrap=lambda attend: attend):
    """`attention` in the array API, without the full pattern; `wrap` changes how a block is run."""
    method = method_for(xp, q, k, v, mask, how)

    def attend(*block):
        return method(xp, *block, how, overwrite=True)[-1]

    if is_compiling(xp):  # a loop over blocks would be written out, and fix the number of tokens
        return attend(q, k, v, mask)
    return in_blocks(xp, wrap(attend), q, k, v, mask, how, BLOCK)


def rows_in_cache(q, k):
    """How many queries have as many scores, of all heads together, as the cache holds."""
    return max(FEWEST_ROWS, CELLS_IN_CACHE // max(1, prod(q.shape[:-2]) * k.shape[-2]))


def in_blocks(xp, attend, q, k, v, mask, how, n_rows):
    """What `attend(q, k, v, mask)` gives for `n_rows` queries at a time, put together again."""
    n_queries, n_keys = q.shape[-2], k.shape[-2]
    outputs = []
    for start in range(0, max(n_queries, 1), n_rows):
        rows = slice(start, min(start + n_rows, n_queries))
        keys = _keys_seen(rows, n_queries, n_keys, how)
        block = q[..., rows, :], *(_taken(xp, array, keys) for array in (k, v))
        outputs.append(attend(*block, _crop(xp, mask, rows, keys)))
    return outputs[0] if len(outputs) == 1 else xp.concat(outputs, axis=-2)


def _keys_seen(rows, n_queries, n_keys, how):
    """The keys for these rows, as slices. Among them, the same rule hides the same.

    A causal block sees no key after its last query, and one with a window none before its first
    query's, but for those that are kept: it is a smaller attention of the same kind.
    """
    if not how.causal:
        return [slice(0, n_keys)]
    first, stop = (n_keys - n_queries + row for row in (rows.start, rows.stop))
    nearest = 0 if how.window is None else first - how.window + 1
    if nearest <= how.kept:
        return [slice(0, stop)]
    return [slice(0, how.kept), slice(nearest, stop)] if how.kept else [slice(nearest, stop)]


def _taken(xp, array, keys):
    """The rows `keys`, some slices, of keys or values."""
    taken = [array[..., some, :] for some in keys]
    return taken[0] if len(taken) == 1 else xp.concat(taken, axis=-2)


def _crop(xp, mask, rows, keys):
    """The part of `mask` for these rows and keys; axes that broadcast stay as they are."""
    if mask is None:
        return None
    if mask.ndim > 1 and mask.shape[-2] != 1:
        mask = mask[..., rows, :]
    if mask.ndim == 0 or mask.shape[-1] == 1:
        return mask
    taken = [mask[..., some] for some in keys]
    return taken[0] if len(taken) == 1 else xp.concat(taken, axis=-1)


def method_for(xp, q, k, v, mask, how):
    """`_attend`, or its careful twin where a mask has something to hide that could leak."""
    hides = how.causal or mask is not None

    def finite():
        return all(xp.all(xp.isfinite(array)) for array in (q, k, v))

    return _attend if not hides or known(xp, finite) else _attend_among_wild_numbers


def _attend(xp, q, k, v, mask, how, bias=None, overwrite=False):
    """Scores, weights and output: equation 1 as the paper writes it, with its mask."""
    pattern = _scores(q, k, how.scale)
    if how.softcap is not None:
        pattern = xp.tanh(pattern / how.softcap) * how.softcap
    if bias is not None:
        pattern = pattern + bias
    visible = visible_keys(xp, q, k, mask, how)
    if visible is not None:  # after softcap, which would make a number of -inf
        pattern = only_where(xp, visible, pattern, -xp.inf)
    weights = softmax_weights(xp, pattern, overwrite=overwrite, sink=how.sink)
    return pattern, weights, weights @ v


def _attend_among_wild_numbers(xp, q, k, v, mask, how, bias=None, overwrite=False):
    """`_attend` under a mask, where NaN or infinity reaches only those who may see it.

    What is hidden has weight 0, and a gradient of 0, but 0 times NaN is NaN. So the wild
    numbers are taken out first, and NaN is written afterwards wherever they were seen.
    """
    tame = (only_where(xp, xp.isfinite(array), array, 0.0) for array in (q, k, v))
    pattern, weights, output = _attend(xp, *tame, mask, how, bias, overwrite)
    visible = xp.broadcast_to(visible_keys(xp, q, k, mask, how), pattern.shape)
    sound_q, sound_k = (xp.all(xp.isfinite(rows), axis=-1) for rows in (q, k))
    sound_score = ~visible | (sound_q[..., :, None] & sound_k[..., None, :])
    sound_row = xp.all(sound_score, axis=-1, keepdims=True)
    wild_mixture = xp.astype(visible, v.dtype) @ xp.astype(~xp.isfinite(v), v.dtype) > 0
    return (
        only_where(xp, sound_score, pattern, xp.nan),
        only_where(xp, sound_row, weights, xp.nan),
        only_where(xp, sound_row & ~wild_mixture, output, xp.nan),
    )


def _scores(q, k, scale):
    return (q * scale) @ k.mT  # scaling q is scaling every score, at less cost


def visible_keys(xp, q, k, mask, how):
    """The keys each query may attend to, True = may; None means all of them."""
    if not how.causal:
        return mask
    past = past_of(xp, q.shape[-2], k.shape[-2], device_of(q), how.window, how.kept)
    return past if mask is None else past & mask


def checked(q, k, v, mask, causal, scale, softcap=None, sink=None, window=None, kept=0):
    """The arrays' namespace and the other arguments, once each of them has been looked at."""
    xp = namespace(q=q, k=k, v=v)
    window, kept = check_window(window, kept)
    causal = check_flag("causal", causal) or window is not None
    pattern = check_shapes(xp, q.shape, k.shape, v.shape, causal)
    if mask is not None:
        check_mask(xp, mask, q, pattern)
    softcap = check_softcap(xp, softcap, q)
    sink = None if sink is None else _score_of(xp, check_sink(sink, q, pattern), q)
    return xp, How(causal, _scale(q, scale), softcap, sink, window, kept)


def _score_of(xp, sink, q):
    """The sink as a score like others: `(..., 1, 1)`, in the precision that they have."""
    if isinstance(sink, float):
        sink = xp.asarray(sink, dtype=widened_dtype(xp, q.dtype), device=device_of(q))
    return widen(xp, sink)[..., None, None]


def _scale(q, scale):
    return 1 / sqrt(q.shape[-1]) if scale is None else check_number("scale", scale)


def without_autocast(xp, array):
    """A context in which the dtype that came in goes out, whatever PyTorch's autocast says."""
    if is_torch_namespace(xp):
        torch, place = sys.modules["torch"], array.device.type
        if torch.amp.is_autocast_available(place) and torch.is_autocast_enabled(place):
            return torch.autocast(place, enabled=False)
    return nullcontext()
