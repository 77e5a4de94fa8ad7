"""One task in one language: what a run found there, and its two forms on disk.

OUT/cells/<task>/<language>.json     everything but what `build` adds: standard errors and the interval
OUT/results.json                     an entry: everything but what examples have (rows, ids) and what it was computed from
"""  # noqa: E501 - a table

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np

from xtreme_harness.data.trained_on import ENGLISH
from xtreme_harness.errors import OutputError, did_you_mean, listed
from xtreme_harness.files.checked import MOST, read_object
from xtreme_harness.files.json_text import json_text
from xtreme_harness.files.schema import load_schema, schema_faults
from xtreme_harness.files.text import write_atomic
from xtreme_harness.files.told import in_json
from xtreme_harness.languages import language
from xtreme_harness.metrics import METRICS, column_sums, expected_columns
from xtreme_harness.records import Rows
from xtreme_harness.results import version_1
from xtreme_harness.results.statistics import statistics_faults
from xtreme_harness.scoring.means import headline

__all__ = [
    "SCHEMA_VERSION",
    "CellRecord",
    "entry_of",
    "metric_faults",
    "of_entry",
    "plain_rows",
    "read_cell",
    "require_known",
    "write_cell",
]

SCHEMA_VERSION = 2  # of cells/<task>/<language>.json and of results.json
_OF_BOTH = (
    "task", "language", "split", "status", "metric", "n", "metrics", "signature", "fingerprint", "seed", "seconds",
    "source", "calibration", "extras",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRecord:
    """One task in one language, as a run left it."""

    task: str  # "tatoeba@xtreme-r"
    language: str
    split: str  # "test" | "dev"
    status: str  # "done" | "unscored": predicted, but the data has no gold
    metric: str  # a key of METRICS
    n: int  # examples
    metrics: Mapping[str, float]  # percent; {} when unscored
    seed: int | None = None  # None: of no one seed
    seconds: float = 0.0
    signature: str = ""  # one line that says what the figures are
    fingerprint: str = ""  # SHA-256 of `fields`
    source: str = ""  # where the examples came from: "facebook/xnli@b8dd5d7"
    calibration: float | None = None  # the number that was chosen on the dev split
    extras: Mapping[str, float] = field(default_factory=dict)  # figures beside the official ones, percent
    train_on: str = ENGLISH  # the languages of its training: "english", "target", "all", "de+sw", "unknown"
    translated: str = ""  # names the translation into English that was read: "mt@1f0c2a9b"
    by_seed: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # seed -> metrics; {} of a single run
    errors: Mapping[str, float] = field(default_factory=dict)  # of every metric, standard error, percent
    interval: tuple[float, float] | None = None  # 95 %, of the headline
    official_n: int | None = None  # examples of the official split, where the card has their number
    columns: tuple[str, ...] = ()  # what the columns of the rows count
    rows: Rows | None = field(default=None, compare=False)  # (n, k) statistics; None: only results.json is there
    ids: tuple[str, ...] | None = None  # (n,) item ids, where the same items stand in all languages
    fields: Mapping[str, Any] = field(default_factory=dict)  # what the fingerprint covers; {} without rows
    predictions: str | None = None  # SHA-256 of the official file
    samples: str | None = None  # SHA-256 of the logged examples

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by."""
        return self.task, self.language

    @property
    def name(self) -> str:
        """For people: "xnli de"."""
        return f"{self.task} {self.language}"

    @property
    def done(self) -> bool:
        """Is there a score?"""
        return self.status == "done"

    @property
    def headline(self) -> float:
        """Its one figure, percent: the mean of the metric's main values."""
        return headline(METRICS[self.metric], self.metrics)


def write_cell(record: CellRecord, path: Path) -> None:
    """Write the file of a cell; OutputError when it cannot be written."""
    raw: dict[str, Any] = {
        "task": record.task,
        "language": record.language,
        "split": record.split,
        "status": record.status,
        "n": record.n,
        "official_n": record.official_n,
        "metrics": dict(record.metrics),
        "columns": list(record.columns),
        "rows": plain_rows(record.rows),
        "signature": record.signature,
        "fingerprint": record.fingerprint,
        "fields": dict(record.fields),
        "source": record.source,
        "calibration": record.calibration,
        "extras": dict(record.extras),
        **({"ids": list(record.ids)} if record.ids is not None else {}),
        "seconds": record.seconds,
        "predictions": record.predictions,
        "samples": record.samples,
        "schema_version": SCHEMA_VERSION,
        "metric": record.metric,
        "seed": record.seed,
        **_setting(record),
    }
    write_atomic(path, json_text(raw, separators=(",", ":")) + "\n", lasting=False)


def read_cell(path: Path) -> CellRecord:
    """Read the file of a cell, of this version or an earlier one.

    Raises:
        OutputError: every fault of the file.
    """
    raw = read_object(path, "a finished cell")
    require_known(raw, f"{path}: ")
    raw = version_1.cell(raw)
    faults = schema_faults(raw, load_schema(__package__, "cell"), str(path))
    faults = faults or [f"{path}: {fault}" for fault in _disagreements(raw)]
    if faults:
        raise OutputError(*listed(faults, MOST))
    ids = raw.get("ids")
    return CellRecord(
        **_shared(raw),
        official_n=raw["official_n"],
        columns=tuple(raw["columns"]),
        rows=np.array(raw["rows"], dtype=np.float64) if raw["columns"] else None,
        ids=tuple(ids) if ids is not None else None,
        fields=raw["fields"],
        predictions=raw["predictions"],
        samples=raw["samples"],
    )


def _disagreements(raw: Mapping[str, Any]) -> list[str]:
    """What the schema cannot say of a cell: that its parts are of one metric and of as many examples."""
    faults = metric_faults(raw["metric"], raw["metrics"], "")
    if faults:
        return faults
    metric = METRICS[raw["metric"]]
    wanted = list(expected_columns(metric, raw["columns"])) if raw["status"] == "done" else []
    if raw["columns"] != wanted:
        return [f"columns: found {raw['columns']}, expected {wanted}"]
    if raw.get("ids") is not None and len(raw["ids"]) != raw["n"]:
        faults.append(f"ids: found {len(raw['ids'])}, expected n, which is {raw['n']}")
    faults += [
        f"fields.{key}: found {in_json(raw['fields'][key])}, expected {in_json(raw[key])}, as in {key}"
        for key in ("task", "language", "split", "metric", "seed")
        if key in raw["fields"] and raw["fields"][key] != raw[key]
    ]
    faults += [
        f"fields.{key}: found {in_json(raw['fields'].get(key))}, expected {in_json(raw.get(key))}, as in {key}"
        for key in ("train_on", "translated")
        if raw["fields"].get(key) != raw.get(key)
    ]
    faults += statistics_faults(raw["rows"], raw["n"] if wanted else 0, len(wanted), metric.low < 0)
    return faults or (_figure_faults(raw) if wanted else [])


def _figure_faults(raw: Mapping[str, Any]) -> list[str]:
    """Figures that the statistics do not give."""
    given = METRICS[raw["metric"]].reduce(column_sums(np.array(raw["rows"], dtype=np.float64)))
    return [
        f"metrics.{name}: found {value:g}, but the statistics in rows give {given[name]:g}"
        for name, value in raw["metrics"].items()
        if not isclose(value, given[name], rel_tol=1e-9, abs_tol=1e-6)
    ]


def entry_of(record: CellRecord) -> dict[str, Any]:
    """A cell as it stands in results.json."""
    facts = language(record.language)
    return {
        "task": record.task,
        "language": record.language,
        "script": facts.script,
        "family": facts.family,
        "seed": record.seed,
        "metrics": dict(record.metrics),
        "interval": list(record.interval) if record.interval else None,
        "n": record.n,
        "seconds": record.seconds,
        "status": record.status,
        "calibration": record.calibration,
        "extras": dict(record.extras),
        **({"seeds": {seed: dict(values) for seed, values in record.by_seed.items()}} if record.by_seed else {}),
        "signature": record.signature,
        "fingerprint": record.fingerprint,
        "split": record.split,
        "metric": record.metric,
        "source": record.source,
        **_setting(record),
    }


def _setting(record: CellRecord) -> dict[str, str]:
    """What is said where a cell is not trained on English and evaluated in its own language."""
    train_on = {} if record.train_on == ENGLISH else {"train_on": record.train_on}
    return train_on | ({"translated": record.translated} if record.translated else {})


def of_entry(entry: Mapping[str, Any], errors: Mapping[str, float]) -> CellRecord:
    """Read an entry of results.json.

    Args:
        entry: of this version, checked.
        errors: the standard errors, which stand beside lm-eval's figures.
    """
    low_high = entry["interval"]
    return CellRecord(
        **_shared(entry),
        by_seed=entry.get("seeds", {}),
        errors=errors,
        interval=(low_high[0], low_high[1]) if low_high else None,
    )


def metric_faults(metric: str, values: Mapping[str, float], path: str) -> list[str]:
    """What of a cell does not belong to a metric: its name, or values that it lacks or does not have.

    Args:
        metric: its name.
        values: of a cell; {} of one without a score.
        path: of the cell, with a dot behind it, or "".
    """
    if metric not in METRICS:
        near = did_you_mean(metric, METRICS)
        return [f"{path}metric: found '{metric}', expected the name of a metric{near}"]
    known = METRICS[metric]
    names = known.reduce(np.ones(len(known.columns)))
    faults = [f"{path}metrics.{one}: missing, expected a number" for one in known.main if values and one not in values]
    faults += [
        f"{path}metrics.{one}: found {in_json(value)}, expected a number from {known.low:g} to 100"
        for one, value in values.items()
        if value < known.low
    ]
    return faults + [f"{path}metrics.{one}: {metric} has no such value" for one in values if one not in names]


def require_known(raw: Mapping[str, Any], place: str) -> None:
    """Raise OutputError for a file of a version that is not known yet."""
    found = raw.get("schema_version", 1)
    if type(found) is int and 1 <= found <= SCHEMA_VERSION:
        return
    newer = "; a newer xharness wrote it: update xharness" if type(found) is int and found > SCHEMA_VERSION else ""
    raise OutputError(f"{place}schema_version: found {in_json(found)}, expected 1 to {SCHEMA_VERSION}{newer}")


def plain_rows(rows: Rows | None) -> list[list[int | float]]:
    """Rows as JSON has them, whole numbers without a dot; [] for None."""
    return [[int(v) if v.is_integer() else v for v in row] for row in rows.tolist()] if rows is not None else []


def _shared(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What both forms spell alike."""
    setting = {"train_on": raw.get("train_on", ENGLISH), "translated": raw.get("translated", "")}
    return {**{key: raw[key] for key in _OF_BOTH}, **setting}
