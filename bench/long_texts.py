"""What long texts cost: windows, bounded scores, a sink, and tiles that are merged.

`python -m bench.long_texts` prints three tables. Every time is a ratio within one run, from calls
that alternate in one process, of the shortest times, which other work on the machine disturbs least
(`OMP_NUM_THREADS=1` keeps it out further). float32, 64 columns, without gradients.

1. `attention` with an option against the fastest that PyTorch has for the same numbers:
   `scaled_dot_product_attention` with a mask that does as much, and `flex_attention`, compiled,
   where a C++ compiler is found. Neither bounds scores in the first, nor has a sink: a softcap is
   timed against `flex_attention` alone, or the kernel without it, and the sink against the kernel
   with a bias of one row, which reads as much. NumPy is timed against ours on tensors.
2. 16 tiles, each by `partial_attention`, and merged, against one tile with all keys, and against
   `attention`, which has no parts to hand on.
3. Memory of a window of 1,024 at 8,192 to 65,536 tokens: the peak above the inputs, in numbers for
   each token, by `tracemalloc` for NumPy and by the profiler for tensors. A pattern has as many as
   there are tokens.
"""

import shutil
from itertools import pairwise

import numpy as np
import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
from torch.nn.functional import scaled_dot_product_attention

import attnlib as al
from bench.attention import in_turns, numpy_peak, torch_peak

N, D, WINDOW, SOFTCAP, SINK, N_TILES = 4096, 64, 512, 30.0, 0.5, 16
HEADS = (1, 8)
LENGTHS = (8_192, 16_384, 32_768, 65_536)
LONG_WINDOW = 1024
SECONDS_PER_ROW = 6
OPTIONS = {
    "window": {"window": WINDOW},
    "softcap": {"softcap": SOFTCAP},
    "softcap, causal": {"softcap": SOFTCAP, "causal": True},
    "sink": {"sink": SINK},
    "sink, causal": {"sink": SINK, "causal": True},
}
GOALS = {"torch": 1.2, "numpy": 2.0, "merge": 1.3}


def option_rows(heads=HEADS, n_tokens=N, seconds=SECONDS_PER_ROW):
    """For each option: milliseconds on tensors, and the ratios to PyTorch's best and of NumPy."""
    torch.manual_seed(0)
    for n_heads in heads:
        q, k, v = (torch.randn(1, n_heads, n_tokens, D) for _ in range(3))
        arrays = [tensor.numpy() for tensor in (q, k, v)]
        for name, options in OPTIONS.items():
            rivals = rivals_of(name, q, k, v)
            ours, numpys, *others = shortest(
                lambda q=q, k=k, v=v, o=options: al.attention(q, k, v, **o),
                lambda arrays=arrays, o=options: al.attention(*arrays, **o),
                *rivals.values(),
                seconds=seconds,
            )
            fastest = min(range(len(others)), key=others.__getitem__)
            yield {
                "option": name,
                "n_heads": n_heads,
                "milliseconds": 1e3 * ours,
                "rival": list(rivals)[fastest],
                "to_rival": ours / others[fastest],
                "numpy_to_torch": numpys / ours,
            }


def rivals_of(name, q, k, v):
    """What PyTorch has in place of an option, by name: calls without arguments."""
    n_tokens = q.shape[-2]
    near = WINDOW if name == "window" else n_tokens
    causal = "causal" in name or name == "window"
    rivals = {}
    if name.startswith("sink"):
        bias = torch.zeros(1, n_tokens)
        if causal:
            bias = torch.where(al.causal_mask(n_tokens, xp=torch), 0.0, -torch.inf)
        rivals["sdpa, bias"] = lambda: scaled_dot_product_attention(q, k, v, bias)
        return rivals
    if name == "window":
        mask = al.window_mask(n_tokens, window=near, xp=torch)
        rivals["sdpa, mask"] = lambda: scaled_dot_product_attention(q, k, v, mask)
    if shutil.which("c++"):
        rivals["flex"] = compiled_flex(q, k, v, near if causal else None, "softcap" in name)
    else:
        rivals["sdpa, no cap"] = lambda: scaled_dot_product_attention(q, k, v, is_causal=causal)
    return rivals


