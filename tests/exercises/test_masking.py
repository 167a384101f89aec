"""Chapter "Masking": right answers pass; every wrong one meets the hint that is meant for it."""

import math
import re
from itertools import product

import numpy as np
import pytest

import attnlib as al
from attnlib import bugs, world
from attnlib.exercises import check, masking
from attnlib.exercises.masking import suspects
from tests.exercises.judging import (
    BAD,
    HOSTILE,
    assert_answered,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")

KEY = {"a": "after", "b": "d_model", "c": "half"}
PHRASE = world.PHRASES.tokenize(world.PHRASES.sentences["The fluffy blue creature"])
X = world.PHRASES.embed(PHRASE)
HEAD = world.PHRASES.head("nouns look for adjectives")


def causal(n_queries, n_keys):
    return np.arange(n_keys) <= np.arange(n_queries)[:, None] + n_keys - n_queries


def causal_loop(n_queries, n_keys):
    late = n_keys - n_queries
    return [[key <= query + late for key in range(n_keys)] for query in range(n_queries)]


def masked(scores, keep):
    hidden = np.where(keep, scores, -np.inf)
    top = hidden.max(axis=-1, keepdims=True)
    e = np.exp(hidden - np.where(np.isfinite(top), top, 0))
    return e / np.where(e.sum(axis=-1, keepdims=True) == 0, 1, e.sum(axis=-1, keepdims=True))


def masked_by_nan(scores, keep):
    return np.nan_to_num(al.softmax(np.where(keep, scores, -np.inf)))


def masked_loop(scores, keep):
    rows = []
    for row, seen in zip(scores, keep, strict=True):
        top = max((s for s, k in zip(row, seen, strict=True) if k), default=0)
        e = [math.exp(s - top) if k else 0.0 for s, k in zip(row, seen, strict=True)]
        rows.append([each / (sum(e) or 1) for each in e])
    return rows


def masked_torch(scores, keep):
    hidden = torch.tensor(scores).masked_fill(~torch.tensor(keep), -torch.inf)
    return torch.softmax(hidden, dim=-1).nan_to_num()


def masked_with_low_scores(scores, keep):
    weights = al.softmax(np.where(keep, scores, -1e9))
    return weights * keep


RIGHT = [
    ("causal-mask", causal),
    ("causal-mask", causal_loop),
    ("causal-mask", al.causal_mask),
    ("causal-mask", lambda q, k: np.tri(q, k, k - q, dtype=bool)),
    ("causal-mask", lambda q, k: np.tri(k, dtype=bool)[-q:]),
    ("causal-mask", lambda q, k: causal(q, k).astype(object)),
    ("causal-mask", lambda q, k: tuple(map(tuple, causal(q, k)))),
    ("causal-mask", lambda q, k: (row for row in causal(q, k).tolist())),
    ("causal-mask", lambda q, k: torch.ones(q, k, dtype=torch.bool).tril(k - q)),
    ("masked-weights", masked),
    ("masked-weights", masked_by_nan),
    ("masked-weights", masked_loop),
    ("masked-weights", masked_torch),
    ("masked-weights", masked_with_low_scores),
    ("masked-weights", lambda scores, keep: masked(scores, keep).astype(np.float32)),
    ("leak", lambda weights, keep: (weights * ~keep).sum(axis=-1)),
    ("leak", lambda weights, keep: weights.sum(-1) - (weights * keep).sum(-1)),
    ("leak", lambda weights, keep: [w[~k].sum() for w, k in zip(weights, keep, strict=True)]),
    ("leak", lambda weights, keep: torch.tensor(weights * ~keep).sum(dim=-1)),
    ("three-bugs", KEY),
    ("three-bugs", dict(c=np.str_("half"), a="after", b="d_model")),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def softmax(scores, axis=-1):
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def powers_of_hidden(mended):
    def answer(scores, keep):
        top = np.array(
            [row[seen].max(initial=-np.inf) for row, seen in zip(scores, keep, strict=True)]
        )
        powers = np.exp(scores - np.where(np.isfinite(top), top, 0)[:, None]) * keep
        total = powers.sum(-1, keepdims=True)
        return mended(powers / np.where(total == 0, 1, total))

    return answer


def low(number):
    return lambda scores, keep: softmax(np.where(keep, scores, number))


def naive(scores, keep):
    e = np.exp(scores) * keep
    return e / np.where(e.sum(-1, keepdims=True) == 0, 1, e.sum(-1, keepdims=True))


def naive_loop(scores, keep):
    rows = []
    for row, seen in zip(scores, keep, strict=True):
        e = [math.exp(s) if k else 0.0 for s, k in zip(row, seen, strict=True)]
        rows.append([each / (sum(e) or 1) for each in e])
    return rows


def below_hidden(scores, keep):
    e = np.exp(scores - scores.max(-1, keepdims=True)) * keep
    return np.nan_to_num(e / e.sum(-1, keepdims=True))


def added(number):
    """A penalty added to hidden scores, empty rows seen to."""
    return lambda scores, keep: (
        softmax(scores + np.where(keep, 0, number)) * keep.any(axis=-1, keepdims=True)
    )


def from_whole(maximum):
    """The weights with `maximum(scores, keep)` taken from all scores, NaN made 0."""

    def wrong(scores, keep):
        e = np.where(keep, np.exp(scores - maximum(scores, keep)), 0)
        return np.nan_to_num(e / e.sum(axis=-1, keepdims=True))

    return wrong


def largest_seen(scores, keep):
    return scores.max(where=keep, initial=-np.inf)


def from_0(scores, keep):
    """The largest that is seen, found by a search that begins at 0."""
    return np.where(keep, scores, 0).max(axis=-1, keepdims=True, initial=0)


def in_place(scores, keep):
    scores[~keep] = -np.inf
    return masked(scores, keep)


def switched_in_place(weights, keep):
    weights[keep] = 0
    return weights.sum(axis=-1)


def named(a="after", b="d_model", c="half"):
    return {"a": a, "b": b, "c": c}


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    ("causal-mask", "inverted", lambda q, k: ~causal(q, k), ["other way round", "False <"]),
    ("causal-mask", "inverted", lambda q, k: np.triu(np.ones((q, k), bool), 1), ["other"]),
    (
        "causal-mask",
        "strictly-before",
        lambda q, k: np.tri(q, k, k - q - 1, dtype=bool),
        ["row fluffy, column fluffy"],
    ),
    ("causal-mask", "upper", lambda q, k: np.triu(np.ones((q, k), bool)), ["column blue"]),
    ("causal-mask", "everything", lambda q, k: np.ones((q, k), bool), ["fluffy may look at blue"]),
    ("causal-mask", "top-left", lambda q, k: np.tri(q, k, dtype=bool), ["2 queries come with 4"]),
    ("causal-mask", "off-by-one", lambda q, k: np.tri(q, k, k - q + 1, dtype=bool), ["True <"]),
    ("causal-mask", "square", lambda q, k: np.tri(q, dtype=bool), ["(2, 2)"]),
    ("causal-mask", "square", lambda q, k: np.tri(k, dtype=bool), ["(4, 4)"]),
    ("causal-mask", "swapped", lambda q, k: np.tri(k, q, dtype=bool), ["(4, 2)"]),
    ("causal-mask", "raised", lambda q, k: np.tri(q, k)[k], ["IndexError"]),
    ("causal-mask", "wrong-type", lambda q, k: np.tri(q, k), ["type float64", "a boolean array"]),
    ("causal-mask", "wrong-type", lambda q, k: causal(q, k).astype(int), ["may attend"]),
    (
        "causal-mask",
        "wrong-type",
        lambda q, k: causal(q, k).astype(int).astype(object),
        ["type object"],
    ),
    ("causal-mask", "wrong-type", lambda q, k: np.where(causal(q, k), 0, -np.inf), ["infinity"]),
    ("causal-mask", "wrong-shape", lambda q, k: causal(q, k)[0], ["(3,)", "(3, 3)"]),
    ("causal-mask", "not-a-function", np.tri(3, dtype=bool), ["f(n_queries, n_keys)"]),
    ("causal-mask", "arguments", lambda n: np.tri(n), ["f(n_queries, n_keys)"]),
    ("causal-mask", "unrecognised", lambda q, k: np.eye(q, k, dtype=bool), ["False <"]),
    ("masked-weights", "unmasked", lambda s, keep: softmax(s), ["row fluffy", "<"]),
    ("masked-weights", "zero-before", low(0), ["<"]),
    ("masked-weights", "zero-before", lambda s, keep: softmax(s * keep), ["<"]),
    ("masked-weights", "after", lambda s, keep: softmax(s) * keep, ["sums to 0.04"]),
    ("masked-weights", "inverted", lambda s, keep: masked(s, ~keep), ["<"]),
    ("masked-weights", "inverted", lambda s, keep: low(-np.inf)(s, ~keep), ["<"]),
    ("masked-weights", "wrong-axis", lambda s, keep: masked(s.T, keep.T).T, ["sums to"]),
    ("masked-weights", "empty-nan", low(-np.inf), ["except for query 1", "nan <"]),
    ("masked-weights", "empty-row-filled", low(-1e9), ["except for query 1", "0.33 <"]),
    ("masked-weights", "empty-row-filled", low(np.finfo(float).min), ["query 1"]),
    (
        "masked-weights",
        "empty-row-filled",
        lambda s, keep: softmax(s + np.where(keep, 0, -1e9)),
        ["query 1"],
    ),
    ("masked-weights", "hidden-maximum", below_hidden, ["score of 10003 is the largest"]),
    ("masked-weights", "hidden-overflow", powers_of_hidden(lambda w: w), ["infinity times 0"]),
    (
        "masked-weights",
        "hidden-overflow",
        powers_of_hidden(np.nan_to_num),
        ["score of 10003 is far"],
    ),
    ("masked-weights", "overflow", naive, ["The largest score here is 10000"]),
    ("masked-weights", "overflow", naive_loop, ["OverflowError", "is 10000"]),
    ("masked-weights", "overflow", lambda s, keep: np.nan_to_num(naive(s, keep)), ["0.00 <"]),
    ("masked-weights", "leak", added(-10.0), ["<"]),
    ("masked-weights", "leak", added(-1e4), ["<"]),
    ("masked-weights", "whole-maximum", from_whole(lambda s, keep: s.max()), ["row query 0", "<"]),
    (
        "masked-weights",
        "whole-maximum",
        from_whole(lambda s, keep: s.max(where=keep, initial=-np.inf)),
        ["<"],
    ),
    ("masked-weights", "maximum-from-0", from_whole(from_0), ["of the largest of them"[3:], "<"]),
    ("masked-weights", "low-fill", lambda s, keep: low(-1e4)(s, keep) * keep, ["0.25 <", "0.50"]),
    ("masked-weights", "low-fill", lambda s, keep: added(-1e4)(s, keep) * keep, ["<"]),
    ("masked-weights", "low-fill", lambda s, keep: added(-2e4)(s, keep) * keep, ["0.33 <", "0.50"]),
    ("masked-weights", "raised", lambda s, keep: s[:, keep], ["IndexError"]),
    ("masked-weights", "wrong-type", lambda s, keep: "weights", ["the text"]),
    (
        "masked-weights",
        "wrong-type",
        lambda s, keep: np.ma.masked_array(masked(s, keep), ~keep),
        ["a masked array of shape (3, 3)"],
    ),
    ("masked-weights", "wrong-shape", lambda s, keep: s[keep], ["(6,)", "(3, 3)"]),
    ("masked-weights", "not-finite", lambda s, keep: np.log(masked(s, keep)), ["-inf <"]),
    ("masked-weights", "changed-inputs", in_place, ["changed its input scores"]),
    ("masked-weights", "not-a-function", np.eye(3), ["f(scores, keep)"]),
    ("masked-weights", "arguments", lambda scores: scores, ["f(scores, keep)"]),
    ("masked-weights", "unrecognised", lambda s, keep: masked(2 * s, keep), ["<"]),
    ("leak", "allowed", lambda w, keep: (w * keep).sum(-1), ["0.60 <"]),
    ("leak", "wrong-axis", lambda w, keep: (w * ~keep).sum(0), ["0.00 <"]),
    ("leak", "wrong-axis", lambda w, keep: (w * keep).sum(0), ["<"]),
    ("leak", "one-number", lambda w, keep: (w * ~keep).sum(), ["(3,)"]),
    ("leak", "one-number", lambda w, keep: w[~keep].max(), ["(3,)"]),
    ("leak", "one-number", lambda w, keep: (w * ~keep).sum(-1).mean(), ["(3,)"]),
    ("leak", "counted", lambda w, keep: (~keep).sum(-1), ["2.00 <"]),
    ("leak", "counted", lambda w, keep: (~keep).mean(-1), ["0.67 <"]),
    ("leak", "mean", lambda w, keep: (w * ~keep).mean(-1), ["0.13 <"]),
    ("leak", "mean", lambda w, keep: (w * ~keep).sum(-1) / np.maximum((~keep).sum(-1), 1), ["<"]),
    ("leak", "largest", lambda w, keep: (w * ~keep).max(-1), ["0.30 <"]),
    ("leak", "cell-by-cell", lambda w, keep: w * ~keep, ["(3, 3)", "(3,)"]),
    ("leak", "one-less", lambda w, keep: 1 - (w * keep).sum(-1), ["you have 1.00", "<"]),
    ("leak", "zero-row", lambda w, keep: (w * ~keep).sum(-1) / w.sum(-1), ["nan <"]),
    ("leak", "raised", lambda w, keep: w * -keep, ["TypeError"]),
    ("leak", "wrong-type", lambda w, keep: {"leak": 0}, ["a dict of 1"]),
    ("leak", "wrong-shape", lambda w, keep: (w * ~keep).sum(-1, keepdims=True), ["(3, 1)"]),
    ("leak", "not-finite", lambda w, keep: w.sum(-1) / 0, ["inf <"]),
    ("leak", "changed-inputs", switched_in_place, ["changed its input weights"]),
    ("leak", "not-a-function", 0.41, ["f(weights, keep)"]),
    ("leak", "arguments", lambda weights: 0, ["f(weights, keep)"]),
    ("leak", "unrecognised", lambda w, keep: -(w * ~keep).sum(-1), ["-0.40 <"]),
    ("three-bugs", "wrong-type", ("after", "d_model", "half"), ["a tuple of 3", "with a, b, c"]),
    ("three-bugs", "reversed", {"after": "a", "d_model": "b", "half": "c"}, ["bugs for suspects"]),
    ("three-bugs", "wrong-names", {"a": "after"}, ["no bug for b and c"]),
    ("three-bugs", "wrong-names", KEY | {"d": "axis"}, ["extra suspect", "'d'"]),
    ("three-bugs", "unknown-suspect", named(b="d-model"), ["the text 'd-model'", "transposed"]),
    ("three-bugs", "unknown-suspect", named(b=...), ["`...`"]),
    ("three-bugs", "unknown-suspect", named(*suspects().values()), ["a function"]),
    ("three-bugs", "named-axis", named(a="axis"), ["from 0.01 to 1.28", "Two of your three bugs"]),
    ("three-bugs", "named-unscaled", named(b="unscaled"), ["13 times", "83 times"]),
    ("three-bugs", "named-d-model", named(c="d_model"), ["83 times its smallest"]),
    ("three-bugs", "named-transposed", named(c="transposed"), ["forest looks at verdant"]),
    ("three-bugs", "named-inverted", named("inverted", "axis", "axis"), ["is 0.00", "None of"]),
    ("three-bugs", "named-after", named(b="after"), ["rows sum to 1.00 to 1.00", "by 0.00"]),
    ("three-bugs", "named-half", named("half", c="after"), ["0 rows of NaN", "One of your"]),
]


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    met = {(exercise, hint) for exercise, hint, _, _ in WRONG}
    without_head = [each for each in masking.EXERCISES if each.id != "head"]  # test_own_head.py
    assert met == {(each.id, d.id) for each in without_head for d in each.diagnoses}


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.", "~", "axis=-1", "<=", "n_keys - n_queries"):
        assert code not in text.replace("`np.empty`", "")


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("masked-weights", from_whole(lambda s, keep: s.mean(axis=-1, keepdims=True))),
        ("masked-weights", from_whole(lambda s, keep: s.mean())),
        ("leak", lambda w, keep: w.max(axis=-1)),
        ("leak", lambda w, keep: np.zeros(len(w))),
        ("leak", lambda w, keep: np.abs(w.sum(-1) - (w * keep).max(-1))),
    ],
)
def test_a_coincidence_in_one_case_is_no_diagnosis(exercise, answer):
    assert check(exercise, answer).hint in ("unrecognised", "not-finite")


