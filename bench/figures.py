"""The live figures: how fast they are mounted and redrawn, and what they weigh.

Mounting: the `performance.measure` entries of every chapter page, fresh loads over file://, each in
a context of its own. Redraw: CPU slowed 4 times, one move after the other; QueryKey, ValueMixer and
Heads with 16 tokens. Nothing is dragged in BreakIt, Alignment and Ledger.
"work" is from dispatching the event to the end of its microtasks, of the next frame's scripts and
of a forced layout (what the figure costs, painting left out); "frame" is from the event to the
second animation frame after it (what a reader waits, with up to two display intervals). The row
"nothing" is what the measuring itself costs: an event that no figure hears. Every drag is measured
in several rounds, minutes apart, and the round with the shortest 95th percentile counts: other work
on the machine makes a round longer, never shorter. The slowest round is told beside it.
"ratio" is the 95th percentile of all rounds' work over 8 ms, set right for what else the machine
did: before and after every drag a yardstick is timed that does what a redraw does (numbers are
written into boxes and laid out), and the work is divided by how much longer the yardstick's 95th
percentile was in these rounds than in the quietest round of the whole run. No quiet round, no
correction.
(Arithmetic is no such yardstick: neighbours of the machine who crowd its caches doubled the work of
one and the same drag, and arithmetic took 5 % longer.)
"""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from playwright.sync_api import sync_playwright

from attnlib.figures import (
    ContextNudge,
    EmbeddingSpace,
    Heads,
    MaskLab,
    OrderLab,
    QueryKey,
    SoftmaxLab,
    Tiles,
    ValueMixer,
)
from bench.pages import HTML
from tests.figures.driving import STATIC, STYLES, Hands, centre, document, held_tip
from tools import chromium

CHAPTERS = sorted((HTML / "chapters").glob("*.html"))
LOADS = 3
ROUNDS = 3
SLOWER = 4
MOVES = 80
WARM_UP = 20
GOALS = {"mounting": 50, "redraw": 8, "kilobytes": 100}  # ms, ms, kB gzipped (design)
KILOBYTE = 1000

READY = """!document.querySelector('[data-attnlib-figure]:not([data-ready="true"])')"""
MOUNTED = """() => performance.getEntriesByType("measure")
    .filter((entry) => entry.name.startsWith("attnlib "))
    .map((entry) => [entry.name.slice(8), entry.duration])"""

LETTERS = """document.fonts.ready.then(() => document.fonts.check('1em "Inter Variable"'))"""

# Writes numbers into boxes that are laid out alone, and lays them out, as a figure's texts are.
YARDSTICK = """() => {
    const sheet = document.createElement("div");
    sheet.style.cssText = "position: absolute; inset: 0; contain: strict; opacity: 0; z-index: -1";
    const boxes = Array.from({ length: 16 }, () => document.createElement("div"));
    for (const box of boxes) box.append("0");
    sheet.append(...boxes);
    document.body.append(sheet);
    let state = 1;
    const write = () => {
        for (let n = 0; n < 6; n++) {
            for (const box of boxes) {
                state = (state * 48271) % 2147483647;
                box.firstChild.data = (state / 2147483647).toFixed(3);
            }
            sheet.offsetHeight;
        }
    };
    window.yardstick = async () => {
        const found = [];
        for (let n = 0; n < 40; n++) {
            await new Promise(requestAnimationFrame);
            const began = performance.now();
            write();
            found.push(performance.now() - began);
        }
        return found;
    };
}"""

