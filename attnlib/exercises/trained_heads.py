"""Two exercises of the chapter "Training": what heads look at, and which a model needs."""

from dataclasses import dataclass

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis, describe
from attnlib.exercises.drawing import Drawing, matrix, number
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake, same

SEED = 12


# --- head-scores: what a pattern does


def previous_word(weights, ids):
    return np.diagonal(weights, -1).mean()


def earlier(ids, i):
    """The places before `i` of the same word."""
    return [j for j in range(i) if ids[j] == ids[i]]


def prefix_sums(weights, ids, looked_at=lambda at, i: [j + 1 for j in at], add=np.sum):
    """`add` of the weights on the places `looked_at`, for each word that has stood before."""
    found = {i: at for i in range(len(ids)) if (at := earlier(ids, i))}
    return [add(weights[i, looked_at(at, i)]) for i, at in found.items()]


def head_scores(weights, ids):
    return np.array([previous_word(weights, ids), np.mean(prefix_sums(weights, ids))])


@dataclass(frozen=True)
class TwoScores(ArrayResult):
    """Two numbers with a name each."""

    def message(self, facts):
        return "The {column} score is {returned}, not {expected}.".format(**facts)


def in_number(which, count):
    """The `agree` of a mistake in one of `count` numbers, whatever the others are."""

    def agree(wrong, came):
        if came.shape != (count,) or not np.isfinite(came).all():
            return False
        return bool(same(np.asarray(wrong), np.asarray(came[which])))

    return agree


def score_mistake(id, which, ways, hint, stronger):
    """A mistake in one of the two scores, whatever the other is; `ways` give this one."""
    return mistake(id, ways, hint, stronger, agree=in_number(which, 2))


def prefix(looked_at=lambda at, i: [j + 1 for j in at], add=np.sum, over=np.mean):
    return lambda weights, ids: over(prefix_sums(weights, ids, looked_at, add))


def score_case(ids, rng):
    ids = np.array(ids)
    n = len(ids)
    places = tuple(f"place {i}" for i in range(n))
    scores = np.where(np.tri(n, dtype=bool), rng.normal(0, 2, (n, n)), -np.inf)
    weights = al.softmax(scores)
    drawn = (
        matrix("input weights", weights, places, places),
        matrix("input ids", ids, ("ids",), decimals=0),
    )
    asked = next(i for i in range(n) if earlier(ids, i))
    facts = {
        "n": str(n),
        "backs": str(n - 1),
        "asked": str(sum(bool(earlier(ids, i)) for i in range(n))),
        "i": str(asked),
        "j": str(earlier(ids, asked)[0]),
        "follower": str(earlier(ids, asked)[0] + 1),
        "weight": number(weights[asked, earlier(ids, asked)[0] + 1]),
    }
    return Case((weights, ids), ("scores",), ("previous-word", "prefix-matching"), drawn, facts)


def score_cases():
    rng = np.random.default_rng(SEED)
    texts = ([0, 1, 2, 0, 1], [0, 1, 0, 2, 0, 3], [1, 1, 2, 1], [0, 0, 0], [2, 0, 1, 0, 1, 1, 2])
    return [score_case(ids, rng) for ids in (*texts, rng.integers(0, 4, 12))]


