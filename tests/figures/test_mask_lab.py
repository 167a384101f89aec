"""MaskLab: a mask is painted by every hand, and each of three ways gives attnlib's numbers."""

import re
from itertools import pairwise

import numpy as np
import pytest
import traitlets

import attnlib as al
from attnlib.figures import MaskLab
from attnlib.figures.mask_lab import PRESETS, WAYS, examples, preset
from tests.figures.driving import (
    Hands,
    assert_links_refused,
    centre,
    drawn,
    ink_of,
    mouse_drag,
    names_of,
    resting_drag,
    shown_number,
    touch_drag,
)
from tests.figures.test_hands import PHONE
from tests.figures.test_questions import link_state
from tests.figures.test_shared_rules import assert_judged_alike, holes

EXAMPLES = list(examples())
MOLE, RANDOM = EXAMPLES[1:]
START = link_state(MaskLab())
TITLES = {
    "zero": "0 before softmax",
    "after": "0 after softmax, renormalised",
    "infinity": "−∞ before softmax",
}


def random_state(seed):
    rng = np.random.default_rng(seed)
    example = EXAMPLES[seed % 3]
    n = len(examples()[example]["tokens"])
    mask = rng.random((n, n)) < rng.choice([0.1, 0.5, 0.9])
    mask[rng.integers(n)] &= seed % 2 == 0  # every other mask has an empty row
    return {
        "example": example,
        "mask": mask.tolist(),
        "selected": rng.integers(n, size=2).tolist(),
        "orientation": str(rng.choice(["rows", "columns"])),
        "tokens_long": int(10 ** rng.uniform(1, 6)),
        "bytes": int(rng.choice([4, 2, 1])),
    }


def number(value):
    return "not a number" if np.isnan(value) else shown_number(float(value))


def by_hand(scores, keep, way):
    """The weights of one row, one key at a time."""
    entering = [
        score if may or way == "after" else {"zero": 0.0, "infinity": -np.inf}[way]
        for score, may in zip(scores, keep, strict=True)
    ]
    powers = [np.exp(score) for score in entering]
    kept = [p if may or way != "after" else 0.0 for p, may in zip(powers, keep, strict=True)]
    if sum(kept) == 0:
        return [np.nan if way == "after" else 0.0] * len(kept)
    return [power / sum(kept) for power in kept]


def assert_true(hands, state):
    figure, values = MaskLab(**state), hands.values()
    assert list(values) == list(WAYS)
    for way in WAYS:
        wanted = figure.weights(way)
        rows = zip(figure.scores, figure.mask, strict=True)
        np.testing.assert_allclose(wanted, [by_hand(s, k, way) for s, k in rows], atol=1e-9)
        told = values[way]["weights"]
        np.testing.assert_allclose(told, wanted, atol=1e-6, err_msg=f"{way} {state}")
        assert values[way]["leak"] == pytest.approx(figure.leak(way), abs=1e-6)


@pytest.fixture
def hands(lasting):
    return lasting(MaskLab())


def grid(hands, label="mask"):
    return hands.root.get_by_role("grid", name=re.compile(f"^{label}, "))


def cell(hands, i, j, label="mask"):
    return grid(hands, label).locator(f'[data-at="{i},{j}"]')


def mask_of(hands):
    """The mask as its cells say it, queries in rows."""
    hands.rest()
    n = grid(hands).get_by_role("columnheader").count()
    names = dict(
        grid(hands)
        .locator("[data-at]")
        .evaluate_all("all => all.map((one) => [one.dataset.at, one.ariaLabel])")
    )
    assert len(names) == n * n
    assert all(name.endswith((": may attend", ": hidden")) for name in names.values())
    return [[names[f"{i},{j}"].endswith("may attend") for j in range(n)] for i in range(n)]


def painted(*cells, start="causal"):
    """The mask `start` of eight words with some cells turned round."""
    mask = preset(start, 8).copy()
    for i, j in cells:
        mask[i, j] ^= True
    return mask.tolist()


