"""The exercises of the chapter "Masking"."""

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

import attnlib as al
from attnlib import bugs, world
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis, describe
from attnlib.exercises.drawing import Drawing, close, matrix, number
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake
from attnlib.exercises.own_head import HEAD as OWN_HEAD
from attnlib.exercises.softmax import WeightsResult
from attnlib.exercises.suspects import SuspectsExercise

SEED = 7
WORDS = ("fluffy", "blue", "creature")


def queries(count):
    return tuple(f"query {i}" for i in range(count))


def keys(count):
    return tuple(f"key {j}" for j in range(count))


# --- causal-mask: who may attend to whom

TRUTH = {"0": "False", "1": "True"}


def truth(caption, mask, rows=None, columns=None, marked=None):
    """A `Drawing` of a boolean matrix."""
    drawn = matrix(caption, mask.astype(float), rows, columns, marked, decimals=0)
    return replace(drawn, cells=tuple(tuple(TRUTH[c] for c in row) for row in drawn.cells))


@dataclass(frozen=True)
class MaskResult(ArrayResult):
    """How a boolean array that a function returns is read, compared and drawn."""

    def read(self, value):
        value = value.detach().cpu() if hasattr(value, "detach") else value
        try:
            array = np.asarray(value)
        except Exception as error:  # the value's own code runs here: anything may happen
            raise TypeError(f"cannot be an array: {describe(value)}") from error
        if array.dtype == object and all(isinstance(each, bool | np.bool_) for each in array.flat):
            array = array.astype(bool)
        if array.dtype.kind != "b":
            raise TypeError(f"not booleans: {describe(value)}")
        return array

    def wanted(self, expected):
        return f"a boolean array of shape {expected.shape}: {self.shape}"

    def problem(self, result, expected):
        return "" if result.shape == expected.shape else "wrong-shape"

    def facts(self, case, result, expected):
        facts = {"wanted": self.wanted(expected), "shape": "no shape"}
        facts |= dict.fromkeys(("row", "column", "returned", "expected", "count"), "?")
        if result is None or result.shape != expected.shape:
            return facts if result is None else facts | {"shape": str(result.shape)}
        wrong = np.argwhere(result != expected)
        row, column = wrong[0]
        return facts | {
            "row": case.rows[row],
            "column": case.columns[column],
            "returned": str(result[row, column]),
            "expected": str(expected[row, column]),
            "count": f"{len(wrong)} of {result.size}",
        }

    def message(self, facts):
        return "{count} cells differ: row {row}, column {column} is {returned}.".format(**facts)

    def draw(self, case, result, expected):
        wanted = truth("what was expected", expected, case.rows, case.columns)
        if result.ndim != 2 or result.size == 0:
            return (wanted,)
        if result.shape != expected.shape:
            return truth("what your function returned", result), wanted
        wrong = result != expected
        caption = "what your function returned"
        return truth(caption, result, case.rows, case.columns, wrong), wanted


def mask_case(n_queries, n_keys):
    rows = WORDS if n_queries == n_keys == len(WORDS) else queries(n_queries)
    columns = WORDS if rows is WORDS else keys(n_keys)
    cells = ((str(n_queries), str(n_keys)),)
    drawn = Drawing("inputs", ("value",), ("n_queries", "n_keys"), cells)
    facts = {"n_queries": str(n_queries), "n_keys": str(n_keys)}
    return Case((n_queries, n_keys), rows, columns, (drawn,), facts)


def mask_cases():
    sizes = ((3, 3), (2, 4), (1, 5), (1, 1), (6, 6), (5, 7))
    return [mask_case(*size) for size in sizes]


def triangle(n_queries, n_keys, k=0):
    return np.tri(n_queries, n_keys, k, dtype=bool)


def bottom_right(n_queries, n_keys, k=0):
    return triangle(n_queries, n_keys, n_keys - n_queries + k)


def mask_mistake(id, would_give, hint, stronger):
    return mistake(id, would_give, hint, stronger, read=MaskResult("").read)


