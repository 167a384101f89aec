"""OrderLab: orders, positions and dials equal attnlib's, for every hand and link."""

import re

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Locator

import attnlib as al
from attnlib import world
from attnlib.figures import OrderLab
from attnlib.figures.order_lab import HEAD, LAST, POSITIONS, VIEWS
from attnlib.figures.seeded import normals, shuffled
from tests.figures.driving import (
    assert_links_refused,
    centre,
    mouse_drag,
    names_of,
    shown_number,
)
from tests.figures.test_hands import PHONE
from tests.figures.test_questions import link_state
from tests.figures.test_shared_rules import BACKWARDS, SIXTEEN, assert_judged_alike

WORDS = list(world.PHRASES.vocabulary)
START = link_state(OrderLab())
DIALS = START | {"view": "rotary"}
TABS = {"shuffle": "Shuffle", "rotary": "Rotary dials"}
PAIRS = 4
LINES = ("as written", "shuffled")


def random_state(seed, view="shuffle"):
    rng = np.random.default_rng(seed)
    n_tokens = [8, 1, 16, 3][seed % 4]
    return {
        "view": view,
        "sentence": " ".join(rng.choice(WORDS, n_tokens)),
        "query": int(rng.integers(n_tokens)),
        "order": rng.permutation(n_tokens).tolist(),
        "positions": POSITIONS[seed % 3],
        "at_query": int(rng.integers(LAST + 1)),
        "at_key": int(rng.integers(LAST + 1)),
        "alike": bool(rng.random() < 0.5),
        "seed": int(rng.integers(1_000_000)),
    }


def shuffled_run(state):
    """`(weights, outputs)` of the words in their order, by attnlib."""
    words, head = state["sentence"].split(), world.PHRASES.head(HEAD)
    x = world.PHRASES.embed([words[i] for i in state["order"]])
    if state["positions"] == "sinusoidal":
        x = x + al.sinusoidal_positions(*x.shape)
    q, k = x @ head.w_q, x @ head.w_k
    if state["positions"] == "rotary":
        q, k = al.rotate(q, np.arange(len(x))), al.rotate(k, np.arange(len(x)))
    weights = al.softmax(al.scores(q, k))
    return weights, weights @ (x @ head.w_v) @ head.w_o


def written_run(state):
    return shuffled_run(state | {"order": sorted(state["order"])})


def vectors(state):
    q = normals(1, 8, state["seed"])[0]
    return q, q if state["alike"] else normals(1, 8, state["seed"] + 10**6)[0]


def turned(state):
    q, k = vectors(state)
    places = np.array([state["at_query"], state["at_key"]])
    return al.rotate(np.stack([q, k]), places)


def assert_true(hands, state):
    figure, values = OrderLab(**state), hands.values()
    weights, outputs = shuffled_run(state)
    moved = np.abs(outputs - written_run(state)[1][state["order"]]).max()
    q, k = turned(state)
    wanted = {"weights": weights, "outputs": outputs, "moved": moved, "score": q @ k}
    for name, number in wanted.items():
        np.testing.assert_allclose(values[name], number, rtol=1e-6, atol=1e-6, err_msg=str(state))
        np.testing.assert_allclose(getattr(figure, name), number, atol=1e-9)


def word_button(hands, line, place):
    return hands.root.get_by_role("button", name=re.compile(f"^{line}: .*, place {place}, "))


def line_names(hands, line):
    buttons = hands.root.get_by_role("list", name=line).get_by_role("button")
    return names_of(buttons)


def wanted_names(line, words, weights):
    return [
        f"{line}: {word}, place {n}, weight {shown_number(weight)}"
        for n, (word, weight) in enumerate(zip(words, weights, strict=True), 1)
    ]


@pytest.fixture
def hands(lasting):
    return lasting(OrderLab())


@pytest.fixture
def dials(lasting):
    return lasting(OrderLab(view="rotary"))


class TestCore:
    def test_positions_equal_attnlibs(self, core):
        sizes = [(1, 1), (16, 6), (5, 7), (60, 8), (3, 2)]
        for size, rows in zip(sizes, core("positions", "sinusoidalPositions", sizes), strict=True):
            np.testing.assert_allclose(rows, al.sinusoidal_positions(*size), atol=1e-12)

    def test_turning_equals_attnlibs(self, core):
        rng = np.random.default_rng(0)
        calls = [(rng.normal(size=2 * (n % 5 + 1)).tolist(), int(n * 7 - 60)) for n in range(20)]
        for (vector, place), got in zip(calls, core("positions", "rotate", calls), strict=True):
            wanted = al.rotate(np.array([vector]), np.array([place]))[0]
            np.testing.assert_allclose(got, wanted, atol=1e-12)


