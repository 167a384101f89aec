"""What axe-core has against a page."""

from importlib.resources import files

AXE = files("axe_playwright_python").joinpath("axe.min.js")
# The page sorts its findings: to carry the thousands of passes over takes longer than to find them.
# Nothing is loaded again (`preload`): from disk that is refused, and the page would log it.
# A colour on its way from light to dark is nobody's choice: transitions end first.
VIOLATIONS = """async () => {
    await Promise.allSettled(document.getAnimations().map((transition) => transition.finished));
    const found = await axe.run(document, { resultTypes: ["violations"], preload: false });
    const place = (node) => `${node.target.join(" ")}: ${node.html}`;
    return found.violations.map(({ id, help, nodes }) =>
        `${id} (${help}) at ${nodes.slice(0, 3).map(place).join(" and ")}`);
}"""


def violations(page):
    """The rules that `page` breaks as it stands, each with its first places."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(VIOLATIONS)
