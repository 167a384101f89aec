"""What a block of heads promises, alone and beside `nn.MultiheadAttention`."""

import re
from copy import deepcopy
from dataclasses import replace

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import attnlib as al
from attnlib.exercises.promises import PROMISES, STEPS
from attnlib.head import HeadTrace
from tests.core.strategies import SEEDS, normal

N_HEADS, D_MODEL, D_HEAD, D_VALUE, D_CONTEXT = 3, 6, 2, 4, 5
MATRICES = {
    "w_q": (N_HEADS, D_MODEL, D_HEAD),
    "w_k": (N_HEADS, D_MODEL, D_HEAD),
    "w_v": (N_HEADS, D_MODEL, D_VALUE),
    "w_o": (N_HEADS, D_VALUE, D_MODEL),
}
BIASES = {
    "b_q": (N_HEADS, D_HEAD),
    "b_k": (N_HEADS, D_HEAD),
    "b_v": (N_HEADS, D_VALUE),
    "b_o": (D_MODEL,),
}
CROSS = {"w_k": (N_HEADS, D_CONTEXT, D_HEAD), "w_v": (N_HEADS, D_CONTEXT, D_VALUE)}
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
EXACT = 1e-11  # what two orders of the same sums may differ by in float64


def arrays(seed, shapes=MATRICES | BIASES):
    return {name: normal(seed + i, *shape) for i, (name, shape) in enumerate(shapes.items())}


def random_mask(seed, *shape):
    """A mask that hides something from every head, and not the same from all."""
    mask = np.random.default_rng(seed).random(shape) < 0.6
    mask[..., 0, -1], mask[..., 0, 0] = False, True
    return mask


class OneHead:
    """A block of one head, called as a head is."""

    def __init__(self, *matrices, b_o=None, **biases):
        biases = {name: bias[None] for name, bias in biases.items()}
        self.block = al.MultiHead(*(w[None] for w in matrices), **biases, b_o=b_o)

    def __call__(self, *inputs, **options):
        return self.block(*inputs, **options)

    def trace(self, *inputs, **options):
        trace = self.block.trace(*inputs, **options)
        without_heads = {name: getattr(trace, name)[..., 0, :, :] for name in STEPS[:-1]}
        return HeadTrace(**without_heads, delta=trace.delta)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.id)
@given(seed=SEEDS)
def test_a_block_of_one_head_keeps_the_promises_of_a_head(promise, seed):
    promise.holds(OneHead, seed)


@st.composite
def calls(draw):
    """A block, its x and the keyword arguments of a call, in float64."""
    seed, leading = draw(SEEDS), draw(st.sampled_from([(), (2,), (2, 4)]))
    n_queries, more_keys = draw(st.integers(1, 4)), draw(st.integers(0, 2))
    shapes = MATRICES | (BIASES if draw(st.booleans()) else {})
    options = {"causal": draw(st.booleans())}
    n_keys = n_queries
    if draw(st.booleans()):
        shapes, n_keys = shapes | CROSS, n_queries + more_keys
        options["context"] = normal(seed + 21, *leading, n_keys, D_CONTEXT)
    pattern = (n_queries, n_keys)
    masks = [None, pattern, (N_HEADS, *pattern), (*leading, N_HEADS, *pattern)]
    shape = draw(st.sampled_from(masks))
    options["mask"] = None if shape is None else random_mask(seed + 22, *shape)
    x = normal(seed + 20, *leading, n_queries, D_MODEL)
    return al.MultiHead(**arrays(seed, shapes)), x, options


def of_head(options, head):
    """The options of a call of the block for one of its heads."""
    mask = options["mask"]
    layered = mask is not None and mask.ndim > 2
    return options | {"mask": mask[..., head, :, :] if layered else mask}


@given(calls())
def test_a_block_is_a_loop_over_its_heads(call):
    block, x, options = call
    trace = block.trace(x, **options)
    traces = [head.trace(x, **of_head(options, i)) for i, head in enumerate(block.heads)]
    for name in STEPS[:-1]:
        expected = np.stack([getattr(each, name) for each in traces], axis=-3)
        assert np.allclose(getattr(trace, name), expected, rtol=0, atol=EXACT), name
    deltas = np.stack([each.delta for each in traces], axis=-3)
    assert np.allclose(trace.deltas, deltas, rtol=0, atol=EXACT)