class TestTruth:
    def test_states_opened_by_a_link_equal_python(self, hands):
        for seed in range(24):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)
            for way in WAYS:
                leak = shown_number(MaskLab(**state).leak(way))
                gauge = hands.root.locator(".al-way", has_text=TITLES[way]).locator("strong")
                assert gauge.inner_text().split()[0] == leak
                assert ("✓" in gauge.inner_text()) == (MaskLab(**state).leak(way) == 0)

    def test_cells_name_words_mask_and_weight(self, hands):
        for seed in range(9):
            state = random_state(seed) | {"orientation": "rows"}
            hands.open_link(state)
            figure = MaskLab(**state)
            words, mask = figure.tokens, figure.mask
            for way in WAYS:
                weights = figure.weights(way)
                names = [
                    f"query {query}, key {key}: {'may attend' if mask[i][j] else 'hidden'}, "
                    f"weight {number(weights[i][j])}"
                    for i, query in enumerate(words)
                    for j, key in enumerate(words)
                ]
                cells = grid(hands, TITLES[way]).locator('[role="gridcell"]')
                assert names_of(cells) == names
            assert mask_of(hands) == state["mask"]

    def test_dots_have_the_area_of_their_weight_and_leaks_are_marked(self, hands):
        state = random_state(4) | {"orientation": "rows"}
        hands.open_link(state)
        for way in WAYS:
            weights = np.ravel(MaskLab(**state).weights(way))
            cells = grid(hands, TITLES[way]).locator('[role="gridcell"]')
            areas, across, down = ink_of(cells, ["weight", "wrong"])
            hidden = ink_of(cells, ["line"])[0] > 0
            np.testing.assert_array_equal(hidden, ~np.ravel(state["mask"]))
            seen = weights > 0.02  # smaller dots stay visible as points
            full = np.where(hidden, 4, np.pi) * weights  # leaks are squares
            largest = (areas / np.where(full > 0, full, np.inf)).max()
            np.testing.assert_allclose(areas[seen], largest * full[seen], rtol=0.1, atol=0.5)
            np.testing.assert_array_equal(areas > 0, weights > 0)
            np.testing.assert_allclose([across[seen], down[seen]], 0, atol=0.5)

    def test_the_table_shows_how_the_chosen_weight_comes_about(self, hands):
        for seed in range(16):
            state = random_state(seed)
            hands.open_link(state)
            figure, (i, j) = MaskLab(**state), state["selected"]
            keep, scores = np.array(figure.mask), figure.scores
            entering = [np.where(keep, scores, 0)[i], scores[i], np.where(keep, scores, -np.inf)[i]]
            powers = [np.exp(row) for row in entering]
            assert hands.cells("asks") == [
                [number(row[j]) for row in entering],
                [number(row[j]) for row in powers],
                [number(row.sum()) for row in powers],
                ["", number(powers[1][keep[i]].sum()), ""],
                [number(figure.weights(way)[i, j]) for way in WAYS],
            ]
            asks = f"{figure.tokens[i]} asks, {figure.tokens[j]} answers; the score is"
            caption = hands.table("asks").locator("caption").inner_text()
            assert caption == f"{asks} {number(scores[i, j])}"

    def test_who_sees_nothing_is_said_with_what_comes_of_it(self, hands):
        said = {1: "blue sees nothing: ", 3: "blue, creature and roamed see nothing: "}
        said |= {5: "5 queries see nothing: "}
        for empty, words in said.items():
            mask = preset("everyone", 8).copy()
            mask[2 : 2 + empty] = False
            hands.open_link(START | {"mask": mask.tolist()})
            for end in ("equal weights on keys", "0 ÷ 0, not a number", "all 0, by attnlib’s rule"):
                assert hands.root.get_by_text(words + end).is_visible()
            canvas = grid(hands, TITLES["after"]).locator("xpath=..").locator("canvas")
            assert drawn(canvas).locator("text").all_text_contents() == ["0/0"] * empty * 8
        hands.button("everyone").click()
        assert hands.root.get_by_text("nothing: ").count() == 0

    @pytest.mark.parametrize(
        "long, each, bill",
        [(1000, 2, "2.0 MB"), (100_000, 2, "20.0 GB"), (10, 4, "400 bytes"), (10**6, 4, "4.0 TB")],
    )
    def test_the_bill(self, hands, long, each, bill):
        hands.open_link(START | {"tokens_long": long, "bytes": each})
        line = f"{long:,} × {long:,} weights × {each} = {bill}."
        assert hands.root.get_by_text(line).is_visible()
        assert hands.slider("tokens").get_attribute("aria-valuetext") == f"{long:,}"

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed) for seed in range(15)]
        states += [START | {"mask": preset(name, 8).tolist()} for name in PRESETS]
        verdicts = assert_judged_alike(open_figure, MaskLab, random_challenges(0), states)
        assert 10 < len(verdicts) < 250  # both verdicts were seen


