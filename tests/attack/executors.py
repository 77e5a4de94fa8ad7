"""Evaluations that train, by every executor: processes of theirs are killed, and the same command finishes the work."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from random import Random

from tests.attack.box import lay_out
from tests.attack.crowds import WAYS, Crowd, Way, end_of
from tests.attack.kills import BEGUN, contents, differences
from tests.attack.runner import OFFLINE, Found, Group
from tests.fixtures.warm import CLI, Child, Warm

__all__ = ["kill_executors"]

ARGV = (
    "eval -m base -t xnli,panx --languages de --data samples --recipe fast --set max_steps=40 --set epochs=20 "
    "--device cpu --dtype float32 -o out"
)
SECOND = 0.3  # how often another process is killed soon after the first
SOONER = 0.8
LATE = 3  # runs a kill, at most
END = 30.0  # seconds in which workers follow a driver that has died
Kill = tuple[float, str, int]  # when, whom, its id


def kill_executors(
    server: Warm, names: Iterable[str], stock: Path, folder: Path, kills: int, seed: int,
    tell: Callable[[Group], None] = lambda group: None,
) -> list[Group]:  # fmt: skip
    """Kill processes of the same evaluation, by each executor, so many times; run the same command again, and compare.

    Args:
        server: forks the drivers.
        names: of the executors, keys of WAYS.
        stock: of valid files.
        folder: for what they leave.
        kills: of an executor.
        seed: of the moments and of who is killed.
        tell: called with every executor that is done.
    """
    done: list[Group] = []
    wanted = [name for name in names if kills]
    whole: dict[str, bytes] = {}
    if wanted:
        whole, _ = _undisturbed(server, WAYS["local, one worker"], Crowd(), stock, folder / "whole")
    for name in wanted:
        started, group, way = time.monotonic(), Group(f"executors: {name}"), WAYS[name]
        if why := way.lacking():
            group.name += f" (not tried: {why})"
        else:
            _kill_often(server, way, (stock, folder / "killed", whole), kills, Random(f"{seed} {name}"), group)
        group.seconds = time.monotonic() - started
        done.append(group)
        tell(group)
    return done


def _kill_often(
    server: Warm, way: Way, places: tuple[Path, Path, dict[str, bytes]], kills: int, rng: Random, group: Group
) -> None:
    stock, box, whole = places
    with ExitStack() as stack:
        crowd = stack.enter_context(way.crowd())
        found, seconds = _undisturbed(server, way, crowd, stock, box)
        if faults := differences(whole, found, box):
            group.found.append(Found("undisturbed", tuple(faults)))
        for _ in range(LATE * kills):  # some come when all is over, and kill nobody
            if group.cases >= kills:
                break
            moments = [seconds * rng.random()]
            if group.cases + 2 <= kills and rng.random() < SECOND:
                moments.append(moments[0] + 0.1 * seconds * rng.random())
            killed, faults = _killed(server, way, crowd, stock, box, moments, rng, whole)
            group.cases += len(killed)
            if not killed:  # the machine has become faster since
                seconds *= SOONER
            if faults:
                group.found.append(Found("; ".join(killed) or "nobody", tuple(faults)))


def _start(server: Warm, way: Way, crowd: Crowd, box: Path) -> Child:
    (box / BEGUN).unlink(missing_ok=True)
    forked = "" if way.anew else "from tests.fixtures.forked_workers import install; install()\n"
    code = f"import os; os.chdir({str(box)!r})\n{forked}open({BEGUN!r}, 'w').close()\n{CLI}"
    child = server.start(code, f"{ARGV} {way.flags}".split(), **{**OFFLINE, **crowd.environment})
    while not (box / BEGUN).exists() and child.poll() is None:
        time.sleep(0.001)
    return child


def _box(stock: Path, box: Path) -> None:
    shutil.rmtree(box, ignore_errors=True)
    box.mkdir()
    lay_out(stock, box, {"base": "ckpt/encoder"})


def _undisturbed(server: Warm, way: Way, crowd: Crowd, stock: Path, box: Path) -> tuple[dict[str, bytes], float]:
    _box(stock, box)
    started = time.monotonic()
    child = _start(server, way, crowd, box)
    status = child.wait(way.patience)
    assert status == 0, f"{ARGV} {way.flags}: {status}: {child.err}"
    return contents(box / "out"), time.monotonic() - started


def _killed(
    server: Warm, way: Way, crowd: Crowd, stock: Path, box: Path, moments: list[float], rng: Random,
    whole: dict[str, bytes],
) -> tuple[list[str], list[str]]:  # fmt: skip
    """Kill at some moments, run it again, and compare; says who was killed, and what is wrong."""
    _box(stock, box)
    child = _start(server, way, crowd, box)
    killed = _kill(child, crowd, box, moments, rng)
    said = [f"{who} after {at:.2f} s" for at, who, _ in killed]
    crowd.mend()
    try:
        status = child.wait(way.patience)
    except AssertionError as error:
        return said, [str(error)]
    faults = _ended(child, status, any(who == "the driver" for _, who, _ in killed))
    if status == 0:
        faults += differences(whole, contents(box / "out"), box)
    child = _start(server, way, crowd, box)
    try:
        status = child.wait(way.patience)
    except AssertionError as error:
        return said, [*faults, str(error)]
    if status != 0:
        return said, [*faults, f"run again it ended with {status}: {child.err[-300:]!r}"]
    faults += differences(whole, contents(box / "out"), box)
    faults += [f"left: {what} (process {pid})" for what, pid in end_of(box, END)]
    if (box / "out" / ".jobs").exists():
        faults.append("left: .jobs")
    return said, faults


def _kill(child: Child, crowd: Crowd, box: Path, moments: list[float], rng: Random) -> list[Kill]:
    """Kill somebody at each moment at which the run is still there: the driver, or as often one of the others."""
    started, killed = time.monotonic(), list[Kill]()
    for moment in moments:
        while time.monotonic() < started + moment and child.poll() is None:
            time.sleep(0.005)
        if child.poll() is not None:
            break
        driver, *others = crowd.victims(box, child.pid)
        who, pid = rng.choice(others) if others and rng.random() < 0.6 else driver
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # it has ended just now
            continue
        killed.append((time.monotonic() - started, who, pid))
    return killed


def _ended(child: Child, status: int, driver: bool) -> list[str]:
    """What is wrong with the end of the run in which somebody was killed; others than the driver it survives."""
    faults = []
    if "Traceback" in child.err:
        faults.append(f"a traceback: {child.err[-300:]!r}")
    if status not in ((0, -signal.SIGKILL) if driver else (0,)):
        faults.append(f"it ended with {status}: {child.err[-300:]!r}")
    return faults
