"""Rules that are alike for the figures from ValueMixer on, in the states that strain them most."""

import io
import re
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

from attnlib import figures
from attnlib.figures import (
    Alignment,
    BreakIt,
    CacheLab,
    Heads,
    Ledger,
    MaskLab,
    NextWord,
    OrderLab,
    Patterns,
    Tiles,
    Training,
    ValueMixer,
)
from attnlib.figures.ledger import MOST
from tests.axe import OF_COLOUR, violations
from tests.conftest import new_page
from tests.figures import test_reading
from tests.figures.driving import REST, Hands, document, encoded, on_our_clock, shown_number
from tests.figures.test_questions import link_state
from tests.figures.test_reading import FOCUSABLE, tree
from tests.figures.test_saving import SVG
from tests.figures.test_truth import solved_on_page

SIXTEEN = "a small old owl watched a hungry fox and the sleepy mole crossed the misty river"
HUGE = (np.random.default_rng(0).normal(size=(6, 2)) * 600).clip(-1000, 1000).tolist()
TWO_TEXTS = (
    "la créature duveteuse et bleue et le petit renard ne dormait pas et un hibou vit",
    "the fluffy blue creature and the small fox did not sleep and the owl saw a",
)
BACKWARDS = list(range(16))[::-1]
MOLE = "one mole of carbon dioxide"
PARROT_16 = "wise sailor drew shy mole that flooded . list: bell ring leaf frog . parrot: frog"


def holes(n, seed=1):
    """A random mask with an empty row and an empty column."""
    mask = np.random.default_rng(seed).random((n, n)) < 0.5
    mask[2] = mask[:, 3] = False
    return mask.tolist()


def assert_judged_alike(open_figure, make, challenges, states):
    """The page and Python call the same challenges solved in `states`; gives those they did."""
    figure = make(challenges=challenges)
    hands = open_figure(figure)
    every = {challenge["id"] for challenge in challenges}
    opened = every - set(figure.solved)  # what was solved from the start counts later
    verdicts = []
    for state in states:
        hands.open_link(state)
        there = make(challenges=challenges, **state)
        opened |= every - set(there.solved)
        assert solved_on_page(hands, there) == [c for c in there.solved if c in opened], state
        verdicts += there.solved
    return verdicts


