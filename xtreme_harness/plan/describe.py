"""What a prepared command would do, in words: `--dry-run`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xtreme_harness.data.trained_on import ENGLISH, TARGET
from xtreme_harness.errors import DataError, HubSilent, XHarnessError
from xtreme_harness.files.shown import some
from xtreme_harness.jobs import Failure, all_failed
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import Cell, Missing
from xtreme_harness.plan.estimate import CellFault, Found, Work, estimate, spoken
from xtreme_harness.plan.evaluate import PreparedEvaluation
from xtreme_harness.plan.setups import Setup
from xtreme_harness.plan.stage import Stage, StageTask, Unit
from xtreme_harness.plan.train import PreparedTraining
from xtreme_harness.plan.training_work import TrainingWork, training_work
from xtreme_harness.plan.trials import trials_of
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["describe_evaluation", "describe_series", "describe_training", "language_lines", "missing_lines"]

_UNITS = 12  # that the summary names


def describe_evaluation(prepared: PreparedEvaluation, found: Found | None = None) -> str:
    """The units that are trained, the cells that are evaluated, with a rough estimate of the work.

    Args:
        prepared: the evaluation.
        found: of the command, whose data may be known already.

    Raises:
        DataError: no cell has data that can be read; what the run would end with.
    """
    plan, options, units = prepared.plan, prepared.options, prepared.units
    rows: list[list[Any]] = []
    works: list[Work] = []
    faults: list[CellFault] = []
    for (key, *_), cells in _alike(prepared).items():
        unit = units.get(cells[0].unit or "")
        setup = prepared.setups.get(cells[0].name) or Setup(unit.checkpoint if unit else None)
        config = setup.checkpoint.config if setup.checkpoint else None
        work = estimate(cells, config, options.limit, options.estimated, found)
        works.append(work)
        faults += work.faults
        counts = [f"{n:,}" if n is not None else "" for n in (work.examples, work.tokens)]
        languages = " ".join(cell.language for cell in cells)
        rows.append([key, len(cells), languages, *counts, *_model(prepared, cells[0]), cells[0].located.origin])
    table, untrained = _stage_table(units, found)
    said: dict[str, tuple[str, ...]] = {name: (why,) for name, why in prepared.refused.items()}
    said |= {fault.cell: fault.error.faults for fault in faults}
    for cell in plan.cells:
        if cell.unit in untrained:
            said[cell.name] = (f"training failed: {' '.join(' '.join(untrained[cell.unit]).split())}",)
    if len(said) == len(plan.cells):
        raise DataError(*dict.fromkeys(line for cell in plan.cells for line in said[cell.name]))
    headers = ["task", "cells", "languages", "examples", "tokens (roughly)", "checkpoint", "read by", "data"]
    stages = [table, *language_lines(units.values()), ""] if units else []
    failing = [f"failed: {name}: {line}" for name, lines in said.items() for line in lines]
    own = [_summary(prepared, works), *missing_lines(plan.missing), *failing]
    return "\n".join([*stages, pipe_table(rows, headers), "", *own])


def describe_training(prepared: PreparedTraining, found: Found | None = None) -> str:
    """The stages that are trained, with a rough estimate of the work.

    Raises:
        DataError: every fault of the data, where they lie on this machine; what the run would end with.
    """
    unit = prepared.unit
    table, untrained = _stage_table({unit.name: unit}, found)
    if untrained:
        raise DataError(*untrained[unit.name])
    return "\n".join([table, *language_lines([unit]), "", f"from {unit.checkpoint.name}; nothing was trained"])


def describe_series(members: Mapping[str, PreparedEvaluation | Failure], found: Found | None = None) -> str:
    """The checkpoints of a series, and what the evaluation of the first that can be evaluated would do.

    Args:
        members: by name, as `PreparedSeries.evaluations` has them.
        found: of the command, whose data may be known already.

    Raises:
        XHarnessError: none of them can be evaluated; what the run would end with.
    """
    failed = {name: one for name, one in members.items() if isinstance(one, Failure)}
    if len(failed) == len(members):
        raise all_failed(failed.values())
    first = next(one for one in members.values() if not isinstance(one, Failure))
    lines = [f"failed: {name}: {line}" for name, one in failed.items() for line in one.message.splitlines()]
    said = f"{len(members)} checkpoints: {', '.join(members)}; the first of them:"
    return "\n".join([said, "", describe_evaluation(first, found), *lines])


def language_lines(units: Iterable[Unit]) -> list[str]:
    """One line a training set that joins languages, or was asked to: which they are."""
    sets = {(stage.name, task.name): task.data.trained for one in units for stage in one.stages for task in stage.tasks}
    return [
        f"{stage}: trained on {len(one.languages)} of the languages of {task}: {' '.join(one.languages)}"
        for (stage, task), one in sets.items()
        if one.train_on not in (ENGLISH, TARGET)
    ]


def missing_lines(missing: Iterable[Missing]) -> list[str]:
    """One line a task and reason, languages listed."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in missing:
        grouped.setdefault((one.key, one.reason), []).append(one.language)
    return [f"missing: {key} {' '.join(codes)}: {reason}" for (key, reason), codes in grouped.items()]


