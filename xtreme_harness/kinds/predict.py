"""A split to predictions: the same lines for all twelve tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from xtreme_harness.cards import TaskCard
from xtreme_harness.kinds.base import Kind
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Features, Json, Split

__all__ = ["Answering", "Answers", "predict"]


class Answering(Protocol):
    """What predicts: `models.load.Model`, or anything with its two parts."""

    tokenizer: Tokenizer

    def forward(self, features: Features) -> Arrays:
        """Answer every sequence of the features."""
        ...


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model makes of a split."""

    found: dict[str, Any]  # predictions by example id
    number: Json = None  # what the kind chose on the dev split (BUCC's threshold)
    extras: Mapping[str, float] | None = None  # figures, in percent, that prediction files cannot tell


def predict(
    model: Answering, kind: Kind[Any, Any, Any], split: Split[Any], card: TaskCard, dev: Split[Any] | None = None
) -> Answers:
    """Answer every example of a split.

    Args:
        model: with its tokenizer.
        kind: of the task.
        split: the examples.
        card: the task.
        dev: where the kind chooses a number first (BUCC's threshold), the split it is chosen on; may be `split`.
    """
    features = kind.featurize(split, model.tokenizer, card)
    arrays = model.forward(features)
    number = None
    if dev is not None and kind.calibrate is not None:
        tuning = features if dev is split else kind.featurize(dev, model.tokenizer, card)
        number = kind.calibrate(arrays if dev is split else model.forward(tuning), tuning, dev, card)
    found = kind.decode(replace(arrays, calibration=number), features, split, card)
    return Answers(found, number, kind.extras(arrays, features, split, card) if kind.extras else None)
