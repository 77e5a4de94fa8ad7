"""A stage of training, resolved: its data, its hyper-parameters, and everything that could change the weights.

A *stage* is one optimisation and leaves one checkpoint. A *unit* is what a checkpoint is trained for, as evaluation
asks for it: stages one after the other, Social IQa and then COPA for XCOPA, one stage for the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Cards, TaskCard, digest
from xtreme_harness.cards.recipe import Hyper, Recipe
from xtreme_harness.cards.search_space import Space
from xtreme_harness.data.sources import Data, file_hash
from xtreme_harness.data.texts import text_hashes
from xtreme_harness.data.trained_on import TrainedOn
from xtreme_harness.data.training_sets import TrainingSet, find_training_set
from xtreme_harness.errors import DataError, HubSilent
from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.models.content import content_hash
from xtreme_harness.signature import VERSION, library_versions

__all__ = ["Manner", "Stage", "StageTask", "Unit", "languages_of", "precision_of", "resolve_unit", "with_length"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a unit is to be trained, besides its data and its recipe."""

    seed: int = 42
    limit: int | None = None  # training examples a task and language
    mlm: Path | None = None  # folder of texts, one file a language
    translated: Path | None = None  # folder of machine-translated training data
    translations_only: bool = False  # instead of the English data, not beside it
    keep_head: bool = False
    dtype: str = "auto"
    device: str = "auto"
    trust: bool = False  # run code that the checkpoint carries
    elsewhere: bool = False  # on a machine that is not this one, whose arithmetic is not known here

    @property
    def estimated(self) -> str:
        """The device for which work is estimated: this machine's, where that of another is not known."""
        return "auto" if self.elsewhere else self.device


@dataclass(frozen=True, slots=True)
class StageTask:
    """One task of a stage."""

    data: TrainingSet
    hyper: Hyper

    @property
    def name(self) -> str:
        """The card's name."""
        return self.data.card.name

    @property
    def card(self) -> TaskCard:
        """The card, with its labels and the recipe's length."""
        return with_length(self.data.card, self.hyper)


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage trains, from what, with what."""

    name: str  # what its result is trained for: a task, or a unit of evaluation such as xcopa
    level: str  # "intermediate" | "target"; what `stage` says in xharness.json
    tasks: tuple[StageTask, ...]  # all trained at once
    checkpoint: Checkpoint  # where the encoder comes from; of a later stage of a unit that of the first, until it runs
    hyper: Hyper  # of the optimiser
    recipe: Recipe
    manner: Manner
    fields: Mapping[str, Any]  # everything that could change the trained weights
    serves: str = ""  # its name without the languages: xnli of xnli.de; "": its name
    space: Space = field(default_factory=dict)  # hyper-parameters of which several values are tried; {}: one training

    @property
    def task_names(self) -> tuple[str, ...]:
        """The names of its tasks."""
        return tuple(task.name for task in self.tasks)

    def with_seed(self, seed: int) -> Stage:
        """The same stage with another seed."""
        return replace(self, manner=replace(self.manner, seed=seed), fields={**self.fields, "seed": seed})

    def here(self) -> Stage:
        """The same stage, in the arithmetic of this machine where that was left open."""
        manner = replace(self.manner, elsewhere=False)
        return replace(self, manner=manner, fields={**self.fields, "dtype": precision_of(self.hyper, manner)})

    def starting_from(self, checkpoint: Checkpoint) -> Stage:
        """The same stage, from the checkpoint that the stage before it has left."""
        return replace(self, checkpoint=checkpoint, fields={**self.fields, "base": content_hash(checkpoint.path)})


@dataclass(frozen=True, slots=True)
class Unit:
    """What a checkpoint is trained for: stages, each from the checkpoint of the one before."""

    name: str
    stages: tuple[Stage, ...]

    @property
    def checkpoint(self) -> Checkpoint:
        """Where it all starts."""
        return self.stages[0].checkpoint

    def with_seed(self, seed: int) -> Unit:
        """The same unit with another seed."""
        return replace(self, stages=tuple(stage.with_seed(seed) for stage in self.stages))

    def folders(self, folder: Path, earlier: Path | None = None) -> tuple[Path, ...]:
        """Where the stages' checkpoints lie: the last one's in `folder`, those before it in `earlier`, by name.

        None: in `folder/stages`.
        """
        earlier = earlier or folder / "stages"
        return (*(earlier / stage.name for stage in self.stages[:-1]), folder)


def resolve_unit(
    name: str,
    tasks: Sequence[str],
    level: str,
    checkpoint: Checkpoint,
    recipe: Recipe,
    cards: Cards,
    data: Data,
    manner: Manner,
    base: str,
    trained: Mapping[str, TrainedOn] | None = None,
) -> Unit:
    """Find everything that training a unit needs.

    Args:
        name: of the unit, without the languages that it is trained on.
        tasks: cards that are trained at once; one: the unit's, whose card may name stages before it.
        level: of the last stage; those before it are "intermediate".
        checkpoint: where the encoder comes from.
        recipe: hyper-parameters.
        cards: where the tasks are found.
        data: where their data are looked for.
        manner: seed, limits, device ...
        base: what identifies the checkpoint's contents.
        trained: task of the last stage -> the languages that it is trained on; None: English, as earlier stages are.

    Raises:
        DataError: every task whose training data are not to be had.
    """  # fmt: skip
    chain: Sequence[str] = cards.card(name).train if len(tasks) == 1 else ()
    faults: list[str] = []
    stages: list[Stage] = []
    parts = [*((earlier, [earlier], "intermediate") for earlier in chain[:-1]), (name, chain[-1:] or tasks, level)]
    for part, names, at in parts:
        languages = trained if trained is not None and len(stages) == len(parts) - 1 else {}
        stages.append(_stage(part, names, at, checkpoint, recipe, cards, data, manner, base, faults, languages))
        manner = replace(manner, keep_head=False)  # what follows starts a new head
    if faults:
        raise DataError(*faults)
    return Unit(stages[-1].name, tuple(stages))


def _stage(
    name: str, names: Sequence[str], level: str, checkpoint: Checkpoint, recipe: Recipe, cards: Cards, data: Data,
    manner: Manner, base: str, faults: list[str], trained: Mapping[str, TrainedOn],
) -> Stage:  # fmt: skip
    size = _hidden_size(checkpoint)
    tasks = []
    for task in names:
        try:
            found = find_training_set(cards.card(task), cards, data, trained.get(task))
        except HubSilent:
            raise
        except DataError as error:
            faults.extend(error.faults)
            continue
        if found.lacking:
            faults.append(_no_data(found, data))
        tasks.append(StageTask(found, recipe.hyper(task, size)))
    shared = names[0] if len(names) == 1 else ""
    hyper, space = recipe.hyper(shared, size), recipe.space(shared, size)
    own = name + next((one.suffix for one in trained.values() if one.suffix), "")
    fields = _fields(own, level, tasks, hyper, recipe, manner, base)
    if space:
        fields["search"] = {key: list(values) for key, values in space.items()}
    return Stage(own, level, tuple(tasks), checkpoint, hyper, recipe, manner, fields, name, space)


def _no_data(found: TrainingSet, data: Data) -> str:
    card, place = found.card, data.named.get(found.card.name, data.name)
    hint = "use --data hub, or a folder that has it" if place != "hub" else "give a folder by --data DIR"
    if found.trained.on_english:
        return f"{card.name}: {place} has no English training data; {hint}. {card.note}".strip()
    return f"{card.name}: {place} has no training data in {', '.join(found.lacking)}; {hint}"


def _hidden_size(checkpoint: Checkpoint) -> int:
    """Width of the encoder, by which a recipe tells large models."""
    for key in ("hidden_size", "d_model", "emb_dim", "dim", "n_embd"):
        if checkpoint.config.get(key):
            return int(checkpoint.config[key])
    return 0


def with_length(card: TaskCard, hyper: Hyper) -> TaskCard:
    """The card with the recipe's length, where the recipe says one."""
    return card if hyper.max_length is None else card.with_options({"max_length": hyper.max_length})


