"""What a rule says of a new run: kept, broken, or not to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Example", "Report", "Verdict"]

Status = Literal["kept", "broken", "skipped"]


@dataclass(frozen=True, slots=True)
class Example:
    """An example that cost the new run some of its score."""

    cell: str  # "xnli sw"
    id: str
    old: float  # score of the example alone, percent; 0 in both where it has none
    new: float
    text: str = ""  # input, gold, old and new prediction, where the runs logged them


@dataclass(frozen=True, slots=True)
class Verdict:
    """One condition of one rule on one figure."""

    rule: str
    condition: str  # "max_drop"
    place: str  # "xtreme: tagging"
    status: Status
    message: str
    old: float | None = None
    new: float | None = None
    interval: tuple[float, float] | None = None  # of the difference, 95 %
    p: float | None = None  # after the rule's correction
    cells: tuple[tuple[str, str], ...] = ()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All verdicts on one new run."""

    old: str
    new: str
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...] = ()  # what --force passed over

    def of(self, status: Status) -> list[Verdict]:
        """The verdicts of a status."""
        return [one for one in self.verdicts if one.status == status]

    @property
    def broken(self) -> list[Verdict]:
        """The verdicts that fail the gate."""
        return self.of("broken")
