"""What one stage of training is, what identifies it, and whether a folder holds it already."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Cards, digest
from xtreme_harness.cards.recipe import Hyper, Recipe
from xtreme_harness.data.sources import Data, file_hash
from xtreme_harness.data.training_sets import located_training, resolved_labels
from xtreme_harness.errors import OutputError
from xtreme_harness.files.text import write_atomic
from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.models.content import content_hash
from xtreme_harness.signature import VERSION, changed_fields, library_versions

__all__ = ["Stage", "Trained", "fields_of", "find_trained", "hyper_of", "refuse_other", "settle"]

log = logging.getLogger("xtreme_harness")


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
    from xtreme_harness.training.loop import precision_of

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
        from xtreme_harness.training.masking import text_hashes

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


def refuse_other(folder: Path, fields: Mapping[str, Any], besides: Collection[str] = ()) -> None:
    """Raise OutputError when a folder holds anything but a run of these fields; those `besides` may differ."""
    if not folder.is_dir():
        return
    earlier = _earlier(folder)
    other = [] if earlier else sorted(p.name for p in folder.iterdir() if not _beginning(p))
    changed = [name for name in changed_fields(earlier, fields) if name not in besides] if earlier else []
    if not (other or changed):
        return
    what = f"holds another run ({', '.join(changed)} differ)" if changed else f"is not empty ({', '.join(other[:3])})"
    raise OutputError(f"{folder}: {what}; name another --output-path, or give --force to train over it")


def _earlier(folder: Path) -> Mapping[str, Any] | None:
    """The fields of the run that a folder holds, finished or not; one that ended before its first state left none."""
    saved = (folder / "training" / "state.pt").exists()
    begun = _read(folder / "training" / "run.json") if saved else None
    return begun or (_read(folder / "xharness.json") or {}).get("fields")


def _beginning(path: Path) -> bool:
    """Is it what a run writes before its first state? Nothing of it is worth keeping."""
    if path.name == "training":
        return all(part.name == "run.json" or part.name.startswith((".", "best-")) for part in path.iterdir())
    own = (".lock", ".writable", "log.txt", "stages", "train.jsonl")
    return path.name in own or path.match("translations-*.json")


def settle(folder: Path, fields: Mapping[str, Any], replace_other: bool) -> None:
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


def _folder_hashes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): file_hash(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        read = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None
