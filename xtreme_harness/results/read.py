"""Reads what a run left: results.json, and beside it the cells with their statistics per example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError, listed
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import Missing
from xtreme_harness.results import version_1
from xtreme_harness.results.build import mean_values
from xtreme_harness.results.json_file import lm_eval_name, to_json
from xtreme_harness.results.record import CellRecord, of_entry, read_cell, require_known
from xtreme_harness.results.result import CellKey, Dataset, Mean, Result
from xtreme_harness.results.shape import (
    COUNT,
    FIGURES,
    FLAG,
    LIST,
    NUMBER,
    OBJECT,
    TEXT,
    TEXTS,
    Shape,
    either,
    faults_of,
    optional,
    read_object,
)
from xtreme_harness.scoring.spread import Spread
from xtreme_harness.scoring.uncertainty import Uncertainty, Variance

__all__ = ["lm_eval_json", "place_of", "read_result", "read_seeds"]

_SEED = re.compile(r"seed-(\d+)")
_METRIC = Shape("the name of a metric", lambda value: value == "" or value in METRICS)
_TOP = {"results": OBJECT, "config": OBJECT, "date": NUMBER, "pretty_env_info": TEXT, "model_name": TEXT}
_BLOCK = {
    "version": TEXT, "fingerprint": TEXT, "signature": TEXT, "missing": LIST, "failed": OBJECT, "limited": FLAG,
    "official": OBJECT, "cells": LIST, "uncertainty": OBJECT, "lineage": LIST, "datasets": OBJECT,
}  # fmt: skip
_MISSING = {"task": TEXT, "language": TEXT, "suites": TEXTS, "reason": TEXT}
_DATASET = {"source": TEXT, "revision": optional(TEXT), "sha256": OBJECT, "rows": COUNT}
_MEAN = {
    "value": NUMBER, "standard_error": NUMBER, "seeds": FIGURES, "level": either("suite", "group", "task"),
    "key": TEXT, "metric": _METRIC, "parts": TEXTS, "lacking": TEXTS, "wanted": COUNT,
}  # fmt: skip
_VARIANCE = {"examples": NUMBER, "seeds": NUMBER, "languages": optional(NUMBER)}


def read_result(path: str | Path, rows: bool = True) -> Result:
    """Read a run from its folder or its results.json, of this version or an earlier one.

    Args:
        path: of either.
        rows: read also the cells that lie beside it, with what their examples have. Without, they stay on the disk.

    Raises:
        OutputError: where there is no result, or cells that are not those of results.json; every fault.
    """
    place = Path(path)
    file = place / "results.json" if place.is_dir() else place
    raw = _upgraded(_checked(file), file)
    own, config = raw["xharness"], raw["config"]
    cells = _cells(raw, file, rows)
    scored = {cell.key: cell for cell in cells if cell.done}
    return Result(
        model=raw["model_name"],
        split=own["split"],
        limit=config.get("limit") if own["limited"] else None,
        seeds=_seeds(file, config),
        cells=cells,
        means=_means(own["uncertainty"]["scopes"], scored, str(file)),
        official=own["official"],
        missing=tuple(Missing(m["task"], m["language"], tuple(m["suites"]), m["reason"]) for m in own["missing"]),
        failed=own["failed"],
        absent=own["absent"],
        datasets={task: Dataset(**{key: entry[key] for key in _DATASET}) for task, entry in own["datasets"].items()},
        lineage=tuple(own["lineage"]),
        command={key: value for key, value in config.items() if key not in ("model", "model_args", "limit")},
        method=own["uncertainty"]["method"],
        fingerprint=own["fingerprint"],
        signature=own["signature"],
        version=own["version"],
        file=file,
        date=datetime.fromtimestamp(raw["date"], UTC),
        environment=raw["pretty_env_info"],
    )


def read_seeds(path: str | Path) -> tuple[Result, ...]:
    """Read the runs of one model that differ in their seed: a folder of `seed-N/`, or a single run.

    Raises:
        OutputError: as `read_result`; every fault of every seed.
    """
    place = Path(path)
    inside = [p for p in place.iterdir() if _SEED.fullmatch(p.name) and p.is_dir()] if place.is_dir() else []
    if not inside:
        return (read_result(place),)
    runs: list[Result] = []
    faults: list[str] = []
    for folder in sorted(inside, key=lambda p: int(p.name.removeprefix("seed-"))):
        try:
            runs.append(read_result(folder))
        except OutputError as error:
            faults.extend(error.faults)
    if faults:
        raise OutputError(*faults)
    return tuple(runs)


def place_of(runs: Sequence[Result]) -> str:
    """The folder of a model's runs: of several seeds that in which they lie."""
    first = runs[0]
    return first.place if len(runs) == 1 or first.path is None else str(first.path.parent)


def lm_eval_json(result: Result) -> dict[str, Any]:
    """The whole of results.json, for lm-eval's tools: as it was read, or as it would be written."""
    return read_object(result.file) if result.file else to_json(result, 0.0)


