"""Chapter "Long texts", what files of models say: right answers pass, wrong ones meet hints."""

from types import SimpleNamespace

import numpy as np
import pytest

import attnlib as al
from attnlib.configs import published_configs, shape_from_config
from attnlib.exercises import check, exercises, reading_configs
from tests.exercises.judging import (
    assert_every_diagnosis_is_met,
    assert_meets_hint,
    assert_solved,
    names,
)

torch = pytest.importorskip("torch")

IDS = ("halves-from-pairs", "read-config", "norm-and-turn")


# --- halves-from-pairs


def order_of(d_head):
    return [*range(0, d_head, 2), *range(1, d_head, 2)]


def halves_by_list(w, n_heads):
    d = w.shape[1] // n_heads
    return w[:, [h * d + column for h in range(n_heads) for column in order_of(d)]]


def by_head(change, axis=1):
    """`change(head, order)` of each head's columns, side by side again."""

    def answer(w, n_heads):
        heads = np.split(w, n_heads, axis=axis)
        return np.concatenate([change(h, order_of(h.shape[axis])) for h in heads], axis=axis)

    return answer


def halves_by_matrix(w, n_heads):
    d = w.shape[1] // n_heads
    turn = np.kron(np.eye(n_heads), np.eye(d)[order_of(d)].T)
    return (w @ turn).tolist()


