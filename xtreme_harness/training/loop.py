"""The one training loop.

Read it from top to bottom: `fit` walks over the optimiser steps. A step draws one task, takes a batch of its lessons,
computes it in parts that fit, and moves the weights once. Everything random is a function of the seed and the
number of the step, so that a run that was killed goes on from its last saved state as if nothing had happened: on a
processor in float32 it ends with the same weights, bit by bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from xtreme_harness.cards.recipe import Hyper, Mixture
from xtreme_harness.errors import ModelError
from xtreme_harness.models.compute.microbatch import split_batch
from xtreme_harness.models.device import choose_device, choose_dtype, out_of_memory
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.models.load import Model
from xtreme_harness.plan.mixture import batch_of, schedule, steps_of
from xtreme_harness.records import Lesson
from xtreme_harness.training.accelerator import accelerator_for, mean_over_processes, release, share_of
from xtreme_harness.training.course import Course
from xtreme_harness.training.network import Trainee
from xtreme_harness.training.objectives import Objective, kept_places, objective_of
from xtreme_harness.training.optimizer import learning_rate, optimizer_for
from xtreme_harness.training.selection import Best, dev_scores
from xtreme_harness.training.state import Saver, load_state, save_weights

__all__ = ["Outcome", "accumulate", "fit", "precision_of", "total_steps"]

_TOKEN_BUDGET = {"cpu": 4096, "cuda": 32768}  # tokens computed at once
_LOG_EVERY = 10  # steps


@dataclass(slots=True)
class Outcome:
    """What a run of the loop came to; the trainee holds the weights that were selected."""

    steps: int
    counts: dict[str, int]  # optimiser steps a task
    best: Best
    tokens: int = 0  # computed in this process, without padding
    seconds: float = 0.0
    resumed_at: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def fit(
    trainee: Trainee,
    courses: Sequence[Course],
    hyper: Hyper,
    mixture: Mixture,
    folder: Path,
    seed: int,
    *,
    device: str = "auto",
    dtype: str = "auto",
    extra: float | None = None,
    key: str = "",
    tracker: str | None = None,
    report: Callable[[Mapping[str, Any]], None] = lambda event: None,
) -> Outcome:
    """Train until the schedule ends or patience does; then put the selected weights in place.

    Args:
        trainee: what is trained, in place.
        courses: the tasks; with `extra`, the last one is masked language modelling and takes that share of the steps.
        hyper: of the optimiser; length, batch size and epochs are each course's own.
        mixture: from which course a step draws.
        folder: where the state is saved, so that a later call continues.
        seed: of order, dropout and masking.
        device: "auto", "cpu", "cuda" or "cuda:N".
        dtype: "auto" or the precision of the forward pass; weights are float32.
        extra: share of the steps that the last course takes.
        key: tells this run from others; a saved state with another key is not continued.
        tracker: "tensorboard", "wandb" or "trackio", through accelerate; what it writes here stands beside `folder`.
        report: called with {"step", "total", "task", "loss", "lr"}, what this process did {"here": steps, "tokens",
            "seconds"}; or with {"step", "dev", "score"}.

    Raises:
        ModelError: the loss is not a number, or one lesson does not fit in memory.
        OutputError: the state cannot be saved; the one before stays.
    """
    accelerator = accelerator_for(device, precision_of(hyper, dtype, device), tracker, folder.parent, len(courses) > 1)
    try:
        return _fit(accelerator, trainee, courses, hyper, mixture, folder, seed, extra, key, report)
    finally:
        accelerator.end_training()
        release(accelerator)


def _fit(
    accelerator: Any,
    trainee: Trainee,
    courses: Sequence[Course],
    hyper: Hyper,
    mixture: Mixture,
    folder: Path,
    seed: int,
    extra: float | None,
    key: str,
    report: Callable[[Mapping[str, Any]], None],
) -> Outcome:
    total = total_steps(courses, hyper, mixture, extra)
    order = schedule([c.source for c in (courses[:-1] if extra else courses)], mixture, total, seed, extra)
    nth = _occurrences(order, len(courses))
    optimizer = optimizer_for(trainee, hyper, fused=accelerator.device.type in ("cpu", "cuda"))
    trainee.to(accelerator.device)
    model, optimizer = accelerator.prepare(trainee, optimizer)
    accelerator.wait_for_everyone()  # the first process has settled the folder
    readers = {course.name: _reader(trainee, course, accelerator.device) for course in courses}
    state = load_state(folder, key, trainee, optimizer, accelerator.device, accelerator.scaler)
    outcome = Outcome(total, _counts(order[:total], courses), state.best, resumed_at=state.step)
    budget = hyper.token_budget or _TOKEN_BUDGET[accelerator.device.type]
    every = hyper.eval_every or max(1, _epoch_steps(courses, total))
    saver = Saver(folder, key, trainee, optimizer, accelerator)
    started = time.monotonic()
    trainee.train()
    for step in range(state.step, total):
        course = courses[order[step]]
        lessons = _drawn(course, nth[step], seed, step)
        lr = learning_rate(hyper, step, total)
        for group in optimizer.param_groups:
            group["lr"] = lr
        while True:  # what does not fit in memory comes again in smaller parts
            torch.manual_seed(_mixed(seed, step))
            optimizer.zero_grad(set_to_none=True)
            try:
                loss, computed = accumulate(accelerator, model, course, readers[course.name], lessons, budget)
                break
            except RuntimeError as error:
                if not out_of_memory(error) or budget <= 64:
                    raise
            budget //= 2
            torch.cuda.empty_cache() if accelerator.device.type == "cuda" else None
        if not np.isfinite(loss):
            raise ModelError(
                f"{course.name}: the loss is not a number at step {step + 1} of {total} (lr {lr:.2g}); "
                "lower it by --set lr=..., or use --dtype float32"
            )
        accelerator.clip_grad_norm_(model.parameters(), hyper.max_grad_norm)
        optimizer.step()
        outcome.tokens += computed
        done = step + 1
        _tell(report, accelerator, outcome, done, total, course.name, loss, lr, time.monotonic() - started)
        if _due(done, every, total, hyper, courses):
            scores = _evaluated(accelerator, trainee, courses, readers, hyper)
            state.best = state.best.after(done, scores)
            outcome.history.append({"step": done, "dev": scores, "score": state.best.last})
            if accelerator.is_main_process:
                report(outcome.history[-1])
            accelerator.log({f"dev/{task}": value for task, value in scores.items()}, step=done)
            if state.best.step == done and hyper.selection == "best" and accelerator.is_main_process:
                save_weights(folder, done, trainee)
            if hyper.patience and state.best.strikes >= hyper.patience:
                outcome.steps, outcome.counts = done, _counts(order[:done], courses)
                break
        saver.save(done, state.best)
    accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    outcome.best, outcome.seconds = state.best, time.monotonic() - started
    accelerator.wait_for_everyone()  # the selected weights are written
    if hyper.selection == "best" and state.best.step:
        saver.restore(state.best.step)
    return outcome


def accumulate(
    accelerator: Any, model: Any, course: Course, reader: Model, lessons: Sequence[Lesson], budget: int
) -> tuple[float, int]:
    """Add the gradient of a batch's mean loss, computed in parts; return the loss, and the number of real tokens.

    With several processes each computes its share of the batch; their gradients are averaged, so that the sum is the
    same as one process would find. The lessons of a dual encoder see the other lessons of their own process only.
    """
    objective = objective_of(course.role.head)
    units = sum(objective.units(lesson) for lesson in lessons)
    share, weight = share_of(lessons, accelerator.process_index, accelerator.num_processes)
    if objective.whole:  # the softmax spans the batch: every part's graph is kept until the one backward pass
        units = len(lessons)
    factor = weight * accelerator.num_processes / max(1, units)
    lengths = [max(len(row.ids) for row in lesson.rows) for lesson in share]
    rows = [len(lesson.rows) for lesson in share]
    parts = split_batch(lengths, budget, rows, accelerator.unwrap_model(model).pads)
    total, outputs = 0.0, []
    with accelerator.autocast():  # around all parts: weights are cast once a step
        for number, part in enumerate(parts):
            chosen = [share[i] for i in part]
            last = number == len(parts) - 1
            with nullcontext() if last or accelerator.num_processes == 1 else accelerator.no_sync(model):
                out = model(course.name, _inputs(reader, chosen), kept_places(chosen) if objective.few else None)
                if objective.whole:
                    outputs.append(out)
                    continue
                loss = objective.loss(out, chosen) * factor
                accelerator.backward(loss)
                total += float(loss.detach())
        if objective.whole:
            loss = _joined_loss(objective, outputs, parts, share) * factor
            accelerator.backward(loss)
            total = float(loss.detach())
    tokens = sum(len(row.ids) for lesson in share for row in lesson.rows)
    return mean_over_processes(accelerator, total), tokens


def total_steps(courses: Sequence[Course], hyper: Hyper, mixture: Mixture, extra: float | None = None) -> int:
    """Optimiser steps of a run; masked language modelling comes on top of the tasks' epochs."""
    sources = [course.source for course in (courses[:-1] if extra else courses)]
    steps = steps_of(sources, mixture.cap)
    whole = steps if extra is None else round(steps / (1 - extra))
    return min(whole, hyper.max_steps or whole)


