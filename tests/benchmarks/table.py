"""Seconds to medians, ratios, shares and lines of a table."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.suite import Benchmark, Ratio, Share


@dataclass(frozen=True, slots=True)
class Measured:
    """What one benchmark gave."""

    benchmark: Benchmark
    size: int
    seconds: Mapping[str, Sequence[float]]  # contestant -> seconds of each repetition, in their order
    answers: Mapping[str, Any]  # contestant -> predictions, by example
    facts: Mapping[str, Mapping[str, Any]]  # contestant -> what it says about its work
    peaks: Mapping[str, Sequence[float]] = field(default_factory=dict)  # dtype -> GFLOP/s at each repetition


def ratio(measured: Measured, line: Ratio) -> float:
    """How many times less time ours took: the ratio of the medians."""
    return median(measured.seconds[line.against]) / median(measured.seconds[line.ours])


def share(measured: Measured, line: Share) -> float:
    """Percent of the matrix peak: the median over repetitions, each against the peak measured beside it."""
    gflop = measured.facts[line.ours]["gflop"]
    pairs = zip(measured.seconds[line.ours], measured.peaks[line.dtype], strict=True)
    return median([100 * gflop / seconds / peak for seconds, peak in pairs])


def agreement(ours: Any, theirs: Any) -> float:
    """Percent of equal predictions; of a prediction with parts (tags, neighbours) each part counts.

    >>> agreement([["A", "B"], ["C"]], [["A", "X"], ["C"]])
    66.66666666666667

    Raises:
        ValueError: when the two are not predictions of the same examples.
    """
    left, right = _flat(ours), _flat(theirs)
    if len(left) != len(right):
        raise ValueError(f"{len(left)} predictions against {len(right)}")
    return 100 * sum(a == b for a, b in zip(left, right, strict=True)) / len(left) if left else math.nan


def lines(measured: Measured) -> list[list[str]]:
    """The table's lines of a benchmark: work, ours, seconds, against, seconds, ratio, bar, reached, agreement."""
    title = measured.benchmark.title.format(n=measured.size)
    found = []
    for line in measured.benchmark.ratios:
        value = ratio(measured, line)
        same = agreement(measured.answers[line.ours], measured.answers[line.against]) if line.equal else None
        found.append([
            title, _named(measured, line.ours), _seconds(measured, line.ours), line.against,
            _seconds(measured, line.against), f"{value:.2f}x", "" if line.bar is None else f"{line.bar:g}x",
            _reached(value, line.bar), "" if same is None else f"{same:.1f} %",
        ])  # fmt: skip
    for part in measured.benchmark.shares:
        value = share(measured, part)
        peak = f"{part.dtype} matrix peak, {median(measured.peaks[part.dtype]):,.0f} GFLOP/s"
        found.append([
            title, _named(measured, part.ours), _seconds(measured, part.ours), peak, "", f"{value:.0f} %",
            "" if part.bar is None else f"{part.bar:g} %", _reached(value, part.bar), "",
        ])  # fmt: skip
    if not found:
        found = [[title, name, _seconds(measured, name), *[""] * 6] for name in measured.seconds]
    return found


HEADERS = ("work", "ours", "s", "against", "s", "ratio", "bar", "reached", "equal")


def record(measured: Measured) -> dict[str, Any]:
    """Everything about a benchmark, for the JSON file."""
    benchmark = measured.benchmark
    return {
        "name": benchmark.name,
        "title": benchmark.title.format(n=measured.size),
        "size": measured.size,
        "seconds": {name: list(seconds) for name, seconds in measured.seconds.items()},
        "facts": {name: dict(facts) for name, facts in measured.facts.items()},
        "peaks_gflops": {dtype: list(peaks) for dtype, peaks in measured.peaks.items()},
        "ratios": [
            {"ours": r.ours, "against": r.against, "ratio": ratio(measured, r), "bar": r.bar, "equal_percent":
             agreement(measured.answers[r.ours], measured.answers[r.against]) if r.equal else None}
            for r in benchmark.ratios
        ],
        "shares": [
            {"ours": s.ours, "dtype": s.dtype, "percent": share(measured, s), "bar": s.bar} for s in benchmark.shares
        ],
    }  # fmt: skip


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    return float(statistics.median(values))


def _named(measured: Measured, contestant: str) -> str:
    dtype = measured.facts[contestant].get("dtype", "")
    return contestant if not dtype or dtype in contestant else f"{contestant} ({dtype})"


def _seconds(measured: Measured, contestant: str) -> str:
    return f"{median(measured.seconds[contestant]):.3g}"


def _reached(value: float, bar: float | None) -> str:
    return "" if bar is None else "yes" if value >= bar else "no"


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    return [value]
