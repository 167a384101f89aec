"""What the tests of every chapter's exercises ask of a verdict."""

import re

import numpy as np

from attnlib.exercises import check

UNFILLED = re.compile(r"[{}]| \?|no shape|no number|\bNone\b(?! of)")
NOT_OF_NUMBERS = ("raised", "not-a-function", "arguments")
HOSTILE = "<script>alert(1)</script>"
BAD = (
    HOSTILE, 10**400, -1.5, [], {}, set(), [[1], [2, 3]], [HOSTILE] * 3, np.zeros((3, 0)), object,
    np.full(3, np.nan), np.full((3, 3), np.inf), np.zeros(3, complex), [1, 2, None], iter([1]), abs,
    [10**400] * 4, np.zeros((3, 3, 3)), np.array("a"), [1e300, -1e300, 0, 1], (1, 2), b"bytes",
    (np.zeros((3, 1)), HOSTILE), ([[1.0]], [[np.inf]]), {1: {}}, {(): 1}, np.full((3, 3), 1e300),
)  # fmt: skip


def assert_solved(verdict):
    assert verdict.solved and verdict.attempted and verdict.hint is None, verdict
    assert str(verdict).startswith(f"{verdict.exercise}: solved.") and "Hint" not in str(verdict)


def assert_meets_hint(exercise, hint, answer, shown):
    """The hint is met twice, the second time with the stronger one, and `shown` is told."""
    first, second = check(exercise, answer), check(exercise, answer)
    assert first.attempted and not first.solved
    assert first.hint == second.hint == hint, first
    for text in shown:
        assert text in str(first)
    assert len(first.hints) == 1 and len(second.hints) == 2
    assert second.hints[0] == first.hints[0] != second.hints[1]
    assert all(text in str(second) for text in second.hints)
    for text in (*second.hints, second.message):
        assert not UNFILLED.search(text), f"an unfilled hint: {text}"


def assert_hints_stay_where_a_corner_is_treated_apart(exercise, wrong, corner, right, but=()):
    """A mistake is the same one in code that does right in `corner` by lines of its own.

    Not asked of what is no function of the inputs, nor of the hints in `but`.
    """
    met = {}
    for of, hint, answer, _ in wrong:
        if of == exercise and hint not in (*NOT_OF_NUMBERS, *but):
            met[hint, answer] = check(
                of, lambda *inputs, f=answer: (right if corner(*inputs) else f)(*inputs)
            ).hint
    assert met, exercise
    assert [(hint, came) for (hint, _), came in met.items() if came != hint] == []


def assert_every_diagnosis_is_met(chapter, wrong):
    met = {(exercise, hint) for exercise, hint, _, _ in wrong}
    known = {(each.id, d.id) for each in chapter.EXERCISES for d in each.diagnoses}
    assert met == known


def assert_answered(verdict):
    assert verdict.attempted and not verdict.solved and verdict.hints
    text, html = str(verdict), verdict._repr_html_()
    assert len(text) < 10_000 and "<script" not in html and " at 0x" not in text + html


def names(wrong):
    """Ids for pytest: exercise, hint and number."""
    return [f"{exercise}:{hint}:{i}" for i, (exercise, hint, _, _) in enumerate(wrong)]
