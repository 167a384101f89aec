"""PyTorch's fused kernels, held to attnlib's conventions."""

import math
from functools import partial

import array_api_compat.torch as xp
import torch
from torch.autograd import forward_ad
from torch.linalg import vector_norm
from torch.nn.functional import pad, scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from attnlib._arguments import broadcast_shapes
from attnlib.attention import in_blocks, past_of, without_autocast, written_out

PLAIN = {torch.Tensor, torch.nn.Parameter}  # other classes may hold no numbers
# The kernel turns the booleans of a mask into floats, so it gets the rows of a large mask in
# blocks: about this many booleans at a time, but not fewer rows.
MASK_NUMBERS = 2**20
FEWEST_ROWS = 32


def fused_attention(q, k, v, mask, causal, scale):
    """`attention` for tensors whose arguments were checked; None under a transformation.

    Compiling and batching show no numbers to look at, and the kernel has no rule for forward mode.
    For gradients, what has the size of the pattern is computed again, not kept.
    """
    if not _can_be_looked_at(q, k, v):
        return None
    learns = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (q, k, v))
    unkept = partial(partial, checkpoint, use_reentrant=False, preserve_rng_state=False)
    wrap = unkept if learns else _as_it_is
    if not _are_tame(q, k, v, scale):
        return written_out(xp, q, k, v, mask, causal, scale, wrap)
    kernel = partial(_kernel, causal=causal, scale=scale)
    rows = _rows_at_once(q, k, mask, causal)
    if rows >= q.shape[-2]:
        output = kernel(q, k, v, mask)
    else:
        output = in_blocks(xp, wrap(kernel), q, k, v, mask, causal, rows)
    return _Differentiable.apply(output, q, k, v, mask, causal, scale) if learns else output


def _as_it_is(function):
    return function


def _can_be_looked_at(*tensors):
    return not (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or any(type(tensor) not in PLAIN or tensor.is_meta for tensor in tensors)
        or any(forward_ad.unpack_dual(tensor).tangent is not None for tensor in tensors)
    )


def _are_tame(q, k, v, scale):
    """No NaN, no infinity, and so small that nothing overflows on its way to the output.

    The kernel gives 0 to a query that is NaN, and multiplies what it hides by 0, which leaves NaN
    and infinity as they are. No score, nor a part of one, exceeds the product of two norms (Cauchy
    and Schwarz), and where the squares of a norm overflow, so does the norm. So three numbers
    tell, and nothing of the size of the pattern is looked at.
    """
    norm_q, norm_k, norm_v = (
        float(vector_norm(a.detach() if a.requires_grad else a)) for a in (q, k, v)
    )
    largest = norm_q * norm_k * max(1.0, abs(scale))
    return largest < torch.finfo(q.dtype).max and math.isfinite(norm_v)


class _Differentiable(torch.autograd.Function):
    """Hands the kernel's output on, and gives it second derivatives, which the kernel has not.

    Where gradients will be differentiated, they come from attention written out.
    """

    @staticmethod
    def forward(ctx, output, q, k, v, mask, causal, scale):
        ctx.save_for_backward(q, k, v, mask)
        ctx.options = causal, scale
        return output.clone()  # a view could not be changed in place

    @staticmethod
    def backward(ctx, gradient):
        if not torch.is_grad_enabled():
            return gradient, None, None, None, None, None, None
        *inputs, mask = ctx.saved_tensors
        with without_autocast(xp, gradient):
            output = written_out(xp, *inputs, mask, *ctx.options)
            asked = [tensor for tensor in inputs if tensor.requires_grad]
            found = iter(torch.autograd.grad(output, asked, gradient, create_graph=True))
        return None, *(next(found) if t.requires_grad else None for t in inputs), None, None, None