def precision_of(hyper: Hyper, dtype: str, device: str) -> str:
    """The arithmetic of the forward pass: as the command says, else the recipe, else what the hardware is made for."""
    wanted = dtype if dtype != "auto" else hyper.precision
    return choose_dtype(wanted, choose_device(device))


def _reader(trainee: Trainee, course: Course, device: torch.device) -> Model:
    """The task's network as evaluation reads it, which also lays out its inputs."""
    member: Any = trainee.members[course.name]
    by_choice = HEADS[course.role.head].by_choice and hasattr(member, "base_model")
    return Model(trainee.tokenizer, member, device, trainee.orders[course.name], None, by_choice)


def _inputs(reader: Model, lessons: Sequence[Lesson]) -> dict[str, torch.Tensor]:
    """The padded rows of some lessons, in the form that the network takes."""
    inputs = reader.tensors([row for lesson in lessons for row in lesson.rows], "en")
    return {name: value.unsqueeze(1) for name, value in inputs.items()} if reader.by_choice else inputs


def _joined_loss(objective: Objective, outputs: Sequence[Any], parts: Sequence[Any], share: Sequence[Lesson]) -> Any:
    """The loss over a whole batch whose vectors came in parts, two rows a lesson."""
    vectors = torch.cat([out.vectors.float() for out in outputs]).view(len(share), 2, -1)
    where = torch.from_numpy(np.argsort(np.concatenate(parts))).to(vectors.device)
    joined = SimpleNamespace(vectors=vectors[where].flatten(0, 1), scale=outputs[0].scale, group=outputs[0].group)
    return objective.loss(joined, share)


