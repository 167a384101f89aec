"""The book's live figures: ipywidgets in a notebook, and alive without a kernel on a page.

Every figure is one class here and one component in `js/src/figures`; its class names the script
of `attnlib/static` that holds it. Needs the `figures` extra (anywidget).
"""

from attnlib.figures.alignment import Alignment
from attnlib.figures.base import Figure
from attnlib.figures.break_it import BreakIt
from attnlib.figures.cache_lab import CacheLab
from attnlib.figures.context_nudge import ContextNudge
from attnlib.figures.embedding_space import EmbeddingSpace
from attnlib.figures.heads import Heads
from attnlib.figures.ledger import Ledger
from attnlib.figures.mask_lab import MaskLab
from attnlib.figures.next_word import NextWord
from attnlib.figures.order_lab import OrderLab
from attnlib.figures.patterns import Patterns
from attnlib.figures.plot import Plot
from attnlib.figures.query_key import QueryKey
from attnlib.figures.questions import Prediction, Quiz
from attnlib.figures.softmax_lab import SoftmaxLab
from attnlib.figures.tiles import Tiles
from attnlib.figures.training import Training
from attnlib.figures.value_mixer import ValueMixer

__all__ = [
    "Alignment",
    "BreakIt",
    "CacheLab",
    "ContextNudge",
    "EmbeddingSpace",
    "Figure",
    "Heads",
    "Ledger",
    "MaskLab",
    "NextWord",
    "OrderLab",
    "Patterns",
    "Plot",
    "Prediction",
    "QueryKey",
    "Quiz",
    "SoftmaxLab",
    "Tiles",
    "Training",
    "ValueMixer",
]
