"""Where a task's data lies, and how it is fingerprinted: the one reader of data folders and the Hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from xtreme_harness.cards import FileSource, HubSource, TaskCard, folder
from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.hub_qrels import config_and_split
from xtreme_harness.data.patterns import filled, matches
from xtreme_harness.errors import DataError, did_you_mean
from xtreme_harness.files.regular import open_regular
from xtreme_harness.records import Table

__all__ = ["Data", "FilesFound", "HubFound", "Located", "file_hash", "file_split", "locate", "parse_data"]

_TRAINING = {"train": {"ids": "position"}}  # ids of training rows may repeat (TyDiQA's do) and are not used


@dataclass(frozen=True, slots=True)
class Data:
    """What `--data` says: a place for all tasks, and places for single ones."""

    default: Path | None = None  # a data folder; None: the Hub
    named: Mapping[str, Path] = field(default_factory=dict)
    name: str = "hub"  # as the user wrote it


@dataclass(frozen=True, slots=True)
class FilesFound:
    """Files of one split and language."""

    source: FileSource
    files: Mapping[str, tuple[Path, ...]]  # role -> files
    options: Mapping[str, Any]
    origin: str  # for the signature: "samples", or the folder

    def hashes(self) -> dict[str, str]:
        """File name -> SHA-256."""
        paths = sorted({path for paths in self.files.values() for path in paths})
        return {path.name: file_hash(path) for path in paths}

    def read(self) -> Table:
        """Read the rows."""
        return FORMATS[self.source.format](self.files, self.options)

    def pool_files(self) -> list[Path]:
        """The files that hold what is searched."""
        roles = ("all", "candidates", "corpus", "english", "foreign")
        return [path for role, paths in sorted(self.files.items()) if role in roles for path in paths]

    def pool_key(self) -> str:
        """Equal for equal pools."""
        return "|".join(f"{path}:{file_hash(path)}" for path in self.pool_files())


@dataclass(frozen=True, slots=True)
class HubFound:
    """One split and language of a Hub dataset."""

    source: HubSource
    split: str  # "train" | "dev" | "test"
    language: str

    @property
    def origin(self) -> str:
        """For the signature: "facebook/xnli@b8dd5d7"."""
        return f"{self.source.path}@{self._revision()[:7]}"

    def hashes(self) -> dict[str, str]:
        """Dataset, config and split -> commit."""
        split = filled(self.source.splits[self.split], self.language, self.source.languages)  # type: ignore[index]
        names = self._configs().values() or [filled(self.source.config, self.language, self.source.languages)]
        return {f"{self.source.path}/{'/'.join(config_and_split(name, split))}": self._revision() for name in names}

    def read(self) -> Table:
        """Load the rows."""
        from xtreme_harness.data.hub import read_hub

        return read_hub(self.source, self.split, self.language)

    def pool_key(self) -> str:
        """Equal for equal pools."""
        return f"{self.origin}/{self._configs().get('corpus', self.language)}/{self.split}"

    def _configs(self) -> dict[str, str]:
        """Role -> config, where the source has several."""
        return dict(filled(self.source.configs, self.language, self.source.languages))

    def _revision(self) -> str:
        from xtreme_harness.data.hub import hub_revision

        return hub_revision(self.source)


Located = FilesFound | HubFound


def parse_data(values: Sequence[str], tasks: Iterable[str]) -> Data:
    """Read the values of `--data`: hub, samples, DIR, or TASK=FILE_OR_DIR.

    Raises:
        DataError: for a place that is not there or a task that is unknown; all faults together.
    """
    known, faults = set(tasks), []
    default, name, named = None, "hub", {}
    for kind, given in _repeated(values).items():
        faults.append(f"--data: {kind} is given twice ({', '.join(given)}); give one place for all, and one a task")
    for value in values:
        task, separator, place = value.partition("=")
        if separator and not Path(value).exists():
            if task not in known:
                faults.append(f"--data {value}: unknown task '{task}'{did_you_mean(task, known)}")
            elif not Path(place).exists():
                faults.append(f"--data {value}: no such file or folder")
            else:
                named[task] = Path(place)
        elif value == "hub":
            default, name = None, "hub"
        elif value == "samples":
            default, name = folder() / "samples", "samples"
        elif Path(value).is_file():
            faults.append(f"--data {value}: is a file; name its task, as in --data xnli={value}")
        elif not Path(value).is_dir():
            faults.append(f"--data {value}: no such folder; expected hub, samples, a folder, or TASK=FILE_OR_DIR")
        else:
            default, name = Path(value), value
    if faults:
        raise DataError(*faults)
    return Data(default, named, name)


def _repeated(values: Sequence[str]) -> dict[str, list[str]]:
    """Places that are given twice for the same: none of them may be passed over in silence."""
    places: dict[str, list[str]] = {}
    for value in dict.fromkeys(values):
        task, separator, _ = value.partition("=")
        single = bool(separator) and not Path(value).exists()
        places.setdefault(f"the place of {task}" if single else "the place of all tasks", []).append(value)
    return {what: given for what, given in places.items() if len(given) > 1}


def locate(card: TaskCard, split: str, language: str, data: Data, languages: Sequence[str] = ()) -> Located | None:
    """Find one split of one language; None where the place does not have it.

    Args:
        card: the task.
        split: "train", "dev" or "test".
        language: the benchmark's code.
        data: where to look.
        languages: those that the run asks for; decides the language of a file named outright.

    Raises:
        DataError: when a pattern fits several files, or a named file's language cannot be told.
    """
    if card.name in data.named:
        place = data.named[card.name]
        if place.is_file():
            return _named_file(card, place, split, language, languages)
        return _in_folder(card, split, language, place, str(place), loose=True)
    if data.default is not None:
        return _in_folder(card, split, language, data.default, data.name)
    if card.hub is None or split not in card.hub.splits or language in card.hub.options.get("absent", ()):
        return None
    return HubFound(card.hub, split, language)


def file_split(card: TaskCard, file: Path) -> str:
    """The split that a file's name is one of; "train" where the name says nothing."""
    return next((split for split in ("dev", "test", "train") if _recognised(card, file, split)), "train")


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    stat = path.stat()
    return _hash(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4096)
