"""What holds for every exercise that asks for a function: stubs are stubs, and nothing crashes."""

import numpy as np
import pytest

from attnlib.exercises import chapters, check, exercises
from attnlib.exercises.functions import FunctionExercise
from tests.exercises.judging import BAD, assert_answered

torch = pytest.importorskip("torch")

ASK_A_FUNCTION = [each for each in exercises().values() if isinstance(each, FunctionExercise)]
FUNCTIONS = [each.id for each in ASK_A_FUNCTION]
FUNCTIONS += ["values-from", "induction"]  # functions too, judged by what they make


def test_no_two_exercises_of_the_book_have_one_id():
    """The later chapter's would answer in the earlier one."""
    ids = [exercise.id for chapter in chapters().values() for exercise in chapter]
    assert sorted(ids) == sorted(exercises())


@pytest.mark.parametrize("exercise", FUNCTIONS)
@pytest.mark.parametrize("answer", [None, ..., lambda *inputs: ..., lambda *inputs: None])
def test_an_unfilled_function_is_not_attempted(exercise, answer):
    assert str(check(exercise, answer)) == f"{exercise}: not attempted yet"


@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_bad_answers_and_bad_results_are_answered(exercise):
    for bad in BAD:
        for answer in (bad, lambda *inputs, bad=bad: bad):
            assert_answered(check(exercise, answer))


# --- one right result, in other forms


def tuples(nested):
    return tuple(map(tuples, nested)) if isinstance(nested, list) else nested


def parts(array):
    return list(array) if array.ndim else array


FORMS = {
    "nested lists": lambda array: array.tolist(),
    "tuples": lambda array: tuples(array.tolist()),
    "rows": parts,
    "an iterator": lambda array: iter(array) if array.ndim else array,
    "objects": lambda array: array.astype(object),
    "columns first": lambda array: array.copy(order="F"),
    "single precision": lambda array: array if array.dtype == bool else array.astype(np.float32),
    "a tensor": torch.tensor,
    "a tensor with a gradient": lambda array: torch.tensor(
        array, requires_grad=array.dtype != bool
    ),
    "tensors": lambda array: parts(torch.tensor(array)),
    "a masked array that hides nothing": np.ma.masked_array,
}


def in_form(value, form):
    """A right result as `exercise.reference` gives it, its arrays in another form."""
    if isinstance(value, np.ndarray):
        return form(value)
    if hasattr(value, "triples"):
        given = [tuple(map(form, each.parts)) for each in value.triples]
        return given[0] if value.alone else given
    if hasattr(value, "state"):
        return form(value.arrays[0]), tuple(map(form, value.state))
    held = getattr(value, "arrays", None)
    if hasattr(value, "down"):
        held = value.down, value.up
    return [form(array) for array in held] if held else value


@pytest.mark.parametrize("exercise", ASK_A_FUNCTION, ids=lambda each: each.id)
def test_a_right_result_is_right_in_other_forms(exercise):
    for name, form in FORMS.items():
        verdict = check(
            exercise.id, lambda *inputs, form=form: in_form(exercise.reference(*inputs), form)
        )
        assert verdict.solved, f"refused as {name}: {verdict.message}"


@pytest.mark.parametrize("exercise", ASK_A_FUNCTION, ids=lambda each: each.id)
def test_numbers_that_a_mask_hides_are_no_result(exercise):
    hidden = []

    def hide(array):
        if array.dtype == bool:
            return array
        hidden.append(array)
        return np.ma.masked_array(array, mask=True)

    verdict = check(exercise.id, lambda *inputs: in_form(exercise.reference(*inputs), hide))
    assert verdict.solved == (not hidden)


@pytest.mark.parametrize("exercise", ["scores", "leak", "rotate", "low-rank", "cache-size"])
def test_what_a_function_prints_is_printed_once(exercise, capsys):
    def noisy(*inputs):
        print("called")
        return np.zeros((3, 3))

    check(exercise, noisy)
    assert capsys.readouterr().out == "called\n"
