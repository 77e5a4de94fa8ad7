"""What work reads from the Hub, fetched before the work is handed to machines that have no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from xtreme_harness.data.sources import HubFound, Located
from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.setups import Setup
from xtreme_harness.plan.stage import Stage

__all__ = ["Fetch", "of_cells", "of_stage"]

Fetch = Callable[[], object]


def of_cells(cells: Iterable[Cell], setups: Iterable[Setup], trust: bool) -> dict[str, Fetch]:
    """What evaluating cells reads from the Hub: the data of their splits, and the weights.

    Args:
        cells: what is evaluated.
        setups: the models that answer them, where those are known; others are trained.
        trust: is the code that checkpoints carry run too?

    Returns:
        name -> how it is fetched; what is in the cache already stays there.
    """
    found: dict[str, Fetch] = {}
    for cell in cells:
        found |= _data([cell.located, *([cell.tuning] if cell.tuning is not None else [])])
    for setup in setups:
        found |= _weights(setup.checkpoint, trust)
    return found


def of_stage(stage: Stage) -> dict[str, Fetch]:
    """What a stage of training reads from the Hub; see `of_cells`."""
    found = _weights(stage.checkpoint, stage.manner.trust)
    for task in stage.tasks:
        found |= _data([*task.data.train, *task.data.dev])
    return found


def _data(places: Iterable[Located]) -> dict[str, Fetch]:
    """Read whole, which leaves it in the libraries' caches as the work will look for it."""
    hub = [one for one in places if isinstance(one, HubFound)]
    return {f"{one.source.path} {one.source.config} {one.split} {one.language}": one.read for one in hub}


def _weights(checkpoint: Checkpoint | None, trust: bool) -> dict[str, Fetch]:
    return {f"{one.repo}@{one.commit}": partial(_fetch_weights, one, trust) for one in _parts(checkpoint) if one.repo}


def _parts(checkpoint: Checkpoint | None) -> Iterator[Checkpoint]:
    if checkpoint is not None:
        yield checkpoint
        yield from _parts(checkpoint.base)
        yield from _parts(checkpoint.encoder)


def _fetch_weights(checkpoint: Checkpoint, trust: bool) -> object:
    from xtreme_harness.models.weights import with_weights

    return with_weights(checkpoint, trust)
