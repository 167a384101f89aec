"""Where the reader's own colours are in force, what colour and shadow showed is seen too."""

import io

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
    Prediction,
    QueryKey,
    SoftmaxLab,
    Tiles,
    Training,
    ValueMixer,
)

DESIGNED = {"preset": "nouns look for adjectives"}
SHARES = [0.5, 0.4, 0.05, 0.05]
ROOM = 2  # pixels around a place
SEEN = 60  # of 255: a difference that a reader sees


def picture(hands, place):
    """What is seen at `place`, as numbers."""
    place.scroll_into_view_if_needed()
    hands.page.mouse.move(0, 0)
    box = place.bounding_box()
    clip = {"x": box["x"] - ROOM, "y": box["y"] - ROOM}
    size = {side: box[side] + 2 * ROOM for side in ("width", "height")}
    raw = hands.page.screenshot(clip=clip | size)
    return np.asarray(Image.open(io.BytesIO(raw)).convert("L"), dtype=float)


@pytest.fixture(params=["light", "dark"])
def forced(open_figure, request):
    """`forced(figure)` opens it in a book of the other theme than the reader's colours."""
    theme = {"light": "dark", "dark": "light"}[request.param]
    options = {"forced_colors": "active", "color_scheme": request.param}
    return lambda figure: open_figure(figure, theme=theme, **options)


def grid_cell(name, n):
    return lambda hands: (
        hands.root.get_by_role("grid", name=name).locator('[role="gridcell"]').nth(n)
    )


def row(name, n):
    return lambda hands: hands.root.get_by_role("table", name=name).locator("tbody tr").nth(n)


def click(place):
    return lambda hands: place(hands).click()


