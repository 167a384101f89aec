"""ContextNudge: what the head adds is measured, and the page shows what Python computes."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from attnlib.figures import ContextNudge
from attnlib.figures.context_nudge import STRONGEST, sense_vectors, stories
from attnlib.figures.embedding_space import cosine
from attnlib.world import SENSES
from tests.figures import test_reading as reading
from tests.figures.driving import encoded, names_of, shown_number
from tests.figures.test_reading import FOCUSABLE, tree, violations

STORIES = stories()
START = {"story": ContextNudge().story, "removed": [], "strength": 1}
MINIATURE = SENSES.sentences["a miniature"]
PRINCE = SENSES.sentences["the prince"]
RIGHT = {
    "the animal": "animal",
    "the amount": "amount of substance",
    "the skin": "skin",
    "the Eiffel tower": "in Paris, full size",
    "a miniature": "in Paris, small",
    "the wizard": "wizard",
    "the prince": "prince",
    "the mystery": "the butler",
}
CLUE = 0.5  # words whose key reaches this on the axis "clue" tell the sense


def random_state(seed):
    rng = np.random.default_rng(seed)
    story = list(STORIES)[seed % len(STORIES)]
    words, token = STORIES[story]["words"], STORIES[story]["token"]
    others = [i for i in range(len(words)) if i != token]
    removed = rng.choice(others, rng.integers(len(others) + 1), replace=False).tolist()
    return {"story": story, "removed": removed, "strength": float(rng.uniform(0, STRONGEST))}


def cosines(figure, vector):
    senses = figure.stories[figure.story]["senses"]
    return {name: cosine(vector, np.array(sense)) for name, sense in senses.items()}


def clues(story):
    words, token = STORIES[story]["words"], STORIES[story]["token"]
    on = SENSES.axes.index("clue")
    strong = (i for i, word in enumerate(words) if SENSES.vocabulary[word][on] >= CLUE)
    return [i for i in strong if i != token]


class TestOutcome:
    def test_a_lookup_is_the_same_in_every_context(self):
        found = {}
        for story in STORIES:
            figure = ContextNudge(story)
            found.setdefault(figure.tokens[figure.token], []).append(figure.before)
        assert {word: len(rows) for word, rows in found.items() if len(rows) > 1} == {
            "mole": 3,
            "tower": 3,
            "Harry": 2,
        }
        for word, rows in found.items():
            for row in rows:
                np.testing.assert_array_equal(row, SENSES.vocabulary[word])

    def test_every_story_with_clues_has_its_right_sense_here(self):
        told = {SENSES.sentences[title] for title in RIGHT}
        assert told == {story for story in STORIES if clues(story)}

    @pytest.mark.parametrize("title", RIGHT)
    def test_the_update_finds_the_right_sense_and_no_other(self, title):
        figure = ContextNudge(SENSES.sentences[title])
        after = cosines(figure, figure.after)
        assert after.pop(RIGHT[title]) >= 0.9
        assert after and max(after.values()) <= 0.3
        assert max(cosines(figure, figure.before).values()) < 0.6

    @pytest.mark.parametrize("title", RIGHT)
    def test_without_its_clues_the_vector_moves_back(self, title):
        figure = ContextNudge(SENSES.sentences[title])
        with_clues = cosines(figure, figure.after)[RIGHT[title]]
        figure.removed = clues(figure.story)
        assert cosines(figure, figure.after)[RIGHT[title]] < with_clues - 0.25
        words, token = STORIES[figure.story]["words"], STORIES[figure.story]["token"]
        figure.removed = [i for i in range(len(words)) if i != token]
        alone = cosines(figure, figure.after)
        assert alone.pop(RIGHT[title]) <= max(alone.values()) + 1e-9

    def test_without_strength_nothing_is_added(self):
        figure = ContextNudge(MINIATURE, strength=0.0)
        np.testing.assert_array_equal(figure.after, figure.before)


@pytest.fixture
def hands(open_figure):
    return open_figure(ContextNudge())


def words_of(hands):
    return hands.root.get_by_role("list", name="The phrase").get_by_role("button")


def assert_true(hands, state):
    """The page's values are those of Python for `state`; gives the figure."""
    figure, values = ContextNudge(**state), hands.values()
    for name in ("weights", "before", "after"):
        wanted = getattr(figure, name)
        np.testing.assert_allclose(values[name], wanted, rtol=1e-6, atol=1e-6, err_msg=str(state))
    return figure


