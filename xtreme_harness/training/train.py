"""`train`: intermediate training, or an English target stage alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.jobs import SILENT, Graph, Watch, execute, joined, only_driver, results
from xtreme_harness.plan.arguments import WATCH, require
from xtreme_harness.plan.request import TrainRequest
from xtreme_harness.plan.standing import Trained
from xtreme_harness.plan.train import PreparedTraining, prepare_training
from xtreme_harness.training.job import training_graph

__all__ = ["graphs_of", "run_training", "train"]


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


def graphs_of(prepared: PreparedTraining) -> list[Graph]:
    """The jobs of a training, a graph a seed."""
    request = prepared.request
    return [
        training_graph(unit, unit.folders(folder), replace_other=request.force, tracker=request.tracker)
        for unit, folder in prepared.runs()
    ]


def run_training(prepared: PreparedTraining, watch: Watch = SILENT) -> list[Trained]:
    """Carry out a training that was prepared.

    Raises:
        XHarnessError: what the first stage that failed raised.
        OutputError: another command has this training done by others.
        Submitted: the jobs go on without this process.
    """
    request, graphs = prepared.request, graphs_of(prepared)
    with only_driver(request.engine, prepared.output):
        ended = {one.job.name: one for one in execute(joined(graphs), request.engine, prepared.output, watch)}
    results(ended.values())
    return [ended[graph.jobs[-1].name].left for graph in graphs]
