"""Stubs, bad answers, the ladder of hints, and what a verdict looks like."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from attnlib.exercises import chapters, check, exercises, functions
from attnlib.exercises.checking import Attempt

FUNCTIONS = ("scores", "strongest-key", "bilinear")
DESIGNS = ("adjective-finder", "one-matrix")
HOSTILE = "<script>alert(1)</script>&\"'"


def stub(*args): ...


def returns_dots(*args):
    return ...


def not_implemented(*args):
    raise NotImplementedError


def raising(error):
    def answer(*args):
        raise error

    return answer


def constantly(value):
    return lambda *args: value


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __len__ = __array__ = __iter__ = __repr__


class Unspeakable(Exception):
    __str__ = __repr__ = Unprintable.__repr__


# --- stubs


@pytest.mark.parametrize("exercise", FUNCTIONS)
@pytest.mark.parametrize(
    "answer", [None, ..., (None, ...), stub, returns_dots, not_implemented, constantly((..., None))]
)
def test_an_unfilled_function_is_not_attempted(exercise, answer):
    assert_not_attempted(exercise, answer)


@pytest.mark.parametrize("exercise", DESIGNS)
@pytest.mark.parametrize("answer", [None, ..., (..., ...), (None, None), (None, ...)])
def test_an_unfilled_design_is_not_attempted(exercise, answer):
    assert_not_attempted(exercise, answer)


def assert_not_attempted(exercise, answer):
    verdict = check(exercise, answer)
    assert repr(verdict) == f"{exercise}: not attempted yet"
    assert verdict._repr_html_() is None
    assert not verdict and not verdict.attempted and not verdict.solved and verdict.hint is None


def test_a_half_filled_design_is_told_what_is_missing():
    verdict = check("one-matrix", (np.eye(6)[:, :2], ...))
    assert verdict.attempted and verdict.hint == "wrong-type"
    assert "`...` for w_k" in verdict.message


def test_a_stub_shows_plain_text_only_in_a_notebook():
    formatters = pytest.importorskip("IPython.core.formatters")
    formatter = formatters.DisplayFormatter()
    unfilled, _ = formatter.format(check("scores", stub))
    assert unfilled == {"text/plain": "scores: not attempted yet"}
    wrong, _ = formatter.format(check("scores", lambda q, k: k @ q.T))
    assert set(wrong) == {"text/plain", "text/html"}


# --- the name of the exercise


def test_no_two_exercises_have_one_name():
    names = [each.id for part in chapters().values() for each in part]
    assert names == list(exercises())


def test_an_unknown_exercise_is_an_error_that_names_a_close_one():
    with pytest.raises(ValueError, match=r"'score'; did you mean 'scores'.*'adjective-finder'"):
        check("score", stub)


@pytest.mark.parametrize("name", ["", "zzz", None, 3, ["scores"]])
def test_an_unknown_exercise_is_an_error_that_names_the_known_ones(name):
    with pytest.raises(ValueError, match="'strongest-key'"):
        check(name, stub)


# --- nothing that an answer does gets out

BAD_RESULTS = [
    "text", HOSTILE, b"bytes", 1, -1.5, float("nan"), 10**400, True, [], {}, set(), [[1, 2], [3]],
    [None, 1], [["a", "b"]], [[["a"]]], np.nan, np.zeros(0), np.zeros((0, 3)), np.zeros((3, 3, 3)),
    np.zeros((2, 0, 3)), np.full((3, 3), np.nan), np.full((3, 3), np.inf), np.full((3, 3), 1e300),
    np.full((3, 3), -1e-300), np.zeros((3, 3), complex), np.zeros((3, 3), bool), np.array("a"),
    np.array([[None]]), np.zeros((1, 10**6)), [0.0] * 10**5, {"a": np.zeros(3)}, {1: {}},
    {("a", "b")}, object(), object, abs, Unprintable(), [Unprintable()], iter([1]), range(3),
    np.datetime64("2020-01-01"), np.zeros((3, 3), "U1"),
    np.ma.masked_all((3, 3)),
]  # fmt: skip


@pytest.mark.parametrize("exercise", FUNCTIONS)
@pytest.mark.parametrize("number", range(len(BAD_RESULTS)))
def test_a_bad_result_is_answered(exercise, number):
    assert_answered(check(exercise, constantly(BAD_RESULTS[number])))


@pytest.mark.parametrize("exercise", DESIGNS + FUNCTIONS)
@pytest.mark.parametrize("number", range(len(BAD_RESULTS)))
def test_a_bad_answer_is_answered(exercise, number):
    bad = BAD_RESULTS[number]
    assert_answered(check(exercise, bad))
    assert_answered(check(exercise, (bad, bad)))


@pytest.mark.parametrize("exercise", FUNCTIONS)
@pytest.mark.parametrize(
    "error",
    [ValueError(HOSTILE), KeyError("k"), SystemExit(3), RecursionError("deep"), Unspeakable(),
     MemoryError(), StopIteration(), AssertionError(), Warning("careful")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_an_exception_is_answered(exercise, error):
    verdict = check(exercise, raising(error))
    assert_answered(verdict)
    assert verdict.hint == "raised"
    assert type(error).__name__ in verdict.message


def assert_answered(verdict):
    assert verdict.attempted and not verdict.solved
    assert verdict.message and verdict.hints
    text, html = repr(verdict), verdict._repr_html_()
    assert " at 0x" not in text + html
    assert len(text) < 10_000
    assert "<script" not in html
    Balanced().feed(html)


def test_a_keyboard_interrupt_stops_the_check():
    with pytest.raises(KeyboardInterrupt):
        check("scores", raising(KeyboardInterrupt()))


def test_a_list_that_holds_itself_is_answered():
    endless = []
    endless.append(endless)
    for exercise in exercises():
        assert_answered(check(exercise, constantly(endless)))
        assert_answered(check(exercise, endless))


def test_an_endless_recursion_is_answered():
    def forever(q, k):
        return forever(q, k)

    verdict = check("scores", forever)
    assert verdict.hint == "raised" and "RecursionError" in verdict.message


def test_an_exception_shows_the_learners_line_and_not_the_machinery():
    def careless(q, k):
        total = q.sum()
        return total / undefined_name  # noqa: F821

    verdict = check("scores", careless)
    assert "NameError: name 'undefined_name' is not defined" in verdict.message
    assert re.search(r"\(line \d+: return total / undefined_name", verdict.message)
    assert "functions.py" not in str(verdict) and "Traceback" not in str(verdict)


def test_the_line_is_the_learners_when_a_library_raised():
    verdict = check("scores", lambda q, k: np.linalg.inv(q))
    assert "LinAlgError" in verdict.message
    assert "lambda q, k: np.linalg.inv(q)" in verdict.message


def test_numpy_told_to_raise_does_not_upset_the_check():
    with np.errstate(all="raise"):
        assert_answered(check("scores", lambda q, k: np.full((3, 3), 1e300)))
        assert_answered(check("adjective-finder", (np.full((6, 2), 1e200),) * 2))


def test_the_learner_cannot_spoil_the_next_check():
    def vandal(q, k):
        q[:] = 0
        k[:] = 0
        return q @ k.T

    assert check("scores", vandal).hint == "changed-inputs"
    assert check("scores", lambda q, k: q @ k.T).solved


# --- tensors


def test_tensors_are_read_with_and_without_a_gradient():
    torch = pytest.importorskip("torch")

    def with_torch(q, k):
        q = torch.tensor(q, requires_grad=True)
        return q @ torch.tensor(k).T

    assert check("scores", with_torch).solved
    half = check("scores", lambda q, k: torch.tensor(q @ k.T).to(torch.bfloat16))
    assert half.hint == "unrecognised" and "query" in half.message
    w_q, w_k = torch.zeros(6, 2), torch.zeros(6, 2, requires_grad=True)
    assert check("adjective-finder", (w_q, w_k)).hint == "zeros"
    assert check("adjective-finder", torch.zeros(2, 6, 2, requires_grad=True)).hint == "zeros"
    assert "a tensor of shape (2, 2)" in check("scores", lambda q, k: torch.zeros(2, 2)).message


# --- the ladder


def wrong(q, k):
    return k @ q.T


def test_the_second_wrong_attempt_gets_the_stronger_hint_in_addition():
    first, second, third = (check("scores", wrong) for _ in range(3))
    assert [len(each.hints) for each in (first, second, third)] == [1, 2, 2]
    assert "Stronger hint:" not in str(first) and "Stronger hint:" in str(second)
    assert second.hints[0] == first.hints[0]


def test_a_solved_attempt_begins_the_ladder_again():
    check("scores", wrong)
    assert check("scores", lambda q, k: q @ k.T).solved
    assert len(check("scores", wrong).hints) == 1


def test_a_stub_leaves_the_ladder_alone():
    check("scores", wrong)
    check("scores", stub)
    assert len(check("scores", wrong).hints) == 2


def test_every_exercise_has_a_ladder_of_its_own():
    check("scores", wrong)
    assert len(check("bilinear", lambda w_q, w_k: w_q).hints) == 1


# --- what a verdict looks like


class Balanced(HTMLParser):
    """Fails on a tag that is not closed; keeps the tags with their attributes."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parse(html):
    parser = Balanced()
    parser.feed(html)
    assert not parser.open
    return parser.seen


