"""Layers of GPT-2, Llama and BERT as `al.MultiHead` reads them, beside what transformers computes.

layers.json holds what its `GPT2Attention`, `LlamaAttention`, `Qwen2Attention` and `BertAttention`
give for the same numbers, in float64. The modules here have their parts and their shapes.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import Dropout, LayerNorm, Linear, Module, Parameter

import attnlib as al

TABLE = json.loads(Path(__file__).with_name("layers.json").read_text(encoding="utf-8"))
X = torch.cos(torch.arange(40, dtype=torch.float64) * 0.9).reshape(5, 8)
# Llama's angles are rounded to float32 in transformers.
TOLERANCE = 1e-6


class Conv1D(Module):
    """GPT-2's linear layer, whose matrix is (inputs, outputs)."""

    def __init__(self, n_outputs, n_inputs):
        super().__init__()
        self.weight = Parameter(torch.empty(n_inputs, n_outputs))
        self.bias = Parameter(torch.empty(n_outputs))


class GPT2(Module):
    def __init__(self, **options):
        super().__init__()
        self.num_heads, self.layer_idx = 2, 2
        self.scale_attn_weights, self.scale_attn_by_inverse_layer_idx = True, False
        self.c_attn, self.c_proj, self.attn_dropout = Conv1D(24, 8), Conv1D(8, 8), Dropout(0.1)
        vars(self).update(options)


class Llama(Module):
    def __init__(self, bias=False, **options):
        super().__init__()
        self.head_dim, self.scaling, self.sliding_window = 4, 0.5, None
        self.config = SimpleNamespace(rope_theta=50.0)
        self.q_proj, self.k_proj = Linear(8, 16, bias=bias), Linear(8, 8, bias=bias)
        self.v_proj, self.o_proj = Linear(8, 8, bias=bias), Linear(16, 8, bias=False)
        vars(self).update(options)


class Bert(Module):
    def __init__(self, **options):
        super().__init__()
        self.self, self.output = Module(), Module()
        self.self.query, self.self.key, self.self.value = (Linear(8, 8) for _ in range(3))
        self.self.num_attention_heads, self.self.dropout = 2, Dropout(0.1)
        self.output.dense, self.output.LayerNorm = Linear(8, 8), LayerNorm(8)
        vars(self.self).update(options)


@torch.no_grad()
def filled(module):
    """The module with numbers that depend on their places alone, in float64."""
    module = module.double().eval()
    for i, parameter in enumerate(module.parameters()):
        places = torch.arange(parameter.numel(), dtype=torch.float64)
        parameter.copy_((0.5 * torch.sin(0.37 * (i + 1) * places + i)).reshape(parameter.shape))
    return module


NEW = SimpleNamespace(rope_parameters={"rope_type": "default", "rope_theta": 50.0})
LAYERS = {
    "gpt2": (GPT2(), True),
    "gpt2 by layer": (GPT2(scale_attn_by_inverse_layer_idx=True), True),
    "llama": (Llama(), True),
    "llama, newer": (Llama(config=NEW), True),
    "qwen2": (Llama(bias=True), True),
    "bert": (Bert(position_embedding_type="absolute"), False),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


@every_layer
def test_numbers_are_those_of_transformers(name):
    module, causal = LAYERS[name]
    block = al.MultiHead.from_transformers(filled(module))
    expected = np.array(TABLE[name.partition(",")[0]])
    for delta in (block(X, causal=causal), block.trace(X, causal=causal).delta):
        assert np.abs(delta.detach().numpy() - expected).max() < TOLERANCE


@every_layer
def test_its_arrays_are_the_modules(name):
    """Views: what trains one trains the other."""
    module, causal = LAYERS[name]
    filled(module).zero_grad()
    al.MultiHead.from_transformers(module)(X, causal=causal).square().sum().backward()
    read = [p for n, p in module.named_parameters() if "LayerNorm" not in n]
    assert all(parameter.grad is not None for parameter in read)
    assert max(float(parameter.grad.abs().max()) for parameter in read) > 0


def test_scores_that_are_not_scaled_stay_so():
    block = al.MultiHead.from_transformers(filled(GPT2(scale_attn_weights=False)))
    plain = al.MultiHead.from_transformers(filled(GPT2()))
    assert torch.allclose(block.trace(X).scores, 2 * plain.trace(X).scores, atol=1e-12)


def test_a_part_of_the_columns_may_be_turned():
    config = SimpleNamespace(rope_theta=50.0, partial_rotary_factor=0.5)
    block = al.MultiHead.from_transformers(filled(Llama(config=config)))
    assert block.rotary == al.Rotary(50.0, "halves", n_rotated=2)


def whole():
    model = Module()
    model.h = torch.nn.ModuleList(Module() for _ in range(3))
    for layer in model.h:
        layer.attn = GPT2()
    return model


def with_part(module, name):
    setattr(module, name, Linear(4, 4))
    return module


def of_kind(module, kind):
    module.config = SimpleNamespace(model_type=kind)
    return module


PHI3 = SimpleNamespace(rope_theta=1e4, rope_scaling={"rope_type": "longrope", "factor": 8.0})


@pytest.mark.parametrize(
    ("module", "error", "message"),
    [
        (3, TypeError, r"module is a int, but a layer of attention of GPT-2 .* expected$"),
        (Linear(2, 2), TypeError, r"module is a Linear, but .* expected$"),
        (whole(), TypeError, r"pass module\.h\[0\]\.attn \(it holds 3\)$"),
        (Bert().self, TypeError, r"pass the layer that holds this .*layer\.attention$"),
        (with_part(GPT2(), "q_attn"), ValueError, "module is cross-attention"),
        (with_part(Llama(), "q_norm"), ValueError, "module has a part q_norm, which MultiHead has"),
        (with_part(Bert().self, "distance_embedding"), TypeError, "layer.attention"),
        (of_kind(Llama(), "cohere"), ValueError, "of the kind 'cohere', .* llama, mistral, qwen2"),
        (of_kind(GPT2(), "gpt_bigcode"), ValueError, "of the kind 'gpt_bigcode'"),
        (Llama(sliding_window=9), ValueError, r"looks back 9 .*mask=al\.window_mask\(n_tokens, wi"),
        (Llama(config=PHI3), ValueError, r"turned by a rule of the kind 'longrope' \(rope_type\)"),
        (
            Bert(position_embedding_type="relative_key"),
            ValueError,
            "positions of the kind 'relative_key'",
        ),
    ],
)
def test_says_which_modules_it_cannot_represent(module, error, message):
    with pytest.raises(error, match=message):
        al.MultiHead.from_transformers(module)
