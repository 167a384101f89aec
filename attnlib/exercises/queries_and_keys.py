"""The exercises of the chapter "Queries and keys"."""

from dataclasses import dataclass

import numpy as np

import attnlib as al
from attnlib import world
from attnlib.exercises import designs, functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.designs import (
    DesignExercise,
    Report,
    at_some_strength,
    design_mistake,
)
from attnlib.exercises.drawing import Drawing, matrix, number
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake

SEED = 3
D_HEAD = 2
TOKENS = tuple(world.PHRASES.tokenize(world.PHRASES.sentences["The fluffy blue creature"]))
CREATURE, FLUFFY, BLUE, FOREST, VERDANT = map(
    TOKENS.index, ("creature", "fluffy", "blue", "forest", "verdant")
)


def one_decimal(rng, *shape):
    """Random numbers that can be read in a table."""
    return rng.normal(0, 2, shape).round(1)


# --- scores: every query with every key


def raw_scores(q, k):
    return al.scores(q, k, scale=1.0)


def score_case(q, k, rows, columns):
    drawn = matrix("input q", q, rows), matrix("input k", k, columns)
    return Case((q, k), rows, columns, drawn)


def score_cases():
    words = ("fluffy", "blue", "creature")
    q = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 1.0]])
    k = np.array([[3.0, 1.0], [2.0, 0.0], [-1.0, 1.0]])
    cases = [score_case(q, k, words, words)]
    rng = np.random.default_rng(SEED)
    sizes = ((2, 4, 3), (4, 2, 3), (1, 5, 4), (5, 1, 1), (3, 3, 8), (6, 7, 16))
    for n_queries, n_keys, d_head in sizes:
        rows = tuple(f"query {i}" for i in range(n_queries))
        columns = tuple(f"key {j}" for j in range(n_keys))
        q, k = one_decimal(rng, n_queries, d_head), one_decimal(rng, n_keys, d_head)
        cases.append(score_case(q, k, rows, columns))
    return cases


def cosines(q, k):
    lengths = np.linalg.norm(q, axis=-1)[:, None] * np.linalg.norm(k, axis=-1)
    return raw_scores(q, k) / lengths


SCORE_MISTAKES = (
    mistake(
        "transposed",
        lambda q, k: raw_scores(k, q),
        "Row {row}, column {column} holds {returned}, which belongs in row {column}, column "
        "{row}. Your rows are keys; here rows are queries.",
        "The i-th row of the result belongs to the i-th query. In a matrix product the rows "
        "come from the left factor: which of q and k must stand there?",
    ),
    mistake(
        "elementwise",
        lambda q, k: q * k,
        "Your result has the shape {shape} of q itself: each number of q met only the number "
        "in the same place of k. Each query must meet every key.",
        "A dot product multiplies coordinate by coordinate and then adds up. `*` does the first "
        "half; `@` does both, for rows of the left factor and columns of the right.",
    ),
    mistake(
        "scaled",
        al.scores,
        "You have {returned} where {expected} is expected: each of your numbers is too small "
        "by one and the same factor. This exercise asks for the dot products themselves.",
        "The factor is the root of d_head. Dividing by it is the subject of a later chapter; "
        "leave it out here.",
    ),
    mistake(
        "cosine",
        cosines,
        "You have {returned} where {expected} is expected, and none of your numbers leaves the "
        "range from -1 to 1. You took the lengths of the vectors out.",
        "A cosine is a dot product divided by both lengths. A long query may ask loudly: do "
        "not divide by the norms.",
    ),
    mistake(
        "diagonal",
        (lambda q, k: (q * k).sum(axis=-1), lambda q, k: np.diag(raw_scores(q, k))),
        "Your result has shape {shape}: one score for each token, with itself. Every query "
        "asks every key, so each query needs a whole row of scores.",
        "You multiplied row by row and added up: that is the diagonal of the grid. For the "
        "rest, each row of q must meet each row of k: a matrix product.",
    ),
    mistake(
        "summed-over-tokens",
        lambda q, k: q.T @ k,
        "Your result has shape {shape}: coordinates by coordinates. The sum ran over the "
        "tokens; it must run over the coordinates.",
        "In `a @ b` the columns of a meet the rows of b and are summed away. The coordinates "
        "must be the columns of the left factor: the transpose belongs on the other one.",
    ),
    mistake(
        "not-transposed",
        lambda q, k: q @ k,
        "A product of q and k as they are does not fit: q has a row for each query and k a row "
        "for each key, and `@` pairs rows with columns.",
        "The keys must become columns before the product. `.T` turns rows into columns.",
    ),
    mistake(
        "square",
        lambda q, k: raw_scores(q, k[: len(q)]),
        "Your result has shape {shape}: as many columns as there are queries. Here the number "
        "of keys is another.",
        "Take the number of rows from q and the number of columns from k; or let one matrix "
        "product find both.",
    ),
)
SCORES_FALLBACK = Diagnosis(
    "unrecognised",
    "At row {row}, column {column} you have {returned}, but the dot product of that query "
    "and that key is {expected}. Work this one cell out by hand first.",
    "Multiply the query's row and the key's row coordinate by coordinate, add up, and put the "
    "sum there. All cells at once are one matrix product of q with k turned on its side.",
    lambda attempt: True,
)

