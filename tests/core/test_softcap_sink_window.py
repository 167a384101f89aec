"""Bounded scores, one more score in the denominator, and windows, by themselves and together."""

import copy
import itertools

import array_api_strict as strict
import numpy as np
import pytest
import torch

import attnlib as al
from bench.attention import numpy_peak, torch_peak
from tests.core.strategies import normal

LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)

# One text, two heads. What is expected of it below was computed by others.
Q = np.array([[[[1.0, -2.0], [0.5, 3.0]], [[2.0, 1.0], [-1.0, 0.5]]]])
K = np.array([[[[0.5, -1.0], [2.0, 1.0], [-1.0, 2.0]], [[1.0, 1.0], [-2.0, 0.5], [3.0, -1.0]]]])
V = np.array([[[[1.0], [2.0], [4.0]], [[-1.0], [3.0], [0.5]]]])
MASK = np.array([[True, False, True], [True, True, False]])


def by_hand(q, k, v, visible, softcap=None, sink=None):
    """Equation 1 with both, in the words of the docstring."""
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if softcap is not None:
        scores = softcap * np.tanh(scores / softcap)
    exponentials = np.exp(np.where(visible, scores, -np.inf))
    total = exponentials.sum(-1, keepdims=True)
    if sink is not None:
        total = total + np.exp(np.asarray(sink)[..., None, None])
    return exponentials / np.where(total == 0, 1, total) @ v


def both(q, k, v, library, **options):
    """The output of `attention` and of its trace, as NumPy arrays."""
    arrays = [library(array) for array in (q, k, v)]
    options = {n: library(o) if isinstance(o, np.ndarray) else o for n, o in options.items()}
    found = al.attention(*arrays, **options), al.trace_attention(*arrays, **options).output
    return [np.asarray(output) for output in found]


@every_library
def test_softcap_is_that_of_onnx(library):
    """By the reference of Attention in onnx 1.23.2 (opset 24): before the mask, after the scale."""
    capped = [[[[1.7129098479610771], [2.779553814684287]], [[0.10870744049521183]] * 2]]
    capped[0][1] = [[0.10870744049521183], [1.710837263531329]]
    masked = [[[1.5934487507888786], [1.8021838552635687]]]
    masked = [[*masked, [[-0.24999998115889793], [2.1593576954112885]]]]
    for output in both(Q, K, V, library, softcap=0.7):
        assert np.allclose(output, capped, atol=1e-12)
    for output in both(Q, K, V, library, mask=MASK, softcap=0.7, scale=2.0):
        assert np.allclose(output, masked, atol=1e-12)


@every_library
@pytest.mark.parametrize("beyond", [2**31, 2**63, 10**30])
def test_a_window_beyond_every_text_is_none(library, beyond):
    """Whole numbers of Python have no end, those of arrays have."""
    (causal, _), wide = both(Q, K, V, library, causal=True), dict(window=beyond, kept=beyond)
    for output in [*both(Q, K, V, library, **wide), *both(Q, K, V, library, window=1, kept=beyond)]:
        assert np.allclose(output, causal, atol=1e-12)
    assert np.array_equal(al.window_mask(2, 3, **wide), al.causal_mask(2, 3))


@every_library
def test_a_window_is_that_of_onnx_and_counts_the_own_key(library):
    """By the same in opset 25, where `left_window_size=1` is a window of 2; softcap is 1.5."""
    x, v = np.concatenate([Q, K], axis=2), np.arange(10.0).reshape(1, 2, 5, 1) ** 2
    expected = [[0, 0.48729835802548305, 3.0660944647341823, 8.036440060166704, 9.345966976671606]]
    expected += [[25, 35.219518490981834, 47.474835767164464, 62.35208785040544, 80.08490009407448]]
    for output in both(x, x[..., ::-1, :].copy(), v, library, window=2, softcap=1.5):
        assert np.allclose(output[..., 0], [expected], atol=1e-12)


@every_library
def test_a_sink_for_each_head_is_that_of_gpt_oss(library):
    """By `eager_attention_forward` of gpt_oss in transformers 5.24.0."""
    expected = [[[0.9237379833993553], [3.395330073672527]]]
    expected = [[*expected, [[-0.9198819573408579], [2.3199852969037704]]]]
    for output in both(Q, K, V, library, causal=True, sink=np.array([0.5, -1.0])):
        assert np.allclose(output, expected, atol=1e-12)


SIZES = ((5, 5), (3, 7), (140, 290))
MASKS = (None, lambda *n: n, lambda q, k: (k,), lambda q, k: (q, 1), lambda q, k: (1, 1))
COMBINATIONS = list(
    itertools.product((None, 0.5), (None, 0.7, "heads"), (None, (2, 0), (3, 2)), MASKS)
)


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
def test_everything_together_is_equation_1(library, leading):
    for number, (softcap, sink, window, shape) in enumerate(COMBINATIONS):
        n_queries, n_keys = SIZES[number % len(SIZES)]
        q, k, v = (normal(i, *leading, n, 4) for i, n in enumerate((n_queries, n_keys, n_keys)))
        if sink == "heads":
            sink = normal(3, *leading[-1:])
        options, causal = {"causal": number % 2 == 1}, number % 2 == 1
        visible = al.causal_mask(n_queries, n_keys) | (not causal)
        if window is not None:
            options |= {"window": window[0], "kept": window[1]}
            visible = al.window_mask(n_queries, n_keys, window=window[0], kept=window[1])
        if shape is not None:
            options["mask"] = normal(4, *shape(n_queries, n_keys)) > -0.3
            visible = visible & options["mask"]
        expected = by_hand(q, k, v, visible, softcap, sink)
        for output in both(q, k, v, library, softcap=softcap, sink=sink, **options):
            assert np.allclose(output, expected, atol=1e-12), (softcap, sink, window, shape)


