"""Jobs and what each needs, and which of them can begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

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
        self._graph = graph
        self._waiting = {job.name: job for job in graph.jobs}
        self._ended: dict[str, Outcome] = {}

    def __bool__(self) -> bool:
        """Is a job left that was not handed out?"""
        return bool(self._waiting)

    def take(self) -> Job | None:
        """The first job that can begin; None where all that are left wait for others."""
        for job in self._waiting.values():
            if all(need in self._ended for need in self._graph.needs_of(job)):
                del self._waiting[job.name]
                return job
        return None

    def end(self, outcome: Outcome) -> Iterator[Outcome]:
        """Take how a job ended; give that, and the jobs that therefore cannot begin."""
        self._ended[outcome.job.name] = outcome
        yield outcome
        if outcome.failure is None:
            return
        cause = outcome.need or outcome.job.name
        for job in [one for one in self._waiting.values() if outcome.job.name in self._graph.needs_of(one)]:
            if self._waiting.pop(job.name, None) is not None:
                yield from self.end(Outcome(job, failure=outcome.failure, need=cause))
