"""The windows of a passage, and start and end logits to the best span of every question, for all windows at once.

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

__all__ = ["Best", "Table", "Window", "best_spans", "max_context", "windows"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Places = NDArray[np.signedinteger]

_BLOCK = 1 << 16  # pairs, or logits, worked on at once: what stays in a cache is fastest
_FEW = 8  # starts and ends that settle most windows
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
class Table:
    """Windows as columns, in the order of their rows; an example's stand in the order of its passage."""

    example: Ints
    first: Ints
    size: Ints
    offset: Ints
    owned: NDArray[np.bool_]  # of all windows, one after the other
    starts: Ints  # where a window's part of `owned` begins

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Table:
        """Turn records into columns."""
        columns = np.array([(w.example, w.first, w.size, w.offset) for w in windows], np.int64).reshape(-1, 4).T
        owned = np.concatenate([w.owned for w in windows]) if windows else np.empty(0, bool)
        example, first, size, offset = columns
        return cls(example, first, size, offset, owned, np.cumsum(size) - size)

    def part(self, rows: Ints) -> Table:
        """Some of the windows."""
        return Table(
            self.example[rows], self.first[rows], self.size[rows], self.offset[rows], self.owned, self.starts[rows]
        )

    def holds(self, places: Places) -> NDArray[np.bool_]:
        """Which positions (w, n) of the sequences are of the passage?"""
        context = places - self.offset[:, None]
        inside: NDArray[np.bool_] = (context >= 0) & (context < self.size[:, None])
        return inside

    def owns(self, places: Places) -> NDArray[np.bool_]:
        """Which of them have most context in their window?"""
        inside = self.holds(places)
        inside[inside] = self.owned[(places - (self.offset - self.starts)[:, None])[inside]]
        return inside


@dataclass(frozen=True, slots=True)
class Best:
    """The best span of every example; -1 and -inf where no window has context."""

    score: Doubles  # (n,) start logit + end logit
    first: Ints  # (n,) index of the first token in the passage
    last: Ints  # (n,) of the last
    null: Doubles  # (n,) the lowest score, over the windows, of the span that is the first position alone


def windows(size: int, room: int, stride: int) -> list[tuple[int, int]]:
    """First token and length of every window over `size` tokens.

    >>> windows(300, 200, 128)
    [(0, 200), (128, 172)]
    >>> windows(0, 200, 128)
    [(0, 0)]
    """
    found, first = [], 0
    while True:
        length = min(room, size - first)
        found.append((first, length))
        if first + length >= size:
            return found
        first += max(1, min(stride, room))


def max_context(spans: Sequence[tuple[int, int]], size: int) -> list[NDArray[np.bool_]]:
    """For each window, which of its tokens have more context there than in any other window (first wins ties).

    The score of a token is min(left, right) + 0.01 * window length, as in BERT's SQuAD script.
    """
    best = np.full(size, -1.0)
    owner = np.zeros(size, dtype=np.int64)
    for i, (first, length) in enumerate(spans):
        left = np.arange(length)
        score = np.minimum(left, length - 1 - left) + 0.01 * length
        part = slice(first, first + length)
        better = score > best[part]
        best[part] = np.where(better, score, best[part])
        owner[part] = np.where(better, i, owner[part])
    return [owner[first : first + length] == i for i, (first, length) in enumerate(spans)]


