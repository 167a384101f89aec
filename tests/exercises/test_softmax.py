"""Chapter "Softmax": right answers pass; every wrong one meets the hint that is meant for it."""

import math
import re
import warnings

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, softmax
from tests.exercises.judging import (
    assert_answered,
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)


def exponentials(scores, axis=-1):
    return np.exp(scores - scores.max(axis=axis, keepdims=True))


def stable(scores):
    e = exponentials(scores)
    return e / e.sum(axis=-1, keepdims=True)


def stable_loop(scores):
    rows = []
    for row in scores.tolist():
        e = [math.exp(score - max(row)) for score in row]
        rows.append([each / sum(e) for each in e])
    return rows


def naive(scores):
    e = np.exp(scores)
    return e / e.sum(axis=-1, keepdims=True)


def naive_loop(scores):
    return [[math.exp(s) / sum(math.exp(t) for t in row) for s in row] for row in scores]


def divided(values, axis=-1, keepdims=True):
    return values / values.sum(axis=axis, keepdims=keepdims)


def power(weights, temperature):
    p = weights ** (1 / temperature)
    return p / p.sum(axis=-1, keepdims=True)


def through_logarithms(weights, temperature):
    with np.errstate(divide="ignore"):
        return al.softmax(np.log(weights) / temperature)


