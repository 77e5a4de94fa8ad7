"""The executor of a cluster under Slurm: one job of it a job of the graph, those that need the same as an array.

Everything is submitted at once, with its dependencies, and goes on without this process. Which job is which is kept in
`OUT/.jobs/slurm.json`; the same command finds them there, reads what they have said, and submits what has vanished.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from xtreme_harness.errors import ClusterError
from xtreme_harness.jobs.engine import Engine
from xtreme_harness.jobs.graph import Graph, Ready
from xtreme_harness.jobs.job import Failure, Job, Outcome, Submitted
from xtreme_harness.jobs.mailbox import MOST, Mailbox
from xtreme_harness.jobs.provide import provide
from xtreme_harness.jobs.slurm.ledger import Entry, Ledger, digest_of
from xtreme_harness.jobs.slurm.sbatch import new_name, require_slurm, submit
from xtreme_harness.jobs.slurm.squeue import Known, cancel, look
from xtreme_harness.jobs.slurm.work import Work, was_not_begun
from xtreme_harness.jobs.tries import Try
from xtreme_harness.jobs.watch import Watch

__all__ = ["run_slurm"]

log = logging.getLogger("xtreme_harness")
_TICK = 0.5  # seconds between looks at what workers say
_AGAIN = 20.0  # seconds until work that was refused is submitted again
_LATE = {"COMPLETED": 60.0}  # seconds in which the end that a worker has written is seen here
_LOST = 5.0  # the same, of one that did not end by itself
_CANCELLED = 15.0  # seconds in which jobs that were cancelled are waited for
_ARRAY = 500  # jobs of an array
_MORE = {
    "TIMEOUT": "give it more time by --slurm time=...",
    "OUT_OF_MEMORY": "give it more memory by --slurm mem=..., or a smaller --batch-size",
}  # what to do about a state
_PRINTED = "slurm"  # folder of scripts, pickles and what workers print


def run_slurm(graph: Graph, engine: Engine, folder: Path, watch: Watch) -> Iterator[Outcome]:
    """Do jobs on a cluster under Slurm; see `engine.Executor`.

    Raises:
        MissingDependency: no job can be submitted from here.
        ClusterError: Slurm does not answer, or sbatch does not take the first of them.
    """
    require_slurm()
    queue, handed = _Queue(graph, engine, folder.absolute(), watch), False
    try:
        while True:
            yield from queue.ended()
            queue.submit()
            if not queue.left:
                return
            if not engine.wait and not queue.unsettled:
                raise Submitted(queue.told())
            if engine.wait and not handed:
                handed = True
                watch.handed(queue.state())
            time.sleep(_TICK)
    except Submitted:
        raise
    except BaseException:  # Ctrl-C among them, and whoever asks no more
        queue.cancel()
        raise


class _Queue:
    """The jobs of a graph, and what Slurm makes of them."""

    def __init__(self, graph: Graph, engine: Engine, folder: Path, watch: Watch) -> None:
        self.graph, self.engine, self.folder, self.watch = graph, engine, folder, watch
        self.left = {job.name: job for job in graph.jobs}
        self._ready, self._open = Ready(graph), dict[str, Job]()  # open: all that it needs has ended well
        self._mail = {job.name: Mailbox(folder, job) for job in graph.jobs}
        self._digests = {job.name: digest_of(job) for job in graph.jobs}
        self._since: dict[str, float] = {}  # when a job was submitted, of those by this process
        self._asked: dict[str, Try] = {}  # tries that Slurm has not taken yet
        self._there: set[str] = set()  # names of what was fetched
        self._undone: set[str] = set()  # jobs of which is known that something is left to do
        self._ledger, self._known = Ledger(folder), Known()
        self._refused, self._next = "", 0.0
        self._known.refresh()
        if self._known.silent:
            raise ClusterError("--executor slurm: Slurm does not answer (squeue); try again when sinfo does")
        self._ledger.adopt(self._known.jobs)
        self._drop_others()

    def _drop_others(self) -> None:
        """Cancel what an earlier command has submitted and this one does not ask for."""
        others = [n for n, entry in self._ledger.entries.items() if self._digests.get(n) != entry.digest]
        for name in others:
            self._ledger.entries[name].cancelled = True
        cancel(self._ledger.entries[name].id for name in others)

    def ended(self) -> Iterator[Outcome]:
        """The jobs that have ended since, and those that therefore cannot begin."""
        self._known.refresh()
        for name, entry in list(self._ledger.entries.items()):
            if name in self._mail and not entry.cancelled and not self._waits(entry):
                self._mail[name].read(self.watch)
        while True:
            while job := self._ready.take():
                self._open[job.name] = job
            found = [outcome for job in list(self._open.values()) if (outcome := self._outcome(job)) is not None]
            for outcome in found:
                for one in self._ready.end(outcome):
                    self._forget(one)
                    yield one
            if not found:
                break
        self._look_after_the_rest()

    def _outcome(self, job: Job) -> Outcome | None:
        """How a job ended whose needs have all ended well; None where it is at work, or to be submitted."""
        entry, mailbox = self._ledger.entries.get(job.name), self._mail[job.name]
        if entry is not None and not entry.cancelled and (outcome := mailbox.outcome()) is not None:
            return outcome
        if entry is not None and (lost := self._vanished(job.name, entry)):
            return self._failed(job, entry, lost)
        if job.name in self._ledger.entries or job.name in self._undone:
            return None
        if (left := job.settled()) is not None:
            return Outcome(job, left)
        self._undone.add(job.name)
        return None

    def _look_after_the_rest(self) -> None:
        """Notice what has vanished of those that wait for others, and of those that nobody asks for."""
        for name, entry in list(self._ledger.entries.items()):
            if name not in self._open and (name not in self._mail or self._mail[name].ended is None):
                self._vanished(name, entry)

    def _vanished(self, name: str, entry: Entry) -> str:
        """Take note of a job that is over without a word, which is then to be submitted again.

        Returns:
            why it is not to be tried once more; "" where it is at work, or to be submitted again.
        """
        seen = self._known.jobs.get(entry.id)
        if self._known.at <= self._since.get(name, 0.0) or (seen is not None and not seen.ended):
            entry.gone = None
            return ""
        if entry.cancelled:
            self._ledger.forget(name)
            return ""
        now = time.monotonic()
        entry.gone = now if entry.gone is None else entry.gone
        state = seen.state if seen is not None else "not in the queue any more"
        self._mail[name].folder.touch()  # a network file system looks again
        begun = not was_not_begun(self._mail[name].folder)
        if now - entry.gone < (_LATE.get(state, _LOST) if begun else 0.0):
            return ""
        lost = self._ledger.vanished(name, begun)
        self._undone.discard(name)
        if begun and lost < MOST:
            self.watch.lost(name, f"Slurm job {entry.id}: {state}", lost)
        return state if lost >= MOST else ""

    def _failed(self, job: Job, entry: Entry, state: str) -> Outcome:
        why = f"Slurm job {entry.id}: {state}; what it printed: {self.folder / _PRINTED / entry.id}_0_log.out"
        if self._mail[job.name].begun:
            return self._mail[job.name].lost(why, _MORE.get(state, ""))
        message = f"Slurm ended it {MOST} times before it began; do all nodes see {self.folder}? ({why})"
        log.warning("%s: %s", job.name, message)
        return Outcome(job, failure=Failure(message, RuntimeError(message)))

    def _forget(self, outcome: Outcome) -> None:
        """Drop a job that was collected; one that cannot begin has no place in the queue any more."""
        name = outcome.job.name
        self._open.pop(name, None)
        self.left.pop(name)
        entry = self._ledger.forget(name)
        if entry is not None and outcome.need is not None:
            cancel([entry.id])

    def submit(self) -> None:
        """Submit what is not in Slurm's hands; those that wait for the same together."""
        if time.monotonic() < self._next:
            return
        wanted = [job for job in self.left.values() if job.name not in self._ledger.entries]
        while groups := self._groups(wanted):
            for after, jobs in groups.items():
                if not self._submit(jobs, after):
                    return
            wanted = [job for job in wanted if job.name not in self._ledger.entries]

    def _groups(self, wanted: Sequence[Job]) -> dict[tuple[str, ...], list[Job]]:
        """The jobs that can be submitted now, by the ids of what they wait for."""
        found: dict[tuple[str, ...], list[Job]] = {}
        for job in wanted:
            entries = [self._ledger.entries.get(need) for need in self._unfinished(job)]
            if all(entry is not None and entry.gone is None and not entry.cancelled for entry in entries):
                ids = tuple(entry.id for entry in entries if entry is not None)
                group = found.setdefault(ids, [])
                if len(group) < _ARRAY:
                    group.append(job)
        return found

    def _unfinished(self, job: Job) -> list[str]:
        return [need for need in self.graph.needs_of(job) if need in self.left]

    def _submit(self, jobs: Sequence[Job], after: Sequence[str]) -> bool:
        """Submit some; False where Slurm takes no more for now, which is no fault as long as some are at work."""
        for job in jobs:
            if job.name not in self._asked:
                self._asked[job.name] = self._mail[job.name].ask()
        provide(jobs, self._there)
        works = [Work(job, self._asked[job.name], self._needs(job)) for job in jobs]
        name = new_name()
        self._ledger.ask(name, {job.name: self._digests[job.name] for job in jobs})
        self.folder.joinpath(_PRINTED).mkdir(parents=True, exist_ok=True)
        try:
            ids = submit(works, name, self.folder / _PRINTED, self.engine.slurm, after)
        except ClusterError as error:
            if not self._ledger.entries:
                raise
            if not self._refused:
                log.warning("%s; it is tried again while others are at work", error)
            self._refused, self._next = str(error), time.monotonic() + _AGAIN
            return False
        self._ledger.submitted(ids)
        for job in jobs:
            del self._asked[job.name]
        self._since |= dict.fromkeys((job.name for job in jobs), time.monotonic())
        self._known.next = 0.0
        return True

    def _needs(self, job: Job) -> tuple[Path, ...]:
        return tuple(self._mail[need].folder for need in self._unfinished(job))

    def _waits(self, entry: Entry) -> bool:
        """Has it nothing new to say, for it has not begun?"""
        seen = self._known.jobs.get(entry.id)
        return seen is not None and seen.waits

    @property
    def unsettled(self) -> bool:
        """Is there a job of which is not known yet whether it is to be submitted again?"""
        return any(entry.cancelled or entry.gone is not None for entry in self._ledger.entries.values())

    def state(self) -> str:
        """How many jobs are left to Slurm, and where to look."""
        entries = [self._ledger.entries[name] for name in self.left if name in self._ledger.entries]
        states = Counter("running" if self._runs(entry) else "waiting" for entry in entries)
        ids = list(dict.fromkeys(entry.id.partition("_")[0] for entry in entries))
        each = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
        jobs = f"{len(self.left)} of {len(self.graph.jobs)} jobs"
        return f"{jobs} are left to Slurm: {each} (squeue --jobs={','.join(ids)})"

    def told(self) -> str:
        """What is to be said of jobs that go on alone."""
        more = sum(name not in self._ledger.entries for name in self.left)
        later = f"; {more} more when the same command runs again, for now {self._refused}" if more else ""
        return f"{self.state()}; the same command collects them{later}"

    def _runs(self, entry: Entry) -> bool:
        seen = self._known.jobs.get(entry.id)
        return seen is not None and not seen.waits and not seen.ended

    def cancel(self) -> None:
        """Cancel all, and wait a while until they have saved what they had begun."""
        entries = list(self._ledger.entries.values())
        cancel(entry.id for entry in entries)
        for entry in entries:
            entry.cancelled = True
        self._ledger.write()
        until = time.monotonic() + _CANCELLED
        while time.monotonic() < until:
            seen = look()
            if seen is not None and all(entry.id not in seen or seen[entry.id].ended for entry in entries):
                return
            time.sleep(_TICK)
