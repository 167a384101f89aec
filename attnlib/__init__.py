"""Attention, hands on: the small library that the chapters import."""

from attnlib import parrot, world
from attnlib.attention import (
    attention,
    causal_mask,
    scores,
    trace_attention,
    window_mask,
)
from attnlib.attention_only import AttentionOnly
from attnlib.cache import Cache
from attnlib.configs import explain_config, shape_from_config
from attnlib.counting import (
    GPT2_SMALL,
    GPT3,
    LLAMA3_8B,
    TransformerShape,
    count_parameters,
)
from attnlib.decoder import Decoder, GatedFeedForward
from attnlib.distance import DistanceBias
from attnlib.head import Head
from attnlib.head_scores import prefix_matching_score, previous_word_score
from attnlib.multi_head import MultiHead
from attnlib.partial import merge, partial_attention
from attnlib.positions import Rotary, rotate, sinusoidal_positions
from attnlib.scaling import LinearScaling, Llama3Scaling, NTKScaling, YarnScaling
from attnlib.smollm2 import load_smollm2
from attnlib.softmax import softmax

__all__ = [
    "GPT2_SMALL",
    "GPT3",
    "LLAMA3_8B",
    "AttentionOnly",
    "Cache",
    "Decoder",
    "DistanceBias",
    "GatedFeedForward",
    "Head",
    "LinearScaling",
    "Llama3Scaling",
    "MultiHead",
    "NTKScaling",
    "Rotary",
    "TransformerShape",
    "YarnScaling",
    "attention",
    "causal_mask",
    "count_parameters",
    "explain_config",
    "load_smollm2",
    "merge",
    "parrot",
    "partial_attention",
    "prefix_matching_score",
    "previous_word_score",
    "rotate",
    "scores",
    "shape_from_config",
    "sinusoidal_positions",
    "softmax",
    "trace_attention",
    "window_mask",
    "world",
]
