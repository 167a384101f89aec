"""Bugs on purpose: each is the wrong computation it says, and leaves the traces it should."""

from dataclasses import fields
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from attnlib import bugs
from attnlib.world import PHRASES
from tests.core.strategies import SEEDS, normal

D_MODEL, D_HEAD = 6, 2
SHAPES = [(D_MODEL, D_HEAD)] * 3 + [(D_HEAD, D_MODEL)]
SENTENCE = PHRASES.sentences["The fluffy blue creature"]
DESIGNED = PHRASES.embed(SENTENCE), PHRASES.head("nouns look for adjectives")
N = len(SENTENCE.split())
CAUSAL = np.tri(N, dtype=bool)
PADDING = CAUSAL & (np.arange(N) > 0)
MASKS = {"everyone": np.ones((N, N), dtype=bool), "causal": CAUSAL, "padding": PADDING}
OF_ONE_HEAD = bugs.BUGS | bugs.WINDOW_BUGS
HALF_STEPS = 2**-11  # relative: how far rounding to half precision moves a number, at most


def random_setting(seed, n_tokens):
    """x, a head, and a mask under which every query sees two keys, and not the first."""
    names = ("w_q", "w_k", "w_v", "w_o")
    weights = {name: normal(seed + i, *SHAPES[i]) for i, name in enumerate(names)}
    mask = np.random.default_rng(seed).random((n_tokens, n_tokens)) < 0.6
    mask[:, :3] = [False, True, True]
    return normal(seed + 9, n_tokens, D_MODEL), al.Head(**weights), mask


def shares(numbers):
    """Each number's share of their sum; zeros where the sum is 0."""
    total = sum(numbers)
    return [number / total if total else 0.0 for number in numbers]


def by_hand(x, head, mask, bug):
    """The weights with `bug`, one cell at a time; not for "half"."""
    n, w_k = len(x), head.w_k
    if bug == "transposed":
        flat = [w_k[a, d] for d in range(D_HEAD) for a in range(D_MODEL)]
        w_k = np.array([[flat[a * D_HEAD + d] for d in range(D_HEAD)] for a in range(D_MODEL)])
    divisor = {"unscaled": 1, "d_model": D_MODEL**0.5}.get(bug, D_HEAD**0.5)
    powers = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            seen = mask[i, j] != (bug == "inverted") or bug == "after"
            seen |= bug == "wide" and j + 1 < n and mask[i, j + 1]
            powers[i, j] = np.exp((x[i] @ head.w_q) @ (x[j] @ w_k) / divisor) if seen else 0
    if bug == "axis":
        return np.array([shares(column) for column in powers.T]).T
    weights = np.array([shares(row) for row in powers])
    return weights * mask if bug == "after" else weights


@given(SEEDS, st.integers(3, 6))
def test_without_bugs_it_is_the_head(seed, n_tokens):
    x, head, mask = random_setting(seed, n_tokens)
    traced, right = bugs.trace(x, head, mask), head.trace(x, mask=mask)
    np.testing.assert_allclose(traced.weights, right.weights, atol=1e-12)
    np.testing.assert_allclose(traced.output, right.delta, atol=1e-10)
    np.testing.assert_allclose(traced.scores[mask], right.scores[mask], atol=1e-12)


@pytest.mark.parametrize("bug", [bug for bug in OF_ONE_HEAD if bug != "half"])
@given(seed=SEEDS, n_tokens=st.integers(3, 6))
def test_each_bug_is_the_wrong_computation_it_says(bug, seed, n_tokens):
    x, head, mask = random_setting(seed, n_tokens)
    traced = bugs.trace(x, head, mask, [bug])
    wanted = by_hand(x, head, mask, bug)
    np.testing.assert_allclose(traced.weights, wanted, atol=1e-9)
    np.testing.assert_allclose(traced.output, wanted @ x @ head.w_v @ head.w_o, atol=1e-8)
    assert not np.allclose(traced.weights, head.trace(x, mask=mask).weights, atol=1e-6)


