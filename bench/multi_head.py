"""The time of attnlib's `MultiHead` against `nn.MultiheadAttention` with the same weights.

`python -m bench.multi_head` prints a table. Self-attention of one text in float32, 512 columns and
8 heads, in evaluation mode and without gradients. The calls of both sides alternate in one
process, and the ratio is that of the shortest times, which other work on the machine disturbs
least (`OMP_NUM_THREADS=1` keeps it out further). "output" is `block(x)` against
`need_weights=False`; "weights" is `block.trace(x)` against `need_weights=True,
average_attn_weights=False`, without asking for the scores and deltas, which PyTorch does not have
either. PyTorch is timed with a batch axis and without one, and its faster time counts.

The block reads PyTorch's weights where they lie (`from_torch`), or has stacks of its own, as if
made from NumPy arrays.
"""

import torch

import attnlib as al
from bench.attention import in_turns

LENGTHS = (128, 1024)
D_MODEL, N_HEADS = 512, 8
SECONDS_PER_ROW = 4
GOALS = {"output": 1.1, "weights": 1.0}
MATRICES = ("w_q", "w_k", "w_v", "w_o")
BIASES = ("b_q", "b_k", "b_v", "b_o")


def rows(lengths=LENGTHS, seconds=SECONDS_PER_ROW):
    """One dictionary per measurement: what was run, milliseconds, the ratio and its goal."""
    torch.manual_seed(0)
    module = torch.nn.MultiheadAttention(D_MODEL, N_HEADS, batch_first=True).eval()
    views = al.MultiHead.from_torch(module)
    stacks = al.MultiHead(*(getattr(views, name).contiguous() for name in MATRICES + BIASES))
    for n_tokens in lengths:
        x = torch.randn(n_tokens, D_MODEL)
        for arrays, block in (("views", views), ("stacks", stacks)):
            for asked in GOALS:
                ours, theirs = measure(block, module, x, asked, seconds)
                yield {
                    "n_tokens": n_tokens,
                    "arrays": arrays,
                    "asked": asked,
                    "milliseconds": 1e3 * ours,
                    "ratio": ours / theirs,
                    "goal": GOALS[asked],
                }


@torch.no_grad()
def measure(block, module, x, asked, seconds):
    """The shortest times of the block, and of PyTorch's module in its faster form."""
    options = {"need_weights": asked == "weights", "average_attn_weights": False}
    batch = x[None]

    def call():
        return block.trace(x) if asked == "weights" else block(x)

    # Each call follows one of the other side, and finds the processor's caches as that left them.
    ours, theirs, ours_again, theirs_batched = in_turns(
        call,
        lambda: module(x, x, x, **options),
        call,
        lambda: module(batch, batch, batch, **options),
        seconds=seconds,
    )
    return min(ours + ours_again), min(theirs + theirs_batched)


@torch.no_grad()
def loop_over_heads(lengths=LENGTHS, seconds=SECONDS_PER_ROW):
    """For each length, the time of the heads one by one in units of the whole block's."""
    torch.manual_seed(0)
    module = torch.nn.MultiheadAttention(D_MODEL, N_HEADS, batch_first=True).eval()
    block = al.MultiHead.from_torch(module)
    for n_tokens in lengths:
        x = torch.randn(n_tokens, D_MODEL)
        one_by_one, at_once = in_turns(
            lambda x=x: sum(head(x) for head in block.heads), lambda x=x: block(x), seconds=seconds
        )
        yield n_tokens, min(one_by_one) / min(at_once)


def main():
    print(__doc__.partition("\n\n")[2])
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads.\n")
    print("tokens  arrays  asked for        ms  ratio  goal")
    for row in rows():
        print(
            f"{row['n_tokens']:>6}  {row['arrays']:<6}  {row['asked']:<9} "
            f"{row['milliseconds']:>9.3f}  {row['ratio']:>5.2f}  {row['goal']:>4.1f}"
        )
    print("\ntokens  heads one by one, in units of one batched block")
    for n_tokens, ratio in loop_over_heads():
        print(f"{n_tokens:>6}  {ratio:.2f}")


if __name__ == "__main__":
    main()
