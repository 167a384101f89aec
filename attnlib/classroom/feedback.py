"""Pages to hand back: one for each student, and one on the class."""

import os
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from attnlib.classroom import report
from attnlib.classroom.marks import NOT_REACHED
from attnlib.classroom.verdicts import NOT_ATTEMPTED, SOLVED, WRONG
from attnlib.exercises import chapters, exercises

INDEX = "index.html"
LONGEST = 200  # bytes of a file's name, before its ending
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid; text-align: left; vertical-align: top; }
pre { overflow-x: auto; border-left: 3px solid; padding-left: 0.8rem; }
"""
IN_WORDS = {
    SOLVED: "Solved.",
    WRONG: "Not yet.",
    NOT_ATTEMPTED: "Not attempted: the stub is as it was.",
    NOT_REACHED: "Not judged.",
}


def write_pages(results, folder):
    """Write a page for each result that has marks, and one on the class, into a new `folder`.

    The path of that last page. Raises `OSError` if something cannot be written.
    """
    folder.mkdir()
    paths = {}
    for result in results:
        if result.marks:
            path = paths[result.name] = path_of(result.name, {Path(INDEX), *paths.values()})
            write(student_page(result), folder / path)
    write(class_page(results, paths), folder / INDEX)
    return folder / INDEX


def path_of(name, taken):
    """The path of a student's page: as in the folder of submissions, no longer than allowed."""
    path = Path(*(os.fsdecode(os.fsencode(part)[:LONGEST]) for part in Path(name).parts))
    page, number = path.with_name(f"{path.name}.html"), 1
    while page in taken:
        number += 1
        page = path.with_name(f"{path.name} ({number}).html")
    return page


def write(page, path):
    """Write a page as HTML; what is no Unicode is spelled out."""
    text = "<!DOCTYPE html>\n" + ElementTree.tostring(page, encoding="unicode", method="html")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def element(tag, *content, **attributes):
    """An element of HTML with texts and elements in it. Whatever a text holds, it stays text."""
    made = ElementTree.Element(tag, attributes)
    last = None
    for part in content:
        if not isinstance(part, str):
            made.append(part)
            last = part
        elif last is None:
            made.text = (made.text or "") + part
        else:
            last.tail = (last.tail or "") + part
    return made


def page(title, *content):
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width"),
        element("title", title),
        element("style", STYLE),
    )
    return element("html", head, element("body", element("h1", title), *content), lang="en")


def heading(chapter):
    number = list(chapters()).index(chapter) + 1
    return f"Chapter {number}, {chapter}"


def student_page(result):
    """What was right, and for what was not the counterexample and the hint."""
    solved = report.states(result.marks)[SOLVED]
    content = [element("p", f"Solved: {solved} of {len(result.marks)} exercises.")]
    for number, mark in enumerate(result.marks, start=1):
        exercise = exercises()[mark.exercise]
        title = f"Exercise {number} {'★' * exercise.stars}: {exercise.title}"
        content += [element("h2", title), element("p", in_words(mark))]
        content += [element("p", report.shown(note)) for note in mark.notes]
        if mark.state != NOT_ATTEMPTED:
            content += told(mark.text)
    return page(f"{heading(result.chapter)}: {report.shown(result.name)}", *content)


def told(text):
    """What a check said: sentences as such, its tables as they are."""
    for part in text.split("\n\n"):
        lines = [report.shown(line) for line in part.splitlines()]
        if len(lines) == 1:
            yield element("p", *lines)
        elif lines:
            yield element("pre", "\n".join(lines), tabindex="0")


def in_words(mark):
    sentence = IN_WORDS[mark.state]
    return f"{sentence} ({report.shown(mark.reason)})" if mark.reason else sentence


def class_page(results, paths):
    """Who solved what, with a link to each student's page, and what else there is to say."""
    content = []
    for chapter in chapters():
        if of_chapter := [each for each in results if each.chapter == chapter and each.marks]:
            content += [element("h2", heading(chapter)), table(of_chapter, paths)]
    for title, entries in report.lists(results).items():
        lines = [f"{report.shown(each.name)}: {report.shortened(note)}" for each, note in entries]
        items = [element("li", line) for line in lines]
        content += [element("h2", title), element("ul", *items)]
    return page("The class", element("p", report.counts(results)), *content)


def table(results, paths):
    ids = [mark.exercise for mark in results[0].marks]
    head = [element("th", text, scope="col") for text in ("notebook", *ids)]
    rows = [element("tr", *head)]
    for each in results:
        href = quote(os.fsencode(paths[each.name]))
        name = element("th", element("a", report.shown(each.name), href=href), scope="row")
        rows.append(element("tr", name, *(element("td", report.cell(mark)) for mark in each.marks)))
    for title, cells in report.summary(results).items():
        rows.append(
            element("tr", element("th", title, scope="row"), *(element("td", c) for c in cells))
        )
    return element("table", *rows, tabindex="0")
