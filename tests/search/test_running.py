"""A search over blocks against one over the whole, with ties as trec_eval breaks them."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.search.nearest import normalised
from xtreme_harness.search.running import Running

Floats = np.ndarray
SEEDS = st.integers(0, 999)


def whole(queries: Floats, names: list[str], pool: Floats, k: int) -> list[list[str]]:
    """All scores at once: by score, equal ones by id, both descending."""
    found = []
    for query in queries:
        scores = np.einsum("md,d->m", pool, query, dtype=np.float64).astype(np.float32)
        own = dict(zip(names, scores.tolist(), strict=True))
        found.append(sorted(sorted(names, reverse=True), key=own.__getitem__, reverse=True)[:k])
    return found


def blocks(rng: Random, size: int) -> list[slice]:
    edges = sorted({0, size, *(rng.randint(0, size) for _ in range(rng.randint(0, 4)))})
    return [slice(a, b) for a, b in pairwise(edges)]


@given(st.integers(1, 6), st.integers(1, 50), st.integers(1, 3), st.integers(1, 20), st.integers(0, 400), SEEDS)
def test_blocks_give_what_the_whole_gives(n: int, m: int, d: int, k: int, size: int, seed: int) -> None:
    rng, numbers = Random(seed), np.random.default_rng(seed)
    queries, pool = (normalised(numbers.integers(-1, 2, (many, d)).astype(np.float32)) for many in (n, m))
    names = [f"{rng.choice('aAé')}{i}" for i in range(m)]
    running = Running(queries, k, bytes=size)
    for part in blocks(rng, m):
        running.see(names[part], pool[part])
    found = running.best()
    assert [list(row) for row in found.names] == whole(queries, names, pool, k)
    assert found.scores.shape == (n, min(k, m)) and (np.diff(found.scores, axis=1) <= 0).all()


def test_equal_passages_in_several_blocks_come_by_id_descending() -> None:
    vector, running = np.array([[1, 0]], np.float32), Running(np.array([[1, 0]], np.float32), 3, bytes=1)
    for name in ("d10", "d9", "d8", "D", "d11"):
        running.see([name], vector)
    assert running.best().names == (("d9", "d8", "d11"),)


@pytest.mark.parametrize("queries", [0, 2])
def test_nothing_to_search(queries: int) -> None:
    running = Running(np.ones((queries, 2), np.float32), 5)
    assert running.best().names == ((),) * queries
    running.see(["a"], np.ones((1, 2), np.float32))
    assert running.best().names == (("a",),) * queries or not queries


@pytest.mark.slow
def test_memory_is_that_of_a_block_however_large_the_pool() -> None:
    numbers, block, d = np.random.default_rng(0), 4096, 32
    queries = normalised(numbers.standard_normal((20, d)).astype(np.float32))

    def peak(count: int) -> int:
        running = Running(queries, 100, bytes=block * d * 4)
        tracemalloc.start()
        for i in range(count):
            running.see([f"{i}#{j}" for j in range(block)], numbers.standard_normal((block, d)).astype(np.float32))
        found = running.best()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(found.names[0]) == 100
        return used

    small, large = peak(6), peak(75)  # 25 thousand passages, 300 thousand
    assert large < 1.3 * small
