"""A training stage, from names to a checkpoint: data, lessons, the loop, the saved result.

Intermediate-task training is two stages, one after the other; training a target alone is one.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Cards, TaskCard, digest
from xtreme_harness.data.sources import Data
from xtreme_harness.data.training import load_training, located_training, resolved_labels
from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import Checkpoint, content_hash, require_weights, tokenizer_holder
from xtreme_harness.output import locked
from xtreme_harness.records import Split
from xtreme_harness.signature import VERSION, changed_fields, fingerprint, library_versions
from xtreme_harness.submission import write_atomic
from xtreme_harness.train.recipe import Hyper, Recipe

__all__ = [
    "Stage",
    "Trained",
    "fields_of",
    "find_trained",
    "hyper_of",
    "refuse_other",
    "require_training",
    "train_stage",
    "trained_tasks",
]

log = logging.getLogger("xtreme_harness")
MLM = "mlm"


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage trains, from what, with what."""

    checkpoint: Checkpoint  # where the encoder comes from
    tasks: tuple[str, ...]  # cards, all trained at once
    name: str  # what the result is trained for: a task, or a unit of evaluation such as xcopa
    stage: str  # "intermediate" | "target"
    recipe: Recipe
    cards: Cards
    data: Data
    seed: int = 42
    limit: int | None = None  # training examples a task
    mlm: Path | None = None  # folder of texts, one file a language
    translated: Path | None = None  # folder of machine-translated training data
    instead: bool = False  # translations instead of the English data, not beside it
    keep_head: bool = False
    dtype: str = "auto"
    device: str = "auto"
    trust: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished stage."""

    path: Path
    kept: bool  # was it there already?
    notes: Mapping[str, Any] = field(default_factory=dict)  # xharness.json


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


def hyper_of(stage: Stage, task: str = "") -> Hyper:
    """The hyper-parameters of a task of a stage; "" is what the optimiser of a run over several has."""
    only = stage.tasks[0] if len(stage.tasks) == 1 and not task else task
    return stage.recipe.hyper(only, hidden_size(stage.checkpoint))


def hidden_size(checkpoint: Checkpoint) -> int:
    """Width of the encoder, by which a recipe tells large models."""
    for key in ("hidden_size", "d_model", "emb_dim", "dim", "n_embd"):
        if checkpoint.config.get(key):
            return int(checkpoint.config[key])
    return 0


def fields_of(stage: Stage) -> dict[str, Any]:
    """Everything that could change the trained weights, for the fingerprint."""
    from xtreme_harness.train.loop import precision_of

    tasks = {}
    for task in stage.tasks:
        card = resolved_labels(stage.cards.card(task), stage.data)
        splits: tuple[Any, ...] = ("train", "dev")
        places = {split: located_training(card, stage.cards, stage.data, split) for split in splits}
        hashes = {s: {k: v for one in found for k, v in one.hashes().items()} for s, found in places.items()}
        tasks[task] = {"card": digest(card), "data": hashes, "recipe": hyper_of(stage, task).model_dump()}
    found = {
        "name": stage.name,
        "stage": stage.stage,
        "base": stage.checkpoint.commit or content_hash(stage.checkpoint.path),
        "tasks": tasks,
        "optimizer": hyper_of(stage).model_dump(),
        "mixture": stage.recipe.mixture.model_dump() if len(stage.tasks) > 1 else None,
        "mlm": None,
        "translated": None,
        "seed": stage.seed,
        "limit_train": stage.limit,
        "keep_head": stage.keep_head,
        "dtype": precision_of(hyper_of(stage), stage.dtype, stage.device),
        "libraries": {"xtreme-harness": VERSION, **library_versions()},
    }
    if stage.mlm is not None:
        from xtreme_harness.train.masking import text_hashes

        found["mlm"] = {"texts": text_hashes(stage.mlm), "recipe": stage.recipe.mlm.model_dump()}
    if stage.translated is not None:
        found["translated"] = {"files": _folder_hashes(stage.translated), "instead": stage.instead}
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def find_trained(folder: Path, fields: Mapping[str, Any]) -> Trained | None:
    """A finished checkpoint of exactly these fields; None where there is none."""
    notes = _read(folder / "xharness.json")
    if notes is None or notes.get("fields") != dict(fields):
        return None
    return Trained(folder, True, notes)


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
    with locked(folder):
        kept = find_trained(folder, fields)
        if kept is not None:
            return kept
        _settle(folder, fields, replace_other)
        started()
        return _trained(stage, folder, fields, tracker, report)


def refuse_other(folder: Path, fields: Mapping[str, Any], besides: Collection[str] = ()) -> None:
    """Raise OutputError when a folder holds anything but a run of these fields; those `besides` may differ."""
    if not folder.is_dir():
        return
    earlier = _earlier(folder)
    own = (".lock", ".writable", "log.txt", "stages")
    other = [] if earlier else sorted(p.name for p in folder.iterdir() if p.name not in own)
    changed = [name for name in changed_fields(earlier, fields) if name not in besides] if earlier else []
    if not (other or changed):
        return
    what = f"holds another run ({', '.join(changed)} differ)" if changed else f"is not empty ({', '.join(other[:3])})"
    raise OutputError(f"{folder}: {what}; name another --output-path, or give --force to train over it")


def _earlier(folder: Path) -> Mapping[str, Any] | None:
    """The fields of the run that a folder holds, finished or not."""
    return _read(folder / "training" / "run.json") or (_read(folder / "xharness.json") or {}).get("fields")


def _settle(folder: Path, fields: Mapping[str, Any], replace_other: bool) -> None:
    """Make sure that the folder is empty, holds the beginnings of this very run, or may be written over."""
    work = folder / "training"
    if not replace_other:
        refuse_other(folder, fields)
    earlier = _earlier(folder)
    changed = changed_fields(earlier, fields) if earlier else ()
    if changed:
        log.warning("%s: trained anew, because %s changed", folder, ", ".join(changed))
    if changed or not earlier:
        shutil.rmtree(work, ignore_errors=True)
        (folder / "train.jsonl").unlink(missing_ok=True)
    write_atomic(work / "run.json", json.dumps(fields) + "\n")


def _trained(
    stage: Stage,
    folder: Path,
    fields: Mapping[str, Any],
    tracker: str | None,
    report: Callable[[Mapping[str, Any]], None],
) -> Trained:
    from xtreme_harness.train.checkpoint import save_checkpoint
    from xtreme_harness.train.course import head_of
    from xtreme_harness.train.loop import fit
    from xtreme_harness.train.network import Role, build
    from xtreme_harness.train.objectives import MASKED_LM

    loaded = {task: _loaded(stage, task) for task in stage.tasks}
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
        from xtreme_harness.train.masking import masked_course, read_texts

        courses.append(masked_course(read_texts(stage.mlm), stage.recipe.mlm, trainee.tokenizer, hyper, stage.seed))
    journal = _Journal(folder / "train.jsonl", report)
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
    save_checkpoint(trainee, saved, folder, notes)
    shutil.rmtree(folder / "training", ignore_errors=True)
    return Trained(folder, False, notes)


def _loaded(stage: Stage, task: str) -> tuple[TaskCard, Split[Any], Split[Any] | None]:
    """Card with labels and length, training split (limited, translated), dev split."""
    from xtreme_harness.train.course import card_for, limited

    card = card_for(resolved_labels(stage.cards.card(task), stage.data), hyper_of(stage, task))
    kind = KINDS[card.kind]
    train = load_training(card, stage.cards, stage.data, "train", KINDS)
    if train is None:
        raise DataError(f"{task}: no English training data")
    if stage.translated is not None:
        from xtreme_harness.train.translated import load_translated, mixed

        train = mixed(train, load_translated(card, stage.cards, stage.translated, KINDS), stage.instead)
    wanted = kind.gold
    train = limited(train, stage.limit, stage.seed, wanted)
    return card, train, load_training(card, stage.cards, stage.data, "dev", KINDS)


def _course(stage: Stage, role: Any, card: TaskCard, train: Split[Any], dev: Split[Any] | None, tokenizer: Any) -> Any:
    from xtreme_harness.train.course import Course, lessons_of

    kind = KINDS[card.kind]
    lessons = lessons_of(kind, train, tokenizer, card)
    if not lessons:
        raise DataError(f"{role.task}: none of the {len(train.examples)} training examples has a gold answer")
    usable = dev if dev is not None and all(kind.gold(e) is not None for e in dev.examples) else None
    by_loss = lessons_of(kind, usable, tokenizer, card) if usable is not None and kind.head is None else []
    scored = usable if kind.head is not None else None
    return Course(role, hyper_of(stage, role.task), lessons, kind, card, scored, by_loss)


class _Journal:
    """Writes the loop's events to `train.jsonl`; a continued run drops those that it will see again."""

    def __init__(self, path: Path, report: Callable[[Mapping[str, Any]], None]) -> None:
        self.path, self.report, self.first = path, report, True

    def write(self, event: Mapping[str, Any]) -> None:
        """Append one event."""
        self.report(event)
        if self.first:
            self.first = False
            write_atomic(self.path, "".join(_before(self.path, int(event["step"]))))
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event) + "\n")
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror})") from None


def _before(path: Path, step: int) -> list[str]:
    if not path.exists():
        return []
    kept = []
    for line in path.read_text("utf-8").splitlines(keepends=True):
        try:
            if json.loads(line)["step"] < step:
                kept.append(line)
        except (ValueError, KeyError):
            continue
    return kept


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


def _folder_hashes(folder: Path) -> dict[str, str]:
    from xtreme_harness.data.sources import file_hash

    return {p.relative_to(folder).as_posix(): file_hash(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        read = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None
