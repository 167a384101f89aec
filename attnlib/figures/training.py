"""Training: a small model learns to guess the next word, and its heads form."""

import base64
from functools import cache

import numpy as np
import traitlets

from attnlib import parrot
from attnlib.figures import still
from attnlib.figures.challenges import Challenging

VIEWS = ("silence", "experiments")
MOST_TOKENS = 16
LARGEST_SEED = 999_999
# As in attnlib.training.Recipe, which would import PyTorch.
N_LAYERS, N_HEADS, N_STEPS, N_TEXTS, N_WORDS = 2, 4, 500, 16, 32
SEEN_SEED = 1001  # the texts that the run of seed 1 is trained on
RECIPE = ("n_layers", "positions", "previous", "mask", "root", "unsettled", "rate", "seed")
SENTENCES = {
    "a list, and its parrot": "list: bell ring leaf frog star lamp . parrot: ring leaf frog star",
    "another list": "list: owl cup snow tree king moon . parrot: cup snow tree king moon .",
    "a doctor's mole": "wise doctor drew tall mole that itched . list: bell ring leaf frog star",
    "a banker and a sailor": "banker met old bank that lent . sailor saw shy bank that flooded .",
}


class Training(Challenging):
    """A model of 6,776 numbers that trains in the page, from its first step.

    Parameters
    ----------
    recording : an `attnlib.training.Recording`, a run that Python made; the control of runs from
        which something is taken away, and what is shown where no page can train.
    recorded : whether the recorded run is on show, not one of the page's own.
    step : the step on show. A page that has not come so far trains up to it.
    views : what is there besides: "silence", a switch for each head; "experiments", what may be
        taken away before a run.
    sentence : at most 16 words of `attnlib.parrot.WORDS`, for the patterns and the next words.
    chosen : `[layer, head]`, the large pattern.
    query, selected : the word that asks, and after which the next is guessed; the key, from 0,
        whose weight is explained, or None.
    silent : heads that add nothing, a list of `[layer, head]`.
    n_layers, positions, previous, mask, root, unsettled, rate, seed : as in
        `attnlib.training.Recipe`.
    orientation : "rows" or "columns", whichever are the queries.
    challenges : see `attnlib.figures.challenges`; a condition's `measure` is "copying", "sense",
        "loss" (of all words), "silent" (how many heads are) or "previous" (the largest
        previous-word score of a silent head). Or the name of a chapter.

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `model`, `weights`, `trace` and `exam` are attnlib's own for the step
    on show; the page hands over its weights when it rests.
    """

    script = "attnlib-training.js"

    title = traitlets.Unicode("A small model learns to guess").tag(sync=True)
    views = traitlets.List(traitlets.Enum(VIEWS), list(VIEWS)).tag(sync=True)
    recording = traitlets.Any(None, allow_none=True).tag(sync=True)
    recorded = traitlets.Bool(False).tag(sync=True)
    step = traitlets.Int(0, min=0, max=N_STEPS).tag(sync=True)
    n_steps = traitlets.Int(N_STEPS, min=N_STEPS, max=N_STEPS).tag(sync=True)
    sentence = traitlets.Unicode(next(iter(SENTENCES.values()))).tag(sync=True)
    sentences = traitlets.Dict(SENTENCES).tag(sync=True)
    chosen = traitlets.List([1, 0]).tag(sync=True)
    query = traitlets.Int(9, min=0).tag(sync=True)
    selected = traitlets.Int(None, min=0, allow_none=True).tag(sync=True)
    silent = traitlets.List([]).tag(sync=True)
    n_layers = traitlets.Int(2, min=1, max=N_LAYERS).tag(sync=True)
    positions = traitlets.Bool(True).tag(sync=True)
    previous = traitlets.Bool(True).tag(sync=True)
    mask = traitlets.Bool(True).tag(sync=True)
    root = traitlets.Bool(True).tag(sync=True)
    unsettled = traitlets.Float(0.1, min=0, max=1).tag(sync=True)
    rate = traitlets.Float(0.01).tag(sync=True)
    seed = traitlets.Int(1, min=0, max=LARGEST_SEED).tag(sync=True)
    orientation = traitlets.Enum(["rows", "columns"], "rows").tag(sync=True)
    levels = traitlets.Dict().tag(sync=True)
    # Of the step on show: "values", float64 in base64; "of", the run and the step they belong to.
    _weights = traitlets.Dict().tag(sync=True)

    def __init__(self, recording=None, **traits):
        if recording is not None:
            traits["recording"] = recording.state() if hasattr(recording, "state") else recording
        super().__init__(**traits)

    @traitlets.default("levels")
    def _levels(self):
        return _levels_of_the_world()

    @traitlets.validate("recording")
    def _a_recording(self, proposal):
        recording = proposal["value"]
        needed = {"recipe", "losses", "exams", "weights"}
        if recording is not None and not (isinstance(recording, dict) and needed <= set(recording)):
            raise ValueError(
                f"recording is a {type(recording).__name__}; expected what "
                "attnlib.training.record gives"
            )
        return recording

    @traitlets.validate("recorded")
    def _that_there_is(self, proposal):
        if proposal["value"] and self.recording is None:
            raise ValueError("recorded is True, but there is no recording to show")
        return proposal["value"]

    @traitlets.validate("sentence")
    def _known_words(self, proposal):
        words = proposal["value"].split()
        if not 1 <= len(words) <= MOST_TOKENS:
            raise ValueError(f"{len(words)} words; the figure draws 1 to {MOST_TOKENS}")
        parrot.ids(words)
        return " ".join(words)

    @traitlets.validate("query", "selected")
    def _inside_sentence(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        if value is not None and value >= len(self.tokens):
            raise ValueError(f"{name} is {value}; the text has {len(self.tokens)} words")
        return value

    @traitlets.validate("chosen")
    def _a_head(self, proposal):
        return _check_head("chosen", proposal["value"])

    @traitlets.validate("silent")
    def _heads(self, proposal):
        heads = sorted(_check_head("silent", pair) for pair in proposal["value"])
        if repeated := [head for n, head in enumerate(heads) if head in heads[:n]]:
            raise ValueError(f"silent has {repeated[0]} twice; expected each head once")
        return heads

    @traitlets.validate("rate")
    def _a_rate(self, proposal):
        if not 0 < proposal["value"] < float("inf"):
            raise ValueError(f"rate is {proposal['value']}; expected a finite number above 0")
        return proposal["value"]

    @traitlets.observe("sentence")
    def _stay_inside(self, change):
        self.query = min(self.query, len(self.tokens) - 1)
        if self.selected is not None and self.selected >= len(self.tokens):
            self.selected = None

    @property
    def tokens(self):
        """The words of the text on show."""
        return self.sentence.split()

    @property
    def recipe(self):
        """The `attnlib.training.Recipe` of the run."""
        from attnlib import training  # needs PyTorch

        return training.Recipe(**{name: getattr(self, name) for name in RECIPE})

    @property
    def _shows_recording(self):
        if not self.recorded:
            return False
        recipe = {name.lower(): value for name, value in self.recording["recipe"].items()}
        return all(getattr(self, name) == recipe.get(name.replace("_", "")) for name in RECIPE)

    @property
    def _flat(self):
        """All weights of the step on show, in one array."""
        from attnlib import training

        handed = self._weights.get("of")  # the page may not have followed yet
        if handed and all(getattr(self, name) == value for name, value in handed.items()):
            return np.frombuffer(base64.b64decode(self._weights["values"]), dtype="<f8")
        kept = {int(step): text for step, text in (self.recording or {}).get("weights", {}).items()}
        reached = [step for step in kept if step <= self.step]
        if self._shows_recording and reached:
            return np.frombuffer(base64.b64decode(kept[max(reached)]), dtype="<f4").astype(float)
        if self.step == 0 or self._shows_recording:
            return training.flat_weights(training.initial_model(self.recipe))
        raise ValueError(
            f"step {self.step} is trained for in the figure, and the figure has not told its "
            "weights: show it and let it come to rest, or train with attnlib.training.Run"
        )

    @property
    def weights(self):
        """The weights of the step on show, arrays by name, as `attnlib.training.named_weights`."""
        from attnlib import training

        return training.named_weights(self.recipe, self._flat)

    @property
    def model(self):
        """The model of the step on show, an `attnlib.AttentionOnly` of PyTorch's tensors."""
        from attnlib import training

        return training.model_of(self.recipe, self._flat)

    @property
    def _silent_here(self):
        return [tuple(pair) for pair in self.silent if pair[0] < self.n_layers]

    @property
    def trace(self):
        """What the model makes of the text: `AttentionOnly.trace`."""
        from attnlib import training

        seen = training.visibility(self.recipe, len(self.tokens))
        return self.model.trace(parrot.ids(self.tokens), silent=self._silent_here, **seen)

    @property
    def exam(self):
        """What the model knows of 96 texts that it was not trained on: `training.Exam`."""
        from attnlib import training

        return training.examine(self.model, recipe=self.recipe, silent=self._silent_here)

    def measure(self, condition):
        """What the state has of what `condition` measures."""
        what = condition["measure"]
        if what == "silent":
            return len(self._silent_here)
        if what == "previous":
            scores = self.exam.previous_word
            return max((scores[at] for at in self._silent_here), default=None)
        return getattr(self.exam, what)

    def describe(self):
        run = "a recorded run" if self._shows_recording else "a run of the page"
        taken = [
            name for name in RECIPE if getattr(self, name) != self.traits()[name].default_value
        ]
        changed = "".join(f", {name} {getattr(self, name)}" for name in taken)
        return f"Training: {run}, step {self.step} of {N_STEPS}{changed}; text “{self.sentence}”"

    def still(self):
        exams = (self.recording or {}).get("exams", [])
        return still.figure(still.svg(*_curves(exams, self.levels), self.describe()))


@cache
def _levels_of_the_world():
    """The losses of two readers who are no model, on the exam's texts."""
    texts = parrot.batch(parrot.Draws(parrot.EXAM_SEED), parrot.EXAM_TEXTS, N_WORDS)
    seen = parrot.batch(parrot.Draws(SEEN_SEED), N_STEPS * N_TEXTS, N_WORDS)
    pairs = parrot.judge(parrot.pair_probabilities(seen)[texts.ids], texts)
    return {"bound": parrot.bound(texts).loss, "pairs": pairs.loss}


WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 420, 130, 40, 24, 20
PANELS = (  # a title, the top of the scale, and lines: a field of the exams, a colour, a dash
    (
        "loss, nats a word",
        4.0,
        (("loss", "--al-query", ""), ("settledLoss", "--al-weight", "6 4")),
    ),
    ("right guesses", 1.0, (("copying", "--al-positive", ""), ("sense", "--al-query", "2 3"))),
)
LABELS = {"loss": "all words", "settledLoss": "settled words"}  # others are their own


def _curves(exams, levels):
    """What a run has learned, step by step: `(parts, width, height)`."""
    parts = []
    for n, (title, top, lines) in enumerate(PANELS):
        y0 = n * (HEIGHT + 14)
        parts += _axes(title, top, y0)
        for m, (field, colour, dash) in enumerate(lines):
            points = [(_across(exam["step"]), _down(exam[field], top, y0)) for exam in exams]
            parts.append(_polyline(points, colour, dash))
            label, y = LABELS.get(field, field), y0 + TOP + 4 + 16 * m
            parts.append(still.text(WIDTH + 10, y, label, "start", colour))
    for name, words in (("pairs", "counting pairs"), ("bound", "the bound")):
        y = _down(levels[name], 4.0, 0)
        parts.append(_line(LEFT, y, WIDTH, y, "--al-muted", "2 3"))
        parts.append(still.text(WIDTH + 10, y + 4, words, "start", "--al-muted"))
    return parts, WIDTH + 130, 2 * HEIGHT + 24


def _polyline(points, colour, dash):
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    style = f"fill:none;stroke:var({colour});stroke-width:2;stroke-dasharray:{dash or 'none'}"
    return f'<polyline points="{told}" style="{style}"/>'


def _axes(title, top, y0):
    floor = _down(0, top, y0)
    parts = [still.text(LEFT, y0 + 12, title, "start")]
    for value in (0.0, top):
        y = _down(value, top, y0)
        parts.append(_line(LEFT, y, WIDTH, y, "--al-line"))
        parts.append(still.text(LEFT - 6, y + 4, f"{value:g}", "end", "--al-muted"))
    for step in (0, N_STEPS):
        parts.append(still.text(_across(step), floor + 16, f"step {step}", colour="--al-muted"))
    return parts


def _line(x1, y1, x2, y2, colour, dash="none"):
    style = f"stroke:var({colour});stroke-dasharray:{dash}"
    return f'<line x1="{x1:g}" y1="{y1:.1f}" x2="{x2:g}" y2="{y2:.1f}" style="{style}"/>'


def _across(step):
    return LEFT + step / N_STEPS * (WIDTH - LEFT)


def _down(value, top, y0):
    return y0 + HEIGHT - BOTTOM - min(value, top) / top * (HEIGHT - TOP - BOTTOM)


def _check_head(name, pair):
    counts = (N_LAYERS, N_HEADS)
    pair = list(pair) if isinstance(pair, list | tuple) else pair
    if (
        type(pair) is not list
        or len(pair) != 2
        or not all(type(i) is int and 0 <= i < n for i, n in zip(pair, counts, strict=True))
    ):
        raise ValueError(f"{name} holds {pair!r}; expected [layer, head] below {counts}")
    return pair
