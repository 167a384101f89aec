"""The real model on a page opened from disk: it comes in parts, and says what al.load_smollm2 says.

The engine and the parts are those of the built book, where it was built with the weights.
"""

import base64
import json
import random
import shutil
import unicodedata
from collections import Counter

import numpy as np
import pytest
from playwright.sync_api import expect

import attnlib as al
from attnlib.figures import Patterns, pattern_bytes
from attnlib.sphinx_ext.smollm2 import FOLDER
from tests.conftest import new_page, refuse
from tests.figures.driving import STATIC, Hands, document, link

TEXT = "\nWhen Mary and John went to the garden, Mary gave the book to"
LAST = 14  # the last of its tokens
TAKEN_AWAY = {
    "nothing": {},
    "a name, in layers 20 to 24": {
        "cut": [[layer, LAST, key] for layer in range(20, 25) for key in (2, 4, 10)]
    },
    "every edge of a token": {"cut": [[3, 6, key] for key in range(7)]},
    "two heads": {"silent": [[18, 6], [16, 0]]},
    "all but four tokens": {"last": 4},
    "some of each": {"cut": [[12, 9, 0], [2, 3, 8]], "silent": [[0, 8]], "last": 9},
}
LOAD = """async (folder) => {
    globalThis.told = [];
    globalThis.model ??= new attnlibSmolLM2.LiveModel(folder);
    return model.load({ onProgress: (...bytes) => told.push(bytes) });
}"""
RUN = """async (asked) => {
    const { patterns, ...found } = await model.run(asked);
    if (!patterns) return found;
    const [weights, added] = [patterns.weights, patterns.added].map((bytes) => [...bytes]);
    return { ...found, patterns: { ...patterns, weights, added } };
}"""
FAILURE = "(error) => error.message"


@pytest.fixture(scope="module")
def folder(built_book):
    """The folder of the model in the built book."""
    if not (built_book / FOLDER / "about.js").exists():
        refuse("the book was built without the weights of the real model")
    return built_book / FOLDER


@pytest.fixture(scope="module")
def python_model():
    return al.load_smollm2()


@pytest.fixture
def open_engine(page_factory, tmp_path, folder):
    """`open_engine(before="")` is a page with the engine, opened from disk."""

    def open_(before=""):
        page = page_factory()
        visit(page, folder, tmp_path / "page.html", before)
        return page

    return open_


def visit(page, folder, path, before=""):
    engine = (folder.parent / "smollm2.js").as_uri()
    path.write_text(
        f'<!doctype html><meta charset="utf-8"><script>{before}</script><script src="{engine}">'
        "</script>",
        encoding="utf-8",
    )
    page.goto(path.as_uri())


@pytest.fixture(scope="module")
def page(browser, folder, tmp_path_factory):
    """A page that has the model."""
    page = new_page(browser)
    visit(page, folder, tmp_path_factory.mktemp("model") / "page.html")
    assert page.evaluate(LOAD, folder.as_uri()) is True
    yield page
    page.context.close()


def assert_patterns(found, trace):
    """Weights, and the lengths of what is added, are the trace's: off by half a step of a byte."""
    shape = trace.weights.shape
    weights = pattern_bytes.unpack(bytes(found["weights"]), 1.0, shape, causal=True)
    np.testing.assert_allclose(weights, trace.weights, atol=1 / 510 + 1e-4)
    longest = np.reshape(found["longest"], (*shape[:2], 1, 1))
    lengths = pattern_bytes.unpack(bytes(found["added"]), longest, shape, causal=True)
    moved = np.stack([block.values @ block.block.w_o for block in trace.blocks])
    wanted = trace.weights * np.linalg.norm(moved, axis=-1)[..., None, :]
    assert (np.abs(lengths - wanted) <= (1 / 510 + 1e-3) * longest + 1e-6).all()
    np.testing.assert_allclose(longest, wanted.max((-2, -1), keepdims=True), rtol=1e-3, atol=1e-6)


