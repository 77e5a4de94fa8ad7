"""Examples as JSON leaves them, and as one text after the other: the same for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, is_dataclass
from dataclasses import fields as record_fields
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from xtreme_harness.files.told import in_json, step_to
from xtreme_harness.kinds.base import Kind
from xtreme_harness.records import Json

__all__ = ["restored", "running_texts"]

E = TypeVar("E")
_PLAIN: dict[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"), int: ((int,), "a whole number"), float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
}  # fmt: skip


def running_texts(kind: Kind[E, Any, Any], example: E) -> list[str]:
    """The texts of an example, the words of a sentence joined by blanks."""
    return [text if isinstance(text, str) else " ".join(text) for text in kind.texts(example)]


def restored(record: type[E], fields: Mapping[str, Json], path: str = "") -> E:
    """A frozen record again, of what `asdict` and JSON made of it: lists are tuples there, objects are records.

    Raises:
        ValueError: naming the place of a value that the record cannot have, below `path`.
    """
    kept: Any = record  # for the caches
    hints, needed = _hints(kept), _needed(kept)
    if strange := [name for name in fields if name not in hints] or [n for n in needed if n not in fields]:
        what = "missing" if strange[0] in hints else "unknown key"
        raise ValueError(f"{step_to(path, strange[0]).lstrip('.')}: {what}")
    return record(**{name: _restored(hints[name], value, step_to(path, name)) for name, value in fields.items()})


@cache
def _hints(record: Any) -> dict[str, Any]:
    return get_type_hints(record)


@cache
def _needed(record: Any) -> tuple[str, ...]:
    return tuple(f.name for f in record_fields(record) if f.default is MISSING and f.default_factory is MISSING)


def _restored(hint: Any, value: Json, path: str) -> Any:
    parts = get_args(hint)
    if NoneType in parts:  # X | None
        return None if value is None else _restored(parts[0], value, path)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_restored(parts[0], item, step_to(path, i)) for i, item in enumerate(value))
    if is_dataclass(hint) and isinstance(value, dict):
        return restored(hint, value, path)  # type: ignore[arg-type]
    plain, words = _PLAIN.get(hint, ((), "a list" if get_origin(hint) is tuple else "an object"))
    if (plain and type(value) not in plain) or (not plain and (get_origin(hint) is tuple or is_dataclass(hint))):
        raise ValueError(f"{path.lstrip('.')}: found {in_json(value)}, expected {words}")
    return value
