"""The exercises of the chapter "Counting"."""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

import attnlib as al
from attnlib.counting import BYTES
from attnlib.exercises import functions
from attnlib.exercises.checking import LONGEST_INTEGER, Diagnosis, numeric
from attnlib.exercises.drawing import Drawing, matrix, number
from attnlib.exercises.functions import Case, FunctionExercise, mistake, same, throughout

ROUNDED = 1e-6  # of a large number: what float32 loses
DOUBLE = 2.0**-46  # what some dozens of steps in float64 lose
VISIBLE = 0.01  # a difference below this is not seen in two decimals
EXACT = 2**53  # from here on float64 has no room for every whole number
LARGE = 10**7


# --- exact numbers, as large as they come


def whole(value):
    """`value` as an int where it is a whole number, else as a float; an array as it is.

    A float too large to be exact stays one.

    Raises `TypeError` if it is not a real number, nor an array of them.
    """
    if isinstance(value, bool | np.bool_):
        raise TypeError("neither a number nor an array of numbers")
    try:
        if getattr(value, "shape", ()) == ():
            return operator.index(value)  # nothing is lost on the way, as it is in float64
    except Exception:  # the value's own code runs here; what follows reads it or says why not
        pass
    array = numeric(value)
    if array.shape != ():
        return array
    item = array.item()
    return int(item) if item.is_integer() and abs(item) < EXACT else item


def equal(count, other):
    """Whether two counts agree: exactly if both are whole, else as nearly as float64 can."""
    both = (count, other)
    if not all(isinstance(each, int | float) for each in both):
        return same(count, other)
    if all(isinstance(each, int) for each in both):
        return count == other
    try:
        count, other = map(float, both)
    except OverflowError:  # a whole number that no float comes near
        return False
    if not (math.isfinite(count) and math.isfinite(other)):
        return count == other
    return abs(count - other) <= DOUBLE * max(abs(count), abs(other))


def spelled(value):
    """A number as a text: whole ones with commas, others rounded."""
    if not isinstance(value, int):
        return number(value)
    return f"{value:,}" if value.bit_length() <= LONGEST_INTEGER else "an enormous number"


def off(result, expected):
    """How far `result` is from `expected`, as a text."""
    difference = result - expected
    size = spelled(abs(difference)) if abs(difference) >= VISIBLE else f"{abs(difference):.1e}"
    return f"{size} too {'few' if difference < 0 else 'many'}"


@dataclass(frozen=True)
class CountResult:
    """How one whole number that a function returns is read, compared exactly and drawn."""

    counted: str

    read = staticmethod(whole)
    same = staticmethod(equal)

    def wanted(self, expected):
        return f"one whole number: {self.counted}"

    def problem(self, result, expected):
        if isinstance(result, np.ndarray):
            return "wrong-shape"
        return "" if isinstance(result, int) or np.isfinite(result) else "not-finite"

    def facts(self, case, result, expected):
        facts = {"wanted": self.wanted(expected), "expected": spelled(expected), "shape": "()"}
        if isinstance(result, np.ndarray):
            facts["shape"] = str(result.shape)
        if result is None or isinstance(result, np.ndarray):
            return facts | dict.fromkeys(("returned", "off"), "?")
        finite = isinstance(result, int) or np.isfinite(result)
        return facts | {
            "returned": spelled(result),
            "off": off(result, expected) if finite else "?",
        }

    def message(self, facts):
        return "Your function returned {returned}, not {expected}.".format(**facts)

    def draw(self, case, result, expected):
        if isinstance(result, np.ndarray):
            return (matrix("what your function returned", result),)
        rows, marked = ("your function", "expected"), frozenset({(0, 0)})
        cells = (spelled(result),), (spelled(expected),)
        return (Drawing(self.counted, rows, ("number",), cells, marked),)


def count_case(**sizes):
    """The case of inputs with these names, drawn and ready for hints."""
    facts = {name: spelled(size) for name, size in sizes.items()}
    drawn = Drawing("inputs", ("value",), tuple(facts), (tuple(facts.values()),))
    return Case(tuple(sizes.values()), (), (), (drawn,), facts)


