"""The first screen: what was run, how good it is, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.over_seeds import seed_tables
from xtreme_harness.report.parts import figure, note, number, run_mark, section, table, track
from xtreme_harness.results.frame import MeanRow, means
from xtreme_harness.results.read import Run

__all__ = ["intervals", "overview"]


def overview(runs: Sequence[Run], names: Sequence[str]) -> Html:
    """A card a run: overall means, what is missing, what to beware of."""
    cards = [_card(run, name, i) for i, (run, name) in enumerate(zip(runs, names, strict=True))]
    return section("overview", "Overview", el("div", cards, class_="cards"))


def intervals(runs: Sequence[Run], names: Sequence[str]) -> Html:
    """Suite by suite: means of groups and tasks of every run, each with its 95 % interval."""
    rows = means(runs, names)
    scopes = dict.fromkeys(row.scope for row in rows)
    tables = [_interval_table([row for row in rows if row.scope == scope], names) for scope in scopes]
    methods = dict.fromkeys(run.own["uncertainty"]["method"] for run in runs)
    level = note(
        "Means over languages, percent. Lines are 95 % intervals: how far the figure could lie from what more examples "
        f"of the same languages would give ({'; or: '.join(methods)}). They say nothing of other languages."
    )
    return section("intervals", "Scores with their intervals", level, tables, seed_tables(runs, names))


def _card(run: Run, name: str, colour: int) -> Html:
    own = run.own
    warnings = [el("span", text, class_="badge warn") for text in _warnings(own)]
    when = run.results.get("date")
    day = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M UTC") if isinstance(when, int | float) else ""
    rows = means([run], [name])
    scopes = dict.fromkeys(row.scope for row in rows)
    seeds = run.results.get("config", {}).get("random_seed")
    mean = f"mean of {len(seeds)} seeds" if isinstance(seeds, list) else ""
    facts = [mean, f"{len(run.cells)} cells", f"{sum(cell.n for cell in run.cells.values()):,} examples", day]
    return el(
        "article",
        el("h3", run_mark(name, colour)),
        el("p", warnings) if warnings else None,
        el("dl", [_headlines([row for row in rows if row.scope == scope]) for scope in scopes]),
        el("p", " · ".join(fact for fact in facts if fact), class_="note"),
        class_="card",
    )


def _warnings(own: Mapping[str, Any]) -> Iterator[str]:
    if own["limited"]:
        yield "LIMITED: comparable with nothing"
    if own.get("failed"):
        yield f"{len(own['failed'])} cells failed"
    if own["missing"]:
        yield f"{len(own['missing'])} cells missing"


def _headlines(rows: Sequence[MeanRow]) -> Iterator[Html]:
    """The overall means; where a scope has none, the tasks that were asked for by name."""
    overall = [row for row in rows if row.level == "suite"] or rows
    for row in overall:
        yield el("dt", row.name if row.name != row.scope else f"{row.scope}, overall")
        yield el("dd", el("b", figure(row.value)), el("small", f" {figure(row.low)} to {figure(row.high)}"))


def _interval_table(rows: Sequence[MeanRow], names: Sequence[str]) -> Html:
    first = 10 * math.floor(min(row.low for row in rows) / 10)
    last = 10 * math.ceil(max(row.high for row in rows) / 10)
    several = len(names) > 1
    lines = [
        el(
            "tr",
            el("th", row.name, scope="row"),
            el("td", row.level),
            el("td", run_mark(row.run, names.index(row.run))) if several else None,
            number(row.value),
            number(row.low),
            number(row.high),
            track(row.value, row.low, row.high, first, last, names.index(row.run)),
            class_="groups" if row.level == "suite" else None,
        )
        for row in rows
    ]
    scope = rows[0].scope
    headers = ["name", "level", *(["run"] if several else []), "mean", "low", "high", f"{first} to {last}"]
    return table(headers, lines, f"intervals-{scope}", "wide", f"{scope}: means with 95 % intervals")
