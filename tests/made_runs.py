"""Runs made of numbers, for tests and benchmarks of what is done with finished runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.analysis.runs import Run, RunCell
from xtreme_harness.cards import Cards
from xtreme_harness.metrics import METRICS, column_sums
from xtreme_harness.plan import all_cards, select
from xtreme_harness.signature import fingerprint

Statistics = Mapping[tuple[str, str], NDArray[np.float64]]  # (task, language) -> rows


@cache
def shipped_cards() -> Cards:
    """The cards of the package, read once."""
    return all_cards()


def accuracy_rows(right: NDArray[Any]) -> NDArray[np.float64]:
    """Rows of the accuracy from 0 and 1, (n,)."""
    return np.column_stack([right, np.ones(len(right))]).astype(np.float64)


def made_run(
    rows: Statistics,
    name: str = "made",
    *,
    suites: Sequence[str] = (),
    ids: Mapping[tuple[str, str], Sequence[str]] | None = None,
    fields: Mapping[str, Any] | None = None,
    limited: bool = False,
    missing: Sequence[Mapping[str, Any]] = (),
    failed: Mapping[str, str] | None = None,
    seed: int | None = 42,
) -> Run:
    """A run as `read_run` gives it. The metrics are those of the cards; parallel tasks number their items."""
    cells = {}
    for (task, language), one in rows.items():
        card = shipped_cards().card(task.partition("@")[0])
        metric = METRICS[card.metric]
        items = (ids or {}).get((task, language)) or ([str(i) for i in range(len(one))] if card.parallel else None)
        own = {"split": "test", "card": "c", "metric": card.metric, "data": {"f": "d"}, "labels": {}, "limit": None}
        cells[task, language] = RunCell(
            task, language, None, card.metric, metric.reduce(column_sums(one)), len(one), metric.columns, one,
            tuple(items) if items else None, {**own, **(fields or {})}, None,
        )  # fmt: skip
    own_block = {
        "official": {name: {} for name in suites}, "limited": limited, "missing": list(missing),
        "failed": dict(failed or {}), "complete": not missing and not limited and not failed, "cells": [],
    }  # fmt: skip
    return Run(Path(name), name, seed, {"model_name": name, "xharness": own_block}, cells)


def write_run(run: Run, folder: Path) -> Path:
    """Write a made run as a folder that `read_run` reads."""
    entries = []
    for (task, language), cell in run.cells.items():
        assert cell.rows is not None
        mark = fingerprint({"run": run.model, "cell": cell.name})
        rows = [[int(v) if v == int(v) else v for v in row] for row in cell.rows.tolist()]
        record = {
            "task": task, "language": language, "status": "done", "n": cell.n, "metrics": dict(cell.metrics),
            "columns": list(cell.columns), "rows": rows, "fingerprint": mark, "fields": dict(cell.fields),
            **({"ids": list(cell.ids)} if cell.ids else {}),
        }  # fmt: skip
        file = folder / "cells" / task / f"{language}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(record), "utf-8")
        entries.append(
            {"task": task, "language": language, "seed": None, "metrics": dict(cell.metrics), "n": cell.n,
             "status": "done", "fingerprint": mark, "signature": f"{task}|metric:{cell.metric}|fp:{mark[:8]}"}
        )  # fmt: skip
    own = {**run.own, "cells": entries}
    results = {"model_name": run.model, "config": {"random_seed": run.seed}, "xharness": own}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results), "utf-8")
    return folder


def suite_cells(suite: str) -> dict[tuple[str, str], int | None]:
    """Every cell of a suite and its official number of test examples, where the card has it."""
    return {
        (target.key, code): target.card.count("test", code)
        for target in select(shipped_cards(), [suite])
        for code in target.languages
    }
