"""Chapter "Reading heads": right answers pass; each wrong one meets the hint meant for it."""

import math

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, reading_heads
from tests.exercises.judging import (
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")

# --- right answers, and what wrong ones are made of


def even(n):
    return np.tril(np.ones((n, n))) / np.arange(1, n + 1).reshape(-1, 1)


def chance(c, weights=even, over=np.mean, asked=np.tril):
    return over((weights(len(c)) * c).sum(axis=1)[asked(c).any(axis=1)])


def chance_of(**changed):
    return lambda c: chance(c, **changed)


def chance_by_loops(c, add=sum, sees=lambda i, n: range(i + 1), over=np.mean):
    each = []
    for i in range(len(c)):
        if any(c[i][: i + 1]):
            each.append(add([1 / len(sees(i, len(c))) for k in sees(i, len(c)) if c[i, k]]))
    return over(each)


def by_loops(**changed):
    return lambda c: chance_by_loops(c, **changed)


def chance_of_lists(c):
    """Cuts each row where its query ends."""
    rows = [row[: i + 1] for i, row in enumerate(c.tolist())]
    return np.mean([row.count(True) / len(row) for row in rows if True in row])


def chance_by_softmax(c):
    weights = al.softmax(np.where(np.tri(len(c), dtype=bool), 0.0, -np.inf))
    each = (weights * c).sum(axis=1)
    return each[each > 0].mean()


def chance_in_torch(c):
    c = torch.tril(torch.tensor(c))
    each = c.sum(dim=1) / torch.arange(1, len(c) + 1)
    return each[c.any(dim=1)].mean()


def without_itself(c, asked=lambda c: np.tril(c, -1)):
    n = len(c)
    with np.errstate(all="ignore"):
        each = (np.tri(n, k=-1) * c).sum(1) / np.arange(n)
    return each[asked(c).any(1)].sum() / asked(c).any(1).sum()


def others_of(i, n):
    return range(i)


def control(loss, chosen, draws):
    whole = loss([])
    cost, costs = loss(chosen) - whole, [loss(draw) - whole for draw in draws]
    return cost, sum(costs) / len(costs), sum(each >= cost for each in costs) / len(costs)


def control_of_losses(loss, chosen, draws):
    losses = torch.tensor([loss(tuple(draw)) for draw in draws], dtype=torch.float64)
    share = (losses >= loss(np.array(chosen))).double().mean()
    return [loss(chosen) - loss([]), losses.mean() - loss(()), share]


def costs_of(loss, chosen, draws):
    return loss(chosen) - loss([]), np.array([loss(draw) - loss([]) for draw in draws])


def in_place(which, change):
    """The right three numbers, but for one: `change(loss, cost, costs)`."""

    def answer(loss, chosen, draws):
        came = list(control(loss, chosen, draws))
        came[which] = change(loss, *costs_of(loss, chosen, draws))
        return came

    return answer


def apart(loss, heads):
    return sum(loss([head]) - loss([]) for head in heads)


def flat(draws):
    return [head for draw in draws for head in draw]


def mean_with(silent):
    """The mean cost of draws, each silenced as `silent(chosen, draw)` says."""

    def answer(loss, chosen, draws):
        cost, _, share = control(loss, chosen, draws)
        mean = np.mean([loss(silent(chosen, draw)) for draw in draws]) - loss([])
        return cost, mean, share

    return answer


def of_right(w, right):
    return np.array([w[s, :, :, place] for s, place in enumerate(right)])


def held(scores, half, other):
    at = np.unravel_index(scores[half].mean(axis=0).argmax(), scores.shape[1:])
    return int(at[0]), int(at[1]), scores[other].mean(axis=0)[at]


def by_halves(half, other, given=of_right):
    """Halves by texts such as "0:n//2", with what `given` makes of the weights."""

    def answer(w, right):
        n, scores = len(right), given(w, right)
        slices = [slice(*(int(eval(end, {"n": n})) for end in each)) for each in (half, other)]
        return held(scores, *slices)

    return answer


FIRST, SECOND, ALL = ("0", "n//2"), ("n//2", "n"), ("0", "n")
held_out = by_halves(FIRST, SECOND)


def held_out_by_loops(w, right):
    n, n_layers, n_heads, _ = w.shape
    best, found = -1.0, None
    for layer in range(n_layers):
        for head in range(n_heads):
            given = [w[s, layer, head, right[s]] for s in range(n)]
            if sum(given[: n // 2]) > best:
                best, found = sum(given[: n // 2]), (layer, head, np.mean(given[n // 2 :]))
    return found


def held_out_by_one_hot(w, right):
    given = np.einsum("slhk,sk->slh", w, np.eye(w.shape[-1])[right])
    first, second = np.split(given, 2)
    layer, head = divmod(int(first.sum(axis=0).argmax()), w.shape[2])
    return np.array([layer, head, second[:, layer, head].mean()])


def held_out_in_torch(w, right):
    w, right = torch.tensor(w), torch.tensor(right)
    given = w.gather(-1, right[:, None, None, None].expand(*w.shape[:3], 1))[..., 0]
    first, second = given.chunk(2)
    number = first.mean(dim=0).argmax()
    layer, head = number // w.shape[2], number % w.shape[2]
    return layer, head, second[:, layer, head].mean()


def changed_head(change):
    return lambda w, right: change(*held_out(w, right), *w.shape[1:3])


def changed_score(given):
    """The right head, and the mean of `given(its weights on the second half, right)`."""

    def answer(w, right):
        half, (layer, head, _) = len(right) // 2, held_out(w, right)
        return layer, head, np.mean(given(w[half:, layer, head], np.array(right[half:])))

    return answer


def chosen_by(over):
    def answer(w, right):
        scores, half = of_right(w, right), len(right) // 2
        at = np.unravel_index(over(scores[:half]).argmax(), scores.shape[1:])
        return *at, scores[half:].mean(axis=0)[at]

    return answer


def layer_first(w, right):
    scores, half = of_right(w, right), len(right) // 2
    first = scores[:half].mean(axis=0)
    layer = first.mean(axis=1).argmax()
    head = first[layer].argmax()
    return layer, head, scores[half:, layer, head].mean()


def layer_and_head_apart(w, right):
    first, second = np.split(of_right(w, right), 2)
    at = first.mean(axis=(0, 2)).argmax(), first.mean(axis=(0, 1)).argmax()
    return *at, second.mean(axis=0)[at]


def best_of_second(w, right):
    layer, head, _ = held_out(w, right)
    return layer, head, of_right(w, right)[len(right) // 2 :].mean(axis=0).max()


def first_half_of_right(w, right):
    half = right[: len(right) // 2]
    return held_out(w, half * 2)


def norm(vectors):
    return np.sqrt((vectors**2).sum(axis=-1))


def edges(w, v, w_o):
    return w * norm(v @ w_o)


def edges_by_loops(w, v, w_o):
    moved = [[sum(a * b for a, b in zip(each, column, strict=True)) for column in w_o.T.tolist()]
             for each in v.tolist()]  # fmt: skip
    return [[math.hypot(*(weight * m for m in each)) for weight, each in zip(row, moved,
             strict=True)] for row in w.tolist()]  # fmt: skip


def edge_vectors(w, v, w_o):
    return np.einsum("qk,kd,dm->qkm", w, v, w_o)


def edges_in_torch(w, v, w_o):
    w, v, w_o = map(torch.tensor, (w, v, w_o))
    return torch.linalg.vector_norm(w[:, :, None] * (v @ w_o)[None], dim=-1)


def of_edges(change):
    return lambda w, v, w_o: change(edge_vectors(w, v, w_o))


def misleading(w, lengths):
    return [i for i in range(len(w)) if w[i].argmax() != lengths[i].argmax()]


def misleading_by_sorting(w, lengths):
    found = []
    for i, (row, other) in enumerate(zip(w, lengths, strict=True)):
        if row.argsort()[-1] != max(range(len(other)), key=lambda k: other[k]):
            found.append(np.int32(i))
    return tuple(found)


def misleading_of_the_seen(w, lengths):
    """Reads each row as far as its query sees, from the second row on."""
    ends = range(1, len(w))
    return [i for i in ends if np.argmax(w[i, : i + 1]) != np.argmax(lengths[i, : i + 1])]


def where(differ):
    return lambda w, lengths: np.flatnonzero(differ(w, lengths))


def rows(change):
    return lambda w, lengths: change(np.array(misleading(w, lengths), int), w, lengths)


RIGHT = [
    ("by-chance", chance),
    ("by-chance", lambda c: chance(c & np.tri(len(c), dtype=bool))),
    ("by-chance", chance_by_loops),
    ("by-chance", chance_of_lists),
    ("by-chance", chance_by_softmax),
    ("by-chance", chance_in_torch),
    ("fair-control", control),
    ("fair-control", control_of_losses),
    ("held-out-head", held_out),
    ("held-out-head", held_out_by_loops),
    ("held-out-head", held_out_by_one_hot),
    ("held-out-head", held_out_in_torch),
    ("edge-lengths", edges),
    ("edge-lengths", edges_by_loops),
    ("edge-lengths", edges_in_torch),
    ("edge-lengths", lambda w, v, w_o: norm(edge_vectors(w, v, w_o))),
    ("edge-lengths", lambda w, v, w_o: w * np.sqrt(np.diag(v @ w_o @ w_o.T @ v.T))),
    ("misleading-rows", misleading),
    ("misleading-rows", misleading_by_sorting),
    ("misleading-rows", misleading_of_the_seen),
    ("misleading-rows", where(lambda w, lengths: w.argmax(1) != lengths.argmax(1))),
    ("misleading-rows", lambda w, lengths: torch.tensor(misleading(w, lengths))),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_right_answers_are_accepted(exercise, answer):
    assert_solved(check(exercise, answer))


def gap(scores):
    """How much the largest number leads, by which a right answer chooses."""
    first, second = np.sort(scores, axis=None)[::-1][:2]
    return first - second


def test_no_choice_hangs_on_a_tie_or_on_rounding():
    for case in reading_heads.HELD_OUT.cases():
        w, right = case.inputs
        assert gap(of_right(w, right)[: len(right) // 2].mean(axis=0)) > 1e-3
    for case in reading_heads.ROWS.cases():
        assert all(gap(row) > 1e-3 for array in case.inputs for row in array)


def test_draws_that_cost_as_much_as_the_chosen_do_so_to_the_last_bit():
    tied = 0
    for case in reading_heads.CONTROL.cases():
        loss, chosen, draws = case.inputs
        for heads in (chosen, *draws):
            assert loss(heads) * 4 == round(loss(heads) * 4)
        tied += any(loss(draw) == loss(chosen) for draw in draws)
    assert tied >= 2


def test_a_list_that_the_model_does_not_have_is_told():
    for heads, told in (
        ([(0, 7)], "no head 0.7"),
        ((0, 1), "expected, as in [(0, 1)]"),
        ([[(0, 1)], [(1, 2)]], "a list of (layer, head) is expected"),
        (None, "heads is None"),
    ):
        verdict = check("fair-control", lambda loss, chosen, draws, heads=heads: loss(heads))
        assert told in verdict.message


def changed(x):
    x += 1
    return x


def hidden(counts):
    counts &= np.tri(len(counts), dtype=bool)
    return counts


WRONG = [
    ("by-chance", "changed-inputs", lambda c: hidden(c)[0, 0], ["changed its input counts"]),
    ("by-chance", "mask-forgotten",
     chance_of(weights=lambda n: np.full((n, n), 1 / n)), ["all 4 tokens"]),
    ("by-chance", "mask-forgotten",
     chance_of(weights=lambda n: np.full((n, n), 1 / n), asked=np.copy), ["all 4 tokens"]),
    ("by-chance", "mask-forgotten", chance_of(weights=lambda n: np.tri(n) / n), ["no mask"]),
    ("by-chance", "mask-forgotten", by_loops(sees=lambda i, n: range(n)), ["no mask"]),
    ("by-chance", "query-left-out", without_itself, ["the query itself"]),
    ("by-chance", "query-left-out", lambda c: without_itself(c, np.tril), ["itself"]),
    ("by-chance", "query-left-out", by_loops(sees=others_of), ["itself"]),
    ("by-chance", "query-left-out",
     lambda c: np.mean([c[i, : i + 1].sum() / i for i in range(len(c)) if c[i, : i + 1].any()]),
     ["itself"]),
    ("by-chance", "query-left-out",
     chance_of(weights=lambda n: np.tri(n) / np.arange(n).clip(1)[:, None]), ["itself"]),
    ("by-chance", "query-left-out",
     chance_of(weights=lambda n: np.tril(even(n), -1), asked=lambda c: np.tril(c, -1)),
     ["itself"]),
    ("by-chance", "query-left-out",
     chance_of(weights=lambda n: np.tril(even(n), -1)), ["itself"]),
    ("by-chance", "first-query",
     lambda c: np.mean([c[i, : i + 1].mean() for i in range(1, len(c)) if c[i, : i + 1].any()]),
     ["query 0"]),
    ("by-chance", "after-the-query",
     chance_of(weights=lambda n: np.ones((n, n)) / np.arange(1, n + 1)[:, None]), ["after the"]),
    ("by-chance", "after-the-query",
     chance_of(weights=lambda n: 1 / np.arange(1, n + 1)[:, None], asked=np.copy), ["after the"]),
    ("by-chance", "after-the-query",
     chance_of(weights=lambda n: even(n)[::-1, ::-1], asked=np.triu), ["after the query"]),
    ("by-chance", "asked-in-vain", chance_of(asked=np.copy), ["come later"]),
    ("by-chance", "over-all-queries", chance_of(asked=np.ones_like), ["by all queries"]),
    ("by-chance", "over-all-queries",
     lambda c: (even(len(c)) * c).sum() / (len(c) - 1), ["all but the first"]),
    ("by-chance", "over-all-queries",
     lambda c: (even(len(c)) * c).sum(1)[1:].mean(), ["all but the first"]),
    ("by-chance", "summed", lambda c: (even(len(c)) * c).sum(), ["0.83", "a sum"]),
    ("by-chance", "share-of-cells",
     lambda c: c[np.tril_indices(len(c))].mean(), ["of all queries together"]),
    ("by-chance", "share-of-cells", lambda c: np.tril(c).mean(), ["of all queries together"]),
    ("by-chance", "share-of-cells", np.mean, ["of all queries together"]),
    ("by-chance", "share-of-cells",
     lambda c: sum(c[i, k] for i in range(len(c)) for k in range(i + 1))
     / sum(i + 1 for i in range(len(c)) if c[i, : i + 1].any()), ["of all queries together"]),
    ("by-chance", "one-key", by_loops(add=max), ["add up"]),
    ("by-chance", "one-key", by_loops(add=np.mean), ["add up"]),
    ("by-chance", "one-key",
     lambda c: np.mean([1 / (i + 1) for i in range(len(c)) if c[i].any()]), ["add up"]),
    ("by-chance", "queries-counted", lambda c: np.tril(c).any(1).mean(), ["as 1, or as 0"]),
    ("by-chance", "queries-counted",
     lambda c: (even(len(c)) * c).any(1)[np.tril(c).any(1)].mean(), ["as 1, or as 0"]),
    ("by-chance", "queries-counted", lambda c: c.any(1).mean(), ["as 1, or as 0"]),
    ("by-chance", "keys-counted", chance_of(weights=np.tri), ["You count keys"]),
    ("by-chance", "keys-counted", lambda c: c.sum(1)[c.any(1)].mean(), ["You count keys"]),
    ("by-chance", "divided-by-column",
     chance_of(weights=lambda n: np.tri(n) / np.arange(1, n + 1)), ["column by column"]),
    ("by-chance", "transposed", lambda c: chance(c.T), ["A row of"]),
    ("by-chance", "transposed",
     lambda c: (even(len(c)) * c).sum(0)[np.tril(c).any(1)].mean(), ["A row of"]),
    ("by-chance", "transposed",
     lambda c: (even(len(c)) * c).sum(0)[np.tril(c).any(0)].mean(), ["A row of"]),
    ("by-chance", "each-query", chance_of(over=list), ["a list of 2", "number for each query"]),
    ("by-chance", "each-query", lambda c: (even(len(c)) * c).sum(1), ["(4,)", "number for each"]),
    ("by-chance", "raised", lambda c: c[len(c)], ["IndexError"]),
    ("by-chance", "wrong-type", lambda c: "even", ["the text 'even'"]),
    ("by-chance", "wrong-shape", lambda c: c, ["(4, 4)"]),
    ("by-chance", "not-finite", lambda c: np.nan, ["nan"]),
    ("by-chance", "not-a-function", 0.5, ["f(counts)"]),
    ("by-chance", "arguments", lambda weights, counts: 0.5, ["f(counts)"]),
    ("by-chance", "unrecognised", by_loops(over=max), ["by hand", "0.50", "0.42"]),
    ("fair-control", "changed-inputs",
     lambda loss, chosen, draws: draws.pop() and (0, 0, 0), ["changed its input draws"]),
    ("fair-control", "reordered", lambda *i: control(*i)[::-1], ["another order"]),
    ("fair-control", "reordered",
     lambda *i: (control(*i)[1], control(*i)[0], control(*i)[2]), ["another order"]),
    ("fair-control", "loss-not-rise",
     lambda loss, chosen, draws: (
         loss(chosen), np.mean([loss(d) for d in draws]),
         np.mean([loss(d) >= loss(chosen) for d in draws])), ["the loss itself"]),
    ("fair-control", "loss-not-rise",
     in_place(1, lambda loss, cost, costs: costs.mean() + loss([])), ["the loss itself"]),
    ("fair-control", "sign", in_place(0, lambda loss, cost, costs: -cost), ["*rises*"]),
    ("fair-control", "sign", in_place(1, lambda loss, cost, costs: -costs.mean()), ["*rises*"]),
    ("fair-control", "no-sign", in_place(0, lambda loss, cost, costs: abs(cost)), ["below 0"]),
    ("fair-control", "no-sign",
     in_place(1, lambda loss, cost, costs: costs.clip(0).mean()), ["below 0"]),
    ("fair-control", "ratio",
     in_place(0, lambda loss, cost, costs: cost / loss([])), ["a difference"]),
    ("fair-control", "ratio",
     in_place(1, lambda loss, cost, costs: costs.mean() / loss([]) + 1), ["a difference"]),
    ("fair-control", "one-by-one",
     lambda loss, chosen, draws: (
         apart(loss, chosen), np.mean([apart(loss, d) for d in draws]),
         np.mean([apart(loss, d) >= apart(loss, chosen) for d in draws])), ["as a whole"]),
    ("fair-control", "one-by-one",
     lambda loss, chosen, draws: (
         control(loss, chosen, draws)[0], apart(loss, flat(draws)) / len(flat(draws)), 0.25),
     ["as a whole"]),
    ("fair-control", "draws-together",
     lambda loss, chosen, draws: (
         loss(chosen) - loss([]), loss(flat(draws)) - loss([]), loss(flat(draws)) >= loss(chosen)),
     ["all draws at once"]),
    ("fair-control", "draws-together",
     lambda loss, chosen, draws: (loss(chosen) - loss([]), loss(draws) - loss([]), 0),
     ["a list of 4", "all draws at once"]),
    ("fair-control", "with-the-chosen", mean_with(lambda chosen, draw: chosen + draw), ["stay"]),
    ("fair-control", "one-draw", in_place(1, lambda loss, cost, costs: costs[0]), ["lucky"]),
    ("fair-control", "one-draw", in_place(1, lambda loss, cost, costs: costs[-1]), ["lucky"]),
    ("fair-control", "one-of-the-costs",
     in_place(1, lambda loss, cost, costs: costs.max()), ["largest"]),
    ("fair-control", "one-of-the-costs",
     in_place(1, lambda loss, cost, costs: np.median(costs)), ["middle"]),
    ("fair-control", "summed", in_place(1, lambda loss, cost, costs: costs.sum()), ["add up"]),
    ("fair-control", "against-each-other",
     in_place(1, lambda loss, cost, costs: cost - costs.mean()), ["draws from the chosen"]),
    ("fair-control", "against-each-other",
     in_place(1, lambda loss, cost, costs: costs.mean() / cost), ["draws from the chosen"]),
    ("fair-control", "against-each-other",
     in_place(0, lambda loss, cost, costs: cost - costs.mean()), ["chosen from the draws"]),
    ("fair-control", "chosen-among-the-draws",
     lambda loss, chosen, draws: (
         control(loss, chosen, draws)[0], *control(loss, chosen, [*draws, chosen])[1:]),
     ["one of the draws"]),
    ("fair-control", "chosen-among-the-draws",
     in_place(2, lambda loss, cost, costs: (1 + sum(costs >= cost)) / (1 + len(costs))),
     ["one of the draws"]),
    ("fair-control", "more-than-the-chosen",
     in_place(2, lambda loss, cost, costs: np.mean(costs > cost)), ["*At least as much*"]),
    ("fair-control", "those-that-cost-less",
     in_place(2, lambda loss, cost, costs: np.mean(costs < cost)), ["cost less"]),
    ("fair-control", "those-that-cost-less",
     in_place(2, lambda loss, cost, costs: np.mean(costs <= cost)), ["cost less"]),
    ("fair-control", "not-a-share",
     in_place(2, lambda loss, cost, costs: sum(costs >= cost)), ["between 0 and 1"]),
    ("fair-control", "one-comparison",
     in_place(2, lambda loss, cost, costs: costs.mean() >= cost), ["true or false"]),
    ("fair-control", "one-comparison",
     in_place(2, lambda loss, cost, costs: cost > costs.mean()), ["true or false"]),
    ("fair-control", "loss-against-rise",
     in_place(2, lambda loss, cost, costs: np.mean(costs + loss([]) >= cost)), ["two costs"]),
    ("fair-control", "raised", lambda loss, chosen, draws: loss(), ["TypeError"]),
    ("fair-control", "wrong-type", lambda *i: "dear", ["the text 'dear'"]),
    ("fair-control", "wrong-type", lambda loss, c, d: (loss(c), [loss(e) for e in d]), ["tuple"]),
    ("fair-control", "wrong-shape", lambda *i: control(*i)[:2], ["(2,)"]),
    ("fair-control", "not-finite", lambda *i: (0.1, np.inf, 0), ["inf"]),
    ("fair-control", "not-a-function", (1, 2, 3), ["f(loss, chosen, draws)"]),
    ("fair-control", "arguments", lambda loss, chosen: 1, ["f(loss, chosen, draws)"]),
    ("fair-control", "unrecognised",
     in_place(2, lambda loss, cost, costs: 0.3), ["share of the draws is 0.30"]),
    ("fair-control", "unrecognised",
     in_place(1, lambda loss, cost, costs: costs.std()), ["mean cost of the draws"]),
    ("held-out-head", "changed-inputs",
     lambda w, right: right.reverse() or (0, 0, 0), ["changed its input right"]),
    ("held-out-head", "exchanged",
     changed_head(lambda layer, head, score, *_: (head, layer, score)), ["changed places"]),
    ("held-out-head", "from-one",
     changed_head(lambda layer, head, score, *_: (layer + 1, head + 1, score)), ["from 0"]),
    ("held-out-head", "numbered",
     changed_head(lambda layer, head, score, _, h: (layer * h + head, score)), ["through"]),
    ("held-out-head", "numbered",
     changed_head(lambda layer, head, score, n, h: (*divmod(layer * h + head, n), score)),
     ["through"]),
    ("held-out-head", "chosen-on-all", by_halves(ALL, SECOND), ["no say"]),
    ("held-out-head", "chosen-on-all", by_halves(ALL, ALL), ["no say"]),
    ("held-out-head", "judged-on-the-first-half", by_halves(FIRST, FIRST), ["chosen by"]),
    ("held-out-head", "judged-on-all", by_halves(FIRST, ALL), ["over all sentences"]),
    ("held-out-head", "best-on-the-second-half", by_halves(SECOND, SECOND), ["chooses nothing"]),
    ("held-out-head", "best-on-the-second-half", best_of_second, ["chooses nothing"]),
    ("held-out-head", "halves-exchanged", by_halves(SECOND, FIRST), ["judge on the first"]),
    ("held-out-head", "every-other-sentence",
     by_halves(("0", "n", "2"), ("1", "n", "2")), ["every other"]),
    ("held-out-head", "few-sentences", by_halves(("0", "1"), SECOND), ["one sentence"]),
    ("held-out-head", "few-sentences", by_halves(FIRST, ("n-1", "n")), ["one sentence"]),
    ("held-out-head", "another-half", by_halves(FIRST, ("n//2+1", "n")), ["not equal"]),
    ("held-out-head", "another-half", by_halves(("0", "n//2+1"), SECOND), ["not equal"]),
    ("held-out-head", "other-places", first_half_of_right, ["place of its own"]),
    ("held-out-head", "other-places",
     by_halves(FIRST, SECOND, lambda w, right: w[:, :, :, right[0]]), ["place of its own"]),
    ("held-out-head", "other-places",
     by_halves(FIRST, SECOND, lambda w, right: w[:, :, :, right].mean(-1)), ["place of its own"]),
    ("held-out-head", "whatever-word",
     by_halves(FIRST, SECOND, lambda w, right: w.max(axis=-1)), ["whatever word"]),
    ("held-out-head", "counted",
     by_halves(FIRST, SECOND,
               lambda w, right: w.argmax(-1) == np.array(right)[:, None, None]), ["count"]),
    ("held-out-head", "counted",
     changed_score(lambda own, right: own.argmax(axis=-1) == right), ["count"]),
    ("held-out-head", "whatever-word",
     changed_score(lambda own, right: own.max(axis=-1)), ["whatever word"]),
    ("held-out-head", "not-the-mean", chosen_by(lambda s: s.max(axis=0)), ["*on average*"]),
    ("held-out-head", "not-the-mean",
     chosen_by(lambda s: np.median(s, axis=0)), ["*on average*"]),
    ("held-out-head", "summed",
     lambda w, right: (*held_out(w, right)[:2], held_out(w, right)[2] * len(w) / 2), ["a sum"]),
    ("held-out-head", "layer-and-head-apart", layer_first, ["best layer"]),
    ("held-out-head", "layer-and-head-apart",
     layer_and_head_apart, ["best layer"]),
    ("held-out-head", "raised", lambda w, right: w[len(right)], ["IndexError"]),
    ("held-out-head", "wrong-type", lambda w, right: ((0, 1), 0.3), ["a tuple of 2"]),
    ("held-out-head", "wrong-shape", lambda w, right: held_out(w, right)[2], ["()"]),
    ("held-out-head", "not-finite", lambda w, right: (0, 1, np.nan), ["nan"]),
    ("held-out-head", "not-a-function", (0, 1, 0.3), ["f(weights, right)"]),
    ("held-out-head", "arguments", lambda w: (0, 1, 0.3), ["f(weights, right)"]),
    ("held-out-head", "unrecognised",
     by_halves(FIRST, SECOND, lambda w, right: -of_right(w, right)),
     ["Expected is head", "Begin with"]),
    ("edge-lengths", "changed-inputs", lambda w, v, w_o: changed(w), ["its input weights"]),
    ("edge-lengths", "before-w-o", lambda w, v, w_o: w * norm(v), ["before w_o"]),
    ("edge-lengths", "w-o-transposed", lambda w, v, w_o: w * norm(v @ w_o.T), ["turned over"]),
    ("edge-lengths", "no-weight", lambda w, v, w_o: norm(v @ w_o) + 0 * w, ["no part"]),
    ("edge-lengths", "no-weight", lambda w, v, w_o: norm(v @ w_o), ["no part"]),
    ("edge-lengths", "squared", of_edges(lambda e: (e**2).sum(axis=-1)), ["its root"]),
    ("edge-lengths", "weight-twice", lambda w, v, w_o: w * edges(w, v, w_o), ["twice"]),
    ("edge-lengths", "all-keys-together", lambda w, v, w_o: norm(w @ v @ w_o), ["own part"]),
    ("edge-lengths", "all-keys-together",
     of_edges(lambda e: norm(e).sum(axis=1)), ["own part"]),
    ("edge-lengths", "vectors", edge_vectors, ["left to be taken"]),
    ("edge-lengths", "another-size", of_edges(lambda e: e.sum(axis=-1)), ["another way"]),
    ("edge-lengths", "another-size", of_edges(lambda e: abs(e).sum(axis=-1)), ["another way"]),
    ("edge-lengths", "another-size",
     of_edges(lambda e: (e**2).mean(axis=-1) ** 0.5), ["another way"]),
    ("edge-lengths", "lengths-multiplied",
     lambda w, v, w_o: w * norm(v) * np.sqrt((w_o**2).sum()), ["where the value points"]),
    ("edge-lengths", "over-the-keys",
     lambda w, v, w_o: w * np.linalg.norm(v @ w_o), ["whole array"]),
    ("edge-lengths", "over-the-keys",
     of_edges(lambda e: np.linalg.norm(e, axis=1)), ["along the keys"]),
    ("edge-lengths", "over-the-keys",
     lambda w, v, w_o: w * np.linalg.norm(v @ w_o, axis=0), ["along the keys"]),
    ("edge-lengths", "value-of-the-query",
     lambda w, v, w_o: w * norm(v @ w_o)[:, np.newaxis], ["at the query"]),
    ("edge-lengths", "turned", lambda w, v, w_o: edges(w, v, w_o).T, ["changed places"]),
    ("edge-lengths", "shares",
     lambda w, v, w_o: edges(w, v, w_o) / edges(w, v, w_o).sum(1)[:, None], ["shares"]),
    ("edge-lengths", "raised", lambda w, v, w_o: w_o @ v, ["ValueError"]),
    ("edge-lengths", "wrong-type", lambda w, v, w_o: "long", ["the text 'long'"]),
    ("edge-lengths", "wrong-shape", lambda w, v, w_o: v @ w_o, ["(3, 4)"]),
    ("edge-lengths", "not-finite", lambda w, v, w_o: np.log(0 * w), ["-inf"]),
    ("edge-lengths", "not-a-function", np.eye(2), ["f(weights, values, w_o)"]),
    ("edge-lengths", "arguments", lambda w, v: w, ["f(weights, values, w_o)"]),
    ("edge-lengths", "unrecognised", lambda w, v, w_o: w, ["by hand"]),
    ("misleading-rows", "changed-inputs",
     lambda w, lengths: changed(lengths) is None or [1], ["its input lengths"]),
    ("misleading-rows", "those-that-agree",
     where(lambda w, lengths: w.argmax(1) == lengths.argmax(1)), ["The others"]),
    ("misleading-rows", "along-the-queries",
     where(lambda w, lengths: w.argmax(0) != lengths.argmax(0)), ["along the row"]),
    ("misleading-rows", "keys", rows(lambda found, w, lengths: w[found].argmax(1)), ["keys"]),
    ("misleading-rows", "keys",
     rows(lambda found, w, lengths: lengths[found].argmax(1)), ["keys"]),
    ("misleading-rows", "first-row-left-out",
     lambda w, lengths: misleading(w[1:], lengths[1:]), ["leave out"]),
    ("misleading-rows", "from-one", rows(lambda found, w, lengths: found + 1), ["from 1"]),
    ("misleading-rows", "how-many", rows(lambda found, w, lengths: len(found)), ["one number"]),
    ("misleading-rows", "how-many",
     rows(lambda found, w, lengths: len(found) / len(w)), ["one number"]),
    ("misleading-rows", "truth-values",
     lambda w, lengths: w.argmax(1) != lengths.argmax(1), ["truth value"]),
    ("misleading-rows", "in-brackets",
     lambda w, lengths: np.where(w.argmax(1) != lengths.argmax(1)), ["brackets"]),
    ("misleading-rows", "in-brackets",
     lambda w, lengths: np.argwhere(w.argmax(1) != lengths.argmax(1)), ["brackets"]),
    ("misleading-rows", "numbers-compared",
     where(lambda w, lengths: w.max(1) != lengths.max(1)), ["*where*"]),
    ("misleading-rows", "whole-order",
     where(lambda w, lengths: (w.argsort(1) != lengths.argsort(1)).any(1)), ["whole order"]),
    ("misleading-rows", "lightest",
     where(lambda w, lengths: w.argmin(1) != lengths.argmin(1)), ["lightest"]),
    ("misleading-rows", "first-key-left-out",
     where(lambda w, lengths: w[:, 1:].argmax(1) != lengths[:, 1:].argmax(1)), ["first key"]),
    ("misleading-rows", "raised", lambda w, lengths: w[len(w)], ["IndexError"]),
    ("misleading-rows", "wrong-type", lambda w, lengths: {1}, ["a set"]),
    ("misleading-rows", "wrong-shape", lambda w, lengths: w, ["(4, 4)"]),
    ("misleading-rows", "not-finite", lambda w, lengths: [1, np.nan], ["nan"]),
    ("misleading-rows", "not-a-function", [1], ["f(weights, lengths)"]),
    ("misleading-rows", "arguments", lambda w: [1], ["f(weights, lengths)"]),
    ("misleading-rows", "unrecognised", lambda w, lengths: [], ["Expected: 1, 3"]),
    ("misleading-rows", "unrecognised",
     lambda w, lengths: misleading(w, lengths)[::-1], ["Your queries: 3, 1"]),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(reading_heads, WRONG)
