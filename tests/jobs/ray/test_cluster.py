"""Ray on a cluster of two nodes: what is lost is done again, what cannot be done is said, nothing hangs."""

from __future__ import annotations

import json
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fixtures.counting_jobs import Count
from tests.fixtures.families import build
from tests.fixtures.own_jobs import Crashing, Slow
from tests.fixtures.ray_nodes import NEEDS_RAY, Cluster, counting, gone, started, two_nodes, working
from xtreme_harness import evaluate
from xtreme_harness.errors import ClusterError, OutputError
from xtreme_harness.jobs import EXECUTORS, SILENT, Engine, Graph, Outcome, Watch, mailbox
from xtreme_harness.jobs.ray import cluster as ray_cluster
from xtreme_harness.jobs.ray import task as ray_task
from xtreme_harness.jobs.ray import tasks as ray_tasks
from xtreme_harness.jobs.ray.cluster import run_ray
from xtreme_harness.plan.paths import record_path

pytestmark = [pytest.mark.slow, pytest.mark.ray, NEEDS_RAY]
HOST = os.uname().nodename


@pytest.fixture(scope="module")
def made() -> Iterator[Cluster]:
    with two_nodes() as cluster:
        yield cluster


@pytest.fixture
def cluster(made: Cluster) -> Cluster:
    """Two nodes, whatever a test before has lost."""
    made.fill()
    return made


def ran(graph: Graph, folder: Path, watch: Watch = SILENT, **engine: Any) -> dict[str, Outcome]:
    found = run_ray(graph, Engine("ray", **engine), folder / ".jobs", watch)
    return {outcome.job.name: outcome for outcome in found}


def test_it_is_the_executor_of_that_name() -> None:
    assert EXECUTORS["ray"] is run_ray