STATES = {
    "mix": lambda: ValueMixer(challenges="values"),
    "mix of 16": lambda: ValueMixer(SIXTEEN, query=3, residual=False, across="small word"),
    "mix of one": lambda: ValueMixer("fox", shares=[1.0]),
    "mix of thousands": lambda: ValueMixer(w_v=HUGE, w_o=np.transpose(HUGE).tolist()),
    "rank": lambda: ValueMixer(view="rank", challenges="values"),
    "rank 0": lambda: ValueMixer(view="rank", rank=0, cut="first", map="copy every axis"),
    "rank 6": lambda: ValueMixer(view="rank", rank=6, map="this chapter’s head"),
    "mask": lambda: MaskLab(challenges="masking"),
    "mask with holes": lambda: MaskLab(mask=holes(8), selected=[2, 4]),
    "mask of columns": lambda: MaskLab(MOLE, mask=holes(5), orientation="columns", bytes=1),
    "mask of nothing": lambda: MaskLab(
        "random scores", mask=(np.zeros((8, 8)) > 0).tolist(), selected=[7, 0], tokens_long=10**6
    ),
    "no bug": lambda: BreakIt(challenges="breaking"),
    "NaN": lambda: BreakIt(mask="padding", bugs=["half", "d_model"], selected=[0, 1]),
    "all NaN": lambda: BreakIt(mask="everyone", bugs=["half", "inverted"], selected=[0, 0]),
    "bugs in 16": lambda: BreakIt(
        SIXTEEN, bugs=["axis", "inverted"], selected=[3, 2], show="weights", orientation="columns"
    ),
    "a case": lambda: BreakIt(
        mask="padding", case="A", named={"A": ["inverted"]}, show="scores", selected=[1, 0]
    ),
    "heads": lambda: Heads(challenges="many-heads"),
    "heads in 16": lambda: Heads(
        SIXTEEN, query=3, strengths=[3, -2.5, 0, 1], selected=[1, 4], step=4, orientation="columns"
    ),
    "a head's word": lambda: Heads(
        challenges="many-heads", query=3, selected=[1, 4], step=4, orientation="columns"
    ),
    "order": lambda: OrderLab(challenges="order"),
    "order of 16": lambda: OrderLab(SIXTEEN, query=7, order=BACKWARDS, positions="sinusoidal"),
    "dials": lambda: OrderLab(view="rotary", challenges="order"),
    "dials apart": lambda: OrderLab(view="rotary", alike=False, at_query=0, at_key=60, seed=7),
    "alignment": lambda: Alignment(challenges="cross-attention"),
    "alignment of 16": lambda: Alignment(
        *TWO_TEXTS, padding=4, hidden=False, query=9, selected=[9, 18], orientation="columns"
    ),
    "two words aligned": lambda: Alignment(
        challenges="cross-attention",
        padding=2,
        hidden=False,
        selected=[1, 2],
        orientation="columns",
    ),
    "alignment that fails": lambda: Alignment(values="asks", causal=True, selected=[2, 5]),
    "training": lambda: Training(challenges="training"),
    "training on 16": lambda: Training(
        sentence=PARROT_16, query=15, selected=13, silent=[[0, 1], [1, 3]], orientation="columns"
    ),
    "training one layer": lambda: Training(n_layers=1, mask=False, rate=0.03, selected=10),
    "patterns": lambda: Patterns(selected=[3, 1]),
    "patterns of both": lambda: Patterns(
        show="both", order="own", small="row", selected=[3, 1], orientation="columns"
    ),
    "next word": lambda: NextWord(cut=[4], layers=[20, 24]),
    "next word, not recorded": lambda: NextWord(silent=[[20, 6], [3, 1]]),
    "cache": lambda: CacheLab(challenges="cache-and-groups"),
    "cache of nothing": lambda: CacheLab(0, selected=[7, 7]),
    "cache with a bug": lambda: CacheLab(8, bug="offset", window=3, selected=[2, 6]),
    "cache of latents": lambda: CacheLab(7, sharing="latent", cache=False, selected=[1, 5]),
    "tiles": lambda: Tiles(challenges="long-texts"),
    "tiles of one": lambda: Tiles(
        "twelve scores", tile=1, order=list(range(12))[::-1], window=9, kept=2, selected=[11, 4]
    ),
    "tiles that overflow": lambda: Tiles(
        "six scores, 200 times", order=[0, 1, 2], maximum="none", selected=[1, 4]
    ),
    "no tile": lambda: Tiles(order=[], correction="sum"),
    "ledger": lambda: Ledger(challenges="counting"),
    "ledger of everything": lambda: Ledger(
        MOST | {"gated": True, "tied": False}, opened="attention: b_o", n_tokens=10**6
    ),
}
every_state = pytest.mark.parametrize("name", STATES)
# For what takes a browser: each figure and view once, in the state that strains it most.
STRAINED = ["mix of 16", "mix of thousands", "rank", "mask with holes", "NaN", "bugs in 16"]
STRAINED += ["a case", "heads in 16", "order of 16", "dials apart"]
STRAINED += ["alignment of 16", "ledger of everything", "training on 16"]
STRAINED += ["patterns", "patterns of both"]
STRAINED += ["next word", "cache with a bug", "cache of latents"]
STRAINED += ["tiles of one", "tiles that overflow"]
strained_state = pytest.mark.parametrize("name", STRAINED)


def everything_open(hands):
    hands.unfold()
    hands.button("Copy as Python").click()
    hands.settle()


