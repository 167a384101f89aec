"""The reader's own head: its promises, its report, and its pieces in a file."""

import errno
import functools
import linecache
import os
import re
import subprocess
import sys
from dataclasses import replace
from types import FunctionType, SimpleNamespace

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, exercises, my_pieces, pieces, try_head
from attnlib.exercises.promises import PROMISES
from tests.exercises.judging import BAD, HOSTILE, assert_answered

torch = pytest.importorskip("torch")

PIECES = {
    "scores": "scores",
    "softmax": "softmax",
    "scaled-scores": "scaled_scores",
    "delta": "delta",
    "causal-mask": "causal_mask",
    "masked-weights": "masked_weights",
    "head": "head",
}
REQUIRED = [promise.id for promise in PROMISES if not promise.beyond]


# --- a head as the chapter's solution has it, and heads broken in one place


class Own:
    """Written with the pieces, in plain NumPy."""

    def __init__(self, w_q, w_k, w_v, w_o):
        self.w_q, self.w_k, self.w_v, self.w_o = w_q, w_k, w_v, w_o

    def trace(self, x, context=None, mask=None, causal=False):
        context = x if context is None else context
        queries, keys, values = x @ self.w_q, context @ self.w_k, context @ self.w_v
        scores = queries @ keys.T / np.sqrt(queries.shape[-1])
        keep = np.ones(scores.shape, bool) if mask is None else mask
        if causal:
            keep = keep & al.causal_mask(*scores.shape)
        scores = np.where(keep, scores, -np.inf)
        weights = al.softmax(scores)
        mixed = weights @ values
        return SimpleNamespace(
            queries=queries,
            keys=keys,
            values=values,
            scores=scores,
            weights=weights,
            mixed=mixed,
            delta=mixed @ self.w_o,
        )

    def __call__(self, x, context=None, mask=None, causal=False):
        return self.trace(x, context, mask, causal).delta


class Stub:
    def __init__(self, w_q, w_k, w_v, w_o):
        # Your lines go here.
        ...

    def trace(self, x, context=None, mask=None, causal=False):
        return ...

    def __call__(self, x, context=None, mask=None, causal=False):
        return ...


def calling(change):
    """A right head whose call, and the delta of whose trace, go through `change`."""

    class Broken(al.Head):
        def __call__(self, x, context=None, mask=None, causal=False):
            return change(super().__call__, x, context, mask, causal)

        def trace(self, x, context=None, mask=None, causal=False):
            return change(super().trace, x, context, mask, causal)

    return Broken


def tracing(change):
    class Broken(al.Head):
        def trace(self, x, context=None, mask=None, causal=False):
            return change(super().trace(x, context, mask, causal))

    return Broken


def with_residual(head, x, context, mask, causal):
    result = head(x, context, mask, causal)
    return replace(result, delta=x + result.delta) if hasattr(result, "delta") else x + result


def with_the_mean(head, x, context, mask, causal):
    """Something of every token, the future included, reaches all of them."""
    return head(x + 0.01 * x.mean(axis=-2, keepdims=True), context, mask, causal)


def even_where_nothing_is_seen(head, x, context, mask, causal):
    mask = None if mask is None else mask | ~mask.any(axis=-1, keepdims=True)
    return head(x, context, mask, causal)


def top_left(head, x, context, mask, causal):
    n_keys = (x if context is None else context).shape[-2]
    if causal:
        triangle = np.tri(x.shape[-2], n_keys, dtype=bool)
        mask = triangle if mask is None else mask & triangle
    return head(x, context, mask, False)


def with_positions(head, x, context, mask, causal):
    return head(x + np.arange(x.shape[-2])[:, None], context, mask, causal)


def no_batch(head, x, context, mask, causal):
    if x.ndim > 2:
        raise ValueError("only (n_tokens, d_model)")
    return head(x, context, mask, causal)


def spoiling(head, x, context, mask, causal):
    result = head(x, context, mask, causal)
    x *= 2
    return result


class Overflowing(Own):
    def trace(self, x, context=None, mask=None, causal=False):
        steps = super().trace(x, context, mask, causal)
        powers = np.exp(steps.scores)
        sums = powers.sum(axis=-1, keepdims=True)
        steps.weights = powers / np.where(sums == 0, 1, sums)
        steps.delta = steps.weights @ steps.values @ self.w_o
        return steps


class ValuesFromX(Own):
    def trace(self, x, context=None, mask=None, causal=False):
        steps = super().trace(x, context, mask, causal)
        if context is not None and len(context) == len(x):
            steps.delta = steps.weights @ (x @ self.w_v[: x.shape[1]]) @ self.w_o
        return steps


class WithoutBiases(al.Head):
    def __init__(self, w_q, w_k, w_v, w_o, **biases):
        super().__init__(w_q, w_k, w_v, w_o)


class Detached(Own):
    def __call__(self, x, context=None, mask=None, causal=False):
        return al.Head(self.w_q, self.w_k, self.w_v, self.w_o)(x, causal=causal).detach()