def random_challenges(seed, count=14):
    rng = np.random.default_rng(seed)
    words = MaskLab().tokens + MaskLab(MOLE).tokens

    def condition():
        bound = str(rng.choice(["at_least", "at_most"]))
        return [
            {"measure": "leak", "way": str(rng.choice(WAYS)), bound: rng.uniform(0, 0.6)},
            {"measure": "empty", bound: int(rng.integers(3))},
            {"measure": "hidden", bound: int(rng.integers(40))},
            {"measure": "gain", bound: rng.uniform(0, 0.1)},
            {"measure": "future", bound: int(rng.integers(20))},
            {"measure": "unread", "layers": int(rng.integers(1, 4)), bound: int(rng.integers(9))},
            {"measure": "differs", "window": int(rng.integers(1, 4)), bound: 10},
            dict(zip(("query", "key"), rng.choice(words, 2).tolist(), strict=True))
            | {"measure": "weight", bound: 0.2},
        ][rng.integers(8)]

    def challenge(n):
        about = {"given": {"example": EXAMPLES[n % 3]}} if n % 2 == 0 else {}
        conditions = [condition() for _ in range(rng.integers(1, 3))]
        return {"id": f"c{n}", "text": f"{n}.", "start": "causal", "conditions": conditions} | about

    return [challenge(n) for n in range(count)]


class TestPainting:
    @pytest.mark.parametrize("how", ["mouse", "touch", "space", "enter"])
    def test_one_cell(self, lasting, how):
        hands = lasting(MaskLab(), **(PHONE if how == "touch" else {}))
        target = cell(hands, 1, 6)
        press = {
            "mouse": target.click,
            "touch": target.tap,
            "space": lambda: target.press("Space"),
            "enter": lambda: target.press("Enter"),
        }[how]
        press()
        hands.settle()
        state = START | {"mask": painted((1, 6))}
        assert mask_of(hands) == state["mask"]
        assert_true(hands, state)
        leaks = ", ".join(shown_number(MaskLab(**state).leak(way)) for way in WAYS)
        hands.hears(f"fluffy may attend to verdant. Leaks {leaks}.")
        press()
        hands.settle()
        assert mask_of(hands) == START["mask"]
        hands.hears("fluffy may not attend to verdant.")

    @pytest.mark.parametrize("orientation", ["rows", "columns"])
    @pytest.mark.parametrize("how", ["mouse", "touch"])
    def test_a_stroke_paints_every_cell_alike(self, lasting, how, orientation):
        hands = lasting(MaskLab(orientation=orientation), **(PHONE if how == "touch" else {}))
        (x, y), (to, down) = centre(cell(hands, 2, 1)), centre(cell(hands, 2, 6))
        finger = {"rows": touch_drag, "columns": resting_drag}[orientation]
        drag = {"mouse": mouse_drag, "touch": finger}[how]
        drag(hands.page, (x, y), (to - x, down - y), steps=24)
        hands.settle()
        assert mask_of(hands) == painted((2, 1), (2, 2))  # from a seen cell: hide, all the way
        (x, y), (to, down) = centre(cell(hands, 2, 7)), centre(cell(hands, 2, 1))
        drag(hands.page, (x, y), (to - x, down - y), steps=24)
        hands.settle()
        wanted = painted(*((2, j) for j in range(3, 8)))  # from a hidden one: show
        assert mask_of(hands) == wanted
        assert_true(hands, START | {"mask": wanted})

    def test_the_page_does_not_scroll_under_a_finger_that_paints(self, open_figure):
        hands = open_figure(MaskLab(), viewport={"width": 390, "height": 400}, has_touch=True)
        start = centre(cell(hands, 6, 3))
        before = hands.page.evaluate("scrollY")
        resting_drag(hands.page, start, (0, -40), steps=10)
        hands.settle()
        assert hands.page.evaluate("scrollY") == before
        assert mask_of(hands) == painted((6, 3), (5, 3))

    def test_after_the_button_is_up_or_outside_nothing_is_painted(self, hands):
        x, y = centre(cell(hands, 0, 4))
        mouse_drag(hands.page, (x, y), (0, 5))
        hands.page.mouse.move(x + 120, y, steps=5)
        assert mask_of(hands) == painted((0, 4))
        hands.page.mouse.move(*centre(cell(hands, 0, 5)))
        hands.page.mouse.down(button="right")
        hands.page.mouse.up(button="right")
        assert mask_of(hands) == painted((0, 4))

    def test_arrow_keys_walk_every_grid(self, hands):
        for label, ends in (("mask", ""), (TITLES["after"], ", weight 0.00")):
            cell(hands, 0, 0, label).focus()
            hands.press("ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowRight")
            assert hands.focused == f"query fluffy, key blue: hidden{ends}"
            hands.press("End", "ArrowUp", "ArrowUp", "ArrowRight")
            assert hands.focused == f"query a, key forest: hidden{ends}"
            hands.press("Home")
            assert hands.focused.startswith("query a, key a: may attend")

    def test_walking_follows_the_eye_when_queries_are_columns(self, open_figure):
        hands = open_figure(MaskLab(orientation="columns"))
        cell(hands, 0, 0).focus()
        hands.press("ArrowRight")
        assert hands.focused == "query fluffy, key a: may attend"

    def test_the_patterns_cannot_be_painted(self, hands):
        target = cell(hands, 0, 3, TITLES["zero"])
        target.click()
        target.press("Space")
        assert mask_of(hands) == START["mask"]
        assert hands.table("a asks, creature answers").is_visible()


