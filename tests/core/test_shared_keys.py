"""Blocks as real models have them: with shared keys and values, turned by places, and a cache."""

import copy
from dataclasses import replace
from itertools import pairwise

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

import attnlib as al
from tests.core.strategies import SEEDS, normal

D_MODEL, D_HEAD, D_VALUE = 6, 4, 3
EXACT = 1e-11
LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
ROTARIES = [None, al.Rotary(), al.Rotary(100.0, "halves"), al.Rotary(n_rotated=2)]


def arrays(seed, n_heads, n_kv_heads, biases=True):
    shapes = {
        "w_q": (n_heads, D_MODEL, D_HEAD),
        "w_k": (n_kv_heads, D_MODEL, D_HEAD),
        "w_v": (n_kv_heads, D_MODEL, D_VALUE),
        "w_o": (n_heads, D_VALUE, D_MODEL),
        "b_q": (n_heads, D_HEAD),
        "b_k": (n_kv_heads, D_HEAD),
        "b_v": (n_kv_heads, D_VALUE),
        "b_o": (D_MODEL,),
    }
    names = list(shapes)[: 8 if biases else 4]
    return {name: normal(seed + i, *shapes[name]) for i, name in enumerate(names)}


def block_of(library=np.asarray, seed=0, n_heads=6, n_kv_heads=2, **options):
    given = arrays(seed, n_heads, n_kv_heads)
    return al.MultiHead(**{name: library(a) for name, a in given.items()}, **options)


@st.composite
def calls(draw):
    """A block whose heads share, its x, and the keyword arguments of a call."""
    seed, leading = draw(SEEDS), draw(st.sampled_from([(), (2,), (2, 3)]))
    n_kv_heads, group, n = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 5))
    rotary = draw(st.sampled_from(ROTARIES))
    block = block_of(seed=seed, n_heads=n_kv_heads * group, n_kv_heads=n_kv_heads, rotary=rotary)
    options = {"causal": draw(st.booleans())}
    if rotary is not None and draw(st.booleans()):
        places = np.random.default_rng(seed).integers(-50, 50, (*leading, n))
        options["positions"] = places if draw(st.booleans()) else places[(0,) * len(leading)]
    if draw(st.booleans()):
        options["context"] = normal(seed + 31, *leading, n + draw(st.integers(0, 2)), D_MODEL)
    return block, normal(seed + 30, *leading, n, D_MODEL), options


def repeated(block):
    """The same block with keys and values for each head: copies of the shared ones."""
    times = block.w_q.shape[0] // block.w_k.shape[0]
    names = ("w_k", "w_v", "b_k", "b_v")
    return replace(block, **{name: np.repeat(getattr(block, name), times, 0) for name in names})


@given(calls())
def test_sharing_is_having_copies(call):
    block, x, options = call
    copies = repeated(block)
    expected, trace = copies.trace(x, **options), block.trace(x, **options)
    for name in ("queries", "keys", "values", "weights", "mixed", "delta", "scores", "deltas"):
        assert np.allclose(getattr(trace, name), getattr(expected, name), rtol=0, atol=EXACT), name
    assert np.allclose(block(x, **options), expected.delta, rtol=0, atol=EXACT)


@given(calls())
def test_the_heads_sum_to_the_block(call):
    block, x, options = call
    assert len(block.heads) == block.w_q.shape[0]
    total = sum(head(x, **options) for head in block.heads)
    assert np.allclose(total, block(x, **options), rtol=0, atol=EXACT)
    weights = np.stack([head.trace(x, **options).weights for head in block.heads], -3)
    assert np.allclose(block.trace(x, **options).weights, weights, rtol=0, atol=EXACT)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_are_those_of_pytorchs_grouped_attention(causal, dtype):
    given = {name: torch.tensor(a, dtype=dtype) for name, a in arrays(0, 6, 2).items()}
    x, direction = (torch.tensor(normal(i, 2, 5, D_MODEL), dtype=dtype) for i in (30, 31))

    def ours(x, **arrays):
        return al.MultiHead(**arrays)(x, causal=causal)

    def theirs(x, **w):
        q, k, v = (x[:, None] @ w[f"w_{n}"] + w[f"b_{n}"][:, None] for n in "qkv")
        mixed = scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True)
        return (mixed @ w["w_o"]).sum(-3) + w["b_o"]

    results = []
    for function in (ours, theirs):
        leaves = {n: a.clone().requires_grad_() for n, a in (given | {"x": x}).items()}
        output = function(**leaves)
        (output * direction).sum().backward()
        results.append([output.detach(), *(leaf.grad for leaf in leaves.values())])
    tolerance = 3e-5 if dtype == torch.float32 else 1e-12
    for our, their in zip(*results, strict=True):
        assert torch.allclose(our, their, atol=tolerance, rtol=tolerance)


