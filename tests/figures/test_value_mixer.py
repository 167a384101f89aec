"""ValueMixer: what is mixed, added and compressed equals Python's, for every hand and link."""

import re
from itertools import pairwise

import numpy as np
import pytest
import traitlets

from attnlib import world
from attnlib.figures import ValueMixer
from attnlib.figures.value_mixer import maps, presets
from tests.figures.driving import (
    AXES,
    D_MODEL,
    assert_links_refused,
    centre,
    drawn,
    held_tip,
    lines_of,
    mouse_drag,
    names_apart,
    names_of,
    resting_drag,
    shown_number,
    touch_drag,
)
from tests.figures.test_hands import PHONE
from tests.figures.test_questions import link_state
from tests.figures.test_shared_rules import SIXTEEN, assert_judged_alike

WORDS = list(world.PHRASES.vocabulary)
START = link_state(ValueMixer())
MIXED = ("weights", "mixed", "delta", "after")
ALL = ("values", *MIXED)
TABS = {"mix": "Mix and add", "rank": "Value down, value up"}
CUTS = ("svd", "first")


def random_state(seed, view="mix"):
    rng = np.random.default_rng(seed)
    n_tokens, spread = [8, 1, 16, 3][seed % 4], [1, 0.01, 300][seed % 3]
    shares = rng.dirichlet(np.ones(n_tokens)).round(6)
    shares[0] += 1 - shares.sum()
    w_v, w_o = (
        (rng.normal(size=shape) * spread).clip(-1000, 1000).round(2).tolist()
        for shape in ((D_MODEL, 2), (2, D_MODEL))
    )
    return {
        "view": view,
        "sentence": " ".join(rng.choice(WORDS, n_tokens)),
        "query": int(rng.integers(n_tokens)),
        "shares": np.abs(shares).tolist() if seed % 2 else None,
        **{"w_v": w_v, "w_o": w_o, "residual": bool(rng.random() < 0.5)},
        **{"across": str(rng.choice(AXES)), "up": str(rng.choice(AXES))},
        "map": list(maps())[seed % 3],
        "rank": int(rng.integers(D_MODEL + 1)),
        "cut": CUTS[seed % 2],
    }


def numbers(vector):
    return ", ".join(shown_number(float(value)) for value in vector)


def assert_true(hands, state):
    figure, values = ValueMixer(**state), hands.values()
    for name in MIXED:
        wanted = getattr(figure, name)
        np.testing.assert_allclose(values[name], wanted, rtol=1e-6, atol=1e-6, err_msg=str(state))
    np.testing.assert_allclose(values["values"], figure.x @ np.array(state["w_v"]), atol=1e-6)


@pytest.fixture
def hands(open_figure):
    return open_figure(ValueMixer())


@pytest.fixture
def ranks(lasting):
    return lasting(ValueMixer(view="rank"))


