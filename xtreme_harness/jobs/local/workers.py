"""Worker processes of this machine: started when they are needed, ended by whoever started them, or with it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from xtreme_harness.errors import OutputError
from xtreme_harness.files.text import open_appending
from xtreme_harness.jobs.elsewhere import UNHEARD
from xtreme_harness.jobs.job import Job
from xtreme_harness.jobs.local.pipe import as_piece
from xtreme_harness.jobs.tries import Try

__all__ = ["Worker", "end_all"]

_GRACE = 10.0  # seconds in which a worker may save what it has begun


class Worker:
    """A process that does one job after the other; a new one takes its place where it has died."""

    def __init__(self, number: int, environment: Mapping[str, str]) -> None:
        """Start nothing yet.

        Args:
            number: from 1.
            environment: what its environment has that this process's has not: its GPU, its number of threads.
        """
        self.number, self.environment = number, environment
        self.process: subprocess.Popen[bytes] | None = None
        self.printed = Path()  # where what it prints stands

    def give(self, job: Job, one: Try) -> None:
        """Let it do a job; it says how that goes in the file of the try.

        Raises:
            OutputError: the process cannot be started.
        """
        if self.process is None or self.process.poll() is not None:
            self._start(one)
        assert self.process is not None
        piece = as_piece(pickle.dumps((job, one)))
        pipe = _pipe(self.process)
        with suppress(OSError):  # it has died; whoever asks finds out
            pipe.write(piece)
            pipe.flush()

    def died(self) -> str:
        """How it died; "" where it is alive."""
        status = self.process.poll() if self.process is not None else None
        if status is None:
            return ""
        try:
            if status >= 0:
                return f"exit status {status}; what it printed: {self.printed}"
            name = signal.Signals(-status).name
            return f"killed by {name}" + ("" if name == "SIGKILL" else f"; what it printed: {self.printed}")
        except ValueError:
            return f"killed by signal {-status}"

    @property
    def unheard(self) -> bool:
        """Did it end because it could not write what it had to say?"""
        return self.process is not None and self.process.poll() == UNHEARD

    def ask_to_end(self) -> None:
        """Let it save what it has begun and end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def end(self, until: float) -> None:
        """Wait for its end, and kill it where that takes too long.

        Args:
            until: by the monotonic clock.
        """
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            with suppress(OSError):  # nobody reads it any more
                _pipe(self.process).close()

    def _start(self, one: Try) -> None:
        if self.process is not None:
            self.end(time.monotonic())
        self.printed = one.folder.parent / f"worker-{self.number}.txt"
        try:
            with open_appending(self.printed) as stream:
                self.process = subprocess.Popen(
                    [sys.executable, "-X", "faulthandler", "-m", "xtreme_harness.jobs.local.worker"],
                    env={**os.environ, **self.environment},
                    stdin=subprocess.PIPE,
                    stdout=stream,
                    stderr=stream,
                    start_new_session=True,  # Ctrl-C is this process's to hear
                )
        except OSError as error:
            raise OutputError(f"{self.printed}: a worker cannot be started ({error.strerror})") from None


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin


def end_all(workers: Sequence[Worker]) -> None:
    """End workers, all at once."""
    for worker in workers:
        worker.ask_to_end()
    until = time.monotonic() + _GRACE
    for worker in workers:
        worker.end(until)
