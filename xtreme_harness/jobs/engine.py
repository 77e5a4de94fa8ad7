"""Who does the work, and with how much: what `--executor`, `--workers`, `--slurm` and `--no-wait` say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from xtreme_harness.jobs.graph import Graph
from xtreme_harness.jobs.job import Outcome
from xtreme_harness.jobs.watch import Watch

__all__ = ["Engine", "Executor"]


@dataclass(frozen=True, slots=True)
class Engine:
    """Who does the work, and with how much."""

    executor: str = "local"  # a key of EXECUTORS
    workers: int | None = None  # processes at once; None: one a GPU, or one on a processor
    device: str = "auto"  # "auto", "cpu" or "cuda[:N]"
    slurm: Mapping[str, str] = field(default_factory=dict)  # options of sbatch
    wait: bool = True  # until all is done; else until all is submitted

    @property
    def elsewhere(self) -> bool:
        """Does other machines' hardware do it, which is not known here?"""
        return self.executor != "local"


class Executor(Protocol):
    """Who does jobs: each when all that it needs has ended well, in any order that keeps this."""

    def __call__(self, graph: Graph, engine: Engine, folder: Path, watch: Watch) -> Iterator[Outcome]:
        """Do the jobs.

        Args:
            graph: what is to be done.
            engine: with how much.
            folder: where what workers say is written, a folder a job.
            watch: who is told.

        Yields:
            every job as it ends; a failure of one stops only those that need it.

        Raises:
            OutputError: when nothing more can be written, which ends all.
            HubSilent: when data must come from a Hub that does not answer, likewise.
            Submitted: the jobs go on without this process.
        """
        ...
