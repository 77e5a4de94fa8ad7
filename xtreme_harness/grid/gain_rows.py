"""Tidy rows: what every arm of a grid scored, and its gain over the arm without intermediate training.

gain = score(base, intermediate, target, language, seed) - score(base, none, target, language, seed): both arms have the
same seed, so heads and the order of the data are the same in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

from xtreme_harness.metrics import METRICS
from xtreme_harness.results.result import Result
from xtreme_harness.tables.csv_text import csv_text

__all__ = ["BASELINE", "Arm", "GainRow", "grid_rows", "paired", "scores_of", "to_csv"]

BASELINE = "none"  # the name of the arm without intermediate training


@dataclass(frozen=True, slots=True)
class Arm:
    """One evaluated model of a grid, and what analyses ask about it."""

    base: str
    intermediate: str  # BASELINE, or a name
    seed: int
    params: int | None = None  # of the encoder
    params_beyond_embeddings: int | None = None
    intermediate_examples: int | None = None  # that phase 1 trained on; 0 for the baseline


@dataclass(frozen=True, slots=True)
class GainRow:
    """One score; scores, baselines and gains are percents and points."""

    base: str
    intermediate: str
    suite: str  # "xtreme", "xtreme-r", or "tasks" for targets asked for by name
    target: str
    language: str
    seed: int
    split: str
    metric: str
    headline: bool  # is it the figure that the target is averaged by? (QA: the mean of its two metrics)
    score: float
    baseline: float | None = None  # the score without intermediate training; None: that arm has no such cell
    gain: float | None = None
    params: int | None = None
    params_beyond_embeddings: int | None = None
    intermediate_examples: int | None = None


def grid_rows(results: Mapping[Arm, Result]) -> list[GainRow]:
    """The rows of finished arms, in their order, with their gains."""
    return paired(row for arm, result in results.items() for row in scores_of(arm, result))


def scores_of(arm: Arm, result: Result) -> list[GainRow]:
    """The rows of one arm, gains not yet known; a cell that two suites share has a row in each."""
    found = []
    for task in result.tasks:
        main = METRICS[task.metric].main
        together = "+".join(main)  # "accuracy", "exact_match+f1"
        for language in task.parts:
            cell = result.scored[task.name, language]
            named = {together: cell.headline, **{name: cell.metrics[name] for name in main}}
            for name, value in named.items():
                row = GainRow(
                    arm.base, arm.intermediate, task.scope, task.name, language, arm.seed, result.split, name,
                    name == together, value, None, None, arm.params, arm.params_beyond_embeddings,
                    arm.intermediate_examples,
                )  # fmt: skip
                found.append(row)
    return found


def paired(rows: Iterable[GainRow]) -> list[GainRow]:
    """The rows with the baseline of their own seed, and the gain over it."""
    known = list(rows)
    baselines = {_cell(row): row.score for row in known if row.intermediate == BASELINE}
    return [_gained(row, baselines.get(_cell(row))) for row in known]


def _cell(row: GainRow) -> tuple[object, ...]:
    """What two arms share."""
    return row.base, row.suite, row.target, row.language, row.seed, row.split, row.metric


def _gained(row: GainRow, baseline: float | None) -> GainRow:
    return replace(row, baseline=baseline, gain=None if baseline is None else row.score - baseline)


def to_csv(rows: Sequence[GainRow]) -> str:
    """The rows as CSV, one column a field; what is not known is empty."""
    return csv_text([field.name for field in fields(GainRow)], [list(asdict(row).values()) for row in rows])