CAUSAL_MISTAKES = (
    mask_mistake(
        "inverted",
        (
            lambda n_queries, n_keys: ~bottom_right(n_queries, n_keys),
            lambda n_queries, n_keys: ~triangle(n_queries, n_keys),
        ),
        "In row {row}, column {column} you have {returned}: your mask is the other way round. "
        "Yours says what is hidden, as PyTorch's modules want it; in this book True means: may "
        "attend.",
        "Read your first row aloud: the first word may attend to ... Turn every cell into its "
        "opposite.",
    ),
    mask_mistake(
        "strictly-before",
        lambda n_queries, n_keys: bottom_right(n_queries, n_keys, -1),
        "In row {row}, column {column} you have {returned}: your words see what is before them "
        "and not themselves. The first word then has nothing to attend to.",
        "What a word itself says gives nothing away about the next word. Earlier *or the same*: "
        "which comparison is that?",
    ),
    mask_mistake(
        "upper",
        (
            lambda n_queries, n_keys: bottom_right(n_keys, n_queries).T,
            lambda n_queries, n_keys: triangle(n_keys, n_queries).T,
        ),
        "In row {row}, column {column} you have {returned}. Your words see themselves and what "
        "comes after them; the past is what they may see.",
        "Rows are queries. Row {row} may be True only in the columns of words that stand no later "
        "than {row}.",
    ),
    mask_mistake(
        "everything",
        lambda n_queries, n_keys: np.ones((n_queries, n_keys), bool),
        "Your mask hides nothing: {row} may look at {column}, which comes later in the text.",
        "Which pairs of a query's place and a key's place must be False? Compare the two places.",
    ),
    mask_mistake(
        "top-left",
        triangle,
        "Right for as many queries as keys. Here {n_queries} queries come with {n_keys} keys: the "
        "queries are the *last* words of the text, and the earlier keys are its beginning. In row "
        "{row}, column {column} you have {returned}.",
        "The last query stands at the last key and sees all of them. By how many columns must "
        "your triangle move to the right?",
    ),
    mask_mistake(
        "off-by-one",
        lambda n_queries, n_keys: bottom_right(n_queries, n_keys, 1),
        "In row {row}, column {column} you have {returned}: your words see one word of the "
        "future, and that is the one they are to foretell.",
        "The last word sees everything, and the first one itself alone. Count the Trues of each "
        "row.",
    ),
    mask_mistake(
        "square",
        (
            lambda n_queries, n_keys: triangle(n_queries, n_queries),
            lambda n_queries, n_keys: triangle(n_keys, n_keys),
        ),
        "Your mask has the shape {shape}, a square, for {n_queries} queries and {n_keys} keys. "
        "One of the two inputs is not used.",
        "Each query needs a row and each key a column: {wanted}.",
    ),
    mask_mistake(
        "swapped",
        (
            lambda n_queries, n_keys: triangle(n_keys, n_queries),
            lambda n_queries, n_keys: bottom_right(n_keys, n_queries),
        ),
        "Your mask has the shape {shape}: a row for each key. Rows are queries here.",
        "The number of queries comes first, in the inputs and in the shape.",
    ),
)
NOT_BOOLEAN = Diagnosis(
    "wrong-type",
    "A mask in this book holds True (may attend) and False: booleans, not numbers. 0 and 1 look "
    "alike and go wrong in silence; 0 and minus infinity are meant to be added to scores.",
    "A comparison such as `<=` between two arrays gives booleans by itself. From ones and zeros, "
    "ask which cells are above 0.",
)
CAUSAL_FALLBACK = Diagnosis(
    "unrecognised",
    "In row {row}, column {column} you have {returned}. Give every query and every key its place "
    "in the text, the last query that of the last key, and look at this pair.",
    "Query i of {n_queries} stands at the place i + {n_keys} - {n_queries}. It may attend to the "
    "keys whose place is not later than that.",
    lambda attempt: True,
)

CAUSAL_MASK = FunctionExercise(
    id="causal-mask",
    piece="causal_mask",
    title="Who may look at whom",
    stars=1,
    minutes=5,
    diagnoses=(
        *CAUSAL_MISTAKES,
        functions.RAISED,
        NOT_BOOLEAN,
        functions.WRONG_SHAPE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        CAUSAL_FALLBACK,
    ),
    parameters=("n_queries", "n_keys"),
    cases=mask_cases,
    reference=al.causal_mask,
    result=MaskResult("a row for each query, a column for each key"),
)


# --- masked-weights: softmax over what may be seen


def masked_weights(scores, keep):
    return al.softmax(np.where(keep, scores, -np.inf))


