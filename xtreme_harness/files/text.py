"""Text files: read whole, written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from xtreme_harness.errors import DataError, OutputError, XHarnessError
from xtreme_harness.files.json_text import json_text
from xtreme_harness.files.lasting import make_folder, sync_file, sync_folder
from xtreme_harness.files.regular import (
    AT_ONCE,
    NO_LINK,
    NOT_INHERITED,
    kind_of,
    open_regular,
    read_bytes,
    waiting_again,
)
from xtreme_harness.files.temporary import beside
from xtreme_harness.files.within import within

__all__ = [
    "LARGEST", "in_the_way", "open_appending", "read_text", "replacing", "write_atomic", "write_below", "write_given",
    "write_json",
]  # fmt: skip

LARGEST = 1 << 30  # bytes of a text that is read whole
_PLAIN = ("/dev", "/proc")  # what stands there is written to, never replaced


def read_text(
    path: Path, encoding: str = "utf-8-sig", error: type[XHarnessError] = DataError, most: int = LARGEST
) -> str:
    """A UTF-8 text, a byte-order mark dropped; with "utf-8" as encoding, kept.

    Args:
        path: of a regular file.
        encoding: of its text.
        error: what is raised where it cannot be read.
        most: bytes that it may have.

    Raises:
        XHarnessError: of the given type.
    """
    try:
        return read_bytes(path, most).decode(encoding)
    except UnicodeDecodeError as fault:
        raise error(f"{path}: not UTF-8 (byte {fault.start})") from None
    except FileNotFoundError:
        raise error(f"{path}: no such file") from None
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror})") from None


def in_the_way(path: Path, links: bool = False) -> str:
    """What stands in the place of a file and may not be replaced: "a folder", "a pipe" ...; "" where nothing does.

    Args:
        path: of the file.
        links: is a link in the way too?
    """
    try:
        mode = path.lstat().st_mode
    except OSError:  # nothing there, or nothing that can be seen
        return ""
    if stat.S_ISLNK(mode):
        return "a link" if links else kind_of(path.stat().st_mode) if path.is_dir() else ""
    return kind_of(mode)


@contextmanager
def replacing(path: Path, lasting: bool = True) -> Iterator[Path]:
    """Give a new file beside a path, which takes its place when the block ends well and is removed otherwise.

    A link in that place is replaced, not followed; a pipe or a device is refused.

    Args:
        path: of the file.
        lasting: is it to survive the machine? It is on the disk before it takes its place, and its name afterwards.

    Raises:
        OutputError: the place cannot be written.
    """
    new = beside(path)
    try:
        if lasting:
            make_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        if kind := in_the_way(path):
            raise OSError(errno.EEXIST, f"{kind} is in the way")
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOT_INHERITED, 0o666))
        yield new
        if lasting:
            sync_file(new)
        new.replace(path)
        if lasting:
            sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):  # still there where it failed, or was interrupted
            new.unlink()


def write_atomic(path: Path, data: str | bytes, lasting: bool = True) -> None:
    """Write a file that is either whole or not there, as `replacing`; OutputError when it cannot be written."""
    with replacing(path, lasting) as new:
        new.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


def write_below(root: Path, name: str, data: str | bytes) -> None:
    """Write a file of a folder atomically, through no link that someone has put there.

    Args:
        root: folder that the user named.
        name: of the file below it, as `within` takes it.
        data: the content.

    Raises:
        OutputError: it cannot be written, or the name or a link leads out of the folder.
    """
    try:
        path = within(root, name)
    except ValueError as error:
        raise OutputError(f"{root}: the file name '{name}' {error}") from None
    for step in list(path.relative_to(root).parents)[:-1]:
        if (root / step).is_symlink():
            raise OutputError(f"{root / step}: a link is in the way; expected a folder: remove it")
    write_atomic(path, data)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with two-space indent, keys in their order, atomically; OutputError where it cannot."""
    try:
        text = json_text(value, indent=2)
    except OutputError as error:
        raise OutputError(*(f"{path}: {fault}" for fault in error.faults)) from None
    write_atomic(path, text + "\n")


def write_given(path: Path, data: str | bytes) -> None:
    """Write to the file that a user names: a link is followed, a pipe or a character device is written to.

    Raises:
        OutputError: it cannot be written.
    """
    raw = data.encode("utf-8") if isinstance(data, str) else data
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):  # not there yet, or the writing will say why
        mode = stat.S_IFREG
    except OSError as error:  # a link to itself among them, which is not to be replaced
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
    within_system = os.path.realpath(path.parent).startswith(_PLAIN)
    if stat.S_ISREG(mode) and not within_system:
        write_atomic(Path(os.path.realpath(path)) if path.is_symlink() else path, raw)
        return
    try:
        if stat.S_ISDIR(mode) or stat.S_ISBLK(mode):
            raise OSError(errno.EISDIR, f"{kind_of(mode)} is in the way")
        with _open_plainly(path) as file:
            file.write(raw)
    except OSError as error:
        quiet = error.errno in (errno.ENXIO, errno.EPIPE)
        reason = "nobody reads this pipe" if quiet else error.strerror
        raise OutputError(f"{path}: cannot be written ({reason})") from None


def open_appending(path: Path) -> IO[bytes]:
    """Open a file of an output folder for adding to its end, unbuffered; a link in its place is not followed.

    Raises:
        OSError: it cannot be opened so.
    """
    return open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_LINK)


def _open_plainly(path: Path) -> IO[bytes]:
    number = os.open(path, os.O_WRONLY | os.O_APPEND | AT_ONCE)
    waiting_again(number)
    return os.fdopen(number, "wb")
