"""Checks on arguments, shared by the public functions.

Every message says what arrived, what was expected and, where it helps, what to do.
"""

import math
import sys
from functools import lru_cache
from itertools import zip_longest
from numbers import Real
from operator import index

import numpy as np
from array_api_compat import (
    array_namespace,
    is_array_api_obj,
    is_dask_array,
    is_numpy_namespace,
    is_pydata_sparse_array,
    is_torch_array,
    is_torch_namespace,
)
from array_api_compat import device as device_of

# Kinds of array that passed the checks of `namespace`. Together with the cache of
# `check_shapes`, this keeps the checks below a tenth of attention over a short text.
_sound_kinds = {}

FEWEST_BITS = 16  # of a number that is computed with; smaller formats only store
WORDS_AND_TIMES = "SUTVMm"  # NumPy's kinds of dtype that have no floats to be made into


def namespace(**arrays):
    """The array namespace that all `arrays` share.

    Raises `TypeError` if one is no array, or hides or packs its numbers, if they come from
    different libraries, if their dtypes differ or are not floating point; `ValueError` if their
    devices differ.
    """
    try:
        kinds = {(type(a), a.dtype, a.device, *_storage(a)) for a in arrays.values()}
    except AttributeError:  # not an array, or one without a device: the checks say which
        kinds = ()
    if len(kinds) != 1:
        return _checked_namespace(arrays)
    (kind,) = kinds
    if kind not in _sound_kinds:
        _sound_kinds[kind] = _checked_namespace(arrays)
    return _sound_kinds[kind]


def _storage(array):
    return getattr(array, "layout", None), getattr(array, "is_nested", False)


def _checked_namespace(arrays):
    first, reference = next(iter(arrays.items()))
    xp = _shared_namespace(arrays)
    _check_dtype(xp, first, reference.dtype)
    for name, array in arrays.items():
        if array.dtype != reference.dtype:
            raise TypeError(
                f"{name} has dtype {array.dtype} but {first} has dtype {reference.dtype}: "
                "convert one of them"
            )
        check_device(name, array, first, reference)
    return xp


def _shared_namespace(arrays):
    for name, array in arrays.items():
        if not is_array_api_obj(array):
            raise TypeError(
                f"{name} is a {type(array).__name__}, not an array: {_remedy(name, array)}"
            )
        check_storage(name, array)
    try:
        return array_namespace(*arrays.values())
    except TypeError:
        kinds = ", ".join(f"{name} is {kind(array)}" for name, array in arrays.items())
        raise TypeError(f"{kinds}: pass arrays that all come from one library") from None


def _remedy(name, thing):
    if hasattr(thing, "toarray"):  # SciPy's sparse arrays
        return f"pass {name}.toarray()"
    return f"pass np.asarray({name}) or torch.tensor({name})"


def check_storage(name, array):
    """`array` holds one number for each of its places, and hides none."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, but the numbers that it hides would be computed with: "
            f"pass {name}.filled(...), and hide tokens with `mask`"
        )
    if is_dask_array(array):
        raise TypeError(
            f"{name} is a dask array, whose numbers are not there yet, but they are looked at: "
            f"pass {name}.compute(), or give whole texts to dask's map_blocks"
        )
    if is_pydata_sparse_array(array):
        raise TypeError(f"{name} is a sparse array: pass {name}.todense()")
    if type(array).__module__ == "torch.fx.proxy":
        raise TypeError(
            f"{name} is a Proxy of torch.fx, which has no numbers to look at: "
            "use torch.export, which traces with an example"
        )
    if not is_torch_array(array):
        return
    layout, is_nested = _storage(array)
    if is_nested:
        raise TypeError(
            f"{name} is a nested tensor, but one with axes of fixed lengths is needed: pass "
            f"torch.nested.to_padded_tensor({name}, 0.0), and hide the padding with `mask`"
        )
    if isinstance(array, sys.modules["torch"].masked.MaskedTensor):
        raise TypeError(
            f"{name} is a masked tensor, but the numbers that it hides are needed too: "
            f"pass {name}.to_tensor(0.0), and hide tokens with `mask`"
        )
    if layout != sys.modules["torch"].strided:
        raise TypeError(f"{name} has layout {layout}: pass {name}.to_dense()")


def _check_dtype(xp, name, dtype):
    if _library_of(dtype) == "ml_dtypes" and is_numpy_namespace(xp):
        problem = "which NumPy alone cannot compute with"
    elif is_dtype(xp, dtype, "real floating"):
        if xp.finfo(dtype).bits >= FEWEST_BITS:
            return
        problem = "a format that numbers are stored in, not computed with"
    elif is_dtype(xp, dtype, "complex floating"):
        raise TypeError(
            f"{name} has dtype {dtype}, but real floating-point numbers are needed: pass "
            f"{name}.real, or give real and imaginary parts columns of their own"
        )
    else:
        problem = "but floating-point numbers are needed"
    raise TypeError(f"{name} has dtype {dtype}, {problem}: {_conversion(xp, name, dtype)}")


def is_dtype(xp, dtype, kinds):
    """`xp.isdtype`, but False for what NumPy knows by name alone: records, words, ml_dtypes'."""
    try:
        return xp.isdtype(dtype, kinds)
    except TypeError:
        return False


