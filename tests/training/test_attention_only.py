"""The model of attention alone, beside the same model written with PyTorch's functions."""

import re

import numpy as np
import pytest
import torch
from torch.nn.functional import embedding, rms_norm, scaled_dot_product_attention

import attnlib as al
from attnlib import parrot
from attnlib.training import Recipe, initial_model

EXACT = 1e-12
RECIPE = Recipe(d_model=8, n_heads=2)
IDS = parrot.batch(parrot.Draws(5), 3, 12).ids
HIDES = np.arange(12) != 3  # the fourth word, from everyone


@pytest.fixture(scope="module")
def model():
    return initial_model(RECIPE)


def in_numpy(model):
    """The same model on NumPy arrays."""
    blocks = [
        al.MultiHead(
            *(w.detach().numpy() for w in (block.w_q, block.w_k, block.w_v, block.w_o)),
            distance=al.DistanceBias(
                *(a.detach().numpy() for a in block.distance.arrays().values())
            ),
        )
        for block in model.blocks
    ]
    ends = (matrix.detach().numpy() for matrix in (model.embedding, model.unembedding))
    first, last = ends
    return al.AttentionOnly(first, blocks, last)


def by_pytorch(model, ids, visible):
    """The logits, with PyTorch's own embedding, norm and attention."""
    width = model.embedding.shape[1:]
    x = embedding(torch.asarray(ids), model.embedding)
    for block in model.blocks:
        normed = rms_norm(x, width, eps=1e-5)[..., None, :, :]
        bias = block.distance(ids.shape[-1]).masked_fill(~visible, -torch.inf)
        q, k, v = (normed @ w for w in (block.w_q, block.w_k, block.w_v))
        x = x + (scaled_dot_product_attention(q, k, v, bias) @ block.w_o).sum(-3)
    return rms_norm(x, width, eps=1e-5) @ model.unembedding


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("mask", [None, HIDES])
def test_logits_are_those_of_pytorch(model, causal, mask):
    visible = torch.ones(12, 12).tril().bool() if causal else torch.ones(12, 12).bool()
    visible = visible if mask is None else visible & torch.asarray(mask)
    expected = by_pytorch(model, IDS, visible)
    mask = None if mask is None else torch.asarray(mask)
    trace = model.trace(IDS, causal=causal, mask=mask)
    for logits in (model(IDS, causal=causal, mask=mask), trace.logits):
        assert logits.shape == (3, 12, 44)
        assert torch.allclose(logits, expected, rtol=0, atol=EXACT)


def test_numpy_and_pytorch_agree(model):
    trace, expected = in_numpy(model).trace(IDS), model.trace(IDS)
    for name in ("states", "weights", "deltas", "logits"):
        found = getattr(trace, name)
        assert isinstance(found, np.ndarray)
        assert np.allclose(found, getattr(expected, name).detach(), rtol=0, atol=EXACT), name
    assert np.allclose(in_numpy(model)(IDS), trace.logits, rtol=0, atol=EXACT)


@pytest.mark.parametrize("ids", [IDS, IDS[0]], ids=["batch", "one text"])
def test_a_trace_stacks_the_layers(model, ids):
    trace, leading = model.trace(ids), ids.shape[:-1]
    assert trace.states.shape == (3, *leading, 12, 8)
    assert trace.weights.shape == (2, *leading, 2, 12, 12)
    assert trace.deltas.shape == (2, *leading, 2, 12, 8)
    assert torch.allclose(trace.weights.sum(-1), torch.ones(()).double(), atol=EXACT)
    steps = trace.states[:-1] + trace.deltas.sum(-3)
    assert torch.allclose(steps, trace.states[1:], rtol=0, atol=EXACT)
    assert torch.equal(trace.states[0], model.embedding[torch.asarray(ids)])


def test_texts_of_a_batch_do_not_meet(model):
    alone = torch.stack([model(ids) for ids in IDS])
    assert torch.allclose(model(IDS), alone, rtol=0, atol=EXACT)


def test_what_comes_later_changes_nothing(model):
    changed = IDS.copy()
    changed[:, 7:] = (changed[:, 7:] + 1) % 44
    one, other = model(IDS), model(changed)
    assert torch.allclose(one[:, :7], other[:, :7], rtol=0, atol=EXACT)
    assert not torch.allclose(one[:, 7:], other[:, 7:], atol=1e-3)


