"""A Result as results.json: lm-eval's keys and spelling, and a block of our own."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xtreme_harness.languages import language
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import Missing
from xtreme_harness.results.result import Record, Result
from xtreme_harness.scoring.means import headline, left_to_right_mean
from xtreme_harness.scoring.spread import Spread
from xtreme_harness.scoring.uncertainty import Uncertainty, error_of_cell
from xtreme_harness.signature import VERSION, fingerprint, library_versions

__all__ = ["SCHEMA_VERSION", "to_json"]

SCHEMA_VERSION = 1


def to_json(result: Result, seconds: float, now: datetime | None = None) -> dict[str, Any]:
    """results.json: lm-eval's keys and spelling (figures 0-1), and the `xharness` block (percent)."""
    cells = [r for r in result.cells if r["status"] == "done"]
    return {
        "results": {**{_cell_name(r): _lm_eval_cell(r) for r in cells}, **_lm_eval_groups(result)},
        "groups": _lm_eval_groups(result),
        "group_subtasks": _subtasks(result, cells),
        "configs": {_cell_name(r): {"task": _cell_name(r), **_config(r)} for r in cells},
        "versions": {_cell_name(r): VERSION for r in cells},
        "n-shot": {_cell_name(r): 0 for r in cells},
        "higher_is_better": {_cell_name(r): dict.fromkeys(_lm_names(r), True) for r in cells},
        "n-samples": {_cell_name(r): {"original": r.get("official_n") or r["n"], "effective": r["n"]} for r in cells},
        "config": {"model": "xharness", "model_args": result.model, "limit": result.limit, **result.command},
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


def _own_block(result: Result) -> dict[str, Any]:
    prints = {f"{r['task']} {r['language']}": r["fingerprint"] for r in result.cells}
    own = fingerprint(prints)
    scopes = dict.fromkeys(t.scope for t in result.tasks)
    limited = f"|limit:{result.limit}" if result.limited else ""
    return {
        "schema_version": SCHEMA_VERSION,
        "version": VERSION,
        "fingerprint": own,
        "signature": f"{'+'.join(scopes)}|split:{result.split}|model:{result.model}{limited}|fp:{own[:8]}|v:{VERSION}",
        "complete": result.complete,
        "missing": [_missing(m) for m in result.missing],
        "failed": dict(result.failed),
        "limited": result.limited,
        "official": dict(result.official),
        "cells": [_own_cell(r) for r in result.cells],
        "uncertainty": _uncertainty(result),
        "transfer_gap": _gaps(result),
        "lineage": [dict(stage) for stage in result.lineage],
        "datasets": _datasets(result.cells),
    }


def _cell_name(record: Record) -> str:
    return f"{record['task']}_{record['language']}"


def _metric_of(record: Record) -> Any:
    return METRICS[record["fields"]["metric"]]


def _lm_names(record: Record) -> list[str]:
    metric = _metric_of(record)
    return [metric.lm_eval.get(name, name) for name in record["metrics"]]


def _error(record: Record, names: Sequence[str]) -> float:
    return error_of_cell(_metric_of(record), record, names)


def _lm_eval_cell(record: Record) -> dict[str, Any]:
    metric = _metric_of(record)
    found: dict[str, Any] = {"alias": _cell_name(record)}
    for name, value in record["metrics"].items():
        spelled = metric.lm_eval.get(name, name)
        found[f"{spelled},none"] = value / 100
        found[f"{spelled}_stderr,none"] = _error(record, [name]) / 100
    return found


def _lm_eval_groups(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for task in result.tasks:
        metric = METRICS[task.card.metric]
        key = _scoped(task.scope, task.key, found)
        entry: dict[str, Any] = {"alias": key}
        for name, value in task.values.items():
            entry[f"{metric.lm_eval.get(name, name)},none"] = value / 100
        if len(metric.main) == 1:
            entry[f"{metric.lm_eval.get(metric.main[0], metric.main[0])}_stderr,none"] = task.spread.error / 100
        else:
            entry |= {"score,none": task.spread.value / 100, "score_stderr,none": task.spread.error / 100}
        found[key] = entry
    for group in result.groups:
        key = _scoped(group.scope, group.name, found)
        entry = {
            "alias": key,
            "score,none": group.spread.value / 100,
            "score_stderr,none": group.spread.error / 100,
        }
        found[key] = entry
    return found


def _scoped(scope: str, name: str, taken: Iterable[str]) -> str:
    """A group's name; with its suite where two suites have one of that name."""
    return f"{name}@{scope}" if name in taken else name


def _subtasks(result: Result, cells: Sequence[Record]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    names: dict[tuple[str, str], str] = {}  # (scope, card) -> the task's name here
    for task in result.tasks:
        names[task.scope, task.card.name] = name = _scoped(task.scope, task.key, found)
        found[name] = [f"{task.key}_{code}" for code in task.languages]
    for group in result.groups:
        found[_scoped(group.scope, group.name, found)] = [names[group.scope, task] for task in group.tasks]
    return found


def _config(record: Record) -> dict[str, Any]:
    fields = record["fields"]
    keys = ("metric", "head", "layer", "pooling", "dtype", "limit", "split")
    return {"dataset_path": record["source"], "num_fewshot": 0, **{key: fields.get(key) for key in keys}}


def _own_cell(record: Record) -> dict[str, Any]:
    facts = language(record["language"])
    done = record["status"] == "done"
    interval = None
    if done:
        metric = _metric_of(record)
        interval = list(Spread(headline(metric, record["metrics"]), _error(record, metric.main)).interval)
    return {
        "task": record["task"],
        "language": record["language"],
        "script": facts.script,
        "family": facts.family,
        "seed": record["fields"].get("seed"),
        "metrics": dict(record["metrics"]),
        "interval": interval,
        "n": record["n"],
        "seconds": record["seconds"],
        "status": record["status"],
        "calibration": record.get("calibration"),
        "extras": dict(record.get("extras", {})),
        **({"seeds": dict(record["seeds"])} if "seeds" in record else {}),
        "signature": record["signature"],
        "fingerprint": record["fingerprint"],
    }


def _missing(missing: Missing) -> dict[str, Any]:
    return {"task": missing.key, "language": missing.language, "suites": list(missing.scopes), "reason": missing.reason}


def _uncertainty(result: Result) -> dict[str, Any]:
    several = any(task.uncertainty.by_seed for task in result.tasks)
    over = "examples and seeds" if several else "examples"
    found: dict[str, Any] = {
        "level": 0.95,
        "method": f"delta method over {over}; parallel items move together",
        "scopes": {},
    }
    for task in result.tasks:
        found["scopes"].setdefault(task.scope, {"tasks": {}, "groups": {}})["tasks"][task.key] = _entry(
            task.uncertainty
        )
    for group in result.groups:
        found["scopes"][group.scope]["groups"][group.name] = _entry(group.uncertainty)
    return found


def _entry(one: Uncertainty) -> dict[str, Any]:
    spread = one.spread
    found = {"value": spread.value, "standard_error": spread.error, "interval": list(spread.interval)}
    return {**found, "variance": asdict(one.variance), "seeds": dict(one.by_seed)} if one.by_seed else found


def _gaps(result: Result) -> dict[str, float]:
    """English minus the mean of the other languages, in percent points of the headline."""
    found: dict[str, float] = {}
    by_cell = {(r["task"], r["language"]): r for r in result.cells if r["status"] == "done"}
    for task in result.tasks:
        scores = {c: headline(METRICS[task.card.metric], by_cell[task.key, c]["metrics"]) for c in task.languages}
        others = [value for code, value in scores.items() if code != "en"]
        if "en" in scores and others:
            found[_scoped(task.scope, task.key, found)] = scores["en"] - left_to_right_mean(others)
    return found


def _datasets(cells: Sequence[Record]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for record in cells:
        entry = found.setdefault(
            record["task"], {"source": record["source"], "revision": None, "sha256": {}, "rows": 0}
        )
        data = record["fields"]["data"]
        commits = {value for value in data.values() if len(value) == 40}
        if commits:
            entry["revision"] = ", ".join(sorted(commits))
        else:
            entry["sha256"].update(data)
        entry["rows"] += record["n"]
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
