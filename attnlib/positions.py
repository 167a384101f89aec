"""Where a token stands: positions that are added to it, and positions that turn it."""

import array_api_compat.numpy
from array_api_compat import array_namespace, is_jax_namespace
from array_api_compat import device as device_of

from attnlib._arguments import check_count, check_number, check_positions, check_rows, namespace
from attnlib.softmax import widen

BASE = 10000.0  # Vaswani et al. and Su et al.: the slowest pair turns once in about 2 pi times this


def sinusoidal_positions(n_tokens, d_model, *, xp=array_api_compat.numpy, dtype=None, device=None):
    """One row per position, to be added to the embeddings: `(n_tokens, d_model)`.

    Column 2i of row p is `sin(p / 10000^(2i / d_model))`, column 2i + 1 the cosine of the same
    angle. With an odd `d_model` the last sine goes without its cosine. The numbers are worked
    out in float64, and are a NumPy array of that dtype unless others are given (`xp=torch`,
    `dtype=torch.float32`).

    Raises `TypeError` for counts that are not whole and for dtypes that are not floating point,
    `ValueError` for negative counts.

    Source: Vaswani et al. (2017), "Attention is all you need", section 3.5.

    >>> sinusoidal_positions(2, 4).round(4).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8415, 0.5403, 0.01, 1.0]]
    """
    n_tokens, d_model = check_count("n_tokens", n_tokens), check_count("d_model", d_model)
    np = array_api_compat.numpy
    positions = np.arange(n_tokens, dtype=np.float64)
    angles = _angles(np, positions, d_model, BASE)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1)  # (n_tokens, pairs, 2)
    columns = np.reshape(waves, (n_tokens, 2 * angles.shape[1]))[:, :d_model]
    widest = xp.float64 if _has_float64(xp) else xp.float32
    result = xp.asarray(columns, dtype=widest if dtype is None else dtype, device=device)
    if not array_namespace(result).isdtype(result.dtype, "real floating"):
        raise TypeError(f"dtype is {dtype}, but positions need a floating-point dtype")
    return result


def rotate(x, positions, *, base=BASE):
    """Turn each pair of columns of each row of `x` by an angle that grows with its position.

    `x`, queries or keys, is `(..., n_tokens, d_head)` with an even `d_head`, and so is the
    result, in the dtype and on the device that came in. `positions` is `(n_tokens,)`, integers
    or floats, which may be negative. Columns 2i and 2i + 1 are turned by
    `position * base^(-2i / d_head)` radians. Turned queries and keys agree by their own numbers
    and the *difference* of their positions alone, and every row keeps its length.

    The pairs are neighbours, as in the paper. GPT-NeoX and Llama code pairs column i with
    column i + d_head / 2 instead: the same up to the order of the columns.

    Stated results:

    - Position 0 changes nothing, and turning by a, then by b, is turning by a + b.
    - The angles are worked out in float64. At position p they are off by about 1e-16 p, so
      positions beyond 1e12 blur, though lengths stay.
    - float16 and bfloat16 are computed in float32 and rounded at the end.

    Raises `TypeError` for anything but a floating-point `x` and numbers of the same library for
    positions, and where JAX traces positions without 64-bit numbers; `ValueError` for an odd
    `d_head`, for positions that are not one finite number per token, for different devices, and
    for a base that is not positive.

    Source: Su et al. (2021), "RoFormer: Enhanced transformer with rotary position embedding",
    equations 14, 15 and 34.

    >>> import numpy as np
    >>> rotate(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])).round(4).tolist()
    [[1.0, 0.0], [0.5403, 0.8415]]
    """
    xp = namespace(x=x)
    check_rows("x", x.shape, "(..., n_tokens, d_head)")
    if x.shape[-1] % 2:
        raise ValueError(f"x has {x.shape[-1]} columns (d_head), but pairs need an even number")
    base = check_number("base", base)
    if base <= 0:
        raise ValueError(f"base is {base}, but it must be greater than 0")
    check_positions(xp, positions, x)
    wide = widen(xp, x)
    cos, sin = _waves(xp, positions, base, wide)
    first, second = wide[..., 0::2], wide[..., 1::2]  # (..., n_tokens, pairs)
    turned = xp.stack([first * cos - second * sin, first * sin + second * cos], axis=-1)
    return xp.astype(xp.reshape(turned, x.shape), x.dtype, copy=False)


def _waves(xp, positions, base, x):
    """Cosine and sine of each angle, in the dtype of `x` and worked out in float64."""
    if _has_float64(xp):
        angles = _angles(xp, xp.astype(positions, xp.float64), x.shape[-1], base)
        return tuple(xp.astype(wave(angles), x.dtype) for wave in (xp.cos, xp.sin))
    np = array_api_compat.numpy
    try:
        positions = np.asarray(positions, dtype=np.float64)
    except TypeError:  # traced by a transformation
        raise TypeError(
            "positions are traced, and without 64-bit numbers their angles would be off: make the "
            "positions outside the traced function, or call "
            'jax.config.update("jax_enable_x64", True)'
        ) from None
    angles = _angles(np, positions, x.shape[-1], base)
    return tuple(xp.asarray(wave(angles), dtype=x.dtype) for wave in (np.cos, np.sin))


def _has_float64(xp):
    """JAX turns float64 into float32, unless told otherwise."""
    return not is_jax_namespace(xp) or "float64" in xp.__array_namespace_info__().dtypes()


def _angles(xp, positions, width, base):
    """How far each pair of columns has turned at each position: `(n_tokens, pairs)`, radians."""
    column = xp.arange(0, width, 2, dtype=xp.float64, device=device_of(positions))
    return positions[:, None] * base ** (-column / width)
