"""What share of this machine's matrix peak our forward pass and our training step reach, measured now."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["measured"]

_PAIRS = 64  # two batches


def measured(shape: str, dtype: str = "float32") -> str:
    """Run both on a few pairs of sentences; one line.

    A step of training is the difference between three epochs and one, so that saving its state does not count.

    Args:
        shape: a key of `materials.SHAPES`.
        dtype: of the arithmetic.
    """
    from tests.benchmarks import ours, training
    from tests.benchmarks.materials import gather, job
    from tests.benchmarks.peak import matrix_peak
    from tests.benchmarks.suite import Benchmark

    with tempfile.TemporaryDirectory(prefix="xharness-scale-") as folder:
        pairs = Benchmark("x", "", "xnli", "en", "test", (_PAIRS, _PAIRS), {}, ())
        told = job(pairs, _PAIRS, gather(shape), Path(folder, "x"))
        told |= {"dtype": dtype}
        forward = ours.forward(told)
        gflop = float(forward.facts["gflop"])
        once, thrice = (training.ours({**told, "epochs": n}) for n in (1, 3))
        forward.run()
        seconds = min(_timed(forward.run) for _ in range(3))
        steps = (_timed(thrice.run) - _timed(once.run)) / 2
        peak = matrix_peak(dtype)
    reached, trained = gflop / seconds, 3 * gflop / steps
    return (
        f"{shape}, {dtype}, {told['size']} pairs of {forward.facts['mean tokens']} tokens: matrix peak {peak:.0f} "
        f"GFLOP/s; forward {reached:.0f}, {100 * reached / peak:.0f} % of it; training {trained:.0f}, "
        f"{100 * trained / peak:.0f} %"
    )


def _timed(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