def masked_case(scores, keep, rows=None):
    rows = rows or queries(len(scores))
    columns = rows if rows == WORDS else keys(scores.shape[1])
    drawn = matrix("input scores", scores, rows, columns), truth("keep", keep, rows, columns)
    empty = [row for row, seen in zip(rows, keep.any(axis=-1), strict=True) if not seen]
    facts = {"empty": " and ".join(empty), "largest": number(scores.max(), 0)}
    return Case((scores, keep), rows, columns, drawn, facts)


def masked_cases():
    small = np.array([[1.0, 2.0, 4.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0]])
    some = np.array([[True, False, True], [False, False, False], [False, True, True]])
    large = np.array([[1e4, 9999.0, 1e4, 9998.0], [9997.0, 1e4, 1e4, 9999.0]])
    patchy = np.array([[True, True, False, True], [False, True, True, True]])
    hidden_peak = np.array([[1.0, 0.0, 10_003.0], [10_002.0, 2.0, 1.0], [0.0, 3.0, 1.0]])
    hidden_hill = np.array([[1.0, 0.0, 715.0], [714.0, 2.0, 1.0]])  # e to this less 1 is too large
    cases = [masked_case(small, al.causal_mask(3, 3), WORDS), masked_case(small, some)]
    cases += [masked_case(large, patchy), masked_case(hidden_peak, hidden_peak < 1e4)]
    uneven = np.array([[0.0, 1.0, 3.0], [1e4, 9999.0, 9998.0], [0.0, 3000.0, 1.0]])
    low = np.array([[-1e4, 1e4, 2.0, -1e4], [-1e4, -9999.0, -9998.0, 0.0]])
    cases += [masked_case(uneven, uneven != 3), masked_case(low, low < 0)]
    cases.append(masked_case(hidden_hill, hidden_hill < 700))
    rng = np.random.default_rng(SEED)
    for n_queries, n_keys in ((2, 5), (5, 2), (1, 4), (4, 1), (6, 6)):
        scores = rng.normal(0, 3, (n_queries, n_keys)).round(1)
        cases.append(masked_case(scores, rng.random((n_queries, n_keys)) < 0.6))
    return cases


def exponentials(scores, keep, subtracted=0.0):
    return np.where(keep, np.exp(scores - subtracted), 0.0)


def shared_out(powers, filled=True):
    """Rows divided by their sums; a row that sums to 0 stays 0 if `filled`."""
    sums = powers.sum(axis=-1, keepdims=True)
    return powers / (np.where(sums == 0, 1.0, sums) if filled else sums)


def loop_without_maximum(scores, keep):
    """As with Python's own `math`, which raises an exception where NumPy gives inf."""
    rows = []
    for row, seen in zip(scores.tolist(), keep.tolist(), strict=True):
        powers = [math.exp(s) if each else 0.0 for s, each in zip(row, seen, strict=True)]
        rows.append([power / (sum(powers) or 1.0) for power in powers])
    return rows


def below_row_maximum(scores, keep, filled):
    return shared_out(exponentials(scores, keep, scores.max(axis=-1, keepdims=True)), filled)


def below(maximum, filled=False):
    """The weights if `maximum(scores, keep)` is taken from all scores."""
    return lambda scores, keep: shared_out(
        exponentials(scores, keep, maximum(scores, keep)), filled
    )


def largest_seen(scores, keep):
    return scores[keep].max(initial=-np.inf)


def overflowing_where_hidden(filled):
    """The weights if hidden scores get their powers, too, and lose them by a product with 0."""

    def way(scores, keep):
        largest = np.where(keep, scores, -np.inf).max(axis=-1, keepdims=True)
        largest = np.where(np.isfinite(largest), largest, 0.0)  # an empty row has none
        return shared_out(np.exp(scores - largest) * keep, filled)

    return way


def largest_from_0(scores, keep):
    """The largest that is seen in each row, found by a search that begins at 0."""
    return np.where(keep, scores, 0.0).max(axis=-1, keepdims=True, initial=0.0)


FILLS = (-10.0, -50.0, -100.0, -1000.0, -1e4)  # that are not lower than every score


def filled_with(scores, keep, low):
    return np.where(keep, scores, low)


def lowered_by(scores, keep, low):
    return np.where(keep, scores, scores + low)


def filled_in(*ways):
    """Each way, and each with 0 for what is no number."""
    return (*ways, *(lambda *inputs, way=way: np.nan_to_num(way(*inputs)) for way in ways))


