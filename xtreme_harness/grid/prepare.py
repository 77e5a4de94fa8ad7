"""From a grid to its graph: encoders, each trained once, and the runs that start from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Suite
from xtreme_harness.errors import DataError, ModelError, XHarnessError
from xtreme_harness.files.folder import require_output
from xtreme_harness.grid.gain_rows import BASELINE
from xtreme_harness.grid.schema import Base, Grid, Intermediate
from xtreme_harness.jobs import Engine
from xtreme_harness.plan.arguments import require
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.plan.engines import engine_faults, engine_of, patience, require_engine
from xtreme_harness.plan.evaluate import PreparedEvaluation, prepare_evaluation, resolve_evaluation
from xtreme_harness.plan.request import OF_BOTH, EvalRequest, TrainRequest
from xtreme_harness.plan.stage import Unit
from xtreme_harness.plan.standing import require_folders, standing
from xtreme_harness.plan.trackers import require_tracker
from xtreme_harness.plan.train import resolve_training

__all__ = ["Encoder", "GridRequest", "GridRun", "PreparedGrid", "eval_request", "grid_runs", "prepare_grid"]

_ASKED = {
    name: OF_BOTH[name]
    for name in ("output", "force", "tracker", "trust_remote_code", "executor", "workers", "slurm", "wait")
}
WRITTEN = (("encoders", "runs"), ("gains.csv", "gains.json", "log.txt"))  # folders and files of the output


@dataclass(frozen=True, slots=True)
class GridRequest:
    """What `train --grid` is asked."""

    grid: Grid
    output: Path
    force: bool = False  # train over encoders of other settings that the folder holds
    tracker: str | None = None
    trust_remote_code: bool = False  # run code that the bases carry; they need a pinned revision
    executor: str = "local"
    workers: int | None = None
    slurm: tuple[str, ...] = ()
    wait: bool = True

    @property
    def engine(self) -> Engine:
        """Who does the work, and with how much."""
        return engine_of(self)


@dataclass(frozen=True, slots=True)
class Encoder:
    """A phase-1 training."""

    base: Base
    intermediate: Intermediate
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """For people: "xlmr/mnli/seed-1"."""
        return f"{self.base.label}/{self.intermediate.label}/seed-{self.seed}"


@dataclass(frozen=True, slots=True)
class GridRun:
    """An evaluation of all targets, phase 2 inside it, from an encoder or from a base as it is."""

    base: Base
    encoder: Encoder | None  # None: the baseline
    seed: int
    output: Path

    @property
    def intermediate(self) -> str:
        """The name of its intermediate training."""
        return self.encoder.intermediate.label if self.encoder else BASELINE

    @property
    def name(self) -> str:
        """For people: "xlmr/mnli/seed-1"."""
        return f"{self.base.label}/{self.intermediate}/seed-{self.seed}"

    @property
    def model(self) -> str:
        """What is evaluated: a base, or a folder that an encoder will be trained into."""
        return str(self.encoder.folder) if self.encoder else self.base.model


@dataclass(frozen=True, slots=True)
class PreparedGrid:
    """A grid that nothing stands against."""

    request: GridRequest
    runs: tuple[GridRun, ...]
    units: Mapping[Encoder, Unit]  # what trains each encoder
    standing: Mapping[Encoder, str]  # what is there of it: "there", "begun", "to train"
    suites: Mapping[str, Suite]
    evaluations: Mapping[str, PreparedEvaluation]  # the baseline of each base, by its label

    def evaluation(self, run: GridRun) -> PreparedEvaluation:
        """The evaluation of a run; of an encoder, which may be still to be trained, as that of its base."""
        baseline = self.evaluations[run.base.label]
        if run.encoder is not None:
            return baseline.starting_from(run.encoder.folder, run.output, run.seed)
        return baseline.moved(run.output, run.seed)


def prepare_grid(request: GridRequest, *, alone: bool = False) -> PreparedGrid:
    """Find everything that a grid needs, and what is wrong with it, before anything is computed.

    Args:
        request: the grid.
        alone: for one job of it, which looks after its own files: others may be writing theirs.

    Raises:
        DataError: every fault: names, recipes, checkpoints, data, folders that hold another training.
        OutputError: the folder cannot be used.
    """
    grid = request.grid
    require({name: getattr(request, name) for name in _ASKED}, _ASKED)
    if wrong := engine_faults(request):
        raise ModelError(*wrong)
    require_tracker(request.tracker)
    require_engine(request)
    require_output(request.output, *WRITTEN)
    runs = grid_runs(grid, request.output)
    faults: list[str] = []
    resolved: dict[tuple[str, str], Unit] = {}  # seeds differ in nothing that has to be found
    units: dict[Encoder, Unit] = {}
    found: dict[Encoder, str] = {}
    wait = patience(request.engine)
    for encoder in (run.encoder for run in runs if run.encoder):
        where = (encoder.base.label, encoder.intermediate.label)
        if where not in resolved:
            asked = _train_request(request, encoder)
            if (unit := _found(partial(resolve_training, asked), faults)) is None:
                continue
            resolved[where] = unit
        units[encoder] = resolved[where].with_seed(encoder.seed)
        if alone:
            continue
        _found(partial(require_folders, units[encoder], units[encoder].folders(encoder.folder), wait), faults)
        state = _found(partial(standing, units[encoder], encoder.folder, request.force), faults)
        found[encoder] = state or ""
    evaluations: dict[str, PreparedEvaluation] = {}
    for base in grid.bases:
        first = next(run for run in runs if run.base == base and run.encoder is None)
        find = resolve_evaluation if alone else prepare_evaluation
        prepared = _found(partial(find, eval_request(request, first)), faults)
        if prepared is None:
            continue
        evaluations[base.label] = prepared
        for run in runs:
            if run.base == base and run != first and not alone:
                _found(partial(require_output, run.output, *prepared.written()), faults)
    if faults:
        raise DataError(*dict.fromkeys(faults))
    suites = all_cards([Path(place) for place in grid.include]).suites
    return PreparedGrid(request, runs, units, found, suites, evaluations)


def grid_runs(grid: Grid, output: Path) -> tuple[GridRun, ...]:
    """All runs, in an order that makes a whole table early: a seed, a base, the baseline first."""
    found = []
    for seed in grid.seeds:
        for base in grid.bases:
            places = [(one, output / "encoders" / base.label / one.label / f"seed-{seed}") for one in grid.trainings]
            for encoder in (None, *(Encoder(base, one, seed, place) for one, place in places)):
                label = encoder.intermediate.label if encoder else BASELINE
                found.append(GridRun(base, encoder, seed, output / "runs" / base.label / label / f"seed-{seed}"))
    return tuple(found)


def eval_request(request: GridRequest, run: GridRun) -> EvalRequest:
    """The evaluation of a run; every head is trained anew, so that all arms had the same phase 2."""
    grid = request.grid
    return EvalRequest.of(
        run.model,
        grid.targets,
        data=grid.data,
        output=run.output,
        languages=grid.languages,
        split=grid.split,
        include=grid.include,
        seed=run.seed,
        device=grid.device,
        dtype=grid.dtype,
        batch_size=grid.batch_size,
        train="always",
        recipe=grid.recipe,
        settings=(*grid.set, *grid.target_set),
        limit_train=grid.target_limit,
        train_on=grid.train_on,
        select_on=grid.select_on,
        revision=None if run.encoder else run.base.revision,
        trust_remote_code=request.trust_remote_code,
        tracker=request.tracker,
        executor=request.executor,
        workers=request.workers,
        slurm=request.slurm,
        wait=request.wait,
    )


def _train_request(request: GridRequest, encoder: Encoder) -> TrainRequest:
    grid, one = request.grid, encoder.intermediate
    return TrainRequest.of(
        encoder.base.model,
        one.tasks,
        data=grid.data,
        recipe=grid.intermediate_recipe or grid.recipe,
        settings=(*grid.set, *grid.intermediate_set, *one.set),
        include=grid.include,
        limit_train=one.limit,
        mlm=one.mlm,
        mlm_weight=one.mlm_weight,
        translated=one.translated,
        translations_only=one.translations_only,
        sampling=one.sampling,
        seed=encoder.seed,
        dtype=grid.dtype,
        device=grid.device,
        revision=encoder.base.revision,
        trust_remote_code=request.trust_remote_code,
        executor=request.executor,
    )


def _found(find: Callable[[], Any], faults: list[str]) -> Any:
    """What is found; None, and the faults told, where something stands against it."""
    try:
        return find()
    except XHarnessError as error:
        faults += error.faults
        return None
