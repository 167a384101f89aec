"""The exercises of the chapter "Cache and groups"."""

from itertools import permutations

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import matrix
from attnlib.exercises.fitting_texts import HOW_MANY_TEXTS
from attnlib.exercises.functions import Case, FunctionExercise, mistake
from attnlib.exercises.many_heads import (
    Parts,
    PartsResult,
    StackResult,
    drawn_stack,
    parts_mistake,
    tokens,
)
from attnlib.exercises.mended_cache import MEND

SEED = 15

HIDDEN_BY_ZERO = (
    "You hide by 0: as a score, which is one like any other, or as a weight after the softmax, "
    "whose rows then sum to less than 1."
)


# --- with-cache: the next words, and what is kept for those after them


def grown(x_new, w_q, w_k, w_v, keys, values):
    """The queries of the new words, and the keys and values of all."""
    return x_new @ w_q, np.concatenate([keys, x_new @ w_k]), np.concatenate([values, x_new @ w_v])


def attend_next(*inputs):
    q, k, v = grown(*inputs)
    return Parts((al.attention(q, k, v, causal=True), k, v))


def output_of(change):
    """The way whose output is `change(q, k, v)`, whatever keys and values it returns."""
    return lambda *inputs: (change(*grown(*inputs)), None, None)


def seeing(seen):
    """As if new word i saw the keys where row i of `seen(n_new, n_all)` is true."""
    return output_of(lambda q, k, v: al.attention(q, k, v, mask=seen(len(q), len(k))))


def seeing_nothing_is_nan(seen):
    """The same where a row without keys is divided by 0."""

    def output(q, k, v):
        mask = seen(len(q), len(k))
        powers = np.where(mask, np.exp(q @ k.T / np.sqrt(q.shape[1])), 0.0)
        return powers @ v / powers.sum(axis=1, keepdims=True)

    return output_of(output)


def scaled_by(factor):
    """As if the scores were multiplied by `factor(x_new, q, k, v)`."""

    def way(x_new, *others):
        q, k, v = grown(x_new, *others)
        scale = factor(x_new, q, k, v)
        return al.attention(q, k, v, causal=True, scale=scale), None, None

    return way


def weighted(weights):
    """As if the weights were `weights(scores, seen)`."""

    def output(q, k, v):
        seen = al.causal_mask(len(q), len(k))
        return weights(q @ k.T / np.sqrt(q.shape[1]), seen) @ v

    return output_of(output)


def everything(n_new, n_all):
    return np.ones((n_new, n_all), bool)


def upper_left(n_new, n_all):
    return np.tri(n_new, n_all, dtype=bool)


def without_itself(n_new, n_all):
    return np.tri(n_new, n_all, n_all - n_new - 1, dtype=bool)


def before_alone(n_new, n_all):
    return np.broadcast_to(np.arange(n_all) < n_all - n_new, (n_new, n_all))


def one_ahead(n_new, n_all):
    return np.tri(n_new, n_all, n_all - n_new + 1, dtype=bool)


def new_alone(n_new, n_all):
    return al.causal_mask(n_new, n_all) & ~before_alone(n_new, n_all)


def before_and_itself(n_new, n_all):
    return before_alone(n_new, n_all) | np.eye(n_new, n_all, n_all - n_new, dtype=bool)


def in_front(x_new, w_q, w_k, w_v, keys, values):
    return (
        None,
        np.concatenate([x_new @ w_k, keys]),
        np.concatenate([x_new @ w_v, values]),
    )


def part(which, array):
    """The way in which the part `which` is `array(*inputs)`, and the others are anything."""
    return lambda *inputs: tuple(array(*inputs) if i == which else None for i in range(3))


def permuted(order):
    def way(*inputs):
        arrays = attend_next(*inputs).arrays
        return tuple(arrays[i] for i in order)

    return way


def next_case(x_new, w_q, w_k, w_v, keys, values):
    drawn = (
        matrix("input x_new", x_new, tokens(len(x_new))),
        matrix("input w_q", w_q),
        matrix("input w_k", w_k),
        matrix("input w_v", w_v),
        matrix("input keys", keys),
        matrix("input values", values),
    )
    sizes = {"n_new": len(x_new), "n_before": len(keys), "n_all": len(keys) + len(x_new)}
    sizes |= {"d_head": w_q.shape[1], "last": sizes["n_all"] - 1}
    facts = {name: str(size) for name, size in sizes.items()}
    return Case((x_new, w_q, w_k, w_v, keys, values), (), (), drawn, facts)


