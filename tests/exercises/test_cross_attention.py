"""Chapter "Cross-attention": right answers pass; every wrong one meets the hint meant for it."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, cross_attention
from attnlib.exercises.values_from import SHAPE, boxes
from tests.exercises.judging import (
    assert_answered,
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
X, OTHER_X, CONTEXT, OTHER_CONTEXT = RNG.normal(size=(4, *SHAPE))
EVEN, OTHER_EVEN = np.ones(SHAPE), np.tile(np.arange(6.0), (5, 1))
FUNCTIONS = ("cross-attention", "padding-mask", "alignment-found")


def softmax(scores, axis=-1):
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def weights(x, context, w_q, w_k, scale=None):
    scores = x @ w_q @ (context @ w_k).T
    return softmax(scores / np.sqrt(w_q.shape[1]) if scale is None else scores / scale)


def cross(x, context, w_q, w_k, w_v, w_o):
    return weights(x, context, w_q, w_k) @ (context @ w_v) @ w_o


def cross_loop(x, context, w_q, w_k, w_v, w_o):
    rows = []
    for word in x:
        scores = [word @ w_q @ (other @ w_k) / w_q.shape[1] ** 0.5 for other in context]
        shares = softmax(np.array(scores))
        rows.append(sum(s * (c @ w_v) for s, c in zip(shares, context, strict=True)) @ w_o)
    return rows


def cross_einsum(x, context, w_q, w_k, w_v, w_o):
    scores = np.einsum("im,mh,jn,nh->ij", x, w_q, context, w_k) / np.sqrt(w_q.shape[1])
    return np.einsum("ij,jm,mv,vn->in", softmax(scores), context, w_v, w_o)


def cross_torch(x, context, *matrices):
    x, context, w_q, w_k, w_v, w_o = map(torch.tensor, (x, context, *matrices))
    attend = torch.nn.functional.scaled_dot_product_attention
    return attend(x @ w_q, context @ w_k, context @ w_v) @ w_o


def padding(lengths, n_keys):
    return np.arange(n_keys) < lengths[:, None, None]


def padding_loop(lengths, n_keys):
    return [[[key < length for key in range(n_keys)]] for length in lengths.tolist()]


def padding_filled(lengths, n_keys):
    mask = np.zeros((len(lengths), 1, n_keys), bool)
    for text, length in enumerate(lengths):
        mask[text, :, :length] = True
    return mask


def found(weights, right):
    own = weights[np.arange(len(right)), right]
    return np.mean((weights >= own[:, None]).sum(axis=-1) == 1)


def found_loop(weights, right):
    pairs = zip(weights.tolist(), right, strict=True)
    hits = [max(row) == row[place] and row.count(max(row)) == 1 for row, place in pairs]
    return sum(hits) / len(hits)


def found_torch(weights, right):
    """No other weight is as large as the right key's."""
    own = torch.nn.functional.one_hot(torch.tensor(right), weights.shape[1]).bool()
    rest = torch.tensor(weights).masked_fill(own, -1).max(dim=1).values.numpy()
    return (on_right(weights, right) > rest).mean()


def other(side):
    return "x" if side == "context" else "context"


def by_even_rows(attend):
    same = np.allclose(attend(X, EVEN), attend(X, OTHER_EVEN))
    return "x" if same else "context"


def by_adding_to_every_row(attend):
    shifted = CONTEXT + np.arange(6)
    return "x" if np.allclose(attend(X, CONTEXT), attend(X, shifted)) else "context"


def by_shuffling(attend):
    same = np.allclose(attend(X, CONTEXT), attend(X, CONTEXT[::-1]))
    return "context" if same else "x"


def by_zeros(attend):
    return "context" if np.abs(attend(X.tolist(), np.zeros(SHAPE))).max() < 1e-9 else "x"


def without_queries(attend):
    return "context" if np.abs(attend(np.zeros(SHAPE), CONTEXT)).max() > 1e-9 else "x"


