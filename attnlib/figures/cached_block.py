"""The imagined layer of CacheLab: a block that writes word by word, and what each word costs.

The same in js/src/core/cached.js.
"""

from dataclasses import dataclass, replace

import numpy as np

import attnlib as al
from attnlib.figures.seeded import normals

N_HEADS, D_MODEL, D_HEAD = 4, 8, 2
D_LATENT = 4
SHARED = {"multi-head": 4, "grouped": 2, "multi-query": 1}  # key heads
LATENT = "latent"
SEED, SPREAD = 11, 0.5  # of the drawn matrices: their standard deviation


def drawn(n_words):
    """The words' vectors and all matrices, drawn and rounded to a tenth, as lists by name.

    `x` is `(n_words, 8)`. `w_q`, `w_k`, `w_v`, `(4, 8, 2)`, and `w_o`, `(4, 2, 8)`, are those of
    four heads. Latent attention makes the kept numbers with `w_down`, `(8, 4)`, keys and values of
    them with `u_k` and `u_v`, `(4, 4, 2)`, and turns queries by `w_qr`, `(4, 8, 2)`, and one key
    for all heads by `w_kr`, `(8, 2)`.
    """
    stack, up = (N_HEADS, D_MODEL, D_HEAD), (N_HEADS, D_LATENT, D_HEAD)
    shapes = {
        **{"x": (n_words, D_MODEL), "w_q": stack, "w_k": stack, "w_v": stack},
        **{"w_o": (N_HEADS, D_HEAD, D_MODEL), "w_down": (D_MODEL, D_LATENT)},
        **{"u_k": up, "u_v": up, "w_qr": stack, "w_kr": (D_MODEL, D_HEAD)},
    }
    return {
        name: _draw(shape, 1 if name == "x" else SPREAD, SEED + n)
        for n, (name, shape) in enumerate(shapes.items())
    }


def _draw(shape, spread, seed):
    numbers = spread * normals(int(np.prod(shape[:-1])), shape[-1], seed)
    return (numbers.round(1) + 0.0).reshape(shape).tolist()


@dataclass(frozen=True)
class Layer:
    """One way to keep keys and values.

    `writes` reads and fills the cache, `whole` reads a text at once: the same function, and for
    all but latent attention the same block. `n_kept` numbers of each word are kept.
    """

    writes: al.MultiHead
    whole: al.MultiHead
    n_kept: int


def layer(weights, sharing):
    """The `Layer` of `weights` (see `drawn`) for "multi-head", "grouped", "multi-query", "latent".

    Shared keys and values are the mean of those of their group, as in Ainslie et al. (2023), "GQA:
    Training generalized multi-query transformer models from multi-head checkpoints", section 2.1.
    """
    w = {name: np.array(numbers) for name, numbers in weights.items()}
    if sharing == LATENT:
        return _latent(w)
    n = SHARED[sharing]
    w_k, w_v = (w[name].reshape(n, -1, D_MODEL, D_HEAD).mean(axis=1) for name in ("w_k", "w_v"))
    block = al.MultiHead(w["w_q"], w_k, w_v, w["w_o"], rotary=al.Rotary())
    return Layer(block, block, 2 * n * D_HEAD)


def _latent(w):
    """Keys and values of all heads from a few kept numbers, and a key for the place.

    The block that writes never makes the keys: `u_k` is multiplied into the queries, `u_v` into
    `w_o` beforehand. So it is multi-query attention over the kept numbers themselves. Source:
    DeepSeek-AI (2024), "DeepSeek-V2", sections 2.1.2 and 2.1.3.
    """
    turns = {"rotary": al.Rotary(n_rotated=D_HEAD), "scale": (2 * D_HEAD) ** -0.5}
    shared = np.broadcast_to(w["w_kr"], (N_HEADS, D_MODEL, D_HEAD))
    whole = al.MultiHead(
        np.concatenate([w["w_qr"], w["w_q"]], axis=-1),
        np.concatenate([shared, w["w_down"] @ w["u_k"]], axis=-1),
        w["w_down"] @ w["u_v"],
        w["w_o"],
        **turns,
    )
    writes = al.MultiHead(
        np.concatenate([w["w_qr"], w["w_q"] @ w["u_k"].swapaxes(1, 2)], axis=-1),
        np.concatenate([w["w_kr"], w["w_down"]], axis=-1)[None],
        w["w_down"][None],
        w["u_v"] @ w["w_o"],
        **turns,
    )
    return Layer(writes, whole, D_HEAD + D_LATENT)


