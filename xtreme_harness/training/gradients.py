"""The gradient of a batch, computed in parts that fit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from xtreme_harness.jobs.stopping import stop_if_asked
from xtreme_harness.models.compute.microbatch import split_batch
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.models.load import Model
from xtreme_harness.processor import true_float32
from xtreme_harness.records import Lesson
from xtreme_harness.training.accelerator import mean_over_processes, share_of
from xtreme_harness.training.course import Course
from xtreme_harness.training.network import Trainee
from xtreme_harness.training.objectives import Objective, kept_places, objective_of

__all__ = ["accumulate", "inputs_of", "reader_of"]


def reader_of(trainee: Trainee, course: Course, device: torch.device) -> Model:
    """The task's network as evaluation reads it, which also lays out its inputs; it may be stopped between batches."""
    member: Any = trainee.members[course.name]
    by_choice = HEADS[course.role.head].by_choice and hasattr(member, "base_model")
    reader = Model(trainee.tokenizer, member, device, trainee.orders[course.name], None, by_choice)
    reader.report = lambda sequences: stop_if_asked()
    return reader


def inputs_of(reader: Model, lessons: Sequence[Lesson], language: str = "en") -> dict[str, torch.Tensor]:
    """The padded rows of some lessons, in the form that the network takes."""
    inputs = reader.tensors([row for lesson in lessons for row in lesson.rows], language)
    return {name: value.unsqueeze(1) for name, value in inputs.items()} if reader.by_choice else inputs


def accumulate(
    accelerator: Any, model: Any, course: Course, reader: Model, lessons: Sequence[Lesson], budget: int
) -> tuple[float, int]:
    """Add the gradient of a batch's mean loss, computed in parts; return the loss, and the number of real tokens.

    With several processes each computes its share of the batch; their gradients are averaged, so that the sum is the
    same as one process would find. The lessons of a dual encoder see the other lessons of their own process only. A
    frozen encoder is asked for its states, and the heads alone are computed.
    """
    objective = objective_of(course.role.head)
    units = sum(objective.units(lesson) for lesson in lessons)
    share, weight = share_of(lessons, accelerator.process_index, accelerator.num_processes)
    if objective.whole:  # the softmax spans the batch: every part's graph is kept until the one backward pass
        units = len(lessons)
    factor = weight * accelerator.num_processes / max(1, units)
    lengths = [max(len(row.ids) for row in lesson.rows) for lesson in share]
    rows = [len(lesson.rows) for lesson in share]
    network: Trainee = accelerator.unwrap_model(model)
    parts = split_batch(lengths, budget, rows, network.pads)
    total, outputs = 0.0, []
    with (
        accelerator.autocast(),
        true_float32(accelerator.device.type),
    ):  # around all parts: weights are cast once a step
        for number, part in enumerate(parts):
            chosen = [share[i] for i in part]
            last = number == len(parts) - 1
            with nullcontext() if last or accelerator.num_processes == 1 else accelerator.no_sync(model):
                states = _frozen_states(network, course, chosen)
                places = kept_places(chosen) if objective.few else None
                out = model(course.name, inputs_of(reader, chosen, course.language), places, states)
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


def _frozen_states(network: Trainee, course: Course, lessons: Sequence[Lesson]) -> torch.Tensor | None:
    """What an encoder that is not trained answers; None of one that is."""
    if network.frozen is None:
        return None
    return network.frozen.of_lessons[course.name]([row for lesson in lessons for row in lesson.rows])


def _joined_loss(objective: Objective, outputs: Sequence[Any], parts: Sequence[Any], share: Sequence[Lesson]) -> Any:
    """The loss over a whole batch whose vectors came in parts, two rows a lesson."""
    vectors = torch.cat([out.vectors.float() for out in outputs]).view(len(share), 2, -1)
    where = torch.from_numpy(np.argsort(np.concatenate(parts))).to(vectors.device)
    joined = SimpleNamespace(vectors=vectors[where].flatten(0, 1), scale=outputs[0].scale, group=outputs[0].group)
    return objective.loss(joined, share)
