"""Where a token stands: positions that are added to it, and positions that turn it."""

from dataclasses import dataclass
from typing import Any

import array_api_compat.numpy
from array_api_compat import array_namespace, is_jax_namespace
from array_api_compat import device as device_of

from attnlib._arguments import check_count, check_number, check_positions, check_rows, namespace
from attnlib.scaling import check_scaling
from attnlib.softmax import widen

BASE = 10000.0  # Vaswani et al. and Su et al.: the slowest pair turns once in about 2 pi times this
LAYOUTS = ("pairs", "halves")  # which columns are turned together


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
    angles = _angles(np, positions, d_model, Rotary())
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1)  # (n_tokens, pairs, 2)
    columns = np.reshape(waves, (n_tokens, 2 * angles.shape[1]))[:, :d_model]
    widest = xp.float64 if _has_float64(xp) else xp.float32
    result = xp.asarray(columns, dtype=widest if dtype is None else dtype, device=device)
    if not array_namespace(result).isdtype(result.dtype, "real floating"):
        raise TypeError(f"dtype is {dtype}, but positions need a floating-point dtype")
    return result


def rotate(x, positions, base=BASE, layout="pairs", n_rotated=None, scaling=None):
    """Turn each pair of columns of each row of `x` by an angle that grows with its position.

    `x`, queries or keys, is `(..., n_tokens, d_head)`, and so is the result, in the dtype and on
    the device that came in. `positions` is `(n_tokens,)`, or `(..., n_tokens)` for texts that stand
    at places of their own; integers or floats, which may be negative. Pair i is turned by
    `position * base^(-2i / n_rotated)` radians. Turned queries and keys agree by their own numbers
    and the *difference* of their positions alone, and every row keeps its length.

    The first `n_rotated` columns are turned, an even number, and the others left as they are;
    unless given, all are, and `d_head` must be even. `layout` says what a pair is: with "pairs",
    columns 2i and 2i + 1, neighbours, as in the paper and in GPT-J; with "halves", columns i and
    i + n_rotated / 2, as in GPT-NeoX and in Llama checkpoints of Hugging Face. The two are the same
    up to the order of the columns.

    `scaling` makes the angles smaller, for texts that are longer than those a model learned from:
    an `al.LinearScaling`, `al.NTKScaling`, `al.YarnScaling` or `al.Llama3Scaling`. YaRN also makes
    the turned columns longer, by its `attention_factor`; all others keep every length.

    Stated results:

    - Position 0 changes nothing, and turning by a, then by b, is turning by a + b.
    - The angles are worked out in float64. At position p they are off by about 1e-16 p, so
      positions beyond 1e12 blur, though lengths stay.
    - float16 and bfloat16 are computed in float32 and rounded at the end.

    Raises `TypeError` for anything but a floating-point `x` and numbers of the same library for
    positions, and where JAX traces positions without 64-bit numbers; `ValueError` for an odd number
    of columns to turn, for positions that are not one finite number per token, for different
    devices, for a base that is not positive, and for another layout.

    Source: Su et al. (2021), "RoFormer: Enhanced transformer with rotary position embedding",
    equations 14, 15 and 34.

    >>> import numpy as np
    >>> rotate(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])).round(4).tolist()
    [[1.0, 0.0], [0.5403, 0.8415]]
    >>> rotate(np.array([[1.0, 2.0, 0.0, 0.0]]), np.array([1]), layout="halves").round(4).tolist()
    [[0.5403, 1.9999, 0.8415, 0.02]]
    """
    xp = namespace(x=x)
    check_rows("x", x.shape, "(..., n_tokens, d_head)")
    rotary = Rotary(base, layout, n_rotated, scaling)
    check_columns("x", x.shape[-1], rotary)
    check_positions(xp, positions, x)
    return turned(xp, x, positions, rotary)


