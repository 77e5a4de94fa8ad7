"""Which job of a graph is which of Slurm's, on disk: so that the same command finds them again."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ClusterError, OutputError
from xtreme_harness.files.text import write_below
from xtreme_harness.jobs.job import Job
from xtreme_harness.jobs.slurm.squeue import Seen, look

__all__ = ["Entry", "Ledger", "digest_of", "require_nobody_at_work"]

log = logging.getLogger("xtreme_harness")
_SHOWN = 5  # ids that a message lists
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


@dataclass(slots=True)
class Entry:
    """A job that was handed to Slurm and not collected yet."""

    id: str
    digest: str  # of the job as it was handed over
    lost: int = 0  # times that it vanished before it had ended
    cancelled: bool = False
    gone: float | None = field(default=None, compare=False)  # since when it is seen to be over; of this process's clock


class Ledger:
    """The entries, and a submission that is being made; written whole at every change."""

    name = "slurm.json"

    def __init__(self, folder: Path) -> None:
        """Read what an earlier process has left; what cannot be read is taken for nothing."""
        self.folder = folder
        self.entries: dict[str, Entry] = {}
        self.lost: dict[str, int] = {}  # of jobs that have no entry now
        self.asking: dict[str, Any] = {}
        try:
            read = json.loads((folder / self.name).read_text("utf-8"))
            self.entries = {name: Entry(**entry) for name, entry in read["jobs"].items()}
            self.asking = read["asking"] and {"name": read["asking"]["name"], "jobs": dict(read["asking"]["jobs"])}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass

    def ask(self, name: str, jobs: Mapping[str, str]) -> None:
        """Note that jobs are about to be submitted under a name, job -> digest, in their order."""
        self.asking = {"name": name, "jobs": dict(jobs)}
        self.write()

    def submitted(self, ids: Sequence[str]) -> None:
        """Note the ids of the jobs that `ask` was told of."""
        for (name, digest), found in zip(self.asking["jobs"].items(), ids, strict=True):
            self.entries[name] = Entry(found, digest, self.lost.pop(name, 0))
        self.asking = {}
        self.write()

    def adopt(self, seen: Mapping[str, Seen]) -> None:
        """Take in a submission in the middle of which a process was killed, where Slurm had got it."""
        if not self.asking:
            return
        ids = [one for one, job in seen.items() if job.name == self.asking.get("name")]
        ids.sort(key=lambda one: int(one.partition("_")[2] or 0))
        if len(ids) == len(self.asking["jobs"]):
            self.submitted(ids)
        else:
            self.asking = {}

    def forget(self, name: str) -> Entry | None:
        """Drop a job that was collected; gives its entry."""
        entry = self.entries.pop(name, None)
        if entry is not None:
            self.write()
        return entry

    def cancelled(self) -> list[Entry]:
        """Note that all were cancelled; gives the entries.

        Where that cannot be written, the next command sees that they are over; why they were cancelled is not hidden.
        """
        for entry in self.entries.values():
            entry.cancelled = True
        with suppress(OutputError):
            self.write()
        return list(self.entries.values())

    def vanished(self, name: str, counts: bool) -> int:
        """Drop a job that is to be submitted again; says how often it was lost."""
        self.lost[name] = self.entries.pop(name).lost + counts
        self.write()
        return self.lost[name]

    def write(self) -> None:
        """Write it; OutputError where that cannot be done."""
        jobs = {name: {k: v for k, v in asdict(entry).items() if k != "gone"} for name, entry in self.entries.items()}
        write_below(self.folder, self.name, json.dumps({"jobs": jobs, "asking": self.asking}, indent=1) + "\n")


def require_nobody_at_work(folder: Path) -> None:
    """Raise ClusterError where an earlier command has left work to Slurm which is not over.

    Args:
        folder: of the messages of the work that is about to be done by others.
    """
    ids = {entry.id for entry in Ledger(folder).entries.values()}
    if not ids:
        return
    seen = look()
    if seen is None:
        log.warning("%s: an earlier command left work to Slurm, which does not answer here", folder)
        return
    alive = sorted(one for one in ids if one in seen and not seen[one].ended)
    if alive:
        raise ClusterError(
            f"{folder.parent}: {len(alive)} jobs of Slurm are at work on it ({', '.join(alive[:_SHOWN])}"
            f"{' ...' if len(alive) > _SHOWN else ''}); add --executor slurm, or end them by scancel"
        )


def digest_of(job: Job) -> str:
    """Equal for jobs that do the same."""
    return hashlib.sha256(_ADDRESS.sub("", repr(job)).encode()).hexdigest()[:16]
