"""Exercises answered with a pair of matrices, `(w_q, w_k)`, judged by what they do."""

from collections.abc import Callable
from dataclasses import dataclass

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
)
from attnlib.exercises.drawing import Drawing

NAMES = ("w_q", "w_k")
STRENGTHS = tuple(4.0**power for power in range(21))  # 1 to about a million millions


@dataclass(frozen=True)
class Report:
    """What a pair of matrices does: `passed`, numbers as texts for hints, and tables."""

    passed: bool
    message: str
    facts: dict[str, str]
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True)
class DesignExercise(Exercise):
    """An exercise answered with `(w_q, w_k)`, each `(d_model, d_head)` = `shape`."""

    shape: tuple[int, int]
    report: Callable[[np.ndarray, np.ndarray], Report]

    def examine(self, answer):
        if is_blank(answer):
            return NOT_ATTEMPTED
        wanted = f"(w_q, w_k), two arrays of shape {self.shape}"
        facts = {"wanted": wanted, "d_model": str(self.shape[0]), "d_head": str(self.shape[1])}
        parts, came = self._read(answer)
        if parts is None:
            message = f"What came is {came}; expected {wanted}."
            return Attempt(problem="wrong-type", message=message, facts=facts)
        if problem := self._problem_of_form(parts):
            pairs = zip(NAMES, parts, strict=True)
            shapes = " and ".join(f"{name} {part.shape}" for name, part in pairs)
            message = f"What came has the shapes {shapes}; expected {wanted}."
            if problem == "not-finite":
                message = "There are numbers in your matrices that are infinite or NaN."
            return Attempt(problem=problem, message=message, facts=facts)
        with np.errstate(all="ignore"):
            report = self.report(*parts)
        return Attempt(
            solved=report.passed,
            outcome=parts,
            message=report.message,
            facts=report.facts,
            drawings=report.drawings,
        )

    def _read(self, answer):
        """Both matrices, and None; or None, and a description of what came instead."""
        if hasattr(answer, "detach"):
            answer = answer.detach().cpu().numpy()
        answer = listed(answer)
        parts = tuple(answer) if is_sequence(answer) else ()
        if len(parts) != len(NAMES):
            return None, describe(answer)
        for name, part in zip(NAMES, parts, strict=True):
            try:
                numeric(part)
            except TypeError:
                return None, f"{describe(part)} for {name}"
        return tuple(numeric(part) for part in parts), None

    def _problem_of_form(self, parts):
        shapes = {part.shape for part in parts}
        if shapes == {self.shape[::-1]}:
            return "transposed-shape"
        if shapes != {self.shape}:
            return "wrong-shape"
        return "" if all(np.isfinite(part).all() for part in parts) else "not-finite"


def is_sequence(answer):
    return isinstance(answer, tuple | list) or (isinstance(answer, np.ndarray) and answer.ndim > 0)


def design_mistake(id, recognises, hint, stronger):
    """A diagnosis that fits matrices for which `recognises(w_q, w_k)`; goes after `OF_FORM`."""

    def fits(attempt):
        return bool(recognises(*attempt.outcome))

    return Diagnosis(id, hint, stronger, fits)


def at_some_strength(passes, w_q, w_k):
    """Whether the matrices pass once they are made larger, their directions unchanged."""
    return any(passes(strength * w_q, w_k) for strength in STRENGTHS)


OF_FORM = (
    Diagnosis(
        "transposed-shape",
        "Your matrices lie on their side. A word's embedding is a row of {d_model} numbers and "
        "multiplies from the left, x @ w_q, so each matrix needs {d_model} rows.",
        "One row for each axis of the embedding, one column for each coordinate of the query "
        "or the key. The transpose of each of your matrices has that shape.",
    ),
    Diagnosis(
        "wrong-type",
        "Give both matrices together, in this order, in brackets: (w_q, w_k). Each of them "
        "holds numbers and nothing else.",
        "Begin with two arrays of zeros of {d_model} rows and {d_head} columns, change a few "
        "cells of each, and pass the pair to `check` after the exercise's name.",
    ),
    Diagnosis(
        "wrong-shape",
        "Each matrix has a row for each of the {d_model} axes of the embedding and a column "
        "for each of the {d_head} coordinates of a query or key.",
        "Print `w_q.shape` and `w_k.shape`: you need {wanted}. Begin again from zeros of "
        "that shape and set single cells.",
    ),
    Diagnosis(
        "not-finite",
        "A cell of w_q or w_k is infinite or not a number. Choose ordinary numbers, such as "
        "those between -5 and 5.",
        "`np.isfinite(w_q)` is False where the trouble is. Arrays made with `np.empty` hold "
        "whatever was in memory: begin with zeros.",
    ),
)
