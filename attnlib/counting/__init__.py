"""Counting: the sizes of a transformer, its parameters matrix by matrix, and what it keeps."""

from attnlib.counting.shape import (
    BIASES,
    BYTES,
    DECAYS,
    GPT2_SMALL,
    GPT3,
    LLAMA3_8B,
    NORMS,
    OPTIONAL,
    QK_NORMS,
    TransformerShape,
)
from attnlib.counting.tally import PARTS, Entry, Tally, count_parameters

__all__ = [
    "BIASES",
    "BYTES",
    "DECAYS",
    "GPT2_SMALL",
    "GPT3",
    "LLAMA3_8B",
    "NORMS",
    "OPTIONAL",
    "PARTS",
    "QK_NORMS",
    "Entry",
    "Tally",
    "TransformerShape",
    "count_parameters",
]
