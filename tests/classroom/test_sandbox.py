"""Strangers' code tries to get out."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import attnlib
from attnlib.classroom import __main__ as command
from attnlib.classroom import sandbox
from attnlib.classroom.kernel import KernelLost, Limits
from attnlib.classroom.sandbox import Bubblewrap, Docker, Open, name_of, trouble_with
from tests.classroom.submitting import in_a_thread, stubs, write
from tests.classroom.test_kernel import SECONDS, run

SECRET = "of the teacher's"
ASLEEP = 86_397  # seconds, by which a process of these tests is known
BOMB = "import os, time\nfor _ in range(40):\n    os.fork() or time.sleep(1000)\ntime.sleep(1000)"
FORKS = "import os, time\nfor _ in range(60):\n    os.fork() or (time.sleep(60), os._exit(0))"
HOARD = "import subprocess, sys, time\nhoard = 'x = bytearray(300_000_000); input()'\n" + (
    "all = [subprocess.Popen([sys.executable, '-c', hoard], stdin=-1) for _ in range(4)]\n"
    "time.sleep(1000)"
)
LEFT = f"import subprocess\nsubprocess.Popen(['sleep', '{ASLEEP}'], start_new_session=True)"
GREEDY = "import numpy as np\nx = np.ones(1_000_000_000)"


def has_bubblewrap():
    """Whether it runs here at all: a sandbox that lets somebody out is no reason to skip."""
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return bool(shutil.which("bwrap")) and subprocess.run(command, check=False).returncode == 0


def has_docker():
    """Whether there is an engine that runs containers for this machine."""
    if sys.platform != "linux" or not shutil.which("docker"):
        return False
    command = ["docker", "version", "--format", "{{.Server.Os}}"]
    asked = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return asked.stdout.strip() == "linux"


needs_sandbox = pytest.mark.skipif(not has_bubblewrap(), reason="bubblewrap does not work here")
needs_docker = pytest.mark.skipif(not has_docker(), reason="no Docker engine answers here")
DOCKER = Docker(memory=4.0, processes=64)
every_sandbox = pytest.mark.parametrize(
    "shut",
    [pytest.param(Bubblewrap(), marks=needs_sandbox), pytest.param(DOCKER, marks=needs_docker)],
    ids=["bubblewrap", "docker"],
)


@pytest.mark.slow
@every_sandbox
def test_the_trial_finds_a_sandbox(shut):
    assert trouble_with(shut) == ""


def attempts(folder, port):
    """Cells that must fail, by what they would do."""
    secret = str(folder / "secret.txt")
    return {
        "read another folder": f"open({secret!r}).read()",
        "list another folder": f"import os\nos.listdir({str(folder)!r})",
        "read a home": f"import os\nos.listdir({str(Path.home())!r} + '/.ssh')",
        "write beside the folder": f"open({str(folder / 'mine.txt')!r}, 'w')",
        "write into attnlib": f"open({attnlib.__file__!r}, 'a')",
        "write into Python": f"open({os.__file__!r}, 'a')",
        "write into /tmp": "open('/tmp/mine', 'w')",
        "write into /dev/shm": "open('/dev/shm/mine', 'w')",
        "follow a link out": f"import os\nos.symlink({secret!r}, 'link')\nopen('link', 'a')",
        "reach a server here": f"import socket\nsocket.create_connection(('127.0.0.1', {port}))",
        "reach the world": "import socket\nsocket.create_connection(('1.1.1.1', 53), timeout=5)",
        "resolve a name": "import socket\nsocket.getaddrinfo('example.org', 80)",
        "read a secret variable": "import os\nos.environ['CLASS_SECRET']",
        "see the teacher's processes": f"import os\nos.kill({os.getpid()}, 0)",
        "make a device": "import os\nos.mknod('disk', 0o60600, os.makedev(8, 0))",
        "lift the limits": "import resource\nresource.setrlimit(resource.RLIMIT_DATA, (-1, -1))",
        "change the machine": "open('/proc/sys/kernel/hostname', 'a')",
        "press its keys": "open('/proc/sysrq-trigger', 'a')",
        "mount": (
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "if libc.mount(b'none', b'/tmp', b'tmpfs', 0, None):\n    raise OSError"
        ),
    }


@pytest.fixture
def others(tmp_path_factory, monkeypatch):
    """A folder of the teacher's, and a variable."""
    monkeypatch.setenv("CLASS_SECRET", SECRET)
    folder = tmp_path_factory.mktemp("others")
    (folder / "secret.txt").write_text(SECRET)
    return folder