class TestMixTruth:
    def test_states_opened_by_a_link_equal_python(self, hands):
        for seed in range(24):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)

    def test_without_shares_the_weights_are_the_designed_heads(self, hands):
        head = world.PHRASES.head("nouns look for adjectives")
        for query in range(8):
            hands.open_link(START | {"query": query})
            x = ValueMixer().x
            np.testing.assert_allclose(
                hands.values()["weights"], head.trace(x).weights[query], atol=1e-6
            )

    def test_the_tables_show_the_arithmetic(self, hands):
        hands.unfold()
        for seed in range(12):
            state = random_state(seed)
            hands.open_link(state)
            figure = ValueMixer(**state)
            told = {name: np.array(array) for name, array in hands.values().items() if name in ALL}
            rows = zip(told["weights"], told["values"], strict=True)
            wanted = [[shown_number(float(w)), numbers(v), numbers(w * v)] for w, v in rows]
            assert hands.cells("weights times values") == [*wanted, [numbers(told["mixed"])]]
            for a, row in enumerate(hands.cells("what happens to")):
                delta, after = (shown_number(float(told[v][a])) for v in ("delta", "after"))
                assert row[0].endswith(f" = {delta}")
                assert row[0].startswith(f"{shown_number(float(told['mixed'][0]))} · ")
                own = shown_number(float(figure.x[figure.query][a]))
                assert row[1] == (f"{own} + {delta} = {after}" if state["residual"] else after)

    def test_the_planes_tell_their_numbers(self, hands):
        for seed in range(12):
            state = random_state(seed)
            hands.open_link(state)
            figure = ValueMixer(**state)
            held = int(hands.menu("Arrow keys move the value of").input_value())
            at = numbers((figure.x @ np.array(state["w_v"]))[held])
            assert names_of(hands.plane) == [
                f"value of {figure.tokens[held]} at {at}. Mixed: {numbers(figure.mixed)}. "
                "Arrow keys move it."
            ]
            word = figure.tokens[figure.query]
            name = f"{word}: delta {numbers(figure.delta)}"
            assert hands.root.get_by_role("img", name=name, exact=True).count() == 1

    def test_arrows_head_to_tail_end_at_the_mixture(self, hands):
        for seed in range(8):
            hands.open_link(random_state(seed))
            drawing = drawn(sheets_of(hands.plane))
            chain = lines_of(drawing.locator('path[stroke-width="4"]'))
            [mixed] = lines_of(drawing.locator('path[stroke-dasharray="2 4"]'))
            assert len(chain) == len(hands.values()["weights"])
            np.testing.assert_allclose(chain[0][:2], mixed[:2], atol=1e-6)
            np.testing.assert_allclose(chain[-1][2:], mixed[2:], atol=1e-3)
            for one, following in pairwise(chain):
                np.testing.assert_allclose(one[2:], following[:2], atol=1e-6)
            assert np.min(chain) >= 0 and np.max(chain) <= 300

    def test_names_do_not_lie_on_one_another(self, hands):
        for seed in (None, *range(0, 16, 4), 2, 10):
            state = random_state(seed) if seed is not None else START
            hands.open_link(state)
            texts = drawn(sheets_of(hands.plane)).locator("text")
            names = names_apart(texts, hands.plane, but=["mixed"])
            assert {"value 1 →", "value 2 ↑", "mixed"} <= {name["word"] for name in names}

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed) for seed in range(16)]
        challenges = random_challenges(0, "mix")
        verdicts = assert_judged_alike(open_figure, ValueMixer, challenges, states)
        assert 10 < len(verdicts) < 180  # both verdicts were seen


def sheets_of(plane):
    return plane.locator("xpath=..").locator("canvas")