class TestShuffleTruth:
    def test_states_opened_by_a_link_equal_attnlib(self, hands):
        for seed in range(24):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)

    def test_both_lines_show_whom_the_word_attends_to(self, hands):
        for seed in range(12):
            state = random_state(seed)
            hands.open_link(state)
            words, query, order = state["sentence"].split(), state["query"], state["order"]
            before, after = written_run(state)[0][query], shuffled_run(state)[0][order.index(query)]
            wanted = wanted_names("as written", words, before)
            assert line_names(hands, "as written") == wanted
            wanted = wanted_names("shuffled", [words[i] for i in order], after)
            assert line_names(hands, "shuffled") == wanted
            shown = hands.root.get_by_role("list", name="shuffled").inner_text().split()
            assert shown[1::2] == [shown_number(weight) for weight in after]

    def test_what_the_asking_word_receives_is_shown(self, hands):
        for seed in range(12):
            state = random_state(seed)
            hands.open_link(state)
            before = written_run(state)[1][state["query"]]
            after = shuffled_run(state)[1][state["order"].index(state["query"])]
            wanted = [before, after, after - before]
            word = state["sentence"].split()[state["query"]]
            cells = np.char.replace(hands.cells(f"what {word} receives"), "−", "-")
            np.testing.assert_allclose(cells.astype(float), wanted, atol=5.1e-3)

    def test_the_line_below_tells_how_far_outputs_move(self, hands):
        line = hands.root.get_by_text("What a word receives differs between the two orders")
        for seed in range(12):
            state = random_state(seed)
            hands.open_link(state)
            moved = OrderLab(**state).moved
            end = ": the outputs only shuffle, as the words did." if moved < 1e-9 else "."
            assert line.inner_text().endswith(f"by at most {shown_number(moved)}{end}")

    def test_dots_have_the_area_of_their_weight(self, hands):
        items = hands.root.get_by_role("list", name="as written").get_by_role("listitem")
        areas = np.square(
            items.evaluate_all(
                "all => all.map(one => one.querySelector('.al-dot').getBoundingClientRect().width)"
            )
        )
        weights = written_run(START)[0][3]
        np.testing.assert_allclose(areas / areas.max(), weights / weights.max(), atol=0.01)

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed) for seed in range(16)]
        verdicts = assert_judged_alike(open_figure, OrderLab, random_challenges("shuffle"), states)
        assert 10 < len(verdicts) < 120  # both verdicts were seen


def random_challenges(view, count=10):
    rng = np.random.default_rng(1)
    measures = {"shuffle": {"moved": 0.6, "words": 12}, "rotary": {"score": 3, "distance": 40}}[
        view
    ]

    def condition():
        measure, most = list(measures.items())[rng.integers(len(measures))]
        return {"measure": measure, str(rng.choice(["at_least", "at_most"])): rng.uniform(0, most)}

    def challenge(n):
        given = {"positions": POSITIONS[n % 3]} if view == "shuffle" and n % 2 else {}
        conditions = [condition() for _ in range(rng.integers(1, 3))]
        text = {"id": f"c{n}", "text": f"{n}.", "start": "", "given": {"view": view} | given}
        return text | {"conditions": conditions}

    return [challenge(n) for n in range(count)]


