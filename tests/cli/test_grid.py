"""`xharness train --grid`, on the samples with a tiny encoder."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.families import build
from xtreme_harness.evaluation.job import EvaluateCells

GRID = """
bases: [{{model: {base}, name: tiny}}]
intermediates: [none, hellaswag, squad]
targets: [tydiqa, tatoeba]
seeds: [1, 2]
data: samples
recipe: fast
dtype: float32
set: [max_steps=2]
"""


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """A grid file of six runs."""
    base = build("bert", None, tmp_path / "base")
    (tmp_path / "grid.yaml").write_text(GRID.format(base=base), "utf-8")
    return tmp_path / "grid.yaml"


def times(out: Path) -> dict[Path, int]:
    """When every weight file was written."""
    return {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}


def test_dry_run_shows_the_graph_and_writes_nothing(xharness: Callable[..., Any], grid: Path, tmp_path: Path) -> None:
    ended = xharness("train", "--grid", grid, "-o", tmp_path / "out", "--dry-run")
    assert ended.status == 0, ended.err
    assert "| tiny/hellaswag/seed-1 | 105        | 2       |" in ended.out
    assert ended.out.count("| to train |") == 4
    assert "4 encoders, 4 of them to be trained; 6 runs on the test split" in ended.out
    assert not (tmp_path / "out").exists()


def test_flags_that_the_file_says_are_refused_and_others_go_over_it(
    xharness: Callable[..., Any], grid: Path, tmp_path: Path
) -> None:
    ended = xharness("train", "--grid", grid, "--model", "x", "--limit-train", 3, "--dry-run")
    fault = "--model (bases), --limit-train (intermediate_limit, target_limit)"
    assert (ended.status, ended.errors) == (2, [f"error: xharness train: with --grid, the file says it: {fault}"])
    ended = xharness("train", "--grid", grid, "-o", tmp_path / "out", "--seeds", "7", "--dry-run")
    assert "2 encoders, 2 of them to be trained; 3 runs" in ended.out
    assert "tiny/squad/seed-7" in ended.out


@pytest.mark.slow
def test_trains_evaluates_and_continues(
    xharness: Callable[..., Any], grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, evaluate = tmp_path / "out", EvaluateCells.run

    def stopped(job: EvaluateCells, watch: Any) -> Any:
        if "squad" in job.options.model:
            raise KeyboardInterrupt
        return evaluate(job, watch)

    monkeypatch.setattr(EvaluateCells, "run", stopped)
    assert xharness("-q", "train", "--grid", grid, "-o", out).status == 130
    first = list(csv.DictReader((out / "gains.csv").read_text("utf-8").splitlines()))
    assert {row["intermediate"] for row in first} == {"none", "hellaswag"}
    before = times(out)
    assert out / "encoders/tiny/squad/seed-1/model.safetensors" in before

    def broken(job: EvaluateCells, watch: Any) -> Any:
        if "squad/seed-2" in job.options.model:
            raise RuntimeError("no such luck")
        return evaluate(job, watch)

    monkeypatch.setattr(EvaluateCells, "run", broken)
    ended = xharness("train", "--grid", grid, "-o", out)
    assert (ended.status, ended.errors) == (3, ["failed: tiny/squad/seed-2: RuntimeError: no such luck"])
    assert {path: times(out)[path] for path in before} == before

    monkeypatch.setattr(EvaluateCells, "run", evaluate)
    ended = xharness("train", "--grid", grid, "-o", out)
    assert ended.status == 0, ended.err
    assert {path: times(out)[path] for path in before} == before
    assert "| none (score)" in ended.out
    assert "mean of 2 targets" in ended.out
    rows = list(csv.DictReader((out / "gains.csv").read_text("utf-8").splitlines()))
    assert {(row["intermediate"], row["seed"]) for row in rows} == {
        (name, seed) for name in ("none", "hellaswag", "squad") for seed in "12"
    }
    assert {row["intermediate_examples"] for row in rows if row["intermediate"] == "hellaswag"} == {"105"}
    assert all(float(row["gain"]) == float(row["score"]) - float(row["baseline"]) for row in rows)
    whole = json.loads((out / "gains.json").read_text("utf-8"))
    assert (len(whole["rows"]), whole["failed"], whole["split"]) == (len(rows), {}, "test")

    ended = xharness("train", "--grid", grid, "-o", out, "--set", "lr=1e-4")
    assert ended.status == 2
    assert len([line for line in ended.errors if "holds another run" in line]) == 4
