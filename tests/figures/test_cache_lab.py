"""CacheLab: what is made, read, kept and multiplied equals attnlib's, for every hand and link."""

import re
from itertools import product

import numpy as np
import pytest
import traitlets

import attnlib as al
from attnlib.figures import CacheLab, cached_block
from attnlib.figures.cache_lab import BUGS, SHARINGS, WORDS
from tests.figures.driving import assert_links_refused, centre, names_of, shown_number
from tests.figures.test_hands import NARROW, PHONE
from tests.figures.test_questions import link_state
from tests.figures.test_shared_rules import assert_judged_alike

START = link_state(CacheLab())
SETTINGS = list(product((True, False), SHARINGS, (8, 3), BUGS))
N_ROWS = {"multi-head": 8, "grouped": 4, "multi-query": 2, "latent": 2}
TOLD = {
    "absent": "not written yet",
    "new": "made now",
    "read": "read from the cache",
    "again": "made again",
    "unseen": "made again, outside the window",
    "dropped": "dropped, outside the window",
}


def random_state(seed):
    rng = np.random.default_rng(seed)
    cache, sharing, window, bug = SETTINGS[seed * 7 % len(SETTINGS)]
    return {
        "step": [5, 8, 0, 2, 7][seed % 5],
        **{"cache": cache, "sharing": sharing, "window": window, "bug": bug},
        "selected": [int(rng.integers(N_ROWS[sharing])), int(rng.integers(8))],
    }


def assert_true(hands, state):
    """The page and the figure in Python tell the same numbers, and the whole text is attnlib's."""
    figure, values = CacheLab(**state), hands.values()
    trace, step = figure.trace, state["step"]
    mask = al.window_mask(step, window=state["window"])
    wanted = {
        "outputs": trace.outputs,
        "whole": figure.layer.whole(figure.x, mask=mask),
        "weights": trace.weights if step else [],
        "keys": trace.keys.swapaxes(0, 1),
        "values": trace.values.swapaxes(0, 1),
        "differences": figure.differences,
    }
    for name, array in wanted.items():
        there = np.reshape(values[name], np.shape(array))
        np.testing.assert_allclose(there, array, rtol=1e-6, atol=1e-6, err_msg=f"{name} {state}")
    counts = {
        **{"states": figure.states, "kept": figure.kept, "read": figure.read},
        **{"nKeys": figure.n_keys, "works": [figure.work(place) for place in range(step)]},
    }
    assert {name: values[name] for name in counts} == counts, state
    curve = values["curves"]["kept" if state["cache"] else "without"]
    assert curve[: step + 1] == [sum(figure.total_work[:n]) for n in range(step + 1)]


def number(text):
    """A number that is shown; its last digit may differ where it lies halfway."""
    return float(text.replace("−", "-"))


@pytest.fixture
def hands(lasting):
    return lasting(CacheLab())


def cells(hands):
    return hands.root.locator('[role="gridcell"]')


