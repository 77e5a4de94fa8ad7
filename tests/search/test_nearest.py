"""Nearest neighbours against brute force: ties, blocks, pools smaller than k, and no copy of the pool."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtreme_harness.search import nearest as search
from xtreme_harness.search.nearest import knn, normalised


@pytest.fixture(params=["faiss", "shortlist"], autouse=True)
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test runs by FAISS and by the shortlist, whatever this processor can do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_shortlist_pays", lambda queries, pool, k, device: request.param == "shortlist")
        yield


def brute(queries: np.ndarray, pool: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    scores = queries.astype(np.float64) @ pool.astype(np.float64).T
    items = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, items, axis=1), items


@given(
    st.integers(1, 12), st.integers(1, 60), st.integers(1, 5), st.integers(1, 30), st.integers(0, 2), st.integers(0, 99)
)
@settings(deadline=None)
def test_integers_with_many_ties(n: int, m: int, d: int, k: int, spread: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    queries, pool = (rng.integers(-spread, spread + 1, (size, d)).astype(np.float32) for size in (n, m))
    scores, items = knn(queries, pool, k)
    wanted_scores, wanted = brute(queries, pool, k)
    assert items.tolist() == wanted.tolist() and scores.tolist() == wanted_scores.tolist()


@pytest.mark.parametrize(("n", "m", "d", "k"), [(50, 400, 64, 20), (3, 2000, 384, 4), (300, 30, 8, 30)])
def test_vectors_of_length_one(n: int, m: int, d: int, k: int) -> None:
    rng = np.random.default_rng(0)
    queries, pool = (normalised(rng.standard_normal((size, d)).astype(np.float32)) for size in (n, m))
    scores, items = knn(queries, pool, k)
    wanted_scores, wanted = brute(queries, pool, k)
    assert (items == wanted).all() and np.abs(scores - wanted_scores).max() < 1e-6


def test_equal_items_come_in_their_order_wherever_they_stand() -> None:
    rng = np.random.default_rng(1)
    distinct = normalised(rng.standard_normal((40, 100)).astype(np.float32))
    copies = rng.integers(0, 40, 700)
    scores, items = knn(distinct, distinct[copies], 5)
    for query in range(40):
        own = np.flatnonzero(copies == query)[:5]
        assert items[query, : len(own)].tolist() == own.tolist()
        assert len(set(scores[query, : len(own)].tolist())) == 1


def test_a_collapsed_space_is_searched_in_order() -> None:
    pool = np.ones((10000, 4), np.float32) / 2
    scores, items = knn(pool[:3], pool, 6)
    assert items.tolist() == [[0, 1, 2, 3, 4, 5]] * 3 and scores.tolist() == [[1.0] * 6] * 3


def test_few_and_none() -> None:
    pool = np.eye(3, dtype=np.float32)
    scores, items = knn(pool, pool, 9)
    assert scores.shape == items.shape == (3, 3) and items[:, 0].tolist() == [0, 1, 2]
    assert knn(pool[:0], pool, 2)[1].shape == (0, 2)
    assert knn(pool, pool[:0], 2)[1].shape == (3, 0)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    queries, pool = rng.integers(-1, 2, (37, 3)).astype(np.float32), rng.integers(-1, 2, (90, 3)).astype(np.float32)
    whole = knn(queries, pool, 7)
    monkeypatch.setattr(search, "_QUERIES", 5)
    monkeypatch.setattr(search, "_SCORES", 200)
    parts = knn(queries, pool, 7)
    assert (whole[0] == parts[0]).all() and (whole[1] == parts[1]).all()


def test_the_pool_is_not_copied() -> None:
    rng = np.random.default_rng(3)
    pool = normalised(rng.standard_normal((80000, 64)).astype(np.float32))
    tracemalloc.start()
    found = normalised(pool)
    knn(pool[:4], found, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is pool and peak < pool.nbytes / 4


def test_normalised() -> None:
    rng = np.random.default_rng(4)
    raw = rng.standard_normal((5, 7)).astype(np.float32)
    raw[2] = 0
    found = normalised(raw)
    assert found.dtype == np.float32 and np.allclose(np.linalg.norm(found, axis=1), [1, 1, 0, 1, 1])
    assert normalised(found) is found


def test_torch_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    queries, pool = rng.integers(-1, 2, (30, 3)).astype(np.float32), rng.integers(-1, 2, (90, 3)).astype(np.float32)
    wanted = knn(queries, pool, 7)
    monkeypatch.setattr(search, "_searcher", lambda pool, device: search._torch_searcher(pool, "cpu"))
    found = knn(queries, pool, 7, "cuda")
    assert (wanted[0] == found[0]).all() and (wanted[1] == found[1]).all()
