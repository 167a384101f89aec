"""The exercises of the chapter "Training"."""

from dataclasses import dataclass

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import matrix, number
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake
from attnlib.exercises.masking import MaskResult
from attnlib.exercises.scaling import NumberResult
from attnlib.exercises.trained_heads import NEEDED, SCORES
from attnlib.exercises.two_heads import INDUCTION

SEED = 12


def words(count):
    return tuple(f"word {i}" for i in range(count))


def places(count):
    return tuple(f"place {i}" for i in range(count))


# --- surprise: the loss of some guesses


def given(probabilities, answers):
    """The probabilities of the words that came, `answers.shape`."""
    return np.take_along_axis(probabilities, answers[..., None], axis=-1)[..., 0]


def surprise(probabilities, answers):
    return np.asarray(-np.log(given(probabilities, answers)).mean())


def of_given(change):
    return lambda probabilities, answers: change(given(probabilities, answers))


def surprise_case(probabilities, answers):
    n, n_words = probabilities.shape
    drawn = (
        matrix("input probabilities", probabilities, places(n), words(n_words)),
        matrix("input answers", answers, ("answers",), decimals=0),
    )
    first = given(probabilities, answers)[0]
    facts = {
        "n": str(n),
        "n_words": str(n_words),
        "answer": str(answers[0]),
        "first": number(first),
        "surprise": number(-np.log(first)),
    }
    return Case((probabilities, answers), ("value",), ("loss",), drawn, facts)


def surprise_cases():
    by_hand = np.array([[0.5, 0.25, 0.125, 0.125], [0.1, 0.2, 0.6, 0.1], [0.4, 0.3, 0.2, 0.1]])
    cases = [surprise_case(by_hand, np.array([1, 2, 3]))]
    rng = np.random.default_rng(SEED)
    for n, n_words in ((1, 3), (6, 6), (5, 9), (9, 2)):
        probabilities = al.softmax(rng.normal(0, 2, (n, n_words)))
        cases.append(surprise_case(probabilities, rng.integers(0, n_words, n)))
    return cases


SURPRISE_MISTAKES = (
    mistake(
        "sign",
        of_given(lambda p: np.log(p).mean()),
        "Your loss is {returned}, and {expected} is expected: only the sign is wrong. Logarithms "
        "of probabilities are negative, and a surprise is not.",
        "The surprise at place 0 is {surprise}: the logarithm of {first} with the other sign.",
    ),
    mistake(
        "other-logarithm",
        (of_given(lambda p: -np.log2(p).mean()), of_given(lambda p: -np.log10(p).mean())),
        "Your loss is {returned}, and {expected} is expected: the same in another unit. A nat goes "
        "with the natural logarithm.",
        "NumPy's logarithm without a number in its name is the natural one. It makes {surprise} of "
        "{first}.",
    ),
    mistake(
        "sum",
        of_given(lambda p: -np.log(p).sum()),
        "You added the surprises up: {returned}. Their mean is expected, {expected}, so that texts "
        "of unequal lengths can be compared.",
        "Here are {n} places. What does a sum become when it is divided by how many there are?",
    ),
    mistake(
        "log-of-mean",
        of_given(lambda p: -np.log(p.mean())),
        "You took the mean of the probabilities and then the surprise of it: {returned}. The other "
        "way round it is {expected}: each place has a surprise of its own.",
        "The surprise at place 0 is {surprise}, for the probability {first}. Work out one for each "
        "place before you take any mean.",
    ),
    mistake(
        "probability",
        (
            of_given(np.mean),
            of_given(np.prod),
            of_given(lambda p: (1 - p).mean()),
            of_given(lambda p: -p.mean()),
        ),
        "There is no logarithm in your loss: {returned}. A surprise is not the probability, nor "
        "what is missing from 1.",
        "At place 0 the word that came had the probability {first}. Its surprise is {surprise} "
        "nats.",
    ),
    mistake(
        "perplexity",
        of_given(lambda p: np.exp(-np.log(p).mean())),
        "Your number is {returned}: the perplexity, which is e to the power of the loss. The loss "
        "itself is {expected}.",
        "You are one step too far. Leave out the last one.",
    ),
    mistake(
        "best-word",
        lambda probabilities, answers: -np.log(probabilities.max(axis=1)).mean(),
        "You took the largest probability of each row, whatever came. At place 0 came word "
        "{answer}, and it had {first}.",
        "The largest is what the model thought likely. `answers` says which word of each row it "
        "is about.",
    ),
    mistake(
        "every-word",
        (
            lambda probabilities, answers: -np.log(probabilities).mean(),
            lambda probabilities, answers: -np.log(probabilities).sum(axis=1).mean(),
            lambda p, answers: -(p * np.log(p)).sum(axis=1).mean(),
        ),
        "All words of a row have a part in your loss: {returned}. One word came at each place, and "
        "only its probability counts.",
        "At place 0 this is word {answer}, with {first} of the row. `answers` has a number for "
        "every row.",
    ),
    mistake(
        "wrong-cells",
        (
            lambda probabilities, answers: -np.log(probabilities[:, 0]).mean(),
            lambda probabilities, answers: -np.log(probabilities[:, -1]).mean(),
            lambda probabilities, answers: -np.log(probabilities[0, answers]).mean(),
            lambda probabilities, answers: -np.log(probabilities[:, answers]).mean(),
            lambda probabilities, answers: -np.log(probabilities[answers]).mean(),
            lambda p, answers: -np.log(p[answers, np.arange(len(answers))]).mean(),
        ),
        "You take other cells than the {n} that you need: one in each row, in the column that "
        "`answers` names for it.",
        "Row 0 gives {first}, from column {answer}. Print the numbers that you take, before any "
        "logarithm.",
    ),
    mistake(
        "each-place",
        of_given(lambda p: -np.log(p)),
        "You return an array of shape {shape}: a surprise for each place. These are right, and one "
        "number is left to be made of them.",
        "The loss is their mean.",
    ),
)
SURPRISE_FALLBACK = Diagnosis(
    "unrecognised",
    "Your function returned {returned}, and {expected} is expected. Begin with place 0: there came "
    "word {answer}, which had the probability {first}. Its surprise is {surprise}.",
    "Three steps: the probability of the word that came, one in each row; minus the natural "
    "logarithm of each; the mean.",
    lambda attempt: True,
)

