"""Mouse, touch and keyboard do the same things to QueryKey."""

import re

import numpy as np
import pytest

from attnlib import world
from attnlib.figures import QueryKey
from tests.figures.driving import (
    AXES,
    centre,
    held_tip,
    mouse_drag,
    names_of,
    resting_drag,
    touch_drag,
)

PIXELS_PER_TENTH = 4  # as js/src/parts/MatrixEditor.jsx says
# A figure has in it the 282 pixels that a page of the book leaves it on a phone of 360.
NARROW = {"width": 332, "height": 800}
PHONE = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}

START = {"preset": "nouns look for adjectives", "selected": [3, 1]}


@pytest.fixture
def hands(lasting):
    """QueryKey on "a fluffy blue creature ...", designed head, creature and fluffy chosen."""
    return lasting(QueryKey(**START))


def matrix_of(hands, name):
    """All numbers of w_q or w_k as the page says them, `(d_model, 2)`."""
    return np.array([[hands.number(name, axis, d) for d in (1, 2)] for axis in AXES])


def query_of(hands, word, kind="queries"):
    sentence = world.PHRASES.sentences["The fluffy blue creature"].split()
    return np.array(hands.values()[kind][sentence.index(word)])


class TestMatrixCells:
    @pytest.mark.parametrize("tenths", [10, -30])
    def test_dragging_sideways_changes_the_number(self, hands, tenths):
        before = query_of(hands, "creature")
        cell = hands.cell("w_q", "animal")
        mouse_drag(hands.page, centre(cell), (tenths * PIXELS_PER_TENTH, 0))
        assert hands.number("w_q", "animal") == pytest.approx(2.5 + tenths / 10)
        change = query_of(hands, "creature") - before
        np.testing.assert_allclose(change, [tenths / 10, 0], atol=1e-9)

    def test_a_click_or_an_upward_drag_changes_nothing(self, hands):
        mouse_drag(hands.page, centre(hands.cell("w_q", "animal")), (0, -40))
        hands.cell("w_q", "animal").click()
        assert hands.number("w_q", "animal") == 2.5

    def test_after_the_button_is_up_the_mouse_changes_nothing(self, hands):
        x, y = centre(hands.cell("w_k", "place"))
        mouse_drag(hands.page, (x, y), (20, 0))
        value = hands.number("w_k", "place")
        hands.page.mouse.move(x + 200, y)
        assert hands.number("w_k", "place") == value == 0.5

    def test_the_right_button_does_not_drag(self, hands):
        x, y = centre(hands.cell("w_q", "animal"))
        hands.page.mouse.move(x, y)
        hands.page.mouse.down(button="right")
        hands.page.mouse.move(x + 40, y)
        hands.page.mouse.up(button="right")
        assert hands.number("w_q", "animal") == 2.5

    @pytest.mark.parametrize(
        "typed, value",
        [("1.5", 1.5), ("0,75", 0.75), ("−2", -2), ("-3", -3), (".25", 0.25), ("1000", 1000)],
    )
    def test_typing_after_enter_replaces_the_number(self, hands, typed, value):
        hands.cell("w_q", "action", 2).focus()
        hands.press("Enter")
        hands.page.keyboard.insert_text(typed)
        hands.press("Enter")
        assert hands.number("w_q", "action", 2) == value
        assert hands.focused.startswith("w_q action, 2:")

    def test_a_digit_begins_to_type_at_once(self, hands):
        hands.cell("w_k", "action").focus()
        hands.press("4", ",", "2", "Enter")
        assert hands.number("w_k", "action") == 4.2

    def test_escape_keeps_the_old_number(self, hands):
        hands.cell("w_q", "animal").focus()
        hands.press("9", "Escape")
        assert hands.number("w_q", "animal") == 2.5
        assert hands.focused.startswith("w_q animal, 1:")

    def test_leaving_the_cell_by_tab_takes_what_was_typed(self, hands):
        hands.cell("w_q", "animal").focus()
        hands.press("9", "Tab")
        assert hands.number("w_q", "animal") == 9

    def test_a_double_click_opens_the_cell(self, hands):
        hands.cell("w_q", "animal").dblclick()
        hands.page.keyboard.insert_text("7")
        hands.press("Enter")
        assert hands.number("w_q", "animal") == 7

    @pytest.mark.parametrize("typed", ["abc", "", "1e9", "1001", "NaN", "Infinity", "1 2", "0x10"])
    def test_what_is_not_a_number_in_range_is_refused_with_a_word(self, hands, typed):
        hands.cell("w_q", "animal").focus()
        hands.press("Enter", "Control+a", "Delete")
        hands.page.keyboard.insert_text(typed)
        hands.press("Enter")
        assert hands.number("w_q", "animal") == 2.5
        assert re.search("is not a number|is outside −1000 to 1000", hands.spoken)

    @pytest.mark.parametrize(
        "keys, value",
        [
            (["+"], 2.6),
            (["="], 2.6),
            (["-"], 2.4),
            (["+", "+", "-"], 2.6),
            (["PageUp"], 3.5),
            (["PageDown", "PageDown", "PageDown"], -0.5),
            (["Delete"], 0),
            (["Backspace"], 0),
        ],
    )
    def test_keys_change_the_number(self, hands, keys, value):
        hands.cell("w_q", "animal").focus()
        hands.press(*keys)
        assert hands.number("w_q", "animal") == value

    @pytest.mark.parametrize("edge", [1000, -1000])
    def test_keys_stop_at_the_range(self, open_figure, edge):
        hands = open_figure(QueryKey(w_q=np.full((6, 2), edge), w_k=np.zeros((6, 2))))
        hands.cell("w_q", "animal").focus()
        hands.press("PageUp", "+") if edge > 0 else hands.press("PageDown", "-")
        assert hands.number("w_q", "animal") == edge

    def test_a_change_is_one_cell_only(self, hands):
        before = {name: matrix_of(hands, name) for name in ("w_q", "w_k")}
        hands.cell("w_k", "fits places", 2).focus()
        hands.press("PageUp")
        before["w_k"][AXES.index("fits places"), 1] += 1
        for name, matrix in before.items():
            np.testing.assert_allclose(matrix_of(hands, name), matrix)

    def test_shortcuts_of_the_browser_are_left_alone(self, hands):
        hands.cell("w_q", "animal").focus()
        hands.press("Control+Equal", "Control+Minus", "Alt+Delete")
        assert hands.number("w_q", "animal") == 2.5

    def test_keys_of_the_figure_are_marked_as_lumino_knows_it(self, hands):
        """Notebook 7 hears of a key before the figure does, and looks for this mark."""
        marked = "document.activeElement.hasAttribute('data-lm-suppress-shortcuts')"
        hands.cell("w_q", "animal").focus()
        for key, stays in (("x", True), ("Shift+Enter", False)):
            hands.press(key)
            assert hands.page.evaluate(marked) == stays


