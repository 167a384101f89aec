"""The test cells of an nbgrader assignment: points for an answer, and the book's hints."""

import contextlib
import io
import warnings

from attnlib.exercises import HeadReport, check
from attnlib.exercises.classes import LEFT_OUT, PASSED, count


class NotSolved(Exception):
    """An answer that earns no points: what the check said of it."""

    def _render_traceback_(self):  # IPython shows this in place of a traceback
        return str(self).splitlines()


def grade(exercise_id, answer, points):
    """Check an answer and print the verdict: None for all `points`, or the part that it earns.

    A class earns a part for the promises that it keeps. Raises `NotSolved`, with the verdict, for
    what earns nothing. This is how nbgrader reads a test cell: an error is 0, a number is that
    many points, and anything else is all of them; what is written to stderr would be an error.

    >>> grade("bilinear", lambda w_q, w_k: w_q @ w_k.T, points=3)
    bilinear: solved. Right on all 6 inputs tried.
    """
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings(action="ignore"):
        verdict = check(exercise_id, answer)
    earned = 1.0 if verdict.solved else part_of(verdict)
    if not earned:
        raise NotSolved(repr(verdict))
    print(verdict)
    return None if verdict.solved else round(points * earned, 2)


def part_of(verdict):
    """The part of what was asked that an answer does: the promises kept, among those tried."""
    for report in verdict.drawings:
        if isinstance(report, HeadReport):
            kept = count(report.must, PASSED)
            return kept / len([each for each in report.must if each.state != LEFT_OUT])
    return 0.0
