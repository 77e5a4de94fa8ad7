"""What a report is made from: runs, seeds, series, and a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.comparison.differences import Comparison, compare_runs
from xtreme_harness.errors import DataError, OutputError, listed
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.arguments import NAME, Wanted, require
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.report.fertility import Fertility, fertility, read_texts
from xtreme_harness.results.read import read_result, read_seeds
from xtreme_harness.results.result import Result
from xtreme_harness.results.series import Series, as_series, read_series
from xtreme_harness.results.values import require_figures

__all__ = ["Model", "compared", "read_all", "tokenizer_cuts"]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a report."""

    whole: Result  # its figures: of its one run, or the means over its seeds
    seeds: tuple[Result, ...]  # its runs, which have the statistics and the examples

    def seed_names(self, name: str) -> list[str]:
        """A name for each of its runs."""
        return [name if len(self.seeds) == 1 else f"{name}, seed {run.seed}" for run in self.seeds]


def read_all(places: Sequence[Path]) -> tuple[list[Model], Series | None]:
    """The models of all places in their order; and the series, where one place is one, or the places together are.

    Of a series, its first and last run stand among the models.

    Raises:
        OutputError: every fault of every place, figures among them that are missing or not a number.
    """
    models: list[Model] = []
    found: Series | None = None
    faults: list[str] = []
    for place in dict.fromkeys(places):
        try:
            series = read_series(place)
            models += [_model(place)] if series is None else [Model(run, (run,)) for run in _ends(series)]
            found = series or found
        except OutputError as error:
            faults.extend(error.faults)
    if faults:
        raise OutputError(*listed(faults))
    require_figures([*(run for model in models for run in (model.whole, *model.seeds)), *(found.runs if found else ())])
    named = as_series([model.whole for model in models]) if found is None else None
    return (models, found) if named is None else ([Model(run, (run,)) for run in _ends(named)], named)


def compared(models: Sequence[Model], include: Sequence[Path] = ()) -> tuple[Comparison | None, tuple[str, ...]]:
    """The other models against the first; or why they cannot be compared.

    Raises:
        CardError: for a suite that no card file has, the `include` files and folders among them.
    """
    if len(models) < 2:
        return None, ()
    first, *others = [model.seeds for model in models]
    try:
        return compare_runs(first, others, all_cards(include)), ()
    except DataError as error:
        return None, listed(error.faults, 10)


def _model(place: Path) -> Model:
    seeds = read_seeds(place)
    return Model(seeds[0] if len(seeds) == 1 else read_result(place), seeds)


def _ends(series: Series) -> list[Result]:
    return [series.runs[0], series.runs[-1]] if len(series.runs) > 1 else [series.runs[0]]


def tokenizer_cuts(name: str, models: Sequence[Model], include: Sequence[Path] = ()) -> dict[str, Fertility]:
    """How a checkpoint's tokenizer cuts the examples that the models' first runs logged, by language.

    Tasks that search a pool are left out: their queries may be in another language than the cell's.

    Raises:
        ModelError: when the checkpoint has no tokenizer.
        OutputError: when no run logged examples.
    """
    from xtreme_harness.models.checkpoint import find_checkpoint
    from xtreme_harness.models.weights import load_tokenizer, quietly

    require({"name": name}, {"name": ("--tokenizer", Wanted("a checkpoint folder or a Hub id", NAME.fits))})
    heads = {task: KINDS[card.kind].head for task, card in all_cards(include).tasks.items()}
    texts = read_texts([model.seeds[0] for model in models], [task for task, head in heads.items() if head is None])
    checkpoint = find_checkpoint(name, None)
    with quietly(checkpoint):
        return fertility(load_tokenizer(checkpoint, checkpoint.path), texts)
