"""What a metric is: two pure functions and the names of what they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from xtreme_harness.records import Rows, Vector

__all__ = ["Metric", "column_sums", "expected_columns", "metric_faults", "of_labels"]

P = TypeVar("P")
G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Metric(Generic[P, G]):
    """A metric that is a function of per-example sums.

    Because it is, sharding, confidence intervals, paired tests and error lists need no further code.
    """

    name: str
    main: tuple[str, ...]  # values averaged into the headline: ("exact_match", "f1")
    official: tuple[str, ...]  # values the official layout knows, in its key order
    columns: tuple[str, ...]  # what the columns of the rows count
    rows: Callable[[Sequence[P], Sequence[G], str], Rows]  # predictions, golds, language
    reduce: Callable[[Vector], dict[str, float]]  # column sums (k,) -> percent
    lm_eval: Mapping[str, str]  # our value -> lm-eval's spelling: {"accuracy": "acc"}
    answers: str = ""  # what it compares, as `Kind.answers` says it: "labels"; "": whatever there is
    low: float = 0.0  # the least that a value can be, percent; where it is below 0, statistics may be so too
    alone: bool = True  # does one example alone have a figure?
    classes: int = 0  # labels that a card must have; 0: as many as it likes
    per_label: tuple[str, ...] = ()  # what it counts of every label, in columns of their own before the others
    label_rows: Callable[[Sequence[P], Sequence[G], Sequence[str]], Rows] | None = None  # predictions, golds, labels


def of_labels(metric: Metric[P, G], labels: Sequence[str]) -> Metric[P, G]:
    """Give a metric that counts by label the labels of a card: its columns and rows; any other as it is.

    What reduces sums needs no labels: it reads them off the number of columns.
    """
    count = metric.label_rows
    if count is None:
        return metric
    columns = tuple(f"{what} {label}" for what in metric.per_label for label in labels)
    return replace(
        metric,
        columns=columns or metric.columns,
        rows=lambda predictions, golds, language: count(predictions, golds, labels),
    )


def expected_columns(metric: Metric[Any, Any], found: Sequence[str]) -> tuple[str, ...]:
    """The columns that rows must have; of a metric that counts by label those of the labels that were found.

    >>> from xtreme_harness.metrics import METRICS
    >>> expected_columns(METRICS["macro_f1"], ["correct a", "predicted a", "gold b"])
    ('correct a', 'predicted a', 'gold a')
    """
    if not metric.per_label:
        return metric.columns
    first = f"{metric.per_label[0]} "
    labels = [name.removeprefix(first) for name in found if name.startswith(first)]
    return of_labels(metric, labels or ["..."]).columns


def metric_faults(metric: Metric[Any, Any], answers: str, labels: Sequence[str] | None) -> list[str]:
    """Why a metric does not fit a card.

    Args:
        metric: that the card names.
        answers: what the card's kind answers with, as `Kind.answers` says it.
        labels: of the card; None: they are read from the data.
    """
    if metric.answers and metric.answers != answers:
        return [
            f"metric: {metric.name} compares {metric.answers}, and the card's kind answers with {answers or 'others'}"
        ]
    if metric.label_rows is None or labels is None:
        return []
    if not labels:
        return [f"metric: {metric.name} counts by label, and the card has no labels"]
    if metric.classes not in (0, len(labels)):
        return [
            f"metric: {metric.name} looks for the second of {metric.classes} labels, and the card has {len(labels)}"
        ]
    return []


def column_sums(rows: Rows) -> Vector:
    """Add the rows (n, k) from first to last, as the official scorer adds floats; (k,).

    `numpy.sum` adds in pairs and differs in the last bit.

    >>> import numpy as np
    >>> column_sums(np.array([[0.1], [0.2], [0.3]])).tolist()
    [0.6000000000000001]
    """
    import numpy as np

    if not len(rows):
        return np.zeros(rows.shape[1], dtype=np.float64)
    sums: Vector = np.add.accumulate(rows, axis=0)[-1]
    return sums
