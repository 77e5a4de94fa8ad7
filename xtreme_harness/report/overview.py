"""The first screen: what was run, how good it is, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from xtreme_harness.analysis.runs import Run
from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.parts import figure, note, number, run_mark, section, table, track

__all__ = ["intervals", "overview"]


def overview(runs: Sequence[Run], names: Sequence[str]) -> Html:
    """A card a run: overall means, what is missing, what to beware of."""
    cards = [_card(run, name, i) for i, (run, name) in enumerate(zip(runs, names, strict=True))]
    return section("overview", "Overview", el("div", cards, class_="cards"))


def intervals(runs: Sequence[Run], names: Sequence[str]) -> Html:
    """Suite by suite: means of groups and tasks of every run, each with its 95 % interval."""
    scopes = dict.fromkeys(scope for run in runs for scope in run.own["uncertainty"]["scopes"])
    tables = [_interval_table(scope, runs, names) for scope in scopes]
    level = note(
        "Means over languages, percent. Lines are 95 % intervals: how far the figure could lie from what more examples "
        "of the same languages would give. They say nothing of other languages or other seeds."
    )
    return section("intervals", "Scores with their intervals", level, tables)


def _card(run: Run, name: str, colour: int) -> Html:
    own = run.own
    warnings = [el("span", text, class_="badge warn") for text in _warnings(own)]
    when = run.results.get("date")
    day = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M UTC") if isinstance(when, int | float) else ""
    facts = [f"{len(run.cells)} cells", f"{sum(cell.n for cell in run.cells.values()):,} examples", day]
    return el(
        "article",
        el("h3", run_mark(name, colour)),
        el("p", warnings) if warnings else None,
        el("dl", [_headline(scope, own["uncertainty"]["scopes"][scope]) for scope in own["uncertainty"]["scopes"]]),
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


def _headline(scope: str, parts: Mapping[str, Any]) -> list[Html]:
    """The overall means of a suite; where there is none, the tasks that were asked for by name."""
    overall = {name: e for name, e in parts["groups"].items() if name == scope or "mean" in name} or parts["tasks"]
    return [
        joined
        for name, entry in overall.items()
        for joined in (
            el("dt", name if name != scope else f"{scope}, overall"),
            el("dd", el("b", figure(entry["value"])), el("small", f" ± {figure(1.96 * entry['standard_error'])}")),
        )
    ]


def _interval_table(scope: str, runs: Sequence[Run], names: Sequence[str]) -> Html:
    parts = [run.own["uncertainty"]["scopes"].get(scope, {"groups": {}, "tasks": {}}) for run in runs]
    rows: list[Html] = []
    for kind, title in (("groups", "group"), ("tasks", "task")):
        for name in dict.fromkeys(name for part in parts for name in part[kind]):
            for i, (part, run_name) in enumerate(zip(parts, names, strict=True)):
                if name in part[kind]:
                    rows.append(_interval_row(name, title, run_name, i, part[kind][name], len(runs) > 1))
    headers = ["name", "level", *(["run"] if len(runs) > 1 else []), "mean", "low", "high", "0 to 100"]
    return table(headers, rows, f"intervals-{scope}", "wide", f"{scope}: means with 95 % intervals")


def _interval_row(name: str, kind: str, run: str, colour: int, entry: Mapping[str, Any], several: bool) -> Html:
    low, high = entry["interval"]
    return el(
        "tr",
        el("th", name, scope="row"),
        el("td", kind),
        el("td", run_mark(run, colour)) if several else None,
        number(entry["value"]),
        number(low),
        number(high),
        track(entry["value"], low, high, 0, 100, colour),
        class_=kind,
    )
