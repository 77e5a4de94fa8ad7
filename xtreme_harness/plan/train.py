"""`train`: from the request to what is ready to be trained, or described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.cards import Cards
from xtreme_harness.cards.recipe import Recipe
from xtreme_harness.data.sources import parse_data
from xtreme_harness.data.texts import read_texts, require_texts
from xtreme_harness.data.translations import load_translated, require_translations
from xtreme_harness.errors import DataError, ModelError
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import SELF_TESTS, Checkpoint, find_checkpoint
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.plan.loading import Hashes, require_masked_head, require_unit
from xtreme_harness.plan.mixture import require_task_weights
from xtreme_harness.plan.request import TrainRequest, default_output
from xtreme_harness.plan.stage import Manner, Unit, resolve_unit
from xtreme_harness.plan.standing import require_folders, require_place
from xtreme_harness.plan.units import chosen_recipe, target_units, trained_units

__all__ = ["PreparedTraining", "prepare_training", "resolve_training"]


@dataclass(frozen=True, slots=True)
class PreparedTraining:
    """A training that nothing stands against."""

    request: TrainRequest
    unit: Unit
    output: Path

    def runs(self) -> list[tuple[Unit, Path]]:
        """What is trained, and the folder of its checkpoint: one a seed."""
        if not self.request.seeds:
            return [(self.unit, self.output)]
        return [(self.unit.with_seed(seed), self.output / f"seed-{seed}") for seed in self.request.seeds]


def prepare_training(request: TrainRequest) -> PreparedTraining:
    """Find everything that `train` needs, without loading weights or writing anything.

    What the files of the training data hold is read when the training is run, or described.

    Raises:
        XHarnessError: for everything that `train` would refuse: names, recipe, checkpoint, data, folder.
    """
    unit = resolve_training(request)
    prepared = PreparedTraining(request, unit, request.output or _default_folder(request.model, unit.name))
    for one, folder in prepared.runs():
        folders = one.folders(folder)
        require_folders(one, folders)
        if not request.force:
            require_place(one, folders)
    return prepared


def resolve_training(request: TrainRequest) -> Unit:
    """Find what is trained, wherever it is written.

    Raises:
        XHarnessError: as `prepare_training`, the folder aside.
    """
    request.require_sense()
    cards = all_cards(request.include)
    names = _names(request, cards)
    recipe = chosen_recipe(request.recipe, request.settings, cards, request.sampling, request.mlm_weight)
    for flag, folder in (("--mlm", request.mlm), ("--translated", request.translated)):
        if folder is not None and not folder.is_dir():
            raise DataError(f"{flag} {folder}: no such folder")
    if request.mlm is not None:
        require_texts(request.mlm)
    if request.model in SELF_TESTS:
        raise ModelError(
            f"--model {request.model}: a self-test has no weights to train; give a checkpoint folder or a Hub id"
        )
    require_task_weights(names, recipe.mixture)
    unit = _unit(request, cards, names, recipe, find_checkpoint(request.model, None, request.revision))
    _require_materials(request, unit)
    return unit


def _names(request: TrainRequest, cards: Cards) -> list[str]:
    names = trained_units(cards, request.tasks)
    if not names:
        raise DataError("--tasks: names no task; see `xharness tasks list`")
    if len(names) > 1 and any(len(cards.card(name).train) > 1 for name in names):
        raise DataError(f"--tasks {','.join(names)}: xcopa is trained in two stages, and on its own; name siqa, copa")
    return names


def _unit(request: TrainRequest, cards: Cards, names: Sequence[str], recipe: Recipe, checkpoint: Checkpoint) -> Unit:
    name = "+".join(names)
    manner = Manner(
        request.seed, request.limit_train, request.mlm, request.translated, request.translations_only,
        request.keep_head, request.dtype, request.device, request.trust_remote_code,
    )  # fmt: skip
    return resolve_unit(
        name,
        names if len(names) > 1 else cards.card(name).train[-1:],
        "target" if name in target_units(cards) else "intermediate",
        checkpoint,
        recipe,
        cards,
        parse_data(request.data, cards.tasks),
        manner,
        Hashes().of(checkpoint),
    )


def _require_materials(request: TrainRequest, unit: Unit) -> None:
    """Refuse a checkpoint that cannot be loaded, texts and translations that cannot be read."""
    require_unit(unit)
    if request.translated is not None:
        for task in (task for stage in unit.stages for task in stage.tasks):
            found = load_translated(task.data, request.translated, KINDS[task.card.kind])
            require_translations(task.card, request.translated, found)
    if request.mlm is not None:
        require_masked_head(unit.checkpoint)
        read_texts(request.mlm)


def _default_folder(model: str, unit: str) -> Path:
    place = default_output(model)
    return place.with_name(f"{place.name}+{unit}")
