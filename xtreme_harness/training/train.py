"""`train`: intermediate training, or an English target stage alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.jobs import EXECUTORS, SILENT, Watch, results
from xtreme_harness.plan.arguments import WATCH, require
from xtreme_harness.plan.request import TrainRequest
from xtreme_harness.plan.stage import Unit
from xtreme_harness.plan.standing import Trained
from xtreme_harness.plan.train import PreparedTraining, prepare_training
from xtreme_harness.training.job import training_jobs

__all__ = ["run_training", "train", "train_unit"]


def train(model: str | Path, tasks: str | Sequence[str], *, watch: Watch = SILENT, **options: Any) -> list[Trained]:
    """Train one task, or several at once, and leave a checkpoint that plain transformers loads.

    Args:
        model: checkpoint folder, Hub id or adapter folder; its encoder is trained, with new heads.
        tasks: cards, groups or globs; a target stands for its English training set.
        watch: who is told how it goes.
        options: the other fields of `TrainRequest`: data, recipe, settings ("lr=1e-5" each), output, seeds, mlm ...

    Returns:
        the checkpoint, or one a seed.

    Raises:
        XHarnessError: in one line a fault; what was saved before is intact.
    """
    require({"watch": watch}, WATCH)
    return run_training(prepare_training(TrainRequest.of(model, tasks, **options)), watch)


def run_training(prepared: PreparedTraining, watch: Watch = SILENT) -> list[Trained]:
    """Carry out a training that was prepared."""
    request = prepared.request
    return [
        train_unit(unit, folder, watch, executor=request.executor, replace_other=request.force, tracker=request.tracker)
        for unit, folder in prepared.runs()
    ]


def train_unit(
    unit: Unit, folder: Path, watch: Watch, *, executor: str, replace_other: bool, tracker: str | None
) -> Trained:
    """Train every stage of a unit, each from the checkpoint of the one before.

    Args:
        unit: what is trained.
        folder: of its checkpoint; those of earlier stages lie in `stages/` inside it.
        watch: who is told.
        executor: a key of EXECUTORS.
        replace_other: train over what another run left.
        tracker: of experiments.

    Returns:
        the last stage's checkpoint.
    """
    jobs, needs = training_jobs(unit, unit.folders(folder), replace_other=replace_other, tracker=tracker)
    *_, last = results(EXECUTORS[executor](jobs, needs, watch))
    trained: Trained = last
    return trained
