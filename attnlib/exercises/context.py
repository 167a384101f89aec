"""The exercises of the chapter "Context"."""

from dataclasses import dataclass

import numpy as np

import attnlib as al
from attnlib import world
from attnlib.exercises import functions, words
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import decimals_for, matrix, number
from attnlib.exercises.functions import (
    ArrayResult,
    Case,
    FunctionExercise,
    first_wrong,
    mistake,
)
from attnlib.exercises.words import (
    WordResult,
    cosines,
    distances,
    dots,
    drawn_words,
    largest,
    smallest,
    word_mistake,
)

SEED = 2
HEAD = world.SENSES.head("context")
MEANINGS = ("animal", "chemistry", "medicine")


def one_decimal(rng, *shape):
    """Random numbers that can be read in a table."""
    return rng.normal(0, 1, shape).round(1)


def random_head(rng, d_model, d_head, d_value):
    shapes = (d_model, d_head), (d_model, d_head), (d_model, d_value), (d_value, d_model)
    return al.Head(*(one_decimal(rng, *shape) for shape in shapes))


def tokens_named(count):
    return tuple(f"token {i}" for i in range(count))


def axes_named(count):
    return tuple(f"axis {i}" for i in range(count))


def weights_of(x, head):
    return head.trace(x).weights


def drawn_head(head, axes):
    return (
        matrix("input head.w_q", head.w_q, axes),
        matrix("input head.w_k", head.w_k, axes),
        matrix("input head.w_v", head.w_v, axes),
        matrix("input head.w_o", head.w_o, None, axes),
    )


# Small enough to follow by hand, and square: nearly every mistake gives numbers to compare.
SMALL_HEAD = al.Head(
    w_q=np.array([[2.0, 0.0], [1.0, 1.0]]),
    w_k=np.array([[0.0, 1.0], [1.0, 0.0]]),
    w_v=np.array([[1.0, 1.0], [0.0, 2.0]]),
    w_o=np.array([[0.0, 1.0], [2.0, 0.0]]),
)
SMALL_WORDS = ("Eiffel", "tower", "slept")
SMALL_X = np.array([[0.0, 2.0], [1.0, 0.0], [1.0, 1.0]])
SMALL_WEIGHTS = np.array([[0.2, 0.8, 0.0], [0.5, 0.0, 0.5], [0.1, 0.3, 0.6]])


# --- nearest-sense: what does the word mean now?


def nearest_sense_name(vector, senses):
    return largest(cosines(vector, senses))


def sense_case(vector, senses, axes=None):
    drawn = (
        matrix("input vector", vector, ("vector",), axes),
        *drawn_words("input senses", senses, axes),
    )
    return Case((vector, senses), (), (), drawn)


def sense_in(phrase, word):
    """The case of `word` after the head of SENSES has read `phrase`."""
    tokens = world.SENSES.tokenize(phrase)
    x = world.SENSES.embed(tokens)
    vector = (x + HEAD(x))[tokens.index(word)]
    axes = world.SENSES.axes
    senses = {name: np.eye(len(axes))[axes.index(name)] for name in MEANINGS}
    return sense_case(vector, senses, axes)


def sense_cases():
    small = {
        "an amount": (3, 12, 0),
        "a spot on the skin": (2, 1, 2),
        "an animal": (6, 1, 1),
        "a spy": (-2, 0, 1),
    }
    small = {name: np.array(row, float) for name, row in small.items()}
    cases = [sense_case(np.array([3.0, 1.0, 1.0]), small, MEANINGS)]
    sentences = world.SENSES.sentences
    for title in ("the animal", "the amount", "the skin"):
        cases.append(sense_in(sentences[title], "mole"))
    rng = np.random.default_rng(SEED)
    for n_senses, d_model in ((2, 3), (5, 2), (3, 8), (12, 6)):
        senses = {f"sense {i}": one_decimal(rng, d_model) * (i + 1) for i in range(n_senses)}
        cases.append(sense_case(one_decimal(rng, d_model), senses))
    away = {"a spy": (-1, 3), "an animal": (-2, 1), "an amount": (-1, -4)}  # cosines below 0
    away = {name: np.array(row, float) for name, row in away.items()}
    return [*cases, sense_case(np.array([3.0, 0.0]), away, MEANINGS[:2])]