SCORE_MISTAKES = (
    mistake(
        "exchanged",
        lambda weights, ids: head_scores(weights, ids)[::-1],
        "Your two scores are right and have changed places.",
        "First the previous-word score, then the prefix-matching score.",
    ),
    mistake(
        "transposed",
        lambda weights, ids: head_scores(weights.T, ids),
        "You read rows as keys and columns as queries: your {column} score is {returned}, and "
        "{expected} is expected. A row of weights sums to 1; it belongs to a query.",
        "Place 1 looks at place 0 with the weight in row 1, column 0.",
    ),
    score_mistake(
        "other-diagonal",
        0,
        tuple(lambda w, ids, k=k: np.diagonal(w, k).mean() for k in (0, 1, -2)),
        "Your previous-word score adds up the weights on another place: the word itself, the next, "
        "or two back. It is {returned}, and {expected} is expected.",
        "A row is a query, a column a key. The word before place 1 stands at place 0: row 1, "
        "column 0.",
    ),
    score_mistake(
        "over-all-words",
        0,
        (
            lambda w, ids: np.diagonal(w, -1).sum() / len(w),
            lambda w, ids: (np.diagonal(w, -1).sum() + w[0, 0]) / len(w),
            lambda w, ids: (np.diagonal(w, -1).sum() + w[0, -1]) / len(w),
        ),
        "Your previous-word score counts the first word as well, which has none before it. It is "
        "{returned}, and {expected} is expected.",
        "Of {n} words, {backs} have a word before them.",
    ),
    score_mistake(
        "previous-summed",
        0,
        lambda w, ids: np.diagonal(w, -1).sum(),
        "Your previous-word score is a sum, {returned}. It is to be a mean, {expected}.",
        "There are {backs} words that have one before them.",
    ),
    score_mistake(
        "previous-counted",
        0,
        (
            lambda w, ids: np.mean(w[1:].argmax(axis=1) == np.arange(len(w) - 1)),
            lambda w, ids: np.mean(np.diagonal(w, -1) > 0.5),
        ),
        "Your previous-word score counts the words that look back most of all. The mean of the "
        "weights themselves is expected: {expected}.",
        "A weight of 0.4 counts 0.4, whether or not it is the largest of its row.",
    ),
    score_mistake(
        "the-word-itself",
        1,
        (prefix(lambda at, i: at), prefix(lambda at, i: [*at, i])),
        "Your prefix-matching score looks at the earlier occurrence itself. It is about what came "
        "right after.",
        "At place {i} stands a word that stood at place {j} before. The weight that counts lies on "
        "place {follower}: it is {weight}.",
    ),
    score_mistake(
        "the-word-before",
        1,
        (
            prefix(lambda at, i: [j - 1 for j in at if j > 0]),
            prefix(lambda at, i: [j - 1 for j in at]),  # place -1 is the last one
        ),
        "Your prefix-matching score looks at what came right before the earlier occurrence. It is "
        "about what came right after.",
        "At place {i} stands a word that stood at place {j} before. The weight that counts lies on "
        "place {follower}: it is {weight}.",
    ),
    score_mistake(
        "one-occurrence",
        1,
        (
            prefix(lambda at, i: [at[-1] + 1]),
            prefix(lambda at, i: [at[0] + 1]),
            prefix(add=np.max),
        ),
        "Where a word stood before more than once, your prefix-matching score takes one of its "
        "occurrences alone. The weights after all of them add up.",
        "Take a word that comes three times. At the third there are two earlier places, and two "
        "words that followed.",
    ),
    score_mistake(
        "follower-left-out",
        1,
        (
            prefix(lambda at, i: [j + 1 for j in at if j + 1 < i]),
            lambda w, ids: np.mean(
                [
                    w[i, at].sum()
                    for i in range(len(ids))
                    if (at := [j + 1 for j in earlier(ids, i) if j + 1 < i])
                ]
                or [0.0]
            ),
        ),
        "Where a word comes twice in a row, your prefix-matching score leaves out what followed: "
        "the word itself, the second time.",
        "At the second of the two, what came right after the first is the query itself. Its weight "
        "on its own place counts.",
    ),
    score_mistake(
        "over-all-queries",
        1,
        (
            lambda w, ids: np.sum(prefix_sums(w, ids)) / len(ids),
            lambda w, ids: np.sum(prefix_sums(w, ids)) / (len(ids) - 1),
        ),
        "You divide your prefix-matching score by all words, or by all but the first. Only those "
        "that stood before are asked: a word that is new has nothing to match.",
        "Of the {n} words of this text {asked} have stood before.",
    ),
    score_mistake(
        "prefix-summed",
        1,
        prefix(over=np.sum),
        "Your prefix-matching score is a sum over words. It is to be a mean, so that a long text "
        "has no larger score.",
        "Of the {n} words of this text {asked} have stood before.",
    ),
    score_mistake(
        "divided-by-followers",
        1,
        (
            prefix(add=np.mean),
            lambda w, ids: np.mean([w[i, j + 1] for i in range(len(ids)) for j in earlier(ids, i)]),
        ),
        "Where two words followed, you take the mean of their weights. A head that shares itself "
        "out between them does its work wholly: the weights add up.",
        "For each word that has stood before there is one sum; the mean is taken of these sums.",
    ),
)
SCORES_FALLBACK = Diagnosis(
    "unrecognised",
    "Your {column} score is {returned}, and {expected} is expected. Work it out by hand for the "
    "weights drawn above: which cells count?",
    "For the first score: row 1, column 0, then row 2, column 1, and so on. For the second begin "
    "with place {i}: its word stood at place {j}, so the cell is row {i}, column {follower}.",
    lambda attempt: True,
)

