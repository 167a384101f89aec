"""What strangers write into the sentence box, into links and into the browser's storage."""

import json

import pytest

from attnlib.figures import (
    Alignment,
    BreakIt,
    CacheLab,
    Heads,
    Ledger,
    MaskLab,
    OrderLab,
    Prediction,
    QueryKey,
    Quiz,
    Training,
    ValueMixer,
)
from tests.figures.driving import encoded, link

ALARM = "window.alarm = true"
START = {"sentence": "the fox", "w_q": [[0, 0]] * 6, "w_k": [[0, 0]] * 6}
HOSTILE_PHRASES = {
    "markup": f'<img src=x onerror="{ALARM}">',
    "a script": f"</script><script>{ALARM}</script>",
    "very long": "x" * 10_000,
    "very many words": "fox " * 10_000,
    "emoji": "fox 🦊",
    "right to left": "fox \u202eowl",
    "a prototype": "__proto__",
    "a constructor": "constructor",
    "toString": "toString hasOwnProperty",
    "nothing": "",
    "spaces": "  \t ",
}
HOSTILE_LINKS = {
    "not base64": "#figure=QueryKey&state=%%%",
    "half a character": "#figure=QueryKey&state=gA",
    "no JSON": f"#figure=QueryKey&state={encoded('{oops')}",
    "null": link("QueryKey", None),
    "a list": link("QueryKey", [1, 2]),
    "a number": link("QueryKey", 7),
    "nothing in it": link("QueryKey", {}),
    "enormous numbers": link("QueryKey", START | {"w_q": [[1e308, 0]] * 6}),
    "not a number": link("QueryKey", START | {"w_q": [["NaN", 0]] * 6}),
    "null numbers": link("QueryKey", START | {"w_k": [[None, 0]] * 6}),
    "a wrong shape": link("QueryKey", START | {"w_q": [[0, 0]] * 5}),
    "ragged rows": link("QueryKey", START | {"w_q": [[0, 0]] * 5 + [[0]]}),
    "a false list": link("QueryKey", START | {"w_q": {"length": 6}}),
    "a script as a sentence": link("QueryKey", START | {"sentence": HOSTILE_PHRASES["markup"]}),
    "a list as a sentence": link("QueryKey", START | {"sentence": ["fox"]}),
    "a prototype as a word": link("QueryKey", START | {"sentence": "__proto__"}),
    "a polluted prototype": "#figure=QueryKey&state="
    + encoded('{"__proto__": {"sentence": "fox", "polluted": true}}'),
    "a megabyte": "#figure=QueryKey&state=" + "A" * 1_000_000,
}


def assert_unharmed(hands):
    """No script ran, nothing broke, and the figure still answers."""
    assert hands.page.evaluate("window.alarm") is None
    assert hands.page.evaluate("({}).polluted") is None
    assert hands.root.locator("img, script").count() == 0
    assert hands.page.record.errors == []
    hands.cell("w_q", "animal").focus()
    hands.press("Delete", "+")
    assert hands.number("w_q", "animal") == 0.1


@pytest.mark.parametrize("name", HOSTILE_PHRASES)
def test_a_hostile_phrase_is_refused_with_a_sentence(open_figure, name):
    hands = open_figure(QueryKey(preset="identity"))
    before = hands.values()
    hands.own_phrase.fill(HOSTILE_PHRASES[name])
    hands.own_phrase.press("Enter")
    hands.settle()
    assert hands.values() == before
    assert 20 < len(hands.spoken) < 200
    assert hands.root.get_by_text(hands.spoken, exact=True).first.is_visible()
    assert_unharmed(hands)


def test_a_near_miss_gets_a_proposal(open_figure):
    hands = open_figure(QueryKey())
    hands.own_phrase.fill("fluffi creature")
    hands.own_phrase.press("Enter")
    assert "“fluffi”" in hands.spoken and "“fluffy”" in hands.spoken


@pytest.mark.parametrize("name", HOSTILE_LINKS)
def test_a_hostile_link_leaves_the_start_and_says_so(open_figure, name):
    hands = open_figure(QueryKey(preset="identity"))
    before = hands.values()
    hands.follow(HOSTILE_LINKS[name])
    assert hands.values() == before
    assert hands.spoken.startswith("The link's state could not be read: ")
    assert_unharmed(hands)


