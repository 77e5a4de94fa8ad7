"""A job in a process of its own: what it says goes into its mailbox."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from xtreme_harness.errors import OutputError
from xtreme_harness.files.host import host_name
from xtreme_harness.jobs.job import Failure, Job, attempt
from xtreme_harness.jobs.stopping import stop_if_asked
from xtreme_harness.jobs.tries import Try, open_said, say

__all__ = ["UNHEARD", "do"]

log = logging.getLogger("xtreme_harness")
UNHEARD = 74  # exit status of a process where what it has to say cannot be written, as sysexits.h has it
_PATIENCE = 10.0  # seconds until a folder that another node made is seen here


def do(job: Job, one: Try) -> None:
    """Do a job, and say how it goes and ends in the file of this try.

    Raises:
        OutputError: this machine does not see the folder, or cannot write there: nobody would hear of the work.
        Stopped: a stop was asked; what was begun is saved.
    """
    _require_seen(one)
    with open_said(one) as stream, _told(stream):
        say(stream, begun={"host": host_name(), "pid": os.getpid()})
        watch = job.speaker(lambda said: _say_so(stream, said))
        try:
            left = attempt(job.name, lambda: json.loads(json.dumps(job.told(job.run(watch)))), ends=())
        except BaseException as error:
            say(stream, log=[logging.INFO, f"{job.name}: {type(error).__name__}"])
            raise
        if isinstance(left, Failure):
            say(stream, ended={"failure": {"kind": type(left.error).__name__, "message": left.message}})
        else:
            say(stream, ended={"left": left})


def _require_seen(one: Try) -> None:
    """Does this machine see what was written for this try? A network file system may take a moment."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            if one.asked.read_text("utf-8") == one.word:
                return
        except OSError:
            pass
        if time.monotonic() > until:
            raise OutputError(
                f"{one.folder}: not seen on {host_name()}; name an --output-path that lies on a file system "
                "of all nodes"
            )
        time.sleep(0.1)


def _say_so(stream: IO[bytes], said: dict[str, Any]) -> None:
    """Say it, where there is something; a moment at which work may be stopped."""
    if said:
        say(stream, said=said)
    stop_if_asked()


class _Saying(logging.Handler):
    """Says what is logged."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(logging.INFO)
        self.stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        say(self.stream, log=[record.levelno, self.format(record)])


@contextmanager
def _told(stream: IO[bytes]) -> Iterator[None]:
    """Send the package's messages there, and nowhere else, while it lasts."""
    before, level, propagate = log.handlers, log.level, log.propagate
    log.handlers, log.propagate = [_Saying(stream)], False
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.handlers, log.propagate = before, propagate
        log.setLevel(level)
