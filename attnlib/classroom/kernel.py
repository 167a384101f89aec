"""A kernel for code that nobody has read: fresh, timed, and thrown away."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from queue import Empty

import psutil
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

# A chapter imports `check` in its first stub: a slip there must not take the others with it.
FIRST = "from attnlib.exercises import check"
PREPARE = """from attnlib.classroom.guest import prepare
prepare(get_ipython(), {memory})
del prepare
{first}"""
LAUNCH = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
TRANSPORT = "tcp" if os.name == "nt" else "ipc"  # files in its folder: no network is needed
STARTING = 60.0  # seconds a kernel may take to answer for the first time
YIELDING = 20.0  # seconds an interrupted cell may take to stop, on a busy machine
INSISTING = 5.0  # seconds between two interrupts: one that comes before the cell begins is lost
HEARTBEAT = 0.25  # seconds between two looks at the kernel: is it there, and how large?
LONGEST_ERROR = 120  # characters of what an exception says
IN_WORDS = {"SystemExit": "exit()", "StdinNotImplementedError": "input()"}
CELL_FILE = re.compile(r"\(\d+\.py, ")  # a file's name that says nothing: (2092870040.py, line 2)
UNDEFINED = re.compile(r"\bNameError: name '(\w+)' is not defined")


@dataclass(frozen=True)
class Trouble:
    """What went wrong with a cell: a word or two for a table, the rest of a sentence, a name."""

    reason: str
    sentence: str
    lacks: str = ""  # the name that is not defined
    is_over: bool = False  # the cell must not run again


class KernelLost(Exception):
    """The kernel is no longer there, or no longer listens: the `Trouble` says why."""

    def __init__(self, reason, sentence):
        super().__init__(sentence)
        self.trouble = Trouble(reason, sentence, is_over=True)


@dataclass(frozen=True)
class Limits:
    """What one notebook may use: GB of memory, and processes."""

    memory: float = 4.0
    processes: int = 64


class OneKernel(KernelSpecManager):
    """Knows one kernel: the Python that runs this, started by the command `argv`."""

    argv = ()

    def get_kernel_spec(self, kernel_name):
        # Interrupted by a message, a signal would end the sandbox; Windows knows no such message.
        mode = "signal" if os.name == "nt" else "message"
        return KernelSpec(argv=list(self.argv), display_name="class", interrupt_mode=mode)


class Kernel:
    """An asynchronous context: a kernel of this Python in a `sandbox`, that runs cells.

    It starts in `folder`, and writes in the folder above that. What cells print or draw is never
    read, so that no amount of it does harm. `variables` are added to its environment.
    """

    def __init__(self, folder, variables, sandbox, limits):
        scratch = folder.parent
        launched = OneKernel()
        launched.argv = sandbox.command(LAUNCH, scratch, folder)
        self._manager = AsyncKernelManager(
            kernel_spec_manager=launched,
            connection_file=str(scratch / "kernel.json"),
            transport=TRANSPORT,
        )
        self._folder, self._limits, self._sandbox = folder, limits, sandbox
        self._environment = sandbox.environment(variables)
        self._client = None

    async def __aenter__(self):
        try:
            await self._manager.start_kernel(
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self._client = self._manager.client()
            self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)
            await self._prepare()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error):
        if self._client is not None:
            self._client.stop_channels()
        processes = self._processes()
        await self._manager.shutdown_kernel(now=True)
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        await asyncio.to_thread(self._sandbox.end, self._folder)

    def _processes(self):
        """The kernel, and what its cells have started, as far as they still run."""
        try:
            kernel = psutil.Process(self._manager.provisioner.pid)
            return [kernel, *kernel.children(recursive=True)]
        except (psutil.Error, AttributeError, TypeError):  # it is gone, or never came
            return []

    async def _prepare(self):
        """Wait for the kernel, and make it ready for the first cell."""
        if await self._reply(self._client.kernel_info(), STARTING) is None:
            raise KernelLost("no answer", f"its kernel did not answer within {STARTING:g} s")
        prepare = PREPARE.format(memory=self._limits.memory, first=FIRST)
        if trouble := await self.run(prepare, STARTING):
            raise KernelLost("no attnlib", f"`{FIRST}` {trouble.sentence}")

    async def run(self, code, seconds):
        """Run one cell, for so many seconds; the `Trouble` with it, or None.

        Raises `KernelLost` if no other cell can follow.
        """
        request = self._client.execute(code, allow_stdin=False, stop_on_error=False)
        reply = await self._reply(request, seconds)
        if reply is None and not await self._stop(request):
            sentence = f"ran for more than {seconds:.0f} s and did not let itself be stopped"
            raise KernelLost("too long", sentence)
        if await self._reply(self._client.execute("", silent=True), YIELDING) is None:
            raise KernelLost("kernel spoilt", "left a kernel that runs nothing more")
        if reply is None:
            return Trouble("too long", f"was stopped after {seconds:.0f} s", is_over=True)
        return None if reply["status"] == "ok" else trouble_in(reply)

    async def _stop(self, request):
        """Interrupt the cell of a request until it is answered; whether it was."""
        deadline = time.monotonic() + YIELDING
        while (left := deadline - time.monotonic()) > 0:
            await self._manager.interrupt_kernel()
            self._client.kernel_info()  # wakes a cell that awaits something: then it is told
            if await self._reply(request, min(left, INSISTING)) is not None:
                return True
        return False

    async def _reply(self, request, seconds):
        """What the kernel answers to a request, or None when the time is up."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = await self._client.get_shell_msg(timeout=min(left, HEARTBEAT))
            except Empty:
                if not await self._manager.is_alive():
                    raise KernelLost("kernel ended", "ended its kernel") from None
                self._measure()
                continue
            if message["parent_header"].get("msg_id") == request:
                return message["content"]
        return None

    def _measure(self):
        """Raise `KernelLost` if the kernel and its processes are too many, or too large."""
        processes, limits = self._processes(), self._limits
        if len(processes) > limits.processes:
            sentence = f"had more than {limits.processes} processes run"
            raise KernelLost("processes", sentence)
        if sum(map(resident, processes)) > limits.memory * 1e9:
            sentence = f"took more than {limits.memory:g} GB of memory"
            raise KernelLost("memory", sentence)


def resident(process):
    """The bytes of memory that a process has; 0 if it is gone."""
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def trouble_in(reply):
    """The `Trouble` that a kernel's answer tells."""
    name = str(reply.get("ename"))
    if name in IN_WORDS:
        return Trouble(IN_WORDS[name], f"called {IN_WORDS[name]}")
    said = f"{name}: {CELL_FILE.sub('(', str(reply.get('evalue')))}".removesuffix(": ")
    sentence = textwrap.shorten(f"stopped with {said}", LONGEST_ERROR, placeholder=" ...")
    return Trouble(name, sentence, lacks=undefined_in(said))


def undefined_in(text):
    """The name that a `NameError` in `text` is about, or ""."""
    found = UNDEFINED.search(text)
    return found[1] if found else ""
