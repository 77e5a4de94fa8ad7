"""Where the files of a cell and of a checkpoint lie."""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.cards.names import file_name
from xtreme_harness.plan.cells import BY_NAME, Cell

__all__ = ["NOTES", "prediction_paths", "record_path", "samples_path"]

NOTES = "xharness.json"  # what a checkpoint says of itself; where it is, the checkpoint is whole


def record_path(output: Path, cell: Cell) -> Path:
    """Where the figures of a cell lie."""
    return output / "cells" / cell.key / f"{cell.language}.json"


def prediction_paths(output: Path, cell: Cell) -> list[Path]:
    """Where its official files lie: one a scope."""
    official = file_name(cell.card, cell.split, cell.language)
    named = f"{cell.key}/{Path(official).name}"  # tatoeba and tatoeba@xtreme-r may both be asked for by name
    return [output / "predictions" / scope / (named if scope == BY_NAME else official) for scope in cell.scopes]


def samples_path(output: Path, cell: Cell) -> Path:
    """Where its examples lie, with --log-samples."""
    return output / "samples" / cell.key / f"{cell.language}.jsonl"
