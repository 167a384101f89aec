"""Attention layers of the package transformers, told by their parts, read into attnlib's shapes."""

from attnlib.positions import BASE, Rotary
from attnlib.scaling import scaling_from_config

# The parts by which a layer is told, and the kinds of model (`config.model_type`) that have it so.
GPT2 = ("c_attn", "c_proj"), {"gpt2"}
LLAMA = ("q_proj", "k_proj", "v_proj", "o_proj"), {"llama", "mistral", "qwen2"}
BERT = ("self", "output"), {"bert", "roberta", "xlm-roberta", "camembert", "electra"}
WITHOUT_NUMBERS = ("dropout", "drop", "rotary")  # parts whose names hold these have no weights


def weights_of_layer(module):
    """What `MultiHead` is made of, by name, for a layer of GPT-2, Llama or BERT."""
    for (parts, kinds), read in ((GPT2, _gpt2), (LLAMA, _llama), (BERT, _bert)):
        if all(hasattr(module, part) for part in parts):
            _check_kind(module, kinds)
            return read(module)
    raise TypeError(
        f"module is a {type(module).__name__}, but a layer of attention of GPT-2 (with c_attn and "
        "c_proj), of Llama (q_proj, k_proj, v_proj and o_proj) or of BERT (self and output) is "
        f"expected{_layers_within(module)}"
    )


def _gpt2(module):
    if hasattr(module, "q_attn"):
        raise ValueError("module is cross-attention (it has q_attn): only self-attention is read")
    _check_parts(module, GPT2[0])
    n_heads = module.num_heads
    # Its Conv1D keeps (inputs, outputs); queries, keys and values lie side by side.
    matrices = module.c_attn.weight.T.unflatten(0, (3, n_heads, -1))
    biases = module.c_attn.bias.unflatten(0, (3, n_heads, -1))
    weights = {f"w_{letter}": matrices[i].mT for i, letter in enumerate("qkv")}
    weights |= {f"b_{letter}": biases[i] for i, letter in enumerate("qkv")}
    weights["w_o"] = module.c_proj.weight.unflatten(0, (n_heads, -1))
    return weights | {"b_o": module.c_proj.bias, "scale": _gpt2_scale(module, weights["w_q"])}


def _gpt2_scale(module, w_q):
    """None where it is the usual one."""
    is_scaled = getattr(module, "scale_attn_weights", True)
    by_layer = getattr(module, "scale_attn_by_inverse_layer_idx", False)
    if is_scaled and not by_layer:
        return None
    scale = w_q.shape[-1] ** -0.5 if is_scaled else 1.0
    return scale / (module.layer_idx + 1) if by_layer else scale


def _llama(module):
    _check_parts(module, LLAMA[0])
    if getattr(module, "sliding_window", None) is not None:
        raise ValueError(
            f"module looks back {module.sliding_window} tokens only (sliding_window), which a "
            "block is told by its mask: set module.sliding_window = None, and pass "
            f"mask=al.window_mask(n_tokens, window={module.sliding_window}) to the block"
        )
    weights, d_head = {}, module.head_dim
    for letter in "qkv":
        linear = getattr(module, f"{letter}_proj")
        weights |= _by_head(letter, linear, linear.weight.shape[0] // d_head)
    weights |= _output(module.o_proj, weights["w_q"].shape[0])
    return weights | {"rotary": _rotary(module, d_head), "scale": getattr(module, "scaling", None)}


def _rotary(module, d_head):
    """Checkpoints of Hugging Face pair column i with column i + d_head / 2."""
    config = getattr(module, "config", None)
    how = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    base = how.get("rope_theta", getattr(config, "rope_theta", BASE))
    share = how.get("partial_rotary_factor", getattr(config, "partial_rotary_factor", 1.0))
    scaling = scaling_from_config(how, getattr(config, "max_position_embeddings", None))
    return Rotary(base, "halves", None if share == 1.0 else int(share * d_head), scaling)


def _bert(module):
    attention = module.self
    _check_parts(attention, ("query", "key", "value"))
    kind = getattr(attention, "position_embedding_type", None) or "absolute"
    if kind != "absolute":
        raise ValueError(
            f"module has positions of the kind {kind!r}, which are added to the scores: MultiHead "
            "has no place for them"
        )
    n_heads, weights = attention.num_attention_heads, {}
    for name in ("query", "key", "value"):
        weights |= _by_head(name[0], getattr(attention, name), n_heads)
    return weights | _output(module.output.dense, n_heads)


def _by_head(letter, linear, n_heads):
    """A `Linear` keeps (outputs, inputs), the heads one above the other."""
    weights = {f"w_{letter}": linear.weight.unflatten(0, (n_heads, -1)).mT}
    bias = linear.bias
    return weights | {f"b_{letter}": None if bias is None else bias.unflatten(0, (n_heads, -1))}


def _output(linear, n_heads):
    return {"w_o": linear.weight.T.unflatten(0, (n_heads, -1)), "b_o": linear.bias}


def _check_kind(module, kinds):
    """Other models have parts of the same names that compute something else."""
    inner = getattr(module, "self", module)
    kind = getattr(getattr(inner, "config", None), "model_type", None)
    if kind is not None and kind not in kinds:
        raise ValueError(
            f"module is of a model of the kind {kind!r}, whose parts may be put together in "
            f"another way than in {', '.join(sorted(kinds))}: make an al.MultiHead of its matrices "
            "yourself"
        )


def _check_parts(module, known):
    for name, _ in module.named_children():
        if name not in known and not any(word in name for word in WITHOUT_NUMBERS):
            raise ValueError(
                f"module has a part {name}, which MultiHead has no place for: make an al.MultiHead "
                "of its matrices yourself, if it can be left out"
            )


def _layers_within(module):
    """Advice for a module that holds layers of attention, such as a whole model."""
    if hasattr(module, "query") and hasattr(module, "value"):
        return ": pass the layer that holds this and the output's matrix, layer.attention"
    names = [
        "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in name.split("."))
        for name, part in (module.named_modules() if hasattr(module, "named_modules") else ())
        if any(all(hasattr(part, each) for each in parts) for parts, _ in (GPT2, LLAMA, BERT))
    ]
    return f": pass module{names[0]} (it holds {len(names)})" if names else ""
