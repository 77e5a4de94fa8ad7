"""The job that trains a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.jobs import Job, Watch
from xtreme_harness.models.checkpoint import read_checkpoint
from xtreme_harness.plan.stage import Stage, Unit
from xtreme_harness.plan.standing import Trained
from xtreme_harness.training.stage import train_stage

__all__ = ["TrainStage", "training_jobs"]


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
        stage = self.stage
        if self.start is not None:
            stage = stage.starting_from(read_checkpoint(self.start, str(self.start)))
        replace, tracker = self.replace_other, self.tracker
        trained = train_stage(stage, self.folder, replace_other=replace, tracker=tracker, watch=watch)
        watch.ended(stage, trained)
        return trained


def training_jobs(
    unit: Unit, folders: Sequence[Path], *, replace_other: bool = False, tracker: str | None = None
) -> tuple[list[Job], Mapping[str, Sequence[str]]]:
    """The stages of a unit as jobs, each needing the one before.

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
        job = TrainStage(f"train {place}", stage, place, start, replace_other, tracker)
        needs[job.name] = [jobs[-1].name] if jobs else []
        jobs.append(job)
        start = place
    return jobs, needs