class InSinglePrecision(Own):
    """Works in float32, whatever comes in."""

    def __init__(self, *matrices):
        super().__init__(*(np.asarray(each, np.float32) for each in matrices))

    def trace(self, x, context=None, mask=None, causal=False):
        context = None if context is None else np.asarray(context, np.float32)
        return super().trace(np.asarray(x, np.float32), context, mask, causal)


class FillingLow(Own):
    """Hidden scores become -1e4, and what that leaves on hidden keys is taken away."""

    def trace(self, x, context=None, mask=None, causal=False):
        steps = super().trace(x, context, mask, causal)
        seen = np.isfinite(steps.scores)
        steps.weights = np.where(seen, al.softmax(np.where(seen, steps.scores, -1e4)), 0)
        steps.delta = steps.weights @ steps.values @ self.w_o
        return steps


class WholeMaximum(Own):
    """The largest score of all rows is taken from every score."""

    def trace(self, x, context=None, mask=None, causal=False):
        steps = super().trace(x, context, mask, causal)
        powers = np.exp(steps.scores - steps.scores.max())
        steps.weights = np.nan_to_num(powers / powers.sum(axis=-1, keepdims=True))
        steps.delta = steps.weights @ steps.values @ self.w_o
        return steps


class TracingInADict(Own):
    """Every step under its name, as keys of a dict."""

    def trace(self, *inputs, **options):
        return vars(super().trace(*inputs, **options))

    def __call__(self, *inputs, **options):
        return self.trace(*inputs, **options)["delta"]


BROKEN = {
    "delta": [
        calling(with_residual),
        calling(lambda head, x, *rest: head(2 * x, *rest)),
    ],
    "causal": [calling(lambda head, x, context, mask, causal: head(x, context, mask))],
    "masked": [
        calling(
            lambda head, x, context, mask, causal: head(
                x, context, None if mask is None else ~mask, causal
            )
        ),
        calling(lambda head, x, context, mask, causal: head(x, context, None, causal)),
    ],
    "rows-sum-to-one": [
        tracing(lambda steps: replace(steps, weights=2 * steps.weights)),
        tracing(lambda steps: replace(steps, weights=steps.weights.T)),
    ],
    "trace-of-every-step": [
        tracing(lambda steps: replace(steps, scores=steps.queries @ steps.keys.T)),
        tracing(lambda steps: SimpleNamespace(weights=steps.weights, delta=steps.delta)),
        tracing(lambda steps: replace(steps, mixed=steps.values)),
    ],
    "context": [
        calling(lambda head, x, context, mask, causal: head(x, None, mask, causal)),
        ValuesFromX,
    ],
    "past-stays": [calling(with_the_mean)],
    "nothing-to-attend-to": [calling(even_where_nothing_is_seen)],
    "aligned-at-the-end": [calling(top_left)],
    "mask-and-causal": [
        calling(
            lambda head, x, context, mask, causal: head(x, context, mask, causal & (mask is None))
        )
    ],
    "large-scores": [Overflowing, FillingLow, WholeMaximum],
    "reordered": [calling(with_positions)],
    "leading-axes": [calling(no_batch), Own],
    "inputs-unchanged": [calling(spoiling)],
    "single-precision": [
        calling(lambda head, x, *rest: np.asarray(head(x, *rest), np.float64)),
    ],
    "hidden-nan": [Own],
    "biases": [WithoutBiases, Own],
    "gradients": [Detached, Own],
}


def state(report, id):
    return next(each for each in report.results if each.promise.id == id)


def test_attnlibs_head_keeps_every_promise():
    report = try_head(al.Head)
    assert report and {each.state for each in report.results} == {"passed"}
    assert len(report.results) == 18 and len(report.must) == 11


def test_every_promise_has_a_head_that_breaks_it():
    assert list(BROKEN) == [promise.id for promise in PROMISES]


@pytest.mark.parametrize(
    ("id", "Head"), [(id, Head) for id, heads in BROKEN.items() for Head in heads]
)
def test_a_broken_promise_is_found_out(id, Head):
    report = try_head(Head)
    broken = state(report, id)
    assert broken.state == ("failed" if id in REQUIRED else "not yet") and broken.reason
    assert broken.reason in str(report)


# The first promise that each of these breaks, so that its hint is what the reader meets.
FIRST = {
    "delta": 0, "causal": 0, "masked": 1, "rows-sum-to-one": 0, "trace-of-every-step": 1,
    "context": 0, "past-stays": None, "nothing-to-attend-to": 0, "aligned-at-the-end": 0,
    "mask-and-causal": 0, "large-scores": 0,
}  # fmt: skip


class LeakingAtFive(Own):
    """Right for up to five tokens."""

    def trace(self, x, context=None, mask=None, causal=False):
        return super().trace(x, context, mask, causal and not (len(x) == 6 and context is None))


