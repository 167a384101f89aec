"""The exercises of the chapter "Scaling"."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import Drawing, decimals_for, matrix, number
from attnlib.exercises.functions import (
    ArrayResult,
    Case,
    FunctionExercise,
    mistake,
    throughout,
)
from attnlib.exercises.suspects import SuspectsExercise

SEED = 5


# --- variance: of a dot product


@dataclass(frozen=True)
class NumberResult(ArrayResult):
    """How one number that a function returns is read, compared and drawn."""

    def wanted(self, expected):
        return f"one number: {self.shape}"

    def message(self, facts):
        return "Your function returned {returned}, not {expected}.".format(**facts)

    def draw(self, case, result, expected):
        if result.shape != expected.shape:
            return (matrix("what your function returned", result),)
        decimals = decimals_for(result, expected)
        cells = (number(result, decimals),), (number(expected, decimals),)
        rows, marked = ("your function", "expected"), frozenset({(0, 0)})
        return (Drawing(self.shape, rows, case.columns, cells, marked),)


def score_variance(d_head, variance_q, variance_k):
    """Vaswani et al. (2017), "Attention is all you need", footnote 4, for any variances."""
    return np.asarray(d_head * variance_q * variance_k, np.float64)


def variance_case(d_head, variance_q, variance_k):
    inputs = (d_head, variance_q, variance_k)
    cells = ((f"{d_head}", f"{variance_q:g}", f"{variance_k:g}"),)
    drawn = Drawing("inputs", ("value",), ("d_head", "variance_q", "variance_k"), cells)
    facts = dict(zip(drawn.columns, cells[0], strict=True))
    return Case(inputs, ("value",), ("variance",), (drawn,), facts)


def variance_cases():
    cases = [variance_case(4, 2.0, 3.0), variance_case(64, 1.0, 1.0), variance_case(1, 0.5, 4.0)]
    rng = np.random.default_rng(SEED)
    for d_head in (2, 16, 128, 512):
        cases.append(variance_case(d_head, *rng.uniform(0.1, 5, 2).round(2).tolist()))
    return [*cases, variance_case(3, 0.0, 2.0)]


NEARLY = 0.15  # how far a simulation may be off and still be taken for one


def is_near(inputs, came):
    if not isinstance(came, np.ndarray) or came.shape != ():
        return False
    expected = score_variance(*inputs)
    return bool(abs(came - expected) <= NEARLY * expected)


def measured(attempt):
    """Whether the result is near the right one for all inputs, and equal for next to none."""
    if not throughout(attempt, is_near):
        return False
    return sum(right for _, _, right in attempt.elsewhere()) <= 1


def shortened_by(shorten):
    return lambda d_head, variance_q, variance_k: shorten(d_head * variance_q * variance_k)


VARIANCE_MISTAKES = (
    mistake(
        "standard-deviation",
        lambda d_head, variance_q, variance_k: np.sqrt(d_head * variance_q * variance_k),
        "{returned} is the standard deviation: how far a score typically lies from 0. The "
        "variance is asked for, the mean of its square.",
        "You took a root at the end. Leave it out here; the chapter needs it in the next step.",
    ),
    mistake(
        "without-d-head",
        lambda d_head, variance_q, variance_k: variance_q * variance_k,
        "{returned} is the variance of a single product, one coordinate of the query times one "
        "of the key. A score adds up {d_head} of them. Or did you count in the division by a "
        "root? Here nothing is divided yet.",
        "The variance of a sum of independent terms is the sum of their variances. How many terms "
        "has the dot product?",
    ),
    mistake(
        "d-head-squared",
        lambda d_head, variance_q, variance_k: d_head**2 * variance_q * variance_k,
        "{returned} is too large by the factor {d_head}. That would be the variance of one "
        "product counted {d_head} times, as if all coordinates moved together. They are "
        "independent, and cancel in part.",
        "Multiplying one number by d_head multiplies its variance by d_head squared. Adding "
        "d_head independent numbers adds d_head variances.",
    ),
    mistake(
        "summed",
        (
            lambda d_head, variance_q, variance_k: d_head * (variance_q + variance_k),
            lambda d_head, variance_q, variance_k: variance_q + variance_k,
        ),
        "You added the variances {variance_q} and {variance_k}. That is right for the sum of two "
        "numbers; in a dot product a coordinate of q is multiplied by one of k.",
        "For independent numbers with mean 0, the mean of (q times k) squared is the mean of q "
        "squared times the mean of k squared. What is each of those?",
    ),
    mistake(
        "divided",
        lambda d_head, variance_q, variance_k: variance_q * variance_k / d_head,
        "{returned} gets smaller as d_head grows. You divided by d_head, as if the scores had "
        "been scaled already, or as for a mean of {d_head} products. A score is their sum.",
        "Begin with one product of two coordinates, find its variance, and then add {d_head} of "
        "them up. Nothing is divided.",
    ),
    mistake(
        "squared-variances",
        lambda d_head, variance_q, variance_k: d_head * (variance_q * variance_k) ** 2,
        "{returned} is what the variances {variance_q} and {variance_k} give when they are "
        "squared once more. A variance is a mean of squares already.",
        "Squaring turns a standard deviation into a variance. The inputs are variances: use them "
        "as they come.",
    ),
    mistake(
        "roots",
        lambda d_head, variance_q, variance_k: d_head * np.sqrt(variance_q * variance_k),
        "{returned} is what you get with standard deviations in place of the variances "
        "{variance_q} and {variance_k}.",
        "The mean of (q times k) squared is the product of two means of squares, and those are "
        "the variances themselves, without a root.",
    ),
    mistake(
        "rounded",
        (
            *map(shortened_by, (np.floor, np.round, np.ceil)),
            *(
                shortened_by(lambda exact, decimals=decimals: np.round(exact, decimals))
                for decimals in (1, 2)
            ),
        ),
        "{returned} is {expected}, rounded. Your formula is right; the exact number is asked for.",
        "A variance need not be a whole number. `int` and `round` cut off what comes after the "
        "point, and so does `//`.",
    ),
    Diagnosis(
        "simulated",
        "{returned} is near {expected}, but not equal. If you drew random numbers and measured: a "
        "good way to check a formula, and it points the right way. Here the exact number is asked "
        "for.",
        "Double d_head and see what your number does; then double one of the variances. That "
        "tells you the formula.",
        measured,
    ),
)
NOT_ONE_NUMBER = Diagnosis(
    "wrong-shape",
    "Your result's shape is {shape}. The answer is one number, and its shape is ().",
    "Return the number itself, without brackets around it. If you have several, one for each "
    "coordinate, they still have to be added up.",
)
NUMBER_NOT_FINITE = Diagnosis(
    "not-finite",
    "Your function returned {returned}, which is not a number one can compare. Here {expected} "
    "is expected.",
    "Nothing has to be divided, and no logarithm taken. Which step of yours gives inf or NaN?",
)
VARIANCE_FALLBACK = Diagnosis(
    "unrecognised",
    "You have {returned} where {expected} is expected. Do the case d_head = 1 first: a score is "
    "then one product of two independent numbers with mean 0.",
    "With mean 0 the variance is the mean of the square. For one product it is the mean of q "
    "squared times the mean of k squared; then add d_head such terms.",
    lambda attempt: True,
)

VARIANCE = FunctionExercise(
    id="variance",
    title="The variance of a score",
    stars=2,
    minutes=10,
    diagnoses=(
        *VARIANCE_MISTAKES,
        functions.RAISED,
        functions.WRONG_TYPE,
        NOT_ONE_NUMBER,
        NUMBER_NOT_FINITE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        VARIANCE_FALLBACK,
    ),
    parameters=("d_head", "variance_q", "variance_k"),
    cases=variance_cases,
    reference=score_variance,
    result=NumberResult("the variance of the score"),
)


# --- scaled-scores: divided by the root of d_head

FIXED = (8, 16, 32, 64, 128, 512, 768)  # sizes that people write into their code


def scaled_case(q, k):
    rows = tuple(f"query {i}" for i in range(len(q)))
    columns = tuple(f"key {j}" for j in range(len(k)))
    drawn = matrix("input q", q, rows), matrix("input k", k, columns)
    facts = dict(zip(("n_queries", "d_head", "n_keys"), map(str, (*q.shape, len(k))), strict=True))
    return Case((q, k), rows, columns, drawn, facts)


def scaled_cases():
    # 2, 3 and 4 differ from one another, and so do all divisors made from them by mistake.
    q = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, -1.0]])
    k = np.array([[1.0, 1.0, 2.0], [0.0, 2.0, 0.0], [4.0, 0.0, 1.0], [1.0, 1.0, -1.0]])
    cases = [scaled_case(q, k)]
    rng = np.random.default_rng(SEED)
    sizes = ((5, 6, 2), (4, 2, 9), (1, 5, 16), (5, 1, 1), (6, 7, 64), (3, 8, 5))
    for n_queries, n_keys, d_head in sizes:
        q, k = rng.normal(0, 2, (n_queries, d_head)), rng.normal(0, 2, (n_keys, d_head))
        cases.append(scaled_case(q.round(1), k.round(1)))
    return cases


def raw_scores(q, k):
    return al.scores(q, k, scale=1.0)


SCALED_MISTAKES = (
    mistake(
        "unscaled",
        raw_scores,
        "In row {row}, column {column} you have {returned}: the dot product as it is. Nothing "
        "has been divided.",
        "With {d_head} coordinates the variance of a dot product is {d_head} times as large as "
        "with one. Which divisor brings the standard deviation back?",
    ),
    mistake(
        "by-d-head",
        lambda q, k: raw_scores(q, k) / q.shape[-1],
        "In row {row}, column {column} you have {returned} where {expected} is expected: you "
        "divided by d_head = {d_head}, or by its root twice. That is too much, and the weights "
        "come out too even.",
        "The variance of the dot product grows like d_head. Dividing a number by c divides its "
        "variance by c squared: which c is right?",
    ),
    mistake(
        "by-n-keys",
        lambda q, k: raw_scores(q, k) / np.sqrt(len(k)),
        "You divided by the root of {n_keys}, the number of keys. A dot product does not grow "
        "with the number of keys, but with the number of its terms.",
        "Which axis of q is summed away in the product? The length of that axis is what counts: "
        "look at `q.shape` and `k.shape`.",
    ),
    mistake(
        "by-n-queries",
        lambda q, k: raw_scores(q, k) / np.sqrt(len(q)),
        "You divided by the root of {n_queries}, the number of queries. `len(q)` and "
        "`q.shape[0]` count rows, and the rows of q are queries.",
        "A dot product has as many terms as a query has coordinates: the last axis of q.",
    ),
    mistake(
        "multiplied",
        lambda q, k: raw_scores(q, k) * np.sqrt(q.shape[-1]),
        "In row {row}, column {column} you have {returned} where {expected} is expected: larger "
        "than the dot product itself. You multiplied where you meant to divide.",
        "The dot products are too large already, by the factor root of d_head. Which operation "
        "takes a factor away?",
    ),
    mistake(
        "precedence",
        (
            lambda q, k: raw_scores(q, k) / q.shape[-1] / 2,
            lambda q, k: raw_scores(q, k) / (q.shape[-1] / 2),
        ),
        "In row {row}, column {column} you have {returned} where {expected} is expected, with "
        "d_head = {d_head}. You divided by 2 somewhere and took no root.",
        "In Python `d ** 1 / 2` is (d ** 1) / 2, because powers come before division. Write "
        "`d ** 0.5`, or use `np.sqrt`.",
    ),
    mistake(
        "fixed",
        tuple(lambda q, k, size=size: raw_scores(q, k) / np.sqrt(size) for size in FIXED),
        "In row {row}, column {column} you have {returned} where {expected} is expected: you "
        "divided by the root of a fixed number. Here d_head is {d_head}.",
        "Heads come in many sizes. Take d_head from the array that came in: it is the length of "
        "q's last axis.",
    ),
    mistake(
        "whole-root",
        (
            lambda q, k: raw_scores(q, k) / math.isqrt(q.shape[-1]),
            lambda q, k: raw_scores(q, k) / round(math.sqrt(q.shape[-1])),
            lambda q, k: raw_scores(q, k) / math.ceil(math.sqrt(q.shape[-1])),
        ),
        "In row {row}, column {column} you have {returned} where {expected} is expected: you "
        "divided by a whole number. The root of d_head = {d_head} is none.",
        "`math.isqrt`, `int`, `round` and `//` give whole numbers. `math.sqrt` and `np.sqrt` keep "
        "what comes after the point.",
    ),
    mistake(
        "softmax",
        (
            lambda q, k: al.softmax(al.scores(q, k)),
            lambda q, k: al.softmax(raw_scores(q, k)),
        ),
        "Your rows sum to 1: these are weights, one step further than the exercise goes. It "
        "asks for the scores.",
        "Return what you have before the softmax.",
    ),
    mistake(
        "transposed",
        lambda q, k: al.scores(k, q),
        "Your result has the shape {shape}: a row for each key. Rows are queries here.",
        "In a matrix product the rows come from the left factor: which of q and k must stand "
        "there?",
    ),
)
SCALED_FALLBACK = Diagnosis(
    "unrecognised",
    "Row {row}, column {column} is {returned}, and {expected} is expected. Work out this dot "
    "product by hand, then see by what your code divides it; d_head is {d_head} here.",
    "Two steps: the matrix product of q with k turned on its side, then one division by the root "
    "of the length of q's last axis.",
    lambda attempt: True,
)

SCALED_SCORES = FunctionExercise(
    id="scaled-scores",
    piece="scaled_scores",
    title="Scores that keep their size",
    stars=1,
    minutes=5,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *SCALED_MISTAKES,
        *functions.OF_FORM,
        SCALED_FALLBACK,
    ),
    parameters=("q", "k"),
    cases=scaled_cases,
    reference=al.scores,
    result=ArrayResult("a row for each query, a column for each key"),
)


# --- which-scale: three heads, one of them right

KEY = {"correct": "c", "d_model": "a", "unscaled": "b"}
LETTERS = tuple(sorted(KEY.values()))
D_MODEL = 768
D_HEADS = (16, 256)  # at which the verdict measures
N_QUERIES, N_KEYS = 400, 64


def suspects():
    """Three functions f(q, k, d_model) -> weights, by letter: one of them scales rightly.

    `q` is `(n_queries, d_head)`, `k` `(n_keys, d_head)`, the weights `(n_queries, n_keys)`.
    One divides the scores by the root of d_head, one by the root of d_model, one not at
    all. What they are called and how they print does not tell which is which.
    """
    scales = {
        "correct": lambda d_head, d_model: d_head**-0.5,
        "d_model": lambda d_head, d_model: d_model**-0.5,
        "unscaled": lambda d_head, d_model: 1.0,
    }
    by_letter = {letter: scales[name] for name, letter in KEY.items()}
    return {letter: suspect(by_letter[letter]) for letter in LETTERS}


def suspect(scale):
    def weights(q, k, d_model):
        return al.softmax(al.scores(q, k, scale=scale(q.shape[-1], d_model)))

    return weights


@cache
def median_top_weights():
    """The median of a row's largest weight, by (letter, d_head), for random q and k."""
    rng = np.random.default_rng(SEED)
    normal = {
        d_head: (rng.normal(size=(N_QUERIES, d_head)), rng.normal(size=(N_KEYS, d_head)))
        for d_head in D_HEADS
    }
    return {
        (letter, d_head): float(np.median(weights(*normal[d_head], D_MODEL).max(axis=-1)))
        for (letter, weights), d_head in product(suspects().items(), D_HEADS)
    }


