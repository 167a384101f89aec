"""The exercises of the chapter "Long texts"."""

from itertools import permutations

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import Drawing, matrix, number
from attnlib.exercises.functions import Case, FunctionExercise
from attnlib.exercises.masking import NOT_BOOLEAN, MaskResult, keys, mask_mistake, queries
from attnlib.exercises.reading_configs import HALVES, NORM_AND_TURN, READ_CONFIG
from attnlib.exercises.recurrence import ONE_STEP
from attnlib.exercises.tiles import ONLINE_SOFTMAX
from attnlib.exercises.triples import (
    HIDDEN,
    LARGE,
    OF_TRIPLES,
    TriplesResult,
    another_order,
    as_triples,
    is_triples,
    names,
    spoilt_where,
    state_of,
    triple_mistake,
)

SEED = 16


# --- merge-two: two parts as one


def merged(a, b):
    """Top, total and output of two parts together."""
    top = max(a[0], b[0])
    if top == -np.inf:
        return a
    shares = [each[1] * np.exp(each[0] - top) for each in (a, b)]
    return top, sum(shares), mixed_by(shares, a, b)


def mixed_by(weights, a, b):
    return (weights[0] * a[2] + weights[1] * b[2]) / sum(weights)


def merge_two(a, b):
    """Dao et al. (2022), "FlashAttention", section 3.1: two blocks of the softmax."""
    return as_triples(merged(a, b))


def fades(a, b):
    top = max(a[0], b[0])
    return [0.0 if each[0] == -np.inf else np.exp(each[0] - top) for each in (a, b)]


def shares_of(a, b):
    return [fade * each[1] for fade, each in zip(fades(a, b), (a, b), strict=True)]


def output_by(weights):
    """The mixture by `weights(a, b)`, whatever the rest."""
    return lambda a, b: (None, None, mixed_by(weights(a, b), a, b))


def in_parts(top=None, total=None, output=None):
    """Some parts as these functions of (a, b), whatever the rest."""
    return lambda a, b: tuple(part and part(a, b) for part in (top, total, output))


def sum_by(weights):
    return in_parts(
        output=lambda a, b: sum(w * p[2] for w, p in zip(weights(a, b), (a, b), strict=True))
    )


def totals(a, b):
    return a[1], b[1]


def divided_by(weights, others):
    """A mixture by some weights that is divided by the sum of others, whatever the rest."""
    return in_parts(
        output=lambda a, b: (
            sum(w * p[2] for w, p in zip(weights(a, b), (a, b), strict=True)) / sum(others(a, b))
        )
    )


def growths(a, b):
    return [each[1] and each[1] * np.exp(max(a[0], b[0]) - each[0]) for each in (a, b)]


def one_of_two(a, b):
    return a if a[0] >= b[0] else b


def merge_case(a, b):
    """`a` and `b` are scores with their values."""
    parts = [state_of(np.array(s, float), np.array(v, float)) for s, v in (a, b)]
    parts = [(float(top), float(total), output) for top, total, output in parts]
    numbers_of = np.array([[top, total, *output] for top, total, output in parts])
    drawn = matrix("input a and b", numbers_of, ("a", "b"), names(numbers_of.shape[1] - 2))
    fade = [number(each, 3) for each in fades(*parts)]
    share = [number(each, 3) for each in shares_of(*parts)]
    top, total, _ = merged(*parts)
    facts = {"top": f"{top:g}", "total": number(total, 3)}
    empty = [name for name, part in zip("ab", parts, strict=True) if not part[1]]
    facts["empty"] = " and ".join(empty)
    facts |= {"fade_a": fade[0], "fade_b": fade[1], "share_a": share[0], "share_b": share[1]}
    return Case(tuple(parts), (), (), (drawn,), facts)


