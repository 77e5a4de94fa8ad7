"""Predictions of one split, compared with its gold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xtreme_harness.errors import PredictionError, did_you_mean
from xtreme_harness.kinds.base import Kind
from xtreme_harness.metrics import Metric, column_sums
from xtreme_harness.records import Score, Split

__all__ = [
    "require_same_ids",
    "score",
]


def score(
    metric: Metric[Any, Any],
    kind: Kind[Any, Any, Any],
    split: Split[Any],
    found: Mapping[str, Any],
) -> Score:
    """Compare predictions with the gold of a split.

    Raises:
        PredictionError: when an example has no prediction or a prediction no example.
    """
    require_same_ids(split, found)
    golds = [kind.gold(e) for e in split.examples]
    rows = metric.rows([found[e.id] for e in split.examples], golds, split.language)
    return Score(split.task, split.language, metric.reduce(column_sums(rows)), rows)


def require_same_ids(split: Split[Any], found: Mapping[str, Any]) -> None:
    """Raise PredictionError naming the first missing and the first unknown id."""
    ids = {e.id for e in split.examples}
    missing = [e.id for e in split.examples if e.id not in found]
    unknown = [key for key in found if key not in ids]
    where = f"{split.task} {split.language} {split.name}"
    faults = []
    if missing:
        faults.append(f"{where}: {len(missing)} of {len(ids)} examples have no prediction; the first is '{missing[0]}'")
    if unknown:
        near = did_you_mean(unknown[0], missing)
        faults.append(f"{where}: {len(unknown)} predictions for unknown ids; the first is '{unknown[0]}'{near}")
    if faults:
        raise PredictionError(*faults)
