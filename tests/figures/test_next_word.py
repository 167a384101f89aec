"""NextWord: recorded runs first, then the model; what is not recorded says so."""

import json
import shutil

import numpy as np
import pytest
import traitlets

import attnlib as al
from attnlib.figures import NextWord, next_word, real_model
from tests.figures.driving import STATIC, Hands, assert_links_refused, document, link, on_our_clock
from tests.figures.test_questions import link_state

NAMES, CAPITAL, LETTER = (next_word.recording(name) for name in ("names", "capital", "letter"))
JOHN = NAMES["pieces"].index(" John")
WITHIN = 1e-6


def figure(**traits):
    return NextWord(sentences=["names", "capital"], **traits)


def random_state(seed):
    """A recorded state: a text, and nothing or one thing taken away."""
    random = np.random.default_rng(seed)
    text = (NAMES, CAPITAL)[seed % 2]
    layers = next_word.RANGES[random.integers(len(next_word.RANGES))]
    state = {"text": text["text"], "cut": [], "layers": list(layers), "silent": [], "last": 0}
    if seed % 3 == 0:
        return state | {"last": int(random.choice(next_word.LAST))}
    return state | {"cut": [int(random.integers(len(text["ids"]) - 1))]}


def told(predictions):
    return [(one["id"], one["piece"]) for one in predictions], [one["p"] for one in predictions]


def assert_true(hands, state):
    """What the view `hands` has is what Python has for `state`."""
    there, here = hands.values(), figure(**state)
    for which in ("before", "now"):
        tokens, shares = told(there[which])
        wanted, those = told([one._asdict() for one in getattr(here, which)])
        np.testing.assert_allclose(shares, those, atol=WITHIN)
        assert tokens == wanted


@pytest.fixture(scope="session")
def smollm2():
    try:
        return al.load_smollm2()
    except (FileNotFoundError, ModuleNotFoundError) as missing:
        pytest.skip(str(missing))


class TestRecordings:
    def test_the_model_says_the_same(self, smollm2):
        """Of a sample of the runs; the rest are made by the same lines."""
        n = len(NAMES["ids"])
        assert smollm2.tokenizer.encode(next_word.START + NAMES["text"]).ids == NAMES["ids"]
        for state in [{}, {"cut": [JOHN], "layers": [20, 24]}, {"last": 4}]:
            here = figure(**state)
            cut = next_word.edges(here.cut, here.layers, n)
            logits = smollm2(np.array(NAMES["ids"]), cut=cut, last=here.last or None)[-1]
            p = al.softmax(logits.astype(float))
            assert [one.id for one in here.now[:5]] == list(np.argsort(-p)[:5])
            for one in here.now:
                assert p[one.id] == pytest.approx(one.p, abs=1e-5)

    @pytest.mark.parametrize("name", next_word.RECORDED)
    def test_every_run_is_there_and_a_probability(self, name):
        recording = next_word.recording(name)
        n = len(recording["ids"])
        assert n <= next_word.MOST_TOKENS
        runs = 1 + len(next_word.LAST) + (n - 1) * len(next_word.RANGES) + len(recording["grown"])
        for place in range(runs):
            found = [one.p for one in next_word.recorded_run(recording, place)]
            assert found == sorted(found, reverse=True) and 0 < sum(found) <= 1 + WITHIN
        with pytest.raises(IndexError):
            next_word.recorded_run(recording, runs)

    @pytest.mark.parametrize("name", next_word.RECORDED)
    def test_it_is_light(self, name):
        assert len(json.dumps(next_word.recording(name))) < 54_000

    def test_the_texts_show_what_they_are_for(self):
        assert figure().now[0].piece == " John" and figure().now[0].p > 0.8
        hidden = {one.piece: one.p for one in figure(cut=[JOHN], layers=[20, 24]).now}
        assert hidden[" John"] < 0.3
        for layers in ([0, 4], [5, 9], [10, 14], [25, 29]):
            other = {one.piece: one.p for one in figure(cut=[JOHN], layers=layers).now}
            assert other[" John"] > 0.7, layers
        assert figure(text=CAPITAL["text"]).now[0].piece == " Paris"
        letter = NextWord(LETTER["text"])
        assert letter.now[0].piece == " Simon"
        letter.cut = [LETTER["pieces"].index(" Simon")]
        assert {one.piece: one.p for one in letter.now}[" Simon"] < letter.before[0].p / 4


