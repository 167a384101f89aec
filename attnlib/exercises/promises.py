"""What a `Head` promises, each promise as a function of the class and a seed.

attnlib's own tests run these on `attnlib.Head`; the exercise "head" runs the same on the
reader's. A promise that is broken raises `AssertionError` with a short reason.
"""

import copy
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from attnlib.exercises.checking import describe, numeric
from attnlib.exercises.drawing import decimals_for, number

D_MODEL, D_CONTEXT, D_HEAD, D_VALUE = 5, 4, 2, 3
SHAPES = {
    "w_q": (D_MODEL, D_HEAD),
    "w_k": (D_MODEL, D_HEAD),
    "w_v": (D_MODEL, D_VALUE),
    "w_o": (D_VALUE, D_MODEL),
}
BIASES = {"b_q": (D_HEAD,), "b_k": (D_HEAD,), "b_v": (D_VALUE,), "b_o": (D_MODEL,)}
CROSS = SHAPES | {"w_k": (D_CONTEXT, D_HEAD), "w_v": (D_CONTEXT, D_VALUE)}
STEPS = ("queries", "keys", "values", "scores", "weights", "mixed", "delta")
RELATIVE, ABSOLUTE = 1e-6, 1e-8  # what two ways of rounding may differ by
SINGLE = 1e-4  # the same in single precision
LARGE = 1e4  # scores of this size overflow e to their power


@dataclass(frozen=True)
class Promise:
    """A sentence, and `holds(Head, seed)`, which raises `AssertionError` where it is broken."""

    id: str
    says: str
    holds: Callable
    beyond: bool  # more than the exercise asks for
    needs: str = ""  # a library


def entering(promises):
    """A decorator that enters the function, with what it says, in the list `promises`."""

    def promise(says, beyond=False, needs=""):
        def enter(holds):
            id = holds.__name__.replace("_", "-")
            promises.append(Promise(id, says, holds, beyond, needs))
            return holds

        return enter

    return promise


PROMISES: list[Promise] = []  # of one head, from basic to advanced
promise = entering(PROMISES)


# --- what the promises are made of


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def random_weights(seed, shapes=SHAPES):
    return {name: normal(seed + i, *shape) for i, (name, shape) in enumerate(shapes.items())}


@dataclass(frozen=True)
class Shielded:
    """A head that is given copies, so that one that writes into its inputs spoils no other."""

    head: object

    def __call__(self, *inputs, **options):
        return self.head(*copy.deepcopy(inputs), **copy.deepcopy(options))

    def trace(self, *inputs, **options):
        return self.head.trace(*copy.deepcopy(inputs), **copy.deepcopy(options))


def made(Head, w):
    """A head of the four matrices, given in order, and of biases, given by name."""
    matrices = [w[name] for name in SHAPES]
    return Head(*matrices, **{name: bias for name, bias in w.items() if name in BIASES})


def built(Head, w):
    return Shielded(made(Head, copy.deepcopy(w)))


def steps_by_hand(w, x, context, seen):
    """Every step, one row at a time: the oracle, which uses nothing of attnlib."""
    bias = {name: w.get(name, 0) for name in BIASES}
    queries = x @ w["w_q"] + bias["b_q"]
    keys, values = context @ w["w_k"] + bias["b_k"], context @ w["w_v"] + bias["b_v"]
    scores = np.where(seen, queries @ keys.T / np.sqrt(D_HEAD), -np.inf)
    weights = np.zeros(scores.shape)
    for row, out in zip(scores, weights, strict=True):
        if np.isfinite(row).any():
            powers = np.exp(row - row.max())
            out[:] = powers / powers.sum()
    mixed = weights @ values
    delta = mixed @ w["w_o"] + bias["b_o"]
    return dict(zip(STEPS, (queries, keys, values, scores, weights, mixed, delta), strict=True))


def delta_by_hand(w, x, context=None, seen=True):
    return steps_by_hand(w, x, x if context is None else context, seen)["delta"]


def triangle(n_queries, n_keys):
    return np.tri(n_queries, n_keys, n_keys - n_queries, dtype=bool)


def random_mask(seed, n_queries, n_keys):
    """A mask that leaves every query its first key."""
    mask = np.random.default_rng(seed).random((n_queries, n_keys)) < 0.5
    mask[:, 0] = True
    return mask


