"""Chapter "Values": right answers pass; every wrong one meets the hint that is meant for it."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, values
from tests.exercises.judging import (
    BAD,
    assert_answered,
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")


def delta(weights, x, w_v, w_o):
    return weights @ (x @ w_v) @ w_o


def delta_loop(weights, x, w_v, w_o):
    return [sum(w * (row @ w_v @ w_o) for w, row in zip(ws, x, strict=True)) for ws in weights]


def delta_torch(*inputs):
    weights, x, w_v, w_o = (torch.tensor(each, requires_grad=True) for each in inputs)
    return weights @ (x @ w_v) @ w_o


def barycentric(values, target):
    edges = (values[1:] - values[0]).T
    b, c = np.linalg.inv(edges) @ (target - values[0])
    return [1 - b - c, b, c]


def solved(values, target):
    return np.linalg.solve(np.vstack([values.T, np.ones(3)]), np.append(target, 1))


def areas(values, target):
    def area(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    a, b, c = values
    parts = area(target, b, c), area(a, target, c), area(a, b, target)
    return np.array(parts) / area(a, b, c)


def svd(m):
    return np.linalg.svd(m)


def low_rank(m, r):
    u, s, vt = svd(m)
    return u[:, :r] * s[:r], vt[:r]


def low_rank_on_the_right(m, r):
    u, s, vt = svd(m)
    return [(-u[:, :r]).tolist(), -(np.diag(s) @ vt)[:r]]


def low_rank_roots(m, r):
    u, s, vt = svd(m)
    return u[:, :r] @ np.diag(s[:r] ** 0.5), np.diag(s[:r] ** 0.5) @ vt[:r]


def low_rank_projected(m, r):
    directions = np.linalg.eigh(m.T @ m)[1][:, ::-1][:, :r]
    return m @ directions, directions.T


def low_rank_torch(m, r):
    u, s, vt = torch.linalg.svd(torch.tensor(m, dtype=torch.float32))
    return u[:, :r] * s[:r], vt[:r]


RIGHT = [
    ("output-by-hand", [1.1, 0.4, 1.5, 0.8]),
    ("output-by-hand", (1.1, 0.4, 1.504, 0.796)),
    ("output-by-hand", ((1.1, 0.4), (1.5, 0.8))),
    ("output-by-hand", [Fraction(11, 10), Decimal("0.4"), np.float32(1.5), torch.tensor(0.8)]),
    ("output-by-hand", [*(np.array([0.6, 0.3, 0.1]) @ [[2, 0], [0, 1], [-1, 1]]), 1.5, 0.8]),
    ("output-by-hand", torch.tensor([1.1, 0.4, 1.5, 0.8])),
    ("delta", delta),
    ("delta", delta_loop),
    ("delta", delta_torch),
    ("delta", lambda weights, x, w_v, w_o: (weights @ x @ (w_v @ w_o)).astype(np.float32)),
    ("delta", lambda weights, x, w_v, w_o: np.einsum("qk,kd,dv,vm->qm", weights, x, w_v, w_o)),
    ("weights-for-target", solved),
    ("weights-for-target", barycentric),
    ("weights-for-target", areas),
    ("weights-for-target", lambda v, t: torch.tensor(solved(v, t), requires_grad=True)),
    ("low-rank", low_rank),
    ("low-rank", low_rank_on_the_right),
    ("low-rank", low_rank_roots),
    ("low-rank", low_rank_projected),
    ("low-rank", low_rank_torch),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def in_place(weights, x, w_v, w_o):
    x += delta(weights, x, w_v, w_o)
    return x


def clipped(values, target):
    return np.maximum(solved(values, target), 0)


def scaled_rows(m, r):
    u, s, vt = svd(m)
    return (s[:, None] * u)[:, :r], vt[:r]


def sorted_in_place(values, target):
    values.sort(axis=0)
    return solved(values, target)


def by_eigenvectors(m, r):
    """The largest eigenvalues of a matrix that is not symmetric: some of them are complex."""
    eigenvalues, eigenvectors = np.linalg.eig(m)
    first = np.argsort(-np.abs(eigenvalues))[:r]
    return eigenvectors[:, first] * eigenvalues[first], np.linalg.inv(eigenvectors)[first]


def zeroed(m, r):
    m[:, r:] = 0
    return low_rank(m, r)


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    ("output-by-hand", "wrong-type", "1.1 0.4", ["4 numbers: mixed 1, mixed 2, delta 1"]),
    ("output-by-hand", "wrong-count", [1.1, 0.4], ["(2,)"]),
    ("output-by-hand", "wrong-count", [[1.1, 0.4, 1.5], [0.8, 0, 0]], ["(2, 3)"]),
    ("output-by-hand", "unweighted", [0.33, 0.67, 1, 1.33], ["begins with 0.33"]),
    ("output-by-hand", "summed", [1, 2, 3, 4], ["4 of your 4"]),
    ("output-by-hand", "strongest", [2, 0, 2, 0], ["2.00 <"]),
    ("output-by-hand", "coordinates", [0.6, 0.6, 1.2, 1.2], ["0.60 <"]),
    ("output-by-hand", "lost-sign", [1.3, 0.4, 1.7, 0.8], ["begins with 1.30"]),
    ("output-by-hand", "delta-first", [1.5, 0.8, 1.1, 0.4], ["4 of your 4"]),
    ("output-by-hand", "transposed", [1.1, 0.4, 1.1, 1.9], ["1.90 <"]),
    ("output-by-hand", "mixed-twice", [1.1, 0.4, 1.1, 0.4], ["2 of your 4"]),
    ("output-by-hand", "elementwise", [1.1, 0.4, 1.1, 0.8], ["1 of your 4"]),
    ("output-by-hand", "wrong-delta", [1.1, 0.4, 1.5, 0.9], ["delta 2 is not 0.90"]),
    ("output-by-hand", "unrecognised", [1.2, 0.4, 1.6, 0.8], ["mixed 1 is not 1.20"]),
    ("output-by-hand", "unrecognised", [np.nan, np.inf, 1e308, 0], ["nan"]),
    ("delta", "residual", lambda w, x, v, o: x + delta(w, x, v, o), ["row fluffy", "<"]),
    ("delta", "without-w-o", lambda w, x, v, o: w @ x @ v, ["the small space"]),
    ("delta", "without-values", lambda w, x, v, o: w @ x, ["<"]),
    ("delta", "without-values", lambda w, x, v, o: w @ x @ o, ["<"]),
    ("delta", "weights-transposed", lambda w, x, v, o: w.T @ x @ v @ o, ["3 queries and 3 keys"]),
    ("delta", "swapped", lambda w, x, v, o: w @ x @ o @ v, ["<"]),
    ("delta", "maps-transposed", lambda w, x, v, o: w @ x @ v.T @ o, ["<"]),
    ("delta", "maps-transposed", lambda w, x, v, o: w @ x @ v @ o.T, ["<"]),
    ("delta", "maps-transposed", lambda w, x, v, o: w @ x @ v.T @ o.T, ["<"]),
    ("delta", "unweighted", lambda w, x, v, o: delta(w * 0 + 1 / len(x), x, v, o), ["<"]),
    ("delta", "without-weights", lambda w, x, v, o: x @ v @ o, ["<"]),
    ("delta", "softmax-again", lambda w, x, v, o: delta(al.softmax(w), x, v, o), ["<"]),
    ("delta", "raised", lambda w, x, v, o: w @ missing, ["NameError"]),  # noqa: F821
    ("delta", "wrong-type", lambda w, x, v, o: "delta", ["the text 'delta'"]),
    ("delta", "wrong-shape", lambda w, x, v, o: delta(w, x, v, o)[0], ["(2,)", "(3, 2)"]),
    ("delta", "not-finite", lambda w, x, v, o: delta(w, x, v, o) / 0, ["inf"]),
    ("delta", "changed-inputs", in_place, ["changed its input x"]),
    ("delta", "not-a-function", np.eye(3), ["f(weights, x, w_v, w_o)"]),
    ("delta", "arguments", lambda weights, x: x, ["f(weights, x, w_v, w_o)"]),
    ("delta", "unrecognised", lambda w, x, v, o: -delta(w, x, v, o), ["<"]),
    (
        "weights-for-target",
        "without-sum",
        lambda v, t: np.linalg.lstsq(v.T, t, rcond=None)[0],
        ["they sum to"],
    ),
    ("weights-for-target", "without-sum", lambda v, t: np.linalg.pinv(v.T) @ t, ["<"]),
    (
        "weights-for-target",
        "sum-zero",
        lambda v, t: np.linalg.solve(np.vstack([v.T, np.ones(3)]), np.append(t, 0)),
        ["sum to 0.00"],
    ),
    ("weights-for-target", "clipped", clipped, ["outside the triangle"]),
    ("weights-for-target", "clipped", lambda v, t: clipped(v, t) / clipped(v, t).sum(), ["<"]),
    ("weights-for-target", "absolute", lambda v, t: abs(solved(v, t)), ["<"]),
    (
        "weights-for-target",
        "absolute",
        lambda v, t: abs(solved(v, t)) / abs(solved(v, t)).sum(),
        ["<"],
    ),
    ("weights-for-target", "softmax", lambda v, t: al.softmax(v @ t), ["<"]),
    ("weights-for-target", "softmax", lambda v, t: al.softmax(v @ t / 2**0.5), ["<"]),
    ("weights-for-target", "softmax", lambda v, t: al.softmax(solved(v, t)), ["<"]),
    (
        "weights-for-target",
        "softmax",
        lambda v, t: al.softmax(-np.linalg.norm(v - t, axis=1)),
        ["<"],
    ),
    ("weights-for-target", "dot-products", lambda v, t: v @ t, ["<"]),
    ("weights-for-target", "even", lambda v, t: [1 / 3] * 3, ["0.33"]),
    (
        "weights-for-target",
        "equations-transposed",
        lambda v, t: np.linalg.solve(np.column_stack([v, np.ones(3)]), np.append(t, 1)),
        ["<"],
    ),
    ("weights-for-target", "order", lambda v, t: solved(v, t)[::-1], ["value 1 needs 0.60"]),
    ("weights-for-target", "order", lambda v, t: np.sort(solved(v, t)), ["<"]),
    ("weights-for-target", "raised", lambda v, t: np.linalg.solve(v, t), ["LinAlgError"]),
    ("weights-for-target", "wrong-type", lambda v, t: "?", ["the text"]),
    ("weights-for-target", "wrong-shape", lambda v, t: solved(v, t)[:, None], ["(3, 1)", "(3,)"]),
    ("weights-for-target", "not-finite", lambda v, t: solved(v, t) * np.nan, ["nan <"]),
    ("weights-for-target", "changed-inputs", sorted_in_place, ["changed its input values"]),
    ("weights-for-target", "not-a-function", [1, 0, 0], ["f(values, target)"]),
    ("weights-for-target", "arguments", lambda v: v, ["f(values, target)"]),
    ("weights-for-target", "unrecognised", lambda v, t: -solved(v, t), ["sum to -1.00"]),
    ("weights-for-target", "unrecognised", lambda v, t: solved(v, t) + 1e-3, ["sum to 1.003)"]),
    ("low-rank", "full", lambda m, r: (m, np.eye(len(m))), ["allows 1", "3 numbers a token"]),
    ("low-rank", "full", lambda m, r: (np.eye(len(m)), m), ["allows 1"]),
    ("low-rank", "full", lambda m, r: low_rank(m, len(m)), ["allows 1"]),
    ("low-rank", "complex", by_eigenvectors, ["eigenvalues"]),
    ("low-rank", "swapped", lambda m, r: low_rank(m, r)[::-1], ["(1, 3) and (3, 1)"]),
    ("low-rank", "another-rank", lambda m, r: low_rank(m, r + 1), ["(3, 2) and (2, 3)"]),
    ("low-rank", "another-rank", lambda m, r: low_rank(m, max(r - 1, 1)), ["(3, 1) and (1, 3)"]),
    ("low-rank", "first-columns", lambda m, r: (m[:, :r], m[:r]), ["10.00 is possible"]),
    ("low-rank", "first-columns", lambda m, r: (m[:, :r], np.eye(len(m))[:r]), ["<"]),
    ("low-rank", "first-columns", lambda m, r: (np.eye(len(m))[:, :r], m[:r]), ["<"]),
    (
        "low-rank",
        "smallest",
        lambda m, r: (svd(m)[0][:, -r:] * svd(m)[1][-r:], svd(m)[2][-r:]),
        ["misses 45.00, and 10.00"],
    ),
    (
        "low-rank",
        "transposed",
        lambda m, r: (svd(m)[0][:, :r] * svd(m)[1][:r], svd(m)[2].T[:r]),
        ["<"],
    ),
    ("low-rank", "without-singular-values", lambda m, r: (svd(m)[0][:, :r], svd(m)[2][:r]), ["<"]),
    (
        "low-rank",
        "twice",
        lambda m, r: (low_rank(m, r)[0], np.diag(svd(m)[1][:r]) @ svd(m)[2][:r]),
        ["<"],
    ),
    ("low-rank", "scaled-rows", scaled_rows, ["<"]),
    ("low-rank", "raised", lambda m, r: svd(m[0]), ["LinAlgError"]),
    ("low-rank", "wrong-type", lambda m, r: m, ["(value_down, value_up)", "(3, 1) and (1, 3)"]),
    ("low-rank", "wrong-type", lambda m, r: np.matmul(*low_rank(m, r)), ["(3, 3)"]),
    ("low-rank", "wrong-type", lambda m, r: tuple(svd(m)), ["a tuple of 3"]),
    ("low-rank", "wrong-shape", lambda m, r: (low_rank(m, r)[0], m), ["a tuple of 2", "(3, 1)"]),
    ("low-rank", "wrong-shape", lambda m, r: ([1, 2], [[3]]), ["a tuple of 2"]),
    (
        "low-rank",
        "not-finite",
        lambda m, r: (low_rank(m, r)[0] * np.nan, low_rank(m, r)[1]),
        ["nan"],
    ),
    ("low-rank", "changed-inputs", zeroed, ["changed its input m"]),
    ("low-rank", "not-a-function", (np.eye(3), np.eye(3)), ["f(m, r)"]),
    ("low-rank", "arguments", lambda m: m, ["f(m, r)"]),
    ("low-rank", "unrecognised", lambda m, r: (np.ones((len(m), r)), np.ones((r, len(m)))), ["<"]),
]


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(values, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.", "@", "[:", "linalg.solve"):
        assert code not in text.replace("`np.linalg.svd`", "").replace("`np.empty`", "")


def test_the_right_numbers_are_not_shown_with_wrong_ones():
    text = str(check("output-by-hand", [9, 9, 9, 9]))
    for right in ("1.10", "0.40", "1.50", "0.80"):
        assert right not in text


def test_targets_inside_and_outside_are_among_the_inputs():
    seen = []
    check("weights-for-target", lambda v, t: seen.append(solved(v, t)) or seen[-1])
    lowest = np.array([weights.min() for weights in seen])
    assert (lowest > 0.05).any() and (lowest < -0.05).any()


def test_the_best_product_of_a_low_rank_is_unique_on_every_input():
    for case in values.low_rank_cases():
        m, r = case.inputs
        s = np.append(np.linalg.svd(m)[1], 0)
        assert s[r - 1] > 1.05 * s[r] or s[r] < 1e-9


def test_a_solution_by_the_eigenvectors_of_m_is_found_out():
    def eigen(m, r):
        symmetric = (m + m.T) / 2
        vectors = np.linalg.eigh(symmetric)[1][:, -r:]
        return m @ vectors, vectors.T

    assert not check("low-rank", eigen)


@pytest.mark.parametrize("exercise", ["delta", "weights-for-target", "low-rank"])
@pytest.mark.parametrize("answer", [None, ..., lambda *inputs: ..., lambda *inputs: (..., ...)])
def test_an_unfilled_function_is_not_attempted(exercise, answer):
    assert str(check(exercise, answer)) == f"{exercise}: not attempted yet"


def test_unfilled_numbers_are_not_attempted():
    assert str(check("output-by-hand", [..., ..., ..., ...])) == "output-by-hand: not attempted yet"


@pytest.mark.parametrize("exercise", [each.id for each in values.EXERCISES])
@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_bad_answer_and_a_bad_result_are_answered(exercise, number):
    for answer in (BAD[number], lambda *inputs: BAD[number]):
        assert_answered(check(exercise, answer))


def test_the_exercises_of_the_chapter():
    assert [(each.id, each.stars, each.minutes) for each in values.EXERCISES] == [
        ("output-by-hand", 1, 5),
        ("delta", 1, 10),
        ("weights-for-target", 3, 15),
        ("low-rank", 2, 15),
    ]
