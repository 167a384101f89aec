"""A kernel for code that nobody has read: fresh, timed, and thrown away."""

import os
import subprocess
import time
from queue import Empty

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

STARTING = 60.0  # seconds a kernel may take to answer for the first time
YIELDING = 20.0  # seconds an interrupted cell may take to stop, on a busy machine
INSISTING = 5.0  # seconds between two interrupts: one that comes before the cell begins is lost
HEARTBEAT = 1.0  # seconds between two looks whether the kernel is still there


class KernelLost(Exception):
    """The kernel is no longer there, or no longer listens."""


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
            if await self._reply(self._client.kernel_info(), STARTING) is None:
                raise KernelLost(f"its kernel did not answer within {STARTING:g} s")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error):
        if self._client is not None:
            self._client.stop_channels()
        await self._manager.shutdown_kernel(now=True)

    async def run(self, code, seconds):
        """Run one cell, for so many seconds; what went wrong in a few words, or "".

        Raises `KernelLost`, with the reason, if no other cell can follow.
        """
        request = self._client.execute(code, allow_stdin=False, stop_on_error=False)
        reply = await self._reply(request, seconds)
        if reply is not None:
            return "" if reply["status"] == "ok" else f"stopped with {reply.get('ename')}"
        if not await self._stop(request):
            raise KernelLost(f"ran for more than {seconds:g} s and did not let itself be stopped")
        return f"was stopped after {seconds:g} s"

    async def _stop(self, request):
        """Interrupt the cell of a request until it is answered; whether it was."""
        deadline = time.monotonic() + YIELDING
        while (left := deadline - time.monotonic()) > 0:
            await self._manager.interrupt_kernel()
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
                    raise KernelLost("ended the kernel") from None
                continue
            if message["parent_header"].get("msg_id") == request:
                return message["content"]
        return None
