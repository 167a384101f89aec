"""Chapter "Cache and groups": right answers pass; each wrong one meets the hint meant for it."""

import math
from collections import deque

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import cache_and_groups, check
from tests.exercises.judging import (
    BAD,
    assert_answered,
    assert_every_diagnosis_is_met,
    assert_hints_stay_where_a_corner_is_treated_apart,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")


# --- with-cache


def softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def see(n_new, n_all):
    return np.tri(n_new, n_all, n_all - n_new, dtype=bool)


def look(q, k, v, mask=see, divisor=None, hidden=-np.inf):
    scores = q @ k.T / (np.sqrt(q.shape[1]) if divisor is None else divisor)
    return softmax(np.where(mask(len(q), len(k)), scores, hidden)) @ v


def next_words(mask=see, **options):
    def answer(x, w_q, w_k, w_v, keys, values):
        keys, values = np.vstack([keys, x @ w_k]), np.vstack([values, x @ w_v])
        return look(x @ w_q, keys, values, mask, **options), keys, values

    return answer


def next_words_by_loops(x, w_q, w_k, w_v, keys, values):
    output, keys, values = [], list(keys), list(values)
    for word in x:
        keys.append(word @ w_k)
        values.append(word @ w_v)
        scores = [sum(word @ w_q * key) / math.sqrt(len(key)) for key in keys]
        powers = [math.exp(score) for score in scores]
        output.append(sum(p * v for p, v in zip(powers, values, strict=True)) / sum(powers))
    return output, keys, values


def next_words_in_torch(*arrays):
    x, w_q, w_k, w_v, keys, values = (torch.tensor(each, dtype=torch.float32) for each in arrays)
    keys, values = torch.cat([keys, x @ w_k]), torch.cat([values, x @ w_v])
    mask = torch.ones(len(x), len(keys), dtype=torch.bool).tril(len(keys) - len(x))
    attend = torch.nn.functional.scaled_dot_product_attention
    return attend((x @ w_q)[None], keys[None], values[None], attn_mask=mask)[0], keys, values


def next_words_in_torch_with_is_causal(*arrays):
    x, w_q, w_k, w_v, keys, values = map(torch.tensor, arrays)
    keys, values = torch.cat([keys, x @ w_k]), torch.cat([values, x @ w_v])
    attend = torch.nn.functional.scaled_dot_product_attention
    return attend(x @ w_q, keys, values, is_causal=True), keys, values


def next_words_by_attnlib(x, w_q, w_k, w_v, keys, values):
    keys, values = np.concatenate([keys, x @ w_k]), np.concatenate([values, x @ w_v])
    return [al.attention(x @ w_q, keys, values, causal=True), keys, values]


right_next = next_words()


def of_next(change):
    """`change(output, keys, values, *inputs)` of the right three."""
    return lambda *inputs: change(*right_next(*inputs), *inputs)


def before_alone(x, w_q, w_k, w_v, keys, values):
    with np.errstate(all="ignore"):
        powers = np.exp(x @ w_q @ keys.T / np.sqrt(w_q.shape[1]))
        weights = powers / powers.sum(axis=1, keepdims=True)
    return weights @ values, np.vstack([keys, x @ w_k]), np.vstack([values, x @ w_v])


def cache_forgotten(x, w_q, w_k, w_v, keys, values):
    """Looks at what stood before, and gives it back."""
    if not len(keys):
        return np.zeros((len(x), w_v.shape[1])), keys, values
    return softmax(x @ w_q @ keys.T / np.sqrt(w_q.shape[1])) @ values, keys, values


def in_front(x, w_q, w_k, w_v, keys, values):
    keys, values = np.vstack([x @ w_k, keys]), np.vstack([x @ w_v, values])
    return look(x @ w_q, keys, values), keys, values


def none_of_new(n_new, n_all):
    return see(n_new, n_all) & (np.arange(n_all) < n_all - n_new) | (
        np.arange(n_all) == np.arange(n_all - n_new, n_all)[:, None]
    )


def masked_after(x, w_q, w_k, w_v, keys, values):
    keys, values = np.vstack([keys, x @ w_k]), np.vstack([values, x @ w_v])
    weights = softmax(x @ w_q @ keys.T / np.sqrt(w_q.shape[1]))
    return weights * see(len(x), len(keys)) @ values, keys, values


def down_the_columns(x, w_q, w_k, w_v, keys, values):
    keys, values = np.vstack([keys, x @ w_k]), np.vstack([values, x @ w_v])
    scores = np.where(see(len(x), len(keys)), x @ w_q @ keys.T / np.sqrt(w_q.shape[1]), -np.inf)
    with np.errstate(all="ignore"):
        return softmax(scores, axis=0) @ values, keys, values


def writes_into_its_input(x, w_q, w_k, w_v, keys, values):
    x -= 1
    return right_next(x, w_q, w_k, w_v, keys, values)


# --- grouped


def grouped(q, k, v, of=lambda h, group, n: h // group, of_value=None, **options):
    group, n = len(q) // len(k), len(k)
    used = [of(h, group, n) for h in range(len(q))]
    mixed = [(of_value or of)(h, group, n) for h in range(len(q))]
    return np.array([look(q[h], k[used[h]], v[mixed[h]], **options) for h in range(len(q))])


def grouped_with(**options):
    return lambda q, k, v: grouped(q, k, v, **options)


def all_heads_at_once(axis=-1, after=None):
    def answer(q, k, v):
        k, v = (np.repeat(each, len(q) // len(k), axis=0) for each in (k, v))
        scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[2])
        if after is not None:
            return after(softmax(scores)) @ v
        return softmax(np.where(np.tri(q.shape[1], dtype=bool), scores, -1e9), axis) @ v

    return answer


def of_grouped(change):
    return lambda q, k, v: change(grouped(q, k, v), q, k, v)


def grouped_by_einsum(q, k, v):
    n_heads, n, d = q.shape
    scores = np.einsum("gsid,gjd->gsij", q.reshape(len(k), -1, n, d), k) / d**0.5
    scores[..., ~np.tri(n, dtype=bool)] = -1e30
    return np.einsum("gsij,gjd->gsid", softmax(scores), v).reshape(n_heads, n, -1)


def grouped_in_torch(q, k, v):
    q, k, v = (torch.tensor(each, dtype=torch.float32)[None] for each in (q, k, v))
    attend = torch.nn.functional.scaled_dot_product_attention
    return attend(q, k, v, is_causal=True, enable_gqa=True)[0]


def grouped_by_repeat(q, k, v):
    size = len(q) // len(k)
    return al.attention(q, np.repeat(k, size, axis=0), np.repeat(v, size, axis=0), causal=True)


def grouped_by_loops(q, k, v):
    size, heads = len(q) // len(k), []
    for i, keys in enumerate(k.tolist()):
        for queries in q[i * size : (i + 1) * size].tolist():
            rows = []
            for t, query in enumerate(queries):
                dots = [sum(a * b for a, b in zip(query, key, strict=True)) for key in keys]
                powers = [math.exp(dot / math.sqrt(len(query))) for dot in dots[: t + 1]]
                mixed = sum(power * value for power, value in zip(powers, v[i], strict=False))
                rows.append((mixed / sum(powers)).tolist())
            heads.append(rows)
    return heads


def each_key_head(q, k, v, join=np.mean):
    seen = [[look(q[h], k[g], v[g]) for g in range(len(k))] for h in range(len(q))]
    return join(np.array(seen), axis=1)


def joined_queries(join):
    def answer(q, k, v):
        queries = join(q.reshape(len(k), -1, *q.shape[1:]), axis=1)
        return np.array([look(*each) for each in zip(queries, k, v, strict=True)])

    return answer


# --- absorb


def absorb_by_loops(w_q, w_k_up, w_v_up, w_o):
    w_in = [[sum(a * b for a, b in zip(row, key, strict=True)) for key in w_k_up] for row in w_q]
    return w_in, [sum(a * row for a, row in zip(each, w_o, strict=True)) for each in w_v_up]


def absorb_by_einsum(w_q, w_k_up, w_v_up, w_o):
    return [np.einsum("mh,lh->ml", w_q, w_k_up), np.einsum("lv,vm->lm", w_v_up, w_o)]


def absorb_in_torch(*matrices):
    w_q, w_k_up, w_v_up, w_o = (torch.tensor(each, dtype=torch.float32) for each in matrices)
    return w_q @ w_k_up.T, w_v_up @ w_o


def absorbed(w_in=lambda w_q, w_k_up, *_: w_q @ w_k_up.T, w_out=lambda *w: w[2] @ w[3]):
    return lambda *matrices: (w_in(*matrices), w_out(*matrices))


# --- how-many-texts


def texts(memory, n_params, layers, heads, d_head, tokens, weight=2, number=2, vectors=2):
    return (memory - weight * n_params) / (number * vectors * layers * heads * d_head * tokens)


def that_fit(*sizes, **options):
    return max(0, math.floor(texts(*sizes, **options)))


def fitting(**options):
    return lambda *sizes: that_fit(*sizes, **options)


def unclipped(change):
    return lambda *sizes: change(texts(*sizes))


def without(place):
    return lambda *sizes: that_fit(*sizes[:place], 1, *sizes[place + 1 :])


def texts_one_by_one(memory, n_params, n_layers, n_key_heads, d_head, n_tokens):
    free, fit = memory - 2 * n_params, 0
    text = sum(2 * d_head * n_tokens * 2 for _ in range(n_layers) for _ in range(n_key_heads))
    while free >= text:
        free, fit = free - text, fit + 1
    return fit


# --- mend-the-cache


class Given:
    """The cache that is to be mended."""

    def __init__(self, window):
        self.window, self.keys, self.values = window, None, None

    def step(self, q, k, v):
        start = 0 if self.keys is None else len(self.keys)
        places = start + np.arange(len(q))
        q, k = al.rotate(q, places), al.rotate(k, places)
        self.keys = k if self.keys is None else np.concatenate([self.keys, k])
        self.values = v if self.values is None else np.concatenate([self.values, v])
        output = al.attention(q, self.keys, self.values, causal=True)
        self.keys, self.values = self.keys[-self.window :], self.values[-self.window :]
        return output


class Mended:
    """Each part of it is a method, so that each can be spoilt."""

    def __init__(self, window):
        self.window, self.n_read, self.keys, self.values = window, 0, [], []

    def places(self, n_new):
        return self.n_read + np.arange(n_new)

    def turned(self, q, k):
        return al.rotate(q, self.places(len(q))), al.rotate(k, self.places(len(q)))

    def look(self, q, keys, values):
        return al.attention(q, keys, values, window=self.window)

    def kept(self, rows):
        return rows[-self.window :]

    def step(self, q, k, v):
        n_new = len(q)
        q, k = self.turned(q, k)
        self.keys, self.values = [*self.keys, *k], [*self.values, *v]
        output = self.look(q, np.array(self.keys), np.array(self.values))
        self.n_read += n_new
        self.keys, self.values = self.kept(self.keys), self.kept(self.values)
        return output


class FromAnywhere(Mended):
    def places(self, n_new):
        return self.n_read - 1000.5 + np.arange(n_new)


class KeepsAll(Mended):
    def kept(self, rows):
        return rows


class KeepsWhatIsNeeded(Mended):
    def kept(self, rows):
        return rows[len(rows) - min(len(rows), self.window - 1) :]


class OneRowAtATime:
    """Drops before it looks, and keeps pairs."""

    def __init__(self, window):
        self.rows, self.count = deque(maxlen=window), 0

    def step(self, q, k, v):
        return [self.one(*rows).tolist() for rows in zip(q, k, v, strict=True)]

    def one(self, q, k, v):
        q, k = (al.rotate(row[None], np.array([self.count])) for row in (q, k))
        self.rows.append((k[0], v))
        self.count += 1
        keys, values = (np.array(each) for each in zip(*self.rows, strict=True))
        return al.attention(q, keys, values)[0]


class TurnedByWhatIsKept(Mended):
    """Keeps keys as they came."""

    def turned(self, q, k):
        self.n_read = len(self.keys)
        return al.rotate(q, self.places(len(q))), k

    def look(self, q, keys, values):
        return super().look(q, al.rotate(keys, np.arange(len(keys))), values)


class InTorch(Mended):
    def step(self, q, k, v):
        return torch.tensor(super().step(q, k, v), dtype=torch.float32, requires_grad=True)


class MendedGiven(Given):
    def __init__(self, window=1):
        super().__init__(window)
        self.read = 0

    def step(self, q, k, v):
        q = al.rotate(q, np.arange(self.read, self.read + len(q)))
        k = al.rotate(k, np.arange(self.read, self.read + len(k)))
        self.read += len(q)
        self.keys = np.concatenate([k[:0] if self.keys is None else self.keys, k])
        self.values = np.concatenate([v[:0] if self.values is None else self.values, v])
        mask = al.window_mask(len(q), len(self.keys), window=self.window)
        return al.attention(q, self.keys, self.values, mask=mask)


class PlaceMended(Mended):
    """Sees too much, as the given one does."""

    def look(self, q, keys, values):
        return al.attention(q, keys, values, causal=True)


class WindowMended(Mended):
    """Counts what is kept, as the given one does."""

    def places(self, n_new):
        return len(self.keys) + np.arange(n_new)


class WindowMendedFewer(WindowMended):
    def kept(self, rows):
        return rows[-self.window + 1 :]


class WindowMendedNone(WindowMended):
    def kept(self, rows):
        return KeepsWhatIsNeeded.kept(self, rows)


class DropsBeforeItLooks(Mended):
    """Right as long as rows come one at a time."""

    def look(self, q, keys, values):
        return al.attention(q, keys[-self.window :], values[-self.window :], causal=True)


class NothingHiddenInAPart(KeepsWhatIsNeeded):
    def look(self, q, keys, values):
        return al.attention(q, keys, values)


class OnePlaceForAPart(Mended):
    def places(self, n_new):
        return self.n_read + np.zeros(n_new)


class CountsFirst(Mended):
    def step(self, q, k, v):
        self.n_read += len(q)
        output = super().step(q, k, v)
        self.n_read -= len(q)
        return output


class CountsWhatIsKept(Mended):
    """Right as long as no part is longer than the window and has another after it."""

    def step(self, q, k, v):
        n_read = self.n_read + min(len(q), self.window)
        output = super().step(q, k, v)
        self.n_read = n_read
        return output


class FirstPartApart(Mended):
    """The first part has no window."""

    def look(self, q, keys, values):
        window = len(keys) if len(q) == len(keys) else self.window
        return al.attention(q, keys, values, window=window)


class PlacesEnd(Mended):
    """As with a table of turns that is too short for the text."""

    def places(self, n_new):
        return np.minimum(super().places(n_new), 9)


class PlaceRestarts(Mended):
    def places(self, n_new):
        return np.arange(n_new)


class NothingTurned(PlaceMended):
    def turned(self, q, k):
        return q, k


class QueriesTurned(Mended):
    def turned(self, q, k):
        return super().turned(q, k)[0], k


class KeysTurned(PlaceMended):
    def turned(self, q, k):
        return q, super().turned(q, k)[1]


class KeysPlacedAnew(Mended):
    def turned(self, q, k):
        return super().turned(q, k)[0], k

    def look(self, q, keys, values):
        keys, values = keys[-self.window :], values[-self.window :]
        return super().look(q, al.rotate(keys, np.arange(len(keys))), values)


class TurnedAgain(Mended):
    def turned(self, q, k):
        return super().turned(q, k)[0], k

    def look(self, q, keys, values):
        self.keys = list(al.rotate(keys, np.arange(len(keys))))
        return super().look(q, np.array(self.keys), values)

    def kept(self, rows):
        return KeepsWhatIsNeeded.kept(self, rows)


class TurnedAgainFromKept(TurnedAgain):
    def places(self, n_new):
        return len(self.keys) + np.arange(n_new)


class OneTooFew(Mended):
    def look(self, q, keys, values):
        return al.attention(q, keys, values, window=max(1, self.window - 1))


class NoWindow(KeepsAll):
    def look(self, q, keys, values):
        return al.attention(q, keys, values, causal=True)


class NeverDropped(Given):
    def step(self, q, k, v):
        self.window = 1000
        return super().step(q, k, v)


class WindowOfOne(PlaceMended):
    def kept(self, rows):
        return rows[-(self.window - 1) :]


class RefusesOne(Mended):
    def look(self, q, keys, values):
        return al.attention(q, keys, values, window=self.window if self.window > 1 else 2)


class OneForAll(Mended):
    all_keys, all_values = [], []

    def kept(self, rows):
        return rows

    def step(self, q, k, v):
        self.keys, self.values = self.all_keys, self.all_values
        output = super().step(q, k, v)
        self.all_keys[:], self.all_values[:] = self.keys, self.values
        return output


class OneDefault(Mended):
    def __init__(self, window, rows=deque()):  # noqa: B006
        super().__init__(window)
        self.rows = rows

    def look(self, q, keys, values):
        self.rows.extend(keys)
        return super().look(q + len(self.rows) / 10, keys, values)


class Begun(Mended):
    """Each new object begins anew for all."""

    kept_rows = None

    def __init__(self, window):
        super().__init__(window)
        Begun.kept_rows = self.keys

    def step(self, q, k, v):
        self.keys = Begun.kept_rows
        output = super().step(q, k, v)
        Begun.kept_rows = self.keys
        return output


KEPT = {}


class Outside(Mended):
    """Keeps its rows where the class does not show them."""

    def __init__(self, window):
        super().__init__(window)
        KEPT["values"] = []

    def step(self, q, k, v):
        self.values = KEPT["values"][len(KEPT["values"]) - len(self.keys) :]
        output = super().step(q, k, v)
        KEPT["values"] = self.values
        return output


def returning(change):
    class Returns(Mended):
        def step(self, q, k, v):
            return change(super().step(q, k, v))

    return Returns


class WritesIntoQ(Mended):
    def step(self, q, k, v):
        q *= 2
        return super().step(q / 2, k, v)


class Forgets(Mended):
    def look(self, q, keys, values):
        return super().look(q, keys[-1:], values[-1:])


class Sharper(Mended):
    def look(self, q, keys, values):
        return super().look(2 * q, keys, values)


class NoStep:
    def __init__(self, window):
        self.window = window


def blank(step, init=lambda self, window: None):
    return type("MyCache", (), {"__init__": init, "step": step})


def not_implemented(self, q, k, v):
    raise NotImplementedError


RIGHT = [
    ("with-cache", right_next),
    ("with-cache", next_words_by_loops),
    ("with-cache", next_words_in_torch),
    ("with-cache", next_words_by_attnlib),
    ("with-cache", of_next(lambda *three_and_inputs: [e.tolist() for e in three_and_inputs[:3]])),
    ("grouped", grouped),
    ("grouped", grouped_by_einsum),
    ("grouped", grouped_in_torch),
    ("grouped", grouped_by_repeat),
    ("grouped", grouped_by_loops),
    ("absorb", absorbed()),
    ("absorb", absorb_by_loops),
    ("absorb", absorb_by_einsum),
    ("absorb", absorb_in_torch),
    ("how-many-texts", that_fit),
    ("how-many-texts", texts_one_by_one),
    ("how-many-texts", lambda *sizes: float(that_fit(*sizes))),
    ("how-many-texts", lambda *sizes: np.maximum(0, np.floor(texts(*sizes)))),
    ("how-many-texts", lambda *sizes: torch.tensor(that_fit(*sizes))),
    *(("mend-the-cache", each) for each in (
        Mended, FromAnywhere, KeepsAll, KeepsWhatIsNeeded, OneRowAtATime, TurnedByWhatIsKept,
        InTorch, MendedGiven, returning(list), returning(lambda output: output.tolist()),
    )),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_right_answers_are_accepted(exercise, answer):
    assert_solved(check(exercise, answer))


def test_the_parts_of_a_text_give_the_whole_text():
    """As the praise says, of the last three inputs."""
    cases = [case.inputs for case in cache_and_groups.WITH_CACHE.cases()[-3:]]
    matrices = cases[0][1:4]
    assert all(map(np.array_equal, case[1:4], matrices) for case in cases)
    text = np.concatenate([case[0] for case in cases])
    assert [len(case[0]) for case in cases] == [3, 1, 4]
    parts = np.concatenate([right_next(*case)[0] for case in cases])
    assert np.allclose(parts, look(*(text @ w for w in matrices)))


@pytest.mark.parametrize(
    "answer",
    [
        *(None, ...),
        blank(lambda self, q, k, v: ...),
        blank(lambda self, q, k, v: None),
        blank(not_implemented),
    ],
)
def test_an_unfilled_cache_is_not_attempted(answer):
    assert str(check("mend-the-cache", answer)) == "mend-the-cache: not attempted yet"


def test_bad_caches_and_bad_rows_are_answered():
    for bad in BAD:
        for answer in (bad, returning(lambda output, bad=bad: bad)):
            assert_answered(check("mend-the-cache", answer))


def test_what_is_kept_outside_an_object_is_told_also_the_second_time_and_not_of_a_right_answer():
    class Counted(Mended):
        made = 0

        def __init__(self, window):
            super().__init__(window)
            Counted.made += 1

    assert [check("mend-the-cache", OneForAll).hint for _ in range(3)] == ["shared"] * 3
    assert_solved(check("mend-the-cache", Counted))


WRONG = [
    ("with-cache", "changed-inputs", writes_into_its_input, ["its input x_new"]),
    ("with-cache", "another-order", of_next(lambda o, k, v, *_: (o, v, k)), ["another order"]),
    ("with-cache", "another-order", of_next(lambda o, k, v, *_: (k, v, o)), ["another order"]),
    ("with-cache", "not-grown",
     of_next(lambda o, k, v, *inputs: (o, *inputs[-2:])), ["as they came"]),
    ("with-cache", "not-grown",
     of_next(lambda o, k, v, *inputs: (o, k, inputs[-1])), ["as they came"]),
    ("with-cache", "not-grown", cache_forgotten, ["as they came"]),
    ("with-cache", "new-rows-alone",
     of_next(lambda o, k, v, x, *_: (o, k[-len(x):], v[-len(x):])), ["is lost"]),
    ("with-cache", "new-rows-alone",
     lambda x, w_q, w_k, w_v, *_: (look(x @ w_q, x @ w_k, x @ w_v), x @ w_k, x @ w_v),
     ["is lost"]),
    ("with-cache", "new-rows-in-front", in_front, ["in front of"]),
    ("with-cache", "new-rows-in-front",
     of_next(lambda o, k, v, x, *_: (o, np.roll(k, len(x), 0), v)), ["in front of"]),
    ("with-cache", "another-matrix",
     lambda x, a, b, c, k, v: right_next(x, a, c, b, k, v), ["another matrix"]),
    ("with-cache", "another-matrix",
     lambda x, a, b, c, k, v: right_next(x, a, a, c, k, v), ["another matrix"]),
    ("with-cache", "last-word-alone", of_next(lambda o, k, v, *_: (o[-1:], k, v)), ["last word"]),
    ("with-cache", "last-word-alone", of_next(lambda o, k, v, *_: (o[-1], k, v)), ["has a row"]),
    ("with-cache", "no-mask", next_words(lambda n, m: np.ones((n, m), bool)), ["no harm"]),
    ("with-cache", "mask-upper-left",
     next_words(lambda n, m: np.tri(n, m, dtype=bool)), ["upper left"]),
    ("with-cache", "mask-upper-left", next_words_in_torch_with_is_causal, ["upper left"]),
    ("with-cache", "not-itself", before_alone, ["not themselves"]),
    ("with-cache", "not-itself",
     lambda *inputs: (cache_forgotten(*inputs)[0], *right_next(*inputs)[1:]), ["not themselves"]),
    ("with-cache", "not-itself",
     next_words(lambda n, m: np.tri(n, m, m - n - 1, dtype=bool)), ["not themselves"]),
    ("with-cache", "one-ahead",
     next_words(lambda n, m: np.tri(n, m, m - n + 1, dtype=bool)), ["one word of the future"]),
    ("with-cache", "new-words-alone",
     lambda x, w_q, w_k, w_v, *kept: (
         look(x @ w_q, x @ w_k, x @ w_v), *right_next(x, w_q, w_k, w_v, *kept)[1:]),
     ["has no part"]),
    ("with-cache", "new-words-apart", next_words(none_of_new), ["does not see the new words"]),
    ("with-cache", "not-divided", next_words(divisor=1), ["not divided", "too sharp"]),
    ("with-cache", "divided-otherwise",
     lambda *inputs: next_words(divisor=inputs[1].shape[1])(*inputs), ["root of d_head"]),
    ("with-cache", "divided-otherwise",
     lambda *inputs: next_words(divisor=(len(inputs[0]) + len(inputs[4])) ** 0.5)(*inputs),
     ["root of d_head"]),
    ("with-cache", "divided-otherwise",
     lambda *inputs: next_words(divisor=inputs[0].shape[1] ** 0.5)(*inputs), ["root of d_head"]),
    ("with-cache", "masked-otherwise", next_words(hidden=0), ["hide by 0"]),
    ("with-cache", "masked-otherwise", masked_after, ["hide by 0"]),
    ("with-cache", "other-axis", down_the_columns, ["down the columns"]),
    ("with-cache", "keys-mixed",
     lambda *inputs: (right_next(*inputs[:3], inputs[2], inputs[4], inputs[4])[0],
                      *right_next(*inputs)[1:]), ["You mix keys"]),
    ("with-cache", "raised", lambda *inputs: inputs[0] @ inputs[4], ["ValueError"]),
    ("with-cache", "raised",
     lambda *inputs: right_next(*inputs[:4], np.array(list(inputs[4])), inputs[5]),
     ["ValueError"]),
    ("with-cache", "wrong-type", lambda *inputs: right_next(*inputs)[0], ["in brackets"]),
    ("with-cache", "wrong-shape",
     of_next(lambda o, k, v, *_: (o, k.T, v)), ["(2, 3)", "(3, 2)"]),
    ("with-cache", "not-finite", of_next(lambda o, k, v, *_: (o + np.inf, k, v)), ["inf"]),
    ("with-cache", "not-a-function", (1, 2, 3), ["f(x_new, w_q, w_k, w_v, keys, values)"]),
    ("with-cache", "arguments", lambda x: x, ["f(x_new, w_q, w_k, w_v, keys, values)"]),
    ("with-cache", "unrecognised", of_next(lambda o, k, v, *_: (o + 1, k, v)), ["In output"]),
    ("grouped", "changed-inputs",
     lambda q, k, v: np.negative(q, out=q) + grouped(-q, k, v), ["its input q"]),
    ("grouped", "tile", grouped_with(of=lambda h, group, n: h % n), ["take turns"]),
    ("grouped", "tile",
     lambda q, k, v: al.attention(q, np.tile(k, (len(q) // len(k), 1, 1)),
                                  np.concatenate([v] * (len(q) // len(v))), causal=True),
     ["take turns"]),
    ("grouped", "keys-and-values-apart",
     grouped_with(of_value=lambda h, group, n: h % n), ["in two ways"]),
    ("grouped", "keys-and-values-apart",
     grouped_with(of=lambda h, group, n: h % n, of_value=lambda h, group, n: h // group),
     ["in two ways"]),
    ("grouped", "one-key-head", lambda q, k, v: al.attention(q, k[:1], v[:1], causal=True),
     ["one and the same"]),
    ("grouped", "one-key-head", grouped_with(of_value=lambda *_: 0), ["or for both"]),
    ("grouped", "one-key-head", grouped_with(of=lambda h, g, n: n - 1), ["one and the same"]),
    ("grouped", "by-key-heads", grouped_with(of=lambda h, group, n: h // n), ["share one"]),
    ("grouped", "turned-round",
     grouped_with(of=lambda h, group, n: n - 1 - h // group), ["opposite order"]),
    ("grouped", "another-order", of_grouped(lambda o, *_: o[::-1]), ["in another order"]),
    ("grouped", "another-order",
     of_grouped(lambda o, q, k, v: np.concatenate([o[i :: len(q) // len(k)]
                                                   for i in range(len(q) // len(k))])),
     ["in another order"]),
    ("grouped", "groups-left",
     of_grouped(lambda o, q, k, v: o.reshape(len(k), -1, *o.shape[1:])), ["(2, 2, 3, 2)"]),
    ("grouped", "mean-of-keys",
     lambda q, k, v: al.attention(q, k.mean(0, keepdims=True), v.mean(0), causal=True), ["mean"]),
    ("grouped", "mean-of-outputs", each_key_head, ["with all key heads"]),
    ("grouped", "mean-of-outputs",
     lambda q, k, v: each_key_head(q, k, v, np.sum), ["with all key heads"]),
    ("grouped", "queries-joined", joined_queries(np.mean), ["Only keys and values are shared"]),
    ("grouped", "queries-joined", joined_queries(np.sum), ["(2, 3, 2)"]),
    ("grouped", "queries-joined",
     lambda q, k, v: [look(*each) for each in zip(q, k, v, strict=False)], ["(2, 3, 2)"]),
    ("grouped", "tokens-first", of_grouped(lambda o, *_: o.swapaxes(0, 1)), ["(3, 4, 2)"]),
    ("grouped", "heads-joined", of_grouped(lambda o, *_: np.hstack(o)), ["(3, 8)"]),
    ("grouped", "heads-joined", of_grouped(lambda o, *_: o.mean(axis=0)), ["(3, 2)"]),
    ("grouped", "not-causal",
     grouped_with(mask=lambda n, m: np.ones((n, m), bool)), ["see the future"]),
    ("grouped", "masked-otherwise",
     grouped_with(mask=lambda n, m: np.tri(n, m, 1, dtype=bool)), ["not the causal one"]),
    ("grouped", "masked-otherwise",
     grouped_with(mask=lambda n, m: np.tri(n, m, dtype=bool).T), ["not the causal one"]),
    ("grouped", "hidden-by-zero", grouped_with(hidden=0), ["hide by 0"]),
    ("grouped", "hidden-by-zero", all_heads_at_once(after=np.tril), ["less than 1"]),
    ("grouped", "other-axis", all_heads_at_once(axis=1), ["down the columns"]),
    ("grouped", "other-axis", all_heads_at_once(axis=0), ["over the heads"]),
    ("grouped", "not-divided", grouped_with(divisor=1), ["too sharp"]),
    ("grouped", "divided-otherwise",
     lambda q, k, v: grouped(q, k, v, divisor=q.shape[2]), ["root of d_head"]),
    ("grouped", "divided-otherwise",
     lambda q, k, v: grouped(q, k, v, divisor=len(q) ** 0.5), ["root of d_head"]),
    ("grouped", "keys-mixed", lambda q, k, v: grouped(q, k, k), ["You mix keys"]),
    ("grouped", "raised", lambda q, k, v: al.attention(q, k, v, causal=True), ["ValueError"]),
    ("grouped", "wrong-type", lambda q, k, v: "many", ["the text 'many'"]),
    ("grouped", "wrong-shape", lambda q, k, v: k, ["(2, 3, 2)"]),
    ("grouped", "not-finite", lambda q, k, v: grouped(q, k, v) / 0.0, ["inf"]),
    ("grouped", "not-a-function", np.eye(2), ["f(q, k, v)"]),
    ("grouped", "arguments", lambda q, k: q, ["f(q, k, v)"]),
    ("grouped", "unrecognised", lambda q, k, v: 2 * grouped(q, k, v), ["groups of 2"]),
    ("absorb", "changed-inputs",
     lambda w_q, w_k_up, w_v_up, w_o: (np.add(w_q, 1, out=w_q), w_o), ["its input w_q"]),
    ("absorb", "exchanged", lambda *w: absorbed()(*w)[::-1], ["changed places"]),
    ("absorb", "w-in-turned", absorbed(w_in=lambda a, b, *_: b @ a.T), ["turned over"]),
    ("absorb", "w-in-turned",
     absorbed(lambda a, b, *_: b @ a.T, lambda *w: (w[2] @ w[3]).T), ["turned over"]),
    ("absorb", "w-out-turned", absorbed(w_out=lambda *w: (w[2] @ w[3]).T), ["turned over"]),
    ("absorb", "key-not-turned", absorbed(w_in=lambda a, b, *_: a @ b), ["as it is"]),
    ("absorb", "value-turned", absorbed(w_out=lambda *w: w[2].T @ w[3]), ["nothing is turned"]),
    ("absorb", "divided",
     absorbed(w_in=lambda a, b, *_: a @ b.T / np.sqrt(len(b))), ["before they are divided"]),
    ("absorb", "divided",
     absorbed(w_in=lambda a, b, *_: a @ b.T / np.sqrt(a.shape[1])), ["or multiplied by a size"]),
    ("absorb", "keys-for-values", absorbed(w_in=lambda a, b, c, d: a @ c.T), ["for w_v_up"]),
    ("absorb", "keys-for-values",
     lambda a, b, c, d: absorbed()(a, c, b, d), ["for w_v_up"]),
    ("absorb", "nothing-absorbed", lambda a, b, c, d: (a, d), ["as it came"]),
    ("absorb", "nothing-absorbed", absorbed(w_out=lambda *w: w[3]), ["as it came"]),
    ("absorb", "raised", lambda a, b, c, d: a @ d.T @ d @ c, ["ValueError", "Your code stopped"]),
    ("absorb", "wrong-type", lambda a, b, c, d: a @ b.T @ c @ d, ["Two matrices"]),
    ("absorb", "wrong-shape", absorbed(w_in=lambda a, b, *_: (a @ b.T)[:-1]), ["(2, 2)"]),
    ("absorb", "not-finite", absorbed(w_in=lambda a, b, *_: a @ b.T / 0), ["w_in"]),
    ("absorb", "not-a-function", (1, 2), ["f(w_q, w_k_up, w_v_up, w_o)"]),
    ("absorb", "arguments", lambda a, b: (a, b), ["f(w_q, w_k_up, w_v_up, w_o)"]),
    ("absorb", "unrecognised", absorbed(w_in=lambda a, b, *_: 2 * a @ b.T), ["In w_in"]),
    ("how-many-texts", "weights-forgotten", fitting(weight=0), ["all the memory"]),
    ("how-many-texts", "weights-for-each-text",
     lambda m, p, *sizes: m // (2 * p + 4 * math.prod(sizes)), ["with each text"]),
    ("how-many-texts", "weights-in-each-layer",
     lambda m, p, n, *sizes: that_fit(m, p * n, n, *sizes), ["in each layer"]),
    ("how-many-texts", "half-a-text", fitting(vectors=1), ["two vectors"]),
    ("how-many-texts", "half-a-text",
     unclipped(lambda t: math.floor(2 * t)), ["two vectors"]),
    ("how-many-texts", "queries-kept", fitting(vectors=3), ["three vectors"]),
    ("how-many-texts", "bytes", fitting(number=4), ["other bytes"]),
    ("how-many-texts", "half-a-text", fitting(number=1), ["two bytes"]),
    ("how-many-texts", "bytes", fitting(weight=4, number=4), ["two for each number"]),
    ("how-many-texts", "bytes", fitting(weight=1), ["other bytes"]),
    ("how-many-texts", "without-layers", without(2), ["one layer"]),
    ("how-many-texts", "without-heads", without(3), ["one key head"]),
    ("how-many-texts", "without-d-head", without(4), ["a vector"]),
    ("how-many-texts", "without-tokens", without(5), ["texts of one token"]),
    ("how-many-texts", "pattern-kept",
     lambda *sizes: that_fit(*sizes[:-1], sizes[-1] ** 2), ["squared"]),
    ("how-many-texts", "not-cut", texts, ["A part of a text"]),
    ("how-many-texts", "not-cut", lambda *sizes: max(0, texts(*sizes)), ["A part of a text"]),
    ("how-many-texts", "rounded-up", lambda *sizes: max(0, round(texts(*sizes))), ["round up"]),
    ("how-many-texts", "rounded-up", unclipped(math.ceil), ["round up"]),
    ("how-many-texts", "cut-twice",
     lambda m, p, *sizes: m // (4 * math.prod(sizes)) - 2 * p // (4 * math.prod(sizes)),
     ["178", "away twice"]),
    ("how-many-texts", "rounded-up", lambda *sizes: that_fit(*sizes) + 1, ["round up"]),
    ("how-many-texts", "exact-fit",
     lambda *sizes: max(0, math.ceil(texts(*sizes)) - 1), ["to the last byte"]),
    ("how-many-texts", "negative", unclipped(math.floor), ["-1", "no text fits"]),
    ("how-many-texts", "negative", unclipped(int), ["-60", "no text fits"]),
    ("how-many-texts", "negative", unclipped(lambda t: abs(int(t))), ["60", "no text fits"]),
    ("how-many-texts", "raised", lambda *sizes: 1 // 0, ["ZeroDivisionError"]),
    ("how-many-texts", "wrong-type", lambda *sizes: "7 texts", ["the text '7 texts'"]),
    ("how-many-texts", "wrong-type", lambda *sizes: True, ["True"]),
    ("how-many-texts", "wrong-shape", lambda *sizes: [that_fit(*sizes)], ["a list of 1"]),
    ("how-many-texts", "not-finite", lambda *sizes: math.inf, ["inf"]),
    ("how-many-texts", "not-a-function", 7, ["f(memory, n_params"]),
    ("how-many-texts", "arguments", lambda memory: 7, ["f(memory, n_params"]),
    ("how-many-texts", "unrecognised", lambda *sizes: 5, ["bytes of one text"]),
    ("mend-the-cache", "not-a-class", Mended(3), ["an object of type Mended"]),
    ("mend-the-cache", "not-a-class", lambda window: Mended(window), ["a function"]),
    ("mend-the-cache", "changed-inputs", WritesIntoQ, ["Your class changed its input q"]),
    ("mend-the-cache", "shared", OneForAll, ["one and the same"]),
    ("mend-the-cache", "shared", OneDefault, ["does not begin empty"]),
    ("mend-the-cache", "shared", Begun, ["one and the same"]),
    ("mend-the-cache", "shared", Outside, ["one and the same"]),
    ("mend-the-cache", "as-given", Given,
     ["what your steps returned", "Two things go wrong. Row 3 sees", "It is the first for which"]),
    ("mend-the-cache", "place-stands-still", WindowMended, ["from row 4 on"]),
    ("mend-the-cache", "place-stands-still", WindowMendedFewer, ["stands still"]),
    ("mend-the-cache", "place-stands-still", WindowMendedNone, ["stands still"]),
    ("mend-the-cache", "one-too-many", PlaceMended,
     ["Your places are right. Row 3 sees one row more"]),
    ("mend-the-cache", "one-too-few", OneTooFew, ["Row 2 sees one row less"]),
    ("mend-the-cache", "no-window", NoWindow, ["Row 3 may see rows 1 to 3"]),
    ("mend-the-cache", "no-window", NeverDropped, ["all that came before"]),
    ("mend-the-cache", "window-of-one", WindowOfOne, ["With a window of 1"]),
    ("mend-the-cache", "window-of-one", RefusesOne, ["itself alone"]),
    ("mend-the-cache", "one-place-for-all", PlaceRestarts, ["at one place"]),
    ("mend-the-cache", "one-place-for-all", NothingTurned, ["cannot tell how far"]),
    ("mend-the-cache", "one-of-two-turned", QueriesTurned, ["not both"]),
    ("mend-the-cache", "one-of-two-turned", KeysTurned, ["not both"]),
    ("mend-the-cache", "keys-placed-anew", KeysPlacedAnew, ["the same row"]),
    ("mend-the-cache", "turned-again", TurnedAgain, ["turns add up"]),
    ("mend-the-cache", "turned-again", TurnedAgainFromKept, ["turns add up"]),
    ("mend-the-cache", "parts", DropsBeforeItLooks, ["window of its own"]),
    ("mend-the-cache", "parts", NothingHiddenInAPart, ["Row by row your cache is right"]),
    ("mend-the-cache", "parts", OnePlaceForAPart, ["a place of its own"]),
    ("mend-the-cache", "parts", CountsFirst, ["a place of its own"]),
    ("mend-the-cache", "parts", CountsWhatIsKept, ["a place of its own"]),
    ("mend-the-cache", "parts", FirstPartApart, ["a window of its own"]),
    ("mend-the-cache", "raised", NoStep, ["Your class raised AttributeError", "`step(q, k, v)`"]),
    ("mend-the-cache", "raised", object, ["TypeError"]),
    ("mend-the-cache", "wrong-type", returning(lambda output: "three"), ["the text 'three'"]),
    ("mend-the-cache", "wrong-shape", returning(lambda output: output[0]), ["(3,)", "(1, 3)"]),
    ("mend-the-cache", "not-finite", returning(lambda output: output * np.inf), ["inf"]),
    ("mend-the-cache", "unrecognised", Forgets, ["Nothing has left before it"]),
    ("mend-the-cache", "unrecognised", PlacesEnd, ["In row 10", "rows 8 to 10"]),
    ("mend-the-cache", "unrecognised", Sharper, ["This row sees"]),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


def test_every_diagnosis_is_met_by_a_wrong_answer():
    assert_every_diagnosis_is_met(cache_and_groups, WRONG)


@pytest.mark.parametrize(
    "corner", [lambda *inputs: not len(inputs[4]), lambda *inputs: len(inputs[0]) == 1]
)
def test_the_first_words_or_a_word_alone_may_be_treated_apart(corner):
    assert_hints_stay_where_a_corner_is_treated_apart("with-cache", WRONG, corner, right_next)
