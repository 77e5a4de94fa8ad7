"""Trained networks as checkpoints that plain transformers loads, with their lineage in `xharness.json`.

One task leaves a checkpoint. Several leave the shared encoder as a checkpoint, and beside it `heads/<task>`: the head's
weights, its configuration, and where its encoder lies.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.files.json_text import json_text
from xtreme_harness.files.lasting import sync_tree
from xtreme_harness.files.regular import open_regular
from xtreme_harness.files.within import within
from xtreme_harness.models.content import NOT_WEIGHTS
from xtreme_harness.models.heads import HeadedEncoder, save_headed
from xtreme_harness.models.known_keys import ENCODER
from xtreme_harness.models.sentence import sentence_files
from xtreme_harness.plan.paths import NOTES
from xtreme_harness.training.network import DualEncoder, Trainee, encoder_of, merge_adapters
from xtreme_harness.training.placing import put_in_place

__all__ = ["save_checkpoint"]

_NEW = ".saving"


def save_checkpoint(
    trainee: Trainee, tasks: Sequence[str], folder: Path, notes: Mapping[str, Any], base: Path | None = None
) -> None:
    """Write the trained weights to a folder; what stood there is replaced when everything is written.

    Args:
        trainee: with the weights.
        tasks: its members, in order.
        folder: where the checkpoint will be.
        notes: what `xharness.json` says: stage, tasks, lineage ...
        base: the checkpoint that was trained; one of sentence-transformers stays one, so that its vectors are read as
            before. A dual encoder is read as it was trained.

    Raises:
        OutputError: it cannot be written; a checkpoint that stood there before is intact.
    """
    from transformers.utils import logging as chatter

    merge_adapters(trainee)
    chatter.disable_progress_bar()
    new = folder / _NEW
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        _write(trainee, tasks, new, notes)
        if base is not None and not any(isinstance(trainee.members[task], DualEncoder) for task in tasks):
            _copy_sentence_files(base, new)
        sync_tree(new)
    except Exception as error:  # safetensors, tokenizers and torch each have their own
        shutil.rmtree(new, ignore_errors=True)
        full = (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "No space left" in str(error)
        reason = "no space left on the disk" if full else " ".join(str(error).split())[:160]
        raise OutputError(
            f"{folder}: the checkpoint cannot be saved ({reason}); what stood there is intact; "
            "make room and run the same command: training continues from its last state"
        ) from error
    put_in_place(new, folder)


def _copy_sentence_files(base: Path, new: Path) -> None:
    """Give a checkpoint the files by which the vectors of its base are read; none takes the place of its own."""
    for name in sentence_files(base):
        place = within(new, name)
        if place.parts[len(new.parts)] in NOT_WEIGHTS or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with open_regular(base / name) as source, place.open("xb") as copy:
            shutil.copyfileobj(source, copy)


def _write(trainee: Trainee, tasks: Sequence[str], folder: Path, notes: Mapping[str, Any]) -> None:
    raw = trainee.tokenizer.raw
    if "local_files_only" in raw.init_kwargs:  # whether there is a network here is no property of a checkpoint
        raw.init_kwargs["local_files_only"] = False
    raw.save_pretrained(folder)
    if len(tasks) == 1:
        _write_one(trainee.members[tasks[0]], trainee.names[tasks[0]], folder, notes)
        return
    encoder_of(trainee.members[tasks[0]]).save_pretrained(folder)
    _write_notes(folder, notes)
    for task in tasks:
        place = folder / "heads" / task
        place.mkdir(parents=True)
        own = {**notes, "tasks": [task], "encoder": ENCODER}
        _write_head(trainee.members[task], trainee.names[task], place, own)


def _write_one(member: Any, labels: Sequence[str], folder: Path, notes: Mapping[str, Any]) -> None:
    if isinstance(member, HeadedEncoder):
        save_headed(member, labels, folder, notes)
    elif isinstance(member, DualEncoder):
        member.encoder.save_pretrained(folder)
        _write_notes(folder, {**notes, "scale": float(member.scale.detach())})
    else:
        member.save_pretrained(folder)
        _write_notes(folder, notes)


def _write_head(member: Any, labels: Sequence[str], folder: Path, notes: Mapping[str, Any]) -> None:
    """The part of a network that is not the shared encoder."""
    from safetensors.torch import save_file

    if isinstance(member, HeadedEncoder):
        state: Mapping[str, Any] = member.head.state_dict()
        described = {"class": member.task, "labels": list(labels), "pool": member.pool}
        member.config.save_pretrained(folder)
        _write_notes(folder, {**notes, "head": described})
    else:
        shared = {id(p) for p in encoder_of(member).parameters()} | {id(b) for b in encoder_of(member).buffers()}
        own = {id(v): name for name, v in reversed(member.state_dict(keep_vars=True).items()) if id(v) not in shared}
        state = {name: member.get_parameter(name) for name in own.values()}  # a tied tensor under its first name
        network = member.encoder if isinstance(member, DualEncoder) else member
        member.config.architectures = [type(network).__name__]
        member.config.save_pretrained(folder)
        _write_notes(folder, notes)
    save_file({name: v.detach().cpu().contiguous() for name, v in state.items()}, folder / "head.safetensors")


def _write_notes(folder: Path, notes: Mapping[str, Any]) -> None:
    (folder / NOTES).write_text(json_text(notes, indent=1) + "\n", "utf-8")