def test_neighbours_share_keys():
    """Repeat, not tile: head h uses keys h // 3, so heads 0, 1, 2 change with the first keys."""
    block, x = block_of(), normal(30, 4, D_MODEL)
    w_k = block.w_k.copy()
    w_k[0] += 1
    before, after = (each.trace(x).weights for each in (block, replace(block, w_k=w_k)))
    changed = np.abs(before - after).max((-1, -2)) > 1e-3
    assert changed.tolist() == [True] * 3 + [False] * 3


def test_shared_matrices_are_written_side_by_side_once():
    w_q, w_k, w_v, w_o = block_of().concatenated()
    assert (w_q.shape, w_o.shape) == ((D_MODEL, 6 * D_HEAD), (6 * D_VALUE, D_MODEL))
    assert (w_k.shape, w_v.shape) == ((D_MODEL, 2 * D_HEAD), (D_MODEL, 2 * D_VALUE))
    assert np.array_equal(w_k[:, D_HEAD:], block_of().w_k[1])


@every_library
def test_libraries_agree_and_keep_the_dtype(library):
    options = {"rotary": al.Rotary(layout="halves"), "seed": 3}
    x, mask = normal(30, 2, 4, D_MODEL), normal(31, 2, 1, 4, 4) > 0
    expected = block_of(**options).trace(x, mask=mask, causal=True)
    block = block_of(library, **options)
    trace = block.trace(library(x), mask=library(mask), causal=True)
    for name in ("keys", "scores", "weights", "deltas", "delta"):
        found = getattr(trace, name)
        assert type(found) is type(library(x))
        assert np.allclose(np.asarray(found), getattr(expected, name), rtol=0, atol=EXACT), name
    delta = block(library(x), mask=library(mask), causal=True)
    assert np.allclose(np.asarray(delta), expected.delta, rtol=0, atol=EXACT)


# --- turned by places


@given(SEEDS, st.sampled_from(ROTARIES[1:]), st.integers(-1000, 1000))
def test_only_differences_of_places_count(seed, rotary, shift):
    block, x = block_of(seed=seed, rotary=rotary), normal(seed + 30, 5, D_MODEL)
    expected = block(x, causal=True)
    found = block(x, causal=True, positions=np.arange(5) + shift)
    assert np.allclose(found, expected, rtol=0, atol=1e-9)
    spread = block(x, causal=True, positions=2 * np.arange(5))
    assert not np.allclose(spread[2:], expected[2:], atol=1e-6)


@pytest.mark.parametrize("rotary", ROTARIES[1:])
def test_queries_and_keys_are_turned_and_values_are_not(rotary):
    block, x = block_of(rotary=rotary), normal(30, 5, D_MODEL)
    plain, trace = replace(block, rotary=None).trace(x), block.trace(x)
    how = {"base": rotary.base, "layout": rotary.layout, "n_rotated": rotary.n_rotated}
    for name in ("queries", "keys"):
        expected = al.rotate(getattr(plain, name), np.arange(5), **how)
        assert np.allclose(getattr(trace, name), expected, rtol=0, atol=EXACT)
    assert np.array_equal(trace.values, plain.values)


def test_texts_of_a_batch_may_stand_at_places_of_their_own():
    block, x = block_of(rotary=al.Rotary()), normal(30, 2, 4, D_MODEL)
    positions = np.array([[0, 1, 2, 3], [0, 5, 6, 100]])
    expected = [block(x[i], positions=positions[i]) for i in range(2)]
    assert np.allclose(block(x, positions=positions), expected, atol=EXACT)
    with pytest.raises(
        ValueError, match=r"shape \(3, 4\) but x has 4 rows.*\(4,\) is expected, or"
    ):
        block(x, positions=np.zeros((3, 4)))