SURPRISE = FunctionExercise(
    id="surprise",
    title="Mean surprise",
    stars=1,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *SURPRISE_MISTAKES,
        *functions.OF_FORM,
        SURPRISE_FALLBACK,
    ),
    parameters=("probabilities", "answers"),
    cases=surprise_cases,
    reference=surprise,
    result=NumberResult("the loss in nats"),
)


# --- pairs: which word follows which


def counted(ids, n_words, start=1.0):
    """How often each word follows each, from `start` on, `(n_words, n_words)`."""
    counts = np.full((n_words, n_words), start)
    np.add.at(counts, (ids[..., :-1], ids[..., 1:]), 1)
    return counts


def row_by_row(counts):
    return counts / counts.sum(axis=1, keepdims=True)


def pairs(ids, n_words):
    return row_by_row(counted(ids, n_words))


def of_counts(change):
    return lambda ids, n_words: change(counted(ids, n_words))


def started_at(start):
    return lambda ids, n_words: row_by_row(counted(ids, n_words, start))


def rows_filled(fill):
    """Counts from 0 on, with `fill(n_words)` in the rows of words that nothing follows."""

    def probabilities(ids, n_words):
        came = started_at(0.0)(ids, n_words)
        return np.where(np.isnan(came), fill(n_words), came)

    return probabilities


def counted_once(ids, n_words):
    """What `counts[a, b] += 1` counts of arrays of indices."""
    counts = np.ones((n_words, n_words))
    counts[ids[:, :-1], ids[:, 1:]] += 1
    return row_by_row(counts)


def counted_once_a_text(ids, n_words):
    counts = np.ones((n_words, n_words))
    for text in ids:
        counts[text[:-1], text[1:]] += 1
    return row_by_row(counts)


def last_followed(by):
    """The last word of every text is followed by the one at place `by` of the same text."""
    return lambda ids, n_words: pairs(np.hstack([ids, ids[:, [by]]]), n_words)


def by_occurrences(ids, n_words):
    """Divided by how often a word comes at all, at the end of a text as well."""
    occurrences = np.bincount(ids.ravel(), minlength=n_words)
    return counted(ids, n_words) / (occurrences + n_words)[:, None]


