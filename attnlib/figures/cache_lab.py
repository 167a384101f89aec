"""CacheLab: a text written word by word, with and without a cache of keys and values."""

import numpy as np
import traitlets

from attnlib.counting import BYTES
from attnlib.figures import cached_block, still
from attnlib.figures.base import check_pair
from attnlib.figures.cached_block import LATENT, N_HEADS, SHARED
from attnlib.figures.challenges import Challenging
from attnlib.world import PHRASES

WORDS = PHRASES.sentences["The fluffy blue creature"].split()
SHARINGS = (*SHARED, LATENT)
BUGS = ("none", "offset", "tile")
WINDOW = 3
ROUNDING = 1e-9  # as in parts/cache/Compare.jsx
BYTES_A_NUMBER = BYTES["bfloat16"]
STILL = {  # of a place: what the still picture writes, and how much of its ink it has as a ground
    "absent": ("", 0),
    "new": ("made", 30),
    "read": ("read", 8),
    "again": ("again", 30),
    "unseen": ("again", 30),
    "dropped": ("dropped", 0),
}
LEFT, ASKERS, WIDTH, TOP = 190, 64, 68, 22  # of the still picture


class CacheLab(Challenging):
    """One layer writes a text word by word; its keys and values are kept, or made again.

    Parameters
    ----------
    step : how many of the eight words are written.
    cache : whether keys and values are kept, or the whole text is run again for each word.
    sharing : "multi-head", "grouped", "multi-query" or "latent": what is kept of each word.
    window : how many words each sees, itself included: all 8, or 3, and what leaves is dropped.
    bug : "none", "offset" (each word that is written with a cache is told that it stands first) or
        "tile" (query head h reads key head h % n_kv_heads).
    selected : `[row, place]`, from 0: the cell that is explained, of `rows` and words; or None.
    challenges : see `attnlib.figures.challenges`; a condition's `measure` is "written" (words),
        "kept" or "read" (numbers), "keys" (different ones that the heads read of a word), "work"
        (multiplications for the newest word), "growth" (of them, from the word before),
        "difference" or "first" (of the newest or the first word's output from that of the whole
        text, at most). Or the name of a chapter.

    Words and matrices are drawn: see `attnlib.figures.cached_block`. Wrong values raise
    `ValueError` (for choices and ranges traitlets' `TraitError`), and the figure stays as it was.
    `trace` and `whole` are computed with attnlib.
    """

    script = "attnlib-long.js"

    title = traitlets.Unicode("Kept, or made again").tag(sync=True)
    step = traitlets.Int(4, min=0, max=len(WORDS)).tag(sync=True)
    cache = traitlets.Bool(True).tag(sync=True)
    sharing = traitlets.Enum(SHARINGS, SHARINGS[0]).tag(sync=True)
    window = traitlets.Enum([len(WORDS), WINDOW], len(WORDS)).tag(sync=True)
    bug = traitlets.Enum(BUGS, BUGS[0]).tag(sync=True)
    selected = traitlets.Any(None, allow_none=True).tag(sync=True)
    words = traitlets.List(traitlets.Unicode(), WORDS).tag(sync=True)
    weights = traitlets.Dict().tag(sync=True)

    def __init__(self, step=None, **traits):
        if step is not None:
            traits["step"] = step
        super().__init__(**traits)

    @traitlets.default("weights")
    def _drawn(self):
        return cached_block.drawn(len(WORDS))

    @traitlets.validate("selected")
    def _cell_that_exists(self, proposal):
        most = (len(self.rows), len(self.words))
        return check_pair(proposal["value"], "row, place", most)

    @traitlets.observe("sharing")
    def _stay_inside(self, change):
        if self.selected and self.selected[0] >= len(self.rows):
            self.selected = None

    @property
    def tokens(self):
        """The words of the text, written or not."""
        return list(self.words)

    @property
    def rows(self):
        """What is kept of each word, row by row."""
        if self.sharing == LATENT:
            return ["rotary key", "latent"]
        return [f"{part} {n + 1}" for n in range(SHARED[self.sharing]) for part in ("key", "value")]

    @property
    def layer(self):
        """The `attnlib.figures.cached_block.Layer` of the state."""
        return cached_block.layer(self.weights, self.sharing)

    @property
    def x(self):
        """The vectors of the words that are written, `(step, d_model)`."""
        return np.array(self.weights["x"])[: self.step]

    @property
    def trace(self):
        """The `attnlib.figures.cached_block.Writing` of the state."""
        return cached_block.write(self.layer, self.x, self.cache, self.window, self.bug)

    @property
    def whole(self):
        """The outputs of the same text read at once, without a bug, `(step, d_model)`."""
        return cached_block.read_at_once(self.layer, self.x, self.window)

    @property
    def states(self):
        """Of each place: "absent", "new", "read", "again", "unseen" (made, and not read) or
        "dropped"."""
        return [self._state(place) for place in range(len(self.words))]

    def _state(self, place):
        newest = self.step - 1
        if place >= newest:
            return "new" if place == newest else "absent"
        sees = newest - place < cached_block.seen(newest, self.window)
        if self.cache:
            return "read" if sees else "dropped"
        return "again" if sees else "unseen"

    def work(self, place):
        """The multiplications that the word at `place` takes, by kind."""
        return cached_block.multiplications(self.layer, place, self.cache, self.window)

    @property
    def total_work(self):
        """The multiplications for each word, `(step,)`."""
        return [sum(self.work(place).values()) for place in range(self.step)]

    @property
    def kept(self):
        """How many numbers the cache holds."""
        held = cached_block.seen(self.step - 1, self.window) if self.step else 0
        return held * self.layer.n_kept if self.cache else 0

    @property
    def read(self):
        """How many numbers the newest word read from the cache."""
        return self.states.count("read") * self.layer.n_kept

    @property
    def differences(self):
        """How far each word's output is from that of the whole text, at most, `(step,)`."""
        return np.abs(self.trace.outputs - self.whole).max(axis=-1)

    @property
    def n_keys(self):
        """How many different keys the query heads read of one word."""
        keys = self.layer.whole.trace(np.array(self.weights["x"])[:1]).keys[:, 0]
        return len(np.unique(keys.round(9), axis=0))

    def measure(self, condition):
        """What the state has of what `condition` measures; None where nothing is written."""
        what = condition["measure"]
        if what in ("kept", "read"):
            return getattr(self, what)
        if what in ("written", "keys"):
            return self.step if what == "written" else self.n_keys
        if what in ("difference", "first"):
            place = -1 if what == "difference" else 0
            return float(self.differences[place]) if self.step else None
        if self.step < (2 if what == "growth" else 1):
            return None
        work = self.total_work
        return work[-1] if what == "work" else work[-1] - work[-2]

    def describe(self):
        how = f"{self.sharing}, {'with' if self.cache else 'without'} a cache"
        head = f"CacheLab: {self.step} of {len(self.words)} words written, {how}"
        if not self.step:
            return head
        work = self.total_work
        return "\n".join(
            [
                head + (f", a window of {self.window}" if self.window < len(self.words) else ""),
                f"   kept: {self.kept} numbers, {self.kept * BYTES_A_NUMBER} bytes",
                f"   “{self.words[self.step - 1]}”: {self.read} numbers read, "
                f"{work[-1]:,} multiplications, {sum(work):,} in all",
                f"   {self._compared()}",
            ]
        )

    def _compared(self):
        most = self.differences[-1]
        if most < ROUNDING:
            return "its output is that of the whole text"
        return f"its output is off by {most:.2f} (bug: {self.bug})"

    def still(self):
        height = 26 if len(self.rows) > 2 else 52
        parts = self._wires(height * len(self.rows))
        for place, word in enumerate(self.words):
            parts.append(still.text(LEFT + (place + 0.5) * WIDTH, 14, word))
        for n, name in enumerate(self.rows):
            ink, y = ("--al-value", "--al-key")[n % 2 == 0], TOP + n * height
            parts.append(still.text(LEFT - 8, y + height / 2 + 4, name, "end", ink))
            for place, (told, share) in enumerate(map(STILL.get, self.states)):
                x = LEFT + place * WIDTH
                fill = f"color-mix(in srgb, var({ink}) {share}%, var(--al-cell))"
                parts.append(still.cell(x, y, fill, WIDTH, height))
                parts.append(still.text(x + WIDTH / 2 - 1, y + height / 2 + 4, told))
        size = LEFT + len(self.words) * WIDTH, TOP + 4 + len(self.rows) * height
        return still.figure(still.svg(parts, *size, self.describe()))

    def _wires(self, height):
        """The query heads of the still picture, each joined to the key head that it reads."""
        n_kv_heads, parts = SHARED.get(self.sharing, 1), []
        for h, g in enumerate(cached_block.key_head_of(n_kv_heads, self.bug == "tile")):
            y, to = (TOP + (n + 0.5) * height / of for n, of in ((h, N_HEADS), (g, n_kv_heads)))
            parts.append(still.text(ASKERS - 8, y + 4, f"query {h + 1}", "end", "--al-query"))
            parts.append(
                f'<line x1="{ASKERS}" y1="{y:g}" x2="{LEFT - 78}" y2="{to:g}" '
                'style="stroke:var(--al-query)"/>'
            )
        return parts
