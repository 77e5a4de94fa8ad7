"""The output folder: proved writable before compute, kept to one process, with a log."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path

from xtreme_harness.errors import OutputError, escaped
from xtreme_harness.files.lock import LOCK, Held, Holder, hold, holder_of
from xtreme_harness.files.temporary import TEMPORARY, remove_left
from xtreme_harness.files.text import in_the_way, open_appending, replacing

__all__ = ["locked", "logged", "open_output", "output_faults", "require_output"]

log = logging.getLogger("xtreme_harness")
_PROBE = ".writable"


def output_faults(
    output: Path, folders: Sequence[str] = (), files: Sequence[str] = (), wait: float | None = 0.0
) -> list[str]:
    """What keeps a run from writing its folder, found without writing anything.

    Args:
        output: the folder.
        folders: names below it that will hold files.
        files: names below it that will be written.
        wait: seconds to wait for a process that holds it; None: that is looked at later.
    """
    faults = _unusable(output)
    if not faults:  # below an unusable folder nothing can be written either
        faults = [fault for name in folders for fault in _unusable(output / name)]
    faults += _links(output, [*folders, *(str(Path(name).parent) for name in files)])
    faults += [
        f"{output / name}: {kind} is in the way; name another folder by --output-path"
        for name in files
        if (kind := in_the_way(output / name))
    ]
    lock = output / LOCK
    if kind := in_the_way(lock, links=True):
        faults.append(f"{lock}: cannot be written ({kind} is in the way)")
    elif wait is not None and (holder := holder_of(output, wait)):
        faults.append(_taken(output, holder))
    return list(dict.fromkeys(faults))


def _links(output: Path, folders: Sequence[str]) -> list[str]:
    """Links in place of the folders of a run, and below them: what is written there would leave the output folder."""
    steps = {output / step for name in folders for step in (Path(name), *Path(name).parents) if step.parts}
    found = {place for place in steps if place.is_symlink()}
    for place in {output / name for name in folders if Path(name).parts} - found:
        for at, inside, _ in os.walk(place):
            found.update(link for name in inside if (link := Path(at, name)).is_symlink())
    return [f"{place}: a link is in the way; expected a folder: remove it" for place in sorted(found)]


def require_output(output: Path, folders: Sequence[str] = (), files: Sequence[str] = (), wait: float = 0.0) -> None:
    """Raise OutputError with what `output_faults` finds."""
    if faults := output_faults(output, folders, files, wait):
        raise OutputError(*faults)


def open_output(output: Path, folders: Sequence[str] = (), files: Sequence[str] = (), wait: float = 0.0) -> None:
    """Make the output folder and prove that what a run writes there can be written.

    Args:
        output: the folder.
        folders: names below it that will hold files.
        files: names below it that will be written.
        wait: seconds to wait for a process that holds it.

    Raises:
        OutputError: before any compute; every fault.
    """
    require_output(output, folders, files, wait)
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
        reason = errno.EROFS if _is_read_only(nearest) else errno.EACCES
    else:
        return []
    return [f"{folder / _PROBE}: cannot be written ({os.strerror(reason)})"]


def _is_read_only(folder: Path) -> bool:
    """Is its file system mounted so? Windows does not say."""
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _unwritable(folder: Path) -> list[str]:
    probe = folder / _PROBE
    try:
        with replacing(probe, lasting=False):
            pass
    except OutputError as error:
        return list(error.faults)
    probe.unlink(missing_ok=True)  # a second process may have removed it
    return []


def _taken(output: Path, holder: Holder) -> str:
    said = f"{output}: another xharness ({holder.who}) is writing here; wait, or name another --output-path"
    return said if holder.marker is None else f"{said}; where that process is gone, remove {holder.marker}"


@contextmanager
def locked(output: Path, wait: float = 0.0) -> Iterator[None]:
    """Keep a second process off the folder; the lock falls with the process, however that ends.

    What a killed process left half written is removed.

    Args:
        output: the folder.
        wait: seconds to wait for a process that holds it, as one does that is just ending.

    Raises:
        OutputError: when another process holds the folder.
    """
    with ExitStack() as kept:
        try:
            kept.enter_context(hold(output, wait))
        except Held as held:
            raise OutputError(_taken(output, held.holder)) from None
        except OSError as error:
            raise OutputError(f"{output / LOCK}: cannot be written ({error.strerror})") from None
        _sweep(output)
        yield


def _sweep(output: Path) -> None:
    """Remove temporary files of processes that were killed; others may be writing theirs."""
    remove_left(output.glob(f".*{TEMPORARY}"))
    for name in ("cells", "predictions", "samples", "training"):
        for place, _, files in os.walk(output / name):
            remove_left(Path(place, file) for file in files if file.startswith(".") and file.endswith(TEMPORARY))


class _Silent(logging.FileHandler):
    """Drops what cannot be written: a full disk is reported where results are saved, once."""

    def _open(self) -> TextIOWrapper:
        return TextIOWrapper(open_appending(Path(self.baseFilename)), "utf-8", write_through=True)

    def format(self, record: logging.LogRecord) -> str:
        """The line, with control characters written out."""
        return escaped(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Close, and let what could not be flushed go."""
        try:
            super().close()
        except OSError:
            self.stream = None


@contextmanager
def logged(output: Path | None) -> Iterator[None]:
    """Write the package's messages to OUT/log.txt too while a run lasts; None: to no file."""
    if output is None:
        yield
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
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
