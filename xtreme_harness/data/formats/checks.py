"""What all formats check alike: roles, options, members of JSON objects, repeated ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from xtreme_harness.errors import CardError, DataError, did_you_mean, listed
from xtreme_harness.records import Json

__all__ = ["choice", "files_of", "member", "place_ids", "refuse"]

T = TypeVar("T", str, int, list[Any], dict[str, Any])
_NAMES = {str: "text", int: "an integer", list: "a list", dict: "an object"}


def refuse(faults: Sequence[str]) -> None:
    """Raise DataError with the faults, if there are any."""
    if faults:
        raise DataError(*listed(faults))


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
        raise CardError(f"options.{key}: found {found!r}, expected one of {', '.join(known)}{near}")
    return str(found)


def member(obj: Mapping[str, Json], key: str, kind: type[T], place: str, faults: list[str]) -> T | None:
    """Return `obj[key]` if it is of the kind (true is no integer); None and a fault otherwise."""
    value = obj.get(key)
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    found = f"{type(value).__name__} {value!r:.40}" if key in obj else "nothing"
    faults.append(f"{place}: found {found} under '{key}', expected {_NAMES[kind]}, restore it from the original file")
    return None


def place_ids(items: Iterable[tuple[str, str]], faults: list[str]) -> dict[str, str]:
    """Return id -> place of (id, place) pairs; a repeated id becomes a fault that names both places."""
    seen: dict[str, str] = {}
    for identifier, place in items:
        if identifier in seen:
            first = seen[identifier]
            faults.append(f"{place}: found id '{identifier}' again (first at {first}), expected each once, remove one")
        seen.setdefault(identifier, place)
    return seen
