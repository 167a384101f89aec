"""Context: right answers pass; every named wrong answer meets the hint meant for it."""

import re

import numpy as np
import pytest

from attnlib.exercises import check, context
from tests.exercises.judging import assert_every_diagnosis_is_met, assert_meets_hint, assert_solved


def cosine(a, b):
    return a @ b / np.sqrt(a @ a * (b @ b))


def by(measure, choose=max):
    """A `nearest_sense` with another measure."""
    return lambda vector, senses: choose(senses, key=lambda name: measure(vector, senses[name]))


nearest_sense = by(cosine)


def distance(a, b):
    return np.linalg.norm(a - b)


def softmax(scores, axis=-1):
    exponentials = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def weights(x, head):
    scores = (x @ head.w_q) @ (x @ head.w_k).T / np.sqrt(head.w_q.shape[1])
    return softmax(scores)


def delta(x, head):
    return weights(x, head) @ (x @ head.w_v) @ head.w_o


def added(x, shares, w_v, w_o):
    return shares @ (x @ w_v) @ w_o


def with_context(x, shares, w_v, w_o):
    return x + added(x, shares, w_v, w_o)


def token_by_token(x, shares, w_v, w_o):
    rows = []
    for row, mine in zip(x, shares, strict=True):
        mixed = sum(share * (other @ w_v) for share, other in zip(mine, x, strict=True))
        rows.append(row + mixed @ w_o)
    return np.array(rows).tolist()


def effect_of(word_index, token, x, head):
    rest = np.delete(x, word_index, axis=0)
    place = token - 1 if word_index < token else token
    return delta(x, head)[token] - delta(rest, head)[place]


def by_renormalising(word_index, token, x, head):
    shares = weights(x, head)[token]
    values = x @ head.w_v @ head.w_o
    left = np.where(np.arange(len(x)) == word_index, 0, shares)
    return (shares - left / left.sum()) @ values


def by_context(word_index, token, x, head):
    rest = np.array([row for i, row in enumerate(x) if i != word_index])
    return head(x)[token] - head(x[token : token + 1], context=rest)[0]