def _alike(prepared: PreparedEvaluation) -> dict[tuple[str, str, str], list[Cell]]:
    """The cells that are computed, by task and by the model that answers them."""
    found: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in prepared.plan.cells:
        if cell.name not in prepared.refused:
            found.setdefault((cell.key, *_model(prepared, cell)), []).append(cell)
    return found


def _model(prepared: PreparedEvaluation, cell: Cell) -> tuple[str, str]:
    """The checkpoint that answers a cell, and how it is read."""
    if cell.unit in prepared.units:
        head = KINDS[cell.card.kind].head
        return f"{prepared.output}/models/{cell.unit}", head or "sentence vectors"
    setup = prepared.setups[cell.name]
    name = setup.checkpoint.name if setup.checkpoint else prepared.request.model
    return name, setup.head or (f"layer {setup.pooling.layer}, {setup.pooling.mode}" if setup.pooling else "self-test")


def _summary(prepared: PreparedEvaluation, works: Sequence[Work]) -> str:
    known = [work.seconds for work in works if work.seconds is not None]
    time = f"; {spoken(sum(known))} of compute" if known and len(known) == len(works) else ""
    limit, units = prepared.options.limit, prepared.units
    limited = f", LIMITED to {limit} examples each" if limit else ""
    training = f"; trains {some(units, _UNITS)} first" if units else "; nothing will be trained"
    return f"{len(prepared.plan.cells)} cells{limited} -> {prepared.output}{training}{time}"


def _stage_table(units: Mapping[str, Unit], found: Found | None) -> tuple[str, dict[str | None, tuple[str, ...]]]:
    """The stages in the order in which they run, one line a task, and the units whose data cannot be read.

    Stages that units share stand once; of a stage that is searched every trial.
    """
    stages: dict[str, Stage] = {}
    rows: list[list[Any]] = []
    untrained: dict[str | None, tuple[str, ...]] = {}
    for name, unit in units.items():
        for stage in unit.stages:
            if stage.name in stages:
                continue
            stages[stage.name] = stage
            trials = [(trial.stage, f" {trial.name}") for trial in trials_of(stage)]
            for one, said in trials or [(stage, "")]:
                for task in one.tasks:
                    try:
                        work = training_work(one, task, found)
                    except HubSilent:
                        raise
                    except XHarnessError as error:
                        untrained.setdefault(name, error.faults)
                        work = TrainingWork(None, None, None)
                    rows.append(_stage_row(one, task, work, said))
    return pipe_table(rows, ["training", "stage", "examples", "steps", "recipe", "data", "time"]), untrained


def _stage_row(stage: Stage, task: StageTask, work: TrainingWork, tried: str) -> list[Any]:
    count = f"{work.examples:,}" if work.examples is not None else ""
    steps = f"{work.steps:,}" if work.steps is not None else ""
    time = spoken(work.seconds) if work.seconds is not None else ""
    own = task.data.trained.suffix + tried
    recipe = f"{stage.recipe.name}, frozen encoder" if stage.hyper.freeze_encoder else stage.recipe.name
    return [task.name + own, stage.level, count, steps, recipe, work.origin, time]
