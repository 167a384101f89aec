"""An exercise of the chapter "Long texts": the softmax, one tile at a time."""

import tracemalloc
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import Drawing, number
from attnlib.exercises.functions import Case, FunctionExercise, Raised
from attnlib.exercises.triples import (
    HIDDEN,
    LARGE,
    OF_TRIPLES,
    Triples,
    TriplesResult,
    another_order,
    as_triples,
    is_triples,
    spoilt_where,
    state_of,
    triple_mistake,
)

SEED = 16


# --- online-softmax: after each tile


GONE = "the tiles have all been handed over: each comes once"
FULL = "there is no room for the next tile: four tiles and more are held"
ROOM = 4  # tiles that may be held beside the one that is handed over
DRAWN = 16  # scores of a tile; of longer ones it is said how many there are


@contextmanager
def watched_memory():
    """While it lasts, Python tells how much memory is held."""
    begun = not tracemalloc.is_tracing()
    if begun:
        tracemalloc.start()
    try:
        yield
    finally:
        if begun:
            tracemalloc.stop()


@dataclass
class Tiles:
    """Pairs (scores, values), handed over once, all in the same memory.

    With `room`, bytes, whoever holds more than that in addition when another tile is asked for
    meets a `MemoryError`, while memory is watched.
    """

    parts: tuple
    room: float = np.inf

    def __post_init__(self):
        most = max(len(scores) for scores, _ in self.parts)
        self._scores, self._values = np.zeros(most), np.zeros((most, self.parts[0][1].shape[1]))
        self._next = 0

    def __iter__(self):
        if self._next > len(self.parts):
            raise RuntimeError(GONE)
        return self

    def __next__(self):
        i, self._next = self._next, self._next + 1
        self._look_for_room(i)
        if i >= len(self.parts):
            raise StopIteration
        scores, values = self.parts[i]
        n = len(scores)
        self._scores[:n], self._values[:n] = scores, values
        return self._scores[:n], self._values[:n]

    def _look_for_room(self, i):
        held, _ = tracemalloc.get_traced_memory()
        if i <= 1:  # what the first round leaves behind is needed in every round
            self._held_before = held
        if held - self._held_before > self.room:
            raise MemoryError(FULL)


def joined(parts):
    """Scores and values of several tiles side by side."""
    scores, values = zip(*parts, strict=True)
    return np.concatenate(scores), np.concatenate(values)


def so_far(tiles):
    """The states after each tile, each worked out from all the scores up to there."""
    return [state_of(*joined(tiles.parts[: i + 1])) for i in range(len(tiles.parts))]


def in_tiles(tiles):
    """Milakov and Gimelshein (2018), "Online normalizer calculation for softmax", algorithm 3."""
    return as_triples(so_far(tiles))


def fading(old, new):
    return np.exp(old - new)


def never(old, new):
    return 1.0


def nothing(old, new):
    return 0.0


def growing(old, new):
    return 0.0 if old == -np.inf else np.exp(new - old)


def kept_or_dropped(old, new):
    return float(old == new)


def divided(top, total, mixed):
    return top, total, mixed / (total or 1.0)


def undivided(top, total, mixed):
    return top, total, mixed


def walk(tiles, total_by=fading, mixed_by=fading, told=divided, own_top=False, over=True):
    """The states after each tile, by a correction of the sum and one of the mixture.

    With `own_top` a tile's own scores are taken from its own largest. Empty tiles are passed over,
    or only those before anything is visible.
    """
    top, total, mixed, kept = -np.inf, 0.0, np.zeros(tiles.parts[0][1].shape[1]), []
    for scores, values in tiles.parts:
        largest = scores.max()
        new = max(top, largest)
        if (largest if over else new) > -np.inf:
            powers = np.exp(scores - (largest if own_top else new))
            total = total_by(top, new) * total + powers.sum()
            mixed = mixed_by(top, new) * mixed + powers @ values
        top = new
        kept.append(told(top, total, mixed))
    return kept


def without_old_total(tiles, late=False, by=fading, over=True):
    """The old output is faded and not multiplied by its total; the new is divided."""
    top, total, output, kept = -np.inf, 0.0, 0.0, []
    for scores, values in tiles.parts:
        new = max(top, scores.max())
        if (scores.max() if over else new) > -np.inf:
            powers, fade = np.exp(scores - new), by(top, new)
            total, added = fading(top, new) * total + powers.sum(), powers @ values
            output = fade * output + added / total if late else (fade * output + added) / total
        top = new
        kept.append((top, total, output + np.zeros(values.shape[1])))
    return kept


