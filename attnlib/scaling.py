"""How rotary frequencies are scaled, so that a model reads texts longer than those it learned from.

A frequency is the angle in radians that a pair of columns is turned by at each step. Every scaling
here takes those of `al.rotate` to others, by the number of each pair alone.
"""

import math
from dataclasses import dataclass

from array_api_compat import device as device_of

from attnlib._arguments import check_count, check_flag, check_number


@dataclass(frozen=True)
class LinearScaling:
    """Position interpolation: every frequency divided by `factor`, as if positions were.

    A text `factor` times as long then has no angle that a model has not seen.

    Raises `TypeError` for what is no number, `ValueError` for a factor that is not positive.

    Source: Chen et al. (2023), "Extending context window of large language models via positional
    interpolation", equation 4. In a config.json: `"rope_type": "linear"`.

    >>> from attnlib.positions import Rotary
    >>> Rotary(base=100, scaling=LinearScaling(4)).frequencies(4).round(4).tolist()
    [0.25, 0.025]
    """

    factor: float
    attention_factor = 1.0  # turned columns keep their lengths

    def __post_init__(self):
        _keep_numbers(self, "factor")

    def scaled(self, xp, frequencies, base, width):
        """These frequencies, one for each pair of `width` columns, as the scaling has them."""
        return frequencies / self.factor


@dataclass(frozen=True)
class NTKScaling:
    """NTK-aware scaling: a greater base, by which the slowest pair alone is slowed by `factor`.

    The base is multiplied by `factor ** (n / (n - 2))`, where n columns are turned. The fastest
    pair stays as it is, and the others are slowed the more, the slower they are.

    Raises `TypeError` for what is no number, `ValueError` for a factor that is not positive.

    Source: Peng et al. (2024), "YaRN: Efficient context window extension of large language
    models", section 3.1, after a note by bloc97 (2023). What a config.json calls "dynamic" takes
    another factor for each length.

    >>> from attnlib.positions import Rotary
    >>> Rotary(base=100, scaling=NTKScaling(4)).frequencies(4).round(4).tolist()
    [1.0, 0.025]
    """

    factor: float
    attention_factor = 1.0  # turned columns keep their lengths

    def __post_init__(self):
        _keep_numbers(self, "factor")

    def scaled(self, xp, frequencies, base, width):
        """These frequencies, one for each pair of `width` columns, as the scaling has them."""
        return frequencies * self.factor ** (-2 * _pairs(xp, frequencies) / max(width - 2, 1))


@dataclass(frozen=True)
class YarnScaling:
    """YaRN: slow pairs as in `LinearScaling`, fast ones as they are, and larger scores.

    Pairs that turn more than `beta_fast` times within the length that the model learned from,
    `original_max_position_embeddings`, stay as they are; those that turn less than `beta_slow`
    times are slowed by `factor`; between these the share of the two changes evenly from pair to
    pair. The ends of that range are rounded outwards to whole pairs, unless `truncate=False`.

    Turned columns of queries and keys are multiplied by `attention_factor`, so that scores grow by
    its square: `0.1 * log(factor) + 1`, unless given.

    Raises `TypeError` for what is no number, `ValueError` for numbers that are not positive.

    Source: Peng et al. (2024), "YaRN: Efficient context window extension of large language
    models", sections 3.2 and 3.4, equation 22; the range by pairs, as in its authors' code and in
    checkpoints. In a config.json: `"rope_type": "yarn"`.

    >>> from attnlib.positions import Rotary
    >>> scaling = YarnScaling(4, original_max_position_embeddings=2048)
    >>> Rotary(scaling=scaling).frequencies(8).round(5).tolist()
    [1.0, 0.1, 0.00625, 0.00025]
    >>> round(scaling.attention_factor, 4)
    1.1386
    """

    factor: float
    original_max_position_embeddings: int
    attention_factor: float | None = None
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    truncate: bool = True

    def __post_init__(self):
        check_flag("truncate", self.truncate)
        if self.attention_factor is None:
            _keep_numbers(self, "factor")
            object.__setattr__(self, "attention_factor", 0.1 * math.log(max(self.factor, 1)) + 1)
        _keep_numbers(self, "factor", "attention_factor", "beta_fast", "beta_slow")
        _check_length(self)

    def scaled(self, xp, frequencies, base, width):
        """These frequencies, one for each pair of `width` columns, as the scaling has them."""
        first, last = (
            self._pair_that_turns(n, base, width) for n in (self.beta_fast, self.beta_slow)
        )
        if self.truncate:
            first, last = math.floor(first), math.ceil(last)
        first = max(first, 0)
        last = max(min(last, width - 1), first)
        share = (_pairs(xp, frequencies) - first) / (last - first if last != first else 0.001)
        share = _between_0_and_1(xp, share)
        return frequencies / self.factor * share + frequencies * (1 - share)

    def _pair_that_turns(self, times, base, width):
        """Which pair, as a fraction, turns so many times within the original length."""
        step = 2 * math.pi * times / self.original_max_position_embeddings
        return -width * math.log(step) / (2 * math.log(base))


