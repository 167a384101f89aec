"""Alignment: two texts' weights and what comes back equal attnlib's, for every hand and link."""

import math
import re

import numpy as np
import pytest
import traitlets

import attnlib as al
from attnlib.figures import Alignment
from attnlib.figures.alignment import HEAD, MOST_PADDING
from attnlib.world import PAD, PAIRS
from tests.figures.driving import ink_of, names_of, shown_number
from tests.figures.test_hands import PHONE
from tests.figures.test_questions import link_state
from tests.figures.test_shared_rules import assert_judged_alike

WORDS = [word for word in PAIRS.vocabulary if word != PAD]
FOX, OWL = PAIRS.sentences["A fox, in French"], PAIRS.sentences["An owl, in English"]
START = link_state(Alignment())
OF_FOX = START | {"asks": FOX[0], "answers": FOX[1], "query": 0}
LENGTHS = [(8, 8), (1, 16), (16, 5), (3, 1), (6, 7), (16, 16)]
LEAST_RIBBON, BROADEST, THINNEST = 0.02, 10, 0.75  # as in Ribbons.jsx


def random_state(seed):
    rng = np.random.default_rng(seed)
    n_queries, n_answers = LENGTHS[seed % len(LENGTHS)]
    padding = int(rng.integers(MOST_PADDING + 1))
    return {
        "asks": " ".join(rng.choice(WORDS, n_queries)),
        "answers": " ".join(rng.choice(WORDS, n_answers)),
        "padding": padding,
        "hidden": bool(rng.random() < 0.5),
        "causal": bool(rng.random() < 0.5),
        "values": ["answers", "answers", "asks"][seed % 3],
        "query": int(rng.integers(n_queries)),
        "selected": [int(rng.integers(n_queries)), int(rng.integers(n_answers + padding))],
        "orientation": ["rows", "columns"][seed % 4 == 1],
    }


def texts_of(state):
    return state["asks"].split(), state["answers"].split() + [PAD] * state["padding"]


def whom(keys, row):
    """The words with the largest weight of `row`, or that all it may see are alike."""
    seen = {key for key, weight in zip(keys, row, strict=True) if weight > 0}
    if len(seen) > 1 and np.ptp(row[row > 0]) < 1e-9:
        return "all alike"
    most = row > row.max() - 1e-9
    *words, last = dict.fromkeys(key for key, at in zip(keys, most, strict=True) if at)
    return f"{', '.join(words)} and {last}" if words else last


def mask_of(state):
    """Which query may attend to which key, cell by cell."""
    queries, keys = texts_of(state)
    return np.array(
        [
            [
                not (state["hidden"] and key == PAD) and not (state["causal"] and j > i)
                for j, key in enumerate(keys)
            ]
            for i in range(len(queries))
        ]
    )


def run(state):
    """`(scores, weights, values, outputs)` by attnlib; the last two None if they do not fit."""
    head = PAIRS.head(HEAD)
    x, y = (PAIRS.embed(words) for words in texts_of(state))
    scores = np.where(mask_of(state), al.scores(x @ head.w_q, y @ head.w_k), -np.inf)
    weights = al.softmax(scores)
    values = (y if state["values"] == "answers" else x) @ head.w_v
    if len(values) != len(y):
        return scores, weights, None, None
    return scores, weights, values, weights @ values @ head.w_o


def nearest(output, state):
    """The words of both texts by their cosine with `output`, the nearest first."""
    words = dict.fromkeys([*state["answers"].split(), *state["asks"].split()])
    cosines = {}
    for word in words:
        vector = np.array(PAIRS.vocabulary[word])
        lengths = math.hypot(*vector) * math.hypot(*output)
        cosines[word] = float(vector @ output / lengths) if lengths else 0.0
    return sorted(cosines.items(), key=lambda pair: -pair[1])


