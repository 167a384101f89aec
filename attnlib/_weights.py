"""What `Head` and `MultiHead` are made of: four matrices, their biases, and how they must fit.

A head's matrices have two axes, a block's one more, for the heads, in front.
"""

from copy import deepcopy
from dataclasses import fields
from numbers import Real

from array_api_compat import is_torch_array

from attnlib._arguments import (
    check_number,
    check_positions,
    check_rows,
    check_softcap,
    namespace,
)
from attnlib.attention import attention, weights_and_output
from attnlib.distance import DistanceBias, added_to_scores
from attnlib.positions import Rotary, check_columns, places, turned

AXES = {2: "a matrix (two axes)", 3: "a stack of matrices (three axes, the heads first)"}
SIDES = {"rows": -2, "columns": -1}


def linear(x, w, b):
    """`x @ w + b`; without `b`, the product alone."""
    if b is not None and w.ndim == 2 and is_torch_array(x):
        from attnlib._fused import fused_linear  # imports torch, so only for tensors

        return fused_linear(x, w, b)
    product = x @ w
    if b is not None:
        product += b  # in the product's own memory: new memory takes longer than the sum
    return product


def turned_by_place(head, queries, keys, positions, own=True, n_before=0):
    """Queries and keys as the head's `rotary` turns them, by where their tokens stand.

    `positions` are those of the queries, and of the keys too where these are their `own` tokens
    (and no context's). Unless given, keys follow the `n_before` that a cache holds, and the last
    query stands at the last key, as under a causal mask.
    """
    if head.rotary is None:
        return queries, keys
    xp, (n_queries, n_keys) = namespace(queries=queries), (queries.shape[-2], keys.shape[-2])
    stop = n_before + n_keys
    at_queries, at_keys = positions, positions if own else None
    if at_queries is None:
        at_queries = places(xp, stop - n_queries, stop, queries)
    if at_keys is None:
        at_keys = places(xp, n_before, stop, keys)
    return turned(xp, queries, at_queries, head.rotary), turned(xp, keys, at_keys, head.rotary)


def check_places(head, positions, x):
    """`positions` are those of the rows of `x`, and the head has a use for them."""
    if positions is None:
        return
    if head.rotary is None:
        raise ValueError(
            f"positions are given, but this {type(head).__name__} turns nothing by them: make it "
            "with rotary=al.Rotary()"
        )
    check_positions(namespace(x=x), positions, x)


def distance_bias(head, queries, keys):
    """What the head or block adds to the scores of these queries and keys, or None."""
    if head.distance is None:
        return None
    return added_to_scores(head.distance, queries.shape[-2], keys.shape[-2])


def mixed_values(head, queries, keys, values, mask, causal):
    """The output of attention, with the scale and the distance bias of the head or block."""
    bias = distance_bias(head, queries, keys)
    steps = (queries, keys, values, mask, causal, head.scale)
    if bias is None:
        return attention(*steps, **bounds(head, queries))
    return weights_and_output(*steps, bias, **bounds(head, queries))[-1]


def bounds(head, queries):
    """The head's own arguments for its softmax, by their names, for these queries."""
    sink = head.sink
    if not (sink is None or isinstance(sink, Real)):  # autocast has changed the queries' dtype
        sink = namespace(sink=sink).astype(sink, queries.dtype, copy=False)
    return {"softcap": head.softcap, "sink": sink}


def arrays_of(head):
    """The arrays of a head or a block by their names, without the biases it does not have."""
    names = (field.name for field in fields(head) if field.name[:2] in ("w_", "b_"))
    arrays = {name: getattr(head, name) for name in names}
    return {n: a for n, a in arrays.items() if a is not None or n.startswith("w")}


def show(head):
    """The `repr` of a head or a block: the shapes of its arrays, and what else it was given."""
    shown = {name: tuple(array.shape) for name, array in arrays_of(head).items()}
    names = ("distance", "scale", "rotary", "softcap", "sink")
    others = {name: getattr(head, name) for name in names if getattr(head, name) is not None}
    shown |= {name: tuple(getattr(o, "shape", ())) or o for name, o in others.items()}
    return f"{type(head).__name__}({', '.join(f'{name}={each}' for name, each in shown.items())})"


def copied(head, memo):
    """A deep copy of a head or a block, with arrays of its own.

    PyTorch copies no tensor that was computed from others, as are the views of `from_torch`: their
    copies start anew, as parameters do.
    """
    return type(head)(*(_copied(getattr(head, field.name), memo) for field in fields(head)))


def _copied(array, memo):
    if isinstance(array, DistanceBias):
        return DistanceBias(*(_copied(each, memo) for each in array.arrays().values()))
    if is_torch_array(array) and not array.is_leaf:
        return array.detach().clone().requires_grad_()
    return deepcopy(array, memo)


