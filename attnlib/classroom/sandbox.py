"""Where a submission's kernel runs: without a network, able to write in its own folder alone."""

import os
import site
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

import attnlib

SYSTEM = ("/usr", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts")
IN_USR = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")  # on most systems links
KEPT = ("PATH", "LANG", "TZ", "PYTHONPATH", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
TRIAL = 120  # seconds that a trial may take
TRIED = """
import os, socket, sys
import attnlib.exercises, ipykernel
inside = ["/outside", "/tmp/outside", "/dev/shm/outside", "/proc/sys/kernel/hostname"]
for path in (attnlib.__file__, sys.argv[1], *inside):
    try:
        open(path, "a").close()
    except OSError:
        continue
    sys.exit(f"{path} can be written")
if os.path.exists(sys.argv[1]):
    sys.exit("another folder can be seen")
if {name for _, name in socket.if_nameindex()} - {"lo"}:
    sys.exit("there is a network")
open("inside", "w").write("tried")
"""


class Open:
    """No sandbox: a kernel may do what its teacher may."""

    is_closed = False

    def command(self, command, scratch, folder):
        """`command` as it is started for a kernel in `folder`, a part of `scratch`."""
        return command

    def environment(self, variables):
        """The environment of a kernel."""
        return {**os.environ, **variables}


class Bubblewrap(Open):
    """The sandbox of `bwrap`: processes, network and files of its own."""

    is_closed = True

    def command(self, command, scratch, folder):
        shown = [part for path in visible() for part in ("--ro-bind", path, path)]
        for path in filter(os.path.exists, IN_USR):
            is_link = os.path.islink(path)
            shown += ["--symlink", os.readlink(path)] if is_link else ["--ro-bind", path]
            shown.append(path)
        return [
            *("bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"),
            *("--unsetenv", "JPY_PARENT_PID"),  # inside, the numbers of processes are others
            *("--dir", "/tmp", "--proc", "/proc", "--dev", "/dev", *shown),
            *("--bind", str(scratch), str(scratch)),
            *(part for path in ("/proc", "/dev", "/") for part in ("--remount-ro", path)),
            *("--chdir", str(folder), "--", *command),
        ]

    def environment(self, variables):
        """What Python needs, and no secrets that stand in a teacher's environment."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        settings = variables["IPYTHONDIR"]
        return kept | {"HOME": settings, "TMPDIR": settings} | variables


def visible():
    """The paths that a kernel needs to read: the system's programs, Python, and attnlib."""
    python = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()]
    packages = [*site.getsitepackages(), site.getusersitepackages()]
    wanted = [*SYSTEM, *python, *packages, str(Path(attnlib.__file__).parent)]
    paths = sorted({os.path.abspath(path) for path in wanted if os.path.exists(path)})
    return [path for path in paths if not any(is_below(path, other) for other in paths)]


def is_below(path, other):
    return path != other and os.path.commonpath([path, other]) == other


def trouble_with(sandbox):
    """Why a kernel would not be shut in by `sandbox`, found by trying to get out; or ""."""
    with TemporaryDirectory(prefix="attnlib-trial-") as trial, TemporaryDirectory() as other:
        command = [sys.executable, "-c", TRIED, other]
        try:
            tried = subprocess.run(
                sandbox.command(command, trial, trial),
                env=sandbox.environment({"IPYTHONDIR": trial}),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TRIAL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if tried.returncode == 0 and Path(trial, "inside").exists():
            return ""
        return (tried.stderr.strip().splitlines() or ["it says nothing"])[-1]