def parts_of_a_text(text, matrices, lengths):
    """A case for each part: what stood before it are the keys and values of the whole text."""
    _, w_k, w_v = matrices
    ends = np.cumsum(lengths)
    return [
        next_case(text[start:end], *matrices, text[:start] @ w_k, text[:start] @ w_v)
        for start, end in zip((0, *ends), ends, strict=False)
    ]


def next_cases():
    by_hand = (
        np.array([[1.0, 0.0, 2.0]]),
        np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]),
        np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]]),
        np.array([[1.0, 0.0], [0.0, 2.0]]),
        np.array([[4.0, 0.0], [0.0, 5.0]]),
    )
    rng = np.random.default_rng(SEED)
    cases = [next_case(*by_hand)]
    sizes = ((2, 3, 3, 3, 3), (3, 0, 4, 2, 3), (1, 0, 3, 2, 2), (1, 4, 5, 4, 3), (5, 1, 3, 3, 2))
    for n_new, n_before, d_model, d_head, d_value in sizes:
        shapes = (n_new, d_model), *[(d_model, d_head)] * 2, (d_model, d_value)
        shapes = *shapes, (n_before, d_head), (n_before, d_value)
        cases.append(next_case(*(rng.normal(0, 1, shape) for shape in shapes)))
    text = rng.normal(0, 1, (8, 4))
    matrices = [rng.normal(0, 1, (4, d)) for d in (3, 3, 2)]
    return cases + parts_of_a_text(text, matrices, (3, 1, 4))


def next_mistake(id, ways, hint, stronger):
    """Code often treats the first words apart, or a word alone, and is right there."""
    corners = (
        lambda x_new, w_q, w_k, w_v, keys, values: not len(keys),
        lambda x_new, *others: len(x_new) == 1,
    )
    ways = functions.also_right_in(corners, lambda *inputs: attend_next(*inputs).arrays, ways)
    return parts_mistake(id, ways, hint, stronger)


