"""Files that are opened: regular ones alone, never a pipe, a device or a socket, and never without a bound."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path

__all__ = [
    "AT_ONCE", "MIB", "NOT_INHERITED", "NO_LINK", "kind_of", "open_regular", "read_bytes", "size_words",
    "waiting_again",
]  # fmt: skip

MIB = 1 << 20
# flags of `os.open`; Windows knows none of them, and one of its own
NOT_INHERITED = getattr(os, "O_CLOEXEC", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
AT_ONCE = NOT_INHERITED | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def kind_of(mode: int) -> str:
    """What a file is that is not a regular one: "a folder", "a pipe", "a device", "a socket"; "" for a regular one.

    >>> kind_of(stat.S_IFIFO | 0o644), kind_of(stat.S_IFREG | 0o644)
    ('a pipe', '')
    """
    return next((words for fits, words in _KINDS if fits(mode)), "")


def open_regular(path: Path, flags: int = os.O_RDONLY) -> BufferedReader | FileIO:
    """Open a regular file, unbuffered where it is written; nothing else is waited for.

    Args:
        path: of the file.
        flags: of `os.open`; a file that they make has the mode that the umask leaves.

    Raises:
        OSError: as `open`; also, with a reason to be read, where the path is no regular file.
    """
    number = os.open(path, flags | AT_ONCE, 0o666)  # a pipe that nobody writes would never open else
    try:
        if kind := kind_of(os.fstat(number).st_mode):
            if kind == "a folder":
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            raise OSError(errno.EINVAL, f"found {kind}, expected a file", str(path))
        waiting_again(number)
        reads = not flags & (os.O_WRONLY | os.O_RDWR)
        return os.fdopen(number, "rb") if reads else os.fdopen(number, "r+b" if flags & os.O_RDWR else "wb", 0)
    except BaseException:
        os.close(number)
        raise


def waiting_again(number: int) -> None:
    """Let an open file be waited for that was opened with `AT_ONCE`."""
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(number, True)


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a regular file.

    Args:
        path: of the file.
        most: bytes that it may have.

    Raises:
        OSError: as `open_regular`; also where it is longer.
    """
    with open_regular(path) as file:
        raw = file.read(most + 1)
        if len(raw) > most:
            size = size_words(max(os.fstat(file.fileno()).st_size, len(raw)))
            raise OSError(errno.EFBIG, f"found {size}, expected at most {size_words(most)}", str(path))
    return raw


def size_words(n: int) -> str:
    """A number of bytes, to be read.

    >>> size_words(300), size_words(16 * MIB), size_words(5 << 30)
    ('300 bytes', '16 MiB', '5 GiB')
    """
    for unit, words in ((1 << 30, "GiB"), (MIB, "MiB"), (1 << 10, "KiB")):
        if n >= unit:
            return f"{n / unit:.4g} {words}"
    return f"{n} bytes"
