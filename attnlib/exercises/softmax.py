"""The exercises of the chapter "Softmax"."""

import math
from dataclasses import dataclass

import numpy as np

import attnlib as al
from attnlib.exercises import by_hand, functions
from attnlib.exercises.by_hand import ByHandExercise, by_hand_mistake
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import matrix, number, total_of
from attnlib.exercises.functions import (
    ArrayResult,
    Case,
    FunctionExercise,
    Raised,
    first_wrong,
    mistake,
)

SEED = 4
WORDS = ("fluffy", "blue", "creature")


# --- softmax-by-hand: three scores

SCORES_BY_HAND = np.log([1.0, 2.0, 5.0])
WEIGHTS_BY_HAND = al.softmax(SCORES_BY_HAND)
TOLERANCE = 0.005  # two decimals
PERCENT = 100

BY_HAND_MISTAKES = (
    by_hand_mistake(
        "no-exponential",
        SCORES_BY_HAND / SCORES_BY_HAND.sum(),
        TOLERANCE,
        "You divided the scores by their sum. Your first weight is {returned}: a score of 0 gets "
        "nothing, and a negative score would get less than nothing. A step is missing before you "
        "divide.",
        "First raise e to each score, then divide by the sum of what you get. What is e to the "
        "power ln 2?",
    ),
    by_hand_mistake(
        "hard-max",
        (0.0, 0.0, 1.0),
        TOLERANCE,
        "You gave everything to the largest score. Softmax is soft: a score of 0 still gets a "
        "weight above 0.",
        "e to the power 0 is 1, not 0. Raise e to each of the three scores, and divide each "
        "result by the sum of the three.",
    ),
    by_hand_mistake(
        "not-divided",
        np.exp(SCORES_BY_HAND),
        4 * TOLERANCE,
        "Your numbers sum to {total}. Weights are shares of one whole. You did the first half.",
        "The exponentials are right. Divide each of them by {total}, their sum.",
    ),
    by_hand_mistake(
        "even",
        np.full(3, 1 / 3),
        TOLERANCE,
        "You gave each score the same weight. Softmax does that when the scores are equal, and "
        "here one is 0 and another 1.61.",
        "Raise e to each score: you get three different numbers. Each weight is one of them, "
        "divided by their sum.",
    ),
    by_hand_mistake(
        "reversed",
        WEIGHTS_BY_HAND[::-1],
        TOLERANCE,
        "Your three weights are the right ones in the wrong places: you give {returned} to the "
        "score 0, the smallest of the three.",
        "A larger score gets a larger weight. Keep the weights in the order of the scores, which "
        "rise from left to right.",
    ),
    by_hand_mistake(
        "percent",
        PERCENT * WEIGHTS_BY_HAND,
        PERCENT * TOLERANCE,
        "Your numbers sum to {total}: you give percentages. The book's weights are shares of 1.",
        "Move the decimal point two places to the left in each of your three numbers.",
    ),
    Diagnosis(
        "not-shares",
        "Your numbers sum to {total}. Weights are shares of one whole: whatever the scores, they "
        "must sum to 1.",
        "Raise e to each score, add the three results up, and divide each of them by that sum.",
        lambda attempt: not abs(attempt.outcome.sum() - 1) <= len(WORDS) * TOLERANCE,
    ),
)
BY_HAND_FALLBACK = Diagnosis(
    "unrecognised",
    "Your numbers sum to {total}, as weights do, but {returned} is not {label}. Work out "
    "how many times larger the weight of ln 2 must be than the weight of 0.",
    "e to the power ln 2 is 2, and e to the power ln 5 is 5. What is e to the power 0? Add the "
    "three up; each weight is one of them divided by that sum.",
    lambda attempt: True,
)

SOFTMAX_BY_HAND = ByHandExercise(
    id="softmax-by-hand",
    title="Three weights by hand",
    stars=1,
    minutes=5,
    diagnoses=(*by_hand.OF_FORM, *BY_HAND_MISTAKES, BY_HAND_FALLBACK),
    labels=("the weight of 0", "the weight of ln 2", "the weight of ln 5"),
    expected=tuple(WEIGHTS_BY_HAND.tolist()),
    tolerance=TOLERANCE,
)


# --- softmax: stable, along rows


@dataclass(frozen=True)
class WeightsResult(ArrayResult):
    """An array of weights: hints can quote what its first wrong row sums to."""

    def facts(self, case, result, expected):
        facts = super().facts(case, result, expected)
        if result is None or result.shape != expected.shape:
            return facts | {"total": "?"}
        row = first_wrong(result, expected)[:-1]
        return facts | {"total": total_of(result[row])}


