"""Several seeds: the figure of each, and what examples, seeds and languages add to the uncertainty of their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.parts import note, number, table
from xtreme_harness.results.result import Mean, Result

__all__ = ["seed_tables"]


def seed_tables(runs: Sequence[Result], names: Sequence[str]) -> list[Html]:
    """A table for every run that is a mean over seeds."""
    return [made for run, name in zip(runs, names, strict=True) if (made := _table(run, name)) is not None]


def _table(run: Result, name: str) -> Html | None:
    scopes = dict.fromkeys(mean.scope for mean in run.means)
    means = [
        mean
        for scope in scopes
        for mean in [*(m for m in run.groups if m.scope == scope), *(m for m in run.tasks if m.scope == scope)]
        if mean.uncertainty.by_seed
    ]
    if not means:
        return None
    seeds = list(dict.fromkeys(seed for mean in means for seed in mean.uncertainty.by_seed))
    lines = [_line(mean, seeds) for mean in means]
    headers = ["name", "in", *(f"seed {seed}" for seed in seeds), "mean", "± examples", "± seeds", "(± languages)"]
    text = note(
        "Standard errors of the mean, percent points. Examples and seeds together make the interval; languages are "
        "given, and their share says how far the mean would move with other languages of the kind."
    )
    title = f"Seeds of {name}"
    return el("details", el("summary", title), text, table(headers, lines, None, "wide", title))


def _line(mean: Mean, seeds: Sequence[str]) -> Html:
    variance = mean.uncertainty.variance
    return el(
        "tr",
        el("th", mean.name, scope="row"),
        el("td", mean.scope),
        [number(mean.uncertainty.by_seed.get(seed)) for seed in seeds],
        number(mean.spread.value),
        [
            number(None if part is None else math.sqrt(part))
            for part in (variance.examples, variance.seeds, variance.languages)
        ],
    )
