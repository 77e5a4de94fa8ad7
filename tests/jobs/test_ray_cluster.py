"""Ray on a cluster of two nodes: what is lost is done again, what cannot be done is said, nothing hangs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.counting_jobs import Count
from xtreme_harness.errors import ClusterError, OutputError
from xtreme_harness.jobs import mailbox, ray_cluster, ray_task, ray_tasks
from xtreme_harness.jobs.engine import Engine
from xtreme_harness.jobs.graph import Graph
from xtreme_harness.jobs.job import Outcome
from xtreme_harness.jobs.ray_cluster import run_ray
from xtreme_harness.jobs.ray_session import require_ray
from xtreme_harness.jobs.watch import SILENT, Watch

pytest.importorskip("ray", reason="ray is not installed: pip install 'xtreme-harness[ray]'")
pytestmark = [pytest.mark.slow, pytest.mark.ray]
ROOT = Path(__file__).parents[2]
SMALL = {"num_cpus": 1, "object_store_memory": 80_000_000}  # the least that Ray takes
Hear = Callable[..., None]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with a processor each, and a head without; nobody has joined it."""
    place = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # a socket's path has 107 characters at most
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("RAY_TMPDIR", place)
        patch.setenv("RAY_AUTH_MODE", "disabled")
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        require_ray()
        from ray.cluster_utils import Cluster

        made = Cluster(head_node_args={**SMALL, "num_cpus": 0, "include_dashboard": False}, initialize_head=True)
        try:
            for _ in range(2):
                made.add_node(**SMALL)
            patch.setenv("RAY_ADDRESS", made.address)
            yield made
        finally:
            made.shutdown()
            for number, handler in handlers.items():
                signal.signal(number, handler)
            shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(autouse=True)
def two_nodes(cluster: Any) -> None:
    """Every test finds two nodes."""
    while len(cluster.worker_nodes) < 2:
        cluster.add_node(**SMALL)


def ran(graph: Graph, folder: Path, watch: Watch = SILENT, **engine: Any) -> dict[str, Outcome]:
    found = run_ray(graph, Engine("ray", **engine), folder / ".jobs", watch)
    return {outcome.job.name: outcome for outcome in found}


def node_of(pid: int, cluster: Any) -> Any:
    """The node that a worker belongs to."""
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return next(n for n in cluster.worker_nodes if n.all_processes["raylet"][0].process.pid == parent)


def test_jobs_end_well_each_behind_what_it_needs(cluster: Any, tmp_path: Path) -> None:
    jobs = (Count("train", tmp_path, seconds=0.1), Count("a", tmp_path), Count("b", tmp_path), Count("kept", tmp_path))
    (tmp_path / "kept.txt").write_text("012")
    heard: list[tuple[str, int]] = []
    pids: dict[str, int] = {}

    def hear(name: str, at: list[int]) -> None:
        heard.append((name, at[0]))
        pids[name] = at[1]

    found = ran(Graph(jobs, {"a": ("train",), "b": ("train",)}), tmp_path, Watch(sequences=hear))
    assert {name: outcome.left for name, outcome in found.items()} == dict.fromkeys(["train", "a", "b", "kept"], "012")
    assert heard[:3] == [("train", 0), ("train", 1), ("train", 2)]
    assert sorted(heard[3:]) == [(name, at) for name in "ab" for at in range(3)]
    assert os.getpid() not in pids.values()
    assert not (tmp_path / ".jobs").joinpath("kept").exists()


def test_a_job_of_a_node_that_is_lost_continues_on_the_other(cluster: Any, tmp_path: Path) -> None:
    lost: list[tuple[Any, ...]] = []
    pids: dict[int, int] = {}

    def hear(name: str, at: list[int]) -> None:
        if name == "a":
            pids[at[0]] = at[1]
            if at[0] == 3 and len(cluster.worker_nodes) == 2:
                cluster.remove_node(node_of(at[1], cluster), allow_graceful=False)

    jobs = (Count("a", tmp_path, to=9, seconds=0.2), Count("b", tmp_path), Count("after", tmp_path))
    watch = Watch(sequences=hear, lost=lambda *told: lost.append(told))
    found = ran(Graph(jobs, {"after": ("a",)}), tmp_path, watch)
    assert [found[name].left for name in ("a", "b", "after")] == ["012345678", "012", "012"]
    assert lost == [("a", "its node is lost", 1)]
    assert pids[0] != pids[8]


def test_a_job_that_kills_its_process_is_tried_three_times(cluster: Any, tmp_path: Path) -> None:
    lost: list[tuple[Any, ...]] = []
    jobs = (Count("bad", tmp_path, dies_at=1), Count("after", tmp_path), Count("good", tmp_path))
    found = ran(Graph(jobs, {"after": ("bad",)}), tmp_path, Watch(lost=lambda *told: lost.append(told)))
    failure = found["bad"].failure
    assert failure is not None
    assert f"the worker ended 3 times in the middle of it, last on {os.uname().nodename}, process" in failure.message
    assert "(its process died)" in failure.message
    assert (found["after"].need, found["after"].failure, found["good"].left) == ("bad", failure, "012")
    assert lost == [("bad", "its process died", 1), ("bad", "its process died", 2)]


