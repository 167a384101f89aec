"""The exercises of the chapter "Reading heads"."""

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.a_real_model import NumbersResult
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.chosen_heads import CONTROL, HELD_OUT
from attnlib.exercises.drawing import matrix, number
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake
from attnlib.exercises.masking import keys, queries, truth
from attnlib.exercises.scaling import NumberResult

SEED = 14


# --- by-chance: the score of a head that knows nothing


def numbers_of(counts):
    """How many keys each query may see, `(n,)`."""
    return np.arange(1, len(counts) + 1)


def parts(counts):
    """Each query's weight on the keys that count, `(n,)`."""
    return (np.tri(len(counts)) * counts).sum(axis=1) / numbers_of(counts)


def seen(counts):
    """Which queries may see a key that counts."""
    return np.tril(counts).any(axis=1)


def seen_earlier(counts):
    return np.tril(counts, -1).any(axis=1)


def have_keys(counts):
    """Which queries have a key that counts, be it after them."""
    return counts.any(axis=1)


def by_chance(counts):
    return np.asarray(parts(counts)[seen(counts)].mean())


def mean_over(which, given):
    """The mean of what is `given(counts)` for each query, over the queries `which(counts)`."""

    def mean(counts):
        numbers = given(counts)[which(counts)]
        return np.sum(numbers, dtype=float) / len(numbers)  # NaN, without a warning, for none

    return mean


def of_others(counts):
    """Each query's weight on the keys that count, if it may not see itself."""
    return np.tril(counts, -1).sum(axis=1) / np.arange(len(counts)).clip(1)


def of_all_keys(counts):
    return counts.sum(axis=1) / numbers_of(counts)


def of_one_key(counts):
    return have_keys(counts) / numbers_of(counts)


def along_columns(counts):
    return (np.tril(counts) / numbers_of(counts)[:, None]).sum(axis=0)


def counts_case(counts):
    counts = np.array(counts, bool)
    n, visible = len(counts), np.tril(counts).sum(axis=1)
    drawn = (truth("input counts", counts, queries(n), keys(n)),)
    i = n - 1 - int(visible[::-1].argmax())  # the last of those with the most
    facts = {"n": str(n), "asked": str(seen(counts).sum()), "later": str(np.triu(counts, 1).sum())}
    facts |= {"i": str(i), "part": f"{visible[i]}/{i + 1}", "one": f"1/{i + 1}"}
    first = int(np.argmax(visible > 0))
    facts |= {"first": str(first), "tokens": str(first + 1)}
    return Case((counts,), ("value",), ("score",), drawn, facts)


def counts_cases():
    same_token = np.equal.outer([7, 3, 7, 7], [7, 3, 7, 7]) & ~np.eye(4, dtype=bool)
    earlier = np.tril(np.equal.outer([6, 6, 6, 2, 6, 2], [6, 6, 6, 2, 6, 2]), -1)
    followed = np.pad(earlier[:, :-1], ((0, 0), (1, 0)))
    column = np.zeros((5, 5), bool)
    column[:, 0] = True
    rng = np.random.default_rng(SEED)
    sparse = rng.random((8, 8)) < 0.2
    sparse[[0, 5]] = False
    sparse[0, 6] = True  # query 0 may not see it, and query 5 has none at all
    return [
        counts_case(same_token),
        counts_case(followed),
        counts_case(np.eye(5, k=-1)),
        counts_case(column),
        counts_case(rng.random((6, 6)) < 0.5),
        counts_case(sparse),
        counts_case(np.eye(3)),
        counts_case([[True]]),
    ]


