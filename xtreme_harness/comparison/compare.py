"""Is the new checkpoint better? Runs on disk against a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xtreme_harness.comparison.differences import Comparison, compare_runs
from xtreme_harness.errors import OutputError, XHarnessError
from xtreme_harness.plan.arguments import PLACE, PLACES, RESAMPLING, Wanted, require
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.results.read import read_seeds
from xtreme_harness.results.result import Result

__all__ = ["compare"]

Place = str | Path
MODELS = Wanted("one or more runs", lambda value: bool(value) and PLACES.fits(value))


def compare(
    old: Place,
    *new: Place,
    paired_bs: int = 1000,
    paired_ar: int = 0,
    seed: int = 42,
    force: bool = False,
    include: Sequence[Place] = (),
) -> Comparison:
    """Compare runs with a baseline, on the examples that all answered.

    Args:
        old: the baseline: a folder that `evaluate` wrote, its results.json with cells/ beside it, or a folder of
            `seed-N/`.
        new: one or more runs, likewise.
        paired_bs: resamples of the paired bootstrap.
        paired_ar: trials of approximate randomisation, which then gives the p values; 0: the bootstrap does.
        seed: of both.
        force: compare results of other data, cards, metrics, splits or limits; `Comparison.mismatches` names them.
        include: card files or folders.

    Raises:
        OutputError: for what is no finished run.
        DataError: for results that are not comparable, each field that differs; for arguments that make no sense.

    >>> compare("out-old", "out-new").at("suite")[0].interval  # doctest: +SKIP
    (-0.21, 1.34)
    """
    given = {"old": old, "new": new, "paired_bs": paired_bs, "paired_ar": paired_ar, "seed": seed, "force": force}
    require({**given, "include": include}, {"old": ("OLD", PLACE), "new": ("NEW", MODELS), **RESAMPLING})
    models = read_models([old, *new])
    return compare_runs(
        models[0], models[1:], all_cards([Path(place) for place in include]),
        resamples=paired_bs, trials=paired_ar, seed=seed, force=force,
    )  # fmt: skip


def read_models(places: Sequence[Place]) -> list[tuple[Result, ...]]:
    """Read the runs of several models; OutputError with every fault of all of them."""
    models: list[tuple[Result, ...]] = []
    faults: list[str] = []
    for place in places:
        try:
            models.append(read_seeds(place))
        except XHarnessError as error:
            faults.extend(error.faults)
    if faults:
        raise OutputError(*dict.fromkeys(faults))
    return models
