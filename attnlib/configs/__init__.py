"""What a model's configuration file says: its shape, and what each line means for attention."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from attnlib.configs.families import ADDS, FAMILIES, HARMLESS, MEANINGS, MORE, NEEDED, TELLING
from attnlib.counting import TransformerShape

NAMED = 40  # letters of a name, and
SHOWN = 24  # letters of a value that an error repeats
LISTED = 6  # layers that are named one by one
MOST_LAYERS = 10_000
LAYERS = ("full_attention", "sliding_attention")


@dataclass(frozen=True)
class ConfigReading:
    """What `explain_config` returns. Prints as a table.

    shape : an `attnlib.TransformerShape`.
    lines : for each line that is read, in the order of the file: its name, its value, what it
        means.
    """

    shape: TransformerShape
    lines: tuple

    def __str__(self):
        widths = [max(len(line[i]) for line in self.lines) for i in (0, 1)]
        return "\n".join(
            f"{name:<{widths[0]}}  {value:>{widths[1]}}  {meaning}"
            for name, value, meaning in self.lines
        )


def shape_from_config(config):
    """The `TransformerShape` of a model, from its configuration.

    Parameters
    ----------
    config : what a Hugging Face `config.json` holds, as a dictionary.

    Lines that have nothing to do with attention or parameters are passed over. Heads and their
    size, groups, windows and the layers that have them, latent attention, biases, normalised
    queries and keys, sinks and experts are read; rotary positions have no parameters.

    Raises `TypeError` for anything but a dictionary, and for sizes that are not whole numbers;
    `ValueError` for a `model_type` that is not read here, for what is missing, and for a line that
    may change attention and is not understood.

    Source: the configuration and model classes of Hugging Face's transformers 5.24.

    >>> shape_from_config({"model_type": "gpt2", "n_layer": 12, "n_head": 12, "n_embd": 768,
    ...                    "vocab_size": 50257}).d_head
    64
    """
    return explain_config(config).shape


def explain_config(config):
    """What each line of a configuration means for attention: a `ConfigReading`.

    Takes and raises what `shape_from_config` does.

    Source: the configuration and model classes of Hugging Face's transformers 5.24.

    >>> reading = explain_config(published_configs()["Mistral 7B v0.1"]["config"])
    >>> print(next(meaning for name, _, meaning in reading.lines if name == "sliding_window"))
    all 32 layers read 4,096 tokens back at most, the own one included
    """
    family = _family_of(config)
    _check_understood(config, family)
    said = family["usual"] | dict(config)
    fields = family["fixed"] | _sizes(said, family) | _biases(said, family)
    if "d_latent" in fields:
        rotated = fields.get("d_rotary", 0)
        fields["d_head"] = _whole("qk_nope_head_dim", said.get("qk_nope_head_dim")) + rotated
    _check_layers(fields["n_layers"], family["names"])
    layers = _windowed(said, family, fields["n_layers"])
    if any(layers):
        window = _whole("sliding_window", said["sliding_window"])
        fields |= {"window": window, "n_full": layers.count(False)}
    try:
        shape = TransformerShape(**fields)
    except (TypeError, ValueError) as error:
        raise type(error)(_in_words_of_the_file(str(error), family["names"])) from None
    facts = _facts(shape, layers, family)
    return ConfigReading(shape, tuple(_lines(config, family, facts)))


def published_configs():
    """Configurations of published models, by title, with sources and the numbers of parameters.

    A dictionary for each: "model", its name at Hugging Face; "config", what its file says, and
    "config_from", the file's address; "read_in", where that was read, and "read", when;
    "parameters", the published number, and "parameters_from", where it is published.

    >>> published_configs()["GPT-2 small"]["parameters"]
    124439808
    """
    file = resources.files(__package__) / "published.json"
    return json.loads(file.read_text(encoding="utf-8"))


def _family_of(config):
    if not isinstance(config, Mapping):
        raise TypeError(
            f"config is {_kind(config)}; expected a dictionary, as a config.json holds: "
            f"{_advice(config)}"
        )
    kind = config.get("model_type")
    if isinstance(kind, str) and kind in FAMILIES:
        return FAMILIES[kind]
    if isinstance(config.get("text_config"), Mapping):
        raise ValueError(
            "the config describes a model of several parts: give its text_config, the part that "
            "reads and writes text"
        )
    said = "the config does not say its model_type"
    if kind is not None:
        said = f"model_type is {_shown(kind)}, which is not read here"
    raise ValueError(f"{said}; expected one of: {', '.join(FAMILIES)}")


def _kind(thing):
    kinds = {str: "a text", list: "a list", type(None): "null"}
    return kinds.get(type(thing), f"a {type(thing).__name__}")


def _advice(config):
    if hasattr(config, "to_dict"):
        return "give config.to_dict()"
    if isinstance(config, str):
        return "give json.loads(text) of what the file holds"
    return "give the whole file, from its { to its }"


def _check_understood(config, family):
    read = _read(family)
    for name, value in config.items():
        allowed = family["only"].get(name)
        wanted = [_shown(one) for one in allowed or ()]  # as text, where 0 is not false
        if wanted and value is not None and _shown(value) not in wanted:
            raise ValueError(
                f"{name} is {_shown(value)}; only {' or '.join(wanted)} is counted here"
            )
        if name in read or allowed or not value or not _tells(name):
            continue
        raise ValueError(
            f"{_cut(str(name), NAMED)} is {_shown(value)}: it may change attention and is not "
            "understood here. Take the line out to count without it"
        )


def _tells(name):
    return re.search(TELLING, str(name), re.I) and not re.search(HARMLESS, str(name), re.I)


def _read(family):
    """The names of a family's file that mean something here."""
    more = (name for group in family["more"] for name in MORE[group])
    return {"model_type", *family["names"], *more}


