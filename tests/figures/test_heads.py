"""Heads: patterns, contributions and both routes equal attnlib's, for every hand and link."""

import re

import numpy as np
import pytest
import traitlets

import attnlib as al
from attnlib import world
from attnlib.figures import Heads
from tests.figures.driving import (
    AXES,
    assert_beside,
    assert_links_refused,
    bars_of,
    centre,
    mouse_drag,
    names_of,
    shown_number,
)
from tests.figures.test_hands import PHONE
from tests.figures.test_questions import link_state
from tests.figures.test_shared_rules import SIXTEEN, STATES, assert_judged_alike, downloaded

WORDS = list(world.PHRASES.vocabulary)
START = link_state(Heads())
NAMES = list(world.PHRASES.heads)
PAIRS = (("forest", "a"), ("a", "forest"))
TABLES = ("mixed, one row", "stapled: one row", "the stacked W_O", "the other route")


def random_state(seed):
    rng = np.random.default_rng(seed)
    n_tokens = [8, 1, 16, 3][seed % 4]
    return {
        "sentence": " ".join(rng.choice(WORDS, n_tokens)),
        "query": int(rng.integers(n_tokens)),
        "strengths": rng.uniform(-3, 3, 4).round(int(rng.integers(3))).tolist(),
        "selected": [int(rng.integers(4)), int(rng.integers(n_tokens))],
        "orientation": ["rows", "columns"][seed % 3 == 0],
        "step": 1 + seed % 4,
    }


def block_of(strengths):
    """The designed heads as attnlib's own block."""
    heads = [world.PHRASES.head(name) for name in NAMES]
    w_q, w_k, w_v, w_o = (
        np.stack([getattr(head, name) for head in heads]) for name in ("w_q", "w_k", "w_v", "w_o")
    )
    return al.MultiHead(w_q, w_k, w_v, np.array(strengths)[:, None, None] * w_o)


def assert_true(hands, state):
    """The page, the figure in Python and `attnlib.MultiHead` tell the same numbers."""
    figure, values = Heads(**state), hands.values()
    block, x = block_of(state["strengths"]), world.PHRASES.embed(state["sentence"])
    trace, query = block.trace(x), state["query"]
    reach = np.linalg.norm(trace.values @ block.w_o, axis=-1)
    wanted = {
        "weights": trace.weights,
        "added": trace.weights * reach[:, None, :],
        "deltas": trace.deltas[:, query],
        "total": block(x)[query],
        "product": block(x)[query],
    }
    for name, array in wanted.items():
        np.testing.assert_allclose(values[name], array, rtol=1e-6, atol=1e-6, err_msg=str(state))
    for name in ("added", "deltas", "total"):
        np.testing.assert_allclose(getattr(figure, name), wanted[name], atol=1e-9)
    assert all(
        np.array_equal(a.weights, b) for a, b in zip(figure.traces, trace.weights, strict=True)
    )


def texts(rows):
    return [[shown_number(float(value)) for value in row] for row in rows]


def row_of(hands, table, header):
    """The numbers of one row of a table of the walk."""
    return hands.table(table).get_by_role("row", name=header).get_by_role("cell").all_inner_texts()


def grid(hands, head):
    return hands.root.get_by_role("grid", name=f"Head {head},")


def grid_names(hands, head):
    cells = grid(hands, head).locator('[role="gridcell"]')
    return names_of(cells)


def grid_cell(hands, head, query, key):
    start = f"query {query}, key {key}:"
    return grid(hands, head).locator(f'[role="gridcell"][aria-label^="{start}"]').first


@pytest.fixture
def hands(lasting):
    return lasting(Heads())


