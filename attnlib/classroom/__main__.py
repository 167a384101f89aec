"""The command line: `python -m attnlib.classroom --help`."""

import argparse
import asyncio
import importlib.util
import sys
from pathlib import Path

import attnlib.classroom

NEEDED = ("ipykernel", "jupyter_client", "nbformat")
WARNING = (
    "It runs what the students wrote: in bubblewrap or in Docker, where one works, with no network "
    "and one folder to write in, and nowhere else unless you insist by --unsafe."
)
REFUSAL = """Nothing was run. A notebook runs whatever its student wrote, with your rights: it could
read and delete your files, and send them away. This command shuts each notebook in, by the program
bubblewrap or by Docker, and neither works here:
  {trouble}
Install bubblewrap (on Debian and Ubuntu: apt install bubblewrap), or use a machine or a container
that you can lose, without a network, and add --unsafe."""
UNSAFE = """Each notebook runs with your rights and your network: it can read and delete your files.
Use a machine or a container that you can lose."""


def arguments():
    summary = attnlib.classroom.__doc__.partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m attnlib.classroom", description=summary)
    commands = parser.add_subparsers(dest="command", required=True)
    handout = commands.add_parser("handout", help="write chapters without their solutions")
    handout.add_argument("notebooks", nargs="+", type=Path, metavar="CHAPTER.ipynb")
    where = handout.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=Path, metavar="FOLDER")
    where.add_argument(
        "--nbgrader",
        type=Path,
        metavar="COURSE/source/NAME",
        help="write them as an nbgrader assignment, with solutions, tests and points",
    )
    check = commands.add_parser(
        "check",
        help=f"run the notebooks of a class and say what is solved. {WARNING}",
        description=f"Run every notebook below a folder and say what is solved. {WARNING}",
    )
    check.add_argument("folder", type=folder, metavar="FOLDER")
    check.add_argument("--jobs", type=positive(int), default=1, metavar="N", help="at a time: 1")
    check.add_argument(
        "--timeout",
        type=positive(float),
        default=120.0,
        metavar="SECONDS",
        help="after which a cell is stopped: 120",
    )
    check.add_argument(
        "--memory",
        type=positive(float),
        default=4.0,
        metavar="GB",
        help="that a notebook may take: 4",
    )
    check.add_argument("--unsafe", action="store_true", help="run notebooks without a sandbox")
    check.add_argument("--csv", type=new_file, metavar="FILE", help="write the marks there, too")
    check.add_argument(
        "--feedback",
        type=new_file,
        metavar="FOLDER",
        help="write a page for each student there, and one on the class",
    )
    return parser


def positive(kind):
    """A reader of numbers above zero, for argparse."""

    def read(text):
        if not 0 < (number := kind(text)) < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} given, a number above 0 expected")
        return number

    read.__name__ = kind.__name__  # argparse names it when `kind` refuses
    return read


def folder(text):
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder; give the one with the notebooks")
    return Path(text)


def new_file(text):
    if Path(text).exists():
        raise argparse.ArgumentTypeError(f"{text} exists, and nothing is overwritten")
    if not Path(text).parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {Path(text).parent} to write it into")
    return Path(text)


def handout(options):
    from attnlib.classroom.assignments import assignment_of
    from attnlib.classroom.handouts import HandoutError, hand_out, without_solutions

    prepare = assignment_of if options.nbgrader else without_solutions
    try:
        print(*hand_out(options.notebooks, options.nbgrader or options.to, prepare), sep="\n")
    except (HandoutError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def chosen_sandbox(unsafe, limits):
    """The sandbox for the class, or None if there is none and no word to go on without."""
    from attnlib.classroom.sandbox import Bubblewrap, Docker, Open, trouble_with

    if unsafe:
        print(UNSAFE, file=sys.stderr)
        return Open()
    troubles = []
    for name, sandbox in {
        "bubblewrap": Bubblewrap(),
        "Docker": Docker(limits.memory, limits.processes),
    }.items():
        if not (trouble := trouble_with(sandbox)):
            return sandbox
        troubles.append(f"{name}: {trouble}")
    print(REFUSAL.format(trouble="\n  ".join(troubles)), file=sys.stderr)
    return None


def check(options):
    from attnlib.classroom import folder, marking, report
    from attnlib.classroom.kernel import Limits
    from attnlib.classroom.running import Terms

    found, limits = folder.found_in(options.folder), Limits(options.memory)
    if (sandbox := chosen_sandbox(options.unsafe, limits)) is None:
        return 2
    n_notebooks, n_done = sum(each.kind == folder.NOTEBOOK for each in found), 0

    def progress(result):
        nonlocal n_done
        n_done += 1
        print(f"[{n_done}/{n_notebooks}] {report.shown(result.name)}", file=sys.stderr)

    terms = Terms(sandbox, options.timeout, limits)
    marked = marking.mark_all(options.folder, found, options.jobs, terms, progress)
    results = asyncio.run(marked)
    print(report.text(results))
    try:
        write_down(results, options)
    except OSError as error:
        print(f"{error.filename} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 1 if not results or any(each.failure for each in results) else 0


def write_down(results, options):
    """Write the files that were asked for."""
    from attnlib.classroom import feedback, report

    if options.csv:
        with options.csv.open("x", encoding="utf-8", newline="") as file:
            report.write_csv(results, file)
    if options.feedback:
        print(f"Pages: {feedback.write_pages(results, options.feedback)}", file=sys.stderr)


def main(given=None):
    """Run the command line; the exit status."""
    parser = arguments()
    options = parser.parse_args(given)
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        install = " ".join(missing).replace("_", "-")
        parser.error(f"{' and '.join(missing)} not found. Install: pip install {install}")
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files can hold anything
    try:
        return handout(options) if options.command == "handout" else check(options)
    except KeyboardInterrupt:
        print("Stopped. No kernel is left running.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
