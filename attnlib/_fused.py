"""PyTorch's fused kernels, held to attnlib's conventions."""

import math
from dataclasses import replace
from functools import lru_cache, partial

import array_api_compat.torch as xp
import numpy as np
import torch
from torch.autograd import forward_ad
from torch.linalg import vector_norm
from torch.nn.functional import pad, scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from attnlib._arguments import broadcast_shapes
from attnlib.attention import (
    BLOCK,
    FEWEST_ROWS,
    in_blocks,
    method_for,
    past_of,
    rows_in_cache,
    visible_keys,
    without_autocast,
    written_out,
)

PLAIN = {torch.Tensor, torch.nn.Parameter}  # other classes may hold no numbers
# The kernel turns the booleans of a mask into floats, so it gets the rows of a large mask in
# blocks: about this many booleans at a time, but not fewer rows.
MASK_NUMBERS = 2**20
ROWS_OF_WINDOW = 64  # of which each meets the keys of all: fewer would starve the kernel


def fused_attention(q, k, v, mask, how):
    """`attention` for tensors whose arguments were checked; None under a transformation.

    Compiling and batching show no numbers to look at, and the kernel has no rule for forward mode.
    For gradients, what has the size of the pattern is computed again, not kept.
    """
    if not _can_be_looked_at(q, k, v, how.sink):
        return None
    learns = _learn(q, k, v, how.sink)
    unkept = partial(partial, checkpoint, use_reentrant=False, preserve_rng_state=False)
    wrap = unkept if learns else _as_it_is
    if not _are_tame(q, k, v, how):
        return written_out(xp, q, k, v, mask, how, wrap)
    if how.softcap is not None:  # the kernel bounds no scores
        rows = min(rows_in_cache(q, k), BLOCK)
        return in_blocks(xp, wrap(partial(_bounded, how=how)), q, k, v, mask, how, rows)
    window = lru_cache(1)(_window_to_add)  # most blocks have the same one
    kernel = partial(_kernel, how=how, window=window)
    rows = _rows_at_once(q, k, mask, how)
    if rows >= q.shape[-2]:
        output = kernel(q, k, v, mask)
    else:
        output = in_blocks(xp, wrap(kernel), q, k, v, mask, how, rows)
    return _Differentiable.apply(output, q, k, v, how.sink, mask, how) if learns else output


def _as_it_is(function):
    return function


def _can_be_looked_at(*tensors):
    tensors = [tensor for tensor in tensors if tensor is not None]
    return not (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or any(type(tensor) not in PLAIN or tensor.is_meta for tensor in tensors)
        or any(forward_ad.unpack_dual(tensor).tangent is not None for tensor in tensors)
    )


def _learn(*tensors):
    """Whether gradients are kept for any of the tensors; some may be None."""
    given = (tensor for tensor in tensors if tensor is not None)
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)


def _are_tame(q, k, v, how):
    """No NaN, no infinity, and so small that nothing overflows on its way to the output.

    The kernel gives 0 to a query that is NaN, and multiplies what it hides by 0, which leaves NaN
    and infinity as they are. No score, nor a part of one, exceeds the product of two norms (Cauchy
    and Schwarz), and where the squares of a norm overflow, so does the norm. So three numbers
    tell, and nothing of the size of the pattern is looked at. A sink is one more score.
    """
    norm_q, norm_k, norm_v = (
        float(vector_norm(a.detach() if a.requires_grad else a)) for a in (q, k, v)
    )
    largest = norm_q * norm_k * max(1.0, abs(how.scale))
    if how.sink is not None and not how.sink.isfinite().all():
        return False
    return largest < torch.finfo(q.dtype).max and math.isfinite(norm_v)


def _bounded(q, k, v, mask, how):
    """Attention with a softcap, for a block of tame queries, in the memory of its scores."""
    steps = _tame_pattern(q, k, v, mask, how)
    if steps is None:
        steps = method_for(xp, q, k, v, mask, how)(xp, q, k, v, mask, how)
    return steps[-1]


class _Differentiable(torch.autograd.Function):
    """Hands the kernel's output on, and gives it second derivatives, which the kernel has not.

    Where gradients will be differentiated, they come from attention written out.
    """

    @staticmethod
    def forward(ctx, output, q, k, v, sink, mask, how):
        ctx.save_for_backward(q, k, v, sink, mask)
        ctx.how = how
        return output.clone()  # a view could not be changed in place

    @staticmethod
    def backward(ctx, gradient):
        if not torch.is_grad_enabled():
            return gradient, None, None, None, None, None, None
        *inputs, mask = ctx.saved_tensors
        q, k, v, sink = inputs
        with without_autocast(xp, gradient):
            output = written_out(xp, q, k, v, mask, replace(ctx.how, sink=sink))
            asked = [tensor for tensor in inputs if tensor is not None and tensor.requires_grad]
            found = iter(torch.autograd.grad(output, asked, gradient, create_graph=True))
        own = (next(found) if t is not None and t.requires_grad else None for t in inputs)
        return None, *own, None, None