def test_empty_rows_large_scores_and_hidden_peaks_are_among_the_inputs():
    seen = []
    check("masked-weights", lambda s, keep: seen.append((s, keep)) or masked(s, keep))
    assert any(not keep.any(axis=-1).all() for _, keep in seen)
    assert any((s[keep] >= 1e4).any() for s, keep in seen)
    assert any((s[~keep] >= 1e4).any() and (s[keep] < 1e4).all() for s, keep in seen)
    assert any(s.shape[0] > s.shape[1] for s, _ in seen)


# --- the suspects


def test_each_suspect_hides_the_bug_of_the_answer():
    keep = al.causal_mask(len(PHRASE))
    for letter, weights in suspects().items():
        expected = bugs.trace(X, HEAD, keep, (KEY[letter],)).weights
        np.testing.assert_array_equal(weights(X, keep), expected)
        assert weights(X[:3], keep[:3, :3]).shape == (3, 3)


def test_the_suspects_cannot_be_told_apart_without_measuring():
    heads = suspects()
    assert list(heads) == ["a", "b", "c"]
    for look in (
        lambda f: re.sub("0x[0-9a-f]+", "", repr(f)),
        lambda f: (f.__name__, f.__qualname__, f.__doc__, f.__module__),
        lambda f: (f.__code__.co_code, f.__code__.co_consts, f.__code__.co_names),
        lambda f: [re.sub("0x[0-9a-f]+", "", repr(cell.cell_contents)) for cell in f.__closure__],
    ):
        seen = [look(f) for f in heads.values()]
        assert seen[0] == seen[1] == seen[2]