def test_the_last_query_stands_at_the_last_key():
    """So the last rows alone, with all as their context, are the last rows of the whole."""
    block, x = block_of(rotary=al.Rotary()), normal(30, 5, D_MODEL)
    whole = block(x, causal=True)
    assert np.allclose(block(x[3:], x, causal=True), whole[3:], atol=EXACT)
    placed = block(x[3:], x, causal=True, positions=np.array([3, 4]))
    assert np.allclose(placed, whole[3:], atol=EXACT)


def test_half_precision_is_turned_in_float32():
    given = {name: torch.tensor(a).bfloat16() for name, a in arrays(0, 6, 2).items()}
    block = al.MultiHead(**given, rotary=al.Rotary())
    x = torch.tensor(normal(30, 600, D_MODEL)).bfloat16()
    trace, plain = block.trace(x), replace(block, rotary=None).trace(x)
    assert torch.equal(trace.keys, al.rotate(plain.keys, torch.arange(600)))
    assert trace.delta.dtype == block(x).dtype == torch.bfloat16


# --- a cache


@every_library
@given(seed=SEEDS, parts=st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_reading_in_parts_is_reading_at_once(library, seed, parts):
    block = block_of(library, seed=seed, rotary=al.Rotary(50.0))
    x, ends = normal(seed + 30, 2, sum(parts), D_MODEL), np.cumsum([0, *parts])
    cache, found = al.Cache(), []
    for start, end in pairwise(ends):
        found.append(np.asarray(block(library(x[:, start:end]), causal=True, cache=cache)))
        assert len(cache) == end
    whole = np.asarray(block(library(x), causal=True))
    assert np.allclose(np.concatenate(found, axis=1), whole, rtol=0, atol=EXACT)
    assert tuple(cache.keys.shape) == (2, 2, sum(parts), D_HEAD)
    assert tuple(cache.values.shape) == (2, 2, sum(parts), D_VALUE)


def test_a_trace_and_a_mask_see_what_the_cache_holds():
    block, x = block_of(rotary=al.Rotary()), normal(30, 5, D_MODEL)
    mask = normal(31, 5, 5) > -0.5
    mask[:, 0] = True
    whole, cache = block.trace(x, mask=mask, causal=True), al.Cache()
    block.trace(x[:3], mask=mask[:3, :3], causal=True, cache=cache)
    later = block.trace(x[3:], mask=mask[3:], causal=True, cache=cache)
    for name in ("weights", "scores", "delta", "deltas"):
        expected = getattr(whole, name)[..., 3:, :]
        assert np.allclose(getattr(later, name), expected, rtol=0, atol=EXACT), name


def test_a_copied_cache_is_a_place_to_come_back_to():
    block, x = block_of(rotary=al.Rotary()), normal(30, 4, D_MODEL)
    cache = al.Cache()
    block(x[:2], causal=True, cache=cache)
    kept = copy.copy(cache)
    first = block(x[2:3], causal=True, cache=cache)
    again = block(x[2:3], causal=True, cache=kept)
    assert np.array_equal(first, again)
    assert (len(cache), len(kept)) == (3, 3)


def test_a_call_that_fails_leaves_the_cache_as_it_was():
    block, x, cache = block_of(), normal(30, 3, D_MODEL), al.Cache()
    block(x, causal=True, cache=cache)
    for call in (block, block.trace):
        with pytest.raises(ValueError, match=r"mask has shape \(2, 2\).* \(6, 2, 5\)"):
            call(x[:2], mask=np.ones((2, 2), bool), cache=cache)
    assert len(cache) == 3


def test_a_cache_with_places_that_were_given():
    block, x, places = block_of(rotary=al.Rotary()), normal(30, 4, D_MODEL), np.array([0, 3, 4, 9])
    whole, cache = block(x, causal=True, positions=places), al.Cache()
    for i in range(4):
        part = block(x[i : i + 1], causal=True, positions=places[i : i + 1], cache=cache)
        assert np.allclose(part, whole[i : i + 1], rtol=0, atol=EXACT)


def test_a_distance_bias_counts_from_the_cache_on():
    bias = al.DistanceBias(normal(40, 6, 4))
    block, x, cache = block_of(distance=bias), normal(30, 4, D_MODEL), al.Cache()
    whole = block(x, causal=True)
    parts = [block(x[i : i + 1], causal=True, cache=cache) for i in range(4)]
    assert np.allclose(np.concatenate(parts), whole, rtol=0, atol=EXACT)


# --- what does not fit


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"w_k": normal(0, 4, 6, 4)}, ValueError, "w_q has 6 heads but w_k has 4 .*divides them"),
        ({"w_k": normal(0, 0, 6, 4)}, ValueError, "w_q has 6 heads but w_k has 0 heads"),
        ({"w_k": normal(0, 12, 6, 4)}, ValueError, "w_q has 6 heads but w_k has 12 heads"),
        ({"w_v": normal(0, 6, 6, 3)}, ValueError, "w_k has 2 heads but w_v has 6 heads"),
        ({"w_o": normal(0, 2, 3, 6)}, ValueError, "w_q has 6 heads but w_o has 2 heads"),
        ({"b_k": normal(0, 6, 4)}, ValueError, r"b_k has shape \(6, 4\).*\(2, 4\) is expected"),
        ({"rotary": True}, TypeError, "rotary is a bool, but an al.Rotary is expected"),
        ({"rotary": al.Rotary}, TypeError, "rotary is a type, but an al.Rotary"),
        ({"rotary": al.Rotary(n_rotated=6)}, ValueError, r"n_rotated is 6 but w_q has 4 columns"),
    ],
)
def test_says_which_weights_do_not_fit(changes, error, message):
    with pytest.raises(error, match=message):
        al.MultiHead(**arrays(0, 6, 2) | changes)


