"""Which checkpoint at hand answers a unit, and whether it was trained on the languages that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xtreme_harness.data.trained_on import ALL, TrainedOn
from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import Checkpoint, find_checkpoint
from xtreme_harness.plan.arguments import TEXT, TEXTS

__all__ = ["UNKNOWN", "find_serving", "languages_fault", "serving_fields"]

_FIELDS = {"train_on": TEXT, "train_languages": TEXTS, "select_on": TEXT, "select_language": TEXT}
UNKNOWN = "unknown"  # what is said of a checkpoint that does not tell


def find_serving(model: str, unit: str | None, trained: TrainedOn | None, revision: str | None) -> Checkpoint:
    """Find the checkpoint that serves a unit: that of its languages, else that of the unit, else the model itself.

    Args:
        model: folder or Hub id, as the user wrote it.
        unit: "xnli", "xnli.de"; None for the encoder as it is.
        trained: the languages of the unit.
        revision: of a Hub id.

    Raises:
        ModelError: in one line, when there is none.
    """
    if unit is None or trained is None or not trained.suffix:
        return find_checkpoint(model, unit, revision)
    try:
        found = find_checkpoint(model, unit, revision)
    except ModelError:
        try:
            return find_checkpoint(model, unit.removesuffix(trained.suffix), revision)
        except ModelError:
            pass
        raise
    return found if found.path.name == unit else find_checkpoint(model, unit.removesuffix(trained.suffix), revision)


def languages_fault(checkpoint: Checkpoint, unit: str, trained: TrainedOn | None, asked: bool) -> str | None:
    """Say why a checkpoint was not trained on the languages of a unit; None when it was, or nobody cares.

    Args:
        checkpoint: that would serve the unit.
        unit: with its languages: "xnli.de".
        trained: its languages.
        asked: did the command name languages? Else a head that fits will do, and what it was trained on is recorded.
    """
    if trained is None:
        return None
    told, named = _told(checkpoint, trained.task), checkpoint.path.name == unit
    if told is None:
        vague = asked and trained.suffix and not named
        return f"{checkpoint.name}: nothing says that it was trained on {trained.words}" if vague else None
    if _same(told, trained) or not (asked or (named and trained.suffix)):
        return None
    was = ", ".join(told.get("train_languages", ["English"]))
    chosen = f" (weights chosen on {trained.select})" if was == trained.words else ""
    return f"{checkpoint.name}: was trained on {was}, not on {trained.words}{chosen}"


def serving_fields(checkpoint: Checkpoint, unit: str | None, trained: TrainedOn | None) -> dict[str, Any]:
    """What a fingerprint says of the languages that a checkpoint was trained on: what it tells itself counts."""
    if trained is None or unit is None:
        return {}
    told = _told(checkpoint, trained.task)
    if told is None:
        known = not trained.suffix or checkpoint.path.name == unit
        return trained.fields() if known else {"train_on": UNKNOWN}
    return trained.fields() if _same(told, trained) else told


def _told(checkpoint: Checkpoint, task: str) -> dict[str, Any] | None:
    """What the last stage of a lineage says of a task's languages: {} of English; None where there is no lineage."""
    last: Mapping[str, Any] = checkpoint.lineage[-1] if checkpoint.lineage else {"stage": "base"}
    if last.get("stage") == "base":
        return None
    said = {name: last.get(name) for name in _FIELDS}
    own = {name: by_task[task] for name, by_task in said.items() if isinstance(by_task, dict) and task in by_task}
    return {name: value for name, value in own.items() if _FIELDS[name].fits(value)}


def _same(told: dict[str, Any], trained: TrainedOn) -> bool:
    if told.get("select_language", trained.english) != trained.select:
        return False
    if ALL in (told.get("train_on"), trained.train_on) and not trained.on_english:
        return told.get("train_on") == trained.train_on  # whatever the place at hand has
    return list(told.get("train_languages", [trained.english])) == list(trained.languages)