@pytest.mark.parametrize("id", REQUIRED)
def test_a_broken_promise_meets_its_hint(id):
    Head = LeakingAtFive if FIRST[id] is None else BROKEN[id][FIRST[id]]
    first, second = check("head", Head), check("head", Head)
    assert first.hint == second.hint == id
    assert len(first.hints) == 1 and len(second.hints) == 2
    assert "{" not in "".join(second.hints)
    (report,) = first.drawings
    assert state(report, id).reason in first.hints[0] + str(report)


def test_every_diagnosis_of_the_exercise_is_met():
    assert [d.id for d in exercises()["head"].diagnoses] == ["not-a-class", *REQUIRED]
    for answer in (Own(*np.zeros((4, 2, 2))), 3, lambda *matrices: Own(*matrices), "Head"):
        assert check("head", answer).hint == "not-a-class"


def test_the_readers_head_solves_the_exercise_and_is_told_what_is_beyond():
    verdict = check("head", Own)
    assert verdict.solved
    assert "11 of 11 promises kept, and 2 of 7 beyond." in verdict.message
    assert "What attnlib's head does beyond" in str(verdict) and "not yet" in str(verdict)
    assert "failed" not in str(verdict)
    for Head in (al.Head, TracingInADict, InSinglePrecision):
        assert check("head", Head).solved


def test_the_report_is_a_table_in_html_and_escapes():
    class Evil(Own):
        def __call__(self, *args, **options):
            raise ValueError(HOSTILE)

    html = try_head(Evil)._repr_html_()
    assert html.count("<table") == 2 and html.count('scope="row"') == 18
    assert "<script" not in html and "&lt;script&gt;" in html
    assert html.count("<tr>") == html.count("</tr>") == 20
    assert "<script" not in check("head", Evil)._repr_html_()


def test_the_same_reason_is_told_once():
    text = str(try_head(raising(SystemExit(3))))
    assert text.count("it raised SystemExit: 3") == 1 and text.count("as above") > 10


def test_the_report_is_the_same_on_every_run():
    assert str(try_head(Own)) == str(try_head(Own))
    for text in (str(try_head(Own)), try_head(Own)._repr_html_()):
        assert " at 0x" not in text and "attnlib/" not in text and "Traceback" not in text


def test_without_torch_gradients_are_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    report = try_head(al.Head)
    left = state(report, "gradients")
    assert (left.state, left.reason) == ("left out", "torch is not installed") and report


def test_promises_need_neither_pytest_nor_hypothesis_nor_torch():
    code = "import sys; from attnlib.exercises import try_head; import attnlib as al\n"
    code += "for name in ('torch', 'pytest', 'hypothesis'): sys.modules[name] = None\n"
    code += "assert try_head(al.Head), try_head(al.Head)"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- what a class may do


class NotImplementedYet(Own):
    def __call__(self, *args, **options):
        raise NotImplementedError

    trace = __call__


class EmptyClass: ...


class HalfFilled(Stub):
    def __init__(self, w_q, w_k, w_v, w_o):
        self.w_q = w_q


@pytest.mark.parametrize("Head", [None, ..., Stub, HalfFilled, NotImplementedYet])
def test_an_unfilled_head_is_not_attempted(Head):
    assert str(try_head(Head)) == str(check("head", Head)) == "head: not attempted yet"
    assert try_head(Head)._repr_html_() is None and not try_head(Head)


def test_a_head_without_a_trace_is_told_so():
    class CallOnly(Stub):
        def __init__(self, *matrices):
            self.head = al.Head(*matrices)

        def __call__(self, x, context=None, mask=None, causal=False):
            return self.head(x, context, mask, causal)

    report = try_head(CallOnly)
    assert state(report, "delta").state == "passed"
    assert "`trace` returns `...`" in state(report, "trace-of-every-step").reason
    verdict = check("head", CallOnly)
    assert verdict.hint == "rows-sum-to-one"
    assert verdict.hints[0].startswith("`trace` is to show the weights")


def raising(error):
    class Raising(Own):
        def __call__(self, *args, **options):
            raise error

        trace = __call__

    return Raising


def forever(self, *args, **options):
    return again(self)


def again(this):
    """Without end, in positional arguments alone.

    Of functions with other parameters, CPython 3.13.0 never ends a recursion: a call of
    `def f(*a): return f()` takes all memory there (https://github.com/python/cpython/issues/132744).
    """
    return again(this)


@pytest.mark.parametrize(
    "Head",
    [
        EmptyClass,
        object,
        int,
        dict,
        type,
        type("Unmade", (Own,), {"__init__": forever}),
        type("Forever", (Own,), {"__call__": forever}),
        type("Hidden", (Own,), {"__getattribute__": forever}),
        *map(raising, (SystemExit(3), MemoryError(), AssertionError(), KeyError(HOSTILE))),
    ],
)
def test_whatever_a_class_raises_is_answered(Head):
    assert_answered(check("head", Head))
    report = try_head(Head)
    assert not report and "it raised" in str(report)


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_bad_answer_and_a_bad_result_are_answered(number):
    bad = BAD[number]
    assert_answered(check("head", bad))
    method = {"__call__": lambda *a, **k: bad, "trace": lambda *a, **k: bad}
    assert_answered(check("head", type("Bad", (Own,), method)))


