"""The reader's own head, piece by piece: kept in `my_head.py`, and found again.

A piece is the function, or the class, that solved an exercise. The file is a module that can be
read and edited; between a piece's two marker lines the next right answer is written, nothing
else is touched.
"""

import ast
import inspect
import linecache
import os
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import attnlib as al
from attnlib.exercises.checking import Exercise
from attnlib.exercises.functions import Raised

FILE = "my_head.py"
FOLDER = "ATTNLIB_PIECES"  # environment variable; default: the current folder
HEADER = '''"""My own attention head, piece by piece.

The checks of "Attention, Hands On" write a piece between its two marker lines when it is
right, and again when it is solved again. Everything else in this file is yours.
"""

import numpy as np

import attnlib as al
'''


# What a class may use besides NumPy and attnlib: the pieces that stand before it in the file.
BEFORE_CLASS = """import types
from types import SimpleNamespace

from attnlib.exercises import my_pieces

pieces = my_pieces(before="{name}")


"""


@dataclass(frozen=True)
class Place:
    """A piece's exercise, and where it stands: in the book and among the pieces."""

    exercise: Exercise
    chapter: int
    number: int  # of the exercise in its chapter
    position: int  # among the pieces, from 1
    names: tuple[str, ...]  # of all pieces, in order

    @property
    def name(self):
        return self.exercise.piece

    @property
    def where(self):
        return f"chapter {self.chapter}, exercise {self.number}"


def places(chapters):
    """A `Place` for each exercise that gives a piece, by the exercise's id, in order."""
    found = [
        (exercise, i, j)
        for i, chapter in enumerate(chapters, start=1)
        for j, exercise in enumerate(chapter.EXERCISES, start=1)
        if exercise.piece
    ]
    names = tuple(exercise.piece for exercise, _, _ in found)
    return {
        exercise.id: Place(exercise, i, j, position, names)
        for position, (exercise, i, j) in enumerate(found, start=1)
    }


def path():
    return Path(os.environ.get(FOLDER) or ".") / FILE


# --- keeping


class NotKept(Exception):
    """Why a right answer is not kept, as the end of a sentence, and what to do."""


def keep(place, answer):
    """Write a right answer into the file; a sentence about what became of it."""
    try:
        text = block(place, kept_source(place, answer))
        write(placed(place, text, existing()))
    except NotKept as reason:
        return f"Not kept for your own head: {reason}"
    except OSError as error:
        return f"Not kept for your own head: {FILE} cannot be written ({error.strerror})."
    except UnicodeError:
        return f"Not kept for your own head: {FILE} is not a text in UTF-8."
    count = f"piece {place.position} of {len(place.names)} of your own head"
    return f"Kept as `{place.name}` in {FILE}: {count}."


def kept_source(place, answer):
    """The source of the answer, which gives the piece on its own; raises `NotKept`."""
    source, name = source_of(answer)
    if name in place.names and name != place.name:
        raise NotKept(
            f"its name, `{name}`, is that of another piece. Call it `{place.name}`, "
            "and check it again."
        )
    kind = "class" if isinstance(answer, type) else "function"
    if kind == "class":
        source = BEFORE_CLASS.format(name=place.name) + source
    if name != place.name:
        source += f"\n\n{place.name} = {name}"
    if trouble := trouble_alone(place, source):
        raise NotKept(
            f"on its own, without the rest of your notebook, it {trouble}. Put what it uses "
            f"inside the {kind}, and check it again."
        )
    return source


def source_of(answer):
    """The source and the name of a class, a function or `name = lambda ...`."""
    read = class_source if isinstance(answer, type) else inspect.getsource
    try:
        source = textwrap.dedent(read(answer)).strip()
        (statement,) = ast.parse(source).body
    except Exception:  # an answer that is an object may run code of its own here
        statement = None
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return source, statement.name
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
        (target, *_) = statement.targets
        if isinstance(target, ast.Name):
            return source, target.id
    raise NotKept(
        "its source cannot be read. Define it with `def` in a cell of its own, and pass its name "
        "to `check`."
    )


def class_source(answer):
    """The lines of a class, found by its methods: `inspect` finds no class of a notebook."""
    codes = [each.__code__ for each in vars(answer).values() if inspect.isfunction(each)]
    for code in codes:
        lines = linecache.getlines(code.co_filename)
        for node in ast.walk(ast.parse("".join(lines))):
            if not isinstance(node, ast.ClassDef) or node.name != answer.__name__:
                continue
            if node.lineno < code.co_firstlineno <= node.end_lineno:
                first = min(each.lineno for each in (node, *node.decorator_list))
                return "".join(lines[first - 1 : node.end_lineno])
    raise OSError("no source")