SCORES = FunctionExercise(
    id="scores",
    piece="scores",
    title="Every query meets every key",
    stars=1,
    minutes=5,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *SCORE_MISTAKES,
        *functions.OF_FORM,
        SCORES_FALLBACK,
    ),
    parameters=("q", "k"),
    cases=score_cases,
    reference=raw_scores,
    result=ArrayResult("a row for each query, a column for each key"),
)


# --- strongest-key: who attends to whom


@dataclass(frozen=True)
class PairsResult:
    """How a list of (query word, key word) pairs is read, compared and drawn."""

    same = staticmethod(functions.same)

    def read(self, value):
        """`value` as nested tuples of texts and numbers (a dict stays one)."""
        if isinstance(value, dict):
            return {self.read(key): self.read(held) for key, held in value.items()}
        if isinstance(value, str):
            return str(value)
        if isinstance(value, np.ndarray | np.generic) or hasattr(value, "detach"):
            return self.read(value.tolist())
        if isinstance(value, list | tuple):
            return tuple(self.read(part) for part in value)
        if isinstance(value, int | float):
            return value
        raise TypeError("neither a list nor words nor numbers")

    def wanted(self, expected):
        return f"a list of {len(expected)} pairs, (query word, key word)"

    def problem(self, result, expected):
        if not isinstance(result, tuple) or len(result) != len(expected):
            return "wrong-shape"
        return "" if all(is_pair_of_words(pair) for pair in result) else "wrong-shape"

    def facts(self, case, result, expected):
        facts = {"wanted": self.wanted(expected)}
        if result is None or self.problem(result, expected):
            return facts | dict.fromkeys(("row", "returned", "expected", "count"), "?")
        wrong = [i for i, pair in enumerate(expected) if result[i] != pair]
        return facts | {
            "row": case.rows[wrong[0]],
            "returned": arrow(result[wrong[0]]),
            "expected": arrow(expected[wrong[0]]),
            "count": f"{len(wrong)} of {len(expected)}",
        }

    def message(self, facts):
        template = "{count} pairs differ: for {row} it is {returned}, not {expected}."
        return template.format(**facts)

    def draw(self, case, result, expected):
        returned = list(result.items()) if isinstance(result, dict) else result
        returned = returned if isinstance(returned, list | tuple) else (returned,)
        cells, marked = [], set()
        for i, pair in enumerate(expected):
            given = returned[i] if i < len(returned) else "nothing"
            cells.append((arrow(given), arrow(pair)))
            if given != pair:
                marked.add((i, 0))
        columns = ("your function", "expected")
        caption = "the pairs, query -> key"
        return (Drawing(caption, case.rows, columns, tuple(cells), frozenset(marked)),)


def is_pair_of_words(pair):
    return isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(w, str) for w in pair)