def random_challenges(seed, view, count=12):
    rng = np.random.default_rng(seed)

    def condition():
        bound = str(rng.choice(["at_least", "at_most"]))
        if view == "rank":
            measure, most = [("error", 4), ("stored", 72)][rng.integers(2)]
            return {"measure": measure, bound: rng.uniform(0, most)}
        return [
            {"measure": "delta", "axis": str(rng.choice(AXES)), bound: rng.normal()},
            {"measure": "after", "axis": str(rng.choice(AXES)), bound: rng.normal()},
            {"measure": "weight", "word": str(rng.choice(WORDS)), bound: rng.uniform(0, 0.3)},
            {"measure": "touched", bound: rng.uniform(0, 0.5)},
            {"measure": "reach", bound: rng.uniform(0, 3)},
        ][rng.integers(5)]

    def challenge(n):
        given = {"view": view} | ({"map": list(maps())[n % 3]} if view == "rank" else {})
        given |= {"query": n // 4} if view == "mix" and n % 4 == 0 else {}
        conditions = [condition() for _ in range(rng.integers(1, 3))]
        text = {"id": f"c{n}", "text": f"{n}.", "start": "the head", "given": given}
        return text | {"conditions": conditions}

    return [challenge(n) for n in range(count)]


class TestRankTruth:
    @pytest.mark.parametrize("cut", CUTS)
    @pytest.mark.parametrize("name", maps())
    def test_every_rank_equals_python(self, ranks, name, cut):
        full = np.array(maps()[name])
        singular = np.linalg.svd(full, compute_uv=False)
        bars = [ValueMixer(view="rank", map=name, rank=r, cut=cut).error for r in range(7)]
        for rank in range(D_MODEL + 1):
            state = START | {"view": "rank", "map": name, "rank": rank, "cut": cut}
            ranks.open_link(state)
            figure, told = ValueMixer(**state), ranks.values()["compressed"]
            bound = np.sqrt((singular[rank:] ** 2).sum())
            assert told["error"] == pytest.approx(figure.error, abs=1e-6)
            assert told["bound"] == pytest.approx(bound, abs=1e-6)
            product = np.zeros_like(full) if rank == 0 else np.array(told["down"]) @ told["up"]
            np.testing.assert_allclose(told["product"], product, atol=1e-6)
            assert np.linalg.norm(full - product) == pytest.approx(figure.error, abs=1e-6)
            if name != "copy every axis":  # equal singular values: any of the axes may be kept
                np.testing.assert_allclose(product, np.matmul(*figure.factors), atol=1e-6)
            self.assert_shown(ranks, told, rank)
            chart = ranks.root.get_by_role("img", name="Error against rank").get_attribute(
                "aria-label"
            )
            assert re.findall(r"rank \d: ([\d.]+)", chart) == [shown_number(e) for e in bars]

    def assert_shown(self, hands, told, rank):
        for caption, matrix in (("value down times value up", told["product"]),):
            wanted = [[shown_number(value, 1) for value in row] for row in matrix]
            assert hands.cells(caption) == wanted
        error, bound = (shown_number(told[name], 3) for name in ("error", "bound"))
        line = f"Error {error}; no map of rank {rank} has less than {bound}. "
        line += f"Stored: {2 * D_MODEL * rank} numbers in two factors, 36 in the full map."
        assert hands.root.locator(".al-reading").inner_text() == line
        heard = hands.slider("rank").get_attribute("aria-valuetext")
        assert heard == f"{rank}, error {shown_number(told['error'])}"
        assert hands.table(re.compile("^value up, ")).count() == (1 if rank else 0)

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed, "rank") for seed in range(14)]
        challenges = random_challenges(1, "rank")
        make = lambda **traits: ValueMixer(**{"view": "rank"} | traits)  # noqa: E731
        verdicts = assert_judged_alike(open_figure, make, challenges, states)
        assert 5 < len(verdicts) < 160


class TestTips:
    def tip(self, hands, word):
        """Where the tip of a value stands, on the screen."""
        hands.menu("Arrow keys move the value of").select_option(label=word)
        hands.settle()
        return held_tip(hands.plane)

    @pytest.mark.parametrize("how", ["mouse", "touch"])
    def test_a_dragged_tip_goes_where_the_hand_goes(self, open_figure, how):
        hands = open_figure(ValueMixer(), **(PHONE if how == "touch" else {}))
        start = self.tip(hands, "verdant")
        before = np.array(hands.values()["values"])
        drag = {"mouse": mouse_drag, "touch": resting_drag}[how]
        drag(hands.page, start, (50, 20))
        hands.settle()
        moved = np.array(hands.values()["values"])[6] - before[6]
        unit = hands.plane.bounding_box()["width"] / (1.2 * 1.35)
        np.testing.assert_allclose(moved, [50 / unit, -20 / unit], atol=0.03)
        x, w_v = ValueMixer().x, np.array(START["w_v"])
        least = w_v + np.outer(x[6], moved) / (x[6] @ x[6])
        np.testing.assert_allclose(hands.values()["values"], x @ least, atol=2e-3)
        a, b = (shown_number(v) for v in hands.values()["mixed"])
        hands.hears(f"value of verdant moved; mixed {a}, {b}")
        assert hands.menu("Arrow keys move the value of").input_value() == "6"

    def test_a_finger_beside_every_tip_scrolls_the_page(self, open_figure):
        hands = open_figure(ValueMixer(), **PHONE)
        box = hands.plane.bounding_box()
        hands.plane.scroll_into_view_if_needed()
        before, values = hands.page.evaluate("scrollY"), hands.values()
        box = hands.plane.bounding_box()
        empty = (box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.25)
        touch_drag(hands.page, empty, (0, -120))
        hands.settle()
        assert hands.values() == values and hands.page.evaluate("scrollY") > before

    def test_the_right_button_and_a_released_one_move_nothing(self, hands):
        x, y = self.tip(hands, "blue")
        before = hands.values()
        hands.page.mouse.move(x, y)
        hands.page.mouse.down(button="right")
        hands.page.mouse.move(x + 40, y)
        hands.page.mouse.up(button="right")
        assert hands.values() == before
        mouse_drag(hands.page, (x, y), (-30, 0))
        after = hands.values()
        hands.page.mouse.move(x - 80, y)
        assert hands.values() == after != before

    def test_arrow_keys_move_the_chosen_value(self, hands):
        hands.menu("Arrow keys move the value of").select_option(label="blue")
        hands.plane.focus()
        hands.press("ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowUp", "ArrowDown")
        at = np.array(hands.values()["values"])[2]
        want = (ValueMixer().x @ np.array(START["w_v"]))[2] + [0, 0.2]
        np.testing.assert_allclose(at, want, atol=1e-3)
        assert names_of(hands.plane)[0].startswith(f"value of blue at {numbers(at)}.")

    def test_a_value_out_of_range_is_refused_with_a_word(self, hands):
        w_v = np.full((6, 2), 1000.0).tolist()
        hands.open_link(START | {"w_v": w_v})
        before = hands.values()
        hands.plane.focus()
        hands.press("ArrowRight")
        hands.settle()
        assert hands.values() == before
        assert hands.root.get_by_text("outside −1000 to 1000. It was kept.").first.is_visible()


