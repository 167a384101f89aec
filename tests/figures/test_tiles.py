"""Tiles: tile by tile the same as at once, and each fault is the one that real code has."""

import json
import re
from itertools import permutations

import numpy as np
import pytest
import traitlets

import attnlib as al
from attnlib.figures import Tiles
from attnlib.figures.page import page_state
from attnlib.figures.tiles import COLUMNS, ROWS
from tests.figures.driving import assert_links_refused, centre, mouse_drag, names_of
from tests.figures.test_hands import NARROW
from tests.figures.test_questions import STATES

START = {name: getattr(Tiles(), name) for name in STATES["Tiles"]}
EVERY = {"order": [0, 1, 2]}
SIX = START["scores"]
AT_ONCE = al.attention(
    np.ones((1, 1)), np.array(START["scores"])[:, None], np.array(START["values"]), scale=1.0
)[0]


def random_state(seed):
    """Rows of 2 to 12, some of their tiles in any order, and now and then scores that overflow."""
    rng = np.random.default_rng(seed)
    n, size = int(rng.integers(2, 13)), int(rng.integers(1, 7))
    taken = rng.permutation(-(-n // size))[: rng.integers(1, 8)].tolist()
    window = None if rng.random() < 0.5 else int(rng.integers(1, n + 1))
    return {
        "scores": (rng.normal(size=n) * rng.choice([2, 400])).clip(-1000, 1000).round(3).tolist(),
        "values": rng.normal(size=(n, 2)).round(3).tolist(),
        **{"tile": size, "order": taken, "window": window, "kept": int(rng.integers(0, 3))},
        "maximum": str(rng.choice(["running", "running", "none"])),
        "correction": str(rng.choice(["both", "both", "sum"])),
        "selected": [int(rng.integers(len(taken))), int(rng.integers(len(COLUMNS)))],
    }


def assert_true(hands, state):
    """The ledger, its result and the row at once are attnlib's."""
    figure, values = Tiles(**state), hands.values()
    names = ("tile", "own", "top", "factor", "total", "output")
    for line, wanted in zip(values["lines"], figure.trace, strict=True):
        for name in names:
            told = f"{name} of {state}"
            np.testing.assert_allclose(line[name], getattr(wanted, name), rtol=1e-6, err_msg=told)
    pairs = {
        "result": (values["result"], figure.result),
        "weights": (values["whole"]["weights"], figure.weights),
        "output": (values["whole"]["output"], figure.output),
        "mask": (values["seen"], figure.mask),
    }
    for name, (got, wanted) in pairs.items():
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6, err_msg=f"{name}: {state}")


def by_hand(scores, values, tiles, correct):
    """The online softmax as papers write it; `correct` is whether the output is corrected too."""
    top, total, output = -np.inf, 0.0, np.zeros(2)
    for tile in tiles:
        new = max(top, *(scores[j] for j in tile))
        powers = np.exp([scores[j] - new for j in tile])
        total = total * np.exp(top - new) + powers.sum()
        output = output * (np.exp(top - new) if correct else 1) + powers @ values[list(tile)]
        top = new
    return output / total


@pytest.fixture
def hands(lasting):
    return lasting(Tiles())


def cells(hands):
    """The names of the ledger's cells, line by line."""
    names = names_of(hands.root.get_by_role("grid", name="the ledger").locator("[data-at]"))
    return np.reshape(names, (-1, len(COLUMNS))).tolist()


def cell(hands, line, column):
    return hands.root.locator(f'[data-at="{line},{column}"]')


def account(hands):
    hands.rest()
    return hands.root.locator(".al-strip li").all_inner_texts()


def says(hands, text):
    """Whether the figure says `text` once what was changed is at rest."""
    hands.rest()
    return hands.root.get_by_text(text).is_visible()


def tile(hands, n):
    return hands.root.get_by_role("button", name=re.compile(f"^tile {n} "))


class TestTruth:
    def test_random_states_equal_attnlib(self, hands):
        seen = []
        for seed in range(40):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)
            seen.append(np.isfinite(hands.values()["result"]).all())
        assert 0.1 < np.mean(seen) < 1  # both what overflows, and what does not
        assert hands.page.record.errors == []

    def test_every_order_of_six_tiles_gives_the_row_at_once(self, core):
        row = START | {"tile": 1, "selected": None}
        orders = [list(order) for order in permutations(range(6))]
        traces = core("tiles", "trace", [[row | {"order": order}] for order in orders])
        results = np.array([trace["result"] for trace in traces])
        np.testing.assert_allclose(results, np.tile(AT_ONCE, (720, 1)), atol=1e-12)

    def test_what_is_left_out_is_not_read_yet(self, hands):
        hands.open_link(START | {"order": [2, 0]})
        keys = [4, 5, 0, 1]
        k, v = np.array(START["scores"])[keys, None], np.array(START["values"])[keys]
        partial = al.attention(np.ones((1, 1)), k, v, scale=1.0)[0]
        np.testing.assert_allclose(hands.values()["result"], partial, atol=1e-12)
        assert says(hands, "1 tile left.")
        assert hands.cells("tile by tile")[-1] == ["", ""]

    def test_the_ledger_of_the_chapter_worked_by_hand(self, hands):
        hands.open_link(START | EVERY)
        assert [line[3] for line in cells(hands)] == [
            "tile 1, sum: 0 × 0 + 1.368 = 1.368",
            "tile 2, sum: 1.368 × 0.135 + 1.018 = 1.203",
            "tile 3, sum: 1.203 × 1 + 0.418 = 1.621",
        ]
        assert cells(hands)[1] == [
            "tile 2, its maximum: 4",
            "tile 2, running maximum: 4",
            "tile 2, correction: exp(2 − 4) = 0.135",
            "tile 2, sum: 1.368 × 0.135 + 1.018 = 1.203",
            "tile 2, output 1: 1 × 0.135 + 2.055 = 2.190",
            "tile 2, output 2: 0.736 × 0.135 + 0.982 = 1.081",
        ]
        assert hands.cells("tile by tile")[2:4] == [["1.124", "0.986"]] * 2
        assert says(hands, "Equal but for rounding. ✓")

    def test_every_number_tells_where_it_came_from(self, hands):
        hands.open_link(START | EVERY)
        wanted = {
            (0, 2): ["exp(−∞ − 2) = 0", "There was nothing yet: 0 is multiplied."],
            (1, 0): ["max(4, 0) = 4"],
            (1, 1): ["max(2, 4) = 4", "It rises: what came before is corrected."],
            (2, 1): ["max(4, 3) = 4", "It stays."],
            (1, 2): [
                "exp(2 − 4) = 0.135",
                "Every term so far was exp(score − 2). Times this it is exp(score − 4).",
            ],
            (2, 2): ["The maximum stays, so nothing is corrected: × 1."],
            (1, 3): [
                "the tile: exp(4 − 4) + exp(0 − 4)",
                "1 + 0.018 = 1.018",
                "all: 1.368 × 0.135 + 1.018 = 1.203",
            ],
            (2, 4): [
                "the tile: exp(3 − 4) · (−1) + exp(1 − 4) · 0",
                "0.368 · (−1) + 0.050 · 0 = −0.368",
                "all: 2.190 × 1 + (−0.368) = 1.822",
            ],
        }
        for (line, column), lines in wanted.items():
            cell(hands, line, column).click()
            assert account(hands) == lines


