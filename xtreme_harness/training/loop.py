"""The one training loop.

Read it from top to bottom: `fit` walks over the optimiser steps. A step draws one task, takes a batch of its lessons,
computes it in parts that fit, and moves the weights once. Everything random is a function of the seed and the
number of the step, so that a run that was killed goes on from its last saved state as if nothing had happened: on a
processor it ends with the same weights, bit by bit, also where it goes on with another number of cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xtreme_harness.cards.recipe import Hyper, Mixture
from xtreme_harness.errors import Diverged, ModelError
from xtreme_harness.models.compute.answers import NoNumbers
from xtreme_harness.models.device import out_of_memory
from xtreme_harness.models.finite import broken_tensor
from xtreme_harness.models.load import Model
from xtreme_harness.plan.mixture import batch_of, require_steps, schedule, steps_of
from xtreme_harness.plan.stage import Manner, precision_of
from xtreme_harness.records import Lesson
from xtreme_harness.training.accelerator import accelerator_for, release
from xtreme_harness.training.course import Course
from xtreme_harness.training.gradients import accumulate, reader_of
from xtreme_harness.training.lesson_states import keep_states
from xtreme_harness.training.network import Trainee
from xtreme_harness.training.optimizer import learning_rate, optimizer_for
from xtreme_harness.training.selection import Best, dev_scores
from xtreme_harness.training.state import Saver, load_state, save_weights
from xtreme_harness.training.threads import same_threads

__all__ = ["Fitted", "fit", "total_steps"]

_TOKEN_BUDGET = {"cpu": 4096, "cuda": 32768}  # tokens computed at once
_LOG_EVERY = 10  # steps


@dataclass(slots=True)
class Fitted:
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
) -> Fitted:
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
        CardError: there are more optimiser steps than a run can have.
        Diverged: the loss or a dev score is not a number.
        ModelError: one lesson does not fit in memory.
        OutputError: the state cannot be saved; the one before stays.
    """
    precision = precision_of(hyper, Manner(dtype=dtype, device=device))
    accelerator = accelerator_for(device, precision, tracker, folder.parent, len(courses) > 1)
    try:
        with same_threads(trainee):
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
) -> Fitted:
    total = total_steps(courses, hyper, mixture, extra)
    order = schedule([c.source for c in (courses[:-1] if extra else courses)], mixture, total, seed, extra)
    nth = _occurrences(order, len(courses))
    optimizer = optimizer_for(trainee, hyper, fused=accelerator.device.type in ("cpu", "cuda"))
    trainee.to(accelerator.device)
    model, optimizer = accelerator.prepare(trainee, optimizer)
    accelerator.wait_for_everyone()  # the first process has settled the folder
    readers = {course.name: reader_of(trainee, course, accelerator.device) for course in courses}
    state = load_state(folder, key, trainee, optimizer, accelerator.device, accelerator.scaler)
    outcome = Fitted(total, _counts(order[:total], courses), state.best, resumed_at=state.step)
    budget = hyper.token_budget or _TOKEN_BUDGET[accelerator.device.type]
    if trainee.frozen is not None:
        keep_states(trainee.frozen, courses, readers, outcome.counts, budget)
    run = _Run(accelerator, trainee, model, optimizer, courses, readers, hyper, seed, total, outcome, report, budget)
    saver = Saver(folder, key, trainee, optimizer, accelerator)
    trainee.train()
    for step in range(state.step - state.owed, total):
        if step >= state.step:
            course = courses[order[step]]
            _step(run, course, _drawn(course, nth[step], seed, step), step)
        if _due(run, step + 1):
            with saver.evaluating(step + 1, state.best):
                state.best = _looked(run, state.best, step + 1, folder)
            if hyper.patience and state.best.strikes >= hyper.patience:
                outcome.steps, outcome.counts = step + 1, _counts(order[: step + 1], courses)
                break
        saver.save(step + 1, state.best)
    accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    outcome.best, outcome.seconds = state.best, time.monotonic() - run.started
    accelerator.wait_for_everyone()  # the selected weights are written
    if hyper.selection == "best" and state.best.step:
        saver.restore(state.best.step)
    return outcome


@dataclass(slots=True)
class _Run:
    """What all steps of a run share."""

    accelerator: Any
    trainee: Trainee
    model: Any  # the trainee as the accelerator runs it
    optimizer: Any
    courses: Sequence[Course]
    readers: Mapping[str, Model]
    hyper: Hyper
    seed: int
    total: int  # steps
    outcome: Fitted
    report: Callable[[Mapping[str, Any]], None]
    budget: int  # tokens computed at once; less after memory did not suffice
    started: float = field(default_factory=time.monotonic)


