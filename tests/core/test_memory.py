"""`attention` never holds the full pattern: counted in allocations, not in what a system reports.

PyTorch's kernel holds it for many shapes, strides and masks. Each of them is here.
"""

import numpy as np
import pytest
import torch

import attnlib as al
from bench.attention import numpy_peak, torch_peak
from tests.core.strategies import normal

N = 2048  # tokens
SHARE = 0.55  # of a pattern: what is in work at a time, with its copies
D = 8


def tokens(*shape):
    return normal(0, *shape, dtype="float32")


def some(*shape):
    return normal(1, *shape) > 0


SAME = (tokens(N, D),) * 3
CASES = {
    "ordinary": (SAME, {}),
    "causal": (SAME, {"causal": True}),
    "wider values": ((*SAME[:2], tokens(N, D + 1)), {}),
    "narrower values": ((*SAME[:2], tokens(N, D - 1)), {"causal": True}),
    "a stack of texts": ((tokens(2, N, D),) * 3, {}),
    "one context for many": ((tokens(2, N, D), *SAME[1:]), {"causal": True}),
    "five axes": ((tokens(1, 2, 1, N, D),) * 3, {"causal": True}),
    "six axes, a mask for some": (
        (tokens(1, 2, 1, 2, N, D),) * 3,
        {"mask": some(2, 1, 1, 1, N)},
    ),
    "fewer queries than keys": ((SAME[0][1:], *SAME[1:]), {"causal": True}),
    "a mask": (SAME, {"mask": some(N, N)}),
    "a mask of keys": (SAME, {"mask": some(N)}),
    "a mask of queries": (SAME, {"mask": some(N, 1)}),
    "a mask of keys, causal": (SAME, {"mask": some(N), "causal": True}),
    "a mask of one number": (SAME, {"mask": some(1, 1)}),
    "columns first": ((tokens(D, N).T, *SAME[1:]), {}),
    "every second column": ((tokens(N, 2 * D)[:, ::2], *SAME[1:]), {"causal": True}),
    "one column": ((tokens(1, N).T,) * 3, {}),
    "one column for all": ((np.broadcast_to(tokens(N, 1), (N, D)), *SAME[1:]), {}),
    "half precision": ((tokens(N, D).astype("float16"),) * 3, {"causal": True}),
    "double precision": ((normal(0, N, D),) * 3, {}),
}
WILD = np.where(np.arange(N)[:, None] == 3, np.float32(np.nan), SAME[0])
every_case = pytest.mark.parametrize(("arrays", "options"), CASES.values(), ids=CASES)


def pattern_bytes(q, k, v):
    leading = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    return int(np.prod(leading)) * q.shape[-2] * k.shape[-2] * q.itemsize


def as_tensors(arrays, options):
    """The same numbers with the same strides."""
    tensors = [torch.as_tensor(array) for array in arrays]
    return tensors, {n: torch.as_tensor(o) if n == "mask" else o for n, o in options.items()}


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
@every_case
def test_tensors_need_no_full_pattern(arrays, options):
    tensors, tensor_options = as_tensors(arrays, options)
    peak = torch_peak(lambda: al.attention(*tensors, **tensor_options))
    assert peak < SHARE * pattern_bytes(*arrays)


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
@every_case
def test_gradients_need_no_full_pattern(arrays, options):
    (q, k, v), tensor_options = as_tensors(arrays, options)
    v = v.clone().requires_grad_()
    outputs = []
    peak = torch_peak(lambda: outputs.append(al.attention(q, k, v, **tensor_options)))
    assert peak < SHARE * pattern_bytes(*arrays)
    assert torch_peak(lambda: outputs[0].sum().backward()) < SHARE * pattern_bytes(*arrays)
    assert v.grad.isfinite().all()


@every_case
def test_numpy_needs_no_full_pattern(arrays, options):
    assert numpy_peak(lambda: al.attention(*arrays, **options)) < SHARE * pattern_bytes(*arrays)


@pytest.mark.parametrize("gradients", [False, True])
def test_wild_numbers_need_no_full_pattern(gradients):
    q, k, v = torch.tensor(WILD), *(torch.tensor(a) for a in SAME[1:])
    v.requires_grad_(gradients)
    outputs = []
    peak = torch_peak(lambda: outputs.append(al.attention(q, k, v, causal=True)))
    assert peak < SHARE * pattern_bytes(*SAME)
    if gradients:
        peak = torch_peak(lambda: outputs[0][4:].sum().backward())
        assert peak < SHARE * pattern_bytes(*SAME)


def test_a_tile_of_many_heads_is_worked_on_in_what_a_cache_holds():
    """Of 8 heads fewer queries at a time than of one: their scores are read several times."""
    x = tokens(8, N // 2, D)
    tensor = torch.tensor(x)
    limit = 0.2 * pattern_bytes(x, x, x)
    assert numpy_peak(lambda: al.partial_attention(x, x, x)) < limit
    assert torch_peak(lambda: al.partial_attention(tensor, tensor, tensor)) < limit