CHANCE_MISTAKES = (
    mistake(
        "each-query",
        (parts, lambda counts: parts(counts)[seen(counts)]),
        "You return a number for each query. Their mean is left to be taken.",
        "One number is asked for: the mean over the {asked} that may see a key that counts.",
    ),
    mistake(
        "over-all-queries",
        (
            lambda counts: parts(counts).mean(),
            lambda counts: parts(counts).sum() / (len(counts) - 1),
            lambda counts: parts(counts)[1:].sum() / (len(counts) - 1),
        ),
        "You divide by all queries, or by all but the first. A query that may see no key that "
        "counts has no part in the mean.",
        "Here are {n} queries. Those that may see a key that counts are {asked}: divide by that.",
    ),
    mistake(
        "summed",
        lambda counts: parts(counts).sum(),
        "Your score is a sum over queries. It is to be a mean, so that a long text has no larger "
        "score.",
        "Divide by the number of queries that may see a key that counts: {asked} here.",
    ),
    mistake(
        "mask-forgotten",
        (
            mean_over(seen, lambda counts: counts.mean(axis=1)),
            mean_over(have_keys, lambda counts: counts.mean(axis=1)),
            mean_over(seen, lambda counts: np.tril(counts).mean(axis=1)),
        ),
        "You share the weight out among all {n} tokens, as if there were no mask. Query i may see "
        "itself and what came before: i + 1 tokens.",
        "Query {first} may see places 0 to {first} and gives each of them 1/{tokens}: they sum to "
        "1. With 1/{n} they do not.",
    ),
    mistake(
        "query-left-out",
        (
            mean_over(seen, of_others),
            mean_over(seen_earlier, of_others),
            mean_over(seen, lambda counts: parts(np.tril(counts, -1))),
            mean_over(seen_earlier, lambda counts: parts(np.tril(counts, -1))),
            mean_over(
                seen, lambda counts: np.tril(counts).sum(axis=1) / np.arange(len(counts)).clip(1)
            ),
        ),
        "You leave the query itself out. Under the causal mask a token may see itself, too: query "
        "i has i + 1 tokens to see.",
        "Query 0 gives itself all its weight. Query {i} may see places 0 to {i} and gives each of "
        "them {one}.",
    ),
    mistake(
        "first-query",
        mean_over(lambda counts: seen(counts) & (numbers_of(counts) > 1), parts),
        "You leave out query 0. It may see one token, itself. Where that counts, the score of "
        "query 0 is 1, and belongs to the mean.",
        "The mean goes over {asked} queries here, and query 0 is one of them.",
    ),
    mistake(
        "after-the-query",
        (
            mean_over(seen, of_all_keys),
            mean_over(have_keys, of_all_keys),
            lambda counts: mean_over(seen, parts)(counts[::-1, ::-1]),  # the mask turned over
        ),
        "You give weight to keys after the query. Under the causal mask it may not see them, even "
        "where `counts` is true.",
        "Query 0 may see place 0, query 1 places 0 and 1, and so on. Above the diagonal all "
        "weights are 0; the number of cells there that are true is {later}.",
    ),
    mistake(
        "asked-in-vain",
        mean_over(have_keys, parts),
        "Your weights are right, and your mean takes in too many queries: also those whose keys "
        "that count all come later. They may see none of them.",
        "Apply the mask before you look which queries have a key that counts: {asked} of {n} here.",
    ),
    mistake(
        "share-of-cells",
        (
            lambda counts: np.tril(counts).sum() / np.tri(len(counts)).sum(),
            lambda counts: np.tril(counts).sum() / np.tri(len(counts))[seen(counts)].sum(),
            lambda counts: counts.mean(),
            lambda counts: np.tril(counts).mean(),
        ),
        "You take the share of the cells that count, of all queries together. A late query may see "
        "more keys and would have more say. Each query has a score of its own first.",
        "Query {i} has {part}. Work out such a number for each query that may see a key that "
        "counts, {asked} in all, and take their mean.",
    ),
    mistake(
        "one-key",
        (mean_over(seen, of_one_key), mean_over(have_keys, of_one_key)),
        "Where several keys count for a query, you take the weight of one, or their mean. The "
        "weights on all of them add up.",
        "Query {i} gives {one} to each place that it may see. Its weight on the keys that count is "
        "{part}.",
    ),
    mistake(
        "queries-counted",
        (
            lambda counts: seen(counts).mean(),
            lambda counts: have_keys(counts).mean(),
            lambda counts: 1.0,
        ),
        "You count each query as 1, or as 0. The score of a query is its weight on the keys that "
        "count.",
        "Query {i} gives {one} to each place that it may see. Its weight on the keys that count is "
        "{part}.",
    ),
    mistake(
        "keys-counted",
        (
            mean_over(seen, lambda counts: np.tril(counts).sum(axis=1)),
            mean_over(have_keys, lambda counts: counts.sum(axis=1)),
        ),
        "You count keys, and their weights have no part in it.",
        "Query {i} gives {one} to each place that it may see. Its weight on the keys that count is "
        "{part}.",
    ),
    mistake(
        "divided-by-column",
        mean_over(seen, lambda counts: (np.tril(counts) / numbers_of(counts)).sum(axis=1)),
        "You divide column by column: key 0 by 1, key 1 by 2, and so on. How many tokens may be "
        "seen depends on the query, which is a row.",
        "In row {i} each weight up to the diagonal is {one}. `np.arange(1, n + 1)[:, np.newaxis]` "
        "is a column: a number for each row.",
    ),
    mistake(
        "transposed",
        (
            lambda counts: mean_over(seen, parts)(counts.T),
            mean_over(seen, along_columns),
            mean_over(lambda counts: np.tril(counts).any(axis=0), along_columns),
        ),
        "You take a column for a query. A row of `counts` is a query: add along the row.",
        "Row {i} belongs to query {i}. Its weight on the keys that count is {part}.",
    ),
)
CHANCE_FALLBACK = Diagnosis(
    "unrecognised",
    "Your score is {returned}, and {expected} is expected. Work it out by hand for the matrix "
    "drawn above: of {n} queries {asked} may see a key that counts.",
    "Query {i} may see places 0 to {i} and gives each of them {one}. Its weight on the keys that "
    "count is {part}. Do the same for the others, and take the mean.",
    lambda attempt: True,
)

