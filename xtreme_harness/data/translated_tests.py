"""Evaluation data translated into English: translate-test.

Files lie in `DIR/<task>/test-<lang>.<ext>` or `DIR/<task>/<lang>.<ext>` (of the dev split `dev-<lang>.<ext>`), in the
form of the task's own files.
"""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.cards import TaskCard
from xtreme_harness.data.patterns import filled
from xtreme_harness.data.sources import FilesFound
from xtreme_harness.errors import DataError
from xtreme_harness.languages import english_of, is_code, meant

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
    return _located(card, split, found[0], folder) if found else None


def require_translated(card: TaskCard, folder: Path) -> None:
    """Refuse files of a task whose language cannot be told.

    Raises:
        DataError: each of them.
    """
    strange = [file for file in _files(folder / card.name) if not _told(file, card)[1]]
    if strange:
        raise DataError(*(
            f"{file}: cannot tell a language of {card.name}; name the file test-<lang>{file.suffix} or "
            f"<lang>{file.suffix}" for file in strange
        ))  # fmt: skip


def translation_name(located: FilesFound, folder: Path) -> str:
    """What tells a translation from others in a signature: the folder's name and the beginning of the file's hash."""
    (value,) = located.hashes().values()
    return f"{folder.resolve().name}@{value[:8]}"


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


def _located(card: TaskCard, split: str, file: Path, folder: Path) -> FilesFound:
    """The file, read as the card reads its own file of the same ending."""
    english = english_of(card.all_languages)
    for source in card.file_sources:
        roles = source.files.get(split, {})  # type: ignore[call-overload]
        patterns = [pattern for listed in roles.values() for pattern in listed]
        if len(roles) == 1 and any(Path(pattern).suffix == file.suffix for pattern in patterns):
            options = filled(source.options, english, source.languages)
            return FilesFound(source, {next(iter(roles)): (file,)}, options, str(folder))
    endings = sorted({Path(p).suffix for s in card.file_sources for r in s.files.get(split, {}).values() for p in r})
    known = f"expected {', '.join(endings)}" if endings else "it is read from the Hub alone"
    raise DataError(f"{file}: {card.name} has no {split} format of one file with this ending; {known}")
