"""A small transformer of attention alone: embeddings, blocks of heads, and a guess of what follows.

It has no feed-forward layers, so whatever it does, its heads do.
"""

from dataclasses import dataclass
from typing import Any

from attnlib._arguments import namespace
from attnlib._layers import brought_to, check_layers, embedded, with_silent

EPSILON = 1e-5  # keeps the norm of a row of zeros finite


@dataclass(frozen=True, eq=False)
class AttentionOnlyTrace:
    """What a model computed on its way.

    `states`, what each token's row holds before the first block and after each of them, is
    `(n_layers + 1, ..., n_tokens, d_model)`; `weights`, the patterns, is
    `(n_layers, ..., n_heads, n_queries, n_keys)`; `deltas`, what each head adds, is
    `(n_layers, ..., n_heads, n_tokens, d_model)`; `logits` is `(..., n_tokens, n_words)`.
    """

    states: Any
    weights: Any
    deltas: Any
    logits: Any


@dataclass(frozen=True, eq=False)
class AttentionOnly:
    """A transformer whose layers are blocks of heads and nothing else.

    `embedding` is `(n_words, d_model)`, `blocks` is one `al.MultiHead` for each layer, all with the
    same number of heads, `unembedding` is `(d_model, n_words)`. Each block reads the state after a
    root-mean-square norm and adds its delta to the state itself; a last norm precedes the
    unembedding. Where tokens stand shows only through the mask and the blocks' `distance`.

    Raises `TypeError` for anything but blocks and floating-point arrays of one library and dtype,
    `ValueError` for shapes that do not fit each other.

    Source: Elhage et al. (2021), "A mathematical framework for transformer circuits"; the norm as
    in Zhang and Sennrich (2019), "Root mean square layer normalization", equation 4, without gain.

    >>> import numpy as np
    >>> from attnlib.multi_head import MultiHead
    >>> matrix = np.eye(2)[None]
    >>> model = AttentionOnly(np.eye(2), [MultiHead(matrix, matrix, matrix, matrix)], np.eye(2))
    >>> model([0, 1]).round(2).tolist()
    [[1.41, 0.0], [0.18, 1.4]]
    >>> model.trace([0, 1]).weights.round(2).tolist()
    [[[[1.0, 0.0], [0.2, 0.8]]]]
    """

    embedding: Any
    blocks: tuple
    unembedding: Any

    def __post_init__(self):
        object.__setattr__(self, "blocks", tuple(self.blocks))
        check_layers(self.embedding, self.blocks, self.unembedding)

    def __call__(self, ids, causal=True, mask=None, silent=()):
        """The logits, how well each word would follow each token: `(..., n_tokens, n_words)`.

        `ids` are whole numbers, `(..., n_tokens)`, the rows of `embedding` to start from; leading
        axes are texts of a batch. `causal` and `mask` are those of `al.MultiHead`. `ids` and `mask`
        may be of NumPy, whatever the model's arrays are. `silent` names heads that add nothing, as
        pairs `(layer, head)`, both counted from 0.

        Raises `TypeError` for ids that are not whole numbers, `ValueError` for ids that are no rows
        of `embedding`, for texts without tokens, and for heads that the model does not have.
        """
        state, mask = embedded(ids, self.embedding), brought_to(self.embedding, mask)
        for block in with_silent(self.blocks, silent):
            state = state + block(rms_norm(state), mask=mask, causal=causal)
        return rms_norm(state) @ self.unembedding

    def trace(self, ids, causal=True, mask=None, silent=()):
        """Every step of a call, as an `AttentionOnlyTrace`; arguments and errors are the same."""
        states, weights, deltas = [embedded(ids, self.embedding)], [], []
        mask = brought_to(self.embedding, mask)
        for block in with_silent(self.blocks, silent):
            steps = block.trace(rms_norm(states[-1]), mask=mask, causal=causal)
            weights.append(steps.weights)
            deltas.append(steps.deltas)
            states.append(states[-1] + steps.delta)
        xp = namespace(embedding=self.embedding)
        logits = rms_norm(states[-1]) @ self.unembedding
        return AttentionOnlyTrace(xp.stack(states), xp.stack(weights), xp.stack(deltas), logits)


def rms_norm(x):
    """Each row of `x` divided by its root mean square: `(..., n_tokens, d_model)`."""
    xp = namespace(x=x)
    return x / xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + EPSILON)
