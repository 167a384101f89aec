import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from tests.core.strategies import SEEDS, attention_arguments, normal, visible

BLOCK = sys.modules["attnlib.attention"].BLOCK


def by_hand(q, k, v, mask, causal):
    """Attention of one head, one number at a time."""
    seen = visible(q, k, mask, causal)
    output = np.zeros((q.shape[0], v.shape[1]))
    for query in range(q.shape[0]):
        keys = [key for key in range(k.shape[0]) if seen[query, key]]
        exponentials = [np.exp(q[query] @ k[key] / np.sqrt(q.shape[1])) for key in keys]
        for key, exponential in zip(keys, exponentials, strict=True):
            output[query] += exponential / sum(exponentials) * v[key]
    return output


@given(attention_arguments())
def test_attention_and_its_trace_agree_with_attention_by_hand(arguments):
    q, k, v, options = arguments
    trace, output = al.trace_attention(q, k, v, **options), al.attention(q, k, v, **options)
    seen = visible(q, k, **options)
    for index in np.ndindex(q.shape[:-2]):
        expected = by_hand(q[index], k[index], v[index], seen[index], False)
        assert np.allclose(output[index], expected, atol=1e-12)
        assert np.allclose(trace.output[index], expected, atol=1e-12)


@given(attention_arguments())
def test_trace_is_consistent(arguments):
    q, k, v, options = arguments
    trace, seen = al.trace_attention(q, k, v, **options), visible(q, k, **options)
    assert np.array_equal(trace.scores, np.where(seen, al.scores(q, k), -np.inf))
    assert np.allclose(trace.weights.sum(-1), seen.any(-1), atol=1e-12)
    assert np.array_equal(trace.weights > 0, seen)
    assert np.allclose(trace.weights @ v, trace.output, atol=1e-12)


@given(SEEDS)
def test_scores_are_scaled_dot_products(seed):
    q, k = normal(seed, 3, 4), normal(seed + 1, 5, 4)
    for query in range(3):
        for key in range(5):
            product = sum(q[query, i] * k[key, i] for i in range(4))
            assert al.scores(q, k)[query, key] == pytest.approx(product / 2, abs=1e-12)
            assert al.scores(q, k, scale=3)[query, key] == pytest.approx(product * 3, abs=1e-12)


def test_scale_reaches_every_function():
    q, k, v = normal(0, 3, 4), normal(1, 5, 4), normal(2, 5, 2)
    expected = al.softmax(q @ k.T * 0.7) @ v
    assert np.allclose(al.attention(q, k, v, scale=0.7), expected)
    assert np.allclose(al.trace_attention(q, k, v, scale=0.7).output, expected)
    tensors = [torch.asarray(a) for a in (q, k, v)]
    assert np.allclose(al.attention(*tensors, scale=0.7), expected)


@pytest.mark.parametrize(("n_queries", "n_keys"), [(0, 0), (1, 1), (3, 3), (2, 5), (1, 4), (0, 3)])
@pytest.mark.parametrize("xp", [np, torch])
def test_causal_mask_ends_at_the_last_key(xp, n_queries, n_keys):
    mask = al.causal_mask(n_queries, n_keys, xp=xp)
    assert mask.dtype == xp.bool
    expected = [[j <= i + n_keys - n_queries for j in range(n_keys)] for i in range(n_queries)]
    assert mask.tolist() == expected
    if n_queries == n_keys:
        assert al.causal_mask(n_queries).tolist() == expected


@pytest.mark.parametrize(("n_queries", "n_keys"), [(0, 0), (1, 1), (6, 6), (2, 5), (1, 4), (0, 3)])
@pytest.mark.parametrize(("window", "kept"), [(1, 0), (2, 0), (2, 1), (3, 2), (99, 0), (1, 99)])
@pytest.mark.parametrize("xp", [np, torch])
def test_a_window_holds_the_last_keys_and_the_first(xp, n_queries, n_keys, window, kept):
    mask = al.window_mask(n_queries, n_keys, window=window, kept=kept, xp=xp)
    assert mask.dtype == xp.bool
    own = range(n_keys - n_queries, n_keys)  # each query's own key
    expected = [[i - window < j <= i or j < min(kept, i) for j in range(n_keys)] for i in own]
    assert mask.tolist() == expected
    if n_queries == n_keys:
        assert al.window_mask(n_queries, window=window, kept=kept).tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((3,), {"window": 0}, ValueError, "window is 0, but each query sees at least its own key"),
        ((3,), {"window": 2.0}, TypeError, "window is a float, but a whole number"),
        ((3,), {"window": 2, "kept": -1}, ValueError, "kept is -1, but a count cannot be negative"),
        ((3, 2), {"window": 2}, ValueError, "3 queries but 2 keys"),
    ],
)
def test_a_window_says_what_is_wrong(arguments, options, error, message):
    with pytest.raises(error, match=message):
        al.window_mask(*arguments, **options)


@given(attention_arguments(masks=False), SEEDS)
def test_reordering_keys_with_their_values_changes_nothing(arguments, seed):
    q, k, v, _ = arguments
    order = np.random.default_rng(seed).permutation(k.shape[-2])
    shuffled = al.attention(q, k[..., order, :], v[..., order, :])
    assert np.allclose(shuffled, al.attention(q, k, v), atol=1e-12)


