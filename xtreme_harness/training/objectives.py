"""What training minimises: a sum over lessons, and what each lesson counts in the mean.

A batch's loss is the mean over its units (examples, tags, masked tokens). Because a loss here is a *sum* and the number
of units is known beforehand, a batch can be computed in parts of any size, and the gradients of the parts add up to
that of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy, mse_loss, normalize

from xtreme_harness.errors import ModelError
from xtreme_harness.models.compute.masked_words import Places, places_of
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.records import Lesson

__all__ = ["IGNORED", "OBJECTIVES", "Objective", "kept_places", "objective_of"]

IGNORED = -100
Tensor = torch.Tensor


@dataclass(frozen=True, slots=True)
class Objective:
    """How the answers of a head are compared with the goals."""

    units: Callable[[Lesson], int]  # what a lesson adds to the denominator of the batch's mean
    loss: Callable[[Any, Sequence[Lesson]], Tensor]  # network's output, lessons in its order -> sum, float32
    whole: bool = False  # does a lesson's loss depend on the other lessons of the batch?
    few: bool = False  # may the network answer for the kept positions alone?


def _classes(out: Any, lessons: Sequence[Lesson]) -> Tensor:
    """Cross-entropy of one class a sequence; `logits` (n, c)."""
    return cross_entropy(out.logits.float(), _goals(lessons, out.logits), reduction="sum")


def _squares(out: Any, lessons: Sequence[Lesson]) -> Tensor:
    """Squared distance of one number a sequence from its goal; `logits` (n, 1)."""
    found = out.logits.float()[:, 0]
    return mse_loss(found, _goals(lessons, found).float(), reduction="sum")


def _choices(out: Any, lessons: Sequence[Lesson]) -> Tensor:
    """Cross-entropy over the candidates of a choice; `logits` (n * c, 1), the candidates of a lesson together."""
    scores = out.logits.float().view(len(lessons), -1)
    return cross_entropy(scores, _goals(lessons, scores), reduction="sum")


def _tags(out: Any, lessons: Sequence[Lesson]) -> Tensor:
    """Cross-entropy of a class at every kept position; `logits` (n, length, c), or (k, c) of the kept ones."""
    logits = out.logits if out.logits.ndim == 2 else out.logits[kept_places(lessons)]
    wanted = [goal for lesson in lessons for goal in lesson.goals]
    goals = torch.tensor(wanted, dtype=torch.long, device=out.logits.device)
    return cross_entropy(logits.float(), goals, ignore_index=IGNORED, reduction="sum")


def kept_places(lessons: Sequence[Lesson]) -> Places:
    """Row and column of every kept position of a batch of one sequence a lesson."""
    return places_of([lesson.rows[0] for lesson in lessons])


def _spans(out: Any, lessons: Sequence[Lesson]) -> Tensor:
    """Mean of the cross-entropies of the first and of the last position; two logits (n, length)."""
    goals = torch.tensor([lesson.goals for lesson in lessons], device=out.start_logits.device)
    lengths = torch.tensor([len(lesson.rows[0].ids) for lesson in lessons], device=goals.device)
    padding = torch.arange(out.start_logits.shape[1], device=goals.device)[None, :] >= lengths[:, None]
    sides = zip((out.start_logits, out.end_logits), goals.unbind(1), strict=True)
    losses = [cross_entropy(s.float().masked_fill(padding, -torch.inf), g, reduction="sum") for s, g in sides]
    return (losses[0] + losses[1]) / 2


def _pairs(out: Any, lessons: Sequence[Lesson]) -> Tensor:
    """In-batch softmax: every query against the passages of its group; `vectors` (2 n, d), query and passage in turn.

    The cosine is scaled by `out.scale`, which is learned; passages that are equal to the right one are not wrong.
    """
    vectors = normalize(out.vectors.float(), dim=-1).view(len(lessons), 2, -1)
    total = vectors.new_zeros(())
    size = out.group or len(lessons)
    for first in range(0, len(lessons), size):
        queries, passages = vectors[first : first + size].unbind(1)
        same = _equal([tuple(lesson.rows[1].ids) for lesson in lessons[first : first + size]], vectors.device)
        scores = (out.scale * queries @ passages.T).masked_fill(same, -torch.inf)
        total = total + cross_entropy(scores, torch.arange(len(queries), device=scores.device), reduction="sum")
    return total


def _equal(passages: Sequence[tuple[int, ...]], device: torch.device) -> Tensor:
    """(n, n): is passage j another copy of passage i?"""
    names = {passage: i for i, passage in enumerate(passages)}
    ids = torch.tensor([names[passage] for passage in passages], device=device)
    return (ids[:, None] == ids[None, :]) & ~torch.eye(len(ids), dtype=torch.bool, device=device)


def _goals(lessons: Sequence[Lesson], like: Tensor) -> Tensor:
    return torch.tensor([lesson.goals[0] for lesson in lessons], device=like.device)


def _one(lesson: Lesson) -> int:
    return 1


def _tagged(lesson: Lesson) -> int:
    return sum(goal != IGNORED for goal in lesson.goals)


OBJECTIVES: dict[str, Objective] = {  # by the name that the head has for it in HEADS
    "classes": Objective(_one, _classes),
    "squares": Objective(_one, _squares),
    "choices": Objective(_one, _choices),
    "tags": Objective(_tagged, _tags),
    "spans": Objective(_one, _spans),
    "pairs": Objective(_one, _pairs, whole=True),
    "masked words": Objective(_tagged, _tags, few=True),
}


def objective_of(head: str) -> Objective:
    """The objective of a head, a key of HEADS."""
    name = HEADS[head].objective
    if name is None:
        raise ModelError(f"{head}: a head that is not trained")
    return OBJECTIVES[name]
