"""A checked submission folder to what is handed in: the files and `metadata.yaml`, as a folder or a zip."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from xtreme_harness.cards import Cards
from xtreme_harness.cards.names import file_name
from xtreme_harness.errors import CardError, OutputError, PredictionError
from xtreme_harness.files.regular import read_bytes
from xtreme_harness.files.temporary import TEMPORARY
from xtreme_harness.files.text import LARGEST, replacing, write_atomic
from xtreme_harness.plan.cells import select
from xtreme_harness.submission.check import check_folder, run_faults
from xtreme_harness.submission.metadata import Metadata, read_metadata

__all__ = ["Metadata", "pack", "read_metadata"]

_PARTIAL = ".partial"  # ending of a folder that is being written


def pack(folder: Path, suite: str, metadata: Path, output: Path, cards: Cards) -> list[Path]:
    """Copy the files of a submission, and its metadata, to a folder or (by its ending) a zip.

    Raises:
        PredictionError: with every fault of the metadata and the files; nothing is written then.
        OutputError: when the output is there already, or cannot be written.
    """
    faults: list[str] = []
    fingerprint = None
    try:
        read = read_metadata(metadata)
        fingerprint = read.fingerprint
        if read.suite != suite:
            faults.append(f"{metadata}: suite: found '{read.suite}', expected '{suite}'")
    except CardError as error:
        faults.extend(error.faults)
    faults += [*run_faults(folder, fingerprint), *check_folder(folder, suite, cards)]
    if faults:
        raise PredictionError(*faults)
    if output.exists() or output.is_symlink():  # a link to nowhere too: it is not to be replaced
        raise OutputError(f"{output}: is there already; name another by -o")
    names = [
        file_name(target.card, "test", language)
        for target in select(cards, [suite])
        for language in target.languages
        if (folder / file_name(target.card, "test", language)).exists()
    ]
    files = [(folder / name, name) for name in names] + [(metadata, "metadata.yaml")]
    try:
        packed = _zipped(files, output) if output.suffix == ".zip" else _copied(files, output)
        _sweep(output)
    except OSError as error:
        raise OutputError(f"{output}: cannot be written ({error.strerror or error})") from None
    return packed


def _sweep(output: Path) -> None:
    """Remove what a killed process left half written: whoever else packs to this name is too late."""
    start = f".{output.name[:40]}."
    for left in [path for path in output.parent.iterdir() if path.name.startswith(start)]:
        if left.name.endswith(TEMPORARY):
            left.unlink(missing_ok=True)
        elif left.name.endswith(_PARTIAL):
            shutil.rmtree(left, ignore_errors=True)


def _zipped(files: Sequence[tuple[Path, str]], output: Path) -> list[Path]:
    with replacing(output) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in files:
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))  # the same files give the same archive
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, read_bytes(path, LARGEST), zipfile.ZIP_DEFLATED)
    return [output]


def _copied(files: Sequence[tuple[Path, str]], output: Path) -> list[Path]:
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(mkdtemp(_PARTIAL, f".{output.name[:40]}.", output.parent))
    try:
        whole = partial / "whole"  # with the mode that the umask leaves; the folder around it is private
        for path, name in files:
            write_atomic(whole / name, read_bytes(path, LARGEST))
        whole.rename(output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return [output / name for _, name in files]
