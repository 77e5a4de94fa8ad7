"""Files that are being written: their names, and which of them nobody writes any more."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from xtreme_harness.files.host import host_tag, is_gone

__all__ = ["TEMPORARY", "beside", "remove_left", "sweep"]

TEMPORARY = ".tmp"  # ending of a file that is being written
_LONG = 24 * 3600.0  # seconds without a byte after which another machine's file is taken for left
_NAME = re.compile(rf"\.([0-9a-f]{{8}})-([0-9]+)-[0-9a-f]{{8}}{re.escape(TEMPORARY)}$")
_EARLIER = re.compile(rf"\.[0-9a-f]{{8}}{re.escape(TEMPORARY)}$")  # as versions without a machine in the name wrote


def beside(path: Path) -> Path:
    """A new name beside a path, which says what machine and process write there."""
    writer = f"{host_tag()}-{os.getpid()}-{secrets.token_hex(4)}"
    return path.with_name(f".{path.name[:40]}.{writer}{TEMPORARY}")


def sweep(root: Path) -> None:
    """Remove what a killed process left half written in the folders of a folder that has no lock."""
    found = root.glob(f"*/.*{TEMPORARY}")
    remove_left(path for path in found if _NAME.search(path.name) or _EARLIER.search(path.name))


def remove_left(paths: Iterable[Path]) -> None:
    """Remove those of some temporary files that nobody writes any more.

    That is so where its process was of this machine and is gone. Of another machine's process nothing can be known:
    its file goes when it was not touched for a day, by the clock of the file system. A name that says no process is of
    a version that let nobody else write beside it.
    """
    for path in list(paths):
        try:
            if _is_left(path):
                path.unlink(missing_ok=True)
        except OSError:  # whoever writes there says so
            continue


def _is_left(path: Path) -> bool:
    found = _NAME.search(path.name)
    if found is None:
        return True
    if found[1] == host_tag():
        return is_gone(int(found[2]))
    return _now(path.parent) - path.lstat().st_mtime > _LONG


def _now(folder: Path) -> float:
    """What time it is for the file system of a folder; machines that share it need not agree."""
    new = beside(folder / "clock")
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        return new.stat().st_mtime
    finally:
        new.unlink(missing_ok=True)
