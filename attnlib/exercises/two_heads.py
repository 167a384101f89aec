"""The exercise "induction": two heads, one after the other, judged by what they guess together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from attnlib import parrot
from attnlib.exercises.checking import (
    NOT_ATTEMPTED,
    Attempt,
    Diagnosis,
    Exercise,
    describe,
    is_blank,
    numeric,
)
from attnlib.exercises.drawing import Drawing, number
from attnlib.exercises.functions import (
    ARGUMENTS,
    NOT_A_FUNCTION,
    describe_error,
    is_unfilled,
    misuse,
    run,
)

SEED = 12
WORDS = parrot.WORDS[len(parrot.MARKS) :]
SIZES = (5, 8, 12, len(WORDS))  # of vocabularies: so many that a fixed strength is too little
TEXTS = 3  # of each
ENOUGH = 0.9  # of the guess, on the right word
NEAR = 0.1  # so far may a share lie from that of an idealised mistake
MOST_ROWS = 24  # of a text that are drawn
TINY = 1e-6  # what rounding leaves, in float32 as well
AM, BEFORE, GUESS = range(3)  # the parts of x
MATRICES = ("w_q", "w_k", "w_v", "w_o")
HEAD_NAMES = ("first", "second")


# --- texts, and what heads make of them


def text(rng, n_words):
    """Word numbers, `(2 * n_words - 1,)`: the first once, then all others, then those once more.

    The first does not come back: it has nothing before it, and sees itself alone.
    """
    first, *others = rng.permutation(n_words)
    again = rng.permutation(others)
    while again[0] == others[-1]:
        again = rng.permutation(others)
    return np.array([first, *others, *again])


def texts():
    """`(n_words, text)` of every text tried, the shortest first."""
    drawn = []
    for n_words in SIZES:
        rng = np.random.default_rng(SEED + n_words)
        drawn += [(n_words, text(rng, n_words)) for _ in range(TEXTS)]
    return drawn


def followers(ids):
    """What followed then, by each place whose word has stood before."""
    seen = {}
    return {i: ids[seen[word] + 1] for i, word in enumerate(ids) if seen.setdefault(word, i) < i}


def shares(rows):
    """Each row divided by what its numbers amount to, signs left out; 0 where all are 0."""
    total = np.abs(rows).sum(axis=-1, keepdims=True)
    return rows / np.where(total > TINY, total, np.inf)


@dataclass(frozen=True, eq=False)
class Read:
    """One text as two heads read it: x at the start, between them and at the end.

    Each is `(n, 3, n_words)`, its axis of three in the order AM, BEFORE, GUESS.
    """

    ids: np.ndarray
    start: np.ndarray
    between: np.ndarray
    end: np.ndarray

    @property
    def n_words(self):
        return self.start.shape[-1]

    def before(self):
        return shares(self.between[:, BEFORE])

    def guesses(self):
        return shares(self.end[:, GUESS])

    def missed(self):
        """The places from 1 on that do not know, by `ENOUGH`, which word stood before."""
        given = self.before()
        return [i for i in range(1, len(self.ids)) if given[i, self.ids[i - 1]] < ENOUGH]

    def misguessed(self):
        """The places whose word has stood before and whose guess, by `ENOUGH`, is not right."""
        given = self.guesses()
        return [i for i, right in followers(self.ids).items() if given[i, right] < ENOUGH]


@dataclass(frozen=True, eq=False)
class Tried:
    """Every text as the heads read it, which of the two to blame, and if order is all."""

    reads: tuple[Read, ...]
    blamed: str  # one of HEAD_NAMES
    exchanged: Callable


class Refused(Exception):
    """Heads that cannot be judged: a problem of form, and what came."""

    def __init__(self, problem, message):
        super().__init__(message)
        self.problem, self.message = problem, message


def like_weights(x, head):
    """`x` in the library and the dtype of the head's own arrays, where it has some."""
    own = getattr(head, "w_v", None)
    if hasattr(own, "new_tensor"):
        return own.new_tensor(x)
    return x.astype(own.dtype) if isinstance(own, np.ndarray) else x