# Moves the pointer by a few pixels to and fro; `el` is what the pointer holds. A range input is
# told its new value, as by the browser. Over a mask each move enters another cell; at the first
# cell the brush is set down anew, which turns it over, so that every move paints.
# Preact writes in nested microtasks: all are waited for.
DRAG = """async (el, { x, y, moves }) => {
    const sideways = (n) => n && 8 * (1 + (n % 9));
    const press = (on, type, clientX, clientY) => on.dispatchEvent(new PointerEvent(type, {
        bubbles: true, cancelable: true, pointerId: 1, isPrimary: true, pointerType: "mouse",
        button: 0, buttons: 1, clientX, clientY }));
    const point = (type, n) => press(el, type, x + sideways(n), y);
    const slide = (type, n) => {
        press(el, type, x + sideways(n), y);
        el.value = Number(el.min) + (el.max - el.min) * sideways(n) / 100;
        el.dispatchEvent(new InputEvent("input", { bubbles: true }));
    };
    const cells = [...el.querySelectorAll("td[data-at]")];
    const paint = (type, n) => {
        const cell = cells[n % cells.length];
        const { left, top, width, height } = cell.getBoundingClientRect();
        const middle = [left + width / 2, top + height / 2];
        press(cell, n % cells.length ? type : "pointerdown", ...middle);
    };
    const send = el.matches("input") ? slide : cells.length ? paint : point;
    const frame = () => new Promise(requestAnimationFrame);
    el.setPointerCapture = () => {};
    send("pointerdown", 0);
    await frame();
    const found = [];
    for (let n = 1; n <= moves; n++) {
        await frame();
        let due; // what a figure leaves to the next frame lies between this and the awaited one
        requestAnimationFrame(() => (due = performance.now()));
        const began = performance.now();
        send("pointermove", n);
        for (let turn = 0; turn < 10; turn++) await null;
        document.body.offsetHeight;
        const handled = performance.now() - began;
        await frame();
        document.body.offsetHeight;
        const late = performance.now() - due;
        await frame();
        found.push([handled + late, performance.now() - began]);
    }
    send("pointerup", 0);
    return found;
}"""


def mounting(browser):
    """Milliseconds for each figure of the chapter pages: `{class: [ms, ...]}`."""
    times = {}
    for _ in range(LOADS):
        for chapter in CHAPTERS:
            context = browser.new_context()
            page = context.new_page()
            page.goto(chapter.as_uri())
            page.wait_for_function(READY)
            for name, duration in page.evaluate(MOUNTED):
                times.setdefault(name, []).append(duration)
            context.close()
    return times


WORDS = "a small old owl watched a hungry fox and the sleepy mole crossed the misty river"
QUERY_KEY = {"sentence": WORDS, "preset": "nouns look for adjectives", "selected": [3, 1]}


def in_place(locator):
    """What is dragged where it stands."""
    return locator, centre(locator)


def by_its_tip(hands):
    """The plane, dragged by the tip that is held."""
    return hands.plane, held_tip(hands.plane)


# What is dragged: its figure, and what the pointer holds, where.
DRAGS = {
    "nothing": (
        QueryKey(**QUERY_KEY),
        lambda hands: in_place(hands.root.locator(".al-title")),
        False,
    ),
    "QueryKey, a cell": (
        QueryKey(**QUERY_KEY),
        lambda hands: in_place(hands.cell("w_q", "animal")),
    ),
    "QueryKey, an arrow": (QueryKey(**QUERY_KEY), by_its_tip),
    "EmbeddingSpace, a word": (
        EmbeddingSpace(),
        lambda hands: (hands.plane, centre(hands.plane.locator(".al-strong line"))),
    ),
    "ContextNudge, strength": (ContextNudge(), lambda hands: in_place(hands.slider("strength"))),
    "SoftmaxLab, a score": (SoftmaxLab(), lambda hands: in_place(hands.slider("score of").first)),
    "ValueMixer, a tip": (ValueMixer(WORDS), by_its_tip),
    "MaskLab, painting": (
        MaskLab(mask="everyone"),
        lambda hands: in_place(hands.root.get_by_role("grid", name="mask, ")),
    ),
    "Heads, a strength": (
        Heads(WORDS, query=3, selected=[0, 1]),
        lambda hands: in_place(hands.slider("strength of head 1")),
    ),
    "Tiles, a score": (
        Tiles("twelve scores", order=[1, 4, 0, 3], selected=[2, 4]),
        lambda hands: in_place(hands.cell("row", "score")),
    ),
    "OrderLab, a place": (
        OrderLab(view="rotary"),
        lambda hands: in_place(hands.slider("the query stands at")),
    ),
}