NEXT_MISTAKES = (
    next_mistake(
        "another-order",
        tuple(permuted(order) for order in permutations(range(3)) if order != (0, 1, 2)),
        "Your three arrays are right, and they stand in another order: {shape}.",
        "First the output, then the keys, then the values.",
    ),
    next_mistake(
        "not-grown",
        (
            part(1, lambda x_new, w_q, w_k, w_v, keys, values: keys),
            part(2, lambda x_new, w_q, w_k, w_v, keys, values: values),
        ),
        "You return keys or values as they came, without those of the new words. The word that "
        "comes after them will not find them.",
        "Rows before: {n_before}. New words: {n_new}. So there are {n_all} rows of keys, and as "
        "many of values.",
    ),
    next_mistake(
        "new-rows-alone",
        (
            part(1, lambda x_new, w_q, w_k, w_v, keys, values: x_new @ w_k),
            part(2, lambda x_new, w_q, w_k, w_v, keys, values: x_new @ w_v),
        ),
        "You return keys or values of the new words alone. What stood before them is lost for the "
        "words to come.",
        "What came in stays, and the new rows are put behind it: {n_before} + {n_new} = {n_all} "
        "rows.",
    ),
    next_mistake(
        "new-rows-in-front",
        (
            lambda *inputs: (None, in_front(*inputs)[1], None),
            lambda *inputs: (None, None, in_front(*inputs)[2]),
        ),
        "You put the rows of the new words in front of those that stood before. In the text they "
        "come after them.",
        "A causal mask counts on this order: row {last} belongs to the last word.",
    ),
    next_mistake(
        "another-matrix",
        (
            part(1, lambda x, w_q, w_k, w_v, keys, values: np.concatenate([keys, x @ w_v])),
            part(1, lambda x, w_q, w_k, w_v, keys, values: np.concatenate([keys, x @ w_q])),
            part(2, lambda x, w_q, w_k, w_v, keys, values: np.concatenate([values, x @ w_k])),
            part(2, lambda x, w_q, w_k, w_v, keys, values: np.concatenate([values, x @ w_q])),
        ),
        "The new rows of your keys or of your values come from another matrix than the rows before "
        "them.",
        "Keys are made by w_k, and values by w_v.",
    ),
    next_mistake(
        "last-word-alone",
        (
            lambda *inputs: (attend_next(*inputs).arrays[0][-1:], None, None),
            lambda *inputs: (attend_next(*inputs).arrays[0][-1], None, None),
        ),
        "Your output is that of the last word alone. Each of the new words has a row, also where "
        "there is one word and one row.",
        "Make queries of all rows of x_new. Here the output has {n_new}.",
    ),
    next_mistake(
        "no-mask",
        seeing(everything),
        "All new words look at all {n_all} words. So a new word sees those that are written after "
        "it. With one new word that does no harm; here are {n_new}.",
        "New word i stands at the place {n_before} + i, and sees the places up to its own.",
    ),
    next_mistake(
        "mask-upper-left",
        seeing(upper_left),
        "Your mask begins at the upper left corner: the first new word sees the first key alone, "
        "as if it were the first word of the text. It stands at the place {n_before}.",
        "The last new word stands at the last key. The triangle moves to the right, by as many "
        "columns as there were keys before.",
    ),
    next_mistake(
        "not-itself",
        tuple(
            way(seen)
            for seen in (before_alone, without_itself)
            for way in (seeing, seeing_nothing_is_nan)
        ),
        "Your new words see what stood before them, and not themselves. The first word of a text "
        "has nothing before it.",
        "New word 0 sees {n_before} keys and its own. Put the new keys and values in before you "
        "look.",
    ),
    next_mistake(
        "one-ahead",
        seeing(one_ahead),
        "Each new word sees one word of the future. With one new word there is none; here are "
        "{n_new}.",
        "New word 0 sees {n_before} keys and its own, and none more.",
    ),
    next_mistake(
        "new-words-alone",
        seeing(new_alone),
        "Your output is made of the new words alone. What stood before has no part in it.",
        "New word 0 sees {n_before} keys and its own.",
    ),
    next_mistake(
        "new-words-apart",
        seeing(before_and_itself),
        "Each of your new words sees what was there before the call, and itself. It does not see "
        "the new words before it.",
        "Of {n_new} new words the last one sees all {n_all} keys.",
    ),
    next_mistake(
        "not-divided",
        (
            scaled_by(lambda *arrays: 1.0),
            output_of(lambda q, k, v: al.attention(q, k, v, scale=1.0)),
        ),
        "Your scores are not divided: the weights are too sharp.",
        "Divide them by the root of d_head = {d_head}, before the softmax.",
    ),
    next_mistake(
        "divided-otherwise",
        tuple(
            scaled_by(factor)
            for factor in (
                lambda x, q, k, v: 1 / np.sqrt(len(k)),
                lambda x, q, k, v: 1 / np.sqrt(len(q)),
                lambda x, q, k, v: 1 / np.sqrt(v.shape[1]),
                lambda x, q, k, v: 1 / np.sqrt(x.shape[1]),
                lambda x, q, k, v: 1 / k.shape[1],
                lambda x, q, k, v: 1 / len(k),
            )
        ),
        "You divide the scores by another number than the root of d_head. How many keys there are "
        "has no part in it, nor how wide a word or a value is.",
        "A query and a key have {d_head} numbers here. Divide by the root of that.",
    ),
    next_mistake(
        "masked-otherwise",
        (
            weighted(lambda scores, seen: al.softmax(np.where(seen, scores, 0.0))),
            weighted(lambda scores, seen: np.where(seen, al.softmax(scores), 0.0)),
        ),
        HIDDEN_BY_ZERO,
        "A hidden score is minus infinity, before the softmax.",
    ),
    next_mistake(
        "other-axis",
        (
            weighted(lambda scores, seen: al.softmax(np.where(seen, scores, -np.inf), axis=0)),
            weighted(lambda scores, seen: al.softmax(scores, axis=0)),
        ),
        "Your softmax runs down the columns. Each new word shares out a weight of 1 among the keys "
        "that it sees: along its row.",
        "The weights are ({n_new}, {n_all}): a row for each new word, and each row sums to 1.",
    ),
    next_mistake(
        "keys-mixed",
        output_of(lambda q, k, v: al.attention(q, k, k, causal=True)),
        "You mix keys. They say where to look; what is passed on are the values.",
        "The weights are right. Multiply them with the other of the two.",
    ),
)
THREE_ARRAYS = Diagnosis(
    "wrong-type",
    "Three arrays are expected, in brackets: {wanted}. Something else came.",
    "Return `output, keys, values`. Whoever calls you hands the keys and the values back with the "
    "next words.",
)
NOT_FINITE = Diagnosis(
    "not-finite",
    "In {name} you have {returned} at {place}, which is not a number one can compare.",
    "Here {expected} is expected. Is there a row that sees nothing? Every word sees itself.",
)
NEXT_FALLBACK = Diagnosis(
    "unrecognised",
    "In {name}, at {place}, you have {returned}, and {expected} is expected. Keys and values grow "
    "from {n_before} rows to {n_all}; then each new word looks at all that stand no later than "
    "itself.",
    "Compare with the whole text: its output is that of causal attention, and the new words are "
    "its end. `al.attention(q, k, v, causal=True)` takes fewer queries than keys: {n_new} and "
    "{n_all} here.",
    lambda attempt: True,
)
OF_PARTS = (
    functions.RAISED,
    THREE_ARRAYS,
    functions.WRONG_SHAPE,
    NOT_FINITE,
    functions.NOT_A_FUNCTION,
    functions.ARGUMENTS,
)

