"""What a model's configuration file says: its shape, and what each line means for attention."""

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from attnlib.configs.families import (
    ADDS,
    FAMILIES,
    HARMLESS,
    INSIDE,
    MEANINGS,
    MORE,
    NEEDED,
    OTHERS,
    TELLING,
)
from attnlib.configs.layers import kinds_of_layers, placed
from attnlib.configs.values import cut, shown, switch, whole
from attnlib.counting import TransformerShape

NAMED = 40  # letters of a name that an error repeats
LISTED = 6  # layers that are named one by one
MOST_LAYERS = 10_000
OF_EXPERTS = (
    *("n_experts", "n_active", "n_shared", "n_dense", "d_expert", "d_shared"),
    *("router_bias", "router_scales", "shared_gate"),
)


@dataclass(frozen=True)
class ConfigReading:
    """What `explain_config` returns. Prints as a table.

    shape : an `attnlib.TransformerShape`.
    lines : for each line that is read, in the order of the file: its name, its value, what it
        means. A line inside another has both names, with a dot between.
    """

    shape: TransformerShape
    lines: tuple

    def __str__(self):
        columns, least = 80, 24  # a page of 1280 pixels shows 83 letters; a meaning gets 24 or more
        lines = [(_indented(name), value, meaning) for name, value, meaning in self.lines]
        widths = [max(len(line[i]) for line in lines) for i in (0, 1)]
        indent = sum(widths) + 2 * len("  ")
        return "\n".join(
            textwrap.fill(
                meaning,
                max(columns, indent + least),
                initial_indent=f"{name:<{widths[0]}}  {value:>{widths[1]}}  ",
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for name, value, meaning in lines
        )


def _indented(name):
    """A name as in the file, further to the right if it stands inside another line."""
    *around, name = name.split(".")
    return "  " * len(around) + name


def shape_from_config(config):
    """The `TransformerShape` of a model, from its configuration.

    Parameters
    ----------
    config : what a Hugging Face `config.json` holds, as a dictionary.

    Lines that have nothing to do with attention or parameters are passed over. Heads and their
    size, groups, windows and the layers that have them, latent and linear attention, indexes,
    biases, normalised queries and keys, sinks, gates and experts are read; rotary positions have
    no parameters. Of a model of several parts, the `text_config` is read: the part that reads and
    writes text.

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
    config = text_part(config)
    family = _family_of(config)
    said = family["usual"] | _flat(config)
    _check_understood(config, said, family)
    fields = family["fixed"] | _sizes(said, family) | _switched(said, family)
    if not fields.get("n_experts") or not said.get(family["experts_if"], True):
        fields = {name: value for name, value in fields.items() if name not in OF_EXPERTS}
    _check_layers(fields["n_layers"], family["names"])
    layers = kinds_of_layers(said, family, fields["n_layers"])
    fields |= placed(said, family, layers, fields)
    try:
        shape = TransformerShape(**fields)
    except (TypeError, ValueError) as error:
        raise type(error)(_in_words_of_the_file(str(error), family)) from None
    facts = _facts(shape, layers, family)
    return ConfigReading(shape, tuple(_lines(config, family, facts)))


def text_part(config):
    """What a configuration says of the part of the model that reads and writes text.

    That is the whole, or its `text_config` where the model has several parts. Whether one table
    serves as embedding and unembedding is then said outside it.
    """
    inner = config.get("text_config") if isinstance(config, Mapping) else None
    if not isinstance(inner, Mapping) or _is_known(config.get("model_type")):
        return config
    tied = {name: config[name] for name in ("tie_word_embeddings",) if name in config}
    return tied | dict(inner)


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
    if _is_known(kind):
        return FAMILIES[kind]
    said = "the config does not say its model_type"
    if kind is not None:
        said = f"model_type is {shown(kind)}, which is not read here"
    raise ValueError(f"{said}; expected one of: {', '.join(FAMILIES)}")


def _is_known(kind):
    return isinstance(kind, str) and kind in FAMILIES


def _flat(config):
    """The lines of a configuration, and by names with a dot those of its mappings."""
    inside = {
        f"{name}.{inner}": value
        for name, mapping in config.items()
        if isinstance(mapping, Mapping)
        for inner, value in mapping.items()
    }
    return dict(config) | inside


def _kind(thing):
    kinds = {str: "a text", list: "a list", type(None): "null"}
    return kinds.get(type(thing), f"a {type(thing).__name__}")


def _advice(config):
    if hasattr(config, "to_dict"):
        return "give config.to_dict()"
    if isinstance(config, str):
        return "give json.loads(text) of what the file holds"
    return "give the whole file, from its { to its }"


def _check_understood(config, said, family):
    read = _read(family)
    for name, allowed in family["only"].items():
        wanted = [shown(one) for one in allowed]  # as text, where 0 is not false
        if said.get(name) is not None and shown(said[name]) not in wanted:
            is_said = "is" if name in _flat(config) else "is not said, and then"
            raise ValueError(
                f"{name} {is_said} {shown(said[name])}; only {' or '.join(wanted)} is counted here"
            )
    for name, value in config.items():
        allowed = name in family["only"]
        if name in read or allowed or not value or not _tells(name):
            continue
        raise ValueError(
            f"{cut(str(name), NAMED)} is {shown(value)}: it may change attention and is not "
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
            is_switch = field in ("tied", "tied_kv")
            sizes[field] = switch(name, value) if is_switch else whole(name, value)
    for name, field in family["names"].items():
        missing = name not in said or (said[name] is None and field in NEEDED)
        if missing and field not in sizes and name not in family["free"]:
            raise ValueError(f"the config does not say {name}, which this kind of model needs")
    if not sizes.get("tied_kv", True):
        sizes.pop("n_kv_heads_full", None)  # it goes with one matrix for both
    if "d_latent" in sizes:
        unturned = whole("qk_nope_head_dim", said.get("qk_nope_head_dim"))
        sizes["d_head"] = unturned + sizes.get("d_rotary", 0)
    return sizes


def _switched(said, family):
    """The fields that switches change, that of biases among them."""
    fields = {}
    for name, change in family["switches"].items():
        if said.get(name) is not None and switch(name, said[name]):
            fields |= change
    biased = said.get("attention_bias")
    if biased is not None and switch("attention_bias", biased) and not family["fixed"]["biases"]:
        fields["biases"] = family["biased"]
    return fields


def _check_layers(n_layers, names):
    if n_layers > MOST_LAYERS:
        name = next(name for name, field in names.items() if field == "n_layers")
        raise ValueError(f"{name} is {shown(n_layers)}; expected at most {MOST_LAYERS:,}")


def _in_words_of_the_file(message, family):
    """An error of `TransformerShape`, with the names that the file has for its sizes."""
    names = family["names"]
    if "d_head" not in names.values():
        message = message.replace(", or give d_head", "")
    for name, field in (names | {family["window_from"]: "window"}).items():
        message = re.sub(rf"\b{field}\b", name, message)
    return message


def _facts(shape, layers, family):
    """What `MEANINGS` are filled with, and their cases."""
    s, n_layers = shape, len(layers)
    full = [n + 1 for n, kind in enumerate(layers) if kind == "full"]
    some = f"{n_layers - len(full):,} of {n_layers:,} layers"
    others = OTHERS["linear" if s.n_linear else "piece" if _in_pieces(family) else "window"]
    numbers = ("n_heads", "d_head", "d_model", "d_ff", "window", "n_chosen", "n_linear_heads")
    n_experts = n_layers - s.n_dense if s.n_experts else 0
    return {
        **{name: f"{getattr(s, name):,}" for name in numbers},
        "adds": _adds(family),
        "group": f"{s.n_heads // s.n_kv_heads:,}",
        "width": f"{s.n_heads * s.d_head:,}",
        "windowed": some if full else f"all {n_layers:,} layers",
        "pattern": _pattern(full, n_layers, others),
        "network": "an expert" if s.n_experts and not s.d_expert else "the feed-forward network",
        "state": f"{s.d_linear_key * s.d_linear_value:,}",
        "linear_group": f"{s.n_linear_heads // (s.n_linear_keys or 1):,}",
        "with_experts": f"{n_experts:,} of {n_layers:,} layers have experts",
        "indexed_layers": "every layer"
        if s.n_indexed == n_layers
        else f"{s.n_indexed:,} of {n_layers:,} layers, the others use the last one",
        "qkv": family["fixed"]["biases"] == "qkv",
        "biased_qkv": s.biases == "qkv",
        "latent": bool(s.d_latent),
        "own": s.n_kv_heads == s.n_heads,
        "one": s.n_kv_heads == 1,
        "none_dense": bool(s.n_experts and s.d_expert and not s.n_dense),
        "windows": bool(s.window),
        "above": bool(s.window) and family["windows"] == "above",
        "pieces": bool(s.window) and _in_pieces(family),
        "indexed": bool(s.n_indexed),
        "linear_grouped": s.n_linear_keys not in (0, s.n_linear_heads),
        "tied_kv": s.tied_kv,
        "two_sizes": bool(s.d_head_full),
    }


def _in_pieces(family):
    return family["windows"] == "rotated"


def _adds(family):
    fixed = family["fixed"]
    known = ((kinds, fixed[field]) for field, kinds in ADDS.items() if field in fixed)
    told = [kinds[value] for kinds, value in known if value in kinds] + family["adds"]
    return "; ".join(told) or "nothing of attention"


def _pattern(full, n_layers, others):
    if len(full) == n_layers:
        return "every layer reads the whole text"
    if not full:
        return others[1]
    named = ", ".join(map(str, full[:LISTED])) + (" and so on" if len(full) > LISTED else "")
    are = "layer" if len(full) == 1 else "layers"
    reads = "reads" if len(full) == 1 else "read"
    return f"{are} {named} {reads} the whole text, {others[0]}"


def _lines(config, family, facts):
    for name, value in config.items():
        if name in _read(family):
            meaning = family["means"].get(name, MEANINGS[name])
            yield name, shown(value), _told(meaning, value, facts)
            yield from _inside(name, value, facts)


def _inside(name, value, facts):
    """The lines inside a line, those that have a meaning."""
    if isinstance(value, Mapping):
        for inner, one in value.items():
            if inner in INSIDE:
                yield f"{name}.{inner}", shown(one), _told(INSIDE[inner], one, facts)
                yield from _inside(f"{name}.{inner}", one, facts)


def _told(meaning, value, facts):
    """The meaning of a line, where there are cases the first that holds."""
    if isinstance(meaning, dict):
        cases = facts | {"yes": bool(value), "else": True, str(value): True}
        meaning = next(text for case, text in meaning.items() if cases.get(case))
    return meaning.format(**facts)
