"""What a block has read before: its keys and values, kept for the tokens that come after."""

from typing import Any

from attnlib._arguments import namespace


class Cache:
    """The keys and values of the tokens that one block has read so far.

    `block(x, causal=True, cache=cache)` reads the rows of `x` as if they stood after those of the
    calls before it with the same cache, and adds their keys and values to it. So a text can be read
    in parts, token by token, and no part is worked out twice. This is the one argument of attnlib
    that a call changes; the arrays in it are never changed, so that `copy.copy(cache)` keeps a
    place to come back to.

    `keys`, turned by their places where the block turns them, is `(..., n_kv_heads, n_tokens,
    d_head)` and `values` is `(..., n_kv_heads, n_tokens, d_value)`; both are None before the first
    call. `len(cache)` is the number of tokens.

    A block raises `TypeError` for another kind of cache, and `ValueError` for the cache of another
    block, for other texts than those it has read, and for a cache together with a context.

    Source: Shazeer (2019), "Fast transformer decoding: one write-head is all you need", section
    2.4.1: incremental inference.

    >>> import numpy as np
    >>> from attnlib.multi_head import MultiHead
    >>> block, x = MultiHead(*[np.eye(2)[None]] * 4), np.eye(2)
    >>> cache = Cache()
    >>> [block(row, causal=True, cache=cache).round(2).tolist() for row in (x[:1], x[1:])]
    [[[1.0, 0.0]], [[0.33, 0.67]]]
    >>> block(x, causal=True).round(2).tolist()
    [[1.0, 0.0], [0.33, 0.67]]
    >>> cache
    Cache(n_tokens=2)
    """

    def __init__(self):
        self.keys: Any = None
        self.values: Any = None
        self._w_k: Any = None  # of the block whose keys these are

    def __len__(self):
        return 0 if self.keys is None else self.keys.shape[-2]

    def __bool__(self):
        return True  # an empty cache is a cache

    def __repr__(self):
        return f"Cache(n_tokens={len(self)})"

    def joined(self, keys, values):
        """The kept keys and values, and after them these."""
        if self.keys is None:
            return keys, values
        xp = namespace(keys=keys, kept=self.keys)
        return tuple(xp.concat(p, axis=-2) for p in ((self.keys, keys), (self.values, values)))

    def keep(self, block, keys, values):
        """These are the keys and values that `block` has read so far."""
        self.keys, self.values, self._w_k = keys, values, block.w_k


def check_cache(cache, block, x, context):
    """`cache` is one, of this block, and for the texts of `x`."""
    if not isinstance(cache, Cache):
        raise TypeError(
            f"cache is a {type(cache).__name__}, but an al.Cache is expected: make one with "
            "al.Cache(), and pass it to each call"
        )
    if context is not None:
        raise ValueError(
            "a cache keeps the keys of x, but here they come from a context: pass one of the two"
        )
    if cache.keys is None:
        return
    if cache._w_k is not block.w_k:
        raise ValueError(
            "cache holds the keys of another block: give each block a cache of its own, al.Cache()"
        )
    found, expected = tuple(x.shape[:-2]), tuple(cache.keys.shape[:-3])
    if found != expected:
        raise ValueError(
            f"x has leading axes {found} but cache holds texts with leading axes {expected}: pass "
            "what follows in the same texts, or an empty al.Cache()"
        )
