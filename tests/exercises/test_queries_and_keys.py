"""Right answers pass; every named wrong answer meets the hint that is meant for it."""

import numpy as np
import pytest

from attnlib.exercises import check, queries_and_keys
from tests.exercises.judging import assert_every_diagnosis_is_met, assert_meets_hint, assert_solved


def matrices(*cells):
    """(w_q, w_k) of zeros but for `cells`: (0 for w_q or 1 for w_k, row, column, value)."""
    pair = np.zeros((2, 6, 2))
    for which, row, column, value in cells:
        pair[which, row, column] = value
    return tuple(pair)


Q, K = 0, 1
ANIMAL, PLACE, FITS_ANIMALS, FITS_PLACES = range(4)


def finder(strength, other=None, q=Q, k=K):
    other = strength if other is None else other
    return matrices(
        (q, ANIMAL, 0, strength),
        (k, FITS_ANIMALS, 0, abs(strength)),
        (q, PLACE, 1, other),
        (k, FITS_PLACES, 1, abs(other)),
    )


def loop_scores(q, k):
    result = np.zeros((len(q), len(k)))
    for i, query in enumerate(q):
        for j, key in enumerate(k):
            result[i, j] = sum(a * b for a, b in zip(query, key, strict=True))
    return result


def loop_strongest(weights, tokens):
    pairs = []
    for i, token in enumerate(tokens):
        best = max(range(len(tokens)), key=lambda j: weights[i][j])
        pairs.append((token, tokens[best]))
    return pairs


def last_strongest(weights, tokens):
    """Of weights that are equal the last one would be taken."""
    pairs = []
    for token, row in zip(tokens, weights, strict=True):
        best = 0
        for j in range(len(row)):
            if row[j] >= row[best]:
                best = j
        pairs.append((token, tokens[best]))
    return pairs


