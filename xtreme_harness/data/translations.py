"""Machine-translated training data as files: which language each is in, and the rows of the English, translated.

Files lie in `DIR/<task>/<lang>.<ext>` or `DIR/<task>/train-<lang>.<ext>`, in the form of the task's English training
file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.data.patterns import filled
from xtreme_harness.data.sources import FilesFound
from xtreme_harness.data.splits import load_split
from xtreme_harness.data.training_sets import Reader, TrainingSet, joined, unlabelled
from xtreme_harness.errors import DataError
from xtreme_harness.languages import is_code, meant
from xtreme_harness.records import Split

__all__ = ["load_translated", "require_translations"]


def load_translated(data: TrainingSet, folder: Path, kind: Reader) -> dict[str, Split[Any]]:
    """Read the translations of a task's training data, by language; {} where the folder has none.

    A row's id is its position, as in the English: row 7 is the translation of English row 7. With parts it is
    `<part>/<position>`.

    Raises:
        DataError: every fault of a file; a row without gold; a task whose answers lie in a pool.
    """
    found: dict[str, dict[str, Split[Any]]] = {}
    card = data.card
    for member in data.members:
        files = _files(folder / member.name)
        if files and kind.passage:
            raise DataError(f"{folder / member.name}: {card.name} searches a pool, which cannot be mixed of languages")
        for language, file in files.items():
            split = load_split(member, language, "train", _located(member, language, file), kind.parse)
            if faults := unlabelled(split, kind):
                raise DataError(*faults)
            found.setdefault(language, {})[member.name] = split
    return {lang: joined(card.name, parts) if card.parts else parts[card.name] for lang, parts in found.items()}


def require_translations(card: TaskCard, folder: Path, translated: Mapping[str, Split[Any]]) -> None:
    """Raise DataError where none of a task's translations are there."""
    if not translated:
        raise DataError(
            f"--translated {folder}: nothing for {card.name}; expected {folder}/{card.name}/<lang>.<ext>, in the "
            "form of the English training file"
        )


def _files(folder: Path) -> dict[str, Path]:
    """Language -> file of a task's folder; what is hidden is not looked at."""
    found: dict[str, Path] = {}
    for file in sorted(p for p in folder.glob("*") if p.is_file() and p.name[0] not in "._"):
        language = file.name.partition(".")[0].removeprefix("train-")
        if not is_code(language):
            raise DataError(f"{file}: cannot tell the language; name the file <lang>{file.suffix}, as de{file.suffix}")
        if meant("en", [language]):
            raise DataError(f"{file}: is English, and no translation; English data are named by --data")
        if language in found:
            raise DataError(f"{file}: a second file for '{language}', beside {found[language].name}; keep one of them")
        found[language] = file
    return found


def _located(card: TaskCard, language: str, file: Path) -> FilesFound:
    """The file, read as the card reads its English training file of the same ending."""
    for source in card.file_sources:
        roles = source.files.get("train", {})
        patterns = [pattern for listed in roles.values() for pattern in listed]
        if len(roles) == 1 and any(Path(pattern).suffix == file.suffix for pattern in patterns):
            options = filled(source.options, language, source.languages)
            return FilesFound(source, {next(iter(roles)): (file,)}, {**options, "ids": "position"}, str(file))
    endings = sorted({Path(p).suffix for s in card.file_sources for r in s.files.get("train", {}).values() for p in r})
    raise DataError(f"{file}: {card.name} has no training format with this ending; expected {', '.join(endings)}")