def arrow(pair):
    """A pair of words as `query -> key`; anything else as a short text."""
    return functions.quote(" -> ".join(pair) if is_pair_of_words(pair) else str(pair))


PAIRS = PairsResult()


def paired(tokens, best):
    return [(token, tokens[j]) for token, j in zip(tokens, best, strict=True)]


def strongest_pairs(weights, tokens):
    return tuple(paired(tokens, weights.argmax(axis=-1)))


def strongest_without_self(weights, tokens):
    others = np.where(np.eye(len(tokens), dtype=bool), -np.inf, weights)
    return paired(tokens, others.argmax(axis=-1))


def strongest_key_case(scores, tokens):
    weights = al.softmax(scores)
    drawing = matrix("input weights: rows are queries, columns are keys", weights, tokens, tokens)
    return Case((weights, list(tokens)), tuple(tokens), tuple(tokens), (drawing,))


def strongest_key_cases():
    scores = np.array([[0.0, 1.0, 3.0], [0.0, 2.0, 1.0], [1.0, 3.0, 0.0]])
    cases = [strongest_key_case(scores, ("fluffy", "blue", "creature"))]
    rng = np.random.default_rng(SEED)
    for text in ("the fox watched the owl", "owl", *world.PHRASES.sentences.values()):
        tokens = world.PHRASES.tokenize(text)
        cases.append(strongest_key_case(untied(rng, len(tokens)), tokens))
    return cases


def untied(rng, count):
    """Random scores, `(count, count)`: in a row no two are alike, and none outweighs the rest."""
    return rng.permuted(np.tile(np.linspace(-1, 1, count), (count, 1)), axis=1).round(1)


def pair_mistake(id, would_give, hint, stronger):
    return mistake(id, would_give, hint, stronger, read=PAIRS.read)


STRONGEST_KEY_MISTAKES = (
    pair_mistake(
        "columns",
        lambda weights, tokens: paired(tokens, weights.argmax(axis=0)),
        "For {row} you have {returned}. You looked down the column of {row}: that is who "
        "attends to {row}, not whom {row} attends to.",
        "A query's weights are a row of the pattern and sum to 1. Look for the largest number "
        "along the last axis, not along the first.",
    ),
    pair_mistake(
        "reversed",
        lambda weights, tokens: [pair[::-1] for pair in strongest_pairs(weights, tokens)],
        "You have the right words, in the wrong order: {returned} instead of {expected}. The "
        "query attends to the key, and the query comes first.",
        "The word whose row you read is the one that attends. Put it first in each pair, and "
        "the word of the column that won second.",
    ),
    pair_mistake(
        "smallest",
        lambda weights, tokens: paired(tokens, weights.argmin(axis=-1)),
        "For {row} you have {returned}, the smallest weight of that row. The strongest key is "
        "the one with the largest.",
        "A weight is a share: 0.9 is nearly all. `argmin` finds the smallest share, `argmax` "
        "the largest.",
    ),
    pair_mistake(
        "no-self",
        strongest_without_self,
        "For {row} you have {returned}, but the largest weight in that row is its own. A word "
        "may attend to itself.",
        "Do not leave out the diagonal: compare all the weights in a row, the word's own included.",
    ),
    pair_mistake(
        "indices",
        lambda weights, tokens: weights.argmax(axis=-1),
        "Your numbers are the positions of the right keys. The exercise asks for words: for "
        "each query a pair of its word and the key's word.",
        "`tokens[j]` is the word at position j. Go through the queries in order and make a "
        "pair of `tokens[i]` and the word at the position you found.",
    ),
    pair_mistake(
        "index-pairs",
        lambda weights, tokens: list(enumerate(weights.argmax(axis=-1))),
        "Your pairs hold the right positions, but positions and not words.",
        "`tokens[i]` is the word at position i: put both positions of each pair through it.",
    ),
    pair_mistake(
        "keys-only",
        lambda weights, tokens: [key for _, key in strongest_pairs(weights, tokens)],
        "You found the right keys. Each answer must be a pair: the query word, then its key.",
        "Go through the tokens together with your list (`zip` does that) and put each token in "
        "front of its key.",
    ),
    pair_mistake(
        "dictionary",
        lambda weights, tokens: dict(strongest_pairs(weights, tokens)),
        "A dict holds one entry for a word. In 'the fox watched the owl' there are two words "
        "'the', each with a key of its own, and one of them would be lost.",
        "Collect the pairs in a list, one for each token in the order of the sentence.",
    ),
)
NOT_PAIRS = Diagnosis(
    "wrong-shape",
    "The answer to this sentence is {wanted}. Yours has another length, or something in it "
    "that is not a pair of words.",
    "Go through the tokens in order and add one pair for each of them, also when a word "
    "occurs twice. Two words in brackets, with a comma between them, are a pair.",
)
STRONGEST_KEY_FALLBACK = Diagnosis(
    "unrecognised",
    "For {row} you have {returned}, but the largest weight in that row gives {expected}. Find "
    "that row in the drawing and follow your code through it.",
    "For each row i: find the position j of its largest weight, then pair `tokens[i]` with "
    "`tokens[j]`. The list is as long as the sentence.",
    lambda attempt: True,
)

