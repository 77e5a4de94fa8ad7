"""Exact nearest neighbours by inner product, with one tie rule: the higher score first, then the earlier item.

FAISS finds the candidates (on the GPU where faiss-gpu is installed; on a CUDA device without it, torch does; a large
search on a processor that multiplies bfloat16 natively goes by `shortlist`). Their scores are then computed anew, each
pair alone and in double precision: the sums of a matrix product depend on where in the matrix a pair stands, so that
equal items would get unequal scores. All ways give the same neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.errors import MissingDependency
from xtreme_harness.processor import bfloat16_is_native, true_float32
from xtreme_harness.search.shortlist import candidates

__all__ = ["knn", "normalised"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Search = Callable[[Floats, int], tuple[Floats, Ints]]

_SPARE = 8  # neighbours fetched beyond k, so that ties at the edge are seen
_QUERIES = 4096  # a block; bounds the memory of candidates
_SHORTLISTED = 16384  # queries a block, where candidates come from a shortlist
_LARGE = 1 << 35  # multiplications from which a shortlist pays (a second of float32 on a few cores)
_PAIRS = 1 << 14  # pairs scored anew at once
_SCORES = 1 << 26  # scores held at once where a whole pool is scored (256 MB)
_ERROR = 2e-6  # of a float32 matrix product over vectors of length 1, generously
_TIED = 4096  # candidates within the error that are scored anew, at most


def normalised(vectors: Floats) -> Floats:
    """Scale rows (n, d) to length 1; zero rows stay zero, and rows that have length 1 are not copied.

    >>> normalised(np.array([[3.0, 4.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    if np.all((np.abs(norms - 1) < 1e-6) | (norms == 0)):
        return np.asarray(vectors, dtype=np.float32)
    return np.asarray(vectors / np.where(norms > 0, norms, 1)[:, None], dtype=np.float32)


def knn(queries: Floats, pool: Floats, k: int, device: str = "cpu") -> tuple[Floats, Ints]:
    """Find the k items of `pool` with the highest inner product for every query.

    Args:
        queries: (n, d).
        pool: (m, d); not copied where it is float32 and contiguous.
        k: neighbours wanted; at most m are given.
        device: "cpu" or a CUDA device.

    Returns:
        scores (n, k) and pool indices (n, k), best first; equal scores by the lower index.
    """
    k = min(k, len(pool))
    if not len(queries) or not k:
        return np.zeros((len(queries), k), np.float32), np.zeros((len(queries), k), np.int64)
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    pool = np.ascontiguousarray(pool, dtype=np.float32)
    if _shortlist_pays(len(queries), pool, k, device):
        found = [_rescored(queries[i : i + _SHORTLISTED], pool, k) for i in range(0, len(queries), _SHORTLISTED)]
    else:
        search = _searcher(pool, device)
        found = [_settled(search, queries[i : i + _QUERIES], pool, k) for i in range(0, len(queries), _QUERIES)]
    return np.concatenate([scores for scores, _ in found]), np.concatenate([items for _, items in found])


def _settled(search: Search, queries: Floats, pool: Floats, k: int) -> tuple[Floats, Ints]:
    """Candidates with some to spare; the whole pool where one beyond them may be as good as the k-th."""
    width = min(k + _SPARE, len(pool))
    rough, items = search(queries, width)
    scores, items = _ordered(_scores(queries, pool, items), items)
    scores, items = scores[:, :k], items[:, :k]
    if width < len(pool):
        edge = scores[:, -1] - _error(scores)
        _exhaust(np.flatnonzero(rough.min(axis=1) >= edge), queries, pool, scores, items)
    return scores, items


def _shortlist_pays(queries: int, pool: Floats, k: int, device: str) -> bool:
    large = queries * pool.size >= _LARGE and k <= len(pool) // 16
    return large and k <= 1024 and device == "cpu" and bfloat16_is_native()


def _rescored(queries: Floats, pool: Floats, k: int) -> tuple[Floats, Ints]:
    """The k best of the candidates of each query."""
    near = candidates(queries, pool, k)
    exact = np.empty(len(near.query), np.float32)
    for i in range(0, len(exact), _PAIRS):
        part = slice(i, i + _PAIRS)
        exact[part] = _scores(queries[near.query[part]], pool, near.item[part, None])[:, 0]
    order = np.lexsort((near.item, -exact, near.query))
    starts = np.searchsorted(near.query, np.arange(len(queries)))
    scores, items = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
    closed = np.setdiff1d(np.arange(len(queries)), near.open)
    best = order[starts[closed, None] + np.arange(k)]
    scores[closed], items[closed] = exact[best], near.item[best]
    _exhaust(near.open, queries, pool, scores, items)
    return scores, items


def _exhaust(rows: Ints, queries: Floats, pool: Floats, scores: Floats, items: Ints) -> None:
    """Search the whole pool for some queries; their rows of scores and items (n, k) are overwritten."""
    step = max(1, _SCORES // len(pool))
    for i in range(0, len(rows), step):
        part = rows[i : i + step]
        for row, similar in zip(part, queries[part] @ pool.T, strict=True):
            scores[row], items[row] = _from_all(queries[row], similar, pool, scores.shape[1])


def _from_all(query: Floats, similar: Floats, pool: Floats, k: int) -> tuple[Floats, Ints]:
    """The k best of a whole pool, whose rough similarity (m,) to the query is known."""
    least = np.partition(similar, len(similar) - k)[len(similar) - k]
    near = np.flatnonzero(similar >= least - 2 * _error(similar[None])[0])
    if len(near) > k + _TIED:
        near = near[np.argsort(-similar[near], kind="stable")[: k + _TIED]]
    exact = np.einsum("nd,d->n", pool[near], query, dtype=np.float64).astype(np.float32)
    scores, items = _ordered(exact[None], near[None])
    return scores[0, :k], items[0, :k]


def _error(scores: Floats) -> NDArray[np.float64]:
    """How far a rough score may be off, by row."""
    highest: NDArray[np.float64] = np.abs(scores).max(axis=1).astype(np.float64)
    return np.maximum(1.0, highest) * _ERROR


def _scores(queries: Floats, pool: Floats, items: Ints) -> Floats:
    """Inner products (n, w) of queries (n, d) with chosen items (n, w), each computed by itself."""
    found = np.empty(items.shape, np.float32)
    for j in range(items.shape[1]):
        found[:, j] = np.einsum("nd,nd->n", queries, pool[items[:, j]], dtype=np.float64)
    return found


def _ordered(scores: Floats, items: Ints) -> tuple[Floats, Ints]:
    order = np.lexsort((items, -scores), axis=1)
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(items, order, axis=1)


def _searcher(pool: Floats, device: str) -> Search:
    try:
        import faiss
    except ImportError:
        raise MissingDependency("faiss is not installed: pip install faiss-cpu (or faiss-gpu, never both)") from None
    if not device.startswith("cuda"):  # no index: adding to one would copy the pool
        return lambda queries, k: faiss.knn(queries, pool, k, metric=faiss.METRIC_INNER_PRODUCT)
    if not hasattr(faiss, "StandardGpuResources"):
        return _torch_searcher(pool, device)
    resources, number = faiss.StandardGpuResources(), int(device.partition(":")[2] or 0)
    return lambda queries, k: faiss.knn_gpu(
        resources, queries, pool, k, metric=faiss.METRIC_INNER_PRODUCT, device=number
    )


def _torch_searcher(pool: Floats, device: str) -> Search:
    import torch

    items = torch.from_numpy(pool).to(device)
    step = max(1, 4 * _SCORES // len(pool))

    def search(queries: Floats, k: int) -> tuple[Floats, Ints]:
        blocks = [torch.from_numpy(queries[i : i + step]) for i in range(0, len(queries), step)]
        with true_float32(device):  # else the error is larger than `_error` says
            found = [torch.topk(block.to(device) @ items.T, k, dim=1) for block in blocks]
        scores, places = (torch.cat([part[i] for part in found]).cpu().numpy() for i in (0, 1))
        return scores, places

    return search
