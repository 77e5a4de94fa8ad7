"""The files of a job's tries: their numbers, whole lines, and what is no such file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.jobs.tries import Try, asked_for, new_number, open_said, said_since, say, whole_lines


def test_numbers_are_those_of_tries_alone(tmp_path: Path) -> None:
    assert (asked_for(tmp_path), new_number(tmp_path)) == ([], 1)
    for name in ("try-10.asked", "try-2.asked", "try-2.jsonl", "try-x.asked", "try-7.asked.bak", ".try-9.asked.tmp"):
        (tmp_path / name).touch()
    assert (asked_for(tmp_path), new_number(tmp_path)) == ([2, 10], 11)
    (tmp_path / "try-12.jsonl").touch()  # of a worker that nobody knows to have asked
    assert (asked_for(tmp_path), new_number(tmp_path)) == ([2, 10], 13)


def test_what_is_said_is_read_in_whole_lines_from_where_one_was(tmp_path: Path) -> None:
    one = Try(tmp_path, 1)
    assert said_since(one) == b""
    with open_said(one) as stream:
        say(stream, begun={"pid": 5})
        at = len(said_since(one))
        say(stream, said={"cell": "a\nb"})
        stream.write(b'{"ended"')
    assert whole_lines(said_since(one, at)) == [{"said": {"cell": "a\nb"}}]
    assert whole_lines(said_since(one)) == [{"begun": {"pid": 5}}, {"said": {"cell": "a\nb"}}]


def test_a_pipe_in_its_place_is_not_waited_for_and_a_link_not_followed(tmp_path: Path) -> None:
    one, other = Try(tmp_path, 1), Try(tmp_path, 2)
    os.mkfifo(one.said)
    assert said_since(one) == b""
    other.said.symlink_to(tmp_path / "victim")
    for wrong in (one, other):
        with pytest.raises(OutputError, match=rf"try-{wrong.number}\.jsonl: cannot be written"):
            open_said(wrong)
    assert not (tmp_path / "victim").exists()
