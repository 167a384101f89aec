"""The exercise "head": the reader's own class, asked for what `attnlib.Head` promises."""

import attnlib as al
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.classes import ClassExercise, not_a_class
from attnlib.exercises.promises import PROMISES, random_weights

NOT_A_CLASS = not_a_class("Head", "heads", "the three methods of the stub")
BROKEN = (
    Diagnosis(
        "delta",
        "Begin with the delta, without any mask: {reason}. Queries, keys, scores, weights, "
        "values, mixture, delta: which of these can you compare with what you wrote before?",
        "Keep the four matrices in `__init__`. For x of four tokens, compare each step of yours "
        "with that of `al.Head(w_q, w_k, w_v, w_o).trace(x)`.",
    ),
    Diagnosis(
        "causal",
        "Without a mask your head is right; with `causal=True`: {reason}.",
        "You have written the mask for this in the first exercise of this chapter. Put it to work "
        "where the scores become weights.",
    ),
    Diagnosis(
        "masked",
        "Your head does not yet do what a mask says: {reason}. True means: may attend.",
        "A mask comes in as an argument and goes to where the scores become weights, as the "
        "causal one does.",
    ),
    Diagnosis(
        "rows-sum-to-one",
        "`trace` is to show the weights, and every row of them is to sum to 1: {reason}.",
        "What `trace` returns has an attribute `weights`: the weights as they are after hiding and "
        "sharing out, the very ones that mix the values.",
    ),
    Diagnosis(
        "trace-of-every-step",
        "The call is right; `trace` is not yet: {reason}.",
        "`trace` returns one object with seven attributes: queries, keys, values, scores, "
        "weights, mixed and delta. Hidden scores are shown as minus infinity. "
        "`types.SimpleNamespace` holds attributes.",
    ),
    Diagnosis(
        "context",
        "With a context: {reason}. Queries come from x; where do the other two come from?",
        "Keys *and* values are made from the context. Where none is given, the context is x.",
    ),
    Diagnosis(
        "past-stays",
        "When later words change, the deltas of earlier words must stay as they were: {reason}.",
        "Look for a step that runs over all tokens: a maximum, a mean, a sum without an axis.",
    ),
    Diagnosis(
        "nothing-to-attend-to",
        "One query sees nothing: {reason}. Nothing is to be added there, and its row of weights "
        "is 0.",
        "Your own masked weights of this chapter know what to do with such a row: use them.",
    ),
    Diagnosis(
        "aligned-at-the-end",
        "Fewer queries than keys: {reason}. The queries are the last tokens of the text.",
        "Your causal mask takes two numbers. The second is the number of keys, not of queries.",
    ),
    Diagnosis(
        "mask-and-causal",
        "Each mask alone is right. With both: {reason}. A key may be seen if both allow it.",
        "Two boolean arrays, and True only where both are: which operator is that?",
    ),
    Diagnosis(
        "large-scores",
        "With scores of ten thousand, above or below 0: {reason}. With small ones it is right.",
        "What is subtracted from a row must be its own largest score, among those that it may see. "
        "And what a hidden score becomes must be lower than every score: which number is?",
    ),
)

HEAD = ClassExercise(
    id="head",
    piece="head",
    title="Your own head",
    stars=3,
    minutes=30,
    diagnoses=(NOT_A_CLASS, *BROKEN),
    promises=tuple(PROMISES),
    weights=random_weights,
    methods=("__call__", "trace"),
    titles=("What a head must do", "What attnlib's head does beyond"),
    reference=al.Head,
)


def try_head(Head):
    """Ask the class `Head` for everything that `attnlib.Head` promises: a `HeadReport`.

    `Head(w_q, w_k, w_v, w_o)` is called as `head(x, context=None, mask=None, causal=False)`
    and has a `trace` of the same arguments. Nothing that the class does raises an exception.

    >>> bool(try_head(al.Head)), bool(try_head(object))
    (True, False)
    """
    return HEAD.ask(Head)
