"""Means as the official evaluator takes them: of a cell, over languages, tasks and groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xtreme_harness.cards import Suite
from xtreme_harness.metrics import Metric

__all__ = ["headline", "left_to_right_mean", "official_layout", "task_block"]


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