class TestTruth:
    def test_states_opened_by_a_link_equal_attnlib(self, hands):
        for seed in range(len(SETTINGS)):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)

    def test_every_cell_tells_what_became_of_it(self, hands):
        for seed in range(0, 48, 3):
            state = random_state(seed)
            hands.open_link(state)
            figure = CacheLab(**state)
            wanted = [
                f"{row}, {word}: {TOLD[one]}"
                for row in figure.rows
                for word, one in zip(figure.words, figure.states, strict=True)
            ]
            assert names_of(cells(hands)) == wanted
            legend = hands.root.get_by_role("list", name="cells").all_inner_texts()
            counts = [
                f"{told}: {figure.states.count(one) * len(figure.rows)}"
                for one, told in TOLD.items()
                if one != "absent" and one in figure.states
            ]
            assert [line.strip() for line in "\n".join(legend).split("\n")] == (counts or [""])

    def test_the_bill_and_the_comparison_show_the_numbers(self, hands):
        for seed in (0, 1, 3, 6, 8, 11):
            state = random_state(seed) | {"step": 1 + seed % 8}
            hands.open_link(state)
            figure = CacheLab(**state)
            works = [figure.work(place) for place in range(state["step"])]
            rows = hands.cells("what it takes")
            for row, kind in zip(rows, ("projections", "scores", "mixing"), strict=False):
                told = [row[-2], row[-1]]
                here, all_ = works[-1][kind], sum(work[kind] for work in works)
                assert told == [f"{here:,}", f"{all_:,}"]
                factors = [int(part.split()[0]) for part in row[0].split(" × ")]
                assert np.prod(factors) == here
            assert rows[3][1:] == [f"{figure.total_work[-1]:,}", f"{sum(figure.total_work):,}"]
            assert [rows[5][1], rows[6][1]] == [str(figure.kept), str(2 * figure.kept)]
            every = [CacheLab(**state | {"step": n + 1}).read for n in range(state["step"])]
            assert rows[4][1:] == [str(figure.read), str(sum(every))]
            here, whole = figure.trace.outputs[-1], figure.whole[-1]
            shown = [[number(text) for text in row] for row in hands.cells("what the layer makes")]
            np.testing.assert_allclose(shown, [whole, here, here - whole], atol=5.1e-3)
            equal = hands.root.get_by_text("equal to the last digit shown").count()
            assert equal == (figure.differences[-1] < 1e-9)
            offs = hands.root.get_by_role("list", name="how far each word is off")
            for word, off, told in zip(
                WORDS, figure.differences, offs.locator("li").all_inner_texts(), strict=False
            ):
                assert told == f"{word} " + (
                    "✓" if off < 1e-9 else f"off by {shown_number(float(off))}"
                )

    def test_a_cell_tells_where_its_numbers_come_from(self, hands):
        """Of a key, a value, the latent and the rotary key; and the weights they get."""
        for sharing, selected in product(SHARINGS, ([0, 4], [1, 2])):
            state = START | {"step": 6, "sharing": sharing, "selected": selected}
            hands.open_link(state)
            figure = CacheLab(**state)
            (r, place), trace = selected, figure.trace
            part = trace.values if r else trace.keys
            numbers = part[0, place, : None if r else 2]
            steps = hands.root.locator("ol.al-steps > li").all_inner_texts()
            told = [line.split(" = ")[-1] for line in steps[0].split("\n")[1:]]
            made = np.array([[number(text) for text in told]])
            if r == 0:
                how, shown = steps[1].removesuffix(")").split(": (")
                assert how.endswith(f"by {place} × 57.3°")
                turned = [number(text) for text in shown.split(", ")]
                np.testing.assert_allclose(turned, numbers, atol=5.1e-3)
                made = al.rotate(made, np.array([place]))
            np.testing.assert_allclose(made[0], numbers, atol=0.011)
            heads = hands.cells("read for the")
            readers = [h for h in range(4) if cached_block.key_head_of(trace.keys.shape[0])[h] == 0]
            assert len(heads) == len(readers)
            for h, row in zip(readers, heads, strict=True):
                weight = shown_number(float(trace.weights[h, place]))
                assert weight in row

    @pytest.mark.parametrize("bug", ["none", "offset"])
    def test_a_key_tells_where_it_stands_or_was_told_that_it_stands(self, hands, bug):
        hands.open_link(START | {"step": 6, "bug": bug, "selected": [0, 4]})
        turned = hands.root.locator("ol.al-steps > li").nth(1).inner_text()
        place = 0 if bug == "offset" else 4
        assert ("was told" in turned) == (bug == "offset")
        assert re.search(rf"stands\b.* at {place}, by {place} × 57.3°", turned)

    def test_scores_of_a_key_make_its_weights(self, hands):
        hands.open_link(START | {"step": 8, "sharing": "multi-query"})
        scores = []
        for place in range(8):
            cells(hands).nth(place).click()
            hands.settle()
            rows = hands.cells("read for forest")
            scores.append([number(row[1]) for row in rows])
        weights = al.softmax(np.array(scores).T)
        np.testing.assert_allclose(weights, hands.values()["weights"], atol=0.01)

    @pytest.mark.parametrize("cache", [True, False])
    def test_the_chart_tells_both_totals_and_ones_own(self, hands, cache):
        for step in (3, 8):
            hands.open_link(START | {"cache": cache, "step": step})
            chart = hands.root.locator(".al-growth svg")
            totals = {
                kept: np.cumsum([0, *CacheLab(8, cache=kept).total_work]) for kept in (True, False)
            }
            assert chart.get_attribute("aria-label") == (
                f"After 8 words {totals[False][8]:,} without a cache, {totals[True][8]:,} with a "
                f"cache; here, after {step}, {totals[cache][step]:,}"
            )
            none, most = (float(line.get_attribute("y1")) for line in chart.locator("line").all())
            share = totals[cache][step] / totals[False][8]
            at = float(chart.locator("circle").get_attribute("cy"))
            assert at == pytest.approx(none + share * (most - none))

    def test_no_number_of_the_chart_is_cut_off(self, hands):
        for sharing in SHARINGS:
            hands.open_link(START | {"sharing": sharing})
            lefts = hands.root.locator(".al-growth text").evaluate_all(
                "all => all.map((text) => text.getBBox().x)"
            )
            assert min(lefts) >= 1, (sharing, lefts)

    def test_challenges_are_judged_as_in_python(self, open_figure):
        measures = ["written", "kept", "read", "keys", "work", "growth", "difference", "first"]
        bounds = {"written": 4, "kept": 30, "read": 20, "keys": 3, "work": 400, "growth": 10}
        challenges = [
            {
                **{"id": f"{measure}-{bound}", "text": "", "start": ""},
                "conditions": [{"measure": measure, bound: bounds.get(measure, 0.3)}],
            }
            for measure, bound in product(measures, ("at_least", "at_most"))
        ]
        states = [random_state(seed) for seed in range(20)]
        verdicts = assert_judged_alike(open_figure, CacheLab, challenges, states)
        assert len(set(verdicts)) == len(challenges)  # every one was seen to hold


