"""What a `Head` promises (attnlib/exercises/promises.py), and what it says when misused."""

import numpy as np
import pytest
import torch
from hypothesis import given

import attnlib as al
from attnlib.exercises.promises import (
    CROSS,
    D_CONTEXT,
    D_HEAD,
    D_MODEL,
    D_VALUE,
    PROMISES,
    SHAPES,
    random_weights,
)
from tests.core.strategies import SEEDS, normal


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.id)
@given(seed=SEEDS)
def test_a_promise_is_kept(promise, seed):
    promise.holds(al.Head, seed)


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


def test_a_head_cannot_be_changed_and_shows_its_shapes():
    head = al.Head(**random_weights(0, SHAPES))
    with pytest.raises(AttributeError):
        head.w_q = head.w_k
    assert repr(head) == "Head(w_q=(5, 2), w_k=(5, 2), w_v=(5, 3), w_o=(3, 5))"
    biased = al.Head(**random_weights(0, SHAPES), b_o=normal(1, D_MODEL))
    assert repr(biased).endswith("w_o=(3, 5), b_o=(5,))")


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
