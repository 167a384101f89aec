"""The exercises of the chapter "A real model"."""

from dataclasses import dataclass

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis, describe
from attnlib.exercises.drawing import Drawing, matrix, number
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake
from attnlib.exercises.training import given, places, words

SEED = 13
EPSILON = 1e-5


# --- rms-norm: every row to a root mean square of 1, then the gains


def rms_norm(x, gain):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPSILON) * gain


def divided_by(size):
    """`x` divided by `size(x)`, and each column multiplied by its gain."""
    return lambda x, gain: x / size(x) * gain


def mean_square(x, axis=-1):
    return (x**2).mean(axis=axis, keepdims=True) + EPSILON


def layer_norm(x, gain):
    return rms_norm(x - x.mean(axis=-1, keepdims=True), gain)


def norm_case(x, gain):
    columns = tuple(f"column {i}" for i in range(len(gain)))
    drawn = (
        matrix("input x", x, places(len(x)), columns),
        matrix("input gain", gain, ("gain",), columns),
    )
    facts = {
        "n": str(len(x)),
        "d_model": str(len(gain)),
        "square": number(mean_square(x)[0, 0]),
        "root": number(np.sqrt(mean_square(x)[0, 0])),
        "gain": number(gain[0]),
        "first": number(x[0, 0]),
    }
    return Case((x, gain), places(len(x)), columns, drawn, facts)


def norm_cases():
    by_hand = np.array([[3.0, 4.0, 0.0, 0.0], [1.0, -1.0, 1.0, -1.0], [0.0, 0.0, 2.0, 0.0]])
    cases = [norm_case(by_hand, np.array([1.0, 2.0, 0.5, 1.0]))]
    rng = np.random.default_rng(SEED)
    for n, d_model, size in ((1, 5, 1.0), (4, 4, 30.0), (5, 3, 0.002), (2, 7, 1.0)):
        cases.append(
            norm_case(rng.normal(0.5, 1, (n, d_model)) * size, rng.uniform(0.2, 2, d_model))
        )
    return [*cases, norm_case(np.zeros((2, 3)), np.array([1.0, 2.0, 3.0]))]


NORM_MISTAKES = (
    mistake(
        "mean-taken-away",
        (layer_norm, lambda x, gain: layer_norm(x, gain) + x.mean(axis=-1, keepdims=True)),
        "You take the mean of each row away first. That is layer normalisation; this one leaves "
        "the mean where it is.",
        "Square, mean, root: the mean square of row 0 as it came is {square}.",
    ),
    mistake(
        "other-axis",
        (
            divided_by(lambda x: np.sqrt(mean_square(x, 0))),
            divided_by(lambda x: np.sqrt(mean_square(x, None))),
        ),
        "You divide by a size that belongs to a column, or to the whole of x. Each row has a size "
        "of its own: tokens do not know of each other here.",
        "The mean is over the {d_model} numbers of a row, and there are {n} rows. `keepdims` keeps "
        "it as a column.",
    ),
    mistake(
        "no-root",
        divided_by(mean_square),
        "You divide by the mean square itself: {square} for row 0. Its root is expected.",
        "A row that is ten times as large must come out the same. With the square it comes out "
        "ten times smaller.",
    ),
    mistake(
        "sum",
        (
            divided_by(lambda x: np.sqrt((x**2).sum(axis=-1, keepdims=True) + EPSILON)),
            divided_by(lambda x: np.sqrt((x**2).sum(axis=-1, keepdims=True))),
        ),
        "You divide by the length of each row, the root of the sum of squares. The root of the "
        "*mean* is expected, so that a number of the row is about 1, however many there are.",
        "Row 0 has {d_model} numbers, and their mean square is {square}.",
    ),
    mistake(
        "mean-size",
        divided_by(lambda x: np.abs(x).mean(axis=-1, keepdims=True) + EPSILON),
        "You divide by the mean size, without squares. Large numbers count for more in a root mean "
        "square: it is {root} for row 0.",
        "First square, then the mean, then the root.",
    ),
    mistake(
        "no-gain",
        lambda x, gain: rms_norm(x, 1.0),
        "Your rows have a root mean square of 1, as they should, and the gain is missing: column "
        "{column} of row {row} is {returned}, and {expected} is expected.",
        "Column 0 is multiplied by {gain}.",
    ),
    mistake(
        "gain-first",
        (
            lambda x, gain: rms_norm(x * gain, 1.0),
            lambda x, gain: x * gain / np.sqrt(mean_square(x * gain)),
        ),
        "You multiply by the gain first and normalise then. So the gain takes part in the size, "
        "and much of it is divided away again.",
        "The root mean square is that of x alone: {root} for row 0. The gain comes last.",
    ),
    mistake(
        "no-epsilon",
        lambda x, gain: x / np.sqrt((x**2).mean(axis=-1, keepdims=True)) * gain,
        "Your rows are right where they are large. Where a row is nearly 0, or is 0, the small "
        "number that is added to the mean square matters: row {row} is off.",
        "Add 1e-5 to the mean of the squares, before the root.",
    ),
    mistake(
        "epsilon-outside",
        divided_by(lambda x: np.sqrt((x**2).mean(axis=-1, keepdims=True)) + EPSILON),
        "You add 1e-5 to the root. It is added to the mean square, inside the root.",
        "Where a row is small the two differ: the root of 1e-5 is about 0.003.",
    ),
)
NORM_FALLBACK = Diagnosis(
    "unrecognised",
    "Row {row}, column {column} is {returned}, and {expected} is expected. Work row 0 out by hand: "
    "the mean of its squares, the root of that.",
    "The mean square of row 0 is {square} and its root {root}. The first number, {first}, is "
    "divided by that and multiplied by {gain}.",
    lambda attempt: True,
)

