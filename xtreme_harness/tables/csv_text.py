"""Rows as CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["csv_text"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for the beginning of one


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    r"""A header and rows; None is empty, a text that could be a formula has an apostrophe before it, as OWASP says.

    >>> csv_text(["model", "gain"], [["=1+1", -1.5], ["-1.5", None]])
    "model,gain\n'=1+1,-1.5\n-1.5,\n"
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_harmless(name) for name in header])
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")  # of which the writer quotes the second alone
    if not value.lstrip(" ").startswith(_FORMULA):
        return text
    try:
        float(value)
    except ValueError:
        return f"'{text}"
    return text