def measured_table():
    medians = median_top_weights()
    values = np.array([[medians[letter, d_head] for d_head in D_HEADS] for letter in LETTERS])
    caption = f"median top weight with {N_KEYS} keys, d_model = {D_MODEL}, random q and k"
    columns = tuple(f"d_head {d}" for d in D_HEADS)
    return (matrix(caption, values, LETTERS, columns, decimals=3),)


def as_named(answer):
    """The measurements of the suspects that a well-formed answer names, for hints."""
    medians = median_top_weights()
    facts = {"even": number(1 / N_KEYS, 3), "n_keys": str(N_KEYS)}
    facts |= {f"d_head_{size}": str(d) for size, d in zip(("small", "large"), D_HEADS, strict=True)}
    for name, letter in answer.items():
        facts |= {
            name: letter,
            f"{name}_small": number(medians[letter, D_HEADS[0]], 3),
            f"{name}_large": number(medians[letter, D_HEADS[1]], 3),
        }
    return facts


def swap(name, other):
    """Recognises an answer that is right but for these two names, which are exchanged."""

    def recognises(attempt):
        exchanged = KEY | {name: KEY[other], other: KEY[name]}
        return attempt.outcome == exchanged

    return recognises


WHICH_SCALE_FORM = (
    Diagnosis(
        "wrong-type",
        "The answer is a dict that gives a letter to each of the three names: correct, d_model "
        "and unscaled.",
        "Write the three names as texts with a colon and a letter after each, all of it in "
        "curly brackets.",
    ),
    Diagnosis(
        "reversed",
        "Your dict goes from letters to names. Turn it round: the names correct, d_model and "
        "unscaled come first, each with its letter.",
        "Before each colon stands a name, after it a letter.",
    ),
    Diagnosis(
        "wrong-names",
        "Each of the three names needs a letter, and there are no others: correct (divides by "
        "the root of d_head), d_model (by the root of d_model) and unscaled (not at all).",
        "If you know two of them, you know the third. Check the spelling: d_model with an "
        "underscore, all in small letters.",
    ),
    Diagnosis(
        "unknown-suspect",
        "The suspects are called a, b and c, in small letters. Give the letter as a text, not the "
        "function or what it returned.",
        "`suspects()` is a dict: its keys are the letters, with quotation marks around them.",
    ),
    Diagnosis(
        "same-suspect",
        "You gave one letter two names. There are three suspects, and each does something "
        "different.",
        "Measure all three in the same way at two sizes of d_head: no two of them behave alike.",
    ),
)
WHICH_SCALE_MISTAKES = (
    Diagnosis(
        "too-sharp",
        "You call {correct} correct. Its median top weight is {correct_small} at d_head "
        "{d_head_small} and {correct_large} at d_head {d_head_large}: it gets sharper as heads "
        "grow. What was the division for?",
        "Nearly all of a row on one of {n_keys} keys, for random q and k, is saturation: what "
        "the division prevents. Look for the suspect whose top weight does not change with "
        "d_head.",
        swap("correct", "unscaled"),
    ),
    Diagnosis(
        "too-even",
        "You call {correct} correct. At d_head {d_head_small} its median top weight is "
        "{correct_small}, hardly more than the {even} of an even row, and at d_head "
        "{d_head_large} it is {correct_large}. Should it depend on d_head?",
        "Scores divided by too much lie close together, and the weights come out too even, most "
        "of all in small heads. Look for the suspect whose top weight does not change with "
        "d_head.",
        swap("correct", "d_model"),
    ),
    Diagnosis(
        "opposites",
        "{correct} is the correct one. You say that {unscaled} does not divide; at d_head "
        "{d_head_small} its median top weight is {unscaled_small}, and that of {d_model} is "
        "{d_model_small}. Which of the two has the larger scores?",
        "d_model is larger than d_head, so its root divides by too much: scores too small, weights "
        "too even. Without a division the scores are too large, and the weights too sharp.",
        swap("d_model", "unscaled"),
    ),
)
WHICH_SCALE_FALLBACK = Diagnosis(
    "all-wrong",
    "None of the three fits. You call {correct} correct, and its median top weight goes from "
    "{correct_small} at d_head {d_head_small} to {correct_large} at d_head {d_head_large}. The "
    "correct one keeps its sharpness when d_head changes.",
    "Sort the suspects by their top weight at d_head {d_head_large}. One is close to 1: what did "
    "it leave out? Of the other two, one hardly changes from d_head {d_head_small} on, and one "
    "begins near {even}.",
    lambda attempt: True,
)

WHICH_SCALE = SuspectsExercise(
    id="which-scale",
    title="Find the wrong scale by its symptoms",
    stars=2,
    minutes=15,
    diagnoses=(*WHICH_SCALE_FORM, *WHICH_SCALE_MISTAKES, WHICH_SCALE_FALLBACK),
    key=KEY,
    choices=LETTERS,
    label="name",
    noun="letter",
    measured=measured_table,
    facts=as_named,
    one_each=True,
)

EXERCISES = (VARIANCE, SCALED_SCORES, WHICH_SCALE)
