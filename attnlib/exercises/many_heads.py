"""The exercises of the chapter "Many heads"."""

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np

from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis, numeric
from attnlib.exercises.drawing import Drawing, close, decimals_for, matrix, number
from attnlib.exercises.functions import (
    ArrayResult,
    Case,
    FunctionExercise,
    first_wrong,
    mistake,
    same,
)
from attnlib.exercises.many_promises import load_torch
from attnlib.exercises.own_multi_head import MULTI_HEAD
from attnlib.exercises.suspects import SuspectsExercise

SEED = 8
MOST_HEADS = 3  # of a stack that are drawn


def tokens(count):
    return tuple(f"token {i}" for i in range(count))


def numbers(count):
    return tuple(map(str, range(count)))


def digits(n_rows, n_columns):
    """Numbers that say where they stand: row 1, column 2 holds 12."""
    return 10.0 * np.arange(n_rows)[:, None] + np.arange(n_columns)


def drawn_stack(caption, stack, rows=None):
    return tuple(matrix(f"{caption}, head {h}", stack[h], rows) for h in range(len(stack)))[
        :MOST_HEADS
    ]


# --- split-heads: one matrix of queries, cut into heads


def split_heads(q, n_heads):
    return q.reshape(len(q), n_heads, -1).swapaxes(0, 1)


def scrambled(q, n_heads):
    return q.reshape(n_heads, len(q), -1)


def interleaved(q, n_heads):
    return np.moveaxis(q.reshape(len(q), -1, n_heads), -1, 0)


@dataclass(frozen=True)
class StackResult(ArrayResult):
    """A stack of matrices, one for each head: the first head that differs is drawn."""

    def facts(self, case, result, expected):
        head = str(self.head(result, expected))
        return super().facts(case, result, expected) | {"head": head}

    def message(self, facts):
        return (
            "{count} numbers differ: in head {head}, row {row}, column {column} is {returned}, "
            "not {expected}."
        ).format(**facts)

    def draw(self, case, result, expected):
        if result.shape != expected.shape:
            return super().draw(case, result, expected)
        head = self.head(result, expected)
        wrong = ~close(result, expected)[head]
        labels = {"rows": case.rows, "columns": case.columns}
        labels["decimals"] = decimals_for(result, expected)
        yours = matrix(
            f"what your function returned, head {head}", result[head], marked=wrong, **labels
        )
        return yours, matrix(f"what was expected, head {head}", expected[head], **labels)

    def head(self, result, expected):
        """The first head that differs, 0 where that cannot be said."""
        if result is None or result.shape != expected.shape:
            return 0
        return int(first_wrong(result, expected)[0])


def split_case(q, n_heads):
    d_head = q.shape[1] // n_heads
    facts = {"n_heads": n_heads, "n_tokens": len(q), "d_head": d_head, "width": q.shape[1]}
    drawn = (matrix(f"input q, for {n_heads} heads of d_head = {d_head}", q, tokens(len(q))),)
    facts = {name: str(size) for name, size in facts.items()}
    return Case((q, n_heads), tokens(len(q)), numbers(d_head), drawn, facts)


def split_cases():
    cases = [split_case(digits(3, 4), 2), split_case(digits(2, 6), 2), split_case(digits(4, 8), 4)]
    rng = np.random.default_rng(SEED)
    for n_tokens, n_heads, d_head in ((3, 3, 3), (5, 3, 2), (4, 1, 3), (1, 4, 2), (2, 3, 1)):
        cases.append(split_case(rng.normal(0, 2, (n_tokens, n_heads * d_head)).round(1), n_heads))
    return cases


