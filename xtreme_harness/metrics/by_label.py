"""Figures that count by label: macro and weighted F1, Matthews' correlation, F1 of one label (GLUE, Taxi1500 ...).

Rows say of every label whether it was right, predicted, gold; labels that neither side has count for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.errors import DataError
from xtreme_harness.files.shown import shown, some
from xtreme_harness.metrics.base import Metric
from xtreme_harness.metrics.counts import precision_recall_f1
from xtreme_harness.records import Rows, Vector

__all__ = [
    "BINARY_F1",
    "F1_ACCURACY",
    "MACRO_F1",
    "MATTHEWS",
    "WEIGHTED_F1",
    "binary_f1",
    "binary_rows",
    "label_rows",
    "macro_f1",
    "matthews",
    "weighted_f1",
]

Ints = NDArray[np.int64]


def label_rows(predictions: Sequence[str], golds: Sequence[str], labels: Sequence[str]) -> Rows:
    """Return (n, 3 k) for k labels: 1 where a label is right, then where it is predicted, then where it is gold.

    Raises:
        DataError: A prediction or a gold is none of the labels.
        ValueError: The sequences differ in length.

    >>> label_rows(["b", "a"], ["b", "b"], ["a", "b"]).tolist()
    [[0.0, 1.0, 0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]]
    """
    found, wanted = _places(predictions, golds, labels)
    size, each = len(labels), np.arange(len(wanted))
    rows = np.zeros((len(wanted), 3 * size))
    right = found == wanted
    rows[each[right], found[right]] = 1
    rows[each, size + found] = 1
    rows[each, 2 * size + wanted] = 1
    return rows


def binary_rows(predictions: Sequence[str], golds: Sequence[str], labels: Sequence[str]) -> Rows:
    """Return (n, 5): is the second label right, is it predicted, is it gold; is the prediction right; 1.

    Raises:
        DataError: A prediction or a gold is none of the labels.
        ValueError: The sequences differ in length.

    >>> binary_rows(["yes", "no"], ["yes", "no"], ["no", "yes"]).tolist()
    [[1.0, 1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0, 1.0]]
    """
    found, wanted = _places(predictions, golds, labels)
    ours, theirs = found == 1, wanted == 1
    return np.column_stack([ours & theirs, ours, theirs, found == wanted, np.ones(len(wanted))]).astype(np.float64)


def macro_f1(sums: Vector) -> dict[str, float]:
    """Return the mean F1 over labels, and the accuracy, in percent from the sums (3 k,); 0.0 without examples.

    The mean is over the labels that stand in the gold or in the predictions.

    Source: `f1_score(average="macro")` of scikit-learn.

    >>> macro_f1(np.array([1.0, 0.0, 2.0, 0.0, 1.0, 1.0]))
    {'macro_f1': 33.33333333333333, 'accuracy': 50.0}
    """
    f1, _ = _by_label(sums)
    return {"macro_f1": 100 * float(f1.mean()) if len(f1) else 0.0, "accuracy": _accuracy(sums)}


def weighted_f1(sums: Vector) -> dict[str, float]:
    """Return the mean F1 over labels, weighted by how often each is gold, and the accuracy; as `macro_f1`.

    Source: `f1_score(average="weighted")` of scikit-learn.

    >>> weighted_f1(np.array([1.0, 0.0, 2.0, 0.0, 1.0, 1.0]))
    {'weighted_f1': 33.33333333333333, 'accuracy': 50.0}
    """
    f1, gold = _by_label(sums)
    total = float(gold.sum())
    return {"weighted_f1": 100 * float(f1 @ gold) / total if total else 0.0, "accuracy": _accuracy(sums)}


def matthews(sums: Vector) -> dict[str, float]:
    """Return Matthews' correlation times 100 (-100 to 100) and the accuracy in percent from the sums (3 k,).

    With more than two labels it is Gorodkin's R_K. Where all predictions or all golds are alike it is not defined, and
    0.0 here.

    Source: `matthews_corrcoef` of scikit-learn.

    >>> matthews(np.array([1.0, 1.0, 2.0, 2.0, 2.0, 2.0]))
    {'matthews': 0.0, 'accuracy': 50.0}
    """
    correct, predicted, gold = sums.reshape(3, -1)
    n = float(gold.sum())
    both = float(correct.sum()) * n - float(predicted @ gold)
    spread = (n * n - float(predicted @ predicted)) * (n * n - float(gold @ gold))
    return {"matthews": 100 * both / float(np.sqrt(spread)) if spread > 0 else 0.0, "accuracy": _accuracy(sums)}


def binary_f1(sums: Vector) -> dict[str, float]:
    """Return F1 of the second label, the accuracy, precision and recall, in percent from the sums (5,).

    What would divide by zero is 0.0.

    Source: `f1_score(average="binary")` of scikit-learn.

    >>> binary_f1(np.array([1.0, 2.0, 1.0, 3.0, 4.0]))
    {'f1': 66.66666666666666, 'accuracy': 75.0, 'precision': 50.0, 'recall': 100.0}
    """
    correct, predicted, gold, right, n = sums.tolist()
    found = precision_recall_f1(correct, predicted, gold)
    accuracy = 100 * right / n if n else 0.0
    return {"f1": found["f1"], "accuracy": accuracy, "precision": found["precision"], "recall": found["recall"]}


def _places(predictions: Sequence[str], golds: Sequence[str], labels: Sequence[str]) -> tuple[Ints, Ints]:
    """The index of the label of every prediction and of every gold, (n,) each."""
    place = {label: i for i, label in enumerate(labels)}
    for found, wanted in zip(predictions, golds, strict=True):
        if strange := [one for one in (found, wanted) if one not in place]:
            raise DataError(f"label {shown(strange[0])}, expected one of {some(labels)}")
    pair = ([place[one] for one in side] for side in (predictions, golds))
    ours, theirs = (np.array(side, dtype=np.int64) for side in pair)
    return ours, theirs


def _by_label(sums: Vector) -> tuple[Vector, Vector]:
    """F1 (0-1) of the labels that are there, and how often each is gold."""
    correct, predicted, gold = sums.reshape(3, -1)
    there = predicted + gold > 0
    return 2 * correct[there] / (predicted + gold)[there], gold[there]


def _accuracy(sums: Vector) -> float:
    correct, _, gold = sums.reshape(3, -1).sum(axis=1).tolist()
    return 100 * correct / gold if gold else 0.0


def _counted(name: str, spelt: str, reduce: Callable[[Vector], dict[str, float]], low: float = 0.0) -> Metric[str, str]:
    """A metric of `label_rows`."""
    return Metric(
        name=name,
        main=(name,),
        official=(name,),
        columns=(),
        rows=lambda predictions, golds, language: label_rows(predictions, golds, ()),
        reduce=reduce,
        lm_eval={name: spelt, "accuracy": "acc"},
        answers="labels",
        per_label=("correct", "predicted", "gold"),
        label_rows=label_rows,
        alone=False,
        low=low,
    )


MACRO_F1 = _counted("macro_f1", "f1", macro_f1)
WEIGHTED_F1 = _counted("weighted_f1", "f1", weighted_f1)
MATTHEWS = _counted("matthews", "mcc", matthews, low=-100.0)

_BINARY = partial(
    Metric,
    official=("f1", "accuracy"),
    columns=("correct", "predicted", "gold", "right", "n"),
    rows=lambda predictions, golds, language: binary_rows(predictions, golds, ()),
    reduce=binary_f1,
    lm_eval={"f1": "f1", "accuracy": "acc", "precision": "precision", "recall": "recall"},
    answers="labels",
    alone=False,
    classes=2,
    label_rows=binary_rows,
)
BINARY_F1: Metric[str, str] = _BINARY(name="binary_f1", main=("f1",))
F1_ACCURACY: Metric[str, str] = _BINARY(name="f1_accuracy", main=("f1", "accuracy"))
