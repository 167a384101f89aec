"""Chapter "Order": right answers pass; every wrong one meets the hint that is meant for it."""

import math

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, order
from tests.exercises.judging import (
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")


def put_back(outputs, order):
    back = np.empty_like(outputs)
    back[order] = outputs
    return back


def looked_up(outputs, order):
    return [outputs[order.tolist().index(i)] for i in range(len(order))]


def angles(positions, d, base=10_000, power=2):
    return np.outer(positions, base ** (-power * np.arange(d // 2) / d))


def laced(even, odd):
    together = np.empty((len(even), 2 * even.shape[1]))
    together[:, 0::2], together[:, 1::2] = even, odd
    return together


def waves(at):
    return laced(np.sin(at), np.cos(at))


def sinusoidal(n, d):
    return waves(angles(range(n), d))


def sinusoidal_loop(n, d):
    def wave(p, j):
        angle = p / 10_000 ** ((j - j % 2) / d)
        return math.cos(angle) if j % 2 else math.sin(angle)

    return [[wave(p, j) for j in range(d)] for p in range(n)]


def sinusoidal_torch(n, d):
    angle = torch.arange(n)[:, None] / 10_000 ** (torch.arange(0, d, 2) / d)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


def turn(x, by):
    a, b = x[:, 0::2], x[:, 1::2]
    return laced(a * np.cos(by) - b * np.sin(by), a * np.sin(by) + b * np.cos(by))


def rotate(x, positions):
    return turn(x, angles(positions, x.shape[1]))


def rotate_complex(x, positions):
    pairs = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(1j * angles(positions, x.shape[1]))
    return np.stack([pairs.real, pairs.imag], axis=-1).reshape(x.shape)


def rotate_by_matrices(x, positions):
    turned = x.copy()
    for row, position in zip(turned, positions, strict=True):
        for i in range(0, len(row), 2):
            angle = position * 10_000 ** (-i / len(row))
            c, s = math.cos(angle), math.sin(angle)
            row[i : i + 2] = np.array([[c, -s], [s, c]]) @ row[i : i + 2]
    return turned


def score(q, k, at, key_at):
    return rotate(q[None], [at])[0] @ rotate(k[None], [key_at])[0]


RIGHT = [
    ("undo-shuffle", put_back),
    ("undo-shuffle", looked_up),
    ("undo-shuffle", lambda outputs, order: outputs[np.argsort(order)].astype(np.float32)),
    ("undo-shuffle", lambda outputs, order: np.eye(len(order))[order].T @ outputs),
    ("undo-shuffle", lambda outputs, order: torch.tensor(outputs)[torch.tensor(order).argsort()]),
    ("sinusoidal", sinusoidal),
    ("sinusoidal", sinusoidal_loop),
    ("sinusoidal", sinusoidal_torch),
    ("sinusoidal", al.sinusoidal_positions),
    ("rotate", rotate),
    ("rotate", rotate_complex),
    ("rotate", al.rotate),
    ("rotate", rotate_by_matrices),
    ("rotate", lambda x, positions: torch.tensor(rotate(x, positions), requires_grad=True)),
    ("distance-only", lambda q, k, distance: score(q, k, distance, 0)),
    ("distance-only", lambda q, k, distance: q @ rotate(k[None], [-distance])[0]),
    ("distance-only", lambda q, k, distance: np.float32(score(q, k, 100 + distance, 100))),
    ("distance-only", lambda q, k, d: al.rotate(q[None], np.array([d]))[0] @ k),
    ("distance-only", lambda q, k, distance: torch.tensor(score(q, k, distance, 0))),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def shuffled_in_place(outputs, order):
    outputs[order] = outputs.copy()
    return outputs


def turned_in_place(x, positions):
    x[:] = rotate(x, positions)
    return x


def overwriting(x, positions):
    x, by = x.copy(), angles(positions, x.shape[1])
    a, b = x[:, 0::2], x[:, 1::2]
    a[:] = a * np.cos(by) - b * np.sin(by)
    b[:] = a * np.sin(by) + b * np.cos(by)
    return x


def halves(x, positions):
    by = angles(positions, x.shape[1])
    a, b = np.split(x, 2, axis=1)
    return np.hstack([a * np.cos(by) - b * np.sin(by), a * np.sin(by) + b * np.cos(by)])


def emptied(q, k, distance):
    came = score(q, k, distance, 0)
    k *= 0
    return came


def every_column(n, d, power=1):
    at = np.outer(range(n), 10_000 ** (-power * np.arange(d) / d))
    return np.where(np.arange(d) % 2, np.cos(at), np.sin(at))


def sines_and_cosines(n, d):
    return np.hstack([np.sin(angles(range(n), d)), np.cos(angles(range(n), d))])


def turning(**options):
    return lambda x, positions: turn(x, angles(positions, x.shape[1], **options))


def each_way(x, by):
    return x * np.repeat(by, 2, axis=1)


def at(function):
    """Answers to "rotate" that need x and the angles."""
    return lambda x, positions: function(x, angles(positions, x.shape[1]))


def of_score(change):
    return lambda q, k, distance: change(score(q, k, distance, 0), q, k, distance)


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    ("undo-shuffle", "shuffled-again", lambda o, order: o[order], ["row one", "<"]),
    ("undo-shuffle", "reversed", lambda o, order: o[::-1], ["<"]),
    ("undo-shuffle", "reversed", lambda o, order: o[order][::-1], ["<"]),
    ("undo-shuffle", "reversed", lambda o, order: put_back(o, order)[::-1], ["<"]),
    ("undo-shuffle", "unchanged", lambda o, order: o, ["the shuffled order"]),
    ("undo-shuffle", "sorted", lambda o, order: np.sort(o, axis=0), ["<"]),
    ("undo-shuffle", "raised", lambda o, order: o[order + 1], ["IndexError"]),
    ("undo-shuffle", "wrong-type", lambda o, order: {0: o}, ["a dict of 1"]),
    ("undo-shuffle", "wrong-shape", lambda o, order: o[:, :1], ["(5, 1)", "(5, 2)"]),
    ("undo-shuffle", "not-finite", lambda o, order: o / 0, ["<"]),
    ("undo-shuffle", "changed-inputs", shuffled_in_place, ["changed its input outputs"]),
    ("undo-shuffle", "not-a-function", np.eye(2), ["f(outputs, order)"]),
    ("undo-shuffle", "arguments", lambda outputs: outputs, ["f(outputs, order)"]),
    ("undo-shuffle", "unrecognised", lambda o, order: np.roll(o, 1, axis=0), ["order[i]", "<"]),
    ("sinusoidal", "halves", sines_and_cosines, ["take turns", "<"]),
    ("sinusoidal", "exchanged", lambda n, d: waves(np.pi / 2 - angles(range(n), d)), ["1.00 <"]),
    ("sinusoidal", "from-one", lambda n, d: waves(angles(range(1, n + 1), d)), ["begin at 1"]),
    ("sinusoidal", "exponent", lambda n, d: waves(angles(range(n), d, power=1)), ["<"]),
    ("sinusoidal", "exponent", lambda n, d: waves(angles(range(n), d, power=4)), ["<"]),
    ("sinusoidal", "exponent", every_column, ["<"]),
    ("sinusoidal", "exponent", lambda n, d: every_column(n, d, 2), ["<"]),
    ("sinusoidal", "base", lambda n, d: waves(angles(range(n), d, 1000)), ["<"]),
    ("sinusoidal", "degrees", lambda n, d: waves(np.rad2deg(angles(range(n), d))), ["<"]),
    ("sinusoidal", "degrees", lambda n, d: waves(np.deg2rad(angles(range(n), d))), ["<"]),
    ("sinusoidal", "upside-down", lambda n, d: waves(angles(range(n), d, 1 / 10_000)), ["<"]),
    ("sinusoidal", "one-wave", lambda n, d: waves(angles(range(n), d, 1)), ["<"]),
    ("sinusoidal", "one-wave", lambda n, d: np.repeat(np.sin(angles(range(n), d)), 2, 1), ["<"]),
    ("sinusoidal", "one-wave", lambda n, d: np.repeat(angles(range(n), d), 2, 1), ["<"]),
    ("sinusoidal", "transposed", lambda n, d: sinusoidal(n, d).T, ["(4, 3)", "a token is a row"]),
    ("sinusoidal", "raised", lambda n, d: np.arange(n) * np.arange(d), ["ValueError"]),
    ("sinusoidal", "wrong-type", lambda n, d: "waves", ["the text 'waves'"]),
    ("sinusoidal", "wrong-shape", lambda n, d: sinusoidal(n, d)[0], ["(4,)", "(3, 4)"]),
    ("sinusoidal", "not-finite", lambda n, d: np.log(sinusoidal(n, d)), ["-inf <"]),
    ("sinusoidal", "not-a-function", np.eye(4), ["f(n_tokens, d_model)"]),
    ("sinusoidal", "arguments", lambda n: np.eye(n), ["f(n_tokens, d_model)"]),
    ("sinusoidal", "unrecognised", lambda n, d: -sinusoidal(n, d), ["-1.00 <"]),
    ("rotate", "other-way", lambda x, p: rotate(x, -p), ["-0.84 <"]),
    ("rotate", "halves", halves, ["column i + 2"]),
    ("rotate", "one-angle", turning(power=0), ["<"]),
    ("rotate", "one-angle", lambda x, p: rotate(x, np.ones(len(p))), ["<"]),
    ("rotate", "without-positions", lambda x, p: x, ["<"]),
    ("rotate", "without-positions", lambda x, p: rotate(x, np.arange(len(x))), ["<"]),
    ("rotate", "without-positions", lambda x, p: rotate(x, np.arange(len(x)) + 1), ["<"]),
    ("rotate", "added", at(lambda x, by: x + np.repeat(by, 2, axis=1)), ["<"]),
    ("rotate", "added", at(lambda x, by: x + waves(by)), ["<"]),
    ("rotate", "scaled", at(lambda x, by: each_way(x, by)), ["<"]),
    ("rotate", "scaled", at(lambda x, by: each_way(x, np.cos(by))), ["<"]),
    ("rotate", "scaled", at(lambda x, by: x * laced(np.cos(by), np.sin(by))), ["<"]),
    ("rotate", "scaled", lambda x, p: rotate(x, p) / len(x[0]) ** 0.5, ["<"]),
    ("rotate", "angle", turning(power=1), ["<"]),
    ("rotate", "angle", turning(power=4), ["<"]),
    ("rotate", "angle", turning(power=-2), ["<"]),
    ("rotate", "angle", turning(base=1000), ["<"]),
    ("rotate", "angle", at(lambda x, by: turn(x, np.degrees(by))), ["<"]),
    ("rotate", "exchanged", at(lambda x, by: turn(x, np.pi / 2 - by)), ["<"]),
    ("rotate", "exchanged", lambda x, p: laced(rotate(x, p)[:, 1::2], rotate(x, p)[:, ::2]), ["<"]),
    ("rotate", "overwritten", overwriting, ["0.4546 <"]),
    ("rotate", "raised", lambda x, p: x * p, ["ValueError"]),
    ("rotate", "wrong-type", lambda x, p: x + 1j, ["complex128"]),
    ("rotate", "wrong-shape", lambda x, p: rotate(x, p)[:, ::2], ["(3, 2)", "(3, 4)"]),
    ("rotate", "not-finite", lambda x, p: np.where(x, rotate(x, p), np.nan), ["nan <"]),
    ("rotate", "changed-inputs", turned_in_place, ["changed its input x"]),
    ("rotate", "not-a-function", np.eye(2), ["f(x, positions)"]),
    ("rotate", "arguments", lambda x: x, ["f(x, positions)"]),
    ("rotate", "unrecognised", lambda x, p: -rotate(x, p), ["<"]),
    ("distance-only", "other-way", lambda q, k, d: score(q, k, 0, d), ["is -1.27", "-0.71"]),
    ("distance-only", "both-alike", lambda q, k, d: q @ k, ["is 1.00"]),
    ("distance-only", "both-alike", lambda q, k, d: score(q, k, d, d), ["is 1.00"]),
    ("distance-only", "divided", of_score(lambda s, q, k, d: s / len(q) ** 0.5), ["you divided"]),
    ("distance-only", "divided", of_score(lambda s, q, k, d: s / len(q)), ["<"]),
    ("distance-only", "divided", of_score(lambda s, q, k, d: s / (1 + d)), ["<"]),
    ("distance-only", "divided", of_score(lambda s, q, k, d: s / max(d, 1)), ["<"]),
    ("distance-only", "twice", lambda q, k, d: score(q, k, d, -d), ["twice as far"]),
    ("distance-only", "off-by-one", lambda q, k, d: score(q, k, d + 1, 0), ["<"]),
    ("distance-only", "off-by-one", lambda q, k, d: score(q, k, d, 1), ["is 1.40"]),
    ("distance-only", "halves", lambda q, k, d: halves(q[None], [d])[0] @ k, ["<"]),
    ("distance-only", "one-angle", lambda q, k, d: turning(power=0)(q[None], [d])[0] @ k, ["<"]),
    ("distance-only", "raised", lambda q, k, d: rotate(q, d), ["Error"]),
    ("distance-only", "wrong-type", lambda q, k, d: "far", ["one number"]),
    ("distance-only", "wrong-shape", lambda q, k, d: rotate(q[None], [d]) @ k, ["(1,)"]),
    ("distance-only", "not-finite", of_score(lambda s, q, k, d: s / (3 - d)), ["inf"]),
    ("distance-only", "changed-inputs", emptied, ["changed its input k"]),
    ("distance-only", "not-a-function", 0.71, ["f(q, k, distance)"]),
    ("distance-only", "arguments", lambda q, k: q @ k, ["f(q, k, distance)"]),
    ("distance-only", "unrecognised", of_score(lambda s, q, k, d: -s), ["is 0.71"]),
]


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(order, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.", "@", "[:", "argsort", "10000", "** "):
        assert code not in text.replace("`np.empty`", "")


def test_the_score_of_the_reference_depends_on_the_distance_alone():
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 6))
    for distance in (0, 1, 7):
        expected = order.distance_only(q, k, distance)
        for start in (0, 5, 90):
            assert np.isclose(score(q, k, start + distance, start), expected, atol=1e-10)


def test_orders_that_are_their_own_inverse_are_not_the_only_ones():
    cases = [case.inputs[1] for case in order.shuffle_cases()]
    assert (cases[0] != np.argsort(cases[0])).any()


def test_the_exercises_of_the_chapter():
    assert [(each.id, each.stars, each.minutes) for each in order.EXERCISES] == [
        ("undo-shuffle", 1, 5),
        ("sinusoidal", 2, 15),
        ("rotate", 3, 20),
        ("distance-only", 2, 10),
    ]
