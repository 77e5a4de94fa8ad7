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
from xtreme_harness.jobs.elsewhere import UNHEARD, do
from xtreme_harness.jobs.local.pipe import pieces_from
from xtreme_harness.jobs.stopping import Stopped, asked, stop_on

__all__ = ["main"]

_TICK = 0.2  # seconds between looks whether a stop was asked


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
    for piece in pieces_from(0):
        given.put(piece)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
