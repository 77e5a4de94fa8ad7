"""One task in one language: what a run found there, and its two forms on disk.

OUT/cells/<task>/<language>.json     everything but what `build` adds: standard errors and the interval
OUT/results.json                     an entry: everything but what examples have (rows, ids) and what it was computed from
"""  # noqa: E501 - a table

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from xtreme_harness.errors import OutputError, listed
from xtreme_harness.files.json_text import json_text
from xtreme_harness.files.text import write_atomic
from xtreme_harness.languages import language
from xtreme_harness.metrics import METRICS
from xtreme_harness.records import Rows
from xtreme_harness.results import version_1
from xtreme_harness.results.shape import (
    COUNT,
    FIGURES,
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
from xtreme_harness.scoring.means import headline

__all__ = [
    "SCHEMA_VERSION",
    "CellRecord",
    "entry_of",
    "of_entry",
    "plain_rows",
    "read_cell",
    "require_known",
    "write_cell",
]

SCHEMA_VERSION = 2  # of cells/<task>/<language>.json and of results.json
_METRIC = Shape("the name of a metric", lambda value: value in METRICS)
_OF_BOTH = {
    "task": TEXT, "language": TEXT, "split": either("test", "dev"), "status": either("done", "unscored"),
    "metric": _METRIC, "n": COUNT, "metrics": FIGURES, "signature": TEXT, "fingerprint": TEXT,
    "seed": optional(NUMBER), "seconds": NUMBER, "source": TEXT, "calibration": optional(NUMBER), "extras": FIGURES,
}  # fmt: skip
_OF_FILES = {
    **_OF_BOTH, "official_n": optional(COUNT), "columns": TEXTS, "rows": LIST, "fields": OBJECT,
    "predictions": optional(TEXT), "samples": optional(TEXT),
}  # fmt: skip
_OF_ENTRIES = {**_OF_BOTH, "interval": optional(LIST)}


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
    }
    write_atomic(path, json_text(raw, separators=(",", ":")) + "\n")


def read_cell(path: Path) -> CellRecord:
    """Read the file of a cell, of this version or an earlier one.

    Raises:
        OutputError: every fault of the file.
    """
    raw = read_object(path, "a finished cell")
    require_known(raw, str(path))
    raw = version_1.cell(raw)
    faults = faults_of(raw, _OF_FILES, str(path))
    rows = None
    if not faults and raw["columns"]:
        try:
            rows = np.array(raw["rows"], dtype=np.float64).reshape(raw["n"], len(raw["columns"]))
        except ValueError:
            faults.append(f"{path}: rows: expected {raw['n']} lists of {len(raw['columns'])} numbers")
    if faults:
        raise OutputError(*listed(faults, 10))
    return CellRecord(
        **_shared(raw),
        official_n=raw["official_n"],
        columns=tuple(raw["columns"]),
        rows=rows,
        ids=tuple(raw["ids"]) if raw.get("ids") is not None else None,
        fields=raw["fields"],
        predictions=raw["predictions"],
        samples=raw["samples"],
    )


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
    }


def of_entry(entry: Any, errors: Mapping[str, float], place: str) -> CellRecord:
    """Read an entry of results.json.

    Args:
        entry: of this version.
        errors: the standard errors, which stand beside lm-eval's figures.
        place: of the entry, for messages.

    Raises:
        OutputError: every fault.
    """
    faults = faults_of(entry, _OF_ENTRIES, place)
    if faults:
        raise OutputError(*faults)
    low_high = entry["interval"]
    return CellRecord(
        **_shared(entry),
        by_seed=entry.get("seeds", {}),
        errors=errors,
        interval=(low_high[0], low_high[1]) if low_high else None,
    )


def require_known(raw: Mapping[str, Any], place: str) -> None:
    """Raise OutputError for a file of a version that is not known yet."""
    found = raw.get("schema_version", 1)
    if found not in range(1, SCHEMA_VERSION + 1):
        raise OutputError(f"{place}: schema_version: found {found}, expected 1 to {SCHEMA_VERSION}; update xharness")


def plain_rows(rows: Rows | None) -> list[list[int | float]]:
    """Rows as JSON has them, whole numbers without a dot; [] for None."""
    return [[int(v) if v.is_integer() else v for v in row] for row in rows.tolist()] if rows is not None else []


def _shared(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What both forms spell alike."""
    return {key: raw[key] for key in _OF_BOTH}