@given(attention_arguments(masks=False), SEEDS)
def test_reordering_queries_reorders_the_output(arguments, seed):
    q, k, v, _ = arguments
    order = np.random.default_rng(seed).permutation(q.shape[-2])
    expected = al.attention(q, k, v)[..., order, :]
    assert np.allclose(al.attention(q[..., order, :], k, v), expected, atol=1e-12)


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
@given(seed=SEEDS, cut=st.integers(1, 5))
def test_perturbing_the_future_never_changes_the_past(library, seed, cut):
    x = normal(seed, 6, 4)
    changed = x.copy()
    changed[cut:] += normal(seed + 1, 6 - cut, 4)
    x, changed = library(x), library(changed)
    before = np.asarray(al.attention(x, x, x, causal=True))
    after = np.asarray(al.attention(changed, changed, changed, causal=True))
    assert np.array_equal(before[:cut], after[:cut])
    assert not np.allclose(before[cut:], after[cut:])


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
@pytest.mark.parametrize("masked", [False, True])
@given(arguments=attention_arguments(causal=True, masks=False), seed=SEEDS)
def test_cached_equals_uncached(library, masked, arguments, seed):
    """The last queries alone, against all keys, get what they get among all queries."""
    q, k, v, _ = arguments
    k, v = k[..., : q.shape[-2], :], v[..., : q.shape[-2], :]
    mask = np.random.default_rng(seed).random((q.shape[-2],) * 2) < 0.7 if masked else None
    whole = al.attention(*map(library, (q, k, v)), library(mask) if masked else None, causal=True)
    for n_new in range(1, q.shape[-2] + 1):
        last = library(mask[-n_new:]) if masked else None
        new = al.attention(*map(library, (q[..., -n_new:, :], k, v)), last, causal=True)
        assert np.allclose(new, whole[..., -n_new:, :], atol=1e-12)


SIZES = [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3]


@pytest.mark.parametrize("n_queries", SIZES)
@pytest.mark.parametrize("more_keys", [0, 5])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", ["no", "rows", "keys", "both"])
@pytest.mark.parametrize("leading", [(), (2,)])
def test_blocks_of_queries_agree_with_the_whole(n_queries, more_keys, causal, masked, leading):
    n_keys = n_queries + more_keys
    q, k, v = (
        normal(0, *leading, n_queries, 3),
        normal(1, *leading, n_keys, 3),
        normal(2, n_keys, 2),
    )
    shape = {"no": None, "rows": (n_queries, 1), "keys": (n_keys,), "both": (n_queries, n_keys)}
    mask = None if masked == "no" else np.random.default_rng(3).random(shape[masked]) < 0.5
    whole = al.trace_attention(q, k, v, mask, causal).output
    assert np.allclose(al.attention(q, k, v, mask, causal), whole, atol=1e-12)


def test_the_output_alone_needs_no_full_pattern():
    import tracemalloc

    x = normal(0, 4096, 2, dtype="float32")
    tracemalloc.start()
    try:
        al.attention(x, x, x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4096 * 4096 * x.itemsize / 4


def test_mask_and_causal_both_apply():
    q, k, v = normal(0, 4, 3), normal(1, 4, 3), normal(2, 4, 2)
    mask = np.random.default_rng(4).random((4, 4)) < 0.5
    expected = by_hand(q, k, v, mask & np.tri(4, dtype=bool), False)
    assert np.allclose(al.attention(q, k, v, mask, causal=True), expected)
    tensors = [torch.asarray(a) for a in (q, k, v, mask)]
    assert np.allclose(al.attention(*tensors, causal=True), expected)


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
@pytest.mark.parametrize("causal", [False, True])
def test_leading_axes_broadcast(library, causal):
    q, k, v = normal(0, 2, 1, 4, 3), normal(1, 5, 4, 3), normal(2, 4, 2)
    output = np.asarray(al.attention(*map(library, (q, k, v)), causal=causal))
    assert output.shape == (2, 5, 4, 2)
    for i in range(2):
        for j in range(5):
            assert np.allclose(output[i, j], by_hand(q[i, 0], k[j], v, None, causal))


def test_nothing_changes_its_inputs():
    for library in (np.asarray, torch.asarray):
        arrays = [normal(i, 5, 3) for i in range(3)] + [normal(3, 5, 5) > 0]
        given_arrays = [library(a.copy()) for a in arrays]
        al.attention(*given_arrays, causal=True)
        al.trace_attention(*given_arrays, causal=True)
        al.attention(*given_arrays[:3])
        al.scores(*given_arrays[:2])
        for before, after in zip(arrays, given_arrays, strict=True):
            assert np.array_equal(before, np.asarray(after))


def test_a_trace_cannot_be_changed():
    trace = al.trace_attention(*[normal(i, 2, 2) for i in range(3)])
    with pytest.raises(AttributeError):
        trace.weights = None


def test_importing_attnlib_stays_light():
    import subprocess

    code = (
        "import sys, numpy as np, attnlib; x = np.ones((2, 2)); attnlib.attention(x, x, x);"
        "print([m for m in ('torch', 'anywidget', 'matplotlib') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_mask_of_one_number_hides_all_or_nothing(library, shape):
    q, k, v = (library(normal(i, 3, 3)) for i in range(3))
    keep, hide = (library(np.full(shape, may)) for may in (True, False))
    assert np.allclose(al.attention(q, k, v, keep), al.attention(q, k, v), atol=1e-12)
    assert not np.asarray(al.attention(q, k, v, hide)).any()
