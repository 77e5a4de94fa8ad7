"""What a job is, what comes of one, and the rule for what goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from xtreme_harness.errors import HubSilent, OutputError, XHarnessError, in_words, listed
from xtreme_harness.files.folder import logged
from xtreme_harness.jobs.watch import Watch

__all__ = ["Failure", "Job", "Outcome", "Submitted", "all_failed", "attempt", "results", "run_job"]

ENDING = (OutputError, HubSilent)  # nothing more can be written, or read: what follows would fail likewise
T = TypeVar("T")
log = logging.getLogger("xtreme_harness")


class Job(Protocol):
    """A piece of work: a small picklable value that does it from what lies on disk and leaves its results there.

    Done twice, it keeps what is there; killed at any moment, it continues when it is done again. What goes from one
    process to another is plain JSON.
    """

    @property
    def name(self) -> str:
        """For people, and for what needs it; no two jobs of one graph have the same."""
        ...

    @property
    def home(self) -> Path | None:
        """The output folder of the run that it belongs to, whose log tells of it; None: there is no log."""
        ...

    @property
    def on_device(self) -> bool:
        """Does it compute on a GPU, where there is one?"""
        ...

    def run(self, watch: Watch) -> Any:
        """Do it; return what it left."""
        ...

    def settled(self) -> Any:
        """What it left, where all of that is there already; None where something is left to do. Loads no weights."""
        ...

    def sources(self) -> Mapping[str, Callable[[], object]]:
        """What it reads from the network: name -> how that is fetched, so that it is there for a machine without."""
        ...

    def speaker(self, say: Callable[[dict[str, Any]], None]) -> Watch:
        """A watch that says what it is told as JSON, for another process."""
        ...

    def hear(self, said: dict[str, Any], watch: Watch) -> None:
        """Tell a watch what was said so."""
        ...

    def told(self, left: Any) -> Any:
        """What it left, as JSON."""
        ...

    def found(self, told: Any) -> Any:
        """What it left, from that and from what lies on disk."""
        ...


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a piece of work came to nothing."""

    message: str  # one line a fault
    error: Exception  # what was raised; an XHarnessError where it is the user's to fix

    @property
    def line(self) -> str:
        """The message in one line."""
        return " ".join(self.message.split())


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: what it left, or why it failed."""

    job: Job
    left: Any = None  # what it left
    failure: Failure | None = None
    need: str | None = None  # the job whose failure is the reason that this one was not begun


class Submitted(Exception):
    """The jobs were handed over and go on without this process; the same command collects what they leave."""


def attempt(name: str, work: Callable[[], T], ends: tuple[type[Exception], ...] = ENDING) -> T | Failure:
    """Do a piece of work that may fail without stopping the others.

    Args:
        name: of the work, for the log.
        work: what is done.
        ends: what is no failure of this work alone but the end of all.

    Raises:
        OutputError: nothing more can be written, unless `ends` says otherwise.
        HubSilent: nothing more can be read from the Hub, likewise.
    """
    try:
        return work()
    except ends:
        raise
    except Exception as error:
        log.info("%s: failed: %s", name, error, exc_info=error)
        known = isinstance(error, XHarnessError)
        return Failure(str(error) if known else in_words(error), error)


def run_job(job: Job, watch: Watch) -> Outcome:
    """Do one job here and now."""
    with logged(job.home):
        left = attempt(job.name, lambda: job.run(watch))
    return Outcome(job, failure=left) if isinstance(left, Failure) else Outcome(job, left)


def results(outcomes: Iterable[Outcome]) -> list[Any]:
    """What jobs left that must all end well; raises what the first that failed raised."""
    found = []
    for outcome in outcomes:
        if outcome.failure is not None:
            raise outcome.failure.error
        found.append(outcome.left)
    return found


def all_failed(failures: Iterable[Failure]) -> Exception:
    """What to raise where nothing of several pieces of work came about: the first one's kind, the faults of all."""
    found = list(failures)
    first = found[0].error
    if not isinstance(first, XHarnessError):
        return first
    return type(first)(*listed(list(dict.fromkeys(line for one in found for line in one.message.splitlines()))))
