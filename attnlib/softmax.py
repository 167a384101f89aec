"""Softmax: scores in, weights out."""

from functools import cache
from operator import isub, itruediv, sub, truediv

from array_api_compat import device as device_of
from array_api_compat import is_torch_namespace

from attnlib._arguments import check_axis, check_number, namespace


def softmax(x, axis=-1, temperature=1.0):
    """Turn the scores along `axis` into weights that are positive and sum to 1.

    `x` has any shape of at least one axis; the result has the same shape, dtype and device.
    A temperature below 1 sharpens the weights, one above 1 flattens them. The largest score
    is subtracted first, which changes no weight and keeps `exp` from overflowing.

    Stated results:

    - `-inf` gets weight 0. A row with nothing else is all 0, as is a row of no scores.
    - A row that holds `+inf` or NaN is all NaN.
    - float16 and bfloat16 are computed in float32 and rounded at the end.

    Raises `TypeError` if `x` is no floating-point array or the temperature no number, and
    `ValueError` if `axis` is not one of x's, or the temperature is not positive and finite.

    Source: Bridle (1990), "Probabilistic interpretation of feedforward classification network
    outputs"; the temperature as in Hinton et al. (2015), "Distilling the knowledge in a neural
    network", equation 1.

    >>> import numpy as np
    >>> softmax(np.log(np.array([1.0, 2.0, 5.0]))).round(3).tolist()
    [0.125, 0.25, 0.625]
    """
    xp = namespace(x=x)
    temperature = check_number("temperature", temperature)
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}, but it must be greater than 0")
    axis = check_axis(axis, x)
    return xp.astype(weights(xp, widen(xp, x), axis, temperature), x.dtype, copy=False)


def weights(xp, x, axis=-1, temperature=1.0, overwrite=False, sink=None):
    """`softmax` without its checks, in the precision of `x`.

    `sink`, which broadcasts to one score of each row, counts in the denominator alone.

    `overwrite` lets it work in the memory of `x`: new memory for each step takes longer than the
    arithmetic. Automatic differentiation needs every step, so PyTorch's tensors are kept.
    """
    if x.shape[axis] == 0:
        return x  # no scores, no weights
    overwrite = overwrite and not is_torch_namespace(xp)
    subtract, divide = (isub, itruediv) if overwrite else (sub, truediv)
    if temperature > 2:  # half of each: their difference might overflow
        x, temperature = divide(x, 2), temperature / 2
    top = xp.max(x, axis=axis, keepdims=True)
    if sink is not None:
        top = xp.where(sink > top, sink, top)
    top = only_where(xp, top != -xp.inf, top, 0.0)  # an empty row
    top = only_where(xp, top != xp.inf, top, xp.nan)  # there is no limit to tend to
    shifted = subtract(x, top)
    for divisor in _divisors(temperature, xp.finfo(x.dtype)):
        shifted = divide(shifted, divisor)
    exponentials = xp.exp(shifted)
    total = xp.sum(exponentials, axis=axis, keepdims=True)
    if sink is not None:
        total = total + xp.exp(sink - top)
    return divide(exponentials, only_where(xp, total != 0, total, 1.0))


def only_where(xp, condition, array, number):
    """`array` where the condition holds, `number` elsewhere.

    The number becomes an array: `where` takes no others before the standard of 2024.12.
    """
    return xp.where(
        condition, array, xp.asarray(number, dtype=array.dtype, device=device_of(array))
    )


def _divisors(temperature, limits):
    """Numbers within the limits of a dtype whose product is the temperature, or as good as it."""
    if temperature == 1:
        return []
    least, most = float(limits.smallest_normal), float(limits.max)
    if temperature <= most:
        return [max(temperature, least)]
    return [most, min(temperature / most, most)]


def widen(xp, x):
    """`x` in float32 if it is of half precision, else as it is."""
    return xp.astype(x, widened_dtype(xp, x.dtype), copy=False)


@cache
def widened_dtype(xp, dtype):
    """The dtype in which numbers of this one are computed."""
    return xp.float32 if xp.finfo(dtype).bits < 32 else dtype