SCORES = FunctionExercise(
    id="head-scores",
    title="Two scores of a head",
    stars=2,
    minutes=15,
    diagnoses=(functions.CHANGED_INPUTS, *SCORE_MISTAKES, *functions.OF_FORM, SCORES_FALLBACK),
    parameters=("weights", "ids"),
    cases=score_cases,
    reference=head_scores,
    result=TwoScores("the previous-word score and the prefix-matching score"),
)


# --- needed-heads: what is missed when it is silent


def all_heads(n_layers, n_heads):
    return [(layer, head) for layer in range(n_layers) for head in range(n_heads)]


def as_heads(found):
    """Heads as a float array, `(n, 2)`, also where there are none."""
    return np.array(found, dtype=float).reshape(-1, 2)


def needed(copying, n_layers, n_heads):
    heads = all_heads(n_layers, n_heads)
    return as_heads([at for at in heads if copying([at]) < copying([]) / 2])


def where(holds):
    """The function that finds the heads for which `holds(alone, full)`."""

    def found(copying, n_layers, n_heads):
        heads, full = all_heads(n_layers, n_heads), copying([])
        return as_heads([at for at in heads if holds(copying([at]), full)])

    return found


def of_needed(change):
    return lambda copying, n_layers, n_heads: change(needed(copying, n_layers, n_heads))


def lowest_two(copying, n_layers, n_heads):
    return as_heads(sorted(sorted(all_heads(n_layers, n_heads), key=lambda at: copying([at]))[:2]))


def all_but_one(holds):
    def found(copying, n_layers, n_heads):
        heads, full = all_heads(n_layers, n_heads), copying([])
        kept = {at: copying([each for each in heads if each != at]) for at in heads}
        return as_heads([at for at in heads if holds(kept[at], full)])

    return found


def whole_layers(copying, n_layers, n_heads):
    heads, full = all_heads(n_layers, n_heads), copying([])
    lost = [
        layer
        for layer in range(n_layers)
        if copying([a for a in heads if a[0] == layer]) < full / 2
    ]
    return as_heads([at for at in heads if at[0] in lost])


def whole_rows(copying, n_layers, n_heads):
    """Heads of the same number in all layers silenced together."""
    heads, full = all_heads(n_layers, n_heads), copying([])
    lost = [n for n in range(n_heads) if copying([a for a in heads if a[1] == n]) < full / 2]
    return as_heads([at for at in heads if at[1] in lost])


def greedy(puts_back):
    """Heads silenced one after the other; those that are needed sound again if it `puts_back`."""

    def found(copying, n_layers, n_heads):
        silent, lost = [], []
        for at in all_heads(n_layers, n_heads):
            if copying([*silent, at]) < copying([]) / 2:
                lost.append(at)
                if puts_back:
                    continue
            silent.append(at)
        return as_heads(lost)

    return found


def from_one(copying, n_layers, n_heads):
    heads = [(layer + 1, head + 1) for layer, head in all_heads(n_layers, n_heads)]
    return as_heads([at for at in heads if copying([at]) < copying([]) / 2])


def asked_exchanged(copying, n_layers, n_heads):
    heads = [(head, layer) for layer, head in all_heads(n_layers, n_heads)]
    return as_heads([at for at in heads if copying([at]) < copying([]) / 2])


def in_order(heads):
    return as_heads(sorted(map(tuple, heads)))


def by_name(heads):
    """Heads as texts, as the chapter names them."""
    return ", ".join(f"{layer:g}.{head:g}" for layer, head in heads[:12]) or "none"


