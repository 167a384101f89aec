"""The exercise "values-from": which of its two inputs does a black box mix?"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.boxes import Box, BoxesExercise
from attnlib.exercises.checking import Diagnosis, describe, numeric
from attnlib.exercises.drawing import number

SEED = 10
SHAPE = (5, 6)  # of x and of context
N_HEADS = 5  # each in two boxes, one of either kind
SIDES = ("x", "context")
SHARPNESS = 3.0  # how far the scores of random rows lie apart, more or less
MOST_ASKED = 12  # questions to a box that are remembered
ROUNDING = 1e-9  # a difference below this is none


@dataclass(frozen=True, eq=False)
class Asked:
    """A question that was put to a box, what it answered, and by which weights."""

    x: np.ndarray
    context: np.ndarray
    weights: np.ndarray
    output: np.ndarray


REFUSED = None  # in place of an `Asked`: the texts had the wrong shape


def text_of(name, value):
    """`value` as a text for a box: finite numbers in an array of the shape `SHAPE`."""
    wanted = f"this box takes x and context of the shape {SHAPE} each: {SHAPE[0]} words"
    try:
        array = numeric(value)
    except TypeError:
        raise TypeError(f"{name} is {describe(value)}; {wanted}") from None
    if array.shape != SHAPE:
        raise ValueError(f"{name} has the shape {array.shape}; {wanted}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds inf or NaN; this box takes ordinary numbers")
    return array


def box(head, source):
    """A `Box` around attend(x, context): cross-attention with its values from `source()`."""
    asked = []

    def attend(x, context):
        try:
            texts = {"x": text_of("x", x), "context": text_of("context", context)}
        except (TypeError, ValueError):
            remember(asked, REFUSED)
            raise
        weights = head.trace(**texts).weights
        output = weights @ texts[source()] @ head.ov
        remember(asked, Asked(**texts, weights=weights, output=output))
        return output.copy()

    return Box(source(), attend, asked)


def remember(asked, question):
    if len(asked) < MOST_ASKED:
        asked.append(question)


def turned(rng):
    """A random matrix that changes no length: whatever is changed before it shows after it."""
    return np.linalg.qr(rng.normal(size=(SHAPE[1], SHAPE[1])))[0]


def random_head(rng):
    return al.Head(SHARPNESS * turned(rng), turned(rng), turned(rng), turned(rng))


def boxes():
    """New boxes of both kinds, shuffled: every head is in one box of either kind."""
    rng = np.random.default_rng(SEED)
    heads = [random_head(rng) for _ in range(N_HEADS)]
    hidden = {"x": lambda: "x", "context": lambda: "context"}
    made = [box(head, hidden[side]) for head in heads for side in SIDES]
    return [made[i] for i in rng.permutation(len(made))]


@dataclass(frozen=True)
class Experiment:
    """Two questions to a box: which text was held, and how far weights and output moved."""

    held: str  # "x", "context" or "" if both were changed
    shift: float
    moved: float

    @property
    def steady(self):
        """Whether all weights stayed as they were: then the output tells what is mixed."""
        return self.shift < ROUNDING


def experiments(asked):
    """An `Experiment` for every pair of answered questions in which something was changed."""
    answered = [question for question in asked if question is not REFUSED]
    for one, other in combinations(answered, 2):
        held = [side for side in SIDES if np.array_equal(getattr(one, side), getattr(other, side))]
        if len(held) < len(SIDES):
            shift, moved = (
                float(np.abs(getattr(one, name) - getattr(other, name)).max())
                for name in ("weights", "output")
            )
            yield Experiment("".join(held), shift, moved)


def first_wrong(told):
    return next((i, each) for i, each in enumerate(told) if not each.right)


def about_box(told):
    """The first box about which the answer is wrong, as texts for hints."""
    place, wrong = first_wrong(told)
    moved = [each.moved for each in experiments(wrong.asked)]
    rounded = [f"{each:.0e}" for each in moved if 0 < each < ROUNDING]
    said = next(name for name in wrong.said if name != wrong.hides)
    facts = {"box": str(place), "said": said, "hides": wrong.hides}
    return facts | {"moved": number(max(moved, default=0)), "rounded": "".join(rounded[:1])}


def of_wrong_box(recognises):
    """Recognises answers by what was said and tried of the first box that is named wrongly."""

    def fits(attempt):
        if not isinstance(attempt.outcome, tuple):
            return False
        _, wrong = first_wrong(attempt.outcome)
        return recognises(wrong, list(experiments(wrong.asked)))

    return fits


def wavers(told):
    return len(set(told.said)) > 1


def of_all_boxes(recognises):
    return lambda attempt: (
        isinstance(attempt.outcome, tuple) and all(map(recognises, attempt.outcome))
    )


def holds(side, made):
    """Whether in every one of these experiments this text was held, and weights changed."""
    return all(each.held == side and not each.steady for each in made)


VALUES_FROM_MISTAKES = (
    Diagnosis(
        "not-asked",
        'You said "{said}" of box {box}, and you did not ask it anything: your function never '
        "calls `attend`.",
        "Make two random arrays, `x` and `context`, and look at what `attend(x, context)` "
        "returns. What changes when you change one of the two?",
        of_all_boxes(lambda told: not told.asked),
    ),
    Diagnosis(
        "inconsistent",
        "Your function was given every box twice, and about at least one of them it gave two "
        "different answers. What it finds depends on chance.",
        "Choose a change after which one kind of box stays as it was, up to rounding, and the "
        "other does not. Then no threshold needs luck.",
        lambda attempt: isinstance(attempt.outcome, tuple) and any(map(wavers, attempt.outcome)),
    ),
    Diagnosis(
        "opposite",
        "You are wrong about every box, so you can tell the two kinds apart. Your conclusion is "
        "the wrong way round.",
        "With the same weights, a box that mixes rows of `context` moves when those rows do. One "
        "that mixes rows of `x` does not.",
        of_all_boxes(lambda told: set(told.said).isdisjoint({told.hides})),
    ),
    Diagnosis(
        "shape",
        "You gave box {box} texts that it does not take, and that tells nothing: both kinds "
        "refuse them. Lengths that differ would betray the bug at once, so here they are equal.",
        "Look at the numbers that come out, not at their shape. Call `attend` twice, and change "
        "something between the calls.",
        of_wrong_box(lambda wrong, made: not made and REFUSED in wrong.asked),
    ),
    Diagnosis(
        "one-look",
        "You put one question to box {box}. Its answer has the same shape in both kinds, and "
        "numbers of the same size.",
        "Ask twice. What can you change so that one kind must answer as before?",
        of_wrong_box(lambda wrong, made: not made),
    ),
    Diagnosis(
        "rounding",
        "You changed something, and the output of box {box} moved by {rounded}. That is "
        "rounding: sums of the same numbers in another order differ in their last digits. You took "
        "it for a change.",
        "Ask whether two arrays are equal up to rounding: `np.allclose` does.",
        of_wrong_box(lambda wrong, made: any(0 < each.moved < ROUNDING for each in made)),
    ),
    Diagnosis(
        "queries-moved",
        "You changed `x` and held `context`. The output of box {box} moved by {moved}, and you "
        'said "{said}". Queries are made from `x` in both kinds, so both kinds move.',
        "Change the text of which both kinds read the same, and see to it that the weights stay "
        "as they are.",
        of_wrong_box(lambda wrong, made: holds("context", made)),
    ),
    Diagnosis(
        "keys-moved",
        "You changed `context` and held `x`. The output of box {box} moved by {moved}, and you "
        'said "{said}". Keys are made from `context` in both kinds: with them the weights '
        "change, and so does the output, whatever is mixed.",
        "Can you change `context` without changing any weight? When are all weights of a row "
        "equal?",
        of_wrong_box(lambda wrong, made: holds("x", made)),
    ),
    Diagnosis(
        "both-changed",
        "Between your questions to box {box} you changed `x` and `context` at the same time. "
        "What moved the output then cannot be said.",
        "Hold one of the two. Which one, if the queries are to stay as they are?",
        of_wrong_box(lambda wrong, made: all(each.held == "" for each in made)),
    ),
)
BOX_RAISED = Diagnosis(
    "raised",
    "Your code stopped while it examined a box. A box is a function of two arrays, x and context, "
    f"of the shape {SHAPE} each, and returns one of that shape.",
    "Make both with a random generator: two arrays of {} rows with {} numbers. Print what "
    "`attend(x, context)` returns before you compare anything.".format(*SHAPE),
)
NOT_A_SIDE = Diagnosis(
    "wrong-type",
    "The answer is one of two texts, in small letters: the name of the input from which the box "
    "takes its values, `x` or `context`.",
    'End each way through your function with `return "x"` or with `return "context"`.',
)
VALUES_FROM_FALLBACK = Diagnosis(
    "unrecognised",
    'Box {box} takes its values from {hides}, and you said "{said}". You need two questions '
    "between which no weight changes, and one of the texts does. Which are they in your function?",
    "If all rows of `context` are one vector c, all keys are alike and all weights equal, "
    "whatever c is. Hold `x`, take another c, and compare the two outputs.",
    lambda attempt: True,
)

VALUES_FROM = BoxesExercise(
    id="values-from",
    title="Where do the values come from?",
    stars=3,
    minutes=15,
    diagnoses=(
        *VALUES_FROM_MISTAKES,
        BOX_RAISED,
        NOT_A_SIDE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        VALUES_FROM_FALLBACK,
    ),
    parameter="attend",
    choices=SIDES,
    label="values from",
    boxes=boxes,
    facts=about_box,
)
