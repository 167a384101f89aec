"""Every complaint names the argument, what came, and what was expected."""

import re

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
    (
        {"mask": np.ones((2, 3), int)},
        TypeError,
        r"int64.*If 1 means may .* pass mask == 1; if",
    ),
    (
        {"mask": np.eye(2, 3)},
        TypeError,
        r"float64.*may attend, pass mask == 1; if 1 means ignore, pass mask == 0$",
    ),
    ({"mask": np.uint8([[0, 255, 0]])}, TypeError, r"uint8.*If 255 means may .* mask == 255; if"),
    ({"mask": np.array([0, -np.inf, 0])}, TypeError, r"to the scores.*: pass mask == 0$"),
    ({"mask": np.array([0, -1e9, -1e9])}, TypeError, r"to the scores.*: pass mask == 0$"),
    ({"mask": np.array([0, -1e4, -1e4])}, TypeError, r"to the scores.*: pass mask == 0$"),
    (
        {"mask": np.array([0, -0.5, -1])},
        TypeError,
        r"not those of a mask; a bias.*softmax\(scores\(q, k\) \+ mask\) @ v$",
    ),
    ({"mask": np.array([0, -0.5, -np.inf])}, TypeError, r"bias.* \+ mask\) @ v$"),
    ({"mask": np.array([1, 2, 3])}, TypeError, r"not those of a mask; a bias"),
    ({"mask": np.float32([0, 1 / 3, 0])}, TypeError, r"pass mask == 0\.3333333432674408; if"),
    ({"mask": np.array(["a"] * 3)}, TypeError, r"dtype <U1.*Compare, mask == \.\.\., to get one"),
    ({"mask": np.array(["a"] * 3, "T")}, TypeError, r"StringDType.*Compare, mask == \.\.\., to"),
    ({"mask": np.zeros(3, [("a", "f4")])}, TypeError, r"dtype \[.*Compare, mask == \.\.\., to"),
    ({"q": np.full((2, 4), "1", "T")}, TypeError, r"q has dtype StringDType.*pass an array of num"),
    (
        {"q": np.rec.array(np.zeros((2, 4), [("a", "f4")]))},
        TypeError,
        r"q has dtype \(numpy\.record.*pass an array of numbers$",
    ),
    ({"mask": np.ma.masked_array([True] * 3)}, TypeError, r"mask is a masked array"),
    (
        {"q": np.ma.masked_invalid(normal(0, 2, 4))},
        TypeError,
        r"q is a masked.*q\.filled\(\.\.\.",
    ),
    ({"v": np.ma.array(normal(0, 3, 5))}, TypeError, r"v is a masked array.*v\.filled"),
    (
        {"q": normal(0, 2, 4).view(np.matrix)},
        TypeError,
        r"q is a matrix, not an array: pass np\.asarray",
    ),
    ({"q": normal(0, 2, 4) + 0j}, TypeError, r"complex128, but real floating-point.*q\.real"),
    ({"mask": [[True] * 3] * 2}, TypeError, "mask is builtins.list but q is numpy.ndarray"),
    ({"mask": torch.ones(2, 3) > 0}, TypeError, "mask is torch.Tensor but q is numpy.ndarray"),
    ({"mask": np.ones((3, 2), bool)}, ValueError, r"mask has shape \(3, 2\).*shape \(2, 3\)"),
    ({"mask": np.ones((2, 2, 3), bool)}, ValueError, r"mask has shape \(2, 2, 3\)"),
    ({"q": normal(0, 4, 4), "causal": True}, ValueError, "4 queries but 3 keys.*at least as many"),
    ({"causal": 1}, TypeError, "causal is a int, but True or False"),
    ({"causal": np.ones((2, 3), bool)}, TypeError, "causal is a ndarray.*: pass it as mask=causal"),
    ({"causal": np.array(True)}, TypeError, r"causal is a ndarray.*: pass bool\(causal\)"),
    ({"scale": np.array(0.5)}, TypeError, r"scale is a ndarray.*: pass float\(scale\)"),
    ({"scale": 10**400}, ValueError, "scale is too large for a float"),
    ({"scale": np.True_}, TypeError, "scale is a bool, but a number is expected$"),
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
        (torch.ones(2, 3), TypeError, "dtype torch.float32.*If 1 means may attend, pass mask == 1"),
        (torch.eye(2, 3).to_sparse().bool(), TypeError, r"mask has layout.*pass mask\.to_dense"),
        (torch.ones(2, 3).int(), TypeError, "dtype torch.int32.*pass mask == 1"),
        (torch.ones(2, 3).to(torch.uint16), TypeError, "dtype torch.uint16.*If 1 means may attend"),
        (torch.eye(2, 3).to(torch.float8_e5m2), TypeError, "float8_e5m2.*If 1 means may attend"),
        (np.ones((2, 3), bool), TypeError, "mask is numpy.ndarray but q is torch.Tensor"),
        (torch.ones(2, 4).bool(), ValueError, r"mask has shape \(2, 4\).*shape \(2, 3\)"),
    ],
)
def test_tensors_are_checked_too(mask, error, message):
    q, k = torch.randn(2, 4), torch.randn(3, 4)
    with pytest.raises(error, match=message):
        al.attention(q, k, k, mask)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torch.eye(3).to_sparse(), r"q has layout torch\.sparse_coo: pass q\.to_dense\(\)"),
        (lambda: torch.eye(3).to_sparse_csr(), r"q has layout torch\.sparse_csr: pass q\.to_dense"),
        (
            lambda: torch.nested.nested_tensor([torch.eye(3), torch.ones(2, 3)]),
            r"q is a nested tensor.*to_padded_tensor\(q, 0\.0\).*`mask`",
        ),
        (
            lambda: torch.eye(3).to(torch.float8_e4m3fn),
            r"dtype torch\.float8_e4m3fn, a format that .* stored in.*q\.to\(torch\.float32",
        ),
        (
            lambda: torch.eye(3).int(),
            r"q has dtype torch\.int32, but .*q\.to\(torch\.float32\)",
        ),
        (
            lambda: torch.masked.masked_tensor(torch.eye(3), torch.eye(3) > 0),
            r"q is a masked tensor.*q\.to_tensor\(0\.0\).*`mask`",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:The PyTorch API of", "ignore:Sparse CSR tensor")
def test_tensors_that_are_not_plain_are_refused(make, message):
    al.attention(*(torch.eye(3),) * 3)  # what was sound before does not let them in
    for call in (lambda q: al.attention(q, q, q), lambda q: al.scores(q, q)):
        with pytest.raises(TypeError, match=message):
            call(make())


class Stored(np.void):
    """What NumPy sees of a number of ml_dtypes: some bytes, and a type of that library."""

    __module__ = "ml_dtypes"


def test_numbers_of_ml_dtypes_are_refused_by_name():
    stored, x = np.zeros(3, np.dtype((Stored, 2))), np.eye(3)
    with pytest.raises(TypeError, match=r"which NumPy alone.*astype\(float\)"):
        al.softmax(stored)
    with pytest.raises(TypeError, match=r"mask has dtype.*Compare, mask == \.\.\., to get one"):
        al.attention(x, x, x, stored)
    with pytest.raises(TypeError, match=r"positions has dtype .*, but numbers are expected"):
        al.rotate(x[:, :2], stored)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn"])
def test_those_of_ml_dtypes_itself_are_refused(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with pytest.raises(TypeError, match=rf"dtype {name}, which NumPy alone.*astype\(float\)"):
        al.softmax(np.ones(3).astype(getattr(ml_dtypes, name)))


@pytest.mark.parametrize("name", ["scale", "softcap", "causal"])
def test_numbers_that_a_transformation_hides_are_asked_for_from_outside(name):
    x, hidden = torch.eye(3), torch.ones(2) > 0 if name == "causal" else torch.ones(2)
    message = rf"{name} is a Tensor, but .* hides its value: make {name} outside"
    with pytest.raises(TypeError, match=message):
        torch.func.vmap(lambda one: al.attention(x, x, x, **{name: one}))(hidden)
    with pytest.raises(TypeError, match=message):
        al.attention(x, x, x, **{name: hidden[0].to("meta")})
    kind = "bool" if name == "causal" else "float"
    with pytest.raises(TypeError, match=rf"expected: pass {kind}\({name}\)$"):
        al.attention(x, x, x, **{name: hidden[0]})


def test_sparse_arrays_of_pydata_are_told_what_to_do():
    sparse = pytest.importorskip("sparse")
    with pytest.raises(TypeError, match=r"x is a sparse array: pass x\.todense\(\)"):
        al.softmax(sparse.COO.from_numpy(np.eye(3)))


@pytest.mark.parametrize(
    ("leading", "shape", "written"),
    [
        ((2,), (2, 5), "mask[:, None, :]"),
        ((2, 3), (2, 5), "mask[:, None, None, :]"),
        ((2, 3), (2, 4, 5), "mask[:, None, :, :]"),
        ((2, 3), (2, 1, 5), "mask[:, None, :, :]"),
        ((2, 3), (2, 4, 1), "mask[:, None, :, :]"),
        ((2, 3, 6), (2, 3, 5), "mask[:, :, None, None, :]"),
    ],
)
def test_a_mask_without_all_axes_is_told_how_to_get_them(leading, shape, written):
    q, k, mask = normal(0, *leading, 4, 3), normal(1, *leading, 5, 3), normal(2, *shape) > 0
    with pytest.raises(ValueError, match="does not broadcast.*" + re.escape(written)):
        al.attention(q, k, k, mask)
    assert al.attention(q, k, k, eval(written)).shape == q.shape


def test_numpys_numbers_are_numbers():
    q, k, v = (normal(i, 3, 4) for i in range(3))
    expected = al.attention(q, k, v, causal=True, scale=0.5)
    found = al.attention(q, k, v, causal=np.True_, scale=np.float32(0.5))
    assert np.array_equal(found, expected)
    assert np.array_equal(al.attention(q, k, v, np.True_), al.attention(q, k, v))
    assert np.array_equal(al.softmax(q, np.int64(0), np.float16(2)), al.softmax(q, 0, 2))
    assert np.array_equal(al.causal_mask(np.int8(2), np.uint16(3)), al.causal_mask(2, 3))
    positions = al.sinusoidal_positions(np.int64(3), np.array(4))
    assert np.array_equal(positions, al.sinusoidal_positions(3, 4))
    turned = al.rotate(q, np.arange(3), base=np.float32(100))
    assert np.array_equal(turned, al.rotate(q, np.arange(3), base=100))
    head = al.Head(*(normal(i, 4, 4) for i in range(4)))
    assert np.array_equal(head(q, causal=np.True_), head(q, causal=True))


@pytest.mark.parametrize("kind", [">f8", ">f4", "longdouble"])
def test_other_numbers_of_numpy_are_computed_as_they_are(kind):
    arrays = [normal(i, 3, 4).astype(kind) for i in range(3)]
    for array in arrays:
        array.flags.writeable = False
    output = al.attention(*arrays, causal=True)
    assert output.dtype == np.dtype(kind)
    assert np.allclose(output, al.attention(*(a.astype(float) for a in arrays), causal=True), 1e-5)


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