@pytest.mark.slow
@every_sandbox
def test_no_way_out_is_open(shut, tmp_path, others):
    shut.prepare()
    with socket.create_server(("127.0.0.1", 0)) as server:
        cells = attempts(others, server.getsockname()[1])
        troubles = run(tmp_path, cells.values(), SECONDS, shut)
    escaped = [name for name, trouble in zip(cells, troubles, strict=True) if trouble is None]
    assert escaped == []
    assert os.listdir(others) == ["secret.txt"]
    assert (others / "secret.txt").read_text() == SECRET


@pytest.mark.slow
def test_the_attempts_are_real(tmp_path, others):
    """In the open they succeed: it is the sandbox that stops them."""
    harmless = ("read another", "list another", "write beside", "reach a server", "read a secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        cells = attempts(others, server.getsockname()[1])
        tried = [code for name, code in cells.items() if name.startswith(harmless)]
        assert run(tmp_path, tried, SECONDS, Open()) == [None] * len(harmless)


@pytest.mark.slow
@pytest.mark.parametrize(
    "where",
    [
        pytest.param(Bubblewrap(), marks=needs_sandbox),
        pytest.param(DOCKER, marks=needs_docker),
        Open(),
    ],
    ids=["bubblewrap", "docker", "open"],
)
def test_nothing_runs_on_when_the_kernel_is_gone(where, tmp_path):
    where.prepare()
    assert run(tmp_path, [LEFT], SECONDS, where) == [None]
    asleep = [each for each in psutil.process_iter(["cmdline"]) if is_asleep(each)]
    psutil.wait_procs(asleep, timeout=SECONDS)
    assert not any(each.is_running() for each in asleep)


def is_asleep(process):
    return str(ASLEEP) in (process.info["cmdline"] or [])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux's")
@pytest.mark.parametrize(
    ("code", "limits", "reason"),
    [(BOMB, Limits(processes=20), "processes"), (HOARD, Limits(memory=1.0), "memory")],
    ids=["processes", "memory"],
)
def test_too_many_processes_and_too_much_memory_end_a_cell(code, limits, reason, tmp_path):
    with pytest.raises(KernelLost) as lost:
        run(tmp_path, [code], SECONDS, limits=limits)
    assert lost.value.trouble.reason == reason


@pytest.mark.slow
@needs_docker
def test_docker_itself_holds_processes_and_memory(tmp_path_factory):
    """Seen from outside, a kernel there is one small process: that which asks Docker for it."""
    few, small = Docker(memory=4.0, processes=3), Docker(memory=1.0, processes=64)
    few.prepare()
    (trouble,) = run(tmp_path_factory.mktemp("few"), [FORKS], SECONDS, few)
    assert trouble.reason == "BlockingIOError"
    with pytest.raises(KernelLost) as lost:
        run(
            tmp_path_factory.mktemp("small"),
            ["x = bytearray(b'x') * 3_000_000_000"],
            SECONDS,
            small,
        )
    assert lost.value.trouble.reason == "kernel ended"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux's")
def test_too_large_an_array_is_an_error_of_its_cell(tmp_path):
    trouble, after = run(tmp_path, [GREEDY, "1"], SECONDS, limits=Limits(memory=3))
    assert trouble.reason == "MemoryError" and after is None


class TestWithoutASandbox:
    @pytest.fixture
    def folder(self, tmp_path):
        write(stubs({"setup": "open('/tmp/mine', 'w')"}), tmp_path / "class" / "kim.ipynb")
        return str(tmp_path / "class")

    def test_nothing_is_run_and_the_reasons_are_told(self, folder, monkeypatch, capsys, tmp_path):
        """`bwrap` may be there and fail, on machines that forbid what it needs; Docker, too."""
        failing = [sys.executable, "-c", "import sys; sys.exit('bwrap: No permissions')"]
        monkeypatch.setattr(Bubblewrap, "command", lambda self, command, *_: failing)
        pretend_docker(tmp_path, monkeypatch, "echo Cannot connect to the daemon. >&2; exit 1")
        assert in_a_thread(command.main, ["check", folder]) == 2
        printed = capsys.readouterr()
        assert "Nothing was run." in printed.err and printed.out == ""
        assert "  bubblewrap: bwrap: No permissions\n" in printed.err
        assert "  Docker: Cannot connect to the daemon.\n" in printed.err
        assert "add --unsafe" in printed.err

    def test_docker_is_asked_where_bubblewrap_fails(self, monkeypatch):
        troubles = {Bubblewrap: "bwrap: No permissions", Docker: ""}
        monkeypatch.setattr(sandbox, "trouble_with", lambda each: troubles[type(each)])
        assert command.chosen_sandbox(False, Limits(2.5, 7)) == Docker(2.5, 7)
        troubles[Bubblewrap] = ""
        assert type(command.chosen_sandbox(False, Limits())) is Bubblewrap

    def test_a_sandbox_that_is_not_installed_is_told(self, monkeypatch):
        monkeypatch.setenv("PATH", "")
        assert "bwrap" in trouble_with(Bubblewrap())
        if sys.platform == "linux":
            assert trouble_with(DOCKER) == "docker is not installed"

    @pytest.mark.slow
    def test_a_sandbox_that_holds_nobody_is_none(self):
        assert trouble_with(Open()).endswith(" can be written")

    def test_a_trial_that_hangs_ends(self, monkeypatch):
        monkeypatch.setattr(sandbox, "TRIAL", 0.5)
        monkeypatch.setattr(sandbox, "TRIED", "import time; time.sleep(1000)")
        assert "timed out" in trouble_with(Open())

    @pytest.mark.slow
    @needs_sandbox
    def test_python_itself_works_inside(self, tmp_path):
        shut_in = Bubblewrap().command([sys.executable, "-c", "import torch"], tmp_path, tmp_path)
        environment = Bubblewrap().environment({"IPYTHONDIR": str(tmp_path)})
        subprocess.run(shut_in, env=environment, check=True)


def pretend_docker(folder, monkeypatch, script):
    """Let `docker` be a script that notes its arguments, in the file that is returned."""
    noted, program = folder / "asked", folder / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{noted}'\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return noted


@pytest.mark.skipif(sys.platform != "linux", reason="Docker shuts in on Linux alone")
class TestDockersCommand:
    """What is asked of Docker, where no engine is needed to know it."""

    def options(self, tmp_path):
        """The options of the command by name, and what stands behind them."""
        line = DOCKER.command(["python", "-V"], tmp_path, tmp_path / "work")
        end = line.index(sandbox.EMPTY)
        assert line[:2] == ["docker", "run"] and line[end + 1 :] == ["python", "-V"]
        found, rest = {}, line[2:end]
        while rest:
            name = rest.pop(0)
            value = rest.pop(0) if rest and not rest[0].startswith("--") else ""
            found.setdefault(name, []).append(value)
        return found

    def test_it_asks_for_no_network_no_rights_and_no_more_than_the_limits(self, tmp_path):
        options = self.options(tmp_path)
        wanted = {
            "--network": "none",
            "--ipc": "none",
            "--cap-drop": "ALL",
            "--security-opt": "no-new-privileges",
            "--user": f"{os.getuid()}:{os.getgid()}",
            "--memory": "4000000000b",
            "--memory-swap": "4000000000b",
            "--pids-limit": "1024",
            "--pull": "never",
            "--rm": "",
            "--read-only": "",
        }
        assert {name: options[name] for name in wanted} == {k: [v] for k, v in wanted.items()}

    def test_one_folder_can_be_written(self, tmp_path):
        mounts = self.options(tmp_path)["--mount"]
        writable = [mount for mount in mounts if not mount.endswith(",readonly")]
        assert writable == [f"type=bind,source={tmp_path},target={tmp_path}"]
        shown = {mount.split(",")[1].removeprefix("source=") for mount in mounts}
        assert "/" not in shown and str(Path.home()) not in shown and "/var/run" not in shown

    def test_no_secret_is_handed_on(self, tmp_path, monkeypatch):
        monkeypatch.setenv("CLASS_SECRET", SECRET)
        monkeypatch.setenv("DOCKER_HOST", "unix:///here")
        environment = DOCKER.environment({"IPYTHONDIR": str(tmp_path)})
        assert "CLASS_SECRET" not in environment and environment["DOCKER_HOST"] == "unix:///here"
        handed_on = set(self.options(tmp_path)["--env"])
        assert "IPYTHONDIR" in handed_on and not handed_on & set(sandbox.OF_DOCKER)

    def test_its_container_is_ended_by_its_name(self, tmp_path, monkeypatch):
        """To end the command ends no container."""
        noted = pretend_docker(tmp_path, monkeypatch, "exit 0")
        name = name_of(tmp_path / "work")
        assert self.options(tmp_path)["--name"] == [name]
        DOCKER.end(tmp_path / "work")
        assert noted.read_text() == f"rm --force {name}\n"
        assert name_of(tmp_path / "other") != name

    def test_one_that_does_not_answer_is_told(self, tmp_path, monkeypatch):
        monkeypatch.setattr(sandbox, "ANSWER", 0.5)
        pretend_docker(tmp_path, monkeypatch, "exec sleep 1000")
        assert trouble_with(DOCKER) == "docker did not answer within 0.5 s"
