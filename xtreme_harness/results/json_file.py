"""A Result as results.json: lm-eval's keys and spelling, and a block of our own."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xtreme_harness.data.trained_on import ENGLISH
from xtreme_harness.languages import english_of
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import Missing
from xtreme_harness.results.build import namer
from xtreme_harness.results.record import SCHEMA_VERSION, CellRecord, entry_of
from xtreme_harness.results.result import Mean, Result
from xtreme_harness.scoring.means import left_to_right_mean
from xtreme_harness.signature import library_versions

__all__ = ["lm_eval_name", "to_json"]


def to_json(result: Result, seconds: float, now: datetime | None = None) -> dict[str, Any]:
    """results.json: lm-eval's keys and spelling (figures 0-1), and the `xharness` block (percent)."""
    cells = list(result.scored.values())
    groups = {mean.key: _lm_eval_mean(mean) for mean in result.means}
    return {
        "results": {**{_cell_name(r): _lm_eval_cell(r) for r in cells}, **groups},
        "groups": groups,
        "group_subtasks": _subtasks(result),
        "configs": {_cell_name(r): {"task": _cell_name(r), **_config(r)} for r in cells},
        "versions": {_cell_name(r): result.version for r in cells},
        "n-shot": {_cell_name(r): 0 for r in cells},
        "higher_is_better": {_cell_name(r): {lm_eval_name(r.metric, m): True for m in r.metrics} for r in cells},
        "n-samples": {_cell_name(r): {"original": r.official_n or r.n, "effective": r.n} for r in cells},
        "config": result.config,
        "git_hash": _git_hash(),
        "date": (now or datetime.now(UTC)).timestamp(),
        "pretty_env_info": _environment(),
        "transformers_version": library_versions().get("transformers"),
        "model_source": "xharness",
        "model_name": result.model,
        "model_name_sanitized": "".join(c if c.isalnum() or c in "-._" else "_" for c in result.model),
        "total_evaluation_time_seconds": str(round(seconds, 3)),
        "xharness": _own_block(result),
    }


def lm_eval_name(metric: str, name: str) -> str:
    """How lm-eval spells a value of a metric.

    >>> lm_eval_name("accuracy", "accuracy")
    'acc'
    """
    return METRICS[metric].lm_eval.get(name, name)


def _own_block(result: Result) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "version": result.version,
        "fingerprint": result.fingerprint,
        "signature": result.signature,
        "complete": result.complete,
        "missing": [_missing(one) for one in result.missing],
        "failed": dict(result.failed),
        "limited": result.limited,
        "official": dict(result.official),
        "cells": [entry_of(cell) for cell in result.cells],
        "uncertainty": _uncertainty(result),
        "transfer_gap": _gaps(result),
        "lineage": [dict(stage) for stage in result.lineage],
        "datasets": {task: asdict(dataset) for task, dataset in result.datasets.items()},
        "split": result.split,
        "absent": {
            scope: {task: dict(codes) for task, codes in tasks.items()} for scope, tasks in result.absent.items()
        },
    }


def _cell_name(record: CellRecord) -> str:
    return f"{record.task}_{record.language}"


def _lm_eval_cell(record: CellRecord) -> dict[str, Any]:
    found: dict[str, Any] = {"alias": _cell_name(record)}
    for name, value in record.metrics.items():
        spelled = lm_eval_name(record.metric, name)
        found[f"{spelled},none"] = value / 100
        found[f"{spelled}_stderr,none"] = record.errors[name] / 100
    return found


def _lm_eval_mean(mean: Mean) -> dict[str, Any]:
    found: dict[str, Any] = {"alias": mean.key}
    for name, value in mean.values.items():
        found[f"{lm_eval_name(mean.metric, name)},none"] = value / 100
    main = METRICS[mean.metric].main if mean.level == "task" else ()
    if len(main) == 1:
        found[f"{lm_eval_name(mean.metric, main[0])}_stderr,none"] = mean.spread.error / 100
    else:
        found |= {"score,none": mean.spread.value / 100, "score_stderr,none": mean.spread.error / 100}
    return found


def _subtasks(result: Result) -> dict[str, list[str]]:
    """The cells of a task, the tasks of a group."""
    keys = {(task.scope, task.name.partition("@")[0]): task.key for task in result.tasks}  # groups name the cards
    cells = {task.key: [f"{task.name}_{code}" for code in task.parts] for task in result.tasks}
    return {**cells, **{group.key: [keys[group.scope, task] for task in group.parts] for group in result.groups}}


def _config(record: CellRecord) -> dict[str, Any]:
    keys = ("metric", "head", "layer", "pooling", "dtype", "limit", "split")
    return {"dataset_path": record.source, "num_fewshot": 0, **{key: record.fields.get(key) for key in keys}}


def _missing(missing: Missing) -> dict[str, Any]:
    return {"task": missing.key, "language": missing.language, "suites": list(missing.scopes), "reason": missing.reason}


def _uncertainty(result: Result) -> dict[str, Any]:
    scopes: dict[str, dict[str, dict[str, Any]]] = {}
    for mean in result.means:
        parts = scopes.setdefault(mean.scope, {"tasks": {}, "groups": {}})
        parts["tasks" if mean.level == "task" else "groups"][mean.name] = _entry(mean)
    return {"level": 0.95, "method": result.method, "scopes": scopes}


def _entry(mean: Mean) -> dict[str, Any]:
    spread = mean.spread
    return {
        "value": spread.value,
        "standard_error": spread.error,
        "interval": list(spread.interval),
        "variance": asdict(mean.uncertainty.variance),
        "seeds": dict(mean.uncertainty.by_seed),
        "level": mean.level,
        "key": mean.key,
        "metric": mean.metric,
        "parts": list(mean.parts),
        "lacking": list(mean.lacking),
        "wanted": mean.wanted,
        **({"over": mean.over} if mean.over != "tasks" else {}),
    }


def _gaps(result: Result) -> dict[str, float]:
    """English minus the mean of the other languages, in percent points; of tasks that were trained on English alone."""
    found: dict[str, float] = {}
    name_of = namer()
    for task in result.tasks:
        cells = {code: result.scored[task.name, code] for code in task.parts}
        english = english_of(cells)
        others = [cell.headline for code, cell in cells.items() if code != english]
        zero_shot = all(cell.train_on == ENGLISH for cell in cells.values())
        if english in cells and others and zero_shot:
            found[name_of(task.scope, task.name)] = cells[english].headline - left_to_right_mean(others)
    return found


def _git_hash() -> str | None:
    try:
        run = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout.strip() or None if run.returncode == 0 else None


def _environment() -> str:
    lines = [f"Python {platform.python_version()} on {platform.platform()}"]
    cpu = Path("/proc/cpuinfo")
    if cpu.exists():
        names = [
            line.partition(":")[2].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")
        ]
        lines.append(f"Processor: {names[0] if names else 'unknown'} x {len(names)}")
    lines.extend(f"{name} {number}" for name, number in library_versions().items())
    return "\n".join(lines)