RIGHT = [
    ("nearest-sense", nearest_sense),
    ("nearest-sense", lambda vector, senses: np.array(list(senses))[
        np.argmax([cosine(vector, sense) for sense in senses.values()])]),
    ("context-update", with_context),
    ("context-update", token_by_token),
    ("context-update", lambda x, s, v, o: (x + s @ x @ (v @ o)).astype(np.float32)),
    ("without-word", effect_of),
    ("without-word", by_renormalising),
    ("without-word", by_context),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


# --- wrong answers


def normalise_in_place(vector, senses):
    vector /= np.linalg.norm(vector)
    return nearest_sense(vector, senses)


def pop_sense(vector, senses):
    senses.pop(best := nearest_sense(vector, senses))
    return best


def in_place(x, shares, w_v, w_o):
    x += added(x, shares, w_v, w_o)
    return x


def matrix_in_place(x, shares, w_v, w_o):
    result = with_context(x, shares, w_v, w_o)
    w_v[0] = 0
    return result


def last_only(x, shares, w_v, w_o):
    result = x.copy()
    result[-1] += added(x, shares, w_v, w_o)[-1]
    return result


def head_in_place(word_index, token, x, head):
    result = effect_of(word_index, token, x, head)
    head.w_v[0] = 0
    return result


def zero_weight(word_index, token, x, head):
    shares = weights(x, head)
    shares[token, word_index] = 0
    return delta(x, head)[token] - (shares @ (x @ head.w_v) @ head.w_o)[token]


def emptied(word_index, token, x, head):
    silent = x.copy()
    silent[word_index] = 0
    return (delta(x, head) - delta(silent, head))[token]


def emptied_in_place(word_index, token, x, head):
    before = delta(x, head)[token]
    x[word_index] = 0
    return before - delta(x, head)[token]


def moved_by(step):
    """An `effect_of` that looks for the token `step` places away."""

    def answer(word_index, token, x, head):
        return delta(x, head)[token] - delta(np.delete(x, word_index, 0), head)[token + step]

    return answer


# exercise, the hint that is meant, the wrong answer, and what its verdict shows
WRONG = [
    ("nearest-sense", "dot-product", by(np.dot), ["'an amount'", "21.000", "0.978"]),
    ("nearest-sense", "smallest", by(cosine, min), ["'a spy'", "-0.674"]),
    ("nearest-sense", "distance", by(distance, min), ["'a spot on the skin'", "1.414"]),
    ("nearest-sense", "index", lambda v, s: list(s).index(nearest_sense(v, s)), ["return 2.000"]),
    ("nearest-sense", "number", lambda v, s: cosine(v, s[nearest_sense(v, s)]), ["0.978"]),
    ("nearest-sense", "number", lambda v, s: [cosine(v, e) for e in s.values()], ["(4,)"]),
    ("nearest-sense", "sense-vector", lambda v, s: s[nearest_sense(v, s)], ["(3,)"]),
    ("nearest-sense", "changed-inputs", normalise_in_place, ["changed its input vector."]),
    ("nearest-sense", "changed-inputs", pop_sense, ["changed its input senses."]),
    ("nearest-sense", "raised", lambda v, s: s[0], ["KeyError"]),
    ("nearest-sense", "wrong-type", lambda v, s: list(s), ["a list of 4", "one text"]),
    ("nearest-sense", "not-a-function", "an animal", ["f(vector, senses)"]),
    ("nearest-sense", "arguments", lambda v: v, ["f(vector, senses)"]),
    ("nearest-sense", "begun-at-zero", lambda v, s: begun_at_zero("")(v, s), ["has -0.243"]),
    ("nearest-sense", "unknown-word", lambda v, s: "animal", ["'animal'", "'an animal'"]),
    ("nearest-sense", "unrecognised", lambda v, s: max(s) if len(s) == 12 else
        nearest_sense(v, s), ["sense 7"]),
    ("context-update", "no-residual", added, ["Eiffel", "The 2.00 that stood there"]),
    ("context-update", "no-residual", lambda x, s, v, o: s @ x @ (v @ o), ["<"]),
    ("context-update", "embeddings-mixed", lambda x, s, v, o: s @ x, ["<"]),
    ("context-update", "embeddings-mixed", lambda x, s, v, o: x + s @ x, ["<"]),
    ("context-update", "embeddings-mixed", lambda x, s, v, o: x + s @ x @ o, ["<"]),
    ("context-update", "weights-turned", lambda x, s, v, o: x + s.T @ x @ v @ o, ["<"]),
    ("context-update", "weights-turned",
        lambda x, s, v, o: x + np.einsum("ji,jv->iv", s, x @ v) @ o, ["<"]),
    ("context-update", "softmax-again", lambda x, s, v, o: x + softmax(s) @ x @ v @ o, ["<"]),
    ("context-update", "values-not-mixed", lambda x, s, v, o: x + x @ v @ o, ["<"]),
    ("context-update", "no-output-matrix", lambda x, s, v, o: x + s @ x @ v, ["<"]),
    ("context-update", "no-output-matrix", lambda x, s, v, o: s @ (x @ v), ["<"]),
    ("context-update", "last-token-only", last_only, ["Eiffel", "4 of 6"]),
    ("context-update", "last-token-only", lambda *inputs: with_context(*inputs)[-1],
        ["(2,)", "(3, 2)"]),
    ("context-update", "changed-inputs", in_place, ["changed its input x."]),
    ("context-update", "changed-inputs", matrix_in_place, ["changed its input w_v."]),
    ("context-update", "raised", lambda x, s, v, o: x @ s, ["ValueError"]),
    ("context-update", "wrong-type", lambda x, s, v, o: "x", ["the text 'x'"]),
    ("context-update", "wrong-shape", lambda x, s, v, o: s, ["(3, 3)", "(3, 2)"]),
    ("context-update", "not-finite", lambda *inputs: with_context(*inputs) / 0, ["inf <"]),
    ("context-update", "not-a-function", np.eye(2), ["f(x, weights, w_v, w_o)"]),
    ("context-update", "arguments", lambda x: x, ["f(x, weights, w_v, w_o)"]),
    ("context-update", "unrecognised", lambda x, s, v, o: x + 2 * added(x, s, v, o),
        ["<", "the head adds"]),
    ("without-word", "not-shared-anew", zero_weight, ["Eiffel is gone"]),
    ("without-word", "not-shared-anew", lambda j, i, x, h:
        weights(x, h)[i, j] * (x @ h.w_v @ h.w_o)[j], ["own part of the sum"]),
    ("without-word", "emptied", emptied, ["where Eiffel stood"]),
    ("without-word", "not-shifted", moved_by(0), ["tower does not stand at position 1"]),
    ("without-word", "always-shifted", moved_by(-1), ["token 2, at position 2", "token 0"]),
    ("without-word", "sign-reversed", lambda *inputs: -effect_of(*inputs), ["2 of 2"]),
    ("without-word", "only-without", lambda j, i, x, h:
        delta(x, h)[i] - effect_of(j, i, x, h), ["when Eiffel is gone"]),
    ("without-word", "only-with", lambda j, i, x, h: delta(x, h)[i], ["to tower"]),
    ("without-word", "changed-inputs", emptied_in_place, ["changed its input x."]),
    ("without-word", "raised", lambda j, i, x, h: x[9], ["IndexError"]),
    ("without-word", "wrong-type", lambda j, i, x, h: {"tower": 1}, ["a dict of 1"]),
    ("without-word", "wrong-shape", lambda j, i, x, h: delta(x, h), ["(3, 2)", "(2,)"]),
    ("without-word", "not-finite", lambda *inputs: effect_of(*inputs) * np.nan, ["nan <"]),
    ("without-word", "not-a-function", np.eye(2), ["f(word_index, token, x, head)"]),
    ("without-word", "arguments", lambda x, head: x, ["f(word_index, token, x, head)"]),
    ("without-word", "unrecognised", lambda *inputs: 2 * effect_of(*inputs), ["<"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("exercise", "hint", "answer", "shown"), WRONG, ids=[f"{e}:{h}" for e, h, _, _ in WRONG]
)
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(context, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG)
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    assert not re.search(r"np\.|max\(|\.items|\.T| @ |\[|key=", text)


def begun_at_zero(start):
    """A search for the largest cosine that begins at 0."""

    def answer(vector, senses):
        best, best_cosine = start, 0
        for name, sense in senses.items():
            if cosine(vector, sense) > best_cosine:
                best, best_cosine = name, cosine(vector, sense)
        return best

    return answer


@pytest.mark.parametrize("start", [None, "", "a spy"])
def test_a_search_that_begins_at_zero_is_found_out(start):
    assert check("nearest-sense", begun_at_zero(start)).hint == "begun-at-zero"


def test_a_mistake_made_on_some_inputs_only_is_not_taken_for_the_mistake():
    def careless(x, shares, w_v, w_o):
        return added(x, shares, w_v, w_o) + (x if len(x) == 4 else 0)

    assert check("context-update", added).hint == "no-residual"
    assert check("context-update", careless).hint == "unrecognised"


# --- the inputs that are tried


def test_the_winner_is_clear_in_every_input():
    for case in context.sense_cases():
        vector, senses = case.inputs
        best, second = sorted((cosine(vector, each) for each in senses.values()), reverse=True)[:2]
        assert best > second + 0.005


def test_mole_has_each_of_its_senses_once():
    answers = [context.nearest_sense_name(*case.inputs) for case in context.sense_cases()]
    assert answers[1:4] == ["animal", "chemistry", "medicine"]


def test_words_are_removed_before_and_after_the_token_and_at_both_ends():
    inputs = [case.inputs for case in context.effect_cases()]
    assert all(word != token for word, token, *_ in inputs)
    assert {word < token for word, token, *_ in inputs} == {True, False}
    assert any(token == len(x) - 1 for _, token, x, _ in inputs)
    assert any(word == len(x) - 1 for word, _, x, _ in inputs)


def test_values_are_as_wide_as_embeddings_in_some_inputs_only():
    matrices = [case.inputs[2] for case in context.update_cases()]
    assert {len(set(w_v.shape)) for w_v in matrices} == {1, 2}


def test_the_weights_of_every_input_are_shares_and_not_the_same_when_turned():
    for case in context.update_cases():
        shares = case.inputs[1]
        assert np.allclose(shares.sum(axis=-1), 1)
        assert len(shares) == 1 or not np.allclose(shares, shares.T)


def test_an_answer_right_for_square_matrices_only_is_found_out():
    verdict = check(
        "context-update",
        lambda x, s, v, o: (with_context if v.shape[0] == v.shape[1] else added)(x, s, v, o),
    )
    assert verdict.hint == "unrecognised" and "token 0" in verdict.message


def stub(*inputs): ...


@pytest.mark.parametrize("exercise", [each.id for each in context.EXERCISES])
@pytest.mark.parametrize("answer", [None, ..., stub])
def test_a_stub_is_not_attempted(exercise, answer):
    assert repr(check(exercise, answer)) == f"{exercise}: not attempted yet"


BAD_RESULTS = [
    "", "<script>{0}</script>", np.nan, 10**400, True, [], {}, [None, 1], [["a"]], object, abs,
    np.zeros(0), np.zeros((2, 0)), np.full((3, 2), 1e300), np.full(2, -np.inf), np.zeros((3, 2, 1)),
    np.zeros((3, 2), complex), np.array(["an animal"]), np.array([None]), iter([1]),
]  # fmt: skip


@pytest.mark.parametrize("exercise", [each.id for each in context.EXERCISES])
@pytest.mark.parametrize("bad", BAD_RESULTS, ids=range(len(BAD_RESULTS)))
def test_a_bad_result_is_answered(exercise, bad):
    for verdict in (check(exercise, lambda *inputs: bad), check(exercise, bad)):
        assert verdict.attempted and not verdict.solved and verdict.hints
        assert "<script" not in verdict._repr_html_() and " at 0x" not in repr(verdict)


def test_a_head_cannot_be_changed_for_the_next_check():
    assert check("without-word", head_in_place).hint == "changed-inputs"
    assert check("without-word", effect_of).solved


def test_the_exercises_of_the_chapter():
    told = {each.id: (each.stars, each.minutes) for each in context.EXERCISES}
    assert told == {"nearest-sense": (1, 5), "context-update": (2, 10), "without-word": (2, 10)}
    assert list(told) == ["nearest-sense", "context-update", "without-word"]
    assert all(each.title for each in context.EXERCISES)
