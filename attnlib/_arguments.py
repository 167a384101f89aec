"""Checks on arguments, shared by the public functions.

Every message says what arrived, what was expected and, where it helps, what to do.
"""

import math
from functools import lru_cache
from numbers import Real

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj

# Kinds of array that passed the checks of `namespace`. Together with the cache of
# `check_shapes`, this keeps the checks below a tenth of attention over a short text.
_sound_kinds = {}


def namespace(**arrays):
    """The array namespace that all `arrays` share.

    Raises `TypeError` if one is no array, if they come from different libraries, if their
    dtypes differ or are not floating point; `ValueError` if their devices differ.
    """
    try:
        kinds = {(type(a), a.dtype, a.device) for a in arrays.values()}
    except AttributeError:  # not an array: the checks say which
        kinds = ()
    if len(kinds) != 1:
        return _checked_namespace(arrays)
    (kind,) = kinds
    if kind not in _sound_kinds:
        _sound_kinds[kind] = _checked_namespace(arrays)
    return _sound_kinds[kind]


def _checked_namespace(arrays):
    first, reference = next(iter(arrays.items()))
    xp = _shared_namespace(arrays)
    if not xp.isdtype(reference.dtype, "real floating"):
        raise TypeError(
            f"{first} has dtype {reference.dtype}, but floating-point numbers are needed: "
            f"pass {first}.astype(float) (NumPy) or {first}.to(torch.float32) (PyTorch)"
        )
    for name, array in arrays.items():
        if array.dtype != reference.dtype:
            raise TypeError(
                f"{name} has dtype {array.dtype} but {first} has dtype {reference.dtype}: "
                "convert one of them"
            )
        if array.device != reference.device:
            _complain_of_device(name, array, first, reference)
    return xp


def _shared_namespace(arrays):
    for name, array in arrays.items():
        if not is_array_api_obj(array):
            raise TypeError(
                f"{name} is a {type(array).__name__}, not an array: "
                f"pass np.asarray({name}) or torch.tensor({name})"
            )
    try:
        return array_namespace(*arrays.values())
    except TypeError:
        kinds = ", ".join(f"{name} is {_kind(array)}" for name, array in arrays.items())
        raise TypeError(f"{kinds}: pass arrays that all come from one library") from None


def _kind(array):
    return f"{type(array).__module__.partition('.')[0]}.{type(array).__name__}"


def _complain_of_device(name, array, first, reference):
    raise ValueError(
        f"{name} is on {array.device} but {first} is on {reference.device}: move one of them"
    )


@lru_cache
def check_shapes(q, k, v=None, causal=False):
    """The shape of the pattern, `(..., n_queries, n_keys)`, if these shapes fit each other.

    `q` is `(..., n_queries, d_head)`, `k` is `(..., n_keys, d_head)`, `v` is
    `(..., n_keys, d_value)`; `causal` needs a key for every query. Else a `ValueError`.
    """
    check_rows("q", q, "(..., n_queries, d_head)")
    check_rows("k", k, "(..., n_keys, d_head)")
    if q[-1] != k[-1]:
        raise ValueError(f"q has {q[-1]} columns but k has {k[-1]} columns (d_head)")
    if q[-1] == 0:
        raise ValueError("q and k have 0 columns, but d_head must be at least 1")
    leading = {"q": q[:-2], "k": k[:-2]}
    if v is not None:
        check_rows("v", v, "(..., n_keys, d_value)")
        if v[-2] != k[-2]:
            raise ValueError(f"v has {v[-2]} rows but k has {k[-2]} rows (n_keys)")
        leading["v"] = v[:-2]
    if causal:
        check_causal(q[-2], k[-2])
    return (*_broadcast(leading), q[-2], k[-2])


def check_rows(name, shape, expected):
    """`shape` has at least the two axes that `expected` names."""
    if len(shape) < 2:
        raise ValueError(f"{name} has shape {tuple(shape)}, but {expected} is expected")