def precision_of(hyper: Hyper, manner: Manner) -> str:
    """The arithmetic of the forward pass: as the command says, else the recipe, else what the hardware is made for.

    What another machine's hardware is made for is left to that.
    """
    from xtreme_harness.models.device import choose_device, choose_dtype

    wanted = manner.dtype if manner.dtype != "auto" else hyper.precision
    return wanted if manner.elsewhere else choose_dtype(wanted, choose_device(manner.device))


def _fields(
    name: str, level: str, tasks: Sequence[StageTask], hyper: Hyper, recipe: Recipe, manner: Manner, base: str
) -> dict[str, Any]:
    """Everything that could change the trained weights, for the fingerprint."""
    found = {
        "name": name,
        "stage": level,
        "base": base,
        "tasks": {task.name: _task_fields(task) for task in tasks},
        "optimizer": hyper.recorded(),
        "mixture": recipe.mixture.model_dump() if len(tasks) > 1 else None,
        "mlm": None,
        "translated": None,
        "seed": manner.seed,
        "limit_train": manner.limit,
        "keep_head": manner.keep_head,
        "dtype": precision_of(hyper, manner),
        "libraries": {"xtreme-harness": VERSION, **library_versions()},
    }
    if manner.mlm is not None:
        found["mlm"] = {"texts": text_hashes(manner.mlm), "recipe": recipe.mlm.model_dump()}
    if manner.translated is not None:
        found["translated"] = {"files": _folder_hashes(manner.translated), "instead": manner.translations_only}
    plain: dict[str, Any] = json.loads(json.dumps({**found, **languages_of(tasks)}))
    return plain


def languages_of(tasks: Sequence[StageTask]) -> dict[str, Any]:
    """Field -> task -> the languages that it is trained and selected on; of English nothing is said."""
    found: dict[str, Any] = {}
    for task in tasks:
        for name, value in task.data.trained.fields().items():
            found.setdefault(name, {})[task.name] = value
    return found


def _task_fields(task: StageTask) -> dict[str, Any]:
    hashes = {"train": task.data.hashes("train"), "dev": task.data.hashes("dev")}
    return {"card": digest(task.data.card), "data": hashes, "recipe": task.hyper.recorded()}


def _folder_hashes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): file_hash(p) for p in sorted(folder.rglob("*")) if p.is_file()}