CHANCE = FunctionExercise(
    id="by-chance",
    title="By chance",
    stars=2,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *CHANCE_MISTAKES, *functions.OF_FORM, CHANCE_FALLBACK),
    parameters=("counts",),
    cases=counts_cases,
    reference=by_chance,
    result=NumberResult("the score by chance"),
)


# --- edge-lengths: what each key adds to each query


def lengths_of(vectors):
    return np.linalg.norm(vectors, axis=-1)


def edge_lengths(weights, values, w_o):
    return weights * lengths_of(values @ w_o)


def edge_vectors(weights, values, w_o):
    """What each key adds to each query, `(n_queries, n_keys, d_model)`."""
    return weights[..., None] * (values @ w_o)


def of_vectors(change):
    return lambda weights, values, w_o: change(edge_vectors(weights, values, w_o))


def of_lengths(change):
    """`change(weights, lengths of the keys' values behind w_o)`."""
    return lambda weights, values, w_o: change(weights, lengths_of(values @ w_o))


def edges_case(weights, values, w_o):
    (n_queries, n_keys), d_model = weights.shape, w_o.shape[1]
    rows, columns = queries(n_queries), keys(n_keys)
    drawn = (
        matrix("input weights", weights, rows, columns),
        matrix("input values", values, columns),
        matrix("input w_o", w_o),
    )
    facts = {
        "n_queries": str(n_queries),
        "n_keys": str(n_keys),
        "d_model": str(d_model),
        "weight": number(weights[0, 0]),
        "value": number(lengths_of(values)[0]),
        "moved": number(lengths_of(values @ w_o)[0]),
        "edge": number(edge_lengths(weights, values, w_o)[0, 0]),
    }
    return Case((weights, values, w_o), rows, columns, drawn, facts)


def edges_cases():
    weights = np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]])
    values = np.array([[1.0, 2.0], [0.0, 1.0], [0.5, 0.0]])
    w_o = np.array([[2.0, 0.0, 0.0, 1.0], [1.0, 4.0, 2.0, 1.0]])
    rng = np.random.default_rng(SEED)
    sizes = ((4, 4, 4, 4), (3, 3, 2, 5), (1, 5, 3, 2), (5, 2, 3, 3), (6, 6, 2, 6))
    cases = [edges_case(weights, values, w_o)]
    for n_queries, n_keys, d_head, d_model in sizes:
        weights = al.softmax(rng.normal(0, 2, (n_queries, n_keys)))
        values, w_o = rng.normal(0, 1, (n_keys, d_head)), rng.normal(0, 2, (d_head, d_model))
        cases.append(edges_case(weights, values, w_o))
    return cases


