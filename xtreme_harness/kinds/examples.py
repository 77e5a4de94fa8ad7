"""Examples as JSON leaves them, and as one text after the other: the same for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from xtreme_harness.kinds.base import Kind
from xtreme_harness.records import Json

__all__ = ["restored", "running_texts"]

E = TypeVar("E")


def running_texts(kind: Kind[E, Any, Any], example: E) -> list[str]:
    """The texts of an example, the words of a sentence joined by blanks."""
    return [text if isinstance(text, str) else " ".join(text) for text in kind.texts(example)]


def restored(record: type[E], fields: Mapping[str, Json]) -> E:
    """A frozen record again, of what `asdict` and JSON made of it: lists are tuples there, objects are records."""
    hints = get_type_hints(record)
    return record(**{name: _restored(hints[name], value) for name, value in fields.items()})


def _restored(hint: Any, value: Json) -> Any:
    parts = get_args(hint)
    if NoneType in parts:  # X | None
        return None if value is None else _restored(parts[0], value)
    if isinstance(value, list):
        return tuple(_restored(parts[0] if parts else Any, item) for item in value)
    return restored(hint, value) if isinstance(value, dict) and isinstance(hint, type) else value
