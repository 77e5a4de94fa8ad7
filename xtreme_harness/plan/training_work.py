"""How much work a training is: examples, steps, seconds. Data on disk is read for it, weights are not."""

from __future__ import annotations

from dataclasses import dataclass

from xtreme_harness.data.sources import FilesFound
from xtreme_harness.errors import XHarnessError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.estimate import BYTES_A_TOKEN, seconds_for, text_bytes
from xtreme_harness.plan.mixture import Source, require_steps, steps_of
from xtreme_harness.plan.stage import Stage, StageTask, Unit
from xtreme_harness.plan.trials import trials_of

__all__ = ["TrainingWork", "training_work", "unit_work"]


@dataclass(frozen=True, slots=True)
class TrainingWork:
    """What training takes; None where it cannot be told."""

    examples: int | None
    steps: int | None
    seconds: float | None  # roughly
    origin: str = ""  # where the data come from


def training_work(stage: Stage, task: StageTask) -> TrainingWork:
    """Estimate the training of one task of a stage: two thirds of it is the way back through the network.

    A frozen encoder reads every example once, and has no way back.

    Raises:
        DataError: every fault of its data, where they lie on this machine.
        CardError: there are more optimiser steps than a run can have.
    """
    hyper, located = task.hyper, task.data.train
    origin = "+".join(dict.fromkeys(one.origin for one in located))
    counts = [task.data.card.count("train", code) for code in task.data.by_language]
    size = 0
    if all(isinstance(one, FilesFound) for one in located):
        kind = KINDS[task.card.kind]
        splits = task.data.load_each(kind).values()
        counts = [len(split.examples) for split in splits]
        size = sum(text_bytes(kind, split.examples) for split in splits)
    known = [count for count in counts if count]
    if not known or len(known) < len(counts):
        return TrainingWork(None, None, None, origin)
    examples = sum(known)
    used = sum(min(count, stage.manner.limit or count) for count in known)
    source = Source(task.name, used, hyper.batch_size, hyper.epochs)
    steps = steps_of([source], stage.recipe.mixture.cap if len(stage.tasks) > 1 else None, hyper.max_steps)
    require_steps(steps, [task.name])
    each = size / examples / BYTES_A_TOKEN if size else int(task.card.options.get("max_length") or 0) / 2
    seen = steps * hyper.batch_size
    tokens = (min(seen, used) if stage.hyper.freeze_encoder else 3 * seen) * each
    seconds = seconds_for(stage.checkpoint.config, tokens, stage.manner.estimated) if tokens else None
    return TrainingWork(used, steps, seconds, origin)


def unit_work(unit: Unit) -> TrainingWork:
    """Estimate the training of a whole unit; nothing can be told of one whose data cannot be read.

    Of a search the steps and seconds of all trials; their examples are the same.
    """
    try:
        trained = [[_stage_work(one) for one in _trained(stage)] for stage in unit.stages]
    except XHarnessError:
        return TrainingWork(None, None, None)
    works = [work for trials in trained for work in trials]
    if any(work.examples is None or work.steps is None for work in works):
        return TrainingWork(None, None, None)
    examples = sum(trials[0].examples or 0 for trials in trained)
    return TrainingWork(examples, sum(work.steps or 0 for work in works), sum(work.seconds or 0 for work in works))


def _trained(stage: Stage) -> list[Stage]:
    """What is trained for a stage: itself, or its trials."""
    return [trial.stage for trial in trials_of(stage)] or [stage]


def _stage_work(stage: Stage) -> TrainingWork:
    """Estimate the training of one stage, whose tasks share its steps."""
    works = [training_work(stage, task) for task in stage.tasks]
    if any(work.examples is None or work.steps is None for work in works):
        return TrainingWork(None, None, None)
    examples, steps = sum(work.examples or 0 for work in works), sum(work.steps or 0 for work in works)
    most = stage.hyper.max_steps if len(stage.tasks) > 1 else None  # of all tasks together
    share = min(1.0, most / steps) if most else 1.0
    return TrainingWork(examples, round(steps * share), share * sum(work.seconds or 0 for work in works))
