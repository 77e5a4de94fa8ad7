"""One evaluation over several seeds: a run each in `seed-N/`, and their means beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xtreme_harness.cards import Cards
from xtreme_harness.plan.cells import Plan
from xtreme_harness.records import Rows
from xtreme_harness.results.build import build
from xtreme_harness.results.record import CellRecord
from xtreme_harness.results.result import Result
from xtreme_harness.signature import fingerprint
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["averaged", "seed_table"]


def averaged(results: Mapping[int, Result], plan: Plan, cards: Cards) -> Result:
    """The means over seeds of every cell that all seeds have; a cell that one of them lacks is failed.

    The statistics of an example become their means too, so that intervals are of the mean over these seeds.
    """
    runs = list(results.values())
    by_cell = [{cell.key: cell for cell in run.cells} for run in runs]
    records = [
        _mean({seed: cells[key] for seed, cells in zip(results, by_cell, strict=True)})
        for key in by_cell[0]
        if all(key in cells for cells in by_cell)
    ]
    failed = {name: f"seed {seed}: {message}" for seed, run in results.items() for name, message in run.failed.items()}
    unscored = [m for m in runs[0].missing if m not in plan.missing]
    lineage = {str(stage): stage for run in runs for stage in run.lineage}
    first = runs[0]
    command = {**first.command, "random_seed": list(results)}
    return build(
        plan, cards, records, first.model, first.split, failed, unscored, first.limit, list(lineage.values()), command
    )


def seed_table(result: Result) -> str:
    """Every task and group by seed, the mean with its standard error, and what seeds and examples add to that.

    Beside them stands how much languages differ: the standard error that the mean would have if its languages were
    drawn from many.
    """
    named = [(f"{t.scope}: {t.key}", t.uncertainty) for t in result.tasks]
    named += [(f"{g.scope}: {'overall' if g.name == g.scope else g.name}", g.uncertainty) for g in result.groups]
    seeds = list(dict.fromkeys(seed for _, one in named for seed in one.by_seed))
    rows = []
    for name, one in named:
        by_seed = [f"{one.by_seed[seed]:.2f}" if seed in one.by_seed else "" for seed in seeds]
        parts = (one.variance.seeds, one.variance.examples, one.variance.languages)
        shares = [f"{part**0.5:.2f}" if part is not None else "" for part in parts]
        rows.append([name, *by_seed, f"{one.spread.value:.2f}", f"± {one.spread.error:.2f}", *shares])
    headers = ["", *(f"seed {seed}" for seed in seeds), "mean", "", "of seeds", "of examples", "(of languages)"]
    return pipe_table(rows, headers)


def _mean(records: Mapping[int, CellRecord]) -> CellRecord:
    """One cell, averaged over seeds."""
    first = next(iter(records.values()))
    if not first.done:
        return first
    rows: Rows = np.mean([record.rows for record in records.values() if record.rows is not None], axis=0)
    return replace(
        first,
        metrics={name: _average(r.metrics[name] for r in records.values()) for name in first.metrics},
        rows=rows,
        extras={name: _average(r.extras[name] for r in records.values()) for name in first.extras},
        calibration=None,
        seconds=sum(r.seconds for r in records.values()),
        by_seed={str(seed): dict(r.metrics) for seed, r in records.items()},
        seed=None,
        fields={**first.fields, "seed": None},
        fingerprint=fingerprint({str(seed): r.fingerprint for seed, r in records.items()}),
        signature=_signature(first.signature, list(records)),
    )


def _average(values: Iterable[float]) -> float:
    found = list(values)
    return float(sum(found) / len(found))


def _signature(line: str, seeds: Sequence[int]) -> str:
    """The signature of the first seed, with all seeds in it."""
    parts = [f"seed:{'+'.join(map(str, seeds))}" if p.startswith("seed:") else p for p in line.split("|")]
    return "|".join(parts)
