"""Checks on models made of blocks: that their parts fit, and that a call names what they have."""

from attnlib._arguments import known, namespace
from attnlib.multi_head import MultiHead


def check_layers(embedding, blocks, unembedding):
    """Blocks with the same number of heads, which read and write rows of the embedding's width."""
    if not blocks:
        raise ValueError("the model has no blocks: pass at least one al.MultiHead")
    for block in blocks:
        if not isinstance(block, MultiHead):
            kind = type(block).__name__
            raise TypeError(
                f"blocks holds a {kind}, but an al.MultiHead for each layer is expected"
            )
    arrays = {f"blocks[{i}].w_q": block.w_q for i, block in enumerate(blocks)}
    namespace(embedding=embedding, **arrays, unembedding=unembedding)
    for name, matrix in (("embedding", embedding), ("unembedding", unembedding)):
        if matrix.ndim != 2:
            raise ValueError(f"{name} has shape {tuple(matrix.shape)}, but a matrix is expected")
    _check_widths(embedding.shape[1], blocks, unembedding.shape[0])
    counts = sorted({block.w_q.shape[0] for block in blocks})
    if len(counts) > 1:
        raise ValueError(
            f"blocks have {' and '.join(map(str, counts))} heads, but the same number in each "
            "layer is expected"
        )


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
    if not xp.isdtype(ids.dtype, "integral"):
        raise TypeError(f"ids has dtype {ids.dtype}, but whole numbers are expected")
    if 0 not in ids.shape and known(xp, lambda: xp.any((ids < 0) | (ids >= n_words))):
        raise ValueError(
            f"ids reach from {int(xp.min(ids))} to {int(xp.max(ids))}, but the model has "
            f"{n_words} words: numbers from 0 to {n_words - 1} are expected"
        )
    return ids


def check_silent(silent, n_layers, n_heads):
    """`silent` as a set of pairs `(layer, head)` that the model has."""
    try:
        pairs = {(layer, head) for layer, head in silent}
    except (TypeError, ValueError):
        raise TypeError(f"silent is {silent!r}, but pairs (layer, head) are expected") from None
    for layer, head in pairs:
        if layer not in range(n_layers) or head not in range(n_heads):
            raise ValueError(
                f"silent holds {(layer, head)}, but the model has layers 0 to {n_layers - 1} with "
                f"heads 0 to {n_heads - 1}: pass pairs (layer, head)"
            )
    return pairs
