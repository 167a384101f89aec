"""Embeddings: right answers pass; every named wrong answer meets the hint meant for it."""

import re

import numpy as np
import pytest

from attnlib.exercises import check, embeddings
from tests.exercises.judging import assert_every_diagnosis_is_met, assert_meets_hint, assert_solved


def cosine(a, b):
    return a @ b / np.sqrt(a @ a * (b @ b))


# --- right answers


def one_hot(ids, n_words):
    rows = np.zeros((len(ids), n_words))
    for i, each in enumerate(ids):
        rows[i, each] = 1
    return rows


def nearest(word, vectors):
    best, best_cosine = None, -2
    for other, vector in vectors.items():
        if other != word and cosine(vector, vectors[word]) > best_cosine:
            best, best_cosine = other, cosine(vector, vectors[word])
    return best


def ranked(target, vectors):
    return sorted(vectors, key=lambda word: -cosine(target, vectors[word]))


def nearest_by_array(word, vectors):
    words = np.array([each for each in vectors if each != word])
    table = np.array([vectors[each] for each in words])
    return words[np.argmax(table @ vectors[word] / np.linalg.norm(table, axis=1))]


def analogy(a, b, c, vectors):
    target = vectors[a] - vectors[b] + vectors[c]
    return next(word for word in ranked(target, vectors) if word not in (a, b, c))


def analogy_in_single_precision(a, b, c, vectors):
    vectors = {word: vector.astype(np.float32) for word, vector in vectors.items()}
    return np.array(analogy(a, b, c, vectors))


