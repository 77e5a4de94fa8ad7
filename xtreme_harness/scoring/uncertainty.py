"""How sure the means of a run are: what examples, seeds and languages add to their variance.

Several seeds answer the same examples. The variance of their mean is then that of the examples (of the statistics
averaged over seeds) plus that of the seeds: the sample variance of the seeds' scores over their number. What is chance
in a single answer is part of both, so the sum errs on the wide side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from xtreme_harness.metrics import Metric
from xtreme_harness.records import Rows
from xtreme_harness.scoring.means import (
    headline,
    left_to_right_mean,
    mean_of_sets,
    mean_over_languages,
    parts_by_language,
)  # fmt: skip
from xtreme_harness.scoring.spread import Spread, macro_spread, weighted_variance

__all__ = [
    "Cells", "Scored", "Uncertainty", "Variance", "error_of_cell", "joint_ids", "of_group", "of_groups",
    "of_languages", "of_task",
]  # fmt: skip


class Scored(Protocol):
    """What is asked of a finished cell; of several seeds it is their mean."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Percent."""

    @property
    def rows(self) -> Rows | None:
        """(n, k) statistics; they must be there."""

    @property
    def ids(self) -> Sequence[str] | None:
        """(n,) items, where the same stand in all languages."""

    @property
    def by_seed(self) -> Mapping[str, Mapping[str, float]]:
        """Seed -> metrics; {} of a single run."""


@dataclass(frozen=True, slots=True)
class Variance:
    """Squared percent points."""

    examples: float  # part of the squared standard error
    seeds: float  # the other part
    languages: float | None  # between languages, over their number: no part of it, since the languages are given


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """A mean and what it hangs on."""

    spread: Spread
    variance: Variance
    by_seed: Mapping[str, float]  # seed -> the mean with that seed alone; {} of a single run


@dataclass(frozen=True, slots=True)
class Cells:
    """The finished cells of a task."""

    metric: Metric[Any, Any]
    records: Mapping[str, Scored]  # by language
    parallel: bool  # do the same items stand in all languages?


def of_task(metric: Metric[Any, Any], records: Mapping[str, Scored], parallel: bool) -> Uncertainty:
    """Mean over languages of a task's headline.

    Args:
        metric: of the task.
        records: language -> finished cell.
        parallel: do the same items stand in all languages?
    """
    scores = {code: headline(metric, record.metrics) for code, record in records.items()}
    rows = {code: _rows(record) for code, record in records.items()}
    ids = joint_ids({code: record.ids for code, record in records.items()}) if parallel else None
    examples = macro_spread(metric, rows, ids).error ** 2
    by_seed = {
        seed: left_to_right_mean(headline(metric, record.by_seed[seed]) for record in records.values())
        for seed in _seeds(records.values())
    }
    values = np.array(list(scores.values()))
    languages = float(values.var(ddof=1) / len(values)) if len(values) > 1 else None
    variance = Variance(examples, _of_mean(by_seed), languages)
    return _total(left_to_right_mean(scores.values()), variance, by_seed, metric.low)


def of_group(parts: Sequence[Uncertainty]) -> Uncertainty:
    """Mean over tasks, whose examples are independent; a seed is the same in all of them."""
    n = len(parts)
    seeds = [seed for seed in parts[0].by_seed if all(seed in part.by_seed for part in parts)]
    by_seed = {seed: left_to_right_mean(part.by_seed[seed] for part in parts) for seed in seeds}
    examples = sum(part.variance.examples for part in parts) / n**2
    known = [part.variance.languages for part in parts if part.variance.languages is not None]
    languages = sum(known) / n**2 if len(known) == n else None
    value = left_to_right_mean(part.spread.value for part in parts)
    low = min(part.spread.low for part in parts)
    return _total(value, Variance(examples, _of_mean(by_seed), languages), by_seed, low)


