"""A bias on the distance, and a scale of one's own: what `Head` and `MultiHead` do with them."""

import re
from copy import deepcopy
from dataclasses import replace

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import vmap
from torch.nn.functional import scaled_dot_product_attention

import attnlib as al
from bench.attention import numpy_peak, torch_peak
from tests.core.strategies import SEEDS, normal
from tests.core.test_multi_head import (
    BIASES,
    CROSS,
    D_CONTEXT,
    D_HEAD,
    D_MODEL,
    EXACT,
    MATRICES,
    N_HEADS,
    arrays,
    of_head,
    random_mask,
)

LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)


def added(behind, ahead, n_queries, n_keys):
    """What is added to each score of one head, one cell at a time."""
    result = np.zeros((n_queries, n_keys))
    for query in range(n_queries):
        for key in range(n_keys):
            before = query + n_keys - n_queries - key
            if before >= 0:
                result[query, key] = behind[min(before, len(behind) - 1)]
            elif ahead is not None:
                result[query, key] = ahead[min(-before, len(ahead)) - 1]
    return result


@st.composite
def calls(draw):
    """A block with a distance bias, its x, the options of a call, and the numbers of the bias."""
    seed, leading = draw(SEEDS), draw(st.sampled_from([(), (2,), (2, 4)]))
    n_queries, more_keys = draw(st.integers(1, 6)), draw(st.integers(0, 2))
    shapes = MATRICES | (BIASES if draw(st.booleans()) else {})
    options, n_keys = {"causal": draw(st.booleans()), "mask": None}, n_queries
    if draw(st.booleans()):
        shapes, n_keys = shapes | CROSS, n_queries + more_keys
        options["context"] = normal(seed + 21, *leading, n_keys, D_CONTEXT)
    if draw(st.booleans()):
        options["mask"] = random_mask(seed + 22, N_HEADS, n_queries, n_keys)
    behind = normal(seed + 23, N_HEADS, draw(st.integers(1, 4)))
    ahead = draw(st.sampled_from([None, normal(seed + 24, N_HEADS, draw(st.integers(1, 3)))]))
    scale = draw(st.sampled_from([None, 1.0, 0.3, -2]))
    x = normal(seed + 20, *leading, n_queries, D_MODEL)
    distance = al.DistanceBias(behind, ahead)
    return al.MultiHead(**arrays(seed, shapes), distance=distance, scale=scale), x, options


def by_the_formula(block, x, context=None, mask=None, causal=False):
    """Scores and deltas, `(..., head, query, key)`, head by head and cell by cell."""
    context, scores, deltas = x if context is None else context, [], []
    for i in range(N_HEADS):
        b_q, b_k, b_v = (0 if b is None else b[i] for b in (block.b_q, block.b_k, block.b_v))
        q, k, v = x @ block.w_q[i] + b_q, context @ block.w_k[i] + b_k, context @ block.w_v[i] + b_v
        numbers = [a[i] for a in block.distance.arrays().values()]
        bias = added(*numbers, *[None] * (2 - len(numbers)), q.shape[-2], k.shape[-2])
        scale = q.shape[-1] ** -0.5 if block.scale is None else block.scale
        seen = np.ones(bias.shape, bool) if mask is None else mask[i].copy()
        if causal:
            seen &= np.tri(*bias.shape, k=bias.shape[1] - bias.shape[0], dtype=bool)
        scores.append(np.where(seen, q @ k.swapaxes(-1, -2) * scale + bias, -np.inf))
        deltas.append(al.softmax(scores[-1]) @ v @ block.w_o[i])
        if block.b_o is not None:
            deltas[-1] = deltas[-1] + block.b_o / N_HEADS
    return np.stack(scores, -3), np.stack(deltas, -3)