SPLIT_MISTAKES = (
    mistake(
        "scrambled",
        (scrambled, lambda q, n_heads: q.T.reshape(n_heads, len(q), -1)),
        "The shape is right and the numbers are scrambled: in head {head}, row {row}, column "
        "{column} is {returned}, which belongs elsewhere. Your heads mix the numbers of "
        "different tokens.",
        "`reshape` reads the numbers row by row and fills the new shape in the same order. Cut "
        "each row into {n_heads} pieces first; then bring the axis of the pieces to the front.",
    ),
    mistake(
        "axes-left",
        lambda q, n_heads: split_heads(q, n_heads).swapaxes(0, 1),
        "Your result has the shape {shape}: every row is cut into heads, as it should be. The "
        "tokens still come first; the heads must.",
        "Two axes have to change places. Which of the two ways, moving axes or filling a new "
        "shape, leaves each number with its token?",
    ),
    mistake(
        "interleaved",
        interleaved,
        "In head {head}, row {row}, column {column} you have {returned}, and {expected} is "
        "expected. Your {n_heads} heads take the columns in turn, like cards that are dealt. A "
        "head holds {d_head} columns that are neighbours.",
        "When a row of {width} numbers is cut into a small table, the table's rows are filled "
        "first. Each of its rows must be a head: does n_heads or d_head come first in its shape?",
    ),
    mistake(
        "on-its-side",
        (
            lambda q, n_heads: split_heads(q, n_heads).swapaxes(1, 2),
            lambda q, n_heads: split_heads(q, n_heads).transpose(2, 1, 0),
            lambda q, n_heads: split_heads(q, n_heads).transpose(2, 0, 1),
        ),
        "Your result has the shape {shape}. Within each head a token is still a row: the tokens "
        "come second and d_head comes last.",
        "After cutting the rows there are three axes: tokens, heads, d_head. The last one may "
        "stay where it is.",
    ),
    mistake(
        "tokens-split",
        (
            lambda q, n_heads: np.array(np.split(q, n_heads)),
            lambda q, n_heads: q.reshape(n_heads, -1, q.shape[1]),
        ),
        "You cut the text into {n_heads} parts, so that each head would get some of the tokens. "
        "Every head gets all {n_tokens} tokens, and {d_head} numbers of each.",
        "Cut the columns, not the rows.",
    ),
    mistake(
        "same-slice",
        lambda q, n_heads: np.array([q[:, : q.shape[1] // n_heads]] * n_heads),
        "All your heads are alike: each of them holds the first {d_head} columns. Head 1 begins "
        "where head 0 ends.",
        "Head h begins at column h times {d_head}.",
    ),
    mistake(
        "reversed",
        (
            lambda q, n_heads: split_heads(q, n_heads)[::-1],
            lambda q, n_heads: split_heads(q, n_heads)[:, ::-1],
            lambda q, n_heads: split_heads(q, n_heads)[..., ::-1],
        ),
        "In head {head}, row {row}, column {column} you have {returned}, and {expected} is "
        "expected: the right numbers in reverse order.",
        "Heads, tokens and columns all keep the order in which they came.",
    ),
)
SPLIT_FALLBACK = Diagnosis(
    "unrecognised",
    "In head {head}, row {row}, column {column} you have {returned}, and {expected} is expected. "
    "Head 0 is the first {d_head} columns of q, with all its rows.",
    "With {n_heads} heads, head h is the columns from h times {d_head} up to the next head's "
    "first. A loop over the heads is a good beginning.",
    lambda attempt: True,
)

SPLIT_HEADS = FunctionExercise(
    id="split-heads",
    title="Cut the queries into heads",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *SPLIT_MISTAKES,
        *functions.OF_FORM,
        SPLIT_FALLBACK,
    ),
    parameters=("q", "n_heads"),
    cases=split_cases,
    reference=split_heads,
    result=StackResult("the heads, their tokens, d_head columns"),
)


# --- functions that return several arrays


@dataclass(frozen=True, eq=False)
class Parts:
    """Several arrays, equal to others when each array is."""

    arrays: tuple[np.ndarray, ...]

    @property
    def shapes(self):
        return tuple(array.shape for array in self.arrays)

    def __eq__(self, other):
        return self.shapes == other.shapes and all(map(same, self.arrays, other.arrays))


@dataclass(frozen=True)
class PartsResult:
    """How a tuple of arrays, one for each of `names`, is read, compared and drawn."""

    names: tuple[str, ...]

    same = staticmethod(same)

    def read(self, value):
        if not isinstance(value, tuple | list) or len(value) != len(self.names):
            raise TypeError("not a tuple of that many arrays")
        return Parts(tuple(map(numeric, value)))

    def wanted(self, expected):
        shapes = ", ".join(map(str, expected.shapes))
        return f"({', '.join(self.names)}), arrays of the shapes {shapes}"

    def problem(self, result, expected):
        if result.shapes != expected.shapes:
            return "wrong-shape"
        return "" if all(np.isfinite(array).all() for array in result.arrays) else "not-finite"

    def facts(self, case, result, expected):
        """The first array that differs and its first cell, as texts."""
        facts = {"wanted": self.wanted(expected), "shape": "no shape", "name": self.names[0]}
        facts |= dict.fromkeys(("place", "returned", "expected", "count"), "?")
        if result is None:
            return facts
        facts["shape"] = " and ".join(map(str, result.shapes))
        name, came, wanted = self.first_wrong(result, expected)
        facts["name"] = name
        if came.shape != wanted.shape:
            return facts
        wrong = np.argwhere(~close(came, wanted))
        first, decimals = first_wrong(came, wanted), decimals_for(came, wanted)
        axes = ("head", "row", "column")[-len(first) :]
        return facts | {
            "place": ", ".join(f"{axis} {i}" for axis, i in zip(axes, first, strict=True)),
            "returned": number(came[first], decimals),
            "expected": number(wanted[first], decimals),
            "count": f"{len(wrong)} of {came.size}",
        }

    def message(self, facts):
        return (
            "In {name} {count} numbers differ: at {place} it has {returned}, not {expected}."
        ).format(**facts)

    def draw(self, case, result, expected):
        name, came, wanted = self.first_wrong(result, expected)
        if came.shape != wanted.shape:
            return matrix(f"your {name}", came), matrix(f"{name} as expected", wanted)
        wrong = ~close(came, wanted)
        layer = first_wrong(came, wanted)[:-2]  # the head, if there is one
        of_head = f" of head {layer[0]}" if layer else ""
        decimals = decimals_for(came, wanted)
        return (
            matrix(f"your {name}{of_head}", came[layer], None, None, wrong[layer], decimals),
            matrix(f"{name}{of_head} as expected", wanted[layer], decimals=decimals),
        )

    def first_wrong(self, result, expected):
        """Name, array that came and array that was expected of the first part that differs."""
        parts = zip(self.names, result.arrays, expected.arrays, strict=True)
        return next((name, came, wanted) for name, came, wanted in parts if not same(came, wanted))


def parts_mistake(id, would_give, hint, stronger):
    """A diagnosis that fits when the parts that `would_give(*inputs)` gives came.

    A part that it gives as None may be anything. A mistake that can be made in several ways has
    a tuple of functions.
    """

    def agree(given, came):
        if not isinstance(came, Parts):
            return False
        pairs = zip(given, came.arrays, strict=True)
        return all(part is None or same(part, array) for part, array in pairs)

    return mistake(id, would_give, hint, stronger, read=lambda parts: parts, agree=agree)


# --- staple: concatenation times w_o is the sum of the heads


def side_by_side(mixed):
    return np.concatenate(mixed, axis=-1)


def staple(mixed, w_o):
    """Vaswani et al. (2017), equation 5, both factors."""
    return Parts((side_by_side(mixed), np.concatenate(w_o)))


def sum_of_deltas(mixed, w_o):
    return (mixed @ w_o).sum(axis=0)


def staple_case(mixed, w_o):
    n_heads, n_tokens, d_value = mixed.shape
    sizes = {"n_heads": n_heads, "n_tokens": n_tokens, "d_value": d_value}
    sizes |= {"d_model": w_o.shape[-1], "width": n_heads * d_value}
    drawn = drawn_stack("input mixed", mixed, tokens(n_tokens)) + drawn_stack("input w_o", w_o)
    return Case((mixed, w_o), (), (), drawn, {name: str(size) for name, size in sizes.items()})


def staple_cases():
    # As wide as d_model, so that a sum of deltas beside an identity matrix has the right shapes.
    mixed = np.array([digits(3, 2) + 1, 100 + digits(3, 2)])
    w_o = np.array([[[1, 0, 2, 0], [0, 1, 0, 3]], [[0, 4, 1, 0], [5, 0, 0, 1]]], float)
    cases = [staple_case(mixed, w_o)]
    rng = np.random.default_rng(SEED)
    sizes = ((2, 2, 3, 4), (3, 3, 3, 3), (2, 6, 2, 3), (3, 4, 1, 5), (1, 3, 2, 4), (4, 1, 2, 3))
    for n_heads, n_tokens, d_value, d_model in sizes:
        shapes = (n_heads, n_tokens, d_value), (n_heads, d_value, d_model)
        cases.append(staple_case(*(rng.normal(0, 2, shape).round(1) for shape in shapes)))
    return cases


def product_is_right(attempt):
    """Whether both shapes and the product are right, whatever the factors are."""
    if not isinstance(attempt.outcome, Parts) or attempt.problem:
        return False
    return same(np.matmul(*attempt.outcome.arrays), sum_of_deltas(*attempt.inputs))


def dealt(stack):
    """Stacked with the rows of the heads taking turns."""
    return np.concatenate(stack.swapaxes(0, 1))


STAPLE_MISTAKES = (
    parts_mistake(
        "exchanged",
        lambda mixed, w_o: (np.concatenate(w_o), side_by_side(mixed)),
        "Your shapes are {shape}. Both are right, in the wrong order: first what the heads have "
        "mixed, then the matrix that is multiplied with it.",
        "Rows of the text come first, as ever: x @ w.",
    ),
    parts_mistake(
        "along-tokens",
        lambda mixed, w_o: (np.concatenate(mixed), None),
        "Your shapes are {shape}: in the first factor the heads lie below each other, and every "
        "token comes {n_heads} times. A token has one row, with all heads in it.",
        "Join the mixtures along their last axis: {n_heads} times {d_value} columns.",
    ),
    parts_mistake(
        "scrambled",
        lambda mixed, w_o: (mixed.reshape(mixed.shape[1], -1), None),
        "The shape of your concatenation is right, its numbers are scrambled: at {place} it has "
        "{returned}, and {expected} is expected. Its rows mix different tokens.",
        "`reshape` reads head by head, and row by row in each. Bring the tokens to the front "
        "before you change the shape, or join the heads by their columns.",
    ),
    parts_mistake(
        "summed",
        (
            lambda mixed, w_o: (mixed.sum(axis=0), None),
            lambda mixed, w_o: (mixed.mean(axis=0), None),
        ),
        "Your shapes are {shape}: you added the heads' mixtures up before w_o came. Each head has "
        "a w_o of its own, and after the sum nobody can tell whose number is whose.",
        "Side by side, not on top of each other: {width} columns, {d_value} for each head.",
    ),
    parts_mistake(
        "sideways",
        (
            lambda mixed, w_o: (None, side_by_side(w_o)),
            lambda mixed, w_o: (None, side_by_side(w_o).T),
        ),
        "Your shapes are {shape}: you put the heads' w_o side by side. The columns of all of them "
        "stand for the same d_model = {d_model} numbers, so they belong below each other.",
        "Each column of the concatenation meets one row of the other factor: {width} of both.",
    ),
    parts_mistake(
        "summed-w-o",
        (
            lambda mixed, w_o: (None, w_o.sum(axis=0)),
            lambda mixed, w_o: (None, np.concatenate([w_o.sum(axis=0)] * len(w_o))),
        ),
        "You added the heads' w_o up. Then every head would go through the same matrix.",
        "Each head keeps its {d_value} rows: put the {n_heads} matrices below each other.",
    ),
    parts_mistake(
        "another-order",
        (
            lambda mixed, w_o: (side_by_side(mixed[::-1]), np.concatenate(w_o[::-1])),
            lambda mixed, w_o: (dealt(mixed.swapaxes(1, 2)).T, dealt(w_o)),
        ),
        "Your product is right, and your columns stand in another order. The papers put head 0 "
        "first, all its columns together, then head 1.",
        "Columns 0 to d_value - 1 belong to head 0; at {place} of {name} you have {returned}, and "
        "{expected} is expected.",
    ),
    parts_mistake(
        "orders-differ",
        (
            lambda mixed, w_o: (side_by_side(mixed), np.concatenate(w_o[::-1])),
            lambda mixed, w_o: (side_by_side(mixed), dealt(w_o)),
            lambda mixed, w_o: (side_by_side(mixed[::-1]), np.concatenate(w_o)),
            lambda mixed, w_o: (dealt(mixed.swapaxes(1, 2)).T, np.concatenate(w_o)),
        ),
        "Both shapes are right, and the two orders differ: in your product, columns of one head "
        "meet rows of another head's w_o. It shows in {name}, at {place}.",
        "Go through one column of the concatenation: whose is it? The row of the other factor "
        "with the same number must be that head's.",
    ),
    Diagnosis(
        "trick",
        "Your product is right, but what you concatenated are not the heads' mixtures: at {place} "
        "{name} has {returned}, and {expected} is expected.",
        "The first factor holds the numbers of `mixed`, each of them once, and the second those "
        "of w_o: nothing is multiplied or added yet.",
        product_is_right,
    ),
)
PAIR = Diagnosis(
    "wrong-type",
    "The exercise asks for the two factors, in brackets: {wanted}. Something else came, perhaps "
    "their product.",
    "Do not multiply the two: return (concatenated, stacked), and let the check multiply.",
)
WRONG_CELL = Diagnosis(
    "not-finite",
    "{name} has {returned} at {place}, which is not a number one can compare.",
    "Nothing has to be computed here, only moved. Look for an array made with `np.empty`.",
)
STAPLE_FALLBACK = Diagnosis(
    "unrecognised",
    "In {name}, at {place}, you have {returned}, and {expected} is expected. A row of the first "
    "factor is one token, head 0's {d_value} numbers first; the second holds the heads' w_o below "
    "each other.",
    "Write down the first row by hand: the first rows of all {n_heads} mixtures, one after the "
    "other.",
    lambda attempt: True,
)

STAPLE = FunctionExercise(
    id="staple",
    title="Where W_O comes from",
    stars=2,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *STAPLE_MISTAKES,
        functions.RAISED,
        PAIR,
        functions.WRONG_SHAPE,
        WRONG_CELL,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        STAPLE_FALLBACK,
    ),
    parameters=("mixed", "w_o"),
    cases=staple_cases,
    reference=staple,
    result=PartsResult(("concatenated", "stacked")),
)


# --- which-split: three ways of cutting, one of them right

KEY = {"right": "b", "scrambled": "c", "interleaved": "a"}
SPLITS = {"right": split_heads, "scrambled": scrambled, "interleaved": interleaved}
MEASURED_ON = (4, 2, 3)  # n_tokens, n_heads, d_head
CHANGED = 1  # the token, and the column, that is changed


def suspects():
    """Three functions f(q, n_heads) -> `(n_heads, n_tokens, d_head)`, by letter.

    Each cuts `q`, `(n_tokens, n_heads * d_head)`, into heads, and one is right. What they are
    called and how they print does not tell which.
    """
    hidden = {
        "a": lambda: "interleaved",
        "b": lambda: "right",
        "c": lambda: "scrambled",
    }
    return {letter: suspect(split) for letter, split in hidden.items()}


def suspect(hidden):
    def split(q, n_heads):
        return SPLITS[hidden()](q, n_heads)

    return split


@dataclass(frozen=True)
class Moved:
    """Where a change of one token and one of one column of q show, as texts."""

    rows: str
    columns: str


@cache
def moved_by(name):
    """What was measured of the split that is called `name`."""
    n_tokens, n_heads, d_head = MEASURED_ON
    q = digits(n_tokens, n_heads * d_head)
    other_token, other_column = q.copy(), q.copy()
    other_token[CHANGED] += 1
    other_column[:, CHANGED] += 1
    before, by_token, by_column = (
        SPLITS[name](each, n_heads) for each in (q, other_token, other_column)
    )
    rows, columns = (before != by_token).any(axis=2), (before != by_column).any(axis=1)
    return Moved(places(rows, "row"), places(columns, "column"))


def places(changed, noun):
    """`changed`, `(n_heads, n)`, in words: "row 1 of head 0, row 1 of head 1"."""
    return ", ".join(f"{noun} {i} of head {head}" for head, i in np.argwhere(changed))


def moved_table():
    n_tokens, n_heads, d_head = MEASURED_ON
    name_of = {letter: name for name, letter in sorted(KEY.items(), key=lambda pair: pair[1])}
    found = {letter: moved_by(name) for letter, name in name_of.items()}
    return (
        Drawing(
            f"what changes in the result, for {n_tokens} tokens and {n_heads} heads of d_head = "
            f"{d_head}",
            tuple(found),
            (f"with the row of token {CHANGED}", f"with column {CHANGED}"),
            tuple((moved.rows, moved.columns) for moved in found.values()),
        ),
    )


def as_called(answer):
    """The letters of the answer, and what was measured of the one that is called right."""
    name_of = {letter: name for name, letter in KEY.items()}
    moved = moved_by(name_of[answer["right"]])
    last = str(MEASURED_ON[-1] - 1)
    facts = {"rows": moved.rows, "columns": moved.columns, "last": last}
    return facts | {f"is_{name}": letter for name, letter in answer.items()}


def called_right(name):
    return lambda attempt: attempt.outcome["right"] == KEY[name]


WHICH_SPLIT_FORM = (
    Diagnosis(
        "wrong-type",
        "The answer is a dict that gives each of the names right, scrambled and interleaved the "
        "letter of a suspect.",
        "Write the three names as texts, with a colon and a letter after each, all of it in curly "
        "brackets.",
    ),
    Diagnosis(
        "reversed",
        "With letters first, each of a, b and c needs a name of its own: right, scrambled or "
        "interleaved, none of them twice.",
        "Or put the names first and a letter after each colon: the check reads both.",
    ),
    Diagnosis(
        "wrong-names",
        "Each of the names right, scrambled and interleaved needs a letter, and there are no "
        "other names.",
        "Your answer has three keys, and they are the three names.",
    ),
    Diagnosis(
        "unknown-suspect",
        "The suspects are called a, b and c: give each name one of these letters, as a text.",
        "`suspects()` is a dict with the keys a, b and c. Give a letter, not the function.",
    ),
    Diagnosis(
        "same-suspect",
        "Two of your names have the same letter. The three suspects are three different splits.",
        "When you are sure of two of them, the third has the letter that is left.",
    ),
)
WHICH_SPLIT_MISTAKES = (
    Diagnosis(
        "mixes-tokens",
        "You call {is_right} right. Change the row of one token in q and see which rows of the "
        "result change. Measured for token 1: {rows}.",
        "In a right split every head keeps the tokens in their rows: when token 1 changes, row 1 "
        "of every head changes, and no other row.",
        called_right("scrambled"),
    ),
    Diagnosis(
        "deals-columns",
        "You call {is_right} right. It keeps the tokens apart. Now change one column of q and see "
        "where that shows. Measured for column 1: {columns}.",
        "Head 0 is to hold columns 0 to {last} of q, in their order. In which head must column 1 "
        "show?",
        called_right("interleaved"),
    ),
    Diagnosis(
        "exchanged",
        "{is_right} is the right one. Of the other two, one mixes the numbers of different tokens. "
        "Change the row of one token in q: in which suspect do other rows change?",
        "Scrambled: a token's numbers leave their row. Interleaved: they stay in their row and go "
        "to the wrong heads. You have these two the wrong way round.",
        lambda attempt: True,
    ),
)

WHICH_SPLIT = SuspectsExercise(
    id="which-split",
    title="Find the scrambled reshape",
    stars=2,
    minutes=10,
    diagnoses=(*WHICH_SPLIT_FORM, *WHICH_SPLIT_MISTAKES),
    key=KEY,
    choices=tuple(sorted(KEY.values())),
    label="name",
    noun="letter",
    measured=moved_table,
    facts=as_called,
    one_each=True,
    either_way=True,
)


# --- load-torch: the weights of nn.MultiheadAttention as stacks


def thirds(in_proj_weight):
    return np.split(in_proj_weight, 3)


def with_any_w_o(split):
    """What comes of `split(matrix, n_heads)` for each of the thirds, transposed."""
    return lambda w, out, n: (*(split(third.T, n) for third in thirds(w)), None)


def only_w_o(split):
    """The other three right, and what comes of `split(out_proj_weight, n_heads)`."""
    return lambda w, out, n: (*load_torch(w, out, n)[:3], split(out, n))


def torch_case(in_proj_weight, out_proj_weight, n_heads):
    d_model = len(out_proj_weight)
    facts = {"n_heads": n_heads, "d_model": d_model, "d_head": d_model // n_heads}
    drawn = (
        matrix("input in_proj_weight", in_proj_weight),
        matrix(f"input out_proj_weight, for {n_heads} heads", out_proj_weight),
    )
    inputs = in_proj_weight, out_proj_weight, n_heads
    return Case(inputs, (), (), drawn, {name: str(size) for name, size in facts.items()})


def torch_cases():
    cases = [torch_case(digits(12, 4), 500 + digits(4, 4), 2)]
    rng = np.random.default_rng(SEED)
    for d_model, n_heads in ((6, 3), (6, 2), (4, 4), (3, 1)):
        shapes = (3 * d_model, d_model), (d_model, d_model)
        cases.append(torch_case(*(rng.normal(0, 1, shape).round(2) for shape in shapes), n_heads))
    return cases


def in_other_orders(w, out, n):
    """The thirds in every order but the right one."""
    *stacks, _ = load_torch(w, out, n)
    return [(*order, None) for order in list(permutations(stacks))[1:]]


def taken_as(cut):
    """Three matrices that `cut(in_proj_weight, n_heads)` takes for the thirds."""
    return lambda w, out, n: (*(np.asarray(split_heads(third.T, n)) for third in cut(w, n)), None)


def by_heads(w, n):
    """The rows of each head together: its queries, keys and values."""
    cut = w.reshape(n, 3, -1, w.shape[1])
    return [cut[:, i].reshape(-1, w.shape[1]) for i in range(3)]


TORCH_MISTAKES = (
    parts_mistake(
        "untransposed",
        (
            lambda w, out, n: (*(split_heads(third, n) for third in thirds(w)), None),
            lambda w, out, n: (*(scrambled(third, n) for third in thirds(w)), None),
        ),
        "The shapes are right, the numbers are not: {name} has {returned} at {place}, and "
        "{expected} is expected. PyTorch keeps its matrices on their side: it computes x times "
        "the transpose.",
        "Turn each third round before you cut it into heads. In PyTorch's matrix a row belongs to "
        "a coordinate of a query; in ours that is a column.",
    ),
    parts_mistake(
        "on-its-side",
        lambda w, out, n: (*(split_heads(third.T, n).swapaxes(1, 2) for third in thirds(w)), None),
        "Your {name} has a shape of its own: {shape}. You cut the thirds into heads rightly, and "
        "each head's matrix still lies on its side, as PyTorch keeps it.",
        "x @ w_q[h] must run for x with d_model = {d_model} columns: each head's matrix needs "
        "{d_model} rows and {d_head} columns.",
    ),
    parts_mistake(
        "scrambled",
        with_any_w_o(scrambled),
        "The shapes are right and the numbers scrambled: {name} has {returned} at {place}, and "
        "{expected} is expected. The columns of the whole matrix must be cut; you filled a new "
        "shape from row to row.",
        "Cut it as you cut the queries into heads: d_model plays the part of the tokens.",
    ),
    parts_mistake(
        "interleaved",
        with_any_w_o(interleaved),
        "{name} has {returned} at {place}, and {expected} is expected. Your {n_heads} heads take "
        "the coordinates in turn; the {d_head} of each head are neighbours.",
        "When you cut an axis in two, the heads come first and d_head second.",
    ),
    Diagnosis(
        "order",
        "{name} has {returned} at {place}, and {expected} is expected. Your three stacks are the "
        "right ones in another order.",
        "From the top: queries, keys, values. Each third has {d_model} rows.",
        lambda attempt: (
            isinstance(attempt.outcome, Parts)
            and any(
                all(map(same, order[:3], attempt.outcome.arrays))
                for order in in_other_orders(*attempt.inputs)
            )
        ),
    ),
    parts_mistake(
        "thirds",
        (taken_as(by_heads), taken_as(lambda w, n: [w[i::3] for i in range(3)])),
        "{name} has {returned} at {place}, and {expected} is expected. You took the rows in turn "
        "for queries, keys and values. Other libraries store them so; here the queries of all "
        "heads come first.",
        "The first {d_model} rows are w_q of all heads, the next {d_model} are w_k. Cut into "
        "thirds first, into heads afterwards.",
    ),
    parts_mistake(
        "w-o-untransposed",
        only_w_o(lambda out, n: out.reshape(n, -1, len(out))),
        "w_q, w_k and w_v are right. w_o has {returned} at {place}, and {expected} is expected: "
        "out_proj_weight lies on its side, too.",
        "Turn it round first. Then head h has {d_head} *rows* of it.",
    ),
    parts_mistake(
        "w-o-on-its-side",
        (
            only_w_o(split_heads),
            only_w_o(lambda out, n: split_heads(out.T, n)),
        ),
        "w_q, w_k and w_v are right. Your shapes are {shape}: w_o leads back up, so each head's "
        "has {d_head} rows and {d_model} columns.",
        "Of w_q the columns are shared out among the heads; of w_o, transposed, the rows are.",
    ),
    parts_mistake(
        "w-o-blocks",
        (
            only_w_o(lambda out, n: out.T.reshape(-1, n, len(out)).swapaxes(0, 1)),
            only_w_o(lambda out, n: out.reshape(-1, n, len(out)).swapaxes(0, 1)),
            only_w_o(lambda out, n: split_heads(out.T, n).reshape(n, -1, len(out))),
        ),
        "w_q, w_k and w_v are right. The rows of your w_o are in the wrong heads: it has "
        "{returned} at {place}, and {expected} is expected.",
        "Transposed, w_o is the heads' matrices below each other: rows 0 to d_head - 1 are head "
        "0's, the next {d_head} are head 1's.",
    ),
)
FOUR = Diagnosis(
    "wrong-type",
    "The exercise asks for four stacks, in brackets: {wanted}.",
    "End with `return w_q, w_k, w_v, w_o`. Each of the four is one array, not a list of heads.",
)
TORCH_FALLBACK = Diagnosis(
    "unrecognised",
    "{name} has {returned} at {place}, and {expected} is expected. For random x, compare "
    "x @ w_q[0] with the first {d_head} columns of x times the transposed first third.",
    "Three steps for w_q: the first {d_model} rows, turned round, its columns cut into "
    "{n_heads} heads. One and the same code does w_k and w_v.",
    lambda attempt: True,
)

LOAD_TORCH = FunctionExercise(
    id="load-torch",
    title="Load the weights of PyTorch's module",
    stars=3,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *TORCH_MISTAKES,
        functions.RAISED,
        FOUR,
        functions.WRONG_SHAPE,
        WRONG_CELL,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        TORCH_FALLBACK,
    ),
    parameters=("in_proj_weight", "out_proj_weight", "n_heads"),
    cases=torch_cases,
    reference=lambda *inputs: Parts(load_torch(*inputs)),
    result=PartsResult(("w_q", "w_k", "w_v", "w_o")),
)

EXERCISES = (STAPLE, SPLIT_HEADS, LOAD_TORCH, WHICH_SPLIT, MULTI_HEAD)