def _library_of(dtype):
    """The library that a NumPy dtype comes from."""
    return getattr(getattr(dtype, "type", None), "__module__", "").partition(".")[0]


def _conversion(xp, name, dtype):
    if is_torch_namespace(xp):
        return f"pass {name}.to(torch.float32)"
    if getattr(dtype, "kind", "") in WORDS_AND_TIMES and _library_of(dtype) != "ml_dtypes":
        return "pass an array of numbers"
    return f"pass {name}.astype(float), or float32 in place of float"


def kind(array):
    """The library and the type of `array`, for messages."""
    return f"{type(array).__module__.partition('.')[0]}.{type(array).__name__}"


def check_device(name, array, first, reference):
    """`array` is where `reference` is."""
    device, expected = device_of(array), device_of(reference)
    if None not in (device, expected) and device != expected:  # what JAX traces has none yet
        raise ValueError(f"{name} is on {device} but {first} is on {expected}: move one of them")


def is_compiling(xp):
    """Whether `torch.compile` or `torch.export` is reading the program, before any numbers."""
    return is_torch_namespace(xp) and sys.modules["torch"].compiler.is_compiling()


def known(xp, condition):
    """What `condition()`, one truth value, is; None where a transformation hides the numbers."""
    if is_compiling(xp):
        return None
    try:
        return bool(condition())
    except (TypeError, RuntimeError):  # batched (vmap), traced (JAX), or without data (meta)
        return None


def check_shapes(xp, q, k, v=None, causal=False):
    """The shape of the pattern, `(..., n_queries, n_keys)`, if these shapes fit each other.

    `q` is `(..., n_queries, d_head)`, `k` is `(..., n_keys, d_head)`, `v` is
    `(..., n_keys, d_value)`; `causal` needs a key for every query. Else a `ValueError`.
    """
    # A compiler's sizes may be symbols, which cannot be remembered.
    check = _pattern_shape if is_compiling(xp) else _remembered_pattern_shape
    return check(q, k, v, causal)


def _pattern_shape(q, k, v, causal):
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


_remembered_pattern_shape = lru_cache(_pattern_shape)


def check_rows(name, shape, expected):
    """`shape` has at least the two axes that `expected` names."""
    if len(shape) < 2:
        raise ValueError(f"{name} has shape {tuple(shape)}, but {expected} is expected")


def _broadcast(leading):
    shape = broadcast_shapes(*leading.values())
    if shape is None:
        found = ", ".join(f"{name} {tuple(axes)}" for name, axes in leading.items())
        raise ValueError(
            f"the leading axes do not broadcast: {found}. "
            "Each must be equal to the others, or 1, or missing"
        )
    return shape


def broadcast_shapes(*shapes):
    """The shape that all `shapes` broadcast to, or None; sizes may be symbols of a compiler."""
    result = []
    for sizes in zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1):
        size = next((size for size in sizes if size != 1), 1)
        if any(other not in (1, size) for other in sizes):
            return None
        result.append(size)
    return tuple(reversed(result))


def check_causal(n_queries, n_keys):
    """A causal pattern needs a key for every query; the last ones are aligned."""
    if n_queries > n_keys:
        raise ValueError(
            f"causal attention with {n_queries} queries but {n_keys} keys: the last query is "
            "aligned with the last key, so there must be at least as many keys as queries"
        )


def check_flag(name, flag):
    """`flag` as a Python bool."""
    if isinstance(flag, (bool, np.bool_)):
        return bool(flag)
    advice = ""
    if is_array_api_obj(flag):
        advice = f": pass it as mask={name}" if flag.ndim else _as_python(bool, name, flag)
    raise TypeError(f"{name} is a {type(flag).__name__}, but True or False is expected{advice}")


def _as_python(kind, name, array):
    """Advice for an array of no axes where Python's own number is needed."""
    try:
        kind(array)
    except (TypeError, RuntimeError):  # traced (JAX), batched (vmap), or without data (meta)
        return (
            f". A transformation hides its value: make {name} outside of it, for jax.jit as a "
            "static argument"
        )
    return f": pass {kind.__name__}({name})"