class TestHands:
    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_the_next_word_is_written_and_taken_back(self, lasting, how):
        hands = lasting(CacheLab(), **(PHONE if how == "touch" else {}))

        def use(name):
            button = hands.button(name)
            {"mouse": button.click, "touch": button.tap}.get(how, lambda: button.press("Enter"))()
            hands.settle()

        use("Write the next word")
        assert_true(hands, START | {"step": 5})
        assert hands.spoken == (
            "roamed, word 5 of 8: 336 multiplications, 64 numbers read from the cache, "
            "output as for the whole text."
        )
        for _ in range(3):
            use("Write the next word")
        assert_true(hands, START | {"step": 8})
        use("Back")
        assert_true(hands, START | {"step": 7})
        use("From the start")
        assert_true(hands, START | {"step": 0})
        assert hands.spoken == "Nothing is written."
        assert hands.table("what it takes").count() == 0
        ends = {"Back": 0, "Write the next word": 8}
        for step in (0, 4, 8):
            hands.open_link(START | {"step": step})
            for name, end in ends.items():
                off = hands.button(name).get_attribute("aria-disabled")
                assert off == ("true" if step == end else "false"), (name, step)

    def test_a_small_difference_is_told_and_what_a_challenge_needs(self, open_figure):
        figure = CacheLab(2, sharing="grouped", bug="offset", challenges="cache-and-groups")
        hands = open_figure(figure)
        for name in ("Back", "Write the next word") * 2:  # the first time a challenge is solved
            hands.button(name).press("Enter")
        assert hands.spoken.endswith("output off by 0.20.")
        hands.menu("Window").select_option("3")
        for n, needs in ((1, "no window"), (3, "no bug")):
            assert f"This one needs {needs}." in hands.open_challenge(n).inner_text()

    def test_keys_walk_the_cells_write_and_take_back(self, hands):
        cells(hands).first.focus()
        hands.press("ArrowDown", "ArrowRight", "ArrowRight", "End", "ArrowLeft")
        assert hands.focused == "value 1, verdant: not written yet"
        assert hands.spoken == "value 1 of verdant: not written yet"
        hands.press("+", "+", "+")
        assert hands.focused == "value 1, verdant: made now"
        hands.press("+", "+", "-", "ArrowLeft")
        hands.settle()
        assert_true(hands, START | {"step": 7})
        assert hands.focused == "value 1, the: read from the cache"

    def test_a_tap_chooses_a_cell(self, lasting):
        hands = lasting(CacheLab(), **PHONE)
        hands.page.touchscreen.tap(*centre(cells(hands).nth(8 + 2)))
        hands.settle()
        assert hands.spoken == "value 1 of blue: read from the cache"
        assert hands.root.get_by_text("value 1 of blue: read from the cache").first.is_visible()

    def test_switches_and_menus_change_the_state(self, hands):
        hands.root.get_by_role("checkbox", name="keep a cache").uncheck()
        hands.menu("Key heads").select_option("grouped")
        hands.menu("Window").select_option("3")
        hands.menu("Bug").select_option("tile")
        hands.settle()
        state = {"cache": False, "sharing": "grouped", "window": 3, "bug": "tile"}
        assert_true(hands, START | state)
        assert "off by 2.34" in hands.spoken
        title = "grouped, without a cache: the whole text is run again, a window of 3 words"
        assert hands.root.get_by_text(f"{title}; a bug: tile in place of repeat").is_visible()

    def test_wires_lead_from_every_query_head_to_the_key_head_that_it_reads(self, hands):
        wanted = {"none": [25, 25, 75, 75], "tile": [25, 75, 25, 75]}
        for bug, places in wanted.items():
            hands.open_link(START | {"sharing": "grouped", "bug": bug})
            wires = hands.root.locator(".al-wires line").evaluate_all(
                "all => all.map(one => ['y1', 'y2'].map(end => parseFloat(one.getAttribute(end))))"
            )
            assert [end for _, end in sorted(wires)] == places
        name = hands.root.locator(".al-wires").get_attribute("aria-label")
        assert name == "query heads 1 and 3 read key head 1; query heads 2 and 4 read key head 2"