def test_an_assertion_of_the_readers_own_shows_its_line():
    class Asserting(Own):
        def __call__(self, x, context=None, mask=None, causal=False):
            raise AssertionError("too long")

    reason = state(try_head(Asserting), "delta").reason
    assert "it raised AssertionError: too long (line" in reason and "raise Asser" in reason


def test_a_head_that_writes_into_its_inputs_spoils_no_other_promise():
    report = try_head(calling(spoiling))
    assert report and state(report, "inputs-unchanged").state == "not yet"
    assert state(report, "single-precision").state == "passed"


# --- pieces in a file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNLIB_PIECES", str(tmp_path / "kept"))
    return tmp_path / "kept"


SOURCES = {
    "scores": "def scores(q, k):\n    return q @ k.T\n",
    "softmax": (
        "def softmax(scores):\n"
        "    e = np.exp(scores - scores.max(axis=-1, keepdims=True))\n\n"
        "    return e / e.sum(axis=-1, keepdims=True)  # é\n"
    ),
    "scaled-scores": "def scaled_scores(q, k):\n    return q @ k.T / np.sqrt(k.shape[-1])\n",
    "delta": "def delta(weights, x, w_v, w_o):\n    return weights @ (x @ w_v) @ w_o\n",
    "causal-mask": (
        "def causal_mask(n_queries, n_keys):\n"
        "    return np.tri(n_queries, n_keys, n_keys - n_queries, dtype=bool)\n"
    ),
    "masked-weights": (
        "def masked_weights(scores, keep):\n"
        "    return al.softmax(np.where(keep, scores, -np.inf))\n"
    ),
    "head": """class Head:
    def __init__(self, w_q, w_k, w_v, w_o):
        self.w_q, self.w_k, self.w_v, self.w_o = w_q, w_k, w_v, w_o

    def trace(self, x, context=None, mask=None, causal=False):
        context = x if context is None else context
        queries, keys, values = x @ self.w_q, context @ self.w_k, context @ self.w_v
        scores = pieces.scaled_scores(queries, keys)
        keep = np.ones(scores.shape, dtype=bool) if mask is None else mask
        if causal:
            keep = keep & pieces.causal_mask(*scores.shape)
        weights = pieces.masked_weights(scores, keep)
        return SimpleNamespace(
            queries=queries, keys=keys, values=values, weights=weights, mixed=weights @ values,
            scores=np.where(keep, scores, -np.inf), delta=weights @ values @ self.w_o,
        )

    def __call__(self, x, context=None, mask=None, causal=False):
        return self.trace(x, context, mask, causal).delta
""",
}
IN_A_NOTEBOOK = {"pieces": my_pieces(), "SimpleNamespace": SimpleNamespace}


def cell(source, **names):
    """The last function or class that a notebook's cell defines: its source can be read there."""
    cell.count = getattr(cell, "count", 0) + 1
    name = f"<cell {cell.count}>"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    namespace = {"np": np, "al": al, **IN_A_NOTEBOOK, **names}
    exec(compile(source, name, "exec"), namespace)
    return [each for each in namespace.values() if isinstance(each, FunctionType | type)][-1]


def kept(folder):
    return (folder / "my_head.py").read_text(encoding="utf-8")


def test_the_pieces_and_their_order():
    assert {each.id: each.piece for each in exercises().values() if each.piece} == PIECES


def test_each_right_piece_is_kept_with_a_word_about_it(folder):
    for number, (exercise, source) in enumerate(SOURCES.items(), start=1):
        verdict = check(exercise, cell(source))
        name = PIECES[exercise]
        expected = f" Kept as `{name}` in my_head.py: piece {number} of 7 of your own head."
        assert verdict.solved and verdict.message.endswith(expected)
        assert source in kept(folder)
    found = my_pieces()
    assert str(found).count("yours") == 7 and "stands in" not in str(found)
    for name in PIECES.values():
        piece = getattr(found, name)
        assert getattr(piece, "trace", piece).__code__.co_filename == "my_head.py"


def test_the_file_is_a_module_that_can_be_imported_and_read(folder):
    for exercise in reversed(SOURCES):
        check(exercise, cell(SOURCES[exercise]))
    text = kept(folder)
    places = [text.index(f"# --- {name}: chapter ") for name in PIECES.values()]
    assert places == sorted(places)
    assert "# --- softmax: chapter 4, exercise 2, Softmax that does not overflow" in text
    assert text.startswith('"""My own attention head') and "import numpy as np" in text
    code = "import my_head; print(my_head.causal_mask(1, 2), my_head.__doc__[:2])"
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=folder, text=True)
    assert printed == "[[ True  True]] My\n"


