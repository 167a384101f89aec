"""Every complaint names the argument, what came, and what was expected."""

import array_api_strict as strict
import numpy as np
import pytest
import torch

import attnlib as al
from tests.core.strategies import normal

CASES = [
    ({"q": [[1.0]]}, TypeError, r"q is a list, not an array: pass np\.asarray\(q\)"),
    ({"v": None}, TypeError, "v is a NoneType, not an array"),
    ({"k": torch.zeros(3, 4)}, TypeError, "k is torch.Tensor.* arrays that all come from one"),
    ({"k": normal(1, 3, 4, dtype="float32")}, TypeError, "k has dtype float32 but q has dtype"),
    ({"q": np.ones((2, 4), int)}, TypeError, "q has dtype int64, but floating-point"),
    ({"q": normal(0, 4)}, ValueError, r"q has shape \(4,\), but \(\.\.\., n_queries, d_head\)"),
    ({"k": normal(0, 4)}, ValueError, r"k has shape \(4,\), but \(\.\.\., n_keys, d_head\)"),
    ({"v": normal(0, 3)}, ValueError, r"v has shape \(3,\), but \(\.\.\., n_keys, d_value\)"),
    ({"k": normal(0, 3, 5)}, ValueError, r"q has 4 columns but k has 5 columns \(d_head\)"),
    ({"v": normal(0, 2, 5)}, ValueError, r"v has 2 rows but k has 3 rows \(n_keys\)"),
    ({"q": np.ones((2, 0)), "k": np.ones((3, 0))}, ValueError, "d_head must be at least 1"),
    (
        {"q": normal(0, 2, 2, 4), "k": normal(0, 3, 3, 4)},
        ValueError,
        r"leading axes do not broadcast: q \(2,\), k \(3,\), v \(\)",
    ),
    ({"mask": np.zeros((2, 3))}, TypeError, r"dtype float64.*True = may attend.*pass mask == 0"),
    ({"mask": np.ones((2, 3), int)}, TypeError, r"int64.*True = may attend.*pass mask == 1; if"),
    ({"mask": [[True] * 3] * 2}, TypeError, "mask is builtins.list but q is numpy.ndarray"),
    ({"mask": torch.ones(2, 3) > 0}, TypeError, "mask is torch.Tensor but q is numpy.ndarray"),
    ({"mask": np.ones((3, 2), bool)}, ValueError, r"mask has shape \(3, 2\).*shape \(2, 3\)"),
    ({"mask": np.ones((2, 2, 3), bool)}, ValueError, r"mask has shape \(2, 2, 3\)"),
    ({"q": normal(0, 4, 4), "causal": True}, ValueError, "4 queries but 3 keys.*at least as many"),
    ({"causal": 1}, TypeError, "causal is a int, but True or False"),
    ({"causal": np.ones((2, 3), bool)}, TypeError, "causal is a ndarray"),
    ({"scale": "big"}, TypeError, "scale is a str, but a number is expected"),
    ({"scale": np.nan}, ValueError, "scale is nan, but a finite number"),
]


@pytest.mark.parametrize("function", [al.attention, al.trace_attention])
@pytest.mark.parametrize(("changes", "error", "message"), CASES)
def test_attention_says_what_is_wrong(function, changes, error, message):
    good = {"q": normal(0, 2, 4), "k": normal(1, 3, 4), "v": normal(2, 3, 5)}
    with pytest.raises(error, match=message):
        function(**good | changes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [case for case in CASES if set(case[0]) <= {"q", "k", "scale"} and "v" not in case[2]],
)
def test_scores_says_what_is_wrong(changes, error, message):
    with pytest.raises(error, match=message):
        al.scores(**{"q": normal(0, 2, 4), "k": normal(1, 3, 4)} | changes)


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (torch.zeros(2, 3), TypeError, "dtype torch.float32.*True = may attend.*pass mask == 0"),
        (torch.ones(2, 3).int(), TypeError, "dtype torch.int32.*pass mask == 1"),
        (np.ones((2, 3), bool), TypeError, "mask is numpy.ndarray but q is torch.Tensor"),
        (torch.ones(2, 4).bool(), ValueError, r"mask has shape \(2, 4\).*shape \(2, 3\)"),
    ],
)
def test_tensors_are_checked_too(mask, error, message):
    q, k = torch.randn(2, 4), torch.randn(3, 4)
    with pytest.raises(error, match=message):
        al.attention(q, k, k, mask)


def test_devices_must_agree():
    q, k = strict.asarray(normal(0, 2, 2)), strict.asarray(normal(1, 2, 2))
    far = strict.asarray(normal(1, 2, 2), device=strict.Device("device1"))
    with pytest.raises(ValueError, match=r"k is on .*device1.* but q is on .*CPU.*: move one"):
        al.attention(q, far, k)
    mask = al.causal_mask(2, xp=strict, device=strict.Device("device1"))
    with pytest.raises(ValueError, match=r"mask is on .*device1.* but q is on"):
        al.attention(q, k, k, mask)


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        ((3, 2), ValueError, "causal attention with 3 queries but 2 keys"),
        ((-1,), ValueError, "n_queries is -1, but a count cannot be negative"),
        ((2.0,), TypeError, "n_queries is a float, but a whole number is expected"),
        ((2, True), TypeError, "n_keys is a bool"),
    ],
)
def test_causal_mask_says_what_is_wrong(counts, error, message):
    with pytest.raises(error, match=message):
        al.causal_mask(*counts)
