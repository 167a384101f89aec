"""PyTorch's fused kernels, held to attnlib's conventions."""

import math

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention

from attnlib.attention import causal_mask

KERNEL_AXES = 4  # (batch, head, query, d_head): what the kernels that save memory ask for


def fused_attention(q, k, v, mask, causal, scale):
    """`attention` for tensors whose arguments were checked, or None.

    None means that NaN or infinity may have leaked from behind the mask: the kernel adds -inf
    to what it hides, and multiplies it by 0. Such numbers always show in the output, or, for
    gradients alone, in q and k. So one cheap sum tells, and nothing is looked at before.
    """
    if causal and q.shape[-2] == 1:
        causal = False  # the last query sees every key
    elif causal and (mask is not None or q.shape[-2] < k.shape[-2]):
        # The kernel's own causal mask is aligned at the top left, and takes no second mask.
        past = causal_mask(q.shape[-2], k.shape[-2], xp=torch, device=q.device)
        mask, causal = past if mask is None else past & mask, False
    if mask is not None and mask.ndim < 2:
        mask = mask.expand(1, k.shape[-2])  # the kernel wants the axis of the queries
    output = _in_kernel_shape(q, k, v, mask, causal, scale)
    hides = causal or mask is not None
    return None if hides and _holds_wild_numbers(output, q, k) else output


def _in_kernel_shape(q, k, v, mask, causal, scale):
    """Run the kernel on four axes, as views; other shapes take a slower path inside PyTorch."""
    leading = q.shape[:-2]
    if not leading == k.shape[:-2] == v.shape[:-2]:
        leading = np.broadcast_shapes(leading, k.shape[:-2], v.shape[:-2])
        q, k, v = (array.expand(*leading, *array.shape[-2:]) for array in (q, k, v))
    if len(leading) + 2 >= KERNEL_AXES:
        return scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=scale)
    extra = (1,) * (KERNEL_AXES - 2 - len(leading))
    q, k, v = (array.reshape(extra + array.shape) for array in (q, k, v))
    output = scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=scale)
    return output.reshape(output.shape[len(extra) :])


def _holds_wild_numbers(output, q, k):
    total = output.sum(dtype=torch.float32)
    if output.requires_grad:
        total = total.detach() + q.detach().sum() + k.detach().sum()
    return not math.isfinite(total)


def fused_pattern(q, k, v, visible, scale):
    """Weights and output for tensors whose arguments were checked, or None.

    None means that a row has no finite softmax, or that NaN or infinity may have leaked from
    behind the mask `visible`: every such number shows in the output (or, for gradients alone, in
    q and k), which is small, so nothing of the size of the pattern is looked at.
    """
    if v.shape[-1] == 0:
        return None  # an output without numbers shows nothing
    scores = _scaled_product(q, k, scale)
    in_place = not torch.is_grad_enabled()
    if visible is not None:
        hide = scores.masked_fill_ if in_place else scores.masked_fill
        scores = hide(~visible, -math.inf)
    # New memory costs as much as the softmax itself, on the processor.
    in_place = in_place and scores.is_cpu
    weights = torch.softmax(scores, -1, out=scores) if in_place else torch.softmax(scores, -1)
    output = weights @ v
    return None if _holds_wild_numbers(output, q, k) else (weights, output)


def _scaled_product(q, k, scale):
    """`q @ k.mT * scale`; on three axes in one kernel, without copies and without a scaled q."""
    if q.ndim == k.ndim == 3 and q.shape[0] == k.shape[0]:
        return torch.baddbmm(q.new_empty(1, 1, 1), q, k.mT, beta=0, alpha=scale)
    return (q * scale) @ k.mT


def fused_linear(x, w, b):
    """`x @ w + b` in one kernel."""
    if x.ndim == 2:
        return torch.addmm(b, x, w)
    rows = torch.addmm(b, x.reshape(-1, x.shape[-1]), w)
    return rows.reshape(*x.shape[:-1], w.shape[-1])
