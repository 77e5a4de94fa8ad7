"""What a run found: means over languages, tasks and groups, and the official leaderboard files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_harness.cards import Cards, Suite, TaskCard
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import BY_NAME, Missing, Plan, Target, scopes_of
from xtreme_harness.scoring.means import left_to_right_mean, official_layout, task_block
from xtreme_harness.scoring.spread import Spread
from xtreme_harness.scoring.uncertainty import Uncertainty, of_group, of_task

__all__ = ["GroupScore", "Result", "TaskScore", "build", "leaderboard"]

Record = Mapping[str, Any]  # what cells/<task>/<lang>.json holds


@dataclass(frozen=True, slots=True)
class TaskScore:
    """A task's mean over the languages that were evaluated."""

    scope: str  # suite, or "tasks"
    key: str
    card: TaskCard
    metric: str  # "accuracy"; of several main values their mean
    values: Mapping[str, float]  # avg of every value of the metric, percent
    uncertainty: Uncertainty  # of the headline
    languages: tuple[str, ...]  # evaluated
    wanted: tuple[str, ...]  # in the suite

    @property
    def spread(self) -> Spread:
        """The headline and its standard error."""
        return self.uncertainty.spread

    @property
    def complete(self) -> bool:
        """Are all languages there?"""
        return len(self.languages) == len(self.wanted)


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The mean of tasks: a group of a suite, or the suite."""

    scope: str
    name: str
    uncertainty: Uncertainty
    tasks: tuple[str, ...]
    complete: bool

    @property
    def spread(self) -> Spread:
        """The mean and its standard error."""
        return self.uncertainty.spread


@dataclass(frozen=True, slots=True)
class Result:
    """All figures of one run."""

    model: str
    split: str
    cells: tuple[Record, ...]
    tasks: tuple[TaskScore, ...]
    groups: tuple[GroupScore, ...]
    official: Mapping[str, Mapping[str, Any]]  # suite -> leaderboard layout
    missing: tuple[Missing, ...]
    failed: Mapping[str, str]  # cell -> message
    limit: int | None
    lineage: tuple[Mapping[str, Any], ...]
    command: Mapping[str, Any]  # the options, for `config`

    @property
    def limited(self) -> bool:
        """Were examples left out by --limit?"""
        return self.limit is not None

    @property
    def complete(self) -> bool:
        """Is every cell that was asked for there, whole and scored?"""
        scored = all(cell["status"] == "done" for cell in self.cells)
        return scored and not self.missing and not self.failed and not self.limited


def build(
    plan: Plan,
    cards: Cards,
    records: Sequence[Record],
    model: str,
    split: str,
    failed: Mapping[str, str],
    unscored: Sequence[Missing] = (),
    limit: int | None = None,
    lineage: Sequence[Mapping[str, Any]] = (),
    command: Mapping[str, Any] | None = None,
) -> Result:
    """Average the finished cells."""
    by_cell = {(r["task"], r["language"]): r for r in records if r["status"] == "done"}
    tasks = [score for target in plan.targets if (score := _task_score(target, by_cell)) is not None]
    groups: list[GroupScore] = []
    official: dict[str, Mapping[str, Any]] = {}
    missing = (*plan.missing, *unscored)
    reasons = [*missing, *(_failure(name, message) for name, message in failed.items())]
    for scope, targets in scopes_of(plan).items():
        if scope == BY_NAME:
            continue
        mine = {t.card.name: t for t in tasks if t.scope == scope}
        groups.extend(_group_scores(scope, cards.suites[scope], mine))
        official[scope] = leaderboard(cards.suites[scope], targets, by_cell, reasons, limit)
    ordered = [r for r in records if r]
    return Result(
        model, split, tuple(ordered), tuple(tasks), tuple(groups), official, missing, dict(failed), limit,
        tuple(lineage), dict(command or {}),
    )  # fmt: skip


def leaderboard(
    suite: Suite,
    targets: Sequence[Target],
    by_cell: Mapping[tuple[str, str], Record],
    missing: Sequence[Missing] = (),
    limit: int | None = None,
) -> dict[str, Any]:
    """The official evaluator's JSON of one suite; what its layout does not know stands under `xharness`, last."""
    blocks, extra = {}, {}
    for target in targets:
        metric = METRICS[target.card.metric]
        values = {
            code: {**by_cell[target.key, code]["metrics"], **by_cell[target.key, code].get("extras", {})}
            for code in target.languages
            if (target.key, code) in by_cell
        }
        if not values:
            continue
        blocks[target.card.name] = task_block(metric, values, metric.official)
        others = [name for name in next(iter(values.values())) if name not in metric.official]
        if others:
            extra[target.card.name] = task_block(metric, values, [*metric.official, *others])
            extra[target.card.name] = {
                k: v for k, v in extra[target.card.name].items() if k.removeprefix("avg_") in others
            }
    found = official_layout(suite, blocks)
    own: dict[str, Any] = {task: blocks[task] for task in suite.unscored if task in blocks} | extra
    for name, members in suite.means.items():
        if all(task in blocks for task in members):
            own[name] = left_to_right_mean(blocks[task]["avg_metric"] for task in members)
    absent = _absent(targets, by_cell, missing)
    return {
        **found,
        "xharness": {**own, "complete": not absent and limit is None, "limited": limit is not None, "missing": absent},
    }


def _task_score(target: Target, by_cell: Mapping[tuple[str, str], Record]) -> TaskScore | None:
    records = {code: by_cell[target.key, code] for code in target.languages if (target.key, code) in by_cell}
    if not records:
        return None
    metric = METRICS[target.card.metric]
    names = next(iter(records.values()))["metrics"]
    values = {name: left_to_right_mean(r["metrics"][name] for r in records.values()) for name in names}
    uncertainty = of_task(metric, records, target.card.parallel)
    return TaskScore(
        target.scope, target.key, target.card, "+".join(metric.main), values, uncertainty,
        tuple(records), target.languages,
    )  # fmt: skip


def _group_scores(scope: str, suite: Suite, tasks: Mapping[str, TaskScore]) -> list[GroupScore]:
    sets = dict(suite.groups)
    sets |= {scope: suite.tasks} if suite.overall else suite.means
    found = []
    for name, members in sets.items():
        if all(task in tasks for task in members):
            parts = [tasks[task] for task in members]
            uncertainty = of_group([part.uncertainty for part in parts])
            found.append(GroupScore(scope, name, uncertainty, members, all(p.complete for p in parts)))
    return found


def _failure(cell: str, message: str) -> Missing:
    key, _, code = cell.rpartition(" ")
    return Missing(key, code, (), f"failed: {' '.join(message.split())}")


def _absent(
    targets: Sequence[Target], by_cell: Mapping[tuple[str, str], Record], missing: Sequence[Missing]
) -> list[dict[str, str]]:
    reasons = {(m.key, m.language): m.reason for m in missing}
    return [
        {"task": t.key, "language": code, "reason": reasons.get((t.key, code), "not evaluated")}
        for t in targets
        for code in t.languages
        if (t.key, code) not in by_cell
    ]
