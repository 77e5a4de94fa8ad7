"""From a grid to its graph: encoders, each trained once, and the runs that start from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError, OutputError, XHarnessError
from xtreme_harness.evaluation.evaluate import plan_evaluation
from xtreme_harness.grid.gain_rows import BASELINE
from xtreme_harness.grid.schema import Base, Grid, Intermediate
from xtreme_harness.plan.options import Options
from xtreme_harness.training.stage import Stage, fields_of, refuse_other
from xtreme_harness.training.stages import require_training
from xtreme_harness.training.train import missing_units, plan_training
from xtreme_harness.training.units import stages_of

__all__ = [
    "Encoder",
    "Run",
    "encoder_stage",
    "evaluation_arguments",
    "grid_runs",
    "require_grid",
    "standing",
    "training_arguments",
]


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
class Run:
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


def grid_runs(grid: Grid, output: Path) -> tuple[Run, ...]:
    """All runs, in an order that makes a whole table early: a seed, a base, the baseline first."""
    found = []
    for seed in grid.seeds:
        for base in grid.bases:
            places = [(one, output / "encoders" / base.label / one.label / f"seed-{seed}") for one in grid.trainings]
            for encoder in (None, *(Encoder(base, one, seed, place) for one, place in places)):
                label = encoder.intermediate.label if encoder else BASELINE
                found.append(Run(base, encoder, seed, output / "runs" / base.label / label / f"seed-{seed}"))
    return tuple(found)


def training_arguments(grid: Grid, encoder: Encoder, trust: bool = False) -> dict[str, Any]:
    """The arguments of `train`, besides the model, the tasks and the output."""
    one = encoder.intermediate
    return {
        "data": grid.data,
        "recipe": grid.intermediate_recipe or grid.recipe,
        "settings": (*grid.set, *grid.intermediate_set, *one.set),
        "include": grid.include,
        "limit_train": one.limit,
        "mlm": one.mlm,
        "mlm_weight": one.mlm_weight,
        "translated": one.translated,
        "translations_only": one.translations_only,
        "sampling": one.sampling,
        "seed": encoder.seed,
        "dtype": grid.dtype,
        "device": grid.device,
        "revision": encoder.base.revision,
        "trust_remote_code": trust,
    }


def encoder_stage(grid: Grid, encoder: Encoder, trust: bool = False) -> Stage:
    """What trains an encoder, without loading weights."""
    return plan_training(encoder.base.model, encoder.intermediate.tasks, **training_arguments(grid, encoder, trust))


def standing(stage: Stage, folder: Path, force: bool = False) -> str:
    """What a folder holds of an encoder: "there", "begun", "to train".

    Raises:
        OutputError: another training, unless `force` says that it may be trained over.
    """
    chained = len(stages_of(stage)) > 1  # its last stage starts from the one before, not from the base
    try:
        refuse_other(folder, fields_of(stage) if folder.is_dir() else {}, besides=("base",) if chained else ())
    except OutputError:
        if not force:
            raise
        return "to train"
    if (folder / "xharness.json").is_file():
        return "there"
    return "begun" if (folder / "training").is_dir() else "to train"


def require_grid(grid: Grid, runs: tuple[Run, ...], force: bool = False, trust: bool = False) -> dict[Encoder, str]:
    """Find what is wrong with a grid before anything is computed.

    Returns:
        what is there of every encoder already.

    Raises:
        DataError: every fault: names, recipes, checkpoints, data, folders that hold another training.
    """
    faults: list[str] = []
    found: dict[Encoder, str] = {}
    stages: dict[tuple[str, str], Stage] = {}
    for encoder in (run.encoder for run in runs if run.encoder):
        where = (encoder.base.label, encoder.intermediate.label)
        try:
            if where not in stages:
                stages[where] = encoder_stage(grid, encoder, trust)
                for part in stages_of(stages[where]):
                    require_training(part)
            found[encoder] = standing(replace(stages[where], seed=encoder.seed), encoder.folder, force)
        except XHarnessError as error:
            faults += error.faults
    for base in grid.bases:
        try:
            _require_targets(grid, base, trust)
        except XHarnessError as error:
            faults += error.faults
    if faults:
        raise DataError(*dict.fromkeys(faults))
    return found


def _require_targets(grid: Grid, base: Base, trust: bool) -> None:
    """Refuse targets that cannot be trained or evaluated."""
    cards, plan = plan_evaluation(grid.targets, grid.data, grid.languages, grid.split, grid.include)
    arguments: Mapping[str, Any] = evaluation_arguments(grid, grid.seeds[0], trust)
    missing_units(plan, cards, Options(base.model, Path(), revision=base.revision, **arguments))


def evaluation_arguments(grid: Grid, seed: int, trust: bool = False) -> dict[str, Any]:
    """The fields of `Options` that a grid says; every head is trained anew, so that all arms had the same phase 2."""
    return {
        "seed": seed,
        "device": grid.device,
        "dtype": grid.dtype,
        "batch_size": grid.batch_size,
        "train": "always",
        "recipe": grid.recipe,
        "settings": (*grid.set, *grid.target_set),
        "limit_train": grid.target_limit,
        "trust_remote_code": trust,
    }
