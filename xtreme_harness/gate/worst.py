"""The examples behind a broken rule: what the old run answered better, most of all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.comparison.resample import headlines
from xtreme_harness.gate.verdicts import Example, Report, Verdict
from xtreme_harness.metrics import METRICS, Metric
from xtreme_harness.records import Rows
from xtreme_harness.results.result import Result
from xtreme_harness.results.samples import Sample, read_samples, texts
from xtreme_harness.scoring.spread import influence

__all__ = ["with_examples"]

CELLS, EXAMPLES = 3, 3  # of a verdict: cells that fell most, and examples of each
_LONG = 160  # characters of a field


def with_examples(report: Report, old: Result, new: Result) -> Report:
    """Give every broken verdict the examples that cost most, in the cells that fell most.

    What an example costs is what it moves the cell's headline: a sentence pair that is found wrongly costs as well as
    one that is no longer found.
    """
    worst = [_fallen(verdict, old, new) if verdict.status == "broken" else [] for verdict in report.verdicts]
    costly = {key: _costly(key, old, new) for key in dict.fromkeys(key for keys in worst for key in keys)}
    verdicts = [
        replace(verdict, examples=tuple(example for key in keys for example in costly[key]))
        for verdict, keys in zip(report.verdicts, worst, strict=True)
    ]
    return replace(report, verdicts=tuple(verdicts))


def _fallen(verdict: Verdict, old: Result, new: Result) -> list[tuple[str, str]]:
    """The cells of a verdict that fell most, of those whose examples both runs have."""
    changes: list[tuple[float, tuple[str, str]]] = []
    for key in verdict.cells:
        before, after = old.scored.get(key), new.scored[key]
        if before is None or before.rows is None or after.rows is None or before.rows.shape != after.rows.shape:
            continue
        changes.append((after.headline - before.headline, key))
    return [key for change, key in sorted(changes) if change < 0][:CELLS]


def _costly(key: tuple[str, str], old: Result, new: Result) -> list[Example]:
    before, after = old.scored[key], new.scored[key]
    assert before.rows is not None  # `_fallen` left out those
    assert after.rows is not None
    metric = METRICS[after.metric]
    moved = influence(metric, np.concatenate([before.rows, after.rows]), metric.main)
    cost = moved[: before.n] - moved[before.n :]
    worst = [int(i) for i in np.argsort(-cost, kind="stable")[:EXAMPLES] if cost[i] > 0]
    then, now = (_alone(metric, cell.rows[worst]) for cell in (before, after) if cell.rows is not None)
    logged, earlier = read_samples(new, *key), read_samples(old, *key)
    return [
        Example(
            after.name,
            logged[i].id if logged else after.ids[i] if after.ids else str(i),
            float(then[n]), float(now[n]), _text(logged[i], earlier[i] if earlier else None) if logged else "",
        )
        for n, i in enumerate(worst)
    ]  # fmt: skip


def _alone(metric: Metric[Any, Any], rows: Rows) -> NDArray[np.float64]:
    """The figure of every example alone; 0 where one alone has none."""
    return headlines(metric, rows) if metric.alone else np.zeros(len(rows))


def _text(new: Sample, old: Sample | None) -> str:
    parts = [_short(" ".join(text)) for text in texts(new)] + [f"gold: {_short(new.gold)}"]
    parts += [f"old: {_short(old.prediction)}"] if old else []
    return " | ".join([*parts, f"new: {_short(new.prediction)}"])


def _short(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = " ".join(value)
    text = " ".join((value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).split())
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"
