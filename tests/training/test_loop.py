"""The loop: its rates, its optimiser, its equality with transformers' Trainer, and what ends it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.fixtures.families import build
from tests.fixtures.training_runs import prepared, stage_on_samples
from xtreme_harness.cards.recipe import Hyper, Mixture
from xtreme_harness.errors import ModelError
from xtreme_harness.plan.mixture import batch_of
from xtreme_harness.records import Encoded, Lesson
from xtreme_harness.training import loop
from xtreme_harness.training.accelerator import accelerator_for, release
from xtreme_harness.training.gradients import inputs_of, reader_of
from xtreme_harness.training.optimizer import learning_rate, optimizer_for
from xtreme_harness.training.state import State, save_state

STEPS = 6
RECIPE = (
    "dropout=0", "batch_size=8", f"max_steps={STEPS}", "lr=1e-3", "weight_decay=0.1", "warmup_steps=2",
    "max_grad_norm=0.5", "warmup_ratio=0",
)  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder."""
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


def fitted(base: Path, folder: Path, *settings: str, task: str = "mnli", dtype: str = "float32", **kept: Any) -> Any:
    """Train on the samples; the trainee, its courses and the outcome."""
    stage = stage_on_samples(base, (task,), *RECIPE, *settings)
    trainee, courses = prepared(stage)
    hyper = courses[0].hyper
    outcome = loop.fit(trainee, courses, hyper, Mixture(), folder, stage.manner.seed, device="cpu", dtype=dtype, **kept)
    return trainee, courses, outcome


def require_alike(found: torch.nn.Module, expected: torch.nn.Module) -> None:
    """The same weights within what float32 rounds.

    Biases of keys are left out: attention does not depend on them, so that their gradient is rounding alone, which
    Adam blows up to the size of the others.
    """
    weights = expected.state_dict()
    for name, value in found.state_dict().items():
        if not name.endswith("key.bias"):
            assert torch.allclose(value, weights[name], rtol=0, atol=1e-5), name


@pytest.mark.parametrize(("warm", "total"), [(0, 7), (3, 10), (10, 10)])
def test_rates_are_those_of_transformers(warm: int, total: int) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    scheduler = transformers.get_linear_schedule_with_warmup(optimizer, warm, total)
    for step in range(total):
        found = learning_rate(Hyper(lr=1e-3, warmup_steps=warm), step, total)
        assert found == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-12), step
        optimizer.step()
        scheduler.step()


def test_rates_by_ratio_and_level() -> None:
    by_ratio = Hyper(lr=1.0, warmup_ratio=0.1, schedule="constant")
    assert [learning_rate(by_ratio, step, 20) for step in (0, 1, 2, 19)] == [0, 0.5, 1, 1]


def test_biases_and_layer_norms_are_not_decayed(base: Path) -> None:
    trainee, _ = prepared(stage_on_samples(base, ("mnli",)))
    decayed, level = optimizer_for(trainee, Hyper(weight_decay=0.1)).param_groups
    names = {id(parameter): name for name, parameter in trainee.named_parameters()}
    assert (decayed["weight_decay"], level["weight_decay"]) == (0.1, 0.0)
    assert len(decayed["params"]) + len(level["params"]) == len(names)
    exempt = {name for name in names.values() if name.endswith("bias") or "LayerNorm" in name}
    assert {names[id(parameter)] for parameter in level["params"]} == exempt


