"""Candidates for an exact search, found at bfloat16's speed: a set that provably holds the k nearest.

Where the processor multiplies bfloat16 natively it does so two to eight times as fast as float32, but a score is then
off by up to a hundredth, and neighbours lie closer than that. So no score is trusted; each is turned into two bounds.
For a query q and an item p, rounded to q* and p*, and a computed score s,

    |q.p - s| <= |q - q*| |p*| + |q| |p - p*| + rounding of the sum and of s

where all norms are known. The k-th highest lower bound so far is a threshold that the k-th nearest item cannot lie
below; an item is a candidate while its upper bound reaches it. What is left, a few dozen items a query, is scored anew
in double precision by the caller, who therefore returns the neighbours, and the ties, of a search in full precision.

Before rounding, the mean of the pool is taken off every item. It adds the same to all scores of a query, so the order
stays, and in spaces where all vectors point one way (as those of many encoders do) the remainders are short, and so
are the errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidates", "candidates"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_TILE = 1024  # queries multiplied at a time
_BLOCK = 4096  # items multiplied at a time
_MOST = 2048  # candidates a query may have; one with more is left to the caller
_ROUNDED = 2.0**-8  # of a number rounded to bfloat16, relative
_SUMMED = 2.0**-23  # of a float32 sum, relative, by term


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of a query and an item that may be one of its k nearest, in the order of the queries."""

    query: Ints  # (c,)
    item: Ints  # (c,)
    open: Ints  # queries with too many candidates, of which none is listed


def candidates(queries: Floats, pool: Floats, k: int) -> Candidates:
    """Find for each query a set of items that holds its k nearest by inner product, and all that tie with the k-th.

    Args:
        queries: (n, d).
        pool: (m, d), m >= k.
        k: neighbours wanted, at most `_BLOCK`.
    """
    import torch

    with torch.inference_mode():
        tiles = [_Tile(torch.from_numpy(np.array(queries[i : i + _TILE])), k) for i in range(0, len(queries), _TILE)]
        centre = torch.from_numpy(pool[:: max(1, len(pool) // _BLOCK)].mean(axis=0))
        for first, block, longest, off in _blocks(pool, centre, k):
            for tile in tiles:
                tile.see(first, block, longest, off)
        found = [tile.left() for tile in tiles]
    starts = range(0, len(queries), _TILE)
    return Candidates(
        np.concatenate([query + at for at, (query, _, _) in zip(starts, found, strict=True)]),
        np.concatenate([item for _, item, _ in found]),
        np.concatenate([left + at for at, (_, _, left) in zip(starts, found, strict=True)]),
    )


def _blocks(pool: Floats, centre: Any, k: int) -> Iterator[tuple[int, Any, float, float]]:
    """Index of the first item, centred items in bfloat16, the longest of them, the farthest from what it was."""
    import torch

    first = 0
    while first < len(pool):
        last = len(pool) if len(pool) - first < _BLOCK + k else first + _BLOCK  # no block of fewer than k
        exact = torch.from_numpy(np.array(pool[first:last])).sub_(centre)
        block = exact.bfloat16()
        longest = float(block.float().norm(dim=1).max())
        yield first, block, longest, float((block.float() - exact).norm(dim=1).max())
        first = last


@dataclass(slots=True)
class _Tile:
    """Some queries, and what they have seen of the pool."""

    exact: Any  # (n, d) float32
    k: int
    rounded: Any = field(init=False)
    length: Any = field(init=False)  # (n,) of the query
    off: Any = field(init=False)  # (n,) between the query and what it is rounded to
    lowest: Any = field(init=False)  # (n, k) highest lower bounds, descending
    count: Any = field(init=False)  # (n,) candidates so far
    seen: list[tuple[Any, Any, Any]] = field(init=False)  # query, item, upper bound

    def __post_init__(self) -> None:
        import torch

        self.rounded = self.exact.bfloat16()
        self.length = self.exact.norm(dim=1)
        self.off = (self.rounded.float() - self.exact).norm(dim=1)
        self.lowest = torch.full((len(self.exact), self.k), -torch.inf)
        self.count = torch.zeros(len(self.exact), dtype=torch.long)
        self.seen = []

    def see(self, first: int, block: Any, longest: float, off: float) -> None:
        """Multiply with a block of items; raise the thresholds and note the candidates."""
        import torch

        scores = torch.nn.functional.linear(self.rounded, block)
        error = self.off * longest + self.length * off
        error += (self.exact.shape[1] * _SUMMED * (longest + off) + 1e-6) * self.length
        if not self.seen:
            self._raise(_lower(torch.topk(scores, self.k, dim=1).values.float(), error[:, None]))
        least = self.lowest[:, -1] - error
        least = least / torch.where(least > 0, 1 + _ROUNDED, 1 - _ROUNDED)
        least = torch.where(self.count > _MOST, torch.inf, least)
        query, item = (scores >= _down(least)[:, None]).nonzero(as_tuple=True)
        self.count += torch.bincount(query, minlength=len(self.exact))
        few = self.count[query] <= _MOST
        query, item = query[few], item[few]
        own = scores[query, item].float()
        self.seen.append((query, item + first, own + own.abs() * _ROUNDED + error[query]))
        if len(self.seen) > 1 and len(query):
            counts = torch.bincount(query, minlength=len(self.exact))
            table = torch.full((len(counts), int(counts.max())), -torch.inf)
            place = torch.arange(len(query)) - (counts.cumsum(0) - counts)[query]
            table[query, place] = _lower(own, error[query])
            self._raise(table)

    def _raise(self, bounds: Any) -> None:
        import torch

        self.lowest = torch.topk(torch.cat([self.lowest, bounds], dim=1), self.k, dim=1).values

    def left(self) -> tuple[Ints, Ints, Ints]:
        """Query and item of the candidates that the last threshold leaves; the queries with too many."""
        import torch

        query, item, upper = (torch.cat(parts) for parts in zip(*self.seen, strict=True))
        kept = (upper >= self.lowest[query, -1]) & (self.count[query] <= _MOST)
        query, item = query[kept], item[kept]
        order = torch.argsort(query, stable=True)
        return query[order].numpy(), item[order].numpy(), (self.count > _MOST).nonzero()[:, 0].numpy()


def _lower(scores: Any, error: Any) -> Any:
    return scores - scores.abs() * _ROUNDED - error


def _down(values: Any) -> Any:
    """The next bfloat16 that is not above."""
    import torch

    near = values.bfloat16()
    return torch.where(near.float() > values, torch.nextafter(near, torch.full_like(near, -torch.inf)), near)
