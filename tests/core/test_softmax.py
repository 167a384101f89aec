import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from attnlib.softmax import weights
from tests.core.strategies import SEEDS, normal

SHAPES = st.sampled_from([(5,), (3, 4), (2, 3, 4)])


@given(SEEDS, SHAPES, st.floats(0.1, 10))
def test_agrees_with_the_definition_number_by_number(seed, shape, temperature):
    x = normal(seed, *shape)
    result = al.softmax(x, temperature=temperature)
    for index in np.ndindex(x.shape):
        row = x[index[:-1]]
        expected = math.exp(x[index] / temperature) / sum(math.exp(s / temperature) for s in row)
        assert result[index] == pytest.approx(expected, abs=1e-12)


@given(SEEDS, SHAPES, st.data())
def test_sums_to_one_along_its_axis(seed, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    result = al.softmax(normal(seed, *shape), axis=axis)
    assert np.allclose(result.sum(axis=axis), 1, atol=1e-12, rtol=0)
    assert (result > 0).all()


@given(SEEDS, SHAPES, st.floats(-100, 100))
def test_adding_a_number_to_every_score_changes_nothing(seed, shape, shift):
    x = normal(seed, *shape)
    assert np.abs(al.softmax(x + shift) - al.softmax(x)).max() < 1e-12


@given(SEEDS, st.floats(0.05, 20))
def test_temperature_divides_the_scores(seed, temperature):
    x = normal(seed, 3, 4)
    assert np.allclose(al.softmax(x, temperature=temperature), al.softmax(x / temperature))


def test_axis_picks_columns():
    x = normal(0, 3, 4)
    assert np.array_equal(al.softmax(x, axis=0), al.softmax(x.T).T)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_large_scores_do_not_overflow(dtype):
    x = np.array([1e4, 0.0, 1e4], dtype=dtype)
    assert al.softmax(x).tolist() == [0.5, 0.0, 0.5]
    assert al.softmax(-x).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_tiny_temperature_picks_the_largest(dtype):
    x = np.array([1.0, 3.0, 2.0], dtype=dtype)
    assert al.softmax(x, temperature=1e-300).tolist() == [0.0, 1.0, 0.0]


def test_minus_infinity_gets_no_weight():
    assert al.softmax(np.array([0.0, -np.inf, 0.0])).tolist() == [0.5, 0.0, 0.5]


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("x", "temperature", "expected"),
    [
        ([1, 2, -np.inf], 1e300, [0.5, 0.5, 0]),
        ([1, 2, -np.inf], 1e-300, [0, 1, 0]),
        ([3e38, -3e38], 1e300, [0.5, 0.5]),
        ([3e38, -3e38], 6e38, [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1))]),
        ([-np.inf, -np.inf], 1e300, [0, 0]),
    ],
)
def test_temperatures_beyond_the_dtype_do_what_they_say(library, dtype, x, temperature, expected):
    result = al.softmax(library(np.array(x, dtype)), temperature=temperature)
    assert np.allclose(np.asarray(result), expected, rtol=1e-6)


def test_a_row_of_minus_infinity_is_zero():
    x = np.array([[-np.inf, -np.inf], [1.0, 1.0]])
    assert al.softmax(x).tolist() == [[0.0, 0.0], [0.5, 0.5]]
    assert al.softmax(x[:1], temperature=0.5).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("wild", [np.inf, np.nan])
def test_infinity_and_nan_take_their_row_and_no_other(wild):
    result = al.softmax(np.array([[wild, 0.0, -np.inf], [1.0, 1.0, -np.inf]]))
    assert np.isnan(result[0]).all()
    assert result[1].tolist() == [0.5, 0.5, 0.0]


def test_no_scores_give_no_weights():
    assert al.softmax(np.empty((2, 0))).shape == (2, 0)
    assert al.softmax(np.empty((0, 2))).shape == (0, 2)


def test_one_score_gets_all_the_weight():
    assert al.softmax(np.array([[3.7]])).tolist() == [[1.0]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32_and_rounded_once(dtype):
    x = torch.randn(4, 50, generator=torch.Generator().manual_seed(0)).to(dtype)
    result = al.softmax(x)
    assert result.dtype == dtype
    exact = torch.softmax(x.double(), -1)
    step = torch.finfo(dtype).eps * exact.log2().floor().exp2()
    assert ((result.double() - exact).abs() < 0.51 * step).all()


def test_gradients_are_finite_in_an_empty_row_and_right_elsewhere():
    x = torch.tensor([[-torch.inf] * 3, [0.3, -torch.inf, 1.0]], dtype=torch.float64)
    x.requires_grad_()
    (al.softmax(x)[:, 0] * torch.tensor([2.0, 3.0])).sum().backward()
    p = 1 / (1 + math.exp(0.7))
    expected = [[0, 0, 0], [3 * p * (1 - p), 0, -3 * p * (1 - p)]]
    assert torch.allclose(x.grad, torch.tensor(expected, dtype=torch.float64))


def test_does_not_change_its_input():
    x = normal(1, 3, 4)
    before = x.copy()
    al.softmax(x, temperature=0.5)
    assert np.array_equal(x, before)


def test_overwriting_gives_the_same_numbers():
    import array_api_compat.numpy as xp

    x = normal(2, 3, 4)
    assert np.array_equal(
        weights(xp, x.copy(), temperature=0.3, overwrite=True), weights(xp, x, temperature=0.3)
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": [1.0, 2.0]}, TypeError, r"x is a list, not an array: pass np\.asarray\(x\)"),
        ({"x": np.arange(3)}, TypeError, r"x has dtype int64, but floating-point.*astype\(float\)"),
        ({"x": np.array(["a"])}, TypeError, "x has dtype <U1, .*: pass an array of numbers$"),
        ({"x": np.array(["2026"], "M8[Y]")}, TypeError, "pass an array of numbers$"),
        ({"x": np.ones(3, complex)}, TypeError, "x has dtype complex128"),
        ({"temperature": 0}, ValueError, "temperature is 0.0, but it must be greater than 0"),
        ({"temperature": -1}, ValueError, "temperature is -1.0"),
        ({"temperature": math.inf}, ValueError, "temperature is inf, but a finite number"),
        ({"temperature": math.nan}, ValueError, "temperature is nan"),
        ({"temperature": "hot"}, TypeError, "temperature is a str, but a number is expected"),
        ({"temperature": True}, TypeError, "temperature is a bool"),
        ({"axis": 1}, ValueError, r"axis is 1, but x has shape \(3,\)"),
        ({"axis": -2}, ValueError, "axis is -2"),
        ({"axis": None}, ValueError, "axis is None"),
        ({"axis": 0.0}, ValueError, "axis is 0.0.*the number of one of its axes is expected"),
        ({"x": np.ma.masked_array([1.0])}, TypeError, "x is a masked array"),
        ({"x": np.array(1.0)}, ValueError, r"x has shape \(\), .*: pass x.reshape\(1\)$"),
    ],
)
def test_says_what_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        al.softmax(**({"x": np.ones(3)} | arguments))
