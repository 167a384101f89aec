"""The exercises of the chapter "Embeddings"."""

import numpy as np

from attnlib import world
from attnlib.exercises import functions, words
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import matrix
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake
from attnlib.exercises.words import (
    WordResult,
    cosines,
    distances,
    dots,
    drawn_words,
    largest,
    note,
    smallest,
    without,
    word_mistake,
)

SEED = 1
NAMES = tuple(world.PHRASES.vocabulary)  # of the words with random vectors
DIRECTIONS = {word: np.array(row) for word, row in world.DIRECTIONS.vocabulary.items()}


def random_vectors(rng, n_words, d_model):
    """{word: vector} with numbers that can be read in a table."""
    return {word: rng.normal(0, 2, d_model).round(1) for word in NAMES[:n_words]}


# --- one-hot: a look-up as a matrix product


def with_list(inputs):
    """The ids as a list, as a text has them."""
    ids, n_words = inputs
    return ids.tolist(), n_words


def one_hot_rows(ids, n_words):
    return np.eye(n_words)[ids]


def one_hot_case(ids, n_words):
    ids = np.array(ids)
    rows = tuple(f"token {i} (id {each})" for i, each in enumerate(ids))
    columns = tuple(f"id {j}" for j in range(n_words))
    drawn = (
        matrix("input ids", ids, ("ids",), tuple(f"token {i}" for i in range(len(ids)))),
        note(f"input n_words: {n_words}"),
    )
    facts = {"n_tokens": str(len(ids)), "n_words": str(n_words), "first_id": str(ids[0])}
    return Case((ids, n_words), rows, columns, drawn, facts)


def one_hot_cases():
    cases = [one_hot_case([2, 0, 2], 4), one_hot_case([1], 3), one_hot_case([1, 2, 0], 3)]
    rng = np.random.default_rng(SEED)
    for n_tokens, n_words in ((2, 7), (6, 3), (4, 4), (5, 1), (12, 20)):
        cases.append(one_hot_case(rng.integers(0, n_words, n_tokens), n_words))
    return cases


def counts(ids, n_words):
    return np.bincount(ids, minlength=n_words)


ONE_HOT_MISTAKES = (
    mistake(
        "transposed",
        lambda ids, n_words: one_hot_rows(ids, n_words).T,
        "Your result has shape {shape}: a column for each token and a row for each word. A "
        "product with the table takes its rows from the left factor, and you want a row for "
        "each token.",
        "Rows are tokens, columns are words: the matrix has {n_tokens} rows and {n_words} "
        "columns here. Put the one for token i into row i, or turn the whole on its side at the "
        "end.",
    ),
    mistake(
        "multi-hot",
        (counts, lambda ids, n_words: np.minimum(counts(ids, n_words), 1)),
        "Your result has shape {shape}: one row for the whole text. It says which words occur, "
        "and no longer which token is which. {n_tokens} tokens need {n_tokens} rows.",
        "Start with zeros of shape (number of tokens, n_words). Go through the tokens: each has a "
        "row of its own, with a single one in it.",
    ),
    mistake(
        "all-in-each-row",
        (
            lambda ids, n_words: np.tile(counts(ids, n_words), (len(ids), 1)),
            lambda ids, n_words: np.tile(np.minimum(counts(ids, n_words), 1), (len(ids), 1)),
        ),
        "Every row of yours marks the ids of all the tokens. Times the table, such a row adds up "
        "several words. A row should fetch one: the word of its own token.",
        "Row i belongs to token i alone. It has a one in column ids[i], and zeros elsewhere, "
        "whatever the other tokens are.",
    ),
    mistake(
        "counted-from-1",
        (
            lambda ids, n_words: np.eye(n_words)[ids - 1],
            lambda ids, n_words: np.eye(n_words, k=-1)[ids],
        ),
        "For {row} your one stands one column too far to the left. The first word of the table "
        "has the id 0, not 1.",
        "Python counts rows and columns from 0, and so do the ids: id 0 is the first column. Use "
        "the ids as they are, without subtracting 1.",
    ),
    mistake(
        "identity",
        (
            lambda ids, n_words: np.eye(n_words),
            lambda ids, n_words: np.eye(len(ids)),
            lambda ids, n_words: np.eye(len(ids), n_words),
        ),
        "Your rows are those of an identity matrix, one after the other. Times the table they "
        "give its rows in its own order, whatever the text says. Your result does not look at "
        "the ids yet.",
        "Each row of the identity is a right row for some token. Take the row with the number "
        "ids[i] for token i; a word that occurs twice takes its row twice.",
    ),
    mistake(
        "id-as-value",
        lambda ids, n_words: one_hot_rows(ids, n_words) * np.asarray(ids)[:, None],
        "In {row}, {column} you have {returned}, not {expected}: you wrote the id itself into "
        "the cell. Times the table that multiplies the word's vector by its id.",
        "The id says where to write, not what to write: it is the number of the column. What "
        "stands there is a one.",
    ),
)
ONE_HOT_FALLBACK = Diagnosis(
    "unrecognised",
    "In row {row}, column {column} you have {returned}, and {expected} is expected. Look at that "
    "row alone: which id does the token have, and where must its one stand?",
    "Start with zeros: a row for each token, a column for each of the {n_words} words. In row i "
    "there is a one in the column whose number is the i-th id.",
    lambda attempt: True,
)

