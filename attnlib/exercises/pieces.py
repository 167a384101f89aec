"""The reader's own head, piece by piece: kept in `my_head.py`, and found again.

A piece is the function, or the class, that solved an exercise. The file is a module that can be
read and edited; between a piece's two marker lines the next right answer is written, nothing
else is touched.
"""

import io
import os
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import attnlib as al
from attnlib.exercises import sources
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


IN_THE_FILE = {"np": np, "al": al}  # what its header imports


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


def keep(places, exercise_id, answer, around):
    """Write a right answer into the file; a sentence about what became of it.

    `around` are the names of the notebook in which it was checked.
    """
    place = places[exercise_id]
    try:
        source = kept_source(place, answer, around)
        file = placed(place, block(place, source), existing())
        if clash := clashing(places, place, source, file):
            raise NotKept(
                f"`{clash}` is the name of something else in {FILE}, which would change with it. "
                "Give yours another name, and check it again."
            )
        write(file)
    except NotKept as reason:
        return f"Not kept for your own head: {reason}"
    except OSError as error:
        return f"Not kept for your own head: {FILE} cannot be written ({error.strerror})."
    except UnicodeError:
        return f"Not kept for your own head: {FILE} is not a text in UTF-8."
    count = f"piece {place.position} of {len(place.names)} of your own head"
    return f"Kept as `{place.name}` in {FILE}: {count}."


def kept_source(place, answer, around):
    """The source of the answer, which gives the piece on its own; raises `NotKept`."""
    source, name = with_what_it_uses(place, answer, around)
    if name in place.names and name != place.name:
        raise NotKept(
            f"its name, `{name}`, is that of another piece. Call it `{place.name}`, "
            "and check it again."
        )
    if name != place.name:
        source += f"\n\n{place.name} = {name}"
    if trouble := trouble_alone(place, source):
        kind = "class" if isinstance(answer, type) else "function"
        raise NotKept(
            f"on its own, without the rest of your notebook, it {trouble}. Put what it uses "
            f"inside the {kind}, and check it again."
        )
    return source


def with_what_it_uses(place, answer, around):
    """The source of the answer and of what it uses, and its name; raises `NotKept`."""
    own = sources.own_names(answer)
    own = {} if own.get("__spec__") else own  # of a module: what it uses stays there
    for names in (around, own):
        texts = sources.texts(names, answer)
        if found := sources.defined(answer, names, texts):
            break
    else:
        names, texts = own, sources.texts(own, answer)
        found = sources.inspected(answer)
    if not found:
        raise NotKept(
            "its source cannot be read. Define it with `def` in a cell of its own, and pass its "
            "name to `check`."
        )
    source, name = found
    known = {key for key, value in IN_THE_FILE.items() if names.get(key, value) is value}
    return sources.with_needs(source, known | {name}, names, texts, pieces_before(place)), name


def pieces_before(place):
    """How pieces of the notebook are made in the file: those that stand before this one."""

    def make(name):
        call = f'my_pieces(before="{place.name}")'
        return ["from attnlib.exercises import my_pieces", f"{name} = {call}"]

    return lambda value: make if isinstance(value, Pieces) else None


def clashing(places, place, source, file):
    """The name of a need of this piece that spoils another piece in `file`, or None."""
    rest = without_block(place, existing())
    shared = sorted((sources.bound(source) & sources.bound(rest)) - {place.name})
    if not shared:
        return None
    before, after = (right_pieces(places, text) for text in (existing(), file))
    return shared[0] if before and (before | {place.name}) - after else None


def right_pieces(places, text):
    """The names of the pieces that are right when the file has this text."""
    namespace, _ = run_text(text)
    return {
        place.name
        for place in places.values()
        if namespace.get(place.name) is not None and place.exercise.solved_by(namespace[place.name])
    }


def trouble_alone(place, source):
    """What goes wrong with a piece that has nothing but NumPy and attnlib; or ""."""
    namespace = {"__name__": Path(FILE).stem, **IN_THE_FILE}
    try:
        with redirect_stdout(io.StringIO()):
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
    if found := list(former_blocks(place, file)):
        start, end = found[-1].span()  # of two definitions the last one counts
        return file[:start] + text + file[end:]
    later = "|".join(place.names[place.position :])
    following = re.search(rf"^# --- (?:{later}): ", file, re.M) if later else None
    if following:
        return file[: following.start()] + f"{text}\n\n" + file[following.start() :]
    return file.rstrip("\n") + f"\n\n\n{text}"


def former_blocks(place, file):
    """The matches of this piece's blocks in `file`."""
    pattern = rf"^{marker(place.name)}.*\n(?:(?!# --- ).*\n)*# --- end of {place.name}(?:\n|\Z)"
    return re.finditer(pattern, file, re.M)


def without_block(place, file):
    for found in reversed(list(former_blocks(place, file))):
        file = file[: found.start()] + file[found.end() :]
    return file


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


_loading: list[str | None] = []  # `before` of the loads that are under way


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
    """The `Pieces`, all or those before one: each is checked before it counts as the reader's.

    A file or a piece that asks for its own pieces, while they are loaded, gets none of itself.
    """
    names = [place.name for place in places.values()]
    wanted = list(places.values())[: names.index(before) if before else None]
    if before in _loading:
        return Pieces([find(place, {}) for place in wanted])
    _loading.append(before)
    try:
        namespace, problem = run_file(before)
        return Pieces([find(place, namespace) for place in wanted], problem)
    finally:
        _loading.remove(before)


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

    Only what stands above the piece `before`, if one is named.
    """
    if not path().exists():
        return {}, ""
    try:
        text = existing()
    except OSError as error:
        return {}, f"{FILE} cannot be read: {error.strerror}"
    except UnicodeError as error:
        return {}, f"{FILE} cannot be used: {Raised.of(error)}"
    if before is not None:
        text = re.split(rf"^{marker(before)}", text, maxsplit=1, flags=re.M)[0]
    return run_text(text)


def run_text(text):
    """What a text of the file defines, and what is wrong with it."""
    namespace = {"__name__": Path(FILE).stem}
    try:
        with np.errstate(all="ignore"):
            exec(compile(text, FILE, "exec"), namespace)
    except (Exception, SystemExit) as error:
        return {}, f"{FILE} cannot be used: {Raised.of(error)}"
    return namespace, ""