def _rows_at_once(q, k, mask, causal):
    """How many queries the kernel takes: all of them, unless a mask has a cell for each pair."""
    n_queries, n_keys = q.shape[-2], k.shape[-2]
    makes_cells = causal and n_queries > 1 and (mask is not None or n_queries < n_keys)
    has_cells = mask is not None and mask.ndim > 1 and 1 not in mask.shape[-2:]
    if not (makes_cells or has_cells):
        return n_queries
    layers = 1 if mask is None else math.prod(mask.shape[:-2])
    return max(FEWEST_ROWS, MASK_NUMBERS // max(1, layers * n_keys))


def _kernel(q, k, v, mask, causal, scale):
    """PyTorch's kernel, given what it needs to hold no pattern: four axes, and one width."""
    n_queries, n_keys, d_value = q.shape[-2], *v.shape[-2:]
    if causal and n_queries == 1:
        causal = False  # the last query sees every key
    elif causal and (mask is not None or n_queries < n_keys):
        # The kernel's own causal mask is aligned at the top left, and takes no second mask.
        past = past_of(xp, n_queries, n_keys, q.device)
        mask, causal = past if mask is None else past & mask, False
    if scale < torch.finfo(q.dtype).tiny:  # the kernel scales what it has hidden: -inf times 0
        q, scale = q * scale, 1.0
    leading = q.shape[:-2]
    if not leading == k.shape[:-2] == v.shape[:-2]:
        leading = broadcast_shapes(leading, k.shape[:-2], v.shape[:-2])
    groups = _groups_of_axes(len(leading), mask)
    width = max(q.shape[-1], d_value)
    q, k, v = (_on_four_axes(_of_width(t, width), leading, groups) for t in (q, k, v))
    if mask is not None:
        mask = mask.reshape((1,) * (len(leading) + 2 - mask.ndim) + mask.shape)
        mask = _on_four_axes(mask, mask.shape[:-2], groups)
    output = scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=scale)
    return _as_they_were(output[..., :d_value] if d_value < width else output, leading, groups)


def _of_width(tensor, width):
    """`tensor` with columns of zeros up to `width`, and each row in one piece.

    The zeros change no score, and those of the values are cut off the output again.
    """
    if tensor.shape[-1] < width:
        return pad(tensor, (0, width - tensor.shape[-1]))
    if tensor.stride(-1) != 1:
        return tensor.clone(memory_format=torch.contiguous_format)
    return tensor


def _groups_of_axes(n_axes, mask):
    """More than two leading axes in two groups, to be one axis each: the kernel has two.

    Those along which the mask changes go together, so that it need not be repeated.
    """
    if n_axes <= 2:
        return None
    n_of_mask = 0 if mask is None else max(0, mask.ndim - 2)
    changing = [i for i in range(-n_of_mask, 0) if mask.shape[i - 2] != 1]
    first = tuple(n_axes + i for i in changing)
    return first, tuple(i for i in range(n_axes) if i not in first)


def _on_four_axes(tensor, leading, groups):
    if tensor.shape[:-2] != leading:
        tensor = tensor.expand(*leading, *tensor.shape[-2:])
    if groups is None:
        return tensor if len(leading) == 2 else tensor.reshape(1, *((1, 1, *tensor.shape)[-3:]))
    first, second = groups
    sizes = (math.prod(leading[axis] for axis in group) for group in groups)
    return tensor.permute(*first, *second, -2, -1).reshape(*sizes, *tensor.shape[-2:])


def _as_they_were(output, leading, groups):
    """The leading axes of the output as those of `q`, `k` and `v` were."""
    if groups is None:
        return output if len(leading) == 2 else output.reshape(*leading, *output.shape[-2:])
    order = groups[0] + groups[1]
    output = output.reshape(*(leading[axis] for axis in order), *output.shape[-2:])
    return output.permute(*(order.index(axis) for axis in range(len(order))), -2, -1)


def fused_pattern(q, k, v, visible, scale, bias=None):
    """Weights and output for tensors whose arguments were checked, or None.

    None means that a row has no softmax, that numbers are not tame, or that a transformation shows
    none. An empty row shows in the output, which is small: the pattern is not looked at.
    """
    if v.shape[-1] == 0 or not _can_be_looked_at(q, k, v) or not _are_tame(q, k, v, scale):
        return None  # an output without numbers shows nothing
    scores = _scaled_product(q, k, scale)
    if bias is not None:
        scores = scores + bias
    in_place = not torch.is_grad_enabled()
    if visible is not None:
        hide = scores.masked_fill_ if in_place else scores.masked_fill
        scores = hide(~visible, -math.inf)
    # New memory costs as much as the softmax itself, on the processor.
    in_place = in_place and scores.is_cpu
    weights = torch.softmax(scores, -1, out=scores) if in_place else torch.softmax(scores, -1)
    output = weights @ v
    may_be_empty = visible is not None or bias is not None
    if may_be_empty and not math.isfinite(output.detach().sum(dtype=torch.float32)):
        return None
    return weights, output


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
