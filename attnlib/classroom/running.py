"""A submission, run from top to bottom, past the cells that end or hold up their kernel."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from attnlib.classroom.kernel import Kernel, KernelLost, Trouble
from attnlib.exercises import pieces, record

MOST_KERNELS = 10  # for one notebook, each but the first after a cell that ended the one before
PATIENCE = 15  # a notebook may take as long as so many cells that are stopped
NOT_RUN = Trouble("not run", "was not run")


@dataclass
class Run:
    """The run of a submission's cells in the folder `scratch`, each for so many `seconds`."""

    cells: tuple
    scratch: Path
    seconds: float
    troubles: dict = field(default_factory=dict)  # what came of the cells so far, by index
    harmful: set = field(default_factory=set)  # indices of the cells that are not run again
    n_kernels: int = 0

    @property
    def record(self):
        return self.scratch / "record.jsonl"

    async def finish(self):
        """The `Trouble` with each cell, or None.

        A cell that ends its kernel takes no other with it: a fresh kernel in another empty
        folder runs the rest, below what it needs. Raises `KernelLost` if no kernel can be had.
        """
        self._deadline = time.monotonic() + PATIENCE * self.seconds
        while not await self._through():
            pass
        return [self.troubles.get(index, NOT_RUN) for index in range(len(self.cells))]

    async def _through(self):
        """Run the cells in a fresh kernel; whether nothing more can be run."""
        self.n_kernels += 1
        try:
            async with Kernel(*self._surroundings()) as kernel:
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
                trouble = await kernel.run(self.cells[index].source, min(self.seconds, left))
            except KernelLost as lost:
                self.harmful.add(index)
                self.troubles[index] = lost.trouble
                return False
            self.troubles.setdefault(index, trouble)
            if trouble is not None and trouble.is_over:
                self.harmful.add(index)
        return True

    def _surroundings(self):
        """An empty folder, and the environment variables for a kernel.

        The folder is where it keeps its pieces; another keeps a teacher's start-up files out.
        """
        folder = self.scratch / f"work-{self.n_kernels}"
        settings = self.scratch / f"ipython-{self.n_kernels}"
        folder.mkdir()
        settings.mkdir()
        return folder, {
            record.FILE: str(self.record),
            pieces.FOLDER: str(folder),
            "IPYTHONDIR": str(settings),
        }
