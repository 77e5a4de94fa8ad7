"""The parts of the check: what each does, and what it says."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.fixtures.tiny_checkpoint import build_checkpoint
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards

ROOT = Path(__file__).parents[2]
RANKED = ("ids", "grades")  # answers that are lists by nearness: two passages may be as near as float32 can tell
BENCHMARKS = {"xnli": 4096, "forward": 4096, "xquad": 256, "tatoeba": 1000, "training": 512, "search": 5000}


@dataclass(frozen=True)
class Part:
    """How a part went."""

    well: bool
    lines: list[str]


def run_tests(folder: Path) -> Part:
    """The tests that are marked `gpu`, in a process of their own."""
    how = ("-m", "gpu", "-q", "-p", "no:cacheprovider", "-rfE", "--tb=short")
    command = [sys.executable, "-m", "pytest", *how, "tests"]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(ended.stdout, file=sys.stderr)
    return Part(ended.returncode == 0, summary(ended.stdout))


def summary(printed: str) -> list[str]:
    """What pytest says at its end: failures with their reasons, and the counts."""
    lines = [line for line in printed.splitlines() if re.match(r"(FAILED|ERROR) ", line)]
    ending = re.compile(r"\b(passed|failed|skipped|errors?)\b.* in [0-9.]+s")
    counts = [line for line in printed.splitlines() if ending.search(line)]
    return [*(line[:300] for line in lines), *(counts[-1:] or ["pytest has not come to its end"])]


def compare_demo(folder: Path, tasks: Sequence[str] = ("xtreme", "xtreme-r"), device: str = "cuda") -> Part:
    """A tiny checkpoint on the samples, in float32, on the GPU and on the processor."""
    from xtreme_harness import evaluate

    model = build_checkpoint(folder / "model")
    asked: dict[str, Any] = {"data": "samples", "dtype": "float32"}
    for place in ("cpu", device):
        evaluate(model, list(tasks), device=place, output=folder / f"on-{place}", **asked)
    return compared(folder / "on-cpu" / "predictions", folder / f"on-{device}" / "predictions")


def compared(expected: Path, found: Path) -> Part:
    """Prediction files side by side; lists by nearness may differ, and are counted."""
    names = sorted(path.relative_to(expected) for path in expected.rglob("*.*"))
    other = [name for name in names if not same(expected / name, found / name)]
    wrong = [name for name in other if not ranked(name)]
    lines = [f"{len(names) - len(other)} of {len(names)} prediction files are equal to the processor's"]
    lines += [f"{name.as_posix()}: differs" for name in wrong]
    lines += [f"{name.as_posix()}: other order of what is equally near" for name in other if name not in wrong]
    return Part(bool(names) and not wrong, lines)


def same(expected: Path, found: Path) -> bool:
    """Is the other file there, byte by byte?"""
    return found.is_file() and expected.read_bytes() == found.read_bytes()


def ranked(name: Path) -> bool:
    """Are the answers of this prediction file lists by nearness?"""
    task = name.parts[-2].partition("@")[0]
    return KINDS[all_cards().card(task).kind].answers in RANKED


def measure_speed(folder: Path, shape: str = "base", sizes: dict[str, int] = BENCHMARKS, repeats: int = 3) -> Part:
    """A short part of the benchmarks, without those that we are compared with: they need packages of their own."""
    from tests.benchmarks.materials import gather
    from tests.benchmarks.measure import measure
    from tests.benchmarks.suite import SUITE

    materials, lines = gather(shape), []
    for benchmark in SUITE:
        own = {name: one for name, one in benchmark.contestants.items() if one.side == "ours" and "ours" in name}
        if benchmark.name not in sizes or not own:
            continue
        alone = replace(benchmark, contestants=own, ratios=())
        found = measure(alone, sizes[benchmark.name], repeats, materials, {"ours": Path(sys.executable)}, folder)
        for name, seconds in found.seconds.items():
            what = f"{alone.title.format(n=found.size)}, {name}"
            lines.append(speed(what, found.facts[name], seconds, found.size, found.peaks))
    return Part(bool(lines), [f"XLM-R {shape} shape, random weights", *lines] if lines else ["nothing measured"])


def speed(what: str, facts: Any, seconds: Sequence[float], size: int, peaks: Any) -> str:
    """One line: how long, how many a second, and which part of the matrix peak."""
    middle, dtype = statistics.median(seconds), facts.get("dtype", "")
    said = f"{what} ({dtype})" if dtype and dtype not in what else what
    line = f"{said}: {middle:.3f} s, {size / middle:,.0f} a second"
    if facts.get("gflop") and peaks.get(dtype):
        line += f", {100 * facts['gflop'] / middle / statistics.median(peaks[dtype]):.0f} % of the matrix peak"
    return line
