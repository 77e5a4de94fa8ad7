"""Cells in pieces of a sensible size: what one worker does at a time."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.data.sources import FilesFound
from xtreme_harness.jobs import Engine, worker_count
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.estimate import BYTES_A_TOKEN, official_size

__all__ = ["largest_piece", "pieces", "tokens_of"]

_MOST = 4_000_000  # tokens a piece on a cluster: minutes of a large model on a GPU, beside seconds to load it
_SHARES = 2  # pieces a worker of this machine: the last ones end at about the same time
_UNKNOWN = 500_000  # tokens of a cell of which nothing is known
_LENGTH = 64  # tokens of an example whose card says no longest input


def largest_piece(cells: Sequence[Cell], engine: Engine, limit: int | None) -> float:
    """How many tokens a piece may have, roughly.

    One worker gets the cells of a model whole: what is loaded once need not be loaded again.

    Args:
        cells: of the whole evaluation.
        engine: who does them.
        limit: examples a cell.
    """
    workers = worker_count(engine)
    if workers is None:
        return _MOST
    return sum(tokens_of(cell, limit) for cell in cells) / (_SHARES * workers) if workers > 1 else float("inf")


def pieces(cells: Sequence[Cell], most: float, limit: int | None) -> list[list[Cell]]:
    """Cut the cells that one model answers into pieces, in their order; a cell is never cut.

    Args:
        cells: of one model.
        most: tokens a piece, unless a cell alone has more.
        limit: examples a cell.
    """
    found: list[list[Cell]] = []
    room = 0.0
    for cell in cells:
        work = tokens_of(cell, limit)
        if not found or work > room:
            found.append([])
            room = most
        found[-1].append(cell)
        room -= work
    return found


def tokens_of(cell: Cell, limit: int | None) -> int:
    """Tokens of a cell, roughly, from the sizes of its files or its official count; nothing is read."""
    if isinstance(cell.located, FilesFound):
        official = cell.card.count(cell.split, cell.language)
        paths = {path for paths in cell.located.files.values() for path in paths}
        size = sum(path.stat().st_size for path in paths if path.is_file())
        share = min(1.0, limit / official) if limit and official else 1.0
        return max(1, int(size * share) // BYTES_A_TOKEN)
    examples, tokens = official_size(cell, limit)
    if examples is None:
        return _UNKNOWN
    return tokens if tokens is not None else examples * _LENGTH
