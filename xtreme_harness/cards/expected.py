"""What an option of a card may hold: said in words, and asked of whatever stands there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xtreme_harness.files.shown import shown

__all__ = [
    "FLAG",
    "STRING",
    "TEXT",
    "VALUE",
    "Expected",
    "each",
    "either",
    "like",
    "mapping",
    "number",
    "one_of",
    "path_fault",
    "such",
    "whole",
]

_QUOTE = ": YAML reads no, off, yes, on so; put it in quotes"
_LONGEST = 255  # bytes of a file's name


@dataclass(frozen=True, slots=True)
class Expected:
    """What may stand somewhere."""

    words: str  # "a whole number from 1"
    faults: Callable[[str, Any], list[str]]  # of a key path and what stands there; [] where it is right


def such(words: str, holds: Callable[[Any], bool]) -> Expected:
    """Whatever a test holds for."""

    def faults(where: str, value: Any) -> list[str]:
        hint = _QUOTE if isinstance(value, bool) and words != "true or false" else ""
        return [] if holds(value) else [f"{where}: found {shown(value)}{hint}, expected {words}"]

    return Expected(words, faults)


def whole(low: int = 0, high: int = 1_000_000) -> Expected:
    """A whole number; true is none."""
    return such(f"a whole number from {low} to {high:,}", lambda value: type(value) is int and low <= value <= high)


def number() -> Expected:
    """A finite number."""
    return such("a number", lambda value: type(value) in (int, float) and abs(value) < 1e12)


def one_of(*words: str) -> Expected:
    """One of a few words."""
    return such(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words)


def either(*kinds: Expected) -> Expected:
    """Any of these."""
    words = " or ".join(kind.words for kind in kinds)
    return such(words, lambda value: not all(kind.faults("", value) for kind in kinds))


def each(item: Expected, least: int = 0) -> Expected:
    """A list of such."""
    more = f", {least} or more" if least > 1 else ""
    words = f"a list (each {item.words}{more})"

    def faults(where: str, value: Any) -> list[str]:
        if not isinstance(value, list | tuple) or len(value) < least:
            return such(words, lambda _: False).faults(where, value)
        return [fault for i, inner in enumerate(value) for fault in item.faults(f"{where}[{i}]", inner)]

    return Expected(words, faults)


def mapping(key: Expected, item: Expected, words: str) -> Expected:
    """Keys and values."""

    def faults(where: str, value: Any) -> list[str]:
        if not isinstance(value, dict):
            return such(words, lambda _: False).faults(where, value)
        found = [fault for name in value for fault in key.faults(f"{where}: key", name)]
        return found or [f for name, inner in value.items() for f in item.faults(f"{where}.{name}", inner)]

    return Expected(words, faults)


FLAG = such("true or false", lambda value: isinstance(value, bool))
TEXT = such("text", lambda value: isinstance(value, str) and value != "")
STRING = such("text", lambda value: isinstance(value, str))  # which may be blank
VALUE = such("text or a number", lambda value: isinstance(value, str) or not number().faults("", value))


def like(default: Any) -> Expected:
    """What may stand in place of a default: a value of its type."""
    if isinstance(default, bool):
        return FLAG
    if isinstance(default, int):
        return whole(1)
    if isinstance(default, float):
        return number()
    if isinstance(default, list | tuple):
        return each(TEXT)
    if isinstance(default, dict):
        return mapping(TEXT, TEXT, "a mapping of texts to texts")
    return TEXT if isinstance(default, str) else such("any value", lambda value: True)


def path_fault(pattern: str) -> str:
    """Why a pattern cannot name files below the data folder; "" where it can.

    >>> path_fault("xnli/*.tsv"), path_fault("../x"), path_fault("a**b")
    ('', "without '..'", "with '**' only as a whole step")
    """
    steps = pattern.split("/")
    if not pattern or not pattern.isprintable():
        return "of printable characters"
    if pattern.startswith("/"):
        return "that does not begin with '/'"
    if ".." in steps:
        return "without '..'"
    if any("**" in step and step != "**" for step in steps):
        return "with '**' only as a whole step"
    if any(len(step.encode("utf-8", "replace")) > _LONGEST for step in steps) or len(pattern) > 4 * _LONGEST:
        return f"with names of at most {_LONGEST} bytes"
    return ""
