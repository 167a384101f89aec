"""Exercises answered with a class: it is asked for its promises, one after the other."""

import importlib.util
import warnings
from collections.abc import Callable, Mapping
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
from attnlib.exercises.promises import Promise

SEEDS = (0, 1, 2)
PASSED, FAILED, NOT_YET, LEFT_OUT = "passed", "failed", "not yet", "left out"
AS_ABOVE = "as above"
INDENT = " " * 12


@dataclass(frozen=True)
class Result:
    """What became of one promise, and why."""

    promise: Promise
    state: str
    reason: str = ""


@dataclass(frozen=True)
class HeadReport:
    """What became of every promise, a line for each. True when the exercise is solved."""

    exercise: str
    titles: tuple[str, str]  # of what is asked for, and of what is beyond
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
        return next((each for each in self.must if each.state == FAILED), None)

    @property
    def summary(self):
        kept = f"{count(self.must, PASSED)} of {len(self.must)} promises kept"
        if left_out := count(self.must, LEFT_OUT):
            kept += f", {left_out} left out"
        return f"{kept}, and {count(self.beyond, PASSED)} of {len(self.beyond)} beyond."

    def __bool__(self):
        return bool(self.results) and self.broken is None

    def __repr__(self):
        if not self.results:
            return f"{self.exercise}: not attempted yet"
        return f"{self.exercise}: {self.summary}\n\n{self.text()}"

    def _repr_html_(self):
        if not self.results:
            return None
        return f"<p><strong>{self.exercise}:</strong> {escape(self.summary)}</p>{self.html()}"

    def text(self):
        """A line for each promise, with a reason below where there is one."""
        parts = []
        for title, results in zip(self.titles, (self.must, self.beyond), strict=True):
            lines = [title]
            for each in results:
                lines.append(f"  {each.state:<8}  {each.promise.says}")
                lines += [INDENT + each.reason] if each.reason else []
            parts.append("\n".join(lines))
        return "\n\n".join(parts)

    def html(self):
        """A table for what is asked, one for what is beyond; all that was returned is escaped."""
        must, beyond = self.titles
        return table(must, self.must) + table(beyond, self.beyond)


def count(results, state):
    return sum(each.state == state for each in results)


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


def without_repeats(results):
    """The results, each reason told once."""
    told = set()
    for each in results:
        yield replace(each, reason=AS_ABOVE) if each.reason in told else each
        told |= {each.reason} - {""}


def result_of(Class, promise):
    """The `Result` of one promise."""
    if promise.needs and importlib.util.find_spec(promise.needs) is None:
        return Result(promise, LEFT_OUT, f"{promise.needs} is not installed")
    try:
        with (
            np.errstate(all="ignore"),
            warnings.catch_warnings(action="ignore"),
            promises.single_precision_allowed(),
        ):
            for seed in SEEDS:
                promise.holds(Class, seed)
    except (Exception, SystemExit) as error:
        return Result(promise, NOT_YET if promise.beyond else FAILED, reason_of(error, promise))
    return Result(promise, PASSED)


def reason_of(error, promise):
    """Why a promise is broken: what came and what was expected, or what was raised."""
    place = extract_tb(error.__traceback__)[-1].filename
    own = promises.__file__, promise.holds.__code__.co_filename
    if isinstance(error, AssertionError) and place in own:
        return quote(str(error))
    return f"it raised {describe_error(error)}"


@dataclass(frozen=True)
class ClassExercise(Exercise):
    """An exercise answered with a class of `(w_q, w_k, w_v, w_o)` that keeps the promises."""

    promises: tuple[Promise, ...]
    weights: Callable[[int], Mapping]  # the four matrices by name, from a seed
    methods: tuple[str, ...]  # a class whose methods all return `...` is a stub
    titles: tuple[str, str]  # of the report
    reference: type | None = None

    def ask(self, Class):
        """The `HeadReport` on a class, without results if it is a stub."""
        results = ()
        if not is_blank(Class) and not (isinstance(Class, type) and self._is_stub(Class)):
            results = without_repeats(result_of(Class, promise) for promise in self.promises)
        return HeadReport(self.id, self.titles, tuple(results))

    def solved_by(self, answer):
        """Whether no promise that is asked for is broken; what is beyond is not asked."""
        asked = replace(self, promises=tuple(each for each in self.promises if not each.beyond))
        return asked.examine(answer).solved

    def _is_stub(self, Class):
        x = promises.normal(0, 3, promises.D_MODEL)
        made = run(lambda: promises.built(Class, self.weights(0)), ())
        if made.error is not None:
            return isinstance(made.error, NotImplementedError)
        called, *others = (run(lambda m=m: getattr(made.value, m)(x), ()) for m in self.methods)
        missing = [each for each in others if isinstance(each.error, AttributeError)]
        return is_unfilled(called) and all(each in missing or is_unfilled(each) for each in others)

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        if not isinstance(answer, type):
            message = f"What came is {describe(answer)}; expected a class."
            return Attempt(problem="not-a-class", message=message)
        report = self.ask(answer)
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


def not_a_class(name, made, methods):
    """The diagnosis for an answer that is no class, with `name` for the class of the stub."""
    return Diagnosis(
        "not-a-class",
        f"Pass the class by its name, without brackets: the check makes {made} from it itself.",
        f"Begin with `class {name}:` and {methods}, and give `{name}` to `check`.",
    )