class TestStepper:
    def test_the_buttons_change_the_chosen_cell(self, hands):
        hands.cell("w_k", "fits animals").click()
        hands.button("w_k fits animals, 1: more").click()
        hands.button("w_k fits animals, 1: more").click()
        hands.button("w_k fits animals, 1: less").click()
        assert hands.number("w_k", "fits animals") == 2.6

    def test_the_slider_changes_the_chosen_cell(self, hands):
        hands.cell("w_q", "place", 2).click()
        slider = hands.root.get_by_role("slider", name="w_q place, 2")
        slider.focus()
        hands.press("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight")
        assert hands.number("w_q", "place", 2) == 2.7

    def test_the_slider_tells_the_true_value_beyond_its_ends(self, open_figure):
        hands = open_figure(QueryKey(w_q=np.full((6, 2), 42.0), w_k=np.zeros((6, 2))))
        slider = hands.root.get_by_role("slider", name="w_q animal, 1")
        assert slider.get_attribute("aria-valuetext") == "42.00"


class TestWalking:
    @pytest.mark.parametrize(
        "key, place",
        [
            ("ArrowDown", ("fits animals", 2)),
            ("ArrowUp", ("animal", 2)),
            ("ArrowLeft", ("place", 1)),
            ("ArrowRight", ("place", 2)),
            ("Home", ("place", 1)),
            ("End", ("place", 2)),
        ],
    )
    def test_arrow_keys_walk_a_matrix_and_stop_at_its_edge(self, hands, key, place):
        hands.cell("w_q", "place", 2).focus()
        hands.press(key)
        assert hands.focused.startswith(f"w_q {place[0]}, {place[1]}:")

    @pytest.mark.parametrize(
        "key, query, other",
        [
            ("ArrowDown", "roamed", "fluffy"),
            ("ArrowUp", "blue", "fluffy"),
            ("ArrowRight", "creature", "blue"),
            ("ArrowLeft", "creature", "a"),
            ("Home", "creature", "a"),
            ("End", "creature", "forest"),
        ],
    )
    def test_arrow_keys_walk_the_pattern(self, hands, key, query, other):
        hands.pattern_cell("creature", "fluffy").focus()
        hands.press(key)
        assert hands.focused.startswith(f"query {query}, key {other}:")
        assert hands.spoken == hands.focused

    def test_arrow_keys_follow_the_picture_when_it_is_turned(self, hands):
        hands.menu("Queries are").select_option("columns")
        hands.settle()
        hands.pattern_cell("creature", "fluffy").focus()
        hands.press("ArrowDown")
        assert hands.focused.startswith("query creature, key blue:")
        hands.press("ArrowRight")
        assert hands.focused.startswith("query roamed, key blue:")

    def test_every_grid_is_one_tab_stop_that_moves_along(self, open_figure):
        hands = open_figure(QueryKey(**START))  # "Reset" moves no tab stop
        hands.cell("w_q", "action", 2).focus()
        hands.pattern_cell("roamed", "forest").focus()
        grids = hands.root.get_by_role("grid").all()
        assert len(grids) == 3
        stops = [names_of(grid.locator('[tabindex="0"]')) for grid in grids]
        assert [len(names) for names in stops] == [1, 1, 1]
        starts = ("w_q action, 2:", "w_k animal, 1:", "query roamed, key forest:")
        found = [name for names in stops for name in names]
        assert all(any(name.startswith(start) for name in found) for start in starts)

    @pytest.mark.parametrize("selected", [None, [0, 0], [7, 7]])
    def test_the_pattern_keeps_its_tab_stop_when_the_phrase_gets_shorter(
        self, open_figure, selected
    ):
        hands = open_figure(QueryKey(preset="identity", selected=selected))
        hands.own_phrase.fill("fox owl")
        hands.press("Enter")
        hands.settle()
        assert hands.pattern.locator('[tabindex="0"]').count() == 1