NORM = FunctionExercise(
    id="rms-norm",
    title="Normalise",
    stars=1,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *NORM_MISTAKES, *functions.OF_FORM, NORM_FALLBACK),
    parameters=("x", "gain"),
    cases=norm_cases,
    reference=rms_norm,
    result=ArrayResult("a row for each token, as in x"),
)


# --- shared-keys: neighbours share


def shared_keys(keys, n_heads):
    return np.repeat(keys, n_heads // len(keys), axis=0)


@dataclass(frozen=True)
class StackResult(ArrayResult):
    """Keys of each head; what is wrong is told by its head."""

    def facts(self, case, result, expected):
        facts = super().facts(case, result, expected)
        if result is None or result.shape != expected.shape:
            return facts | {"head": "?"}
        return facts | {"head": str(functions.first_wrong(result, expected)[0])}

    def message(self, facts):
        return "The keys of head {head} are not those expected.".format(**facts)

    def draw(self, case, result, expected):
        if result.shape != expected.shape:
            return ()
        rows = tuple(f"head {h}" for h in range(len(expected)))
        return (
            matrix("your keys of token 0", result[:, 0], rows),
            matrix("expected keys of token 0", expected[:, 0], rows),
        )


def keys_case(keys, n_heads):
    n_kv_heads, n, d_head = keys.shape
    drawn = tuple(matrix(f"input keys[{i}]", each, places(n)) for i, each in enumerate(keys))
    facts = {
        "n_heads": str(n_heads),
        "n_kv_heads": str(n_kv_heads),
        "group": str(n_heads // n_kv_heads),
        "last": str(n_heads - 1),
        "last_of": str(n_kv_heads - 1),
    }
    columns = tuple(f"column {i}" for i in range(d_head))
    return Case((keys, n_heads), places(n), columns, drawn, facts)


def keys_cases():
    rng = np.random.default_rng(SEED)
    sizes = ((2, 2, 2, 4), (3, 4, 2, 9), (1, 3, 5, 4), (4, 2, 3, 4), (2, 6, 3, 6))
    return [
        keys_case(rng.integers(-9, 10, size[:3]).astype(float), n_heads) for *size, n_heads in sizes
    ]


KEYS_MISTAKES = (
    mistake(
        "tile",
        (
            lambda keys, n_heads: np.tile(keys, (n_heads // len(keys), 1, 1)),
            lambda keys, n_heads: np.concatenate([keys] * (n_heads // len(keys))),
            lambda keys, n_heads: keys[np.arange(n_heads) % len(keys)],
        ),
        "You lay all keys one after the other and begin again: neighbouring heads get different "
        "ones. Neighbours are to share.",
        "Here heads 0 to {group}, without {group} itself, use number 0. Which function repeats "
        "each item before it goes on to the next?",
    ),
    mistake(
        "other-axis",
        (
            lambda keys, n_heads: np.repeat(keys, n_heads // len(keys), axis=1),
            lambda keys, n_heads: np.repeat(keys, n_heads // len(keys), axis=2),
            lambda keys, n_heads: np.repeat(keys, n_heads // len(keys)),
            lambda keys, n_heads: np.repeat(keys, n_heads // len(keys), axis=1).reshape(
                n_heads, *keys.shape[1:]
            ),
        ),
        "You repeat tokens or columns: your shape is {shape}. It is the keys of a whole head that "
        "are to be repeated, along the first axis.",
        "keys[0] is what heads 0 and its neighbours use, whole.",
    ),
    mistake(
        "repeated-n-heads-times",
        lambda keys, n_heads: np.repeat(keys, n_heads, axis=0),
        "You repeat each of the {n_kv_heads} n_heads times. That makes {n_heads} times "
        "{n_kv_heads} heads, and there are {n_heads}.",
        "Each serves n_heads // n_kv_heads heads: {group} here.",
    ),
    mistake(
        "not-shared",
        lambda keys, n_heads: keys,
        "You return the keys as they came: {n_kv_heads} of them, for {n_heads} heads.",
        "Head {last} needs keys too: those of number {last_of}.",
    ),
    mistake(
        "reversed",
        lambda keys, n_heads: shared_keys(keys, n_heads)[::-1],
        "Your groups are right, in the opposite order.",
        "Head 0 uses number 0, and head {last} number {last_of}.",
    ),
)
KEYS_FALLBACK = Diagnosis(
    "unrecognised",
    "The keys of head {head} are not those expected. Head h uses number h // {group} here.",
    "Write the numbers down for h from 0 to {last}, then take these of the first axis of keys.",
    lambda attempt: True,
)

KEYS = FunctionExercise(
    id="shared-keys",
    title="Share the keys",
    stars=2,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *KEYS_MISTAKES, *functions.OF_FORM, KEYS_FALLBACK),
    parameters=("keys", "n_heads"),
    cases=keys_cases,
    reference=shared_keys,
    result=StackResult("keys for each head, each token"),
)


# --- loss-by-position: how well each place is guessed


def surprises(logits, ids, shift=1):
    """Of each place but the first `shift`, in each text."""
    n = ids.shape[1]
    return -np.log(given(al.softmax(logits[:, : n - shift]), ids[:, shift:]))


def loss_by_position(logits, ids):
    return surprises(logits, ids).mean(axis=0)


def position_case(logits, ids):
    n_texts, n, n_vocab = logits.shape
    texts = tuple(f"text {i}" for i in range(n_texts))
    drawn = (
        matrix("input logits, of text 0", logits[0], places(n), words(n_vocab)),
        matrix("input ids", ids, texts, places(n), decimals=0),
    )
    facts = {
        "n": str(n),
        "n_texts": str(n_texts),
        "backs": str(n - 1),
        "next": str(ids[0, 1]),
        "p": number(al.softmax(logits[0, 0])[ids[0, 1]]),
        "surprise": number(surprises(logits, ids)[0, 0]),
    }
    return Case((logits, ids), ("loss",), places(n)[1:], drawn, facts)


def position_cases():
    rng = np.random.default_rng(SEED)
    return [
        position_case(rng.normal(0, 2, (n_texts, n, n_vocab)), rng.integers(0, n_vocab, size))
        for size in ((2, 3), (1, 5), (4, 4), (5, 2), (3, 7))
        for n_texts, n, n_vocab in ((*size, size[0] + 2),)
    ]


def of_logs(change):
    """`change` of the logarithms that the guesses gave to what came, `(n_texts, n - 1)`."""
    return lambda logits, ids: change(-surprises(logits, ids))


POSITION_MISTAKES = (
    mistake(
        "own-place",
        (
            lambda logits, ids: surprises(logits, ids, 0).mean(axis=0),
            lambda logits, ids: surprises(logits, ids, 0).mean(axis=0)[1:],
            lambda logits, ids: surprises(logits, ids, 0).mean(axis=0)[:-1],
        ),
        "You compare the logits at a position with the piece at the same position. That piece has "
        "been read already: the logits are about the next one.",
        "The logits at place 0 are about the piece at place 1: number {next} in text 0, which got "
        "{p}.",
    ),
    mistake(
        "backwards",
        lambda logits, ids: -np.log(given(al.softmax(logits[:, 1:]), ids[:, :-1])).mean(axis=0),
        "You compare the logits at a position with the piece before it.",
        "The logits at place 0 are about the piece at place 1: number {next} in text 0, which got "
        "{p}.",
    ),
    mistake(
        "over-positions",
        (
            lambda logits, ids: surprises(logits, ids).mean(axis=1),
            lambda logits, ids: surprises(logits, ids).mean(),
        ),
        "You take the mean over positions. Each of the {backs} positions is to keep its own mean, "
        "over the {n_texts} texts.",
        "Surprises are an array, texts by positions. Texts are axis 0.",
    ),
    mistake(
        "summed",
        lambda logits, ids: surprises(logits, ids).sum(axis=0),
        "You add the texts up: {returned} for the first wrong position, where the mean, "
        "{expected}, is expected.",
        "There are {n_texts} texts here.",
    ),
    mistake(
        "sign",
        of_logs(lambda logs: logs.mean(axis=0)),
        "Only the sign is wrong: a surprise is not negative.",
        "The logarithm of {p} has a minus before it.",
    ),
    mistake(
        "bits",
        of_logs(lambda logs: -logs.mean(axis=0) / np.log(2)),
        "You measure in bits; nats are expected.",
        "The natural logarithm of {p} is {surprise} without its sign.",
    ),
    mistake(
        "log-of-mean",
        of_logs(lambda logs: -np.log(np.exp(logs).mean(axis=0))),
        "You take the logarithm of the mean probability. Each text has a surprise of its own; the "
        "mean comes last.",
        "In text 0 it is {surprise} at place 1.",
    ),
    mistake(
        "no-softmax",
        (
            lambda logits, ids: -given(logits[:, :-1], ids[:, 1:]).mean(axis=0),
            lambda logits, ids: -np.log(given(logits[:, :-1], ids[:, 1:])).mean(axis=0),
        ),
        "You take logits for probabilities, or for their logarithms. A softmax over the words "
        "makes probabilities of them.",
        "The piece at place 1 of text 0 got the probability {p}.",
    ),
    mistake(
        "best-word",
        lambda logits, ids: -np.log(al.softmax(logits[:, :-1]).max(axis=-1)).mean(axis=0),
        "You take the largest probability of each place, whatever came.",
        "At place 1 of text 0 came piece {next}, which got {p}.",
    ),
    mistake(
        "last-kept",
        (
            lambda logits, ids: np.append(loss_by_position(logits, ids), 0.0),
            lambda logits, ids: np.insert(loss_by_position(logits, ids), 0, 0.0),
        ),
        "Your result has {n} numbers. Nothing in the text was guessed for its first piece, and "
        "what comes after its last is not known: {backs} are expected.",
        "Leave out the zero.",
    ),
)
POSITION_FALLBACK = Diagnosis(
    "unrecognised",
    "At {column} your function gives {returned}, and {expected} is expected. Begin with text 0 and "
    "place 1: there came piece {next}.",
    "The logits at place 0 gave it {p}: a surprise of {surprise}. The mean over the {n_texts} "
    "texts is the first number.",
    lambda attempt: True,
)

POSITION = FunctionExercise(
    id="loss-by-position",
    title="Loss by position",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *POSITION_MISTAKES,
        *functions.OF_FORM,
        POSITION_FALLBACK,
    ),
    parameters=("logits", "ids"),
    cases=position_cases,
    reference=loss_by_position,
    result=ArrayResult("a loss for each position from the second on"),
)


# --- carrying-layers: where the name is read


def layer_edges(layer, query, keys):
    return [(layer, query, key) for key in keys]


def where_layers(holds):
    """The function that finds the layers for which `holds(chance cut there alone, whole)`."""

    def found(chance, n_layers, query, keys):
        whole = chance([])
        cut = [chance(layer_edges(layer, query, keys)) for layer in range(n_layers)]
        return np.array([n for n, left in enumerate(cut) if holds(left, whole)], dtype=float)

    return found


carrying = where_layers(lambda left, whole: left < whole / 2)


def key_by_key(every):
    """Edges cut one at a time: a layer counts where `every` one, or any, halves the chance."""

    def found(chance, n_layers, query, keys):
        halved = [
            [chance([(layer, query, key)]) < chance([]) / 2 for key in keys]
            for layer in range(n_layers)
        ]
        return np.flatnonzero([(all if every else any)(each) for each in halved]).astype(float)

    return found


def every_edge_cut(onwards):
    """All edges of the query in a layer are cut, whatever `keys` are: up to the query's own."""

    def found(chance, n_layers, query, keys):
        return carrying(chance, n_layers, query, list(range(query + onwards)))

    return found


def others_cut(chance, n_layers, query, keys):
    edges = {layer: layer_edges(layer, query, keys) for layer in range(n_layers)}
    left = [
        chance([edge for other, some in edges.items() if other != layer for edge in some])
        for layer in range(n_layers)
    ]
    return np.flatnonzero(np.array(left) >= chance([]) / 2).astype(float)


def one_after_the_other(chance, n_layers, query, keys):
    cut, found = [], []
    for layer in range(n_layers):
        before = chance(cut)
        cut = cut + layer_edges(layer, query, keys)
        if chance(cut) < before / 2:
            found.append(layer)
    return np.array(found, dtype=float)


def from_one(chance, n_layers, query, keys):
    return carrying(chance, n_layers, query, keys) + 1


def exchanged(chance, n_layers, query, keys):
    left = [chance([(layer, key, query) for key in keys]) for layer in range(n_layers)]
    return np.flatnonzero(np.array(left) < chance([]) / 2).astype(float)


def by_number(numbers):
    return ", ".join(f"{each:g}" for each in numbers[:12]) or "none"


@dataclass(frozen=True)
class NumbersResult(ArrayResult):
    """A list of the numbers of some `things`, which may be empty."""

    things: str

    def wanted(self, expected):
        return f"a list of {self.things}, {len(expected)} of them here: {self.shape}"

    def problem(self, result, expected):
        if result.ndim != 1:
            return "wrong-shape"
        return "" if np.isfinite(result).all() else "not-finite"

    def facts(self, case, result, expected):
        facts = {"wanted": self.wanted(expected), "shape": "no shape", "returned": "?"}
        facts |= {"row": "the list", "column": self.things, "expected": by_number(expected)}
        if result is not None:
            facts["shape"] = str(result.shape)
            if result.ndim == 1:
                facts["returned"] = by_number(result)
        return facts

    def message(self, facts):
        return "Your {column}: {returned}. Expected: {expected}.".format(**facts)

    def draw(self, case, result, expected):
        return ()


def model_that_names(n_layers, n, whole, alone, together):
    """`chance`: `whole`, or what is left where all of `alone`'s edges of a layer are cut."""

    def chance(cut):
        try:
            edges = {(int(layer), int(query), int(key)) for layer, query, key in cut}
        except (TypeError, ValueError):
            told = f"cut is {describe(cut)}, but a list of edges (layer, query, key) is expected"
            raise ValueError(f"{told}, as in [(0, 3, 1)]") from None
        for layer, query, key in sorted(edges):
            if not (0 <= layer < n_layers and 0 <= key <= query < n):
                raise ValueError(
                    f"there is no edge {(layer, query, key)}: layers 0 to {n_layers - 1}, a query "
                    f"up to {n - 1}, a key not after it"
                )
        left = [whole, *(share for group, share in alone.items() if edges >= set(group))]
        left += [share for group, share in together.items() if edges >= set(group)]
        return min(left)

    return chance


def carrying_case(n_layers, keys, whole, alone, together=None, single=None):
    """`alone` and `together` have what is left by layer, or by layers; `single` by one edge."""
    n = max(keys) + 3
    query = n - 1
    groups = {tuple(layer_edges(layer, query, keys)): left for layer, left in alone.items()}
    groups |= {(edge,): left for edge, left in (single or {}).items()}
    joint = {
        tuple(edge for layer in layers for edge in layer_edges(layer, query, keys)): left
        for layers, left in (together or {}).items()
    }
    chance = model_that_names(n_layers, n, whole, groups, joint)
    lefts = [chance(layer_edges(layer, query, keys)) for layer in range(n_layers)]
    rows = ("none", *(f"layer {layer}" for layer in range(n_layers)))
    cells = ((number(whole),), *((number(left),) for left in lefts))
    drawn = Drawing("chance, by the layer in which all edges are cut", rows, ("chance",), cells)
    lowest = int(np.argmin(lefts))
    facts = {
        "whole": number(whole),
        "half": number(whole / 2),
        "lowest": str(lowest),
        "left": number(lefts[lowest]),
        "n_layers": str(n_layers),
        "n_keys": str(len(keys)),
        "query": str(query),
        "key": str(keys[0]),
    }
    return Case((chance, n_layers, query, keys), rows[1:], ("layers",), (drawn,), facts)


def carrying_cases():
    return [
        carrying_case(4, [1, 2], 0.9, {2: 0.1, 1: 0.8}),
        carrying_case(4, [1, 3], 0.4, {0: 0.15, 3: 0.3}),
        carrying_case(3, [2, 4], 0.8, {}, {(0, 1): 0.1, (1, 2): 0.1, (0, 1, 2): 0.05}),
        carrying_case(3, [1], 0.9, {1: 0.45, 2: 0.44}),
        carrying_case(5, [1, 2, 4], 0.96, {1: 0.3, 4: 0.1}, single={(4, 6, 1): 0.2}),
        carrying_case(2, [1, 2], 0.6, {0: 0.5}),
        carrying_case(4, [1, 2], 1.0, {0: 0.45, 1: 0.2, 2: 0.1, 3: 0.05}),
        carrying_case(3, [1, 2], 0.9, {1: 0.3}, single={(2, 4, 0): 0.2, (2, 4, 3): 0.1}),
    ]


CARRYING_MISTAKES = (
    mistake(
        "from-one",
        from_one,
        "Your layers are counted from 1: {returned}. Layers are counted from 0, as in the edges "
        "that you cut.",
        "There are layers 0 to {n_layers}, without {n_layers} itself.",
    ),
    mistake(
        "one-edge-at-a-time",
        (key_by_key(True), key_by_key(False)),
        "You cut one edge at a time. A name stands in {n_keys} places, and what is hidden in one "
        "can be read from another: cut all edges of a layer together.",
        "One call of `chance` for each layer, with a list of {n_keys} edges.",
    ),
    mistake(
        "every-edge",
        (every_edge_cut(1), every_edge_cut(0)),
        "You cut all edges of the query in a layer, and so also those to words that do not have "
        "the name. Only those to `keys` are asked about.",
        "Here {n_keys} edges are cut in each layer, one for each of `keys`.",
    ),
    mistake(
        "others-cut",
        others_cut,
        "You keep one layer and cut all others. That asks which layer is enough; the question is "
        "which is needed.",
        "For each layer cut this one alone.",
    ),
    mistake(
        "one-after-the-other",
        one_after_the_other,
        "You leave earlier layers cut while you go on. Each layer is to be cut alone.",
        "Begin again with an empty list for every layer.",
    ),
    mistake(
        "exchanged",
        exchanged,
        "Your edges have query and key exchanged.",
        "An edge is (layer, query, key): here ({lowest}, {query}, {key}) is one.",
    ),
    mistake(
        "below-a-half",
        tuple(where_layers(lambda left, whole, to=to: left < to) for to in (0.5, 0.1, 0.05)),
        "You compare with a number of your own. Half of what it is with nothing cut is {half}.",
        "`chance([])` is {whole}.",
    ),
    mistake(
        "any-loss",
        where_layers(lambda left, whole: left < whole),
        "You take every layer whose cut costs anything: {returned}. Half of the chance must be "
        "gone.",
        "With nothing cut it is {whole}, so a half is {half}.",
    ),
    mistake(
        "up-to-a-half",
        where_layers(lambda left, whole: left <= whole / 2),
        "A layer that leaves exactly a half is in your list. Below a half is asked for.",
        "Half of {whole} is {half}.",
    ),
    mistake(
        "the-others",
        where_layers(lambda left, whole: left >= whole / 2),
        "You return the layers that can be cut: {returned}. The others are asked for.",
        "Layer {lowest} leaves {left} of {whole}.",
    ),
    mistake(
        "truth-values",
        lambda chance, n_layers, query, keys: np.array(
            [
                float(chance(layer_edges(layer, query, keys)) < chance([]) / 2)
                for layer in range(n_layers)
            ]
        ),
        "You return a truth value for each layer. The numbers of the layers are asked for.",
        "Where your truth value is true, write the layer's number in the list.",
    ),
    mistake(
        "lowest",
        lambda chance, n_layers, query, keys: np.array(
            [float(np.argmin([chance(layer_edges(n, query, keys)) for n in range(n_layers)]))]
        ),
        "You return the one layer that costs most. There may be several below a half, or none.",
        "Half of {whole} is {half}: which layers leave less?",
    ),
)
CARRYING_FALLBACK = Diagnosis(
    "unrecognised",
    "Your layers: {returned}. Expected: {expected}. With nothing cut the chance is {whole}; cut in "
    "layer {lowest} alone, {left} is left.",
    "For each layer: a list of edges from {query} to every key, one call of `chance`, and a "
    "comparison with {half}.",
    lambda attempt: True,
)

CARRYING = FunctionExercise(
    id="carrying-layers",
    title="Which layers?",
    stars=2,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *CARRYING_MISTAKES,
        *functions.OF_FORM,
        CARRYING_FALLBACK,
    ),
    parameters=("chance", "n_layers", "query", "keys"),
    cases=carrying_cases,
    reference=carrying,
    result=NumbersResult("sorted, counted from 0", "layers"),
)


# --- go-on: the likeliest, again and again


def model_of(table, depth):
    """`logits`: row i favours what `table` has after the sum of the last `depth` ids up to i."""

    def logits(ids):
        try:
            ids = [int(each) for each in ids]
        except (TypeError, ValueError):
            raise ValueError(f"ids is {describe(ids)}, but a list of ids is expected") from None
        n_vocab = len(table)
        if any(not 0 <= each < n_vocab for each in ids) or not ids:
            raise ValueError(
                f"ids is {describe(ids)}, but ids from 0 to {n_vocab - 1} are expected"
            )
        sums = [sum(ids[max(0, i + 1 - depth) : i + 1]) % n_vocab for i in range(len(ids))]
        return table[sums]

    return logits


def gone_on(logits, ids, n_new):
    return following(logits, ids, n_new)[len(ids) :]


def following(logits, ids, n_new, read=lambda out: int(np.argmax(out[-1]))):
    """`ids`, and the `n_new` that come after them, each read from the logits of all before."""
    written = list(ids)
    for _ in range(n_new):
        written.append(read(logits(written)))
    return np.array(written, dtype=float)


def reading(read):
    return lambda logits, ids, n_new: following(logits, ids, n_new, read)[len(ids) :]


def go_on_case(rng, n_vocab, depth, ids, n_new):
    logits = model_of(rng.normal(0, 3, (n_vocab, n_vocab)), depth)
    drawn = (
        matrix("input ids", np.array(ids), ("ids",), decimals=0),
        matrix("logits(ids)", logits(ids), places(len(ids)), words(n_vocab)),
    )
    facts = {
        "n": str(len(ids)),
        "n_new": str(n_new),
        "first": str(int(gone_on(logits, ids, 1)[0])),
        "longer": str([*ids, int(gone_on(logits, ids, 1)[0])]),
    }
    return Case((logits, list(ids), n_new), ("ids",), places(n_new), drawn, facts)


def go_on_cases():
    rng = np.random.default_rng(SEED)
    return [
        go_on_case(rng, 5, 2, [3, 1, 4], 3),
        go_on_case(rng, 7, 3, [2, 6, 0, 5, 1], 4),
        go_on_case(rng, 4, 9, [1], 6),
        go_on_case(rng, 9, 1, [8, 2], 1),
        go_on_case(rng, 6, 4, [0, 0, 5, 2, 3, 1], 5),
    ]


def from_the_last_alone(logits, ids, n_new):
    written = list(ids)
    for _ in range(n_new):
        written.append(int(np.argmax(logits(written[-1:])[-1])))
    return np.array(written[len(ids) :], dtype=float)


def without_what_was_given(logits, ids, n_new):
    written = []
    for _ in range(n_new):
        written.append(int(np.argmax(logits(written or ids)[-1])))
    return np.array(written, dtype=float)


GO_ON_MISTAKES = (
    mistake(
        "all-returned",
        following,
        "You return the ids that were given as well, {n} of them. Only the {n_new} new ones are "
        "asked for.",
        "Leave out the first {n}.",
    ),
    mistake(
        "not-fed-back",
        (
            lambda logits, ids, n_new: np.full(n_new, float(np.argmax(logits(ids)[-1]))),
            lambda logits, ids, n_new: np.argsort(-logits(ids)[-1])[:n_new].astype(float),
        ),
        "Every new id of yours comes from the same text. Once an id has been chosen it is part of "
        "the text, and the next is chosen after it.",
        "The second time the model reads {longer}.",
    ),
    mistake(
        "first-row",
        reading(lambda out: int(np.argmax(out[0]))),
        "You read the first row of the logits: what comes after the first id. The last row is "
        "about what comes next.",
        "After all {n} ids the first new one is {first}.",
    ),
    mistake(
        "over-all-rows",
        reading(lambda out: int(np.argmax(out)) % out.shape[-1]),
        "You look for the largest logit among all rows. Only the last row is about what comes "
        "next.",
        "After all {n} ids the first new one is {first}.",
    ),
    mistake(
        "flat-argmax",
        lambda logits, ids, n_new: np.full(n_new, float(np.argmax(logits(ids)))),
        "`argmax` without a row counts through the whole array. Take the last row first.",
        "After all {n} ids the first new one is {first}.",
    ),
    mistake(
        "least-likely",
        reading(lambda out: int(np.argmin(out[-1]))),
        "You choose the least likely id each time.",
        "The largest logit has the largest probability.",
    ),
    mistake(
        "last-id-alone",
        from_the_last_alone,
        "You give the model the last id alone. It guesses better when it reads all that came "
        "before, and the answers differ.",
        "The second time it reads {longer}.",
    ),
    mistake(
        "given-forgotten",
        without_what_was_given,
        "After the first new id your text holds new ids alone. What was given still comes first.",
        "The second time the model reads {longer}.",
    ),
    mistake(
        "one-too-many",
        lambda logits, ids, n_new: gone_on(logits, ids, n_new + 1),
        "You return one id more than was asked for.",
        "{n_new} are expected here.",
    ),
    mistake(
        "one-too-few",
        lambda logits, ids, n_new: gone_on(logits, ids, n_new - 1),
        "You return one id fewer than was asked for.",
        "{n_new} are expected here.",
    ),
)
GO_ON_FALLBACK = Diagnosis(
    "unrecognised",
    "Your ids differ: {column} is {returned}, and {expected} is expected. After the ids that were "
    "given comes {first}.",
    "Again and again: the logits of all ids so far, their last row, the place of its largest "
    "number, which is the next id.",
    lambda attempt: True,
)

GO_ON = FunctionExercise(
    id="go-on",
    title="Greedy",
    stars=2,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *GO_ON_MISTAKES, *functions.OF_FORM, GO_ON_FALLBACK),
    parameters=("logits", "ids", "n_new"),
    cases=go_on_cases,
    reference=gone_on,
    result=ArrayResult("the new ids alone"),
)

EXERCISES = (NORM, KEYS, POSITION, CARRYING, GO_ON)
