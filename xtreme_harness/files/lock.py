"""One process a file: by a lock of the system, or by a marker where the file system has no locks."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedReader, FileIO
from pathlib import Path

from xtreme_harness.files.host import host_name, is_gone
from xtreme_harness.files.regular import NO_LINK, open_regular

__all__ = ["LOCK", "MARKER", "Held", "Holder", "hold", "holder_of"]

log = logging.getLogger("xtreme_harness")
LOCK = ".lock"
MARKER = ".lock-holder"  # stands for it where the file system has no locks
_LOOK = 0.05  # seconds; who only looks whether a lock is held has it for less
_PAUSE = 0.01  # seconds between two tries
_LONGEST = 400  # bytes of what is said of a holder


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock."""

    who: str  # "process 4711 on node2"; without the machine where it is this one
    marker: Path | None = None  # what stays in the way where that process is lost; None: nothing does


class Held(Exception):
    """Another process holds the lock."""

    def __init__(self, holder: Holder) -> None:
        """Keep who does."""
        super().__init__(holder.who)
        self.holder = holder


@contextmanager
def hold(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of a folder: the file `.lock`, which says who holds it, and stays.

    It falls with the process, however that ends. Where the file system has no locks, a marker is made instead, which a
    process that is killed leaves.

    Args:
        folder: that is there.
        wait: seconds to wait for another holder.

    Raises:
        Held: another process holds it.
        OSError: the file cannot be opened or written; what stands in its place is not followed.
    """
    with open_regular(folder / LOCK, os.O_RDWR | os.O_CREAT | NO_LINK) as file:
        taken, reason = _waited(folder, file, wait)
        if reason:
            _warn(reason)
            with _marked(folder / MARKER, wait):
                yield
            return
        if not taken:
            raise Held(_named(_said(file)))
        file.truncate(0)
        file.write(f"{os.getpid()} {host_name()}\n".encode())
        try:
            yield
        finally:
            _release(file)


def holder_of(folder: Path, wait: float = 0.0) -> Holder | None:
    """Who holds the lock of a folder, also after some seconds; None where nobody does. Nothing is written."""
    try:
        with open_regular(folder / LOCK, os.O_RDWR | NO_LINK) as file:
            taken, reason = _waited(folder, file, wait)
            if reason:
                return _marked_by(folder / MARKER)
            if not taken:
                return _named(_said(file))
            _release(file)
    except OSError:  # not there, or not to be opened: whoever locks it says so
        pass
    return None


def _waited(folder: Path, file: BufferedReader | FileIO, wait: float) -> tuple[bool, str]:
    """As `_within`; a wait that takes a while is told."""
    taken, reason = _within(file, 0.0)
    if taken or reason or not wait:
        return taken, reason
    log.info("%s: waiting for %s, which holds it, at most %g seconds", folder, _named(_said(file)).who, wait)
    return _within(file, wait)


def _within(file: BufferedReader | FileIO, wait: float) -> tuple[bool, str]:
    """Whether an open file could be locked within some seconds; and why there are no locks, where there are none."""
    from filelock import lock_descriptor  # the commands that write no folder do without

    end = time.monotonic() + max(wait, _LOOK)
    try:
        while not lock_descriptor(file.fileno(), blocking=False):
            if time.monotonic() >= end:
                return False, ""
            time.sleep(_PAUSE)
    except OSError as error:
        return False, error.strerror or str(error)
    return True, ""


def _release(file: BufferedReader | FileIO) -> None:
    from filelock import unlock_descriptor

    with suppress(OSError):  # it falls with the file
        unlock_descriptor(file.fileno())


@lru_cache(maxsize=8)
def _warn(reason: str) -> None:
    """Say once what holds where there are no locks."""
    log.warning(
        "the file system has no locks (%s): a file %s keeps a second xharness off each folder; "
        "where its process is killed, you may have to remove that file",
        reason,
        MARKER,
    )


@contextmanager
def _marked(marker: Path, wait: float) -> Iterator[None]:
    """Hold a marker; that of a process of this machine that is gone is taken over where names can be swapped."""
    from filelock import SoftFileLock, Timeout

    lock = SoftFileLock(marker, timeout=max(wait, _LOOK), thread_local=False, poll_interval=_PAUSE)
    try:
        lock.acquire()
    except Timeout:
        raise Held(_named(_read(marker), marker)) from None
    try:
        yield
    finally:
        lock.release()


def _marked_by(marker: Path) -> Holder | None:
    said = _read(marker)
    process, host = _parts(said)
    if not said or (host == host_name() and process.isdigit() and is_gone(int(process))):
        return None
    return _named(said, marker)


def _read(marker: Path) -> str:
    """What a marker says; "" where there is none."""
    try:
        with open_regular(marker, os.O_RDONLY | NO_LINK) as file:
            return file.read(_LONGEST).decode("utf-8", "replace") or "unknown"
    except FileNotFoundError:
        return ""
    except OSError:
        return "unknown"


def _said(file: BufferedReader | FileIO) -> str:
    """What a held lock says of its holder; on Windows its first byte is not to be read."""
    file.seek(1 if os.name == "nt" else 0)
    return file.read(_LONGEST).decode("utf-8", "replace")


def _parts(said: str) -> tuple[str, str]:
    """The process and the host that a lock or a marker names."""
    words = said.split()
    host = words[1].partition("?")[0] if len(words) > 1 else ""  # behind it filelock says the numbering of processes
    return (words[0] if words and words[0].isdigit() else "unknown"), host


def _named(said: str, marker: Path | None = None) -> Holder:
    process, host = _parts(said)
    return Holder(f"process {process}" if host in ("", host_name()) else f"process {process} on {host}", marker)