def empty_rows(attempt):
    """Returned rows with nothing to see, when all the others are right; else None."""
    came = attempt.outcome
    if not attempt.inputs or not isinstance(came, np.ndarray):
        return None
    expected, seen = masked_weights(*attempt.inputs), attempt.inputs[1].any(axis=-1)
    if came.shape != expected.shape or seen.all():
        return None
    return came[~seen] if close(came[seen], expected[seen]).all() else None


def empty_row_is_nan(attempt):
    rows = empty_rows(attempt)
    return rows is not None and bool(np.isnan(rows).any())


def empty_row_is_filled(attempt):
    rows = empty_rows(attempt)
    return rows is not None and bool((np.abs(rows).sum(axis=-1) > 0).any())


def leaks(attempt):
    """Whether a hidden key has weight, and every cell is a number."""
    came = attempt.outcome
    if not attempt.inputs or not isinstance(came, np.ndarray):
        return False
    keep = attempt.inputs[1]
    if came.shape != keep.shape or not np.isfinite(came).all():
        return False
    return not close(came[~keep], 0).all()


MASKED_MISTAKES = (
    mistake(
        "unmasked",
        lambda scores, keep: al.softmax(scores),
        "Row {row} gives {returned} to {column}, which it may not see. Your weights are those of "
        "the scores alone; keep has no part in them.",
        "What must a score be so that e to its power is exactly 0?",
    ),
    mistake(
        "zero-before",
        (
            lambda scores, keep: al.softmax(np.where(keep, scores, 0.0)),
            lambda scores, keep: al.softmax(np.where(keep, scores, 0.0), axis=0),
        ),
        "Row {row} gives {returned} to {column}, where {expected} is expected: you made the "
        "hidden scores 0. A score of 0 is a score like any other, and e to the power 0 is 1.",
        "The hidden scores must be lower than every other score, whatever those are. Which number "
        "is lower than all others?",
    ),
    mistake(
        "inverted",
        (
            lambda scores, keep: masked_weights(scores, ~keep),
            lambda scores, keep: shared_out(exponentials(scores, ~keep), False),
        ),
        "Row {row} gives {returned} to {column}, where {expected} is expected: you hid what may "
        "be seen, and show what may not. True means: may attend.",
        "Look at your condition: which of its two branches does a cell take where keep is True?",
    ),
    mistake(
        "wrong-axis",
        (
            lambda scores, keep: al.softmax(np.where(keep, scores, -np.inf), axis=0),
            lambda scores, keep: shared_out(exponentials(scores, keep).T, False).T,
        ),
        "Your row {row} sums to {total}; it is your columns that sum to 1. Each query shares out "
        "its own weight.",
        "In NumPy `axis=0` runs down the columns. Along which axis lie the keys of one query?",
    ),
    Diagnosis(
        "empty-nan",
        "Right, except for {empty}: it may attend to nothing, and what comes out is not a number. "
        "One such row, and in the next layer every row is spoilt.",
        "Minus infinity less minus infinity, or 0 divided by 0: find the place. A row whose "
        "exponentials sum to 0 must stay 0.",
        empty_row_is_nan,
    ),
    Diagnosis(
        "empty-row-filled",
        "Right, except for {empty}: it may attend to nothing, and it does give out weight, to "
        "keys that are hidden. A very low score is still a score: alone in a row, it wins.",
        "With minus infinity such a row can be told from the others: all its exponentials are 0. "
        "What must its weights be?",
        empty_row_is_filled,
    ),
    mistake(
        "hidden-overflow",
        filled_in(*(overflowing_where_hidden(filled) for filled in (False, True))),
        "A hidden score of {largest} is far larger than those that may be seen. With their maximum "
        "taken away it is still too large: e to that power is infinite, and infinity times 0 is "
        "not 0.",
        "Hide before you take powers: e to the power of minus infinity is 0, and then nothing has "
        "to be multiplied by the mask.",
    ),
    mistake(
        "hidden-maximum",
        (
            lambda scores, keep: below_row_maximum(scores, keep, False),
            lambda scores, keep: below_row_maximum(scores, keep, True),
            lambda scores, keep: np.nan_to_num(below_row_maximum(scores, keep, False)),
        ),
        "A hidden score of {largest} is the largest of its row here, and you subtract it from "
        "the others: every exponential that counts becomes 0.",
        "Hide before you look for the largest score: what may not be seen must not have a say in "
        "what is subtracted, either.",
    ),
    mistake(
        "after",
        lambda scores, keep: np.where(keep, al.softmax(scores), 0.0),
        "Nothing hidden has weight, but row {row} sums to {total}. The hidden keys took their "
        "share of the sum before you took it away; the words left over never got it back.",
        "Hide first, share out afterwards: the hidden keys must not stand in the sum by which you "
        "divide.",
    ),
    mistake(
        "overflow",
        (
            *filled_in(
                lambda scores, keep: shared_out(exponentials(scores, keep)),
                lambda scores, keep: shared_out(exponentials(scores, keep), False),
                lambda scores, keep: shared_out(np.exp(scores) * keep),
                lambda scores, keep: shared_out(np.exp(scores) * keep, False),
            ),
            loop_without_maximum,
        ),
        "The largest score here is {largest}, and e to that power is larger than any number this "
        "machine has.",
        "Take the largest score that may be seen from all scores of its row first: the weights "
        "stay the same.",
    ),
    mistake(
        "whole-maximum",
        filled_in(
            *(
                below(maximum, filled)
                for maximum in (lambda scores, keep: scores.max(), largest_seen)
                for filled in (False, True)
            )
        ),
        "The scores of a row are what its weights depend on, and you take one number from all "
        "rows. In row {row} every exponential that counts becomes 0.",
        "Each row needs a maximum of its own: take it along the last axis, among the scores that "
        "may be seen.",
    ),
    mistake(
        "maximum-from-0",
        filled_in(below(largest_from_0), below(largest_from_0, True)),
        "In row {row} every score that may be seen is far below 0. With the largest of them taken "
        "away, one exponential is 1; yours are all 0. What does your code take for the largest?",
        "A search for the largest that begins at 0, or that counts hidden scores as 0, finds 0 "
        "where all that is seen is negative.",
    ),
    mistake(
        "low-fill",
        tuple(
            lambda scores, keep, hide=hide, fill=fill: np.where(
                keep, al.softmax(hide(scores, keep, fill)), 0.0
            )
            for hide, fills in ((filled_with, FILLS), (lowered_by, (*FILLS, -2e4)))
            for fill in fills
        ),
        "In row {row} you have {returned} for {column}, and {expected} is expected. The scores "
        "that may be seen are so low there that the low number you gave to hidden keys is no "
        "lower: the hidden keys took their share, and you took it away afterwards.",
        "Which number is lower than every score?",
    ),
    Diagnosis(
        "leak",
        "Keys that may not be seen have weight in your pattern. The first cell that differs is "
        "row {row}, column {column}: {returned}, where {expected} is expected.",
        "If you gave hidden keys a low score: it is not low enough when scores are large. Which "
        "number is lower than every score?",
        leaks,
    ),
)
MASKED_FALLBACK = Diagnosis(
    "unrecognised",
    "Row {row}, column {column} is {returned}, and {expected} is expected; your row sums to "
    "{total}. Cross out what this row may not see and take the softmax of the rest by hand.",
    "Hide, subtract the largest that is left, raise e to it, divide by the row's sum. Print the "
    "array after each step.",
    lambda attempt: True,
)