RIGHT = [
    ("one-hot", one_hot),
    ("one-hot", lambda ids, n_words: np.eye(n_words)[ids]),
    ("one-hot", lambda ids, n_words: np.arange(n_words) == ids[:, None]),
    ("one-hot", lambda ids, n_words: [[int(i == j) for j in range(n_words)] for i in ids]),
    ("one-hot", lambda ids, n_words: [[i == j for j in range(n_words)] for i in ids]),
    ("one-hot", lambda ids, n_words: ([*[0] * i, 1, *[0] * (n_words - 1 - i)] for i in ids)),
    ("one-hot", lambda ids, n_words: np.array([[j == i for j in range(n_words)] for i in ids])),
    ("one-hot", lambda ids, n_words: np.equal.outer(ids, range(n_words)).astype(object)),
    ("nearest", nearest),
    ("nearest", nearest_by_array),
    ("nearest", lambda word, vectors: next(
        each for each in ranked(vectors[word], vectors) if each != word)),
    ("analogy", analogy),
    ("analogy", analogy_in_single_precision),
    ("analogy", lambda *inputs: np.array(analogy(*inputs), dtype=object)),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


# --- wrong answers


def too_far_left(ids, n_words):
    rows = np.zeros((len(ids), n_words))
    for i, each in enumerate(ids):
        rows[i, each - 1] = 1
    return rows


def multi_hot(ids, n_words):
    row = np.zeros(n_words)
    for each in ids:
        row[each] = 1
    return row


def all_in_each_row(ids, n_words):
    rows = np.zeros((len(ids), n_words))
    rows[:, ids] = 1
    return rows


def sort_ids(ids, n_words):
    rows = one_hot(ids, n_words)
    ids.sort()
    return rows


def by(measure, choose=max, keep_self=False):
    """A `nearest` with another measure."""

    def answer(word, vectors):
        candidates = [each for each in vectors if keep_self or each != word]
        return choose(candidates, key=lambda each: measure(vectors[word], vectors[each]))

    return answer


def begun_at_zero(target, vectors, but, start=""):
    """A search for the largest cosine that begins at 0."""
    best, best_cosine = start, 0
    for word, vector in vectors.items():
        if word not in but and cosine(vector, target) > best_cosine:
            best, best_cosine = word, cosine(vector, target)
    return best


def pop_word(word, vectors):
    vector = vectors.pop(word)
    return ranked(vector, vectors)[0]


def normalise_in_place(word, vectors):
    for vector in vectors.values():
        vector /= np.linalg.norm(vector)
    return nearest(word, vectors)


def distance(a, b):
    return np.linalg.norm(a - b)


def by_target(target, measure=cosine, choose=max, keep=()):
    """An `analogy` with another target or measure; `keep` are inputs that are left in."""

    def answer(a, b, c, vectors):
        inputs = dict(zip("abc", (a, b, c), strict=True))
        left_out = [word for name, word in inputs.items() if name not in keep]
        aim = target(vectors[a], vectors[b], vectors[c])
        candidates = [word for word in vectors if word not in left_out]
        return choose(candidates, key=lambda word: measure(aim, vectors[word]))

    return answer


def right_target(a, b, c):
    return a - b + c


def shrink_in_place(a, b, c, vectors):
    vectors[a] -= vectors[b]
    return analogy(a, b, c, vectors)


# exercise, the hint that is meant, the wrong answer, and what its verdict shows
WRONG = [
    ("one-hot", "transposed", lambda ids, n: one_hot(ids, n).T, ["(4, 3)", "(3, 4)"]),
    ("one-hot", "multi-hot", multi_hot, ["(4,)", "3 tokens need 3 rows"]),
    ("one-hot", "multi-hot", lambda ids, n: one_hot(ids, n).sum(0), ["(4,)"]),
    ("one-hot", "all-in-each-row", all_in_each_row, ["1 <"]),
    ("one-hot", "all-in-each-row", lambda i, n: one_hot(i, n) * 0 + one_hot(i, n).sum(0), ["2 <"]),
    ("one-hot", "counted-from-1", too_far_left, ["token 0 (id 2)", "1 <"]),
    ("one-hot", "counted-from-1", lambda i, n: np.arange(1, n + 1) == i[:, None], ["1 <"]),
    ("one-hot", "identity", lambda ids, n: np.eye(n), ["(4, 4)", "(3, 4)"]),
    ("one-hot", "identity", lambda ids, n: np.eye(len(ids)), ["(3, 3)"]),
    ("one-hot", "identity", lambda ids, n: np.eye(len(ids), n), ["1 <"]),
    ("one-hot", "id-as-value", lambda i, n: one_hot(i, n) * i[:, None], ["you have 2, not 1"]),
    ("one-hot", "raised", lambda ids, n: np.eye(2)[ids], ["IndexError"]),
    ("one-hot", "wrong-type", lambda ids, n: {"a": 1}, ["a dict of 1"]),
    ("one-hot", "wrong-shape", lambda ids, n: np.zeros((2, 2)), ["(2, 2)"]),
    ("one-hot", "not-finite", lambda ids, n: one_hot(ids, n) / 0, ["nan <"]),
    ("one-hot", "changed-inputs", sort_ids, ["changed its input ids"]),
    ("one-hot", "not-a-function", np.eye(4), ["f(ids, n_words)"]),
    ("one-hot", "arguments", lambda ids: ids, ["f(ids, n_words)"]),
    ("one-hot", "unrecognised", lambda ids, n: 1 - one_hot(ids, n), ["12 of 12"]),
    ("nearest", "itself", by(cosine, keep_self=True), ["yours <   1.000", "owl     expected "]),
    ("nearest", "dot-product", by(np.dot), ["forest", "16.000", "0.997"]),
    ("nearest", "dot-product", by(np.dot, keep_self=True), ["forest"]),
    ("nearest", "smallest", by(cosine, min), ["the", "-0.949"]),
    ("nearest", "distance", by(distance, min), ["den", "distance of 1.000"]),
    ("nearest", "farthest", by(distance), ["river", "7.810"]),
    ("nearest", "number", lambda w, v: cosine(v[w], v[nearest(w, v)]), ["; expected one text"]),
    ("nearest", "number", lambda w, v: np.float32(1), ["return 1.000"]),
    ("nearest", "number", lambda w, v: [cosine(v[w], u) for u in v.values()], ["(6,)"]),
    ("nearest", "position", lambda w, v: list(v).index(nearest(w, v)), ["return 3.000"]),
    ("nearest", "position", lambda w, v: [k for k in v if k != w].index(nearest(w, v)), ["2.00"]),
    ("nearest", "vector", lambda w, v: v[nearest(w, v)], ["shape (2,)"]),
    ("nearest", "changed-inputs", pop_word, ["changed its input vectors"]),
    ("nearest", "changed-inputs", normalise_in_place, ["changed its input vectors"]),
    ("nearest", "raised", lambda w, v: v["no such word"], ["KeyError"]),
    ("nearest", "wrong-type", lambda w, v: [nearest(w, v)], ["a list of 1"]),
    ("nearest", "wrong-type", lambda w, v: 12345, ["12345", "one text"]),
    ("nearest", "not-a-function", "owl", ["f(word, vectors)"]),
    ("nearest", "arguments", lambda w: w, ["f(word, vectors)"]),
    ("nearest", "begun-at-zero", lambda w, v: begun_at_zero(v[w], v, (w,)), ["'owl' has -0.447"]),
    ("nearest", "begun-at-zero", lambda w, v: begun_at_zero(v[w], v, (w,), next(iter(v))),
        ["'river', not 'owl'"]),
    ("nearest", "unknown-word", lambda w, v: nearest(w, v).upper(), ["'OWL'", "'owl'"]),
    ("nearest", "unrecognised", lambda w, v: "man" if w == "king" else nearest(w, v),
        ["'kings' has 0.875"]),
    ("analogy", "inputs-left-in", by_target(right_target, keep="abc"), ["king", "0.986"]),
    ("analogy", "inputs-left-in", by_target(right_target, keep="bc"), ["man", "yours <"]),
    ("analogy", "inputs-left-in", by_target(right_target, keep="c"), ["one of the three"]),
    ("analogy", "wrong-sign", by_target(lambda a, b, c: a + b - c), ["prince", "yours <"]),
    ("analogy", "backwards", by_target(lambda a, b, c: b - a + c), ["peasant", "yours <"]),
    ("analogy", "dot-product", by_target(right_target, np.dot), ["emperor", "62.000"]),
    ("analogy", "distance", by_target(right_target, distance, min), ["princess", "2.236"]),
    ("analogy", "smallest", by_target(right_target, choose=min), ["beggar", "-0.997"]),
    ("analogy", "vector", lambda a, b, c, v: v[a] - v[b] + v[c], ["shape (2,)"]),
    ("analogy", "vector", lambda a, b, c, v: v[analogy(a, b, c, v)], ["shape (2,)"]),
    ("analogy", "number", lambda a, b, c, v: cosine(
        v[a] - v[b] + v[c], v[analogy(a, b, c, v)]), ["0.981"]),
    ("analogy", "changed-inputs", shrink_in_place, ["changed its input vectors"]),
    ("analogy", "raised", lambda a, b, c, v: a - b + c, ["TypeError"]),
    ("analogy", "wrong-type", lambda a, b, c, v: (analogy(a, b, c, v), 0.9), ["a tuple of 2"]),
    ("analogy", "not-a-function", "queen", ["f(a, b, c, vectors)"]),
    ("analogy", "arguments", lambda a, b, c: a, ["f(a, b, c, vectors)"]),
    ("analogy", "begun-at-zero", lambda a, b, c, v: begun_at_zero(
        v[a] - v[b] + v[c], v, (a, b, c)), ["'owl' has -0.748"]),
    ("analogy", "unknown-word", lambda a, b, c, v: "empress", ["'empress'", "'queen'"]),
    ("analogy", "unrecognised", lambda a, b, c, v: "queens" if a == "Paris"
        else analogy(a, b, c, v), ["'queens', whose cosine"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("exercise", "hint", "answer", "shown"), WRONG, ids=[f"{e}:{h}" for e, h, _, _ in WRONG]
)
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(embeddings, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG)
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    assert not re.search(r"np\.|max|eye|\.items|\.T|\[|key=", text)


# --- the inputs that are tried


def test_a_product_with_the_answer_fetches_rows_of_the_table():
    rng = np.random.default_rng(0)
    for case in embeddings.one_hot_cases():
        ids, n_words = case.inputs
        table = rng.normal(size=(n_words, 3))
        assert np.array_equal(embeddings.one_hot_rows(ids, n_words) @ table, table[ids])


@pytest.mark.parametrize("exercise", embeddings.EXERCISES[1:], ids=lambda each: each.id)
def test_the_winner_is_clear_in_every_input(exercise):
    for case in exercise.cases():
        target, vectors, left_out = exercise.result.compared(*case.inputs)
        assert left_out == case.inputs[:-1]
        words = [w for w in ranked(target, vectors) if w not in left_out]
        assert exercise.reference(*case.inputs) == words[0]
        for other in words[1:2]:
            assert cosine(target, vectors[words[0]]) > cosine(target, vectors[other]) + 0.005


def test_words_of_the_designed_world_are_among_the_inputs():
    expected = {embeddings.nearest_word(*case.inputs) for case in embeddings.nearest_cases()}
    assert {"kings", "France", "Japan"} < expected
    expected = {embeddings.analogous(*case.inputs) for case in embeddings.analogy_cases()}
    assert {"queen", "Rome", "Tokyo", "kings"} < expected


def test_a_search_that_finds_nothing_is_told_where_it_begins():
    verdict = check("nearest", lambda w, v: begun_at_zero(v[w], v, (w,), None))
    assert verdict.hint == "begun-at-zero" and "returned None" in verdict.message
    assert check("nearest", lambda w, v: None if w == "Paris" else nearest(w, v)).hint == (
        "wrong-type"
    )
    verdict = check("nearest", lambda w, v: next(k for k in v if k != w and v[k] @ v[w] > 0)
        if w == "fox" and len(v) == 4 else nearest(w, v))  # fmt: skip
    assert verdict.hint == "raised" and "StopIteration" in verdict.message


def similar(a, b, c, v, but):
    target = v[a] - v[b] + v[c]
    return max((word for word in v if not but(word)), key=lambda word: cosine(v[word], target))


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("analogy", lambda a, b, c, v: similar(a, b, c, v, lambda word: word in a + b + c)),
        ("analogy", lambda a, b, c, v: similar(a, b, c, v, lambda word: word in f"{a} {b} {c}")),
        ("analogy", lambda a, b, c, v: similar(a, b, c, v, lambda word: a in word or word in b)),
        ("nearest", lambda w, v: similar(w, w, w, v, lambda word: word in w)),
        ("nearest", lambda w, v: similar(w, w, w, v, lambda word: w in word)),
        ("nearest", lambda w, v: similar(w, w, w, v, lambda word: (v[word] == v[w]).all())),
    ],
)
def test_a_word_is_not_left_out_for_being_part_of_another(exercise, answer):
    assert not check(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("nearest", by(lambda a, b: a @ b / (b @ b))),
        ("nearest", by(lambda a, b: abs(cosine(a, b)))),
        ("nearest", by(lambda a, b: a @ b / np.abs(b).sum())),
        ("analogy", by_target(lambda a, b, c: a + c)),
        ("analogy", by_target(lambda a, b, c: c)),
        ("analogy", by_target(right_target, lambda a, b: abs(cosine(a, b)))),
        ("analogy", by_target(right_target, lambda a, b: a @ b / (b @ b))),
    ],
)
def test_a_coincidence_in_one_case_is_no_diagnosis(exercise, answer):
    assert check(exercise, answer).hint == "unrecognised"


