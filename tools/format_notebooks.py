"""Keep notebooks fit for git: text and nothing that changes from run to run.

    python tools/format_notebooks.py             rewrite every notebook of the book
    python tools/format_notebooks.py --check     say what is wrong, change nothing
    python tools/format_notebooks.py --execute   run them first and store fresh text outputs

Kept: sources, cell ids, tags, plain text outputs. Dropped: images, HTML, widget views and
state, execution counts, every other metadata. Refused: outputs that are errors or warnings.
"""

import argparse
import copy
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
BOOK = ("index.ipynb", "chapters/*.ipynb", "back/*.ipynb")

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    # What `nbconvert --to script` asks for; not the version, which differs between machines.
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
KERNEL_TIMEOUT = 600  # seconds for one cell
LONGEST_ID = 64  # nbformat's own limit


class NotebookError(ValueError):
    """A notebook that no formatter can mend; the message says which cell and why."""


def clean(notebook):
    """A copy of `notebook` (nbformat 4.5) with what belongs into git and nothing else.

    Raises:
        NotebookError: a cell stores an error or something written to standard error.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat_minor = max(notebook.nbformat_minor, 5)
    taken = set()
    for cell in notebook.cells:
        clean_cell(cell)
        cell.id = unique_id(cell, taken)
        taken.add(cell.id)
    return notebook


def clean_cell(cell):
    """Clean one cell in place."""
    lines = [line.rstrip() for line in cell.source.split("\n")]
    cell.source = "\n".join(lines).strip("\n")
    tags = cell.metadata.get("tags", [])
    cell.metadata = nbformat.from_dict({"tags": list(tags)} if tags else {})
    cell.pop("attachments", None)
    if cell.cell_type == "code":
        cell.execution_count = None
        kept = [clean_output(output, cell) for output in cell.outputs]
        cell.outputs = merge_streams([output for output in kept if output])


def clean_output(output, cell):
    """The text of one output of `cell`, or None when it has none."""
    first_line = cell.source.partition("\n")[0]
    if output.output_type == "error":
        raise NotebookError(f"the cell {first_line!r} stores an error ({output.ename}): mend it")
    if output.output_type == "stream":
        if output.name != "stdout":
            raise NotebookError(f"the cell {first_line!r} writes to standard error: mend it")
        return output
    if "text/plain" not in output.data:
        return None
    output.data = nbformat.from_dict({"text/plain": output.data["text/plain"]})
    output.metadata = nbformat.from_dict({})
    if output.output_type == "execute_result":
        output.execution_count = None
    return output


def merge_streams(outputs):
    """`outputs` with neighbouring pieces of standard output joined, as Jupyter shows them."""
    merged = []
    for output in outputs:
        if merged and output.output_type == merged[-1].output_type == "stream":
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def unique_id(cell, taken):
    """The cell's own id, or one made from its first words, different from all `taken`."""
    own = cell.get("id")
    if own and own not in taken:
        return own
    words = re.findall(r"[a-z0-9]+", cell.source.lower())[:5]
    stem = "-".join(words)[: LONGEST_ID - 4] or cell.cell_type
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (stem, *numbered) if name not in taken)


def formatted(text):
    """The text of a notebook file as it belongs into git.

    Raises:
        NotebookError: it is no notebook, or one that `clean` refuses.
    """
    try:
        # nbformat.reads would mend missing and double ids by itself, at random.
        read = nbformat.v4.reads(text)
    except (ValueError, TypeError, AttributeError) as error:
        raise NotebookError("it is no notebook that Jupyter could open") from error
    notebook = clean(read)
    nbformat.validate(notebook)
    return nbformat.v4.writes(notebook) + "\n"


def execute(path):
    """Run the notebook at `path` in its own folder and store what it printed.

    The pieces of a head that a reader has kept stay out of it: an empty folder stands for theirs.
    """
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=KERNEL_TIMEOUT)
    with tempfile.TemporaryDirectory() as pieces:
        client.execute(cwd=str(path.parent), env={**os.environ, "ATTNLIB_PIECES": pieces})
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def notebooks(root=ROOT):
    """The notebooks of the book, sorted."""
    return sorted(path for pattern in BOOK for path in Path(root).glob(pattern))


def process(path, check, run=False):
    """Format one notebook, or only look when `check`; the complaint about it, or None.

    `run` it first, if that is asked for.
    """
    from nbclient.exceptions import CellExecutionError

    try:
        before = path.read_text(encoding="utf-8")
        after = formatted(before)
        if run:
            execute(path)
            after = formatted(path.read_text(encoding="utf-8"))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (NotebookError, CellExecutionError) as error:
        return str(error)
    if check and after != before:
        return "not formatted: run `make format`"
    if run or after != before:
        path.write_text(after, encoding="utf-8")
    return None


def main(arguments=None):
    """Run the command line; the number of notebooks that are not as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="default: every notebook of the book")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if it would")
    parser.add_argument("--execute", action="store_true", help="run the notebooks first")
    options = parser.parse_args(arguments)
    if options.check and options.execute:
        parser.error("--check changes nothing, --execute does: choose one")
    failures = 0
    for path in options.paths or notebooks():
        complaint = process(path, options.check, options.execute)
        if complaint:
            failures += 1
            print(f"{path}: {complaint}", file=sys.stderr)
    return failures


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
