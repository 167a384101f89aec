"""Sinusoidal positions and rotation, number by number and by what they promise."""

import math

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from tests.core.strategies import SEEDS, normal

LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
PLACES = st.integers(-10_000, 10_000)
WIDTHS = st.sampled_from([2, 4, 10, 64])


def wave(position, column, d_model):
    """One number of the paper's section 3.5."""
    angle = position / 10000 ** ((column - column % 2) / d_model)
    return math.cos(angle) if column % 2 else math.sin(angle)


@pytest.mark.parametrize(
    ("n_tokens", "d_model"), [(1, 1), (5, 4), (7, 5), (300, 8), (0, 4), (3, 0)]
)
def test_sinusoidal_positions_are_those_of_the_paper(n_tokens, d_model):
    found = al.sinusoidal_positions(n_tokens, d_model)
    assert found.shape == (n_tokens, d_model)
    assert found.dtype == np.float64
    for position in range(n_tokens):
        for column in range(d_model):
            expected = wave(position, column, d_model)
            assert found[position, column] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("xp", [torch, strict])
@pytest.mark.parametrize("dtype", [None, "float32"])
def test_sinusoidal_positions_come_in_the_library_and_dtype_asked_for(xp, dtype):
    found = al.sinusoidal_positions(5, 6, xp=xp, dtype=dtype and getattr(xp, dtype))
    assert type(found) is type(xp.asarray(1.0))
    assert found.dtype == getattr(xp, dtype or "float64")
    assert np.allclose(np.asarray(found), al.sinusoidal_positions(5, 6), atol=1e-7)


def test_sinusoidal_positions_come_in_half_precision_and_on_a_device():
    half = al.sinusoidal_positions(5, 6, xp=torch, dtype=torch.bfloat16)
    assert torch.equal(half, torch.asarray(al.sinusoidal_positions(5, 6)).bfloat16())
    device = strict.Device("device1")
    assert al.sinusoidal_positions(5, 6, xp=strict, device=device).device == device


@given(st.integers(0, 50), st.integers(0, 50))
def test_sinusoidal_agreement_depends_on_the_distance_alone(first, step):
    """The product of two rows is a sum of cosines of the step."""
    table = al.sinusoidal_positions(101, 8)
    assert table[first] @ table[first + step] == pytest.approx(table[0] @ table[step], abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((-1, 4), {}, ValueError, "n_tokens is -1, but a count cannot be negative"),
        ((3, 4.0), {}, TypeError, "d_model is a float, but a whole number is expected"),
        ((3, 4), {"dtype": np.int64}, TypeError, "dtype is .*int64.*, but positions need a float"),
    ],
)
def test_sinusoidal_positions_say_what_is_wrong(arguments, options, error, message):
    with pytest.raises(error, match=message):
        al.sinusoidal_positions(*arguments, **options)


# --- rotation


def turned_by_hand(row, position, base=10000.0):
    """Neighbouring columns as complex numbers, each turned by its own angle."""
    result = []
    for i in range(0, len(row), 2):
        angle = position * base ** (-i / len(row))
        number = complex(row[i], row[i + 1]) * complex(math.cos(angle), math.sin(angle))
        result += [number.real, number.imag]
    return result


@every_library
@given(seed=SEEDS, width=WIDTHS, place=PLACES, base=st.sampled_from([10000.0, 500000, 2]))
def test_rotation_turns_neighbouring_columns(library, seed, width, place, base):
    x, positions = normal(seed, 2, 3, width), np.array([place, 0, 7])
    found = np.asarray(al.rotate(library(x), library(positions), base=base))
    for text in range(2):
        for token, position in enumerate(positions):
            expected = turned_by_hand(x[text, token], position, base)
            assert np.allclose(found[text, token], expected, atol=1e-11)


