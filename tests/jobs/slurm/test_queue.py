"""The executor of a Slurm cluster, on a real one of two nodes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import slurm_cluster
from tests.fixtures.families import build
from tests.fixtures.own_jobs import MIXED, Counting, Crashing, Own, Saying, Writing, require_mixed
from xtreme_harness.errors import ClusterError
from xtreme_harness.jobs import EXECUTORS, SILENT, Engine, Graph, Outcome, Submitted, Watch, execute
from xtreme_harness.jobs.executors import MESSAGES
from xtreme_harness.jobs.mailbox import Mailbox
from xtreme_harness.jobs.slurm.ledger import Ledger, digest_of
from xtreme_harness.jobs.slurm.queue import run_slurm
from xtreme_harness.jobs.slurm.sbatch import new_name, submit
from xtreme_harness.jobs.slurm.squeue import look
from xtreme_harness.jobs.slurm.work import IN_VAIN, Work

pytestmark = [
    pytest.mark.slow,
    pytest.mark.slurm,
    pytest.mark.skipif(bool(slurm_cluster.lacking()), reason=slurm_cluster.lacking()),
]
ROOT = Path(__file__).parents[3]
SLURM = Engine("slurm", slurm={"partition": "low", "time": "5"})


@pytest.fixture(scope="module", autouse=True)
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    with slurm_cluster.running(tmp_path_factory.mktemp("slurm")) as environment:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield
    patch.undo()


def done(
    jobs: list[Any],
    folder: Path,
    needs: dict[str, tuple[str, ...]] | None = None,
    engine: Engine = SLURM,
    watch: Watch = SILENT,
) -> dict[str, Outcome]:
    graph = Graph(tuple(jobs), needs or {})
    return {outcome.job.name: outcome for outcome in execute(graph, engine, folder, watch)}


def until(true: Callable[[], Any], seconds: float = 90) -> Any:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
    return found


def test_it_is_the_executor_of_that_name() -> None:
    assert EXECUTORS["slurm"] is run_slurm


def test_order_failures_and_needs_are_those_of_one_process(tmp_path: Path) -> None:
    require_mixed(done(list(MIXED.jobs), tmp_path, dict(MIXED.needs)))


def submitted(jobs: list[Any], folder: Path, engine: Engine = SLURM, **needs: tuple[str, ...]) -> str:
    """Have jobs submitted and left alone; gives what is said of that."""
    with pytest.raises(Submitted) as told:
        done(jobs, folder, needs, replace(engine, wait=False))
    return str(told.value)


def steps(folder: Path, name: str) -> list[str]:
    """The steps that a job has done, each with how often it had been put back into the queue."""
    file = folder / f"{name}.steps"
    return file.read_text().splitlines() if file.exists() else []


def ids_of(folder: Path) -> dict[str, str]:
    read = json.loads((folder / MESSAGES / "slurm.json").read_text())
    return {name: entry["id"] for name, entry in read["jobs"].items()}


def slurm(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def state_of(one: str) -> str:
    seen = look()
    return seen[one].state if seen is not None and one in seen else ""


def node_of(one: str) -> str:
    seen = look()
    assert seen is not None
    return seen[one].node


WHOLE = [f"{step} {life}" for life, part in ((0, (1, 2)), (1, (3, 4, 5, 6))) for step in part]


def test_stopped_by_time_by_others_and_by_a_lost_node_it_continues_where_it_was(tmp_path: Path) -> None:
    names = ("told to stop", "preempted", "node lost")
    jobs = [Counting(name, folder=tmp_path) for name in names]
    limited, short = tmp_path / "limited", {"partition": "low", "time": "1", "signal-delay-s": "50"}
    limited.mkdir()
    submitted([Counting("out of time", folder=limited)], limited, Engine("slurm", slurm=short))
    assert "3 of 3 jobs are left to Slurm: " in submitted(jobs, tmp_path)
    until(lambda: all(len(steps(tmp_path, name)) == 2 for name in names))
    ids = ids_of(tmp_path)
    slurm("scancel", "--signal=USR2", ids["told to stop"])
    until(lambda: state_of(ids["told to stop"]) == "PENDING")
    node = node_of(ids["preempted"])
    slurm("sbatch", "--partition=high", f"--nodelist={node}", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")
    until(lambda: state_of(ids["preempted"]) == "PENDING")
    if state_of(ids["node lost"]) == "RUNNING":
        node = node_of(ids["node lost"])
        slurm("scontrol", "update", f"node={node}", "state=down", "reason=test")
        until(lambda: state_of(ids["node lost"]) == "PENDING")
        slurm("scontrol", "update", f"node={node}", "state=resume")
    (tmp_path / "go").touch()
    found = done(jobs, tmp_path)
    assert {name: one.left.splitlines() for name, one in found.items()} == dict.fromkeys(names, WHOLE)
    until(lambda: "Restarts=1" in slurm("scontrol", "show", "job", ids_of(limited)["out of time"]), 90)
    (limited / "go").touch()
    found = done([Counting("out of time", folder=limited)], limited, engine=Engine("slurm", slurm=short))
    assert found["out of time"].left.splitlines() == WHOLE


def test_it_is_submitted_whole_with_arrays_and_collected_later(tmp_path: Path) -> None:
    jobs: list[Any] = [Counting("a", folder=tmp_path), Counting("b", folder=tmp_path), Own("c"), Own("after")]
    needs = {"after": ("a", "b")}
    assert "4 of 4 jobs are left to Slurm: 4 waiting (squeue --jobs=" in submitted(jobs, tmp_path, **needs)
    ids = ids_of(tmp_path)
    array = ids["a"].partition("_")[0]
    assert [ids[name] for name in "abc"] == [f"{array}_{n}" for n in range(3)]
    seen = look()
    assert seen is not None and seen[ids["after"]].reason == "Dependency"
    until(lambda: state_of(ids["c"]) == "COMPLETED" and len(steps(tmp_path, "b")) == 2)
    with pytest.raises(ClusterError, match=rf"3 jobs of Slurm are at work on it \({array}_0, .*; add --executor slurm"):
        done(jobs, tmp_path, needs, engine=Engine())
    told: list[Any] = []
    with pytest.raises(Submitted, match="3 of 4 jobs are left to Slurm: 2 running, 1 waiting"):
        for outcome in execute(Graph(tuple(jobs), needs), replace(SLURM, wait=False), tmp_path, SILENT):
            told.append((outcome.job.name, outcome.left))
    assert told == [("c", "c")]
    assert ids_of(tmp_path) == {name: one for name, one in ids.items() if name != "c"}
    (tmp_path / "go").touch()
    jobs[2] = Saying("c", says="there already", settles=True)
    handed: list[str] = []
    found = done(jobs, tmp_path, needs, watch=Watch(handed=handed.append))
    assert found["after"].left == "after"
    assert len(handed) == 1 and " of 4 jobs are left to Slurm: " in handed[0] and ids["after"] in handed[0]
    assert len(steps(tmp_path, "a")) == 6
    assert not (tmp_path / MESSAGES).exists()


def test_a_submission_that_was_not_noted_is_found_in_the_queue(tmp_path: Path) -> None:
    jobs = (Counting("a", folder=tmp_path), Counting("b", folder=tmp_path))
    messages, name = tmp_path / MESSAGES, new_name()
    Ledger(messages).ask(name, {job.name: digest_of(job) for job in jobs})
    works = [Work(job, Mailbox(messages, job).ask()) for job in jobs]
    ids = submit(works, name, messages / "slurm", SLURM.slurm)  # and here the process is killed
    (tmp_path / "go").touch()
    found = done(list(jobs), tmp_path)
    assert [found[name].left.splitlines()[-1] for name in "ab"] == ["6 0", "6 0"]
    latest = max(int(one.partition("_")[0]) for one in look() or ())
    assert latest == int(ids[0].partition("_")[0])


def test_ctrl_c_cancels_the_jobs_and_the_same_command_continues(tmp_path: Path) -> None:
    jobs = [Counting("a", folder=tmp_path), Own("after")]

    def stop(told: Any) -> None:
        if told == {"step": 2}:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        done(jobs, tmp_path, {"after": ("a",)}, watch=Watch(cell=stop))
    assert {state_of(one) for one in ids_of(tmp_path).values()} == {"CANCELLED"}
    (tmp_path / "go").touch()
    found = done(jobs, tmp_path, {"after": ("a",)})
    assert found["a"].left.splitlines() == [f"{step} 0" for step in range(1, 7)]


def test_jobs_go_on_without_a_driver_that_is_killed_and_the_same_command_finds_them(tmp_path: Path) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)], cwd=ROOT)
    until(lambda: len(steps(tmp_path, "a")) == 2)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = ids_of(tmp_path)
    (tmp_path / "go").touch()
    until(lambda: len(steps(tmp_path, "a")) == 6)
    found = done([Counting("a", folder=tmp_path), Own("after")], tmp_path, {"after": ("a",)})
    assert found["a"].left.splitlines() == [f"{step} 0" for step in range(1, 7)]
    assert [job for job in look() or () if int(job.partition("_")[0]) > int(before["after"])] == []


DRIVER = """
import sys
from pathlib import Path
from tests.fixtures.families import build
from tests.fixtures.own_jobs import Counting, Own
from tests.jobs.slurm.test_queue import SLURM
from xtreme_harness.jobs import SILENT, Graph, execute
folder = Path(sys.argv[1])
list(execute(Graph((Counting("a", folder=folder), Own("after")), {"after": ("a",)}), SLURM, folder, SILENT))
"""


def test_a_job_whose_worker_dies_is_submitted_three_times_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xtreme_harness.jobs.slurm.queue._LOST", 0.2)
    lost: list[Any] = []
    jobs = [Crashing("bad", folder=tmp_path), Own("after"), Own("other"), Crashing("once", folder=tmp_path, times=1)]
    watch = Watch(lost=lambda *told: lost.append(told))
    found = done(jobs, tmp_path, {"after": ("bad", "once")}, watch=watch)
    assert found["other"].left == "other"
    assert found["once"].left == 1
    failure = found["bad"].failure
    assert failure is not None
    assert "the worker ended 3 times in the middle of it, last on " in failure.message
    assert ": FAILED; what it printed: " in failure.message
    assert found["after"].need == "bad"
    assert [tries for name, _, tries in lost if name == "bad"] == [1, 2]


def test_a_job_that_gets_no_further_between_stops_is_not_put_back_for_ever(tmp_path: Path) -> None:
    job = Counting("a", folder=tmp_path, at=1)
    submitted([job], tmp_path)
    one = ids_of(tmp_path)["a"]
    for times in range(IN_VAIN):
        until(lambda times=times: begun(tmp_path) == times + 1)
        slurm("scancel", "--signal=USR2", one)
    failure = done([job], tmp_path)["a"].failure
    assert failure is not None
    assert failure.message == (
        "was told to stop 3 times in a row, by its time limit or for others' jobs, and got no further in between "
        "(0 cells); give it more time by --slurm time=..."
    )


def begun(folder: Path) -> int:
    return sum(file.read_text().count('"begun"') for file in folder.glob(f"{MESSAGES}/*/try-1.jsonl"))


def test_what_another_command_has_submitted_is_cancelled(tmp_path: Path) -> None:
    submitted([Counting("a", folder=tmp_path, upto=9), Counting("b", folder=tmp_path)], tmp_path)
    before = ids_of(tmp_path)
    until(lambda: len(steps(tmp_path, "a")) == 2)
    (tmp_path / "other").touch()
    found = done([Counting("a", folder=tmp_path, until="other")], tmp_path)
    assert found["a"].left.splitlines() == [f"{step} 0" for step in range(1, 7)]
    assert {state_of(one) for one in before.values()} == {"CANCELLED"}


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            {"partition": "nope"},
            "sbatch refuses the work: invalid partition specified: nope; correct --slurm partition=nope",
        ),
        ({"frobnicate": "1"}, "unrecognized option '--frobnicate=1'; correct --slurm frobnicate=1"),
    ],
    ids=["partition", "option"],
)  # fmt: skip
def test_what_sbatch_refuses_is_said_once(
    tmp_path: Path, option: dict[str, str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ClusterError) as error:
        done([Own("a")], tmp_path, engine=Engine("slurm", slurm=option))
    assert told in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_workers_ask_no_network_and_have_a_thread_a_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("SLURM_JOB_ID", "77")  # as in an interactive job, whose limits contradict those asked for here
    monkeypatch.setenv("SLURM_MEM_PER_CPU", "1")
    two = {"cpus-per-task": "2", "mem": "500", "setup": "export CUDA_VISIBLE_DEVICES=7"}
    left = done([Writing("a", folder=tmp_path)], tmp_path, engine=Engine("slurm", slurm=two))["a"].left
    assert {**left, "pid": 0} == {
        "pid": 0, "OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": "7", "HF_HUB_OFFLINE": "1",
    }  # fmt: skip


FLAGS = ("--data", "samples", "--recipe", "fast", "--set", "max_steps=120", "--languages", "en,de", "--limit", 4)


def numbers(out: Path) -> dict[str, Any]:
    """Everything that a run leaves and that no clock decides."""
    files = [*out.rglob("*.safetensors"), *(out / "predictions").rglob("*.*"), *out.glob("leaderboard-*.json")]
    found: dict[str, Any] = {path.relative_to(out).as_posix(): path.read_bytes() for path in files}
    for path in (out / "cells").rglob("*.json"):
        cell = json.loads(path.read_text("utf-8"))
        found[path.relative_to(out).as_posix()] = {key: value for key, value in cell.items() if key != "seconds"}
    return found


def said(out: Path, what: str) -> bool:
    """Has a worker said something of the kind?"""
    return any(f'"{what}"' in file.read_text() for file in out.glob(f"{MESSAGES}/*/try-1.jsonl"))


def test_an_evaluation_by_slurm_that_is_stopped_in_training_equals_one_here(
    xharness: Callable[..., Any], tmp_path: Path
) -> None:
    base = build("bert", None, tmp_path / "base")
    flags = ("eval", "-m", base, "-t", "xquad,tatoeba", *FLAGS)
    cluster = ("--executor", "slurm", "--slurm", "time=5", "--slurm", "partition=low")
    ran = xharness(*flags, "-o", tmp_path / "here")
    assert ran.status == 0, ran.err
    ran = xharness(*flags, *cluster, "--no-wait", "-o", tmp_path / "slurm")
    assert ran.status == 0, ran.err
    assert "3 of 3 jobs are left to Slurm: 3 waiting (squeue --jobs=" in ran.out
    training = next(one for name, one in ids_of(tmp_path / "slurm").items() if name.startswith("train "))
    until(lambda: said(tmp_path / "slurm", "event"), 120)  # the training has begun
    slurm("scancel", "--signal=USR2", training)
    until(lambda: "Restarts=1" in slurm("scontrol", "show", "job", training))
    ran = xharness(*flags, *cluster, "-o", tmp_path / "slurm")
    assert ran.status == 0, ran.err
    assert numbers(tmp_path / "slurm") == numbers(tmp_path / "here")
    assert not (tmp_path / "slurm" / MESSAGES).exists()
