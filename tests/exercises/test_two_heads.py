"""The exercise "induction": right heads pass in any form; every mistake is told by its name."""

from types import SimpleNamespace

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, two_heads
from tests.exercises.judging import (
    BAD,
    assert_answered,
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")

AM, BEFORE, GUESS = range(3)


def part(n, which):
    """What takes one part of x out of it, `(3 * n, n)`; its transpose puts one in."""
    return np.eye(3 * n)[:, which * n : (which + 1) * n]


def taken_away(n, which):
    """Right heads, of which one subtracts what it finds."""
    heads = [first_of(n), second_of(n)]
    heads[which].w_o[...] *= -1
    return heads


def looking(*behind):
    return al.DistanceBias(np.array(behind, dtype=float))


ONE_BACK = (0, 20, 0, 0, 0)


def first_of(n, behind=ONE_BACK, moves=AM, to=BEFORE, w_o=None):
    nothing = np.zeros((3 * n, n))
    distance = None if behind is None else looking(*behind)
    written = part(n, to).T if w_o is None else w_o
    return al.Head(nothing, nothing, part(n, moves), written, distance=distance)


def second_of(n, asks=AM, answered=BEFORE, moves=AM, to=GUESS, strength=20.0, by_root=True):
    sharp = strength * (n**0.5 if by_root else 1)
    return al.Head(sharp * part(n, asks), part(n, answered), part(n, moves), part(n, to).T)


def second_matrices(n):
    second = second_of(n)
    return second.w_q, second.w_k, second.w_v, second.w_o


def both(first=None, second=None):
    """An answer whose heads differ from right ones by what is given."""
    return lambda n_words: (first_of(n_words, **first or {}), second_of(n_words, **second or {}))


def hidden_by_minus_20(n):
    first = first_of(n, behind=(-20, 0, -20, -20, -20))
    return first, second_of(n)


def infinitely_one_back(n):
    return first_of(n, behind=(-np.inf, 0, -np.inf, -np.inf, -np.inf)), second_of(n)


def wide(n):
    """Heads with more columns than they need, some of them random."""
    rng = np.random.default_rng(0)
    extra = rng.normal(0, 0.1, (3 * n, 7))
    w_q = np.hstack([40 * (n + 7) ** 0.5 * part(n, AM), 0 * extra])
    second = al.Head(w_q, np.hstack([part(n, BEFORE), extra]), part(n, AM), part(n, GUESS).T)
    return first_of(n), second


def in_torch(dtype):
    def answer(n):
        made = []
        for head in (first_of(n), second_of(n)):
            four = [torch.tensor(w, dtype=dtype) for w in (head.w_q, head.w_k, head.w_v, head.w_o)]
            distance = None
            if head.distance is not None:
                distance = al.DistanceBias(torch.tensor(ONE_BACK, dtype=dtype))
            made.append(al.Head(*four, distance=distance))
        return made

    return answer


def single_precision(n):
    made = []
    for head in (first_of(n), second_of(n)):
        four = [w.astype(np.float32) for w in (head.w_q, head.w_k, head.w_v, head.w_o)]
        distance = head.distance and al.DistanceBias(np.array(ONE_BACK, np.float32))
        made.append(al.Head(*four, distance=distance))
    return iter(made)


def without_a_division(n):
    second = second_of(n, by_root=False)
    return first_of(n), al.Head(second.w_q, second.w_k, second.w_v, second.w_o, scale=1.0)


class Own:
    """A reader's own head, which takes the numbers for distances and keeps nothing of attnlib's."""

    def __init__(self, w_q, w_k, w_v, w_o, near=(0, 0, 0, 0, 0), blind=True):
        self.matrices, self.near, self.blind = (w_q, w_k, w_v, w_o), np.array(near), blind

    def __call__(self, x, causal=False):
        w_q, w_k, w_v, w_o = self.matrices
        behind = np.subtract.outer(np.arange(len(x)), np.arange(len(x)))
        scores = x @ w_q @ (x @ w_k).T / w_q.shape[1] ** 0.5 + self.near[behind.clip(0, 4)]
        if causal and self.blind:
            scores = np.where(behind < 0, -np.inf, scores)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True) @ x @ w_v @ w_o


