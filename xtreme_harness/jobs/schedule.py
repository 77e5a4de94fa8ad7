"""How long a graph of jobs takes: its longest chain, and all of it with so many workers."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush

from xtreme_harness.jobs.graph import Graph, Ready
from xtreme_harness.jobs.job import Outcome

__all__ = ["critical_path", "makespan"]


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


def makespan(graph: Graph, takes: Mapping[str, float], workers: int) -> float:
    """How long all of it takes so many equal workers; a free one takes the first job that can begin.

    Args:
        graph: what is to be done.
        takes: name of a job -> seconds, or any other unit.
        workers: jobs at once.
    """
    numbers = {job.name: number for number, job in enumerate(graph.jobs)}
    ready, now = Ready(graph), 0.0
    busy: list[tuple[float, int]] = []  # when it ends, which
    while ready or busy:
        while len(busy) < workers and (job := ready.take()):
            heappush(busy, (now + takes[job.name], numbers[job.name]))
        now, number = heappop(busy)
        for _ in ready.end(Outcome(graph.jobs[number])):
            pass
    return now