def test_the_html_is_a_table_with_a_caption_and_scopes():
    seen = parse(check("scores", wrong)._repr_html_())
    tags = [tag for tag, _ in seen]
    assert tags.count("table") == tags.count("caption") == 4
    assert {a["scope"] for tag, a in seen if tag == "th"} == {"row", "col"}
    assert tags.count("mark") == 6


def test_a_difference_is_marked_by_a_sign_in_text_and_in_html():
    verdict = check("scores", wrong)
    assert "6 <" in str(verdict) and "(< differs)" in str(verdict)
    assert re.search(r"<mark[^>]*>6 ≠</mark>", verdict._repr_html_())


def test_what_a_learner_writes_is_escaped():
    verdict = check("strongest-key", lambda w, t: [(HOSTILE, HOSTILE)] * 3)
    html = verdict._repr_html_()
    assert HOSTILE in str(verdict)
    assert "<script" not in html and "&lt;script&gt;" in html and "&quot;" in html
    html = check("scores", raising(ValueError(f"`{HOSTILE}`")))._repr_html_()
    assert "<script" not in html and "<code>&lt;script&gt;" in html
    evil = type(HOSTILE, (), {})
    assert "<script" not in check("scores", evil())._repr_html_()


def test_a_placeholder_in_the_learners_words_is_left_as_it_is():
    verdict = check("strongest-key", lambda w, t: [("{row}", "{0}")] * len(t))
    assert "{row} -> {0}" in str(verdict)