@given(SEEDS, WIDTHS, st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_scores_depend_on_the_difference_of_positions_alone(seed, width, first, second, shift):
    q, k = normal(seed, 1, width), normal(seed + 1, 1, width)

    def score(query, key):
        return al.scores(al.rotate(q, np.array([query])), al.rotate(k, np.array([key])))[0, 0]

    expected = score(first, second)
    assert score(first + shift, second + shift) == pytest.approx(expected, rel=0, abs=1e-10)
    assert score(first - second, 0) == pytest.approx(expected, rel=0, abs=1e-10)


@given(SEEDS)
def test_scores_do_depend_on_the_difference(seed):
    q = normal(seed, 1, 4)
    near = al.scores(q, al.rotate(q, np.array([0])))
    far = al.scores(q, al.rotate(q, np.array([3])))
    assert far < near


@given(SEEDS, WIDTHS, st.floats(-1e15, 1e15))
def test_rotation_keeps_lengths(seed, width, place):
    x = normal(seed, 3, width)
    turned = al.rotate(x, np.array([place, 1.5, 1e300]))
    assert np.allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(x, axis=-1), rtol=1e-12)


@every_library
def test_position_zero_changes_nothing(library):
    x = normal(0, 2, 3, 4)
    assert np.array_equal(np.asarray(al.rotate(library(x), library(np.zeros(3, int)))), x)


@given(SEEDS, PLACES, PLACES)
def test_rotations_compose(seed, first, second):
    x, first, second = normal(seed, 1, 6), np.array([first]), np.array([second])
    twice = al.rotate(al.rotate(x, first), second)
    assert np.allclose(twice, al.rotate(x, first + second), rtol=0, atol=1e-11)


@every_library
def test_columns_in_halves_are_the_same_pairs_in_another_order(library):
    """The layout of GPT-NeoX and Llama code: column i is paired with column i + d_head / 2."""
    x, positions = normal(0, 2, 5, 6), np.arange(5)
    angles = positions[:, None] * 10000.0 ** (-np.arange(3) / 3)
    first, second = x[..., :3], x[..., 3:]
    halves = np.concatenate(
        [
            first * np.cos(angles) - second * np.sin(angles),
            first * np.sin(angles) + second * np.cos(angles),
        ],
        axis=-1,
    )
    found = np.asarray(al.rotate(library(x), library(positions), layout="halves"))
    assert np.allclose(found, halves, rtol=0, atol=1e-12)
    neighbours = [0, 3, 1, 4, 2, 5]
    in_pairs = al.rotate(x[..., neighbours], positions)
    assert np.allclose(in_pairs, halves[..., neighbours], rtol=0, atol=1e-12)


@every_library
@pytest.mark.parametrize("layout", ["pairs", "halves"])
@pytest.mark.parametrize("n_rotated", [0, 2, 4, 6])
def test_only_the_first_columns_are_turned(library, layout, n_rotated):
    """By angles of a row that has no more columns, as GPT-J and GPT-NeoX do it."""
    x, positions, how = normal(0, 2, 3, 7), np.array([5, 0, -2]), {"layout": layout}
    found = al.rotate(library(x), library(positions), n_rotated=n_rotated, **how)
    found, part = np.asarray(found), x[..., :n_rotated]
    assert np.array_equal(found[..., n_rotated:], x[..., n_rotated:])
    assert np.allclose(found[..., :n_rotated], al.rotate(part, positions, **how), atol=1e-12)


@every_library
def test_texts_may_stand_at_places_of_their_own(library):
    x, positions = normal(0, 2, 3, 4), np.array([[0, 1, 2], [7, -3, 0]])
    found = np.asarray(al.rotate(library(x), library(positions)))
    assert np.allclose(found, [al.rotate(*pair) for pair in zip(x, positions, strict=True)])
    one_for_all = np.asarray(al.rotate(library(x), library(positions[:1])))
    assert np.allclose(one_for_all, al.rotate(x, positions[0]))


