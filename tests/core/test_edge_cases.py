"""Empty rows, hidden NaN, large scores, no tokens: each has a stated result."""

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from tests.core.strategies import SEEDS, attention_arguments, normal, visible

LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
WILD = st.sampled_from([np.nan, np.inf, -np.inf])


def outputs(library, q, k, v, mask=None, causal=False):
    mask = None if mask is None else library(mask)
    arrays = [library(array) for array in (q, k, v)]
    trace = al.trace_attention(*arrays, mask, causal)
    return np.asarray(al.attention(*arrays, mask, causal)), np.asarray(trace.output)


@every_library
@pytest.mark.parametrize("leading", [(), (2, 2)])
def test_a_query_with_nothing_to_attend_to_gets_zero(library, leading):
    q, k, v = normal(0, *leading, 3, 4), normal(1, *leading, 5, 4), normal(2, *leading, 5, 4)
    mask = np.ones((3, 5), bool)
    mask[1] = False
    for output in outputs(library, q, k, v, mask):
        assert (output[..., 1, :] == 0).all()
        assert np.allclose(output[..., [0, 2], :], outputs(library, q, k, v)[1][..., [0, 2], :])
    trace = al.trace_attention(library(q), library(k), library(v), library(mask))
    assert (np.asarray(trace.weights)[..., 1, :] == 0).all()
    assert (np.asarray(trace.scores)[..., 1, :] == -np.inf).all()


@every_library
@pytest.mark.parametrize("leading", [(), (2,), (2, 2)])
def test_no_keys_give_zero_and_no_queries_give_nothing(library, leading):
    q, none = normal(0, *leading, 3, 4), normal(1, *leading, 0, 4)
    for output in outputs(library, q, none, none):
        assert output.shape == q.shape
        assert (output == 0).all()
    for output in outputs(library, none, q, q, causal=True) + outputs(library, none, none, none):
        assert output.shape == none.shape


@every_library
@pytest.mark.parametrize("causal", [False, True])
def test_one_token_attends_to_itself(library, causal):
    x, v = normal(0, 1, 4), normal(1, 1, 3)
    for output in outputs(library, x, x, v, causal=causal):
        assert np.array_equal(output, v)