ONE_HOT = FunctionExercise(
    id="one-hot",
    title="Look up by multiplying",
    stars=1,
    minutes=5,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *ONE_HOT_MISTAKES,
        *functions.OF_FORM,
        ONE_HOT_FALLBACK,
    ),
    parameters=("ids", "n_words"),
    cases=one_hot_cases,
    reference=one_hot_rows,
    result=ArrayResult("a row for each token, a column for each word of the vocabulary"),
    forms=(with_list, tuple),
)


# --- nearest: the word that points the same way


def others(word, vectors):
    return without([word], vectors)


def nearest_word(word, vectors):
    return largest(cosines(vectors[word], others(word, vectors)))


def nearest_case(word, vectors, axes=None):
    drawn = note(f"input word: '{word}'"), *drawn_words("input vectors", vectors, axes)
    return Case((word, vectors), (), (), drawn, {"word": word})


def nearest_cases():
    small = {"forest": (4, 8), "fox": (2, 1), "river": (-4, 6), "owl": (5, 2), "den": (2, 0)}
    small = {word: np.array(row, float) for word, row in (small | {"the": (-1, -1)}).items()}
    parallel = {"blue": (2, 6), "old": (4, 8), "small": (2, 4), "sleepy": (3, 3), "the": (6, 2)}
    parallel = {word: np.array(row, float) for word, row in parallel.items()}
    cases = [nearest_case("fox", small), nearest_case("small", parallel)]
    for word in ("king", "Paris", "queens", "Tokyo"):
        cases.append(nearest_case(word, DIRECTIONS, world.DIRECTIONS.axes))
    rng = np.random.default_rng(SEED)
    for n_words, d_model in ((2, 3), (5, 2), (8, 4), (20, 16)):
        vectors = random_vectors(rng, n_words, d_model)
        cases.append(nearest_case(NAMES[rng.integers(n_words)], vectors))
    twins = {"blue": (2, 7), "small": (2, 4), "old": (2, 4), "sleepy": (4, 4)}
    twins = {word: np.array(row, float) for word, row in twins.items()}
    cases.append(nearest_case("old", twins))
    family = {"queen": (3, 1), "queens": (3, 2), "king": (-3, 1), "kings": (-3, 2)}
    family = {word: np.array(row, float) for word, row in family.items()}
    cases += [nearest_case(word, family) for word in ("queens", "king")]
    return [*cases, nearest_case("fox", apart())]


def apart():
    """Words that all point away from "fox": every cosine is below 0."""
    rows = {"river": (-3, 2), "owl": (-1, -2), "fox": (2, 0), "den": (-4, 1)}
    return {word: np.array(row, float) for word, row in rows.items()}


