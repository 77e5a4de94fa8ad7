"""Averages finished cells: means over languages, tasks and groups, and the official leaderboard files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xtreme_harness.cards import Cards, Overall, Suite
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import BY_NAME, Missing, Plan, Target, scopes_of
from xtreme_harness.results.record import CellRecord
from xtreme_harness.results.result import Absent, CellKey, Dataset, Level, Mean, Result
from xtreme_harness.scoring.means import headline, left_to_right_mean, official_layout, task_block
from xtreme_harness.scoring.spread import Spread
from xtreme_harness.scoring.uncertainty import (
    Cells,
    Uncertainty,
    error_of_cell,
    of_group,
    of_groups,
    of_languages,
    of_task,
)  # fmt: skip
from xtreme_harness.signature import VERSION, fingerprint

__all__ = ["build", "leaderboard", "mean_values", "namer"]

Found = dict[str, dict[str, dict[str, str]]]


def build(
    plan: Plan,
    cards: Cards,
    records: Sequence[CellRecord],
    model: str,
    split: str,
    failed: Mapping[str, str],
    unscored: Sequence[Missing] = (),
    limit: int | None = None,
    lineage: Sequence[Mapping[str, Any]] = (),
    command: Mapping[str, Any] | None = None,
) -> Result:
    """Average the finished cells.

    Args:
        plan: what was to be done.
        cards: for the suites.
        records: of the cells that ended, with their rows.
        model: its name.
        split: "test" or "dev".
        failed: cell -> message.
        unscored: cells without gold, or not reached.
        limit: examples a cell at most.
        lineage: stages of the checkpoints that were read.
        command: the options; `random_seed` among them.
    """
    cells = tuple(_with_errors(record) for record in records)
    by_cell = {cell.key: cell for cell in cells if cell.done}
    missing = (*plan.missing, *unscored)
    reasons = [*missing, *(_failure(name, message) for name, message in failed.items())]
    official = {
        scope: leaderboard(cards.suites[scope], targets, {k: _figures(c) for k, c in by_cell.items()}, reasons, limit)
        for scope, targets in scopes_of(plan).items()
        if scope != BY_NAME
    }
    absent = _absent(plan, official, missing, failed)
    means = _means(plan, cards, by_cell, absent)
    seeds = (command or {}).get("random_seed", ())
    own = fingerprint({cell.name: cell.fingerprint for cell in cells})
    scopes = "+".join(dict.fromkeys(mean.scope for mean in means))
    limited = f"|limit:{limit}" if limit is not None else ""
    over = "examples and seeds" if any(mean.uncertainty.by_seed for mean in means) else "examples"
    return Result(
        model=model, split=split, limit=limit, seeds=(seeds,) if isinstance(seeds, int) else tuple(seeds), cells=cells,
        means=means, official=official, missing=missing, failed=dict(failed), absent=absent, datasets=_datasets(cells),
        lineage=tuple(lineage), command=dict(command or {}),
        method=f"delta method over {over}; parallel items move together", fingerprint=own,
        signature=f"{scopes}|split:{split}|model:{model}{limited}|fp:{own[:8]}|v:{VERSION}", version=VERSION,
    )  # fmt: skip


def leaderboard(
    suite: Suite,
    targets: Sequence[Target],
    by_cell: Mapping[CellKey, Mapping[str, float]],
    missing: Sequence[Missing] = (),
    limit: int | None = None,
) -> dict[str, Any]:
    """The official evaluator's JSON of one suite; what its layout does not know stands under `xharness`, last.

    Args:
        suite: what is averaged.
        targets: its tasks.
        by_cell: all figures of the finished cells, percent.
        missing: why others are not there.
        limit: examples a cell at most.
    """
    blocks, extra = {}, {}
    for target in targets:
        metric = METRICS[target.card.metric]
        values = {code: by_cell[target.key, code] for code in target.languages if (target.key, code) in by_cell}
        if not values:
            continue
        blocks[target.card.name] = task_block(metric, values, metric.official)
        others = [name for name in next(iter(values.values())) if name not in metric.official]
        if others:
            extra[target.card.name] = task_block(metric, values, [*metric.official, *others])
            extra[target.card.name] = {
                k: v for k, v in extra[target.card.name].items() if k.removeprefix("avg_") in others
            }
    absent = _not_there(targets, by_cell, missing)
    found = official_layout(suite, blocks, None if absent else _headlines(targets, by_cell))
    own: dict[str, Any] = {task: blocks[task] for task in suite.unscored if task in blocks} | extra
    for name, members in suite.means.items():
        if all(task in blocks for task in members):
            own[name] = left_to_right_mean(blocks[task]["avg_metric"] for task in members)
    own |= {"mean": suite.mean} if suite.mean != "tasks" and suite.overall else {}
    return {
        **found,
        "xharness": {**own, "complete": not absent and limit is None, "limited": limit is not None, "missing": absent},
    }


def _headlines(
    targets: Sequence[Target], by_cell: Mapping[CellKey, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    return {
        t.card.name: {code: headline(METRICS[t.card.metric], by_cell[t.key, code]) for code in t.languages}
        for t in targets
    }


def mean_values(cells: Sequence[CellRecord]) -> dict[str, float]:
    """The mean over the cells of a task of every value of its metric, percent."""
    return {name: left_to_right_mean(cell.metrics[name] for cell in cells) for name in cells[0].metrics}


def namer() -> Callable[[str, str], str]:
    """Gives means their names in results.json: (scope, name) -> the name, with its scope where it is taken."""
    taken: set[str] = set()

    def name_of(scope: str, name: str) -> str:
        found = f"{name}@{scope}" if name in taken else name
        taken.add(found)
        return found

    return name_of


def _with_errors(record: CellRecord) -> CellRecord:
    """The record with its standard errors and the interval of its headline."""
    if not record.done:
        return record
    metric = METRICS[record.metric]
    errors = {name: error_of_cell(metric, record, [name]) for name in record.metrics}
    head = errors[metric.main[0]] if len(metric.main) == 1 else error_of_cell(metric, record, metric.main)
    return replace(record, errors=errors, interval=Spread(record.headline, head, metric.low).interval)


def _figures(cell: CellRecord) -> dict[str, float]:
    return {**cell.metrics, **cell.extras}


def _means(plan: Plan, cards: Cards, by_cell: Mapping[CellKey, CellRecord], absent: Absent) -> tuple[Mean, ...]:
    """The means of all tasks, then of all groups and suites."""
    name_of = namer()
    found = [(target, _task(target, by_cell, absent, name_of)) for target in plan.targets]
    tasks = [(target, mean) for target, mean in found if mean is not None]
    groups: list[Mean] = []
    for scope in scopes_of(plan):
        if scope != BY_NAME:
            mine = {target.card.name: mean for target, mean in tasks if target.scope == scope}
            cells = {
                target.card.name: Cells(METRICS[mean.metric], _records(target, by_cell), target.card.parallel)
                for target, mean in tasks
                if target.scope == scope
            }
            groups += _groups(scope, cards.suites[scope], mine, cells, name_of)
    return (*(mean for _, mean in tasks), *groups)


def _records(target: Target, by_cell: Mapping[CellKey, CellRecord]) -> dict[str, CellRecord]:
    """The finished cells of a task, by language."""
    return {code: by_cell[target.key, code] for code in target.languages if (target.key, code) in by_cell}


def _task(
    target: Target, by_cell: Mapping[CellKey, CellRecord], absent: Absent, name_of: Callable[[str, str], str]
) -> Mean | None:
    if not (found := _records(target, by_cell)):
        return None
    metric, gaps = target.card.metric, absent.get(target.scope, {}).get(target.key, {})
    return Mean(
        target.scope, "task", target.key, name_of(target.scope, target.key), metric, mean_values(list(found.values())),
        of_task(METRICS[metric], found, target.card.parallel), tuple(found),
        tuple(code for code in target.languages if code in gaps), len(target.languages),
    )  # fmt: skip


def _groups(
    scope: str, suite: Suite, tasks: Mapping[str, Mean], cells: Mapping[str, Cells], name_of: Callable[[str, str], str]
) -> list[Mean]:
    """The means whose tasks all have a figure; a mean over languages exists where these lack no language."""
    groups = {name: Overall.of(members) for name, members in suite.groups.items()}
    sets: list[tuple[Level, Mapping[str, Overall]]] = [("group", groups), ("suite", suite.overalls(scope))]
    found = []
    for level, named in sets:
        for name, overall in named.items():
            mine = {task: tasks[task] for task in overall.tasks if task in tasks}
            lacking = tuple(mean.name for task, mean in tasks.items() if task in mine and not mean.complete)
            if len(mine) < len(overall.tasks) or (overall.over == "languages" and lacking):
                continue
            found.append(
                Mean(
                    scope, level, name, name_of(scope, name), "", {}, _uncertainty(overall, mine, cells), tuple(mine),
                    lacking, len(mine), overall.over,
                )
            )  # fmt: skip
    return found


def _uncertainty(overall: Overall, tasks: Mapping[str, Mean], cells: Mapping[str, Cells]) -> Uncertainty:
    if overall.over == "languages":
        return of_languages({task: cells[task] for task in overall.tasks})
    if overall.over == "groups":
        return of_groups(overall.sets, {task: mean.uncertainty for task, mean in tasks.items()})
    return of_group([tasks[task].uncertainty for task in overall.tasks])


def _failure(cell: str, message: str) -> Missing:
    key, _, code = cell.rpartition(" ")
    return Missing(key, code, (), f"failed: {' '.join(message.split())}")


def _not_there(
    targets: Sequence[Target], by_cell: Iterable[CellKey], missing: Sequence[Missing]
) -> list[dict[str, str]]:
    reasons, there = {(m.key, m.language): m.reason for m in missing}, set(by_cell)
    return [
        {"task": t.key, "language": code, "reason": reasons.get((t.key, code), "not evaluated")}
        for t in targets
        for code in t.languages
        if (t.key, code) not in there
    ]


def _absent(
    plan: Plan, official: Mapping[str, Mapping[str, Any]], missing: Sequence[Missing], failed: Mapping[str, str]
) -> Found:
    """Why each cell that was asked for is not there: of suites all their cells, of tasks by name those of the plan."""
    found: Found = {}
    for suite, layout in official.items():
        for one in layout["xharness"]["missing"]:
            found.setdefault(suite, {}).setdefault(one["task"], {})[one["language"]] = one["reason"]
    scopes = {cell.name: cell.scopes for cell in plan.cells}
    failures = [(_failure(name, message), scopes.get(name, ())) for name, message in failed.items()]
    for gap, where in [*((gap, gap.scopes) for gap in missing), *failures]:
        if BY_NAME in where:
            found.setdefault(BY_NAME, {}).setdefault(gap.key, {})[gap.language] = gap.reason
    return found


def _datasets(cells: Sequence[CellRecord]) -> dict[str, Dataset]:
    found: dict[str, Dataset] = {}
    for cell in cells:
        known = found.get(cell.task) or Dataset(cell.source, None, {}, 0)
        data: Mapping[str, str] = cell.fields["data"]
        commits = ", ".join(sorted({value for value in data.values() if len(value) == 40}))
        found[cell.task] = Dataset(
            known.source, commits or known.revision, known.sha256 if commits else {**known.sha256, **data},
            known.rows + cell.n,
        )  # fmt: skip
    return found
