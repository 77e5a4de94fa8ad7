"""What the machine can do: the matrix peak, and the arithmetic that a forward pass needs."""

from __future__ import annotations

import time
from collections.abc import Iterable


def matrix_peak(dtype: str, products: int = 3, size: int = 4096) -> float:
    """Best GFLOP/s of a few square matrix products in this dtype, measured now, after one that does not count."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    a = torch.randn(size, size, device=device).to(getattr(torch, dtype))
    best = float("inf")
    for i in range(products + 1):
        started = time.perf_counter()
        a @ a
        if device == "cuda":
            torch.cuda.synchronize()
        if i:
            best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best / 1e9


def forward_gflop(lengths: Iterable[int], layers: int, width: int, inner: int) -> float:
    """GFLOP of an encoder over sequences of these lengths, without padding; embeddings and heads not counted.

    A token passes four (width, width) and two (width, inner) matrices a layer; attention multiplies every token with
    every other twice.

    >>> round(forward_gflop([1000], layers=12, width=768, inner=3072), 1)  # 2 x 85 million weights, and attention
    206.7
    """
    lengths = list(lengths)
    weights = 4 * width * width + 2 * width * inner
    return layers * sum(2 * n * weights + 4 * n * n * width for n in lengths) / 1e9
