"""What every export is made of: the figures of one run, what they lack, and the data behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from xtreme_harness.metrics import METRICS, Metric
from xtreme_harness.plan.cells import BY_NAME
from xtreme_harness.results.frame import SCORE
from xtreme_harness.results.read import Run
from xtreme_harness.scoring.means import headline
from xtreme_harness.scoring.spread import Spread

__all__ = ["CellFigure", "Dataset", "Mean", "absent", "cell_figures", "dataset_of", "date_of", "limit_of", "means_of"]


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
class Mean:
    """A task's mean over languages, or the mean of the tasks of a group or suite."""

    scope: str  # suite, or "tasks"
    level: str  # "suite" | "group" | "task"
    name: str
    key: str  # its name in results.json: "xnli@xtreme-r" where two suites have one of that name
    spread: Spread | None  # percent; None: no cell of it was evaluated
    parts: tuple[str, ...]  # what was averaged: languages, or tasks
    lacking: tuple[str, ...]  # languages that are absent, or tasks that lack some

    @property
    def size(self) -> str:
        """How much was averaged: "7 languages", "9 tasks"."""
        what = "language" if self.level == "task" else "task"
        return f"{len(self.parts)} {what}{'' if len(self.parts) == 1 else 's'}"

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
    hub: str | None  # the data set on the Hub that was read
    revision: str | None


def cell_figures(run: Run) -> list[CellFigure]:
    """All values of all finished cells; of each cell the headline first."""
    entries = {(e["task"], e["language"]): e for e in run.own["cells"]}
    return [figure for key, cell in run.cells.items() for figure in _of_cell(run, METRICS[cell.metric], entries[key])]


def _of_cell(run: Run, metric: Metric[Any, Any], entry: Mapping[str, Any]) -> Iterator[CellFigure]:
    task, language, n, line = (entry[key] for key in ("task", "language", "n", "signature"))
    if len(metric.main) > 1:
        low, high = entry["interval"]
        yield CellFigure(task, language, SCORE, headline(metric, entry["metrics"]), None, (low, high), n, line, True)
    recorded = run.results["results"][f"{task}_{language}"]
    for name in sorted(entry["metrics"], key=lambda name: name not in metric.main):
        spelled = metric.lm_eval.get(name, name)
        spread = Spread(entry["metrics"][name], 100 * recorded[f"{spelled}_stderr,none"])
        main = metric.main == (name,)
        yield CellFigure(task, language, name, spread.value, spread.error, spread.interval, n, line, main)


def means_of(run: Run) -> list[Mean]:
    """The means that results.json records, scope by scope: suite, groups, tasks; then tasks without any figure."""
    found: list[Mean] = []
    gaps = absent(run)
    names: set[str] = set()
    keys = {}
    scopes: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]] = run.own["uncertainty"]["scopes"]
    for level in ("tasks", "groups"):  # the order in which results.json names them
        for scope, parts in scopes.items():
            for name in parts[level]:
                keys[scope, name] = f"{name}@{scope}" if name in names else name
                names.add(keys[scope, name])
    for scope in dict.fromkeys([*scopes, *gaps]):
        parts = scopes.get(scope, {"tasks": {}, "groups": {}})
        tasks = [_task(run, scope, name, keys[scope, name], entry, gaps) for name, entry in parts["tasks"].items()]
        tasks += [
            Mean(scope, "task", task, task, None, (), tuple(gaps[scope][task]))
            for task in gaps.get(scope, {})
            if task not in parts["tasks"]
        ]
        groups = [_group(run, scope, name, keys[scope, name], e, tasks) for name, e in parts["groups"].items()]
        found += sorted(groups, key=lambda group: group.level != "suite") + tasks
    return found


def _task(
    run: Run,
    scope: str,
    name: str,
    key: str,
    entry: Mapping[str, float],
    gaps: Mapping[str, Mapping[str, Mapping[str, str]]],
) -> Mean:
    cells: Sequence[str] = run.results["group_subtasks"][key]
    languages = tuple(cell.removeprefix(f"{name}_") for cell in cells)
    spread = Spread(entry["value"], entry["standard_error"])
    return Mean(scope, "task", name, key, spread, languages, tuple(gaps.get(scope, {}).get(name, ())))


def _group(run: Run, scope: str, name: str, key: str, entry: Mapping[str, float], tasks: Sequence[Mean]) -> Mean:
    members = tuple(member.partition("@")[0] for member in run.results["group_subtasks"][key])
    lacking = tuple(t.name for t in tasks if t.lacking and t.name.partition("@")[0] in members)
    overall = name == scope or name.startswith(f"{scope.replace('-', '_')}_mean")
    spread = Spread(entry["value"], entry["standard_error"])
    return Mean(scope, "suite" if overall else "group", name, key, spread, members, lacking)


def absent(run: Run) -> dict[str, dict[str, dict[str, str]]]:
    """Scope -> task -> language -> why that cell is not there, of everything that was asked for."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for suite, layout in run.own["official"].items():
        for one in layout["xharness"]["missing"]:
            found.setdefault(suite, {}).setdefault(one["task"], {})[one["language"]] = one["reason"]
    for one in run.own["missing"]:
        if BY_NAME in one["suites"]:
            found.setdefault(BY_NAME, {}).setdefault(one["task"], {})[one["language"]] = one["reason"]
    listed = {(task, code) for tasks in found.values() for task, codes in tasks.items() for code in codes}
    for name, message in run.own["failed"].items():
        task, _, code = name.rpartition(" ")
        if (task, code) not in listed:  # of a task that was asked for by name
            found.setdefault(BY_NAME, {}).setdefault(task, {})[code] = f"failed: {' '.join(message.split())}"
    return found


def dataset_of(run: Run, task: str) -> Dataset:
    """Where the examples of a task came from."""
    entry = run.own["datasets"][task]
    revision: str | None = entry["revision"]
    source = str(entry["source"])
    return Dataset(source, source.partition("@")[0] if revision else None, revision)


def limit_of(run: Run) -> int | None:
    """Examples a cell at most, where --limit left some out."""
    limit: int | None = run.results["config"]["limit"] if run.own["limited"] else None
    return limit


def date_of(run: Run) -> datetime:
    """When the run ended."""
    return datetime.fromtimestamp(float(run.results["date"]), UTC)
