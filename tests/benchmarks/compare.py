"""`python -m tests.benchmarks.compare`: two synthetic results of full XTREME, compared; seconds and peak memory.

All nine tasks in all their languages, with the official numbers of test examples where the cards have them. UD-POS is
given 1,400 sentences a language, and BUCC the sentences of the shared task's training sets, which are XTREME's test.
The comparison runs in a process of its own, from files to the printed tables, as a user starts it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.fixtures.made_runs import made_run, suite_cells, write_run

SENTENCES = {"bucc2018": {"de": 413_869, "fr": 271_874, "ru": 460_853, "zh": 94_637}, "udpos": 1400}


def main() -> int:
    """Write two results, compare them with 1,000 resamples, print what it took."""
    resamples = sys.argv[1] if len(sys.argv) > 1 else "1000"
    with tempfile.TemporaryDirectory() as folder:
        places, examples = [], 0
        for number in (0, 1):
            rows = {key: _rows(key, _size(key, count), number) for key, count in suite_cells("xtreme").items()}
            examples = sum(map(len, rows.values()))
            run = made_run(rows, f"model-{number}", suites=["xtreme"])
            places.append(str(write_run(run, Path(folder) / f"run-{number}")))
        for options in ([], ["--paired-ar", resamples]):
            command = [sys.executable, "-m", "xtreme_harness.cli.main", "compare", *places, "--paired-bs", resamples]
            started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
            seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            peak = after.ru_maxrss / 2**20  # GB, of the largest child so far
            what = " ".join(["compare", "--paired-bs", resamples, *options])
            print(f"{examples:,} examples: {what}: {seconds:.1f} s ({cpu:.1f} s of CPU), {peak:.2f} GB")
    print("\n".join(done.stdout.splitlines()[:12]))
    return 0


def _size(key: tuple[str, str], count: int | None) -> int:
    given = SENTENCES.get(key[0])
    return count or (given[key[1]] if isinstance(given, dict) else given) or 0


def _rows(key: tuple[str, str], n: int, number: int) -> NDArray[np.float64]:
    """Statistics that look like a real model's: both models find the same items hard, and differ on some."""
    shared, own = np.random.default_rng([hash_of(key), 9]), np.random.default_rng([hash_of(key), number])
    right = np.where(own.random(n) < 0.1, own.random(n) < 0.8, shared.random(n) < 0.8)
    one = np.ones(n)
    if key[0] in ("panx", "udpos"):
        tokens = shared.integers(3, 25, n)
        gold = shared.integers(1, 4, n) if key[0] == "panx" else tokens * 3 // 4
        correct = own.binomial(gold, 0.8)
        return np.column_stack([correct, correct + own.poisson(0.4, n), gold, own.binomial(tokens, 0.9), tokens])
    if key[0] == "bucc2018":
        gold = shared.random(n) < 0.03
        return np.column_stack([gold & right, (gold & right) | (own.random(n) < 0.002), gold])
    if key[0] in ("xquad", "mlqa", "tydiqa"):
        return np.column_stack([right, np.where(right, 1, own.integers(0, 7, n) / 7), one])
    return np.column_stack([right, one])


def hash_of(key: tuple[str, str]) -> int:
    """A number of a cell that does not change from process to process."""
    return zlib.crc32(" ".join(key).encode())


if __name__ == "__main__":
    sys.exit(main())
