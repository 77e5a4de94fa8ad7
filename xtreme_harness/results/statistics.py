"""The statistics of a cell's examples as JSON has them: are they as many lists of numbers as they must be?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from xtreme_harness.files.told import in_json

__all__ = ["statistics_faults"]


def statistics_faults(rows: list[Any], n: int, k: int, signed: bool = False) -> list[str]:
    """What keeps a list from being n lists of k finite numbers, from 0 unless `signed`; there may be millions.

    >>> statistics_faults([[1, 1], [0, None]], 2, 2)
    ['rows[1][1]: found null, expected a number from 0']
    """
    if len(rows) != n:
        return [f"rows: found {len(rows)}, expected {f'n, which is {n}' if n else 'none'}"]
    lists = set(map(type, rows)) <= {list} and set(map(len, rows)) <= {k}
    if lists and set(map(type, chain.from_iterable(rows))) <= {int, float} and _counts(rows, signed):
        return []
    return list(_each(rows, k, signed))


def _counts(rows: list[list[int | float]], signed: bool) -> bool:
    """Are they all finite, and from 0 where they must be?"""
    try:
        found = np.array(rows, dtype=np.float64)
    except OverflowError:
        return False
    return bool(np.isfinite(found).all() and (signed or (found >= 0).all()))


def _each(rows: list[Any], k: int, signed: bool) -> Iterator[str]:
    low, words = (-sys.float_info.max, "a number") if signed else (0.0, "a number from 0")
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != k:
            yield f"rows[{i}]: found {in_json(row)}, expected a list of {k} numbers"
            continue
        for j, value in enumerate(row):
            if type(value) not in (int, float) or not low <= value <= sys.float_info.max:
                yield f"rows[{i}][{j}]: found {in_json(value)}, expected {words}"
