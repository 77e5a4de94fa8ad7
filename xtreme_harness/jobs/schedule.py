"""How long a graph of jobs takes: its longest chain, and all of it with so many workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from xtreme_harness.jobs.graph import Graph

__all__ = ["Span", "critical_path", "makespan", "scheduled"]


@dataclass(frozen=True, slots=True)
class Span:
    """When a job is done."""

    name: str
    begins: float
    ends: float


def critical_path(graph: Graph, takes: Mapping[str, float]) -> tuple[str, ...]:
    """The chain of jobs, each needing the one before, that takes longest: no number of workers is faster than it.

    Args:
        graph: what is to be done.
        takes: name of a job -> seconds, or any other unit.
    """
    ends: dict[str, float] = {}
    before: dict[str, str | None] = {}
    for job in graph.jobs:
        before[job.name] = max(graph.needs_of(job), key=ends.__getitem__, default=None)
        ends[job.name] = ends.get(before[job.name] or "", 0.0) + takes[job.name]
    chain = [max(ends, key=ends.__getitem__)] if ends else []
    while chain and (earlier := before[chain[-1]]) is not None:
        chain.append(earlier)
    return tuple(reversed(chain))


def scheduled(graph: Graph, takes: Mapping[str, float], workers: int) -> list[Span]:
    """When each job is done by so many equal workers; a free one takes the first job that can begin, as executors do.

    Args:
        graph: what is to be done.
        takes: name of a job -> seconds, or any other unit.
        workers: jobs at once.

    Returns:
        the jobs in the order in which they begin.
    """
    names = [job.name for job in graph.jobs]
    left = {job.name: len(set(graph.needs_of(job))) for job in graph.jobs}
    waiting: dict[str, list[int]] = {}
    for number, job in enumerate(graph.jobs):
        for need in set(graph.needs_of(job)):
            waiting.setdefault(need, []).append(number)
    free = [number for number, name in enumerate(names) if not left[name]]
    heapify(free)
    busy: list[tuple[float, int]] = []  # when it ends, which
    spans, now = [], 0.0
    while free or busy:
        while free and len(busy) < workers:
            number = heappop(free)
            spans.append(Span(names[number], now, now + takes[names[number]]))
            heappush(busy, (spans[-1].ends, number))
        now, ended = heappop(busy)
        for number in waiting.get(names[ended], ()):
            left[names[number]] -= 1
            if not left[names[number]]:
                heappush(free, number)
    return spans


def makespan(graph: Graph, takes: Mapping[str, float], workers: int) -> float:
    """How long all of it takes so; see `scheduled`."""
    return max((span.ends for span in scheduled(graph, takes, workers)), default=0.0)
