"""Two views on one page, of one figure or of its copy: neither takes from the other."""

import pytest

from attnlib.figures import BreakIt, Prediction, QueryKey, Quiz, Training
from tests.figures.driving import document
from tests.figures.test_touch import FIGURES

COPIES = FIGURES | {
    "choices": lambda: Prediction.ask("queries-and-keys", "likeness", 2),
    "a case": lambda: BreakIt(case="B"),
}
TWICE = """() => {
    const all = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    return all.filter((id, n) => all.indexOf(id) !== n);
}"""
# What a name or an id leads to that is not in the figure it belongs to.
ASTRAY = """root => {
    const led = ["for", "aria-labelledby", "aria-describedby", "aria-controls", "list", "form"];
    const leads = led.flatMap((name) =>
        [root, ...root.querySelectorAll(`[${name}]`)].flatMap((node) =>
            (node.getAttribute(name) ?? "").split(" ").filter(Boolean)));
    const radios = [...root.querySelectorAll("input[type=radio]")].flatMap(({ name }) =>
        [...document.getElementsByName(name)]);
    return [
        ...leads.filter((id) => !root.contains(document.getElementById(id))),
        ...radios.filter((one) => !root.contains(one)).map(({ name }) => name),
    ];
}"""


@pytest.fixture
def copies(page_factory, tmp_path):
    """`copies(make)` opens a page with the figure and its copy, and gives both."""

    def open_(make):
        (tmp_path / "two.html").write_text(document(make(), make()), encoding="utf-8")
        page = page_factory()
        page.goto((tmp_path / "two.html").as_uri())
        live = page.locator('[data-attnlib-figure][data-ready="true"]')
        live.nth(1).wait_for()
        page.locator("details").evaluate_all("all => all.forEach((one) => (one.open = true))")
        return page, live.nth(0), live.nth(1)

    return open_


@pytest.mark.parametrize("name", COPIES)
def test_names_and_ids_lead_nowhere_else(copies, name):
    page, *views = copies(COPIES[name])
    assert page.evaluate(TWICE) == []
    for view in views:
        assert view.evaluate(ASTRAY) == []
        assert view.get_attribute("aria-labelledby")


@pytest.mark.parametrize(
    "make", [COPIES["Quiz"], COPIES["choices"], COPIES["a case"]], ids=["quiz", "guess", "case"]
)
def test_a_choice_in_one_leaves_the_other_as_it_was(copies, make):
    _, one, other = copies(make)
    one.get_by_role("radio").nth(1).check()
    other.get_by_role("radio").nth(0).check()
    assert one.get_by_role("radio").nth(1).is_checked()
    assert other.get_by_role("radio").nth(0).is_checked()
    one.get_by_role("radio").nth(1).press("ArrowUp")  # the arrows stay within the group
    assert one.get_by_role("radio").nth(0).is_checked()
    assert other.get_by_role("radio").nth(0).is_checked()


def test_a_quiz_has_a_name_for_each_of_its_questions(copies):
    _, one, _ = copies(lambda: Quiz.of("masking"))
    names = one.get_by_role("radio").evaluate_all("all => new Set(all.map((r) => r.name)).size")
    assert names == one.get_by_role("group").count() > 1


def test_figures_of_two_scripts_live_on_one_page(page_factory, tmp_path):
    """Each script draws its own, and what is done once on a page is done once."""
    html = document(Training(), QueryKey(), Prediction.ask("queries-and-keys", "likeness", 2))
    (tmp_path / "two.html").write_text(html, encoding="utf-8")
    page = page_factory(color_scheme="dark")
    page.goto((tmp_path / "two.html").as_uri())
    for kind in ("Training", "QueryKey", "Prediction"):
        page.locator(f'[data-attnlib-figure="{kind}"][data-ready="true"]').wait_for()
    assert page.locator("[data-attnlib-figure]").count() == 3
    assert page.locator(".al-still").count() == 0
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.record.errors == []