HOSTILE = {
    "word nine": {"step": 9},
    "half a word": {"step": 1.5},
    "a word in words": {"step": "3"},
    "a cache in words": {"cache": "yes"},
    "an inherited way": {"sharing": "toString"},
    "a list as a way": {"sharing": ["grouped"]},
    "another window": {"window": 4},
    "a window in words": {"window": "3"},
    "an inherited bug": {"bug": "constructor"},
    "a row too many": {"selected": [8, 0]},
    "a row of another way": {"sharing": "latent", "selected": [2, 0]},
    "a place too many": {"selected": [0, 8]},
    "half a cell": {"selected": [1]},
    "a false cell": {"selected": {"0": 1, "1": 1, "length": 2}},
}


CUT = "all => all.map((one) => one.scrollWidth - one.clientWidth)"


@pytest.mark.parametrize("sharing", ["multi-head", "latent"])
def test_on_a_phone_all_words_numbers_and_reasons_fit(open_figure, sharing):
    figure = CacheLab(6, sharing=sharing, selected=[0, 4])
    hands = open_figure(figure, viewport=NARROW)
    for part in (".al-bands", ".al-compared table", ".al-cache-reasons table"):
        around = hands.root.locator(part).locator("..")
        assert around.evaluate("one => one.scrollWidth - one.clientWidth") <= 0, part
    assert max(hands.root.locator(".al-compared td").evaluate_all(CUT)) <= 0


