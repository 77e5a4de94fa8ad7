"""The processes of a run by each executor: where they are found, and how what was killed of a cluster comes back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests import slurm_cluster

__all__ = ["WAYS", "Crowd", "Way", "end_of", "inside"]

ROOT = Path(__file__).resolve().parents[2]
Victims = list[tuple[str, int]]  # what a process is, and its id


def _none(box: Path) -> Victims:
    return []


@dataclass(frozen=True)
class Crowd:
    """Who does the work of a run, beside its driver."""

    environment: Mapping[str, str] = field(default_factory=dict)  # of the driver
    besides: Callable[[Path], Victims] = _none  # daemons that may be killed too
    mend: Callable[[], None] = lambda: None  # bring back what was killed of them

    def victims(self, box: Path, driver: int) -> Victims:
        """What may be killed of a run in a folder, the driver first."""
        return [("the driver", driver), *(one for one in inside(box) if one[1] != driver), *self.besides(box)]


@dataclass(frozen=True)
class Way:
    """An executor, and what it needs."""

    flags: str
    crowd: Callable[[], Any]  # a context manager that gives a Crowd
    lacking: Callable[[], str] = lambda: ""  # why it cannot be tried here
    anew: bool = False  # its workers are new processes, which import all they need: seconds on their own
    patience: float = 120.0  # seconds that a run may take


def inside(box: Path) -> Victims:
    """The processes that work in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            where = str((place / "cwd").readlink()).removesuffix(" (deleted)")
            if where == str(box) or where.startswith(f"{box}/"):
                words = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
                if _lives(int(place.name)):
                    found.append((_kind(words), int(place.name)))
    return found


def _kind(words: list[str]) -> str:
    told = " ".join(words)
    names = ("jobs.local.worker", "ray::", "submitit", "srun", "slurmstepd", "bash", "sbatch", "scontrol", "squeue")
    return next((name for name in names if name in told), "a worker")


def _lives(pid: int) -> bool:
    """Is it there, and no zombie?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def end_of(box: Path, seconds: float) -> Victims:
    """What still works in a folder after some seconds."""
    until = time.monotonic() + seconds
    while (left := inside(box)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


@contextmanager
def _here() -> Iterator[Crowd]:
    yield Crowd()


@contextmanager
def _ray() -> Iterator[Crowd]:
    """Two nodes with a processor each, and a head without."""
    from xtreme_harness.jobs.ray.session import require_ray

    place = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # a socket's path has 107 characters at most
    own = {"PYTHONPATH": str(ROOT), "RAY_TMPDIR": place, "RAY_AUTH_MODE": "disabled"}
    before = {name: os.environ.get(name) for name in own}
    os.environ |= own
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    require_ray()
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80_000_000}  # the least that Ray takes
    cluster = Cluster(head_node_args={**small, "num_cpus": 0, "include_dashboard": False}, initialize_head=True)

    def raylet(node: Any) -> int:
        return int(node.all_processes["raylet"][0].process.pid)

    def children(box: Path) -> Victims:
        found: Victims = []
        for node in list(cluster.worker_nodes):
            found.append(("a raylet", raylet(node)))
            found += [(title, pid) for title, pid in _children(raylet(node)) if title.startswith("ray::")]
        return [one for one in found if "IDLE" not in one[0]]

    def mend() -> None:
        for node in list(cluster.worker_nodes):
            if not _lives(raylet(node)):
                cluster.remove_node(node, allow_graceful=False)
        while len(cluster.worker_nodes) < 2:
            cluster.add_node(num_cpus=1, **small)

    try:
        mend()
        yield Crowd({**own, "RAY_ADDRESS": cluster.address}, children, mend)
    finally:
        cluster.shutdown()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        shutil.rmtree(place, ignore_errors=True)


def _children(parent: int) -> Iterator[tuple[str, int]]:
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            stat = (place / "stat").read_text().rpartition(")")[2].split()
            if stat[0] != "Z" and int(stat[1]) == parent:
                yield (place / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace"), int(place.name)


@contextmanager
def _slurm() -> Iterator[Crowd]:
    with tempfile.TemporaryDirectory(prefix="slurm") as place, slurm_cluster.running(Path(place)) as own:
        environment = {**os.environ, **own, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"}

        def daemons(box: Path) -> Victims:
            return [
                (f"slurmd of {node}", int(_pid(Path(place) / f"slurmd-{node}.pid"))) for node in slurm_cluster.NODES
            ]

        def mend() -> None:
            for node in slurm_cluster.NODES:
                if not _lives(int(_pid(Path(place) / f"slurmd-{node}.pid"))):
                    _told(environment, "slurmd", "-N", node)
                    _told(environment, "scontrol", "update", f"node={node}", "state=resume")

        yield Crowd({**own, "PATH": environment["PATH"]}, daemons, mend)


def _pid(file: Path) -> str:
    return file.read_text().strip() or "0" if file.exists() else "0"


def _told(environment: Mapping[str, str], *command: str) -> None:
    quiet = subprocess.DEVNULL
    subprocess.run(command, env=environment, stdout=quiet, stderr=quiet, check=False, timeout=60)


WAYS = {
    "local, one worker": Way("--executor local --workers 1", _here),
    "local, two workers": Way("--executor local --workers 2", _here),
    "local, two workers that start anew": Way("--executor local --workers 2", _here, anew=True, patience=240),
    "ray": Way(
        "--executor ray", _ray, lambda: "" if find_spec("ray") else "ray: not installed", patience=240
    ),
    "slurm": Way("--executor slurm --slurm partition=low --slurm time=10", _slurm, slurm_cluster.lacking, patience=300),
}  # fmt: skip