@every_library
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_scores_pick_the_best_key(library, dtype):
    q = np.array([[1e4, 0], [0, 1e4]], dtype)
    for output in outputs(library, q, np.eye(2, dtype=dtype), np.eye(2, dtype=dtype) * 3):
        assert output.tolist() == [[3, 0], [0, 3]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_survives_scores_beyond_its_range(dtype):
    q, k = torch.eye(2) * 3e4, torch.eye(2) * 100
    output = al.attention(*(a.to(dtype) for a in (q, k, torch.eye(2))))
    assert output.tolist() == [[1, 0], [0, 1]]


@every_library
@given(arguments=attention_arguments(), wild=WILD, seed=SEEDS)
def test_what_is_hidden_reaches_nobody(library, arguments, wild, seed):
    """Plant a wild number in one key and one value: only those who may see it get NaN."""
    q, k, v, options = arguments
    expected, seen = al.trace_attention(q, k, v, **options).output, visible(q, k, **options)
    if options["mask"] is None and not options["causal"]:
        return
    rng = np.random.default_rng(seed)
    key, column = rng.integers(k.shape[-2]), rng.integers(v.shape[-1])
    wild_k, wild_v = k.copy(), v.copy()
    wild_k[..., key, rng.integers(k.shape[-1])] = wild
    wild_v[..., key, column] = wild
    with np.errstate(invalid="ignore"):
        for output in outputs(library, q, wild_k, v, **options):
            assert np.allclose(output[~seen[..., key]], expected[~seen[..., key]], atol=1e-12)
        for output in outputs(library, q, k, wild_v, **options):
            assert np.allclose(output[~seen[..., key]], expected[~seen[..., key]], atol=1e-12)
            others = np.arange(v.shape[-1]) != column
            assert np.allclose(output[..., others], expected[..., others], atol=1e-12)
            assert not np.isfinite(output[..., column][seen[..., key]]).any()


@every_library
def test_nan_that_may_be_seen_is_seen(library):
    q, k, v = normal(0, 3, 4), normal(1, 4, 4), normal(2, 4, 2)
    k[3, 0] = np.nan
    for options in ({}, {"causal": True}, {"mask": np.ones((3, 4), bool)}):
        sees = visible(q, k, options.get("mask"), "causal" in options)[:, 3]
        for output in outputs(library, q, k, v, **options):
            assert np.array_equal(np.isnan(output).all(axis=1), sees)
            assert np.array_equal(np.isnan(output).any(axis=1), sees)


@every_library
def test_an_infinite_value_without_a_mask_goes_where_arithmetic_takes_it(library):
    v = np.array([[np.inf, 1.0], [0.0, 1.0]])
    for output in outputs(library, normal(0, 2, 3), normal(1, 2, 3), v):
        assert np.allclose(output, [[np.inf, 1], [np.inf, 1]])


def hidden_gradients(function, wild, plant, leading):
    """Gradients of the first query's output, where a later key, value or query is wild."""
    arrays = {name: normal(i, *leading, 3, 2) for i, name in enumerate("qkv")}
    clean = {name: array.copy() for name, array in arrays.items()}
    arrays[plant][..., 2, 0] = wild
    results = []
    for group in (arrays, clean):
        tensors = [torch.tensor(group[name], requires_grad=True) for name in "qkv"]
        mask = torch.tensor([[True, True, False]] * 2 + [[False, False, False]])
        function(*tensors, mask)[..., 0, :].sum().backward()
        results.append([tensor.grad for tensor in tensors])
    return results


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("plant", ["q", "k", "v"])
@pytest.mark.parametrize("leading", [(), (1, 2)])
@pytest.mark.parametrize("name", ["attention", "trace"])
def test_what_is_hidden_reaches_no_gradient(wild, plant, leading, name):
    function = {
        "attention": al.attention,
        "trace": lambda *a: al.trace_attention(*a).output,
    }[name]
    with_wild, without = hidden_gradients(function, wild, plant, leading)
    for gradient, expected in zip(with_wild, without, strict=True):
        assert torch.allclose(gradient, expected, atol=1e-12)


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("plant", [0, 1, 2])
@pytest.mark.parametrize("leading", [(), (1, 2)])
def test_the_future_reaches_no_gradient_of_the_past(wild, plant, leading):
    results = []
    for number in (wild, 0.5):
        tensors = [torch.tensor(normal(i, *leading, 3, 1)).abs() for i in range(3)]
        tensors[plant][..., 2, 0] = number
        for tensor in tensors:
            tensor.requires_grad_()
        output = al.attention(*tensors, causal=True)[..., :2, :]
        output.sum().backward()
        results.append([output, *(tensor.grad for tensor in tensors)])
    for with_wild, without in zip(*results, strict=True):
        assert torch.allclose(with_wild, without, atol=1e-12)


@pytest.mark.parametrize("name", ["attention", "trace"])
@pytest.mark.parametrize("n_keys", [0, 4])
@pytest.mark.parametrize("leading", [(), (2, 2)])
def test_empty_rows_have_finite_gradients(name, n_keys, leading):
    sizes = (3, n_keys, n_keys)
    tensors = [
        torch.tensor(normal(i, *leading, n, 2), requires_grad=True) for i, n in enumerate(sizes)
    ]
    mask = torch.zeros(3, n_keys, dtype=torch.bool)
    mask[0] = True
    if name == "attention":
        output = al.attention(*tensors, mask)
    else:
        output = al.trace_attention(*tensors, mask).output
    (output**2).sum().backward()
    for tensor in tensors:
        assert tensor.grad.isfinite().all()
    assert (tensors[0].grad[..., 1:, :] == 0).all()
    assert n_keys == 0 or (tensors[2].grad != 0).all()
