"""The verdicts that checks write down, and what a student's code writes beside them."""

import json
import os

import pytest

from attnlib.classroom.verdicts import (
    LONGEST_RECORD,
    NOT_ATTEMPTED,
    SOLVED,
    WRONG,
    Verdict,
    read_record,
)
from attnlib.exercises import check


def test_check_writes_each_verdict(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNLIB_PIECES", str(tmp_path))
    monkeypatch.setenv("ATTNLIB_RECORD", str(tmp_path / "record"))
    check("bilinear", None)
    check("bilinear", lambda w_q, w_k: w_k @ w_q.T)
    check("bilinear", lambda w_q, w_k: w_q @ w_k.T)
    entries = [json.loads(line) for line in (tmp_path / "record").read_text().splitlines()]
    assert [entry["state"] for entry in entries] == [NOT_ATTEMPTED, WRONG, SOLVED]
    assert [entry["exercise"] for entry in entries] == ["bilinear"] * 3
    assert entries[0]["diagnosis"] is entries[2]["diagnosis"] is None
    assert entries[1]["diagnosis"] == "transposed"
    assert entries[1]["text"].startswith("bilinear: not yet.") and "Hint: " in entries[1]["text"]


def test_the_last_verdict_on_an_exercise_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNLIB_PIECES", str(tmp_path))
    monkeypatch.setenv("ATTNLIB_RECORD", str(tmp_path / "record"))
    check("scores", lambda q, k: q @ k.T)
    for answer, state in [
        (lambda w_q, w_k: w_k @ w_q.T, WRONG),
        (lambda w_q, w_k: w_q @ w_k.T, SOLVED),
        (lambda w_q, w_k: w_k @ w_q.T, WRONG),
    ]:
        check("bilinear", answer)
        states = {id: verdict.state for id, verdict in read_record(tmp_path / "record").items()}
        assert states == {"scores": SOLVED, "bilinear": state}


def test_a_record_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNLIB_RECORD", str(tmp_path / "none" / "record"))
    with pytest.raises(FileNotFoundError, match="record"):
        check("bilinear", None)


@pytest.mark.parametrize(
    "line",
    [
        "", "{", "3", "[]", "[" * 100_000, '{"exercise": "scores"}',
        '{"exercise": ["scores"], "state": "solved", "diagnosis": null, "text": ""}',
        '{"exercise": "mine", "state": "solved", "diagnosis": null, "text": ""}',
        '{"exercise": "scores", "state": "perfect", "diagnosis": null, "text": ""}',
        '{"exercise": "scores", "state": "solved", "diagnosis": "transposed", "text": "not yet"}',
        '{"exercise": "scores", "state": "wrong", "diagnosis": null, "text": ""}',
        '{"exercise": "scores", "state": "wrong", "diagnosis": ["transposed"], "text": ""}',
        '{"exercise": "scores", "state": "wrong", "diagnosis": "transposed"}',
        '{"exercise": "scores", "state": "wrong", "diagnosis": "transposed", "text": [1]}',
    ],
)  # fmt: skip
def test_what_is_no_verdict_is_passed_over(line, tmp_path):
    good = '{"exercise": "scores", "state": "wrong", "diagnosis": "transposed", "text": "not yet"}'
    (tmp_path / "record").write_text(f"{good}\n{line}\n")
    assert read_record(tmp_path / "record") == {
        "scores": Verdict("scores", WRONG, "transposed", "not yet")
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_record_has_no_verdicts(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "endless").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    line = '{"exercise": "scores", "state": "solved", "diagnosis": null, "text": ""}\n'
    (tmp_path / "another's").write_text(line)
    (tmp_path / "link").symlink_to(tmp_path / "another's")
    for name in ("none", "folder", "endless", "pipe", "link"):
        assert read_record(tmp_path / name) == {}


def test_of_a_huge_record_a_part_is_read(tmp_path):
    line = '{"exercise": "scores", "state": "%s", "diagnosis": null, "text": ""}\n'
    with open(tmp_path / "record", "w") as file:
        file.write(line % SOLVED)
        file.seek(LONGEST_RECORD)
        file.write("\n" + line % NOT_ATTEMPTED)
    assert read_record(tmp_path / "record") == {"scores": Verdict("scores", SOLVED)}
