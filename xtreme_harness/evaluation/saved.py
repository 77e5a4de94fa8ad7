"""One finished cell on disk: what it was computed from, whether it can be kept, and its files."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from xtreme_harness.cards import digest
from xtreme_harness.cards.names import file_name
from xtreme_harness.data.sources import file_hash
from xtreme_harness.errors import OutputError
from xtreme_harness.files.text import write_atomic
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.paths import prediction_paths, record_path, samples_path
from xtreme_harness.results.record import CellRecord, read_cell, write_cell
from xtreme_harness.signature import UNSAID, changed_fields, fingerprint, signature

__all__ = [
    "cell_signature",
    "data_fields",
    "discard",
    "find_kept",
    "save",
    "saved_paths",
]

log = logging.getLogger("xtreme_harness")
Fields = Mapping[str, Any]  # name -> what could change a number


def data_fields(cell: Cell, labels: Path | None) -> dict[str, Any]:
    """The fields of the fingerprint that tell the task and its data.

    Args:
        cell: what is evaluated.
        labels: folder of official label files, where there is one.
    """
    tuned = {f"{cell.card.calibrate}:{k}": v for k, v in cell.tuning.hashes().items()} if cell.tuning else {}
    splits = dict.fromkeys(split for split in (cell.split, cell.card.calibrate) if split)
    names = [file_name(cell.card, split, cell.language) for split in splits]
    gold = {name: file_hash(labels / name) for name in names if (labels / name).exists()} if labels else {}
    return {
        "task": cell.key,
        "language": cell.language,
        "split": cell.split,
        "card": digest(cell.card),
        "metric": cell.card.metric,
        "data": {**cell.located.hashes(), **tuned},
        "labels": gold,
        **({"translated": cell.translated} if cell.translated else {}),
    }


def cell_signature(cell: Cell, fields: Fields, source: str, seed: int) -> str:
    """The line that tells a reader what the figures of the cell are."""
    own = {"suites": cell.scopes, "source": source, "max_length": cell.card.options.get("max_length"), "seed": seed}
    own["said"] = KINDS[cell.card.kind].said(cell.card)
    return signature({**fields, **own, "fingerprint": fingerprint(fields)})


def discard(output: Path, cell: Cell) -> None:
    """Remove what an earlier run left of a cell that is computed anew, so that no folder mixes two models."""
    for path in saved_paths(output, cell):
        path.unlink(missing_ok=True)


def saved_paths(output: Path, cell: Cell) -> tuple[Path, ...]:
    """The files of a cell, there or not."""
    return record_path(output, cell), samples_path(output, cell), *prediction_paths(output, cell)


def save(output: Path, cell: Cell, record: CellRecord, predictions: str, samples: str | None) -> CellRecord:
    """Write the files of a finished cell, the record last: it has the hashes of the others.

    They are not waited for: whoever counts the cell as done does that, with `saved_paths`.

    Returns:
        the record with the hashes of the other files, as it was written.

    Raises:
        OutputError: when a file cannot be written.
    """
    for path in prediction_paths(output, cell):
        write_atomic(path, predictions, lasting=False)
    if samples is not None:
        write_atomic(samples_path(output, cell), samples, lasting=False)
    logged = _hash(samples) if samples is not None else None
    whole = replace(record, predictions=_hash(predictions), samples=logged)
    write_cell(whole, record_path(output, cell))
    return whole


def find_kept(output: Path, cell: Cell, fields: Fields, seed: int, samples: bool) -> CellRecord | None:
    """The saved record, when it was computed from the same things and its files are as they were written.

    Args:
        output: folder of the run.
        cell: what is wanted.
        fields: what it would be computed from now.
        seed: for the signature.
        samples: must the examples be there too?
    """
    if not record_path(output, cell).exists():
        return None
    try:
        record = read_cell(record_path(output, cell))
    except OutputError as error:
        log.warning("%s: computed anew, because its record cannot be used: %s", cell.name, error.faults[0])
        return None
    if record.fingerprint != fingerprint(record.fields):
        log.warning("%s: computed anew, because its fingerprint is not that of its fields", cell.name)
        return None
    changed = changed_fields(record.fields, json.loads(json.dumps(fields)))
    if changed:
        log.warning("%s: computed anew, because %s changed", cell.name, ", ".join(changed))
        return None
    if samples and not (record.samples and _file_hash(samples_path(output, cell)) == record.samples):
        log.warning("%s: computed anew, because its samples are not there", cell.name)
        return None
    paths = prediction_paths(output, cell)
    others = sorted(output.glob(f"predictions/*/*/{paths[0].name}"))
    good = next((p for p in [*paths, *others] if record.predictions and _file_hash(p) == record.predictions), None)
    if good is None:
        log.warning("%s: computed anew, because its predictions are gone or were changed", cell.name)
        return None
    for path in paths:
        if path != good and _file_hash(path) != record.predictions:
            write_atomic(path, good.read_bytes())
    chosen = {key: record.fields[key] for key, value in fields.items() if value == UNSAID and key in record.fields}
    return replace(record, signature=cell_signature(cell, {**fields, **chosen}, record.source, seed))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _file_hash(path: Path) -> str | None:
    return file_hash(path) if path.is_file() else None