def pairs_case(ids, n_words):
    drawn = (
        matrix("input ids", ids, tuple(f"text {i}" for i in range(len(ids))), decimals=0),
        matrix("input n_words", n_words, ("n_words",), ("value",), decimals=0),
    )
    facts = {"n_words": str(n_words), "a": str(ids[0, 0]), "b": str(ids[0, 1])}
    facts["seen"] = str(int(counted(ids, n_words, 0.0)[ids[0, 0], ids[0, 1]]))
    facts["followed"] = str(int((ids[:, :-1] == ids[0, 0]).sum()))
    facts |= {"last": str(ids[0, -1]), "next": str(ids[1, 0]) if len(ids) > 1 else "none"}
    labels = tuple(map(str, range(n_words)))
    return Case((ids, n_words), labels, labels, drawn, facts)


def pairs_cases():
    cases = [pairs_case(np.array([[0, 1, 0, 1], [2, 1, 1, 0]]), 4)]  # word 3 never comes
    rng = np.random.default_rng(SEED)
    for n_texts, n, n_words in ((1, 2, 2), (5, 7, 4), (3, 9, 6), (1, 12, 3), (4, 1, 3)):
        cases.append(pairs_case(rng.integers(0, n_words, (n_texts, n + 1)), n_words))
    return cases


PAIRS_MISTAKES = (
    mistake(
        "transposed",
        (of_counts(lambda counts: row_by_row(counts).T), of_counts(lambda c: row_by_row(c.T))),
        "Rows and columns have changed places: row {row}, column {column} is {returned}, and "
        "{expected} is expected. A row is for the word that comes first.",
        "In the first text word {b} follows word {a}. Which row, which column does this pair count "
        "in?",
    ),
    mistake(
        "over-columns",
        of_counts(lambda counts: counts / counts.sum(axis=0)),
        "Your columns sum to 1, and your rows do not. After a given word something must come: it "
        "is the row that holds these chances.",
        "Divide every row by its own sum. To keep the sums as a column, there is `keepdims`.",
    ),
    mistake(
        "divided-the-other-way",
        of_counts(lambda counts: counts / counts.sum(axis=1)),
        "Your sums are those of the rows, but they divide the columns: row {row}, column {column} "
        "is {returned}, and {expected} is expected.",
        "An array of {n_words} sums counts as one row, and is laid along every row. Kept as a "
        "column, by `keepdims`, it divides each row by its own sum.",
    ),
    mistake(
        "without-the-one",
        (
            started_at(0.0),
            rows_filled(lambda n_words: 0.0),
            rows_filled(lambda n_words: 1 / n_words),
        ),
        "Your counts begin with 0: row {row}, column {column} is {returned}, and {expected} "
        "is expected. A pair that was not seen is rare, not impossible.",
        "Word {a} is followed {followed} times. With a 1 to begin with in each of {n_words} "
        "columns, what does its row of counts sum to?",
    ),
    mistake(
        "other-start",
        (
            *(started_at(start) for start in (0.1, 0.5, 2.0, 1e-9, 1e-8, 1e-6, 1e-3)),
            of_counts(lambda counts: row_by_row(np.maximum(counts - 1, 1))),
            lambda ids, n_words: row_by_row(counted(ids, n_words, 1.0 / n_words)),
        ),
        "Row {row}, column {column} is {returned}, and {expected} is expected. Every count "
        "begins with 1, those of pairs that come and those of pairs that do not.",
        "Word {b} follows word {a} {seen} times: its count is one more.",
    ),
    mistake(
        "across-texts",
        lambda ids, n_words: pairs(ids.ravel(), n_words),
        "You count pairs that reach from one text into the next. Text 0 ends with word {last}; "
        "what text 1 begins with does not follow it.",
        "Pair the words within each row of `ids`. A text of four words has three pairs.",
    ),
    mistake(
        "once",
        (counted_once, counted_once_a_text),
        "A pair that comes several times counts once in your matrix: row {row}, column {column} "
        "is {returned}, and {expected} is expected.",
        "`counts[a, b] += 1`, with arrays for a and b, looks each cell up once, adds 1 and writes "
        "it back, however often the pair stands in the arrays. Loop, or look for `np.add.at`.",
    ),
    mistake(
        "last-word",
        (
            last_followed(-1),
            last_followed(0),
            lambda ids, n_words: pairs(np.hstack([ids[:, [0]], ids]), n_words),
        ),
        "You have a pair too many in each text. The last word, {last} in text 0, is followed by "
        "nothing here, not by itself and not by the first.",
        "The words that are followed are all but the last, those that follow all but the first.",
    ),
    mistake(
        "not-divided",
        (of_counts(lambda counts: counts), of_counts(lambda counts: counts - 1)),
        "In row {row}, column {column} you have {returned}: a count. A probability is expected, "
        "{expected}.",
        "What must the numbers of a row sum to, if one of these words has to come? Divide.",
    ),
    mistake(
        "joint",
        of_counts(lambda counts: counts / counts.sum()),
        "Your whole matrix sums to 1: that is how likely each pair is among all pairs. Asked is "
        "how likely the second word is once the first has come.",
        "Then every row sums to 1, also that of a rare word. Divide each row by its own sum.",
    ),
    mistake(
        "divided-by-another-count",
        (
            by_occurrences,
            lambda ids, n: counted(ids, n) / counted(ids, n, 0.0).sum(axis=1, keepdims=True),
            lambda ids, n: counted(ids, n) / (1 + counted(ids, n, 0.0).sum(axis=1, keepdims=True)),
        ),
        "Your rows do not sum to 1: row {row}, column {column} is {returned}, and {expected} "
        "is expected. What you divide by is not what you divide.",
        "Word {a} is followed {followed} times, and each of the {n_words} counts of its row began "
        "with 1. Divide by the sum of the row as it is.",
    ),
)
PAIRS_FALLBACK = Diagnosis(
    "unrecognised",
    "Row {row}, column {column} is {returned}, and {expected} is expected. Count by hand: how "
    "often does the one follow the other, and how often is the first followed at all?",
    "In this input word {b} follows word {a} {seen} times, and word {a} is followed {followed} "
    "times. Begin with ones, add, then divide each row by its sum.",
    lambda attempt: True,
)