def check_axis(axis, array):
    """`axis` as a Python int; it must be one of the axes of `array`, named x in messages."""
    try:
        number = None if _is_flag(axis) else index(axis)
    except TypeError:
        number = None
    if array.ndim == 0:
        raise ValueError("x has shape (), one number without an axis: pass x.reshape(1)")
    if number is None or not -array.ndim <= number < array.ndim:
        raise ValueError(
            f"axis is {axis}, but x has shape {tuple(array.shape)}: the number of one of its axes "
            "is expected, from 0, or from -1 for the last"
        )
    return number


def check_number(name, number):
    """`number` as a Python float; it must be real and finite."""
    if _is_flag(number) or not isinstance(number, Real):
        holds_one = not _is_flag(number) and _holds_a_number(number)
        advice = _as_python(float, name, number) if holds_one else ""
        found = type(number).__name__
        raise TypeError(f"{name} is a {found}, but a number is expected{advice}")
    try:
        value = float(number)
    except OverflowError:
        raise ValueError(f"{name} is too large for a float") from None
    if not -math.inf < value < math.inf:
        raise ValueError(f"{name} is {value}, but a finite number is expected")
    return value


def check_count(name, count):
    """`count` as a Python int that is not negative."""
    try:
        if _is_flag(count):
            raise TypeError
        number = index(count)
    except TypeError:
        found = type(count).__name__
        raise TypeError(f"{name} is a {found}, but a whole number is expected") from None
    if number < 0:
        raise ValueError(f"{name} is {number}, but a count cannot be negative")
    return number


def check_softcap(xp, softcap, q):
    """`softcap` as a Python float that scores of q's dtype can be divided by; None stays."""
    if softcap is None:
        return None
    number = check_number("softcap", softcap)
    if number <= 0:
        raise ValueError(
            f"softcap is {number}, but it must be greater than 0: pass None to bound no score"
        )
    limits = xp.finfo(xp.float32 if xp.finfo(q.dtype).bits < 32 else q.dtype)
    if not float(limits.smallest_normal) <= number <= float(limits.max):
        raise ValueError(f"softcap is {number}, which no number of dtype {q.dtype} can be")
    return number


def check_sink(sink, q, pattern):
    """`sink` as a Python float, or an array that broadcasts to the leading axes of `pattern`."""
    if isinstance(sink, Real):
        return check_number("sink", sink)
    namespace(q=q, sink=sink)
    found, leading = tuple(sink.shape), tuple(pattern[:-2])
    if broadcast_shapes(found, leading) != leading:
        expected = f"one number is expected, or shape {leading[-1:]}, one for each head"
        if not leading:
            expected = "one number is expected, as q, k and v have no axis of heads"
        raise ValueError(
            f"sink has shape {found} but the pattern has shape {tuple(pattern)} "
            f"(..., n_queries, n_keys): {expected}"
        )
    return sink


MOST_KEYS = 2**31 - 1  # no text has more, and arrays of places may hold 32 bits


def check_window(window, kept):
    """`window` and `kept` as Python ints; a window of None is none, and keeps no key."""
    kept = check_count("kept", kept)
    if window is None:
        if kept:
            raise ValueError(f"kept is {kept}, but without a window no key is left out: pass both")
        return None, 0
    window = check_count("window", window)
    if window == 0:
        raise ValueError("window is 0, but each query sees at least its own key: pass 1 or more")
    return min(window, MOST_KEYS), min(kept, MOST_KEYS)


def _is_flag(number):
    return isinstance(number, (bool, np.bool_))


def _holds_a_number(thing):
    """Whether `thing` is an array of no axes, or a scalar that Python does not know as real."""
    return hasattr(thing, "__float__") and getattr(thing, "shape", None) == ()


def check_positions(xp, positions, x):
    """`positions` is one finite number per token of `x`, of the same library and device.

    One for each text's tokens, too: its leading axes broadcast to those of `x`.
    """
    if not is_array_api_obj(positions) or array_namespace(positions) is not xp:
        raise TypeError(
            f"positions is {kind(positions)} but x is {kind(x)}: "
            "pass an array of the same library, one number per token"
        )
    check_storage("positions", positions)
    if not is_dtype(xp, positions.dtype, ("integral", "real floating")):
        raise TypeError(f"positions has dtype {positions.dtype}, but numbers are expected")
    check_device("positions", positions, "x", x)
    found, expected = tuple(positions.shape), tuple(x.shape[:-1])
    leading = broadcast_shapes(found[:-1], expected[:-1])
    if found[-1:] != expected[-1:] or leading != expected[:-1]:
        texts = f", or {expected} for texts at places of their own" if expected[:-1] else ""
        raise ValueError(
            f"positions has shape {found} but x has {expected[-1]} rows "
            f"(n_tokens): shape ({expected[-1]},) is expected{texts}"
        )
    if known(xp, lambda: xp.all(xp.isfinite(positions))) is False:
        raise ValueError("positions holds NaN or infinity, but finite numbers are expected")
