"""The decoder, small and with random numbers, beside the same model in PyTorch's functions."""

from dataclasses import replace

import array_api_strict as strict
import numpy as np
import pytest
import torch
from torch.nn.functional import embedding, rms_norm, scaled_dot_product_attention, silu

import attnlib as al
from tests.core.strategies import normal

EXACT = 1e-11
N_LAYERS, N_VOCAB, D_MODEL, N = 2, 11, 6, 5
IDS = np.random.default_rng(0).integers(0, N_VOCAB, (3, N))
ROTARY = al.Rotary(100.0)


def parts(seed=0):
    """The arrays of a decoder with 4 heads that share 2 keys and values, by name."""
    stacks = {"w_q": (4, 6, 4), "w_k": (2, 6, 4), "w_v": (2, 6, 3), "w_o": (4, 3, 6)}
    layers = [
        {name: normal(seed + 10 * i + j, *shape) for j, (name, shape) in enumerate(stacks.items())}
        | {"gate": normal(seed + 10 * i + 5, 6, 8), "up": normal(seed + 10 * i + 6, 6, 8)}
        | {"down": normal(seed + 10 * i + 7, 8, 6)}
        | {"gain": normal(seed + 10 * i + 8, 6), "second_gain": normal(seed + 10 * i + 9, 6)}
        for i in range(N_LAYERS)
    ]
    ends = {
        "embedding": normal(91, N_VOCAB, 6),
        "last": normal(92, 6),
        "out": normal(93, 6, N_VOCAB),
    }
    return layers, ends


def decoder(library=np.asarray, **changes):
    layers, ends = parts()
    layers = [{name: library(a) for name, a in layer.items()} for layer in layers]
    ends = {name: library(a) for name, a in ends.items()}
    given = {
        "embedding": ends["embedding"],
        "blocks": [
            al.MultiHead(*(layer[f"w_{n}"] for n in "qkvo"), rotary=ROTARY) for layer in layers
        ],
        "feed_forwards": [
            al.GatedFeedForward(layer["gate"], layer["up"], layer["down"]) for layer in layers
        ],
        "block_gains": [layer["gain"] for layer in layers],
        "feed_forward_gains": [layer["second_gain"] for layer in layers],
        "last_gain": ends["last"],
        "unembedding": ends["out"],
    }
    return al.Decoder(**given | changes)


MODEL = decoder()


def by_pytorch(ids, visible=lambda layer: True, silent=()):
    """The logits for a batch, with PyTorch's own functions, and positions turned one by one."""
    layers, ends = parts()
    ends = {name: torch.tensor(a) for name, a in ends.items()}
    x = embedding(torch.tensor(ids), ends["embedding"])
    places, pairs = torch.arange(ids.shape[-1]).double(), torch.arange(2).double()
    angles = places[:, None] * 100.0 ** (-pairs / 2)
    turn = torch.polar(torch.ones_like(angles), angles)

    def turned(rows):
        pairs = torch.view_as_complex(rows.unflatten(-1, (2, 2)).contiguous())
        return torch.view_as_real(pairs * turn).flatten(-2)

    causal = torch.ones(ids.shape[-1], ids.shape[-1]).tril().bool()
    for i, layer in enumerate(layers):
        w = {name: torch.tensor(a) for name, a in layer.items()}
        read = rms_norm(x, (6,), w["gain"], eps=1e-5)[:, None]
        q, k, v = turned(read @ w["w_q"]), turned(read @ w["w_k"]), read @ w["w_v"]
        mask = causal & torch.tensor(visible(i))
        mixed = scaled_dot_product_attention(q, k, v, mask, enable_gqa=True)
        added = mixed @ w["w_o"]
        added[:, [head for layer, head in silent if layer == i]] = 0
        x = x + added.sum(1)
        read = rms_norm(x, (6,), w["second_gain"], eps=1e-5)
        x = x + (silu(read @ w["gate"]) * (read @ w["up"])) @ w["down"]
    return (rms_norm(x, (6,), ends["last"], eps=1e-5) @ ends["out"]).numpy()


def without(edges):
    """What is visible in a layer once some `(layer, query, key)` are cut."""

    def visible(layer):
        mask = np.ones((N, N), bool)
        for each, query, key in edges:
            mask[query, key] = mask[query, key] and each != layer
        return mask

    return visible


