"""What a value of a checkpoint's JSON files must be, and the line that says what was found instead."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xtreme_harness.files.shown import shown

__all__ = [
    "CLASS_IDS", "CLASS_NAMES", "FLAG", "LIST", "NUMBER", "OBJECT", "OBJECTS", "SEARCH", "TEXT", "TEXTS", "TOKEN",
    "Shape", "each", "either", "endless", "faults_of", "misfit", "one_of", "share", "whole",
]  # fmt: skip

_DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value must be."""

    words: str  # "a text"
    fits: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_names(value: Any) -> bool:
    """Class ids as JSON has them, each with a name; a number is a name too."""
    return isinstance(value, dict) and all(
        _DIGITS.fullmatch(key) and isinstance(name, str | int | float) for key, name in value.items()
    )


def _is_ids(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_whole(number) or (isinstance(number, str) and _DIGITS.fullmatch(number)) for number in value.values()
    )


def _is_search(value: Any) -> bool:
    """What a search left: the values that were chosen, and how every trial ended."""
    if not isinstance(value, dict) or not isinstance(value.get("values"), dict):
        return False
    trials, own = value.get("trials"), value.get("fingerprint", "")
    return isinstance(own, str) and isinstance(trials, list) and bool(trials) and all(map(_is_trial, trials))


def _is_trial(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("values"), dict):
        return False
    dev = value.get("dev", {})
    return isinstance(value.get("failed", ""), str) and isinstance(dev, dict) and all(map(_is_number, dev.values()))


TEXT = Shape("a text", lambda value: isinstance(value, str) and value != "" and "\0" not in value)
TEXTS = Shape("a list of texts", _is_texts)
FLAG = Shape("true or false", lambda value: isinstance(value, bool))
NUMBER = Shape("a number", lambda value: _is_number(value) and abs(value) <= sys.float_info.max)
LIST = Shape("a list", lambda value: isinstance(value, list))
OBJECT = Shape("an object", lambda value: isinstance(value, dict))
OBJECTS = Shape(
    "a list of objects", lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value)
)
TOKEN = Shape(
    "a text or an object with a text as content",
    lambda value: isinstance(value.get("content") if isinstance(value, dict) else value, str),
)
SEARCH = Shape('an object of what was chosen, {"values": {...}, "trials": [{"values": {...}}]}', _is_search)
CLASS_NAMES = Shape('an object of names by class id, {"0": "...", "1": "..."}', _is_names)
CLASS_IDS = Shape('an object of class ids by name, {"...": 0, "...": 1}', _is_ids)


def whole(low: int, high: int) -> Shape:
    """A whole number in a range, both ends included."""
    return Shape(f"a whole number from {low} to {high:,}", lambda value: _is_whole(value) and low <= value <= high)


def each(shape: Shape) -> Shape:
    """The same, or a list of such."""
    return Shape(
        f"{shape.words}, or a list of such",
        lambda value: all(map(shape.fits, value)) if isinstance(value, list) else shape.fits(value),
    )


def either(one: Shape, other: Shape) -> Shape:
    """One or the other."""
    return Shape(f"{one.words} or {other.words}", lambda value: one.fits(value) or other.fits(value))


def share() -> Shape:
    """A number from 0 to 1."""
    return Shape("a number from 0 to 1", lambda value: NUMBER.fits(value) and 0 <= value <= 1)


def one_of(*values: str) -> Shape:
    """One of some texts."""
    words = f"one of {', '.join(values)}" if len(values) > 1 else repr(values[0])
    return Shape(words, lambda value: isinstance(value, str) and value in values)


def misfit(value: Any, shape: Shape, place: str) -> list[str]:
    """One line where a value is of another form.

    >>> misfit(-1, whole(0, 9), "config.json: n")
    ['config.json: n: found -1, expected a whole number from 0 to 9']
    """
    return [] if shape.fits(value) else [f"{place}: found {shown(value)}, expected {shape.words}"]


def faults_of(raw: Mapping[str, Any], shapes: Mapping[str, Shape], place: str) -> list[str]:
    """One line a key that is there in another form; what is absent, or null, is left to whoever needs it.

    >>> faults_of({"n": True, "name": None}, {"n": NUMBER, "name": TEXT}, "config.json")
    ['config.json: n: found True, expected a number']
    """
    found = [key for key in shapes if raw.get(key) is not None]
    return [line for key in found for line in misfit(raw[key], shapes[key], f"{place}: {key}")]


def endless(value: Any, at: str) -> Iterator[str]:
    """Where an object has NaN or infinity as a value (one is no setting), keys with dots.

    In a list infinity may be the end of a range.

    >>> list(endless({"a": {"eps": float("nan")}, "range": [0, float("inf")]}, ""))
    ['a.eps']
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from endless(inner, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list):
        if any(isinstance(one, float) and math.isnan(one) for one in value):
            yield at
    elif isinstance(value, float) and not math.isfinite(value):
        yield at
