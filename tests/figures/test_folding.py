"""Challenges: one is open and the others are folded, and nothing moves under the reader's hand."""

import pytest
from playwright.sync_api import expect

from attnlib.figures import QueryKey, SoftmaxLab
from tests.figures.driving import centre

WIDTHS = {"phone": (360, 740), "laptop": (1280, 800), "desktop": (1440, 900)}
PLACES = """root => {
    const parts = root.querySelectorAll("[data-picture], .al-challenge, .al-task, .al-ways");
    return [...parts].map((one) => {
        const { x, y, width, height } = one.getBoundingClientRect();
        return [x, y, width, height];
    });
}"""


@pytest.fixture(params=WIDTHS)
def task(request, open_figure):
    width, height = WIDTHS[request.param]
    figure = QueryKey(preset="identity", challenges="queries-and-keys")
    return open_figure(figure, viewport={"width": width, "height": height})


def open_ones(hands):
    """The numbers of the challenges that are open; what is folded is not to be seen."""
    found = []
    for n in (1, 2, 3):
        start = hands.button(f"Start challenge {n}")
        expanded = hands.heading(n).get_attribute("aria-expanded") == "true"
        assert expanded == (start.count() > 0 and start.is_visible())
        found += [n] if expanded else []
    return found


def solve_first(hands):
    hands.cell("w_q", "animal").focus()
    hands.press("3", "Enter")
    hands.cell("w_k", "animal", 1).focus()
    hands.press("ArrowDown", "ArrowDown", "5", "Enter")
    hands.settle()
    assert hands.challenge(1).inner_text().startswith("Solved.")


class TestOneIsOpen:
    def test_the_first_and_then_the_one_that_is_pressed(self, task):
        assert open_ones(task) == [1]
        task.heading(3).click()
        assert open_ones(task) == [3]
        task.heading(2).click()
        assert open_ones(task) == [2]
        task.heading(2).click()
        assert open_ones(task) == []

    def test_by_keyboard(self, task):
        task.button("Start challenge 1").focus()
        task.press("Tab")
        assert task.heading(2).evaluate("button => button === document.activeElement")
        task.press("Space")
        assert open_ones(task) == [2]
        task.press("Tab", "Enter")  # its own button comes next
        task.settle()
        assert task.button("Start challenge 2").evaluate("one => one === document.activeElement")
        task.press("Tab", "Enter")
        assert open_ones(task) == [3]

    def test_what_is_folded_is_not_read_aloud(self, task):
        tasks = task.root.get_by_role("listitem").get_by_role("paragraph")
        assert {one.inner_text()[:20] for one in tasks.all()} >= {"Make creature give a"}
        assert not any("Both ways" in one.inner_text() for one in tasks.all())

    def test_the_one_that_opens_belongs_to_its_heading(self, task):
        named = task.heading(1).get_attribute("aria-controls")
        body = task.page.locator(f"[id='{named}']")
        assert body.get_by_role("button", name="Start challenge 1").count() == 1


class TestSolved:
    def test_it_stays_open_and_says_so(self, task):
        task.start_challenge(1)
        solve_first(task)
        assert open_ones(task) == [1]
        said = task.challenge(1).get_by_text("Solved.")
        assert said.last.is_visible() and task.root.locator(".al-message").count() == 0
        assert task.spoken.startswith("Challenge 1 solved.")

    def test_it_is_told_once_however_often_it_is_undone_and_done(self, task):
        task.start_challenge(1)
        solve_first(task)
        assert task.spoken.startswith("Challenge 1 solved.")
        task.start_challenge(1)
        assert task.challenge(1).inner_text().startswith("Solved before.")
        solve_first(task)
        assert task.challenge(1).inner_text().startswith("Solved.")
        assert "solved" not in task.spoken

    def test_the_first_that_was_not_solved_is_open_the_next_time(self, task):
        task.start_challenge(1)
        solve_first(task)
        task.page.reload()
        task.root.wait_for()
        assert open_ones(task) == [2]
        assert task.challenge(1).inner_text().startswith("Solved before.")

    def test_one_that_is_folded_is_told_of(self, task):
        task.start_challenge(1)
        task.heading(2).click()
        solve_first(task)
        assert open_ones(task) == [2]
        assert task.root.locator(".al-message").inner_text().startswith("Challenge 1 solved.")

    def test_all_of_them_solved_leave_the_last_open(self, open_figure):
        ids = [challenge["id"] for challenge in SoftmaxLab(challenges="softmax").challenges]
        keep = "".join(
            f"localStorage.setItem('attnlib:SoftmaxLab:challenge:{one}', 'true');" for one in ids
        )
        hands = open_figure(SoftmaxLab(challenges="softmax"), before=keep)
        assert open_ones(hands) == [3]


class TestNothingMoves:
    def test_when_another_is_opened(self, task):
        before = task.root.evaluate(PLACES)
        task.heading(2).scroll_into_view_if_needed()
        for n in (2, 3, 1):
            under = task.heading(n)
            task.page.mouse.move(*centre(under))
            box = under.bounding_box()
            task.page.mouse.down()
            task.page.mouse.up()
            task.settle()
            assert under.bounding_box() == box
            assert open_ones(task) == [n]
        task.page.evaluate("scrollTo(0, 0)")
        assert task.root.evaluate(PLACES) == before

    def test_when_one_is_solved(self, task):
        task.start_challenge(1)
        task.cell("w_q", "animal").scroll_into_view_if_needed()
        task.cell("w_q", "animal").focus()
        task.press("3", "Enter")
        task.cell("w_k", "animal").focus()
        task.press("ArrowDown", "ArrowDown")
        task.settle()
        before = task.root.evaluate(PLACES)
        task.press("5", "Enter")
        task.settle()
        assert task.challenge(1).inner_text().startswith("Solved.")
        assert task.root.evaluate(PLACES) == before


def test_all_are_open_on_paper(open_figure):
    figure = QueryKey(preset="identity", challenges="queries-and-keys")
    hands = open_figure(figure, before="0")  # a page of its own
    hands.page.emulate_media(media="print")
    tops = []
    for n, challenge in enumerate(figure.challenges, 1):
        for part in (hands.heading(n), hands.root.get_by_text(challenge["text"])):
            expect(part).to_be_visible()
            tops.append(part.bounding_box()["y"])
    assert tops == sorted(tops)
    for start in hands.root.get_by_text("Start from").all():
        assert not start.is_visible()


@pytest.mark.parametrize("kind", ["active", "none"])
def test_the_open_one_is_marked_in_the_readers_own_colours(open_figure, kind):
    hands = open_figure(QueryKey(challenges="queries-and-keys"), forced_colors=kind)
    line = "button => getComputedStyle(button).borderInlineStartColor"
    opened, folded = (hands.heading(n).evaluate(line) for n in (1, 2))
    assert opened != folded
