"""What a report is made from: runs, seeds, series, and a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xtreme_harness.analysis.comparison import Comparison, compare_runs
from xtreme_harness.analysis.curves import Series, read_series
from xtreme_harness.analysis.fertility import Fertility, fertility, read_texts
from xtreme_harness.analysis.runs import Run, read_seeds
from xtreme_harness.errors import DataError, OutputError, listed
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan import all_cards

__all__ = ["compared", "read_all", "tokenizer_cuts"]


def read_all(places: Sequence[Path]) -> tuple[list[tuple[Run, ...]], Series | None]:
    """The models of all places in their order, each its runs; and the series, where one place is one.

    Of a series, its first and last run stand among the models.

    Raises:
        OutputError: every fault of every place.
    """
    models: list[tuple[Run, ...]] = []
    found: Series | None = None
    faults: list[str] = []
    for place in dict.fromkeys(places):
        try:
            series = read_series(place)
            models += [read_seeds(place)] if series is None else [(run,) for run in _ends(series)]
            found = series or found
        except OutputError as error:
            faults.extend(error.faults)
    if faults:
        raise OutputError(*listed(faults))
    return models, found


def compared(models: Sequence[Sequence[Run]]) -> tuple[Comparison | None, tuple[str, ...]]:
    """The other models against the first; or why they cannot be compared."""
    if len(models) < 2:
        return None, ()
    try:
        return compare_runs(models[0], models[1:], all_cards()), ()
    except DataError as error:
        return None, listed(error.faults, 10)


def _ends(series: Series) -> list[Run]:
    return [series.runs[0], series.runs[-1]] if len(series.runs) > 1 else [series.runs[0]]


def tokenizer_cuts(name: str, runs: Sequence[Run]) -> dict[str, Fertility]:
    """How a checkpoint's tokenizer cuts the examples that runs logged, by language.

    Tasks that search a pool are left out: their queries may be in another language than the cell's.

    Raises:
        ModelError: when the checkpoint has no tokenizer.
        OutputError: when no run logged examples.
    """
    from xtreme_harness.models.checkpoint import find_checkpoint
    from xtreme_harness.models.weights import load_tokenizer, quietly

    heads = {task: KINDS[card.kind].head for task, card in all_cards().tasks.items()}
    texts = read_texts(runs, [task for task, head in heads.items() if head is None])
    checkpoint = find_checkpoint(name, None)
    with quietly(checkpoint):
        return fertility(load_tokenizer(checkpoint, checkpoint.path), texts)
