"""`train`: from the request to what is ready to be trained, or described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from xtreme_harness.cards import Cards
from xtreme_harness.cards.recipe import Recipe
from xtreme_harness.data.sources import Data, parse_data
from xtreme_harness.data.texts import read_texts, require_texts
from xtreme_harness.data.trained_on import ALL, ENGLISH, TARGET, TrainedOn
from xtreme_harness.data.training_sets import languages_with_training
from xtreme_harness.data.translations import load_translated, require_translations
from xtreme_harness.errors import DataError, ModelError
from xtreme_harness.jobs import worker_count
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import SELF_TESTS, Checkpoint, find_checkpoint
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.plan.engines import patience
from xtreme_harness.plan.loading import Hashes, require_masked_head, require_unit
from xtreme_harness.plan.mixture import require_task_weights
from xtreme_harness.plan.request import TrainRequest, default_output
from xtreme_harness.plan.stage import Manner, Unit, resolve_unit
from xtreme_harness.plan.standing import require_folders, require_place
from xtreme_harness.plan.training_languages import trained_on
from xtreme_harness.plan.units import chosen_recipe, target_units, trained_units

__all__ = ["PreparedTraining", "prepare_training", "resolve_training"]

_INSTEAD = "--train-on english, all, or codes"


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


def prepare_training(request: TrainRequest, *, alone: bool = False) -> PreparedTraining:
    """Find everything that `train` needs, without loading weights or writing anything.

    What the files of the training data hold is read when the training is run, or described.

    Args:
        request: the training.
        alone: for one job of it, which looks after its own files: others may be writing theirs.

    Raises:
        XHarnessError: for everything that `train` would refuse: names, recipe, checkpoint, data, folder.
    """
    unit = resolve_training(request)
    prepared = PreparedTraining(request, unit, request.output or _default_folder(request.model, unit.name))
    engine = request.engine
    wait = 0.0 if worker_count(engine) == 1 else patience(engine)
    for one, folder in prepared.runs() if not alone else ():
        folders = one.folders(folder)
        require_folders(one, folders, wait)
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


def _languages(request: TrainRequest, cards: Cards, tasks: Sequence[str], data: Data) -> dict[str, TrainedOn]:
    """What every task is trained on: as the command says, or its card."""
    found: dict[str, TrainedOn] = {}
    faults: list[str] = []
    for name in tasks:
        card = cards.card(name)
        own = (card.train_on,) if isinstance(card.train_on, str) else card.train_on
        words, said = (request.train_on, "--train-on") if request.train_on else (own, f"{name}: train_on")
        select = request.select_on or card.select_on
        if words == (TARGET,):
            faults.append(f"{name}: its card says train_on: target, and train leaves one checkpoint; add {_INSTEAD}")
            continue
        single = words[0] if len(words) == 1 and words[0] not in (ENGLISH, ALL) else None
        if select == TARGET and single is None and words != (ENGLISH,):
            faults.append(
                f"{name}: select_on target: a checkpoint of several languages has none; add --select-on english"
            )
            continue
        try:
            found[name] = trained_on(card, words, select, single, partial(_with_data, cards, data), said)
        except DataError as error:
            faults.extend(error.faults)
            continue
        if request.translated is not None and not found[name].on_english:
            faults.append(f"{name}: --translated {request.translated}: is of the English data; add --train-on english")
    if faults:
        raise DataError(*faults)
    return found


def _with_data(cards: Cards, data: Data, task: str) -> tuple[str, ...]:
    return languages_with_training(cards.card(task), cards, data)


def _unit(request: TrainRequest, cards: Cards, names: Sequence[str], recipe: Recipe, checkpoint: Checkpoint) -> Unit:
    name = "+".join(names)
    tasks = names if len(names) > 1 else cards.card(name).train[-1:]
    data = parse_data(request.data, cards.tasks)
    manner = Manner(
        request.seed, request.limit_train, request.mlm, request.translated, request.translations_only,
        request.keep_head, request.dtype, request.device, request.trust_remote_code, request.engine.elsewhere,
    )  # fmt: skip
    return resolve_unit(
        name,
        tasks,
        "target" if name in target_units(cards) else "intermediate",
        checkpoint,
        recipe,
        cards,
        data,
        manner,
        Hashes().of(checkpoint),
        _languages(request, cards, tasks, data),
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
