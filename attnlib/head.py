"""One attention head: four matrices and what they do to a text."""

from dataclasses import dataclass
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
from attnlib.attention import biased_trace


@dataclass(frozen=True, eq=False)
class HeadTrace:
    """What a head computed on its way, one row per token (leading axes as in `x`).

    `queries` and `keys` are `(n_queries, d_head)` and `(n_keys, d_head)`, `values` is
    `(n_keys, d_value)`, `scores` (-inf where masked) and `weights` are `(n_queries, n_keys)`,
    `mixed`, the weighted sum of the values, is `(n_queries, d_value)`, and `delta`, what is
    added to `x`, is `(n_queries, d_model)`.
    """

    queries: Any
    keys: Any
    values: Any
    scores: Any
    weights: Any
    mixed: Any
    delta: Any


@dataclass(frozen=True, eq=False, repr=False)
class Head:
    """One attention head: `softmax(x @ w_q @ (x @ w_k).T / sqrt(d_head)) @ x @ w_v @ w_o`.

    `w_q` and `w_k` are `(d_model, d_head)`, `w_v` is `(d_model, d_value)` and `w_o` is
    `(d_value, d_model)`. `w_k` and `w_v` have the rows of the context's d_model, where that
    differs. The biases `b_q`, `b_k`, `b_v`, `b_o` are optional, one number per column of their
    matrix. `distance`, an `al.DistanceBias` of one axis, is added to the scores; `scale` takes the
    place of `1/sqrt(d_head)`; `rotary`, an `al.Rotary`, turns queries and keys by their places;
    `softcap` and `sink`, two numbers, are those of `attention`. A head cannot be changed once made;
    its arrays are kept, not copied, so gradients reach them.

    Raises `TypeError` for anything but floating-point arrays of one library and dtype,
    `ValueError` for shapes that do not fit each other.

    Source: Vaswani et al. (2017), "Attention is all you need", section 3.2.2, one head of
    equation 5, with w_o as its rows of W^O; read as here in Elhage et al. (2021), "A mathematical
    framework for transformer circuits".

    >>> import numpy as np
    >>> head = Head(np.eye(2), np.eye(2), np.eye(2), 2 * np.eye(2))
    >>> head
    Head(w_q=(2, 2), w_k=(2, 2), w_v=(2, 2), w_o=(2, 2))
    >>> head(np.eye(2), causal=True).round(2).tolist()
    [[2.0, 0.0], [0.66, 1.34]]
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
        check_weights(self, n_axes=2)

    def __call__(self, x, context=None, mask=None, causal=False, positions=None):
        """The delta: what this head adds to each row of `x`.

        `x` is `(..., n_queries, d_model)` and so is the result. Keys *and* values come from
        `context`, `(..., n_keys, d_model)`, which is `x` itself unless given. `mask` and `causal`
        are those of `attention`; padding, `(n_texts, n_keys)`, is passed as `mask[:, None, :]`. A
        query with nothing to attend to gets `b_o`, or 0 without it. `positions` are those of
        `al.MultiHead`.

        Raises what `attention` raises, and `ValueError` where `x` does not fit the weights.
        """
        queries, keys, values = self._project(x, context, mask, positions)
        mixed = mixed_values(self, queries, keys, values, mask, causal)
        return linear(mixed, self.w_o, self.b_o)

    def trace(self, x, context=None, mask=None, causal=False, positions=None):
        """Every step of `head(x)`, as a `HeadTrace`; arguments and errors are the same.

        >>> import numpy as np
        >>> head = Head(np.eye(2), np.eye(2), np.eye(2), 2 * np.eye(2))
        >>> head.trace(np.eye(2)).weights.round(2).tolist()
        [[0.67, 0.33], [0.33, 0.67]]
        """
        queries, keys, values = self._project(x, context, mask, positions)
        bias = distance_bias(self, queries, keys)
        steps = (queries, keys, values, mask, causal, self.scale, bias)
        steps = biased_trace(*steps, **bounds(self, queries))
        delta = linear(steps.output, self.w_o, self.b_o)
        return HeadTrace(queries, keys, values, steps.scores, steps.weights, steps.output, delta)

    @property
    def qk(self):
        """The bilinear form `w_q @ w_k.T`, `(d_model, d_model)`, of rank at most d_head.

        `x @ head.qk @ y.T / sqrt(d_head)` are the scores of a head without biases, `scale` and
        `rotary`.
        Source: Elhage et al. (2021), "QK circuit".
        """
        return self.w_q @ self.w_k.mT

    @property
    def ov(self):
        """The value map `w_v @ w_o`, `(d_model, d_model)`, of rank at most d_value.

        `weights @ x @ head.ov` is the delta of a head without biases.
        Source: Elhage et al. (2021), "OV circuit".
        """
        return self.w_v @ self.w_o

    def __repr__(self):
        return show(self)

    def __deepcopy__(self, memo):
        return copied(self, memo)

    def _project(self, x, context, mask, positions):
        own, context = context is None, check_tokens(self, x, context)
        check_places(self, positions, x)
        if mask is not None:
            check_mask_of_texts(namespace(x=x), mask, x.shape, context.shape)
        queries, keys = linear(x, self.w_q, self.b_q), linear(context, self.w_k, self.b_k)
        queries, keys = turned_by_place(self, queries, keys, positions, own)
        return queries, keys, linear(context, self.w_v, self.b_v)
