"""A job on a node of a Ray cluster."""

from __future__ import annotations

import os
import pickle
import platform
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.jobs.elsewhere import do
from xtreme_harness.jobs.local.devices import patient
from xtreme_harness.jobs.stopping import Stopped, stop_on
from xtreme_harness.signature import VERSION, library_versions

__all__ = ["Answer", "Asker", "answer", "task", "versions"]

# {}: how the job ended stands in its mailbox; "stopped": it is to be continued; "unseen", "wrong": why all ends
Answer = dict[str, Any]


def versions() -> dict[str, str]:
    """What must be the same wherever jobs of one run are done; of a library's build, for processors or CUDA, not."""
    libraries = {name: version.partition("+")[0] for name, version in library_versions().items()}
    return {"Python": platform.python_version(), "xtreme-harness": VERSION, **libraries}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for jobs."""

    versions: Mapping[str, str] = field(default_factory=versions)
    folder: str = field(default_factory=os.getcwd)  # where its relative paths begin


def answer(value: bytes, asker: Asker) -> Answer:
    """Do a job on this node.

    Args:
        value: the job and its try, pickled.
        asker: who asks.
    """
    found, expected = versions(), asker.versions
    names = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    if names:
        said = ", ".join(
            f"{name} {found.get(name, 'missing')} (here {expected.get(name, 'missing')})" for name in names
        )
        return {"wrong": f"{socket.gethostname()}: {said}: the nodes of the Ray cluster need the same versions as here"}
    with suppress(OSError):  # not there: then the paths must be absolute
        os.chdir(Path(asker.folder))
    os.environ.update(patient())  # before torch is loaded, which reads it then
    job, one = pickle.loads(value)
    with stop_on(signal.SIGTERM):
        try:
            do(job, one)
        except Stopped:
            return {"stopped": True}
        except OutputError as error:
            return {"unseen": str(error)}
    return {}


def task() -> Callable[[bytes, bytes], Answer]:
    """What Ray carries to a node: a function that travels whole, and so can say that the package is not there."""

    def do_job(value: bytes, asker: bytes) -> Answer:
        import pickle
        import socket

        try:
            from xtreme_harness.jobs.ray.task import answer
        except ImportError as error:
            why = f"xtreme_harness cannot be imported there ({error})"
            return {"wrong": f"{socket.gethostname()}: {why}; install it on all nodes of the Ray cluster"}
        return answer(value, pickle.loads(asker))

    return do_job