# Of each: the figure, what is looked at, what changes its state.
STATES = {
    "a chosen cell": (
        lambda: QueryKey(**DESIGNED, selected=[3, 1]),
        grid_cell("Attention pattern", 25),
        click(grid_cell("Attention pattern", 29)),
    ),
    "the row that asks": (
        lambda: QueryKey(**DESIGNED, selected=[3, 1]),
        grid_cell("Attention pattern", 28),
        click(grid_cell("Attention pattern", 1)),
    ),
    "a lit cell of a matrix": (
        lambda: QueryKey(**DESIGNED, selected=[3, 1]),
        lambda hands: hands.cell("w_q", "animal"),
        click(grid_cell("Attention pattern", 1)),
    ),
    "a chosen cell of a mask's pattern": (
        lambda: MaskLab(selected=[2, 1]),
        grid_cell("0 before softmax", 17),
        click(grid_cell("0 before softmax", 40)),
    ),
    "the row of a head": (
        lambda: Heads(query=3),
        grid_cell("Head 1", 31),
        lambda hands: hands.menu("Who asks").select_option("5"),
    ),
    "the row of a word that asks": (
        lambda: Alignment(query=1),
        row("what each word receives", 1),
        lambda hands: hands.menu("Who asks").select_option("4"),
    ),
    "a place that is read": (
        CacheLab,
        grid_cell("keys and values", 4),
        lambda hands: hands.button("Write the next word").press("Enter"),
    ),
    "a place that is dropped": (
        lambda: CacheLab(4),
        grid_cell("keys and values", 0),
        lambda hands: hands.menu("Window").select_option("3"),
    ),
    "who reads the chosen key": (
        lambda: CacheLab(sharing="grouped"),
        lambda hands: hands.root.locator(".al-wires"),
        click(grid_cell("keys and values", 1)),
    ),
    "an open line of the ledger": (
        lambda: Ledger(opened="attention: w_q"),
        row("the tally", 1),
        lambda hands: hands.button("attention: w_v").click(),
    ),
    "a pressed button": (
        lambda: BreakIt(case="A"),
        lambda hands: hands.button("I break it"),
        lambda hands: hands.button("I break it").press("Enter"),
    ),
    "an open tab": (
        SoftmaxLab,
        lambda hands: hands.tab("Overflow"),
        lambda hands: hands.tab("Overflow").press("Enter"),
    ),
    "the chosen head": (
        Training,
        lambda hands: hands.root.locator(".al-tile > button").nth(0),
        lambda hands: hands.root.locator(".al-tile > button").nth(0).press("Enter"),
    ),
    "the chosen small pattern": (
        Patterns,
        lambda hands: hands.root.locator(".al-map td[data-at]").nth(2),
        lambda hands: hands.root.locator(".al-map td[data-at]").nth(2).click(),
    ),
    "a tile that is taken": (
        Tiles,
        lambda hands: hands.root.locator(".al-online-shares button").nth(1),
        lambda hands: hands.button("tile 2 take").click(),
    ),
    "a key that the window hides": (
        Tiles,
        lambda hands: hands.cell("row", "score", 2),
        lambda hands: hands.menu("window").select_option("3"),
    ),
    "a silent head": (
        Training,
        lambda hands: hands.root.locator(".al-tile > button").nth(0),
        lambda hands: hands.root.locator(".al-tile").nth(0).get_by_role("checkbox").check(),
    ),
    "a hidden token": (
        NextWord,
        lambda hands: hands.root.locator("button.al-token").nth(4),
        lambda hands: hands.root.locator("button.al-token").nth(4).press("Enter"),
    ),
    "the word that asks": (
        OrderLab,
        lambda hands: (
            hands.root.get_by_role("list", name="as written").get_by_role("button").nth(0)
        ),
        lambda hands: (
            hands.root.get_by_role("list", name="shuffled").get_by_role("button").nth(0).click()
        ),
    ),
    "the weight of a word": (
        ContextNudge,
        lambda hands: hands.root.locator(".al-dot-space").nth(3),
        lambda hands: hands.root.get_by_role("button", name="carbon").click(),
    ),
    "the word whose neighbours are listed": (
        EmbeddingSpace,
        lambda hands: hands.plane.locator(".al-word").filter(has_text="woman"),
        lambda hands: hands.menu("Word").select_option("woman"),
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_seen(forced, name):
    make, place, change = STATES[name]
    hands = forced(make())
    hands.settle()
    looked_at = place(hands)
    before = picture(hands, looked_at)
    change(hands)
    hands.root.evaluate("() => document.activeElement.blur()")  # the focus is another matter
    hands.settle()
    after = picture(hands, looked_at)
    height, width = np.minimum(before.shape, after.shape)  # what is bold is broader
    changes = np.abs(after[:height, :width] - before[:height, :width])
    assert (changes > SEEN).mean() > 0.01


# Something must be seen in each: its lines, its ink.
INK = {
    "the lines of a grid": (QueryKey, lambda hands: hands.cell("w_k", "place")),
    "the mask": (MaskLab, grid_cell("mask", 63)),
    "what is hidden": (MaskLab, grid_cell("mask", 7)),
    "arrows": (lambda: QueryKey(**DESIGNED), lambda hands: hands.root.locator(".al-plane-sheet")),
    "values": (ValueMixer, lambda hands: hands.root.locator(".al-plane-sheet").first),
    "words": (EmbeddingSpace, lambda hands: hands.root.locator(".al-space")),
    "the tower": (Ledger, lambda hands: hands.root.locator(".al-tower")),
    "bars of a rank": (
        lambda: ValueMixer(view="rank"),
        lambda hands: hands.root.locator(".al-errors"),
    ),
    "what was learned": (Training, lambda hands: hands.root.locator(".al-curve-drawing").first),
    "a small pattern": (Training, lambda hands: hands.root.locator(".al-tile canvas").first),
    "a map of heads": (
        lambda: Patterns(list("abcdefgh"), np.tile(np.eye(8), (2, 2, 1, 1))),
        lambda hands: hands.root.locator(".al-map-drawing"),
    ),
    "keys and values": (CacheLab, lambda hands: hands.root.locator(".al-bands")),
    "multiplications by words": (CacheLab, lambda hands: hands.root.locator(".al-growth svg")),
    "a meter": (SoftmaxLab, lambda hands: hands.root.locator(".al-share").nth(2)),
    "ribbons": (Alignment, lambda hands: hands.root.locator(".al-ribbons")),
    "a dial": (
        lambda: OrderLab(view="rotary"),
        lambda hands: hands.root.locator(".al-dial").nth(0),
    ),
    "the main button": (
        lambda: Prediction.ask("queries-and-keys", "shares", SHARES),
        lambda hands: hands.button("That is my guess: show me"),
    ),
}


@pytest.mark.parametrize("name", INK)
def test_ink_differs_from_its_ground(forced, name):
    make, place = INK[name]
    hands = forced(make())
    hands.settle()
    seen = picture(hands, place(hands))[2 * ROOM : -2 * ROOM, 2 * ROOM : -2 * ROOM]
    if name == "the lines of a grid":
        seen = picture(hands, place(hands))[: 2 * ROOM + 2]
    ground = np.median(seen)
    assert abs(ground - {"light": 255, "dark": 0}[hands.page.evaluate(SCHEME)]) < SEEN
    assert 0.005 < (np.abs(seen - ground) > 2 * SEEN).mean() < 0.5


SCHEME = "matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