def test_memory_addresses_and_long_texts_are_left_out():
    message = check("scores", raising(ValueError(f"{object()} " + "x" * 10_000))).message
    assert "object object>" in message and " at 0x" not in message and len(message) < 1_000


def test_the_text_is_the_same_in_every_process():
    code = (
        "import json; from attnlib.exercises import check\n"
        "answers = [lambda q, k: k @ q.T, lambda q, k: object(), lambda q, k: q @ object(), 3,\n"
        "           lambda q, k: {'b', 'a'}, lambda q, k: q[:, :2] @ k[:, :2].T]\n"
        "print(json.dumps([repr(check('scores', a)) for a in answers]))"
    )
    runs = [subprocess.check_output([sys.executable, "-c", code]) for _ in range(2)]
    assert runs[0] == runs[1] and len(json.loads(runs[0])) == 6


def test_huge_results_are_drawn_in_part():
    verdict = check("scores", lambda q, k: np.arange(10_000.0).reshape(100, 100))
    assert "the beginning of an array of shape (100, 100)" in str(verdict)
    assert "9999" not in str(verdict)


def test_what_a_mistake_gives_is_computed_once_for_each_input():
    tried = []

    def way(x):
        tried.append(x)
        return 2 * x

    doubled = functions.mistake("doubled", way, "", "")
    inputs = (np.array([1.0]),)
    assert doubled.fits(Attempt(inputs=inputs, outcome=np.array([2.0])))
    assert not doubled.fits(Attempt(inputs=inputs, outcome=np.array([3.0])))
    assert len(tried) == 1
    for x in range(5):  # a tuple that is gone leaves its place in memory to the next one
        assert doubled.fits(Attempt(inputs=(x,), outcome=np.array(2.0 * x)))