def test_jobs_end_well_each_behind_what_it_needs(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # relative paths begin here on a node too
    here = Path()
    jobs = (Count("train", here, seconds=0.1), Count("a", here), Count("b", here), Count("kept", here))
    (tmp_path / "kept.txt").write_text("012")
    heard: list[tuple[str, int]] = []
    pids: set[int] = set()

    def hear(name: str, at: list[int]) -> None:
        heard.append((name, at[0]))
        pids.add(at[1])

    found = ran(Graph(jobs, {"a": ("train",), "b": ("train",)}), here, Watch(sequences=hear))
    assert {name: outcome.left for name, outcome in found.items()} == dict.fromkeys(["train", "a", "b", "kept"], "012")
    assert heard[:3] == [("train", 0), ("train", 1), ("train", 2)]
    assert sorted(heard[3:]) == [(name, at) for name in "ab" for at in range(3)]
    assert os.getpid() not in pids
    assert not list((tmp_path / ".jobs").glob("kept*"))


def test_a_job_of_a_node_that_is_lost_continues_on_another(cluster: Cluster, tmp_path: Path) -> None:
    lost: list[tuple[Any, ...]] = []
    pids: dict[int, int] = {}

    def hear(name: str, at: list[int]) -> None:
        if name == "a":
            pids[at[0]] = at[1]
            if at[0] == 1 and not lost and len(cluster.nodes) == 2:
                cluster.lose(at[1])

    jobs = (Count("a", tmp_path, to=4, seconds=0.2), Count("b", tmp_path), Count("after", tmp_path))
    watch = Watch(sequences=hear, lost=lambda *told: lost.append(told))
    found = ran(Graph(jobs, {"after": ("a",)}), tmp_path, watch)
    assert [found[name].left for name in ("a", "b", "after")] == ["0123", "012", "012"]
    assert [(name, n) for name, _, n in lost] == [("a", 1)]
    assert lost[0][1] in ("its node is lost", "its process died")
    assert pids[0] != pids[3]


def test_a_job_that_kills_its_process_is_tried_three_times(cluster: Cluster, tmp_path: Path) -> None:
    lost: list[tuple[Any, ...]] = []
    jobs = (Count("bad", tmp_path, dies_at=1), Count("after", tmp_path), Count("good", tmp_path))
    found = ran(Graph(jobs, {"after": ("bad",)}), tmp_path, Watch(lost=lambda *told: lost.append(told)))
    failure = found["bad"].failure
    assert failure is not None
    assert f"the worker ended 3 times in the middle of it, last on {HOST}, process" in failure.message
    assert "(its process died); where memory ran out, a smaller --batch-size or fewer --workers; " in failure.message
    assert (found["after"].need, found["after"].failure, found["good"].left) == ("bad", failure, "012")
    assert lost == [("bad", "its process died", 1), ("bad", "its process died", 2)]


def test_a_fault_of_a_job_is_no_reason_to_try_again(cluster: Cluster, tmp_path: Path) -> None:
    found = ran(Graph((Count("bad", tmp_path, fails=True), Count("good", tmp_path))), tmp_path)
    assert found["bad"].failure is not None
    assert found["bad"].failure.message == "ValueError: bad cannot count"
    assert found["good"].left == "012"
    assert len(list((tmp_path / ".jobs").glob("bad-*/*.asked"))) == 1


def test_a_worker_that_is_told_to_stop_goes_on_and_that_is_no_try(cluster: Cluster, tmp_path: Path) -> None:
    """As often as it is told so."""
    stopped: list[int] = []

    def hear(name: str, at: list[int]) -> None:
        if at[0] % 2 == 0:
            stopped.append(at[0])
            os.kill(at[1], signal.SIGTERM)

    found = ran(Graph((Count("a", tmp_path, to=9, seconds=0.3),)), tmp_path, Watch(sequences=hear))
    assert (found["a"].left, len(stopped) >= 4) == ("012345678", True)


def test_a_node_that_does_not_see_the_output_folder_says_so(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = mailbox.write_below
    monkeypatch.setattr(mailbox, "write_below", lambda root, name, word: write(root, name, "as it stands elsewhere"))
    with pytest.raises(OutputError) as caught:
        ran(Graph((Count("a", tmp_path), Count("b", tmp_path))), tmp_path)
    (line,) = caught.value.faults
    assert line.startswith(str(tmp_path / ".jobs"))
    assert f"not seen on {HOST}" in line
    assert not (tmp_path / "a.txt").exists()


def test_other_versions_on_a_node_are_said(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ray_task.versions()
    other = {**ours, "torch": "1.0.0", "xtreme-harness": "9"}
    monkeypatch.setattr(ray_tasks, "Asker", lambda: ray_task.Asker(other))
    with pytest.raises(ClusterError) as caught:
        ran(Graph((Count("a", tmp_path),)), tmp_path)
    assert str(caught.value) == (
        f"{HOST}: xtreme-harness {ours['xtreme-harness']} (here 9), torch {ours['torch']} (here 1.0.0): "
        "the nodes of the Ray cluster need the same versions as here"
    )


def test_a_gpu_that_no_node_has_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="--device cuda: no node of the Ray cluster has a GPU"):
        ran(Graph((Count("a", tmp_path),)), tmp_path, device="cuda")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_driver_that_ends_takes_its_tasks_along_and_the_same_command_continues(
    cluster: Cluster, tmp_path: Path, number: int, status: int
) -> None:
    with started(tmp_path, 0.5) as driver:
        worker = counting(driver)
        driver.send_signal(number)
        _, said = driver.communicate(timeout=60)
    assert (driver.returncode, said) == (status, "")
    assert gone(worker)
    assert 1 <= len((tmp_path / "a.txt").read_text()) < 9
    heard: list[list[int]] = []
    jobs = (Count("a", tmp_path, to=9), Count("b", tmp_path))
    found = ran(Graph(jobs), tmp_path, Watch(sequences=lambda name, at: heard.append(at) if name == "a" else None))
    assert found["a"].left == "012345678"
    assert heard[0][0] > 0  # it has not begun again


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder without any head."""
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


def left(out: Path) -> dict[str, Any]:
    """What an evaluation left, without times."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = path.relative_to(out).as_posix()
        if name.startswith("cells/"):
            found[name] = {key: value for key, value in json.loads(path.read_text()).items() if key != "seconds"}
        elif name.startswith("predictions/") or name.endswith(".safetensors") or name.startswith("leaderboard"):
            found[name] = path.read_bytes()
    return found


def handed_out(patch: pytest.MonkeyPatch, instead: Callable[[Any], Any]) -> None:
    """Give nodes other jobs than those of the graph."""
    patch.setattr(ray_tasks, "pickle", SimpleNamespace(dumps=lambda value: pickle.dumps(changed(value))))

    def changed(value: Any) -> Any:
        return (instead(value[0]), value[1]) if isinstance(value, tuple) else value


def test_an_evaluation_that_loses_nodes_leaves_the_same_bytes(
    cluster: Cluster, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in the middle of training, one in the middle of a cell."""
    how: dict[str, Any] = {"data": "samples", "recipe": "fast", "settings": ["max_steps=60"], "dtype": "float32"}
    evaluate(base, "xquad", output=tmp_path / "local", **how)
    out = tmp_path / "ray"
    lost: list[str] = []

    def lose(what: str) -> None:
        if what not in lost:
            lost.append(what)
            cluster.lose(working(out)[0])
            cluster.fill()

    def inside(cell: Any, count: int) -> None:
        assert "cell" in lost or not record_path(out, cell).exists()
        lose("cell")

    handed_out(monkeypatch, lambda job: Slow(job) if "evaluate" in job.name and "cell" not in lost else job)
    told: list[str] = []
    watch = Watch(
        event=lambda *of: lose("training"), sequences=inside, lost=lambda name, *_: told.append(name.split()[0])
    )
    result = evaluate(base, "xquad", output=out, executor="ray", watch=watch, **how)
    assert (lost, result.failed) == (["training", "cell"], {})
    assert told == ["train", "evaluate"]
    assert left(out) == left(tmp_path / "local")
    assert not (out / ".jobs").exists()


def test_cells_whose_training_kills_every_worker_fail_alone(
    cluster: Cluster, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xharness: Callable[..., Any]
) -> None:
    bad = Crashing("train", folder=tmp_path)
    handed_out(monkeypatch, lambda job: bad if job.name.startswith("train ") else job)
    asked = ("-m", base, "-t", "xnli,tatoeba", "--languages", "en,de", "--data", "samples", "--recipe", "fast")
    done = xharness("eval", *asked, "--executor", "ray", "-o", tmp_path / "out")
    assert done.status == 3
    assert f"training failed: the worker ended 3 times in the middle of it, last on {HOST}, process" in done.err
    found = json.loads((tmp_path / "out" / "results.json").read_text())["xharness"]
    assert [(cell["task"], cell["status"]) for cell in found["cells"]] == [("tatoeba", "done")]
    assert sorted(found["failed"]) == ["xnli de", "xnli en"]


def test_a_cluster_without_a_node_is_not_waited_for_for_ever(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ray_cluster, "_LOOK", 0.5)
    monkeypatch.setattr(ray_cluster, "_PATIENCE", 1.0)

    def hear(name: str, at: list[int]) -> None:
        cluster.lose(at[1])
        for node in cluster.nodes:
            cluster.ray.remove_node(node, allow_graceful=False)

    with pytest.raises(ClusterError, match="has no node with CPU: 1, GPU: 0 any more, which a job needs, and none"):
        ran(Graph((Count("a", tmp_path, seconds=1),)), tmp_path, Watch(sequences=hear))
    assert "waiting" in caplog.text
