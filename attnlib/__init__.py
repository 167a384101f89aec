"""Attention, hands on: the small library that the chapters import."""

from attnlib import world
from attnlib.attention import attention, causal_mask, scores, trace_attention
from attnlib.head import Head
from attnlib.multi_head import MultiHead
from attnlib.positions import rotate, sinusoidal_positions
from attnlib.softmax import softmax

__all__ = [
    "Head",
    "MultiHead",
    "attention",
    "causal_mask",
    "rotate",
    "scores",
    "sinusoidal_positions",
    "softmax",
    "trace_attention",
    "world",
]