def own(n, near=ONE_BACK, blind=True):
    nothing = np.zeros((3 * n, n))
    first = Own(nothing, nothing, part(n, AM), part(n, BEFORE).T, near, blind)
    second = Own(
        20 * n**0.5 * part(n, AM), part(n, BEFORE), part(n, AM), part(n, GUESS).T, blind=blind
    )
    return first, second


RIGHT = [
    both(),
    hidden_by_minus_20,
    wide,
    in_torch(torch.float64),
    in_torch(torch.float32),
    single_precision,
    without_a_division,
    own,
    infinitely_one_back,
    both(second={"strength": 200.0}),
    lambda n: list(both()(n)),
    lambda n_words: [lambda x, causal, h=head: h(x, causal=causal) for head in both()(n_words)],
    lambda n: (first_of(n), al.Head(*second_matrices(n)[:3], 5 * part(n, GUESS).T)),
]


@pytest.mark.parametrize("answer", RIGHT)
def test_right_heads_are_solved(answer):
    assert_solved(check("induction", answer))


def for_five_alone(n):
    return both()(5)


def with_infinity(n):
    first, second = both()(n)
    return first, al.Head(np.full((3 * n, n), np.inf), second.w_k, second.w_v, second.w_o)


def into_two_parts(n):
    return first_of(n, w_o=part(n, BEFORE).T + part(n, GUESS).T), second_of(n)


def swapped(n):
    return both()(n)[::-1]


def one_for_both(n):
    return first_of(n), first_of(n)


def transposed(n):
    first, second = both()(n)
    return first, al.Head(second.w_q, second.w_k, second.w_o.T, second.w_v.T[:, : 2 * n])


def negative(n):
    return first_of(n), second_of(n, strength=-20.0)


def another_order(n):
    """The second head turns the words' order round in what it writes."""
    return first_of(n), al.Head(*second_matrices(n)[:3], part(n, GUESS).T[::-1])


def all_words_alike(n):
    def guess(x, causal):
        return np.hstack([np.zeros((len(x), 2 * n)), np.ones((len(x), n))])

    return first_of(n), guess


def answered_by_both(n):
    w_q, w_k, w_v, w_o = second_matrices(n)
    return first_of(n), al.Head(w_q, w_k + part(n, AM), w_v, w_o)


def known_by_heart(n):
    return dict([(5, both()(5))])[n]


def turned_round(n):
    """The words' order is turned round in what the first head writes."""
    return first_of(n, w_o=part(n, BEFORE).T[::-1]), second_of(n)


