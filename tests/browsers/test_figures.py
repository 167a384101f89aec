"""The figures in Chromium, Firefox and WebKit: they mount, tell the truth, and have hands."""

import numpy as np
import pytest

from attnlib import figures
from attnlib.figures import Prediction, QueryKey, Quiz
from tests.browsers.reader import CELL, PLANE, designed
from tests.browsers.windows import becomes
from tests.figures import (
    test_alignment,
    test_break_it,
    test_cache_lab,
    test_context_nudge,
    test_embedding_space,
    test_heads,
    test_ledger,
    test_mask_lab,
    test_next_word,
    test_order_lab,
    test_patterns,
    test_softmax_lab,
    test_tiles,
    test_training,
    test_truth,
    test_value_mixer,
)
from tests.figures.test_questions import CHAPTER, SHARES

# What makes states of a figure, and what holds its numbers against attnlib's.
TRUTH = {
    "Alignment": test_alignment,
    "BreakIt": test_break_it,
    "CacheLab": test_cache_lab,
    "ContextNudge": test_context_nudge,
    "EmbeddingSpace": test_embedding_space,
    "Heads": test_heads,
    "Ledger": test_ledger,
    "MaskLab": test_mask_lab,
    "NextWord": test_next_word,
    "OrderLab": test_order_lab,
    "Patterns": test_patterns,
    "QueryKey": test_truth,
    "SoftmaxLab": test_softmax_lab,
    "Tiles": test_tiles,
    "Training": test_training,
    "ValueMixer": test_value_mixer,
}
STATES = 4


def test_every_figure_mounts_without_an_error(window, open_figures):
    every = [getattr(figures, name)() for name in TRUTH]
    every += [Prediction.ask(CHAPTER, "shares", SHARES), Quiz.of(CHAPTER)]
    open_figures(*every)
    assert window.run("() => noted") == []


def test_every_figure_with_numbers_is_in_these_tests():
    without = {"Figure", "Plot", "Prediction", "Quiz"}
    assert TRUTH.keys() | without == set(figures.__all__)


@pytest.mark.parametrize("figure", TRUTH)
def test_states_opened_by_a_link_equal_attnlib(window, open_figures, figure):
    (reader,) = open_figures(getattr(figures, figure)())
    for seed in range(STATES):
        state = TRUTH[figure].random_state(seed)
        reader.open_link(state)
        TRUTH[figure].assert_true(reader, state)
    assert window.run("() => noted") == []


class TestKeys:
    def test_arrows_walk_and_signs_change_the_number(self, window, reader):
        reader.focus(CELL, "w_q place, 1:")
        window.press("ArrowDown", "ArrowRight", "ArrowUp", "ArrowUp")
        reader.rest()
        assert reader.focused.startswith("w_q animal, 2:")
        before = reader.cell("w_q animal, 2")
        window.press("+", "+", "+", "-")
        becomes(lambda: reader.cell("w_q animal, 2"), before + 0.2)
        window.press("PageUp", "PageUp", "PageDown")
        becomes(lambda: reader.cell("w_q animal, 2"), before + 1.2)
        window.press("Delete")
        becomes(lambda: reader.cell("w_q animal, 2"), 0)

    def test_a_number_is_typed(self, window, reader):
        reader.focus(CELL, "w_k action, 1:")
        window.press("4", ".", "2", "Enter")
        becomes(lambda: reader.cell("w_k action, 1"), 4.2)
        assert reader.focused.startswith("w_k action, 1:")
        window.press("Enter", "7", "Escape")
        becomes(lambda: reader.cell("w_k action, 1"), 4.2)
        w_q, w_k = (np.array(matrix) for matrix in (designed().w_q, designed().w_k))
        w_k[designed().axes.index("action"), 0] = 4.2
        wanted = QueryKey(w_q=w_q, w_k=w_k).trace.weights
        np.testing.assert_allclose(reader.values()["weights"], wanted, atol=1e-6)

    def test_arrows_move_a_vector_and_a_slider(self, window, reader):
        before = np.array(reader.values()["queries"])[3]
        reader.focus(PLANE)
        window.press("ArrowUp", "ArrowUp", "ArrowLeft")
        becomes(lambda: np.array(reader.values()["queries"])[3] - before, [-0.1, 0.2], 1e-3)
        reader.focus(CELL, "w_q place, 2:")
        assert reader.finds('input[type="range"]', "w_q place, 2")
        reader.focus('input[type="range"]', "w_q place, 2")
        window.press("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight")
        becomes(lambda: reader.cell("w_q place, 2"), 2.7)


class TestQuestions:
    def test_a_guess_is_committed_and_the_answer_revealed(self, window, open_figures):
        (reader,) = open_figures(Prediction.ask(CHAPTER, "shares", SHARES))
        assert "0.54" not in reader.text()
        reader.click("button", "That is my guess")
        assert reader.tells("Give at least one")
        for _ in range(2):
            reader.focus('input[type="range"]', "Your share for")
            window.press("ArrowRight")
        reader.click("button", "That is my guess")
        assert reader.tells("You placed 0.54 of the weight where it is.")

    def test_every_choice_of_a_quiz_is_answered(self, window, open_figures):
        quiz = Quiz.of(CHAPTER)
        (reader,) = open_figures(quiz)
        for n, question in enumerate(quiz.questions, 1):
            for m, choice in enumerate(question["choices"], 1):
                word = "Right." if choice["right"] else "Not so."
                answer = f"{word} {choice['why']}"
                assert answer not in reader.text()
                reader.click(f"fieldset:nth-of-type({n}) li:nth-child({m}) input")
                assert reader.tells(answer)
        assert window.run("() => noted") == []
