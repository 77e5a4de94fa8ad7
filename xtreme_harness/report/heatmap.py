"""Languages by tasks, coloured; and every cell as a line of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from xtreme_harness.languages import language
from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.parts import figure, language_head, note, number, run_mark, section, table
from xtreme_harness.results.frame import SCORE, FrameRow, scores

__all__ = ["cells", "filters", "heatmap", "row_facts"]

_SPAN = 10.0  # points that the range of colours covers at least: chance alone must not look like a pattern


def heatmap(rows: Sequence[FrameRow], names: Sequence[str]) -> Html:
    """One map a run, of which the page shows one at a time."""
    maps = [
        el("div", _map(scores(rows, name), name, f"heat-{i}"), data_run=name, class_="runpane")
        for i, name in enumerate(names)
    ]
    picker = _picker(names) if len(names) > 1 else None
    legend = el("span", el("i", class_="ramp", aria_hidden="true"), "lowest to highest of the task", class_="legend")
    text = note(
        "Headline figure of every cell, percent. Colours run from the lowest to the highest language of a task "
        f"(over at least {_SPAN:.0f} points). ",
        legend,
    )
    return section(
        "languages",
        "Task by language",
        text,
        el("div", picker, filters("heat", [(row.task, row.language) for row in rows]), class_="together"),
        maps,
    )


def cells(rows: Sequence[FrameRow], names: Sequence[str]) -> Html:
    """Every headline figure with its interval, as one table."""
    mine = [row for row in rows if row.metric == SCORE]
    several = len(names) > 1
    order = {name: i for i, name in enumerate(names)}
    lines = [
        el(
            "tr",
            el("td", run_mark(row.run, order[row.run])) if several else None,
            el("td", row.task),
            language_head(row.language, row.name),
            number(row.value),
            number(row.low),
            number(row.high),
            number(row.n, 0),
            el("td", row.script),
            el("td", row.family.replace(":", ": ")),
            el("td", "" if row.resources is None else row.resources, class_="n"),
            **row_facts(row.language, row.task),
        )
        for row in mine
    ]
    headers = [
        *(["run"] if several else []), "task", "language", "score", "low", "high", "examples", "script", "family",
        "class",
    ]  # fmt: skip
    whole = el(
        "details",
        el("summary", f"All {len(mine)} cells with 95 % intervals"),
        filters("cells", [(row.task, row.language) for row in mine], tasks=True),
        table(headers, lines, "all-cells", "long", "All cells"),
    )
    return section("cells", "Cells", whole)


def filters(name: str, cells: Iterable[tuple[str, str]], tasks: bool = False) -> Html:
    """Fields that narrow the tables of a section.

    Args:
        name: of the form.
        cells: task and language of what there is.
        tasks: narrow to a task too?
    """
    keys = list(cells)
    facts = [row_facts(code) for code in dict.fromkeys(code for _, code in keys)]
    return el(
        "form",
        el("label", "Find ", el("input", type="search", name="text", placeholder="language, family, script")),
        _choice("Task", "task", dict.fromkeys(task for task, _ in keys)) if tasks else None,
        _choice("Family", "family", sorted({str(one["data_family"]) for one in facts})),
        _choice("Script", "script", sorted({str(one["data_script"]) for one in facts})),
        _choice("Resource class", "resources", sorted({str(one["data_resources"]) for one in facts})),
        el("button", "Show all", type="reset"),
        el("output", aria_live="polite"),
        class_="filters",
        data_filters=name,
    )


def row_facts(code: str, task: str | None = None) -> dict[str, str | None]:
    """What the filters look at, as attributes of a row."""
    facts = language(code)
    return {
        "data_text": " ".join([code, facts.name, facts.family, facts.script]).lower(),
        "data_family": facts.family.partition(":")[0],
        "data_script": facts.script,
        "data_resources": "not listed" if facts.resources is None else str(facts.resources),
        "data_task": task,
    }


def _choice(title: str, name: str, options: Iterable[str]) -> Html:
    every = el("option", "all", value="")
    return el("label", title, " ", el("select", every, [el("option", o, value=o) for o in options], name=name))


def _picker(names: Sequence[str]) -> Html:
    options = [el("option", name, value=name) for name in names]
    return el("p", el("label", "Run ", el("select", options, data_pick="runpane")), class_="filters")


def _map(found: Mapping[str, Mapping[str, FrameRow]], run: str, name: str) -> Html:
    tasks = list(found)
    ranges = {task: _range([row.value for row in rows.values()]) for task, rows in found.items()}
    codes = sorted({code for rows in found.values() for code in rows}, key=lambda code: language(code).name)
    lines = []
    for code in codes:
        here = {task: found[task][code] for task in tasks if code in found[task]}
        lines.append(
            el(
                "tr",
                language_head(code, language(code).name),
                [_cell(here.get(task), *ranges[task]) for task in tasks],
                **row_facts(code),
            )
        )
    return table(["language", *tasks], lines, name, "heat", f"Scores of {run} by language and task")


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Where the colours of a task begin, and how many points they cover."""
    return min(values), max(max(values) - min(values), _SPAN)


def _cell(row: FrameRow | None, low: float, span: float) -> Html:
    if row is None:
        return el("td", class_="n none", data_v="")
    ends = f" ({figure(row.low, 1)} to {figure(row.high, 1)})" if row.low is not None else ""
    share = round(100 * (row.value - low) / span)
    return number(
        row.value, 1, class_="n h", style=f"--h:{share}%",
        title=f"{row.task}, {row.name}: {figure(row.value)}{ends}, {row.n} examples",
    )  # fmt: skip