class TestTruth:
    @pytest.mark.parametrize("what", TAKEN_AWAY)
    def test_logits_and_patterns_equal_numpys(self, page, python_model, what):
        taken = TAKEN_AWAY[what]
        ids = python_model.tokenizer.encode(TEXT).ids
        found = page.evaluate(RUN, {"ids": ids, "patterns": True, **taken})
        trace = python_model.trace(ids, **taken)
        logits = np.asarray(trace.logits)[-1].astype(float)
        top = [one["id"] for one in found["top"]]
        assert len(set(top)) == 50
        assert top[:5] == np.argsort(-logits)[:5].tolist()
        np.testing.assert_allclose([one["logit"] for one in found["top"]], logits[top], atol=1e-3)
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        np.testing.assert_allclose([one["p"] for one in found["top"]], shares[top], atol=1e-4)
        pieces = [python_model.tokenizer.decode([i], skip_special_tokens=False) for i in top]
        assert [one["piece"] for one in found["top"]] == pieces
        assert_patterns(found["patterns"], trace)

    def test_a_text_written_on_equals_the_whole_text(self, page, python_model):
        ids = python_model.tokenizer.encode(TEXT).ids
        written = python_model.write(ids, 3)
        for n in range(3):
            found = page.evaluate(RUN, {"ids": ids + written[:n]})
            assert found["top"][0]["id"] == written[n]

    def test_the_tokenizer_is_that_of_python_on_2000_strings(self, page, python_model):
        texts = strings(2000)
        found = page.evaluate("(texts) => Promise.all(texts.map((t) => model.encode(t)))", texts)
        for text, one in zip(texts, found, strict=True):
            ids = python_model.tokenizer.encode(text).ids
            assert one["ids"] == ids, repr(text)
            decode = python_model.tokenizer.decode
            assert one["pieces"] == [decode([i], skip_special_tokens=False) for i in ids]


# What tokenizers stumble over: spaces of every kind, digits, contractions, control tokens and
# what looks like them, joined emoji, characters that cannot be seen.
AWKWARD = [
    *(" ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u0085", "\u2028", "\u3000", "\u180e", "\ufeff"),
    *("1", "23", "٣", "½", "Ⅷ", "²", "'s", "'S", "’s", "'ll", "don't", "the", "é", "e\u0301"),
    *("<|im_start|>", "<|endoftext|>", "<|im", "<file_sep>", "<b>", "&amp;", "😀", "👩‍👩‍👧", "🇫🇷"),
    *("\0", "\x1f", "\x7f", "\u200b", "\u202e", "\ue000", "\U0010ffff", "\ufffd"),
]


def strings(n):
    """`n` strings of every script and of awkward pieces, the same in each run."""
    draw = random.Random(19)
    given = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cn", "Cs")]
    by_script = {}
    for char in given:
        by_script.setdefault(unicodedata.name(char, "?").split(" ")[0], []).append(char)
    scripts = [chars for chars in by_script.values() if len(chars) > 5]

    def piece():
        kind = draw.randrange(4)
        if kind == 0:
            return draw.choice(AWKWARD)
        if kind == 1:
            return draw.choice(given)
        return "".join(draw.choices(draw.choice(scripts), k=draw.randrange(1, 6)))

    return ["".join(piece() for _ in range(draw.randrange(1, 8))) for _ in range(n)]


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            *("", "\0", "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>"),
            *("${alert(1)}", '"; alert(1); "', "__proto__", "a" * 20_000),
        ],
        ids=lambda text: text[:12] or "nothing",
    )
    def test_hostile_texts_are_texts(self, page, python_model, text):
        found = page.evaluate("(text) => model.encode(text)", text)
        assert found["ids"] == python_model.tokenizer.encode(text).ids
        assert page.record.errors == []

    def test_half_an_emoji_counts_as_a_replaced_one(self, page, python_model):
        found = page.evaluate(r"() => model.encode('a\ud83d b\ude00')")
        assert found["ids"] == python_model.tokenizer.encode("a\ufffd b\ufffd").ids

    @pytest.mark.parametrize(
        "call, message",
        [
            ("encode('a'.repeat(20001))", "The text has 20001 letters, but 20000 fit."),
            ("run({ ids: [] })", "The text has 0 tokens, but 1 to 128 fit."),
            ("run({ ids: [49152] })", "49152 is no token: they are 0 to 49151."),
            ("run({ ids: ['<b>'] })", "<b> is no token: they are 0 to 49151."),
            ("run({ ids: [1], cut: [[30, 0, 0]] })", "The layer of a cut is 30, but 0 to 29 are"),
        ],
    )
    def test_what_cannot_be_is_refused_and_the_model_goes_on(self, page, call, message):
        assert page.evaluate(f"() => model.{call}.catch({FAILURE})").startswith(message)
        assert page.evaluate(RUN, {"ids": [198, 504]})["top"][0]["p"] > 0


def parts_asked_for(page):
    return [one for one in page.record.requests if "/part-" in one]


CARRIES = "globalThis.attnlibCarried = "


