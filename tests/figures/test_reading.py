"""What a screen reader is told, what axe-core objects to, and small or calm screens."""

import re

import pytest
from playwright.sync_api import expect

from attnlib.figures import MaskLab, Prediction, QueryKey, Quiz
from tests.axe import violations
from tests.figures.driving import names_of
from tests.figures.test_questions import link_state

FOCUSABLE = {"button", "combobox", "textbox", "checkbox", "slider", "radio", "spinbutton"}


@pytest.fixture
def hands(open_figure):
    return open_figure(
        QueryKey(
            preset="nouns look for adjectives",
            selected=[3, 1],
            challenges="queries-and-keys",
            title="One head",
        )
    )


def tree(page):
    """Every node of the accessibility tree that is not ignored: (role, name, focusable)."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    found = []
    for node in nodes:
        if node["ignored"]:
            continue
        states = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
        name = node.get("name", {}).get("value", "").strip()
        found.append((node["role"]["value"], name, bool(states.get("focusable"))))
    return found


class TestLiveRegion:
    def test_says_the_chosen_cell(self, hands):
        hands.pattern_cell("creature", "fluffy").click()
        assert hands.spoken == "query creature, key fluffy: score 4.42, weight 0.54"

    def test_says_a_masked_cell(self, hands):
        hands.root.get_by_role("checkbox", name="causal mask").check()
        hands.pattern_cell("a", "fluffy").click()
        assert hands.spoken == "query a, key fluffy: score −∞, weight 0.00"

    def test_says_a_changed_number(self, hands):
        hands.cell("w_q", "fits animals", 2).focus()
        hands.press("PageDown")
        assert hands.spoken == "w_q fits animals, 2: −1.00"

    def test_is_polite(self, hands):
        assert hands.root.get_by_role("status").get_attribute("aria-live") == "polite"


class TestTree:
    def test_the_figure_is_a_region_with_its_name(self, hands):
        assert hands.page.get_by_role("region", name="One head").count() == 1

    def test_predictions_of_one_title_are_told_apart_by_their_questions(self, open_figure):
        figure = Prediction.ask("queries-and-keys", "likeness", 2)
        region = open_figure(figure).page.get_by_role("region")
        expect(region).to_have_accessible_name(re.compile(f". {re.escape(figure.question)}$"))

    def test_everything_focusable_has_a_name(self, hands):
        hands.unfold()
        hands.button("Copy as Python").click()
        nodes = tree(hands.page)
        roles = {role for role, _, focusable in nodes if focusable}
        assert {"button", "combobox", "textbox", "checkbox", "slider", "spinbutton"} <= roles
        unnamed = [node for node in nodes if node[2] and not node[1] and node[0] != "RootWebArea"]
        assert unnamed == []
        assert [node for node in nodes if node[0] in FOCUSABLE and not node[1]] == []

    def test_names_of_controls_are_unique(self, hands):
        hands.unfold()
        names = [(role, name) for role, name, _ in tree(hands.page) if role in FOCUSABLE]
        assert sorted(names) == sorted(set(names))

    def test_a_cell_is_selected_where_one_is_chosen(self, open_figure):
        hands = open_figure(MaskLab())
        chosen = hands.root.locator('[role="gridcell"][aria-selected="true"]')
        assert chosen.count() == 0
        hands.open_link({**link_state(MaskLab()), "selected": [3, 1]})
        told = {name.split(":")[0] for name in names_of(chosen)}
        assert told == {"query creature, key fluffy"}

    @pytest.mark.parametrize("name", ["w_q, 6 by 2", "w_k, 6 by 2", "Attention pattern"])
    def test_grids_have_names_and_headers(self, hands, name):
        grid = hands.root.get_by_role("grid", name=name)
        assert grid.count() == 1
        columns = grid.get_by_role("columnheader").all_inner_texts()
        rows = grid.get_by_role("rowheader").all_inner_texts()
        assert all(columns) and all(rows)
        assert len(rows) * len(columns) == grid.locator('[role="gridcell"]').count()

    def test_the_turned_grid_says_so(self, hands):
        hands.menu("Queries are").select_option("columns")
        assert hands.root.get_by_role("grid", name="columns are queries").count() == 1

    def test_two_figures_on_a_page_do_not_share_ids(self, hands):
        twice = "all => all.map(one => one.id).filter((id, n, ids) => ids.indexOf(id) !== n)"
        assert hands.page.locator("[id]").evaluate_all(twice) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
class TestAxe:
    @pytest.mark.parametrize("show", ["dots", "weights", "scores"])
    def test_querykey_with_everything_open(self, open_figure, theme, show):
        figure = QueryKey(
            preset="nouns look for adjectives",
            selected=[3, 1],
            show=show,
            causal=show == "scores",
            challenges="queries-and-keys",
        )
        hands = open_figure(figure, theme=theme)
        hands.unfold()
        hands.button("Copy as Python").click()
        hands.own_phrase.fill("nonsense")
        hands.own_phrase.press("Enter")
        hands.start_challenge(1)
        hands.button("nouns look for adjectives").click()
        assert violations(hands.page) == []

    def test_a_cell_while_typing(self, open_figure, theme):
        hands = open_figure(QueryKey(preset="identity"), theme=theme)
        hands.cell("w_q", "animal").focus()
        hands.press("5")
        assert violations(hands.page) == []

    def test_a_prediction_after_the_reveal(self, open_figure, theme):
        figure = Prediction.ask("queries-and-keys", "shares", [0.54, 0.42, 0.01, 0.03])
        hands = open_figure(figure, theme=theme)
        hands.button("That is my guess", exact=False).click()
        assert violations(hands.page) == []
        hands.root.get_by_role("slider").first.fill("0.5")
        hands.button("That is my guess", exact=False).click()
        assert violations(hands.page) == []

    def test_a_quiz_answered_right_and_wrong(self, open_figure, theme):
        hands = open_figure(Quiz.of("queries-and-keys"), theme=theme)
        for n, group in enumerate(hands.root.get_by_role("group").all()):
            group.get_by_role("radio").nth(n % 2).check()
        assert violations(hands.page) == []


class TestScreens:
    MOVING = """() => [...document.querySelectorAll("[data-attnlib-figure] *")]
        .map((one) => getComputedStyle(one))
        .filter((style) => style.animationName !== "none"
            || style.transitionDuration.split(",").some((time) => parseFloat(time) > 0)).length"""

    def test_reduced_motion_is_honoured(self, open_figure):
        calm = open_figure(QueryKey(preset="identity"), reduced_motion="reduce")
        assert calm.page.evaluate(self.MOVING) == 0

    @pytest.mark.parametrize("n_tokens", [1, 8, 16])
    def test_320_pixels_are_enough(self, open_figure, n_tokens):
        figure = QueryKey(
            " ".join(["creature"] * n_tokens),
            preset="identity",
            selected=[0, 0],
            challenges="queries-and-keys",
        )
        hands = open_figure(figure, viewport={"width": 320, "height": 640})
        hands.unfold()
        hands.button("Copy as Python").click()
        assert hands.page.evaluate("document.documentElement.scrollWidth") <= 320
        for role in ("button", "combobox", "checkbox", "spinbutton"):
            for control in hands.root.get_by_role(role).all():
                control.scroll_into_view_if_needed()
                box = control.bounding_box()
                assert box["x"] >= 0 and box["x"] + box["width"] <= 320
        hands.cell("w_q", "animal").click()
        hands.button("w_q animal, 1: more").click()
        assert hands.number("w_q", "animal") == 1.1

    def test_the_dark_theme_changes_the_ground(self, open_figure):
        def ground(theme):
            hands = open_figure(QueryKey(), theme=theme)
            return hands.root.evaluate("root => getComputedStyle(root).backgroundColor")

        light, dark = (sum(map(int, re.findall(r"\d+", ground(t))[:3])) for t in ("light", "dark"))
        assert light > 600 > 200 > dark
