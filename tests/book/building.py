"""Builds of small books in processes that have imported Jupyter Book already.

To import it, and what it imports, takes longer than to build a book of one page.
"""

import multiprocessing
import os
import sys
from subprocess import CompletedProcess

IMPORTED = (
    "jupyter_book.cli.main",
    "myst_nb.sphinx_ext",
    "attnlib.sphinx_ext.execution",
    "attnlib.sphinx_ext.figures",
    "attnlib.sphinx_ext.mathml",
    "attnlib.sphinx_ext.offline",
    "sphinx.builders.html",
)


def build(book, environment):
    """Build `book`, a folder, strictly; the finished process, with what it wrote."""
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    context.set_forkserver_preload(list(IMPORTED))
    process = context.Process(target=run, args=(book, environment))
    process.start()
    process.join()
    out, err = ((book / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return CompletedProcess([], process.exitcode, out, err)


def run(book, environment):
    """What the process does: as `jupyter-book build` does it from a shell, in `book`."""
    from jupyter_book.cli.main import main

    os.environ.update(environment)
    os.chdir(book)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        stream.flush()
        with open(book / name, "wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    main(["build", str(book), "-W", "-n", "--keep-going", "-q"])