@given(SEEDS, st.integers(3, 6))
def test_half_precision_is_right_but_for_its_rounding(seed, n_tokens):
    x, head, mask = random_setting(seed, n_tokens)
    x = x / 4  # scores near 0: their rounding moves a weight by little
    weights = bugs.trace(x, head, mask, ["half"]).weights
    right = head.trace(x, mask=mask)
    most = np.abs(right.scores[mask]).max()
    np.testing.assert_allclose(weights, right.weights, atol=3 * (1 + most) * HALF_STEPS)
    np.testing.assert_array_equal(weights, weights.astype(np.float16))


def test_minus_a_billion_is_minus_infinity_in_half_precision():
    x, head = DESIGNED
    with np.errstate(over="ignore"):
        assert np.float16(bugs.HALF_HIDDEN) == -np.inf
    weights = bugs.trace(x, head, PADDING, ["half"]).weights
    assert np.isnan(weights[0]).all() and not np.isnan(weights[1:]).any()
    inverted = bugs.trace(x, head, CAUSAL, ["half", "inverted"]).weights
    assert np.isnan(inverted[-1]).all() and not np.isnan(inverted[:-1]).any()


@given(SEEDS, st.sampled_from(["transposed", "inverted"]), st.sampled_from(["unscaled", "d_model"]))
def test_bugs_add_up(seed, one, divisor):
    x, head, mask = random_setting(seed, 5)
    traced = bugs.trace(x, head, mask, [one, divisor, "axis"])
    alone = bugs.trace(x, head, mask, [one])
    factor = D_HEAD**0.5 / {"unscaled": 1, "d_model": D_MODEL**0.5}[divisor]
    np.testing.assert_allclose(traced.scores, alone.scores * factor, atol=1e-9)
    seen = ~mask if one == "inverted" else mask
    wanted = al.softmax(np.where(seen, traced.scores, -np.inf), axis=0)
    np.testing.assert_allclose(traced.weights, wanted, atol=1e-12)