@given(calls())
def test_the_heads_sum_to_the_block(call):
    block, x, options = call
    total = sum(head(x, **of_head(options, i)) for i, head in enumerate(block.heads))
    trace = block.trace(x, **options)
    assert len(block.heads) == N_HEADS
    for delta in (total, trace.delta, trace.deltas.sum(axis=-3)):
        assert delta.shape == x.shape
        assert np.allclose(block(x, **options), delta, rtol=0, atol=EXACT)


@given(calls())
def test_the_sum_over_heads_is_the_concatenation_times_w_o(call):
    """Equation 5 as the paper writes it, from the concatenated matrices alone."""
    block, x, options = call
    w_q, w_k, w_v, w_o = block.concatenated()
    context = options.get("context", x)
    projected = zip("qkv", (x @ w_q, context @ w_k, context @ w_v), strict=True)
    q, k, v = (
        product + (0 if (bias := getattr(block, f"b_{letter}")) is None else bias.reshape(-1))
        for letter, product in projected
    )
    mixed = []
    for i in range(N_HEADS):
        qk, values = slice(i * D_HEAD, (i + 1) * D_HEAD), slice(i * D_VALUE, (i + 1) * D_VALUE)
        only = {name: of_head(options, i)[name] for name in ("mask", "causal")}
        mixed.append(al.attention(q[..., qk], k[..., qk], v[..., values], **only))
    expected = np.concatenate(mixed, axis=-1) @ w_o + (0 if block.b_o is None else block.b_o)
    assert np.allclose(block.trace(x, **options).deltas.sum(-3), expected, rtol=0, atol=EXACT)
    assert np.allclose(block(x, **options), expected, rtol=0, atol=EXACT)


def test_every_head_has_the_same_share_of_the_output_bias():
    block = al.MultiHead(**arrays(0))
    for head in block.heads:
        assert np.array_equal(head.b_o, block.b_o / N_HEADS)
    assert all(head.b_o is None for head in al.MultiHead(**arrays(0, MATRICES)).heads)


@given(SEEDS)
def test_without_positions_a_block_is_blind_to_order(seed):
    block, order = al.MultiHead(**arrays(seed)), np.array([3, 0, 4, 2, 1])
    x = normal(seed + 20, 5, D_MODEL)
    assert np.allclose(block(x[order]), block(x)[order], atol=EXACT)
    placed = x + al.sinusoidal_positions(5, D_MODEL)
    moved = x[order] + al.sinusoidal_positions(5, D_MODEL)
    assert not np.allclose(block(moved), block(placed)[order], atol=1e-6)


@pytest.mark.parametrize("library", [np.asarray, torch.asarray, strict.asarray])
@given(seed=SEEDS)
def test_what_one_head_may_not_see_reaches_the_others_alone(library, seed):
    """A token of NaN is hidden from all heads but the last."""
    block = al.MultiHead(**{name: library(a) for name, a in arrays(seed).items()})
    x, context = normal(seed + 20, 2, D_MODEL), normal(seed + 21, 4, D_MODEL)
    mask = np.ones((N_HEADS, 2, 4), bool)
    mask[:-1, :, 1] = False
    clean = block.trace(library(x), library(context), library(mask))
    context[1] = np.nan
    trace = block.trace(library(x), library(context), library(mask))
    deltas = np.asarray(trace.deltas)
    assert np.allclose(deltas[:-1], np.asarray(clean.deltas)[:-1], atol=EXACT)
    assert np.isnan(deltas[-1]).all()
    mask[-1, :, 1] = False
    hidden = block(library(x), library(context), library(mask))
    assert np.isfinite(np.asarray(hidden)).all()


def test_what_is_hidden_reaches_no_gradient():
    """A hidden token whose key is infinite, and its value finite: nothing shows in the output."""
    block = al.MultiHead(**{name: torch.asarray(a) for name, a in arrays(0, MATRICES).items()})
    block = replace(block, w_k=1e200 * torch.ones_like(block.w_k))
    context, mask = 1e-200 * torch.ones(3, D_MODEL, dtype=torch.float64), torch.ones(2, 3) > 0
    mask[:, 1] = False
    gradients = []
    for hidden in (1e-200, 1e200):
        x = torch.asarray(normal(20, 2, D_MODEL)).requires_grad_()
        context[1] = hidden
        block.trace(x, context, mask).delta.square().sum().backward()
        gradients.append(x.grad)
    assert torch.isinf(block.trace(x, context, mask).keys[:, 1]).all()
    assert torch.allclose(*gradients, atol=EXACT)


