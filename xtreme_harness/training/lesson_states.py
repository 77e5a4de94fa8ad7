"""What heads read of a frozen encoder: computed once, so that every epoch after the first trains the heads alone.

Of a sequence that comes again what its head reads is kept in memory: one state for a classifier over the first token,
those of the words for a tagger, else all. Which sequences are kept, and which are computed together, depends on the
data alone, so that a run that was interrupted goes on bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from xtreme_harness.models.compute.batching import token_batches
from xtreme_harness.models.compute.packed import packable
from xtreme_harness.models.device import out_of_memory
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.models.model import Model
from xtreme_harness.models.reading import encoder_of, reading_of
from xtreme_harness.records import Encoded
from xtreme_harness.training.course import Course
from xtreme_harness.training.frozen import Frozen

__all__ = ["LessonStates", "keep_states"]

Tensor = torch.Tensor


def keep_states(
    frozen: Frozen, courses: Sequence[Course], readers: Mapping[str, Model], steps: Mapping[str, int], budget: int
) -> None:
    """Let a frozen encoder answer for the lessons of every task; nothing is computed yet.

    Args:
        frozen: the encoder.
        courses: the tasks.
        readers: of the tasks.
        steps: of each task.
        budget: tokens computed at once.
    """
    frozen.forget()
    found = {}
    for course in courses:
        reader, draws = readers[course.name], steps[course.name] * course.hyper.batch_size
        found[course.name] = LessonStates(frozen, reader, course, draws, budget)
    frozen.of_lessons = {task: states.of for task, states in found.items()}
    frozen.first = all(states.where == "first" for states in found.values())


class LessonStates:
    """What one task's head reads of the encoder, by sequence: kept where that pays and there is room."""

    def __init__(self, frozen: Frozen, reader: Model, course: Course, draws: int, budget: int) -> None:
        """Settle what is kept; nothing is computed yet.

        Args:
            frozen: the encoder.
            reader: lays out its inputs.
            course: the task.
            draws: how many lessons the run will draw, each as often as it comes.
            budget: tokens computed at once.
        """
        self.frozen, self.reader, self.language = frozen, reader, course.language
        self.where, lessons = _read_by(reader.network, course.role.head), course.lessons
        again = draws > len(lessons)
        rows = {id(row): row for lesson in lessons for row in lesson.rows} if again else {}
        size = frozen.encoder.config.hidden_size
        kept = [row for row in rows.values() if frozen.takes(len(self._positions(row)) * size)]
        batches = token_batches([len(row.ids) for row in kept], budget)
        self._blocks = [[kept[i] for i in batch] for batch in batches]
        self._block = {id(row): number for number, block in enumerate(self._blocks) for row in block}
        self._kept: dict[int, Tensor] = {}

    def of(self, rows: Sequence[Encoded]) -> Tensor:
        """The states of some sequences, (n, longest, d), 0 where they are not read; (n, 1, d) of first tokens."""
        for number in sorted({self._block[id(row)] for row in rows if id(row) in self._block}):
            block = self._blocks[number]
            if id(block[0]) not in self._kept:
                self._kept.update(zip(map(id, block), self._computed(block, keep=True), strict=True))
        known = [(i, self._kept[id(row)]) for i, row in enumerate(rows) if id(row) in self._block]
        others = [i for i, row in enumerate(rows) if id(row) not in self._block]
        new = self._computed([rows[i] for i in others]) if others else []
        return self._laid(rows, [known, list(zip(others, new, strict=True))])

    def _positions(self, row: Encoded) -> Sequence[int]:
        if self.where == "first":
            return (0,)
        return row.keep if self.where == "kept" and row.keep is not None else range(len(row.ids))

    def _computed(self, rows: Sequence[Encoded], keep: bool = False) -> list[Tensor]:
        """What is read of each sequence, (positions, d); what does not fit in memory comes again in halves."""
        try:
            states = self.frozen.states(**self.reader.tensors(rows, self.language))
        except RuntimeError as error:
            if not out_of_memory(error) or len(rows) == 1:
                raise
            half = len(rows) // 2
            return [*self._computed(rows[:half], keep), *self._computed(rows[half:], keep)]
        read = states[self._places(list(enumerate(rows)))]
        return list(torch.split(read.cpu() if keep else read, [len(self._positions(row)) for row in rows]))

    def _places(self, rows: Sequence[tuple[int, Encoded]]) -> tuple[Tensor, Tensor]:
        """Row and column of everything that is read."""
        at = [np.asarray(self._positions(row), np.int64) for _, row in rows]
        where = np.repeat([i for i, _ in rows], [len(own) for own in at])
        device = self.frozen.encoder.device
        return torch.from_numpy(where).to(device), torch.from_numpy(np.concatenate(at)).to(device)

    def _laid(self, rows: Sequence[Encoded], parts: Sequence[Sequence[tuple[int, Tensor]]]) -> Tensor:
        """A rectangle of what is known of each sequence, by its number."""
        longest = 1 if self.where == "first" else max(len(row.ids) for row in rows)
        whole: Tensor | None = None
        for part in parts:
            if not part:
                continue
            read = torch.cat([states for _, states in part]).to(self.frozen.encoder.device, non_blocking=True)
            if whole is None:
                whole = read.new_zeros(len(rows), longest, read.shape[-1])
            whole[self._places([(i, rows[i]) for i, _ in part])] = read
        assert whole is not None  # there is a sequence
        return whole


def _read_by(network: Any, head: str) -> str:
    """Which states a head reads: "first", "kept" (those whose outputs are wanted) or "all"."""
    known = HEADS[head]
    if known.per_token:
        return "all" if known.sides else "kept"
    reading = reading_of(network, head, None) if packable(encoder_of(network)) else None
    return "first" if reading is not None and reading.where == "first" else "all"
