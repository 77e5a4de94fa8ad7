"""Executes a plan cell by cell: keep what is done, save what ends, report what failed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.data.splits import load_split
from xtreme_harness.errors import HubSilent, ModelError, OutputError, XHarnessError
from xtreme_harness.evaluation.saved import cell_signature, data_fields, discard, find_kept, record_path, save
from xtreme_harness.evaluation.selftest import answer
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import Answers, predict
from xtreme_harness.metrics import METRICS
from xtreme_harness.models.checkpoint import (
    Checkpoint,
    content_hash,
    find_checkpoint,
    head_fault,
    label_order,
    require_weights,
    tokenizer_holder,
)
from xtreme_harness.plan.cells import Cell, Plan
from xtreme_harness.plan.options import Options
from xtreme_harness.records import Split
from xtreme_harness.scoring.score import score
from xtreme_harness.signature import VERSION, fingerprint, library_versions
from xtreme_harness.submission.names import file_name, relabelled

__all__ = ["Done", "Setup", "environment", "execute", "prepare", "written_unseen"]

log = logging.getLogger("xtreme_harness")


@dataclass(frozen=True, slots=True)
class Setup:
    """The model that answers a cell."""

    checkpoint: Checkpoint | None  # None: a self-test
    head: str | None = None
    order: tuple[int, ...] = ()
    pooling: Any = None  # models.pooling.Pooling, where head is None
    hash: str = ""

    @property
    def recipe(self) -> str | None:
        """Name of the recipe that the checkpoint was last trained by."""
        last = self.checkpoint.lineage[-1] if self.checkpoint and self.checkpoint.lineage else {}
        return str(last["recipe"]["name"]) if isinstance(last.get("recipe"), dict) else None

    @property
    def seed(self) -> int | None:
        """The seed by which the checkpoint was last trained, where that is known."""
        last = self.checkpoint.lineage[-1] if self.checkpoint and self.checkpoint.lineage else {}
        return last.get("seed")

    @property
    def place(self) -> Path | None:
        """The folder of the checkpoint."""
        return self.checkpoint.path if self.checkpoint else None


@dataclass(frozen=True, slots=True)
class Done:
    """How a cell ended."""

    cell: Cell
    status: str  # "done" | "kept" | "unscored" | "failed"
    record: Mapping[str, Any]  # what cells/<task>/<lang>.json holds; {} when failed
    message: str = ""


def prepare(
    plan: Plan, options: Options, places: Mapping[str, Path] | None = None, without: Collection[str] = ()
) -> dict[str, Setup]:
    """Find the model of every cell, by the name of the cell; small files only.

    Args:
        plan: what is evaluated.
        options: how.
        places: checkpoints that were trained for units of it; None: the model is the user's for all.
        without: units that are left out: they are to be trained first.

    Raises:
        ModelError: every head that is missing and every label set that does not fit, one line each.
    """
    setups: dict[str, Setup] = {}
    faults: list[str] = []
    hashes: dict[Path, str] = {}
    for unit, cells in plan.units().items():
        if unit in without or (places is not None and unit not in places):
            continue
        if options.self_test:
            setups.update({cell.name: Setup(None, hash=options.model) for cell in cells})
            continue
        try:
            if places is not None and unit is not None:
                checkpoint = find_checkpoint(str(places[unit]), None)
            else:
                checkpoint = find_checkpoint(options.model, unit, options.revision)
        except ModelError as error:
            faults.extend(error.faults)
            continue
        try:
            tokenizer_holder(checkpoint)
            if checkpoint.repo is None:  # a Hub model's weights are fetched when they are needed
                require_weights(checkpoint, checkpoint.path)
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


def environment(options: Options) -> dict[str, Any]:
    """The fields of the fingerprint that are the same for all cells: dtype, kind of device, libraries.

    Raises:
        ModelError: for a device that is not there.
    """
    own = {"xtreme-harness": VERSION}
    if options.self_test:
        return {"dtype": None, "device": None, "libraries": own}
    from xtreme_harness.models.load import choose_device, choose_dtype

    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    return {"dtype": dtype, "device": device.type, "libraries": {**own, **library_versions()}}


def execute(
    plan: Plan,
    setups: Mapping[str, Setup],
    options: Options,
    context: Mapping[str, Any],
    tell: Callable[[Done], None] = lambda done: None,
    watch: Callable[[Cell, int], None] = lambda cell, sequences: None,
) -> Iterator[Done]:
    """Evaluate the cells of a plan: first what is kept from an earlier run, then the others, those of a model together.

    Args:
        plan: what to do.
        setups: the model of every cell, by the name of the cell.
        options: how.
        context: what `environment` found.
        tell: called when a cell ends.
        watch: called with the number of sequences done inside a cell.

    Yields:
        every cell as it ends; a fault in one does not stop the others.

    Raises:
        OutputError: when results cannot be written, which ends the run.
        HubSilent: when data must come from a Hub that does not answer, which ends it too.
    """
    left: dict[tuple[Any, ...], list[tuple[Cell, dict[str, Any]]]] = {}
    for cell in plan.cells:
        setup = setups[cell.name]
        done, fields = _looked_up(cell, setup, options, context)
        if done is None:
            left.setdefault((setup.place, setup.head, setup.order, setup.pooling), []).append((cell, fields))
            continue
        tell(done)
        yield done
    for cells in left.values():
        model: Any = None
        for cell, fields in cells:
            model, done = _attempted(cell, setups[cell.name], model, fields, options, watch)
            log.info("%s: %s", cell.name, done.status)
            tell(done)
            yield done


def written_unseen(
    plan: Plan,
    setups: Mapping[str, Setup],
    options: Options,
    context: Mapping[str, Any],
    seen: Collection[Done],
) -> list[Done]:
    """The cells whose files are written, though the run was interrupted before `execute` could yield them."""
    names = {one.cell.name for one in seen}
    there = [cell for cell in plan.cells if cell.name not in names and record_path(options.output, cell).exists()]
    found = [_looked_up(cell, setups[cell.name], options, context)[0] for cell in there if cell.name in setups]
    return [done for done in found if done is not None and done.status == "kept"]


def _setup(cell: Cell, checkpoint: Checkpoint, options: Options) -> Setup:
    from xtreme_harness.models.pooling import choose_pooling

    kind, unit = KINDS[cell.card.kind], cell.unit or cell.card.name
    if kind.head is None:
        chosen = choose_pooling(cell.card, checkpoint, options.layer, options.pooling, options.preset)
        return Setup(checkpoint, None, (), chosen)
    fault = head_fault(checkpoint, kind.head, cell.card.labels, options.keep_head, unit)
    if fault:
        raise ModelError(f"{unit}: {fault}")
    given = options.label_orders.get(unit) or options.label_orders.get(cell.card.name) or ()
    order = (
        label_order(checkpoint, cell.card.labels, cell.card.aliases, cell.card.name, given) if cell.card.labels else ()
    )
    return Setup(checkpoint, kind.head, order)


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
        **context,
    }


def _looked_up(
    cell: Cell, setup: Setup, options: Options, context: Mapping[str, Any]
) -> tuple[Done | None, dict[str, Any]]:
    """The cell as an earlier run left it, if it may be kept; and what it is computed from now."""
    try:
        fields = _fields(cell, setup, options, context)
    except HubSilent:
        raise
    except (XHarnessError, OSError) as error:  # data that went away since the plan was made
        return _failed(cell, error), {}
    kept = None if options.force else find_kept(options.output, cell, fields, options.seed, options.log_samples)
    return (Done(cell, "kept", kept) if kept is not None else None), fields


def _attempted(
    cell: Cell,
    setup: Setup,
    model: Any,
    fields: Mapping[str, Any],
    options: Options,
    watch: Callable[[Cell, int], None],
) -> tuple[Any, Done]:
    """Evaluate one cell, with the model of the cell before it or the fault that kept it from being loaded."""
    if isinstance(model, Exception):
        return model, _failed(cell, model)
    if model is None and setup.checkpoint is not None:
        try:
            model = _load(setup, options)
        except Exception as error:
            return error, _failed(cell, error)
    try:
        discard(options.output, cell)
        if model is not None:
            model.report = lambda sequences: watch(cell, sequences)
        return model, _evaluate(cell, model, fields, options)
    except (OutputError, HubSilent):
        raise
    except Exception as error:
        return model, _failed(cell, error)


def _failed(cell: Cell, error: Exception) -> Done:
    log.info("%s: failed: %s", cell.name, error, exc_info=error)
    if isinstance(error, XHarnessError):
        return Done(cell, "failed", {}, str(error))
    return Done(cell, "failed", {}, f"{type(error).__name__}: {' '.join(str(error).split())}")


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
    if options.labels is None:
        return load_split(cell.card, cell.language, name, located, kind.parse, kind.passage, limit)
    whole = load_split(cell.card, cell.language, name, located, kind.parse, kind.passage)
    split = relabelled(options.labels, kind, cell.card, whole)  # a label file is for all examples
    return replace(split, examples=split.examples[:limit])


def _evaluate(cell: Cell, model: Any, fields: Mapping[str, Any], options: Options) -> Done:
    started = time.monotonic()
    kind, split = KINDS[cell.card.kind], _split(cell, cell.split, options)
    without_gold = any(kind.gold(e) is None for e in split.examples)
    if model is None:
        if options.model == "oracle" and without_gold:
            return Done(
                cell, "unscored", {}, f"the data has no gold for oracle to answer with; {_remedy(cell, options)}"
            )
        answers = Answers(dict(answer(options.model, kind, split, cell.card, options.seed)))
    else:
        dev = None
        if cell.card.calibrate:
            dev = split if cell.split == cell.card.calibrate else _split(cell, cell.card.calibrate, options)
        answers = predict(model, kind, split, cell.card, dev)
    found = answers.found
    record = _record(cell, kind, split, answers, fields)
    record["signature"] = cell_signature(cell, fields, split.source, options.seed)
    samples = _samples(kind, split, found, record) if options.log_samples else None
    record["seconds"] = round(time.monotonic() - started, 3)
    save(options.output, cell, record, kind.dumps(split, found, cell.card), samples)
    message = f"the data has no gold answers to score with; {_remedy(cell, options)}" if without_gold else ""
    return Done(cell, str(record["status"]), record, message)


def _remedy(cell: Cell, options: Options) -> str:
    if options.labels is None:
        return "give --labels DIR"
    return f"{options.labels / file_name(cell.card, cell.split, cell.language)} is not there"


def _record(cell: Cell, kind: Any, split: Split[Any], answers: Answers, fields: Mapping[str, Any]) -> dict[str, Any]:
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
        "signature": "",
        "fingerprint": fingerprint(fields),
        "fields": dict(fields),
        "source": split.source,
        "calibration": answers.number,
        "extras": dict(answers.extras or {}),
    }
    if any(kind.gold(e) is None for e in split.examples):
        return {**record, "status": "unscored"}
    metric = METRICS[cell.card.metric]
    scored = score(metric, kind, split, answers.found)
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
