"""All executors, and what is the same for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xtreme_harness.errors import OutputError
from xtreme_harness.files.folder import locked, open_output
from xtreme_harness.jobs.engine import Engine, Executor
from xtreme_harness.jobs.graph import Graph
from xtreme_harness.jobs.job import Outcome
from xtreme_harness.jobs.local.crew import run_local, worker_count
from xtreme_harness.jobs.ray.cluster import run_ray
from xtreme_harness.jobs.slurm.ledger import require_nobody_at_work
from xtreme_harness.jobs.slurm.queue import run_slurm
from xtreme_harness.jobs.watch import Watch

__all__ = ["EXECUTORS", "MESSAGES", "execute", "only_driver"]

EXECUTORS: dict[str, Executor] = {"local": run_local, "ray": run_ray, "slurm": run_slurm}
MESSAGES = ".jobs"  # below the output folder: what workers say, until all has ended well


def execute(graph: Graph, engine: Engine, output: Path, watch: Watch) -> Iterator[Outcome]:
    """Do the jobs of a graph; see `engine.Executor`.

    Args:
        graph: what is to be done.
        engine: who does it.
        output: folder of the whole.
        watch: who is told.

    Raises:
        OutputError: a link stands where workers would write.
        ClusterError: an earlier command has left work to Slurm that is not over.
    """
    folder, well = output / MESSAGES, True
    _require_no_links(folder)
    if EXECUTORS[engine.executor] is not run_slurm:
        require_nobody_at_work(folder)
    for outcome in EXECUTORS[engine.executor](graph, engine, folder, watch):
        well &= outcome.failure is None
        yield outcome
    if well:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def only_driver(engine: Engine, output: Path) -> Iterator[None]:
    """Keep a second command off work that others do, in a folder whose own lock is theirs to take.

    Args:
        engine: who does the work; one worker, this process, takes that lock itself.
        output: folder of the whole.

    Raises:
        OutputError: another command has work done there, or the folder of messages cannot be used.
    """
    folder = output / MESSAGES
    if worker_count(engine) == 1:
        yield
        return
    _require_no_links(folder)
    open_output(folder)
    with locked(folder):
        yield


def _require_no_links(folder: Path) -> None:
    for place in (folder, *(folder.iterdir() if folder.is_dir() else ())):
        if place.is_symlink():
            raise OutputError(f"{place}: a link is in the way: remove it")