def either_way(function, **rules):
    return tuple(partial(function, over=over, **rules) for over in (True, False))


def corrected_together(tiles, first=nothing):
    """The correction is applied to the sums when the tile is in them already."""
    top, total, mixed, kept = -np.inf, np.float64(0.0), 0.0, []
    for scores, values in tiles.parts:
        new = max(top, scores.max())
        if scores.max() > -np.inf:
            powers, fade = np.exp(scores - new), (fading if top > -np.inf else first)(top, new)
            total, mixed = fade * (total + powers.sum()), fade * (mixed + powers @ values)
        top = new
        with np.errstate(all="ignore"):
            kept.append((top, total, mixed / total + np.zeros(values.shape[1])))
    return kept


def each_alone(tiles):
    return [state_of(*part) for part in tiles.parts]


def from_tiles(tiles, change, over):
    """Outputs that `change` makes of the states of the tiles so far, whatever the rest."""
    seen, kept = [], []
    for scores, values in tiles.parts:
        if scores.max() > -np.inf or not over:
            seen.append((*state_of(scores, values), len(scores)))
        kept.append((None, None, change(seen) if seen else np.zeros(values.shape[1])))
    return kept


def made_of_tiles(change):
    return either_way(from_tiles, change=change)


def mean_by(weigh):
    """The mean of the tiles' outputs by the weights `weigh(top, total, length)`."""

    def mean(seen):
        weights = np.array([weigh(top, total, length) for top, total, _, length in seen])
        return weights @ np.array([output for _, _, output, _ in seen]) / weights.sum()

    return made_of_tiles(mean)


def half_and_half(seen):
    mean = seen[0][2]
    for _, _, output, _ in seen[1:]:
        mean = (mean + output) / 2
    return mean


def last_divided(tiles):
    return [*walk(tiles, told=undivided)[:-1], walk(tiles)[-1]]


def tops_of_tiles(tiles):
    return [(scores.max(), None, None) for scores, _ in tiles.parts]


def with_total(change):
    return lambda tiles: [(None, change(top, total), None) for top, total, _ in so_far(tiles)]


def sums_of_powers(tiles):
    """The total without a top, whatever the rest."""
    return [(None, np.exp(top) * total, None) for top, total, _ in so_far(tiles)]


def one_array(tiles):
    """The states, all with the array of the last output."""
    states = so_far(tiles)
    return [(top, total, states[-1][2]) for top, total, _ in states]


def by_references(tiles):
    kept = list(tiles)
    return [state_of(*joined(kept[: i + 1])) for i in range(len(kept))]


def by_references_on_the_way(tiles, keep=lambda scores: scores):
    seen, kept = [], []
    for scores, values in tiles:
        seen.append((keep(scores), values))
        kept.append(state_of(*joined(seen)))
    return kept


def three_lists(tiles):
    """They can be read where there are three tiles."""
    columns = list(zip(*so_far(tiles), strict=True))
    return columns if len(tiles.parts) == len(columns) else None


def passing_over(tiles):
    states = zip(so_far(tiles), tiles.parts, strict=True)
    return [state for state, (scores, _) in states if scores.max() > -np.inf]


def spelled(numbers):
    return ", ".join(f"{each + 0:g}" for each in numbers)


def drawn_tile(scores, values):
    if len(scores) > DRAWN:
        return f"{len(scores):,} scores", f"{len(values):,} values"
    return spelled(scores), " ".join(f"({spelled(row)})" for row in values)


def tiles_case(*parts, room=np.inf):
    parts = tuple((np.array(scores, float), np.array(values, float)) for scores, values in parts)
    tiles = Tiles(parts, room)
    rows = tuple(f"tile {i}" for i in range(len(parts)))
    cells = tuple(drawn_tile(*part) for part in parts)
    drawn = Drawing("input tiles", rows, ("scores", "values"), cells)
    last = so_far(tiles)[-1]
    facts = {
        "n_tiles": str(len(parts)),
        "last_top": f"{last[0]:g}",
        "last_total": number(last[1], 3),
        "n_scores": f"{sum(len(scores) for scores, _ in parts):,}",
    }
    return Case((tiles,), (), (), (drawn,), facts)


def random_tiles(rng, sizes, d, spread=3.0, shift=0.0):
    return tiles_case(
        *((rng.normal(shift, spread, m).round(1), rng.normal(0, 2, (m, d)).round(1)) for m in sizes)
    )