@dataclass(frozen=True)
class HeadsResult(ArrayResult):
    """A list of `(layer, head)`, which may be empty."""

    def read(self, value):
        came = functions.numeric(value)
        return came.reshape(-1, 2) if came.shape == (0,) else came

    def wanted(self, expected):
        return f"a list of (layer, head), {len(expected)} of them here: {self.shape}"

    def problem(self, result, expected):
        if result.ndim != 2 or result.shape[1] != 2:
            return "wrong-shape"
        return "" if np.isfinite(result).all() else "not-finite"

    def facts(self, case, result, expected):
        facts = {"wanted": self.wanted(expected), "shape": "no shape", "returned": "?"}
        facts |= {"row": "the list", "column": "heads", "expected": by_name(expected)}
        if result is not None:
            facts["shape"] = str(result.shape)
            if self.problem(result, expected) != "wrong-shape":
                facts["returned"] = by_name(result)
        return facts

    def message(self, facts):
        return "Your heads: {returned}. Expected: {expected}.".format(**facts)

    def draw(self, case, result, expected):
        return ()


def heads_of(name, listed, n_layers, n_heads):
    """The heads that an answer lists, as a set; an error says what is wrong with the list."""
    try:
        heads = {(int(layer), int(head)) for layer, head in listed}
    except (TypeError, ValueError):
        told = f"{name} is {describe(listed)}, but a list of (layer, head) is expected, as in "
        raise ValueError(f"{told}[(0, 1)]") from None
    if absent := sorted(heads - set(all_heads(n_layers, n_heads))):
        layer, head = absent[0]
        told = f"there is no head {layer}.{head}: layers 0 to {n_layers - 1}"
        raise ValueError(f"{told}, heads 0 to {n_heads - 1}")
    return heads


def model_that_copies(n_layers, n_heads, full, alone, together):
    """`copying`: `full`, or what is left without heads, `alone` or `together` with others."""

    def copying(silent):
        heads = heads_of("silent", silent, n_layers, n_heads)
        left = [full, *(alone[at] for at in heads if at in alone)]
        left += [share for group, share in together.items() if heads >= set(group)]
        return min(left)

    return copying


def needed_case(n_layers, n_heads, full, alone, together=None):
    together = together or {}
    copying = model_that_copies(n_layers, n_heads, full, alone, together)
    heads = all_heads(n_layers, n_heads)
    cells = ((number(full),), *((number(copying([at])),) for at in heads))
    rows = ("none", *(f"{layer}.{head}" for layer, head in heads))
    drawn = Drawing("copying, by the head that is silent", rows, ("copying",), cells)
    lowest = min(heads, key=lambda at: copying([at]))
    facts = {
        "full": number(full),
        "half": number(full / 2),
        "lowest": f"{lowest[0]}.{lowest[1]}",
        "left": number(copying([lowest])),
        "n_layers": str(n_layers),
        "n_heads": str(n_heads),
    }
    return Case((copying, n_layers, n_heads), rows[1:], ("layer", "head"), (drawn,), facts)


def needed_cases():
    return [
        needed_case(2, 4, 0.96, {(0, 1): 0.04, (1, 0): 0.07, (0, 0): 0.93}),
        needed_case(2, 3, 0.9, {(1, 1): 0.84, (0, 2): 0.88}),
        needed_case(2, 2, 0.98, {(0, 0): 0.1}, {((1, 0), (1, 1)): 0.1}),
        needed_case(2, 4, 0.98, {}, {((0, 1), (1, 3)): 0.1}),
        needed_case(2, 3, 0.4, {(1, 2): 0.16, (0, 1): 0.3}),
        needed_case(3, 2, 0.9, {(0, 1): 0.48, (2, 0): 0.42, (1, 1): 0.45}),
        needed_case(1, 3, 1.0, {(0, 0): 0.2, (0, 1): 0.0, (0, 2): 0.4}),
        needed_case(3, 1, 0.8, {(2, 0): 0.4, (1, 0): 0.0}),
    ]