def _sizes(said, family):
    sizes = {}
    for name, field in family["names"].items():
        value = said.get(name)
        if value is not None and field not in sizes:
            sizes[field] = _switch(name, value) if field == "tied" else _whole(name, value)
    for name, field in family["names"].items():
        missing = name not in said or (said[name] is None and field in NEEDED)
        if missing and field not in sizes and name not in family["free"]:
            raise ValueError(f"the config does not say {name}, which this kind of model needs")
    if not sizes.get("n_experts"):
        for field in ("n_active", "n_shared", "n_dense", "d_expert"):
            sizes.pop(field, None)
    return sizes


def _whole(name, value):
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {_shown(value)}; expected a whole number")
    return value


def _switch(name, value):
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {_shown(value)}; expected true or false")
    return value


def _biases(said, family):
    biased = said.get("attention_bias")
    if biased is not None and _switch("attention_bias", biased) and not family["fixed"]["biases"]:
        return {"biases": "attention"}
    return {}


def _windowed(said, family, n_layers):
    """Which layers have a window: a list of True and False."""
    rule = family["windows"]
    in_use = _first(said.get("use_sliding_window"), rule != "above") is not False
    types = said.get("layer_types")
    if types is not None:
        types = _layer_types(types, n_layers, LAYERS if rule else LAYERS[:1])
    if not rule or not in_use or not said.get("sliding_window"):
        return [False] * n_layers
    if types is not None:
        return [kind == "sliding_attention" for kind in types]
    if rule == "all":
        return [True] * n_layers
    if rule == "above":
        first = _whole("max_window_layers", _first(said.get("max_window_layers"), n_layers))
        return [layer >= first for layer in range(n_layers)]
    patterns = (said.get("sliding_window_pattern"), said.get("_sliding_window_pattern"), rule)
    every = max(1, _whole("sliding_window_pattern", _first(*patterns)))
    return [(layer + 1) % every != 0 for layer in range(n_layers)]


