"""What axe-core has against a page."""

from importlib.resources import files

AXE = files("axe_playwright_python").joinpath("axe.min.js")
# The page sorts its findings: to carry the thousands of passes over takes longer than to find them.
# Nothing is loaded again (`preload`): from disk that is refused, and the page would log it.
# A colour on its way from light to dark is nobody's choice: transitions end first.
VIOLATIONS = """async (only) => {
    await Promise.allSettled(document.getAnimations().map((transition) => transition.finished));
    const options = { resultTypes: ["violations"], preload: false };
    const found = await axe.run(document, only ? { ...options, runOnly: only } : options);
    const place = (node) => `${node.target.join(" ")}: ${node.html}`;
    return found.violations.map(({ id, help, nodes }) =>
        `${id} (${help}) at ${nodes.slice(0, 3).map(place).join(" and ")}`);
}"""


# What another theme may break, and nothing else: the page is the same.
OF_COLOUR = ["color-contrast", "link-in-text-block"]


def violations(page, only=None):
    """The rules that `page` breaks as it stands, of all or of `only` these, each with its first
    places."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(VIOLATIONS, only)