def _drawn(course: Course, nth: int, seed: int, step: int) -> list[Lesson]:
    batch = [course.lessons[i] for i in batch_of(course.source, nth, seed)]
    return course.prepare(batch, _mixed(seed, step)) if course.prepare else batch


def _mixed(seed: int, step: int) -> int:
    """One number of two, for generators that take one."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint32)[0])


def _occurrences(order: np.ndarray[Any, Any], tasks: int) -> np.ndarray[Any, Any]:
    """For each step, how often its task was drawn before."""
    found = np.zeros(len(order), dtype=np.int64)
    for task in range(tasks):
        mine = order == task
        found[mine] = np.arange(int(mine.sum()))
    return found


def _counts(order: np.ndarray[Any, Any], courses: Sequence[Course]) -> dict[str, int]:
    return {course.name: int((order == i).sum()) for i, course in enumerate(courses)}


def _epoch_steps(courses: Sequence[Course], total: int) -> int:
    """Steps between evaluations: an epoch of a single task, a tenth of a run over several."""
    return courses[0].source.per_epoch if len(courses) == 1 else total // 10


def _due(done: int, every: int, total: int, hyper: Hyper, courses: Sequence[Course]) -> bool:
    """Is there something to select by, and is it time to look?"""
    if not any(course.dev is not None or course.dev_lessons for course in courses):
        return False
    return done == total or (hyper.selection == "best" and done % every == 0)


def _evaluated(
    accelerator: Any, trainee: Trainee, courses: Sequence[Course], readers: Mapping[str, Model], hyper: Hyper
) -> dict[str, float]:
    """Scores on English dev data, of the main process."""
    scores: list[Any] = [None]
    if accelerator.is_main_process:
        trainee.eval()
        with accelerator.autocast(), torch.no_grad():
            scores = [dev_scores(trainee, courses, readers, hyper)]
        trainee.train()
    if accelerator.num_processes > 1:
        from accelerate.utils import broadcast_object_list

        broadcast_object_list(scores)
    found: dict[str, float] = scores[0]
    return found


def _tell(
    report: Callable[[Mapping[str, Any]], None],
    accelerator: Any,
    outcome: Outcome,
    done: int,
    total: int,
    task: str,
    loss: float,
    lr: float,
    seconds: float,
) -> None:
    if done % _LOG_EVERY and done != total:
        return
    event = {
        "step": done, "total": total, "task": task, "loss": round(loss, 6), "lr": lr, "tokens": outcome.tokens,
        "seconds": round(seconds, 3), "here": done - outcome.resumed_at,
    }  # fmt: skip
    if accelerator.is_main_process:
        report(event)
    accelerator.log({f"loss/{task}": loss, "lr": lr}, step=done)