def key_head_of(n_kv_heads, tile=False):
    """The key head that each query head reads: neighbours share one, or, by mistake, every n-th."""
    heads = np.arange(N_HEADS)
    return heads % n_kv_heads if tile else heads // (N_HEADS // n_kv_heads)


@dataclass(frozen=True)
class Writing:
    """What came of writing some words.

    `outputs`, `(n_words, d_model)`, has a row for each word, as it was written. `keys`, `values`
    are `(n_kv_heads, n_words, width)`: each as it was last made, dropped since or not. `weights`,
    `(n_heads, n_seen)`, are those of the newest word, over the last places.
    """

    outputs: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    weights: np.ndarray


def write(how, x, cache, window, bug):
    """Write the words of `x` with the `Layer` `how`: a `Writing`.

    Without a cache each word has the whole text run again. A word sees `window` places, its own
    included; keys that leave it are dropped from the cache. With the bug "offset" a word that is
    written with a cache is told that it stands at 0; with "tile" query head h reads key head
    h % n_kv_heads.
    """
    heads = np.argsort(key_head_of(how.writes.w_k.shape[0], tile=bug == "tile"), kind="stable")
    block = replace(how.writes, w_q=how.writes.w_q[heads], w_o=how.writes.w_o[heads])
    kept, outputs, made, trace = al.Cache(), [], [], None
    for place in range(len(x)):
        if cache:
            _drop(kept, window)
            at = np.array([0 if bug == "offset" else place])
            trace = block.trace(x[place : place + 1], causal=True, positions=at, cache=kept)
        else:
            kept = al.Cache()
            mask = al.window_mask(place + 1, window=window)
            trace = block.trace(x[: place + 1], mask=mask, cache=kept)
        outputs.append(trace.delta[-1])
        made.append((kept.keys[:, -1], kept.values[:, -1]))
    return _gathered(block, outputs, made, trace, np.argsort(heads), window)


def _drop(kept, window):
    """Make room for one more key in the window."""
    if len(kept) >= window:
        kept.keys, kept.values = (p[:, 1 - window :] for p in (kept.keys, kept.values))


def _gathered(block, outputs, made, trace, order, window):
    if trace is None:
        shared, width = block.w_k.shape[0], (block.w_k.shape[-1], block.w_v.shape[-1])
        nothing = [np.zeros((shared, 0, n)) for n in width]
        return Writing(np.zeros((0, D_MODEL)), *nothing, np.zeros((N_HEADS, 0)))
    keys, values = (np.stack(parts, axis=1) for parts in zip(*made, strict=True))
    weights = trace.weights[order, -1, -window:]
    return Writing(np.stack(outputs), keys, values, weights)


def read_at_once(how, x, window):
    """What `how.whole` makes of all of `x`, `(n_words, d_model)`."""
    return how.whole(x, mask=al.window_mask(len(x), window=window))


def seen(place, window):
    """How many places the word at `place` may attend to, its own included."""
    return min(place + 1, window)


def multiplications(how, place, cache, window):
    """The multiplications of numbers that the word at `place` takes, by kind.

    With a cache one row is run, without one every row up to `place`. A row takes d_model for each
    number of its queries and for each kept number ("projections", with w_o's: n_heads times
    d_value times d_model), and for each place that it sees n_heads times the width of a key
    ("scores") and of a value ("mixing"). Masked pairs are left out, and so are softmax, scaling and
    turning. In latent attention `u_k` and `u_v` were multiplied into their neighbours beforehand.
    """
    rows = range(place, place + 1) if cache else range(place + 1)
    pairs = sum(seen(row, window) for row in rows)
    key, value = how.writes.w_q.shape[-1], how.writes.w_o.shape[-2]
    return {
        "projections": len(rows) * D_MODEL * (N_HEADS * (key + value) + how.n_kept),
        "scores": pairs * N_HEADS * key,
        "mixing": pairs * N_HEADS * value,
    }
