"""Chapter "Long texts", tiles, masks and steps: right answers pass, wrong ones meet their hints."""

import itertools
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import check, exercises, long_texts, recurrence, tiles
from attnlib.partial import Part
from tests.exercises.judging import (
    assert_every_diagnosis_is_met,
    assert_hints_stay_where_a_corner_is_treated_apart,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")

INF = math.inf
IDS = ("online-softmax", "merge-two", "window-kept", "one-step")


# --- right answers, and what wrong ones are made of


def hidden_altogether(scores):
    return scores.max() == -INF


def online(
    given,
    fade=lambda old, new: np.exp(old - new),
    fade_sum=None,
    own=None,
    told=None,
    empty=hidden_altogether,
):
    """The online softmax; `own` is the top that a tile's scores are taken from."""
    top, total, mixed, states = -INF, 0.0, 0.0, []
    for scores, values in given:
        new = max(top, scores.max())
        if not empty(scores):
            powers = np.exp(scores - (own or max)(scores.max(), new))
            total = (fade_sum or fade)(top, new) * total + powers.sum()
            mixed = fade(top, new) * mixed + powers @ values
            top = new
        zeros = np.zeros(values.shape[1])
        output = mixed / total if total else zeros
        states.append(told(top, total, mixed + zeros, output) if told else (top, total, output))
    return states


def online_of(**changed):
    return lambda given: online(given, **changed)


def by_loops(given):
    """With Python's own numbers, all in loops, and a running mixture that is always divided."""
    top, total, output, states = -math.inf, 0.0, None, []
    for scores, values in given:
        output = output or [0.0] * values.shape[1]
        for score, value in zip(scores.tolist(), values.tolist(), strict=True):
            if score == -math.inf:
                continue
            new = max(top, score)
            before, power = total * math.exp(top - new), math.exp(score - new)
            top, total = new, before + power
            output = [(o * before + v * power) / total for o, v in zip(output, value, strict=True)]
        states.append([top, total, output])
    return states


def by_copies(given):
    """Keeps everything, copied: right, and more memory than there is."""
    seen, mixed = np.array([]), []
    for scores, values in given:
        seen, mixed = np.append(seen, scores), [*mixed, *values.tolist()]
        top = seen.max()
        if top == -INF:
            yield top, 0, np.zeros(values.shape[1])
            continue
        powers = np.exp(seen - top)
        yield top, powers.sum(), powers / powers.sum() @ np.array(mixed)


def copied_first(given):
    """One array of all tiles, and then the loop."""
    scores, values = zip(*((s.copy(), v.copy()) for s, v in given), strict=True)
    scores, values = np.split(np.hstack(scores), np.cumsum([len(s) for s in scores])[:-1]), values
    return online(zip(scores, values, strict=True))


def with_scores_kept(given):
    """The values are mixed on the way, and every score is kept."""
    seen = []

    def noted():
        for scores, values in given:
            seen.extend(scores)
            yield scores, values

    return online(noted())


def in_lists(given):
    return online([(np.array(s.tolist()), np.array(v.tolist())) for s, v in given])


def from_the_previous(given):
    """A copy of one tile at a time, and the state read from the triple before."""
    states = [(-INF, 0.0, None)]
    for scores, values in given:
        copies = scores.copy(), values.copy()
        states.append(after(states[-1], *copies))
    return states[1:]


def after(state, scores, values):
    top, total, output = state
    output = np.zeros(values.shape[1]) if output is None else output
    new = max(top, scores.max())
    if new == -INF:
        return top, total, output
    before, powers = total * np.exp(top - new), np.exp(scores - new)
    total = before + powers.sum()
    return new, total, (before * output + powers @ values) / total


def by_accumulate(given):
    start = (-INF, 0.0, None)
    steps = itertools.accumulate(given, lambda state, tile: after(state, *tile), initial=start)
    return list(steps)[1:]


def by_parts(given):
    """attnlib's own parts, merged."""
    part, states = None, []
    for scores, values in given:
        keep = np.isfinite(scores)[None]
        k = np.where(keep[0], scores, 0.0)[:, None]
        new = al.partial_attention(np.ones((1, 1)), k, values.copy(), mask=keep, scale=1.0)
        part = new if part is None else al.merge(part, new)
        states.append((part.top[0], part.total[0], part.output[0]))
    return tuple(states)


def in_torch(given):
    top, total, mixed, states = torch.tensor(-INF).double(), torch.tensor(0.0), 0.0, []
    for scores, values in given:
        scores, values = torch.from_numpy(scores), torch.from_numpy(values)
        new = torch.maximum(top, scores.max())
        safe = new if torch.isfinite(new) else torch.tensor(0.0)
        powers = torch.exp(scores - safe)
        total = torch.exp(top - safe) * total + powers.sum()
        mixed = torch.exp(top - safe) * mixed + powers @ values
        top = new
        states.append((top, total, mixed / total.clamp(min=1e-300)))
    return states


def peeking(given):
    """Takes the first tile by hand."""
    given = iter(given)
    first = tuple(array.copy() for array in next(given))
    return online(itertools.chain([first], given))


def naive(given, told=lambda total, top: total):
    """Without a top, and the total made from it afterwards."""
    total, mixed, top, states = 0.0, 0.0, -INF, []
    for scores, values in given:
        top = max(top, scores.max())
        total, mixed = total + np.exp(scores).sum(), mixed + np.exp(scores) @ values
        output = mixed / total if total else np.zeros(values.shape[1])
        states.append((top, told(total, top), output))
    return states


def scaled_back(total, top):
    return total * np.exp(-top) if total else 0.0


def naive_loops(given):
    total, mixed, top, states = 0.0, 0.0, -INF, []
    for scores, values in given:
        top = max(top, *scores.tolist())
        for score, value in zip(scores.tolist(), values, strict=True):
            total, mixed = total + math.exp(score), mixed + math.exp(score) * value
        states.append((top, scaled_back(total, top), mixed / total if total else 0 * mixed))
    return states


def unguarded(given):
    top, total, mixed, states = -INF, 0.0, 0.0, []
    for scores, values in given:
        new = np.maximum(top, scores.max())
        fade, powers = np.exp(top - new), np.exp(scores - new)
        total, mixed, top = fade * total + powers.sum(), fade * mixed + powers @ values, new
        states.append((top, total, mixed / total))
    return states


def from_a_low_number(given, start=-1e9):
    top, total, mixed, states = start, 0.0, 0.0, []
    for scores, values in given:
        new = max(top, scores.max())
        fade, powers = np.exp(top - new), np.exp(scores - new)
        total, mixed, top = fade * total + powers.sum(), fade * mixed + powers @ values, new
        states.append((top, total, mixed / total if total else 0 * mixed))
    return states


def inverted(given):
    top, total, mixed, states = -INF, 0.0, 0.0, []
    for scores, values in given:
        new = np.maximum(top, scores.max())
        rise, powers = np.exp(new - top), np.exp(scores - new)
        total, mixed, top = rise * total + powers.sum(), rise * mixed + powers @ values, new
        states.append((top, total, mixed / total))
    return states


def late(given):
    top, total, mixed, states = -INF, 0.0, 0.0, []
    for scores, values in given:
        new = max(top, scores.max())
        if new > -INF:
            total += np.exp(scores - new).sum()
            mixed = mixed + np.exp(scores - new) @ values
            if new > top > -INF:
                total, mixed = total * np.exp(top - new), mixed * np.exp(top - new)
        top = new
        states.append((top, total, mixed / total if total else np.zeros(values.shape[1])))
    return states


def rising(old, new):
    return 1.0 if old == -INF else np.exp(new - old)


def flash_forgetting(given):
    """The old output is faded, and its total forgotten."""
    top, total, output, states = -INF, 0.0, 0.0, []
    for scores, values in given:
        new = max(top, scores.max())
        if scores.max() > -INF:
            powers, fade = np.exp(scores - new), np.exp(top - new)
            total = fade * total + powers.sum()
            output, top = (fade * output + powers @ values) / total, new
        states.append((top, total, output + np.zeros(values.shape[1])))
    return states


def flash_unguarded(given):
    top, total, output, states = -INF, 0.0, 0.0, []
    for scores, values in given:
        new = np.maximum(top, scores.max())
        powers, fade = np.exp(scores - new), np.exp(top - new)
        total, top = fade * total + powers.sum(), new
        output = (fade * output + powers @ values) / total
        states.append((top, total, output))
    return states


def weights_of_then(given):
    top, total, output, states = -INF, 0.0, 0.0, []
    for scores, values in given:
        new = np.maximum(top, scores.max())
        powers = np.exp(scores - new)
        total, top = np.exp(top - new) * total + powers.sum(), new
        output = output + (powers / total) @ values
        states.append((top, total, output))
    return states


def in_place(given):
    top, total, output, states = -INF, 0.0, None, []
    for scores, values in given:
        output = np.zeros(values.shape[1]) if output is None else output
        new = max(top, scores.max())
        if scores.max() > -INF:
            powers, before = np.exp(scores - new), np.exp(top - new) * total
            top, total = new, before + powers.sum()
            output *= before / total
            output += powers @ values / total
        states.append((top, total, output))
    return states


def alone(scores, values):
    return online([(scores, values)])[0]


def with_outputs(given, output):
    """Right tops and totals, and an output made of the tiles' own, `(top, total, output)`."""
    copies = [(scores.copy(), values.copy()) for scores, values in given]
    seen, states = [], []
    for (scores, values), (top, total, _) in zip(copies, online(copies), strict=True):
        if np.isfinite(scores).any():
            seen.append((*alone(scores, values), len(scores)))
        states.append((top, total, output(seen) if seen else np.zeros(values.shape[1])))
    return states


def with_outputs_of(output):
    return lambda given: with_outputs(given, output)


def mean_with_empties(given):
    """By attnlib's softmax, which gives an empty tile no weights: its output is 0."""
    top, outputs, states = -INF, [], []
    for scores, values in given:
        top = max(top, scores.max())
        outputs.append(al.softmax(scores) @ values)
        states.append((top, 1.0, np.mean(outputs, axis=0)))
    return states


def running_mean(seen):
    mean = seen[0][2]
    for each in seen[1:]:
        mean = (mean + each[2]) / 2
    return mean


def collected(given):
    """All tiles in a list first: each is the same memory."""
    return online(list(given))


def topped_by_tiles(given):
    copies = [(scores.copy(), values.copy()) for scores, values in given]
    pairs = zip(online(copies), copies, strict=True)
    return [(scores.max(), *state[1:]) for state, (scores, _) in pairs]


def only_last_divided(given):
    *states, last = online(given, told=lambda *state: state)
    return [*(state[:3] for state in states), (*last[:2], last[3])]


def whole(seen):
    scores = np.concatenate([s for s, _ in seen])
    return alone(scores, np.concatenate([v for _, v in seen]))


def kept_by_reference(given):
    seen, states = [], []
    for scores, values in given:
        seen.append((scores, values))
        states.append(whole(seen))
    return states


def values_by_reference(given):
    scores, rows, states = [], [], []
    for s, v in given:
        scores += s.tolist()
        rows += list(v)
        states.append(alone(np.array(scores), np.array(rows)))
    return states


def changed_state(change):
    return lambda given: [change(*state) for state in online(given)]


def two_passes(given):
    top = max(scores.max() for scores, _ in given)
    return [(top, np.exp(scores - top).sum(), values[0]) for scores, values in given]


def merged(a, b, top=max, fade=lambda own, top: np.exp(own - top)):
    if a[0] == b[0] == -INF:
        return b
    new = top(a[0], b[0])
    x, y = (each[1] * fade(each[0], new) for each in (a, b))
    return new, x + y, (x * a[2] + y * b[2]) / (x + y)


def merged_by_logs(a, b):
    with np.errstate(all="ignore"):
        logs = torch.tensor([a[0], b[0]]).double() + torch.tensor([a[1], b[1]]).double().log()
    top = torch.tensor([a[0], b[0]]).max()
    weights = torch.nan_to_num(torch.softmax(logs, 0))
    outputs = torch.tensor(np.array([a[2], b[2]]))
    total = torch.exp(logs.logsumexp(0) - top) if top > -INF else torch.tensor(0.0)
    return top, total, weights @ outputs


def merged_in_lists(a, b):
    if not a[1] or not b[1]:
        return list(a if a[1] else b)
    (low, s, x), (high, t, y) = sorted((a, b), key=lambda part: part[0])
    s = s * math.exp(low - high)
    return [high, s + t, [(s * p + t * q) / (s + t) for p, q in zip(x, y, strict=True)]]


def merged_as_parts(a, b):
    parts = [Part(p[2][None], np.array([p[0]]), np.array([p[1]])) for p in (a, b)]
    both = al.merge(*parts)
    return both.top[0], both.total[0], both.output[0]


def merged_in(which, change):
    """The right merge, but for one part: `change(a, b)`."""

    def answer(a, b):
        came = list(merged(a, b))
        with np.errstate(all="ignore"):
            came[which] = change(a, b)
        return tuple(came)

    return answer


def mean_by(weights):
    def mean(a, b):
        x, y = weights(a, b)
        return (x * a[2] + y * b[2]) / (x + y)

    return merged_in(2, mean)


def faded(a, b):
    top = max(a[0], b[0])
    return [np.exp(p[0] - top) if p[0] > -INF else 0.0 for p in (a, b)]


def shares(a, b):
    return [f * p[1] for f, p in zip(faded(a, b), (a, b), strict=True)]


def merged_naively(a, b):
    x, y = (p[1] * np.exp(p[0]) for p in (a, b))
    top = max(a[0], b[0])
    if top == -INF:
        return a
    return top, (x + y) * np.exp(-top), (x * a[2] + y * b[2]) / (x + y)


def merged_unguarded(a, b):
    top = max(a[0], b[0])
    x, y = (p[1] * np.exp(p[0] - top) for p in (a, b))
    return top, x + y, (x * a[2] + y * b[2]) / (x + y)


def one_way(a, b):
    """As in the loop over tiles, where the new part was measured from the common top."""
    top = max(a[0], b[0])
    if top == -INF:
        return a
    x, y = a[1] * np.exp(a[0] - top), b[1]
    return top, x + y, (x * a[2] + y * b[2]) / (x + y)


def from_tops_of_a(a, b):
    if -INF in (a[0], b[0]):
        return a if b[0] == -INF else b
    y = b[1] * np.exp(b[0] - a[0])
    return a[0], a[1] + y, (a[1] * a[2] + y * b[2]) / (a[1] + y)


def emptied(a, b):
    came = merged(a, b)
    a[2][:] = 0
    return came


def masked(may_look):
    return lambda n, w, kept: [[bool(may_look(i, j, w, kept)) for j in range(n)] for i in range(n)]


def near(i, j, w):
    return i - w < j <= i


def early(i, j, kept):
    return j <= i and j < kept


@masked
def window_loops(i, j, w, kept):
    return near(i, j, w) or early(i, j, kept)


def window_by_cuts(n, window, kept):
    mask = np.tri(n, dtype=bool) & ~np.tri(n, k=-window, dtype=bool)
    mask[:, :kept] = True
    return np.tril(mask)


def opened(part):
    """A window, and a part of the mask that is opened as it is."""

    def mask(n, window, kept):
        mask = np.tri(n, dtype=bool) & ~np.tri(n, k=-window, dtype=bool)
        part(mask, kept)[:] = True
        return mask

    return mask


def window_by_slices(early):
    """A slice whose start is below 0 begins at the end; `early` says what of it is kept."""

    def mask(n, window, kept):
        mask, first = np.zeros((n, n), bool), np.zeros((n, n), bool)
        first[:, :kept] = True
        for i in range(n):
            mask[i, i - window + 1 : i + 1] = True
        return mask | early(first)

    return mask


def window_in_torch(n, window, kept):
    mask = torch.ones(n, n, dtype=torch.bool).tril().triu(1 - window)
    mask[:, :kept] = True
    return mask.tril()


def read(q, s, z):
    return q @ s / (q @ z), (s, z)


def step(q, k, v, state):
    return read(q, state[0] + np.outer(k, v), state[1] + k)


def step_by_loops(q, k, v, state):
    s = [[x + key * value for x, value in zip(row, v, strict=True)]
         for row, key in zip(state[0].tolist(), k, strict=True)]  # fmt: skip
    z = [x + key for x, key in zip(state[1], k, strict=True)]
    total = sum(a * b for a, b in zip(q, z, strict=True))
    columns = zip(*s, strict=True)
    output = [sum(a * b for a, b in zip(q, column, strict=True)) / total for column in columns]
    return [output, [s, z]]


def step_in_torch(q, k, v, state):
    q, k, v, s, z = (torch.tensor(x) for x in (q, k, v, *state))
    s, z = s + torch.einsum("i,j->ij", k, v), z + k
    return torch.einsum("i,ij->j", q, s) / ((q * z).sum() + 1e-9), (s, z)


def stepped(change):
    """`change(q, k, v, s, z, new s, new z)` gives output and new state."""

    def answer(q, k, v, state):
        _, (s, z) = step(q, k, v, state)
        return change(q, k, v, *state, s, z)

    return answer


def step_in_place(q, k, v, state):
    s, z = state
    s += k[:, None] * v
    z += k
    return read(q, s, z)


RIGHT = [
    ("online-softmax", online),
    ("online-softmax", by_loops),
    ("online-softmax", from_the_previous),
    ("online-softmax", by_accumulate),
    ("online-softmax", by_parts),
    ("online-softmax", in_torch),
    ("online-softmax", peeking),
    ("online-softmax", lambda given: np.array(online(given), dtype=object)),
    ("online-softmax", lambda given: (each for each in online(given))),
    ("merge-two", merged),
    ("merge-two", merged_by_logs),
    ("merge-two", merged_in_lists),
    ("merge-two", merged_as_parts),
    ("merge-two", lambda a, b: merged(b, a)),
    ("window-kept", window_loops),
    ("window-kept", window_by_cuts),
    ("window-kept", window_in_torch),
    ("window-kept", lambda n, window, kept: al.window_mask(n, window=window, kept=kept)),
    ("one-step", step),
    ("one-step", step_by_loops),
    ("one-step", step_in_torch),
    ("one-step", lambda *inputs: tuple(map(tuple, step_by_loops(*inputs)))),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


WRONG = [
    ("online-softmax", "taken-otherwise", two_passes, ["each comes once"]),
    ("online-softmax", "taken-otherwise", lambda given: [len(given)], ["no len()"]),
    ("online-softmax", "taken-otherwise", lambda given: [given[0]], ["no second look"]),
    ("online-softmax", "only-the-last", lambda given: online(given)[-1], ["known at the end"]),
    ("online-softmax", "only-the-last", lambda given: [online(given)[-1]], ["with 3 triples"]),
    ("online-softmax", "passed-over",
     lambda given: online(list((s.copy(), v.copy()) for s, v in given if s.max() > -INF)),
     ["too short"]),
    ("online-softmax", "used-again", collected, ["the first tile's arrays hold other numbers"]),
    ("online-softmax", "used-again", kept_by_reference, ["used again"]),
    ("online-softmax", "used-again", values_by_reference, ["used again"]),
    ("online-softmax", "all-kept", by_copies, ["16,384 scores", "MemoryError"]),
    ("online-softmax", "all-kept", copied_first, ["there is no room for the next tile"]),
    ("online-softmax", "all-kept", with_scores_kept, ["you still hold"]),
    ("online-softmax", "all-kept", in_lists, ["you still hold"]),
    ("online-softmax", "one-array", in_place, ["the same array"]),
    ("online-softmax", "each-tile-alone",
     lambda given: [alone(*tile) for tile in given], ["within a tile alone"]),
    ("online-softmax", "each-tile-alone",
     online_of(fade=lambda old, new: 0.0, fade_sum=lambda old, new: np.exp(old - new)),
     ["What came before"]),
    ("online-softmax", "three-lists",
     lambda given: list(map(list, zip(*online(given), strict=True))), ["You return three lists"]),
    ("online-softmax", "corrected-too-late", late, ["made with the new top"]),
    ("online-softmax", "top-of-the-tile",
     topped_by_tiles, ["largest score of the tile"]),
    ("online-softmax", "top-from-zero",
     lambda given: from_a_low_number(given, start=0.0), ["begins at 0"]),
    ("online-softmax", "no-correction", online_of(fade=lambda old, new: 1.0), ["corrected"]),
    ("online-softmax", "dropped", online_of(fade=lambda old, new: old == new), ["begin anew"]),
    ("online-softmax", "output-not-corrected",
     online_of(fade=lambda old, new: 1.0, fade_sum=lambda old, new: np.exp(old - new)),
     ["Your totals are right", "after tile 1"]),
    ("online-softmax", "total-not-corrected",
     online_of(fade_sum=lambda old, new: 1.0), ["under the old top"]),
    ("online-softmax", "wrong-sign", online_of(fade=rising), ["larger when the top rises"]),
    ("online-softmax", "wrong-sign", online_of(fade_sum=rising), ["count for less"]),
    ("online-softmax", "tile-not-corrected",
     online_of(own=lambda largest, new: largest), ["the tile's own largest"]),
    ("online-softmax", "old-total-forgotten", flash_forgetting, ["count as one word"]),
    ("online-softmax", "old-total-forgotten", flash_unguarded, ["count as one word"]),
    ("online-softmax", "old-weights-stay", weights_of_then, ["The total has grown"]),
    ("online-softmax", "undivided",
     online_of(told=lambda top, total, mixed, output: (top, total, mixed)), ["sum to 1"]),
    ("online-softmax", "undivided",
     only_last_divided, ["not only after the last"]),
    ("online-softmax", "mean-of-tiles",
     with_outputs_of(lambda seen: np.mean([each[2] for each in seen], axis=0)), ["their mean"]),
    ("online-softmax", "mean-of-tiles",
     with_outputs_of(lambda seen: sum(each[2] * each[3] for each in seen)
                     / sum(each[3] for each in seen)), ["their mean"]),
    ("online-softmax", "mean-of-tiles",
     with_outputs_of(lambda seen: sum(each[2] for each in seen)), ["their sum"]),
    ("online-softmax", "mean-of-tiles", with_outputs_of(running_mean), ["their mean"]),
    ("online-softmax", "mean-of-tiles", mean_with_empties, ["their mean"]),
    ("online-softmax", "by-totals-alone",
     with_outputs_of(lambda seen: sum(each[1] * each[2] for each in seen)
                     / sum(each[1] for each in seen)), ["The tops differ"]),
    ("online-softmax", "another-total",
     changed_state(lambda top, total, output: (top, np.log(total), output)), ["logarithm"]),
    ("online-softmax", "another-total",
     changed_state(lambda top, total, output: (top, top + np.log(total), output)), ["logarithm"]),
    ("online-softmax", "no-top", naive, ["Subtract the top"]),
    ("online-softmax", "another-order",
     changed_state(lambda top, total, output: (output, top, total)), ["(top, total, output)"]),
    ("online-softmax", "another-order",
     changed_state(lambda top, total, output: (total, top, output)), ["another order"]),
    ("online-softmax", "overflow",
     lambda given: naive(given, scaled_back), ["With small scores you are right"]),
    ("online-softmax", "overflow", naive_loops, ["OverflowError", "as far as 1000"]),
    ("online-softmax", "nothing-visible", unguarded, ["Minus infinity less minus infinity"]),
    ("online-softmax", "empty-tile", from_a_low_number, ["Nothing changes there", "not -inf"]),
    ("online-softmax", "empty-tile",
     online_of(empty=lambda scores: scores[0] == -INF), ["your top is -inf, and 1 is expected"]),
    ("online-softmax", "lost-at-once", inverted, ["After the first tile already", "is nan"]),
    ("online-softmax", "raised", lambda given: next(given)[0][9], ["IndexError"]),
    ("online-softmax", "wrong-type", lambda given: "long", ["the text 'long'"]),
    ("online-softmax", "wrong-type",
     lambda given: [(top, total) for top, total, _ in online(given)], ["came is a tuple of 2"]),
    ("online-softmax", "wrong-type",
     lambda given: [(top, "much", output) for top, _, output in online(given)],
     ["a tuple of 3 with the text 'much' in it"]),
    ("online-softmax", "wrong-shape",
     lambda given: online(given)[:2], ["You return a list of 2", "a list of 3 triples"]),
    ("online-softmax", "wrong-shape",
     changed_state(lambda top, total, output: (np.array([top]), total, output)),
     ["after tile 0 the top with the shape (1,), not ()"]),
    ("online-softmax", "wrong-shape",
     changed_state(lambda top, total, output: (top, total, output[0])), ["the shape (), not (2,)"]),
    ("online-softmax", "not-finite",
     lambda given: [(top, total, output / (i != 1))
                    for i, (top, total, output) in enumerate(online(given))], ["is inf"]),
    ("online-softmax", "not-a-function", [(1, 1, [1])], ["f(tiles)"]),
    ("online-softmax", "arguments", lambda: [], ["f(tiles)"]),
    ("online-softmax", "unrecognised",
     changed_state(lambda top, total, output: (top, total + 1, output)), ["your total is"]),
    ("merge-two", "changed-inputs", emptied, ["changed its input a"]),
    ("merge-two", "another-order",
     lambda a, b: (*merged(a, b)[2:], *merged(a, b)[:2]), ["another order"]),
    ("merge-two", "one-of-two", lambda a, b: max(a, b, key=lambda p: p[0]), ["The other had"]),
    ("merge-two", "one-of-two", lambda a, b: b, ["The other had"]),
    ("merge-two", "averaged", merged_in(2, lambda a, b: (a[2] + b[2]) / 2), ["halfway"]),
    ("merge-two", "by-totals-alone", mean_by(lambda a, b: (a[1], b[1])), ["totals as they came"]),
    ("merge-two", "by-tops-alone", mean_by(faded), ["by the tops"]),
    ("merge-two", "by-tops-alone", mean_by(lambda a, b: (a[0], b[0])), ["by the tops"]),
    ("merge-two", "wrong-sign",
     lambda a, b: merged(a, b, fade=lambda own, top: rising(own, top)), ["larger"]),
    ("merge-two", "outputs-added", merged_in(2, lambda a, b: a[2] + b[2]), ["nothing divides"]),
    ("merge-two", "outputs-added",
     merged_in(2, lambda a, b: shares(a, b)[0] * a[2] + shares(a, b)[1] * b[2]), ["a sum"]),
    ("merge-two", "divided-by-another-sum",
     merged_in(2, lambda a, b: np.array(shares(a, b)) @ [a[2], b[2]] / (a[1] + b[1])),
     ["two others"]),
    ("merge-two", "divided-by-another-sum",
     merged_in(2, lambda a, b: np.array(faded(a, b)) @ [a[2], b[2]] / sum(shares(a, b))),
     ["sum to 1"]),
    ("merge-two", "another-total",
     merged_in(1, lambda a, b: max(a[0], b[0]) + np.log(sum(shares(a, b)))), ["the logarithm"]),
    ("merge-two", "one-corrected", one_way, ["either may need it"]),
    ("merge-two", "total-not-corrected", merged_in(1, lambda a, b: a[1] + b[1]), ["two tops"]),
    ("merge-two", "no-top",
     merged_in(1, lambda a, b: a[1] * np.exp(a[0]) + b[1] * np.exp(b[0])), ["no top subtracted"]),
    ("merge-two", "top-of-one", from_tops_of_a, ["whichever is larger"]),
    ("merge-two", "top-of-one", merged_in(0, lambda a, b: min(a[0], b[0])), ["the largest score"]),
    ("merge-two", "another-top", merged_in(0, lambda a, b: a[0] + b[0]), ["made of both tops"]),
    ("merge-two", "nothing-visible", merged_unguarded, ["top minus infinity, total 0"]),
    ("merge-two", "empty-part",
     lambda a, b: (-1e9, 0, a[2]) if a[0] == b[0] == -INF else merged(a, b), ["Right so far"]),
    ("merge-two", "empty-part", lambda a, b: merged(a, b) if a[1] else a, ["In a nothing"]),
    ("merge-two", "overflow", merged_naively, ["With small tops you are right"]),
    ("merge-two", "raised", lambda a, b: a["top"], ["TypeError"]),
    ("merge-two", "wrong-type", lambda a, b: {"top": 1}, ["a dict of 1"]),
    ("merge-two", "wrong-shape", lambda a, b: [merged(a, b)], ["list of 1. Expected is one"]),
    ("merge-two", "wrong-shape",
     lambda a, b: (*merged(a, b)[:2], merged(a, b)[2][None]), ["the shape (1, 2), not (2,)"]),
    ("merge-two", "not-finite",
     lambda a, b: (max(a[0], b[0]), a[1] + b[1], np.log(0 * a[2])), ["is -inf"]),
    ("merge-two", "not-a-function", (1, 1, [1]), ["f(a, b)"]),
    ("merge-two", "arguments", lambda a: a, ["f(a, b)"]),
    ("merge-two", "unrecognised",
     lambda a, b: (merged(a, b)[0], 7.0, merged(a, b)[2]), ["Your total is 7"]),
    ("merge-two", "unrecognised",
     lambda a, b: merged(a, b) if abs(a[0] - b[0]) < 3 else max(a, b, key=lambda part: part[0]),
     ["1.41 is expected"]),
    ("window-kept", "inverted",
     masked(lambda i, j, w, kept: not (near(i, j, w) or early(i, j, kept))), ["other way round"]),
    ("window-kept", "one-too-many",
     masked(lambda i, j, w, kept: near(i, j, w + 1) or early(i, j, kept)), ["one word too many"]),
    ("window-kept", "one-too-few",
     masked(lambda i, j, w, kept: near(i, j, w - 1) or early(i, j, kept)), ["too short"]),
    ("window-kept", "kept-in-the-future",
     masked(lambda i, j, w, kept: near(i, j, w) or j < kept), ["which comes later"]),
    ("window-kept", "future",
     masked(lambda i, j, w, kept: i - w < j or j < kept), ["open ahead"]),
    ("window-kept", "future",
     masked(lambda i, j, w, kept: abs(i - j) < w or j < kept), ["open ahead"]),
    ("window-kept", "nothing-kept",
     masked(lambda i, j, w, kept: near(i, j, w)), ["left it behind"]),
    ("window-kept", "no-window", masked(lambda i, j, w, kept: j <= i), ["everything before"]),
    ("window-kept", "kept-alone",
     masked(lambda i, j, w, kept: j <= i and j < kept), ["nothing of the window"]),
    ("window-kept", "both-at-once",
     masked(lambda i, j, w, kept: near(i, j, w) and j < kept), ["One of the two"]),
    ("window-kept", "transposed",
     lambda n, w, kept: np.array(window_loops(n, w, kept)).T, ["changed places"]),
    ("window-kept", "not-itself",
     masked(lambda i, j, w, kept: j < i and (near(i, j, w) or j < kept)), ["see themselves"]),
    ("window-kept", "not-itself",
     masked(lambda i, j, w, kept: j < i and (i - j <= w or j < kept)), ["see themselves"]),
    ("window-kept", "cut-from-the-end", window_by_slices(np.tril), ["before the text begins"]),
    ("window-kept", "cut-from-the-end", window_by_slices(np.zeros_like), ["False"]),
    ("window-kept", "another-number-kept",
     masked(lambda i, j, w, kept: near(i, j, w) or early(i, j, kept + 1)), ["too many or too few"]),
    ("window-kept", "another-number-kept",
     masked(lambda i, j, w, kept: near(i, j, w) or early(i, j, kept - 1)), ["too many or"]),
    ("window-kept", "kept-as-queries",
     masked(lambda i, j, w, kept: near(i, j, w) or (i < kept and j <= i)), ["*keys*"]),
    ("window-kept", "kept-as-queries", opened(lambda mask, kept: mask[:kept]), ["*keys*"]),
    ("window-kept", "kept-as-queries", opened(lambda mask, kept: mask[:kept, :kept]), ["*keys*"]),
    ("window-kept", "kept-of-the-window",
     masked(lambda i, j, w, kept: near(i, j, w - kept) or early(i, j, kept)), ["in addition"]),
    ("window-kept", "kept-beside-the-window",
     masked(lambda i, j, w, kept: near(i, j, w + kept) or early(i, j, kept)), ["longer by"]),
    ("window-kept", "blocks",
     masked(lambda i, j, w, kept: j <= i and (i // w == j // w or j < kept)), ["moves along"]),
    ("window-kept", "raised", lambda n, w, kept: np.eye(n) @ np.eye(n + 1), ["ValueError"]),
    ("window-kept", "wrong-type",
     lambda n, w, kept: np.where(window_loops(n, w, kept), 0.0, -INF), ["minus infinity"]),
    ("window-kept", "wrong-type",
     lambda n, w, kept: np.array(window_loops(n, w, kept)).astype(int), ["0 and 1"]),
    ("window-kept", "wrong-shape", lambda n, w, kept: np.ones((n, w), bool), ["(7, 2)"]),
    ("window-kept", "not-a-function", np.eye(3), ["f(n, window, kept)"]),
    ("window-kept", "arguments", lambda n, window: 1, ["f(n, window, kept)"]),
    ("window-kept", "unrecognised",
     masked(lambda i, j, w, kept: (i + j) % 2 == 0), ["May this query"]),
    ("one-step", "changed-inputs", step_in_place, ["changed its input state"]),
    ("one-step", "read-too-early",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ s / (q @ z), (new_s, new_z))), ["itself"]),
    ("one-step", "read-too-early",
     stepped(lambda q, k, v, s, z, new_s, new_z:
             (q @ s / (q @ z) if z.any() else v, (new_s, new_z))), ["before this word"]),
    ("one-step", "old-state",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ new_s / (q @ new_z), (s, z))), ["forgotten"]),
    ("one-step", "z-as-it-was",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ new_s / (q @ new_z), (new_s, z))),
     ["sum of the keys"]),
    ("one-step", "z-as-it-was",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ new_s / (q @ z), (new_s, z))),
     ["this word has a key"]),
    ("one-step", "outer-turned",
     lambda q, k, v, state: read(q, state[0] + np.outer(v, k), state[1] + k), ["turned over"]),
    ("one-step", "this-word-alone",
     stepped(lambda q, k, v, s, z, new_s, new_z: (v, (np.outer(k, v), k))), ["added to"]),
    ("one-step", "query-in-the-state",
     lambda q, k, v, state: step(q, q, v, state), ["leaves nothing behind"]),
    ("one-step", "query-in-the-state",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ new_s / (q @ (z + q)), (new_s, z + q))),
     ["leaves nothing behind"]),
    ("one-step", "undivided",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ new_s, (new_s, new_z))), ["nothing divides"]),
    ("one-step", "divided-by-another-sum",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ new_s / sum(new_z), (new_s, new_z))),
     ["another number"]),
    ("one-step", "divided-by-another-sum",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ new_s / (q @ z), (new_s, new_z))),
     ["another number"]),
    ("one-step", "read-by-the-key",
     stepped(lambda q, k, v, s, z, new_s, new_z: (k @ new_s / (k @ new_z), (new_s, new_z))),
     ["with the key"]),
    ("one-step", "mapped-again",
     lambda q, k, v, state: step(np.exp(q), np.exp(k), v, state), ["ready for use"]),
    ("one-step", "mapped-again", lambda q, k, v, state: step(q + 1, k + 1, v, state), ["change q"]),
    ("one-step", "read-from-the-other-side",
     stepped(lambda q, k, v, s, z, new_s, new_z: (new_s @ q / (q @ new_z), (new_s, new_z))),
     ["wrong axis"]),
    ("one-step", "z-and-s-exchanged",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q @ new_s / (q @ new_z), (new_z, new_s))),
     ["changed places"]),
    ("one-step", "raised", lambda q, k, v, state: state[2], ["IndexError"]),
    ("one-step", "wrong-type",
     lambda q, k, v, state: (step(q, k, v, state)[0], *state), ["a tuple of 3"]),
    ("one-step", "wrong-type", lambda *inputs: step(*inputs)[0], ["(output, (s, z))"]),
    ("one-step", "wrong-shape",
     stepped(lambda q, k, v, s, z, new_s, new_z: (q[None] @ new_s / (q @ new_z), (new_s, new_z))),
     ["(1, 2)"]),
    ("one-step", "not-finite",
     stepped(lambda q, k, v, s, z, new_s, new_z: (np.log(0 * v), (new_s, new_z))), ["-inf"]),
    ("one-step", "not-a-function", (1, (2, 3)), ["f(q, k, v, state)"]),
    ("one-step", "arguments", lambda q, k, v: 1, ["f(q, k, v, state)"]),
    ("one-step", "unrecognised",
     stepped(lambda q, k, v, s, z, new_s, new_z: (v, (new_s, new_z))), ["by hand"]),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)
    first = check(exercise, answer).hints[0]
    for code in ("np.", "@", "[:", "exp(", "outer(", ".max", "** "):
        assert code not in first, f"the first hint gives code away: {first}"


