"""Exercises answered with a function: run it on inputs and compare what it returns.

A mistake has a name because it can be recognised: the check computes what that
mistake gives on the same inputs, and compares.
"""

import copy
import inspect
import io
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache, cached_property, partial
from itertools import dropwhile
from pathlib import Path

import numpy as np

from attnlib.exercises.checking import (
    NOT_ATTEMPTED,
    Attempt,
    Diagnosis,
    Exercise,
    describe,
    is_blank,
    listed,
    numeric,
    quote,
)
from attnlib.exercises.drawing import Drawing, close, decimals_for, matrix, number

MACHINERY = Path(__file__).parent  # its frames are no part of the learner's story
FORM_OF_RESULT = ("wrong-type", "wrong-shape")  # what came is told, not where it differs


@dataclass(frozen=True)
class Case:
    """One input of a function exercise, drawn, with labels for the result's cells."""

    inputs: tuple
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    drawings: tuple[Drawing, ...]
    facts: dict[str, str] = field(default_factory=dict)  # of the input, for hints


@dataclass(frozen=True)
class Outcome:
    """What a call gave: a value or an exception, and which of its inputs it changed."""

    value: object = None
    error: BaseException | None = None
    changed: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Raised:
    """An exception as text, so that two of them can be compared."""

    kind: str
    said: str

    @classmethod
    def of(cls, error):
        try:
            return cls(type(error).__name__, quote(str(error)))
        except Exception:  # an exception's own text can raise, too
            return cls(type(error).__name__, "(its message cannot be read)")

    def __str__(self):
        return f"{self.kind}: {self.said}" if self.said else self.kind


def same(result, other):
    """Whether two results, as read, agree: arrays up to rounding, anything else exactly."""
    if isinstance(result, np.ndarray) and isinstance(other, np.ndarray):
        return result.shape == other.shape and bool(close(result, other).all())
    return type(result) is type(other) and result == other


def first_wrong(result, expected):
    """The place of the first cell that is no number, or else differs from what was expected."""
    lost = ~np.isfinite(result)
    return tuple(np.argwhere(lost if lost.any() else ~close(result, expected))[0])


@dataclass(frozen=True)
class ArrayResult:
    """How an array that a function returns is read, compared and drawn.

    `shape` says in words what the expected shape stands for.
    """

    shape: str

    read = staticmethod(numeric)
    same = staticmethod(same)

    def wanted(self, expected):
        return f"an array of shape {expected.shape}: {self.shape}"

    def problem(self, result, expected):
        if result.shape != expected.shape:
            return "wrong-shape"
        return "" if np.isfinite(result).all() else "not-finite"

    def facts(self, case, result, expected):
        """The first wrong cell, and both shapes, as texts for messages and hints."""
        facts = {"wanted": self.wanted(expected), "shape": "no shape"}
        if result is not None:
            facts["shape"] = str(result.shape)
        if result is None or result.shape != expected.shape:
            return facts | dict.fromkeys(("row", "column", "returned", "expected", "count"), "?")
        wrong = np.argwhere(~close(result, expected))
        first = first_wrong(result, expected)
        row, column = (0, 0, *first)[-2:]  # a vector is one row, a scalar one cell
        decimals = decimals_for(result, expected)
        return facts | {
            "row": case.rows[row],
            "column": case.columns[column],
            "returned": number(result[first], decimals),
            "expected": number(expected[first], decimals),
            "count": f"{len(wrong)} of {result.size}",
        }

    def message(self, facts):
        template = (
            "{count} numbers differ: row {row}, column {column} is {returned}, not {expected}."
        )
        return template.format(**facts)

    def draw(self, case, result, expected):
        labels = {"rows": case.rows, "columns": case.columns}
        if result.shape != expected.shape:
            returned = matrix("what your function returned", result)
            return returned, matrix("what was expected", expected, **labels)
        labels["decimals"] = decimals_for(result, expected)
        wrong = ~close(result, expected)
        returned = matrix("what your function returned", result, marked=wrong, **labels)
        return returned, matrix("what was expected", expected, **labels)


