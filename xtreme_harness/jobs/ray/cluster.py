"""The executor of a Ray cluster: a task a job, and all that can begin at once, so that Ray fills the cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ClusterError
from xtreme_harness.jobs.engine import Engine
from xtreme_harness.jobs.graph import Graph, Ready
from xtreme_harness.jobs.job import Outcome
from xtreme_harness.jobs.ray.session import joined_cluster
from xtreme_harness.jobs.ray.shares import Resources, find_share, fits
from xtreme_harness.jobs.ray.tasks import Tasks
from xtreme_harness.jobs.watch import Watch

__all__ = ["run_ray"]

_LOOK = 5.0  # seconds between looks at the nodes
_PATIENCE = 600.0  # seconds until a cluster without a fitting node is given up: a lost one may be replaced
log = logging.getLogger("xtreme_harness")


def run_ray(graph: Graph, engine: Engine, folder: Path, watch: Watch) -> Iterator[Outcome]:
    """Do jobs on a Ray cluster; see `engine.Executor`.

    A job whose node or process dies is done again where Ray finds room, three times in all.

    Raises:
        MissingDependency: Ray is not installed.
        ClusterError: the cluster cannot be joined or started, or has no node that can do the work.
    """
    with joined_cluster(engine.workers) as ray:
        share = find_share(_nodes(ray), engine.workers, engine.device)
        if share.most is not None and share.slots < share.most:
            log.warning("--workers %d: the Ray cluster has room for %d jobs at once", share.most, share.slots)
        ready, tasks, nodes = Ready(graph), Tasks(ray, share, folder.absolute(), watch), _Nodes(ray)
        try:
            while ready or tasks.count:
                yield from ready.hand_out(lambda: tasks.room, tasks.hand_out)
                nodes.require(share.cpus, tasks.gpus())
                for outcome in tasks.ended():
                    yield from ready.end(outcome)
        finally:
            tasks.cancel()


def _nodes(ray: Any) -> list[Resources]:
    """What each node has that is alive."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


class _Nodes:
    """Looks now and then whether the cluster still has a node for the jobs: Ray would wait for ever."""

    def __init__(self, ray: Any) -> None:
        self.ray = ray
        self.next = time.monotonic() + _LOOK
        self.since: float | None = None  # when there was none any more

    def require(self, cpus: int, gpus: set[int]) -> None:
        """Wait for a node with that many processors and, of each number of GPUs, that many; but not for ever."""
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + _LOOK
        nodes = _nodes(self.ray)
        lacking = [n for n in gpus if not any(fits(node, cpus, n) for node in nodes)]
        if not lacking:
            self.since = None
            return
        line = f"the Ray cluster has no node with CPU: {cpus}, GPU: {max(lacking)} any more, which a job needs"
        if self.since is None:
            self.since = now
            log.warning("%s; waiting %.0f minutes for one", line, _PATIENCE / 60)
        elif now > self.since + _PATIENCE:
            raise ClusterError(f"{line}, and none came in {_PATIENCE / 60:.0f} minutes; the same command continues")