def count_mistake(id, would_give, hint, stronger):
    return mistake(id, would_give, hint, stronger, read=whole, agree=equal)


def rounded(reference):
    """The diagnosis for a large number that floating-point arithmetic did not keep exactly."""

    def fits(attempt):
        came = attempt.outcome
        if not attempt.inputs or not isinstance(came, int | float):
            return False
        expected = reference(*attempt.inputs)
        return expected > LARGE and 0 < abs(came - expected) <= ROUNDED * expected

    return Diagnosis(
        "rounded",
        "You have {returned}, and {expected} is expected: {off}. Your formula is right, and your "
        "numbers are rounded. A float keeps the first 16 digits of a number, in single precision "
        "(float32) the first 7.",
        "Stay with whole numbers on the whole way. `/` makes a float of two of them, `//` does "
        "not; `1e6` is a float, and so is what `np.ones` holds.",
        fits,
    )


NOT_WHOLE = Diagnosis(
    "wrong-type",
    "The answer is {wanted}. What came is something else.",
    "Return the number itself, not a text with commas in it, nor a table of its parts.",
)
NOT_ONE = Diagnosis(
    "wrong-shape",
    "Your result's shape is {shape}. The answer is {wanted}.",
    "If you have a number for each part, they still have to be added up.",
)
NOT_FINITE = Diagnosis(
    "not-finite",
    "Your function returned {returned}, and one cannot count to that. Here {expected} is expected.",
    "Nothing has to be divided, and no logarithm taken.",
)
OF_COUNT = (
    functions.RAISED,
    NOT_WHOLE,
    NOT_ONE,
    NOT_FINITE,
    functions.NOT_A_FUNCTION,
    functions.ARGUMENTS,
)


# --- count-attention: four matrices, many times


def count_attention(n_layers, n_heads, d_model, d_head):
    shape = al.TransformerShape(n_layers, n_heads, d_model, n_vocab=1, d_head=d_head, biases=False)
    return al.count_parameters(shape).parts["attention"]


def attention_cases():
    # The first sizes are primes, so that whatever is left out can be told by its factor. In the
    # last, the total has more digits than a float keeps.
    all_sizes = (5, 3, 11, 7), (1, 1, 4, 4), (12, 12, 768, 64), (96, 96, 12_288, 128)
    huge = 1001, 101, 10_000_019, 100_003
    names = "n_layers", "n_heads", "d_model", "d_head"
    return [count_case(**dict(zip(names, sizes, strict=True))) for sizes in (*all_sizes, huge)]