def read(came, what):
    """What a head returned, as an array of float64."""
    try:
        return numeric(came)
    except TypeError:
        raise AssertionError(f"{what} is {describe(came)}, not an array of numbers") from None


_least = ContextVar("least tolerance", default=0.0)


@contextmanager
def single_precision_allowed():
    """Within it, numbers agree that agree in single precision: a reader may work in it."""
    token = _least.set(SINGLE)
    try:
        yield
    finally:
        _least.reset(token)


def agree(came, expected, what, relative=RELATIVE, absolute=ABSOLUTE):
    """Raise `AssertionError`, with the first number that differs, unless both agree."""
    relative, absolute = max(relative, _least.get()), max(absolute, _least.get())
    came = read(came, what)
    same_shape = came.shape == expected.shape
    assert same_shape, f"{what} has the shape {came.shape}, not {expected.shape}"
    with np.errstate(all="ignore"):
        right = np.isclose(came, expected, rtol=relative, atol=absolute, equal_nan=True)
    if right.all():
        return
    first = tuple(np.argwhere(~right)[0])
    decimals = decimals_for(came, expected)
    place = ", ".join(str(int(i)) for i in first)
    raise AssertionError(
        f"{what} is {number(came[first], decimals)} at [{place}], "
        f"not {number(expected[first], decimals)}"
    )


def step(trace, name):
    """The step of a trace that has this name, as an attribute or as a key."""
    missing = object()
    found = trace.get(name, missing) if isinstance(trace, dict) else getattr(trace, name, missing)
    assert found is not missing, f"`trace` returns {describe(trace)} without .{name}"
    return found


# --- the promises that the exercise asks for


@promise("The delta is what the four matrices say.")
def delta(Head, seed):
    w = random_weights(seed)
    for n_tokens in (4, 1):
        x = normal(seed + 20, n_tokens, D_MODEL)
        agree(built(Head, w)(x), delta_by_hand(w, x), "the delta")


@promise("With causal=True every word sees itself and what is before it.")
def causal(Head, seed):
    w, x = random_weights(seed), normal(seed + 20, 4, D_MODEL)
    expected = delta_by_hand(w, x, seen=triangle(4, 4))
    agree(built(Head, w)(x, causal=True), expected, "the causal delta")


@promise("A mask says who may attend to whom: True means may attend.")
def masked(Head, seed):
    w, x, mask = random_weights(seed), normal(seed + 20, 4, D_MODEL), random_mask(seed, 4, 4)
    mask[1:, 1] = ~mask[1:, 1]  # never all True
    mask[0, 3] = False
    expected = delta_by_hand(w, x, seen=mask)
    agree(built(Head, w)(x, mask=mask), expected, "the masked delta")


@promise("The weights of every query sum to 1.")
def rows_sum_to_one(Head, seed):
    head, x = built(Head, random_weights(seed)), normal(seed + 20, 5, D_MODEL)
    for options in ({}, {"causal": True}, {"mask": random_mask(seed, 5, 5)}):
        weights = read(step(head.trace(x, **options), "weights"), "trace.weights")
        agree(weights.sum(axis=-1), np.ones(5), "the sum of a row of weights")
        assert (weights >= 0).all(), "a weight is negative"


@promise("`trace` holds every step, and its delta is that of the call.")
def trace_of_every_step(Head, seed):
    w, x = random_weights(seed), normal(seed + 20, 4, D_MODEL)
    head = built(Head, w)
    for causal in (False, True):
        seen = triangle(4, 4) if causal else np.ones((4, 4), bool)
        expected = steps_by_hand(w, x, x, seen)
        trace = head.trace(x, causal=causal)
        for name in STEPS:
            agree(step(trace, name), expected[name], f"trace.{name}")
        agree(head(x, causal=causal), expected["delta"], "the delta of the call")


@promise("Keys and values both come from the context.")
def context(Head, seed):
    w, x, other = random_weights(seed), normal(seed + 20, 3, D_MODEL), normal(seed + 21, 3, D_MODEL)
    agree(built(Head, w)(x, context=other), delta_by_hand(w, x, other), "the delta with a context")
    w = random_weights(seed, CROSS)  # of another width
    head = built(Head, w)
    for n_keys in (3, 1, 5):
        other = normal(seed + 21, n_keys, D_CONTEXT)
        mask = random_mask(seed, 3, n_keys)
        agree(head(x, context=other), delta_by_hand(w, x, other), "the delta with a context")
        expected = delta_by_hand(w, x, other, mask)
        agree(head(x, context=other, mask=mask), expected, "the delta with context and mask")


