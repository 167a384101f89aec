"""Which edges of a decoder are cut, as one mask for each layer."""

import numpy as np

from attnlib._arguments import broadcast_shapes, check_count, namespace
from attnlib._layers import brought_to
from attnlib.attention import window_mask


def masks_by_layer(embedding, n_layers, n_tokens, mask, cut, last):
    """For each layer, the argument `mask` of its block's call, if it needs one: `{"mask": ...}`."""
    given = mask if isinstance(mask, dict) else dict.fromkeys(range(n_layers), mask)
    _check_layers("mask", given, n_layers)
    by_layer = _kept_edges(check_cut(cut, n_layers, n_tokens), n_tokens)
    everywhere = None if last is None else _window(last, n_tokens)
    masks = []
    for layer in range(n_layers):
        own = _both(np, everywhere, by_layer.get(layer))
        arrays = (brought_to(embedding, each) for each in (own, given.get(layer)))
        both = _both(namespace(embedding=embedding), *arrays)
        masks.append({} if both is None else {"mask": both})
    return masks


def check_cut(cut, n_layers, n_tokens):
    """`cut` as edges by layer, `{layer: [(query, key), ...]}`, that the model has for this text."""
    edges = {}
    try:
        triples = [(layer, query, key) for layer, query, key in cut]
    except (TypeError, ValueError):
        raise TypeError(
            f"cut is {cut!r}, but edges (layer, query, key) are expected, also for one: "
            "cut=[(layer, query, key)]"
        ) from None
    for layer, query, key in triples:
        if layer not in range(n_layers) or {query, key} - set(range(n_tokens)):
            raise ValueError(
                f"cut holds {(layer, query, key)}, but the model has layers 0 to {n_layers - 1} "
                f"and the text has tokens 0 to {n_tokens - 1}: pass edges (layer, query, key)"
            )
        edges.setdefault(int(layer), []).append((int(query), int(key)))
    return edges


def _check_layers(name, by_layer, n_layers):
    for layer in by_layer:
        if layer not in range(n_layers):
            raise ValueError(
                f"{name} is for layer {layer!r}, but the model has layers 0 to {n_layers - 1}"
            )


def _kept_edges(edges, n_tokens):
    masks = {}
    for layer, pairs in edges.items():
        masks[layer] = np.ones((n_tokens, n_tokens), bool)
        masks[layer][tuple(np.transpose(pairs))] = False
    return masks


def _window(last, n_tokens):
    if check_count("last", last) == 0:
        raise ValueError("last is 0, but each token sees at least itself: pass 1 or more")
    return window_mask(n_tokens, window=last)


def _both(xp, own, given):
    """What is visible in both masks. A given one that is none is left to the block to refuse."""
    if own is None or given is None:
        return own if given is None else given
    is_mask = given.dtype == xp.bool and broadcast_shapes(own.shape, tuple(given.shape))
    return own & given if is_mask else given