STRONGEST_KEY = FunctionExercise(
    id="strongest-key",
    title="Who attends to whom",
    stars=1,
    minutes=5,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *STRONGEST_KEY_MISTAKES,
        functions.RAISED,
        functions.WRONG_TYPE,
        NOT_PAIRS,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        STRONGEST_KEY_FALLBACK,
    ),
    parameters=("weights", "tokens"),
    cases=strongest_key_cases,
    reference=strongest_pairs,
    result=PAIRS,
)


# --- both designs: w_q and w_k for "a fluffy blue creature roamed the verdant forest"


def sentence_scores(w_q, w_k):
    x = world.PHRASES.embed(TOKENS)
    return al.scores(x @ w_q, x @ w_k)


def all_zero(w_q, w_k):
    return not w_q.any() or not w_k.any()


def unmet(w_q, w_k):
    return not sentence_scores(w_q, w_k).any()


def overflows(w_q, w_k):
    return not np.isfinite(sentence_scores(w_q, w_k)).all()


DESIGN_MISTAKES = (
    design_mistake(
        "too-large",
        overflows,
        "Your numbers are so large that the scores overflow: they become infinite. Single "
        "digits are enough here.",
        "Divide both matrices by their largest entry, then multiply them by 3 and look at the "
        "scores again.",
    ),
    design_mistake(
        "zeros",
        all_zero,
        "One of your matrices is all zeros, so every score is 0 and every weight is {even}: "
        "the same for each of the {n_tokens} words.",
        "Row i of w_q says what a word asks for if axis i is in it; row i of w_k says what it "
        "answers with. Set one cell in each, in the same column, and watch one score move.",
    ),
    design_mistake(
        "different-columns",
        unmet,
        "Both of your matrices have numbers in them, and yet every score is 0 and every weight "
        "{even}. Your queries and your keys never meet in a coordinate.",
        "The first coordinate of a query meets the first of a key, the second the second. What "
        "asks and what answers it must be in the same column of w_q and of w_k.",
    ),
)
TRANSPOSED_SHAPE, *DESIGN_FORM = designs.OF_FORM


# --- adjective-finder: nouns look for their adjectives

CREATURE_SHARE = 0.9  # of creature's weight, on fluffy and blue together
FOREST_SHARE = 0.8  # of forest's weight, on verdant
EVEN = {"even": number(1 / len(TOKENS), 3), "n_tokens": str(len(TOKENS))}


def shares(w_q, w_k):
    """creature's weight on fluffy and blue together, and forest's weight on verdant."""
    weights = al.softmax(sentence_scores(w_q, w_k))
    return weights[CREATURE, FLUFFY] + weights[CREATURE, BLUE], weights[FOREST, VERDANT]


def creature_finds(w_q, w_k):
    return shares(w_q, w_k)[0] >= CREATURE_SHARE