@given(calls())
def test_a_block_adds_its_bias_to_the_scaled_scores(call):
    block, x, options = call
    scores, deltas = by_the_formula(block, x, **options)
    trace = block.trace(x, **options)
    assert np.allclose(trace.scores, scores, rtol=0, atol=EXACT)
    assert np.allclose(trace.weights, al.softmax(scores), rtol=0, atol=EXACT)
    assert np.allclose(trace.deltas, deltas, rtol=0, atol=EXACT)
    for delta in (trace.delta, block(x, **options)):
        assert np.allclose(delta, deltas.sum(-3), rtol=0, atol=EXACT)


@given(calls())
def test_each_head_keeps_its_share(call):
    block, x, options = call
    trace = block.trace(x, **options)
    for i, head in enumerate(block.heads):
        steps = head.trace(x, **of_head(options, i))
        assert np.allclose(steps.scores, trace.scores[..., i, :, :], rtol=0, atol=EXACT)
        assert np.allclose(steps.delta, trace.deltas[..., i, :, :], rtol=0, atol=EXACT)
        assert np.allclose(head(x, **of_head(options, i)), steps.delta, rtol=0, atol=EXACT)


@every_library
@pytest.mark.parametrize("scale", [1.0, -0.3])
def test_a_scale_takes_the_place_of_the_root(library, scale):
    """Also alone: queries that are as much longer give the same scores."""
    given_arrays = {name: library(a) for name, a in arrays(0, MATRICES).items()}
    longer = replace(al.MultiHead(**given_arrays), w_q=given_arrays["w_q"] * (scale * D_HEAD**0.5))
    block, x = al.MultiHead(**given_arrays, scale=scale), library(normal(20, 5, D_MODEL))
    expected = np.asarray(longer(x, causal=True))
    heads = sum(np.asarray(head(x, causal=True)) for head in block.heads)
    for delta in (block(x, causal=True), block.trace(x, causal=True).delta, heads):
        assert np.allclose(np.asarray(delta), expected, rtol=0, atol=EXACT)
    scores = np.asarray(block.trace(x).scores)
    assert np.allclose(scores, np.asarray(longer.trace(x).scores), rtol=0, atol=EXACT)


@every_library
@given(call=calls())
def test_every_library_gives_the_same(library, call):
    block, x, options = call
    expected = block(x, **options)
    distance = al.DistanceBias(*(library(a) for a in block.distance.arrays().values()))
    given_arrays = {
        n: library(a) for n, a in vars(block).items() if n[:2] in ("w_", "b_") and a is not None
    }
    block = al.MultiHead(**given_arrays, distance=distance, scale=block.scale)
    options = {n: o if isinstance(o, bool | None) else library(o) for n, o in options.items()}
    for delta in (block(library(x), **options), block.trace(library(x), **options).delta):
        assert np.allclose(np.asarray(delta), expected, rtol=0, atol=EXACT)


def tensor_block(seed=0, scale=None, dtype=torch.float64):
    """A block on tensors that gradients reach, with three numbers behind and two ahead."""
    tensors = {n: torch.asarray(a, dtype=dtype) for n, a in arrays(seed).items()}
    behind, ahead = (torch.asarray(normal(30, N_HEADS, n), dtype=dtype) for n in (3, 2))
    for tensor in (*tensors.values(), behind, ahead):
        tensor.requires_grad_()
    return al.MultiHead(**tensors, distance=al.DistanceBias(behind, ahead), scale=scale)


def by_pytorch(block, x, causal):
    """The same through PyTorch's own attention, with the bias as its floating-point mask."""
    projected = zip(
        (block.w_q, block.w_k, block.w_v), (block.b_q, block.b_k, block.b_v), strict=True
    )
    q, k, v = (x[..., None, :, :] @ w + b[:, None] for w, b in projected)
    mask = block.distance(x.shape[-2])
    if causal:
        mask = mask.masked_fill(~torch.ones(mask.shape[-2:]).tril().bool(), -torch.inf)
    mixed = scaled_dot_product_attention(q, k, v, mask, scale=block.scale)
    return (mixed @ block.w_o).sum(-3) + block.b_o