@dataclass(frozen=True)
class FunctionExercise(Exercise):
    """An exercise answered with a function, compared with `reference` on every case."""

    parameters: tuple[str, ...]
    cases: Callable[[], list[Case]]  # the first one small enough to check by hand
    reference: Callable
    result: object  # reads, compares and draws what the function returns: see ArrayResult
    forms: tuple[Callable, ...] = (tuple,)  # of the inputs: right in one of them is right
    praise: str = ""  # what a right answer has shown besides

    @cached_property
    def _cases(self):
        return self.cases()

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        if misused := misuse(answer, self.parameters, self._cases[0].inputs):
            return misused
        attempts = []
        for form in self.forms:
            attempts.append(self._examine_with(answer, form))
            if attempts[-1].solved or not attempts[-1].attempted:
                return attempts[-1]
        return next((each for each in attempts if each.problem != "raised"), attempts[0])

    def _examine_with(self, answer, form):
        for case in self._cases:
            outcome = run(answer, form(case.inputs))
            if case is self._cases[0] and is_unfilled(outcome):
                return NOT_ATTEMPTED
            attempt = self._judge(case, outcome)
            if not attempt.solved:
                return replace(attempt, elsewhere=cache(partial(self._others, answer, form, case)))
        message = f"Right on all {len(self._cases)} inputs tried. {self.praise}".rstrip()
        return Attempt(solved=True, message=message)

    def _others(self, answer, form, told):
        """Of all cases but `told`: the inputs, the outcome as read, and whether it is right."""
        outcomes = []
        for case in self._cases:
            if case is not told:
                with redirect_stdout(io.StringIO()):  # its prints have been seen once
                    outcome = run(answer, form(case.inputs))
                came, expected = self._read(outcome), self.reference(*case.inputs)
                outcomes.append((case.inputs, came, self.result.same(came, expected)))
        return tuple(outcomes)

    def _read(self, outcome):
        """What a call gave, as read: None if it cannot be read, an exception as `Raised`."""
        if outcome.error is not None:
            return Raised.of(outcome.error)
        try:
            return self.result.read(outcome.value)
        except (TypeError, ValueError, RecursionError):
            return None

    def _judge(self, case, outcome):
        expected = self.reference(*case.inputs)
        facts = case.facts | self.result.facts(case, None, expected)
        attempt = Attempt(inputs=case.inputs, facts=facts, drawings=case.drawings)
        if outcome.error is not None:
            message = f"Your function raised {describe_error(outcome.error)}."
            raised = Raised.of(outcome.error)
            return replace(attempt, problem="raised", outcome=raised, message=message)
        if any(outcome.changed):
            pairs = zip(self.parameters, outcome.changed, strict=True)
            changed = " and ".join(name for name, hit in pairs if hit)
            message = f"Your function changed its input {changed}."
            facts = facts | {"changed": changed}
            return replace(attempt, problem="changed-inputs", message=message, facts=facts)
        return self._compare(case, attempt, outcome.value, expected)

    def _compare(self, case, attempt, value, expected):
        wanted = self.result.wanted(expected)
        came = f"Your function returned {describe(value)}; expected {wanted}."
        result = self._read(Outcome(value))
        if result is None:
            facts = attempt.facts | {"returned": describe(value)}
            return replace(attempt, problem="wrong-type", message=came, facts=facts)
        if self.result.same(result, expected):
            return Attempt(solved=True)
        problem = self.result.problem(result, expected)
        facts = case.facts | self.result.facts(case, result, expected)
        return replace(
            attempt,
            problem=problem,
            outcome=result,
            message=came if problem in FORM_OF_RESULT else self.result.message(facts),
            facts=facts,
            drawings=case.drawings + self.result.draw(case, result, expected),
        )


def misuse(answer, parameters, inputs):
    """An attempt with a problem if `answer` cannot be called with `inputs` at all, else None."""
    call = f"f({', '.join(parameters)})"
    facts = {"call": call}
    if not callable(answer):
        message = f"What came is {describe(answer)}; expected a function, {call}."
        return Attempt(problem="not-a-function", message=message, facts=facts)
    try:
        inspect.signature(answer).bind(*inputs)
    except TypeError as error:
        message = f"Your function cannot be called as {call}: {quote(str(error))}."
        return Attempt(problem="arguments", message=message, facts=facts)
    except Exception:  # built-in functions may not tell, and an object may raise anything
        pass
    return None


def is_unfilled(outcome):
    """Whether a call shows a stub: it returns nothing, or says so by its exception."""
    if outcome.error is not None:
        return isinstance(outcome.error, NotImplementedError)
    return is_blank(outcome.value)


def run(function, inputs):
    """The `Outcome` of `function` on copies of `inputs`; its exceptions do not escape.

    What overflows or divides by zero gives inf or NaN: the verdict speaks, not a warning.
    """
    copies = copy.deepcopy(inputs)
    try:
        with np.errstate(all="ignore"):
            value = listed(function(*copies))
    except (Exception, SystemExit) as error:
        return Outcome(error=error)
    pairs = zip(inputs, copies, strict=True)
    return Outcome(value, None, tuple(not alike(before, now) for before, now in pairs))


def alike(before, now):
    """Whether an input (array, number, text, or a container of those) is still what it was."""
    if type(before) is not type(now):
        return False
    if is_dataclass(before):
        names = [each.name for each in fields(before)]
        return all(alike(getattr(before, name), getattr(now, name)) for name in names)
    if isinstance(before, dict):
        return list(before) == list(now) and all(alike(before[key], now[key]) for key in before)
    if isinstance(before, list | tuple):
        return len(before) == len(now) and all(map(alike, before, now))
    return np.array_equal(before, now)