def forest_finds(w_q, w_k):
    return shares(w_q, w_k)[1] >= FOREST_SHARE


def both_find(w_q, w_k):
    return creature_finds(w_q, w_k) and forest_finds(w_q, w_k)


def any_adjective_will_do(w_q, w_k):
    """Both nouns spend their weight on adjectives, without telling them apart."""
    weights = al.softmax(sentence_scores(w_q, w_k))
    on_adjectives = weights[:, FLUFFY] + weights[:, BLUE] + weights[:, VERDANT]
    return min(on_adjectives[CREATURE], on_adjectives[FOREST]) >= FOREST_SHARE


def finder_report(w_q, w_k):
    weights = al.softmax(sentence_scores(w_q, w_k))
    creature, forest = shares(w_q, w_k)
    facts = EVEN | {
        "creature": number(creature, 3),
        "forest": number(forest, 3),
        "creature_share": f"{CREATURE_SHARE:g}",
        "forest_share": f"{FOREST_SHARE:g}",
        "even_pair": number(2 / len(TOKENS)),
        "creature_top": TOKENS[weights[CREATURE].argmax()],
        "forest_top": TOKENS[weights[FOREST].argmax()],
        "self": number(weights[CREATURE, CREATURE], 3),
        "fluffy_to_creature": number(weights[FLUFFY, CREATURE], 3),
    }
    template = "creature gives {creature} to fluffy and blue together, forest {forest} to verdant."
    passed = bool(both_find(w_q, w_k))
    return Report(passed, template.format(**facts), facts, finder_drawings(weights, w_q, w_k))


def finder_drawings(weights, w_q, w_k):
    creature, forest = creature_finds(w_q, w_k), forest_finds(w_q, w_k)
    found = number(shares(w_q, w_k)[0], 3), number(shares(w_q, w_k)[1], 3)
    wrong = np.zeros((2, len(TOKENS)), bool)
    wrong[0, [FLUFFY, BLUE]] = not creature
    wrong[1, VERDANT] = not forest
    rows = matrix(
        "the weights of creature and forest; each row sums to 1",
        weights[[CREATURE, FOREST]],
        ("creature", "forest"),
        TOKENS,
        wrong,
    )
    asked = Drawing(
        "what was asked",
        ("creature on fluffy and blue", "forest on verdant"),
        ("yours", "expected"),
        ((found[0], f"at least {CREATURE_SHARE}"), (found[1], f"at least {FOREST_SHARE}")),
        frozenset((i, 0) for i, fine in enumerate((creature, forest)) if not fine),
    )
    return rows, asked


