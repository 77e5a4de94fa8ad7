"""What a folder holds of a stage of training: its finished checkpoint, the beginnings of it, or something else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.files.checked import read_object
from xtreme_harness.files.folder import output_faults
from xtreme_harness.files.lock import LOCK, MARKER
from xtreme_harness.files.schema import load_schema, schema_faults
from xtreme_harness.jobs.executors import MESSAGES
from xtreme_harness.plan.paths import NOTES
from xtreme_harness.plan.stage import Unit
from xtreme_harness.plan.trials import CHOOSING, SEARCHED, TRIAL_NOTES, TRIALS, trainings
from xtreme_harness.signature import changed_fields

__all__ = [
    "Trained", "Tried", "earlier_fields", "find_trained", "find_trial", "refuse_other", "require_folders",
    "require_place", "standing",
]  # fmt: skip

_OWN = {"seed", "steps", "selected_step", "dev", "examples"}  # what the stage of a checkpoint of ours says


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished stage."""

    path: Path
    kept: bool  # was it there already?
    notes: Mapping[str, Any] = field(default_factory=dict)  # xharness.json

    @staticmethod
    def at(folder: Path) -> Trained:
        """The checkpoint that a folder holds.

        Raises:
            OutputError: it holds none, or its notes are none.
        """
        notes = _notes(folder)
        if notes is None:
            raise OutputError(f"{folder / NOTES}: not there, or no notes on a training; run the same command again")
        return Trained(folder, False, notes)


@dataclass(frozen=True, slots=True)
class Tried:
    """What is known of a trial that ended."""

    notes: Mapping[str, Any]  # what its checkpoint says, or said; {} where it failed
    failed: str = ""  # why

    @property
    def dev(self) -> Mapping[str, float]:
        """Task -> its main metric on dev, percent."""
        found: Mapping[str, float] = self.notes["lineage"][-1]["dev"] if self.notes else {}
        return found

    @property
    def score(self) -> float:
        """The mean over tasks, by which the weights of a training are selected too."""
        return sum(self.dev.values()) / len(self.dev) if self.dev else float("-inf")


def find_trial(folder: Path, fields: Mapping[str, Any]) -> Tried | None:
    """How a trial of exactly these fields ended; None where that is not known."""
    read = _read(folder / TRIAL_NOTES) or {}
    if not isinstance(earlier := read.get("fields"), dict) or changed_fields(earlier, fields):
        return None
    if isinstance(read.get("failed"), str) and read["failed"]:
        return Tried({}, read["failed"])
    notes = _sound(read.get("notes"))
    return Tried(notes) if notes is not None and not changed_fields(notes["fields"], fields) else None


def find_trained(folder: Path, fields: Mapping[str, Any]) -> Trained | None:
    """A finished checkpoint of exactly these fields; None where there is none."""
    notes = _notes(folder)
    if notes is None or changed_fields(notes["fields"], fields):
        return None
    return Trained(folder, True, notes)


def refuse_other(folder: Path, fields: Mapping[str, Any], besides: Collection[str] = ()) -> None:
    """Raise OutputError when a folder holds anything but a run of these fields; those `besides` may differ."""
    if not folder.is_dir():
        return
    earlier = earlier_fields(folder)
    other = [] if earlier else sorted(p.name for p in folder.iterdir() if not _beginning(p))
    besides = [*besides, *(["search"] if _other_values(earlier, fields) else [])]
    changed = [name for name in changed_fields(earlier, fields) if name not in besides] if earlier else []
    if not (other or changed):
        return
    what = f"holds another run ({', '.join(changed)} differ)" if changed else f"is not empty ({', '.join(other[:3])})"
    raise OutputError(f"{folder}: {what}; name another --output-path, or give --force to train over it")


def _other_values(earlier: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> bool:
    """Are the same things searched, over other values? What is known of the old ones stays."""
    old, new = (earlier or {}).get("search"), fields.get("search")
    return isinstance(old, Mapping) and isinstance(new, Mapping) and old.keys() == new.keys()


def require_place(unit: Unit, folders: Sequence[Path]) -> None:
    """Raise OutputError when a folder that a unit's stages are trained into holds another run."""
    for stage, place in trainings(unit.stages, folders):
        later = stage.name != unit.stages[0].name
        refuse_other(place, stage.fields, besides=("base",) if later else ())  # a later base is not trained yet


def require_folders(unit: Unit, folders: Sequence[Path], wait: float | None) -> None:
    """Raise OutputError where the stages of a unit cannot be written.

    Args:
        unit: with the stages.
        folders: theirs.
        wait: seconds to wait for a process that writes one of them; None: whoever trains the stage waits for it, as for
            the worker of a run that was killed, which may have a moment or, in another's hands, much left to do.
    """
    faults = [
        fault
        for _, place in trainings(unit.stages, folders)
        for fault in output_faults(place, ["training"], ["train.jsonl", NOTES], wait)
    ]
    faults += [
        f"{place}: no UTF-8, as which weights are written; name another --output-path" for place in _odd(folders)
    ]
    if faults:
        raise OutputError(*dict.fromkeys(faults))


def _odd(folders: Sequence[Path]) -> list[Path]:
    """Folders whose names are no text."""
    return [place for place in folders if str(place).encode("utf-8", "replace").decode() != str(place)]


def standing(unit: Unit, folder: Path, force: bool = False) -> str:
    """What a folder holds of a unit: "there", "begun", "to train".

    Raises:
        OutputError: another training, unless `force` says that it may be trained over.
    """
    last = unit.stages[-1]
    try:
        refuse_other(folder, last.fields, besides=("base",) if len(unit.stages) > 1 else ())
    except OutputError:
        if not force:
            raise
        return "to train"
    if (folder / NOTES).is_file():
        return "there"
    return "begun" if any((folder / name).is_dir() for name in ("training", TRIALS)) else "to train"


def earlier_fields(folder: Path) -> Mapping[str, Any] | None:
    """The fields of the run that a folder holds, finished or not; one that ended before its first state left none."""
    saved = (folder / "training" / "state.pt").exists()
    begun = _read(folder / "training" / "run.json") if saved else None
    return begun or (_notes(folder) or _read(folder / TRIAL_NOTES) or _read(folder / SEARCHED) or {}).get("fields")


def _beginning(path: Path) -> bool:
    """Is it what a run writes before its first state? Nothing of it is worth keeping."""
    if path.name == "training":
        return all(part.name == "run.json" or part.name.startswith((".", "best-")) for part in path.iterdir())
    own = (MESSAGES, LOCK, MARKER, ".writable", "log.txt", "stages", "train.jsonl", CHOOSING, TRIALS)
    return path.name in own or path.match("translations-*.json")


def _notes(folder: Path) -> dict[str, Any] | None:
    """What a checkpoint says of itself; None of one that says other things than this program writes."""
    return _sound(_read(folder / NOTES))


def _sound(notes: Any) -> dict[str, Any] | None:
    """The same notes, where they are such as this program writes."""
    if not isinstance(notes, dict) or schema_faults(notes, load_schema(__package__, "notes"), ""):
        return None
    return notes if notes["lineage"][-1].keys() >= _OWN else None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        read = read_object(path)
    except OutputError:
        return None
    return read if isinstance(read.get("fields", {}), dict) else None  # another's, where they are something else