# Sixteen words in a pattern or more take axe long, and have no kind of element that eight lack: in
# the same state, with a word chosen.
FEWER = {"heads in 16": "a head's word", "alignment of 16": "two words aligned"}


# What reaches over the right edge of its panel and is neither cut off nor scrolled.
OUTSIDE = """root => [...root.querySelectorAll("*")].flatMap((node) => {
    const panel = node.parentElement.closest(".al-strip, .al-head-card, .al-way, .al-figure");
    const { width, right } = node.getBoundingClientRect();
    if (!width || right < panel.getBoundingClientRect().right + 1) return [];
    for (let up = node; up !== panel; up = up.parentElement) {
        const { overflowX, clipPath } = getComputedStyle(up);
        if (overflowX !== "visible" || clipPath !== "none") return [];
    }
    return [`${node.tagName} ${node.className} in ${panel.className}`];
})"""
EARLIER = {
    "pattern": lambda: figures.QueryKey(preset="nouns look for adjectives", selected=[3, 1]),
    "pattern of 16": lambda: figures.QueryKey(SIXTEEN, preset="identity", selected=[15, 15]),
    "embeddings": lambda: figures.EmbeddingSpace(challenges="embeddings"),
    "context": lambda: figures.ContextNudge(),
    "softmax": lambda: figures.SoftmaxLab(),
}


@pytest.fixture(scope="module")
def shown(request, browser, tmp_path_factory):
    """A figure on a page that is opened once, for all tests that leave its state as it is."""
    figure = {**EARLIER, **STATES}[request.param]()
    path = tmp_path_factory.mktemp("shown") / "page.html"
    path.write_text(on_our_clock(document(figure)), encoding="utf-8")
    page = new_page(browser)
    page.goto(path.as_uri())
    yield Hands(page, type(figure).__name__)
    page.context.close()


def each_shown(names):
    """A test that looks at `shown`, for each name; pytest runs those of one together."""
    both = [(name, name) for name in names]
    return pytest.mark.parametrize(
        ("shown", "name"), both, indirect=["shown"], ids=names, scope="module"
    )


@each_shown(STRAINED)
def test_nothing_is_asked_for_outside_the_pages_own_folder(shown, name):
    assert shown.page.record.errors == []
    assert all(address.startswith(("file:", "data:")) for address in shown.page.record.requests)


@each_shown(STRAINED)
def test_the_svg_holds_what_is_shown_and_nothing_that_runs(shown, name):
    figure = STATES[name]()
    root = ElementTree.fromstring(downloaded(shown, "SVG"))
    assert root.find(f"{SVG}title").text.startswith(shown.kind)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert not tags & {"foreignObject", "script", "image", "a", "style"}
    written = " ".join(root.itertext())
    assert [word for word in figure_words(figure) if word not in written] == []
    assert "undefined" not in written
    for element in root.iter():
        assert not any("var(" in value or "NaN" in value for value in element.attrib.values())
        assert not any(attribute.lower().startswith("on") for attribute in element.attrib)


@each_shown([*EARLIER, *STRAINED])
def test_nothing_reaches_over_the_edge_of_its_panel(shown, name):
    shown.unfold()
    size = shown.page.viewport_size
    for width in (1280, 1024, 768, 480, 360, 320):
        shown.page.set_viewport_size({"width": width, "height": 900})
        shown.settle()
        assert shown.root.evaluate(OUTSIDE) == [], width
    shown.page.set_viewport_size(size)


@each_shown(STRAINED)
def test_controls_are_named_once_and_grids_are_labelled(shown, name):
    shown.unfold()
    shown.settle()
    names = [(role, text) for role, text, _ in tree(shown.page) if role in FOCUSABLE]
    assert {"button"} < {role for role, _ in names}
    assert all(text for _, text in names)
    assert sorted(names) == sorted(set(names))
    for grid in shown.root.get_by_role("grid").all():
        rows = grid.get_by_role("rowheader").all_inner_texts()
        columns = grid.get_by_role("columnheader").all_inner_texts()
        cells = grid.locator('[role="gridcell"]')
        labels = cells.evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
        assert grid.get_attribute("aria-label") and all(rows) and all(columns)
        assert len(labels) == len(rows) * len(columns) == len(set(labels)) or "16" in name
        assert all(re.match(r".+: .+", label) for label in labels)
        assert grid.locator('[role="gridcell"][tabindex="0"]').count() == 1