class TestHands:
    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_a_weight_slides_and_the_others_make_room(self, open_figure, how):
        hands = open_figure(ValueMixer(), **(PHONE if how == "touch" else {}))
        before, slider = np.array(hands.values()["weights"]), hands.slider("weight of verdant")
        (x, y), width = centre(slider), slider.bounding_box()["width"]
        if how == "keyboard":
            slider.press("End")
        elif how == "touch":
            hands.page.touchscreen.tap(x + width / 2 - 9, y)
        else:
            mouse_drag(hands.page, (x - width / 2 + 9, y), (width / 2 - 9, 0), steps=30)
        hands.settle()
        after = np.array(hands.values()["weights"])
        goal = 0.5 if how == "mouse" else 1
        wanted = before * (1 - goal) / (1 - before[6])
        wanted[6] = goal
        np.testing.assert_allclose(after, wanted, atol=0.02)
        assert after.sum() == pytest.approx(1, abs=1e-4)
        assert slider.get_attribute("aria-valuetext") == shown_number(float(after[6]))
        hands.button("back to the head’s weights").click()
        np.testing.assert_allclose(hands.values()["weights"], before)

    def test_the_weights_always_sum_to_1(self, open_figure):
        hands = open_figure(ValueMixer("fox owl mole", query=0, shares=[1.0, 0.0, 0.0]))
        hands.slider("weight of fox").press("ArrowLeft")
        np.testing.assert_allclose(hands.values()["weights"], [0.99, 0.005, 0.005])
        hands.slider("weight of fox").press("Home")
        assert hands.values()["weights"] == [0, 0.5, 0.5]

    def test_a_word_alone_keeps_all_the_weight(self, open_figure):
        hands = open_figure(ValueMixer("fox"))
        slider = hands.slider("weight of fox")
        slider.press("Home")
        assert hands.spoken == "A word alone has all the weight."
        assert hands.values()["weights"] == [1]
        assert slider.get_attribute("aria-valuetext") == "1.00"

    def test_presets_keep_the_weights(self, hands):
        weights = hands.values()["weights"]
        for name, state in presets().items():
            hands.button(name).press("Enter")
            hands.settle()
            assert_true(hands, START | state)
            assert hands.values()["weights"] == weights
            assert hands.spoken.startswith(f"{name}: the weights are the same")

    def test_who_asks_residual_and_axes(self, hands):
        hands.menu("Who asks").select_option(label="forest")
        hands.root.get_by_role("checkbox", name="residual").press("Space")
        hands.menu("across").select_option("place")
        hands.menu("up").select_option("fits places")
        hands.rest()  # the plane's name follows then
        assert_true(hands, START | {"query": 7, "residual": False})
        assert hands.root.get_by_text("delta alone").first.is_visible()
        plane = hands.root.get_by_role("img", name="forest: delta")
        names = drawn(sheets_of(plane)).locator("text").all_text_contents()
        assert {"place →", "fits places ↑", "delta"} <= set(names)

    @pytest.mark.parametrize("name, axis, d", [("w_v", "fits animals", 2), ("w_o", "value 2", 3)])
    def test_matrix_cells_answer_keys_and_drags(self, hands, name, axis, d):
        column = d if name == "w_v" else AXES[d - 1]
        cell = hands.cell(name, axis, column)
        cell.focus()
        hands.press("PageUp", "+")
        mouse_drag(hands.page, centre(cell), (40, 0))
        hands.settle()
        state = {key: np.array(START[key]) for key in ("w_v", "w_o")}
        row = AXES.index(axis) if name == "w_v" else 1
        state[name][row, d - 1] += 2.1
        assert_true(hands, START | {key: matrix.tolist() for key, matrix in state.items()})
        hands.hears(f"{name} {axis}, {column}: ")

    def test_another_phrase_starts_with_the_heads_weights(self, hands):
        hands.slider("weight of a").press("End")
        hands.own_phrase.fill(SIXTEEN)
        hands.press("Enter")
        hands.settle()
        assert_true(hands, START | {"sentence": SIXTEEN, "query": 0})
        names = hands.menu("Who asks").locator("option").all_inner_texts()
        assert names[8:11] == ["and", "the (10)", "sleepy"]

    def test_tabs_and_the_rank_by_keyboard(self, hands):
        hands.tab(TABS["mix"]).focus()
        hands.press("ArrowRight")
        assert hands.tab(TABS["rank"]).get_attribute("aria-selected") == "true"
        slider = hands.slider("rank")
        slider.focus()
        seen = []
        for key in ("Home", "ArrowRight", "End", "ArrowLeft"):
            hands.press(key)
            seen.append(slider.get_attribute("aria-valuetext").split(",")[0])
        assert seen == ["0", "1", "6", "5"]
        hands.menu("Kept").select_option("first")
        hands.menu("The full map").select_option("copy every axis")
        hands.settle()
        assert hands.values()["compressed"]["error"] == pytest.approx(1)

    def test_one_view_alone_has_no_tabs(self, open_figure):
        hands = open_figure(ValueMixer(views=["rank"]))
        assert hands.root.get_by_role("tab").count() == 0
        hands.open_link(START)
        assert "its view does not fit" in hands.spoken


