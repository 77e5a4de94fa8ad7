"""Start and end logits to the best span of every question, for all windows at once.

The rule is that of BERT's SQuAD script: in each window the `n_best` starts and the `n_best` ends with the highest
logits are paired; of the pairs that are spans (inside the passage, the start in the window where it has most context,
not too long) the one with the highest sum wins, over all windows of a question. Here the windows are rows of a
table and the pairs its third axis, so that no line runs once a pair.

Ties are settled as a reader of the lists would: positions by the higher logit, then the earlier; pairs by the
better-ranked start, then the better-ranked end; windows by the earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Best", "Window", "best_spans"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 1 << 16  # pairs, or logits, worked on at once: what stays in a cache is fastest
_LAST_RESORT = 1e6  # taken off the score of a single token, which stands in where no pair is a span


@dataclass(frozen=True, slots=True)
class Window:
    """One reading of a part of the passage."""

    example: int  # index in the split
    first: int  # index of its first context token among all of the passage
    size: int  # context tokens
    offset: int  # position in the sequence of its first context token
    owned: NDArray[np.bool_]  # (size,) tokens that have most context here


@dataclass(frozen=True, slots=True)
class Best:
    """The best span of every example; -1 and -inf where no window has context."""

    score: Doubles  # (n,) start logit + end logit
    first: Ints  # (n,) index of the first token in the passage
    last: Ints  # (n,) of the last
    null: Doubles  # (n,) the lowest score, over the windows, of the span that is the first position alone


def best_spans(
    logits: Floats, offsets: Ints, windows: Sequence[Window], examples: int, n_best: int, longest: int
) -> Best:
    """Find the best span of every example.

    Args:
        logits: (total positions, 2) start and end logits of all windows, one after the other; special tokens and
            questions included, for they compete for a place among the n best.
        offsets: (windows + 1,) where each window's rows begin.
        windows: in the order of the rows; an example's stand in the order of its passage.
        examples: n.
        n_best: starts and ends tried in a window.
        longest: tokens a span may have.
    """
    sizes = np.diff(offsets)
    table = _Table.of(windows)
    score = np.empty(len(windows))
    first, last = np.empty((2, len(windows)), np.int64)
    order = np.argsort(sizes, kind="stable")  # windows of similar length share a block, so that it holds little padding
    at = 0
    while at < len(order):
        widest = max(int(sizes[order[-1]]), n_best * n_best)
        rows = order[at : at + max(1, _BLOCK // max(1, widest))]
        found = _block(logits, offsets[rows], sizes[rows], table.part(rows), n_best, longest)
        score[rows], first[rows], last[rows] = found
        at += len(rows)
    shift = table.first - table.offset
    null = logits[offsets[:-1]].sum(axis=1, dtype=np.float64) if len(windows) else np.empty(0)
    return _of_examples(table.example, score, first + shift, last + shift, null, examples)


@dataclass(frozen=True, slots=True)
class _Table:
    """Windows as columns."""

    example: Ints
    first: Ints
    size: Ints
    offset: Ints
    owned: NDArray[np.bool_]  # of all windows, one after the other
    starts: Ints  # where a window's part of `owned` begins

    @classmethod
    def of(cls, windows: Sequence[Window]) -> _Table:
        columns = np.array([(w.example, w.first, w.size, w.offset) for w in windows], np.int64).reshape(-1, 4).T
        owned = np.concatenate([w.owned for w in windows]) if windows else np.empty(0, bool)
        example, first, size, offset = columns
        return cls(example, first, size, offset, owned, np.cumsum(size) - size)

    def part(self, rows: Ints) -> _Table:
        return _Table(
            self.example[rows], self.first[rows], self.size[rows], self.offset[rows], self.owned, self.starts[rows]
        )


def _block(
    logits: Floats, starts: Ints, sizes: Ints, table: _Table, n_best: int, longest: int
) -> tuple[Doubles, Ints, Ints]:
    """Score, first and last position of the best span of some windows; -inf where there is no context."""
    places = np.arange(int(sizes.max()))[None, :]
    real = places < sizes[:, None]
    both = logits[np.where(real, starts[:, None] + places, 0)]
    begin, end = (np.where(real, both[..., column], np.float32(-np.inf)) for column in (0, 1))
    context = places - table.offset[:, None]
    inside = (context >= 0) & (context < table.size[:, None])
    owned = np.zeros_like(inside)
    owned[inside] = table.owned[(table.starts[:, None] + context)[inside]]
    score, first, last = _best_pairs(begin, end, owned, inside, n_best, longest)
    lost = np.flatnonzero(np.isneginf(score) & (table.size > 0))
    sums = np.where(inside[lost], begin[lost] + end[lost], -np.inf)
    first[lost] = last[lost] = sums.argmax(axis=1)
    score[lost] = sums.max(axis=1, initial=-np.inf).astype(np.float64) - _LAST_RESORT
    return score, first, last


def _best_pairs(
    begin: Floats, end: Floats, owned: NDArray[np.bool_], inside: NDArray[np.bool_], n_best: int, longest: int
) -> tuple[Doubles, Ints, Ints]:
    """Pair the n best starts (w, n) with the n best ends; -inf where no pair is a span."""
    row = np.arange(len(begin))[:, None]
    first, last = _top(begin, n_best), _top(end, n_best)
    length = last[:, None, :] - first[:, :, None]
    span = (length >= 0) & (length < longest) & owned[row, first][:, :, None] & inside[row, last][:, None, :]
    sums = begin[row, first].astype(np.float64)[:, :, None] + end[row, last].astype(np.float64)[:, None, :]
    flat = np.where(span, sums, -np.inf).reshape(len(begin), -1)
    best = flat.argmax(axis=1)[:, None]
    at = best // last.shape[1], best % last.shape[1]
    return flat[row, best][:, 0], first[row, at[0]][:, 0], last[row, at[1]][:, 0]


def _top(values: Floats, n: int) -> Ints:
    """Positions (w, min(n, length)) of the n highest values of each row, highest first, the earlier among equals.

    Value and position make one integer that is small where the value is high, so that a partition of integers
    settles the ties too.
    """
    bits = (values + np.float32(0)).view(np.int32).astype(np.int64)  # + 0: a negative zero equals zero
    rank = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits)  # in the order of the numbers
    keys = (~rank << 32) | np.arange(values.shape[1])
    if n < values.shape[1]:
        keys = np.partition(keys, n - 1, axis=1)[:, :n]
    places: Ints = np.sort(keys, axis=1) & 0xFFFFFFFF
    return places


def _of_examples(example: Ints, score: Doubles, first: Ints, last: Ints, null: Doubles, examples: int) -> Best:
    """The best window of every example, the earlier among equals."""
    order = np.lexsort((np.arange(len(example)), -score, example))
    leads = order[np.diff(example[order], prepend=-1) != 0]
    leads = leads[np.isfinite(score[leads])]
    best = Best(np.full(examples, -np.inf), np.full(examples, -1), np.full(examples, -1), np.full(examples, np.inf))
    best.score[example[leads]], best.first[example[leads]], best.last[example[leads]] = (
        score[leads], first[leads], last[leads],
    )  # fmt: skip
    np.minimum.at(best.null, example, null)
    return best
