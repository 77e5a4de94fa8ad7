"""Flags that say who does the work, together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.families import build
from xtreme_harness.errors import MissingDependency, ModelError, OutputError
from xtreme_harness.files.folder import locked
from xtreme_harness.jobs import Engine
from xtreme_harness.plan.engines import engine_of
from xtreme_harness.plan.evaluate import prepare_evaluation
from xtreme_harness.plan.request import EvalRequest, TrainRequest
from xtreme_harness.plan.train import prepare_training


def asked(model: str = "x", **options: Any) -> EvalRequest:
    return EvalRequest.of(model, ["xnli"], **options)


def test_what_goes_with_slurm_alone_is_refused_without_it() -> None:
    with pytest.raises(ModelError) as error:
        asked(slurm=["partition=x"], wait=False).require_sense()
    assert error.value.faults == (
        "--slurm partition=x: goes with --executor slurm", "--no-wait: goes with --executor slurm",
    )  # fmt: skip


def test_options_of_sbatch_are_read_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError) as error:
        asked(executor="slurm", slurm=["wrap=x", "array=3"]).require_sense()
    assert error.value.faults == tuple(
        f"--slurm: {name}: is set by xharness itself; leave it out" for name in ("wrap", "array")
    )
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependency, match="on a login node"):
        asked(executor="slurm", slurm=["partition=x"]).require_sense()


def test_a_self_test_needs_no_gpu() -> None:
    given: dict[str, Any] = {"executor": "slurm", "slurm": ["mem_per_cpu=2G", "exclusive"], "wait": False}
    options = {"mem-per-cpu": "2G", "exclusive": ""}
    assert engine_of(asked(**given)) == Engine("slurm", None, "auto", options, False)
    assert engine_of(asked("oracle", **given)).device == "cpu"


def test_a_stage_that_a_job_of_slurm_trains_is_no_fault_and_one_that_is_trained_here_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xtreme_harness.plan.engines.require_slurm", lambda: None)
    build("bert", None, tmp_path / "base")
    asked: list[Any] = [tmp_path / "base", ["xnli"]]
    here: dict[str, Any] = {"data": "samples", "recipe": "fast", "output": tmp_path / "out"}
    for place in ("out/seed-1", "out/models/xnli"):
        (tmp_path / place).mkdir(parents=True)
    with locked(tmp_path / "out" / "seed-1"):
        prepare_training(TrainRequest.of(*asked, seeds=[1], **here, executor="slurm"))
        with pytest.raises(OutputError, match=r"seed-1: another xharness .* is writing here"):
            prepare_training(TrainRequest.of(*asked, seeds=[1], **here))
    with locked(tmp_path / "out" / "models" / "xnli"):
        prepare_evaluation(EvalRequest.of(*asked, **here, executor="slurm"))
    with locked(tmp_path / "out"), pytest.raises(OutputError, match="out: another xharness"):
        prepare_evaluation(EvalRequest.of(*asked, **here, executor="slurm"))
