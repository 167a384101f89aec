"""Challenges: not solved where they start, nor by what takes no thought; solved by who understood."""

import tomllib
from collections import Counter
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from attnlib import world
from attnlib.figures import (
    Alignment,
    BreakIt,
    ContextNudge,
    EmbeddingSpace,
    Heads,
    Ledger,
    MaskLab,
    OrderLab,
    QueryKey,
    SoftmaxLab,
    ValueMixer,
)
from attnlib.figures.mask_lab import preset
from tests.figures.driving import AXES, D_MODEL
from tests.figures.pressing import make, moves_of
from tests.figures.test_questions import STATES, as_matrices, link_state

FILES = sorted((Path(__file__).parents[2] / "attnlib" / "questions").glob("*.toml"))
FIGURES = {
    "embeddings": EmbeddingSpace,
    "context": ContextNudge,
    "queries-and-keys": QueryKey,
    "softmax": SoftmaxLab,
    "scaling": lambda **traits: SoftmaxLab(views=["saturation"], **traits),
    "values": ValueMixer,
    "masking": MaskLab,
    "breaking": BreakIt,
    "many-heads": Heads,
    "order": OrderLab,
    "cross-attention": Alignment,
    "counting": Ledger,
}


def numbers(*cells):
    """A `(d_model, 2)` matrix that is 0 but for `(axis, column, number)`."""
    matrix = np.zeros((D_MODEL, 2))
    for axis, column, number in cells:
        matrix[AXES.index(axis), column] = number
    return matrix


BOTH_WAYS = (  # the first column finds adjectives, the second nouns
    numbers(("animal", 0, 3), ("fits animals", 1, 3)),
    numbers(("fits animals", 0, 3), ("animal", 1, 3)),
)
TELL_APART = (  # owl and fox differ in "fits animals" and "small word": ask with these
    numbers(("fits animals", 0, 60), ("small word", 0, -60)),
    numbers(("fits animals", 0, 2), ("fits places", 0, -4)),
)
MYSTERY = world.SENSES.sentences["the mystery"].split()
HEADS_OWN = ValueMixer()
SOLUTIONS = {
    ("embeddings", "nearest-there-is"): {
        "vectors": EmbeddingSpace().vectors
        | {"child": [1.1, 0.5, 0.5, 0.1, 0, 0, 0, 0], "queen": [0.9, 0.0, 0.9, 0, 0, 0, 0, 0]}
    },
    ("embeddings", "perpendicular"): {
        "vectors": EmbeddingSpace().vectors | {"queen": [0.9, -0.1, 0.9, 0, 0, 0, 0, 0]}
    },
    ("context", "full-size"): {"removed": [1]},
    ("context", "acquitted"): {"removed": [MYSTERY.index("monogram")]},
    ("context", "stranger"): {"removed": [1, 3, 7]},
    ("queries-and-keys", "find"): as_matrices(
        numbers(("animal", 0, 3)), numbers(("fits animals", 0, 3))
    ),
    ("queries-and-keys", "both-ways"): as_matrices(*BOTH_WAYS),
    ("queries-and-keys", "tell-apart"): as_matrices(*TELL_APART),
    ("softmax", "undecided"): {"scores": [1.0, 1.0, 1.0]},
    ("softmax", "cool"): {"temperature": 0.3},
    ("softmax", "second"): {"scores": [2.0, 2.7, 0.0]},
    ("scaling", "third-dead"): {"d_head": 128},
    ("scaling", "half"): {"d_head": 16},
    ("values", "turn-away"): {"w_v": (-np.array(HEADS_OWN.w_v)).tolist()},
    ("values", "far-out"): {"w_o": (3 * np.array(HEADS_OWN.w_o)).tolist()},
    ("values", "colourless"): {
        "shares": [0, 0.4, 0.6, 0, 0, 0, 0, 0],
        "w_o": (np.array(HEADS_OWN.w_o) * [[1], [0]]).tolist(),
    },
    ("values", "afford"): {"rank": 4},
    ("masking", "gain"): {"mask": (np.arange(64) != 6).reshape(8, 8).tolist()},
    ("masking", "window"): {"mask": (np.tri(8) - np.tri(8, k=-3) > 0).tolist()},
    ("masking", "let-mole-see"): {"mask": (preset("causal", 5) | (np.arange(5) == 4)).tolist()},
    ("breaking", "detective"): {"named": {c: [bug] for c, bug in BreakIt().hidden.items()}},
    ("breaking", "quiet"): {"bugs": ["transposed", "unscaled"]},
    ("breaking", "lurking"): {"bugs": ["half", "inverted"]},
    ("many-heads", "cancel"): {"strengths": [1.0, 1.0, -0.8, 1.0]},
    ("many-heads", "loudest"): {"strengths": [0.5, 2.5, 1.0, 1.0]},
    ("order", "feel-order"): {"sentence": "fluffy creature", "order": [1, 0], "query": 0},
    ("order", "far-and-strong"): {"at_query": 59, "at_key": 9},
    ("cross-attention", "padding-starves"): {
        "answers": "the fluffy and blue creature roamed the verdant forest"
    },
    ("cross-attention", "two-answers"): {"answers": "the creature saw a creature"},
    ("cross-attention", "wrong-side"): {
        "answers": "the fluffy and blue creature roamed the verdant forest"
    },
    ("counting", "mostly-attention"): {"shape": Ledger().shape | {"d_ff": 23_000}},
    ("counting", "small-cache"): {"shape": Ledger().shape | {"n_kv_heads": 12}},
    ("counting", "rebuild"): {
        "shape": {
            **{"n_layers": 24, "n_heads": 16, "d_model": 1024, "n_vocab": 50_257},
            **{"n_positions": 1024, "d_head": None, "n_kv_heads": None, "d_ff": None},
            **{"gated": False, "tied": True, "biases": True, "norm": "layer"},
        }
    },
}
every_challenge = pytest.mark.parametrize("key", SOLUTIONS, ids="-".join)


