"""The jobs that train a stage: one, or one a trial and one that chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.jobs import Job, Watch
from xtreme_harness.models.checkpoint import read_checkpoint
from xtreme_harness.plan.stage import Stage, Unit
from xtreme_harness.plan.standing import Trained, find_trained
from xtreme_harness.plan.trials import trials_of
from xtreme_harness.training.stage import train_stage
from xtreme_harness.training.trials import choose_trial, run_trial

__all__ = ["ChooseTrial", "RunTrial", "TrainStage", "training_jobs"]


@dataclass(frozen=True, slots=True)
class TrainStage:
    """Train one stage of a unit into a folder."""

    name: str
    stage: Stage
    folder: Path
    start: Path | None = None  # the checkpoint of the stage before; None: the stage's own
    replace_other: bool = False  # train over what another run left
    tracker: str | None = None

    def run(self, watch: Watch) -> Trained:
        """Train it, or keep what is there."""
        stage, replace, tracker = _started(self.stage, self.start), self.replace_other, self.tracker
        trained = train_stage(stage, self.folder, replace_other=replace, tracker=tracker, watch=watch)
        watch.ended(stage, trained)
        return trained


@dataclass(frozen=True, slots=True)
class RunTrial:
    """Train one trial of a stage that is searched, into a folder of its own."""

    name: str
    stage: Stage
    number: int  # of the trial
    folder: Path  # of the stage
    start: Path | None = None
    replace_other: bool = False
    tracker: str | None = None

    def run(self, watch: Watch) -> Trained | None:
        """Train it, or keep what is known; None where it alone has failed."""
        stage = _started(self.stage, self.start)
        if (chosen := find_trained(self.folder, stage.fields)) is not None:
            return chosen
        trial, replace, tracker = trials_of(stage)[self.number], self.replace_other, self.tracker
        trained = run_trial(trial, trial.folder(self.folder), replace_other=replace, tracker=tracker, watch=watch)
        if trained is not None:
            watch.ended(trial.stage, trained)
        return trained


@dataclass(frozen=True, slots=True)
class ChooseTrial:
    """Choose among the trials of a stage, when all are trained."""

    name: str
    stage: Stage
    folder: Path
    start: Path | None = None
    replace_other: bool = False
    tracker: str | None = None

    def run(self, watch: Watch) -> Trained:
        """Make the best one's checkpoint the stage's."""
        stage, replace, tracker = _started(self.stage, self.start), self.replace_other, self.tracker
        trained = choose_trial(stage, self.folder, replace_other=replace, tracker=tracker, watch=watch)
        watch.ended(stage, trained)
        return trained


def training_jobs(
    unit: Unit, folders: Sequence[Path], *, replace_other: bool = False, tracker: str | None = None
) -> tuple[list[Job], Mapping[str, Sequence[str]]]:
    """The stages of a unit as jobs, each needing the one before; of a stage that is searched its trials, then a choice.

    Args:
        unit: what is trained.
        folders: of the stages' checkpoints, one a stage.
        replace_other: train over what another run left.
        tracker: of experiments.

    Returns:
        the jobs in order, and what each needs; the last one's checkpoint is the unit's.
    """
    jobs: list[Job] = []
    needs: dict[str, Sequence[str]] = {}
    start: Path | None = None
    for stage, place in zip(unit.stages, folders, strict=True):
        before, how = [jobs[-1].name] if jobs else [], (start, replace_other, tracker)
        trials: list[Job] = [
            RunTrial(f"train {trial.folder(place)}", stage, number, place, *how)
            for number, trial in enumerate(trials_of(stage))
        ]
        needs.update({trial.name: before for trial in trials})
        own: Job = (
            ChooseTrial(f"choose {place}", stage, place, *how)
            if trials
            else TrainStage(f"train {place}", stage, place, *how)
        )
        needs[own.name] = [trial.name for trial in trials] or before
        jobs += [*trials, own]
        start = place
    return jobs, needs


def _started(stage: Stage, start: Path | None) -> Stage:
    """The stage, from the checkpoint of the one before, which has come about by now."""
    return stage if start is None else stage.starting_from(read_checkpoint(start, str(start)))