# the hint that is meant, the wrong answer, and what the verdict shows
HINTS = [
    ("not-a-function", (1, 2), ["f(n_words)"]),
    ("not-a-function", both()(5), ["f(n_words)"]),
    ("arguments", lambda: both()(5), ["f(n_words)"]),
    ("raised", lambda n: al.Head(np.eye(n), np.eye(n)), ["For 5 words", "TypeError"]),
    ("raised", known_by_heart, ["For 8 words", "KeyError: 8"]),
    ("not-two-heads", lambda n: first_of(n), ["object of type Head", "(first, second)"]),
    ("not-two-heads", lambda n: (*both()(n), first_of(n)), ["a tuple of 3"]),
    ("not-two-heads", lambda n: (part(n, AM), part(n, GUESS)), ["an array of shape (15, 5)"]),
    ("wrong-shape", for_five_alone, ["For 8 words", "(15, 5)", "24 columns"]),
    ("wrong-shape", transposed, ["second head", "(5, 10)", "15 columns"]),
    ("wrong-shape", lambda n: [lambda x, causal: x[:, :n]] * 2, ["(9, 5)", "(9, 15)"]),
    ("wrong-shape", lambda n: [lambda x, causal: "x"] * 2, ["the text 'x'"]),
    ("head-raised", lambda n: [lambda x: x] * 2, ["TypeError", "causal"]),
    ("head-raised", lambda n: (first_of(n), al.Head), ["your second head, for 5 words"]),
    ("not-finite", with_infinity, ["second head, for 5 words"]),
    ("sees-ahead", lambda n: own(n, blind=False), ["first head"]),
    ("exchanged", swapped, ["With 5 words"]),
    ("first-adds-nothing", both({"moves": BEFORE}), ["nothing"]),
    ("first-writes-elsewhere", both({"to": GUESS}), ["what stood before me"]),
    ("first-writes-elsewhere", both({"to": AM}), ["what stood before me"]),
    ("first-writes-elsewhere", into_two_parts, ["of the guess is"]),
    ("first-looks-at-itself", both({"behind": (20, 0, 0, 0, 0)}), ["its largest is"]),
    ("first-looks-too-far", both({"behind": (0, 0, 20, 0, 0)}), ["its largest is"]),
    ("first-looks-too-far", both({"behind": (0, 0, 0, 20, 0)}), ["its largest is"]),
    ("first-looks-too-far", both({"behind": (0, 0, 0, 0, 20)}), ["its largest is"]),
    ("first-looks-too-far", both({"behind": (0, 0, 20, 20, 20)}), ["its largest is"]),
    ("first-looks-everywhere", both({"behind": None}), ["0.50 of"]),
    ("first-blunt", both({"behind": (0, 1, 0, 0, 0)}, {"strength": 5.0}), ["0.73 of"]),
    ("first-negative", lambda n: taken_away(n, 0), ["what stood before me"]),
    ("first-wrong", turned_round, ["what stood before me"]),
    ("first-wrong", both({"behind": (20, 20, 0, 0, 0)}), ["0.50 of"]),
    ("second-writes-elsewhere", both(second={"to": BEFORE}), ["it is empty"]),
    ("second-writes-elsewhere", one_for_both, ["it is empty"]),
    ("second-adds-nothing", both(second={"moves": GUESS}), ["it is empty"]),
    ("second-repeats-the-previous", both(second={"asks": BEFORE, "answered": AM}), ["1.00"]),
    ("second-finds-itself", both(second={"answered": AM}), ["1.00"]),
    ("second-moves-what-stood-before", both(second={"moves": BEFORE}), ["1.00"]),
    ("second-matches-what-stood-before", both(second={"asks": BEFORE}), ["<"]),
    ("second-looks-everywhere", both(second={"asks": GUESS}), ["<"]),
    ("second-looks-everywhere", both(second={"answered": GUESS}), ["<"]),
    ("second-looks-everywhere", both(second={"strength": 0.0}), ["<"]),
    ("second-blunt", both(second={"strength": 3.0}), ["With 5 words", "0.9 are needed"]),
    ("second-blunt", both(second={"strength": 11.0, "by_root": False}), ["With 8 words"]),
    ("second-blunt", both(second={"strength": 17.0, "by_root": False}), ["With 12 words"]),
    ("second-blunt", both(second={"strength": 20.0, "by_root": False}), ["With 40 words"]),
    ("second-blunt", both(second={"strength": 30.0, "by_root": False}), ["With 40 words"]),
    ("second-looks-away", negative, ["gives owl 0.00"]),
    ("second-negative", lambda n: taken_away(n, 1), ["-1.00 of the guess"]),
    ("unrecognised", another_order, ["<"]),
    ("unrecognised", all_words_alike, ["0.20 of the guess"]),
    ("unrecognised", answered_by_both, ["<"]),
]
WRONG = [("induction", *hint) for hint in HINTS]


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_wrong_heads_meet_the_hint_meant_for_them(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(SimpleNamespace(EXERCISES=(two_heads.INDUCTION,)), WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.", " @ ", "[:", ".T", "** ", "return "):
        assert code not in text


def test_heads_that_are_no_heads_are_answered():
    for bad in BAD:
        for heads in ((bad, bad), (first_of(5), bad), (lambda x, causal, bad=bad: bad,) * 2):
            assert_answered(check("induction", lambda n_words, heads=heads: heads))


def test_a_stub_is_not_attempted():
    for empty in (..., None, (..., ...)):
        assert str(check("induction", lambda n_words, empty=empty: empty)).endswith("attempted yet")


def test_in_the_texts_the_right_guess_is_certain():
    for n_words, ids in two_heads.texts():
        asked = two_heads.followers(ids)
        assert len(ids) == 2 * n_words - 1 and len(asked) == n_words - 1
        assert ids[0] not in ids[1:]  # nothing stands before it, so it would answer for itself
        for i, right in asked.items():
            (earlier,) = np.flatnonzero(ids[:i] == ids[i])
            assert ids[earlier + 1] == right != ids[i]


def test_no_fixed_distance_guesses_right():
    """Words come back after different distances, so that looking back so far is no way."""
    for n_words, ids in two_heads.texts():
        back = {i - int(np.flatnonzero(ids == ids[i])[0]) for i in two_heads.followers(ids)}
        assert len(back) > 1, n_words
