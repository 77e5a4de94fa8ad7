"""The examples that a run logged: read back, judged right or wrong, and cut to what a page can hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xtreme_harness.errors import OutputError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.examples import restored
from xtreme_harness.metrics import METRICS
from xtreme_harness.results import version_1
from xtreme_harness.results.result import Result
from xtreme_harness.scoring.means import headline

__all__ = ["Sample", "read_samples", "texts"]

_WHOLE = 100 - 1e-9  # percent from which an example is right


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
        OutputError: naming the line that is no logged example.
    """
    cell = run.scored.get((task, language))
    if cell is None or cell.samples is None or run.path is None:
        return []
    file = run.path / "samples" / task / f"{language}.jsonl"
    return [_sample(*cell.key, cell.metric, line, place) for line, place in _lines(file)] if file.exists() else []


def texts(sample: Sample) -> Iterator[tuple[str, ...]]:
    """What a model reads of an example: one text (x,), or the words of a sentence (w1, w2, ...)."""
    if sample.kind is None:
        return
    kind = KINDS[sample.kind]
    for text in kind.texts(restored(kind.example, {"id": sample.id, **sample.input})):
        yield (text,) if isinstance(text, str) else text


def _lines(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not line:
            continue
        place = f"{path}:{number}"
        try:
            record = json.loads(line)
        except ValueError as error:
            raise OutputError(f"{place}: not JSON ({error}); evaluate again with --log-samples") from None
        if not isinstance(record, dict) or {"id", "input", "gold", "prediction"} - record.keys():
            raise OutputError(f"{place}: no logged example (expected id, input, gold, prediction); evaluate again")
        yield record, place


def _sample(task: str, language: str, metric: str, record: Mapping[str, Any], place: str) -> Sample:
    right = record["prediction"] == record["gold"]
    if not right and record.get("statistics") is not None:
        known = METRICS[metric]
        try:
            row = np.array([record["statistics"][column] for column in known.columns], dtype=np.float64)
        except KeyError as error:
            raise OutputError(f"{place}: no statistic {error}; evaluate again with --log-samples") from None
        right = headline(known, known.reduce(row)) >= _WHOLE
    given = {name: value for name, value in record["input"].items() if name != "id"}
    kind = record["kind"] if record.get("kind") in KINDS else version_1.kind_of(record["input"])
    return Sample(task, language, str(record["id"]), given, record["gold"], record["prediction"], right, kind)