@pytest.mark.parametrize("silent", [[(0, 1)], [(1, 0), [1, 1]], {(0, 0), (1, 1)}])
def test_silent_heads_add_nothing(model, silent):
    trace, logits = model.trace(IDS, silent=silent), model(IDS, silent=silent)
    assert torch.allclose(trace.logits, logits, rtol=0, atol=EXACT)
    assert not torch.allclose(logits, model(IDS), atol=1e-3)
    pairs = {tuple(pair) for pair in silent}
    for layer, head in np.ndindex(2, 2):
        assert (trace.deltas[layer, :, head] == 0).all() == ((layer, head) in pairs)
    steps = trace.states[:-1] + trace.deltas.sum(-3)
    assert torch.allclose(steps, trace.states[1:], rtol=0, atol=EXACT)


def test_silencing_a_head_is_taking_its_delta_away(model):
    """In the last layer nothing else depends on it."""
    whole = model.trace(IDS)
    state = whole.states[-1] - whole.deltas[1, :, 0]
    expected = rms_norm(state, (8,), eps=1e-5) @ model.unembedding
    assert torch.allclose(model(IDS, silent=[(1, 0)]), expected, rtol=0, atol=EXACT)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([0.5, 1.0], TypeError, "ids has dtype .*float.*, but whole numbers are expected"),
        ([3, 44], ValueError, "ids reach from 3 to 44, but the model has 44 words: .* 0 to 43"),
        ([-1, 3], ValueError, "ids reach from -1 to 3"),
        (3, ValueError, r"ids has shape \(\), but \(..., n_tokens\) with at least one token"),
        ([[], []], (TypeError, ValueError), "ids has"),
    ],
)
def test_ids_that_are_no_words_are_refused(model, ids, error, message):
    for each in (model, in_numpy(model)):
        for call in (each, each.trace):
            with pytest.raises(error, match=message):
                call(ids)


@pytest.mark.parametrize("pair", [(2, 0), (0, 2), (-1, 0)])
def test_heads_that_are_not_there_are_refused(model, pair):
    message = re.escape(f"silent holds {pair}, but the model has layers 0 to 1 with heads 0 to 1")
    for call in (model, model.trace):
        with pytest.raises(ValueError, match=message):
            call(IDS, silent=[pair])


@pytest.mark.parametrize("silent", [(0, 1), 3, "0.1", [(0,)], [(0, 1, 2)]])
def test_silent_takes_pairs(model, silent):
    with pytest.raises((TypeError, ValueError), match=r"silent .* pairs \(layer, head\)"):
        model(IDS, silent=silent)


def matrices(n_heads=2, d_model=8, **options):
    w, w_o = np.zeros((n_heads, d_model, 3)), np.zeros((n_heads, 3, d_model))
    return al.MultiHead(w, w, w, w_o, **options)


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ((np.zeros((44, 8)), [], np.zeros((8, 44))), ValueError, "no blocks: pass at least one"),
        ((np.zeros((44, 8)), [3], np.zeros((8, 44))), TypeError, "blocks holds a int, but"),
        (
            (np.zeros(44), [matrices()], np.zeros((8, 44))),
            ValueError,
            r"embedding has shape \(44,\)",
        ),
        (
            (np.zeros((44, 8)), [matrices()], np.zeros((9, 44))),
            ValueError,
            "unembedding has 9 rows",
        ),
        (
            (np.zeros((44, 8)), [matrices(), matrices(d_model=6)], np.zeros((8, 44))),
            ValueError,
            "blocks.1. is for rows of 6 numbers, but embedding has 8 columns",
        ),
        (
            (np.zeros((44, 8)), [matrices(), matrices(3)], np.zeros((8, 44))),
            ValueError,
            "blocks have 2 and 3 heads",
        ),
        (
            (np.zeros((44, 8), "float32"), [matrices()], np.zeros((8, 44))),
            TypeError,
            "dtype",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, error, message):
    with pytest.raises(error, match=message):
        al.AttentionOnly(*parts)