def test_every_diagnosis_is_met_by_a_wrong_answer():
    here = SimpleNamespace(EXERCISES=[exercises()[id] for id in IDS])
    assert_every_diagnosis_is_met(here, WRONG)


@pytest.mark.parametrize("corner", [any, all])
def test_empty_parts_may_be_treated_apart(corner):
    assert_hints_stay_where_a_corner_is_treated_apart(
        *("merge-two", WRONG, lambda a, b: corner(part[1] == 0 for part in (a, b)), merged),
        but=("nothing-visible", "empty-part"),
    )


def test_the_first_word_may_be_treated_apart():
    def is_first(q, k, v, state):
        return not state[1].any()

    assert_hints_stay_where_a_corner_is_treated_apart("one-step", WRONG, is_first, step)


# --- what the exercises say of their own inputs


def test_a_tile_that_is_gone_holds_other_numbers():
    for case in tiles.tiles_cases():
        (given,) = case.inputs
        first = next(given)
        before = [array.copy() for array in first]
        for scores, _ in given:
            assert scores.base is first[0].base
        assert len(given.parts) == 1 or not all(map(np.array_equal, before, first))
        assert list(given.__class__(given.parts)) and next(given, None) is None


def test_a_step_through_a_text_is_attention_at_one_go():
    rng = np.random.default_rng(0)
    (q, k), v = rng.uniform(0.1, 2, (2, 6, 3)), rng.normal(size=(6, 2))
    state, rows = (np.zeros((3, 2)), np.zeros(3)), []
    for word in zip(q, k, v, strict=True):
        output, *state = recurrence.step(*word, tuple(state)).arrays
        rows.append(output)
    weights = np.tril(q @ k.T)
    assert np.allclose(rows, weights / weights.sum(axis=1, keepdims=True) @ v, atol=1e-12)
    message = check("one-step", step).message
    by_words, at_once = re.findall(r"\(([-\d., ]+)\)", message)
    assert by_words == at_once, message