class TestRotaryTruth:
    def test_states_opened_by_a_link_equal_attnlib(self, dials):
        for seed in range(20):
            state = random_state(seed, "rotary")
            dials.open_link(state)
            assert_true(dials, state)
            q, k = vectors(state)
            curve = [al.rotate(q[None], np.array([d]))[0] @ k for d in range(-LAST, LAST + 1)]
            np.testing.assert_allclose(dials.values()["curve"], curve, atol=1e-6)
            distance = state["at_query"] - state["at_key"]
            assert curve[distance + LAST] == pytest.approx(dials.values()["score"], abs=1e-6)

    def test_dials_score_and_curve_tell_their_numbers(self, dials):
        for seed in range(12):
            state = random_state(seed, "rotary")
            dials.open_link(state)
            dials.rest()
            q, k = turned(state)
            adds = [shown_number(v) for v in (q * k).reshape(PAIRS, 2).sum(axis=1)]
            np.testing.assert_allclose(OrderLab(**state).adds.sum(), q @ k)
            for n, (speed, text) in enumerate(zip(SPEEDS, adds, strict=True), 1):
                name = f"Pair {n}: turns by {speed} degrees a position, adds {text}"
                assert dials.root.get_by_role("img", name=name, exact=True).count() == 1
                assert (
                    dials.root.get_by_text(f"{speed}° a position").locator("strong").inner_text()
                    == text
                )
            score, distance = shown_number(q @ k), state["at_query"] - state["at_key"]
            assert dials.root.get_by_text("the sum of the 4 pairs").inner_text().endswith(score)
            side = "after" if distance > 0 else "before"
            told = f"{abs(distance)} {side} the key" if distance else "with the key"
            assert dials.root.get_by_text(f"The query stands {told}", exact=True).count() == 1
            name = f"Score against distance; at {shown_number(distance, 0)} it is {score}"
            assert dials.root.get_by_role("img", name=name, exact=True).count() == 1

    def test_hands_point_where_the_pairs_do(self, dials):
        ends = "all => all.map(one => [one.x2, one.y2].map(n => n.baseVal.value))"
        for seed in range(6):
            state = random_state(seed, "rotary")
            dials.open_link(state)
            drawn = dials.root.locator(".al-dial line").evaluate_all(ends)
            pairs = np.stack([row.reshape(PAIRS, 2) for row in turned(state)], axis=1)
            longest = np.linalg.norm(pairs, axis=-1).max(axis=1)[:, None, None]
            wanted = 55 + 46 * pairs / longest * [1, -1]
            np.testing.assert_allclose(np.reshape(drawn, (PAIRS, 2, 2)), wanted, atol=1e-4)

    def test_the_point_lies_on_the_curve(self, dials):
        for seed in range(6):
            dials.open_link(random_state(seed, "rotary"))
            off = dials.root.locator(".al-curve").evaluate(
                """svg => {
                    const [path, dot] = [svg.querySelector("path"), svg.querySelector(".al-point")];
                    const [x, y] = [dot.x1.baseVal.value, dot.y1.baseVal.value];
                    const points = path.getAttribute("d").slice(1).split("L")
                        .map((point) => point.split(" ").map(Number));
                    return Math.min(...points.map(([a, b]) => Math.hypot(a - x, b - y)));
                }"""
            )
            assert off < 0.1

    @pytest.mark.parametrize("width", [320, 1000])
    def test_labels_of_the_curve_are_whole_and_legible(self, open_figure, width):
        hands = open_figure(OrderLab(view="rotary"), viewport={"width": width, "height": 800})
        hands.settle()
        curve = hands.root.locator(".al-curve").bounding_box()
        for label in hands.root.locator(".al-curve text").all():
            box = label.bounding_box()
            assert box["height"] >= 10
            assert box["x"] >= curve["x"] - 1
            assert box["x"] + box["width"] <= curve["x"] + curve["width"] + 1

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed, "rotary") for seed in range(16)]
        make = lambda **traits: OrderLab(**{"view": "rotary"} | traits)  # noqa: E731
        verdicts = assert_judged_alike(open_figure, make, random_challenges("rotary"), states)
        assert 10 < len(verdicts) < 150


SPEEDS = ["57.3", "5.7", "0.57", "0.06"]


ACT = {"mouse": Locator.click, "touch": Locator.tap}


class TestShuffling:
    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_a_shuffle_is_reproducible_and_told(self, open_figure, how):
        hands = open_figure(OrderLab(), **(PHONE if how == "touch" else {}))
        button, words = hands.button("shuffle the words"), OrderLab().tokens
        press = {"mouse": button.click, "touch": button.tap}.get(how, lambda: button.press("Enter"))
        order = START["order"]
        for seed in (5, 6):
            press()
            hands.settle()
            order = shuffled(order, seed)
            assert_true(hands, START | {"order": order})
            line = " ".join(words[i] for i in order)
            assert hands.spoken == f"{line}. Outputs differ by 0.00."
        hands.button("as written").press("Enter")
        hands.settle()
        assert_true(hands, START)
        assert hands.spoken == f"{' '.join(words)}. Outputs differ by 0.00."

    def test_positions_bring_order_back(self, hands):
        hands.open_link(START | {"order": BACKWARDS[8:]})
        for kind, label in zip(POSITIONS, ("no positions", "sinusoidal", "rotary"), strict=True):
            hands.menu("Positions").select_option(kind)
            hands.settle()
            state = START | {"order": BACKWARDS[8:], "positions": kind}
            assert_true(hands, state)
            moved = OrderLab(**state).moved
            assert (moved > 0.1) == (kind != "none")
            assert hands.spoken.startswith(label)
            assert hands.spoken.endswith(f"Outputs differ by {shown_number(moved)}.")

    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_a_word_of_either_line_asks(self, open_figure, how):
        figure = OrderLab(order=BACKWARDS[8:], positions="rotary")
        hands = open_figure(figure, **(PHONE if how == "touch" else {}))
        for line, place, index in (("as written", 6, 5), ("shuffled", 1, 7)):
            button = word_button(hands, line, place)
            button.press("Space") if how == "keyboard" else ACT[how](button)
            hands.settle()
            figure.query = index
            word, state = figure.tokens[index], link_state(figure)
            pressed = hands.root.get_by_role("button", pressed=True)
            assert pressed.all_inner_texts() == [word, word]
            before, after = written_run(state)[1][index], figure.outputs[7 - index]
            most = shown_number(np.abs(after - before).max())
            assert hands.spoken == f"{word} asks. What it receives differs by {most}."

    @pytest.mark.parametrize("phrase", ["the fox", "fox", SIXTEEN])
    def test_another_phrase_begins_as_written(self, open_figure, phrase):
        hands = open_figure(OrderLab(order=BACKWARDS[8:], query=7, challenges="order"))
        hands.own_phrase.fill(phrase)
        hands.press("Enter")
        hands.settle()
        order = list(range(len(phrase.split())))
        assert_true(hands, START | {"sentence": phrase, "query": 0, "order": order})
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


