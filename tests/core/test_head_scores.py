"""Scores of heads: what they count, one cell at a time."""

import array_api_strict as strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from attnlib import head_scores
from tests.core.strategies import SEEDS

LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": strict.asarray}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
WORDS = np.array([4, 1, 2, 4, 1, 2, 2])  # 4 is followed by 1, 1 by 2, and 2 by 4 and by 2


def patterns(seed, *leading, n_tokens=7):
    weights = np.random.default_rng(seed).random((*leading, n_tokens, n_tokens))
    return weights / weights.sum(axis=-1, keepdims=True)


def previous_word(pattern):
    n_tokens = len(pattern)
    return sum(pattern[i, i - 1] for i in range(1, n_tokens)) / (n_tokens - 1)


def prefix_matching(pattern, tokens, where):
    """The mean over queries of the weight on what followed the same token earlier."""
    found = []
    for query, token in enumerate(tokens):
        earlier = [key for key in range(query) if tokens[key] == token]
        if earlier and where[query]:
            found.append(sum(pattern[query, key + 1] for key in earlier))
    return sum(found) / len(found)


@every_library
@given(seed=SEEDS, leading=st.sampled_from([(3,), (2, 3)]))
def test_the_previous_word_is_what_stands_just_before(library, seed, leading):
    weights = patterns(seed, *leading)
    score = np.asarray(al.previous_word_score(library(weights)))
    assert score.shape == leading
    for place in np.ndindex(leading):
        assert score[place] == pytest.approx(previous_word(weights[place]), abs=1e-12)


@every_library
@given(seed=SEEDS, masked=st.booleans())
def test_prefix_matching_sums_what_followed_earlier(library, seed, masked):
    weights, rng = patterns(seed, 2, 3), np.random.default_rng(seed + 1)
    tokens = np.stack([WORDS, rng.permutation(WORDS)])
    where = np.ones(tokens.shape, bool)
    if masked:
        where[:, :6] = rng.random((2, 6)) < 0.5  # the last word of both texts stood there before
    options = {"where": library(where)} if masked else {}
    score = np.asarray(al.prefix_matching_score(library(weights), library(tokens), **options))
    for text, head in np.ndindex(2, 3):
        expected = prefix_matching(weights[text, head], tokens[text], where[text])
        assert score[text, head] == pytest.approx(expected, abs=1e-12)


def test_designed_heads_score_1():
    n_tokens = len(WORDS)
    before = np.eye(n_tokens, k=-1)
    before[0, 0] = 1
    assert al.previous_word_score(before[None]).tolist() == [1]
    induction = np.zeros((n_tokens, n_tokens))
    induction[[0, 1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 2, 3, 6]] = 1
    assert al.prefix_matching_score(induction[None], WORDS).tolist() == [1]
    assert al.prefix_matching_score(before[None], WORDS).tolist() == [0]
    itself = np.eye(n_tokens)[None]  # at the end, 2 is what followed 2
    assert al.prefix_matching_score(itself, WORDS).tolist() == [0.25]


def test_one_text_of_words_is_for_every_pattern_of_a_batch():
    weights = patterns(0, 2, 3)
    both = al.prefix_matching_score(weights, WORDS)
    assert np.array_equal(both[1], al.prefix_matching_score(weights[1], WORDS))
    assert np.array_equal(both, al.prefix_matching_score(weights, WORDS.tolist()))


def test_scores_have_gradients():
    weights = torch.asarray(patterns(0, 3)).requires_grad_()
    (al.previous_word_score(weights) + al.prefix_matching_score(weights, WORDS)).sum().backward()
    assert weights.grad[:, 3, 1].tolist() == pytest.approx([1 / 4] * 3)


@pytest.mark.parametrize(
    "score", [al.previous_word_score, lambda w: al.prefix_matching_score(w, [1])]
)
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 4), (2, 1, 1)])
def test_patterns_of_other_shapes_are_refused(score, shape):
    with pytest.raises(
        ValueError, match=r"expected, with as many queries as keys, and at least two"
    ):
        score(np.ones(shape))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tokens": [1, 2, 1]}, ValueError, r"tokens has shape \(3,\) but weights has 4 keys"),
        ({"tokens": [1, 2, 3, 4]}, ValueError, "no query counts: a text has no word that stood"),
        (
            {"tokens": [1, 2, 1, 4], "where": np.arange(4) == 3},
            ValueError,
            "no query counts: .*where `where` is True",
        ),
        ({"tokens": [1, 2, 1, 4], "where": [0, 0, 1, 0]}, TypeError, "where has dtype int64"),
    ],
)
def test_what_cannot_be_scored_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        al.prefix_matching_score(patterns(0, 2, n_tokens=4), **options)


@every_library
@given(seed=SEEDS)
def test_first_own_and_same_token_count_cell_by_cell(library, seed):
    weights = patterns(seed, 2, 3)
    first = np.asarray(head_scores.first_token_score(library(weights)))
    own = np.asarray(head_scores.own_token_score(library(weights)))
    same = np.asarray(head_scores.same_token_score(library(weights), library(WORDS)))
    later = range(1, len(WORDS))
    repeated = [query for query in later if WORDS[query] in WORDS[:query]]
    for place in np.ndindex(2, 3):
        pattern = weights[place]
        others = [
            sum(pattern[q, k] for k in range(len(WORDS)) if k != q and WORDS[k] == WORDS[q])
            for q in repeated
        ]
        assert first[place] == pytest.approx(np.mean([pattern[q, 0] for q in later]), abs=1e-12)
        assert own[place] == pytest.approx(np.mean([pattern[q, q] for q in later]), abs=1e-12)
        assert same[place] == pytest.approx(np.mean(others), abs=1e-12)


def test_a_text_without_repetition_has_no_same_token_score():
    with pytest.raises(ValueError, match="no query counts"):
        head_scores.same_token_score(patterns(0, 1), np.arange(7))