class TestFaults:
    def test_without_a_maximum_it_breaks_where_float64_ends(self, core):
        scores = np.linspace(709.5, 710, 201)
        rows = [{"scores": [float(score), 0.0], "values": [[1, 0], [0, 1]]} for score in scores]
        more = {"tile": 2, "order": [0], "window": None, "kept": 0, "correction": "both"}
        traces = core("tiles", "trace", [[row | more | {"maximum": "none"}] for row in rows])
        with np.errstate(over="ignore"):
            ends = np.isfinite(np.exp(scores) + 1)
        assert [np.isfinite(trace["lines"][0]["total"]) for trace in traces] == ends.tolist()
        assert 0 < ends.sum() < len(ends)

    def test_infinity_and_what_is_no_number_are_told(self, hands):
        hands.open_link(START | EVERY | ROWS["six scores, 200 times"] | {"maximum": "none"})
        assert [line[3] for line in cells(hands)][1:] == [
            "tile 2, sum: 5.2e+173 + ∞ = ∞",
            "tile 3, sum: ∞ + 3.8e+260 = ∞",
        ]
        assert hands.cells("tile by tile")[2:4] == [["not a number"] * 2, ["2", "1"]]
        assert says(hands, "Infinity divided by infinity is not a number")
        hands.root.get_by_role("checkbox", name="subtract the running maximum").check()
        hands.settle()
        assert hands.cells("tile by tile")[2:4] == [["2", "1"]] * 2

    def test_a_sum_that_vanishes_is_told(self, hands):
        low = [score - 800 for score in START["scores"]]
        hands.open_link(START | EVERY | {"maximum": "none", "scores": low})
        assert says(hands, "Every exp was rounded to 0")
        hands.open_link(START | EVERY | {"maximum": "none", "scores": [s + 58 for s in low]})
        assert says(hands, "so small that its digits are lost")

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_a_correction_of_the_sum_alone(self, order):
        figure = Tiles(order=list(order), correction="sum")
        tiles = [range(2 * n, 2 * n + 2) for n in order]
        row = np.array(START["scores"]), np.array(START["values"])
        np.testing.assert_allclose(figure.result, by_hand(*row, tiles, False), atol=1e-12)
        np.testing.assert_allclose(by_hand(*row, tiles, True), AT_ONCE, atol=1e-12)
        hidden = figure.measure({"measure": "difference"}) < 1e-12
        assert hidden == (order[0] == 1)  # where the largest score comes first

    def test_the_bug_is_told_where_it_works(self, hands):
        hands.open_link(START | EVERY | {"correction": "sum", "selected": [1, 4]})
        assert account(hands)[-2:] == [
            "all: 1 × 1 + 2.055 = 3.055",
            "The bug: what came before should be times 0.135, as in the sum.",
        ]
        assert says(hands, "the output before was not corrected")

    def test_an_empty_tile_changes_nothing_wherever_it_comes(self, hands):
        for order in permutations(range(3)):
            hands.open_link(START | {"order": order, "window": 1, "kept": 1})
            lines = hands.values()["lines"]
            n = order.index(1)
            start = {"top": -np.inf, "total": 0, "output": [0, 0]}
            before = lines[n - 1] if n else start
            assert [lines[n][name] for name in start] == [before[name] for name in start]
            assert lines[n]["factor"] == 1
            np.testing.assert_allclose(hands.values()["result"], Tiles(window=1, kept=1).output)
        cell(hands, n, 3).click()
        assert cells(hands)[n][3].startswith("tile 2, sum: as it was: ")
        assert account(hands)[1].startswith("Nothing changes. −∞ − (−∞) would be not a number")
        assert says(hands, "The query, at key 6, sees 2 keys: 1 and 6. 1 tile is empty.")


