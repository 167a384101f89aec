"""The exercises of the chapter "Order"."""

from dataclasses import dataclass

import numpy as np

from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import Drawing, matrix
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake

SEED = 9
BASE = 10_000.0
OTHER_BASES = (10.0, 100.0, 1000.0, 100_000.0)
WORDS = ("one", "mole", "of", "carbon", "dioxide")


def tokens(count):
    return tuple(f"token {i}" for i in range(count))


def columns(count):
    return tuple(map(str, range(count)))


# --- undo-shuffle: the outputs of a shuffled text, put back


def undo_shuffle(outputs, order):
    return outputs[np.argsort(order)]


def shuffle_case(outputs, order, rows=None):
    rows = rows or tokens(len(order))
    shuffled = tuple(rows[i] for i in order)
    drawn = (
        matrix("input outputs, of the shuffled text", outputs, shuffled),
        matrix("input order", order, ("order",), decimals=0),
    )
    facts = {"first": repr(rows[0]), "place": str(order.tolist().index(0)), "took": str(order[0])}
    return Case((outputs, order), rows, columns(outputs.shape[1]), drawn, facts)


def shuffle_cases():
    outputs = np.array([[2.0, 20.0], [0.0, 0.0], [4.0, 40.0], [1.0, 10.0], [3.0, 30.0]])
    cases = [shuffle_case(outputs, np.array([2, 0, 4, 1, 3]), WORDS)]
    rng = np.random.default_rng(SEED)
    for n_tokens, d in ((3, 3), (6, 2), (1, 4), (8, 1)):
        outputs = rng.normal(0, 2, (n_tokens, d)).round(1)
        cases.append(shuffle_case(outputs, rng.permutation(n_tokens)))
    return cases


SHUFFLE_MISTAKES = (
    mistake(
        "shuffled-again",
        lambda outputs, order: outputs[order],
        "You shuffled a second time, in the same way. In row {row}, column {column} you have "
        "{returned}, and {expected} is expected.",
        "Row 0 of the outputs belongs to the token that stood at place {took} before. Where must "
        "that row go, and where does your code put it?",
    ),
    mistake(
        "reversed",
        (
            lambda outputs, order: outputs[::-1],
            lambda outputs, order: outputs[order][::-1],
            lambda outputs, order: outputs[order[::-1]],
            lambda outputs, order: undo_shuffle(outputs, order)[::-1],
        ),
        "You turned the rows round, the last one first. A shuffle is undone by putting each row "
        "back where it came from, wherever that is.",
        "{first} must come first again. In the shuffled text it stands at place {place}: `order` "
        "says so.",
    ),
    mistake(
        "unchanged",
        lambda outputs, order: outputs,
        "You return the outputs as they came, in the shuffled order. `order` has no part in it.",
        "Row i of the outputs belongs to token order[i]. The exercise asks for row i to belong to "
        "token i.",
    ),
    mistake(
        "sorted",
        (
            lambda outputs, order: np.sort(outputs, axis=0),
            lambda outputs, order: outputs[np.argsort(outputs[:, 0])],
        ),
        "You sorted the outputs by their numbers. What has to be in order are the tokens, and "
        "`order` alone knows about those.",
        "Which rows to take, and in which sequence, must follow from `order` without a look at "
        "the outputs.",
    ),
)
SHUFFLE_FALLBACK = Diagnosis(
    "unrecognised",
    "In row {row}, column {column} you have {returned}, and {expected} is expected. Row i of the "
    "outputs belongs to the token that stood at place order[i].",
    "{first} stands at place {place} of the shuffled text. Either put each row where it belongs, "
    "in a new array, or find out at which place each token stands now.",
    lambda attempt: True,
)

UNDO_SHUFFLE = FunctionExercise(
    id="undo-shuffle",
    title="Undo a shuffle",
    stars=1,
    minutes=5,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *SHUFFLE_MISTAKES,
        *functions.OF_FORM,
        SHUFFLE_FALLBACK,
    ),
    parameters=("outputs", "order"),
    cases=shuffle_cases,
    reference=undo_shuffle,
    result=ArrayResult("a row for each token, in the original order"),
)


