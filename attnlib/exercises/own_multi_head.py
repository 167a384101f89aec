"""The exercise "multi-head": the reader's own class of many heads, asked for its promises."""

from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.classes import ClassExercise, not_a_class
from attnlib.exercises.many_promises import PROMISES, stacked_weights

NOT_A_CLASS = not_a_class("MultiHead", "blocks of heads", "the two methods of the stub")
BROKEN = (
    Diagnosis(
        "one-head",
        "Begin with a stack of one head, which adds what that head adds: {reason}.",
        "The stacks have the heads along their first axis. The matrices of head 0 are the first "
        "layer of each stack: make your `Head` from them and return what it returns.",
    ),
    Diagnosis(
        "sum-of-heads",
        "One head is right, several are not yet: {reason}. Every head reads all of x and gives a "
        "delta of its own. What becomes of the deltas?",
        "A list of heads, made once in `__init__`: one for each layer of the four stacks. For x "
        "each of them gives `(n_tokens, d_model)` numbers; add them up, and do not average.",
    ),
    Diagnosis(
        "causal",
        "Without a mask your block is right; with `causal=True`: {reason}.",
        "Your `Head` knows what to do with `causal`. Does every head get to hear of it?",
    ),
    Diagnosis(
        "masked",
        "The mask does not reach every head as it should: {reason}.",
        "One mask, and each head is called with it; `causal` goes along with it, not in its place.",
    ),
    Diagnosis(
        "context",
        "With a context: {reason}. Queries come from x, in every head; keys and values do not. The "
        "mask and `causal` are for every head, as ever.",
        "Hand the context on to each head as it came, with the mask and `causal` beside it. Where "
        "none is given, it stays None.",
    ),
    Diagnosis(
        "as-concatenated",
        "Right as far as one sees, and not to ten digits: {reason}.",
        "Nothing has to be rounded, and no number has to be turned into single precision "
        "(float32). Leave x and the matrices as they came.",
    ),
    Diagnosis(
        "like-torch",
        "Next to PyTorch's own module: {reason}. There d_model is n_heads times d_head.",
        "Nothing in your class may depend on whether n_heads times d_head is d_model: every head "
        "reads all of x, not a slice of it.",
    ),
)

MULTI_HEAD = ClassExercise(
    id="multi-head",
    title="Your own block of heads",
    stars=3,
    minutes=25,
    diagnoses=(NOT_A_CLASS, *BROKEN),
    promises=tuple(PROMISES),
    weights=stacked_weights,
    methods=("__call__",),
    titles=("What a block of heads must do", "What attnlib's block does beyond"),
)


def try_multi_head(MultiHead):
    """Ask the class `MultiHead` for everything that attnlib's promises: a `HeadReport`.

    `MultiHead(w_q, w_k, w_v, w_o)`, of stacks of matrices, is called as
    `block(x, context=None, mask=None, causal=False)`. Nothing that the class does raises an
    exception.

    >>> import attnlib as al
    >>> bool(try_multi_head(al.MultiHead)), bool(try_multi_head(al.Head))
    (True, False)
    """
    return MULTI_HEAD.ask(MultiHead)
