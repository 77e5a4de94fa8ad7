"""JSON that others wrote: any text gives a value or one line that says what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError, XHarnessError
from xtreme_harness.files.text import read_text

__all__ = ["DEPTH", "json_name", "parse_json", "read_json"]

DEPTH = 100  # of objects and lists within each other; no file of this project or of a benchmark has ten
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # an escape that may be half a character


def parse_json(text: str, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    r"""The value of a JSON text.

    Args:
        text: to be read.
        pairs: makes an object of its keys and values; a ValueError of it is passed on.

    Raises:
        ValueError: saying what is wrong: no JSON (a JSONDecodeError, with line and column), nested more than `DEPTH`
            deep, a whole number of more digits than Python reads, half a character.

    >>> parse_json("[" * 1000 + "]" * 1000)
    Traceback (most recent call last):
    ...
    ValueError: JSON nested more than 100 deep
    """
    deep = f"JSON nested more than {DEPTH} deep"
    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError(deep) from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        if "integer string conversion" not in str(error):
            raise
        raise ValueError("a number of more than 4300 digits") from None
    if text.count("[") + text.count("{") > DEPTH and _deeper(value):
        raise ValueError(deep)
    if _HALF.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("half a surrogate pair (a lone \\ud8xx escape)") from None
    return value


def read_json(file: Path, error: type[XHarnessError] = DataError, remedy: str = "") -> Any:
    """The value that a JSON file holds.

    Args:
        file: to be read.
        error: what is raised.
        remedy: what to do about a file that cannot be used, for the end of the message.

    Raises:
        XHarnessError: of the given type, where the file cannot be read or is no JSON.
    """
    try:
        return parse_json(read_text(file, error=error))
    except json.JSONDecodeError as fault:
        what = f"{file}:{fault.lineno}: not JSON ({fault.msg}, column {fault.colno})"
        raise error(what + (f"; {remedy}" if remedy else "")) from None
    except ValueError as fault:
        raise error(f"{file}: found {fault}{f'; {remedy}' if remedy else ''}") from None


def json_name(value: Any) -> str:
    """What JSON calls a value.

    >>> json_name(None), json_name({}), json_name(1.5), json_name(True)
    ('null', 'object', 'number', 'boolean')
    """
    if value is None:
        return "null"
    names = ((bool, "boolean"), (int | float, "number"), (str, "string"), (list, "list"), (dict, "object"))
    return next(name for sort, name in names if isinstance(value, sort))


def _deeper(value: Any) -> bool:
    """Is it nested more than `DEPTH` deep?"""
    level = [value]
    for _ in range(DEPTH + 1):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        if not inner:
            return False
        level = [one for holder in inner for one in holder]
    return True
