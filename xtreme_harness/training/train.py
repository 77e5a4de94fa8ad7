"""`train`: intermediate training, or an English target stage alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.jobs import EXECUTORS, SILENT, Watch, results
from xtreme_harness.plan.request import TrainRequest
from xtreme_harness.plan.standing import Trained
from xtreme_harness.plan.train import PreparedTraining, prepare_training
from xtreme_harness.training.job import training_jobs

__all__ = ["run_training", "train"]


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
    return run_training(prepare_training(TrainRequest.of(model, tasks, **options)), watch)


def run_training(prepared: PreparedTraining, watch: Watch = SILENT) -> list[Trained]:
    """Carry out a training that was prepared."""
    request = prepared.request
    found = []
    for unit, folder in prepared.runs():
        jobs, needs = training_jobs(
            unit, unit.folders(folder, folder / "stages"), replace_other=request.force, tracker=request.tracker
        )
        *_, last = results(EXECUTORS[request.executor](jobs, needs, watch))
        found.append(last)
    return found
