"""Blocks of a pool on their way to a search, kept for the next cell while they are few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "remembered"]

Block = tuple[list[str], NDArray[np.float32]]  # m ids, vectors (m, d)
_KEPT = 1 << 30  # bytes of vectors; a larger pool is encoded anew for each cell


def remembered(blocks: Iterable[Block], store: dict[str, list[Block]], key: str, most: int = _KEPT) -> Iterator[Block]:
    """Yield the blocks, or those of the same key that are still there.

    Args:
        blocks: asked only where the key is not in the store.
        store: holds one pool at most; changed.
        key: equal for equal pools; "" where a pool is not to be kept.
        most: bytes of vectors that are kept; of a larger pool none is.
    """
    if key in store:
        yield from store[key]
        return
    store.clear()
    kept: list[Block] = []
    size = 0
    for block in blocks:
        size += block[1].nbytes
        if key and size <= most:
            kept.append(block)
        else:
            kept.clear()
        yield block
    if key and size <= most:
        store[key] = kept
