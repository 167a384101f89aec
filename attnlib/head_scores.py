"""What a head looks at, in one number: scores for the patterns of heads that copy."""

from array_api_compat import device as device_of

from attnlib._arguments import namespace


def previous_word_score(weights):
    """How much of its weight a head gives to the word just before, on average: `(..., head)`.

    `weights` is `(..., head, query, key)`, with as many queries as keys. The first query has no
    word before it and does not count. The score of a head that looks nowhere else is 1.

    Raises `TypeError` for anything but a floating-point array, `ValueError` for other shapes.

    Source: Elhage et al. (2021), "A mathematical framework for transformer circuits": "previous
    token heads".

    >>> import numpy as np
    >>> previous_word_score(np.array([[[1.0, 0.0], [0.9, 0.1]]])).tolist()
    [0.9]
    """
    xp = _checked_namespace(weights)
    n_tokens, device = weights.shape[-1], device_of(weights)
    just_before = xp.eye(n_tokens, k=-1, dtype=weights.dtype, device=device)
    return xp.sum(weights * just_before, axis=(-2, -1)) / (n_tokens - 1)


def first_token_score(weights):
    """How much of its weight a head gives to the first token, on average: `(..., head)`.

    `weights` is `(..., head, query, key)`. The first query, to which a causal mask leaves
    nothing else, does not count. A large score is a resting place, and no proof of a purpose.

    Raises `TypeError` for anything but a floating-point array, `ValueError` for other shapes.

    Source: Xiao et al. (2023), "Efficient streaming language models with attention sinks".

    >>> import numpy as np
    >>> first_token_score(np.array([[[1.0, 0.0], [0.9, 0.1]]])).tolist()
    [0.9]
    """
    xp = _checked_namespace(weights)
    return xp.mean(weights[..., 1:, 0], axis=-1)


def own_token_score(weights):
    """How much of its weight a head leaves where it is, on average: `(..., head)`.

    `weights` is `(..., head, query, key)`. The first query does not count, as in
    `first_token_score`.

    Raises `TypeError` for anything but a floating-point array, `ValueError` for other shapes.

    Source: Clark et al. (2019), "What does BERT look at?".

    >>> import numpy as np
    >>> own_token_score(np.array([[[1.0, 0.0], [0.9, 0.1]]])).tolist()
    [0.1]
    """
    xp = _checked_namespace(weights)
    n_tokens, device = weights.shape[-1], device_of(weights)
    own = xp.eye(n_tokens, dtype=weights.dtype, device=device)[1:, :]
    return xp.sum(weights[..., 1:, :] * own, axis=(-2, -1)) / (n_tokens - 1)


def same_token_score(weights, tokens):
    """How much of its weight a head gives to other places of the same token: `(..., head)`.

    `weights` is `(..., head, query, key)`; `tokens`, `(..., n_tokens)`, are the numbers of the
    words of the text. The score is the mean over the queries whose token stands earlier in the
    text; weights on later places are summed too, where a head may see them.

    Raises `TypeError` for arrays of other kinds, `ValueError` where shapes do not fit, and for a
    text in which no token comes twice.

    Source: Wang et al. (2022), "Interpretability in the wild": "duplicate token heads".

    >>> import numpy as np
    >>> weights = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.3, 0.1]]])
    >>> same_token_score(weights, np.array([5, 8, 5])).tolist()
    [0.6]
    """
    xp = _checked_namespace(weights)
    tokens, place = _tokens_of(xp, tokens, weights)
    same = (tokens[..., :, None] == tokens[..., None, :]) & (place[:, None] != place[None, :])
    counted = xp.any(same & (place[:, None] > place[None, :]), axis=-1)
    n_counted = xp.sum(xp.astype(counted, weights.dtype), axis=-1)
    if xp.any(n_counted == 0):
        raise ValueError("no query counts: a text has no word that stood in it before")
    summed = xp.astype(same & counted[..., None], weights.dtype)[..., None, :, :]
    return xp.sum(weights * summed, axis=(-2, -1)) / n_counted[..., None]


def prefix_matching_score(weights, tokens, where=None):
    """How much of its weight a head gives to what followed its token earlier: `(..., head)`.

    `weights` is `(..., head, query, key)`; `tokens`, `(..., n_tokens)`, are the numbers of the
    words of the text. Where a query's token stood earlier in the text, the weights on the tokens
    that followed it there are summed. The score is the mean over such queries; `where`, boolean
    `(..., n_tokens)`, leaves out the queries where it is False. The score of a perfect induction
    head is 1.

    Raises `TypeError` for arrays of other kinds, `ValueError` where shapes do not fit, and for a
    text in which no query counts.

    Source: Olsson et al. (2022), "In-context learning and induction heads": "prefix matching".

    >>> import numpy as np
    >>> weights = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.1, 0.7, 0.2]]])
    >>> prefix_matching_score(weights, np.array([5, 8, 5])).tolist()
    [0.7]
    """
    xp = _checked_namespace(weights)
    matched, counted = prefix_matches(weights, tokens, where)
    n_counted = xp.sum(xp.astype(counted, weights.dtype), axis=-1)
    if xp.any(n_counted == 0):
        raise ValueError(
            "no query counts: a text has no word that stood in it before"
            + ("" if where is None else ", where `where` is True")
        )
    return xp.sum(matched, axis=-1) / n_counted[..., None]


def prefix_matches(weights, tokens, where=None):
    """For each query, its weight on what followed its token earlier, and whether it counts.

    `(..., head, query)` and boolean `(..., query)`; queries that do not count have weight 0.
    """
    xp = _checked_namespace(weights)
    tokens, place = _tokens_of(xp, tokens, weights)
    earlier = (tokens[..., :, None] == tokens[..., None, :]) & (place[:, None] > place[None, :])
    nothing = xp.zeros_like(earlier[..., :1])
    followed = xp.concat([nothing, earlier[..., :-1]], axis=-1)  # (..., query, key)
    counted = xp.any(earlier, axis=-1)
    if where is not None:
        counted = counted & _boolean(xp, _as(xp, where, weights))
    followed = xp.astype(followed & counted[..., None], weights.dtype)
    return xp.sum(weights * followed[..., None, :, :], axis=-1), counted


def _tokens_of(xp, tokens, weights):
    """The tokens, one for each key of `weights`, and their places."""
    tokens, n_tokens = _as(xp, tokens, weights), weights.shape[-1]
    if tuple(tokens.shape[-1:]) != (n_tokens,):
        raise ValueError(
            f"tokens has shape {tuple(tokens.shape)} but weights has {n_tokens} keys: one token "
            "for each is expected"
        )
    return tokens, xp.arange(n_tokens, device=device_of(weights))


def _as(xp, array, weights):
    return xp.asarray(array, device=device_of(weights))


def _boolean(xp, where):
    if where.dtype != xp.bool:
        raise TypeError(
            f"where has dtype {where.dtype}, but True or False for each query is needed"
        )
    return where


def _checked_namespace(weights):
    """The namespace of the weights, which have as many queries as keys."""
    xp = namespace(weights=weights)
    shape = tuple(weights.shape)
    if len(shape) < 3 or shape[-1] != shape[-2] or shape[-1] < 2:
        raise ValueError(
            f"weights has shape {shape}, but (..., head, query, key) is expected, with as many "
            "queries as keys, and at least two"
        )
    return xp