def test_nothing_is_kept_of_a_wrong_answer_or_a_stub(folder):
    check("scores", cell("def scores(q, k):\n    return k @ q.T\n"))
    check("scores", cell("def scores(q, k):\n    return ...\n"))
    check("bilinear", cell("def f(w_q, w_k):\n    return w_q @ w_k.T\n"))
    assert not folder.exists()


def test_solving_again_replaces_the_piece_and_nothing_else(folder):
    for exercise, source in SOURCES.items():
        check(exercise, cell(source))
    file = folder / "my_head.py"
    by_hand = kept(folder).replace("# --- softmax", "SECRET = 1  # ü\n\n\n# --- softmax")
    file.write_text(by_hand + "\n\nprint_nothing = None\n", encoding="utf-8")
    before = kept(folder)
    check("softmax", cell("def mine(scores):\n    return al.softmax(scores)\n"))
    after = kept(folder)
    assert "softmax = mine" in after and "e.sum" not in after
    start, end = before.index("# --- softmax"), before.index("# --- end of softmax")
    assert after.startswith(before[:start]) and after.endswith(before[end:])
    check("softmax", cell("def mine(scores):\n    return al.softmax(scores)\n"))
    assert kept(folder) == after


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace("# --- end of scores\n", ""),
        lambda text: text.replace("# --- scores", "# scores"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n# --- end of softmax", "\n# --- end"),
        lambda text: text + text,
        lambda text: "KEEP\n",
        lambda text: "",
    ],
)
def test_no_line_of_a_file_that_was_edited_by_hand_is_lost(folder, harm):
    for exercise in ("scores", "softmax", "delta"):
        check(exercise, cell(SOURCES[exercise]))
    (folder / "my_head.py").write_text(harm(kept(folder)), encoding="utf-8")
    before = kept(folder)
    assert "Kept as" in check("scores", cell(SOURCES["scores"])).message
    lines = kept(folder).splitlines()
    assert set(before.splitlines()) <= set(lines)
    assert lines.count(SOURCES["scores"].splitlines()[0]) >= 1


def test_a_piece_of_another_name_is_kept_with_an_alias(folder):
    verdict = check("scores", cell("def my_scores(q, k):\n    return q @ k.T\n"))
    assert "Kept as `scores`" in verdict.message
    assert kept(folder).endswith("\n\nscores = my_scores\n# --- end of scores\n")
    check("delta", cell("my_scores = lambda w, x, w_v, w_o: w @ x @ w_v @ w_o\n"))
    found = my_pieces()
    assert str(found).count("yours") == 2
    np.testing.assert_array_equal(found.scores(np.eye(2), np.eye(2)), np.eye(2))


def test_an_indented_function_is_kept(folder):
    def scores(q, k):
        """Every query

        with every key."""
        return q @ k.T

    assert "Kept as" in check("scores", scores).message
    assert "\ndef scores(q, k):\n    " in kept(folder)
    assert "scores          chapter 3, exercise 1  yours" in str(my_pieces())


def test_a_head_is_kept_with_the_pieces_it_is_made_of(folder):
    check("causal-mask", cell(SOURCES["causal-mask"]))
    verdict = check("head", cell(SOURCES["head"]))
    assert verdict.solved and "Kept as `head` in my_head.py: piece 7 of 7" in verdict.message
    found = my_pieces()
    assert str(found).count("yours") == 2 and not hasattr(my_pieces(before="head"), "head")
    own = found.head(*np.ones((4, 3, 3))).trace.__globals__["pieces"]
    assert re.search(r"causal_mask .* yours\n", str(own)) and str(own).count("stands in") == 5
    assert try_head(found.head)
    code = "import my_head; print(my_head.head.__name__, my_head.head is my_head.Head)"
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=folder, text=True)
    assert printed == "Head True\n"


def test_a_class_of_a_file_is_kept_without_the_rest_of_the_file(folder):
    assert "Kept as `head`" in check("head", Own).message
    assert "def trace" in kept(folder) and "class Stub" not in kept(folder)
    assert "head = Own\n# --- end of head" in kept(folder)
    assert "LeakingAtFive" not in kept(folder)


def test_a_head_that_leans_on_the_rest_of_the_notebook_is_not_kept(folder):
    source = SOURCES["head"].replace("np.ones(scores.shape, dtype=bool)", "everything(scores)")
    everything = cell("def everything(scores):\n    return np.ones(scores.shape, bool)\n")
    verdict = check("head", cell(source, everything=everything))
    assert verdict.solved and "NameError: name 'everything' is not defined" in verdict.message
    assert "inside the class" in verdict.message and not folder.exists()
    for Head in (al.Head, type("Made", (Own,), {})):
        verdict = check("head", Head)
        assert verdict.solved and "Not kept for your own head: " in verdict.message


