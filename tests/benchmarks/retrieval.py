"""Exact nearest neighbours: our search against FAISS as it comes, and a pool of Mewsli-X's size."""

from __future__ import annotations

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from tests.benchmarks.timing import interleaved
from xtreme_harness.search import knn, normalised


def _vectors(n: int, seed: int, d: int = 768) -> np.ndarray:
    """Random rows of length 1, made block by block, so that the peak of memory stays that of the result."""
    rng, whole = np.random.default_rng(seed), np.empty((n, d), np.float32)
    for i in range(0, n, 10_000):
        whole[i : i + 10_000] = normalised(rng.standard_normal((min(10_000, n - i), d), dtype=np.float32))
    return whole


def compare_search(full: bool, repeats: int) -> list[list[Any]]:
    """Ours against `faiss.IndexFlatIP` with its defaults."""
    import faiss

    n, m = (20_000, 200_000) if full else (2_000, 50_000)
    queries, pool = _vectors(n, 1), _vectors(m, 2)

    def flat() -> Any:
        index = faiss.IndexFlatIP(pool.shape[1])
        index.add(pool)
        return index.search(queries, 10)

    ours, theirs = interleaved(lambda: knn(queries, pool, 10), flat, repeats)
    same = f"{100 * float(np.mean(knn(queries, pool, 10)[1] == flat()[1])):.2f} % of neighbours"
    return [
        [f"search {n} x {m} x 768", f"{ours:.2f}", "faiss.IndexFlatIP", f"{theirs:.2f}", f"{theirs / ours:.2f}x", same]
    ]


def stream_pool(size: int) -> list[Any]:
    """1,000 queries against a synthetic pool of this size: seconds, and memory beyond the vectors.

    In a process of its own, whose peak of memory nothing else has raised.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_streamed, size).result()


def _streamed(size: int) -> list[Any]:
    pool, queries = _vectors(size, 3), _vectors(1_000, 4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    knn(queries, pool, 20)
    seconds = time.perf_counter() - started
    beyond = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    note = f"{beyond:.2f} GiB beyond {pool.nbytes / 2**30:.2f} GiB of vectors"
    return [f"search 1000 x {size} x 768", f"{seconds:.2f}", "-", "-", "-", note]
