"""Patterns: what is shown equals the weights of any model, and strangers' arrays are understood."""

import base64
import dataclasses
import itertools
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _remove_buffers
from playwright.sync_api import expect

import attnlib as al
from attnlib import head_scores
from attnlib.decoder import Decoder, GatedFeedForward
from attnlib.figures import Patterns
from attnlib.figures.page import page_state
from attnlib.sphinx_ext.figures import revive, whole_state
from tests.axe import violations
from tests.figures.driving import Hands, names_of, shown_number
from tests.figures.test_questions import link_state

WORDS = ["the", "old", "fox", "saw", "the", "moon", "and", "the", "old", "owl", "saw", "the", "fox"]
STEP = 1 / 255
ORDERS = ["layers", "heads", "previous", "first", "own", "same", "prefix"]
START = link_state(Patterns())


def weights_of(n_layers, n_heads, n_queries, n_keys=None, causal=False, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n_layers, n_heads, n_queries, n_keys or n_queries)) * 2
    if causal:
        scores = np.where(np.tri(n_queries, dtype=bool), scores, -np.inf)
    return al.softmax(scores)


def text(n):
    return list(itertools.islice(itertools.cycle(WORDS), n))


def model(kind, n=13, seed=0):
    """A figure as of a decoder, an encoder, or of one text that reads another."""
    if kind == "cross":
        return Patterns(text(n), weights_of(2, 3, n, n - 4, seed=seed), key_tokens=text(n - 4))
    weights = weights_of(3, 4, n, causal=kind == "decoder", seed=seed)
    lengths = weights * np.random.default_rng(seed).random((3, 4, 1, n)) * 3
    return Patterns(text(n), weights, contributions=lengths, show="both")


def random_state(seed):
    rng = np.random.default_rng(seed)
    n = len(Patterns().tokens)
    return {
        "show": ["weights", "added", "both"][seed % 3],
        "order": str(rng.choice(["layers", "heads", "previous", "first", "own"])),
        "small": ["patterns", "row"][seed % 2],
        "chosen": [0, int(rng.integers(4))],
        "selected": [int(rng.integers(n)), int(rng.integers(n))],
        "corner": [0, 0],
        "orientation": ["rows", "columns"][seed % 4 == 1],
    }


def assert_true(hands, state):
    assert_shows(hands, Patterns(**state))


def assert_shows(hands, figure):
    """The page tells the figure's weights, lengths and scores."""
    values = hands.values()
    layer, head = figure.chosen
    rows = [row["weights"] for row in values["rows"]]
    np.testing.assert_allclose(rows, figure.weights[layer, head], atol=1e-6)
    if figure.added is not None:
        rows = [row["added"] for row in values["rows"]]
        np.testing.assert_allclose(rows, figure.added[layer, head], atol=1e-6)
    for name, score in figure.scores.items():
        if score is None:
            assert values["scores"][name] is None
        else:
            np.testing.assert_allclose(values["scores"][name], score.ravel(), atol=1e-6)


KINDS = ["decoder", "encoder", "cross"]


