"""Execute notebooks again when what they import has changed.

The stock cache looks at a notebook's own cells. A page whose code calls attnlib would keep
its old numbers after a change in attnlib, so the cache lives in a folder named by a digest
of attnlib's sources and of the pinned requirements.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
REQUIREMENTS = ("requirements.txt", "constraints.txt")
RENDERING = ("sphinx_ext", "static")  # folders that only the built pages depend on
DIGEST_LENGTH = 16


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

    A kernel otherwise warns on every start that it talks over TCP on this machine.
    """
    profile = Path(app.outdir).parent.resolve() / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    settings = profile / "ipython_kernel_config.py"
    settings.write_text('get_config().IPKernelApp.log_level = "ERROR"\n', encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(profile.parent)


def hide_pieces(app, config):
    """Run kernels without the pieces of a head that the reader has kept, in an empty folder."""
    folder = Path(app.outdir).parent.resolve() / ".pieces"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["ATTNLIB_PIECES"] = str(folder)


def choose_cache(app, config):
    """Point myst-nb's cache at this digest's folder and drop the folders of earlier ones."""
    package = Path(config.attnlib_package)
    book = Path(app.srcdir)
    pins = [book / name for name in REQUIREMENTS if (book / name).exists()]
    executed, rendering = sources(package)
    current = f"{digest(executed, package)}-{digest(pins, book)}"
    caches = Path(app.outdir).parent / ".jupyter_cache"
    if caches.is_dir():
        for stale in caches.iterdir():
            if stale.name != current:
                shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    config.nb_execution_mode = "cache"
    config.nb_execution_cache_path = str(caches / current)
    config.attnlib_rendering = digest(rendering, package)


def forget_failures(app, exception):
    """After a build with warnings, make the next one read every page again.

    Sphinx keeps what it read, so that a second `-W` build would skip the page that was warned
    of, and succeed.
    """
    strict = app.warningiserror or app.keep_going
    if exception is not None or (strict and app._warncount):
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)


def setup(app):
    app.add_config_value("attnlib_package", str(PACKAGE), "env", [str])
    # A changed value makes Sphinx read every page again (the cache spares the execution).
    app.add_config_value("attnlib_rendering", "", "env", [str])
    app.connect("config-inited", isolate_kernels)
    app.connect("config-inited", hide_pieces)
    app.connect("config-inited", choose_cache)
    app.connect("build-finished", forget_failures)
