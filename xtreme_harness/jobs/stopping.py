"""A stop that is asked by a signal, and made where what was begun can be saved."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Stopped", "asked", "stop_if_asked", "stop_on"]

_ASKED: list[int] = []  # a handler can reach nothing else


class Stopped(BaseException):
    """A stop was asked; what was begun is saved, and the same job continues there."""

    def __init__(self, where: str = "") -> None:
        """Stopped at a place that is saved; "" where that is no other than before."""
        super().__init__(where)
        self.where = where


def asked() -> bool:
    """Was a stop asked?"""
    return bool(_ASKED)


def stop_if_asked() -> None:
    """A moment at which work may be stopped.

    Raises:
        Stopped: a stop was asked.
    """
    if asked():
        raise Stopped


@contextmanager
def stop_on(*signals: int) -> Iterator[None]:
    """Take these signals as asking for a stop."""
    before = {number: signal.signal(number, lambda n, frame: _ASKED.append(n)) for number in signals}
    try:
        yield
    finally:
        _ASKED.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
