"""A training stage, from names to a checkpoint: data, lessons, the loop, the saved result.

Intermediate-task training is two stages, one after the other; training a target alone is one.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.data.training_sets import load_training, located_training, resolved_labels
from xtreme_harness.errors import DataError
from xtreme_harness.files.folder import locked
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import require_weights, tokenizer_holder
from xtreme_harness.records import Split
from xtreme_harness.signature import VERSION, fingerprint
from xtreme_harness.training.journal import Journal
from xtreme_harness.training.processes import is_main_process
from xtreme_harness.training.stage import Stage, Trained, fields_of, find_trained, hyper_of, settle

__all__ = ["require_training", "train_stage", "trained_tasks"]

log = logging.getLogger("xtreme_harness")


def trained_tasks(cards: Cards, names: Sequence[str]) -> list[str]:
    """The training units that tasks named to `train` stand for: XQuAD and MLQA are trained on SQuAD."""
    found: dict[str, None] = {}
    for name in names:
        for task in cards.select(name):
            card = cards.card(task)
            units = (card.unit,) if card.unit else card.train[-1:]
            if not units:
                raise DataError(f"{task}: has no training data; the encoder is evaluated as it is")
            found.update(dict.fromkeys(units))
    return list(found)


def require_training(stage: Stage) -> None:
    """Raise DataError for every task of a stage whose English training data are not to be had."""
    faults: list[str] = []
    for task in stage.tasks:
        card = stage.cards.card(task)
        try:
            resolved_labels(card, stage.data)
            found = located_training(card, stage.cards, stage.data, "train")
        except DataError as error:
            faults.extend(error.faults)
            continue
        if not found:
            place = stage.data.named.get(task, stage.data.name)
            hint = "use --data hub, or a folder that has it" if place != "hub" else "give a folder by --data DIR"
            faults.append(f"{task}: {place} has no English training data; {hint}. {card.note}".strip())
    if faults:
        raise DataError(*faults)


def train_stage(
    stage: Stage,
    folder: Path,
    *,
    replace_other: bool = False,
    tracker: str | None = None,
    report: Callable[[Mapping[str, Any]], None] = lambda event: None,
    started: Callable[[], None] = lambda: None,
) -> Trained:
    """Train one stage into a folder; a finished one is kept, an interrupted one continued.

    Args:
        stage: what to train.
        folder: becomes the checkpoint.
        replace_other: train over what another run left there; else that is an error.
        tracker: of experiments, by accelerate's name.
        report: called with the loop's events.
        started: called when there is something to train.

    Raises:
        OutputError: the folder holds another run, or cannot be written.
        XHarnessError: for whatever is wrong with data or checkpoint, before any step.
    """
    require_training(stage)
    tokenizer_holder(stage.checkpoint)
    if stage.checkpoint.repo is None:
        require_weights(stage.checkpoint, stage.checkpoint.path)
    fields = fields_of(stage)
    folder.mkdir(parents=True, exist_ok=True)
    main = is_main_process()
    with locked(folder) if main else nullcontext():
        kept = find_trained(folder, fields)
        if kept is not None:
            return kept
        if main:
            settle(folder, fields, replace_other)
            started()
        return _trained(stage, folder, fields, tracker, report)


def _trained(
    stage: Stage,
    folder: Path,
    fields: Mapping[str, Any],
    tracker: str | None,
    report: Callable[[Mapping[str, Any]], None],
) -> Trained:
    from xtreme_harness.models.head_table import MASKED_LM
    from xtreme_harness.training.course import head_of
    from xtreme_harness.training.loop import fit
    from xtreme_harness.training.masking import MLM, masked_course, read_texts
    from xtreme_harness.training.network import Role, build
    from xtreme_harness.training.saving import save_checkpoint

    loaded = {task: _loaded(stage, task, folder) for task in stage.tasks}
    roles = []
    for task, (card, _, _) in loaded.items():
        group = hyper_of(stage, task).softmax_group
        roles.append(Role(task, head_of(KINDS[card.kind]), card.labels, card.aliases, group))
    if stage.mlm is not None:
        roles.append(Role(MLM, MASKED_LM))
    hyper = hyper_of(stage)
    trainee = build(stage.checkpoint, roles, hyper, stage.seed, stage.keep_head, stage.trust)
    courses = [_course(stage, role, *loaded[role.task], trainee.tokenizer) for role in roles if role.task != MLM]
    if stage.mlm is not None:
        courses.append(masked_course(read_texts(stage.mlm), stage.recipe.mlm, trainee.tokenizer, hyper, stage.seed))
    _warn(stage, trainee.kept, [course for course in courses if course.role.task != MLM], hyper.selection)
    journal = Journal(folder / "train.jsonl", report)
    outcome = fit(
        trainee,
        courses,
        hyper,
        stage.recipe.mixture,
        folder / "training",
        stage.seed,
        device=stage.device,
        dtype=stage.dtype,
        extra=stage.recipe.mlm.weight if stage.mlm is not None else None,
        key=fingerprint(fields),
        tracker=tracker,
        report=journal.write,
    )
    notes = _notes(stage, fields, outcome, {task: len(split.examples) for task, (_, split, _) in loaded.items()})
    saved = list(stage.tasks) if len(stage.tasks) == 1 else [role.task for role in roles]
    if is_main_process():
        save_checkpoint(trainee, saved, folder, notes, stage.checkpoint.path)
        shutil.rmtree(folder / "training", ignore_errors=True)
    return Trained(folder, False, notes)


def _loaded(stage: Stage, task: str, folder: Path) -> tuple[TaskCard, Split[Any], Split[Any] | None]:
    """Card with labels and length, training split (limited, translated), dev split."""
    from xtreme_harness.training.course import card_for, limited

    card = card_for(resolved_labels(stage.cards.card(task), stage.data), hyper_of(stage, task))
    kind = KINDS[card.kind]
    train = load_training(card, stage.cards, stage.data, "train", KINDS)
    if train is None:
        raise DataError(f"{task}: no English training data")
    if stage.translated is not None:
        from xtreme_harness.training.translated import load_translated, mixed, report_quality, require_translations

        found = load_translated(card, stage.cards, stage.translated, KINDS)
        require_translations(card, stage.translated, found)
        report_quality(card, stage.cards, train, found, stage.translated, KINDS, folder / f"translations-{task}.json")
        train = mixed(train, found, stage.instead)
    wanted = kind.gold
    train = limited(train, stage.limit, stage.seed, wanted)
    return card, train, load_training(card, stage.cards, stage.data, "dev", KINDS)


def _course(stage: Stage, role: Any, card: TaskCard, train: Split[Any], dev: Split[Any] | None, tokenizer: Any) -> Any:
    from xtreme_harness.training.course import Course, lessons_of

    kind = KINDS[card.kind]
    lessons = lessons_of(kind, train, tokenizer, card)
    if not lessons:
        raise DataError(f"{role.task}: none of the {len(train.examples)} training examples has a gold answer")
    usable = dev if dev is not None and all(kind.gold(e) is not None for e in dev.examples) else None
    by_loss = lessons_of(kind, usable, tokenizer, card) if usable is not None and kind.head is None else []
    scored = usable if kind.head is not None else None
    return Course(role, hyper_of(stage, role.task), lessons, kind, card, scored, by_loss)


def _warn(stage: Stage, kept: Collection[str], courses: Sequence[Any], selection: str) -> None:
    """Tell what was asked for and cannot be had."""
    for course in courses:
        if stage.keep_head and course.name not in kept:
            log.warning(
                "%s: --keep-head: %s has no head that fits; a new one is trained", course.name, stage.checkpoint.name
            )
    if selection == "best" and not any(course.dev is not None or course.dev_lessons for course in courses):
        log.warning("%s: no English dev data to select weights on; the last ones are kept", stage.name)


def _notes(stage: Stage, fields: Mapping[str, Any], outcome: Any, sizes: Mapping[str, int]) -> dict[str, Any]:
    """What `xharness.json` says of a checkpoint; nothing in it depends on when or how fast it was made."""
    base = stage.checkpoint
    own = {
        "stage": stage.stage,
        "tasks": list(stage.tasks),
        "data": {task: values["data"] for task, values in fields["tasks"].items()},
        "examples": dict(sizes),
        "recipe": {"name": stage.recipe.name, "comparable": stage.recipe.comparable, "values": fields["optimizer"]},
        "seed": stage.seed,
        "limit_train": stage.limit,
        "mlm": fields["mlm"],
        "translated": fields["translated"],
        "steps": outcome.steps,
        "steps_by_task": outcome.counts,
        "selected_step": outcome.best.step or outcome.steps,
        "dev": dict(outcome.best.scores or {}),
        "fingerprint": fingerprint(fields),
        "version": VERSION,
    }
    earlier = [dict(one) for one in base.lineage]
    if not earlier:
        earlier = [{"stage": "base", "data": None, "recipe": None, "checkpoint": base.name}]
    earlier[-1] = {**earlier[-1], "checkpoint_hash": fields["base"]}
    names = list(stage.tasks) if len(stage.tasks) > 1 else [stage.name]
    return {"stage": stage.stage, "tasks": names, "lineage": [*earlier, own], "fields": dict(fields)}
