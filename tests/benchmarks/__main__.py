"""`make bench`: the same work done two ways, side by side in one run, as medians and ratios.

Nothing here asserts a time: machines are noisy. Repetitions of the two sides are interleaved, so that a slow minute
hits both.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource

import numpy as np
from tabulate import tabulate


def main() -> None:
    """Run the benchmarks and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="full sizes: Mewsli-X's 1,003,893 candidates")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    from tests.benchmarks import forward, retrieval
    from tests.benchmarks.timing import matrix_peak

    rows = [
        *forward.compare(pairs=512 if given.full else 128, repeats=given.repeats),
        *retrieval.compare_search(given.full, given.repeats),
        retrieval.stream_pool(1_003_893 if given.full else 100_000),
    ]
    headers = ["work", "ours, s", "against", "theirs, s", "ratio", "agreement"]
    print(tabulate(rows, headers=headers, tablefmt="pipe"))
    peaks = ", ".join(f"{dtype} {matrix_peak(dtype):.0f} GFLOP/s" for dtype in ("float32", "bfloat16"))
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, numpy {np.__version__}; matrix peak now: {peaks}")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


if __name__ == "__main__":
    main()
