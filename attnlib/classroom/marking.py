"""The notebooks of a class: run, and marked by the verdicts of their own checks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from attnlib.classroom import folder, notebooks
from attnlib.classroom.kernel import KernelLost
from attnlib.classroom.likeness import shape, told_alike
from attnlib.classroom.marks import Mark, Story
from attnlib.classroom.running import Run
from attnlib.classroom.submissions import submission_of


@dataclass(frozen=True)
class Result:
    """A submission's marks and notes on what went wrong, or the reason why there are none."""

    name: str
    chapter: str | None = None
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""  # why it could not be run
    ignored: str = ""  # why there is nothing to run
    shape: str = field(default="", compare=False)  # of its answers, without names


async def mark_all(root, found, jobs, terms, report: Callable[[Result], None]):
    """The `Result` of each thing `found` in the folder `root`, in order; `jobs` run at a time.

    `report` is called with the result of each notebook as it comes.
    """
    turns = asyncio.Semaphore(jobs)

    async def mark_one(each):
        async with turns:
            try:
                result = await result_of(root, each, terms)
            except Exception as error:  # whatever one submission does, the others are marked
                failure = f"could not be marked: {type(error).__name__}: {error}"
                result = Result(str(each.path), failure=failure)
        if each.kind == folder.NOTEBOOK:
            report(result)
        return result

    return told_alike(await asyncio.gather(*map(mark_one, found)))


async def result_of(root, found, terms):
    """The `Result` of one thing in the folder `root`."""
    name = str(found.path)
    if found.kind == folder.IGNORED:
        return Result(name, ignored=found.reason)
    if found.kind == folder.UNREADABLE:
        return Result(name, failure=found.reason)
    try:
        submission = submission_of(name, notebooks.read(root / found.path))
    except (OSError, ValueError) as error:
        return Result(name, failure=getattr(error, "strerror", None) or str(error))
    if submission.chapter is None:
        return Result(name, ignored="no exercise of the book in it")
    return await mark(submission, terms)


async def mark(submission, terms):
    """Run a submission in an empty folder, and mark the exercises of its chapter."""
    with TemporaryDirectory(prefix="attnlib-class-", ignore_cleanup_errors=True) as scratch:
        run = Run(submission.cells, Path(scratch), terms)
        try:
            troubles = await run.finish()
        except (KernelLost, OSError, RuntimeError) as error:
            return Result(submission.name, submission.chapter, failure=str(error))
        story = Story(submission, tuple(troubles), run.verdicts())
    marks, notes = tuple(story.marks()), tuple(story.notes())
    likeness = shape(submission, marks)
    return Result(submission.name, submission.chapter, marks, notes, shape=likeness)
