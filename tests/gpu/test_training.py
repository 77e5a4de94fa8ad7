"""On a GPU: the losses of the processor, in every precision; and several workers, each with its GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.fixtures.cells_of_kinds import trained_for
from tests.fixtures.families import build
from tests.fixtures.training_runs import prepared, stage_on_samples
from xtreme_harness import evaluate
from xtreme_harness.cards.recipe import Mixture
from xtreme_harness.jobs.local.devices import visible_gpus
from xtreme_harness.kinds import KINDS
from xtreme_harness.training import loop

pytestmark = pytest.mark.gpu

STEPS = 12
RECIPE = ("dropout=0", "batch_size=16", f"max_steps={STEPS}", "lr=1e-3", "warmup_ratio=0", "selection=best")
LEARNING = {name: trained_for(name) for name in KINDS if trained_for(name)}
MANNERS = {
    "plain": (), "gradient checkpointing": ("gradient_checkpointing=true",), "low rank": ("lora_rank=2",),
    "frozen": ("freeze_encoder=true",), "in parts": ("token_budget=256",),
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder."""
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture(autouse=True)
def _every_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_LOG_EVERY", 1)


def losses(base: Path, folder: Path, device: str, tasks: tuple[str, ...], *settings: str, dtype: str) -> Any:
    """The losses of every step."""
    stage = stage_on_samples(base, tasks, *RECIPE, *settings)
    trainee, courses = prepared(stage)
    told: list[Any] = []
    loop.fit(
        trainee, courses, courses[0].hyper, Mixture(), folder, 1, device=device, dtype=dtype, report=told.append
    )  # fmt: skip
    return np.array([event["loss"] for event in told if "loss" in event])


@pytest.mark.parametrize("kind", LEARNING)
@pytest.mark.parametrize(("dtype", "close"), [("float32", 1e-2), ("bfloat16", 0.1), ("float16", 0.1)])
def test_the_losses_of_the_processor(base: Path, tmp_path: Path, kind: str, dtype: str, close: float) -> None:
    expected = losses(base, tmp_path / "cpu", "cpu", LEARNING[kind], dtype="float32")
    found = losses(base, tmp_path / "gpu", "cuda", LEARNING[kind], dtype=dtype)
    assert len(found) == STEPS and np.isfinite(found).all()
    assert np.abs(found - expected).max() < close * max(1.0, float(np.abs(expected).max()))


@pytest.mark.parametrize("manner", MANNERS)
def test_every_manner(base: Path, tmp_path: Path, manner: str) -> None:
    expected = losses(base, tmp_path / "cpu", "cpu", ("panx",), *MANNERS[manner], dtype="float32")
    found = losses(base, tmp_path / "gpu", "cuda", ("panx",), *MANNERS[manner], dtype="float32")
    assert np.abs(found - expected).max() < 1e-2 * max(1.0, float(np.abs(expected).max()))


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_on_gpus(checkpoint: Path, tmp_path: Path, workers: int) -> None:
    """Two workers, on two GPUs where there are two, on one else: the same predictions as one process."""
    asked: dict[str, Any] = {"tasks": ["xnli", "panx", "tatoeba"], "data": "samples", "dtype": "float32"}
    assert len(visible_gpus()) == torch.cuda.device_count() > 0
    evaluate(checkpoint, device="cpu", workers=1, output=tmp_path / "cpu", **asked)
    evaluate(checkpoint, device="auto", workers=workers, output=tmp_path / "gpu", **asked)
    files = sorted(path.relative_to(tmp_path / "cpu") for path in (tmp_path / "cpu" / "predictions").rglob("*.*"))
    assert files
    for file in files:
        assert (tmp_path / "gpu" / file).read_bytes() == (tmp_path / "cpu" / file).read_bytes(), file