def assert_shows(hands, state):
    """The page's values, and every number it writes, are those of Python for `state`."""
    figure = assert_true(hands, state)
    pairs = zip(
        cosines(figure, figure.before).values(), cosines(figure, figure.after).values(), strict=True
    )
    wanted = [[shown_number(b), shown_number(a)] for b, a in pairs]
    assert hands.cells("cosine with each sense") == wanted
    names = hands.table("the vector, before and after").get_by_role("rowheader").all_inner_texts()
    for axis, row in zip(names, hands.cells("the vector, before and after"), strict=True):
        before, after = (v[SENSES.axes.index(axis)] for v in (figure.before, figure.after))
        assert row[:3] == [shown_number(v) for v in (before, after - before, after)]
    unseen = [SENSES.axes.index(axis) for axis in SENSES.axes if axis not in names]
    np.testing.assert_allclose(figure.after[unseen], 0, atol=5e-3)
    assert_words_tell_the_weights(hands, figure)


def assert_words_tell_the_weights(hands, figure):
    story, weights = figure.stories[figure.story], iter(figure.weights)
    wanted = []
    for i, word in enumerate(story["words"]):
        out = i in figure.removed
        told = "taken out" if out else f"weight {shown_number(next(weights))}"
        wanted.append(f"{word}, {'the word that asks' if i == story['token'] else told}")
    assert names_of(words_of(hands)) == wanted


class TestTruth:
    def test_states_opened_by_a_link_equal_python(self, hands):
        for seed in range(3 * len(STORIES)):
            state = random_state(seed)
            hands.open_link(state)
            assert_shows(hands, state)

    def test_the_opened_head_shows_its_arithmetic(self, hands):
        hands.open_link({"story": MINIATURE, "removed": [0], "strength": 1.5})
        hands.unfold()
        figure = ContextNudge(MINIATURE, removed=[0])
        x, head = SENSES.embed(figure.tokens), SENSES.head("context")
        q, k = x[figure.token] @ head.w_q, x @ head.w_k
        columns = (k[:, 0], k @ q, figure.weights)
        wanted = [[shown_number(v) for v in row] for row in zip(*columns, strict=True)]
        table = hands.root.get_by_role("table").last
        assert table.get_by_role("rowheader").all_inner_texts() == figure.tokens
        assert table.get_by_role("cell").all_inner_texts() == [
            text for row in wanted for text in row
        ]