class TestDials:
    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    @pytest.mark.parametrize("who, at", [("query", 12), ("key", 9)])
    def test_a_place_slides(self, open_figure, how, who, at):
        hands = open_figure(OrderLab(view="rotary"), **(PHONE if how == "touch" else {}))
        slider = hands.slider(f"the {who} stands at")
        (x, y), width = centre(slider), slider.bounding_box()["width"]
        if how == "keyboard":
            slider.press("ArrowRight")
            slider.press("ArrowUp")
        elif how == "touch":
            hands.page.touchscreen.tap(x + width / 2 - 8, y)
        else:
            mouse_drag(hands.page, (x - width / 2 + 8 + at / 60 * (width - 16), y), (width, 0))
        hands.settle()
        there = at + 2 if how == "keyboard" else LAST
        state = DIALS | {f"at_{who}": there}
        assert_true(hands, state)
        score = shown_number(hands.values()["score"])
        hands.hears(f"query at {state['at_query']}, key at {state['at_key']}: score {score}")

    def test_both_move_and_the_score_stays(self, dials):
        score = shown_number(dials.values()["score"])
        for name, step in (("both one on", 1), ("both one back", -1)):
            for _ in range(3):
                before = dials.values()["score"]
                dials.button(name).press("Enter")
                dials.settle()
                assert dials.values()["score"] == pytest.approx(before, abs=1e-9)
                told = f"Both moved by {shown_number(step, 0)}. The score is still {score}."
                assert dials.spoken == told
            places = [
                dials.slider(f"the {who} stands at").input_value() for who in ("query", "key")
            ]
            assert places == ["15", "12"] if step == 1 else ["12", "9"]

    @pytest.mark.parametrize("name, places", [("both one on", (60, 3)), ("both one back", (5, 0))])
    def test_nobody_leaves_the_places_shown(self, dials, name, places):
        state = DIALS | dict(zip(("at_query", "at_key"), places, strict=True))
        dials.open_link(state)
        dials.button(name).click()
        dials.settle()
        assert_true(dials, state)
        sentence = "One of them would leave the places that are shown, 0 to 60."
        assert dials.spoken == sentence
        assert dials.root.get_by_text(sentence, exact=True).first.is_visible()

    def test_a_key_of_its_own(self, dials):
        box = dials.root.get_by_role("checkbox", name="the key is like the query")
        box.press("Space")
        dials.settle()
        assert_true(dials, DIALS | {"alike": False})
        dials.hears(f"score {shown_number(dials.values()['score'])}")

    def test_tabs_go_by_keyboard_and_one_view_has_none(self, hands, open_figure):
        hands.tab(TABS["shuffle"]).focus()
        hands.press("ArrowRight")
        assert hands.tab(TABS["rotary"]).get_attribute("aria-selected") == "true"
        assert hands.slider("the key stands at").count() == 1
        hands.press("ArrowLeft")
        assert hands.button("shuffle the words").count() == 1
        for view in VIEWS:
            alone = open_figure(OrderLab(views=[view]))
            assert alone.root.get_by_role("tab").count() == 0
            other = next(v for v in VIEWS if v != view)
            alone.open_link(START | {"view": other})
            assert "its view does not fit" in alone.spoken