def of_others(measure, choose):
    """The mistake of another measure, with the word itself left out or not."""
    return (
        lambda word, vectors: choose(measure(vectors[word], others(word, vectors))),
        lambda word, vectors: choose(measure(vectors[word], vectors)),
    )


def position_of_nearest(leave_out):
    def position(word, vectors):
        return list(others(word, vectors) if leave_out else vectors).index(
            nearest_word(word, vectors)
        )

    return position


NEAREST_MISTAKES = (
    Diagnosis(
        "itself",
        "You return '{word}', the word that was asked about. Its cosine with itself is 1, which "
        "no other word can beat. The nearest other word is wanted.",
        "Leave '{word}' out by its name while you go through the words. Do not rely on its "
        "being first in a sorted list: another word can have a cosine of 1 as well.",
        words.is_input,
    ),
    word_mistake(
        "dot-product",
        of_others(dots, largest),
        "You chose '{returned}', which has the largest dot product: {returned_dot_product}. Its "
        "vector is long; its direction agrees less: its cosine is {returned_cosine}, that of "
        "'{expected}' is {expected_cosine}.",
        "A long vector wins every dot product. Divide each dot product by the lengths of both "
        "vectors. Dividing by the length of '{word}' alone does not change who wins.",
    ),
    word_mistake(
        "smallest",
        of_others(cosines, smallest),
        "You chose '{returned}', with a cosine of {returned_cosine}: it points away from "
        "'{word}' more than any other word. '{expected}' has {expected_cosine}.",
        "1 is the same direction, -1 the opposite one. `sorted` and `argsort` begin with the "
        "smallest; you want the largest.",
    ),
    word_mistake(
        "distance",
        of_others(distances, smallest),
        "You chose '{returned}': its tip is the closest to that of '{word}', at a distance of "
        "{returned_distance}. The exercise asks for direction: its cosine is {returned_cosine}, "
        "that of '{expected}' is {expected_cosine}.",
        "A distance sees lengths too: a vector that points the same way and is longer is far "
        "away. Compare dot products divided by both lengths instead.",
    ),
    word_mistake(
        "farthest",
        of_others(distances, largest),
        "You chose '{returned}', at a distance of {returned_distance}: of all the words it is "
        "the one farthest away. A large distance means unlike; a large cosine means alike.",
        "Two things to change: compare cosines, not distances; and of the cosines take the "
        "largest.",
    ),
    word_mistake(
        "number",
        (
            lambda word, vectors: max(cosines(vectors[word], others(word, vectors)).values()),
            lambda word, vectors: max(cosines(vectors[word], vectors).values()),
            lambda word, vectors: list(cosines(vectors[word], others(word, vectors)).values()),
            lambda word, vectors: list(cosines(vectors[word], vectors).values()),
        ),
        "You return {returned}: how near, not which word. The word with the largest cosine is "
        "wanted: here '{expected}', with {expected_cosine}.",
        "Keep the word together with its cosine while you go through them, and return the word. "
        "`max` takes a `key` by which it compares: then it gives back the word itself.",
    ),
    word_mistake(
        "position",
        (position_of_nearest(True), position_of_nearest(False)),
        "You return {returned}, a position in the list of words. The word that stands there is "
        "wanted.",
        "Keep the words in a list, in the order in which you computed the cosines, and look up "
        "the word at your position. Mind whether '{word}' itself is in that list.",
    ),
    word_mistake(
        "vector",
        lambda word, vectors: vectors[nearest_word(word, vectors)],
        "You return the vector of the right word. The word itself is wanted: '{expected}'.",
        "Go through the dict with `.items()`: it gives each word together with its vector. "
        "Compare the vectors, return the word.",
    ),
)
NEAREST_FALLBACK = Diagnosis(
    "unrecognised",
    "You chose '{returned}', with a cosine of {returned_cosine}; '{expected}' has "
    "{expected_cosine}. Work out these two by hand and compare them with what your code gets.",
    "For each word other than '{word}': the dot product of its vector with that of '{word}', "
    "divided by the lengths of both. The word with the largest result is the answer.",
    lambda attempt: True,
)

