"""BreakIt: each bug is computed on the page as in Python, and found by its symptoms."""

import re
from dataclasses import asdict
from itertools import combinations

import numpy as np
import pytest
import traitlets

from attnlib import bugs, world
from attnlib.bugs import BUGS, SPLIT_BUGS, WINDOW_BUGS
from attnlib.figures import BreakIt
from attnlib.figures.break_it import CASES, MASKS
from attnlib.figures.seeded import shuffled
from tests.figures.driving import assert_links_refused, ink_of, shown_number
from tests.figures.test_hands import PHONE, axis_words
from tests.figures.test_questions import link_state
from tests.figures.test_shared_rules import assert_judged_alike

WORDS = list(world.PHRASES.vocabulary)
START = link_state(BreakIt())
PAIRS = [pair for pair in combinations(BUGS, 2) if set(pair) not in bugs.EXCLUDE_EACH_OTHER]
SEVERAL = [[], *([bug] for bug in BUGS), *map(list, PAIRS)]
SEVERAL += [["axis", "unscaled", "inverted", "half"], ["after", "d_model", "transposed", "axis"]]
ARRAYS = ("weights", "scores", "output")


def number(value):
    return "not a number" if np.isnan(value) else shown_number(float(value))


def span(ends):
    low, high = map(number, ends)
    return low if low == high else f"{low} to {high}"


GAUGES = {
    "rows": ("a row of weights sums to", span),
    "columns": ("a column of weights sums to", span),
    "leak": ("weight on hidden keys", number),
    "past": ("earlier outputs move with the last word, by", number),
    "nans": ("weights that are not a number", str),
    "entropy": ("entropy of a row, in bits", number),
    "alive": ("rows that still learn", lambda share: f"{shown_number(share * 100, 0)}%"),
    "ratio": ("scores, times what they should be", span),
    "error": ("largest error of a weight", number),
}


def random_state(seed, broken=None):
    rng = np.random.default_rng(seed)
    n_tokens = [3, 16, 8, 5][seed % 4]
    broken = SEVERAL[seed % len(SEVERAL)] if broken is None else broken
    return START | {
        "sentence": " ".join(rng.choice(WORDS, n_tokens)),
        "mask": list(MASKS)[seed % 3],
        "bugs": rng.permutation(broken).tolist(),
        "orientation": str(rng.choice(["rows", "columns"])),
        "show": str(rng.choice(["dots", "weights", "scores"])),
        "selected": rng.integers(n_tokens, size=2).tolist(),
    }


def assert_true(hands, state):
    figure, values = BreakIt(**state), hands.values()
    for name in ARRAYS:
        wanted = getattr(figure.trace, name)
        np.testing.assert_allclose(values[name], wanted, rtol=1e-6, atol=1e-6, err_msg=str(state))
    for name, wanted in asdict(figure.symptoms).items():
        told = values["symptoms"][name]
        np.testing.assert_allclose(told, wanted, rtol=1e-6, atol=1e-6, err_msg=f"{name} {state}")
    assert values["active"] == figure.active


def gauges(hands):
    """The gauges as shown: `{label: [no bug, here]}`."""
    labels = hands.table("symptoms").locator("tbody").get_by_role("rowheader").all_inner_texts()
    return dict(zip(labels, hands.cells("symptoms"), strict=True))


def assert_gauges(hands, state):
    here = BreakIt(**state).symptoms
    right = BreakIt(**state | {"bugs": [], "case": ""}).symptoms
    shown = gauges(hands)
    for name, (label, text) in GAUGES.items():
        should, is_ = text(getattr(right, name)), text(getattr(here, name))
        assert shown[label] == [should, is_ + (" ≠" if should != is_ else "")], state
    assert len(shown) == len(GAUGES)


@pytest.fixture
def hands(lasting):
    return lasting(BreakIt())


def switch(hands, bug):
    return hands.root.get_by_role("checkbox", name=BUGS[bug], exact=True)