class TestHands:
    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_a_word_is_taken_out_and_put_back(self, open_figure, how):
        hands = open_figure(ContextNudge(MINIATURE), has_touch=how == "touch")
        words = words_of(hands)
        word = words.nth(STORIES[MINIATURE]["words"].index("miniature"))
        press = {"mouse": word.click, "touch": word.tap, "keyboard": lambda: word.press("Space")}
        assert word.get_attribute("aria-pressed") == "true"
        press[how]()
        hands.settle()
        assert word.get_attribute("aria-pressed") == "false"
        assert_shows(hands, {"story": MINIATURE, "removed": [1], "strength": 1.0})
        alone = ContextNudge(MINIATURE, removed=[1])
        best = shown_number(cosines(alone, alone.after)["in Paris, full size"])
        hands.hears(f"miniature taken out. tower is nearest to in Paris, full size, cosine {best}.")
        press[how]()
        hands.settle()
        hands.hears("miniature put back. tower is nearest to in Paris, small")
        assert_shows(hands, {"story": MINIATURE, "removed": [], "strength": 1.0})

    def test_the_word_that_asks_stays(self, hands):
        asks = hands.button("mole, the word that asks")
        assert asks.is_disabled()

    def test_two_words_that_are_the_same_are_two_switches(self, hands):
        story = SENSES.sentences["the mystery"]
        hands.menu("Phrase").select_option(story)
        hands.settle()
        first = STORIES[story]["words"].index("slept")
        words_of(hands).nth(first).click()
        hands.settle()
        assert_shows(hands, {"story": story, "removed": [first], "strength": 1.0})

    def test_another_phrase_starts_whole(self, hands):
        words_of(hands).first.click()
        hands.menu("Phrase").select_option(PRINCE)
        hands.settle()
        assert_shows(hands, {"story": PRINCE, "removed": [], "strength": 1.0})

    def test_the_strength_by_keyboard(self, hands):
        slider = hands.slider("strength")
        slider.focus()
        hands.press("ArrowRight", "ArrowRight", "ArrowLeft")
        hands.settle()
        assert slider.get_attribute("aria-valuetext") == "1.1"
        assert_shows(hands, START | {"strength": 1.1})
        hands.press("Home")
        hands.settle()
        assert hands.values()["after"] == hands.values()["before"]

    def test_the_head_opens_by_keyboard(self, hands):
        summary = hands.root.get_by_text("Open the head")
        summary.focus()
        hands.press("Enter")
        assert hands.root.get_by_text("All other entries are 0").is_visible()

    def test_reset_goes_back_to_the_start(self, hands):
        hands.open_link(random_state(6))
        hands.button("Reset").click()
        hands.settle()
        assert_shows(hands, START)
        assert hands.spoken == "Back at the start."


TOKEN = STORIES[START["story"]]["token"]
HOSTILE = {
    "an unknown phrase": {"story": "one mole"},
    "an inherited phrase": {"story": "__proto__"},
    "a list as a phrase": {"story": [START["story"]]},
    "no phrase": {"story": None},
    "nothing removed": {"removed": None},
    "a word removed": {"removed": ["one"]},
    "the asking word removed": {"removed": [TOKEN]},
    "a place outside": {"removed": [99]},
    "a negative place": {"removed": [-1]},
    "half a place": {"removed": [0.5]},
    "a false list": {"removed": {"length": 1}},
    "too many places": {"removed": [0] * 50},
    "a strong text": {"strength": "1"},
    "too strong": {"strength": 1e308},
    "negative strength": {"strength": -0.1},
    "no strength": {"strength": None},
}


class TestLinks:
    def test_a_copied_link_opens_the_same_state(self, hands):
        state = random_state(16)
        hands.open_link(state)
        page = hands.page.context.new_page()
        page.goto(hands.copied("Copy link"))
        again = type(hands)(page, "ContextNudge")
        again.settle()
        assert_shows(again, state)

    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        before = hands.values()
        for name, spoilt in HOSTILE.items():
            hands.open_link(START | spoilt)
            assert hands.spoken.startswith("The link's state could not be read: its "), name
            assert hands.values() == before, name
            hands.button("Reset").click()
        polluted = encoded('{"__proto__": {"polluted": 1}}')
        hands.follow(f"#figure=ContextNudge&state={polluted}")
        assert hands.page.evaluate("({}).polluted") is None
        assert hands.page.record.errors == []
        words_of(hands).first.click()
        hands.settle()
        assert hands.values() != before


class TestOut:
    def test_the_snippet_prints_the_vector_shown(self, hands):
        for seed in (0, 5, 8, 17):
            hands.open_link(random_state(seed))
            names = {}
            exec(hands.copied().replace("print(", "str("), names)
            np.testing.assert_allclose(names["after"], hands.values()["after"], atol=1e-6)

    def test_the_svg_parses_and_holds_the_words(self, hands):
        hands.open_link({"story": MINIATURE, "removed": [0], "strength": 1})
        with hands.page.expect_download() as download:
            hands.button("Save SVG").click()
        root = ElementTree.fromstring(download.value.path().read_bytes())
        written = " ".join(root.itertext())
        wanted = [*MINIATURE.split(), "out", "0.50", "Paris", "in Paris, small", "cosine with"]
        assert [text for text in wanted if text not in written] == []
        assert "NaN" not in written