FINDER_MISTAKES = (
    design_mistake(
        "tied",
        lambda w_q, w_k: np.allclose(w_q, w_k),
        "Your w_q and w_k are the same, so a word asks for what it is itself. creature gives "
        "{self} of its weight to creature and {creature} to its adjectives.",
        "w_q says what a noun asks for, w_k what an adjective answers. Leave w_q on the rows of "
        "animal and place, and move w_k's numbers to the rows of the two kinds of adjective.",
    ),
    design_mistake(
        "swapped",
        lambda w_q, w_k: at_some_strength(both_find, w_k, w_q),
        "Here the adjectives look for the nouns: fluffy gives {fluffy_to_creature} of its "
        "weight to creature, and creature gives {creature} to its adjectives. Who should ask?",
        "The noun asks, so the rows 'animal' and 'place' belong in w_q; the adjective answers, "
        "so 'fits animals' and 'fits places' belong in w_k. Exchange your two matrices.",
    ),
    design_mistake(
        "sign-flipped",
        lambda w_q, w_k: at_some_strength(both_find, -w_q, w_k),
        "The nouns avoid their adjectives: creature gives {creature} to fluffy and blue, where "
        "even weights would give {even_pair}. A noun's query and its adjective's key point in "
        "opposite directions.",
        "A score is large when query and key have the same sign in the same column. Change the "
        "sign of all of w_q, or of all of w_k, not of both.",
    ),
    design_mistake(
        "too-small",
        lambda w_q, w_k: at_some_strength(both_find, w_q, w_k),
        "The direction is right, the strength is not: creature gives {creature} to its "
        "adjectives, forest {forest} to verdant. Softmax gives nearly even weights to scores "
        "that are nearly even.",
        "Multiply w_q by 2 and check again, and again. Larger scores mean larger differences "
        "between them, and softmax turns those into sharper weights.",
    ),
    design_mistake(
        "shared-column",
        any_adjective_will_do,
        "Your nouns find adjectives, but any will do: creature looks most at {creature_top} and "
        "forest most at {forest_top}. Animals and places ask the same question.",
        "A query has two coordinates, so a word can ask one of two questions. Use one column "
        "for animals and what fits them, the other for places and what fits those.",
    ),
    design_mistake(
        "only-creature",
        creature_finds,
        "creature finds its adjectives with {creature} of its weight. forest gives {forest} to "
        "verdant, and {forest_share} is asked for.",
        "Do for 'place' and 'fits places' in one column what you did for 'animal' and 'fits "
        "animals' in the other, as strongly.",
    ),
    design_mistake(
        "only-forest",
        forest_finds,
        "forest finds verdant with {forest} of its weight. creature gives {creature} to fluffy "
        "and blue together, and {creature_share} is asked for.",
        "Do for 'animal' and 'fits animals' in one column what you did for 'place' and 'fits "
        "places' in the other. {creature_share} needs larger numbers than {forest_share}.",
    ),
)
FINDER_FALLBACK = Diagnosis(
    "unrecognised",
    "creature gives {creature} to its adjectives and looks most at {creature_top}; forest gives "
    "{forest} to verdant and looks most at {forest_top}. Begin with one noun: which axis makes "
    "creature ask, and which axis makes fluffy answer?",
    "Set all cells to 0. Then put one number in w_q, in the row 'animal', and one in w_k, in the "
    "row 'fits animals', both in the first column; see what creature does, then use the second "
    "column for places.",
    lambda attempt: True,
)

ADJECTIVE_FINDER = DesignExercise(
    id="adjective-finder",
    title="Design a head: nouns look for their adjectives",
    stars=2,
    minutes=15,
    diagnoses=(
        TRANSPOSED_SHAPE,
        *DESIGN_FORM,
        *DESIGN_MISTAKES,
        *FINDER_MISTAKES,
        FINDER_FALLBACK,
    ),
    shape=(len(world.PHRASES.axes), D_HEAD),
    report=finder_report,
)


# --- one-matrix: why queries and keys need a matrix each

ASKED_SCORE = 2.0  # creature's score for fluffy, at least
ANSWERED_SCORE = 0.0  # fluffy's score for creature, at most


def both_ways(w_q, w_k):
    """creature's score for fluffy, and fluffy's for creature."""
    scores = sentence_scores(w_q, w_k)
    return scores[CREATURE, FLUFFY], scores[FLUFFY, CREATURE]


def one_way(w_q, w_k):
    asked, answered = both_ways(w_q, w_k)
    return asked >= ASKED_SCORE and answered <= ANSWERED_SCORE


def symmetric(w_q, w_k):
    """Whether score(i, j) = score(j, i) for all pairs of embeddings."""
    form = w_q @ w_k.T
    return np.allclose(form, form.T)


def one_way_report(w_q, w_k):
    scores = sentence_scores(w_q, w_k)
    asked, answered = both_ways(w_q, w_k)
    fine = asked >= ASKED_SCORE, answered <= ANSWERED_SCORE
    facts = EVEN | {
        "asked": number(asked),
        "answered": number(answered),
        "asked_score": f"{ASKED_SCORE:g}",
        "answered_score": f"{ANSWERED_SCORE:g}",
    }
    words = ("creature", "fluffy")
    indices = [CREATURE, FLUFFY]
    wrong = np.array([[False, not fine[0]], [not fine[1], False]])
    grid = scores[np.ix_(indices, indices)]
    drawn = matrix("scores: rows are queries, columns are keys", grid, words, words, wrong)
    asked_for = Drawing(
        "what was asked",
        ("creature's score for fluffy", "fluffy's score for creature"),
        ("yours", "expected"),
        (
            (facts["asked"], f"at least {facts['asked_score']}"),
            (facts["answered"], f"at most {facts['answered_score']}"),
        ),
        frozenset((i, 0) for i in range(2) if not fine[i]),
    )
    template = "creature's score for fluffy is {asked}; fluffy's score for creature is {answered}."
    return Report(all(fine), template.format(**facts), facts, (drawn, asked_for))


