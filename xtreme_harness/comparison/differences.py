"""Runs against a baseline: differences, their intervals, and how sure one can be of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.cards import Cards
from xtreme_harness.comparison.correction import benjamini_hochberg, holm, two_sided
from xtreme_harness.comparison.figures import Figure, figures
from xtreme_harness.comparison.pairing import Paired, Unpaired, pair
from xtreme_harness.comparison.replicates import Replicates, replicate
from xtreme_harness.errors import DataError, listed
from xtreme_harness.results.read import place_of
from xtreme_harness.results.record import CellRecord
from xtreme_harness.results.result import Result
from xtreme_harness.results.values import require_suites, strange_figures
from xtreme_harness.scoring.means import left_to_right_mean

__all__ = ["Comparison", "Difference", "Side", "common_suites", "compare_runs", "headlines_of"]

DETECTABLE = 2.8015852  # standard errors: found in 80 % of cases by a test at 5 % (z of 0.975 plus z of 0.8)
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Side:
    """One model of a comparison."""

    label: str  # its name; its folder where two have one name
    model: str
    path: str
    seeds: tuple[int | None, ...]
    limited: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two models; percents and percent points."""

    level: str  # suite, group, task, family, script, language, cell
    scope: str
    name: str
    label: str  # of the new model
    old: float
    new: float
    difference: float  # new minus old
    old_interval: tuple[float, float]  # 95 %
    new_interval: tuple[float, float]
    interval: tuple[float, float]  # of the difference
    error: float  # standard error of the difference
    p: float  # two-sided
    holm: float  # adjusted over the figures of the same level and scope
    benjamini_hochberg: float
    effect: float  # of a cell: difference over the standard deviation of the differences of examples; else their mean
    detectable: float  # the smallest difference that such data find with 80 % power at 5 %
    items: int  # resampled; an item of a parallel task counts once for all its languages
    cells: int  # compared
    complete: bool  # are these all the cells that the figure should have?

    @property
    def significant(self) -> bool:
        """Does it hold after Holm's correction at 5 %?"""
        return self.holm < LEVEL


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that a comparison found."""

    old: Side
    new: tuple[Side, ...]
    differences: tuple[Difference, ...]
    unpaired: Mapping[str, tuple[Unpaired, ...]]  # label of a new model -> cells that are not compared
    mismatches: tuple[str, ...]  # what --force passed over
    method: Mapping[str, Any]

    def at(self, level: str, label: str | None = None) -> list[Difference]:
        """The differences of a level, and of a new model."""
        return [d for d in self.differences if d.level == level and label in (None, d.label)]

    def to_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return asdict(self)


def compare_runs(
    old: Sequence[Result],
    new: Sequence[Sequence[Result]],
    cards: Cards,
    *,
    resamples: int = 1000,
    trials: int = 0,
    seed: int = 42,
    force: bool = False,
    means: Callable[[Sequence[str], Collection[tuple[str, str]]], Sequence[Figure]] | None = None,
) -> Comparison:
    """Compare models with a baseline, on the examples that both answered.

    Args:
        old: the baseline: its runs, one a seed.
        new: the models, each its runs.
        cards: for suites and groups.
        resamples: of the paired bootstrap.
        trials: of approximate randomisation, which then gives the p values; 0: the bootstrap does.
        seed: of both.
        force: compare results that were not computed from the same data in the same way.
        means: suites and cells that are compared -> figures; None: all of `figures`.

    Raises:
        CardError: for a suite that the cards do not have.
        DataError: for those without `force`, each differing field; where nothing can be compared; for figures that are
            missing or not a number.
    """
    strange = [fault for runs in (old, *new) for run in runs for fault in strange_figures(run)]
    if strange:
        raise DataError(*listed(list(dict.fromkeys(strange)), 10))
    require_suites(cards, [run for runs in (old, *new) for run in runs])
    sides = _sides([old, *new])
    pairs = [pair(old, runs) for runs in new]
    mismatches = list(dict.fromkeys(line for one in pairs for line in one.mismatches))
    if mismatches and not force:
        advice = "these results are not comparable; --force compares them nevertheless"
        raise DataError(*[f"{line}; {advice}" for line in mismatches])
    faults = [_nothing(sides[0], side, one) for side, one in zip(sides[1:], pairs, strict=True) if not one.old]
    if faults:
        raise DataError(*faults)
    found: list[Difference] = []
    for side, runs, one in zip(sides[1:], new, pairs, strict=True):
        suites = common_suites(cards, [*old, *runs])
        wanted = means(suites, one.old) if means else figures(cards, suites, one.old)
        found += _differences(one, wanted, replicate(one, resamples, trials, seed), side.label)
    method = {
        "resamples": resamples, "trials": trials, "seed": seed, "level": 1 - LEVEL,
        "p": "approximate randomisation" if trials else "paired bootstrap",
    }  # fmt: skip
    unpaired = {side.label: one.unpaired for side, one in zip(sides[1:], pairs, strict=True)}
    return Comparison(sides[0], tuple(sides[1:]), tuple(_corrected(found)), unpaired, tuple(mismatches), method)


def common_suites(cards: Cards, runs: Sequence[Result]) -> list[str]:
    """The suites that all runs were asked for by name."""
    return [name for name in cards.suites if all(name in run.suites for run in runs)]


def _sides(models: Sequence[Sequence[Result]]) -> list[Side]:
    names = [runs[0].model for runs in models]
    return [
        Side(
            name if names.count(name) == 1 else place_of(runs), name, place_of(runs),
            tuple(run.seed for run in runs), any(run.limited for run in runs),
        )
        for name, runs in zip(names, models, strict=True)
    ]  # fmt: skip


def _nothing(old: Side, new: Side, found: Paired) -> str:
    reasons = dict.fromkeys(one.reason for one in found.unpaired)
    return f"{old.path} and {new.path}: nothing to compare: {'; '.join(reasons) or 'no finished cells'}"


def _differences(pairs: Paired, means: Sequence[Figure], made: Replicates, label: str) -> list[Difference]:
    place = {key: i for i, key in enumerate(pairs.old)}
    weights = np.zeros((len(means), len(place)))
    for i, figure in enumerate(means):
        for key, weight in figure.weights().items():
            weights[i, place[key]] = weight
    old, new = weights @ made.old, weights @ made.new
    null = weights @ made.null if made.null is not None else None
    before, after = headlines_of(pairs.old), headlines_of(pairs.new)
    effects = weights @ np.array([
        _effect(after[key] - before[key], made.new[i] - made.old[i], pairs.old[key][0].n) for key, i in place.items()
    ])  # fmt: skip
    found = []
    for i, figure in enumerate(means):
        values = figure.value(before), figure.value(after)
        shift, error = values[1] - values[0], float((new[i] - old[i]).std(ddof=1))
        items, differing = made.items(figure.cells)
        found.append(
            Difference(
                figure.level, figure.scope, figure.name, label, *values, shift,
                _interval(old[i]), _interval(new[i]), _interval(new[i] - old[i]), error,
                _p(shift, new[i] - old[i], error, null[i] if null is not None else None, differing), 1.0, 1.0,
                float(effects[i]), DETECTABLE * error, items, len(figure.cells), figure.complete,
            )
        )  # fmt: skip
    return found


def _effect(shift: float, resampled: NDArray[np.float64], n: int) -> float:
    """The difference over the standard deviation of the differences of single examples."""
    error = float(resampled.std(ddof=1))
    return shift / error / n**0.5 if error else 0.0


def headlines_of(cells: Mapping[tuple[str, str], Sequence[CellRecord]]) -> dict[tuple[str, str], float]:
    """Cell -> mean over seeds of its headline, percent."""
    return {key: left_to_right_mean(cell.headline for cell in seeds) for key, seeds in cells.items()}


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def _p(
    shift: float, resampled: NDArray[np.float64], error: float, null: NDArray[np.float64] | None, differing: int
) -> float:
    if null is None:
        beyond = min(int((resampled <= 0).sum()), int((resampled >= 0).sum()))
        return two_sided(beyond, len(resampled), shift / error if error else np.inf, differing)
    beyond = int((abs(null) >= abs(shift) - 1e-12).sum()) // 2
    spread = float(null.std(ddof=1))
    return two_sided(beyond, len(null), shift / spread if spread else np.inf, differing)


def _corrected(found: Iterable[Difference]) -> list[Difference]:
    """Adjust p over all figures of one level and scope, of all new models."""
    whole = list(found)
    families: dict[tuple[str, str], list[int]] = {}
    for i, one in enumerate(whole):
        families.setdefault((one.level, one.scope), []).append(i)
    for members in families.values():
        p = [whole[i].p for i in members]
        for i, first, second in zip(members, holm(p), benjamini_hochberg(p), strict=True):
            whole[i] = replace(whole[i], holm=first, benjamini_hochberg=second)
    return whole
