"""A graph of jobs with what each of them takes, roughly; data on disk is read for it, weights are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.errors import HubSilent, XHarnessError
from xtreme_harness.evaluation.driver import Run
from xtreme_harness.evaluation.job import EvaluateCells
from xtreme_harness.jobs import Engine, Graph, Job, joined
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.estimate import Found, estimate
from xtreme_harness.plan.evaluate import PreparedEvaluation
from xtreme_harness.plan.paths import NOTES, record_path
from xtreme_harness.plan.stage import Stage
from xtreme_harness.plan.train import PreparedTraining
from xtreme_harness.plan.training_work import stage_work
from xtreme_harness.plan.trials import TRIAL_NOTES, trials_of
from xtreme_harness.training.job import ChooseTrial, RunTrial, TrainStage
from xtreme_harness.training.train import graphs_of

__all__ = ["CHOOSE", "EVALUATE", "TRAIN", "Cost", "Weighed", "weigh_runs", "weigh_training"]

TRAIN, CHOOSE, EVALUATE = "train", "choose", "evaluate"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job does, and how much work that is, roughly; None where it cannot be told."""

    does: str
    label: str  # its name for people: paths as below the output folder
    run: Path  # the output folder of the run that it belongs to
    outputs: tuple[Path, ...]  # files that are there when it has ended well
    cells: tuple[Cell, ...] = ()
    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """A graph, and what each of its jobs takes."""

    graph: Graph
    costs: Mapping[str, Cost]  # by the name of the job
    output: Path  # of the whole
    engine: Engine

    @property
    def untold(self) -> int:
        """Jobs of which no time can be told."""
        return sum(cost.seconds is None for cost in self.costs.values())

    @property
    def seconds(self) -> float | None:
        """Of all jobs; None where those of one cannot be told."""
        return None if self.untold else sum(cost.seconds or 0.0 for cost in self.costs.values())

    @property
    def takes(self) -> dict[str, float]:
        """Name of a job -> its seconds; where one's cannot be told, 1 of every job."""
        return {name: 1.0 if self.untold else cost.seconds or 0.0 for name, cost in self.costs.items()}


def weigh_runs(runs: Sequence[Run], output: Path, found: Found, workers: int | None = None) -> Weighed:
    """Weigh the graph of some evaluations.

    Args:
        runs: as they are carried out.
        output: of the whole.
        found: of the command, whose data may be known already.
        workers: in how many pieces cells are cut, in place of what the runs say.

    Raises:
        HubSilent: the sizes come from a Hub that does not answer.
    """
    graphs, costs = [], {}
    for run in runs:
        if workers is not None:
            request = replace(run.prepared.request, workers=workers)
            run = replace(run, prepared=replace(run.prepared, request=request))
        graphs += [run.before, run.graph()]
        for graph, where in zip(graphs[-2:], (output, run.prepared.output), strict=True):
            new = [job for job in graph.jobs if job.name not in costs]
            costs.update({job.name: _cost(job, where, output, found, run.prepared) for job in new})
    return Weighed(joined(graphs), costs, output, runs[0].prepared.request.engine if runs else Engine())


def weigh_training(prepared: PreparedTraining, found: Found) -> Weighed:
    """Weigh the graph of a training; see `weigh_runs`."""
    graphs = graphs_of(prepared)
    places = [folder for _, folder in prepared.runs()]
    costs = {
        job.name: _cost(job, place, prepared.output, found)
        for graph, place in zip(graphs, places, strict=True)
        for job in graph.jobs
    }
    return Weighed(joined(graphs), costs, prepared.output, prepared.request.engine)


def _cost(job: Job, run: Path, output: Path, found: Found, prepared: PreparedEvaluation | None = None) -> Cost:
    if isinstance(job, EvaluateCells) and prepared is not None:
        outputs = tuple(record_path(job.home, cell) for cell in job.cells)
        config, options = _config(job.cells[0], prepared), job.options
        read = estimate(job.cells, config, options.limit, options.estimated, found)
        return Cost(EVALUATE, job.name, run, outputs, job.cells, read.tokens, read.seconds)
    if isinstance(job, RunTrial):
        trial = trials_of(job.stage)[job.number]
        place = trial.folder(job.folder)
        work = _trained(trial.stage, found)
        return Cost(TRAIN, _label(TRAIN, place, output, trial.name), run, (place / TRIAL_NOTES,), (), *work)
    if isinstance(job, ChooseTrial):
        return Cost(CHOOSE, _label(CHOOSE, job.folder, output, job.stage.name), run, (job.folder / NOTES,), (), 0, 0.0)
    assert isinstance(job, TrainStage)
    work = _trained(job.stage, found)
    return Cost(TRAIN, _label(TRAIN, job.folder, output, job.stage.name), run, (job.folder / NOTES,), (), *work)


def _config(cell: Cell, prepared: PreparedEvaluation) -> Mapping[str, Any] | None:
    """The configuration of the network that answers a cell; None of a self-test."""
    if cell.unit in prepared.units:
        return prepared.units[cell.unit or ""].checkpoint.config
    checkpoint = prepared.setups[cell.name].checkpoint
    return checkpoint.config if checkpoint else None


def _trained(stage: Stage, found: Found) -> tuple[int | None, float | None]:
    """Tokens and seconds of a training; None where its data cannot be read."""
    try:
        work = stage_work(stage, found)
    except HubSilent:
        raise
    except XHarnessError:
        return None, None
    return work.tokens, work.seconds


def _label(does: str, place: Path, output: Path, name: str) -> str:
    """What is trained, by its folder below the output, or by its name where that is the output itself."""
    below = place.relative_to(output).as_posix() if place.is_relative_to(output) else "."
    return f"{does} {name if below == '.' else below}"
