"""What jobs read from the network, fetched before they are handed to machines without one."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from xtreme_harness.jobs.job import Failure, Job, attempt

__all__ = ["provide"]

log = logging.getLogger("xtreme_harness")


def provide(jobs: Iterable[Job], there: set[str]) -> None:
    """Fetch what jobs read, each source once; what cannot be had is told of, and is for the jobs to fail by.

    Args:
        jobs: that are about to be handed out.
        there: names of sources that were fetched before; grows.

    Raises:
        HubSilent: the Hub does not answer, so that no job could begin.
        OutputError: as `attempt`.
    """
    for job in jobs:
        for name, fetch in job.sources().items():
            if name in there:
                continue
            there.add(name)
            log.info("fetching %s", name)
            found = attempt(name, fetch)
            if isinstance(found, Failure):
                log.warning("%s: cannot be fetched: %s", name, found.line)
