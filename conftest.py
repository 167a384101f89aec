"""For pytest wherever it is started: threads, where pieces are kept, how notebooks are compared."""

import gc
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import pytest

from attnlib.smollm2 import has_weights

# nbval is loaded from here (pyproject.toml keeps it from coming by itself), after this: to check
# addresses in other alphabets, jsonschema would build 38 grammars, a second and more for each
# process, and no notebook holds one.
sys.modules.setdefault("rfc3987_syntax", None)
pytest_plugins = ["nbval.plugin"]

# Notebooks in git hold text alone (tools/format_notebooks.py). Pictures and HTML are drawn
# afresh on every run; stock nbval already skips PNG, JPEG and widget views for that reason.
DRAWN_AFRESH = ("image/svg+xml", "text/html")
BOOK = Path(__file__).resolve().parent
EXECUTED_BY = "executed by"
TRAINS = ("torch.optim", "training.record(")
MISSING = "the weights of SmolLM2 are not installed"
PATIENCE = 600  # seconds that nbval waits for a kernel and its messages, on a busy machine


def pytest_configure(config):
    """Let checks, also those in kernels, keep a reader's pieces in an empty folder.

    Processes that share the cores compute on one thread each: more would wait for one another.
    Garbage is looked for less often: among ten thousand tests, that took a tenth of the time.
    """
    gc.set_threshold(50_000, 20, 20)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder = tempfile.TemporaryDirectory(prefix="attnlib-pieces-")
    os.environ["ATTNLIB_PIECES"] = folder.name
    config.add_cleanup(folder.cleanup)
    config.option.nbval_kernel_startup_timeout = PATIENCE


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look through what collection makes for garbage once: modules and tests stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(items):
    """Let nbval compare all that a notebook stores: every text, no picture.

    Notebooks in git have no execution counts, which stock nbval takes for cells that were never
    run and need no comparison.
    """
    cells = [item for item in items if hasattr(item.parent, "skip_compare")]
    for position, item in enumerate(cells, start=1):
        item.cell.execution_count = position
        item.output_timeout = PATIENCE
    for notebook in {item.parent for item in cells}:
        notebook.skip_compare += DRAWN_AFRESH
        text = notebook.path.read_text(encoding="utf-8")
        trains, asks_model = any(name in text for name in TRAINS), "load_smollm2" in text
        if trains or asks_model:
            notebook.setup = partial(take_from_build, notebook)
        if trains:
            notebook.add_marker("slow")
        if asks_model:
            notebook.add_marker("real_model")
            if not has_weights() and not os.environ.get("CI"):
                notebook.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.hookimpl(trylast=True)  # when its notebook has a kernel
def pytest_runtest_setup(item):
    """Note who executes a cell of a notebook that takes long, for the summary."""
    kernel = getattr(item.parent, "kernel", None)
    if kernel and any(item.get_closest_marker(mark) for mark in ("slow", "real_model")):
        by = "the build of the book" if isinstance(kernel, FromBuild) else "nbval"
        item.user_properties.append((EXECUTED_BY, by))


def pytest_terminal_summary(terminalreporter):
    """Tell of each notebook that takes long by whom it was executed."""
    told = set()
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if by := dict(report.user_properties).get(EXECUTED_BY):
            told.add(f"{report.nodeid.partition('::')[0]} was executed by {by}")
    for line in sorted(told):
        terminalreporter.write_line(line)


class FromBuild:
    """For nbval, a kernel: it sends what each cell printed when the book was built."""

    def __init__(self, cells):
        self.cells, self.messages = iter(cells), iter(())

    def is_alive(self):
        return True

    def execute_cell_input(self, source, allow_stdin):
        """Find the outputs of the cell `source`, which stands after those that were asked for."""
        cell = next(cell for cell in self.cells if cell.source == source)
        sent = [(output.output_type, output) for output in cell.outputs]
        self.messages = iter([*sent, ("status", {"execution_state": "idle"})])

    def await_reply(self, message, timeout):
        pass

    await_idle = await_reply

    def get_message(self, stream, timeout):
        kind, content = next(self.messages)
        return {"msg_type": kind, "content": content, "parent_header": {"msg_id": None}}

    def stop(self):
        pass


def take_from_build(notebook):
    """Take what `notebook` printed when the book was built, or start a kernel that runs it.

    What trains or asks a real model takes long, and `make test` has just built the book.
    """
    from attnlib.sphinx_ext.execution import executed_by_build  # imports what builds books

    cells = executed_by_build(notebook.nb, BOOK)
    if cells is None:
        type(notebook).setup(notebook)
    else:
        notebook.kernel = FromBuild(cells)
        notebook.setup_sanitize_files()