def _rows_at_once(q, k, mask, how):
    """How many queries the kernel takes: all of them, unless a mask has a cell for each pair."""
    n_queries, n_keys = q.shape[-2], k.shape[-2]
    if how.window is not None and how.window < n_keys:
        return ROWS_OF_WINDOW
    makes_cells = how.causal and n_queries > 1 and (mask is not None or n_queries < n_keys)
    has_cells = mask is not None and mask.ndim > 1 and 1 not in mask.shape[-2:]
    if how.sink is not None:  # its column makes cells of a mask of queries
        has_cells = mask is not None and mask.ndim > 1 and mask.shape[-2] != 1
    if not (makes_cells or has_cells):
        return n_queries
    layers = 1 if mask is None else math.prod(mask.shape[:-2])
    return max(FEWEST_ROWS, MASK_NUMBERS // max(1, layers * n_keys))


def _kernel(q, k, v, mask, how, window):
    """PyTorch's kernel, given what it needs to hold no pattern: four axes, and one width."""
    d_value, scale = v.shape[-1], how.scale
    mask, causal = _mask_of_kernel(q, k, mask, how, window)
    if how.sink is not None:
        q, k, v, mask = _with_sink(q * scale, k, v, mask, causal, how.sink)
        scale = 1.0
    elif scale < torch.finfo(q.dtype).tiny:  # the kernel scales what it has hidden: -inf times 0
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
    if how.sink is not None and causal:
        output = output[..., 1:, :]
    return _as_they_were(output[..., :d_value] if d_value < width else output, leading, groups)


def _mask_of_kernel(q, k, mask, how, window):
    """The mask that the kernel needs, and whether its own causal one does it.

    That one is aligned at the top left, knows no window, and takes no second mask.
    """
    n_queries, n_keys = q.shape[-2], k.shape[-2]
    if how.window is None or how.window >= n_keys:
        if not how.causal or n_queries == 1:
            return mask, False  # the last query sees every key
        if mask is None and n_queries == n_keys:
            return None, True
    if how.window is None:
        return visible_keys(xp, q, k, mask, how), False
    to_add = window(n_queries, n_keys, how.window, how.kept, q.dtype, q.device)
    return to_add if mask is None else torch.where(mask, to_add, -math.inf), False


def _window_to_add(n_queries, n_keys, window, kept, dtype, device):
    """`window_mask` as numbers to add to scores: the kernel would make them of booleans each time.

    Made of two corners of -inf, which takes a third of the time of comparing places.
    """
    n_before = n_keys - n_queries
    far = torch.full((n_queries, n_keys), -math.inf, dtype=dtype, device=device)
    later = far.triu(n_before + 1)
    far.tril_(n_before - window)[:, :kept] = 0
    return later.add_(far)


def _with_sink(q, k, v, mask, causal, sink):
    """Queries and keys of one more column, and one more key before the others, without a value.

    Each query has 1 in that column, and this key alone a number, the sink: so it is their score.
    For the kernel's own causal mask one query more stands first, to be cut off.
    """
    leading = broadcast_shapes(sink.shape[:-2], k.shape[:-2])
    n_keys, d_head = k.shape[-2:]
    of_sink = pad(sink.expand(*leading, 1, 1), (d_head, 0))
    k = torch.cat([of_sink, pad(k, (0, 1)).expand(*leading, n_keys, d_head + 1)], dim=-2)
    q = torch.cat([q, q.new_ones(()).expand(*q.shape[:-1], 1)], dim=-1)
    if causal:
        q = pad(q, (0, 0, 1, 0))
    if mask is not None:
        mask = mask.reshape((1,) * (1 - mask.ndim) + mask.shape)
        shown = mask.dtype == torch.bool  # True; among numbers to add, 0
        mask = pad(mask.expand(*mask.shape[:-1], n_keys), (1, 0), value=shown)
    return q, k, pad(v, (0, 0, 1, 0)), mask


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


def fused_pattern(q, k, v, mask, how, bias=None):
    """Weights and output for tensors whose arguments were checked, or None.

    None means that a row has no softmax, that numbers are not tame, or that a transformation shows
    none. An empty row shows in the output, which is small: the pattern is not looked at.
    """
    if not _can_be_looked_at(q, k, v, how.sink) or not _are_tame(q, k, v, how):
        return None
    return _tame_pattern(q, k, v, mask, how, bias)


def _tame_pattern(q, k, v, mask, how, bias=None):
    may_be_empty = how.sink is None and (mask is not None or bias is not None)
    if may_be_empty and v.shape[-1] == 0:
        return None  # an output without numbers shows nothing
    scores = _scaled_product(q, k, how.scale)
    # New memory costs as much as the softmax itself, on the processor.
    in_place = not _learn(q, k, bias, how.sink)
    if how.softcap is not None:
        scores = _bounded_scores(scores, how.softcap, in_place)
    if bias is not None:
        scores = scores + bias
    scores = _with_hidden(scores, q, k, mask, how, in_place)
    if how.sink is not None:
        scores = torch.cat([scores, how.sink.expand(*scores.shape[:-1], 1)], dim=-1)
    in_place = in_place and scores.is_cpu
    weights = torch.softmax(scores, -1, out=scores) if in_place else torch.softmax(scores, -1)
    if how.sink is not None:
        weights = weights[..., :-1]
    output = weights @ v
    if may_be_empty and not math.isfinite(output.detach().sum(dtype=torch.float32)):
        return None
    return weights, output


def _bounded_scores(scores, softcap, in_place):
    if not in_place:
        return torch.tanh(scores / softcap) * softcap
    scores = scores.div_(softcap)
    if scores.is_cpu:  # NumPy's tanh takes a tenth of the time
        np.tanh(scores.numpy(), out=scores.numpy())
    else:
        scores = scores.tanh_()
    return scores.mul_(softcap)


def _with_hidden(scores, q, k, mask, how, in_place):
    """The scores with -inf where a key is hidden."""
    if in_place and how.causal and mask is None and how.window is None:
        n_own = q.shape[-2]  # the keys before those of the queries are seen by all
        own = scores[..., k.shape[-2] - n_own :]
        own.masked_fill_(~past_of(xp, n_own, n_own, q.device), -math.inf)
        return scores
    visible = visible_keys(xp, q, k, mask, how)
    if visible is None:
        return scores
    hide = scores.masked_fill_ if in_place else scores.masked_fill
    return hide(~visible, -math.inf)


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