NEAREST = FunctionExercise(
    id="nearest",
    title="The nearest word",
    stars=2,
    minutes=10,
    diagnoses=(
        words.CHANGED_DICTIONARY,
        *NEAREST_MISTAKES,
        words.BEGUN_AT_ZERO,
        *words.OF_FORM,
        NEAREST_FALLBACK,
    ),
    parameters=("word", "vectors"),
    cases=nearest_cases,
    reference=nearest_word,
    result=WordResult(
        lambda word, vectors: (vectors[word], vectors, (word,)), "a key of `vectors`"
    ),
)


# --- analogy: a step from one word, taken from another


def combined(a, b, c, vectors):
    return vectors[a] - vectors[b] + vectors[c]


def analogous(a, b, c, vectors):
    return largest(cosines(combined(a, b, c, vectors), without([a, b, c], vectors)))


def analogy_case(a, b, c, vectors, axes=None):
    drawn = (
        note(f"inputs a, b, c: '{a}', '{b}', '{c}'"),
        *drawn_words("input vectors", vectors, axes),
        matrix("a - b + c", combined(a, b, c, vectors), (f"{a} - {b} + {c}",), axes),
    )
    return Case((a, b, c, vectors), (), (), drawn, {"a": a, "b": b, "c": c})


def analogy_cases():
    small = {
        "man": (2, 0),
        "woman": (2, 1),
        "king": (6, 0),
        "queen": (8, 3),
        "prince": (4, -1),
        "princess": (4, 2),
        "emperor": (11, -4),
        "peasant": (-3, 1),
        "beggar": (-4, -1),
    }
    small = {word: np.array(row, float) for word, row in small.items()}
    cases = [analogy_case("king", "man", "woman", small, ("royal", "gender"))]
    for asked in (
        ("king", "man", "woman"),
        ("Paris", "France", "Italy"),
        ("Rome", "Italy", "Japan"),
        ("queens", "queen", "king"),
    ):
        cases.append(analogy_case(*asked, DIRECTIONS, world.DIRECTIONS.axes))
    rng = np.random.default_rng(SEED)
    for n_words, d_model in ((4, 3), (6, 2), (8, 4), (20, 16), (20, 3), (12, 2)):
        a, b, c = rng.choice(NAMES[:n_words], 3, replace=False).tolist()
        cases.append(analogy_case(a, b, c, random_vectors(rng, n_words, d_model)))
    cases.append(analogy_case("kings", "queens", "queen", DIRECTIONS, world.DIRECTIONS.axes))
    return [*cases, analogy_case("small", "blue", "old", opposed(), ("first", "second"))]


def opposed():
    """Words of which "small" less "blue" plus "old" leaves none on its side: cosines below 0."""
    rows = {"small": (2, 1), "blue": (1, 3), "old": (2, 2), "the": (-1, -2), "den": (-2, 1)}
    return {word: np.array(row, float) for word, row in rows.items()}


def of_target(target, measure=cosines, choose=largest):
    """The mistake of another target or measure, with the inputs left out or not."""
    return (
        lambda a, b, c, vectors: choose(
            measure(target(a, b, c, vectors), without([a, b, c], vectors))
        ),
        lambda a, b, c, vectors: choose(measure(target(a, b, c, vectors), vectors)),
    )


def largest_cosine(a, b, c, vectors):
    return max(cosines(combined(a, b, c, vectors), without([a, b, c], vectors)).values())