def _checked(file: Path) -> dict[str, Any]:
    """The file, of a version that is known, with everything that all versions have."""
    raw = read_object(file, "the results.json of `xharness eval`, or its folder")
    own = raw.get("xharness")
    if not isinstance(own, dict) or "cells" not in own or "official" not in own:
        raise OutputError(f"{file}: no `xharness` block; expected the results.json of `xharness eval`")
    require_known(own, f"{file}: xharness")
    faults = faults_of(raw, _TOP, str(file)) + faults_of(own, _BLOCK, f"{file}: xharness")
    if not faults:
        faults = _faults_within(own, f"{file}: xharness")
    if faults:
        raise OutputError(*listed(faults, 10))
    return raw


def _faults_within(own: Mapping[str, Any], place: str) -> list[str]:
    faults = faults_of(own["uncertainty"], {"method": TEXT, "scopes": OBJECT}, f"{place}.uncertainty")
    for i, one in enumerate(own["missing"]):
        faults += faults_of(one, _MISSING, f"{place}.missing[{i}]")
    for task, one in own["datasets"].items():
        faults += faults_of(one, _DATASET, f"{place}.datasets.{task}")
    return faults


def _upgraded(raw: dict[str, Any], file: Path) -> dict[str, Any]:
    """The file as this version would have written it."""
    try:
        found = version_1.results(raw, str(file))
    except (AttributeError, KeyError, TypeError) as error:
        raise OutputError(f"{file}: not as xharness 0.1.0 wrote it ({error!r}); evaluate again") from None
    faults = faults_of(found["xharness"], {"split": either("test", "dev"), "absent": OBJECT}, f"{file}: xharness")
    if faults:
        raise OutputError(*faults)
    return found


def _seeds(file: Path, config: Mapping[str, Any]) -> tuple[int, ...]:
    """The seed that the run's folder names, or else the one it was called with; of means over seeds all."""
    named = _SEED.fullmatch(file.parent.resolve().name)
    seeds = int(named[1]) if named else config.get("random_seed", ())
    return (seeds,) if isinstance(seeds, int) else tuple(seeds or ())


def _cells(raw: Mapping[str, Any], file: Path, rows: bool) -> tuple[CellRecord, ...]:
    found: list[CellRecord] = []
    faults: list[str] = []
    for i, entry in enumerate(raw["xharness"]["cells"]):
        try:
            record = of_entry(entry, _errors(raw["results"], entry), f"{file}: xharness.cells[{i}]")
            found.append(_with_rows(record, file.parent) if rows and record.done else record)
        except OutputError as error:
            faults.extend(error.faults)
    if faults:
        raise OutputError(*listed(faults, 10))
    return tuple(found)


def _errors(figures: Mapping[str, Any], entry: Any) -> dict[str, float]:
    """The standard errors of a cell, percent; they stand in lm-eval's block, as fractions."""
    if not isinstance(entry, dict) or entry.get("metric") not in METRICS or not isinstance(entry.get("metrics"), dict):
        return {}  # which `of_entry` says
    block = figures.get(f"{entry.get('task')}_{entry.get('language')}", {})
    spelled = {name: f"{lm_eval_name(entry['metric'], name)}_stderr,none" for name in entry["metrics"]}
    return {name: 100 * block[key] for name, key in spelled.items() if key in block}


def _with_rows(record: CellRecord, folder: Path) -> CellRecord:
    """The record with what its own file knows beyond results.json, where that is there."""
    file = folder / "cells" / record.task / f"{record.language}.json"
    if not file.exists():
        return record
    whole = read_cell(file)
    if whole.fingerprint != record.fingerprint:
        raise OutputError(
            f"{file}: fingerprint {whole.fingerprint[:8]}, results.json has {record.fingerprint[:8]}: "
            "it is of another run; evaluate again"
        )
    return replace(
        whole, errors=record.errors, interval=record.interval, by_seed=record.by_seed, signature=record.signature
    )


def _means(scopes: Mapping[str, Any], scored: Mapping[CellKey, CellRecord], place: str) -> tuple[Mean, ...]:
    entries = list(_entries(scopes))
    faults = [
        fault
        for scope, name, entry in entries
        for where in (f"{place}: xharness.uncertainty.scopes.{scope}.{name}",)
        for fault in faults_of(entry, _MEAN, where) or faults_of(entry.get("variance"), _VARIANCE, f"{where}.variance")
    ]
    faults = faults or [
        f"{place}: xharness.uncertainty.scopes.{scope}.{name}: no finished cell of {name} {code}"
        for scope, name, entry in entries
        for code in (entry["parts"] if entry["level"] == "task" else ())
        if (name, code) not in scored
    ]
    if faults:
        raise OutputError(*listed(faults, 10))
    return tuple(_mean(scope, name, entry, scored) for scope, name, entry in entries)


def _entries(scopes: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Scope, name and entry: the tasks of all scopes, then the groups and suites."""
    for level in ("tasks", "groups"):
        for scope, parts in scopes.items():
            yield from ((scope, name, entry) for name, entry in parts[level].items())


def _mean(scope: str, name: str, entry: Mapping[str, Any], scored: Mapping[CellKey, CellRecord]) -> Mean:
    parts = tuple(entry["parts"])
    values = mean_values([scored[name, code] for code in parts]) if entry["level"] == "task" else {}
    spread = Spread(entry["value"], entry["standard_error"])
    uncertainty = Uncertainty(spread, Variance(**entry["variance"]), entry["seeds"])
    return Mean(
        scope, entry["level"], name, entry["key"], entry["metric"], values, uncertainty, parts,
        tuple(entry["lacking"]), entry["wanted"],
    )  # fmt: skip