ONE_MATRIX_MISTAKES = (
    design_mistake(
        "tied",
        symmetric,
        "creature's score for fluffy is {asked}, and fluffy's score for creature is {answered}: "
        "the same number. With these matrices score(i, j) = score(j, i) for every two words, so "
        "no pair can want in one direction only.",
        "With one matrix for both, a score is a dot product of the same two vectors in either "
        "order. Let w_q read a noun's axis where w_k reads an adjective's: two different "
        "matrices.",
    ),
    design_mistake(
        "reversed",
        lambda w_q, w_k: one_way(w_k, w_q),
        "It works the wrong way round: fluffy's score for creature is {answered}, and creature's "
        "for fluffy is {asked}. creature is to ask and fluffy to answer.",
        "What makes a word ask is in w_q, what makes it answer is in w_k. Exchange your two "
        "matrices.",
    ),
    design_mistake(
        "sign-flipped",
        lambda w_q, w_k: at_some_strength(one_way, -w_q, w_k),
        "creature's score for fluffy is {asked}: below zero, so creature turns away from fluffy. "
        "Its query and fluffy's key have opposite signs.",
        "A product of two numbers of the same sign is positive. Change the sign of w_q or of "
        "w_k, not of both.",
    ),
    design_mistake(
        "too-small",
        lambda w_q, w_k: at_some_strength(one_way, w_q, w_k),
        "The direction is right: {asked} one way, {answered} the other. creature's score must "
        "reach {asked_score}.",
        "Double every number in w_q, and the scores double too. Remember that the score is "
        "divided by the root of d_head.",
    ),
    design_mistake(
        "both-large",
        lambda w_q, w_k: min(both_ways(w_q, w_k)) > ANSWERED_SCORE,
        "creature's score for fluffy is {asked}, but fluffy's score for creature is {answered}, "
        "more than {answered_score} as well. Both words ask and both answer.",
        "Look for rows that are filled in both matrices. fluffy should have nothing to ask "
        "with: what it has, 'fits animals', should be 0 or negative in w_q.",
    ),
)
ONE_MATRIX_FALLBACK = Diagnosis(
    "unrecognised",
    "creature's score for fluffy is {asked}, and at least {asked_score} is asked for; fluffy's "
    "score for creature is {answered}, and at most {answered_score} is asked for. Work on the "
    "first alone: what does creature have that can ask, and what does fluffy have that can "
    "answer?",
    "Begin with zeros. In the first column, give w_q a number in the row 'animal' and w_k one in "
    "the row 'fits animals'; then look at both scores.",
    lambda attempt: True,
)

ONE_MATRIX = DesignExercise(
    id="one-matrix",
    title="Why two matrices and not one",
    stars=2,
    minutes=10,
    diagnoses=(
        TRANSPOSED_SHAPE,
        *DESIGN_FORM,
        *DESIGN_MISTAKES,
        *ONE_MATRIX_MISTAKES,
        ONE_MATRIX_FALLBACK,
    ),
    shape=(len(world.PHRASES.axes), D_HEAD),
    report=one_way_report,
)


# --- bilinear: the two matrices as one form


def bilinear_form(w_q, w_k):
    """The raw scores of every axis with every axis: with x the identity, x @ m @ x.T is m."""
    axes = np.eye(len(w_q))
    return raw_scores(axes @ w_q, axes @ w_k)


def bilinear_case(w_q, w_k, axes):
    drawn = matrix("input w_q", w_q, axes), matrix("input w_k", w_k, axes)
    return Case((w_q, w_k), axes, axes, drawn)