SENSE_MISTAKES = (
    word_mistake(
        "dot-product",
        lambda vector, senses: largest(dots(vector, senses)),
        "You chose '{returned}': its dot product, {returned_dot_product}, is the largest, because "
        "its vector is long. Its cosine is {returned_cosine}; that of '{expected}' is "
        "{expected_cosine}.",
        "Divide each dot product by the length of the sense's vector as well. The length of "
        "`vector` alone is the same for all senses and changes nothing.",
    ),
    word_mistake(
        "smallest",
        lambda vector, senses: smallest(cosines(vector, senses)),
        "You chose '{returned}', with a cosine of {returned_cosine}: no sense points away more. "
        "'{expected}' has {expected_cosine}.",
        "1 is the same direction, -1 the opposite one. `sorted` and `argsort` begin with the "
        "smallest; you want the largest.",
    ),
    word_mistake(
        "distance",
        lambda vector, senses: smallest(distances(vector, senses)),
        "You chose '{returned}', whose tip is the closest, at a distance of {returned_distance}. "
        "The exercise asks for direction: its cosine is {returned_cosine}, that of '{expected}' "
        "is {expected_cosine}.",
        "A longer vector in the right direction is far away by distance. Compare dot products "
        "divided by both lengths instead.",
    ),
    word_mistake(
        "index",
        lambda vector, senses: list(senses).index(nearest_sense_name(vector, senses)),
        "You return {returned}, the position of the right sense. Its name is wanted: '{expected}'.",
        "The keys of the dict are the names, in the same order. Look the name up at your "
        "position, or go through names and vectors together with `.items()`.",
    ),
    word_mistake(
        "number",
        (
            lambda vector, senses: max(cosines(vector, senses).values()),
            lambda vector, senses: list(cosines(vector, senses).values()),
        ),
        "You return {returned}: how near, not which sense. The name of the sense with the largest "
        "cosine is wanted: here '{expected}', with {expected_cosine}.",
        "Keep each name together with its cosine, and return the name. `max` takes a `key` by "
        "which it compares: then it gives back the name itself.",
    ),
    word_mistake(
        "sense-vector",
        lambda vector, senses: senses[nearest_sense_name(vector, senses)],
        "You return the vector of the right sense. Its name is wanted: '{expected}'.",
        "`.items()` gives each name together with its vector. Compare the vectors, return the "
        "name.",
    ),
)
SENSE_FALLBACK = Diagnosis(
    "unrecognised",
    "You chose '{returned}', with a cosine of {returned_cosine}; '{expected}' has "
    "{expected_cosine}. Work out these two by hand and compare them with what your code gets.",
    "For each sense: the dot product of its vector with `vector`, divided by the lengths of "
    "both. The name with the largest result is the answer.",
    lambda attempt: True,
)

NEAREST_SENSE = FunctionExercise(
    id="nearest-sense",
    title="Which sense is nearest?",
    stars=1,
    minutes=5,
    diagnoses=(
        words.CHANGED_DICTIONARY,
        *SENSE_MISTAKES,
        words.BEGUN_AT_ZERO,
        *words.OF_FORM,
        SENSE_FALLBACK,
    ),
    parameters=("vector", "senses"),
    cases=sense_cases,
    reference=nearest_sense_name,
    result=WordResult(lambda vector, senses: (vector, senses, ()), "a key of `senses`"),
)


# --- context-update: add what the head says