def compiled_flex(q, k, v, near, capped):
    """`flex_attention` among the last `near` keys, or all, compiled."""
    n_tokens = q.shape[-2]

    def is_near(batch, head, query, key):
        return (query >= key) & (query - key < near)

    def cap(score, batch, head, query, key):
        return SOFTCAP * torch.tanh(score / SOFTCAP)

    how = {"score_mod": cap if capped else None}
    if near is not None:
        shape = (None, None, n_tokens, n_tokens)
        how["block_mask"] = create_block_mask(is_near, *shape, device="cpu")
    compiled = torch.compile(flex_attention)
    return lambda: compiled(q, k, v, **how)


def tile_rows(n_tokens=N, seconds=SECONDS_PER_ROW):
    """Merged tiles against one piece, for both libraries."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((n_tokens, D)).astype("float32") for _ in range(3)]
    libraries = {"torch": [torch.from_numpy(array) for array in arrays], "numpy": arrays}
    for library, (q, k, v) in libraries.items():
        merged, piece, whole = shortest(
            lambda q=q, k=k, v=v: in_tiles(q, k, v),
            lambda q=q, k=k, v=v: al.partial_attention(q, k, v),
            lambda q=q, k=k, v=v: al.attention(q, k, v),
            seconds=seconds,
        )
        yield {"library": library, "to_piece": merged / piece, "to_attention": merged / whole}


def in_tiles(q, k, v):
    edges = np.linspace(0, k.shape[-2], N_TILES + 1).astype(int).tolist()
    tiles = [slice(*pair) for pair in pairwise(edges)]
    return al.merge(*(al.partial_attention(q, k[tile], v[tile]) for tile in tiles))


def memory_rows(lengths=LENGTHS):
    """The peak of a window's memory, in numbers for each token."""
    for n_tokens in lengths:
        array = np.random.default_rng(0).standard_normal((n_tokens, D)).astype("float32")
        for library, x in (("torch", torch.from_numpy(array)), ("numpy", array)):
            peak = torch_peak if library == "torch" else numpy_peak
            held = peak(lambda x=x: al.attention(x, x, x, window=LONG_WINDOW))
            numbers = held / array.itemsize / n_tokens
            yield {"n_tokens": n_tokens, "library": library, "numbers": numbers}


def shortest(*calls, seconds):
    return [min(record) for record in in_turns(*calls, seconds=seconds)]


def main():
    print(__doc__.partition("\n\n")[2])
    print(
        f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads. NumPy {np.__version__}."
    )
    print(f"\nGoals: torch {GOALS['torch']}, NumPy {GOALS['numpy']} times torch.")
    print("option           heads       ms  /PyTorch  (which)       NumPy/torch")
    with torch.no_grad():
        for row in option_rows():
            print(
                f"{row['option']:<16} {row['n_heads']:>5} {row['milliseconds']:>8.1f}  "
                f"{row['to_rival']:>8.2f}  {row['rival']:<12} {row['numpy_to_torch']:>11.2f}"
            )
        print(f"\n{N_TILES} tiles, merged. Goal: {GOALS['merge']} times one piece.")
        print("library  /one piece  /attention")
        for row in tile_rows():
            print(f"{row['library']:<7} {row['to_piece']:>11.2f} {row['to_attention']:>11.2f}")
        print(f"\nA window of {LONG_WINDOW}: numbers held for each token.")
        for row in memory_rows():
            print(f"{row['n_tokens']:>7,} tokens, {row['library']:<6} {row['numbers']:>7.0f}")


if __name__ == "__main__":
    main()