def unit_of(hands):
    """Pixels for 1 in the plane, measured from the handle of the chosen arrow."""
    box = hands.plane.bounding_box()
    x, _ = held_tip(hands.plane)
    told = re.findall(r"[−\d.]+", names_of(hands.plane)[0])[0]
    return (x - box["x"] - box["width"] / 2) / float(told.replace("−", "-"))


class TestPlane:
    def choose(self, hands, kind, word):
        hands.menu("Arrow keys move").select_option(label=f"{kind} {word}")

    def test_arrow_keys_move_the_chosen_query(self, hands):
        self.choose(hands, "query", "creature")
        before, keys = query_of(hands, "creature"), hands.values()["keys"]
        hands.plane.focus()
        hands.press("ArrowUp", "ArrowUp", "ArrowLeft")
        np.testing.assert_allclose(query_of(hands, "creature") - before, [-0.1, 0.2], atol=1e-3)
        assert hands.values()["keys"] == keys

    def test_arrow_keys_move_the_chosen_key(self, hands):
        self.choose(hands, "key", "verdant")
        before, queries = query_of(hands, "verdant", "keys"), hands.values()["queries"]
        hands.plane.focus()
        hands.press("ArrowDown", "ArrowRight", "ArrowRight")
        change = query_of(hands, "verdant", "keys") - before
        np.testing.assert_allclose(change, [0.2, -0.1], atol=1e-3)
        assert hands.values()["queries"] == queries

    def test_the_arrow_is_told_with_its_place(self, hands):
        self.choose(hands, "query", "creature")
        hands.plane.focus()
        hands.press("ArrowUp")
        assert re.search("query creature at 2.50?, 0.35", names_of(hands.plane)[0])
        assert re.search("query creature at 2.50?, 0.35", hands.spoken)

    @pytest.mark.parametrize("drag", [mouse_drag, resting_drag])
    def test_an_arrow_is_dragged(self, open_figure, drag):
        options = PHONE if drag is resting_drag else {}
        figure = QueryKey(preset="nouns look for adjectives", selected=[3, 1])
        hands = open_figure(figure, **options)
        before = query_of(hands, "creature")
        unit, tip = unit_of(hands), held_tip(hands.plane)
        top = hands.page.evaluate("scrollY")
        drag(hands.page, tip, (-unit, -0.5 * unit))
        change = query_of(hands, "creature") - before
        np.testing.assert_allclose(change, [-1, 0.5], atol=0.1)
        assert hands.page.evaluate("scrollY") == top

    def test_the_page_may_scroll_under_a_drag(self, open_figure):
        figure = QueryKey(preset="nouns look for adjectives", selected=[3, 1])
        hands = open_figure(figure, viewport={"width": 1000, "height": 500})
        before = query_of(hands, "creature")
        unit, (x, y) = unit_of(hands), held_tip(hands.plane)
        mouse = hands.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x, y - 0.5 * unit)
        by = hands.page.evaluate(
            "() => { const top = scrollY; scrollBy(0, top < 40 ? 40 : -40); return scrollY - top; }"
        )
        assert abs(by) == 40
        hands.settle()
        mouse.move(x - unit, y - by)
        mouse.up()
        change = query_of(hands, "creature") - before
        np.testing.assert_allclose(change, [-1, 0], atol=0.03)

    def test_the_whole_projection_moves_not_one_word(self, hands):
        """Two words on the same axis move together: the drag changes w_q, nothing else."""
        self.choose(hands, "query", "fluffy")
        hands.plane.focus()
        hands.press("ArrowUp", "ArrowUp", "ArrowUp")
        x = world.PHRASES.embed(world.PHRASES.sentences["The fluffy blue creature"])
        exact = x @ matrix_of(hands, "w_q")
        np.testing.assert_allclose(hands.values()["queries"], exact, atol=0.02)
        assert query_of(hands, "blue")[1] > 0.2

    def test_nothing_happens_beside_the_arrows(self, hands):
        before = hands.values()
        box = hands.plane.bounding_box()
        corner = (box["x"] + 5, box["y"] + 5)
        mouse_drag(hands.page, corner, (60, 60))
        assert hands.values() == before

    def test_there_is_no_plane_for_three_dimensions(self, open_figure):
        matrices = np.random.default_rng(0).normal(size=(2, 6, 3))
        hands = open_figure(QueryKey(w_q=matrices[0], w_k=matrices[1]))
        assert hands.plane.count() == 0
        hands.cell("w_q", "animal", 3).focus()
        hands.press("Delete")
        assert hands.number("w_q", "animal", 3) == 0