class TestPython:
    WRONG = (
        ("text", " ", "text has 1 characters"),
        ("text", "a" * 1001, "text has 1001 characters; expected 1 to 1000"),
        ("cut", [14], r"cut is \[14\]; expected places from 0 to 13"),
        ("cut", [-1], "cut is"),
        ("cut", [0.5], "cut is"),
        ("layers", [5, 4], r"layers is \[5, 4\]; expected \[first, last\] within 0 to 29"),
        ("layers", [0, 30], "layers is"),
        ("layers", [3], "layers is"),
        ("silent", [[0, 9]], r"silent has \[0, 9\]; expected \[layer, head\] below 30 and 9"),
        ("silent", [[1]], "silent has"),
    )

    @pytest.mark.parametrize(("name", "value", "because"), WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name, value, because):
        one = figure()
        before = getattr(one, name)
        with pytest.raises(ValueError, match=because):
            setattr(one, name, value)
        assert getattr(one, name) == before

    def test_the_number_of_tokens_has_its_range(self):
        with pytest.raises(traitlets.TraitError):
            figure(last=-1)

    def test_a_text_without_a_recording_is_named(self):
        with pytest.raises(ValueError, match="there are recordings of names, capital"):
            NextWord(sentences=["nothing"])

    def test_another_text_keeps_the_places_it_has(self):
        one = figure(cut=[2, 9])
        one.text = CAPITAL["text"]
        assert one.cut == [2]

    def test_it_says_what_was_taken_away(self):
        one = figure(cut=[JOHN], layers=[20, 24], silent=[[20, 6]], last=8)
        said = (
            f"tokens {JOHN} hidden from the last in layers 20 to 24; heads 20.6 silent; each token"
        )
        assert said in repr(one)
        assert "; nothing taken away. Likeliest next: John 0.86, her" in repr(figure())

    def test_what_nobody_recorded_has_a_still_that_says_what_is_asked(self):
        assert "heads 20.6 silent" in figure(silent=[[20, 6]]).still()

    def test_challenges_are_judged(self):
        conditions = [
            {"measure": "probability", "token": "John", "at_most": 0.3},
            {"measure": "hidden", "at_most": 1},
            {"measure": "layers", "at_most": 5},
        ]
        one = figure(challenges=[{"id": "hide", "text": "Hide it.", "conditions": conditions}])
        assert one.solved == []
        one.cut, one.layers = [JOHN], [20, 24]
        assert one.solved == ["hide"]
        one.layers = [0, 29]
        assert one.solved == []


class TestKernel:
    """What the figure's Python half answers to a view in a notebook."""

    @pytest.fixture
    def heard(self, monkeypatch):
        one, answers = figure(), []
        monkeypatch.setattr(type(one), "send", lambda self, content: answers.append(content))

        def ask(**content):
            one._hear(None, {"asked": "7", **content}, [])
            return answers.pop()

        return ask

    def test_it_encodes_and_runs(self, heard, smollm2, monkeypatch):
        monkeypatch.setattr(real_model, "smollm2", lambda: smollm2)
        assert heard(what="load") == {"asked": "7"}
        answer = heard(what="encode", text=next_word.START + CAPITAL["text"])
        assert answer["ids"] == CAPITAL["ids"] and answer["pieces"] == CAPITAL["pieces"]
        cut = [[layer, 5, 4] for layer in range(30)]
        answer = heard(what="run", ids=CAPITAL["ids"], cut=cut, silent=[], last=None)
        assert len(answer["top"]) == next_word.KEPT
        wanted = figure(text=CAPITAL["text"], cut=[4]).now
        assert answer["top"][0]["id"] == wanted[0].id
        assert answer["top"][0]["p"] == pytest.approx(wanted[0].p, abs=1e-5)

    def test_what_goes_wrong_is_told(self, heard, monkeypatch):
        def missing():
            raise FileNotFoundError("the weights are not here")

        monkeypatch.setattr(real_model, "smollm2", missing)
        answer = heard(what="load")
        assert answer == {"asked": "7", "error": "FileNotFoundError: the weights are not here"}

    def test_a_text_that_is_too_long_is_refused(self, heard, smollm2, monkeypatch):
        monkeypatch.setattr(real_model, "smollm2", lambda: smollm2)
        assert "That is 101 tokens" in heard(what="encode", text="\n" + " b" * 100)["error"]


