"""What models made of blocks share: that parts fit, that calls name what is there, their ends."""

from dataclasses import replace

from array_api_compat import device as device_of

from attnlib._arguments import is_dtype, known, namespace
from attnlib.multi_head import MultiHead


def brought_to(embedding, array):
    """`array` as one of the library that `embedding` is of, on its device; None stays None."""
    xp = namespace(embedding=embedding)
    return None if array is None else xp.asarray(array, device=device_of(embedding))


def embedded(ids, embedding):
    """The rows of `embedding` for `ids`, whole numbers of any library.

    `(..., n_tokens, d_model)` for ids of `(..., n_tokens)`.
    """
    xp = namespace(embedding=embedding)
    ids = check_ids(xp, brought_to(embedding, ids), embedding.shape[0])
    rows = xp.take(embedding, xp.reshape(ids, (-1,)), axis=0)
    return xp.reshape(rows, (*ids.shape, embedding.shape[1]))


def with_silent(blocks, silent):
    """The blocks, in which the heads of `silent`, pairs `(layer, head)`, hand nothing on."""
    pairs = check_silent(silent, blocks)
    for layer, block in enumerate(blocks):
        heads = {head for each, head in pairs if each == layer}
        yield _without(block, heads) if heads else block


def _without(block, heads):
    xp = namespace(w_o=block.w_o)
    kept = [0.0 if head in heads else 1.0 for head in range(block.w_o.shape[0])]
    kept = xp.asarray(kept, dtype=block.w_o.dtype, device=device_of(block.w_o))
    return replace(block, w_o=block.w_o * kept[:, None, None])


def check_layers(embedding, blocks, unembedding):
    """Blocks with the same number of heads, which read and write rows of the embedding's width."""
    _check_blocks(blocks)
    for block in blocks:
        if not isinstance(block, MultiHead):
            kind = type(block).__name__
            raise TypeError(
                f"blocks holds a {kind}, but an al.MultiHead for each layer is expected"
            )
    _check_ends(embedding, blocks, unembedding)
    counts = sorted({block.w_q.shape[0] for block in blocks})
    if len(counts) > 1:
        raise ValueError(
            f"blocks have {' and '.join(map(str, counts))} heads, but the same number in each "
            "layer is expected"
        )


def check_decoder(model):
    """As many parts of each kind as there are layers, of the embedding's width.

    A block may be anything that can be called: the reader's own.
    """
    _check_blocks(model.blocks)
    n_layers = len(model.blocks)
    for name in ("feed_forwards", "block_gains", "feed_forward_gains"):
        found = len(getattr(model, name))
        if found != n_layers:
            raise ValueError(
                f"the model has {n_layers} blocks but {found} {name}: one for each is expected"
            )
    for i, block in enumerate(model.blocks):
        if not callable(block):
            raise TypeError(
                f"blocks[{i}] is a {type(block).__name__}, but an al.MultiHead is expected, or "
                "what can be called as block(x, causal=True)"
            )
    own = [block for block in model.blocks if isinstance(block, MultiHead)]
    _check_ends(model.embedding, own, model.unembedding)
    _check_gains(model)
    for i, layer in enumerate(model.feed_forwards):
        _check_width(f"feed_forwards[{i}]", getattr(layer, "w_gate", None), model.embedding)


def _check_gains(model):
    d_model = model.embedding.shape[1]
    gains = {"last_gain": model.last_gain}
    for name in ("block_gains", "feed_forward_gains"):
        gains |= {f"{name}[{i}]": gain for i, gain in enumerate(getattr(model, name))}
    namespace(embedding=model.embedding, **gains)
    for name, gain in gains.items():
        if tuple(gain.shape) != (d_model,):
            raise ValueError(
                f"{name} has shape {tuple(gain.shape)} but embedding has {d_model} columns "
                f"(d_model): shape ({d_model},) is expected"
            )


def _check_width(name, w, embedding):
    """A matrix that reads rows of the embedding's width; None is of a layer of the reader's."""
    if w is not None and w.shape[0] != embedding.shape[1]:
        raise ValueError(
            f"{name} is for rows of {w.shape[0]} numbers, but embedding has {embedding.shape[1]} "
            "columns (d_model)"
        )


def _check_blocks(blocks):
    if not blocks:
        raise ValueError("the model has no blocks: pass at least one al.MultiHead")


def _check_ends(embedding, blocks, unembedding):
    arrays = {f"blocks[{i}].w_q": block.w_q for i, block in enumerate(blocks)}
    namespace(embedding=embedding, **arrays, unembedding=unembedding)
    for name, matrix in (("embedding", embedding), ("unembedding", unembedding)):
        if matrix.ndim != 2:
            raise ValueError(f"{name} has shape {tuple(matrix.shape)}, but a matrix is expected")
    _check_widths(embedding.shape[1], blocks, unembedding.shape[0])


def _check_widths(d_model, blocks, n_rows):
    if n_rows != d_model:
        raise ValueError(
            f"unembedding has {n_rows} rows but embedding has {d_model} columns (d_model)"
        )
    for i, block in enumerate(blocks):
        for width in (block.w_q.shape[1], block.w_k.shape[1], block.w_o.shape[2]):
            if width != d_model:
                raise ValueError(
                    f"blocks[{i}] is for rows of {width} numbers, but embedding has {d_model} "
                    "columns (d_model)"
                )


def check_ids(xp, ids, n_words):
    """`ids`, if they are numbers of words in texts of at least one word."""
    if ids.ndim == 0 or ids.shape[-1] == 0:
        raise ValueError(
            f"ids has shape {tuple(ids.shape)}, but (..., n_tokens) with at least one token is "
            "expected"
        )
    if not is_dtype(xp, ids.dtype, "integral"):
        raise TypeError(f"ids has dtype {ids.dtype}, but whole numbers are expected")
    if 0 not in ids.shape and known(xp, lambda: xp.any((ids < 0) | (ids >= n_words))):
        raise ValueError(
            f"ids reach from {int(xp.min(ids))} to {int(xp.max(ids))}, but the model has "
            f"{n_words} words: numbers from 0 to {n_words - 1} are expected"
        )
    return ids


def check_silent(silent, blocks):
    """`silent` as a set of pairs `(layer, head)` that the blocks have."""
    try:
        pairs = {(layer, head) for layer, head in silent}
    except (TypeError, ValueError):
        raise TypeError(f"silent is {silent!r}, but pairs (layer, head) are expected") from None
    for layer, head in pairs:
        if layer not in range(len(blocks)) or head not in range(_n_heads(blocks[layer], layer)):
            n_heads = _n_heads(blocks[0], 0)
            raise ValueError(
                f"silent holds {(layer, head)}, but the model has layers 0 to {len(blocks) - 1} "
                f"with heads 0 to {n_heads - 1}: pass pairs (layer, head)"
            )
    return pairs


def _n_heads(block, layer):
    if not isinstance(block, MultiHead):
        raise TypeError(
            f"blocks[{layer}] is a {type(block).__name__}, whose heads cannot be silenced one by "
            "one: that needs an al.MultiHead"
        )
    return block.w_q.shape[0]