MASKED_WEIGHTS = FunctionExercise(
    id="masked-weights",
    piece="masked_weights",
    title="Softmax over what may be seen",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *MASKED_MISTAKES,
        *functions.OF_FORM,
        MASKED_FALLBACK,
    ),
    parameters=("scores", "keep"),
    cases=masked_cases,
    reference=masked_weights,
    result=WeightsResult("a row for each query, a column for each key"),
)


# --- leak: how much of the weight goes where it must not


def leak(weights, keep):
    return np.where(keep, 0.0, weights).sum(axis=-1)


@dataclass(frozen=True)
class RowNumbers(ArrayResult):
    """One number for each query, drawn as one row."""

    def message(self, facts):
        return "{count} numbers differ: that of {column} is {returned}.".format(**facts)


def leak_case(weights, keep):
    n_queries, n_keys = weights.shape
    labels = WORDS if n_queries == n_keys == len(WORDS) else queries(n_queries)
    columns = labels if labels is WORDS else keys(n_keys)
    drawn = matrix("input weights", weights, labels, columns), truth("keep", keep, labels, columns)
    facts = {"n_queries": str(n_queries), "n_keys": str(n_keys)}
    return Case((weights, keep), ("leak",), labels, drawn, facts)


def leak_cases():
    weights = np.array([[0.6, 0.3, 0.1], [0.25, 0.65, 0.1], [0.1, 0.2, 0.7]])
    hidden = np.array([[True, False, False, True], [False, False, False, False]])
    cases = [leak_case(weights, al.causal_mask(3, 3))]
    cases.append(leak_case(np.array([[0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 0.0, 0.0]]), hidden))
    rng = np.random.default_rng(SEED)
    for n_queries, n_keys in ((2, 5), (5, 2), (1, 4), (4, 1), (4, 4)):
        keep = rng.random((n_queries, n_keys)) < 0.6
        cases.append(leak_case(al.softmax(rng.normal(0, 2, keep.shape)), keep))
    return cases