@pytest.fixture
def hands(lasting):
    return lasting(NextWord())


def token(hands, n):
    return hands.root.get_by_role("group", name="Hide a token").get_by_role("button").nth(n)


def rows(hands):
    table = hands.root.get_by_role("table", name="Likeliest next tokens")
    return table.locator("tbody tr:not([aria-hidden])").all_inner_texts()


class TestTruth:
    @pytest.mark.parametrize("seed", range(6))
    def test_a_recorded_state_equals_pythons(self, open_figure, seed):
        state = random_state(seed)
        assert_true(open_figure(figure(), state), state)

    def test_what_is_written_is_what_is_known(self, hands):
        hands.open_link(link_state(NextWord(cut=[JOHN], layers=[20, 24])))
        now = NextWord(cut=[JOHN], layers=[20, 24]).now
        shown = [row.split("\t") for row in rows(hands)]
        assert [row[0].strip() for row in shown[:5]] == [one.piece.strip() for one in now[:5]]
        assert [row[2] for row in shown[:2]] == ["0.22", "0.13"]
        assert shown[0][3] == "0.86"
        hands.open_link(link_state(NextWord(cut=[JOHN])))
        known = {row[0].strip(): row[3] for row in (one.split("\t") for one in rows(hands)[:5])}
        before = NextWord(cut=[JOHN]).before
        unknown = known.keys() - {one.piece.strip() for one in before}
        assert before[-1].p == pytest.approx(0.0024, abs=1e-4)  # the least known
        assert {known[piece] for piece in unknown} == {"<\u00a00.003"}


class TestHands:
    def test_a_token_is_hidden_by_a_click_and_shown_by_another(self, hands):
        before = hands.values()["now"]
        token(hands, JOHN).click()
        assert hands.values()["now"] != before
        assert token(hands, JOHN).get_attribute("aria-pressed") == "true"
        assert "“John” hidden from the last token in all layers" in hands.root.inner_text()
        token(hands, JOHN).click()
        assert hands.values()["now"] == before

    def test_with_keys_alone(self, hands):
        token(hands, 0).focus()
        hands.press("End", "Home", *["ArrowRight"] * JOHN, "Enter")
        assert token(hands, JOHN).get_attribute("aria-pressed") == "true"
        hands.menu("Hidden in layers").select_option("20 to 24")
        wanted = figure(cut=[JOHN], layers=[20, 24]).now
        assert hands.values()["now"][0]["p"] == pytest.approx(wanted[0].p, abs=WITHIN)
        assert hands.spoken.startswith("John 0.22, her 0.13, the 0.08")

    def test_every_token_sees_the_last_few(self, hands):
        hands.menu("Every token looks at").select_option("the last 4")
        wanted = figure(last=4).now
        assert hands.values()["now"][0]["id"] == wanted[0].id

    def test_a_prediction_is_appended_and_taken_back(self, hands):
        hands.button("Append John").click()
        assert hands.values()["pieces"][-1] == " John"
        assert len(hands.values()["now"]) >= 5
        second = hands.values()["now"][0]["piece"]
        hands.root.get_by_role("button", name="Append").first.click()
        assert hands.values()["pieces"][-2:] == [" John", second]
        for left in ([" John"], []):
            hands.button("Take the last token back").click()
            assert hands.values()["pieces"] == [*NAMES["pieces"], *left]
        assert hands.button("Take the last token back").count() == 0

    def test_what_was_not_recorded_says_so_and_who_could_run_it(self, hands):
        hands.button("Silence it").click()
        said = (
            "This was not recorded: head 20.0 silent. This copy of the book has no model to run it."
        )
        assert said in hands.root.inner_text()
        assert hands.values()["now"] is None and hands.values()["before"]
        hands.button("Head 20.0 is silent: let it speak").click()
        assert hands.values()["now"]

    def test_without_weights_there_is_no_button_and_a_line_says_why(self, hands):
        assert hands.root.get_by_role("button", name="Bring the model").count() == 0
        assert "built without the model’s weights" in hands.root.inner_text()

    def test_links_that_do_not_fit_are_refused(self, hands):
        good = link_state(NextWord())
        wrong = {
            "cut": [14],
            "layers": [9, 3],
            "silent": [[30, 0]],
            "last": 65,
            "text": 7,
        }
        states = {name: good | {name: value} for name, value in wrong.items()}
        assert_links_refused(hands, states)


