"""Quizzes and predictions that cannot be answered by their looks."""

import re

import nbformat
import pytest

from attnlib.figures import questions
from tests.conftest import ROOT

CHAPTERS = sorted(path.stem for path in (ROOT / "attnlib" / "questions").glob("*.toml"))
MOST_AT_ONE_PLACE = 3  # of the right choices of a chapter
FEWEST, LARGEST_SHARE = 3, 0.5  # choices of a question; of one way to guess right by looks


def quizzes():
    return [quiz for name in CHAPTERS for quiz in questions.load(name).get("quiz", [])]


def share_right_by(guess):
    """The share of quiz questions that are answered by `guess(texts)`, the index of a choice."""
    right = [
        quiz["choices"][guess([choice["text"] for choice in quiz["choices"]])]["right"]
        for quiz in quizzes()
    ]
    return sum(right) / len(right)


def lengths(texts):
    return [len(text) for text in texts]


@pytest.mark.parametrize(
    "guess",
    [
        lambda texts: lengths(texts).index(max(lengths(texts))),
        lambda texts: lengths(texts).index(min(lengths(texts))),
        lambda texts: 0,
        lambda texts: 1,
        lambda texts: len(texts) - 1,
    ],
    ids=["longest", "shortest", "first", "second", "last"],
)
def test_no_look_tells_the_right_choice(guess):
    assert share_right_by(guess) <= LARGEST_SHARE


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nor_does_the_place_of_the_right_choices_before(chapter):
    """Whoever has met a place three times in a chapter does not meet it again."""
    quizzes = questions.load(chapter).get("quiz", [])
    places = [[each["right"] for each in quiz["choices"]].index(True) for quiz in quizzes]
    assert max(map(places.count, places), default=0) <= MOST_AT_ONE_PLACE, places


def test_every_question_has_enough_choices_and_one_is_right():
    for quiz in quizzes():
        assert len(quiz["choices"]) >= FEWEST, quiz["text"]
        assert [choice["right"] for choice in quiz["choices"]].count(True) == 1, quiz["text"]
        assert all(choice["why"] for choice in quiz["choices"]), quiz["text"]


def test_every_prediction_is_asked_in_a_chapter():
    cells = [
        cell.source
        for path in (ROOT / "chapters").glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]
    asked = re.findall(r'Prediction\.ask\(\s*"([\w-]+)",\s*"([\w-]+)"', "\n".join(cells))
    known = [(name, id_) for name in CHAPTERS for id_ in questions.load(name).get("prediction", {})]
    assert sorted(asked) == sorted(known)
