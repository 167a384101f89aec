"""Training: a small model learns to guess the next word, and its heads form."""

import base64
import math

import numpy as np
import traitlets

from attnlib import parrot
from attnlib.figures import challenges, questions, still
from attnlib.figures.base import Figure, check_pair

VIEWS = ("silence", "experiments")
MOST_TOKENS = 16
LARGEST_SEED = 999_999
SWITCHES = ("n_layers", "positions", "previous", "mask", "root", "unsettled", "rate", "seed")
SENTENCES = {
    "a list, and its parrot": "list: bell ring leaf frog star lamp . parrot: ring leaf frog star",
    "another list": "list: owl cup snow tree king moon . parrot: cup snow tree king moon",
    "a doctor's mole": "wise doctor drew tall mole that itched . list: bell ring leaf frog star lamp",
    "a banker and a sailor": "banker met old bank that lent . sailor saw shy bank that flooded .",
}


class Training(Figure):
    """A model of 6,776 numbers that trains in the page, from the first step.

    Parameters
    ----------
    recording : a `attnlib.training.Recording`, a run that Python made; its curves are the control
        of a run that is changed, and it is shown where nothing can be trained.
    recorded : whether the recorded run is on show at the start.
    step : the step on show; of a recorded run, one whose weights it kept.
    views : what is there besides: "silence" (a switch for each head), "experiments" (what may be
        taken away before a run).
    sentence : at most 16 words of `attnlib.parrot.WORDS`, for patterns and next words.
    chosen : `[layer, head]`, the large pattern.
    query, key : the cell whose weight is explained; without `key` none is. The next word is that
        after `query`.
    silent : heads that add nothing, a list of `[layer, head]`.
    n_layers, positions, previous, mask, root, unsettled, rate, seed : see
        `attnlib.training.Recipe`.
    orientation : "rows" or "columns", whichever are the queries.
    challenges : see `attnlib.figures.challenges`; a condition's `measure` is "copying", "sense",
        "loss" (of all words), "silent" (how many heads are) or "previous" (the largest
        previous-word score of a silent head). Or the name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `weights`, `model`, `trace` and `exam` are those of the step on show:
    the page hands them over when it rests.
    """

    title = traitlets.Unicode("A small model learns to guess").tag(sync=True)
    views = traitlets.List(traitlets.Enum(VIEWS), list(VIEWS)).tag(sync=True)
    recording = traitlets.Any(None, allow_none=True).tag(sync=True)
    recorded = traitlets.Bool(False).tag(sync=True)
    step = traitlets.Int(0, min=0).tag(sync=True)
    sentence = traitlets.Unicode(next(iter(SENTENCES.values()))).tag(sync=True)
    chosen = traitlets.Any([1, 0]).tag(sync=True)
    query = traitlets.Int(9, min=0).tag(sync=True)
    key = traitlets.Unicode("Training").tag(sync=True)
