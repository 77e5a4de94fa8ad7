"""Executes a plan cell by cell: keep what is done, save what ends, report what failed."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from xtreme_harness.cards import digest
from xtreme_harness.data.load import load_split
from xtreme_harness.data.sources import file_hash
from xtreme_harness.errors import ModelError, OutputError, XHarnessError
from xtreme_harness.kinds import KINDS
from xtreme_harness.metrics import METRICS
from xtreme_harness.models.checkpoint import Checkpoint, content_hash, find_checkpoint, head_fault, label_order
from xtreme_harness.models.selftest import SELF_TESTS, answer
from xtreme_harness.plan import Cell, Plan
from xtreme_harness.predict import predict
from xtreme_harness.records import Split
from xtreme_harness.score import score
from xtreme_harness.signature import changed_fields, fingerprint, library_versions, signature
from xtreme_harness.submission import file_name, relabelled, write_atomic, write_predictions

__all__ = ["Done", "Options", "Setup", "execute", "locked", "open_output", "prepare"]

log = logging.getLogger("xtreme_harness")


@dataclass(frozen=True, slots=True)
class Options:
    """How an evaluation is to be done; what is not said is automatic."""

    model: str
    output: Path
    revision: str | None = None
    seed: int = 42
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int | None = None  # sequences a batch, at most
    limit: int | None = None  # examples a cell
    labels: Path | None = None  # official label folder
    log_samples: bool = False  # write input, gold and prediction of every example
    layer: Any = None  # "last", an index, a fraction
    pooling: str | None = None
    preset: str | None = None
    label_orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep_head: bool = False
    trust_remote_code: bool = False
    force: bool = False  # redo what is done

    @property
    def self_test(self) -> bool:
        """Is the model one of oracle, majority, random?"""
        return self.model in SELF_TESTS


@dataclass(frozen=True, slots=True)
class Setup:
    """The model that answers a cell."""

    checkpoint: Checkpoint | None  # None: a self-test
    head: str | None = None
    order: tuple[int, ...] = ()
    pooling: Any = None  # models.pooling.Pooling, where head is None
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """How a cell ended."""

    cell: Cell
    status: str  # "done" | "kept" | "unscored" | "failed"
    record: Mapping[str, Any]  # what cells/<task>/<lang>.json holds; {} when failed
    message: str = ""


def prepare(plan: Plan, options: Options) -> dict[str, Setup]:
    """Find the model of every cell, by the name of the cell; small files only.

    Raises:
        ModelError: every head that is missing and every label set that does not fit, one line each.
    """
    setups: dict[str, Setup] = {}
    faults: list[str] = []
    hashes: dict[Path, str] = {}
    for unit, cells in plan.units().items():
        if options.self_test:
            setups.update({cell.name: Setup(None, hash=options.model) for cell in cells})
            continue
        try:
            checkpoint = find_checkpoint(options.model, unit, options.revision)
        except ModelError as error:
            faults.extend(error.faults)
            continue
        for cell in cells:
            try:
                setup = _setup(cell, checkpoint, options)
            except ModelError as error:
                faults.extend(error.faults)
                continue
            if checkpoint.path not in hashes:
                hashes[checkpoint.path] = checkpoint.commit or content_hash(checkpoint.path)
            setups[cell.name] = replace(setup, hash=hashes[checkpoint.path])
    if faults:
        raise ModelError(*dict.fromkeys(faults))
    return setups


def execute(
    plan: Plan,
    setups: Mapping[str, Setup],
    options: Options,
    tell: Callable[[Done], None] = lambda done: None,
    watch: Callable[[Cell, int], None] = lambda cell, sequences: None,
) -> Iterator[Done]:
    """Evaluate the cells of a plan, those that share a model one after another.

    Args:
        plan: what to do.
        setups: the model of every cell, by the name of the cell.
        options: how.
        tell: called when a cell ends.
        watch: called with the number of sequences done inside a cell.

    Yields:
        every cell as it ends; a fault in one does not stop the others.

    Raises:
        OutputError: when results cannot be written, which ends the run.
    """
    context = _context(options)
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in plan.cells:
        setup = setups[cell.name]
        path = setup.checkpoint.path if setup.checkpoint else None
        groups.setdefault((path, setup.head, setup.order, setup.pooling), []).append(cell)
    for cells in groups.values():
        model = None
        for cell in cells:
            fields = _fields(cell, setups[cell.name], options, context)
            kept = None if options.force else _kept(cell, fields, options)
            if kept is not None:
                done = Done(cell, "kept", kept)
            else:
                try:
                    if model is None and setups[cell.name].checkpoint is not None:
                        model = _load(setups[cell.name], options)
                    if model is not None:
                        model.report = lambda n, cell=cell: watch(cell, n)
                    done = _evaluate(cell, model, fields, options)
                except OutputError:
                    raise
                except XHarnessError as error:
                    log.info("failed", exc_info=True)
                    done = Done(cell, "failed", {}, str(error))
                except Exception as error:
                    log.info("failed", exc_info=True)
                    done = Done(cell, "failed", {}, f"{cell.name}: {type(error).__name__}: {error}")
            tell(done)
            yield done


def open_output(output: Path) -> None:
    """Make the output folder and prove that it can be written; OutputError before any compute otherwise."""
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output}: a file is in the way; name a folder by --output-path")
    write_atomic(output / ".writable", "")
    (output / ".writable").unlink()


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Keep a second process off the folder; the lock falls with the process, however that ends."""
    path = output / ".lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise OutputError(
                f"{output}: another xharness (process {holder}) is writing here; wait, or name another --output-path"
            ) from None
        except OSError as error:
            log.warning("%s: cannot be locked (%s); do not run a second xharness here", path, error.strerror)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _setup(cell: Cell, checkpoint: Checkpoint, options: Options) -> Setup:
    from xtreme_harness.models.pooling import choose_pooling

    kind, unit = KINDS[cell.card.kind], cell.unit or cell.card.name
    if kind.head is None:
        chosen = choose_pooling(cell.card, checkpoint, options.layer, options.pooling, options.preset)
        return Setup(checkpoint, None, (), chosen)
    fault = head_fault(checkpoint, kind.head, cell.card.labels, options.keep_head)
    if fault:
        raise ModelError(f"{unit}: {fault}")
    given = options.label_orders.get(unit) or options.label_orders.get(cell.card.name) or ()
    order = label_order(checkpoint, cell.card.labels, cell.card.aliases, unit, given) if cell.card.labels else ()
    return Setup(checkpoint, kind.head, order)