def test_a_hostile_link_is_harmless_at_the_first_visit_too(open_figure):
    hands = open_figure(QueryKey(preset="identity"), state={"sentence": 3})
    hands.settle()
    assert "it holds no sentence" in hands.spoken
    assert_unharmed(hands)


def test_what_a_link_adds_beside_the_matrices_is_checked(open_figure):
    hands = open_figure(QueryKey(preset="identity"))
    odd = {"scaled": "yes", "causal": 1, "orientation": ALARM, "show": 3, "selected": [0, 99]}
    hands.open_link(START | odd)
    assert hands.menu("Show").input_value() == "dots"
    assert hands.menu("Queries are").input_value() == "rows"
    assert not hands.root.get_by_role("checkbox", name="causal mask").is_checked()
    assert hands.pattern.locator('[aria-selected="true"]').count() == 0
    assert_unharmed(hands)


@pytest.mark.parametrize("hash", ["#figure=Another&state=e30", "#top", "#figure=QueryKey", "#&&=="])
def test_other_hashes_do_not_concern_the_figure(open_figure, hash):
    hands = open_figure(QueryKey(preset="identity"))
    before = hands.values()
    hands.follow(hash)
    assert hands.values() == before
    assert hands.spoken == ""
    assert_unharmed(hands)


STORED = ["{oops", "null", "7", '"text"', "[]", "{}", '{"__proto__": 1}', '{"0": 99}', "[1, null]"]


FIGURES = {
    "Prediction": lambda: Prediction.ask("queries-and-keys", "shares", [0.5, 0.4, 0.05, 0.05]),
    "Quiz": lambda: Quiz.of("queries-and-keys"),
    "QueryKey": lambda: QueryKey(challenges="queries-and-keys"),
    "ValueMixer": lambda: ValueMixer(challenges="values"),
    "MaskLab": lambda: MaskLab(challenges="masking"),
    "BreakIt": lambda: BreakIt(challenges="breaking"),
    "Heads": lambda: Heads(challenges="many-heads"),
    "OrderLab": lambda: OrderLab(challenges="order"),
    "Alignment": lambda: Alignment(challenges="cross-attention"),
    "CacheLab": lambda: CacheLab(challenges="cache-and-groups"),
    "Ledger": lambda: Ledger(challenges="counting"),
    "Training": lambda: Training(challenges="training"),
}


# What is kept in the browser, and who reads it; the challenges of all figures are read by one part.
KEPT = {"Prediction": "guess", "Quiz": "answers", "QueryKey": "challenge:find"}


@pytest.mark.parametrize("kind", KEPT)
def test_spoilt_storage_does_no_harm(open_figure, kind):
    figure = FIGURES[kind]()
    name = f"attnlib:{figure.key}:{KEPT[kind]}"
    hands = open_figure(figure)
    for content in STORED:
        hands.page.evaluate(f"localStorage.setItem({name!r}, {content!r})")
        hands.page.reload()
        hands.root.wait_for()
        assert hands.root.is_visible()
        assert hands.page.record.errors == [], content


@pytest.mark.parametrize("kind", FIGURES)
def test_denied_storage_does_no_harm(open_figure, kind):
    denied = """Object.defineProperty(window, "localStorage",
        { get() { throw new DOMException("denied", "SecurityError"); } });"""
    hands = open_figure(FIGURES[kind](), before=denied)
    if kind == "Quiz":
        hands.root.get_by_role("radio").first.check()
    elif kind == "Prediction":
        hands.root.get_by_role("slider").first.fill("0.5")
        hands.root.get_by_role("button", name="guess").click()
        assert hands.root.get_by_role("button", name="Guess again").is_visible()
    else:
        hands.start_challenge(1)
    assert hands.page.record.errors == []


def test_a_page_state_cannot_end_its_script_element(open_figure):
    end = f"</script><script>{ALARM}</script><img src=x onerror={json.dumps(ALARM)}>"
    hands = open_figure(QueryKey(preset="identity", title=end))
    assert hands.root.get_by_text(end).first.is_visible()
    assert_unharmed(hands)
