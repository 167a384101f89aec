"""Scaled frequencies: by the formula of each paper, and by the numbers of a well-known library.

The kept numbers are what `ROPE_INIT_FUNCTIONS` of transformers 5.24.0 gives, in float32, for 16
columns and, unless said otherwise, the base 10,000.
"""

import math
from types import SimpleNamespace

import array_api_strict as strict
import numpy as np
import pytest
import torch

import attnlib as al
from attnlib.scaling import scaling_from_config
from tests.core.strategies import normal

LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}
LENGTH = {"original_max_position_embeddings": 2048}
YARN = al.YarnScaling(4, **LENGTH)
LLAMA = al.Llama3Scaling(8, original_max_position_embeddings=8192)
SCALINGS = (al.LinearScaling(4), al.NTKScaling(4), YARN, LLAMA)

KEPT = [
    (
        {"rope_type": "linear", "factor": 4.0},
        10_000,
        [0.25, 0.079056941, 0.025, 0.0079056947, 0.0025, 0.00079056947, 0.00025, 7.9056947e-05],
        1.0,
    ),
    (
        {"type": "yarn", "factor": 4.0, **LENGTH},
        10_000,
        [1, 0.316227764, 0.1, 0.025693506, 0.00625, 0.00138349656, 0.00025, 7.90569466e-05],
        1.138629436111989,
    ),
    (  # the numbers of gpt-oss
        {
            "rope_type": "yarn",
            "factor": 32.0,
            "original_max_position_embeddings": 4096,
            "truncate": False,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
        },
        150_000,
        [
            1,
            0.225418,
            0.050813273,
            0.00679495931,
            0.00045648392,
            1.8188337e-05,
            4.0999785e-06,
            9.2420896e-07,
        ],
        1.3465735902799727,
    ),
    (  # the numbers of DeepSeek-V2
        {
            "rope_type": "yarn",
            "factor": 40.0,
            "original_max_position_embeddings": 4096,
            "mscale": 1.0,
            "mscale_all_dim": 0.707,
        },
        10_000,
        [1, 0.316227764, 0.1, 0.0239147246, 0.00512499968, 0.000849862176, 2.5e-05, 7.90569447e-06],
        1.0857263992561355,
    ),
    (  # the numbers of Llama 3.1
        {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        500_000,
        [
            1,
            0.193922758,
            0.0376060307,
            0.00729266508,
            0.000524846022,
            3.42810235e-05,
            6.64786967e-06,
            1.28917316e-06,
        ],
        1.0,
    ),
]


@pytest.mark.parametrize(("config", "base", "frequencies", "attention_factor"), KEPT)
def test_scalings_are_those_of_checkpoints(config, base, frequencies, attention_factor):
    scaling = scaling_from_config(config, None)
    found = al.Rotary(base, scaling=scaling).frequencies(16)
    assert np.allclose(found, frequencies, rtol=1e-6, atol=0)
    assert scaling.attention_factor == pytest.approx(attention_factor, rel=1e-12)


def test_ntk_is_that_of_checkpoints_at_four_times_the_length():
    """Where transformers 5.24.0 is "dynamic", with a factor of 1 at 4 times 2,048 tokens."""
    expected = [1, 0.259412825, 0.0672950074, 0.017457189, 0.00452861842, 0.00117478159]
    expected += [0.000304753397, 7.90569466e-05]
    found = al.Rotary(scaling=al.NTKScaling(4)).frequencies(16)
    assert np.allclose(found, expected, rtol=1e-6, atol=0)
    assert np.allclose(found, al.Rotary(10_000 * 4 ** (16 / 14)).frequencies(16), rtol=1e-12)
    assert found[-1] == pytest.approx(al.Rotary().frequencies(16)[-1] / 4)


def by_formula(scaling, pair, base, width):
    """One frequency, as the paper or code that each docstring names has it."""
    plain = base ** (-2 * pair / width)
    length = getattr(scaling, "original_max_position_embeddings", None)
    if isinstance(scaling, al.Llama3Scaling):
        turns = length * plain / (2 * math.pi)
        if turns >= 4:
            return plain
        return (
            plain / 8 if turns <= 1 else (1 - (turns - 1) / 3) * plain / 8 + (turns - 1) / 3 * plain
        )
    if isinstance(scaling, al.YarnScaling):
        ends = [width * math.log(length / (2 * math.pi * n)) / 2 / math.log(base) for n in (32, 1)]
        start, stop = max(math.floor(ends[0]), 0), min(math.ceil(ends[1]), width - 1)
        share = min(max((pair - start) / (stop - start), 0), 1)
        return share * plain / 4 + (1 - share) * plain
    return plain / 4


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
@pytest.mark.parametrize("scaling", [s for s in SCALINGS if not isinstance(s, al.NTKScaling)])
@pytest.mark.parametrize("base", [10_000, 500_000])
def test_columns_are_turned_by_the_scaled_angles(library, scaling, base):
    """Neighbours as complex numbers; two columns of ten are left as they are."""
    x, positions = normal(0, 2, 3, 10), np.array([0, 7, 100_000])
    how = {"base": base, "n_rotated": 8, "scaling": scaling}
    found = np.asarray(al.rotate(library(x), library(positions), **how))
    assert np.array_equal(found[..., 8:], x[..., 8:])
    for pair in range(4):
        numbers = x[..., 2 * pair] + 1j * x[..., 2 * pair + 1]
        turns = np.exp(1j * positions * by_formula(scaling, pair, base, 8))
        expected = scaling.attention_factor * numbers * turns
        assert np.allclose(
            found[..., 2 * pair] + 1j * found[..., 2 * pair + 1], expected, atol=1e-9
        )


def test_linear_scaling_is_turning_by_positions_in_between():
    x, positions = normal(0, 3, 8), np.array([0, 5, 4000])
    scaled = al.rotate(x, positions, layout="halves", scaling=al.LinearScaling(4))
    assert np.allclose(scaled, al.rotate(x, positions / 4, layout="halves"), atol=1e-12)


def test_a_block_turns_by_scaled_angles_and_yarn_makes_its_scores_larger():
    arrays = [normal(i, *shape) for i, shape in enumerate([(2, 6, 4)] * 3 + [(2, 4, 6)])]
    x, rotary = normal(5, 3, 6), al.Rotary(scaling=YARN)
    trace = al.MultiHead(*arrays, rotary=rotary).trace(x)
    plain = al.MultiHead(*arrays).trace(x)
    for name in ("queries", "keys"):
        expected = al.rotate(getattr(plain, name), np.arange(3), scaling=YARN)
        assert np.allclose(getattr(trace, name), expected, atol=1e-12)
    ratio = np.diagonal(trace.scores, axis1=-2, axis2=-1) / np.diagonal(
        plain.scores, axis1=-2, axis2=-1
    )
    assert np.allclose(ratio, YARN.attention_factor**2)


def test_few_columns_and_short_lengths_have_frequencies():
    for scaling in (*SCALINGS, al.YarnScaling(4, 2), al.YarnScaling(0.5, 100_000)):
        for width in (0, 2, 4):
            found = al.Rotary(scaling=scaling).frequencies(width)
            assert found.shape == (width // 2,)
            assert (found > 0).all() and np.isfinite(found).all()


@pytest.mark.parametrize("scaling", SCALINGS)
def test_transformations_give_the_same(scaling):
    x, positions = torch.tensor(normal(0, 2, 5, 8)), torch.arange(5)
    batched = torch.func.vmap(lambda x: al.rotate(x, positions, scaling=scaling))(x)
    assert torch.allclose(batched, al.rotate(x, positions, scaling=scaling), atol=1e-12)
    assert al.rotate(x.to("meta"), positions.to("meta"), scaling=scaling).is_meta


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")
@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_compiler_reads_it(scaling):
    x, positions = torch.tensor(normal(0, 2, 5, 8)), torch.arange(5)

    def turn(x):
        return al.rotate(x, positions, scaling=scaling)

    compiled = torch.compile(turn, fullgraph=True, backend="eager", dynamic=True)
    assert torch.allclose(compiled(x), turn(x), atol=1e-12)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: al.Rotary(scaling="yarn"), TypeError, "scaling is 'yarn', but .*al.YarnScaling"),
        (lambda: al.Rotary(scaling=4), TypeError, "scaling is 4, but None or one of these"),
        (lambda: al.LinearScaling(0), ValueError, "factor is 0.0, but it must be greater than 0"),
        (lambda: al.NTKScaling("4"), TypeError, "factor is a str, but a number"),
        (lambda: al.YarnScaling(4, 0), ValueError, "original_max_position_embeddings is 0, but"),
        (lambda: al.YarnScaling(4, 9.5), TypeError, "_embeddings is a float, but a whole number"),
        (lambda: al.YarnScaling(4, 9, truncate=1), TypeError, "truncate is a int, but True or"),
        (lambda: al.Rotary(1, scaling=YARN), ValueError, "base is 1.0, but YaRN needs"),
        (
            lambda: al.Llama3Scaling(8, 8192, 4, 4),
            ValueError,
            "high_freq_factor is 4.0 and low_freq_factor is 4.0, but the first must be",
        ),
        (
            lambda: scaling_from_config({"rope_type": "longrope", "factor": 2}, 8),
            ValueError,
            r"kind 'longrope' \(rope_type\), but al.Rotary knows only",
        ),
    ],
)
def test_says_what_is_wrong(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_layers_of_transformers_bring_their_scaling():
    from attnlib._checkpoints import _rotary

    config = SimpleNamespace(
        rope_scaling=KEPT[-1][0], rope_theta=500_000, max_position_embeddings=131_072
    )
    found = _rotary(SimpleNamespace(config=config), 16)
    assert found == al.Rotary(500_000, "halves", None, LLAMA)