# --- sinusoidal: a position as waves of many lengths


def angles(positions, width, base=BASE, power=2):
    """The angle of each pair of columns at each position, `(n_positions, width / 2)`."""
    pairs = np.arange(width // 2)
    return np.asarray(positions)[:, None] * base ** (-power * pairs / width)


def waves(even, odd):
    """`even` and `odd` as the even and the odd columns of one matrix."""
    return np.stack([even, odd], axis=-1).reshape(len(even), -1)


def sinusoidal(n_tokens, d_model):
    """Vaswani et al. (2017), "Attention is all you need", section 3.5."""
    turned = angles(np.arange(n_tokens), d_model)
    return waves(np.sin(turned), np.cos(turned))


def waves_of(turned_at):
    """The function of (n_tokens, d_model) whose angles are `turned_at(positions, d_model)`."""

    def positions(n_tokens, d_model):
        turned = turned_at(np.arange(n_tokens), d_model)
        return waves(np.sin(turned), np.cos(turned))

    return positions


def column_by_column(power):
    """Every column with an angle of its own, in place of one for each pair."""

    def positions(n_tokens, d_model):
        speeds = BASE ** (-power * np.arange(d_model) / d_model)
        turned = np.arange(n_tokens)[:, None] * speeds
        return np.where(np.arange(d_model) % 2, np.cos(turned), np.sin(turned))

    return positions


def position_case(n_tokens, d_model):
    cells = ((str(n_tokens), str(d_model)),)
    drawn = Drawing("inputs", ("value",), ("n_tokens", "d_model"), cells)
    facts = {"n_tokens": str(n_tokens), "d_model": str(d_model)}
    rows = tuple(f"position {i}" for i in range(n_tokens))
    return Case((n_tokens, d_model), rows, columns(d_model), (drawn,), facts)


def position_cases():
    return [position_case(*size) for size in ((3, 4), (4, 2), (1, 6), (6, 8), (40, 12))]


def sinusoidal_angles(n_tokens, d_model):
    return angles(np.arange(n_tokens), d_model)


SINUSOIDAL_MISTAKES = (
    mistake(
        "halves",
        lambda n, d: np.hstack(
            [np.sin(sinusoidal_angles(n, d)), np.cos(sinusoidal_angles(n, d))],
        ),
        "Your sines fill the first half of the columns and your cosines the second. In the paper "
        "they take turns: sine, cosine, sine, cosine. (Many programs do as you did.)",
        "Begin with an empty array and fill every second column with the sines, beginning at 0, "
        "and every second one with the cosines, beginning at 1.",
    ),
    mistake(
        "exchanged",
        lambda n, d: waves(np.cos(sinusoidal_angles(n, d)), np.sin(sinusoidal_angles(n, d))),
        "Sine and cosine have changed places: {row}, column {column} is {returned}, and "
        "{expected} is expected.",
        "At position 0 all angles are 0. Which of sine and cosine gives 0 there, and which column "
        "comes first?",
    ),
    mistake(
        "from-one",
        waves_of(lambda positions, d: angles(positions + 1, d)),
        "Your positions begin at 1: {row}, column {column} is {returned}, and {expected} is "
        "expected. The first token stands at position 0.",
        "Every sine of your first row must be 0. Print the positions that you use.",
    ),
    mistake(
        "exponent",
        (
            waves_of(lambda positions, d: angles(positions, d, power=1)),
            waves_of(lambda positions, d: angles(positions, d, power=4)),
            column_by_column(1),
            column_by_column(2),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. Check your exponent: "
        "i numbers the pairs, and 2i is the even column of pair i. A sine and its cosine share "
        "one angle.",
        "With d_model = {d_model}, the exponents of the pairs go up in steps of 2/{d_model}, from "
        "0. How many of them are there?",
    ),
    mistake(
        "base",
        tuple(
            waves_of(lambda positions, d, base=base: angles(positions, d, base))
            for base in OTHER_BASES
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. The form is right, "
        "and the number that is raised to a power is another one.",
        "The base is ten thousand: count the zeros.",
    ),
    mistake(
        "degrees",
        (
            waves_of(lambda positions, d: np.degrees(angles(positions, d))),
            waves_of(lambda positions, d: np.radians(angles(positions, d))),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. You converted "
        "between degrees and radians; NumPy's sine takes radians, and so does the formula.",
        "Position 1 turns the first pair by 1 radian, some 57 degrees. Give the sine the angle as "
        "it is.",
    ),
    mistake(
        "upside-down",
        waves_of(lambda positions, d: angles(positions, d, power=-2)),
        "At {row}, column {column} is {returned}, and {expected} is expected. Your angles grow "
        "from pair to pair; they must shrink.",
        "Position divided by the power, or times the power with a minus in its exponent.",
    ),
    mistake(
        "one-wave",
        (
            waves_of(lambda positions, d: angles(positions, d, power=0)),
            lambda n, d: waves(*[np.sin(sinusoidal_angles(n, d))] * 2),
            lambda n, d: waves(*[sinusoidal_angles(n, d)] * 2),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. Columns that must "
        "differ are alike in your array.",
        "Each pair has an angle of its own, and of one angle a pair holds the sine first and the "
        "cosine second.",
    ),
    mistake(
        "transposed",
        lambda n, d: sinusoidal(n, d).T,
        "Your result has the shape {shape}: the positions run along the columns. In this book a "
        "token is a row.",
        "{n_tokens} rows and {d_model} columns, so that it can be added to x.",
    ),
)
SINUSOIDAL_FALLBACK = Diagnosis(
    "unrecognised",
    "At {row}, column {column} is {returned}, and {expected} is expected. Work out the angle of "
    "this cell by hand: the position, divided by ten thousand to the power 2i/{d_model}.",
    "Columns 0 and 1 are pair 0, columns 2 and 3 pair 1, and so on: the sine of the pair's angle, "
    "then its cosine. Print the angles alone before you take sines.",
    lambda attempt: True,
)

SINUSOIDAL = FunctionExercise(
    id="sinusoidal",
    title="Positions as waves",
    stars=2,
    minutes=15,
    diagnoses=(
        *SINUSOIDAL_MISTAKES,
        *functions.OF_FORM,
        SINUSOIDAL_FALLBACK,
    ),
    parameters=("n_tokens", "d_model"),
    cases=position_cases,
    reference=sinusoidal,
    result=ArrayResult("a row for each position, d_model columns"),
)


# --- rotate: a position as a turn of every pair


def turned(x, by):
    """Each pair (2i, 2i + 1) of the columns of `x` turned by its angle, `(n_tokens, pairs)`."""
    first, second = x[:, 0::2], x[:, 1::2]
    cos, sin = np.cos(by), np.sin(by)
    return waves(first * cos - second * sin, first * sin + second * cos)


def rotate(x, positions):
    """Su et al. (2021), "RoFormer", equation 34."""
    return turned(x, angles(positions, x.shape[1]))


def rotate_halves(x, positions):
    """Column i is paired with column i + d_head / 2, as in the code of GPT-NeoX and Llama."""
    by = angles(positions, x.shape[1])
    first, second = np.split(x, 2, axis=1)
    cos, sin = np.cos(by), np.sin(by)
    return np.hstack([first * cos - second * sin, first * sin + second * cos])


def rotate_overwriting(x, positions):
    """The first of a pair is written before the second is computed from it."""
    by, x = angles(positions, x.shape[1]), x.copy()
    x[:, 0::2] = x[:, 0::2] * np.cos(by) - x[:, 1::2] * np.sin(by)
    x[:, 1::2] = x[:, 0::2] * np.sin(by) + x[:, 1::2] * np.cos(by)
    return x


def twice(by):
    """One angle a pair as one angle a column."""
    return np.repeat(by, 2, axis=1)


def turned_by(by):
    """The function of (x, positions) that turns by the angles `by(positions, d_head)`."""
    return lambda x, positions: turned(x, by(positions, x.shape[1]))


def swapped(x):
    """The two numbers of every pair exchanged."""
    return waves(x[:, 1::2], x[:, 0::2])


def rotate_case(x, positions):
    rows = tokens(len(x))
    drawn = (
        matrix("input x", x, rows),
        matrix("input positions", positions, ("position",), rows),
    )
    facts = {"d_head": str(x.shape[1]), "pairs": str(x.shape[1] // 2)}
    return Case((x, positions), rows, columns(x.shape[1]), drawn, facts)


def rotate_cases():
    x = np.array([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 2.0], [0.0, 1.0, 2.0, 1.0]])
    cases = [rotate_case(x, np.array([0, 1, 3]))]
    rng = np.random.default_rng(SEED)
    for n_tokens, d_head in ((4, 2), (1, 6), (3, 8), (5, 4)):
        positions = rng.integers(0, 50, n_tokens)
        cases.append(rotate_case(rng.normal(0, 2, (n_tokens, d_head)).round(1), positions))
    return cases


ROTATE_MISTAKES = (
    mistake(
        "other-way",
        turned_by(lambda positions, d: -angles(positions, d)),
        "You turned the other way: {row}, column {column} is {returned}, and {expected} is "
        "expected. A pair turns from its first axis towards its second.",
        "The pair (1, 0), turned by a small angle, must become a little positive in its second "
        "number. Which of your two sines has the wrong sign?",
    ),
    mistake(
        "halves",
        rotate_halves,
        "You paired column i with column i + {pairs}, the first half with the second. Some "
        "libraries do that; in the paper the pairs are neighbours.",
        "The firsts of the pairs are every second column, beginning at 0, and the seconds are "
        "those beginning at 1.",
    ),
    mistake(
        "one-angle",
        (
            turned_by(lambda positions, d: angles(positions, d, power=0)),
            turned_by(lambda positions, d: angles(np.ones(len(positions)), d)),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. All pairs of a "
        "token, or all tokens, turn by the same angle in your code.",
        "An angle belongs to a position *and* a pair: an array of a row for each token and "
        "{pairs} columns here.",
    ),
    mistake(
        "without-positions",
        (
            lambda x, positions: x,
            turned_by(lambda positions, d: angles(np.arange(len(positions)), d)),
            turned_by(lambda positions, d: angles(np.arange(len(positions)) + 1, d)),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. Your result does not "
        "depend on `positions`: the rows may stand anywhere in a text, not only at its beginning.",
        "Use the numbers of `positions` where you now count the rows yourself.",
    ),
    mistake(
        "added",
        (
            lambda x, positions: x + twice(angles(positions, x.shape[1])),
            lambda x, positions: x + turned(np.ones_like(x), angles(positions, x.shape[1])),
            lambda x, positions: (
                x
                + waves(
                    np.sin(angles(positions, x.shape[1])), np.cos(angles(positions, x.shape[1]))
                )
            ),
        ),
        "You added something that depends on the position. Rotary positions add nothing: they "
        "turn what is there, and every row keeps its length.",
        "A pair (a, b), turned, is made of four products: a and b, each times the cosine and the "
        "sine.",
    ),
    mistake(
        "scaled",
        (
            lambda x, positions: x * twice(angles(positions, x.shape[1])),
            lambda x, positions: x * twice(np.cos(angles(positions, x.shape[1]))),
            lambda x, positions: (
                x
                * waves(
                    np.cos(angles(positions, x.shape[1])), np.sin(angles(positions, x.shape[1]))
                )
            ),
            lambda x, positions: rotate(x, positions) / np.sqrt(x.shape[1]),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. You made numbers "
        "larger or smaller. A turn leaves every row as long as it was, and mixes the two "
        "numbers of a pair.",
        "Both numbers of a turned pair (a, b) need a *and* b.",
    ),
    mistake(
        "angle",
        (
            turned_by(lambda positions, d: angles(positions, d, power=1)),
            turned_by(lambda positions, d: angles(positions, d, power=4)),
            turned_by(lambda positions, d: angles(positions, d, power=-2)),
            turned_by(lambda positions, d: np.degrees(angles(positions, d))),
            turned_by(lambda positions, d: np.radians(angles(positions, d))),
            *(
                turned_by(lambda positions, d, base=base: angles(positions, d, base))
                for base in OTHER_BASES
            ),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. You turn the right "
        "pairs by the wrong angles.",
        "Pair i turns by the position times ten thousand to the power -2i/{d_head}, in radians: "
        "pair 0 by the position itself, every further pair by less.",
    ),
    mistake(
        "exchanged",
        (
            turned_by(lambda positions, d: np.pi / 2 - angles(positions, d)),
            turned_by(lambda positions, d: angles(positions, d) - np.pi / 2),
            lambda x, positions: swapped(rotate(x, positions)),
            lambda x, positions: rotate(swapped(x), positions),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. Sine and cosine, or "
        "the two numbers of a pair, have changed places.",
        "At position 0 nothing may happen: the cosine is 1 and the sine is 0 there. What does "
        "your code make of token 0?",
    ),
    mistake(
        "overwritten",
        rotate_overwriting,
        "The first number of each pair is right, the second is not: {row}, column {column} is "
        "{returned}, and {expected} is expected. The first was overwritten before the second was "
        "worked out from it.",
        "Keep both numbers of the pairs in arrays of their own before you write into the result.",
    ),
)
ROTATE_FALLBACK = Diagnosis(
    "unrecognised",
    "At {row}, column {column} is {returned}, and {expected} is expected. Take this token's pair "
    "and its angle, and turn it by hand.",
    "(a, b) becomes (a cos - b sin, a sin + b cos). a are the even columns, b the odd ones; the "
    "angles have a row for each token and {pairs} columns.",
    lambda attempt: True,
)

ROTATE = FunctionExercise(
    id="rotate",
    title="Positions as turns",
    stars=3,
    minutes=20,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *ROTATE_MISTAKES,
        *functions.OF_FORM,
        ROTATE_FALLBACK,
    ),
    parameters=("x", "positions"),
    cases=rotate_cases,
    reference=rotate,
    result=ArrayResult("a row for each token, d_head columns"),
)


# --- distance-only: the score of two turned vectors


def distance_only(q, k, distance):
    return np.asarray(rotate(q[None], [distance])[0] @ k)


@dataclass(frozen=True)
class OneNumber(ArrayResult):
    """One number: messages name no row and no column."""

    def wanted(self, expected):
        return f"one number: {self.shape}"

    def message(self, facts):
        return "Your score is {returned}, not {expected}.".format(**facts)


def distance_case(q, k, distance):
    drawn = (
        matrix("input q", q, ("q",)),
        matrix("input k", k, ("k",)),
        matrix("input distance", distance, ("distance",), ("value",)),
    )
    facts = {"distance": str(distance), "d_head": str(len(q))}
    return Case((q, k, distance), ("score",), ("value",), drawn, facts)


def distance_cases():
    cases = [distance_case(np.array([1.0, 0.0]), np.array([1.0, 2.0]), 3)]
    cases.append(distance_case(np.array([1.0, 2.0, 0.0, 1.0]), np.array([2.0, 0.0, 1.0, 1.0]), 2))
    rng = np.random.default_rng(SEED)
    for d_head, distance in ((4, 0), (6, 2), (8, 17), (2, 40)):
        q, k = rng.normal(0, 2, (2, d_head)).round(1)
        cases.append(distance_case(q, k, distance))
    return cases


DISTANCE_MISTAKES = (
    mistake(
        "other-way",
        lambda q, k, distance: distance_only(q, k, -distance),
        "Your score is {returned}, and {expected} is expected: that is the score of a key which "
        "stands {distance} positions *after* the query. This one stands before it.",
        "Choose two positions, such as {distance} and 0. Which of them is the query's?",
    ),
    mistake(
        "both-alike",
        lambda q, k, distance: q @ k,
        "Your score is {returned}, that of vectors which are not turned, or both turned by the "
        "same angle. Turned together, they stand to each other as before.",
        "Query and key stand at two different positions. One of the two may be 0.",
    ),
    mistake(
        "divided",
        (
            lambda q, k, distance: distance_only(q, k, distance) / np.sqrt(len(q)),
            lambda q, k, distance: distance_only(q, k, distance) / len(q),
            lambda q, k, distance: distance_only(q, k, distance) / max(distance, 1),
            lambda q, k, distance: distance_only(q, k, distance) / (1 + distance),
            lambda q, k, distance: (
                distance_only(q, k, distance) / np.linalg.norm(q) / np.linalg.norm(k)
            ),
        ),
        "Your score is {returned}, and {expected} is expected: you divided. The exercise asks for "
        "the plain dot product of the two.",
        "Leave out the last step: nothing is scaled here.",
    ),
    mistake(
        "twice",
        (
            lambda q, k, distance: distance_only(q, k, 2 * distance),
            lambda q, k, distance: distance_only(q, k, -2 * distance),
        ),
        "Your score is {returned}, and {expected} is expected. You turned the query one way and "
        "the key the other, by the whole distance each: together that is twice as far.",
        "What counts is by how much the one is turned more than the other: {distance} positions.",
    ),
    mistake(
        "off-by-one",
        (
            lambda q, k, distance: distance_only(q, k, distance + 1),
            lambda q, k, distance: distance_only(q, k, distance - 1),
        ),
        "Your score is {returned}, and {expected} is expected: your two stand one position too "
        "far apart, or too close.",
        "At distance 0 the score is the dot product of q and k as they are.",
    ),
    mistake(
        "halves",
        (
            lambda q, k, distance: rotate_halves(q[None], [distance])[0] @ k,
            lambda q, k, distance: q @ rotate_halves(k[None], [distance])[0],
        ),
        "Your score is {returned}, and {expected} is expected: the pairs in your turn are not "
        "neighbours. Solve the exercise before this one first.",
        "Columns 0 and 1 turn together, then columns 2 and 3.",
    ),
    mistake(
        "one-angle",
        lambda q, k, distance: turned(q[None], np.full((1, len(q) // 2), distance))[0] @ k,
        "Your score is {returned}, and {expected} is expected: all pairs turn by the same angle. "
        "With d_head = {d_head}, later pairs turn less.",
        "Pair i turns by the position times ten thousand to the power -2i/{d_head}.",
    ),
)
NO_NUMBER = Diagnosis(
    "wrong-shape",
    "Your result's shape is {shape}. One query and one key have one score: a plain number.",
    "If you made matrices of one row to turn them, take that row out again before the dot product.",
)
INFINITE = Diagnosis(
    "not-finite",
    "Your score is {returned}, which is not a number one can compare.",
    "{expected} is expected. Look for a division by the distance, which may be 0.",
)
DISTANCE_FALLBACK = Diagnosis(
    "unrecognised",
    "Your score is {returned}, and {expected} is expected. Turn the query to position {distance}, "
    "leave the key at position 0, and multiply.",
    "Try distance 0 first: there the score is the dot product of q and k. Then compare the query "
    "that you turn with what your function of the exercise before gives.",
    lambda attempt: True,
)

DISTANCE_ONLY = FunctionExercise(
    id="distance-only",
    title="The distance is all that counts",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *DISTANCE_MISTAKES,
        functions.RAISED,
        functions.WRONG_TYPE,
        NO_NUMBER,
        INFINITE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        DISTANCE_FALLBACK,
    ),
    parameters=("q", "k", "distance"),
    cases=distance_cases,
    reference=distance_only,
    result=OneNumber("the score of the turned query and key"),
)

EXERCISES = (UNDO_SHUFFLE, SINUSOIDAL, ROTATE, DISTANCE_ONLY)