def merge_cases():
    rng = np.random.default_rng(SEED)
    two, three = [[1, 0], [0, 2]], [[4, 0], [2, 2], [0, 6]]
    cases = [
        merge_case(([1, 2], two), ([4, 3, 1], three)),
        merge_case(([3, 1, 2], three), ([0, 2], two)),
        merge_case(([2, 1], two), ([2, 2, 0], three)),
        merge_case(([-3, -4, -3], three), ([-5], [[1, 7]])),
        merge_case(([0.5], [[3]]), ([-1.5, 0], [[1], [2]])),
        merge_case(([5, 4], two), ([0, 1, 1], three)),
    ]
    for m, n, d, shift in ((3, 5, 3, 0.0), (4, 1, 2, -5.0), (2, 6, 4, 4.0)):
        scores, values = rng.normal(shift, 2, m + n).round(1), rng.normal(0, 2, (m + n, d)).round(1)
        cases.append(merge_case((scores[:m], values[:m]), (scores[m:], values[m:])))
    hidden = [HIDDEN, HIDDEN]
    return [
        *cases,
        merge_case((hidden, two), ([1, 0, 2], three)),
        merge_case(([1, 3], two), (hidden, two)),
        merge_case((hidden, two), (hidden, two)),
        merge_case(([1000, 998], two), ([999, 1000, 990], three)),
        merge_case(([-1000, -998], two), ([-999, -1000, -999], three)),
        merge_case(([3, 2], two), ([-1000, 1000, 999], three)),
    ]


def is_large(a, b):
    return any(np.isfinite(top) and abs(top) > LARGE for top, _, _ in (a, b))


def has_an_empty(a, b):
    return -np.inf in (a[0], b[0])


# Code often returns early where a part is empty, or both are, and is right there.
EMPTY = has_an_empty, lambda a, b: max(a[0], b[0]) == -np.inf


def merge_mistake(id, ways, hint, stronger):
    return triple_mistake(id, functions.also_right_in(EMPTY, merged, ways), hint, stronger)


