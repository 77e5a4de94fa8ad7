"""Resampling of statistics per example: the bootstrap, and approximate randomisation.

Every metric here is a function of column sums. So a resample is a vector of counts, how often each item was drawn, and
a thousand resamples are one matrix product: counts (resamples, items) times statistics (items, columns). Items with
equal statistics are interchangeable, so only how often each pattern was drawn needs to be known: where there are few
patterns (accuracy has four for a pair of runs) a multinomial over patterns replaces the draws, and is as exact.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.metrics import Metric
from xtreme_harness.records import Rows
from xtreme_harness.scoring.means import headline

__all__ = ["Reading", "Stratum", "bootstrap", "headlines", "randomise", "stratum"]

Floats = NDArray[np.float64]
Metrics = Metric[object, object]

_BLOCK = 4_000_000  # counts held at once: 32 MB
_PATTERNS = 8  # a multinomial costs about as much as this many draws a pattern


@dataclass(frozen=True, slots=True)
class Reading:
    """One run's answers to one cell: a metric, and the columns of the stratum that it reads."""

    metric: Metrics
    columns: slice


@dataclass(frozen=True, slots=True)
class Stratum:
    """Items that are drawn together: the examples of one cell, or of a parallel task in all its languages."""

    name: str  # has a random stream of its own, so that a cell's figures do not depend on what stands beside it
    patterns: Rows  # (patterns, columns): the distinct rows of statistics, all readings side by side
    multiplicity: NDArray[np.int64]  # (patterns,): items that have them
    readings: tuple[Reading, ...]

    @property
    def items(self) -> int:
        """How many items are drawn."""
        return int(self.multiplicity.sum())


def stratum(name: str, parts: Sequence[tuple[Metrics, Rows, NDArray[np.int64] | None]], items: int) -> Stratum:
    """Put the statistics of several readings side by side.

    Args:
        name: of the stratum.
        parts: metric, rows (n, k) and item number of every row (n,) of each reading; None: the rows are the items in
            their order. An item without a row counts nothing there, as a question that a language lacks.
        items: number of items.
    """
    whole = np.zeros((items, sum(rows.shape[1] for _, rows, _ in parts)))
    readings, start = [], 0
    for metric, rows, places in parts:
        columns = slice(start, start + rows.shape[1])
        if places is None:
            whole[:, columns] = rows
        else:
            np.add.at(whole[:, columns], places, rows)
        readings.append(Reading(metric, columns))
        start = columns.stop
    patterns, multiplicity = _distinct(whole)
    return Stratum(name, patterns, multiplicity, tuple(readings))


def bootstrap(one: Stratum, n: int, seed: int) -> Floats:
    """Headlines of every reading in n resamples with replacement, (readings, n), percent.

    All readings see the same resamples, so that differences between them are paired.
    """
    found = np.empty((len(one.readings), n))
    for start, counts in _drawn(one, n, _stream(one.name, seed, 0)):
        sums = counts @ one.patterns
        for i, reading in enumerate(one.readings):
            found[i, start : start + len(counts)] = headlines(reading.metric, sums[:, reading.columns])
    return found


def randomise(one: Stratum, pairs: Sequence[tuple[int, int]], n: int, seed: int) -> Floats:
    """Differences of pairs of readings when chance decides for every item which run gave which answer.

    Args:
        one: the items.
        pairs: old and new reading; an item changes sides in all pairs at once, as the languages of a parallel task.
        n: number of trials.
        seed: of the trials.

    Returns:
        (pairs, n): new minus old, percent.
    """
    found = np.empty((len(pairs), n))
    both = [(one.readings[old], one.readings[new]) for old, new in pairs]
    gaps = [one.patterns[:, new.columns] - one.patterns[:, old.columns] for old, new in both]
    moves = np.any([gap.any(axis=1) for gap in gaps], axis=0)
    often, once = (np.flatnonzero(moves & wanted) for wanted in (one.multiplicity > 1, one.multiplicity == 1))
    moving = np.concatenate([often, once])
    totals, rng, coins = one.multiplicity @ one.patterns, _stream(one.name, seed, 1), _stream(one.name, seed, 2)
    for start, size in _blocks(n, len(moving)):
        several = rng.binomial(one.multiplicity[often], 0.5, size=(size, len(often)))
        swapped = np.concatenate([several, _bits(coins, size, len(once))], axis=1, dtype=np.float64)
        for i, ((old, new), gap) in enumerate(zip(both, gaps, strict=True)):
            shift = swapped @ gap[moving]
            before, after = totals[old.columns] + shift, totals[new.columns] - shift
            found[i, start : start + size] = headlines(new.metric, after) - headlines(old.metric, before)
    return found


def headlines(metric: Metrics, sums: Floats) -> Floats:
    """The headline of every row of column sums (n, k), percent; equal sums are reduced once."""
    distinct, place = np.unique(np.ascontiguousarray(sums), axis=0, return_inverse=True)
    values = np.array([headline(metric, metric.reduce(one)) for one in distinct])
    found: Floats = values[place.reshape(-1)]
    return found


def _drawn(one: Stratum, n: int, rng: np.random.Generator) -> Iterator[tuple[int, Floats]]:
    """Blocks of counts (resamples, patterns), each with the number of its first resample."""
    items, patterns = one.items, len(one.multiplicity)
    few = patterns * _PATTERNS < items
    pattern_of = None if few or patterns == items else np.repeat(np.arange(patterns), one.multiplicity)
    for start, size in _blocks(n, patterns if few else items):
        if few:
            yield start, rng.multinomial(items, one.multiplicity / items, size=size).astype(np.float64)
            continue
        draws = rng.integers(items, size=(size, items))
        draws = draws if pattern_of is None else pattern_of[draws]
        draws += np.arange(size)[:, None] * patterns
        counts = np.bincount(draws.ravel(), minlength=size * patterns).reshape(size, patterns)
        yield start, counts.astype(np.float64)


def _bits(rng: np.random.Generator, n: int, width: int) -> NDArray[np.uint8]:
    """Coin flips (n, width), 32 from one number; every row begins with a new number, so that blocks change nothing."""
    words = rng.integers(2**32, size=(n, -(-width // 32)), dtype=np.uint32)
    return np.unpackbits(words.view(np.uint8), axis=1)[:, :width]


def _blocks(n: int, width: int) -> Iterator[tuple[int, int]]:
    size = max(1, min(n, _BLOCK // max(width, 1)))
    for start in range(0, n, size):
        yield start, min(size, n - start)


def _distinct(rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    """Distinct rows and how often each stands there; numpy's own `unique` of rows is ten times slower."""
    if not len(rows):
        return rows, np.zeros(0, dtype=np.int64)
    ordered = rows[np.lexsort(rows.T)]
    starts = np.flatnonzero(np.concatenate(([True], (ordered[1:] != ordered[:-1]).any(axis=1))))
    return ordered[starts], np.diff(np.append(starts, len(rows)))


def _stream(name: str, seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode()), purpose])