def test_an_odd_head_is_turned_only_in_part():
    odd = {"w_q": normal(0, 2, 6, 5), "w_k": normal(1, 2, 6, 5)}
    rest = {"w_v": normal(2, 2, 6, 3), "w_o": normal(3, 2, 3, 6)}
    with pytest.raises(ValueError, match=r"w_q has 5 columns \(d_head\).*pass n_rotated"):
        al.MultiHead(**odd, **rest, rotary=al.Rotary())
    al.MultiHead(**odd, **rest, rotary=al.Rotary(n_rotated=4))


X, PLACES = normal(30, 3, D_MODEL), np.arange(3)


@pytest.mark.parametrize(
    ("block", "options", "error", "message"),
    [
        (
            block_of(),
            {"positions": PLACES},
            ValueError,
            "this MultiHead turns nothing by them: make",
        ),
        (block_of().heads[0], {"positions": PLACES}, ValueError, "this Head turns nothing by them"),
        (block_of(rotary=al.Rotary()), {"positions": PLACES[:2]}, ValueError, "x has 3 rows"),
        (
            block_of(rotary=al.Rotary()),
            {"positions": [0, 1, 2]},
            TypeError,
            "positions is builtins",
        ),
        (block_of(), {"cache": {}}, TypeError, "cache is a dict, but an al.Cache is expected"),
        (block_of(), {"cache": al.Cache}, TypeError, "cache is a type, but an al.Cache"),
        (block_of(), {"cache": al.Cache(), "context": X}, ValueError, "pass one of the two"),
    ],
)
def test_says_which_arguments_do_not_fit(block, options, error, message):
    for call in (block, block.trace):
        with pytest.raises(error, match=message):
            call(X, **options)


def test_says_whose_a_cache_is():
    cache, x = al.Cache(), normal(30, 2, 3, D_MODEL)
    assert repr(cache) == "Cache(n_tokens=0)"
    block = block_of()
    block(x, cache=cache)
    assert repr(cache) == "Cache(n_tokens=3)"
    with pytest.raises(ValueError, match=r"Pass shape \(2, 1, 1, 4\) for one mask per text"):
        block(x[:, :1], mask=np.ones((2, 1, 4), bool), cache=cache)
    with pytest.raises(ValueError, match="cache holds the keys of another block: give each block"):
        block_of(seed=9)(x, cache=cache)
    with pytest.raises(ValueError, match=r"x has leading axes \(\) but cache holds.* axes \(2,\)"):
        block(x[0], cache=cache)


def test_a_block_shows_how_it_turns():
    expected = "rotary=Rotary(base=10000.0, layout='halves', n_rotated=None, scaling=None))"
    assert repr(block_of(rotary=al.Rotary(layout="halves"))).endswith(expected)
    assert copy.deepcopy(block_of(rotary=al.Rotary())).rotary == al.Rotary()