def describe_error(error):
    """The exception, and the learner's own line that it came from, if there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    frames = list(dropwhile(lambda frame: Path(frame.filename).parent == MACHINERY, frames))
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    if not own or not own[-1].line:
        return str(Raised.of(error))
    return f"{Raised.of(error)} (line {own[-1].lineno}: {quote(own[-1].line)})"


def throughout(attempt, agrees):
    """Whether `agrees(inputs, outcome)` for this attempt and for the other inputs tried.

    One input can agree by coincidence. Nothing is known where the answer came to no number, nor
    where it is wrong and `agrees` does not tell (None).
    """
    if not attempt.inputs or attempt.outcome is None or not agrees(attempt.inputs, attempt.outcome):
        return False
    return all(
        is_lost(came) or agrees(inputs, came) or (agrees(inputs, came) is None and not right)
        for inputs, came, right in attempt.elsewhere()
    )


def is_lost(outcome):
    if isinstance(outcome, np.ndarray) and outcome.dtype.kind == "f":
        return not np.isfinite(outcome).all()
    return outcome is None or isinstance(outcome, Raised)


def once_a_case(give):
    """`give(way, inputs)`, remembered: a mistake and the inputs of a case stay what they are.

    Cases are told apart by their tuple of inputs itself. What `give` returns nobody may change.
    """
    known = {}

    def remembered(way, inputs):
        key = way, id(inputs)
        if key not in known:
            known[key] = inputs, give(way, inputs)  # kept, so that no other tuple gets its id
        return known[key][1]

    return remembered


def mistake(id, would_give, hint, stronger, read=numeric, agree=same):
    """A diagnosis that fits attempts that gave what `would_give(*inputs)` gives, on all inputs.

    A mistake that can be made in several ways has a tuple of functions for `would_give`.
    `read` makes what they return comparable, `agree` compares; an exception counts as the same
    when its type and its message are.
    """
    ways = would_give if isinstance(would_give, tuple) else (would_give,)

    @once_a_case
    def given_by(way, inputs):
        outcome = run(way, inputs)
        return Raised.of(outcome.error) if outcome.error else read(outcome.value)

    def gives(way, inputs, came):
        given = given_by(way, inputs)
        if isinstance(given, Raised) or isinstance(came, Raised):
            return same(given, came) or None
        return agree(given, came) or (None if is_lost(given) else False)

    def recognises(attempt):
        return any(throughout(attempt, partial(gives, way)) for way in ways)

    return Diagnosis(id, hint, stronger, recognises)


def also_right_in(corners, right, ways):
    """`ways` of a mistake, alone and in code that does right in a corner which it treats apart.

    Each of `corners` tells by the inputs whether they are in it; `right` gives what is right there.
    """

    def apart(way, corner):
        return lambda *inputs: (right if corner(*inputs) else way)(*inputs)

    ways = ways if isinstance(ways, tuple) else (ways,)
    return (*ways, *(apart(way, corner) for corner in corners for way in ways))


NOT_A_FUNCTION = Diagnosis(
    "not-a-function",
    "Pass your function by its name, without brackets: the check calls it itself.",
    "Define it with `def`, taking the inputs in the order of {call}, and pass the name "
    "after `def` to `check`.",
)
ARGUMENTS = Diagnosis(
    "arguments",
    "The check calls your function as {call}. Give it these inputs, in this order.",
    "Compare the line that starts with `def` with {call}: it must take that many inputs, "
    "and any further ones need a default.",
)
CHANGED_INPUTS = Diagnosis(
    "changed-inputs",
    "Whoever calls your function still needs {changed}. Put what you compute in a new "
    "array or list, and leave {changed} as it came.",
    "`x += y`, `x *= y`, `x[i] = y`, `x.sort()` and the like write into x itself. "
    "`x = x + y` makes a new array; so does working on `x.copy()`.",
)
RAISED = Diagnosis(
    "raised",
    "Your code stopped on the input drawn above. Call your function on an input of that "
    "shape yourself and look at the line it names.",
    "Print the shape of every array in that line. The result must be {wanted}.",
)
WRONG_TYPE = Diagnosis(
    "wrong-type",
    "What your function returns cannot be read as {wanted}.",
    "Look at your `return` line: print the type of what it gives back. It must be {wanted}.",
)
WRONG_SHAPE = Diagnosis(
    "wrong-shape",
    "Your result's shape is {shape}. It must be {wanted}.",
    "Write down the shape of each input and of each step on the way. Find the step where "
    "the two lengths you need stop being there.",
)
NOT_FINITE = Diagnosis(
    "not-finite",
    "Row {row}, column {column} is {returned}, which is not a number one can compare. Did "
    "something overflow, or was something divided by zero?",
    "Here {expected} is expected, an ordinary number. Look for a division, a logarithm, a "
    "power, or an array made with `np.empty`.",
)
OF_FORM = (RAISED, WRONG_TYPE, WRONG_SHAPE, NOT_FINITE, NOT_A_FUNCTION, ARGUMENTS)
