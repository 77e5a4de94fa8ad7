"""How much work a training is: examples, steps, seconds. Data on disk is read for it, weights are not."""

from __future__ import annotations

from dataclasses import dataclass

from xtreme_harness.data.sources import FilesFound
from xtreme_harness.errors import XHarnessError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.estimate import BYTES_A_TOKEN, Found, seconds_for, text_bytes
from xtreme_harness.plan.mixture import Source, require_steps, steps_of
from xtreme_harness.plan.stage import Stage, StageTask, Unit
from xtreme_harness.plan.trials import trials_of

__all__ = ["TrainingWork", "stage_work", "training_work", "unit_work"]


@dataclass(frozen=True, slots=True)
class TrainingWork:
    """What training takes; None where it cannot be told."""

    examples: int | None
    steps: int | None
    seconds: float | None  # roughly
    origin: str = ""  # where the data come from
    tokens: int | None = None  # that are read, roughly


def training_work(stage: Stage, task: StageTask, found: Found | None = None) -> TrainingWork:
    """Estimate the training of one task of a stage: two thirds of it is the way back through the network.

    A frozen encoder reads every example once, and has no way back.

    Args:
        stage: what is trained.
        task: one of its tasks.
        found: of the command, whose data may be known already.

    Raises:
        DataError: every fault of its data, where they lie on this machine.
        CardError: there are more optimiser steps than a run can have.
    """
    hyper, located = task.hyper, task.data.train
    origin = "+".join(dict.fromkeys(one.origin for one in located))
    name = ("training", task.name, tuple(task.data.by_language))
    counts, size = (found or Found()).get(name, lambda: _sizes(task))
    known = [count for count in counts if count]
    if not known or len(known) < len(counts):
        return TrainingWork(None, None, None, origin)
    examples = sum(known)
    used = sum(min(count, stage.manner.limit or count) for count in known)
    source = Source(task.name, used, hyper.batch_size, hyper.epochs)
    steps = steps_of([source], stage.recipe.mixture.cap if len(stage.tasks) > 1 else None, hyper.max_steps)
    require_steps(steps, [task.name])
    each = size / examples / BYTES_A_TOKEN if size else int(task.card.options.get("max_length") or 0) / 2
    seen, passes = steps * hyper.batch_size, 3
    if stage.hyper.freeze_encoder:
        seen, passes = min(seen, used), 1
    tokens = seen * each
    seconds = seconds_for(stage.checkpoint.config, passes * tokens, stage.manner.estimated) if tokens else None
    return TrainingWork(used, steps, seconds, origin, int(tokens) or None)


def _sizes(task: StageTask) -> tuple[list[int | None], int]:
    """Examples of every language, and bytes of all texts, 0 where they are not on this machine."""
    if not all(isinstance(one, FilesFound) for one in task.data.train):
        return [task.data.card.count("train", code) for code in task.data.by_language], 0
    kind = KINDS[task.card.kind]
    splits = task.data.load_each(kind).values()
    return [len(split.examples) for split in splits], sum(text_bytes(kind, split.examples) for split in splits)


def unit_work(unit: Unit, found: Found | None = None) -> TrainingWork:
    """Estimate the training of a whole unit; nothing can be told of one whose data cannot be read.

    Of a search the steps and seconds of all trials; their examples are the same.
    """
    try:
        trained = [[stage_work(one, found) for one in _trained(stage)] for stage in unit.stages]
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


def stage_work(stage: Stage, found: Found | None = None) -> TrainingWork:
    """Estimate the training of one stage, whose tasks share its steps; see `training_work`."""
    works = [training_work(stage, task, found) for task in stage.tasks]
    if any(work.examples is None or work.steps is None for work in works):
        return TrainingWork(None, None, None)
    examples, steps = sum(work.examples or 0 for work in works), sum(work.steps or 0 for work in works)
    most = stage.hyper.max_steps if len(stage.tasks) > 1 else None  # of all tasks together
    share = min(1.0, most / steps) if most else 1.0
    known = all(work.tokens for work in works)
    tokens = int(share * sum(work.tokens or 0 for work in works)) if known else None
    seconds = share * sum(work.seconds or 0 for work in works)
    return TrainingWork(examples, round(steps * share), seconds, tokens=tokens)