ANALOGY_MISTAKES = (
    Diagnosis(
        "inputs-left-in",
        "You return '{returned}', one of the three words you were given. A sum often stays "
        "close to its own parts, here with a cosine of {returned_cosine}; that is why the "
        "custom is to leave '{a}', '{b}' and '{c}' out.",
        "Skip all three inputs, by name, while you look for the largest cosine. What remains "
        "gives '{expected}', with {expected_cosine}.",
        words.is_input,
    ),
    word_mistake(
        "wrong-sign",
        of_target(lambda a, b, c, vectors: combined(a, c, b, vectors)),
        "You get '{returned}'. That is where '{a}' goes when you add '{b}' and take '{c}' away. "
        "It is '{b}' that is taken away and '{c}' that is put in its place.",
        "Check your signs one by one: '{a}' has a plus, '{b}' a minus, '{c}' a plus.",
    ),
    word_mistake(
        "backwards",
        of_target(lambda a, b, c, vectors: combined(b, a, c, vectors)),
        "You get '{returned}': you took the step from '{a}' to '{b}', starting from '{c}'. The "
        "step goes the other way, from '{b}' to '{a}'.",
        "'{a}' less '{b}' is the step from '{b}' to '{a}': what you arrive at comes first. Add "
        "that step to '{c}'.",
    ),
    word_mistake(
        "dot-product",
        of_target(combined, dots),
        "You chose '{returned}', which has the largest dot product with a - b + c: "
        "{returned_dot_product}. Its vector is long, but its cosine is {returned_cosine}; that "
        "of '{expected}' is {expected_cosine}.",
        "Divide each dot product by the length of the word's vector too. The length of a - b + c "
        "alone is the same for all words and changes nothing.",
    ),
    word_mistake(
        "distance",
        of_target(combined, distances, smallest),
        "You chose '{returned}', the word whose tip is the closest to a - b + c. The exercise "
        "asks for direction: its cosine is {returned_cosine}, that of '{expected}' is "
        "{expected_cosine}.",
        "A longer vector in the right direction is far away by distance. Compare dot products "
        "divided by both lengths instead.",
    ),
    word_mistake(
        "smallest",
        of_target(combined, choose=smallest),
        "You chose '{returned}', with a cosine of {returned_cosine}: no word points away more. "
        "'{expected}' has {expected_cosine}.",
        "1 is the same direction, -1 the opposite one. `sorted` and `argsort` begin with the "
        "smallest; you want the largest.",
    ),
    word_mistake(
        "vector",
        (combined, lambda a, b, c, vectors: vectors[analogous(a, b, c, vectors)]),
        "You return a vector. It is a step on the way: the word whose vector points the same way "
        "as a - b + c is wanted.",
        "Compare a - b + c with the vector of each word but the three inputs, and return the word "
        "with the largest cosine.",
    ),
    word_mistake(
        "number",
        largest_cosine,
        "You return {returned}: how well the best word fits, not which word it is.",
        "Keep the word together with its cosine while you go through them, and return the word. "
        "`max` takes a `key` by which it compares: then it gives back the word itself.",
    ),
)
ANALOGY_FALLBACK = Diagnosis(
    "unrecognised",
    "You chose '{returned}', whose cosine with a - b + c is {returned_cosine}; '{expected}' has "
    "{expected_cosine}. Compute a - b + c first and compare it with the row drawn above.",
    "Three steps: the vector of '{a}' less that of '{b}' plus that of '{c}'; the cosine of "
    "that with every word but these three; the word whose cosine is the largest.",
    lambda attempt: True,
)

ANALOGY = FunctionExercise(
    id="analogy",
    title="King minus man plus woman",
    stars=2,
    minutes=10,
    diagnoses=(
        words.CHANGED_DICTIONARY,
        *ANALOGY_MISTAKES,
        words.BEGUN_AT_ZERO,
        *words.OF_FORM,
        ANALOGY_FALLBACK,
    ),
    parameters=("a", "b", "c", "vectors"),
    cases=analogy_cases,
    reference=analogous,
    result=WordResult(
        lambda a, b, c, vectors: (combined(a, b, c, vectors), vectors, (a, b, c)),
        "a key of `vectors` that is none of the three inputs",
    ),
)

EXERCISES = (ONE_HOT, NEAREST, ANALOGY)
