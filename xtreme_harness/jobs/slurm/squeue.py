"""What Slurm says of jobs, and their cancelling: squeue and scancel alone, for small clusters keep no accounts."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Known", "Seen", "cancel", "look", "requeue_if_running"]

log = logging.getLogger("xtreme_harness")
_SOON, _SELDOM = 1.0, 20.0  # seconds between looks at the queue, while it changes and while it does not
_ENDED = (
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED",
    "TIMEOUT",
)  # fmt: skip
_FORMAT = "%i|%T|%N|%r|%j"
_PATIENCE = 60.0  # seconds for an answer
_AT_ONCE = 200  # ids of a command


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as the queue shows it."""

    state: str  # "PENDING", "RUNNING" ...
    node: str
    reason: str  # why it waits
    name: str

    @property
    def ended(self) -> bool:
        """Is it over, and will not begin again by itself?"""
        return self.state in _ENDED

    @property
    def waits(self) -> bool:
        """Has it not begun, or not begun again?"""
        return self.state in ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT")


@dataclass(slots=True)
class Known:
    """The queue as it was seen last."""

    jobs: dict[str, Seen] = field(default_factory=dict)
    at: float = float("-inf")  # when Slurm was asked and answered
    next: float = 0.0
    wait: float = _SOON
    silent: bool = False

    def refresh(self) -> None:
        """Ask again, where it is time: seldom, while nothing changes."""
        now = time.monotonic()
        if now < self.next:
            return
        found = look()
        if found is None:
            if not self.silent and self.at > float("-inf"):  # else the work does not begin
                log.warning("Slurm does not answer (squeue); it is asked again until it does")
            self.silent, self.wait = True, _SELDOM
        else:
            self.silent, self.at = False, now
            self.wait = min(self.wait * 1.5, _SELDOM) if found == self.jobs else _SOON
            self.jobs = found
        self.next = time.monotonic() + self.wait


def look() -> dict[str, Seen] | None:
    """This user's jobs by id, an array's one by one, those that ended lately too; None where Slurm does not answer."""
    run = _run("squeue", "--noheader", "--array", "--states=all", f"--user={os.getuid()}", f"--format={_FORMAT}")
    if run is None or run.returncode:
        return None
    lines = [line.strip().split("|", 4) for line in run.stdout.splitlines()]
    return {line[0]: Seen(*line[1:]) for line in lines if len(line) == 5}


def cancel(ids: Iterable[str]) -> None:
    """Cancel jobs; those that are over already are left as they are."""
    found = list(ids)
    for start in range(0, len(found), _AT_ONCE):
        _run("scancel", *found[start : start + _AT_ONCE])


def requeue_if_running(own: str) -> bool:
    """Put the job back into the queue that this process is, where nobody has ended it; says whether it did.

    One that is preempted or cancelled runs no more in Slurm's eyes, although its processes have a moment left.
    """
    run = _run("squeue", "--noheader", f"--jobs={own}", "--format=%T")
    if run is None or run.stdout.split() != ["RUNNING"]:
        return False
    done = _run("scontrol", "requeue", own)
    return done is not None and done.returncode == 0


def _run(*command: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