class TestHands:
    def test_a_line_that_is_given_back_is_not_chosen_any_more(self, hands):
        hands.open_link(START | EVERY)
        for change in (tile(hands, 2).click, lambda: hands.menu("tiles of").select_option("3")):
            cell(hands, len(hands.values()["lines"]) - 1, 4).click()
            change()
            assert account(hands) == []
            address = hands.copied("Copy link")
            hands.follow(address[address.index("#") :])
            assert hands.spoken.startswith("This is the state that the link holds.")

    def test_tiles_are_taken_in_any_order_and_given_back(self, hands):
        hands.button("Begin again").click()
        assert says(hands, "The ledger is empty.")
        tile(hands, 3).click()
        tile(hands, 1).press("Enter")
        hands.button("Next tile").press("Enter")
        hands.hears("tile 2: maximum 4, correction 0.368, sum 1.621, output 1.822 and 1.598")
        assert [line[0] for line in cells(hands)] == [
            f"tile {n}, its maximum: {own}" for n, own in ((3, 3), (1, 2), (2, 4))
        ]
        places = [tile(hands, n).inner_text().split()[-1] for n in (1, 2, 3)]
        assert places == ["2nd", "3rd", "1st"]
        tile(hands, 1).press(" ")
        hands.hears("tile 1 is given back")
        assert tile(hands, 1).get_attribute("aria-pressed") == "false"
        assert [line["tile"] for line in hands.values()["lines"]] == [2, 1]
        hands.button("Next tile").click()
        hands.button("Next tile").click()
        hands.hears("Every tile is taken.")

    def test_a_number_for_all_scores_changes_no_weight(self, hands):
        before = hands.values()["whole"]["weights"]
        hands.button("+100").press("Enter")
        hands.button("−1").press("Enter")
        assert hands.values()["scores"] == [score + 99 for score in START["scores"]]
        np.testing.assert_allclose(hands.values()["whole"]["weights"], before, atol=1e-12)
        for _ in range(9):
            hands.button("+100").press("Enter")
        hands.hears("A score would leave −1000 to 1000. They were kept.")
        assert max(hands.values()["scores"]) == 903 + 0

    def test_scores_and_values_are_typed_and_dragged(self, hands):
        hands.cell("row", "value 2", 3).focus()
        hands.press("7", "Enter")
        hands.cell("row", "score", 3).focus()
        hands.press("PageUp", "ArrowRight")
        mouse_drag(hands.page, centre(hands.cell("row", "score", 1)), (-40, 0))
        hands.settle()
        row = {
            "scores": [1.0, 1, 5, 0, 3, 1],
            "values": [[1, 0], [0, 2], [2, 7], *START["values"][3:]],
        }
        assert hands.values()["scores"] == row["scores"]
        assert_true(hands, START | row)

    def test_menus_cut_the_row_and_hide_of_it(self, hands):
        hands.menu("Row").select_option("a designed resting place")
        assert hands.values()["lines"] == []
        hands.menu("tiles of").select_option("5")
        for _ in range(3):
            hands.button("Next tile").click()
        hands.menu("window").select_option("2")
        hands.menu("also kept").select_option("1")
        hands.settle()
        state = {"tile": 5, "order": [0, 1, 2], "window": 2, "kept": 1}
        assert_true(hands, START | ROWS["a designed resting place"] | state)
        hands.menu("tiles of").select_option("6")
        hands.settle()
        assert [line["tile"] for line in hands.values()["lines"]] == [0, 1]
        assert hands.menu("Row").input_value() == "a designed resting place"
        hands.button("+1").click()
        assert hands.menu("Row").input_value() == ""

    def test_arrow_keys_walk_the_ledger(self, hands):
        hands.open_link(START | EVERY)
        cell(hands, 0, 0).focus()
        hands.press("ArrowDown", "ArrowRight", "ArrowRight", "End", "ArrowUp", "ArrowUp")
        assert hands.focused.startswith("tile 1, output 2: ")
        assert account(hands)[-1] == "all: 0 × 0 + 0.736 = 0.736"