def halves_by_loops(w, n_heads):
    result, d = np.empty_like(w), w.shape[1] // n_heads
    for h in range(n_heads):
        for i in range(d // 2):
            result[:, h * d + i] = w[:, h * d + 2 * i]
            result[:, h * d + i + d // 2] = w[:, h * d + 2 * i + 1]
    return result


def halves_in_torch(w, n_heads):
    pairs = torch.tensor(w).unflatten(1, (n_heads, -1, 2))
    return pairs.transpose(-1, -2).flatten(1)


def of_rows(w, n_heads):
    """Hugging Face's way for stored weights, which are turned over."""
    return w.reshape(n_heads, -1, 2, w.shape[0]).swapaxes(1, 2).reshape(w.shape)


# --- read-config


def by_layers(config, n_tokens, kv=None, size=None, limits=None, tokens=min, times=2):
    """Counts layer by layer; each rule may be another one."""
    heads = config["num_attention_heads"]
    kv = (kv or (lambda c: c.get("num_key_value_heads") or heads))(config)
    share = config["hidden_size"] // heads
    size = (size or (lambda c: c.get("head_dim") or share))(config)
    kept = 0
    for window in (limits or limits_of)(config):
        kept += n_tokens if window is None else tokens(n_tokens, window)
    return times * kv * size * kept


def limits_of(config, switch=True, types=True, missing=True, exchanged=False):
    window = config.get("sliding_window")
    if switch and config.get("use_sliding_window") is False:
        window = None
    n = config["num_hidden_layers"]
    layers = config.get("layer_types", ["sliding_attention" if missing else "full_attention"] * n)
    if not types:
        layers = ["sliding_attention"] * n
    wanted = "full_attention" if exchanged and "layer_types" in config else "sliding_attention"
    return [window if kind == wanted else None for kind in layers]


def counted(**changed):
    return lambda config, n_tokens: by_layers(config, n_tokens, **changed)


def limited(**changed):
    return counted(limits=lambda config: limits_of(config, **changed))


def as_a_shape(config, n_tokens):
    """By attnlib's own count."""
    limits = limits_of(config)
    shape = al.TransformerShape(
        n_layers=config["num_hidden_layers"],
        n_heads=config["num_attention_heads"],
        d_model=config["hidden_size"],
        n_vocab=1,
        n_kv_heads=config.get("num_key_value_heads"),
        d_head=config.get("head_dim"),
        window=max((each for each in limits if each), default=0),
        n_full=limits.count(None) if any(limits) else 0,
    )
    return shape.cache_numbers(n_tokens)


def in_floats(config, n_tokens):
    """With divisions that are not whole, and an array for the layers."""
    size = config.get("head_dim") or config["hidden_size"] / config["num_attention_heads"]
    limits = np.array([n_tokens if each is None else each for each in limits_of(config)])
    return 2 * size * kv_of(config) * np.minimum(limits, n_tokens).sum()


def kv_of(config):
    return config.get("num_key_value_heads") or config["num_attention_heads"]


def null_forgotten(config, n_tokens):
    kv = config.get("num_key_value_heads", config["num_attention_heads"])
    window = config.get("sliding_window", n_tokens)
    if config.get("use_sliding_window") is False:
        window = n_tokens
    limits = [min(n_tokens, window) if each else n_tokens for each in limits_of(config)]
    size = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    return 2 * kv * size * sum(limits)


def windows_by_types(config, n_tokens):
    """Asks for the window where a layer is said to have one, whether there is one or not."""
    if "layer_types" not in config or config.get("use_sliding_window") is False:
        return by_layers(config, n_tokens)
    sliding = config["layer_types"].count("sliding_attention")
    tokens = (len(config["layer_types"]) - sliding) * n_tokens
    if sliding:
        tokens += sliding * min(n_tokens, config["sliding_window"])
    size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    return 2 * kv_of(config) * size * tokens


def tidied(config, n_tokens):
    for name in [name for name, value in config.items() if value is None]:
        del config[name]
    config.setdefault("num_key_value_heads", config["num_attention_heads"])
    return by_layers(config, n_tokens)


# --- norm-and-turn


def tried(n=20, layout="halves"):
    """Vectors at random places: does the order matter?"""

    def answer(gains):
        rng = np.random.default_rng(3)
        x, places = rng.normal(size=(n, len(gains))), rng.integers(1, 500, n)
        size = np.sqrt((x**2).mean(axis=1, keepdims=True))
        first = al.rotate(x / size * gains, places, layout=layout)
        return np.allclose(first, al.rotate(x, places, layout=layout) / size * gains)

    return answer


def halves(holds):
    return lambda gains: bool(holds(gains[: len(gains) // 2], gains[len(gains) // 2 :]))


def by_matrices(gains):
    """Do the two matrices commute, for one turn by an angle of no special kind?"""
    d = len(gains)
    half, c, s = np.eye(d // 2), np.cos(0.7), np.sin(0.7)
    turn = np.block([[c * half, -s * half], [s * half, c * half]])
    return np.isclose(np.diag(gains) @ turn, turn @ np.diag(gains)).all()


RIGHT = [
    ("halves-from-pairs", halves_by_list),
    ("halves-from-pairs", by_head(lambda head, order: head[:, order])),
    ("halves-from-pairs", halves_by_matrix),
    ("halves-from-pairs", halves_by_loops),
    ("halves-from-pairs", halves_in_torch),
    ("halves-from-pairs",
     lambda w, n: np.moveaxis(w.reshape(len(w), n, -1, 2), 3, 2).reshape(len(w), -1)),
    ("halves-from-pairs",
     lambda w, n: w.T.reshape(n, -1, 2, len(w)).swapaxes(1, 2).reshape(w.T.shape).T),
    ("read-config", by_layers),
    ("read-config", as_a_shape),
    ("read-config", in_floats),
    ("read-config", lambda config, n_tokens: tidied(dict(config), n_tokens)),
    ("norm-and-turn", tried()),
    ("norm-and-turn", by_matrices),
    ("norm-and-turn", halves(lambda a, b: (a == b).all())),
    ("norm-and-turn", halves(lambda a, b: a.tolist() == b.tolist())),
    ("norm-and-turn", lambda gains: np.array_equal(gains, np.roll(gains, len(gains) // 2))),
    ("norm-and-turn", lambda gains: torch.tensor(gains).reshape(2, -1).diff(dim=0).eq(0).all()),
    ("norm-and-turn",
     lambda gains: all(abs(gains[i] - gains[i + len(gains) // 2]) < 1e-9
                       for i in range(len(gains) // 2))),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_is_solved(exercise, answer):
    assert_solved(check(exercise, answer))


WRONG = [
    ("halves-from-pairs", "changed-inputs",
     lambda w, n: w.fill(0) or w, ["changed its input w"]),
    ("halves-from-pairs", "unchanged",
     lambda w, n: w.reshape(len(w), n, -1, 2).reshape(len(w), -1), ["moves nothing"]),
    ("halves-from-pairs", "back-to-pairs",
     by_head(lambda head, order: head[:, np.argsort(order)]), ["the other way", "the score"]),
    ("halves-from-pairs", "as-one-head",
     lambda w, n: w[:, order_of(w.shape[1])], ["as if they were one head"]),
    ("halves-from-pairs", "as-one-head",
     lambda w, n: np.hstack([w[:, 0::2], w[:, 1::2]]), ["2 heads of 6"]),
    ("halves-from-pairs", "rows", lambda w, n: w[order_of(len(w))], ["reorder rows"]),
    ("halves-from-pairs", "rows", of_rows, ["row by row"]),
    ("halves-from-pairs", "seconds-first",
     by_head(lambda head, order: np.hstack([head[:, 1::2], head[:, 0::2]])), ["the other way"]),
    ("halves-from-pairs", "heads-in-turn",
     lambda w, n: w.reshape(len(w), -1, 2, n).swapaxes(1, 2).reshape(w.shape), ["took turns"]),
    ("halves-from-pairs", "heads-for-pairs",
     lambda w, n: w.reshape(len(w), -1, n, 2).swapaxes(2, 3).reshape(w.shape), ["for the number"]),
    ("halves-from-pairs", "turned-over",
     lambda w, n: halves_by_list(w, n).T, ["turned over", "(6, 2)"]),
    ("halves-from-pairs", "raised", lambda w, n: w.reshape(n, 5), ["ValueError"]),
    ("halves-from-pairs", "wrong-type", lambda w, n: "w", ["the text 'w'"]),
    ("halves-from-pairs", "wrong-shape",
     lambda w, n: w.reshape(len(w), n, -1, 2).swapaxes(2, 3), ["(2, 1, 2, 3)"]),
    ("halves-from-pairs", "not-finite", lambda w, n: np.log(0 * w), ["-inf"]),
    ("halves-from-pairs", "not-a-function", np.eye(2), ["f(w, n_heads)"]),
    ("halves-from-pairs", "arguments", lambda w: w, ["f(w, n_heads)"]),
    ("halves-from-pairs", "unrecognised", lambda w, n: w[:, ::-1], ["the firsts of the pairs"]),
    ("read-config", "changed-inputs", tidied, ["changed its input config"]),
    ("read-config", "query-heads",
     counted(kv=lambda config: config["num_attention_heads"]), ["6 heads, those of the queries"]),
    ("read-config", "query-heads",
     lambda config, n_tokens: by_layers(
         config | {"num_key_value_heads": None, "head_dim": None}, n_tokens), ["of 2 heads"]),
    ("read-config", "head-dim-not-read",
     counted(size=lambda c: c["hidden_size"] // c["num_attention_heads"]), ["says it: 13"]),
    ("read-config", "query-heads",
     lambda c, n: 2 * c["num_hidden_layers"] * c["hidden_size"] * n, ["of 2 heads"]),
    ("read-config", "head-dim-not-read",
     lambda c, n: 2 * c["num_hidden_layers"] * kv_of(c) * n
     * (c["hidden_size"] // c["num_attention_heads"]), ["says it: 13"]),
    ("read-config", "keys-alone", counted(times=1), ["half of"]),
    ("read-config", "bytes", counted(times=4), ["not bytes"]),
    ("read-config", "one-layer",
     counted(limits=lambda config: limits_of(config)[:1]), ["that is one layer"]),
    ("read-config", "one-token",
     lambda config, n_tokens: by_layers(config, 1, limits=lambda c: [None] * len(limits_of(c))),
     ["7 tokens"]),
    ("read-config", "switch-not-read", limited(switch=False), ["not in use"]),
    ("read-config", "switch-missing",
     counted(limits=lambda config: [
         each if config.get("use_sliding_window") else None for each in limits_of(config)]),
     ["nothing says that it is in use"]),
    ("read-config", "layer-types-not-read", limited(types=False), ["12 have it, and 12 read"]),
    ("read-config", "layer-types-missing", limited(missing=False), ["Nothing is said"]),
    ("read-config", "types-exchanged", limited(exchanged=True), ["is the window"]),
    ("read-config", "no-windows",
     counted(limits=lambda config: [None] * len(limits_of(config))), ["all tokens in every"]),
    ("read-config", "whole-windows", counted(tokens=lambda n, window: window), ["The text has"]),
    ("read-config", "whole-windows", counted(tokens=max), ["cannot keep more"]),
    ("read-config", "window-off-by-one",
     counted(tokens=lambda n, window: min(n, window + 1)), ["one token too long"]),
    ("read-config", "null", null_forgotten, ["null", "at num_key_value_heads and head_dim"]),
    ("read-config", "null", windows_by_types, ["at sliding_window"]),
    ("read-config", "missing-line",
     lambda config, n: by_layers(config, n, kv=lambda c: c["num_key_value_heads"]), ["KeyError"]),
    ("read-config", "raised", lambda config, n_tokens: config / n_tokens, ["TypeError"]),
    ("read-config", "wrong-type", lambda config, n_tokens: "1,000", ["the text '1,000'"]),
    ("read-config", "wrong-shape", lambda config, n_tokens: [1, 2], ["(2,)"]),
    ("read-config", "not-finite", lambda config, n_tokens: np.inf, ["inf"]),
    ("read-config", "not-a-function", 168, ["f(config, n_tokens)"]),
    ("read-config", "arguments", lambda config: 1, ["f(config, n_tokens)"]),
    ("read-config", "unrecognised", lambda config, n_tokens: 1, ["how many tokens each layer"]),
    ("norm-and-turn", "changed-inputs", lambda gains: gains.fill(0) or True, ["changed its input"]),
    ("norm-and-turn", "always", lambda gains: True, ["True for every input"]),
    ("norm-and-turn", "never", lambda gains: False, ["False for every input"]),
    ("norm-and-turn", "other-way", lambda gains: not tried()(gains), ["the opposite"]),
    ("norm-and-turn", "all-ones", lambda gains: np.allclose(gains, 1), ["other gains commute"]),
    ("norm-and-turn", "all-equal",
     lambda gains: np.allclose(gains, gains[0]), ["more than is needed"]),
    ("norm-and-turn", "neighbours", tried(layout="pairs"), ["another layout"]),
    ("norm-and-turn", "neighbours",
     lambda gains: np.allclose(gains[0::2], gains[1::2]), ["compare neighbours"]),
    ("norm-and-turn", "signs-forgotten",
     halves(lambda a, b: np.allclose(a**2, b**2)), ["a reflection"]),
    ("norm-and-turn", "mirrored",
     lambda gains: np.allclose(gains, gains[::-1]), ["the first column with the last"]),
    ("norm-and-turn", "sums", halves(lambda a, b: np.isclose(a.mean(), b.mean())), ["as wholes"]),
    ("norm-and-turn", "sums", halves(lambda a, b: sorted(a) == sorted(b)), ["as wholes"]),
    ("norm-and-turn", "sums", halves(lambda a, b: set(a) == set(b)), ["as wholes"]),
    ("norm-and-turn", "sums",
     halves(lambda a, b: np.isclose(np.linalg.norm(a), np.linalg.norm(b))), ["as wholes"]),
    ("norm-and-turn", "first-pair", halves(lambda a, b: a[0] == b[0]), ["look at one pair"]),
    ("norm-and-turn", "any-pair", halves(lambda a, b: np.isclose(a, b).any()), ["Every pair must"]),
    ("norm-and-turn", "for-each-pair",
     lambda gains: np.equal(*np.split(gains, 2)), ["for each pair"]),
    ("norm-and-turn", "raised", lambda gains: gains @ np.eye(9), ["ValueError"]),
    ("norm-and-turn", "wrong-type", lambda gains: int(tried()(gains)), ["the number 1"]),
    ("norm-and-turn", "wrong-shape", lambda gains: np.isclose(gains, 1), ["(2,)"]),
    ("norm-and-turn", "not-a-function", True, ["f(gains)"]),
    ("norm-and-turn", "arguments", lambda: True, ["f(gains)"]),
    ("norm-and-turn", "unrecognised", lambda gains: len(gains) > 2, ["whether the order matters"]),
    ("norm-and-turn", "unrecognised",
     halves(lambda a, b: (a[0], a[-1]) == (b[0], b[-1])), ["False is expected"]),
    ("norm-and-turn", "unrecognised",
     halves(lambda a, b: a[0] == b[0] and a.sum() == b.sum()), ["False is expected"]),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "hint", "answer", "shown"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_meets_the_hint_meant_for_it(exercise, hint, answer, shown):
    assert_meets_hint(exercise, hint, answer, shown)
    first = check(exercise, answer).hints[0]
    for code in ("np.", "@", "[:", ".get", ".reshape", "//"):
        assert code not in first.replace("`np.empty`", ""), f"the first hint gives code: {first}"


def test_every_diagnosis_is_met_by_a_wrong_answer():
    here = SimpleNamespace(EXERCISES=[exercises()[id] for id in IDS])
    assert_every_diagnosis_is_met(here, WRONG)


def test_scores_of_the_reordered_matrix_turned_in_halves_are_those_of_pairs():
    for case in reading_configs.layout_cases():
        w, n_heads = case.inputs
        pairs = reading_configs.score_of(w, n_heads, "pairs")
        moved = reading_configs.score_of(halves_by_list(w, n_heads), n_heads, "halves")
        assert np.isclose(moved, pairs)
        unmoved = reading_configs.score_of(w, n_heads, "halves")
        assert np.isclose(unmoved, pairs) == (w.shape[1] == 2 * n_heads)


def test_the_count_is_that_of_published_models():
    """Where the rules of the exercise are the whole rule, attnlib's own reading agrees."""
    read = 0
    for entry in published_configs().values():
        config = entry["config"]
        if config["model_type"] in ("llama", "mistral", "mixtral", "olmo2", "olmo3", "gpt_oss"):
            for n_tokens in (1, 100, 5000, 200_000):
                expected = shape_from_config(config).cache_numbers(n_tokens)
                assert reading_configs.numbers_kept(config, n_tokens) == expected
            read += 1
    assert read >= 8


def test_gains_that_commute_are_those_that_a_trial_finds():
    for case in reading_configs.gains_cases():
        assert bool(reading_configs.commutes(*case.inputs)) == tried()(*case.inputs)


AS_PUBLISHED = (
    "SmolLM2 135M", "Mistral 7B v0.1", "Mistral Nemo 12B", "Qwen2.5 7B", "OLMo 3.1 32B",
    "gpt-oss 20b",
)  # fmt: skip


@pytest.mark.parametrize("title", AS_PUBLISHED)
def test_cases_are_what_published_files_say(title):
    published = published_configs()[title]["config"]
    lines = {*reading_configs.FULL_NAMES.values(), "head_dim"}
    said = {name: value for name, value in published.items() if name in lines}
    assert said in [case.inputs[0] for case in reading_configs.config_cases()]
