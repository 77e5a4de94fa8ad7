"""New runs against the first: which figures moved, and which of the moves hold."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.comparison.differences import Comparison, Difference
from xtreme_harness.languages import language
from xtreme_harness.report.heatmap import filters, row_facts
from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.parts import figure, language_head, note, number, run_mark, section, table, track

__all__ = ["comparison", "refused"]

_SPAN = 10.0  # points at which a difference has its full colour, or the largest one where that is more


def comparison(found: Comparison, names: Sequence[str]) -> Html:
    """Means and cells of each new run against the first.

    Args:
        found: of the runs in their order.
        names: one a model, the baseline's first.
    """
    method = found.method
    how = "approximate randomisation" if method["trials"] else "paired bootstrap"
    text = note(
        f"New minus old, percent points, on the examples that both answered; {how}, {method['resamples']:,} resamples, "
        "95 % intervals. A difference is called significant when it holds after Holm's correction over the figures of "
        "its kind; significant cells are framed."
    )
    parts = [
        _one(found, side.label, names[0], name, i)
        for i, (side, name) in enumerate(zip(found.new, names[1:], strict=True), 1)
    ]
    return section("comparison", "Comparison", text, parts)


def refused(faults: Sequence[str]) -> Html:
    """Why runs were not compared."""
    lines = el("ul", [el("li", fault) for fault in faults], class_="plain")
    return section("comparison", "Comparison", note("These runs are not compared:"), lines)


def _one(found: Comparison, label: str, old: str, new: str, colour: int) -> list[Html | None]:
    means = [d for level in ("suite", "group", "task") for d in found.at(level, label)]
    cells = found.at("cell", label)
    moved = [d for d in cells if d.significant]
    up = sum(d.difference > 0 for d in moved)
    summary = f"{up} better and {len(moved) - up} worse of {len(cells)} cells, significantly."
    return [
        el("h3", run_mark(new, colour), " against ", run_mark(old, 0)),
        el("p", summary),
        _means(means, f"{new} against {old}", colour),
        filters("diff", [(d.name.split(" ")[0], d.name.split(" ")[1]) for d in cells]),
        _map(cells, f"diff-{colour}", f"{new} minus {old}"),
        _unpaired(found, label),
    ]


def _means(means: Sequence[Difference], title: str, colour: int) -> Html:
    reach = max((abs(end) for d in means for end in (*d.interval, d.difference)), default=1.0) or 1.0
    lines = [
        el(
            "tr",
            el("th", d.name, scope="row"),
            el("td", d.scope),
            number(d.old),
            number(d.new),
            number(d.difference, signed=True),
            el("td", f"{figure(d.interval[0], signed=True)} to {figure(d.interval[1], signed=True)}", class_="n",
               data_v=f"{d.interval[0]:.6g}"),
            el("td", "<0.001" if d.holm < 0.001 else f"{d.holm:.3f}", class_="n", data_v=f"{d.holm:.6g}"),
            el("td", _verdict(d)),
            track(d.difference, *d.interval, -reach, reach, colour, zero=True),
            class_="groups" if d.level == "suite" else None,
        )
        for d in means
    ]  # fmt: skip
    headers = ["name", "in", "old", "new", "difference", "95 % interval", "p (Holm)", "verdict", "points"]
    return table(headers, lines, None, "wide", title)


def _verdict(one: Difference) -> Html | str:
    if not one.significant:
        return "not significant"
    word, kind = ("better", "ok") if one.difference > 0 else ("worse", "bad")
    return el("span", word, class_=f"badge {kind}")


def _map(cells: Sequence[Difference], name: str, title: str) -> Html:
    by_cell: dict[tuple[str, str], Difference] = {}
    for d in cells:
        task, code = d.name.split(" ")
        by_cell[task, code] = d
    tasks = list(dict.fromkeys(task for task, _ in by_cell))
    codes = sorted({code for _, code in by_cell}, key=lambda code: language(code).name)
    span = max([abs(d.difference) for d in cells] + [_SPAN])
    lines = [
        el(
            "tr",
            language_head(code, language(code).name),
            [_cell(by_cell.get((task, code)), span) for task in tasks],
            **row_facts(code),
        )
        for code in codes
    ]
    return table(["language", *tasks], lines, name, "heat", title)


def _cell(one: Difference | None, span: float) -> Html:
    if one is None:
        return el("td", class_="n none", data_v="")
    side = "pos" if one.difference >= 0 else "neg"
    low, high = (figure(end, signed=True) for end in one.interval)
    return number(
        one.difference, 1, signed=True, class_=f"n {side}{' sure' if one.significant else ''}",
        style=f"--h:{round(100 * abs(one.difference) / span)}%",
        title=f"{one.name}: {figure(one.old)} to {figure(one.new)}; {low} to {high}; p {one.holm:.3f} after Holm",
    )  # fmt: skip


def _unpaired(found: Comparison, label: str) -> Html | None:
    grouped: dict[str, list[str]] = {}
    for one in found.unpaired.get(label, ()):
        grouped.setdefault(f"{one.task}: {one.reason}", []).append(one.language)
    if not grouped:
        return None
    lines = [el("li", f"{reason} ({' '.join(codes)})") for reason, codes in grouped.items()]
    return el("details", el("summary", f"Not compared ({len(grouped)})"), el("ul", lines, class_="plain"))
