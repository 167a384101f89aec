"""A reader's hands and eyes on one live figure: everything is found by role and by name."""

import base64
import json
import re
from pathlib import Path

import numpy as np

from attnlib import world
from attnlib.sphinx_ext.figures import host, scripts_for

STATIC = Path(__file__).resolve().parents[2] / "attnlib" / "static"
AXES = world.PHRASES.axes
D_MODEL = len(AXES)


STYLES = ("tokens.css", "figures.css")


def document(*figures, theme="light", beside="", styles=STYLES, scripts=()):
    """A small built page that holds `figures`, and `beside` them HTML and `scripts` of its own."""
    styles = "".join(
        f'<link rel="stylesheet" href="{(STATIC / name).as_uri()}">' for name in styles
    )
    hosts = "".join(map(host, figures))
    asked = "".join(
        f'<script defer data-attnlib-page="{part}" src="{(STATIC / name).as_uri()}"></script>'
        for name, part in scripts_for(hosts, scripts)
    )
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>A page</title>'
        f"{styles}{asked}"
        "<style>body { background: var(--al-paper); color: var(--al-ink) }</style></head>"
        f"<body><main><h1>A page</h1>{hosts}{beside}</main></body></html>"
    )


def encoded(content):
    """Text or bytes as a link carries them: base64url, no padding."""
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def link(key, state):
    """The hash that opens the figure `key` in `state`, as js/src/core/link.js writes it."""
    return f"#figure={key}&state={encoded(json.dumps(state))}"


AT_REST = 170  # milliseconds: more than the figures wait before they tell of a drag

# The page's timers and its clock, which a test can put forward.
CLOCK = """<script>{
    const [set, clear, now] = [setTimeout, clearTimeout, performance.now.bind(performance)];
    const waiting = new Map();
    let ahead = 0;
    performance.now = () => now() + ahead;
    window.setTimeout = (task, wait = 0, ...values) => {
        const run = () => waiting.delete(timer) && task(...values);
        const timer = set(run, wait);
        waiting.set(timer, { due: now() + ahead + wait, run });
        return timer;
    };
    window.clearTimeout = (timer) => {
        waiting.delete(timer);
        clear(timer);
    };
    window.putForward = (milliseconds) => {
        ahead += milliseconds;
        const due = [...waiting.values()].filter((one) => one.due <= now() + ahead);
        due.sort((one, other) => one.due - other.due).forEach((one) => one.run());
    };
}</script>"""
REST = f"""() => new Promise((done) => {{
    if (!window.putForward) return setTimeout(done, {AT_REST});
    putForward({AT_REST});
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
}})"""


# What a figure shows: its numbers, and what its grids say.
SHOWN = """(root) => {
    const exact = (_, value) => (typeof value === "number" ? `${value}` : value);
    const cells = [...root.querySelectorAll('[role="gridcell"]')];
    return JSON.stringify([root.attnlibValues(), cells.map((one) => one.ariaLabel)], exact);
}"""
# What a figure says after "Reset", and after the link, and what it shows then: in one go, because
# a test follows dozens of links.
FOLLOWED = f"""async (root, hash) => {{
    const said = async () => {{
        await ({REST})();
        return [...root.querySelectorAll('[role="status"]')].at(-1).innerText;
    }};
    [...root.querySelectorAll("button")].find((one) => one.innerText === "Reset").click();
    const first = await said();
    const heard = new Promise((done) => addEventListener("hashchange", done, {{ once: true }}));
    location.hash = hash;
    await heard;
    return [first, await said(), ({SHOWN})(root)];
}}"""


def assert_links_refused(hands, states, because=""):
    """A link to any of `states` (by name) leaves what is shown, and is answered `because`."""
    hands.rest()
    before = hands.root.evaluate(SHOWN)
    for name, state in states.items():
        reset, said, after = hands.root.evaluate(FOLLOWED, link(hands.kind, state))
        assert reset == "Back at the start.", name
        assert said.startswith(f"The link's state could not be read: {because}"), name
        assert after == before, name
        assert hands.page.record.errors == [], name


def on_our_clock(html):
    """`html` whose timers `rest` need not wait for."""
    assert html.count("<head>") == 1
    return html.replace("<head>", f"<head>{CLOCK}")


def rest(page):
    """Wait until names and the live region, which do not follow every step of a drag, do.

    A clock that can be put forward is; otherwise a timer of the page waits, which comes after the
    figures' own on a slow machine, too.
    """
    page.evaluate(REST)


