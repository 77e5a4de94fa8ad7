"""Steps: training logs and series of checkpoints."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.results.curves import as_series, read_series, read_training, series_curves
from xtreme_harness.results.read import read_run


def test_a_training_log_is_read_leniently(oracle_run: Path, tmp_path: Path) -> None:
    run = read_run(shutil.copytree(oracle_run, tmp_path / "run"))
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
    assert read_training(read_run(oracle_run)) == []


def write_series(folder: Path, *runs: tuple[str, Path, int]) -> Path:
    """A folder with series.json."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [{"name": name, "path": str(path), "step": step} for name, path, step in runs]
    (folder / "series.json").write_text(json.dumps({"runs": entries}), "utf-8")
    return folder


def test_a_series_stands_in_the_order_of_its_steps(oracle_run: Path, demo_run: Path, tmp_path: Path) -> None:
    found = read_series(write_series(tmp_path, ("late", oracle_run, 200), ("early", demo_run, 100)))
    assert found is not None
    assert (found.names, found.steps) == (("early", "late"), (100, 200))
    curves = series_curves(found)
    assert set(curves) == {"xtreme", "xtreme-r"}
    first = curves["xtreme"]["means"][0]
    assert (first.name, first.steps, first.values[1]) == ("xtreme", (100, 200), 100.0)
    assert first.low[0] < first.values[0] < first.high[0]


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (["step-20", "step-3", "step-100"], (3, 20, 100)), (["checkpoint-5", "x/checkpoint-10", "iter_7"], (5, 7, 10)),
        (["global_step5", "global_step6", "global_step7"], (5, 6, 7)), (["step-1", "step-2"], None),
        (["step-1", "step-2", "base"], None), (["step-1", "a/step-1", "step-2"], None),
        (["model-4-step-large", "b", "c"], None),
    ],
    ids=["in order", "mixed names", "global_step", "two", "one without", "twice the same", "no number"],
)  # fmt: skip
def test_names_say_the_steps(oracle_run: Path, names: list[str], steps: tuple[int, ...] | None) -> None:
    run = read_run(oracle_run)
    found = as_series([replace(run, model=name) for name in names])
    assert (found.steps if found else None) == steps


def test_no_series(tmp_path: Path) -> None:
    assert read_series(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"runs": [{"name": "a"}]}', '{"runs": []}'], ids=["cut", "list", "no step", "empty"]
)
def test_a_wrong_series_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "series.json").write_text(text, "utf-8")
    with pytest.raises(OutputError, match=r"series\.json: "):
        read_series(tmp_path)


def test_every_absent_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        read_series(write_series(tmp_path, ("a", Path("a"), 1), ("b", Path("b"), 2)))
    assert len(caught.value.faults) == 2
