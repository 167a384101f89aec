"""Chapter "Many heads": right answers pass; every wrong one meets the hint meant for it."""

import re
import sys
from itertools import permutations

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, exercises, many_heads, try_multi_head
from attnlib.exercises.many_heads import suspects
from attnlib.exercises.many_promises import PROMISES
from tests.exercises.judging import (
    BAD,
    HOSTILE,
    assert_answered,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")

KEY = {"right": "b", "scrambled": "c", "interleaved": "a"}


def split(q, n_heads):
    return np.moveaxis(q.reshape(len(q), n_heads, -1), 1, 0)


def split_loop(q, n_heads):
    width = q.shape[1] // n_heads
    return [q[:, h * width : (h + 1) * width] for h in range(n_heads)]


def split_torch(q, n_heads):
    return torch.tensor(q).unflatten(1, (n_heads, -1)).transpose(0, 1)


def staple(mixed, w_o):
    return np.concatenate(mixed, axis=-1), np.concatenate(w_o)


def staple_reshaped(mixed, w_o):
    n_heads, n_tokens, d_value = mixed.shape
    concatenated = mixed.transpose(1, 0, 2).reshape(n_tokens, n_heads * d_value)
    return [concatenated.tolist(), w_o.reshape(-1, w_o.shape[-1])]


def staple_torch(mixed, w_o):
    return torch.cat(list(torch.tensor(mixed)), dim=-1), torch.tensor(w_o).flatten(0, 1)


def load(w, out, n):
    w_q, w_k, w_v = (split(third.T, n) for third in np.split(w, 3))
    return w_q, w_k, w_v, out.T.reshape(n, -1, len(out))


def load_loop(w, out, n):
    d, width = len(out), len(out) // n
    blocks = [slice(h * width, (h + 1) * width) for h in range(n)]
    stacks = [[w[i * d : (i + 1) * d][block].T for block in blocks] for i in range(3)]
    return [*stacks, [out[:, block].T for block in blocks]]


def load_torch(w, out, n):
    thirds = [t.T.unflatten(1, (n, -1)).transpose(0, 1) for t in torch.tensor(w).chunk(3)]
    return *thirds, torch.tensor(out).float().T.unflatten(0, (n, -1))


RIGHT = [
    ("split-heads", split),
    ("split-heads", split_loop),
    ("split-heads", split_torch),
    ("split-heads", lambda q, n: q.T.reshape(n, -1, len(q)).swapaxes(1, 2).astype(np.float32)),
    ("staple", staple),
    ("staple", staple_reshaped),
    ("staple", staple_torch),
    ("which-split", KEY),
    ("which-split", {"c": "scrambled", "b": np.str_("right"), "a": "interleaved"}),
    ("load-torch", load),
    ("load-torch", load_loop),
    ("load-torch", load_torch),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def scrambled(q, n):
    return q.reshape(n, len(q), -1)


def strided(q, n):
    return np.array([q[:, h::n] for h in range(n)])


def split_in_place(q, n):
    came = split(q, n).copy()
    q[:] = 0
    return came


def with_concatenated(change):
    return lambda mixed, w_o: (change(mixed), staple(mixed, w_o)[1])


def with_stacked(change):
    return lambda mixed, w_o: (staple(mixed, w_o)[0], change(w_o))


def delta(mixed, w_o):
    return np.matmul(mixed, w_o).sum(axis=0)


def sum_and_identity(mixed, w_o):
    return delta(mixed, w_o), np.eye(w_o.shape[-1])


def taking_turns(mixed, w_o):
    columns = np.moveaxis(mixed, 0, -1).reshape(mixed.shape[1], -1)
    return columns, w_o.swapaxes(0, 1).reshape(columns.shape[1], -1)


def staple_in_place(mixed, w_o):
    mixed += 1
    return staple(mixed - 1, w_o)


def called(right="b", scrambled="c", interleaved="a"):
    return {"right": right, "scrambled": scrambled, "interleaved": interleaved}


def with_thirds(change):
    """The thirds of in_proj_weight after `change(third, n_heads)`."""
    return lambda w, out, n: (*(change(t, n) for t in np.split(w, 3)), load(w, out, n)[3])


def with_w_o(change):
    return lambda w, out, n: (*load(w, out, n)[:3], change(out, n))


def every_third_row(w, out, n):
    return *(split(w[i::3].T, n) for i in range(3)), load(w, out, n)[3]


def thirds_by_head(w, out, n):
    by_head = w.reshape(n, 3, -1, len(out))
    return *(by_head[:, i].swapaxes(1, 2) for i in range(3)), load(w, out, n)[3]


def load_in_place(w, out, n):
    out *= 2
    return load(w, out / 2, n)


def nan_somewhere(parts):
    first, *rest = parts
    return first * np.nan, *rest


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    ("split-heads", "scrambled", scrambled, ["head 0, row token 1, column 0 is 2, not 10"]),
    ("split-heads", "scrambled", lambda q, n: q.T.reshape(n, len(q), -1), ["<"]),
    ("split-heads", "axes-left", lambda q, n: q.reshape(len(q), n, -1), ["(3, 2, 2)"]),
    ("split-heads", "interleaved", strided, ["cards that are dealt", "2 columns"]),
    ("split-heads", "on-its-side", lambda q, n: q.T.reshape(n, -1, len(q)), ["(2, 2, 3)"]),
    ("split-heads", "tokens-split", lambda q, n: np.array(np.split(q, n)), ["3 tokens"]),
    ("split-heads", "tokens-split", lambda q, n: q.reshape(n, -1, q.shape[1]), ["3 tokens"]),
    ("split-heads", "same-slice", lambda q, n: [split(q, n)[0]] * n, ["in head 1"]),
    ("split-heads", "reversed", lambda q, n: split(q, n)[::-1], ["<"]),
    ("split-heads", "reversed", lambda q, n: split(q, n)[:, ::-1], ["<"]),
    ("split-heads", "reversed", lambda q, n: split(q, n)[..., ::-1], ["<"]),
    ("split-heads", "raised", lambda q, n: q.reshape(n, n, n, n), ["ValueError"]),
    ("split-heads", "wrong-type", lambda q, n: {h: q for h in range(n)}, ["a dict of 2"]),
    ("split-heads", "wrong-shape", lambda q, n: split(q, n)[0], ["(3, 2)", "(2, 3, 2)"]),
    ("split-heads", "not-finite", lambda q, n: split(q, n) / 0, ["nan"]),
    ("split-heads", "changed-inputs", split_in_place, ["changed its input q"]),
    ("split-heads", "not-a-function", np.eye(2), ["f(q, n_heads)"]),
    ("split-heads", "arguments", lambda q: q, ["f(q, n_heads)"]),
    ("split-heads", "unrecognised", lambda q, n: -split(q, n), ["<"]),
    ("staple", "exchanged", lambda m, w: staple(m, w)[::-1], ["(4, 4) and (3, 4)"]),
    ("staple", "along-tokens", with_concatenated(np.concatenate), ["(6, 2)", "2 times"]),
    ("staple", "scrambled", with_concatenated(lambda m: m.reshape(m.shape[1], -1)), ["11 <"]),
    ("staple", "summed", lambda m, w: (m.sum(0), w.sum(0)), ["(3, 2)"]),
    ("staple", "summed", with_concatenated(lambda m: m.mean(0)), ["(3, 2)"]),
    ("staple", "sideways", with_stacked(lambda w: np.concatenate(w, axis=1)), ["(2, 8)"]),
    ("staple", "sideways", with_stacked(lambda w: np.concatenate(w, axis=1).T), ["(8, 2)"]),
    ("staple", "summed-w-o", with_stacked(lambda w: w.sum(0)), ["added the heads' w_o up"]),
    ("staple", "summed-w-o", with_stacked(lambda w: np.tile(w.sum(0), (len(w), 1))), ["<"]),
    ("staple", "another-order", lambda m, w: staple(m[::-1], w[::-1]), ["<", "concatenated"]),
    ("staple", "another-order", taking_turns, ["product is right"]),
    ("staple", "orders-differ", lambda m, w: staple(m, w[::-1]), ["In stacked"]),
    ("staple", "orders-differ", lambda m, w: staple(m[::-1], w), ["In concatenated"]),
    ("staple", "orders-differ", lambda m, w: (staple(m, w)[0], taking_turns(m, w)[1]), ["<"]),
    ("staple", "orders-differ", lambda m, w: (taking_turns(m, w)[0], staple(m, w)[1]), ["<"]),
    ("staple", "trick", sum_and_identity, ["product is right"]),
    ("staple", "trick", lambda m, w: (2 * staple(m, w)[0], staple(m, w)[1] / 2), ["<"]),
    ("staple", "raised", lambda m, w: staple(m @ m, w), ["ValueError"]),
    ("staple", "wrong-type", delta, ["(3, 4)", "two factors"]),
    ("staple", "wrong-type", lambda m, w: np.matmul(*staple(m, w)), ["(concatenated, stacked)"]),
    ("staple", "wrong-type", lambda m, w: (m, w, delta(m, w)), ["a tuple of 3"]),
    ("staple", "wrong-shape", lambda m, w: (m, w), ["(2, 3, 2) and (2, 2, 4)"]),
    ("staple", "not-finite", lambda m, w: nan_somewhere(staple(m, w)), ["nan"]),
    ("staple", "changed-inputs", staple_in_place, ["changed its input mixed"]),
    ("staple", "not-a-function", (np.eye(2), np.eye(2)), ["f(mixed, w_o)"]),
    ("staple", "arguments", lambda mixed: mixed, ["f(mixed, w_o)"]),
    ("staple", "unrecognised", with_stacked(lambda w: -np.concatenate(w)), ["In stacked"]),
    ("which-split", "wrong-type", ("b", "c", "a"), ["a tuple of 3"]),
    ("which-split", "reversed", dict.fromkeys("abc", "right"), ["letters for names"]),
    ("which-split", "wrong-names", {"right": "b"}, ["no letter for scrambled and interleaved"]),
    ("which-split", "wrong-names", called() | {"d": "b"}, ["extra name"]),
    ("which-split", "unknown-suspect", called(right="d"), ["the text 'd'", "a, b, c"]),
    ("which-split", "unknown-suspect", called(*suspects().values()), ["a function"]),
    ("which-split", "same-suspect", called("a", "a", "b"), ["a, a, b"]),
    ("which-split", "mixes-tokens", called("c", "b", "a"), ["row 2 of head 0, row 3 of head 0"]),
    ("which-split", "mixes-tokens", dict(a="scrambled", b="interleaved", c="right"), ["None of"]),
    ("which-split", "deals-columns", called("a", "c", "b"), ["1: column 0 of head 1", "One of"]),
    ("which-split", "exchanged", called("b", "a", "c"), ["b is the right one"]),
    ("load-torch", "untransposed", with_thirds(split), ["In w_q", "<"]),
    ("load-torch", "untransposed", with_thirds(scrambled), ["<"]),
    ("load-torch", "on-its-side", with_thirds(lambda t, n: t.reshape(n, -1, len(t))), ["(2, 2,"]),
    ("load-torch", "scrambled", with_thirds(lambda t, n: scrambled(t.T, n)), ["<"]),
    ("load-torch", "interleaved", with_thirds(lambda t, n: strided(t.T, n)), ["in turn"]),
    *(
        ("load-torch", "order", lambda w, o, n, p=p: tuple(load(w, o, n)[i] for i in p), ["<"])
        for p in ((1, 0, 2, 3), (0, 2, 1, 3), (2, 0, 1, 3))
    ),
    ("load-torch", "thirds", every_third_row, ["<"]),
    ("load-torch", "thirds", thirds_by_head, ["<"]),
    ("load-torch", "w-o-untransposed", with_w_o(lambda o, n: o.reshape(n, -1, len(o))), ["In w_o"]),
    ("load-torch", "w-o-on-its-side", with_w_o(split), ["(2, 4, 2)"]),
    ("load-torch", "w-o-on-its-side", with_w_o(lambda o, n: split(o.T, n)), ["(2, 4, 2)"]),
    ("load-torch", "w-o-blocks", with_w_o(lambda o, n: [o.T[h::n] for h in range(n)]), ["<"]),
    ("load-torch", "w-o-blocks", with_w_o(lambda o, n: [o[h::n] for h in range(n)]), ["<"]),
    (
        "load-torch",
        "w-o-blocks",
        with_w_o(lambda o, n: split(o.T, n).reshape(n, -1, len(o))),
        ["<"],
    ),
    ("load-torch", "raised", lambda w, o, n: np.split(w, 5), ["ValueError"]),
    ("load-torch", "wrong-type", lambda w, o, n: np.array(load(w, o, n)[:3]), ["(3, 2, 4, 2)"]),
    ("load-torch", "wrong-type", lambda w, o, n: load(w, o, n)[:3], ["a tuple of 3"]),
    ("load-torch", "wrong-shape", lambda w, o, n: (w, w, w, o), ["a tuple of 4"]),
    ("load-torch", "not-finite", lambda w, o, n: nan_somewhere(load(w, o, n)), ["nan"]),
    ("load-torch", "changed-inputs", load_in_place, ["changed its input out_proj_weight"]),
    ("load-torch", "not-a-function", 4, ["f(in_proj_weight, out_proj_weight, n_heads)"]),
    ("load-torch", "arguments", lambda module: module, ["n_heads"]),
    ("load-torch", "unrecognised", lambda w, o, n: load(-w, o, n), ["In w_q", "<"]),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    met = {(exercise, hint) for exercise, hint, _, _ in WRONG}
    others = [each for each in many_heads.EXERCISES if each.id != "multi-head"]
    assert met == {(each.id, d.id) for each in others for d in each.diagnoses}


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.", "@ w_q)", "[:", "transpose(", "swapaxes", "axis="):
        assert code not in text


def test_inputs_whose_shape_alone_tells_nothing_are_among_the_cases():
    for case in (many_heads.split_cases()[1], many_heads.split_cases()[3]):
        q, n_heads = case.inputs
        assert len(q) == n_heads
        assert split(q, n_heads).shape == q.reshape(len(q), n_heads, -1).shape
        assert not check("split-heads", lambda q, n: q.reshape(len(q), n, -1)).solved
    (first, *_) = many_heads.staple_cases()
    mixed, w_o = first.inputs
    assert mixed.shape[0] * mixed.shape[2] == w_o.shape[2]


def test_the_product_of_the_two_factors_is_the_sum_of_the_deltas():
    for case in many_heads.staple_cases():
        np.testing.assert_allclose(np.matmul(*staple(*case.inputs)), delta(*case.inputs))


def test_the_loaded_matrices_do_what_the_module_does():
    module = torch.nn.MultiheadAttention(6, 3, bias=False, dtype=torch.float64)
    x = np.random.default_rng(0).normal(size=(4, 6))
    with torch.no_grad():
        theirs, _ = module(*[torch.tensor(x)] * 3)
        stacks = load(module.in_proj_weight.numpy(), module.out_proj.weight.numpy(), 3)
    ours = sum(al.Head(*matrices)(x) for matrices in zip(*stacks, strict=True))
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


# --- the suspects


def test_each_suspect_is_what_the_answer_says():
    q, found = np.random.default_rng(0).normal(size=(5, 6)), suspects()
    assert list(found) == ["a", "b", "c"]
    np.testing.assert_array_equal(found["b"](q, 3), split(q, 3))
    np.testing.assert_array_equal(found["c"](q, 3), scrambled(q, 3))
    np.testing.assert_array_equal(found["a"](q, 3), strided(q, 3))


def test_the_suspects_cannot_be_told_apart_without_measuring():
    for look in (
        lambda f: re.sub("0x[0-9a-f]+", "", repr(f)),
        lambda f: (f.__name__, f.__qualname__, f.__doc__, f.__module__),
        lambda f: (f.__code__.co_code, f.__code__.co_consts, f.__code__.co_names),
        lambda f: [re.sub("0x[0-9a-f]+", "", repr(cell.cell_contents)) for cell in f.__closure__],
        lambda f: f(np.zeros((4, 6)), 2).shape,
    ):
        seen = [look(f) for f in suspects().values()]
        assert seen[0] == seen[1] == seen[2]


def test_one_answer_of_all_is_right_whichever_way_it_is_written():
    for letters in permutations("abc"):
        answer = called(*letters)
        turned = {letter: name for name, letter in answer.items()}
        assert check("which-split", answer).solved == (answer == KEY)
        assert check("which-split", turned).solved == (answer == KEY)


# --- a block of heads


class Block:
    """As the chapter's solution has it."""

    def __init__(self, w_q, w_k, w_v, w_o):
        self.heads = [al.Head(*matrices) for matrices in zip(w_q, w_k, w_v, w_o, strict=True)]

    def deltas(self, x, *options):
        return np.array([head(x, *options) for head in self.heads])

    def __call__(self, x, context=None, mask=None, causal=False):
        return self.deltas(x, context, mask, causal).sum(axis=0)


def calling(change):
    """A right block whose call goes through `change`."""

    class Broken(Block):
        def __call__(self, x, context=None, mask=None, causal=False):
            return change(self, x, context, mask, causal)

    return Broken


def no_batch(block, x, *rest):
    if x.ndim > 2:
        raise ValueError("only (n_tokens, d_model)")
    return Block.__call__(block, x, *rest)


class Slicing(Block):
    """Reads a slice of x alone, where d_model is n_heads times d_head."""

    def __call__(self, x, context=None, mask=None, causal=False):
        width = self.heads[0].w_q.shape[-1]
        if x.shape[-1] != width * len(self.heads):
            return super().__call__(x, context, mask, causal)
        masked = np.zeros_like(x)
        masked[..., :width] = x[..., :width]
        return super().__call__(masked, context, mask, causal)


class Remembering(Block):
    """A b_o for every head, and matrices that are written into."""

    def __init__(self, w_q, w_k, w_v, w_o, b_q=None, b_k=None, b_v=None, b_o=None):
        super().__init__(w_q, w_k, w_v, w_o)
        self.b_o = 0 if b_o is None else b_o

    def __call__(self, x, context=None, mask=None, causal=False):
        came = super().__call__(x, context, mask, causal) + len(self.heads) * self.b_o
        x += 1
        return came


def upper_left(block, x, context, mask, causal):
    """With a context the first query stands at its first key."""
    if causal and context is not None:
        mask, causal = np.tri(len(x), len(context), dtype=bool), False
    return Block.__call__(block, x, context, mask, causal)


BROKEN = {
    "one-head": [calling(lambda block, x, *rest: x + Block.__call__(block, x, *rest))],
    "sum-of-heads": [
        calling(lambda block, x, *rest: block.deltas(x, *rest).mean(axis=0)),
        calling(lambda block, x, *rest: block.heads[0](x, *rest)),
    ],
    "causal": [
        calling(
            lambda block, x, context, mask, causal: (
                block.heads[0](x, context, mask, causal)
                + block.deltas(x, context, mask)[1:].sum(axis=0)
            )
        )
    ],
    "masked": [
        calling(lambda block, x, c, mask, causal: Block.__call__(block, x, c, None, causal)),
        calling(
            lambda block, x, c, mask, causal: Block.__call__(
                block, x, c, mask, causal and mask is None
            )
        ),
    ],
    "context": [
        calling(lambda block, x, c, *rest: Block.__call__(block, x, None, *rest)),
        calling(
            lambda block, x, c, mask, causal: Block.__call__(
                block, x, c, mask, causal and c is None
            )
        ),
        calling(upper_left),
    ],
    "as-concatenated": [
        calling(lambda block, *inputs: Block.__call__(block, *inputs).astype(np.float32))
    ],
    "like-torch": [Slicing],
    "leading-axes": [calling(no_batch)],
    "biases": [Block, Remembering],
    "mask-for-each-head": [Block],
    "inputs-unchanged": [Remembering],
}
REQUIRED = [promise.id for promise in PROMISES if not promise.beyond]


def state(report, id):
    return next(each for each in report.results if each.promise.id == id)


def test_every_promise_has_a_block_that_breaks_it():
    assert list(BROKEN) == [promise.id for promise in PROMISES]


@pytest.mark.parametrize(
    ("id", "Broken"), [(id, Broken) for id, blocks in BROKEN.items() for Broken in blocks]
)
def test_a_broken_promise_is_found_out_and_meets_its_hint(id, Broken):
    first = check("multi-head", Broken)
    (report,) = first.drawings
    broken = state(report, id)
    assert broken.state == ("failed" if id in REQUIRED else "not yet") and broken.reason
    assert broken.reason in str(report)
    if id in REQUIRED:
        second = check("multi-head", Broken)
        assert first.hint == second.hint == id and broken.reason in first.hints[0]
        assert len(first.hints) == 1 and len(second.hints) == 2
        assert "{" not in "".join(second.hints)


def test_every_diagnosis_of_the_block_is_met():
    ids = [diagnosis.id for diagnosis in exercises()["multi-head"].diagnoses]
    assert ids == ["not-a-class", *REQUIRED]
    for answer in (3, lambda *stacks: Block(*stacks), Block(*np.ones((4, 2, 3, 3)))):
        assert check("multi-head", answer).hint == "not-a-class"


def test_the_readers_block_solves_the_exercise_and_is_told_what_is_beyond():
    verdict = check("multi-head", Block)
    assert verdict.solved and "7 of 7 promises kept, and 2 of 4 beyond." in verdict.message
    assert "What attnlib's block does beyond" in str(verdict) and "failed" not in str(verdict)
    assert str(try_multi_head(Block)).startswith("multi-head: 7 of 7")


def test_attnlibs_block_keeps_every_promise():
    report = try_multi_head(al.MultiHead)
    assert report and {each.state for each in report.results} == {"passed"}


def test_without_torch_its_promise_is_left_out_with_a_word(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "torch", None)
    report = try_multi_head(Block)
    left = state(report, "like-torch")
    assert (left.state, left.reason) == ("left out", "torch is not installed") and report
    assert report.summary == "6 of 7 promises kept, 1 left out, and 2 of 4 beyond."
    assert check("multi-head", Block).solved


class Stub:
    def __init__(self, w_q, w_k, w_v, w_o):
        # Your lines go here.
        ...

    def __call__(self, x, context=None, mask=None, causal=False):
        return ...


class Unwritten(Stub):
    def __init__(self, w_q, w_k, w_v, w_o):
        raise NotImplementedError


def raising(error):
    class Raising(Block):
        def __call__(self, *inputs, **options):
            raise error

    return Raising


@pytest.mark.parametrize("answer", [None, ..., Stub, Unwritten])
def test_an_unfilled_block_is_not_attempted(answer):
    assert str(check("multi-head", answer)) == "multi-head: not attempted yet"
    assert not try_multi_head(answer) and try_multi_head(answer)._repr_html_() is None


@pytest.mark.parametrize(
    "answer", [object, int, dict, type, raising(SystemExit(3)), raising(KeyError(HOSTILE))]
)
def test_whatever_a_block_raises_is_answered(answer):
    assert_answered(check("multi-head", answer))
    assert "it raised" in str(try_multi_head(answer))


def test_bad_blocks_and_bad_deltas_are_answered():
    for bad in BAD:
        assert_answered(check("multi-head", bad))
        assert_answered(check("multi-head", calling(lambda *inputs, bad=bad: bad)))


# --- stubs and bad answers


@pytest.mark.parametrize("exercise", ["split-heads", "staple", "load-torch"])
@pytest.mark.parametrize(
    "answer", [None, ..., lambda *inputs: ..., lambda *inputs: None, lambda *inputs: (..., ...)]
)
def test_an_unfilled_function_is_not_attempted(exercise, answer):
    assert str(check(exercise, answer)) == f"{exercise}: not attempted yet"


@pytest.mark.parametrize("answer", [None, ..., called(..., ..., ...), dict.fromkeys("abc")])
def test_unfilled_names_are_not_attempted(answer):
    assert str(check("which-split", answer)) == "which-split: not attempted yet"


BAD_NAMES = (called(HOSTILE, [], {}), {"a": [], "b": {}, "c": set()}, {HOSTILE: "right"})
BAD_PARTS = tuple((bad,) * count for count in (2, 4) for bad in (HOSTILE, 1e300, [], [[np.nan]]))


@pytest.mark.parametrize("exercise", ["split-heads", "staple", "which-split", "load-torch"])
def test_bad_answers_and_bad_results_are_answered(exercise):
    for bad in (*BAD, *BAD_NAMES, *BAD_PARTS):
        for answer in (bad, lambda *inputs, bad=bad: bad):
            assert_answered(check(exercise, answer))


def test_the_exercises_of_the_chapter():
    assert [(each.id, each.stars, each.minutes) for each in many_heads.EXERCISES] == [
        ("staple", 2, 15),
        ("split-heads", 2, 10),
        ("load-torch", 3, 15),
        ("which-split", 2, 10),
        ("multi-head", 3, 25),
    ]
