"""What all formats check alike: roles, options, members of JSON objects, repeated ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from xtreme_harness.errors import CardError, DataError, did_you_mean, listed
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json, Row

__all__ = ["PartlyRead", "choice", "files_of", "in_order", "index", "member", "place_ids", "refuse", "text"]

T = TypeVar("T", str, int, list[Any], dict[str, Any])
_NUMBER = re.compile(r"([0-9]{1,18})")
_NAMES = {str: "text", int: "an integer", list: "a list", dict: "an object"}


class PartlyRead(DataError):
    """A file has faults; `rows` have none that a reader can see, so that a kind can still look for its own."""

    def __init__(self, *faults: str, rows: Sequence[Row] = ()) -> None:
        """Keep all faults, though only the first are told."""
        super().__init__(*listed(faults))
        self.all_faults, self.rows = faults, tuple(rows)


def refuse(faults: Sequence[str], rows: Sequence[Row] = ()) -> None:
    """Raise DataError with the faults, if there are any; `rows` are those that are sound."""
    if faults:
        raise PartlyRead(*faults, rows=rows)


def in_order(faults: Iterable[str]) -> list[str]:
    """Faults in the order of their places: line 9 before line 10.

    >>> in_order(["f:10: b", "f:9: a"])
    ['f:9: a', 'f:10: b']
    """

    def place(fault: str) -> list[tuple[int, str]]:
        return [(int(step), "") if i % 2 else (0, step) for i, step in enumerate(_NUMBER.split(fault.split(": ")[0]))]

    return sorted(faults, key=place)


def index(text: str) -> int | None:
    """The number that a text of digits is; None for any other text, and for numbers that no file has lines for.

    >>> index("12"), index("\u00b2"), index("9" * 5000)
    (12, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def files_of(files: Mapping[str, Sequence[Path]], role: str) -> tuple[Path, ...]:
    """Return the files of a role that the format needs; CardError where there are none."""
    if not files.get(role):
        raise CardError(
            f"files: found roles {', '.join(files) or 'none'}, expected '{role}', name its file in the card"
        )
    return tuple(files[role])


def choice(options: Mapping[str, Json], key: str, known: Sequence[str], default: str) -> str:
    """Return an option that is one of a few words; CardError otherwise."""
    found = options.get(key, default)
    if found not in known:
        near = did_you_mean(str(found), known)
        raise CardError(f"options.{key}: found {shown(found)}, expected one of {', '.join(known)}{near}")
    return str(found)


def member(obj: Mapping[str, Json], key: str, kind: type[T], place: str, faults: list[str]) -> T | None:
    """Return `obj[key]` if it is of the kind (true is no integer); None and a fault otherwise."""
    value = obj.get(key)
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    found = f"{type(value).__name__} {shown(value, 40)}" if key in obj else "nothing"
    faults.append(f"{place}: found {found} under '{key}', expected {_NAMES[kind]}, restore it from the original file")
    return None


def text(value: Json, where: str, faults: list[str]) -> str:
    """Return a text; "" and a fault where the value is none."""
    if isinstance(value, str):
        return value
    faults.append(f"{where}: found {shown(value)}, expected text")
    return ""


def place_ids(items: Iterable[tuple[str, str]], faults: list[str]) -> dict[str, str]:
    """Return id -> place of (id, place) pairs; a repeated id becomes a fault that names both places."""
    seen: dict[str, str] = {}
    for identifier, place in items:
        if identifier in seen:
            again = f"found id {shown(identifier)} again (first at {seen[identifier]})"
            faults.append(f"{place}: {again}, expected each once, remove one")
        seen.setdefault(identifier, place)
    return seen