def softmax_case(scores, rows=None, columns=None):
    n_queries, n_keys = scores.shape
    rows = rows or tuple(f"query {i}" for i in range(n_queries))
    columns = columns or tuple(f"key {j}" for j in range(n_keys))
    drawn = matrix(f"input scores, {scores.dtype}", scores, rows, columns)
    tops = scores.max(axis=-1)
    facts = {
        "largest": number(scores.max(), 0),
        "high_row": rows[tops.argmax()],
        "low_row": rows[tops.argmin()],
        "low_top": number(tops.min(), 0),
        "smallest": number(scores.min(), 0),
        "precision": str(scores.dtype),
    }
    return Case((scores,), rows, columns, (drawn,), facts)


def softmax_cases():
    small = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0], [1.0, 1.0, 4.0]])
    far_apart = np.array([[10_000.0, 10_001.0, 9_999.0], [0.0, 1.0, 2.0]])
    deep = np.array([[-10_000.0, 0.0, 1.0], [2.0, 0.0, -9_000.0]])
    masked = np.array([[0.0, -np.inf, 1.0, 2.0], [2.0, 2.0, -np.inf, -np.inf]])
    single = np.array([[88.0, 90.0, 100.0], [-100.0, 0.0, 50.0]], dtype=np.float32)
    cases = [softmax_case(small, WORDS, WORDS)]
    low = np.array([[-1.0, -3.0, -2.0, -2.0], [-10_001.0, -10_000.0, -9_999.0, -np.inf]])
    cases += [softmax_case(scores) for scores in (far_apart, deep, masked, single, low)]
    rng = np.random.default_rng(SEED)
    for n_queries, n_keys in ((2, 5), (5, 2), (1, 4), (4, 1), (6, 6)):
        cases.append(softmax_case(rng.normal(0, 3, (n_queries, n_keys)).round(1)))
    return cases


def divided(values, axis=-1, keepdims=True):
    return values / values.sum(axis=axis, keepdims=keepdims)


def naive(scores):
    return divided(np.exp(scores))


def naive_loop(scores):
    """As with Python's own `math`, which raises an exception where NumPy gives inf."""
    return loop_softmax(scores, 0.0)


def from_0(scores):
    """The largest score of each row, found by a search that begins at 0."""
    return np.maximum(scores.max(axis=-1, keepdims=True), 0)


def loop_softmax(scores, subtracted):
    rows = []
    for row in scores.tolist():
        exponentials = [math.exp(score - subtracted) for score in row]
        total = sum(exponentials)
        rows.append([each / total for each in exponentials])
    return rows


def below(scores, axis=-1, keepdims=True):
    """The scores, less the largest along `axis`."""
    return scores - scores.max(axis=axis, keepdims=keepdims)


