"""What can stand in the place of a file or a folder."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

__all__ = ["PLACES", "device"]

Stand = Callable[[Path], None]


def _gone(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _instead(make: Stand) -> Stand:
    def stand(path: Path) -> None:
        _gone(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)

    return stand


def device(path: Path, minor: int) -> None:
    """A device of one's own: 3 swallows what is written, 7 is full; a pipe or the system's, where none can be made."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        path.chmod(0o666)
    except PermissionError:
        if os.getuid() == 0:  # who may replace the system's: that is not to be tried
            os.mkfifo(path)
        else:
            path.symlink_to({3: "/dev/null", 7: "/dev/full"}[minor])


def _forbid(path: Path) -> None:
    path.chmod(0)


PLACES: dict[str, Stand] = {
    "nothing": _instead(lambda path: None),
    "a pipe": _instead(lambda path: os.mkfifo(path)),
    "a link to endless zeros": _instead(lambda path: path.symlink_to("/dev/zero")),
    "a link to random bytes": _instead(lambda path: path.symlink_to("/dev/urandom")),
    "a link to a pipe": _instead(lambda path: (os.mkfifo(f"{path}.fifo"), path.symlink_to(f"{path.name}.fifo"))[1]),
    "a folder": _instead(lambda path: path.mkdir()),
    "a dangling link": _instead(lambda path: path.symlink_to("nowhere")),
    "a link to itself": _instead(lambda path: path.symlink_to(path.name)),
    "a link to a folder": _instead(lambda path: path.symlink_to("..")),
    "no permission": _forbid,
}
