"""What to order for a class, reckoned from what was measured (`measured/`)."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

MEASURED = Path(__file__).with_name("measured")
OPEN = 2  # notebooks that a student has open, each with a kernel of its own
SYSTEM = 2000  # MB for all that is no hub
SECONDS = 300  # in which a whole class comes in and runs a whole chapter


@dataclass(frozen=True)
class Needs:
    """What a student takes at the worst, and the hub for all: MB, processor seconds."""

    server: float
    kernel: float  # of the largest chapter
    start: float
    run: dict  # by chapter
    hub: float
    hub_each: float  # processor seconds that the hub and its proxy spend on a student

    def memory(self, n_students):
        """GB for a class."""
        each = self.server + OPEN * self.kernel
        return math.ceil((n_students * each + self.hub + SYSTEM) / 1000)

    def cores(self, n_students, chapter):
        """Cores for a class that runs a chapter."""
        each = self.start + self.run[chapter] + self.hub_each
        return math.ceil(n_students * each / SECONDS)


def measured(folder=MEASURED):
    """`{chapter: its figures}` of every chapter that was measured."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}


def needs(runs):
    """The `Needs` that follow from the figures of some chapters."""
    largest = max(runs.values(), key=lambda run: run["circumstances"]["students"])
    worst = {chapter: at_worst(run) for chapter, run in runs.items()}
    return Needs(
        server=max(each["server, PSS (MB)"] for each in worst.values()),
        kernel=max(each["kernel, PSS (MB)"] for each in worst.values()),
        start=max(each["processor, start (s)"] for each in worst.values()),
        run={chapter: each["processor, run (s)"] for chapter, each in worst.items()},
        hub=largest["hub"]["PSS (MB)"],
        hub_each=largest["hub"]["processor (s)"] / largest["circumstances"]["students"],
    )


def at_worst(run):
    """The worst of each kind of figure."""
    return {kind: figure["worst"] for kind, figure in run["student"].items()}
