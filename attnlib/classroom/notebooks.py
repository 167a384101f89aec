"""Notebook files, read and written, and which chapter one of them is."""

import json
import re
import stat
import warnings
from collections import Counter

import nbformat
from nbformat.converter import convert

from attnlib.exercises import chapters

CHECKED = re.compile(r"""\b(?:check|grade)\(\s*(?:exercise_id\s*=\s*)?["']([\w-]+)["']""")
TITLE = re.compile(r"^#\s+(.+)$", re.MULTILINE)
VERSION = 4  # of the format, that everything else is written for
LARGEST = 100  # MB of a file that is read at all
TOO_DEEP = "its brackets are nested too deeply"
KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}


def read(path):
    """The notebook at `path`, as far as it can be read: its cells have a type and a text.

    Raises `ValueError` that says why the file is none, or `OSError`.
    """
    content = parsed(bytes_of(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of cells without an id, which older notebooks have
            return converted(content)
    except Refused as reason:
        trouble = str(reason)
    except Exception as error:  # a file can hold anything
        trouble = first_line(error)
    raise ValueError(f"not a notebook that Jupyter could open: {trouble}")


class Refused(ValueError):
    """What a notebook lacks."""


def bytes_of(path):
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise ValueError("no file, but a pipe, a socket or a device")
    if found.st_size > LARGEST * 1e6:
        raise ValueError(f"larger than {LARGEST} MB: clear its outputs, and save it again")
    if not (content := path.read_bytes()).strip():
        raise ValueError("an empty file")
    return content


def parsed(content):
    """What JSON, in UTF-8, UTF-16 or UTF-32, with or without a mark of order, stands for."""
    try:
        return json.loads(content)
    except RecursionError:
        trouble = TOO_DEEP
    except UnicodeDecodeError as error:
        trouble = f"it is no text in {error.encoding.upper()}"
    except Exception as error:  # a number of a million digits, memory
        trouble = f"it is no JSON ({first_line(error)})"
    raise ValueError(f"not a notebook that Jupyter could open: {trouble}")


def converted(content):
    """The notebook that `content` holds, in the version that all else is written for."""
    if not isinstance(content, dict):
        raise Refused(f"{KINDS.get(type(content), 'null')} came, and no notebook")
    if "nbformat" not in content:
        raise Refused('it has no "nbformat"')
    version = content["nbformat"]
    if type(version) is not int or version not in nbformat.versions:
        newest = max(nbformat.versions)
        raise Refused(f"its nbformat is {version!r:.20}, and 1 to {newest} can be read here")
    if version == VERSION:  # no more of it is looked at than what is needed
        notebook = nbformat.from_dict(content)
    else:
        notebook = convert(nbformat.versions[version].to_notebook_json(content), VERSION)
    check_cells(notebook.get("cells"))
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    return notebook


def check_cells(cells):
    """Raise `Refused` unless `cells` are cells with a type and a text."""
    if not isinstance(cells, list):
        raise Refused('it has no list of "cells"')
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
            raise Refused(f"its cell {number} is no cell")
        source = cell.get("source")
        parts = source if isinstance(source, list) else [source]
        if not all(isinstance(part, str) for part in parts):
            raise Refused(f"its cell {number} has no text")


def encoded(notebook):
    """The bytes of the notebook's file. Raises `ValueError` if it would be no valid one."""
    try:
        check_characters(notebook)
        nbformat.validate(notebook)
        return (nbformat.writes(notebook) + "\n").encode("utf-8")
    except Refused:
        raise
    except Exception as error:
        trouble = first_line(error)
    raise ValueError(f"not a notebook that Jupyter could open: {trouble}")


def check_characters(notebook):
    """Raise `Refused` if there is half of a character anywhere, which no file can hold."""
    for cell in notebook.cells:
        if not is_whole(json.dumps(cell, ensure_ascii=False)):
            raise Refused(
                f"the cell that begins {beginning(cell)} holds half of a character, perhaps of an "
                "emoji: delete it there, and in the cell's outputs"
            )
    if not is_whole(json.dumps(notebook, ensure_ascii=False)):
        raise Refused("its metadata hold half of a character: delete it there")


def is_whole(text):
    """Whether `text` has no half of a character that takes two (a lone surrogate)."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def whole(text):
    """`text` with a replacement character in place of each half of one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def beginning(cell):
    """The first line of a cell, quoted."""
    return repr((cell.source.strip().splitlines() or [""])[0])


def first_line(error):
    if isinstance(error, RecursionError):  # its own words are about Python
        return TOO_DEEP
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def checked(code):
    """The ids that the calls of `check`, or of `grade` in a test of nbgrader's, name."""
    return CHECKED.findall(code)


def chapter_of(notebook):
    """The name of the chapter whose exercises `notebook` checks, or whose title it bears; or None.

    Students rename their files, so the name of the file says nothing.
    """
    home = {each.id: name for name, part in chapters().items() for each in part}
    code = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    met = {id for source in code for id in checked(source) if id in home}
    titled = title_of(notebook)
    votes = Counter(home[id] for id in met)
    if titled in chapters():
        votes[titled] += 0.5  # decides between equals
    return max(votes, key=votes.get, default=None)


def title_of(notebook):
    """The first title in `notebook`, as `chapters` names chapters: "queries and keys"."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := TITLE.search(cell.source)):
            return " ".join(re.findall(r"\w+", found[1].lower()))
    return ""