HOSTILE = {
    "no phrase": {"sentence": None},
    "an unknown word": {"sentence": "fox __proto__"},
    "a strange view": {"view": "toString"},
    "a list as a view": {"view": ["mix"]},
    "a query outside": {"query": 8},
    "half a query": {"query": 0.5},
    "shares of too few": {"shares": [1]},
    "shares of a half": {"shares": [0.5] + [0] * 7},
    "negative shares": {"shares": [2, -1] + [0] * 6},
    "shares in words": {"shares": ["1"] + [0] * 7},
    "a false list": {"shares": {"length": 8}},
    "an enormous number": {"w_v": [[1e308, 0]] * 6},
    "null numbers": {"w_v": [[None, 0]] * 6},
    "a wrong shape": {"w_o": [[0, 0]] * 6},
    "ragged rows": {"w_v": [[0, 0]] * 5 + [[0]]},
    "a text as residual": {"residual": "yes"},
    "an unknown axis": {"across": "length"},
    "a list as an axis": {"up": ["animal"]},
    "an inherited map": {"map": "constructor"},
    "a list as a map": {"map": ["random"]},
    "rank 7": {"rank": 7},
    "a negative rank": {"rank": -1},
    "a list as a cut": {"cut": ["svd"]},
}


class TestLinks:
    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        hostile = {name: START | HOSTILE[name] for name in HOSTILE}
        assert_links_refused(hands, hostile)