PAIRS = FunctionExercise(
    id="pairs",
    title="Counting pairs",
    stars=2,
    minutes=15,
    diagnoses=(functions.CHANGED_INPUTS, *PAIRS_MISTAKES, *functions.OF_FORM, PAIRS_FALLBACK),
    parameters=("ids", "n_words"),
    cases=pairs_cases,
    reference=pairs,
    result=ArrayResult("a row for each word, a column for each that follows"),
)


# --- below-the-bound: better than possible


def loss_of(logits, answers):
    return -np.log(given(al.softmax(logits), answers)).mean()


def has_leak(logits, answers, bound):
    return np.asarray(loss_of(logits, answers) < bound)


@dataclass(frozen=True)
class TruthResult(MaskResult):
    """One truth value."""

    def wanted(self, expected):
        return f"True or False: {self.shape}"

    def facts(self, case, result, expected):
        facts = {"wanted": self.wanted(expected), "shape": "no shape"}
        facts |= dict.fromkeys(("row", "column", "returned"), "?") | {"expected": str(expected)}
        if result is None:
            return facts
        returned = str(result) if result.ndim == 0 else f"an array of shape {result.shape}"
        return facts | {"shape": str(result.shape), "returned": returned}

    def message(self, facts):
        return "Your function returned {returned}, not {expected}.".format(**facts)

    def draw(self, case, result, expected):
        return ()


def normalised(logits, axis):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum(axis=axis, keepdims=True)


def right_share(logits, answers):
    return (logits.argmax(axis=-1) == answers).mean()


OTHER_LOSSES = {  # by the mistake that computes it in place of the loss
    "sum": (lambda logits, answers: -np.log(given(al.softmax(logits), answers)).sum(),),
    "bits": (lambda logits, answers: loss_of(logits, answers) / np.log(2),),
    "best-word": (lambda logits, answers: -np.log(al.softmax(logits).max(axis=-1)).mean(),),
    "no-softmax": (
        lambda logits, answers: -np.log(given(logits, answers)).mean(),
        lambda logits, answers: -given(logits, answers).mean(),
    ),
    "other-axis": (
        lambda logits, answers: -np.log(given(normalised(logits, 0), answers)).mean(),
        lambda logits, answers: -np.log(given(normalised(logits, 1), answers)).mean(),
        lambda logits, answers: -np.log(given(normalised(logits, None), answers)).mean(),
    ),
    "some-places": (
        lambda logits, answers: loss_of(logits[:, -1], answers[:, -1]),
        lambda logits, answers: loss_of(logits[:, 0], answers[:, 0]),
        lambda logits, answers: loss_of(logits[0], answers[0]),
        *(
            lambda logits, answers, pick=pick, axis=axis: pick(
                -np.log(given(al.softmax(logits), answers)).mean(axis=axis)
            )
            for pick in (np.min, np.max)  # below the bound: any of them, or all
            for axis in ((), 1)  # words, or texts
        ),
    ),
    "log-of-mean": (lambda logits, answers: -np.log(given(al.softmax(logits), answers).mean()),),
    "perplexity": (lambda logits, answers: np.exp(loss_of(logits, answers)),),
    "every-word": (lambda logits, answers: -np.log(al.softmax(logits)).mean(),),
}
SHARES = (0.5, 0.8, 0.9, 0.95, 0.99, 1.0)


