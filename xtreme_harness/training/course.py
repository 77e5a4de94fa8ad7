"""What the loop is given: a task's lessons, how they are drawn, and the data that selects the weights."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.kinds.base import Kind
from xtreme_harness.models.head_table import DUAL_ENCODER
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.plan.mixture import Source
from xtreme_harness.records import Encoded, Lesson, Split
from xtreme_harness.training.network import Role

__all__ = ["Course", "head_of", "lessons_of", "limited"]

_BLOCK = 20_000  # examples tokenised at a time, so that only compact lessons stay


@dataclass(frozen=True, slots=True)
class Course:
    """One task of a training run."""

    role: Role
    hyper: Hyper
    lessons: Sequence[Lesson]
    kind: Kind[Any, Any, Any] | None = None  # None: no predictions are made of it (masked language modelling)
    card: TaskCard | None = None  # with the recipe's length
    dev: Split[Any] | None = None  # for selection
    dev_lessons: Sequence[Lesson] = ()  # the same, for heads that are selected by their loss
    prepare: Callable[[Sequence[Lesson], int], list[Lesson]] | None = None  # lessons, seed -> as trained (masking)
    language: str = "en"  # of the inputs, for models that are told (XLM)

    @property
    def name(self) -> str:
        """The task."""
        return self.role.task

    @property
    def source(self) -> Source:
        """The task as the mixture sees it."""
        return Source(self.name, len(self.lessons), self.hyper.batch_size, self.hyper.epochs)


def head_of(kind: Kind[Any, Any, Any]) -> str:
    """What is trained for a kind: its head, or a dual encoder where it compares vectors."""
    return kind.head or DUAL_ENCODER


def lessons_of(kind: Kind[Any, Any, Any], split: Split[Any], tokenizer: Tokenizer, card: TaskCard) -> list[Lesson]:
    """Tokenise a split, once for the whole run: compact lessons (4 bytes a token)."""
    if kind.learn is None:
        return []
    found: list[Lesson] = []
    for first in range(0, len(split.examples), _BLOCK):
        part = replace(split, examples=split.examples[first : first + _BLOCK])
        learned = kind.learn(kind.featurize(part, tokenizer, card), part, card)
        rows = {id(row): row for lesson in learned for row in lesson.rows}
        compact = {key: _compact(row) for key, row in rows.items()}  # a passage of several lessons stays one
        found.extend(Lesson(tuple(compact[id(row)] for row in lesson.rows), lesson.goals) for lesson in learned)
    return found


def limited(split: Split[Any], size: int | None, seed: int, label: Callable[[Any], Any]) -> Split[Any]:
    """The first `size` examples of an order in which every beginning has the labels in their proportions.

    Subsets are nested: that of a smaller size is part of that of a larger one, for the same seed.
    """
    if size is None or size >= len(split.examples):
        return split
    golds = [label(example) for example in split.examples]
    groups: dict[Any, list[int]] = {}
    for i, gold in enumerate(golds):
        groups.setdefault(gold if isinstance(gold, str | int) else None, []).append(i)
    keys = np.zeros(len(golds))
    for number, (_, members) in enumerate(sorted(groups.items(), key=lambda item: str(item[0]))):
        order = np.random.default_rng([seed, 3, number]).permutation(len(members))
        keys[np.array(members)[order]] = (np.arange(len(members)) + 0.5) / len(members)
    chosen = np.argsort(keys, kind="stable")[:size]
    return replace(split, examples=tuple(split.examples[i] for i in sorted(chosen.tolist())))


def _compact(row: Encoded) -> Encoded:
    types = None if row.types is None else array("b", row.types)
    keep = None if row.keep is None else tuple(row.keep)
    return Encoded(array("i", row.ids), types, keep)
