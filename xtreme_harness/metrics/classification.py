"""Accuracy, of examples (XNLI, PAWS-X, XCOPA, Tatoeba) and of the tags of sentences (CCG)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xtreme_harness.metrics.base import Metric
from xtreme_harness.records import Rows, Vector

__all__ = ["ACCURACY", "TAG_ACCURACY", "accuracy", "accuracy_rows", "tag_accuracy_rows"]


def accuracy_rows(predictions: Sequence[object], golds: Sequence[object], language: str) -> Rows:
    """Return (n, 2): 1 where the prediction equals the gold, and 1 for the example.

    Labels are compared with `==`: strings exactly, case and zero-padding included; 1, 1.0 and True
    are equal, 1 and "1" are not. The language is not used.

    Raises:
        ValueError: The sequences differ in length.

    Source: `accuracy` of google-research/xtreme `evaluate.py` (838c13b).

    >>> accuracy_rows(["neutral", "0"], ["neutral", "00"], "en").tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    pairs = zip(predictions, golds, strict=True)
    rows: Rows = np.array([(prediction == gold, 1) for prediction, gold in pairs], dtype=np.float64)
    return rows.reshape(-1, 2)


def tag_accuracy_rows(predictions: Sequence[Sequence[str]], golds: Sequence[Sequence[str]], language: str) -> Rows:
    """Return (n, 2): the number of tags of a sentence that are right, and of all its tags. The language is not used.

    Raises:
        ValueError: The sequences, or the tags of a sentence, differ in length.

    >>> tag_accuracy_rows([("DT", "NN")], [("DT", "NNP")], "en").tolist()
    [[1.0, 2.0]]
    """
    right = [sum(a == b for a, b in zip(*pair, strict=True)) for pair in zip(predictions, golds, strict=True)]
    rows: Rows = np.array([right, [len(gold) for gold in golds]], dtype=np.float64)
    return rows.T.reshape(-1, 2)


def accuracy(sums: Vector) -> dict[str, float]:
    """Return the accuracy in percent from the sums (2,); 0.0 where there are no examples.

    >>> accuracy(np.array([2.0, 3.0]))
    {'accuracy': 66.66666666666666}
    """
    correct, n = sums.tolist()
    return {"accuracy": correct / n * 100 if n else 0.0}


ACCURACY: Metric[object, object] = Metric(
    name="accuracy",
    main=("accuracy",),
    official=("accuracy",),
    columns=("correct", "n"),
    rows=accuracy_rows,
    reduce=accuracy,
    lm_eval={"accuracy": "acc"},
)

TAG_ACCURACY: Metric[Sequence[str], Sequence[str]] = Metric(
    name="tag_accuracy",
    main=("accuracy",),
    official=("accuracy",),
    columns=("correct", "tags"),
    rows=tag_accuracy_rows,
    reduce=accuracy,
    lm_eval={"accuracy": "acc"},
    answers="tags",
)
