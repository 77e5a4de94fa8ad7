"""Exact nearest neighbours by inner product, with one tie rule: the higher score first, then the earlier item.

FAISS does the arithmetic (on the GPU where faiss-gpu is installed); on a CUDA device without faiss-gpu, and only
there, torch does it in blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.errors import MissingDependency

__all__ = ["knn", "normalised"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_SPARE = 8  # neighbours fetched beyond k, so that ties at the edge are seen
_QUERIES = 4096  # a block; bounds the memory of scores


def normalised(vectors: Floats) -> Floats:
    """Scale rows (n, d) to length 1; zero rows stay zero.

    >>> normalised(np.array([[3.0, 4.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)


def knn(queries: Floats, pool: Floats, k: int, device: str = "cpu") -> tuple[Floats, Ints]:
    """Find the k items of `pool` with the highest inner product for every query.

    Args:
        queries: (n, d).
        pool: (m, d).
        k: neighbours wanted; at most m are given.
        device: "cpu" or a CUDA device.

    Returns:
        scores (n, k) and pool indices (n, k), best first; equal scores by the lower index.
    """
    k = min(k, len(pool))
    if not len(queries) or not k:
        return np.zeros((len(queries), k), np.float32), np.zeros((len(queries), k), np.int64)
    search = _searcher(np.ascontiguousarray(pool, dtype=np.float32), device)
    found = [
        _settled(search, np.ascontiguousarray(queries[i : i + _QUERIES], dtype=np.float32), k, len(pool))
        for i in range(0, len(queries), _QUERIES)
    ]
    return np.concatenate([scores for scores, _ in found]), np.concatenate([items for _, items in found])


def _settled(search: Any, queries: Floats, k: int, size: int) -> tuple[Floats, Ints]:
    """Search with spare neighbours, and again with more where a tie runs over the edge."""
    width = min(k + _SPARE, size)
    scores, items = _ordered(*search(queries, width))
    while width < size:
        open_rows = np.flatnonzero(scores[:, k - 1] == scores[:, width - 1])
        if not len(open_rows):
            break
        wider = min(width * 4, size)
        again_scores, again_items = _ordered(*search(queries[open_rows], wider))
        pad = ((0, 0), (0, wider - width))
        scores = np.pad(scores, pad, constant_values=-np.inf)
        items = np.pad(items, pad, constant_values=-1)
        scores[open_rows], items[open_rows] = again_scores, again_items
        width = wider
        closed = np.setdiff1d(np.arange(len(queries)), open_rows)
        scores[closed, k:] = -np.inf
    return scores[:, :k], items[:, :k]


def _ordered(scores: Floats, items: Ints) -> tuple[Floats, Ints]:
    order = np.lexsort((items, -scores), axis=1)
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(items, order, axis=1)


def _searcher(pool: Floats, device: str) -> Any:
    try:
        import faiss
    except ImportError:
        raise MissingDependency("faiss is not installed: pip install faiss-cpu (or faiss-gpu, never both)") from None
    if device.startswith("cuda") and not hasattr(faiss, "StandardGpuResources"):
        return _torch_searcher(pool, device)
    index: Any = faiss.IndexFlatIP(pool.shape[1])
    if device.startswith("cuda"):
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), int(device.partition(":")[2] or 0), index)
    index.add(pool)
    return index.search


def _torch_searcher(pool: Floats, device: str) -> Any:
    import torch

    items = torch.from_numpy(pool).to(device)

    def search(queries: Floats, k: int) -> tuple[Floats, Ints]:
        scores, found = torch.topk(torch.from_numpy(queries).to(device) @ items.T, k, dim=1)
        return scores.cpu().numpy(), found.cpu().numpy()

    return search
