"""The same numbers as PyTorch's own attention, and the same from every backend."""

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

import attnlib as al
from attnlib.attention import weights_and_output
from tests.core.strategies import SEEDS, attention_arguments, normal, visible

TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-12}
FUNCTIONS = {
    "attention": al.attention,
    "trace_attention": lambda *a, **options: al.trace_attention(*a, **options).output,
}


def gradients(function, q, k, v):
    """The output, and the gradients of a random sum of it."""
    leaves = [tensor.clone().requires_grad_() for tensor in (q, k, v)]
    output = function(*leaves)
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(9))
    (output * weights.to(output.dtype)).sum().backward()
    return output.detach(), *(leaf.grad for leaf in leaves)


@pytest.mark.parametrize("name", FUNCTIONS)
@given(arguments=attention_arguments(), dtype=st.sampled_from(list(TOLERANCE)))
def test_values_and_gradients_are_those_of_pytorch(name, arguments, dtype):
    *arrays, options = arguments
    tensors = [torch.tensor(array, dtype=dtype) for array in arrays]
    seen = torch.tensor(visible(*arrays[:2], **options))
    mask = None if options["mask"] is None else torch.tensor(options["mask"])
    ours = gradients(
        lambda *qkv: FUNCTIONS[name](*qkv, mask=mask, causal=options["causal"]), *tensors
    )
    theirs = gradients(lambda *qkv: scaled_dot_product_attention(*qkv, attn_mask=seen), *tensors)
    for our, their in zip(ours, theirs, strict=True):
        assert our.dtype == dtype
        assert torch.allclose(our, their, atol=10 * TOLERANCE[dtype], rtol=0)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n_tokens", [1, 64, 300])
def test_long_texts_agree_with_pytorch_from_every_backend(dtype, causal, n_tokens):
    q, k, v = (torch.tensor(normal(i, 2, n_tokens, 16), dtype=dtype) for i in range(3))
    theirs = scaled_dot_product_attention(q, k, v, is_causal=causal)
    for arrays in ([q, k, v], [a.numpy() for a in (q, k, v)]):
        for function in FUNCTIONS.values():
            ours = torch.as_tensor(function(*arrays, causal=causal))
            assert torch.allclose(ours, theirs, atol=TOLERANCE[dtype], rtol=0)


@given(attention_arguments())
def test_numpy_torch_and_array_api_strict_agree(arguments):
    *arrays, options = arguments
    expected = al.trace_attention(*arrays, **options)
    for library in (torch.asarray, strict.asarray):
        mask = None if options["mask"] is None else library(options["mask"])
        converted = [library(array) for array in arrays]
        trace = al.trace_attention(*converted, mask, options["causal"])
        output = al.attention(*converted, mask, options["causal"])
        assert type(output) is type(trace.scores) is type(converted[0])
        for field in ("scores", "weights", "output"):
            assert np.allclose(
                np.asarray(getattr(trace, field)), getattr(expected, field), atol=1e-12
            )
        assert np.allclose(np.asarray(output), expected.output, atol=1e-12)


@given(SEEDS)
def test_softmax_scores_and_heads_agree_in_array_api_strict(seed):
    x, *weights = (normal(seed + i, 4, 4) for i in range(5))
    head, strict_head = al.Head(*weights), al.Head(*map(strict.asarray, weights))
    strict_x = strict.asarray(x)
    assert np.allclose(np.asarray(al.softmax(strict_x, 0, 0.5)), al.softmax(x, 0, 0.5))
    assert np.allclose(np.asarray(al.scores(strict_x, strict_x)), al.scores(x, x))
    assert np.allclose(np.asarray(strict_head(strict_x, causal=True)), head(x, causal=True))
    assert np.allclose(np.asarray(strict_head.qk), head.qk)


@pytest.mark.parametrize("name", ["softmax", "scores", "attention", "trace", "causal_mask"])
def test_arrays_stay_on_their_device(name):
    device = strict.Device("device1")
    q, k, v = (strict.asarray(normal(i, 3, 3), device=device) for i in range(3))
    mask = al.causal_mask(3, xp=strict, device=device)
    results = {
        "softmax": lambda: [al.softmax(q)],
        "scores": lambda: [al.scores(q, k)],
        "attention": lambda: [al.attention(q, k, v, mask, causal=True)],
        "trace": lambda: vars(al.trace_attention(q, k, v, mask, causal=True)).values(),
        "causal_mask": lambda: [mask],
    }
    assert [array.device for array in results[name]()].count(device) == len(list(results[name]()))


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, torch.float16, torch.bfloat16, torch.float32]
)
def test_the_dtype_that_comes_in_goes_out(dtype):
    library = np if isinstance(dtype, type) else torch
    q, k, v = (library.asarray(normal(i, 3, 3)) for i in range(3))
    q, k, v = ((a.astype(dtype) if library is np else a.to(dtype)) for a in (q, k, v))
    trace = al.trace_attention(q, k, v, causal=True)
    results = [al.softmax(q), al.scores(q, k), al.attention(q, k, v), *vars(trace).values()]
    assert {result.dtype for result in results} == {q.dtype}


def ulps(result, exact):
    """How far `result` is from `exact`, in steps of its dtype at that size."""
    limits = torch.finfo(result.dtype)
    size = exact.abs().clamp(min=limits.smallest_normal).log2().floor().exp2()
    return (result.double() - exact).abs() / (size * limits.eps)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("options", [{}, {"causal": True}])
@pytest.mark.parametrize("n_tokens", [40, 1024])
def test_half_precision_is_rounded_once(dtype, options, n_tokens):
    """Half a step, and a little for the rounding of float32; numbers near 0 have none to spare."""
    q, k, v = (torch.tensor(normal(i, n_tokens, 8)).to(dtype) for i in range(3))
    exact = al.attention(q.double(), k.double(), v.double(), **options)
    for output in (
        al.attention(q, k, v, **options),
        al.trace_attention(q, k, v, **options).output,
        weights_and_output(q, k, v, **options)[-1],
    ):
        assert output.dtype == dtype
        assert (ulps(output, exact)[exact.abs() > 1e-2] < 0.51).all()
        assert torch.allclose(output.double(), exact, atol=1e-4, rtol=torch.finfo(dtype).eps)


def test_numpy_half_precision_is_float32_rounded_once():
    q, k, v = (normal(i, 40, 8, dtype="float16") for i in range(3))
    exact = al.attention(*(a.astype("float32") for a in (q, k, v)))
    assert np.array_equal(al.attention(q, k, v), exact.astype("float16"))
    assert al.scores(q, k).dtype == np.float16