def _hash(path: Path, number: int, size: int, changed: int) -> str:
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _in_folder(
    card: TaskCard, split: str, language: str, root: Path, name: str, loose: bool = False
) -> FilesFound | None:
    for source in card.file_sources:
        roles = source.files.get(split)  # type: ignore[call-overload]
        if roles is None:
            continue
        files = {role: _role(card, source, patterns, language, root, loose) for role, patterns in roles.items()}
        missing = [role for role, paths in files.items() if not paths and role not in source.optional]
        if not missing:
            options = _options(source, split, language)
            return FilesFound(source, {role: paths for role, paths in files.items() if paths}, options, name)
    return None


def _options(source: FileSource, split: str, language: str) -> dict[str, Any]:
    """What the format is told of one split in one language."""
    part = source.splits.get(split, split)  # type: ignore[call-overload]
    return {**filled(source.options, language, source.languages, part), **_TRAINING.get(split, {})}


def _role(
    card: TaskCard, source: FileSource, patterns: Sequence[str], language: str, root: Path, loose: bool
) -> tuple[Path, ...]:
    for pattern in _loosened(patterns) if loose else patterns:
        if "{languages}" in pattern:
            every = [pattern.replace("{languages}", "{language}")]
            return tuple(p for code in card.all_languages for p in _role(card, source, every, code, root, False))
        found = matches(root, filled(pattern, language, source.languages), card.name)
        if len(found) > 1 and not source.concatenate:
            names = ", ".join(str(path.relative_to(root)) for path in found)
            raise DataError(
                f"{root}: several files for {card.name} {language} ({names}); name one by --data {card.name}=FILE"
            )
        if found:
            return tuple(found)
    return ()


def _loosened(patterns: Sequence[str]) -> list[str]:
    """Patterns as they are, then without their first folders: a task's own folder may be named outright."""
    shorter = [pattern.split("/", i)[-1] for i in range(1, 4) for pattern in patterns]
    return list(dict.fromkeys([*patterns, *shorter]))


def _named_file(card: TaskCard, file: Path, split: str, language: str, languages: Sequence[str]) -> FilesFound | None:
    """A file that the user names: recognised by a pattern of the card, else told by language code and ending."""
    known = _recognised(card, file, split)
    if known:
        return known.get(language)
    tokens = set(re.split(r"[^A-Za-z]+", file.name))
    spoken = [code for code in card.all_languages if code in tokens]
    told = spoken[0] if len(spoken) == 1 else languages[0] if len(languages) == 1 else None
    if told is None and len(card.all_languages) == 1:
        told = card.all_languages[0]
    if told is None:
        raise DataError(f"--data {card.name}={file}: cannot tell the file's language; name it by --languages")
    source = next((s for s in card.file_sources if _fits(s, file)), None)
    if source is None:
        raise DataError(f"--data {card.name}={file}: none of the task's formats is one file ending in '{file.suffix}'")
    options = _options(source, split, language)
    return FilesFound(source, {"rows": (file,)}, options, str(file)) if told == language else None


def _recognised(card: TaskCard, file: Path, split: str) -> dict[str, FilesFound]:
    """Languages that the file holds, by the card's file names; one for all languages holds all."""
    for source in card.file_sources:
        roles = source.files.get(split, {})  # type: ignore[call-overload]
        found = {}
        for code in card.all_languages if set(roles) == {"rows"} else ():
            names = [filled(_telling(pattern), code, source.languages) for pattern in roles["rows"]]
            if any(file.resolve().match(name) for name in names):
                found[code] = FilesFound(source, {"rows": (file,)}, _options(source, split, code), str(file))
        if found:
            return found
    return {}


def _telling(pattern: str) -> str:
    """The end of a pattern that tells the language: "{language}/test_2k.tsv" of "x-final/{language}/test_2k.tsv"."""
    steps = pattern.split("/")
    first = max((i for i, step in enumerate(steps) if "{" in step), default=len(steps) - 1)
    return "/".join(steps[first:])


def _fits(source: FileSource, file: Path) -> bool:
    patterns = [p for roles in source.files.values() for p in roles.get("rows", ()) if set(roles) == {"rows"}]
    return any(Path(pattern).suffix == file.suffix for pattern in patterns)
