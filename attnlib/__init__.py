"""Attention, hands on: the small library that the chapters import."""

from attnlib import world
from attnlib.attention import attention, causal_mask, scores, trace_attention
from attnlib.counting import (
    GPT2_SMALL,
    GPT3,
    LLAMA3_8B,
    TransformerShape,
    count_parameters,
)
from attnlib.head import Head
from attnlib.multi_head import MultiHead
from attnlib.positions import rotate, sinusoidal_positions
from attnlib.softmax import softmax

__all__ = [
    "GPT2_SMALL",
    "GPT3",
    "LLAMA3_8B",
    "Head",
    "MultiHead",
    "TransformerShape",
    "attention",
    "causal_mask",
    "count_parameters",
    "rotate",
    "scores",
    "sinusoidal_positions",
    "softmax",
    "trace_attention",
    "world",
]
