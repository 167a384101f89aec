"""The exercises of the chapter "Cross-attention"."""

from dataclasses import dataclass

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis, numeric
from attnlib.exercises.drawing import matrix
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake
from attnlib.exercises.masking import MaskResult, truth
from attnlib.exercises.scaling import NumberResult
from attnlib.exercises.values_from import VALUES_FROM

SEED = 10
FRENCH, ENGLISH = ("la", "créature", "bleue"), ("the", "blue", "creature")


def queries(count):
    return tuple(f"query {i}" for i in range(count))


def keys(count):
    return tuple(f"key {j}" for j in range(count))


# --- cross-attention: one text asks, another answers


def cross(x, context, w_q, w_k, w_v, w_o):
    """Vaswani et al. (2017), "Attention is all you need", section 3.2.3, one head."""
    return al.Head(w_q, w_k, w_v, w_o)(x, context=context)


def cross_case(x, context, weights, asks=None, answers=None):
    asks, answers = asks or queries(len(x)), answers or keys(len(context))
    names = ("w_q", "w_k", "w_v", "w_o")
    drawn = (
        matrix("input x, the text that asks", x, asks),
        matrix("input context, the text that answers", context, answers),
        *(matrix(f"input {name}", w) for name, w in zip(names, weights, strict=True)),
    )
    (d_model, d_head), d_value = weights[0].shape, weights[2].shape[1]
    sizes = {"n_queries": len(x), "n_keys": len(context)}
    sizes |= {"d_model": d_model, "d_head": d_head, "d_value": d_value}
    facts = {name: str(size) for name, size in sizes.items()}
    return Case((x, context, *weights), asks, tuple(map(str, range(d_model))), drawn, facts)


