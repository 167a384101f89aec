"""Where a submission's kernel runs: without a network, able to write in its own folder alone."""

import hashlib
import io
import os
import site
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import attnlib
from attnlib.exercises import pieces, record

SYSTEM = ("/usr", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts")
IN_USR = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")  # on most systems links
KEPT = ("PATH", "LANG", "TZ", "PYTHONPATH", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
TRIAL = 120  # seconds that a trial may take
ANSWER = 30.0  # seconds that Docker may take to answer
EMPTY = "attnlib-empty:1"  # an image with nothing in it: all that is needed is shown from here
NEEDED = (*KEPT, "HOME", "TMPDIR", "IPYTHONDIR", record.FILE, pieces.FOLDER)
TASKS = 16  # threads of a process: Docker's limit of processes counts each of them
OF_DOCKER = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR")
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

    def prepare(self):
        """Make ready what all kernels need. Raises `OSError` that says why there is no sandbox."""

    def command(self, command, scratch, folder):
        """`command` as it is started for a kernel in `folder`, a part of `scratch`."""
        return command

    def environment(self, variables):
        """The environment of a kernel."""
        return {**os.environ, **variables}

    def end(self, folder):
        """End what still runs of a kernel in `folder` when its command has ended."""


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


@dataclass(frozen=True)
class Docker(Bubblewrap):
    """The sandbox of `docker`, on Linux: a container for each kernel, of an empty image.

    Its limits are GB of memory and processes. It takes the same Python and the same attnlib as
    bubblewrap, shown from this machine. A container outlives the command that started it: `end`
    ends it.
    """

    memory: float
    processes: int

    def prepare(self):
        if sys.platform != "linux":
            raise OSError("docker: what this machine has is of use on Linux alone")
        if asked_docker("image", "inspect", EMPTY).returncode == 0:
            return
        nothing = io.BytesIO()
        tarfile.open(fileobj=nothing, mode="w").close()
        made = asked_docker("import", "-", EMPTY, input=nothing.getvalue())
        if made.returncode:
            raise OSError(last_line(made.stderr.decode(errors="replace")))

    def command(self, command, scratch, folder):
        shown = [*visible(), *filter(os.path.exists, IN_USR)]
        mounts = [f"type=bind,source={path},target={path},readonly" for path in shown]
        mounts.append(f"type=bind,source={scratch},target={scratch}")
        memory = f"{int(self.memory * 1e9)}b"
        return [
            *("docker", "run", "--rm", "--pull", "never", "--name", name_of(folder)),
            *("--network", "none", "--ipc", "none", "--read-only", "--cap-drop", "ALL"),
            *("--security-opt", "no-new-privileges", "--user", f"{os.getuid()}:{os.getgid()}"),
            *("--memory", memory, "--memory-swap", memory),  # together: no swap
            *("--pids-limit", str(TASKS * self.processes), "--workdir", str(folder)),
            *(part for name in NEEDED for part in ("--env", name)),
            *(part for mount in mounts for part in ("--mount", mount)),
            *(EMPTY, *command),
        ]

    def environment(self, variables):
        """That of docker itself, which hands on no more of it than `NEEDED`."""
        of_docker = {"DOCKER_CONFIG": str(Path.home() / ".docker")}
        of_docker |= {name: os.environ[name] for name in OF_DOCKER if name in os.environ}
        return of_docker | super().environment(variables)

    def end(self, folder):
        asked_docker("rm", "--force", name_of(folder))


def name_of(folder):
    """The name of the container for a kernel in `folder`: no notebook has a say in it."""
    return "attnlib-" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def asked_docker(*arguments, **options):
    """What one of docker's commands came to. Raises `OSError` if it does not answer."""
    try:
        return subprocess.run(
            ["docker", *arguments], capture_output=True, timeout=ANSWER, check=False, **options
        )
    except FileNotFoundError as error:
        raise OSError("docker is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise OSError(f"docker did not answer within {ANSWER:g} s") from error


def last_line(text):
    return (text.strip().splitlines() or ["it says nothing"])[-1]


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
            sandbox.prepare()
            tried = run_in(sandbox, command, trial)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if tried.returncode == 0 and Path(trial, "inside").exists():
            return ""
        return last_line(tried.stderr)


def run_in(sandbox, command, trial):
    """Run `command` in `sandbox` and in the folder `trial`, as a kernel would be."""
    try:
        return subprocess.run(
            sandbox.command(command, trial, trial),
            env=sandbox.environment({"IPYTHONDIR": trial}),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TRIAL,
        )
    finally:
        sandbox.end(trial)
