"""What a reader can do to a figure without a thought: press a button, choose from a menu, pull
something to its end."""

from itertools import combinations, product

import numpy as np
import traitlets

from attnlib.figures.base import LARGEST
from attnlib.figures.cache_lab import BUGS, SHARINGS, WINDOW, WORDS
from attnlib.figures.heads import STRONGEST
from attnlib.figures.ledger import MOST, PRESETS
from attnlib.figures.next_word import LAST, RANGES
from attnlib.figures.patterns import ORDERS
from attnlib.figures.seeded import normals, shuffled
from attnlib.figures.softmax_lab import WIDTHS
from attnlib.figures.tiles import MOST as MOST_SCORES
from attnlib.world import PAIRS

SEEDS = range(20)  # as often as anybody presses a button that draws anew
REACH = 1.9  # of EmbeddingSpace's plane
SCORES_REACH = 6  # of SoftmaxLab's bars


def menu(name, values):
    """One move for each value of the trait `name`."""
    return {f"{name} {value}": {name: value} for value in values}


def cells(figure, *names, ends=(-LARGEST, 0, LARGEST)):
    """One number of a matrix, or of a list of numbers, at one of its `ends`."""

    def put(name, place, end):
        def move(figure):
            changed = np.array(getattr(figure, name), dtype=float)
            changed[place] = end
            setattr(figure, name, changed.tolist())

        return move

    return {
        f"{name} {place} at {end:g}": put(name, place, end)
        for name in names
        for place in np.ndindex(np.shape(getattr(figure, name)))
        for end in ends
    }


def _with(items, n, item):
    return [*items[:n], item, *items[n + 1 :]]


def phrases(sentences):
    return {title: {"sentence": sentence, "query": 0} for title, sentence in sentences.items()}


def of_embedding_space(figure):
    words, moves = figure.vectors, menu("similarity", ["cosine", "dot"])
    for n, word in product(range(3), words):
        moves[f"analogy {n} {word}"] = {"analogy": _with(figure.analogy, n, word)}
    ends = {}
    for word, axes in product(words, combinations(range(len(figure.axes)), 2)):
        here = [words[word][axis] for axis in axes]
        pulls = product(*((-REACH, REACH, value) for value in here))
        for place in [(0, 0), *pulls]:
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
        moves[f"drawn {seed}"] = dict(zip(("w_q", "w_k"), drawn, strict=True))
    moves |= menu("scaled", [False, True]) | menu("causal", [False, True])
    moves |= menu("sentence", [*figure.sentences.values(), "creature", "fox"])
    return moves, cells(figure, "w_q", "w_k")


def of_softmax_lab(figure):
    moves = menu("view", figure.views) | {f"drawn {seed}": {"seed": seed} for seed in SEEDS}
    ends = menu("temperature", [0.05, 1.0, 20.0]) | menu("d_head", (WIDTHS[0], WIDTHS[-1]))
    return moves, ends | cells(figure, "scores", ends=(-SCORES_REACH, SCORES_REACH))


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
        names = list(figure.known)
        right = names.index(figure.hidden[case])
        moves[f"every name for {case}"] = _naming(case, names[: right + 1])
    return moves | menu("sentence", figure.sentences.values()), {}


def _naming(case, names):
    return lambda figure: setattr(figure, "named", figure.named | {case: names})


def of_heads(figure):
    moves = phrases(figure.sentences) | menu("query", range(8))
    moves |= {"one word": {"sentence": "creature", "query": 0}}
    return moves, cells(figure, "strengths", ends=(-STRONGEST, 0, STRONGEST))


def of_order_lab(figure):
    moves = menu("positions", ["none", "sinusoidal", "rotary"]) | menu("alike", [False, True])
    for press in SEEDS:
        order = shuffled(figure.order, figure.seed + press + 1)
        moves[f"drawn {press}"] = {"order": order}
    moves |= phrases(figure.sentences)
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


def of_cache_lab(figure):
    moves = menu("step", range(len(WORDS) + 1)) | menu("cache", [False, True])
    moves |= menu("sharing", SHARINGS) | menu("window", [WINDOW, len(WORDS)])
    return moves | menu("bug", BUGS), {}


def of_next_word(figure):
    texts = {f"text {name}": {"text": one["text"]} for name, one in figure.recordings.items()}
    menus = texts | menu("layers", map(list, RANGES)) | menu("last", (0, *LAST))
    return menus, {}


def of_tiles(figure):
    def to_all(step):
        return lambda figure: setattr(figure, "scores", [s + step for s in figure.scores])

    def take(order):
        return lambda figure: setattr(figure, "order", order(figure))

    def press(tile):
        return lambda figure: (
            [n for n in figure.order if n != tile] + ([] if tile in figure.order else [tile])
        )

    moves = {f"{step:+} to all": to_all(step) for step in (-100, -1, 1, 100)}
    moves |= {f"tile {tile}": take(press(tile)) for tile in range(6)}
    moves |= {"from the left": take(lambda figure: list(range(len(figure.tiles))))}
    moves |= {"from the right": take(lambda figure: list(range(len(figure.tiles)))[::-1])}
    moves |= {name: {**row, "order": []} for name, row in figure.rows.items()}
    moves |= menu("tile", (1, 2, 3, 6)) | menu("window", (None, 1, 2, 3, MOST_SCORES))
    moves |= menu("maximum", ["running", "none"]) | menu("correction", ["both", "sum"])
    return moves | menu("kept", (0, MOST_SCORES)), cells(figure, "scores", "values")


def first(scores):
    """The head with the largest score, `[layer, head]`."""
    return [int(i) for i in np.unravel_index(scores.argmax(), scores.shape)]


def of_patterns(figure):
    """The menus, heads at the corners of the map, and the first of each order, with its row."""
    orders = {f"order {name}": {"order": name} for name in ORDERS}
    shapes = menu("show", ("weights", "added", "both")) | menu("small", ("patterns", "row"))
    asked = {f"who asks {i}": {"selected": [i, 0]} for i in range(len(figure.tokens))}
    heads = {
        f"first by {n}": {"chosen": first(s)} for n, s in figure.scores.items() if s is not None
    }
    n_layers, n_heads = figure.shape
    corners = menu(
        "chosen", ([0, 0], [0, n_heads - 1], [n_layers - 1, 0], [n_layers - 1, n_heads - 1])
    )
    return orders | shapes | asked | heads | corners, {}


def moves_of(figure):
    """`(menus, ends)` of a figure as it stands: what is pressed or chosen, what is pulled to its
    end. Each is a dictionary by name of traits to set, or of a function that changes the figure."""
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(figure).__name__)
    return globals()[f"of{snake}"](figure)


def make(figure, move):
    """`move` on `figure`; what the figure refuses, or has no place for, does not happen."""
    try:
        if callable(move):
            move(figure)
        else:
            for name, value in move.items():
                setattr(figure, name, value)
    except (IndexError, ValueError, traitlets.TraitError):
        pass