class TestSymptoms:
    """What each bug leaves behind in the designed head of the figure."""

    def of(self, *broken, mask="padding"):
        return bugs.symptoms(*DESIGNED, MASKS[mask], broken)

    @pytest.mark.parametrize("mask", MASKS)
    def test_without_bugs_there_are_none(self, mask):
        found = self.of(mask=mask)
        assert found.rows == pytest.approx((1, 1)) and found.ratio == pytest.approx((1, 1))
        assert found.leak == found.error == found.nans == 0
        assert (found.past == 0) == (mask != "everyone")

    def test_axis_columns_sum_to_1_and_rows_do_not(self):
        found = self.of("axis")
        assert found.columns == pytest.approx((1, 1))
        assert found.rows[0] < 0.5 and found.rows[1] > 1.5 and found.past > 0

    def test_scale_only_the_ratio_tells(self):
        for bug, factor in (("unscaled", 2**0.5), ("d_model", (2 / 6) ** 0.5)):
            found = self.of(bug)
            assert found.ratio == pytest.approx((factor, factor))
            assert found.rows == pytest.approx((1, 1))
            assert found.leak == found.nans == found.past == 0 < found.error
        assert self.of("unscaled").entropy < self.of().entropy < self.of("d_model").entropy

    def test_transposed_every_sum_is_right_and_the_ratios_differ(self):
        found = self.of("transposed")
        assert found.rows == pytest.approx((1, 1))
        assert found.leak == found.nans == found.past == 0
        assert found.ratio[0] < 0.9 and found.error > 0.1

    def test_inverted_all_weight_leaks(self):
        found = self.of("inverted")
        assert found.leak == pytest.approx(1) and found.past > 0
        assert self.of("inverted", mask="causal").rows == pytest.approx((0, 1))

    def test_after_rows_sum_to_less_than_1_and_the_past_moves(self):
        found = self.of("after")
        assert found.rows[1] < 1 and found.leak == 0 and found.past > 0
        assert found.ratio == pytest.approx((1, 1))

    def test_half_shows_itself_where_a_row_sees_nothing(self):
        assert self.of("half").nans == N and np.isnan(self.of("half").columns).all()
        quiet = self.of("half", mask="causal")
        assert quiet.nans == 0 < quiet.error < 0.01

    def test_wide_one_more_is_seen_and_nothing_ahead(self):
        for mask in (PADDING, al.window_mask(N, window=3), al.window_mask(N, window=3, kept=1)):
            found = bugs.symptoms(*DESIGNED, mask, ["wide"])
            assert found.leak > 0.05 and found.error > 0.1
            assert found.rows == pytest.approx((1, 1)) and found.ratio == (1, 1)
            assert found.past == found.nans == 0

    @pytest.mark.parametrize("window", [1, 3, N - 1, N, N + 1])
    def test_wide_is_a_window_of_one_more_and_silent_where_all_fits(self, window):
        x, head = DESIGNED
        mask = al.window_mask(N, window=window)
        more = head.trace(x, mask=al.window_mask(N, window=window + 1))
        np.testing.assert_allclose(bugs.trace(x, head, mask, ["wide"]).weights, more.weights)
        silent = bugs.symptoms(x, head, mask, ["wide"]) == bugs.symptoms(x, head, mask)
        assert silent == (window >= N)

    def test_each_differs_from_every_other_under_padding(self):
        shown = {
            bug: [np.round(getattr(self.of(bug), field.name), 2) for field in fields(bugs.Symptoms)]
            for bug in OF_ONE_HEAD
        }
        for one, other in combinations(shown, 2):
            pairs = zip(shown[one], shown[other], strict=True)
            same = [np.array_equal(a, b, equal_nan=True) for a, b in pairs]
            assert not all(same), f"{one} looks like {other}"

    def test_where_nothing_is_a_number_nothing_is_measured(self):
        found = self.of("half", "inverted", mask="everyone")
        assert found.nans == N * N and found.leak == 0
        assert np.isnan([found.past, found.error, found.entropy, *found.rows]).all()

    @given(SEEDS, st.integers(3, 6))
    def test_entropy_and_the_rows_that_learn_by_another_way(self, seed, n_tokens):
        x, head, mask = random_setting(seed, n_tokens)
        found = bugs.symptoms(x, head, mask)
        rows = [row[row > 0] for row in bugs.trace(x, head, mask).weights]
        assert found.entropy == pytest.approx(np.mean([-(r * np.log2(r)).sum() for r in rows]))
        learns = [any(w * (1 - w) >= bugs.DEAD for w in row) for row in rows]
        assert found.alive == pytest.approx(np.mean(learns))

    def test_without_a_choice_no_row_can_learn(self):
        assert np.isnan(bugs.symptoms(*DESIGNED, np.eye(N, dtype=bool)).alive)


class TestErrors:
    def test_an_unknown_bug_is_refused_with_the_known_ones(self):
        with pytest.raises(ValueError, match="no bug is called 'typo'; there are: axis, unscaled"):
            bugs.trace(*DESIGNED, CAUSAL, ["typo"])

    @pytest.mark.parametrize(
        "pair", bugs.EXCLUDE_EACH_OTHER, ids=lambda pair: "-".join(sorted(pair))
    )
    def test_two_ways_to_do_one_step_are_refused(self, pair):
        with pytest.raises(ValueError, match=r" and .* do the same step: choose one"):
            bugs.check(sorted(pair))

    @pytest.mark.parametrize("n", [1, 2])
    def test_too_few_tokens_are_refused(self, n):
        x, head = DESIGNED
        with pytest.raises(ValueError, match=f"x has {n} tokens; expected at least 3"):
            bugs.symptoms(x[:n], head, CAUSAL[:n, :n])


def test_a_reshape_alone_takes_half_the_tokens_twice():
    """The first of two heads alike is made of tokens 0, 0, 1, 1, and so on."""
    x, head, mask = normal(0, 7, 6), PHRASES.head("nouns look for adjectives"), al.causal_mask(7)
    doubled = np.repeat(x, 2, axis=0)[:7]
    traced = bugs.trace(x, head, mask, ["reshape"])
    expected = head.trace(doubled, mask=mask)
    assert np.allclose(traced.weights, expected.weights)
    assert np.allclose(traced.output, expected.delta)
    assert bugs.symptoms(x, head, mask, ["reshape"]).touched == 2
    for bug in OF_ONE_HEAD:
        assert bugs.symptoms(x, head, mask, [bug]).touched == 1
