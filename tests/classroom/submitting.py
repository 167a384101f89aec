"""What students hand in: a chapter's stubs, filled in, and the ways to write them down."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import nbformat

from attnlib.classroom.sandbox import Bubblewrap, Open, trouble_with

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
CHAPTER = ROOT / "chapters" / "03_queries_and_keys.ipynb"
EXERCISES = ("scores", "strongest-key", "adjective-finder", "one-matrix", "bilinear")
HOSTILE = "=kim\n\x1b[31m<b>.ipynb"
HALF = "\ud83d"  # of an emoji

IMPORT = "from attnlib.exercises import check\n"
RIGHT = IMPORT + 'check("scores", lambda q, k: q @ k.T)'
TRANSPOSED = IMPORT + 'check("scores", lambda q, k: k @ q.T)'


def in_a_thread(call, *arguments):
    """The browser of other tests keeps an event loop in this thread, and two do not get along."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *arguments).result()


@cache
def sandbox_here():
    """The sandbox that works on this machine; classes are marked alike without one."""
    return Open() if trouble_with(Bubblewrap()) else Bubblewrap()


def stubs(edits=(), without=(), path=CHAPTER, given=()):
    """A chapter's title, setup, stubs and their headings, and the cells that `given` names.

    Some sources are replaced by `edits`, some cells left out.
    """
    notebook = nbformat.read(path, as_version=4)
    named = ("title", "setup", *given)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.id in named or cell.id.startswith("stub-") or "### Exercise" in cell.source
    ]
    notebook.cells = [cell for cell in notebook.cells if cell.id not in without]
    for cell in notebook.cells:
        cell.source = dict(edits).get(cell.id, cell.source)
    return notebook


def write(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(notebook, ensure_ascii=False)  # as it is: nbformat.write would mend it
    path.write_text(text, encoding="utf-8", errors="surrogatepass")


def states(result):
    return {mark.exercise: mark.state for mark in result.marks}


def reasons(result):
    return {mark.exercise: mark.reason for mark in result.marks}


def all_of(state, **others):
    return dict.fromkeys(EXERCISES, state) | {k.replace("_", "-"): v for k, v in others.items()}
