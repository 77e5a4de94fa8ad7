"""Jobs and what each needs, and which of them can begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from xtreme_harness.jobs.job import Job, Outcome

__all__ = ["Graph", "Ready", "joined"]


@dataclass(frozen=True, slots=True)
class Graph:
    """What is to be done, whole."""

    jobs: tuple[Job, ...] = ()  # a job stands behind those that it needs
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # job -> what must have ended well before it

    def needs_of(self, job: Job) -> tuple[str, ...]:
        """The names of the jobs that must have ended well before a job begins."""
        return self.needs.get(job.name, ())


def joined(graphs: Iterable[Graph]) -> Graph:
    """Several graphs as one; a job that stands in two of them is done once."""
    jobs: dict[str, Job] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for graph in graphs:
        for job in graph.jobs:
            jobs.setdefault(job.name, job)
        needs |= graph.needs
    return Graph(tuple(jobs.values()), needs)


class Ready:
    """Hands out the jobs of a graph, each when what it needs has ended well, in their order."""

    def __init__(self, graph: Graph) -> None:
        """Nothing is handed out."""
        self._jobs = graph.jobs
        self._lacks = [len(set(graph.needs_of(job))) for job in graph.jobs]  # needs that have not ended well yet
        self._after: dict[str, list[int]] = {}  # job -> the numbers of those that need it
        for number, job in enumerate(graph.jobs):
            for need in dict.fromkeys(graph.needs_of(job)):
                self._after.setdefault(need, []).append(number)
        self._free = [number for number, lacks in enumerate(self._lacks) if not lacks]  # a heap
        self._left = set(range(len(graph.jobs)))

    def __bool__(self) -> bool:
        """Is a job left that was not handed out?"""
        return bool(self._left)

    def take(self) -> Job | None:
        """The first job that can begin; None where all that are left wait for others."""
        if not self._free:
            return None
        number = heappop(self._free)
        self._left.discard(number)
        return self._jobs[number]

    def hand_out(self, room: Callable[[], bool], to: Callable[[Job], None]) -> Iterator[Outcome]:
        """Hand out what can begin, as long as there is room; give what has ended, for all that it leaves was there.

        Args:
            room: may another job be handed out?
            to: who takes a job.
        """
        while room() and (job := self.take()):
            if (left := job.settled()) is not None:
                yield from self.end(Outcome(job, left))
            else:
                to(job)

    def end(self, outcome: Outcome) -> Iterator[Outcome]:
        """Take how a job ended; give that, and the jobs that therefore cannot begin."""
        yield outcome
        for number in self._after.get(outcome.job.name, ()):
            self._lacks[number] -= 1
            if outcome.failure is not None and number in self._left:
                self._left.discard(number)
                cause = outcome.need or outcome.job.name
                yield from self.end(Outcome(self._jobs[number], failure=outcome.failure, need=cause))
            elif not self._lacks[number] and number in self._left:
                heappush(self._free, number)