def guess(hands, bug):
    return hands.root.get_by_role("radio", name=BUGS[bug], exact=True)


class TestTruth:
    @pytest.mark.parametrize("mask", MASKS)
    def test_every_bug_and_every_pair_equal_python(self, hands, mask):
        for seed, broken in enumerate(SEVERAL):
            state = random_state(seed, broken) | {"mask": mask}
            hands.open_link(state)
            assert_true(hands, state)

    def test_the_bug_of_many_heads_equals_python_where_it_is_offered(self, open_figure):
        offered = {"known": BUGS | SPLIT_BUGS}
        hands = open_figure(BreakIt(**offered))
        for seed, others in enumerate([[], ["axis"], ["half"], ["transposed", "inverted"]]):
            state = random_state(seed, ["reshape", *others])
            hands.open_link(state)
            assert_true(hands, state | offered)
            touched = gauges(hands)["queries that change with the first word"]
            assert touched == ["1", "2 ≠"]

    def test_the_bug_of_windows_equals_python_where_it_is_offered(self, open_figure):
        offered = {"known": BUGS | WINDOW_BUGS}
        hands = open_figure(BreakIt(**offered))
        for seed, others in enumerate([[], ["axis"], ["half"], ["transposed", "inverted"]]):
            for mask in MASKS:
                state = random_state(seed, ["wide", *others]) | {"mask": mask}
                hands.open_link(state)
                assert_true(hands, state | offered)
                leaks = gauges(hands)["weight on hidden keys"][1]
                assert others or leaks.endswith("≠") == (mask == "padding")

    def test_the_gauges_show_the_rounded_symptoms(self, hands):
        for seed in range(24):
            state = random_state(seed)
            hands.open_link(state)
            assert_gauges(hands, state)

    def test_the_pattern_shows_what_entered_and_what_left_the_softmax(self, hands):
        for seed in range(16):
            state = random_state(seed) | {"orientation": "rows"}
            hands.open_link(state)
            weights, entering = (np.ravel(hands.values()[name]) for name in ("weights", "entering"))
            assert self.hidden_in(state).sum() == (entering == -np.inf).sum()
            words = state["sentence"].split()
            names = [
                f"query {words[n // len(words)]}, key {words[n % len(words)]}: "
                f"score {number(score)}, weight {number(weight)}"
                for n, (score, weight) in enumerate(zip(entering, weights, strict=True))
            ]
            assert hands.pattern_names == names
            texts = map(self.text, [state["show"]] * len(weights), entering, weights)
            assert hands.pattern_texts == list(texts)

    def hidden_in(self, state):
        """Which cells enter the softmax as minus infinity."""
        figure = BreakIt(**state)
        keep = ~figure.keep if "inverted" in figure.bugs else figure.keep
        return np.zeros_like(keep) if "after" in figure.bugs else ~keep

    def text(self, show, score, weight):
        if show == "scores":
            return "−∞" if score == -np.inf else shown_number(float(score), 1)
        if np.isnan(weight):
            return "NaN"
        if score == -np.inf:
            return "−∞"
        return number(weight) if show == "weights" else ""

    def test_weights_that_are_no_number_are_marked_and_have_no_dot(self, hands):
        hands.open_link(START | {"mask": "padding", "bugs": ["half"]})
        marked = hands.pattern.locator(".al-broken-cell")
        assert marked.all_inner_texts() == ["NaN"] * 8
        empty = "all => all.map(one => one.matches('.al-broken-cell, .al-masked'))"
        blank = ink_of(hands.pattern_cells)[0] == 0
        np.testing.assert_array_equal(blank, hands.pattern_cells.evaluate_all(empty))
        colour = "cell => getComputedStyle(cell).color"
        token = "cell => getComputedStyle(cell).getPropertyValue('--al-wrong')"
        rgb = [int(n) for n in re.findall(r"\d+", marked.first.evaluate(colour))]
        assert "#" + "".join(f"{n:02x}" for n in rgb) == marked.first.evaluate(token).strip()
        hands.open_link(START | {"mask": "padding", "bugs": []})
        assert marked.count() == 0

    def test_the_line_below_tells_between_what_the_sums_lie(self, hands):
        line = hands.root.get_by_text(re.compile("^Each (row|column) of weights sums to"))
        for seed in range(14):
            state = random_state(seed)
            hands.open_link(state)
            hands.rest()
            sums = np.sum(hands.values()["weights"], axis=1)
            known = sums[~np.isnan(sums)]
            told = [span([known.min(), known.max()])] if known.size else []
            told = ["between " + t.replace(" to ", " and ") if " to " in t else t for t in told]
            told += ["not a number"] if known.size < sums.size else []
            side = {"rows": "row", "columns": "column"}[state["orientation"]]
            wanted = f"Each {side} of weights sums to {', or to what is '.join(told)}."
            assert line.inner_text() == wanted

    def test_the_steps_show_the_arithmetic_of_the_chosen_cell(self, hands):
        for seed in range(20):
            state = random_state(seed)
            hands.open_link(state)
            values, (i, j) = hands.values(), state["selected"]
            divide, enter, softmax, weight = (
                hands.root.locator("ol.al-steps").get_by_role("listitem").all_inner_texts()
            )
            assert divide.endswith(f" = {number(values['scores'][i][j])}")
            entering = np.array(values["entering"])
            assert enter.endswith(f"into the softmax goes {number(entering[i, j])}")
            late = ", but only after the softmax" in enter  # the score is not touched
            is_hidden = entering[i, j] < -1000 or late
            assert enter.startswith(f"the program {'hides it' if is_hidden else 'lets it be seen'}")
            line = entering[:, j] if "axis" in state["bugs"] else entering[i]
            if line.max() == -np.inf:
                lost = "not a number" if "half" in state["bugs"] else "all weights are 0"
                assert softmax.endswith(lost)
            else:
                powers = np.exp(np.array([entering[i, j], *line]) - line.max())
                power, total = (shown_number(float(n), 3) for n in (powers[0], powers[1:].sum()))
                share = number(powers[0] / powers[1:].sum())
                assert softmax.endswith(f": {power} ÷ {total} = {share}")
            assert weight.startswith(f"weight: {number(values['weights'][i][j])}")
            assert ("should be hidden" in weight) == (not BreakIt(**state).keep[i, j])

    def test_the_hidden_bugs_are_those_of_python(self, hands):
        for seed in (*range(8), 999_999):
            figure = BreakIt(seed=seed)
            for case in CASES:
                hands.open_link(START | {"seed": seed, "case": case, "mask": "padding"})
                assert hands.values()["active"] == [figure.hidden[case]]
            assert_true(hands, START | {"seed": seed, "case": case, "mask": "padding"})
        assert len({tuple(BreakIt(seed=s).hidden.values()) for s in range(30)}) > 20

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed) for seed in range(10)]
        right = {case: [bug] for case, bug in BreakIt().hidden.items()}
        states += [START | {"case": "B", "named": right, "mask": "padding"}]
        states += [START | {"named": {"A": right["A"], "B": ["axis", *right["B"]]}}]
        verdicts = assert_judged_alike(open_figure, BreakIt, random_challenges(0), states)
        assert 10 < len(verdicts) < 150  # both verdicts were seen


