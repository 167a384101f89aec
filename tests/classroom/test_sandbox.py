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
from attnlib.classroom.sandbox import Bubblewrap, Open, trouble_with
from tests.classroom.submitting import in_a_thread, stubs, write
from tests.classroom.test_kernel import SECONDS, run

SECRET = "of the teacher's"
ASLEEP = 86_397  # seconds, by which a process of these tests is known
BOMB = "import os, time\nfor _ in range(40):\n    os.fork() or time.sleep(1000)\ntime.sleep(1000)"
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


needs_sandbox = pytest.mark.skipif(not has_bubblewrap(), reason="bubblewrap does not work here")


@needs_sandbox
def test_the_trial_finds_a_sandbox():
    assert trouble_with(Bubblewrap()) == ""


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


@needs_sandbox
def test_no_way_out_is_open(tmp_path, others):
    with socket.create_server(("127.0.0.1", 0)) as server:
        cells = attempts(others, server.getsockname()[1])
        troubles = run(tmp_path, cells.values(), SECONDS, Bubblewrap())
    escaped = [name for name, trouble in zip(cells, troubles, strict=True) if trouble is None]
    assert escaped == []
    assert os.listdir(others) == ["secret.txt"]
    assert (others / "secret.txt").read_text() == SECRET


def test_the_attempts_are_real(tmp_path, others):
    """In the open they succeed: it is the sandbox that stops them."""
    harmless = ("read another", "list another", "write beside", "reach a server", "read a secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        cells = attempts(others, server.getsockname()[1])
        tried = [code for name, code in cells.items() if name.startswith(harmless)]
        assert run(tmp_path, tried, SECONDS, Open()) == [None] * len(harmless)


@pytest.mark.parametrize("closed", [pytest.param(True, marks=needs_sandbox), False])
def test_nothing_runs_on_when_the_kernel_is_gone(closed, tmp_path):
    assert run(tmp_path, [LEFT], SECONDS, Bubblewrap() if closed else Open()) == [None]
    asleep = [each for each in psutil.process_iter(["cmdline"]) if is_asleep(each)]
    psutil.wait_procs(asleep, timeout=SECONDS)
    assert not any(each.is_running() for each in asleep)


def is_asleep(process):
    return str(ASLEEP) in (process.info["cmdline"] or [])


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


@pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux's")
def test_too_large_an_array_is_an_error_of_its_cell(tmp_path):
    trouble, after = run(tmp_path, [GREEDY, "1"], SECONDS, limits=Limits(memory=3))
    assert trouble.reason == "MemoryError" and after is None


class TestWithoutASandbox:
    @pytest.fixture
    def folder(self, tmp_path):
        write(stubs({"setup": "open('/tmp/mine', 'w')"}), tmp_path / "class" / "kim.ipynb")
        return str(tmp_path / "class")

    def test_nothing_is_run_and_the_reason_is_told(self, folder, monkeypatch, capsys):
        """`bwrap` may be there and fail: on machines that forbid what it needs."""
        failing = [sys.executable, "-c", "import sys; sys.exit('bwrap: No permissions')"]
        monkeypatch.setattr(Bubblewrap, "command", lambda self, command, *_: failing)
        assert in_a_thread(command.main, ["check", folder]) == 2
        printed = capsys.readouterr()
        assert "Nothing was run." in printed.err and "  bwrap: No permissions\n" in printed.err
        assert "add --unsafe" in printed.err and printed.out == ""

    def test_a_sandbox_that_is_not_installed_is_told(self, monkeypatch):
        monkeypatch.setenv("PATH", "")
        assert "bwrap" in trouble_with(Bubblewrap())

    def test_a_sandbox_that_holds_nobody_is_none(self):
        assert trouble_with(Open()).endswith(" can be written")

    def test_a_trial_that_hangs_ends(self, monkeypatch):
        monkeypatch.setattr(sandbox, "TRIAL", 0.5)
        monkeypatch.setattr(sandbox, "TRIED", "import time; time.sleep(1000)")
        assert "timed out" in trouble_with(Open())

    @needs_sandbox
    def test_python_itself_works_inside(self, tmp_path):
        shut_in = Bubblewrap().command([sys.executable, "-c", "import torch"], tmp_path, tmp_path)
        environment = Bubblewrap().environment({"IPYTHONDIR": str(tmp_path)})
        subprocess.run(shut_in, env=environment, check=True)