class TestTouch:
    @pytest.fixture
    def finger(self, open_figure):
        figure = QueryKey(preset="nouns look for adjectives", selected=[3, 1])
        return open_figure(figure, beside='<p style="height: 150vh">More.</p>', **PHONE)

    def test_a_finger_drags_a_cell_sideways(self, finger):
        start = centre(finger.cell("w_q", "animal"))
        top = finger.page.evaluate("scrollY")
        touch_drag(finger.page, start, (10 * PIXELS_PER_TENTH, 0))
        assert finger.number("w_q", "animal") == pytest.approx(3.5)
        assert finger.page.evaluate("scrollY") == top

    @pytest.mark.parametrize("place", ["a matrix cell", "the pattern", "beside"])
    def test_a_finger_moving_up_scrolls_the_page(self, finger, place):
        where = {
            "a matrix cell": finger.cell("w_q", "animal"),
            "the pattern": finger.pattern_cell("creature", "fluffy"),
            "beside": finger.page.get_by_role("heading", name="A page"),
        }[place]
        start = centre(where)
        top = finger.page.evaluate("scrollY")
        before = finger.values()
        touch_drag(finger.page, start, (0, -200), steps=10)
        finger.page.wait_for_function(f"scrollY > {top} + 50")
        assert finger.values() == before

    def test_a_tap_chooses_a_cell_of_the_pattern(self, finger):
        finger.pattern_cell("verdant", "forest").tap()
        assert finger.spoken.startswith("query verdant, key forest:")

    def test_the_stepper_serves_a_thumb(self, finger):
        finger.cell("w_q", "animal").tap()
        more = finger.button("w_q animal, 1: more")
        box = more.bounding_box()
        assert min(box["width"], box["height"]) >= 24  # WCAG 2.2, target size
        more.tap()
        assert finger.number("w_q", "animal") == 2.6


