"""Whatever lies in a folder of submissions gets a line, and ends nothing."""

import json
import os
import socket
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from attnlib.classroom import notebooks
from attnlib.classroom.__main__ import main
from attnlib.classroom.folder import IGNORED, NOTEBOOK, UNREADABLE, found_in
from tests.classroom.submitting import HALF, in_a_thread

ESSAY = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
TEXT = nbformat.writes(ESSAY)
NO_JUPYTER = "not a notebook that Jupyter could open: "


def changed(**entries):
    return json.dumps({**json.loads(TEXT), **entries}).encode()


def cells_last():
    """As Colab writes it: what may be long stands before the cells."""
    notebook = json.loads(changed(metadata={"widgets": "w" * 200_000}))
    cells = notebook.pop("cells")
    start = {"nbformat": notebook.pop("nbformat"), **notebook}
    return json.dumps({**start, "cells": cells}).encode()


def deep(n):
    return b"[" * n + b"]" * n


READ = {
    "Kim.IPYNB": TEXT.encode(),
    "lee.ipynb.txt": TEXT.encode(),
    "max.ipynb.json": TEXT.encode(),
    "ann (1).ipynb": TEXT.encode(),
    "bob.ipynb(2)": TEXT.encode(),
    "eve.txt": TEXT.encode(),
    "byte order.txt": b"\xef\xbb\xbf" + TEXT.encode(),
    "utf-16.json": TEXT.encode("utf-16"),
    "utf-16 without a mark.txt": TEXT.encode("utf-16-le"),
    "cells last.txt": cells_last(),
    "cells behind much else.txt": json.dumps(
        {"metadata": {"notes": "so " * 40_000}, "cells": [], "nbformat": 4, "nbformat_minor": 5}
    ).encode(),
    "byte order.ipynb": b"\xef\xbb\xbf" + TEXT.encode(),
    "utf-16.ipynb": TEXT.encode("utf-16"),
    "half.ipynb": TEXT.replace("1 / 0", HALF).encode("utf-8", "surrogatepass"),
    "escaped half.ipynb": TEXT.replace("1 / 0", r"\ud83d").encode(),
    "metadata null.ipynb": changed(metadata=None),
    "cell metadata.ipynb": changed(
        cells=[{"cell_type": "code", "source": ["1"], "metadata": None, "outputs": 3}]
    ),
    "id of another version.ipynb": changed(nbformat_minor=4),
    "no cells.ipynb": changed(cells=[]),
    "nbformat 3.ipynb": nbformat.v3.writes_json(nbformat.v3.new_notebook()).encode(),
    f"{'long' * 60}.ipynb": TEXT.encode(),
}
REFUSED = {
    "empty.ipynb": (b"", "an empty file"),
    "blank.ipynb": (b" \n", "an empty file"),
    "cut.ipynb": (b'{"cells": [', NO_JUPYTER + "it is no JSON ("),
    "cut.ipynb.txt": (b'{"cells": [', NO_JUPYTER + "it is no JSON ("),
    "latin.ipynb": (b'{"cells": "\xfc"}', NO_JUPYTER + "it is no text in UTF-8"),
    "binary.ipynb": (b"\xff\xfe\x00", NO_JUPYTER + "it is no text in UTF-16"),
    "page.ipynb": (b"<html></html>", NO_JUPYTER + "it is no JSON ("),
    "list.ipynb": (b"[]", NO_JUPYTER + "a list came"),
    "number.ipynb": (b"3", NO_JUPYTER + "a number came"),
    "null.ipynb": (b"null", NO_JUPYTER + "null came"),
    "digits.ipynb": (b"9" * 10_000, NO_JUPYTER + "it is no JSON ("),
    "object.ipynb": (b"{}", NO_JUPYTER + 'it has no "nbformat"'),
    "nbformat 5.ipynb": (changed(nbformat=5), NO_JUPYTER + "its nbformat is 5, and 1 to 4"),
    "nbformat four.ipynb": (changed(nbformat="4"), NO_JUPYTER + "its nbformat is '4'"),
    "missing.ipynb": (b'{"nbformat": 4}', NO_JUPYTER + 'it has no list of "cells"'),
    "cells.ipynb": (changed(cells={"a": 1}), NO_JUPYTER + 'it has no list of "cells"'),
    "cell.ipynb": (changed(cells=[1]), NO_JUPYTER + "its cell 1 is no cell"),
    "source.ipynb": (
        changed(cells=[{"cell_type": "code", "source": 3, "metadata": {}}]),
        NO_JUPYTER + "its cell 1 has no text",
    ),
    "worksheets.ipynb": (b'{"nbformat": 3, "worksheets": 3}', NO_JUPYTER),
    "deep.ipynb": (deep(100_000), NO_JUPYTER + "its brackets are nested too deeply"),
    "deep cells.ipynb": (  # JSON can be that deep from Python 3.13 on
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "outputs": '
        + deep(2000)
        + b"}]}",
        NO_JUPYTER + "its brackets are nested too deeply",
    ),
}