@every_library
def test_traces_keep_bounded_scores_and_rows_that_sum_to_less(library):
    trace = al.trace_attention(*map(library, (Q, K, V)), library(MASK), softcap=0.7, sink=0.0)
    expected = np.where(MASK, 0.7 * np.tanh(al.scores(Q, K) / 0.7), -np.inf)
    assert np.allclose(np.asarray(trace.scores), expected, atol=1e-12)
    total = np.exp(expected).sum(-1)
    assert np.allclose(np.asarray(trace.weights).sum(-1), total / (1 + total), atol=1e-12)


@every_library
def test_a_query_with_nothing_to_say_gives_all_to_the_sink(library):
    """Far scores, empty rows and no keys, with a sink far above and far below."""
    q, k, v = np.array([[1.0], [1.0]]), np.array([[-1e4], [1e4]]), np.array([[3.0], [5.0]])
    mask = np.array([[True, False], [True, True]])
    for output in both(q, k, v, library, mask=mask, sink=0.0):
        assert output.tolist() == [[0], [5]]
    for output in both(q, k, v, library, mask=mask, sink=-1e6):
        assert output.tolist() == [[3], [5]]
    for output in both(q, k, v, library, mask=np.zeros((2, 2), bool), sink=1e6):
        assert output.tolist() == [[0], [0]]
    for output in both(q, k[:0], v[:0], library, sink=1.0, softcap=2.0):
        assert output.tolist() == [[0], [0]]


@every_library
def test_wild_numbers_are_seen_as_without_them(library):
    q, k, v = normal(0, 3, 4), normal(1, 3, 4), normal(2, 3, 2)
    k[1, 0] = np.nan
    for output in both(q, k, v, library, causal=True, softcap=1.0, sink=0.5):
        assert np.isnan(output).all(-1).tolist() == [False, True, True]
    for output in both(q, k, v, library, window=1, softcap=1.0, sink=0.5):
        assert np.isnan(output).all(-1).tolist() == [False, True, False]
    for output in both(q, q, v, library, sink=np.array(np.nan)):
        assert np.isnan(output).all()


BOUNDED = {"softcap": 0.8, "window": 3, "kept": 1}


@pytest.mark.parametrize("options", [{}, {"softcap": 0.8}, {"window": 2}, BOUNDED])
def test_gradients_and_their_gradients_are_right(options):
    leaves = [torch.tensor(normal(i, 2, 4, 2), requires_grad=True) for i in range(3)]
    sink = torch.tensor(normal(3, 2), requires_grad=True)

    def attend(q, k, v, sink):
        return al.attention(q, k, v, sink=sink, **options)

    assert torch.autograd.gradcheck(attend, (*leaves, sink))
    assert torch.autograd.gradgradcheck(attend, (*leaves, sink))
    inputs = (*leaves, sink)
    first = torch.autograd.grad(attend(*inputs).square().sum(), inputs)
    kept = torch.autograd.grad(attend(*inputs).square().sum(), inputs, create_graph=True)
    for gradient, expected in zip(kept, first, strict=True):
        assert torch.allclose(gradient, expected, atol=1e-12)


def test_half_precision_is_rounded_once():
    q, k, v = (torch.tensor(normal(i, 2, 40, 8)).bfloat16() for i in range(3))
    options = {"softcap": 2.0, "window": 7, "kept": 1, "sink": 0.3}
    exact = al.attention(q.double(), k.double(), v.double(), **options)
    assert torch.allclose(al.attention(q, k, v, **options).double(), exact, rtol=4e-3, atol=1e-5)


def block_of(library=np.asarray, **options):
    """Three heads that share one key."""
    shapes = [(3, 6, 4), (1, 6, 4), (1, 6, 2), (3, 2, 6)]
    arrays = [library(normal(i, *shape)) for i, shape in enumerate(shapes)]
    return al.MultiHead(*arrays, **options)


