"""A job under Slurm that is told to stop goes back into the queue, as long as it gets further."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from tests.fixtures.own_jobs import Saying
from xtreme_harness.jobs.mailbox import Mailbox
from xtreme_harness.jobs.slurm import work
from xtreme_harness.jobs.slurm.work import Work, ended_well
from xtreme_harness.jobs.stopping import Stopped


@pytest.fixture
def back(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that went back into the queue; this process is job 7."""
    back: list[str] = []
    monkeypatch.setattr(work, "requeue_if_running", lambda own: back.append(own))
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    return back


def test_it_goes_back_until_it_got_no_further_three_times_in_a_row(tmp_path: Path, back: list[str]) -> None:
    """What counts is what is saved: each of several trainings, a few steps on, a place that is new."""
    one = Mailbox(tmp_path, Saying("a")).ask()
    first, on, second = "trials/0: step 95", "trials/0: step 97", "trials/1: step 4"
    places = ["", "", first, "", on, "", "", second, "", second]
    for number, place in enumerate(places, 1):
        Work(Saying("a", says=Stopped(place)), one)()
        assert len(back) == number
        assert "failure" not in one.said.read_text()
    Work(Saying("a", says=Stopped(first)), one)()
    assert back == ["7"] * len(places)
    end = json.loads(one.said.read_text().splitlines()[-1])["ended"]["failure"]["message"]
    assert end == (
        "was told to stop 3 times in a row, by its time limit or for others' jobs, and got no further in between "
        "(0 cells; trials/1: step 4); give it more time by --slurm time=..."
    )
    assert not ended_well(one.folder)


def test_it_goes_back_where_it_is_told_to_stop_while_it_waits_for_what_it_needs(
    tmp_path: Path, back: list[str]
) -> None:
    one = Mailbox(tmp_path, Saying("a")).ask()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR2))
    timer.start()
    Work(Saying("a", says=3), one, (tmp_path / "not there",))()
    timer.join()
    assert back == ["7"]
    assert [json.loads(line) for line in one.said.read_text().splitlines()] == [{"stopped": ""}]


def test_what_ended_well_does_not_go_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "requeue_if_running", lambda own: pytest.fail("it went back"))
    one = Mailbox(tmp_path, Saying("a")).ask()
    Work(Saying("a", says=3), one)()
    assert ended_well(one.folder)