def leak_case(logits, answers, bound):
    n_texts, n, n_words = logits.shape
    texts = tuple(f"text {i}" for i in range(n_texts))
    drawn = (
        matrix("input logits, of text 0", logits[0], places(n), words(n_words)),
        matrix("input answers", answers, texts, places(n), decimals=0),
        matrix("input bound", bound, ("bound",), ("value",)),
    )
    loss = loss_of(logits, answers)
    facts = {
        "loss": number(loss, 3),
        "bound": number(bound, 3),
        "n_texts": str(n_texts),
        "n": str(n),
        "side": "below" if loss < bound else "above",
    }
    return Case((logits, answers, bound), ("leak",), ("value",), drawn, facts)


def guesses(rng, sharpness, n_texts, n, n_words):
    """Random logits that favour the answers by `sharpness`, and these answers."""
    answers = rng.integers(0, n_words, (n_texts, n))
    return rng.normal(0, 2, (n_texts, n, n_words)) + sharpness * np.eye(n_words)[answers], answers


def leak_cases():
    """A bound between the loss and what each mistake takes for it; then close, and far."""
    rng = np.random.default_rng(SEED)
    cases = []
    for way in (way for ways in OTHER_LOSSES.values() for way in ways):
        for sharpness in (1.0, 4.0):
            logits, answers = guesses(rng, sharpness, *rng.integers(2, 6, 3))
            loss = loss_of(logits, answers)
            with np.errstate(all="ignore"):
                other = way(logits, answers)
            between = (loss + other) / 2 if np.isfinite(other) else 1.1 * loss
            cases.append(leak_case(logits, answers, max(between, 0.5 * loss)))
    for sharpness in (0.0, 2.0, 5.0, 9.0):
        for factor in (0.1, 0.4, 0.96, 1.04, 3.0, 40.0):
            logits, answers = guesses(rng, sharpness, 3, 4, 5)
            logits += (-9, 0, 9)[len(cases) % 3]  # of any sign: the loss is the same
            cases.append(leak_case(logits, answers, factor * loss_of(logits, answers)))
    return sorted(cases, key=lambda case: case.inputs[0].size)


def truth_mistake(id, would_give, hint, stronger):
    return mistake(id, would_give, hint, stronger, read=MaskResult("").read)


def by_other_loss(id):
    return tuple(
        lambda logits, answers, bound, way=way: np.asarray(way(logits, answers) < bound)
        for way in OTHER_LOSSES[id]
    )


def below_some_number(attempt):
    """Whether the answers are those of a comparison of the loss with one and the same number."""
    tried = [(attempt.inputs, attempt.outcome)]
    tried += [(inputs, came) for inputs, came, _ in attempt.elsewhere()]
    if not all(isinstance(came, np.ndarray) and came.shape == () for _, came in tried):
        return False
    losses = {True: [], False: []}
    for (logits, answers, _), came in tried:
        losses[bool(came)].append(loss_of(logits, answers))
    return max(losses[True], default=0.0) < min(losses[False], default=np.inf)