SOFTMAX_MISTAKES = (
    mistake(
        "wrong-axis",
        lambda scores: al.softmax(scores, axis=0),
        "Your row {row} sums to {total}; it is your columns that sum to 1. Each query shares out "
        "its own weight, so the sum runs along a row.",
        "In NumPy `axis=0` runs down the columns and `axis=-1` along the rows. Use the last axis "
        "wherever your code has an axis.",
    ),
    mistake(
        "keepdims",
        (
            lambda scores: divided(np.exp(scores), keepdims=False),
            lambda scores: divided(np.exp(below(scores)), keepdims=False),
            lambda scores: divided(np.exp(below(scores, keepdims=False)), keepdims=False),
            lambda scores: divided(np.exp(below(scores, keepdims=False))),
        ),
        "In row {row}, column {column} you have {returned} where {expected} is expected. With as "
        "many queries as keys your code runs and is wrong: what you computed for each row lies "
        "flat, and column j meets the number of row j.",
        "A maximum or a sum along the last axis has the shape (n_queries,), and NumPy lines it "
        "up with the columns. Give it the shape (n_queries, 1): look up `keepdims`.",
    ),
    mistake(
        "no-exponential",
        lambda scores: divided(scores),
        "In row {row} you have {returned} where {expected} is expected. You divided the scores "
        "themselves by their sum: a score of 0 gets no weight, and a negative score would get "
        "less than none.",
        "Weights are shares of the exponentials. Put `np.exp` between the scores and the sum.",
    ),
    mistake(
        "not-divided",
        (np.exp, lambda scores: np.exp(below(scores))),
        "Your row {row} sums to {total}, and weights sum to 1. The exponentials are there, the "
        "division is not.",
        "Add up the exponentials of each row and divide that row by its sum.",
    ),
    mistake(
        "overflow",
        (naive, naive_loop, lambda scores: np.nan_to_num(naive(scores))),
        "The largest score here is {largest}, in {high_row}, and e to the power {largest} is "
        "larger than any {precision} number. Your formula is right, and this machine cannot "
        "work it out as it stands.",
        "The weights stay the same when one number is taken from all scores of a row. Which "
        "number makes the largest exponent 0, whatever the scores are?",
    ),
    mistake(
        "whole-maximum",
        (
            lambda scores: divided(np.exp(below(scores, None))),
            lambda scores: loop_softmax(scores, float(scores.max())),
            lambda scores: np.nan_to_num(divided(np.exp(below(scores, None)))),
        ),
        "You take {largest} from every score, also in {low_row}, whose largest is {low_top}. "
        "There every exponential becomes 0, and 0 is divided by 0.",
        "Each row needs a maximum of its own: take it along the last axis, in the shape "
        "(n_queries, 1).",
    ),
    mistake(
        "whole-matrix",
        lambda scores: divided(np.exp(below(scores, None)), None),
        "Your row {row} sums to {total}: you shared out one whole among all the cells of the "
        "matrix. Each row has a whole of its own.",
        "`values.sum()` adds up every cell. Say along which axis to add, and keep one sum for "
        "each row.",
    ),
    mistake(
        "minimum",
        lambda scores: divided(np.exp(scores - scores.min(axis=-1, keepdims=True))),
        "You take the smallest score of a row from all of it. With {smallest} in the row, the "
        "others become so large that their exponentials overflow.",
        "Shifting a row is the right idea. Shift it so that no exponent is above 0: which score "
        "must become 0 for that?",
    ),
)
MAXIMUM_FROM_0 = mistake(
    "maximum-from-0",
    (
        lambda scores: divided(np.exp(scores - from_0(scores))),
        lambda scores: np.nan_to_num(divided(np.exp(scores - from_0(scores)))),
        lambda scores: [
            row for each in scores for row in loop_softmax(each[None], max(0.0, each.max()))
        ],
    ),
    "All scores of {low_row} are far below 0, the largest is {low_top}. With that one taken away, "
    "one exponential of the row is 1; yours are all 0. What does your code take for the largest?",
    "A search for the largest that begins at 0 finds 0 where every score is negative. Begin with "
    "the row's first score.",
)
SOFTMAX_FALLBACK = Diagnosis(
    "unrecognised",
    "Row {row}, column {column} is {returned}, and {expected} is expected; your row sums to "
    "{total}. Work this row out by hand and compare it with your code step by step.",
    "Three steps, each along the last axis: take the row's largest score from the row, raise e "
    "to what is left, divide by the row's sum. Print the array after each.",
    lambda attempt: True,
)

SOFTMAX = FunctionExercise(
    id="softmax",
    piece="softmax",
    title="Softmax that does not overflow",
    stars=2,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *SOFTMAX_MISTAKES,
        MAXIMUM_FROM_0,
        *functions.OF_FORM,
        SOFTMAX_FALLBACK,
    ),
    parameters=("scores",),
    cases=softmax_cases,
    reference=al.softmax,
    result=WeightsResult("a row for each query, a column for each key"),
)


# --- tempered: another temperature, from the weights alone

FLOORS = (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)  # that people add before a log


def at_temperature(weights, temperature):
    """The weights whose scores are `weights`' own, divided by `temperature`."""
    with np.errstate(divide="ignore"):  # a weight of 0 has a score of minus infinity
        return al.softmax(np.log(weights), temperature=temperature)


def tempered_case(weights, temperature):
    columns = tuple(f"key {j}" for j in range(len(weights)))
    caption = f"input weights; the temperature is {temperature:g}"
    drawn = matrix(caption, weights, ("weights",), columns, decimals=3)
    facts = {"temperature": f"{temperature:g}", "largest": number(weights.max(), 3)}
    return Case((weights, temperature), ("weights",), columns, (drawn,), facts)


def tempered_cases():
    cases = [tempered_case(WEIGHTS_BY_HAND, 0.5)]
    with_zeros = np.array([0.0, 0.2, 0.8, 0.0])
    cases += [tempered_case(with_zeros, temperature) for temperature in (4.0, 0.5)]
    rng = np.random.default_rng(SEED)
    for n_keys, temperature in ((5, 1.0), (2, 3.0), (4, 0.8), (1, 2.0), (7, 10.0)):
        cases.append(tempered_case(al.softmax(rng.normal(0, 1, n_keys)), temperature))
    return cases


def powers(weights, temperature):
    return weights ** (1 / temperature)


def zero_made_nan(attempt):
    """Whether weights of 0 came back as something that is no number, or stopped the code."""
    if not attempt.inputs or (attempt.inputs[0] > 0).all():
        return False
    if isinstance(attempt.outcome, Raised):
        return attempt.outcome in LOGARITHM_OF_ZERO
    return isinstance(attempt.outcome, np.ndarray) and not np.isfinite(attempt.outcome).all()


