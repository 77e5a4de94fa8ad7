"""Means as the official evaluator takes them: of a cell, over languages, tasks and groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xtreme_harness.cards import Overall, Suite
from xtreme_harness.languages import alike
from xtreme_harness.metrics import Metric

__all__ = [
    "headline", "left_to_right_mean", "mean_of_sets", "mean_over_languages", "official_layout", "overall_value",
    "parts_by_language", "task_block",
]  # fmt: skip


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


def official_layout(
    suite: Suite, blocks: Mapping[str, Mapping[str, Any]], cells: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, Any]:
    """The official evaluator's JSON: all_task, groups, tasks; each only where all it averages is there.

    Args:
        suite: what is averaged; the key of its overall mean may be another than all_task.
        blocks: task -> its block.
        cells: task -> language -> headline, percent, of a suite of which every cell is there; None of another.
    """
    averages = {task: block["avg_metric"] for task, block in blocks.items()}
    found: dict[str, Any] = {}
    if suite.overall_key is not None:
        overall = next(iter(suite.overalls("").values()))
        value = overall_value(overall, averages, cells)
        found |= {suite.overall_key: value} if value is not None else {}
    for group, tasks in suite.groups.items():
        if all(task in averages for task in tasks):
            found[group] = left_to_right_mean(averages[task] for task in tasks)
    for task in suite.tasks:
        if task in blocks and task not in suite.unscored:
            found[task] = dict(blocks[task])
    return found


def overall_value(
    overall: Overall, averages: Mapping[str, float], cells: Mapping[str, Mapping[str, float]] | None
) -> float | None:
    """An overall mean, percent; None where not all of it is there.

    Args:
        overall: how it is taken.
        averages: task -> mean over its languages, percent.
        cells: task -> language -> headline, percent, where every cell is there; a mean over languages needs them.
    """
    if overall.over == "languages":
        return mean_over_languages({task: cells[task] for task in overall.tasks}) if cells is not None else None
    if not all(task in averages for task in overall.tasks):
        return None
    if overall.over == "tasks":
        # officially summed in the order of a Python set, which no one can know: the exactly rounded sum instead
        return math.fsum(averages[task] for task in overall.tasks) / len(overall.tasks)
    return mean_of_sets(overall.sets, averages)


def mean_of_sets(sets: Sequence[Sequence[str]], values: Mapping[str, float]) -> float:
    """The mean over sets of the mean of a set's values.

    >>> mean_of_sets([["a", "b"], ["c"]], {"a": 10.0, "b": 20.0, "c": 45.0})
    30.0
    """
    return left_to_right_mean(left_to_right_mean(values[name] for name in one) for one in sets)


def mean_over_languages(cells: Mapping[str, Mapping[str, float]]) -> float:
    """The macro mean over languages: of each the mean over the tasks that have it, then over all languages.

    >>> mean_over_languages({"a": {"de": 10.0, "sw": 20.0}, "b": {"de": 30.0}})
    20.0
    """
    parts = parts_by_language({task: tuple(found) for task, found in cells.items()})
    return left_to_right_mean(left_to_right_mean(cells[task][code] for task, code in part) for part in parts)


def parts_by_language(languages: Mapping[str, Sequence[str]]) -> list[list[tuple[str, str]]]:
    """The cells of some tasks, those of one language together, in order of first mention.

    Tasks may spell a language differently; two codes of one task are two languages.

    >>> parts_by_language({"a": ["de", "sw"], "b": ["deu_Latn"]})
    [[('a', 'de'), ('b', 'deu_Latn')], [('a', 'sw')]]
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for task, codes in languages.items():
        before = [code for code in found if code not in codes]
        for code in codes:
            near = code if code in found else next((c for c in before if alike(c, code)), code)
            if near in before:
                before.remove(near)
            found.setdefault(near, []).append((task, code))
    return list(found.values())


def headline(metric: Metric[Any, Any], values: Mapping[str, float]) -> float:
    """The one figure of a cell: the mean of the metric's main values."""
    return left_to_right_mean(values[name] for name in metric.main)