class TestBringing:
    def test_it_tells_how_far_it_is_and_asks_for_its_own_folder_alone(self, page):
        told = page.evaluate("() => told")
        assert told == sorted(told) and told[-1][0] == told[-1][1] <= 97e6
        parts = parts_asked_for(page)
        assert len(parts) == len(set(parts)) == len(told)
        elsewhere = [one for one in page.record.requests if not one.startswith(("file:", "blob:"))]
        assert elsewhere == [] and page.record.errors == []
        assert page.evaluate("() => [model.isSlow, model.longest]") == [False, 128]

    def test_it_stops_and_goes_on_where_it_was(self, open_engine, folder):
        page = open_engine()
        found = page.evaluate(
            f"""async (folder) => {{
                const model = new attnlibSmolLM2.LiveModel(folder);
                const told = [];
                const stopAt = (n) => (done, all) => told.push(done) === n && model.stop();
                const isReady = await model.load({{ onProgress: stopAt(1) }});
                const answer = await model.run({{ ids: [1] }}).catch({FAILURE});
                await model.load({{ onProgress: stopAt(3) }});
                return {{ isReady, answer, told: told.length }};
            }}""",
            folder.as_uri(),
        )
        early = "The model is not here yet: bring it first."
        assert found == {"isReady": False, "answer": early, "told": 3}
        parts = parts_asked_for(page)
        assert len(parts) == len(set(parts)) == 3

    def test_a_part_that_is_missing_or_cut_short_is_told_and_tried_again(
        self, open_engine, folder, tmp_path
    ):
        copy = tmp_path / "copy"
        copy.mkdir()
        for script in folder.glob("*.js"):
            (copy / script.name).symlink_to(script)
        spoilt = copy / "part-01.js"
        page = open_engine()
        for content in (
            None,
            'globalThis.attnlibCarried = "AAAA";',
            'globalThis.attnlibCarried = "',
        ):
            spoilt.unlink()
            if content:
                spoilt.write_text(content, encoding="ascii")
            told = page.evaluate(f"(folder) => ({LOAD})(folder).catch({FAILURE})", copy.as_uri())
            assert told.startswith("Part 2 of 16 could not be read (file:")
            spoilt.touch()
        spoilt.unlink()
        spoilt.symlink_to(folder / spoilt.name)
        page.evaluate("() => model.load({ onProgress: () => model.stop() })")
        assert sorted(Counter(parts_asked_for(page)).values()) == [1, 4]  # the first, the second

    def test_a_book_without_the_model_says_so(self, open_engine, tmp_path):
        page = open_engine()
        told = page.evaluate(f"(folder) => ({LOAD})(folder).catch({FAILURE})", tmp_path.as_uri())
        assert told.startswith("The model is not in this copy of the book")

    def test_a_page_without_workers_says_so(self, open_engine, folder):
        page = open_engine("globalThis.Worker = undefined")
        told = page.evaluate(f"(folder) => ({LOAD})(folder).catch({FAILURE})", folder.as_uri())
        assert told == "This page cannot run the model: the browser gives it no worker."

    def test_who_waits_for_a_model_that_is_closed_is_told(self, open_engine, folder):
        page = open_engine()
        told = page.evaluate(
            f"""async (folder) => {{
                const model = new attnlibSmolLM2.LiveModel(folder);
                const failing = (promise) => promise.catch({FAILURE});
                const coming = failing(model.load({{ onProgress: () => model.close() }}));
                await coming;
                const asked = [coming, failing(model.encode("a")), failing(model.load())];
                const other = new attnlibSmolLM2.LiveModel(folder);
                asked.push(failing(other.load())); // it is closed before a worker is there
                other.close();
                const third = new attnlibSmolLM2.LiveModel(folder);
                const waiting = failing(third.load());
                while (!third.worker) await new Promise((go) => setTimeout(go));
                third.close();
                const later = new Promise((go) => setTimeout(go, 0, "nobody was told"));
                asked.push(Promise.race([waiting, later]));
                return Promise.all(asked);
            }}""",
            folder.as_uri(),
        )
        assert told == ["The model was closed."] * 5

    @pytest.mark.parametrize("memory, enough", [("1", False), ("8", True), ("undefined", True)])
    def test_a_device_that_is_too_small_is_known_before(self, open_engine, memory, enough):
        page = open_engine(
            f"Object.defineProperty(navigator, 'deviceMemory', {{ value: {memory} }})"
        )
        room = page.evaluate("() => attnlibSmolLM2.LiveModel.room()")
        found = None if memory == "undefined" else int(memory)
        assert room == {"enough": enough, "needed": 2, "found": found}


# A worker that fails for good when it is told to, as one does that gets no more memory.
MORTAL = """
globalThis.Blob = class extends Blob {
    constructor(parts, options) {
        const listen = `addEventListener("message", (event) => {
            if (event.data !== "fail") return;
            event.stopImmediatePropagation();
            throw new Error("no more memory");
        });`;
        super([listen, ...parts], options);
    }
};
globalThis.Worker = class extends Worker {
    constructor(address) { super(address); globalThis.lastWorker = this; }
};
"""
OWN = 'A <img src=x onerror="alert(1)"> cat sat, and the cat sat on the <b>mat'