class TestControls:
    @pytest.mark.parametrize("name", ["all zero", "identity", *world.PHRASES.heads])
    def test_presets_load(self, hands, name):
        hands.button("all zero").click()
        hands.button(name).click()
        wanted = QueryKey(preset=name)
        for matrix in ("w_q", "w_k"):
            np.testing.assert_array_equal(matrix_of(hands, matrix), getattr(wanted, matrix))

    def test_random_is_reproducible_from_its_seed(self, hands):
        seed = hands.root.get_by_role("spinbutton", name="seed")

        def drawn(number):
            seed.fill(str(number))
            hands.button("random").click()
            return np.stack([matrix_of(hands, "w_q"), matrix_of(hands, "w_k")])

        first, second = drawn(7), drawn(8)
        hands.button("all zero").click()
        np.testing.assert_array_equal(drawn(7), first)
        assert len(np.unique(first)) > 12
        assert not np.array_equal(first, second)
        assert not np.array_equal(first[0], first[1])

    @pytest.mark.parametrize("typed", ["-1", "1.5e9", ""])
    def test_a_seed_that_is_none_does_no_harm(self, hands, typed):
        seed = hands.root.get_by_role("spinbutton", name="seed")
        seed.fill(typed)
        hands.button("random").click()
        assert np.isfinite(matrix_of(hands, "w_q")).all()
        assert hands.page.record.errors == []

    @pytest.mark.parametrize("title", list(world.PHRASES.sentences))
    def test_a_sentence_is_chosen(self, hands, title):
        hands.menu("Phrase").select_option(label=title)
        hands.settle()
        words = world.PHRASES.sentences[title].split()
        assert len(hands.values()["weights"]) == len(words)
        assert hands.pattern_names[0].startswith(f"query {words[0]}, key {words[0]}:")
        assert hands.own_phrase.input_value() == world.PHRASES.sentences[title]

    def test_a_sentence_of_ones_own(self, hands):
        hands.own_phrase.fill("  The SLEEPY\tmole ")
        hands.press("Enter")
        hands.settle()
        assert hands.pattern_names[-1].startswith("query mole, key mole:")
        assert len(hands.pattern_names) == 9
        assert hands.menu("Phrase").locator("option:checked").inner_text() == "your own"

    def test_known_words_can_be_added(self, hands):
        hands.own_phrase.fill("small")
        hands.button("Add owl").click()
        assert hands.own_phrase.input_value() == "small owl"
        hands.button("Use").click()
        hands.settle()
        assert len(hands.pattern_names) == 4

    def test_scaling_is_switched(self, hands):
        scaled = np.array(hands.values()["scores"])
        hands.root.get_by_role("checkbox", name="divide by √2").uncheck()
        np.testing.assert_allclose(hands.values()["scores"], scaled * np.sqrt(2))

    def test_the_mask_is_hatched_minus_infinity_and_weight_zero(self, hands):
        hands.root.get_by_role("checkbox", name="causal mask").check()
        hands.settle()
        values = hands.values()
        later = np.triu(np.ones((8, 8), dtype=bool), k=1)
        assert (np.array(values["scores"])[later] == -np.inf).all()
        assert (np.array(values["weights"])[later] == 0).all()
        name = names_of(hands.pattern_cell("a", "fluffy"))[0]
        assert name == "query a, key fluffy: score −∞, weight 0.00"
        texts = np.array(hands.pattern_texts).reshape(8, 8)
        assert (texts[later] == "−∞").all() and (texts[~later] == "").all()
        background = "cell => getComputedStyle(cell).backgroundImage"
        assert "gradient" in hands.pattern_cell("a", "fluffy").evaluate(background)
        assert hands.pattern_cell("fluffy", "a").evaluate(background) == "none"

    def test_the_strip_says_why_a_cell_is_masked(self, hands):
        hands.root.get_by_role("checkbox", name="causal mask").check()
        hands.pattern_cell("a", "fluffy").click()
        assert hands.root.get_by_text("−∞, because fluffy comes later").is_visible()

    def test_turning_the_pattern_keeps_every_cell_and_moves_the_axis_words(self, hands):
        def headers(role):
            return hands.pattern.get_by_role(role).all_inner_texts()

        rows = np.array(hands.pattern_names).reshape(8, 8)
        assert re.search("rows are queries", hands.pattern.get_attribute("aria-label"))
        top, side = axis_words(hands)
        assert "keys" in top and "queries" in side
        hands.menu("Queries are").select_option("columns")
        hands.settle()
        columns = np.array(hands.pattern_names).reshape(8, 8)
        np.testing.assert_array_equal(columns, rows.T)
        assert re.search("columns are queries", hands.pattern.get_attribute("aria-label"))
        top, side = axis_words(hands)
        assert "queries" in top and "keys" in side
        assert headers("columnheader") == headers("rowheader")

    @pytest.mark.parametrize("mode", ["dots", "weights", "scores"])
    def test_what_the_cells_show(self, hands, mode):
        hands.menu("Show").select_option(mode)
        hands.settle()
        shown = {"dots": "", "weights": "0.54", "scores": "4.4"}[mode]
        assert hands.pattern_cell("creature", "fluffy").inner_text().strip() == shown

    def test_reset_goes_back_to_the_start(self, hands):
        start, names = hands.values(), hands.pattern_names
        hands.button("random").click()
        hands.own_phrase.fill("fox")
        hands.press("Enter")
        hands.menu("Show").select_option("scores")
        hands.menu("Queries are").select_option("columns")
        hands.root.get_by_role("checkbox", name="causal mask").check()
        hands.button("Reset").click()
        hands.settle()
        assert hands.values() == start
        assert hands.pattern_names == names
        assert hands.spoken == "Back at the start."
        assert names_of(hands.pattern.locator('[aria-selected="true"]')) == [
            "query creature, key fluffy: score 4.42, weight 0.54"
        ]


