"""Exact nearest neighbours over made-up vectors: ours against FAISS as it comes, and a pool of Mewsli-X's size."""

from __future__ import annotations

import resource
from typing import Any

import numpy as np

from tests.benchmarks.worker import Prepared
from xtreme_harness.search.nearest import knn, normalised

_WIDTH = 768


def ours(job: dict[str, Any]) -> Prepared:
    """Our search; `gflop` counts the product of the two matrices."""
    queries, pool = _vectors(job["size"], 1), _vectors(10 * job["size"], 2)
    gflop = 2 * len(queries) * len(pool) * _WIDTH / 1e9
    return Prepared(lambda: knn(queries, pool, 10)[1].tolist(), {"gflop": gflop})


def flat(job: dict[str, Any]) -> Prepared:
    """`faiss.IndexFlatIP` with its defaults."""
    import faiss

    queries, pool = _vectors(job["size"], 1), _vectors(10 * job["size"], 2)

    def run() -> list[list[int]]:
        index = faiss.IndexFlatIP(_WIDTH)
        index.add(pool)
        found: list[list[int]] = index.search(queries, 10)[1].tolist()
        return found

    return Prepared(run)


def streamed(job: dict[str, Any]) -> Prepared:
    """1,000 queries against a pool of this size; answers with the GiB of memory that the search took beside it."""
    pool, queries = _vectors(job["size"], 3), _vectors(1_000, 4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def run() -> float:
        knn(queries, pool, 20)
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20

    return Prepared(run, {"gib": pool.nbytes / 2**30})


def _vectors(n: int, seed: int) -> np.ndarray:
    """Random rows of length 1, made block by block, so that the peak of memory stays that of the result."""
    rng, whole = np.random.default_rng(seed), np.empty((n, _WIDTH), np.float32)
    for i in range(0, n, 10_000):
        whole[i : i + 10_000] = normalised(rng.standard_normal((min(10_000, n - i), _WIDTH), dtype=np.float32))
    return whole
