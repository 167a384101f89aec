"""SoftmaxLab: the same numbers as attnlib, for every hand, screen and link."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
import traitlets

import attnlib as al
from attnlib.figures import SoftmaxLab
from attnlib.figures.seeded import normals
from attnlib.figures.softmax_lab import KEYS_APART, N_KEYS, N_QUERIES, WIDTHS
from tests.figures import test_reading as reading
from tests.figures.driving import (
    centre,
    encoded,
    link,
    mouse_drag,
    names_of,
    resting_drag,
    shown_number,
    touch_drag,
)
from tests.figures.test_hands import PHONE
from tests.figures.test_reading import FOCUSABLE, tree, violations
from tests.figures.test_shared_rules import SVG, downloaded

STATE = ["view", "scores", "temperature", "grid", "axis", "shift", "d_head", "seed"]
TABS = {
    "bars": "Scores and weights",
    "axis": "Which axis?",
    "overflow": "Overflow",
    "saturation": "Saturation",
}
LABELS = ["fluffy", "blue", "verdant"]
START = {name: getattr(SoftmaxLab(), name) for name in STATE}


def random_state(seed, view="bars"):
    rng = np.random.default_rng(seed)
    spread = [1, 5, 200][seed % 3]
    return {
        "view": view,
        "scores": rng.normal(scale=spread, size=3).clip(-1000, 1000).tolist(),
        "temperature": float(np.exp(rng.uniform(np.log(0.05), np.log(20)))),
        "grid": rng.normal(scale=spread, size=(3, 4)).clip(-1000, 1000).tolist(),
        "axis": ["rows", "columns", "all"][seed % 3],
        "shift": int(rng.integers(-150, 151)),
        "d_head": int(rng.choice(WIDTHS[:4])),
        "seed": int(rng.integers(1_000_000)),
    }


def assert_true(hands, state):
    figure, values = SoftmaxLab(**state), hands.values()
    for name, wanted in (
        ("weights", figure.weights),
        ("axisWeights", figure.axis_weights),
        ("entropy", figure.entropy),
    ):
        np.testing.assert_allclose(values[name], wanted, rtol=1e-6, atol=1e-6, err_msg=str(state))


@pytest.fixture
def hands(lasting):
    return lasting(SoftmaxLab())


def as_number(text):
    return float(text.replace("not a number", "nan").replace("−", "-").replace("∞", "inf"))


def weights_shown(hands):
    return hands.root.locator(".al-strong-number").all_inner_texts()


class TestTruth:
    def test_bars(self, hands):
        for seed in range(12):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)
            figure = SoftmaxLab(**state)
            assert weights_shown(hands) == [shown_number(w, 3) for w in figure.weights]
            for label, score, weight in zip(LABELS, figure.scores, figure.weights, strict=True):
                text = f"{shown_number(score)}, weight {shown_number(weight)}"
                slider = hands.slider(f"score of {label}")
                assert slider.get_attribute("aria-valuetext") == text
            bits, choices = shown_number(figure.entropy), shown_number(2**figure.entropy, 1)
            reading = f"Entropy {bits} bits: as undecided as {choices} equal choices"
            assert reading in hands.root.inner_text()

    def test_axes(self, hands):
        for seed in range(9):
            state = random_state(seed, "axis")
            hands.open_link(state)
            assert_true(hands, state)
            weights = SoftmaxLab(**state).axis_weights
            whole = np.vstack([np.c_[weights, weights.sum(1)], [*weights.sum(0), weights.sum()]])
            assert hands.cells("weights") == [[shown_number(w) for w in row] for row in whole]

    def test_the_naive_formula_breaks_where_float32_breaks(self, hands):
        broken = []
        for shift in (0, 60, 86, 87, 88, 100, 118, 119, 150, -80, -104, -105, -106, -150):
            state = {"view": "overflow", "scores": [2.0, 1.0, -30.0], "shift": shift}
            hands.open_link(START | state)
            scores = np.array([2, 1, -30], dtype=np.float32) + np.float32(shift)
            with np.errstate(all="ignore"):
                naive = np.exp(scores) / np.exp(scores).sum()
            shown = hands.cells("in float32")
            told = [as_number(row[2]) for row in shown]
            np.testing.assert_allclose(told, naive, atol=5.1e-4, err_msg=str(shift))
            stable = al.softmax(scores.astype(float))
            assert [row[5] for row in shown] == [shown_number(w, 3) for w in stable]
            steps = [[as_number(text) for text in row] for row in shown]
            with np.errstate(all="ignore"):
                powers = np.exp([scores, scores - scores.max()])
            wanted = [scores, powers[0], scores - scores.max(), powers[1]]
            shown_steps = np.array(steps, dtype=np.float32)[:, [0, 1, 3, 4]].T
            np.testing.assert_allclose(shown_steps, wanted, rtol=0.06, atol=5.1e-3)
            said = hands.root.get_by_text("The naive formula has broken").count()
            assert said == np.isnan(naive).any()
            broken.append(said)
        assert 0 < sum(broken) < len(broken)  # both were seen

    def test_saturation(self, hands):
        for d_head in WIDTHS:
            state = random_state(d_head, "saturation") | {"d_head": d_head}
            hands.open_link(state)
            q = normals(N_QUERIES, d_head, state["seed"])
            k = normals(N_KEYS, d_head, state["seed"] + KEYS_APART)
            np.testing.assert_allclose(hands.values()["raw"], q @ k.T, rtol=1e-6, atol=1e-6)
            figure = SoftmaxLab(**state)
            for title, scale in (("not divided", 1.0), (f"divided by √{d_head}", None)):
                told = figure.saturation(scale)
                name = (
                    f"{title}: median top weight {shown_number(told['median'], 3)}, "
                    f"dead rows {shown_number(told['dead'] * 100, 1)}%"
                )
                picture = hands.root.get_by_role("img", name=name, exact=True)
                tops = al.softmax(al.scores(q, k, scale=scale)).max(axis=-1)
                counts = np.bincount((tops * 20).astype(int).clip(max=19), minlength=20)
                bars = picture.locator("rect").evaluate_all(
                    "all => all.map((one) => [one.x.baseVal.value, one.height.baseVal.value])"
                )
                heights = np.array(sorted(bars))[:, 1]  # from 0 to 1
                one = heights.max() / counts.max()
                np.testing.assert_allclose(heights, counts * one, atol=1.1 * one)

    def test_seeded_normals_are_standard_normal(self):
        sample = normals(400, 100, 7)
        assert abs(sample.mean()) < 0.02 and abs(sample.std() - 1) < 0.02
        assert abs((sample**3).mean()) < 0.05 and abs((sample**4).mean() - 3) < 0.1
        assert not np.array_equal(sample, normals(400, 100, 8))


class TestHands:
    @pytest.mark.parametrize(
        "keys, score",
        [
            (["ArrowRight", "ArrowUp", "+"], 2.3),
            (["ArrowLeft", "ArrowDown", "-"], 1.7),
            (["PageUp"], 3.0),
            (["PageDown"] * 20, -6.0),
            (["PageUp"] * 20, 6.0),
        ],
    )
    def test_keys_move_a_score(self, hands, keys, score):
        slider = hands.slider("score of fluffy")
        slider.focus()
        hands.press(*keys)
        assert float(slider.get_attribute("aria-valuenow")) == score
        np.testing.assert_allclose(hands.values()["weights"], al.softmax(np.array([score, 1, 0])))

    def test_mouse_and_finger_drag_a_score(self, hands, open_figure):
        phone = open_figure(SoftmaxLab(), **PHONE)
        for own, drag in ((hands, mouse_drag), (phone, touch_drag)):
            slider = own.slider("score of blue")
            (x, y), width = centre(slider), slider.bounding_box()["width"]
            drag(own.page, (x, y), (width / 4, 0))  # from 0 to half of what is above
            own.settle()
            assert float(slider.get_attribute("aria-valuenow")) == pytest.approx(3, abs=0.11)
            assert float(own.slider("score of fluffy").get_attribute("aria-valuenow")) == 2

    def test_the_triangle_follows_keys_mouse_and_finger(self, hands, open_figure):
        hands.plane.focus()
        before = hands.values()["weights"]
        hands.press("ArrowRight")
        hands.settle()
        after = hands.values()["weights"]
        assert after[2] > before[2] and after[1] < before[1]
        assert after[0] == pytest.approx(before[0], abs=1e-4)
        phone = open_figure(SoftmaxLab(), **PHONE)
        for own, drag in ((hands, mouse_drag), (phone, resting_drag)):
            start = centre(own.plane.locator("line"))
            corner = own.plane.locator("polygon").first.bounding_box()
            goal = (corner["x"] + corner["width"] - 4, corner["y"] + corner["height"] - 2)
            drag(own.page, start, (goal[0] - start[0], goal[1] - start[1]))
            own.settle()
            assert own.values()["weights"][2] > 0.95
            assert "verdant 0.9" in names_of(own.plane)[0]

    def test_a_saved_picture_holds_the_bars(self, hands):
        root = ElementTree.fromstring(downloaded(hands, "SVG"))
        ends = [line.get("x2") for line in root.iter(f"{SVG}line")]
        wanted = [
            f"{100 * weight:.1f}%".replace(".0%", "%") for weight in hands.values()["weights"]
        ]
        assert [end for end in ends if end in wanted] == wanted

    def test_moving_the_point_keeps_the_mean_of_the_scores(self, hands):
        hands.open_link(START | {"temperature": 3.0, "scores": [4.0, -1.0, 0.5]})
        hands.plane.focus()
        hands.press("ArrowUp", "ArrowLeft")
        now = [hands.slider(f"score of {x}").get_attribute("aria-valuenow") for x in LABELS]
        assert np.mean([float(n) for n in now]) == pytest.approx(3.5 / 3, abs=1e-3)

    def test_temperature_and_buttons(self, hands):
        slider = hands.slider("temperature")
        slider.fill("0.69")
        assert slider.get_attribute("aria-valuetext") == "2.00"
        wanted = al.softmax(np.array([2, 1, 0.0]), temperature=2.0)
        np.testing.assert_allclose(hands.values()["weights"], wanted, atol=2e-3)
        before = hands.values()["weights"]
        hands.button("add 1 to all").press("Enter")
        np.testing.assert_allclose(hands.values()["weights"], before, atol=1e-12)
        assert hands.slider("score of verdant").get_attribute("aria-valuenow") == "1"
        hands.button("temperature 1").click()
        np.testing.assert_allclose(hands.values()["weights"], al.softmax(np.array([3, 2, 1.0])))

    def test_arrow_keys_walk_the_tabs_round(self, hands):
        hands.tab(TABS["bars"]).focus()
        walk = [("Right", "axis"), ("Left", "bars"), ("Left", "saturation"), ("Right", "bars")]
        for side, view in walk:
            hands.press(f"Arrow{side}")
            assert hands.tab(TABS[view]).get_attribute("aria-selected") == "true"
            assert hands.page.evaluate("document.activeElement.innerText") == TABS[view]
            assert hands.root.locator('[role="tab"][tabindex="0"]').count() == 1

    def test_axis_grid_and_select(self, hands):
        hands.tab(TABS["axis"]).click()
        hands.menu("softmax").select_option("columns")
        cell = hands.root.get_by_role("grid").locator('[role="gridcell"]').first
        cell.focus()
        hands.press("PageUp")
        hands.hears(": 3.00")
        grid = np.array(START["grid"])
        grid[0, 0] = 3
        np.testing.assert_allclose(hands.values()["axisWeights"], al.softmax(grid, axis=0))
        assert {row[-1] for row in hands.cells("weights")} != {"1.00"}
        assert set(hands.cells("weights")[-1][:-1]) == {"1.00"}

    def test_overflow_by_keyboard(self, hands):
        hands.tab(TABS["overflow"]).click()
        slider = hands.slider("add to every score")
        slider.focus()
        hands.press("End")
        assert [row[2] for row in hands.cells("in float32")] == ["not a number"] * 3
        assert hands.root.get_by_text("divides infinity by infinity").is_visible()
        hands.press("Home", *["PageUp"] * 20)
        assert slider.get_attribute("aria-valuetext") == "150"

    def test_saturation_by_keyboard(self, hands):
        hands.tab(TABS["saturation"]).click()
        slider = hands.slider("d_head")
        slider.focus()
        hands.press("Home")
        seen = [slider.get_attribute("aria-valuetext")]
        for _ in WIDTHS[1:]:
            hands.press("ArrowRight")
            seen.append(slider.get_attribute("aria-valuetext"))
        assert seen == [str(width) for width in WIDTHS]
        hands.press("Home")
        before = hands.values()["raw"]
        hands.button("Draw again").press("Enter")
        assert hands.values()["raw"] != before
        assert "(seed 1)" in hands.root.inner_text()

    @pytest.mark.parametrize("view", TABS)
    def test_reset_goes_back_to_the_start(self, hands, view):
        before = hands.values()
        hands.open_link(random_state(5, view))
        assert hands.values() != before
        hands.button("Reset").click()
        hands.settle()
        assert hands.values() == before
        assert hands.spoken == "Back at the start."


HOSTILE = {
    "no scores": {"scores": None},
    "words as scores": {"scores": ["2", "1", "0"]},
    "a score too many": {"scores": [1, 2, 3, 4]},
    "a false list": {"scores": {"length": 3}},
    "an enormous score": {"scores": [1e308, 0, 0]},
    "a strange view": {"view": "__proto__"},
    "a list as a view": {"view": ["bars"]},
    "a cold temperature": {"temperature": 0},
    "no temperature": {"temperature": None},
    "a ragged grid": {"grid": [[1, 2, 3, 4], [1, 2, 3], [1, 2, 3, 4]]},
    "a wide grid": {"grid": [[0] * 5] * 3},
    "an inherited axis": {"axis": "toString"},
    "a list as an axis": {"axis": ["rows"]},
    "a far shift": {"shift": 1e9},
    "a width between": {"d_head": 5},
    "an enormous width": {"d_head": 10**9},
    "half a seed": {"seed": 0.5},
    "a negative seed": {"seed": -1},
}


class TestLinks:
    @pytest.mark.parametrize("view", TABS)
    def test_a_copied_link_opens_the_same_state(self, hands, open_figure, view):
        state = random_state(4, view)
        hands.open_link(state)
        address = hands.copied("Copy link")
        page = hands.page.context.new_page()
        page.goto(address)
        again = type(hands)(page, "SoftmaxLab")
        again.settle()
        assert again.values() == hands.values()
        assert again.tab(TABS[view]).get_attribute("aria-selected") == "true"

    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        before = hands.values()
        for name, spoilt in HOSTILE.items():
            hands.open_link(START | spoilt)
            assert hands.spoken.startswith("The link's state could not be read: its "), name
            assert hands.values() == before, name
            hands.button("Reset").click()
        polluted = encoded('{"__proto__": {"polluted": 1}}')
        hands.follow(f"#figure=SoftmaxLab&state={polluted}")
        assert hands.page.evaluate("({}).polluted") is None
        assert hands.page.record.errors == []
        hands.slider("score of fluffy").press("PageUp")
        assert hands.values() != before

    def test_a_view_that_is_not_offered_is_refused(self, open_figure):
        hands = open_figure(SoftmaxLab(views=["saturation"]))
        hands.follow(link("SoftmaxLab", START))
        assert "its view does not fit" in hands.spoken
        assert hands.root.get_by_role("tab").count() == 0


def printed(code, capsys):
    exec(code, {})
    return [float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?|nan", capsys.readouterr().out)]


class TestOut:
    @pytest.mark.parametrize("view", TABS)
    def test_the_snippet_prints_the_numbers_shown(self, hands, capsys, view):
        whole = START | {"grid": np.eye(3, 4).tolist(), "view": view}  # whole numbers
        for state in (random_state(1, view), whole, random_state(3, view), random_state(5, view)):
            hands.open_link(state)
            figure = SoftmaxLab(**state)
            wanted = {
                "bars": figure.weights,
                "overflow": al.softmax(np.array(figure.scores)),
                "axis": figure.axis_weights,
                "saturation": [figure.saturation(scale)["median"] for scale in (1.0, None)],
            }[view]
            got = printed(hands.copied(), capsys)
            np.testing.assert_allclose(got, np.ravel(wanted), atol=6e-4)

    @pytest.mark.parametrize("view", TABS)
    def test_the_svg_parses_and_holds_the_labels(self, hands, view):
        hands.open_link(START | {"view": view, "temperature": 2.0})
        with hands.page.expect_download() as download:
            hands.button("Save SVG").click()
        root = ElementTree.fromstring(download.value.path().read_bytes())
        written = " ".join(text for text in root.itertext())
        wanted = {
            "bars": [*LABELS, *weights_shown(hands)],
            "axis": ["query 1", "key 4", "sum"],
            "overflow": [*LABELS, "naive weight", "stable weight"],
            "saturation": ["not divided", "divided by √64", "largest weight of a row"],
        }[view]
        assert [word for word in wanted if word not in written] == []
        assert "NaN" not in written


class TestReading:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_axe_has_nothing_against_any_view(self, open_figure, theme):
        hands = open_figure(SoftmaxLab(challenges="softmax"), theme=theme)
        hands.unfold()
        for view in TABS:
            hands.tab(TABS[view]).click()
            if view == "overflow":
                hands.slider("add to every score").fill("150")
            hands.settle()
            assert violations(hands.page) == [], view

    def test_every_control_is_named_once(self, hands):
        for view in TABS:
            hands.tab(TABS[view]).click()
            hands.settle()
            names = [(role, name) for role, name, _ in tree(hands.page) if role in FOCUSABLE]
            assert all(name for _, name in names), view
            assert sorted(names) == sorted(set(names)), view

    def test_320_pixels_are_enough(self, open_figure):
        figure = SoftmaxLab(challenges="softmax")
        hands = open_figure(figure, viewport={"width": 320, "height": 640})
        for view in TABS:
            for scores in ([2.0, 1.0, 0.0], [80.0, -80.0, 1000.0]):
                hands.open_link(START | {"view": view, "scores": scores, "seed": len(view)})
                width = hands.page.evaluate("document.documentElement.scrollWidth")
                assert width <= 320, (view, scores)

    def test_reduced_motion_is_honoured(self, open_figure):
        calm = open_figure(SoftmaxLab(), reduced_motion="reduce")
        for view in TABS:
            calm.tab(TABS[view]).click()
            assert calm.page.evaluate(reading.TestScreens.MOVING) == 0


WRONG = {
    "two scores": ("scores", [1, 2], "2 scores, but 3 labels"),
    "one score": ("scores", [1], "1 scores; the figure draws 2 to 8"),
    "words": ("scores", ["a", "b", "c"], "scores must hold numbers, not"),
    "NaN": ("scores", [1, np.nan, 0], "scores must hold numbers between -1000 and 1000"),
    "a matrix": ("scores", [[1, 2, 3]], r"scores has shape \(1, 3\); expected 1 axes"),
    "a vector": ("grid", [1, 2], r"grid has shape \(2,\); expected 2 axes"),
    "an infinite grid": ("grid", [[np.inf]], "grid must hold numbers between"),
    "absolute zero": ("temperature", 0.0, "temperature is 0.0; expected 0.05 to 20"),
    "no temperature": ("temperature", np.nan, "temperature is nan; expected 0.05 to 20"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = SoftmaxLab(scores=[3, 1, 2], temperature=2.0)
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            SoftmaxLab(**{trait: value})

    @pytest.mark.parametrize(
        "trait, value",
        [("view", "pie"), ("axis", "depth"), ("d_head", 5), ("shift", 151), ("seed", -1)],
    )
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises((traitlets.TraitError, ValueError)):
            SoftmaxLab(**{trait: value})

    def test_as_many_scores_as_labels(self):
        figure = SoftmaxLab(labels=["a", "b"], scores=[0, 0])
        assert figure.weights.tolist() == [0.5, 0.5] and figure.entropy == 1

    def test_entropy_counts_no_weight_as_nothing(self):
        assert SoftmaxLab(scores=[1000, 0, 0]).entropy == 0

    def test_the_text_is_stable_and_tells_the_weights(self):
        for view in TABS:
            one, other = (SoftmaxLab(**random_state(3, view)) for _ in range(2))
            assert repr(one) == repr(other) == one.describe()
        figure = SoftmaxLab(**random_state(0))
        told = re.findall(r"weight (\d\.\d{3})", figure.describe())
        assert told == [f"{weight:.3f}" for weight in figure.weights]

    @pytest.mark.parametrize("view", TABS)
    def test_a_saved_state_makes_the_same_figure(self, view):
        figure = SoftmaxLab(**random_state(7, view))
        again = SoftmaxLab.from_state(figure.get_state())
        names = figure.page_traits()
        assert again.get_state(names) == figure.get_state(names)
        assert again.still() == figure.still()

    @pytest.mark.parametrize("view", TABS)
    def test_the_still_picture_says_what_it_shows(self, view):
        figure = SoftmaxLab(**random_state(1, view))
        assert figure.still().count("<svg") == figure.still().count("</svg>") == 1
        assert figure.describe().splitlines()[0] in figure.still()
