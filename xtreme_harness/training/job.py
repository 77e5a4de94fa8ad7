"""The jobs that train a stage: one, or one a trial and one that chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.jobs import Graph, Job, Watch
from xtreme_harness.models.checkpoint import read_checkpoint
from xtreme_harness.plan.fetching import Fetch, of_stage
from xtreme_harness.plan.paths import NOTES
from xtreme_harness.plan.stage import Stage, Unit
from xtreme_harness.plan.standing import Trained, find_trained, find_trial
from xtreme_harness.plan.trials import Trial, trials_of
from xtreme_harness.training.stage import train_stage
from xtreme_harness.training.trials import choose_trial, run_trial

__all__ = ["ChooseTrial", "RunTrial", "TrainStage", "training_graph"]


@dataclass(frozen=True, slots=True)
class _Training:
    """What the jobs that train have in common; inherited, so that what they say is said alike."""

    name: str
    stage: Stage
    folder: Path  # of the stage
    start: Path | None = None  # the checkpoint of the stage before; None: the stage's own
    replace_other: bool = False  # train over what another run left
    tracker: str | None = None
    home: Path | None = None

    @property
    def on_device(self) -> bool:
        """Training computes."""
        return True

    @property
    def here(self) -> Stage:
        """The stage as it is trained on this machine, from the checkpoint of the one before, which is there by now."""
        return self._begun(self.stage.here())

    def settled(self) -> Trained | None:
        """The stage's checkpoint, where it is there already."""
        return find_trained(self.folder, self._begun(self.stage).fields) if (self.folder / NOTES).is_file() else None

    def _begun(self, stage: Stage) -> Stage:
        return stage if self.start is None else stage.starting_from(read_checkpoint(self.start, str(self.start)))

    def sources(self) -> Mapping[str, Fetch]:
        """Data, and the weights that it starts from, where they are on the Hub."""
        return of_stage(self.stage)

    def speaker(self, say: Callable[[dict[str, Any]], None]) -> Watch:
        """Say that it begins, how far it is, that it ended."""
        return Watch(
            started=lambda stage, folder: say({"started": str(folder), "from": stage.checkpoint.name}),
            event=lambda name, event: say({"event": dict(event)}),
            ended=lambda stage, trained: say({"ended": trained.kept}),
        )

    def hear(self, said: dict[str, Any], watch: Watch) -> None:
        """Tell a watch the same."""
        stage, place = self._told_of()
        if "started" in said:
            start = replace(stage.checkpoint, name=str(said.get("from")))
            watch.started(replace(stage, checkpoint=start), Path(str(said["started"])))
        elif isinstance(said.get("event"), dict):
            watch.event(stage.name, said["event"])
        elif "ended" in said:
            with suppress(OutputError):  # it may have gone since: of a trial that was not chosen
                watch.ended(stage, replace(Trained.at(place), kept=bool(said["ended"])))

    def told(self, left: Trained | None) -> bool | None:
        """Was it there before? None: it came to nothing, and that is known."""
        return None if left is None else left.kept

    def found(self, told: bool | None) -> Trained | None:
        """The checkpoint."""
        return None if told is None else replace(Trained.at(self._told_of()[1]), kept=told)

    def _how(self, watch: Watch) -> dict[str, Any]:
        """What whoever trains or chooses is told beside the stage and the folder."""
        return {"replace_other": self.replace_other, "tracker": self.tracker, "watch": watch}

    def _told_of(self) -> tuple[Stage, Path]:
        """What is trained, and where."""
        return self.stage, self.folder


@dataclass(frozen=True, slots=True)
class TrainStage(_Training):
    """Train one stage of a unit into a folder."""

    def run(self, watch: Watch) -> Trained:
        """Train it, or keep what is there."""
        stage = self.here
        trained = train_stage(stage, self.folder, **self._how(watch))
        watch.ended(stage, trained)
        return trained


@dataclass(frozen=True, slots=True)
class RunTrial(_Training):
    """Train one trial of a stage that is searched, into a folder of its own."""

    number: int = 0  # of the trial

    @property
    def tried(self) -> bool:
        """Is it known how it ended?"""
        trial = trials_of(self.here)[self.number]
        return find_trial(trial.folder(self.folder), trial.stage.fields) is not None

    def run(self, watch: Watch) -> Trained | None:
        """Train it, or keep what is known; None where it alone has failed."""
        stage = self.here
        if (chosen := find_trained(self.folder, stage.fields)) is not None:
            return chosen
        trial = trials_of(stage)[self.number]
        trained = run_trial(trial, trial.folder(self.folder), **self._how(watch))
        if trained is not None:
            watch.ended(trial.stage, trained)
        return trained

    def found(self, told: bool | None) -> Trained | None:
        """What is known of it stands in a file of its own, which choosing reads."""
        return None

    def _told_of(self) -> tuple[Stage, Path]:
        trial: Trial = trials_of(self.stage)[self.number]
        return trial.stage, trial.folder(self.folder)


@dataclass(frozen=True, slots=True)
class ChooseTrial(_Training):
    """Choose among the trials of a stage, when all are trained."""

    def run(self, watch: Watch) -> Trained:
        """Make the best one's checkpoint the stage's."""
        stage = self.here
        trained = choose_trial(stage, self.folder, **self._how(watch))
        watch.ended(stage, trained)
        return trained


def training_graph(
    unit: Unit,
    folders: Sequence[Path],
    *,
    replace_other: bool = False,
    tracker: str | None = None,
    home: Path | None = None,
    start: Path | None = None,
    needs: Sequence[str] = (),
) -> Graph:
    """The stages of a unit as jobs, each needing the one before; of a stage that is searched its trials, then a choice.

    Args:
        unit: what is trained.
        folders: of the stages' checkpoints, one a stage.
        replace_other: train over what another run left.
        tracker: of experiments.
        home: the output folder whose log tells of it.
        start: the checkpoint that it starts from, where that is still to be trained; None: the unit's own.
        needs: the jobs that train that.

    Returns:
        the jobs in order; the last one's checkpoint is the unit's.
    """
    jobs: list[Job] = []
    needed: dict[str, tuple[str, ...]] = {}
    for stage, place in zip(unit.stages, folders, strict=True):
        before = (jobs[-1].name,) if jobs else tuple(needs)
        how = (stage, place, start, replace_other, tracker, home)
        trials: list[Job] = [
            RunTrial(f"train {trial.folder(place)}", *how, number) for number, trial in enumerate(trials_of(stage))
        ]
        needed.update({trial.name: before for trial in trials})
        own: Job = ChooseTrial(f"choose {place}", *how) if trials else TrainStage(f"train {place}", *how)
        needed[own.name] = tuple(trial.name for trial in trials) or before
        jobs += [*trials, own]
        start = place
    return Graph(tuple(jobs), needed)
