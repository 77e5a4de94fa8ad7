"""A comparison as tables (markdown) for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.comparison.differences import Comparison, Difference
from xtreme_harness.errors import listed
from xtreme_harness.plan.cells import BY_NAME
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["by_language_tables", "comparison_text", "mark"]

_HEADERS = ["old", "new", "difference", "95 % interval", "p", "Holm", "", "effect", "detectable"]
_MOST = 20  # cells listed


def mark(one: Difference) -> str:
    """`**` after Holm's correction, `*` after that of Benjamini and Hochberg alone, both at 5 %."""
    return "**" if one.significant else "*" if one.benjamini_hochberg < 0.05 else ""


def comparison_text(found: Comparison, by_language: bool = False) -> str:
    """Header, tables of suites, groups and tasks, the cells that differ, what was not compared, and a legend."""
    sections = [_header(found)]
    means = [d for d in found.differences if d.level in ("suite", "group")]
    if means:
        sections.append(_table(found, means, "Suites and groups"))
    sections.append(_table(found, found.at("task"), "Tasks"))
    sections += by_language_tables(found) if by_language else [_cells(found)]
    sections += [text for text in (_unpaired(found), _legend(found)) if text]
    return "\n\n".join(sections)


def by_language_tables(found: Comparison) -> list[str]:
    """For each new model: a line a task, a column a language, differences with their marks; languages and families."""
    tables = []
    for side in found.new:
        cells = {tuple(d.name.split(" ")): d for d in found.at("cell", side.label)}
        codes = sorted({code for _, code in cells})
        rows = [
            [task, *(_short(cells.get((task, code))) for code in codes)] for task in dict.fromkeys(t for t, _ in cells)
        ]
        tables.append(_markdown(rows, [f"{side.label} - {found.old.label}", *codes]))
    for level, title in (("language", "Languages"), ("family", "Families"), ("script", "Scripts")):
        tables.append(_table(found, found.at(level), title))
    return tables


def _header(found: Comparison) -> str:
    sides = [("old", found.old), *(("new", side) for side in found.new)]
    lines = []
    for role, side in sides:
        seeds = f", {len(side.seeds)} seeds" if len(side.seeds) > 1 else ""
        limited = ", LIMITED: comparable with nothing else" if side.limited else ""
        lines.append(f"{role}: {side.label} ({side.path}{seeds}{limited})")
    return "\n".join(lines)


def _table(found: Comparison, rows: Sequence[Difference], title: str) -> str:
    """A line a figure and new model, those of one figure below each other."""
    several = len(found.new) > 1
    place = {name: i for i, name in enumerate(dict.fromkeys(map(_name, rows)))}
    lines: list[list[str]] = []
    previous = ""
    for d in sorted(rows, key=lambda d: place[_name(d)]):
        name = _name(d)
        lines.append([name if name != previous else "", *([d.label] if several else []), *_line(d)])
        previous = name
    return _markdown(lines, [title, *(["model"] if several else []), *_HEADERS])


def _name(one: Difference) -> str:
    name = one.name if one.scope in ("", BY_NAME) else f"{one.scope}: {one.name}"
    name = f"{one.scope}: overall" if one.name == one.scope and one.level == "suite" else name
    return name if one.complete or one.level not in ("suite", "group", "task") else f"{name} ({one.cells} cells)"


def _line(d: Difference) -> list[str]:
    return [
        f"{d.old:.2f}", f"{d.new:.2f}", _signed(d.difference), f"{_signed(d.interval[0])} to {_signed(d.interval[1])}",
        probability(d.p), probability(d.holm), mark(d), _signed(d.effect), f"{d.detectable:.2f}",
    ]  # fmt: skip


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"  # -0.0 + 0.0 is 0.0


def probability(p: float) -> str:
    """Three decimals.

    >>> probability(0.04321), probability(0.00004)
    ('0.043', '<0.001')
    """
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def _short(one: Difference | None) -> str:
    return f"{round(one.difference, 1) + 0.0:+.1f}{mark(one)}" if one else ""


def _cells(found: Comparison) -> str:
    cells = found.at("cell")
    marked = sorted((d for d in cells if mark(d)), key=lambda d: (not d.significant, d.difference))
    if not marked:
        return f"None of {len(cells)} cells (a task in a language) differs significantly; --by-language shows them."
    left = len(marked) - _MOST
    table = _table(found, marked[:_MOST], f"Cells that differ ({len(marked)} of {len(cells)})")
    return f"{table}\n... and {left} more; --by-language shows all" if left > 0 else table


def _unpaired(found: Comparison) -> str:
    lines = []
    for side in found.new:
        grouped: dict[tuple[str, str], list[str]] = {}
        for one in found.unpaired[side.label]:
            grouped.setdefault((one.task, one.reason), []).append(one.language)
        lines += [f"not compared: {task} {' '.join(codes)}: {reason}" for (task, reason), codes in grouped.items()]
    return "\n".join(listed(list(dict.fromkeys(lines))))


def _legend(found: Comparison) -> str:
    how = found.method
    several = any(len(side.seeds) > 1 for side in (found.old, *found.new))
    p = f"approximate randomisation, {how['trials']:,} trials" if how["trials"] else "the same bootstrap"
    p += " over answers averaged over seeds" if how["trials"] and several else ""
    seeds = "; seeds are the outer level" if several else ""
    lines = (
        "Differences are new minus old, in percent points.",
        f"Intervals: paired bootstrap over examples, {how['resamples']:,} resamples, seed {how['seed']}{seeds}; the "
        "items of parallel tasks are drawn for all languages at once.",
        f"p: {p}, two-sided. ** p < 0.05 after Holm's correction over the lines of one kind (suites, groups, tasks, "
        "cells ...); * only after that of Benjamini and Hochberg.",
        "effect: the difference over the standard deviation of an example's difference, averaged over cells.",
        "detectable: the smallest difference that such data find with 80 % power at 5 %.",
    )
    return "\n".join(lines)


def _markdown(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    return pipe_table(rows, headers, stralign="left")
