"""What a terminal is shown: names from files, cards and flags cannot command it. A pipe or a file gets every byte."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from xtreme_harness.errors import escaped

__all__ = ["escaping_terminal"]


@contextlib.contextmanager
def escaping_terminal() -> Iterator[None]:
    """Write control characters out where standard output or errors go to a terminal, for as long as the block lasts."""
    kept = sys.stdout, sys.stderr
    for name, stream in zip(("stdout", "stderr"), kept, strict=True):
        if stream.isatty():
            setattr(sys, name, _Escaping(stream))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept


class _Escaping:
    """A stream whose texts are escaped, but for the carriage returns of progress bars."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text."""
        self._stream.write("\r".join(map(escaped, text.split("\r"))))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        """Anything else is the stream's."""
        return getattr(self._stream, name)