def test_a_word_parallel_to_the_one_asked_about_counts():
    def below_one(word, vectors):
        seen = {w: cosine(v, vectors[word]) for w, v in vectors.items()}
        return max((w for w in seen if seen[w] < 1 - 1e-9), key=seen.get)

    verdict = check("nearest", below_one)
    assert verdict.hint == "unrecognised" and "'old'" in verdict.hints[0]


def test_every_word_of_a_large_dict_is_drawn():
    verdict = check("analogy", lambda a, b, c, v: "Rome" if len(v) == 15 else analogy(a, b, c, v))
    text = str(verdict)
    assert all(f"\n  {word} " in text for word in embeddings.DIRECTIONS)
    assert "part 2 of 2" in text


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5)])
def test_a_number_of_numpy_is_written_as_a_number(value):
    assert "returned the number 0.5; expected" in check("nearest", lambda w, v: value).message


def test_an_answer_right_for_few_tokens_only_is_found_out():
    assert check("one-hot", lambda ids, n: one_hot(ids[:6], n)).hint == "wrong-shape"


def stub(*inputs): ...


@pytest.mark.parametrize("exercise", [each.id for each in embeddings.EXERCISES])
@pytest.mark.parametrize("answer", [None, ..., stub])
def test_a_stub_is_not_attempted(exercise, answer):
    assert repr(check(exercise, answer)) == f"{exercise}: not attempted yet"


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __len__ = __array__ = __iter__ = __eq__ = __repr__
    __hash__ = object.__hash__