@pytest.mark.parametrize("library", [np.asarray, torch.asarray, strict.asarray])
def test_values_without_columns_have_weights_all_the_same(library):
    shapes = MATRICES | {"w_v": (N_HEADS, D_MODEL, 0), "w_o": (N_HEADS, 0, D_MODEL)}
    block = al.MultiHead(**{name: library(a) for name, a in arrays(0, shapes).items()})
    x, mask = library(normal(20, 3, D_MODEL)), np.ones((3, 3), bool)
    mask[1] = False
    trace = block.trace(x, mask=library(mask))
    sums = np.asarray(trace.weights).sum(axis=-1)
    assert np.allclose(sums, [[1, 0, 1]] * N_HEADS, atol=EXACT)
    assert not np.asarray(trace.delta).any()


@pytest.mark.parametrize("library", [np.asarray, torch.asarray, strict.asarray])
def test_a_query_that_sees_nothing_adds_the_output_bias(library):
    block = al.MultiHead(**{name: library(a) for name, a in arrays(0).items()})
    x, mask = library(normal(20, 3, D_MODEL)), np.ones((N_HEADS, 3, 3), bool)
    mask[:, 1] = False
    trace = block.trace(x, mask=library(mask))
    assert not np.asarray(trace.weights)[:, 1].any()
    for delta in (block(x, mask=library(mask)), trace.delta):
        assert np.allclose(np.asarray(delta)[1], np.asarray(block.b_o), atol=EXACT)
        assert not np.allclose(np.asarray(delta)[0], np.asarray(block.b_o), atol=1e-3)


# --- texts in a batch


def test_a_mask_for_each_text_has_an_axis_for_the_heads():
    block, x = al.MultiHead(**arrays(0)), normal(20, 2, 4, D_MODEL)
    mask = random_mask(21, 2, 4, 4)
    expected = [block(x[i], mask=mask[i]) for i in range(2)]
    assert np.allclose(block(x, mask=mask[:, None]), expected, atol=EXACT)
    assert np.allclose(block.trace(x, mask=mask[:, None]).delta, expected, atol=EXACT)


@pytest.mark.parametrize("n_texts", [2, N_HEADS])
def test_a_mask_that_may_count_texts_or_heads_is_refused(n_texts):
    block, x = al.MultiHead(**arrays(0)), normal(20, n_texts, 4, D_MODEL)
    mask = random_mask(21, n_texts, 4, 4)
    message = rf"\({n_texts}, 1, 4, 4\) for one mask per text.*\(1, 3, 4, 4\) for one per head"
    for call in (block, block.trace):
        with pytest.raises(ValueError, match=message):
            call(x, mask=mask)
    context = normal(22, n_texts, 4, D_MODEL)
    with pytest.raises(ValueError, match=message):
        block(x[0], context, mask)


def padding(lengths, n_tokens, at_the_start=False):
    mask = np.arange(n_tokens) < np.array(lengths)[:, None]
    return mask[:, ::-1] if at_the_start else mask


@pytest.mark.parametrize("make", [al.Head, al.MultiHead])
@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
@pytest.mark.parametrize("at_the_start", [False, True])
def test_padding_whose_texts_could_be_queries_is_met_with_a_warning(make, library, at_the_start):
    matrices = [a if make is al.MultiHead else a[0] for a in arrays(0, MATRICES).values()]
    head, x = make(*map(library, matrices)), library(normal(20, 3, 3, D_MODEL))
    mask = library(padding([3, 1, 2], 3, at_the_start).copy())
    written = "mask[:, None, None, :]" if make is al.MultiHead else "mask[:, None, :]"
    for call in (head, head.trace):
        with pytest.warns(UserWarning, match=re.escape(f"pass {written};")) as record:
            call(x, mask=mask)
        assert record[0].filename == __file__
    head(x, mask=eval(written))
    head(x, mask=mask[None])  # no warning: filterwarnings would make it an error


