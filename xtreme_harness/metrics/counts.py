"""Precision, recall and F1 from three counts, in the official order of operations."""

from __future__ import annotations

__all__ = ["precision_recall_f1"]


def precision_recall_f1(correct: float, predicted: float, gold: float) -> dict[str, float]:
    """Return f1, precision and recall in percent; what would divide by zero is the integer 0, as officially.

    Args:
        correct: Number of predicted items that are gold.
        predicted: Number of predicted items.
        gold: Number of gold items.

    Source: `bucc_f1` of google-research/xtreme `evaluate.py` (838c13b); seqeval gives the same bits.

    >>> precision_recall_f1(1, 1, 2)
    {'f1': 66.66666666666666, 'precision': 100.0, 'recall': 50.0}
    >>> precision_recall_f1(0, 0, 0)
    {'f1': 0, 'precision': 0, 'recall': 0}
    """
    precision = correct / predicted if predicted else 0
    recall = correct / gold if gold else 0
    f1 = 2 * precision * recall / (precision + recall) if correct else 0
    return {"f1": f1 * 100, "precision": precision * 100, "recall": recall * 100}
