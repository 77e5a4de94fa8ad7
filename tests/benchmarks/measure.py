"""Run a benchmark: contestants take turns, and the machine's peak is measured beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.materials import Materials, job
from tests.benchmarks.suite import Benchmark
from tests.benchmarks.table import Measured
from tests.benchmarks.worker import Worker


def measure(
    benchmark: Benchmark, size: int, repeats: int, materials: Materials, pythons: Mapping[str, Path], folder: Path
) -> Measured:
    """Measure one benchmark.

    Args:
        benchmark: what to measure.
        size: number of examples, at most.
        repeats: timed repetitions of each contestant, after one that does not count.
        materials: data and tokenizer.
        pythons: the Python of each side.
        folder: for texts, checkpoint and logs.
    """
    told = job(benchmark, size, materials, folder / benchmark.name)
    sides = dict.fromkeys(c.side for c in benchmark.contestants.values())
    dtypes = list(dict.fromkeys(s.dtype for s in benchmark.shares))
    seconds: dict[str, list[float]] = {name: [] for name in benchmark.contestants}
    peaks: dict[str, list[float]] = {dtype: [] for dtype in dtypes}
    workers = {side: Worker(pythons[side], folder / f"{benchmark.name}-{side}.log") for side in sides}
    try:
        facts = _prepared(benchmark, workers, told)
        answers = {name: _run(benchmark, workers, name)["answers"] for name in seconds}
        for turn in range(repeats):
            if dtypes:
                for dtype, value in workers["ours"].ask(do="peak", dtypes=dtypes)["gflops"].items():
                    peaks[dtype].append(value)
            for name in _rotated(list(seconds), turn):
                seconds[name].append(_run(benchmark, workers, name)["seconds"])
    finally:
        for worker in workers.values():
            worker.close()
    return Measured(benchmark, told["size"], seconds, answers, facts, peaks)


def _prepared(benchmark: Benchmark, workers: Mapping[str, Worker], told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: workers[c.side].ask(do="prepare", name=name, function=c.function, job={**told, **c.options})["facts"]
        for name, c in benchmark.contestants.items()
    }


def _run(benchmark: Benchmark, workers: Mapping[str, Worker], name: str) -> dict[str, Any]:
    return workers[benchmark.contestants[name].side].ask(do="run", name=name)


def _rotated(names: list[str], turn: int) -> list[str]:
    """Another one goes first each time."""
    at = turn % len(names)
    return names[at:] + names[:at]
