"""Official prediction files: where they lie, and the one writer and reader of them."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import DataError, OutputError, listed
from xtreme_harness.kinds.base import Kind
from xtreme_harness.records import Split

__all__ = ["TEMPORARY", "file_name", "read_text", "relabelled", "write_atomic", "write_json"]

TEMPORARY = ".tmp"  # ending of a file that is being written


def file_name(card: TaskCard, split: str, language: str) -> str:
    """Path of a prediction or label file below a submission folder: "xnli/test-de.tsv"."""
    return f"{card.name}/{split}-{language}.{card.extension}"


def relabelled(labels: Path, kind: Kind[Any, Any, Any], card: TaskCard, split: Split[Any]) -> Split[Any]:
    """The split with the gold of an official label folder; as it is where the folder has no such file.

    Raises:
        DataError: when the label file does not fit the data.
    """
    from dataclasses import replace

    path = labels / file_name(card, split.name, split.language)
    if not path.exists():
        return split
    golds = kind.golds(read_text(path), str(path), card)
    if card.calibrate:  # mined pairs: a sentence that the file does not name has no translation
        golds = {**{e.id: () for e in split.examples}, **golds}
    ids = {e.id for e in split.examples}
    faults = [f"{path}: no label for '{e.id}'" for e in split.examples if e.id not in golds]
    if len(golds) > len(ids) or set(golds) - ids:
        unknown = [key for key in golds if key not in ids]
        faults.append(f"{path}: {len(golds)} labels, expected {len(ids)}; '{unknown[0]}' is not in the data")
    if faults:
        raise DataError(*listed(faults, 5))
    return replace(split, examples=tuple(kind.relabel(e, golds[e.id]) for e in split.examples))


def read_text(path: Path) -> str:
    """A UTF-8 text, a byte-order mark dropped."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def write_atomic(path: Path, text: str) -> None:
    """Write a file that is either whole or not there; OutputError when it cannot be written."""
    name = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY, delete=False
        ) as file:
            name = file.name
            file.write(text)
        os.chmod(name, 0o644)  # noqa: PTH101 - a temporary file is private by default, a result is not
        os.replace(name, path)  # noqa: PTH105 - the name is a string here
        name = None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        if name:  # it failed, or was interrupted
            Path(name).unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with two-space indent, keys in their order, atomically."""
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
