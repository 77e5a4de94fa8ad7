"""Lengths to batches under a token budget; results go back to where their inputs stood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["pad", "token_batches"]


def token_batches(
    lengths: Sequence[int] | NDArray[np.int64], budget: int, rows: int | None = None
) -> list[NDArray[np.int64]]:
    """Group sequences of similar length so that no batch holds more than `budget` padded tokens.

    Args:
        lengths: tokens of each sequence.
        budget: rows times longest sequence of a batch stays within it; a longer sequence is a batch of its own.
        rows: at most so many sequences a batch; None: no limit of its own.

    Returns:
        indices of the sequences of each batch, the longest first, so that what does not fit shows at once.
        Every index stands in exactly one batch. A batch that is an eighth full ends where sequences become more than
        an eighth shorter than its longest: few sequences of many lengths would be padding for the most part.

    >>> [batch.tolist() for batch in token_batches([3, 9, 4, 8], budget=18)]
    [[1, 3], [2, 0]]
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    batches, first = [], 0
    while first < len(order):
        longest = max(1, int(lengths[order[first]]))
        size = max(1, budget // longest)
        if rows is not None:
            size = min(size, rows)
        batches.append(_even(order[first : first + size], lengths, budget // 8))
        first += len(batches[-1])
    return batches


def _even(batch: NDArray[np.int64], lengths: NDArray[np.int64], enough: int) -> NDArray[np.int64]:
    """The first sequences of a batch, sorted by length, that are of similar length and `enough` padded tokens."""
    longest = max(1, int(lengths[batch[0]]))
    similar = int(np.searchsorted(-lengths[batch], -(7 * longest // 8), side="right"))
    return batch[: max(similar, -(-enough // longest), 1)]


def pad(rows: Sequence[Sequence[int]], fill: int) -> NDArray[np.int64]:
    """Lay sequences in a rectangle (n, longest), filled up on the right.

    >>> pad([[1, 2], [3]], 0).tolist()
    [[1, 2], [3, 0]]
    """
    table = np.full((len(rows), max(len(row) for row in rows)), fill, dtype=np.int64)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table
