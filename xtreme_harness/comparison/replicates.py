"""Two models' paired cells, resampled: items within a task, and seeds as the outer level."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.comparison.pairing import Paired
from xtreme_harness.comparison.resample import Stratum, bootstrap, randomise, stratum
from xtreme_harness.metrics import METRICS
from xtreme_harness.records import Rows
from xtreme_harness.results.record import CellRecord
from xtreme_harness.scoring.uncertainty import joint_ids

__all__ = ["Replicates", "replicate"]

CellKey = tuple[str, str]
Cells = Mapping[CellKey, Sequence[CellRecord]]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Items:
    """The items of one stratum."""

    cells: tuple[CellKey, ...]
    places: Mapping[CellKey, NDArray[np.int64] | None]  # item number of every row; None: the rows in their order
    n: int
    differing: Mapping[CellKey, NDArray[np.bool_]]  # (n,): did the two models' statistics differ?


@dataclass(frozen=True, slots=True)
class Replicates:
    """Headlines of every cell in every resample."""

    old: Floats  # (cells, resamples), percent
    new: Floats
    null: Floats | None  # (cells, trials): differences when chance decides which model gave which answer
    strata: tuple[_Items, ...]

    def items(self, cells: Iterable[CellKey]) -> tuple[int, int]:
        """How many items stand behind some cells, and on how many of them the two models differ."""
        wanted, total, differing = set(cells), 0, 0
        for one in self.strata:
            mine = [key for key in one.cells if key in wanted]
            if mine:
                total += one.n
                differing += int(np.logical_or.reduce([one.differing[key] for key in mine]).sum())
        return total, differing


def replicate(pairs: Paired, resamples: int, trials: int, seed: int) -> Replicates:
    """Resample the items of every stratum, and the seeds of models that have several.

    What is chance in a single answer counts at both levels, so intervals over seeds err on the wide side: with three
    seeds a side, 95 % intervals held the truth in 94 % of simulated cases where seeds differ much and in 99 % where
    they hardly do. With several seeds, approximate randomisation tests the answers averaged over them.
    """
    place = {key: i for i, key in enumerate(pairs.old)}
    old, new = np.empty((len(place), resamples)), np.empty((len(place), resamples))
    null = np.empty((len(place), trials)) if trials else None
    strata = _strata(pairs)
    draws = [_seed_draws(cells, resamples, seed, arm) for arm, cells in enumerate((pairs.old, pairs.new))]
    for one in strata:
        found = bootstrap(_joined(one, [pairs.old, pairs.new]), resamples, seed)
        start = 0
        for key in one.cells:
            for into, cells, drawn in ((old, pairs.old, draws[0]), (new, pairs.new, draws[1])):
                stop = start + len(cells[key])
                into[place[key]] = _over_seeds(found[start:stop], drawn)
                start = stop
        if null is not None:
            merged = _joined(one, [_averaged(one, pairs.old), _averaged(one, pairs.new)])
            swaps = [(2 * i, 2 * i + 1) for i in range(len(one.cells))]
            null[[place[key] for key in one.cells]] = randomise(merged, swaps, trials, seed)
    return Replicates(old, new, null, tuple(strata))


def _strata(pairs: Paired) -> list[_Items]:
    """The cells of a parallel task together, any other cell alone."""
    found: list[_Items] = []
    for task in dict.fromkeys(task for task, _ in pairs.old):
        keys = tuple(key for key in pairs.old if key[0] == task)
        ids = joint_ids({key[1]: pairs.old[key][0].ids for key in keys})
        if ids is None:
            found += [_items((key,), {key: None}, pairs.old[key][0].n, pairs) for key in keys]
            continue
        number = {item: i for i, item in enumerate(dict.fromkeys(item for one in ids.values() for item in one))}
        places = {key: np.array([number[item] for item in ids[key[1]]], dtype=np.int64) for key in keys}
        found.append(_items(keys, places, len(number), pairs))
    return found


def _items(
    keys: tuple[CellKey, ...], places: Mapping[CellKey, NDArray[np.int64] | None], n: int, pairs: Paired
) -> _Items:
    differing = {}
    for key in keys:
        olds, news = ([_rows(cell) for cell in cells[key]] for cells in (pairs.old, pairs.new))
        same_shape = olds[0].shape == news[0].shape
        differ = np.array(
            (np.mean(olds, axis=0) != np.mean(news, axis=0)).any(axis=1) if same_shape else np.ones(len(olds[0]), bool)
        )
        into, place = np.zeros(n, dtype=bool), places[key]
        into[np.arange(n) if place is None else place] |= differ
        differing[key] = into
    return _Items(keys, places, n, differing)


def _joined(one: _Items, arms: Sequence[Cells]) -> Stratum:
    """Readings in the order: cell, then arm, then seed."""
    name = one.cells[0][0] if one.places[one.cells[0]] is not None else " ".join(one.cells[0])
    parts = [
        (METRICS[cell.metric], _rows(cell), one.places[key]) for key in one.cells for arm in arms for cell in arm[key]
    ]
    return stratum(name, parts, one.n)


def _averaged(one: _Items, cells: Cells) -> Cells:
    """Each cell with the mean of its seeds' statistics."""
    return {
        key: (replace(cells[key][0], rows=np.mean([_rows(cell) for cell in cells[key]], axis=0)),) for key in one.cells
    }


def _rows(cell: CellRecord) -> Rows:
    assert cell.rows is not None  # pairing leaves out cells without rows
    return cell.rows


def _seed_draws(cells: Cells, resamples: int, seed: int, arm: int) -> Floats | None:
    """Weights of the seeds in every resample, (seeds, resamples); None for a single seed.

    A mean over few draws varies by (n - 1) / n of what it should; the deviations are stretched to make up for it.
    """
    n = len(next(iter(cells.values())))
    if n == 1:
        return None
    counts = np.random.default_rng([seed, arm, n]).multinomial(n, [1 / n] * n, size=resamples).T / n
    stretched: Floats = 1 / n + math.sqrt(n / (n - 1)) * (counts - 1 / n)
    return stretched


def _over_seeds(headlines: Floats, draws: Floats | None) -> Floats:
    """The mean over seeds (seeds, resamples) -> (resamples,)."""
    mean: Floats = headlines[0] if draws is None else (headlines * draws).sum(axis=0)
    return mean
