"""Ranked lists: reciprocal rank (Mewsli-X) and average precision (LAReQA), both called map@20."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from xtreme_harness.errors import DataError
from xtreme_harness.metrics.base import Metric
from xtreme_harness.records import Rows, Vector

__all__ = [
    "AVERAGE_PRECISION",
    "RECIPROCAL_RANK",
    "average_precision",
    "average_precision_rows",
    "map_at_20",
    "reciprocal_rank",
    "reciprocal_rank_rows",
]

CUTOFF = 20  # both tasks look no further down a list

Ids = tuple[str, ...]


def average_precision(ranked: Sequence[Hashable], relevant: Iterable[Hashable], k: int | None = CUTOFF) -> float:
    """Return the average precision (0-1) of the first k items of a ranked list, best first.

    The divisor is the smaller of k and the number of distinct relevant items. An item that is listed
    again scores once but fills its rank.

    Args:
        ranked: Items, best first.
        relevant: Items that should be found, in any order.
        k: How far down the list is looked; None for all of it.

    Raises:
        DataError: No item is relevant.

    Source: `average_precision_at_k` of google-research/xtreme `third_party/utils_lareqa.py` (838c13b).

    >>> average_precision(["a", "x", "b"], {"a", "b"})
    0.8333333333333333
    """
    missing = set(relevant)
    if not missing:
        raise DataError("average precision: no relevant id, expected one or more for every query")
    divisor = len(missing) if k is None else min(len(missing), k)
    score, hits = 0.0, 0
    for rank, item in enumerate(ranked[:k], start=1):
        if item in missing:
            missing.remove(item)
            hits += 1
            score += hits / rank
    return score / divisor


def reciprocal_rank(ranked: Sequence[str], gold: str, k: int = CUTOFF) -> float:
    """Return 1 / rank of the first item that equals the gold among the first k, else 0.

    Source: `mean_reciprocal_rank` of google-research/xtreme `third_party/utils_mewslix.py` (838c13b).

    >>> reciprocal_rank(["Q2", "Q1"], "Q1")
    0.5
    """
    return next((1.0 / rank for rank, item in enumerate(ranked[:k], start=1) if item == gold), 0.0)


def average_precision_rows(predictions: Sequence[Ids], golds: Sequence[Ids], language: str) -> Rows:
    """Return (n, 2): the average precision at 20 of a query, and 1; golds hold all relevant ids.

    The language is not used.

    Raises:
        DataError: A query has no relevant id.
        ValueError: The sequences differ in length.

    >>> average_precision_rows([("en_1_0", "de_1_0")], [("de_1_0",)], "en").tolist()
    [[0.5, 1.0]]
    """
    _require_ids(golds)
    pairs = zip(predictions, golds, strict=True)
    return _counted([average_precision(ranked, relevant) for ranked, relevant in pairs])


def reciprocal_rank_rows(predictions: Sequence[Ids], golds: Sequence[Ids], language: str) -> Rows:
    """Return (n, 2): the reciprocal rank at 20 of a query, and 1.

    Of the gold ids only the first counts, without surrounding white space; predicted ids are taken
    as they are. The language is not used.

    Raises:
        DataError: A query has no gold id.
        ValueError: The sequences differ in length.

    >>> reciprocal_rank_rows([("Q2", "Q1")], [(" Q1 ", "Q2")], "de").tolist()
    [[0.5, 1.0]]
    """
    _require_ids(golds)
    pairs = zip(predictions, golds, strict=True)
    return _counted([reciprocal_rank(ranked, gold[0].strip()) for ranked, gold in pairs])


def map_at_20(sums: Vector) -> dict[str, float]:
    """Return the mean over queries in percent from the sums (2,); 0.0 where there are no queries.

    >>> map_at_20(np.array([1.5, 2.0]))
    {'map@20': 75.0}
    """
    total, n = sums.tolist()
    return {"map@20": total / n * 100 if n else 0.0}


def _require_ids(golds: Sequence[Ids]) -> None:
    empty = [number for number, gold in enumerate(golds, start=1) if not gold]
    if empty:
        raise DataError(
            f"query {empty[0]} of {len(golds)}: no gold id ({len(empty)} such), expected one or more; check the labels"
        )


def _counted(scores: Sequence[float]) -> Rows:
    rows: Rows = np.array([(score, 1) for score in scores], dtype=np.float64)
    return rows.reshape(-1, 2)


RECIPROCAL_RANK: Metric[Ids, Ids] = Metric(
    name="reciprocal_rank",
    main=("map@20",),
    official=("map@20",),
    columns=("reciprocal_rank", "n"),
    rows=reciprocal_rank_rows,
    reduce=map_at_20,
    lm_eval={"map@20": "map_at_20"},
    answers="ids",
)

AVERAGE_PRECISION: Metric[Ids, Ids] = Metric(
    name="average_precision",
    main=("map@20",),
    official=("map@20",),
    columns=("precision_sum", "n"),
    rows=average_precision_rows,
    reduce=map_at_20,
    lm_eval={"map@20": "map_at_20"},
    answers="ids",
)
