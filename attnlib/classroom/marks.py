"""What is told of a submission that was run: of each exercise, and of cells that went wrong."""

import ast
from collections import defaultdict
from dataclasses import dataclass, field, replace

from attnlib.classroom.kernel import Trouble, undefined_in
from attnlib.classroom.running import NOT_RUN
from attnlib.classroom.submissions import BOOKS, Cell, Submission
from attnlib.classroom.verdicts import NOT_ATTEMPTED, SOLVED, WRONG, Verdict

NOT_REACHED = "not reached"
STATES = (SOLVED, WRONG, NOT_ATTEMPTED, NOT_REACHED)
ABSENCES = {
    "cell deleted": "its cell is gone",
    "check deleted": "its cell no longer calls `check`",
    "no check": "no cell checks it",
}
UNCALLED = "check not run"
MANY = 3  # cells with the same trouble that are told one by one


@dataclass(frozen=True)
class Mark:
    """What became of an exercise; the id of a wrong answer's mistake, or why no check judged."""

    exercise: str
    state: str
    reason: str = ""
    text: str = field(default="", compare=False)  # what the check said
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Story:
    """A submission, the trouble with each of its cells, and the verdicts of its checks."""

    submission: Submission
    troubles: tuple[Trouble | None, ...]
    verdicts: dict[str, Verdict]

    def marks(self):
        for exercise in self.submission.exercises:
            text = self.verdicts[exercise].text if exercise in self.verdicts else ""
            mark = self.mark(exercise)
            yield replace(mark, text=text, notes=tuple(self.notes_on(exercise, mark)))

    def mark(self, exercise):
        if name := self.lacks(exercise):
            return Mark(exercise, NOT_REACHED, f"needs {name}")
        if verdict := self.verdicts.get(exercise):
            return Mark(exercise, verdict.state, verdict.diagnosis)
        absence = self.submission.absence(exercise)
        reasons = [trouble.reason for trouble in self.troubles_with(exercise)]
        return Mark(exercise, NOT_REACHED, absence or [UNCALLED, *reasons][-1])

    def notes(self):
        """Sentences about what went wrong, by exercise, then about the other cells."""
        for mark in self.marks():
            yield from (f"{mark.exercise}: {note}" for note in mark.notes)
        yield from self.notes_on_others()
        if NOT_RUN in self.troubles:
            first = self.submission.cells[self.troubles.index(NOT_RUN)]
            yield (
                f"nothing was run from {called(first)} on: what stands above it took too long, or "
                "ended too many kernels"
            )
        for cell in self.submission.cells:
            if cell.is_mended:
                yield f"{called(cell)} holds half of a character: it ran with a \ufffd there"

    def notes_on(self, exercise, mark):
        if name := self.lacks(exercise):
            yield f"it needs `{name}`, which no cell above it defines: is that cell gone, or below?"
            return
        troubles = [each for each in self.troubles_with(exercise) if each is not NOT_RUN]
        yield from (f"its cell {trouble.sentence}" for trouble in troubles)
        if mark.reason == UNCALLED:
            yield "its cell ran to the end, and `check` did not"
        elif mark.state == NOT_REACHED and mark.reason in ABSENCES:
            yield ABSENCES[mark.reason]

    def notes_on_others(self):
        """On cells that check nothing; many with the same trouble are told together."""
        alike = defaultdict(list)
        for cell, trouble in self.pairs():
            if trouble not in (None, NOT_RUN) and not cell.checks:
                alike[trouble.reason].append((cell, trouble))
        for reason, pairs in alike.items():
            if len(pairs) > MANY:
                first, trouble = pairs[0]
                yield f"{len(pairs)} cells: {reason}; the first: {called(first)} {trouble.sentence}"
            else:
                yield from (f"{called(cell)} {trouble.sentence}" for cell, trouble in pairs)

    def pairs(self):
        return list(zip(self.submission.cells, self.troubles, strict=True))

    def troubles_with(self, exercise):
        """What went wrong with the cells that check the exercise."""
        pairs = [pair for pair in self.pairs() if exercise in pair[0].checks]
        return [trouble for _, trouble in pairs if trouble is not None]

    def lacks(self, exercise):
        """A name that the answer needs and that should have come from another cell, or ""."""
        verdict = self.verdicts.get(exercise)
        if verdict is None:
            names = [trouble.lacks for trouble in self.troubles_with(exercise)]
            name = ["", *names][-1]
        else:
            name = undefined_in(verdict.text) if verdict.state == WRONG else ""
        return name if name and self.is_given(name, exercise) else ""

    def is_given(self, name, exercise):
        """Whether the book's cells define or use `name`, and no cell above the exercise did.

        Otherwise it is a slip of the student's, in the student's own cell.
        """
        cells = self.submission.cells
        first = next((cell.number for cell in cells if exercise in cell.checks), len(cells))
        above = [pair for pair in self.pairs() if pair[0].number < first]
        if any(trouble is None and name in cell.names(ast.Store) for cell, trouble in above):
            return False
        given = [cell for cell in cells if not cell.checks and not cell.unchecked]
        names = (cell.names(ast.Store) | cell.names(ast.Load) for cell in given)
        return name in BOOKS or any(name in each for each in names)


def called(cell: Cell):
    return f"code cell {cell.number}, {cell.beginning},"
