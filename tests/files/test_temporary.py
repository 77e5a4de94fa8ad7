"""Files that are being written: which ones nobody writes any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xtreme_harness.files import temporary
from xtreme_harness.files.host import host_tag
from xtreme_harness.files.temporary import beside, remove_left, sweep


@pytest.fixture(scope="module")
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait(30)
    return ended.pid


def left(folder: Path) -> list[str]:
    remove_left(folder.glob(".*"))
    return sorted(path.name for path in folder.iterdir())


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    beside(tmp_path / "state.pt").write_text("half")
    assert len(left(tmp_path)) == 1


def test_what_a_process_of_this_machine_left_goes(tmp_path: Path, gone: int) -> None:
    (tmp_path / f".state.pt.{host_tag()}-{gone}-0123abcd.tmp").write_text("half")
    assert left(tmp_path) == []


@pytest.mark.parametrize(("hours", "stays"), [(0, True), (23, True), (25, False)])
def test_what_another_machine_writes_stays_for_a_day(tmp_path: Path, gone: int, hours: int, stays: bool) -> None:
    file = tmp_path / f".state.pt.0123abcd-{gone}-0123abcd.tmp"
    file.write_text("half")
    now = file.stat().st_mtime
    os.utime(file, (now - hours * 3600, now - hours * 3600))
    assert left(tmp_path) == [file.name] * stays


def test_the_clock_is_that_of_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".state.pt.0123abcd-1-0123abcd.tmp"
    file.write_text("half")
    monkeypatch.setattr("time.time", lambda: 1e11)
    assert left(tmp_path) == [file.name]


def test_a_name_that_says_no_process_is_left(tmp_path: Path) -> None:
    (tmp_path / ".state.pt.5678a3c7.tmp").write_text("half")
    assert left(tmp_path) == []


def test_a_folder_without_a_lock_is_swept_and_nothing_else_goes(tmp_path: Path, gone: int) -> None:
    mine = beside(tmp_path / "panx" / "test-de.tsv")
    dead = f".test-sw.tsv.{host_tag()}-{gone}-5678a3c7.tmp"
    mine.parent.mkdir()
    for name in (".test-fi.tsv.5678a3c7.tmp", dead, "test-fi.tsv", ".mine.tmp", "5678a3c7.tmp", mine.name):
        (mine.parent / name).write_text("x")
    sweep(tmp_path)
    names = sorted([".mine.tmp", "5678a3c7.tmp", "test-fi.tsv", mine.name])
    assert sorted(path.name for path in mine.parent.iterdir()) == names


def test_what_cannot_be_removed_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bool:
        raise PermissionError

    (tmp_path / ".x.5678a3c7.tmp").write_text("half")
    monkeypatch.setattr(temporary, "_is_left", refused)
    assert left(tmp_path) == [".x.5678a3c7.tmp"]