def axis_words(hands):
    """The words along the pattern: above it, and at its side."""
    words = hands.root.get_by_text(re.compile(r"^(queries|keys) →$"))
    boxes = [word.bounding_box() | {"text": word.inner_text()} for word in words.all()]
    assert len(boxes) == 2
    return [box["text"] for box in sorted(boxes, key=lambda box: box["y"])]


class TestChallenges:
    @pytest.fixture
    def task(self, open_figure):
        figure = QueryKey(preset="nouns look for adjectives", challenges="queries-and-keys")
        return open_figure(figure)

    def solve_first(self, hands):
        """Challenge 1, by the keyboard alone."""
        hands.start_challenge(1)
        assert not matrix_of(hands, "w_q").any()
        assert "Solved" not in hands.challenge(1).inner_text()
        hands.cell("w_q", "animal").focus()
        hands.press("3", "Enter")
        hands.cell("w_k", "animal").focus()
        hands.press("ArrowDown", "ArrowDown", "PageUp")
        hands.settle()
        assert "Solved" not in hands.challenge(1).inner_text()
        hands.press("PageUp")
        hands.settle()

    def test_is_started_and_solved_by_keyboard(self, task):
        self.solve_first(task)
        assert task.challenge(1).inner_text().startswith("Solved.")
        assert task.spoken.startswith("Challenge 1 solved.")
        assert not task.challenge(2).inner_text().startswith("Solved")

    def test_is_remembered_after_a_reload(self, task):
        self.solve_first(task)
        task.page.reload()
        task.root.wait_for()
        task.button("all zero").click()
        assert task.challenge(1).inner_text().startswith("Solved before.")
        assert not task.challenge(2).inner_text().startswith("Solved")

    def test_what_holds_at_the_start_counts_once_it_was_seen_not_to_hold(self, open_figure):
        conditions = [{"measure": "numbers", "at_most": 0}]
        empty = {"id": "empty", "text": "Empty both.", "start": "all zero"}
        hands = open_figure(
            QueryKey(preset="all zero", challenges=[empty | {"conditions": conditions}])
        )
        assert "Solved" not in hands.challenge(1).inner_text()
        hands.cell("w_q", "animal").focus()
        hands.press("PageUp")
        hands.settle()
        assert "Solved" not in hands.challenge(1).inner_text()
        hands.press("Delete")
        hands.settle()
        assert hands.challenge(1).inner_text().startswith("Solved.")

    def test_another_sentence_is_said_to_be_another(self, task):
        entry = task.open_challenge(3)
        assert "a small old owl watched a hungry fox" in entry.inner_text()
        task.start_challenge(3)
        assert task.pattern_names[0].startswith("query a, key a")
        assert task.own_phrase.input_value() == "a small old owl watched a hungry fox"


