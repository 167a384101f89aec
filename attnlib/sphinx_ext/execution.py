"""Execute notebooks again when what they import has changed; say in a sentence what went wrong.

The stock cache looks at a notebook's own cells. A page whose code calls attnlib would keep
its old numbers after a change in attnlib, so the cache lives in a folder named by a digest
of attnlib's sources and of the pinned requirements. The tests read what it holds.
"""

import hashlib
import json
import os
import shutil
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.execute import cache
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from sphinx.util import logging

from attnlib.smollm2 import has_weights

PACKAGE = Path(__file__).resolve().parents[1]
REQUIREMENTS = ("requirements.txt", "constraints.txt", "requirements-model.txt")
CACHES = ".jupyter_cache"  # beside the built pages
RENDERING = ("sphinx_ext", "static")  # folders that only the built pages depend on
DIGEST_LENGTH = 16
MOST_KERNELS = 4  # at a time: each takes memory
START_UP = 600  # seconds that a kernel may take to answer, on a machine that is busy with others


NEEDS_MODEL = "load_smollm2"  # a notebook whose code says so is executed where the weights are
UNEXECUTED = "the weights of a real model are not installed: its stored outputs are shown"

logger = logging.getLogger(__name__)


def digest(paths, root):
    """The SHA-256 (first 16 hex digits) of the names, relative to `root`, and bytes of `paths`."""
    total = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for path in sorted(paths):
        content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        total.update(f"\0{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()[:DIGEST_LENGTH]


def sources(package):
    """The files of `package`: those that a notebook can run or read, and those of `RENDERING`."""
    executed, rendering = [], []
    for path in package.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            for_pages = path.relative_to(package).parts[0] in RENDERING
            (rendering if for_pages else executed).append(path)
    return executed, rendering


def isolate_kernels(app, config):
    """Run kernels without the reader's own IPython start-up files, and quietly.

    A kernel otherwise warns on every start that it talks over TCP on this machine, and one that is
    ended within a cell complains at length.
    """
    profile = Path(app.outdir).parent.resolve() / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    settings = profile / "ipython_kernel_config.py"
    settings.write_text('get_config().IPKernelApp.log_level = "CRITICAL"\n', encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(profile.parent)


def hide_pieces(app, config):
    """Run kernels without the pieces of a head that the reader has kept, in an empty folder."""
    folder = Path(app.outdir).parent.resolve() / ".pieces"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["ATTNLIB_PIECES"] = str(folder)


def name_of_cache(executed, package, book):
    """The folder of what notebooks print with the files `executed` of `package`, and the pins."""
    pins = [book / name for name in REQUIREMENTS if (book / name).exists()]
    model = "with" if has_weights() else "without"
    return f"{digest(executed, package)}-{digest(pins, book)}-{model}-model"


def choose_cache(app, config):
    """Point myst-nb's cache at this digest's folder and drop the folders of earlier ones."""
    package = Path(config.attnlib_package)
    executed, rendering = sources(package)
    current = name_of_cache(executed, package, Path(app.srcdir))
    caches = Path(app.outdir).parent / CACHES
    if caches.is_dir():
        for stale in caches.iterdir():
            if stale.name != current:
                shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    config.nb_execution_mode = "cache"
    config.nb_execution_cache_path = str(caches / current)
    config.attnlib_rendering = digest(rendering, package)


@contextmanager
def open_cache(folder):
    """The cache in `folder`; afterwards its database is closed, which jupyter-cache leaves open."""
    cache = get_cache(folder)
    try:
        yield cache
    finally:
        cache.db.dispose()


def executed_by_build(notebook, book):
    """The code cells of `notebook`, with their outputs, as the build of `book`, a folder, ran them.

    None where no build ran exactly these cells with attnlib's sources and the pins as they are, or
    where the weights of a real model are missing, so that none of its notebooks was run.
    """
    folder = book / "_build" / CACHES / name_of_cache(sources(PACKAGE)[0], PACKAGE, book)
    if not has_weights() or not folder.is_dir():
        return None
    try:
        with open_cache(folder) as cached:
            _, executed = cached.merge_match_into_notebook(notebook)
    except KeyError:
        return None
    return [cell for cell in executed.cells if cell.cell_type == "code"]


def run_ahead(app, env, docnames):
    """Begin to execute the notebooks that will be read, some at a time, one on each core.

    Left out are those whose outputs are cached. What asks a real model takes longest and begins
    first, so that no core waits for another's long notebook at the end.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # kernels that share the cores take one each
    app.pool, app.ahead = ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_KERNELS)), {}
    waiting = []
    with open_cache(app.config.nb_execution_cache_path) as cached:
        for name in docnames:
            path = Path(env.doc2path(name))
            if path.suffix == ".ipynb":
                notebook = nbformat.read(path, as_version=4)
                try:
                    cached.match_cache_notebook(notebook)
                except KeyError:
                    waiting.append((name, notebook, str(path.parent)))
    for name, notebook, folder in sorted(waiting, key=lambda each: not asks_model(each[1])):
        app.ahead[name] = app.pool.submit(run, app, notebook, folder)


def asks_model(notebook):
    return any(NEEDS_MODEL in cell.source for cell in notebook.cells)


def run(app, notebook, folder):
    """What came of executing `notebook`, in place; a kernel that dies is an error like others."""
    if not has_weights() and asks_model(notebook):
        logger.info(UNEXECUTED)
        return ExecutionResult(notebook, folder, 0.0, None, "")
    for cell in notebook.cells:
        cell.pop("execution_count", None)
    options = {"allow_errors": False, "startup_timeout": START_UP}
    try:
        return single_nb_execution(notebook, folder, app.config.nb_execution_timeout, **options)
    except RuntimeError as error:  # no kernel, or one that died
        return ExecutionResult(notebook, folder, 0.0, error, traceback.format_exc())


def take_what_ran_ahead(app, config):
    """Let myst-nb take what `run_ahead` has begun, and a failure be an error of one sentence.

    The build goes on to the other notebooks. An exception would end it, and Jupyter Book prints
    sixty lines of its own for that; what myst-nb says of a failure has no reason in it.
    """
    config.nb_execution_raise_on_error = False
    config.suppress_warnings.append("mystnb.exec")

    def execute(notebook, cwd, timeout, **options):
        ahead = app.ahead.pop(app.env.docname, None)
        done = ahead.result() if ahead else run(app, notebook, cwd)
        notebook.cells = done.nb.cells
        notebook.metadata.update(keep_order(done.nb.metadata))
        if done.err is not None:
            app.notebooks_failed = True
            logger.error(what_failed(done.nb, done.err, timeout), location=app.env.docname)
        return done

    cache.single_nb_execution = execute


def keep_order(metadata):
    """The `metadata` of a notebook, with the states of its widgets as one text each.

    A cache stores them with their names sorted, and the presets of a menu have an order that tells.
    """
    for saved in metadata.get("widgets", {}).values():
        saved["state"] = json.dumps(saved["state"])
    return metadata


def end_what_ran_ahead(app, exception):
    """After a build that was broken off, begin no other notebook."""
    if hasattr(app, "pool"):
        app.pool.shutdown(cancel_futures=True)


def fail(app, exception):
    """Fail a build with a notebook that failed, whether or not warnings count as errors."""
    if getattr(app, "notebooks_failed", False):
        app.statuscode = 1


def what_failed(notebook, error, timeout):
    """Where the run of a notebook ended, and why, in a sentence."""
    begun = [cell for cell in notebook.cells if cell.get("execution_count")]
    where = f"the cell {begun[-1].source.partition(chr(10))[0]!r}" if begun else "its first cell"
    if isinstance(error, CellTimeoutError):
        return f"{where} took more than {timeout} s, which execute.timeout in _config.yml allows."
    if isinstance(error, CellExecutionError):
        return f"{where} raised {error.ename}: {error.evalue}"
    if isinstance(error, DeadKernelError):
        return f"its kernel died, last seen in {where}."
    return f"its kernel did not start: {error}"


def forget_failures(app, exception):
    """After a build with warnings, make the next one read every page again.

    Sphinx keeps what it read, so that a second `-W` build would skip the page that was warned
    of, and succeed.
    """
    strict = app.warningiserror or app.keep_going
    if exception is not None or app.statuscode or (strict and app._warncount):
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)


def setup(app):
    app.add_config_value("attnlib_package", str(PACKAGE), "env", [str])
    # A changed value makes Sphinx read every page again (the cache spares the execution).
    app.add_config_value("attnlib_rendering", "", "env", [str])
    app.connect("config-inited", isolate_kernels)
    app.connect("config-inited", hide_pieces)
    app.connect("config-inited", choose_cache)
    app.connect("config-inited", take_what_ran_ahead)
    app.connect("env-before-read-docs", run_ahead)
    app.connect("build-finished", end_what_ran_ahead)
    app.connect("build-finished", fail)
    app.connect("build-finished", forget_failures)
