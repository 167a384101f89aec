"""Attention, hands on: the small library that the chapters import."""

from attnlib import world
from attnlib.attention import attention, causal_mask, scores, trace_attention
from attnlib.head import Head
from attnlib.softmax import softmax

__all__ = [
    "Head",
    "attention",
    "causal_mask",
    "scores",
    "softmax",
    "trace_attention",
    "world",
]