class TestOut:
    def test_the_snippet_of_the_mixture_gives_the_numbers_shown(self, hands):
        for seed in range(8):
            hands.open_link(random_state(seed))
            names = {"out": []}
            exec(hands.copied().replace("print(", "out.append("), names)
            values = hands.values()
            np.testing.assert_allclose(names["delta"], values["delta"], rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(names["out"][0], values["after"], rtol=1e-6, atol=5.1e-3)

    def test_the_snippet_of_a_rank_gives_the_error_shown(self, ranks):
        for seed in range(12):
            ranks.open_link(random_state(seed, "rank"))
            names = {"out": []}
            exec(ranks.copied().replace("print(", "out.append("), names)
            assert names["out"][0] == pytest.approx(ranks.values()["compressed"]["error"], abs=6e-4)


SHARES = [0.25] * 4 + [0] * 4
WRONG = {
    "an unknown word": ("sentence", "fluffi fox", "'fluffi' is not .* did you mean 'fluffy'"),
    "no word": ("sentence", " ", "no words in ' ': write at least one"),
    "17 words": ("sentence", "fox " * 17, "17 words; the figure draws at most 16"),
    "a query outside": ("query", 8, "query is 8; the phrase has 8 words"),
    "few shares": ("shares", [0.5, 0.5], "2 shares, but 8 words"),
    "a negative share": ("shares", [-1, 2] + [0] * 6, "shares must be at least 0 and sum to 1"),
    "shares of a half": ("shares", [0.5] + [0] * 7, "sum to 1, not 0.5"),
    "shares in words": ("shares", ["a"] * 8, "shares must hold numbers, not"),
    "a wide w_v": ("w_v", np.ones((6, 3)), r"w_v has shape \(6, 3\); expected \(6, 2\)"),
    "a tall w_o": ("w_o", np.ones((6, 2)), r"w_o has shape \(6, 2\); expected \(2, 6\)"),
    "a vector": ("w_v", np.ones(6), r"w_v has shape \(6,\); expected 2 axes"),
    "NaN": ("w_v", np.full((6, 2), np.nan), "w_v must hold numbers between -1000 and 1000"),
    "a billion": ("w_o", np.full((2, 6), 1e9), "w_o must hold numbers between -1000 and 1000"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = ValueMixer(shares=SHARES, query=2, residual=False)
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            ValueMixer(**{trait: value})

    @pytest.mark.parametrize(
        "trait, value",
        [
            *[("view", "pie"), ("query", -1), ("rank", 7), ("rank", -1), ("cut", "last")],
            *[("across", "depth"), ("map", "adam"), ("views", [])],
        ],
    )
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            ValueMixer(**{trait: value})

    def test_a_shorter_sentence_lets_go_of_what_does_not_fit(self):
        figure = ValueMixer(shares=SHARES, query=7)
        figure.sentence = "the sleepy fox"
        assert figure.query == 0 and figure.shares is None
        assert ValueMixer("fox").query == 0

    def test_a_sentence_as_long_keeps_query_and_shares(self):
        figure = ValueMixer(shares=SHARES, query=7)
        figure.sentence = world.PHRASES.sentences["Two animals"]
        assert (figure.query, figure.shares) == (7, SHARES)

    def test_the_mixture_is_attnlibs_own(self):
        figure = ValueMixer()
        head = world.PHRASES.head("nouns look for adjectives")
        trace = head.trace(figure.x)
        np.testing.assert_allclose(figure.weights, trace.weights[figure.query])
        figure.w_v, figure.w_o = head.w_v, head.w_o
        np.testing.assert_allclose(figure.delta, trace.delta[figure.query], atol=1e-12)

    @pytest.mark.parametrize("name", maps())
    def test_the_best_cut_has_the_least_error(self, name):
        for rank in range(D_MODEL + 1):
            best, first = (ValueMixer(map=name, rank=rank, cut=cut).error for cut in CUTS)
            assert best <= first + 1e-9
        assert ValueMixer(map=name, rank=D_MODEL).error == pytest.approx(0, abs=1e-9)

    def test_the_text_tells_delta(self):
        figure = ValueMixer(**random_state(0))
        told = [float(n) for n in re.findall(r"delta\s+(-?\d+\.\d\d)", repr(figure))]
        np.testing.assert_allclose(told, figure.delta, atol=5.1e-3)
        assert "error" in repr(ValueMixer(view="rank"))
