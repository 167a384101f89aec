"""The exercise "head": the reader's own class, asked for what `attnlib.Head` promises."""

import importlib.util
import warnings
from dataclasses import dataclass, replace
from html import escape
from traceback import extract_tb

import numpy as np

from attnlib.exercises import promises
from attnlib.exercises.checking import (
    NOT_ATTEMPTED,
    Attempt,
    Diagnosis,
    Exercise,
    describe,
    is_blank,
    quote,
    with_code,
)
from attnlib.exercises.drawing import CAPTION_STYLE, CELL_STYLE, SCROLL_STYLE, TABLE_STYLE
from attnlib.exercises.functions import describe_error, is_unfilled, run
from attnlib.exercises.promises import PROMISES, Promise

SEEDS = (0, 1, 2)
PASSED, FAILED, NOT_YET, LEFT_OUT = "passed", "failed", "not yet", "left out"
AS_ABOVE = "as above"
INDENT = " " * 12
MUST = "What a head must do"
BEYOND = "What attnlib's head does beyond"


@dataclass(frozen=True)
class Result:
    """What became of one promise, and why."""

    promise: Promise
    state: str
    reason: str = ""


@dataclass(frozen=True)
class HeadReport:
    """What `try_head` answers: a line for each promise. True when the exercise is solved."""

    results: tuple[Result, ...]  # none if the class is an unfilled stub

    @property
    def must(self):
        """The results that the exercise asks for."""
        return [each for each in self.results if not each.promise.beyond]

    @property
    def beyond(self):
        return [each for each in self.results if each.promise.beyond]

    @property
    def broken(self):
        """The first result that keeps the exercise from being solved, or None."""
        return next((each for each in self.must if each.state != PASSED), None)

    @property
    def summary(self):
        kept = f"{passed(self.must)} of {len(self.must)} promises kept"
        return f"{kept}, and {passed(self.beyond)} of {len(self.beyond)} beyond."

    def __bool__(self):
        return bool(self.results) and self.broken is None

    def __repr__(self):
        if not self.results:
            return "head: not attempted yet"
        return f"head: {self.summary}\n\n{self.text()}"

    def _repr_html_(self):
        if not self.results:
            return None
        return f"<p><strong>head:</strong> {escape(self.summary)}</p>{self.html()}"

    def text(self):
        """A line for each promise, with a reason below where there is one."""
        parts = []
        for title, results in ((MUST, self.must), (BEYOND, self.beyond)):
            lines = [title]
            for each in results:
                lines.append(f"  {each.state:<8}  {each.promise.says}")
                lines += [INDENT + each.reason] if each.reason else []
            parts.append("\n".join(lines))
        return "\n\n".join(parts)

    def html(self):
        """A table for what is asked, one for what is beyond; all that was returned is escaped."""
        return table(MUST, self.must) + table(BEYOND, self.beyond)


def passed(results):
    return sum(each.state == PASSED for each in results)


def table(title, results):
    left = CELL_STYLE.replace("text-align:right", "text-align:left")
    rows = "".join(
        f'<tr><th scope="row" style="{left}">{with_code(each.promise.says)}</th>'
        f'<td style="{left}">{escape(each.state)}</td>'
        f'<td style="{left}">{with_code(each.reason)}</td></tr>'
        for each in results
    )
    head = "".join(
        f'<th scope="col" style="{left}">{column}</th>' for column in ("promise", "state", "why")
    )
    return (
        f'<div class="al-check-scroll" style="{SCROLL_STYLE}" role="group" tabindex="0" '
        f'aria-label="{escape(title)}"><table class="al-check-matrix" style="{TABLE_STYLE}">'
        f'<caption style="{CAPTION_STYLE}">{escape(title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def try_head(Head):
    """Ask the class `Head` for everything that `attnlib.Head` promises: a `HeadReport`.

    `Head(w_q, w_k, w_v, w_o)` is called as `head(x, context=None, mask=None, causal=False)`
    and has a `trace` of the same arguments. Nothing that the class does raises an exception.
    """
    if is_blank(Head) or (isinstance(Head, type) and is_stub(Head)):
        return HeadReport(())
    return HeadReport(tuple(without_repeats(ask(Head, promise) for promise in PROMISES)))


def without_repeats(results):
    """The results, each reason told once."""
    told = set()
    for each in results:
        yield replace(each, reason=AS_ABOVE) if each.reason in told else each
        told |= {each.reason} - {""}


def is_stub(Head):
    """Whether neither the call nor `trace` has been filled in."""
    w, x = promises.random_weights(0), promises.normal(0, 3, promises.D_MODEL)
    made = run(lambda: promises.built(Head, w), ())
    if made.error is not None:
        return isinstance(made.error, NotImplementedError)
    called, traced = (run(lambda method=m: method(x), ()) for m in (made.value, made.value.trace))
    missing = isinstance(traced.error, AttributeError)
    return is_unfilled(called) and (missing or is_unfilled(traced))


def ask(Head, promise):
    """The `Result` of one promise."""
    if promise.needs and importlib.util.find_spec(promise.needs) is None:
        return Result(promise, LEFT_OUT, f"{promise.needs} is not installed")
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            for seed in SEEDS:
                promise.holds(Head, seed)
    except (Exception, SystemExit) as error:
        return Result(promise, NOT_YET if promise.beyond else FAILED, reason_of(error))
    return Result(promise, PASSED)


def reason_of(error):
    """Why a promise is broken: what came and what was expected, or what was raised."""
    place = extract_tb(error.__traceback__)[-1].filename
    if isinstance(error, AssertionError) and place == promises.__file__:
        return quote(str(error))
    return f"it raised {describe_error(error)}"


@dataclass(frozen=True)
class HeadExercise(Exercise):
    """An exercise answered with a class that keeps the promises of a head."""

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        if not isinstance(answer, type):
            message = f"What came is {describe(answer)}; expected a class."
            return Attempt(problem="not-a-class", message=message)
        report = try_head(answer)
        if not report.results:
            return NOT_ATTEMPTED
        broken = report.broken
        return Attempt(
            solved=broken is None,
            problem=broken.promise.id if broken else "",
            message=report.summary[0].upper() + report.summary[1:],
            facts={"reason": broken.reason if broken else ""},
            drawings=(report,),
        )


NOT_A_CLASS = Diagnosis(
    "not-a-class",
    "Pass the class by its name, without brackets: the check makes heads from it itself.",
    "Begin with `class Head:` and the three methods of the stub, and give `Head` to `check`.",
)
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
        "The weights that `trace` shows are not shares of one whole: {reason}.",
        "Show the weights as they are after hiding and sharing out, the very ones that mix the "
        "values.",
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
        "An earlier word heard of a later one: {reason}.",
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
        "With scores of ten thousand: {reason}. The formula is right and overflows.",
        "You have mended this before, in the chapter on softmax: what is subtracted from a row?",
    ),
)

HEAD = HeadExercise(
    id="head",
    title="Your own head",
    stars=3,
    minutes=30,
    diagnoses=(NOT_A_CLASS, *BROKEN),
)
