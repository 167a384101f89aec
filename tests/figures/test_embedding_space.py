"""EmbeddingSpace: the same rankings as Python, moved by every hand."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import traitlets

from attnlib.figures import EmbeddingSpace
from attnlib.figures.embedding_space import cosine
from attnlib.world import DIRECTIONS
from tests.figures import test_reading as reading
from tests.figures.driving import (
    centre,
    encoded,
    lies_on,
    mouse_drag,
    names_apart,
    names_of,
    resting_drag,
    shown_number,
)
from tests.figures.test_hands import PHONE
from tests.figures.test_reading import FOCUSABLE, tree, violations

STATE = ["vectors", "across", "up", "word", "analogy", "similarity"]
WORDS = list(DIRECTIONS.vocabulary)
START = {name: getattr(EmbeddingSpace(), name) for name in STATE}
REACH = 1.9  # of the plane, as in EmbeddingSpace.jsx
SHOWN = 5


def random_state(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.uniform(-REACH, REACH, size=(len(WORDS), len(DIRECTIONS.axes)))
    across, up = rng.choice(DIRECTIONS.axes, 2, replace=False).tolist()
    return {
        "vectors": dict(zip(WORDS, vectors.tolist(), strict=True)),
        "across": across,
        "up": up,
        "word": str(rng.choice(WORDS)),
        "analogy": rng.choice(WORDS, 3).tolist(),
        "similarity": ["cosine", "dot"][seed % 2],
    }


@pytest.fixture
def hands(lasting):
    return lasting(EmbeddingSpace())


def point(hands, word):
    """The point of `word` in the plane."""
    name = hands.page.get_by_text(word, exact=True)
    return hands.plane.locator("g").filter(has=name).locator("line")


def vector_of(hands, word):
    """The two numbers the plane tells of the word whose neighbours are listed."""
    label = names_of(hands.plane)[0]
    assert label.startswith(f"{word} at ")
    return [float(n.replace("−", "-")) for n in re.findall(r"−?\d+\.\d\d", label)]


MIDDLES = """all => all.map((one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    return [(left + right) / 2, (top + bottom) / 2];
})"""


def listed(hands, name):
    words = hands.table(name).get_by_role("rowheader").all_inner_texts()
    return [(w, *row) for w, row in zip(words, hands.cells(name), strict=True)]


def as_shown(ranked):
    return [(word, shown_number(value)) for word, value in ranked[:SHOWN]]


def assert_true(hands, state):
    """The page ranks as Python does; gives the figure and both rankings."""
    figure, values = EmbeddingSpace(**state), hands.values()
    np.testing.assert_allclose(values["result"], figure.target, atol=1e-6)
    near = figure.nearest(np.array(figure.vectors[figure.word]), but=[figure.word])
    answers = figure.nearest(figure.target)
    for name, wanted in (("near", near), ("answers", answers)):
        assert [one["word"] for one in values[name]] == [word for word, _ in wanted]
        got = [one["value"] for one in values[name]]
        np.testing.assert_allclose(got, [v for _, v in wanted], rtol=1e-6, atol=1e-6)
    return figure, near, answers


class TestTruth:
    def test_rankings_are_those_of_python(self, hands):
        for seed in range(14):
            state = random_state(seed)
            hands.open_link(state)
            figure, near, answers = assert_true(hands, state)
            assert listed(hands, f"nearest to {figure.word}, by") == as_shown(near)
            a, b, c = figure.analogy
            assert listed(hands, f"nearest to {a} − {b} + {c}") == as_shown(answers)
            word, value = figure.nearest(figure.target, figure.analogy)[0]
            left = f"Inputs left out: {word} ({shown_number(value)})"
            assert left in hands.root.inner_text()

    def test_points_are_where_the_vectors_say(self, hands):
        for seed in range(4):
            state = random_state(seed)
            hands.open_link(state)
            box = hands.plane.bounding_box()
            unit = box["width"] / 2 / REACH
            i, j = (DIRECTIONS.axes.index(state[name]) for name in ("across", "up"))
            for word, vector in state["vectors"].items():
                x, y = (vector[i] + REACH) * unit, (REACH - vector[j]) * unit
                told = point(hands, word).bounding_box()
                middle = told["x"] + told["width"] / 2, told["y"] + told["height"] / 2
                assert middle == pytest.approx((box["x"] + x, box["y"] + y), abs=0.6)

    def test_names_keep_off_one_another_and_off_the_points(self, hands):
        for seed in (None, *range(8)):
            hands.open_link(START if seed is None else random_state(seed))
            names = names_apart(hands.plane.locator(".al-word text"), hands.plane)
            for x, y in hands.plane.locator(".al-word line").evaluate_all(MIDDLES):
                for name in names:
                    assert not lies_on(name, x, y), (name, seed)

    def test_a_word_without_a_direction_is_like_none(self, open_figure):
        vectors = START["vectors"] | {"child": [0] * len(DIRECTIONS.axes)}
        hands = open_figure(EmbeddingSpace(vectors=vectors, word="child"))
        assert {one["value"] for one in hands.values()["near"]} == {0}
        assert EmbeddingSpace(vectors=vectors).nearest(np.zeros(len(DIRECTIONS.axes)))[0][1] == 0


class TestHands:
    @pytest.mark.parametrize("drag", [mouse_drag, resting_drag])
    def test_a_word_is_dragged_and_chosen(self, open_figure, drag):
        options = PHONE if drag is resting_drag else {}
        hands = open_figure(EmbeddingSpace(word="man"), **options)
        start = centre(point(hands, "king"))
        unit = hands.plane.bounding_box()["width"] / 2 / REACH
        drag(hands.page, start, (0.5 * unit, -0.25 * unit))
        hands.settle()
        assert hands.menu("Word").input_value() == "king"
        before = START["vectors"]["king"]
        i, j = (DIRECTIONS.axes.index(name) for name in ("gender", "royal"))
        wanted = [before[i] + 0.5, before[j] + 0.25]
        assert vector_of(hands, "king") == pytest.approx(wanted, abs=0.03)
        hands.hears("king at ")

    def test_a_drag_from_an_empty_place_moves_nothing(self, hands):
        before = hands.values()
        box = hands.plane.bounding_box()
        mouse_drag(hands.page, (box["x"] + 6, box["y"] + box["height"] - 6), (60, -20))
        assert hands.values() == before

    def test_words_stay_inside(self, hands):
        mouse_drag(hands.page, centre(point(hands, "king")), (2000, 0))
        hands.settle()
        assert vector_of(hands, "king")[0] == REACH

    def test_arrow_keys_move_the_chosen_word_and_its_neighbours(self, hands):
        vectors = {word: list(vector) for word, vector in START["vectors"].items()}
        hands.menu("Word").select_option("queen")
        hands.plane.focus()
        x, y = vector_of(hands, "queen")
        for key in ["ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowDown", "ArrowRight"]:
            hands.press(key)
            hands.settle()
        assert vector_of(hands, "queen") == pytest.approx([x + 0.1, y + 0.1])
        for axis in ("gender", "royal"):
            vectors["queen"][DIRECTIONS.axes.index(axis)] += 0.1
        figure = EmbeddingSpace(vectors=vectors, word="queen")
        near = figure.nearest(np.array(vectors["queen"]), but=["queen"])
        got = [one["value"] for one in hands.values()["near"]]
        np.testing.assert_allclose(got, [value for _, value in near], atol=1e-6)
        hands.hears(f"nearest {near[0][0]}")

    def test_menus_choose_axes_word_sum_and_similarity(self, hands):
        hands.menu("Look along").select_option(DIRECTIONS.axes[-1])
        hands.menu("and").select_option(DIRECTIONS.axes[0])
        hands.menu("Similarity").select_option("dot")
        for name, word in (("from", "queen"), ("− subtract", "woman"), ("+ add", "child")):
            hands.menu(name).select_option(word)
        hands.settle()
        assert f"{DIRECTIONS.axes[-1]} " in names_of(hands.plane)[0]
        figure = EmbeddingSpace(analogy=["queen", "woman", "child"], similarity="dot")
        np.testing.assert_allclose(hands.values()["result"], figure.target, atol=1e-6)
        shown = listed(hands, "nearest to queen − woman + child")
        assert [row[1] for row in shown] == [v for _, v in as_shown(figure.nearest(figure.target))]
        assert hands.table("nearest to king, by dot product").count() == 1

    def test_menus_answer_keys(self, hands):
        hands.menu("+ add").focus()
        word = hands.menu("+ add").input_value()
        hands.press("ArrowDown")
        assert hands.menu("+ add").input_value() == WORDS[WORDS.index(word) + 1]

    def test_reset_goes_back_to_the_start(self, hands):
        before = hands.values()
        hands.open_link(random_state(3))
        assert hands.values() != before
        hands.button("Reset").click()
        hands.settle()
        assert hands.values() == before
        assert hands.spoken == "Back at the start."


def with_vector(vector):
    return {"vectors": START["vectors"] | {"king": vector}}


HOSTILE = {
    "no vectors": {"vectors": None},
    "a list of vectors": {"vectors": []},
    "a word too few": {"vectors": {"king": START["vectors"]["king"]}},
    "an unknown word": {"vectors": START["vectors"] | {"toString": [0] * len(DIRECTIONS.axes)}},
    "a short vector": with_vector([1]),
    "a vector of words": with_vector(["1"] * len(DIRECTIONS.axes)),
    "a false list": with_vector({"length": len(DIRECTIONS.axes)}),
    "an enormous number": with_vector([1e308] * len(DIRECTIONS.axes)),
    "no number": with_vector([None] * len(DIRECTIONS.axes)),
    "an unknown axis": {"across": "__proto__"},
    "no axis": {"up": None},
    "an inherited word": {"word": "constructor"},
    "a list as a word": {"word": ["king"]},
    "two terms": {"analogy": ["king", "man"]},
    "an unknown term": {"analogy": ["king", "man", "__proto__"]},
    "an inherited similarity": {"similarity": "valueOf"},
    "a list as a similarity": {"similarity": ["dot"]},
}


class TestLinks:
    def test_a_copied_link_opens_the_same_state(self, hands):
        hands.open_link(random_state(8))
        page = hands.page.context.new_page()
        page.goto(hands.copied("Copy link"))
        again = type(hands)(page, "EmbeddingSpace")
        again.settle()
        assert again.values() == hands.values()
        assert names_of(again.plane) == names_of(hands.plane)

    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        before = hands.values()
        for name, spoilt in HOSTILE.items():
            hands.open_link(START | spoilt)
            assert hands.spoken.startswith("The link's state could not be read: its "), name
            assert hands.values() == before, name
            hands.button("Reset").click()
        polluted = encoded('{"__proto__": {"polluted": 1}, "vectors": {"__proto__": [1]}}')
        hands.follow(f"#figure=EmbeddingSpace&state={polluted}")
        assert "its vectors does not fit" in hands.spoken
        assert hands.page.evaluate("({}).polluted") is None
        assert hands.page.record.errors == []
        hands.plane.press("ArrowUp")
        hands.settle()
        assert hands.values() != before


class TestOut:
    def test_the_snippet_prints_the_numbers_shown(self, hands, capsys):
        for state in (random_state(0), START | {"similarity": "dot"}, random_state(5)):
            hands.open_link(state)
            exec(hands.copied(), {})
            lines = [line.split() for line in capsys.readouterr().out.splitlines()]
            wanted = {one["word"]: one["value"] for one in hands.values()["answers"]}
            assert {word for word, _ in lines} == wanted.keys()
            for word, value in lines:
                assert float(value) == pytest.approx(wanted[word], abs=5.1e-3)

    def test_the_svg_parses_and_holds_the_words(self, hands):
        with hands.page.expect_download() as download:
            hands.button("Save SVG").click()
        root = ElementTree.fromstring(download.value.path().read_bytes())
        written = " ".join(root.itertext())
        wanted = [*WORDS, "gender →", "royal ↑", "nearest to king, by cosine"]
        wanted += [value for _, value in listed(hands, "nearest to king, by")]
        assert [text for text in wanted if text not in written] == []
        assert "NaN" not in written


class TestReading:
    @pytest.mark.parametrize("width", [1280, 360])
    def test_both_rankings_have_the_same_columns(self, open_figure, width):
        hands = open_figure(EmbeddingSpace(), viewport={"width": width, "height": 900})
        for role in ("rowheader", "cell"):
            boxes = [
                one.bounding_box()
                for name in ("nearest to king, by", "nearest to king − man")
                for one in hands.table(name).get_by_role(role).all()
            ]
            assert len(boxes) == 2 * SHOWN
            assert len({(box["x"], box["width"]) for box in boxes}) == 1

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_axe_has_nothing_against_it(self, open_figure, theme):
        hands = open_figure(EmbeddingSpace(challenges="embeddings"), theme=theme)
        hands.button("Copy as Python").click()
        hands.start_challenge(1)
        hands.plane.press("ArrowRight")
        assert violations(hands.page) == []

    def test_every_control_is_named_once(self, hands):
        names = [(role, name) for role, name, _ in tree(hands.page) if role in FOCUSABLE]
        assert all(name for _, name in names)
        assert sorted(names) == sorted(set(names))
        assert len([role for role, _ in names if role == "combobox"]) == 7

    def test_320_pixels_are_enough(self, open_figure):
        figure = EmbeddingSpace(challenges="embeddings")
        hands = open_figure(figure, viewport={"width": 320, "height": 640})
        hands.button("Copy as Python").click()
        assert hands.page.evaluate("document.documentElement.scrollWidth") <= 320
        for control in hands.root.get_by_role("combobox").all():
            box = control.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 320

    def test_reduced_motion_is_honoured(self, open_figure):
        calm = open_figure(EmbeddingSpace(), reduced_motion="reduce")
        assert calm.page.evaluate(reading.TestScreens.MOVING) == 0


FULL = START["vectors"]
WRONG = {
    "an unknown word": ("word", "kingdom", "'kingdom' has no vector here; there are: "),
    "an unknown term": ("analogy", ["king", "man", "womam"], "'womam' has no vector here"),
    "two terms": ("analogy", ["king", "man"], r"analogy needs three words \[a, b, c\], not"),
    "an unknown axis": ("across", "size", "no axis is called 'size'; there are: "),
    "another unknown axis": ("up", "", "no axis is called ''; there are: "),
    "a short vector": ("vectors", FULL | {"king": [1, 2]}, "'king' has 2 numbers but"),
    "words": ("vectors", FULL | {"king": ["a"]}, "the vector of 'king' must hold numbers, not"),
    "NaN": ("vectors", FULL | {"man": [np.nan] * 8}, "vector of 'man' must hold numbers between"),
    "the word missing": ("vectors", {"a": FULL["man"]}, "no vector for 'king', which `word`"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = EmbeddingSpace(word="queen", analogy=["king", "man", "queen"])
        before = figure.get_state(figure.page_traits())
        if name != "the word missing":
            with pytest.raises(ValueError, match=message):
                setattr(figure, trait, value)
            assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            EmbeddingSpace(**{trait: value})

    def test_vectors_that_lack_a_word_in_use_are_refused(self):
        figure = EmbeddingSpace()
        with pytest.raises(ValueError, match="no vector for 'woman', which `word` or `analogy`"):
            figure.vectors = {word: v for word, v in FULL.items() if word != "woman"}
        assert figure.vectors == FULL

    def test_words_and_axes_of_ones_own(self):
        vectors = {"a": [3.0, 4.0], "b": [0.0, 2.0], "c": [0.0, 0.0]}
        figure = EmbeddingSpace(
            axes=["x", "y"], across="x", up="y", vectors=vectors, word="a", analogy=["a", "b", "c"]
        )
        assert figure.target.tolist() == [3, 2]
        assert figure.nearest(np.array([0.0, 1.0])) == [("b", 1.0), ("a", 0.8), ("c", 0.0)]
        assert cosine(np.array([3.0, 4.0]), np.zeros(2)) == 0

    def test_an_unknown_similarity_is_refused(self):
        with pytest.raises((traitlets.TraitError, ValueError)):
            EmbeddingSpace(similarity="nearness")

    def test_the_text_is_stable_and_tells_the_neighbours(self):
        one, other = EmbeddingSpace(**random_state(2)), EmbeddingSpace(**random_state(2))
        assert repr(one) == repr(other) == one.describe()
        first = one.nearest(np.array(one.vectors[one.word]), but=[one.word])[0]
        assert f"{first[0]} {first[1]:.2f}" in one.describe()

    def test_a_saved_state_makes_the_same_figure(self):
        figure = EmbeddingSpace(**random_state(6))
        again = EmbeddingSpace.from_state(figure.get_state())
        names = figure.page_traits()
        assert again.get_state(names) == figure.get_state(names)
        assert again.still() == figure.still()

    def test_the_still_picture_holds_every_word(self):
        written = re.findall(r">([^<>]+)</text>", EmbeddingSpace().still())
        assert {*WORDS, "gender →", "royal ↑"} <= set(written)

    def test_no_name_of_the_still_picture_stands_on_another(self):
        name = r'<text x="([^"]+)" y="([^"]+)" text-anchor="start"[^>]*>([^<]+)'
        found = re.findall(name, EmbeddingSpace().still())
        names = {word: (float(x), float(y)) for x, y, word in found if word in WORDS}
        assert names.keys() == set(WORDS)
        for one, other in itertools.combinations(names.values(), 2):
            assert abs(one[0] - other[0]) >= 60 or abs(one[1] - other[1]) >= 12
