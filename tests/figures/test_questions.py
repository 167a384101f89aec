"""Predictions and quizzes: commit first, then compare; and what their files must hold."""

import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from attnlib.figures import Prediction, Quiz
from tests.figures.driving import document

FILES = sorted((Path(__file__).parents[2] / "attnlib" / "questions").glob("*.toml"))
CHAPTER = "queries-and-keys"
SHARES = [0.54, 0.42, 0.01, 0.03]


@pytest.fixture(params=[path.stem for path in FILES])
def content(request):
    path = next(path for path in FILES if path.stem == request.param)
    return tomllib.loads(path.read_text(encoding="utf-8"))


def as_matrices(w_q, w_k):
    return {"w_q": np.asarray(w_q).tolist(), "w_k": np.asarray(w_k).tolist()}


STATES = {  # what a link to each figure holds
    "EmbeddingSpace": ["vectors", "across", "up", "word", "analogy", "similarity"],
    "ContextNudge": ["story", "removed", "strength"],
    "QueryKey": ["sentence", "w_q", "w_k", "scaled", "causal", "orientation", "show"],
    "SoftmaxLab": ["view", "scores", "temperature", "grid", "axis", "shift", "d_head", "seed"],
    "ValueMixer": [
        "view",
        "sentence",
        "query",
        "shares",
        "w_v",
        "w_o",
        "residual",
        "across",
        "up",
        "map",
        "rank",
        "cut",
    ],
    "MaskLab": ["example", "mask", "selected", "orientation", "tokens_long", "bytes"],
    "BreakIt": [
        "sentence",
        "mask",
        "bugs",
        "case",
        "seed",
        "named",
        "orientation",
        "show",
        "selected",
    ],
    "CacheLab": ["step", "cache", "sharing", "window", "bug", "selected"],
    "Heads": ["sentence", "query", "strengths", "selected", "orientation", "step"],
    "OrderLab": [
        *["view", "sentence", "query", "order", "positions"],
        *["at_query", "at_key", "alike", "seed"],
    ],
    "Alignment": [
        *["asks", "answers", "padding", "hidden", "causal", "values"],
        *["query", "selected", "orientation"],
    ],
    "Ledger": ["shape", "config", "precision", "n_tokens", "opened"],
    "Patterns": [
        *["show", "order", "small", "chosen", "selected", "corner", "orientation"],
    ],
    "NextWord": ["text", "cut", "layers", "silent", "last"],
    "Tiles": [
        *["scores", "values", "tile", "order", "maximum", "correction"],
        *["window", "kept", "selected"],
    ],
    "Training": [
        *["seed", "n_layers", "positions", "previous", "mask", "root", "unsettled", "rate"],
        *["recorded", "step", "sentence", "chosen", "query", "selected", "silent", "orientation"],
    ],
}


def link_state(figure):
    state = {name: getattr(figure, name) for name in STATES[type(figure).__name__]}
    state |= as_matrices(figure.w_q, figure.w_k) if "w_q" in state else {}
    return state


class TestFiles:
    def test_every_quiz_question_has_one_right_choice_and_a_reason_for_each(self, content):
        for question in content.get("quiz", []):
            rights = [choice["right"] for choice in question["choices"]]
            assert rights.count(True) == 1 and len(rights) >= 2, question["text"]
            assert all(choice["why"].strip() for choice in question["choices"]), question["text"]

    def test_right_answers_are_not_always_in_the_same_place(self, content):
        places = Counter(
            [choice["right"] for choice in question["choices"]].index(True)
            for question in content.get("quiz", [])
        )
        assert not places or max(places.values()) < places.total()

    def test_every_prediction_has_a_question_and_an_explanation(self, content):
        for name, prediction in content.get("prediction", {}).items():
            assert prediction["question"].endswith("?"), name
            assert prediction["explanation"].strip(), name
            if prediction["kind"] != "number":
                assert len(set(prediction["labels"])) == len(prediction["labels"]) >= 2, name


def commit(hands):
    hands.root.get_by_role("button", name="That is my guess").click()


