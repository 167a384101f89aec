"""Attention in tiles: each tile by hand, and merged in any order, with empty and wild ones."""

from itertools import pairwise

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import attnlib as al
from attnlib.partial import Part
from tests.core.strategies import attention_arguments, normal

LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
few = settings(max_examples=20)


def tiles(q, k, v, mask, cuts):
    """One part for the keys between each two cuts."""
    edges = [0, *sorted(cuts), k.shape[-2]]
    parts = []
    for start, stop in pairwise(edges):
        own = mask if mask is None or mask.shape[-1] == 1 else mask[..., start:stop]
        parts.append(al.partial_attention(q, k[..., start:stop, :], v[..., start:stop, :], own))
    return parts


def close(part, other, atol=1e-12):
    arrays = ((part.output, other.output), (part.top, other.top), (part.total, other.total))
    return all(np.allclose(*map(np.asarray, pair), atol=atol, rtol=1e-12) for pair in arrays)


@every_library
@few
@given(arguments=attention_arguments(causal=False))
def test_a_tile_is_its_softmax_in_three_arrays(library, arguments):
    q, k, v, options = arguments
    mask = options["mask"]
    scores = al.scores(q, k) if mask is None else np.where(mask, al.scores(q, k), -np.inf)
    part = al.partial_attention(*map(library, (q, k, v)), None if mask is None else library(mask))
    top = scores.max(-1)
    exponentials = np.exp(scores - np.where(top == -np.inf, 0, top)[..., None])
    assert np.allclose(np.asarray(part.top), top, atol=1e-12)
    assert np.allclose(np.asarray(part.total), exponentials.sum(-1), rtol=1e-12)
    assert np.allclose(np.asarray(part.output), al.attention(q, k, v, mask), atol=1e-12)


@every_library
@few
@given(arguments=attention_arguments(causal=False), data=st.data())
def test_parts_merge_to_the_whole_in_any_order(library, arguments, data):
    *arrays, options = arguments
    q, k, v = map(library, arrays)
    mask = None if options["mask"] is None else library(options["mask"])
    cuts = data.draw(st.lists(st.integers(0, k.shape[-2]), min_size=2, max_size=4))
    parts = data.draw(st.permutations(tiles(q, k, v, mask, cuts)))
    whole, (first, *rest) = al.partial_attention(q, k, v, mask), parts
    assert close(al.merge(*parts), whole)
    assert close(al.merge(first, al.merge(*rest)), whole)
    assert close(al.merge(al.merge(first, rest[0]), *rest[1:]), whole)
    found = np.asarray(al.merge(*parts).output)
    assert np.allclose(found, np.asarray(al.attention(q, k, v, mask)), atol=1e-12)


@every_library
def test_empty_tiles_are_exact_and_change_nothing(library):
    q, k, v = (library(normal(i, 2, 3, 4)) for i in range(3))
    hidden = al.partial_attention(q, k, v, library(np.zeros((3, 3), bool)))
    none = al.partial_attention(q, k[:, :0, :], v[:, :0, :])
    for empty in (hidden, none, al.merge(hidden, none), al.merge(none)):
        assert (np.asarray(empty.output) == 0).all()
        assert (np.asarray(empty.top) == -np.inf).all()
        assert (np.asarray(empty.total) == 0).all()
    part = al.partial_attention(q, k, v)
    merged = al.merge(hidden, part, none)
    for name in ("output", "top", "total"):
        assert np.array_equal(np.asarray(getattr(merged, name)), np.asarray(getattr(part, name)))


@every_library
def test_far_scores_of_one_tile_do_not_overflow_in_another(library):
    """Without the running maximum, exp(1e4) would be infinite."""
    q, k = np.array([[1.0]]), np.array([[1e4], [1e4 - 1], [-1e4], [3.0]])
    v = normal(2, 4, 2)
    parts = tiles(*map(library, (q, k, v)), None, [1, 2, 3])
    assert np.allclose(np.asarray(al.merge(*parts[::-1]).output), al.attention(q, k, v))


@every_library
def test_nan_is_seen_by_those_who_see_it_and_by_nobody_else(library):
    q, k, v = normal(0, 3, 4), normal(1, 5, 4), normal(2, 5, 2)
    k[4, 0] = v[1, 1] = np.nan
    mask = np.array([[1, 1, 1, 1, 0], [1, 0, 1, 1, 1], [1, 0, 1, 1, 0]], bool)
    merged = al.merge(*tiles(*map(library, (q, k, v, mask)), [2]))
    expected = np.asarray(al.attention(*map(library, (q, k, v, mask))))
    assert np.array_equal(np.isnan(expected), [[0, 1], [1, 1], [0, 0]])
    assert np.allclose(np.asarray(merged.output), expected, equal_nan=True)
    assert np.isnan(np.asarray(merged.total)).tolist() == [False, True, False]