HOSTILE = {
    "no phrase": {"sentence": None},
    "an unknown word": {"sentence": "fox __proto__"},
    "a strange view": {"view": "toString"},
    "a list as a view": {"view": ["rotary"]},
    "a query outside": {"query": 8},
    "a negative query": {"query": -1},
    "an order too short": {"order": [0, 1]},
    "one word twice": {"order": [0, 0, 2, 3, 4, 5, 6, 7]},
    "one word more": {"order": [0, 1, 2, 3, 4, 5, 6, 7, 7]},
    "words in the order": {"order": list("01234567")},
    "a false order": {"order": {"length": 8}},
    "inherited positions": {"positions": "constructor"},
    "a list as positions": {"positions": ["rotary"]},
    "a place outside": {"at_query": 61},
    "half a place": {"at_key": 0.5},
    "a text as alike": {"alike": "yes"},
    "an enormous seed": {"seed": 10**9},
    "no seed": {"seed": None},
}


class TestLinks:
    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        hostile = {name: START | HOSTILE[name] for name in HOSTILE}
        assert_links_refused(hands, hostile)


class TestOut:
    def test_the_snippet_of_an_order_gives_the_weights_shown(self, hands):
        for seed in range(9):
            hands.open_link(random_state(seed))
            names = {"out": []}
            exec(hands.copied().replace("print(", "out.append("), names)
            np.testing.assert_allclose(names["weights"], hands.values()["weights"], atol=1e-6)
            np.testing.assert_allclose(names["out"][0], hands.values()["weights"], atol=5.1e-3)

    def test_the_snippet_of_the_dials_gives_the_score_shown(self, dials):
        for seed in range(6):
            dials.open_link(random_state(seed, "rotary"))
            names = {"out": []}
            exec(dials.copied().replace("print(", "out.append("), names)
            assert names["out"][0] == pytest.approx(dials.values()["score"], abs=5.1e-3)


WRONG = {
    "an unknown word": ("sentence", "fluffi fox", "'fluffi' is not .* did you mean 'fluffy'"),
    "no word": ("sentence", " ", "no words in ' ': write at least one"),
    "17 words": ("sentence", "fox " * 17, "17 words; the figure draws at most 16"),
    "a query outside": ("query", 8, "query is 8; the phrase has 8 words"),
    "a short order": ("order", [0, 1], r"order is \[0, 1\]; expected the numbers 0 to 7"),
    "one word twice": ("order", [0] * 8, "expected the numbers 0 to 7, each once"),
    "an order in words": ("order", list("abcdefgh"), "expected the numbers 0 to 7, each once"),
    "a mixed order": ("order", [*range(7), "7"], "expected the numbers 0 to 7, each once"),
    "halves": ("order", [*range(7), None], "expected the numbers 0 to 7, each once"),
    "a number": ("order", 3, "order is 3; expected the numbers"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = OrderLab(query=5, order=BACKWARDS[8:], positions="rotary")
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            OrderLab(**{trait: value})

    @pytest.mark.parametrize(
        "trait, value",
        [
            *[("view", "pie"), ("views", []), ("query", -1), ("positions", "learned")],
            *[("at_query", 61), ("at_key", -1), ("seed", -1)],
        ],
    )
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            OrderLab(**{trait: value})

    def test_another_sentence_lets_go_of_what_does_not_fit(self):
        figure = OrderLab(query=7, order=BACKWARDS[8:])
        figure.sentence = "the sleepy fox"
        assert (figure.query, figure.order) == (0, [0, 1, 2])
        assert OrderLab("fox").query == 0

    def test_without_positions_outputs_only_shuffle(self):
        for seed in range(12):
            figure = OrderLab(**random_state(seed) | {"positions": "none"})
            assert figure.moved == pytest.approx(0, abs=1e-12)
            written = OrderLab(figure.sentence).outputs
            np.testing.assert_allclose(figure.outputs, written[figure.order], atol=1e-12)

    def test_the_score_sees_the_distance_alone(self):
        for seed in range(6):
            scores = [OrderLab(at_query=n + 7, at_key=n, seed=seed).score for n in range(0, 54, 9)]
            np.testing.assert_allclose(scores, scores[0], atol=1e-12)

    def test_the_text_tells_what_is_shown(self):
        state = random_state(2)
        figure = OrderLab(**state)
        words = " ".join(figure.tokens[i] for i in state["order"])
        assert repr(figure) == (
            f"OrderLab: “{words}”, positions {state['positions']}; "
            f"outputs move by {figure.moved:.2f}"
        )
        figure = OrderLab(**random_state(3, "rotary"))
        assert repr(figure).endswith(f"score {figure.score:.2f}")