def long_text(rng, n_tiles=16, m=1024):
    """A text so long that four of its tiles are more than a triple for each."""
    parts = [(rng.normal(0, 2, m), rng.normal(0, 2, (m, 1))) for _ in range(n_tiles)]
    return tiles_case(*parts, room=ROOM * sum(each.nbytes for each in parts[0]))


def tiles_cases():
    rng = np.random.default_rng(SEED)
    first, second, third = ([1, 0], [0, 2]), ([4, 0], [2, 2]), ([0, 6], [3, 0])
    return [
        tiles_case(([1, 2], first), ([4, 3], second), ([2, 0], third)),
        tiles_case(([3, 1], first), ([2, 0], second), ([1, 2], third)),
        tiles_case(([0, 1], third), ([2, 1], first), ([3, 5], second)),
        tiles_case(([2, 2], first), ([2, 2], second), ([2, 2], third)),
        tiles_case(([-4, -2], first), ([-1, -3], third)),
        tiles_case(
            ([1.5], [[1, 2, 3]]), ([0, 2, -1], rng.integers(0, 5, (3, 3))), ([2.5], [[4, 0, 1]])
        ),
        random_tiles(rng, (2, 3, 1, 4), 1),
        random_tiles(rng, (4, 1, 3), 3, shift=-6.0),
        tiles_case(([1, 0], second), ([HIDDEN, HIDDEN], first), ([2, HIDDEN], third)),
        tiles_case(([HIDDEN, HIDDEN], first), ([HIDDEN, 1], second), ([0, 3], third)),
        tiles_case(([HIDDEN], [[1, 2]]), ([HIDDEN, HIDDEN], third)),
        tiles_case(([998, 1000], first), ([1000, 997], second), ([-1000, 3], third)),
        tiles_case(([-1000, -998], first), ([-1000, -997], second), ([0, 1000], third)),
        random_tiles(rng, (5,), 2),
        long_text(rng),
    ]


def has_large_scores(tiles):
    return any((np.abs(s[np.isfinite(s)]) > LARGE).any() for s, _ in tiles.parts)


def has_empty_tiles(tiles):
    return any(scores.max() == -np.inf for scores, _ in tiles.parts)


def lost_at_once(attempt):
    """Whether the first tile already gives no number, though its top is right."""
    if not isinstance(attempt.outcome, Triples) or has_empty_tiles(*attempt.inputs):
        return False
    right, came = in_tiles(*attempt.inputs), attempt.outcome
    return (
        came.form == right.form and came.triples[0].lost and not has_large_scores(*attempt.inputs)
    )


