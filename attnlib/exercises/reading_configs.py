"""Three exercises of the chapter "Long texts": what files of published models say and hold."""

import json
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

import attnlib as al
from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.counting import OF_COUNT, CountResult, count_mistake, spelled
from attnlib.exercises.drawing import Drawing, close, matrix, number
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, Raised, mistake
from attnlib.exercises.training import NOT_A_TRUTH_VALUE, TruthResult, truth_mistake

SEED = 16
QUERY_AT, KEY_AT = 5, 2  # places at which an example is turned


# --- halves-from-pairs: another order of the columns


def moved(w, n_heads, split, axis=1):
    """`w` with the columns (or rows) of each head split in two axes, and these exchanged."""
    heads = np.moveaxis(w, axis, -1)
    heads = heads.reshape(*heads.shape[:-1], n_heads, *split)
    return np.moveaxis(np.swapaxes(heads, -1, -2).reshape(*heads.shape[:-3], -1), -1, axis)


def halves_from_pairs(w, n_heads):
    return moved(w, n_heads, (-1, 2))


def pairs_from_halves(w, n_heads):
    return moved(w, n_heads, (2, -1))


def halves_exchanged(w, n_heads):
    d_model = len(w)
    return (
        halves_from_pairs(w, n_heads).reshape(d_model, n_heads, 2, -1)[:, :, ::-1].reshape(w.shape)
    )


def heads_taken_in_turn(w, n_heads):
    """As if the columns of the heads took turns."""
    pairs = w.reshape(len(w), -1, 2, n_heads)
    return np.swapaxes(pairs, 1, 2).reshape(w.shape)


def as_rows_in_memory(w, n_heads):
    """The code for matrices that stand to the left, on one that stands to the right."""
    pairs = w.reshape(n_heads, -1, 2, len(w))
    return np.swapaxes(pairs, 1, 2).reshape(w.shape)


def score_of(w, n_heads, layout):
    """The score of two example rows through `w` as both w_q and w_k, all heads together."""
    rows = np.random.default_rng(SEED).normal(0, 1, (2, len(w)))
    heads = (rows @ w).reshape(2, n_heads, -1)
    query, key = (
        al.rotate(row, np.full(n_heads, place), layout=layout)
        for row, place in zip(heads, (QUERY_AT, KEY_AT), strict=True)
    )
    return float((query * key).sum())


@dataclass(frozen=True)
class LayoutResult(ArrayResult):
    """A matrix whose columns stand in another order: what a score becomes tells of it."""

    def facts(self, case, result, expected):
        facts = super().facts(case, result, expected)
        w, n_heads = case.inputs
        facts |= {"right_score": number(score_of(w, n_heads, "pairs")), "score": "?"}
        if result is None or result.shape != expected.shape or not np.isfinite(result).all():
            return facts
        return facts | {"score": number(score_of(result, n_heads, "halves"))}

    def message(self, facts):
        told = super().message(facts)
        if facts["score"] == "?":
            return told
        return (
            f"{told} Two tokens at places {QUERY_AT} and {KEY_AT}, through w as "
            "it came and turned in pairs, have the score {right_score}. Through yours, turned in "
            "halves, they have {score}."
        ).format(**facts)