def hidden_weights(weights, keep):
    return np.where(keep, 0.0, weights)


def zero_row_made_nan(attempt):
    """Whether a row without any weight came back as NaN."""
    came = attempt.outcome
    if not attempt.inputs or not isinstance(came, np.ndarray):
        return False
    weightless = attempt.inputs[0].sum(axis=-1) == 0
    return came.shape == weightless.shape and bool(np.isnan(came[weightless]).any())


LEAK_MISTAKES = (
    mistake(
        "allowed",
        lambda weights, keep: np.where(keep, weights, 0.0).sum(axis=-1),
        "For {column} you have {returned}: that is the share on keys it *may* attend to. The leak "
        "is the other part.",
        "True means: may attend. Which cells of keep must be picked here?",
    ),
    mistake(
        "wrong-axis",
        (
            lambda weights, keep: hidden_weights(weights, keep).sum(axis=0),
            lambda weights, keep: np.where(keep, weights, 0.0).sum(axis=0),
        ),
        "You added up columns: how much each key gets. The leak belongs to a query: how much of "
        "its own weight goes astray.",
        "With {n_queries} queries and {n_keys} keys, {n_queries} numbers must come out. Which "
        "axis must go?",
    ),
    mistake(
        "one-number",
        (
            lambda weights, keep: hidden_weights(weights, keep).sum(),
            lambda weights, keep: hidden_weights(weights, keep).mean(),
            lambda weights, keep: hidden_weights(weights, keep).max(),
            lambda weights, keep: hidden_weights(weights, keep).sum(axis=-1).mean(),
            lambda weights, keep: hidden_weights(weights, keep).sum(axis=-1).max(),
        ),
        "You return one number for the whole pattern. The exercise asks for one for each query, so "
        "that the query that leaks can be found.",
        "Add along the keys alone, and keep a number for every row.",
    ),
    mistake(
        "counted",
        (
            lambda weights, keep: (~keep).sum(axis=-1),
            lambda weights, keep: (~keep & (weights > 0)).sum(axis=-1),
            lambda weights, keep: (~keep).mean(axis=-1),
            lambda weights, keep: (~keep & (weights > 0)).mean(axis=-1),
        ),
        "For {column} you have {returned}: you counted cells. A hidden key with hardly any weight "
        "leaks hardly anything.",
        "Count each hidden cell with the weight that it has.",
    ),
    mistake(
        "mean",
        (
            lambda weights, keep: hidden_weights(weights, keep).mean(axis=-1),
            lambda weights, keep: np.nan_to_num(
                hidden_weights(weights, keep).sum(axis=-1) / (~keep).sum(axis=-1)
            ),
        ),
        "For {column} you have {returned}, and {expected} is expected: you took a mean over keys. "
        "The share of the whole row is asked for.",
        "The weights of a row are shares of 1. The share of several keys together is what you get "
        "when you add theirs up.",
    ),
    mistake(
        "largest",
        lambda weights, keep: hidden_weights(weights, keep).max(axis=-1),
        "For {column} you have {returned}: the worst single key. Several small leaks together "
        "can be a large one.",
        "Take all the hidden keys of the row together.",
    ),
    mistake(
        "cell-by-cell",
        hidden_weights,
        "You return the weights on hidden keys one by one. They still have to be taken together, "
        "for each query.",
        "One step is missing: along which axis do the keys of one query lie?",
    ),
    mistake(
        "one-less",
        lambda weights, keep: 1 - np.where(keep, weights, 0.0).sum(axis=-1),
        "For {column} you have {returned}. You took what it gives to keys it may attend to from 1; "
        "but this row gives out nothing at all. Where nothing is given out, nothing leaks.",
        "What is left of 1 is a leak only where the row sums to 1. Add up what lies on the hidden "
        "keys themselves.",
    ),
    Diagnosis(
        "zero-row",
        "A row without any weight came in, and your function returned NaN for it. Where nothing is "
        "given out, nothing leaks: 0.",
        "Do you divide by a row's sum? The weights are shares already: there is nothing to divide "
        "by.",
        zero_row_made_nan,
    ),
)
LEAK_FALLBACK = Diagnosis(
    "unrecognised",
    "For {column} you have {returned}, and {expected} is expected. Cross out the keys it may see "
    "in its row of weights: what is left is the leak.",
    "Set the weights to 0 where keep is True, and add up what is left along each row.",
    lambda attempt: True,
)

