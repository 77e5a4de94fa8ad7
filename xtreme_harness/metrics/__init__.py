"""Metrics by name: rows of statistics per example, reduced to percents."""

from __future__ import annotations

from typing import Any

from xtreme_harness.metrics.base import Metric, column_sums
from xtreme_harness.metrics.classification import ACCURACY, TAG_ACCURACY
from xtreme_harness.metrics.graded import NDCG
from xtreme_harness.metrics.mining import PAIR_F1
from xtreme_harness.metrics.ranking import AVERAGE_PRECISION, RECIPROCAL_RANK
from xtreme_harness.metrics.squad import MLQA, SQUAD, SQUAD_V2
from xtreme_harness.metrics.tagging import CHUNK_F1, CHUNK_F1_SEQEVAL_1_2, ENTITY_F1

__all__ = ["METRICS", "Metric", "column_sums"]

METRICS: dict[str, Metric[Any, Any]] = {
    "accuracy": ACCURACY,
    "tag_accuracy": TAG_ACCURACY,
    "entity_f1": ENTITY_F1,
    "chunk_f1": CHUNK_F1,
    "chunk_f1_seqeval_1_2": CHUNK_F1_SEQEVAL_1_2,
    "squad": SQUAD,
    "squad_v2": SQUAD_V2,
    "mlqa": MLQA,
    "reciprocal_rank": RECIPROCAL_RANK,
    "average_precision": AVERAGE_PRECISION,
    "pair_f1": PAIR_F1,
    "ndcg": NDCG,
}
