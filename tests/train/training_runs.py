"""Small pieces of training that several tests need: a stage on the samples, and its courses ready for the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from xtreme_harness.data.sources import parse_data
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.plan import all_cards
from xtreme_harness.train import stages
from xtreme_harness.train.course import Course, head_of
from xtreme_harness.train.network import Role, Trainee, build
from xtreme_harness.train.recipe import read_recipe
from xtreme_harness.train.stage import Stage

torch.set_num_threads(1)

CARDS = all_cards()


def stage_on_samples(model: Path, tasks: tuple[str, ...], *settings: str, **options: Any) -> Stage:
    """A stage of the `fast` recipe in float32."""
    recipe = read_recipe("fast", ["precision=float32", *settings])
    data = parse_data(["samples"], CARDS.tasks)
    return Stage(find_checkpoint(str(model), None), tasks, tasks[0], "target", recipe, CARDS, data, **options)


def prepared(stage: Stage, group: int | None = None) -> tuple[Trainee, list[Course]]:
    """The network and the courses of a stage."""
    loaded = {task: stages._loaded(stage, task, Path()) for task in stage.tasks}
    roles = [Role(t, head_of(KINDS[c.kind]), c.labels, c.aliases, group) for t, (c, _, _) in loaded.items()]
    trainee = build(stage.checkpoint, roles, stages.hyper_of(stage), stage.seed)
    return trainee, [stages._course(stage, role, *loaded[role.task], trainee.tokenizer) for role in roles]
