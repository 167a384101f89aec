"""Two views on one page, of one figure or of its copy: neither takes from the other."""

import pytest

from attnlib.figures import BreakIt, ContextNudge, Prediction, QueryKey, Quiz, Training
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


# Two views of one widget, as a notebook mounts them, and what closes the first.
MOUNT = """() => {
    const host = document.querySelector(".al-host");
    const held = JSON.parse(host.querySelector("script").textContent);
    window.model = {
        get: (name) => held[name],
        set: (name, value) => (held[name] = value),
        ...{ on() {}, off() {}, save_changes() {} },
    };
    const widget = attnlib.widget();
    widget.initialize({ model });
    const views = [1, 2].map(() => document.body.appendChild(document.createElement("div")));
    const [close] = views.map((el) => widget.render({ el }));
    host.remove();
    window.closeFirst = close;
}"""


def test_when_one_view_is_closed_the_other_goes_on_and_tells_the_kernel(borrow_page, tmp_path):
    (tmp_path / "one.html").write_text(document(Training()), encoding="utf-8")
    page = borrow_page()
    page.goto((tmp_path / "one.html").as_uri())
    page.locator('[data-ready="true"]').wait_for()
    page.evaluate(MOUNT)
    live = page.locator('[data-attnlib-figure][data-ready="true"]')
    live.nth(1).get_by_role("button", name="Train", exact=True).click()
    page.wait_for_function("model.get('step') > 0")
    page.evaluate("closeFirst()")
    assert live.count() == 1
    step = page.evaluate("model.get('step')")
    page.wait_for_function("step => model.get('step') > step + 20", arg=step)
    assert page.record.errors == []


# A kernel says back what it was sent, when the reader has moved on, and before that was sent.
ECHO = """async () => {
    const host = document.querySelector(".al-host");
    const [held, heard] = [JSON.parse(host.querySelector("script").textContent), {}];
    const model = {
        get: (name) => held[name],
        set(name, value) {
            if (held[name] === value) return;
            held[name] = value;
            for (const tell of heard[`change:${name}`] ?? []) tell();
        },
        on: (event, tell) => (heard[event] ??= []).push(tell),
        ...{ off() {}, save_changes() {} },
    };
    const widget = attnlib.widget();
    widget.initialize({ model });
    const el = document.body.appendChild(document.createElement("div"));
    widget.render({ el });
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const slider = el.querySelector("input[type=range]");
    const slide = (to) => {
        slider.value = to;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
    };
    slide(0.3);
    await frame();
    const sent = held.strength;
    slide(0.6);
    model.set("strength", sent);
    await frame();
    return [sent, held.strength, Number(slider.value)];
}"""


def test_an_echo_of_an_older_move_undoes_no_newer_one(borrow_page, tmp_path):
    (tmp_path / "one.html").write_text(document(ContextNudge()), encoding="utf-8")
    page = borrow_page()
    page.goto((tmp_path / "one.html").as_uri())
    page.locator('[data-ready="true"]').wait_for()
    assert page.evaluate(ECHO) == [0.3, 0.6, 0.6]


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
