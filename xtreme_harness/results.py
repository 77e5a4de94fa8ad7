"""What a run found: means over languages, tasks and groups, and the official leaderboard files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtreme_harness.cards import Cards, Suite, TaskCard
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan import BY_NAME, Missing, Plan, Target, scopes_of
from xtreme_harness.score import (
    Spread,
    left_to_right_mean,
    macro_spread,
    official_layout,
    task_block,
)

__all__ = ["GroupScore", "Result", "TaskScore", "build", "joint_ids", "leaderboard"]

Record = Mapping[str, Any]  # what cells/<task>/<lang>.json holds


@dataclass(frozen=True, slots=True)
class TaskScore:
    """A task's mean over the languages that were evaluated."""

    scope: str  # suite, or "tasks"
    key: str
    card: TaskCard
    metric: str  # "accuracy"; of several main values their mean
    values: Mapping[str, float]  # avg of every value of the metric, percent
    spread: Spread  # of the headline
    languages: tuple[str, ...]  # evaluated
    wanted: tuple[str, ...]  # in the suite

    @property
    def complete(self) -> bool:
        """Are all languages there?"""
        return len(self.languages) == len(self.wanted)


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The mean of tasks: a group of a suite, or the suite."""

    scope: str
    name: str
    spread: Spread
    tasks: tuple[str, ...]
    complete: bool


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
    rows = {code: np.array(r["rows"], dtype=np.float64) for code, r in records.items()}
    ids = joint_ids({code: r.get("ids") for code, r in records.items()}) if target.card.parallel else None
    return TaskScore(
        target.scope, target.key, target.card, "+".join(metric.main), values, macro_spread(metric, rows, ids),
        tuple(records), target.languages,
    )  # fmt: skip


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


def _group_scores(scope: str, suite: Suite, tasks: Mapping[str, TaskScore]) -> list[GroupScore]:
    sets = dict(suite.groups)
    sets |= {scope: suite.tasks} if suite.overall else suite.means
    found = []
    for name, members in sets.items():
        if all(task in tasks for task in members):
            parts = [tasks[task] for task in members]
            mean = left_to_right_mean(p.spread.value for p in parts)
            error = float(np.sqrt(sum(p.spread.error**2 for p in parts))) / len(parts)
            found.append(GroupScore(scope, name, Spread(mean, error), members, all(p.complete for p in parts)))
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