def raised_by(function, value):
    """What `function` raises when it is given `value`."""
    return Raised.of(functions.run(function, (value,)).error)


LOGARITHM_OF_ZERO = (raised_by(math.log, 0.0), raised_by(math.log2, 0.0))


def with_floor(floor):
    return lambda weights, temperature: al.softmax(np.log(weights + floor) / temperature)


TEMPERED_MISTAKES = (
    mistake(
        "unchanged",
        (
            lambda weights, temperature: weights,
            lambda weights, temperature: divided(weights / temperature),
            lambda weights, temperature: divided(weights * temperature),
        ),
        "At temperature {temperature} you return the weights that came in: {returned} where "
        "{expected} is expected. Dividing every weight by one number and sharing out again "
        "changes nothing.",
        "The temperature divides the scores, and a weight is e to the power of a score. What "
        "happens to e^s when s is divided by the temperature?",
    ),
    mistake(
        "divided",
        (lambda w, temperature: w / temperature, lambda w, temperature: w * temperature),
        "Your row sums to {total}: you divided the weights, or multiplied them, by the "
        "temperature. It is the scores that are divided.",
        "Write a weight as e^s, up to a factor. Dividing s by the temperature turns e^s into "
        "which power of itself?",
    ),
    mistake(
        "swapped",
        (
            lambda weights, temperature: divided(weights**temperature),
            lambda weights, temperature: al.softmax(np.log(weights) * temperature),
        ),
        "Hot and cold are exchanged. The largest weight here is {largest}, the temperature "
        "{temperature}; a temperature below 1 must make it larger, one above 1 smaller, and you "
        "do the reverse.",
        "Dividing a score by the temperature is multiplying it by 1 / temperature. Which power "
        "of e^s is e^(s / temperature)?",
    ),
    mistake(
        "not-divided",
        (powers, lambda weights, temperature: weights**temperature),
        "You raised the weights to a power and stopped there: your row sums to {total}, and "
        "weights are shares of one whole.",
        "Add up what you have and divide by the sum.",
    ),
    mistake(
        "softmax-again",
        (
            lambda weights, temperature: al.softmax(weights / temperature),
            lambda weights, temperature: al.softmax(powers(weights, temperature)),
            lambda weights, temperature: al.softmax(weights * temperature),
            lambda weights, temperature: al.softmax(weights),
        ),
        "You have {returned} where {expected} is expected. Softmax takes scores, and you gave it "
        "weights, which have been through it once. All weights lie between 0 "
        "and 1, so what comes out is nearly even.",
        "Undo the first softmax before you use a second: which function undoes the exponential? "
        "Or stay with the weights and raise them to a power.",
    ),
    mistake(
        "rows-only",
        lambda weights, temperature: divided(powers(weights, temperature), 1),
        "The weights are one row with a single axis, and your code asks for axis 1, the second.",
        "Count axes from the end: `axis=-1` is the last one of a single row and of several rows "
        "alike. A single row can do without.",
    ),
    mistake(
        "floor",
        tuple(with_floor(floor) for floor in FLOORS),
        "For {column} you have {returned}, and {expected} is expected. Something small was added "
        "to the weights; at temperature {temperature} it does not stay small. A masked word must "
        "keep weight 0.",
        "Zero to a positive power is zero: without a logarithm you need no small number. With "
        "one, let log(0) be minus infinity: softmax gives it weight 0.",
    ),
    Diagnosis(
        "zero-weight",
        "A weight of 0 came in, and your code did not survive it. A masked word has weight 0, "
        "at every temperature.",
        "Where do you take a logarithm of 0, or divide by 0? A power needs no logarithm: 0 to "
        "the power 1 / temperature is 0.",
        zero_made_nan,
    ),
)
TEMPERED_FALLBACK = Diagnosis(
    "unrecognised",
    "For {column} you have {returned}, and {expected} is expected at temperature "
    "{temperature}. Find scores whose softmax is the row that came in, and divide those.",
    "Up to a constant, the score of a weight is its logarithm. Divide that by the temperature "
    "and raise e to it: a power of the weight. Then share out.",
    lambda attempt: True,
)

TEMPERED = FunctionExercise(
    id="tempered",
    title="Another temperature, without the scores",
    stars=3,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *TEMPERED_MISTAKES,
        *functions.OF_FORM,
        TEMPERED_FALLBACK,
    ),
    parameters=("weights", "temperature"),
    cases=tempered_cases,
    reference=at_temperature,
    result=WeightsResult("the shape of the weights that came in"),
)

EXERCISES = (SOFTMAX_BY_HAND, SOFTMAX, TEMPERED)