def _context(options: Options) -> dict[str, Any]:
    """Fields of the fingerprint that are the same for all cells."""
    if options.self_test:
        return {"dtype": None, "libraries": {}}
    from xtreme_harness.models.load import choose_device, choose_dtype

    device = choose_device(options.device)
    return {"dtype": choose_dtype(options.dtype, device), "device": device.type, "libraries": library_versions()}


def _fields(cell: Cell, setup: Setup, options: Options, context: Mapping[str, Any]) -> dict[str, Any]:
    labels = options.labels / file_name(cell.card, cell.split, cell.language) if options.labels else None
    tuned = {f"{cell.card.calibrate}:{k}": v for k, v in cell.tuning.hashes().items()} if cell.tuning else {}
    return {
        "task": cell.key,
        "language": cell.language,
        "split": cell.split,
        "card": digest(cell.card),
        "metric": cell.card.metric,
        "data": {**cell.located.hashes(), **tuned},
        "labels": file_hash(labels) if labels and labels.exists() else None,
        "model": setup.hash,
        "head": setup.head,
        "label_order": list(setup.order),
        "layer": setup.pooling.layer if setup.pooling else None,
        "pooling": setup.pooling.mode if setup.pooling else None,
        "limit": options.limit,
        "seed": options.seed if options.model == "random" else None,
        "recipe": None,
        **context,
    }


def _record_path(output: Path, cell: Cell) -> Path:
    return output / "cells" / cell.key / f"{cell.language}.json"


def _prediction_paths(output: Path, cell: Cell) -> list[Path]:
    name = file_name(cell.card, cell.split, cell.language)
    return [output / "predictions" / scope / name for scope in cell.scopes]


def _samples_path(output: Path, cell: Cell) -> Path:
    return output / "samples" / cell.key / f"{cell.language}.jsonl"


def _kept(cell: Cell, fields: Mapping[str, Any], options: Options) -> Mapping[str, Any] | None:
    """The saved record, when it was computed from the same things and all its files are there."""
    path = _record_path(options.output, cell)
    try:
        record: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    changed = changed_fields(record.get("fields", {}), json.loads(json.dumps(fields)))
    if changed:
        log.warning("%s: computed anew, because %s changed", cell.name, ", ".join(changed))
        return None
    paths = _prediction_paths(options.output, cell)
    there = [p for p in paths if p.exists()]
    if not there or (options.log_samples and not _samples_path(options.output, cell).exists()):
        return None
    for p in paths:
        if p not in there:
            write_atomic(p, there[0].read_text("utf-8"))
    return record