class TestTruth:
    def test_states_opened_by_a_link_equal_attnlib(self, hands):
        for seed in range(24):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)

    def test_every_head_tells_what_it_reads_and_adds(self, hands):
        for seed in range(8):
            state = random_state(seed)
            hands.open_link(state)
            values, query = hands.values(), state["query"]
            for h in range(4):
                shown = [row[:2] for row in hands.cells(f"what head {h + 1} reads")]
                pairs = zip(values["weights"][h][query], values["added"][h][query], strict=True)
                assert shown == texts(pairs)
            lengths = np.linalg.norm(values["deltas"], axis=1)
            lines = hands.root.get_by_text("adds a vector of length").all_inner_texts()
            assert lines == [f"adds a vector of length {shown_number(v)}" for v in lengths]

    def test_bars_are_as_long_as_their_numbers(self, hands):
        hands.open_link(START | {"strengths": [2, 1, 1, 1]})
        table, values = hands.table("what head 1 reads"), hands.values()
        weights, added = (np.array(values[name][0][3]) for name in ("weights", "added"))
        assert added.max() > 1
        bars = bars_of(table)
        assert [bar["from"] for bar in bars] == [0] * 16
        ends = np.reshape([bar["to"] for bar in bars], (8, 2))
        np.testing.assert_allclose(ends[:, 0], weights, atol=6e-4)
        np.testing.assert_allclose(ends[:, 1], added / added.max(), atol=6e-4)
        for j, row in enumerate(table.get_by_role("row").all()[1:]):
            assert_beside(bars[2 * j : 2 * j + 2], row)

    def test_cells_tell_score_and_weight_in_both_orientations(self, hands):
        for seed in (0, 3, 4):
            state = random_state(seed)
            hands.open_link(state)
            words, traces = state["sentence"].split(), Heads(**state).traces
            for h, trace in enumerate(traces):
                wanted = np.array(
                    [
                        [
                            f"query {query}, key {key}: score {shown_number(trace.scores[i, j])}, "
                            f"weight {shown_number(trace.weights[i, j])}"
                            for j, key in enumerate(words)
                        ]
                        for i, query in enumerate(words)
                    ]
                )
                turned = wanted.T if state["orientation"] == "columns" else wanted
                assert grid_names(hands, h + 1) == turned.ravel().tolist()

    def test_the_walk_shows_both_routes_step_by_step(self, hands):
        for seed in range(8):
            state = random_state(seed)
            hands.open_link(state)
            block = block_of(state["strengths"])
            trace = block.trace(world.PHRASES.embed(state["sentence"]))
            mixed, query = trace.mixed[:, state["query"]], state["query"]
            total = shown = texts([trace.delta[query]])[0]
            stacked = texts(block.w_o.reshape(8, 6))
            wanted = [
                texts(mixed),
                texts([mixed.ravel()]),
                [*stacked, total],
                [*texts(trace.deltas[:, query]), shown],
            ]
            for n, caption in enumerate(TABLES, 1):
                if n <= state["step"]:
                    assert hands.cells(caption) == wanted[n - 1], state
                else:
                    assert hands.table(caption).count() == 0
            if state["step"] > 2:
                rows = hands.table("the stacked W_O").get_by_role("rowheader").all_inner_texts()
                assert rows[:-1] == [f"{head}.{d}" for head in range(1, 5) for d in (1, 2)]
            told = hands.root.get_by_text("The two routes differ by at most 0.").count()
            assert told == (state["step"] == 4)

    def test_the_strip_tells_where_weight_and_contribution_come_from(self, hands):
        for seed in range(16):
            state = random_state(seed)
            hands.open_link(state)
            (h, key), figure, query = state["selected"], Heads(**state), state["query"]
            trace, added = figure.traces[h], figure.added[h, query, key]
            reach = trace.values[key] @ (state["strengths"][h] * world.PHRASES.head(NAMES[h]).w_o)
            score, _, weight, value, through, adds = (
                hands.root.locator("ol.al-steps").get_by_role("listitem").all_inner_texts()
            )
            assert score.endswith(f" = {shown_number(trace.scores[query, key])}")
            assert weight.endswith(f" = {shown_number(trace.weights[query, key])}")
            numbers = ", ".join(map(shown_number, trace.values[key]))
            assert value == f"value of {figure.tokens[key]}: {numbers}"
            told = ", ".join(f"{shown_number(v)} on {AXES[a]}" for a, v in enumerate(reach) if v)
            factor = shown_number(state["strengths"][h], 1)
            assert through == f"through W_O, times {factor}: {told or 'nothing'}"
            length = shown_number(np.linalg.norm(reach))
            share = shown_number(trace.weights[query, key])
            told = f"{share} · {length} = {shown_number(added)}"
            assert adds == f"adds, weight times length: {told}"

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed) for seed in range(14)]
        verdicts = assert_judged_alike(open_figure, Heads, random_challenges(0), states)
        assert 10 < len(verdicts) < 130  # both verdicts were seen


