"""A split to predictions: the same lines for all twelve tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.kinds.base import Kind
from xtreme_harness.records import Arrays, Features, Json, Split

__all__ = ["calibrate", "predict"]


def predict(model: Any, kind: Kind[Any, Any, Any], split: Split[Any], card: TaskCard, number: Json = None) -> dict[str, Any]:
    """Answer every example of a split, by id.

    Args:
        model: with `tokenizer` and `forward(features) -> Arrays` (models.load.Model).
        kind: of the task.
        split: the examples.
        card: the task.
        number: what `calibrate` chose on the dev split, where the kind has that.
    """
    arrays, features = _run(model, kind, split, card)
    return kind.decode(replace(arrays, calibration=number), features, split, card)


def calibrate(model: Any, kind: Kind[Any, Any, Any], split: Split[Any], card: TaskCard) -> Json:
    """The number that a kind chooses on the dev split (BUCC's threshold)."""
    if kind.calibrate is None:
        return None
    arrays, features = _run(model, kind, split, card)
    return kind.calibrate(arrays, features, split, card)


def _run(model: Any, kind: Kind[Any, Any, Any], split: Split[Any], card: TaskCard) -> tuple[Arrays, Features]:
    features = kind.featurize(split, model.tokenizer, card)
    return model.forward(features), features
