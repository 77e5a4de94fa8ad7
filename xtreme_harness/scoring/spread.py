"""How sure a figure is: the delta method on sums of statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.metrics import Metric, column_sums
from xtreme_harness.records import Rows, Vector
from xtreme_harness.scoring.means import left_to_right_mean

__all__ = ["Spread", "influence", "macro_spread", "weighted_variance"]


_STEP = 1e-3  # of an example


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure and its standard error, in percent."""

    value: float
    error: float
    low: float = 0.0  # the least that the value can be

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval by the normal approximation, cut to what the value can be."""
        return max(self.low, self.value - 1.96 * self.error), min(100.0, self.value + 1.96 * self.error)


def influence(metric: Metric[Any, Any], rows: Rows, names: Sequence[str]) -> NDArray[np.float64]:
    """How much each example moves the mean of the named values (n,): the delta method on the column sums.

    Their sum is 0, and the square root of n / (n - 1) times their sum of squares is the standard error
    (for accuracy exactly the usual sqrt(p (1 - p) / (n - 1))).
    """
    sums = column_sums(rows)
    if metric.label_rows is not None:
        return _along_examples(metric, rows, sums, names)
    gradient = np.zeros(len(sums))
    for i, total in enumerate(sums):
        if not rows[:, i].any():  # no example differs here, and the metric may not be defined beside it
            continue
        step = max(abs(total), 1.0) * 1e-5
        above, below = sums.copy(), sums.copy()
        above[i] += step
        below[i] = total - step if total < 0 else max(0.0, total - step)  # no count goes below 0
        width = above[i] - below[i]
        high, low = metric.reduce(above), metric.reduce(below)
        gradient[i] = sum(high[name] - low[name] for name in names) / len(names) / width
    moved: NDArray[np.float64] = (rows - rows.mean(axis=0)) @ gradient
    return moved


def _along_examples(metric: Metric[Any, Any], rows: Rows, sums: Vector, names: Sequence[str]) -> NDArray[np.float64]:
    """The same where the columns depend on each other, as counts by label do: their sums are moved as examples do."""
    distinct, places = np.unique(rows - rows.mean(axis=0), axis=0, return_inverse=True)
    moved = np.zeros(len(distinct))
    for i, direction in enumerate(distinct):
        high, low = metric.reduce(sums + direction * _STEP), metric.reduce(sums - direction * _STEP)
        moved[i] = sum(high[name] - low[name] for name in names) / len(names) / (2 * _STEP)
    found: NDArray[np.float64] = moved[places.reshape(-1)]
    return found


def macro_spread(
    metric: Metric[Any, Any],
    rows: Mapping[str, Rows],
    ids: Mapping[str, Sequence[str]] | None,
    names: Sequence[str] | None = None,
) -> Spread:
    """Mean over languages of a task's headline, with its standard error.

    Args:
        metric: of the task.
        rows: language -> statistics.
        ids: language -> item ids, where the same items stand in all languages and so go up and down together.
        names: values that are averaged; None: the headline's.
    """
    names = metric.main if names is None else names
    value = left_to_right_mean(
        left_to_right_mean(metric.reduce(column_sums(r))[n] for n in names) for r in rows.values()
    )
    moved = {language: influence(metric, r, names) / len(rows) for language, r in rows.items()}
    return Spread(value, float(np.sqrt(_joint(moved, ids))), metric.low)


def weighted_variance(
    metric: Metric[Any, Any],
    rows: Mapping[str, Rows],
    ids: Mapping[str, Sequence[str]] | None,
    weights: Mapping[str, float],
) -> float:
    """Squared standard error of a weighted sum of a task's headlines over languages, squared percent points.

    Args:
        metric: of the task.
        rows: language -> statistics.
        ids: as of `macro_spread`.
        weights: language -> what its headline counts.
    """
    return _joint({code: influence(metric, r, metric.main) * weights[code] for code, r in rows.items()}, ids)


def _joint(moved: Mapping[str, NDArray[np.float64]], ids: Mapping[str, Sequence[str]] | None) -> float:
    """The variance of a sum over languages, of how much each example moves it."""
    if ids is None:
        return sum(_variance(m) for m in moved.values())
    items: dict[str, float] = {}
    for language, shifts in moved.items():
        for item, shift in zip(ids[language], shifts.tolist(), strict=True):
            items[item] = items.get(item, 0.0) + shift
    return _variance(np.array(list(items.values())))


def _variance(moved: NDArray[np.float64]) -> float:
    n = len(moved)
    return float((moved**2).sum() * n / (n - 1)) if n > 1 else 0.0