def check_weights(head, n_axes):
    """The arrays of a head (2 axes) or a block (3 axes) fit each other."""
    namespace(**arrays_of(head))
    for name in ("w_q", "w_k", "w_v", "w_o"):
        w = getattr(head, name)
        if w.ndim != n_axes:
            raise ValueError(f"{name} has shape {tuple(w.shape)}, but {AXES[n_axes]} is expected")
    if n_axes > 2:
        _check_heads(head)
    _check_equal(head, "w_q", "columns", "w_k", "columns", "d_head")
    _check_equal(head, "w_v", "columns", "w_o", "rows", "d_value")
    _check_equal(head, "w_k", "rows", "w_v", "rows", "d_model")
    for letter in "qkvo":
        _check_bias(head, letter)
    if head.distance is not None:
        _check_distance(head)
    if head.scale is not None:
        check_number("scale", head.scale)
    check_softcap(namespace(w_q=head.w_q), head.softcap, head.w_q)
    if head.sink is not None:
        _check_sink(head)
    if head.rotary is not None:
        _check_rotary(head)


def check_tokens(head, x, context):
    """The rows of `x` and `context` (None: `x` itself) fit the matrices. The context's array."""
    name, context = ("x", x) if context is None else ("context", context)
    namespace(**{"w_q": head.w_q, "x": x, name: context})
    for tokens_name, tokens, w_name in (("x", x, "w_q"), (name, context, "w_k")):
        check_rows(tokens_name, tokens.shape, "(..., n_tokens, d_model)")
        n_rows = getattr(head, w_name).shape[-2]
        if tokens.shape[-1] != n_rows:
            raise ValueError(
                f"{w_name} has {n_rows} rows but {tokens_name} has {tokens.shape[-1]} columns "
                "(d_model)"
            )
    return context


def _check_heads(block):
    n_heads = block.w_q.shape[0]
    if n_heads == 0:
        raise ValueError("w_q has 0 heads, but n_heads must be at least 1")
    n_kv_heads = block.w_k.shape[0]
    if n_kv_heads == 0 or n_heads % n_kv_heads:
        raise ValueError(
            f"w_q has {n_heads} heads but w_k has {n_kv_heads} heads (first axis): as many are "
            "expected, or a number that divides them, where several heads share keys and values"
        )
    for name, others, expected in (("w_v", "w_k", n_kv_heads), ("w_o", "w_q", n_heads)):
        found = getattr(block, name).shape[0]
        if found != expected:
            raise ValueError(
                f"{others} has {expected} heads but {name} has {found} heads (first axis)"
            )


def _check_rotary(head):
    if not isinstance(head.rotary, Rotary):
        raise TypeError(
            f"rotary is a {type(head.rotary).__name__}, but an al.Rotary is expected: pass "
            "rotary=al.Rotary()"
        )
    check_columns("w_q", head.w_q.shape[-1], head.rotary)


def _check_equal(head, name, side, other_name, other_side, meaning):
    size = getattr(head, name).shape[SIDES[side]]
    other_size = getattr(head, other_name).shape[SIDES[other_side]]
    if size != other_size:
        raise ValueError(
            f"{name} has {size} {side} but {other_name} has {other_size} {other_side} ({meaning})"
        )


def _check_distance(head):
    """The distance bias has a row for each head, in a block; none, in a head."""
    if not isinstance(head.distance, DistanceBias):
        raise TypeError(
            f"distance is a {type(head.distance).__name__}, but an al.DistanceBias is expected: "
            "pass distance=al.DistanceBias(behind)"
        )
    behind = head.distance.behind
    namespace(w_q=head.w_q, behind=behind)
    *heads, n_distances = behind.shape
    expected = list(head.w_q.shape[:-2])
    if heads != expected:
        raise ValueError(
            f"distance.behind has shape {tuple(behind.shape)}, but a {type(head).__name__} with "
            f"w_q of shape {tuple(head.w_q.shape)} needs shape {(*expected, n_distances)}"
        )


def _check_sink(head):
    """The sink is one number, or an array of one for each head."""
    if isinstance(head.sink, Real):
        check_number("sink", head.sink)
        return
    namespace(w_q=head.w_q, sink=head.sink)
    found, expected = tuple(head.sink.shape), tuple(head.w_q.shape[:-2])
    if found not in ((), expected):
        one_each = f", or shape {expected}, one for each head" if expected else ""
        raise ValueError(
            f"sink has shape {found}, but a {type(head).__name__} with w_q of shape "
            f"{tuple(head.w_q.shape)} needs one number{one_each}"
        )


def _check_bias(head, letter):
    bias, w = getattr(head, f"b_{letter}"), getattr(head, f"w_{letter}")
    # One output bias serves the whole block; the others are one per head.
    expected = (w.shape[-1],) if letter == "o" else (*w.shape[:-2], w.shape[-1])
    if bias is not None and tuple(bias.shape) != expected:
        raise ValueError(
            f"b_{letter} has shape {tuple(bias.shape)} but w_{letter} has {w.shape[-1]} columns: "
            f"shape {expected} is expected"
        )