def test_gradients_are_those_of_the_whole_and_none_is_nan():
    arrays = [normal(0, 2, 3, 4), normal(1, 2, 6, 4), normal(2, 2, 6, 2)]
    mask = torch.tensor(normal(3, 3, 6) > -0.5)
    mask[:, 2:4] = mask[1] = False  # a tile that nobody sees, a query that sees nobody
    found = []
    for attend in (al.attention, lambda *a: al.merge(*tiles(*a, [2, 4, 4])).output):
        leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
        (attend(*leaves, mask) ** 2).sum().backward()
        found.append([leaf.grad for leaf in leaves])
    for whole, merged in zip(*found, strict=True):
        assert torch.allclose(whole, merged, atol=1e-12)
    leaves = [torch.tensor(array[0], requires_grad=True) for array in arrays]

    def everything(q, k, v):
        merged = al.merge(*tiles(q, k, v, None, [2, 2]))
        return merged.output, merged.top, merged.total

    assert torch.autograd.gradcheck(everything, leaves)
    assert torch.autograd.gradgradcheck(lambda *a: everything(*a)[0], leaves)


def test_a_part_is_made_of_blocks_of_queries():
    q, k, v = normal(0, 300, 3), normal(1, 5, 3), normal(2, 5, 2)
    mask = normal(3, 300, 5) > 0
    part = al.partial_attention(q, k, v, mask)
    scores = np.where(mask, al.scores(q, k), -np.inf)
    assert part.output.shape == (300, 2)
    assert np.allclose(part.top, scores.max(-1), atol=1e-12)
    assert np.allclose(part.output, al.attention(q, k, v, mask), atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_parts_of_half_precision_weigh_in_float32(dtype):
    q, k, v = (torch.tensor(normal(i, 6, 4)).to(dtype) for i in range(3))
    parts = tiles(q, k, v, None, [2, 3])
    merged = al.merge(*parts)
    assert {part.output.dtype for part in (*parts, merged)} == {dtype}
    assert {array.dtype for p in (*parts, merged) for array in (p.top, p.total)} == {torch.float32}
    assert torch.allclose(merged.output, al.attention(q, k, v), atol=2 * torch.finfo(dtype).eps)


def test_leading_axes_broadcast_in_all_three():
    q, k, v = normal(0, 2, 1, 4, 3), normal(1, 5, 4, 3), normal(2, 6, 1, 1, 4, 2)
    part = al.partial_attention(q, k, v)
    assert part.output.shape == (6, 2, 5, 4, 2)
    assert part.top.shape == part.total.shape == (6, 2, 5, 4)
    assert np.allclose(al.merge(part, part).output, part.output, atol=1e-12)


PART = al.partial_attention(*(normal(i, 3, 4) for i in range(3)))
WIDER = al.partial_attention(normal(0, 3, 4), normal(1, 3, 4), normal(2, 3, 5))
FLOAT32 = al.partial_attention(*(normal(i, 3, 4, dtype="float32") for i in range(3)))
TENSOR = al.partial_attention(*(torch.tensor(normal(i, 3, 4)) for i in range(3)))


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ((), ValueError, "merge got no parts: pass what al.partial_attention gave"),
        (([PART, PART],), TypeError, r"part 0 is a list.*one by one, merge\(\*parts\)"),
        ((PART, PART.output), TypeError, "part 1 is a ndarray, but a Part is expected"),
        ((PART, FLOAT32), TypeError, r"parts\[1\].output has dtype float32 but parts\[0\].output"),
        ((PART, TENSOR), TypeError, "pass arrays that all come from one library"),
        ((PART, WIDER), ValueError, r"parts\[1\].output has shape \(3, 5\), but \(3, 4\) is"),
        (
            (Part(PART.output, PART.top[:, None], PART.total),),
            ValueError,
            r"parts\[0\].top has shape \(3, 1\), but \(3,\) is expected",
        ),
    ],
)
def test_merge_says_what_is_wrong(parts, error, message):
    with pytest.raises(error, match=message):
        al.merge(*parts)


def test_a_tile_says_what_is_wrong_as_attention_does():
    q, k = normal(0, 2, 4), normal(1, 3, 5)
    with pytest.raises(ValueError, match="q has 4 columns but k has 5 columns"):
        al.partial_attention(q, k, k)
    with pytest.raises(TypeError, match=r"mask has dtype float64.*True = may attend"):
        al.partial_attention(q, q, q, np.ones((2, 2)))
