"""The examples that a run logged: read back, judged right or wrong, and cut to what a page can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtreme_harness.errors import OutputError, listed
from xtreme_harness.files.checked import MOST
from xtreme_harness.files.json import parse_json
from xtreme_harness.files.schema import Faults, load_schema, path_of
from xtreme_harness.files.text import read_text
from xtreme_harness.files.told import in_json
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.examples import restored
from xtreme_harness.metrics import METRICS, Metric, expected_columns
from xtreme_harness.records import Vector
from xtreme_harness.results import version_1
from xtreme_harness.results.result import Result
from xtreme_harness.scoring.means import headline

__all__ = ["Sample", "read_samples", "texts"]

_WHOLE = 100 - 1e-9  # percent from which an example is right
_SCHEMA = load_schema(__package__, "sample")


@dataclass(frozen=True, slots=True)
class Sample:
    """One example with what was answered."""

    task: str
    language: str
    id: str
    input: Mapping[str, Any]  # the example's own fields
    gold: Any
    prediction: Any
    right: bool  # the prediction is the gold, or the metric gives it the full score
    kind: str | None = None  # a key of KINDS; None: none that is known here


def read_samples(run: Result, task: str, language: str) -> list[Sample]:
    """The logged examples of a cell, in the order of the official file; [] where none were logged.

    Raises:
        OutputError: naming the lines that are no logged examples.
    """
    cell = run.scored.get((task, language))
    if cell is None or cell.samples is None or run.path is None:
        return []
    file = run.path / "samples" / task / f"{language}.jsonl"
    if not file.exists():
        return []
    found: list[Sample] = []
    faults: list[str] = []
    for number, line in enumerate(read_text(file, "utf-8", OutputError).split("\n"), 1):
        try:
            found += [_sample(*cell.key, cell.metric, _record(line))] if line else []
        except ValueError as error:
            faults += [f"{file}:{number}: {fault}; evaluate again with --log-samples" for fault in error.args]
    if faults:
        raise OutputError(*listed(faults, MOST))
    return found


def texts(sample: Sample) -> Iterator[tuple[str, ...]]:
    """What a model reads of an example: one text (x,), or the words of a sentence (w1, w2, ...)."""
    if sample.kind is None:
        return
    kind = KINDS[sample.kind]
    for text in kind.texts(restored(kind.example, {"id": sample.id, **sample.input})):
        yield (text,) if isinstance(text, str) else text


def _record(line: str) -> Mapping[str, Any]:
    """A line; ValueError with everything that is wrong with it."""
    try:
        record = parse_json(line)
    except ValueError as error:
        raise ValueError(f"not JSON ({error})") from None
    if not isinstance(record, dict) or {"id", "input", "gold", "prediction"} - record.keys():
        raise ValueError("no logged example (expected id, input, gold, prediction)")
    faults: Faults = []
    _SCHEMA(record, (), faults)
    if faults:
        raise ValueError(*(f"{path_of(steps)}: {words}" for steps, words in faults))
    return record


def _sample(task: str, language: str, metric: str, record: Mapping[str, Any]) -> Sample:
    right, known = record["prediction"] == record["gold"], METRICS[metric]
    if not right and record.get("statistics") is not None:
        row = _row(known, record["statistics"])
        right = known.alone and headline(known, known.reduce(row)) >= _WHOLE
    given = {name: value for name, value in record["input"].items() if name != "id"}
    kind = record["kind"] if record.get("kind") in KINDS else version_1.kind_of(record["input"])
    if kind is not None:
        restored(KINDS[kind].example, {**record["input"], "id": str(record["id"])}, "input")
    return Sample(task, language, str(record["id"]), given, record["gold"], record["prediction"], right, kind)


def _row(metric: Metric[Any, Any], statistics: Mapping[str, float]) -> Vector:
    """An example's statistics in the order of the metric's columns; ValueError for what it cannot have."""
    columns = expected_columns(metric, list(statistics))
    if lacking := [column for column in columns if column not in statistics]:
        raise ValueError(f"no statistic '{lacking[0]}'")
    if wrong := [c for c in columns if statistics[c] < 0 <= metric.low]:
        raise ValueError(f"statistics.{wrong[0]}: found {in_json(statistics[wrong[0]])}, expected a number from 0")
    return np.array([statistics[column] for column in columns], dtype=np.float64)