FAKE = """globalThis.attnlibSmolLM2 = { LiveModel: class {
    constructor(base) { window.fake = this; this.base = base; this.asked = []; this.done = 0; }
    static room() { return window.room ?? { enough: true, needed: 2, found: null }; }
    async load({ onProgress }) {
        this.isWanted = true;
        while (this.isWanted && this.done < 4) {
            await new Promise((go) => (this.go = go));
            if (this.isWanted) onProgress(++this.done * 24e6, 96e6);
        }
        return this.isWanted;
    }
    stop() { this.isWanted = false; this.go(); }
    async encode(text) {
        if (window.refusal) throw new Error(window.refusal);
        const pieces = text.match(/^\\n| ?[^ \\n]+/g);
        return { pieces, ids: pieces.map((_, n) => 1000 + n) };
    }
    async run(asked) {
        this.asked.push(asked);
        const top = window.pieces ?? [" one", " two", " three", " four", " five", " six"];
        const first = asked.cut.length + asked.silent.length + (asked.last ?? 0);
        return { seconds: 0, top: top.map((piece, n) =>
            ({ id: 5 + ((n + first) % 6), piece: top[(n + first) % 6],
               p: 0.4 / 2 ** n, logit: -n })) };
    }
    close() {}
} };"""


@pytest.fixture
def live(page_factory, tmp_path):
    """`live(before, state)` opens a page of a book with a model, a fake in the page's folder."""

    def open_(before="", state=None):
        static = tmp_path / "_static"
        shutil.copytree(STATIC, static, ignore=shutil.ignore_patterns("smollm2.js"))
        (static / "smollm2.js").write_text(FAKE, encoding="utf-8")
        html = on_our_clock(document(figure())).replace(STATIC.as_uri(), static.as_uri())
        html = html.replace('data-attnlib-page=""', 'data-attnlib-page="" data-attnlib-model=""')
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        page = page_factory()
        page.add_init_script(before or "0")
        page.goto((tmp_path / "page.html").as_uri() + (link("NextWord", state) if state else ""))
        return Hands(page, "NextWord")

    return open_


def bring(hands):
    hands.root.get_by_role("button", name="Bring the model here").click()
    for _ in range(4):
        hands.page.wait_for_function("!!window.fake?.go")
        hands.page.evaluate("const go = fake.go; fake.go = null; go()")
    hands.root.get_by_text("The model is here: any text").wait_for()


def use(hands, text):
    hands.unfold()
    hands.root.get_by_role("textbox", name="Your text").fill(text)
    hands.root.get_by_role("button", name="Use", exact=True).click()