def random_challenges(seed, count=14):
    rng = np.random.default_rng(seed)
    measures = ["rows-least", "rows-most", "leak", "past", "nans", "error", "bugs", "found"]

    def condition():
        bound = str(rng.choice(["at_least", "at_most"]))
        return {"measure": str(rng.choice(measures)), bound: float(rng.choice([0, 0.4, 1, 2]))}

    def challenge(n):
        given = [{}, {"case": ""}, {"mask": str(rng.choice(["everyone", "causal"]))}][n % 3]
        conditions = [condition() for _ in range(rng.integers(1, 3))]
        text = {"id": f"c{n}", "text": f"{n}.", "start": "", "given": given}
        return text | {"conditions": conditions}

    return [challenge(n) for n in range(count)]


class TestCore:
    def test_half_precision_rounds_as_numpy_does(self, core):
        rng = np.random.default_rng(0)
        spread = rng.normal(size=4000) * 10.0 ** rng.uniform(-9, 6, size=4000)
        exact = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(float)[::7]
        middles = (exact[:-1] + exact[1:]) / 2
        tiny = 2.0 ** np.arange(-30, -13) * np.array([1, 1.5, 3])[:, None]
        edges = [0, 65504, 65519.99, 65520, 65536, 1e9, 1e300, 2**-24, 2**-25, 2**-25 * 1.0001]
        ties = [exact, middles, np.nextafter(middles, 0), np.nextafter(middles, 9e9)]
        numbers = np.concatenate([spread, *ties, tiny.ravel(), edges])
        numbers = np.concatenate([numbers, -numbers])
        with np.errstate(over="ignore"):
            wanted = numbers.astype(np.float16).astype(float)
        got = core("bugs", "half", [[number] for number in numbers.tolist()])
        np.testing.assert_array_equal(got, wanted)
        assert np.isinf(wanted).sum() > 8 and (wanted == 0).sum() > 8

    def test_the_shuffle_is_the_same_in_both_languages(self, core):
        seeds = [*range(500), 2**31, 999_999]
        got = core("mathematics", "seededShuffle", [[list(BUGS), seed] for seed in seeds])
        assert got == [shuffled(BUGS, seed) for seed in seeds]
        assert {order[0] for order in got} == set(BUGS)


