"""Pairs of sentences that may be translations, by the margin of their similarity over that of their neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.search.nearest import knn

__all__ = ["Candidate", "best_threshold", "mine"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of sentences that may be translations."""

    query: int  # index of the foreign sentence
    item: int  # index of the English sentence
    score: float  # ratio margin


def mine(
    queries: NDArray[np.float32],
    pool: NDArray[np.float32],
    query_texts: Sequence[str],
    pool_texts: Sequence[str],
    k: int = 4,
    device: str = "cpu",
) -> list[Candidate]:
    """Pair sentences by ratio margin, the best pairs first, no sentence twice (Artetxe and Schwenk 2019, "max").

    Equal lines count as one sentence, with the vector of the last of them; a sentence that occurs more than once
    in its file is searched with the others but gives no pair, as in XTREME's `utils_retrieve.py`.

    Args:
        queries: (n, d), rows of length 1: the foreign sentences.
        pool: (m, d), likewise: the English ones.
        query_texts: n sentences.
        pool_texts: m sentences.
        k: neighbours whose mean similarity the margin divides by.
        device: where to search.

    Returns:
        candidates by descending score; the score is a ratio, 1 = no better than the neighbours.
    """
    left, right = _distinct(query_texts), _distinct(pool_texts)
    x, y = queries[left], pool[right]
    forward, forward_items = knn(x, y, k, device)
    backward, backward_items = knn(y, x, k, device)
    items, ahead = _best(forward, forward_items, forward.mean(axis=1), backward.mean(axis=1))
    rows, back = _best(backward, backward_items, backward.mean(axis=1), forward.mean(axis=1))
    pairs = _matched(
        np.concatenate([np.arange(len(x)), rows]),
        np.concatenate([items, np.arange(len(y))]),
        np.concatenate([ahead, back]),
    )
    single_left, single_right = _single(query_texts), _single(pool_texts)
    found = (Candidate(int(left[i]), int(right[j]), score) for i, j, score in pairs if score > 0)
    return [c for c in found if single_left[c.query] and single_right[c.item]]


def _matched(
    rows: NDArray[np.int64], items: NDArray[np.int64], scores: NDArray[np.float32]
) -> Iterator[tuple[int, int, float]]:
    """Walk pairs from the highest score down, passing over those of which one side is taken."""
    order = np.lexsort((items, rows, -scores))
    used_rows, used_items = set(), set()
    for i, j, score in zip(rows[order].tolist(), items[order].tolist(), scores[order].tolist(), strict=True):
        if i not in used_rows and j not in used_items:
            used_rows.add(i)
            used_items.add(j)
            yield i, j, score


def _best(
    similar: NDArray[np.float32], items: NDArray[np.int64], own: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The neighbour (n,) of each row with the highest ratio margin, and the margin (n,)."""
    margins = similar / ((own[:, None] + other[items]) / 2)
    at = (np.arange(len(margins)), margins.argmax(axis=1))
    return items[at], margins[at]


def _distinct(texts: Sequence[str]) -> NDArray[np.int64]:
    """Index of the last of equal lines, in the order of their first."""
    last = {text: i for i, text in enumerate(texts)}
    return np.array([last[text] for text in dict.fromkeys(texts)], dtype=np.int64)


def _single(texts: Sequence[str]) -> list[bool]:
    """For each line, is it the only one of its text?"""
    stripped = [text.strip() for text in texts]
    counts = Counter(stripped)
    return [counts[text] == 1 for text in stripped]


def best_threshold(scores: Sequence[float], correct: Sequence[bool], gold: int) -> float:
    """The score above which candidates, best first, give the highest F1 against `gold` pairs.

    It lies half-way between the last candidate that is kept and the next one; when all are kept, at the last one
    (XTREME's script fails there).

    >>> best_threshold([3.0, 2.0, 1.0], [True, True, False], gold=2)
    1.5
    """
    best, threshold, hits = 0.0, 0.0, 0
    for i, (score, hit) in enumerate(zip(scores, correct, strict=True)):
        hits += hit
        precision, recall = hits / (i + 1), hits / gold if gold else 0.0
        f1 = 2 * precision * recall / (precision + recall) if hits and gold else 0.0
        if f1 > best:
            best = f1
            threshold = (score + scores[i + 1]) / 2 if i + 1 < len(scores) else score
    return threshold
