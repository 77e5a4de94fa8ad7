"""Metrics by name: rows of statistics per example, reduced to percents."""

from __future__ import annotations

from typing import Any

from xtreme_harness.metrics.base import Metric, column_sums, expected_columns, metric_faults, of_labels
from xtreme_harness.metrics.by_label import BINARY_F1, F1_ACCURACY, MACRO_F1, MATTHEWS, WEIGHTED_F1
from xtreme_harness.metrics.classification import ACCURACY, TAG_ACCURACY
from xtreme_harness.metrics.correlation import PEARSON, PEARSON_SPEARMAN, SPEARMAN
from xtreme_harness.metrics.graded import NDCG
from xtreme_harness.metrics.mining import PAIR_F1
from xtreme_harness.metrics.ranking import AVERAGE_PRECISION, RECIPROCAL_RANK
from xtreme_harness.metrics.slots import SLOT_F1
from xtreme_harness.metrics.squad import MLQA, SQUAD, SQUAD_V2
from xtreme_harness.metrics.tagging import CHUNK_F1, CHUNK_F1_SEQEVAL_1_2, ENTITY_F1

__all__ = ["METRICS", "Metric", "column_sums", "expected_columns", "metric_faults", "of_labels"]

METRICS: dict[str, Metric[Any, Any]] = {
    "accuracy": ACCURACY,
    "macro_f1": MACRO_F1,
    "weighted_f1": WEIGHTED_F1,
    "binary_f1": BINARY_F1,
    "f1_accuracy": F1_ACCURACY,
    "matthews": MATTHEWS,
    "pearson": PEARSON,
    "spearman": SPEARMAN,
    "pearson_spearman": PEARSON_SPEARMAN,
    "tag_accuracy": TAG_ACCURACY,
    "entity_f1": ENTITY_F1,
    "chunk_f1": CHUNK_F1,
    "chunk_f1_seqeval_1_2": CHUNK_F1_SEQEVAL_1_2,
    "slot_f1": SLOT_F1,
    "squad": SQUAD,
    "squad_v2": SQUAD_V2,
    "mlqa": MLQA,
    "reciprocal_rank": RECIPROCAL_RANK,
    "average_precision": AVERAGE_PRECISION,
    "pair_f1": PAIR_F1,
    "ndcg": NDCG,
}