LEAK = FunctionExercise(
    id="leak",
    title="Measure the leak",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *LEAK_MISTAKES,
        *functions.OF_FORM,
        LEAK_FALLBACK,
    ),
    parameters=("weights", "keep"),
    cases=leak_cases,
    reference=leak,
    result=RowNumbers("a number for each query"),
)


# --- three-bugs: name what is wrong with each suspect

KEY = {"a": "after", "b": "d_model", "c": "half"}
HEAD = world.PHRASES.head("nouns look for adjectives")
TOKENS = tuple(world.PHRASES.tokenize(world.PHRASES.sentences["The fluffy blue creature"]))
X = world.PHRASES.embed(TOKENS)
RIGHT = "a right head"


def suspects():
    """Three functions f(x, keep) -> weights, by letter, with one bug of `bugs.BUGS` each.

    All are the head "nouns look for adjectives" of `world.PHRASES`: `x` is `(n_tokens,
    d_model)`, `keep`, True = may attend, and the weights are `(n_tokens, n_tokens)`. What they
    are called and how they print does not tell which bug is in which.
    """
    hidden = {
        "after": lambda: ("after",),
        "d_model": lambda: ("d_model",),
        "half": lambda: ("half",),
    }
    return {letter: suspect(hidden[bug]) for letter, bug in KEY.items()}


def suspect(hidden):
    def weights(x, keep):
        return bugs.trace(x, HEAD, keep, hidden()).weights

    return weights


@dataclass(frozen=True)
class Measured:
    """What was measured of a suspect, as texts."""

    rows: str
    columns: str
    leak: str
    sharpness: str  # of the last word, which sees all: its largest weight over its smallest
    top: str  # the word to which the last word attends most
    past: str
    nans: str  # with a row that has nothing to see


def between(extremes):
    return " to ".join(number(value) for value in extremes)


@cache
def measured_of(bug):
    """The `Measured` of the head with this bug, or of a right one if `bug` is `RIGHT`."""
    broken = () if bug == RIGHT else (bug,)
    keep = al.causal_mask(len(TOKENS))
    found = bugs.symptoms(X, HEAD, keep, broken)
    last = bugs.trace(X, HEAD, keep, broken).weights[-1]
    keep[0] = False
    nans = int(np.isnan(bugs.trace(X, HEAD, keep, broken).weights).any(axis=-1).sum())
    return Measured(
        rows=between(found.rows),
        columns=between(found.columns),
        leak=number(found.leak),
        sharpness=number(last.max() / last.min(), 0),
        top=TOKENS[int(last.argmax())],
        past=number(found.past),
        nans=str(nans),
    )


def measured_table():
    """The symptoms of the three suspects and of a right head."""
    bug_of = KEY | {RIGHT: RIGHT}
    columns = ("rows sum to", "columns sum to", "leak", "past moves", "sharpness", "NaN rows")
    found = {label: measured_of(bug) for label, bug in bug_of.items()}
    cells = tuple((m.rows, m.columns, m.leak, m.past, m.sharpness, m.nans) for m in found.values())
    return (
        Drawing(
            f"measured on '{' '.join(TOKENS)}' with a causal mask; sharpness: the last word's "
            "largest weight over its smallest; NaN rows: with nothing to see for the first word",
            tuple(found),
            columns,
            cells,
        ),
    )


def about_first_wrong(answer):
    """The first suspect that is named wrongly, and what was measured of it, for hints."""
    letter = next(letter for letter in KEY if answer[letter] != KEY[letter])
    measured, right = measured_of(KEY[letter]), measured_of(RIGHT)
    facts = {name: getattr(measured, name) for name in measured.__dataclass_fields__}
    return facts | {"suspect": letter, "last": TOKENS[-1], "right_sharpness": right.sharpness}


