"""A language model as they are used today: attention with rotary positions, and gated layers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attnlib._arguments import check_count, namespace
from attnlib._edges import masks_by_layer
from attnlib._layers import check_decoder, embedded, with_silent
from attnlib.attention_only import rms_norm
from attnlib.cache import Cache


@dataclass(frozen=True, eq=False)
class GatedFeedForward:
    """The layer after attention: it works on each token's row by itself.

    `w_gate` and `w_up` are `(d_model, d_hidden)`, `w_down` is `(d_hidden, d_model)`. The gate says
    how much of each of the d_hidden numbers goes on.

    Raises `TypeError` for anything but floating-point arrays of one library and dtype, `ValueError`
    for shapes that do not fit each other.

    Source: Shazeer (2020), "GLU variants improve transformer", equation 6, SwiGLU.

    >>> import numpy as np
    >>> GatedFeedForward(np.eye(2), np.eye(2), np.eye(2))(np.array([[2.0, -2.0]])).round(2).tolist()
    [[3.52, 0.48]]
    """

    w_gate: Any
    w_up: Any
    w_down: Any

    def __post_init__(self):
        namespace(**vars(self))
        if self.w_gate.ndim != 2:
            raise ValueError(
                f"w_gate has shape {tuple(self.w_gate.shape)}, but a matrix is expected"
            )
        shape = tuple(self.w_gate.shape)
        for name, expected in (("w_up", shape), ("w_down", shape[::-1])):
            found = tuple(getattr(self, name).shape)
            if found != expected:
                raise ValueError(
                    f"{name} has shape {found} but w_gate has shape {shape}: shape {expected} is "
                    "expected"
                )

    def __call__(self, x):
        """What is added to each row of `x`, `(..., n_tokens, d_model)`."""
        xp, gate = namespace(x=x), x @ self.w_gate
        sigmoid = (1 + xp.tanh(gate / 2)) / 2  # written with exp, it may overflow on the way
        return (gate * sigmoid * (x @ self.w_up)) @ self.w_down


@dataclass(frozen=True, eq=False)
class DecoderTrace:
    """What a `Decoder` computed on its way.

    `states`, what each token's row holds before the first layer and after each of them, is
    `(n_layers + 1, ..., n_tokens, d_model)`; `blocks` has the `MultiHeadTrace` of each layer;
    `logits` is `(..., n_tokens, n_vocab)`.
    """

    states: Any
    blocks: tuple
    logits: Any

    @cached_property
    def weights(self):
        """The patterns, `(n_layers, ..., n_heads, n_queries, n_keys)`."""
        return self._stacked("weights")

    @cached_property
    def deltas(self):
        """What each head adds, `(n_layers, ..., n_heads, n_tokens, d_model)`."""
        return self._stacked("deltas")

    def _stacked(self, name):
        xp = namespace(states=self.states)
        return xp.stack([getattr(block, name) for block in self.blocks])


@dataclass(frozen=True, eq=False, repr=False)
class Decoder:
    """A transformer that predicts the next token, as Llama is built.

    `embedding` is `(n_vocab, d_model)`. In each layer, `blocks[i]`, an `al.MultiHead`, and then
    `feed_forwards[i]` read the rows after a root-mean-square norm, whose columns are multiplied by
    `block_gains[i]` and `feed_forward_gains[i]`, `(d_model,)`, and add to the rows themselves. A
    last norm with `last_gain`, `(d_model,)`, precedes `unembedding`, `(d_model, n_vocab)`.
    `tokenizer` turns texts into ids and back; the model itself does without.

    A block of your own may take any layer's place: `dataclasses.replace(model, blocks=...)`. It is
    called as `block(x, causal=True)`, with `mask=` only where edges are cut and `cache=` only by
    `write`.

    Raises `TypeError` for anything but floating-point arrays of one library and dtype, `ValueError`
    for shapes and numbers of layers that do not fit each other.

    Source: Touvron et al. (2023), "LLaMA: Open and efficient foundation language models", section
    2.2.

    >>> import numpy as np
    >>> from attnlib.multi_head import MultiHead
    >>> matrix, gain = np.eye(2), np.ones(2)
    >>> block = MultiHead(*[matrix[None]] * 4)
    >>> feed_forward = GatedFeedForward(matrix, matrix, matrix)
    >>> model = Decoder(matrix, [block], [feed_forward], [gain], [gain], gain, matrix)
    >>> model
    Decoder(n_layers=1, d_model=2, n_vocab=2)
    >>> model([0, 1]).round(2).tolist()
    [[1.41, 0.0], [0.11, 1.41]]
    >>> model.trace([0, 1]).weights.round(2).tolist()
    [[[[1.0, 0.0], [0.2, 0.8]]]]
    >>> model.write([0, 1], 3)
    [1, 1, 1]
    """

    embedding: Any
    blocks: tuple
    feed_forwards: tuple
    block_gains: tuple
    feed_forward_gains: tuple
    last_gain: Any
    unembedding: Any
    tokenizer: Any = None

    def __post_init__(self):
        for name in ("blocks", "feed_forwards", "block_gains", "feed_forward_gains"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_decoder(self)

    def __call__(self, ids, mask=None, cut=(), silent=(), last=None):
        """The logits, how well each token would follow each of `ids`: `(..., n_tokens, n_vocab)`.

        `ids` are whole numbers, `(..., n_tokens)`, those of the tokenizer; leading axes are texts
        of a batch. All counts are from 0:

        - `cut` holds edges `(layer, query, key)`: in that layer, no head's query at that token sees
          that key. What is left of its row sums to 1 again.
        - `silent` holds heads `(layer, head)` that add nothing.
        - `last` lets each token look at the last so many tokens alone, its own included, in every
          layer. What they have looked at themselves still reaches it.
        - `mask` is that of `al.MultiHead`, for every layer, or a dictionary with one for some of
          the layers by their numbers. It hides what is hidden besides: no token sees a later one.

        `ids` and `mask` may be of NumPy, whatever the model's arrays are.

        Raises `TypeError` for ids that are not whole numbers, `ValueError` for ids that no token
        has, for texts without tokens, and for layers, heads and tokens that are not there.
        """
        state = embedded(ids, self.embedding)
        masks = self._masks(state.shape[-2], mask, cut, last)
        for layer, block in enumerate(with_silent(self.blocks, silent)):
            state = state + block(self._read(state, layer), causal=True, **masks[layer])
            state = state + self._feed_forward(state, layer)
        return self._predict(state)

    def trace(self, ids, mask=None, cut=(), silent=(), last=None):
        """Every step of a call, as a `DecoderTrace`; arguments and errors are the same."""
        states, steps = [embedded(ids, self.embedding)], []
        masks = self._masks(states[0].shape[-2], mask, cut, last)
        for layer, block in enumerate(with_silent(self.blocks, silent)):
            read = self._read(states[-1], layer)
            steps.append(block.trace(read, causal=True, **masks[layer]))
            state = states[-1] + steps[-1].delta
            states.append(state + self._feed_forward(state, layer))
        xp = namespace(embedding=self.embedding)
        return DecoderTrace(xp.stack(states), tuple(steps), self._predict(states[-1]))

    def write(self, ids, n):
        """The `n` ids that the model itself puts after `ids`, each the likeliest; a list.

        Every token is read once: a cache for each layer keeps its keys and values. For a batch,
        `ids` of `(..., n_tokens)`, a list of lists. The tokenizer turns them into a text:
        `model.tokenizer.decode(model.write(ids, 8))`.

        Raises what a call raises, and for `n` `TypeError` unless it is whole, `ValueError` if it is
        negative.
        """
        xp, caches = namespace(embedding=self.embedding), [Cache() for _ in self.blocks]
        leading = embedded(ids, self.embedding).shape[:-2]
        written = [xp.zeros((*leading, 0), dtype=xp.int64)]
        for _ in range(check_count("n", n)):
            ids = xp.argmax(self._next(ids, caches), axis=-1)  # (..., 1)
            written.append(ids)
        return xp.concat([xp.astype(each, xp.int64) for each in written], axis=-1).tolist()

    def _next(self, ids, caches):
        """The logits after the last of `ids`, `(..., 1, n_vocab)`; caches hold what was before."""
        state = embedded(ids, self.embedding)
        for layer, (block, cache) in enumerate(zip(self.blocks, caches, strict=True)):
            state = state + block(self._read(state, layer), causal=True, cache=cache)
            state = state + self._feed_forward(state, layer)
        return self._predict(state[..., -1:, :])

    def _masks(self, n_tokens, mask, cut, last):
        return masks_by_layer(self.embedding, len(self.blocks), n_tokens, mask, cut, last)

    def _read(self, state, layer):
        """What the block of a layer reads."""
        return rms_norm(state) * self.block_gains[layer]

    def _feed_forward(self, state, layer):
        """What the second half of a layer adds."""
        return self.feed_forwards[layer](rms_norm(state) * self.feed_forward_gains[layer])

    def _predict(self, state):
        return rms_norm(state) * self.last_gain @ self.unembedding

    def __repr__(self):
        n_vocab, d_model = self.embedding.shape
        return f"Decoder(n_layers={len(self.blocks)}, d_model={d_model}, n_vocab={n_vocab})"