CORNERS = {
    "online-softmax": {
        "the largest score in the first tile": lambda t: t[0] == max(t) > max(t[1:]),
        "the largest score in the last tile": lambda t: t[-1] == max(t) > max(t[:-1]),
        "the largest score in the middle": lambda t: max(t[1:-1], default=-INF) > max(t[0], t[-1]),
        "equal scores": lambda t: len(set(t)) == 1 < len(t),
        "no score above zero": lambda t: -INF < max(t) < 0,
        "one tile": lambda t: len(t) == 1,
        "an empty tile first": lambda t: t[0] == -INF < max(t),
        "an empty tile in the middle": lambda t: -INF in t[1:-1],
        "nothing visible": lambda t: max(t) == -INF,
        "scores of 1000": lambda t: max(t) >= 1000,
        "scores of -1000": lambda t: -INF < t[0] < -900,
    },
    "merge-two": {
        "a larger": lambda a, b: a[0] > b[0] > -INF,
        "b larger": lambda a, b: b[0] > a[0] > -INF,
        "equal tops": lambda a, b: a[0] == b[0] > -INF,
        "a empty": lambda a, b: a[1] == 0 < b[1],
        "b empty": lambda a, b: b[1] == 0 < a[1],
        "both empty": lambda a, b: a[1] == b[1] == 0,
        "tops of 1000": lambda a, b: a[0] > 900,
        "tops of -1000": lambda a, b: -INF < a[0] < -900,
    },
    "window-kept": {
        "more kept than words": lambda n, window, kept: kept > n,
        "a window longer than the text": lambda n, window, kept: window > n,
        "a window of one": lambda n, window, kept: window == 1 < n,
        "nothing kept": lambda n, window, kept: kept == 0,
        "one word": lambda n, window, kept: n == 1,
    },
    "one-step": {
        "the first word": lambda q, k, v, state: not state[1].any() and len(q) != len(v),
        "one number": lambda q, k, v, state: len(q) == 1,
        "one value": lambda q, k, v, state: len(v) == 1,
        "no square": lambda q, k, v, state: len(q) > len(v) > 1,
    },
}


@pytest.mark.parametrize("exercise", IDS)
def test_an_answer_that_is_wrong_in_a_corner_is_wrong(exercise):
    cases = [case.inputs for case in exercises()[exercise].cases()]
    for corner, holds in CORNERS[exercise].items():
        if exercise == "online-softmax":
            inputs = [([scores.max() for scores, _ in given.parts],) for (given,) in cases]
        else:
            inputs = cases
        assert any(holds(*each) for each in inputs), corner


def test_the_exercises_of_the_chapter():
    assert [(each.id, each.stars, each.minutes) for each in long_texts.EXERCISES] == [
        ("online-softmax", 3, 20),
        ("merge-two", 2, 15),
        ("window-kept", 2, 10),
        ("halves-from-pairs", 2, 15),
        ("read-config", 2, 15),
        ("one-step", 2, 10),
        ("norm-and-turn", 3, 15),
    ]