def test_a_fault_of_a_job_is_no_reason_to_try_again(cluster: Any, tmp_path: Path) -> None:
    found = ran(Graph((Count("bad", tmp_path, fails=True), Count("good", tmp_path))), tmp_path)
    assert found["bad"].failure is not None
    assert found["bad"].failure.message == "ValueError: bad cannot count"
    assert found["good"].left == "012"
    assert len(list((tmp_path / ".jobs").glob("bad-*/*.asked"))) == 1


def test_a_worker_that_is_told_to_stop_goes_on_elsewhere_and_that_is_no_try(cluster: Any, tmp_path: Path) -> None:
    """As often as it is told so."""
    stopped: list[int] = []

    def hear(name: str, at: list[int]) -> None:
        if at[0] % 2 == 0:
            stopped.append(at[0])
            os.kill(at[1], signal.SIGTERM)

    found = ran(Graph((Count("a", tmp_path, to=9, seconds=0.3),)), tmp_path, Watch(sequences=hear))
    assert (found["a"].left, len(stopped) >= 4) == ("012345678", True)


def test_a_node_that_does_not_see_the_output_folder_says_so(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "write_below", lambda *what: None)  # what the driver writes stays on its machine
    with pytest.raises(OutputError) as caught:
        ran(Graph((Count("a", tmp_path), Count("b", tmp_path))), tmp_path)
    (line,) = caught.value.faults
    assert line.startswith(str(tmp_path / ".jobs"))
    assert f"not seen on {os.uname().nodename}" in line
    assert not (tmp_path / "a.txt").exists()


def test_other_versions_on_a_node_are_said(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {**ray_task.versions(), "torch": "1.0.0", "xtreme-harness": "9"}
    monkeypatch.setattr(ray_tasks, "versions", lambda: other)
    with pytest.raises(ClusterError) as caught:
        ran(Graph((Count("a", tmp_path),)), tmp_path)
    host, ours = os.uname().nodename, ray_task.versions()
    assert str(caught.value) == (
        f"{host}: xtreme-harness {ours['xtreme-harness']} (here 9), torch {ours['torch']} (here 1.0.0): "
        "the nodes of the Ray cluster need the same versions as here"
    )


def test_a_cluster_without_a_node_is_not_waited_for_for_ever(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ray_cluster, "_LOOK", 0.5)
    monkeypatch.setattr(ray_cluster, "_PATIENCE", 1.0)

    def hear(name: str, at: list[int]) -> None:
        for node in list(cluster.worker_nodes):
            cluster.remove_node(node, allow_graceful=False)

    with pytest.raises(ClusterError, match="has no node with CPU: 1, GPU: 0 any more, which a job needs, and none"):
        ran(Graph((Count("a", tmp_path, seconds=5),)), tmp_path, Watch(sequences=hear))
    assert "waiting" in caplog.text


def test_a_gpu_that_no_node_has_is_refused(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="--device cuda: no node of the Ray cluster has a GPU"):
        ran(Graph((Count("a", tmp_path),)), tmp_path, device="cuda")


PROGRAM = """
import sys
from pathlib import Path
from tests.fixtures.counting_jobs import Count
from xtreme_harness.jobs.engine import Engine
from xtreme_harness.jobs.graph import Graph
from xtreme_harness.jobs.ray_cluster import run_ray
from xtreme_harness.jobs.watch import Watch

def hear(name, at):
    print(name, *at, flush=True)

def main():
    folder = Path(sys.argv[1])
    graph = Graph((Count("a", folder, to=9, seconds=float(sys.argv[2])), Count("b", folder)))
    for outcome in run_ray(graph, Engine("ray", workers=2), folder / ".jobs", Watch(sequences=hear)):
        print(outcome.job.name, outcome.left, flush=True)

try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
"""


def started(folder: Path, seconds: float, **environment: str) -> subprocess.Popen[str]:
    """A driver of its own."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(folder), str(seconds)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=env, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def until_it_counts(driver: subprocess.Popen[str]) -> int:
    """Wait until job a has begun; the process that counts."""
    assert driver.stdout is not None
    for line in driver.stdout:
        if line.startswith("a "):
            return int(line.split()[2])
    raise AssertionError(driver.communicate())


def gone(pid: int) -> bool:
    """Does a process end within a while?"""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_driver_that_ends_takes_its_tasks_along_and_the_same_command_continues(
    cluster: Any, tmp_path: Path, number: int, status: int
) -> None:
    with started(tmp_path, 0.5) as driver:
        worker = until_it_counts(driver)
        driver.send_signal(number)
        _, said = driver.communicate(timeout=60)
    assert (driver.returncode, said) == (status, "")
    assert gone(worker)
    assert 1 <= len((tmp_path / "a.txt").read_text()) < 9
    with started(tmp_path, 0) as driver:
        out, said = driver.communicate(timeout=60)
    assert (driver.returncode, said) == (0, "")
    assert "a 012345678\n" in out
    assert "a 0 " not in out  # it has not begun again


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGKILL])
def test_a_cluster_that_is_started_for_a_run_ends_with_it(tmp_path: Path, cluster: Any, number: int | None) -> None:
    with started(tmp_path, 0.3, RAY_ADDRESS="") as driver:
        worker = until_it_counts(driver)
        raylet = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
        if number is not None:
            driver.send_signal(number)
        out, said = driver.communicate(timeout=60)
    assert said == ""
    assert ("a 012345678\n" in out) == (number is None)
    assert gone(worker)
    assert gone(raylet)
