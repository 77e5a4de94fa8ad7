"""A process that does the work of contestants and measures it; and how the main process talks to it.

Ours and theirs live in two processes, one for each virtual environment, that stay alive while their work is asked for
in turn, so that a slow minute hits all. A request is one line of JSON on standard input, the reply one line on standard
output. Seconds are measured in the worker, around the work alone.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A contestant that is ready to run: what a contestant's function returns."""

    run: Callable[[], Any]  # texts in, predictions out, as JSON; this is what is timed
    facts: Mapping[str, Any] = field(default_factory=dict)  # about the work: "gflop", "dtype", "sequences"


class WorkerError(Exception):
    """A contestant failed; the message is its traceback."""


class Worker:
    """One worker process, from the side of the main process."""

    def __init__(self, python: Path, log: Path) -> None:
        """Start it under this Python; what its libraries print goes to the log."""
        self.log = log
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                [python, "-m", "tests.benchmarks.worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sink, cwd=ROOT, text=True,
                env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"},
            )  # fmt: skip

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for the reply.

        Raises:
            WorkerError: with the traceback when the work fails, with the end of the log when the process dies.
        """
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(f"the worker died:\n{self.log.read_text('utf-8', 'replace')[-2000:]}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main() -> None:
    """Serve requests until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not stand between the replies
    ready: dict[str, Prepared] = {}
    for line in sys.stdin:
        try:
            reply = _served(json.loads(line), ready)
        except Exception:
            reply = {"error": traceback.format_exc()}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _served(request: dict[str, Any], ready: dict[str, Prepared]) -> dict[str, Any]:
    if request["do"] == "prepare":
        module, _, function = request["function"].partition(":")
        prepared: Prepared = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)(request["job"])
        ready[request["name"]] = prepared
        return {"facts": dict(prepared.facts)}
    if request["do"] == "run":
        started = time.perf_counter()
        answers = ready[request["name"]].run()
        return {"seconds": time.perf_counter() - started, "answers": answers}
    from tests.benchmarks.peak import matrix_peak

    return {"gflops": {dtype: matrix_peak(dtype) for dtype in request["dtypes"]}}


if __name__ == "__main__":
    main()