@dataclass(frozen=True)
class UpdateResult(ArrayResult):
    """New rows for the tokens: hints can quote what stood in x, and what is to be added."""

    def facts(self, case, result, expected):
        facts = super().facts(case, result, expected)
        if result is None or result.shape != expected.shape:
            return facts | dict.fromkeys(("before", "added"), "?")
        first = first_wrong(result, expected)
        before, added = case.inputs[0][first], (expected - case.inputs[0])[first]
        decimals = decimals_for(result, expected)
        return facts | {"before": number(before, decimals), "added": number(added, decimals)}


def updated(x, weights, w_v, w_o):
    return x + weights @ (x @ w_v) @ w_o


def update_case(x, weights, w_v, w_o, tokens, axes):
    drawn = (
        matrix("input x", x, tokens, axes),
        matrix("input weights", weights, tokens, tokens),
        matrix("input w_v", w_v, axes),
        matrix("input w_o", w_o, None, axes),
    )
    return Case((x, weights, w_v, w_o), tokens, axes, drawn)


def update_case_of(x, head, tokens, axes):
    return update_case(x, weights_of(x, head), head.w_v, head.w_o, tokens, axes)


def update_cases():
    cases = [
        update_case(
            SMALL_X, SMALL_WEIGHTS, SMALL_HEAD.w_v, SMALL_HEAD.w_o, SMALL_WORDS, axes_named(2)
        )
    ]
    rng = np.random.default_rng(SEED)
    for n_tokens, d_model, d_value in ((4, 3, 2), (2, 3, 1), (1, 5, 2), (6, 4, 4), (5, 6, 3)):
        x, head = one_decimal(rng, n_tokens, d_model), random_head(rng, d_model, 2, d_value)
        cases.append(update_case_of(x, head, tokens_named(n_tokens), axes_named(d_model)))
    for title in ("the Eiffel tower", "the wizard"):
        tokens = tuple(world.SENSES.tokenize(world.SENSES.sentences[title]))
        cases.append(update_case_of(world.SENSES.embed(tokens), HEAD, tokens, world.SENSES.axes))
    return cases


def last_only(x, weights, w_v, w_o):
    return np.concatenate([x[:-1], updated(x, weights, w_v, w_o)[-1:]])


UPDATE_MISTAKES = (
    mistake(
        "no-residual",
        lambda x, weights, w_v, w_o: weights @ (x @ w_v) @ w_o,
        "In row {row}, column {column} you have {returned}: that is what the head adds. The "
        "{before} that stood there before is gone, and with it what the word meant at first.",
        "The head does not replace a vector, it says what to add to it. Add your result to x in "
        "the last step.",
    ),
    mistake(
        "embeddings-mixed",
        (
            lambda x, weights, w_v, w_o: weights @ x,
            lambda x, weights, w_v, w_o: x + weights @ x,
            lambda x, weights, w_v, w_o: weights @ x @ w_o,
            lambda x, weights, w_v, w_o: x + weights @ x @ w_o,
        ),
        "In row {row}, column {column} you have {returned}, and {expected} is expected. You mix "
        "the embeddings themselves. What a word hands over is its value.",
        "A word's value is its row of x times `w_v`. Mix the values with the weights, send the "
        "mixture through `w_o`, and add that to x.",
    ),
    mistake(
        "weights-turned",
        (
            lambda x, weights, w_v, w_o: x + weights.T @ (x @ w_v) @ w_o,
            lambda x, weights, w_v, w_o: x + ((x @ w_v).T @ weights).T @ w_o,
        ),
        "In row {row}, column {column} you have {returned}, and {expected} is expected. You mix "
        "with the column of the token: what the others take from it. Its own shares stand in its "
        "row, and sum to 1.",
        "The weights are the left factor, as they are: row i of the product is the mixture for "
        "token i.",
    ),
    mistake(
        "softmax-again",
        lambda x, weights, w_v, w_o: x + al.softmax(weights) @ (x @ w_v) @ w_o,
        "In row {row}, column {column} you have {returned}, and {expected} is expected. You put "
        "the weights through softmax. They are shares already; a second softmax makes them "
        "nearly equal.",
        "Each row of `weights` sums to 1. Use it as it is.",
    ),
    mistake(
        "values-not-mixed",
        lambda x, weights, w_v, w_o: x + x @ w_v @ w_o,
        "In row {row}, column {column} you have {returned}, and {expected} is expected. You add "
        "to each word its own value. No word has looked at another: the weights are not used.",
        "Between `w_v` and `w_o` comes the mixture: the weights times the values.",
    ),
    mistake(
        "no-output-matrix",
        (
            lambda x, weights, w_v, w_o: weights @ (x @ w_v),
            lambda x, weights, w_v, w_o: x + weights @ (x @ w_v),
        ),
        "Your mixture of values is right. It has d_value numbers, and their order means nothing "
        "on the axes of x yet. One of the two matrices is not used.",
        "`w_o` takes a mixture of values back to d_model numbers. Multiply by it before you "
        "add to x.",
    ),
    mistake(
        "last-token-only",
        (last_only, lambda x, weights, w_v, w_o: updated(x, weights, w_v, w_o)[-1]),
        "Only the last token gets its new vector from you. Every token asks: each row of x has "
        "something added to it.",
        "Let the matrix products run over all rows at once: a value for every token, a mixture "
        "for every row of the weights.",
    ),
)
UPDATE_FALLBACK = Diagnosis(
    "unrecognised",
    "In row {row}, column {column} you have {returned}. There stood {before}, and the head adds "
    "{added}: that makes {expected}. Follow this one row through your code.",
    "Four steps, and a print after each: the values of all tokens; the weights times the values; "
    "that times `w_o`; that added to x.",
    lambda attempt: True,
)

