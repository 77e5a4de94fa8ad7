"""A worker process: does the jobs that come through its standard input, and ends when nobody is at the other end."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.jobs.elsewhere import do
from xtreme_harness.jobs.stopping import Stopped, asked, stop_on

__all__ = ["UNHEARD", "main"]

UNHEARD = 74  # exit status where what it has to say cannot be written, as sysexits.h has it
_TICK = 0.2  # seconds between looks whether a stop was asked
_BYTES = 8  # of the length that stands before a job


def main() -> int:
    """Do jobs until none comes; SIGTERM ends it when what it has begun is saved."""
    given: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_read, args=(given,), daemon=True).start()
    with stop_on(signal.SIGTERM):
        try:
            while not asked():
                with suppress(queue.Empty):
                    do(*pickle.loads(given.get(timeout=_TICK)))
        except Stopped:
            pass
        except OutputError as error:
            print(error, file=sys.stderr)
            return UNHEARD
    return 0


def _read(given: queue.Queue[Any]) -> None:
    """Take what comes; the end of it is the end of whoever started this process, and then of this one, at once."""
    stream = sys.stdin.buffer
    while len(size := stream.read(_BYTES)) == _BYTES:
        given.put(stream.read(int.from_bytes(size, "big")))
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
