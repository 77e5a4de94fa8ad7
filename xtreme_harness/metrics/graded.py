"""Ranked lists against graded judgements: nDCG@10, recall and reciprocal rank as trec_eval has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log2

import numpy as np

from xtreme_harness.metrics.base import Metric
from xtreme_harness.records import Rows, Vector

__all__ = ["NDCG", "graded_rows", "graded_values", "ndcg", "recall"]

Ids = tuple[str, ...]
Grades = Mapping[str, int]  # document id -> grade; what is not above 0 is not relevant
_CUT = 10  # of nDCG and the reciprocal rank
_DEPTHS = (100, 20, 10)  # of recall
_VALUES = (f"ndcg@{_CUT}", *(f"recall@{k}" for k in _DEPTHS), f"mrr@{_CUT}")


def ndcg(ranked: Sequence[str], grades: Grades, k: int = _CUT) -> float:
    """Return the normalised discounted cumulative gain (0-1) of the first k documents, best first.

    The gain is the grade, the discount log2(rank + 1), the ideal that of all judged documents; 0 where none is
    relevant. A document without judgement gains nothing, and one that is listed again gains once.

    Source: `ndcg_cut` of trec_eval 9 (`m_ndcg_cut.c`), as pytrec_eval gives it.

    >>> round(ndcg(["b", "x", "a"], {"a": 2, "b": 1}), 4)
    0.7602
    """
    ideal = _gain(sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:k])
    return _gain(_gains(ranked[:k], grades)) / ideal if ideal else 0.0


def recall(ranked: Sequence[str], grades: Grades, k: int) -> float:
    """Return the share (0-1) of the relevant documents that are among the first k; 0 where none is relevant.

    Source: `recall` of trec_eval 9 (`m_recall.c`).

    >>> recall(["b", "x", "a"], {"a": 2, "b": 1, "c": 0}, 2)
    0.5
    """
    relevant = {name for name, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def graded_rows(predictions: Sequence[Ids], golds: Sequence[Grades], language: str) -> Rows:
    """Return (n, 6): nDCG@10, recall@100, @20, @10 and reciprocal rank at 10 of a query, and 1.

    A query with judgements none of which is above 0 has 0 of all and counts, as in trec_eval. The language is not used.

    Raises:
        ValueError: The sequences differ in length.

    >>> graded_rows([("x", "a")], [{"a": 1}], "sw").round(4).tolist()
    [[0.6309, 1.0, 1.0, 1.0, 0.5, 1.0]]
    """
    found = [
        (ndcg(ranked, grades), *(recall(ranked, grades, k) for k in _DEPTHS), _reciprocal(ranked, grades), 1)
        for ranked, grades in zip(predictions, golds, strict=True)
    ]
    rows: Rows = np.array(found, dtype=np.float64)
    return rows.reshape(-1, len(_VALUES) + 1)


def graded_values(sums: Vector) -> dict[str, float]:
    """Return the means over queries in percent from the sums (6,); 0.0 where there are no queries.

    >>> graded_values(np.array([1.5, 2, 1, 0, 1, 2.0]))
    {'ndcg@10': 75.0, 'recall@100': 100.0, 'recall@20': 50.0, 'recall@10': 0.0, 'mrr@10': 50.0}
    """
    *totals, n = sums.tolist()
    return {name: total / n * 100 if n else 0.0 for name, total in zip(_VALUES, totals, strict=True)}


def _gain(grades: Iterable[int]) -> float:
    return sum((grade / log2(rank + 1) for rank, grade in enumerate(grades, start=1)), 0.0)


def _gains(ranked: Sequence[str], grades: Grades) -> list[int]:
    """Grades down a list; 0 where a document was there before."""
    seen: set[str] = set()
    found = []
    for name in ranked:
        found.append(max(0, grades.get(name, 0)) if name not in seen else 0)
        seen.add(name)
    return found


def _reciprocal(ranked: Sequence[str], grades: Grades) -> float:
    ranks = (rank for rank, name in enumerate(ranked[:_CUT], start=1) if grades.get(name, 0) > 0)
    return next((1.0 / rank for rank in ranks), 0.0)


NDCG: Metric[Ids, Grades] = Metric(
    name="ndcg",
    main=("ndcg@10",),
    official=("ndcg@10", "recall@100"),
    columns=(*_VALUES, "n"),
    rows=graded_rows,
    reduce=graded_values,
    lm_eval={value: value.replace("@", "_at_") for value in _VALUES},
    answers="grades",
)
