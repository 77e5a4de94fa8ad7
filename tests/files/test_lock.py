"""Who holds a folder: with locks of the system, and where the file system has none."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.files import lock
from xtreme_harness.files.folder import locked, open_output, output_faults
from xtreme_harness.files.host import host_name
from xtreme_harness.files.lock import Held, hold, holder_of

HOLD = """
import errno, os, sys, time
from pathlib import Path
import filelock
from xtreme_harness.files.lock import hold

def no_locks(*_, **__):
    raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

if sys.argv[2] == "no locks":
    filelock.lock_descriptor = no_locks
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(300)
"""


@contextmanager
def other(folder: Path, how: str = "locks") -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a folder; killed at the end."""
    command = [sys.executable, "-c", HOLD, str(folder), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file system without locks."""

    def refused(number: int, blocking: bool) -> bool:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr("filelock.lock_descriptor", refused)
    lock._warn.cache_clear()
    yield
    lock._warn.cache_clear()


def refusal(folder: Path) -> str:
    """What a second process is told."""
    with pytest.raises(OutputError) as caught, locked(folder):
        pass
    assert OutputError(*output_faults(folder)).faults == caught.value.faults, "a dry run says the same"
    return str(caught.value)


def test_the_lock_falls_with_a_process_that_is_killed(tmp_path: Path) -> None:
    with other(tmp_path) as process:
        said = f"{tmp_path}: another xharness (process {process.pid}) is writing here; wait, or name another"
        assert refusal(tmp_path) == f"{said} --output-path"
    assert holder_of(tmp_path) is None
    assert output_faults(tmp_path) == []
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()} {host_name()}\n"


@pytest.mark.parametrize(
    ("content", "who"),
    [
        ("4711 node2\n", "process 4711 on node2"), ("4711\n", "process 4711"), ("", "process unknown"),
        ("\0\0 \x1b[2J", "process unknown on \\u001b[2J"),
    ],
)  # fmt: skip
def test_the_machine_of_the_holder_is_told_where_it_is_another(tmp_path: Path, content: str, who: str) -> None:
    with other(tmp_path):
        (tmp_path / ".lock").write_text(content)
        assert f"another xharness ({who}) is writing here" in refusal(tmp_path)


def test_who_waits_gets_the_lock_of_a_process_that_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with other(tmp_path) as process:
        monkeypatch.setattr("time.sleep", lambda _: process.kill() if caplog.records else None)
        with caplog.at_level(logging.INFO, "xtreme_harness"):
            open_output(tmp_path, wait=60)
        waited = f"{tmp_path}: waiting for process {process.pid}, which holds it, at most 60 seconds"
        assert [record.getMessage() for record in caplog.records] == [waited]
    with other(tmp_path) as process:
        caplog.clear()
        with caplog.at_level(logging.INFO, "xtreme_harness"), locked(tmp_path, wait=60):
            assert holder_of(tmp_path) is not None


def test_who_only_looks_is_no_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import lock_descriptor

    tries = iter([False, False])
    monkeypatch.setattr(
        "filelock.lock_descriptor", lambda number, blocking: next(tries, None) is None and lock_descriptor(number)
    )
    with locked(tmp_path):
        pass
    tries = iter([False, False])
    assert output_faults(tmp_path) == []


def test_looking_writes_nothing(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    with hold(tmp_path):
        pass
    before = (tmp_path / ".lock").stat()
    assert holder_of(tmp_path) is None
    assert (tmp_path / ".lock").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_hundreds_are_held_at_once_and_nothing_stays(tmp_path: Path) -> None:
    folders = [tmp_path / str(i) for i in range(200)]
    for folder in folders:
        folder.mkdir()
    before = len([*Path("/proc/self/fd").iterdir()])
    with ExitStack() as held:
        for folder in folders:
            held.enter_context(hold(folder))
        assert all(holder_of(folder) for folder in folders)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
    assert not any(holder_of(folder) for folder in folders)


@pytest.mark.usefixtures("no_locks")
class TestWithoutLocks:
    def test_a_marker_keeps_others_off_and_goes(self, tmp_path: Path) -> None:
        with locked(tmp_path):
            said = f"{tmp_path}: another xharness (process {os.getpid()}) is writing here; wait, or name another"
            remedy = f"where that process is gone, remove {tmp_path / '.lock-holder'}"
            assert refusal(tmp_path) == f"{said} --output-path; {remedy}"
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
        assert output_faults(tmp_path) == []

    def test_it_is_said_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING), hold(tmp_path):
            pass
        (line,) = [record.getMessage() for record in caplog.records]
        assert line.startswith(f"the file system has no locks ({os.strerror(errno.ENOTSUP)}): a file .lock-holder")
        caplog.clear()
        (other_folder := tmp_path / "other").mkdir()
        with hold(other_folder):
            assert not caplog.records

    def test_the_marker_of_another_machine_stays_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / ".lock").touch()
        (tmp_path / ".lock-holder").write_text("4711\nnode2\n12345\n")
        said = refusal(tmp_path)
        assert "another xharness (process 4711 on node2) is writing here" in said
        assert said.endswith(f"where that process is gone, remove {tmp_path / '.lock-holder'}")
        (tmp_path / ".lock-holder").unlink()
        with locked(tmp_path):
            pass

    def test_the_marker_of_a_process_of_this_machine_that_was_killed_is_no_holder(self, tmp_path: Path) -> None:
        with other(tmp_path, "no locks") as process:
            assert f"process {process.pid}) is writing here" in refusal(tmp_path)
        assert (tmp_path / ".lock-holder").exists()
        assert holder_of(tmp_path) is None
        try:
            with locked(tmp_path):
                assert (tmp_path / ".lock-holder").read_text().startswith(f"{os.getpid()}\n")
        except OutputError as error:
            assert f"remove {tmp_path / '.lock-holder'}" in str(error)
            pytest.skip("the file system cannot swap two names")

    def test_a_planted_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "victim").write_text("kept")
        (tmp_path / ".lock").touch()
        (tmp_path / ".lock-holder").symlink_to("victim")
        assert f"remove {tmp_path / '.lock-holder'}" in refusal(tmp_path)
        assert (tmp_path / "victim").read_text() == "kept"

    def test_a_folder_in_its_place_is_told(self, tmp_path: Path) -> None:
        (tmp_path / ".lock-holder").mkdir()
        with pytest.raises(OutputError, match=r"cannot be written \(Is a directory\)"), locked(tmp_path):
            pass


def test_a_folder_in_place_of_a_lock_is_told(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(OutputError) as caught, locked(tmp_path):
        pass
    assert caught.value.faults == (f"{tmp_path / '.lock'}: cannot be written (Is a directory)",)


def test_a_fault_of_the_work_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        1 / 0
    with pytest.raises(FileNotFoundError, match="work"), hold(tmp_path):
        raise FileNotFoundError("work")
    with hold(tmp_path), pytest.raises(Held, match=f"process {os.getpid()}"), hold(tmp_path):
        pass