def _step(run: _Run, course: Course, lessons: Sequence[Lesson], step: int) -> None:
    """Move the weights once."""
    lr = learning_rate(run.hyper, step, run.total)
    for group in run.optimizer.param_groups:
        group["lr"] = lr
    loss, computed = _gradient(run, course, lessons, step)
    if not np.isfinite(loss):
        if step == 0 and (broken := broken_tensor(run.trainee.members[course.name].named_parameters())):
            raise ModelError(f"{course.name}: the checkpoint's weights: {broken}; save it again")
        raise Diverged(
            f"{course.name}: the loss is not a number at step {step + 1} of {run.total} (lr {lr:.2g}); "
            "lower it by --set lr=..., or use --dtype float32"
        )
    run.accelerator.clip_grad_norm_(run.model.parameters(), run.hyper.max_grad_norm)
    run.optimizer.step()
    run.outcome.tokens += computed
    _tell(run, step + 1, course.name, loss, lr)


def _gradient(run: _Run, course: Course, lessons: Sequence[Lesson], step: int) -> tuple[float, int]:
    """Loss and number of tokens of a batch; what does not fit in memory comes again in smaller parts."""
    while True:
        torch.manual_seed(_mixed(run.seed, step))
        run.optimizer.zero_grad(set_to_none=True)
        try:
            return accumulate(run.accelerator, run.model, course, run.readers[course.name], lessons, run.budget)
        except RuntimeError as error:
            if not out_of_memory(error) or run.budget <= 64:
                raise
        run.budget //= 2
        if run.accelerator.device.type == "cuda":  # only now, when the error no longer holds the batch's tensors
            torch.cuda.empty_cache()


def _looked(run: _Run, best: Best, done: int, folder: Path) -> Best:
    """Evaluate on English dev data, and keep the weights where they are the best so far."""
    scores = _evaluated(run)
    strange = [task for task, value in scores.items() if not np.isfinite(value)]
    if strange:
        raise Diverged(
            f"{', '.join(strange)}: the English dev score is not a number at step {done} of {run.total}; "
            "lower lr by --set lr=..., or use --dtype float32"
        )
    best = best.after(done, scores)
    run.outcome.history.append({"step": done, "dev": scores, "score": best.last})
    main = run.accelerator.is_main_process
    if main:
        run.report(run.outcome.history[-1])
    run.accelerator.log({f"dev/{task}": value for task, value in scores.items()}, step=done)
    if best.step == done and run.hyper.selection == "best" and main:
        save_weights(folder, done, run.trainee)
    return best


def total_steps(courses: Sequence[Course], hyper: Hyper, mixture: Mixture, extra: float | None = None) -> int:
    """Optimiser steps of a run; masked language modelling comes on top of the tasks' epochs."""
    sources = [course.source for course in (courses[:-1] if extra else courses)]
    steps = steps_of(sources, mixture.cap)
    whole = steps if extra is None else round(steps / (1 - extra))
    found = min(whole, hyper.max_steps or whole)
    require_steps(found, [course.name for course in courses])
    return found


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


def _due(run: _Run, done: int) -> bool:
    """Is there something to select by, and is it time to look?"""
    if not any(course.dev is not None or course.dev_lessons for course in run.courses):
        return False
    every = run.hyper.eval_every or max(1, _epoch_steps(run.courses, run.total))
    return done == run.total or (run.hyper.selection == "best" and done % every == 0)


def _epoch_steps(courses: Sequence[Course], total: int) -> int:
    """Steps between evaluations: an epoch of a single task, a tenth of a run over several."""
    return courses[0].source.per_epoch if len(courses) == 1 else total // 10


def _evaluated(run: _Run) -> dict[str, float]:
    """Scores on English dev data, of the main process."""
    scores: list[Any] = [None]
    if run.accelerator.is_main_process:
        run.trainee.eval()
        try:
            with run.accelerator.autocast(), torch.no_grad():
                scores = [dev_scores(run.trainee, run.courses, run.readers, run.hyper)]
        except NoNumbers:
            scores = [{course.name: float("nan") for course in run.courses}]
        run.trainee.train()
    if run.accelerator.num_processes > 1:
        from accelerate.utils import broadcast_object_list

        broadcast_object_list(scores)
    found: dict[str, float] = scores[0]
    return found


def _tell(run: _Run, done: int, task: str, loss: float, lr: float) -> None:
    if done % _LOG_EVERY and done != run.total:
        return
    event = {
        "step": done, "total": run.total, "task": task, "loss": round(loss, 6), "lr": lr, "tokens": run.outcome.tokens,
        "seconds": round(time.monotonic() - run.started, 3), "here": done - run.outcome.resumed_at,
    }  # fmt: skip
    if run.accelerator.is_main_process:
        run.report(event)
    run.accelerator.log({f"loss/{task}": loss, "lr": lr}, step=done)