MERGE_MISTAKES = (
    another_order(merged, EMPTY),
    merge_mistake(
        "one-of-two",
        (one_of_two, lambda a, b: a, lambda a, b: b),
        "You return one of the two parts. The other had scores of its own, and they count.",
        "The total of both is {total}: a brings {share_a}, and b brings {share_b}.",
    ),
    merge_mistake(
        "averaged",
        output_by(lambda a, b: (0.5, 0.5)),
        "Your output lies halfway between the two. The part with larger scores, or with more of "
        "them, counts for more.",
        "Under the common top the terms of a sum to {share_a}, and those of b to {share_b}.",
    ),
    merge_mistake(
        "by-totals-alone",
        output_by(totals),
        "You weigh the outputs by the totals as they came. Each total was measured from a top of "
        "its own, and the two tops differ.",
        "Measured from the common top of {top}, a's total is {share_a}, and b's is {share_b}.",
    ),
    merge_mistake(
        "by-tops-alone",
        (output_by(fades), output_by(lambda a, b: (a[0], b[0]))),
        "You weigh the outputs by the tops. How many scores there are, and how close they come to "
        "the top, has no part in it: that stands in the totals.",
        "Measured from the common top of {top}, a's total is {share_a}, and b's is {share_b}.",
    ),
    merge_mistake(
        "wrong-sign",
        (
            in_parts(total=lambda a, b: sum(growths(a, b))),
            output_by(growths),
        ),
        "Your correction makes the part with the smaller top larger. Beside a larger score its "
        "terms count for less.",
        "The correction is e to a power, and lies between 0 and 1: {fade_a} for a, {fade_b} for b.",
    ),
    merge_mistake(
        "outputs-added",
        (
            sum_by(lambda a, b: (1.0, 1.0)),
            sum_by(shares_of),
            sum_by(fades),
            sum_by(totals),
        ),
        "Your output is a sum that nothing divides. Each part's output is a mean, by weights that "
        "sum to 1, and so is that of both.",
        "What a and b bring to the total, {share_a} and {share_b}, are weights for their outputs. "
        "Divide by the sum of the weights.",
    ),
    merge_mistake(
        "divided-by-another-sum",
        tuple(
            divided_by(weights, others)
            for weights, others in permutations((shares_of, fades, totals), 2)
        ),
        "You multiply the outputs by two numbers, and divide by the sum of two others. The weights "
        "of a mean sum to 1.",
        "What a and b bring to the total are the weights, {share_a} and {share_b}. They sum to "
        "{total}.",
    ),
    merge_mistake(
        "another-total",
        (
            in_parts(total=lambda a, b: np.log(sum(shares_of(a, b)))),
            in_parts(total=lambda a, b: max(a[0], b[0]) + np.log(sum(shares_of(a, b)))),
        ),
        "Your total is the logarithm of the one asked for, or of the whole sum.",
        "The total is a sum: of {share_a} and {share_b}.",
    ),
    merge_mistake(
        "one-corrected",
        tuple(
            in_parts(total=lambda a, b, i=i: shares_of(a, b)[i] + (a, b)[1 - i][1]) for i in (0, 1)
        ),
        "You correct one of the two parts. Which of them has the smaller top is not known before: "
        "either may need it.",
        "Measured from the common top of {top}, the totals are {share_a} for a and {share_b} for "
        "b.",
    ),
    merge_mistake(
        "total-not-corrected",
        in_parts(total=lambda a, b: sum(totals(a, b))),
        "Your total is the sum of the two totals. They were measured from two tops: a term is e to "
        "the power of score minus top.",
        "Measured from the common top of {top}, they are {share_a} and {share_b}.",
    ),
    merge_mistake(
        "no-top",
        in_parts(total=lambda a, b: a[1] * np.exp(a[0]) + b[1] * np.exp(b[0])),
        "Your total is a sum of e to the power of the score, with no top subtracted. It is to be "
        "measured from the common top, as those of a and b are from theirs.",
        "Here the common top is {top}, and the total {total}. The term of the largest score is 1.",
    ),
    merge_mistake(
        "top-of-one",
        (
            in_parts(top=lambda a, b: a[0]),
            in_parts(top=lambda a, b: b[0]),
            in_parts(top=lambda a, b: a[0] if a[1] else b[0]),
            in_parts(top=lambda a, b: b[0] if b[1] else a[0]),
            in_parts(top=lambda a, b: min(a[0], b[0])),
        ),
        "Your top is that of one part, whichever is larger. The top of both is the largest score "
        "of all.",
        "Here it is {top}.",
    ),
    merge_mistake(
        "another-top",
        (
            in_parts(top=lambda a, b: np.logaddexp(a[0], b[0])),
            in_parts(top=lambda a, b: a[0] + b[0]),
            in_parts(top=lambda a, b: (a[0] + b[0]) / 2),
        ),
        "Your top is made of both tops. It is to be a score that occurs: the largest.",
        "Here it is {top}.",
    ),
    spoilt_where(
        "nothing-visible",
        has_an_empty,
        "Right so far. In {empty} nothing was visible: top minus infinity, total 0. Minus "
        "infinity less minus infinity is not a number, and neither is 0 divided by 0.",
        "An empty part changes nothing: the other comes out as it went in. Two empty parts make an "
        "empty part.",
    ),
    spoilt_where(
        "empty-part",
        has_an_empty,
        "Right so far. In {empty} nothing was visible: top minus infinity, total 0. {your} is "
        "{returned}, and {expected} is expected.",
        "An empty part changes nothing: the other comes out as it went in. Two empty parts make an "
        "empty part: minus infinity, 0 and zeros.",
        spoilt=is_triples,
    ),
    spoilt_where(
        "overflow",
        is_large,
        "With small tops you are right. Here they go as far as 1000, and e to the power 1000 is "
        "more than a float holds (as e to the power -1000 is less).",
        "A power of e is safe where the larger of the two tops has been subtracted: before, not "
        "after.",
    ),
)
MERGE_FALLBACK = Diagnosis(
    "unrecognised",
    "Your {part} is {returned}, and {expected} is expected. Bring both parts to the common top "
    "first, then add.",
    "The common top is {top}. Measured from it, the terms of a sum to {share_a}, and those of b to "
    "{share_b}: these are the weights of the two outputs.",
    lambda attempt: True,
)

MERGE_TWO = FunctionExercise(
    id="merge-two",
    title="Two parts as one",
    stars=2,
    minutes=15,
    diagnoses=(functions.CHANGED_INPUTS, *MERGE_MISTAKES, *OF_TRIPLES, MERGE_FALLBACK),
    parameters=("a", "b"),
    cases=merge_cases,
    reference=merge_two,
    result=TriplesResult(),
)


# --- window-kept: the last words, and the first


def window_mask(n, window, kept):
    return al.window_mask(n, window=window, kept=kept)


def where(may_look):
    """The mask of `may_look(i, j, window, kept)`, by the places of query and key."""

    def mask(n, window, kept):
        i, j = np.arange(n)[:, None], np.arange(n)
        return np.broadcast_to(may_look(i, j, window, kept), (n, n))

    return mask