# A widget of a notebook, to which a kernel tells each change by itself.
KERNEL = """async ([state, changes]) => {
    const heard = {};
    const model = {
        get: (name) => state[name],
        set: (name, value) => (state[name] = value),
        on: (event, tell) => (heard[event] ??= []).push(tell),
        off() {},
        save_changes() {},
    };
    const view = attnlib.widget();
    view.initialize({ model });
    const el = document.body.appendChild(document.createElement("div"));
    const end = view.render({ el });
    const results = [];
    for (const [name, value] of changes) {
        state[name] = value;
        for (const tell of heard[`change:${name}`] ?? []) tell();
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        results.push(el.querySelector("[data-attnlib-figure]").attnlibValues().result);
    }
    end();
    el.remove();
    return results;
}"""


def test_a_kernel_that_tells_one_thing_after_the_other_is_followed(hands):
    figure, changes = Tiles("twelve scores", order=[5, 1, 0], selected=[2, 4]), []
    start = json.loads(page_state(figure))
    figure.observe(lambda change: changes.append([change.name, change.new]), STATES["Tiles"])
    for name, value in (("tile", 6), ("scores", [1, 2, 3]), ("scores", SIX), ("tile", 1)):
        setattr(figure, name, value)
    figure.order = [4, 2]
    results = hands.page.evaluate(KERNEL, [start, changes])
    assert len(results) == len(changes) > 5
    np.testing.assert_allclose(results[-1], figure.result)
    assert hands.page.record.errors == []


def test_on_paper_nothing_is_cut_off(open_figure):
    """Paper is as wide as the medium screen, and does not scroll."""
    for row, n in (("six scores", 3), ("twelve scores", 6)):
        figure = Tiles(row, order=list(range(n)), selected=[1, 4])
        hands = open_figure(figure, viewport={"width": 740, "height": 1000})
        hands.page.emulate_media(media="print")
        hands.settle()
        cut = "all => all.map((one) => one.scrollWidth - one.clientWidth)"
        assert max(hands.root.locator(".al-scroll").evaluate_all(cut)) <= 0, row


HOSTILE = {
    "no scores": {"scores": None},
    "one score": {"scores": [1]},
    "thirteen scores": {"scores": [0] * 13},
    "a word": {"scores": ["2", 1, 4, 0, 3, 1]},
    "a false list": {"scores": {"length": 6}},
    "an enormous score": {"scores": [1e9, 1, 4, 0, 3, 1]},
    "no value": {"values": None},
    "a value too few": {"values": [[0, 0]] * 5},
    "a value of three": {"values": [[0, 0, 0]] * 6},
    "no tile": {"tile": 0},
    "half a tile": {"tile": 0.5},
    "a tile that is not there": {"order": [3]},
    "a tile twice": {"order": [1, 1]},
    "half a tile taken": {"order": [0.5]},
    "no order": {"order": None},
    "an inherited maximum": {"maximum": "toString"},
    "a correction of neither": {"correction": "none"},
    "a window of nothing": {"window": 0},
    "a negative keep": {"kept": -1},
    "a line that is not there": {"selected": [1, 0]},
    "a column that is not there": {"selected": [0, 6]},
    "half a choice": {"selected": [0]},
}