def _first(*values):
    """The first that is said: null says nothing."""
    return next(value for value in values if value is not None)


def _check_layers(n_layers, names):
    if n_layers > MOST_LAYERS:
        name = next(name for name, field in names.items() if field == "n_layers")
        raise ValueError(f"{name} is {_shown(n_layers)}; expected at most {MOST_LAYERS:,}")


def _layer_types(types, n_layers, known):
    if not isinstance(types, list) or len(types) != n_layers:
        came = f"has {len(types)} entries" if isinstance(types, list) else f"is {_shown(types)}"
        raise ValueError(f"layer_types {came}; expected a list of {n_layers}, one for each layer")
    unknown = [kind for kind in types if kind not in known]
    if unknown:
        raise ValueError(f"layer_types has {_shown(unknown[0])}; counted here: {', '.join(known)}")
    return types


def _in_words_of_the_file(message, names):
    """An error of `TransformerShape`, with the names that the file has for its sizes."""
    if "d_head" not in names.values():
        message = message.replace(", or give d_head", "")
    for name, field in (names | {"sliding_window": "window"}).items():
        message = re.sub(rf"\b{field}\b", name, message)
    return message


def _facts(shape, layers, family):
    """What `MEANINGS` are filled with, and their cases."""
    s, n_layers = shape, len(layers)
    full = [n + 1 for n, windowed in enumerate(layers) if not windowed]
    some = f"{n_layers - len(full):,} of {n_layers:,} layers"
    return {
        **{name: f"{getattr(s, name):,}" for name in ("n_heads", "d_head", "d_model", "d_ff")},
        "adds": _adds(family["fixed"]),
        "group": f"{s.n_heads // s.n_kv_heads:,}",
        "width": f"{s.n_heads * s.d_head:,}",
        "window": f"{s.window:,}",
        "windowed": some if full else f"all {n_layers:,} layers",
        "pattern": _pattern(full, n_layers),
        "network": "an expert" if s.n_experts and not s.d_expert else "the feed-forward network",
        "qkv": s.biases == "qkv",
        "latent": bool(s.d_latent),
        "own": s.n_kv_heads == s.n_heads,
        "one": s.n_kv_heads == 1,
        "none_dense": bool(s.n_experts and s.d_expert and not s.n_dense),
        "windows": bool(s.window),
        "above": bool(s.window) and family["windows"] == "above",
    }


def _adds(fixed):
    known = ((kinds, fixed[field]) for field, kinds in ADDS.items() if field in fixed)
    told = [kinds[value] for kinds, value in known if value in kinds]
    return " and ".join(told) or "nothing of attention"


def _pattern(full, n_layers):
    if len(full) == n_layers:
        return "every layer reads the whole text"
    if not full:
        return "every layer has the window"
    named = ", ".join(map(str, full[:LISTED])) + (" and so on" if len(full) > LISTED else "")
    are = "layer" if len(full) == 1 else "layers"
    reads = "reads" if len(full) == 1 else "read"
    return f"{are} {named} {reads} the whole text, the others have the window"


def _lines(config, family, facts):
    for name, value in config.items():
        if name not in _read(family):
            continue
        meaning = MEANINGS[name]
        if isinstance(meaning, dict):
            cases = facts | {"yes": bool(value), "else": True}
            meaning = next(text for case, text in meaning.items() if cases[case])
        yield name, _shown(value), meaning.format(**facts)


def _shown(value):
    """A value in a few letters, the same in JavaScript."""
    if isinstance(value, Mapping):
        kind = value.get("rope_type") or value.get("type") or value.get("quant_method")
        return _shown(kind) if isinstance(kind, str) else "{…}"
    if isinstance(value, list | tuple):
        return f"[{len(value)}]"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 1e15 else f"{value:.0e}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _cut(text, SHOWN)


def _cut(text, most):
    return text if len(text) <= most else f"{text[:most]}…"