@pytest.mark.slow
def test_it_ends_with_the_weights_of_transformers_trainer(base: Path, tmp_path: Path) -> None:
    stage = stage_on_samples(base, ("mnli",), *RECIPE)
    trainee, courses = prepared(stage)
    course = courses[0]
    network = copy.deepcopy(trainee.members["mnli"])
    before = copy.deepcopy(network.state_dict())
    reader = reader_of(trainee, course, torch.device("cpu"))
    picked = np.concatenate([batch_of(course.source, step, stage.manner.seed) for step in range(STEPS)])

    def collate(lessons: Sequence[Lesson]) -> dict[str, torch.Tensor]:
        labels = torch.tensor([lesson.goals[0] for lesson in lessons])
        return {**reader.tensors([lesson.rows[0] for lesson in lessons], "en"), "labels": labels}

    class InOrder(transformers.Trainer):
        def _get_train_sampler(self, *args: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

    ours = loop.fit(trainee, courses, course.hyper, Mixture(), tmp_path / "ours", stage.manner.seed, device="cpu")
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "theirs"), per_device_train_batch_size=8, max_steps=STEPS, learning_rate=1e-3,
        weight_decay=0.1, warmup_steps=2, max_grad_norm=0.5, lr_scheduler_type="linear", optim="adamw_torch",
        use_cpu=True, report_to="none", save_strategy="no", disable_tqdm=True, remove_unused_columns=False,
        dataloader_pin_memory=False, logging_strategy="no",
    )  # fmt: skip
    InOrder(network, arguments, data_collator=collate, train_dataset=[course.lessons[i] for i in picked]).train()
    release(accelerator_for("cpu", "float32", None, tmp_path, False))
    assert ours.steps == STEPS
    theirs = network.state_dict()
    moved = max(float((theirs[name] - value).abs().max()) for name, value in before.items())
    assert moved > 1e-3
    require_alike(trainee.members["mnli"], network)


@pytest.mark.slow
def test_the_token_budget_does_not_change_what_is_learned(base: Path, tmp_path: Path) -> None:
    narrow, _, one = fitted(base, tmp_path / "narrow", "token_budget=64")
    wide, _, two = fitted(base, tmp_path / "wide", "token_budget=100000")
    assert one.tokens == two.tokens
    require_alike(narrow, wide)