class TestHands:
    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_a_bug_is_switched_on_and_off(self, lasting, how):
        hands = lasting(BreakIt(), **(PHONE if how == "touch" else {}))
        box = switch(hands, "inverted")
        press = {"mouse": box.click, "touch": box.tap, "keyboard": lambda: box.press("Space")}[how]
        press()
        hands.settle()
        assert_true(hands, START | {"bugs": ["inverted"]})
        leak, rows = shown_number(1), span(BreakIt(bugs=["inverted"]).symptoms.rows)
        hands.hears(f"Rows sum to {rows}, leak {leak}, 0 weights are not a number.")
        press()
        hands.settle()
        assert_true(hands, START)

    @pytest.mark.parametrize("pair", [("unscaled", "d_model"), ("after", "half")])
    def test_two_ways_of_one_step_switch_one_another_off_with_a_word(self, hands, pair):
        for gone, kept in (pair, pair[::-1]):
            hands.button("Reset").click()
            switch(hands, gone).check()
            switch(hands, "axis").check()
            switch(hands, kept).check()
            hands.settle()
            assert hands.values()["active"] == ["axis", kept]
            assert not switch(hands, gone).is_checked()
            word = f"“{BUGS[gone]}” was switched off: both do the same step."
            assert hands.root.get_by_text(word).first.is_visible()

    def test_the_mask_and_the_phrase(self, hands):
        switch(hands, "half").check()
        hands.menu("Mask").select_option("padding")
        hands.settle()
        assert_true(hands, START | {"bugs": ["half"], "mask": "padding"})
        hands.hears("8 weights are not a number.")
        hands.own_phrase.fill("the fox slept")
        hands.press("Enter")
        hands.settle()
        assert_true(
            hands, START | {"bugs": ["half"], "mask": "padding", "sentence": "the fox slept"}
        )
        assert hands.pattern_cells.count() == 9

    @pytest.mark.parametrize("phrase", ["fox", "the fox", "fox slepp the", "fox " * 17])
    def test_phrases_that_do_not_fit_are_refused_with_a_sentence(self, hands, phrase):
        before = hands.values()
        hands.own_phrase.fill(phrase)
        hands.press("Enter")
        hands.settle()
        assert hands.values() == before
        assert 20 < len(hands.spoken) < 200
        assert hands.root.get_by_text(hands.spoken, exact=True).first.is_visible()

    def test_a_cell_is_chosen_by_mouse_finger_and_keys(self, hands, open_figure):
        phone = open_figure(BreakIt(), **PHONE)
        hands.pattern_cell("creature", "fluffy").click()
        phone.pattern_cell("creature", "fluffy").tap()
        weight = number(BreakIt().trace.weights[3, 1])
        for own in (hands, phone):
            assert own.spoken == f"query creature, key fluffy: score 4.42, weight {weight}"
            assert own.root.get_by_text(re.compile("^creature asks, fluffy")).is_visible()
        hands.press("ArrowDown", "ArrowRight", "End", "Home", "ArrowUp")
        assert hands.focused.startswith("query creature, key a:")
        assert hands.spoken == hands.focused

    def test_queries_turn_into_columns(self, hands):
        rows = np.array(hands.pattern_names).reshape(8, 8)
        top, side = axis_words(hands)
        assert "keys" in top and "queries" in side
        hands.menu("Queries are").select_option("columns")
        hands.settle()
        np.testing.assert_array_equal(np.array(hands.pattern_names).reshape(8, 8), rows.T)
        top, side = axis_words(hands)
        assert "queries" in top and "keys" in side

    def test_a_phrase_that_is_shorter_lets_go_of_the_cell(self, hands):
        hands.pattern_cell("forest", "verdant").click()
        hands.own_phrase.fill("a fluffy blue creature")
        hands.press("Enter")
        hands.settle()
        assert hands.root.locator("ol.al-steps").count() == 0
        assert hands.page.record.errors == []


