"""A class on a JupyterHub: `python -m bench.hub` (or `make bench-hub`, which installs the hub).

Starts a JupyterHub with its proxy on this machine, and so many students, all at once: each gets a
server of their own, as the hub's interface for programs starts it, and then runs a chapter from top
to bottom in it, as *Run All Cells* does: over the websocket of the server, past the proxy. There is
no browser, so what JupyterLab's page asks for besides is not in the figures.

Times are what a student waits when all come at once, and depend on what else the machine does.
Processor seconds and memory hardly do. Memory is taken when all have run their chapter, with every
server and kernel still there. PSS divides a page of memory among the processes that share it: the
sum over a class is what the machine needs. RSS is what a student alone would need. Linux only.
"""

import argparse
import json
import os
import platform
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from statistics import median

import nbformat
from websocket import WebSocketException

from bench.hub.ordering import MEASURED
from bench.hub.running import PROXY_PROGRAM, ROOT, Hub, HubError, processes_of
from bench.hub.student import Student
from bench.hub.usage import Usage, usage_of

CHAPTER = ROOT / "chapters" / "03_queries_and_keys.ipynb"


def arguments():
    parser = argparse.ArgumentParser(prog="python -m bench.hub", description=__doc__)
    parser.add_argument("--students", type=int, default=20, metavar="N", help="at once: 20")
    parser.add_argument("--chapter", type=Path, default=CHAPTER, metavar="NOTEBOOK")
    parser.add_argument(
        "--record", action="store_true", help=f"keep the figures in {MEASURED.name}/"
    )
    return parser


def class_of(n_students, chapter):
    """The figures of a class on a hub of its own, and what went wrong in it."""
    notebook = nbformat.read(chapter, as_version=4)
    # The hub ends first, also when the bench is stopped: that ends the students' waiting.
    with ThreadPoolExecutor(n_students) as pool, Hub() as hub:
        students = [Student(hub, f"student-{n:03d}") for n in range(1, n_students + 1)]
        starts = list(pool.map(Student.start, students))
        before = [student.usage() for student in students]
        runs = list(pool.map(lambda each: each.run(chapter.name, notebook), students))
        after = [student.usage() for student in students]
        if not hub.ask("GET", "/hub/api/").ok:
            raise HubError(f"JupyterHub is gone:\n{hub.last_lines()}")
        theirs = {process for student in students for process in student.processes()}
        middle = usage_of(set(processes_of(hub.folder)) - theirs)
    errors = [f"{each.name}: {error}" for each in students for error in each.errors]
    measured = {
        "student": figures(starts, runs, before, after),
        "hub": {"PSS (MB)": megabytes(middle.pss), "processor (s)": round(middle.cpu, 1)},
        "errors": len(errors),
    }
    return measured, errors


def figures(starts, runs, before, after):
    """What a student waits and takes: the median and the worst, of each kind."""
    started = [sum(each.values(), Usage()) for each in before]
    done = [sum(each.values(), Usage()) for each in after]
    running = [then.cpu - first.cpu for first, then in zip(started, done, strict=True)]
    return {
        "start (s)": spread(starts),
        "run (s)": spread(runs),
        "processor, start (s)": spread([usage.cpu for usage in started]),
        "processor, run (s)": spread(running),
        "server, PSS (MB)": spread([megabytes(each["server"].pss) for each in after]),
        "kernel, PSS (MB)": spread([megabytes(each["kernel"].pss) for each in after]),
        "server and kernel, PSS (MB)": spread([megabytes(usage.pss) for usage in done]),
        "server and kernel, RSS (MB)": spread([megabytes(usage.rss) for usage in done]),
    }


def megabytes(n_bytes):
    return round(n_bytes / 1e6, 1)


def spread(values):
    return {"median": round(median(values), 1), "worst": round(max(values), 1)}


def circumstances(n_students, chapter):
    """When and on what: the load is that of the minutes before."""
    return {
        "date": date.today().isoformat(),
        "students": n_students,
        "chapter": chapter.name,
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def processor():
    """The name that Linux gives the processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")


def report(measured):
    """The figures as text."""
    told = ", ".join(f"{name} {value}" for name, value in measured["circumstances"].items())
    lines = [told, f"  {'a student':<28}{'median':>10}{'worst':>10}"]
    for name, values in measured["student"].items():
        lines.append(f"  {name:<28}{values['median']:>10.1f}{values['worst']:>10.1f}")
    lines += [f"  hub and proxy, {name}: {value:.1f}" for name, value in measured["hub"].items()]
    return "\n".join([*lines, f"  errors: {measured['errors']}"])


def main(given=None):
    """Measure and print; the exit status."""
    options = arguments().parse_args(given)
    if not PROXY_PROGRAM.exists():
        raise SystemExit("JupyterHub and its proxy are not installed: `make bench-hub` does that")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the hub is ended, too
    around = circumstances(options.students, options.chapter)
    try:
        measured, errors = class_of(options.students, options.chapter)
    except (HubError, OSError, WebSocketException) as error:
        raise SystemExit(str(error)) from error
    measured = {"circumstances": around} | measured
    print(report(measured), *errors, sep="\n")
    if options.record:
        file = (MEASURED / options.chapter.name).with_suffix(".json")
        file.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
