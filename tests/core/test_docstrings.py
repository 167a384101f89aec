"""The examples in the docstrings are true, and every public function has one."""

import doctest
import importlib

import pytest

import attnlib as al

PUBLIC = [
    "softmax",
    "scores",
    "causal_mask",
    "attention",
    "trace_attention",
    "window_mask",
    "partial_attention",
    "merge",
    "Head",
    "MultiHead",
    "DistanceBias",
    "AttentionOnly",
    "Cache",
    "Decoder",
    "GatedFeedForward",
    "Rotary",
    "LinearScaling",
    "NTKScaling",
    "YarnScaling",
    "Llama3Scaling",
    "previous_word_score",
    "prefix_matching_score",
    "sinusoidal_positions",
    "rotate",
    "count_parameters",
    "shape_from_config",
    "explain_config",
    "load_smollm2",
]


@pytest.mark.parametrize(
    "name",
    [
        *("softmax", "attention", "head", "multi_head", "positions"),
        *("distance", "attention_only", "head_scores", "parrot", "training"),
        *("cache", "configs", "decoder", "partial", "scaling", "counting.shape", "counting.tally"),
    ],
)
def test_examples_hold(name):
    results = doctest.testmod(importlib.import_module(f"attnlib.{name}"))
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_public_functions_say_what_they_need(name):
    text = getattr(al, name).__doc__
    assert ">>>" in text
    assert "Source:" in text
