"""Two sides of a comparison, timed in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

Side = Callable[[], object]


def interleaved(ours: Side, theirs: Side, repeats: int) -> tuple[float, float]:
    """Median seconds of two sides, after one warm-up each."""
    ours(), theirs()
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(repeats):
        for name, side in (("ours", ours), ("theirs", theirs)):
            started = time.perf_counter()
            side()
            times[name].append(time.perf_counter() - started)
    return statistics.median(times["ours"]), statistics.median(times["theirs"])


def matrix_peak(dtype: str, seconds: float = 2.0) -> float:
    """Best GFLOP/s of a 2048-cubed matrix product in this dtype, measured now."""
    import torch

    size, best, end = 2048, 0.0, time.perf_counter() + seconds
    a = torch.randn(size, size).to(getattr(torch, dtype))
    while time.perf_counter() < end:
        started = time.perf_counter()
        a @ a
        best = max(best, 2 * size**3 / (time.perf_counter() - started) / 1e9)
    return best