RIGHT = [
    ("softmax-by-hand", [1 / 8, 2 / 8, 5 / 8]),
    ("softmax-by-hand", (0.13, 0.25, 0.63)),
    ("softmax-by-hand", [0.12, 0.25, 0.62]),
    ("softmax-by-hand", np.array([0.125, 0.25, 0.625], np.float32)),
    ("softmax", stable),
    ("softmax", stable_loop),
    ("softmax", al.softmax),
    ("softmax", lambda scores: (stable(scores.T.copy().T)).astype(np.float32)),
    ("softmax", lambda s: np.exp(s - np.logaddexp.reduce(s, axis=1, keepdims=True))),
    ("tempered", power),
    ("tempered", lambda w, t: divided(w ** (1 / t), None)),
    ("tempered", lambda w, t: [each ** (1 / t) / sum(v ** (1 / t) for v in w) for each in w]),
    ("tempered", lambda w, t: w.astype(np.float32) ** (1 / t) / sum(w.astype("f") ** (1 / t))),
    ("tempered", lambda w, t: iter(power(w, t))),
    ("tempered", through_logarithms),
    ("tempered", lambda w, t: power(w, t).tolist()),
    ("tempered", lambda w, t: power(w / w.max(axis=-1, keepdims=True), t)),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def keepdims_lost(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1)


def maximum_lost(scores):
    e = np.exp(scores - scores.max(axis=-1))
    return e / e.sum(axis=-1, keepdims=True)


def in_place(scores):
    scores -= scores.max(axis=-1, keepdims=True)
    return naive(scores)


def whole_maximum(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum(axis=-1, keepdims=True)


def whole_maximum_loop(scores):
    top = max(max(row) for row in scores)
    return [
        [math.exp(s - top) / sum(math.exp(t - top) for t in row) for s in row] for row in scores
    ]


def from_0(scores):
    return naive(scores - np.maximum(scores.max(axis=-1, keepdims=True), 0))


def from_0_loop(scores):
    rows = []
    for row in scores.tolist():
        top = 0
        for score in row:
            top = max(top, score)
        e = [math.exp(score - top) for score in row]
        rows.append([each / sum(e) for each in e])
    return rows


def logarithm_loop(weights, temperature):
    rows = np.atleast_2d(weights)
    powers = [[math.exp(math.log(w) / temperature) for w in row] for row in rows]
    return (np.array(powers) / np.sum(powers, axis=-1, keepdims=True)).reshape(weights.shape)


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    ("softmax-by-hand", "wrong-type", [0.125, 0.25, ...], ["a list of 3", "3 numbers"]),
    ("softmax-by-hand", "wrong-type", "1/8, 2/8, 5/8", ["the text '1/8, 2/8, 5/8'"]),
    ("softmax-by-hand", "wrong-count", [0.25, 0.75], ["(2,)", "the weight of ln 5"]),
    ("softmax-by-hand", "wrong-count", 0.125, ["()"]),
    ("softmax-by-hand", "wrong-count", [[0.125, 0.25], [0.625, 0]], ["(2, 2)"]),
    ("softmax-by-hand", "no-exponential", [0, 0.3, 0.7], ["0.300 <", "0.700 <", "weight is 0.000"]),
    ("softmax-by-hand", "hard-max", [0, 0, 1], ["1.000 <"]),
    ("softmax-by-hand", "not-divided", [1, 2, 5], ["5.000 <", "sum to 8.000"]),
    ("softmax-by-hand", "not-divided", [1, 1.99, 5.0], ["1.990 <", "7.990"]),
    ("softmax-by-hand", "even", [0.33, 0.33, 0.33], ["0.330 <"]),
    ("softmax-by-hand", "reversed", [0.625, 0.25, 0.125], ["2 of your 3", "give 0.625 to"]),
    ("softmax-by-hand", "percent", [12.5, 25, 62.5], ["62.500 <", "100.000"]),
    ("softmax-by-hand", "percent", [13, 25, 63], ["63.000 <", "101.000"]),
    ("softmax-by-hand", "not-shares", [0.125, 0.25, 0.5], ["0.500 <", "sum to 0.875", "1 of your"]),
    ("softmax-by-hand", "not-shares", [0.125, 0.25, math.nan], ["nan <"]),
    ("softmax-by-hand", "not-shares", [1e308, 1e308, 1e308], ["inf"]),
    ("softmax-by-hand", "unrecognised", [0.2, 0.3, 0.5], ["0.200 <", "sum to 1.000"]),
    ("softmax-by-hand", "unrecognised", [0.119, 0.25, 0.625], ["0.119 <", "1 of your 3"]),
    ("softmax", "wrong-axis", lambda s: stable(s.T).T, ["0.04 <", "0.09", "to 0.58;"]),
    ("softmax", "wrong-axis", lambda s: divided(np.exp(s), 0), ["0.04 <"]),
    ("softmax", "whole-matrix", lambda s: np.exp(s) / np.exp(s).sum(), ["<", "0.67"]),
    ("softmax", "keepdims", keepdims_lost, ["row fluffy", "0.31 <", "6 of 9"]),
    ("softmax", "keepdims", maximum_lost, ["<"]),
    ("softmax", "keepdims", lambda s: divided(np.exp(s), keepdims=False), ["<"]),
    ("softmax", "keepdims", lambda s: divided(np.exp(s - s.max(axis=1)), keepdims=False), ["<"]),
    (
        "softmax",
        "no-exponential",
        lambda s: s / s.sum(axis=1, keepdims=True),
        ["0.333 <", "0.245", "have 0.000 where 0.090"],
    ),
    ("softmax", "not-divided", np.exp, ["7.39 <", "11.11"]),
    ("softmax", "not-divided", exponentials, ["1.000 <", "sums to 1.50"]),
    ("softmax", "overflow", naive, ["nan <", "10000", "float64", "is 10001, in query 0"]),
    ("softmax", "overflow", naive_loop, ["OverflowError", "is 10001, in query 0"]),
    ("softmax", "overflow", lambda s: np.nan_to_num(naive(s)), ["0.00 <"]),
    ("softmax", "whole-maximum", whole_maximum, ["nan <", "in query 1, whose largest is 2"]),
    ("softmax", "whole-maximum", whole_maximum_loop, ["ZeroDivisionError", "is 2"]),
    ("softmax", "whole-maximum", lambda s: np.nan_to_num(whole_maximum(s)), ["0.00 <"]),
    ("softmax", "minimum", lambda s: naive(s - s.min(axis=-1, keepdims=True)), ["nan <", "-10000"]),
    ("softmax", "maximum-from-0", from_0, ["nan <", "largest is -9999"]),
    ("softmax", "maximum-from-0", lambda s: np.nan_to_num(from_0(s)), ["0.00 <"]),
    ("softmax", "maximum-from-0", from_0_loop, ["ZeroDivisionError"]),
    ("softmax", "raised", lambda s: s / missing, ["NameError"]),  # noqa: F821
    ("softmax", "wrong-type", lambda s: "weights", ["the text 'weights'"]),
    ("softmax", "wrong-shape", lambda s: stable(s)[0], ["(3,)", "(3, 3)"]),
    ("softmax", "not-finite", lambda s: np.log(stable(s) - 1), ["nan <"]),
    ("softmax", "changed-inputs", in_place, ["changed its input scores"]),
    ("softmax", "not-a-function", np.eye(3), ["f(scores)"]),
    ("softmax", "arguments", lambda s, axis: s, ["f(scores)"]),
    ("softmax", "unrecognised", lambda s: np.log(stable(s)), ["-2.41 <"]),
    ("softmax", "unrecognised", lambda s: stable(s) / 1.002, ["your row sums to 0.998."]),
    ("softmax", "unrecognised", lambda s: stable(np.clip(s, -500, 500)), ["0.33 <", "10001"]),
    ("tempered", "unchanged", lambda w, t: w, ["0.12 <", "0.03", "temperature 0.5"]),
    ("tempered", "unchanged", lambda w, t: divided(w / t), ["0.12 <"]),
    ("tempered", "unchanged", lambda w, t: divided(w * t), ["0.12 <"]),
    ("tempered", "divided", lambda w, t: w / t, ["sums to 2.00"]),
    ("tempered", "divided", lambda w, t: w * t, ["sums to 0.50"]),
    ("tempered", "swapped", lambda w, t: divided(w**t), ["0.48 <", "0.83", "is 0.625"]),
    ("tempered", "swapped", lambda w, t: al.softmax(np.log(w) * t), ["0.48 <"]),
    ("tempered", "not-divided", lambda w, t: w ** (1 / t), ["sums to 0.47"]),
    ("tempered", "not-divided", lambda w, t: w**t, ["sums to 1.64"]),
    ("tempered", "softmax-again", lambda w, t: al.softmax(w / t), ["0.20 <", "0.54 <"]),
    ("tempered", "softmax-again", lambda w, t: al.softmax(w, temperature=t), ["0.20 <"]),
    ("tempered", "softmax-again", lambda w, t: al.softmax(w ** (1 / t)), ["0.29 <"]),
    ("tempered", "softmax-again", lambda w, t: al.softmax(w), ["0.26 <"]),
    ("tempered", "softmax-again", lambda w, t: al.softmax(w * t), ["0.30 <"]),
    ("tempered", "rows-only", lambda w, t: divided(w ** (1 / t), 1), ["AxisError"]),
    ("tempered", "floor", lambda w, t: power(w + 1e-9, t), ["0.003 <", "temperature 4"]),
    ("tempered", "floor", lambda w, t: al.softmax(np.log(w + 1e-12) / t), ["0.000"]),
    ("tempered", "zero-weight", lambda w, t: power(w, t) * np.log(w) / np.log(w), ["nan <"]),
    ("tempered", "zero-weight", lambda w, t: divided(w * w ** (1 / t - 1)), ["nan <"]),
    ("tempered", "zero-weight", logarithm_loop, ["ValueError"]),
    ("tempered", "raised", lambda w, t: w / [], ["ValueError"]),
    ("tempered", "wrong-type", lambda w, t: {"w": w}, ["a dict of 1"]),
    ("tempered", "wrong-shape", lambda w, t: power(np.atleast_2d(w), t), ["(1, 3)", "(3,)"]),
    ("tempered", "not-finite", lambda w, t: w * math.inf, ["inf <"]),
    ("tempered", "changed-inputs", lambda w, t: w.__itruediv__(t), ["changed its input weights"]),
    ("tempered", "not-a-function", 0.5, ["f(weights, temperature)"]),
    ("tempered", "arguments", lambda w: w, ["f(weights, temperature)"]),
    ("tempered", "unrecognised", lambda w, t: power(w, t) ** 2, ["<"]),
]


@pytest.mark.parametrize(
    ("exercise", "hint", "answer", "shown"),
    WRONG,
    ids=names(WRONG),
)
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(softmax, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG)
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.exp", "keepdims=", "scores.max", "** (1 /", "axis=-1"):
        assert code not in text


def test_the_right_weights_are_not_shown_with_wrong_ones():
    text = str(check("softmax-by-hand", [0.2, 0.3, 0.5]))
    assert not re.search(r"0\.12|0\.13|0\.25|0\.62|0\.63", text)


def test_by_hand_two_decimals_are_enough_and_one_is_not():
    assert check("softmax-by-hand", [0.13, 0.25, 0.62]).solved
    assert not check("softmax-by-hand", [0.1, 0.3, 0.6])


def test_hints_quote_the_learners_own_numbers():
    assert "sums to 0.58" in check("softmax", lambda s: stable(s.T).T).hints[0]
    assert "e to the power 10001 " in check("softmax", naive).hints[0]
    assert "You take 10001 " in check("softmax", whole_maximum).hints[0]
    assert "key 0 you have 0.003" in check("tempered", lambda w, t: power(w + 1e-9, t)).hints[0]


def test_overflow_meets_no_warning_on_the_way_to_its_verdict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check("softmax", naive).hint == "overflow"
    with np.errstate(all="raise"):
        assert check("softmax", naive).hint == "overflow"


def test_single_precision_and_minus_infinity_are_among_the_inputs():
    seen = []
    check("softmax", lambda scores: seen.append(scores) or stable(scores))
    assert {scores.dtype.name for scores in seen} == {"float32", "float64"}
    assert any(np.isneginf(scores).any() for scores in seen)
    assert not any(np.isneginf(scores).all(axis=-1).any() for scores in seen)
    assert max(scores.max() for scores in seen) >= 1e4
    assert any(scores.shape[0] != scores.shape[1] for scores in seen)


def test_an_answer_right_in_double_precision_only_is_found_out():
    def careless(scores):
        return naive(scores) if scores.dtype == np.float32 else stable(scores)

    assert check("softmax", careless).hint == "not-finite"
    assert "float32" in str(check("softmax", careless))


def test_an_answer_that_minus_infinity_spoils_is_found_out():
    def careless(scores):
        return stable(np.maximum(scores, scores[np.isfinite(scores)].min()))

    verdict = check("softmax", careless)
    assert verdict.attempted and not verdict.solved and "-inf" in str(verdict)


@pytest.mark.parametrize("exercise", ["softmax", "tempered"])
def test_a_stored_answer_is_found_out(exercise):
    assert not check(exercise, lambda *inputs: np.array([1, 4, 25]) / 30)


def stub(*inputs): ...


@pytest.mark.parametrize("exercise", ["softmax", "tempered"])
@pytest.mark.parametrize("answer", [None, ..., stub, lambda *inputs: None])
def test_an_unfilled_function_is_not_attempted(exercise, answer):
    assert str(check(exercise, answer)) == f"{exercise}: not attempted yet"


@pytest.mark.parametrize("answer", [None, ..., [..., ..., ...], (None, None, None)])
def test_unfilled_numbers_are_not_attempted(answer):
    assert str(check("softmax-by-hand", answer)) == "softmax-by-hand: not attempted yet"


HOSTILE = "<script>alert(1)</script>"
BAD = [
    HOSTILE, 10**400, True, [], {}, set(), [[1], [2, 3]], [HOSTILE] * 3, np.zeros((3, 0)), object,
    np.full(3, np.nan), np.full(3, np.inf), np.zeros(3, complex), [1, 2, None], iter([1]), abs,
    [10**400] * 3, np.zeros((3, 3, 3)), np.array("a"), [1e300, -1e300, 0],
]  # fmt: skip


@pytest.mark.parametrize("exercise", ["softmax-by-hand", "softmax", "tempered"])
@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_bad_answer_and_a_bad_result_are_answered(exercise, number):
    for answer in (BAD[number], lambda *inputs: BAD[number]):
        assert_answered(check(exercise, answer))


def test_the_exercises_of_the_chapter():
    told = {each.id: (each.stars, each.minutes) for each in softmax.EXERCISES}
    assert list(told) == ["softmax-by-hand", "softmax", "tempered"]
    assert told == {"softmax-by-hand": (1, 5), "softmax": (2, 15), "tempered": (3, 15)}
    assert all(each.title for each in softmax.EXERCISES)
