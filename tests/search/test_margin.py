"""Pairs by margin, and the threshold, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xtreme_harness.search.margin import best_threshold, mine
from xtreme_harness.search.nearest import normalised


def test_equal_lines_count_once_with_the_vector_of_the_last_and_give_no_pair() -> None:
    axes = np.eye(4, dtype=np.float32)
    queries, texts = axes[[0, 1, 2, 3]], ["a", "b", "a", "c"]  # "a" has the vector of its second line
    pool, items = axes[[0, 1, 2, 3]], ["A", "B", "C", "D"]
    found = mine(queries, pool, texts, items, k=2)
    assert [(c.query, c.item) for c in found] == [(1, 1), (3, 3)]
    assert mine(queries, pool, texts, ["A", "B", "B ", "D"], k=2)[0].item == 3  # equal but for blanks: no pair either


def test_no_sentence_is_used_twice_and_the_best_pair_comes_first() -> None:
    rng = np.random.default_rng(0)
    queries, pool = (normalised(rng.standard_normal((n, 6)).astype(np.float32)) for n in (30, 20))
    found = mine(queries, pool, [f"f{i}" for i in range(30)], [f"e{i}" for i in range(20)])
    assert len({c.query for c in found}) == len({c.item for c in found}) == len(found) <= 20
    scores = [c.score for c in found]
    assert scores == sorted(scores, reverse=True) and all(score > 0 for score in scores)


@pytest.mark.parametrize(
    ("scores", "hits", "gold", "threshold"),
    [
        ([3, 2, 1], [1, 1, 0], 2, 1.5),
        ([3, 2, 1], [1, 1, 1], 3, 1.0),
        ([3, 2], [0, 0], 5, 0.0),
        ([], [], 3, 0.0),
        ([2, 1], [1, 0], 0, 0.0),
    ],
    ids=["between", "all kept", "none right", "no candidates", "no gold"],
)
def test_threshold(scores: list[float], hits: list[bool], gold: int, threshold: float) -> None:
    assert best_threshold(scores, hits, gold) == threshold
