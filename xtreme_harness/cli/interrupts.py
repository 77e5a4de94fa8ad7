"""Ctrl-C, and what a scheduler sends: the first ends the command in order, the next one at once, neither untidily."""

from __future__ import annotations

import atexit
import os
import signal
import sys

TYPE_CHECKING = False  # `typing` takes its time, in which a Ctrl-C would still be Python's own
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

__all__ = ["INTERRUPTED", "Interrupts"]

INTERRUPTED = 130
_LINE = "interrupted; the same command continues where this one stopped"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SOON = 0.05  # seconds


class Interrupts:
    """The signals of one command."""

    def __init__(self) -> None:
        """Nothing came."""
        self.came = 0
        self.over = False  # what the command did is done, and nobody catches an exception any more
        self.said = False
        self._before: dict[int, Any] = {}
        self._hook = sys.unraisablehook
        self._timed = False

    def watch(self, to_the_end: bool) -> None:
        """Take the signals; those that the caller ignores stay ignored, and a thread gets none.

        Args:
            to_the_end: of the process, in whose last moment Python would give them back.
        """
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before = signal.getsignal(number)
                try:
                    signal.signal(number, self._take)
                except ValueError:  # a thread
                    return
                self._before[number] = before
        sys.unraisablehook = self._unraised
        if to_the_end:
            atexit.register(self._ignore)  # the first to be registered is the last to be called

    def restore(self) -> None:
        """Give them back, where the process goes on."""
        sys.unraisablehook = self._hook
        if self._timed:  # an interrupt that was lost comes after the command no more
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def say(self) -> int:
        """Say how it ended; the exit status."""
        if not self.said:
            self.said = True
            try:
                print(_LINE, file=sys.stderr, flush=True)
            except (OSError, ValueError):  # nobody reads it
                return INTERRUPTED
        return INTERRUPTED

    def _ignore(self) -> None:
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def _take(self, number: int, frame: object) -> None:
        self.came += 1
        if self.came == 1 and not self.over:
            raise KeyboardInterrupt
        if not self.said:
            try:
                os.write(2, f"{_LINE}\n".encode())  # the stream may be in use at this moment
            except OSError:
                os._exit(INTERRUPTED)
        os._exit(INTERRUPTED)

    def _unraised(self, what: Any) -> None:
        """An interrupt that fell into a destructor or a callback, where it is lost, comes again a moment later."""
        if not issubclass(what.exc_type, KeyboardInterrupt) or not hasattr(signal, "setitimer"):  # Windows has none
            self._hook(what)
            return
        self.came, self._timed = 0, True
        signal.signal(signal.SIGALRM, self._come_again)
        signal.setitimer(signal.ITIMER_REAL, _SOON)

    def _come_again(self, number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code is Interrupts._unraised.__code__:  # on a slow machine: lost here too
            signal.setitimer(signal.ITIMER_REAL, _SOON)
        else:
            self._take(number, frame)
