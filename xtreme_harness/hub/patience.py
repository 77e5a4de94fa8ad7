"""How long a silent Hub is waited for: one rule for all requests of a process, whoever makes them.

Silence is judged by progress, not by time: a slow download that flows goes on as long as it likes. All requests share
one clock, which runs while any of them waits, so that retries and the next file do not wait again in full.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["REMEMBERED", "SILENCE", "SLICE", "STRETCH", "TELL", "TRICKLE", "TROUBLE", "Patience", "one_line"]

SILENCE = 30.0  # seconds of waiting without progress, all requests together, after which the Hub is given up
TRICKLE = 4096  # bytes: fewer in that time, on one connection, are no progress
TROUBLE = 20.0  # seconds of nothing but requests that fail or break off, after which it is given up too
STRETCH = 1 << 20  # bytes that end such a time
TELL = 5.0  # seconds between two lines that say what is waited for
REMEMBERED = 300.0  # seconds after which a Hub that was given up is asked anew
SLICE = 0.2  # seconds between two looks at the clock while waiting
log = logging.getLogger("xtreme_harness")


class Patience:
    """The clock of a process: what was heard of the Hub, how long it has been silent, and whether it is given up."""

    def __init__(self, silence: float = SILENCE, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with all patience; `silence` is how many seconds of it there are."""
        self.silence = silence
        self.what = "the first answer"  # what is waited for
        self._clock = clock
        self._lock = threading.Lock()
        self._why, self._when = "", 0.0
        self._waiting, self._since = 0, 0.0  # how many wait, and since when one does
        self._fresh()

    def _fresh(self) -> None:
        self._spent, self._since = 0.0, self._clock()  # seconds waited before `_since`
        self._trickles: dict[object, int] = {}  # bytes of each connection since there was progress
        self._stretch = 0
        self._told = 0.0
        self._trouble, self._latest = 0.0, float("-inf")  # when requests began to fail, and the latest that did

    def _waited(self) -> float:
        return self._spent + (self._clock() - self._since if self._waiting else 0.0)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let the clock run."""
        with self._lock:
            if not self._waiting:
                self._since = self._clock()
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self._spent += self._clock() - self._since

    def given_up(self) -> str:
        """Why the Hub is not asked any more, "" while it is; says what is waited for, now and then."""
        with self._lock:
            if self._why and self._clock() - self._when > REMEMBERED:
                self._why = ""
                self._fresh()
            waited = self._waited()
            if not self._why and waited >= self.silence:
                self._give_up(f"did not answer for {waited:.0f} s ({self.what})")
            self._tell(waited)
            return self._why

    def _tell(self, waited: float) -> None:
        if not self._why and waited - self._told >= TELL:
            self._told = waited
            log.warning("waiting for the Hub (%s), %.0f s ...", self.what, waited)

    def give_up(self, why: str) -> None:
        """Ask no more, unless that is so already."""
        with self._lock:
            if not self._why:
                self._give_up(why)

    def _give_up(self, why: str) -> None:
        self._why, self._when = why, self._clock()

    def anew(self) -> None:
        """Forget what was: the Hub is asked again."""
        with self._lock:
            self._why = ""
            self._fresh()

    def heard(self, size: int, connection: object) -> None:
        """Count bytes that came on a connection."""
        with self._lock:
            self._trickles[connection] = self._trickles.get(connection, 0) + size
            self._stretch += size
            if self._stretch >= STRETCH:
                self._latest = float("-inf")
            if self._trickles[connection] >= TRICKLE:
                self._progress()

    def answered(self) -> None:
        """An answer was heard to its end."""
        with self._lock:
            self._latest = float("-inf")
            self._progress()

    def _progress(self) -> None:
        self._trickles.clear()
        self._spent, self._since, self._told = 0.0, self._clock(), 0.0

    def failed(self, why: str) -> None:
        """A request was refused or broken off; `why` follows "the Hub (address)"."""
        with self._lock:
            now = self._clock()
            if now - self._latest > self.silence:  # the first, or the first for a while
                self._trouble, self._stretch = now, 0
            self._latest = now
            if now - self._trouble >= TROUBLE and not self._why:
                self._give_up(why)
            self._tell(now - self._trouble)


def one_line(error: BaseException) -> str:
    """Return an error's message without line breaks, cut to 300 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."
