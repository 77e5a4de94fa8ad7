"""A worker process: does what comes through its standard input, and ends when it is told to, or left alone."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.own_jobs import Own, Saying
from xtreme_harness.jobs import SILENT
from xtreme_harness.jobs.local import worker
from xtreme_harness.jobs.local.pipe import as_piece
from xtreme_harness.jobs.mailbox import Mailbox

pytestmark = pytest.mark.slow


def started() -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[3]
    return subprocess.Popen([sys.executable, "-m", worker.__name__], stdin=subprocess.PIPE, cwd=root)


def given(process: subprocess.Popen[bytes], folder: Path, job: Any) -> Mailbox:
    mailbox = Mailbox(folder, job)
    value = pickle.dumps((job, mailbox.ask()))
    assert process.stdin is not None
    process.stdin.write(as_piece(value))
    process.stdin.flush()
    return mailbox


def test_it_does_one_job_after_the_other_and_ends_when_nobody_is_there(tmp_path: Path) -> None:
    process = started()
    first, second = given(process, tmp_path, Own("a")), given(process, tmp_path, Saying("b", says=ValueError("no")))
    for mailbox in (first, second):
        while mailbox.outcome() is None:
            assert process.poll() is None
            mailbox.read(SILENT)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
    found = first.outcome()
    assert found is not None and found.left == "a"
    found = second.outcome()
    assert found is not None and found.failure is not None and found.failure.message == "ValueError: no"


def test_sigterm_ends_one_that_waits_for_work(tmp_path: Path) -> None:
    process = started()
    mailbox = given(process, tmp_path, Own("a"))
    while mailbox.outcome() is None:  # it takes signals by now
        mailbox.read(SILENT)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert process.stdin is not None
    process.stdin.close()