BAD_RESULTS = [
    "", "<script>{0}</script>", b"owl", np.nan, 10**400, True, [], {}, [None, 1], [["a"]],
    np.zeros(0), np.zeros((2, 0)), np.full((3, 4), 1e300), np.zeros((3, 4), complex),
    np.array("owl"), np.array(["owl"]), np.array([None]), Unprintable(), [Unprintable()], object,
    iter([1]), abs, np.ma.masked_all((3, 4)), np.zeros((3, 3, 3)),
]  # fmt: skip


@pytest.mark.parametrize("exercise", [each.id for each in embeddings.EXERCISES])
@pytest.mark.parametrize("bad", BAD_RESULTS, ids=range(len(BAD_RESULTS)))
def test_a_bad_result_is_answered(exercise, bad):
    for verdict in (check(exercise, lambda *inputs: bad), check(exercise, bad)):
        assert verdict.attempted and not verdict.solved and verdict.hints
        assert "<script" not in verdict._repr_html_() and " at 0x" not in repr(verdict)


def test_a_dict_filled_with_anything_is_answered():
    def vandal(word, vectors):
        vectors[word] = Unprintable()
        return word

    def adds(word, vectors):
        vectors[Unprintable()] = Unprintable()
        return word

    assert check("nearest", vandal).hint == check("nearest", adds).hint == "changed-inputs"


def test_the_exercises_of_the_chapter():
    told = {each.id: (each.stars, each.minutes) for each in embeddings.EXERCISES}
    assert told == {"one-hot": (1, 5), "nearest": (2, 10), "analogy": (2, 10)}
    assert list(told) == ["one-hot", "nearest", "analogy"]
    assert all(each.title for each in embeddings.EXERCISES)