@every_library
@pytest.mark.parametrize("distance", [None, normal(7, 3, 2)])
def test_a_block_bounds_its_scores_and_has_a_sink_for_each_head(library, distance):
    sink, x = normal(5, 3), library(normal(6, 2, 5, 6))
    bias = None if distance is None else al.DistanceBias(library(distance))
    block = block_of(library, softcap=0.9, sink=library(sink), distance=bias)
    trace = block.trace(x, causal=True)
    queries, keys, values = (np.asarray(getattr(trace, n)) for n in ("queries", "keys", "values"))
    scores = 0.9 * np.tanh(al.scores(queries, keys) / 0.9)
    if distance is not None:
        scores = scores + al.DistanceBias(distance)(5)
    scores = np.where(al.causal_mask(5), scores, -np.inf)
    weights = np.exp(scores) / (np.exp(scores).sum(-1) + np.exp(sink)[:, None])[..., None]
    assert np.allclose(np.asarray(trace.scores), scores, atol=1e-12)
    assert np.allclose(np.asarray(trace.weights), weights, atol=1e-12)
    delta = np.asarray(block(x, causal=True))
    assert np.allclose((weights @ values @ np.asarray(block.w_o)).sum(-3), delta, atol=1e-12)
    assert np.allclose(sum(np.asarray(head(x, causal=True)) for head in block.heads), delta)
    traced = [np.asarray(head.trace(x, causal=True).weights) for head in block.heads]
    assert np.allclose(np.stack(traced, -3), weights, atol=1e-12)


def test_a_block_keeps_and_shows_its_sink():
    sink = torch.tensor(normal(5, 3), requires_grad=True)
    block = block_of(torch.asarray, softcap=0.9, sink=sink)
    block(torch.tensor(normal(6, 5, 6))).sum().backward()
    assert (sink.grad != 0).all()
    assert repr(block).endswith("w_o=(3, 2, 6), softcap=0.9, sink=(3,))")
    copied = copy.deepcopy(block)
    assert torch.equal(copied.sink, sink) and copied.sink is not sink
    one = block_of(sink=0.25)
    assert one.heads[1].sink == 0.25 and repr(one).endswith("sink=0.25)")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"softcap": 0}, ValueError, "softcap is 0.0, but it must be greater than 0"),
        ({"sink": np.ones(2)}, ValueError, r"sink has shape \(2,\), .*one number, or shape \(3,\)"),
        ({"sink": np.float32([1, 2, 3])}, TypeError, "sink has dtype float32 but w_q has dtype"),
        ({"sink": np.nan}, ValueError, "sink is nan, but a finite number"),
    ],
)
def test_a_block_says_what_is_wrong(options, error, message):
    with pytest.raises(error, match=message):
        block_of(**options)


W, D = 16, 4


@pytest.mark.parametrize("gradients", [False, True])
def test_a_window_needs_no_pattern_of_a_long_text(gradients):
    """65,536 tokens: a mask of all pairs would take 4 GiB; the scores in windows are 4 MiB."""
    q = normal(0, 65_536, D, dtype="float32")
    budget = 4 * q.shape[0] * W * q.itemsize
    if not gradients:
        assert numpy_peak(lambda: al.attention(q, q, q, window=W, kept=2)) < budget
    tensor = torch.tensor(q, requires_grad=gradients)
    outputs = []
    peak = torch_peak(lambda: outputs.append(al.attention(tensor, tensor, tensor, window=W)))
    assert peak < budget
    near = al.attention(q[-40:], q[-40:], q[-40:], window=W)[W:]
    assert np.allclose(outputs[0].detach().numpy()[-40 + W :], near, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"softcap": 0}, ValueError, "softcap is 0.0, but it must be greater than 0: pass None"),
        ({"softcap": -1.0}, ValueError, "softcap is -1.0, but"),
        ({"softcap": 1e-310}, ValueError, "softcap is 1e-310, which no number of dtype float64"),
        ({"softcap": True}, TypeError, "softcap is a bool, but a number is expected"),
        ({"sink": np.inf}, ValueError, "sink is inf, but a finite number"),
        ({"sink": [0.0]}, TypeError, r"sink is a list, not an array: pass np\.asarray\(sink\)"),
        ({"sink": np.float32([1, 2])}, TypeError, "sink has dtype float32 but q has dtype float64"),
        ({"sink": torch.ones(2)}, TypeError, "sink is torch.Tensor: pass arrays that all come"),
        (
            {"sink": np.ones(3)},
            ValueError,
            r"sink has shape \(3,\) .* or shape \(2,\), one for each head",
        ),
        ({"sink": np.ones((2, 1))}, ValueError, r"sink has shape \(2, 1\) but the pattern"),
        ({"window": 0}, ValueError, "window is 0, but each query sees at least its own key"),
        ({"window": 2.0}, TypeError, "window is a float, but a whole number"),
        ({"kept": 1}, ValueError, "kept is 1, but without a window no key is left out: pass both"),
        ({"window": 2, "q": normal(0, 2, 4, 4)}, ValueError, "4 queries but 3 keys"),
    ],
)
@pytest.mark.parametrize("function", [al.attention, al.trace_attention])
def test_says_what_is_wrong(function, options, error, message):
    arrays = {name: normal(i, 2, 3, 4) for i, name in enumerate("qkv")}
    with pytest.raises(error, match=message):
        function(**arrays | options)


def test_a_sink_needs_heads_to_be_one_for_each():
    x = normal(0, 3, 4)
    with pytest.raises(ValueError, match=r"one number is expected, as q, k and v have no axis of"):
        al.attention(x, x, x, sink=np.ones(2))
