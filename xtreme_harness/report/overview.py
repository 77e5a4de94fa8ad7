"""The first screen: what was run, how good it is, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.over_seeds import seed_tables
from xtreme_harness.report.parts import figure, note, number, run_mark, section, table, track
from xtreme_harness.results.frame import MeanRow, means
from xtreme_harness.results.result import Result

__all__ = ["intervals", "overview"]


def overview(runs: Sequence[Result], names: Sequence[str]) -> Html:
    """A card a run: overall means, what is missing, what to beware of."""
    cards = [_card(run, name, i) for i, (run, name) in enumerate(zip(runs, names, strict=True))]
    return section("overview", "Overview", el("div", cards, class_="cards"))


def intervals(runs: Sequence[Result], names: Sequence[str]) -> Html:
    """Suite by suite: means of groups and tasks of every run, each with its 95 % interval."""
    rows = means(runs, names)
    scopes = dict.fromkeys(row.scope for row in rows)
    tables = [_interval_table([row for row in rows if row.scope == scope], names) for scope in scopes]
    methods = dict.fromkeys(run.method for run in runs)
    level = note(
        "Means over languages, percent. Lines are 95 % intervals: how far the figure could lie from what more examples "
        f"of the same languages would give ({'; or: '.join(methods)}). They say nothing of other languages."
    )
    return section("intervals", "Scores with their intervals", level, tables, seed_tables(runs, names))


def _card(run: Result, name: str, colour: int) -> Html:
    warnings = [el("span", text, class_="badge warn") for text in _warnings(run)]
    day = run.date.strftime("%Y-%m-%d %H:%M UTC") if run.date else ""
    rows = means([run], [name])
    scopes = dict.fromkeys(row.scope for row in rows)
    mean = f"mean of {len(run.seeds)} seeds" if len(run.seeds) > 1 else ""
    facts = [mean, f"{len(run.scored)} cells", f"{sum(cell.n for cell in run.scored.values()):,} examples", day]
    return el(
        "article",
        el("h3", run_mark(name, colour)),
        el("p", warnings) if warnings else None,
        el("dl", [_headlines([row for row in rows if row.scope == scope]) for scope in scopes]),
        el("p", " · ".join(fact for fact in facts if fact), class_="note"),
        class_="card",
    )


def _warnings(run: Result) -> Iterator[str]:
    if run.limited:
        yield "LIMITED: comparable with nothing"
    if run.failed:
        yield f"{len(run.failed)} cells failed"
    if run.missing:
        yield f"{len(run.missing)} cells missing"


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