NEEDED_MISTAKES = (
    mistake(
        "unsorted",
        needed,
        "These are the right heads, in another order: {returned}. A sorted list is expected.",
        "Layer 0 comes before layer 1, and within a layer head 0 before head 1.",
        agree=lambda right, came: (
            came.ndim == 2 and came.shape[1:] == (2,) and bool(same(in_order(came), right))
        ),
    ),
    mistake(
        "exchanged",
        (
            asked_exchanged,
            of_needed(lambda heads: heads[:, ::-1]),
            of_needed(lambda heads: in_order(heads[:, ::-1])),
        ),
        "Layer and head have changed places. A head is (layer, head), with the layer first.",
        "This model has {n_layers} layers of {n_heads} heads. The first of your two numbers names "
        "one of these layers, the second a head in it.",
    ),
    mistake(
        "from-one",
        (
            from_one,
            of_needed(lambda heads: heads + 1),
            of_needed(lambda heads: heads + np.array([0, 1])),
            of_needed(lambda heads: heads + np.array([1, 0])),
        ),
        "You count from 1. Layers and heads are counted from 0: the first head of the first layer "
        "is head 0.0.",
        "Of {n_layers} layers the last has a number one less than {n_layers}; so do heads.",
    ),
    mistake(
        "fixed-bound",
        (
            *(where(lambda alone, full, b=b: alone < b) for b in (0.5, 0.25, 0.2, 0.1)),
            where(lambda alone, full: alone <= 0.5),
            where(lambda alone, full: full - alone > 0.5),
            where(lambda alone, full: full - alone >= 0.5),
        ),
        "You compare with a fixed number. Here copying is {full} with none silenced, and a half of "
        "that is {half}.",
        "Without head {lowest} copying is {left}. Is this below {half}? Ask for copying with an "
        "empty list first.",
    ),
    mistake(
        "at-most",
        where(lambda alone, full: alone <= full / 2),
        "You count heads without which exactly half is left. *Below* half is asked.",
        "Which comparison is false for two equal numbers?",
    ),
    mistake(
        "any-loss",
        where(lambda alone, full: alone < full),
        "You count every head whose silence costs anything at all: {returned}. Only those count "
        "without which less than half is left.",
        "Copying is {full} with none silenced. Half of it is {half}.",
    ),
    mistake(
        "not-needed",
        where(lambda alone, full: alone >= full / 2),
        "You return the heads that the model can do without: {returned}.",
        "Without head {lowest} copying is {left}: a low number says that the head is missed.",
    ),
    mistake(
        "nothing-left",
        (where(lambda alone, full: alone <= 0), where(lambda alone, full: alone < 0.01)),
        "You count a head only where nothing is left without it. Without head {lowest} copying is "
        "{left}, of {full}.",
        "Less than half of {full} is enough: less than {half}.",
    ),
    mistake(
        "always-two",
        (lowest_two, lambda *model: in_order(lowest_two(*model))),
        "You always return two heads. There may be none, or three: it depends on what is left "
        "without each.",
        "In this model the half is {half}. Which heads leave less than that?",
    ),
    mistake(
        "kept-alone",
        (
            all_but_one(lambda kept, full: kept < full / 2),
            all_but_one(lambda kept, full: kept >= full / 2),
            all_but_one(lambda kept, full: kept > 0),
        ),
        "You silence all heads but one. That asks what a head can do alone; here one head is "
        "silenced and all others are there.",
        "`silent` is a list of one head each time, and of none for the comparison.",
    ),
    mistake(
        "together",
        (whole_layers, whole_rows),
        "You silence several heads at once: {returned}. Each head is to be silenced alone.",
        "For this model `copying` has to be called for each of {n_layers} times {n_heads} heads, "
        "with a list of one.",
    ),
    mistake(
        "greedy",
        (greedy(False), greedy(True)),
        "A head that you have silenced stays silent while you try the next. Then two heads that "
        "stand in for each other look as if one were needed.",
        "Begin a new list for each head: it holds this head and no other.",
    ),
    mistake(
        "numbered",
        lambda copying, n_layers, n_heads: (
            needed(copying, n_layers, n_heads) @ np.array([n_heads, 1.0])
        ),
        "You number the heads through, from the first layer to the last. Return (layer, head).",
        "A division by {n_heads} tells the layer, and its remainder the head.",
        read=HeadsResult("").read,  # no heads have one form alone
    ),
)
NEEDED_FALLBACK = Diagnosis(
    "unrecognised",
    "Your heads: {returned}. Expected: {expected}. Copying is {full} with none silenced; for each "
    "head, compare what is left without it with {half}.",
    "Without head {lowest} it is {left}. Go through all layers, and in each through all heads, and "
    "keep those without which it is lower than {half}.",
    lambda attempt: True,
)

NEEDED = FunctionExercise(
    id="needed-heads",
    title="By silencing",
    stars=2,
    minutes=15,
    diagnoses=(*NEEDED_MISTAKES, *functions.OF_FORM, NEEDED_FALLBACK),
    parameters=("copying", "n_layers", "n_heads"),
    cases=needed_cases,
    reference=needed,
    result=HeadsResult("whole numbers from 0 on, the layer first"),
)