EDGES_MISTAKES = (
    mistake(
        "before-w-o",
        lambda weights, values, w_o: weights * lengths_of(values),
        "You measure the value before w_o. What is added to the query is what w_o makes of it, and "
        "that may be longer or shorter.",
        "The value of key 0 has a length of {value}; behind w_o it has {moved}.",
    ),
    mistake(
        "w-o-transposed",
        lambda weights, values, w_o: weights * lengths_of(values @ w_o.T),
        "Your w_o is turned over. A value is a row, and stands to the left of w_o as it is.",
        "Behind w_o the value of key 0 has {d_model} numbers, and a length of {moved}.",
    ),
    mistake(
        "no-weight",
        (
            of_lengths(lambda weights, lengths: np.broadcast_to(lengths, weights.shape)),
            of_lengths(lambda weights, lengths: lengths),
            of_lengths(lambda weights, lengths: np.where(weights > 0, lengths, 0.0)),
        ),
        "The weights have no part in your lengths. A query gets a value times its weight.",
        "Key 0 has {moved}, and query 0 gives it the weight {weight}.",
    ),
    mistake(
        "squared",
        (
            of_vectors(lambda edges: (edges**2).sum(axis=-1)),
            of_lengths(lambda weights, lengths: weights * lengths**2),
        ),
        "You have the sum of squares. A length is its root.",
        "Query 0 gets a vector of length {edge} from key 0.",
    ),
    mistake(
        "weight-twice",
        of_lengths(lambda weights, lengths: weights**2 * lengths),
        "Your weight counts twice: it is squared.",
        "Half the weight makes half the length. Query 0 gets {weight} times {moved} from key 0.",
    ),
    mistake(
        "all-keys-together",
        (
            of_vectors(lambda edges: lengths_of(edges.sum(axis=1))),
            of_vectors(lambda edges: lengths_of(edges).sum(axis=1)),
            of_vectors(
                lambda edges: np.repeat(
                    lengths_of(edges.sum(axis=1, keepdims=True)), edges.shape[1], axis=1
                )
            ),
        ),
        "You have a length for each query, of what all keys add together. Each key's own part is "
        "asked for.",
        "Here are {n_queries} queries and {n_keys} keys: a length for each pair. That of query 0 "
        "and key 0 is {edge}.",
    ),
    mistake(
        "vectors",
        edge_vectors,
        "You return the vectors that are added, of {d_model} numbers each. Their lengths are left "
        "to be taken.",
        "Square, add along the last axis, root: {edge} for query 0 and key 0.",
    ),
    mistake(
        "another-size",
        (
            of_vectors(lambda edges: edges.sum(axis=-1)),
            of_vectors(lambda edges: np.abs(edges).sum(axis=-1)),
            of_vectors(lambda edges: np.abs(edges).max(axis=-1)),
            of_vectors(lambda edges: np.abs(edges).mean(axis=-1)),
            of_vectors(lambda edges: edges.mean(axis=-1)),
            of_vectors(lambda edges: np.sqrt((edges**2).mean(axis=-1))),
        ),
        "You measure a vector's size in another way than by its length: a sum or a mean of its "
        "numbers, or the largest.",
        "A length is the root of the sum of squares: {edge} for query 0 and key 0.",
    ),
    mistake(
        "lengths-multiplied",
        lambda weights, values, w_o: weights * lengths_of(values) * np.linalg.norm(w_o),
        "You multiply the lengths of value and w_o. How long the product is depends on where the "
        "value points.",
        "Multiply first: the value of key 0 becomes a vector of length {moved}.",
    ),
    mistake(
        "over-the-keys",
        (
            lambda weights, values, w_o: weights * np.linalg.norm(values @ w_o, axis=0),
            lambda weights, values, w_o: weights * np.linalg.norm(values @ w_o),
            of_vectors(lambda edges: np.linalg.norm(edges, axis=1)),
            of_vectors(lambda edges: np.linalg.norm(edges, axis=0)),
            of_vectors(np.linalg.norm),
        ),
        "Your length goes along the keys, along the queries, or over a whole array. Each key has a "
        "vector of its own, and that has a length.",
        "The vectors are the rows of `values @ w_o`: {n_keys} of {d_model} numbers.",
    ),
    mistake(
        "value-of-the-query",
        of_lengths(lambda weights, lengths: weights * lengths[:, None]),
        "You take the value that stands at the query. What is moved is the value of the key.",
        "Column 0 belongs to key 0: each of its cells is a weight times {moved}.",
    ),
    mistake(
        "turned",
        lambda weights, values, w_o: edge_lengths(weights, values, w_o).T,
        "Rows and columns have changed places. A row is a query here, a column a key.",
        "There are {n_queries} queries and {n_keys} keys: ({n_queries}, {n_keys}).",
    ),
    mistake(
        "shares",
        of_lengths(
            lambda weights, lengths: (
                weights * lengths / (weights * lengths).sum(axis=-1, keepdims=True)
            )
        ),
        "Your rows sum to 1: these are shares. The lengths themselves are asked for.",
        "Query 0 gets a vector of length {edge} from key 0.",
    ),
)
EDGES_FALLBACK = Diagnosis(
    "unrecognised",
    "For {row}, {column} you have {returned}, and {expected} is expected. Work the first one out "
    "by hand: key 0's value times w_o, times the weight, and its length.",
    "Behind w_o the value of key 0 has a length of {moved}. Query 0 gives it the weight {weight}: "
    "{edge}.",
    lambda attempt: True,
)

