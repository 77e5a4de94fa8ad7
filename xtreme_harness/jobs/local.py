"""The executor of this process: one job after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xtreme_harness.jobs.job import Job, Outcome, run_job
from xtreme_harness.jobs.watch import Watch

__all__ = ["run_local"]


def run_local(jobs: Sequence[Job], needs: Mapping[str, Sequence[str]], watch: Watch) -> Iterator[Outcome]:
    """Do jobs one after the other, in their order; see `job.Executor`."""
    ended: dict[str, Outcome] = {}
    for job in jobs:
        broken = next((ended[need] for need in needs.get(job.name, ()) if ended[need].failure is not None), None)
        if broken is None:
            outcome = run_job(job, watch)
        else:
            outcome = Outcome(job, failure=broken.failure, need=broken.need or broken.job.name)
        ended[job.name] = outcome
        yield outcome