class TestOut:
    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        assert_links_refused(hands, {name: START | HOSTILE[name] for name in HOSTILE})

    def test_the_snippet_gives_the_numbers_shown(self, hands):
        for seed in range(0, 48, 3):
            hands.open_link(random_state(seed) | {"step": 1 + seed % 8})
            names = {"out": []}
            exec(hands.copied().replace("print(", "out.append("), names)
            np.testing.assert_allclose(names["out"][0], hands.values()["outputs"], atol=5.1e-3)


class Counted(float):
    """A number that counts how often it is multiplied."""

    times = 0

    def __mul__(self, other):
        Counted.times += 1
        return Counted(float(self) * float(other))

    def __add__(self, other):
        return Counted(float(self) + float(other))

    __radd__ = __add__


def product_of(row, matrix):
    """A row times a matrix, in loops."""
    return [sum((a * b for a, b in zip(row, c, strict=True)), 0) for c in zip(*matrix, strict=True)]


def counted_by_hand(how, x, cache, window):
    """Multiplications of projections, scores and mixing for the last word of `x`, one by one."""
    block, rows, held = how.writes, [[Counted(v) for v in row] for row in x], []
    # Latent attention makes the kept numbers once, though they serve as keys and as values.
    values = block.w_v if how.n_kept == 2 * block.w_k.shape[0] * block.w_k.shape[2] else []
    Counted.times, counts = 0, dict.fromkeys(("projections", "scores", "mixing"), 0)

    def count(kind, make):
        before = Counted.times
        made = make()
        counts[kind] += Counted.times - before
        return made

    for place, row in enumerate(rows):
        if place == len(rows) - 1 and cache:
            counts = dict.fromkeys(counts, 0)
        keys = count("projections", lambda row=row: [product_of(row, w) for w in block.w_k])
        own = count("projections", lambda row=row: [product_of(row, w) for w in values])
        held.append((keys, own or [keys[0][2:]]))
        seen = held[-window:]
        for h in range(4):
            g = h // (4 // len(keys))
            query = count("projections", lambda row=row, h=h: product_of(row, block.w_q[h]))
            count(
                "scores",
                lambda q=query, g=g, s=seen: [product_of(q, [[v] for v in k[g]]) for k, _ in s],
            )
            weights = [Counted(1 / len(seen))] * len(seen)
            mixed = count(
                "mixing", lambda w=weights, g=g, s=seen: product_of(w, [v[g] for _, v in s])
            )
            count("projections", lambda m=mixed, h=h: product_of(m, block.w_o[h]))
    return counts


WRONG = {
    "a row too many": ("selected", [8, 0], r"selected is \[8, 0\]; .* below 8 and 8"),
    "a place too many": ("selected", [0, 8], r"selected is \[0, 8\]; .* below 8 and 8"),
    "half a cell": ("selected", [0], r"selected is \[0\]; expected \[row, place\]"),
}