class TestDetective:
    @pytest.fixture
    def case(self, open_figure):
        hands = open_figure(BreakIt(mask="padding"))
        hands.button("hidden bug A").press("Enter")
        hands.settle()
        return hands

    def test_the_switches_are_gone_and_nothing_names_the_bug(self, case):
        assert case.root.get_by_role("checkbox").count() == 0
        assert case.root.get_by_role("radio").count() == len(BUGS)
        assert case.root.get_by_role("radio", checked=True).count() == 0
        assert case.spoken == "Case A: one bug is in it."
        assert case.button("hidden bug A").get_attribute("aria-pressed") == "true"
        assert BreakIt().hidden["A"] not in case.copied()

    def test_the_right_name_is_right(self, case):
        bug = BreakIt().hidden["A"]
        guess(case, bug).focus()
        case.press("Space")
        assert case.spoken == f"Yes: case A is {BUGS[bug]}."
        assert case.root.get_by_text("Yes, that is it.").is_visible()
        assert case.button("hidden bug A ✓").count() == 1

    def test_a_wrong_name_is_answered_with_a_gauge_that_tells(self, case):
        here = BreakIt(mask="padding", case="A")
        for bug in set(BUGS) - {here.hidden["A"]}:
            there = BreakIt(mask="padding", bugs=[bug]).symptoms
            guess(case, bug).check()
            label, reads, read = next(
                (label, text(getattr(there, name)), text(getattr(here.symptoms, name)))
                for name, (label, text) in GAUGES.items()
                if text(getattr(there, name)) != text(getattr(here.symptoms, name))
            )
            told = f"With that bug, “{label}” would read {reads}. Here it reads {read}."
            assert case.spoken == f"No. {told}"
            assert case.root.get_by_text(told).first.is_visible()
            assert case.button("hidden bug A …").count() == 1

    def test_what_names_the_bug_is_told_when_it_is_named(self, case):
        here = BreakIt(mask="padding", case="A")
        wrong = next(bug for bug in BUGS if bug != here.hidden["A"])
        steps = case.root.locator("ol.al-steps").get_by_role("listitem")
        case.pattern_cell("creature", "fluffy").click()
        for _ in range(2):  # before a name, and after a wrong one
            (weight,) = steps.all_inner_texts()
            assert weight.startswith(f"weight: {number(here.trace.weights[3, 1])}")
            guess(case, wrong).check()
        assert case.root.get_by_text("is shown when the bug is named").is_visible()
        guess(case, here.hidden["A"]).check()
        case.settle()
        assert steps.count() == 4
        assert case.root.get_by_text("Yes, that is it. It took 2 tries.").is_visible()

    def test_where_two_look_alike_another_mask_is_proposed(self, hands):
        seed = next(s for s in range(99) if BreakIt(seed=s).hidden["A"] == "after")
        hands.open_link(START | {"seed": seed, "case": "A", "mask": "everyone"})
        guess(hands, "half").check()
        assert hands.spoken.startswith("No. Under this mask the two look the same.")
        hands.menu("Mask").select_option("padding")
        hands.settle()
        assert hands.root.get_by_text("Not this one. With that bug, “").is_visible()

    def test_three_others(self, case):
        guess(case, BreakIt().hidden["A"]).check()
        case.button("hidden bug C").click()
        case.button("three others").click()
        case.settle()
        assert case.values()["active"] == [BreakIt(seed=1).hidden["A"]]
        assert case.root.get_by_role("radio", checked=True).count() == 0
        assert case.button("hidden bug A").count() == 1

    def test_back_at_the_switches(self, case):
        case.button("I break it").click()
        assert case.spoken == "You hold the switches."
        assert case.values()["active"] == []
        assert case.root.get_by_role("checkbox").count() == len(BUGS)