class TestModel:
    def test_nothing_is_asked_for_before_the_reader_asks(self, live):
        hands = live()
        token(hands, JOHN).click()
        asked = hands.page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
        assert not [name for name in asked if "smollm2" in name]

    def test_it_comes_with_progress_and_can_be_stopped(self, live):
        hands = live()
        hands.root.get_by_role("button", name="Bring the model here (97 MB").press("Enter")
        hands.page.wait_for_function("!!window.fake?.go")
        hands.page.evaluate("const go = fake.go; fake.go = null; go()")
        hands.root.get_by_text("24 of 96 MB").wait_for()
        hands.page.wait_for_function("!!fake.go")
        hands.button("Stop").click()
        hands.button("Go on bringing it").click()
        for _ in range(3):
            hands.page.wait_for_function("!!fake.go")
            hands.page.evaluate("const go = fake.go; fake.go = null; go()")
        hands.root.get_by_text("The model is here: any text").wait_for()
        assert hands.page.evaluate("fake.base").endswith("/_static/smollm2/")

    def test_a_small_device_is_told_before(self, live):
        hands = live("window.room = { enough: false, needed: 2, found: 1 };")
        hands.root.get_by_role("button", name="Bring the model here").click()
        hands.root.get_by_text("This device has too little memory").wait_for()
        assert hands.page.evaluate("window.fake === undefined || fake.done === 0")
        hands.root.get_by_role("button", name="Bring it all the same").click()
        hands.page.wait_for_function("!!window.fake?.go")

    def test_what_was_not_recorded_is_run(self, live):
        hands = live()
        hands.button("Silence it").click()
        assert "The model itself can run it" in hands.root.inner_text()
        token(hands, 1).click()
        token(hands, 2).click()
        hands.menu("Hidden in layers").select_option("10 to 14")
        bring(hands)
        hands.page.wait_for_function("fake.asked.length")
        asked = hands.page.evaluate("fake.asked.at(-1)")
        assert asked["ids"] == NAMES["ids"] and asked["silent"] == [[20, 0]]
        assert sorted(map(tuple, asked["cut"])) == next_word.edges([1, 2], (10, 14), 15)
        assert asked["last"] is None
        hands.root.get_by_text("With “When” and “Mary” hidden").wait_for()
        assert len(hands.values()["now"]) == 6

    def test_a_text_of_the_readers_own_is_run_and_grows(self, live):
        hands = live()
        bring(hands)
        use(hands, "my own text")
        hands.button("Append one").wait_for()
        assert hands.values()["pieces"] == ["\n", "my", " own", " text"]
        hands.button("Append one").click()
        hands.page.wait_for_function(
            "document.querySelector('[data-attnlib-figure]').attnlibValues().pieces?.length === 5"
        )
        token(hands, 2).click()
        hands.root.get_by_text("With “own” hidden").wait_for()
        assert hands.spoken.count(",") == 4
        assert hands.page.record.errors == []

    def test_what_is_hostile_stays_text(self, live):
        alarm = '<img src=x onerror="window.alarm = true">'
        pieces = json.dumps([alarm, "</script>", "__proto__", "\u202e", "\n", "{}"])
        hands = live(f"window.pieces = {pieces};")
        bring(hands)
        use(hands, f"{alarm} __proto__ </script> \u202e $& constructor")
        hands.page.wait_for_function("fake.asked.length")
        hands.root.get_by_role("button", name=f"Append {alarm}").click()
        hands.settle()
        assert hands.page.evaluate("window.alarm") is None
        assert hands.root.locator("img").count() == 0
        assert hands.page.record.errors == []

    def test_what_it_refuses_is_told_and_another_text_is_run(self, live):
        hands = live("window.refusal = 'That is 70 tokens';")
        bring(hands)
        use(hands, "too long")
        hands.root.locator(".al-message.al-wrong", has_text="That is 70 tokens").wait_for()
        hands.page.evaluate("delete window.refusal")
        use(hands, "short")
        hands.button("Append one").wait_for()

    def test_a_model_that_stops_is_brought_again_and_runs_what_was_asked(self, live):
        hands = live()
        bring(hands)
        hands.page.evaluate(
            """() => {
                fake.done = 0;
                fake.run = async () => {
                    delete fake.run;
                    fake.onLost();
                    throw new Error("The model stopped: no more memory");
                };
            }"""
        )
        hands.button("Silence it").click()
        hands.root.locator(".al-message.al-wrong", has_text="no more memory").wait_for()
        assert "The model stopped, and its memory is given back." in hands.root.inner_text()
        assert hands.values()["now"] is None
        bring(hands)
        hands.root.get_by_text("With head 20.0 silent").wait_for()
        assert len(hands.values()["now"]) == 6
