"""What holds for every exercise that asks for a function: stubs are stubs, and nothing crashes."""

import pytest

from attnlib.exercises import check, exercises
from attnlib.exercises.functions import FunctionExercise
from tests.exercises.judging import BAD, assert_answered

FUNCTIONS = [name for name, each in exercises().items() if isinstance(each, FunctionExercise)]
FUNCTIONS.append("values-from")  # a function too, judged on black boxes


@pytest.mark.parametrize("exercise", FUNCTIONS)
@pytest.mark.parametrize("answer", [None, ..., lambda *inputs: ..., lambda *inputs: None])
def test_an_unfilled_function_is_not_attempted(exercise, answer):
    assert str(check(exercise, answer)) == f"{exercise}: not attempted yet"


@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_bad_answers_and_bad_results_are_answered(exercise):
    for bad in BAD:
        for answer in (bad, lambda *inputs, bad=bad: bad):
            assert_answered(check(exercise, answer))