EDGES = FunctionExercise(
    id="edge-lengths",
    title="What an edge adds",
    stars=2,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *EDGES_MISTAKES, *functions.OF_FORM, EDGES_FALLBACK),
    parameters=("weights", "values", "w_o"),
    cases=edges_cases,
    reference=edge_lengths,
    result=ArrayResult("a length for each query and each key"),
)


# --- misleading-rows: the heaviest key is not the one that adds most


def heaviest(array):
    return array.argmax(axis=1)


def misleading(weights, lengths):
    return np.flatnonzero(heaviest(weights) != heaviest(lengths)).astype(float)


def rows_where(holds):
    """The queries for which `holds(weights, lengths)`, in order."""
    return lambda weights, lengths: np.flatnonzero(holds(weights, lengths)).astype(float)


def of_rows(change):
    """`change` of the misleading queries, the weights and the lengths."""
    return lambda weights, lengths: change(
        np.flatnonzero(heaviest(weights) != heaviest(lengths)), weights, lengths
    )


def rows_case(weights, lengths):
    n = len(weights)
    drawn = (
        matrix("input weights", weights, queries(n), keys(n)),
        matrix("input lengths", lengths, queries(n), keys(n)),
    )
    i = int(next(iter(misleading(weights, lengths)), n - 1))
    facts = {
        "n": str(n),
        "i": str(i),
        "heavy": str(heaviest(weights)[i]),
        "long": str(heaviest(lengths)[i]),
    }
    return Case((weights, lengths), ("queries",), queries(n), drawn, facts)


def pattern(rng, n, spread=2.0):
    """Random causal weights, `(n, n)`, from scores of this standard deviation."""
    scores = rng.normal(0, spread, (n, n))
    return al.softmax(np.where(np.tri(n, dtype=bool), scores, -np.inf))


def rows_cases():
    by_hand = np.array([[1.0, 0, 0, 0], [0.7, 0.3, 0, 0], [0.2, 0.5, 0.3, 0], [0.5, 0.2, 0.1, 0.2]])
    rng = np.random.default_rng(SEED)
    cases = [rows_case(by_hand, by_hand * [1.0, 4.0, 2.0, 2.0])]
    for n in (3, 5, 6, 8, 12):
        weights = pattern(rng, n, spread=1.5)
        cases.append(rows_case(weights, weights * rng.uniform(0.3, 3, n)))
    layer = pattern(rng, 6)  # where several heads add up, a key has not one length for all
    cases.append(rows_case(layer, layer * rng.uniform(0.3, 3, (6, 6))))
    even = np.array([[1.0, 0, 0], [0.4, 0.6, 0], [0.5, 0.2, 0.3]])
    return [*cases, rows_case(even, 2 * even)]  # no row of these misleads