def random_challenges(seed, count=12):
    rng = np.random.default_rng(seed)

    def condition():
        bound = str(rng.choice(["at_least", "at_most"]))
        return [
            {"measure": "length", "head": int(rng.integers(1, 5)), bound: rng.uniform(0, 1)},
            {"measure": "total", bound: rng.uniform(0, 2)},
            {"measure": "axis", "axis": str(rng.choice(AXES)), bound: rng.normal() / 2},
        ][rng.integers(3)]

    def challenge(n):
        about = {"given": {"query": n // 4}} if n % 4 == 0 else {}
        conditions = [condition() for _ in range(rng.integers(1, 3))]
        return {"id": f"c{n}", "text": f"{n}.", "start": "", "conditions": conditions} | about

    return [challenge(n) for n in range(count)]


class TestHands:
    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_a_strength_slides(self, lasting, how):
        hands = lasting(Heads(), **(PHONE if how == "touch" else {}))
        slider, weights = hands.slider("strength of head 2"), hands.values()["weights"]
        (x, y), width = centre(slider), slider.bounding_box()["width"]
        if how == "keyboard":
            slider.press("Home")
            slider.press("ArrowRight")
        elif how == "touch":
            hands.page.touchscreen.tap(x + width / 2 - 8, y)
        else:
            mouse_drag(hands.page, (x + width / 6, y), (width / 3 - 8, 0), steps=20)
        hands.settle()
        wanted = -2.9 if how == "keyboard" else 3.0
        assert_true(hands, START | {"strengths": [1, wanted, 1, 1]})
        assert hands.values()["weights"] == weights
        assert slider.get_attribute("aria-valuetext") == shown_number(wanted, 1)
        hands.hears(f"adjectives look for nouns: strength {shown_number(wanted, 1)}")

    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_a_cell_is_chosen_and_its_word_asks(self, lasting, how):
        hands = lasting(Heads(), **(PHONE if how == "touch" else {}))
        cell = grid_cell(hands, 2, "fluffy", "creature")
        if how == "keyboard":
            grid_cell(hands, 2, "a", "a").focus()
            hands.press("ArrowDown", *["ArrowRight"] * 3)
        else:
            {"mouse": cell.click, "touch": cell.tap}[how]()
        hands.settle()
        state = START | {"query": 1, "selected": [1, 3]}
        assert_true(hands, state)
        figure = Heads(**state)
        name = names_of(cell)[0]
        assert hands.spoken == f"head 2, {name}, adds {shown_number(figure.added[1, 1, 3])}"
        assert hands.menu("Who asks").input_value() == "1"
        chosen = hands.root.locator('[role="gridcell"][aria-selected="true"]')
        assert names_of(chosen) == [name]
        assert hands.root.get_by_text("fluffy asks, creature answers").is_visible()

    def test_the_line_of_the_asking_word_is_marked_in_every_head(self, hands):
        mark = "cell => getComputedStyle(cell).boxShadow"
        for orientation in ("rows", "columns"):
            hands.menu("Queries are").select_option(orientation)
            hands.menu("Who asks").select_option(label="forest")
            hands.settle()
            for head in range(1, 5):
                asks, other = (grid_cell(hands, head, *pair).evaluate(mark) for pair in PAIRS)
                assert "1.5px" in asks and "1.5px" not in other

    def test_who_asks_is_chosen_by_keyboard(self, hands):
        hands.menu("Who asks").focus()
        hands.press("ArrowDown", "ArrowDown")
        hands.settle()
        assert_true(hands, START | {"query": 5})

    def test_words_that_come_twice_can_be_told_apart(self, hands):
        hands.open_link(START | {"sentence": SIXTEEN})
        names = hands.menu("Who asks").locator("option").all_inner_texts()
        assert len(set(names)) == 16 and {"the (10)", "the (14)"} < set(names)

    def test_queries_turn_into_columns_and_the_axis_words_say_so(self, hands):
        rows = [np.reshape(grid_names(hands, n), (8, 8)) for n in range(1, 5)]
        assert hands.root.get_by_text("queries in rows, keys in columns").is_visible()
        hands.menu("Queries are").select_option("columns")
        hands.settle()
        assert hands.root.get_by_text("queries in columns, keys in rows").is_visible()
        for n, names in enumerate(rows, 1):
            assert "columns are queries" in grid(hands, n).get_attribute("aria-label")
            np.testing.assert_array_equal(np.reshape(grid_names(hands, n), (8, 8)), names.T)

    def test_the_step_goes_by_keyboard(self, hands):
        slider = hands.root.get_by_role("slider", name="step")
        for n, caption in enumerate(TABLES, 1):
            assert slider.get_attribute("aria-valuetext").startswith(f"{n}: ")
            assert hands.table(caption).count() == 1
            assert hands.table(TABLES[min(n, 3)]).count() == (n == 4)
            slider.press("ArrowRight")
            hands.settle()

    @pytest.mark.parametrize("phrase", ["the fox", "fox", SIXTEEN])
    def test_another_phrase_begins_anew(self, open_figure, phrase):
        figure = Heads(query=7, selected=[2, 6], step=4, challenges="many-heads")
        hands = open_figure(figure)
        hands.own_phrase.fill(phrase)
        hands.press("Enter")
        hands.settle()
        assert_true(hands, START | {"sentence": phrase, "query": 0})
        assert hands.root.locator("ol.al-steps").count() == 0
        assert hands.root.get_by_text("verdant forest” and creature to ask.").count() == 2
        assert hands.page.record.errors == []

    @pytest.mark.parametrize("phrase", ["", "fox slepp", "fox " * 17, "<b>fox</b>"])
    def test_phrases_that_do_not_fit_are_refused_with_a_sentence(self, hands, phrase):
        before = hands.values()
        hands.own_phrase.fill(phrase)
        hands.press("Enter")
        hands.settle()
        assert hands.values() == before
        assert 20 < len(hands.spoken) < 200
        assert hands.root.get_by_text(hands.spoken, exact=True).first.is_visible()

    def test_a_phone_shows_one_card_after_the_other(self, open_figure):
        hands = open_figure(STATES["heads in 16"](), viewport={"width": 360, "height": 700})
        hands.settle()
        tops = [grid(hands, n).bounding_box()["y"] for n in range(1, 5)]
        assert max(tops) - min(tops) < 2
        assert hands.page.evaluate("document.documentElement.scrollWidth") <= 360
        svg = downloaded(hands, "SVG").decode()
        width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
        titles = re.findall(r'x="([\d.]+)"[^>]*>(?:adds a vector|queries|reads)', svg)
        assert len(titles) == 9 and max(map(float, titles)) < width
        assert len({grid(hands, n).bounding_box()["y"] for n in range(1, 5)}) == 1


HOSTILE = {
    "no phrase": {"sentence": None},
    "an unknown word": {"sentence": "fox __proto__"},
    "a query outside": {"query": 8},
    "half a query": {"query": 0.5},
    "few strengths": {"strengths": [1, 1, 1]},
    "a huge strength": {"strengths": [1, 1, 1, 3.1]},
    "a text as strength": {"strengths": [1, 1, 1, "1"]},
    "no strength": {"strengths": [1, 1, 1, None]},
    "a false list": {"strengths": {"length": 4}},
    "a cell outside": {"selected": [0, 8]},
    "a head too many": {"selected": [4, 0]},
    "half a cell": {"selected": [1]},
    "a false cell": {"selected": {"0": 1, "1": 1, "length": 2}},
    "an inherited orientation": {"orientation": "toString"},
    "a list as orientation": {"orientation": ["rows"]},
    "step 5": {"step": 5},
    "step 0": {"step": 0},
}


class TestLinks:
    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        hostile = {name: START | HOSTILE[name] for name in HOSTILE}
        assert_links_refused(hands, hostile)


class TestOut:
    def test_the_snippet_gives_the_numbers_shown(self, hands):
        for seed in range(8):
            hands.open_link(random_state(seed))
            names = {"out": []}
            exec(hands.copied().replace("print(", "out.append("), names)
            deltas, total = names["out"]
            np.testing.assert_allclose(deltas, hands.values()["deltas"], atol=5.1e-3)
            np.testing.assert_allclose(total, hands.values()["total"], atol=5.1e-3)


WRONG = {
    "an unknown word": ("sentence", "fluffi fox", "'fluffi' is not .* did you mean 'fluffy'"),
    "no word": ("sentence", " ", "no words in ' ': write at least one"),
    "17 words": ("sentence", "fox " * 17, "17 words; the figure draws at most 16"),
    "a query outside": ("query", 8, "query is 8; the phrase has 8 words"),
    "few strengths": ("strengths", [1, 2], "2 strengths, but 4 heads"),
    "a huge strength": ("strengths", [1, 1, 1, -3.1], "must lie between -3 and 3"),
    "strengths in words": ("strengths", ["a"] * 4, "strengths must hold numbers, not"),
    "NaN": ("strengths", [np.nan] * 4, "strengths must hold numbers between"),
    "a matrix": ("strengths", np.ones((4, 1)), r"strengths has shape \(4, 1\); expected 1 axes"),
    "a head too many": ("selected", [4, 0], r"selected is \[4, 0\]; .* below 4 and 8"),
    "a word too many": ("selected", [0, 8], r"selected is \[0, 8\]; .* below 4 and 8"),
    "half a cell": ("selected", [0], r"selected is \[0\]; expected \[head, key\]"),
    "a number": ("selected", 1, "selected is 1; expected"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = Heads(query=5, strengths=[1, -2, 0, 3], selected=[1, 7])
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            Heads(**{trait: value})

    @pytest.mark.parametrize("trait, value", [("query", -1), ("step", 5), ("orientation", "up")])
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            Heads(**{trait: value})

    def test_a_shorter_sentence_lets_go_of_what_does_not_fit(self):
        figure = Heads(query=7, selected=[2, 6])
        figure.sentence = "the sleepy fox"
        assert (figure.query, figure.selected) == (0, None)
        figure.query, figure.selected = 2, [2, 1]
        figure.sentence = "the old fox slept"
        assert (figure.query, figure.selected) == (2, [2, 1])

    def test_strength_one_is_the_designed_head(self):
        for name, trace in zip(NAMES, Heads().traces, strict=True):
            delta = world.PHRASES.head(name)(world.PHRASES.embed(Heads().sentence))
            np.testing.assert_allclose(trace.delta, delta, atol=1e-12)

    def test_the_text_tells_the_lengths(self):
        figure = Heads(**random_state(4))
        told = [float(n) for n in re.findall(r"\d+\.\d\d", repr(figure))]
        lengths = [*np.linalg.norm(figure.deltas, axis=1), np.linalg.norm(figure.total)]
        np.testing.assert_allclose(told, lengths, atol=5.1e-3)

    def test_long_bars_stay_inside_the_still_picture(self):
        still = Heads(strengths=[3, 3, 3, 3]).still()
        width = float(re.search(r'viewBox="0 0 (\d+)', still)[1])
        ends = [float(x) + 30 for x in re.findall(r'<text x="([\d.]+)"', still)]
        assert max(ends) <= width