CUT = [(0, 3, 1), (0, 4, 0), (1, 2, 2), (1, 4, 1)]
SILENT = [(0, 1), (1, 0), (1, 3)]
NEAR = np.subtract.outer(np.arange(N), np.arange(N)) < 2
PADDING = np.arange(N) != 1
EVERY_OPTION = {
    "none": ({}, {}),
    "cut": ({"cut": CUT}, {"visible": without(CUT)}),
    "cut as an array": ({"cut": np.array(CUT)}, {"visible": without(CUT)}),
    "silent": ({"silent": SILENT}, {"silent": SILENT}),
    "last": ({"last": 2}, {"visible": lambda _: NEAR}),
    "last and cut": (
        {"last": 2, "cut": CUT, "silent": SILENT},
        {"visible": lambda layer: NEAR & without(CUT)(layer), "silent": SILENT},
    ),
    "mask": ({"mask": PADDING}, {"visible": lambda _: PADDING}),
    "mask of a layer": (
        {"mask": {1: PADDING}, "cut": CUT},
        {"visible": lambda layer: without(CUT)(layer) & (PADDING | (layer == 0))},
    ),
}
every_option = pytest.mark.parametrize(
    ("options", "theirs"), EVERY_OPTION.values(), ids=EVERY_OPTION
)
LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}


@every_option
@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_logits_are_those_of_pytorch(library, options, theirs):
    model, expected = decoder(library), by_pytorch(IDS, **theirs)
    trace = model.trace(IDS, **options)
    for logits in (model(IDS, **options), trace.logits):
        assert type(logits) is type(model.embedding)
        assert np.allclose(np.asarray(logits), expected, rtol=0, atol=EXACT)
    if options:
        assert not np.allclose(expected, by_pytorch(IDS), atol=1e-3)


@pytest.mark.parametrize("ids", [IDS, IDS[0]], ids=["batch", "one text"])
def test_a_trace_stacks_the_layers(ids):
    trace, leading = MODEL.trace(ids, silent=[(1, 2)]), ids.shape[:-1]
    assert trace.states.shape == (N_LAYERS + 1, *leading, N, D_MODEL)
    assert trace.weights.shape == (N_LAYERS, *leading, 4, N, N)
    assert trace.deltas.shape == (N_LAYERS, *leading, 4, N, D_MODEL)
    assert np.allclose(trace.weights.sum(-1), 1, rtol=0, atol=EXACT)
    assert np.array_equal(trace.states[0], MODEL.embedding[ids])
    assert not trace.deltas[1][..., 2, :, :].any()
    for layer, state in enumerate(trace.states[:-1]):
        between = state + trace.deltas[layer].sum(-3)
        read = between / np.sqrt((between**2).mean(-1, keepdims=True) + 1e-5)
        added = MODEL.feed_forwards[layer](read * MODEL.feed_forward_gains[layer])
        assert np.allclose(between + added, trace.states[layer + 1], rtol=0, atol=EXACT)


def test_rows_whose_edges_are_cut_sum_to_1_again():
    whole, cut = MODEL.trace(IDS[0]), MODEL.trace(IDS[0], cut=[(0, 3, 1)])
    row, before = cut.weights[0, :, 3], whole.weights[0, :, 3]
    assert not row[:, 1].any()
    kept = np.delete(before, 1, axis=-1)
    assert np.allclose(np.delete(row, 1, -1), kept / kept.sum(-1, keepdims=True), atol=EXACT)
    others = [0, 1, 2, 4]
    assert np.array_equal(cut.weights[0][:, others], whole.weights[0][:, others])


def test_a_token_that_may_see_nothing_gets_nothing():
    trace = MODEL.trace(IDS[0], cut=[(0, 1, 0), (0, 1, 1)])
    assert not trace.weights[0, :, 1].any()
    assert not trace.deltas[0, :, 1].any()


def test_an_edge_to_a_later_token_is_cut_already():
    assert np.array_equal(MODEL(IDS, cut=[(0, 1, 3)]), MODEL(IDS))


