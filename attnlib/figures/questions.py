"""Predictions and quizzes. Their words live in attnlib/questions, one file per chapter."""

import tomllib
from html import escape
from importlib import resources

import traitlets

from attnlib.figures.base import Checked, Figure

KINDS = {  # and what answers them
    "bars": "one share per label, summing to 1",
    "choice": "the index of a label",
    "number": "a number",
}


def load(chapter):
    """The questions of `chapter`: `{"prediction": {id: ...}, "quiz": [...]}`.

    Raises `ValueError` if the chapter has no file of questions.
    """
    folder = resources.files("attnlib") / "questions"
    path = folder / f"{chapter}.toml"
    if not path.is_file():
        known = sorted(p.name.removesuffix(".toml") for p in folder.iterdir())
        raise ValueError(f"no questions for {chapter!r}; there are: {', '.join(known)}")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _list(items):
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


class Prediction(Figure):
    """A question the reader answers before the book does.

    `kind` is "bars" (`answer`: one share per label, summing to 1), "choice" (`answer`: the
    index of a label) or "number" (`answer` within `tolerance`). `guess` is what the reader
    committed to, or None.
    """

    kind = traitlets.Enum(list(KINDS)).tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    answer = Checked().tag(sync=True)
    tolerance = traitlets.Float(0.05).tag(sync=True)
    explanation = traitlets.Unicode().tag(sync=True)
    guess = traitlets.Any(None, allow_none=True).tag(sync=True)

    @classmethod
    def ask(cls, chapter, name, answer):
        """The prediction `name` of `chapter`, with the `answer` that the notebook computed."""
        questions = load(chapter)["prediction"]
        if name not in questions:
            raise ValueError(f"{chapter} asks no {name!r}; it asks: {', '.join(questions)}")
        return cls(key=f"{chapter}-{name}", answer=answer, **questions[name])

    @traitlets.validate("answer")
    def _answer_fits(self, proposal):
        answer = proposal["value"]
        if answer is None:
            raise ValueError(f"answer is None; expected {KINDS[self.kind]}")
        if self.kind == "bars" and (len(answer) != len(self.labels) or abs(sum(answer) - 1) > 1e-6):
            raise ValueError(f"bars need one share per label, summing to 1; got {answer!r}")
        if self.kind == "choice" and answer not in range(len(self.labels)):
            raise ValueError(f"answer {answer!r} is not the index of one of {self.labels}")
        return answer

    def describe(self):
        choices = f" ({', '.join(self.labels)})" if self.labels else ""
        return f"Predict: {self.question}{choices}"

    def _answer_text(self):
        if self.kind == "bars":
            pairs = zip(self.labels, self.answer, strict=True)
            return ", ".join(f"{label} {share:.2f}" for label, share in pairs)
        if self.kind == "choice":
            return self.labels[self.answer]
        return f"{self.answer:,.0f}" if float(self.answer).is_integer() else f"{self.answer:.2f}"

    def still(self):
        return (
            f'<div class="al-figure"><p class="al-title">Predict</p>'
            f"<p>{escape(self.question)}</p>{_list(self.labels) if self.labels else ''}"
            f"<details><summary>The answer</summary><p>{escape(self._answer_text())}. "
            f"{escape(self.explanation)}</p></details></div>"
        )


class Quiz(Figure):
    """A few questions; every choice is answered with its reason.

    `answers` maps the number of a question (as text) to the index of the reader's choice.
    """

    questions = traitlets.List(traitlets.Dict()).tag(sync=True)
    answers = traitlets.Dict().tag(sync=True)

    @classmethod
    def of(cls, chapter):
        """The quiz that closes `chapter`."""
        return cls(key=f"{chapter}-quiz", questions=load(chapter)["quiz"])

    def describe(self):
        lines = [f"Quiz: {len(self.questions)} questions"]
        for n, question in enumerate(self.questions, 1):
            lines.append(f"{n}. {question['text']}")
            lines += [f"   - {choice['text']}" for choice in question["choices"]]
        return "\n".join(lines)

    def still(self):
        parts = ['<div class="al-figure"><p class="al-title">Quiz</p>']
        for n, question in enumerate(self.questions, 1):
            right = next(choice for choice in question["choices"] if choice["right"])
            parts.append(
                f"<p>{n}. {escape(question['text'])}</p>"
                + _list(choice["text"] for choice in question["choices"])
                + f"<details><summary>The answer</summary><p>{escape(right['text'])}. "
                f"{escape(right['why'])}</p></details>"
            )
        return "".join(parts) + "</div>"