def named(bug):
    """Recognises an answer whose first wrong suspect is said to hide `bug`."""

    def recognises(attempt):
        letter = attempt.facts.get("suspect")
        return letter is not None and attempt.outcome[letter] == bug

    return recognises


THREE_BUGS_FORM = (
    Diagnosis(
        "wrong-type",
        "The answer is a dict that gives each of the suspects a, b and c the name of a bug.",
        "Write the three letters as texts, with a colon and the name of a bug after each, all of "
        "it in curly brackets. The names are the keys of `attnlib.bugs.BUGS`.",
    ),
    Diagnosis(
        "reversed",
        "Your dict goes from bugs to letters. Turn it round: each letter comes first, with its "
        "bug.",
        "Before each colon stands a letter, after it the name of a bug.",
    ),
    Diagnosis(
        "wrong-names",
        "Each of the suspects a, b and c needs the name of a bug, and there are no others.",
        "`suspects()` is a dict: your answer has the same keys.",
    ),
    Diagnosis(
        "unknown-suspect",
        "The bugs have short names, listed in the message above. Give one of them, as a text, "
        "spelled as it is there.",
        "`attnlib.bugs.BUGS` says what each name stands for.",
    ),
)
THREE_BUGS_MISTAKES = (
    Diagnosis(
        "named-axis",
        "You say that {suspect} takes its softmax along the wrong axis. Then its columns would sum "
        "to 1. Measured: from {columns}.",
        "Sums along rows and columns tell an axis bug at once, and here they speak against it. "
        "{suspect}'s rows sum to {rows}; what else can you measure?",
        named("axis"),
    ),
    Diagnosis(
        "named-unscaled",
        "You say that {suspect} does not divide. Then it would be sharper than a right head. "
        "Measured on {last}, which sees every word: its largest weight is {sharpness} times its "
        "smallest; in a right head {right_sharpness} times.",
        "Weights that both may be seen stand in the ratio e to the difference of their scores: "
        "compare that ratio with a right head's. Too sharp, too even, or right?",
        named("unscaled"),
    ),
    Diagnosis(
        "named-d-model",
        "You say that {suspect} divides by too much. Then it would be more even than a right head. "
        "Measured on {last}, which sees every word: its largest weight is {sharpness} times its "
        "smallest; in a right head {right_sharpness} times.",
        "So its scores have the right size. Look at what happens after them: sums of rows, and "
        "rows with nothing to see.",
        named("d_model"),
    ),
    Diagnosis(
        "named-transposed",
        "You say that {suspect} has its keys mixed up. Then its words would look at the wrong "
        "ones. Measured: {last} looks at {top} the most. Is that the wrong one?",
        "The order of the keys in a row, from the most to the least attended, is that of a right "
        "head. So queries and keys are right: look at sums, sizes, and odd masks.",
        named("transposed"),
    ),
    Diagnosis(
        "named-inverted",
        "You say that {suspect}'s mask is the wrong way round. Then nearly all its weight would be "
        "on hidden keys. Measured: the leak is {leak}.",
        "The mask is the right way round. Change the last word, and see whether an earlier row "
        "moves; add up the rows; hide everything from one word.",
        named("inverted"),
    ),
    Diagnosis(
        "named-after",
        "You say that {suspect} masks after softmax. Then rows that hide something would sum to "
        "less than 1, and the past would move with the future. Measured: rows sum to {rows}, and "
        "the past moves by {past}.",
        "The mask comes in at the right place. That leaves the size of the scores, and what "
        "becomes of a row with nothing to see.",
        named("after"),
    ),
    Diagnosis(
        "named-half",
        "You say that {suspect} masks with a large negative number in float16. Then a row with "
        "nothing to see would be NaN. Measured, with such a row: {nans} rows of NaN.",
        "It survives the empty row. So the trouble is in rows that do see something: their sums, "
        "or how sharp they are.",
        named("half"),
    ),
)

THREE_BUGS = SuspectsExercise(
    id="three-bugs",
    title="Three bugs by their symptoms",
    stars=3,
    minutes=25,
    diagnoses=(*THREE_BUGS_FORM, *THREE_BUGS_MISTAKES),
    key=KEY,
    choices=tuple(bugs.BUGS),
    label="suspect",
    noun="bug",
    measured=measured_table,
    facts=about_first_wrong,
)

EXERCISES = (CAUSAL_MASK, MASKED_WEIGHTS, LEAK, THREE_BUGS, OWN_HEAD)