@pytest.mark.parametrize(
    "mask", [al.causal_mask(3), np.eye(3) > 0, padding([2, 2, 2], 3), np.ones((3, 3)) > 0]
)
def test_masks_of_queries_and_keys_need_no_warning(mask):
    block = al.MultiHead(**arrays(0))
    x = normal(20, 3, 3, D_MODEL)
    expected = [block(text, mask=mask) for text in x]
    assert np.allclose(block(x, mask=mask), expected, atol=EXACT)
    block(x[0], mask=padding([3, 1, 2], 3))  # one text: rows are queries


def test_a_mask_that_can_only_count_heads_serves_every_text():
    block, x, mask = al.MultiHead(**arrays(0)), normal(20, 2, 4, D_MODEL), random_mask(21, 3, 4, 4)
    expected = [block(text, mask=mask) for text in x]
    assert np.allclose(block(x, mask=mask), expected, atol=EXACT)
    assert np.allclose(block(x[:1], mask=mask), expected[:1], atol=EXACT)
    assert np.allclose(block(x, mask=mask[:1]), block(x, mask=mask[0]), atol=EXACT)


def test_one_context_serves_every_text_of_a_batch():
    block, x, context = (
        al.MultiHead(**arrays(0)),
        normal(20, 2, 4, D_MODEL),
        normal(21, 5, D_MODEL),
    )
    expected = [block(text, context) for text in x]
    assert np.allclose(block(x, context), expected, atol=EXACT)


# --- backends, dtypes, purity


def converted(library, arguments):
    """The arrays among some arguments, handed to another library."""
    return {n: library(a) if isinstance(a, np.ndarray) else a for n, a in arguments.items()}


@given(calls())
def test_numpy_torch_and_array_api_strict_agree(call):
    block, x, options = call
    expected = block.trace(x, **options)
    for library in (torch.asarray, strict.asarray):
        other = al.MultiHead(**converted(library, vars(block)))
        x_there, options_there = library(x), converted(library, options)
        trace, delta = other.trace(x_there, **options_there), other(x_there, **options_there)
        for name in (*STEPS, "deltas"):
            came = getattr(trace, name)
            assert type(came) is type(x_there)
            assert np.allclose(np.asarray(came), getattr(expected, name), atol=EXACT), name
        assert np.allclose(np.asarray(delta), expected.delta, atol=EXACT)


@pytest.mark.parametrize("n_tokens", [1, 33, 300])
@pytest.mark.parametrize("gradients", [True, False])
def test_long_traces_agree_with_those_of_the_heads(n_tokens, gradients):
    """The weights may take the memory of the scores: neither shows it."""
    block = al.MultiHead(**converted(torch.asarray, arrays(0)))
    x = torch.tensor(normal(20, n_tokens, D_MODEL))
    with torch.set_grad_enabled(gradients):
        trace = block.trace(x, causal=True)
    traces = [head.trace(x, causal=True) for head in block.heads]
    for name in ("scores", "weights", "mixed"):
        expected = torch.stack([getattr(each, name) for each in traces])
        assert torch.allclose(getattr(trace, name), expected, rtol=0, atol=EXACT), name


