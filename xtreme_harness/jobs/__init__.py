"""Pieces of work, and who does them: a graph of jobs, what came of each, and the executors.

    graph of jobs ──► execute(graph, engine, output, watch) ──► outcomes, as they end

A job is a small picklable value that does its work from what lies on disk and leaves its results there; an executor
decides where and when. `EXECUTORS` names them all.
"""

from __future__ import annotations

from xtreme_harness.jobs.engine import Engine, Executor
from xtreme_harness.jobs.executors import EXECUTORS, execute, only_driver
from xtreme_harness.jobs.graph import Graph, joined
from xtreme_harness.jobs.job import Failure, Job, Outcome, Submitted, all_failed, attempt, results, run_job
from xtreme_harness.jobs.local.crew import worker_count
from xtreme_harness.jobs.mailbox import MOST
from xtreme_harness.jobs.schedule import critical_path, makespan
from xtreme_harness.jobs.watch import SILENT, Watch

__all__ = [
    "EXECUTORS",
    "MOST",
    "SILENT",
    "Engine",
    "Executor",
    "Failure",
    "Graph",
    "Job",
    "Outcome",
    "Submitted",
    "Watch",
    "all_failed",
    "attempt",
    "critical_path",
    "execute",
    "joined",
    "makespan",
    "only_driver",
    "results",
    "run_job",
    "worker_count",
]