def test_integers_and_floats_are_the_same_positions():
    x = normal(0, 3, 4, dtype="float32")
    whole = al.rotate(x, np.array([-2, 0, 9999], "int32"))
    assert np.array_equal(al.rotate(x, np.array([-2, 0, 9999], "float32")), whole)
    assert whole.dtype == np.float32
    assert np.allclose(whole, al.rotate(x.astype(float), np.array([-2, 0, 9999])), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_float32_rounded_once(dtype):
    x, positions = torch.tensor(normal(0, 3, 8)).to(dtype), torch.tensor([0, 500, 9999])
    assert torch.equal(al.rotate(x, positions), al.rotate(x.float(), positions).to(dtype))


def test_gradients_turn_back():
    x = torch.tensor(normal(0, 3, 4), requires_grad=True)
    positions, direction = torch.tensor([0, 1, 50]), torch.tensor(normal(1, 3, 4))
    (al.rotate(x, positions) * direction).sum().backward()
    assert torch.allclose(x.grad, al.rotate(direction, -positions), atol=1e-12)


def test_rotation_stays_on_its_device():
    device = strict.Device("device1")
    x = strict.asarray(normal(0, 3, 4), device=device)
    assert al.rotate(x, strict.asarray(np.arange(3), device=device)).device == device


@every_library
def test_rotation_changes_no_input(library):
    x, positions = library(normal(0, 3, 4)), library(np.arange(3))
    al.rotate(x, positions)
    assert np.array_equal(np.asarray(x), normal(0, 3, 4))
    assert np.array_equal(np.asarray(positions), np.arange(3))


def test_no_tokens_and_no_columns_give_nothing():
    assert al.rotate(normal(0, 0, 4), np.arange(0)).shape == (0, 4)
    assert al.rotate(normal(0, 2, 0), np.arange(2)).shape == (2, 0)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"x": normal(0, 3, 5)}, ValueError, r"x has 5 columns \(d_head\), but pairs need an even"),
        ({"x": normal(0, 4)}, ValueError, r"x has shape \(4,\), but \(\.\.\., n_tokens, d_head\)"),
        ({"x": [[1.0, 2.0]]}, TypeError, "x is a list, not an array"),
        ({"x": np.ones((3, 4), int)}, TypeError, "x has dtype int64, but floating-point"),
        ({"positions": [0, 1, 2]}, TypeError, "positions is builtins.list but x is numpy.ndarray"),
        ({"positions": torch.arange(3)}, TypeError, "positions is torch.Tensor but x is numpy"),
        ({"positions": np.ones(3, bool)}, TypeError, "positions has dtype bool, but numbers"),
        ({"positions": np.arange(4)}, ValueError, r"shape \(4,\) but x has 3 rows \(n_tokens\)"),
        ({"positions": np.zeros((1, 3))}, ValueError, r"shape \(1, 3\).*\(3,\) is expected"),
        ({"positions": np.array([0, np.nan, 1])}, ValueError, "positions holds NaN or infinity"),
        ({"positions": np.array([0, 1, np.inf])}, ValueError, "positions holds NaN or infinity"),
        ({"base": 0}, ValueError, "base is 0.0, but it must be greater than 0"),
        ({"base": "e"}, TypeError, "base is a str, but a number is expected"),
        ({"base": np.inf}, ValueError, "base is inf, but a finite number"),
        ({"layout": "half"}, ValueError, r"layout is 'half', but \"pairs\" \(neigh.*\"halves\" is"),
        ({"layout": None}, ValueError, "layout is None, but"),
        ({"n_rotated": 3}, ValueError, "n_rotated is 3, but pairs need an even number"),
        ({"n_rotated": 6}, ValueError, r"n_rotated is 6 but x has 4 columns \(d_head\)"),
        ({"n_rotated": 2.0}, TypeError, "n_rotated is a float, but a whole number"),
        ({"n_rotated": -2}, ValueError, "n_rotated is -2, but a count cannot be negative"),
        (
            {"x": normal(0, 2, 3, 4), "positions": np.zeros((3, 3))},
            ValueError,
            r"shape \(3, 3\) but x has 3 rows.*\(3,\) is expected, or \(2, 3\) for texts",
        ),
    ],
)
def test_rotation_says_what_is_wrong(changes, error, message):
    with pytest.raises(error, match=message):
        al.rotate(**{"x": normal(0, 3, 4), "positions": np.arange(3)} | changes)


def test_devices_must_agree():
    x = strict.asarray(normal(0, 3, 4))
    positions = strict.asarray(np.arange(3), device=strict.Device("device1"))
    with pytest.raises(ValueError, match=r"positions is on .*device1.* but x is on .*: move one"):
        al.rotate(x, positions)