# Which of these keys, as if they were pressed in a figure, go on to the page.
GOES_ON = """node => {
    const heard = [];
    document.addEventListener("keydown", ({ key }) => heard.push(key));
    for (const how of [
        { key: "@", ctrlKey: true, altKey: true, modifierAltGraph: true },
        { key: "k", ctrlKey: true },
        { key: "b" },
    ]) node.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, ...how }));
    return heard;
}"""


class TestKeyboardAlone:
    def test_what_altgraph_types_is_no_command_of_the_page(self, lasting):
        assert lasting(QueryKey()).cell("w_q", "animal").evaluate(GOES_ON) == ["k"]

    FOCUS = """() => {
        const here = document.activeElement;
        const style = getComputedStyle(here);
        return {
            name: here.getAttribute("aria-label") ?? here.textContent.trim(),
            tag: here.tagName,
            inside: here.closest("[data-attnlib-figure]") !== null,
            outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
            visible: here.checkVisibility(),
        };
    }"""

    def stops(self, hands, key="Tab"):
        """Everything the Tab key reaches, from a link before the figure to one after it."""
        found = []
        for _ in range(120):
            hands.press(key)
            stop = hands.page.evaluate(self.FOCUS)
            if not stop["inside"] and found:
                return found
            if stop["inside"]:
                found.append(stop)
        pytest.fail("the Tab key does not leave the figure")

    @pytest.fixture
    def hands(self, open_figure):
        figure = QueryKey(
            preset="identity", selected=[3, 1], challenges="queries-and-keys", title="K"
        )
        hands = open_figure(figure, beside='<a href="#end" id="end">The end</a>')
        hands.unfold()
        return hands

    def test_tab_reaches_every_control_and_leaves_again(self, hands):
        found = self.stops(hands)
        controls = hands.root.locator(
            "button, input, select, summary, textarea, [role=application]"
        ).evaluate_all(
            """all => all.filter((one) => !one.disabled
                && one.checkVisibility({ visibilityProperty: true })).length"""
        )
        grids = hands.root.get_by_role("grid").count()
        scrolled = [stop for stop in found if stop["tag"] == "DIV"]  # what scrolls gets a stop
        assert len(found) - len(scrolled) == controls + grids
        assert all(stop["visible"] for stop in found)

    def test_shift_tab_walks_the_same_way_back(self, hands):
        forward = self.stops(hands)
        hands.page.locator("#end").focus()
        back = self.stops(hands, "Shift+Tab")
        assert [stop["name"] for stop in back] == [stop["name"] for stop in forward][::-1]

    def test_focus_is_visible_everywhere(self, hands):
        assert [stop["name"] for stop in self.stops(hands) if stop["outline"] < 2] == []

    def test_focus_is_visible_while_walking_and_typing(self, hands):
        hands.cell("w_q", "animal").focus()
        for key in ("ArrowDown", "5"):
            hands.press(key)
            assert hands.page.evaluate(self.FOCUS)["outline"] >= 2
        hands.press("Enter")
        hands.pattern_cell("creature", "fluffy").focus()
        hands.press("ArrowDown")
        assert hands.page.evaluate(self.FOCUS)["outline"] >= 2

    def test_switches_and_menus_answer_keys(self, hands):
        hands.root.get_by_role("checkbox", name="causal mask").focus()
        hands.press("Space")
        assert hands.values()["weights"][0][1] == 0
        hands.menu("Queries are").focus()
        hands.press("ArrowDown")
        assert "columns are queries" in hands.pattern.get_attribute("aria-label")
        hands.button("all zero").focus()
        hands.press("Enter")
        assert not matrix_of(hands, "w_q").any()