def window_case(n, window, kept):
    cells = ((str(n), str(window), str(kept)),)
    drawn = Drawing("inputs", ("value",), ("n", "window", "kept"), cells)
    facts = {"n": str(n), "window": str(window), "kept": str(kept), "last": str(n - 1)}
    seen = np.flatnonzero(window_mask(n, window, kept)[-1])
    facts |= {"seen": ", ".join(map(str, seen)), "count": str(len(seen))}
    return Case((n, window, kept), queries(n), keys(n), (drawn,), facts)


def window_cases():
    sizes = ((7, 2, 2), (6, 3, 1), (5, 2, 0), (5, 1, 3), (7, 1, 0), (4, 2, 7), (4, 9, 1), (7, 3, 3))
    return [window_case(*size) for size in (*sizes, (8, 4, 2), (3, 3, 3), (1, 1, 0), (1, 2, 5))]


def cut_from_the_end(open_kept):
    """Row by row, as `mask[i, i - window + 1 : i + 1]`, where a start below 0 is from the end."""

    def mask(n, window, kept):
        mask = np.zeros((n, n), bool)
        for i in range(n):
            mask[i, i - window + 1 : i + 1] = True
        open_kept(mask, kept)
        return mask

    return mask


def keep(mask, kept):
    mask |= np.tri(len(mask), dtype=bool) & (np.arange(len(mask)) < kept)


