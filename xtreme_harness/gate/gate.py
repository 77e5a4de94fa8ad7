"""The gate from files: rules, runs, published baselines, series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from xtreme_harness.cards import Cards
from xtreme_harness.errors import OutputError, XHarnessError, did_you_mean
from xtreme_harness.gate.decide import check_runs, check_series
from xtreme_harness.gate.rules import DEFAULT, read_rules
from xtreme_harness.gate.verdicts import Report
from xtreme_harness.leaderboard.submissions import Submission, folder, read_submission
from xtreme_harness.plan.arguments import PLACE, PLACES, RESAMPLING, optional, require
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.results.read import read_result, read_seeds
from xtreme_harness.results.result import Result
from xtreme_harness.results.series import read_series

__all__ = ["gate", "gate_series"]

Place = str | Path
_ASKED = {"rules": ("--rules", optional(PLACE)), **RESAMPLING}
T = TypeVar("T")


def gate(
    old: Place,
    new: Place,
    *,
    rules: Place | None = None,
    include: Sequence[Place] = (),
    paired_bs: int = 1000,
    paired_ar: int = 0,
    seed: int = 42,
    force: bool = False,
) -> Report:
    """Judge a run against another, or against a published baseline, by rules.

    Args:
        old: a folder that `evaluate` wrote, its results.json, a folder of `seed-N/`, or a name in submissions/.
        new: likewise, but no submission.
        rules: rule file; None: the one that ships with the package.
        include: card files or folders.
        paired_bs: resamples of the paired bootstrap.
        paired_ar: trials of approximate randomisation, which then gives the p values; 0: the bootstrap does.
        seed: of both.
        force: judge results of other data, cards or metrics; `Report.warnings` names them.

    Raises:
        XHarnessError: for what is no rule file, no run, or cannot be compared; every fault.
    """
    given = {"paired_bs": paired_bs, "paired_ar": paired_ar, "seed": seed, "force": force, "include": include}
    require({"old": old, "new": new, "rules": rules, **given}, {"old": ("OLD", PLACE), "new": ("NEW", PLACE), **_ASKED})
    cards = all_cards([Path(place) for place in include])
    faults: list[str] = []
    judged = _tried(lambda: read_rules(Path(rules) if rules else DEFAULT, cards), faults)
    before = _tried(lambda: _old(old, cards), faults)
    after = _tried(lambda: read_seeds(new), faults)
    if faults or judged is None or before is None or after is None:
        raise OutputError(*faults)
    return check_runs(
        judged, before, after, cards, resamples=paired_bs, trials=paired_ar, seed=seed, force=force
    )  # fmt: skip


def gate_series(
    runs: Sequence[Place],
    *,
    rules: Place | None = None,
    include: Sequence[Place] = (),
    paired_bs: int = 1000,
    paired_ar: int = 0,
    seed: int = 42,
    force: bool = False,
) -> list[Report]:
    """Judge every run of a series against the one before it and against the best before it.

    Args:
        runs: runs in the order of their steps, or one folder with a series.json.
        rules: and the others: as in `gate`.
        include: card files or folders.
        paired_bs: resamples.
        paired_ar: trials.
        seed: of both.
        force: judge unlike results.

    Raises:
        XHarnessError: as `gate`, and for fewer than two runs.
    """
    given = {"paired_bs": paired_bs, "paired_ar": paired_ar, "seed": seed, "force": force, "include": include}
    require({"runs": runs, "rules": rules, **given}, {"runs": ("RUNS", PLACES), **_ASKED})
    cards = all_cards([Path(place) for place in include])
    faults: list[str] = []
    judged = _tried(lambda: read_rules(Path(rules) if rules else DEFAULT, cards), faults)
    steps = _tried(lambda: _steps(runs), faults)
    if faults or judged is None or steps is None:
        raise OutputError(*faults)
    return check_series(judged, steps, cards, resamples=paired_bs, trials=paired_ar, seed=seed, force=force)


def _tried(read: Callable[[], T], faults: list[str]) -> T | None:
    """What is read; None, and its faults kept, where it is wrong."""
    try:
        return read()
    except XHarnessError as error:
        faults.extend(error.faults)
        return None


def _old(place: Place, cards: Cards) -> tuple[Result, ...] | Submission:
    """A run on disk, or else a submission of that name."""
    if Path(place).exists():
        return read_seeds(place)
    names = sorted(p.name for p in folder().iterdir() if p.is_dir())
    if str(place) in names:
        return read_submission(folder() / str(place), cards)
    near = did_you_mean(str(place), names)
    raise OutputError(f"{place}: neither a run (a folder of `xharness eval`) nor a name in submissions/{near}")


def _steps(places: Sequence[Place]) -> tuple[Result, ...]:
    found: list[Result] = []
    faults: list[str] = []
    for place in map(Path, places):
        found += _tried(partial(_runs, place), faults) or ()
    if not faults and len(found) < 2:
        faults.append(f"{', '.join(map(str, places))}: {len(found)} run, expected a series of two or more")
    if faults:
        raise OutputError(*faults)
    return tuple(found)


def _runs(place: Path) -> tuple[Result, ...]:
    """The runs of a series, or the run that a folder is."""
    series = read_series(place)
    return (read_result(place),) if series is None else series.runs
