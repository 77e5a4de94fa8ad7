"""One cell: kept from an earlier run, or predicted, scored and written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from xtreme_harness.cards.names import file_name
from xtreme_harness.data.splits import load_split
from xtreme_harness.data.trained_on import ENGLISH
from xtreme_harness.evaluation.predictors import Predictor
from xtreme_harness.evaluation.saved import cell_signature, data_fields, find_kept, save
from xtreme_harness.files.json_text import json_text
from xtreme_harness.jobs import Failure, attempt
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import Answers
from xtreme_harness.metrics import METRICS, of_labels
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.setups import Setup
from xtreme_harness.records import Split
from xtreme_harness.results.record import CellRecord, plain_rows
from xtreme_harness.scoring.score import score
from xtreme_harness.signature import fingerprint
from xtreme_harness.submission.gold import relabelled

__all__ = ["Done", "evaluate_cell", "failed_cell", "find_cell"]


@dataclass(frozen=True, slots=True)
class Done:
    """How a cell ended."""

    cell: Cell
    status: str  # "done" | "kept" | "unscored" | "failed"
    record: CellRecord | None  # None when failed, and where nothing could be answered
    message: str = ""
    home: Path = Path()  # the output folder of its run


def _fields(cell: Cell, setup: Setup, options: Options, context: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **data_fields(cell, options.labels),
        "model": setup.hash,
        "head": setup.head,
        "label_order": list(setup.order),
        "layer": setup.pooling.layer if setup.pooling else None,
        "pooling": setup.pooling.mode if setup.pooling else None,
        "preset": setup.pooling.preset if setup.pooling else None,
        "limit": options.limit,
        "seed": options.seed if options.model == "random" else setup.seed,
        "recipe": setup.recipe,
        **setup.languages,
        **({"search": setup.trials} if setup.trials else {}),
        **context,
        "dtype": setup.dtype(options, context),
    }


def find_cell(
    cell: Cell, setup: Setup, options: Options, context: Mapping[str, Any]
) -> tuple[Done | None, dict[str, Any]]:
    """The cell as an earlier run left it, if it may be kept; and what it is computed from now."""
    fields = attempt(cell.name, lambda: _fields(cell, setup, options, context))
    if isinstance(fields, Failure):  # data that went away since the plan was made
        return failed_cell(cell, fields.message), {}
    kept = None if options.force else find_kept(options.output, cell, fields, options.seed, options.log_samples)
    return (Done(cell, "kept", kept) if kept is not None else None), fields


def failed_cell(cell: Cell, message: str) -> Done:
    """The cell as failed, with what is to be said of it: one line a fault."""
    return Done(cell, "failed", None, message)


def _split(cell: Cell, name: str, options: Options) -> Split[Any]:
    kind = KINDS[cell.card.kind]
    located = cell.tuning if name != cell.split and cell.tuning else cell.located
    limit = options.limit if name == cell.split else None
    if options.labels is None:
        found = load_split(cell.card, cell.language, name, located, kind.parse, kind.passage, limit)
        return replace(found, language=cell.spoken)
    whole = load_split(cell.card, cell.language, name, located, kind.parse, kind.passage)
    split = relabelled(options.labels, kind, cell.card, whole)  # a label file is for all examples
    return replace(split, examples=split.examples[:limit], language=cell.spoken)


def evaluate_cell(cell: Cell, predictor: Predictor, fields: Mapping[str, Any], options: Options) -> Done:
    """Predict, score and write one cell."""
    started = time.monotonic()
    kind, split = KINDS[cell.card.kind], _split(cell, cell.split, options)
    without_gold = any(kind.gold(e) is None for e in split.examples)
    if without_gold and predictor.needs_gold:
        said = f"the data has no gold for oracle to answer with; {_remedy(cell, options)}"
        return Done(cell, "unscored", None, said)
    answers = predictor.answer(kind, split, cell.card, lambda: _dev(cell, split, options))
    found = answers.found
    record = _record(cell, split, answers, fields, cell_signature(cell, fields, split.source, options.seed))
    record = record if without_gold else _scored(record, cell, kind, split, found)
    samples = _samples(kind, split, found, record) if options.log_samples else None
    record = replace(record, seconds=round(time.monotonic() - started, 3))
    record = save(options.output, cell, record, kind.dumps(split, found, cell.card), samples)
    message = f"the data has no gold answers to score with; {_remedy(cell, options)}" if without_gold else ""
    return Done(cell, record.status, record, message)


def _dev(cell: Cell, split: Split[Any], options: Options) -> Split[Any] | None:
    """The split on which the kind chooses a number; None where it chooses none."""
    if not cell.card.calibrate:
        return None
    return split if cell.split == cell.card.calibrate else _split(cell, cell.card.calibrate, options)


def _remedy(cell: Cell, options: Options) -> str:
    if options.labels is None:
        return "give --labels DIR"
    return f"{options.labels / file_name(cell.card, cell.split, cell.language)} is not there"


def _record(cell: Cell, split: Split[Any], answers: Answers, fields: Mapping[str, Any], signature: str) -> CellRecord:
    """The cell as it is before it is scored."""
    return CellRecord(
        task=cell.key,
        language=cell.language,
        split=cell.split,
        status="unscored",
        metric=cell.card.metric,
        n=len(split.examples),
        official_n=cell.card.count(cell.split, cell.language),
        metrics={},
        seed=fields["seed"],
        signature=signature,
        fingerprint=fingerprint(fields),
        fields=dict(fields),
        source=split.source,
        calibration=answers.number,
        extras=dict(answers.extras or {}),
        train_on=fields.get("train_on", ENGLISH),
        translated=cell.translated,
    )


def _scored(record: CellRecord, cell: Cell, kind: Any, split: Split[Any], found: Mapping[str, Any]) -> CellRecord:
    metric = of_labels(METRICS[cell.card.metric], cell.card.labels)
    scored = score(metric, kind, split, found)
    ids = tuple(e.id.removesuffix(f"_{cell.language}") for e in split.examples) if cell.card.parallel else None
    return replace(
        record, status="done", metrics=dict(scored.values), columns=metric.columns,
        rows=np.ascontiguousarray(scored.rows, dtype=np.float64), ids=ids,
    )  # fmt: skip


def _samples(kind: Any, split: Split[Any], found: Mapping[str, Any], record: CellRecord) -> str:
    """One JSON line an example: input, gold, prediction, statistics."""
    lines = []
    rows = plain_rows(record.rows) if record.rows is not None else repeat(None, len(split.examples))
    for example, row in zip(split.examples, rows, strict=True):
        statistics = dict(zip(record.columns, row, strict=True)) if row is not None else None
        line = {"id": example.id, "input": asdict(example), "gold": kind.gold(example), "prediction": found[example.id]}
        lines.append(json_text({**line, "statistics": statistics, "kind": kind.name}) + "\n")
    return "".join(lines)
