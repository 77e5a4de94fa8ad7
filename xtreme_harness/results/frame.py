"""Runs as tidy rows: one figure a row, everything it may be grouped by beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from xtreme_harness.data.trained_on import ENGLISH
from xtreme_harness.languages import language
from xtreme_harness.results.record import CellRecord
from xtreme_harness.results.result import Result
from xtreme_harness.tables.csv_text import csv_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["SCORE", "FrameRow", "MeanRow", "frame", "means", "run_names", "scores", "to_csv"]

SCORE = "score"  # the metric of a cell's one headline figure


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One figure of one task in one language of one run."""

    run: str  # a name that no other run of the frame has
    model: str
    seed: int | None  # None: a mean over several
    task: str  # "tatoeba@xtreme-r"
    language: str
    name: str  # of the language: "Chinese"
    script: str
    family: str
    resources: int | None  # Joshi et al.'s class, 0 to 5
    metric: str  # "score": the headline figure; else "f1", "exact_match", ...
    value: float  # percent
    low: float | None  # ends of the 95 % interval, of headline figures only
    high: float | None
    n: int  # examples
    limited: bool
    train_on: str = ENGLISH  # the languages of training: "english", "target", "all", "de+sw"


@dataclass(frozen=True, slots=True)
class MeanRow:
    """The mean of a group or task of one run."""

    run: str
    scope: str  # suite, or "tasks"
    level: str  # "suite" | "group" | "task"
    name: str  # "xtreme_r_mean_9", "tagging", "xnli"
    value: float  # percent
    low: float  # ends of the 95 % interval
    high: float


def run_names(runs: Sequence[Result]) -> tuple[str, ...]:
    """Short names, all different: of the model, with the folder where two runs have the same model."""
    short = [Path(run.model).name or run.model for run in runs]
    twice = {name for name, times in Counter(short).items() if times > 1}
    names = [
        f"{name} ({Path(run.place).name})" if name in twice else name for name, run in zip(short, runs, strict=True)
    ]
    taken = Counter(names)
    return tuple(f"{name} #{i + 1}" if taken[name] > 1 else name for i, name in enumerate(names))


def frame(runs: Sequence[Result], names: Sequence[str] | None = None) -> list[FrameRow]:
    """All figures of runs, the headline figure of every cell first; in the runs' own order.

    Args:
        runs: what was read.
        names: one a run; None: `run_names`.
    """
    named = zip(runs, names or run_names(runs), strict=True)
    return [row for run, name in named for row in _rows(run, name)]


def means(runs: Sequence[Result], names: Sequence[str] | None = None) -> list[MeanRow]:
    """The means of runs, a scope after the other: overall means first, then groups, then tasks."""
    found = [row for run, name in zip(runs, names or run_names(runs), strict=True) for row in _means(run, name)]
    scopes = list(dict.fromkeys(row.scope for row in found))
    order = list(dict.fromkeys((row.scope, row.name) for row in found))
    levels = ("suite", "group", "task")
    return sorted(found, key=lambda r: (scopes.index(r.scope), levels.index(r.level), order.index((r.scope, r.name))))


def scores(rows: Iterable[FrameRow], run: str) -> dict[str, dict[str, FrameRow]]:
    """The headline figures of one run: task -> language -> row."""
    found: dict[str, dict[str, FrameRow]] = {}
    for row in rows:
        if row.run == run and row.metric == SCORE:
            found.setdefault(row.task, {})[row.language] = row
    return found


def to_csv(kind: type[DataclassInstance], rows: Iterable[DataclassInstance]) -> str:
    """Rows of one kind as CSV, full precision; what is unknown is empty."""
    return csv_text([field.name for field in fields(kind)], map(astuple, rows))


def _means(run: Result, name: str) -> Iterator[MeanRow]:
    for mean in run.means:
        yield MeanRow(name, mean.scope, mean.level, mean.name, mean.spread.value, *mean.spread.interval)


def _rows(run: Result, name: str) -> Iterator[FrameRow]:
    for cell in run.scored.values():
        low, high = cell.interval or (None, None)
        yield _row(run, name, cell, SCORE, cell.headline, low, high)
        for metric, value in cell.metrics.items():
            yield _row(run, name, cell, metric, value, None, None)


def _row(
    run: Result, name: str, cell: CellRecord, metric: str, value: float, low: float | None, high: float | None
) -> FrameRow:
    facts = language(cell.language)
    return FrameRow(
        name, run.model, run.seed, cell.task, cell.language, facts.name, facts.script, facts.family, facts.resources,
        metric, value, low, high, cell.n, run.limited, cell.train_on,
    )  # fmt: skip
