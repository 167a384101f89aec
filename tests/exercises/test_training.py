"""Chapter "Training": right answers pass; every wrong one meets the hint that is meant for it."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, trained_heads, training
from tests.exercises.judging import (
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")

# --- right answers, and what wrong ones are made of


def given(p, a):
    return np.array([p[i][word] for i, word in enumerate(a)])


def surprise(p, a):
    return -np.log(given(p, a)).mean()


def counted(ids, n_words, start=1):
    counts = np.full((n_words, n_words), float(start))
    for text in ids.tolist():
        for a, b in itertools.pairwise(text):
            counts[a, b] += 1
    return counts


def shared(counts):
    return counts / counts.sum(axis=1, keepdims=True)


def pairs(ids, n_words):
    return shared(counted(ids, n_words))


def pairs_of_lists(ids, n_words):
    rows = [[1] * n_words for _ in range(n_words)]
    for text in ids:
        for a, b in itertools.pairwise(text.tolist()):
            rows[a][b] += 1
    return [[count / sum(row) for count in row] for row in rows]


def pairs_by_one_hot(ids, n_words):
    one_hot = np.eye(n_words)[ids]
    return shared(1 + np.einsum("tia,tib->ab", one_hot[:, :-1], one_hot[:, 1:]))


def pairs_in_torch(ids, n_words):
    flat = torch.tensor(ids[:, :-1] * n_words + ids[:, 1:]).flatten()
    counts = 1 + torch.bincount(flat, minlength=n_words**2).reshape(n_words, n_words)
    return counts / counts.sum(dim=1, keepdim=True)


def before(w):
    return np.mean([w[i, i - 1] for i in range(1, len(w))])


def stood(ids, i):
    return [j for j in range(i) if ids[j] == ids[i]]


def matching(w, ids, looked_at=lambda at, i: [j + 1 for j in at], add=sum, over=np.mean):
    asked = [i for i in range(len(ids)) if stood(ids, i)]
    return over([add([w[i, k] for k in looked_at(stood(ids, i), i)]) for i in asked])


def scores(w, ids):
    return before(w), matching(w, ids)


def scores_by_masks(w, ids):
    followed = np.tril(np.equal.outer(ids, ids), -1)
    after = np.hstack([np.zeros((len(ids), 1), bool), followed[:, :-1]])
    return np.array([w[1:].diagonal().mean(), (w * after).sum(1)[followed.any(1)].mean()])


def scores_by_attnlib(w, ids):
    return [al.previous_word_score(w[None])[0], al.prefix_matching_score(w[None], ids)[0]]


def heads(n_layers, n_heads):
    return [(layer, head) for layer in range(n_layers) for head in range(n_heads)]


def needed(copying, n_layers, n_heads):
    full = copying([])
    return [at for at in heads(n_layers, n_heads) if copying([at]) < 0.5 * full]


def loss(logits, answers):
    p = al.softmax(logits)
    each = [-math.log(p[t, i, w]) for t, text in enumerate(answers) for i, w in enumerate(text)]
    return sum(each) / len(each)


def leak_in_torch(logits, answers, bound):
    flat = torch.tensor(logits).flatten(0, 1), torch.tensor(answers).flatten()
    return torch.nn.functional.cross_entropy(*flat) < bound


RIGHT = [
    ("surprise", surprise),
    ("surprise", lambda p, a: -sum(math.log(row[w]) for row, w in zip(p, a, strict=True)) / len(a)),
    ("surprise", lambda p, a: np.float32(surprise(p, a))),
    ("surprise", lambda p, a: np.log(1 / given(p, a)).mean()),
    ("surprise", lambda p, a: torch.nn.functional.nll_loss(torch.tensor(p).log(), torch.tensor(a))),
    ("surprise", lambda p, a: -(np.eye(p.shape[1])[a] * np.log(p)).sum() / len(p)),
    ("pairs", pairs),
    ("pairs", pairs_of_lists),
    ("pairs", pairs_by_one_hot),
    ("pairs", pairs_in_torch),
    ("head-scores", scores),
    ("head-scores", scores_by_masks),
    ("head-scores", scores_by_attnlib),
    ("head-scores", lambda w, ids: torch.tensor(scores(w, ids))),
    ("needed-heads", needed),
    ("needed-heads", lambda c, m, n: np.array(needed(c, m, n), dtype=int)),
    ("needed-heads", lambda c, m, n: tuple(map(list, needed(c, m, n)))),
    ("needed-heads", lambda c, m, n: iter(needed(c, m, n))),
    ("needed-heads", lambda c, m, n: torch.tensor(needed(c, m, n))),
    ("needed-heads", lambda c, m, n: sorted(h for h in heads(m, n) if c({h}) / c(()) < 0.5)),
    ("below-the-bound", lambda logits, answers, bound: loss(logits, answers) < bound),
    ("below-the-bound", lambda logits, answers, bound: np.bool_(loss(logits, answers) < bound)),
    ("below-the-bound", lambda logits, answers, bound: bool(bound > loss(logits, answers))),
    ("below-the-bound", leak_in_torch),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


# --- wrong answers


def of_p(change):
    return lambda p, a: change(given(p, a))


def spoilt(p, a):
    came = surprise(p, a)
    p += 1
    return came


def ids_spoilt(ids, n_words):
    came = pairs(ids, n_words)
    ids[:] = 0
    return came


def once(ids, n_words):
    counts = np.ones((n_words, n_words))
    counts[ids[:, :-1], ids[:, 1:]] += 1
    return shared(counts)


def once_a_text(ids, n_words):
    counts = np.ones((n_words, n_words))
    for text in ids:
        counts[text[:-1], text[1:]] += 1
    return shared(counts)


def seen_at_all(ids, n_words):
    return shared(1 + (counted(ids, n_words, 0) > 0))


def zeros_for_what_never_comes(ids, n_words):
    counts = counted(ids, n_words, 0)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def by_occurrences(ids, n_words):
    times = np.array([(ids == word).sum() for word in range(n_words)])
    return counted(ids, n_words) / (times + n_words)[:, None]


def weights_spoilt(w, ids):
    came = scores(w, ids)
    w *= 0
    return came


def previous(change):
    return lambda w, ids: (change(w), matching(w, ids))


def prefix(**options):
    return lambda w, ids: (before(w), matching(w, ids, **options))


def over_followers(w, ids):
    each = [w[i, j + 1] for i in range(len(ids)) for j in stood(ids, i)]
    return before(w), np.mean(each)


def without_itself(w, ids):
    asked = [(i, [j + 1 for j in stood(ids, i) if j + 1 < i]) for i in range(len(ids))]
    sums = [w[i, at].sum() for i, at in asked if at]
    return before(w), np.mean(sums or [0])


def keeping(holds):
    return lambda c, m, n: [at for at in heads(m, n) if holds(c([at]), c([]))]


def of_needed(change):
    return lambda c, m, n: change(needed(c, m, n), m, n)


def without_others(holds):
    return lambda c, m, n: [
        at for at in heads(m, n) if holds(c([o for o in heads(m, n) if o != at]), c([]))
    ]


def layers_at_once(c, m, n):
    lost = [k for k in range(m) if c([(k, head) for head in range(n)]) < c([]) / 2]
    return [(k, head) for k in lost for head in range(n)]


def silent_ones_stay(c, m, n):
    silent, lost = [], []
    for at in heads(m, n):
        silent.append(at)
        if c(silent) < c([]) / 2:
            lost.append(at)
    return lost


def needed_ones_come_back(c, m, n):
    silent, lost = [], []
    for at in heads(m, n):
        if c([*silent, at]) < c([]) / 2:
            lost.append(at)
        else:
            silent.append(at)
    return lost


def lowest_two(c, m, n):
    return sorted(sorted(heads(m, n), key=lambda at: c([at]))[:2])


def asked_from_one(c, m, n):
    every = [(layer, head) for layer in range(1, m + 1) for head in range(1, n + 1)]
    return [at for at in every if c([at]) < c([]) / 2]


def asked_exchanged(c, m, n):
    return [(h, k) for k, h in heads(m, n) if c([(h, k)]) < c([]) / 2]


def below(measure):
    return lambda logits, answers, bound: bool(measure(logits, answers) < bound)


def of_probabilities(change):
    def measure(logits, answers):
        p = al.softmax(logits)
        return change(np.take_along_axis(p, answers[..., None], -1))

    return below(measure)


def each_word(compared):
    return lambda logits, answers, bound: compared(
        -np.log(np.take_along_axis(al.softmax(logits), answers[..., None], -1)) < bound
    )


def each_text(compared):
    return lambda logits, answers, bound: compared(
        loss(x[None], a[None]) < bound for x, a in zip(logits, answers, strict=True)
    )


def over_axis(axis):
    def measure(logits, answers):
        p = np.exp(logits) / np.exp(logits).sum(axis=axis, keepdims=True)
        return -np.log(np.take_along_axis(p, answers[..., None], -1)).mean()

    return below(measure)


def right_share(logits, answers):
    return (logits.argmax(-1) == answers).mean()


def raw(logits, answers):
    with np.errstate(all="ignore"):
        return -np.log(np.take_along_axis(logits, answers[..., None], -1)).mean()


def answers_spoilt(logits, answers, bound):
    came = loss(logits, answers) < bound
    answers *= 0
    return came


# exercise, the hint that is meant, the wrong answer, and what the verdict shows
WRONG = [
    ("surprise", "sign", of_p(lambda p: np.log(p).mean()), ["-1.40", "1.40"]),
    ("surprise", "other-logarithm", of_p(lambda p: -np.log2(p).mean()), ["another unit"]),
    ("surprise", "other-logarithm", of_p(lambda p: -np.log10(p).mean()), ["another unit"]),
    ("surprise", "sum", of_p(lambda p: -np.log(p).sum()), ["<"]),
    ("surprise", "log-of-mean", of_p(lambda p: -np.log(p.mean())), ["<"]),
    ("surprise", "probability", of_p(np.mean), ["no logarithm"]),
    ("surprise", "probability", of_p(lambda p: np.mean(1 - p)), ["no logarithm"]),
    ("surprise", "probability", of_p(np.prod), ["no logarithm"]),
    ("surprise", "probability", of_p(lambda p: -p.mean()), ["no logarithm"]),
    ("surprise", "perplexity", lambda p, a: np.exp(surprise(p, a)), ["perplexity"]),
    ("surprise", "best-word", lambda p, a: -np.log(p.max(1)).mean(), ["word 1", "0.25"]),
    ("surprise", "every-word", lambda p, a: -np.log(p).mean(), ["<"]),
    ("surprise", "every-word", lambda p, a: -np.log(p).sum() / len(p), ["<"]),
    ("surprise", "every-word", lambda p, a: -(p * np.log(p)).sum() / len(p), ["<"]),
    ("surprise", "wrong-cells", lambda p, a: -np.log(p[:, 0]).mean(), ["column"]),
    ("surprise", "wrong-cells", lambda p, a: -np.log(p[:, a]).mean(), ["column"]),
    ("surprise", "wrong-cells", lambda p, a: -np.log(p[a, range(len(a))]).mean(), ["Error"]),
    ("surprise", "wrong-cells", lambda p, a: -np.log(p[a]).mean(), ["Error"]),
    ("surprise", "each-place", of_p(lambda p: -np.log(p)), ["(3,)"]),
    ("surprise", "raised", lambda p, a: p[a + 9], ["IndexError"]),
    ("surprise", "wrong-type", lambda p, a: {"loss": 1.0}, ["a dict of 1"]),
    ("surprise", "wrong-shape", lambda p, a: [surprise(p, a)], ["(1,)"]),
    ("surprise", "not-finite", lambda p, a: np.log(0 * surprise(p, a)), ["-inf"]),
    ("surprise", "changed-inputs", spoilt, ["changed its input probabilities"]),
    ("surprise", "not-a-function", 0.92, ["f(probabilities, answers)"]),
    ("surprise", "arguments", lambda p: p, ["f(probabilities, answers)"]),
    ("surprise", "unrecognised", of_p(lambda p: np.median(-np.log(p))), ["<"]),
    ("pairs", "transposed", lambda ids, n: pairs(ids, n).T, ["<"]),
    ("pairs", "transposed", lambda ids, n: pairs(ids[:, ::-1], n), ["<"]),
    ("pairs", "over-columns", lambda ids, n: counted(ids, n) / counted(ids, n).sum(axis=0), ["<"]),
    (
        "pairs",
        "divided-the-other-way",
        lambda ids, n: counted(ids, n) / counted(ids, n).sum(axis=1),
        ["<"],
    ),
    ("pairs", "without-the-one", lambda ids, n: shared(counted(ids, n, 0)), ["nan <"]),
    ("pairs", "without-the-one", zeros_for_what_never_comes, ["<"]),
    ("pairs", "other-start", lambda ids, n: shared(counted(ids, n, 0.5)), ["<"]),
    ("pairs", "other-start", lambda ids, n: shared(counted(ids, n, 1 / n)), ["<"]),
    ("pairs", "other-start", lambda ids, n: shared(np.maximum(counted(ids, n, 0), 1)), ["<"]),
    ("pairs", "across-texts", lambda ids, n: pairs(ids.reshape(1, -1), n), ["with word 1"]),
    ("pairs", "once", once, ["<"]),
    ("pairs", "once", once_a_text, ["<"]),
    ("pairs", "once", seen_at_all, ["<"]),
    ("pairs", "last-word", lambda ids, n: pairs(np.c_[ids, ids[:, -1]], n), ["<"]),
    ("pairs", "last-word", lambda ids, n: pairs(np.c_[ids, ids[:, 0]], n), ["<"]),
    ("pairs", "last-word", lambda ids, n: pairs(np.c_[ids[:, 0], ids], n), ["<"]),
    ("pairs", "not-divided", counted, ["a count"]),
    ("pairs", "not-divided", lambda ids, n: counted(ids, n, 0), ["a count"]),
    ("pairs", "joint", lambda ids, n: counted(ids, n) / counted(ids, n).sum(), ["<"]),
    ("pairs", "divided-by-another-count", by_occurrences, ["<"]),
    ("pairs", "raised", lambda ids, n: counted(ids, n - 3), ["IndexError"]),
    ("pairs", "wrong-type", lambda ids, n: "pairs", ["the text 'pairs'"]),
    ("pairs", "wrong-shape", lambda ids, n: pairs(ids, n)[:-1], ["(3, 4)", "(4, 4)"]),
    ("pairs", "not-finite", lambda ids, n: np.log(counted(ids, n) - 1), ["-inf <"]),
    ("pairs", "changed-inputs", ids_spoilt, ["changed its input ids"]),
    ("pairs", "not-a-function", np.eye(4), ["f(ids, n_words)"]),
    ("pairs", "arguments", lambda ids: ids, ["f(ids, n_words)"]),
    ("pairs", "unrecognised", lambda ids, n: al.softmax(counted(ids, n)), ["<"]),
    ("head-scores", "exchanged", lambda w, ids: scores(w, ids)[::-1], ["changed places"]),
    ("head-scores", "transposed", lambda w, ids: scores(w.T, ids), ["0.00 <"]),
    ("head-scores", "other-diagonal", previous(lambda w: w.diagonal().mean()), ["<"]),
    ("head-scores", "other-diagonal", previous(lambda w: w.diagonal(1).mean()), ["<"]),
    ("head-scores", "other-diagonal", previous(lambda w: w.diagonal(-2).mean()), ["<"]),
    ("head-scores", "other-diagonal", lambda w, ids: (w.diagonal().mean(), 0.3), ["<"]),
    ("head-scores", "over-all-words", previous(lambda w: w.diagonal(-1).sum() / len(w)), ["5"]),
    ("head-scores", "previous-summed", previous(lambda w: w.diagonal(-1).sum()), ["<"]),
    ("head-scores", "previous-counted", previous(lambda w: (w.diagonal(-1) > 0.5).mean()), ["<"]),
    ("head-scores", "the-word-itself", prefix(looked_at=lambda at, i: at), ["<"]),
    ("head-scores", "the-word-itself", prefix(looked_at=lambda at, i: [*at, i]), ["<"]),
    ("head-scores", "the-word-before", prefix(looked_at=lambda at, i: [j - 1 for j in at]), ["<"]),
    (
        "head-scores",
        "the-word-before",
        prefix(looked_at=lambda at, i: [j - 1 for j in at if j]),
        ["right before"],
    ),
    ("head-scores", "one-occurrence", prefix(looked_at=lambda at, i: [at[-1] + 1]), ["<"]),
    ("head-scores", "one-occurrence", prefix(looked_at=lambda at, i: [at[0] + 1]), ["<"]),
    ("head-scores", "one-occurrence", prefix(add=max), ["<"]),
    ("head-scores", "follower-left-out", without_itself, ["<"]),
    (
        "head-scores",
        "follower-left-out",
        prefix(looked_at=lambda at, i: [j + 1 for j in at if j + 1 != i]),
        ["<"],
    ),
    (
        "head-scores",
        "over-all-queries",
        lambda w, ids: (before(w), matching(w, ids, over=sum) / len(w)),
        ["divide"],
    ),
    (
        "head-scores",
        "over-all-queries",
        lambda w, ids: (before(w), matching(w, ids, over=sum) / (len(w) - 1)),
        ["all but the first"],
    ),
    ("head-scores", "prefix-summed", prefix(over=sum), ["<"]),
    ("head-scores", "divided-by-followers", prefix(add=np.mean), ["<"]),
    ("head-scores", "divided-by-followers", over_followers, ["<"]),
    ("head-scores", "raised", lambda w, ids: w[len(ids)], ["IndexError"]),
    ("head-scores", "wrong-type", lambda w, ids: "high", ["the text 'high'"]),
    ("head-scores", "wrong-shape", lambda w, ids: before(w), ["()", "(2,)"]),
    ("head-scores", "not-finite", lambda w, ids: (before(w), np.nan), ["nan"]),
    ("head-scores", "not-finite", lambda w, ids: (w.diagonal().mean(), np.inf), ["inf"]),
    ("head-scores", "changed-inputs", weights_spoilt, ["changed its input weights"]),
    ("head-scores", "not-a-function", (0.6, 0.9), ["f(weights, ids)"]),
    ("head-scores", "arguments", lambda weights: 0, ["f(weights, ids)"]),
    ("head-scores", "unrecognised", previous(lambda w: np.median(w.diagonal(-1))), ["<"]),
    ("head-scores", "unrecognised", prefix(over=np.median), ["<"]),
    ("needed-heads", "unsorted", of_needed(lambda found, m, n: found[::-1]), ["1.0, 0.1"]),
    ("needed-heads", "exchanged", asked_exchanged, ["no head 2.0"]),
    ("needed-heads", "exchanged", of_needed(lambda f, m, n: [(h, k) for k, h in f]), ["1.0, 0.1"]),
    ("needed-heads", "from-one", asked_from_one, ["no head 1.4"]),
    ("needed-heads", "from-one", of_needed(lambda f, m, n: [(k + 1, h + 1) for k, h in f]), ["1"]),
    ("needed-heads", "fixed-bound", keeping(lambda left, full: left < 0.5), ["0.40"]),
    ("needed-heads", "fixed-bound", keeping(lambda left, full: full - left > 0.5), ["0.40"]),
    ("needed-heads", "at-most", keeping(lambda left, full: left <= full / 2), ["exactly half"]),
    ("needed-heads", "any-loss", keeping(lambda left, full: left < full), ["0.0, 0.1, 1.0"]),
    ("needed-heads", "not-needed", keeping(lambda left, full: left >= full / 2), ["without"]),
    ("needed-heads", "nothing-left", keeping(lambda left, full: left <= 0), ["0.04"]),
    ("needed-heads", "always-two", lowest_two, ["0.2, 1.1", "Expected: none"]),
    ("needed-heads", "kept-alone", without_others(lambda left, full: left < full / 2), ["all"]),
    ("needed-heads", "together", layers_at_once, ["0.0, 0.1, 0.2"]),
    ("needed-heads", "greedy", silent_ones_stay, ["stays silent"]),
    ("needed-heads", "greedy", needed_ones_come_back, ["1.1"]),
    (
        "needed-heads",
        "numbered",
        of_needed(lambda f, m, n: [k * n + h for k, h in f]),
        ["number the"],
    ),
    ("needed-heads", "raised", lambda c, m, n: c((0, 1)), ["a list of (layer, head)"]),
    ("needed-heads", "raised", lambda c, m, n: c([(m, n)]), ["there is no head 2.4"]),
    ("needed-heads", "wrong-type", of_needed(lambda f, m, n: {at: 1 for at in f}), ["a dict"]),
    ("needed-heads", "wrong-type", lambda c, m, n: ["0.1", "1.0"], ["a list of 2"]),
    (
        "needed-heads",
        "wrong-shape",
        lambda c, m, n: [[at] for at in needed(c, m, n)],
        ["(2, 1, 2)"],
    ),
    ("needed-heads", "not-finite", lambda c, m, n: [(0, np.nan)], ["nan"]),
    ("needed-heads", "not-a-function", [(0, 1), (1, 0)], ["f(copying, n_layers, n_heads)"]),
    ("needed-heads", "arguments", lambda c: [], ["f(copying, n_layers, n_heads)"]),
    ("needed-heads", "unrecognised", lambda c, m, n: [(0, 0)], ["Your heads: 0.0"]),
    ("needed-heads", "unrecognised", lambda c, m, n: [], ["Your heads: none"]),
    ("below-the-bound", "other-way", lambda x, a, bound: loss(x, a) > bound, ["other way"]),
    ("below-the-bound", "constant", lambda x, a, bound: True, ["returned True"]),
    ("below-the-bound", "constant", lambda x, a, bound: False, ["returned False"]),
    ("below-the-bound", "without-the-bound", lambda x, a, bound: loss(x, a) < 0.1, ["of your own"]),
    ("below-the-bound", "without-the-bound", lambda x, a, bound: loss(x, a) < 1, ["of your own"]),
    (
        "below-the-bound",
        "right-guesses",
        lambda x, a, bound: right_share(x, a) > 0.9,
        ["right guesses"],
    ),
    (
        "below-the-bound",
        "right-guesses",
        below(lambda x, a: 1 - right_share(x, a)),
        ["right guesses"],
    ),
    ("below-the-bound", "without-the-bound", lambda x, a, bound: loss(x, a) < 0.3, ["of your own"]),
    ("below-the-bound", "perplexity", below(lambda x, a: np.exp(loss(x, a))), ["e to the power"]),
    ("below-the-bound", "every-word", below(lambda x, a: -np.log(al.softmax(x)).mean()), ["All"]),
    ("below-the-bound", "sum", of_probabilities(lambda p: -np.log(p).sum()), ["the sum"]),
    ("below-the-bound", "bits", of_probabilities(lambda p: -np.log2(p).mean()), ["in bits"]),
    (
        "below-the-bound",
        "best-word",
        below(lambda x, a: -np.log(al.softmax(x).max(-1)).mean()),
        ["largest"],
    ),
    ("below-the-bound", "no-softmax", below(raw), ["scores"]),
    (
        "below-the-bound",
        "no-softmax",
        below(lambda x, a: -np.take_along_axis(x, a[..., None], -1).mean()),
        [],
    ),
    ("below-the-bound", "other-axis", over_axis(0), ["axis"]),
    ("below-the-bound", "other-axis", over_axis(1), ["axis"]),
    (
        "below-the-bound",
        "some-places",
        below(lambda x, a: loss(x[:, -1:], a[:, -1:])),
        ["some of the"],
    ),
    ("below-the-bound", "some-places", below(lambda x, a: loss(x[:1], a[:1])), ["some of the"]),
    ("below-the-bound", "some-places", each_word(np.any), ["by itself"]),
    ("below-the-bound", "some-places", each_word(np.all), ["by itself"]),
    ("below-the-bound", "some-places", each_text(any), ["by itself"]),
    ("below-the-bound", "some-places", each_text(all), ["by itself"]),
    (
        "below-the-bound",
        "log-of-mean",
        of_probabilities(lambda p: -np.log(p.mean())),
        ["logarithm of the mean"],
    ),
    ("below-the-bound", "raised", lambda x, a, bound: x[a], ["IndexError"]),
    ("below-the-bound", "wrong-type", lambda x, a, bound: int(loss(x, a) < bound), ["the number"]),
    ("below-the-bound", "wrong-type", lambda x, a, bound: loss(x, a), ["True or False"]),
    ("below-the-bound", "wrong-type", lambda x, a, bound: "leak", ["the text 'leak'"]),
    ("below-the-bound", "wrong-shape", lambda x, a, bound: [loss(x, a) < bound], ["(1,)"]),
    ("below-the-bound", "changed-inputs", answers_spoilt, ["changed its input answers"]),
    ("below-the-bound", "not-a-function", True, ["f(logits, answers, bound)"]),
    ("below-the-bound", "arguments", lambda logits, answers: True, ["f(logits, answers, bound)"]),
    ("below-the-bound", "unrecognised", lambda x, a, bound: x.size % 2 == 0, ["The loss is"]),
]


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    here = [each for each in training.EXERCISES if each.id != "induction"]  # test_two_heads.py
    assert_every_diagnosis_is_met(SimpleNamespace(EXERCISES=here), WRONG)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_the_first_hint_gives_no_code_away(exercise, hint, answer, shown):
    text = check(exercise, answer).hints[0]
    for code in ("np.", "@", "[:", "None", "argmax", ".at(", "** "):
        assert code not in text.replace("`np.empty`", "")


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("surprise", lambda p, a: 1.4),
        ("surprise", lambda p, a: -np.log2(given(p, a)).mean() if len(a) == 3 else 0.0),
        ("pairs", lambda ids, n: counted(ids, n) if n == 4 else pairs(ids, n) + 1),
        ("head-scores", lambda w, ids: scores(w, ids)[::-1] if len(ids) == 5 else (0, 0)),
        ("needed-heads", lambda c, m, n: [(0, 0), (0, 1), (1, 0)]),
        ("below-the-bound", lambda x, a, bound: loss(x, a) < bound / 2),
        ("below-the-bound", lambda x, a, bound: loss(x, a) < 2 * bound),
    ],
)
def test_a_coincidence_in_one_case_is_no_diagnosis(exercise, answer):
    assert check(exercise, answer).hint == "unrecognised"


# --- the inputs


def test_leaks_lie_on_both_sides_of_the_bound_near_and_far():
    ratios = [loss(*case.inputs[:2]) / case.inputs[2] for case in training.leak_cases()]
    for low, high in ((0, 0.5), (0.95, 1), (1, 1.05), (2, np.inf)):
        assert sum(low < ratio < high for ratio in ratios) >= 3
    assert any(
        0.4 < loss(x, a) < 0.9 < bound for x, a, bound in (c.inputs for c in training.leak_cases())
    )


def test_the_leak_tells_all_mistakes_apart():
    """A truth value tells little, so each named mistake has a row of them of its own."""
    inputs = [case.inputs for case in training.leak_cases()]
    rows = {}
    for exercise, hint, answer, _ in WRONG[::-1]:
        if exercise == "below-the-bound" and hint in {d.id for d in training.LEAK_MISTAKES}:
            row = tuple(bool(answer(*each)) for each in inputs)
            assert rows.setdefault(row, hint) == hint
    assert tuple(bool(loss(x, a) < bound) for x, a, bound in inputs) not in rows


def test_the_models_of_needed_heads_have_none_one_two_and_all():
    counts = {len(needed(*case.inputs)) for case in trained_heads.needed_cases()}
    assert counts >= {0, 1, 2, 3}
    assert any(case.inputs[0]([]) < 0.5 for case in trained_heads.needed_cases())


def test_the_exercises_of_the_chapter():
    assert [(each.id, each.stars, each.minutes) for each in training.EXERCISES] == [
        ("surprise", 1, 10),
        ("pairs", 2, 15),
        ("head-scores", 2, 15),
        ("induction", 3, 30),
        ("needed-heads", 2, 15),
        ("below-the-bound", 2, 10),
    ]
