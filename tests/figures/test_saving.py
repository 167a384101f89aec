"""Out of the figure: pictures, links, code, with and without the clipboard."""

import io
import itertools
import re
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from PIL import Image

from attnlib.figures import (
    Alignment,
    BreakIt,
    CacheLab,
    ContextNudge,
    EmbeddingSpace,
    Heads,
    Ledger,
    MaskLab,
    NextWord,
    OrderLab,
    Patterns,
    QueryKey,
    SoftmaxLab,
    Tiles,
    Training,
    ValueMixer,
)
from tests.figures.driving import AXES, Hands, names_of
from tests.figures.test_truth import random_state

SVG = "{http://www.w3.org/2000/svg}"
DENIED = """Object.defineProperty(navigator, "clipboard",
    { value: { writeText: () => Promise.reject(new DOMException("no", "NotAllowedError")) } });"""
KEPT = """Object.defineProperty(navigator, "clipboard",
    { value: { writeText: async (text) => { window.kept = text; } } });"""
MODES = [("dots", "rows", False), ("scores", "columns", True), ("weights", "rows", True)]


def saved(hands, kind):
    with hands.page.expect_download() as download:
        hands.button(f"Save {kind}").click()
    assert download.value.suggested_filename == f"{hands.kind}.{kind.lower()}"
    return download.value.path().read_bytes()


@pytest.mark.parametrize("show, orientation, causal", MODES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_svg_holds_what_is_shown_and_nothing_that_runs(
    open_figure, show, orientation, causal, theme
):
    figure = QueryKey(
        preset="nouns look for adjectives",
        selected=[3, 1],
        show=show,
        orientation=orientation,
        causal=causal,
    )
    hands = open_figure(figure, theme=theme)
    root = ElementTree.fromstring(saved(hands, "SVG"))
    assert root.tag == f"{SVG}svg" and root.find(f"{SVG}title").text
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert not tags & {"foreignObject", "script", "image", "a", "style"}
    written = [text.text for text in root.iter(f"{SVG}text")]
    wanted = [*figure.tokens, *AXES, "2.5", "w_q", "w_k"]
    wanted += [text for text in hands.pattern_texts if text]
    assert [word for word in wanted if word not in written] == []
    for element in root.iter():
        assert not re.search(UNREADABLE, " ".join(element.attrib.values()))
        assert not any(name.lower().startswith("on") for name in element.attrib)
    box = [float(n) for n in root.get("viewBox").split()]
    assert box[2] > 300 and box[3] > 200


def test_a_saved_list_keeps_its_numbers(open_figure):
    hands = open_figure(QueryKey(selected=[3, 1]))
    steps = hands.root.locator("[data-picture] ol > li").count()
    root = ElementTree.fromstring(saved(hands, "SVG"))
    marks = [one.text for one in root.iter(f"{SVG}text") if one.get("text-anchor") == "end"]
    numbers = [mark for mark in marks if re.fullmatch(r"\d+\.", mark or "")]
    assert numbers == [f"{n}." for n in range(1, steps + 1)] != []


# What the page's style sheets say and editors of SVG do not understand.
UNREADABLE = r"var\(|NaN|color\(|color-mix|oklab|oklch|calc"
SEEN = {
    "Alignment": lambda: Alignment(query=1, selected=[1, 3]),
    "BreakIt": lambda: BreakIt(mask="causal", selected=[3, 1]),
    "CacheLab": lambda: CacheLab(7, sharing="grouped", window=3, bug="tile", selected=[2, 5]),
    "ContextNudge": ContextNudge,
    "EmbeddingSpace": EmbeddingSpace,
    "Heads": lambda: Heads(selected=[0, 1]),
    "Ledger": lambda: Ledger(opened="attention: w_q"),
    "MaskLab": lambda: MaskLab(selected=[3, 1]),
    "OrderLab, rotary": lambda: OrderLab(view="rotary"),
    "OrderLab, shuffle": lambda: OrderLab(view="shuffle"),
    "Patterns": lambda: Patterns(selected=[3, 1], show="both"),
    "QueryKey": lambda: QueryKey(
        preset="nouns look for adjectives", selected=[3, 1], causal=True, show="scores"
    ),
    **{
        f"SoftmaxLab, {view}": lambda view=view: SoftmaxLab(view=view)
        for view in ("bars", "axis", "overflow", "saturation")
    },
    "NextWord": lambda: NextWord(cut=[4], layers=[20, 24]),
    "Tiles": lambda: Tiles(
        "a designed resting place", order=[2, 0, 5], window=2, kept=1, selected=[1, 3]
    ),
    "Training": lambda: Training(selected=6, silent=[[0, 1]]),
    **{f"ValueMixer, {view}": lambda view=view: ValueMixer(view=view) for view in ("mix", "rank")},
}
ROOM = {"width": 1400, "height": 1400}  # CSS pixels: nothing scrolls
BLOCK = 8  # pixels
OFF = 30  # of 255, for a block: letters make up to 25, a line that is missing 40


def pixels_of(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.float32)


def blocks(pixels):
    """The mean colours of the blocks of a picture."""
    rows, columns = (side // BLOCK for side in pixels.shape[:2])
    cut = pixels[: rows * BLOCK, : columns * BLOCK]
    return cut.reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3))


