"""A search carried out: each trial leaves a checkpoint and its dev score; then the best becomes the stage's.

    OUT/trials/lr=1e-05/      a checkpoint until it was chosen from; then its score alone, in trial.json
    OUT/trials/lr=2e-05/
    OUT/                      the checkpoint of the best

A score that is known is not found again: a search over more values trains the new ones alone.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtreme_harness.errors import Diverged, ModelError, OutputError
from xtreme_harness.files.checked import read_object
from xtreme_harness.files.folder import locked, open_output
from xtreme_harness.files.json_text import json_text
from xtreme_harness.files.lasting import sync_tree
from xtreme_harness.files.lock import LOCK
from xtreme_harness.files.text import write_atomic
from xtreme_harness.jobs import Watch
from xtreme_harness.plan.paths import NOTES
from xtreme_harness.plan.stage import Stage
from xtreme_harness.plan.standing import Trained, Tried, find_trained, find_trial, refuse_other
from xtreme_harness.plan.trials import CHOOSING, SEARCHED, TRIAL_NOTES, Trial, trials_of
from xtreme_harness.signature import fingerprint
from xtreme_harness.training.placing import put_in_place
from xtreme_harness.training.processes import is_main_process
from xtreme_harness.training.stage import LOST, train_stage

__all__ = ["choose_trial", "run_trial"]

log = logging.getLogger("xtreme_harness")
_SCORES = (TRIAL_NOTES, "train.jsonl", "translations-*.json", LOCK)  # what stays of a trial that was chosen from
_WAIT = 0.5  # seconds


def run_trial(
    trial: Trial, folder: Path, *, replace_other: bool = False, tracker: str | None = None, watch: Watch
) -> Trained | None:
    """Train one trial of a search, or keep what is known of it.

    Args:
        trial: what to train.
        folder: of its own.
        replace_other: train over what another run left there; else that is an error.
        tracker: of experiments, by accelerate's name.
        watch: who is told.

    Returns:
        None of a training that ran into what is no number: this trial alone has failed, and it is not tried again.

    Raises:
        DataError: there is no dev data to score it on.
        XHarnessError: as `train_stage`.
    """
    stage = trial.stage
    if (known := find_trial(folder, stage.fields)) is not None:
        return None if known.failed else Trained(folder, True, known.notes)
    try:
        trained = train_stage(stage, folder, replace_other=replace_other, tracker=tracker, watch=watch, scored=True)
    except Diverged as error:
        log.warning("%s: %s failed: %s", stage.name, trial.name, error)
        _record(folder, {"fields": dict(stage.fields), "failed": str(error)})
        if is_main_process():
            shutil.rmtree(folder / "training", ignore_errors=True)
        return None
    _record(folder, {"fields": dict(stage.fields), "notes": dict(trained.notes)})
    return trained


def choose_trial(
    stage: Stage, folder: Path, *, replace_other: bool = False, tracker: str | None = None, watch: Watch
) -> Trained:
    """Make the checkpoint of the trial with the best dev score that of the stage; of equal ones the first.

    The weights of the others go; their scores stay.

    Args:
        stage: whose trials are all trained.
        folder: becomes the checkpoint.
        replace_other: write over what another run left there; else that is an error.
        tracker: of experiments, where a trial that was chosen from before is trained once more.
        watch: who is told.

    Raises:
        ModelError: every trial has failed; one line each.
        OutputError: the folder holds another run, or cannot be written.
    """
    if not is_main_process():
        return _awaited(stage, folder)
    open_output(folder, wait=LOST)
    with locked(folder, LOST):
        chosen = find_trained(folder, stage.fields)
        if chosen is None:
            if not replace_other:
                refuse_other(folder, stage.fields)
            chosen = _chosen(stage, folder, tracker, watch)
        for trial in trials_of(stage):
            _drop_weights(trial.folder(folder))
    return chosen


def _chosen(stage: Stage, folder: Path, tracker: str | None, watch: Watch) -> Trained:
    trials = trials_of(stage)
    write_atomic(folder / SEARCHED, json_text({"fields": dict(stage.fields)}) + "\n")
    tried = [_known(trial, folder) for trial in trials]
    if all(one.failed for one in tried):
        raise ModelError(
            *(f"{stage.name}: {trial.name}: {one.failed}" for trial, one in zip(trials, tried, strict=True))
        )
    best = max(range(len(trials)), key=lambda i: (tried[i].score, -i))
    place = trials[best].folder(folder)
    own = fingerprint(trials[best].stage.fields)
    if _fingerprint_at(folder) != own and find_trained(place, trials[best].stage.fields) is None:
        log.info("%s: %s is trained once more: its weights are gone", stage.name, trials[best].name)
        (place / TRIAL_NOTES).unlink(missing_ok=True)
        run_trial(trials[best], place, replace_other=True, tracker=tracker, watch=watch)
        tried[best] = _known(trials[best], folder)
    search = {
        "values": dict(trials[best].values),
        "trials": [_told(trial, one) for trial, one in zip(trials, tried, strict=True)],
        "fingerprint": own,
    }
    if _fingerprint_at(folder) != own:
        _take(place, folder, stage, search)
    else:
        _tell(folder, stage, search)
    return Trained(folder, False, read_object(folder / NOTES))


def _known(trial: Trial, folder: Path) -> Tried:
    found = find_trial(trial.folder(folder), trial.stage.fields)
    if found is None:
        raise OutputError(f"{trial.folder(folder) / TRIAL_NOTES}: not there; run the same command again")
    return found


def _told(trial: Trial, tried: Tried) -> dict[str, Any]:
    """What the lineage says of a trial."""
    return {"values": dict(trial.values), **({"failed": tried.failed} if tried.failed else {"dev": dict(tried.dev)})}


def _fingerprint_at(folder: Path) -> str | None:
    """The fingerprint of the trial whose weights a folder holds."""
    try:
        search = read_object(folder / NOTES)["lineage"][-1]["search"]
        return str(search["fingerprint"])
    except (OutputError, LookupError, TypeError):
        return None


def _take(place: Path, folder: Path, stage: Stage, search: Mapping[str, Any]) -> None:
    """Put a trial's checkpoint in the stage's folder, where disks allow it without a second copy of the weights."""
    new = folder / CHOOSING
    shutil.rmtree(new, ignore_errors=True)
    try:
        apart = shutil.ignore_patterns(".*", TRIAL_NOTES, "training")
        shutil.copytree(place, new, copy_function=_linked, ignore=apart)
        sync_tree(new)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:160]
        raise OutputError(
            f"{folder}: the checkpoint of {place.name} cannot be put there ({reason}); make room and run the same "
            "command: nothing is trained again"
        ) from error
    _tell(new, stage, search)
    shutil.rmtree(folder / "training", ignore_errors=True)
    put_in_place(new, folder)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, target)


def _tell(folder: Path, stage: Stage, search: Mapping[str, Any]) -> None:
    """Let a checkpoint say that it was chosen, in all its notes; its own, which say that it is whole, come last."""
    for file in [*sorted(folder.glob(f"heads/*/{NOTES}")), folder / NOTES]:
        notes = read_object(file)
        *earlier, own = notes["lineage"]
        own = {**own, "search": dict(search), "fingerprint": fingerprint(stage.fields)}
        whole = {**notes, "lineage": [*earlier, own], "fields": dict(stage.fields)}
        write_atomic(file, json_text(whole, indent=1) + "\n")


def _record(folder: Path, said: Mapping[str, Any]) -> None:
    if is_main_process():
        write_atomic(folder / TRIAL_NOTES, json_text(said, indent=1) + "\n")


def _drop_weights(folder: Path) -> None:
    """Leave what is known of a trial alone; what says that its checkpoint is whole goes first."""
    (folder / NOTES).unlink(missing_ok=True)
    for path in folder.iterdir() if folder.is_dir() else ():
        if any(path.match(name) for name in _SCORES):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _awaited(stage: Stage, folder: Path) -> Trained:
    """What the main process chooses; where that fails, the launcher ends this process too."""
    while (found := find_trained(folder, stage.fields)) is None:
        time.sleep(_WAIT)
    return found