class TestHands:
    def test_presets_are_those_of_python(self, hands):
        for title in EXAMPLES:
            hands.menu("Phrase").select_option(title)
            n = len(examples()[title]["tokens"])
            for name in PRESETS:
                hands.button(name).press("Enter")
                assert mask_of(hands) == preset(name, n).tolist()
            hands.button("turn it round").click()
            assert mask_of(hands) == (~preset(name, n)).tolist()

    def test_another_phrase_begins_causal(self, hands):
        cell(hands, 7, 7).click()
        hands.menu("Phrase").select_option(MOLE)
        hands.settle()
        assert_true(hands, START | {"example": MOLE, "mask": preset("causal", 5).tolist()})
        assert hands.table("asks").count() == 0

    def test_queries_turn_into_columns(self, hands):
        hands.open_link(START | {"mask": holes(8)})
        whole = grid(hands).locator('[role="gridcell"]')
        rows = np.reshape(names_of(whole), (8, 8))
        assert hands.root.get_by_text("queries are rows, keys are columns").is_visible()
        hands.menu("Queries are").select_option("columns")
        hands.settle()
        np.testing.assert_array_equal(np.reshape(names_of(whole), (8, 8)), rows.T)
        assert hands.root.get_by_text("queries are columns, keys are rows").is_visible()
        for one in hands.root.get_by_role("grid").all():
            assert one.get_attribute("aria-label").endswith(", columns are queries")

    def test_the_bill_by_keyboard(self, hands):
        slider = hands.slider("tokens")
        slider.focus()
        seen = []
        for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "End"):
            hands.press(key)
            seen.append(slider.get_attribute("aria-valuetext"))
        assert seen[0] == "10" and seen[-1] == "1,000,000"
        assert seen[4] == "11", "no key of the slider is without effect for long"
        hands.menu("a number takes").select_option("1")
        assert hands.root.get_by_text("= 1.0 TB.").is_visible()


HOSTILE = {
    "an unknown phrase": {"example": "one mole"},
    "an inherited phrase": {"example": "__proto__"},
    "a list as a phrase": {"example": [MOLE]},
    "no mask": {"mask": None},
    "a name for a mask": {"mask": "causal"},
    "a small mask": {"mask": [[True]]},
    "a ragged mask": {"mask": [[True] * 8] * 7 + [[True]]},
    "a mask of numbers": {"mask": [[1] * 8] * 8},
    "a false list": {"mask": {"length": 8}},
    "a mask of another phrase": {"example": MOLE},
    "half a token": {"tokens_long": 10.5},
    "too long": {"tokens_long": 10**9},
    "a text as a length": {"tokens_long": "1000"},
    "three bytes": {"bytes": 3},
    "bytes as a text": {"bytes": "2"},
    "a list of bytes": {"bytes": [2]},
}