def assert_true(hands, state):
    """The page, the figure in Python and attnlib tell the same numbers."""
    figure, values = Alignment(**state), hands.values()
    _, weights, _, outputs = run(state)
    on_padding = sum(weights[:, j].sum() for j, key in enumerate(texts_of(state)[1]) if key == PAD)
    np.testing.assert_allclose(values["weights"], weights, rtol=1e-6, atol=1e-6, err_msg=str(state))
    np.testing.assert_allclose(figure.weights, weights, atol=1e-9)
    assert values["padding"] == pytest.approx(on_padding / weights.sum(), abs=1e-6)
    assert figure.measure({"measure": "padding"}) == pytest.approx(values["padding"], abs=1e-9)
    if outputs is None:
        assert values["outputs"] is values["received"] is figure.outputs is figure.received is None
        return
    np.testing.assert_allclose(values["outputs"], outputs, rtol=1e-6, atol=1e-6, err_msg=str(state))
    np.testing.assert_allclose(figure.outputs, outputs, atol=1e-9)
    for output, there, here in zip(outputs, values["received"], figure.received, strict=True):
        assert_nearest(there, output, state)
        assert_nearest(here, output, state)


def assert_nearest(found, output, state):
    """`found`, a word and its cosine, is the nearest; of two that are as near, either."""
    near = nearest(output, state)
    assert found[1] == pytest.approx(near[0][1], abs=1e-6)
    assert found[0] in [word for word, cosine in near if cosine > near[0][1] - 1e-9]


def grid(hands):
    return hands.root.get_by_role("grid", name="Who attends to whom")


def cell(hands, i, j):
    return grid(hands).locator(f'[data-at="{i},{j}"]')


def chosen(hands):
    names = "all => all.map(one => one.dataset.at)"
    return grid(hands).locator('[aria-selected="true"]').evaluate_all(names)


def steps(hands):
    """The lines that explain a weight; none if no cell is chosen."""
    return hands.root.locator("ol.al-steps").get_by_role("listitem").all_inner_texts()


@pytest.fixture
def hands(lasting):
    return lasting(Alignment())


@pytest.fixture
def hands_that(lasting):
    """`hands_that("touch")` are those on a phone, all others on a desk."""
    return lambda how: lasting(Alignment(), **(PHONE if how == "touch" else {}))