class TestTruth:
    @pytest.mark.parametrize("kind", KINDS)
    def test_what_is_shown_is_what_python_has(self, open_figure, kind):
        figure = model(kind)
        hands = open_figure(figure)
        for chosen in ([0, 0], [1, 2]):
            figure.chosen = chosen
            hands.open_link(link_state(figure))
            assert_shows(hands, figure)
        assert hands.page.record.errors == []

    def test_a_uniform_head_scores_what_is_told_of_one(self, open_figure):
        for causal in (True, False):
            seen = np.tri(13) if causal else np.ones((13, 13))
            uniform = seen / seen.sum(axis=-1, keepdims=True)
            told = open_figure(Patterns(WORDS, uniform[None, None])).values()["uniform"]
            ids = np.unique(WORDS, return_inverse=True)[1]
            expected = {
                "previous": al.previous_word_score(uniform[None]),
                "first": head_scores.first_token_score(uniform[None]),
                "own": head_scores.own_token_score(uniform[None]),
                "same": head_scores.same_token_score(uniform[None], ids),
                "prefix": al.prefix_matching_score(uniform[None], ids),
            }
            assert told == pytest.approx({name: float(one[0]) for name, one in expected.items()})

    @pytest.mark.parametrize("order", ORDERS)
    def test_small_patterns_stand_in_the_order_that_is_asked_for(self, open_figure, order):
        figure = model("encoder")
        figure.order = order
        hands = open_figure(figure)
        heads = [[h // 4, h % 4] for h in range(12)]
        if order == "heads":
            heads = [[layer, head] for head in range(4) for layer in range(3)]
        elif order != "layers":
            score = figure.scores[order]
            heads = sorted(heads, key=lambda at: -score[tuple(at)])
        cells = hands.root.get_by_role("grid", name="All heads").locator('[role="gridcell"]')
        told = [name.split(":")[0] for name in names_of(cells)]
        assert told == [f"head {layer}.{head}" for layer, head in heads]
        how = "heads in rows, layers in columns" if order == "heads" else "by "
        how = "layers in rows, heads in columns" if order == "layers" else how
        assert map_of(hands).get_attribute("aria-label").startswith(f"All heads, {how}")

    def test_cells_tell_weight_and_length_and_what_is_hidden(self, open_figure):
        figure = model("decoder")
        figure.chosen = [2, 1]
        hands = open_figure(figure)
        names = names_of(large(hands).locator('[role="gridcell"]'))
        weights, added = figure.weights[2, 1], figure.added[2, 1]
        for i, j in [(0, 0), (5, 2), (12, 12)]:
            wanted = f"weight {shown_number(weights[i, j])}, adds {shown_number(added[i, j])}"
            assert names[13 * i + j].endswith(wanted)
        assert names[1].endswith(": hidden")

    @pytest.mark.parametrize(
        "edge, away",
        [
            *[((5, 2), "3 tokens back"), ((5, 4), "1 token back")],
            *[((5, 5), "the token itself"), ((5, 7), "2 tokens ahead")],
        ],
    )
    def test_an_edge_tells_its_direction_and_its_share_of_all_that_is_added(
        self, open_figure, edge, away
    ):
        figure = model("encoder")
        figure.chosen, figure.selected = [2, 1], list(edge)
        told = open_figure(figure).root.locator(".al-edge > p").nth(1).inner_text()
        row, (i, j) = figure.added[2, 1, edge[0]], edge
        assert away in told
        assert f"weight {shown_number(figure.weights[2, 1, i, j])}," in told
        share = shown_number(100 * row[j] / row.sum(), 0)
        length, all_ = shown_number(row[j]), shown_number(row.sum())
        assert f"length {length} of {all_} in all, {share} %" in told

    def test_weights_are_drawn_to_1_and_lengths_to_the_longest(self, open_figure):
        figure = model("decoder")
        hands = open_figure(figure)
        for show, kind in (("weights", "weight"), ("added", "value")):
            hands.open_link({**link_state(figure), "show": show, "chosen": [2, 1]})
            row = getattr(figure, show)[2, 1, -1]  # the last query, where none is chosen
            bars = hands.root.get_by_role("table", name="reads most").locator(f"line.al-{kind}")
            ends = bars.evaluate_all("all => all.map(one => Number(one.getAttribute('x2')))")
            most = 1 if show == "weights" else row.max()
            np.testing.assert_allclose(ends, 100 * np.sort(row)[:-6:-1] / most, atol=0.5)


def large(hands):
    return hands.root.get_by_role("grid", name=re.compile("^Head "))


def map_of(hands):
    return hands.root.get_by_role("grid", name="All heads")


class TestHands:
    def test_arrow_keys_choose_heads_and_edges(self, open_figure):
        hands = open_figure(model("decoder"))
        map_of(hands).locator('[tabindex="0"]').focus()
        for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
            hands.page.keyboard.press(key)
        hands.settle()
        assert hands.values()["head"] == 6
        assert hands.spoken == "head 1.2"
        large(hands).locator('[tabindex="0"]').focus()
        hands.page.keyboard.press("ArrowDown")
        hands.settle()
        assert hands.spoken.startswith("head 1.2, query old (2), key the (1): weight ")

    def test_the_walk_goes_on_behind_the_edge_of_a_long_text(self, open_figure):
        figure = model("encoder", n=50)
        figure.selected = [19, 3]
        hands = open_figure(figure)
        assert large(hands).locator('[role="gridcell"]').count() == 400
        large(hands).locator('[tabindex="0"]').focus()
        hands.page.keyboard.press("ArrowDown")
        hands.settle()
        assert "query and (20)" not in hands.spoken
        assert f"query {WORDS[20 % 13]} (21), key saw (4)" in hands.spoken
        at = "() => document.activeElement.getAttribute('aria-label')"
        assert "(21), key saw (4)" in hands.page.evaluate(at)

    def test_a_place_of_the_whole_and_a_slider_move_the_window(self, open_figure):
        hands = open_figure(model("encoder", n=50))
        hands.root.locator(".al-overview").click(position={"x": 150, "y": 80})
        hands.settle()
        assert "31–50 of 50" in hands.root.inner_text()
        hands.slider("first of the queries").fill("3")
        hands.settle()
        assert "4–23 of 50" in hands.root.inner_text()

    def test_five_hundred_tokens_are_no_quarter_million_elements(self, open_figure):
        weights = weights_of(1, 2, 512, causal=True)
        hands = open_figure(Patterns(text(512), weights))
        assert hands.root.locator("*").count() < 4000
        assert_shows_row(hands, weights[0, 0, 300], 300)

    def test_a_strong_edge_is_found_in_other_heads(self, open_figure):
        figure = model("encoder")
        figure.selected = [4, 7]
        hands = open_figure(figure)
        layer, head = np.unravel_index(figure.weights[:, :, 4, 7].argmax(), (3, 4))
        hands.root.get_by_role("button", name=f"head {layer}.{head}", exact=True).click()
        hands.settle()
        assert hands.values()["head"] == 4 * layer + head


def assert_shows_row(hands, row, i):
    shown = hands.root.evaluate("(root, i) => root.attnlibValues().rows[i].weights", i)
    np.testing.assert_allclose(shown, row, atol=STEP / 2 + 1e-9)


HOSTILE = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\n", ""]


def test_tokens_stay_text(open_figure):
    tokens = [*HOSTILE, "&amp;", "${1}", "__proto__", "constructor"]
    figure = Patterns(tokens, weights_of(1, 2, 8), order="previous")
    hands = open_figure(figure)
    headers = large(hands).get_by_role("rowheader").all_inner_texts()
    assert headers == ["</script><scr…", "<img src=x on…", "¶", "·", *tokens[4:]]
    names = names_of(large(hands).locator('[role="gridcell"]'))
    assert f"query {tokens[0]}, key {tokens[1]}: weight " in names[1]
    assert hands.root.locator("img, script").count() == 0
    assert hands.page.record.errors == []
    assert_shows(hands, figure)


class TestAFileOfItsOwn:
    @pytest.fixture
    def saved(self, tmp_path):
        path = tmp_path / "mine.html"
        assert model("decoder", n=30).save_html(str(path)) == path
        return path.as_uri()

    def test_it_is_alive_without_a_network(self, page_factory, saved):
        page = page_factory(offline=True)
        page.goto(saved)
        hands = Hands(page, "Patterns")
        map_of(hands).locator('[tabindex="0"]').press("ArrowRight")
        hands.settle()
        assert hands.values()["head"] == 1
        assert [one for one in page.record.requests if one != saved] == []
        assert page.record.errors == [] and violations(page) == []

    def test_it_is_dark_where_the_reader_is(self, page_factory, saved):
        page = page_factory(color_scheme="dark")
        page.goto(saved)
        ground = "() => getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(ground) == "rgb(21, 24, 33)"
        page.emulate_media(color_scheme="light")
        expect(page.locator("body")).to_have_css("background-color", "rgb(253, 252, 248)")

    def test_it_has_a_picture_without_javascript(self, page_factory, saved):
        page = page_factory(java_script_enabled=False)
        page.goto(saved)
        assert (
            page.get_by_role("img").get_attribute("aria-label") == model("decoder", 30).describe()
        )

    def test_another_name_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"expected one that ends in \.html"):
            Patterns().save_html(tmp_path / "mine.png")


class TestWhatComes:
    def test_bytes_are_off_by_less_than_the_text_says(self):
        for kind in KINDS:
            figure = model(kind)
            again = revive(json.loads(page_state(figure)))
            np.testing.assert_array_equal(again.weights, figure.weights)
        weights = weights_of(3, 4, 13)
        assert np.abs(Patterns(WORDS, weights).weights - weights).max() <= 0.002
        lengths = weights * 7
        shown = Patterns(WORDS, weights, contributions=lengths).added
        most = lengths.max(axis=(-2, -1), keepdims=True)
        assert (np.abs(shown - lengths) <= 0.002 * most).all()

    def test_half_of_a_causal_pattern_stays_at_home(self):
        whole, half = (Patterns(WORDS, weights_of(3, 4, 13, causal=c)) for c in (False, True))
        assert (whole.causal, len(whole._weights)) == (False, 12 * 169)
        assert (half.causal, len(half._weights)) == (True, 12 * 91)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
    def test_what_transformers_gives_is_taken(self, dtype):
        weights = weights_of(3, 4, 13)
        layers = tuple(torch.tensor(one[None], dtype=dtype, requires_grad=True) for one in weights)
        figure = Patterns(WORDS, layers)
        np.testing.assert_allclose(figure.weights, weights, atol=0.006)

    def test_one_text_of_a_batch(self):
        texts = np.stack([weights_of(3, 4, 13, seed=seed) for seed in (0, 1)], axis=1)
        np.testing.assert_array_equal(
            Patterns(WORDS, tuple(texts), batch=1).weights,
            Patterns(WORDS, weights_of(3, 4, 13, seed=1)).weights,
        )

    def test_values_give_lengths(self):
        weights, values = weights_of(3, 4, 13), np.random.default_rng(1).normal(size=(3, 4, 13, 5))
        lengths = np.linalg.norm(weights[..., None] * values[:, :, None], axis=-1)
        one = Patterns(WORDS, weights, values=values)
        other = Patterns(WORDS, weights, contributions=lengths)
        np.testing.assert_allclose(one.added, other.added, atol=1e-12)

    def test_a_query_that_may_attend_to_nothing_has_zeros(self):
        weights = weights_of(1, 1, 13)
        weights[0, 0, 3] = 0
        assert not Patterns(WORDS, weights).weights[0, 0, 3].any()


GOOD = weights_of(3, 4, 13)
BROKEN = GOOD.copy()
BROKEN[1, 2, 3, 4] = np.nan
REFUSED = {
    "no attentions": ((WORDS, None), TypeError, 'weights is None: load .*"eager"'),
    "a layer without": ((WORDS, (None, None)), TypeError, r"weights\[0\] is None: load .*eager"),
    "empty": ((WORDS, ()), TypeError, "weights is empty: load .*eager"),
    "a whole output": (
        (WORDS, {"encoder_attentions": (1,), "cross_attentions": (1,), "attentions": ()}),
        TypeError,
        r"a dict; pass output\.encoder_attentions or output\.cross_attentions$",
    ),
    "an output without": ((WORDS, {"attentions": None}), TypeError, "no attentions: load .*eager"),
    "one layer": ((WORDS, GOOD[0]), ValueError, r"shape \(4, 13, 13\).*weights\[None\]"),
    "one head": ((WORDS, GOOD[0, 0]), ValueError, r"shape \(13, 13\); expected \(n_layers"),
    "fewer tokens": ((WORDS[1:], GOOD), ValueError, "12 tokens but weights has 13 queries"),
    "one string": (("the fox", GOOD), TypeError, "tokens is one string; expected a list"),
    "ids": ((list(range(13)), GOOD), TypeError, "tokens holds 0; expected strings"),
    "twice": ((WORDS, GOOD * 2), ValueError, r"\[0, 0, 0\] sum to 2; expected 1.*model.eval"),
    "columns": ((WORDS, GOOD.swapaxes(-1, -2)), ValueError, "columns do: pass weights.swapaxes"),
    "NaN": ((WORDS, BROKEN), ValueError, r"holds nan at .* \[1, 2, 3, 4\]"),
    "scores": ((WORDS, np.log(GOOD)), ValueError, "If these are scores, apply attnlib.softmax"),
    "two texts": ((WORDS, (np.stack([GOOD[0]] * 2),)), ValueError, "pass batch=0 to batch=1"),
    "unlike layers": ((WORDS, (GOOD[:1], GOOD[:1, :2])), ValueError, "layer 1 has shape"),
    "cross without": ((WORDS, weights_of(1, 1, 13, 5)), ValueError, "pass key_tokens"),
    "letters": ((WORDS, "abc"), TypeError, "expected real numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_with_what_to_do(name):
    given, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        Patterns(*given)


WRONG = {
    "chosen": ([3, 0], r"chosen is \[3, 0\]; expected \[layer, head\] below 3 and 4"),
    "selected": ([13, 0], r"selected is \[13, 0\]; expected \[query, key\] below 13 and 13"),
    "corner": ([0, -1], r"corner is \[0, -1\]"),
    "show": ("added", "no lengths are known: pass contributions= or values="),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_change_nothing(name):
    value, message = WRONG[name]
    figure = Patterns(WORDS, GOOD)
    before = figure.get_state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.get_state() == before


class Letters:
    """A tokenizer with a token for each byte; no byte of "é" is a letter alone."""

    def encode(self, text):
        return SimpleNamespace(ids=list(text.encode()))

    def decode(self, ids, skip_special_tokens=True):
        return bytes(ids).decode(errors="replace")


def decoder(xp=np, n_layers=2, n_heads=4, n_kv_heads=2, d=8):
    """A model of random weights, whose heads share keys and values."""
    draw = np.random.default_rng(0).normal

    def random(*shape):
        return xp.asarray(draw(size=shape) / 2)

    kept = [random(n_kv_heads, d, 2) for _ in range(4 * n_layers)]
    blocks = [
        al.MultiHead(random(n_heads, d, 2), *kept[2 * i : 2 * i + 2], random(n_heads, 2, d))
        for i in range(n_layers)
    ]
    layer = GatedFeedForward(random(d, 4), random(d, 4), random(4, d))
    gains = [random(d)] * n_layers
    parts = (random(256, d), blocks, [layer] * n_layers, gains, gains, random(d), random(d, 256))
    return Decoder(*parts, tokenizer=Letters())


class TestOfText:
    @pytest.mark.parametrize("xp", [np, torch], ids=["numpy", "torch"])
    def test_it_shows_what_the_model_traces(self, xp):
        model = decoder(xp)
        figure = Patterns.of_text(model, "aba", show="both", chosen=[1, 3])
        assert figure.tokens == ["\n", "a", "b", "a"] and figure.text == "aba"
        trace = model.trace(list(b"\naba"))
        np.testing.assert_allclose(figure.weights, np.asarray(trace.weights), atol=0.002)
        for layer, block in enumerate(trace.blocks):
            for head in range(4):  # of its own matrices, not of the block's
                alone = block.block.heads[head]
                moved = np.asarray(model._read(trace.states[layer], layer) @ alone.ov)
                lengths = np.asarray(block.weights)[head] * np.linalg.norm(moved, axis=-1)
                shown = figure.added[layer, head]
                np.testing.assert_allclose(shown, lengths, atol=0.002 * lengths.max())

    def test_pieces_that_look_alike_are_told_apart(self, open_figure):
        figure = Patterns.of_text(decoder(), "éa\xa0é")
        assert figure.tokens == ["\n", "\ufffd", "\ufffd", "a", *["\ufffd"] * 4]
        ids = list("\néa\xa0é".encode())
        wanted = head_scores.same_token_score(figure.weights, np.array(ids))
        np.testing.assert_allclose(figure.scores["same"], wanted)
        assert_shows(open_figure(figure), figure)

    @pytest.mark.parametrize(
        "model, text, kind, message",
        [
            (decoder(), " \n", ValueError, r"text is ' \\n', without a word: write one"),
            (decoder(), 7, TypeError, "text is a int; expected a string"),
            (np.eye(2), "a", TypeError, r"a ndarray; expected an al.Decoder.*Patterns\(tokens, w"),
            (
                dataclasses.replace(decoder(), tokenizer=None),
                "a",
                ValueError,
                "no tokenizer, which",
            ),
            (
                decoder(),
                "a" * 3535,
                ValueError,
                "3536 tokens, .* but a page bears 3535 of 2 layers",
            ),
            (
                dataclasses.replace(decoder(), blocks=[lambda x, causal: x] * 2),
                *("a", TypeError, r"blocks\[0\] is a function, .*expected an al.MultiHead"),
            ),
        ],
    )
    def test_what_it_cannot_read_is_refused(self, model, text, kind, message):
        with pytest.raises(kind, match=message):
            Patterns.of_text(model, text)


HOSTILE_TEXT = '<img src=x onerror="alert(1)"> </script> ${1} __proto__ \\ "'


class TestOwnText:
    """Where there is no model, and what a kernel answers; with one: test_live_model.py."""

    def test_without_a_model_the_form_says_so_and_text_stays_text(self, open_figure):
        weights = weights_of(30, 9, 13, causal=True)
        figure = Patterns(WORDS, weights, contributions=weights, text="the old", own_text=True)
        hands = open_figure(figure)
        before = hands.values()
        hands.root.get_by_text("Your own text").click()
        box = hands.root.get_by_role("textbox", name="Your text")
        assert box.input_value() == "the old"
        for text, told in [
            (HOSTILE_TEXT, "There is no model here to read it."),
            ("   ", "There is no text here. Write a word at least."),
        ]:
            box.fill(text)
            box.press("Enter")
            hands.root.locator(".al-wrong", has_text=told).wait_for()
            assert hands.spoken == told and box.input_value() == text
        assert "This page was built without the model’s weights" in hands.root.inner_text()
        hands.open_link(link_state(figure) | {"text": HOSTILE_TEXT})
        assert "its text is another one. There is no model here to read it" in hands.spoken
        hands.open_link(link_state(figure) | {"text": 7})
        assert "its text does not fit this figure" in hands.spoken
        assert hands.values() == before and hands.root.locator("img").count() == 0
        hands.button("Reset").click()
        expect(box).to_have_value("the old")
        assert hands.page.record.errors == []

    def test_the_kernel_reads_it(self, monkeypatch):
        model, answers = decoder(), []
        figure = Patterns.of_text(model, "abab", order="prefix", selected=[4, 4], chosen=[1, 2])
        monkeypatch.setattr(Patterns, "send", lambda self, content: answers.append(content))

        def ask(**content):
            figure._hear(None, {"asked": "7", **content}, [])
            return answers.pop()

        assert ask(what="load") == {"asked": "7"}
        assert ask(what="read", text="x😀") == {"asked": "7"}
        assert figure.tokens == figure.key_tokens == ["\n", "x", *["\ufffd"] * 4]
        trace = model.trace(list("\nx😀".encode()))
        np.testing.assert_allclose(figure.weights, trace.weights, atol=0.002)
        state = (figure.text, figure.order, figure.selected, figure.chosen)
        assert state == ("x😀", "layers", None, [1, 2])
        before = figure.get_state()
        for text, error in [
            ("a" * 64, "That is 65 tokens; the figure takes up to 64, the new line included."),
            (" ", "text is ' ', without a word: write one at least"),
            (None, "TypeError: text is a NoneType; expected a string, such as 'The old fox saw'"),
        ]:
            assert ask(what="read", text=text) == {"asked": "7", "error": error}
        assert figure.get_state() == before
        figure.set_state({"_added": memoryview(figure._added)})  # as a view sends it
        figure.text = "abc"  # in Python, the same
        assert figure.tokens == ["\n", "a", "b", "c"] and figure.added.shape == (2, 4, 4, 4)

    def test_it_is_of_smollm2_alone(self):
        assert not Patterns.of_text(decoder(), "a").own_text
        with pytest.raises(ValueError, match=r"SmolLM2 alone: make the figure by Patterns.of_text"):
            Patterns(WORDS, GOOD, text="the old", own_text=True)


def test_a_score_that_the_text_has_not_is_no_order():
    with pytest.raises(ValueError, match="no score of this text; there are: previous, first, own"):
        Patterns(WORDS[:3], weights_of(1, 2, 3), order="prefix")


def test_lengths_are_checked():
    with pytest.raises(ValueError, match="one length for each weight"):
        Patterns(WORDS, GOOD, contributions=GOOD[0])
    with pytest.raises(ValueError, match=r"first three are \(3, 4, 13\) here"):
        Patterns(WORDS, GOOD, values=np.ones((3, 4, 12, 5)))
    with pytest.raises(ValueError, match="pass one of them"):
        Patterns(WORDS, GOOD, values=np.ones((3, 4, 13, 5)), contributions=GOOD)


def test_a_notebook_keeps_the_bytes_beside_the_state():
    figure = model("decoder")
    state, paths, buffers = _remove_buffers(figure.get_state(figure.page_traits()))
    kept = [
        {"path": path, "data": base64.b64encode(one).decode(), "encoding": "base64"}
        for path, one in zip(paths, buffers, strict=True)
    ]
    again = revive(whole_state({"state": json.loads(json.dumps(state)), "buffers": kept}))
    np.testing.assert_array_equal(again.weights, figure.weights)
    np.testing.assert_array_equal(again.added, figure.added)
