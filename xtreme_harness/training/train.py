"""Training as a command, and as the part of an evaluation that makes the heads it misses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Cards
from xtreme_harness.cards.names import split_names
from xtreme_harness.cards.recipe import SAMPLINGS, Recipe, read_recipe
from xtreme_harness.data.sources import Data, parse_data
from xtreme_harness.errors import DataError, ModelError, OutputError, UnnamedLabels, XHarnessError
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import SELF_TESTS, Checkpoint, find_checkpoint
from xtreme_harness.models.fit import head_fault, label_order
from xtreme_harness.plan.cells import Plan, all_cards
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.trackers import require_tracker
from xtreme_harness.training.mixture import require_task_weights
from xtreme_harness.training.stage import Stage, Trained
from xtreme_harness.training.stages import require_training, trained_tasks
from xtreme_harness.training.units import stages_of, target_units, train_unit

__all__ = ["SILENT", "Watch", "missing_units", "plan_training", "train", "train_units"]

log = logging.getLogger("xtreme_harness")


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how training goes; each part may be left out."""

    started: Callable[[Stage, Path], None] = lambda stage, folder: None
    event: Callable[[str, Mapping[str, Any]], None] = lambda name, event: None
    ended: Callable[[Stage, Trained], None] = lambda stage, trained: None


SILENT = Watch()


