"""One graph for one run or many: byte-equal with one worker and two, written as pieces end, one driver an output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.own_runs import differences
from xtreme_harness import evaluate
from xtreme_harness.errors import OutputError
from xtreme_harness.evaluation.driver import Run, carry_out
from xtreme_harness.evaluation.job import EvaluateCells
from xtreme_harness.jobs import Engine, Failure, Watch
from xtreme_harness.plan.evaluate import prepare_evaluation
from xtreme_harness.plan.request import EvalRequest
from xtreme_harness.results.result import Result

pytestmark = pytest.mark.slow
TRAINED: dict[str, Any] = {
    "data": "samples", "recipe": "fast", "settings": ["max_steps=3"], "log_samples": True, "limit": 8,
}  # fmt: skip


@pytest.mark.parametrize("seeds", [(), (1, 2)], ids=["one run", "seeds"])
def test_two_workers_leave_what_one_leaves(checkpoint: Path, tmp_path: Path, seeds: tuple[int, ...]) -> None:
    for name, workers in (("one", None), ("two", 2)):
        tasks = ["xnli", "xquad", "tatoeba@xtreme-r", "bucc2018"] if not seeds else ["pawsx", "tatoeba"]
        evaluate(checkpoint / "encoder", tasks, output=tmp_path / name, workers=workers, seeds=seeds, **TRAINED)
    assert not differences(tmp_path / "one", tmp_path / "two")
    assert not list(tmp_path.glob("two/**/.jobs"))
    said: list[Any] = []
    tasks = ["pawsx", "tatoeba"] if seeds else ["xnli", "bucc2018"]
    again = evaluate(
        checkpoint / "encoder", tasks, output=tmp_path / "two", workers=2, seeds=seeds,
        watch=Watch(cell=said.append), **TRAINED,
    )  # fmt: skip
    assert {done.status for done in said} == {"kept"}
    assert not again.failed


def prepared(output: Path, tasks: str = "xnli,pawsx", **options: Any) -> Any:
    return prepare_evaluation(EvalRequest.of("oracle", tasks, data="samples", output=output, **options))


def test_a_run_that_fails_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = EvaluateCells.run

    def broken(job: EvaluateCells, watch: Watch) -> Any:
        if job.home.name == "bad":
            raise RuntimeError("no such luck")
        return run(job, watch)

    monkeypatch.setattr(EvaluateCells, "run", broken)
    found: dict[str, Result | Failure] = {}
    names: list[Any] = []
    runs = [Run(name, prepared(tmp_path / name)) for name in ("good", "bad", "there", "last")]
    (tmp_path / "there").write_text("a file")
    watch = Watch(run=lambda *told: names.append(told))
    carry_out(runs, Engine(), tmp_path, watch, lambda one, result: found.update({one.name: result}))
    assert {name for name, one in found.items() if isinstance(one, Result)} == {"good", "last"}
    bad, there = found["bad"], found["there"]
    assert isinstance(bad, Failure) and bad.message == "RuntimeError: no such luck"
    assert isinstance(there, Failure) and "a file is in the way" in there.message
    assert names == [("good", 1, 4), ("bad", 2, 4), ("last", 4, 4)]
    whole = json.loads((tmp_path / "bad/results.json").read_text("utf-8"))
    assert not whole["xharness"]["cells"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OutputError("the disk is full")], ids=repr)
def test_what_cannot_be_written_at_the_end_does_not_hide_why_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    def unwritable(*of: object) -> None:
        raise OutputError("results.json: cannot be written")

    said: list[Any] = []

    def second(done: Any) -> None:
        said.append(done)
        if len(said) == 2:
            raise error

    monkeypatch.setattr("xtreme_harness.evaluation.driver.write_result", unwritable)
    with pytest.raises(type(error)) as stop:
        evaluate("oracle", "xnli", data="samples", output=tmp_path, watch=Watch(cell=second))
    assert stop.value is error
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert warned == ["results.json: cannot be written"]


def test_what_a_second_try_keeps_is_told_of_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = EvaluateCells.run

    def twice(job: EvaluateCells, watch: Watch) -> Any:
        run(job, watch)
        return run(job, watch)

    monkeypatch.setattr(EvaluateCells, "run", twice)
    said: list[tuple[str, str]] = []
    watch = Watch(cell=lambda done: said.append((done.cell.name, done.status)))
    evaluate("oracle", "xnli", data="samples", output=tmp_path, watch=watch)
    assert {status for _, status in said} == {"done"}
    assert len(said) == len(set(said)) == len(prepared(tmp_path, "xnli").plan.cells)


def reasons(whole: Any) -> set[str]:
    """Why cells are missing, of those that the samples have."""
    return {one["reason"] for one in whole["missing"]} - {"samples has no test data"}


def test_results_are_written_as_pieces_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtreme_harness.evaluation.driver._SELDOM", 0.0)
    monkeypatch.setattr("xtreme_harness.evaluation.driver._SHARE", 0.0)
    file, seen = tmp_path / "results.json", []

    def look(done: Any) -> None:
        if file.exists():
            whole = json.loads(file.read_text("utf-8"))["xharness"]
            seen.append((len(whole["cells"]), reasons(whole)))

    evaluate("oracle", ["xnli", "pawsx"], data="samples", output=tmp_path, workers=2, watch=Watch(cell=look))
    counts = [count for count, _ in seen]
    assert counts == sorted(counts)
    total = len(prepared(tmp_path / "same").plan.cells)
    assert counts and 0 < counts[0] < counts[-1] < total
    assert all(found == {"not reached yet: the run goes on"} for _, found in seen)
    whole = json.loads(file.read_text("utf-8"))["xharness"]
    assert len(whole["cells"]) == total and not reasons(whole)


def test_an_interrupt_leaves_what_is_there_and_the_same_call_continues(tmp_path: Path) -> None:
    evaluate("oracle", ["xnli", "pawsx"], data="samples", output=tmp_path / "whole")
    told: list[Any] = []

    def stop(done: Any) -> None:
        told.append(done)
        if len(told) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            "oracle", ["xnli", "pawsx"], data="samples", output=tmp_path / "out", workers=2, watch=Watch(cell=stop)
        )
    there = json.loads((tmp_path / "out/results.json").read_text("utf-8"))["xharness"]
    assert len(there["cells"]) >= 4
    assert reasons(there) <= {"not reached: the run was interrupted"}
    said: list[str] = []
    watch = Watch(cell=lambda done: said.append(done.status))
    evaluate("oracle", ["xnli", "pawsx"], data="samples", output=tmp_path / "out", workers=2, watch=watch)
    assert said.count("kept") >= 4
    assert not differences(tmp_path / "whole", tmp_path / "out")


def test_a_second_driver_is_refused_while_workers_write(tmp_path: Path) -> None:
    tried: list[str] = []

    def second(done: Any) -> None:
        if not tried:
            with pytest.raises(OutputError) as refused:
                evaluate("oracle", "xnli", data="samples", output=tmp_path)
            tried.append(str(refused.value))

    evaluate("oracle", ["xnli", "pawsx"], data="samples", output=tmp_path, workers=2, watch=Watch(cell=second))
    assert tried and "another xharness" in tried[0]


def test_ctrl_c_at_the_terminal_ends_the_workers_and_the_same_command_continues(
    checkpoint: Path, tmp_path: Path
) -> None:
    command = [
        sys.executable, "-m", "xtreme_harness.cli.main", "eval", "-m", str(checkpoint / "encoder"), "-t", "xnli,pawsx",
        "--data", "samples", "--recipe", "fast", "--set", "max_steps=200", "--workers", "2",
        "-o", str(tmp_path / "out"),
    ]  # fmt: skip
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while len(list(tmp_path.glob("out/models/*/training/run.json"))) < 2:
        assert first.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    workers = [
        json.loads(path.read_text().splitlines()[0])["begun"]["pid"] for path in tmp_path.glob("out/.jobs/*/*.jsonl")
    ]
    assert len(workers) == 2
    first.send_signal(signal.SIGINT)
    _, err = first.communicate(timeout=60)
    assert (first.returncode, err.splitlines()[-1]) == (
        130, "interrupted; the same command continues where this one stopped",
    )  # fmt: skip
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
