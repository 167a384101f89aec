"""What a reader can do to a figure without a thought: press a button, choose from a menu, pull
something to its end."""

from itertools import combinations, product

import numpy as np
import traitlets

from attnlib.figures.base import LARGEST
from attnlib.figures.ledger import MOST, PRESETS
from attnlib.figures.seeded import normals, shuffled
from attnlib.figures.softmax_lab import WIDTHS
from attnlib.world import PAIRS

SEEDS = range(30)  # as often as anybody presses a button that draws anew
REACH = 1.9  # of EmbeddingSpace's plane
SCORES_REACH = 6  # of SoftmaxLab's bars
MATRICES_REACH = 3  # of the colours; more can be typed


def menu(name, values):
    """One move for each value of the trait `name`."""
    return {f"{name} {value}"[:60]: {name: value} for value in values}


def cells(figure, *names, ends=(-LARGEST, -MATRICES_REACH, 0, MATRICES_REACH, LARGEST)):
    """One number of a matrix (a list of numbers) at one of its `ends`."""
    moves = {}
    for name in names:
        matrix = np.array(getattr(figure, name), dtype=float)
        for place, end in product(np.ndindex(matrix.shape), ends):
            changed = matrix.copy()
            changed[place] = end
            moves[f"{name} {place} at {end:g}"] = {name: changed.tolist()}
    return moves


def phrases(sentences):
    return {title: {"sentence": sentence, "query": 0} for title, sentence in sentences.items()}


def of_embedding_space(figure):
    words, moves = figure.vectors, menu("similarity", ["cosine", "dot"])
    for n, word in product(range(3), words):
        moves[f"analogy {n} {word}"] = {"analogy": figure.analogy[:n] + [word] + figure.analogy[n + 1 :]}
    ends = {}
    for word, axes in product(words, combinations(range(len(figure.axes)), 2)):
        for place in product((-REACH, 0, REACH), repeat=2):
            vector = list(words[word])
            for axis, value in zip(axes, place, strict=True):
                vector[axis] = value
            ends[f"{word} at {place} of {axes}"] = {"vectors": words | {word: vector}}
    return moves, ends


def of_context_nudge(figure):
    stories = {story: {"removed": [], "story": story} for story in figure.stories}
    return stories, menu("strength", [0.0, 0.1, 1.0, 2.0])


def of_query_key(figure):
    moves = {name: dict(matrices) for name, matrices in figure.presets.items()}
    for seed in SEEDS:
        drawn = [(1.5 * normals(len(figure.axes), 2, seed + s)).round(1) for s in (0, 10**6)]
        moves[f"random {seed}"] = dict(zip(("w_q", "w_k"), drawn, strict=True))
    moves |= menu("scaled", [False, True]) | menu("causal", [False, True])
    moves |= menu("sentence", figure.sentences.values()) | menu("sentence", ["creature", "fox"])
    return moves, cells(figure, "w_q", "w_k")


def of_softmax_lab(figure):
    moves = menu("view", figure.views) | menu("seed", SEEDS)
    ends = menu("temperature", [0.05, 1.0, 20.0]) | menu("d_head", (WIDTHS[0], WIDTHS[-1]))
    return moves, ends | cells(figure, "scores", ends=(-SCORES_REACH, 0, SCORES_REACH))


def of_value_mixer(figure):
    moves = {name: dict(matrices) for name, matrices in figure.presets.items()}
    moves |= phrases(figure.sentences) | menu("query", range(8)) | menu("residual", [False, True])
    moves |= menu("map", figure.maps) | menu("cut", ["svd", "first"]) | menu("shares", [None])
    ends = menu("rank", [0, len(figure.axes)]) | menu("shares", np.eye(8).tolist())
    return moves, ends | cells(figure, "w_v", "w_o")


def of_mask_lab(figure):
    def turned(figure):
        figure.mask = (~np.array(figure.mask)).tolist()

    names = ("everyone", "causal", "window", "only itself", "first is padding")
    moves = menu("mask", names) | {"turn it round": turned}
    return moves | menu("example", figure.examples), {}


def of_break_it(figure):
    switches = {bug: {"case": "", "bugs": [bug]} for bug in figure.known}
    moves = menu("mask", figure.masks) | menu("case", ["", "A", "B", "C"]) | switches
    for case in "ABC":  # pressing one radio after the other, until the right one
        order = list(figure.known)
        order = order[: order.index(figure.hidden[case]) + 1]
        moves[f"every radio of {case}"] = lambda figure, case=case, order=order: name_all(
            figure, case, order
        )
    return moves | menu("sentence", figure.sentences.values()), {}


def name_all(figure, case, order):
    figure.named = figure.named | {case: order}


def of_heads(figure):
    moves = phrases(figure.sentences) | menu("query", range(8))
    moves |= {"one word": {"sentence": "creature", "query": 0}}
    ends = {}
    for head, end in product(range(4), (-3.0, 0.0, 1.0, 3.0)):
        ends[f"head {head + 1} at {end:g}"] = lambda figure, head=head, end=end: setattr(
            figure, "strengths", figure.strengths[:head] + [end] + figure.strengths[head + 1 :]
        )
    return moves, ends


def of_order_lab(figure):
    moves = menu("positions", ["none", "sinusoidal", "rotary"]) | menu("alike", [False, True])
    for press in SEEDS:
        order = shuffled(figure.order, figure.seed + press + 1)
        moves[f"shuffle {press}"] = {"order": order}
    moves |= {title: {"sentence": s, "query": 0} for title, s in figure.sentences.items()}
    return moves, menu("at_query", [0, 60]) | menu("at_key", [0, 60])


def of_alignment(figure):
    moves = menu("padding", range(5)) | menu("values", ["answers", "asks"])
    moves |= menu("hidden", [False, True]) | menu("causal", [False, True])
    for title, (asks, answers) in PAIRS.sentences.items():
        moves[title] = {"asks": asks, "answers": answers, "query": 0}
    for answers in ("the", "the a", "fox owl", "creature", " ".join(["the"] * 16)):
        moves[f"“{answers}” answers"] = {"answers": answers}
    return moves, {}


def of_ledger(figure):
    def changed(**fields):
        return lambda figure: setattr(figure, "shape", figure.shape | fields)

    moves = menu("shape", PRESETS) | menu("precision", ["float32", "bfloat16", "int8"])
    for name, values in {"gated": (0, 1), "tied": (0, 1), "biases": (0, 1)}.items():
        moves |= {f"{name} {bool(v)}": changed(**{name: bool(v)}) for v in values}
    moves |= {f"norm {norm}": changed(norm=norm) for norm in ("none", "rms", "layer")}
    ends = {f"{name} 1": changed(**{name: 1}) for name in MOST}
    return moves, ends | {f"{name} {most}": changed(**{name: most}) for name, most in MOST.items()}


def moves_of(figure):
    """`(menus, ends)` of a figure as it stands: what is pressed or chosen, what is pulled to its
    end. Each is a dictionary by name of traits to set, or of a function that changes the figure."""
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(figure).__name__)
    return globals()[f"of{snake}"](figure)


def make(figure, move):
    """`move` on `figure`; what the figure refuses does not happen."""
    try:
        if callable(move):
            move(figure)
        else:
            for name, value in move.items():
                setattr(figure, name, value)
    except (ValueError, traitlets.TraitError):
        pass

