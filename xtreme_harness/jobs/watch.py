"""Who is told how work goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["SILENT", "Watch"]


def _nobody(*told: Any) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Watch:
    """Callbacks, each of which may be left out; what they raise ends the work, as Ctrl-C does."""

    run: Callable[..., None] = _nobody  # of many, one begins: its name, its number from 1, how many there are
    plan: Callable[..., None] = _nobody  # before weights are loaded: plan, options
    cell: Callable[..., None] = _nobody  # a cell ended: `evaluation.cell.Done`
    sequences: Callable[..., None] = _nobody  # inside a cell: cell, sequences that were answered
    started: Callable[..., None] = _nobody  # a stage begins that is not there already: stage, folder
    event: Callable[..., None] = _nobody  # inside a stage: its name, an event of the loop with the stage's "folder"
    ended: Callable[..., None] = _nobody  # a stage ended: stage, `plan.standing.Trained`
    handed: Callable[..., None] = _nobody  # jobs wait in the queue of a cluster: what there is to say of them
    lost: Callable[..., None] = _nobody  # a worker ended in the middle of a job: the job's name, why, its number


SILENT = Watch()
