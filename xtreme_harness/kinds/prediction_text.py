"""What all kinds' prediction files have in common: how they are read, and how their faults are told.

A kind's `faults` returns one message a fault, with file and line: what the leaderboard would refuse, or score 0 without
a word. Of faults of one sort the first ten of a file are told, the others counted. Encoding, line ends and file names
are checked in `submission/check.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from xtreme_harness.errors import PredictionError
from xtreme_harness.files.json import json_name, parse_json

__all__ = [
    "BLANK",
    "Fault",
    "count_faults",
    "id_faults",
    "json_object",
    "keyed",
    "label_count",
    "near",
    "not_json",
    "official_lines",
    "read_object",
    "told",
]

Golds = Mapping[str, Any]

BLANK = "blank lines"  # a sort of faults
_SHOWN = 10
_WORD = 200  # characters of what may be a misspelt label


class Fault(NamedTuple):
    """One fault of a file."""

    sort: str  # what several of the kind are called
    message: str
    hint: Callable[[], str] = str  # the end of the message, found only when it is shown


def official_lines(text: str) -> list[str]:
    r"""Lines as the official scorer reads them: universal newlines, stripped, empty ones kept.

    >>> official_lines("a\r\n b\n\nc")
    ['a', 'b', '', 'c']
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.strip() for line in lines]


def label_count(found: Sequence[Any], ids: Sequence[str], place: str, what: str = "lines") -> None:
    """Raise PredictionError unless there is one prediction an example."""
    if len(found) != len(ids):
        raise PredictionError(f"{place}: {len(found)} {what}, expected {len(ids)}, one an example")


def json_object(text: str, place: str) -> dict[str, Any]:
    """Read a JSON object as the official scorer does: the value of a top key `data`, or the object itself."""
    try:
        read = parse_json(text)
    except ValueError as error:
        raise PredictionError(not_json(error, place)) from None
    if not isinstance(read, dict):
        raise PredictionError(f"{place}: found a JSON {json_name(read)}, expected an object of id: answer")
    inner = read.get("data", read)
    if not isinstance(inner, dict):
        raise PredictionError(f"{place}: data: found a JSON {json_name(inner)}, expected an object of id: answer")
    return inner


def not_json(error: ValueError, place: str) -> str:
    """The message for what `parse_json` refuses."""
    if isinstance(error, json.JSONDecodeError):
        return f"{place}:{error.lineno}: not JSON: {error.msg}; is the file complete?"
    return f"{place}: found {error}"


def told(faults: Iterable[Fault], place: str) -> list[str]:
    """The first messages of every sort, and how many more there are."""
    sorts: dict[str, list[Fault]] = {}
    for fault in faults:
        sorts.setdefault(fault.sort, []).append(fault)
    found = []
    for sort, alike in sorts.items():
        found += [fault.message + fault.hint() for fault in alike[:_SHOWN]]
        if len(alike) > _SHOWN:
            found.append(f"{place}: {len(alike) - _SHOWN} more {sort}")
    return found


def count_faults(lines: Sequence[str], golds: Golds | None, place: str) -> list[str]:
    """Another number of lines than the gold has; blank lines too many are faults of their own."""
    if golds is None or len(golds) in (len(lines), sum(map(bool, lines))):
        return []
    return [f"{place}: {len(lines)} lines, expected {len(golds)}"]


def id_faults(found: Golds, golds: Golds | None, place: str, what: str) -> list[str]:
    """Ids of the gold that a file lacks, and ids that the gold does not have; an id is a `what`'s."""
    if golds is None:
        return []
    missing = [key for key in golds if key not in found]
    unknown = [key for key in found if key not in golds]
    faults = []
    if missing:
        faults.append(f"{place}: {len(missing)} of {len(golds)} {what} ids missing, which score 0: {_named(missing)}")
    if unknown:
        faults.append(f"{place}: {len(unknown)} unknown {what} ids: {_named(unknown)}")
    return faults


def read_object(text: str, place: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The answers as the official scorer finds them, None where it finds none; and what is wrong with their frame."""
    twice: dict[str, str] = {}

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = Counter(key for key, _ in pairs)
        twice.update({key: "the id stands twice, and only the last counts" for key, n in keys.items() if n > 1})
        return dict(pairs)

    try:
        read = parse_json(text, unique)
    except ValueError as error:
        return None, [not_json(error, place)]
    if isinstance(read, dict) and "data" in read:
        beside = [key for key in read if key != "data"]
        if beside:
            return None, [f"{place}: {_named(beside)} beside the key 'data': the scorer reads only what is under it"]
        read = read["data"]
    if not isinstance(read, dict):
        return None, [f"{place}: found a JSON {json_name(read)}, expected an object of id: answer"]
    return read, told(keyed(twice, text, place, "ids that stand twice"), place)


def keyed(wrong: Mapping[str, str], text: str, place: str, sort: str) -> list[Fault]:
    """Faults of ids, which stand in the order of the file, with their lines."""
    faults, at, line = [], 0, 1
    for number, (key, message) in enumerate(wrong.items()):
        if number >= _SHOWN:  # counted, and not looked for: that takes a walk through the file for each
            faults.append(Fault(sort, f"{place}: {key}: {message}"))
            continue
        found = max(text.find(json.dumps(key, ensure_ascii=ascii_only), at) for ascii_only in (False, True))
        if found >= 0:
            line += text.count("\n", at, found)
            at = found
        faults.append(Fault(sort, f"{place}:{line}: {key}: {message}"))
    return faults


def near(word: str, known: Iterable[str]) -> str:
    """The hint of a known spelling, whatever its case."""
    if len(word) > _WORD:
        return ""
    spelt = {name.lower(): name for name in sorted(known)}
    found = get_close_matches(word.lower(), spelt, n=1)
    return f" (did you mean '{spelt[found[0]]}'?)" if found else ""


def _named(ids: Sequence[str]) -> str:
    return ", ".join(f"'{key}'" for key in ids[:3]) + (", ..." if len(ids) > 3 else "")
