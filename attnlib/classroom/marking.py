"""A student's notebook, run and marked by the verdicts of its own checks."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from attnlib.classroom import notebooks
from attnlib.classroom.kernel import STARTING, Kernel, KernelLost
from attnlib.exercises import chapters, exercises, pieces, record

# A chapter imports `check` in its first stub: a slip there must not take the others with it.
FIRST = "from attnlib.exercises import check"
SOLVED, WRONG, NOT_ATTEMPTED, NOT_REACHED = "solved", "wrong", "not attempted", "not reached"


@dataclass(frozen=True)
class Submission:
    """A notebook of a student: its path in the folder, its chapter, the sources of its code."""

    name: str
    chapter: str | None
    cells: tuple[str, ...]

    @property
    def missing(self):
        """The exercises of the chapter that no cell checks."""
        found = {id for code in self.cells for id in notebooks.checked(code)}
        return [each.id for each in chapters()[self.chapter] if each.id not in found]


@dataclass(frozen=True)
class Mark:
    """What became of an exercise; for a wrong answer, the id of the mistake."""

    exercise: str
    state: str
    diagnosis: str = ""


@dataclass(frozen=True)
class Result:
    """A submission's marks and notes on what went wrong, or the reason why there are none."""

    name: str
    chapter: str | None = None
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""


def paths(folder):
    """The notebooks below `folder`, sorted; what is hidden (checkpoints) is left out."""
    found = (path.relative_to(folder) for path in Path(folder).rglob("*.ipynb"))
    visible = (path for path in found if not any(part.startswith(".") for part in path.parts))
    return sorted(path for path in visible if (folder / path).is_file())


def read(folder, path):
    """The `Submission` at a path in `folder`, or a `Result` that says why it is none."""
    try:
        notebook = notebooks.read(folder / path)
    except (OSError, ValueError) as error:
        return Result(str(path), failure=getattr(error, "strerror", None) or str(error))
    cells = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    filled = tuple(source for source in cells if source.strip())
    return Submission(str(path), notebooks.chapter_of(notebook), filled)


async def mark_all(folder, jobs, seconds, report: Callable[[Result], None]):
    """The `Result` of each notebook below `folder`, in order; `jobs` of them run at a time.

    A cell may run for so many `seconds`. `report` is called with each result as it comes.
    """
    turns = asyncio.Semaphore(jobs)

    async def mark_one(path):
        async with turns:
            result = read(folder, path)
            if isinstance(result, Submission):
                result = await mark(result, seconds)
        report(result)
        return result

    return await asyncio.gather(*map(mark_one, paths(folder)))


async def mark(submission, seconds):
    """Run a submission in an empty folder, and mark the exercises of its chapter."""
    if submission.chapter is None:
        return Result(submission.name)
    with TemporaryDirectory(prefix="attnlib-class-", ignore_cleanup_errors=True) as scratch:
        folder, variables = surroundings(Path(scratch))
        try:
            notes = await run(submission.cells, folder, variables, seconds)
        except (KernelLost, OSError, RuntimeError) as error:
            return Result(submission.name, submission.chapter, failure=str(error))
        verdicts = read_record(Path(variables[record.FILE]))
    of_chapter = [each.id for each in chapters()[submission.chapter]]
    marks = (verdicts.get(id, Mark(id, NOT_REACHED)) for id in of_chapter)
    gone = (f'no check of "{id}" in it' for id in submission.missing if id not in verdicts)
    return Result(submission.name, submission.chapter, tuple(marks), (*notes, *gone))


def surroundings(scratch):
    """The empty folder of a run, and its environment variables.

    The folder is where it keeps its pieces; another keeps a teacher's start-up files out.
    """
    folder, settings = scratch / "work", scratch / "ipython"
    folder.mkdir()
    settings.mkdir()
    return folder, {
        record.FILE: str(scratch / "record.jsonl"),
        pieces.FOLDER: str(folder),
        "IPYTHONDIR": str(settings),
    }


async def run(cells, folder, variables, seconds):
    """Run cells one after the other in a fresh kernel; a note on each that went wrong.

    Raises `KernelLost` if there is no kernel that can import attnlib.
    """
    notes = []
    async with Kernel(folder, variables) as kernel:
        if trouble := await kernel.run(FIRST, STARTING):
            raise KernelLost(f"`{FIRST}` {trouble}")
        for number, code in enumerate(cells, start=1):
            try:
                trouble = await kernel.run(code, seconds)
            except KernelLost as reason:
                return [*notes, f"code cell {number} {reason}: nothing below it was run"]
            if trouble:
                notes.append(f"code cell {number} {trouble}")
    return notes


def read_record(path):
    """The last verdict on each exercise, as a `Mark` by its id.

    The file lay open to the student's code: whatever is not a verdict is passed over.
    """
    lines = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    marks = {}
    for line in lines.splitlines():
        try:
            entry = json.loads(line)
            mark = Mark(entry["exercise"], entry["state"], entry["diagnosis"] or "")
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if is_verdict(mark):
            marks[mark.exercise] = mark
    return marks


def is_verdict(mark):
    """Whether `check` could have said so."""
    if not isinstance(mark.exercise, str) or mark.exercise not in exercises():
        return False
    known = [diagnosis.id for diagnosis in exercises()[mark.exercise].diagnoses]
    if mark.state == WRONG:
        return mark.diagnosis in known
    return mark.state in (SOLVED, NOT_ATTEMPTED) and not mark.diagnosis