ATTENTION_MISTAKES = (
    count_mistake(
        "without-w-o",
        lambda n_layers, n_heads, d_model, d_head: 3 * n_layers * n_heads * d_model * d_head,
        "You have {returned}, and {expected} is expected: {off}, a quarter of the whole. You "
        "counted three matrices for each head.",
        "Queries, keys and values each have a matrix. What brings a head's mixture back up to "
        "d_model = {d_model} numbers?",
    ),
    count_mistake(
        "one-matrix",
        (
            lambda n_layers, n_heads, d_model, d_head: n_layers * n_heads * d_model * d_head,
            lambda n_layers, n_heads, d_model, d_head: 2 * n_layers * n_heads * d_model * d_head,
        ),
        "You have {returned}, and {expected} is expected. That is a matrix of {d_model} times "
        "{d_head} for each head, or two. A head has more of them.",
        "Write down the names of a head's matrices: `al.Head` takes them in order.",
    ),
    count_mistake(
        "without-layers",
        lambda n_layers, n_heads, d_model, d_head: 4 * n_heads * d_model * d_head,
        "You have {returned}: that is one layer. The model has {n_layers}, each with matrices of "
        "its own.",
        "One of the four inputs is not used yet.",
    ),
    count_mistake(
        "without-heads",
        lambda n_layers, n_heads, d_model, d_head: 4 * n_layers * d_model * d_head,
        "You have {returned}: that is one head in each layer. A layer has {n_heads}, each with "
        "matrices of its own.",
        "One of the four inputs is not used yet.",
    ),
    count_mistake(
        "heads-twice",
        lambda n_layers, n_heads, d_model, d_head: 4 * n_layers * n_heads**2 * d_model * d_head,
        "You have {returned}, and {expected} is expected: {n_heads} times as many. The heads came "
        "in twice.",
        "`d_head` is the width of one head. n_heads of them side by side are n_heads times d_head "
        "wide: is that in your formula, and n_heads once more?",
    ),
    count_mistake(
        "whole-width",
        (
            lambda n_layers, n_heads, d_model, d_head: 4 * n_layers * d_model**2,
            lambda n_layers, n_heads, d_model, d_head: 3 * n_layers * d_model**2,
        ),
        "You counted square matrices of {d_model} times {d_model} in each layer. That is right "
        "where all heads together are as wide as d_model; here {n_heads} heads have {d_head} "
        "numbers each.",
        "Begin with one matrix of one head. It leads from {d_model} numbers to {d_head}, or back.",
    ),
    count_mistake(
        "square-per-head",
        lambda n_layers, n_heads, d_model, d_head: 4 * n_layers * n_heads * d_model**2,
        "You have {returned}, and {expected} is expected: {off}. You counted square matrices of "
        "{d_model} times {d_model} for every head. A head works in a smaller space.",
        "A head's queries have {d_head} numbers, so its w_q has {d_head} columns.",
    ),
    count_mistake(
        "d-head-squared",
        lambda n_layers, n_heads, d_model, d_head: 4 * n_layers * n_heads * d_head**2,
        "You have {returned}, and {expected} is expected: {off}. You counted matrices of {d_head} "
        "times {d_head}, as if a head read its own slice of the embedding. Every head reads all of "
        "it.",
        "The rows of w_q meet a whole embedding: there are {d_model} of them.",
    ),
    count_mistake(
        "without-d-head",
        lambda n_layers, n_heads, d_model, d_head: 4 * n_layers * n_heads * d_model,
        "You have {returned}: that counts one side of each matrix. A matrix has rows and columns.",
        "Rows times columns: {d_model} times {d_head}.",
    ),
    count_mistake(
        "feed-forward",
        lambda n_layers, n_heads, d_model, d_head: (
            4 * n_layers * n_heads * d_model * d_head + 8 * n_layers * d_model**2
        ),
        "You have {returned}, and {expected} is expected: {off}. That is what the feed-forward "
        "networks hold. Attention alone is asked for.",
        "Attention is what happens between words: queries, keys, values, and what leads back.",
    ),
    count_mistake(
        "biases",
        (
            lambda n_layers, n_heads, d_model, d_head: (
                n_layers * (4 * n_heads * d_model * d_head + 3 * n_heads * d_head + d_model)
            ),
            lambda n_layers, n_heads, d_model, d_head: (
                n_layers * n_heads * (4 * d_model * d_head + 3 * d_head + d_model)
            ),
        ),
        "You have {returned}, and {expected} is expected: {off}. You counted biases. This model "
        "has none.",
        "Matrices alone: rows times columns, added up.",
    ),
    rounded(count_attention),
)
ATTENTION_FALLBACK = Diagnosis(
    "unrecognised",
    "You have {returned}, and {expected} is expected: {off}. Count the numbers of one matrix of "
    "one head, then of the whole head, then of a layer.",
    "Of a head's four matrices, three have {d_model} rows and {d_head} columns, and one has it "
    "the other way round. {n_layers} layers have {n_heads} heads each.",
    lambda attempt: True,
)

COUNT_ATTENTION = FunctionExercise(
    id="count-attention",
    title="The parameters of attention",
    stars=1,
    minutes=5,
    diagnoses=(*ATTENTION_MISTAKES, *OF_COUNT, ATTENTION_FALLBACK),
    parameters=("n_layers", "n_heads", "d_model", "d_head"),
    cases=attention_cases,
    reference=count_attention,
    result=CountResult("the parameters of all attention"),
)