def test_all_three_hide_nothing_at_a_first_glance():
    keep = al.causal_mask(len(PHRASE))
    right = HEAD.trace(X, causal=True).weights
    for weights in suspects().values():
        assert np.isfinite(weights(X, keep)).all() and (weights(X, keep)[~keep] == 0).all()
        assert (weights(X, keep)[-1].argmax() == right[-1].argmax()).all()


def test_measurements_that_a_reader_might_make_find_the_answer():
    keep = al.causal_mask(len(PHRASE))
    padded = keep.copy()
    padded[0] = False
    found = {}
    for letter, weights in suspects().items():
        if not np.allclose(weights(X, keep).sum(axis=-1), 1, atol=0.01):
            found[letter] = "after"
        elif np.isnan(weights(X, padded)).any():
            found[letter] = "half"
        else:
            found[letter] = "d_model"
    assert check("three-bugs", found).solved


def test_a_wrong_answer_is_shown_what_was_measured_and_no_bug_by_name():
    text = check("three-bugs", named(*["axis"] * 3)).drawings[0].text()
    for bug, meaning in bugs.BUGS.items():
        assert not re.search(rf"\b{bug}\b", text) and meaning not in text
    assert [line.split()[0] for line in text.splitlines()[2:]] == ["a", "b", "c", "a"]


