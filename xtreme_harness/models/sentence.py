"""The pooling that a sentence-transformers checkpoint ships, read from its small files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ModelError

__all__ = ["SentencePooling", "read_json", "read_object", "sentence_files", "sentence_pooling"]


MODES = {"mean": "mean", "cls": "cls", "lasttoken": "last"}
FLAGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_lasttoken": "lasttoken"}


@dataclass(frozen=True, slots=True)
class SentencePooling:
    """The pooling that a sentence-transformers checkpoint ships."""

    mode: str  # "mean", "cls" or "last"; "" where there is a fault
    fault: str = ""  # why it cannot be followed


def read_json(file: Path) -> Any:
    """Read JSON; ModelError, in one line, where the file holds none."""
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{file}: cannot be read as JSON ({reason}); is the checkpoint complete?") from None


def read_object(file: Path) -> dict[str, Any]:
    """Read a JSON object; ModelError, in one line, where the file holds none."""
    read = read_json(file)
    if not isinstance(read, dict):
        raise ModelError(f"{file}: found a JSON {type(read).__name__}, expected an object")
    return read


def sentence_pooling(path: Path, name: str) -> SentencePooling | None:
    """The pooling of the checkpoint in a folder; None where it ships none.

    A configuration that is not understood is no error yet: `fault` says what is wrong with it, for whoever needs it.
    """
    if not (path / "modules.json").exists():
        return None
    modules = read_json(path / "modules.json")
    kinds = {str(m.get("type", "")).rsplit(".", 1)[-1]: str(m.get("path", "")) for m in modules}
    extra = [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]
    if extra:
        what = f"modules.json has {', '.join(extra)}, which is not supported"
        return SentencePooling("", f"{name}: {what}; choose by --layer and --pooling how vectors are read")
    if "Pooling" not in kinds:
        return None
    modes = _modes(read_object(path / kinds["Pooling"] / "config.json"))
    if len(modes) == 1 and modes[0] in MODES:
        return SentencePooling(MODES[modes[0]])
    what = f"pooling {' + '.join(modes) or 'unknown'} is not supported"
    return SentencePooling("", f"{name}: {what}; choose by --layer and --pooling how vectors are read")


def sentence_files(path: Path) -> tuple[str, ...]:
    """The small files, relative to the folder, that make a checkpoint one of sentence-transformers; () for others."""
    if not (path / "modules.json").exists():
        return ()
    places = [str(module.get("path", "")) for module in read_json(path / "modules.json")]
    found = [f"{place}/config.json" for place in places if place and (path / place / "config.json").exists()]
    return ("modules.json", *found)


def _modes(config: Mapping[str, Any]) -> list[str]:
    """The modes that a pooling configuration turns on, in its new or its old spelling."""
    named = config.get("pooling_mode")
    if named is None:
        return [FLAGS.get(key, key) for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    return [named] if isinstance(named, str) else [str(mode) for mode in named]
