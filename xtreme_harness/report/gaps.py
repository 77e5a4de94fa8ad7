"""Zero-shot transfer: how far the other languages stay behind the source language, and what goes with that."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xtreme_harness.data.trained_on import ENGLISH
from xtreme_harness.languages import english_of
from xtreme_harness.results.frame import FrameRow
from xtreme_harness.scoring.means import left_to_right_mean

__all__ = ["GROUPINGS", "Correlation", "Gap", "correlate", "gap_of", "task_correlations", "with_fact"]

Scores = Mapping[str, float]  # language -> percent
GROUPINGS: Mapping[str, Callable[[FrameRow], str]] = {
    "family": lambda row: row.family.partition(":")[0],
    "script": lambda row: row.script,
    "resource class": lambda row: "not listed" if row.resources is None else str(row.resources),
}
_FEWEST = 4  # pairs below which a correlation says nothing


@dataclass(frozen=True, slots=True)
class Gap:
    """A task's transfer gap, in percent points."""

    task: str
    source: float  # the source language's score, percent
    others: float  # mean of the others
    languages: int  # how many others
    groups: Mapping[str, Mapping[str, tuple[float, int]]]  # grouping -> group -> (gap, languages)

    @property
    def gap(self) -> float:
        """Source minus the mean of the others."""
        return self.source - self.others


@dataclass(frozen=True, slots=True)
class Correlation:
    """A rank correlation over languages."""

    rho: float  # -1 to 1
    n: int  # languages


def gap_of(task: str, rows: Mapping[str, FrameRow]) -> Gap | None:
    """The gap of one task; None where English, or every other language, is absent, or was trained on.

    Args:
        task: its name.
        rows: language -> headline figure.
    """
    source = english_of(rows)
    if any(row.train_on != ENGLISH for row in rows.values()):
        return None
    others = [row for code, row in rows.items() if code != source]
    if source not in rows or not others:
        return None
    start = rows[source].value
    groups: dict[str, dict[str, tuple[float, int]]] = {}
    for grouping, group_of in GROUPINGS.items():
        members: dict[str, list[float]] = {}
        for row in others:
            members.setdefault(group_of(row), []).append(row.value)
        groups[grouping] = {
            group: (start - left_to_right_mean(values), len(values)) for group, values in sorted(members.items())
        }
    return Gap(task, start, left_to_right_mean(row.value for row in others), len(others), groups)


def correlate(first: Scores, second: Scores) -> Correlation | None:
    """Spearman's rank correlation over the languages that both have, ties at their mean rank.

    None for fewer than four languages, or where one side is the same everywhere: there is nothing to rank.

    >>> correlate({"a": 1, "b": 2, "c": 3, "d": 9}, {"a": 10, "b": 20, "c": 30, "d": 31}).rho
    1.0
    """
    shared = [code for code in first if code in second]
    if len(shared) < _FEWEST:
        return None
    x = _ranks([first[code] for code in shared])
    y = _ranks([second[code] for code in shared])
    x, y = x - x.mean(), y - y.mean()
    scale = math.sqrt(float((x * x).sum() * (y * y).sum()))
    return Correlation(float((x * y).sum()) / scale, len(shared)) if scale else None


def task_correlations(scores: Mapping[str, Scores]) -> dict[tuple[str, str], Correlation]:
    """Every pair of tasks, in the tasks' order: do they order the languages alike?"""
    names = list(scores)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    found = {pair: correlate(scores[pair[0]], scores[pair[1]]) for pair in pairs}
    return {pair: value for pair, value in found.items() if value is not None}


def with_fact(scores: Mapping[str, Scores], fact: Mapping[str, float]) -> dict[str, Correlation]:
    """Every task against a fact of the languages: resource class, fertility, share of unknown tokens."""
    found = {task: correlate(values, fact) for task, values in scores.items()}
    return {task: value for task, value in found.items() if value is not None}


def _ranks(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Ranks from 1 (n,); equal values share their mean rank."""
    found = np.empty(len(values))
    given = np.asarray(values, dtype=np.float64)
    for i, value in enumerate(given):
        found[i] = (given < value).sum() + ((given == value).sum() + 1) / 2
    return found
