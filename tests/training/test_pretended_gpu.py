"""Training on a GPU that is pretended, of every kind and in every manner: it comes to what the processor comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.fixtures.cells_of_kinds import trained_for
from tests.fixtures.families import build
from tests.fixtures.pretended_gpu import OnGPU, Seen, pretended_gpu
from tests.fixtures.training_runs import prepared, stage_on_samples
from xtreme_harness import train
from xtreme_harness.cards.recipe import Mixture
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.head_table import MASKED_LM
from xtreme_harness.training import loop

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


def run(base: Path, folder: Path, device: str, tasks: tuple[str, ...], *settings: str, dtype: str = "float32") -> Ran:
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
    found, expected, seen = both(base, tmp_path, LEARNING[kind], "selection=best", "eval_every=2")
    require_alike(found, expected)
    assert seen.products == {"ieee"}


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("task", ["mnli", "panx"])
def test_every_manner(base: Path, tmp_path: Path, task: str, manner: str) -> None:
    found, expected, _ = both(base, tmp_path, (task,), *MANNERS[manner])
    require_alike(found, expected, 1.0 if "dropout=0.1" in MANNERS[manner] else 2e-3)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("task", ["mnli", "panx", "squad", "lareqa"])
def test_the_host_waits_once_a_batch_for_its_loss_and_once_a_pass(
    base: Path, tmp_path: Path, task: str, dtype: str
) -> None:
    """Never once a sequence, a word or a weight; mixed precision is the GPU's, and float16's loss is scaled there."""
    asked = []
    for size in (4, 8):
        with pretended_gpu() as seen:
            ran = run(base, tmp_path / str(size), "cuda", (task,), f"batch_size={size}", "eval_examples=4", dtype=dtype)
        assert len(ran.losses) == STEPS and np.isfinite(ran.losses).all()
        assert seen.autocasts == (set() if dtype == "float32" else {"cuda"})
        asked.append(
            {
                place: count
                for place, count in seen.waits.items()
                if not place.startswith(("training/selection", "training/state"))
            }
        )
    assert asked[0] == asked[1]
    assert sum(count for place, count in asked[0].items() if "gradients" in place) == STEPS
    assert max(asked[0].values()) <= 3 * STEPS


def test_a_run_that_was_interrupted_goes_on(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("selection=best", "eval_every=1", "dropout=0.1")
    with pretended_gpu():
        whole = run(base, tmp_path / "whole", "cuda", ("mnli",), *settings)
    often(monkeypatch, stop_at=3)
    with pretended_gpu() as seen:
        with pytest.raises(KeyboardInterrupt):
            run(base, tmp_path / "part", "cuda", ("mnli",), *settings)
        monkeypatch.undo()
        rest = run(base, tmp_path / "part", "cuda", ("mnli",), *settings)
    assert rest.outcome.resumed_at == 3
    assert [torch.device(place).type for place in seen.loads] == ["cuda"]
    for name, value in whole.trainee.state_dict().items():
        assert torch.equal(value.cpu(), rest.trainee.state_dict()[name].cpu()), name


def often(monkeypatch: pytest.MonkeyPatch, stop_at: int) -> None:
    """Save the state at every step, and stop behind one."""
    save = loop.Saver.save

    def saved(saver: Any, step: int, best: Any) -> None:
        saver.next = 0.0
        save(saver, step, best)
        if step == stop_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop.Saver, "save", saved)


def test_what_does_not_fit_comes_in_halves(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compute, failed = loop.accumulate, []

    def short(accelerator: Any, model: Any, course: Any, reader: Any, lessons: Any, budget: int) -> Any:
        if budget > 4096:
            failed.append(budget)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return compute(accelerator, model, course, reader, lessons, budget)

    monkeypatch.setattr(loop, "accumulate", short)
    with pretended_gpu() as seen:
        ran = run(base, tmp_path, "cuda", ("mnli",))
    assert len(ran.losses) == STEPS and failed == [32768, 16384, 8192]
    assert seen.emptied == len(failed) + 1  # and once more where the training ends


def test_from_texts_and_several_tasks_to_checkpoints(tmp_path: Path) -> None:
    """The command: masked words beside two tasks; what is saved loads on a processor, and answers alike."""
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "en.txt").write_text("".join(f"the hat of the old man {n}\n" for n in range(60)), "utf-8")
    base = build("bert", MASKED_LM, tmp_path / "base")
    asked: dict[str, Any] = {
        "data": "samples", "recipe": "fast", "dtype": "float32", "mlm": texts, "mlm_weight": 0.3,
        "settings": ["max_steps=6", "batch_size=8", "dropout=0", "lr=1e-3"],
    }  # fmt: skip
    with pretended_gpu():
        train(base, ["mnli", "panx"], device="cuda", output=tmp_path / "gpu", **asked)
    train(base, ["mnli", "panx"], device="cpu", output=tmp_path / "cpu", **asked)
    files = sorted(path.relative_to(tmp_path / "cpu") for path in (tmp_path / "cpu").rglob("*.safetensors"))
    assert len(files) == 4
    for file in files:
        found, expected = (load_file(tmp_path / device / file) for device in ("gpu", "cpu"))
        assert found.keys() == expected.keys()
        for name, value in found.items():
            if not name.endswith("key.bias"):  # whose gradient is rounding alone
                assert torch.allclose(value, expected[name], atol=2e-3), name
