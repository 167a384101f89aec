"""One kernel bears what students' cells do to it, or the cell that ends it is named."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from attnlib.classroom import guest, kernel
from attnlib.classroom.kernel import Kernel, KernelLost, Limits
from tests.classroom.submitting import in_a_thread, sandbox_here

SECONDS = 120
SOON = 2  # for cells that never end

LOOP = "    while True:\n        time.sleep(0.1)\n"
BORNE = {
    "exit()": "exit()",
    "quit": "exit()",
    "raise SystemExit": "exit()",
    "get_ipython().kernel.do_shutdown(True)": "exit()",
    "input()": "input()",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "import asyncio\nraise asyncio.CancelledError": "CancelledError",
    "class Odd(BaseException): pass\nraise Odd": "Odd",
    "class Mute(Exception):\n    def __str__(self): 1 / 0\nraise Mute": "ZeroDivisionError",
    "raise ValueError('\\ud83d')": "ValueError",
    "raise type('\\ud83d', (Exception,), {})": "UnicodeEncodeError",
    "x = 1\0": "SyntaxError",
    "%autoawait off\nawait nothing": "SyntaxError",
    "raise ValueError('x' * 30_000_000)": "ValueError",
    "nothing": "NameError",
}
UNHURT = (
    "print('\\ud83d')",
    "'\\ud83d'",
    "print('x' * 10_000_000)",
    "float('nan')",
    "%autoawait on",
    "import sys; sys.stdout.close()",
    "import os; os.chdir('/')",
    "import os, shutil; shutil.rmtree(os.environ['ATTNLIB_PIECES'])",
    "%reset -f",
)
STOPPED = {
    "loop": "while True:\n    pass",
    "second word": f"import time\ntry:\n{LOOP}except KeyboardInterrupt:\n{LOOP}",
    "await": "import asyncio\nawait asyncio.Event().wait()",
    "process": "%%bash\nsleep 1000",
}
LOST = {
    "ended": ("import os\nos._exit(0)", "kernel ended", "ended its kernel"),
    "mute": ("import sys\nsys.stdout = None", "kernel spoilt", "left a kernel that runs nothing"),
    "deaf": (
        f"import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nif True:\n{LOOP}",
        "too long",
        "ran for more than 2 s and did not let itself be stopped",
    ),
}


def run(scratch, cells, seconds, sandbox=None, limits=None):
    """The troubles with some cells, run one after the other in one kernel.

    `seconds` are what each may take, or a function that tells it of a cell's code.
    """
    allowed = seconds if callable(seconds) else lambda code: seconds
    folder = scratch / "work"
    folder.mkdir()
    variables = {"ATTNLIB_PIECES": str(folder), "IPYTHONDIR": str(scratch)}

    async def all_of_them():
        async with Kernel(folder, variables, sandbox or sandbox_here(), limits or Limits()) as one:
            return [await one.run(code, allowed(code)) for code in cells]

    return in_a_thread(asyncio.run, all_of_them())


@pytest.fixture(scope="module")
def troubles(tmp_path_factory):
    """The trouble with each cell of the three kinds, all in one kernel, and with one after them."""
    cells, seconds = (
        (*BORNE, *UNHURT, *STOPPED.values(), "1 + 1"),
        {c: SOON for c in STOPPED.values()},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "INSISTING", 1.0)
        told = run(tmp_path_factory.mktemp("one"), cells, lambda code: seconds.get(code, SECONDS))
    return dict(zip(cells, told, strict=True))


def test_what_cells_raise_is_told(troubles):
    assert {code: troubles[code].reason for code in BORNE} == BORNE
    assert troubles["exit()"].sentence == "called exit()"
    assert troubles["nothing"].lacks == "nothing"
    assert not any(troubles[code].is_over for code in BORNE)


def test_what_cells_print_show_or_delete_hurts_no_other(troubles):
    assert [troubles[code] for code in UNHURT] == [None] * len(UNHURT)


def test_cells_that_never_end_are_stopped(troubles):
    stopped = [troubles[code] for code in STOPPED.values()]
    assert [(trouble.reason, trouble.is_over) for trouble in stopped] == 4 * [("too long", True)]
    assert stopped[0].sentence == f"was stopped after {SOON} s"


def test_after_all_of_them_the_next_one_is_run(troubles):
    assert troubles["1 + 1"] is None


@pytest.fixture(scope="module")
def lost(tmp_path_factory):
    """What became of the kernels of `LOST`, by name: they are waited for at the same time."""

    def run_one(name):
        with pytest.raises(KernelLost) as lost:
            run(tmp_path_factory.mktemp(name), [LOST[name][0]], SOON)
        return lost.value.trouble

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor() as pool:
        patch.setattr(kernel, "YIELDING", 2.0)
        return {name: pool.submit(run_one, name) for name in LOST}


@pytest.mark.parametrize("name", LOST)
def test_the_cell_that_ends_a_kernel_is_the_one_that_is_named(name, lost):
    _, reason, sentence = LOST[name]
    trouble = lost[name].result()
    assert trouble.reason == reason
    assert trouble.sentence.startswith(sentence)


def test_an_error_is_sent_in_full_up_to_a_length_and_in_ascii():
    said = {"ename": "E", "evalue": "\ud83d" * 10**6, "traceback": ["x" * 10**6]}
    sent = guest.pack({"status": "error", **said})
    assert len(sent) < 100_000 and json.loads(sent)["evalue"].startswith("\ud83d")