def best_spans(logits: Floats, offsets: Ints, table: Table, examples: int, n_best: int, longest: int) -> Best:
    """Find the best span of every example.

    Args:
        logits: (total positions, 2) start and end logits of all windows, one after the other; special tokens and
            questions included, for they compete for a place among the n best.
        offsets: (windows + 1,) where each window's rows begin.
        table: the windows.
        examples: n.
        n_best: starts and ends tried in a window.
        longest: tokens a span may have.
    """
    sizes = np.diff(offsets)
    score = np.empty(len(sizes))
    first, last = np.empty((2, len(sizes)), np.int64)
    order = np.argsort(sizes, kind="stable")  # windows of similar length share a block, so that it holds little padding
    widest = int(sizes.max(initial=1))
    column = np.full(2 * len(logits) + widest, -np.inf, np.float32)  # all starts, all ends
    np.add(logits.T, np.float32(0), out=column[: 2 * len(logits)].reshape(2, -1))  # a negative zero equals zero
    step = max(1, _BLOCK // max(widest, n_best * n_best))
    for at in range(0, len(order), step):
        rows = order[at : at + step]
        begins = np.concatenate([offsets[rows], offsets[rows] + len(logits)])
        both = _rows(column, begins, np.tile(sizes[rows], 2))
        score[rows], first[rows], last[rows] = _best_pairs(both, table.part(rows), n_best, longest)
    shift = table.first - table.offset
    null = logits[offsets[:-1]].sum(axis=1, dtype=np.float64) if len(sizes) else np.empty(0)
    return _of_examples(table.example, score, first + shift, last + shift, null, examples)


def _rows(column: Floats, starts: Ints, sizes: Ints) -> Floats:
    """The logits of some windows as a table (w, longest of them), filled up with -inf on the right."""
    width = int(sizes.max())
    found: Floats = np.lib.stride_tricks.sliding_window_view(column, width)[starts]
    found[np.arange(width) >= sizes[:, None]] = -np.inf
    return found


def _best_pairs(both: Floats, table: Table, n_best: int, longest: int) -> tuple[Doubles, Places, Places]:
    """Score, first and last position of the best span of some windows; -inf where there is no context.

    Most windows are settled by a few of their starts and ends: a span of those that scores more than the next start
    with the highest end, and than the next end with the highest start, scores more than all that was not tried.

    Args:
        both: (2 * w, length) logits of w windows' starts, then of their ends.
        table: the windows.
        n_best: starts and ends tried.
        longest: tokens a span may have.
    """
    row = np.arange(len(table.size))
    places = _top(both, n_best).astype(np.int32)
    high = both[np.arange(len(both))[:, None], places].astype(np.float64)
    firsts, lasts = places[: len(row)], places[len(row) :]
    highest = high[: len(row)], high[len(row) :]
    starts = np.where(table.owns(firsts), highest[0], -np.inf)
    ends = np.where(table.holds(lasts), highest[1], -np.inf)
    few = slice(_FEW)
    score, i, j = _best_sums(starts[:, few], ends[:, few], firsts[:, few], lasts[:, few], longest)
    if places.shape[1] > _FEW:
        untried = np.maximum(highest[0][:, 0] + highest[1][:, _FEW], highest[0][:, _FEW] + highest[1][:, 0])
        open_ = np.flatnonzero(score <= untried)
        score[open_], i[open_], j[open_] = _best_sums(starts[open_], ends[open_], firsts[open_], lasts[open_], longest)
    first, last = firsts[row, i], lasts[row, j]
    lost = np.flatnonzero(np.isneginf(score) & (table.size > 0))
    if len(lost):
        inside = table.part(lost).holds(np.tile(np.arange(both.shape[1]), (len(lost), 1)))
        alone = np.where(inside, both[lost] + both[lost + len(row)], -np.inf)
        first[lost] = last[lost] = alone.argmax(axis=1)
        score[lost] = alone.max(axis=1).astype(np.float64) - _LAST_RESORT
    return score, first, last


def _best_sums(starts: Doubles, ends: Doubles, first: Places, last: Places, longest: int) -> tuple[Doubles, Ints, Ints]:
    """Of each window the highest sum of a start and an end that make a span, and their ranks.

    Args:
        starts: (w, n) logits, highest first; -inf where no span may start.
        ends: (w, n).
        first: (w, n) positions of the starts.
        last: (w, n) of the ends.
        longest: tokens a span may have.
    """
    ahead = (last[:, None, :] - first[:, :, None]).view(np.uint32)  # an end before its start is very far ahead
    sums = starts[:, :, None] + ends[:, None, :]
    np.copyto(sums, -np.inf, where=ahead >= longest)
    flat = sums.reshape(len(sums), starts.shape[1] * ends.shape[1])
    best = flat.argmax(axis=1)
    return flat[np.arange(len(flat)), best], best // last.shape[1], best % last.shape[1]


def _top(values: Floats, n: int) -> Ints:
    """Positions (w, min(n, length)) of the n highest values of each row, highest first, the earlier among equals."""
    width = values.shape[1]
    if n >= width:
        return np.argsort(-values, axis=1, kind="stable")
    edge = np.partition(values, width - n, axis=1)[:, width - n]
    high = values >= edge[:, None]
    flat = np.flatnonzero(high)
    if len(flat) > n * len(values):  # in some row more than n are as high as the n-th
        tied = high.sum(axis=1) > n
        best = np.empty((len(values), n), np.int64)
        best[tied] = np.argsort(-values[tied], axis=1, kind="stable")[:, :n]
        best[~tied] = _top(values[~tied], n)
        return best
    row = np.arange(len(values))[:, None]
    places: Ints = flat.reshape(-1, n) - row * width
    order = np.argsort(-values[row, places], axis=1, kind="stable")
    return np.asarray(places[row, order])


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
