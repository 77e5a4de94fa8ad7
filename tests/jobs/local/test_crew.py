"""The executor of this machine: this process, or workers of its own, whose ends are survived."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.own_jobs import MIXED, Bulky, Crashing, Leaving, Own, Saying, Writing, require_mixed
from xtreme_harness.errors import OutputError
from xtreme_harness.jobs import EXECUTORS, SILENT, Engine, Graph, Job, Outcome, Watch, execute, only_driver
from xtreme_harness.jobs.executors import MESSAGES
from xtreme_harness.jobs.local.crew import run_local, worker_count

pytestmark = pytest.mark.slow
TWO = Engine(workers=2)


def done(jobs: list[Any], needs: dict[str, tuple[str, ...]], folder: Path, watch: Watch = SILENT) -> dict[str, Outcome]:
    graph = Graph(tuple(jobs), needs)
    return {outcome.job.name: outcome for outcome in execute(graph, TWO, folder, watch)}


def test_it_is_the_executor_of_that_name() -> None:
    assert EXECUTORS["local"] is run_local


def test_one_worker_is_this_process(tmp_path: Path) -> None:
    for engine in (Engine(device="cpu"), Engine(workers=1)):
        (outcome,) = run_local(Graph((Writing("a", folder=tmp_path),)), engine, tmp_path, SILENT)
        assert outcome.left["pid"] == os.getpid()
        assert worker_count(engine) == 1
    assert worker_count(TWO) == 2


def test_two_workers_work_at_once_and_each_has_its_share_of_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("xtreme_harness.jobs.local.crew.cores", lambda: 6)
    jobs = [Writing("a", folder=tmp_path, until="b.begun"), Writing("b", folder=tmp_path, until="a.begun")]
    told: list[Any] = []
    found = done(jobs, {}, tmp_path, Watch(cell=told.append))
    assert len({outcome.left["pid"] for outcome in found.values()} - {os.getpid()}) == 2
    assert {outcome.left["OMP_NUM_THREADS"] for outcome in found.values()} == {"3"}
    assert {"a", "b"} <= set(told)
    assert not (tmp_path / MESSAGES).exists()


def test_order_failures_and_needs_are_those_of_one_process(tmp_path: Path) -> None:
    require_mixed(done(list(MIXED.jobs), dict(MIXED.needs), tmp_path))


def test_what_nothing_can_follow_ends_all(tmp_path: Path) -> None:
    jobs = [Saying("a", says=OutputError("the disk is full")), Writing("b", folder=tmp_path, until="never")]
    with pytest.raises(OutputError, match="the disk is full"):
        done(jobs, {}, tmp_path)


def test_a_job_whose_worker_dies_is_tried_three_times_and_the_rest_goes_on(tmp_path: Path) -> None:
    lost: list[Any] = []
    jobs = [Crashing("bad", folder=tmp_path), Own("after"), Own("other"), Crashing("once", folder=tmp_path, times=1)]
    found = done(jobs, {"after": ("bad",)}, tmp_path, Watch(lost=lambda *told: lost.append(told)))
    assert found["other"].left == "other"
    assert found["once"].left == 1
    failure = found["bad"].failure
    assert failure is not None
    assert "the worker ended 3 times in the middle of it, last on " in failure.message
    assert failure.message.endswith(
        "(killed by SIGKILL); where memory ran out, a smaller --batch-size or fewer --workers"
    )
    assert found["after"].need == "bad"
    assert [tries for name, _, tries in lost if name == "bad"] == [1, 2]
    assert [why for name, why, _ in lost if name == "once"] == ["killed by SIGKILL"]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def workers_of(folder: Path, names: list[str], seconds: float = 30) -> list[int]:
    """The processes that do these jobs, when all have begun."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        files = [folder / f"{name}.begun" for name in names]
        if all(file.exists() and file.read_text().endswith("\n") for file in files):
            return [int(file.read_text().split()[-1]) for file in files]
        time.sleep(0.02)
    raise AssertionError("they have not begun")


