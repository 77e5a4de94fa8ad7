"""From a training unit to its stages: Social IQa and then COPA for XCOPA, one stage for the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Cards
from xtreme_harness.models.checkpoint import read_checkpoint
from xtreme_harness.training.stage import Stage, Trained, fields_of, refuse_other
from xtreme_harness.training.stages import train_stage

__all__ = ["stages_of", "target_units", "train_unit"]

Report = Callable[[str, Mapping[str, Any]], None]  # stage's name, event of the loop


def target_units(cards: Cards) -> tuple[str, ...]:
    """The training units that evaluation reads: xnli, squad, xcopa ..."""
    found: dict[str, None] = {}
    for card in cards.tasks.values():
        for membership in card.suites.values():
            units = card.train if membership.train is None else membership.train
            if units:
                found[card.unit or units[-1]] = None
    return tuple(found)


def stages_of(stage: Stage) -> list[Stage]:
    """The stages of a unit, in order; each but the last is intermediate to the next."""
    if len(stage.tasks) > 1:
        return [stage]
    chain: Sequence[str] = stage.cards.card(stage.name).train
    earlier = [replace(stage, tasks=(task,), name=task, stage="intermediate") for task in chain[:-1]]
    return [*earlier, replace(stage, tasks=(chain[-1],))]


def train_unit(
    stage: Stage,
    folder: Path,
    others: Path,
    *,
    replace_other: bool = False,
    tracker: str | None = None,
    report: Report = lambda name, event: None,
    started: Callable[[Stage, Path], None] = lambda stage, folder: None,
    ended: Callable[[Stage, Trained], None] = lambda stage, trained: None,
) -> Trained:
    """Train every stage of a unit; the checkpoint of one is where the next begins.

    Args:
        stage: the unit, as its last stage.
        folder: of the last stage's checkpoint.
        others: folder of the earlier stages' checkpoints, one a stage, by name.
        replace_other: train over what another run left.
        tracker: of experiments.
        report: called with a stage's name and the loop's events.
        started: called before a stage that is not there already.
        ended: called after it.
    """
    parts = stages_of(stage)
    checkpoint = stage.checkpoint
    if not replace_other:
        for part, place in zip(parts, [*(others / p.name for p in parts[:-1]), folder], strict=True):
            refuse_other(place, fields_of(part), besides=("base",))
    for number, part in enumerate(parts):
        place = folder if number == len(parts) - 1 else others / part.name
        current = replace(part, checkpoint=checkpoint, keep_head=part.keep_head and number == 0)

        def tell(event: Mapping[str, Any], name: str = part.name) -> None:
            report(name, event)

        trained = train_stage(
            current,
            place,
            replace_other=replace_other,
            tracker=tracker,
            report=tell,
            started=partial(started, current, place),
        )
        ended(current, trained)
        checkpoint = read_checkpoint(place, str(place))
    return trained
