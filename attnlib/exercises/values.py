"""The exercises of the chapter "Values"."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np

import attnlib as al
from attnlib.exercises import by_hand, functions
from attnlib.exercises.by_hand import ByHandExercise, near
from attnlib.exercises.checking import Diagnosis, numeric
from attnlib.exercises.drawing import close, matrix, number, total_of
from attnlib.exercises.functions import (
    ArrayResult,
    Case,
    FunctionExercise,
    mistake,
    same,
    throughout,
)

SEED = 6
WORDS = ("fluffy", "blue", "creature")


# --- output-by-hand: mix three values, then map the mixture up

WEIGHTS = np.array([0.6, 0.3, 0.1])
VALUES = np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 1.0]])
W_O = np.array([[1.0, 0.0], [1.0, 2.0]])
MIXED = WEIGHTS @ VALUES
TOLERANCE = 0.005  # two decimals
WIDTH = len(MIXED)


def mixed_mistake(id, gives, hint, stronger):
    """A diagnosis for what comes before w_o: it fits answers whose mixture is near `gives`."""

    def fits(attempt):
        return bool(near(attempt.outcome[:WIDTH], gives, TOLERANCE).all())

    return Diagnosis(id, hint, stronger, fits)


def delta_mistake(id, gives, hint, stronger):
    """A diagnosis that fits answers with the right mixture and a delta near `gives`."""

    def fits(attempt):
        return bool(near(attempt.outcome, (*MIXED, *gives), TOLERANCE).all())

    return Diagnosis(id, hint, stronger, fits)


MIXED_MISTAKES = (
    mixed_mistake(
        "unweighted",
        VALUES.mean(axis=0),
        "Your mixture begins with {returned}: that is the mean of the three values, as if each "
        "had a third of the weight. Here the first value has six times the weight of the last.",
        "Multiply each value by its own weight before you add. There is nothing to divide by: "
        "the weights sum to 1.",
    ),
    mixed_mistake(
        "summed",
        VALUES.sum(axis=0),
        "You added up the three values and left the weights out. Each value comes with its share.",
        "The first coordinate of the mixture has three terms, a weight times the first number of "
        "a value. What does the 2 of the first value contribute?",
    ),
    mixed_mistake(
        "strongest",
        VALUES[0],
        "Your mixture is the first value alone, the one with the largest weight. The other two "
        "have weights, too, and they move it.",
        "0.6 times the first value is not all of it, and the other 0.4 of the weight is still to "
        "be given out.",
    ),
    mixed_mistake(
        "coordinates",
        WEIGHTS[:WIDTH] * VALUES.sum(axis=0),
        "You gave the first weight to the first coordinates and the second to the second ones. "
        "A weight belongs to a value, a whole row.",
        "Each weight multiplies both numbers of its value. Write the three rows below each "
        "other, multiply each row by its weight, then add down the columns.",
    ),
    mixed_mistake(
        "lost-sign",
        WEIGHTS @ np.abs(VALUES),
        "Your mixture begins with {returned}. One of the values points the other way along the "
        "first axis: it takes something off.",
        "The last value is (-1, 1): its share of the first coordinate is negative.",
    ),
    mixed_mistake(
        "delta-first",
        MIXED @ W_O,
        "You give the delta where the mixture is asked for. The two are in the wrong order, or "
        "w_o came in too early.",
        "First the mixture of the values, without w_o; then the same mixture after w_o.",
    ),
)
DELTA_MISTAKES = (
    delta_mistake(
        "transposed",
        MIXED @ W_O.T,
        "Your mixture is right. In the step after it w_o lies on its side: a vector here is a row "
        "and multiplies from the left.",
        "The first number of the delta is the mixture times the first *column* of w_o. You took "
        "its first row.",
    ),
    delta_mistake(
        "mixed-twice",
        MIXED,
        "Your mixture is right, and you give it a second time for the delta. What w_o does to it "
        "is missing.",
        "The delta is the mixture, as a row, times w_o. Work out one number for each column of "
        "w_o.",
    ),
    delta_mistake(
        "elementwise",
        MIXED * np.diag(W_O),
        "Your mixture is right. For the delta you multiplied number by number with the diagonal "
        "of w_o; both numbers of the mixture go into each number of the delta.",
        "The second row of w_o begins with a 1: so much of the second coordinate goes into the "
        "first number of the delta.",
    ),
    Diagnosis(
        "wrong-delta",
        "Your mixture is right. The delta is not yet: {label} is not {returned}.",
        "The delta is the mixture, as a row, times w_o: first number times first row, plus second "
        "number times second row.",
        lambda attempt: bool(near(attempt.outcome[:WIDTH], MIXED, TOLERANCE).all()),
    ),
)
BY_HAND_FALLBACK = Diagnosis(
    "unrecognised",
    "Begin with the mixture: {label} is not {returned}. It is 0.6 times the first value, plus 0.3 "
    "times the second, plus 0.1 times the third.",
    "Coordinate by coordinate: the first has the terms 0.6 times 2, 0.3 times 0 and 0.1 times -1. "
    "Do the second in the same way, and then w_o.",
    lambda attempt: True,
)

OUTPUT_BY_HAND = ByHandExercise(
    id="output-by-hand",
    title="A head's output by hand",
    stars=1,
    minutes=5,
    diagnoses=(*by_hand.OF_FORM, *MIXED_MISTAKES, *DELTA_MISTAKES, BY_HAND_FALLBACK),
    labels=("mixed 1", "mixed 2", "delta 1", "delta 2"),
    expected=tuple((*MIXED.tolist(), *(MIXED @ W_O).tolist())),
    tolerance=TOLERANCE,
    decimals=2,
)


# --- delta: what a head adds, from its weights on


def delta(weights, x, w_v, w_o):
    """Elhage et al. (2021), "A mathematical framework for transformer circuits"."""
    return weights @ (x @ w_v) @ w_o


def delta_case(weights, x, w_v, w_o, rows=None, keys=None):
    rows = rows or tuple(f"query {i}" for i in range(len(weights)))
    keys = keys or tuple(f"token {j}" for j in range(len(x)))
    drawn = (
        matrix("input weights", weights, rows, keys),
        matrix("input x", x, keys),
        matrix("input w_v", w_v),
        matrix("input w_o", w_o),
    )
    sizes = {"n_queries": len(weights), "n_keys": len(x)}
    sizes |= {"d_model": w_v.shape[0], "d_value": w_v.shape[1]}
    columns = tuple(map(str, range(w_o.shape[1])))
    return Case((weights, x, w_v, w_o), rows, columns, drawn, {n: str(s) for n, s in sizes.items()})


def delta_cases():
    # As wide inside as outside, as many queries as keys: here every mistake runs and shows.
    weights = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    x = np.array([[4.0, 0.0], [0.0, 2.0], [2.0, -4.0]])
    w_v, w_o = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0, -1.0], [3.0, 0.0]])
    cases = [delta_case(weights, x, w_v, w_o, WORDS, WORDS)]
    rng = np.random.default_rng(SEED)
    sizes = ((2, 5, 4, 3), (5, 2, 3, 1), (4, 4, 2, 5), (1, 6, 4, 4), (3, 1, 5, 2))
    for n_queries, n_keys, d_model, d_value in sizes:
        weights = al.softmax(rng.normal(0, 2, (n_queries, n_keys)))
        shapes = (n_keys, d_model), (d_model, d_value), (d_value, d_model)
        cases.append(delta_case(weights, *(rng.normal(0, 2, s).round(1) for s in shapes)))
    return cases


DELTA_FUNCTION_MISTAKES = (
    mistake(
        "residual",
        lambda weights, x, w_v, w_o: x + delta(weights, x, w_v, w_o),
        "In row {row}, column {column} you have {returned} where {expected} is expected: x is in "
        "there already. The exercise asks for what is added, not for the sum.",
        "A head gives its delta; the addition to x comes after it. Leave the last step out.",
    ),
    mistake(
        "without-w-o",
        lambda weights, x, w_v, w_o: weights @ (x @ w_v),
        "Your result has the shape {shape}: you mixed the values, and stopped in the small space. "
        "A delta must be addable to an embedding.",
        "One matrix of the four inputs is not used yet: the one that leads from d_value = "
        "{d_value} numbers back up to d_model = {d_model}.",
    ),
    mistake(
        "without-values",
        (
            lambda weights, x, w_v, w_o: weights @ x,
            lambda weights, x, w_v, w_o: weights @ x @ w_o,
        ),
        "You mixed the embeddings themselves. What moves from word to word is the value, and a "
        "word's value is not its embedding.",
        "Before anything is mixed, each row of x becomes a value: which matrix does that?",
    ),
    mistake(
        "weights-transposed",
        lambda weights, x, w_v, w_o: delta(weights.T, x, w_v, w_o),
        "Row {row}, column {column} is {returned}, and {expected} is expected: your weights lie "
        "on their side. With {n_queries} queries and {n_keys} keys, a row of the weights is one "
        "query's.",
        "Row i of the result is a mixture with row i of the weights. Use the weights as they came.",
    ),
    mistake(
        "swapped",
        (
            lambda weights, x, w_v, w_o: delta(weights, x, w_o, w_v),
            lambda weights, x, w_v, w_o: w_o @ w_v @ (weights @ x),
        ),
        "The two maps are in the wrong order. One takes an embedding down to a value, the other "
        "brings the mixture up; here both have {d_model} rows, so your code runs.",
        "Down comes first, and w_v goes down. A row vector meets the leftmost matrix first.",
    ),
    mistake(
        "maps-transposed",
        (
            lambda weights, x, w_v, w_o: delta(weights, x, w_v.T, w_o),
            lambda weights, x, w_v, w_o: delta(weights, x, w_v, w_o.T),
            lambda weights, x, w_v, w_o: delta(weights, x, w_v.T, w_o.T),
        ),
        "Row {row}, column {column} is {returned}, and {expected} is expected. One of the two "
        "maps lies on its side; here it is square, so your code runs.",
        "w_v is (d_model, d_value) and w_o is (d_value, d_model): with the tokens as rows no "
        "transpose is needed anywhere.",
    ),
    mistake(
        "unweighted",
        lambda weights, x, w_v, w_o: delta(np.full_like(weights, 1 / len(x)), x, w_v, w_o),
        "All your rows are alike: you took the mean of the values. Row {row} has weights of its "
        "own.",
        "Where does the first input come in? It says how much of each value every query gets.",
    ),
    mistake(
        "without-weights",
        lambda weights, x, w_v, w_o: x @ w_v @ w_o,
        "You took every word's value through both maps, and nothing moved from one word to "
        "another. The weights are not in your result.",
        "Between the values and w_o stands the mixing: row i of the weights says what query i "
        "takes from every value.",
    ),
    mistake(
        "softmax-again",
        lambda weights, x, w_v, w_o: delta(al.softmax(weights), x, w_v, w_o),
        "Row {row}, column {column} is {returned}, and {expected} is expected. The weights went "
        "through softmax a second time, which evens them out.",
        "What comes in as `weights` has been through softmax: its rows sum to 1. Use them as they "
        "are.",
    ),
)
DELTA_FALLBACK = Diagnosis(
    "unrecognised",
    "Row {row}, column {column} is {returned}, and {expected} is expected. Work out the values "
    "first, then the mixture of this row, then what w_o makes of it, and compare each step.",
    "Three matrix products, in this order: x becomes values, the weights mix them, w_o brings "
    "the mixture up to d_model = {d_model} numbers.",
    lambda attempt: True,
)

DELTA = FunctionExercise(
    id="delta",
    piece="delta",
    title="What a head adds",
    stars=1,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *DELTA_FUNCTION_MISTAKES,
        *functions.OF_FORM,
        DELTA_FALLBACK,
    ),
    parameters=("weights", "x", "w_v", "w_o"),
    cases=delta_cases,
    reference=delta,
    result=ArrayResult("a row for each query, d_model columns"),
)


# --- weights-for-target: which weights lead there, and whether a softmax can give them


def equations(values):
    """The coordinates of the three values as columns, and a last row of ones."""
    return np.vstack([values.T, np.ones(len(values))])


def weights_for_target(values, target):
    return np.linalg.solve(equations(values), np.append(target, 1.0))


def target_case(values, target):
    labels = tuple(f"value {i + 1}" for i in range(len(values)))
    drawn = (
        matrix("input values", values, labels, ("first", "second")),
        matrix("input target", target, ("target",), ("first", "second")),
    )
    reached = weights_for_target(values, target)
    facts = {"lowest": number(reached.min()), "outside": labels[int(reached.argmin())]}
    return Case((values, target), ("weights",), labels, drawn, facts)


def target_cases():
    triangle = np.array([[0.0, 0.0], [4.0, 0.0], [1.0, 5.0]])
    cases = [
        target_case(VALUES, MIXED),
        target_case(VALUES, np.array([3.0, -1.0])),
        target_case(triangle, np.array([-2.0, -1.0])),
        target_case(triangle, triangle[1]),
    ]
    rng = np.random.default_rng(SEED)
    for _ in range(4):
        values = (triangle + rng.normal(0, 0.5, (3, 2))).round(1)
        cases.append(target_case(values, rng.normal(1, 3, 2).round(1)))
    return cases


def without_sum(values, target):
    return np.linalg.lstsq(values.T, target, rcond=None)[0]


def clipped(values, target):
    return np.clip(weights_for_target(values, target), 0, None)


def absolute(values, target):
    return np.abs(weights_for_target(values, target))


def shares(numbers):
    return numbers / numbers.sum()


def nearness(values, target):
    return -np.linalg.norm(values - target, axis=1)


def in_another_order(attempt):
    """Whether the right numbers came, and stand in the wrong places."""

    def reordered(inputs, came):
        right = weights_for_target(*inputs)
        return any(same(right[list(order)], came) for order in permutations(range(len(right))))

    return throughout(attempt, reordered)


TARGET_MISTAKES = (
    mistake(
        "without-sum",
        without_sum,
        "Your numbers mix the values to the target, but they sum to {total}. Weights share out "
        "one whole, and that is a condition as well.",
        "Two coordinates give two equations for three unknowns. The third equation says what the "
        "three numbers sum to.",
    ),
    mistake(
        "sum-zero",
        lambda values, target: np.linalg.solve(equations(values), np.append(target, 0.0)),
        "You have a third equation, and your numbers sum to {total}. They must sum to 1.",
        "Look at the right-hand side of your last equation.",
    ),
    mistake(
        "clipped",
        (clipped, lambda values, target: shares(clipped(values, target))),
        "This target lies outside the triangle of the values, and one number must be negative to "
        "get there. You made it 0; what your numbers mix is another point.",
        "Nothing has to be mended: that a number is negative is the answer. It says that no "
        "softmax reaches this target.",
    ),
    mistake(
        "absolute",
        (absolute, lambda values, target: shares(absolute(values, target))),
        "You took the sign away from a number that must be negative: this target lies outside "
        "the triangle of the values.",
        "Leave the solution of the equations as it comes, signs included.",
    ),
    mistake(
        "softmax",
        (
            lambda values, target: al.softmax(values @ target),
            lambda values, target: al.softmax(values @ target / np.sqrt(len(target))),
            lambda values, target: al.softmax(nearness(values, target)),
            lambda values, target: al.softmax(-(nearness(values, target) ** 2)),
            lambda values, target: al.softmax(weights_for_target(values, target)),
            lambda values, target: al.softmax(without_sum(values, target)),
        ),
        "Your numbers come from a softmax. They are all positive and sum to 1, and they do not "
        "mix the values to the target.",
        "Nothing attends here. Ask which three numbers solve: number times value, added up, is "
        "the target; and the numbers sum to 1.",
    ),
    mistake(
        "dot-products",
        lambda values, target: values @ target,
        "You give the dot products of the values with the target. They say how well each value "
        "agrees with it, not how much of each is needed.",
        "Here the numbers are the unknowns: three equations for three of them, one for each "
        "coordinate and one for the sum.",
    ),
    mistake(
        "even",
        lambda values, target: np.full(len(values), 1 / len(values)),
        "With a third of each you get the centre of the triangle, whatever the target is.",
        "The target must come into your numbers: write down what each coordinate of the mixture "
        "has to be.",
    ),
    mistake(
        "equations-transposed",
        lambda values, target: np.linalg.solve(equations(values).T, np.append(target, 1.0)),
        "Your three equations lie on their side: each of yours belongs to one value. An equation "
        "belongs to one coordinate, and holds that coordinate of all three values.",
        "The unknowns multiply whole values, so a value must be a column of your matrix.",
    ),
    Diagnosis(
        "order",
        "Your three numbers are the right ones in the wrong places. {column} needs {expected}.",
        "The first number belongs to the first row of values, and so on.",
        in_another_order,
    ),
)


@dataclass(frozen=True)
class ThreeWeights(ArrayResult):
    """Three weights: hints can quote their sum."""

    def facts(self, case, result, expected):
        total = "?" if result is None else total_of(result)
        return super().facts(case, result, expected) | {"total": total}


TARGET_FALLBACK = Diagnosis(
    "unrecognised",
    "{column} has {returned}, and {expected} is expected. Mix the values with your numbers: do "
    "you get the target? And do your numbers sum to 1 (they sum to {total})?",
    "Write three equations: first coordinates, second coordinates, and the sum. They are one "
    "matrix with three rows and columns; look up `np.linalg.solve`.",
    lambda attempt: True,
)

WEIGHTS_FOR_TARGET = FunctionExercise(
    id="weights-for-target",
    title="Can the output get there?",
    stars=3,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *TARGET_MISTAKES,
        *functions.OF_FORM,
        TARGET_FALLBACK,
    ),
    parameters=("values", "target"),
    cases=target_cases,
    reference=weights_for_target,
    result=ThreeWeights("a number for each value"),
)


# --- low-rank: value down and value up

ROUNDING = 1e-5  # of the largest cell: what float32 leaves


@dataclass(frozen=True, eq=False)
class Factors:
    """Two matrices whose product counts: equal when the shapes and the products are."""

    down: np.ndarray
    up: np.ndarray

    @property
    def shapes(self):
        return self.down.shape, self.up.shape

    @property
    def product(self):
        """The product, or None where the shapes do not allow one."""
        matrices = self.down.ndim == self.up.ndim == 2
        if not matrices or self.down.shape[1] != self.up.shape[0]:
            return None
        with np.errstate(all="ignore"):
            return self.down @ self.up

    def __eq__(self, other):
        if self.shapes != other.shapes or self.product is None:
            return False
        bound = ROUNDING * max(1.0, np.abs(other.product).max(initial=0.0))
        return bool((np.abs(self.product - other.product) <= bound).all())


def is_complex(part):
    return isinstance(part, np.ndarray) and part.dtype.kind == "c"


@dataclass(frozen=True)
class FactorsResult:
    """How a pair of matrices that a function returns is read, judged and drawn."""

    same = staticmethod(same)

    def read(self, value):
        """`value` as `Factors`, or as an array if one matrix came."""
        parts = value if isinstance(value, tuple | list) else numeric(value)
        if isinstance(parts, np.ndarray) and parts.ndim != 3:
            return parts
        if len(parts) != 2:
            raise TypeError("not a pair")
        return Factors(*(part if is_complex(part) else numeric(part) for part in parts))

    def wanted(self, expected):
        (d, r), _ = expected.shapes
        return f"(value_down, value_up), two arrays of shapes {(d, r)} and {(r, d)}"

    def problem(self, result, expected):
        if not isinstance(result, Factors):
            return "wrong-type"
        if any(map(is_complex, (result.down, result.up))):
            return "complex"
        if result.shapes != expected.shapes:
            return "wrong-shape"
        return "" if np.isfinite(result.product).all() else "not-finite"

    def facts(self, case, result, expected):
        facts = {"wanted": self.wanted(expected), "shape": "no shape", "error": "?"}
        target = case.inputs[0]
        facts["best"] = number(np.sum((target - expected.product) ** 2))
        if not isinstance(result, Factors):
            return facts
        facts["shape"] = " and ".join(map(str, result.shapes))
        if result.shapes == expected.shapes:
            with np.errstate(all="ignore"):
                facts["error"] = number(np.sum(np.abs(target - result.product) ** 2))
        return facts

    def message(self, facts):
        return (
            "The squares of what your product misses add up to {error}; {best} is possible."
        ).format(**facts)

    def draw(self, case, result, expected):
        wanted = matrix("the best product of this rank", expected.product)
        product = result.product if isinstance(result, Factors) else None
        if product is None or is_complex(product):
            return ()
        if product.shape != expected.product.shape:
            return matrix("your value_down @ value_up", product), wanted
        wrong = ~close(product, expected.product)
        return matrix("your value_down @ value_up", product, marked=wrong), wanted


def truncated(m, kept):
    """`Factors` from the singular values at `kept`, a slice."""
    u, s, vt = np.linalg.svd(m)
    return Factors(u[:, kept] * s[kept], vt[kept])


def low_rank(m, r):
    """Eckart and Young (1936), "The approximation of one matrix by another of lower rank"."""
    return truncated(m, slice(0, r))


def low_rank_case(m, r):
    rank = "rank 1" if r == 1 else f"rank {r}"
    drawn = (matrix(f"input m; asked for: {rank}", m),)
    return Case((m, r), (), (), drawn, {"r": str(r), "d": str(len(m)), "next": str(r + 1)})


def low_rank_cases():
    # Singular values 6, 3 and 1, in directions that are not the axes.
    turn = np.array([[2.0, -1.0, 2.0], [2.0, 2.0, -1.0], [-1.0, 2.0, 2.0]]) / 3
    tilt = np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    first = turn * np.array([6.0, 3.0, 1.0]) @ tilt
    cases = [low_rank_case(first, 1), low_rank_case(first, 2)]
    rng = np.random.default_rng(SEED)
    for d, r in ((5, 2), (4, 3), (6, 1), (2, 1)):
        cases.append(low_rank_case(rng.normal(0, 2, (d, d)).round(1), r))
    of_rank_two = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 5))
    return [*cases, low_rank_case(of_rank_two, 2), low_rank_case(of_rank_two, 3)]


def svd_mistake(parts):
    """`parts(u, s, vt, r)` as a function of (m, r)."""
    return lambda m, r: Factors(*parts(*np.linalg.svd(m), r))


def factors_mistake(id, would_give, hint, stronger):
    return mistake(id, would_give, hint, stronger, read=lambda value: value)


def is_all_of_m(attempt):
    """Whether the product is m itself, in more than r columns."""
    if not attempt.inputs or not isinstance(attempt.outcome, Factors):
        return False
    m, r = attempt.inputs
    outcome = attempt.outcome
    every = outcome.product is not None and outcome.shapes[0] == m.shape and r < len(m)
    return every and same(outcome.product, m)


def is_another_rank(attempt):
    """Whether shapes fit each other and m, and the number between them is not r."""
    if not attempt.inputs or not isinstance(attempt.outcome, Factors):
        return False
    m, _ = attempt.inputs
    product = attempt.outcome.product
    return attempt.problem == "wrong-shape" and product is not None and product.shape == m.shape


def is_swapped(attempt):
    if not attempt.inputs or not isinstance(attempt.outcome, Factors):
        return False
    m, r = attempt.inputs
    return r < len(m) and attempt.outcome.shapes == ((r, len(m)), (len(m), r))


LOW_RANK_MISTAKES = (
    Diagnosis(
        "full",
        "Your product is m itself, without loss, but between your two "
        "matrices there are {d} numbers a token. The exercise allows {r}.",
        "A product of a (d, r) and an (r, d) matrix has at most rank r. Which r directions of m "
        "are worth keeping? `np.linalg.svd` sorts them.",
        is_all_of_m,
    ),
    Diagnosis(
        "swapped",
        "Your shapes are {shape}: the two matrices have changed places. Down comes first, from d "
        "numbers to r.",
        "Return the (d, r) matrix first and the (r, d) matrix second.",
        is_swapped,
    ),
    Diagnosis(
        "another-rank",
        "Your shapes are {shape}: the two fit each other, but r = {r} was asked for.",
        "A slice `[:r]` keeps r of them: those at the places 0 to r - 1.",
        is_another_rank,
    ),
    factors_mistake(
        "first-columns",
        (
            lambda m, r: Factors(m[:, :r], m[:r]),
            lambda m, r: Factors(m[:, :r], np.eye(len(m))[:r]),
            lambda m, r: Factors(np.eye(len(m))[:, :r], m[:r]),
        ),
        "You kept the first columns or rows of m as they stand. What m does is spread over all "
        "of them; your product misses {error}, and {best} is possible.",
        "Turn to the axes that m itself prefers before you cut: that is what the singular value "
        "decomposition finds.",
    ),
    factors_mistake(
        "smallest",
        lambda m, r: truncated(m, slice(len(m) - r, None)),
        "Your product misses {error}, and {best} is possible. You kept what m does least of: "
        "what each direction contributes is the square of its singular value.",
        "NumPy gives the singular values from the largest to the smallest. Which end do you cut?",
    ),
    factors_mistake(
        "transposed",
        svd_mistake(lambda u, s, vt, r: (u[:, :r] * s[:r], vt[:, :r].T)),
        "Your product misses {error}, and {best} is possible. The left half is right; on the "
        "right you took columns where the directions are rows.",
        "The third thing that `np.linalg.svd` returns is transposed already: its rows belong to "
        "the singular values, in their order.",
    ),
    factors_mistake(
        "without-singular-values",
        svd_mistake(lambda u, s, vt, r: (u[:, :r], vt[:r])),
        "Your directions are right and their strengths are missing: every direction counts 1 in "
        "your product. It misses {error}, and {best} is possible.",
        "Multiply each column of the left matrix, or each row of the right one, by its singular "
        "value.",
    ),
    factors_mistake(
        "twice",
        svd_mistake(lambda u, s, vt, r: (u[:, :r] * s[:r], s[:r, None] * vt[:r])),
        "Your directions are right and their strengths are there twice, once in each matrix. The "
        "product misses {error}, and {best} is possible.",
        "Give the singular values to one of the two matrices; or their roots to both.",
    ),
    factors_mistake(
        "scaled-rows",
        svd_mistake(lambda u, s, vt, r: ((s[:, None] * u)[:, :r], vt[:r])),
        "You multiplied the rows of the left matrix by the singular values. A singular value "
        "belongs to a direction, and on the left the directions are columns.",
        "NumPy lines a vector of r numbers up with the columns by itself: no extra axis is needed "
        "on the left.",
    ),
)
COMPLEX = Diagnosis(
    "complex",
    "Your matrices hold complex numbers. The eigenvalues of a matrix that is not symmetric can be "
    "complex, and those of m need not say how strong its directions are.",
    "The singular value decomposition, `np.linalg.svd`, stays with real numbers for every matrix, "
    "and sorts its directions by their strength.",
)
ONE_MATRIX = Diagnosis(
    "wrong-type",
    "The exercise asks for two matrices, in brackets: {wanted}. Something else came: one matrix, "
    "or another number of them.",
    "Do not multiply them out: the point of the two is that they are small. Return the pair.",
)
LOW_RANK_FALLBACK = Diagnosis(
    "unrecognised",
    "The shapes are right. Your product misses {error}, the sum of the squares over all cells, and "
    "with r = {r} it need not miss more than {best}.",
    "`np.linalg.svd(m)` gives u, s and vt, sorted by strength. Which part of u, of s and of vt "
    "belongs to the first r directions?",
    lambda attempt: True,
)
NOT_FINITE = Diagnosis(
    "not-finite",
    "A cell of your product is infinite or not a number.",
    "Nothing has to be divided here. Look for `np.empty`, or for a logarithm or a root of a "
    "negative number.",
)

LOW_RANK = FunctionExercise(
    id="low-rank",
    title="Value down, value up",
    stars=2,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *LOW_RANK_MISTAKES,
        functions.RAISED,
        COMPLEX,
        ONE_MATRIX,
        functions.WRONG_SHAPE,
        NOT_FINITE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        LOW_RANK_FALLBACK,
    ),
    parameters=("m", "r"),
    cases=low_rank_cases,
    reference=low_rank,
    result=FactorsResult(),
)

EXERCISES = (OUTPUT_BY_HAND, DELTA, WEIGHTS_FOR_TARGET, LOW_RANK)
