"""Public data to a label folder in the official form, so that anyone scores what the organisers scored in private."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.cards.names import file_name
from xtreme_harness.data.splits import load_split
from xtreme_harness.errors import XHarnessError
from xtreme_harness.files.folder import require_output
from xtreme_harness.files.temporary import sweep
from xtreme_harness.files.text import write_below
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import Cell, Plan

__all__ = ["Labelled", "write_labels"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One label file that was written, or why it was not."""

    cell: Cell
    rows: int
    problem: str = ""


def write_labels(plan: Plan, folder: Path, tell: Callable[[Labelled], None] = lambda one: None) -> list[Labelled]:
    """Write `<task>/<split>-<lang>.<ext>` with the gold of every cell; each task once.

    Raises:
        OutputError: nothing can be written there.
    """
    require_output(folder)
    sweep(folder)
    found = []
    for cell in {(c.card.name, c.language): c for c in plan.cells}.values():
        one = _labelled(cell, folder)
        tell(one)
        found.append(one)
    return found


def _labelled(cell: Cell, folder: Path) -> Labelled:
    kind = KINDS[cell.card.kind]
    try:
        split = load_split(cell.card, cell.language, cell.split, cell.located, kind.parse, kind.passage)
    except XHarnessError as error:
        return Labelled(cell, 0, str(error))
    if any(kind.gold(e) is None for e in split.examples):
        return Labelled(cell, 0, f"{split.source} has no gold: the organisers removed it")
    try:
        write_below(folder, file_name(cell.card, cell.split, cell.language), kind.gold_text(split, cell.card))
    except XHarnessError as error:
        return Labelled(cell, 0, str(error))
    return Labelled(cell, len(split.examples))
