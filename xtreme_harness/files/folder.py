"""The output folder: proved writable before compute, kept to one process, with a log."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xtreme_harness.errors import OutputError
from xtreme_harness.files.text import TEMPORARY, write_atomic

__all__ = ["locked", "logged", "open_output", "output_faults", "require_output"]

log = logging.getLogger("xtreme_harness")
_PROBE = ".writable"


def output_faults(output: Path, folders: Sequence[str] = (), files: Sequence[str] = ()) -> list[str]:
    """What keeps a run from writing its folder, found without writing anything.

    Args:
        output: the folder.
        folders: names below it that will hold files.
        files: names below it that will be written.
    """
    faults = _unusable(output)
    if not faults:  # below an unusable folder nothing can be written either
        faults = [fault for name in folders for fault in _unusable(output / name)]
    faults += [
        f"{output / name}: a folder is in the way; name another folder by --output-path"
        for name in files
        if (output / name).is_dir()
    ]
    lock = output / ".lock"
    if lock.is_dir():
        faults.append(f"{lock}: cannot be written ({os.strerror(errno.EISDIR)})")
    elif holder := _holder(lock):
        faults.append(_taken(output, holder))
    return list(dict.fromkeys(faults))


def require_output(output: Path, folders: Sequence[str] = (), files: Sequence[str] = ()) -> None:
    """Raise OutputError with what `output_faults` finds."""
    if faults := output_faults(output, folders, files):
        raise OutputError(*faults)


def open_output(output: Path, folders: Sequence[str] = (), files: Sequence[str] = ()) -> None:
    """Make the output folder and prove that what a run writes there can be written.

    Args:
        output: the folder.
        folders: names below it that will hold files.
        files: names below it that will be written.

    Raises:
        OutputError: before any compute; every fault.
    """
    require_output(output, folders, files)
    faults = _unwritable(output)
    if not faults:
        faults = [fault for name in folders for fault in _unwritable(output / name)]
    if faults:
        raise OutputError(*dict.fromkeys(faults))


def _unusable(folder: Path) -> list[str]:
    """Is a file in its place, or is the folder that holds it, or would hold it, closed to writing?"""
    if folder.exists() and not folder.is_dir():
        return [f"{folder}: a file is in the way; name another folder by --output-path"]
    nearest = next(place for place in (folder, *folder.parents, Path("/")) if place.exists())
    if not nearest.is_dir():
        return [f"{nearest}: a file is in the way; name another folder by --output-path"]
    if (folder / _PROBE).is_dir():
        reason = errno.EISDIR
    elif folder.is_symlink() and nearest != folder:
        reason = errno.EEXIST
    elif not os.access(nearest, os.W_OK | os.X_OK):
        reason = errno.EROFS if os.statvfs(nearest).f_flag & os.ST_RDONLY else errno.EACCES
    else:
        return []
    return [f"{folder / _PROBE}: cannot be written ({os.strerror(reason)})"]


def _unwritable(folder: Path) -> list[str]:
    probe = folder / _PROBE
    try:
        write_atomic(probe, "")
    except OutputError as error:
        return list(error.faults)
    probe.unlink(missing_ok=True)  # a second process may have removed it
    return []


def _holder(lock: Path) -> str:
    """The process that holds a lock; "" when none does."""
    try:
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "unknown"
    except OSError:  # not there, or not to be read: whoever locks it says so
        pass
    return ""


def _taken(output: Path, holder: str) -> str:
    return f"{output}: another xharness (process {holder}) is writing here; wait, or name another --output-path"


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Keep a second process off the folder; the lock falls with the process, however that ends.

    What a killed process left half written is removed.

    Raises:
        OutputError: when another process holds the folder.
    """
    path = output / ".lock"
    try:
        file = path.open("a+")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise OutputError(_taken(output, holder)) from None
        except OSError as error:
            log.warning("%s: cannot be locked (%s); do not run a second xharness here", path, error.strerror)
        try:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
        _sweep(output)
        yield


def _sweep(output: Path) -> None:
    """Remove temporary files of a process that was killed."""
    places = [output.glob(f".*{TEMPORARY}")]
    places += [(output / name).rglob(f".*{TEMPORARY}") for name in ("cells", "predictions", "samples")]
    for left in [path for found in places for path in found]:
        left.unlink(missing_ok=True)


class _Silent(logging.FileHandler):
    """Drops what cannot be written: a full disk is reported where results are saved, once."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Close, and let what could not be flushed go."""
        try:
            super().close()
        except OSError:
            self.stream = None


@contextmanager
def logged(output: Path) -> Iterator[None]:
    """Write the package's messages to OUT/log.txt too while a run lasts."""
    try:
        handler = _Silent(output / "log.txt", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output / 'log.txt'}: cannot be written ({error.strerror})") from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = log.level
    log.addHandler(handler)
    log.setLevel(min(level, logging.INFO) if level else logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)
        handler.close()