def of_groups(sets: Sequence[Sequence[str]], parts: Mapping[str, Uncertainty]) -> Uncertainty:
    """Mean over sets of tasks of the mean of a set's tasks; a task of two sets counts in both.

    Args:
        sets: of tasks.
        parts: task -> its mean.
    """
    weights: dict[str, float] = {}
    for one in sets:
        for task in one:
            weights[task] = weights.get(task, 0.0) + 1 / len(one) / len(sets)
    first = parts[sets[0][0]]
    seeds = [seed for seed in first.by_seed if all(seed in parts[task].by_seed for task in weights)]
    by_seed = {s: mean_of_sets(sets, {task: parts[task].by_seed[s] for task in weights}) for s in seeds}
    examples = sum(weight**2 * parts[task].variance.examples for task, weight in weights.items())
    known = {task: between for task in weights if (between := parts[task].variance.languages) is not None}
    languages = sum(weights[t] ** 2 * found for t, found in known.items()) if len(known) == len(weights) else None
    value = mean_of_sets(sets, {task: parts[task].spread.value for task in weights})
    low = min(parts[task].spread.low for task in weights)
    return _total(value, Variance(examples, _of_mean(by_seed), languages), by_seed, low)


def of_languages(tasks: Mapping[str, Cells]) -> Uncertainty:
    """Macro mean over languages: of each the mean over the tasks that have it.

    Args:
        tasks: their cells, all that the mean is over.
    """
    parts = parts_by_language({task: tuple(one.records) for task, one in tasks.items()})
    weights = {cell: 1 / len(part) / len(parts) for part in parts for cell in part}
    scores = {t: {c: headline(one.metric, r.metrics) for c, r in one.records.items()} for t, one in tasks.items()}
    by_language = [left_to_right_mean(scores[task][code] for task, code in part) for part in parts]
    examples = sum(_weighted(one, {c: weights[task, c] for c in one.records}) for task, one in tasks.items())
    by_seed = {
        seed: mean_over_languages({
            task: {code: headline(one.metric, record.by_seed[seed]) for code, record in one.records.items()}
            for task, one in tasks.items()
        })
        for seed in _seeds([record for one in tasks.values() for record in one.records.values()])
    }  # fmt: skip
    between = float(np.var(by_language, ddof=1) / len(parts)) if len(parts) > 1 else None
    low = min(one.metric.low for one in tasks.values())
    return _total(left_to_right_mean(by_language), Variance(examples, _of_mean(by_seed), between), by_seed, low)


def _weighted(one: Cells, weights: Mapping[str, float]) -> float:
    rows = {code: _rows(record) for code, record in one.records.items()}
    ids = joint_ids({code: record.ids for code, record in one.records.items()}) if one.parallel else None
    return weighted_variance(one.metric, rows, ids, weights)


def error_of_cell(metric: Metric[Any, Any], record: Scored, names: Sequence[str]) -> float:
    """Standard error of the mean of a cell's named values, percent."""
    examples = macro_spread(metric, {"": _rows(record)}, None, names).error ** 2
    seeds = {seed: left_to_right_mean(values[name] for name in names) for seed, values in record.by_seed.items()}
    return float(np.sqrt(examples + _of_mean(seeds)))


def joint_ids(ids: Mapping[str, Sequence[str] | None]) -> dict[str, Sequence[str]] | None:
    """Language -> item ids, where they tell the same items in all languages; None where they do not.

    Mere positions in files of unequal length do not tell the same items.

    >>> joint_ids({"de": ["0", "1"], "en": ["0"]}), joint_ids({"de": ["q1", "q2"], "en": ["q1"]})
    (None, {'de': ['q1', 'q2'], 'en': ['q1']})
    """
    known = {language: one for language, one in ids.items() if one is not None}
    numbered = all(list(one) == [str(i) for i in range(len(one))] for one in known.values())
    unequal = len({len(one) for one in known.values()}) > 1
    return None if not known or len(known) < len(ids) or (numbered and unequal) else known


def _total(value: float, variance: Variance, by_seed: Mapping[str, float], low: float) -> Uncertainty:
    return Uncertainty(Spread(value, float(np.sqrt(variance.examples + variance.seeds)), low), variance, by_seed)


def _rows(record: Scored) -> Rows:
    assert record.rows is not None  # a cell that was only read from results.json is not averaged
    return record.rows


def _seeds(records: Iterable[Scored]) -> list[str]:
    """The seeds that all cells were computed with."""
    sets = [list(record.by_seed) for record in records]
    return [seed for seed in sets[0] if all(seed in others for others in sets)]


def _of_mean(by_seed: Mapping[str, float]) -> float:
    """Variance of the mean over seeds; 0.0 where there is a single run, whose seed cannot be told from the model."""
    values = np.array(list(by_seed.values()))
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0
