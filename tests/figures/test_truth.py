"""The truth contract: what QueryKey shows in a browser is what attnlib computes."""

import re

import numpy as np
import pytest

import attnlib as al
from attnlib import world
from attnlib.figures import QueryKey
from tests.figures.driving import D_MODEL, assert_beside, bars_of, document, ink_of, shown_number

STATES = 25
LENGTHS = [1, 16, 2, 5, 8, 11]
SPREADS = [1.0, 0.01, 3.0, 40.0, 1000.0]
WORDS = list(world.PHRASES.vocabulary)


def random_matrix(rng, spread):
    """Normal numbers of this spread within ±1000, some of them zero; `(d_model, 2)`."""
    matrix = rng.normal(scale=spread, size=(D_MODEL, 2)).clip(-1000, 1000)
    return np.where(rng.random(matrix.shape) < 0.2, 0.0, matrix)


def random_state(seed, spread=None):
    rng = np.random.default_rng(seed)
    n_tokens = LENGTHS[seed % len(LENGTHS)]
    spread = spread or SPREADS[seed % len(SPREADS)]
    return {
        "sentence": " ".join(rng.choice(WORDS, n_tokens)),
        "w_q": random_matrix(rng, spread).tolist(),
        "w_k": random_matrix(rng, spread).tolist(),
        "scaled": bool(rng.random() < 0.5),
        "causal": bool(rng.random() < 0.5),
        "orientation": str(rng.choice(["rows", "columns"])),
        "show": str(rng.choice(["dots", "weights", "scores"])),
        "selected": rng.integers(n_tokens, size=2).tolist(),
    }


def expected(state):
    """What attnlib makes of `state`: the four arrays the figure must hold."""
    x = world.PHRASES.embed(state["sentence"])
    q, k = x @ np.array(state["w_q"]), x @ np.array(state["w_k"])
    scale = None if state["scaled"] else 1.0
    trace = al.trace_attention(q, k, x, causal=state["causal"], scale=scale)
    return {"queries": q, "keys": k, "scores": trace.scores, "weights": trace.weights}


def assert_true(hands, state):
    values, wanted = hands.values(), expected(state)
    assert values.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_allclose(
            values[name], array, rtol=1e-6, atol=1e-6, err_msg=f"{name} of {state}"
        )


@pytest.fixture
def every_state(open_figure):
    """(state, hands) for many states, opened one after the other by a link on one page."""

    def walk(count=STATES, spread=None):
        hands = open_figure(QueryKey("fox", preset="identity"))
        for seed in range(count):
            state = random_state(seed, spread)
            hands.open_link(state)
            yield state, hands

    return walk


def test_states_opened_by_a_link_equal_attnlib(every_state):
    for state, hands in every_state():
        assert_true(hands, state)


@pytest.mark.parametrize("d_head", [1, 2, 3, 6])
@pytest.mark.parametrize("scaled", [True, False])
def test_states_written_into_a_page_equal_attnlib(open_figure, d_head, scaled):
    rng = np.random.default_rng(d_head)
    w_q, w_k = rng.normal(size=(2, D_MODEL, d_head))
    hands = open_figure(QueryKey(w_q=w_q, w_k=w_k, scaled=scaled, causal=True))
    sentence = world.PHRASES.sentences["The fluffy blue creature"]
    state = {"sentence": sentence, "w_q": w_q, "w_k": w_k, "scaled": scaled, "causal": True}
    assert_true(hands, state)


def test_the_values_handed_out_cannot_change_the_figure(open_figure):
    hands = open_figure(QueryKey(preset="identity"))
    before = hands.values()
    hands.root.evaluate("root => { root.attnlibValues().weights[0][0] = 7 }")
    assert hands.values() == before


def test_accessible_names_are_the_rounded_values(every_state):
    for state, hands in every_state():
        values, words = hands.values(), state["sentence"].split()
        names = [
            f"query {words[i]}, key {words[j]}: score {shown_number(values['scores'][i][j])}, "
            f"weight {shown_number(values['weights'][i][j])}"
            for i in range(len(words))
            for j in range(len(words))
        ]
        if state["orientation"] == "columns":
            n = len(words)
            names = [names[i * n + j] for j in range(n) for i in range(n)]
        assert hands.pattern_names == names


@pytest.mark.parametrize("show, name, digits", [("weights", "weights", 2), ("scores", "scores", 1)])
def test_visible_numbers_are_the_rounded_values(every_state, show, name, digits):
    for state, hands in every_state(count=8):
        hands.open_link(state | {"show": show, "orientation": "rows"})
        values = hands.values()
        texts = [
            "−∞" if score == -np.inf else shown_number(value, digits)
            for row, scores in zip(values[name], values["scores"], strict=True)
            for value, score in zip(row, scores, strict=True)
        ]
        assert hands.pattern_texts == texts