ROWS_MISTAKES = (
    mistake(
        "those-that-agree",
        rows_where(lambda weights, lengths: heaviest(weights) == heaviest(lengths)),
        "You return the queries for which both are the same key: {returned}. The others are asked "
        "for.",
        "For query {i} key {heavy} is heaviest, and key {long} adds the longest vector.",
    ),
    mistake(
        "along-the-queries",
        rows_where(lambda weights, lengths: weights.argmax(axis=0) != lengths.argmax(axis=0)),
        "You look along columns: for which query each key is heaviest. A row is a query: look "
        "along the row.",
        "`argmax` has an axis. For each query one key must come out, {n} keys in all.",
    ),
    mistake(
        "keys",
        (
            of_rows(lambda rows, weights, lengths: heaviest(weights)[rows]),
            of_rows(lambda rows, weights, lengths: heaviest(lengths)[rows]),
            of_rows(lambda rows, weights, lengths: np.unique(heaviest(weights)[rows])),
            of_rows(lambda rows, weights, lengths: np.unique(heaviest(lengths)[rows])),
        ),
        "You return keys: {returned}. The queries whose keys these are, are asked for.",
        "Write down the number of the row in which they differ.",
    ),
    mistake(
        "first-row-left-out",
        rows_where(lambda weights, lengths: heaviest(weights[1:]) != heaviest(lengths[1:])),
        "You leave out the first row and count from the second: {returned}. Queries are counted "
        "from 0, with the first row.",
        "Each of your numbers is one too low.",
    ),
    mistake(
        "from-one",
        of_rows(lambda rows, weights, lengths: rows + 1),
        "You count queries from 1: {returned}. They are counted from 0.",
        "Each of your numbers is one too high.",
    ),
    mistake(
        "how-many",
        (
            of_rows(lambda rows, weights, lengths: len(rows)),
            of_rows(lambda rows, weights, lengths: len(rows) / len(weights)),
        ),
        "You return one number: how many queries there are, or their share. Which queries they "
        "are is asked for.",
        "A list is expected, with the numbers of the queries. It may be empty.",
    ),
    mistake(
        "truth-values",
        lambda weights, lengths: (heaviest(weights) != heaviest(lengths)).astype(float),
        "You return a truth value for each query. The numbers of the queries are asked for.",
        "Where your truth value is true, write the row's number in the list.",
    ),
    mistake(
        "in-brackets",
        (
            of_rows(lambda rows, weights, lengths: rows[None]),
            of_rows(lambda rows, weights, lengths: rows[:, None]),
        ),
        "Your numbers are right, with a pair of brackets too many: the shape is {shape}.",
        "`np.where` returns a tuple, and `np.argwhere` a column. Take the list out: `[0]` of the "
        "tuple does it.",
    ),
    mistake(
        "numbers-compared",
        rows_where(lambda weights, lengths: weights.max(axis=1) != lengths.max(axis=1)),
        "You compare the largest weight with the largest length: two numbers that differ in kind. "
        "Compare *where* they stand.",
        "For query {i} the largest weight is on key {heavy}, and the longest vector comes from key "
        "{long}.",
    ),
    mistake(
        "whole-order",
        rows_where(
            lambda weights, lengths: (weights.argsort(axis=1) != lengths.argsort(axis=1)).any(
                axis=1
            )
        ),
        "You compare the whole order of the keys: {returned}. Only the first of each order is "
        "asked for.",
        "For query {i} the heaviest is key {heavy}, and the longest vector comes from key {long}.",
    ),
    mistake(
        "lightest",
        rows_where(lambda weights, lengths: weights.argmin(axis=1) != lengths.argmin(axis=1)),
        "You compare the lightest key with that which adds least.",
        "For query {i} the heaviest is key {heavy}, and the longest vector comes from key {long}.",
    ),
    mistake(
        "first-key-left-out",
        rows_where(lambda weights, lengths: heaviest(weights[:, 1:]) != heaviest(lengths[:, 1:])),
        "You leave out the first key: {returned}. It may be a resting place, but it counts here.",
        "For query {i} the heaviest is key {heavy}, and the longest vector comes from key {long}.",
    ),
)
ROWS_FALLBACK = Diagnosis(
    "unrecognised",
    "Your queries: {returned}. Expected: {expected}. Look at query {i}: which key has the largest "
    "weight, and which adds the longest vector?",
    "For query {i} the heaviest is key {heavy}, and the longest vector comes from key {long}. Go "
    "through the rows one after the other.",
    lambda attempt: True,
)

ROWS = FunctionExercise(
    id="misleading-rows",
    title="Rows that mislead",
    stars=1,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *ROWS_MISTAKES, *functions.OF_FORM, ROWS_FALLBACK),
    parameters=("weights", "lengths"),
    cases=rows_cases,
    reference=misleading,
    result=NumbersResult("in order, counted from 0", "queries"),
)

EXERCISES = (CHANCE, CONTROL, HELD_OUT, EDGES, ROWS)
