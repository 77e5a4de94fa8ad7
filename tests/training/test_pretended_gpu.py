"""Training on a GPU that is pretended: of every kind, in every manner; what it comes to is what the processor comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.fixtures.cells_of_kinds import trained_for
from tests.fixtures.families import build
from tests.fixtures.pretended_gpu import OnGPU, Seen, pretended_gpu
from tests.fixtures.training_runs import prepared, stage_on_samples
from xtreme_harness.cards.recipe import Mixture
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.load import load_model
from xtreme_harness.training import loop
from xtreme_harness.training.saving import save_checkpoint

pytestmark = pytest.mark.slow

STEPS = 4
RECIPE = ("dropout=0", "batch_size=8", f"max_steps={STEPS}", "lr=1e-3", "warmup_ratio=0", "selection=last")
LEARNING = {name: trained_for(name) for name in KINDS if trained_for(name)}
MANNERS: dict[str, tuple[str, ...]] = {
    "best weights": ("selection=best", "eval_every=2"),
    "gradient checkpointing": ("gradient_checkpointing=true", "dropout=0.1"),
    "low rank": ("lora_rank=2",),
    "frozen": ("freeze_encoder=true", "selection=best", "eval_every=2", "epochs=2"),
    "in parts": ("token_budget=128",),
    "dropout": ("dropout=0.1",),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder."""
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


@dataclass
class Ran:
    """A training that has ended."""

    trainee: Any
    outcome: Any
    losses: list[float] = field(default_factory=list)


def run(
    base: Path, folder: Path, device: str, tasks: tuple[str, ...], *settings: str, dtype: str = "float32"
) -> Ran:
    """Train a few steps on the samples."""
    stage = stage_on_samples(base, tasks, *RECIPE, *settings)
    trainee, courses = prepared(stage)
    ran = Ran(trainee, None)

    def report(event: Mapping[str, Any]) -> None:
        if "loss" in event:
            ran.losses.append(event["loss"])

    hyper = courses[0].hyper
    ran.outcome = loop.fit(trainee, courses, hyper, Mixture(), folder, 1, device=device, dtype=dtype, report=report)
    return ran


@pytest.fixture(autouse=True)
def _every_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_LOG_EVERY", 1)


def both(base: Path, folder: Path, tasks: tuple[str, ...], *settings: str, **how: Any) -> tuple[Ran, Ran, Seen]:
    """The same training on the pretended GPU and on the processor."""
    with pretended_gpu() as seen:
        on_gpu = run(base, folder / "gpu", "cuda", tasks, *settings, **how)
    return on_gpu, run(base, folder / "cpu", "cpu", tasks, *settings, **how), seen


def require_alike(found: Ran, expected: Ran, tolerance: float = 2e-3) -> None:
    assert len(found.losses) == STEPS
    assert np.abs(np.array(found.losses) - expected.losses).max() < tolerance
    assert found.outcome.best.step == expected.outcome.best.step
    assert all(isinstance(value, OnGPU) for value in found.trainee.parameters())


@pytest.mark.parametrize("kind", LEARNING)
def test_every_kind(base: Path, tmp_path: Path, kind: str) -> None:
    found, expected, _ = both(base, tmp_path, LEARNING[kind])
    require_alike(found, expected)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("task", ["mnli", "panx"])
def test_every_manner(base: Path, tmp_path: Path, task: str, manner: str) -> None:
    found, expected, _ = both(base, tmp_path, (task,), *MANNERS[manner])
    require_alike(found, expected, 1.0 if "dropout=0.1" in MANNERS[manner] else 2e-3)
