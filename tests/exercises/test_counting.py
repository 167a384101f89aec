"""Chapter "Counting": right answers pass; every wrong one meets the hint meant for it."""

import math
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, counting
from attnlib.exercises.counting import SLIPS
from tests.exercises.judging import (
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")


def attention(n_layers, n_heads, d_model, d_head):
    return 4 * n_layers * n_heads * d_model * d_head


def attention_by_arrays(n_layers, n_heads, d_model, d_head):
    down, up = (d_model, d_head), (d_head, d_model)
    return n_layers * n_heads * sum(math.prod(shape) for shape in (down, down, down, up))


def attention_by_attnlib(n_layers, n_heads, d_model, d_head):
    shape = al.TransformerShape(n_layers, n_heads, d_model, 1, d_head=d_head, biases=False)
    return al.count_parameters(shape).parts["attention"]


def block(d, b_out=None, b_o=None, norms=2, norm=2, inside=4, biases=1):
    """The parameters of a block, array by array."""
    matrices = 4 * d * d + 2 * inside * d * d
    in_attention = 3 * d + (d if b_o is None else b_o)
    in_feed_forward = inside * d + (d if b_out is None else b_out)
    return matrices + biases * (in_attention + in_feed_forward) + norms * norm * d


def gpt2(n_layers, d, n_vocab, n_positions):
    return n_layers * block(d) + (n_vocab + n_positions) * d + 2 * d


def gpt2_loop(n_layers, d, n_vocab, n_positions):
    shapes = [(n_vocab, d), (n_positions, d), (d,), (d,)]
    for _ in range(n_layers):
        shapes += [(d, d), (d,)] * 4 + [(d, 4 * d), (4 * d,), (4 * d, d), (d,)] + [(d,)] * 4
    return sum(math.prod(shape) for shape in shapes)


def gpt2_by_heads(n_layers, d, n_vocab, n_positions):
    """With as many heads as d_model can be divided into, up to 12."""
    n_heads = max(n for n in range(1, 13) if d % n == 0)
    shape = al.TransformerShape(n_layers, n_heads, d, n_vocab, n_positions)
    return al.count_parameters(shape).total


def with_numbers(count, wrap):
    """`count` worked out with every input wrapped, say in an int64."""
    return lambda *sizes: count(*map(wrap, sizes))


def cache(n_layers, n_kv_heads, d_head, n_tokens, size):
    return 2 * n_layers * n_kv_heads * d_head * n_tokens * size


RIGHT = [
    ("count-attention", attention),
    ("count-attention", attention_by_arrays),
    ("count-attention", attention_by_attnlib),
    ("count-attention", with_numbers(attention, np.int64)),
    ("count-attention", with_numbers(attention, torch.tensor)),
    ("count-attention", lambda *sizes: np.prod(sizes) * 4),
    ("count-gpt2", gpt2),
    ("count-gpt2", gpt2_loop),
    ("count-gpt2", gpt2_by_heads),
    ("count-gpt2", with_numbers(gpt2, np.int64)),
    ("count-gpt2", lambda *sizes: np.array(gpt2(*sizes))),
    ("count-attention", with_numbers(attention, float)),
    ("count-attention", with_numbers(attention, Fraction)),
    ("count-attention", with_numbers(attention, Decimal)),
    ("count-attention", lambda *sizes: math.exp2(math.log2(4)) * math.prod(map(float, sizes))),
    ("count-gpt2", with_numbers(gpt2, float)),
    ("count-gpt2", with_numbers(gpt2, np.float64)),
    ("count-gpt2", with_numbers(gpt2, Fraction)),
    ("cache-size", with_numbers(cache, float)),
    ("cache-size", lambda *sizes: np.prod(np.array(sizes, dtype=float)) * 2),
    ("cache-size", lambda *sizes: np.array([2, *sizes], dtype=object).prod()),
    ("cache-size", cache),
    ("cache-size", lambda *sizes: 2 * math.prod(sizes)),
    ("cache-size", with_numbers(cache, np.int64)),
    ("cache-size", with_numbers(cache, torch.tensor)),
    ("cache-size", lambda *sizes: sum(np.prod(sizes) for _ in "kv")),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


def total(change):
    """The right total and what `change(n_layers, d_model, n_vocab, n_positions)` adds to it."""
    return lambda *sizes: gpt2(*sizes) + change(*sizes)


def of_block(**change):
    """The total with every block counted otherwise."""
    return lambda L, d, V, P: gpt2(L, d, V, P) + L * (block(d, **change) - block(d))


def with_floats(count, dtype=float):
    return with_numbers(count, dtype)


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    (
        "count-attention",
        "without-w-o",
        lambda L, H, d, h: 3 * L * H * d * h,
        ["3,465", "1,155 too few"],
    ),
    ("count-attention", "one-matrix", lambda L, H, d, h: L * H * d * h, ["11 times 7"]),
    ("count-attention", "one-matrix", lambda L, H, d, h: 2 * L * H * d * h, ["2,310"]),
    ("count-attention", "without-layers", lambda L, H, d, h: 4 * H * d * h, ["has 5"]),
    ("count-attention", "without-heads", lambda L, H, d, h: 4 * L * d * h, ["has 3"]),
    ("count-attention", "heads-twice", lambda L, H, d, h: 4 * L * H * H * d * h, ["3 times as"]),
    ("count-attention", "whole-width", lambda L, H, d, h: 4 * L * d * d, ["3 heads have 7"]),
    ("count-attention", "whole-width", lambda L, H, d, h: 3 * L * d * d, ["11 times 11"]),
    (
        "count-attention",
        "square-per-head",
        lambda L, H, d, h: 4 * L * H * d * d,
        ["2,640 too many"],
    ),
    ("count-attention", "d-head-squared", lambda L, H, d, h: 4 * L * H * h * h, ["7 times 7"]),
    ("count-attention", "without-d-head", lambda L, H, d, h: 4 * L * H * d, ["660"]),
    (
        "count-attention",
        "feed-forward",
        lambda L, H, d, h: attention(L, H, d, h) + 8 * L * d * d,
        ["4,840 too many"],
    ),
    (
        "count-attention",
        "biases",
        lambda L, H, d, h: attention(L, H, d, h) + L * (3 * H * h + d),
        ["370 too many"],
    ),
    (
        "count-attention",
        "biases",
        lambda L, H, d, h: L * H * (4 * d * h + 3 * h + d),
        ["480 too many"],
    ),
    ("count-attention", "rounded", with_floats(attention, np.float32), ["too many"]),
    ("count-attention", "raised", lambda L, H, d, h: [L][H], ["IndexError"]),
    ("count-attention", "wrong-type", lambda *sizes: f"{attention(*sizes):,}", ["'4,620'"]),
    ("count-attention", "wrong-type", lambda *sizes: True, ["returned True"]),
    ("count-attention", "wrong-type", lambda *sizes: {"w_q": 210}, ["a dict of 1"]),
    ("count-attention", "wrong-shape", lambda *sizes: [attention(*sizes)], ["(1,)"]),
    ("count-attention", "wrong-shape", lambda L, H, d, h: [L * H * d * h] * 4, ["(4,)"]),
    ("count-attention", "not-finite", lambda *sizes: math.inf, ["inf"]),
    ("count-attention", "not-a-function", 57_982_058_496, ["f(n_layers, n_heads"]),
    ("count-attention", "arguments", lambda n_layers: 1, ["f(n_layers, n_heads"]),
    (
        "count-attention",
        "unrecognised",
        lambda *sizes: attention(*sizes) + 1,
        ["4,621", "1 too many"],
    ),
    (
        "count-attention",
        "unrecognised",
        lambda *sizes: attention(*sizes) + 0.5,
        ["4620.50", "0.50"],
    ),
    ("count-attention", "unrecognised", lambda *sizes: -attention(*sizes), ["9,240 too few"]),
    ("count-gpt2", "attention-biases", total(lambda L, d, V, P: -4 * d * L), ["144 too few"]),
    ("count-gpt2", "attention-biases", total(lambda L, d, V, P: -L * d * 4), ["in b_in"]),
    ("count-gpt2", "feed-forward-biases", total(lambda L, d, V, P: -5 * d * L), ["180 too few"]),
    ("count-gpt2", "biases", of_block(biases=0), ["324 too few", "four in attention"]),
    ("count-gpt2", "query-key-value-biases", total(lambda L, d, V, P: -3 * d * L), ["108"]),
    ("count-gpt2", "one-bias", of_block(b_o=0), ["36 too few", "b_o"]),
    ("count-gpt2", "one-bias", of_block(b_out=0), ["b_out"]),
    ("count-gpt2", "positions", lambda L, d, V, P: gpt2(L, d, V, 0), ["348 too few"]),
    ("count-gpt2", "tokens", lambda L, d, V, P: gpt2(L, d, 0, P), ["564 too few"]),
    ("count-gpt2", "final-norm", total(lambda L, d, V, P: -2 * d), ["24 too few", "d_model = 12"]),
    ("count-gpt2", "one-norm-a-block", of_block(norms=1), ["72 too few", "A block has two"]),
    ("count-gpt2", "norms", total(lambda L, d, V, P: -2 * d * (2 * L + 1)), ["168 too few"]),
    ("count-gpt2", "scale-alone", total(lambda L, d, V, P: -d * (2 * L + 1)), ["84 too few"]),
    ("count-gpt2", "matrices-alone", lambda L, d, V, P: (12 * L * d + V + P) * d, ["492 too few"]),
    ("count-gpt2", "without-w-o", total(lambda L, d, V, P: -L * d * d), ["432 too few", "w_o?"]),
    ("count-gpt2", "one-feed-forward-matrix", total(lambda L, d, V, P: -4 * L * d * d), ["1,728"]),
    (
        "count-gpt2",
        "one-feed-forward-matrix",
        total(lambda L, d, V, P: -L * (4 * d * d + d)),
        ["1,764 too few"],
    ),
    ("count-gpt2", "without-feed-forward", of_block(inside=0, b_out=0), ["two thirds"]),
    ("count-gpt2", "without-feed-forward", total(lambda L, d, V, P: -8 * L * d * d), ["3,456"]),
    ("count-gpt2", "narrow", of_block(inside=1), ["2,700 too few", "four times as wide"]),
    ("count-gpt2", "unembedding-again", lambda L, d, V, P: gpt2(L, d, 2 * V, P), ["564 too many"]),
    ("count-gpt2", "unembedding-again", total(lambda L, d, V, P: V * d + V), ["611 too many"]),
    ("count-gpt2", "biases-of-tables", total(lambda L, d, V, P: 2 * d), ["24 too many", "tables"]),
    ("count-gpt2", "biases-of-tables", total(lambda L, d, V, P: d), ["12 too many"]),
    ("count-gpt2", "biases-of-tables", total(lambda L, d, V, P: V), ["47 too many"]),
    ("count-gpt2", "wide-b-out", lambda L, d, V, P: gpt2(L, d, V, P) + 3 * L * d, ["108 too many"]),
    (
        "count-gpt2",
        "b-o-of-every-head",
        total(lambda L, d, V, P: 11 * L * d),
        ["396 too many", "every head"],
    ),
    ("count-gpt2", "final-norm-in-every-layer", of_block(norms=3), ["72 too many"]),
    (
        "count-gpt2",
        "final-norm-in-every-layer",
        total(lambda L, d, V, P: 2 * d * (L - 1)),
        ["48 too many"],
    ),
    ("count-gpt2", "one-layer", lambda L, d, V, P: gpt2(1, d, V, P), ["there are 3"]),
    (
        "count-gpt2",
        "tables-in-every-layer",
        lambda L, d, V, P: L * (block(d) + (V + P) * d) + 2 * d,
        ["the tables by the number of layers"],
    ),
    (
        "count-gpt2",
        "tables-in-every-layer",
        lambda L, *rest: L * gpt2(1, *rest),
        ["1,872 too many"],
    ),
    (
        "count-gpt2",
        "two-slips",
        lambda L, d, V, P: gpt2(L, d, V, 0) - 2 * d,
        ["the table of positions, and the last normalisation"],
    ),
    (
        "count-gpt2",
        "two-slips",
        lambda L, d, V, P: L * block(d, biases=0) + V * d + 2 * d,
        ["all biases, and the table of positions"],
    ),
    (
        "count-gpt2",
        "two-slips",
        lambda L, d, V, P: gpt2(L, d, 2 * V, P) - L * d * d,
        ["w_o, and a second table of tokens"],
    ),
    ("count-gpt2", "rounded", lambda *sizes: int(float(gpt2(*sizes))), ["16 digits"]),
    ("count-gpt2", "rounded", with_floats(gpt2, np.float32), ["rounded"]),
    ("count-gpt2", "raised", lambda L, d, V, P: L / 0, ["ZeroDivisionError"]),
    ("count-gpt2", "wrong-type", lambda *sizes: "124,439,808", ["the text '124,439,808'"]),
    ("count-gpt2", "wrong-shape", lambda L, d, V, P: [L * block(d), V * d], ["(2,)"]),
    ("count-gpt2", "not-finite", lambda *sizes: math.nan, ["nan"]),
    ("count-gpt2", "not-a-function", 124_439_808, ["f(n_layers, d_model, n_vocab"]),
    ("count-gpt2", "arguments", lambda d_model: 1, ["f(n_layers, d_model, n_vocab"]),
    (
        "count-gpt2",
        "unrecognised",
        lambda L, d, V, P: 12 * L * d * d,
        ["1,404 too few", "117 times d_model, with 0"],
    ),
    ("count-gpt2", "unrecognised", lambda *sizes: 124_439_808, ["too many"]),
    ("count-gpt2", "unrecognised", total(lambda *sizes: 12.5), ["6600.50", "1 times d_model"]),
    ("cache-size", "keys-alone", lambda L, H, h, n, b: L * H * h * n * b, ["2,520", "half of"]),
    ("cache-size", "queries-kept", lambda L, H, h, n, b: 3 * L * H * h * n * b, ["7,560"]),
    ("cache-size", "without-bytes", lambda L, H, h, n, b: 2 * L * H * h * n, ["1,260 numbers"]),
    ("cache-size", "bits", lambda *sizes: 8 * cache(*sizes), ["40,320", "factor of 8"]),
    ("cache-size", "bits", lambda *sizes: cache(*sizes) // 8, ["630"]),
    ("cache-size", "without-layers", lambda L, H, h, n, b: 2 * H * h * n * b, ["3 layers"]),
    ("cache-size", "without-heads", lambda L, H, h, n, b: 2 * L * h * n * b, ["5 heads"]),
    ("cache-size", "without-tokens", lambda L, H, h, n, b: 2 * L * H * h * b, ["7 tokens"]),
    ("cache-size", "without-d-head", lambda L, H, h, n, b: 2 * L * H * n * b, ["840"]),
    ("cache-size", "pattern", lambda L, H, h, n, b: 2 * L * H * h * n * n * b, ["35,280"]),
    ("cache-size", "pattern", lambda L, H, h, n, b: L * H * n * n * b, ["2,940"]),
    (
        "cache-size",
        "pattern",
        lambda L, H, h, n, b: cache(L, H, h, n, b) + L * H * n * n * b,
        ["7,980"],
    ),
    ("cache-size", "other-units", lambda *sizes: cache(*sizes) / 1024, ["4.92", "5,040 bytes"]),
    ("cache-size", "other-units", lambda *sizes: cache(*sizes) / 1000, ["5.04"]),
    ("cache-size", "other-units", lambda *sizes: cache(*sizes) / 2**30, ["0.00"]),
    ("cache-size", "other-units", lambda *sizes: cache(*sizes) // 1000, ["5"]),
    ("cache-size", "rounded", with_floats(cache, np.float32), ["rounded"]),
    ("cache-size", "raised", lambda L, H, h, n, b: [L][H], ["IndexError"]),
    ("cache-size", "wrong-type", lambda *sizes: "4 GB", ["the text '4 GB'"]),
    ("cache-size", "wrong-shape", lambda L, H, h, n, b: np.ones(n) * h, ["(7,)"]),
    ("cache-size", "not-finite", lambda *sizes: -math.inf, ["-inf"]),
    ("cache-size", "not-a-function", 5040, ["f(n_layers, n_kv_heads, d_head"]),
    ("cache-size", "arguments", lambda n_tokens: 1, ["f(n_layers, n_kv_heads, d_head"]),
    ("cache-size", "unrecognised", lambda *sizes: 5 * cache(*sizes), ["20,160 too many"]),
    ("cache-size", "unrecognised", lambda *sizes: 10**400, ["an enormous number too many"]),
]


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(counting, WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.", " * ", "**", "n_layers *", "4 *", "12 *"):
        assert code not in text


# --- the references and the inputs


def test_the_references_give_the_numbers_of_the_papers():
    assert counting.count_attention(96, 96, 12_288, 128) == 57_982_058_496
    assert counting.count_gpt2(12, 768, 50_257, 1024) == 124_439_808
    assert counting.cache_bytes(96, 96, 128, 1, 2) == 4_718_592


def test_the_last_inputs_of_each_exercise_have_more_digits_than_a_float_keeps():
    for exercise in counting.EXERCISES:
        expected = exercise.reference(*exercise.cases()[-1].inputs)
        assert 2**53 < expected < 2**63 and int(float(expected)) != expected


def test_a_float_must_be_as_near_as_floats_come():
    for by, solved in ((1 + 2**-52, True), (1 + 2**-40, False), (1 - 2**-40, False)):
        verdict = check("count-attention", lambda *sizes, by=by: attention(*sizes) * by)
        assert verdict.solved == solved


def test_a_number_that_is_off_by_one_is_wrong_however_large_it_is():
    for off in (-1, 1):
        seen = []
        last = len(counting.attention_cases())

        def late(*sizes, off=off, seen=seen, last=last):
            seen.append(sizes)
            return attention(*sizes) + off * (len(seen) == last)

        assert check("count-attention", late).hint == "rounded"


def test_no_two_slips_make_the_same_difference_in_the_smallest_model_nor_in_gpt2():
    for case in (counting.gpt2_cases()[0], counting.gpt2_cases()[2]):
        t = counting.tally(*case.inputs)
        for one, other in combinations(SLIPS, 2):
            assert not set(one.differences(t)) & set(other.differences(t)), (one.id, other.id)
        assert all(0 not in slip.differences(t) for slip in SLIPS)


def test_every_pair_of_slips_is_told_as_two_that_make_the_difference():
    t = counting.tally(*counting.gpt2_cases()[0].inputs)
    about = {slip.what: slip for slip in SLIPS if slip.what}
    for one, other in combinations(about.values(), 2):
        if one.family == other.family != "":
            continue
        difference = one.differences(t)[0] + other.differences(t)[0]
        first, second = (about[what] for what in counting.two_slips(t, difference))
        sums = {a + b for a in first.differences(t) for b in second.differences(t)}
        assert difference in sums


def test_the_exercises_of_the_chapter():
    assert [(each.id, each.stars, each.minutes) for each in counting.EXERCISES] == [
        ("count-attention", 1, 5),
        ("count-gpt2", 3, 20),
        ("cache-size", 2, 10),
    ]