CONTEXT_UPDATE = FunctionExercise(
    id="context-update",
    title="Add what the context says",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *UPDATE_MISTAKES,
        *functions.OF_FORM,
        UPDATE_FALLBACK,
    ),
    parameters=("x", "weights", "w_v", "w_o"),
    cases=update_cases,
    reference=updated,
    result=UpdateResult("a row for each token, a column for each axis, as in x"),
)


# --- without-word: what one word adds


def place_without(word_index, token):
    """Where `token` stands once the word at `word_index` is gone."""
    return token - (word_index < token)


def effect(word_index, token, x, head):
    rest = np.delete(x, word_index, axis=0)
    return head(x)[token] - head(rest)[place_without(word_index, token)]


def effect_case(word_index, token, x, head, names, axes):
    drawn = (
        words.note(f"inputs word_index, token: {word_index} ({names[word_index]}), "
                   f"{token} ({names[token]})"),
        matrix("input x", x, names, axes),
        *drawn_head(head, axes),
    )  # fmt: skip
    facts = {
        "word": names[word_index],
        "asking": names[token],
        "word_index": str(word_index),
        "token": str(token),
        "place": str(place_without(word_index, token)),
    }
    row = f"{names[word_index]} to {names[token]}"
    return Case((word_index, token, x, head), (row,), axes, drawn, facts)


def effect_cases():
    cases = [effect_case(0, 1, SMALL_X, SMALL_HEAD, SMALL_WORDS, axes_named(2))]
    rng = np.random.default_rng(SEED)
    for word_index, token, n_tokens, d_model, d_head, d_value in (
        (2, 0, 4, 3, 2, 2),
        (1, 3, 4, 3, 4, 2),
        (0, 1, 2, 4, 2, 1),
        (5, 4, 6, 5, 3, 3),
        (0, 5, 6, 4, 1, 4),
    ):
        x, head = one_decimal(rng, n_tokens, d_model), random_head(rng, d_model, d_head, d_value)
        names, axes = tokens_named(n_tokens), axes_named(d_model)
        cases.append(effect_case(word_index, token, x, head, names, axes))
    names = tuple(world.SENSES.tokenize(world.SENSES.sentences["a miniature"]))
    x, word_index, token = world.SENSES.embed(names), names.index("miniature"), names.index("tower")
    cases.append(effect_case(word_index, token, x, HEAD, names, world.SENSES.axes))
    return cases


