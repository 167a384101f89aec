"""What each layer of a model is, by its configuration: whole texts, windows, states, experts."""

import re

from attnlib.configs.families import KINDS
from attnlib.configs.values import as_long, first_said, shown, whole


def kinds_of_layers(said, family, n_layers):
    """What each layer is: a list of "full", "window" and "linear"."""
    types = said.get("layer_types")
    if types is not None:
        types = [KINDS[kind] for kind in _layer_types(types, n_layers, family["kinds"])]
    if family["linear"]:
        return _linear(said, family, types, n_layers)
    windowed = _windowed(said, family, types, n_layers)
    return ["window" if has else "full" for has in windowed]


def _linear(said, family, types, n_layers):
    name = "linear_attn_config.full_attn_layers"  # counted from 1, and before all else
    if isinstance(said.get(name), list):
        unknown = [n for n in said[name] if not 1 <= whole(name, n) <= n_layers]
        if unknown:
            raise ValueError(f"{name} has {shown(unknown[0])}; expected layers, 1 to {n_layers:,}")
        return ["full" if n + 1 in said[name] else "linear" for n in range(n_layers)]
    if types is not None:
        return types
    every = first_said(said.get("full_attention_interval"), family["linear"])
    every = max(1, whole("full_attention_interval", every))
    return ["linear" if (n + 1) % every else "full" for n in range(n_layers)]


def _windowed(said, family, types, n_layers):
    """Which layers have a window: a list of True and False."""
    rule = family["windows"]
    in_use = first_said(said.get("use_sliding_window"), rule != "above") is not False
    if not rule or not in_use or not said.get(family["window_from"]):
        return [False] * n_layers
    if types is not None:
        layers = [kind == "window" for kind in types]
        return [*layers[:-1], *(has and not family["last_is_full"] for has in layers[-1:])]
    if rule == "all":
        return [True] * n_layers
    if rule == "above":
        first = whole("max_window_layers", first_said(said.get("max_window_layers"), n_layers))
        return [layer >= first for layer in range(n_layers)]
    if rule == "rotated":
        return _rotated(said, n_layers)
    patterns = (said.get("sliding_window_pattern"), said.get("_sliding_window_pattern"), rule)
    every = first_said(*patterns)
    if isinstance(every, str) and re.fullmatch("L*G", every):  # a letter a layer, again and again
        every = len(every)
    every = max(1, whole("sliding_window_pattern", every))
    last = n_layers if family["last_is_full"] else 0
    return [(layer + 1) % every != 0 and layer + 1 != last for layer in range(n_layers)]


def _rotated(said, n_layers):
    """Which layers have positions, by `no_rope_layers`: in it, 1 stands for those that have."""
    listed = said.get("no_rope_layers")
    if listed:
        return [bool(one) for one in as_long("no_rope_layers", listed, n_layers)]
    every = whole("no_rope_layer_interval", first_said(said.get("no_rope_layer_interval"), 4))
    return [(layer + 1) % max(1, every) != 0 for layer in range(n_layers)]


def _layer_types(types, n_layers, known):
    as_long("layer_types", types, n_layers)
    unknown = [kind for kind in types if kind not in known]
    if unknown:
        raise ValueError(f"layer_types has {shown(unknown[0])}; counted here: {', '.join(known)}")
    return types


def placed(said, family, layers, fields):
    """The fields of a shape that follow from where layers of a kind stand."""
    found, n_layers = {}, len(layers)
    if "window" in layers:
        name = family["window_from"]
        found |= {"window": whole(name, said[name]), "n_full": layers.count("full")}
    elif "d_head_full" in fields:
        found |= _all_full(fields)
    if "linear" in layers:
        d_value = fields.get("d_linear_value", fields.get("d_linear_key", 0))
        found |= {"n_linear": layers.count("linear"), "d_linear_value": d_value}
    elif family["linear"]:
        found |= {field: 0 for field in fields if "linear" in field}
        found |= {"n_taps": 0, "decay": "none"}
    if fields.get("n_experts") and family["dense_from"]:
        found["n_dense"] = _dense(said, family, n_layers, fields.get("n_dense", 0))
    if fields.get("n_experts") and family["experts_if"]:
        found["d_shared"] = fields["d_ff"]
    if 0 < fields.get("n_kv_shared", 0) <= n_layers:
        found |= _borrowing(said, layers, fields)
    if fields.get("n_index_heads"):
        found["n_indexed"] = sum(_indexed(said, n_layers))
    return found


def _all_full(fields):
    n_kv_heads = fields.get("n_kv_heads_full") or fields.get("n_kv_heads")
    found = {"n_kv_heads": n_kv_heads, "n_kv_heads_full": 0}
    return found | {"d_head": fields["d_head_full"], "d_head_full": 0}


def _borrowing(said, layers, fields):
    """Of the last layers, which use the keys and values of others."""
    n_last = fields["n_kv_shared"]
    full = layers[len(layers) - n_last :].count("full") if "window" in layers else 0
    wide = said.get("use_double_wide_mlp")
    return {"n_kv_shared_full": full, "d_ff_shared": 2 * fields["d_ff"] if wide else 0}


def _dense(said, family, n_layers, n_dense):
    """How many layers have no experts."""
    types = said.get("mlp_layer_types")
    if family["dense_from"] == "mlp_layer_types":
        if types is None:
            return min(n_dense, n_layers)
        return as_long("mlp_layer_types", types, n_layers).count("dense")
    if isinstance(said.get("moe_layers"), list):
        return n_layers - len(said["moe_layers"])
    name = family["dense_from"]
    return n_layers - n_layers // max(1, whole(name, first_said(said.get(name), 1)))


def _indexed(said, n_layers):
    """Which layers have an index of their own."""
    if said.get("indexer_types") is not None:
        types = as_long("indexer_types", said["indexer_types"], n_layers)
        return [kind == "full" for kind in types]
    if isinstance(said.get("index_topk_pattern"), str):
        types = as_long("index_topk_pattern", list(said["index_topk_pattern"]), n_layers)
        return [kind == "F" for kind in types]
    every = max(1, whole("index_topk_freq", first_said(said.get("index_topk_freq"), 1)))
    name = "index_skip_topk_offset"
    offset = whole(name, first_said(said.get(name), 2))
    return [max(layer - offset + 1, 0) % every == 0 for layer in range(n_layers)]