LEAK_MISTAKES = (
    truth_mistake(
        "other-way",
        lambda logits, answers, bound: np.asarray(loss_of(logits, answers) > bound),
        "You compare the other way round. The loss is {loss}, {side} the bound of {bound}, and "
        "your function returned {returned}.",
        "No honest model can be better than the bound on new texts. Better means a smaller loss.",
    ),
    truth_mistake(
        "constant",
        tuple(lambda logits, answers, bound, v=v: np.asarray(v) for v in (True, False)),
        "Your function returns {returned} for every input tried. Of these, some losses lie below "
        "the bound and some above.",
        "Here the loss is {loss} and the bound {bound}. Print what you compare.",
    ),
    Diagnosis(
        "without-the-bound",
        "You compare the loss with a number of your own. What is impossibly good depends on the "
        "texts: here the bound is {bound}.",
        "`bound` is the third input. The loss of {loss} lies {side} it.",
        below_some_number,
    ),
    truth_mistake(
        "right-guesses",
        (
            *(
                lambda logits, answers, bound, s=s, above=above: np.asarray(
                    above(right_share(logits, answers), s)
                )
                for s in SHARES
                for above in (np.greater, np.greater_equal)
            ),
            lambda logits, answers, bound: np.asarray(1 - right_share(logits, answers) < bound),
        ),
        "You count right guesses. How sure the model was has no part in that, and the bound is "
        "about the surprise.",
        "The loss is {loss} nats: minus the logarithm of what each word that came was given, and "
        "the mean of it.",
    ),
    truth_mistake(
        "sum",
        by_other_loss("sum"),
        "You compare the sum of all surprises with the bound. The bound is a mean, for one word.",
        "Here are {n_texts} texts of {n} words. The mean is {loss}.",
    ),
    truth_mistake(
        "bits",
        by_other_loss("bits"),
        "You measure in bits, and the bound is in nats. Here the loss is {loss} nats.",
        "The natural logarithm makes nats.",
    ),
    truth_mistake(
        "best-word",
        by_other_loss("best-word"),
        "You take the largest probability of each place, whatever came. The loss is about the word "
        "that came: it is {loss}.",
        "`answers` has a word for every place of every text.",
    ),
    truth_mistake(
        "no-softmax",
        by_other_loss("no-softmax"),
        "You take logits for probabilities, or for their logarithms. They are scores: they may be "
        "negative, and do not sum to 1.",
        "A softmax makes probabilities of them, over the words.",
    ),
    truth_mistake(
        "other-axis",
        by_other_loss("other-axis"),
        "Your probabilities do not sum to 1 over the words of a place. Along which axis does your "
        "softmax run?",
        "logits are (n_texts, n, n_words): the words are the last axis.",
    ),
    truth_mistake(
        "some-places",
        by_other_loss("some-places"),
        "You look at some of the places only, or at each by itself. The loss is the mean over all "
        "words of all texts.",
        "Here are {n_texts} texts of {n} words each. The mean over all is {loss}.",
    ),
    truth_mistake(
        "log-of-mean",
        by_other_loss("log-of-mean"),
        "You take the logarithm of the mean probability. The loss is the mean of the logarithms, "
        "and larger: {loss}.",
        "Each word has a surprise of its own. The mean comes last.",
    ),
    truth_mistake(
        "perplexity",
        by_other_loss("perplexity"),
        "You compare the perplexity with the bound: e to the power of the loss. The bound is in "
        "nats, as the loss is, {loss}.",
        "You are one step too far. Leave out the last one.",
    ),
    truth_mistake(
        "every-word",
        by_other_loss("every-word"),
        "All words of the vocabulary have a part in your loss. One word came at each place, and "
        "only its probability counts: then the loss is {loss}.",
        "`answers` has the number of this word for every place of every text.",
    ),
)
LEAK_FALLBACK = Diagnosis(
    "unrecognised",
    "Your function returned {returned}. The loss is {loss} nats, {side} the bound of {bound}. "
    "Print the loss as your function has it.",
    "You have written a mean surprise in exercise 1. Make probabilities of the logits, take those "
    "of the answers, and compare the mean surprise with the bound.",
    lambda attempt: True,
)
NOT_A_TRUTH_VALUE = Diagnosis(
    "wrong-type",
    "What your function returns is not True or False. Return what the comparison gives.",
    "A loss is a number, and `loss < bound` is a truth value. Look at your `return` line.",
)
LEAK_FORM = tuple(
    NOT_A_TRUTH_VALUE if each.id == "wrong-type" else each
    for each in functions.OF_FORM
    if each.id != "not-finite"
)

LEAK = FunctionExercise(
    id="below-the-bound",
    title="The leak",
    stars=2,
    minutes=10,
    diagnoses=(functions.CHANGED_INPUTS, *LEAK_MISTAKES, *LEAK_FORM, LEAK_FALLBACK),
    parameters=("logits", "answers", "bound"),
    cases=leak_cases,
    reference=has_leak,
    result=TruthResult("whether the loss lies below the bound"),
)

EXERCISES = (SURPRISE, PAIRS, SCORES, INDUCTION, NEEDED, LEAK)