@pytest.fixture
def folder(tmp_path):
    """A folder with everything that is no ordinary file, beside a notebook in a folder."""
    folder = tmp_path / "class"
    (folder / "kim" / "week 1").mkdir(parents=True)
    (folder / "kim" / "week 1" / "kim.ipynb").write_text(TEXT, encoding="utf-8")
    (folder / "folder.ipynb").mkdir()
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "kim-checkpoint.ipynb").write_text(TEXT)
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._kim.ipynb").write_bytes(b"\x00\x05\x16\x07")
    (folder / ".ipynb").write_text(TEXT)
    (folder / "kim.py").write_text("print()")
    (folder / "numbers.json").write_text('{"a": 1}')
    with zipfile.ZipFile(folder / "all.ipynb.zip", "w") as archive:
        archive.writestr("lee.ipynb", TEXT)
    return folder


def lines(folder):
    return {str(each.path): (each.kind, each.reason) for each in found_in(folder)}


class TestWhatLiesThere:
    def test_notebooks_are_found_and_all_else_has_a_reason(self, folder):
        hidden = "hidden: rename it if it is a submission"
        assert lines(folder) == {
            ".ipynb": (IGNORED, hidden),
            ".ipynb_checkpoints": (IGNORED, hidden),
            "__MACOSX": (IGNORED, hidden),
            "all.ipynb.zip": (UNREADABLE, "an archive: unpack it, and run the command again"),
            "folder.ipynb": (IGNORED, "an empty folder"),
            "kim/week 1/kim.ipynb": (NOTEBOOK, ""),
            "kim.py": (IGNORED, "no notebook"),
            "numbers.json": (IGNORED, "no notebook"),
        }

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
    def test_links_pipes_and_sockets_are_told_and_not_opened(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)  # the name of a socket must be short
        Path("outside.ipynb").write_text(TEXT, encoding="utf-8")
        Path("class").mkdir()
        for name, target in {
            "broken": "nowhere",
            "loop": "loop",
            "out": "../outside.ipynb",
            "up": "..",
        }.items():
            Path("class", f"{name}.ipynb").symlink_to(target)
        os.mkfifo("class/pipe.ipynb")
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("class/socket.ipynb")
            found = lines(Path("class"))
        link = (UNREADABLE, "a link, and links are not followed: put the file itself there")
        special = (UNREADABLE, "no file, but a pipe, a socket or a device")
        assert [found.pop(f"{name}.ipynb") for name in ("broken", "loop", "out", "up")] == [
            link
        ] * 4
        assert found == {"pipe.ipynb": special, "socket.ipynb": special}

    def test_a_folder_deeper_than_python_calls_is_looked_through(self, tmp_path, monkeypatch):
        """Simulated: few programs can delete such a folder."""
        depth, a_folder = len(tmp_path.parts) + sys.getrecursionlimit(), os.lstat(tmp_path)
        monkeypatch.setattr(os, "lstat", lambda path: a_folder)
        monkeypatch.setattr(os, "listdir", lambda path: ["d"] * (len(path.parts) < depth))
        (found,) = found_in(tmp_path)
        assert found.kind == IGNORED and found.reason == "an empty folder"

    def test_what_may_not_be_read_is_told(self, folder, monkeypatch):
        """Simulated: who runs as root may read everything."""
        listdir = os.listdir

        def listed(path):
            if Path(path).name == "kim":
                raise PermissionError(13, "Permission denied")
            return listdir(path)

        monkeypatch.setattr(os, "listdir", listed)
        assert lines(folder)["kim"] == (UNREADABLE, "cannot be looked into: Permission denied")