class TestLinks:
    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        hostile = {name: START | HOSTILE[name] for name in HOSTILE}
        assert mask_of(hands) == START["mask"]
        assert_links_refused(hands, hostile, "its ")

    def test_what_a_link_adds_is_checked(self, hands):
        hands.open_link(START | {"orientation": ["columns"], "selected": [0, 99], "extra": 1})
        assert hands.menu("Queries are").input_value() == "rows"
        assert hands.table("asks").count() == 0


class TestOut:
    @pytest.mark.filterwarnings("error")
    def test_the_snippet_gives_the_numbers_shown(self, hands):
        for seed in range(8):
            hands.open_link(random_state(seed))
            names = {"out": lambda *printed: None}
            exec(hands.copied().replace("print(", "out("), names)
            for way in WAYS:
                wanted = hands.values()[way]["weights"]
                np.testing.assert_allclose(names[way], wanted, atol=1e-6, err_msg=way)

    def test_the_snippet_prints_the_leaks(self, hands, capsys):
        hands.open_link(START | {"mask": holes(8)})
        exec(hands.copied(), {})
        told = re.findall(r"\]\] (\S+)", capsys.readouterr().out)
        wanted = [hands.values()[way]["leak"] for way in WAYS]
        np.testing.assert_allclose([float(t) for t in told], wanted, atol=1e-6)


WRONG = {
    "an unknown phrase": ("example", "one mole", "no example 'one mole'; there are: 'a fluffy"),
    "an unknown mask": ("mask", "adam", "no mask is called 'adam'; there are: everyone, causal"),
    "numbers": ("mask", np.eye(8), "mask has dtype float64; expected booleans"),
    "a small mask": ("mask", [[True]], r"mask has shape \(1, 1\); the phrase has 8 tokens"),
    "a ragged mask": ("mask", [[True], [True, False]], "mask must be rows of booleans"),
    "a cell outside": ("selected", [0, 8], r"selected is \[0, 8\]; expected \[query, key\]"),
    "a negative cell": ("selected", [-1, 0], "selected is .* both below 8"),
    "a number": ("selected", 3, "selected is 3; expected .* both below 8"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = MaskLab(mask="window", selected=[3, 1])
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            MaskLab(**{trait: value})

    @pytest.mark.parametrize(
        "trait, value", [("bytes", 3), ("tokens_long", 9), ("orientation", "sideways")]
    )
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            MaskLab(**{trait: value})

    def test_presets_by_hand(self):
        assert preset("window", 3).astype(int).tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
        assert preset("first is padding", 3).astype(int).tolist() == [
            [0, 0, 0],
            [0, 1, 0],
            [0, 1, 1],
        ]
        assert preset("everyone", 2).all() and not preset("only itself", 2)[0, 1]

    def test_another_phrase_brings_a_mask_that_fits(self):
        figure = MaskLab(mask="window", selected=[6, 1])
        figure.example = MOLE
        assert figure.mask == preset("causal", 5).tolist() and figure.selected is None
        figure.selected = [1, 2]
        figure.example = RANDOM
        assert figure.selected == [1, 2]

    def test_minus_infinity_is_attnlibs_own_mask(self):
        figure = MaskLab(mask=holes(8))
        x = al.trace_attention(
            figure.scores, np.eye(8), np.eye(8), mask=np.array(figure.mask), scale=1
        )
        np.testing.assert_allclose(figure.weights("infinity"), x.weights, atol=1e-12)

    def test_the_text_tells_the_leaks(self):
        figure = MaskLab(mask=holes(8))
        told = re.findall(r"leak (\d\.\d\d)", repr(figure))
        assert told == [f"{figure.leak(way):.2f}" for way in WAYS]
        assert f"{np.sum(~np.array(figure.mask))} of 64 hidden" in repr(figure)


def test_the_three_ways_stand_side_by_side_in_the_book(page_factory, file_url):
    page = page_factory(viewport={"width": 1280, "height": 900})
    page.goto(f"{file_url}chapters/07_masking.html")
    page.wait_for_function("document.fonts.status === 'loaded'")
    hands = Hands(page, "MaskLab")
    boxes = [grid(hands, title).bounding_box() for title in TITLES.values()]
    assert max(box["y"] for box in boxes) - min(box["y"] for box in boxes) < 1
    ends = [(box["x"], box["x"] + box["width"]) for box in boxes]
    assert all(end < start for (_, end), (start, _) in pairwise(ends))
