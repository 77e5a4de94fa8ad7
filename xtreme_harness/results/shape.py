"""What an object of a JSON file must hold: checked once, where it is read, every fault in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError

__all__ = [
    "COUNT", "FIGURES", "FLAG", "LIST", "NUMBER", "OBJECT", "TEXT", "TEXTS", "Shape", "either", "faults_of", "optional",
    "read_object",
]  # fmt: skip

_LONG = 40  # characters of a value that a message shows


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value must be."""

    words: str  # "a text"
    fits: Callable[[Any], bool]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TEXT = Shape("a text", lambda value: isinstance(value, str))
NUMBER = Shape("a number", _number)
COUNT = Shape("a whole number from 0", lambda value: _number(value) and isinstance(value, int) and value >= 0)
FLAG = Shape("true or false", lambda value: isinstance(value, bool))
OBJECT = Shape("an object", lambda value: isinstance(value, dict))
LIST = Shape("a list", lambda value: isinstance(value, list))
TEXTS = Shape("a list of texts", lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value))
FIGURES = Shape("an object of numbers", lambda value: isinstance(value, dict) and all(map(_number, value.values())))


def optional(shape: Shape) -> Shape:
    """The same, or null."""
    return Shape(f"{shape.words} or null", lambda value: value is None or shape.fits(value))


def either(*values: str) -> Shape:
    """One of some texts."""
    return Shape(" or ".join(values), lambda value: value in values)


def faults_of(raw: Any, shapes: Mapping[str, Shape], place: str) -> list[str]:
    """One line a key that is absent or of another form.

    >>> faults_of({"n": -1}, {"n": COUNT, "task": TEXT}, "x.json")
    ['x.json: n: found -1, expected a whole number from 0', 'x.json: task: missing, expected a text']
    """
    if not isinstance(raw, dict):
        return [f"{place}: found {_shown(raw)}, expected an object"]
    return [
        f"{place}: {key}: {f'found {_shown(raw[key])}' if key in raw else 'missing'}, expected {shape.words}"
        for key, shape in shapes.items()
        if not (key in raw and shape.fits(raw[key]))
    ]


def read_object(file: Path, expected: str = "an object") -> dict[str, Any]:
    """The JSON object that a file holds.

    Args:
        file: to be read.
        expected: what the file should be, for the message where it is not there.

    Raises:
        OutputError: where it is absent, unreadable, no JSON or no object.
    """
    try:
        raw = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise OutputError(f"{file}: no such file; expected {expected}") from None
    except OSError as error:
        raise OutputError(f"{file}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise OutputError(f"{file}: not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise OutputError(f"{file}: found {type(raw).__name__}, expected an object")
    return raw


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
