"""A kernel for code that nobody has read: fresh, timed, and thrown away."""

import os
import re
import subprocess
import textwrap
import time
from dataclasses import dataclass
from queue import Empty

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

# A chapter imports `check` in its first stub: a slip there must not take the others with it.
FIRST = "from attnlib.exercises import check"
PREPARE = f"""from attnlib.classroom.guest import prepare
prepare(get_ipython())
del prepare
{FIRST}"""
STARTING = 60.0  # seconds a kernel may take to answer for the first time
YIELDING = 20.0  # seconds an interrupted cell may take to stop, on a busy machine
INSISTING = 5.0  # seconds between two interrupts: one that comes before the cell begins is lost
HEARTBEAT = 1.0  # seconds between two looks whether the kernel is still there
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


class Kernel:
    """An asynchronous context: a kernel of this Python, in `folder`, that runs cells.

    What cells print or draw is never read, so that no amount of it does harm. `variables` are
    added to its environment.
    """

    def __init__(self, folder, variables):
        # No kernel of the user's own: the Python that runs the class is the one that runs this.
        self._manager = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
        self._folder, self._environment = folder, {**os.environ, **variables}
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
        await self._manager.shutdown_kernel(now=True)

    async def _prepare(self):
        """Wait for the kernel, and make it ready for the first cell."""
        if await self._reply(self._client.kernel_info(), STARTING) is None:
            raise KernelLost("no answer", f"its kernel did not answer within {STARTING:g} s")
        if trouble := await self.run(PREPARE, STARTING):
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
                continue
            if message["parent_header"].get("msg_id") == request:
                return message["content"]
        return None


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
