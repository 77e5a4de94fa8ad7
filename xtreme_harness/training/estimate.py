"""How much work a training is: examples, steps, seconds."""

from __future__ import annotations

from dataclasses import dataclass

from xtreme_harness.data.sources import FilesFound
from xtreme_harness.data.training_sets import load_training, located_training
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.estimate import BYTES_A_TOKEN, seconds_for, text_bytes
from xtreme_harness.training.mixture import Source, steps_of
from xtreme_harness.training.stage import Stage, hyper_of

__all__ = ["TrainingWork", "training_work"]


@dataclass(frozen=True, slots=True)
class TrainingWork:
    """What training one task takes; None where it cannot be told."""

    examples: int | None
    steps: int | None
    seconds: float | None  # roughly
    origin: str  # where the data come from


def training_work(stage: Stage, task: str) -> TrainingWork:
    """Estimate the training of one task of a stage: two thirds of it is the way back through the network."""
    card, hyper = stage.cards.card(task), hyper_of(stage, task)
    found = located_training(card, stage.cards, stage.data, "train")
    origin = "+".join(dict.fromkeys(one.origin for one in found))
    examples, size = card.count("train", "en"), 0
    if all(isinstance(one, FilesFound) for one in found):
        split = load_training(card, stage.cards, stage.data, "train", KINDS)
        examples = len(split.examples) if split is not None else None
        size = text_bytes(KINDS[card.kind], split.examples) if split is not None else 0
    if not examples:
        return TrainingWork(None, None, None, origin)
    used = min(examples, stage.limit or examples)
    source = Source(task, used, hyper.batch_size, hyper.epochs)
    steps = steps_of([source], stage.recipe.mixture.cap if len(stage.tasks) > 1 else None, hyper.max_steps)
    length = int(card.options["max_length"])
    a_step = hyper.batch_size * (size / examples / BYTES_A_TOKEN if size else length / 2)
    return TrainingWork(used, steps, seconds_for(stage.checkpoint.config, 3 * steps * a_step, stage.device), origin)