TILES_MISTAKES = (
    triple_mistake(
        "only-the-last",
        (lambda tiles: so_far(tiles)[-1], lambda tiles: so_far(tiles)[-1:]),
        "You return what is known at the end. Asked is what is known after each tile: a list with "
        "{n_tiles} triples here.",
        "Begin with an empty list, and append a triple at the end of each round of your loop.",
    ),
    triple_mistake(
        "passed-over",
        passing_over,
        "Your list is too short: a tile in which nothing is visible gets no triple. After it "
        "nothing has changed, and that is its triple.",
        "There are {n_tiles} tiles, so {n_tiles} triples. Leave out the update, not the line that "
        "appends.",
    ),
    triple_mistake(
        "three-lists",
        three_lists,
        "You return three lists: all tops, all totals, all outputs. Asked is a list of triples, "
        "one for each tile.",
        "Append one triple in each round: top, total and output of this moment together.",
    ),
    triple_mistake(
        "used-again",
        (
            by_references,
            by_references_on_the_way,
            partial(by_references_on_the_way, keep=np.copy),
        ),
        "You keep the arrays of a tile for later. The memory is used again: when the next tile is "
        "handed over, the first tile's arrays hold other numbers. That is why there is no more "
        "room than for one tile.",
        "Of the tiles that are gone you need three things, and none of them grows with the text: "
        "top, total and output.",
    ),
    triple_mistake(
        "one-array",
        one_array,
        "All your triples hold the same array, and it shows the last output. It is written over "
        "in each round.",
        "`output *= c` and `output += x` change the array that you have put into the list already. "
        "Make a new one in each round.",
    ),
    triple_mistake(
        "each-tile-alone",
        (
            each_alone,
            *either_way(walk, total_by=nothing, mixed_by=nothing),
            *either_way(walk, mixed_by=nothing),
            *either_way(walk, total_by=nothing),
        ),
        "You add up within a tile alone. What came before has no part in it.",
        "After the last tile all {n_scores} scores count: the largest of them is {last_top}, and "
        "the total is {last_total}.",
    ),
    triple_mistake(
        "top-of-the-tile",
        tops_of_tiles,
        "Your top is the largest score of the tile. It is to be the largest so far: of this tile "
        "and all before it.",
        "A top never falls. After the last tile it is {last_top}.",
    ),
    triple_mistake(
        "top-from-zero",
        lambda tiles: [(max(top, 0.0), None, None) for top, _, _ in so_far(tiles)],
        "Your top begins at 0, and where all scores are negative it stays there. No score is 0 "
        "here: the largest is {last_top}.",
        "Before the first tile no score has been seen. Which number is lower than every score?",
    ),
    triple_mistake(
        "no-correction",
        partial(walk, total_by=never, mixed_by=never),
        "Nothing is corrected: what you added up under the old top stays as it was when the top "
        "rises. Each term is e to the power of score minus *top*, and the top is another one now.",
        "By which factor does e to the power (score - old top) become e to the power (score - new "
        "top)? It is the same for all scores.",
    ),
    triple_mistake(
        "dropped",
        partial(walk, total_by=kept_or_dropped, mixed_by=kept_or_dropped),
        "Where the top rises, you drop all that came before and begin anew. The earlier words "
        "count for less then, and they count.",
        "After the last tile all {n_scores} scores have a part: the total is {last_total}.",
    ),
    triple_mistake(
        "output-not-corrected",
        partial(walk, mixed_by=never),
        "Your totals are right, and your outputs are not, from the first tile on in which the top "
        "rises. The sum is corrected there; what the values were added up to is not.",
        "The output is a sum of values divided by a sum of weights. Both were made with the old "
        "top.",
    ),
    triple_mistake(
        "total-not-corrected",
        (
            partial(walk, total_by=never),
            lambda tiles: [
                (top, total, output)
                for (top, total, _), (*_, output) in zip(
                    walk(tiles, total_by=never), so_far(tiles), strict=True
                )
            ],
        ),
        "Your total keeps what was added up under the old top. When the top rises, those terms "
        "become smaller.",
        "After the last tile each of the {n_scores} terms is e to the power of its score minus "
        "{last_top}. They sum to {last_total}.",
    ),
    triple_mistake(
        "wrong-sign",
        (
            partial(walk, total_by=growing, mixed_by=growing),
            partial(walk, mixed_by=growing),
            partial(walk, total_by=growing),
        ),
        "Your correction makes what came before larger when the top rises. Beside a larger score "
        "the earlier ones count for less.",
        "The correction is e to a power. It lies between 0 and 1: the power cannot be positive.",
    ),
    triple_mistake(
        "corrected-too-late",
        (corrected_together, partial(corrected_together, first=never)),
        "You correct the sums when this tile's terms are in them already. These were made with the "
        "new top, and are right as they are.",
        "First bring what came before to the new top. Then add the tile.",
    ),
    triple_mistake(
        "tile-not-corrected",
        partial(walk, own_top=True),
        "You take the scores of a tile from the tile's own largest. Where an earlier tile has a "
        "larger score, these terms come out too large.",
        "All terms of the total are measured from one and the same top: the largest so far.",
    ),
    triple_mistake(
        "old-total-forgotten",
        (*either_way(without_old_total), *either_way(without_old_total, late=True)),
        "Your totals are right. In the output all earlier words together count as one word: the "
        "old output is a mean, and it is added to a sum as it is.",
        "The old output has been divided already. What must it be multiplied by, to be a sum "
        "again?",
    ),
    triple_mistake(
        "old-weights-stay",
        partial(without_old_total, late=True, by=never),
        "You add this tile's words to the old output, and leave that as it was. Its weights were "
        "divided by the total of then. The total has grown since.",
        "When words join in, the weights of all the others become smaller: all weights together "
        "are 1, before and after.",
    ),
    triple_mistake(
        "undivided",
        (partial(walk, told=undivided), last_divided),
        "Your output is a sum of values times e to the power of score minus top. The weights of a "
        "softmax sum to 1: after every tile, not only after the last.",
        "The sum of these weights is at hand: it is the total.",
    ),
    triple_mistake(
        "mean-of-tiles",
        (
            *mean_by(lambda top, total, length: 1.0),
            *mean_by(lambda top, total, length: length),
            *made_of_tiles(lambda seen: sum(output for _, _, output, _ in seen)),
            *made_of_tiles(half_and_half),
        ),
        "You take the output of each tile alone, and then their sum or their mean. A tile with "
        "large scores counts for more than one with small scores.",
        "How much a tile counts follows from its top and its total, beside those of the others.",
    ),
    triple_mistake(
        "by-totals-alone",
        mean_by(lambda top, total, length: total),
        "You weigh the outputs of the tiles by the total that each has from its own top. The tops "
        "differ: with a larger one, the same total stands for more.",
        "All totals must be measured from one and the same top before they are weights.",
    ),
    triple_mistake(
        "another-total",
        (
            with_total(lambda top, total: np.log(total)),
            with_total(lambda top, total: top + np.log(total)),
            with_total(lambda top, total: 1 / total),
        ),
        "Your total is the logarithm of the one asked for, or one divided by it.",
        "The total is the sum of e to the power of score minus top: {last_total} after the last "
        "tile.",
    ),
    triple_mistake(
        "no-top",
        sums_of_powers,
        "Your total is a sum of e to the power of the score. Subtract the top from each score "
        "first: the largest term is then 1, and nothing overflows.",
        "After the last tile the top is {last_top}, and the total {last_total}.",
    ),
    another_order(so_far),
    spoilt_where(
        "overflow",
        has_large_scores,
        "With small scores you are right. Here they go as far as 1000, and e to the power 1000 is "
        "more than a float holds (as e to the power -1000 is less).",
        "A power of e is safe where the largest score so far has been subtracted: before, not "
        "after.",
    ),
    spoilt_where(
        "nothing-visible",
        has_empty_tiles,
        "Right so far. Here are tiles in which nothing is visible: all their scores are minus "
        "infinity. Minus infinity less minus infinity is not a number, and neither is 0 divided by "
        "0.",
        "After such a tile top, total and output are what they were before. If nothing has been "
        "visible at all, these are minus infinity, 0 and zeros.",
    ),
    spoilt_where(
        "empty-tile",
        has_empty_tiles,
        "Right so far. Here are tiles in which nothing is visible: all their scores are minus "
        "infinity. Nothing changes there. {your} is {returned}, and {expected} is "
        "expected.",
        "Before anything has been visible, top is minus infinity, total 0, and the output holds "
        "zeros.",
        spoilt=is_triples,
    ),
    Diagnosis(
        "lost-at-once",
        "After the first tile already your {part} is {returned}. Before it the top is minus "
        "infinity, and there is nothing to correct.",
        "What does your correction come to at the first tile: what is subtracted from what? e to "
        "the power of minus infinity is 0; that of infinity, times 0, is not a number.",
        lost_at_once,
    ),
)
TAKEN_OTHERWISE = Diagnosis(
    "taken-otherwise",
    "The tiles come one after the other, and each comes once: they are not a list. There is no "
    "length, no second look, and no way to ask for tile 2.",
    "One `for` loop over `tiles` is all. What is needed from earlier tiles must have been kept.",
    lambda attempt: (
        isinstance(attempt.outcome, Raised)
        and ("'Tiles'" in attempt.outcome.said or attempt.outcome.said == GONE)
    ),
)
ALL_KEPT = Diagnosis(
    "all-kept",
    "Your triples are right wherever the text is short. Here it has {n_scores} scores, and when a "
    "tile is asked for, you still hold the numbers of those before it. Fast memory has no such "
    "room.",
    "Do not copy a tile, nor collect scores, values or weights in a list or an array that grows. "
    "What comes before a tile is known from one triple: the last one.",
    lambda attempt: isinstance(attempt.outcome, Raised) and attempt.outcome.said == FULL,
)
TILES_FALLBACK = Diagnosis(
    "unrecognised",
    "{your} is {returned}, and {expected} is expected. Work this tile out by hand, from "
    "your triple before it and the scores of this tile alone.",
    "Three steps: the new top; what came before, brought from the old top to the new one; this "
    "tile, added. After the last tile the top is {last_top} and the total {last_total}.",
    lambda attempt: True,
)


@dataclass(frozen=True)
class InLittleRoom(FunctionExercise):
    """Answered with a function whose memory is watched."""

    def examine(self, answer):
        with watched_memory():
            return super().examine(answer)


ONLINE_SOFTMAX = InLittleRoom(
    id="online-softmax",
    title="One tile at a time",
    stars=3,
    minutes=20,
    diagnoses=(TAKEN_OTHERWISE, ALL_KEPT, *TILES_MISTAKES, *OF_TRIPLES, TILES_FALLBACK),
    parameters=("tiles",),
    cases=tiles_cases,
    reference=in_tiles,
    result=TriplesResult("tile"),
)