def wait_for_end(pids: list[int], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not all(map(gone, pids)):
        assert time.monotonic() < until, "they have not ended"
        time.sleep(0.02)


def test_closing_it_ends_the_workers(tmp_path: Path) -> None:
    jobs: tuple[Job, ...] = tuple(Writing(name, folder=tmp_path, until="never") for name in ("a", "b"))
    pids: list[int] = []

    def stop(cell: object) -> None:
        if not pids and (tmp_path / "a.begun").exists() and (tmp_path / "b.begun").exists():
            pids.extend(workers_of(tmp_path, ["a", "b"]))
            raise KeyboardInterrupt

    watched: Iterator[Outcome] = execute(Graph(jobs), TWO, tmp_path, Watch(cell=stop))
    with pytest.raises(KeyboardInterrupt):
        list(watched)
    wait_for_end(pids)


DRIVER = """
import sys
from pathlib import Path
from tests.fixtures.own_jobs import Writing
from xtreme_harness.jobs import SILENT, Engine, Graph, execute
folder = Path(sys.argv[1])
jobs = tuple(Writing(name, folder=folder, until="never") for name in ("a", "b"))
list(execute(Graph(jobs), Engine(workers=2), folder, SILENT))
"""


def test_workers_end_with_a_driver_that_is_killed(tmp_path: Path) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)], cwd=Path(__file__).parents[3])
    pids = workers_of(tmp_path, ["a", "b"])
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    wait_for_end(pids)


def test_a_worker_that_cannot_say_how_it_ends_ends_all(tmp_path: Path) -> None:
    jobs = [Bulky("a"), Writing("b", folder=tmp_path, until="never")]
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limit[1]))  # as a disk that gets full
    try:
        with pytest.raises(OutputError, match="its worker cannot write there; make room, or name another folder"):
            done(jobs, {}, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_what_a_worker_printed_before_it_failed_is_named(tmp_path: Path) -> None:
    found = done([Leaving("a"), Leaving("faulty", signal=signal.SIGSEGV), Own("b")], {}, tmp_path)
    printed = {}
    for name, how in (("a", "exit status 3"), ("faulty", "killed by SIGSEGV")):
        failure = found[name].failure
        assert failure is not None
        printed[name] = Path(failure.message.rpartition(f"({how}; what it printed: ")[2].removesuffix(")")).read_text()
    assert "no library\n" in printed["a"]
    assert "Segmentation fault" in printed["faulty"]  # and where in Python
    assert 'own_jobs.py", line' in printed["faulty"]
    assert found["b"].left == "b"


def test_a_link_in_the_place_of_messages_is_not_followed(tmp_path: Path) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    victim.mkdir()
    (out / MESSAGES).mkdir(parents=True)
    (out / MESSAGES / "worker-1.txt").symlink_to(victim / "file")
    with pytest.raises(OutputError, match=r"worker-1\.txt: a link is in the way: remove it"):
        done([Own("a"), Own("b")], {}, out)
    (out / MESSAGES / "worker-1.txt").unlink()
    (out / MESSAGES).rmdir()
    (out / MESSAGES).symlink_to(victim)
    with pytest.raises(OutputError, match=r"\.jobs: a link is in the way: remove it"):
        done([Own("a"), Own("b")], {}, out)
    assert list(victim.iterdir()) == []


def test_a_second_driver_is_refused_where_others_work(tmp_path: Path) -> None:
    with only_driver(TWO, tmp_path):
        said = rf"\.jobs: another xharness \(process {os.getpid()}\) is writing here"
        with pytest.raises(OutputError, match=said), only_driver(TWO, tmp_path):
            pass
        assert done([Own("a"), Own("b")], {}, tmp_path).keys() == {"a", "b"}  # which removes the folder
    with only_driver(TWO, tmp_path), only_driver(Engine(workers=1), tmp_path):  # this process has the folder's own lock
        pass
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MESSAGES).symlink_to(tmp_path)
    with pytest.raises(OutputError, match="a link is in the way"), only_driver(TWO, tmp_path / "out"):
        pass
    assert not (tmp_path / ".lock").exists()
