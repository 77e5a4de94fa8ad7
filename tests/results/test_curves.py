"""Steps: training logs and series of checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from xtreme_harness.results.curves import read_training, series_curves
from xtreme_harness.results.read import read_result
from xtreme_harness.results.series import Series


def test_a_training_log_is_read_leniently(oracle_run: Path, tmp_path: Path) -> None:
    run = read_result(shutil.copytree(oracle_run, tmp_path / "run"))
    lines = [
        {"step": 1, "task": "mnli", "loss": 1.0, "lr": 1e-5},
        {"step": 2, "task": "qqp", "loss": 3.0},
        {"step": 2, "dev": {"mnli accuracy": 50.0, "note": "text"}},
        {"step": 1, "task": "mnli", "loss": 0.9},  # a continued run writes a step again
        {"step": 3, "task": "mnli", "loss": float("nan")},
        {"no": "step"},
    ]
    file = tmp_path / "run/models/xnli/train.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(map(json.dumps, lines)) + '\n{"step": 4, "lo', "utf-8")
    (one,) = read_training(run)
    assert one.unit == "xnli"
    assert {curve.name: (curve.steps, curve.values) for curve in one.loss} == {
        "mnli": ((1.0,), (0.9,)),
        "qqp": ((2.0,), (3.0,)),
    }
    assert [(curve.name, curve.values) for curve in one.dev] == [("mnli accuracy", (50.0,))]


def test_a_run_that_trained_nothing(oracle_run: Path) -> None:
    assert read_training(read_result(oracle_run)) == []


def test_curves_of_a_series_have_their_bands(oracle_run: Path, demo_run: Path) -> None:
    series = Series((read_result(demo_run), read_result(oracle_run)), ("early", "late"), (100, 200))
    curves = series_curves(series)
    assert set(curves) == {"xtreme", "xtreme-r"}
    first = curves["xtreme"]["means"][0]
    assert (first.name, first.steps, first.values[1]) == ("xtreme", (100, 200), 100.0)
    assert first.low[0] < first.values[0] < first.high[0]