def test_the_strip_shows_the_arithmetic_of_the_chosen_cell(every_state):
    for state, hands in every_state(count=15, spread=2.0):
        i, j = state["selected"]
        values = hands.values()
        query, key = values["queries"][i], values["keys"][j]
        products = [a * b for a, b in zip(query, key, strict=True)]
        table = hands.root.get_by_role("table").filter(
            has=hands.page.get_by_role("columnheader", name="product")
        )
        cells = [[shown_number(v) for v in row] for row in zip(query, key, products, strict=True)]
        for n, row in enumerate(cells, 1):
            shown = table.get_by_role("row").nth(n).get_by_role("cell").all_inner_texts()
            assert shown[:3] == row
        assert shown_number(sum(products)) in table.get_by_role("row").last.inner_text()
        steps = hands.root.locator("ol", has_text="softmax").get_by_role("listitem")
        score, softmax, weight = steps.all_inner_texts()
        assert shown_number(values["scores"][i][j]) in score
        masked = values["scores"][i][j] == -np.inf
        top = max(values["scores"][i])
        power = 0 if masked else np.exp(values["scores"][i][j] - top)
        total = np.exp(np.array(values["scores"][i]) - top).sum()
        shown = [shown_number(values["scores"][i][j]), shown_number(top), shown_number(power, 3)]
        shown[1] = f"({shown[1]})" if top < 0 else shown[1]
        assert softmax.endswith(": exp({} − {}) = {}".format(*shown))
        longest = max(map(abs, products)) or 1
        for n, (bar, product) in enumerate(zip(bars_of(table), products, strict=True), 1):
            assert (bar["from"], bar["to"]) == (0, pytest.approx(abs(product) / longest, abs=6e-4))
            assert bar["kind"] == ("al-below" if product < 0 else "al-above")
            assert_beside([bar], table.get_by_role("row").nth(n))
        assert shown_number(power, 3) in weight
        assert shown_number(total, 3) in weight
        assert weight.endswith(f"= {shown_number(values['weights'][i][j])}")


def random_challenges(seed, count=12):
    rng = np.random.default_rng(seed)

    def condition():
        bound = rng.choice(["at_least", "at_most"])
        keys = rng.choice(WORDS, rng.integers(1, 6)).tolist()
        return {"query": str(rng.choice(WORDS)), "keys": keys, str(bound): rng.random()}

    return [
        {
            "id": f"c{n}",
            "text": f"Task {n}.",
            "start": "identity",
            "conditions": [condition() for _ in range(rng.integers(1, 3))],
            **({"given": {"sentence": "the fox"}} if n == 0 else {}),
        }
        for n in range(count)
    ]


def solved_on_page(hands, figure):
    """The ids of the challenges that the page calls solved."""
    ids = []
    for n, challenge in enumerate(figure.challenges, 1):
        if hands.challenge(n).inner_text().startswith("Solved."):
            ids.append(challenge["id"])
    return ids


def test_challenges_are_judged_as_in_python(open_figure):
    verdicts = []
    figure = QueryKey(challenges=random_challenges(seed=0))
    hands = open_figure(figure)
    challenges = {challenge["id"] for challenge in figure.challenges}
    opened = challenges - set(figure.solved)  # what was solved from the start counts later
    for seed in range(12):
        state = random_state(seed) | {"sentence": " ".join(WORDS[seed : seed + 16])}
        if seed == 7:
            state["sentence"], state["selected"] = "the fox", None
        hands.open_link(state)
        for name in ("sentence", "w_q", "w_k", "scaled", "causal"):
            setattr(figure, name, state[name])
        opened |= challenges - set(figure.solved)
        assert solved_on_page(hands, figure) == [c for c in figure.solved if c in opened]
        verdicts += figure.solved
    assert 5 < len(verdicts) < 100  # both verdicts were seen


def test_the_python_snippet_reproduces_the_weights(every_state):
    for state, hands in every_state(count=12):
        hands.button("Copy as Python").click()
        code = hands.root.get_by_role("textbox", name="Copied text").input_value()
        names = {}
        exec(code.replace("print(", "str("), names)
        np.testing.assert_allclose(
            names["trace"].weights, hands.values()["weights"], atol=1e-6, err_msg=str(state)
        )
        hands.button("Close").click()


def test_the_still_picture_shows_the_same_weights(page_factory, open_figure, tmp_path):
    state = random_state(4, spread=2.0) | {"show": "dots", "orientation": "rows"}
    figure = QueryKey(**state)
    live = open_figure(figure)
    weights = live.values()["weights"]
    page = page_factory(java_script_enabled=False)
    (tmp_path / "still.html").write_text(document(figure), encoding="utf-8")
    page.goto((tmp_path / "still.html").as_uri())
    picture = page.get_by_role("img")
    words = picture.get_attribute("aria-label")
    assert state["sentence"] in words
    told = [re.findall(r"\d\.\d\d", line) for line in words.splitlines()[2:]]
    assert told == [[shown_number(weight) for weight in row] for row in weights]
    radii = picture.locator("circle").evaluate_all("all => all.map(one => one.r.baseVal.value)")
    areas = np.square(radii)
    np.testing.assert_allclose(areas / areas.max(), np.ravel(weights) / np.max(weights), atol=0.01)
    for word in state["sentence"].split():
        assert picture.locator("text", has_text=word).first.is_visible()


@pytest.mark.parametrize("orientation", ["rows", "columns"])
def test_dots_stand_in_their_cells_with_the_area_of_their_weight(open_figure, orientation):
    figure = QueryKey(preset="nouns look for adjectives", orientation=orientation)
    hands = open_figure(figure, device_scale_factor=2)
    hands.settle()
    before = assert_dots_tell_weights(hands, orientation)
    hands.cell("w_q", "animal").press(
        "Delete"
    )  # some queries change, and only their lines are drawn
    hands.settle()
    after = assert_dots_tell_weights(hands, orientation)
    changed = np.any(before != after, axis=1)
    assert 0 < changed.sum() < len(changed)


def assert_dots_tell_weights(hands, orientation):
    """Every dot stands in its cell and has the area of its weight; gives the weights."""
    areas, across, down = ink_of(hands.pattern_cells)
    np.testing.assert_allclose([across, down], 0, atol=0.1)
    told = np.array(hands.values()["weights"])
    weights = np.ravel(told if orientation == "rows" else told.T)
    largest = areas[weights.argmax()] / weights.max()
    seen = weights > 0.01  # smaller dots stay visible as points
    assert (areas > 0.5).all()
    np.testing.assert_allclose(areas[seen], weights[seen] * largest, rtol=0.02, atol=0.4)
    return told