WITH_CACHE = FunctionExercise(
    id="with-cache",
    title="The next words",
    stars=2,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *NEXT_MISTAKES, *OF_PARTS, NEXT_FALLBACK),
    parameters=("x_new", "w_q", "w_k", "w_v", "keys", "values"),
    cases=next_cases,
    reference=attend_next,
    result=PartsResult(("output", "keys", "values")),
    praise="The last three are one text of 8 words, in parts of 3, 1 and 4: together your outputs "
    "are those of the whole text at once.",
)


# --- grouped: several heads share keys and values


def shared(array, n_heads):
    return np.repeat(array, n_heads // len(array), axis=0)


def grouped(q, k, v):
    return al.attention(q, shared(k, len(q)), shared(v, len(q)), causal=True)


def choosing(of_key, of_value=None, causal=True):
    """As if head h used the keys of number `of_key(h, n_heads, n_key_heads)`."""

    def way(q, k, v):
        n_heads, n_key_heads = len(q), len(k)
        keys = [of_key(h, n_heads, n_key_heads) for h in range(n_heads)]
        values = [(of_value or of_key)(h, n_heads, n_key_heads) for h in range(n_heads)]
        return al.attention(q, k[keys], v[values], causal=causal)

    return way


def repeated(h, n_heads, n_key_heads):
    return h * n_key_heads // n_heads


def tiled(h, n_heads, n_key_heads):
    return h % n_key_heads


def first(h, n_heads, n_key_heads):
    return 0


def last(h, n_heads, n_key_heads):
    return n_key_heads - 1


def turned_round(h, n_heads, n_key_heads):
    return n_key_heads - 1 - repeated(h, n_heads, n_key_heads)


def by_the_number_of_key_heads(h, n_heads, n_key_heads):
    return h // n_key_heads


def attending(**options):
    """Shared rightly, and then `al.attention` with these options."""
    return lambda q, k, v: al.attention(q, shared(k, len(q)), shared(v, len(q)), **options)


def seen_by(mask):
    return lambda q, k, v: attending(mask=mask(q.shape[1]))(q, k, v)


def divided_by(size):
    return lambda q, k, v: attending(causal=True, scale=1 / size(q, k, v))(q, k, v)


def weighing(weights):
    """Shared rightly, and then `weights(scores, seen)`, all heads at once."""

    def way(q, k, v):
        scores = q @ shared(k, len(q)).swapaxes(1, 2) / np.sqrt(q.shape[2])
        return weights(scores, al.causal_mask(q.shape[1])) @ shared(v, len(q))

    return way


def joined_keys(join):
    return lambda q, k, v: al.attention(q, join(k)[None], join(v)[None], causal=True)


def mean_of_keys_alone(q, k, v):
    return al.attention(q, k.mean(axis=0)[None], shared(v, len(q)), causal=True)


def mean_of_outputs(q, k, v):
    return al.attention(q[:, None], k[None], v[None], causal=True).mean(axis=1)


def of_heads(change):
    return lambda q, k, v: change(grouped(q, k, v))


def of_groups(change):
    """`change` of the output with an axis for key heads and one for those that share each."""
    return lambda q, k, v: change(grouped(q, k, v).reshape(len(k), -1, *q.shape[1:2], v.shape[2]))


def of_queries(change):
    """As if the queries of each group became one, by `change`."""

    def way(q, k, v):
        groups = q.reshape(len(k), -1, *q.shape[1:])
        return al.attention(change(groups), k, v, causal=True)

    return way


def grouped_case(q, k, v):
    n_heads, n, _ = q.shape
    drawn = drawn_stack("input q", q) + drawn_stack("input k", k) + drawn_stack("input v", v)
    sizes = {"n_heads": n_heads, "n_key_heads": len(k), "group": n_heads // len(k), "n": n}
    sizes |= {"d_head": q.shape[2], "last": n_heads - 1, "last_of": len(k) - 1}
    columns = tuple(map(str, range(v.shape[2])))
    return Case((q, k, v), tokens(n), columns, drawn, {a: str(b) for a, b in sizes.items()})


def grouped_cases():
    rng = np.random.default_rng(SEED)
    sizes = (
        *((4, 2, 3, 2, 2), (6, 3, 4, 4, 3), (6, 2, 4, 3, 3), (4, 1, 5, 2, 3)),
        *((4, 4, 3, 2, 1), (8, 4, 2, 2, 4), (1, 1, 4, 3, 2)),
    )
    cases = []
    for n_heads, n_key_heads, n, d_head, d_value in sizes:
        shapes = (n_heads, n, d_head), (n_key_heads, n, d_head), (n_key_heads, n, d_value)
        cases.append(grouped_case(*(rng.normal(0, 2, shape).round(1) for shape in shapes)))
    return cases


GROUPED_MISTAKES = (
    mistake(
        "tile",
        (choosing(tiled), choosing(tiled, causal=False)),
        "Your heads take turns: head 0 uses key head 0, head 1 uses key head 1, and then it begins "
        "again. Neighbours are to share.",
        "Here are groups of {group}. Which function repeats each item before it goes on to the "
        "next?",
    ),
    mistake(
        "keys-and-values-apart",
        (choosing(tiled, repeated), choosing(repeated, tiled)),
        "Keys and values are shared out in two ways: one of them repeats each item, the other "
        "takes turns. So a head reads the keys of one key head and mixes the values of another.",
        "Whatever a head does with keys it does with values: groups of {group} neighbours.",
    ),
    mistake(
        "one-key-head",
        (
            *(choosing(number) for number in (first, last)),
            *(choosing(*two) for two in ((repeated, first), (first, repeated))),
        ),
        "All your heads use one and the same key head, for keys, for values, or for both. There "
        "are {n_key_heads}.",
        "Head {last} uses key head {last_of}.",
    ),
    mistake(
        "by-key-heads",
        choosing(by_the_number_of_key_heads),
        "You divide the number of a head by how many key heads there are. Divide by how many heads "
        "share one.",
        "{n_heads} heads with {n_key_heads} key heads: groups of {group}. Head {last} uses key "
        "head {last_of}.",
    ),
    mistake(
        "turned-round",
        choosing(turned_round),
        "Your groups are right, in the opposite order.",
        "Head 0 uses key head 0, and head {last} uses key head {last_of}.",
    ),
    mistake(
        "another-order",
        (
            of_heads(lambda heads: heads[::-1]),
            of_groups(lambda groups: groups.swapaxes(0, 1).reshape(-1, *groups.shape[2:])),
            of_groups(lambda groups: groups[:, ::-1].reshape(-1, *groups.shape[2:])),
        ),
        "The output of each head is right, and the heads stand in another order.",
        "Heads come out as they went in: what q[0] sees comes first.",
    ),
    mistake(
        "groups-left",
        (of_groups(lambda groups: groups), of_groups(lambda groups: groups.swapaxes(0, 1))),
        "Your result has an axis for groups and one for the heads of a group: {shape}. One axis "
        "for all {n_heads} heads is asked for.",
        "`reshape` joins two axes that stand beside each other, the key heads first.",
    ),
    mistake(
        "mean-of-keys",
        (
            joined_keys(lambda stack: stack.mean(axis=0)),
            joined_keys(lambda stack: stack.sum(axis=0)),
            mean_of_keys_alone,
        ),
        "You take the mean or the sum over the key heads. Then no two of them could look for "
        "different things.",
        "Each head uses one key head, as it is: a group of {group} neighbours uses the same.",
    ),
    mistake(
        "mean-of-outputs",
        (mean_of_outputs, lambda q, k, v: mean_of_outputs(q, k, v) * len(k)),
        "Each of your heads looks with all key heads, and you take the mean or the sum of what "
        "comes out. A head has one key head.",
        "Here are {n_heads} heads in groups of {group}: {n_heads} patterns, and not {n_heads} "
        "times {n_key_heads}.",
    ),
    mistake(
        "queries-joined",
        (
            of_queries(lambda groups: groups.mean(axis=1)),
            of_queries(lambda groups: groups.sum(axis=1)),
            of_queries(lambda groups: groups[:, 0]),
            lambda q, k, v: al.attention(q[: len(k)], k, v, causal=True),
        ),
        "One output comes from each key head: {shape}. Only keys and values are shared. Each head "
        "keeps its queries, and has a pattern of its own.",
        "There are {n_heads} heads of queries: as many come out.",
    ),
    mistake(
        "heads-joined",
        (
            of_heads(lambda heads: heads.sum(axis=0)),
            of_heads(lambda heads: heads.mean(axis=0)),
            of_heads(lambda heads: np.concatenate(heads, axis=-1)),
        ),
        "You put the heads together: {shape}. The output of each is asked for.",
        "{n_heads} heads, each with a row for each of {n} tokens.",
    ),
    mistake(
        "tokens-first",
        of_heads(lambda heads: heads.swapaxes(0, 1)),
        "Your tokens come first: {shape}. The heads are to come first, as in q.",
        "{n_heads} heads, each with a row for each of {n} tokens.",
    ),
    mistake(
        "not-causal",
        attending(),
        "Your tokens see the future. Attention is causal here.",
        "Token 0 sees itself alone: its output is its own value, in every head.",
    ),
    mistake(
        "masked-otherwise",
        (
            seen_by(lambda n: np.tri(n, k=-1, dtype=bool)),
            seen_by(lambda n: np.tri(n, k=1, dtype=bool)),
            seen_by(lambda n: ~np.tri(n, k=-1, dtype=bool)),
        ),
        "Your mask is not the causal one. A token is to see itself and what stands before it, and "
        "no more.",
        "Token 0 sees itself alone: its output is its own value, in every head.",
    ),
    mistake(
        "hidden-by-zero",
        (
            weighing(lambda scores, seen: al.softmax(np.where(seen, scores, 0.0))),
            weighing(lambda scores, seen: np.where(seen, al.softmax(scores), 0.0)),
        ),
        HIDDEN_BY_ZERO,
        "A hidden score is minus infinity, before the softmax. Token 0 sees itself alone: its "
        "output is its own value, in every head.",
    ),
    mistake(
        "other-axis",
        tuple(
            weighing(
                lambda scores, seen, axis=axis, hidden=hidden: al.softmax(
                    np.where(seen, scores, hidden), axis=axis
                )
            )
            for axis in (0, 1)
            for hidden in (-np.inf, -1e9)
        ),
        "Your softmax runs down the columns, or over the heads. Each token shares out a weight of "
        "1 among the keys that it sees, in each head.",
        "With all heads at once the scores are ({n_heads}, {n}, {n}): heads, queries, keys. Along "
        "which of these do the weights of one token sum to 1?",
    ),
    mistake(
        "not-divided",
        divided_by(lambda q, k, v: 1.0),
        "Your scores are not divided: the weights are too sharp.",
        "Divide them by the root of d_head = {d_head}, before the softmax.",
    ),
    mistake(
        "divided-otherwise",
        (
            divided_by(lambda q, k, v: q.shape[2]),
            divided_by(lambda q, k, v: np.sqrt(q.shape[1])),
            divided_by(lambda q, k, v: np.sqrt(len(q))),
            divided_by(lambda q, k, v: np.sqrt(len(k))),
            divided_by(lambda q, k, v: np.sqrt(v.shape[2])),
            divided_by(lambda q, k, v: np.sqrt(len(q) * q.shape[2])),
            divided_by(lambda q, k, v: np.sqrt(len(q) // len(k) * q.shape[2])),
        ),
        "You divide the scores by another number than the root of d_head. How many heads share a "
        "key head has no part in it.",
        "A query and a key of one head have {d_head} numbers here. Divide by the root of that.",
    ),
    mistake(
        "keys-mixed",
        lambda q, k, v: al.attention(q, *[shared(k, len(q))] * 2, causal=True),
        "You mix keys. They say where to look; what is passed on are the values.",
        "The weights are right. Multiply them with the other of the two.",
    ),
)
GROUPED_FALLBACK = Diagnosis(
    "unrecognised",
    "In head {head}, {row}, column {column} you have {returned}, and {expected} is expected. "
    "{n_heads} heads have {n_key_heads} key heads: groups of {group} neighbours share one.",
    "Head h uses number h // {group} of k and of v. With these it is a causal head like any other.",
    lambda attempt: True,
)

GROUPED = FunctionExercise(
    id="grouped",
    title="Grouped attention",
    stars=2,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *GROUPED_MISTAKES, *functions.OF_FORM, GROUPED_FALLBACK),
    parameters=("q", "k", "v"),
    cases=grouped_cases,
    reference=grouped,
    result=StackResult("heads, tokens, the width of a value"),
)


# --- absorb: keys and values that are never made


def absorb(w_q, w_k_up, w_v_up, w_o):
    """DeepSeek-AI (2024), "DeepSeek-V2", section 2.1.2: both matrices of one head."""
    return Parts((w_q @ w_k_up.T, w_v_up @ w_o))


def w_in_as(change):
    return lambda *matrices: (change(*matrices), None)


def w_out_as(change):
    return lambda *matrices: (None, change(*matrices))


def scaled_in(size):
    return w_in_as(lambda w_q, w_k_up, w_v_up, w_o: w_q @ w_k_up.T / size(w_q, w_k_up))


def absorb_case(w_q, w_k_up, w_v_up, w_o):
    (d_model, d_head), (d_latent, d_value) = w_q.shape, w_v_up.shape
    matrices = {"w_q": w_q, "w_k_up": w_k_up, "w_v_up": w_v_up, "w_o": w_o}
    drawn = tuple(matrix(f"input {name}", each) for name, each in matrices.items())
    sizes = {"d_model": d_model, "d_head": d_head, "d_latent": d_latent, "d_value": d_value}
    return Case(tuple(matrices.values()), (), (), drawn, {a: str(b) for a, b in sizes.items()})


def absorb_cases():
    # Three sizes are alike in the first, so that more than shapes can be wrong.
    by_hand = (
        np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]]),
        np.array([[1.0, 2.0], [0.0, 1.0]]),
        np.array([[1.0, 0.0], [3.0, 1.0]]),
        np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]]),
    )
    rng = np.random.default_rng(SEED)
    cases = [absorb_case(*by_hand)]
    for d_model, d_head, d_latent, d_value in ((3, 3, 3, 3), (5, 4, 2, 3), (4, 2, 3, 2), DEEP):
        shapes = (d_model, d_head), (d_latent, d_head), (d_latent, d_value), (d_value, d_model)
        cases.append(absorb_case(*(rng.normal(0, 1, shape).round(1) for shape in shapes)))
    return cases


