"""Reads what a run left: results.json, and beside it the cells with their statistics per example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError, listed
from xtreme_harness.files.checked import MOST, read_object
from xtreme_harness.files.schema import load_schema, schema_faults
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import Missing
from xtreme_harness.results import version_1
from xtreme_harness.results.agreement import disagreements, error_keys
from xtreme_harness.results.build import mean_values
from xtreme_harness.results.json_file import to_json
from xtreme_harness.results.record import CellRecord, of_entry, read_cell, require_known
from xtreme_harness.results.result import CellKey, Dataset, Mean, Result
from xtreme_harness.scoring.spread import Spread
from xtreme_harness.scoring.uncertainty import Uncertainty, Variance

__all__ = ["lm_eval_json", "place_of", "read_result", "read_seeds"]

_SEED = re.compile(r"seed-(\d+)")


def read_result(path: str | Path, rows: bool = True) -> Result:
    """Read a run from its folder or its results.json, of this version or an earlier one.

    Args:
        path: of either.
        rows: read also the cells that lie beside it, with what their examples have. Without, they stay on the disk.

    Raises:
        OutputError: where there is no result, or cells that are not those of results.json; every fault.
    """
    place = Path(path)
    file = place / "results.json" if _is_folder(place) else place
    raw = _checked(file)
    own, config = raw["xharness"], raw["config"]
    cells = _cells(raw, file, rows)
    scored = {cell.key: cell for cell in cells if cell.done}
    return Result(
        model=raw["model_name"],
        split=own["split"],
        limit=config.get("limit") if own["limited"] else None,
        seeds=_seeds(file, config),
        cells=cells,
        means=_means(own["uncertainty"]["scopes"], scored),
        official=own["official"],
        missing=tuple(Missing(m["task"], m["language"], tuple(m["suites"]), m["reason"]) for m in own["missing"]),
        failed=own["failed"],
        absent=own["absent"],
        datasets={task: Dataset(**entry) for task, entry in own["datasets"].items()},
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
    inside = [p for p in place.iterdir() if _SEED.fullmatch(p.name) and p.is_dir()] if _is_folder(place) else []
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


def _is_folder(place: Path) -> bool:
    """Names that no file can have are no folders; reading them says what is wrong."""
    try:
        return place.is_dir()
    except (OSError, ValueError):
        return False


def _checked(file: Path) -> dict[str, Any]:
    """The file as this version would have written it, and as its schema says."""
    raw = read_object(file, "the results.json of `xharness eval`, or its folder")
    own = raw.get("xharness")
    if not isinstance(own, dict) or "cells" not in own or "official" not in own:
        raise OutputError(f"{file}: no `xharness` block; expected the results.json of `xharness eval`")
    require_known(own, f"{file}: xharness.")
    try:
        raw = version_1.results(raw, str(file))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise OutputError(f"{file}: not as xharness 0.1.0 wrote it ({error!r}); evaluate again") from None
    faults = schema_faults(raw, load_schema(__package__, "results"), str(file))
    faults = faults or [f"{file}: {fault}" for fault in disagreements(raw)]
    if faults:
        raise OutputError(*listed(faults, MOST))
    return raw


def _seeds(file: Path, config: Mapping[str, Any]) -> tuple[int, ...]:
    """The seed that the run's folder names, or else the one it was called with; of means over seeds all."""
    named = _SEED.fullmatch(file.parent.resolve().name)
    seeds = int(named[1]) if named else config.get("random_seed", ())
    return (seeds,) if isinstance(seeds, int) else tuple(seeds or ())


def _cells(raw: Mapping[str, Any], file: Path, rows: bool) -> tuple[CellRecord, ...]:
    found: list[CellRecord] = []
    faults: list[str] = []
    for entry in raw["xharness"]["cells"]:
        record = of_entry(entry, _errors(raw["results"], entry))
        try:
            found.append(_with_rows(record, file.parent) if rows and record.done else record)
        except OutputError as error:
            faults.extend(error.faults)
    if faults:
        raise OutputError(*listed(faults, MOST))
    return tuple(found)


def _errors(figures: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, float]:
    """The standard errors of a cell, percent; they stand in lm-eval's block, as fractions."""
    block = figures.get(f"{entry['task']}_{entry['language']}", {})
    return {name: 100 * block[key] for name, key in error_keys(entry).items()}


def _with_rows(record: CellRecord, folder: Path) -> CellRecord:
    """The record with what its own file knows beyond results.json, where that is there."""
    file = folder / "cells" / record.task / f"{record.language}.json"
    if not file.exists():
        return record
    whole = read_cell(file)
    if faults := _of_another(whole, record):
        raise OutputError(*(f"{file}: {fault}: it is of another run; evaluate again" for fault in faults))
    return replace(
        whole, errors=record.errors, interval=record.interval, by_seed=record.by_seed, signature=record.signature
    )


def _of_another(whole: CellRecord, record: CellRecord) -> list[str]:
    """What a cell's own file and its entry in results.json say differently."""
    if whole.fingerprint != record.fingerprint:
        return [f"fingerprint {whole.fingerprint[:8]}, results.json has {record.fingerprint[:8]}"]
    names = ("task", "language", "split", "status", "metric", "n")
    pairs = {name: (getattr(whole, name), getattr(record, name)) for name in names}
    pairs["metrics"] = (sorted(whole.metrics), sorted(record.metrics))
    return [
        f"{name}: found {mine}, results.json has {theirs}" for name, (mine, theirs) in pairs.items() if mine != theirs
    ]


def _means(scopes: Mapping[str, Any], scored: Mapping[CellKey, CellRecord]) -> tuple[Mean, ...]:
    entries = list(_entries(scopes))
    lows = {(scope, name.partition("@")[0]): METRICS[e["metric"]].low for scope, name, e in entries if e["metric"]}
    return tuple(_mean(scope, name, entry, scored, lows) for scope, name, entry in entries)


def _entries(scopes: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Scope, name and entry: the tasks of all scopes, then the groups and suites."""
    for level in ("tasks", "groups"):
        for scope, parts in scopes.items():
            yield from ((scope, name, entry) for name, entry in parts[level].items())


def _mean(
    scope: str,
    name: str,
    entry: Mapping[str, Any],
    scored: Mapping[CellKey, CellRecord],
    lows: Mapping[tuple[str, str], float],
) -> Mean:
    """A mean again; `lows` says of the tasks of every scope how low their values can be."""
    parts = tuple(entry["parts"])
    values = mean_values([scored[name, code] for code in parts]) if entry["level"] == "task" else {}
    tasks = [name.partition("@")[0]] if entry["level"] == "task" else parts
    spread = Spread(entry["value"], entry["standard_error"], min(lows[scope, task] for task in tasks))
    uncertainty = Uncertainty(spread, Variance(**entry["variance"]), entry["seeds"])
    return Mean(
        scope, entry["level"], name, entry["key"], entry["metric"], values, uncertainty, parts,
        tuple(entry["lacking"]), entry["wanted"], entry.get("over", "tasks"),
    )  # fmt: skip