@dataclass(frozen=True)
class Rotary:
    """How a head turns its queries and keys: the arguments of `rotate` but for the rows.

    `al.MultiHead(..., rotary=al.Rotary())` turns both by where their tokens stand, before they are
    compared. `base`, `layout`, `n_rotated` and `scaling` are those of `rotate`.

    Raises `TypeError` for what is no number or no scaling, `ValueError` for a base that is not
    positive, for a layout other than "pairs" and "halves", and for an odd `n_rotated`.

    Source: Su et al. (2021), "RoFormer: Enhanced transformer with rotary position embedding",
    equation 16.

    >>> Rotary(base=100_000, layout="halves")
    Rotary(base=100000.0, layout='halves', n_rotated=None, scaling=None)
    """

    base: float = BASE
    layout: str = "pairs"
    n_rotated: int | None = None
    scaling: Any = None

    def __post_init__(self):
        object.__setattr__(self, "base", check_number("base", self.base))
        if self.base <= 0:
            raise ValueError(f"base is {self.base}, but it must be greater than 0")
        if not isinstance(self.layout, str) or self.layout not in LAYOUTS:
            raise ValueError(
                f'layout is {self.layout!r}, but "pairs" (neighbours) or "halves" is expected'
            )
        if self.n_rotated is not None and check_count("n_rotated", self.n_rotated) % 2:
            raise ValueError(f"n_rotated is {self.n_rotated}, but pairs need an even number")
        check_scaling(self.scaling, self.base)

    def frequencies(self, d_head):
        """The angle that each pair turns by at each step, in radians: `(pairs,)`.

        `d_head` is the number of columns of a row. The array is NumPy's, in float64. A pair's
        wavelength, the tokens of one whole turn, is 2 pi divided by its frequency.

        Raises what `rotate` raises for such rows.

        >>> Rotary().frequencies(4).tolist()
        [1.0, 0.01]
        """
        check_columns("a row", check_count("d_head", d_head), self)
        width = d_head if self.n_rotated is None else self.n_rotated
        return _frequencies(array_api_compat.numpy, width, self)


def check_columns(name, d_head, rotary):
    """Rows of `d_head` columns have what `rotary` is to turn."""
    if rotary.n_rotated is None and d_head % 2:
        raise ValueError(
            f"{name} has {d_head} columns (d_head), but pairs need an even number: pass n_rotated, "
            "how many of the first columns are turned"
        )
    if rotary.n_rotated is not None and rotary.n_rotated > d_head:
        raise ValueError(
            f"n_rotated is {rotary.n_rotated} but {name} has {d_head} columns (d_head)"
        )


def turned(xp, x, positions, rotary):
    """`rotate` without its checks; `positions` may be NumPy's, whatever `x` is."""
    wide, width = widen(xp, x), x.shape[-1]
    width = width if rotary.n_rotated is None else rotary.n_rotated
    cos, sin = _waves(xp, positions, rotary, wide[..., :width])
    if rotary.layout == "pairs":
        first, second = wide[..., 0:width:2], wide[..., 1:width:2]  # (..., n_tokens, pairs)
    else:
        first, second = wide[..., : width // 2], wide[..., width // 2 : width]
    parts = [first * cos - second * sin, first * sin + second * cos]
    if rotary.layout == "pairs":
        parts = [xp.reshape(xp.stack(parts, axis=-1), (*x.shape[:-1], width))]
    if width < x.shape[-1]:
        parts.append(wide[..., width:])
    result = parts[0] if len(parts) == 1 else xp.concat(parts, axis=-1)
    return xp.astype(result, x.dtype, copy=False)


def places(xp, start, stop, x):
    """Positions start, ..., stop - 1 for rows of `x`."""
    if not _has_float64(xp):  # JAX would trace its own, and their angles would be off
        return array_api_compat.numpy.arange(start, stop)
    return xp.arange(start, stop, device=device_of(x))


def _waves(xp, positions, rotary, x):
    """Cosine and sine of each angle, in the dtype of `x` and worked out in float64.

    Both have the length that turned columns get, 1 but for YaRN.
    """
    length = 1.0 if rotary.scaling is None else rotary.scaling.attention_factor
    if _has_float64(xp):
        angles = _angles(xp, xp.astype(positions, xp.float64), x.shape[-1], rotary)
        return tuple(xp.astype(length * wave(angles), x.dtype) for wave in (xp.cos, xp.sin))
    np = array_api_compat.numpy
    try:
        positions = np.asarray(positions, dtype=np.float64)
    except TypeError:  # traced by a transformation
        raise TypeError(
            "positions are traced, and without 64-bit numbers their angles would be off: make the "
            "positions outside the traced function, or call "
            'jax.config.update("jax_enable_x64", True)'
        ) from None
    angles = _angles(np, positions, x.shape[-1], rotary)
    return tuple(xp.asarray(length * wave(angles), dtype=x.dtype) for wave in (np.cos, np.sin))


def _has_float64(xp):
    """JAX turns float64 into float32, unless told otherwise."""
    return not is_jax_namespace(xp) or "float64" in xp.__array_namespace_info__().dtypes()


def _angles(xp, positions, width, rotary):
    """How far each pair has turned at each position, in radians: `(..., n_tokens, pairs)`."""
    return positions[..., None] * _frequencies(xp, width, rotary, device_of(positions))


def _frequencies(xp, width, rotary, device=None):
    """How far each pair turns at each step, where `width` columns are turned: `(pairs,)`."""
    column = xp.arange(0, width, 2, dtype=xp.float64, device=device)
    frequencies = rotary.base ** (-column / width)
    if rotary.scaling is None:
        return frequencies
    return rotary.scaling.scaled(xp, frequencies, rotary.base, width)