class TestTruth:
    def test_states_opened_by_a_link_equal_attnlib(self, hands):
        for seed in range(24):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)

    def test_the_designed_pairs_find_each_other(self, hands):
        for title, (asks, answers) in PAIRS.sentences.items():
            hands.menu("Texts").select_option(title)
            hands.settle()
            state = START | {"asks": asks, "answers": answers, "query": 0, "selected": None}
            assert_true(hands, state)
            assert hands.menu("Texts").input_value() == title
        received = [word for word, _ in Alignment(*PAIRS.sentences["A fox, in French"]).received]
        assert received == ["the", "fox", "not", "sleep", "not"]

    def test_cells_tell_score_and_weight_in_both_orientations(self, hands):
        for seed in (1, 2, 4):
            state = random_state(seed)
            hands.open_link(state)
            scores, weights, *_ = run(state)
            queries, keys = texts_of(state)
            wanted = np.array(
                [
                    [
                        f"query {query}, key {key}: score {shown_number(scores[i, j])}, "
                        f"weight {shown_number(weights[i, j])}"
                        for j, key in enumerate(keys)
                    ]
                    for i, query in enumerate(queries)
                ]
            )
            turned = state["orientation"] == "columns"
            wanted = wanted.T if turned else wanted
            cells = grid(hands).locator('[role="gridcell"]')
            assert names_of(cells) == wanted.ravel().tolist()
            rows, columns = (keys, queries) if turned else (queries, keys)
            assert grid(hands).get_by_role("rowheader").all_inner_texts() == rows
            assert grid(hands).get_by_role("columnheader").all_inner_texts() == columns

    def test_dots_have_the_area_of_their_weight_and_what_is_hidden_is_hatched(self, hands):
        for seed in (0, 2, 8):
            state = random_state(seed)
            hands.open_link(state)
            cells = grid(hands).locator('[role="gridcell"]')
            hatched = ink_of(cells, ["line"])[0] > 0
            areas = ink_of(cells, ["weight"])[0]
            weights, hidden = run(state)[1].ravel(), ~mask_of(state).ravel()
            np.testing.assert_array_equal(hatched, hidden)
            seen = weights > 0.05
            shares = areas / areas.max() * weights.max()
            np.testing.assert_allclose(shares[seen], weights[seen], rtol=0.03, atol=0.01)
            assert (areas[hidden] == 0).all() and (areas[~hidden] > 0).all()

    def test_ribbons_are_as_broad_as_their_weights(self, hands):
        ends = """all => all.map(one => [one.getAttribute("d").match(/[\\d.]+/g).map(Number),
            Number(one.getAttribute("stroke-width")), one.classList.contains("al-strong")])"""
        for seed in (0, 1, 3):
            state = random_state(seed)
            hands.open_link(state)
            drawn = hands.root.locator(".al-ribbon").evaluate_all(ends)
            heights = [
                dict(enumerate(hands.root.locator(f".al-ribbons text.al-{kind}").all()[1:]))
                for kind in ("query", "key")
            ]
            heights = [
                {float(one.get_attribute("y")) - 4: n for n, one in h.items()} for h in heights
            ]
            found = {}
            for path, width, strong in drawn:
                at = heights[0][path[1]], heights[1][path[-1]]
                found[at] = width
                assert strong == (at[0] == state["query"])
            weights = run(state)[1]
            wanted = {
                at: max(THINNEST, BROADEST * weight)
                for at, weight in np.ndenumerate(weights)
                if weight >= LEAST_RIBBON
            }
            assert found == pytest.approx(wanted, abs=1e-6)

    def test_the_picture_of_ribbons_tells_whom_the_asking_word_reads(self, hands):
        for seed in range(8):
            state = random_state(seed)
            hands.open_link(state)
            queries, keys = texts_of(state)
            row = run(state)[1][state["query"]]
            read = sorted(((w, j) for j, w in enumerate(row) if w >= 0.1), key=lambda p: -p[0])
            told = hands.root.get_by_role("img").get_attribute("aria-label")
            start, _, rest = told.partition(" attends to ")
            assert start == queries[state["query"]]
            words = [f"{keys[j]} {shown_number(weight)}" for weight, j in read]
            there = [] if rest == "no word more than the others" else re.split(", | and ", rest)
            assert sorted(there) == sorted(words)
            struck = hands.root.locator(".al-ribbons text.al-unseen").all_text_contents()
            unseen = ~mask_of(state)[state["query"]]
            assert struck == [key for key, hidden in zip(keys, unseen, strict=True) if hidden]

    def test_the_table_tells_whom_words_attend_to_and_what_they_receive(self, hands):
        for seed in range(8):
            state = random_state(seed)
            hands.open_link(state)
            queries, keys = texts_of(state)
            _, weights, _, outputs = run(state)
            table = hands.table("what each word receives")
            assert table.get_by_role("rowheader").all_inner_texts() == queries
            for i, row in enumerate(hands.cells("what each word receives")):
                assert row[1] == shown_number(weights[i].max())
                assert row[0] == whom(keys, weights[i])
                if outputs is None:
                    assert row[2:] == ["—", "—"]
                else:
                    near = nearest(outputs[i], state)
                    assert row[3] == shown_number(near[0][1])
                    assert row[2] in [word for word, c in near if c > near[0][1] - 1e-9]

    def test_the_strip_tells_where_a_weight_comes_from_and_what_it_brings(self, hands):
        head = PAIRS.head(HEAD)
        names = [PAIRS.axes[int(np.flatnonzero(column)[0])] for column in head.w_q.T]
        for seed in range(14):
            state = random_state(seed)
            hands.open_link(state)
            (i, j), (queries, keys) = state["selected"], texts_of(state)
            scores, weights, values, _ = run(state)
            assert hands.root.get_by_text(f"{queries[i]} asks, {keys[j]} answers").is_visible()
            score, softmax, weight, brings = steps(hands)
            q, k = PAIRS.embed([queries[i]])[0] @ head.w_q, PAIRS.embed([keys[j]])[0] @ head.w_k
            both = [
                f"{shown_number(a)} · {shown_number(b)} ({name})"
                for a, b, name in zip(q, k, names, strict=True)
                if a * b
            ]
            if not mask_of(state)[i, j]:
                assert score == "score: −∞, because a mask hides this key"
            elif both:
                end = f"divided by √{len(q)} = {shown_number(scores[i, j])}"
                assert score == f"both mean something: {' + '.join(both)}, {end}"
            else:
                assert scores[i, j] == 0 and score == "no meaning is shared: the score is 0"
            top, powers = scores[i].max(), np.exp(scores[i] - scores[i].max())
            parts = f"{shown_number(powers[j], 3)} ÷ {shown_number(powers.sum(), 3)}"
            largest = f"the largest score of this query ({shown_number(top)})"
            assert softmax == f"softmax, against {largest}: {parts}"
            assert weight == f"weight: {shown_number(weights[i, j])}"
            assert brings == self.brought(weights[i, j], None if values is None else values[j])

    def brought(self, weight, value):
        if value is None:
            return "there is no value for every key, so nothing is mixed"
        moved = zip(PAIRS.axes, value, strict=True)  # this head hands over every axis
        parts = [f"{shown_number(weight * v)} on {axis}" for axis, v in moved if v]
        share = shown_number(weight)
        return f"it brings: {share} · its value = {', '.join(parts) or 'nothing'}"

    def test_the_line_below_tells_misfits_and_padding(self, hands):
        for seed in range(9):
            state = random_state(seed)
            hands.open_link(state)
            queries, keys = texts_of(state)
            _, weights, values, _ = run(state)
            told = hands.root.locator(".al-gauge-line").inner_text()
            misfit = f"{len(keys)} weights in a row, one for each key, but {len(queries)} values"
            assert (misfit in told) == (values is None)
            share = weights[:, np.array(keys) == PAD].sum() / weights.sum()
            padding = f"Of all weight, {shown_number(share)} lies on padding."
            assert (padding in told) == (state["padding"] > 0)

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed) for seed in range(14)]
        verdicts = assert_judged_alike(open_figure, Alignment, random_challenges(0), states)
        assert 10 < len(verdicts) < 120  # both verdicts were seen


