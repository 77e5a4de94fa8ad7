"""What a job of Slurm does on its node: the work, and the way back into the queue where its time runs out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.files.text import open_appending
from xtreme_harness.jobs.elsewhere import do
from xtreme_harness.jobs.job import Job
from xtreme_harness.jobs.slurm.squeue import requeue_if_running
from xtreme_harness.jobs.stopping import Stopped, stop_if_asked, stop_on
from xtreme_harness.jobs.tries import UNSEEN, Line, Try, asked_for, open_said, said_since, say, whole_lines

__all__ = ["IN_VAIN", "Work", "ended_well", "was_not_begun"]

IN_VAIN = 3  # stops in a row between which nothing came about that lasts
_NAMES = ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID")


@dataclass(frozen=True, slots=True)
class Work:
    """A job of a graph, as Slurm is given it."""

    job: Job
    one: Try
    needs: tuple[Path, ...] = ()  # folders of the messages of those that must have ended well

    def __call__(self) -> None:
        """Do it; where a stop is asked, save, and go back into the queue."""
        if _superseded(self.one):
            return
        with stop_on(signal.SIGTERM, signal.SIGUSR2):  # submitit's own handler cannot do without a time limit
            _end_the_line(self.one.said)
            try:
                self._do()
            except Stopped as stop:
                self._stopped(stop.where)

    def _do(self) -> None:
        if self._needs_ended_well():
            do(self.job, self.one)
        else:
            _note(self.one, waits=True)

    def _needs_ended_well(self) -> bool:
        until = time.monotonic() + UNSEEN
        while not all(map(ended_well, self.needs)):
            if time.monotonic() > until or any(map(_failed, self.needs)):
                return False
            stop_if_asked()
            time.sleep(0.5)
        return True

    def _stopped(self, where: str) -> None:
        """Say so; go back into the queue, unless that has come to nothing too often."""
        _note(self.one, stopped=where)
        reached = _reached(_lines(self.one))
        if len(reached) <= IN_VAIN or len(set(reached[-IN_VAIN - 1 :])) > 1:
            requeue_if_running(_own_id())
            return
        cells, place = reached[-1]
        message = (
            f"was told to stop {IN_VAIN} times in a row, by its time limit or for others' jobs, and got no further in "
            f"between ({cells} cells{f'; {place}' if place else ''}); give it more time by --slurm time=..."
        )
        _note(self.one, ended={"failure": {"kind": "XHarnessError", "message": message}})


def ended_well(folder: Path) -> bool:
    """Has a job said, in its last try, that it ended well?"""
    return "left" in _end(folder)


def was_not_begun(folder: Path) -> bool:
    """Does the last try of a job end with the word that what it needs had not ended well?"""
    lines = _last_try(folder)
    return bool(lines) and "waits" in lines[-1]


def _failed(folder: Path) -> bool:
    return "failure" in _end(folder)


def _end(folder: Path) -> Line:
    ends = [line["ended"] for line in _last_try(folder) if isinstance(line.get("ended"), dict)]
    return ends[-1] if ends else {}


def _last_try(folder: Path) -> list[Line]:
    """What was said of the last try that was asked for."""
    numbers = asked_for(folder)
    return _lines(Try(folder, numbers[-1])) if numbers else []


def _superseded(one: Try) -> bool:
    """Was the job given to another worker since? Then this one has been in the queue too long."""
    return max(asked_for(one.folder), default=0) > one.number


def _reached(lines: Iterable[Line]) -> list[tuple[int, str]]:
    """What was there that lasts, at the beginning and at every stop: how many cells, and where training stood last.

    A place where it has stood before is no step further.
    """
    cells: set[str] = set()
    places, found = [""], [(0, "")]
    for line in lines:
        said, where = line.get("said"), line.get("stopped")
        if isinstance(said, dict) and "status" in said:
            cells.add(str(said.get("cell")))
        if isinstance(where, str):
            places += [where] if where not in places else []
            found.append((len(cells), places[-1]))
    return found


def _own_id() -> str:
    array = [os.environ[name] for name in _NAMES if name in os.environ]
    return "_".join(array) if len(array) == len(_NAMES) else os.environ.get("SLURM_JOB_ID", "")


def _lines(one: Try) -> list[Line]:
    return whole_lines(said_since(one))


def _end_the_line(path: Path) -> None:
    """A worker that was killed may have left half a line; what is said next is not to be added to that."""
    with suppress(OSError):
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            with open_appending(path) as stream:
                stream.write(b"\n")


def _note(one: Try, **line: Any) -> None:
    with open_said(one) as stream:
        say(stream, **line)
