"""What a head looks at, in one number: scores for the patterns of heads that copy."""

import numpy as np


def previous_word_score(weights):
    """How much of its weight a head gives to the word just before, on average: `(..., head)`.

    `weights` is `(..., head, query, key)`, with as many queries as keys. The first query has no
    word before it and does not count. A score of 1 is a perfect previous-word head.

    Source: Elhage et al. (2021), "A mathematical framework for transformer circuits", "previous
    token head".

    >>> previous_word_score(np.array([[[1.0, 0.0], [0.9, 0.1]]])).tolist()
    [0.9]
    """
    weights = _square(weights)
    return np.mean(np.diagonal(weights, offset=-1, axis1=-2, axis2=-1), axis=-1)


def prefix_matching_score(weights, tokens, where=None):
    """How much of its weight a head gives to what followed its token earlier: `(..., head)`.

    `weights` is `(..., head, query, key)`; `tokens`, `(..., n_tokens)`, are the words of the text,
    or their numbers. Where a query's token stood earlier in the text, the weights on the tokens
    that followed it there are summed. The score is the mean over such queries; `where`, boolean
    `(..., n_tokens)`, leaves out the queries where it is False. An induction head has a score near
    1.

    Raises `ValueError` where shapes do not fit, and for a text in which no query counts.

    Source: Olsson et al. (2022), "In-context learning and induction heads", "prefix matching".

    >>> tokens = "bell ring bell".split()
    >>> prefix_matching_score(np.array([[[1, 0, 0], [0, 1, 0], [0.1, 0.7, 0.2]]]), tokens).tolist()
    [0.7]
    """
    matched, counted = prefix_matches(weights, tokens, where)
    n_queries = np.sum(counted, axis=-1)
    if np.any(n_queries == 0):
        raise ValueError(
            "no query counts: the text has no word that stood in it before"
            + ("" if where is None else " where `where` is True")
        )
    return np.sum(matched, axis=-1) / n_queries[..., None]


def prefix_matches(weights, tokens, where=None):
    """For each query, its weight on what followed its token earlier, and whether it counts.

    `(..., head, query)` and boolean `(..., query)`; queries that do not count have weight 0.
    """
    weights, tokens = _square(weights), np.asarray(tokens)
    n_tokens = weights.shape[-1]
    if tokens.shape[-1:] != (n_tokens,):
        raise ValueError(
            f"tokens has shape {tokens.shape} but weights has {n_tokens} keys: one token for each "
            "is expected"
        )
    same = tokens[..., :, None] == tokens[..., None, :]
    earlier = same & np.tri(n_tokens, k=-1, dtype=bool)
    followed = np.zeros_like(earlier)
    followed[..., :, 1:] = earlier[..., :, :-1]
    counted = np.any(earlier, axis=-1)
    if where is not None:
        counted = counted & _boolean(where)
    matched = np.sum(weights * followed[..., None, :, :], axis=-1)
    return matched * counted[..., None, :], counted


def _boolean(where):
    where = np.asarray(where)
    if where.dtype != bool:
        raise TypeError(f"where has dtype {where.dtype}, but True or False for each query is needed")
    return where


def _square(weights):
    """The weights as a NumPy array with as many queries as keys."""
    if hasattr(weights, "detach"):  # a tensor of PyTorch
        weights = weights.detach().cpu()
    weights = np.asarray(weights)
    if weights.ndim < 3 or weights.shape[-1] != weights.shape[-2] or weights.shape[-1] < 2:
        raise ValueError(
            f"weights has shape {weights.shape}, but (..., head, query, key) is expected, with as "
            "many queries as keys, and at least two"
        )
    return weights
