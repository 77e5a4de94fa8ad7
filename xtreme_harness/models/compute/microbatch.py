"""A batch in parts of similar length: less padding, the same gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["split_batch"]

_CALL = 192  # padded tokens that one more call of the network costs


def split_batch(
    lengths: Sequence[int], budget: int, rows: Sequence[int] | None = None, padded: bool = True
) -> list[NDArray[np.int64]]:
    """Cut a batch into parts that are cheap to compute: as little padding as pays for one more call.

    Args:
        lengths: tokens of the longest sequence of each lesson.
        budget: tokens of a part at most, with the padding that is computed; a longer lesson is a part of its own.
        rows: sequences of each lesson (the candidates of a choice); None: one each.
        padded: does the network compute padding? If not, there are as few parts as the budget allows.

    Returns:
        indices of each part, the longest lessons first; every index stands in exactly one. The sum of padded tokens
        plus a fixed price a part is the least there is for parts of neighbouring length (dynamic programme).

    >>> [part.tolist() for part in split_batch([9, 500, 480, 8], budget=2048)]
    [[1, 2], [0, 3]]
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    longest = [max(1, int(lengths[i])) for i in order]
    counts = [1 if rows is None else int(rows[i]) for i in order]
    best: list[float] = [0.0]  # best[j]: least cost of the first j lessons
    begin: list[int] = [0]
    for j in range(1, len(order) + 1):
        cost, at, held, real = float("inf"), j - 1, 0, 0
        for i in range(j - 1, -1, -1):
            held, real = held + counts[i], real + counts[i] * longest[i]
            size = longest[i] * held if padded else real
            if size > budget and i < j - 1:
                break
            if best[i] + size + _CALL < cost:
                cost, at = best[i] + size + _CALL, i
        best.append(cost)
        begin.append(at)
    parts, end = [], len(order)
    while end > 0:
        parts.append(order[begin[end] : end])
        end = begin[end]
    return parts[::-1]
