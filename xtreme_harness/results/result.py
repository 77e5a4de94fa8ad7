"""All figures of one run: what `evaluate` returns, and what is read back from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from xtreme_harness.cards import Over
from xtreme_harness.errors import OutputError
from xtreme_harness.plan.cells import Missing
from xtreme_harness.results.record import CellRecord
from xtreme_harness.scoring.spread import Spread
from xtreme_harness.scoring.uncertainty import Uncertainty

__all__ = ["Absent", "CellKey", "Dataset", "Level", "Mean", "Result"]

CellKey = tuple[str, str]  # task, language
Level = Literal["suite", "group", "task"]
Absent = Mapping[str, Mapping[str, Mapping[str, str]]]  # scope -> task -> language -> why that cell is not there


@dataclass(frozen=True, slots=True)
class Mean:
    """A task's mean over languages, or the mean of the tasks of a group or suite."""

    scope: str  # suite, or "tasks"
    level: Level
    name: str  # "xnli", "tatoeba@xtreme-r", "tagging", "xtreme_r_mean_9"
    key: str  # its name in results.json: "xnli@xtreme-r" where two suites have one of that name
    metric: str  # of a task, a key of METRICS; "" of groups and suites
    values: Mapping[str, float]  # of a task, the mean of every value of its metric, percent; {} of groups and suites
    uncertainty: Uncertainty  # of the headline
    parts: tuple[str, ...]  # what was averaged: languages, or tasks
    lacking: tuple[str, ...]  # languages that were asked for and are absent, or tasks that lack some
    wanted: int  # languages or tasks that the whole has
    over: Over = "tasks"  # of a suite, what the outer mean is over; of a group its tasks; says nothing of a task

    @property
    def spread(self) -> Spread:
        """The mean and its standard error, percent."""
        return self.uncertainty.spread

    @property
    def complete(self) -> bool:
        """Is all of it there?"""
        return len(self.parts) == self.wanted and not self.lacking

    @property
    def size(self) -> str:
        """How much was averaged: "7 languages", "9 tasks"."""
        what = "language" if self.level == "task" else "task"
        return f"{len(self.parts)} {what}{'' if len(self.parts) == 1 else 's'}"

    @property
    def rule(self) -> str:
        """How it was averaged: "mean"; "mean over groups" where its parts are not averaged straight."""
        return "mean" if self.over == "tasks" else f"mean over {self.over}"

    @property
    def share(self) -> str:
        """What is there: "7 of 15 languages", "2 of 9 tasks incomplete"; "" when nothing lacks."""
        if not self.lacking:
            return ""
        if self.level == "task":
            return f"{len(self.parts)} of {len(self.parts) + len(self.lacking)} languages"
        return f"{len(self.lacking)} of {len(self.parts)} tasks incomplete"


@dataclass(frozen=True, slots=True)
class Dataset:
    """The data behind a task's cells."""

    source: str  # "facebook/xnli@b8dd5d7", "samples", or a folder
    revision: str | None  # of a data set on the Hub
    sha256: Mapping[str, str]  # of local files
    rows: int  # examples

    @property
    def hub(self) -> str | None:
        """The data set on the Hub that was read."""
        return self.source.partition("@")[0] if self.revision else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All figures of one run."""

    model: str
    split: str  # "test" | "dev"
    limit: int | None  # examples a cell at most; None: all
    seeds: tuple[int, ...]  # one; several where the figures are means over them; () where it is not known
    cells: tuple[CellRecord, ...]
    means: tuple[Mean, ...]  # the tasks of all scopes, then groups and suites
    official: Mapping[str, Mapping[str, Any]]  # suite -> leaderboard layout
    missing: tuple[Missing, ...]
    failed: Mapping[str, str]  # cell -> message
    absent: Absent  # everything that was asked for and has no score
    datasets: Mapping[str, Dataset]  # by task
    lineage: tuple[Mapping[str, Any], ...]  # stages of the checkpoints that were read
    command: Mapping[str, Any]  # the options, for `config`
    method: str  # of the intervals
    fingerprint: str
    signature: str
    version: str  # of the xharness that computed it
    file: Path | None = None  # the results.json that it was read from
    date: datetime | None = None  # when the run ended; None where it was not read
    environment: str | None = None  # machine and libraries, where they are known
    scored: Mapping[CellKey, CellRecord] = field(init=False, repr=False, compare=False)  # in the run's order

    def __post_init__(self) -> None:
        """Index the finished cells."""
        object.__setattr__(self, "scored", {cell.key: cell for cell in self.cells if cell.done})

    @property
    def path(self) -> Path | None:
        """The folder of the run; None where it was not read."""
        return self.file.parent if self.file else None

    @property
    def place(self) -> str:
        """Where it lies, for people; of what was not read its model."""
        return str(self.path or self.model)

    @property
    def seed(self) -> int | None:
        """The seed of a run that has one."""
        return self.seeds[0] if len(self.seeds) == 1 else None

    @property
    def tasks(self) -> tuple[Mean, ...]:
        """The means over languages."""
        return tuple(mean for mean in self.means if mean.level == "task")

    @property
    def groups(self) -> tuple[Mean, ...]:
        """The means over tasks."""
        return tuple(mean for mean in self.means if mean.level != "task")

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites that were asked for by name."""
        return tuple(self.official)

    @property
    def limited(self) -> bool:
        """Were examples left out by --limit?"""
        return self.limit is not None

    @property
    def complete(self) -> bool:
        """Is every cell that was asked for there, whole and scored?"""
        scored = all(cell.done for cell in self.cells)
        return scored and not self.missing and not self.failed and not self.limited

    @property
    def has_rows(self) -> bool:
        """Are the statistics of all finished cells there?"""
        return all(cell.rows is not None for cell in self.scored.values())

    def dataset(self, task: str) -> Dataset:
        """The data behind a task's cells; OutputError where the run does not say."""
        if task not in self.datasets:
            raise OutputError(f"{self.file or self.model}: xharness.datasets.{task}: missing, expected an object")
        return self.datasets[task]

    @property
    def config(self) -> dict[str, Any]:
        """The options, in lm-eval's place for them."""
        return {"model": "xharness", "model_args": self.model, "limit": self.limit, **self.command}