def drag(browser, path, figure, hold, heard=True):
    """Milliseconds with the CPU slowed: `[(work, frame), ...]` of the moves of one drag, and the
    yardstick's times before it and after it. Fails unless the drag is `heard`."""
    # The book's own letters: they take longer to lay out than the system's.
    path.write_text(document(figure, styles=("book.css", *STYLES)), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(path.as_uri())
    assert page.evaluate(LETTERS)
    hands = Hands(page, type(figure).__name__)
    held, (x, y) = hold(hands)
    at_first = hands.values()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.evaluate(YARDSTICK)
    before = page.evaluate("yardstick()")
    moves = held.evaluate(DRAG, {"x": x, "y": y, "moves": MOVES + WARM_UP})[WARM_UP:]
    after = page.evaluate("yardstick()")
    hands.settle()
    assert (hands.values() != at_first) == heard, "what was dragged did not move"
    page.close()
    return moves, before + after


def redraw(browser, folder):
    """`{what is dragged: rounds}`, each round what `drag` tells."""
    path, rounds = Path(folder) / "page.html", {name: [] for name in DRAGS}
    for _ in range(ROUNDS):
        for name, what in DRAGS.items():
            rounds[name].append(drag(browser, path, *what))
    return rounds


def late(times):
    """The 95th percentile: what 95 % of the times do not exceed."""
    return sorted(times)[int(0.95 * len(times))]


def quietest(drags):
    """The shortest 95th percentile of the yardstick in any round of `redraw`."""
    return min(late(yardstick) for rounds in drags.values() for _, yardstick in rounds)


def summary(rounds, quiet_yardstick):
    """Milliseconds: median and 95th percentile of the quietest round's work, the 95th percentile of
    its frames, and that of the work in the busiest round. Then the ratio to the goal."""
    works, frames = np.moveaxis(np.array([moves for moves, _ in rounds]), -1, 0)
    lates = [late(work) for work in works]
    quiet = int(np.argmin(lates))
    disturbed = late(np.concatenate([yardstick for _, yardstick in rounds])) / quiet_yardstick
    ratio = late(works.ravel()) / GOALS["redraw"] / disturbed
    return np.median(works[quiet]), lates[quiet], late(frames[quiet]), max(lates), ratio


def main():
    print(__doc__.partition("\n\n")[2])
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = chromium.launch(playwright)
        print(f"mounting, ms (goal {GOALS['mounting']})       median   worst")
        for name, times in mounting(browser).items():
            print(f"  {name:<30}{np.median(times):8.1f}{max(times):8.1f}")
        titles = f"{'work: median':>14}{'p95':>8}{'frame p95':>12}{'busiest p95':>14}{'ratio':>8}"
        print(f"redraw, ms (goal {GOALS['redraw']}, ratio 1)".ljust(26) + titles)
        drags = redraw(browser, folder)
        quiet_yardstick = quietest(drags)
        for name, rounds in drags.items():
            median, p95, frame, busiest, ratio = summary(rounds, quiet_yardstick)
            print(f"  {name:<24}{median:14.1f}{p95:8.1f}{frame:12.1f}{busiest:14.1f}{ratio:8.2f}")
        browser.close()
    print(f"figures' scripts, kB (goal {GOALS['kilobytes']} gzipped)")
    for path in sorted(STATIC.glob("attnlib*.js")):
        script = path.read_bytes()
        packed = len(gzip.compress(script)) / KILOBYTE
        print(f"  {path.name:<24}{len(script) / KILOBYTE:14.1f}{packed:8.1f} gzipped")


if __name__ == "__main__":
    main()