class TestChallenges:
    def test_a_hidden_bug_solves_no_challenge_but_its_own(self, open_figure):
        seed = next(s for s in range(99) if BreakIt(seed=s).hidden["A"] == "transposed")
        figure = BreakIt(mask="padding", seed=seed, challenges="breaking")
        hands = open_figure(figure)
        hands.button("hidden bug A").click()
        hands.settle()
        assert hands.root.get_by_text("press “I break it”").count() == 2
        figure.case = "A"
        assert figure.solved == []


HOSTILE = {
    "no phrase": {"sentence": None},
    "a list as a phrase": {"sentence": ["fox"]},
    "two words": {"sentence": "the fox"},
    "an inherited mask": {"mask": "toString"},
    "a list as a mask": {"mask": ["causal"]},
    "an unknown bug": {"bugs": ["typo"]},
    "an inherited bug": {"bugs": ["constructor"]},
    "no bugs": {"bugs": None},
    "a false list": {"bugs": {"length": 1}},
    "a clash": {"bugs": ["half", "axis", "after"]},
    "a case too many": {"case": "D"},
    "no case": {"case": None},
    "half a seed": {"seed": 0.5},
    "a negative seed": {"seed": -1},
    "an enormous seed": {"seed": 10**9},
}


class TestLinks:
    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        hostile = {name: START | HOSTILE[name] for name in HOSTILE}
        assert_links_refused(hands, hostile, "it")

    def test_what_a_link_adds_is_checked(self, hands):
        odd = {"orientation": "toString", "show": 3, "selected": [0, 99], "extra": 1}
        odd |= {"named": {"A": ["typo"], "Z": ["half"], "B": ["half"], "C": "half"}}
        odd |= {"bugs": ["axis", "axis"]}
        hands.open_link(START | odd)
        assert hands.menu("Show").input_value() == "dots"
        assert hands.menu("Queries are").input_value() == "rows"
        assert hands.values()["active"] == ["axis"]
        assert hands.root.locator("ol.al-steps").count() == 0
        hands.button("hidden bug B", exact=False).click()
        assert guess(hands, "half").is_checked()
        assert hands.button("hidden bug A").count() == hands.button("hidden bug C").count() == 1