def test_no_hint_names_the_right_bug():
    for claims in product(bugs.BUGS, repeat=3):
        answer = dict(zip("abc", claims, strict=True))
        if answer == KEY:
            continue
        check("three-bugs", KEY)
        wrong = next(letter for letter in KEY if answer[letter] != KEY[letter])
        (hint,) = check("three-bugs", answer).hints
        assert hint.startswith(f"You say that {wrong}") and bugs.BUGS[KEY[wrong]] not in hint


def test_one_answer_of_all_is_right():
    every = (dict(zip("abc", claims, strict=True)) for claims in product(bugs.BUGS, repeat=3))
    assert [answer for answer in every if check("three-bugs", answer)] == [KEY]


# --- stubs and bad answers


@pytest.mark.parametrize("exercise", ["causal-mask", "masked-weights", "leak"])
@pytest.mark.parametrize("answer", [None, ..., lambda *inputs: ..., lambda *inputs: None])
def test_an_unfilled_function_is_not_attempted(exercise, answer):
    assert str(check(exercise, answer)) == f"{exercise}: not attempted yet"


@pytest.mark.parametrize("answer", [None, ..., named(..., ..., ...), named(None, None, None)])
def test_unfilled_names_are_not_attempted(answer):
    assert str(check("three-bugs", answer)) == "three-bugs: not attempted yet"


BAD_NAMES = (named(HOSTILE, HOSTILE, HOSTILE), named([], {}, set()), {HOSTILE: "axis"})


@pytest.mark.parametrize("exercise", ["causal-mask", "masked-weights", "leak", "three-bugs"])
@pytest.mark.parametrize("bad", (*BAD, *BAD_NAMES), ids=lambda bad: type(bad).__name__)
def test_a_bad_answer_and_a_bad_result_are_answered(exercise, bad):
    for answer in (bad, lambda *inputs: bad):
        assert_answered(check(exercise, answer))


def test_the_exercises_of_the_chapter():
    told = {each.id: (each.stars, each.minutes) for each in masking.EXERCISES}
    assert told == {
        "causal-mask": (1, 5),
        "masked-weights": (2, 10),
        "leak": (2, 10),
        "three-bugs": (3, 25),
        "head": (3, 30),
    }