def test_scores_beyond_every_number_are_those_of_the_heads():
    """A row of -inf, by overflow and not by a mask, has no weights; one of +inf has NaN.

    Every score is one product: a sum that overflows depends on the order of its terms.
    """
    shapes = {"w_q": (2, 1, 1), "w_k": (2, 1, 1), "w_v": (2, 1, 4), "w_o": (2, 4, 1)}
    tensors = {name: torch.tensor(a) for name, a in arrays(0, shapes).items()}
    tensors["w_q"] = torch.tensor([1e200, -1e200], dtype=torch.float64).reshape(2, 1, 1)
    tensors["w_k"] = torch.full((2, 1, 1), 1e200, dtype=torch.float64)
    block, context = al.MultiHead(**tensors), torch.tensor([[1.0], [2.0], [4.0]]).double()
    x = torch.tensor([[1.0], [0.0], [-1.0]]).double()
    nan, third = [torch.nan] * 3, [1 / 3] * 3
    expected = torch.tensor([[nan, third, [0] * 3], [[0] * 3, third, nan]]).double()
    of_heads = torch.stack([head.trace(x, context).weights for head in block.heads])
    with torch.no_grad():
        for weights in (block.trace(x, context).weights, of_heads):
            assert torch.allclose(weights, expected, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_dtype_that_comes_in_goes_out(dtype):
    exact = al.MultiHead(**arrays(0))
    block = al.MultiHead(**{name: torch.tensor(a, dtype=dtype) for name, a in arrays(0).items()})
    x = torch.tensor(normal(20, 4, D_MODEL) / 4, dtype=dtype)
    trace = block.trace(x)
    results = [block(x), *(getattr(trace, name) for name in (*STEPS, "deltas"))]
    assert {result.dtype for result in results} == {dtype}
    tolerance = 100 * torch.finfo(dtype).eps
    assert np.allclose(block(x).double(), exact(x.double().numpy()), atol=tolerance, rtol=tolerance)


def test_arrays_stay_on_their_device():
    device = strict.Device("device1")
    weights = {name: strict.asarray(a, device=device) for name, a in arrays(0).items()}
    block, x = al.MultiHead(**weights), strict.asarray(normal(20, 3, D_MODEL), device=device)
    trace = block.trace(x, causal=True)
    results = [block(x, causal=True), *(getattr(trace, name) for name in (*STEPS, "deltas"))]
    assert {result.device for result in results} == {device}


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
def test_nothing_changes_its_inputs(library):
    inputs = arrays(0) | {"x": normal(20, 4, D_MODEL), "mask": random_mask(21, N_HEADS, 4, 4)}
    held = {name: library(a.copy()) for name, a in inputs.items()}
    block = al.MultiHead(**{name: held[name] for name in MATRICES | BIASES})
    block(held["x"], causal=True)
    block(held["x"], mask=held["mask"])
    trace = block.trace(held["x"], mask=held["mask"])
    weights = trace.weights.copy() if library is np.asarray else trace.weights.clone()
    trace.deltas, block.concatenated(), [head(held["x"]) for head in block.heads]
    for name, before in inputs.items():
        assert np.array_equal(before, np.asarray(held[name])), name
    assert np.array_equal(weights, trace.weights)


# --- beside PyTorch


def torch_module(seed, dtype, d_context=None, bias=True):
    """A `nn.MultiheadAttention` whose biases, too, are random."""
    torch.manual_seed(seed % 2**31)
    module = torch.nn.MultiheadAttention(
        6, 3, bias=bias, kdim=d_context, vdim=d_context, batch_first=True, dtype=dtype
    )
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return module


def gradients(function, inputs, module):
    """The output of a function, and the gradients of a random sum of it."""
    inputs = [tensor.clone().requires_grad_() for tensor in inputs]
    module.zero_grad()
    output = function(*inputs)
    direction = torch.randn(output.shape, generator=torch.Generator().manual_seed(9))
    (output * direction.to(output.dtype)).sum().backward()
    leaves = [*inputs, *module.parameters()]
    return [output.detach(), *(leaf.grad.clone() for leaf in leaves)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("d_context", [None, 5], ids=["self", "cross"])
@pytest.mark.parametrize("masked", ["no", "all heads", "per head"])
@pytest.mark.parametrize("bias", [True, False])
@settings(max_examples=15)
@given(seed=SEEDS)
def test_values_and_gradients_are_those_of_pytorch(dtype, d_context, masked, bias, seed):
    module = torch_module(seed, dtype, d_context, bias)
    block = al.MultiHead.from_torch(module)
    inputs = [torch.tensor(normal(seed + 20, 4, 6), dtype=dtype)]
    if d_context:
        inputs.append(torch.tensor(normal(seed + 21, 3, d_context), dtype=dtype))
    shapes = {"no": None, "all heads": (4, len(inputs[-1])), "per head": (3, 4, len(inputs[-1]))}
    mask = None if masked == "no" else torch.tensor(random_mask(seed + 22, *shapes[masked]))
    if mask is not None:
        mask[..., 0] = True  # PyTorch's empty rows are NaN
    hidden = None if mask is None else ~mask  # PyTorch's masks say who may not attend

    def theirs(x, context=None):
        context = x if context is None else context
        return module(x, context, context, attn_mask=hidden, need_weights=False)[0]

    def ours(x, context=None):
        return block(x, context, mask)

    def traced(x, context=None):
        return block.trace(x, context, mask).delta

    expected = gradients(theirs, inputs, module)
    for function in (ours, traced):
        for our, their in zip(gradients(function, inputs, module), expected, strict=True):
            assert our.dtype == dtype
            assert torch.allclose(our, their, atol=10 * TOLERANCE[dtype], rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_weights_and_batches_are_those_of_pytorch(dtype):
    module, x = torch_module(0, dtype).eval(), torch.tensor(normal(20, 2, 4, 6), dtype=dtype)
    padding = torch.tensor([[True] * 4, [True, True, False, False]])
    output, weights = module(x, x, x, key_padding_mask=~padding, average_attn_weights=False)
    trace = al.MultiHead.from_torch(module).trace(x, mask=padding[:, None, None, :])
    assert torch.allclose(trace.weights, weights, atol=TOLERANCE[dtype])
    assert torch.allclose(trace.delta, output, atol=TOLERANCE[dtype])


def test_what_trains_the_module_trains_the_block():
    module, x = torch_module(0, torch.float64), torch.tensor(normal(20, 4, 6))
    block = al.MultiHead.from_torch(module)
    before = block(x).detach()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        block(x).square().sum().backward()
        optimizer.step()
    assert not torch.allclose(block(x), before)
    assert torch.allclose(block(x), module(x, x, x)[0], atol=1e-12)


def test_dropout_and_the_order_of_axes_do_not_matter():
    module = torch.nn.MultiheadAttention(6, 3, dropout=0.5, dtype=torch.float64)
    x = torch.tensor(normal(20, 4, 6))
    ours = al.MultiHead.from_torch(module)(x)
    assert torch.allclose(ours, module.eval()(x, x, x)[0], atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"add_bias_kv": True}, "add_bias_kv=True: it adds a key and a value that belong to no"),
        ({"add_zero_attn": True}, "add_zero_attn=True: it adds a key and a value of zeros"),
        ({"kdim": 5, "vdim": 4}, r"keys from 5 columns \(kdim\) and values from 4 \(vdim\)"),
    ],
)
def test_says_which_modules_it_cannot_represent(options, message):
    with pytest.raises(ValueError, match=message):
        al.MultiHead.from_torch(torch.nn.MultiheadAttention(6, 3, **options))


