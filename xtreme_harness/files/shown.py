"""Values as messages show them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

__all__ = ["shown", "some"]

_NAMES = {int: "number", dict: "mapping"}


def shown(value: Any, size: int = 60) -> str:
    """A value in one line and cut, whatever a file holds in its place.

    >>> shown("x" * 9, 4), shown([1, 2])
    ("'xxxx'...", '[1, 2]')
    """
    if isinstance(value, str):
        return repr(value[:size]) + ("..." if len(value) > size else "")
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists in lists without end
        return f"a {_NAMES.get(type(value), type(value).__name__)} too long to show"
    return text if len(text) <= size else f"{text[:size]}..."


def some(names: Iterable[Any], most: int = 60) -> str:
    """Names, separated by commas, the first so many.

    >>> some("abc", 2)
    'a, b and others'
    """
    first = list(islice(names, most + 1))
    return ", ".join(map(str, first[:most])) + (" and others" if len(first) > most else "")