@promise("With causal=True, changing the future never changes the past.")
def past_stays(Head, seed):
    head, x = built(Head, random_weights(seed)), normal(seed + 20, 6, D_MODEL)
    before = read(head(x, causal=True), "the causal delta")
    for place in (1, 5):
        other = x.copy()
        other[place:] = 10 * normal(seed + 21, 6 - place, D_MODEL)
        after = read(head(other, causal=True), "the causal delta")
        what = f"after a change of token {place} and what follows, the delta before it"
        agree(after[:place], before[:place], what)


@promise("A query with nothing to attend to adds 0, never NaN.")
def nothing_to_attend_to(Head, seed):
    w, x = random_weights(seed), normal(seed + 20, 3, D_MODEL)
    head = built(Head, w)
    mask = np.array([[True, True, False], [False, False, False], [True, False, True]])
    expected = steps_by_hand(w, x, x, mask)
    agree(head(x, mask=mask), expected["delta"], "where token 1 sees nothing, the delta")
    trace = head.trace(x, mask=mask)
    agree(step(trace, "weights"), expected["weights"], "where token 1 sees nothing, trace.weights")


@promise("With fewer queries than keys the last query stands at the last key.")
def aligned_at_the_end(Head, seed):
    w, text = random_weights(seed), normal(seed + 20, 6, D_MODEL)
    head = built(Head, w)
    for n_queries in (1, 2, 5):
        came = head(text[-n_queries:], context=text, causal=True)
        expected = delta_by_hand(w, text, seen=triangle(6, 6))[-n_queries:]
        agree(came, expected, f"for the last {n_queries} of 6 tokens the delta")


@promise("A mask and causal=True together hide what either of them hides.")
def mask_and_causal(Head, seed):
    w, x, mask = random_weights(seed), normal(seed + 20, 5, D_MODEL), random_mask(seed, 5, 5)
    mask[0, 1:] = True  # hidden by causality alone
    mask[4, 1] = False  # hidden by the mask alone
    expected = delta_by_hand(w, x, seen=mask & triangle(5, 5))
    agree(built(Head, w)(x, mask=mask, causal=True), expected, "the delta with both")


@promise("Scores of ten thousand do not overflow.")
def large_scores(Head, seed):
    w, x = random_weights(seed), normal(seed + 20, 4, D_MODEL)
    scores = steps_by_hand(w, x, x, True)["scores"]
    w["w_q"] = w["w_q"] * LARGE / np.abs(scores).max()
    for causal in (False, True):
        expected = delta_by_hand(w, x, seen=triangle(4, 4) if causal else True)
        came = built(Head, w)(x, causal=causal)
        agree(came, expected, "with large scores the delta", absolute=RELATIVE)
    w, mask = lowest_alone(w, x)
    came = built(Head, w)(x, mask=mask)
    what = "where the only score that is seen is minus ten thousand, the delta"
    agree(came, delta_by_hand(w, x, seen=mask), what, absolute=RELATIVE)


def lowest_alone(w, x):
    """The matrices with the lowest score at -LARGE, and a mask that leaves it alone in its row."""
    scores = steps_by_hand(w, x, x, True)["scores"]
    factor = -LARGE / scores.flat[np.abs(scores).argmax()]
    row, key = np.unravel_index(np.abs(scores).argmax(), scores.shape)
    mask = np.ones(scores.shape, bool)
    mask[row] = np.arange(len(x)) == key
    return w | {"w_q": w["w_q"] * factor}, mask


# --- what attnlib's head promises beyond


@promise("Without positions, reordering the tokens reorders the deltas.", beyond=True)
def reordered(Head, seed):
    head, x = built(Head, random_weights(seed)), normal(seed + 20, 6, D_MODEL)
    order = np.random.default_rng(seed).permutation(6)
    expected = read(head(x), "the delta")[order]
    agree(head(x[order]), expected, "after reordering the delta")