WINDOW_MISTAKES = (
    mask_mistake(
        "inverted",
        lambda n, window, kept: ~window_mask(n, window, kept),
        "In row {row}, column {column} you have {returned}: your mask is the other way round. True "
        "means: may look.",
        "Turn every cell into its opposite.",
    ),
    mask_mistake(
        "one-too-many",
        where(lambda i, j, window, kept: (j <= i) & ((i - j <= window) | (j < kept))),
        "In your mask {row} may look at {column}, one word too many. Your words look {window} "
        "words back and at themselves besides. The own word is one of the {window}.",
        "With a window of 1 a word sees itself alone (and those that are kept).",
    ),
    mask_mistake(
        "one-too-few",
        where(lambda i, j, window, kept: (j <= i) & ((i - j < window - 1) | (j < kept))),
        "Your windows are one word too short: {row} is to see {column}. The own word and those "
        "before it are {window} together.",
        "With a window of 1 a word still sees itself.",
    ),
    mask_mistake(
        "kept-in-the-future",
        where(lambda i, j, window, kept: ((j <= i) & (i - j < window)) | (j < kept)),
        "In your mask {row} may look at {column}, which comes later in the text. The first "
        "words are kept for those that come after them.",
        "Kept or not: nobody may look ahead. Which of your two conditions forgets that?",
    ),
    mask_mistake(
        "future",
        (
            where(lambda i, j, window, kept: (abs(i - j) < window) | (j < kept)),
            where(lambda i, j, window, kept: (i - j < window) | (j < kept)),
        ),
        "In your mask {row} may look at {column}, which comes later in the text. Your window "
        "is open ahead.",
        "A key may be the query's own word or an earlier one, never a later one.",
    ),
    mask_mistake(
        "nothing-kept",
        where(lambda i, j, window, kept: (j <= i) & (i - j < window)),
        "In your mask {row} may not look at {column}. The window has left it behind, and it is one "
        "of the first {kept}, which are kept.",
        "A key is visible for one of two reasons: it is in the window, or it is one of the first "
        "{kept}.",
    ),
    mask_mistake(
        "no-window",
        where(lambda i, j, window, kept: j <= i),
        "Your words see everything before them. With a window of {window} they see the last "
        "{window} words, and the first {kept}.",
        "The last word, {last}, may look at these: {seen}.",
    ),
    mask_mistake(
        "kept-alone",
        where(lambda i, j, window, kept: (j <= i) & (j < kept)),
        "Your words see the first {kept} words and nothing of the window.",
        "The last word, {last}, may look at these: {seen}.",
    ),
    mask_mistake(
        "both-at-once",
        where(lambda i, j, window, kept: (j <= i) & (i - j < window) & (j < kept)),
        "You ask that a word be in the window *and* among the first {kept}. One of the two is "
        "enough.",
        "The last word, {last}, may look at these: {seen}. Which reason does each of them have?",
    ),
    mask_mistake(
        "transposed",
        lambda n, window, kept: window_mask(n, window, kept).T,
        "Rows and columns have changed places: {row}, {column} is {returned}. A row is a query, "
        "and a column is a key.",
        "In your mask the first row sees the words that come after it. Turn the array.",
    ),
    mask_mistake(
        "not-itself",
        (
            where(lambda i, j, window, kept: (j < i) & ((i - j < window) | (j < kept))),
            where(lambda i, j, window, kept: (j < i) & ((i - j <= window) | (j < kept))),
        ),
        "Your words do not see themselves: {row}, {column} is {returned}. The own word belongs to "
        "the window.",
        "The first word has nothing but itself to look at.",
    ),
    mask_mistake(
        "cut-from-the-end",
        (cut_from_the_end(keep), cut_from_the_end(lambda mask, kept: None)),
        "Near the beginning of the text your windows are missing: {row}, {column} is {returned}. "
        "A window that would begin before the text begins with its first word.",
        "Where does a slice begin whose first number is below 0? At that many places from the end. "
        "`max(0, ...)` keeps it from that.",
    ),
    mask_mistake(
        "another-number-kept",
        (
            where(lambda i, j, window, kept: (j <= i) & ((i - j < window) | (j <= kept))),
            where(lambda i, j, window, kept: (j <= i) & ((i - j < window) | (j < kept - 1))),
        ),
        "You keep one word too many or too few: {row}, {column} is {returned}. Kept are the first "
        "{kept}.",
        "Places are counted from 0, so the first {kept} are the places below {kept}.",
    ),
    mask_mistake(
        "kept-as-queries",
        (
            where(lambda i, j, window, kept: (j <= i) & ((i - j < window) | (i < kept))),
            where(lambda i, j, window, kept: ((j <= i) & (i - j < window)) | (i < kept)),
            where(
                lambda i, j, window, kept: (j <= i) & ((i - j < window) | ((i < kept) & (j < kept)))
            ),
            where(
                lambda i, j, window, kept: ((j <= i) & (i - j < window)) | ((i < kept) & (j < kept))
            ),
        ),
        "You give the first {kept} words a view of their own. Kept are *keys*: the others go on "
        "looking at them.",
        "The condition is about the column.",
    ),
    mask_mistake(
        "kept-of-the-window",
        where(lambda i, j, window, kept: (j <= i) & ((i - j < window - kept) | (j < kept))),
        "Your kept words take their room from the window: {row}, {column} is {returned}. They come "
        "in addition to the last {window}.",
        "The last word, {last}, may look at these: {seen}.",
    ),
    mask_mistake(
        "kept-beside-the-window",
        where(lambda i, j, window, kept: (j <= i) & ((i - j < window + kept) | (j < kept))),
        "Your window is longer by the number of kept words: {row} may look at {column}. Kept are "
        "the first words; the window stays as long as it is.",
        "The last word, {last}, may look at these: {seen}.",
    ),
    mask_mistake(
        "blocks",
        where(lambda i, j, window, kept: (j <= i) & ((i // window == j // window) | (j < kept))),
        "Your text is cut into blocks of {window} words. A window moves along with the word: each "
        "word sees the last {window}, wherever it stands.",
        "The last word, {last}, may look at these: {seen}.",
    ),
)
WINDOW_FALLBACK = Diagnosis(
    "unrecognised",
    "In row {row}, column {column} you have {returned}, and {expected} is expected. May this query "
    "look at this key: is it no later, and in the window or kept?",
    "The last word, {last}, may look at these: {seen}. Do the same for each row, and count its "
    "Trues.",
    lambda attempt: True,
)

WINDOW_KEPT = FunctionExercise(
    id="window-kept",
    title="A window, and the first words kept",
    stars=2,
    minutes=10,
    diagnoses=(
        *WINDOW_MISTAKES,
        functions.RAISED,
        NOT_BOOLEAN,
        functions.WRONG_SHAPE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        WINDOW_FALLBACK,
    ),
    parameters=("n", "window", "kept"),
    cases=window_cases,
    reference=window_mask,
    result=MaskResult("a row for each query, a column for each key"),
)


EXERCISES = (ONLINE_SOFTMAX, MERGE_TWO, WINDOW_KEPT, HALVES, READ_CONFIG, ONE_STEP, NORM_AND_TURN)
