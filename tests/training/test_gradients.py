"""A batch computed in parts has the gradient of the batch computed whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.fixtures.families import build
from tests.fixtures.training_runs import prepared, stage_on_samples
from xtreme_harness.training.accelerator import accelerator_for, release
from xtreme_harness.training.gradients import accumulate, reader_of

pytestmark = pytest.mark.slow

TASKS = {
    "classes": "mnli", "choices": "copa", "tags": "udpos", "spans": "squad", "pairs": "lareqa",
}  # fmt: skip


def gradient(trainee: Any, course: Any, lessons: Any, budget: int, folder: Path) -> tuple[float, dict[str, Any]]:
    """Loss, and gradient of every weight, of one batch computed under a token budget."""
    accelerator = accelerator_for("cpu", "float32", None, folder, False)
    model = accelerator.prepare(trainee)
    trainee.zero_grad()
    trainee.eval()  # dropout draws by position in the tensor, so equality is that of the function without it
    loss, _ = accumulate(accelerator, model, course, reader_of(trainee, course, accelerator.device), lessons, budget)
    release(accelerator)
    return loss, {n: p.grad.clone() for n, p in trainee.named_parameters() if p.grad is not None}


@pytest.fixture(scope="module", params=["bert", "xlm-roberta", "deberta-v2", "xlm", "mt5", "qwen2"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder of every family."""
    return build(request.param, None, tmp_path_factory.mktemp("base") / "base")


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_parts_add_up_to_the_whole(base: Path, tmp_path: Path, task: str) -> None:
    trainee, courses = prepared(stage_on_samples(base, (task,)), group=3 if task == "lareqa" else None)
    lessons = courses[0].lessons[:8]
    whole_loss, whole = gradient(trainee, courses[0], lessons, 1 << 20, tmp_path)
    parts_loss, parts = gradient(trainee, courses[0], lessons, 64, tmp_path)
    assert parts_loss == pytest.approx(whole_loss, rel=1e-5)
    assert set(parts) == set(whole)
    assert len(whole) > 10
    largest = max(float(value.abs().max()) for value in whole.values())
    assert largest > 1e-3
    close = 1e-4 if task == "lareqa" else 1e-5  # a cosine times 100 magnifies what float32 rounds
    for name, value in whole.items():
        assert torch.allclose(parts[name], value, atol=close * largest, rtol=1e-4), name


def test_the_loss_is_that_of_transformers(tmp_path: Path) -> None:
    """On a batch without padding, where both mean the same, also for spans."""
    base = build("bert", None, tmp_path / "base")
    trainee, courses = prepared(stage_on_samples(base, ("mnli",)))
    lessons = courses[0].lessons[:6]
    ours, gradients = gradient(trainee, courses[0], lessons, 1 << 20, tmp_path)
    reader = reader_of(trainee, courses[0], torch.device("cpu"))
    inputs = reader.tensors([lesson.rows[0] for lesson in lessons], "en")
    network: Any = trainee.members["mnli"]
    trainee.zero_grad()
    theirs = network(**inputs, labels=torch.tensor([lesson.goals[0] for lesson in lessons])).loss
    theirs.backward()
    assert ours == pytest.approx(float(theirs.detach()), rel=1e-5)
    for name, parameter in trainee.named_parameters():
        if parameter.grad is not None:
            assert torch.allclose(gradients[name], parameter.grad, atol=1e-6), name
