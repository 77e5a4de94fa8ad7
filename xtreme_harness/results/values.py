"""What every export is made of: the figures of one run, and what they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Literal

import numpy as np

from xtreme_harness.cards import Cards
from xtreme_harness.errors import CardError, OutputError, listed
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import BY_NAME
from xtreme_harness.results.frame import SCORE
from xtreme_harness.results.record import CellRecord
from xtreme_harness.results.result import CellKey, Mean, Result
from xtreme_harness.scoring.spread import Spread

__all__ = [
    "CellFigure", "Lost", "absent_cells", "cell_figures", "date_of", "means_of", "require_figures", "require_suites",
    "strange_cells", "strange_figures",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CellFigure:
    """One value of one task in one language."""

    task: str  # "tatoeba@xtreme-r"
    language: str
    metric: str  # "accuracy"; "score": the mean of several main values, the cell's headline
    value: float  # percent
    error: float | None  # standard error; of a mean of several values only the interval is recorded
    interval: tuple[float, float]  # 95 %
    n: int  # examples
    signature: str
    headline: bool  # is it the cell's one figure?

    @property
    def cell(self) -> str:
        """The cell's name in results.json: "xnli_de"."""
        return f"{self.task}_{self.language}"


@dataclass(frozen=True, slots=True)
class Lost:
    """A task of which no cell is there; it stands among the means of its scope, without a figure."""

    scope: str
    name: str
    lacking: tuple[str, ...]  # languages
    level: Literal["task"] = "task"
    spread: None = None

    @property
    def key(self) -> str:
        """Its name in results.json, had it a figure."""
        return self.name

    @property
    def share(self) -> str:
        """As of a mean: "0 of 15 languages"."""
        return f"0 of {len(self.lacking)} languages"


def cell_figures(result: Result) -> list[CellFigure]:
    """All values of all finished cells; of each cell the headline first."""
    return [figure for cell in result.scored.values() for figure in _of_cell(cell)]


def _of_cell(cell: CellRecord) -> Iterator[CellFigure]:
    metric = METRICS[cell.metric]
    if len(metric.main) > 1:
        assert cell.interval is not None  # every finished cell has one
        yield CellFigure(
            *cell.key, SCORE, cell.headline, None, cell.interval, cell.n, cell.signature, headline=True
        )  # fmt: skip
    for name in sorted(cell.metrics, key=lambda name: name not in metric.main):
        spread = Spread(cell.metrics[name], cell.errors[name], metric.low)
        yield CellFigure(
            *cell.key, name, spread.value, spread.error, spread.interval, cell.n, cell.signature,
            headline=metric.main == (name,),
        )  # fmt: skip


def means_of(result: Result) -> list[Mean | Lost]:
    """The means scope by scope: suite, groups, tasks; then tasks without any figure."""
    found: list[Mean | Lost] = []
    for scope in dict.fromkeys([*(mean.scope for mean in result.means), *result.absent]):
        mine = [mean for mean in result.means if mean.scope == scope]
        tasks = [mean for mean in mine if mean.level == "task"]
        there = {mean.name for mean in tasks}
        lost = [
            Lost(scope, task, tuple(codes)) for task, codes in result.absent.get(scope, {}).items() if task not in there
        ]
        found += [mean for mean in mine if mean.level == "suite"] + [mean for mean in mine if mean.level == "group"]
        found += [*tasks, *lost]
    return found


def absent_cells(result: Result) -> dict[tuple[str, str], str]:
    """Why each cell that was asked for is not there: suites first, then what was asked for by name."""
    scopes = sorted(result.absent, key=lambda scope: scope == BY_NAME)
    return {
        (task, code): reason
        for scope in scopes
        for task, codes in result.absent[scope].items()
        for code, reason in codes.items()
    }


def date_of(result: Result) -> datetime:
    """When the run ended; of a result that was not read, now."""
    return result.date or datetime.now(UTC)


def require_figures(runs: Sequence[Result]) -> None:
    """Raise OutputError for a run without a finished cell, and for every figure that is missing or not a number."""
    faults = [fault for run in runs for fault in strange_figures(run)]
    faults += [f"{run.place}: no finished cell, so no figures; evaluate first" for run in runs if not run.scored]
    if faults:
        raise OutputError(*listed(faults, 10))


def require_suites(cards: Cards, runs: Sequence[Result]) -> None:
    """Raise CardError for every suite that a run was asked for and that the cards do not have."""
    unknown = dict.fromkeys((run.place, name) for run in runs for name in run.suites if name not in cards.suites)
    if unknown:
        advice = "give --include-path with the file or folder that has it"
        raise CardError(
            *(f"{place}: is a run of the suite '{name}', which is not known here; {advice}" for place, name in unknown)
        )


def strange_figures(run: Result) -> list[str]:
    """Figures of a run that are missing or not a number, one line a cell or mean."""
    found = [f"{run.place}: {task} {code}: {what}" for (task, code), what in strange_cells(run).items()]
    for mean in run.means:
        figures = {"mean": mean.spread.value, "standard error": mean.spread.error, **mean.values}
        if what := _strange(figures):
            found.append(f"{run.place}: {mean.scope}: {mean.name}: {what}")
    return found


def strange_cells(run: Result) -> dict[CellKey, str]:
    """The finished cells with a figure that is missing or not a number, and which it is."""
    found = {}
    for key, cell in run.scored.items():
        ends = dict(zip(("lower end", "upper end"), cell.interval or (), strict=False))
        errors = {f"standard error of {name}": value for name, value in cell.errors.items()}
        main = dict.fromkeys(METRICS[cell.metric].main)
        what = _strange({**main, **cell.metrics, **cell.extras, **errors, **ends})
        if not what and cell.rows is not None and not np.isfinite(cell.rows).all():
            what = "its statistics are not all numbers"
        if what:
            found[key] = what
    return found


def _strange(figures: Mapping[str, float | None]) -> str:
    """What is wrong with the first figure that is none; "" where all are numbers."""
    for name, value in figures.items():
        if value is None:
            return f"{name}: missing"
        if not isfinite(value):
            return f"{name}: {value}, expected a number"
    return ""
