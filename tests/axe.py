"""What axe-core has against a page."""

from importlib.resources import files

AXE = files("axe_playwright_python").joinpath("axe.min.js")
# Of all rules, contrast takes axe nearly the whole time: it looks at every word by itself. Words of
# one colour, size and weight on the same grounds have the same contrast: the first and the last of
# each kind are looked at, in the run of all rules: where things lie is found out once for a run.
# What axe passes over (disabled, hidden from readers, clipped, off the page) is of another kind, or
# it could be the first and the last.
KINDS = """() => {
    const shade = "rgba(0, 0, 0, 0),none";
    const style = (node) => {
        const { backgroundColor, backgroundImage, opacity, filter, clipPath, position } =
            getComputedStyle(node);
        const ground = [backgroundColor, backgroundImage].join();
        return { ground, effects: [opacity, filter, clipPath].join(), position };
    };
    const passedOver = ':disabled, [inert], [aria-hidden="true"], [aria-disabled="true"]';
    const laid = [];
    const grounds = new Map([[null, ""]]);
    const ground = (node) => {
        if (!grounds.has(node)) {
            const { ground: own, effects } = style(node);
            const over = node.matches(passedOver) || node.control?.disabled;
            const clear = own === shade && effects === "1,none,none" && !over;
            const told = clear ? "" : `${[own, effects, over]}>`;
            grounds.set(node, told + ground(node.parentElement));
        }
        return grounds.get(node);
    };
    for (const node of document.body.querySelectorAll(":empty:not(math *, svg *)")) {
        const { ground: own, position } = style(node);
        if (position !== "static" && own !== shade)
            laid.push({ node, own, box: node.getBoundingClientRect() });
    }
    const meet = (one, other) =>
        one.left < other.right && other.left < one.right &&
        one.top < other.bottom && other.top < one.bottom;
    const place = (node) => {
        const box = node.getBoundingClientRect();
        const off = box.right + scrollX <= 0 || box.bottom + scrollY <= 0;
        const beside = laid.filter(({ node: one, box: other }) =>
            meet(box, other) && !one.contains(node) && !node.contains(one));
        return [off, ...beside.map(({ own }) => own)].join();
    };
    const written = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const nodes = new Set(document.querySelectorAll("input, select, textarea"));
    while (written.nextNode())
        if (written.currentNode.data.trim()) nodes.add(written.currentNode.parentElement);
    const kinds = new Map();
    for (const node of nodes) {
        if (!node.checkVisibility({ visibilityProperty: true })) continue;
        const { color, webkitTextFillColor, fontSize, fontWeight, textShadow } =
            getComputedStyle(node);
        const ink = [color, webkitTextFillColor, fontSize, fontWeight, textShadow];
        const kind = [...ink, ground(node), place(node)].join("|");
        const [first] = kinds.get(kind) ?? [node];
        kinds.set(kind, [first, node]);
    }
    return [...new Set([...kinds.values()].flat())];
}"""
# The page sorts its findings: to carry the thousands of passes over takes longer than to find them.
# Nothing is loaded again (`preload`): from disk that is refused, and the page would log it.
# A colour on its way from light to dark is nobody's choice: transitions end first.
VIOLATIONS = f"""async (only) => {{
    await Promise.allSettled(document.getAnimations().map((transition) => transition.finished));
    const kinds = ({KINDS})();
    const looked = "data-looked-at";
    kinds.forEach((node) => node.setAttribute(looked, ""));
    const selector = `[${{looked}}], [${{looked}}] *`;
    axe.configure({{ rules: [{{ id: "color-contrast", selector }}] }});
    const options = {{ resultTypes: ["violations"], preload: false }};
    const found = await axe.run(document, only ? {{ ...options, runOnly: only }} : options);
    kinds.forEach((node) => node.removeAttribute(looked));
    const place = (node) => `${{node.target.join(" ")}}: ${{node.html}}`;
    return found.violations.map(({{ id, help, nodes }}) =>
        `${{id}} (${{help}}) at ${{nodes.slice(0, 3).map(place).join(" and ")}}`);
}}"""


# What another theme may break, and nothing else: the page is the same.
OF_COLOUR = ["color-contrast", "link-in-text-block"]


def violations(page, only=None):
    """The rules that `page` breaks as it stands, of all or of `only` these, each with its first
    places."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(VIOLATIONS, only)