# --- count-gpt2: every array of a whole model


def tally(n_layers, d_model, n_vocab, n_positions):
    """The tally of a model built like GPT-2: how many heads there are changes nothing in it."""
    shape = al.TransformerShape(n_layers, 1, d_model, n_vocab, n_positions)
    return al.count_parameters(shape)


def count_gpt2(*sizes):
    return tally(*sizes).total


def held_by(*names):
    """The function that takes a tally to what its arrays of these names hold."""
    return lambda t: sum(entry.total for entry in t.entries if entry.name in names)


BIASES_OF_ATTENTION = ("b_q", "b_k", "b_v", "b_o")
BIASES_OF_FEED_FORWARD = ("b_in", "b_out")
BIASES = (*BIASES_OF_ATTENTION, *BIASES_OF_FEED_FORWARD)
NORMS = "scales and shifts"
HEADS_OF_GPT2 = 12


@dataclass(frozen=True)
class Slip:
    """A mistake in counting, by what is missing or too much: functions of the right tally.

    `what` names it in a sentence about two slips together; without it, it is none of a pair. Two
    of one `family` may be about the same arrays, so they are none of a pair either.
    """

    id: str
    hint: str
    stronger: str
    missing: tuple[Callable, ...] = ()
    extra: tuple[Callable, ...] = ()
    what: str = ""
    family: str = ""

    def differences(self, t):
        """What this slip can add to the total of the tally `t`: less than 0 where it leaves out."""
        return [-each(t) for each in self.missing] + [each(t) for each in self.extra]

    def diagnosis(self):
        def off_by(way, inputs, came):
            t = tally(*inputs)
            return equal(came, t.total + self.differences(t)[way])

        def fits(attempt):
            ways = range(len(self.missing) + len(self.extra))
            return any(throughout(attempt, partial(off_by, way)) for way in ways)

        return Diagnosis(self.id, self.hint, self.stronger, fits)


def vectors(count):
    """The function that takes a tally to what `count(n_layers)` vectors of d_model hold."""
    return lambda t: count(t.shape.n_layers) * t.shape.d_model


def all_but_one_layer(t):
    one = tally(1, t.shape.d_model, t.shape.n_vocab, t.shape.n_positions)
    return t.total - one.total


