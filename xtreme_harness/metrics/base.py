"""What a metric is: two pure functions and the names of what they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from xtreme_harness.records import Rows, Vector

__all__ = ["Metric", "column_sums"]

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
