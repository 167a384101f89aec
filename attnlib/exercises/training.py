"""The exercises of the chapter "Training"."""

import numpy as np

from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import matrix
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise

SEED = 12


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def fallback(hint, stronger):
    return Diagnosis("unrecognised", hint, stronger, lambda attempt: True)


# --- surprise


def surprise(probabilities, answers):
    return np.asarray(-np.log(probabilities[np.arange(len(answers)), answers]).mean())


def surprise_cases():
    cases = []
    rng = np.random.default_rng(SEED)
    for n, n_words in ((3, 4), (1, 3), (6, 6), (5, 9)):
        probabilities = softmax(rng.normal(0, 2, (n, n_words)))
        answers = rng.integers(0, n_words, n)
        drawn = (matrix("input probabilities", probabilities), matrix("input answers", answers, ("answers",), decimals=0))
        cases.append(Case((probabilities, answers), ("loss",), ("value",), drawn, {}))
    return cases


SURPRISE = FunctionExercise(
    id="surprise", title="Mean surprise", stars=1, minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *functions.OF_FORM, fallback("x", "y")),
    parameters=("probabilities", "answers"), cases=surprise_cases, reference=surprise,
    result=ArrayResult("the loss"),
)


def pairs(ids, n_words):
    counts = np.ones((n_words, n_words))
    np.add.at(counts, (ids[:, :-1], ids[:, 1:]), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def pairs_cases():
    rng = np.random.default_rng(SEED)
    out = []
    for n_texts, n, n_words in ((2, 4, 3), (1, 2, 2), (5, 7, 4)):
        ids = rng.integers(0, n_words, (n_texts, n))
        names = tuple(f"word {i}" for i in range(n_words))
        out.append(Case((ids, n_words), names, names, (matrix("input ids", ids, decimals=0),), {}))
    return out


PAIRS = FunctionExercise(
    id="pairs", title="Counting pairs", stars=2, minutes=15,
    diagnoses=(functions.CHANGED_INPUTS, *functions.OF_FORM, fallback("x", "y")),
    parameters=("ids", "n_words"), cases=pairs_cases, reference=pairs,
    result=ArrayResult("a row for each word, a column for each that follows"),
)


def head_scores(weights, ids):
    previous = np.diagonal(weights, -1).mean()
    sums = []
    for i in range(len(ids)):
        followers = [j + 1 for j in range(i) if ids[j] == ids[i]]
        if followers:
            sums.append(weights[i, followers].sum())
    return np.array([previous, np.mean(sums)])


def score_cases():
    rng = np.random.default_rng(SEED)
    out = []
    for ids in ([0, 1, 0], [0, 1, 2, 0, 1, 2], [1, 1, 2, 1]):
        ids = np.array(ids)
        n = len(ids)
        scores = np.where(np.tri(n, dtype=bool), rng.normal(0, 2, (n, n)), -np.inf)
        w = softmax(scores)
        out.append(Case((w, ids), ("scores",), ("previous word", "prefix matching"), (matrix("input weights", w), matrix("input ids", ids, ("ids",), decimals=0)), {}))
    return out


SCORES = FunctionExercise(
    id="head-scores", title="Two scores of a head", stars=2, minutes=15,
    diagnoses=(functions.CHANGED_INPUTS, *functions.OF_FORM, fallback("x", "y")),
    parameters=("weights", "ids"), cases=score_cases, reference=head_scores,
    result=ArrayResult("two scores"),
)


def needed(copying, n_layers, n_heads):
    heads = [(layer, head) for layer in range(n_layers) for head in range(n_heads)]
    return np.array([at for at in heads if copying([at]) < copying([]) / 2])


def needed_cases():
    def copying(silent):
        return 0.1 if {(0, 1), (1, 0)} & set(map(tuple, silent)) else 0.9

    return [Case((copying, 2, 4), ("0", "1"), ("layer", "head"), (), {})]


NEEDED = FunctionExercise(
    id="needed-heads", title="By silencing", stars=2, minutes=15,
    diagnoses=(*functions.OF_FORM, fallback("x", "y")),
    parameters=("copying", "n_layers", "n_heads"), cases=needed_cases, reference=needed,
    result=ArrayResult("a row for each head"),
)


def has_leak(logits, answers, bound):
    given = np.take_along_axis(softmax(logits), answers[..., None], axis=-1)
    return np.asarray(-np.log(given).mean() < bound)


def leak_cases():
    rng = np.random.default_rng(SEED)
    out = []
    for bound in (0.5, 1.0, 2.0):
        logits = rng.normal(0, 2, (2, 3, 4))
        answers = rng.integers(0, 4, (2, 3))
        out.append(Case((logits, answers, bound), ("leak",), ("value",), (), {}))
    return out


LEAK = FunctionExercise(
    id="below-bound", title="The leak", stars=2, minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *functions.OF_FORM, fallback("x", "y")),
    parameters=("logits", "answers", "bound"), cases=leak_cases, reference=has_leak,
    result=ArrayResult("true or false"),
)


def heads_cases():
    return [Case((n,), ("first", "second"), ("head",), (), {}) for n in (3, 5)]


INDUCTION = FunctionExercise(
    id="induction", title="An induction head by hand", stars=3, minutes=30,
    diagnoses=(*functions.OF_FORM, fallback("x", "y")),
    parameters=("n_words",), cases=heads_cases, reference=lambda n_words: np.array(n_words),
    result=ArrayResult("two heads"),
)

EXERCISES = (SURPRISE, PAIRS, SCORES, INDUCTION, NEEDED, LEAK)
