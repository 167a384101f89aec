"""What attnlib promises of many heads: each promise a function of the class and a seed.

Told and broken as those of one head are, in promises.py.
"""

import numpy as np

from attnlib.exercises.promises import (
    BIASES,
    CROSS,
    D_CONTEXT,
    D_HEAD,
    D_MODEL,
    SHAPES,
    Promise,
    agree,
    built,
    delta_by_hand,
    entering,
    made,
    normal,
    random_mask,
    random_weights,
    read,
    steps_by_hand,
    triangle,
)

N_HEADS = 3
EXACT = 1e-10  # what two orders of the same sum may differ by

PROMISES: list[Promise] = []  # of many heads, from basic to advanced
promise = entering(PROMISES)


# --- what the promises are made of


def stacked_weights(seed, n_heads=N_HEADS, shapes=SHAPES):
    """Stacks of matrices (and of biases, except for `b_o`, which is one for all heads)."""
    stacks = {name: (n_heads, *shape) for name, shape in shapes.items() if name != "b_o"}
    return random_weights(seed, stacks | {name: shapes[name] for name in shapes if name == "b_o"})


def deltas_by_hand(w, x, context=None, seen=True):
    """What each head adds, `(n_heads, n_tokens, d_model)`; `b_o` is left out."""
    stacks = {name: stack for name, stack in w.items() if name != "b_o"}
    n_heads = len(w["w_q"])
    masks = seen if np.ndim(seen) == 3 else [seen] * n_heads
    heads = [{name: stack[h] for name, stack in stacks.items()} for h in range(n_heads)]
    pairs = zip(heads, masks, strict=True)
    return np.array([delta_by_hand(head, x, context, mask) for head, mask in pairs])


def block_by_hand(w, x, context=None, seen=True):
    return deltas_by_hand(w, x, context, seen).sum(axis=0) + w.get("b_o", 0)