def by_growth(attend):
    x = torch.zeros(SHAPE, requires_grad=True).detach()
    larger = attend(x, 2 * CONTEXT) / np.maximum(np.abs(attend(x, CONTEXT)), 1e-9)
    return np.str_("context" if np.abs(larger).max() > 1.5 else "x")


def by_finite_differences(attend):
    """Along the direction in which all rows of the context move alike."""
    step = 1e-4
    slope = (attend(X, CONTEXT + step) - attend(X, CONTEXT - step)) / (2 * step)
    return "context" if np.abs(slope).max() > 1e-3 else "x"


RIGHT = [
    ("cross-attention", cross),
    ("cross-attention", cross_loop),
    ("cross-attention", cross_einsum),
    ("cross-attention", cross_torch),
    ("cross-attention", lambda x, context, *matrices: al.Head(*matrices)(x, context=context)),
    ("cross-attention", lambda *inputs: cross(*inputs).astype(np.float32)),
    ("padding-mask", padding),
    ("padding-mask", padding_loop),
    ("padding-mask", padding_filled),
    ("padding-mask", lambda n, k: torch.arange(k) < torch.tensor(n)[:, None, None]),
    ("padding-mask", lambda n, k: np.array([[np.arange(k) < length] for length in n])),
    ("alignment-found", found),
    ("alignment-found", found_loop),
    ("alignment-found", lambda w, r: Fraction(round(found(w, r) * len(r)), len(r))),
    (
        "alignment-found",
        lambda w, r: np.mean(
            [
                all(row[p] > other for j, other in enumerate(row) if j != p)
                for row, p in zip(w, r, strict=True)
            ]
        ),
    ),
    ("padding-mask", lambda n, k: padding(n, k).astype(object)),
    ("alignment-found", found_torch),
    ("alignment-found", lambda w, r: torch.tensor(found(w, r), dtype=torch.float32)),
    ("values-from", by_even_rows),
    ("values-from", by_adding_to_every_row),
    ("values-from", by_shuffling),
    ("values-from", by_zeros),
    ("values-from", without_queries),
    ("values-from", by_growth),
    ("values-from", by_finite_differences),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def of_texts(queries, keys, values):
    """Cross-attention with 0 for x and 1 for context: where each of the three comes from."""

    def wrong(x, context, w_q, w_k, w_v, w_o):
        texts = x, context
        return weights(texts[queries], texts[keys], w_q, w_k) @ texts[values] @ w_v @ w_o

    return wrong


def scaled(divisor):
    return lambda x, context, w_q, w_k, w_v, w_o: (
        weights(x, context, w_q, w_k, divisor(x, context, w_q)) @ context @ w_v @ w_o
    )


def by_d_value(power):
    return lambda x, context, w_q, w_k, w_v, w_o: (
        weights(x, context, w_q, w_k, w_v.shape[1] ** power) @ context @ w_v @ w_o
    )


def softmax_over_queries(x, context, w_q, w_k, w_v, w_o):
    scores = x @ w_q @ (context @ w_k).T / np.sqrt(w_q.shape[1])
    return softmax(scores, axis=0) @ context @ w_v @ w_o


def without_softmax(x, context, w_q, w_k, w_v, w_o):
    return x @ w_q @ (context @ w_k).T / np.sqrt(w_q.shape[1]) @ context @ w_v @ w_o


def means(x, context, w_q, w_k, w_v, w_o):
    return np.tile(context.mean(axis=0) @ w_v @ w_o, (len(x), 1))


def with_turned_weights(x, context, w_q, w_k, w_v, w_o):
    return weights(x, context, w_q, w_k).T @ context @ w_v @ w_o


def square_pattern(x, context, w_q, w_k, w_v, w_o):
    """Right as long as there are as many queries as keys."""
    mixed = np.zeros((len(x), w_v.shape[1]))
    shares = weights(x, context, w_q, w_k)
    for i in range(len(x)):
        for j in range(len(x)):
            mixed[i] += shares[i, j] * (context[j] @ w_v)
    return mixed @ w_o


def overwritten(x, context, w_q, w_k, w_v, w_o):
    x[:] = cross(x, context, w_q, w_k, w_v, w_o)
    return x


def plain(lengths, n_keys):
    return padding(lengths, n_keys)[:, 0]


def added_mask(low):
    return lambda lengths, n_keys: np.where(padding(lengths, n_keys), 0, low)


def on_right(weights, right):
    return weights[np.arange(len(right)), right]


def lengths_spoilt(lengths, n_keys):
    came = padding(lengths, n_keys)
    lengths -= 1
    return came


def weights_spoilt(weights, right):
    share = found(weights, right)
    weights[weights < weights.max(axis=1, keepdims=True)] = 0
    return share


def moves(first, second):
    """Says "context" when the output differs between two questions, and "x" when it does not."""
    return lambda attend: "x" if np.allclose(attend(*first), attend(*second)) else "context"


def one_row_changed(attend):
    changed = CONTEXT.copy()
    changed[2] += 1
    return "context" if (attend(X, CONTEXT) != attend(X, changed)).any() else "x"


def x_changed(attend):
    return "x" if (attend(X, CONTEXT) != attend(OTHER_X, CONTEXT)).any() else "context"


def by_shuffling_exactly(attend):
    same = (attend(X, CONTEXT) == attend(X, CONTEXT[[3, 0, 4, 1, 2]])).all()
    return "context" if same else "x"


def by_shape(attend):
    return "x" if attend(X, CONTEXT).shape == X.shape else "context"


def by_unequal_lengths(attend):
    try:
        attend(X, CONTEXT[:3])
    except ValueError:
        return "x"
    return "context"


def too_coarse(attend):
    return "x" if np.abs(attend(X, EVEN) - attend(X, OTHER_EVEN)).max() < 100 else "context"


def at_random():
    rng = np.random.default_rng(3)

    def guess(attend):
        attend(X, CONTEXT)
        return rng.choice(["x", "context"])

    return guess


def guessed_unseen():
    rng = np.random.default_rng(3)
    return lambda attend: rng.choice(["x", "context"])


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    ("cross-attention", "values-from-x", of_texts(0, 1, 0), ["both have 3 rows", "<"]),
    ("cross-attention", "keys-from-x", of_texts(0, 0, 1), ["la, column 0", "<"]),
    ("cross-attention", "self-attention", of_texts(0, 0, 0), ["self-attention of `x`", "<"]),
    ("cross-attention", "context-alone", of_texts(1, 1, 1), ["<"]),
    ("cross-attention", "roles-exchanged", of_texts(1, 0, 0), ["`context` asks", "<"]),
    (
        "cross-attention",
        "matrices-exchanged",
        lambda x, c, w_q, w_k, *others: cross(x, c, w_k, w_q, *others),
        ["<"],
    ),
    ("cross-attention", "wrong-axis", softmax_over_queries, ["compete for each key", "<"]),
    ("cross-attention", "unscaled", scaled(lambda x, c, w: 1), ["nothing has been divided", "<"]),
    ("cross-attention", "by-d-model", scaled(lambda x, c, w: len(w) ** 0.5), ["root of 5", "<"]),
    ("cross-attention", "by-n-keys", scaled(lambda x, c, w: len(c) ** 0.5), ["<"]),
    ("cross-attention", "by-n-keys", scaled(lambda x, c, w: len(c)), ["number of words"]),
    ("cross-attention", "by-d-value", by_d_value(0.5), ["d_value = 4", "<"]),
    ("cross-attention", "by-d-value", by_d_value(1), ["d_value = 4", "<"]),
    ("cross-attention", "by-d-head", scaled(lambda x, c, w: w.shape[1]), ["d_head = 2", "<"]),
    ("cross-attention", "no-softmax", without_softmax, ["scores themselves", "<"]),
    (
        "cross-attention",
        "without-w-v",
        lambda x, c, w_q, w_k, w_v, w_o: weights(x, c, w_q, w_k) @ c,
        ["mixed the embeddings", "<"],
    ),
    (
        "cross-attention",
        "without-w-o",
        lambda x, c, w_q, w_k, w_v, w_o: weights(x, c, w_q, w_k) @ c @ w_v,
        ["(3, 4)", "(3, 5)"],
    ),
    ("cross-attention", "added", lambda x, *others: x + cross(x, *others), ["the delta alone"]),
    ("cross-attention", "added", lambda x, c, *others: c + cross(x, c, *others), ["<"]),
    (
        "cross-attention",
        "unmixed",
        lambda x, c, q, k, w_v, w_o: c @ w_v @ w_o,
        ["value of one word", "<"],
    ),
    ("cross-attention", "unmixed", lambda x, c, q, k, w_v, w_o: x @ w_v @ w_o, ["<"]),
    ("cross-attention", "mean-of-values", means, ["mean of the 3 values", "<"]),
    ("cross-attention", "mean-of-values", lambda *inputs: means(*inputs)[0], ["(5,)"]),
    ("cross-attention", "weights-transposed", with_turned_weights, ["lie on their side", "<"]),
    ("cross-attention", "raised", square_pattern, ["IndexError", "5 words ask and 2 answer"]),
    ("cross-attention", "wrong-type", lambda *inputs: "delta", ["the text 'delta'"]),
    ("cross-attention", "wrong-shape", lambda *inputs: cross(*inputs).T, ["(5, 3)", "(3, 5)"]),
    ("cross-attention", "not-finite", lambda *inputs: cross(*inputs) / 0, ["<"]),
    ("cross-attention", "changed-inputs", overwritten, ["changed its input x"]),
    ("cross-attention", "not-a-function", np.eye(2), ["f(x, context, w_q, w_k, w_v, w_o)"]),
    ("cross-attention", "arguments", lambda x, context: x, ["f(x, context, w_q"]),
    ("cross-attention", "unrecognised", lambda *inputs: -cross(*inputs), ["la, column 0", "<"]),
    ("padding-mask", "inverted", lambda n, k: ~padding(n, k), ["text 0", "False <"]),
    ("padding-mask", "inverted", lambda n, k: np.arange(k) > n[:, None, None], ["<"]),
    ("padding-mask", "off-by-one", lambda n, k: np.arange(k) <= n[:, None, None], ["True <"]),
    ("padding-mask", "off-by-one", lambda n, k: padding(n - 1, k), ["key 2 is False"]),
    ("padding-mask", "padding-first", lambda n, k: padding(n, k)[..., ::-1], ["at the end"]),
    ("padding-mask", "everything", lambda n, k: np.ones((len(n), 1, k), bool), ["key 3"]),
    ("padding-mask", "one-length", lambda n, k: padding(0 * n + n.max(), k), ["True <"]),
    ("padding-mask", "one-length", lambda n, k: padding(0 * n + n[0], k), ["<"]),
    ("padding-mask", "without-axis", plain, ["(3, 5)", "(3, 1, 5)"]),
    ("padding-mask", "without-axis", lambda n, k: ~plain(n, k), ["(3, 5)"]),
    ("padding-mask", "rows-hidden", lambda n, k: plain(n, k)[:, :, None], ["(3, 5, 1)"]),
    (
        "padding-mask",
        "rows-hidden",
        lambda n, k: np.repeat(plain(n, k)[:, :, None], k, axis=2),
        ["(3, 5, 5)"],
    ),
    ("padding-mask", "axes-exchanged", lambda n, k: plain(n, k).T, ["(5, 3)"]),
    ("padding-mask", "axes-exchanged", lambda n, k: plain(n, k)[None], ["(1, 3, 5)"]),
    ("padding-mask", "axes-exchanged", lambda n, k: plain(n, k).T[:, None], ["(5, 1, 3)"]),
    ("padding-mask", "square", lambda n, k: np.repeat(padding(n, k), k, 1), ["5 queries"]),
    ("padding-mask", "longest", lambda n, k: padding(n, n.max()), ["4 columns", "5 keys"]),
    ("padding-mask", "additive", added_mask(-np.inf), ["added to the scores", "float64"]),
    ("padding-mask", "additive", added_mask(-1e9), ["very low"]),
    (
        "padding-mask",
        "additive",
        lambda n, k: torch.zeros(3, 1, 5).masked_fill(torch.tensor(~padding(n, k)), -torch.inf),
        ["a tensor of shape (3, 1, 5)"],
    ),
    ("padding-mask", "wrong-type", lambda n, k: padding(n, k).astype(int), ["int64", "boolean"]),
    ("padding-mask", "wrong-type", lambda n, k: padding(n, k) * 1.0, ["float64"]),
    ("padding-mask", "wrong-shape", lambda n, k: padding(n, k)[0], ["(1, 5)", "(3, 1, 5)"]),
    ("padding-mask", "raised", lambda n, k: np.arange(k) < n, ["ValueError"]),
    ("padding-mask", "changed-inputs", lengths_spoilt, ["changed its input lengths"]),
    ("padding-mask", "not-a-function", np.ones((3, 1, 5), bool), ["f(lengths, n_keys)"]),
    ("padding-mask", "arguments", lambda lengths: lengths, ["f(lengths, n_keys)"]),
    ("padding-mask", "unrecognised", lambda n, k: padding(n, k) & (np.arange(k) > 0), ["<"]),
    ("alignment-found", "wrong-axis", lambda w, r: (w.argmax(0) == r).mean(), ["0.60 <"]),
    ("alignment-found", "mean-weight", lambda w, r: w[range(len(r)), r].mean(), ["0.36 <"]),
    ("alignment-found", "mean-weight", lambda w, r: w[range(len(r)), r].sum(), ["1.80 <"]),
    ("alignment-found", "counted", lambda w, r: (w.argmax(1) == r).sum(), ["4.00 <", "a count"]),
    ("alignment-found", "percent", lambda w, r: 100 * found(w, r), ["80.00 <"]),
    ("alignment-found", "missed", lambda w, r: 1 - found(w, r), ["0.20 <"]),
    ("alignment-found", "right-ignored", lambda w, r: found(w, np.arange(len(w))), ["0.40 <"]),
    (
        "alignment-found",
        "right-ignored",
        lambda w, r: np.mean(w.argmax(axis=1) == np.arange(len(w))),
        ["0.40 <"],
    ),
    ("alignment-found", "ties", lambda w, r: np.mean(on_right(w, r) == w.max(axis=1)), ["0.25"]),
    (
        "alignment-found",
        "one-of-several",
        lambda w, r: np.mean(w.argmax(axis=-1) == r),
        ["1.00 <", "right        0        0"],
    ),
    (
        "alignment-found",
        "one-of-several",
        lambda w, r: np.mean(w.shape[1] - 1 - w[:, ::-1].argmax(axis=1) == r),
        ["1.00 <", "right        1        0"],
    ),
    ("alignment-found", "counted", lambda w, r: found(w, r) * len(r), ["4.00 <"]),
    ("alignment-found", "missed", lambda w, r: (w.argmax(1) != r).mean(), ["0.20 <"]),
    ("alignment-found", "threshold", lambda w, r: (on_right(w, r) > 0.5).mean(), ["0.00 <"]),
    ("alignment-found", "threshold", lambda w, r: (on_right(w, r) > 0.4).mean(), ["fixed number"]),
    ("alignment-found", "all-or-nothing", lambda w, r: (w.argmax(1) == r).all(), ["*all*"]),
    ("alignment-found", "all-or-nothing", lambda w, r: found(w, r) == 1, ["0.00 <"]),
    ("alignment-found", "one-query", lambda w, r: w[0].argmax() == r[0], ["le alone"]),
    ("alignment-found", "one-query", lambda w, r: (w.argmax(1) == r).any(), ["5 queries"]),
    ("alignment-found", "each-query", lambda w, r: w.argmax(1) == r, ["(5,)"]),
    ("alignment-found", "each-query", lambda w, r: w.argmax(1), ["5 entries"]),
    ("alignment-found", "raised", lambda w, r: w[:, r + 3], ["IndexError"]),
    ("alignment-found", "wrong-type", lambda w, r: {"share": found(w, r)}, ["a dict of 1"]),
    ("alignment-found", "wrong-shape", lambda w, r: [found(w, r)], ["(1,)"]),
    ("alignment-found", "not-finite", lambda w, r: found(w, r) / 0, ["inf"]),
    ("alignment-found", "changed-inputs", weights_spoilt, ["changed its input weights"]),
    ("alignment-found", "not-a-function", 0.8, ["f(weights, right)"]),
    ("alignment-found", "arguments", lambda weights: 1, ["f(weights, right)"]),
    ("alignment-found", "unrecognised", lambda w, r: found(w, r) ** 2, ["4 of 5 queries"]),
    ("values-from", "not-asked", lambda attend: "context", ["about 5 of 10", "x    context <"]),
    ("values-from", "not-asked", lambda attend: "x", ["about 5 of 10", "context         x <"]),
    ("values-from", "not-asked", guessed_unseen(), ["never calls"]),
    ("values-from", "one-look", by_shape, ["one question to box"]),
    ("values-from", "shape", by_unequal_lengths, ["does not take"]),
    ("values-from", "keys-moved", one_row_changed, ["moved by", 'you said "context"']),
    ("values-from", "keys-moved", moves((X, CONTEXT), (X, OTHER_CONTEXT)), ["held `x`"]),
    ("values-from", "queries-moved", x_changed, ["moved by", 'you said "x"']),
    ("values-from", "queries-moved", moves((X, CONTEXT), (-X, CONTEXT)), ["held `context`"]),
    ("values-from", "both-changed", moves((X, EVEN), (OTHER_X, CONTEXT)), ["the same time"]),
    ("values-from", "rounding", by_shuffling_exactly, ["moved by", "e-1", "context         x <"]),
    ("values-from", "opposite", lambda attend: other(by_even_rows(attend)), ["0 of 10"]),
    ("values-from", "inconsistent", at_random(), ["two different answers"]),
    ("values-from", "wrong-type", lambda attend: True, ["returned True", 'expected "x" or']),
    ("values-from", "wrong-type", lambda attend: "Context", ["the text 'Context'"]),
    ("values-from", "wrong-type", lambda attend: "keys", ["box 0", "the text 'keys'"]),
    ("values-from", "wrong-type", lambda attend: attend(X, CONTEXT), ["shape (5, 6)"]),
    ("values-from", "raised", lambda attend: attend(X[:3], CONTEXT), ["x has the shape (3, 6)"]),
    ("values-from", "raised", lambda attend: attend(X, "y"), ["context is the text 'y'"]),
    ("values-from", "raised", lambda attend: attend(X / 0, X), ["x holds inf or NaN"]),
    ("values-from", "not-a-function", "context", ["f(attend)"]),
    ("values-from", "arguments", lambda x, context: "x", ["f(attend)"]),
    ("values-from", "unrecognised", too_coarse, ["no weight changes"]),
]


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(cross_attention, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.", "@", "[:", "None", "argmax", "lengths[", "** "):
        assert code not in text.replace("`np.empty`", "")


# --- the inputs


def test_lengths_differ_in_most_inputs_and_agree_in_the_first():
    sizes = []
    check("cross-attention", lambda *m: sizes.append((len(m[0]), len(m[1]))) or cross(*m))
    agree = [n_queries == n_keys for n_queries, n_keys in sizes]
    assert agree[0] and not any(agree[1:]) and len(agree) > 3


def test_the_masks_of_the_reference_hide_the_padding_from_every_query():
    rng = np.random.default_rng(1)
    for case in cross_attention.padding_cases():
        lengths, n_keys = case.inputs
        mask = cross_attention.padding_mask(lengths, n_keys)
        q = rng.normal(size=(len(lengths), 3, 2))
        k, v = rng.normal(size=(2, len(lengths), n_keys, 2))
        came = al.attention(q, k, v, mask=mask)
        for text, length in enumerate(lengths):
            alone = al.attention(q[text], k[text, :length], v[text, :length])
            np.testing.assert_allclose(came[text], alone, atol=1e-12)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("cross-attention", scaled(lambda x, c, w: math.isqrt(w.shape[1]))),
        ("cross-attention", scaled(lambda x, c, w: len(w))),
        ("cross-attention", scaled(lambda x, c, w: 2**0.5)),
        ("alignment-found", lambda w, r: (on_right(w, r) >= 0.4).mean()),
        ("alignment-found", lambda w, r: (on_right(w, r) > 1 / w.shape[1]).mean()),
        ("alignment-found", lambda w, r: np.mean(np.abs(w.argmax(axis=1) - r) <= 1)),
        ("alignment-found", lambda w, r: np.mean([p in x.argsort()[-2:] for p, x in zip(r, w)])),  # noqa: B905
        ("alignment-found", lambda w, r: (on_right(w, r) == w.max()).mean()),
        ("alignment-found", lambda w, r: (w.argmax(axis=1) == r).sum() / 5),
        ("alignment-found", lambda w, r: 1.0),
        ("alignment-found", lambda w, r: 0.8),
    ],
)
def test_a_coincidence_in_one_case_is_no_diagnosis(exercise, answer):
    assert check(exercise, answer).hint == "unrecognised"


def test_a_tie_is_no_find_wherever_the_right_key_stands_in_it():
    places = []
    for weights, right in (case.inputs for case in cross_attention.found_cases()):
        for row, place in zip(weights, right, strict=True):
            largest = np.flatnonzero(row > row.max() - 1e-6)
            if len(largest) > 1:
                assert len(set(row[largest])) == 1  # equal to the last bit, as the page tells it
                places.append({largest[0]: "first", largest[-1]: "last"}.get(place, "middle"))
                assert cross_attention.found(row[None], np.array([place])) == 0
    assert places == ["middle"] * 3 + ["first", "last"]


# --- the boxes


def test_the_boxes_hide_what_they_say():
    for box in boxes():
        came = box.ask(X, EVEN)
        steady = np.allclose(came, box.ask(X, OTHER_EVEN))
        assert steady == (box.hides == "x")
        assert came.shape == SHAPE


def test_there_are_boxes_of_both_kinds_in_no_regular_order():
    kinds = [box.hides for box in boxes()]
    assert sorted(kinds) == ["context"] * 5 + ["x"] * 5
    assert all(kinds != kinds[:period] * (10 // period) for period in (1, 2, 5))


def test_what_a_box_is_called_and_made_of_does_not_tell_its_kind():
    for look in (
        lambda f: re.sub("0x[0-9a-f]+", "", repr(f)),
        lambda f: (f.__name__, f.__qualname__, f.__doc__, f.__module__),
        lambda f: (f.__code__.co_code, f.__code__.co_consts, f.__code__.co_names),
        lambda f: [re.sub("0x[0-9a-f]+", "", repr(cell.cell_contents)) for cell in f.__closure__],
    ):
        seen = [look(box.ask) for box in boxes()]
        assert all(each == seen[0] for each in seen)


def test_an_answer_cannot_change_a_box():
    def vandal(attend):
        came = attend(X, EVEN)
        came[:] = 0
        return by_even_rows(attend)

    assert check("values-from", vandal).solved
    assert not np.allclose(X, EVEN) and check("values-from", by_even_rows).solved


def test_enormous_numbers_in_a_box_are_answered():
    huge = np.full(SHAPE, 1e300)
    assert_answered(check("values-from", moves((X, huge), (huge, X))))


def test_an_answer_that_gives_up_after_some_boxes_is_told_at_which():
    def tired(attend, seen=[]):  # noqa: B006
        seen.append(attend)
        return by_even_rows(attend) if len(seen) < 4 else None

    verdict = check("values-from", tired)
    assert verdict.hint == "wrong-type" and "For box 3 your function returned None" in str(verdict)


def test_the_exercises_of_the_chapter():
    assert [(each.id, each.stars, each.minutes) for each in cross_attention.EXERCISES] == [
        ("cross-attention", 2, 15),
        ("padding-mask", 2, 10),
        ("alignment-found", 1, 10),
        ("values-from", 3, 15),
    ]
