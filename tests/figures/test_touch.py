"""A finger on a phone: every figure lets the page scroll, and is worked all the same."""

import pytest

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
    Prediction,
    QueryKey,
    Quiz,
    SoftmaxLab,
    Tiles,
    Training,
    ValueMixer,
)
from tests.figures.driving import centre, touch_drag

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
FIGURES = {
    "Alignment": Alignment,
    "BreakIt": lambda: BreakIt(case="A"),
    "CacheLab": CacheLab,
    "ContextNudge": ContextNudge,
    "EmbeddingSpace": EmbeddingSpace,
    "Heads": Heads,
    "Ledger": Ledger,
    "MaskLab": MaskLab,
    "shuffle": lambda: OrderLab(view="shuffle"),
    "rotary": lambda: OrderLab(view="rotary"),
    "bars of a guess": lambda: Prediction.ask("queries-and-keys", "shares", [0.5, 0.4, 0.05, 0.05]),
    "Patterns": Patterns,
    "QueryKey": lambda: QueryKey(preset="nouns look for adjectives"),
    "Quiz": lambda: Quiz.of("masking"),
    "bars": lambda: SoftmaxLab(view="bars"),
    "axis": lambda: SoftmaxLab(view="axis"),
    "next word": lambda: NextWord(cut=[4]),
    "overflow": lambda: SoftmaxLab(view="overflow"),
    "saturation": lambda: SoftmaxLab(view="saturation"),
    "tiles": lambda: Tiles(order=[0, 1, 2]),
    "training": Training,
    "mix": ValueMixer,
    "rank": lambda: ValueMixer(view="rank"),
}
PLACES = {
    "plane": '[role="application"]',
    "matrix": '.al-matrix [role="grid"]',
    "grid": '[role="grid"]:not(.al-matrix *)',
    "track": ".al-track",
    "slider": 'input[type="range"]',
    "radio": 'input[type="radio"]',
}
# Shares of a place's width and height, as on the black squares of a board.
SPOTS = [
    (across, down)
    for n, down in enumerate((0.1, 0.3, 0.5, 0.7, 0.9))
    for across in ((0.15, 0.85), (0.5,))[n % 2]
]
LOW = 60  # pixels: of a lower place, one line of points is enough
LINE = [(across, 0.5) for across in (0.15, 0.5, 0.85)]
STATE = """root => JSON.stringify([
    root.attnlibValues?.(),
    root.innerText,
    [...root.querySelectorAll("input, select")].map(({ value, checked }) => [value, checked]),
])"""
ROOM = '<p style="height: 900px">The page goes on.</p>'
SWIPE, STEPS = 90, 4  # pixels, and how many events: by then the browser has long taken the finger
LONG = 1000  # milliseconds: a finger that rests so long drags


@pytest.mark.parametrize("name", FIGURES)
def test_a_finger_that_moves_up_scrolls_the_page_and_nothing_else(open_figure, name):
    hands = open_figure(FIGURES[name](), beside=ROOM, **PHONE)
    hands.settle()
    before = hands.root.evaluate(STATE)
    for kind, selector in PLACES.items():
        place = hands.root.locator(selector).first
        if not place.count() or not place.is_visible():
            continue
        place.evaluate("node => node.scrollIntoView({ block: 'center' })")
        box, top = place.bounding_box(), hands.page.evaluate("scrollY")
        for n, (across, down) in enumerate(SPOTS if box["height"] > LOW else LINE):
            x = min(box["x"] + across * box["width"], 350)
            y, aside = box["y"] + down * box["height"], (0, 18, 60, 18)[n % 4]
            inwards = aside if x < PHONE["viewport"]["width"] / 2 else -aside
            touch_drag(hands.page, (x, y), (inwards, -SWIPE), steps=STEPS)
            hands.settle()
            moved = hands.page.evaluate("scrollY") - top
            assert moved > SWIPE / 2, (kind, across, down)
            hands.page.evaluate("top => scrollTo(0, top)", top)
        hands.page.evaluate("putForward", LONG)  # a finger that is gone holds nothing later
        hands.rest()
        assert hands.root.evaluate(STATE) == before, kind
    assert hands.page.record.errors == []


def test_a_slider_follows_a_finger_that_moves_sideways_or_taps(open_figure):
    hands = open_figure(ValueMixer(), beside=ROOM, **PHONE)
    slider = hands.slider("weight of fluffy")
    x, y = centre(slider)
    top, weights = hands.page.evaluate("scrollY"), [hands.values()["weights"][1]]
    width = slider.bounding_box()["width"]
    for way in ("sideways", "tap"):
        if way == "sideways":
            touch_drag(hands.page, (x, y), (0.3 * width, 3))
        else:
            hands.page.touchscreen.tap(x - 0.3 * width, y)
        hands.settle()
        weights.append(hands.values()["weights"][1])
    assert weights[1:] == pytest.approx([0.8, 0.2], abs=0.06)
    assert hands.page.evaluate("scrollY") == top
