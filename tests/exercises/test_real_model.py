"""Chapter "A real model": right answers pass; each wrong one meets the hint meant for it."""

import math

import numpy as np
import pytest

import attnlib as al
from attnlib.exercises import a_real_model, check
from tests.exercises.judging import (
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")


def size(row):
    return math.sqrt(sum(v * v for v in row) / len(row) + 1e-5)


def norm_by_rows(x, gain):
    return [[v / size(row) * g for v, g in zip(row, gain, strict=True)] for row in x.tolist()]


def norm_by_rsqrt(x, gain):
    return x * np.power(np.einsum("ij,ij->i", x, x) / x.shape[1] + 1e-5, -0.5)[:, None] * gain


def norm_in_torch(x, gain):
    gain = torch.tensor(gain)
    return torch.nn.functional.rms_norm(torch.tensor(x), gain.shape, gain, eps=1e-5)


def shared_by_heads(keys, n_heads):
    return [keys[h // (n_heads // len(keys))] for h in range(n_heads)]


def shared_by_broadcast(keys, n_heads):
    n_kv_heads, n, d_head = keys.shape
    stack = np.broadcast_to(keys[:, None], (n_kv_heads, n_heads // n_kv_heads, n, d_head))
    return stack.reshape(n_heads, n, d_head)


def losses(logits, ids):
    n_texts, n, _ = logits.shape
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return np.array(
        [[-math.log(p[t, i, ids[t, i + 1]]) for i in range(n - 1)] for t in range(n_texts)]
    )


def by_position(logits, ids):
    return losses(logits, ids).mean(axis=0)


def by_position_in_torch(logits, ids):
    logits, ids = torch.tensor(logits), torch.tensor(ids)
    each = torch.nn.functional.cross_entropy(
        logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none"
    )
    return each.mean(dim=0)


def halved(chance, n_layers, query, keys):
    found, half = [], 0.5 * chance([])
    for layer in range(n_layers):
        edges = []
        for key in keys:
            edges.append((layer, query, key))
        if chance(edges) < half:
            found.append(layer)
    return found


def halved_from_last(chance, n_layers, query, keys):
    layers = set()
    for layer in reversed(range(n_layers)):
        if chance(tuple([layer, query, k] for k in keys)) * 2 < chance(()):
            layers.add(layer)
    return sorted(layers)


def go_on(logits, ids, n_new):
    if n_new == 0:
        return []
    best = int(torch.tensor(logits(ids))[-1].argmax())
    return [best, *go_on(logits, [*ids, best], n_new - 1)]


def go_on_with_arrays(logits, ids, n_new):
    written = np.array(ids)
    while len(written) < len(ids) + n_new:
        p = al.softmax(logits(written))
        written = np.append(written, np.flatnonzero(p[-1] == p[-1].max())[0])
    return written[-n_new:]


RIGHT = [
    ("rms-norm", norm_by_rows),
    ("rms-norm", norm_by_rsqrt),
    ("rms-norm", norm_in_torch),
    ("shared-keys", shared_by_heads),
    ("shared-keys", shared_by_broadcast),
    (
        "shared-keys",
        lambda keys, n: torch.tensor(keys).repeat_interleave(n // len(keys), dim=0),
    ),
    ("loss-by-position", by_position),
    ("loss-by-position", by_position_in_torch),
    ("carrying-layers", halved),
    ("carrying-layers", halved_from_last),
    ("go-on", go_on),
    ("go-on", go_on_with_arrays),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_right_answers_are_accepted(exercise, answer):
    assert_solved(check(exercise, answer))


def changed(x):
    x += 1
    return x


def chance_by(layer_edges):
    """The layers that halve the chance, each cut by `layer_edges(layer, query, keys, n_layers)`."""

    def found(chance, n_layers, query, keys):
        cuts = [layer_edges(layer, query, keys, n_layers) for layer in range(n_layers)]
        return [layer for layer, cut in enumerate(cuts) if chance(cut) < chance([]) / 2]

    return found


def one_layer(layer, query, keys, n_layers):
    return [(layer, query, key) for key in keys]


def left_in(chance, layer, query, keys):
    return chance([(layer, query, key) for key in keys])


def compared(holds):
    def found(chance, n_layers, query, keys):
        layers = range(n_layers)
        return [n for n in layers if holds(left_in(chance, n, query, keys), chance([]))]

    return found


def some_edge(chance, n_layers, query, keys):
    return [
        layer
        for layer in range(n_layers)
        if min(chance([(layer, query, key)]) for key in keys) < chance([]) / 2
    ]


def kept_alone(chance, n_layers, query, keys):
    found = []
    for layer in range(n_layers):
        cut = [(each, query, key) for each in range(n_layers) if each != layer for key in keys]
        if chance(cut) >= chance([]) / 2:
            found.append(layer)
    return found


def left_cut(chance, n_layers, query, keys):
    found, cut = [], []
    for layer in range(n_layers):
        now = chance(cut)
        cut += [(layer, query, key) for key in keys]
        if chance(cut) < now / 2:
            found.append(layer)
    return found


def stepwise(read, start=lambda ids: list(ids)):
    def answer(logits, ids, n_new):
        text, new = start(ids), []
        for _ in range(n_new):
            new.append(int(read(np.asarray(logits(text)))))
            text = [*text, new[-1]]
        return new

    return answer


def last_id_alone(logits, ids, n_new):
    new, last = [], ids[-1]
    for _ in range(n_new):
        last = int(logits([last])[0].argmax())
        new.append(last)
    return new


def forgets(logits, ids, n_new):
    new = []
    for _ in range(n_new):
        new.append(int(logits(new if new else ids)[-1].argmax()))
    return new


def with_softmax(logits, ids):
    return np.take_along_axis(al.softmax(logits[:, :-1]), ids[:, 1:, None], axis=-1)[..., 0]


WRONG = [
    ("rms-norm", "changed-inputs", lambda x, gain: changed(x), ["changed its input x"]),
    ("rms-norm", "mean-taken-away",
     lambda x, g: (y := x - x.mean(1)[:, None]) / np.sqrt((y**2).mean(1)[:, None] + 1e-5) * g,
     ["layer normalisation"]),
    ("rms-norm", "other-axis", lambda x, g: x / np.sqrt((x**2).mean(0) + 1e-5) * g, ["Each row"]),
    ("rms-norm", "other-axis", lambda x, g: x / np.sqrt((x**2).mean() + 1e-5) * g, ["Each row"]),
    ("rms-norm", "no-root", lambda x, g: x / ((x**2).mean(1)[:, None] + 1e-5) * g, ["6.25"]),
    ("rms-norm", "sum", lambda x, g: x / np.sqrt((x**2).sum(1)[:, None] + 1e-5) * g, ["*mean*"]),
    ("rms-norm", "mean-size", lambda x, g: x / (abs(x).mean(1)[:, None] + 1e-5) * g, ["squares"]),
    ("rms-norm", "no-gain", lambda x, g: norm_by_rsqrt(x, np.ones_like(g)), ["gain is missing"]),
    ("rms-norm", "gain-first", lambda x, g: norm_by_rsqrt(x * g, np.ones_like(g)), ["first"]),
    ("rms-norm", "no-epsilon",
     lambda x, g: x / np.sqrt((x**2).mean(1)[:, None]) * g, ["nearly 0"]),
    ("rms-norm", "epsilon-outside",
     lambda x, g: x / (np.sqrt((x**2).mean(1)[:, None]) + 1e-5) * g, ["inside the root"]),
    ("rms-norm", "unrecognised", lambda x, g: x * 3, ["by hand"]),
    ("shared-keys", "changed-inputs", lambda k, n: changed(k), ["changed its input keys"]),
    ("shared-keys", "tile", lambda k, n: np.vstack([k] * (n // len(k))), ["Neighbours"]),
    ("shared-keys", "tile", lambda k, n: [k[h % len(k)] for h in range(n)], ["Neighbours"]),
    ("shared-keys", "other-axis", lambda k, n: np.repeat(k, n // len(k), axis=1), ["whole"]),
    ("shared-keys", "other-axis", lambda k, n: k.repeat(n // len(k), axis=2), ["whole"]),
    ("shared-keys", "repeated-n-heads-times", lambda k, n: k.repeat(n, axis=0), ["n_heads"]),
    ("shared-keys", "not-shared", lambda k, n: k.copy(), ["as they came"]),
    ("shared-keys", "reversed", lambda k, n: shared_by_heads(k, n)[::-1], ["opposite"]),
    ("shared-keys", "unrecognised",
     lambda k, n: [k[min(h, len(k) - 1)] for h in range(n)], ["head 1"]),
    ("loss-by-position", "changed-inputs", lambda x, ids: changed(x), ["changed its input"]),
    ("loss-by-position", "own-place",
     lambda x, ids: -np.log(np.take_along_axis(al.softmax(x), ids[..., None], -1))[..., 0].mean(0),
     ["has been read"]),
    ("loss-by-position", "own-place",
     lambda x, ids: -np.log(
         np.take_along_axis(al.softmax(x[:, 1:]), ids[:, 1:, None], -1))[..., 0].mean(0),
     ["has been read"]),
    ("loss-by-position", "backwards",
     lambda x, ids: -np.log(
         np.take_along_axis(al.softmax(x[:, 1:]), ids[:, :-1, None], -1))[..., 0].mean(0),
     ["the piece before it"]),
    ("loss-by-position", "over-positions", lambda x, ids: losses(x, ids).mean(1), ["positions"]),
    ("loss-by-position", "over-positions", lambda x, ids: losses(x, ids).mean(), ["positions"]),
    ("loss-by-position", "summed", lambda x, ids: sum(losses(x, ids)), ["add the texts up"]),
    ("loss-by-position", "sign", lambda x, ids: -by_position(x, ids), ["sign"]),
    ("loss-by-position", "bits", lambda x, ids: by_position(x, ids) / math.log(2), ["nats"]),
    ("loss-by-position", "log-of-mean",
     lambda x, ids: -np.log(with_softmax(x, ids).mean(0)), ["mean probability"]),
    ("loss-by-position", "no-softmax",
     lambda x, ids: -np.take_along_axis(x[:, :-1], ids[:, 1:, None], -1)[..., 0].mean(0),
     ["A softmax"]),
    ("loss-by-position", "best-word",
     lambda x, ids: -np.log(al.softmax(x)[:, :-1].max(-1)).mean(0), ["whatever came"]),
    ("loss-by-position", "last-kept", lambda x, ids: [*by_position(x, ids), 0], ["expected"]),
    ("loss-by-position", "last-kept", lambda x, ids: [0, *by_position(x, ids)], ["expected"]),
    ("loss-by-position", "unrecognised", lambda x, ids: by_position(x, ids) + 1, ["Begin with"]),
    ("carrying-layers", "changed-inputs",
     lambda chance, n, query, keys: keys.append(9) or halved(chance, n, query, keys[:-1]),
     ["changed its input keys"]),
    ("carrying-layers", "from-one",
     lambda *inputs: [n + 1 for n in halved(*inputs)], ["from 0"]),
    ("carrying-layers", "one-edge-at-a-time", some_edge, ["together"]),
    ("carrying-layers", "every-edge",
     chance_by(lambda layer, query, keys, n: [(layer, query, key) for key in range(query + 1)]),
     ["1, 2", "Only those to `keys`"]),
    ("carrying-layers", "every-edge",
     chance_by(lambda layer, query, keys, n: [(layer, query, key) for key in range(query)]),
     ["Only those to `keys`"]),
    ("carrying-layers", "others-cut", kept_alone, ["enough"]),
    ("carrying-layers", "one-after-the-other", left_cut, ["alone"]),
    ("carrying-layers", "exchanged",
     chance_by(lambda layer, query, keys, n: [(layer, key, query) for key in keys]),
     ["there is no edge"]),
    ("carrying-layers", "below-a-half", compared(lambda left, whole: left < 0.5), ["your own"]),
    ("carrying-layers", "below-a-half", compared(lambda left, whole: left < 0.1), ["your own"]),
    ("carrying-layers", "any-loss", compared(lambda left, whole: left < whole), ["costs any"]),
    ("carrying-layers", "up-to-a-half",
     compared(lambda left, whole: left <= whole / 2), ["exactly a half"]),
    ("carrying-layers", "the-others",
     compared(lambda left, whole: left >= whole / 2), ["can be cut"]),
    ("carrying-layers", "truth-values",
     lambda chance, n, query, keys: [
         left_in(chance, each, query, keys) < chance([]) / 2 for each in range(n)],
     ["truth value"]),
    ("carrying-layers", "lowest",
     lambda chance, n, query, keys: [
         min(range(n), key=lambda each: left_in(chance, each, query, keys))],
     ["several"]),
    ("carrying-layers", "unrecognised", lambda *inputs: [0, 7], ["0, 7"]),
    ("go-on", "changed-inputs",
     lambda logits, ids, n: ids.extend(go_on(logits, ids, n)) or ids[-n:],
     ["changed its input ids"]),
    ("go-on", "all-returned", lambda f, ids, n: [*ids, *go_on(f, ids, n)], ["were given"]),
    ("go-on", "not-fed-back", lambda f, ids, n: [f(ids)[-1].argmax()] * n, ["same text"]),
    ("go-on", "not-fed-back", lambda f, ids, n: np.argsort(f(ids)[-1])[::-1][:n], ["same text"]),
    ("go-on", "first-row", stepwise(lambda out: out[0].argmax()), ["first row"]),
    ("go-on", "over-all-rows", stepwise(lambda out: out.max(axis=0).argmax()), ["all rows"]),
    ("go-on", "flat-argmax", lambda f, ids, n: [np.argmax(f(ids))] * n, ["argmax"]),
    ("go-on", "least-likely", stepwise(lambda out: out[-1].argmin()), ["least likely"]),
    ("go-on", "last-id-alone", last_id_alone, ["last id alone"]),
    ("go-on", "given-forgotten", forgets, ["still comes first"]),
    ("go-on", "one-too-many", lambda f, ids, n: go_on(f, ids, n + 1), ["one id more"]),
    ("go-on", "one-too-few", lambda f, ids, n: go_on(f, ids, n - 1), ["one id fewer"]),
    ("go-on", "unrecognised", lambda f, ids, n: [0] * n, ["After the ids"]),
]  # fmt: skip
FORMS = [
    (exercise, form, answer, [])
    for exercise in ("rms-norm", "shared-keys", "loss-by-position", "carrying-layers", "go-on")
    for form, answer in (
        ("not-a-function", 3),
        ("arguments", lambda: 3),
        ("raised", lambda *inputs: 1 / 0),
        ("wrong-type", lambda *inputs: "a text"),
        ("wrong-shape", lambda *inputs: np.zeros((1, 2, 3, 4))),
    )
]


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), FORMS, ids=names(FORMS))
def test_an_answer_of_another_form_is_told(exercise, hint, answer, shown):
    verdict = check(exercise, answer)
    assert verdict.attempted and not verdict.solved and verdict.hint == hint


def test_every_diagnosis_is_met_by_a_wrong_answer():
    met = {(exercise, hint) for exercise, hint, _, _ in WRONG + FORMS}
    for each in a_real_model.EXERCISES:
        known = {d.id for d in each.diagnoses}
        assert known - {hint for exercise, hint in met if exercise == each.id} <= {"not-finite"}