@each_shown([FEWER.get(name, name) for name in STRAINED])
def test_axe_has_nothing_against_it(shown, name):
    everything_open(shown)
    assert violations(shown.page) == []
    shown.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert violations(shown.page, only=OF_COLOUR) == []
    shown.page.evaluate("document.documentElement.dataset.theme = 'light'")


SIDES = """all => all.map((one) => {
    const { left, right } = one.getBoundingClientRect();
    return [left, right];
})"""


@each_shown(STRAINED)
def test_320_pixels_are_enough(shown, name):
    everything_open(shown)
    size = shown.page.viewport_size
    shown.page.set_viewport_size({"width": 320, "height": 640})
    shown.settle()
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 320
    for role in ("combobox", "checkbox", "radio", "application", "spinbutton"):
        for left, right in shown.root.get_by_role(role).evaluate_all(SIDES):
            assert left >= 0 and right <= 320, role
    shown.page.set_viewport_size(size)


@each_shown(STRAINED)
def test_reduced_motion_is_honoured(shown, name):
    shown.page.emulate_media(reduced_motion="reduce")
    assert shown.page.evaluate(test_reading.TestScreens.MOVING) == 0
    shown.page.emulate_media(reduced_motion="null")


@strained_state
def test_without_javascript_there_is_a_picture_that_says_what_it_shows(borrow_page, tmp_path, name):
    figure = STATES[name]()
    (tmp_path / "still.html").write_text(document(figure), encoding="utf-8")
    page = borrow_page(java_script_enabled=False)
    page.goto((tmp_path / "still.html").as_uri())
    picture = page.get_by_role("img")
    assert picture.get_attribute("aria-label") == figure.describe()
    assert picture.is_visible() and "nan" not in figure.still()
    written = picture.locator("text").all_text_contents()
    assert [word for word in figure_words(figure) if word not in written] == []


def figure_words(figure):
    """The words that every picture of the figure holds."""
    view = getattr(figure, "view", None)
    if view == "rotary":
        return [shown_number(float(value)) for value in figure.adds]
    if isinstance(figure, Alignment):
        return figure.asking + figure.answering
    if isinstance(figure, Ledger):
        return [part for part, count in figure.tally.parts.items() if count]
    if isinstance(figure, Tiles):
        return ["score", "value 1", "value 2"]
    if isinstance(figure, NextWord):
        return [one.piece.strip() for one in figure.now[:5]]
    if isinstance(figure, Training):
        return ["all words", "copying", "sense"]
    if isinstance(figure, Heads):
        return [f"head {n + 1}" for n in range(len(figure.heads))]
    return list(figure.axes) if view == "rank" else list(figure.tokens)


def downloaded(hands, kind):
    with hands.page.expect_download() as download:
        hands.button(f"Save {kind}").click()
    assert download.value.suggested_filename == f"{hands.kind}.{kind.lower()}"
    return download.value.path().read_bytes()


@pytest.mark.parametrize("name", ["mix", "rank", "mask with holes", "NaN"])
def test_the_png_is_not_blank(open_figure, name):
    hands = open_figure(STATES[name]())
    pixels = matplotlib.image.imread(io.BytesIO(downloaded(hands, "PNG")), format="png")
    assert min(pixels.shape[:2]) > 400 and pixels[..., :3].std() > 0.03


def class_of(figure):
    """The class as it is imported: anywidget makes one of its own for each figure."""
    return getattr(figures, type(figure).__name__)


