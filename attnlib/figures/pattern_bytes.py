"""Attention patterns of any model: checked, and as bytes that a page can carry."""

import numpy as np

AXES = "(n_layers, n_heads, n_queries, n_keys)"
STEPS = 255
OFF = 0.01  # a row's sum may be off by this much: sums of half precision are
EAGER = 'load the model with attn_implementation="eager" and call it with output_attentions=True'


def as_weights(weights, batch=None):
    """`weights` as one float32 array `(n_layers, n_heads, n_queries, n_keys)`.

    `weights` is such an array, or a sequence over layers of `(batch, heads, n_queries, n_keys)`,
    of which `batch` is the text that is taken. Raises `TypeError` or `ValueError` that say what
    came, what was expected and what to do.
    """
    if weights is None or (isinstance(weights, tuple | list) and not weights):
        came = "None" if weights is None else "empty"  # transformers gives either
        raise TypeError(f"weights is {came}: {EAGER}")
    if hasattr(weights, "keys"):
        raise TypeError(f"weights is a {type(weights).__name__}; {_advice(weights)}")
    if isinstance(weights, tuple | list):
        weights = _stacked([_layer(n, one, batch) for n, one in enumerate(weights)])
    return _checked_weights(_numbers("weights", weights))


def _advice(output):
    named = [name for name in output if str(name).endswith("attentions")]
    found = [f"output.{name}" for name in named if output[name]]
    return f"pass {' or '.join(found)}" if found else f"it has no attentions: {EAGER}"


def _layer(n, one, batch):
    """The patterns of layer `n`, `(n_heads, n_queries, n_keys)`."""
    if one is None:
        raise TypeError(f"weights[{n}] is None: {EAGER}")
    array = _numbers(f"weights[{n}]", one)
    if array.ndim == 3 and batch is None:
        return array
    if array.ndim != 4:
        raise ValueError(
            f"weights[{n}] has shape {array.shape}; expected (batch, n_heads, n_queries, n_keys)"
        )
    if batch is None and len(array) != 1:
        raise ValueError(
            f"weights[{n}] holds {len(array)} texts; the figure shows one: pass batch=0 to "
            f"batch={len(array) - 1}, and the tokens of that text"
        )
    chosen = 0 if batch is None else batch
    if type(chosen) is not int or not 0 <= chosen < len(array):
        raise ValueError(f"batch is {batch!r}; weights[{n}] holds texts 0 to {len(array) - 1}")
    return array[chosen]


def _stacked(layers):
    for n, layer in enumerate(layers):
        if layer.shape != layers[0].shape:
            raise ValueError(
                f"layer {n} has shape {layer.shape} but layer 0 has {layers[0].shape}; expected "
                "(n_heads, n_queries, n_keys), the same in every layer. Show unlike layers in "
                "figures of their own"
            )
    return np.stack(layers)


def _numbers(name, value):
    """`value`, an array or a tensor on any device, as float32 or wider."""
    if hasattr(value, "detach"):  # a tensor with gradients, or of a width that NumPy lacks
        value = value.detach().cpu().float()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is a {type(value).__name__}, no array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers")
    return array.astype(np.float32) if array.dtype != np.float64 else array


def _checked_weights(weights):
    if weights.ndim != 4 or 0 in weights.shape:
        more = " Add the axis of layers: weights[None]." if weights.ndim == 3 else ""
        raise ValueError(f"weights has shape {weights.shape}; expected {AXES}.{more}")
    if not np.isfinite(weights).all():
        at = _first(~np.isfinite(weights))
        value = weights[tuple(at)]
        raise ValueError(
            f"weights holds {value} at [layer, head, query, key] {at}; expected numbers "
            "from 0 to 1. NaN often comes of a query that may attend to nothing: give it zeros"
        )
    if weights.min() < -OFF:
        at = _first(weights < -OFF)
        raise ValueError(
            f"weights holds {weights[tuple(at)]:.3g} at [layer, head, query, key] {at}; weights "
            "are not below 0. If these are scores, apply attnlib.softmax first"
        )
    _check_sums(weights)
    return np.clip(weights, 0, 1)


def _check_sums(weights):
    """Rows sum to 1; a row of zeros is a query that may attend to nothing."""
    sums = weights.sum(axis=-1, dtype=np.float64)
    wrong = (np.abs(sums - 1) > OFF) & (sums != 0)
    if not wrong.any():
        return
    at = _first(wrong)
    said = f"the weights of [layer, head, query] {at} sum to {sums[tuple(at)]:.3g}; expected 1. "
    columns = weights.sum(axis=-2, dtype=np.float64)
    if (np.abs(columns - 1) <= OFF).all():
        raise ValueError(said + "The columns do: pass weights.swapaxes(-1, -2)")
    raise ValueError(
        said + "Dropout changes weights: call model.eval() first. Of a text that was cut out, "
        "divide the rows by their sums"
    )


def _first(where):
    return [int(i) for i in np.argwhere(where)[0]]


def as_contributions(weights, contributions, values):
    """The length of what each edge adds, in the shape of `weights`; None if neither is given."""
    if contributions is not None and values is not None:
        raise ValueError("both contributions and values are given; pass one of them")
    if values is not None:
        return _lengths_of(weights, _numbers("values", values))
    if contributions is None:
        return None
    lengths = _numbers("contributions", contributions)
    if lengths.shape != weights.shape:
        raise ValueError(
            f"contributions has shape {lengths.shape} but weights has {weights.shape}: one length "
            "for each weight is expected"
        )
    return _checked_lengths("contributions", lengths)


def _lengths_of(weights, values):
    expected = (*weights.shape[:2], weights.shape[3])
    if values.ndim != 4 or values.shape[:3] != expected:
        raise ValueError(
            f"values has shape {values.shape}; expected (n_layers, n_heads, n_keys, d), of which "
            f"the first three are {expected} here"
        )
    reach = _checked_lengths("values", np.linalg.norm(values, axis=-1))
    return weights * reach[..., None, :]


def _checked_lengths(name, lengths):
    if not np.isfinite(lengths).all() or lengths.min() < 0:
        raise ValueError(f"{name} must hold finite numbers, and lengths are not below 0")
    return lengths


def is_causal(weights):
    """Whether no query gives weight to a later key, so that half of the pattern need not travel."""
    n_queries, n_keys = weights.shape[-2:]
    return n_queries == n_keys > 1 and not weights[..., ~np.tri(n_queries, dtype=bool)].any()


def pack(numbers, largest, causal):
    """Bytes, 255 steps up to `largest` (one for all, or one a head); halves if `causal`."""
    full = np.where(np.equal(largest, 0), 1, largest)
    steps = np.rint(numbers * (STEPS / np.asarray(full, dtype=float))).astype(np.uint8)
    if causal:
        steps = steps[..., np.tri(numbers.shape[-1], dtype=bool)]
    return steps.tobytes()


def unpack(packed, largest, shape, causal):
    """The numbers that `packed` stands for, float64 of `shape`."""
    steps = np.frombuffer(packed, dtype=np.uint8)
    if causal:
        whole = np.zeros(shape, dtype=np.uint8)
        whole[..., np.tri(shape[-1], dtype=bool)] = steps.reshape(*shape[:2], -1)
        steps = whole
    return steps.reshape(shape) * (np.asarray(largest, dtype=float) / STEPS)
