"""The trials of a search: a stage once for every combination of the values that are tried, in a folder each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.cards.search_space import combinations, trial_name
from xtreme_harness.errors import DataError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.stage import Stage, Unit, precision_of

__all__ = ["CHOOSING", "SEARCHED", "TRIALS", "TRIAL_NOTES", "Trial", "require_search", "trainings", "trials_of"]

TRIALS = "trials"  # inside the folder of what is chosen
TRIAL_NOTES = "trial.json"  # what is kept of a trial: its score, or why it has none
SEARCHED = "trials/search.json"  # what is searched here, where the choice was begun
CHOOSING = ".choosing"  # the checkpoint that was chosen, until it is whole
_BATCHED = ("batch_size", "softmax_group")  # a dual encoder's dev score is by batch


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a search."""

    values: Mapping[str, Any]  # what it tries
    stage: Stage  # that trains it

    @property
    def name(self) -> str:
        """Its values, as its folder has them: "lr=1e-05"."""
        return trial_name(self.values)

    def folder(self, chosen: Path) -> Path:
        """Where it is trained, below the folder of what is chosen."""
        return chosen / TRIALS / self.name


def trials_of(stage: Stage) -> tuple[Trial, ...]:
    """The trials of a stage, in the order in which they are tried; () where nothing is searched."""
    return tuple(Trial(values, _trying(stage, values)) for values in combinations(stage.space))


def trainings(stages: Sequence[Stage], folders: Sequence[Path]) -> list[tuple[Stage, Path]]:
    """What is trained where: every stage, and before it its trials."""
    found = []
    for stage, folder in zip(stages, folders, strict=True):
        found += [(trial.stage, trial.folder(folder)) for trial in trials_of(stage)]
        found.append((stage, folder))
    return found


def require_search(unit: Unit) -> None:
    """Refuse a search whose trials could not be told apart by their dev scores.

    Raises:
        DataError: every stage without dev data, whose score is by a value that is searched, or of which one task alone
            is searched.
    """
    if faults := [fault for stage in unit.stages for fault in _faults(stage)]:
        raise DataError(*faults)


def _faults(stage: Stage) -> list[str]:
    """One line a fault."""
    if len(stage.tasks) > 1:
        own = [task for task in stage.task_names if stage.recipe.tasks.get(task, {}).get("search")]
        if own:
            return [f"{stage.name}: tasks.{own[0]}.search: several tasks are trained at once; search for all of them"]
    if not stage.space:
        return []
    what = ", ".join(stage.space)
    if not any(task.data.dev for task in stage.tasks):
        said = " ".join(f"--set tasks.{stage.task_names[0]}.{key}={getattr(stage.hyper, key)}" for key in stage.space)
        return [f"{stage.name}: no dev data to choose {what} on; give one value: {said}"]
    batched = [key for key in _BATCHED if key in stage.space] if _by_batch(stage) else []
    return [f"{stage.name}: {key} cannot be searched: the dev score is by batch; give one value" for key in batched]


def _by_batch(stage: Stage) -> bool:
    """Is the dev score of one of the tasks a mean over batches of what is compared in them?"""
    return any(KINDS[task.card.kind].head is None for task in stage.tasks)


def _trying(stage: Stage, values: Mapping[str, Any]) -> Stage:
    """The stage with values over its own."""
    hyper = _with(stage.hyper, values)
    tasks = tuple(replace(task, hyper=_with(task.hyper, values)) for task in stage.tasks)
    of_task = {task.name: {**stage.fields["tasks"][task.name], "recipe": task.hyper.recorded()} for task in tasks}
    own = {
        "tasks": of_task,
        "optimizer": hyper.recorded(),
        "dtype": precision_of(hyper, stage.manner),
    }
    rest = {key: value for key, value in stage.fields.items() if key != "search"}
    return replace(stage, tasks=tasks, hyper=hyper, fields={**rest, **own}, space={})


def _with(hyper: Hyper, values: Mapping[str, Any]) -> Hyper:
    return hyper.model_copy(update=dict(values))
