"""Pieces of work, and who does them: a job, what came of it, and the executors.

    jobs ──► executor(jobs, needs, watch) ──► outcomes, as they end

A job is a small picklable value that does its work from what lies on disk and leaves its results there; an executor
decides where and when. `EXECUTORS` names them all.
"""

from __future__ import annotations

from xtreme_harness.jobs.job import Executor, Failure, Job, Outcome, all_failed, attempt, results, run_job
from xtreme_harness.jobs.local import run_local
from xtreme_harness.jobs.watch import SILENT, Watch

__all__ = [
    "EXECUTORS",
    "SILENT",
    "Executor",
    "Failure",
    "Job",
    "Outcome",
    "Watch",
    "all_failed",
    "attempt",
    "results",
    "run_job",
    "run_local",
]

EXECUTORS: dict[str, Executor] = {"local": run_local}
