"""JSON as every reader takes it: a figure that is not a number has no place there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

from xtreme_harness.errors import OutputError

__all__ = ["json_text"]


def json_text(value: Any, **layout: Any) -> str:
    """A value as JSON, keys in their order, other scripts as they are.

    Args:
        value: of plain types.
        layout: `indent` and `separators` of `json.dumps`.

    Raises:
        OutputError: for NaN and infinities, which Python would write as words that are no JSON; the first of them.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, **layout)
    except ValueError:
        where, found = next(_strange(value, ""), ("", value))
        raise OutputError(f"{where.lstrip('.')}: {found}, expected a number; JSON has no other") from None


def _strange(value: Any, where: str) -> Iterator[tuple[str, float]]:
    """The figures that are no finite numbers, with their path."""
    if isinstance(value, float) and not isfinite(value):
        yield where, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _strange(one, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for i, one in enumerate(value):
            yield from _strange(one, f"{where}[{i}]")
