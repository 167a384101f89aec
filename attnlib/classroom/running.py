"""A submission, run from top to bottom, past the cells that end or hold up their kernel."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from attnlib.classroom.kernel import Kernel, KernelLost, Limits, Trouble
from attnlib.classroom.sandbox import Open
from attnlib.classroom.verdicts import read_record
from attnlib.exercises import pieces, record

RECORD = "record.jsonl"
MOST_KERNELS = 10  # for one notebook, each but the first after a cell that ended the one before
PATIENCE = 15  # a notebook may take as long as so many cells that are stopped
NOT_RUN = Trouble("not run", "was not run")


@dataclass(frozen=True)
class Terms:
    """How notebooks are run: where, for how many seconds a cell, and within what limits."""

    sandbox: Open
    seconds: float = 120.0
    limits: Limits = field(default_factory=Limits)


@dataclass
class Run:
    """The run of a submission's cells in the folder `scratch`."""

    cells: tuple
    scratch: Path
    terms: Terms
    troubles: dict = field(default_factory=dict)  # what came of the cells so far, by index
    harmful: set = field(default_factory=set)  # indices of the cells that are not run again
    n_kernels: int = 0

    def verdicts(self):
        """What the checks said last, by exercise."""
        homes = [self._home(number) for number in range(1, self.n_kernels + 1)]
        records = [read_record(home / RECORD) for home in homes]
        return {id: verdict for record in records for id, verdict in record.items()}

    def _home(self, number):
        """What a kernel may write: nothing of ours is written there once it has run."""
        return self.scratch / str(number)

    async def finish(self):
        """The `Trouble` with each cell, or None.

        A cell that ends its kernel takes no other with it: a fresh kernel in another empty
        folder runs the rest, below what it needs. Raises `KernelLost` if no kernel can be had.
        """
        self._deadline = time.monotonic() + PATIENCE * self.terms.seconds
        while not await self._through():
            pass
        return [self.troubles.get(index, NOT_RUN) for index in range(len(self.cells))]

    async def _through(self):
        """Run the cells in a fresh kernel; whether nothing more can be run."""
        self.n_kernels += 1
        try:
            async with self._kernel() as kernel:
                return await self._down(kernel) or self.n_kernels == MOST_KERNELS
        except KernelLost:
            if self.n_kernels == 1:
                raise
            return True

    async def _down(self, kernel):
        """Run all cells that are not harmful; False if one of them ended the kernel."""
        for index in sorted(set(range(len(self.cells))) - self.harmful):
            if (left := self._deadline - time.monotonic()) <= 0:
                break
            try:
                trouble = await kernel.run(self.cells[index].source, min(self.terms.seconds, left))
            except KernelLost as lost:
                self.harmful.add(index)
                self.troubles[index] = lost.trouble
                return False
            self.troubles.setdefault(index, trouble)
            if trouble is not None and trouble.is_over:
                self.harmful.add(index)
        return True

    def _kernel(self):
        """A `Kernel` in an empty folder.

        The folder is where it keeps its pieces; another keeps a teacher's start-up files out.
        """
        home = self._home(self.n_kernels)
        folder, settings = home / "work", home / "ipython"
        folder.mkdir(parents=True)
        settings.mkdir()
        variables = {
            record.FILE: str(home / RECORD),
            pieces.FOLDER: str(folder),
            "IPYTHONDIR": str(settings),
        }
        return Kernel(folder, variables, self.terms.sandbox, self.terms.limits)
