"""Exercises answered with a dict that names suspects: functions that do not tell what they do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from attnlib.exercises.checking import NOT_ATTEMPTED, Attempt, Exercise, describe, is_blank
from attnlib.exercises.drawing import Drawing

COUNTS = ("None", "One", "Two", "Three")


@dataclass(frozen=True)
class SuspectsExercise(Exercise):
    """An exercise answered with a dict: for each key of `key`, one of `choices`.

    `label` and `noun` say what its keys and its values are. `measured` draws what the suspects
    do; `facts` takes a well-formed answer to texts for hints.
    """

    key: Mapping[str, str]  # the right answer
    choices: tuple[str, ...]
    label: str
    noun: str
    measured: Callable[[], tuple[Drawing, ...]]
    facts: Callable[[dict], dict[str, str]]
    one_each: bool = False  # no two keys may have the same value
    either_way: bool = False  # a dict from values to keys is read as well

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        if self.either_way and self._is_inverse(answer):
            answer = {name: choice for choice, name in answer.items()}
        problem, message = self._problem_of_form(answer)
        if problem:
            return Attempt(problem=problem, message=message)
        right = sum(answer[name] == self.key[name] for name in self.key)
        drawings = self.measured()
        if right == len(self.key):
            message = f"All {COUNTS[right].lower()} are named rightly."
            return Attempt(solved=True, message=message, drawings=drawings)
        return Attempt(
            outcome=dict(answer),
            message=f"{COUNTS[right]} of your {COUNTS[len(self.key)].lower()} {self.noun}s "
            f"{'are' if right > 1 else 'is'} right.",
            facts=self.facts(answer),
            drawings=drawings,
        )

    def _is_inverse(self, answer):
        """Whether `answer` gives each choice one of the keys of `key`."""
        if not isinstance(answer, dict) or set(answer) != set(self.choices):
            return False
        names = [name for name in answer.values() if isinstance(name, str)]
        return sorted(names) == sorted(self.key)

    def _problem_of_form(self, answer):
        """The id of a problem of form, and a message about it; or two empty texts."""
        names = ", ".join(self.key)
        if not isinstance(answer, dict):
            message = f"What came is {describe(answer)}; expected a dict with {names}."
            return "wrong-type", message
        if answer and set(answer) <= set(self.choices) - set(self.key):
            return "reversed", f"Your dict has {self.noun}s for {self.label}s; expected {names}."
        if missing := [name for name in self.key if name not in answer]:
            return "wrong-names", f"Your dict has no {self.noun} for {' and '.join(missing)}."
        if extra := [name for name in answer if name not in self.key]:
            return "wrong-names", f"Your dict has an extra {self.label}: {describe(extra[0])}."
        return self._problem_of_choices(answer)

    def _problem_of_choices(self, answer):
        for name in self.key:
            if not isinstance(answer[name], str) or answer[name] not in self.choices:
                came, known = describe(answer[name]), ", ".join(self.choices)
                return "unknown-suspect", f"For {name} came {came}; expected one of {known}."
        if self.one_each and len(set(answer.values())) < len(self.key):
            given = ", ".join(answer[name] for name in self.key)
            message = f"Your {self.noun}s are {given}; each suspect has one {self.label}."
            return "same-suspect", message
        return "", ""