def at_start(chapter, name):
    """The figure of `chapter` as the button of challenge `name` leaves it, and the challenge."""
    figure = FIGURES[chapter](challenges=chapter)
    challenge = next(c for c in figure.challenges if c["id"] == name)
    change = challenge.get("given", {}) | challenge.get("setting", {})
    if chapter == "queries-and-keys":
        change = change | figure.presets[challenge["start"]]
    if chapter == "masking":
        change = change | {"mask": challenge["start"]}
    make(figure, change)
    for field, value in challenge.get("given", {}).items():
        assert getattr(figure, field) == value
    return figure, challenge


def numbered(chapter):
    """The challenges of a chapter with the numbers they have on the page: from 1 in each view."""
    count = Counter()
    for challenge in FIGURES[chapter](challenges=chapter).challenges:
        view = challenge.get("given", {}).get("view")
        count[view] += 1
        yield count[view], challenge


class TestWithoutThought:
    """Buttons, menus, switches, and all that is pulled to its end."""

    def won(self, key, sequences):
        """Which of the sequences of moves, from the start, solve the challenge."""
        figure, challenge = at_start(*key)
        menus, ends = moves_of(figure)
        start = {name: getattr(figure, name) for name in STATES[type(figure).__name__]}
        found = []
        for sequence in sequences(menus, ends):
            for name in sequence:
                make(figure, (menus | ends)[name])
            if challenge["id"] in figure.solved:
                found.append(sequence)
            for name, value in start.items():
                if getattr(figure, name) is not value:
                    setattr(figure, name, value)
        return found

    @every_challenge
    def test_a_challenge_is_not_solved_by_one_move(self, key):
        assert self.won(key, lambda menus, ends: [(move,) for move in menus | ends]) == []

    @every_challenge
    def test_nor_by_a_move_after_another_was_chosen(self, key):
        if key == ("breaking", "lurking"):
            pytest.skip("it asks for two switches")

        def pairs(menus, ends):
            few = [end for end in ends if "vectors" not in ends[end]] if len(ends) > 200 else ends
            return [*product(menus, menus), *product(menus, few)]

        assert self.won(key, pairs) == []

    @every_challenge
    def test_nor_by_two_sliders_at_their_ends(self, key):
        slides = ("context", "softmax", "many-heads", "order", "counting")
        if key[0] in slides:
            assert self.won(key, lambda menus, ends: combinations(ends, 2)) == []


class TestSolutions:
    @every_challenge
    def test_challenges_start_unsolved_and_have_a_solution(self, key):
        figure, challenge = at_start(*key)
        assert challenge["id"] not in figure.solved
        make(figure, SOLUTIONS[key])
        assert challenge["id"] in figure.solved

    @every_challenge
    def test_what_is_given_may_not_be_changed(self, key):
        figure, challenge = at_start(*key)
        make(figure, SOLUTIONS[key])
        other = {"view": {"mix": "rank", "rank": "mix", "shuffle": "rotary", "rotary": "shuffle"}}
        for field, value in challenge.get("given", {}).items():
            if isinstance(value, bool):
                setattr(figure, field, not value)
            elif field in other:
                figure.view = other[field][value]
            else:
                continue
            assert challenge["id"] not in figure.solved, field
            setattr(figure, field, value)
            assert challenge["id"] in figure.solved, field

    @pytest.mark.parametrize("chapter", FIGURES)
    def test_the_page_judges_challenges_as_python_does(self, open_figure, chapter):
        hands = open_figure(FIGURES[chapter](challenges=chapter))
        for n, challenge in numbered(chapter):
            if "view" in challenge.get("given", {}):
                views = FIGURES[chapter]().views
                hands.root.get_by_role("tab").nth(views.index(challenge["given"]["view"])).click()
            start = hands.page.get_by_role("button", name=f"Start challenge {n}", exact=True)
            item = hands.root.get_by_role("listitem").filter(has=start)
            figure, _ = at_start(chapter, challenge["id"])
            start.click()
            hands.settle()
            assert not item.inner_text().startswith("Solved.")
            assert "This one needs" not in item.inner_text()
            make(figure, SOLUTIONS[chapter, challenge["id"]])
            hands.open_link(link_state(figure))
            hands.settle()
            shown = hands.root.get_by_role("listitem").filter(has_text="Solved.")
            judged = [one for one in shown.all_inner_texts() if one.startswith("Solved.")]
            assert len(judged) == len(figure.solved)
            assert item.inner_text().startswith("Solved.")
            hands.hears(f"Challenge {n} solved.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_challenge_is_complete_and_has_its_solution_here(path):
    challenges = tomllib.loads(path.read_text(encoding="utf-8")).get("challenge", [])
    needed = {"id", "text", "start", "conditions", "afterwards"}
    for challenge in challenges:
        assert (path.stem, challenge["id"]) in SOLUTIONS
        assert needed <= challenge.keys() <= needed | {"given", "setting"}
    assert len({challenge["id"] for challenge in challenges}) == len(challenges)
