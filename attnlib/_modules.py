"""PyTorch's attention module, read into attnlib's shapes."""

import torch


def stacked_weights(module):
    """The matrices and biases of a `torch.nn.MultiheadAttention` as `MultiHead` names them."""
    _check_module(module)
    matrices = dict(zip("qkv", _projections(module), strict=True))
    # PyTorch multiplies from the other side: (n_heads * d_head, d_model), rows by head.
    weights = {f"w_{letter}": _by_head(module, w).mT for letter, w in matrices.items()}
    weights["w_o"] = _by_head(module, module.out_proj.weight.T)
    if module.in_proj_bias is not None:
        biases = module.in_proj_bias.unflatten(0, (3, module.num_heads, -1))
        weights |= {f"b_{letter}": biases[i] for i, letter in enumerate("qkv")}
    return weights | {"b_o": module.out_proj.bias}


def _projections(module):
    if module.in_proj_weight is None:  # the keys' and values' tokens have a width of their own
        return module.q_proj_weight, module.k_proj_weight, module.v_proj_weight
    stacked = module.in_proj_weight.unflatten(0, (3, -1))
    return stacked[0], stacked[1], stacked[2]


def _by_head(module, rows):
    return rows.unflatten(0, (module.num_heads, -1))


def _check_module(module):
    kind = type(module).__name__
    if not isinstance(module, torch.nn.MultiheadAttention):
        raise TypeError(
            f"module is a {kind}, but a torch.nn.MultiheadAttention is expected"
            f"{_attention_within(module)}"
        )
    is_patched = "forward" in module.__dict__
    if is_patched or type(module).forward is not torch.nn.MultiheadAttention.forward:
        raise TypeError(
            f"module is a {kind} with a forward of its own, which may compute something else from "
            "other weights: pass a torch.nn.MultiheadAttention that holds its weights"
        )
    if module.bias_k is not None:
        raise ValueError(
            "module was made with add_bias_kv=True: it adds a key and a value that belong to no "
            "token, which MultiHead has no place for"
        )
    if module.add_zero_attn:
        raise ValueError(
            "module was made with add_zero_attn=True: it adds a key and a value of zeros, which "
            "MultiHead has no place for"
        )
    if module.kdim != module.vdim:
        raise ValueError(
            f"module takes keys from {module.kdim} columns (kdim) and values from {module.vdim} "
            "(vdim), but MultiHead takes both from the same context"
        )


def _attention_within(module):
    """Advice for a module that holds what is expected, such as a layer of an encoder."""
    if not isinstance(module, torch.nn.Module):
        return ""
    kind = torch.nn.MultiheadAttention
    names = [name for name, part in module.named_modules() if isinstance(part, kind)]
    if not names:
        return ""
    shown = " or ".join(f"module{_as_written(name)}" for name in names[:2])
    return f": pass {shown}" + (f" (it holds {len(names)})" if len(names) > 2 else "")


def _as_written(name):
    """`layers.0.self_attn`, PyTorch's name of a part, as Python: `.layers[0].self_attn`."""
    return "".join(map(_part_as_written, name.split(".")))


def _part_as_written(part):
    if part.isdigit():
        return f"[{part}]"
    return f".{part}" if part.isidentifier() else f"[{part!r}]"
