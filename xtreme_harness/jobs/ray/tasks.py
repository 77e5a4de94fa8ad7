"""The jobs that a Ray cluster has, each a task."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ClusterError, OutputError, in_words
from xtreme_harness.jobs.job import Failure, Job, Outcome
from xtreme_harness.jobs.mailbox import MOST, Mailbox
from xtreme_harness.jobs.provide import provide
from xtreme_harness.jobs.ray.shares import Share
from xtreme_harness.jobs.ray.task import Answer, Asker, task
from xtreme_harness.jobs.tries import UNSEEN
from xtreme_harness.jobs.watch import Watch

__all__ = ["Tasks"]

_TICK = 0.1  # seconds between looks at what ended
_LOOKS = 20  # mailboxes that are read in a tick: hundreds of tasks may wait, and the file system with them
_CANCELLED = 5.0  # seconds in which cancelled tasks end
_TODO = "where memory ran out, a smaller --batch-size or fewer --workers; what it printed stands in Ray's logs there"
_LATE: Answer = {"died": "what it said last is not seen here"}


class Tasks:
    """The jobs that Ray has."""

    def __init__(self, ray: Any, share: Share, folder: Path, watch: Watch) -> None:
        """None yet.

        Args:
            ray: the module, joined to a cluster.
            share: what a job gets.
            folder: where what jobs say is written.
            watch: who is told.
        """
        self.ray, self.share, self.folder, self.watch = ray, share, folder, watch
        self.running: dict[Any, Mailbox] = {}  # by the reference to what a task will return
        self.silent: dict[Mailbox, float] = {}  # ended, but what it said last is not seen here yet: until when
        self.died: Counter[str] = Counter()  # by job
        self._asker, self._at = pickle.dumps(Asker()), 0
        self._there: set[str] = set()  # names of what was fetched
        kinds = [ray.remote(num_cpus=share.cpus, num_gpus=gpus, max_retries=0) for gpus in (0, share.gpus)]
        self._remote = [kind(task()) for kind in kinds]  # tries are counted here: each has a file of its own

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.running) + len(self.silent)

    @property
    def room(self) -> bool:
        """May another one be handed out?"""
        return self.share.most is None or self.count < self.share.most

    def gpus(self) -> set[int]:
        """How many GPUs they ask for."""
        return {self.share.gpus if mailbox.job.on_device else 0 for mailbox in self.running.values()}

    def hand_out(self, job: Job) -> None:
        """Let Ray do a job, when what it reads from the network is there."""
        provide([job], self._there)
        self._begin(Mailbox(self.folder, job))

    def ended(self) -> Iterator[Outcome]:
        """The jobs that have ended since; one whose process has died begins again.

        Raises:
            OutputError: a node does not see the output folder.
            ClusterError: a node cannot do any job.
            HubSilent: a job ended with it.
        """
        done: list[Any] = []
        if self.running:
            done, _ = self.ray.wait(list(self.running), timeout=_TICK)
        else:
            time.sleep(_TICK)
        self._listen()
        found = [self._after(self.running.pop(ref), self._answer(ref)) for ref in done]
        for mailbox, until in list(self.silent.items()):
            mailbox.read(self.watch)
            if mailbox.ended is not None or time.monotonic() > until:
                del self.silent[mailbox]
                found.append(self._after(mailbox, _LATE))
        yield from (outcome for outcome in found if outcome is not None)

    def cancel(self) -> None:
        """End those that run."""
        for ref in self.running:
            self.ray.cancel(ref, force=True)
        if self.running:
            self.ray.wait(list(self.running), num_returns=len(self.running), timeout=_CANCELLED)

    def _begin(self, mailbox: Mailbox) -> None:
        value = pickle.dumps((mailbox.job, mailbox.ask()))
        remote = self._remote[mailbox.job.on_device].options(name=mailbox.job.name)
        self.running[remote.remote(value, self._asker)] = mailbox

    def _listen(self) -> None:
        """Hear some of the jobs, in turn."""
        some = list(self.running.values())[self._at : self._at + _LOOKS]
        self._at = self._at + _LOOKS if len(some) == _LOOKS else 0
        for mailbox in some:
            mailbox.read(self.watch)

    def _after(self, mailbox: Mailbox, answer: Answer) -> Outcome | None:
        """What follows from the end of a task: how its job ended, or that it goes on."""
        if "wrong" in answer:
            raise ClusterError(answer["wrong"])
        if "unseen" in answer:
            raise OutputError(answer["unseen"])
        mailbox.read(self.watch)
        job, why = mailbox.job, answer.get("died")
        if (outcome := mailbox.outcome()) is not None:
            return outcome
        if "failed" in answer:
            return Outcome(job, failure=Failure(answer["failed"], RuntimeError(answer["failed"])))
        if why is not None:
            self.died[job.name] += 1
            if self.died[job.name] == MOST:
                return mailbox.lost(why, _TODO)
            self.watch.lost(job.name, why, self.died[job.name])
        if why is not None or "stopped" in answer:
            self._begin(mailbox)
        else:
            self.silent[mailbox] = time.monotonic() + UNSEEN
        return None

    def _answer(self, ref: Any) -> Answer:
        """What a task returned, or why it returned nothing."""
        errors = self.ray.exceptions
        try:
            return dict(self.ray.get(ref))
        except errors.RayTaskError as error:
            return {"failed": in_words(getattr(error, "cause", None) or error)}
        except (errors.RuntimeEnvSetupError, errors.TaskUnschedulableError) as error:
            return {"wrong": in_words(error)}
        except errors.OutOfMemoryError:
            return {"died": "Ray ended it, its node had no memory left"}
        except errors.NodeDiedError:
            return {"died": "its node is lost"}
        except errors.WorkerCrashedError:
            return {"died": "its process died"}
        except errors.RayError as error:
            return {"died": type(error).__name__}