def names_of(cells):
    """The accessible names of `cells`, as they are when what was changed is at rest."""
    rest(cells.page)
    return cells.evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")


INK = """(cells, kinds) => {
    const canvas = cells[0].closest("table").parentElement.querySelector("canvas");
    const probe = document.createElement("canvas").getContext("2d");
    const colours = ["ink", "line", "weight", "wrong"].map((kind) => {
        probe.fillStyle = getComputedStyle(canvas).getPropertyValue(`--al-${kind}`);
        probe.fillRect(0, 0, 1, 1);
        return { kind, rgb: [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3) };
    });
    const off = (data, at, { rgb }) => Math.hypot(...rgb.map((value, n) => value - data[at + n]));
    const counts = (data, at) => {
        if (!kinds || !data[at + 3]) return true;
        const nearest = colours.reduce((a, b) => (off(data, at, b) < off(data, at, a) ? b : a));
        return kinds.includes(nearest.kind);
    };
    const origin = canvas.getBoundingClientRect();
    return cells.map((cell) => {
        const box = cell.getBoundingClientRect();
        const [left, top] = [box.left - origin.left, box.top - origin.top];
        const dots = (pixels) => Math.round(pixels * devicePixelRatio);
        const within = [left, top, box.width, box.height].map(dots);
        const { data, width, height } = canvas.getContext("2d").getImageData(...within);
        const sums = [0, 0, 0];
        for (let n = 0; n < width * height; n++) {
            const ink = counts(data, 4 * n) ? data[4 * n + 3] / 255 : 0;
            const [x, y] = [n % width, Math.floor(n / width)];
            [1, x + 0.5, y + 0.5].forEach((factor, d) => (sums[d] += ink * factor));
        }
        const [x, y] = [within[0] + sums[1] / sums[0], within[1] + sums[2] / sums[0]];
        return [
            sums[0] / devicePixelRatio ** 2,
            x / devicePixelRatio - left - box.width / 2,
            y / devicePixelRatio - top - box.height / 2,
        ];
    });
}"""


def ink_of(cells, kinds=None):
    """The ink in each of a grid's cells, in pixels: its area, and where its middle is.

    `kinds`, "weight" for --al-weight, are the inks that count; without it, all do.
    Three arrays: areas, and how far to the right of and below the cell's middle (NaN without ink).
    """
    return np.array(cells.evaluate_all(INK, kinds)).T


DRAWN = """sheets => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const canvas of sheets) canvas.drawIn(svg);
    const { left, top, width, height } = sheets[0].getBoundingClientRect();
    const place = { left: left + scrollX, top: top + scrollY, width, height };
    svg.style.position = "absolute";
    for (const name in place) svg.style[name] = `${place[name]}px`;
    document.querySelector("svg.drawn")?.remove();
    svg.classList.add("drawn");
    document.body.append(svg);
}"""
LINE = re.compile(r"M(\S+) (\S+?)L(\S+) ([^\sMLZ]+)")


def drawn(sheets):
    """What is drawn on `sheets`, a canvas or several that lie on one another, as an SVG over them,
    as it would be saved: its locator."""
    sheets.evaluate_all(DRAWN)
    return sheets.page.locator("svg.drawn")


# What the letters take up: the lines of a text have room above and below.
LETTERS = """all => all.map((one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    return { word: one.textContent, left, right, top: top + 3, bottom: bottom - 3 };
})"""


def overlap(one, other):
    """Whether two boxes share a place."""
    across = one["left"] < other["right"] and other["left"] < one["right"]
    return across and one["top"] < other["bottom"] and other["top"] < one["bottom"]


def lies_on(name, x, y):
    """Whether the letters of `name` cover a point."""
    return name["left"] < x < name["right"] and name["top"] < y < name["bottom"]


def names_apart(names, plane, but=()):
    """The boxes of `names`, texts that must lie within `plane` and not on one another; a word in
    `but` may lie on others."""
    boxes, frame = names.evaluate_all(LETTERS), plane.bounding_box()
    for n, box in enumerate(boxes):
        assert box["left"] >= frame["x"] - 1, box
        assert box["right"] <= frame["x"] + frame["width"] + 1, box
        assert box["top"] >= frame["y"] and box["bottom"] <= frame["y"] + frame["height"], box
        for other in boxes[n + 1 :]:
            assert {box["word"], other["word"]} & set(but) or not overlap(box, other), (box, other)
    return boxes