class TestReading:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_axe_has_nothing_against_it(self, open_figure, theme):
        hands = open_figure(ContextNudge(MINIATURE, challenges="context"), theme=theme)
        hands.unfold()
        hands.button("Copy as Python").click()
        words_of(hands).nth(1).click()
        hands.settle()
        assert violations(hands.page) == []

    def test_every_control_is_named(self, hands):
        hands.unfold()
        names = [(role, name) for role, name, _ in tree(hands.page) if role in FOCUSABLE]
        assert {"button", "combobox", "slider"} <= {role for role, _ in names}
        assert all(name for _, name in names)

    def test_320_pixels_are_enough(self, open_figure):
        figure = ContextNudge(SENSES.sentences["the mystery"], challenges="context")
        hands = open_figure(figure, viewport={"width": 320, "height": 640})
        hands.unfold()
        hands.button("Copy as Python").click()
        assert hands.page.evaluate("document.documentElement.scrollWidth") <= 320
        for word in words_of(hands).all():
            box = word.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 320

    def test_reduced_motion_is_honoured(self, open_figure):
        calm = open_figure(ContextNudge(), reduced_motion="reduce")
        assert calm.page.evaluate(reading.TestScreens.MOVING) == 0


WRONG = {
    "an unknown phrase": ("story", "one mole", "no story 'one mole'; there are: American shrew"),
    "the asking word": ("removed", [TOKEN], f"removed holds {TOKEN}; expected positions of"),
    "a place outside": ("removed", [0, 9], "removed holds 9; expected positions of .* except"),
    "a negative place": ("removed", [-1], "removed holds -1; expected"),
    "too strong": ("strength", 2.1, "strength is 2.1; expected 0 to 2"),
    "no strength": ("strength", np.nan, "strength is nan; expected 0 to 2"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = ContextNudge(removed=[0], strength=1.5)
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            ContextNudge(**{trait: value})

    def test_a_new_story_lets_go_of_places_it_does_not_have(self):
        figure = ContextNudge(PRINCE, removed=[6, 7])
        figure.story = MINIATURE
        assert figure.removed == [] and figure.tokens == MINIATURE.split()

    def test_a_new_story_never_loses_the_word_that_asks(self):
        figure = ContextNudge(PRINCE, removed=[STORIES[MINIATURE]["token"]])
        figure.story = MINIATURE
        assert figure.tokens[figure.token] == "tower"

    def test_senses_of_an_unknown_word_are_an_error(self):
        with pytest.raises(KeyError):
            sense_vectors("owl")

    def test_the_text_is_stable_and_tells_the_cosines(self):
        one, other = ContextNudge(**random_state(4)), ContextNudge(**random_state(4))
        assert repr(one) == repr(other) == one.describe()
        told = re.findall(r"after (-?\d\.\d\d)", one.describe())
        wanted = cosines(one, one.after).values()
        np.testing.assert_allclose([float(t) for t in told], list(wanted), atol=5.1e-3)

    def test_a_saved_state_makes_the_same_figure(self):
        figure = ContextNudge(**random_state(7))
        again = ContextNudge.from_state(figure.get_state())
        names = figure.page_traits()
        assert again.get_state(names) == figure.get_state(names)
        assert again.still() == figure.still()

    def test_the_still_picture_holds_the_words_that_are_left(self):
        written = re.findall(r">([^<>]+)</text>", ContextNudge(MINIATURE, removed=[0]).still())
        assert {"miniature", "Eiffel", "tower"} <= set(written) and "the" not in written
