"""What a job says while another process does it: a folder a job, a file a try, a line of JSON at a time."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtreme_harness import errors
from xtreme_harness.errors import OutputError, XHarnessError, listed
from xtreme_harness.files.folder import logged
from xtreme_harness.files.text import write_below
from xtreme_harness.jobs.job import ENDING, Failure, Job, Outcome, attempt
from xtreme_harness.jobs.tries import Line, Try, asked_for, new_number, said_since, whole_lines
from xtreme_harness.jobs.watch import Watch

__all__ = ["MOST", "Mailbox"]

MOST = 3  # tries of a job whose worker ends in the middle of it
log = logging.getLogger("xtreme_harness")
_LONGEST = 60  # characters of a job's name that its folder says


class Mailbox:
    """The messages of one job, as they are read."""

    def __init__(self, folder: Path, job: Job) -> None:
        """Those of a job, in its folder below that of all jobs; nothing is read or written yet."""
        digest = hashlib.sha256(job.name.encode()).hexdigest()[:8]
        plain = re.sub(r"[^A-Za-z0-9.]+", "-", job.name)[-_LONGEST:].strip("-.")
        self.job, self.root, self.name = job, folder, f"{plain}-{digest}"
        self.begun: Line = {}  # where the last try that was heard of began: host, pid
        self.ended: Line | None = None  # how it ended, where it did
        self.asked = 0  # tries that were asked for here; others may be those of an earlier command
        self._at: dict[int, int] = {}  # bytes that were read, by try

    @property
    def folder(self) -> Path:
        """Of this job."""
        return self.root / self.name

    def tries(self) -> list[int]:
        """The numbers of the tries that were asked for, the first first."""
        return asked_for(self.folder)

    def ask(self) -> Try:
        """Begin another try.

        Raises:
            OutputError: it cannot be written down.
        """
        one = Try(self.folder, new_number(self.folder), secrets.token_hex(8))
        write_below(self.root, f"{self.name}/{one.asked.name}", one.word)
        self.ended = None
        self.asked += 1
        return one

    def read(self, watch: Watch) -> None:
        """Read what the last try has said since, and tell it.

        Raises:
            OutputError: the folder is gone, and what its worker says with it.
        """
        tries = self.tries()
        if self.asked and not tries:
            raise OutputError(f"{self.folder}: gone while a worker wrote there; run the same command again")
        for line in self._new(tries[-1]) if tries else ():
            if isinstance(line.get("begun"), dict):
                self.begun = line["begun"]
            elif isinstance(line.get("ended"), dict):
                self.ended = line["ended"]
            elif isinstance(line.get("log"), list):
                self._log(*[*line["log"], None, ""][:2])
            elif isinstance(line.get("said"), dict):
                self.job.hear(line["said"], watch)

    def outcome(self) -> Outcome | None:
        """How the job ended; None where it has not said so.

        Raises:
            OutputError: it ended with what ends all.
            HubSilent: likewise.
        """
        if self.ended is None:
            return None
        if (said := self.ended.get("failure")) is not None:
            failure = _failure(said)
            if isinstance(failure.error, ENDING):
                raise failure.error
            return Outcome(self.job, failure=failure)
        told = self.ended.get("left")
        left = attempt(self.job.name, lambda: self.job.found(told))
        return Outcome(self.job, failure=left) if isinstance(left, Failure) else Outcome(self.job, left)

    def lost(self, why: str, todo: str = "") -> Outcome:
        """The job as failed: its worker ended in the middle of it, as often as a job is tried.

        Args:
            why: how it ended.
            todo: what to do about it.
        """
        at = f"{self.begun.get('host', 'unknown host')}, process {self.begun.get('pid', 'unknown')}"
        message = (
            f"the worker ended {MOST} times in the middle of it, last on {at} ({why}){f'; {todo}' if todo else ''}"
        )
        log.warning("%s: %s", self.job.name, message)
        return Outcome(self.job, failure=Failure(message, RuntimeError(message)))

    def _new(self, number: int) -> list[Line]:
        """The lines of a try that were not read yet."""
        at = self._at.get(number, 0)
        new = said_since(Try(self.folder, number), at)
        self._at[number] = at + len(new)
        return whole_lines(new)

    def _log(self, level: Any, text: Any) -> None:
        with logged(self.job.home):
            log.log(level if isinstance(level, int) else logging.INFO, "%s", text)


def _failure(said: Mapping[str, Any]) -> Failure:
    """A failure, as another process told it."""
    message = str(said.get("message", ""))
    kind = getattr(errors, str(said.get("kind")), None)
    if isinstance(kind, type) and issubclass(kind, XHarnessError):
        return Failure(message, kind(*listed(message.splitlines())))
    return Failure(message, RuntimeError(message))