def random_challenges(seed, count=10):
    rng = np.random.default_rng(seed)
    words = [random_state(n)["asks"].split()[0] for n in range(14)]

    def condition(n):
        bound = str(rng.choice(["at_least", "at_most"]))
        return [
            {"measure": "padding", bound: rng.uniform(0, 0.3)},
            {"measure": "second", "word": words[n], bound: rng.uniform(0.05, 0.4)},
            {"measure": "own", bound: int(rng.integers(0, 8))},
            {"measure": "words", bound: int(rng.integers(3, 9))},
        ][n % 4]

    def challenge(n):
        conditions = [condition(n), condition(n + 1)][: 1 + n % 2]
        text = {"id": f"c{n}", "text": f"{n}.", "start": "", "setting": {}}
        return text | {"conditions": conditions}

    return [challenge(n) for n in range(count)]


class TestHands:
    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_a_cell_is_chosen_and_its_word_asks(self, hands_that, how):
        hands = hands_that(how)
        target = cell(hands, 2, 1)
        if how == "keyboard":
            cell(hands, 0, 0).focus()
            hands.press("ArrowDown", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft")
        else:
            {"mouse": target.click, "touch": target.tap}[how]()
        hands.settle()
        state = START | {"query": 2, "selected": [2, 1]}
        assert_true(hands, state)
        assert [hands.spoken] == names_of(target)
        assert hands.spoken == "query bleue, key fluffy: score 0.00, weight 0.00"
        assert chosen(hands) == ["2,1"]
        assert hands.menu("Who asks").input_value() == "2"
        assert steps(hands)[0] == "no meaning is shared: the score is 0"

    def test_arrow_keys_walk_a_grid_that_is_not_square(self, hands):
        for orientation, corner, across in (("rows", "8,7", "0,7"), ("columns", "8,7", "8,0")):
            hands.menu("Queries are").select_option(orientation)
            cell(hands, 0, 0).focus()
            hands.press("End")
            hands.settle()
            assert chosen(hands) == [across]
            hands.press(*["ArrowDown"] * 10)
            hands.settle()
            assert chosen(hands) == [corner]
            hands.press("ArrowRight", "ArrowDown", "Home", *["ArrowUp"] * 10)
            hands.settle()
            assert chosen(hands) == ["0,0"]

    @pytest.mark.parametrize("how", ["mouse", "keyboard"])
    def test_padding_is_added_and_taken_away(self, hands, how):
        hands.open_link(START | {"hidden": False})
        menu = hands.menu("Padding tokens")
        assert menu.locator("option").all_inner_texts() == ["none", "1", "2", "3", "4"]
        for count in (4, 0):
            if how == "keyboard":
                menu.press("End" if count else "Home")
            else:
                menu.select_option(str(count))
            hands.settle()
            state = START | {"padding": count, "hidden": False}
            assert_true(hands, state)
            share = Alignment(**state).measure({"measure": "padding"})
            assert hands.spoken == f"weight on padding: {shown_number(share)}"

    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
    def test_masks_are_switched(self, hands_that, how):
        hands = hands_that(how)
        state = START | {"padding": 3}
        hands.open_link(state)
        for name, trait, told in (
            ("hide padding from the queries", "hidden", "weight on padding: 0.04"),
            ("hide later places (a mistake here)", "causal", "keys at later places are hidden"),
            ("hide padding from the queries", "hidden", "weight on padding: 0.00"),
            ("hide later places (a mistake here)", "causal", "no key is hidden by its place"),
        ):
            box = hands.root.get_by_role("checkbox", name=name, exact=True)
            press = {"mouse": box.click, "touch": box.tap}.get(
                how, lambda box=box: box.press("Space")
            )
            press()
            hands.settle()
            state[trait] = not state[trait]
            assert_true(hands, state)
            assert hands.spoken == told

    def test_values_of_the_wrong_text(self, hands):
        menu = hands.menu("Values come from")
        menu.select_option("asks")
        hands.settle()
        assert_true(hands, START | {"values": "asks"})
        sentence = "8 weights in a row, one for each key, but 9 values: they cannot be multiplied."
        assert hands.spoken == sentence
        assert hands.root.get_by_text(sentence, exact=True).first.is_visible()
        hands.menu("Texts").select_option("A fox, in French")
        hands.settle()
        assert_true(hands, OF_FOX | {"values": "asks"})
        assert "cannot" not in hands.root.locator(".al-gauge-line").inner_text()
        menu.focus()
        hands.press("ArrowUp")
        hands.settle()
        assert_true(hands, OF_FOX)
        assert hands.spoken == "values of the text that answers"

    @pytest.mark.parametrize("how", ["a ribbon's word", "a row", "the menu"])
    def test_who_asks(self, hands, how):
        {
            "a ribbon's word": hands.root.locator(".al-asking").nth(4).click,
            "a row": hands.table("what each word receives").get_by_role("row").nth(5).click,
            "the menu": lambda: hands.menu("Who asks").press("ArrowDown"),
        }[how]()
        at = 2 if how == "the menu" else 4
        word, weight = ("bleue", "blue: 0.98") if at == 2 else ("duveteuse", "fluffy: 0.98")
        hands.settle()
        assert hands.menu("Who asks").input_value() == str(at)
        assert hands.spoken == f"{word} attends most to {weight}"
        strong = hands.root.locator(".al-ribbons text.al-strong").all_text_contents()
        assert strong == [word]

    def test_a_word_that_reads_all_alike_is_said_to(self, hands):
        row = hands.table("what each word receives").get_by_role("row").nth(4)
        assert row.get_by_role("cell").all_inner_texts()[:2] == ["all alike", "0.12"]
        row.click()
        hands.settle()
        assert hands.spoken == "et attends to all alike: 0.12"

    def test_words_that_come_twice_can_be_told_apart(self, hands):
        names = hands.menu("Who asks").locator("option").all_inner_texts()
        assert len(set(names)) == 9 and {"la (1)", "la (7)"} < set(names)

    def test_queries_turn_into_columns_and_the_axis_words_say_so(self, hands):
        assert hands.root.get_by_text("queries in rows, keys in columns").is_visible()
        hands.menu("Queries are").select_option("columns")
        hands.settle()
        assert hands.root.get_by_text("queries in columns, keys in rows").is_visible()
        assert grid(hands).get_attribute("aria-label").endswith(", columns are queries")
        assert grid(hands).get_by_role("columnheader").all_inner_texts() == START["asks"].split()
        assert_true(hands, START)

    def test_less_padding_lets_go_of_a_cell_that_is_gone(self, hands):
        hands.open_link(START | {"padding": 4, "selected": [1, 11], "query": 1})
        hands.menu("Padding tokens").select_option("3")
        hands.settle()
        assert chosen(hands) == [] and steps(hands) == []
        link = hands.copied("Copy link")
        hands.button("Reset").click()
        hands.follow("#" + link.partition("#")[2])
        assert_true(hands, START | {"padding": 3, "query": 1})
        hands.menu("Padding tokens").select_option("4")
        hands.settle()
        assert chosen(hands) == []

    def test_texts_of_the_readers_own(self, hands):
        cell(hands, 8, 7).click()
        hands.unfold()
        asks, answers = own(hands)
        assert (asks.input_value(), answers.input_value()) == (START["asks"], START["answers"])
        asks.fill("  Le petit RENARD ")
        answers.fill(OWL[0])
        hands.press("Enter")
        hands.settle()
        state = START | {"asks": "le petit renard", "answers": OWL[0], "query": 0}
        assert_true(hands, state)
        assert chosen(hands) == [] and hands.menu("Texts").input_value() == ""
        asks.fill("fox " * 16)
        hands.button("Use").click()
        hands.settle()
        assert_true(hands, state | {"asks": " ".join(["fox"] * 16)})

    def test_texts_that_do_not_fit_are_refused_with_a_sentence(self, hands):
        before = hands.values()
        hands.unfold()
        for box, texts in zip(own(hands), (HOSTILE_TEXTS, HOSTILE_TEXTS[:3]), strict=True):
            good = box.input_value()
            for text in texts:
                hands.button("Reset").click()
                box.fill(text)
                hands.press("Enter")
                hands.settle()
                told = hands.spoken
                assert 20 < len(told) < 200 and "start" not in told, text
                assert hands.root.get_by_text(told, exact=True).first.is_visible()
                assert hands.values() == before
            box.fill(good)
        assert hands.root.locator("img, script, b").count() == 0
        assert hands.page.record.errors == []

    def test_another_pair_ends_what_was_written_and_said(self, hands):
        hands.unfold()
        own(hands)[0].fill("fox slepp")
        hands.press("Enter")
        hands.hears("Did you mean “sleep”?")
        hands.menu("Texts").select_option("A fox, in French")
        hands.settle()
        assert_true(hands, OF_FOX)
        assert hands.spoken == "" and own(hands)[0].input_value() == FOX[0]

    def test_a_near_miss_gets_a_proposal(self, hands):
        hands.unfold()
        own(hands)[0].fill("creature verdoiante")
        hands.press("Enter")
        assert hands.spoken.endswith("Did you mean “verdoyante”?")


def own(hands):
    """The boxes for the reader's own texts, unfolded."""
    return [
        hands.root.get_by_role("textbox", name=f"The text that {what}", exact=True)
        for what in ("asks", "answers")
    ]


HOSTILE_TEXTS = [
    *["", "   ", "fox slepp", "fox " * 17, "<b>fox</b>", "<pad>", "fox __proto__", "toString"],
    *["x" * 10_000, "fox\u0000", "<img src=x onerror=alert(1)>"],
]

HOSTILE = {
    "no text that asks": {"asks": None},
    "a list as a text": {"answers": ["fox"]},
    "an unknown word": {"answers": "fox __proto__"},
    "padding as a word": {"asks": "fox <pad>"},
    "too many words": {"answers": "fox " * 17},
    "no word": {"answers": " "},
    "padding of 5": {"padding": 5},
    "padding as a text": {"padding": "2"},
    "negative padding": {"padding": -1},
    "half a padding": {"padding": 0.5},
    "hidden as a number": {"hidden": 1},
    "a text as causal": {"causal": "no"},
    "inherited values": {"values": "toString"},
    "a list as values": {"values": ["asks"]},
    "a query outside": {"query": 9},
    "half a query": {"query": 0.5},
    "no query": {"query": None},
    "a cell outside": {"selected": [0, 8]},
    "a cell of padding that is not there": {"selected": [8, 8]},
    "half a cell": {"selected": [1]},
    "a false cell": {"selected": {"0": 1, "1": 1, "length": 2}},
    "a list as orientation": {"orientation": ["rows"]},
}


class TestLinks:
    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        before = hands.values()
        for name, spoilt in HOSTILE.items():
            hands.button("Reset").click()
            hands.open_link(START | spoilt)
            hands.hears("The link's state could not be read: ")
            assert hands.values() == before, name
        assert hands.page.record.errors == []

    def test_what_a_link_does_not_say_is_missed(self, hands):
        before = hands.values()
        for name in START.keys() - {"selected"}:
            hands.button("Reset").click()
            hands.open_link({key: value for key, value in START.items() if key != name})
            hands.hears("The link's state could not be read: ")
            assert hands.values() == before, name


class TestOut:
    @pytest.mark.filterwarnings("error")
    def test_the_snippet_gives_the_numbers_shown(self, hands):
        for seed in range(9):
            hands.open_link(random_state(seed))
            names, values = {"out": []}, hands.values()
            exec(hands.copied().replace("print(", "out.append("), names)
            np.testing.assert_allclose(names["weights"], values["weights"], atol=1e-6)
            np.testing.assert_allclose(names["out"][0], values["weights"], atol=5.1e-3)
            if values["outputs"] is None:
                assert "delta" not in names
            else:
                np.testing.assert_allclose(names["delta"], values["outputs"], atol=1e-6)


WRONG = {
    "an unknown word": ("asks", "renar", "'renar' is not .* did you mean 'renard'"),
    "no word": ("answers", " ", "no words in ' ': write at least one"),
    "17 words": ("answers", "fox " * 17, "17 words; the figure draws at most 16"),
    "padding as a word": ("asks", "fox <pad>", "'<pad>' is no word of a text; set padding"),
    "a query outside": ("query", 9, "query is 9; the text that asks has 9 words"),
    "a query too many": ("selected", [9, 0], r"selected is \[9, 0\]; .* below 9 and 10"),
    "a key too many": ("selected", [0, 10], r"selected is \[0, 10\]; .* below 9 and 10"),
    "half a cell": ("selected", [1], r"selected is \[1\]; expected \[query, key\]"),
    "a cell of truth": ("selected", [True, 0], r"selected is \[True, 0\]; expected"),
    "a number": ("selected", 1, "selected is 1; expected"),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = Alignment(padding=2, query=8, selected=[3, 9], causal=True)
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            Alignment(**{"padding": 2, trait: value})

    @pytest.mark.parametrize(
        "trait, value",
        [("padding", 5), ("padding", -1), ("values", "both"), ("orientation", "up"), ("query", -1)],
    )
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            Alignment(**{trait: value})

    def test_shorter_texts_let_go_of_what_does_not_fit(self):
        figure = Alignment(query=8, selected=[3, 7])
        figure.asks = "le renard"
        assert (figure.query, figure.selected) == (0, None)
        figure.query, figure.selected = 1, [1, 7]
        figure.answers = "the fox did not sleep"
        assert (figure.query, figure.selected) == (1, None)
        figure.padding, figure.selected = 2, [1, 6]
        figure.padding = 1
        assert (figure.query, figure.selected) == (1, None)
        figure.selected = [1, 5]
        figure.asks = "le petit renard"
        assert (figure.query, figure.selected) == (1, [1, 5])

    def test_weights_are_those_of_the_head_with_a_context(self):
        for seed in range(12):
            state = random_state(seed) | {"values": "answers"}
            asking, answering = texts_of(state)
            head = PAIRS.head(HEAD)
            x, y = PAIRS.embed(asking), PAIRS.embed(answering)
            delta = head(x, context=y, mask=mask_of(state))
            np.testing.assert_allclose(Alignment(**state).outputs, delta, atol=1e-12)

    def test_hidden_padding_changes_nothing(self):
        plain, padded = Alignment(), Alignment(padding=4)
        np.testing.assert_allclose(padded.weights[:, :8], plain.weights, atol=1e-12)
        np.testing.assert_allclose(padded.outputs, plain.outputs, atol=1e-12)
        padded.hidden = False
        assert np.abs(padded.outputs - plain.outputs).max() > 0.1

    def test_the_text_tells_whom_each_word_attends_to(self):
        figure = Alignment(**random_state(2))
        lines = repr(figure).splitlines()
        assert lines[0] == f"Alignment: “{figure.asks}” asks, “{figure.answers}” answers"
        told = [re.fullmatch(r"   (\S+) +attends (.+?) +(\d\.\d\d)", line) for line in lines[1:]]
        assert [match[1] for match in told] == figure.asking
        assert [match[3] for match in told] == [f"{row.max():.2f}" for row in figure.weights]
        words = [whom(figure.answering, row) for row in figure.weights]
        told_words = [re.sub("^most to |^to (?=all alike$)", "", match[2]) for match in told]
        assert told_words == words and "all alike" in words

    @pytest.mark.parametrize(
        "answers, padding, whom",
        [
            ("the fluffy blue creature", 0, "to all alike"),
            ("the the", 0, "most to the"),
            ("the", 0, "most to the"),
            ("the", 2, "most to the"),
        ],
    )
    def test_a_word_that_reads_all_alike_is_said_to(self, answers, padding, whom):
        figure = Alignment("et", answers, padding=padding)
        assert re.search(rf"et +attends {whom} ", repr(figure))