SLIPS = (
    Slip(
        "attention-biases",
        "{off}. Four times d_model in each of the {n_layers} layers: so many numbers are in the "
        "biases of attention, b_q, b_k, b_v and b_o. (Or in b_in of the feed-forward network, "
        "which is as wide.)",
        "Every matrix of a block has a bias, with a number for each of its columns. All heads "
        "together have {d_model} columns in w_q.",
        missing=(held_by(*BIASES_OF_ATTENTION),),
        what="the biases of attention",
        family="biases",
    ),
    Slip(
        "feed-forward-biases",
        "{off}. So many numbers are in the biases of the feed-forward networks, b_in and b_out, "
        "of all {n_layers} layers.",
        "A bias has a number for each column of its matrix. w_in has {d_ff} columns, and w_out "
        "has {d_model}.",
        missing=(held_by(*BIASES_OF_FEED_FORWARD),),
        what="the biases of the feed-forward networks",
        family="biases",
    ),
    Slip(
        "biases",
        "{off}. So many numbers are in the biases of all blocks: four in attention, two in the "
        "feed-forward network, {n_layers} times.",
        "A bias has a number for each column of its matrix: {d_model} in most cases, and {d_ff} "
        "in one.",
        missing=(held_by(*BIASES),),
        what="all biases",
        family="biases",
    ),
    Slip(
        "query-key-value-biases",
        "{off}. Three times d_model in each layer: so many numbers are in b_q, b_k and b_v.",
        "You counted a bias for w_o. The three other matrices of a head have one as well.",
        missing=(held_by("b_q", "b_k", "b_v"),),
    ),
    Slip(
        "one-bias",
        "{off}. One vector of d_model = {d_model} in each layer: so many numbers are in b_o, and "
        "as many in b_out.",
        "Go through the matrices of a block, and put a bias behind each one: six kinds of matrix, "
        "six biases.",
        missing=(vectors(lambda n_layers: n_layers),),
    ),
    Slip(
        "positions",
        "{off}. So many numbers are in the table of positions, which is learned here.",
        "A row of {d_model} numbers for each of {n_positions} places.",
        missing=(held_by("table of positions"),),
        what="the table of positions",
    ),
    Slip(
        "tokens",
        "{off}. So many numbers are in the table of tokens.",
        "A row of {d_model} numbers for each of {n_vocab} tokens. The same table serves at both "
        "ends, and it has to be counted once.",
        missing=(held_by("table of tokens"),),
        what="the table of tokens",
    ),
    Slip(
        "final-norm",
        "{off}. Two vectors of d_model = {d_model}: that is one normalisation. Behind the last "
        "block stands one that belongs to no block.",
        "With {n_layers} layers, how many normalisations does a vector pass on its way to the end?",
        missing=(vectors(lambda n_layers: 2),),
        what="the last normalisation",
        family="norms",
    ),
    Slip(
        "one-norm-a-block",
        "{off}. Two vectors of d_model in each layer: that is one normalisation a block. A block "
        "has two.",
        "One stands before attention, the other before the feed-forward network.",
        missing=(vectors(lambda n_layers: 2 * n_layers),),
        what="one normalisation of every block",
        family="norms",
    ),
    Slip(
        "norms",
        "{off}. So many numbers are in all normalisations: two in each of the {n_layers} layers, "
        "one at the end.",
        "A layer normalisation has two vectors that are learned, of {d_model} numbers each.",
        missing=(held_by(NORMS),),
        what="all normalisations",
        family="norms",
    ),
    Slip(
        "scale-alone",
        "{off}. That is half of what the normalisations hold: you gave each of them one vector.",
        "A layer normalisation multiplies by a scale and then adds a shift. Both are learned.",
        missing=(lambda t: held_by(NORMS)(t) // 2,),
        what="the shifts of the normalisations",
        family="norms",
    ),
    Slip(
        "matrices-alone",
        "{off}. So many numbers are in all that is no matrix: the biases, and the scales and "
        "shifts of the normalisations.",
        "Six biases a block, two normalisations a block, and one normalisation at the end.",
        missing=(held_by(*BIASES, NORMS),),
    ),
    Slip(
        "without-w-o",
        "{off}. One square of d_model in each layer: a matrix of attention is missing. Is it w_o?",
        "With all heads side by side, w_q, w_k, w_v and w_o are {d_model} times {d_model} each.",
        missing=(held_by("w_o"),),
        what="w_o",
    ),
    Slip(
        "one-feed-forward-matrix",
        "{off}. Four times d_model squared in each layer: so much is in one matrix of the "
        "feed-forward network. It has two. (All four matrices of attention hold as much.)",
        "One leads from {d_model} numbers up to {d_ff}, the other one back.",
        missing=(held_by("w_out"), held_by("w_out", "b_out"), held_by("w_in", "b_in")),
        what="one matrix of the feed-forward network",
    ),
    Slip(
        "without-feed-forward",
        "{off}. So many numbers are in the feed-forward networks: two thirds of every block.",
        "Two matrices, {d_model} times {d_ff} and back, with a bias each.",
        missing=(lambda t: t.parts["feed-forward"], held_by("w_in", "w_out")),
    ),
    Slip(
        "narrow",
        "{off}. Your feed-forward network is as wide inside as outside. Here it is four times as "
        "wide.",
        "Inside it has {d_ff} numbers: that is the size of b_in, and one side of both matrices.",
        missing=(
            lambda t: 3 * held_by("w_in", "w_out", "b_in")(t) // 4,
            lambda t: 3 * held_by("w_in", "w_out")(t) // 4,
        ),
    ),
    Slip(
        "unembedding-again",
        "{off}. That is the table of tokens a second time. The tables are tied: one table turns "
        "tokens into vectors and vectors into tokens.",
        "An array that is used at two places is kept once, and counted once.",
        extra=(
            held_by("table of tokens"),
            lambda t: held_by("table of tokens")(t) + t.shape.n_vocab,
        ),
        what="a second table of tokens",
    ),
    Slip(
        "biases-of-tables",
        "{off}. You gave biases to the tables. They have none: a row is looked up, and nothing is "
        "added to it.",
        "What a table holds is its rows times {d_model}, and no more.",
        extra=(
            vectors(lambda n_layers: 1),
            vectors(lambda n_layers: 2),
            lambda t: t.shape.n_vocab,
            lambda t: t.shape.n_positions,
            lambda t: t.shape.n_vocab + t.shape.n_positions,
        ),
    ),
    Slip(
        "wide-b-out",
        "{off}. Three times d_model in each layer: your b_out is as wide as the network is inside. "
        "It is added to what comes out.",
        "A bias has a number for each *column* of its matrix. w_out leads from {d_ff} numbers to "
        "{d_model}.",
        extra=(lambda t: held_by("b_in")(t) - held_by("b_out")(t),),
    ),
    Slip(
        "b-o-of-every-head",
        "{off}. You gave every head a bias of d_model numbers behind w_o. It is added to the sum "
        "of the heads, and there is one of it in each layer.",
        "All the heads' w_o, one below the other, are one matrix with {d_model} columns: how many "
        "numbers has its bias?",
        extra=(lambda t: (HEADS_OF_GPT2 - 1) * held_by("b_o")(t),),
    ),
    Slip(
        "final-norm-in-every-layer",
        "{off}. You counted the last normalisation with every layer. It stands once, behind the "
        "last block.",
        "Two in each of the {n_layers} blocks, and one at the end.",
        extra=(
            vectors(lambda n_layers: 2 * (n_layers - 1)),
            vectors(lambda n_layers: 2 * n_layers),
        ),
    ),
    Slip(
        "one-layer",
        "{off}. So much is in the layers after the first: you counted one block, and there are "
        "{n_layers}.",
        "Tables and last normalisation once, everything else {n_layers} times.",
        missing=(all_but_one_layer,),
    ),
    Slip(
        "tables-in-every-layer",
        "{off}. You multiplied the tables by the number of layers. They stand once, before the "
        "first block.",
        "What belongs to a block, and what does not? Only a block is there {n_layers} times.",
        extra=(
            lambda t: (t.shape.n_layers - 1) * t.parts["embedding"],
            lambda t: (t.shape.n_layers - 1) * (t.parts["embedding"] + 2 * t.shape.d_model),
        ),
    ),
)


def two_slips(t, difference):
    """What two slips that make this difference together are about, or None."""
    for one, other in combinations((slip for slip in SLIPS if slip.what), 2):
        if one.family == other.family != "":
            continue
        for first in one.differences(t):
            if difference - first in other.differences(t):
                return one.what, other.what
    return None


@dataclass(frozen=True)
class TotalResult(CountResult):
    """A total: hints can speak of two slips at once, and measure the difference in vectors."""

    def facts(self, case, result, expected):
        facts = super().facts(case, result, expected)
        facts |= {"one": "", "other": "", "vectors": "?", "rest": "?"}
        if facts["off"] == "?":
            return facts
        t = tally(*case.inputs)
        vectors, rest = divmod(abs(result - expected), t.shape.d_model)
        facts |= {"vectors": spelled(int(vectors)), "rest": spelled(rest)}
        if pair := two_slips(t, result - expected):
            facts["one"], facts["other"] = pair
        return facts


def gpt2_cases():
    # The first sizes are chosen so that the differences of nearly all slips differ. In the last,
    # the total has more digits than a float keeps.
    all_sizes = (3, 12, 47, 29), (1, 4, 10, 3), (12, 768, 50_257, 1024), (3, 60, 100, 16)
    huge = 1001, 10_000_020, 100_003, 4097
    names = "n_layers", "d_model", "n_vocab", "n_positions"
    return [gpt2_case(dict(zip(names, sizes, strict=True))) for sizes in (*all_sizes, huge)]


def gpt2_case(sizes):
    case = count_case(**sizes)
    case.facts["d_ff"] = spelled(tally(*case.inputs).shape.d_ff)
    return case


TWO_SLIPS = Diagnosis(
    "two-slips",
    "{off}. These two together hold as much: {one}, and {other}.",
    "Write your total as a sum with a term for every array. Then look for the two terms, and ask "
    "of each how often it belongs there.",
    lambda attempt: bool(attempt.facts.get("one")),
)
GPT2_FALLBACK = Diagnosis(
    "unrecognised",
    "{off}. That is {vectors} times d_model, with {rest} left over. A vector counts 1 by that "
    "measure, and a square matrix {d_model}: what could it be?",
    "Go from the bottom to the top: two tables; in each of {n_layers} layers four matrices of "
    "attention and two of the feed-forward network, a bias for each, and two normalisations; one "
    "normalisation at the end.",
    lambda attempt: True,
)

COUNT_GPT2 = FunctionExercise(
    id="count-gpt2",
    title="GPT-2, to the last digit",
    stars=3,
    minutes=20,
    diagnoses=(
        *(slip.diagnosis() for slip in SLIPS),
        rounded(count_gpt2),
        TWO_SLIPS,
        *OF_COUNT,
        GPT2_FALLBACK,
    ),
    parameters=("n_layers", "d_model", "n_vocab", "n_positions"),
    cases=gpt2_cases,
    reference=count_gpt2,
    result=TotalResult("the parameters of the model"),
)


# --- cache-size: the keys and values that are kept

DTYPES = {size: name for name, size in BYTES.items()}
UNITS = (10**3, 2**10, 10**6, 2**20, 10**9, 2**30)


def cache_bytes(n_layers, n_kv_heads, d_head, n_tokens, bytes_per_number):
    shape = al.TransformerShape(n_layers, n_kv_heads, d_model=1, n_vocab=1, d_head=d_head)
    return shape.cache_bytes(n_tokens, DTYPES[bytes_per_number])


def cache_cases():
    # Different factors, none of them 2, which belongs to keys and values. In the last, the
    # result has more digits than a float keeps.
    all_sizes = (3, 5, 6, 7, 4), (1, 1, 2, 1, 1), (12, 12, 64, 1024, 4), (32, 8, 128, 8192, 2)
    huge = 1001, 101, 10_007, 10_000_019, 4
    names = "n_layers", "n_kv_heads", "d_head", "n_tokens", "bytes_per_number"
    return [count_case(**dict(zip(names, sizes, strict=True))) for sizes in (*all_sizes, huge)]


def in_other_units(attempt):
    """Whether the right size came in kilobytes or the like."""

    def in_units(unit, inputs, came):
        size = cache_bytes(*inputs)
        return not isinstance(came, np.ndarray) and came in (size / unit, size // unit)

    return any(throughout(attempt, partial(in_units, unit)) for unit in UNITS)


CACHE_MISTAKES = (
    count_mistake(
        "keys-alone",
        lambda layers, heads, d_head, tokens, size: layers * heads * d_head * tokens * size,
        "You have {returned}, half of {expected}. A key is kept of every token, and something "
        "else.",
        "What does a new query need of the tokens before it, once it knows where to look?",
    ),
    count_mistake(
        "queries-kept",
        lambda layers, heads, d_head, tokens, size: 3 * layers * heads * d_head * tokens * size,
        "You have {returned}, and {expected} is expected: half as much again. You kept three "
        "vectors of every token. One of the three is used once and never asked for again.",
        "A token that is written meets the keys and the values of all before it. Does it meet "
        "their queries?",
    ),
    count_mistake(
        "without-bytes",
        lambda layers, heads, d_head, tokens, size: 2 * layers * heads * d_head * tokens,
        "{returned} numbers are kept, and that is right. How many bytes are they, with "
        "{bytes_per_number} for each?",
        "One of the inputs is not used yet.",
    ),
    count_mistake(
        "bits",
        (
            lambda layers, heads, d_head, tokens, size: (
                16 * layers * heads * d_head * tokens * size
            ),
            lambda layers, heads, d_head, tokens, size: (
                2 * layers * heads * d_head * tokens * size / 8
            ),
            lambda layers, heads, d_head, tokens, size: (
                2 * layers * heads * d_head * tokens * size // 8
            ),
        ),
        "You have {returned}, and {expected} is expected: a factor of 8 lies between them. You "
        "converted between bits and bytes. What comes in is bytes, and so is what is asked for.",
        "Leave the 8 out.",
    ),
    count_mistake(
        "without-layers",
        lambda layers, heads, d_head, tokens, size: 2 * heads * d_head * tokens * size,
        "You have {returned}: that is the cache of one layer. Each of the {n_layers} layers has "
        "keys and values of its own.",
        "One of the inputs is not used yet.",
    ),
    count_mistake(
        "without-heads",
        lambda layers, heads, d_head, tokens, size: 2 * layers * d_head * tokens * size,
        "You have {returned}: that is one head in each layer. {n_kv_heads} heads have keys and "
        "values of their own.",
        "One of the inputs is not used yet.",
    ),
    count_mistake(
        "without-tokens",
        lambda layers, heads, d_head, tokens, size: 2 * layers * heads * d_head * size,
        "You have {returned}: that is what one token needs. {n_tokens} tokens are kept.",
        "One of the inputs is not used yet.",
    ),
    count_mistake(
        "without-d-head",
        lambda layers, heads, d_head, tokens, size: 2 * layers * heads * tokens * size,
        "You have {returned}, which counts every key and every value as one number. A key is a "
        "vector.",
        "A key has as many numbers as a head is wide: {d_head}.",
    ),
    count_mistake(
        "pattern",
        (
            lambda layers, heads, d_head, tokens, size: (
                2 * layers * heads * d_head * tokens**2 * size
            ),
            lambda layers, heads, d_head, tokens, size: layers * heads * tokens**2 * size,
            lambda layers, heads, d_head, tokens, size: (
                layers * heads * tokens * (2 * d_head + tokens) * size
            ),
        ),
        "You have {returned}, and {expected} is expected: the number of tokens comes in squared. "
        "The pattern has so many cells, and it is not kept: each of its rows is used once.",
        "With twice as many tokens, how many more keys and values are there?",
    ),
    Diagnosis(
        "other-units",
        "You have {returned}, and {expected} bytes are expected. You converted to kilobytes, "
        "megabytes or gigabytes. Here bytes are asked for.",
        "Leave the last division out.",
        in_other_units,
    ),
    rounded(cache_bytes),
)
CACHE_FALLBACK = Diagnosis(
    "unrecognised",
    "You have {returned}, and {expected} is expected: {off}. Begin with one token in one head of "
    "one layer: which vectors are kept, and how many numbers are in them?",
    "A key and a value of {d_head} numbers each, in {n_kv_heads} heads of {n_layers} layers, for "
    "{n_tokens} tokens; {bytes_per_number} bytes a number.",
    lambda attempt: True,
)

CACHE_SIZE = FunctionExercise(
    id="cache-size",
    title="The size of a cache",
    stars=2,
    minutes=10,
    diagnoses=(*CACHE_MISTAKES, *OF_COUNT, CACHE_FALLBACK),
    parameters=("n_layers", "n_kv_heads", "d_head", "n_tokens", "bytes_per_number"),
    cases=cache_cases,
    reference=cache_bytes,
    result=CountResult("the bytes of all keys and values"),
)

EXERCISES = (COUNT_ATTENTION, COUNT_GPT2, CACHE_SIZE)
