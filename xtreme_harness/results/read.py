"""Reads what a run left: results.json, and beside it the cells with their statistics per example."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xtreme_harness.errors import OutputError, listed
from xtreme_harness.metrics import METRICS
from xtreme_harness.records import Rows

__all__ = ["Run", "RunCell", "place_of", "read_run", "read_seeds"]

_SEED = re.compile(r"seed-(\d+)")


@dataclass(frozen=True, slots=True)
class RunCell:
    """One task in one language, as a run left it."""

    task: str  # "tatoeba@xtreme-r"
    language: str
    seed: int | None
    metric: str  # a key of METRICS
    metrics: Mapping[str, float]  # percent
    n: int  # examples
    columns: tuple[str, ...]  # what the columns of the rows count; () without rows
    rows: Rows | None  # (n, k) statistics; None where only results.json is there
    ids: tuple[str, ...] | None  # (n,) item ids, where the same items stand in all languages
    fields: Mapping[str, Any]  # what the fingerprint covers; {} without rows
    samples: Path | None  # JSON lines of the examples, where the run logged them

    @property
    def name(self) -> str:
        """For people: "xnli de"."""
        return f"{self.task} {self.language}"


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run."""

    path: Path  # folder of the run
    model: str
    seed: int | None  # of a run that is one of several
    results: Mapping[str, Any]  # results.json
    cells: Mapping[tuple[str, str], RunCell]  # (task, language) -> finished cell, in the run's order

    @property
    def own(self) -> Mapping[str, Any]:
        """The `xharness` block of results.json."""
        block: Mapping[str, Any] = self.results["xharness"]
        return block

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites that were asked for by name."""
        return tuple(self.own["official"])

    @property
    def has_rows(self) -> bool:
        """Are the statistics of all cells there?"""
        return all(cell.rows is not None for cell in self.cells.values())


def read_run(path: str | Path) -> Run:
    """Read a run from its folder or its results.json; the cells are looked for beside it.

    Raises:
        OutputError: where there is no result, or cells that are not those of results.json; every fault.
    """
    place = Path(path)
    file = place / "results.json" if place.is_dir() else place
    raw = _read(file)
    own = raw.get("xharness")
    if not isinstance(own, dict) or "cells" not in own or "official" not in own:
        raise OutputError(f"{file}: no `xharness` block; expected the results.json of `xharness eval`")
    folder = file.parent
    cells: dict[tuple[str, str], RunCell] = {}
    faults: list[str] = []
    for entry in own["cells"]:
        if entry["status"] != "done":
            continue
        try:
            cells[entry["task"], entry["language"]] = _cell(folder, entry)
        except OutputError as error:
            faults.extend(error.faults)
    if faults:
        raise OutputError(*listed(faults, 10))
    named = _SEED.fullmatch(folder.resolve().name)
    seed = int(named[1]) if named else raw.get("config", {}).get("random_seed")
    return Run(folder, str(raw.get("model_name") or folder), seed, raw, cells)


def read_seeds(path: str | Path) -> tuple[Run, ...]:
    """Read the runs of one model that differ in their seed: a folder of `seed-N/`, or a single run.

    Raises:
        OutputError: as `read_run`; every fault of every seed.
    """
    place = Path(path)
    inside = [p for p in place.iterdir() if _SEED.fullmatch(p.name) and p.is_dir()] if place.is_dir() else []
    if not inside:
        return (read_run(place),)
    runs: list[Run] = []
    faults: list[str] = []
    for folder in sorted(inside, key=lambda p: int(p.name.removeprefix("seed-"))):
        try:
            runs.append(read_run(folder))
        except OutputError as error:
            faults.extend(error.faults)
    if faults:
        raise OutputError(*faults)
    return tuple(runs)


def place_of(runs: Sequence[Run]) -> Path:
    """The folder of a model's runs: of several seeds that in which they lie."""
    return runs[0].path if len(runs) == 1 else runs[0].path.parent


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise OutputError(
            f"{file}: no such file; expected the results.json of `xharness eval`, or its folder"
        ) from None
    except OSError as error:
        raise OutputError(f"{file}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise OutputError(f"{file}: not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise OutputError(f"{file}: found {type(raw).__name__}, expected an object")
    return raw


def _cell(folder: Path, entry: Mapping[str, Any]) -> RunCell:
    task, language = entry["task"], entry["language"]
    file = folder / "cells" / task / f"{language}.json"
    if not file.exists():
        metric = _metric_of(entry)
        return RunCell(task, language, entry["seed"], metric, entry["metrics"], entry["n"], (), None, None, {}, None)
    record = _read(file)
    if record.get("fingerprint") != entry["fingerprint"]:
        raise OutputError(
            f"{file}: fingerprint {str(record.get('fingerprint'))[:8]}, results.json has {entry['fingerprint'][:8]}: "
            "it is of another run; evaluate again"
        )
    columns = tuple(record["columns"])
    rows = np.array(record["rows"], dtype=np.float64).reshape(-1, len(columns))
    samples = folder / "samples" / task / f"{language}.jsonl"
    return RunCell(
        task, language, record["fields"].get("seed"), record["fields"]["metric"], record["metrics"], record["n"],
        columns, rows, tuple(record["ids"]) if "ids" in record else None, record["fields"],
        samples if record.get("samples") and samples.exists() else None,
    )  # fmt: skip


def _metric_of(entry: Mapping[str, Any]) -> str:
    """The metric that the signature of a cell names."""
    named = re.search(r"\|metric:([^|]+)\|", entry["signature"])
    if named is None or named[1] not in METRICS:
        raise OutputError(f"{entry['task']} {entry['language']}: no known metric in the signature {entry['signature']}")
    return named[1]
