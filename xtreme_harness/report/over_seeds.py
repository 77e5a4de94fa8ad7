"""Several seeds: the figure of each, and what examples, seeds and languages add to the uncertainty of their mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.parts import note, number, table
from xtreme_harness.results.read import Run

__all__ = ["seed_tables"]


def seed_tables(runs: Sequence[Run], names: Sequence[str]) -> list[Html]:
    """A table for every run that is a mean over seeds."""
    return [made for run, name in zip(runs, names, strict=True) if (made := _table(run, name)) is not None]


def _table(run: Run, name: str) -> Html | None:
    entries = [
        (scope, key, entry)
        for scope, parts in run.own["uncertainty"]["scopes"].items()
        for key, entry in [*parts["groups"].items(), *parts["tasks"].items()]
        if entry.get("seeds")
    ]
    if not entries:
        return None
    seeds = list(dict.fromkeys(seed for _, _, entry in entries for seed in entry["seeds"]))
    lines = [_line(scope, key, entry, seeds) for scope, key, entry in entries]
    headers = ["name", "in", *(f"seed {seed}" for seed in seeds), "mean", "± examples", "± seeds", "(± languages)"]
    text = note(
        "Standard errors of the mean, percent points. Examples and seeds together make the interval; languages are "
        "given, and their share says how far the mean would move with other languages of the kind."
    )
    title = f"Seeds of {name}"
    return el("details", el("summary", title), text, table(headers, lines, None, "wide", title))


def _line(scope: str, key: str, entry: Mapping[str, Any], seeds: Sequence[str]) -> Html:
    variance = entry.get("variance") or {}
    errors = [variance.get(part) for part in ("examples", "seeds", "languages")]
    return el(
        "tr",
        el("th", key, scope="row"),
        el("td", scope),
        [number(entry["seeds"].get(seed)) for seed in seeds],
        number(entry["value"]),
        [number(None if part is None else math.sqrt(part)) for part in errors],
    )
