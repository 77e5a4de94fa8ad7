"""Which weights of a run are kept: scores on dev data, and the best of them so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any

from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.kinds.predict import predict
from xtreme_harness.metrics import METRICS, of_labels
from xtreme_harness.models.load import Model
from xtreme_harness.processor import true_float32
from xtreme_harness.records import Lesson
from xtreme_harness.scoring.means import headline
from xtreme_harness.scoring.score import score
from xtreme_harness.training.course import Course
from xtreme_harness.training.objectives import objective_of

__all__ = ["Best", "dev_scores"]


@dataclass(frozen=True, slots=True)
class Best:
    """The best evaluation so far."""

    step: int = 0  # 0: there was none
    score: float = float("-inf")  # mean over tasks of their main metric, percent
    strikes: int = 0  # evaluations since, without improvement
    last: float = float("-inf")  # score of the last evaluation
    scores: Mapping[str, float] | None = None  # by task, at `step`

    def after(self, step: int, scores: Mapping[str, float]) -> Best:
        """The best after one more evaluation; an equal score is no improvement."""
        mean = sum(scores.values()) / len(scores)
        if mean > self.score:
            return Best(step, mean, 0, mean, dict(scores))
        return replace(self, strikes=self.strikes + 1, last=mean)


def dev_scores(trainee: Any, courses: Sequence[Course], readers: Mapping[str, Model], hyper: Hyper) -> dict[str, float]:
    """The main metric of every task that has dev data, percent.

    Dual encoders are scored by the mean probability of the right passage among those of its batch (geometric).
    """
    found = {}
    for course in courses:
        if course.dev_lessons:
            lessons = course.dev_lessons[: hyper.eval_examples or None]
            found[course.name] = 100 * exp(-_mean_loss(trainee, course, lessons, readers[course.name]))
        elif course.dev is not None and course.kind is not None and course.card is not None:
            split = course.dev
            if hyper.eval_examples:
                split = replace(split, examples=split.examples[: hyper.eval_examples])
            answers = predict(readers[course.name], course.kind, split, course.card)
            metric = of_labels(METRICS[course.card.metric], course.card.labels)
            found[course.name] = headline(metric, score(metric, course.kind, split, answers.found).values)
    return found


def _mean_loss(trainee: Any, course: Course, lessons: Sequence[Lesson], reader: Model) -> float:
    """Mean loss over dev lessons, in batches of the size that is trained with."""
    objective = objective_of(course.role.head)
    total, size = 0.0, course.role.group or course.hyper.batch_size
    for first in range(0, len(lessons), size):
        batch = lessons[first : first + size]
        inputs = reader.tensors([row for lesson in batch for row in lesson.rows], course.language)
        with true_float32(reader.device.type):
            total += float(objective.loss(trainee.members[course.name](**inputs), batch))
        reader.report(len(batch))
    return total / len(lessons)
