"""The executor of this machine: jobs in this process, or in worker processes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xtreme_harness.errors import OutputError
from xtreme_harness.jobs.engine import Engine
from xtreme_harness.jobs.graph import Graph, Ready
from xtreme_harness.jobs.job import Job, Outcome
from xtreme_harness.jobs.local.devices import worker_environments
from xtreme_harness.jobs.local.here import run_here
from xtreme_harness.jobs.local.workers import Worker, end_all
from xtreme_harness.jobs.mailbox import MOST, Mailbox
from xtreme_harness.jobs.watch import Watch
from xtreme_harness.processor import cores

__all__ = ["run_local", "worker_count"]

_MEMORY = "where memory ran out, a smaller --batch-size or fewer --workers"
_TICK = 0.05  # seconds between looks at what workers say


def run_local(graph: Graph, engine: Engine, folder: Path, watch: Watch) -> Iterator[Outcome]:
    """Do jobs on this machine; see `engine.Executor`.

    One worker is this process. Several are processes of their own, each with its GPU or its share of the processors;
    one that ends in the middle of a job is replaced, and the job tried again, three times in all.
    """
    environments = _environments(engine)[: len(graph.jobs)]
    if len(environments) < 2:
        yield from run_here(graph, watch)
    else:
        yield from _with_workers(graph, environments, folder, watch)


def worker_count(engine: Engine) -> int | None:
    """How many workers do the jobs at once; None where that is for a cluster to say."""
    if engine.executor != "local":
        return None
    return engine.workers or len(_environments(engine))


def _environments(engine: Engine) -> Sequence[Mapping[str, str]]:
    if engine.workers is None and "RANK" in os.environ:  # one of the processes that torch's launcher started
        return [{}]
    return worker_environments(engine.workers, engine.device, cores())


def _with_workers(
    graph: Graph, environments: Sequence[Mapping[str, str]], folder: Path, watch: Watch
) -> Iterator[Outcome]:
    ready, crew = Ready(graph), _Crew(environments, folder, watch)
    try:
        while ready or crew.busy:
            yield from ready.hand_out(lambda: bool(crew.free), crew.hand_out)
            for outcome in crew.ended():
                yield from ready.end(outcome)
            time.sleep(_TICK)
    finally:
        crew.close()


class _Crew:
    """The workers, and what each is doing."""

    def __init__(self, environments: Sequence[Mapping[str, str]], folder: Path, watch: Watch) -> None:
        self.folder, self.watch = folder, watch
        self.free = [Worker(number, environment) for number, environment in enumerate(environments, 1)]
        self.busy: dict[Worker, Mailbox] = {}

    def hand_out(self, job: Job) -> None:
        """Let a free worker do a job."""
        self._begin(self.free.pop(0), Mailbox(self.folder, job))

    def ended(self) -> Iterator[Outcome]:
        """The jobs that have ended since; one whose worker has died begins again."""
        for worker, mailbox in list(self.busy.items()):
            died = worker.died()  # asked first: what it said before is then there to be read
            mailbox.read(self.watch)
            outcome = mailbox.outcome()
            if outcome is None and not died:
                continue
            if outcome is None and worker.unheard:
                raise OutputError(f"{mailbox.folder}: its worker cannot write there; make room, or name another folder")
            del self.busy[worker]
            if outcome is None and mailbox.asked < MOST:
                self.watch.lost(mailbox.job.name, died, mailbox.asked)
                self._begin(worker, mailbox)
                continue
            self.free.append(worker)
            yield outcome or mailbox.lost(died, _MEMORY if "SIGKILL" in died else "")

    def close(self) -> None:
        """End the workers; what they have begun is saved where they get to it."""
        for worker in self.free:
            worker.end(time.monotonic())  # it has nothing to save, and Python takes its time to end
        end_all([*self.busy])

    def _begin(self, worker: Worker, mailbox: Mailbox) -> None:
        self.busy[worker] = mailbox
        worker.give(mailbox.job, mailbox.ask())