def _load(setup: Setup, options: Options) -> Any:
    from xtreme_harness.models.load import load_model

    if setup.checkpoint is None:
        raise ModelError("a self-test has no weights to load")
    return load_model(
        setup.checkpoint,
        setup.head,
        setup.order,
        setup.pooling,
        options.device,
        options.dtype,
        options.batch_size,
        options.trust_remote_code,
    )


def _split(cell: Cell, name: str, options: Options) -> Split[Any]:
    kind = KINDS[cell.card.kind]
    located = cell.tuning if name != cell.split and cell.tuning else cell.located
    limit = options.limit if name == cell.split else None
    split = load_split(cell.card, cell.language, name, located, kind.parse, kind.passage, limit)
    return relabelled(options.labels, kind, cell.card, split) if options.labels else split


def _evaluate(cell: Cell, model: Any, fields: Mapping[str, Any], options: Options) -> Done:
    started = time.monotonic()
    kind, split = KINDS[cell.card.kind], _split(cell, cell.split, options)
    number = None
    if model is None:
        if options.model == "oracle" and any(kind.gold(e) is None for e in split.examples):
            return Done(cell, "unscored", {}, "the data has no gold for oracle to answer with; give --labels DIR")
        found = answer(options.model, kind, split, cell.card, options.seed)
    else:
        dev = None
        if cell.card.calibrate:
            dev = split if cell.split == cell.card.calibrate else _split(cell, cell.card.calibrate, options)
        found, number = predict(model, kind, split, cell.card, dev)
    for scope in cell.scopes:
        write_predictions(options.output / "predictions" / scope, kind, cell.card, split, found)
    record = _record(cell, kind, split, found, fields, number)
    if options.log_samples:
        write_atomic(_samples_path(options.output, cell), _samples(kind, split, found, record))
    record["seconds"] = round(time.monotonic() - started, 3)
    write_json_compact(_record_path(options.output, cell), record)
    unscored = record["status"] == "unscored"
    message = "the data has no gold answers; give --labels DIR to score" if unscored else ""
    return Done(cell, str(record["status"]), record, message)


def _record(
    cell: Cell, kind: Any, split: Split[Any], found: Mapping[str, Any], fields: Mapping[str, Any], number: Any
) -> dict[str, Any]:
    print_ = fingerprint(fields)
    options = {**kind.options, **cell.card.options}
    line = signature(
        {
            **fields,
            "suites": cell.scopes,
            "source": split.source,
            "max_length": options.get("max_length"),
            "seed": fields["seed"] if fields["seed"] is not None else 42,
            "fingerprint": print_,
        }
    )
    record: dict[str, Any] = {
        "task": cell.key,
        "language": cell.language,
        "split": cell.split,
        "status": "done",
        "n": len(split.examples),
        "official_n": cell.card.count(cell.split, cell.language),
        "metrics": {},
        "columns": [],
        "rows": [],
        "signature": line,
        "fingerprint": print_,
        "fields": dict(fields),
        "source": split.source,
        "calibration": number,
    }
    if any(kind.gold(e) is None for e in split.examples):
        return {**record, "status": "unscored"}
    metric = METRICS[cell.card.metric]
    scored = score(metric, kind, split, found, line)
    rows = [[int(v) if v == int(v) else v for v in row] for row in scored.rows.tolist()]
    record |= {"metrics": dict(scored.values), "columns": list(metric.columns), "rows": rows}
    if cell.card.parallel:
        record["ids"] = [e.id.removesuffix(f"_{cell.language}") for e in split.examples]
    return record


def _samples(kind: Any, split: Split[Any], found: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """One JSON line an example: input, gold, prediction, statistics."""
    lines = []
    rows = record["rows"] or [None] * len(split.examples)
    for example, row in zip(split.examples, rows, strict=True):
        statistics = dict(zip(record["columns"], row, strict=True)) if row is not None else None
        line = {"id": example.id, "input": asdict(example), "gold": kind.gold(example), "prediction": found[example.id]}
        lines.append(json.dumps({**line, "statistics": statistics}, ensure_ascii=False) + "\n")
    return "".join(lines)


def write_json_compact(path: Path, value: Any) -> None:
    """Write JSON on one line, for files that hold many numbers."""
    write_atomic(path, json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def faults_of(done: Sequence[Done]) -> list[str]:
    """Messages of the cells that failed."""
    return [
        d.message if d.cell.key in d.message else f"{d.cell.name}: {d.message}" for d in done if d.status == "failed"
    ]
