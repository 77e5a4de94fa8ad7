"""A stage of training, from what was resolved to a checkpoint: lessons, the loop, the saved result."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.data.training_sets import by_languages
from xtreme_harness.data.translations import load_translated, require_translations
from xtreme_harness.errors import DataError
from xtreme_harness.files.folder import locked, open_output
from xtreme_harness.files.text import write_atomic
from xtreme_harness.jobs import SILENT, Watch
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.stage import Stage, StageTask, languages_of
from xtreme_harness.plan.standing import Trained, earlier_fields, find_trained, refuse_other
from xtreme_harness.records import Split
from xtreme_harness.signature import VERSION, changed_fields, fingerprint
from xtreme_harness.training.journal import Journal
from xtreme_harness.training.processes import is_main_process

__all__ = ["LOST", "load_task", "make_course", "train_stage"]

LOST = 150.0  # seconds after which a network file system has dropped the locks of a machine that was lost
log = logging.getLogger("xtreme_harness")


def train_stage(
    stage: Stage, folder: Path, *, replace_other: bool = False, tracker: str | None = None, watch: Watch = SILENT,
    scored: bool = False,
) -> Trained:  # fmt: skip
    """Train one stage into a folder; a finished one is kept, an interrupted one continued.

    Args:
        stage: what to train.
        folder: becomes the checkpoint.
        replace_other: train over what another run left there; else that is an error.
        tracker: of experiments, by accelerate's name.
        watch: who is told.
        scored: must it have a dev score?

    Raises:
        OutputError: the folder holds another run, or cannot be written.
        XHarnessError: for whatever is wrong with data or checkpoint, before any step.
    """
    main = is_main_process()
    if main:
        open_output(folder, wait=LOST)
    with locked(folder, LOST) if main else nullcontext():
        kept = find_trained(folder, stage.fields)
        if kept is not None:
            return kept
        if main:
            _settle(folder, stage.fields, replace_other)
            watch.started(stage, folder)
        return _trained(stage, folder, tracker, watch, scored)


def _told(watch: Watch, stage: Stage, folder: Path, event: Mapping[str, Any]) -> None:
    """Say where, too: of several seeds or runs at once, stages have the same name."""
    watch.event(stage.name, {**event, "folder": str(folder)})


def _settle(folder: Path, fields: Mapping[str, Any], replace_other: bool) -> None:
    """Make sure that the folder is empty, holds the beginnings of this very run, or may be written over."""
    work = folder / "training"
    if not replace_other:
        refuse_other(folder, fields)
    earlier = earlier_fields(folder)
    changed = changed_fields(earlier, fields) if earlier else ()
    if changed:
        log.warning("%s: trained anew, because %s changed", folder, ", ".join(changed))
    if changed or not earlier:
        shutil.rmtree(work, ignore_errors=True)
        (folder / "train.jsonl").unlink(missing_ok=True)
    write_atomic(work / "run.json", json.dumps(dict(fields)) + "\n")


def _trained(stage: Stage, folder: Path, tracker: str | None, watch: Watch, scored: bool) -> Trained:
    from xtreme_harness.data.texts import read_texts
    from xtreme_harness.models.head_table import MASKED_LM
    from xtreme_harness.training.course import head_of
    from xtreme_harness.training.loop import fit
    from xtreme_harness.training.masking import MLM, masked_course
    from xtreme_harness.training.network import Role, build
    from xtreme_harness.training.saving import save_checkpoint

    manner = stage.manner
    splits = {task.name: load_task(stage, task, folder) for task in stage.tasks}
    roles = [
        Role(task.name, head_of(KINDS[task.card.kind]), task.card.labels, task.card.aliases, task.hyper.softmax_group)
        for task in stage.tasks
    ]
    masked = [Role(MLM, MASKED_LM)] if manner.mlm is not None else []
    trainee = build(stage.checkpoint, [*roles, *masked], stage.hyper, manner.seed, manner.keep_head, manner.trust)
    courses = [
        make_course(task, role, *splits[task.name], trainee.tokenizer)
        for task, role in zip(stage.tasks, roles, strict=True)
    ]
    _warn(stage, trainee.kept, courses, scored)
    if manner.mlm is not None:
        masking = stage.recipe.mlm
        courses.append(masked_course(read_texts(manner.mlm), masking, trainee.tokenizer, stage.hyper, manner.seed))
    outcome = fit(
        trainee,
        courses,
        stage.hyper,
        stage.recipe.mixture,
        folder / "training",
        manner.seed,
        device=manner.device,
        dtype=stage.fields["dtype"],
        extra=stage.recipe.mlm.weight if manner.mlm is not None else None,
        key=fingerprint(stage.fields),
        tracker=tracker,
        report=Journal(folder / "train.jsonl", partial(_told, watch, stage, folder)).write,
    )
    notes = _notes(stage, outcome, {name: len(train.examples) for name, (train, _) in splits.items()})
    saved = list(stage.task_names) if len(stage.tasks) == 1 else [role.task for role in [*roles, *masked]]
    if is_main_process():
        save_checkpoint(trainee, saved, folder, notes, stage.checkpoint.path)
        shutil.rmtree(folder / "training", ignore_errors=True)
    return Trained(folder, False, notes)


def load_task(stage: Stage, task: StageTask, folder: Path) -> tuple[Split[Any], Split[Any] | None]:
    """The training split of a task, limited and translated as the stage says, and its dev split.

    The limit is of every language that is trained on; of English with its translations it is of all together.

    Args:
        stage: with the limit, the seed, the translations.
        task: one of its tasks.
        folder: where the report on the translations is written.
    """
    from xtreme_harness.training.course import limited
    from xtreme_harness.training.translated import mixed, report_quality

    kind, manner = KINDS[task.card.kind], stage.manner
    parts = task.data.load_each(kind)
    if not parts:
        raise DataError(f"{task.name}: no training data in {task.data.trained.words}")
    if manner.translated is not None:
        train = by_languages(parts)
        found = load_translated(task.data, manner.translated, kind)
        require_translations(task.card, manner.translated, found)
        report = folder / f"translations-{task.name}.json"
        report_quality(task.data, train, found, manner.translated, KINDS, report)
        parts = {train.language: mixed(train, found, manner.translations_only)}
    limits = {code: limited(part, manner.limit, manner.seed, kind.gold) for code, part in parts.items()}
    return by_languages(limits), task.data.load("dev", kind)


def make_course(task: StageTask, role: Any, train: Split[Any], dev: Split[Any] | None, tokenizer: Any) -> Any:
    """What the loop is given of a task: its lessons, and the data that select the weights."""
    from xtreme_harness.training.course import Course, lessons_of

    kind = KINDS[task.card.kind]
    lessons = lessons_of(kind, train, tokenizer, task.card)
    if not lessons:
        raise DataError(f"{task.name}: none of the {len(train.examples)} training examples has a gold answer")
    usable = dev if dev is not None and all(kind.gold(e) is not None for e in dev.examples) else None
    by_loss = lessons_of(kind, usable, tokenizer, task.card) if usable is not None and kind.head is None else []
    scored = usable if kind.head is not None else None
    languages = task.data.trained.languages
    own = languages[0] if len(languages) == 1 else "en"  # of several joined, as of translations beside the English
    return Course(role, task.hyper, lessons, kind, task.card, scored, by_loss, language=own)


def _warn(stage: Stage, kept: Collection[str], courses: Sequence[Any], scored: bool) -> None:
    """Tell what was asked for and cannot be had; DataError where nothing could be scored that must be."""
    for course in courses:
        if stage.manner.keep_head and course.name not in kept:
            log.warning(
                "%s: --keep-head: %s has no head that fits; a new one is trained", course.name, stage.checkpoint.name
            )
    selected = any(course.dev is not None or course.dev_lessons for course in courses)
    if scored and not selected:
        raise DataError(f"{stage.name}: the dev data has no gold to choose among trainings on; give one value")
    if stage.hyper.selection == "best" and not selected:
        trained = stage.tasks[0].data.trained
        words = "English" if trained.select == trained.english else trained.select
        log.warning("%s: no %s dev data to select weights on; the last ones are kept", stage.name, words)


def _notes(stage: Stage, outcome: Any, sizes: Mapping[str, int]) -> dict[str, Any]:
    """What `xharness.json` says of a checkpoint; nothing in it depends on when or how fast it was made."""
    base, fields = stage.checkpoint, stage.fields
    own = {
        "stage": stage.level,
        "tasks": list(stage.task_names),
        "data": {task: values["data"] for task, values in fields["tasks"].items()},
        "examples": dict(sizes),
        "recipe": {"name": stage.recipe.name, "comparable": stage.recipe.comparable, "values": fields["optimizer"]},
        "seed": stage.manner.seed,
        "limit_train": stage.manner.limit,
        **languages_of(stage.tasks),
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
    names = list(stage.task_names) if len(stage.tasks) > 1 else [stage.serves or stage.name]
    return {"stage": stage.level, "tasks": names, "lineage": [*earlier, own], "fields": dict(fields)}