class Doubled(torch.nn.MultiheadAttention):
    """Computes something else with the same weights."""

    def forward(self, *inputs, **options):
        output, weights = super().forward(*inputs, **options)
        return 2 * output, weights


def patched():
    module = torch.nn.MultiheadAttention(4, 2)
    module.forward = lambda *inputs, **options: (inputs[0], None)
    return module


def encoder():
    layer = torch.nn.TransformerEncoderLayer(4, 2, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torch.nn.Linear(2, 2), r"module is a Linear, but a torch\.nn\.Multi.* expected$"),
        (lambda: 3, "module is a int, but a .* expected$"),
        (lambda: Doubled(4, 2), "module is a Doubled with a forward of its own"),
        (patched, "module is a MultiheadAttention with a forward of its own"),
        (
            lambda: torch.ao.nn.quantizable.MultiheadAttention(4, 2, batch_first=True),
            "MultiheadAttention with a forward of its own",
        ),
        (lambda: torch.nn.TransformerEncoderLayer(4, 2), r"expected: pass module\.self_attn$"),
        (
            lambda: torch.nn.TransformerDecoderLayer(4, 2),
            r"pass module\.self_attn or module\.multihead_attn$",
        ),
        (encoder, r"pass module\.layers\[0\]\.self_attn or .*layers\[1\].*\(it holds 3\)"),
        (lambda: torch.nn.Sequential(torch.nn.MultiheadAttention(4, 2)), r"pass module\[0\]$"),
        (
            lambda: torch.nn.ModuleDict({"a head": torch.nn.MultiheadAttention(4, 2)}),
            r"pass module\['a head'\]$",
        ),
    ],
)
def test_says_that_another_module_is_no_attention(make, message):
    with pytest.raises(TypeError, match=message):
        al.MultiHead.from_torch(make())


def test_a_subclass_that_computes_the_same_is_taken():
    class Named(torch.nn.MultiheadAttention):
        """With a name of its own."""

    x = torch.randn(3, 4)
    module = Named(4, 2).eval()
    assert torch.allclose(al.MultiHead.from_torch(module)(x), module(x, x, x)[0], atol=1e-6)