@pytest.mark.parametrize(("causal", "scale"), [(True, None), (False, 1.0)])
def test_values_and_gradients_are_those_of_pytorch(causal, scale):
    block, x = tensor_block(scale=scale), torch.asarray(normal(20, 2, 5, D_MODEL))
    learn = [block.w_q, block.w_o, *block.distance.arrays().values()]
    expected = by_pytorch(block, x, causal)
    wanted = torch.autograd.grad(expected.square().sum(), learn)
    for delta in (block(x, causal=causal), block.trace(x, causal=causal).delta):
        assert torch.allclose(delta, expected, rtol=0, atol=EXACT)
        found = torch.autograd.grad(delta.square().sum(), learn)
        for one, other in zip(found, wanted, strict=True):
            assert torch.allclose(one, other, rtol=1e-9, atol=EXACT)
    assert (wanted[-1].abs().max() == 0) == causal  # nothing ahead is seen


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_dtype_that_came_in_goes_out(dtype):
    given_arrays = {n: a.astype(dtype) for n, a in arrays(0).items()}
    bias = al.DistanceBias(normal(1, N_HEADS, 3).astype(dtype))
    block, x = al.MultiHead(**given_arrays, distance=bias), normal(20, 5, D_MODEL).astype(dtype)
    wide = al.MultiHead(
        **{n: a.astype("float64") for n, a in given_arrays.items()},
        distance=al.DistanceBias(bias.behind.astype("float64")),
    )
    delta = block(x, causal=True)
    assert delta.dtype == dtype
    assert np.allclose(delta, wide(x.astype("float64"), causal=True), rtol=0, atol=0.1)


def test_transformations_give_the_same():
    block, x = tensor_block(), torch.asarray(normal(20, 3, 5, D_MODEL))
    expected = block(x, causal=True)
    batched = vmap(lambda each: block(each, causal=True))(x)
    assert torch.allclose(batched, expected, atol=EXACT)
    assert torch.autograd.gradgradcheck(
        lambda behind: replace(block, distance=al.DistanceBias(behind))(x[0, :2], causal=True),
        block.distance.behind,
    )


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:Dynamo detected a call to a `functools.lru_cache`",
    "ignore:`torch.jit.script` is deprecated",
)
def test_a_compiler_reads_it_for_any_number_of_tokens():
    block = tensor_block()
    compiled = torch.compile(
        lambda x: block(x, causal=True), backend="eager", fullgraph=True, dynamic=True
    )
    for n_tokens in (4, 7):
        x = torch.asarray(normal(20, n_tokens, D_MODEL))
        assert torch.allclose(compiled(x), block(x, causal=True), atol=EXACT)


@every_library
def test_what_is_hidden_reaches_nobody(library):
    block = al.MultiHead(
        **{n: library(a) for n, a in arrays(0).items()},
        distance=al.DistanceBias(library(normal(1, N_HEADS, 2))),
    )
    x = normal(20, 4, D_MODEL)
    clean, x[3] = np.asarray(block(library(x), causal=True)), np.nan
    for delta in (block(library(x), causal=True), block.trace(library(x), causal=True).delta):
        assert np.allclose(np.asarray(delta)[:3], clean[:3], atol=EXACT)
        assert np.isnan(np.asarray(delta)[3]).all()


@every_library
@pytest.mark.parametrize(("causal", "empty"), [(True, 0), (False, 3)])
def test_a_query_that_the_bias_hides_everything_from_gets_nothing(library, causal, empty):
    """Infinite numbers of a bias hide as a mask does: a row of nothing but -inf has weights 0."""
    matrices = {n: library(a) for n, a in arrays(0, MATRICES).items()}
    hides = np.zeros((N_HEADS, 2))
    hides[:, 0] = -np.inf  # nobody sees themselves
    if not causal:
        hides[:, 1] = -np.inf  # nor what is behind them: nothing is left for the last
    block = al.MultiHead(**matrices, distance=al.DistanceBias(library(hides)))
    x = library(normal(20, 4, D_MODEL))
    for delta in (block(x, causal=causal), block.trace(x, causal=causal).delta):
        delta = np.asarray(delta)
        assert not delta[empty].any()
        assert np.isfinite(delta).all() and (np.delete(delta, empty, 0) != 0).all()