RIGHT = [
    ("scores", lambda q, k: q @ k.T),
    ("scores", loop_scores),
    ("scores", lambda q, k: (q @ k.T).tolist()),
    ("scores", lambda q, k: (q @ k.T).astype(np.float32)),
    ("scores", lambda q, k, scale=1.0: np.einsum("id,jd->ij", q, k) * scale),
    ("strongest-key", loop_strongest),
    (
        "strongest-key",
        lambda w, t: [[a, np.array(t)[j]] for a, j in zip(t, w.argmax(1), strict=True)],
    ),
    ("strongest-key", lambda w, t: np.stack([t, np.array(t)[w.argmax(-1)]], axis=1)),
    (
        "strongest-key",
        lambda w, t: [(a, t[row.argsort()[-1]]) for a, row in zip(t, w, strict=True)],
    ),
    (
        "strongest-key",
        lambda w, t: [(a, max(zip(row, t, strict=True))[1]) for a, row in zip(t, w, strict=True)],
    ),
    ("strongest-key", last_strongest),
    ("strongest-key", lambda w, t: zip(t, np.array(t)[w.argmax(axis=1)], strict=True)),
    ("strongest-key", lambda w, t: (iter(pair) for pair in loop_strongest(w, t))),
    ("adjective-finder", finder(3)),
    ("one-matrix", matrices((Q, ANIMAL, 0, 2), (K, FITS_ANIMALS, 0, 2))),
    ("one-matrix", iter([w.astype(object) for w in finder(2)])),
    ("adjective-finder", [w.tolist() for w in finder(3)]),
    ("adjective-finder", matrices((0, 0, 1, -4), (1, 2, 1, -4), (0, 1, 0, 4), (1, 3, 0, 4))),
    ("one-matrix", finder(2)),
    ("one-matrix", matrices((Q, ANIMAL, 1, -3), (K, FITS_ANIMALS, 1, -3))),
    ("bilinear", lambda w_q, w_k: w_q @ w_k.T),
    ("bilinear", lambda w_q, w_k: (w_k @ w_q.T).T),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def divide_in_place(q, k):
    q /= 2
    return 2 * q @ k.T


def sort_in_place(weights, tokens):
    pairs = loop_strongest(weights, tokens)
    tokens.sort()
    return pairs


def square_scores(q, k):
    result = np.zeros((len(q), len(q)))
    for i in range(len(q)):
        for j in range(len(q)):
            result[i, j] = q[i] @ k[j]
    return result


def shifted_pairs(weights, tokens):
    return [
        (a, tokens[(tokens.index(b) + 1) % len(tokens)]) for a, b in loop_strongest(weights, tokens)
    ]


def no_self(weights, tokens):
    np.fill_diagonal(weights := weights.copy(), -1)
    return loop_strongest(weights, tokens)


# exercise, the hint that is meant, the wrong answer, and what its counterexample shows
WRONG = [
    ("scores", "transposed", lambda q, k: k @ q.T, ["6 <", "1 <"]),
    ("scores", "elementwise", lambda q, k: q * k, ["(3, 2)", "(3, 3)"]),
    ("scores", "scaled", lambda q, k: q @ k.T / np.sqrt(q.shape[-1]), ["4.24 <", "6.00"]),
    (
        "scores",
        "cosine",
        lambda q, k: np.array([[a @ b / np.sqrt(a @ a * (b @ b)) for b in k] for a in q]),
        ["0.32 <", "1.00"],
    ),
    ("scores", "diagonal", lambda q, k: np.diag(q @ k.T), ["(3,)", "(3, 3)"]),
    ("scores", "summed-over-tokens", lambda q, k: np.einsum("ia,ib->ab", q, k), ["(2, 2)"]),
    ("scores", "not-transposed", lambda q, k: q @ k, ["ValueError: matmul"]),
    ("scores", "square", square_scores, ["(2, 2)", "(2, 4)"]),
    ("scores", "raised", lambda q, k: q[0] / len(missing), ["NameError", "'missing'"]),  # noqa: F821
    ("scores", "wrong-type", lambda q, k: "scores", ["the text 'scores'", "(3, 3)"]),
    ("scores", "wrong-shape", lambda q, k: np.zeros((3, 4)), ["(3, 4)", "(3, 3)"]),
    ("scores", "not-finite", lambda q, k: q @ k.T * np.nan, ["nan <", "7"]),
    ("scores", "not-finite", lambda q, k: np.full((3, 3), -np.inf), ["-inf <"]),
    ("scores", "changed-inputs", divide_in_place, ["changed its input q"]),
    ("scores", "not-a-function", np.ones((3, 3)), ["(3, 3)", "f(q, k)"]),
    ("scores", "arguments", lambda q: q, ["f(q, k)"]),
    ("scores", "unrecognised", lambda q, k: q @ k.T + 1, ["2 <", "9 of 9"]),
    (
        "strongest-key",
        "columns",
        lambda w, t: [(t[i], t[j]) for i, j in enumerate(np.argmax(w, axis=0))],
        ["blue -> creature <", "blue -> blue"],
    ),
    (
        "strongest-key",
        "reversed",
        lambda w, t: [(b, a) for a, b in loop_strongest(w, t)],
        ["creature -> fluffy <", "fluffy -> creature"],
    ),
    (
        "strongest-key",
        "smallest",
        lambda w, t: loop_strongest(-w, t),
        ["fluffy -> fluffy <", "fluffy -> creature"],
    ),
    ("strongest-key", "no-self", no_self, ["blue -> creature <", "blue -> blue"]),
    ("strongest-key", "indices", lambda w, t: w.argmax(axis=1), ["2 <", "fluffy -> creature"]),
    (
        "strongest-key",
        "index-pairs",
        lambda w, t: [(i, int(np.argmax(row))) for i, row in enumerate(w)],
        ["(0, 2) <", "fluffy -> creature"],
    ),
    (
        "strongest-key",
        "keys-only",
        lambda w, t: [b for _, b in loop_strongest(w, t)],
        ["creature <", "fluffy -> creature"],
    ),
    ("strongest-key", "dictionary", lambda w, t: dict(loop_strongest(w, t)), ["a dict of 3"]),
    ("strongest-key", "raised", lambda w, t: t[99], ["IndexError"]),
    ("strongest-key", "wrong-type", lambda w, t: {*t}, ["a set of"]),
    ("strongest-key", "wrong-shape", lambda w, t: loop_strongest(w, t)[:2], ["nothing <"]),
    ("strongest-key", "changed-inputs", sort_in_place, ["changed its input tokens"]),
    ("strongest-key", "not-a-function", [("a", "b")], ["a list of 1"]),
    ("strongest-key", "arguments", lambda: [], ["f(weights, tokens)"]),
    ("strongest-key", "unrecognised", shifted_pairs, ["fluffy -> fluffy <"]),
    ("adjective-finder", "transposed-shape", [w.T for w in finder(3)], ["(2, 6)", "(6, 2)"]),
    ("adjective-finder", "wrong-type", (finder(3)[0], ...), ["`...` for w_k"]),
    ("adjective-finder", "wrong-shape", (np.ones((6, 3)), np.ones((6, 3))), ["(6, 3)"]),
    ("adjective-finder", "not-finite", finder(np.inf), ["infinite or NaN"]),
    ("adjective-finder", "too-large", finder(1e200), ["nan"]),
    ("adjective-finder", "zeros", matrices(), ["0.12 <", "0.250 <", "at least 0.9"]),
    ("adjective-finder", "zeros", matrices((Q, ANIMAL, 0, 3)), ["0.12 <"]),
    (
        "adjective-finder",
        "different-columns",
        matrices((Q, ANIMAL, 0, 3), (K, FITS_ANIMALS, 1, 3)),
        ["0.12 <"],
    ),
    (
        "adjective-finder",
        "tied",
        2 * (matrices((Q, ANIMAL, 0, 3), (Q, PLACE, 1, 3), (Q, FITS_ANIMALS, 0, 1))[0],),
        ["creature"],
    ),
    ("adjective-finder", "swapped", finder(3, q=K, k=Q), ["0.125 <", "at least 0.8"]),
    ("adjective-finder", "sign-flipped", finder(-3), ["0.00 <", "0.001 <"]),
    ("adjective-finder", "too-small", finder(1.5), ["0.603 <", "0.370 <"]),
    (
        "adjective-finder",
        "shared-column",
        [w @ [[1, 0], [1, 0]] for w in finder(3)],
        ["0.10 <", "0.098 <"],
    ),
    ("adjective-finder", "only-creature", finder(3, -1), ["0.057 <", "0.993  "]),
    ("adjective-finder", "only-forest", finder(-1, 3), ["0.06 <", "0.08 <", "0.146 <", "0.970  "]),
    ("adjective-finder", "unrecognised", matrices((Q, 5, 0, 2), (K, 4, 1, 3), (K, 4, 0, 1)), ["<"]),
    ("one-matrix", "transposed-shape", [w.T for w in finder(3)], ["(2, 6)", "(6, 2)"]),
    ("one-matrix", "wrong-type", np.eye(6), ["(6, 6)", "(w_q, w_k)"]),
    ("one-matrix", "wrong-shape", (np.ones((6, 2)), np.ones(6)), ["w_k (6,)"]),
    ("one-matrix", "not-finite", finder(np.nan), ["infinite or NaN"]),
    ("one-matrix", "too-large", (np.full((6, 2), 1e200), np.full((6, 2), 2e200)), ["inf <"]),
    ("one-matrix", "zeros", matrices(), ["0 <", "at least 2"]),
    ("one-matrix", "different-columns", matrices((Q, 0, 0, 3), (K, 2, 1, 3)), ["0 <"]),
    (
        "one-matrix",
        "tied",
        2 * (matrices((Q, ANIMAL, 0, 3), (Q, FITS_ANIMALS, 0, 2))[0],),
        ["4.88 <"],
    ),
    ("one-matrix", "tied", (finder(1)[0], -finder(1)[0]), ["-0.07 <"]),
    ("one-matrix", "reversed", finder(2, q=K, k=Q), ["2.83 <", "0.00 <"]),
    ("one-matrix", "sign-flipped", finder(-2), ["-2.83 <"]),
    ("one-matrix", "too-small", finder(1), ["0.71 <", "at least 2"]),
    (
        "one-matrix",
        "both-large",
        matrices((Q, 0, 0, 3), (K, 2, 0, 3), (Q, 2, 1, 2), (K, 0, 1, 2)),
        ["2.83 <", "at most 0"],
    ),
    (
        "one-matrix",
        "unrecognised",
        matrices((Q, 0, 0, -3), (K, 2, 0, 3), (Q, 2, 1, -2), (K, 0, 1, 2)),
        ["-6.36 <"],
    ),
    ("bilinear", "inner", lambda w_q, w_k: w_q.T @ w_k, ["(2, 2)", "(3, 3)"]),
    ("bilinear", "transposed", lambda w_q, w_k: w_k @ w_q.T, ["1 <", "6 <"]),
    ("bilinear", "elementwise", np.multiply, ["(3, 2)", "(3, 3)"]),
    (
        "bilinear",
        "scaled",
        lambda w_q, w_k: w_q @ w_k.T / np.sqrt(w_q.shape[1]),
        ["1.41 <", "2.00"],
    ),
    (
        "bilinear",
        "symmetrised",
        lambda w_q, w_k: (w_q @ w_k.T + w_k @ w_q.T) / 2,
        ["0.50 <", "-1.00 <"],
    ),
    ("bilinear", "not-transposed", lambda w_q, w_k: w_q @ w_k, ["ValueError: matmul"]),
    ("bilinear", "raised", lambda w_q, w_k: 1 / 0, ["ZeroDivisionError"]),
    ("bilinear", "wrong-type", lambda w_q, w_k: {"m": 1}, ["a dict of 1"]),
    ("bilinear", "wrong-shape", lambda w_q, w_k: np.eye(4), ["(4, 4)", "(3, 3)"]),
    ("bilinear", "not-finite", lambda w_q, w_k: w_q @ w_k.T - np.inf, ["-inf <"]),
    ("bilinear", "changed-inputs", divide_in_place, ["changed its input w_q"]),
    ("bilinear", "not-a-function", 3, ["the number 3"]),
    ("bilinear", "arguments", lambda m: m, ["f(w_q, w_k)"]),
    ("bilinear", "unrecognised", lambda w_q, w_k: -w_q @ w_k.T, ["-2 <", "2"]),
]


@pytest.mark.parametrize(
    ("exercise", "hint", "answer", "shown"), WRONG, ids=[f"{e}:{h}" for e, h, _, _ in WRONG]
)
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(queries_and_keys, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG)
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("q @ k.T", "w_q @ w_k.T", "argmax", "tokens["):
        assert code not in text


def test_hints_quote_the_learners_own_numbers():
    assert "holds 6" in check("scores", lambda q, k: k @ q.T).hints[0]
    tied = check("one-matrix", 2 * (matrices((Q, ANIMAL, 0, 3), (Q, FITS_ANIMALS, 0, 2))[0],))
    assert tied.hints[0].count("4.88") == 2
    assert "0.603" in check("adjective-finder", finder(1.5)).hints[0]


def test_an_answer_right_for_square_patterns_only_is_found_out():
    assert check("scores", lambda q, k: (q @ k.T).T if len(q) != len(k) else q @ k.T).hint


def test_an_answer_right_for_one_d_head_only_is_found_out():
    verdict = check("scores", lambda q, k: q[:, :2] @ k[:, :2].T)
    assert verdict.hint == "unrecognised" and "query 0" in str(verdict)
    assert check("bilinear", lambda w_q, w_k: w_q[:, :2] @ w_k[:, :2].T).hint == "unrecognised"


def test_a_stored_answer_is_found_out():
    expected = np.array([[1.0, 0, 1], [6, 2, 2], [7, 4, -1]])
    assert check("scores", lambda q, k: expected).hint == "wrong-shape"


def test_no_row_of_weights_has_two_largest_and_few_have_most_of_it():
    shares = []
    for weights, _ in (case.inputs for case in queries_and_keys.strongest_key_cases()):
        for row in weights:
            *_, second, largest = [0, *sorted(row)]
            assert largest > second + 0.01
            shares.append(largest)
    assert np.median(shares) < 0.4


@pytest.mark.parametrize(
    "answer",
    [
        lambda w, t: [(a, next((b for b, s in zip(t, row) if s > 0.5), a)) for a, row in zip(t, w)],  # noqa: B905
        lambda w, t: [(a, t[w.argmax() % len(t)]) for a in t],
        lambda w, t: [(a, t[w[t.index(a)].argmax()]) for a in t],
    ],
)
def test_a_threshold_the_whole_pattern_or_the_first_of_two_words_do_not_find_the_keys(answer):
    assert check("strongest-key", answer).hint == "unrecognised"


def test_the_first_input_word_is_not_enough_for_repeated_words():
    def by_dictionary(weights, tokens):
        best = dict(loop_strongest(weights, tokens))
        return [(token, best[token]) for token in tokens]

    assert check("strongest-key", by_dictionary).hint == "unrecognised"


def test_the_exercises_of_the_chapter():
    told = {each.id: (each.stars, each.minutes) for each in queries_and_keys.EXERCISES}
    assert list(told) == ["scores", "strongest-key", "adjective-finder", "one-matrix", "bilinear"]
    assert told == {
        "scores": (1, 5),
        "strongest-key": (1, 5),
        "adjective-finder": (2, 15),
        "one-matrix": (2, 10),
        "bilinear": (3, 15),
    }
    assert all(each.title for each in queries_and_keys.EXERCISES)