def test_a_deep_copy_learns_by_itself():
    module, x = torch_module(0, torch.float64), torch.tensor(normal(20, 4, 6))
    block = al.MultiHead.from_torch(module)
    copies = deepcopy([block, block.heads[0], al.Head(*(normal(i, 4, 4) for i in range(4)))])
    assert torch.equal(copies[0](x), block(x))
    copies[0](x).sum().backward()
    assert copies[0].w_q.grad is not None
    assert module.in_proj_weight.grad is None
    assert torch.equal(copies[1](x), block.heads[0](x))


# --- what it says


def test_a_block_cannot_be_changed_and_shows_its_shapes():
    block = al.MultiHead(**arrays(0, MATRICES))
    with pytest.raises(AttributeError):
        block.w_q = block.w_k
    assert repr(block) == "MultiHead(w_q=(3, 6, 2), w_k=(3, 6, 2), w_v=(3, 6, 4), w_o=(3, 4, 6))"
    with pytest.raises(AttributeError):
        block.trace(normal(1, 2, D_MODEL)).weights = None


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"w_k": normal(0, 2, 6, 2)}, ValueError, "w_q has 3 heads but w_k has 2 heads"),
        ({"w_o": normal(0, 4, 4, 6)}, ValueError, "w_q has 3 heads but w_o has 4 heads"),
        ({"w_q": normal(0, 0, 6, 2)}, ValueError, "w_q has 0 heads, but n_heads must be at least"),
        ({"w_q": normal(0, 6, 2)}, ValueError, r"w_q has shape \(6, 2\), but a stack of matrices"),
        ({"w_k": normal(0, 3, 6, 5)}, ValueError, r"w_q has 2 columns but w_k has 5 .* \(d_head\)"),
        ({"w_o": normal(0, 3, 2, 6)}, ValueError, r"w_v has 4 columns but w_o has 2 rows"),
        ({"w_v": normal(0, 3, 5, 4)}, ValueError, r"w_k has 6 rows but w_v has 5 rows \(d_model\)"),
        ({"w_v": None}, TypeError, "w_v is a NoneType, not an array"),
        ({"w_o": np.ones((3, 4, 6), int)}, TypeError, "w_o has dtype int64 but w_q has dtype"),
        ({"b_q": normal(0, 2)}, ValueError, r"b_q has shape \(2,\) .*shape \(3, 2\) is expected"),
        ({"b_v": normal(0, 3, 2)}, ValueError, r"b_v has shape \(3, 2\) but w_v has 4 columns"),
        ({"b_o": normal(0, 3, 6)}, ValueError, r"b_o has shape \(3, 6\).*\(6,\) is expected"),
        ({"b_k": torch.zeros(3, 2)}, TypeError, "b_k is torch.Tensor: pass arrays .* one library"),
    ],
)
def test_says_which_weights_do_not_fit(changes, error, message):
    with pytest.raises(error, match=message):
        al.MultiHead(**arrays(0, MATRICES) | changes)


@pytest.mark.parametrize(
    ("tokens", "error", "message"),
    [
        ({"x": normal(0, 2, 4)}, ValueError, r"w_q has 6 rows but x has 4 columns \(d_model\)"),
        ({"x": normal(0, 6)}, ValueError, r"x has shape \(6,\), but \(\.\.\., n_tokens, d_model\)"),
        ({"context": normal(0, 2, 3)}, ValueError, "w_k has 6 rows but context has 3 columns"),
        ({"x": normal(0, 2, 6, dtype="float32")}, TypeError, "x has dtype float32 but w_q has"),
        ({"mask": np.ones((2, 2))}, TypeError, "mask has dtype float64.*True = may attend"),
        ({"mask": [[True] * 2] * 2}, TypeError, "mask is builtins.list but q is numpy.ndarray"),
        ({"mask": np.ones((4, 2, 2), bool)}, ValueError, r"mask has shape \(4, 2, 2\).*\(3, 2, 2"),
        ({"context": normal(0, 1, 6), "causal": True}, ValueError, "2 queries but 1 keys"),
    ],
)
def test_says_which_tokens_do_not_fit(tokens, error, message):
    block = al.MultiHead(**arrays(0))
    for call in (block, block.trace):
        with pytest.raises(error, match=message):
            call(**{"x": normal(0, 2, 6)} | tokens)