def test_a_copy_has_numbers_of_its_own():
    block = tensor_block(scale=0.5)
    copy = deepcopy(block)
    x = torch.asarray(normal(20, 5, D_MODEL))
    assert torch.equal(copy(x), block(x))
    for one, other in zip(*(b.distance.arrays().values() for b in (copy, block)), strict=True):
        assert one is not other and one.is_leaf and one.requires_grad


def test_it_shows_the_shapes_of_its_numbers():
    behind, ahead = normal(1, N_HEADS, 4), normal(2, N_HEADS, 2)
    block = al.MultiHead(**arrays(0, MATRICES), distance=al.DistanceBias(behind, ahead), scale=2)
    assert repr(block).endswith(
        "w_o=(3, 4, 6), distance=DistanceBias(behind=(3, 4), ahead=(3, 2)), scale=2)"
    )
    assert repr(block.heads[0]).endswith("distance=DistanceBias(behind=(4,), ahead=(2,)), scale=2)")


@pytest.mark.parametrize(
    ("behind", "ahead", "message"),
    [
        ((2, 3, 4), None, r"behind has shape \(2, 3, 4\), but \(n_heads, n_distances\)"),
        ((2, 0), None, "at least one distance"),
        ((2, 3), (3, 3), r"behind has shape \(2, 3\) but ahead has shape \(3, 3\)"),
        ((2, 3), (3,), "one row for each head"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(behind, ahead, message):
    ahead = None if ahead is None else np.zeros(ahead)
    with pytest.raises(ValueError, match=message):
        al.DistanceBias(np.zeros(behind), ahead)


def test_a_bias_that_does_not_fit_the_heads_is_refused():
    matrices = arrays(0, MATRICES)
    for distance, message in [
        (al.DistanceBias(np.zeros((2, 5))), "(2, 5), but a MultiHead with w_q of shape (3, 6, 2)"),
        (al.DistanceBias(np.zeros(5)), "needs shape (3, 5)"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            al.MultiHead(**matrices, distance=distance)
    one = {name: w[0] for name, w in matrices.items()}
    with pytest.raises(
        ValueError, match=re.escape("a Head with w_q of shape (6, 2) needs shape (5,)")
    ):
        al.Head(**one, distance=al.DistanceBias(np.zeros((3, 5))))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": np.zeros((3, 5))}, r"distance is a ndarray, but an al.DistanceBias"),
        ({"distance": al.DistanceBias(np.zeros((3, 5), "float32"))}, "dtype float32 but w_q"),
        ({"scale": True}, "scale is a bool, but a number is expected"),
    ],
)
def test_other_things_are_refused(options, message):
    with pytest.raises(TypeError, match=message):
        al.MultiHead(**arrays(0, MATRICES), **options)


@pytest.mark.parametrize("scale", [None, 0.7])
def test_without_a_bias_a_block_holds_no_pattern(scale):
    n_tokens = 2048
    block = al.MultiHead(
        **{n: a.astype("float32") for n, a in arrays(0, MATRICES).items()}, scale=scale
    )
    tensors = {n: torch.asarray(w) for n, w in vars(block).items() if n[:2] == "w_"}
    x, pattern = normal(1, n_tokens, D_MODEL, dtype="float32"), N_HEADS * n_tokens**2 * 4
    assert numpy_peak(lambda: block(x, causal=True)) < 0.5 * pattern
    of_tensors = al.MultiHead(**tensors, scale=scale)
    assert torch_peak(lambda: of_tensors(torch.asarray(x), causal=True)) < 0.5 * pattern
