import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from tests.core.strategies import SEEDS, normal

D_MODEL, D_CONTEXT, D_HEAD, D_VALUE = 5, 4, 2, 3
SHAPES = {
    "w_q": (D_MODEL, D_HEAD),
    "w_k": (D_MODEL, D_HEAD),
    "w_v": (D_MODEL, D_VALUE),
    "w_o": (D_VALUE, D_MODEL),
}
BIASES = {"b_q": (D_HEAD,), "b_k": (D_HEAD,), "b_v": (D_VALUE,), "b_o": (D_MODEL,)}
CROSS = SHAPES | {"w_k": (D_CONTEXT, D_HEAD), "w_v": (D_CONTEXT, D_VALUE)}


def random_weights(seed, shapes):
    return {name: normal(seed + i, *shape) for i, (name, shape) in enumerate(shapes.items())}


def delta_by_hand(w, x, context, seen):
    bias = {name: w.get(name, 0) for name in BIASES}
    queries = x @ w["w_q"] + bias["b_q"]
    keys = context @ w["w_k"] + bias["b_k"]
    values = context @ w["w_v"] + bias["b_v"]
    weights = np.where(seen, np.exp(queries @ keys.T / np.sqrt(D_HEAD)), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ values @ w["w_o"] + bias["b_o"]


@given(SEEDS, st.integers(1, 6), st.booleans(), st.booleans())
def test_delta_is_what_the_matrices_say(seed, n_tokens, causal, biased):
    w = random_weights(seed, SHAPES | (BIASES if biased else {}))
    x = normal(seed + 20, n_tokens, D_MODEL)
    seen = np.tri(n_tokens, dtype=bool) if causal else True
    delta = al.Head(**w)(x, causal=causal)
    assert np.allclose(delta, delta_by_hand(w, x, x, seen), atol=1e-10)


@given(SEEDS, st.integers(1, 5), st.booleans())
def test_keys_and_values_come_from_the_context(seed, n_keys, biased):
    w = random_weights(seed, CROSS | (BIASES if biased else {}))
    x, context = normal(seed + 20, 3, D_MODEL), normal(seed + 21, n_keys, D_CONTEXT)
    mask = np.random.default_rng(seed).random((3, n_keys)) < 0.5
    mask[:, 0] = True
    expected = delta_by_hand(w, x, context, mask)
    assert np.allclose(al.Head(**w)(x, context=context, mask=mask), expected, atol=1e-10)


@given(SEEDS, st.booleans(), st.booleans())
def test_trace_holds_every_step(seed, causal, biased):
    w = random_weights(seed, SHAPES | (BIASES if biased else {}))
    x = normal(seed + 20, 2, 4, D_MODEL)
    head = al.Head(**w)
    trace = head.trace(x, causal=causal)
    assert np.allclose(trace.queries, x @ w["w_q"] + w.get("b_q", 0))
    assert np.allclose(trace.keys, x @ w["w_k"] + w.get("b_k", 0))
    assert np.allclose(trace.values, x @ w["w_v"] + w.get("b_v", 0))
    steps = al.trace_attention(trace.queries, trace.keys, trace.values, causal=causal)
    assert np.array_equal(trace.scores, steps.scores)
    assert np.array_equal(trace.weights, steps.weights)
    assert np.array_equal(trace.mixed, steps.output)
    assert np.allclose(trace.delta, trace.mixed @ w["w_o"] + w.get("b_o", 0))
    assert np.allclose(head(x, causal=causal), trace.delta, atol=1e-12)


@given(SEEDS)
def test_the_bilinear_form_gives_the_scores(seed):
    head = al.Head(**random_weights(seed, CROSS))
    x, context = normal(seed + 20, 3, D_MODEL), normal(seed + 21, 4, D_CONTEXT)
    expected = x @ head.qk @ context.T / np.sqrt(D_HEAD)
    assert np.allclose(head.trace(x, context).scores, expected, atol=1e-12)


@given(SEEDS)
def test_the_value_map_gives_the_delta(seed):
    head = al.Head(**random_weights(seed, SHAPES))
    x = normal(seed + 20, 4, D_MODEL)
    trace = head.trace(x)
    assert np.allclose(trace.weights @ x @ head.ov, trace.delta, atol=1e-10)


@given(SEEDS)
def test_both_maps_are_of_low_rank(seed):
    head = al.Head(**random_weights(seed, SHAPES))
    assert np.linalg.matrix_rank(head.qk) == D_HEAD
    assert np.linalg.matrix_rank(head.ov) == D_VALUE


@given(SEEDS)
def test_without_positions_reordering_tokens_reorders_deltas(seed):
    head = al.Head(**random_weights(seed, SHAPES | BIASES))
    x, order = normal(seed + 20, 6, D_MODEL), np.random.default_rng(seed).permutation(6)
    assert np.allclose(head(x[order]), head(x)[order], atol=1e-12)


def test_an_empty_row_adds_the_output_bias_alone():
    w = random_weights(0, SHAPES | BIASES)
    mask = np.array([[False, False], [True, True]])
    delta = al.Head(**w)(normal(20, 2, D_MODEL), mask=mask)
    assert np.array_equal(delta[0], w["b_o"])
    del w["b_o"]
    assert (al.Head(**w)(normal(20, 2, D_MODEL), mask=mask)[0] == 0).all()


def test_gradients_reach_the_weights():
    w = {n: torch.tensor(a, requires_grad=True) for n, a in random_weights(0, SHAPES).items()}
    head, x = al.Head(**w), torch.tensor(normal(20, 4, D_MODEL))
    head(x, causal=True).square().sum().backward()
    step = 1e-6
    for name, weight in w.items():
        nudged = {n: t.detach().clone() for n, t in w.items()}
        nudged[name][1, 1] += step
        change = (
            al.Head(**nudged)(x, causal=True).square().sum() - head(x, causal=True).square().sum()
        )
        assert weight.grad[1, 1].item() == pytest.approx(change.item() / step, rel=1e-3)


def test_a_head_cannot_be_changed_and_shows_its_shapes():
    head = al.Head(**random_weights(0, SHAPES))
    with pytest.raises(AttributeError):
        head.w_q = head.w_k
    assert repr(head) == "Head(w_q=(5, 2), w_k=(5, 2), w_v=(5, 3), w_o=(3, 5))"
    biased = al.Head(**random_weights(0, SHAPES), b_o=normal(1, D_MODEL))
    assert repr(biased).endswith("w_o=(3, 5), b_o=(5,))")


def test_nothing_changes_its_inputs():
    w, x = random_weights(0, SHAPES | BIASES), normal(20, 4, D_MODEL)
    before = {name: array.copy() for name, array in w.items()} | {"x": x.copy()}
    head = al.Head(**w)
    head(x, causal=True)
    head.trace(x)
    for name, array in (w | {"x": x}).items():
        assert np.array_equal(array, before[name])


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"w_k": normal(0, 5, 3)},
            ValueError,
            r"w_q has 2 columns but w_k has 3 columns \(d_head\)",
        ),
        ({"w_o": normal(0, 2, 5)}, ValueError, r"w_v has 3 columns but w_o has 2 rows \(d_value\)"),
        ({"w_v": normal(0, 4, 3)}, ValueError, r"w_k has 5 rows but w_v has 4 rows \(d_model\)"),
        ({"w_q": normal(0, 5)}, ValueError, r"w_q has shape \(5,\), but a matrix \(two axes\)"),
        ({"w_q": None}, TypeError, "w_q is a NoneType, not an array"),
        ({"w_q": [[1.0]]}, TypeError, r"w_q is a list, not an array: pass np\.asarray\(w_q\)"),
        ({"w_o": np.ones((3, 5), int)}, TypeError, "w_o has dtype int64 but w_q has dtype float64"),
        ({"b_q": normal(0, 3)}, ValueError, r"b_q has shape \(3,\) but w_q has 2 columns"),
        ({"b_o": normal(0, 1, 5)}, ValueError, r"b_o has shape \(1, 5\).*\(5,\) is expected"),
        ({"b_v": torch.zeros(3)}, TypeError, "b_v is torch.Tensor: pass arrays .* one library"),
    ],
)
def test_says_which_weights_do_not_fit(changes, error, message):
    with pytest.raises(error, match=message):
        al.Head(**random_weights(0, SHAPES) | changes)