DEEP = (16, 8, 3, 6)  # d_model, d_head, d_latent, d_value

ABSORB_MISTAKES = (
    parts_mistake(
        "exchanged",
        lambda *matrices: absorb(*matrices).arrays[::-1],
        "Your two matrices are right, and have changed places: {shape}.",
        "First what turns words into queries for latents, then what leads from latents to words.",
    ),
    parts_mistake(
        "w-in-turned",
        w_in_as(lambda w_q, w_k_up, w_v_up, w_o: w_k_up @ w_q.T),
        "Your w_in is turned over: it leads from {d_latent} latent numbers to {d_model}. It stands "
        "to the right of x, whose rows have {d_model}.",
        "`x @ w_in @ c.T` are the scores, and a row of c has {d_latent} numbers: w_in is "
        "({d_model}, {d_latent}).",
    ),
    parts_mistake(
        "w-out-turned",
        w_out_as(lambda w_q, w_k_up, w_v_up, w_o: (w_v_up @ w_o).T),
        "Your w_out is turned over: it has to lead from {d_latent} latent numbers to {d_model}.",
        "A mixture of latents is a row, and stands to the left of w_out: ({d_latent}, {d_model}).",
    ),
    parts_mistake(
        "key-not-turned",
        w_in_as(lambda w_q, w_k_up, w_v_up, w_o: w_q @ w_k_up),
        "You multiply w_q by w_k_up as it is. Scores are q times k turned over, and k is "
        "c @ w_k_up.",
        "(c @ w_k_up).T is w_k_up.T @ c.T. What stands between x and c.T?",
    ),
    parts_mistake(
        "value-turned",
        w_out_as(lambda w_q, w_k_up, w_v_up, w_o: w_v_up.T @ w_o),
        "In w_out you turn w_v_up over. On the way from latents to words nothing is turned over.",
        "A value is c @ w_v_up, and what it adds is c @ w_v_up @ w_o.",
    ),
    parts_mistake(
        "divided",
        tuple(
            scaled_in(size)
            for size in (
                lambda w_q, w_k_up: 1 / np.sqrt(w_q.shape[1]),
                lambda w_q, w_k_up: np.sqrt(w_q.shape[1]),
                lambda w_q, w_k_up: np.sqrt(w_k_up.shape[0]),
                lambda w_q, w_k_up: np.sqrt(w_q.shape[0]),
                lambda w_q, w_k_up: w_q.shape[1],
                lambda w_q, w_k_up: w_k_up.shape[0],
            )
        ),
        "Your w_in is divided or multiplied by a size. `x @ w_in @ c.T` are to be the scores "
        "before they are divided.",
        "Leave it out. Whoever divides later takes the root of d_head = {d_head}, and not of "
        "d_latent: the scores are the same numbers as before.",
    ),
    parts_mistake(
        "keys-for-values",
        (
            w_in_as(lambda w_q, w_k_up, w_v_up, w_o: w_q @ w_v_up.T),
            w_out_as(lambda w_q, w_k_up, w_v_up, w_o: w_k_up @ w_o),
        ),
        "You took w_k_up for w_v_up, or the other way round. Scores are made of queries and keys; "
        "what is passed on, of values and w_o.",
        "w_q and w_k_up make w_in; w_v_up and w_o make w_out.",
    ),
    parts_mistake(
        "nothing-absorbed",
        (
            w_in_as(lambda w_q, w_k_up, w_v_up, w_o: w_q),
            w_in_as(lambda w_q, w_k_up, w_v_up, w_o: w_k_up),
            w_out_as(lambda w_q, w_k_up, w_v_up, w_o: w_o),
            w_out_as(lambda w_q, w_k_up, w_v_up, w_o: w_v_up),
        ),
        "One of your matrices is an input, as it came. Two are to become one.",
        "w_in is ({d_model}, {d_latent}) and w_out ({d_latent}, {d_model}). Neither d_head = "
        "{d_head} nor d_value = {d_value} is left.",
    ),
)
TWO_MATRICES = Diagnosis(
    "wrong-type",
    "Two matrices are expected, in brackets: {wanted}. Something else came.",
    "Between the two stands the softmax: they cannot be multiplied into one.",
)
ABSORB_NOT_FINITE = Diagnosis(
    "not-finite",
    "In {name} you have {returned} at {place}, which is not a number one can compare.",
    "Here {expected} is expected. Nothing has to be divided, and nothing inverted.",
)
ABSORB_FALLBACK = Diagnosis(
    "unrecognised",
    "In {name}, at {place}, you have {returned}, and {expected} is expected. Write the scores as "
    "one product, x @ w_q @ (c @ w_k_up).T, and what is passed on as another, c @ w_v_up @ w_o.",
    "Take the brackets away: (c @ w_k_up).T is w_k_up.T @ c.T. Then multiply what stands beside "
    "each other and depends on no word.",
    lambda attempt: True,
)
OF_PAIR = (
    functions.RAISED,
    TWO_MATRICES,
    functions.WRONG_SHAPE,
    ABSORB_NOT_FINITE,
    functions.NOT_A_FUNCTION,
    functions.ARGUMENTS,
)

ABSORB = FunctionExercise(
    id="absorb",
    title="One matrix in place of two",
    stars=2,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *ABSORB_MISTAKES, *OF_PAIR, ABSORB_FALLBACK),
    parameters=("w_q", "w_k_up", "w_v_up", "w_o"),
    cases=absorb_cases,
    reference=absorb,
    result=PartsResult(("w_in", "w_out")),
    praise="In the last of them a head keeps {2} numbers of each word, where a key and a value "
    "would be {1} and {3}: neither of these sizes is left.".format(*DEEP),
)


EXERCISES = (WITH_CACHE, GROUPED, ABSORB, HOW_MANY_TEXTS, MEND)