def plan_training(
    model: str | Path,
    tasks: str | Sequence[str],
    *,
    data: str | Sequence[str] = "hub",
    recipe: str = "xtreme",
    settings: Sequence[str] = (),
    include: Sequence[str | Path] = (),
    limit_train: int | None = None,
    mlm: str | Path | None = None,
    mlm_weight: float | None = None,
    translated: str | Path | None = None,
    translations_only: bool = False,
    sampling: str | None = None,
    seed: int = 42,
    keep_head: bool = False,
    dtype: str = "auto",
    device: str = "auto",
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> Stage:
    """Find what `train` would do, without loading weights; the arguments are those of `train`.

    Raises:
        XHarnessError: for everything that is wrong with names, recipe, checkpoint and data.
    """
    cards = all_cards([Path(place) for place in include])
    names = trained_tasks(cards, split_names(tasks))
    if not names:
        raise DataError("--tasks: names no task; see `xharness tasks list`")
    chosen = _recipe(recipe, settings, cards, sampling, mlm_weight)
    for flag, folder in (("--mlm", mlm), ("--translated", translated)):
        if folder is not None and not Path(folder).is_dir():
            raise DataError(f"{flag} {folder}: no such folder")
    if mlm is not None:
        from xtreme_harness.training.masking import require_texts

        require_texts(Path(mlm))
    if str(model) in SELF_TESTS:
        raise ModelError(f"--model {model}: a self-test has no weights to train; give a checkpoint folder or a Hub id")
    unit = names[0] if len(names) == 1 else "+".join(names)
    if len(names) > 1 and any(len(cards.card(name).train) > 1 for name in names):
        raise DataError(f"--tasks {','.join(names)}: xcopa is trained in two stages, and on its own; name siqa, copa")
    require_task_weights(names, chosen.mixture)
    sources = [data] if isinstance(data, str) else list(data)
    return Stage(
        checkpoint=find_checkpoint(str(model), None, revision),
        tasks=tuple(names) if len(names) > 1 else cards.card(unit).train[-1:],
        name=unit,
        stage="target" if unit in target_units(cards) else "intermediate",
        recipe=chosen,
        cards=cards,
        data=parse_data(sources, cards.tasks),
        seed=seed,
        limit=limit_train,
        mlm=Path(mlm) if mlm is not None else None,
        translated=Path(translated) if translated is not None else None,
        instead=translations_only,
        keep_head=keep_head,
        dtype=dtype,
        device=device,
        trust=trust_remote_code,
    )


def train(
    model: str | Path,
    tasks: str | Sequence[str],
    *,
    output: str | Path | None = None,
    seeds: Sequence[int] = (),
    force: bool = False,
    tracker: str | None = None,
    watch: Watch = SILENT,
    **options: Any,
) -> list[Trained]:
    """Train one task, or several at once, and leave a checkpoint that plain transformers loads.

    Args:
        model: checkpoint folder, Hub id or adapter folder; its encoder is trained, with new heads.
        tasks: cards, groups or globs; a target stands for its English training set.
        output: folder of the checkpoint; default `xharness-out/<model>+<tasks>`.
        seeds: one checkpoint a seed, in `seed-N/`; () = one, by the option `seed`.
        force: train over what another run left.
        tracker: "tensorboard", "wandb" or "trackio".
        watch: who is told how it goes.
        options: the other arguments of `plan_training`: data, recipe, settings ("lr=1e-5" each), limit_train, mlm, ...

    Returns:
        the checkpoint, or one a seed.

    Raises:
        XHarnessError: in one line a fault; what was saved before is intact.
    """
    require_tracker(tracker)
    stage = plan_training(model, tasks, **options)
    for one in stages_of(stage):
        require_training(one)
    out = Path(output) if output else default_folder(model, stage.name)
    if len(set(seeds)) < len(seeds):
        raise DataError(f"--seeds {','.join(map(str, seeds))}: a seed stands twice")
    found = []
    for seed in seeds or [stage.seed]:
        place = out / f"seed-{seed}" if seeds else out
        parts = replace(stage, seed=seed)
        found.append(_unit(parts, place, place / "stages", force, tracker, watch))
    return found


def default_folder(model: str | Path, name: str) -> Path:
    """Where `train` writes when no folder is named.

    >>> default_folder("org/base", "mnli").as_posix()
    'xharness-out/base+mnli'
    """
    place = Path(str(model))
    base = (place.resolve() if place.is_dir() else place).name or "model"
    return Path("xharness-out") / f"{base}+{name}"


def missing_units(plan: Plan, cards: Cards, options: Options) -> dict[str, Stage]:
    """The units of an evaluation that have to be trained first, with what is needed for it.

    Raises:
        CardError: the recipe is wrong.
        DataError: heads are missing and there are no English data to train them on; all of them together.
    """
    if options.self_test or options.train == "never":
        return {}
    recipe = _recipe(options.recipe, options.settings, cards)
    found: dict[str, Stage] = {}
    faults: list[str] = []
    for unit in plan.units():
        if unit is None:
            continue
        checkpoint, fault = _head(unit, cards, options)
        if checkpoint is None or (fault is None and options.train != "always"):
            continue
        stage = _unit_stage(unit, checkpoint, recipe, cards, plan.data, options)
        try:
            for part in stages_of(stage):
                require_training(part)
        except DataError as error:
            why = f"{fault}; " if fault else ""
            faults.extend(f"{why}to train it: {one}" for one in error.faults)
            continue
        found[unit] = stage
    if faults:
        raise DataError(*faults)
    return found


def train_units(
    stages: Mapping[str, Stage], models: Path, tracker: str | None, watch: Watch
) -> tuple[dict[str, Path], dict[str, str]]:
    """Train what is missing, one unit after the other, into `models/<unit>`.

    Returns:
        the checkpoint of every unit that ended well, and the message of every one that failed.

    Raises:
        OutputError: nothing more can be written, which ends the run.
    """
    places: dict[str, Path] = {}
    failed: dict[str, str] = {}
    for unit, stage in stages.items():
        try:
            places[unit] = _unit(stage, models / unit, models, True, tracker, watch).path
        except OutputError:
            raise
        except Exception as error:
            log.info("%s: training failed: %s", unit, error, exc_info=error)
            text = " ".join(str(error).split())
            failed[unit] = text if isinstance(error, XHarnessError) else f"{type(error).__name__}: {text}"
    return places, failed


def _unit(stage: Stage, folder: Path, others: Path, force: bool, tracker: str | None, watch: Watch) -> Trained:
    return train_unit(
        stage,
        folder,
        others,
        replace_other=force,
        tracker=tracker,
        report=watch.event,
        started=watch.started,
        ended=watch.ended,
    )


def _recipe(
    name: str, settings: Sequence[str], cards: Cards, sampling: str | None = None, mlm_weight: float | None = None
) -> Recipe:
    extra = [f"mixture.sampling={sampling}"] if sampling else []
    extra += [f"mlm.weight={mlm_weight}"] if mlm_weight is not None else []
    if sampling and sampling not in SAMPLINGS:
        raise DataError(f"--sampling {sampling}: expected one of {', '.join(SAMPLINGS)}")
    return read_recipe(name, [*settings, *extra], list(cards.tasks))


def _head(unit: str, cards: Cards, options: Options) -> tuple[Checkpoint | None, str | None]:
    """The encoder that a unit would be trained from, and why the model at hand cannot serve the unit as it is.

    No encoder: there is none to train from, or names of labels must be told first; `run.prepare` says so.
    """
    card = cards.card(unit)
    kind = KINDS[card.kind]
    try:
        checkpoint = find_checkpoint(options.model, unit, options.revision)
        base = checkpoint if checkpoint.repo else find_checkpoint(options.model, None, options.revision)
    except ModelError:
        return _only_base(options), f"{options.model}: has no checkpoint for {unit}"
    if kind.head is None:  # a dual encoder; a model made for sentence vectors is one already
        ready = unit in checkpoint.tasks or checkpoint.sentence is not None or checkpoint.path != base.path
        return base, None if ready else f"{checkpoint.name}: no dual encoder for {unit}"
    fault = head_fault(checkpoint, kind.head, card.labels, options.keep_head, unit)
    if fault is not None:
        return base, f"{unit}: {fault}"
    if card.labels and unit not in options.label_orders:
        try:
            label_order(checkpoint, card.labels, card.aliases, unit)
        except ModelError as error:
            untold = isinstance(error, UnnamedLabels) and options.train != "always"
            return (None, None) if untold else (base, str(error))
    return base, None


def _only_base(options: Options) -> Checkpoint | None:
    try:
        return find_checkpoint(options.model, None, options.revision)
    except ModelError:
        return None


def _unit_stage(unit: str, checkpoint: Checkpoint, recipe: Recipe, cards: Cards, data: Data, options: Options) -> Stage:
    return Stage(
        checkpoint=checkpoint,
        tasks=cards.card(unit).train[-1:],
        name=unit,
        stage="target",
        recipe=recipe,
        cards=cards,
        data=data,
        seed=options.seed,
        limit=options.limit_train,
        dtype="auto" if options.dtype == "auto" else options.dtype,
        device=options.device,
        trust=options.trust_remote_code,
    )
