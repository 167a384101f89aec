"""For pytest wherever it is started: threads, where pieces are kept, how notebooks are compared."""

import os
import sys
import tempfile

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
MISSING = "the weights of SmolLM2 are not installed"
PATIENCE = 600  # seconds that nbval waits for a kernel and its messages, on a busy machine


def pytest_configure(config):
    """Let checks, also those in kernels, keep a reader's pieces in an empty folder.

    Processes that share the cores compute on one thread each: more would wait for one another.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder = tempfile.TemporaryDirectory(prefix="attnlib-pieces-")
    os.environ["ATTNLIB_PIECES"] = folder.name
    config.add_cleanup(folder.cleanup)
    config.option.nbval_kernel_startup_timeout = PATIENCE


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
        if "load_smollm2" in notebook.path.read_text(encoding="utf-8"):
            notebook.add_marker("real_model")
            if not has_weights() and not os.environ.get("CI"):
                notebook.add_marker(pytest.mark.skip(reason=MISSING))
