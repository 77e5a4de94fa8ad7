"""A job on a node of a Ray cluster."""

from __future__ import annotations

import pickle
import platform
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.jobs.elsewhere import do
from xtreme_harness.jobs.stopping import Stopped, stop_on
from xtreme_harness.signature import VERSION, library_versions

__all__ = ["Answer", "answer", "task", "versions"]

Answer = dict[
    str, Any
]  # {}: its end stands in the mailbox; "stopped": it is to be continued; "unseen", "wrong": why all ends


def versions() -> dict[str, str]:
    """What must be the same wherever jobs of one run are done; of a library's build, processor or CUDA, not."""
    libraries = {name: version.partition("+")[0] for name, version in library_versions().items()}
    return {"Python": platform.python_version(), "xtreme-harness": VERSION, **libraries}


def answer(value: bytes, expected: Mapping[str, str]) -> Answer:
    """Do a job on this node.

    Args:
        value: the job and its try, pickled.
        expected: the versions of whoever asks.
    """
    found = versions()
    wrong = [f"{name} {found.get(name, 'missing')} (here {there})" for name, there in expected.items()
             if found.get(name) != there]  # fmt: skip
    if wrong:
        line = (
            f"{socket.gethostname()}: {', '.join(wrong)}: the nodes of the Ray cluster need the same versions as here"
        )
        return {"wrong": line}
    job, one = pickle.loads(value)
    with stop_on(signal.SIGTERM):
        try:
            do(job, one)
        except Stopped:
            return {"stopped": True}
        except OutputError as error:
            return {"unseen": str(error)}
    return {}


def task() -> Callable[[bytes, Mapping[str, str]], Answer]:
    """What Ray carries to a node: a function that travels whole, and so can say that the package is not there."""

    def do_job(value: bytes, expected: Mapping[str, str]) -> Answer:
        import socket

        try:
            from xtreme_harness.jobs.ray_task import answer
        except ImportError as error:
            why = f"xtreme_harness cannot be imported there ({error})"
            return {"wrong": f"{socket.gethostname()}: {why}; install it on all nodes of the Ray cluster"}
        return answer(value, expected)

    return do_job
