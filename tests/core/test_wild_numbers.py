"""NaN and infinity in places that are seen, and in hidden ones: every backend, every path.

Without a mask they go where arithmetic takes them. Under one, whoever may see them gets NaN, and
nobody else notices.
"""

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from attnlib.attention import weights_and_output
from tests.core.strategies import SEEDS, attention_arguments, normal, visible

WILD = st.sampled_from([np.nan, np.inf, -np.inf])


def with_gradients(array):
    tensor = torch.asarray(array)
    return tensor.requires_grad_() if tensor.is_floating_point() else tensor


LIBRARIES = {
    "numpy": np.asarray,
    "torch": torch.asarray,
    "torch with gradients": with_gradients,
    "strict": strict.asarray,
}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)


def as_numpy(array):
    return array.detach().numpy() if isinstance(array, torch.Tensor) else np.asarray(array)


def outputs(library, q, k, v, mask=None, causal=False):
    """The output by each way there is to it, by name."""
    arrays = [library(array) for array in (q, k, v)]
    options = {"mask": None if mask is None else library(mask), "causal": causal}
    with np.errstate(invalid="ignore"):
        found = {
            "attention": al.attention(*arrays, **options),
            "trace": al.trace_attention(*arrays, **options).output,
            "block": weights_and_output(*arrays, **options)[-1],
        }
    return {name: as_numpy(output) for name, output in found.items()}


def by_arithmetic(q, k, v):
    """Attention without a mask, as NumPy computes it."""
    with np.errstate(invalid="ignore"):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        top = scores.max(axis=-1, keepdims=True)
        weights = np.exp(scores - np.where(top == -np.inf, 0, np.where(top == np.inf, np.nan, top)))
        total = weights.sum(axis=-1, keepdims=True)
        return weights / np.where(total == 0, 1, total) @ v


def by_rule(q, k, v, seen):
    """Under a mask: NaN for who sees a wild number, and for the others as if there were none."""
    sound = {name: np.where(np.isfinite(a), a, 0) for name, a in zip("qkv", (q, k, v), strict=True)}
    expected = al.trace_attention(*sound.values(), seen).output
    wild_q, wild_k = (~np.isfinite(a).all(axis=-1) for a in (q, k))
    wild_row = (seen & (wild_q[..., :, None] | wild_k[..., None, :])).any(axis=-1)[..., None]
    wild_mixture = np.einsum("...qk,...kv->...qv", seen.astype(int), ~np.isfinite(v)) > 0
    return np.where(wild_row | wild_mixture, np.nan, expected)


@every_library
@given(arguments=attention_arguments(), data=st.data())
def test_wild_numbers_go_where_they_are_seen(library, arguments, data):
    *arrays, options = arguments
    rng = np.random.default_rng(data.draw(SEEDS))
    for array in arrays:
        for _ in range(data.draw(st.integers(0, 2))):
            array[tuple(rng.integers(size) for size in array.shape)] = data.draw(WILD)
    if options["mask"] is None and not options["causal"]:
        expected = by_arithmetic(*arrays)
    else:
        expected = by_rule(*arrays, visible(*arrays[:2], **options))
    for name, output in outputs(library, *arrays, **options).items():
        assert np.allclose(output, expected, atol=1e-12, equal_nan=True), name


@every_library
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n_tokens", [1, 3, 17, 140])
@pytest.mark.parametrize("plant", [0, 1, 2])
def test_a_lone_nan_reaches_the_output(library, causal, n_tokens, plant):
    """In rows as long as PyTorch's kernel works on at a time, and in shorter ones."""
    arrays = [normal(i, n_tokens, 4) for i in range(3)]
    arrays[plant][0] = np.nan
    for name, output in outputs(library, *arrays, causal=causal).items():
        assert np.isnan(output[0]).all(), name
        assert np.isnan(output[1:]).all() == (plant > 0 or n_tokens == 1), name


@every_library
def test_a_lone_key_of_nan_gives_nan(library):
    q, k = normal(0, 3, 4), np.full((1, 4), np.nan)
    for name, output in outputs(library, q, k, normal(1, 1, 4)).items():
        assert np.isnan(output).all(), name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("causal", [False, True])
def test_a_nan_query_gives_nan_in_every_dtype(dtype, causal):
    x = torch.tensor(normal(0, 3, 4), dtype=dtype)
    q = x.clone()
    q[1] = torch.nan
    output = al.attention(q, x, x, causal=causal)
    assert output.isnan().all(dim=-1).tolist() == [False, True, False]


@pytest.mark.parametrize("make", [al.Head, al.MultiHead])
def test_a_context_of_nan_shows_in_what_a_head_adds(make):
    axes = () if make is al.Head else (2,)
    head = make(*(torch.tensor(normal(i, *axes, 4, 4)) for i in range(4)))
    x, context = torch.tensor(normal(5, 3, 4)), torch.full((1, 4), torch.nan).double()
    assert head(x, context).isnan().all()
    assert head.trace(x, context).delta.isnan().all()


@every_library
@pytest.mark.parametrize("causal", [False, True])
def test_scores_that_overflow_give_nan_and_not_0(library, causal):
    """Every score but those of the first query is +infinity."""
    q, k, v = np.full((3, 2), 1e200), np.full((3, 2), 1e200), normal(0, 3, 2)
    q[0] = 1
    with np.errstate(over="ignore"):
        for name, output in outputs(library, q, k, v, causal=causal).items():
            assert np.isnan(output[1:]).all(), name
            assert np.isfinite(output[0]).all(), name


@every_library
def test_scores_that_overflow_by_their_scale_are_hidden_and_seen_as_others_are(library):
    """Those of the first and third key are +infinity and hidden; the second's is -infinity."""
    q, k = np.full((3, 2), 1e100), 1e100 * np.array([[-1.0], [1.0], [-1.0]]).repeat(2, axis=1)
    arrays = [library(array) for array in (q, k, normal(0, 3, 2))]
    options = {"mask": library(np.tile([False, True, False], (3, 1))), "scale": -1e200}
    with np.errstate(over="ignore"):
        found = al.attention(*arrays, **options), al.trace_attention(*arrays, **options).output
    for output in map(as_numpy, found):
        np.testing.assert_array_equal(output, np.zeros((3, 2)))


@every_library
@pytest.mark.parametrize("causal", [False, True])
def test_large_values_do_not_overflow_before_they_are_weighed(library, causal):
    x, v = normal(0, 4, 2), np.full((4, 2), 1.5e308)
    for name, output in outputs(library, x, x, v, causal=causal).items():
        assert np.allclose(output, v, rtol=1e-12), name


@every_library
@pytest.mark.parametrize("scale", [0, -1, -1e-300, 1e-320])
@pytest.mark.parametrize("causal", [False, True])
def test_a_scale_that_is_not_positive_hides_as_much(library, scale, causal):
    q, k, v = (normal(i, 3, 2) for i in range(3))
    expected = by_rule(scale * np.sqrt(2) * q, k, v, np.tri(3, dtype=bool) | (not causal))
    arrays = [library(a) for a in (q, k, v)]
    for function in (al.attention, lambda *a, **o: al.trace_attention(*a, **o).output):
        output = as_numpy(function(*arrays, causal=causal, scale=scale))
        assert np.allclose(output, expected, atol=1e-12)
