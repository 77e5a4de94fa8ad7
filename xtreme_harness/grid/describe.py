"""What a prepared grid would do, in words: `train --grid --dry-run`."""

from __future__ import annotations

from xtreme_harness.grid.prepare import PreparedGrid
from xtreme_harness.plan.estimate import Found, spoken
from xtreme_harness.plan.training_work import TrainingWork, unit_work
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["describe_grid"]


def describe_grid(prepared: PreparedGrid, found: Found | None = None) -> str:
    """The encoders, the runs, and what is there of them; `found`: see `plan.describe`."""
    grid, states = prepared.request.grid, prepared.standing
    rows = _encoders(prepared, found)
    lines = [pipe_table(rows, ["encoder", "examples", "steps", "time", "state"]), ""] if rows else []
    targets = ", ".join(grid.targets)
    runs = [
        [run.name, run.model, targets, "there" if (run.output / "results.json").is_file() else ""]
        for run in prepared.runs
    ]
    left = sum(state != "there" for state in states.values())
    summary = (
        f"{len(states)} encoders, {left} of them to be trained; {len(runs)} runs on the {grid.split} split, "
        f"new heads in each -> {prepared.request.output}; nothing was computed"
    )
    return "\n".join([*lines, pipe_table(runs, ["run", "from", "targets", "state"]), "", summary])


def _encoders(prepared: PreparedGrid, found: Found | None) -> list[list[str]]:
    """One line an encoder: how much it is trained on, roughly how long, what is there."""
    works: dict[tuple[str, str], TrainingWork] = {}  # seeds differ in none of it
    rows = []
    for encoder, state in prepared.standing.items():
        where = (encoder.base.label, encoder.intermediate.label)
        if where not in works:
            works[where] = unit_work(prepared.units[encoder], found)
        work = works[where]
        time = spoken(work.seconds) if work.seconds is not None and state != "there" else ""
        counts = [f"{n:,}" if n is not None else "" for n in (work.examples, work.steps)]
        rows.append([encoder.name, *counts, time, state])
    return rows