def _broadcast(leading):
    try:
        return np.broadcast_shapes(*leading.values())
    except ValueError:
        found = ", ".join(f"{name} {tuple(axes)}" for name, axes in leading.items())
        raise ValueError(
            f"the leading axes do not broadcast: {found}. "
            "Each must be equal to the others, or 1, or missing"
        ) from None


def check_mask(xp, mask, q, pattern):
    """`mask` is boolean, lives where `q` does, and broadcasts to the shape `pattern`."""
    if not is_array_api_obj(mask) or array_namespace(mask) is not xp:
        raise TypeError(
            f"mask is {_kind(mask)} but q is {_kind(q)}: "
            "pass a boolean array of the same library, True = may attend"
        )
    if mask.dtype != xp.bool:
        raise TypeError(
            f"mask has dtype {mask.dtype}, but a mask is boolean here: True = may attend. "
            f"{_mask_fix(xp, mask)}"
        )
    if mask.device != q.device:
        _complain_of_device("mask", mask, "q", q)
    if not _broadcasts_to(tuple(mask.shape), pattern):
        raise ValueError(
            f"mask has shape {tuple(mask.shape)} but the pattern has shape {pattern} "
            "(..., n_queries, n_keys), and the one does not broadcast to the other"
        )


def check_head_mask(mask, x, context, n_heads):
    """A mask for these shapes and `n_heads` heads says which of its axes counts the heads.

    What else is wrong with it is left to `check_mask`.
    """
    layers = tuple(getattr(mask, "shape", ()))[:-2]
    texts = _broadcast({"x": x[:-2], "context": context[:-2]})
    if set(layers) <= {1} or not _broadcasts_to(layers, texts):
        return
    per_text = (*texts, 1, x[-2], context[-2])
    per_head = (*(1 for _ in texts), n_heads, x[-2], context[-2])
    raise ValueError(
        f"mask has shape {tuple(mask.shape)} but x is a batch of shape {texts}, so its layers may "
        f"be for texts or for heads. Pass shape {per_text} for one mask per text "
        f"(mask[..., None, :, :]), or {per_head} for one per head"
    )


def _mask_fix(xp, mask):
    if xp.isdtype(mask.dtype, "real floating"):
        return "If it is added to the scores (0 keeps, -inf hides), pass mask == 0"
    return "If 1 means may attend, pass mask == 1; if 1 means ignore, pass mask == 0"


def _broadcasts_to(shape, target):
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def check_causal(n_queries, n_keys):
    """A causal pattern needs a key for every query; the last ones are aligned."""
    if n_queries > n_keys:
        raise ValueError(
            f"causal attention with {n_queries} queries but {n_keys} keys: the last query is "
            "aligned with the last key, so there must be at least as many keys as queries"
        )


def check_number(name, number):
    """`number` as a Python float; it must be real and finite."""
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"{name} is a {type(number).__name__}, but a number is expected")
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}, but a finite number is expected")
    return float(number)


def check_count(name, count):
    """`count` as a Python int that is not negative."""
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"{name} is a {type(count).__name__}, but a whole number is expected")
    if count < 0:
        raise ValueError(f"{name} is {count}, but a count cannot be negative")
    return int(count)


def check_positions(xp, positions, x):
    """`positions` is one finite number per token of `x`, of the same library and device."""
    if not is_array_api_obj(positions) or array_namespace(positions) is not xp:
        raise TypeError(
            f"positions is {_kind(positions)} but x is {_kind(x)}: "
            "pass an array of the same library, one number per token"
        )
    if not xp.isdtype(positions.dtype, ("integral", "real floating")):
        raise TypeError(f"positions has dtype {positions.dtype}, but numbers are expected")
    if positions.device != x.device:
        _complain_of_device("positions", positions, "x", x)
    if tuple(positions.shape) != (x.shape[-2],):
        raise ValueError(
            f"positions has shape {tuple(positions.shape)} but x has {x.shape[-2]} rows "
            f"(n_tokens): shape ({x.shape[-2]},) is expected"
        )
    if not xp.all(xp.isfinite(positions)):
        raise ValueError("positions holds NaN or infinity, but finite numbers are expected")
