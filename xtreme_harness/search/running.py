"""The nearest items of a pool that comes in blocks: each block is searched and forgotten.

Ties go as trec_eval has them: the higher score first, then the id that is later in the order of its characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.records import Nearest
from xtreme_harness.search.nearest import knn, normalised

__all__ = ["Running"]

Floats = NDArray[np.float32]
Names = NDArray[Any]  # (n, w) of str
_BYTES = 1 << 27  # of vectors that are searched at once
_ROWS = 1 << 15  # and their number: where vectors are short, their ids take more memory than they


@dataclass(slots=True)
class Running:
    """The k nearest items so far of every query."""

    queries: Floats  # (n, d), rows of length 1
    k: int
    device: str = "cpu"
    bytes: int = _BYTES  # of vectors that wait for a search, at most; one block may be more
    rows: int = _ROWS
    _scores: Floats = field(init=False)  # (n, w), w <= k, best first
    _names: Names = field(init=False)
    _waiting: list[tuple[Sequence[str], Floats]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._scores = np.zeros((len(self.queries), 0), np.float32)
        self._names = np.zeros((len(self.queries), 0), object)

    def see(self, names: Sequence[str], vectors: Floats) -> None:
        """Take a block of the pool: m ids, which differ from all others, and their vectors (m, d)."""
        blocks = [*(block for _, block in self._waiting), vectors]
        if sum(block.nbytes for block in blocks) > self.bytes or sum(map(len, blocks)) > self.rows:
            self._search()
        self._waiting.append((names, vectors))

    def best(self) -> Nearest:
        """The k nearest of all that was seen; fewer where the pool has fewer."""
        self._search()
        return Nearest(self._scores, tuple(tuple(row) for row in self._names.tolist()))

    def _search(self) -> None:
        if not self._waiting or not len(self.queries):
            self._waiting.clear()
            return
        names, vectors = _sorted(self._waiting)
        self._waiting.clear()
        scores, items = knn(self.queries, normalised(vectors), self.k, self.device)
        both = np.concatenate([self._scores, scores], axis=1), np.concatenate([self._names, names[items]], axis=1)
        self._scores, self._names = (part[:, : self.k].copy() for part in _ordered(*both))


def _sorted(blocks: Sequence[tuple[Sequence[str], Floats]]) -> tuple[Names, Floats]:
    """The items of some blocks, the last id first: the order in which `knn` prefers equals."""
    names = [name for block, _ in blocks for name in block]
    order = sorted(range(len(names)), key=names.__getitem__, reverse=True)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    vectors = np.empty((len(names), blocks[0][1].shape[1]), np.float32)
    first = 0
    for block, part in blocks:
        vectors[place[first : first + len(block)]] = part
        first += len(block)
    return np.array([names[i] for i in order], object), vectors


def _ordered(scores: Floats, names: Names) -> tuple[Floats, Names]:
    """Columns of each row by score, then by name, both descending."""
    order = np.argsort(-scores, axis=1, kind="stable")
    scores, names = np.take_along_axis(scores, order, axis=1), np.take_along_axis(names, order, axis=1)
    for row in np.flatnonzero((scores[:, 1:] == scores[:, :-1]).any(axis=1)):
        by_name = np.array(sorted(range(scores.shape[1]), key=names[row].__getitem__, reverse=True))
        places = by_name[np.argsort(-scores[row, by_name], kind="stable")]
        names[row] = names[row, places]  # the scores stay as they are: only equals change places
    return scores, names