def bilinear_cases():
    w_q = np.array([[2.0, 0.0], [0.0, 1.0], [1.0, -1.0]])
    w_k = np.array([[1.0, 1.0], [0.0, 2.0], [3.0, 0.0]])
    cases = [bilinear_case(w_q, w_k, world.PHRASES.axes[: len(w_q)])]
    rng = np.random.default_rng(SEED)
    for d_model, d_head in ((4, 1), (2, 5), (3, 3), (6, 2), (7, 16)):
        axes = tuple(f"axis {i}" for i in range(d_model))
        w_q, w_k = one_decimal(rng, d_model, d_head), one_decimal(rng, d_model, d_head)
        cases.append(bilinear_case(w_q, w_k, axes))
    return cases


def symmetrised(w_q, w_k):
    form = bilinear_form(w_q, w_k)
    return (form + form.T) / 2


BILINEAR_MISTAKES = (
    mistake(
        "inner",
        lambda w_q, w_k: w_q.T @ w_k,
        "Your result has shape {shape}: d_head by d_head. An embedding x has d_model numbers, so "
        "in x @ m @ x.T the matrix m must have d_model rows and columns.",
        "Write (x @ w_q) @ (x @ w_k).T and move the transpose inside: it turns the order of a "
        "product round. What is left between x and x.T is m.",
    ),
    mistake(
        "transposed",
        lambda w_q, w_k: bilinear_form(w_k, w_q),
        "Row {row}, column {column} holds {returned}, which belongs in row {column}, column "
        "{row}. Your form lets the keys ask and the queries answer.",
        "In x @ m @ x.T the left x is the asking side. Which of the two matrices does it meet "
        "first?",
    ),
    mistake(
        "elementwise",
        lambda w_q, w_k: w_q * w_k,
        "Your result has the shape {shape} of w_q. You multiplied cell by cell, so each axis met "
        "only itself, and nothing was added up.",
        "An animal's query meets a place's key too: m needs a cell for every pair of axes, each "
        "of them a dot product of a row of w_q and a row of w_k.",
    ),
    mistake(
        "scaled",
        lambda w_q, w_k: al.scores(w_q, w_k),
        "You have {returned} where {expected} is expected: all your numbers are too small by one "
        "factor. The raw scores are asked for.",
        "The factor is the root of d_head. The form is defined without it; leave it out.",
    ),
    mistake(
        "symmetrised",
        symmetrised,
        "Row {row}, column {column} is {returned}, as is its mirror image; {expected} is "
        "expected. Your form is symmetric, and says that who asks does not matter.",
        "Averaging with the transpose makes score(i, j) = score(j, i). That loses what two "
        "matrices were for: return the product itself.",
    ),
    mistake(
        "not-transposed",
        lambda w_q, w_k: w_q @ w_k,
        "A product of w_q and w_k as they are does not fit: the columns of w_q are d_head many, "
        "the rows of w_k d_model.",
        "The two d_head sides must meet in the middle and be summed away. Turn one of the "
        "matrices on its side.",
    ),
)
BILINEAR_FALLBACK = Diagnosis(
    "unrecognised",
    "Row {row}, column {column} of your m is {returned}; it should be {expected}: what a query "
    "made of the first of these axes alone scores for a key made of the second alone.",
    "Take x = the identity matrix: then x @ m @ x.T is m itself, and the raw scores are w_q "
    "against w_k, row by row. Which product is that?",
    lambda attempt: True,
)

BILINEAR = FunctionExercise(
    id="bilinear",
    title="Two matrices, one form",
    stars=3,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *BILINEAR_MISTAKES,
        *functions.OF_FORM,
        BILINEAR_FALLBACK,
    ),
    parameters=("w_q", "w_k"),
    cases=bilinear_cases,
    reference=bilinear_form,
    result=ArrayResult("a row and a column for each axis of the embedding"),
)

EXERCISES = (SCORES, STRONGEST_KEY, ADJECTIVE_FINDER, ONE_MATRIX, BILINEAR)
