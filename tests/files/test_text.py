"""Files that are written: whole or not at all, where they should be and nowhere else."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.files.text import open_appending, replacing, write_atomic, write_below, write_given


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("mask", "wanted"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_says_who_may_read(tmp_path: Path, mask: int, wanted: int) -> None:
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "x", "a")
    finally:
        os.umask(before)
    assert mode(tmp_path / "x") == wanted


def test_a_link_in_an_output_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "x").symlink_to("victim")
    write_atomic(tmp_path / "x", "new")
    assert (tmp_path / "victim").read_text() == "kept"
    assert (tmp_path / "x").read_text() == "new"
    assert not (tmp_path / "x").is_symlink()


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x", "linked/x", "linked/b/x", ""])
def test_nothing_is_written_out_of_a_folder(tmp_path: Path, name: str) -> None:
    (root := tmp_path / "root").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError):
        write_below(root, name, "new")
    assert not list((tmp_path / "elsewhere").iterdir())
    write_below(root, "a/b/x", "new")
    assert (root / "a/b/x").read_text() == "new"


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "x").symlink_to("target")
    write_given(tmp_path / "x", "new")
    assert (tmp_path / "target").read_text() == "new"
    assert (tmp_path / "x").is_symlink()
    (tmp_path / "dangling").symlink_to("later")
    write_given(tmp_path / "dangling", "new")
    assert (tmp_path / "later").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    reading = os.open(tmp_path / "x", os.O_RDONLY | os.O_NONBLOCK)
    write_given(tmp_path / "x", "new")
    assert os.read(reading, 10) == b"new"
    os.close(reading)
    assert stat.S_ISFIFO((tmp_path / "x").stat().st_mode)


def test_more_than_a_pipe_holds_is_written_to_its_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with (tmp_path / "got").open("wb") as got, subprocess.Popen(["cat", tmp_path / "x"], stdout=got) as reader:
        for _ in range(500):  # until it has opened the pipe
            with suppress(OutputError):
                write_given(tmp_path / "x", "n" * 1_000_000)
                break
            time.sleep(0.01)
        assert reader.wait(20) == 0
    assert (tmp_path / "got").read_text() == "n" * 1_000_000


def test_a_pipe_without_a_reader_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OutputError, match="nobody reads this pipe"):
        write_given(tmp_path / "x", "new")


def test_a_device_stays_a_device() -> None:
    before = Path("/dev/null").stat()
    write_given(Path("/dev/null"), "new")
    after = Path("/dev/null").stat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_device_is_told() -> None:
    with pytest.raises(OutputError, match="No space left"):
        write_given(Path("/dev/full"), "new")


def test_a_pipe_in_an_output_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OutputError, match="a pipe is in the way"):
        write_atomic(tmp_path / "x", "new")
    assert stat.S_ISFIFO((tmp_path / "x").stat().st_mode)


def test_what_is_added_goes_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "x").symlink_to("victim")
    with pytest.raises(OSError, match="symbolic links"):
        open_appending(tmp_path / "x")
    assert (tmp_path / "victim").read_text() == "kept"


def test_what_failed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "x") as new:
        new.write_text("half")
        1 / 0
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "old"


def test_a_name_as_long_as_can_be_is_written(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("é" * 127), "a")
    with pytest.raises(OutputError, match="File name too long"):
        write_atomic(tmp_path / ("é" * 128), "a")


def test_a_link_to_itself_that_a_user_names_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("x")
    with pytest.raises(OutputError, match=r"x: cannot be written \(Too many levels of symbolic links\)"):
        write_given(tmp_path / "x", "new")
    assert (tmp_path / "x").is_symlink()
