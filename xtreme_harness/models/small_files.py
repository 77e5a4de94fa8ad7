"""The JSON files of a checkpoint, each read and checked once: whoever gets one has what it should hold.

What only a library uses is left to it (`models.preflight` asks it before anything is computed); here stands what this
package reads itself, and what would make a library work without end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ModelError, OutputError, listed
from xtreme_harness.files.json import parse_json
from xtreme_harness.files.json_text import json_text
from xtreme_harness.files.regular import MIB
from xtreme_harness.files.shown import shown
from xtreme_harness.files.text import read_text
from xtreme_harness.files.within import name_fault
from xtreme_harness.models.head_table import general_heads
from xtreme_harness.models.known_keys import (
    ADAPTER,
    ADAPTER_ALWAYS,
    ADAPTER_PARTS,
    CONFIG,
    NOTES,
    SHARES,
    STAGE,
    TOKENIZER,
    TOKENIZER_ALWAYS,
)
from xtreme_harness.models.shapes import (
    OBJECT,
    OBJECTS,
    TEXT,
    TEXTS,
    Shape,
    endless,
    faults_of,
    misfit,
    one_of,
    share,
)

__all__ = [
    "SmallFiles", "read_adapter", "read_config", "read_json", "read_modules", "read_notes", "read_object",
    "read_small_files", "require_tokenizer_files",
]  # fmt: skip

_LARGEST = 256 * MIB


@dataclass(frozen=True, slots=True)
class SmallFiles:
    """What the small files of a checkpoint say."""

    config: Mapping[str, Any]  # {} where there is none
    adapter: Mapping[str, Any] | None
    notes: Mapping[str, Any]  # xharness.json; {} where there is none
    modules: tuple[tuple[str, str], ...] | None  # class and folder of each, as sentence-transformers has them


def read_small_files(path: Path) -> SmallFiles:
    """Read the small files of a checkpoint folder.

    Raises:
        ModelError: every fault of all of them.
    """
    faults: list[str] = []
    config = _attempt(read_config, path, faults)
    adapter = _attempt(read_adapter, path, faults)
    notes = _attempt(read_notes, path, faults)
    modules = _attempt(read_modules, path, faults)
    if faults:
        raise ModelError(*listed(faults))
    return SmallFiles(config or {}, adapter, notes or {}, modules)


def _attempt(read: Callable[[Path], Any], path: Path, faults: list[str]) -> Any:
    try:
        return read(path)
    except ModelError as error:
        faults.extend(error.faults)
    return None


def read_json(file: Path, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """Read JSON; ModelError, in one line, where the file holds none."""
    try:
        return parse_json(read_text(file, "utf-8", ModelError, _LARGEST), pairs)
    except ValueError as error:
        raise ModelError(f"{file}: cannot be read as JSON ({error}); is the checkpoint complete?") from None


def read_object(file: Path, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> dict[str, Any]:
    """Read a JSON object; ModelError, in one line, where the file holds none."""
    read = read_json(file, pairs)
    if not isinstance(read, dict):
        raise ModelError(f"{file}: found a JSON {type(read).__name__}, expected an object")
    return read


def read_config(path: Path) -> dict[str, Any] | None:
    """The `config.json` of a folder, checked; None where there is none."""
    file = path / "config.json"
    if not file.exists():
        return None
    twice: list[tuple[dict[str, Any], list[str]]] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            names = [key for key, _ in found]
            twice.append((made, sorted({key for key in names if names.count(key) > 1})))
        return made

    config = read_object(file, pairs)
    shares = {key: share() for key, value in config.items() if SHARES.search(key) and not isinstance(value, bool)}
    faults = faults_of(config, {**CONFIG, **shares}, str(file))
    sound = {key: value for key, value in config.items() if not faults_of({key: value}, CONFIG, "")}
    faults += [f"{file}: {key}: found NaN or infinity, expected a number" for key in endless(sound, "")]
    names = config.get("id2label")
    faults += [
        f"{file}: id2label: has the class id {key} twice" for made, keys in twice if made is names for key in keys
    ]
    if faults:
        raise ModelError(*faults)
    return config


def read_adapter(path: Path) -> dict[str, Any] | None:
    """The `adapter_config.json` of a folder, checked; None where there is none."""
    file = path / "adapter_config.json"
    if not file.exists():
        return None
    adapter = read_object(file)
    parts = {key: OBJECT for key in adapter if ADAPTER_PARTS.search(key)}
    faults = faults_of(adapter, {**parts, **ADAPTER}, str(file))
    for key in ADAPTER_ALWAYS:
        if key in adapter and adapter[key] is None:
            faults += misfit(None, ADAPTER[key], f"{file}: {key}")
    if faults:
        raise ModelError(*faults)
    return adapter


def read_notes(path: Path) -> dict[str, Any]:
    """The `xharness.json` of a folder, checked; {} where there is none."""
    file = path / "xharness.json"
    if not file.exists():
        return {}
    notes = read_object(file)
    faults = faults_of(notes, NOTES, str(file))
    if OBJECTS.fits(notes.get("lineage")):
        for number, stage in enumerate(notes["lineage"]):
            place = f"{file}: lineage[{number}]"
            faults += faults_of(stage, STAGE, place)
            if OBJECT.fits(stage.get("recipe")):
                faults += misfit(stage["recipe"].get("name"), TEXT, f"{place}: recipe.name")
    if OBJECT.fits(notes.get("head")):
        faults += _head_faults(notes["head"], f"{file}: head")
    try:
        json_text(notes)  # its lineage is written again with every result
    except OutputError as error:
        faults += [f"{file}: {fault}" for fault in error.faults]
    if faults:
        raise ModelError(*faults)
    return notes


def _head_faults(head: Mapping[str, Any], place: str) -> list[str]:
    if not one_of(*general_heads()).fits(head.get("class")):
        return [f"{place}: found {shown(head)}, expected an object with one of {', '.join(general_heads())}"]
    return faults_of(head, {"labels": TEXTS, "pool": one_of("first", "mean", "last")}, place)


def read_modules(path: Path) -> tuple[tuple[str, str], ...] | None:
    """Class and folder of each module in the `modules.json` of a folder; None where there is none."""
    file = path / "modules.json"
    if not file.exists():
        return None
    read = read_json(file)
    if faults := misfit(read, OBJECTS, str(file)):
        raise ModelError(*faults)
    for number, module in enumerate(read):
        place = f"{file}: [{number}]"
        faults += faults_of(module, {"type": TEXT}, place)
        folder = module.get("path", "")
        faults += misfit(folder, Shape("a text", lambda value: isinstance(value, str)), f"{place}.path")
        if isinstance(folder, str) and folder and (fault := name_fault(folder)):
            faults.append(f"{place}.path: {shown(folder)} {fault}; expected a folder of this checkpoint")
    if faults:
        raise ModelError(*faults)
    return tuple((str(m.get("type") or "").rsplit(".", 1)[-1], str(m.get("path", ""))) for m in read)


def require_tokenizer_files(path: Path) -> None:
    """Raise ModelError for a tokenizer's configuration that is none; every fault of its files."""
    faults: list[str] = []
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        if (path / name).exists():
            _attempt(_checked, path / name, faults)
    if faults:
        raise ModelError(*faults)


def _checked(file: Path) -> None:
    read = read_object(file)
    faults = faults_of(read, TOKENIZER, str(file))
    if file.name == "tokenizer.json":
        faults += [
            f"{file}: {key}: missing; is the checkpoint complete?" for key in TOKENIZER_ALWAYS if key not in read
        ]
    if faults:
        raise ModelError(*faults)
