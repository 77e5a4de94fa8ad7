"""What is printed of trainings, of several at once too."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xtreme_harness.cli import training_progress
from xtreme_harness.cli.training_progress import TrainingProgress


def begun(*folders: str, name: str = "xnli") -> TrainingProgress:
    progress = TrainingProgress()
    for number, folder in enumerate(folders, 1):
        stage: Any = SimpleNamespace(
            name=name, tasks=(), checkpoint=SimpleNamespace(name="base"), recipe=SimpleNamespace(name="fast"),
            manner=SimpleNamespace(seed=number),
        )  # fmt: skip
        progress.started(stage, Path(folder))
    return progress


def step(folder: str, step: int, seconds: float) -> dict[str, Any]:
    told = {"step": step, "total": 100, "here": step, "tokens": 1000, "seconds": seconds, "loss": 1.0}
    return {**told, "folder": folder}


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_progress, "languages_of", lambda tasks: {})


def test_one_training_is_told_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    progress = begun("out/models/xnli")
    progress.event("xnli", step("out/models/xnli", 10, 40.0))
    progress.event("xnli", {"step": 10, "dev": {"xnli": 50.0}, "folder": "out/models/xnli"})
    assert capsys.readouterr().err.splitlines()[1:] == [
        "xnli: step 10 of 100, loss 1.000, 25 tokens/s, 360 s left", "xnli: step 10: English dev: xnli 50.00",
    ]  # fmt: skip


def test_of_several_with_the_same_name_each_is_told_by_its_folder_and_in_its_own_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = begun("out/seed-1", "out/seed-2")
    for folder in ("out/seed-1", "out/seed-2"):
        progress.event("xnli", step(folder, 10, 40.0))
    progress.event("xnli", step("out/seed-1", 11, 44.0))
    told = capsys.readouterr().err.splitlines()[2:]
    assert [line.split(",")[0] for line in told] == ["out/seed-1: step 10 of 100", "out/seed-2: step 10 of 100"]


def test_on_a_terminal_each_has_a_bar_of_its_own_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    progress = begun("out/seed-1", "out/seed-2")
    progress.event("xnli", step("out/seed-1", 10, 1.0))
    progress.event("xnli", step("out/seed-2", 3, 1.0))
    bars = {place: (bar.desc.rstrip(": "), bar.n) for place, bar in progress.bars.items()}
    assert bars == {"out/seed-1": ("out/seed-1", 10), "out/seed-2": ("out/seed-2", 3)}
    notes = {"lineage": [{"dev": {}, "steps": 10, "selected_step": 10}]}
    ended: Any = SimpleNamespace(path=Path("out/seed-1"), kept=False, notes=notes)
    progress.ended(ended, ended)
    assert list(progress.bars) == ["out/seed-2"]
    progress.close()
    assert not progress.bars
