"""What `Head` and `MultiHead` are made of: four matrices, their biases, and how they must fit.

A head's matrices have two axes, a block's one more, for the heads, in front.
"""

from copy import deepcopy
from dataclasses import fields

from array_api_compat import is_torch_array

from attnlib._arguments import check_rows, namespace

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


def arrays_of(head):
    """The arrays of a head or a block by their names, without the biases it does not have."""
    arrays = {field.name: getattr(head, field.name) for field in fields(head)}
    return {n: a for n, a in arrays.items() if a is not None or n.startswith("w")}


def show(head):
    """The `repr` of a head or a block: the shapes of its arrays."""
    shapes = ", ".join(f"{name}={tuple(a.shape)}" for name, a in arrays_of(head).items())
    return f"{type(head).__name__}({shapes})"


def copied(head, memo):
    """A deep copy of a head or a block, with arrays of its own.

    PyTorch copies no tensor that was computed from others, as are the views of `from_torch`: their
    copies start anew, as parameters do.
    """
    return type(head)(*(_copied(getattr(head, field.name), memo) for field in fields(head)))


def _copied(array, memo):
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
    for name in ("w_k", "w_v", "w_o"):
        found = getattr(block, name).shape[0]
        if found != n_heads:
            raise ValueError(f"w_q has {n_heads} heads but {name} has {found} heads (first axis)")


def _check_equal(head, name, side, other_name, other_side, meaning):
    size = getattr(head, name).shape[SIDES[side]]
    other_size = getattr(head, other_name).shape[SIDES[other_side]]
    if size != other_size:
        raise ValueError(
            f"{name} has {size} {side} but {other_name} has {other_size} {other_side} ({meaning})"
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
