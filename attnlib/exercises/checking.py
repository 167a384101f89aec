"""How an answer is examined: an attempt, the diagnosis that fits it, the verdict.

An exercise turns an answer into an `Attempt`. If the attempt is wrong, the first of
the exercise's diagnoses that fits it supplies the hint: a second wrong attempt in a
row gets the stronger hint as well.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from itertools import islice
from numbers import Real

import numpy as np

from attnlib.exercises.drawing import Drawing

LONGEST_QUOTE = 200  # characters of a learner's text or error that are repeated
LONGEST_INTEGER = 64  # bits of an integer that is written out
MOST_ITEMS = 10_000  # that are taken from an iterator
SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;column-gap:2em;align-items:flex-start"

_failures: Counter[str] = Counter()  # wrong attempts since the last right one, by exercise id


@dataclass(frozen=True)
class Attempt:
    """An answer, examined: what came, where it differs, and the tables that show it."""

    attempted: bool = True
    solved: bool = False
    problem: str = ""  # id of a problem of form (wrong shape, raised, ...), if there is one
    inputs: tuple = ()
    outcome: object = None  # what the answer gave, as read, or the exception that it raised
    message: str = ""
    facts: dict[str, str] = field(default_factory=dict)  # for the hints' {placeholders}
    drawings: tuple[Drawing, ...] = ()
    elsewhere: Callable[[], tuple] = tuple  # other inputs, outcomes, and if they are right


NOT_ATTEMPTED = Attempt(attempted=False)


@dataclass(frozen=True)
class Diagnosis:
    """A mistake with a name, and a hint and a stronger hint for it.

    Without `recognises`, the diagnosis is for the problem of form that has its id.
    """

    id: str
    hint: str
    stronger: str
    recognises: Callable[[Attempt], bool] | None = None

    def fits(self, attempt):
        if self.recognises is None:
            return attempt.problem == self.id
        return self.recognises(attempt)


@dataclass(frozen=True)
class Verdict:
    """What `check` answers. True when solved; draws itself as text and as HTML."""

    exercise: str
    attempted: bool
    solved: bool
    hint: str | None = None  # the id of the diagnosis
    message: str = ""
    hints: tuple[str, ...] = ()
    drawings: tuple[Drawing, ...] = ()

    @property
    def state(self):
        """One of "solved", "wrong" and "not attempted"."""
        if not self.attempted:
            return "not attempted"
        return "solved" if self.solved else "wrong"

    def __bool__(self):
        return self.solved

    def __repr__(self):
        if not self.attempted:
            return f"{self.exercise}: not attempted yet"
        parts = [self._headline() + " " + self.message]
        parts += [drawing.text() for drawing in self.drawings]
        parts += [f"{label}: {text}" for label, text in self._labelled_hints()]
        return "\n\n".join(parts)

    def _repr_html_(self):
        if not self.attempted:
            return None
        parts = [f"<p><strong>{escape(self._headline())}</strong> {with_code(self.message)}</p>"]
        drawn = "".join(drawing.html() for drawing in self.drawings)
        parts.append(f'<div class="al-check-drawings" style="{SIDE_BY_SIDE}">{drawn}</div>')
        parts += [
            f'<p class="al-check-hint"><strong>{label}:</strong> {with_code(text)}</p>'
            for label, text in self._labelled_hints()
        ]
        return f'<div class="al-check al-check-{self.state}">{"".join(parts)}</div>'

    def _headline(self):
        return f"{self.exercise}: {'solved.' if self.solved else 'not yet.'}"

    def _labelled_hints(self):
        return zip(("Hint", "Stronger hint"), self.hints, strict=False)


@dataclass(frozen=True)
class Exercise:
    """An exercise of a chapter; `examine` says what an answer amounts to."""

    id: str
    title: str
    stars: int
    minutes: int
    diagnoses: tuple[Diagnosis, ...]  # in order; the last one fits every wrong answer
    piece: str = field(default="", kw_only=True)  # its name in the reader's own head

    def examine(self, answer):
        raise NotImplementedError

    def solved_by(self, answer):
        return self.examine(answer).solved

    def check(self, answer):
        """The `Verdict` on `answer`; a second wrong answer in a row gets a second hint."""
        attempt = self.examine(answer)
        if not attempt.attempted:
            return Verdict(self.id, attempted=False, solved=False)
        if attempt.solved:
            _failures.pop(self.id, None)
            return Verdict(self.id, True, True, None, attempt.message, (), attempt.drawings)
        with np.errstate(all="ignore"):  # an answer's numbers may be enormous
            diagnosis = next(each for each in self.diagnoses if each.fits(attempt))
        _failures[self.id] += 1
        hints = (diagnosis.hint, diagnosis.stronger)[: _failures[self.id]]
        return Verdict(
            exercise=self.id,
            attempted=True,
            solved=False,
            hint=diagnosis.id,
            message=attempt.message,
            hints=tuple(hint.format(**attempt.facts) for hint in hints),
            drawings=attempt.drawings,
        )


def with_code(text):
    """`text` as HTML, escaped, what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def is_blank(answer):
    """Whether `answer` is what a stub leaves: None, `...`, or a tuple or dict of those."""
    parts = answer if isinstance(answer, tuple | list) and answer else (answer,)
    if isinstance(answer, dict) and answer:
        parts = answer.values()
    return all(part is None or part is ... for part in parts)


def listed(value):
    """What an iterator gives, as a list, also in a list or a tuple; anything else as it is."""
    if isinstance(value, Iterator):
        value = list(islice(value, MOST_ITEMS))
    if isinstance(value, list | tuple) and any(isinstance(part, Iterator) for part in value):
        return list(map(listed, value))
    return value


def numeric(value):
    """`value` (array, tensor, nested list of numbers) as a new float64 array; True is 1.

    Raises `TypeError` if it cannot be one without loss.
    """
    try:
        array = np.asarray(detached(value))
        if array.dtype == object and all(map(is_real, array.flat)):
            array = array.astype(np.float64)
    except Exception as error:  # the value's own code runs here: anything may happen
        raise TypeError(f"cannot be an array: {describe(value)}") from error
    if array.dtype.kind not in "biuf" or np.ma.is_masked(value):
        raise TypeError(f"not an array of real numbers: {describe(value)}")
    return array.astype(np.float64)


def detached(value):
    """`value` with tensors as NumPy reads them: without gradients, in double precision."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        return (value.double() if value.is_floating_point() else value).numpy()[()]
    return list(map(detached, value)) if isinstance(value, list | tuple) else value


def is_real(value):
    return isinstance(value, Real | Decimal | np.bool_)


def describe(value):
    """A few words for what `value` is, the same on every run and every machine."""
    if value is None or value is ...:
        return "`...`" if value is ... else "None"
    if isinstance(value, str):
        return f"the text {quote(repr(value[:LONGEST_QUOTE]))}"
    if isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, np.number):
        value = value.item()
    if isinstance(value, int | float):
        short = isinstance(value, float) or value.bit_length() < LONGEST_INTEGER
        return f"the number {value!r}" if short else "an enormous number"
    name = type(value).__name__
    if isinstance(value, np.ndarray):
        kind = "a masked array" if np.ma.is_masked(value) else "an array"
        return f"{kind} of shape {value.shape} and type {value.dtype}"
    if name == "Tensor" and hasattr(value, "detach"):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, list | tuple | dict | set):
        return f"a {name} of {len(value)}"
    return "a function" if name == "function" else f"an object of type {name}"


def quote(text):
    """`text` on one line, without memory addresses, and not too long."""
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(text.split()))
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + " ..."