# Ends as shares of the width; each bar's middle, in the viewport.
BARS = """all => all.map((line) => {
    const { top, bottom } = line.getBoundingClientRect();
    const [from, to] = ["x1", "x2"].map((end) => parseFloat(line.getAttribute(end)) / 100);
    return { from, to, middle: (top + bottom) / 2, kind: line.getAttribute("class") };
})"""


def bars_of(table):
    """The bars beside the rows of `table`: `{from, to, middle, kind}` of each."""
    return table.locator("line").evaluate_all(BARS)


def assert_beside(bars, row):
    """Every bar lies between the top and the bottom of `row`."""
    box = row.bounding_box()
    for bar in bars:
        assert box["y"] < bar["middle"] < box["y"] + box["height"]


def lines_of(path):
    """The lines that `path` of a drawing consists of, `(n, 4)`: from x and y to x and y."""
    return np.array(LINE.findall(path.get_attribute("d")), dtype=float)


def _nth(n):
    return re.compile(rf"^(Solved( before)?\. )?{n}\. ")


# Drawings are made when the browser tells their size, once a frame, and this one after them.
MEASURED = """root => new Promise((done) => {
    new ResizeObserver((_, observer) => (observer.disconnect(), done())).observe(root);
})"""


class Hands:
    """One figure, `root`, on `page`."""

    def __init__(self, page, kind="QueryKey"):
        self.page, self.kind = page, kind
        self.root = page.locator(f'[data-attnlib-figure="{kind}"][data-ready="true"]')
        self.root.wait_for()
        self.root.evaluate(MEASURED)

    def values(self):
        """queries, keys, scores, weights at full precision."""
        return self.root.evaluate("root => root.attnlibValues()")

    def open_link(self, state, key=None):
        """Follow a link to `state` from the page itself; `key` is the kind if not given."""
        self.follow(link(key or self.kind, state))

    def follow(self, hash):
        """Follow a link inside the page, and wait until the figure has drawn itself."""
        self.page.evaluate(
            """async (hash) => {
                const heard = new Promise((done) =>
                    addEventListener("hashchange", done, { once: true }));
                location.hash = hash;
                await heard;
            }""",
            hash,
        )
        self.settle()

    def begin_again(self):
        """Back to the start, on a page that other tests have used."""
        self.page.evaluate(
            """() => {
                history.replaceState(null, "", location.pathname);
                document.querySelectorAll("details").forEach((one) => (one.open = false));
            }"""
        )
        self.button("Reset").click()
        self.page.record.errors.clear()
        self.settle()

    def settle(self):
        """Wait until what was asked for is drawn: two frames, and what they put off."""
        self.page.evaluate(
            """() => new Promise((done) =>
                requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
        )

    def rest(self):
        rest(self.page)

    def button(self, name, exact=True):
        return self.root.get_by_role("button", name=name, exact=exact)

    def menu(self, name):
        return self.root.get_by_role("combobox", name=name, exact=True)

    def unfold(self):
        """Open everything that is folded."""
        self.root.locator("details").evaluate_all("all => all.forEach((one) => (one.open = true))")

    def challenge(self, n):
        """The entry of challenge `n`; its text begins with "Solved." once it is."""
        heading = self.page.get_by_role("button", name=_nth(n))
        return self.root.get_by_role("listitem").filter(has=heading)

    def heading(self, n):
        """The button that opens challenge `n`."""
        return self.root.get_by_role("button", name=_nth(n))

    def open_challenge(self, n):
        """Open challenge `n`, and fold the others; gives its entry."""
        if self.heading(n).get_attribute("aria-expanded") == "false":
            self.heading(n).press("Enter")
        return self.challenge(n)

    def start_challenge(self, n):
        """Press the button with which challenge `n` begins; gives its entry."""
        entry = self.open_challenge(n)
        entry.get_by_role("button", name=f"Start challenge {n}", exact=True).press("Enter")
        self.settle()
        return entry

    def slider(self, name):
        """The slider whose name holds `name`; the value shown beside it is part of the name."""
        return self.root.get_by_role("slider", name=name)

    def tab(self, name):
        return self.root.get_by_role("tab", name=name, exact=True)

    def table(self, name):
        """The table with this caption, or a caption that holds it."""
        return self.root.get_by_role("table", name=name)

    def cells(self, name):
        """What the table `name` shows: its rows of texts, row headers left out."""
        rows = (
            self.table(name)
            .locator("tbody tr")
            .evaluate_all(
                "all => all.map(row => [...row.querySelectorAll('td')].map(one => one.innerText))"
            )
        )
        return [[text.strip() for text in row] for row in rows]

    def copied(self, what="Copy as Python"):
        """The text that one of the ways out hands over."""
        self.button(what).click()
        box = self.root.get_by_role("textbox", name="Copied text")
        text = box.input_value()
        self.button("Close").click()
        return text

    @property
    def own_phrase(self):
        """The box for a phrase of the reader's own, unfolded."""
        self.unfold()
        return self.root.get_by_role("textbox", name="Your phrase")

    def matrix(self, name):
        """The grid of `w_q` or `w_k`."""
        return self.root.get_by_role("grid", name=name)

    def cell(self, name, axis, dimension=1):
        """The cell of `w_q` or `w_k` in the row of `axis`."""
        start = f"{name} {axis}, {dimension}:"
        return self.matrix(name).locator(f'[role="gridcell"][aria-label^="{start}"]')

    def number(self, name, axis, dimension=1):
        """The number that a matrix cell shows."""
        return float(self.cell(name, axis, dimension).inner_text().replace("−", "-"))

    @property
    def pattern(self):
        return self.root.get_by_role("grid", name="Attention pattern")

    @property
    def pattern_cells(self):
        return self.pattern.locator('[role="gridcell"]')

    def pattern_cell(self, query, key):
        """The first cell of the pattern with these two words."""
        start = f"query {query}, key {key}:"
        return self.pattern.locator(f'[role="gridcell"][aria-label^="{start}"]').first

    @property
    def pattern_names(self):
        """The accessible names of the pattern's cells, row by row as drawn."""
        return names_of(self.pattern_cells)

    @property
    def pattern_texts(self):
        return self.pattern_cells.evaluate_all(
            "cells => cells.map(cell => cell.textContent.trim())"
        )

    @property
    def spoken(self):
        """What the live region says, once a drag has come to rest."""
        self.rest()
        return self.root.get_by_role("status").last.inner_text()

    def hears(self, text):
        """Wait until the live region says something that holds `text`; a drag is told at rest."""
        self.root.get_by_role("status").last.filter(has_text=text).wait_for(state="attached")

    @property
    def plane(self):
        return self.root.get_by_role("application")

    @property
    def focused(self):
        """The accessible name of what has the focus."""
        return self.page.evaluate("document.activeElement.getAttribute('aria-label')")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)