def test_hostile_links_are_refused_with_a_sentence(hands):
    spoilt = {name: START | wrong for name, wrong in HOSTILE.items()}
    assert_links_refused(hands, spoilt, because="its ")


SNIPPETS = {
    "all": EVERY,
    "some, in a window": {"order": [2, 1], "window": 3, "kept": 1},
    "an empty tile first": {"order": [1, 0, 2], "window": 1, "kept": 1},
    "the bug": EVERY | {"correction": "sum"},
    "the bug in a window": {"order": [1, 0, 2], "correction": "sum", "window": 2, "kept": 1},
    "no maximum": EVERY | {"maximum": "none"},
    "no tile": {"order": []},
}


def test_the_snippets_print_the_numbers_shown(hands, capsys):
    for name, state in SNIPPETS.items():
        hands.open_link(START | state)
        exec(hands.copied(), {})
        printed = [float(n) for n in re.findall(r"-?\d+\.\d*", capsys.readouterr().out)]
        values = hands.values()
        wanted = [*values["whole"]["output"], *(values["result"] if state["order"] else [])]
        np.testing.assert_allclose(printed, wanted, atol=1e-6, err_msg=name)


WRONG = {
    "one score": ("scores", [1], "1 scores; the figure draws 2 to 12"),
    "no scores": ("scores", None, "scores is None; expected a list of numbers"),
    "words": ("scores", ["a", "b"], "scores must hold numbers, not"),
    "NaN": ("scores", [1, np.nan], "scores must hold numbers between -1000 and 1000"),
    "no values": ("values", None, "values is None; expected rows of numbers"),
    "a value too few": ("values", [[0, 0]], r"values has shape \(1, 2\); expected \(6, 2\)"),
    "values of three": ("values", np.ones((6, 3)), r"shape \(6, 3\); expected \(6, 2\)"),
    "a tile that is not there": ("order", [3], "order is .3.; expected .* from 0 to 2"),
    "a tile twice": ("order", [1, 1], r"order is \[1, 1\]; expected different tiles"),
    "half a tile": ("order", [0.5], "order is .0.5.; expected different tiles, whole numbers"),
    "no order": ("order", None, "order is None; expected different tiles"),
    "a line that is not there": ("selected", [1, 0], r"expected \[line, column\] below 1 and 6"),
}


def test_on_a_phone_buttons_row_and_outcome_are_not_cut(open_figure):
    figure = Tiles("six scores, 200 times", maximum="none", order=[0, 1, 2])
    hands = open_figure(figure, viewport=NARROW)
    hidden = "all => all.map((one) => one.scrollWidth - one.clientWidth)"
    for part in (".al-presets", ".al-scroll", ".al-online-row td", ".al-online-outcome"):
        assert max(hands.root.locator(part).evaluate_all(hidden)) <= 0, part
    tables = hands.root.locator(".al-online-row table")
    ends = "all => all.map((one) => one.getBoundingClientRect().right)"
    assert len(set(tables.evaluate_all(ends))) == 1  # the same columns


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = Tiles()
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            Tiles(**{trait: value})

    @pytest.mark.parametrize("trait, value", [("tile", 0), ("window", 0), ("kept", -1)])
    def test_what_is_out_of_range_is_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            Tiles(**{trait: value})

    def test_an_unknown_row_is_refused_with_the_known_ones(self):
        with pytest.raises(ValueError, match="no row is called 'long'; there are: six scores, "):
            Tiles("long")

    def test_what_is_gone_is_let_go(self):
        figure = Tiles("twelve scores", order=[5, 1, 0], selected=[2, 4])
        figure.tile = 6
        assert (figure.order, figure.selected) == ([1, 0], None)
        figure.scores = [1, 2, 3]
        assert (figure.order, len(figure.values)) == ([0], 3)
        assert Tiles(scores=[5, 6]).output.shape == (2,)

    def test_the_text_tells_the_ledger(self):
        assert Tiles(**EVERY).describe().splitlines() == [
            "Tiles: 6 scores in tiles of 2",
            "tile  1: maximum 2.000, correction 0.000, sum 1.368, output (1.000, 0.736)",
            "tile  2: maximum 4.000, correction 0.135, sum 1.203, output (2.190, 1.081)",
            "tile  3: maximum 4.000, correction 1.000, sum 1.621, output (1.822, 1.598)",
            "output over sum (1.124, 0.986)",
            "the whole row at once (1.124, 0.986)",
        ]
