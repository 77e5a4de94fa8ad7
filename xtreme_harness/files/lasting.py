"""What a lost machine does not take along: files and their names, on the disk and not only in its memory."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import repeat
from pathlib import Path

from xtreme_harness.errors import OutputError
from xtreme_harness.files.regular import NOT_INHERITED

__all__ = ["Lasting", "make_folder", "sync_file", "sync_files", "sync_folder", "sync_tree"]

_UNKNOWN = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})  # the file system has no such thing
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EISDIR})  # a folder that may be written and not read; Windows


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk.

    Raises:
        OSError: it is not, or cannot be: what was written in memory may be told here first.
    """
    _synced(os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | NOT_INHERITED))


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the file system knows how.

    Raises:
        OSError: they are not.
    """
    try:
        number = os.open(folder, os.O_RDONLY | NOT_INHERITED)
    except OSError as error:
        if error.errno in _CLOSED:
            return
        raise
    _synced(number)


def _synced(number: int) -> None:
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
    finally:
        os.close(number)


def sync_files(paths: Iterable[Path], root: Path) -> None:
    """Wait until some files are on the disk, with their names; one that is not there is passed over.

    Args:
        paths: of the files.
        root: folder that all are in, or in a folder of; what holds it is not waited for.

    Raises:
        OutputError: one is not.
    """
    there = [path for path in dict.fromkeys(paths) if path.is_file()]
    for path in there:
        _begin(path)
    folders = dict.fromkeys(place for path in there for place in path.parents if place.is_relative_to(root))
    for path, sync in [*zip(there, repeat(sync_file)), *zip(folders, repeat(sync_folder))]:
        try:
            sync(path)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None


def _begin(path: Path) -> None:
    """Let the system begin to write a file: for many at once that takes a tenth of the time of one by one."""
    if not hasattr(os, "posix_fadvise"):
        return
    with suppress(OSError), path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Lasting:
    """Files that are waited for together, as often as costs a twentieth of the time and at least once at the end.

    For files of which another says by a hash what they hold: one that a lost machine took along is noticed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root  # of all files
        self.waiting: list[Path] = []
        self.next = time.monotonic() + 1.0

    def __enter__(self) -> Lasting:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what is left, however the work ended."""
        self._settle()

    def add(self, paths: Iterable[Path]) -> None:
        """Take files that were written; wait for all, if it is time to.

        Raises:
            OutputError: as `sync_files`.
        """
        self.waiting.extend(paths)
        if time.monotonic() >= self.next:
            self._settle()

    def _settle(self) -> None:
        started, paths = time.monotonic(), self.waiting
        self.waiting = []
        sync_files(paths, self.root)
        self.next = time.monotonic() + max(1.0, 20 * (time.monotonic() - started))


def sync_tree(folder: Path) -> None:
    """Wait until all files of a folder and of those below it are on the disk, with their names.

    Raises:
        OSError: one is not.
    """
    for place, _, files in os.walk(folder, topdown=False):
        for name in sorted(files):
            sync_file(Path(place, name))
        sync_folder(Path(place))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are not there, so that they last.

    Raises:
        OSError: it cannot be made.
    """
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in new:
        sync_folder(place.parent)
