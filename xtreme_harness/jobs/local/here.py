"""The jobs of a graph in this process: one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from xtreme_harness.jobs.graph import Graph, Ready
from xtreme_harness.jobs.job import Outcome, run_job
from xtreme_harness.jobs.watch import Watch

__all__ = ["run_here"]


def run_here(graph: Graph, watch: Watch) -> Iterator[Outcome]:
    """Do jobs one after the other, in their order; see `engine.Executor`."""
    ready = Ready(graph)
    while job := ready.take():
        yield from ready.end(run_job(job, watch))