class TestPrediction:
    @pytest.fixture
    def bars(self, open_figure):
        return open_figure(Prediction.ask(CHAPTER, "shares", SHARES))

    def fill(self, hands, shares):
        for slider, share in zip(hands.root.get_by_role("slider").all(), shares, strict=True):
            slider.fill(str(share))

    def test_nothing_is_given_away_before_a_guess(self, bars):
        assert "Softmax raises" not in bars.root.inner_text()
        assert "0.54" not in bars.root.inner_text()
        commit(bars)
        assert "Give at least one" in bars.spoken
        assert "Softmax raises" not in bars.root.inner_text()

    @pytest.mark.parametrize(
        "guess, off, word",
        [
            *[([0.5, 0.4, 0.05, 0.05], 0.06, "Well seen"), ([0.1, 0.1, 0.4, 0.4], 0.76, "Look at")],
            *[([0.45, 0.42, 0.07, 0.06], 0.09, "Well seen")],
            *[([0.42, 0.42, 0.08, 0.08], 0.12, "Look at")],
        ],
    )
    def test_bars_are_compared(self, bars, guess, off, word):
        self.fill(bars, guess)
        commit(bars)
        text = bars.root.inner_text()
        assert f"You placed {1 - off:.2f} of the weight where it is. {word}" in text
        assert "Softmax raises" in text and "0.54" in text
        assert bars.spoken.startswith("You placed")

    def test_bars_are_shares_of_their_sum(self, bars):
        self.fill(bars, [0.4, 0.4, 0, 0])
        told = [s.get_attribute("aria-valuetext") for s in bars.root.get_by_role("slider").all()]
        assert told == ["0.50", "0.50", "0.00", "0.00"]

    @pytest.mark.parametrize("pick, word", [("creature itself", "Yes."), ("blue", "Not this time")])
    def test_choices_are_compared(self, open_figure, pick, word):
        hands = open_figure(Prediction.ask(CHAPTER, "likeness", 2))
        commit(hands)
        assert "Choose one first" in hands.spoken
        hands.root.get_by_role("radio", name=pick).check()
        commit(hands)
        assert word in hands.root.inner_text()
        right = hands.root.get_by_role("listitem").filter(has_text="this one")
        assert "creature itself" in right.inner_text()

    @pytest.mark.parametrize(
        "typed, word", [("0.625", "Yes, that is it."), ("0,62", "Yes,"), ("−3", "You said −3.")]
    )
    def test_numbers_are_compared(self, open_figure, typed, word):
        hands = open_figure(Prediction.ask(CHAPTER, "verdant", 0.625))
        hands.root.get_by_role("textbox").fill(typed)
        commit(hands)
        assert word in hands.root.inner_text()
        assert "The number: 0.6" in hands.root.inner_text()

    @pytest.mark.parametrize(
        "answer, written", [(2, "2"), (72.0, "72"), (12288, "12,288"), (0.625, "0.62")]
    )
    def test_what_is_counted_has_no_digits_behind_the_point(self, open_figure, answer, written):
        figure = Prediction.ask(CHAPTER, "verdant", answer)
        assert f"<p>{written}. " in figure.still()
        hands = open_figure(figure)
        hands.root.get_by_role("textbox").fill("1")
        commit(hands)
        assert f"The number: {written}\n" in hands.root.inner_text()

    @pytest.mark.parametrize("typed", ["", "many", "1e999", "NaN", "<b>1</b>"])
    def test_what_is_no_number_gets_a_word(self, open_figure, typed):
        hands = open_figure(Prediction.ask(CHAPTER, "verdant", 0.625))
        hands.root.get_by_role("textbox").fill(typed)
        commit(hands)
        assert "is not a number yet" in hands.spoken
        assert "The number:" not in hands.root.inner_text()

    def test_a_guess_is_remembered_and_can_be_taken_back(self, bars):
        self.fill(bars, [0.5, 0.5, 0, 0])
        commit(bars)
        bars.page.reload()
        bars.root.wait_for()
        assert "You placed 0.92 of the weight" in bars.root.inner_text()
        assert bars.root.get_by_role("slider").first.is_disabled()
        bars.root.get_by_role("button", name="Guess again").click()
        assert "Softmax raises" not in bars.root.inner_text()
        bars.page.reload()
        bars.root.wait_for()
        assert bars.root.get_by_role("slider").first.is_enabled()

    def test_by_keyboard_alone(self, bars):
        bars.press("Tab", *["ArrowRight"] * 3, *["Tab"] * 4, "Enter")
        assert "You placed" in bars.root.inner_text()
        assert bars.page.evaluate(
            "document.activeElement.closest('[data-attnlib-figure]') !== null"
        ), "the focus stays in the figure after the reveal"


class TestQuiz:
    @pytest.fixture
    def quiz(self, open_figure):
        return open_figure(Quiz.of(CHAPTER))

    def test_every_choice_is_answered_with_its_reason(self, quiz):
        questions = Quiz.of(CHAPTER).questions
        groups = quiz.root.get_by_role("group").all()
        assert len(groups) == len(questions)
        for group, question in zip(groups, questions, strict=True):
            for n, choice in enumerate(question["choices"]):
                assert choice["why"] not in group.inner_text()
                group.get_by_role("radio").nth(n).check()
                word = "Right." if choice["right"] else "Not so."
                assert f"{word} {choice['why']}" in group.inner_text()
                assert quiz.spoken == f"{word} {choice['why']}"

    def test_answers_are_counted_remembered_and_forgotten(self, quiz):
        questions = Quiz.of(CHAPTER).questions
        right = [choice["right"] for choice in questions[0]["choices"]].index(True)
        quiz.root.get_by_role("group").first.get_by_role("radio").nth(right).check()
        quiz.page.reload()
        quiz.root.wait_for()
        assert f"1 of {len(questions)} right" in quiz.root.inner_text()
        quiz.root.get_by_role("button", name="Start over").click()
        assert f"0 of {len(questions)} right" in quiz.root.inner_text()
        quiz.page.reload()
        quiz.root.wait_for()
        assert quiz.root.get_by_role("radio", checked=True).count() == 0


@pytest.mark.parametrize(
    "make, questions",
    [
        (lambda: Prediction.ask(CHAPTER, "shares", SHARES), 1),
        (lambda: Prediction.ask(CHAPTER, "likeness", 2), 1),
        (lambda: Prediction.ask(CHAPTER, "verdant", 0.625), 1),
        (lambda: Quiz.of(CHAPTER), 5),
    ],
    ids=["bars", "choice", "number", "quiz"],
)
def test_without_javascript_the_question_is_read_and_the_answer_folded(
    borrow_page, tmp_path, make, questions
):
    figure = make()
    (tmp_path / "page.html").write_text(document(figure), encoding="utf-8")
    page = borrow_page(java_script_enabled=False)
    page.goto((tmp_path / "page.html").as_uri())
    text = figure.question if questions == 1 else figure.questions[-1]["text"]
    assert page.get_by_text(text).is_visible()
    answers = page.locator("details")
    assert answers.count() == questions
    answer = answers.first.locator("p")
    assert not answer.is_visible()
    page.get_by_text("The answer").first.click()
    assert answer.is_visible()
