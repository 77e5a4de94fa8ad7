"""The fields of a row as a kind wants them: each of its type, or a fault that names it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from xtreme_harness.errors import DataError
from xtreme_harness.files.shown import shown, some
from xtreme_harness.records import Json, Row

__all__ = ["identifier", "items", "label", "named", "refuse", "text", "texts"]


def text(row: Row, field: str, faults: list[str]) -> str:
    """A text field; "" and a fault where it is absent or no text."""
    value = row.values.get(field)
    if isinstance(value, str):
        return value
    faults.append(_fault(row, field, "text"))
    return ""


def texts(row: Row, field: str, faults: list[str]) -> tuple[str, ...]:
    """A field that holds a list of texts, as words and ids are; what is no text becomes a fault."""
    found = items(row, field, "a list of texts", faults)
    wrong = [(i, item) for i, item in enumerate(found) if not isinstance(item, str)]
    faults += [f"{row.place}: {field}[{i}]: found {shown(item)}, expected text" for i, item in wrong]
    return () if wrong else tuple(found)


def items(row: Row, field: str, expected: str, faults: list[str]) -> Sequence[Json]:
    """A field that holds a list of whatever is expected."""
    value = row.values.get(field)
    if isinstance(value, list | tuple):
        return value
    faults.append(_fault(row, field, expected))
    return ()


def identifier(row: Row, faults: list[str]) -> str:
    """The id, a text or a number, as text."""
    value = row.values.get("id")
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return str(value)
    faults.append(_fault(row, "id", "text or a number"))
    return ""


def label(row: Row, field: str, known: Iterable[str], faults: list[str]) -> str | None:
    """What stands for a label, a word or a number, as text; None where the data has no gold."""
    value = row.values.get(field)
    if value is None:
        return None
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    faults.append(f"{row.place}: {field} {shown(value)}, expected one of {some(known)}")
    return None


def named(names: Iterable[str], row: Row, faults: list[str]) -> dict[str, str]:
    """Text fields by their names."""
    return {name: text(row, name, faults) for name in names}


def refuse(faults: Sequence[str]) -> None:
    """Raise DataError with the faults, if there are any."""
    if faults:
        raise DataError(*faults)


def _fault(row: Row, field: str, expected: str) -> str:
    found = shown(row.values[field]) if field in row.values else "nothing"
    return f"{row.place}: {field}: found {found}, expected {expected}"