@pytest.mark.parametrize(
    ("tokens", "error", "message"),
    [
        ({"x": normal(0, 2, 4)}, ValueError, r"w_q has 5 rows but x has 4 columns \(d_model\)"),
        ({"x": normal(0, 5)}, ValueError, r"x has shape \(5,\), but \(\.\.\., n_tokens, d_model\)"),
        ({"context": normal(0, 2, 3)}, ValueError, r"w_k has 5 rows but context has 3 columns"),
        (
            {"x": normal(0, 2, 5, dtype="float32")},
            TypeError,
            "x has dtype float32 but w_q has dtype float64",
        ),
        ({"x": [[1.0] * 5]}, TypeError, "x is a list"),
        ({"mask": np.ones((2, 2))}, TypeError, "mask has dtype float64.*True = may attend"),
        ({"context": normal(0, 1, 5), "causal": True}, ValueError, "2 queries but 1 keys"),
    ],
)
def test_says_which_tokens_do_not_fit(tokens, error, message):
    head = al.Head(**random_weights(0, SHAPES))
    for call in (head, head.trace):
        with pytest.raises(error, match=message):
            call(**{"x": normal(0, 2, 5)} | tokens)


def test_says_that_x_does_not_fit_keys_of_another_width():
    with pytest.raises(ValueError, match=r"w_k has 4 rows but x has 5 columns \(d_model\)"):
        al.Head(**random_weights(0, CROSS))(normal(0, 2, D_MODEL))
