"""The pooling that a sentence-transformers checkpoint ships, read from its small files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ModelError
from xtreme_harness.models.shapes import FLAG, Shape, faults_of
from xtreme_harness.models.small_files import read_modules, read_object

__all__ = ["SentencePooling", "sentence_files", "sentence_pooling"]


MODES = {"mean": "mean", "cls": "cls", "lasttoken": "last"}
FLAGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_lasttoken": "lasttoken"}
_NAMED = Shape(
    "a text or a list of texts",
    lambda value: all(isinstance(one, str) for one in (value if isinstance(value, list) else [value])),
)


@dataclass(frozen=True, slots=True)
class SentencePooling:
    """The pooling that a sentence-transformers checkpoint ships."""

    mode: str  # "mean", "cls" or "last"; "" where there is a fault
    fault: str = ""  # why it cannot be followed


def sentence_pooling(path: Path, name: str, modules: Sequence[tuple[str, str]] | None) -> SentencePooling | None:
    """The pooling of the checkpoint in a folder; None where it ships none.

    A configuration that is not understood is no error yet: `fault` says what is wrong with it, for whoever needs it.

    Args:
        path: folder.
        name: of the checkpoint, for messages.
        modules: class and folder of each (`small_files.read_modules`).

    Raises:
        ModelError: for a configuration that is none.
    """
    if modules is None:
        return None
    kinds = dict(modules)
    extra = [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]
    if extra:
        what = f"modules.json has {', '.join(extra)}, which is not supported"
        return SentencePooling("", f"{name}: {what}; choose by --layer and --pooling how vectors are read")
    if "Pooling" not in kinds:
        return None
    modes = _modes(_pooling(path / kinds["Pooling"] / "config.json"))
    if len(modes) == 1 and modes[0] in MODES:
        return SentencePooling(MODES[modes[0]])
    what = f"pooling {' + '.join(modes) or 'unknown'} is not supported"
    return SentencePooling("", f"{name}: {what}; choose by --layer and --pooling how vectors are read")


def sentence_files(path: Path) -> tuple[str, ...]:
    """The small files, relative to the folder, that make a checkpoint one of sentence-transformers; () for others.

    Raises:
        ModelError: where `modules.json` names places outside the folder.
    """
    modules = read_modules(path)
    if modules is None:
        return ()
    places = [place for _, place in modules if place]
    return ("modules.json", *(f"{place}/config.json" for place in places if (path / place / "config.json").exists()))


def _pooling(file: Path) -> dict[str, Any]:
    config = read_object(file)
    flags = dict.fromkeys((key for key in config if key.startswith("pooling_mode_")), FLAG)
    if faults := faults_of(config, {"pooling_mode": _NAMED, **flags}, str(file)):
        raise ModelError(*faults)
    return config


def _modes(config: Mapping[str, Any]) -> list[str]:
    """The modes that a pooling configuration turns on, in its new or its old spelling."""
    named = config.get("pooling_mode")
    if named is None:
        return [FLAGS.get(key, key) for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    return [named] if isinstance(named, str) else list(named)