@promise("Leading axes, such as a batch of texts, are gone through one by one.", beyond=True)
def leading_axes(Head, seed):
    w, x = random_weights(seed), normal(seed + 20, 2, 3, 4, D_MODEL)
    head, seen = built(Head, w), triangle(4, 4)
    steps = [[steps_by_hand(w, text, text, seen) for text in part] for part in x]
    trace = head.trace(x, causal=True)
    for name in STEPS:
        expected = np.array([[each[name] for each in part] for part in steps])
        agree(step(trace, name), expected, f"for a batch trace.{name}")
    agree(head(x, causal=True), expected, "the delta of a batch")


@promise("Neither the inputs nor the matrices are changed.", beyond=True)
def inputs_unchanged(Head, seed):
    given = random_weights(seed) | {"x": normal(seed + 20, 4, D_MODEL)}
    given |= {"mask": random_mask(seed, 4, 4), "context": normal(seed + 21, 4, D_MODEL)}
    before = {name: array.copy() for name, array in given.items()}
    head = made(Head, given)
    head(given["x"], causal=True)
    head(given["x"], context=given["context"], mask=given["mask"])
    head.trace(given["x"], mask=given["mask"])
    for name, array in given.items():
        assert np.array_equal(array, before[name]), f"{name} is not what it was"


@promise("Single precision in, single precision out.", beyond=True)
def single_precision(Head, seed):
    w, x = random_weights(seed), normal(seed + 20, 4, D_MODEL)
    single = {name: matrix.astype(np.float32) for name, matrix in w.items()}
    came = built(Head, single)(x.astype(np.float32), causal=True)
    dtype = getattr(came, "dtype", None)
    assert dtype == np.float32, f"the delta has the type {dtype}, not float32"
    expected = delta_by_hand(w, x, seen=triangle(4, 4))
    agree(came, expected, "in single precision the delta", SINGLE, SINGLE)


@promise("What nobody may attend to reaches nobody, even if it is NaN.", beyond=True)
def hidden_nan(Head, seed):
    w, x = random_weights(seed), normal(seed + 20, 4, D_MODEL)
    other = normal(seed + 21, 5, D_MODEL)
    mask = random_mask(seed, 4, 5)
    mask[:, 2] = False
    expected = delta_by_hand(w, x, other, mask)
    other[2] = np.nan
    came = built(Head, w)(x, context=other, mask=mask)
    agree(came, expected, "with NaN in a hidden token the delta")


@promise("Biases b_q, b_k, b_v and b_o are added where they belong.", beyond=True)
def biases(Head, seed):
    w, x = random_weights(seed, SHAPES | BIASES), normal(seed + 20, 4, D_MODEL)
    head = built(Head, w)
    agree(head(x, causal=True), delta_by_hand(w, x, seen=triangle(4, 4)), "the delta with biases")
    expected = steps_by_hand(w, x, x, np.ones((4, 4), bool))
    trace = head.trace(x)
    for name in STEPS:
        agree(step(trace, name), expected[name], f"with biases trace.{name}")
    alone = head(x, mask=np.zeros((4, 4), bool))
    agree(alone, np.tile(w["b_o"], (4, 1)), "of a query that sees nothing the delta")


@promise("Gradients reach all four matrices.", beyond=True, needs="torch")
def gradients(Head, seed):
    import torch

    w, x = random_weights(seed), normal(seed + 20, 4, D_MODEL)
    tensors = {name: torch.tensor(matrix, requires_grad=True) for name, matrix in w.items()}
    delta = made(Head, tensors)(torch.tensor(x), causal=True)
    assert isinstance(delta, torch.Tensor), f"of tensors the delta is {describe(delta)}"
    assert delta.requires_grad, "the delta does not depend on the matrices, as torch sees it"
    delta.square().sum().backward()
    for name, matrix in w.items():
        assert tensors[name].grad is not None, f"no gradient reaches {name}"
        slope = slope_by_hand(w, name, normal(seed + 30, *matrix.shape), x)
        came = numeric(tensors[name].grad) * normal(seed + 30, *matrix.shape)
        agree(came.sum(), slope, f"the slope along {name}", relative=1e-4, absolute=1e-5)


def slope_by_hand(w, name, direction, x, step=1e-6):
    """How fast the sum of squares of the delta grows when `name` moves along `direction`."""

    def total(sign):
        moved = w | {name: w[name] + sign * step * direction}
        return np.square(delta_by_hand(moved, x, seen=triangle(4, 4))).sum()

    return (total(1) - total(-1)) / (2 * step)