class TestOut:
    def test_the_snippet_gives_the_numbers_shown(self, hands):
        states = [random_state(seed) for seed in range(12)]
        states += [START | {"case": "B", "seed": 5, "mask": "padding"}]
        for state in states:
            hands.open_link(state)
            names = {"out": []}
            exec(hands.copied().replace("print(", "out.append("), names)
            weights, symptoms = names["out"]
            np.testing.assert_allclose(weights, hands.values()["weights"], atol=5.1e-3)
            shown = gauges(hands)
            for name, (label, text) in GAUGES.items():
                assert shown[label][1].removesuffix(" ≠") == text(getattr(symptoms, name))


WRONG = {
    "an unknown word": ("sentence", "the fluffi fox", "'fluffi' is not .* did you mean 'fluffy'"),
    "two words": ("sentence", "the fox", "2 words; the figure draws 3 to 16"),
    "17 words": ("sentence", "fox " * 17, "17 words; the figure draws 3 to 16"),
    "an unknown bug": ("bugs", ["typo"], "no bug is called 'typo'; there are: axis, unscaled"),
    "a clash": ("bugs", ["half", "after"], "after and half do the same step: choose one"),
    "an unknown case": ("named", {"D": ["half"]}, "no case is called 'D'; there are: A, B, C"),
    "an unknown name": ("named", {"A": ["typo"]}, "no bug is called 'typo'; there are"),
    "a name alone": ("named", {"A": "half"}, r"named\['A'\] is 'half'; expected a list of bugs"),
    "no name": ("named", {"A": []}, r"named\['A'\] is \[\]; expected a list of bugs"),
    "a cell outside": ("selected", [0, 8], r"selected is \[0, 8\]; expected \[query, key\]"),
    "one index": ("selected", [1], "selected is .* both below 8"),
    "a number": ("selected", 3, "selected is 3; expected .* both below 8"),
    "half an index": ("selected", [0.5, 1], "selected is .* both below 8"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = BreakIt(bugs=["axis"], named={"B": ["half"]}, selected=[3, 1])
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            BreakIt(**{trait: value})

    @pytest.mark.parametrize(
        "trait, value", [("mask", "none"), ("case", "D"), ("seed", -1), ("show", "sums")]
    )
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            BreakIt(**{trait: value})

    def test_a_shorter_sentence_lets_go_of_a_cell_that_is_gone(self):
        figure = BreakIt(selected=[3, 1])
        figure.sentence = "the sleepy fox"
        assert figure.selected is None
        figure.selected = [2, 1]
        figure.sentence = "the old fox slept"
        assert figure.selected == [2, 1]

    def test_bugs_are_counted_once(self):
        assert BreakIt(bugs=["axis", "half", "axis"]).bugs == ["axis", "half"]

    def test_a_case_hides_the_switches(self):
        figure = BreakIt(bugs=["axis"], case="B", seed=3)
        assert figure.active == [figure.hidden["B"]]
        assert BUGS[figure.hidden["B"]] not in figure.describe()

    def test_found_counts_what_was_named_rightly_at_the_first_try(self):
        right = {case: [bug] for case, bug in BreakIt().hidden.items()}
        wrong = [next(bug for bug in BUGS if bug not in right["B"])]
        assert BreakIt(named={"A": right["A"], "B": wrong}).found == 1
        assert BreakIt(named=right | {"B": wrong + right["B"]}).found == 2
        assert BreakIt(named=right | {"B": right["B"] + wrong}).found == len(CASES) == 3

    def test_the_text_tells_the_symptoms(self):
        figure = BreakIt(bugs=["axis", "after"], mask="padding")
        found = figure.symptoms
        told = [float(n) for n in re.findall(r"-?\d+\.\d\d", repr(figure))]
        wanted = [*found.rows, *found.columns, found.leak, found.past]
        np.testing.assert_allclose(told, wanted, atol=5.1e-3)
        assert all(BUGS[bug] in repr(figure) for bug in figure.bugs)