class TestReading:
    @pytest.mark.parametrize("name", READ)
    def test_a_notebook_is_read_under_any_name_in_any_unicode(self, name, tmp_path):
        (tmp_path / name).write_bytes(READ[name])
        assert [each.kind for each in found_in(tmp_path)] == [NOTEBOOK]
        assert notebooks.read(tmp_path / name).nbformat == 4

    @pytest.mark.parametrize("name", REFUSED)
    def test_what_is_none_has_a_reason_of_one_line(self, name, tmp_path):
        content, reason = REFUSED[name]
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError) as refused:
            notebooks.read(tmp_path / name)
        assert str(refused.value).startswith(reason) and "\n" not in str(refused.value)

    def test_what_is_nested_too_deeply_is_not_written(self):
        nested = []
        for _ in range(2000):
            nested = [nested]
        notebook = nbformat.NotebookNode(ESSAY, metadata={"deep": nested})
        with pytest.raises(ValueError, match=r"its brackets are nested too deeply$"):
            notebooks.encoded(notebook)

    def test_a_huge_file_is_not_read(self, tmp_path):
        with open(tmp_path / "huge.ipynb", "wb") as file:
            file.truncate(10**9)
        with pytest.raises(ValueError, match=r"^larger than 100 MB: clear its outputs"):
            notebooks.read(tmp_path / "huge.ipynb")


class TestTheWholeFolder:
    def test_everything_has_one_line_and_the_status_tells_that_some_could_not_be_run(
        self, folder, capsys
    ):
        for name, content in READ.items():
            (folder / name).write_bytes(content)
        for name, (content, _) in REFUSED.items():
            (folder / name).write_bytes(content)
        assert in_a_thread(main, ["check", "--unsafe", str(folder)]) == 1
        printed = capsys.readouterr()
        nothing, _, failed = printed.out.partition("Could not be run:")
        assert nothing.startswith("Nothing to check:")
        assert nothing.count("no exercise of the book in it") == len(READ) + 1
        for name in ("kim.py: no notebook", ".ipynb_checkpoints: hidden", "folder.ipynb: an empty"):
            assert f"\n  {name}" in nothing
        assert all(f"\n  {name}: " in failed for name in (*REFUSED, "all.ipynb.zip"))
        progress = [line for line in printed.err.splitlines() if line.startswith("[")]
        assert len(progress) == len(READ) + len(REFUSED) + 1

    @pytest.mark.skipif(os.name == "nt", reason="names on Windows are Unicode")
    def test_a_name_that_is_no_unicode_gets_a_line_too(self, tmp_path, capsys):
        with open(os.fsencode(tmp_path) + b"/\xff.ipynb", "w") as file:
            file.write(TEXT)
        csv = tmp_path.with_suffix(".csv")
        assert in_a_thread(main, ["check", "--unsafe", str(tmp_path), "--csv", str(csv)]) == 0
        assert r"  \udcff.ipynb: no exercise of the book in it" in capsys.readouterr().out
        assert r"\udcff.ipynb,,,nothing to check," in csv.read_text(encoding="utf-8")
