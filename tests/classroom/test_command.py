"""The command line: what it is given, what it says, how it ends."""

import importlib.util

import pytest

from attnlib.classroom.__main__ import main
from tests.classroom.submitting import RIGHT, in_a_thread, stubs, write


def test_check_prints_the_report_and_writes_the_csv(tmp_path, capsys):
    write(stubs({"stub-scores": RIGHT}), tmp_path / "class" / "kim.ipynb")
    arguments = ["check", "--unsafe", str(tmp_path / "class"), "--csv", str(tmp_path / "class.csv")]
    assert in_a_thread(main, arguments) == 0
    printed = capsys.readouterr()
    assert "1 notebook: 1 solved, 0 wrong, 4 not attempted, 0 not reached." in printed.out
    warning, *progress = printed.err.splitlines()
    assert warning.startswith("Each notebook runs with your rights and your network")
    assert progress[-1] == "[1/1] kim.ipynb"
    assert "kim.ipynb,queries and keys,scores,solved," in (tmp_path / "class.csv").read_text()
    with pytest.raises(SystemExit):
        in_a_thread(main, arguments)
    assert "class.csv exists, and nothing is overwritten" in capsys.readouterr().err


def test_one_file_that_cannot_be_run_is_told_by_the_status(tmp_path, capsys):
    (tmp_path / "broken.ipynb").write_text("{")
    assert in_a_thread(main, ["check", "--unsafe", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Could not be run:" and lines[1].startswith("  broken.ipynb: not a note")


def test_a_folder_without_notebooks_is_no_success(tmp_path, capsys):
    assert in_a_thread(main, ["check", "--unsafe", str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("0 notebooks: ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["check", "nowhere"], "nowhere is no folder; give the one with the notebooks"),
        (["check", ".", "--jobs", "0"], "0 given, a number above 0 expected"),
        (["check", ".", "--timeout", "inf"], "inf given, a number above 0 expected"),
        (["check", ".", "--timeout", "soon"], "invalid float value: 'soon'"),
        (["check", ".", "--csv", "no/such.csv"], "there is no folder no to write it into"),
    ],
)
def test_bad_arguments_are_told(arguments, complaint, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert complaint in capsys.readouterr().err


def test_help_warns_that_students_code_is_run(capsys):
    with pytest.raises(SystemExit):
        in_a_thread(main, ["check", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "runs what the students wrote" in text
    assert "nowhere else unless you insist by --unsafe" in text


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch, capsys, tmp_path):
    found = importlib.util.find_spec
    gone = {"nbformat", "jupyter_client"}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in gone else found(name)
    )
    with pytest.raises(SystemExit):
        in_a_thread(main, ["check", "--unsafe", str(tmp_path)])
    said = capsys.readouterr().err
    assert "jupyter_client and nbformat not found" in said
    assert "pip install jupyter-client nbformat" in said