def shown_number(value, digits=2):
    """A number as the figures write it, worked out from its decimal digits."""
    from decimal import ROUND_HALF_EVEN, Decimal

    if value == float("-inf"):
        return "−∞"
    if abs(value) >= 10_000:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent):+d}".replace("-", "−")
    text = str(Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN))
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def centre(locator):
    """The middle of what `locator` finds, in the viewport: `(x, y)`."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def held_tip(plane):
    """Where in the viewport a plane draws the ring around the tip that is held: `(x, y)`."""
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    unit = box["width"] / float(plane.get_attribute("viewBox").split()[2])
    tip = plane.evaluate("node => node.heldTip()")
    return box["x"] + tip["x"] * unit, box["y"] + tip["y"] * unit


def mouse_drag(page, start, by, steps=8):
    """Press at `start`, move by `(dx, dy)` in some steps, release."""
    (x, y), (dx, dy) = start, by
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=steps)
    page.mouse.up()


def touch_drag(page, start, by, steps=8, rests=False):
    """The same with one finger, as the browser gets it from a touch screen.

    It `rests` before it moves, until the figure holds what is to be dragged up or down.
    """
    (x, y), (dx, dy) = start, by
    session = page.context.new_cdp_session(page)

    def send(kind, *points):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    send("touchStart", {"x": x, "y": y})
    if rests:
        page.locator("[data-held]").wait_for(state="attached")
    for step in range(1, steps + 1):
        send("touchMove", {"x": x + dx * step / steps, "y": y + dy * step / steps})
    send("touchEnd")
    session.detach()


def resting_drag(page, start, by, steps=8):
    """With one finger that rests first."""
    touch_drag(page, start, by, steps, rests=True)
