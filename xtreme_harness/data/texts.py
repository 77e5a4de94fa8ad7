"""Plain texts in many languages, for masked language modelling: a file a language."""

from __future__ import annotations

from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from xtreme_harness.data.sources import file_hash
from xtreme_harness.errors import DataError, listed
from xtreme_harness.files.regular import open_regular
from xtreme_harness.languages import is_code, nearest_code

__all__ = ["read_texts", "require_texts", "text_hashes"]

_MOST = 1_000_000  # lines of a language that are read


def read_texts(folder: Path, most: int = _MOST) -> dict[str, tuple[str, ...]]:
    """Read the lines of every language, at most `most` of each, blank ones left out.

    Raises:
        DataError: no text files, an unknown language, a file that is empty or no UTF-8; all faults together.
    """
    found: dict[str, list[str]] = {}
    faults: list[str] = []
    for language, file in _files(folder, faults):
        kept = found.setdefault(language, [])
        if len(kept) >= most:
            continue
        try:
            with TextIOWrapper(open_regular(file), "utf-8-sig") as stream:
                lines = list(islice(filter(None, map(str.strip, stream)), most - len(kept)))
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{file}: cannot be read as UTF-8 text ({type(error).__name__})")
            continue
        if not lines:
            faults.append(f"{file}: holds no text")
        kept.extend(lines)
    if faults:
        raise DataError(*listed(faults))
    return {language: tuple(lines) for language, lines in found.items()}


def require_texts(folder: Path) -> None:
    """Raise DataError where a folder holds no texts, or texts in unknown languages; reads none of them."""
    faults: list[str] = []
    _files(folder, faults)
    if faults:
        raise DataError(*listed(faults))


def text_hashes(folder: Path) -> dict[str, str]:
    """File, relative to the folder -> SHA-256."""
    return {file.relative_to(folder).as_posix(): file_hash(file) for _, file in _files(folder, [])}


def _files(folder: Path, faults: list[str]) -> list[tuple[str, Path]]:
    """Language and path of every text file."""
    plain = [(file.stem, file) for file in sorted(folder.glob("*.txt"))]
    nested = [(file.parent.name, file) for file in sorted(folder.glob("*/*.txt"))]
    for language, file in [*plain, *nested]:
        if not is_code(language):
            faults.append(f"{file}: unknown language '{language}'{nearest_code(language)}")
    if not plain and not nested:
        faults.append(f"--mlm {folder}: no texts; expected {folder}/<lang>.txt, or {folder}/<lang>/*.txt")
    return [*plain, *nested]