def delta(head, x, name):
    """What `head` adds to `x`, `(n, d_model)`, as float64."""
    outcome = run(lambda given: head(given, causal=True), (like_weights(x, head),))
    if outcome.error is not None:
        error = describe_error(outcome.error)
        raise Refused("head-raised", f"Called as head(x, causal=True), your {name} raised {error}.")
    try:
        added = numeric(outcome.value)
    except TypeError:
        added = None
    if added is None or added.shape != x.shape:
        came = describe(outcome.value)
        told = f"Your {name} gave {came}; expected a delta of the shape of x, {x.shape}."
        raise Refused("wrong-shape", told)
    if not np.isfinite(added).all():
        raise Refused("not-finite", f"Your {name} adds numbers that are infinite or NaN.")
    return added


def read(heads, n_words, ids):
    """The `Read` of one text; raises `Refused`."""
    x = np.zeros((len(ids), 3 * n_words))
    x[np.arange(len(ids)), ids] = 1
    stages = [x]
    for head, name in zip(heads, HEAD_NAMES, strict=True):
        told = f"{name} head, for {n_words} words,"
        stages.append(stages[-1] + delta(head, stages[-1], told))
    return Read(ids, *(stage.reshape(len(ids), 3, n_words) for stage in stages))


def check_causal(heads, seen):
    """Refuses heads for which the words to come make a difference."""
    for length in (2, len(seen.ids) // 2, len(seen.ids) - 1):
        alone = read(heads, seen.n_words, seen.ids[:length])
        for name, now, then in zip(
            HEAD_NAMES, (seen.between, seen.end), (alone.between, alone.end), strict=True
        ):
            if np.abs(now[:length] - then).max() > 1e3 * TINY * np.abs(then).max():
                told = (
                    f"Without the words from place {length} on, what your {name} head adds at "
                    f"places 0 to {length - 1} is another: it sees words to come."
                )
                raise Refused("sees-ahead", told)


def check_form(heads, n_words):
    """Refuses what is not two heads whose matrices, where they can be seen, fit x."""
    sequence = isinstance(heads, tuple | list) and len(heads) == len(HEAD_NAMES)
    if not sequence or not all(map(callable, heads)):
        told = f"For {n_words} words your function returned {describe(heads)}"
        if sequence:
            told += f", {describe(heads[0])} and {describe(heads[1])}"
        raise Refused("not-two-heads", f"{told}; expected two heads, (first, second).")
    for head, name in zip(heads, HEAD_NAMES, strict=True):
        held = {each: np.shape(getattr(head, each, None)) for each in MATRICES}
        meets_x = [shape[each == "w_o"] for each, shape in held.items() if len(shape) == 2]
        if any(length != 3 * n_words for length in meets_x):
            shapes = ", ".join(f"{each} {shape}" for each, shape in held.items())
            told = f"For {n_words} words your {name} head has {shapes}"
            raise Refused("wrong-shape", f"{told}; x has {3 * n_words} columns.")


# --- what came of it, in words and as a table


NOTHING = "nothing"


def word(number_of_word):
    return WORDS[number_of_word]


def best(row):
    """The word with the largest share, and the share, as texts; of a row of zeros, nothing."""
    if not row.any():
        return NOTHING, "0"
    return word(int(row.argmax())), number(row.max())


def first_told(seen):
    place = seen.missed()[0]
    held, share = best(seen.before()[place])
    return {
        "place": str(place),
        "word": word(seen.ids[place]),
        "held": held,
        "largest": f"its largest is {held}, {share}" if held != NOTHING else "it is empty",
        "right": word(seen.ids[place - 1]),
        "given": number(seen.before()[place, seen.ids[place - 1]]),
    }


def guess_told(seen):
    place = seen.misguessed()[0]
    held, share = best(seen.guesses()[place])
    right = followers(seen.ids)[place]
    return {
        "place": str(place),
        "word": word(seen.ids[place]),
        "held": held,
        "largest": f"its largest is {held}, {share}" if held != NOTHING else "it is empty",
        "right": word(right),
        "given": number(seen.guesses()[place, right]),
    }


HALFWAY = (
    "With {n_words} words: at place {place}, {word}, {given} of 'what stood before me' is {right} "
    "after your first head; {largest}."
)
AT_THE_END = (
    "With {n_words} words: at place {place} comes {word} again. {given} of the guess is {right}, "
    "which followed it before; {largest}."
)


def drawn(seen):
    """The text as a table, of a long one what is near the first fault."""
    right, rows = followers(seen.ids), []
    for i, (before, guess) in enumerate(zip(seen.before(), seen.guesses(), strict=True)):
        stood = " ".join(best(before)) if i else ""
        guessed = " ".join(best(guess)) if i in right else ""
        rows.append((word(seen.ids[i]), stood, guessed, word(right[i]) if i in right else ""))
    marked = {(i, 1) for i in seen.missed()} | {(i, 2) for i in seen.misguessed()}
    fault = (seen.missed() or seen.misguessed() or [0])[0]
    start = 0 if len(rows) <= MOST_ROWS else max(0, fault - MOST_ROWS // 2)
    shown = range(start, min(len(rows), start + MOST_ROWS))
    return Drawing(
        "a text, and the largest share of two parts of x",
        tuple(f"place {i}" for i in shown),
        ("the word", "what stood before me", "what I guess", "followed before"),
        tuple(rows[i] for i in shown),
        frozenset((i - start, column) for i, column in marked if i in shown),
    )


# --- the exercise


@dataclass(frozen=True)
class TwoHeadsExercise(Exercise):
    """An exercise answered with a function of `n_words` that returns two heads.

    A head is called as `head(x, causal=True)` and returns its delta. What counts is the guess;
    what the first head left behind tells which of the two is to blame.
    """

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        if misused := misuse(answer, ("n_words",), SIZES[:1]):
            return misused
        made = {n_words: run(answer, (n_words,)) for n_words in SIZES}
        if is_unfilled(made[SIZES[0]]):
            return NOT_ATTEMPTED
        try:
            return self._judge(self._heads(made))
        except Refused as refused:
            return Attempt(problem=refused.problem, message=refused.message)

    def _heads(self, made):
        for n_words, outcome in made.items():
            if outcome.error is not None:
                error = describe_error(outcome.error)
                raise Refused("raised", f"For {n_words} words your function raised {error}.")
            check_form(outcome.value, n_words)
        return {n_words: outcome.value for n_words, outcome in made.items()}

    def _judge(self, heads):
        reads = tuple(read(heads[n_words], n_words, ids) for n_words, ids in texts())
        for seen in reads:
            check_causal(heads[seen.n_words], seen)
        wrong = next((seen for seen in reads if seen.misguessed()), None)
        if wrong is None:
            told = f"Right in all {len(reads)} texts tried, of {', '.join(map(str, SIZES))} words."
            return Attempt(solved=True, message=told, drawings=(drawn(reads[0]),))
        facts = {"n_words": str(wrong.n_words)}
        first = bool(wrong.missed())
        facts |= first_told(wrong) if first else guess_told(wrong)
        return Attempt(
            outcome=Tried(reads, HEAD_NAMES[0 if first else 1], lambda: exchanged(heads)),
            message=(HALFWAY if first else AT_THE_END).format(**facts),
            facts=facts,
            drawings=(drawn(wrong),),
        )


def exchanged(heads):
    """Whether the heads are right once the second goes first."""
    tried = (read(heads[n_words][::-1], n_words, ids) for n_words, ids in texts())
    return not any(seen.misguessed() for seen in tried)


# --- mistakes: each an idealised pair of heads, or what it leaves undone


def everywhere(holds, blamed=HEAD_NAMES):
    """A predicate of attempts: whether a head of `blamed` is, and `holds(read)` for every text."""

    def recognises(attempt):
        tried = attempt.outcome
        return bool(tried) and tried.blamed in blamed and all(map(holds, tried.reads))

    return recognises


def of_first(holds):
    return everywhere(holds, HEAD_NAMES[:1])


def of_second(holds):
    return everywhere(holds, HEAD_NAMES[1:])


def mixed(match, values):
    """`values` mixed by a head that shares itself out evenly among the keys that `match`.

    Where none of those a query can see matches, it looks at all that it can see.
    """
    seen = np.tri(len(match), dtype=bool)
    match = match & seen
    weights = np.where(match.any(axis=1, keepdims=True), match, seen)
    return weights / weights.sum(axis=1, keepdims=True) @ values


def first_looks(at):
    """Whether the first head copies from where `at(behind)` is true, in one text."""

    def holds(seen):
        behind = np.subtract.outer(np.arange(len(seen.ids)), np.arange(len(seen.ids)))
        match = at(behind)
        able = (match & (behind >= 0)).any(axis=1)
        ideal = mixed(match, seen.start[:, AM])
        return np.abs(seen.before() - ideal)[able].max() < NEAR

    return holds


def second_looks(asks, answered, moves, away=False):
    """Whether the second head guesses as one with these parts would; None asks for nothing.

    `away`: it looks at all but those keys that match.
    """

    def holds(seen):
        query = np.zeros_like(seen.start[:, AM]) if asks is None else seen.between[:, asks]
        match = (query @ seen.between[:, answered].T > 0.5) != away
        ideal = shares(mixed(match, seen.between[:, moves]))
        return np.abs(seen.guesses() - ideal)[1:].max() < NEAR

    return holds


def added(seen, second):
    """The largest number that a head added to each part."""
    change = seen.end - seen.between if second else seen.between - seen.start
    return np.abs(change).max(axis=(0, 2))


def first_right_but_blunt(seen):
    places = np.arange(1, len(seen.ids))
    return (seen.before()[places].argmax(axis=1) == seen.ids[places - 1]).all()


def second_right_but_blunt(seen):
    given = seen.guesses()
    return all(
        given[i, right] > np.delete(given[i], right).max()
        for i, right in followers(seen.ids).items()
    )


def first_negative(seen):
    given = seen.before()
    return all(-given[i, seen.ids[i - 1]] >= ENOUGH for i in range(1, len(seen.ids)))


def second_negative(seen):
    given = seen.guesses()
    return all(-given[i, right] >= ENOUGH for i, right in followers(seen.ids).items())


def elsewhere(seen):
    """Whether the first head writes into a part that is not its own."""
    return max(added(seen, False)[[AM, GUESS]]) > TINY


FORM = (
    NOT_A_FUNCTION,
    ARGUMENTS,
    Diagnosis(
        "raised",
        "Your function stopped before there were two heads. Call it yourself with that number of "
        "words and look at the line that is named.",
        "Make the matrices one by one. With n words, x has 3n columns: w_q, w_k and w_v have 3n "
        "rows, w_o has 3n columns. The numbers for distances are an array of five.",
    ),
    Diagnosis(
        "not-two-heads",
        "Return both heads, the first one first. A head is something that can be called: an "
        "`al.Head`, made of its matrices.",
        "The last line of your function is `return first, second`, and each of the two has been "
        "made by a call of `al.Head`, with four matrices.",
    ),
    Diagnosis(
        "wrong-shape",
        "x has three parts with one column a word each. Every matrix that meets x has a row for "
        "each of these columns, and w_o has a column for each, for any number of words.",
        "Print the shapes: w_q, w_k and w_v begin with 3 * n_words, w_o ends with it. The other "
        "length is n_words, if a head moves one part.",
    ),
    Diagnosis(
        "head-raised",
        "The check calls each head as head(x, causal=True), where x has a row for each word of "
        "the text. Call it so yourself.",
        "Try it on zeros of five rows and the columns of x. If the class is your own, it takes "
        "`causal` by name.",
    ),
    Diagnosis(
        "not-finite",
        "Somewhere in your matrices, or in what comes of them, is a number that is infinite or "
        "NaN. To make a score win, ordinary numbers are enough.",
        "A score that lies 20 above the others gets nearly the whole weight. Take such numbers in "
        "place of infinities.",
    ),
    Diagnosis(
        "sees-ahead",
        "The words to come change what a head adds now. Called with `causal=True`, a head must "
        "not see them.",
        "`al.Head` does this for you. In a class of your own, hand `causal` to where the scores "
        "become weights.",
    ),
)
FIRST = (
    Diagnosis(
        "exchanged",
        "Your two heads are right, and in the wrong order. Which one needs what the other writes?",
        "The head that copies what stood before goes first: return the other way round.",
        lambda attempt: bool(attempt.outcome) and attempt.outcome.exchanged(),
    ),
    Diagnosis(
        "first-adds-nothing",
        "Your first head adds nothing at all. At that time only one part of x is filled: what does "
        "your w_v take, and is it there yet?",
        "The first head moves *what I am*: w_v takes the first n_words columns, and w_o puts them "
        "into the second part.",
        of_first(lambda seen: max(added(seen, False)) < TINY),
    ),
    Diagnosis(
        "first-writes-elsewhere",
        "Your first head writes into a part that is not its own. It is to write into *what stood "
        "before me*, and to leave the other two as they are.",
        "Columns 0 to n_words - 1 are *what I am*, the next n_words *what stood before me*, the "
        "last *what I guess*. In which columns of your first w_o are there numbers?",
        everywhere(elsewhere),
    ),
    Diagnosis(
        "first-looks-at-itself",
        "Your first head looks at the word itself: at place {place}, {word}, it finds {held}. One "
        "back stands {right}.",
        "The five numbers for distances begin with the one for the word itself. Which of them is "
        "for one back?",
        of_first(first_looks(lambda behind: behind == 0)),
    ),
    Diagnosis(
        "first-looks-too-far",
        "Your first head looks farther back than one word: at place {place}, {word}, its largest "
        "is {held}. One back stands {right}.",
        "The five numbers for distances are for the word itself, one back, two, three, and "
        "farther, in this order. Which of yours is the large one?",
        lambda attempt: any(
            of_first(first_looks(at))(attempt)
            for at in (lambda b: b == 2, lambda b: b == 3, lambda b: b >= 4, lambda b: b >= 2)
        ),
    ),
    Diagnosis(
        "first-looks-everywhere",
        "Your first head shares its weight out among all words that it can see. Nothing makes it "
        "prefer the one before.",
        "Give it numbers for distances, as `distance`, in which one back is far larger than the "
        "rest.",
        of_first(first_looks(lambda behind: behind >= 0)),
    ),
    Diagnosis(
        "first-blunt",
        "Your first head looks one back, and not there alone: with {n_words} words, at place "
        "{place}, {right} has {given} of the part, and the rest comes from other words.",
        "The longer the text, the more words share what is left over. Make the difference between "
        "one back and the other distances larger.",
        of_first(first_right_but_blunt),
    ),
    Diagnosis(
        "first-negative",
        "Your first head finds the right word and takes it away instead of adding it: the numbers "
        "it writes into *what stood before me* are negative.",
        "In w_v or in w_o of the first head there is a minus too many.",
        of_first(first_negative),
    ),
    Diagnosis(
        "first-wrong",
        "Begin with the first head. At place {place}, {word}, the part *what stood before me* "
        "should hold {right}; {largest}.",
        "Run the first head alone on a text of three words, x being the one-hot rows, and look at "
        "columns n_words to 2 * n_words of what it adds.",
        of_first(lambda seen: True),
    ),
)
SECOND = (
    Diagnosis(
        "second-writes-elsewhere",
        "Your first head is right. Your second adds nothing to *what I guess*, and writes into "
        "another part instead.",
        "*What I guess* are the last n_words columns of x. In which columns of your second w_o are "
        "there numbers?",
        of_second(lambda seen: added(seen, True)[GUESS] < TINY < max(added(seen, True))),
    ),
    Diagnosis(
        "second-adds-nothing",
        "Your first head is right. Your second adds nothing at all: what does your w_v take, and "
        "is there anything in it?",
        "*What I guess* is empty until the second head fills it. It must move a part that is full.",
        of_second(lambda seen: max(added(seen, True)) < TINY),
    ),
    Diagnosis(
        "second-repeats-the-previous",
        "Your first head is right. At place {place}, {word}, your second guesses {held}: that is "
        "what stood one before. It asks with the part by which it should be answered.",
        "Ask with *what I am*, in w_q, and let *what stood before me* answer, in w_k: then {word} "
        "finds a word that came after {word}.",
        of_second(second_looks(BEFORE, AM, AM)),
    ),
    Diagnosis(
        "second-finds-itself",
        "Your first head is right. At place {place}, {word}, your second guesses {held}, the word "
        "itself: it asks what a word is, and finds the same word.",
        "You want the word after the earlier {word}. In which part of it does {word} stand?",
        of_second(second_looks(AM, AM, AM)),
    ),
    Diagnosis(
        "second-moves-what-stood-before",
        "Your first head is right, and your second finds the right place. But it moves the wrong "
        "part of what it finds: at place {place}, {word}, the guess is {held}.",
        "The word that it finds is {right}, and {held} stood before it. Which part of it is to "
        "go into the guess? Look at w_v.",
        of_second(second_looks(AM, BEFORE, BEFORE)),
    ),
    Diagnosis(
        "second-matches-what-stood-before",
        "Your first head is right. Your second asks with *what stood before me* and is answered "
        "by the same part: at place {place} the word {word} finds itself, among others.",
        "It is {word} for which you want to know what follows. Which part of x holds {word} at "
        "this place?",
        of_second(second_looks(BEFORE, BEFORE, AM)),
    ),
    Diagnosis(
        "second-looks-away",
        "Your first head is right. Your second looks everywhere but where it should: at place "
        "{place}, {word}, the guess gives {right} {given}.",
        "Where query and key hold the same word the score must be large. Yours is lowest there: "
        "is there a minus too many?",
        of_second(second_looks(AM, BEFORE, AM, away=True)),
    ),
    Diagnosis(
        "second-looks-everywhere",
        "Your first head is right. Your second shares its weight out among all words that it can "
        "see: no key answers its query.",
        "Is the part that w_q takes full? And w_k's? A score must be large where the two hold the "
        "same word, and 0 elsewhere.",
        of_second(second_looks(None, AM, AM)),
    ),
    Diagnosis(
        "second-blunt",
        "Both heads do the right thing, and the second not sharply enough: with {n_words} words, "
        "at place {place}, {right} has {given} of the guess, and 0.9 are needed.",
        "A score is divided by the root of d_head, and the rest of the weight goes to more words "
        "the longer the text. What must w_q be multiplied by, for any number of words?",
        of_second(second_right_but_blunt),
    ),
    Diagnosis(
        "second-negative",
        "Your first head is right. Your second finds the right word and takes it away instead of "
        "adding it: the numbers it writes into *what I guess* are negative.",
        "In w_v or in w_o of the second head there is a minus too many.",
        of_second(second_negative),
    ),
    Diagnosis(
        "unrecognised",
        "Your first head is right. At place {place}, {word}, the guess should be {right}; "
        "{largest}. Look at where the second head looks from there.",
        "Print the weights of the second head, by its `trace`, for a text like the one drawn. The "
        "weight of place {place} must lie on the place after the earlier {word}.",
        lambda attempt: True,
    ),
)

INDUCTION = TwoHeadsExercise(
    id="induction",
    title="An induction head by hand",
    stars=3,
    minutes=30,
    diagnoses=(*FORM, *FIRST, *SECOND),
)
