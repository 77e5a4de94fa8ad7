"""This machine, and which of its processes have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from xtreme_harness.files.host import host_name, host_tag, is_gone


def test_a_process_that_runs_is_not_gone() -> None:
    assert not is_gone(os.getpid())
    assert not is_gone(1)


def test_a_process_that_ended_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait(30)
    assert is_gone(ended.pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_killed_process_that_nobody_waited_for_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as killed:
        assert not is_gone(killed.pid)
        killed.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(killed.pid)


def test_what_is_no_process_is_not_said_to_be_gone() -> None:
    assert not is_gone(10**30)


def test_names_are_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    tag = host_tag()
    monkeypatch.setattr("socket.gethostname", lambda: "a b\nc")
    assert host_name() == "abc"
    assert len(host_tag()) == 8
    assert host_tag() != tag
    monkeypatch.setattr("socket.gethostname", lambda: "")
    assert host_name() == "unknown"
