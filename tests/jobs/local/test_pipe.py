"""Pieces through a pipe arrive whole, or not at all."""

from __future__ import annotations

import os
import threading

from xtreme_harness.jobs.local.pipe import as_piece, pieces_from

PIECES = [b"a", b"\0" * 9, b"x" * 1_000_000]  # the last is more than a pipe holds


def received(raw: bytes) -> list[bytes]:
    """What comes out of a pipe that these bytes are written to, and that is closed then."""
    ours, theirs = os.pipe()

    def write() -> None:
        with os.fdopen(theirs, "wb") as stream:
            stream.write(raw)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return list(pieces_from(ours))
    finally:
        writer.join()
        os.close(ours)


def test_they_arrive_as_they_were_sent() -> None:
    assert received(b"".join(map(as_piece, PIECES))) == PIECES
    assert received(b"") == []


def test_half_a_piece_of_a_process_that_was_killed_is_none() -> None:
    whole = as_piece(b"job")
    for cut in range(1, len(whole)):
        assert received(whole + whole[:cut]) == [b"job"]