@pytest.mark.slow
def test_a_part_that_does_not_fit_in_memory_is_halved(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, _, _ = fitted(base, tmp_path / "plain", "token_budget=512")
    asked: list[int] = []
    inner = loop.accumulate

    def small_memory(*args: Any) -> Any:
        asked.append(args[-1])
        if args[-1] > 128:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        return inner(*args)

    monkeypatch.setattr(loop, "accumulate", small_memory)
    halved, _, _ = fitted(base, tmp_path / "halved", "token_budget=512")
    assert asked == [512, 256, *[128] * STEPS]
    require_alike(halved, plain)


@pytest.mark.slow
def test_bfloat16_keeps_the_weights_in_float32(base: Path, tmp_path: Path) -> None:
    plain, _, _ = fitted(base, tmp_path / "plain")
    mixed, _, outcome = fitted(base, tmp_path / "mixed", dtype="bfloat16")
    assert outcome.steps == STEPS
    assert {p.dtype for p in mixed.parameters()} == {torch.float32}
    far = max(float((p - q).detach().abs().max()) for p, q in zip(mixed.parameters(), plain.parameters(), strict=True))
    assert 1e-7 < far < 0.05


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_on_cuda(base: Path, tmp_path: Path, dtype: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    trainee, courses = prepared(stage_on_samples(base, ("mnli",), *RECIPE))
    start = copy.deepcopy(trainee.state_dict())
    loop.fit(trainee, courses, courses[0].hyper, Mixture(), tmp_path, 42, device="cuda", dtype=dtype)
    assert {p.dtype for p in trainee.parameters()} == {torch.float32}
    moved = [float((value.cpu() - start[name]).abs().max()) for name, value in trainee.state_dict().items()]
    assert max(moved) > 1e-3
    assert np.isfinite(moved).all()


class Scripted:
    """Dev scores as a test wants them, and the weights that each was given for."""

    def __init__(self, *scores: float) -> None:
        self.scores, self.weights = list(scores), []  # type: tuple[list[float], list[Any]]

    def __call__(self, trainee: Any, *rest: Any) -> Mapping[str, float]:
        self.weights.append(copy.deepcopy(trainee.state_dict()))
        return {"mnli": self.scores[len(self.weights) - 1]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "scores", "steps", "selected"),
    [
        (("selection=best", "eval_every=1", "patience=2"), (50, 60, 60, 55), 4, 2),
        (("selection=best", "eval_every=2"), (50, 40, 45), 6, 2),
        (("selection=best", "eval_every=4"), (50, 60), 6, 6),
        (("selection=last", "eval_every=1"), (10,), 6, 6),
    ],
    ids=["patience", "best", "best at the end", "last"],
)
def test_which_weights_are_kept(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Sequence[str],
    scores: Sequence[float], steps: int, selected: int,
) -> None:  # fmt: skip
    scripted = Scripted(*scores)
    monkeypatch.setattr(loop, "dev_scores", scripted)
    trainee, _, outcome = fitted(base, tmp_path, *settings)
    assert (outcome.steps, outcome.best.step, outcome.counts) == (steps, selected, {"mnli": steps})
    assert len(scripted.weights) == len(scores)
    chosen = scripted.weights[list(scores).index(max(scores))]
    assert all(torch.equal(value, chosen[name]) for name, value in trainee.state_dict().items())


@pytest.mark.slow
def test_dev_examples_may_be_limited(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xtreme_harness.training import selection

    sizes: list[int] = []
    inner = selection.predict

    def counted(model: Any, kind: Any, split: Any, card: Any) -> Any:
        sizes.append(len(split.examples))
        return inner(model, kind, split, card)

    monkeypatch.setattr(selection, "predict", counted)
    fitted(base, tmp_path, "eval_examples=5")
    assert sizes == [5]


@pytest.mark.slow
def test_it_goes_on_where_it_stopped(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop.Saver, "save", _always)
    whole, _, _ = fitted(base, tmp_path / "whole", "dropout=0.1", key="k")

    class Stopped(Exception):
        pass

    def stop(event: Mapping[str, Any]) -> None:
        raise Stopped

    with monkeypatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(loop, "_LOG_EVERY", 4)
        fitted(base, tmp_path / "stopped", "dropout=0.1", key="k", report=stop)
    went_on, _, outcome = fitted(base, tmp_path / "stopped", "dropout=0.1", key="k")
    assert outcome.resumed_at == 3
    weights = whole.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in went_on.state_dict().items())


def _always(saver: Any, step: int, best: Any) -> None:
    save_state(saver.folder, State(step, best), saver.key, saver.trainee, saver.optimizer, saver.scaler)


@pytest.mark.slow
def test_it_learns(base: Path, tmp_path: Path) -> None:
    """A word decides the label."""
    trainee, courses = prepared(stage_on_samples(base, ("mnli",)))
    rng = np.random.default_rng(0)
    drawn = [[2, *rng.integers(100, 400, 6).tolist(), 3] for _ in range(360)]
    labels = rng.integers(0, 3, len(drawn)).tolist()
    for ids, label in zip(drawn, labels, strict=True):
        ids[int(rng.integers(1, 7))] = 500 + label
    lessons = [Lesson((Encoded(i),), (g,)) for i, g in zip(drawn, labels, strict=True)]
    hyper = Hyper(lr=3e-3, epochs=12, batch_size=16, dropout=0, max_steps=None)
    course = replace(courses[0], lessons=lessons[:300], hyper=hyper, dev=None)
    loop.fit(trainee, [course], hyper, Mixture(), tmp_path, 1, device="cpu", dtype="float32")
    trainee.eval()
    held_out = lessons[300:]
    inputs = inputs_of(reader_of(trainee, course, torch.device("cpu")), held_out)
    found = trainee("mnli", inputs).logits.argmax(-1).tolist()
    right = sum(answer == lesson.goals[0] for answer, lesson in zip(found, held_out, strict=True))
    assert right / len(held_out) > 0.9


def test_a_dev_score_that_is_not_a_number_ends_the_run(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "dev_scores", lambda *given: {"mnli": float("nan")})
    with pytest.raises(ModelError, match=r"^mnli: the English dev score is not a number at step \d+ of 6; lower lr"):
        fitted(base, tmp_path)
