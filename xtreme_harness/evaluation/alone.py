"""Single jobs of a graph, each in a process of its own, as another program hands them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xtreme_harness.errors import DataError, XHarnessError, did_you_mean
from xtreme_harness.files.folder import require_output
from xtreme_harness.jobs import Failure, Graph, Job, Outcome, Watch, attempt
from xtreme_harness.training.job import RunTrial

__all__ = ["do_alone"]

_HOW = "--dry-run --format json names all of them"


def do_alone(graph: Graph, names: Sequence[str], watch: Watch) -> Iterator[Outcome]:
    """Do some jobs of a graph here, in its order, and nothing else: no lock, no log, no results.json.

    Args:
        graph: the whole.
        names: of the jobs.
        watch: who is told.

    Yields:
        each as it ends well.

    Raises:
        DataError: a name that no job has; a job whose needs are not there, with the one to do first.
        OutputError: another process carries out the whole graph.
        XHarnessError: what a job ended with.
    """
    by_name = {job.name: job for job in graph.jobs}
    if unknown := [name for name in names if name not in by_name]:
        raise DataError(*(f"--job {name}: no such job{did_you_mean(name, list(by_name))}; {_HOW}" for name in unknown))
    for job in [job for job in graph.jobs if job.name in names]:
        for need in graph.needs_of(job):
            if not _is_there(by_name[need]):
                raise DataError(f"--job {job.name}: needs what another job leaves; first: --job '{need}'")
        if job.home is not None:
            require_output(job.home)
        yield _done(job, watch)


def _done(job: Job, watch: Watch) -> Outcome:
    left = attempt(job.name, lambda: job.run(watch))
    if isinstance(left, Failure):
        raise left.error
    return Outcome(job, left)


def _is_there(job: Job) -> bool:
    """Is what a job leaves there?"""
    try:
        return job.settled() is not None or (isinstance(job, RunTrial) and job.tried)
    except XHarnessError:  # not even what it starts from is there
        return False