def test_the_readers_own_block_runs_the_model():
    """It is told what it needs, and no more."""

    class Own:
        def __init__(self, block):
            self.block = block

        def __call__(self, x, causal=False):
            return sum(head(x, causal=causal) for head in self.block.heads)

    own = replace(MODEL, blocks=[Own(MODEL.blocks[0]), MODEL.blocks[1]])
    assert np.allclose(own(IDS), MODEL(IDS), rtol=0, atol=EXACT)
    silent = own(IDS, silent=[(1, 0)])
    assert np.allclose(silent, MODEL(IDS, silent=[(1, 0)]), rtol=0, atol=EXACT)
    with pytest.raises(TypeError, match=r"blocks\[0\] is a Own, whose heads cannot be silenced"):
        own(IDS, silent=[(0, 0)])
    assert repr(own) == "Decoder(n_layers=2, d_model=6, n_vocab=11)"


# --- writing


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
def test_it_writes_what_it_would_read_as_likeliest(library):
    model, texts = decoder(library), IDS.tolist()
    for _ in range(6):
        logits = np.asarray(model(texts))[:, -1]
        texts = [[*ids, int(best)] for ids, best in zip(texts, logits.argmax(-1), strict=True)]
    written = model.write(IDS, 6)
    assert written == [ids[N:] for ids in texts]
    assert model.write(IDS[0].tolist(), 6) == written[0]
    assert len({tuple(ids) for ids in written}) > 1
    assert all(type(i) is int for i in written[0])


def test_it_reads_each_token_once():
    class Counting:
        def __init__(self, block):
            self.block, self.read = block, []

        def __call__(self, x, **options):
            self.read.append(x.shape[-2])
            return self.block(x, **options)

    counting = [Counting(block) for block in MODEL.blocks]
    replace(MODEL, blocks=counting).write(IDS[0], 3)
    assert [each.read for each in counting] == [[N, 1, 1]] * N_LAYERS


def test_it_may_write_nothing():
    assert MODEL.write(IDS[0], 0) == []
    assert MODEL.write(IDS, 0) == [[], [], []]


# --- numbers, and what is never changed


def test_gates_far_out_are_finite():
    x = np.array([[-1e4], [-5.0], [0.0], [3.0], [1e4]], "float32")
    layer = al.GatedFeedForward(*(np.eye(1, dtype="float32") for _ in range(3)))
    exact = torch.tensor(x, dtype=torch.float64)
    expected = (silu(exact) * exact).numpy()
    assert np.allclose(layer(x), expected, rtol=1e-6, atol=1e-4)


def test_nothing_changes_its_inputs():
    before = IDS.copy()
    mask = np.ones((N, N), bool)
    MODEL(IDS, mask=mask, cut=CUT, last=2)
    MODEL.trace(IDS, silent=SILENT)
    MODEL.write(IDS, 2)
    assert np.array_equal(IDS, before) and mask.all()
    assert np.array_equal(MODEL.embedding, decoder().embedding)


def test_gradients_reach_every_array():
    model = decoder(lambda a: torch.tensor(a, requires_grad=True))
    model(IDS).square().sum().backward()
    arrays = [model.embedding, model.last_gain, model.unembedding, *model.block_gains]
    arrays += [each.w_gate for each in model.feed_forwards] + [b.w_k for b in model.blocks]
    assert all(array.grad.abs().max() > 0 for array in arrays)


# --- what does not fit


