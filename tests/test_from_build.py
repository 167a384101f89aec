"""Notebooks that take long: nbval compares what the build printed, where it ran them.

Cells here print "executed" if a kernel runs them; the cache says that they printed "built".
"""

import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import format_notebooks
import nbformat
import pytest
from jupyter_cache.base import CacheBundleIn

from attnlib.sphinx_ext import execution

ROOT = Path(__file__).resolve().parents[1]
CODE = "print('executed')  # in place of load_smollm2"
STORED = {  # a cell's source, and what its notebook stores
    "same": (CODE, "built\n"),
    "other": (CODE, "stored\n"),
    "changed": (f"{CODE}!", "executed\n"),
}


def notebook(source, text):
    """A notebook of a cell that is left out, and of `source`, which prints `text`."""
    cells = [
        nbformat.v4.new_code_cell(
            code, id=name, outputs=[nbformat.v4.new_output("stream", name="stdout", text=printed)]
        )
        for name, code, printed in (("left", "# NBVAL_SKIP", "left\n"), ("run", source, text))
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata=format_notebooks.METADATA)


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A folder of notebooks, and a cache that a build with weights left there."""
    (tmp_path / "weights").touch()
    monkeypatch.setenv("ATTNLIB_SMOLLM2", str(tmp_path / "weights"))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    for name, (source, text) in STORED.items():
        nbformat.write(notebook(source, text), tmp_path / f"{name}.ipynb")
    leave_cache(tmp_path)
    return tmp_path


def leave_cache(book):
    package = execution.PACKAGE
    name = execution.name_of_cache(execution.sources(package)[0], package, book)
    bundle = CacheBundleIn(notebook(CODE, "built\n"), "book.ipynb")
    with execution.open_cache(book / "_build" / execution.CACHES / name) as cached:
        cached.cache_notebook_bundle(bundle, check_validity=False)


def told(book, *notebooks):
    """What a run of nbval says of `notebooks`."""
    command = [sys.executable, "-m", "pytest", "--nbval", "-rA", "-p", "no:cacheprovider"]
    paths = [f"{name}.ipynb" for name in notebooks]
    done = subprocess.run(
        [*command, "--color=no", *paths], cwd=book, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_what_the_build_printed_is_compared_and_a_changed_cell_is_executed(book):
    said = told(book, *STORED)
    assert "same.ipynb was executed by the build of the book" in said, said
    assert "changed.ipynb was executed by nbval" in said
    assert "PASSED same.ipynb::Cell 1" in said and "PASSED changed.ipynb::Cell 1" in said
    assert "FAILED other.ipynb::Cell 1" in said
    assert "Cell outputs differ" in said and "assert reference_output == test_output" in said
    assert "- built" in said and "+ stored" in said


def test_a_cache_of_other_pins_is_none(book):
    (book / "requirements-model.txt").write_text("other weights\n")
    said = told(book, "same")
    assert "same.ipynb was executed by nbval" in said, said
    assert "FAILED same.ipynb::Cell 1" in said and "- executed" in said


def test_what_a_notebook_may_read_decides_whether_it_is_run_again():
    """Questions, records and configurations too; pages alone depend on the rest."""
    executed, rendering = execution.sources(execution.PACKAGE)
    kinds = [
        {path.relative_to(execution.PACKAGE).parts[0] for path in some}
        for some in (executed, rendering)
    ]
    assert {"questions", "learned", "configs", "figures"} < kinds[0]
    assert kinds[1] == {"sphinx_ext", "static"}


def test_a_build_without_weights_ran_nothing(book, monkeypatch):
    ran = notebook(CODE, "built\n")
    assert execution.executed_by_build(ran, book)[1].outputs[0].text == "built\n"
    (book / "weights").unlink()
    leave_cache(book)
    assert execution.executed_by_build(ran, book) is None


def test_what_asks_a_real_model_begins_first(tmp_path, monkeypatch):
    begun, codes = [], {"first": "1", "model": "al.load_smollm2()", "last": "2"}
    for name, code in codes.items():
        nbformat.write(notebook(code, ""), tmp_path / f"{name}.ipynb")
    app = SimpleNamespace(config=SimpleNamespace(nb_execution_cache_path=tmp_path / "cache"))
    env = SimpleNamespace(doc2path=lambda name: tmp_path / f"{name}.ipynb")
    monkeypatch.setattr(
        execution, "run", lambda app, each, folder: begun.append(each.cells[1].source)
    )
    monkeypatch.setattr(execution, "MOST_KERNELS", 1)
    execution.run_ahead(app, env, list(codes))
    app.pool.shutdown()
    assert begun == [codes["model"], codes["first"], codes["last"]]


def test_no_database_is_left_open(book, monkeypatch):
    """Python 3.13 warns of one wherever it is found: in the middle of any other test."""
    connect, connections = sqlite3.dbapi2.connect, []

    def noted(*arguments, **options):
        connections.append(connect(*arguments, **options))
        return connections[-1]

    monkeypatch.setattr(sqlite3.dbapi2, "connect", noted)
    for printed in (CODE, "other code"):  # that the build ran, and that it did not
        execution.executed_by_build(notebook(printed, ""), book)
    assert len(connections) == 2
    for each in connections:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            each.execute("select 1")
