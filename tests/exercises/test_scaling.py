"""Chapter "Scaling": right answers pass; every wrong one meets the hint that is meant for it."""

import math
import re
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, scaling
from attnlib.exercises.scaling import suspects
from tests.exercises.judging import (
    assert_answered,
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

CORRECT, D_MODEL, UNSCALED = "c", "a", "b"


def named(correct, d_model, unscaled):
    return {"correct": correct, "d_model": d_model, "unscaled": unscaled}


def scaled(q, k):
    return q @ k.T / np.sqrt(q.shape[-1])


def scaled_loop(q, k):
    return [[sum(a * b for a, b in zip(x, y, strict=True)) / len(x) ** 0.5 for y in k] for x in q]


RIGHT = [
    ("variance", lambda d, v, w: d * v * w),
    ("variance", lambda d, v, w: np.float32(d * v * w)),
    ("variance", lambda d, v, w: sum(v * w for _ in range(d))),
    ("variance", lambda d, v, w: Fraction(d) * Fraction(v) * Fraction(w)),
    ("variance", lambda d_head, variance_q, variance_k: np.array(d_head * variance_q * variance_k)),
    ("scaled-scores", scaled),
    ("scaled-scores", scaled_loop),
    ("scaled-scores", al.scores),
    ("scaled-scores", lambda q, k: q / np.sqrt(q.shape[-1]) @ k.T),
    ("scaled-scores", lambda q, k: q @ (k / np.sqrt(k.shape[-1])).T),
    ("scaled-scores", lambda q, k: q / q.shape[1] ** 0.25 @ (k / q.shape[1] ** 0.25).T),
    ("scaled-scores", lambda q, k: (q @ k.T * q.shape[-1] ** -0.5).astype(np.float32)),
    ("which-scale", named(CORRECT, D_MODEL, UNSCALED)),
    ("which-scale", dict(unscaled=UNSCALED, correct=CORRECT, d_model=np.str_(D_MODEL))),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def simulated(d_head, variance_q, variance_k, n=3_000):
    rng = np.random.default_rng(0)
    q = rng.normal(0, variance_q**0.5, (n, d_head))
    k = rng.normal(0, variance_k**0.5, (n, d_head))
    return (q * k).sum(axis=-1).var()


def in_place(q, k):
    q /= np.sqrt(q.shape[-1])
    return q @ k.T


def divided(divisor):
    return lambda q, k: q @ k.T / divisor(q, k)


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    ("variance", "standard-deviation", lambda d, v, w: (d * v * w) ** 0.5, ["4.90 <", "24"]),
    ("variance", "without-d-head", lambda d, v, w: v * w, ["6 <", "adds up 4 of them"]),
    ("variance", "d-head-squared", lambda d, v, w: d * d * v * w, ["96 <", "by the factor 4"]),
    ("variance", "summed", lambda d, v, w: d * (v + w), ["20 <", "variances 2 and 3"]),
    ("variance", "summed", lambda d, v, w: v + w, ["5 <"]),
    ("variance", "divided", lambda d, v, w: v * w / d, ["1.50 <", "mean of 4 products"]),
    ("variance", "squared-variances", lambda d, v, w: d * v**2 * w**2, ["144 <", "24"]),
    ("variance", "roots", lambda d, v, w: d * v**0.5 * w**0.5, ["9.80 <", "2 and 3"]),
    ("variance", "rounded", lambda d, v, w: int(d * v * w), ["is 32.80, rounded"]),
    ("variance", "rounded", lambda d, v, w: round(d * v * w), ["rounded"]),
    ("variance", "rounded", lambda d, v, w: round(d * v * w, 1), ["rounded"]),
    ("variance", "simulated", simulated, ["is near 24.00, but not equal"]),
    ("variance", "raised", lambda d, v, w: v.shape, ["AttributeError"]),
    ("variance", "wrong-type", lambda d, v, w: "24", ["the text '24'", "one number"]),
    ("variance", "wrong-shape", lambda d, v, w: [d * v * w], ["a list of 1", "(1,)"]),
    ("variance", "not-finite", lambda d, v, w: np.inf, ["inf <", "24"]),
    ("variance", "not-a-function", 24, ["the number 24", "f(d_head, variance_q, variance_k)"]),
    ("variance", "arguments", lambda d: d, ["f(d_head, variance_q, variance_k)"]),
    ("variance", "unrecognised", lambda d, v, w: 2 * d * v * w, ["48 <", "24"]),
    (
        "scaled-scores",
        "unscaled",
        lambda q, k: q @ k.T,
        ["4.00 <", "2.31", "have 4.00: the dot product"],
    ),
    ("scaled-scores", "by-d-head", divided(lambda q, k: q.shape[-1]), ["d_head = 3"]),
    ("scaled-scores", "by-d-head", lambda q, k: scaled(q, k) / q.shape[-1] ** 0.5, ["1.33 <"]),
    ("scaled-scores", "by-n-keys", divided(lambda q, k: len(k) ** 0.5), ["root of 4"]),
    ("scaled-scores", "by-n-queries", divided(lambda q, k: len(q) ** 0.5), ["root of 2"]),
    ("scaled-scores", "multiplied", divided(lambda q, k: q.shape[-1] ** -0.5), ["6.93 <", "2.31"]),
    (
        "scaled-scores",
        "precedence",
        lambda q, k: q @ k.T / q.shape[-1] ** 1 / 2,
        ["0.67 <", "d_head = 3"],
    ),
    (
        "scaled-scores",
        "precedence",
        divided(lambda q, k: q.shape[-1] ** 1 / 2),
        ["2.67 <", "d_head = 3"],
    ),
    ("scaled-scores", "fixed", divided(lambda q, k: 8), ["Here d_head is 3"]),
    ("scaled-scores", "fixed", divided(lambda q, k: 512**0.5), ["Here d_head is 3"]),
    ("scaled-scores", "whole-root", divided(lambda q, k: math.isqrt(q.shape[1])), ["d_head = 3"]),
    ("scaled-scores", "whole-root", divided(lambda q, k: round(q.shape[1] ** 0.5)), ["d_head = 3"]),
    ("scaled-scores", "softmax", lambda q, k: al.softmax(scaled(q, k)), ["<"]),
    ("scaled-scores", "softmax", lambda q, k: al.softmax(q @ k.T), ["<"]),
    ("scaled-scores", "transposed", lambda q, k: scaled(q, k).T, ["(4, 2)", "(2, 4)"]),
    ("scaled-scores", "raised", lambda q, k: q @ k, ["ValueError: matmul"]),
    ("scaled-scores", "wrong-type", lambda q, k: abs, ["(2, 4)"]),
    ("scaled-scores", "wrong-shape", lambda q, k: q, ["(2, 3)", "(2, 4)"]),
    ("scaled-scores", "not-finite", divided(lambda q, k: 0), ["inf"]),
    ("scaled-scores", "changed-inputs", in_place, ["changed its input q"]),
    ("scaled-scores", "not-a-function", np.ones((2, 3)), ["f(q, k)"]),
    ("scaled-scores", "arguments", lambda q, k, d_head: q, ["f(q, k)"]),
    ("scaled-scores", "unrecognised", lambda q, k: -scaled(q, k), ["-2.31 <"]),
    ("which-scale", "wrong-type", ("c", "a", "b"), ["a tuple of 3"]),
    ("which-scale", "reversed", {"a": "d_model", "b": "unscaled", "c": "correct"}, ["letters for"]),
    ("which-scale", "wrong-names", {"correct": "c", "d_model": "a"}, ["for unscaled"]),
    ("which-scale", "wrong-names", {}, ["for correct and d_model and unscaled"]),
    ("which-scale", "wrong-names", named("c", "a", "b") | {"d": "d"}, ["extra name", "'d'"]),
    ("which-scale", "wrong-names", {"correct": "c", "d-model": "a", "unscaled": "b"}, ["d_model."]),
    ("which-scale", "unknown-suspect", named("c", "a", "B"), ["the text 'B'", "a, b, c"]),
    ("which-scale", "unknown-suspect", named("c", ..., "b"), ["`...`"]),
    ("which-scale", "unknown-suspect", named(*suspects().values()), ["a function"]),
    ("which-scale", "same-suspect", named("c", "a", "a"), ["c, a, a"]),
    ("which-scale", "too-sharp", named(UNSCALED, D_MODEL, CORRECT), ["You call b", "0.987"]),
    ("which-scale", "too-even", named(D_MODEL, CORRECT, UNSCALED), ["You call a", "0.016"]),
    ("which-scale", "opposites", named(CORRECT, UNSCALED, D_MODEL), ["c is the correct", "0.560"]),
    ("which-scale", "all-wrong", named(D_MODEL, UNSCALED, CORRECT), ["0.021", "0.049", "None of"]),
    ("which-scale", "all-wrong", named(UNSCALED, CORRECT, D_MODEL), ["0.560", "0.987"]),
]


@pytest.mark.parametrize(
    ("exercise", "hint", "answer", "shown"),
    WRONG,
    ids=names(WRONG),
)
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(scaling, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG)
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.sqrt", "** 0.5", "q @ k", "d_head * ", "suspects()"):
        assert code not in text


# --- the suspects


def test_each_suspect_does_what_its_name_in_the_answer_says():
    rng = np.random.default_rng(1)
    q, k = rng.normal(size=(5, 64)), rng.normal(size=(7, 64))
    heads = suspects()
    for letter, divisor in ((CORRECT, 8.0), (D_MODEL, 768**0.5), (UNSCALED, 1.0)):
        expected = al.softmax(q @ k.T / divisor)
        np.testing.assert_allclose(heads[letter](q, k, 768), expected, rtol=1e-12)
    np.testing.assert_allclose(heads[D_MODEL](q, k, 100), al.softmax(q @ k.T / 10), rtol=1e-12)


def test_the_suspects_cannot_be_told_apart_without_measuring():
    heads = suspects()
    assert list(heads) == sorted(heads) == ["a", "b", "c"]
    for look in (
        lambda f: re.sub("0x[0-9a-f]+", "", repr(f)),
        lambda f: (f.__name__, f.__qualname__, f.__doc__, f.__module__),
        lambda f: (f.__code__.co_code, f.__code__.co_consts, f.__code__.co_names),
        lambda f: [re.sub("0x[0-9a-f]+", "", repr(cell.cell_contents)) for cell in f.__closure__],
    ):
        seen = [look(f) for f in heads.values()]
        assert seen[0] == seen[1] == seen[2]


def test_a_measurement_that_a_reader_might_make_finds_the_answer():
    rng = np.random.default_rng(2)

    def top(weights, d_head):
        q, k = rng.normal(size=(300, d_head)), rng.normal(size=(64, d_head))
        return np.median(weights(q, k, 768).max(axis=-1))

    tops = {name: (top(f, 16), top(f, 256)) for name, f in suspects().items()}
    answer = {
        "correct": min(tops, key=lambda name: abs(tops[name][1] / tops[name][0] - 1)),
        "d_model": min(tops, key=lambda name: tops[name][0]),
        "unscaled": max(tops, key=lambda name: tops[name][1]),
    }
    assert check("which-scale", answer).solved


def test_a_wrong_answer_is_shown_what_was_measured_and_not_which_is_which():
    text = check("which-scale", named(*"abc")).drawings[0].text()
    rows = [line.split() for line in text.splitlines()[1:]]
    assert rows[0] == ["d_head", "16", "d_head", "256"]
    assert [row[0] for row in rows[1:]] == ["a", "b", "c"]
    measured = {row[0]: (float(row[1]), float(row[2])) for row in rows[1:]}
    even = 1 / 64
    assert even < measured[D_MODEL][0] < 2 * even and measured[D_MODEL][1] > 2 * measured["a"][0]
    assert measured[UNSCALED][0] == pytest.approx(0.56, abs=0.05) and measured[UNSCALED][1] > 0.95
    assert measured[CORRECT] == pytest.approx((0.1, 0.1), abs=0.02)
    assert "<" not in text and not re.search("correct|unscaled", text)


def test_a_table_is_not_given_away_for_an_answer_of_the_wrong_form():
    for answer in ({}, "c", named("a", "a", "a"), named("c", "a", ...)):
        assert check("which-scale", answer).drawings == ()


def test_every_order_but_one_is_wrong():
    solved = [letters for letters in permutations("abc") if check("which-scale", named(*letters))]
    assert solved == [(CORRECT, D_MODEL, UNSCALED)]


# --- not solved by luck


def test_an_answer_right_for_unit_variances_only_is_found_out():
    assert not check("variance", lambda d, v, w: d)
    assert not check("variance", lambda d, v, w: 24.0)


def test_a_number_that_is_near_by_coincidence_is_not_taken_for_a_measurement():
    assert check("variance", lambda d, v, w: 25).hint == "unrecognised"
    assert check("variance", lambda d, v, w: d * v * w + 0.5).hint == "unrecognised"


def test_a_simulation_is_not_taken_for_the_exact_number():
    assert not check("variance", lambda d, v, w: d * v * w * 1.001)


def test_an_answer_right_for_one_d_head_only_is_found_out():
    verdict = check("scaled-scores", divided(lambda q, k: 3**0.5))
    assert verdict.hint == "unrecognised" and "d_head is 2 here" in verdict.hints[0]


# --- stubs and bad answers


def stub(*inputs): ...


@pytest.mark.parametrize("exercise", ["variance", "scaled-scores"])
@pytest.mark.parametrize("answer", [None, ..., stub, lambda *inputs: None])
def test_an_unfilled_function_is_not_attempted(exercise, answer):
    assert str(check(exercise, answer)) == f"{exercise}: not attempted yet"


@pytest.mark.parametrize("answer", [None, ..., named(..., ..., ...), named(None, None, None)])
def test_unfilled_names_are_not_attempted(answer):
    assert str(check("which-scale", answer)) == "which-scale: not attempted yet"


HOSTILE = "<script>alert(1)</script>"
BAD = [HOSTILE, 10**400, True, [], {}, set(), [[1], [2, 3]], np.zeros((2, 0)),
       np.full((2, 3), np.nan), np.zeros((2, 3), complex), object, iter([1]), abs,
       np.array("a"), 1e300, {1: {}}, {(): 1},
       named(HOSTILE, HOSTILE, HOSTILE), named([], {}, set()), named(*np.eye(3)), {HOSTILE: "a"},
       named("c", "a", "b") | {HOSTILE: ...}, np.full((2, 3), 1e300), named(1, 2, 3)]  # fmt: skip


@pytest.mark.parametrize("exercise", ["variance", "scaled-scores", "which-scale"])
@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_bad_answer_and_a_bad_result_are_answered(exercise, number):
    for answer in (BAD[number], lambda *inputs: BAD[number]):
        assert_answered(check(exercise, answer))


def test_the_exercises_of_the_chapter():
    told = {each.id: (each.stars, each.minutes) for each in scaling.EXERCISES}
    assert list(told) == ["variance", "scaled-scores", "which-scale"]
    assert told == {"variance": (2, 10), "scaled-scores": (1, 5), "which-scale": (2, 15)}
    assert all(each.title for each in scaling.EXERCISES)
