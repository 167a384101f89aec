"""Notebook files, read and written, and which chapter one of them is."""

import re
import warnings
from collections import Counter

import nbformat

from attnlib.exercises import chapters

CHECKED = re.compile(r"""\bcheck\(\s*(?:exercise_id\s*=\s*)?["']([\w-]+)["']""")
TITLE = re.compile(r"^#\s+(.+)$", re.MULTILINE)


def read(path):
    """The notebook at `path`. Raises `ValueError` that says why the file is none, or `OSError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of cells without an id, which older notebooks have
            notebook = nbformat.read(path, as_version=4)
            nbformat.validate(notebook)
    except OSError:
        raise
    except Exception as error:  # a file can hold anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(f"not a notebook that Jupyter could open: {reason}") from error
    return notebook


def text_of(notebook):
    """The text of the notebook's file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def checked(code):
    """The ids that the calls of `check` in `code` name."""
    return CHECKED.findall(code)


def chapter_of(notebook):
    """The name of the chapter whose exercises `notebook` checks, or whose title it bears; or None.

    Students rename their files, so the name of the file says nothing.
    """
    home = {each.id: name for name, part in chapters().items() for each in part}
    code = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    met = {id for source in code for id in checked(source) if id in home}
    titled = title_of(notebook)
    votes = Counter(home[id] for id in met)
    if titled in chapters():
        votes[titled] += 0.5  # decides between equals
    return max(votes, key=votes.get, default=None)


def title_of(notebook):
    """The first title in `notebook`, as `chapters` names chapters: "queries and keys"."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := TITLE.search(cell.source)):
            return " ".join(re.findall(r"\w+", found[1].lower()))
    return ""
