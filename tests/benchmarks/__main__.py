"""`make bench`: the same work, same weights, same data, done by us and by what people use today, in one run.

Contestants take turns in processes that stay alive, so that a slow minute hits all; seconds are measured inside them,
around the same work: texts in, predictions out. The table gives medians, ratios and whether the bar is reached.
Nothing here asserts a time: machines are noisy.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tabulate import tabulate

from tests.benchmarks.environment import machine, peers_python
from tests.benchmarks.materials import SHAPES, Materials, gather
from tests.benchmarks.measure import measure
from tests.benchmarks.suite import SUITE
from tests.benchmarks.table import HEADERS, Measured, lines, record
from tests.benchmarks.worker import WorkerError

VERSIONS = ("torch", "transformers", "tokenizers", "numpy", "faiss-cpu")


def main() -> int:
    """Run the benchmarks, print one table, write one file; 1 where a benchmark failed (not where a bar is missed)."""
    given = _arguments()
    wanted = [b for b in SUITE if not given.only or b.name in given.only]
    pythons = {"ours": Path(sys.executable), "peers": given.peers or peers_python()}
    started, found, failed = time.time(), [], False
    with tempfile.TemporaryDirectory(prefix="xharness-bench-") as folder:
        materials = gather(given.shape)
        for benchmark in wanted:
            size = given.size or benchmark.sizes[given.full]
            print(f"{benchmark.title.format(n=size)} ...", file=sys.stderr)
            try:
                found.append(measure(benchmark, size, given.repeat, materials, pythons, Path(folder)))
            except WorkerError as error:
                failed = True
                print(f"{benchmark.name}: failed\n{error}", file=sys.stderr)
    print(tabulate([line for m in found for line in lines(m)], headers=HEADERS, tablefmt="pipe", disable_numparse=True))
    about = _about(materials, given.repeat, time.time() - started)
    print("\n" + "\n".join(f"{key}: {value}" for key, value in about.items()))
    if given.output:
        _write(given.output, about, found)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[b.name for b in SUITE], help="these alone")
    parser.add_argument("--full", action="store_true", help="larger data and more repetitions (an hour)")
    parser.add_argument("--repeat", type=int, help="timed repetitions of each (3; --full: 5)")
    parser.add_argument("--size", type=int, help="examples, in place of each benchmark's own number")
    parser.add_argument("--shape", choices=SHAPES, default="base", help="XLM-R Base or Large, or tiny for a try")
    parser.add_argument("--peers", type=Path, help="Python of an environment that holds peers.txt")
    parser.add_argument("-o", "--output", type=Path, help="JSON file with every repetition")
    given = parser.parse_args()
    given.repeat = given.repeat or (5 if given.full else 3)
    return given


def _about(materials: Materials, repeats: int, seconds: float) -> dict[str, Any]:
    """Machine, data and versions: what a figure must not travel without."""
    data = "the samples" if materials.data == "samples" else "real data (subsets of the benchmarks' files)"
    versions = {name: importlib.metadata.version(name) for name in VERSIONS}
    return {
        "machine": f"{machine()}, {os.cpu_count()} cores",
        "model": f"XLM-R {materials.shape} shape, random weights, vocabulary of {len(materials.tokenizer)}",
        "data": data,
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "medians of": f"{repeats} interleaved repetitions, after one that does not count; {seconds / 60:.1f} minutes",
    }


def _write(output: Path, about: dict[str, Any], found: list[Measured]) -> None:
    text = json.dumps({"about": about, "benchmarks": [record(m) for m in found]}, indent=1, ensure_ascii=False)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
