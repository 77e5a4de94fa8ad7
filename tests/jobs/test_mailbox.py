"""What a job says in another process, and what is made of it: whole lines, failures, nonsense."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.own_jobs import Own, Saying, Writing
from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.jobs import SILENT, Watch
from xtreme_harness.jobs.elsewhere import do
from xtreme_harness.jobs.mailbox import Mailbox


def outcome(job: Any, folder: Path, watch: Watch = SILENT) -> Any:
    """Do a job as a worker does it, and read what it said."""
    mailbox = Mailbox(folder, job)
    do(job, mailbox.ask())
    mailbox.read(watch)
    return mailbox.outcome()


def test_a_job_says_where_it_is_done_what_it_has_to_tell_and_what_it_left(tmp_path: Path) -> None:
    told: list[Any] = []
    mailbox = Mailbox(tmp_path, job := Writing("a", folder=tmp_path))
    do(job, mailbox.ask())
    mailbox.read(Watch(cell=told.append))
    assert mailbox.begun == {"host": socket.gethostname(), "pid": os.getpid()}
    assert told == ["a"]
    found = mailbox.outcome()
    assert found is not None and found.left["pid"] == os.getpid()


def test_failures_come_back_as_they_were(tmp_path: Path) -> None:
    found = outcome(Saying("a", says=DataError("x.tsv:1: no label", "x.tsv:9: no label")), tmp_path)
    assert isinstance(found.failure.error, DataError)
    assert found.failure.error.faults == ("x.tsv:1: no label", "x.tsv:9: no label")
    found = outcome(Saying("b", says=KeyError("premise")), tmp_path)
    assert found.failure.message == "KeyError: 'premise'"
    with pytest.raises(OutputError, match="the disk is full"):
        outcome(Saying("c", says=OutputError("the disk is full")), tmp_path)


def test_what_cannot_be_said_as_json_is_a_failure_of_the_job(tmp_path: Path) -> None:
    found = outcome(Saying("a", says={1, 2}), tmp_path)
    assert "set is not JSON serializable" in found.failure.message


def test_half_a_line_waits_for_its_end_and_nonsense_says_nothing(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, Own("a"))
    path = mailbox.ask().said
    lines = [
        '["no object"]',
        "{",
        '{"begun": 3}',
        '{"log": 4}',
        '{"said": "x"}',
        '{"ended": null}',
        "\udcff",
        '{"log": []}',
    ]
    path.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    mailbox.read(SILENT)
    assert mailbox.outcome() is None
    with path.open("a") as stream:
        stream.write('{"ended": {"le')
    mailbox.read(SILENT)
    assert mailbox.outcome() is None
    with path.open("a") as stream:
        stream.write('ft": 7}}\n')
    mailbox.read(SILENT)
    found = mailbox.outcome()
    assert found is not None and found.left == 7


def test_a_new_try_has_a_file_of_its_own_and_the_last_one_counts(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, Saying("a", says=1))
    first = mailbox.ask()
    first.said.write_text(json.dumps({"begun": {"host": "n1", "pid": 5}}) + "\n")
    mailbox.read(SILENT)
    second = mailbox.ask()
    assert (first.number, second.number, mailbox.tries()) == (1, 2, [1, 2])
    first.said.write_text(json.dumps({"ended": {"left": 1}}) + "\n")
    mailbox.read(SILENT)
    assert mailbox.outcome() is None
    lost = mailbox.lost("killed", "look there")
    assert lost.failure is not None
    assert (
        lost.failure.message
        == "the worker ended 3 times in the middle of it, last on n1, process 5 (killed); look there"
    )


def test_jobs_with_names_that_look_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    names = ["train a/b", "train a b", "train-a-b", "x" * 300, "x" * 301, "../../etc", "ß ü"]
    folders = [Mailbox(tmp_path, Own(name)).folder for name in names]
    assert len(set(folders)) == len(names)
    assert all(folder.parent == tmp_path and len(folder.name) < 100 for folder in folders)


def test_a_machine_that_does_not_see_the_folder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtreme_harness.jobs.elsewhere._PATIENCE", 0.0)
    mailbox = Mailbox(tmp_path, Own("a"))
    one = mailbox.ask()
    one.asked.write_text("another's")
    with pytest.raises(OutputError, match=f"not seen on {socket.gethostname()}; name an --output-path that lies on"):
        do(Own("a"), one)
    assert not one.said.exists()


def test_what_an_earlier_command_or_anybody_has_left_there_is_not_read(tmp_path: Path) -> None:
    before = Mailbox(tmp_path, Own("a"))
    before.ask().said.write_text(json.dumps({"ended": {"left": 1}}) + "\n")
    os.mkfifo(before.folder / "try-2.jsonl")
    (before.folder / "try-3.jsonl").symlink_to(tmp_path / "elsewhere")
    mailbox = Mailbox(tmp_path, Own("a"))
    one = mailbox.ask()
    assert (one.number, mailbox.asked) == (4, 1)
    mailbox.read(SILENT)
    assert mailbox.outcome() is None
    os.mkfifo(one.said)
    mailbox.read(SILENT)  # and nobody waits for who might write there
    assert mailbox.outcome() is None


def test_a_folder_that_is_removed_is_not_waited_for(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, Own("a"))
    mailbox.read(SILENT)
    shutil.rmtree(mailbox.ask().folder)
    with pytest.raises(OutputError, match="gone while a worker wrote there; run the same command again"):
        mailbox.read(SILENT)
