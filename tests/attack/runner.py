"""Groups of cases, each in a forked process of its own that is watched: what hangs in C, or falls, costs one case."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fixtures.warm import Child, Warm

__all__ = ["Found", "Group", "try_groups"]

SILENCE = 45.0  # seconds without a line, after which a process is killed: a case is stopped after 20
WORKER = "from tests.attack.worker import main; main()"
OFFLINE = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass(frozen=True)
class Found:
    """A fault: which case, and what happened."""

    case: str
    faults: tuple[str, ...]
    said: str = ""


@dataclass
class Group:
    """What came of a group."""

    name: str
    cases: int = 0
    seconds: float = 0.0
    found: list[Found] = field(default_factory=list)


@dataclass
class _Running:
    group: Group
    report: Path
    child: Child
    read: int = 0
    begun: tuple[int, str] = (-1, "")
    heard: float = field(default_factory=time.monotonic)
    started: float = field(default_factory=time.monotonic)


def try_groups(
    server: Warm, names: Iterable[str], stock: Path, folder: Path, *, quick: bool, seed: int, at_once: int = 2,
    only: str = "", tell: Callable[[Group], None] = lambda group: None,
) -> list[Group]:  # fmt: skip
    """Try all cases of the groups.

    Args:
        server: forks the processes.
        names: of the groups.
        stock: of valid files.
        folder: for reports and boxes.
        quick: a few cases of each group.
        seed: which those are.
        at_once: processes.
        only: words in the names of the cases that are tried.
        tell: called with every group that is done.
    """
    waiting, running, done = deque(names), list[_Running](), list[Group]()
    options = (stock, quick, seed, only)
    while waiting or running:
        while waiting and len(running) < at_once:
            group = Group(waiting.popleft())
            report = folder / f"report-{len(done) + len(running)}-{time.monotonic_ns()}"
            running.append(_Running(group, report, _start(server, group.name, report, folder, 0, *options)))
        for one in list(running):
            if _advance(one):
                running.remove(one)
                one.group.seconds = time.monotonic() - one.started
                done.append(one.group)
                tell(one.group)
            elif (what := _silent(one)) is not None:
                number, case = one.begun
                one.group.cases += 1
                one.group.found.append(Found(case, (what,), one.child.err[-500:]))
                one.child = _start(server, one.group.name, one.report, folder, number + 1, *options)
                one.heard = time.monotonic()
        time.sleep(0.05)
    return done


def _start(
    server: Warm, name: str, report: Path, folder: Path, start: int, stock: Path, quick: bool, seed: int, only: str
) -> Child:
    own = {**OFFLINE, "TMPDIR": str(folder), "HF_HOME": str(folder / "hub")}
    return server.start(WORKER, [name, stock, report, int(quick), seed, start, *([only] if only else [])], **own)


def _advance(one: _Running) -> bool:
    """Read what is new in the report; is the group done?"""
    text = one.report.read_text("utf-8") if one.report.exists() else ""
    lines: Sequence[str] = text[one.read :].split("\n")[:-1]
    for line in lines:
        one.read += len(line) + 1
        one.heard = time.monotonic()
        entry = json.loads(line)
        if "finished" in entry:
            return True
        if "begins" in entry:
            one.begun = (entry["begins"], entry["name"])
            continue
        one.group.cases += 1
        if entry["faults"]:
            one.group.found.append(Found(entry["name"], tuple(entry["faults"]), entry["err"]))
    return False


def _silent(one: _Running) -> str | None:
    """How a process ended, or that it hangs; None while it works."""
    status = one.child.poll()
    if status is not None:
        return None if _finished(one) else f"the process ended with {status}"
    if time.monotonic() - one.heard < SILENCE:
        return None
    one.child.kill()
    one.child.wait(30)
    return f"no end after {SILENCE:.0f} s"


def _finished(one: _Running) -> bool:
    return one.report.exists() and '"finished"' in one.report.read_text("utf-8")[one.read :]
