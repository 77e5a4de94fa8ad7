"""Evaluation data translated into English: translate-test.

Files lie in `DIR/<task>/test-<lang>.<ext>` or `DIR/<task>/<lang>.<ext>` (of the dev split `dev-<lang>.<ext>`), in the
form of the task's own files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from xtreme_harness.cards import Files, FileSource, TaskCard
from xtreme_harness.data.patterns import filled
from xtreme_harness.data.sources import FilesFound
from xtreme_harness.errors import DataError
from xtreme_harness.languages import is_code, meant

__all__ = ["require_translated", "translated_test", "translation_name"]

_SPLITS = ("test", "dev")


def translated_test(card: TaskCard, split: str, language: str, folder: Path) -> FilesFound | None:
    """Find the English translation of one split of one language; None where there is none.

    Raises:
        DataError: several files of the language; one whose form cannot be told.
    """
    found = [file for file in _files(folder / card.name) if _told(file, card) == (split, language)]
    if not found and split == _SPLITS[0]:
        found = [file for file in _files(folder / card.name) if _told(file, card) == ("", language)]
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise DataError(f"{folder / card.name}: several files of {language} {split} ({names}); keep one of them")
    return _located(card, split, language, found[0], folder) if found else None


def require_translated(card: TaskCard, folder: Path) -> None:
    """Refuse files of a task that are no translations: the language cannot be told, or is English.

    Raises:
        DataError: each of them.
    """
    english = card.english
    told = {file: _told(file, card)[1] for file in _files(folder / card.name)}
    faults = [
        f"{file}: cannot tell a language of {card.name}; name the file test-<lang>{file.suffix} or <lang>{file.suffix}"
        for file, code in told.items()
        if not code
    ]
    faults += [
        f"{file}: is English, and no translation; English data are named by --data"
        for file, code in told.items()
        if code == english
    ]
    if faults:
        raise DataError(*faults)


def translation_name(found: Sequence[FilesFound], folder: Path) -> str:
    """What tells a translation from others in a signature: the folder's name, and the beginning of the files' hash."""
    values = [value for located in found for value in located.hashes().values()]
    value = values[0] if len(values) == 1 else hashlib.sha256("".join(values).encode()).hexdigest()
    return f"{folder.resolve().name.replace('|', '_')}@{value[:8]}"


def _files(folder: Path) -> list[Path]:
    """What is hidden is not looked at."""
    return sorted(file for file in folder.glob("*") if file.is_file() and file.name[0] not in "._")


def _told(file: Path, card: TaskCard) -> tuple[str, str]:
    """The split and the card's code of the language that a file's name says; "" where it says none."""
    name = file.name.partition(".")[0]
    split = next((split for split in _SPLITS if name.startswith(f"{split}-")), "")
    word = name.removeprefix(f"{split}-") if split else name
    codes = meant(word, card.all_languages) if is_code(word) else ()
    return split, codes[0] if codes else ""


def _located(card: TaskCard, split: str, language: str, file: Path, folder: Path) -> FilesFound:
    """The file, read as the card reads its own file of the same ending."""
    known: list[tuple[FileSource, Files]] = [(one, one.files.get(split, {})) for one in card.file_sources]  # type: ignore[call-overload]
    for source, roles in known:
        patterns = [pattern for listed in roles.values() for pattern in listed]
        if len(roles) == 1 and any(Path(pattern).suffix == file.suffix for pattern in patterns):
            options = filled(source.options, language, source.languages)  # ids and filters are still its own
            return FilesFound(source, {next(iter(roles)): (file,)}, options, str(folder))
    endings = sorted({Path(pattern).suffix for _, roles in known for listed in roles.values() for pattern in listed})
    hint = f"expected {', '.join(endings)}" if endings else "it is read from the Hub alone"
    raise DataError(f"{file}: {card.name} has no {split} format of one file with this ending; {hint}")
