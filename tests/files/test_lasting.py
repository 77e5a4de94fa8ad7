"""What is on the disk before it counts: the order of what is waited for, and disks that fail."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.files.lasting import Lasting, make_folder, sync_files, sync_folder, sync_tree
from xtreme_harness.files.text import replacing, write_atomic

Done = list[tuple[str, str]]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Done:
    """What is waited for and what is renamed, in order, by the path below the test's folder."""
    found: Done = []
    synced, replaced = os.fsync, os.replace

    def below(path: Path) -> str:
        name = str(path.relative_to(tmp_path))
        return "new" if name.endswith(".tmp") else name

    def fsync(number: int) -> None:
        found.append(("on disk", below(Path(f"/proc/self/fd/{number}").readlink())))
        synced(number)

    def replace(source: str | Path, target: str | Path) -> None:
        found.append(("renamed", below(Path(target))))
        replaced(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    return found


pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


def test_a_file_is_on_the_disk_before_it_is_renamed_and_its_name_afterwards(tmp_path: Path, done: Done) -> None:
    write_atomic(tmp_path / "x", "content")
    assert done == [("on disk", "new"), ("renamed", "x"), ("on disk", ".")]


def test_a_new_folder_lasts_before_what_is_in_it(tmp_path: Path, done: Done) -> None:
    write_atomic(tmp_path / "a" / "b" / "x", "content")
    assert done == [("on disk", "a"), ("on disk", "."), ("on disk", "new"), ("renamed", "a/b/x"), ("on disk", "a/b")]


def test_what_need_not_last_is_not_waited_for(tmp_path: Path, done: Done) -> None:
    write_atomic(tmp_path / "a" / "x", "content", lasting=False)
    assert done == [("renamed", "a/x")]


def test_a_failed_file_is_not_waited_for(tmp_path: Path, done: Done) -> None:
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "x"):
        1 / 0
    assert done == []


def failing(number: int, folder: bool) -> Callable[[int], None]:
    """An fsync that fails: of files, or of folders."""

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve().is_dir() == folder:
            raise OSError(number, os.strerror(number))

    return fsync


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EIO, "Input/output error"), (errno.ENOSPC, "No space left on device")]
)
def test_a_disk_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    (tmp_path / "x").write_text("old")
    monkeypatch.setattr(os, "fsync", failing(number, folder=False))
    with pytest.raises(OutputError) as caught:
        write_atomic(tmp_path / "x", "new")
    assert caught.value.faults == (f"{tmp_path / 'x'}: cannot be written ({words})",)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


def test_a_folder_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", failing(errno.EIO, folder=True))
    with pytest.raises(OutputError, match=r"x: cannot be written \(Input/output error\)"):
        write_atomic(tmp_path / "x", "new")


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_that_knows_no_such_thing_is_let_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", failing(number, folder=True))
    write_atomic(tmp_path / "a" / "x", "new")
    assert (tmp_path / "a" / "x").read_text() == "new"


def test_a_folder_that_may_not_be_read_is_let_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    sync_folder(tmp_path)


def test_a_tree_lasts_from_below(tmp_path: Path, done: Done) -> None:
    for name in ("b", "a", "heads/xnli/head"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    sync_tree(tmp_path)
    names = ["heads/xnli/head", "heads/xnli", "heads", "a", "b", "."]
    assert done == [("on disk", name) for name in names]


def test_many_files_last_with_their_folders(tmp_path: Path, done: Done) -> None:
    for name in ("out/cells/xnli/de.json", "out/cells/xnli/sw.json", "out/predictions/xnli/de.tsv"):
        write_atomic(tmp_path / name, "x", lasting=False)
    done.clear()
    there = [tmp_path / "out/cells/xnli" / name for name in ("de.json", "sw.json", "not-there.json")]
    sync_files([*there, tmp_path / "out/predictions/xnli/de.tsv"], tmp_path / "out")
    names = [
        "out/cells/xnli/de.json", "out/cells/xnli/sw.json", "out/predictions/xnli/de.tsv",
        "out/cells/xnli", "out/cells", "out", "out/predictions/xnli", "out/predictions",
    ]  # fmt: skip
    assert done == [("on disk", name) for name in names]


def test_many_files_on_a_disk_that_fails_are_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("x")
    monkeypatch.setattr(os, "fsync", failing(errno.EIO, folder=False))
    with pytest.raises(OutputError) as caught:
        sync_files([tmp_path / "x"], tmp_path)
    assert caught.value.faults == (f"{tmp_path / 'x'}: cannot be written (Input/output error)",)


def test_files_are_waited_for_when_it_is_time_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: Done
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    names = ["a", "b", "c"]
    for name in names:
        (tmp_path / name).write_text("x")
    with pytest.raises(KeyboardInterrupt), Lasting(tmp_path) as files:
        files.add([tmp_path / "a"])
        assert done == []
        now[0] = 1.5
        files.add([tmp_path / "b"])
        assert done == [("on disk", name) for name in ("a", "b", ".")]
        done.clear()
        files.add([tmp_path / "c"])
        assert done == []
        raise KeyboardInterrupt
    assert done == [("on disk", "c"), ("on disk", ".")]


def test_a_folder_that_is_there_is_not_made_again(tmp_path: Path, done: Done) -> None:
    make_folder(tmp_path)
    assert done == []
    (tmp_path / "x").write_text("")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "x")