class TestPython:
    @pytest.mark.parametrize("sharing", SHARINGS)
    def test_written_word_by_word_is_the_whole_text_at_once(self, sharing):
        """With latent attention this is the absorption of one matrix into another."""
        for cache, window in product((True, False), (8, 3)):
            figure = CacheLab(8, cache=cache, sharing=sharing, window=window)
            assert np.abs(figure.trace.outputs).min() > 1e-4
            np.testing.assert_allclose(figure.trace.outputs, figure.whole, atol=1e-12)

    def test_when_a_bug_shows(self):
        for cache, sharing, window, bug in SETTINGS:
            figure = CacheLab(8, cache=cache, sharing=sharing, window=window, bug=bug)
            shows = figure.differences > 0.01
            if bug == "tile":
                assert shows.all() if sharing == "grouped" else not shows.any()
            else:
                assert shows.tolist() == [False] + 7 * [bug == "offset" and cache]

    @pytest.mark.parametrize("sharing", SHARINGS)
    def test_multiplications_are_those_that_loops_make(self, sharing):
        for cache, window, step in product((True, False), (8, 3), (1, 2, 6)):
            figure = CacheLab(step, cache=cache, sharing=sharing, window=window)
            by_hand = counted_by_hand(figure.layer, figure.x, cache, window)
            assert figure.work(step - 1) == by_hand

    @pytest.mark.parametrize("sharing", SHARINGS)
    def test_the_cache_holds_what_is_kept_and_no_more(self, sharing, monkeypatch):
        caches = []

        class Recorded(al.Cache):
            def __init__(self):
                super().__init__()
                caches.append(self)

        monkeypatch.setattr(al, "Cache", Recorded)
        for window, step in product((8, 3), (1, 3, 8)):
            figure = CacheLab(step, sharing=sharing, window=window)
            figure.trace  # noqa: B018
            keys, values = caches[-1].keys, caches[-1].values
            n_held = keys.size + values.size
            if sharing == "latent":  # what is mixed is the last part of the keys
                np.testing.assert_allclose(keys[..., 2:], values, atol=1e-12)
                n_held = keys.size
            assert n_held == figure.kept == min(step, window) * figure.layer.n_kept

    def test_shared_keys_are_the_mean_of_their_group(self):
        figure = CacheLab(1, sharing="grouped")
        w_k = np.array(figure.weights["w_k"])
        x = figure.x[0]
        np.testing.assert_allclose(figure.trace.keys[1, 0], x @ (w_k[2] + w_k[3]) / 2, atol=1e-12)

    def test_each_challenge_is_solved_by_its_idea_and_nothing_else(self):
        figure, found = CacheLab(challenges="cache-and-groups"), {}
        figure.close()
        for step, (cache, sharing, window, bug) in product(range(9), SETTINGS):
            figure.set_trait("step", step)
            for name, value in zip(
                ("cache", "sharing", "window", "bug"), (cache, sharing, window, bug), strict=True
            ):
                figure.set_trait(name, value)
            for solved in figure.solved:
                found.setdefault(solved, []).append((step, cache, sharing, window, bug))
        assert found["level"] == [(8, True, sharing, 3, "none") for sharing in SHARINGS]
        assert found["own-keys"] == [(8, True, "latent", 8, bug) for bug in ("none", "tile")]
        assert {(one[1], one[4]) for one in found["asleep"]} == {(True, "offset")}

    def test_what_the_texts_of_the_challenges_claim(self):
        latent, heads = CacheLab(8, sharing="latent"), CacheLab(8)
        assert (latent.kept, heads.kept) == (48, 128)
        assert (latent.total_work[-1], heads.total_work[-1]) == (688, 384)
        assert CacheLab(8, sharing="grouped").n_keys == 2
        assert CacheLab(1, sharing="grouped", bug="tile").differences[0] > 0.1

    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = CacheLab(6, selected=[3, 1])
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before

    @pytest.mark.parametrize(
        "trait, value",
        [("step", 9), ("step", -1), ("window", 4), ("sharing", "many"), ("bug", ""), ("cache", 2)],
    )
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            CacheLab(**{trait: value})

    def test_another_way_to_keep_lets_go_of_a_row_that_it_lacks(self):
        figure = CacheLab(selected=[6, 1])
        figure.sharing = "grouped"
        assert figure.selected is None
        figure.selected = [1, 1]
        figure.sharing = "latent"
        assert figure.selected == [1, 1]

    def test_the_text_tells_the_counts(self):
        assert repr(CacheLab(8, sharing="latent", window=3, bug="offset")) == (
            "CacheLab: 8 of 8 words written, latent, with a cache, a window of 3\n"
            "   kept: 18 numbers, 36 bytes\n"
            "   “forest”: 12 numbers read, 488 multiplications, 3,784 in all\n"
            "   its output is off by 3.97 (bug: offset)"
        )
        assert repr(CacheLab(0)).endswith("multi-head, with a cache")