def layout_case(w, n_heads):
    d_head = w.shape[1] // n_heads
    drawn = (
        matrix("input w", w),
        matrix("input n_heads", n_heads, ("n_heads",), ("value",)),
    )
    facts = {
        "n_heads": str(n_heads),
        "d_head": str(d_head),
        "half": str(d_head // 2),
        "width": str(w.shape[1]),
    }
    rows = tuple(map(str, range(len(w))))
    return Case((w, n_heads), rows, tuple(map(str, range(w.shape[1]))), drawn, facts)


def layout_cases():
    by_hand = np.array([[0, 1, 2, 3, 4, 5], [10, 11, 12, 13, 14, 15]], float)
    cases = [layout_case(by_hand, 1)]
    rng = np.random.default_rng(SEED)
    for d_model, n_heads, d_head in (
        (3, 2, 6),
        (12, 2, 6),
        (8, 1, 8),
        (4, 3, 8),
        (5, 3, 2),
        (6, 2, 4),
    ):
        cases.append(layout_case(rng.normal(0, 2, (d_model, n_heads * d_head)).round(1), n_heads))
    return cases


LAYOUT_MISTAKES = (
    mistake(
        "unchanged",
        lambda w, n_heads: w,
        "Your matrix is the one that came: a reshape there and back moves nothing.",
        "Between the two reshapes two axes must change places: the number of the pair, and first "
        "or second in it.",
    ),
    mistake(
        "back-to-pairs",
        pairs_from_halves,
        "You go the other way: yours takes halves for what came, and makes pairs. (With four "
        "columns a head the two are the same. Here it has {d_head}.)",
        "The columns that belong together stand side by side in w: 0 and 1, 2 and 3. In the result "
        "the firsts of all pairs come first.",
    ),
    mistake(
        "as-one-head",
        (
            lambda w, n_heads: halves_from_pairs(w, 1),
            lambda w, n_heads: pairs_from_halves(w, 1),
        ),
        "You reorder all {width} columns as if they were one head. Here are {n_heads} heads of "
        "{d_head} columns, and each is turned by itself.",
        "No column may leave its head: the first {d_head} columns stay among the first {d_head}.",
    ),
    mistake(
        "rows",
        (
            lambda w, n_heads: moved(w, n_heads, (-1, 2), axis=0),
            lambda w, n_heads: moved(w, 1, (-1, 2), axis=0),
            as_rows_in_memory,
        ),
        "You reorder rows, or cut the memory row by row. w stands to the right of a token's row "
        "here, as in this book: a head has columns of w.",
        "(Hugging Face's code reorders rows, because there the matrix is stored turned over.) In "
        "each row of w the same numbers are to come out as went in.",
    ),
    mistake(
        "seconds-first",
        halves_exchanged,
        "Your two halves have changed places: the seconds of the pairs come first. A pair would "
        "turn the other way.",
        "Column 0 of a head stays column 0.",
    ),
    mistake(
        "heads-in-turn",
        heads_taken_in_turn,
        "Your axes are right, and they are cut in the wrong order: you read the columns as if the "
        "heads took turns.",
        "The columns of head 0 stand together, then those of head 1. So the head is the first "
        "thing that changes slowly.",
    ),
    mistake(
        "heads-for-pairs",
        lambda w, n_heads: moved(w, w.shape[1] // (2 * n_heads), (n_heads, 2)),
        "You take the number of heads for the number of pairs in a head. Here `n_heads` is "
        "{n_heads}, and a head has {half} pairs.",
        "In your first reshape the numbers of heads and of pairs have changed places.",
    ),
    mistake(
        "turned-over",
        lambda w, n_heads: halves_from_pairs(w, n_heads).T,
        "Your matrix is turned over: its shape is {shape}.",
        "The columns are in the right order, and stand as rows.",
    ),
)
LAYOUT_FALLBACK = Diagnosis(
    "unrecognised",
    "In row {row}, column {column} you have {returned}, and {expected} is expected. Of each head's "
    "{d_head} columns, the firsts of the pairs come first, then the seconds.",
    "In each head, columns 2i and 2i + 1 go to the places i and i + {half}. Write the new order "
    "down as a list of column numbers, for one head.",
    lambda attempt: True,
)

HALVES = FunctionExercise(
    id="halves-from-pairs",
    title="Halves from pairs",
    stars=2,
    minutes=15,
    diagnoses=(functions.CHANGED_INPUTS, *LAYOUT_MISTAKES, *functions.OF_FORM, LAYOUT_FALLBACK),
    parameters=("w", "n_heads"),
    cases=layout_cases,
    reference=halves_from_pairs,
    result=LayoutResult("w with the columns of each head in another order"),
)


# --- read-config: what a cache keeps


def said(config, name, otherwise):
    """What a configuration says, where null says nothing."""
    value = config.get(name)
    return otherwise if value is None else value


def kv_heads(config):
    return said(config, "num_key_value_heads", config["num_attention_heads"])


def head_size(config):
    return said(config, "head_dim", config["hidden_size"] // config["num_attention_heads"])


def windows(config):
    """The window of each layer, None for none."""
    n_layers, window = config["num_hidden_layers"], config.get("sliding_window")
    if config.get("use_sliding_window") is False:
        window = None
    types = config.get("layer_types", ["sliding_attention"] * n_layers)
    return [window if kind == "sliding_attention" else None for kind in types]


def fewer(n_tokens, window):
    return n_tokens if window is None else min(n_tokens, window)


def kept_by(heads=kv_heads, size=head_size, windows=windows, tokens=fewer, times=2):
    """The function of (config, n_tokens) that counts by these rules."""

    def numbers_kept(config, n_tokens):
        in_layers = sum(tokens(n_tokens, window) for window in windows(config))
        return times * heads(config) * size(config) * in_layers

    return numbers_kept


numbers_kept = kept_by()


def query_heads(config):
    return config["num_attention_heads"]


def size_of_a_share(config):
    return config["hidden_size"] // config["num_attention_heads"]


def without(*names):
    """The windows of a configuration without these lines."""
    return lambda config: windows({k: v for k, v in config.items() if k not in names})


def no_windows(config):
    return [None] * config["num_hidden_layers"]


def windows_if_told(config):
    """As if a missing use_sliding_window were false."""
    return windows(config) if config.get("use_sliding_window") else no_windows(config)


def windows_by_types_alone(config):
    """As if a missing layer_types meant that no layer has the window."""
    return windows(config) if config.get("layer_types") else no_windows(config)


def windows_exchanged(config):
    types = config.get("layer_types", ["full_attention"] * config["num_hidden_layers"])
    other = ["full_attention" if each[0] == "s" else "sliding_attention" for each in types]
    return windows(config | {"layer_types": other})


def one_layer(config):
    return windows(config)[:1]


def no_smaller(n_tokens, window):
    return n_tokens if window is None else window


def larger(n_tokens, window):
    return n_tokens if window is None else max(n_tokens, window)


WINDOWS = (
    windows,
    no_windows,
    without("use_sliding_window"),
    without("layer_types"),
    without("use_sliding_window", "layer_types"),
    windows_if_told,
    windows_by_types_alone,
)


def with_others(**slip):
    """The counts by a slip, alone and with others that show later."""
    rules = {"heads": (kv_heads, query_heads), "size": (head_size, size_of_a_share)}
    rules |= {"times": (2, 1), "windows": WINDOWS}
    rules |= {name: (rule,) for name, rule in slip.items()}
    return tuple(
        kept_by(**dict(zip(rules, each, strict=True))) for each in product(*rules.values())
    )


def off_by(one):
    return lambda n_tokens, window: (
        n_tokens if window is None else min(n_tokens, max(window + one, 0))
    )


def shown(value):
    """A value of a configuration, as in its file."""
    if isinstance(value, list):
        kinds = ", ".join(f'{value.count(kind)} "{kind}"' for kind in dict.fromkeys(value))
        return f"[{kinds}]" if len(value) > 4 else f"[{', '.join(map(json.dumps, value))}]"
    return json.dumps(value) if value is None or isinstance(value, bool) else f"{value:,}"


def config_case(n_tokens, config):
    config = {FULL_NAMES.get(name, name): value for name, value in config.items()}
    cells = tuple((shown(value),) for value in (*config.values(), n_tokens))
    drawn = Drawing("inputs", (*config, "n_tokens"), ("value",), cells)
    limits = windows(config)
    windowed = sum(window is not None for window in limits)
    facts = {
        "n_tokens": spelled(n_tokens),
        "heads": spelled(config["num_attention_heads"]),
        "kv_heads": spelled(kv_heads(config)),
        "d_head": spelled(head_size(config)),
        "n_layers": spelled(len(limits)),
        "windowed": spelled(windowed),
        "full": spelled(len(limits) - windowed),
        "tokens": spelled(sum(fewer(n_tokens, window) for window in limits)),
        "nothings": " and ".join(name for name, value in config.items() if value is None),
    }
    return Case((config, n_tokens), (), (), (drawn,), facts)


FULL_NAMES = {
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "layers": "num_hidden_layers",
    "kv_heads": "num_key_value_heads",
    "window": "sliding_window",
    "use": "use_sliding_window",
    "types": "layer_types",
}
FULL, SLIDING = "full_attention", "sliding_attention"


def sizes(hidden, heads, layers, **more):
    return {"hidden": hidden, "heads": heads, "layers": layers} | more


def config_cases():
    """Small ones, then the lines of published files that speak of the cache, and changed ones."""
    mistral = sizes(4096, 32, 32, kv_heads=8)
    gpt_oss = sizes(2880, 64, 24, kv_heads=8, head_dim=64, window=128, types=[SLIDING, FULL] * 12)
    olmo = sizes(5120, 40, 64, kv_heads=8, window=4096, types=([SLIDING] * 3 + [FULL]) * 16)
    qwen = sizes(3584, 28, 28, kv_heads=4, window=131_072, use=False)
    return [
        config_case(7, sizes(30, 6, 5, kv_heads=2)),
        config_case(11, sizes(40, 8, 3, kv_heads=2, head_dim=13)),
        config_case(100, sizes(2048, 16, 16)),
        config_case(1000, sizes(576, 9, 30, kv_heads=3, head_dim=64)),
        config_case(8192, mistral | {"window": 4096}),
        config_case(1000, mistral | {"window": 4096}),
        config_case(131_072, sizes(5120, 32, 40, kv_heads=8, head_dim=128)),
        config_case(200_000, qwen),
        config_case(1000, gpt_oss),
        config_case(50, gpt_oss),
        config_case(10_000, olmo),
        config_case(32_768, mistral | {"window": None}),
        config_case(300, sizes(96, 8, 4, kv_heads=None, head_dim=None)),
        config_case(40, sizes(1024, 16, 3, head_dim=128, window=16, use=True)),
        config_case(
            60, sizes(48, 6, 4, kv_heads=1, window=8, use=False, types=[SLIDING] * 3 + [FULL])
        ),
        config_case(90, sizes(64, 4, 3, window=10, use=True, types=[FULL, SLIDING, FULL])),
        config_case(25, sizes(64, 4, 2, window=5)),
        config_case(12, sizes(64, 8, 3, kv_heads=2, window=None, types=[FULL] * 3)),
        config_case(30, sizes(64, 8, 2, kv_heads=2, window=None, types=[SLIDING, FULL])),
    ]


def has_nothings(config):
    return None in config.values()


def stopped_by_null(attempt):
    """Whether an exception came of null, as far as can be told: all else went well."""
    came = attempt.outcome
    if not isinstance(came, Raised) or came.kind not in ("TypeError", "AttributeError"):
        return False
    return has_nothings(attempt.inputs[0]) and all(
        right or has_nothings(inputs[0]) for inputs, _, right in attempt.elsewhere()
    )


CONFIG_MISTAKES = (
    count_mistake(
        "query-heads",
        with_others(heads=query_heads),
        "You have {returned}, and {expected} is expected. You count {heads} heads, those of the "
        "queries. Kept are keys and values, of {kv_heads} heads here.",
        "`num_key_value_heads` says how many heads have keys and values of their own.",
    ),
    count_mistake(
        "head-dim-not-read",
        with_others(size=size_of_a_share),
        "You have {returned}, and {expected} is expected. You work the size of a head out, and "
        "here the file says it: {d_head}.",
        "The heads together need not be as wide as a token's row. Look for `head_dim` first.",
    ),
    count_mistake(
        "keys-alone",
        with_others(times=1),
        "You have {returned}, half of what is expected. A token leaves a key, and something that "
        "belongs to it.",
        "Keys say where to look. What is fetched there?",
    ),
    count_mistake(
        "bytes",
        (kept_by(times=4), kept_by(times=8), kept_by(times=32), kept_by(times=64)),
        "You have {returned}, and {expected} is expected: a few times as many. Numbers are "
        "counted here, not bytes or bits.",
        "A number may take two bytes or four. That comes afterwards.",
    ),
    count_mistake(
        "one-layer",
        kept_by(windows=one_layer),
        "You have {returned}: that is one layer. Here are {n_layers}, each with keys and values of "
        "its own.",
        "`num_hidden_layers` says how many there are. All of them write into the cache.",
    ),
    count_mistake(
        "one-token",
        (
            kept_by(tokens=lambda n_tokens, window: 1),
            kept_by(tokens=lambda n_tokens, window: n_tokens**2),
        ),
        "You have {returned}, and {expected} is expected. A token leaves a key and a value in each "
        "layer, once. Here are {n_tokens} tokens.",
        "All layers together keep {tokens} tokens, counted in each layer.",
    ),
    count_mistake(
        "switch-not-read",
        (
            kept_by(windows=without("use_sliding_window")),
            kept_by(windows=without("use_sliding_window", "layer_types")),
        ),
        "You have {returned}, and {expected} is expected. There is a window in the file, and a "
        "line that says it is not in use.",
        "`use_sliding_window` is false: then every layer keeps all {n_tokens} tokens.",
    ),
    count_mistake(
        "switch-missing",
        kept_by(windows=windows_if_told),
        "You have {returned}, and {expected} is expected. You take the window for unused because "
        "nothing says that it is in use. It is off only where the file says so.",
        "A missing line and a line that says false are two things.",
    ),
    count_mistake(
        "layer-types-not-read",
        (
            kept_by(windows=without("layer_types")),
            kept_by(windows=without("layer_types", "use_sliding_window")),
        ),
        "You have {returned}, and {expected} is expected. You give all {n_layers} layers the "
        "window. Here {windowed} have it, and {full} read the whole text.",
        "`layer_types` has a word for each layer. Add up what each layer keeps.",
    ),
    count_mistake(
        "layer-types-missing",
        kept_by(windows=windows_by_types_alone),
        "You have {returned}, and {expected} is expected. Nothing is said of single layers here, "
        "and there is a window: then it is that of all layers.",
        "Of {n_layers} layers, {windowed} keep no more than the window.",
    ),
    count_mistake(
        "types-exchanged",
        kept_by(windows=windows_exchanged),
        "You have {returned}, and {expected} is expected. You give the window to the layers that "
        'read the whole text. "sliding_attention" is the window.',
        "{windowed} layers have the window here, and {full} keep everything.",
    ),
    count_mistake(
        "no-windows",
        kept_by(windows=no_windows),
        "You have {returned}, and {expected} is expected. You keep all tokens in every layer. Here "
        "{windowed} of {n_layers} layers have a window, and what has left it is not kept.",
        "All layers together keep {tokens} tokens, counted in each layer.",
    ),
    count_mistake(
        "whole-windows",
        (kept_by(tokens=no_smaller), kept_by(tokens=larger)),
        "You have {returned}, and {expected} is expected. The text has {n_tokens} tokens: a layer "
        "cannot keep more, however large its window is.",
        "A layer with a window keeps the smaller of two numbers.",
    ),
    count_mistake(
        "window-off-by-one",
        (kept_by(tokens=off_by(1)), kept_by(tokens=off_by(-1))),
        "You have {returned}, and {expected} is expected. Your windows are one token too long or "
        "too short.",
        "A window of 8 keeps 8 tokens, once so many have come.",
    ),
    Diagnosis(
        "null",
        "Your code stopped where the file says null: at {nothings}. Null says nothing: it is the "
        "same as no line at all.",
        "`config.get(name, otherwise)` gives `otherwise` for a missing line alone. Where null "
        "stands, that comes, and one cannot count with it. Ask for it as well.",
        stopped_by_null,
    ),
    Diagnosis(
        "missing-line",
        "Your code asks for a line that this file does not have. Some lines are optional, and the "
        "exercise says what holds without them.",
        "`config[name]` stops where `name` is missing. `config.get(name, otherwise)` goes on.",
        lambda attempt: isinstance(attempt.outcome, Raised) and attempt.outcome.kind == "KeyError",
    ),
)
CONFIG_FALLBACK = Diagnosis(
    "unrecognised",
    "You have {returned}, and {expected} is expected: {off}. Write down for this file: how many "
    "heads have keys, how large a head is, and how many tokens each layer keeps.",
    "{kv_heads} heads of {d_head} numbers; {full} layers that keep all tokens and {windowed} with "
    "a window; {tokens} tokens in all layers together. A key and a value for each.",
    lambda attempt: True,
)

READ_CONFIG = FunctionExercise(
    id="read-config",
    title="What a file says",
    stars=2,
    minutes=15,
    diagnoses=(functions.CHANGED_INPUTS, *CONFIG_MISTAKES, *OF_COUNT, CONFIG_FALLBACK),
    parameters=("config", "n_tokens"),
    cases=config_cases,
    reference=numbers_kept,
    result=CountResult("the numbers that the cache keeps"),
)


# --- norm-and-turn: does it matter which comes first?


def in_halves(gains):
    return gains.reshape(2, -1)


def commutes(gains):
    first, second = in_halves(gains)
    return np.asarray(bool(np.allclose(first, second, rtol=0, atol=1e-9)))


def normalised(x, gains):
    return x / np.sqrt((x**2).mean()) * gains


def turned(x, place=3):
    return al.rotate(x[None], np.array([place]), layout="halves")[0]


def gains_case(*gains):
    gains = np.array(gains, float)
    d = len(gains)
    x = np.arange(1.0, d + 1)
    rows = ("gains", "x", "normalised, then turned", "turned, then normalised")
    numbers = gains, x, turned(normalised(x, gains)), normalised(turned(x), gains)
    drawn = matrix("input gains, and an example x at place 3", np.array(numbers), rows, decimals=2)
    first, second = in_halves(gains)
    i = int(np.argmax(~close(first, second)))
    facts = {"d_head": str(d), "half": str(d // 2), "i": str(i), "j": str(i + d // 2)}
    facts |= {"one": number(first[i]), "other": number(second[i])}
    return Case((gains,), (), (), (drawn,), facts)


def gains_cases():
    return [
        gains_case(1.5, 1.5),
        gains_case(1, 2),
        gains_case(2, -2),
        gains_case(1, 1, 1, 1),
        gains_case(0.5, 2, 0.5, 2),
        gains_case(0.5, 0.5, 2, 2),
        gains_case(0.5, 2, 2, 0.5),
        gains_case(3, 3, 3, 3),
        gains_case(1, 2, 1, 3),
        gains_case(2, 1, 3, 1),
        gains_case(-1, 2, -1, 2),
        gains_case(-1, 2, 1, 2),
        gains_case(0, 1.5, 0, 1.5),
        gains_case(0, 1.5, 1.5, 0),
        gains_case(1, 2, 3, 1, 2, 3),
        gains_case(1, 2, 3, 3, 2, 1),
        gains_case(1, 1, 2, 2, 3, 3),
        gains_case(1, 2, 3, 1, 2, 3.5),
        gains_case(1, 2, 3, 2, 1, 3),
        gains_case(1, 2, 3, 1, 2.5, 3),
        gains_case(1, 2, 5, 4, 1, 3, 4, 4),
        gains_case(1, 0.9, 1.1, 1.2, 1, 0.9, 1.1, 1.2),
        gains_case(1, 0.9, 1.1, 1.2, 1, 0.9, 1.2, 1.1),
        gains_case(1, 4, 8, 2, 4, 1, 2, 8),
        gains_case(5, 2, 1, 2, 4, 3, 2, 1),
    ]


def rule(holds):
    """A mistake's answer, from a rule for the two halves of the gains."""
    return lambda gains: np.asarray(bool(holds(*in_halves(gains))))


GAINS_MISTAKES = (
    truth_mistake(
        "always",
        lambda gains: np.asarray(True),
        "Your function returns True for every input tried. A turn keeps the length of a row, so "
        "the *division* does not mind. Gains are multiplied column by column, and a turn mixes "
        "columns.",
        "Columns {i} and {j} are turned together, and have the gains {one} and {other}.",
    ),
    truth_mistake(
        "never",
        lambda gains: np.asarray(False),
        "Your function returns False for every input tried. A turn mixes the two columns of a pair "
        "and no others. When does it not matter that they have gains?",
        "With gains of 1 nothing is multiplied, and a turn keeps the length of a row.",
    ),
    truth_mistake(
        "other-way",
        lambda gains: ~commutes(gains),
        "Your function returns the opposite each time. True is for gains with which the order does "
        "not matter.",
        "Turn your answer round.",
    ),
    truth_mistake(
        "all-ones",
        rule(lambda a, b: (a == 1).all() and (b == 1).all()),
        "You ask for gains of 1. That is enough, and more than is needed: other gains commute, "
        "too.",
        "Think of one pair of columns alone. What happens to a turn if both are made twice as "
        "long?",
    ),
    truth_mistake(
        "all-equal",
        rule(lambda a, b: len({*a, *b}) == 1),
        "You ask that all gains be equal. That is enough, and more than is needed: a turn mixes "
        "only the two columns of a pair.",
        "With {d_head} columns in halves there are {half} pairs. Different pairs may have "
        "different gains.",
    ),
    truth_mistake(
        "neighbours",
        rule(lambda a, b: (np.r_[a, b][0::2] == np.r_[a, b][1::2]).all()),
        "You compare neighbours: the pairs of another layout. In halves other columns are turned "
        "together.",
        "Column 0 turns with column {half}.",
    ),
    truth_mistake(
        "signs-forgotten",
        rule(lambda a, b: (np.abs(a) == np.abs(b)).all()),
        "You compare the gains without their signs. A gain of -1 is a reflection, and a reflection "
        "then a turn is not a turn then a reflection.",
        "Columns {i} and {j} have the gains {one} and {other}.",
    ),
    truth_mistake(
        "mirrored",
        rule(lambda a, b: (a == b[::-1]).all()),
        "You compare the first column with the last. In halves, column 0 turns with the first of "
        "the second half.",
        "Columns {i} and {j} are turned together, and have the gains {one} and {other}.",
    ),
    truth_mistake(
        "sums",
        (
            rule(lambda a, b: close(a.sum(), b.sum())),
            rule(lambda a, b: close((a**2).sum(), (b**2).sum())),
            rule(lambda a, b: close(np.prod(a), np.prod(b))),
            rule(lambda a, b: (np.sort(a) == np.sort(b)).all()),
            rule(lambda a, b: set(a) == set(b)),
            rule(lambda a, b: a.max() == b.max()),
        ),
        "You compare the two halves as wholes. Which gain belongs to which column has no part in "
        "it.",
        "Columns {i} and {j} are turned together, and have the gains {one} and {other}.",
    ),
    truth_mistake(
        "first-pair",
        (rule(lambda a, b: a[0] == b[0]), rule(lambda a, b: a[-1] == b[-1])),
        "You look at one pair. There are {half} here, and each must allow the two to change "
        "places.",
        "Columns {i} and {j} are turned together, and have the gains {one} and {other}.",
    ),
    truth_mistake(
        "any-pair",
        rule(lambda a, b: (a == b).any()),
        "You are content with one pair that allows it. Every pair must.",
        "Columns {i} and {j} are turned together, and have the gains {one} and {other}.",
    ),
    truth_mistake(
        "for-each-pair",
        lambda gains: np.equal(*in_halves(gains)),
        "You return a truth value for each pair. One is asked for, for all of them.",
        "The order does not matter when it matters for no pair.",
    ),
)
GAINS_FALLBACK = Diagnosis(
    "unrecognised",
    "Your function returned {returned}, and {expected} is expected. An example is drawn above: its "
    "last two rows say whether the order matters.",
    "In halves, column i turns with column i + {half}. Follow one pair with two gains through both "
    "orders, at a turn of 90 degrees.",
    lambda attempt: True,
)
TRUTH_ASKED = replace(
    NOT_A_TRUTH_VALUE,
    stronger="What is asked has two answers. A comparison gives a truth value, and `bool(...)` "
    "makes one. Look at your `return` line.",
)

NORM_AND_TURN = FunctionExercise(
    id="norm-and-turn",
    title="Normalise, then turn?",
    stars=3,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *GAINS_MISTAKES,
        functions.RAISED,
        TRUTH_ASKED,
        functions.WRONG_SHAPE,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        GAINS_FALLBACK,
    ),
    parameters=("gains",),
    cases=gains_cases,
    reference=commutes,
    result=TruthResult("whether the order does not matter"),
)
