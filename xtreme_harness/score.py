"""Predictions to figures: cells, averages over languages, tasks and groups, and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.cards import Suite
from xtreme_harness.errors import PredictionError, did_you_mean
from xtreme_harness.kinds.base import Kind
from xtreme_harness.metrics import Metric, column_sums
from xtreme_harness.records import Rows, Score, Split

__all__ = [
    "Spread",
    "headline",
    "influence",
    "left_to_right_mean",
    "macro_spread",
    "official_layout",
    "require_same_ids",
    "score",
    "task_block",
]


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure and its standard error, in percent."""

    value: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval by the normal approximation, cut to 0-100."""
        return max(0.0, self.value - 1.96 * self.error), min(100.0, self.value + 1.96 * self.error)


def score(
    metric: Metric[Any, Any],
    kind: Kind[Any, Any, Any],
    split: Split[Any],
    found: Mapping[str, Any],
    signature: str = "",
) -> Score:
    """Compare predictions with the gold of a split.

    Raises:
        PredictionError: when an example has no prediction or a prediction no example.
    """
    require_same_ids(split, found)
    golds = [kind.gold(e) for e in split.examples]
    rows = metric.rows([found[e.id] for e in split.examples], golds, split.language)
    return Score(split.task, split.language, metric.reduce(column_sums(rows)), rows, signature)


def require_same_ids(split: Split[Any], found: Mapping[str, Any]) -> None:
    """Raise PredictionError naming the first missing and the first unknown id."""
    ids = {e.id for e in split.examples}
    missing = [e.id for e in split.examples if e.id not in found]
    unknown = [key for key in found if key not in ids]
    where = f"{split.task} {split.language} {split.name}"
    faults = []
    if missing:
        faults.append(f"{where}: {len(missing)} of {len(ids)} examples have no prediction; the first is '{missing[0]}'")
    if unknown:
        near = did_you_mean(unknown[0], missing)
        faults.append(f"{where}: {len(unknown)} predictions for unknown ids; the first is '{unknown[0]}'{near}")
    if faults:
        raise PredictionError(*faults)


def left_to_right_mean(values: Iterable[float]) -> float:
    """The mean by plain float additions, first to last, as the official evaluator takes it.

    `sum` of floats is compensated from Python 3.12 on and differs in the last bit.

    >>> left_to_right_mean([0.1, 0.2, 0.3])
    0.20000000000000004
    """
    total, n = 0.0, 0
    for value in values:
        total, n = total + value, n + 1
    return total / n


def task_block(
    metric: Metric[Any, Any], values: Mapping[str, Mapping[str, float]], names: Sequence[str]
) -> dict[str, Any]:
    """One task in the official layout: metric -> language -> value, then avg_<metric>, then avg_metric.

    Args:
        metric: of the task.
        values: language -> metric -> percent, languages in the suite's order.
        names: the metrics that are shown.
    """
    block: dict[str, Any] = {name: {language: found[name] for language, found in values.items()} for name in names}
    for name in names:
        block[f"avg_{name}"] = left_to_right_mean(block[name].values())
    block["avg_metric"] = left_to_right_mean(block[f"avg_{name}"] for name in metric.main)
    return block


def official_layout(suite: Suite, blocks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The official evaluator's JSON: all_task, groups, tasks; each only where all it averages is there."""
    averages = {task: block["avg_metric"] for task, block in blocks.items()}
    found: dict[str, Any] = {}
    if suite.overall and all(task in averages for task in suite.tasks):
        # officially summed in the order of a Python set, which no one can know: the exactly rounded sum instead
        found["all_task"] = math.fsum(averages[task] for task in suite.tasks) / len(suite.tasks)
    for group, tasks in suite.groups.items():
        if all(task in averages for task in tasks):
            found[group] = left_to_right_mean(averages[task] for task in tasks)
    for task in suite.tasks:
        if task in blocks and task not in suite.unscored:
            found[task] = dict(blocks[task])
    return found


def headline(metric: Metric[Any, Any], values: Mapping[str, float]) -> float:
    """The one figure of a cell: the mean of the metric's main values."""
    return left_to_right_mean(values[name] for name in metric.main)


def influence(metric: Metric[Any, Any], rows: Rows, names: Sequence[str]) -> NDArray[np.float64]:
    """How much each example moves the mean of the named values (n,): the delta method on the column sums.

    Their sum is 0, and the square root of n / (n - 1) times their sum of squares is the standard error
    (for accuracy exactly the usual sqrt(p (1 - p) / (n - 1))).
    """
    sums = column_sums(rows)
    gradient = np.zeros(len(sums))
    for i, total in enumerate(sums):
        if not rows[:, i].any():  # no example differs here, and the metric may not be defined beside it
            continue
        step = max(abs(total), 1.0) * 1e-5
        above, below = sums.copy(), sums.copy()
        above[i] += step
        below[i] = max(0.0, below[i] - step)
        width = above[i] - below[i]
        high, low = metric.reduce(above), metric.reduce(below)
        gradient[i] = sum(high[name] - low[name] for name in names) / len(names) / width
    moved: NDArray[np.float64] = (rows - rows.mean(axis=0)) @ gradient
    return moved


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
    if ids is None:
        variance = sum(_variance(m) for m in moved.values())
    else:
        items: dict[str, float] = {}
        for language, shifts in moved.items():
            for item, shift in zip(ids[language], shifts.tolist(), strict=True):
                items[item] = items.get(item, 0.0) + shift
        variance = _variance(np.array(list(items.values())))
    return Spread(value, float(np.sqrt(variance)))


def _variance(moved: NDArray[np.float64]) -> float:
    n = len(moved)
    return float((moved**2).sum() * n / (n - 1)) if n > 1 else 0.0