def differing(one, other):
    """The blocks of a picture that are not those of another, nor of it moved by a pixel."""
    height, width = np.minimum(one.shape[:2], other.shape[:2])
    wanted, other = blocks(one[:height, :width]), other[:height, :width]
    off = True
    for shift in sorted(itertools.product((-1, 0, 1), repeat=2), key=np.linalg.norm):
        moved = blocks(np.roll(other, shift, axis=(0, 1)))
        off &= np.abs(wanted - moved).max(axis=-1) > OFF
        if not off.any():
            break
    return np.argwhere(off).tolist()


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_shows_what_is_seen(open_figure, name, theme):
    hands = open_figure(SEEN[name](), theme=theme, viewport=ROOM)
    hands.settle()
    picture = saved(hands, "SVG")
    drawn = hands.root.locator("[data-picture]").first
    drawn.evaluate("one => { one.dataset.drawing = ''; }")
    seen = pixels_of(drawn.screenshot())
    hands.page.set_content(f"<style>body {{ margin: 0 }}</style>{picture.decode()}")
    kept = pixels_of(hands.page.locator("svg").first.screenshot())
    assert differing(seen, kept) == []


def test_the_png_is_not_blank(open_figure):
    hands = open_figure(QueryKey(preset="nouns look for adjectives", selected=[3, 1]))
    pixels = matplotlib.image.imread(io.BytesIO(saved(hands, "PNG")), format="png")
    assert min(pixels.shape[:2]) > 400
    assert len(np.unique((pixels[..., :3] * 255).astype(int).reshape(-1, 3), axis=0)) > 50
    assert pixels[..., :3].std() > 0.03


@pytest.mark.parametrize("seed", range(4))
def test_a_copied_link_opens_the_same_state(open_figure, seed):
    figure = QueryKey(preset="identity", key="a figure & its key")
    hands = open_figure(figure, before=KEPT)
    state = random_state(seed)
    hands.open_link(state, key="a%20figure%20%26%20its%20key")
    hands.button("Copy link").click()
    assert hands.spoken == "Link copied."
    address = hands.page.evaluate("window.kept")
    assert address == hands.root.get_by_role("textbox", name="Copied text").input_value()
    page = hands.page.context.new_page()
    page.goto(address)
    again = Hands(page)
    again.settle()
    assert again.values() == hands.values()
    assert again.pattern_names == hands.pattern_names
    assert again.pattern_texts == hands.pattern_texts
    chosen = '[aria-selected="true"]'
    assert names_of(again.pattern.locator(chosen)) == names_of(hands.pattern.locator(chosen))


@pytest.mark.parametrize("name, start", [("Copy link", "file://"), ("Copy as Python", "import")])
def test_without_a_clipboard_the_text_is_there_to_copy(open_figure, name, start):
    hands = open_figure(QueryKey(preset="identity"), before=DENIED)
    hands.button(name).click()
    hands.page.wait_for_function("document.querySelector('textarea') !== null")
    hands.settle()
    assert re.search("did not allow copying", hands.spoken)
    text = hands.root.get_by_role("textbox", name="Copied text")
    assert text.input_value().startswith(start)
    assert text.get_attribute("readonly") is not None
    hands.button("Close").press("Enter")
    assert text.count() == 0
    assert hands.button("Copy as Python").evaluate("one => one === document.activeElement")


def test_the_snippet_names_what_differs_from_the_defaults(open_figure):
    hands = open_figure(QueryKey(preset="identity", causal=True, scaled=False))
    hands.button("Copy as Python").click()
    code = hands.root.get_by_role("textbox", name="Copied text").input_value()
    assert "causal=True, scale=1.0" in code
