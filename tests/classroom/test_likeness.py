"""Answers that are the same but for names, and those that everyone writes."""

from attnlib.classroom.likeness import shape, told_alike
from attnlib.classroom.marking import Result
from attnlib.classroom.marks import Mark
from attnlib.classroom.submissions import submission_of
from attnlib.classroom.verdicts import NOT_ATTEMPTED, SOLVED
from tests.classroom.submitting import EXERCISES, IMPORT, RIGHT, stubs

LOOP = '''
def my_scores(q, k):
    """All of them."""
    products = np.zeros((len(q), len(k)))
    for i, query in enumerate(q):
        for j, key in enumerate(k):
            products[i, j] = (query * key).sum()
    return products

check("scores", my_scores)
'''
RENAMED = """
def a(x, y):  # mine, all mine
    out = np.zeros((len(x), len(y)))

    for m, b in enumerate(x):
        for n, c in enumerate(y):
            out[m, n] = (b * c).sum()
    return out

check("scores", a)
"""


def shape_of(answer, state=SOLVED):
    submission = submission_of("kim", stubs({"stub-scores": IMPORT + answer}))
    marks = [Mark("scores", state), *(Mark(id, NOT_ATTEMPTED) for id in EXERCISES[1:])]
    return shape(submission, marks)


def test_names_comments_and_lines_make_no_difference():
    assert shape_of(LOOP) == shape_of(RENAMED) != ""


def test_other_steps_other_numbers_and_other_functions_do():
    original = shape_of(LOOP)
    changes = {".sum()": ".max()", "np.zeros": "np.ones", "i, j]": "j, i]", "len(q)": "3"}
    for old, new in changes.items():
        assert shape_of(LOOP.replace(old, new)) not in ("", original)


def test_swapped_names_are_no_renaming():
    assert shape_of(LOOP.replace("def my_scores(q, k)", "def my_scores(k, q)")) != shape_of(LOOP)


def test_what_everyone_writes_and_what_nobody_wrote_say_nothing():
    assert shape_of(RIGHT) == ""
    assert shape_of(LOOP, NOT_ATTEMPTED) == ""
    assert shape_of("not python (") == ""


def test_each_of_them_names_the_others():
    names = {"ann": "same", "bob": "same", "eve": "other", "kim": "", "lee": "", "max": "same"}
    results = [Result(name, "softmax", notes=("first",), shape=s) for name, s in names.items()]
    results.append(Result("of another chapter", "masking", shape="same"))
    told = {each.name: each.notes for each in told_alike(results)}
    assert told["ann"] == ("first", "its answers are, but for names, those of bob, max")
    assert told["max"][1].endswith("those of ann, bob")
    assert [name for name, notes in told.items() if len(notes) == 2] == ["ann", "bob", "max"]
