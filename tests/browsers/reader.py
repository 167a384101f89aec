"""What a reader does with a figure, in any of the three windows; found by role and by name."""

from attnlib.figures import QueryKey
from tests.browsers.windows import eventually
from tests.figures.driving import AT_REST, link

CELL = '[role="gridcell"]'
PLANE = '[role="application"]'
# The element of a figure that a selector finds and whose name, what is written at it or what a
# machine reads, begins so.
FIND = """
(figure, selector, name) => {
    const root = document.querySelector(`[data-attnlib-figure="${figure}"][data-ready="true"]`);
    const nameOf = (one) =>
        one.getAttribute("aria-label") ?? (one.labels?.[0] ?? one).textContent;
    return [...(root?.querySelectorAll(selector) ?? [])].find((one) =>
        nameOf(one).trim().startsWith(name));
}"""
BOX = """(one) => {
    one.scrollIntoView({ block: "nearest", behavior: "instant" });
    const { x, y, width, height } = one.getBoundingClientRect();
    return { x, y, width, height };
}"""
FOLLOW = """async (hash) => {
    const heard = new Promise((done) => addEventListener("hashchange", done, { once: true }));
    location.hash = hash;
    await heard;
}"""
SETTLE = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
REST = "(milliseconds) => new Promise((done) => setTimeout(done, milliseconds))"


def designed():
    return QueryKey(preset="nouns look for adjectives", selected=[3, 1])


class Reader:
    """A reader of one figure, by its class's name, in `window`.

    `values` and `open_link` are those of driving.Hands: tests of truth take either.
    """

    def __init__(self, window, figure):
        self.window, self.figure = window, figure
        assert self.finds(), f"{figure} is not ready"

    def ask(self, function, selector, name="", *more):
        """What a JavaScript function gives for the element, and `more`."""
        script = f"(where, ...more) => ({function})(({FIND})(...where), ...more)"
        return self.window.run(script, [self.figure, selector, name], *more)

    def finds(self, selector="*", name=""):
        """Whether there is such an element, now or soon."""
        return eventually(lambda: self.ask("(one) => Boolean(one)", selector, name))

    def tells(self, text):
        """Whether the figure says `text`, now or soon."""
        return eventually(lambda: text in self.text())

    def values(self):
        return self.ask("(one) => one.closest('[data-attnlib-figure]').attnlibValues()", "*")

    def open_link(self, state):
        self.window.run(FOLLOW, link(self.figure, state))
        self.settle()

    def settle(self):
        self.window.run(SETTLE)

    def rest(self):
        self.window.run(REST, AT_REST)

    def text(self):
        return self.ask("(one) => one.closest('[data-attnlib-figure]').innerText", "*")

    def box(self, selector, name=""):
        """Where the element is in the window, scrolled there: x, y, width, height."""
        return self.ask(BOX, selector, name)

    def middle(self, selector, name=""):
        box = self.box(selector, name)
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def click(self, selector, name=""):
        self.window.click(*self.middle(selector, name))

    def focus(self, selector, name=""):
        self.ask("(one) => one.focus()", selector, name)

    @property
    def focused(self):
        """The accessible name of what has the focus."""
        return self.window.run("() => document.activeElement.getAttribute('aria-label')")

    def cell(self, name):
        """The number that the matrix cell `name`, "w_q animal, 1", holds and shows."""
        shown = self.ask("(one) => one.innerText", '[role="gridcell"]', f"{name}:")
        return float(shown.replace("−", "-"))