def trouble_alone(place, source):
    """What goes wrong with a piece that has nothing but NumPy and attnlib; or ""."""
    namespace = {"__name__": Path(FILE).stem, "np": np, "al": al}
    try:
        exec(compile(source, FILE, "exec"), namespace)
    except (Exception, SystemExit) as error:
        return f"stops with {Raised.of(error)}"
    attempt = place.exercise.examine(namespace.get(place.name))
    if attempt.solved:
        return ""
    if reason := attempt.facts.get("reason"):
        return f"is not right: {reason}"
    raised = isinstance(attempt.outcome, Raised)
    return f"stops with {attempt.outcome}" if raised else "gives another result"


def marker(name):
    """The beginning of the first line of a piece."""
    return f"# --- {name}: "


def block(place, source):
    title = f"{place.where}, {place.exercise.title}"
    return f"{marker(place.name)}{title}\n{source}\n# --- end of {place.name}\n"


def placed(place, text, file):
    """`file` with the block `text` in place of the piece's former one, or in its order.

    A former block without its last line, or with another piece's marker inside, is left alone.
    """
    former = re.compile(
        rf"^{marker(place.name)}.*\n(?:(?!# --- ).*\n)*# --- end of {place.name}(?:\n|\Z)", re.M
    )
    if found := list(former.finditer(file)):
        start, end = found[-1].span()  # of two definitions the last one counts
        return file[:start] + text + file[end:]
    later = "|".join(place.names[place.position :])
    following = re.search(rf"^# --- (?:{later}): ", file, re.M) if later else None
    if following:
        return file[: following.start()] + f"{text}\n\n" + file[following.start() :]
    return file.rstrip("\n") + f"\n\n\n{text}"


def existing():
    file = path()
    return file.read_text(encoding="utf-8") if file.exists() else HEADER


def write(text):
    """Replace the file in one step, so that a full disk leaves the old one."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{FILE}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


# --- finding again


_running: list[str | None] = []  # `before` of the runs of the file that are under way


@dataclass(frozen=True)
class Found:
    """A piece: the function, and whose it is, in words."""

    place: Place
    function: object
    whose: str


class Pieces:
    """The pieces of a head as attributes: the reader's own, else attnlib's."""

    def __init__(self, found, problem=""):
        self._found, self._problem = tuple(found), problem
        for each in self._found:
            setattr(self, each.place.name, each.function)

    def __repr__(self):
        rows = [(each.place.name, each.place.where, each.whose) for each in self._found]
        widths = [max(len(row[i]) for row in rows) for i in range(2)]
        lines = [
            f"{name:<{widths[0]}}  {where:<{widths[1]}}  {whose}" for name, where, whose in rows
        ]
        return "\n".join(lines + ([self._problem] if self._problem else []))


def load(places, before=None):
    """The `Pieces`, all or those before one: each is checked before it counts as the reader's."""
    namespace, problem = run_file(before)
    names = [place.name for place in places.values()]
    wanted = list(places.values())[: names.index(before) if before else None]
    return Pieces((find(place, namespace) for place in wanted), problem)


def find(place, namespace):
    """The reader's piece if there is a right one in `namespace`, else attnlib's own."""
    stands_in = "attnlib's stands in"
    own = namespace.get(place.name)
    if own is not None and place.exercise.solved_by(own):
        return Found(place, own, "yours")
    if own is not None:
        stands_in += f": the one in {FILE} does not pass its check"
    return Found(place, place.exercise.reference, stands_in)


def run_file(before=None):
    """What the file defines, and what is wrong with it; an exception gives nothing at all.

    Only what stands above the piece `before`, if one is named. A file that asks for its own
    pieces gets none of itself while it runs.
    """
    if before in _running:
        return {}, ""
    _running.append(before)
    try:
        if not path().exists():
            return {}, ""
        text, namespace = existing(), {"__name__": Path(FILE).stem}
        if before is not None:
            text = re.split(rf"^{marker(before)}", text, maxsplit=1, flags=re.M)[0]
        with np.errstate(all="ignore"):
            exec(compile(text, FILE, "exec"), namespace)
    except OSError as error:
        return {}, f"{FILE} cannot be read: {error.strerror}"
    except (Exception, SystemExit) as error:
        return {}, f"{FILE} cannot be used: {Raised.of(error)}"
    finally:
        _running.remove(before)
    return namespace, ""
