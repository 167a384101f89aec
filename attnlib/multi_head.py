"""Many heads in one block: stacks of matrices, one for each head."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attnlib._arguments import namespace
from attnlib._masks import check_mask_of_texts
from attnlib._weights import (
    bounds,
    check_places,
    check_tokens,
    check_weights,
    copied,
    distance_bias,
    linear,
    mixed_values,
    show,
    turned_by_place,
)
from attnlib.attention import biased_trace, weights_and_output
from attnlib.cache import check_cache
from attnlib.head import Head


@dataclass(frozen=True, eq=False)
class MultiHeadTrace:
    """What a block computed on its way: the steps of `HeadTrace`, with an axis for the heads.

    `queries` and `keys` are `(..., head, n_queries, d_head)` and `(..., head, n_keys, d_head)`,
    `values` is `(..., head, n_keys, d_value)`, `weights` is `(..., head, n_queries, n_keys)`,
    `mixed` is `(..., head, n_queries, d_value)`, and `delta`, what the heads together add to `x`,
    is `(..., n_queries, d_model)`. Queries and keys are turned where the block turns them; heads
    that share keys and values have the same ones. `scores` and `deltas` are large and seldom looked
    at, so they are worked out when first asked for, from the `block` and the `mask` that were used.
    """

    queries: Any
    keys: Any
    values: Any
    weights: Any
    mixed: Any
    delta: Any
    block: Any
    mask: Any
    causal: bool

    @cached_property
    def scores(self):
        """How well queries and keys agree, `(..., head, n_queries, n_keys)`; -inf where masked."""
        bias = distance_bias(self.block, self.queries, self.keys)
        steps = (self.queries, self.keys, self.values, self.mask, self.causal)
        how = bounds(self.block, self.queries)
        return biased_trace(*steps, self.block.scale, bias, **how).scores

    @cached_property
    def deltas(self):
        """What each head adds to `x`, `(..., head, n_queries, d_model)`; `delta` is their sum.

        Layer h is what `block.heads[h]` adds, with its share of `b_o`.
        """
        return linear(self.mixed, self.block.w_o, self.block._share_of_output_bias())


@dataclass(frozen=True, eq=False, repr=False)
class MultiHead:
    """Several attention heads that read the same `x` side by side and add up what they find.

    The matrices of the heads are stacked: `w_q` and `w_k` are `(n_heads, d_model, d_head)`,
    `w_v` is `(n_heads, d_model, d_value)` and `w_o` is `(n_heads, d_value, d_model)`. `w_k` and
    `w_v` have the rows of the context's d_model, where that differs. The biases are optional:
    `b_q`, `b_k` and `b_v` have one row per head, `(n_heads, d_head)` or `(n_heads, d_value)`, and
    the one `b_o`, `(d_model,)`, serves the whole block. `distance`, an `al.DistanceBias` with a
    row for each head, is added to the scores; `scale` takes the place of `1/sqrt(d_head)`;
    `rotary`, an `al.Rotary`, turns queries and keys by where their tokens stand. `softcap` and
    `sink` are those of `attention`: a number that bounds the scores, before `distance` is added,
    and one more score in each denominator, a number or an array `(n_heads,)`. A block cannot be
    changed once made; its arrays are kept, not copied, so gradients reach them.

    `w_k` and `w_v` may have fewer heads, n_kv_heads, if these divide n_heads: then head h uses keys
    and values h // (n_heads // n_kv_heads), so that neighbours share them.

    With `distance` a call holds the full pattern, as a trace does; without it, never.

    Raises `TypeError` for anything but floating-point arrays of one library and dtype,
    `ValueError` for shapes that do not fit each other, and for a block without heads.

    Source: Vaswani et al. (2017), "Attention is all you need", section 3.2.2 and equation 5; the
    stacks, and the block as a sum over heads, as in Elhage et al. (2021), "A mathematical
    framework for transformer circuits"; shared keys and values as in Ainslie et al. (2023), "GQA:
    Training generalized multi-query transformer models from multi-head checkpoints", section 2.2.

    >>> import numpy as np
    >>> stack = np.stack([np.eye(2), 2 * np.eye(2)])
    >>> block = MultiHead(stack, stack, stack, stack)
    >>> block
    MultiHead(w_q=(2, 2, 2), w_k=(2, 2, 2), w_v=(2, 2, 2), w_o=(2, 2, 2))
    >>> block(np.eye(2), causal=True).round(2).tolist()
    [[5.0, 0.0], [0.55, 4.45]]
    >>> sum(head(np.eye(2), causal=True) for head in block.heads).round(2).tolist()
    [[5.0, 0.0], [0.55, 4.45]]
    """

    w_q: Any
    w_k: Any
    w_v: Any
    w_o: Any
    b_q: Any = None
    b_k: Any = None
    b_v: Any = None
    b_o: Any = None
    distance: Any = None
    scale: Any = None
    rotary: Any = None
    softcap: Any = None
    sink: Any = None

    def __post_init__(self):
        check_weights(self, n_axes=3)

    @classmethod
    def from_torch(cls, module):
        """The block that computes what `module`, a `torch.nn.MultiheadAttention`, computes.

        The arrays are views of the module's parameters: what trains one trains the other, and
        gradients reach both. Only the weights are taken. So it does not matter whether the
        module is `batch_first` (the block wants `(..., n_tokens, d_model)` in any case), and
        nothing is dropped out: the numbers are those of the module in evaluation mode. Its
        boolean masks mean the opposite; pass `~mask`.

        Raises `TypeError` for anything but such a module, also for one with a `forward` of its
        own, whose numbers may come from elsewhere, and `ValueError` for one that does what a block
        cannot: `add_bias_kv`, `add_zero_attn`, or kdim different from vdim.

        >>> import torch
        >>> module = torch.nn.MultiheadAttention(embed_dim=6, num_heads=3)
        >>> MultiHead.from_torch(module).w_q.shape
        torch.Size([3, 6, 2])
        """
        from attnlib._modules import stacked_weights  # imports torch, so only for its modules

        return cls(**stacked_weights(module))

    @classmethod
    def from_transformers(cls, module):
        """The block that computes what `module`, one layer of a model that you have, computes.

        `module` is a layer of attention of the package transformers: of GPT-2 (`model.h[0].attn`),
        Llama (`model.layers[0].self_attn`; Mistral and Qwen2 are built alike) or BERT
        (`model.encoder.layer[0].attention`; so is RoBERTa). The arrays are views of its parameters.
        Only these are taken, and how it scales and turns: what comes before the layer, a norm, and
        after it, in BERT another norm, is not the block's. GPT-2 and Llama see no later token: call
        the block with `causal=True`. transformers is not imported.

        Raises `TypeError` for anything but such a layer, and `ValueError` for one that computes
        what a block cannot, or whose model is of another kind.

        >>> import torch
        >>> layer = torch.nn.Module()
        >>> layer.c_attn, layer.c_proj = torch.nn.Module(), torch.nn.Module()
        >>> layer.c_attn.weight, layer.c_attn.bias = torch.ones(6, 18), torch.zeros(18)
        >>> layer.c_proj.weight, layer.c_proj.bias, layer.num_heads = torch.ones(6, 6), None, 3
        >>> MultiHead.from_transformers(layer).w_q.shape
        torch.Size([3, 6, 2])
        """
        from attnlib._checkpoints import weights_of_layer

        return cls(**weights_of_layer(module))

    def __call__(self, x, context=None, mask=None, causal=False, positions=None, cache=None):
        """The delta: what the heads together add to each row of `x`.

        `x` is `(..., n_queries, d_model)` and so is the result. Keys *and* values come from
        `context`, `(..., n_keys, d_model)`, which is `x` itself unless given.

        `mask` is boolean, True = may attend, and broadcasts to `(..., head, query, key)`: one of
        `(n_queries, n_keys)` is for all heads, one of `(n_heads, n_queries, n_keys)` has a layer
        for each. A mask for each text of a batch needs the axis of the heads as well:
        `(n_texts, 1, n_queries, n_keys)`. Without it, a mask whose layers could be counted as
        texts is refused, even where it could also be counted as heads. A mask of padding,
        `(n_texts, n_keys)`, is passed as `mask[:, None, None, :]`. Where there are as many texts as
        tokens its rows would be read as queries: if they look like padding, a warning says so.

        `positions`, `(n_queries,)`, or `(..., n_queries)` for texts at places of their own, are for
        the block's `rotary`: where the rows of `x` stand, as queries and as keys. They count from
        0, or from what `cache` holds, unless given. A context's rows stand at 0, 1, 2, ...; then
        the last query stands at the last key, unless `positions` say otherwise.

        `cache`, an `al.Cache`, holds the keys and values of the tokens before `x`, to which those
        of `x` are added. A mask then has a column for each of them, `(n_queries, n_keys)`.

        A query with nothing to attend to gets `b_o`, or 0 without it.

        Raises what `attention`, `al.Cache` and, for positions, `al.rotate` raise, and `ValueError`
        where `x` does not fit the weights and for positions without `rotary`.
        """
        queries, *kept = self._project(x, context, mask, positions, cache)
        mixed = mixed_values(self, queries, *map(self._for_every_head, kept), mask, causal)
        if cache is not None:
            cache.keep(self, *kept)
        return self._output(mixed)

    def trace(self, x, context=None, mask=None, causal=False, positions=None, cache=None):
        """Every step of `block(x)`, as a `MultiHeadTrace`; arguments and errors are the same.

        >>> import numpy as np
        >>> stack = np.stack([np.eye(2), 2 * np.eye(2)])
        >>> trace = MultiHead(stack, stack, stack, stack).trace(np.eye(2))
        >>> trace.weights.round(2).tolist()
        [[[0.67, 0.33], [0.33, 0.67]], [[0.94, 0.06], [0.06, 0.94]]]
        >>> trace.deltas.round(2).tolist()
        [[[0.67, 0.33], [0.33, 0.67]], [[3.78, 0.22], [0.22, 3.78]]]
        """
        queries, *kept = self._project(x, context, mask, positions, cache)
        keys, values = map(self._for_every_head, kept)
        bias = distance_bias(self, queries, keys)
        steps = (queries, keys, values, mask, causal, self.scale, bias)
        weights, mixed = weights_and_output(*steps, **bounds(self, queries))
        if cache is not None:
            cache.keep(self, *kept)
        delta = self._output(mixed)
        return MultiHeadTrace(queries, keys, values, weights, mixed, delta, self, mask, causal)

    @property
    def heads(self):
        """The heads, as a tuple of `Head`: the sum of `head(x)` over them is `block(x)`.

        `b_o` belongs to no head, so each gets the same share, `b_o / n_heads`; of `distance` each
        gets its row. Where heads share keys and values, each has the matrices of its own. For a
        block without biases, `head.qk` and `head.ov` are the maps of each head.
        """
        return tuple(map(self._head, range(self.w_q.shape[0])))

    def _head(self, i):
        shared = i // (self.w_q.shape[0] // self.w_k.shape[0])
        layers = {"q": i, "k": shared, "v": shared, "o": i}
        biases = {letter: getattr(self, f"b_{letter}") for letter in "qkv"}
        return Head(
            *(getattr(self, f"w_{letter}")[layer, :, :] for letter, layer in layers.items()),
            *(None if b is None else b[layers[letter], :] for letter, b in biases.items()),
            self._share_of_output_bias(),
            None if self.distance is None else self.distance.of_head(i),
            self.scale,
            self.rotary,
            self.softcap,
            self.sink[i] if getattr(self.sink, "ndim", 0) else self.sink,
        )

    def concatenated(self):
        """The matrices `(w_q, w_k, w_v, w_o)` as papers write them, the heads side by side.

        `w_q` and `w_k` are `(d_model, n_heads * d_head)`, `w_v` is `(d_model, n_heads * d_value)`
        and `w_o` is `(n_heads * d_value, d_model)`. Shared keys and values are there once:
        `(d_model, n_kv_heads * d_head)`. Biases, `distance`, `scale`,
        `rotary`, `softcap` and `sink` are left out.

        Source: Vaswani et al. (2017), equation 5: `Concat(head_1, ..., head_h) W^O`.

        >>> import numpy as np
        >>> stack = np.stack([np.eye(2), 2 * np.eye(2)])
        >>> w_q, w_k, w_v, w_o = MultiHead(stack, stack, stack, stack).concatenated()
        >>> w_q.tolist()
        [[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 2.0]]
        >>> w_o.tolist()
        [[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 2.0]]
        """
        beside = (_side_by_side(w) for w in (self.w_q, self.w_k, self.w_v))
        return (*beside, _one_above_the_other(self.w_o))

    def __repr__(self):
        return show(self)

    def __deepcopy__(self, memo):
        return copied(self, memo)

    def _project(self, x, context, mask, positions, cache):
        """Queries, and all keys and values that they meet: `(..., head, n_tokens, d_head)`.

        Shared keys and values are there once: `_for_every_head` repeats them.
        """
        own, n_before = context is None, 0
        if cache is not None:
            check_cache(cache, self, x, context)
            n_before = len(cache)
        context = check_tokens(self, x, context)
        check_places(self, positions, x)
        if mask is not None:
            keys_shape = (*context.shape[:-2], n_before + context.shape[-2], context.shape[-1])
            check_mask_of_texts(namespace(x=x), mask, x.shape, keys_shape, self.w_q.shape[0])
        queries = _for_each_head(x, self.w_q, self.b_q)
        keys = _for_each_head(context, self.w_k, self.b_k)
        values = _for_each_head(context, self.w_v, self.b_v)
        if positions is not None and positions.ndim > 1:
            positions = positions[..., None, :]  # the same for all heads
        queries, keys = turned_by_place(self, queries, keys, positions, own, n_before)
        return queries, *((keys, values) if cache is None else cache.joined(keys, values))

    def _for_every_head(self, stack):
        """Keys or values that heads share, once for each of them: 0 0 0 1 1 1, not 0 1 0 1 0 1."""
        n_heads, n_kv_heads = self.w_q.shape[0], self.w_k.shape[0]
        if n_heads == n_kv_heads:
            return stack
        xp, (*leading, _, n_keys, width) = namespace(stack=stack), stack.shape
        shape = (*leading, n_kv_heads, n_heads // n_kv_heads, n_keys, width)
        repeated = xp.broadcast_to(stack[..., None, :, :], shape)
        return xp.reshape(repeated, (*leading, n_heads, n_keys, width))

    def _output(self, mixed):
        """All heads through their `w_o`, and the sum of what comes out, in one product."""
        return linear(_side_by_side(mixed), _one_above_the_other(self.w_o), self.b_o)

    def _share_of_output_bias(self):
        return None if self.b_o is None else self.b_o / self.w_q.shape[0]


def _for_each_head(x, w, b):
    """`x @ w + b` for all heads in one product: `(..., head, n_tokens, d_head)`."""
    n_heads, _, width = w.shape
    xp = namespace(x=x)
    b = None if b is None else xp.reshape(b, (n_heads * width,))
    product = linear(x, _side_by_side(w), b)  # (..., n_tokens, n_heads * d_head)
    return _exchanged(xp, xp.reshape(product, (*x.shape[:-1], n_heads, width)))


def _side_by_side(stack):
    """`(..., head, row, column)` as `(..., row, n_heads * column)`."""
    xp = namespace(stack=stack)
    *leading, n_heads, n_rows, n_columns = stack.shape
    return xp.reshape(_exchanged(xp, stack), (*leading, n_rows, n_heads * n_columns))


def _exchanged(xp, stack):
    """`(..., head, row, column)` as `(..., row, head, column)`, and back."""
    # vmap has no rule for moveaxis, which would say the same.
    *leading, first, second, column = range(stack.ndim)
    return xp.permute_dims(stack, (*leading, second, first, column))


def _one_above_the_other(stack):
    """`(head, row, column)` as `(n_heads * row, column)`."""
    n_heads, n_rows, n_columns = stack.shape
    return namespace(stack=stack).reshape(stack, (n_heads * n_rows, n_columns))
