"""Executes a plan cell by cell: keep what is done, save what ends, report what failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from xtreme_harness.errors import HubSilent, ModelError, OutputError
from xtreme_harness.evaluation.cell import Done, evaluate_cell, failed, looked_up
from xtreme_harness.evaluation.saved import discard, record_path
from xtreme_harness.plan.cells import Cell, Plan
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.setups import Setup

__all__ = ["execute", "written_unseen"]

log = logging.getLogger("xtreme_harness")


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
        done, fields = looked_up(cell, setup, options, context)
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
    found = [looked_up(cell, setups[cell.name], options, context)[0] for cell in there if cell.name in setups]
    return [done for done in found if done is not None and done.status == "kept"]


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
        return model, failed(cell, model)
    if model is None and setup.checkpoint is not None:
        try:
            model = _load(setup, options)
        except Exception as error:
            return error, failed(cell, error)
    try:
        discard(options.output, cell)
        if model is not None:
            model.report = lambda sequences: watch(cell, sequences)
        return model, evaluate_cell(cell, model, fields, options)
    except (OutputError, HubSilent):
        raise
    except Exception as error:
        return model, failed(cell, error)


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
