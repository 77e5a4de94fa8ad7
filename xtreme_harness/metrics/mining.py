"""F1 over sentence pairs: BUCC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xtreme_harness.metrics.base import Metric
from xtreme_harness.metrics.counts import precision_recall_f1
from xtreme_harness.records import Rows, Vector

__all__ = ["PAIR_F1", "pair_f1", "pair_rows"]

Ids = tuple[str, ...]


def pair_rows(predictions: Sequence[Ids], golds: Sequence[Ids], language: str) -> Rows:
    """Return (n, 3): pairs that are right, predicted and gold; one row a foreign sentence.

    An example holds the English ids paired with one foreign sentence, () where it has none.
    A repeated id counts once. The language is not used.

    Raises:
        ValueError: The sequences differ in length.

    Source: `bucc_f1` of google-research/xtreme `evaluate.py` (838c13b), which compares the sets of all
    pairs of a file; grouped by foreign sentence the counts are the same.

    >>> pair_rows([("en-1", "en-1", "en-7"), ()], [("en-1",), ("en-2",)], "de").tolist()
    [[1.0, 2.0, 1.0], [0.0, 0.0, 1.0]]
    """
    pairs = [(set(found), set(gold)) for found, gold in zip(predictions, golds, strict=True)]
    rows: Rows = np.array([(len(found & gold), len(found), len(gold)) for found, gold in pairs], dtype=np.float64)
    return rows.reshape(-1, 3)


def pair_f1(sums: Vector) -> dict[str, float]:
    """Return f1, precision and recall in percent from the sums (3,); all the integer 0 where nothing is right.

    >>> pair_f1(np.array([1.0, 2.0, 2.0]))
    {'f1': 50.0, 'precision': 50.0, 'recall': 50.0}
    """
    correct, predicted, gold = sums.tolist()
    if not correct:
        return {"f1": 0, "precision": 0, "recall": 0}
    return precision_recall_f1(correct, predicted, gold)


PAIR_F1: Metric[Ids, Ids] = Metric(
    name="pair_f1",
    main=("f1",),
    official=("f1", "precision", "recall"),
    columns=("correct", "predicted", "gold"),
    rows=pair_rows,
    reduce=pair_f1,
    lm_eval={"f1": "f1", "precision": "precision", "recall": "recall"},
    answers="pairs",
)