def cross_cases():
    # As many queries as keys: here every mistake runs and shows. No two of the numbers by which
    # one may divide are equal: the sizes are 2, 3, 4 and 5.
    x = np.array([[0.0, 2.0, 0.0, 1.0, 0.0], [2.0, 0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 2.0, 0.0, 0.0]])
    context = np.array(
        [[1.0, 0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 2.0, 0.0, 1.0], [2.0, 1.0, 0.0, 0.0, 0.0]]
    )
    w_q = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    w_k = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    w_v = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0], [3.0, 0.0], [0.0, 1.0]])
    w_v = np.hstack([w_v, [[0.0, 1.0], [2.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]])
    w_o = np.array([[1.0, 0.0, 2.0, 0.0, 1.0], [0.0, 1.0, 0.0, 3.0, 1.0]])
    w_o = np.vstack([w_o, [[2.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 2.0]]])
    cases = [cross_case(x, context, (w_q, w_k, w_v, w_o), FRENCH, ENGLISH)]
    rng = np.random.default_rng(SEED)
    sizes = ((5, 2, 3, 3, 1), (2, 3, 4, 2, 2), (1, 6, 4, 2, 4), (4, 1, 3, 1, 2), (3, 7, 6, 5, 4))
    for n_queries, n_keys, d_model, d_head, d_value in sizes:
        texts = (n_queries, d_model), (n_keys, d_model)
        maps = (d_model, d_head), (d_model, d_head), (d_model, d_value), (d_value, d_model)
        x, context, *weights = (rng.normal(0, 1, shape).round(1) for shape in texts + maps)
        cases.append(cross_case(x, context, tuple(weights)))
    return cases


def weights_of(x, context, w_q, w_k):
    return al.softmax(al.scores(x @ w_q, context @ w_k))


def taken_from(queries="x", keys="context", values="context"):
    """`cross` with its queries, keys and values each made from one of the two texts."""

    def wrong(x, context, w_q, w_k, w_v, w_o):
        text = {"x": x, "context": context}
        weights = weights_of(text[queries], text[keys], w_q, w_k)
        return weights @ (text[values] @ w_v) @ w_o

    return wrong


def divided_by(divisor):
    """`cross` with `divisor(x, context, w_q, w_v)` for the root of d_head."""

    def wrong(x, context, w_q, w_k, w_v, w_o):
        scores = al.scores(x @ w_q, context @ w_k, scale=1 / divisor(x, context, w_q, w_v))
        return al.softmax(scores) @ (context @ w_v) @ w_o

    return wrong


def with_weights(change):
    """`cross` with `change(scores)` for the weights."""

    def wrong(x, context, w_q, w_k, w_v, w_o):
        return change(al.scores(x @ w_q, context @ w_k)) @ (context @ w_v) @ w_o

    return wrong


CROSS_SIDES = (
    mistake(
        "values-from-x",
        taken_from(values="x"),
        "At {row}, column {column} is {returned}, and {expected} is expected. Your keys come from "
        "`context` and your values from `x`. The weights say which word of the other text was "
        "found, and what you hand over belongs to your own. It runs because both have {n_keys} "
        "rows here.",
        "A key and its value belong to the same word. Of the three, the queries alone are made "
        "from `x`.",
    ),
    mistake(
        "keys-from-x",
        taken_from(keys="x"),
        "At {row}, column {column} is {returned}, and {expected} is expected. Your words compare "
        "themselves with one another, and then take values of the other text. It runs because "
        "both have {n_keys} rows here.",
        "Whose keys must a query of `x` meet, if it is to find something in `context`?",
    ),
    mistake(
        "self-attention",
        taken_from(keys="x", values="x"),
        "At {row}, column {column} is {returned}, and {expected} is expected. Nothing of "
        "`context` is in your result: this is self-attention of `x`.",
        "Three matrices make queries, keys and values. Which of the three products must have "
        "`context` on its left?",
    ),
    mistake(
        "context-alone",
        taken_from(queries="context"),
        "At {row}, column {column} is {returned}, and {expected} is expected. Nothing of `x` is "
        "in your result: the other text attends to itself.",
        "`x` is the text that asks. What does a head make of a text that asks?",
    ),
    mistake(
        "roles-exchanged",
        taken_from(queries="context", keys="x", values="x"),
        "At {row}, column {column} is {returned}, and {expected} is expected. In your function "
        "`context` asks and `x` answers. It is the other way round.",
        "The result is added to `x`, so it has a row for each row of `x`: those are the queries.",
    ),
    mistake(
        "matrices-exchanged",
        lambda x, context, w_q, w_k, w_v, w_o: cross(x, context, w_k, w_q, w_v, w_o),
        "At {row}, column {column} is {returned}, and {expected} is expected. `w_q` and `w_k` "
        "have changed places.",
        "Queries are made with `w_q`, and it is `x` that has queries.",
    ),
)
CROSS_STEPS = (
    mistake(
        "wrong-axis",
        with_weights(lambda scores: al.softmax(scores, axis=0)),
        "At {row}, column {column} is {returned}, and {expected} is expected. Your softmax runs "
        "over the queries, so that the words that ask compete for each key. Every query shares "
        "out its own weight.",
        "Rows are queries: in a pattern of {n_queries} rows and {n_keys} columns each *row* sums "
        "to 1.",
    ),
    mistake(
        "unscaled",
        divided_by(lambda x, context, w_q, w_v: 1),
        "At {row}, column {column} is {returned}, and {expected} is expected. The scores go into "
        "softmax as they are: nothing has been divided.",
        "The division is the same as in self-attention, by the root of d_head = {d_head}.",
    ),
    mistake(
        "by-d-model",
        divided_by(lambda x, context, w_q, w_v: np.sqrt(len(w_q))),
        "At {row}, column {column} is {returned}, and {expected} is expected. You divided by the "
        "root of {d_model}, the width of an embedding. The dot product is one of queries and keys.",
        "A dot product has as many terms as a query has numbers, and here that is {d_head}.",
    ),
    mistake(
        "by-d-value",
        (
            divided_by(lambda x, context, w_q, w_v: np.sqrt(w_v.shape[1])),
            divided_by(lambda x, context, w_q, w_v: w_v.shape[1]),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. You divided by "
        "d_value = {d_value}, the width of a value, or by its root. A score is made of a query "
        "and a key.",
        "A dot product has as many terms as a query has numbers, and here that is {d_head}.",
    ),
    mistake(
        "by-n-keys",
        (
            divided_by(lambda x, context, w_q, w_v: np.sqrt(len(context))),
            divided_by(lambda x, context, w_q, w_v: len(context)),
            divided_by(lambda x, context, w_q, w_v: np.sqrt(len(x))),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. You divided by a "
        "number of words. How long the texts are has no part in the size of a score.",
        "`len` of an array counts its rows, and rows are words. The length of a query is its last "
        "axis.",
    ),
    mistake(
        "by-d-head",
        divided_by(lambda x, context, w_q, w_v: w_q.shape[1]),
        "At {row}, column {column} is {returned}, and {expected} is expected. You divided by "
        "d_head = {d_head}; its root is enough.",
        "Dividing by c divides the variance by c squared, and the variance is {d_head} times too "
        "large.",
    ),
    mistake(
        "no-softmax",
        with_weights(lambda scores: scores),
        "At {row}, column {column} is {returned}, and {expected} is expected. You mixed with the "
        "scores themselves. They are no shares: they can be negative, and sum to anything.",
        "One step is missing between the scores and the mixture.",
    ),
    mistake(
        "without-w-v",
        lambda x, context, w_q, w_k, w_v, w_o: weights_of(x, context, w_q, w_k) @ context,
        "At {row}, column {column} is {returned}, and {expected} is expected. You mixed the "
        "embeddings of `context`. What is handed over are its values.",
        "Two of the four matrices are not used yet. One goes down to d_value = {d_value} numbers, "
        "the other comes back.",
    ),
    mistake(
        "without-w-o",
        lambda x, context, w_q, w_k, w_v, w_o: weights_of(x, context, w_q, w_k) @ (context @ w_v),
        "Your result has the shape {shape}: mixed values, with {d_value} numbers each. What is "
        "added to a row of `x` needs {d_model}.",
        "One of the four matrices is not used yet.",
    ),
    mistake(
        "added",
        (
            lambda x, context, *weights: x + cross(x, context, *weights),
            lambda x, context, *weights: context + cross(x, context, *weights),
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. You added a text to "
        "the delta. What is asked for is the delta alone.",
        "The addition to `x` comes after the head. Leave the last step out.",
    ),
    mistake(
        "unmixed",
        (
            lambda x, context, w_q, w_k, w_v, w_o: context @ w_v @ w_o,
            lambda x, context, w_q, w_k, w_v, w_o: x @ w_v @ w_o,
        ),
        "At {row}, column {column} is {returned}, and {expected} is expected. Each of your rows is "
        "the value of one word, taken through w_o. The weights are not in your result.",
        "Row i of the weights says how much query i takes of each of the {n_keys} values.",
    ),
    mistake(
        "mean-of-values",
        (
            with_weights(lambda scores: np.full_like(scores, 1 / scores.shape[1])),
            lambda x, context, w_q, w_k, w_v, w_o: (context @ w_v @ w_o).mean(axis=0),
        ),
        "You took the mean of the {n_keys} values. Then every query gets the same, whatever it "
        "asks for.",
        "Who found what is in the weights. Mix the values with them: each query has {n_keys} "
        "weights of its own.",
    ),
    mistake(
        "weights-transposed",
        with_weights(lambda scores: al.softmax(scores).T),
        "At {row}, column {column} is {returned}, and {expected} is expected. Your weights lie on "
        "their side when they meet the values. It runs because there are as many queries as keys "
        "here.",
        "The weights have a row for each query and a column for each key; the values have a row "
        "for each key. Nothing has to be turned.",
    ),
)
CROSS_RAISED = Diagnosis(
    "raised",
    "Your code stopped where {n_queries} words ask and {n_keys} answer. Write down the shape of "
    "every array: one that should have {n_keys} rows may have {n_queries}, or the reverse.",
    "The weights are ({n_queries}, {n_keys}). What they are multiplied with must have {n_keys} "
    "rows, one for each word of `context`; and so must the keys.",
)
CROSS_FALLBACK = Diagnosis(
    "unrecognised",
    "At {row}, column {column} is {returned}, and {expected} is expected. Go through the steps "
    "for this row: its query, its {n_keys} scores, its weights, what it mixes, what w_o makes of "
    "it.",
    "Queries from `x`, keys and values from `context`; the rest is the head that you know. "
    "d_head is {d_head} here.",
    lambda attempt: True,
)


CROSS = FunctionExercise(
    id="cross-attention",
    title="Ask another text",
    stars=2,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *CROSS_SIDES,
        *CROSS_STEPS,
        CROSS_RAISED,
        functions.WRONG_TYPE,
        functions.WRONG_SHAPE,
        functions.NOT_FINITE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        CROSS_FALLBACK,
    ),
    parameters=("x", "context", "w_q", "w_k", "w_v", "w_o"),
    cases=cross_cases,
    reference=cross,
    result=ArrayResult("a row for each query, d_model columns"),
)


# --- padding-mask: what may be seen of texts that differ in length


def padding_mask(lengths, n_keys):
    return (np.arange(n_keys) < np.asarray(lengths)[:, None])[:, None, :]


def is_additive(array):
    """Whether `array` holds what is meant to be added to scores: 0, and numbers far below it."""
    hidden = array < LOW
    return bool(hidden.any() and (array[~hidden] == 0).all())


LOW = -1000.0


@dataclass(frozen=True)
class PaddingResult(MaskResult):
    """A boolean array with an axis of length 1 for the queries, drawn without that axis.

    A mask of numbers to be added to scores is read too, so that it can be told from others.
    """

    def read(self, value):
        try:
            return super().read(value)
        except TypeError:
            array = numeric(value)
            if not is_additive(array):
                raise
            return array

    def problem(self, result, expected):
        return super().problem(result, expected) if result.dtype == bool else "wrong-type"

    def facts(self, case, result, expected):
        fits = self._fits(result, expected)
        facts = super().facts(case, result[:, 0] if fits else None, expected[:, 0])
        shape = "no shape" if result is None else str(result.shape)
        return facts | {"wanted": self.wanted(expected), "shape": shape}

    def draw(self, case, result, expected):
        wanted = expected[:, 0]
        if self._fits(result, expected):
            return super().draw(case, result[:, 0], wanted)
        caption = "what was expected, without the axis in the middle"
        return (truth(caption, wanted, case.rows, case.columns),)

    def _fits(self, result, expected):
        return result is not None and result.dtype == bool and result.shape == expected.shape


def padding_case(lengths, n_keys):
    lengths = np.array(lengths)
    texts = tuple(f"text {i}" for i in range(len(lengths)))
    drawn = (
        matrix("input lengths", lengths, ("length",), texts),
        matrix("input n_keys", np.array(n_keys), ("n_keys",), ("value",)),
    )
    facts = {"n_texts": str(len(lengths)), "n_keys": str(n_keys), "longest": str(lengths.max())}
    return Case((lengths, n_keys), texts, keys(n_keys), drawn, facts)


def padding_cases():
    # In the first case no text is as long as there are keys, and every length is another one.
    cases = [padding_case((3, 1, 4), 5), padding_case((2, 3, 1), 3), padding_case((4, 0), 4)]
    cases.append(padding_case((2,), 6))
    rng = np.random.default_rng(SEED)
    return [*cases, padding_case(rng.integers(1, 13, 7), 12)]


def seen_keys(sees):
    """The mask of the shape that is wanted, from `sees(key, length, n_keys)` of two arrays."""
    return lambda lengths, n_keys: sees(np.arange(n_keys), lengths[:, None], n_keys)[:, None, :]


def in_shape(change):
    """The right mask without its middle axis, `(n_texts, n_keys)`, as `change` makes of it."""
    return lambda lengths, n_keys: change(padding_mask(lengths, n_keys)[:, 0])


def padding_mistake(id, would_give, hint, stronger):
    return mistake(id, would_give, hint, stronger, read=PaddingResult("").read)


PADDING_MISTAKES = (
    padding_mistake(
        "inverted",
        (
            seen_keys(lambda key, length, n_keys: key >= length),
            seen_keys(lambda key, length, n_keys: key > length),
        ),
        "For {row}, {column} is {returned}: your mask is the other way round. It says what is "
        "padding, as PyTorch's `key_padding_mask` wants it; in this book True means: may attend.",
        "Read your first row aloud: a query may attend to ... Turn every cell into its opposite.",
    ),
    padding_mistake(
        "off-by-one",
        (
            seen_keys(lambda key, length, n_keys: key <= length),
            seen_keys(lambda key, length, n_keys: key < length - 1),
        ),
        "For {row}, {column} is {returned}. Your texts are longer or shorter by one word than "
        "they should be.",
        "Places count from 0: a text of length 3 has its words at the places 0, 1 and 2. Count "
        "the Trues of a row.",
    ),
    padding_mistake(
        "padding-first",
        seen_keys(lambda key, length, n_keys: key >= n_keys - length),
        "For {row}, {column} is {returned}. Each row has as many Trues as the text has words, and "
        "they stand at the end. Here the words come first and the padding after them.",
        "Where must the first word of every text stand, whatever its length is?",
    ),
    padding_mistake(
        "everything",
        seen_keys(lambda key, length, n_keys: key + length > -1),
        "Your mask hides nothing: in {row}, {column} is padding.",
        "For each text compare the places of the keys with its length.",
    ),
    padding_mistake(
        "one-length",
        (
            seen_keys(lambda key, length, n_keys: key < length.max() + 0 * length),
            seen_keys(lambda key, length, n_keys: key < length.min() + 0 * length),
            seen_keys(lambda key, length, n_keys: key < length[0] + 0 * length),
        ),
        "For {row}, {column} is {returned}. All texts have the same row in your mask, and they "
        "have different lengths.",
        "Each row must be compared with a length of its own. Of which shape must the lengths be "
        "to stand beside the places of the keys?",
    ),
    padding_mistake(
        "without-axis",
        (in_shape(lambda seen: seen), in_shape(lambda seen: ~seen)),
        "Your mask has the shape {shape}: a row for each text. The scores have three axes, text, "
        "query and key, and shapes are lined up from the right. So your texts would be taken for "
        "queries.",
        "Put an axis of length 1 between the two, where the scores have their queries: {wanted}.",
    ),
    padding_mistake(
        "rows-hidden",
        (
            in_shape(lambda seen: seen[:, :, None]),
            in_shape(lambda seen: np.repeat(seen[:, :, None], seen.shape[1], axis=2)),
        ),
        "Your mask has the shape {shape}, and it is the same for every key: it hides whole rows. "
        "Rows are queries. What says nothing here is a key, and a key is a column.",
        "Let every query see the same: an axis of length 1 in the middle, and the keys last.",
    ),
    padding_mistake(
        "axes-exchanged",
        (
            in_shape(lambda seen: seen[None]),
            in_shape(lambda seen: seen.T),
            in_shape(lambda seen: seen.T[:, None, :]),
            in_shape(lambda seen: seen.T[:, :, None]),
            in_shape(lambda seen: seen.T[None]),
        ),
        "Your mask has the shape {shape}. The axes are the right ones in another order: the texts "
        "come first, as in the scores, and the keys last.",
        "The scores are (n_texts, n_queries, n_keys). Write below each number what your mask has "
        "there: {n_texts}, then 1, then {n_keys}.",
    ),
    padding_mistake(
        "square",
        (
            in_shape(lambda seen: np.repeat(seen[:, None, :], seen.shape[1], axis=1)),
            in_shape(lambda seen: seen[:, :, None] & seen[:, None, :]),
        ),
        "Your mask has the shape {shape}, a square for each text. That fits as long as there are "
        "{n_keys} queries; the text that asks has a length of its own.",
        "Every query sees the same keys, so the mask needs no rows for them: an axis of length 1 "
        "fits any number of queries.",
    ),
    padding_mistake(
        "longest",
        lambda lengths, n_keys: padding_mask(lengths, lengths.max()),
        "Your mask has {longest} columns, as many as the longest text has words, and there are "
        "{n_keys} keys. A batch may be wider than its longest text.",
        "The second input says how many keys there are.",
    ),
    Diagnosis(
        "additive",
        "Yours is a mask to be added to the scores: 0, and something very low. In this book a mask "
        "holds True (may attend) and False, and attention itself sees to the rest.",
        "Return the comparison itself, before you make numbers of it.",
        lambda attempt: isinstance(attempt.outcome, np.ndarray) and attempt.outcome.dtype != bool,
    ),
)
NOT_BOOLEAN = Diagnosis(
    "wrong-type",
    "A mask in this book holds True (may attend) and False: booleans, not numbers. Elsewhere a 1 "
    "means the opposite, so `al.attention` takes booleans alone.",
    "A comparison such as `<` between two arrays gives booleans by itself. An array of ones and "
    "zeros needs to be asked which of its cells are above 0.",
)
PADDING_FALLBACK = Diagnosis(
    "unrecognised",
    "For {row}, {column} is {returned}, and {expected} is expected. Is this place one of the "
    "text's words, or padding behind them?",
    "Key j of a text is a word if j is less than the text's length. Compare all {n_keys} places "
    "with all {n_texts} lengths at once, then add the axis of the queries.",
    lambda attempt: True,
)

PADDING_MASK = FunctionExercise(
    id="padding-mask",
    title="Hide the padding",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *PADDING_MISTAKES,
        functions.RAISED,
        NOT_BOOLEAN,
        functions.WRONG_SHAPE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        PADDING_FALLBACK,
    ),
    parameters=("lengths", "n_keys"),
    cases=padding_cases,
    reference=padding_mask,
    result=PaddingResult("for each text one row, which is the same for all queries"),
)


# --- alignment-found: how often is the right word found?


def on_right(weights, right):
    """The weight that each query gives to its right key."""
    return weights[np.arange(len(right)), right]


def hits(weights, right):
    """Which queries give their right key more than any other: `(n_queries,)`, booleans."""
    return (weights >= on_right(weights, right)[:, None]).sum(axis=-1) == 1


def found(weights, right):
    return np.asarray(hits(weights, right).mean())


def found_case(weights, right, asks=None, answers=None):
    asks, answers = asks or queries(len(weights)), answers or keys(weights.shape[1])
    drawn = (
        matrix("input weights", weights, asks, answers),
        matrix("input right", right, ("right",), asks),
    )
    facts = {"n_queries": str(len(weights)), "n_keys": str(weights.shape[1])}
    facts |= {"hits": str(hits(weights, right).sum())}
    facts |= {"first": asks[0], "first_right": answers[right[0]]}
    return Case((weights, right), ("share",), ("found",), drawn, facts)


def found_cases():
    weights = np.array(
        [
            [0.4, 0.2, 0.2, 0.1, 0.1],
            [0.1, 0.5, 0.0, 0.2, 0.2],
            [0.1, 0.2, 0.1, 0.4, 0.2],
            [0.2, 0.2, 0.0, 0.2, 0.4],
            [0.1, 0.4, 0.1, 0.1, 0.3],
        ]
    )
    asks = ("le", "renard", "ne", "dormait", "pas")
    answers = ("the", "fox", "did", "not", "sleep")
    cases = [found_case(weights, np.array([0, 1, 3, 4, 3]), asks, answers)]
    rng = np.random.default_rng(SEED)
    for n_queries, n_keys in ((3, 6), (8, 4), (1, 5), (1, 3), (40, 7), (61, 9)):
        weights = al.softmax(rng.normal(0, 2, (n_queries, n_keys)))
        right = np.where(rng.random(n_queries) < 0.6, weights.argmax(axis=1), 0)
        cases.append(found_case(weights, right))
    even = np.full((2, 5), 0.2)  # in which no key gets the most
    tied = np.array([[0.3, 0.3, 0.3, 0.05, 0.05], [0.1, 0.1, 0.6, 0.1, 0.1]])
    cases.append(found_case(np.vstack([even, tied]), np.array([2, 3, 1, 2])))
    shared = np.array([[0.5, 0.5], [0.8, 0.2]])  # by two keys, of which one is the right one
    cases += [found_case(shared, np.array([place, 0])) for place in (0, 1)]
    missed = np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
    return [*cases, found_case(missed, np.array([0, 1]))]


THRESHOLDS = (0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)


def at_first(weights, right):
    """`hits` for whoever takes the first of several largest weights for the only one."""
    return weights.argmax(axis=1) == right


def at_last(weights, right):
    return weights.shape[1] - 1 - weights[:, ::-1].argmax(axis=1) == right


def however_found(measure):
    """`measure` of the hits, as they should be and as they come from the first largest weight."""
    return tuple(
        lambda weights, right, found=found: measure(found(weights, right))
        for found in (hits, at_first)
    )


FOUND_MISTAKES = (
    mistake(
        "wrong-axis",
        (
            lambda weights, right: (weights.argmax(axis=0) == right).mean(),
            lambda weights, right: (weights.argmax(axis=0) == right).sum(),
        ),
        "You look for the largest weight of each column: which query looks at a key the most. "
        "`right` speaks of queries, and a query is a row.",
        "In NumPy `axis=0` runs down the columns. Along which axis lie the keys of one query?",
    ),
    mistake(
        "mean-weight",
        (
            lambda weights, right: on_right(weights, right).mean(),
            lambda weights, right: on_right(weights, right).sum(),
        ),
        "{returned} is made of the weights on the right keys themselves: how much they get. What "
        "is asked for is how often they get the most.",
        "Each query counts as 1 or as 0: is its largest weight on the right key, or not?",
    ),
    mistake(
        "counted",
        however_found(np.sum),
        "{returned} is a count. A share lies between 0 and 1, so that texts of different length "
        "can be compared.",
        "{hits} queries found their key. Out of how many?",
    ),
    mistake(
        "percent",
        however_found(lambda hits: 100 * hits.mean()),
        "{returned} is the right share in percent. Here a share lies between 0 and 1.",
        "Leave out the factor of a hundred.",
    ),
    mistake(
        "missed",
        however_found(lambda hits: 1 - hits.mean()),
        "{returned} is the share of queries that missed their key; {expected} of them found it.",
        "You count where two places differ. Count where they agree.",
    ),
    mistake(
        "right-ignored",
        (
            lambda weights, right: at_first(weights, np.arange(len(weights))).mean(),
            lambda weights, right: hits(weights, np.arange(len(weights))).mean(),
        ),
        "{returned} is the share of queries whose largest weight is on the diagonal, as if word i "
        "of one text meant word i of the other. Where the right key stands is in `right`.",
        "The right key of {first} is {first_right}: `right` holds the place of one key for each "
        "query.",
    ),
    mistake(
        "ties",
        lambda weights, right: (on_right(weights, right) == weights.max(axis=1)).mean(),
        "You have {returned}, and {expected} is expected. Here some rows are even, or nearly: the "
        "right key gets as much as others, and you count it as found. A head that gives the same "
        "to every key has found nothing.",
        "Found means: more than every other key. In each row, how many weights are at least as "
        "large as the right key's?",
    ),
    mistake(
        "one-of-several",
        (
            lambda weights, right: at_first(weights, right).mean(),
            lambda weights, right: at_last(weights, right).mean(),
        ),
        "You have {returned}, and {expected} is expected. Here two keys of a row get the most. "
        "Your function looks at one of them, and that happens to be the right key. The other gets "
        "as much, so the right one is not found.",
        "`argmax` gives one place, and does not tell whether another weight is as large. Count, in "
        "each row, the weights that are at least as large as the right key's.",
    ),
    mistake(
        "threshold",
        tuple(
            lambda weights, right, share=share: (on_right(weights, right) > share).mean()
            for share in THRESHOLDS
        ),
        "You have {returned}, and {expected} is expected. You compare the weight on the right key "
        "with a fixed number. With many keys the largest weight can be small, and a large one need "
        "not be the largest.",
        "Compare it with the other weights of its row.",
    ),
    mistake(
        "all-or-nothing",
        however_found(lambda hits: float(hits.all())),
        "Your result is 1 where *all* queries find their key, and else 0. A share is asked for.",
        "One comparison for each query, then the mean of what they give.",
    ),
    mistake(
        "one-query",
        however_found(lambda hits: float(hits[0])) + however_found(lambda hits: float(hits.any())),
        "You return {returned}, which is what {first} alone gives, or one query that succeeds. "
        "There are {n_queries} queries.",
        "If your function has a loop, look at where its `return` stands: is it inside?",
    ),
    mistake(
        "each-query",
        (
            *however_found(lambda hits: hits.astype(float)),
            lambda weights, right: weights.argmax(axis=1),
        ),
        "Your result has {n_queries} entries, one for each query. The share is one number.",
        "With True as 1 and False as 0, the share of Trues is a mean.",
    ),
)
NOT_A_SHARE = Diagnosis(
    "wrong-shape",
    "Your result's shape is {shape}. The share is one number, and its shape is ().",
    "Compare two arrays with a number for each of the {n_queries} queries; then take the mean of "
    "all.",
)
SHARE_NOT_FINITE = Diagnosis(
    "not-finite",
    "Your function returned {returned}, which is not a number one can compare. Here {expected} is "
    "expected.",
    "By what do you divide? The number of queries is never 0.",
)
FOUND_FALLBACK = Diagnosis(
    "unrecognised",
    "You have {returned} where {expected} is expected: {hits} of {n_queries} queries give the "
    "most to their right key. Mark the largest weight of each row, and compare by hand.",
    "`right` holds the place of one key for each query. That key is found where no other weight of "
    "its row is as large.",
    lambda attempt: True,
)

FOUND = FunctionExercise(
    id="alignment-found",
    title="How often is the right word found?",
    stars=1,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *FOUND_MISTAKES,
        functions.RAISED,
        functions.WRONG_TYPE,
        NOT_A_SHARE,
        SHARE_NOT_FINITE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        FOUND_FALLBACK,
    ),
    parameters=("weights", "right"),
    cases=found_cases,
    reference=found,
    result=NumberResult("the share of queries that find their key"),
)

EXERCISES = (CROSS, PADDING_MASK, FOUND, VALUES_FROM)
