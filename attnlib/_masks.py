"""Checks on masks: what a mask may be, and what to do with one that is something else."""

import warnings

from array_api_compat import array_namespace, is_array_api_obj, is_torch_namespace
from array_api_compat import device as device_of

from attnlib._arguments import (
    broadcast_shapes,
    check_device,
    check_storage,
    is_dtype,
    kind,
    known,
)

HIDES = -1e4  # numbers from here down are added to scores to hide a key, not to weigh it


def check_mask(xp, mask, q, pattern):
    """`mask` is boolean, lives where `q` does, and broadcasts to the shape `pattern`."""
    if not is_array_api_obj(mask) or array_namespace(mask) is not xp:
        raise TypeError(
            f"mask is {kind(mask)} but q is {kind(q)}: "
            "pass a boolean array of the same library, True = may attend"
        )
    check_storage("mask", mask)
    if mask.dtype != xp.bool:
        raise TypeError(
            f"mask has dtype {mask.dtype}, but a mask is boolean here: True = may attend. "
            f"{_dtype_advice(xp, mask)}"
        )
    check_device("mask", mask, "q", q)
    shape = tuple(mask.shape)
    if broadcast_shapes(shape, pattern) != tuple(pattern):
        raise ValueError(
            f"mask has shape {shape} but the pattern has shape {tuple(pattern)} "
            "(..., n_queries, n_keys), and the one does not broadcast to the other"
            f"{_shape_advice(shape, tuple(pattern))}"
        )


def check_mask_of_texts(xp, mask, x, context, n_heads=None):
    """A mask for a batch of texts says which of its axes counts texts, heads (if any) or queries.

    `x` and `context` are shapes. What else is wrong with the mask is left to `check_mask`.
    """
    shape = tuple(getattr(mask, "shape", ()))
    texts = broadcast_shapes(x[:-2], context[:-2])
    if not texts:
        return
    if n_heads is not None:
        _check_layers(shape, texts, n_heads, (x[-2], context[-2]))
    rows_may_be_texts = x[-2] == context[-2] and shape == (*texts, x[-2]) == (x[-2], x[-2])
    if rows_may_be_texts and known(xp, lambda: _looks_like_padding(xp, mask)):
        n_new = 1 if n_heads is None else 2
        warnings.warn(
            f"mask has shape {shape}, and there are {x[-2]} texts of {x[-2]} tokens: its rows are "
            "read as queries, the same for every text, but look like texts with padding. If they "
            f"are texts, pass {_with_axes(1, n_new, 1)}; if they are queries, "
            f"{_with_axes(0, n_new, 2)} says so",
            stacklevel=4,
        )


def _looks_like_padding(xp, mask):
    """Rows of several lengths, each visible up to some key (or from it on), as texts are.

    Rows of queries seldom are: some of these would not see themselves.
    """
    before, after = mask[:, :-1], mask[:, 1:]
    padded_at_the_end = xp.all(before | ~after) & xp.all(mask[:, :1])
    padded_at_the_start = xp.all(~before | after) & xp.all(mask[:, -1:])
    token = xp.arange(mask.shape[0], device=device_of(mask))
    see_themselves = xp.all(mask | (token[:, None] != token[None, :]))
    lengths_differ = xp.any(mask != mask[:1, :])
    return (padded_at_the_end | padded_at_the_start) & lengths_differ & ~see_themselves


def _check_layers(shape, texts, n_heads, pattern):
    layers = shape[:-2]
    if all(size == 1 for size in layers) or broadcast_shapes(layers, texts) != texts:
        return
    per_text = (*texts, 1, *pattern)
    per_head = (*(1 for _ in texts), n_heads, *pattern)
    raise ValueError(
        f"mask has shape {shape} but x is a batch of shape {texts}, so its layers may "
        f"be for texts or for heads. Pass shape {per_text} for one mask per text "
        f"(mask[..., None, :, :]), or {per_head} for one per head"
    )


def _dtype_advice(xp, mask):
    """What to pass instead of `mask`, by the numbers it holds."""
    if not is_dtype(xp, mask.dtype, ("integral", "real floating")):
        return "Compare, mask == ..., to get one"
    if is_torch_namespace(xp) and mask.dtype != xp.float64:
        mask = mask.float()  # float8 and unsigned numbers have no largest
    top = xp.max(mask) if 0 not in mask.shape else 0
    if known(xp, lambda: xp.all((mask == 0) | (mask <= HIDES))):
        if known(xp, lambda: xp.any(mask != 0)):
            return "It is made to be added to the scores (0 keeps, the others hide): pass mask == 0"
        return (
            "It is 0 everywhere. If it is added to the scores, or 1 means ignore, pass mask == 0; "
            "if 1 means may attend, pass mask == 1"
        )
    if known(xp, lambda: xp.all((mask == 0) | ((mask == top) & (top > 0)))):
        one = repr(float(top)).removesuffix(".0")  # to the last digit: it is compared with
        return (
            f"If {one} means may attend, pass mask == {one}; if {one} means ignore, pass mask == 0"
        )
    bias = "a bias, which is added to the scores, goes into softmax(scores(q, k) + mask) @ v"
    if known(xp, lambda: xp.all(mask == mask)) is None:
        return f"A mask of 1 and 0 becomes mask == 1 or mask == 0, by what 1 means; {bias}"
    return f"Its numbers are not those of a mask; {bias}"


def _shape_advice(shape, pattern):
    """How to write a mask that has axes in front of the pattern's last two, but not all of them."""
    leading, rows_and_keys = pattern[:-2], pattern[-2:]
    for n_given in range(1, len(leading) + 1):
        missing = len(leading) - n_given
        if shape == leading[:n_given] + rows_and_keys[1:]:
            return (
                f". If it is for the keys of each text, pass {_with_axes(n_given, missing + 1, 1)}"
            )
        is_layer = broadcast_shapes(shape[-2:], rows_and_keys) == rows_and_keys
        if shape[:-2] == leading[:n_given] and is_layer:
            return f". If it has a layer for each text, pass {_with_axes(n_given, missing, 2)}"
    return ""


def _with_axes(n_before, n_new, n_after):
    """`mask[:, None, None, :]`: the expression that gives a mask `n_new` axes."""
    return f"mask[{', '.join([':'] * n_before + ['None'] * n_new + [':'] * n_after)}]"
