"""One run's figures as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.cards.search_space import trial_name
from xtreme_harness.metrics import METRICS
from xtreme_harness.results.record import CellRecord
from xtreme_harness.results.result import Result
from xtreme_harness.scoring.uncertainty import error_of_cell
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["by_language_table", "group_table", "task_table", "training_lines"]

_HEADERS = ["Tasks", "Version", "Filter", "n-shot", "Metric", "", "Value", "", "Stderr"]


def _row(name: str, metric: str, value: float, error: float | None, version: str = "") -> list[str]:
    stderr = f"{error:.2f}" if error is not None else ""
    return [name, version, "none", "0", metric, "↑", f"{value:.2f}", "±" if stderr else "", stderr]


def task_table(result: Result, version: str) -> str:
    """Means over languages in lm-eval's columns (markdown), in percent."""
    rows = []
    for scope in dict.fromkeys(task.scope for task in result.tasks):
        for task in (t for t in result.tasks if t.scope == scope):
            metric = METRICS[task.metric]
            name = task.name if task.complete else f"{task.name} ({len(task.parts)} of {task.wanted} languages)"
            for i, value in enumerate(metric.main):
                error = task.spread.error if len(metric.main) == 1 else None
                rows.append(
                    _row(
                        f"{scope}: {name}" if i == 0 else "",
                        value,
                        task.values[value],
                        error,
                        version if i == 0 else "",
                    )
                )
            if len(metric.main) > 1:
                rows.append(_row("", "mean", task.spread.value, task.spread.error))
    return _markdown(rows, _marked(result, _HEADERS))


def group_table(result: Result) -> str:
    """Groups and overall means in lm-eval's columns (markdown), in percent."""
    rows = []
    for group in result.groups:
        overall = group.level == "suite"
        name = f"{group.scope}: {'overall' if group.name == group.scope else group.name}"
        if not group.complete:
            name += " (incomplete)"
        name = f"**{name}**" if overall else name
        rows.append(_row(name, f"mean of {group.over}", group.spread.value, group.spread.error))
    return _markdown(rows, _marked(result, ["Groups", *_HEADERS[1:]])) if rows else ""


def by_language_table(result: Result) -> str:
    """One line a task, one column a language: the headline of every cell and its standard error, in percent."""
    codes = sorted({code for _, code in result.scored})
    tasks = dict.fromkeys(task.name for task in result.tasks)
    rows = [[task, *(_cell(result.scored.get((task, code))) for code in codes)] for task in tasks]
    return _markdown(rows, _marked(result, ["Tasks", *codes]))


def training_lines(lineage: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line a stage that was searched or left its encoder frozen: "xnli: lr=2e-05, chosen of 3 on dev".

    Args:
        lineage: the stages of checkpoints, of several seeds too: where these differ, each has a line.
    """
    told: dict[str, dict[str, str]] = {}  # stage -> seed -> what is told
    for stage in lineage:
        if words := _how_trained(stage):
            told.setdefault(_stage_name(stage), {})[str(stage.get("seed"))] = words
    lines = []
    for name, by_seed in told.items():
        alike = len(set(by_seed.values())) == 1
        lines += [f"{name}{'' if alike else f', seed {seed}'}: {words}" for seed, words in by_seed.items()]
    return list(dict.fromkeys(lines))


def _how_trained(stage: Mapping[str, Any]) -> str:
    """What is told of a stage; "" of one that was trained once and whole."""
    recipe, search = stage.get("recipe"), stage.get("search")
    values = recipe.get("values") if isinstance(recipe, Mapping) else None
    told = ["frozen encoder"] if isinstance(values, Mapping) and values.get("freeze_encoder") is True else []
    if search is not None:
        told.append(f"{trial_name(search['values'])}, chosen of {_tried(search['trials'])} on dev")
    return "; ".join(told)


def _stage_name(stage: Mapping[str, Any]) -> str:
    """Its tasks, with the languages that they were trained on where these are not English alone."""
    tasks, languages = stage.get("tasks"), stage.get("train_languages")
    if not isinstance(tasks, list | tuple):
        return str(stage.get("stage"))
    named = languages if isinstance(languages, Mapping) else {}
    own = {str(task): named.get(task) for task in tasks}
    return "+".join(f"{t} ({'+'.join(map(str, codes))})" if isinstance(codes, list) else t for t, codes in own.items())


def _tried(trials: Sequence[Mapping[str, Any]]) -> str:
    """How many trials there were, and how many failed."""
    failed = sum("failed" in trial for trial in trials)
    return f"{len(trials)} ({failed} failed)" if failed else str(len(trials))


def _cell(cell: CellRecord | None) -> str:
    """The headline and its standard error: "81.2±0.9"; the headline alone where no statistics were read."""
    if cell is None:
        return ""
    metric = METRICS[cell.metric]
    error = f"±{error_of_cell(metric, cell, metric.main):.1f}" if cell.rows is not None else ""
    return f"{cell.headline:.1f}{error}"


def _marked(result: Result, headers: Sequence[str]) -> list[str]:
    """Headers that say when examples were left out."""
    return [f"{headers[0]} (LIMITED to {result.limit})" if result.limited else headers[0], *headers[1:]]


def _markdown(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    return pipe_table(rows, headers, stralign="left")
