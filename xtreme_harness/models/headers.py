"""What safetensors files hold, from their headers: names and shapes, no weights."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TypeGuard

from xtreme_harness.errors import ModelError
from xtreme_harness.files.json import parse_json
from xtreme_harness.files.regular import open_regular
from xtreme_harness.files.shown import shown
from xtreme_harness.files.within import name_fault
from xtreme_harness.models.shapes import OBJECT, TEXT, faults_of, misfit
from xtreme_harness.models.small_files import read_object

__all__ = ["require_shards", "shapes_in", "weight_files"]

_LONGEST = 100_000_000  # bytes of a header, the format's own bound
_INDEX = "model.safetensors.index.json"


def shapes_in(file: Path) -> dict[str, tuple[int, ...]]:
    """Tensors of a file and their shapes: eight bytes say how long the JSON is that stands before the weights.

    Raises:
        ModelError: in one line, where the file is none of the format, or is cut off.
    """
    try:
        with open_regular(file) as stream:
            start, size = stream.read(8), file.stat().st_size
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(_LONGEST, size - 8):
                raise ValueError(f"a header of {length:,} bytes in a file of {size:,}")
            header = parse_json(stream.read(length).decode("utf-8"))
        return _shapes(header, size - 8 - length)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ModelError(f"{file}: cannot be read as safetensors ({error}); is the checkpoint complete?") from None


def weight_files(path: Path) -> list[Path]:
    """The files that hold a network's weights: one, or the shards that an index names, below the folder.

    Raises:
        ModelError: the index is none, or names what is not there.
    """
    whole, index = path / "model.safetensors", path / _INDEX
    if whole.exists() or not index.exists():
        return [whole] if whole.exists() else []
    return [path / name for name in _shards(index)]


def require_shards(path: Path, here: bool = True) -> None:
    """Raise ModelError for an index of shards that is none, names a place outside, or a shard that is not there.

    Args:
        path: folder.
        here: are the shards expected on disk?
    """
    index = path / _INDEX
    if (path / "model.safetensors").exists() or not index.exists():
        return
    absent = [name for name in _shards(index) if here and not (path / name).is_file()]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise ModelError(f"{index}: names {absent[0]}{more}, which is not there; is the checkpoint complete?")


def _shards(index: Path) -> list[str]:
    read = read_object(index)
    faults = [f"{index}: {key}: missing, expected an object" for key in ("metadata", "weight_map") if key not in read]
    faults += faults_of(read, {"metadata": OBJECT, "weight_map": OBJECT}, str(index))
    names = read.get("weight_map") if not faults else {}
    for tensor, name in (names or {}).items():
        if wrong := misfit(name, TEXT, f"{index}: weight_map.{tensor}"):
            faults += wrong
        elif fault := name_fault(name):
            faults.append(f"{index}: weight_map.{tensor}: {shown(name)} {fault}; expected a file of this checkpoint")
    if faults:
        raise ModelError(*dict.fromkeys(faults))
    return sorted(set((names or {}).values()))


def _shapes(header: object, size: int) -> dict[str, tuple[int, ...]]:
    """The shapes that a header names; ValueError where it is none, or names more bytes than there are."""
    if not isinstance(header, dict):
        raise ValueError(f"the header is {shown(header)}, no object")
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        shape, ends = ([], []) if not isinstance(entry, dict) else (entry.get("shape"), entry.get("data_offsets"))
        if not _counts(shape) or not _counts(ends) or len(ends) != 2 or not ends[0] <= ends[1] <= size:
            raise ValueError(f"{shown(name)} is {shown(entry, 80)}, no tensor of this file")
        found[name] = tuple(shape)
    return found


def _counts(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(one) is int and 0 <= one < 1 << 60 for one in value)
