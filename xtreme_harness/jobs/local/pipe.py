"""What goes into a worker's standard input: pieces, each behind its length."""

from __future__ import annotations

import os
from collections.abc import Iterator

__all__ = ["as_piece", "pieces_from"]

_BYTES = 8  # of the length


def as_piece(value: bytes) -> bytes:
    """A piece as it is written."""
    return len(value).to_bytes(_BYTES, "big") + value


def pieces_from(number: int) -> Iterator[bytes]:
    """The pieces that come through an open file, as they come, until its end; half a piece at the end is none.

    Args:
        number: of the file; a buffered one would be held by a thread when Python ends, which it then cannot.
    """
    while size := int.from_bytes(_exactly(number, _BYTES), "big"):
        if not (piece := _exactly(number, size)):
            return
        yield piece


def _exactly(number: int, size: int) -> bytes:
    """So many bytes, or none at the end."""
    found = b""
    while len(found) < size:
        part = os.read(number, size - len(found))
        if not part:
            return b""
        found += part
    return found
