"""Correlation of predicted and gold numbers: Pearson's and Spearman's (STS, GLUE's STS-B).

Both are functions of sums over examples once the numbers stand on a scale of their own: less their mean, over their
standard deviation. Means, deviations and ranks are those of the whole cell. A resample (an interval, a paired test)
keeps them: it draws examples with the ranks that they have in the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.errors import DataError
from xtreme_harness.files.shown import shown
from xtreme_harness.metrics.base import Metric
from xtreme_harness.records import Rows, Vector

__all__ = ["PEARSON", "PEARSON_SPEARMAN", "SPEARMAN", "average_ranks", "correlation_rows", "correlations"]

Floats = NDArray[np.float64]
_FLAT = 1e-12  # a variance that is so small beside the sum of squares is none but rounding


def correlation_rows(predictions: Sequence[float], golds: Sequence[float], language: str) -> Rows:
    """Return (n, 11): prediction and gold as standard scores, their squares and product; the same of ranks; 1.

    Numbers that are all alike have the score 0. The language is not used.

    Raises:
        DataError: A prediction or a gold is no finite number.
        ValueError: The sequences differ in length.

    >>> correlation_rows([1.0, 9.0], [4.0, 4.0], "en")[:, 5:].tolist()
    [[-1.0, 0.0, 1.0, 0.0, -0.0, 1.0], [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]]
    """
    if len(predictions) != len(golds):
        raise ValueError(f"{len(predictions)} predictions and {len(golds)} golds")
    found, wanted = _numbers(predictions), _numbers(golds)
    values = _products(_standard(found), _standard(wanted))
    ranks = _products(_standard(average_ranks(found)), _standard(average_ranks(wanted)))
    return np.column_stack([*values, *ranks, np.ones(len(wanted))])


def average_ranks(values: Floats) -> Floats:
    """Ranks from 1 (n,); equal values share the mean of theirs.

    >>> average_ranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks


def correlations(sums: Vector) -> dict[str, float]:
    """Return Pearson's and Spearman's correlation times 100 (-100 to 100) from the sums (11,).

    Where one side is constant neither is defined, and both are 0.0 here (scipy says nan).

    Source: `pearsonr` and `spearmanr` of scipy.stats.

    >>> correlations(np.array([0.0, 0.0, 2.0, 2.0, -1.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0]))
    {'pearson': -50.0, 'spearman': 100.0}
    """
    n = float(sums[10])
    return {"pearson": _correlation(sums[:5], n), "spearman": _correlation(sums[5:10], n)}


def _correlation(sums: Vector, n: float) -> float:
    x, y, xx, yy, xy = sums.tolist()
    wide, high = n * xx - x * x, n * yy - y * y
    if wide <= _FLAT * n * xx or high <= _FLAT * n * yy:
        return 0.0
    return 100 * float(np.clip((n * xy - x * y) / np.sqrt(wide * high), -1, 1))


def _numbers(values: Sequence[float]) -> Floats:
    strange = [
        one for one in values if isinstance(one, bool) or not isinstance(one, int | float) or not np.isfinite(one)
    ]
    if strange:
        raise DataError(f"found {shown(strange[0])}, expected a number")
    return np.array(values, dtype=np.float64)


def _standard(values: Floats) -> Floats:
    """Standard scores; 0 where all values are alike."""
    if not len(values) or values.min() == values.max():
        return np.zeros(len(values))
    centred = values / np.abs(values).max()  # of the size of 1, so that no square overflows
    centred = centred - centred.mean()
    deviation = float(np.sqrt((centred**2).mean()))
    return centred / deviation if deviation else np.zeros(len(values))


def _products(x: Floats, y: Floats) -> tuple[Floats, ...]:
    return x, y, x * x, y * y, x * y


_VALUES = ("pearson", "spearman")
_CORRELATION = partial(
    Metric,
    official=_VALUES,
    columns=(
        *("prediction", "gold", "prediction^2", "gold^2", "prediction*gold"),
        *("rank", "gold_rank", "rank^2", "gold_rank^2", "rank*gold_rank", "n"),
    ),
    rows=correlation_rows,
    reduce=correlations,
    lm_eval={name: name for name in _VALUES},
    answers="numbers",
    low=-100.0,
    alone=False,
)
PEARSON: Metric[float, float] = _CORRELATION(name="pearson", main=("pearson",))
SPEARMAN: Metric[float, float] = _CORRELATION(name="spearman", main=("spearman",))
PEARSON_SPEARMAN: Metric[float, float] = _CORRELATION(name="pearson_spearman", main=_VALUES)