def weighted_value(word_index, token, x, head):
    return weights_of(x, head)[token, word_index] * (x[word_index] @ head.w_v @ head.w_o)


def emptied(word_index, token, x, head):
    silent = np.array(x)
    silent[word_index] = 0
    return head(x)[token] - head(silent)[token]


def without_word(word_index, token, x, head):
    """What the head adds to `token` when the word is removed."""
    return head(np.delete(x, word_index, axis=0))[place_without(word_index, token)]


EFFECT_MISTAKES = (
    mistake(
        "not-shared-anew",
        weighted_value,
        "In column {column} you have {returned}, and {expected} is expected. You took the word's "
        "own part of the sum. But when {word} is gone, its weight is free, and the other words "
        "share it: what they add changes too.",
        "Weights of a shorter phrase sum to 1 again. Take the word out of the phrase, let the "
        "head read what is left, and compare with what it added before.",
    ),
    mistake(
        "emptied",
        emptied,
        "In column {column} you have {returned}, and {expected} is expected. You left a row of "
        "zeros where {word} stood. Zeros still get a score of 0, and so a weight: that row takes "
        "its share and hands over nothing.",
        "The phrase must be one row shorter. `np.delete` gives a new array without the row; so "
        "does joining what stands before and after it.",
    ),
    mistake(
        "not-shifted",
        lambda word_index, token, x, head: (
            head(x)[token] - head(np.delete(x, word_index, axis=0))[token]
        ),
        "Once {word} at position {word_index} is gone, {asking} does not stand at position "
        "{token} any more. You looked there, and found another word or the end of the phrase.",
        "Words after the removed one move up by one. Without {word}, {asking} stands at position "
        "{place}.",
    ),
    mistake(
        "always-shifted",
        lambda word_index, token, x, head: (
            head(x)[token] - head(np.delete(x, word_index, axis=0))[token - 1]
        ),
        "Here {word}, at position {word_index}, stands after {asking}, at position {token}. Your "
        "code moves {asking} up by one all the same, and so compares with another word.",
        "Only the words after the removed one move. Compare the two positions before you "
        "subtract 1.",
    ),
    mistake(
        "sign-reversed",
        lambda word_index, token, x, head: -effect(word_index, token, x, head),
        "In column {column} you have {returned}, and {expected} is expected: the right size with "
        "the wrong sign. That is what changes when {word} goes, not when it comes.",
        "What a word adds is what there is with it, less what there is without it.",
    ),
    mistake(
        "only-without",
        without_word,
        "In column {column} you have {returned}: what the head adds to {asking} when {word} is "
        "gone. How much does it differ from what the head adds with all words?",
        "You need two deltas for {asking}: one from the whole phrase, one without {word}. Return "
        "the first less the second.",
    ),
    mistake(
        "only-with",
        lambda word_index, token, x, head: head(x)[token],
        "In column {column} you have {returned}: what all the words together add to {asking}. How "
        "much of it would be missing without {word}?",
        "Let the head read the phrase a second time, without {word}, and subtract what it then "
        "adds to {asking}.",
    ),
)
EFFECT_FALLBACK = Diagnosis(
    "unrecognised",
    "In column {column} you have {returned}, and {expected} is expected. Compute two vectors and "
    "print them: what the head adds to {asking} with all words, and without {word}.",
    "`head(x)` gives what is added, a row for each token. Take the row of {asking}, once from "
    "the whole phrase and once from the phrase without {word}, where it is row {place}; then "
    "subtract.",
    lambda attempt: True,
)

WITHOUT_WORD = FunctionExercise(
    id="without-word",
    title="What one word adds",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *EFFECT_MISTAKES,
        *functions.OF_FORM,
        EFFECT_FALLBACK,
    ),
    parameters=("word_index", "token", "x", "head"),
    cases=effect_cases,
    reference=effect,
    result=ArrayResult("one number for each axis, as in a row of x"),
)

EXERCISES = (NEAREST_SENSE, CONTEXT_UPDATE, WITHOUT_WORD)
