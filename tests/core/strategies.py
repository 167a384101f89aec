"""Random arguments for attention: shapes, dtypes and masks that fit each other."""

import numpy as np
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)


def normal(seed, *shape, dtype="float64"):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@st.composite
def attention_arguments(draw, max_queries=6, causal=None, masks=True):
    """q, k, v and keyword arguments, in float64; v may have a width of its own."""
    rng = np.random.default_rng(draw(SEEDS))
    d_head, d_value = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    n_queries = draw(st.integers(1, max_queries))
    n_keys = n_queries + draw(st.integers(0, 3))
    leading = draw(st.sampled_from([(), (2,), (2, 3), (1, 2, 2)]))
    q = rng.standard_normal((*leading, n_queries, d_head))
    k = rng.standard_normal((*leading, n_keys, d_head))
    v = rng.standard_normal((*leading, n_keys, d_value))
    mask = None
    if masks and draw(st.booleans()):
        mask = rng.random(draw(st.sampled_from(mask_shapes(leading, n_queries, n_keys)))) < 0.6
    causal = draw(st.booleans()) if causal is None else causal
    return q, k, v, {"mask": mask, "causal": causal}


def mask_shapes(leading, n_queries, n_keys):
    return [(n_queries, n_keys), (n_keys,), (n_queries, 1), (*leading, n_queries, n_keys)]


def visible(q, k, mask, causal):
    """The boolean pattern, worked out one cell at a time: an oracle for causal and mask."""
    n_queries, n_keys = q.shape[-2], k.shape[-2]
    shape = (*np.broadcast_shapes(q.shape[:-2], k.shape[:-2]), n_queries, n_keys)
    seen = np.broadcast_to(True if mask is None else mask, shape).copy()
    for query in range(n_queries):
        for key in range(n_keys):
            if causal and key > query + n_keys - n_queries:
                seen[..., query, key] = False
    return seen