class TestPatternsOfAnOwnText:
    @pytest.fixture
    def figure(self, python_model):
        text, state = "The old fox saw the old owl", {"chosen": [17, 5], "selected": [6, 2]}
        return Patterns.of_text(python_model, text, show="both", order="prefix", **state)

    @pytest.fixture
    def hands(self, page_factory, figure, folder, tmp_path):
        """A page of a book with the model."""
        static = tmp_path / "_static"
        shutil.copytree(STATIC, static)
        (static / "smollm2").symlink_to(folder)
        html = document(figure).replace(STATIC.as_uri(), static.as_uri())
        html = html.replace('data-attnlib-page=""', 'data-attnlib-page="" data-attnlib-model=""')
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        page = page_factory()
        page.add_init_script(MORTAL)
        page.goto((tmp_path / "page.html").as_uri())
        return Hands(page, "Patterns")

    def test_it_is_read_in_the_page_as_python_reads_it(self, hands, figure, python_model):
        page, start = hands.page, hands.values()
        hands.root.get_by_text("Your own text").click()
        box = hands.root.get_by_role("textbox", name="Your text")

        def use(text):
            box.fill(text)
            box.press("Enter")

        use(OWN)
        assert hands.spoken == "The model reads it once it is here."
        assert hands.values() == start
        assert not [one for one in page.record.requests if "/smollm2" in one]
        hands.root.get_by_role("button", name="Bring the model here").click()
        hands.button("Show the first text again").wait_for()
        wanted = Patterns.of_text(python_model, OWN)
        hands.hears(f"{len(wanted.tokens)} tokens, new line included")
        for head in ([17, 5], [0, 0], [29, 8]):
            hands.follow(link("Patterns", self.state(hands, chosen=head)))
            assert_shows_as(hands.values(), wanted, head)
        cells = hands.root.get_by_role("grid", name="Head 29.8").get_by_role("rowheader")
        assert cells.all_inner_texts()[:4] == ["¶", "A", "<", "img"]
        assert hands.root.locator("img").count() == 0
        snippet = {}
        exec(hands.copied().replace("al.load_smollm2()", "model"), {"model": python_model}, snippet)
        assert snippet["figure"].text == OWN and snippet["figure"].order == "prefix"
        for text, told in ((" b" * 80, "That is 81 tokens; the"), (" ", "There is no text here")):
            use(text)
            hands.root.locator(".al-wrong", has_text=told).wait_for()
            assert len(hands.values()["rows"]) == len(wanted.tokens)
        hands.button("Reset").click()
        expect(box).to_have_value(figure.text)
        assert hands.values() == start
        page.evaluate("() => lastWorker.postMessage('fail')")
        hands.root.get_by_text("The model stopped, and its memory is given back.").wait_for()
        use(OWN)
        assert hands.spoken == "The model reads it once it is here."
        hands.root.get_by_role("button", name="Bring the model here").click()
        hands.button("Show the first text again").wait_for()
        assert_shows_as(hands.values(), wanted, figure.chosen)
        elsewhere = [one for one in page.record.requests if not one.startswith(("file:", "blob:"))]
        assert elsewhere == [] and page.record.errors == []

    @staticmethod
    def state(hands, **changed):
        """What the figure's own link holds, with something `changed`."""
        state = hands.copied("Copy link").split("state=")[1]
        padded = state + "=" * (-len(state) % 4)
        return json.loads(base64.urlsafe_b64decode(padded)) | changed


def assert_shows_as(values, figure, head):
    """What a page tells is `figure`'s, up to what another order of additions moves in a byte."""
    weights = [row["weights"] for row in values["rows"]]
    np.testing.assert_allclose(weights, figure.weights[tuple(head)], atol=1 / 255 + 1e-3)
    lengths, longest = [row["added"] for row in values["rows"]], figure.added[tuple(head)].max()
    off = np.abs(lengths - figure.added[tuple(head)])
    assert off.max() <= (1 / 255 + 1e-3) * longest
    assert values["head"] == 9 * head[0] + head[1]
    for name, score in figure.scores.items():
        np.testing.assert_allclose(values["scores"][name], score.ravel(), atol=1 / 255 + 1e-3)


# A worker whose WebAssembly lacks the 128-bit instructions.
WITHOUT_SIMD = """
globalThis.Blob = class extends Blob {
    constructor(parts, options) {
        super(["WebAssembly.validate = () => false;", ...parts], options);
    }
};
"""


def test_without_the_fast_instructions_it_is_slow_says_so_and_is_right(open_engine, folder, page):
    slow = open_engine(WITHOUT_SIMD)
    assert slow.evaluate(LOAD, folder.as_uri()) is True
    assert slow.evaluate("() => model.isSlow") is True
    asked = {"ids": [198, 504, 2416]}
    found, wanted = (one.evaluate(RUN, asked)["top"][:5] for one in (slow, page))
    assert [one["id"] for one in found] == [one["id"] for one in wanted]
    logits = [[one["logit"] for one in each] for each in (found, wanted)]
    np.testing.assert_allclose(*logits, atol=1e-3)
