"""Rows of statistics as JSON has them."""

from __future__ import annotations

from typing import Any

import pytest

from xtreme_harness.results.statistics import statistics_faults


@pytest.mark.parametrize(
    ("rows", "n", "faults"),
    [
        ([[1, 0.5], [0, 2]], 2, []), ([], 0, []),
        ([[1, 1]], 2, ["rows: found 1, expected n, which is 2"]), ([[1, 1]], 0, ["rows: found 1, expected none"]),
        ([[1, True]], 1, ["rows[0][1]: found true, expected a number from 0"]),
        ([["1", 1]], 1, ['rows[0][0]: found "1", expected a number from 0']),
        ([[1, float("inf")]], 1, ["rows[0][1]: found Infinity, expected a number from 0"]),
        ([[float("nan"), -1]], 1, ["rows[0][0]: found NaN, expected a number from 0",
                                   "rows[0][1]: found -1, expected a number from 0"]),
        ([[1, 10**400]], 1, [f"rows[0][1]: found 1{'0' * 38}…, expected a number from 0"]),
        ([[1], [1, 1, 1], None], 3, ["rows[0]: found [1], expected a list of 2 numbers",
                                     "rows[1]: found [1, 1, 1], expected a list of 2 numbers",
                                     "rows[2]: found null, expected a list of 2 numbers"]),
    ],
)  # fmt: skip
def test_rows_are_lists_of_numbers_from_0(rows: list[Any], n: int, faults: list[str]) -> None:
    assert statistics_faults(rows, n, 2) == faults


def test_signed_rows_may_be_below_0() -> None:
    assert statistics_faults([[-1, 0.5]], 1, 2, signed=True) == []
    assert statistics_faults([[-1, float("-inf")], ["x", 1]], 2, 2, signed=True) == [
        "rows[0][1]: found -Infinity, expected a number", 'rows[1][0]: found "x", expected a number',
    ]  # fmt: skip