# --- pieces that use other things of the notebook

IMPORTS = (
    "import numpy as np\nimport attnlib as al\nfrom attnlib.exercises import check, my_pieces\n"
)
MY_SCORES = "def my_scores(q, k):\n    return q @ k.T  # every key\n"
BY_ROOT = "def scaled(q, k):\n    return my_scores(q, k) / np.sqrt(q.shape[-1])\n"


def notebook(exercise, answer, *cells):
    """The verdict on `answer`, a name, in a notebook of these cells; they run one by one."""
    names = {"__name__": "__main__", "In": [""]}
    for text in (IMPORTS, *cells, f"verdict = check({exercise!r}, {answer})\n"):
        names["In"].append(text)
        file = f"<notebook {hash(text)}>"
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
        exec(compile(text, file, "exec"), names)
    return names["verdict"]


WITH_NEEDS = {
    "an earlier piece": ("scaled-scores", "scaled", MY_SCORES, BY_ROOT),
    "defined later": ("scaled-scores", "scaled", BY_ROOT, MY_SCORES),
    "the last version": ("scaled-scores", "scaled", "my_scores = None", MY_SCORES, BY_ROOT),
    "constants and imports": (
        "scaled-scores", "scaled", "from math import sqrt\nimport math as m, sys\nSHIFT = 0 * m.pi",
        "def scaled(q, k):\n    return q @ k.T / sqrt(len(k.T)) + SHIFT\n",
    ),
    "a partial function": (
        "scaled-scores", "scaled", "import functools",
        "def by_power(power, q, k):\n    return q @ k.T / q.shape[-1] ** power\n",
        "scaled = functools.partial(by_power, 0.5)",
    ),
    "a closure": (
        "scaled-scores", "scaled",
        "def make(power):\n    def inner(q, k):\n        return q @ k.T / q.shape[-1] ** power\n"
        "    return inner\n",
        "scaled = make(0.5)",
    ),
    "a decorator": (
        "scores", "scores",
        "import functools\ndef loud(f):\n    @functools.wraps(f)\n    def g(*a):\n"
        "        return f(*a)\n    return g\n",
        "@loud\ndef scores(q, k):\n    return q @ k.T\n",
    ),
    "two statements on a line": (
        "scores", "scores", "dot = lambda a, b: a @ b; two = 2\nscores = lambda q, k: dot(q, k.T)",
    ),
    "an object": (
        "scores", "scores", "class Dot:\n    def __call__(self, q, k):\n        return q @ k.T\n",
        "scores = Dot()",
    ),
    "two that need each other": (
        "scores", "scores", "def a(q):\n    return q if q.size else b(q)\n",
        "def b(q):\n    return a(q)\n\n\ndef scores(q, k):\n    return b(q) @ k.T\n",
    ),
    "a star": (
        "scaled-scores", "scaled", "from math import *",
        "def scaled(q, k):\n    return q @ k.T / sqrt(len(k.T))\n",
    ),
    "something that prints": (
        "scores", "scores", "def noisy():\n    print(3)\n    return 1\nONE = noisy()",
        "def scores(q, k):\n    return q @ k.T * ONE\n",
    ),
    "pieces": (
        "scaled-scores", "scaled", "mine = my_pieces()",
        "def scaled(q, k):\n    return mine.scores(q, k) / q.shape[1] ** 0.5\n",
    ),
    "pieces, asked for in the function": (
        "scaled-scores", "scaled",
        "def scaled(q, k):\n    return my_pieces().scores(q, k) / q.shape[1] ** 0.5\n",
    ),
    "a parent and a helper": (
        "head", "Mine", "import types",
        "def transposed(keys):\n    return keys.T\n",
        "class Parent:\n    def __init__(self, w_q, w_k, w_v, w_o):\n"
        "        self.w_q, self.w_k, self.w_v, self.w_o = w_q, w_k, w_v, w_o\n",
        "pieces = my_pieces()\nfrom types import SimpleNamespace",
        "class Mine(Parent):\n" + SOURCES["head"].partition("w_o\n\n")[2].replace(
            "np.ones(scores.shape", "np.ones(scores.shape and types.GenericAlias and scores.shape"
        ).replace("x @ self.w_q", "transposed((x @ self.w_q).T)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WITH_NEEDS)
def test_a_piece_is_kept_with_what_it_uses(folder, case, capsys):
    exercise, answer, *cells = WITH_NEEDS[case]
    verdict = notebook(exercise, answer, *cells)
    assert verdict.solved and f"Kept as `{PIECES[exercise]}`" in verdict.message
    capsys.readouterr()
    assert re.search(rf"^{PIECES[exercise]} .* yours$", str(my_pieces()), re.M)
    assert kept(folder).count("import functools\n") <= 1


def test_what_a_piece_uses_stands_before_it_and_nothing_else_does(folder):
    notebook("scaled-scores", "scaled", "unused = 3\nq = 4", MY_SCORES, BY_ROOT)
    block = kept(folder).partition("keep their size\n")[2]
    expected = f"{MY_SCORES}\n\n{BY_ROOT}\nscaled_scores = scaled\n# --- end of scaled_scores\n"
    assert block == expected
    code = "import my_head, numpy as np; print(my_head.scaled_scores(np.eye(1), np.eye(1)))"
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=folder, text=True)
    assert printed == "[[1.]]\n"


def test_a_cell_that_python_cannot_read_is_passed_over(folder):
    names = "In = In[:-1] + ['%matplotlib inline', 'def broken(:', 3, In[-1]]"
    assert "Kept as" in notebook("scaled-scores", "scaled", MY_SCORES, names, BY_ROOT).message


@pytest.mark.parametrize("where", ["for ZERO in [0]:\n    pass", "with open(__file__): ZERO = 0"])
def test_what_is_not_a_statement_of_its_own_is_not_found(folder, where):
    where = where.replace("__file__", repr(__file__))
    source = "def scores(q, k):\n    return q @ k.T + ZERO\n"
    verdict = notebook("scores", "scores", where, source)
    assert verdict.solved and "name 'ZERO' is not defined. Put what it uses" in verdict.message
    assert not folder.exists()


def test_a_need_that_would_spoil_another_piece_is_not_kept(folder):
    notebook("softmax", "softmax", SOURCES["softmax"])
    before = kept(folder)
    helper = "def softmax(scores):\n    return None\n"
    source = SOURCES["masked-weights"].replace("    return", "    softmax(scores)\n    return")
    verdict = notebook("masked-weights", "masked_weights", helper, source)
    assert verdict.solved and "`softmax` is the name of something else in my_head.py" in str(
        verdict
    )
    assert kept(folder) == before


def test_a_piece_that_another_line_of_the_file_would_spoil_is_not_kept(folder):
    notebook("softmax", "softmax", SOURCES["softmax"])
    (folder / "my_head.py").write_text(kept(folder) + "\n\nSHIFT = 1\n", encoding="utf-8")
    before = kept(folder)
    shifted = "def scores(q, k):\n    return q @ k.T + SHIFT\n"
    verdict = notebook("scores", "scores", "SHIFT = 0", shifted)
    assert verdict.solved and "`SHIFT` is the name of something else" in verdict.message
    assert kept(folder) == before


def test_a_need_is_kept_in_a_file_that_cannot_run(folder):
    folder.mkdir()
    (folder / "my_head.py").write_text("my_scores = 3\n1 / 0\n", encoding="utf-8")
    verdict = notebook("scaled-scores", "scaled", MY_SCORES, BY_ROOT)
    assert "Kept as" in verdict.message and "cannot be used: ZeroDivision" in str(my_pieces())


def test_a_need_that_another_piece_has_too_is_kept_twice(folder):
    notebook("scores", "my_scores", MY_SCORES)
    verdict = notebook("scaled-scores", "scaled", MY_SCORES, BY_ROOT)
    assert "Kept as" in verdict.message and kept(folder).count(MY_SCORES) == 2
    loop = "def my_scores(q, k):\n    return np.array([[a @ b for b in k] for a in q])\n"
    assert "Kept as" in notebook("scores", "my_scores", loop).message
    assert str(my_pieces()).count("yours") == 2


def test_a_file_that_asks_for_its_own_pieces_gets_none_of_itself(folder):
    check("scores", cell(SOURCES["scores"]))
    asking = "from attnlib.exercises import my_pieces\n\nPIECES = my_pieces()\n"
    (folder / "my_head.py").write_text(kept(folder) + asking, encoding="utf-8")
    assert str(my_pieces()).count("yours") == 1


class Callable:
    def __call__(self, q, k):
        return q @ k.T


class Shy(Callable):
    """Raises when asked for the function that it wraps, as `inspect` asks."""

    def __getattr__(self, name):
        raise RuntimeError(name) if name == "__wrapped__" else AttributeError(name)


@pytest.mark.parametrize(
    ("exercise", "answer", "why"),
    [
        ("scores", lambda q, k: q @ k.T, "its source cannot be read"),
        ("scores", np.inner, "its source cannot be read"),
        ("scores", Callable(), "its source cannot be read"),
        ("scores", Shy(), "its source cannot be read"),
        ("scores", Callable().__call__, "its source cannot be read"),
        ("scores", functools.partial(np.einsum, "qd,kd->qk"), "its source cannot be read"),
        ("softmax", al.softmax, "without the rest of your notebook, it stops with NameError"),
        (
            "scores",
            cell("def scores(q, k):\n    return helper(q, k)\n", helper=lambda q, k: q @ k.T),
            "it stops with NameError: name 'helper' is not defined. Put what it uses inside",
        ),
        (
            "scores",
            cell("@wrapped\ndef scores(q, k):\n    return q @ k.T\n", wrapped=lambda f: f),
            "it stops with NameError: name 'wrapped'",
        ),
        (
            "scores",
            cell("def scores(q, k):\n    return q @ k.T / globals().get('one', 2)\n", one=1),
            "it gives another result",
        ),
        ("scores", cell("def delta(q, k):\n    return q @ k.T\n"), "`delta`, is that of another"),
    ],
)  # fmt: skip
def test_a_right_answer_that_cannot_be_kept_is_right_and_told_why(folder, exercise, answer, why):
    verdict = check(exercise, answer)
    assert verdict.solved and "Not kept for your own head: " in verdict.message
    assert why in verdict.message and " at 0x" not in verdict.message
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_gives_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    monkeypatch.setenv("ATTNLIB_PIECES", str(tmp_path / "file"))
    verdict = check("scores", cell(SOURCES["scores"]))
    assert verdict.solved and "my_head.py cannot be written (" in verdict.message
    assert str(tmp_path) not in str(verdict) + str(my_pieces())
    assert (tmp_path / "file").read_text() == "mine"


def test_a_full_disk_leaves_the_old_file(folder, monkeypatch):
    check("scores", cell(SOURCES["scores"]))
    before = kept(folder)

    def full(*args, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pieces.os, "replace", full)
    verdict = check("softmax", cell(SOURCES["softmax"]))
    assert verdict.solved and "cannot be written (No space left on device)" in verdict.message
    assert kept(folder) == before and [p.name for p in folder.iterdir()] == ["my_head.py"]


def test_a_file_that_is_no_text_is_left_alone(folder):
    folder.mkdir()
    (folder / "my_head.py").write_bytes(b"\xff\xfe")
    assert "is not a text in UTF-8" in check("scores", cell(SOURCES["scores"])).message
    assert (folder / "my_head.py").read_bytes() == b"\xff\xfe"
    assert "my_head.py cannot be used" in str(my_pieces())


def test_without_the_variable_pieces_are_kept_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("ATTNLIB_PIECES")
    monkeypatch.chdir(tmp_path)
    check("scores", cell(SOURCES["scores"]))
    assert (tmp_path / "my_head.py").exists()


# --- pieces found again


def test_without_a_file_attnlibs_pieces_stand_in(folder):
    found = my_pieces()
    assert str(found) == (
        "scores          chapter 3, exercise 1  attnlib's stands in\n"
        "softmax         chapter 4, exercise 2  attnlib's stands in\n"
        "scaled_scores   chapter 5, exercise 2  attnlib's stands in\n"
        "delta           chapter 6, exercise 2  attnlib's stands in\n"
        "causal_mask     chapter 7, exercise 1  attnlib's stands in\n"
        "masked_weights  chapter 7, exercise 2  attnlib's stands in\n"
        "head            chapter 7, exercise 5  attnlib's stands in"
    )
    for id, name in PIECES.items():
        assert check(id, getattr(found, name)).solved


def test_a_head_of_the_pieces_that_stand_in_keeps_the_promises(folder):
    stand_in = my_pieces()

    class FromPieces(Own):
        def trace(self, x, context=None, mask=None, causal=False):
            steps = super().trace(x, context, mask, causal)
            scores = stand_in.scaled_scores(steps.queries, steps.keys)
            keep = np.ones(scores.shape, bool) if mask is None else mask
            if causal:
                keep = keep & stand_in.causal_mask(*scores.shape)
            steps.weights = stand_in.masked_weights(scores, keep)
            source = x if context is None else context
            steps.delta = stand_in.delta(steps.weights, source, self.w_v, self.w_o)
            return steps

    assert check("head", FromPieces).solved


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def scores(q, k)\n", "my_head.py cannot be used: SyntaxError"),
        ("1 / 0\n", "my_head.py cannot be used: ZeroDivisionError: division by zero"),
        ("raise SystemExit(2)\n", "SystemExit"),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError"),
        ("scores = 3\n", "attnlib's stands in: the one in my_head.py does not pass its check"),
        ("def scores(q, k):\n    return k @ q.T\n", "does not pass its check"),
        ("def scores(q, k):\n    return ...\n", "does not pass its check"),
        ("\0", "cannot be used"),
        ("def f(): f()\nf()\n", "RecursionError"),
    ],
)
def test_a_file_that_has_gone_wrong_is_told_of_and_stood_in_for(folder, text, says):
    folder.mkdir()
    (folder / "my_head.py").write_text(text, encoding="utf-8")
    found = my_pieces()
    assert says in str(found) and "yours" not in str(found) and str(folder) not in str(found)
    np.testing.assert_array_equal(found.scores(np.eye(2), np.eye(2)), np.eye(2))


def test_a_piece_written_into_the_file_by_hand_counts(folder):
    folder.mkdir()
    (folder / "my_head.py").write_text("scores = lambda q, k: q @ k.T\n", encoding="utf-8")
    assert re.search(r"scores +chapter 3, exercise 1 +yours\n", str(my_pieces()))