def told(hands):
    """What the figure says of itself: the names of all cells, and all its words."""
    labels = "all => all.map(one => one.getAttribute('aria-label'))"
    cells = hands.root.locator('[role="gridcell"], svg').evaluate_all(labels)
    return cells, hands.root.locator("[data-picture]").inner_text()


@strained_state
def test_a_copied_link_opens_the_same_state_and_reset_leads_back(open_figure, name):
    figure = STATES[name]()
    hands = open_figure(class_of(figure)())
    hands.settle()
    at_first = (str(hands.values()), told(hands))
    hands.open_link(link_state(figure))
    hands.rest()
    opened = (str(hands.values()), told(hands))
    page = hands.page.context.new_page()
    page.goto(hands.copied("Copy link"))
    again = Hands(page, hands.kind)
    again.rest()
    assert (str(again.values()), told(again)) == opened
    hands.button("Reset").click()
    hands.rest()
    assert (str(hands.values()), told(hands)) == at_first
    assert hands.spoken == "Back at the start."


EVERY = [ValueMixer, MaskLab, BreakIt, Heads, OrderLab, Alignment, Ledger, Training]
EVERY += [Patterns, NextWord, CacheLab, Tiles]
SPOILT = ["null", "[]", "7", "{}", '{"__proto__": {"polluted": 1}}']


# Chooses each option of every menu in turn, presses "Reset", and tells the menus that then show
# something else than at first. What the arrow keys move, and which head could be silenced next, are
# the reader's place and no state.
MENUS = f"""async (root) => {{
    const rest = {REST};
    const label = (menu) => menu.ariaLabel ?? menu.labels[0].firstElementChild.innerText;
    const place = /^(Arrow keys move|Head of layer$|number$)/;
    const all = () => [...root.querySelectorAll("select")];
    const menus = () => all().filter((menu) => !place.test(label(menu)));
    const shown = () => menus().map((menu) => [label(menu), menu.selectedOptions[0].text]);
    const first = JSON.stringify(shown()), wrong = [];
    for (let n = 0; n < menus().length; n++)
        for (let k = 0; k < menus()[n].options.length; k++) {{
            const menu = menus()[n], text = menu.options[k].text;
            menu.selectedIndex = k;
            menu.dispatchEvent(new Event("change", {{ bubbles: true }}));
            await rest();
            [...root.querySelectorAll("button")].find((one) => one.innerText === "Reset").click();
            await rest();
            if (JSON.stringify(shown()) !== first) wrong.push([label(menu), text, shown()]);
        }}
    return wrong;
}}"""


@pytest.mark.parametrize(
    "make",
    [*EVERY, figures.QueryKey, figures.EmbeddingSpace, figures.ContextNudge, figures.SoftmaxLab],
)
def test_reset_leads_every_menu_back(open_figure, make):
    hands = open_figure(make())
    hands.unfold()
    assert hands.root.evaluate(MENUS) == []


@pytest.mark.parametrize("make", EVERY)
def test_what_is_no_state_is_refused_with_a_sentence(open_figure, make):
    hands = open_figure(make())
    before = str(hands.values())
    for spoilt in SPOILT:
        hands.follow(f"#figure={hands.kind}&state={encoded(spoilt)}")
        assert hands.spoken.startswith("The link's state could not be read: "), spoilt
        assert str(hands.values()) == before
    assert hands.page.evaluate("({}).polluted") is None
    assert hands.page.record.errors == []


@every_state
def test_python_keeps_the_whole_state_and_tells_it_the_same_way(name):
    figure, other = STATES[name](), STATES[name]()
    again = class_of(figure).from_state(figure.get_state())
    names = figure.page_traits()
    assert again.get_state(names) == figure.get_state(names)
    assert again.still() == figure.still()
    assert repr(figure) == repr(other) == figure.describe()
    assert not re.search(r"0x[0-9a-f]{6}|at 0x|model_id", repr(figure))