@pytest.mark.parametrize(
    ("ids", "options", "error", "message"),
    [
        ([0.5, 1.0], {}, TypeError, "ids has dtype float64, but whole numbers"),
        ([], {}, ValueError, r"ids has shape \(0,\), but \(\.\.\., n_tokens\)"),
        ([3, 11], {}, ValueError, "ids reach from 3 to 11, but the model has 11 words"),
        ([-1, 0], {}, ValueError, "ids reach from -1 to 0"),
        (IDS, {"cut": [(2, 0, 0)]}, ValueError, r"cut holds \(2, 0, 0\).*layers 0 to 1 .*0 to 4"),
        (IDS, {"cut": [(0, 5, 0)]}, ValueError, r"cut holds \(0, 5, 0\)"),
        (IDS, {"cut": [(0, 3, -1)]}, ValueError, r"cut holds \(0, 3, -1\)"),
        (IDS, {"cut": (0, 3, 1)}, TypeError, r"cut is \(0, 3, 1\), but edges .*cut=\[\(layer"),
        (IDS, {"cut": [(0, 3)]}, TypeError, r"cut is \[\(0, 3\)\], but edges"),
        (IDS, {"cut": [(0, 1.5, 0)]}, ValueError, r"cut holds \(0, 1\.5, 0\)"),
        (IDS, {"silent": [(0, 4)]}, ValueError, r"silent holds \(0, 4\).*heads 0 to 3"),
        (IDS, {"silent": [(2, 0)]}, ValueError, r"silent holds \(2, 0\).*layers 0 to 1"),
        (IDS, {"silent": [0]}, TypeError, r"silent is \[0\], but pairs"),
        (IDS, {"last": 0}, ValueError, "last is 0, but each token sees at least itself"),
        (IDS, {"last": 2.0}, TypeError, "last is a float, but a whole number"),
        (IDS, {"mask": {2: PADDING}}, ValueError, "mask is for layer 2, but .* layers 0 to 1"),
        (IDS, {"mask": NEAR * 1.0}, TypeError, "mask has dtype float64.*True = may attend"),
        (IDS, {"mask": NEAR * 1.0, "last": 2}, TypeError, "mask has dtype float64.*True = may"),
        (IDS, {"mask": NEAR[:, :3], "last": 2}, ValueError, r"mask has shape \(5, 3\)"),
        (IDS, {"mask": np.ones((3, N, N), bool)}, ValueError, r"\(3, 1, 5, 5\) for one mask per"),
    ],
)
def test_says_which_arguments_do_not_fit(ids, options, error, message):
    for call in (MODEL, MODEL.trace):
        with pytest.raises(error, match=message):
            call(ids, **options)


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (-1, ValueError, "n is -1, but a count cannot be negative"),
        (1.0, TypeError, "n is a float, but a whole number is expected"),
    ],
)
def test_says_how_much_cannot_be_written(n, error, message):
    with pytest.raises(error, match=message):
        MODEL.write(IDS[0], n)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"blocks": []}, ValueError, "the model has no blocks"),
        ({"blocks": MODEL.blocks[:1]}, ValueError, "has 1 blocks but 2 feed_forwards: one for"),
        ({"block_gains": MODEL.block_gains[:1]}, ValueError, "2 blocks but 1 block_gains"),
        ({"blocks": [3, MODEL.blocks[1]]}, TypeError, r"blocks\[0\] is a int.*block\(x, causal="),
        ({"last_gain": np.ones(5)}, ValueError, r"last_gain has shape \(5,\) but embedding has 6"),
        ({"last_gain": np.ones(6, "float32")}, TypeError, "last_gain has dtype float32"),
        ({"embedding": np.ones((11, 5))}, ValueError, "unembedding has 6 rows but embedding has 5"),
        ({"unembedding": np.ones((5, 11))}, ValueError, "unembedding has 5 rows but"),
        ({"embedding": np.ones(6)}, ValueError, r"embedding has shape \(6,\), but a matrix"),
        (
            {"block_gains": [np.ones(6), np.ones((1, 6))]},
            ValueError,
            r"block_gains\[1\] has shape \(1, 6\)",
        ),
        (
            {"feed_forwards": [MODEL.feed_forwards[0], al.GatedFeedForward(*[np.eye(5)] * 3)]},
            ValueError,
            r"feed_forwards\[1\] is for rows of 5 numbers, but embedding has 6 columns",
        ),
    ],
)
def test_says_which_parts_do_not_fit(changes, error, message):
    with pytest.raises(error, match=message):
        decoder(**changes)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(6, 8), (6, 7), (8, 6)], r"w_up has shape \(6, 7\) but w_gate has shape \(6, 8\)"),
        ([(6, 8), (6, 8), (6, 8)], r"w_down has shape \(6, 8\) .*shape \(8, 6\) is expected"),
        ([(6,), (6, 8), (8, 6)], r"w_gate has shape \(6,\), but a matrix"),
    ],
)
def test_says_which_matrices_of_a_feed_forward_do_not_fit(shapes, message):
    with pytest.raises(ValueError, match=message):
        al.GatedFeedForward(*(np.ones(shape) for shape in shapes))