def load_torch(in_proj_weight, out_proj_weight, n_heads):
    """Stacks w_q, w_k, w_v and w_o from the two matrices of `nn.MultiheadAttention`."""
    d_model = out_proj_weight.shape[0]
    thirds = in_proj_weight.reshape(3, n_heads, d_model // n_heads, d_model)
    w_o = out_proj_weight.T.reshape(n_heads, d_model // n_heads, d_model)
    return (*np.swapaxes(thirds, -1, -2), w_o)


# --- the promises that the exercise asks for


@promise("One head alone adds what that head adds.")
def one_head(MultiHead, seed):
    w, x = stacked_weights(seed, n_heads=1), normal(seed + 20, 4, D_MODEL)
    (expected,) = deltas_by_hand(w, x)
    agree(built(MultiHead, w)(x), expected, "with one head the delta")


@promise("Several heads add the sum of what each of them adds.")
def sum_of_heads(MultiHead, seed):
    for n_heads in (2, 4, 5):
        w = stacked_weights(seed, n_heads)
        for n_tokens in (4, 1):
            x = normal(seed + 20, n_tokens, D_MODEL)
            agree(built(MultiHead, w)(x), block_by_hand(w, x), f"with {n_heads} heads the delta")


@promise("With causal=True no head looks ahead.")
def causal(MultiHead, seed):
    w, x = stacked_weights(seed), normal(seed + 20, 4, D_MODEL)
    expected = block_by_hand(w, x, seen=triangle(4, 4))
    agree(built(MultiHead, w)(x, causal=True), expected, "the causal delta")


@promise("A mask holds for all heads, alone and together with causal=True.")
def masked(MultiHead, seed):
    w, x, mask = stacked_weights(seed), normal(seed + 20, 4, D_MODEL), random_mask(seed, 4, 4)
    mask[2, 1:] = False, False, True  # hidden by the mask alone, and by causality alone
    mask[0, 3] = False
    block = built(MultiHead, w)
    agree(block(x, mask=mask), block_by_hand(w, x, seen=mask), "the masked delta")
    expected = block_by_hand(w, x, seen=mask & triangle(4, 4))
    agree(block(x, mask=mask, causal=True), expected, "the delta with a mask and causal=True")


@promise("The keys and values of every head come from the context.")
def context(MultiHead, seed):
    w, x = stacked_weights(seed, shapes=CROSS), normal(seed + 20, 3, D_MODEL)
    block = built(MultiHead, w)
    for n_keys in (3, 1, 5):
        other, mask = normal(seed + 21, n_keys, D_CONTEXT), random_mask(seed, 3, n_keys)
        expected = block_by_hand(w, x, other)
        agree(block(x, context=other), expected, "the delta with a context")
        expected = block_by_hand(w, x, other, mask)
        agree(block(x, context=other, mask=mask), expected, "the delta with context and mask")
    first = block_by_hand(w, x, other, seen=triangle(5, 5)[-3:])
    agree(block(x, context=other, causal=True), first, "the delta with context and causal=True")


@promise("To ten digits it is the concatenated mixtures times the stacked w_o.")
def as_concatenated(MultiHead, seed):
    w, x = stacked_weights(seed), normal(seed + 20, 4, D_MODEL)
    heads = [{name: stack[h] for name, stack in w.items()} for h in range(N_HEADS)]
    seen = np.ones((4, 4), bool)
    mixtures = [steps_by_hand(head, x, x, seen)["mixed"] for head in heads]
    expected = np.concatenate(mixtures, axis=-1) @ np.concatenate(w["w_o"])
    came = read(built(MultiHead, w)(x), "the delta")
    agree(came, expected, "the delta")
    gap = np.abs(came - expected).max()
    assert gap <= EXACT, f"the delta differs by {gap:.0e}, and rounding by less than {EXACT:.0e}"


@promise("With the weights of `nn.MultiheadAttention` it gives what that gives.", needs="torch")
def like_torch(MultiHead, seed):
    import torch

    d_model = N_HEADS * D_HEAD
    x, mask = normal(seed + 20, 4, d_model), random_mask(seed, 4, 4)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        module = torch.nn.MultiheadAttention(d_model, N_HEADS, bias=False, dtype=torch.float64)
        weights = module.in_proj_weight.numpy(), module.out_proj.weight.numpy()
        block = built(MultiHead, dict(zip(SHAPES, load_torch(*weights, N_HEADS), strict=True)))
        text = torch.tensor(x)
        for what, options, seen in (
            ("the delta", {}, np.ones((4, 4), bool)),
            ("the masked delta", {"mask": mask}, mask),
            ("the causal delta", {"causal": True}, triangle(4, 4)),
        ):
            theirs, _ = module(text, text, text, attn_mask=torch.tensor(~seen))
            agree(block(x, **options), theirs.numpy(), f"with torch's weights {what}")


# --- what attnlib's block promises beyond


@promise("Leading axes, such as a batch of texts, are gone through one by one.", beyond=True)
def leading_axes(MultiHead, seed):
    w, x = stacked_weights(seed), normal(seed + 20, 2, 3, 4, D_MODEL)
    texts = [[block_by_hand(w, text, seen=triangle(4, 4)) for text in part] for part in x]
    came = built(MultiHead, w)(x, causal=True)
    agree(came, np.array(texts), "the delta of a batch")


@promise("Biases are added where they belong, b_o once for all heads.", beyond=True)
def biases(MultiHead, seed):
    w, x = stacked_weights(seed, shapes=SHAPES | BIASES), normal(seed + 20, 4, D_MODEL)
    block = built(MultiHead, w)
    expected = block_by_hand(w, x, seen=triangle(4, 4))
    agree(block(x, causal=True), expected, "the delta with biases")
    alone = block(x, mask=np.zeros((4, 4), bool))
    agree(alone, np.tile(w["b_o"], (4, 1)), "of a query that sees nothing the delta")


@promise("A mask may have a layer for each head.", beyond=True)
def mask_for_each_head(MultiHead, seed):
    w, x = stacked_weights(seed), normal(seed + 20, 4, D_MODEL)
    masks = np.array([random_mask(seed + h, 4, 4) for h in range(N_HEADS)])
    masks[:, 0, 1:] = np.eye(N_HEADS, dtype=bool)  # no two alike
    expected = block_by_hand(w, x, seen=masks)
    agree(built(MultiHead, w)(x, mask=masks), expected, "with a mask for each head the delta")


@promise("Neither the inputs nor the matrices are changed.", beyond=True)
def inputs_unchanged(MultiHead, seed):
    given = stacked_weights(seed) | {"x": normal(seed + 20, 4, D_MODEL)}
    given |= {"mask": random_mask(seed, 4, 4), "context": normal(seed + 21, 4, D_MODEL)}
    before = {name: array.copy() for name, array in given.items()}
    block = made(MultiHead, given)
    block(given["x"], causal=True)
    block(given["x"], context=given["context"], mask=given["mask"])
    for name, array in given.items():
        assert np.array_equal(array, before[name]), f"{name} is not what it was"