@dataclass(frozen=True)
class Llama3Scaling:
    """Llama 3.1's: slow pairs as in `LinearScaling`, fast ones as they are, by their wavelengths.

    A pair with a wavelength (of one whole turn, in tokens) above L / `low_freq_factor` is slowed by
    `factor`; one below L / `high_freq_factor` stays as it is, where L is
    `original_max_position_embeddings`, the length that the model learned from. Between these the
    share of the two changes evenly with L / wavelength.

    Raises `TypeError` for what is no number, `ValueError` for numbers that are not positive, and
    where `high_freq_factor` is not the greater of the two.

    Source: Meta (2024), `apply_scaling` in the code of Llama 3.1. In a config.json:
    `"rope_type": "llama3"`.

    >>> from attnlib.positions import Rotary
    >>> scaling = Llama3Scaling(8, original_max_position_embeddings=8192)
    >>> Rotary(base=500_000, scaling=scaling).frequencies(8).round(6).tolist()
    [1.0, 0.037606, 0.000525, 7e-06]
    """

    factor: float
    original_max_position_embeddings: int
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    attention_factor = 1.0

    def __post_init__(self):
        _keep_numbers(self, "factor", "low_freq_factor", "high_freq_factor")
        _check_length(self)
        if self.high_freq_factor <= self.low_freq_factor:
            raise ValueError(
                f"high_freq_factor is {self.high_freq_factor} and low_freq_factor is "
                f"{self.low_freq_factor}, but the first must be the greater one"
            )

    def scaled(self, xp, frequencies, base, width):
        """These frequencies, one for each pair of `width` columns, as the scaling has them."""
        turns = self.original_max_position_embeddings * frequencies / (2 * math.pi)
        share = (turns - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor)
        share = _between_0_and_1(xp, share)
        return frequencies / self.factor * (1 - share) + frequencies * share


SCALINGS = (LinearScaling, NTKScaling, YarnScaling, Llama3Scaling)
FIELDS = sorted({name for kind in SCALINGS for name in kind.__dataclass_fields__})


def scaling_from_config(parameters, length):
    """The scaling that `parameters` ask for, "rope_parameters" or "rope_scaling" of a config.json.

    `length` is the model's "max_position_embeddings", where they do not name the original one.
    """
    kind = parameters.get("rope_type", parameters.get("type", "default"))
    known = {name: parameters[name] for name in FIELDS if parameters.get(name) is not None}
    if kind == "default":
        return None
    if kind == "linear":
        return LinearScaling(known["factor"])
    if kind not in ("yarn", "llama3"):
        raise ValueError(
            f"positions are turned by a rule of the kind {kind!r} (rope_type), but al.Rotary knows "
            'only "default", "linear", "yarn" and "llama3"'
        )
    known.setdefault("original_max_position_embeddings", length)
    if kind == "llama3":
        return Llama3Scaling(**known)
    shares = parameters.get("mscale"), parameters.get("mscale_all_dim")
    if "attention_factor" not in known and all(shares):
        more = math.log(max(known["factor"], 1)) / 10
        known["attention_factor"] = (more * shares[0] + 1) / (more * shares[1] + 1)
    return YarnScaling(**known)


def check_scaling(scaling, base):
    """`scaling` is one of these, or None, and has a meaning for this base."""
    if isinstance(scaling, YarnScaling) and base <= 1:
        raise ValueError(f"base is {base}, but YaRN needs pairs that get slower: one above 1")
    if scaling is not None and not isinstance(scaling, SCALINGS):
        names = ", ".join(f"al.{kind.__name__}" for kind in SCALINGS)
        raise TypeError(f"scaling is {scaling!r}, but None or one of these is expected: {names}")


def _pairs(xp, frequencies):
    return xp.arange(frequencies.shape[0], dtype=xp.float64, device=device_of(frequencies))


def _between_0_and_1(xp, share):
    share = xp.where(share > 0, share, xp.zeros_like(share))
    return xp.where(share < 1, share, xp.ones_like(share))


def _keep_numbers(scaling, *names):
    """The fields of these names are positive numbers, and kept as floats."""
    for name in names:
        number = check_number(name, getattr(scaling, name))
        if number <= 0:
            raise ValueError(f"{name} is {number}, but it must be greater than 0")
        object.__setattr__(scaling, name, number)


def _check_length(scaling):
    name = "original_max_position_embeddings"
    if check_count(name, getattr(scaling, name)) == 0:
        raise ValueError(f"{name} is 0, but the length of a text is expected, in tokens")
