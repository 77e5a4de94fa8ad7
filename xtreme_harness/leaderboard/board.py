"""What a leaderboard is: sections of rows that may be compared, each ranked on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xtreme_harness.leaderboard.submissions import Submission

__all__ = ["Board", "Column", "Figure", "Row", "Section", "View"]


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for; nothing named means everything."""

    suites: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    sort: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A task, or a task in one language."""

    task: str
    language: str | None = None

    @property
    def name(self) -> str:
        """As in results.json: "xnli", "xnli_sw"."""
        return f"{self.task}_{self.language}" if self.language else self.task


@dataclass(frozen=True, slots=True)
class Figure:
    """What a row has in a column, in percent."""

    value: float
    metrics: tuple[str, ...]  # whose mean it is; less than the task's headline where a source prints F1 alone
    share: str = ""  # "3/15" where languages are missing


@dataclass(frozen=True, slots=True)
class Row:
    """One submission in one section."""

    rank: int | None  # None: not ranked
    submission: Submission
    figures: Mapping[str, Figure]  # by the column's name
    groups: Mapping[str, float]
    means: Mapping[str, float]

    def value(self, name: str) -> float | None:
        """The figure under a heading; None where it is missing."""
        if name in self.figures:
            return self.figures[name].value
        return self.groups.get(name, self.means.get(name))


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that may be compared with each other."""

    suite: str
    split: str
    title: str
    notes: tuple[str, ...]  # why these rows stand apart, and what differs among them
    columns: tuple[Column, ...]
    groups: tuple[str, ...]
    means: tuple[str, ...]  # the last is the one that ranks
    rows: tuple[Row, ...]
    ranked: bool
    whole: bool  # has every column, by the suite's definition, on the test split


@dataclass(frozen=True, slots=True)
class Board:
    """All sections, and what is to be said of the rows."""

    sections: tuple[Section, ...]
    notes: tuple[str, ...]
